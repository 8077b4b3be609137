
/*
 * Copyright (C) convrelay contributors
 *
 * A reader of dotenv files: comments, "export", single and double quotes,
 * escapes in double quotes, "=" in values, CRLF.
 */


#ifndef CONVRELAY_DOTENV_H_INCLUDED
#define CONVRELAY_DOTENV_H_INCLUDED


#include "convrelay_base.h"


typedef struct {
    u_char           *pos;
    u_char           *last;
    unsigned          line;       /* of the entry just returned, from 1 */
    const char       *error;      /* a phrase, after CONVRELAY_ERROR */
} convrelay_dotenv_t;


void convrelay_dotenv_init(convrelay_dotenv_t *env, u_char *data, size_t len);

/*
 * The next entry.  Name and value are borrowed from the data, which is
 * changed in place (escapes shrink).
 *
 * Returns CONVRELAY_OK, CONVRELAY_DONE at the end of the file, or
 * CONVRELAY_ERROR for a line that is none (env->line, env->error).
 */
int convrelay_dotenv_next(convrelay_dotenv_t *env, convrelay_pair_t *pair);


#endif /* CONVRELAY_DOTENV_H_INCLUDED */
