
/*
 * Copyright (C) convrelay contributors
 *
 * The parts of the stream reader, private to the files of this room.
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
 * The sink: functions to which an API's event() passes what it finds.  Text
 * goes through convrelay_llm_text() and is returned by event(); a refusal is a
 * text with s->refusal set; errors go to fail() and the functions like it.
 */

/*
 * The reason why the answer ended, in the vendor's words; the first one counts.
 * A reason that is a failure fails the answer.
 */
void convrelay_llm_finish(convrelay_llm_stream_t *s,
    convrelay_llm_finish_e finish, const convrelay_str_t *reason);

/* the answer's tokens so far; negative: not known */
void convrelay_llm_usage(convrelay_llm_stream_t *s, int64_t input,
    int64_t cached, int64_t output);

/* opaque JSON of the answer as a whole, not of a call; the last one counts, and
   one that exceeds the limit of calls is left out */
void convrelay_llm_extra(convrelay_llm_stream_t *s,
    const convrelay_str_t *json);

/*
 * A piece of a tool call.  Strings may be empty.  Its id, its index or its
 * position tells to which call it belongs; see convrelay_llm_calls.c.
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

/* the stream is over: fills s->calls if the calls are to be run */
void convrelay_llm_calls_end(convrelay_llm_stream_t *s);

void convrelay_llm_calls_free(convrelay_llm_stream_t *s);

/*
 * repair() keeps the halves of characters at the ends of strings when the
 * reader repairs a document, see convrelay_json_read_repaired().  halves()
 * joins a half to the text that comes next, in out, and keeps a half that is
 * not complete yet; if there is nothing to join, out is not used.
 * halves_end() appends U+FFFD to out for a half that was kept.  CONVRELAY_OK,
 * or CONVRELAY_ERROR: no memory.
 */
u_char *convrelay_llm_repair(const u_char *p, size_t *len, size_t valid);
int convrelay_llm_halves(convrelay_llm_halves_t *h, convrelay_llm_buf_t *out,
    convrelay_str_t *text);
int convrelay_llm_halves_end(convrelay_llm_halves_t *h,
    convrelay_llm_buf_t *out);

/*
 * Handles what depends on earlier texts: joins the halves of a character and
 * drops <think>...</think>.  text may be changed in place.
 *
 * Returns CONVRELAY_OK with a text that is not empty, else CONVRELAY_AGAIN;
 * s->failed may have been set.
 */
int convrelay_llm_text(convrelay_llm_stream_t *s, convrelay_str_t *text);

/* the same at the end, for text that was held back */
int convrelay_llm_text_end(convrelay_llm_stream_t *s, convrelay_str_t *text);

/*
 * Set s->failed and s->error, unless they are set.  fail_json() accepts any of
 * the shapes in which vendors send an error.  Of JSON in another shape only the
 * length is shown: it may contain what the caller said.
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
 * Remembers the first event without choices that looks like an error as
 * s->error; an event of the type "error" fails the answer.  An event looks like
 * an error because of its code or the name of its message: a "message" alone
 * may be text to be spoken.
 */
void convrelay_llm_hint(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw);

/* FAILED, REJECTED or TOO_LONG: what a failed answer says about its request,
   judged by the status and, if there is one, the error */
convrelay_llm_outcome_e convrelay_llm_failure(
    const convrelay_llm_stream_t *s);

/* the first element of an array: Gemini wraps errors in one */
const convrelay_json_value_t *convrelay_llm_unwrap(
    const convrelay_json_value_t *root);

/*
 * True if the member "error" exists and does not mean "no error", or if the
 * member "object" says that this is an error; either may be NULL.
 */
unsigned convrelay_llm_is_error(convrelay_json_value_t *error,
    convrelay_json_value_t *object);

#endif /* CONVRELAY_LLM_PARTS_H_INCLUDED */
