
/*
 * Copyright (C) convrelay contributors
 *
 * Makes text from outside safe for one log line.
 */


#ifndef CONVRELAY_REDACT_H_INCLUDED
#define CONVRELAY_REDACT_H_INCLUDED


#include "convrelay_base.h"


/*
 * Copies at most size - 1 bytes of src for a log line: control characters
 * become spaces, invalid UTF-8 becomes '?', anything that looks like a key
 * ("sk-..." and the like, the word after "Bearer", "key:" or "key provided:",
 * long opaque words after "key") becomes "***".  Always NUL-terminated.
 */
void convrelay_redact(char *dst, size_t size, const u_char *src,
    size_t len);


#endif /* CONVRELAY_REDACT_H_INCLUDED */
