
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks the status, the limits, whether calls are collected,
 * and the pieces; the rest is an answer, or lines of JSON of which each becomes
 * an event.  Read whole and in pieces it has to give the same texts, all of
 * them UTF-8, the same end and the same calls.
 */


#include <stdlib.h>

#include "convrelay_history.h"
#include "convrelay_llm_api.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    size_t    len;
    size_t    size;
    u_char   *data;
} record_t;


typedef struct {
    unsigned  limits;
    unsigned  calls;
    unsigned  status;
    unsigned  ends;           /* the body ends, no reset */
    size_t    step;
} options_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void events(record_t *record, const u_char *data, size_t size);
static void feed(const record_t *body, const options_t *o, size_t step,
    record_t *record);
static void text(record_t *record, const convrelay_str_t *str);
static void outcome(record_t *record, const convrelay_llm_stream_t *s,
    unsigned ends);
static void calls(record_t *record, const convrelay_llm_stream_t *s);
static void piece(record_t *record, const convrelay_str_t *str);
static void string(record_t *record, const char *str, size_t max);
static void add(record_t *record, const void *data, size_t len);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    record_t   body, whole, pieces;
    options_t  o;

    static const size_t  steps[] = { 1, 2, 3, 7 };

    if (size == 0) {
        return 0;
    }

    memset(&body, 0, sizeof(body));
    memset(&whole, 0, sizeof(whole));
    memset(&pieces, 0, sizeof(pieces));

    o.step = steps[data[0] & 3];
    o.limits = data[0] & 4;
    o.calls = data[0] & 64;
    o.status = (data[0] & 8) ? 400 : 200;
    o.ends = !(data[0] & 16);

    if (data[0] & 32) {
        events(&body, data + 1, size - 1);

    } else {
        add(&body, data + 1, size - 1);
    }

    feed(&body, &o, body.len, &whole);
    feed(&body, &o, o.step, &pieces);

    must(whole.len == pieces.len);
    must(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);

    free(body.data);
    free(whole.data);
    free(pieces.data);

    return 0;
}


static void
events(record_t *record, const u_char *data, size_t size)
{
    size_t         n;
    const u_char  *end;

    while (size) {
        end = memchr(data, '\n', size);
        n = end ? (size_t) (end - data) : size;

        add(record, "data: ", 6);
        add(record, data, n);
        add(record, "\n\n", 2);

        n += (end != NULL);
        data += n;
        size -= n;
    }
}


static void
feed(const record_t *body, const options_t *o, size_t step, record_t *record)
{
    int                      rc;
    u_char                  *in, *p;
    size_t                   off, n;
    convrelay_str_t          str;
    convrelay_llm_stream_t   s;

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, o->status);

    if (o->limits) {
        s.max_line = 100;
        s.max_body = 150;
    }

    if (o->calls) {
        s.max_calls = 3;
        s.max_call = o->limits ? 30 : 0;
    }

    rc = CONVRELAY_AGAIN;

    for (off = 0; off < body->len; off += n) {
        n = (body->len - off < step) ? body->len - off : step;

        in = malloc(n);
        must(in);
        memcpy(in, body->data + off, n);

        p = in;

        for ( ;; ) {
            rc = convrelay_llm_stream_read(&s, &p, in + n, &str);

            if (rc != CONVRELAY_OK) {
                break;
            }

            text(record, &str);
        }

        must(p == in + n);
        free(in);

        must((rc == CONVRELAY_DONE) == s.done);
        must((rc == CONVRELAY_ERROR) == s.failed);
        must(rc == CONVRELAY_AGAIN || s.done != s.failed);
        must(s.max_body == 0 || s.failed || s.done || s.status != 200
             || s.body.len <= s.max_body);
    }

    if (o->ends) {

        do {
            rc = convrelay_llm_stream_end(&s, &str);

            if (rc == CONVRELAY_OK) {
                text(record, &str);
            }

        } while (rc == CONVRELAY_OK);

        must(rc == CONVRELAY_DONE);
        must(convrelay_llm_stream_end(&s, &str) == CONVRELAY_DONE);
    }

    outcome(record, &s, o->ends);
    calls(record, &s);

    convrelay_llm_stream_free(&s);
}


static void
text(record_t *record, const convrelay_str_t *str)
{
    must(str->len);
    must(convrelay_utf8_valid(str->data, str->len) == str->len);
    must(memchr(str->data, '\0', str->len) == NULL);

    add(record, &str->len, sizeof(str->len));
    add(record, str->data, str->len);
}


static void
outcome(record_t *record, const convrelay_llm_stream_t *s, unsigned ends)
{
    unsigned                 flags;
    convrelay_llm_outcome_e  how;

    how = convrelay_llm_outcome(s, ends);

    must(how != CONVRELAY_LLM_COMPLETE || s->spoken);
    must(how != CONVRELAY_LLM_EMPTY || !s->spoken);
    must(how != CONVRELAY_LLM_CALLS || s->ncalls);
    must(how != CONVRELAY_LLM_TRUNCATED || (s->spoken && ends));
    must(!s->failed || how >= CONVRELAY_LLM_FAILED);
    must(s->status == 200 || how >= CONVRELAY_LLM_FAILED);

    must(s->prompt_tokens >= -1);
    must(s->completion_tokens >= -1);
    must(s->cached_tokens >= -1);

    flags = s->done | s->failed << 1 | s->spoken << 2 | s->refusal << 3
            | s->tools << 4;

    add(record, &how, sizeof(how));
    add(record, &flags, sizeof(flags));
    add(record, &s->finish, sizeof(s->finish));
    add(record, &s->prompt_tokens, sizeof(s->prompt_tokens));
    add(record, &s->completion_tokens, sizeof(s->completion_tokens));
    add(record, &s->cached_tokens, sizeof(s->cached_tokens));

    must((s->error != NULL) == (s->failed || s->hint));

    if (s->error) {
        string(record, s->error->code, sizeof(s->error->code));
        string(record, s->error->type, sizeof(s->error->type));
        string(record, s->error->message, sizeof(s->error->message));
    }
}


/* what is to be run: named, and fit to go back */

static void
calls(record_t *record, const convrelay_llm_stream_t *s)
{
    size_t                       i;
    u_char                      *p;
    const char                  *error;
    convrelay_str_t              result, none;
    convrelay_history_t          h;
    convrelay_llm_request_t      r;
    convrelay_llm_message_t     *m;
    const convrelay_llm_call_t  *c;

    must(s->ncalls <= s->max_calls);
    must(s->ncalls == 0
         || convrelay_llm_outcome(s, 1) == CONVRELAY_LLM_CALLS);

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));
    memset(&none, 0, sizeof(none));
    convrelay_str_set(&result, "{}");

    for (i = 0; i < s->ncalls; i++) {
        c = &s->calls[i];

        must(c->id.len && c->name.len && c->arguments.len);

        piece(record, &c->id);
        piece(record, &c->name);
        piece(record, &c->arguments);
        piece(record, &c->extra);

        must(!c->valid || convrelay_json_check(c->arguments.data,
                                               c->arguments.len, &error)
                          == CONVRELAY_OK);

        must(convrelay_history_append_calls(&h, 0, i ? &none : &s->extra, c,
                                            &result, 1)
             == CONVRELAY_OK);
    }

    piece(record, &s->extra);

    must(s->extra.len == 0
         || convrelay_json_check(s->extra.data, s->extra.len, &error)
            == CONVRELAY_OK);

    /* an answer that only speaks */

    m = convrelay_history_message(CONVRELAY_LLM_ASSISTANT, 1);
    must(m);
    m->text[0] = 'a';

    convrelay_history_append(&h, m, 1);
    must(convrelay_history_append_extra(&h, m, 0, &s->extra)
         == CONVRELAY_OK);

    r.messages = h.first;

    p = malloc(convrelay_llm_chat.size(&r));
    must(p);

    i = convrelay_llm_chat.write(p, &r) - p;

    must(i == convrelay_llm_chat.size(&r));
    must(convrelay_json_check(p, i, &error) == CONVRELAY_OK);
    must(convrelay_utf8_valid(p, i) == i);

    free(p);
    convrelay_history_free(&h);
}


static void
piece(record_t *record, const convrelay_str_t *str)
{
    must(str->len == 0
         || convrelay_utf8_valid(str->data, str->len) == str->len);

    add(record, &str->len, sizeof(str->len));
    add(record, str->data, str->len);
}


/* fit for a log line */

static void
string(record_t *record, const char *str, size_t max)
{
    size_t  i, len;

    len = strnlen(str, max);
    must(len < max);
    must(convrelay_utf8_valid((u_char *) str, len) == len);

    for (i = 0; i < len; i++) {
        must((u_char) str[i] >= 0x20 && str[i] != 0x7f);
    }

    add(record, str, len + 1);
}


static void
add(record_t *record, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }

    if (record->size - record->len < len) {
        record->size = 2 * (record->len + len);
        record->data = realloc(record->data, record->size);
        must(record->data);
    }

    memcpy(record->data + record->len, data, len);
    record->len += len;
}
