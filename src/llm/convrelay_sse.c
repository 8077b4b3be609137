
/*
 * Copyright (C) convrelay contributors
 *
 * A line that is complete in the input is read in place, and a data line stays
 * there as the event's data: in the normal case, a data line and a blank line
 * in one read, nothing is copied.  A line or an event that is unfinished at the
 * end of the input is copied.
 */


#include "convrelay_sse.h"


/* bytes that are searched for LF and then for CR before going further */
#define CONVRELAY_SSE_WINDOW  512


static u_char *convrelay_sse_line_end(u_char *p, u_char *last);
static int convrelay_sse_line(convrelay_sse_t *s,
    const convrelay_str_t *line, convrelay_sse_event_t *ev);
static void convrelay_sse_type(convrelay_sse_t *s,
    const convrelay_str_t *value);
static int convrelay_sse_data(convrelay_sse_t *s,
    const convrelay_str_t *value);
static int convrelay_sse_keep(convrelay_sse_t *s);
static int convrelay_sse_dispatch(convrelay_sse_t *s,
    convrelay_sse_event_t *ev);


int
convrelay_sse_read(convrelay_sse_t *s, u_char **pos, u_char *last,
    convrelay_sse_event_t *ev)
{
    int               rc;
    u_char           *p, *end;
    convrelay_str_t   line;

    p = *pos;

    while (p < last) {

        if (s->skip_lf) {
            s->skip_lf = 0;

            if (*p == '\n') {
                p++;
                continue;
            }
        }

        end = convrelay_sse_line_end(p, last);

        line.data = p;
        line.len = end - p;

        if (line.len > s->max_line - s->line.len) {
            return CONVRELAY_DECLINED;
        }

        if (end == last) {

            if (convrelay_sse_keep(s) != CONVRELAY_OK
                || convrelay_llm_buf_append(&s->line, p, line.len)
                   != CONVRELAY_OK)
            {
                return CONVRELAY_ERROR;
            }

            *pos = last;

            return CONVRELAY_AGAIN;
        }

        if (s->line.len) {

            if (convrelay_llm_buf_append(&s->line, p, line.len)
                != CONVRELAY_OK)
            {
                return CONVRELAY_ERROR;
            }

            line.data = s->line.data;
            line.len = s->line.len;

            s->line.len = 0;
        }

        s->skip_lf = (*end == '\r');

        p = end + 1;
        *pos = p;

        rc = convrelay_sse_line(s, &line, ev);

        if (rc != CONVRELAY_AGAIN) {
            return rc;
        }
    }

    *pos = p;

    if (convrelay_sse_keep(s) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_AGAIN;
}


int
convrelay_sse_end(convrelay_sse_t *s, convrelay_sse_event_t *ev)
{
    int              rc;
    convrelay_str_t  line;

    if (s->line.len) {
        line.data = s->line.data;
        line.len = s->line.len;

        s->line.len = 0;

        rc = convrelay_sse_line(s, &line, ev);

        if (rc != CONVRELAY_AGAIN) {
            return CONVRELAY_DONE;
        }
    }

    rc = convrelay_sse_dispatch(s, ev);

    return (rc == CONVRELAY_OK) ? CONVRELAY_OK : CONVRELAY_DONE;
}


void
convrelay_sse_free(convrelay_sse_t *s)
{
    convrelay_llm_buf_free(&s->line);
    convrelay_llm_buf_free(&s->data);
}


/*
 * Neither kind of line end is searched for far past the other: otherwise a
 * stream that uses only one of them would be searched to its end for each line.
 * There is at least one byte.
 */

static u_char *
convrelay_sse_line_end(u_char *p, u_char *last)
{
    u_char  *lf, *cr, *end;

    /* half of all lines are empty */

    if (*p == '\n' || *p == '\r') {
        return p;
    }

    for ( /* void */ ; p < last; p = end) {

        end = last;

        if (last - p > CONVRELAY_SSE_WINDOW) {
            end = p + CONVRELAY_SSE_WINDOW;
        }

        lf = memchr(p, '\n', end - p);
        cr = memchr(p, '\r', (lf ? lf : end) - p);

        if (cr || lf) {
            return cr ? cr : lf;
        }
    }

    return last;
}


/* returns CONVRELAY_AGAIN if the line did not complete an event */

static int
convrelay_sse_line(convrelay_sse_t *s, const convrelay_str_t *line,
    convrelay_sse_event_t *ev)
{
    u_char           *colon;
    convrelay_str_t   name, value;

    if (line->len == 0) {
        return convrelay_sse_dispatch(s, ev);
    }

    name = *line;

    value.data = line->data + line->len;
    value.len = 0;

    colon = memchr(line->data, ':', line->len);

    if (colon) {
        name.len = colon - line->data;

        value.len = line->len - name.len - 1;
        value.data = colon + 1;

        if (value.len && value.data[0] == ' ') {
            value.len--;
            value.data++;
        }
    }

    if (!convrelay_str_eq(&name, "data")) {

        if (convrelay_str_eq(&name, "event")) {
            s->error = convrelay_str_eq(&value, "error");
            convrelay_sse_type(s, &value);
        }

        /* llama-box breaks off a stream with "error: {...}" */

        if (!convrelay_str_eq(&name, "error") || value.len == 0
            || s->has_data)
        {
            return CONVRELAY_AGAIN;
        }

        s->error = 1;
    }

    return convrelay_sse_data(s, &value);
}


static void
convrelay_sse_type(convrelay_sse_t *s, const convrelay_str_t *value)
{
    s->type_len = value->len;

    if (s->type_len > CONVRELAY_SSE_MAX_TYPE) {
        s->type_len = CONVRELAY_SSE_MAX_TYPE;
    }

    memcpy(s->type, value->data, s->type_len);
}


static int
convrelay_sse_data(convrelay_sse_t *s, const convrelay_str_t *value)
{
    if (!s->has_data) {
        s->has_data = 1;
        s->pending = *value;

        return CONVRELAY_AGAIN;
    }

    if (convrelay_sse_keep(s) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (value->len + 1 > s->max_line - s->data.len) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_llm_buf_append(&s->data, (u_char *) "\n", 1)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (convrelay_llm_buf_append(&s->data, value->data, value->len)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_AGAIN;
}


/*
 * Moves the pending data line into the event buffer, because the input or the
 * line buffer in which it lies is about to go.
 */

static int
convrelay_sse_keep(convrelay_sse_t *s)
{
    if (s->pending.data == NULL) {
        return CONVRELAY_OK;
    }

    if (convrelay_llm_buf_append(&s->data, s->pending.data, s->pending.len)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    s->pending.data = NULL;

    return CONVRELAY_OK;
}


static int
convrelay_sse_dispatch(convrelay_sse_t *s, convrelay_sse_event_t *ev)
{
    ev->error = s->error;
    ev->type.data = s->type;
    ev->type.len = s->type_len;

    if (s->pending.data) {
        ev->data = s->pending;

    } else {
        ev->data.data = s->data.data;
        ev->data.len = s->data.len;
    }

    s->pending.data = NULL;
    s->data.len = 0;
    s->has_data = 0;
    s->type_len = 0;
    s->error = 0;

    return ev->data.len ? CONVRELAY_OK : CONVRELAY_AGAIN;
}
