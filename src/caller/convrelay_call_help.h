
/*
 * Copyright (C) convrelay contributors
 */


#ifndef CONVRELAY_CALL_HELP_H_INCLUDED
#define CONVRELAY_CALL_HELP_H_INCLUDED


#include "convrelay_call.h"


/* what --help prints */
void convrelay_call_help(FILE *out);


#endif /* CONVRELAY_CALL_HELP_H_INCLUDED */
