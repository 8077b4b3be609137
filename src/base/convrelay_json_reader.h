
/*
 * Copyright (C) convrelay contributors
 *
 * A JSON document as the list of its values, for documents that are many
 * and of which little is wanted: no tree, no allocation for a value, and
 * strings that nobody asks for are not decoded.
 */


#ifndef CONVRELAY_JSON_READER_H_INCLUDED
#define CONVRELAY_JSON_READER_H_INCLUDED


#include "convrelay_json.h"


typedef enum {
    CONVRELAY_JSON_NULL = 0,
    CONVRELAY_JSON_FALSE,
    CONVRELAY_JSON_TRUE,
    CONVRELAY_JSON_NUMBER,
    CONVRELAY_JSON_STRING,
    CONVRELAY_JSON_ARRAY,
    CONVRELAY_JSON_OBJECT
} convrelay_json_type_e;


/* members of an object are a name, which is a string, and its value */

typedef struct {
    u_char                  *data;        /* in the document; of a string,
                                             behind its quote */
    uint32_t                 len;         /* bytes; of a string, between its
                                             quotes */
    uint32_t                 size;        /* values that it is, those in it
                                             included */
    convrelay_json_type_e    type;
    unsigned                 coded:1;     /* escapes or NULs in a string */
} convrelay_json_value_t;


/* zero-fill to start; what was allocated serves the next document, too */

typedef struct {
    convrelay_json_value_t  *values;      /* in the order of the document:
                                             the first one is the root */
    uint32_t                 nvalues;
    uint32_t                 size;
    u_char                  *copy;        /* of a document with invalid UTF-8,
                                             repaired */
    const char              *error;       /* a phrase such as "is nested too
                                             deep" */
} convrelay_json_reader_t;


/*
 * Reads one document of len bytes by the grammar of RFC 8259, at most
 * CONVRELAY_JSON_MAX_DEPTH deep, with the latitude of cJSON: control
 * characters in strings, a BOM.  data is not changed; values point into it.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: no JSON, r->error says why;
 * CONVRELAY_ERROR: out of memory.  convrelay_json_reader_free() is owed in
 * any case.
 */
int convrelay_json_read(convrelay_json_reader_t *r, u_char *data, size_t len);
void convrelay_json_reader_free(convrelay_json_reader_t *r);

/* the first member of that name, or NULL: none, or no object; NULL is none */
convrelay_json_value_t *convrelay_json_member(
    const convrelay_json_value_t *object, const char *name);

/* elements of an array in turn, from NULL to NULL; of all else, none */
convrelay_json_value_t *convrelay_json_element(
    const convrelay_json_value_t *array,
    const convrelay_json_value_t *previous);

/*
 * The text of a string, decoded in place in the document: complete, without
 * NULs, valid UTF-8 but for lone surrogates: those are the three bytes
 * "\xed\xa0\x80" to "\xed\xbf\xbf", which valid UTF-8 never has, so that the
 * halves of a pair in two texts can be joined.  What it takes less than its
 * escapes are blanks then; the document is no JSON any more.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED: no string (*text is left).
 */
int convrelay_json_text(convrelay_json_value_t *value, convrelay_str_t *text);

/* a number without an exponent; CONVRELAY_OK or CONVRELAY_DECLINED */
int convrelay_json_value_number(const convrelay_json_value_t *value,
    double *number);


#endif /* CONVRELAY_JSON_READER_H_INCLUDED */
