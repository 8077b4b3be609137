
/*
 * Copyright (C) convrelay contributors
 *
 * The status and then the first byte that is not white space decide the kind of
 * the body, because servers label their bodies wrongly.  Each kind has its
 * reader.
 */


#include <stdlib.h>

#include "convrelay_llm_parts.h"


#define CONVRELAY_LLM_MAX_LINE  (256 * 1024)
#define CONVRELAY_LLM_MAX_BODY  (256 * 1024)


typedef enum {
    convrelay_llm_st_start = 0,
    convrelay_llm_st_sse,
    convrelay_llm_st_document,
    convrelay_llm_st_error
} convrelay_llm_state_e;


static void convrelay_llm_start(convrelay_llm_stream_t *s, u_char **pos,
    u_char *last);
static void convrelay_llm_start_sse(convrelay_llm_stream_t *s);

static int convrelay_llm_read_sse(convrelay_llm_stream_t *s, u_char **pos,
    u_char *last, convrelay_str_t *text);
static int convrelay_llm_event(convrelay_llm_stream_t *s,
    const convrelay_sse_event_t *ev, convrelay_str_t *text);

static void convrelay_llm_read_document(convrelay_llm_stream_t *s,
    u_char *pos, u_char *last);
static int convrelay_llm_document(convrelay_llm_stream_t *s,
    convrelay_str_t *text);
static void convrelay_llm_cut_done(convrelay_str_t *doc);

static void convrelay_llm_read_error(convrelay_llm_stream_t *s,
    u_char *pos, u_char *last);
static void convrelay_llm_error_body(convrelay_llm_stream_t *s);

static int convrelay_llm_body_over(convrelay_llm_stream_t *s,
    convrelay_str_t *text);


static const u_char  convrelay_llm_bom[] = { 0xef, 0xbb, 0xbf };


void
convrelay_llm_stream_init(convrelay_llm_stream_t *s,
    const convrelay_llm_api_t *api, unsigned status)
{
    memset(s, 0, sizeof(convrelay_llm_stream_t));

    s->api = api;
    s->status = status;
    s->prompt_tokens = -1;
    s->completion_tokens = -1;
    s->cached_tokens = -1;
}


int
convrelay_llm_stream_read(convrelay_llm_stream_t *s, u_char **pos,
    u_char *last, convrelay_str_t *text)
{
    int  rc;

    if (!s->done && !s->failed && s->mode == convrelay_llm_st_start) {
        convrelay_llm_start(s, pos, last);
    }

    if (!s->done && !s->failed) {

        switch (s->mode) {

        case convrelay_llm_st_sse:
            rc = convrelay_llm_read_sse(s, pos, last, text);

            if (rc == CONVRELAY_OK) {
                return CONVRELAY_OK;
            }

            break;

        case convrelay_llm_st_document:
            convrelay_llm_read_document(s, *pos, last);
            break;

        case convrelay_llm_st_error:
            convrelay_llm_read_error(s, *pos, last);
            break;

        default: /* convrelay_llm_st_start */
            break;
        }
    }

    *pos = last;

    if (s->failed) {
        return CONVRELAY_ERROR;
    }

    if (!s->done) {
        return CONVRELAY_AGAIN;
    }

    rc = convrelay_llm_text_end(s, text);

    if (rc == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    convrelay_llm_calls_end(s);

    return s->failed ? CONVRELAY_ERROR : CONVRELAY_DONE;
}


void
convrelay_llm_stream_finish(convrelay_llm_stream_t *s)
{
    if (!s->failed) {
        s->done = 1;
    }
}


int
convrelay_llm_stream_end(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    int  rc;

    if (!s->ended) {
        s->ended = 1;

        if (!s->done && !s->failed) {
            rc = convrelay_llm_body_over(s, text);

            if (rc == CONVRELAY_OK) {
                return CONVRELAY_OK;
            }
        }
    }

    if (!s->failed) {
        rc = convrelay_llm_text_end(s, text);

        if (rc == CONVRELAY_OK) {
            return CONVRELAY_OK;
        }
    }

    if (!s->done && !s->spoken && s->finish == CONVRELAY_LLM_FINISH_NONE) {

        if (s->hint) {
            s->failed = 1;
        }

        if (s->odd) {
            convrelay_llm_fail(s, "bad_answer", "is not a JSON object");
        }

        convrelay_llm_fail(s, "no_answer", "ended before its first word");
    }

    convrelay_llm_calls_end(s);

    return CONVRELAY_DONE;
}


convrelay_llm_outcome_e
convrelay_llm_outcome(const convrelay_llm_stream_t *s, unsigned clean)
{
    if (s->failed || !convrelay_llm_good(s)
        || (s->hint && s->finish == CONVRELAY_LLM_FINISH_NONE))
    {
        return convrelay_llm_failure(s);
    }

    if (s->ncalls) {
        return CONVRELAY_LLM_CALLS;
    }

    if (s->done || s->finish != CONVRELAY_LLM_FINISH_NONE) {
        return s->spoken ? CONVRELAY_LLM_COMPLETE : CONVRELAY_LLM_EMPTY;
    }

    if (s->spoken && clean) {
        return CONVRELAY_LLM_TRUNCATED;
    }

    return CONVRELAY_LLM_FAILED;
}


void
convrelay_llm_stream_free(convrelay_llm_stream_t *s)
{
    convrelay_sse_free(&s->sse);
    convrelay_llm_buf_free(&s->body);
    convrelay_llm_buf_free(&s->parts);
    convrelay_llm_buf_free(&s->out);
    convrelay_llm_calls_free(s);

    free(s->extra.data);
    s->extra.data = NULL;
    s->extra.len = 0;

    free(s->copy);
    s->copy = NULL;

    free(s->error);
    s->error = NULL;
}


static void
convrelay_llm_start(convrelay_llm_stream_t *s, u_char **pos, u_char *last)
{
    u_char  *p;

    if (!convrelay_llm_good(s)) {
        s->mode = convrelay_llm_st_error;
        return;
    }

    for (p = *pos; p < last; p++) {

        if (s->bom < sizeof(convrelay_llm_bom)) {

            if (*p == convrelay_llm_bom[s->bom]) {
                s->bom++;
                continue;
            }

            if (s->bom) {
                convrelay_llm_start_sse(s);
                break;
            }

            s->bom = sizeof(convrelay_llm_bom);
        }

        if (convrelay_is_space(*p)) {
            continue;
        }

        if (*p == '<') {
            convrelay_llm_fail(s, "html_page",
                               "is an HTML page, not an answer");

        } else if (*p == '{' || *p == '[') {
            s->mode = convrelay_llm_st_document;

        } else {
            convrelay_llm_start_sse(s);
        }

        break;
    }

    *pos = p;
}


/* bytes that only looked like the start of a BOM belong to the first line */

static void
convrelay_llm_start_sse(convrelay_llm_stream_t *s)
{
    s->mode = convrelay_llm_st_sse;
    s->sse.max_line = s->max_line ? s->max_line : CONVRELAY_LLM_MAX_LINE;

    if (s->bom == sizeof(convrelay_llm_bom)) {
        return;
    }

    if (convrelay_llm_buf_append(&s->sse.line, convrelay_llm_bom, s->bom)
        != CONVRELAY_OK)
    {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
    }
}


static int
convrelay_llm_read_sse(convrelay_llm_stream_t *s, u_char **pos, u_char *last,
    convrelay_str_t *text)
{
    int                    rc;
    convrelay_sse_event_t  ev;

    while (!s->done && !s->failed) {
        rc = convrelay_sse_read(&s->sse, pos, last, &ev);

        switch (rc) {

        case CONVRELAY_OK:
            rc = convrelay_llm_event(s, &ev, text);

            if (rc == CONVRELAY_OK) {
                return CONVRELAY_OK;
            }

            break;

        case CONVRELAY_DECLINED:
            convrelay_llm_fail(s, "too_large", "has a line that is too long");
            break;

        case CONVRELAY_ERROR:
            convrelay_llm_fail(s, "no_memory",
                               "could not be read: out of memory");
            break;

        default: /* CONVRELAY_AGAIN */
            return CONVRELAY_AGAIN;
        }
    }

    return CONVRELAY_AGAIN;
}


static int
convrelay_llm_event(convrelay_llm_stream_t *s,
    const convrelay_sse_event_t *ev, convrelay_str_t *text)
{
    int                      rc;
    convrelay_str_t          data;
    convrelay_json_reader_t  r;

    data = ev->data;
    convrelay_str_trim(&data);

    if (convrelay_str_eq(&data, "[DONE]")) {
        s->done = 1;
        return CONVRELAY_AGAIN;
    }

    if (data.len == 0 && !ev->error) {
        return CONVRELAY_AGAIN;
    }

    rc = convrelay_json_read_repaired(&r, data.data, data.len, &s->copy,
                                      convrelay_llm_repair);

    if (rc == CONVRELAY_OK && !ev->error) {
        rc = s->api->event(s, &ev->type, r.values, &data, text);
        convrelay_json_reader_free(&r);

        return rc;
    }

    if (rc == CONVRELAY_OK) {
        convrelay_llm_fail_json(s, r.values, &data);

    } else if (rc == CONVRELAY_ERROR) {
        convrelay_llm_fail(s, "no_memory", r.error);

    } else if (ev->error) {
        convrelay_llm_fail_text(s, &data);

    } else if (data.data[0] != '{' && data.data[0] != '[') {

        /* a heartbeat or the like, without words */

        s->odd = 1;

    } else if (!s->ended) {
        convrelay_llm_fail(s, "bad_answer", r.error);
    }

    convrelay_json_reader_free(&r);

    return CONVRELAY_AGAIN;
}


static void
convrelay_llm_read_document(convrelay_llm_stream_t *s, u_char *pos,
    u_char *last)
{
    size_t  max;

    max = s->max_body ? s->max_body : CONVRELAY_LLM_MAX_BODY;

    if ((size_t) (last - pos) > max - s->body.len) {
        convrelay_llm_fail(s, "too_large", "is a document that is too long");
        return;
    }

    if (convrelay_llm_buf_append(&s->body, pos, last - pos) != CONVRELAY_OK) {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
    }
}


static int
convrelay_llm_document(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    int                      rc;
    convrelay_str_t          doc;
    convrelay_json_reader_t  r;

    doc.data = s->body.data;
    doc.len = s->body.len;

    convrelay_llm_cut_done(&doc);

    rc = convrelay_json_read_repaired(&r, doc.data, doc.len, &s->copy,
                                      convrelay_llm_repair);

    if (rc == CONVRELAY_OK) {
        rc = s->api->event(s, NULL, r.values, &doc, text);

        if (!s->failed) {
            s->done = 1;
        }

    } else {
        convrelay_llm_fail(s, (rc == CONVRELAY_ERROR) ? "no_memory"
                                                      : "bad_answer",
                           r.error);
        rc = CONVRELAY_AGAIN;
    }

    convrelay_json_reader_free(&r);

    return rc;
}


/* drops the end of a stream, which gateways put after a document */

static void
convrelay_llm_cut_done(convrelay_str_t *doc)
{
    convrelay_str_t  rest;

    static const convrelay_str_t  done = convrelay_string("[DONE]");
    static const convrelay_str_t  data = convrelay_string("data:");

    rest = *doc;
    convrelay_str_trim(&rest);

    if (rest.len < done.len
        || memcmp(rest.data + rest.len - done.len, done.data, done.len) != 0)
    {
        return;
    }

    rest.len -= done.len;
    convrelay_str_trim(&rest);

    if (rest.len < data.len
        || memcmp(rest.data + rest.len - data.len, data.data, data.len) != 0)
    {
        return;
    }

    rest.len -= data.len;

    *doc = rest;
}


static void
convrelay_llm_read_error(convrelay_llm_stream_t *s, u_char *pos,
    u_char *last)
{
    size_t  n;

    n = CONVRELAY_LLM_MAX_ERROR_BODY - s->body.len;

    if (n > (size_t) (last - pos)) {
        n = last - pos;
    }

    if (convrelay_llm_buf_append(&s->body, pos, n) != CONVRELAY_OK) {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
    }
}


static void
convrelay_llm_error_body(convrelay_llm_stream_t *s)
{
    int                      rc;
    convrelay_str_t          body;
    convrelay_json_reader_t  r;

    if (s->body.len == 0) {
        convrelay_llm_fail(s, "", "");
        return;
    }

    body.data = s->body.data;
    body.len = s->body.len;

    convrelay_str_trim(&body);

    rc = convrelay_json_read(&r, body.data, body.len, &s->copy);

    if (rc == CONVRELAY_OK) {
        convrelay_llm_fail_json(s, r.values, &body);

    } else {
        convrelay_llm_fail_text(s, &body);
    }

    convrelay_json_reader_free(&r);
}


/*
 * Proxies lose the last blank line, so an event that is complete without it
 * is accepted (see s->ended in convrelay_llm_event()); half an event is not.
 */

static int
convrelay_llm_body_over(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    int                    rc;
    convrelay_sse_event_t  ev;

    if (!convrelay_llm_good(s)) {
        convrelay_llm_error_body(s);
        return CONVRELAY_AGAIN;
    }

    switch (s->mode) {

    case convrelay_llm_st_sse:
        rc = convrelay_sse_end(&s->sse, &ev);

        if (rc != CONVRELAY_OK) {
            return CONVRELAY_AGAIN;
        }

        return convrelay_llm_event(s, &ev, text);

    case convrelay_llm_st_document:
        return convrelay_llm_document(s, text);

    default: /* convrelay_llm_st_start */
        return CONVRELAY_AGAIN;
    }
}
