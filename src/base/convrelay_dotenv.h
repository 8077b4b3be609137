
/*
 * Copyright (C) convrelay contributors
 *
 * A reader of dotenv files, after python-dotenv and docker's --env-file.
 *
 *     NAME=value              # comment
 *     export NAME = value
 *     NAME='as it is, except for \\ and \''
 *     NAME="with \n \r \t \a \b \f \v \\ \" \' \$ in it"
 *     NAME=${OTHER} and ${OTHER:-a default}
 *     NAME
 *
 * Names are [A-Za-z_][A-Za-z0-9_.]*.  An unquoted value ends with the line
 * or before a "#" that follows white space, and is trimmed.  A quoted value
 * may span lines, CRLF in it becomes LF; other escapes stay as they are.
 * "${OTHER}" is expanded except in single quotes; "$OTHER", and "${" without
 * a name or without its end, are ordinary text.  A name alone stands for its
 * value in the process.  Lines end in LF, CRLF or CR.  A UTF-8 byte
 * order mark is skipped.
 */


#ifndef CONVRELAY_DOTENV_H_INCLUDED
#define CONVRELAY_DOTENV_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_DOTENV_MAX_VALUE  65536


typedef struct {
    u_char           *pos;
    u_char           *last;
    unsigned          line;       /* of the entry just returned, from 1 */
    unsigned          next;       /* line at pos */
    const char       *error;      /* after ERROR; continues "has " */
} convrelay_dotenv_t;


/* borrowed from the data; the value is as it is written, without its quotes */

typedef struct {
    convrelay_str_t   name;
    convrelay_str_t   value;
    u_char            quote;      /* of the value, or '\0' */
    unsigned          alone:1;    /* a name without "=" */
} convrelay_dotenv_entry_t;


/*
 * Looks up the value of a name in "${NAME}": CONVRELAY_OK, or
 * CONVRELAY_DECLINED: it has none.  At the call, *value is the default; without
 * a default, value->data is NULL.
 */

typedef int (*convrelay_dotenv_lookup_pt)(void *data,
    const convrelay_str_t *name, convrelay_str_t *value);


void convrelay_dotenv_init(convrelay_dotenv_t *env, u_char *data, size_t len);

/*
 * The next entry: CONVRELAY_OK, CONVRELAY_DONE at the end of the file, or
 * CONVRELAY_ERROR for a line that is not an entry (env->line, env->error); the
 * next call continues with the line after it.
 */
int convrelay_dotenv_next(convrelay_dotenv_t *env,
    convrelay_dotenv_entry_t *entry);

/*
 * The value of an entry: escapes undone, names expanded.  Writes it to p,
 * unless p is NULL, and returns its size.  A value longer than
 * CONVRELAY_DOTENV_MAX_VALUE is not measured to its end, and must not be
 * written.
 */
size_t convrelay_dotenv_value(const convrelay_dotenv_entry_t *entry,
    convrelay_dotenv_lookup_pt lookup, void *data, u_char *p);

/* drops white space around a value; only line ends if it is quoted */
void convrelay_dotenv_trim(const convrelay_dotenv_entry_t *entry,
    convrelay_str_t *value);

#endif /* CONVRELAY_DOTENV_H_INCLUDED */
