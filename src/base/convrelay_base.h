
/*
 * Copyright (C) convrelay contributors
 */


#ifndef CONVRELAY_BASE_H_INCLUDED
#define CONVRELAY_BASE_H_INCLUDED


#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>


/*
 * Of the modules, of convrelay-call and of the packages.  The only place where
 * it is written for them; t/version.t compares all others with it.
 */

#define CONVRELAY_VERSION   "1.0.0"


/*
 * Return codes of the pure rooms.  They equal nginx's, which the glue
 * asserts, so that a code can be passed on without a table.
 */

#define CONVRELAY_OK         0
#define CONVRELAY_ERROR     -1
#define CONVRELAY_AGAIN     -2
#define CONVRELAY_DONE      -4
#define CONVRELAY_DECLINED  -5


/* a span of bytes, not terminated; laid out like nginx's strings */

typedef struct {
    size_t            len;
    u_char           *data;
} convrelay_str_t;


typedef struct {
    convrelay_str_t   name;
    convrelay_str_t   value;
} convrelay_pair_t;


#define convrelay_string(s)   { sizeof(s) - 1, (u_char *) s }
#define convrelay_null_string { 0, NULL }

#define convrelay_str_set(str, text)                                         \
    (str)->len = sizeof(text) - 1; (str)->data = (u_char *) text

#define convrelay_str_null(str)                                              \
    (str)->len = 0; (str)->data = NULL

#define convrelay_str_eq(str, text)                                          \
    ((str)->len == sizeof(text) - 1                                          \
     && memcmp((str)->data, text, sizeof(text) - 1) == 0)


/* ASCII, whatever the locale; c is a byte and evaluated more than once */

#define convrelay_is_space(c)                                                \
    ((c) == ' ' || (c) == '\n' || (c) == '\r' || (c) == '\t')

#define convrelay_is_digit(c)  ((c) >= '0' && (c) <= '9')

#define convrelay_is_alpha(c)                                                \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')

#define convrelay_lower(c)                                                   \
    ((u_char) ((c) >= 'A' && (c) <= 'Z' ? (c) | 0x20 : (c)))


/* the longest string that convrelay_str_distance() compares */

#define CONVRELAY_STR_MAX_DISTANCE  64


/* removes white space at both ends */
void convrelay_str_trim(convrelay_str_t *str);

/* copies the bytes of str to p and returns the end of the copy */
u_char *convrelay_str_copy(u_char *p, const convrelay_str_t *str);

/*
 * Comparisons, 1 or 0; text and prefix end in NUL.  In _nocase, ASCII
 * letters are equal in upper and lower case.
 */
int convrelay_str_equal(const convrelay_str_t *a, const convrelay_str_t *b);
int convrelay_str_is(const convrelay_str_t *str, const char *text);
int convrelay_str_is_nocase(const convrelay_str_t *str, const char *text);
int convrelay_str_starts(const convrelay_str_t *str, const char *prefix);
int convrelay_str_starts_nocase(const convrelay_str_t *str,
    const char *prefix);

/*
 * The Levenshtein distance, ignoring case, for a "did you mean".  If b is
 * longer than CONVRELAY_STR_MAX_DISTANCE, the length of the longer string.
 */
size_t convrelay_str_distance(const convrelay_str_t *a,
    const convrelay_str_t *b);

/*
 * The value of the first of n pairs whose name is that of a variable, or NULL.
 * Letters are equal in upper and lower case.  A variable's name consists of
 * letters, digits and "_": if no pair has exactly this name, "_" also matches
 * "-", "." and " ".
 */
const convrelay_str_t *convrelay_pair_find(const convrelay_pair_t *pair,
    size_t n, const convrelay_str_t *name);


#endif /* CONVRELAY_BASE_H_INCLUDED */
