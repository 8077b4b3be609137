
/*
 * Copyright (C) convrelay contributors
 *
 * JSON strings: their escapes, and digits.
 */


#ifndef CONVRELAY_JSON_H_INCLUDED
#define CONVRELAY_JSON_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_JSON_MAX_DEPTH   64
#define CONVRELAY_JSON_ESCAPE_LEN  (sizeof("\\uXXXX") - 1)

/* RFC 8259, section 2 */

#define convrelay_json_blank(c)                                              \
    ((c) == ' ' || (c) == '\n' || (c) == '\r' || (c) == '\t')


/*
 * Writes src as the inside of a JSON string, without quotes; the first function
 * returns the length of the result.  Escapes '"', '\' and bytes below 0x20 (RFC
 * 8259, section 7).  Invalid UTF-8 becomes U+FFFD, so the result is valid.
 */
size_t convrelay_json_escaped_len(const u_char *src, size_t len);
u_char *convrelay_json_escape(u_char *dst, const u_char *src, size_t len);

/*
 * The length of the escape at p, where a '\' is, including both halves of a
 * surrogate pair, or 0 if RFC 8259, section 7 has no such escape.  *cp is the
 * character that it stands for, or a lone surrogate.
 */
size_t convrelay_json_unescape(const u_char *p, const u_char *last,
    uint32_t *cp);

/* digits, perhaps with a sign and a fraction; CONVRELAY_OK or DECLINED */
int convrelay_json_decimal(const u_char *p, size_t len, double *value);


#endif /* CONVRELAY_JSON_H_INCLUDED */
