
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_voice.h"


static size_t convrelay_caller_voice_next(const convrelay_caller_voice_t *v);
static void convrelay_caller_voice_speak(convrelay_caller_voice_t *v,
    int64_t now, unsigned at_once);


void
convrelay_caller_voice_reset(convrelay_caller_voice_t *v)
{
    convrelay_caller_buf_reset(&v->text);

    v->spoken = 0;
    v->chars = 0;
    v->shown = 0;
    v->limit = 0;
    v->clause = 0;
    v->clause_at = 0;
    v->clock = 0;
    v->last = 0;
    v->silent = 0;
}


void
convrelay_caller_voice_free(convrelay_caller_voice_t *v)
{
    convrelay_caller_buf_free(&v->text);
}


void
convrelay_caller_voice_add(convrelay_caller_voice_t *v, int64_t now,
    const void *data, size_t len)
{
    if (v->silent || len == 0) {
        return;
    }

    if (v->text.len == 0) {
        v->clock = now + v->start;
        v->clause_at = v->clock;

    } else if (v->spoken == v->text.len && v->clock < now) {
        v->clock = now;
    }

    convrelay_caller_buf_add(&v->text, data, len);
}


void
convrelay_caller_voice_advance(convrelay_caller_voice_t *v, int64_t now)
{
    convrelay_caller_voice_speak(v, now, 0);
}


void
convrelay_caller_voice_finish(convrelay_caller_voice_t *v, int64_t now)
{
    v->limit = 0;
    convrelay_caller_voice_speak(v, now, 1);
}


static void
convrelay_caller_voice_speak(convrelay_caller_voice_t *v, int64_t now,
    unsigned at_once)
{
    size_t  next;

    if (v->silent) {
        return;
    }

    while (v->spoken < v->text.len) {

        if (v->limit && v->chars == v->limit) {
            return;
        }

        if (!at_once && v->clock + v->pace > now) {
            return;
        }

        next = convrelay_caller_voice_next(v);

        if (next == 0) {
            return;
        }

        if (!at_once) {
            v->clock += v->pace;
        }

        v->spoken += next;
        v->chars++;
    }

    if (at_once && v->clock < now) {
        v->clock = now;
    }
}


/* length of the next character, 0 if it has not arrived whole */

static size_t
convrelay_caller_voice_next(const convrelay_caller_voice_t *v)
{
    size_t  n;
    u_char  ch;

    ch = v->text.data[v->spoken];
    n = (ch >= 0xf0) ? 4 : (ch >= 0xe0) ? 3 : (ch >= 0xc0) ? 2 : 1;

    if (v->text.len - v->spoken < n) {
        return v->last ? v->text.len - v->spoken : 0;
    }

    return n;
}


int
convrelay_caller_voice_clause(convrelay_caller_voice_t *v,
    convrelay_str_t *clause)
{
    size_t  end;

    if (v->silent) {
        return CONVRELAY_AGAIN;
    }

    end = convrelay_caller_clause(v->text.data, v->text.len, v->clause,
                                  v->last);

    if (end == 0 || end > v->spoken) {
        return CONVRELAY_AGAIN;
    }

    clause->data = (u_char *) v->text.data + v->clause;
    clause->len = end - v->clause;

    v->clause = end;
    v->clause_at = v->clock;

    return CONVRELAY_OK;
}


void
convrelay_caller_voice_cut(convrelay_caller_voice_t *v, int64_t now,
    convrelay_str_t *fragment, int64_t *duration)
{
    fragment->data = (u_char *) v->text.data + v->clause;
    fragment->len = v->spoken - v->clause;

    convrelay_str_trim(fragment);

    *duration = (now > v->clause_at) ? now - v->clause_at : 0;

    v->silent = 1;
}


int
convrelay_caller_voice_done(const convrelay_caller_voice_t *v)
{
    return v->silent || (v->last && v->spoken == v->text.len);
}


int64_t
convrelay_caller_voice_due(const convrelay_caller_voice_t *v)
{
    if (v->silent || v->spoken == v->text.len
        || (v->limit && v->chars == v->limit))
    {
        return -1;
    }

    return v->clock + v->pace;
}


size_t
convrelay_caller_clause(const char *text, size_t len, size_t from,
    unsigned last)
{
    size_t  i;

    for (i = from; i + 1 < len; i++) {

        if (strchr(",:;.?!", text[i]) && convrelay_is_space(text[i + 1]))
        {
            return i + 1;
        }
    }

    return (last && from < len) ? len : 0;
}
