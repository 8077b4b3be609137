
/*
 * Copyright (C) convrelay contributors
 *
 * application/x-www-form-urlencoded: the body of a webhook, and a query.
 */


#ifndef CONVRELAY_FORM_H_INCLUDED
#define CONVRELAY_FORM_H_INCLUDED


#include "convrelay_base.h"


/*
 * Takes the next pair off *pos.  Name and value are decoded into the input
 * itself ('+' and %XX; a bad escape stays as it is) and borrowed from it.
 * They may hold any byte, NUL included.  A name without "=" has an empty
 * value.
 *
 * Returns CONVRELAY_OK or CONVRELAY_DONE.  Empty pairs ("&&") are skipped.
 */
int convrelay_form_next(u_char **pos, u_char *last, convrelay_pair_t *pair);

/* the number of times convrelay_form_next() will return CONVRELAY_OK */
size_t convrelay_form_count(const u_char *data, size_t len);


#endif /* CONVRELAY_FORM_H_INCLUDED */
