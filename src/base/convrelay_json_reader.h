
/*
 * Copyright (C) convrelay contributors
 *
 * A JSON document as the list of its values, for frequent documents of which
 * only a little is needed: no tree, no allocation per value, and a string is
 * decoded only on request.
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


/* bytes of a document, and so the maximum number of its values */

#define CONVRELAY_JSON_MAX_LEN  ((1u << 28) - 1)

/* values that need no allocation; a model's event has about 45 */

#define CONVRELAY_JSON_VALUES   64

/* maximum length of a name to find, in bytes */

#define CONVRELAY_JSON_MAX_NAME  32


/* members of an object are a name, which is a string, and its value */

typedef struct {
    u_char                  *data;        /* in the document; of a string,
                                             after its quote */
    uint32_t                 len;         /* bytes; of a string, between its
                                             quotes */
    unsigned                 size:28;     /* number of values, itself and those
                                             in it */
    unsigned                 type:3;      /* convrelay_json_type_e */
    unsigned                 coded:1;     /* escapes or NULs in a string */
} convrelay_json_value_t;


/*
 * A member to find in an object, and where in a struct the pointer to its
 * value goes; a table of them ends with convrelay_json_no_field.
 */

typedef struct {
    convrelay_str_t          name;
    size_t                   offset;      /* of a convrelay_json_value_t * */
} convrelay_json_field_t;

#define convrelay_json_no_field  { convrelay_null_string, 0 }


/* meant as a local variable: stack memory is warm; needs no initialization */

typedef struct {
    convrelay_json_value_t  *values;      /* in the order of the document:
                                             the first one is the root */
    uint32_t                 nvalues;
    uint32_t                 size;
    const char              *error;       /* a phrase such as "is nested too
                                             deep" */
    unsigned                 invalid:1;   /* what was read last has invalid
                                             UTF-8 in a string */
    convrelay_json_value_t   room[CONVRELAY_JSON_VALUES];
} convrelay_json_reader_t;


/*
 * Reads one document of len bytes by the grammar of RFC 8259, at most
 * CONVRELAY_JSON_MAX_DEPTH deep, with the latitude of cJSON: control
 * characters in strings, a BOM.  data is not changed; values point into it,
 * or, where it is invalid UTF-8, into a repaired copy.
 *
 * *copy is NULL or the copy of an earlier document, which is freed.  It is
 * set to the copy of this document, or to NULL; the caller frees it once no
 * text of the document is needed any more.  data must not lie in *copy.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: not JSON, r->error says why;
 * CONVRELAY_ERROR: out of memory.  In every case the caller has to call
 * convrelay_json_reader_free() before the next document; it frees the
 * values, not their texts.
 */
int convrelay_json_read(convrelay_json_reader_t *r, u_char *data, size_t len,
    u_char **copy);
void convrelay_json_reader_free(convrelay_json_reader_t *r);

/*
 * The same with a repair function of the caller: like convrelay_utf8_repair(),
 * or with a different valid replacement.
 */
typedef u_char *(*convrelay_json_repair_pt)(const u_char *p, size_t *len,
    size_t valid);

int convrelay_json_read_repaired(convrelay_json_reader_t *r, u_char *data,
    size_t len, u_char **copy, convrelay_json_repair_pt repair);

/*
 * Finds members in one walk: each pointer in the struct at dst is set to the
 * value of the first member with that name, or to NULL if there is none or if
 * object is NULL or not an object.
 */
void convrelay_json_members(const convrelay_json_value_t *object,
    const convrelay_json_field_t *fields, void *dst);

/* the same for a single member */
convrelay_json_value_t *convrelay_json_member(
    const convrelay_json_value_t *object, const char *name);

/*
 * Iterates over the names of an object, from NULL to NULL; each name's value
 * comes right after it.  Any other value has none.
 */
convrelay_json_value_t *convrelay_json_name(
    const convrelay_json_value_t *object,
    const convrelay_json_value_t *previous);

/* iterates over the elements of an array, from NULL to NULL; any other value
   has none */
convrelay_json_value_t *convrelay_json_element(
    const convrelay_json_value_t *array,
    const convrelay_json_value_t *previous);

/*
 * The text of a string, decoded in place in the document: complete, without
 * NULs, and valid UTF-8 except for lone surrogates.  These become the three
 * bytes "\xed\xa0\x80" to "\xed\xbf\xbf", which valid UTF-8 never has, so that
 * the halves of a pair in two texts can be joined.  The bytes after the decoded
 * text become spaces; the document is no longer JSON.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED: not a string (*text is left
 * as it was).
 */
int convrelay_json_text(convrelay_json_value_t *value, convrelay_str_t *text);

/* true for "true", "false", "null" and a number without an exponent */
unsigned convrelay_json_is_literal(const convrelay_str_t *text);

/* the same for texts that are not joined: a lone surrogate becomes U+FFFD, so
   that the text is valid UTF-8 */
int convrelay_json_utf8(convrelay_json_value_t *value, convrelay_str_t *text);

/*
 * The value of a number, to about 14 digits, and of true or false.
 * CONVRELAY_OK, or CONVRELAY_DECLINED: value is something else, or the number
 * is not finite (*number and *flag are left as they were).
 */
int convrelay_json_value_number(const convrelay_json_value_t *value,
    double *number);
int convrelay_json_value_bool(const convrelay_json_value_t *value,
    unsigned *flag);

/*
 * Checks whether data is a document.  Returns the codes of
 * convrelay_json_read(); *error is its phrase, or NULL.
 */
int convrelay_json_check(const u_char *data, size_t len, const char **error);


#endif /* CONVRELAY_JSON_READER_H_INCLUDED */
