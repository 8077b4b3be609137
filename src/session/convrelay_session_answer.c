
/*
 * Copyright (C) convrelay contributors
 *
 * The record of the answer that the caller hears, and how far it is spoken: as
 * reported, or, without reports, as estimated.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


static int convrelay_session_answer_reserve(convrelay_session_t *s,
    size_t len);
static void convrelay_session_answer_shrink(convrelay_session_t *s, size_t len);
static void convrelay_session_answer_free_whole(convrelay_answer_whole_t *w);
static int convrelay_session_answer_begin_whole(convrelay_answer_t *a);
static int convrelay_session_answer_whole(convrelay_answer_whole_t *w,
    const convrelay_str_t *text);
static int convrelay_session_answer_words(convrelay_session_t *s,
    const convrelay_spoken_t *text);
static void convrelay_session_answer_store_part(convrelay_session_t *s,
    convrelay_answer_part_t *part, size_t len);
static uint64_t convrelay_session_error_time(const convrelay_session_t *s);


void
convrelay_session_answer_reset(convrelay_session_t *s,
    convrelay_answer_e state, uint64_t now)
{
    convrelay_answer_t  *a;

    a = &s->answer;

    if (a->whole) {
        convrelay_session_answer_free_whole(a->whole);
    }

    if (a->message) {
        a->message->pinned = 0;

        if (a->message->listed) {
            convrelay_session_answer_shrink(s, a->message->len);

        } else {
            free(a->message);
        }
    }

    memset(a, 0, sizeof(convrelay_answer_t));

    a->state = state;
    a->asked = (state == CONVRELAY_ANSWER_RUNNING);
    a->started = convrelay_session_time(s, now);

    if (convrelay_session_audible(s)) {
        a->started =
            convrelay_session_time(s, convrelay_session_filler_next(s, now));
        convrelay_session_filler_first(s);
    }

    s->repeat_until = 0;
}


static void
convrelay_session_answer_free_whole(convrelay_answer_whole_t *w)
{
    unsigned  i;

    for (i = 0; i < w->nparts; i++) {
        w->parts[i].message->pinned = 0;

        if (!w->parts[i].message->listed) {
            free(w->parts[i].message);
        }
    }

    free(w->parts);
    free(w->text);
    free(w->words);
    free(w);
}


int
convrelay_session_answer_add(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    convrelay_spoken_t  spoken;

    spoken.written = *text;
    spoken.spoken = *text;
    spoken.words = NULL;
    spoken.nwords = 0;

    return convrelay_session_answer_add_spoken(s, &spoken);
}


int
convrelay_session_answer_add_spoken(convrelay_session_t *s,
    const convrelay_spoken_t *text)
{
    size_t               len;
    convrelay_answer_t  *a;

    a = &s->answer;
    len = text->written.len;

    if (text->nwords
        && convrelay_session_answer_words(s, text) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (a->whole
        && convrelay_session_answer_whole(a->whole, &text->spoken)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if ((a->message == NULL || len > a->size - a->len)
        && convrelay_session_answer_reserve(s, len) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    memcpy(a->message->text + a->len, text->written.data, len);
    a->len += len;

    s->silence.heard_at = 0;

    return CONVRELAY_OK;
}


/* notes where words were replaced in text, which comes next */

static int
convrelay_session_answer_words(convrelay_session_t *s,
    const convrelay_spoken_t *text)
{
    size_t                     i, size;
    convrelay_answer_t        *a;
    convrelay_replaced_t      *word;
    convrelay_answer_whole_t  *w;

    a = &s->answer;

    if (a->whole == NULL
        && convrelay_session_answer_begin_whole(a) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    w = a->whole;

    if (text->nwords > w->words_size - w->nwords) {
        size = w->nwords + w->nwords / 2 + text->nwords + 4;

        word = realloc(w->words, size * sizeof(convrelay_replaced_t));
        if (word == NULL) {
            return CONVRELAY_ERROR;
        }

        w->words = word;
        w->words_size = size;
    }

    for (i = 0; i < text->nwords; i++) {
        word = &w->words[w->nwords++];

        *word = text->words[i];
        word->from += convrelay_session_answer_len(s);
        word->spoken += w->len;
    }

    return CONVRELAY_OK;
}


void
convrelay_session_answer_end(convrelay_session_t *s)
{
    s->answer.state = CONVRELAY_ANSWER_ENDED;

    if (s->answer.message) {
        convrelay_session_answer_shrink(s, s->answer.len);
    }

    convrelay_session_answer_store(s, convrelay_session_answer_len(s));
}


int
convrelay_session_answer_extra(convrelay_session_t *s,
    const convrelay_str_t *extra)
{
    convrelay_answer_t  *a;

    a = &s->answer;

    if (a->altered || a->stored == 0) {
        return CONVRELAY_OK;
    }

    return convrelay_history_append_extra(&s->history, a->message, s->llm,
                                          extra);
}


int
convrelay_session_answer_part(convrelay_session_t *s)
{
    convrelay_answer_t        *a;
    convrelay_answer_part_t   *parts;
    convrelay_answer_whole_t  *w;

    a = &s->answer;

    if (a->message == NULL) {
        return CONVRELAY_OK;
    }

    if (a->whole == NULL
        && convrelay_session_answer_begin_whole(a) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    w = a->whole;

    parts = realloc(w->parts,
                    (w->nparts + 1) * sizeof(convrelay_answer_part_t));
    if (parts == NULL) {
        return CONVRELAY_ERROR;
    }

    w->parts = parts;

    convrelay_session_answer_shrink(s, a->len);
    convrelay_session_answer_store(s, convrelay_session_answer_len(s));

    parts[w->nparts].message = a->message;
    parts[w->nparts].from = a->base;
    parts[w->nparts].len = a->len;
    parts[w->nparts].stored = a->stored;
    w->nparts++;

    a->base += a->len;
    a->message = NULL;
    a->altered = 0;
    a->len = 0;
    a->size = 0;
    a->stored = 0;

    return CONVRELAY_OK;
}


/* so far, the text as sent is that of message, if there is one */

static int
convrelay_session_answer_begin_whole(convrelay_answer_t *a)
{
    convrelay_str_t            text;
    convrelay_answer_whole_t  *w;

    w = calloc(1, sizeof(convrelay_answer_whole_t));
    if (w == NULL) {
        return CONVRELAY_ERROR;
    }

    if (a->message) {
        text.data = a->message->text;
        text.len = a->len;

        if (convrelay_session_answer_whole(w, &text) != CONVRELAY_OK) {
            free(w);
            return CONVRELAY_ERROR;
        }
    }

    a->whole = w;

    return CONVRELAY_OK;
}


/* appends text to that of w */

static int
convrelay_session_answer_whole(convrelay_answer_whole_t *w,
    const convrelay_str_t *text)
{
    size_t   len, size;
    u_char  *p;

    len = w->len;

    if (text->len > w->size - len) {
        size = len + text->len + (len + text->len) / 2 + 128;

        p = realloc(w->text, size);
        if (p == NULL) {
            return CONVRELAY_ERROR;
        }

        w->text = p;
        w->size = size;
    }

    memcpy(w->text + len, text->data, text->len);
    w->len += text->len;

    return CONVRELAY_OK;
}


int
convrelay_session_answer_gap(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out)
{
    convrelay_answer_t  *a;

    static const convrelay_str_t  blank = convrelay_string(" ");

    a = &s->answer;

    if (a->len || a->base == 0 || a->whole->text[a->whole->len - 1] <= ' '
        || text->data[0] <= ' ')
    {
        return CONVRELAY_OK;
    }

    if (convrelay_session_answer_whole(a->whole, &blank) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    a->base++;

    if (a->state != CONVRELAY_ANSWER_PAUSED) {
        convrelay_session_text(out, &blank);
    }

    return CONVRELAY_OK;
}


static int
convrelay_session_answer_reserve(convrelay_session_t *s, size_t len)
{
    size_t                    need, size;
    convrelay_answer_t       *a;
    convrelay_llm_message_t  *m;

    a = &s->answer;

    need = a->len + len;
    size = need + need / 2 + 128;

    if (size > CONVRELAY_LLM_MAX_MESSAGE_TEXT) {
        size = need;
    }

    if (a->message) {
        m = convrelay_history_move(&s->history, a->message, a->len, size);

    } else {
        m = convrelay_history_message(CONVRELAY_LLM_ASSISTANT, size);
    }

    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    m->pinned = 1;

    a->message = m;
    a->size = size;

    return CONVRELAY_OK;
}


/* frees the room that the text does not need; without memory it stays */

static void
convrelay_session_answer_shrink(convrelay_session_t *s, size_t len)
{
    convrelay_answer_t       *a;
    convrelay_llm_message_t  *m;

    a = &s->answer;

    if (a->size == len) {
        return;
    }

    m = convrelay_history_move(&s->history, a->message, len, len);

    if (m) {
        a->message = m;
        a->size = len;
    }
}


void
convrelay_session_answer_text(const convrelay_session_t *s,
    convrelay_str_t *text)
{
    text->len = convrelay_session_answer_sent(s);
    text->data = s->answer.whole ? s->answer.whole->text
                 : s->answer.message ? s->answer.message->text : NULL;
}


size_t
convrelay_session_answer_sent(const convrelay_session_t *s)
{
    return s->answer.whole ? s->answer.whole->len
                           : convrelay_session_answer_len(s);
}


size_t
convrelay_session_answer_written(const convrelay_session_t *s, size_t heard)
{
    return s->answer.whole
           ? convrelay_spoken_written(s->answer.whole->words,
                                      s->answer.whole->nwords, heard)
           : heard;
}


void
convrelay_session_answer_store(convrelay_session_t *s, size_t len)
{
    size_t               total;
    unsigned             i, blank;
    convrelay_answer_t  *a;

    a = &s->answer;
    total = convrelay_session_answer_len(s) - a->unstored;

    if (len > total) {
        len = total;
    }

    for (i = 0; a->whole && i < a->whole->nparts; i++) {
        convrelay_session_answer_store_part(s, &a->whole->parts[i], len);
    }

    if (a->message == NULL) {
        return;
    }

    len = (len > a->base) ? len - a->base : 0;

    blank = convrelay_session_blank(a->message->text, len);

    if (a->stored == 0) {

        if (blank) {
            return;
        }

        convrelay_history_append(&s->history, a->message, len);
        a->message->cut = a->cut;
        s->version++;

    } else if (a->message->listed
               && (len != a->stored || a->cut != a->message->cut))
    {
        if (blank) {
            convrelay_history_remove(&s->history, a->message);

        } else {
            convrelay_history_set(&s->history, a->message, len);
            a->message->cut = a->cut;
        }

        s->version++;
    }

    a->stored = len;
}


/* a part is only cut, never extended; len: bytes of the answer */

static void
convrelay_session_answer_store_part(convrelay_session_t *s,
    convrelay_answer_part_t *part, size_t len)
{
    len = (len > part->from) ? len - part->from : 0;

    if (len >= part->stored || !part->message->listed) {
        return;
    }

    if (convrelay_session_blank(part->message->text, len)) {
        convrelay_history_remove(&s->history, part->message);

    } else {
        convrelay_history_set(&s->history, part->message, len);
        part->message->cut = s->answer.cut;
    }

    part->stored = len;
    s->version++;
}


unsigned
convrelay_session_blank(const u_char *p, size_t len)
{
    while (len && *p <= ' ') {
        p++;
        len--;
    }

    return (len == 0);
}


uint64_t
convrelay_session_spoken_until(const convrelay_session_t *s)
{
    convrelay_str_t  text;

    if (!convrelay_session_audible(s)) {
        return 0;
    }

    convrelay_session_answer_text(s, &text);

    return convrelay_session_ms(s, s->answer.started) + CONVRELAY_HEARD_START_MS
           + convrelay_heard_chars(&text, 0, text.len)
             * CONVRELAY_HEARD_MS_PER_CHAR
           + (s->answer.error_spoken ? convrelay_session_error_time(s) : 0);
}


static uint64_t
convrelay_session_error_time(const convrelay_session_t *s)
{
    const convrelay_str_t  *phrase;

    phrase = &s->conf->error_message;

    return convrelay_heard_chars(phrase, 0, phrase->len)
           * CONVRELAY_HEARD_MS_PER_CHAR;
}


void
convrelay_session_continue(convrelay_session_t *s, uint64_t now)
{
    uint64_t             spoken;
    convrelay_answer_t  *a;

    a = &s->answer;

    spoken = convrelay_session_spoken_until(s);
    now = convrelay_session_filler_next(s, now);

    if (spoken < now) {
        a->started += now - spoken;
    }

    if (a->error_spoken) {
        a->started += convrelay_session_error_time(s);
        a->error_spoken = 0;
    }
}


int
convrelay_session_heard_all(const convrelay_session_t *s)
{
    convrelay_str_t  text;

    /* the error message is not in the answer's text, so its reports do not
       count */

    if (s->answer.error_spoken) {
        return 0;
    }

    convrelay_session_answer_text(s, &text);

    return convrelay_heard_all(&s->answer.heard, &text);
}


uint64_t
convrelay_session_unheard_until(const convrelay_session_t *s, uint64_t now)
{
    uint64_t  spoken, filler;

    spoken = convrelay_session_heard_all(s)
             ? 0 : convrelay_session_spoken_until(s);
    filler = convrelay_session_filler_spoken(s, now);

    return (spoken < filler) ? filler : spoken;
}


unsigned
convrelay_session_audible(const convrelay_session_t *s)
{
    return s->answer.state == CONVRELAY_ANSWER_RUNNING
           || s->answer.state == CONVRELAY_ANSWER_ENDED;
}
