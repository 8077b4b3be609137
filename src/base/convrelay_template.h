
/*
 * Copyright (C) convrelay contributors
 *
 * Text that contains variables in nginx's notation: "$name" or "${name}".
 */


#ifndef CONVRELAY_TEMPLATE_H_INCLUDED
#define CONVRELAY_TEMPLATE_H_INCLUDED


#include "convrelay_base.h"


/* the caller sets pos, last and json, the rest is zero; the text is borrowed */

typedef struct {
    u_char           *pos;
    u_char           *last;
    unsigned          json:1;     /* a '\' in a string of JSON escapes the
                                     character after it, '$' included */
    unsigned          quoted:1;   /* pos is inside such a string */
} convrelay_template_t;


typedef struct {
    convrelay_str_t   text;       /* literal, or the name of a variable */
    unsigned          variable:1;
    unsigned          quoted:1;   /* it starts inside a string of JSON */
} convrelay_template_part_t;


/*
 * The next part: a variable, or all literal text before the next one.  A '$'
 * without a name is literal.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DONE if there is none left.
 */
int convrelay_template_next(convrelay_template_t *t,
    convrelay_template_part_t *part);


#endif /* CONVRELAY_TEMPLATE_H_INCLUDED */
