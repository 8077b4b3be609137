
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

#define convrelay_str_eq(str, text)                                          \
    ((str)->len == sizeof(text) - 1                                          \
     && memcmp((str)->data, text, sizeof(text) - 1) == 0)


#endif /* CONVRELAY_BASE_H_INCLUDED */
