
/*
 * Copyright (C) convrelay contributors
 *
 * Decides when a filler is said, and which one.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"
#include "convrelay_session_filler.h"
#include "convrelay_word.h"


/* words of a filler that is spoken to its end: cut in the middle it would
   sound broken, and an answer can wait for it */
#define CONVRELAY_SESSION_FILLER_WORDS  6


static unsigned convrelay_session_filler_run(const convrelay_session_t *s,
    convrelay_tool_run_t **own);
static void convrelay_session_filler_ask(convrelay_session_t *s,
    unsigned number, convrelay_tool_run_t *run, convrelay_actions_t *out);
static int convrelay_session_filler_phrase(convrelay_session_filler_t *f,
    const convrelay_str_t *text);
static void convrelay_session_filler_send(convrelay_session_t *s,
    uint64_t now, convrelay_actions_t *out);
static void convrelay_session_filler_speak(convrelay_session_t *s, size_t at,
    uint64_t now, convrelay_actions_t *out);


void
convrelay_session_filler_wait(convrelay_session_t *s)
{
    uint64_t                                from, due;
    convrelay_tool_run_t                   *run;
    convrelay_session_filler_t             *f;
    const convrelay_session_filler_conf_t  *conf;

    f = s->filler;

    if (!convrelay_session_filler_waits(s)
        || f->said >= s->conf->filler->max
        || !convrelay_session_is_quiet(s)
        || !convrelay_session_filler_run(s, &run))
    {
        return;
    }

    conf = s->conf->filler;
    from = convrelay_session_words_until(s);

    if (from < f->since) {
        from = f->since;
    }

    due = from + conf->time;

    if (f->said && due < f->end + conf->again) {
        due = f->end + conf->again;
    }

    s->deadlines[CONVRELAY_DEADLINE_SILENCE] = convrelay_session_time(s, due);
}


/* false where a tool runs whose time nothing is to be said in; *own: a tool
   that runs, and has a phrase of its own, or NULL */

static unsigned
convrelay_session_filler_run(const convrelay_session_t *s,
    convrelay_tool_run_t **own)
{
    unsigned               mute, others;
    convrelay_tool_run_t  *run;

    *own = NULL;

    mute = 0;
    others = 0;

    for (run = s->tools ? s->tools->runs : NULL; run; run = run->next) {

        if (run->late || run->acts || run->same) {
            continue;
        }

        if (run->tool->filler) {
            *own = *own ? *own : run;

        } else if (run->tool->mute) {
            mute = 1;

        } else {
            others = 1;
        }
    }

    return *own || others || !mute;
}


void
convrelay_session_filler_hello(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_tool_run_t  *run;

    if (s->filler == NULL || s->conf->filler == NULL
        || (!convrelay_session_filler_waits(s)
            && !convrelay_session_tools_unheard(s))
        || s->filler->said >= s->conf->filler->max
        || convrelay_session_words_until(s) > now
        || !convrelay_session_is_quiet(s)
        || !convrelay_session_filler_run(s, &run))
    {
        return;
    }

    convrelay_session_filler_clock(s, now, out);
}


void
convrelay_session_filler_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned                     i, n;
    convrelay_tool_run_t        *run;
    convrelay_session_filler_t  *f;

    f = s->filler;
    n = s->conf->filler->nphrases;

    (void) convrelay_session_filler_run(s, &run);

    if (run) {
        convrelay_session_filler_ask(s, 0, run, out);
    }

    for (i = 0; i < n && f->phrase.len == 0; i++) {

        if (s->state != CONVRELAY_SESSION_OPEN) {
            return;
        }

        convrelay_session_filler_ask(s, f->next++ % n, NULL, out);
    }

    if (s->state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    f->said++;
    f->end = now;

    if (f->phrase.len) {
        convrelay_session_filler_send(s, now, out);
    }
}


static void
convrelay_session_filler_ask(convrelay_session_t *s, unsigned number,
    convrelay_tool_run_t *run, convrelay_actions_t *out)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_FILLER;
    a.code = number;
    a.run = run;

    out->act(out, &a);
}


unsigned
convrelay_session_phrase(convrelay_session_t *s, const convrelay_str_t *text,
    convrelay_actions_t *out)
{
    int                    rc;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  pronounce;

    static const convrelay_str_t  none = convrelay_null_string;

    if (s->filler == NULL || s->state != CONVRELAY_SESSION_OPEN
        || !convrelay_has_word(text))
    {
        return 0;
    }

    rc = convrelay_session_respell(s, &pronounce, text, &none, &spoken);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_session_filler_phrase(s->filler, &spoken.spoken);
    }

    convrelay_pronounce_free(&pronounce);

    if (rc == CONVRELAY_ERROR) {
        convrelay_session_no_memory(s, out);
    }

    return (rc == CONVRELAY_OK);
}


/* CONVRELAY_OK; CONVRELAY_DECLINED: it was the last one, too;
   CONVRELAY_ERROR */

static int
convrelay_session_filler_phrase(convrelay_session_filler_t *f,
    const convrelay_str_t *text)
{
    u_char  *p;

    if (f->said && convrelay_str_equal(text, &f->text)) {
        return CONVRELAY_DECLINED;
    }

    p = malloc(text->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, text->data, text->len);

    free(f->phrase.data);

    f->phrase.data = p;
    f->phrase.len = text->len;

    return CONVRELAY_OK;
}


static void
convrelay_session_filler_send(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_filler_t  *f;

    f = s->filler;

    free(f->text.data);

    f->text = f->phrase;
    f->phrase.data = NULL;
    f->phrase.len = 0;

    f->total++;
    f->preemptible = convrelay_word_count(&f->text)
                     > CONVRELAY_SESSION_FILLER_WORDS;

    convrelay_session_filler_speak(s, convrelay_session_answer_sent(s), now,
                                   out);
}


int
convrelay_session_filler_lead(convrelay_session_t *s,
    const convrelay_str_t *text, size_t at, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_filler_t  *f;

    if (s->filler == NULL) {
        s->filler = calloc(1, sizeof(convrelay_session_filler_t));
        if (s->filler == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    f = s->filler;

    free(f->text.data);

    f->text = *text;
    f->preemptible = 0;

    convrelay_session_filler_speak(s, at, now, out);

    return CONVRELAY_OK;
}


/* at: bytes of the answer before it */

static void
convrelay_session_filler_speak(convrelay_session_t *s, size_t at, uint64_t now,
    convrelay_actions_t *out)
{
    uint64_t                     time;
    convrelay_relay_out_t        m;
    convrelay_session_filler_t  *f;

    f = s->filler;

    time = CONVRELAY_HEARD_START_MS
           + convrelay_heard_chars(&f->text, 0, f->text.len)
             * CONVRELAY_HEARD_MS_PER_CHAR;

    memset(&f->heard, 0, sizeof(convrelay_heard_t));

    f->queued = 1;
    f->at = at;
    f->until = now + time;
    f->end = now + convrelay_playback_time(&s->playback, time);

    s->silence.heard_at = 0;

    convrelay_playback_text(&s->playback);

    memset(&m, 0, sizeof(convrelay_relay_out_t));

    m.type = CONVRELAY_RELAY_OUT_TEXT;
    m.text = f->text;
    m.last = 1;
    m.preemptible = f->preemptible ? CONVRELAY_RELAY_TRUE
                                   : CONVRELAY_RELAY_FALSE;

    convrelay_session_send(out, &m);
}
