
/*
 * Copyright (C) convrelay contributors
 *
 * The parts that the stream reader is made of, for the files of this room
 * only.
 */


#ifndef CONVRELAY_LLM_PARTS_H_INCLUDED
#define CONVRELAY_LLM_PARTS_H_INCLUDED


#include "convrelay_llm_stream.h"


/* 2xx */
#define convrelay_llm_good(s)  ((s)->status >= 200 && (s)->status < 300)


/*
 * One chunk, or one whole completion, as it was read; its text is borrowed
 * from there or from s.  raw: its bytes, strings decoded or not; of an error
 * without a message their number is reported.
 *
 * Returns CONVRELAY_OK with a text, else CONVRELAY_AGAIN; s->failed may have
 * been set.
 */
int convrelay_llm_chunk(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *root, const convrelay_str_t *raw,
    convrelay_str_t *text);

/*
 * What ends or begins a string in the middle of a character is kept where the
 * reader repairs a document, see convrelay_json_read_repaired().  halves()
 * joins it to what comes next, in s->out, and keeps what is not complete yet;
 * halves_end() appends U+FFFD to s->out for that.  CONVRELAY_OK or
 * CONVRELAY_ERROR without memory.
 */
u_char *convrelay_llm_repair(const u_char *p, size_t *len, size_t valid);
int convrelay_llm_halves(convrelay_llm_stream_t *s, convrelay_str_t *text);
int convrelay_llm_halves_end(convrelay_llm_stream_t *s);

/*
 * What has to be known of the texts before: joins the halves of a character,
 * drops <think>...</think>.  text may be changed in place.
 *
 * Returns CONVRELAY_OK with a text that is not empty, else CONVRELAY_AGAIN;
 * s->failed may have been set.
 */
int convrelay_llm_text(convrelay_llm_stream_t *s, convrelay_str_t *text);

/* the same for what was held back, when nothing follows any more */
int convrelay_llm_text_end(convrelay_llm_stream_t *s, convrelay_str_t *text);

/*
 * Set s->failed and s->error, unless they are set.  fail_json() takes any of
 * the shapes in which vendors send an error.  JSON of another shape is not
 * shown, only its length: it may have what the caller said in it.
 */
void convrelay_llm_fail(convrelay_llm_stream_t *s, const char *code,
    const char *message);
void convrelay_llm_fail_text(convrelay_llm_stream_t *s,
    const convrelay_str_t *text);
void convrelay_llm_fail_json(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *root, const convrelay_str_t *raw);

/*
 * An event without choices that looks like an error is remembered as s->error,
 * the first of them; one of the type "error" fails the answer.  It looks like
 * one by its code or by the name of its message: a "message" alone can be what
 * was to be spoken.
 */
void convrelay_llm_hint(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw);

/* FAILED or REJECTED: what an answer that failed says of its request, by the
   status, and by the error where there is one */
convrelay_llm_outcome_e convrelay_llm_failure(
    const convrelay_llm_stream_t *s);

/* the first element of an array, which Gemini wraps around errors */
const convrelay_json_value_t *convrelay_llm_unwrap(
    const convrelay_json_value_t *root);

/*
 * Of the members "error" and "object", either may be NULL: the one is there
 * and does not say that there is none, or the other says that it is one.
 */
unsigned convrelay_llm_is_error(convrelay_json_value_t *error,
    convrelay_json_value_t *object);

#endif /* CONVRELAY_LLM_PARTS_H_INCLUDED */
