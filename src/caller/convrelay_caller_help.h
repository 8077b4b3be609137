
/*
 * Copyright (C) convrelay contributors
 */


#ifndef CONVRELAY_CALLER_HELP_H_INCLUDED
#define CONVRELAY_CALLER_HELP_H_INCLUDED


#include "convrelay_caller.h"


/* what --help prints */
void convrelay_caller_help(FILE *out);


#endif /* CONVRELAY_CALLER_HELP_H_INCLUDED */
