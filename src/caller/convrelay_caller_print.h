
/*
 * Copyright (C) convrelay contributors
 *
 * What a person, a test harness or a program sees of a call.  Texts are a
 * server's, or have parts that are: what would move the cursor, speak to the
 * terminal or look like a test's outcome is taken out of all of them.
 */


#ifndef CONVRELAY_CALLER_PRINT_H_INCLUDED
#define CONVRELAY_CALLER_PRINT_H_INCLUDED


#include <cjson/cJSON.h>

#include "convrelay_caller.h"


/* columns of what stands in front of a text */
#define CONVRELAY_CALLER_LABEL  10


typedef struct {
    FILE      *out;
    void     (*flush)(void *data);   /* shows what is in out, or NULL */
    void      *flush_data;
    unsigned   color:1;
    unsigned   tap:1;        /* the conversation is comments */
    unsigned   json:1;       /* one document at the end */
    unsigned   quiet:1;      /* failures only */
    unsigned   scenario:1;   /* a file, which should expect something */
    unsigned   open:1;       /* an answer's line has no end yet */

    unsigned   checks;
    unsigned   failed;
    cJSON     *root;         /* with json: the object of this call */
    cJSON     *calls;        /* those before it, if there are several */
} convrelay_caller_print_t;


void convrelay_caller_print_init(convrelay_caller_print_t *p);

/* one of several calls begins; name is its file's */
void convrelay_caller_print_call(convrelay_caller_print_t *p,
    const char *name);

/* "label     text" */
void convrelay_caller_print_said(convrelay_caller_print_t *p, const char *label,
    const char *text);

/* a part of what an agent says, after "label     " */
void convrelay_caller_print_token(convrelay_caller_print_t *p,
    const char *label, const convrelay_str_t *token);

/* a dim remark */
void convrelay_caller_print_note(convrelay_caller_print_t *p, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));

/*
 * An expectation's outcome.  name is the file's, or NULL; line is 0 where it
 * is not of a line; detail may be NULL.
 */
void convrelay_caller_print_check(convrelay_caller_print_t *p,
    const char *name, unsigned line, const char *text, unsigned ok,
    const char *detail);

/* a text in the middle of a line; its own lines continue under it */
void convrelay_caller_print_text(convrelay_caller_print_t *p, const char *text,
    size_t len);

/* a warning or an error: one line on stderr, or where p prints */
void convrelay_caller_print_error(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
void convrelay_caller_print_above(convrelay_caller_print_t *p);

/* plan, summary or document */
void convrelay_caller_print_done(convrelay_caller_print_t *p, int code);


#endif /* CONVRELAY_CALLER_PRINT_H_INCLUDED */
