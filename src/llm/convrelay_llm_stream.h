
/*
 * Copyright (C) convrelay contributors
 *
 * The answer of an LLM: bytes in, pieces of text out.  Server-sent events, a
 * JSON document instead of them, error bodies and all quirks of the vendors are
 * handled here; the results are text to be spoken, and in the end one outcome
 * and the tool calls.
 */


#ifndef CONVRELAY_LLM_STREAM_H_INCLUDED
#define CONVRELAY_LLM_STREAM_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_json_reader.h"
#include "convrelay_llm_buf.h"
#include "convrelay_llm_message.h"
#include "convrelay_sse.h"


#define CONVRELAY_LLM_MAX_ERROR_BODY  16384     /* bytes that are read */
#define CONVRELAY_LLM_MAX_MESSAGE     512       /* bytes that are kept */


/* the decision table of the end of a stream */

typedef enum {
    CONVRELAY_LLM_COMPLETE = 0,   /* [DONE], or a finish_reason */
    CONVRELAY_LLM_EMPTY,          /* complete, but without a word */
    CONVRELAY_LLM_CALLS,          /* complete, with or without words, and
                                     calls are to be run */
    CONVRELAY_LLM_TRUNCATED,      /* text, and a clean end without these */
    CONVRELAY_LLM_FAILED,         /* anything else; error says why */
    CONVRELAY_LLM_REJECTED,       /* the same, because of the request: it would
                                     fail again */
    CONVRELAY_LLM_TOO_LONG,       /* the same, and it is too long for the
                                     model's window */
    CONVRELAY_LLM_PROMPT_FILTERED /* the same, and a content filter has stopped
                                     it */
} convrelay_llm_outcome_e;


typedef enum {
    CONVRELAY_LLM_FINISH_NONE = 0,
    CONVRELAY_LLM_FINISH_STOP,            /* and unknown ones */
    CONVRELAY_LLM_FINISH_LENGTH,
    CONVRELAY_LLM_FINISH_TOOL_CALLS,
    CONVRELAY_LLM_FINISH_CONTENT_FILTER,
    CONVRELAY_LLM_FINISH_ERROR
} convrelay_llm_finish_e;


/*
 * NUL-terminated, printable, with keys redacted: fit for a log line.  Members
 * that a vendor did not send are empty.  Our own codes, whose message is a
 * phrase that continues "the answer": "bad_answer" (not from such an API),
 * "html_page", "too_large", "no_answer" (ended before its first word),
 * "content_filter", "no_memory".
 */

typedef struct {
    char                     code[64];
    char                     type[64];
    char                     message[CONVRELAY_LLM_MAX_MESSAGE + 1];
    unsigned                 own:1;       /* code and message are ours */
} convrelay_llm_error_t;


/* the beginning of a character at the end of the last delta: half a surrogate
   pair, or its first bytes */

typedef struct {
    uint16_t                 surrogate;
    u_char                   bytes[4];
    unsigned                 nbytes:3;
} convrelay_llm_halves_t;


typedef struct convrelay_llm_api_s      convrelay_llm_api_t;
typedef struct convrelay_llm_collect_s  convrelay_llm_collect_t;


typedef struct {
    /* set before the first byte */
    unsigned                 status;      /* HTTP status */
    size_t                   max_line;    /* of SSE, in bytes; 0: 256k */
    size_t                   max_body;    /* of a JSON document; 0: 256k */
    size_t                   max_calls;   /* of an answer; 0: calls are not
                                             collected */
    size_t                   max_call;    /* bytes of all calls with their
                                             parts, and of the answer's
                                             extra; 0: 64k */
    uint64_t                 turn;        /* a number for the ids of calls
                                             that have none */

    /* the reader's own */
    convrelay_llm_buf_t      body;        /* JSON or error body so far */
    convrelay_llm_buf_t      parts;       /* content that came in parts */
    convrelay_llm_buf_t      out;         /* text with something before it */
    u_char                  *copy;        /* of the last document, repaired,
                                             for its text */
    const convrelay_llm_api_t   *api;
    convrelay_llm_collect_t     *collect; /* calls so far, or NULL */
    convrelay_sse_t          sse;
    convrelay_llm_halves_t   halves;
    unsigned                 mode:3;
    unsigned                 bom:2;       /* bytes of it seen */
    unsigned                 think:2;     /* where in <think>...</think> */
    unsigned                 tag:4;       /* bytes of its tag seen */
    unsigned                 ended:1;     /* the body is over */
    unsigned                 pieces:1;    /* a delta had text */
    unsigned                 early:1;     /* text came after its finish */

    /* can be read at any time */
    unsigned                 done:1;      /* [DONE] or a whole document */
    unsigned                 failed:1;    /* error says why */
    unsigned                 spoken:1;    /* some text, not only white space */
    unsigned                 refusal:1;   /* it was a refusal */
    unsigned                 tools:1;     /* tool calls came */
    unsigned                 part:1;      /* a part of a call that is collected
                                             came; the caller may clear it */
    unsigned                 dropped:1;   /* one that is not of a function, or
                                             has no name, was left out */
    unsigned                 thought:1;   /* reasoning came, not spoken */
    unsigned                 hint:1;      /* error is what an event without
                                             choices said; it counts where
                                             nothing says that the answer is
                                             finished */
    unsigned                 odd:1;       /* an event that is not an object
                                             was skipped */
    convrelay_llm_finish_e   finish;
    char                     reason[24];  /* finish_reason, for a log line */
    int64_t                  prompt_tokens;       /* usage, or -1 */
    int64_t                  completion_tokens;
    int64_t                  cached_tokens;
    convrelay_llm_error_t   *error;       /* malloc'ed, after failed or hint;
                                             NULL without memory */
    convrelay_str_t          extra;       /* opaque JSON of the answer, which
                                             goes back with it; or empty */

    /* after DONE: calls to be run, in order, until free(); none if the
       answer broke off, failed, or was cut by a limit or a filter */
    const convrelay_llm_call_t  *calls;
    size_t                   ncalls;
} convrelay_llm_stream_t;


/* zero-fills s; the caller sets status and limits afterwards */
void convrelay_llm_stream_init(convrelay_llm_stream_t *s,
    const convrelay_llm_api_t *api, unsigned status);

/*
 * Reads from *pos, which is moved past the bytes used; the bytes may be changed
 * in place.  The texts do not depend on how the input is split.
 *
 * Returns CONVRELAY_OK: *text is the next piece to speak, non-empty, valid
 * UTF-8, borrowed until the next call; call again.  CONVRELAY_AGAIN: the
 * input is used up.  CONVRELAY_DONE: [DONE] was read: the answer is over,
 * bytes after it are ignored.  CONVRELAY_ERROR: s->failed, and s->error
 * says why (it may be NULL without memory); bytes after it are ignored.
 */
int convrelay_llm_stream_read(convrelay_llm_stream_t *s, u_char **pos,
    u_char *last, convrelay_str_t *text);

/*
 * True if the last chunk says that the answer is finished: some servers never
 * send [DONE] and keep the connection.  Others say "stop" in their first, empty
 * chunk, or in each, and continue; so it counts only once text or a call came,
 * and only if no text came after it.
 */
#define convrelay_llm_finished(s)                                            \
    ((s)->finish != CONVRELAY_LLM_FINISH_NONE                                \
     && ((s)->spoken || (s)->collect) && !(s)->early)

/* nothing came for a while after that: the next read() acts as at [DONE] */
void convrelay_llm_stream_finish(convrelay_llm_stream_t *s);

/*
 * The body is over.  Call this until it does not return CONVRELAY_OK: there may
 * still be text (a last event without its blank line, a JSON document), as from
 * read().  Then it returns CONVRELAY_DONE in every case, and outcome() may be
 * called.  A body without a word and without an end of its own fails here.
 */
int convrelay_llm_stream_end(convrelay_llm_stream_t *s,
    convrelay_str_t *text);

/*
 * clean: the body ended as HTTP requires (by its length, its last chunk or, if
 * neither was given, a close), without a reset or a timeout.
 */
convrelay_llm_outcome_e convrelay_llm_outcome(
    const convrelay_llm_stream_t *s, unsigned clean);

/* may be called again */
void convrelay_llm_stream_free(convrelay_llm_stream_t *s);

/*
 * Writes why an answer is EMPTY, as far as is known: text that continues "its
 * answer was empty", NUL-terminated, possibly empty.
 */
void convrelay_llm_why(const convrelay_llm_stream_t *s, char *dst,
    size_t size);


#endif /* CONVRELAY_LLM_STREAM_H_INCLUDED */
