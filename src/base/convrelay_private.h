
/*
 * Copyright (C) convrelay contributors
 *
 * Finds in a line that nginx logs what the line quotes of its input.
 */


#ifndef CONVRELAY_PRIVATE_H_INCLUDED
#define CONVRELAY_PRIVATE_H_INCLUDED


#include "convrelay_base.h"


/*
 * The rooms and the modules of nginx that a call meets quote what they failed
 * on: the subject of a regular expression, a header line of an answer, a URI or
 * a path.  In a call these can be words that somebody said, keys, arguments or
 * results of a tool.
 *
 * msg is a message of nginx, without its time and without its end (" while
 * ...").  CONVRELAY_OK: msg[*from] up to msg[*to] is a quote, without its
 * quotation marks; CONVRELAY_DECLINED: it has none.  Where a message was cut,
 * the quote may go on after *to.
 */
int convrelay_private(const u_char *msg, size_t len, size_t *from, size_t *to);


#endif /* CONVRELAY_PRIVATE_H_INCLUDED */
