
/*
 * Copyright (C) convrelay contributors
 *
 * A buffer that grows, for the readers of this room: holds text that was split
 * over reads or has to be put together.  Zero-fill to start.
 */


#ifndef CONVRELAY_LLM_BUF_H_INCLUDED
#define CONVRELAY_LLM_BUF_H_INCLUDED


#include "convrelay_base.h"


typedef struct {
    u_char           *data;       /* malloc'ed */
    size_t            len;
    size_t            size;
} convrelay_llm_buf_t;


/*
 * Appends len bytes, which must not lie in the buffer.  The caller has to check
 * a limit: the buffer has no maximum of its own.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR without memory (nothing changed).
 */
int convrelay_llm_buf_append(convrelay_llm_buf_t *b, const u_char *data,
    size_t len);

/* inserts len bytes before the data */
int convrelay_llm_buf_prepend(convrelay_llm_buf_t *b, const u_char *data,
    size_t len);

void convrelay_llm_buf_free(convrelay_llm_buf_t *b);


#endif /* CONVRELAY_LLM_BUF_H_INCLUDED */
