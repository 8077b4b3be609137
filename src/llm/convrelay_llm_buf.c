
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_llm_buf.h"


#define CONVRELAY_LLM_BUF_SIZE  1024


static int convrelay_llm_buf_reserve(convrelay_llm_buf_t *b, size_t len);


int
convrelay_llm_buf_append(convrelay_llm_buf_t *b, const u_char *data,
    size_t len)
{
    if (len == 0) {
        return CONVRELAY_OK;
    }

    if (convrelay_llm_buf_reserve(b, len) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    memcpy(b->data + b->len, data, len);
    b->len += len;

    return CONVRELAY_OK;
}


int
convrelay_llm_buf_prepend(convrelay_llm_buf_t *b, const u_char *data,
    size_t len)
{
    if (convrelay_llm_buf_reserve(b, len) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    memmove(b->data + len, b->data, b->len);
    memcpy(b->data, data, len);
    b->len += len;

    return CONVRELAY_OK;
}


void
convrelay_llm_buf_free(convrelay_llm_buf_t *b)
{
    free(b->data);
    memset(b, 0, sizeof(convrelay_llm_buf_t));
}


static int
convrelay_llm_buf_reserve(convrelay_llm_buf_t *b, size_t len)
{
    u_char  *data;
    size_t   size;

    if (len <= b->size - b->len) {
        return CONVRELAY_OK;
    }

    size = b->size ? b->size : CONVRELAY_LLM_BUF_SIZE;

    while (size - b->len < len) {
        size *= 2;
    }

    data = realloc(b->data, size);
    if (data == NULL) {
        return CONVRELAY_ERROR;
    }

    b->data = data;
    b->size = size;

    return CONVRELAY_OK;
}
