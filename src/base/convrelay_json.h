
/*
 * Copyright (C) convrelay contributors
 *
 * JSON from outside is made safe for cJSON by one pass, and JSON of ours is
 * escaped by one writer.
 */


#ifndef CONVRELAY_JSON_H_INCLUDED
#define CONVRELAY_JSON_H_INCLUDED


#include <cjson/cJSON.h>

#include "convrelay_base.h"


#define CONVRELAY_JSON_MAX_DEPTH   64
#define CONVRELAY_JSON_ESCAPE_LEN  (sizeof("\\uXXXX") - 1)

/* RFC 8259, section 2 */

#define convrelay_json_blank(c)                                              \
    ((c) == ' ' || (c) == '\n' || (c) == '\r' || (c) == '\t')


typedef struct {
    cJSON            *root;
    const char       *error;      /* a phrase such as "is nested too deep" */
} convrelay_json_t;


/*
 * Parses one document of len bytes.  Before cJSON sees it, a scrub turns a
 * lone surrogate escape into U+FFFD, removes NUL escapes, replaces invalid
 * UTF-8 by U+FFFD and checks the depth; data may be changed in place.  Bytes
 * behind the document other than white space are an error.
 *
 * Returns CONVRELAY_OK: json->root is the tree, strings in it are complete,
 * valid UTF-8 without NULs.  CONVRELAY_DECLINED: no JSON (or no memory for
 * the tree, which cJSON does not tell apart), json->error says why.
 * CONVRELAY_ERROR: out of memory.  convrelay_json_free() is owed only after
 * CONVRELAY_OK, and harmless otherwise.
 */
int convrelay_json_parse(convrelay_json_t *json, u_char *data, size_t len);
void convrelay_json_free(convrelay_json_t *json);

/*
 * Members of an object.  A member that is missing, null or of another type
 * gives DECLINED and leaves *value as it was.  Strings are borrowed from the
 * tree.  convrelay_json_number() also takes a numeric string (Twilio's old
 * durationUntilInterruptMs).
 */
int convrelay_json_string(const cJSON *object, const char *name,
    convrelay_str_t *value);
int convrelay_json_bool(const cJSON *object, const char *name,
    unsigned *value);
int convrelay_json_number(const cJSON *object, const char *name,
    double *value);

/*
 * Length of src as the inside of a JSON string (no quotes), and the writer.
 * Escapes '"', '\' and bytes below 0x20 (RFC 8259, section 7).  Invalid
 * UTF-8 becomes U+FFFD, so that what is written is always valid.
 */
size_t convrelay_json_escaped_len(const u_char *src, size_t len);
u_char *convrelay_json_escape(u_char *dst, const u_char *src, size_t len);

/*
 * Length of the escape at p, a '\', both halves of a surrogate pair included,
 * or 0: it is none of RFC 8259, section 7.  *cp is what it stands for, a lone
 * surrogate as itself.
 */
size_t convrelay_json_unescape(const u_char *p, const u_char *last,
    uint32_t *cp);

/* digits, perhaps with a sign and a fraction; CONVRELAY_OK or DECLINED */
int convrelay_json_decimal(const u_char *p, size_t len, double *value);


#endif /* CONVRELAY_JSON_H_INCLUDED */
