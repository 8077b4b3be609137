
/*
 * Copyright (C) convrelay contributors
 *
 * Tools that an LLM may call: their definitions, the arguments of a call, the
 * key that names a call, the results passed back to the LLM, and the guard
 * that keeps calls written as text from being spoken.
 */


#ifndef CONVRELAY_TOOL_H_INCLUDED
#define CONVRELAY_TOOL_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_sha256.h"
#include "convrelay_json_reader.h"


#define CONVRELAY_TOOL_MAX_NAME      64     /* bytes; OpenAI's limit */
#define CONVRELAY_TOOL_MAX_MEMBERS   128    /* of an arguments object */
#define CONVRELAY_TOOL_MAX_BODY      512    /* bytes of a 4xx body passed to
                                               the LLM */
#define CONVRELAY_TOOL_MIN_RESULT    1024   /* bytes: lowest valid limit for
                                               results */
#define CONVRELAY_TOOL_DIGEST        CONVRELAY_SHA256_LEN
#define CONVRELAY_TOOL_KEY           (2 * CONVRELAY_TOOL_DIGEST)
#define CONVRELAY_TOOL_HELD          24     /* maximum characters that the guard
                                               holds back */


/*
 * A definition, in a block of its own.  description (a JSON string) and
 * parameters (a JSON object) are kept as they were written, but without white
 * space between tokens; they are empty if the definition has none.
 */

typedef struct {
    convrelay_str_t           name;           /* borrowed */
    convrelay_str_t           description;
    convrelay_str_t           parameters;
    unsigned                  strict:1;
    char                      warning[256];   /* a phrase: why a server that
                                                 enforces "strict" will reject
                                                 it; or "" */
    convrelay_str_t          *keys;           /* names of the parameters */
    size_t                    nkeys;
    u_char                   *block;          /* malloc'ed: all of the above */
} convrelay_tool_definition_t;


/* letters, digits, "_" and "-", 1 to 64 of them: 1 or 0 */
int convrelay_tool_is_name(const convrelay_str_t *name);

/*
 * Reads a definition: {"description":...,"parameters":{...},"strict":...}, all
 * members optional.  OpenAI's form is read as well: the same inside
 * {"type":"function","function":{...}}, with or without the tool's name.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: error is a phrase such as "is not
 * JSON" (of at most size bytes); CONVRELAY_ERROR: no memory.  d must be freed
 * after CONVRELAY_OK; otherwise that is harmless.
 */
int convrelay_tool_definition_read(convrelay_tool_definition_t *d,
    const convrelay_str_t *name, const convrelay_str_t *json, char *error,
    size_t size);
void convrelay_tool_definition_free(convrelay_tool_definition_t *d);

/* writes the element of "tools"; size() returns its exact length */
size_t convrelay_tool_definition_size(const convrelay_tool_definition_t *d);
u_char *convrelay_tool_definition_write(u_char *p,
    const convrelay_tool_definition_t *d);


/*
 * The arguments of a call.  Each member is a name and a text: strings are
 * decoded, null is an empty text, and every other value is its JSON.
 */

typedef struct {
    convrelay_str_t           json;           /* an object; borrowed */
    u_char                    digest[CONVRELAY_TOOL_DIGEST];
                                              /* of the tool's name and of the
                                                 arguments' values, however
                                                 they are written */
    convrelay_pair_t         *members;
    size_t                    nmembers;
    u_char                   *block;          /* malloc'ed: their texts */
    size_t                    size;           /* bytes of it */
} convrelay_tool_arguments_t;


/*
 * Reads the arguments that the LLM wrote for a tool.  An empty text and "null"
 * count as an empty object.
 *
 * Returns CONVRELAY_OK: a->json is text, or "{}".  CONVRELAY_DECLINED: error is
 * a phrase such as "are not a JSON object".  CONVRELAY_ERROR: no memory.  a
 * must be freed after CONVRELAY_OK; otherwise that is harmless.
 */
int convrelay_tool_arguments_read(convrelay_tool_arguments_t *a,
    const convrelay_str_t *tool, const convrelay_str_t *text,
    const char **error);
void convrelay_tool_arguments_free(convrelay_tool_arguments_t *a);

/*
 * Copies arguments that were read, without reading them again.  json has room
 * for src->json.len bytes; dst->json refers to it.  CONVRELAY_OK, or
 * CONVRELAY_ERROR: no memory, and dst need not be freed.
 */
int convrelay_tool_arguments_copy(convrelay_tool_arguments_t *dst,
    const convrelay_tool_arguments_t *src, u_char *json);

/* the value for a variable's name, found by convrelay_pair_find(), or NULL */
#define convrelay_tool_argument(a, name)                                     \
    convrelay_pair_find((a)->members, (a)->nmembers, name)

/*
 * A value for a URL: everything except letters, digits, "-", "_", "." and "~"
 * is percent-encoded (RFC 3986, 2.3).  A path segment of "." or ".." would
 * change the path even when encoded, so its dots are encoded twice: a server
 * then reads them as text.
 */
size_t convrelay_tool_url_size(const convrelay_str_t *value);
u_char *convrelay_tool_url_write(u_char *p, const convrelay_str_t *value);

/* reads the members of a JSON object like arguments_read(), but no digest */
int convrelay_tool_members_read(convrelay_tool_arguments_t *a,
    const convrelay_str_t *json, const char **error);

/*
 * Writes the digest of a tool's name and of a document of len bytes: equal
 * values give the same digest, however they are written.  With a NULL digest,
 * only the members' names are checked.  The document has no control characters
 * in its strings.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: an object has two members of the
 * same name; CONVRELAY_ERROR: no memory.
 */
int convrelay_tool_digest(u_char *digest, const convrelay_str_t *tool,
    const convrelay_json_reader_t *document, size_t len);

/*
 * Writes the key of a tool call: CONVRELAY_TOOL_KEY hex digits made from the
 * phone call, the digest, and the number of times the same tool call had
 * succeeded before.  A phone call without a CallSid is known by another text of
 * its own.
 */
void convrelay_tool_key(u_char *key, const convrelay_str_t *call_sid,
    const convrelay_str_t *other, const u_char *digest, uint64_t succeeded);


/* results are malloc'ed text, or NULL: no memory */

typedef enum {
    CONVRELAY_TOOL_ANSWERED = 0,  /* see status */
    CONVRELAY_TOOL_NO_ANSWER,
    CONVRELAY_TOOL_TIMED_OUT,
    CONVRELAY_TOOL_BROKE_OFF
} convrelay_tool_end_e;


typedef struct {
    convrelay_tool_end_e      end;
    unsigned                  status;         /* HTTP */
    unsigned                  seconds;        /* the time limit, rounded up */
    convrelay_str_t           type;           /* Content-Type, or empty */
    convrelay_str_t           body;           /* the part that was kept */
    uint64_t                  length;         /* of the whole body or, with */
    unsigned                  more:1;         /* more, of the part that came */
} convrelay_tool_answer_t;


/*
 * The result passed to the LLM for an answer, at most max bytes long; max must
 * be at least CONVRELAY_TOOL_MIN_RESULT.  *ok is set if the tool succeeded.
 */
u_char *convrelay_tool_result(const convrelay_tool_answer_t *answer,
    size_t max, size_t *len, unsigned *ok);

/* {"ok":false,"error":"NOT done: ..."} with phrase, text and end in place of
   the dots; phrase and end may be NULL, text may be empty */
u_char *convrelay_tool_failure(const char *phrase,
    const convrelay_str_t *text, const char *end, size_t *len);

/* an earlier result, marked as a repetition */
u_char *convrelay_tool_repeated(const convrelay_str_t *result, size_t *len);

/* the text that replaces a result that must not be sent again: a constant, or
   the result itself if it is a constant already */
convrelay_str_t convrelay_tool_withheld(const convrelay_str_t *result);

/* constant results */
extern const convrelay_str_t  convrelay_tool_done;
extern const convrelay_str_t  convrelay_tool_running;
extern const convrelay_str_t  convrelay_tool_cancelled;
extern const convrelay_str_t  convrelay_tool_taken_back;
extern const convrelay_str_t  convrelay_tool_unsure;


/*
 * The texts that the guard looks for: the names of tools, and the names of
 * their parameters as JSON members; both lists are sorted.  Shared by all calls
 * of a location.
 */

typedef struct {
    const convrelay_str_t    *names;
    size_t                    nnames;
    const convrelay_str_t    *keys;
    size_t                    nkeys;
} convrelay_tool_shapes_t;


/* sorts one of the lists */
void convrelay_tool_shapes_sort(convrelay_str_t *list, size_t n);


/* zero-filled for each answer of the LLM, after convrelay_tool_guard_free() */

typedef struct {
    u_char                   *buf;            /* malloc'ed: the text held back,
                                                 and the text after it */
    size_t                    size;
    unsigned                  held:8;         /* bytes */
    unsigned                  word:1;         /* the byte before them is part of
                                                 a word */
    unsigned                  leaked:1;       /* everything after it is
                                                 dropped */
    u_char                    hold[4 * CONVRELAY_TOOL_HELD];
} convrelay_tool_guard_t;


/*
 * Reads the next piece of an answer.  *out is the text that can be spoken: it
 * may be empty, and is borrowed from text or from g until the next call.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: this piece set g->leaked, and *out
 * is the text before the leak; CONVRELAY_ERROR: no memory.
 */
int convrelay_tool_guard_read(convrelay_tool_guard_t *g,
    const convrelay_tool_shapes_t *shapes, const convrelay_str_t *text,
    convrelay_str_t *out);

/* the answer is over: *out is the text still held back */
void convrelay_tool_guard_end(convrelay_tool_guard_t *g,
    convrelay_str_t *out);
void convrelay_tool_guard_free(convrelay_tool_guard_t *g);


/*
 * What is known of a call before it begins, from the answer of a location, in a
 * block of its own.  Texts are valid UTF-8 without control characters other
 * than white space, and without "<|".
 */

typedef struct {
    convrelay_str_t           system;         /* for the system prompt, or
                                                 empty */
    convrelay_pair_t         *variables;
    size_t                    nvariables;
    u_char                   *block;          /* malloc'ed: all of the above;
                                                 or NULL */
} convrelay_tool_context_t;


/*
 * Reads the body of an answer by its Content-Type.  "application/json": an
 * object of "system", a string, and "variables", an object of strings, numbers
 * and bools, which become texts as arguments do.  Both may be absent or null,
 * and a variable that is null is absent; other members are ignored.
 * "text/plain": all of it is for the system prompt.  A body of nothing but
 * white space is an empty context, whatever its type.  The body is changed.
 *
 * Returns CONVRELAY_OK; CONVRELAY_DECLINED: error is a phrase such as "is not
 * JSON", and never part of the body; CONVRELAY_ERROR: no memory.  x must be
 * freed after CONVRELAY_OK; otherwise that is harmless.
 */
int convrelay_tool_context_read(convrelay_tool_context_t *x,
    const convrelay_str_t *type, const convrelay_str_t *body,
    const char **error);
void convrelay_tool_context_free(convrelay_tool_context_t *x);


/* private to the files of this room */

/*
 * Writes text as valid UTF-8, without control characters other than white
 * space, and without "<|", which begins the control tokens of LLMs: as many
 * characters as fit into max bytes.  *cut is set if some did not fit, which
 * never happens with max of mend_size(): a byte becomes at most three, those of
 * U+FFFD.
 */
#define convrelay_tool_mend_size(text)  (3 * (text)->len)
u_char *convrelay_tool_mend_write(u_char *p, size_t max,
    const convrelay_str_t *text, unsigned *cut);


#endif /* CONVRELAY_TOOL_H_INCLUDED */
