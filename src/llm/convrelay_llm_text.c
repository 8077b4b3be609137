
/*
 * Copyright (C) convrelay contributors
 *
 * Deltas can be cut anywhere.  The first part of a surrogate pair or a <think>
 * tag is held back until the rest arrives, and then put before the text that
 * follows.
 *
 * Only an answer that begins with <think> is filtered: a tag in its middle
 * is text.
 */


#include "convrelay_llm_parts.h"
#include "convrelay_utf8.h"


enum {
    convrelay_llm_st_before = 0,
    convrelay_llm_st_inside,
    convrelay_llm_st_behind,
    convrelay_llm_st_speech
};


static int convrelay_llm_think(convrelay_llm_stream_t *s,
    convrelay_str_t *text);
static int convrelay_llm_put_back(convrelay_llm_stream_t *s,
    convrelay_str_t *text, const u_char *data, size_t len);
static int convrelay_llm_text_out(convrelay_llm_stream_t *s, int rc,
    const convrelay_str_t *text);


static const convrelay_str_t  convrelay_llm_open =
    convrelay_string("<think>");

static const convrelay_str_t  convrelay_llm_close =
    convrelay_string("</think>");


int
convrelay_llm_text(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    int  rc;

    s->out.len = 0;

    rc = convrelay_llm_halves(&s->halves, &s->out, text);

    if (rc == CONVRELAY_OK && s->think != convrelay_llm_st_speech) {
        rc = convrelay_llm_think(s, text);
    }

    return convrelay_llm_text_out(s, rc, text);
}


int
convrelay_llm_text_end(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    int  rc;

    convrelay_str_set(text, "");

    if (s->halves.surrogate || s->halves.nbytes) {
        s->out.len = 0;
        rc = convrelay_llm_halves_end(&s->halves, &s->out);

        text->data = s->out.data;
        text->len = s->out.len;

        if (rc == CONVRELAY_OK && s->think != convrelay_llm_st_speech) {
            rc = convrelay_llm_think(s, text);
        }

        return convrelay_llm_text_out(s, rc, text);
    }

    if (s->think != convrelay_llm_st_before || s->tag == 0) {
        return CONVRELAY_AGAIN;
    }

    s->out.len = 0;

    rc = convrelay_llm_put_back(s, text, convrelay_llm_open.data, s->tag);

    s->think = convrelay_llm_st_speech;

    return convrelay_llm_text_out(s, rc, text);
}


static int
convrelay_llm_think(convrelay_llm_stream_t *s, convrelay_str_t *text)
{
    u_char     c, *p, *last;
    unsigned   held;

    p = text->data;
    last = p + text->len;
    held = s->tag;

    for ( /* void */ ; p < last; p++) {
        c = *p;

        switch (s->think) {

        case convrelay_llm_st_before:

            if (s->tag == 0 && convrelay_is_space(c)) {
                break;
            }

            if (c != convrelay_llm_open.data[s->tag]) {
                s->think = convrelay_llm_st_speech;

                return held ? convrelay_llm_put_back(s, text,
                                              convrelay_llm_open.data, held)
                            : CONVRELAY_OK;
            }

            if (++s->tag == convrelay_llm_open.len) {
                s->think = convrelay_llm_st_inside;
                s->thought = 1;
                s->tag = 0;
            }

            break;

        case convrelay_llm_st_inside:

            if (c != convrelay_llm_close.data[s->tag]) {
                s->tag = (c == convrelay_llm_close.data[0]);
                break;
            }

            if (++s->tag == convrelay_llm_close.len) {
                s->think = convrelay_llm_st_behind;
            }

            break;

        default: /* convrelay_llm_st_behind */

            if (convrelay_is_space(c)) {
                break;
            }

            s->think = convrelay_llm_st_speech;
            text->data = p;
            text->len = last - p;

            return CONVRELAY_OK;
        }
    }

    if (s->think == convrelay_llm_st_before) {
        text->len -= s->tag - held;

    } else {
        text->len = 0;
    }

    return CONVRELAY_OK;
}


/* once s->out is used, it has the whole text already */

static int
convrelay_llm_put_back(convrelay_llm_stream_t *s, convrelay_str_t *text,
    const u_char *data, size_t len)
{
    int  rc;

    rc = CONVRELAY_OK;

    if (s->out.len == 0) {
        rc = convrelay_llm_buf_append(&s->out, text->data, text->len);
    }

    if (rc == CONVRELAY_OK) {
        rc = convrelay_llm_buf_prepend(&s->out, data, len);
    }

    text->data = s->out.data;
    text->len = s->out.len;

    return rc;
}


static int
convrelay_llm_text_out(convrelay_llm_stream_t *s, int rc,
    const convrelay_str_t *text)
{
    size_t  i;

    if (rc != CONVRELAY_OK) {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
        return CONVRELAY_AGAIN;
    }

    for (i = 0; !s->spoken && i < text->len; i++) {
        s->spoken = !convrelay_is_space(text->data[i]);
    }

    return text->len ? CONVRELAY_OK : CONVRELAY_AGAIN;
}
