
/*
 * Copyright (C) convrelay contributors
 *
 * A reader of dotenv files, after python-dotenv.
 *
 *     NAME=value              # comment
 *     export NAME = value
 *     NAME='as it is, but for \\ and \''
 *     NAME="with \n \r \t \a \b \f \v \\ \" \' in it"
 *
 * Names are [A-Za-z_][A-Za-z0-9_.]*.  An unquoted value ends with the line
 * or before a "#" that follows white space, and is trimmed.  A quoted value
 * may span lines, CRLF in it becomes LF; other escapes stay as they are.
 * Lines end in LF, CRLF or CR.  A UTF-8 byte order mark is skipped.  Nothing
 * is expanded: "$" and "${NAME}" are ordinary characters.
 */


#ifndef CONVRELAY_DOTENV_H_INCLUDED
#define CONVRELAY_DOTENV_H_INCLUDED


#include "convrelay_base.h"


typedef struct {
    u_char           *pos;
    u_char           *last;
    unsigned          line;       /* of the entry just returned, from 1 */
    unsigned          next;       /* line at pos */
    const char       *error;      /* after ERROR; goes on after "has " */
} convrelay_dotenv_t;


void convrelay_dotenv_init(convrelay_dotenv_t *env, u_char *data, size_t len);

/*
 * The next entry.  Name and value are borrowed from the data, which is
 * changed in place (escapes shrink).
 *
 * Returns CONVRELAY_OK, CONVRELAY_DONE at the end of the file, or
 * CONVRELAY_ERROR for a line that is none (env->line, env->error); the next
 * call goes on with the line after it.
 */
int convrelay_dotenv_next(convrelay_dotenv_t *env, convrelay_pair_t *pair);


#endif /* CONVRELAY_DOTENV_H_INCLUDED */
