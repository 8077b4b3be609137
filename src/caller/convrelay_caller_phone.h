
/*
 * Copyright (C) convrelay contributors
 *
 * The command "dial": a real telephone call, which Twilio places and charges
 * for.
 */


#ifndef CONVRELAY_CALLER_PHONE_H_INCLUDED
#define CONVRELAY_CALLER_PHONE_H_INCLUDED


#include "convrelay_caller_print.h"


/*
 * Reads the command's own options, argv[0] is "dial".  Places the call, follows
 * it to its end, and hangs it up at Ctrl-C.  Returns the exit code.
 */
int convrelay_caller_phone(int argc, char *const *argv,
    convrelay_caller_print_t *print);


#endif /* CONVRELAY_CALLER_PHONE_H_INCLUDED */
