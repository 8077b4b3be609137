
/*
 * Copyright (C) convrelay contributors
 *
 * Fillers: phrases that are said while the caller waits for an answer.  A
 * filler is a text of its own between two pieces of the answer, or before the
 * first: it is not in the record of the answer, and reports of it are kept
 * apart from those of the answer, so that the history stays exact.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


/* words of a filler that is spoken to its end: cut in the middle it would
   sound broken, and an answer can wait for it */
#define CONVRELAY_SESSION_FILLER_WORDS  6


struct convrelay_session_filler_s {
    unsigned                 total;       /* in the call */
    unsigned                 said;        /* in the turn, skipped ones
                                             included */
    unsigned                 next;        /* phrase */
    unsigned                 queued:1;    /* it may be being heard */
    unsigned                 preemptible:1;
    uint64_t                 since;       /* ms: the caller was heard last */
    uint64_t                 tokens;      /* s->tokens as the request began */
    uint64_t                 until;       /* ms: it is over, an estimate */
    uint64_t                 end;         /* the same, never too early, or as
                                             it was reported */
    size_t                   at;          /* bytes of the answer before it */
    convrelay_heard_t        heard;       /* of text */
    convrelay_str_t          text;        /* the last one, owned */
    convrelay_str_t          phrase;      /* the next one, owned */
};


static unsigned convrelay_session_filler_run(const convrelay_session_t *s,
    convrelay_tool_run_t **own);
static void convrelay_session_filler_ask(convrelay_session_t *s,
    unsigned number, convrelay_tool_run_t *run, convrelay_actions_t *out);
static void convrelay_session_filler_send(convrelay_session_t *s,
    uint64_t now, convrelay_actions_t *out);
static unsigned convrelay_session_filler_words(const convrelay_str_t *text);
static unsigned convrelay_session_filler_dense(uint32_t cp);
static unsigned convrelay_session_filler_last(const convrelay_session_t *s);


int
convrelay_session_filler_begin(convrelay_session_t *s, uint64_t now)
{
    convrelay_session_filler_t  *f;

    if (s->conf->filler == NULL) {
        return CONVRELAY_OK;
    }

    if (s->filler == NULL) {
        s->filler = calloc(1, sizeof(convrelay_session_filler_t));
        if (s->filler == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    f = s->filler;

    f->said = 0;
    f->since = now;
    f->tokens = s->tokens;

    if (f->until <= now) {
        f->queued = 0;
    }

    return CONVRELAY_OK;
}


void
convrelay_session_filler_stir(convrelay_session_t *s, uint64_t until)
{
    if (s->filler) {
        s->filler->since = until;
    }
}


void
convrelay_session_filler_request(convrelay_session_t *s)
{
    if (s->filler) {
        s->filler->tokens = s->tokens;
    }
}


unsigned
convrelay_session_filler_waits(const convrelay_session_t *s)
{
    if (s->filler == NULL || s->conf->filler == NULL
        || s->state != CONVRELAY_SESSION_OPEN)
    {
        return 0;
    }

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return convrelay_session_tools_waiting(s);
    }

    /* in the middle of a sentence it would be worse than silence */

    return s->filler->tokens == s->tokens
           || convrelay_session_tools_running(s);
}


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

    s->deadlines[CONVRELAY_DEADLINE_SILENCE] = due;
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

    if (s->filler == NULL
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
    u_char                      *p;
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL || s->state != CONVRELAY_SESSION_OPEN
        || !convrelay_has_word(text)
        || (f->said && convrelay_str_equal(text, &f->text)))
    {
        return 0;
    }

    p = malloc(text->len);
    if (p == NULL) {
        convrelay_session_no_memory(s, out);
        return 0;
    }

    memcpy(p, text->data, text->len);

    free(f->phrase.data);

    f->phrase.data = p;
    f->phrase.len = text->len;

    return 1;
}


static void
convrelay_session_filler_send(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    uint64_t                     time;
    convrelay_relay_out_t        m;
    convrelay_session_filler_t  *f;

    f = s->filler;

    free(f->text.data);

    f->text = f->phrase;
    f->phrase.data = NULL;
    f->phrase.len = 0;

    time = CONVRELAY_HEARD_START_MS
           + convrelay_heard_chars(&f->text, 0, f->text.len)
             * CONVRELAY_HEARD_MS_PER_CHAR;

    memset(&f->heard, 0, sizeof(convrelay_heard_t));

    f->total++;
    f->queued = 1;
    f->preemptible = convrelay_session_filler_words(&f->text)
                     > CONVRELAY_SESSION_FILLER_WORDS;
    f->at = convrelay_session_answer_len(s);
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


/* those that blanks separate; where a script has none, two characters are
   one */

static unsigned
convrelay_session_filler_words(const convrelay_str_t *text)
{
    uint32_t       cp;
    unsigned       n, dense, inside;
    const u_char  *p, *last;

    n = 0;
    dense = 0;
    inside = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; /* void */ ) {
        cp = convrelay_utf8_decode(&p, last);

        if (cp <= ' ' || cp == 0xa0 || cp == 0x3000) {
            inside = 0;

        } else if (convrelay_session_filler_dense(cp)) {
            dense++;

        } else if (!inside && convrelay_is_word(cp)) {
            inside = 1;
            n++;
        }
    }

    return n + (dense + 1) / 2;
}


/* Thai to Burmese, Khmer, kana, ideographs */

static unsigned
convrelay_session_filler_dense(uint32_t cp)
{
    return (cp >= 0x0e00 && cp <= 0x0eff) || (cp >= 0x1000 && cp <= 0x109f)
           || (cp >= 0x1780 && cp <= 0x17ff)
           || (cp >= 0x3041 && cp <= 0x30ff)
           || (cp >= 0x3400 && cp <= 0x9fff)
           || (cp >= 0x20000 && cp <= 0x3ffff);
}


unsigned
convrelay_session_fillers(const convrelay_session_t *s)
{
    return s->filler ? s->filler->total : 0;
}


uint64_t
convrelay_session_filler_until(const convrelay_session_t *s)
{
    return (s->filler && s->filler->queued) ? s->filler->end : 0;
}


uint64_t
convrelay_session_filler_spoken(const convrelay_session_t *s, uint64_t now)
{
    const convrelay_session_filler_t  *f;

    f = s->filler;

    return (f && f->queued && f->until > now && f->end > now) ? f->until : 0;
}


uint64_t
convrelay_session_filler_next(convrelay_session_t *s, uint64_t now)
{
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (convrelay_session_filler_spoken(s, now) == 0) {
        return now;
    }

    if (f->preemptible) {
        f->queued = 0;
        f->end = now;

        return now;
    }

    return f->until;
}


void
convrelay_session_filler_first(convrelay_session_t *s)
{
    if (s->filler) {
        s->filler->at = 0;
    }
}


/* Twilio speaks in the order in which it was sent: what was said before the
   filler is reported first, and a report of what was said after it means that
   it is over */

int
convrelay_session_filler_played(convrelay_session_t *s,
    const convrelay_str_t *value)
{
    int                          rc;
    convrelay_str_t              text;
    convrelay_heard_t            before;
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL || !f->queued) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_session_audible(s) && s->answer.heard.played > f->at) {
        f->queued = 0;
        return CONVRELAY_DECLINED;
    }

    if (convrelay_session_audible(s) && f->at) {
        convrelay_session_answer_text(s, &text);
        text.len = f->at;

        if (!convrelay_heard_all(&s->answer.heard, &text)) {
            before = s->answer.heard;

            rc = convrelay_heard_played(&before, &text, value);

            if (rc != CONVRELAY_DECLINED) {
                return (rc == CONVRELAY_OK) ? CONVRELAY_DECLINED : rc;
            }
        }
    }

    return convrelay_heard_played(&f->heard, &f->text, value);
}


int
convrelay_session_filler_all(const convrelay_session_t *s)
{
    if (!convrelay_session_filler_last(s)) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_heard_all(&s->filler->heard, &s->filler->text)
           ? CONVRELAY_OK : CONVRELAY_AGAIN;
}


static unsigned
convrelay_session_filler_last(const convrelay_session_t *s)
{
    return s->filler && s->filler->queued
           && (!convrelay_session_audible(s)
               || s->filler->at == convrelay_session_answer_len(s));
}


void
convrelay_session_filler_heard(convrelay_session_t *s, uint64_t now)
{
    if (s->filler && s->filler->queued && s->filler->end > now) {
        s->filler->end = now;
    }
}


unsigned
convrelay_session_filler_interrupted(const convrelay_session_t *s,
    const convrelay_str_t *utterance, uint64_t now, size_t *heard)
{
    unsigned                           after;
    convrelay_str_t                    text;
    convrelay_heard_t                  h;
    const convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL || !f->queued) {
        return 0;
    }

    *heard = f->at;
    after = 0;

    if (convrelay_session_audible(s)) {
        convrelay_session_answer_text(s, &text);

        after = (text.len > f->at);

        if (after && s->answer.heard.reported
            && s->answer.heard.played > f->at)
        {
            return 0;
        }
    }

    if (!convrelay_has_word(utterance)) {
        return now < f->until;
    }

    memset(&h, 0, sizeof(convrelay_heard_t));

    if (convrelay_heard_played(&h, &f->text, utterance) != CONVRELAY_OK) {
        return 0;
    }

    if (!after || now < f->until) {
        return 1;
    }

    /* the same words are in what was said after it, and by now they are more
       likely to be those */

    memset(&h, 0, sizeof(convrelay_heard_t));

    h.played = f->at;

    return convrelay_heard_played(&h, &text, utterance) != CONVRELAY_OK;
}


unsigned
convrelay_session_filler_cut(convrelay_session_t *s, uint64_t now)
{
    if (s->filler == NULL || !s->filler->queued) {
        return 0;
    }

    s->filler->queued = 0;
    s->filler->end = now;

    return 1;
}


void
convrelay_session_filler_over(convrelay_session_t *s)
{
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL) {
        return;
    }

    free(f->text.data);
    free(f->phrase.data);

    f->text.data = NULL;
    f->text.len = 0;
    f->phrase.data = NULL;
    f->phrase.len = 0;
    f->queued = 0;
}


void
convrelay_session_filler_free(convrelay_session_t *s)
{
    convrelay_session_filler_over(s);

    free(s->filler);

    s->filler = NULL;
}
