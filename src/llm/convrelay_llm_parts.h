
/*
 * Copyright (C) convrelay contributors
 *
 * The parts that the stream reader is made of, for the files of this room
 * only.
 */


#ifndef CONVRELAY_LLM_PARTS_H_INCLUDED
#define CONVRELAY_LLM_PARTS_H_INCLUDED


#include "convrelay_llm_api.h"


#define CONVRELAY_LLM_MAX_CALL  65536

#define convrelay_llm_max_call(s)                                            \
    ((s)->max_call ? (s)->max_call : CONVRELAY_LLM_MAX_CALL)

/* 2xx */
#define convrelay_llm_good(s)  ((s)->status >= 200 && (s)->status < 300)


/*
 * The sink: what an API's event() does with what it finds.  The text goes
 * through convrelay_llm_text() and is what event() returns; a refusal is a
 * text with s->refusal set; errors are for fail() and its kin.
 */

/*
 * The reason of the end, as the vendor calls it; the first one counts.
 * Reasons that are failures fail the answer.
 */
void convrelay_llm_finish(convrelay_llm_stream_t *s,
    convrelay_llm_finish_e finish, const convrelay_str_t *reason);

/* tokens so far, of the whole answer; negative: not known */
void convrelay_llm_usage(convrelay_llm_stream_t *s, int64_t input,
    int64_t cached, int64_t output);

/* opaque JSON of the answer as a whole, not of a call; the last one counts */
void convrelay_llm_extra(convrelay_llm_stream_t *s,
    const convrelay_str_t *json);

/*
 * A piece of a tool call.  Strings may be empty.  Which call it belongs to
 * say its id, its index, or that it comes next; see convrelay_llm_calls.c.
 */

typedef struct {
    int64_t                index;         /* -1: none */
    convrelay_str_t        id;
    convrelay_str_t        name;
    convrelay_str_t        arguments;
    convrelay_str_t        extra;         /* JSON; the last one counts */
    unsigned               whole:1;       /* the arguments are complete */
    unsigned               other:1;       /* not a function: it is dropped */
} convrelay_llm_piece_t;

void convrelay_llm_call_piece(convrelay_llm_stream_t *s,
    const convrelay_llm_piece_t *piece);

/* nothing follows any more: fills s->calls if they are to be run */
void convrelay_llm_calls_end(convrelay_llm_stream_t *s);

void convrelay_llm_calls_free(convrelay_llm_stream_t *s);

/*
 * What ends or begins a string in the middle of a character is kept where the
 * reader repairs a document, see convrelay_json_read_repaired().  halves()
 * joins it to what comes next, in out, and keeps what is not complete yet; out
 * is not used where there is nothing to join.  halves_end() appends U+FFFD to
 * out for what was kept.  CONVRELAY_OK or CONVRELAY_ERROR without memory.
 */
u_char *convrelay_llm_repair(const u_char *p, size_t *len, size_t valid);
int convrelay_llm_halves(convrelay_llm_halves_t *h, convrelay_llm_buf_t *out,
    convrelay_str_t *text);
int convrelay_llm_halves_end(convrelay_llm_halves_t *h,
    convrelay_llm_buf_t *out);

/*
 * What has to be known of the texts before: joins the halves of a character,
 * drops <think>...</think>.  text may be changed in place.
 *
 * Returns CONVRELAY_OK with a text that is not empty, else CONVRELAY_AGAIN;
 * s->failed may have been set.
 */
int convrelay_llm_text(convrelay_llm_stream_t *s, convrelay_str_t *text);

/* the same for text that was held back, when nothing more follows */
int convrelay_llm_text_end(convrelay_llm_stream_t *s, convrelay_str_t *text);

/*
 * Set s->failed and s->error, unless they are set.  fail_json() takes any of
 * the shapes in which vendors send an error.  JSON of another shape is not
 * shown, only its length: it may have what the caller said in it.
 */
void convrelay_llm_fail(convrelay_llm_stream_t *s, const char *code,
    const char *message);
void convrelay_llm_fail_code(convrelay_llm_stream_t *s,
    const convrelay_str_t *code, const char *message);
void convrelay_llm_fail_text(convrelay_llm_stream_t *s,
    const convrelay_str_t *text);
void convrelay_llm_fail_json(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *root, const convrelay_str_t *raw);

/*
 * An event without choices that looks like an error is remembered as s->error,
 * the first of them; one of the type "error" fails the answer.  It looks like
 * one by its code or by the name of its message: a "message" alone may be text
 * that was to be spoken.
 */
void convrelay_llm_hint(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw);

/* FAILED, REJECTED or TOO_LONG: what an answer that failed says of its
   request, by the status, and by the error where there is one */
convrelay_llm_outcome_e convrelay_llm_failure(
    const convrelay_llm_stream_t *s);

/* the first element of an array, which Gemini wraps around errors */
const convrelay_json_value_t *convrelay_llm_unwrap(
    const convrelay_json_value_t *root);

/*
 * True if the member "error" is there and does not say that there is no error,
 * or if the member "object" says that it is one; either may be NULL.
 */
unsigned convrelay_llm_is_error(convrelay_json_value_t *error,
    convrelay_json_value_t *object);

#endif /* CONVRELAY_LLM_PARTS_H_INCLUDED */
