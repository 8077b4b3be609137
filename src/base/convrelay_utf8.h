
/*
 * Copyright (C) convrelay contributors
 *
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */


#ifndef CONVRELAY_UTF8_H_INCLUDED
#define CONVRELAY_UTF8_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_UTF8_REPLACEMENT      "\xef\xbf\xbd"     /* U+FFFD */


/*
 * Checks the next piece of a text, however it was split.  *state starts as
 * 0 and is 0 again wherever a character is complete.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR at the first byte that cannot be
 * part of valid text there (RFC 6455, 8.1: fail as soon as it is known).
 */
int convrelay_utf8_check(uint32_t *state, const u_char *p, size_t len);

/* length of the longest valid, complete prefix of p, in bytes */
size_t convrelay_utf8_valid(const u_char *p, size_t len);

/* the length of the longest prefix of p, which is valid UTF-8, that has at most
   max bytes and ends with a whole character */
size_t convrelay_utf8_fit(const u_char *p, size_t len, size_t max);

/*
 * A malloc'ed copy of p in which invalid sequences are replaced with U+FFFD, or
 * NULL: no memory; *len becomes its length.  The first valid bytes are known to
 * be valid.
 */
u_char *convrelay_utf8_repair(const u_char *p, size_t *len, size_t valid);

/*
 * Decodes one character at *p, which is moved past it.
 *
 * Returns the code point.  An invalid or cut sequence gives 0xfffd and moves
 * *p over its maximal invalid part (at least one byte).  *p < last on entry.
 */
uint32_t convrelay_utf8_decode(const u_char **p, const u_char *last);

/*
 * Whether cp can affect more than its own line of output: C0, DEL, C1 (which
 * has escapes for terminals), and the two line ends of Unicode.
 */
unsigned convrelay_utf8_is_control(uint32_t cp);

/* writes cp (at most U+10FFFF, not a surrogate) and returns the end */
u_char *convrelay_utf8_encode(u_char *p, uint32_t cp);


#endif /* CONVRELAY_UTF8_H_INCLUDED */
