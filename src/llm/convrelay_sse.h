
/*
 * Copyright (C) convrelay contributors
 *
 * Turns bytes into server-sent events (WHATWG HTML, 9.2).  The caller strips
 * the byte order mark, because it reads the first bytes anyway.
 */


#ifndef CONVRELAY_SSE_H_INCLUDED
#define CONVRELAY_SSE_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_llm_buf.h"


#define CONVRELAY_SSE_MAX_TYPE  64    /* bytes */


/* zero-fill, set the limit */

typedef struct {
    size_t                max_line;   /* bytes of a line and of an event's
                                         data, without line ends */

    convrelay_llm_buf_t   line;       /* of a line that was split */
    convrelay_llm_buf_t   data;       /* of an event that was split, or has
                                         several data lines */
    convrelay_str_t       pending;    /* the one data line, where it lay */
    unsigned              has_data:1;
    unsigned              skip_lf:1;
    size_t                type_len;
    u_char                type[CONVRELAY_SSE_MAX_TYPE];   /* of the event */
    unsigned              error:1;    /* it is an error */
} convrelay_sse_t;


typedef struct {
    convrelay_str_t       data;       /* non-empty; may be written to */
    convrelay_str_t       type;       /* of an "event" line, or empty; a longer
                                         one is cut */
    unsigned              error:1;    /* "event: error", or data of a field
                                         "error" */
} convrelay_sse_event_t;


/*
 * Reads from *pos, which is moved past the bytes used.
 *
 * Returns CONVRELAY_OK: an event with data, borrowed until the next call (or
 * from the input, if it was complete there); CONVRELAY_AGAIN: the input is used
 * up; CONVRELAY_DECLINED: a line is longer than max_line; CONVRELAY_ERROR: no
 * memory.  After the last two, reading is over.
 */
int convrelay_sse_read(convrelay_sse_t *s, u_char **pos, u_char *last,
    convrelay_sse_event_t *ev);

/*
 * At the end of the stream: returns the event that lacks its blank line.
 * CONVRELAY_OK or CONVRELAY_DONE.
 */
int convrelay_sse_end(convrelay_sse_t *s, convrelay_sse_event_t *ev);

void convrelay_sse_free(convrelay_sse_t *s);


#endif /* CONVRELAY_SSE_H_INCLUDED */
