
/*
 * Copyright (C) convrelay contributors
 *
 * JSON as a cJSON tree, made safe for cJSON in one pass: for programs that need
 * more of a document than a few values.  The module does not use it.
 */


#ifndef CONVRELAY_JSON_TREE_H_INCLUDED
#define CONVRELAY_JSON_TREE_H_INCLUDED


#include <cjson/cJSON.h>

#include "convrelay_json.h"


typedef struct {
    cJSON            *root;
    const char       *error;      /* a phrase such as "is nested too deep" */
} convrelay_json_t;


/*
 * Parses one document of len bytes.  Before cJSON sees it, a scrub turns a
 * lone surrogate escape into U+FFFD, removes NUL escapes, replaces invalid
 * UTF-8 by U+FFFD and checks the depth; data may be changed in place.  Bytes
 * after the document other than white space are an error.
 *
 * Returns CONVRELAY_OK: json->root is the tree, strings in it are complete,
 * valid UTF-8 without NULs.  CONVRELAY_DECLINED: not JSON (or no memory for the
 * tree, which cJSON does not distinguish), json->error says why.
 * CONVRELAY_ERROR: out of memory.  convrelay_json_free() must be called after
 * CONVRELAY_OK, and is harmless otherwise.
 */
int convrelay_json_parse(convrelay_json_t *json, u_char *data, size_t len);
void convrelay_json_free(convrelay_json_t *json);

/*
 * Read members of an object.  A member that is missing, null or of another type
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


#endif /* CONVRELAY_JSON_TREE_H_INCLUDED */
