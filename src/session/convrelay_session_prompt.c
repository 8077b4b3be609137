
/*
 * Copyright (C) convrelay contributors
 *
 * What the caller says.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_filler.h"
#include "convrelay_presence.h"
#include "convrelay_word.h"


/* ms within which a final prompt may be reported again */
#define CONVRELAY_SESSION_REPEAT_TIME  1000

/* words of a prompt that is none; a longer one says something */
#define CONVRELAY_SESSION_BACKCHANNEL  3


static void convrelay_session_prompt_taken(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out);
static unsigned convrelay_session_backchannel(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
static unsigned convrelay_session_asks(const convrelay_session_t *s,
    uint64_t now);
static int convrelay_session_prompt_pause(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out);
static int convrelay_session_prompt_before(convrelay_session_t *s,
    uint64_t now);
static unsigned convrelay_session_only_presence(const convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt);
static unsigned convrelay_session_repeated(const convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now);


void
convrelay_session_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->state == CONVRELAY_SESSION_NEW) {
        convrelay_session_note(out, CONVRELAY_LOG_INFO,
                               "client sent prompt before setup", NULL);
        return;
    }

    if ((s->state != CONVRELAY_SESSION_OPEN
         && !convrelay_session_tools_goodbye(s))
        || !convrelay_has_word(&prompt->voice_prompt))
    {
        return;
    }

    convrelay_session_stir(s, now);

    if (!prompt->last) {
        convrelay_session_words(s, now);
        convrelay_session_filler_stir(s, now + CONVRELAY_SESSION_WORDS_TIME);
        return;
    }

    if (convrelay_session_repeated(s, &prompt->voice_prompt, now)
        || convrelay_session_replayed(s, &prompt->voice_prompt, now))
    {
        return;
    }

    s->silence.idle_since = convrelay_session_time(s, now);

    if (s->conf->nbackchannels
        && convrelay_session_backchannel(s, &prompt->voice_prompt, now, out))
    {
        return;
    }

    if (convrelay_session_paused(s)
        && convrelay_session_prompt_pause(s, prompt, now, out)
           != CONVRELAY_OK)
    {
        return;
    }

    if (convrelay_session_only_presence(s, prompt)) {
        convrelay_session_filler_hello(s, now, out);

        if (s->state == CONVRELAY_SESSION_OPEN
            && s->turn == CONVRELAY_TURN_IDLE)
        {
            convrelay_session_tools_resume(s, now, out);

        } else if (s->state == CONVRELAY_SESSION_OPEN
                   && s->hellos < CONVRELAY_SESSION_HELLOS
                   && ++s->hellos == CONVRELAY_SESSION_HELLOS)
        {
            convrelay_session_hedge_now(s, now, out);
        }

        return;
    }

    convrelay_session_prompt_taken(s, prompt, now, out);
}


/* what the caller said is a prompt */

static void
convrelay_session_prompt_taken(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out)
{
    if (convrelay_session_count_turn(s, now, out) != CONVRELAY_OK) {
        return;
    }

    s->question_cut = 0;

    /* the caller talks, so the entry of keys is over: a pause would end in the
       middle of the answer */

    if (convrelay_keys_prompt(&s->keys)) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now, 0);
    }

    /* the sent part of a running answer will be spoken: all of it is kept */

    convrelay_session_cut_short(s);
    convrelay_session_cancel(s, out);

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    if (s->state != CONVRELAY_SESSION_OPEN
        && convrelay_session_tools_take_back(s) != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (convrelay_session_prompt_before(s, now) != CONVRELAY_OK
        || convrelay_session_set_lang(s, &prompt->lang) != CONVRELAY_OK
        || convrelay_session_ask(s, &prompt->voice_prompt, now)
           != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
        return;
    }

    convrelay_playback_drop(&s->playback);

    s->repeat_until =
        convrelay_session_time(s, now + CONVRELAY_SESSION_REPEAT_TIME);

    if (convrelay_session_has_rule(s, CONVRELAY_TRIGGER_PROMPT)) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_PROMPT,
                                  &prompt->voice_prompt, out);
        return;
    }

    convrelay_session_start(s, now, out);
}


/*
 * "Uh-huh": the caller is listening, and the answer goes on.  True if text is
 * nothing else.  It never is after the answer, after a question, or while the
 * words of a rule for an interruption are spoken.
 */

static unsigned
convrelay_session_backchannel(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    unsigned  paused, interrupted;

    static const convrelay_str_t  none = convrelay_null_string;

    if (convrelay_word_count(text) > CONVRELAY_SESSION_BACKCHANNEL
        || !convrelay_presence(text, &none, s->conf->backchannels,
                               s->conf->nbackchannels))
    {
        return 0;
    }

    paused = convrelay_session_paused(s);
    interrupted = (s->turn == CONVRELAY_TURN_IDLE
                   && convrelay_session_tools_interrupted(s));

    if (!paused && !interrupted && s->turn != CONVRELAY_TURN_SPEAKING
        && ((s->playback.voice_reports && !s->playback.voice)
            || convrelay_session_unheard_until(s, now) <= now))
    {
        return 0;
    }

    /* an interruption has cut the answer, which may have been a question; the
       words of its rule are not what the caller means */

    if (!paused && !interrupted && s->answer.invites) {
        return 0;
    }

    if (s->question_cut || convrelay_session_asks(s, now)) {
        return 0;
    }

    convrelay_session_act(out, CONVRELAY_ACT_BACKCHANNEL);

    s->repeat_until = 0;

    if (paused) {
        convrelay_session_pause_decide(s, "the caller only showed that it is "
                                       "heard", now, out);

    } else if (interrupted) {
        convrelay_session_tools_resume(s, now, out);
    }

    return 1;
}


/* true if what is heard, or was heard last, is a question */

static unsigned
convrelay_session_asks(const convrelay_session_t *s, uint64_t now)
{
    size_t           pos;
    uint64_t         started;
    convrelay_str_t  text;

    if (convrelay_session_phrase_asks(s, now)) {
        return 1;
    }

    convrelay_session_answer_text(s, &text);

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED) {
        pos = s->pause->heard;

    } else if (!convrelay_session_audible(s)) {
        return 0;

    } else if (s->answer.heard.reported) {
        pos = s->answer.heard.played;

    } else {
        started = convrelay_session_ms(s, s->answer.started)
                  + CONVRELAY_HEARD_START_MS;

        pos = (started < now)
              ? convrelay_heard_pos(&text, (now - started)
                                           / CONVRELAY_HEARD_MS_PER_CHAR)
              : 0;
    }

    return convrelay_heard_question(&text, pos);
}


/* the pause is over.  CONVRELAY_OK: the prompt is to be handled now;
   CONVRELAY_DONE: it is not */

static int
convrelay_session_prompt_pause(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned  held;

    /* of an answer that the caller has not heard anything of */

    if (convrelay_session_only_presence(s, prompt)) {
        held = (s->pause->held.end != CONVRELAY_PAUSE_RUNNING);

        convrelay_session_pause_go_on(s, now, out);

        return held ? CONVRELAY_DONE : CONVRELAY_OK;
    }

    /* an event of the interruption comes first */

    if (convrelay_session_has_rule(s, CONVRELAY_TRIGGER_INTERRUPT)) {

        if (convrelay_session_pause_prompt(s, prompt, now) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return CONVRELAY_DONE;
        }

        convrelay_session_pause_cut(s, now, out);

        return CONVRELAY_DONE;
    }

    convrelay_session_pause_cut(s, now, out);

    return (s->state == CONVRELAY_SESSION_OPEN) ? CONVRELAY_OK
                                                : CONVRELAY_DONE;
}


/* it was found to be a prompt when it came: what the actions of the rule have
   done since then does not change that; but it ends their hold */

void
convrelay_session_prompt_due(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_str_t           text;
    convrelay_relay_prompt_t  prompt;

    text = s->pause->prompt;

    memset(&prompt, 0, sizeof(convrelay_relay_prompt_t));

    prompt.voice_prompt = text;
    prompt.lang = s->pause->lang;
    prompt.last = 1;

    s->pause->prompt.data = NULL;
    s->pause->prompt.len = 0;

    convrelay_session_stir(s, now);
    convrelay_session_prompt_taken(s, &prompt, now, out);

    free(text.data);
}


/* one that waited for the event of an interruption, and still did when the next
   one came; CONVRELAY_OK or CONVRELAY_ERROR */

static int
convrelay_session_prompt_before(convrelay_session_t *s, uint64_t now)
{
    int              rc;
    convrelay_str_t  text;

    if (s->pause == NULL || s->pause->prompt.len == 0) {
        return CONVRELAY_OK;
    }

    text = s->pause->prompt;

    s->pause->prompt.data = NULL;
    s->pause->prompt.len = 0;

    rc = convrelay_session_ask(s, &text, now);

    free(text.data);

    return rc;
}


/* the caller is waiting: asking the LLM again would only take longer */

static unsigned
convrelay_session_only_presence(const convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt)
{
    return s->conf->presence
           && (s->turn == CONVRELAY_TURN_ASKED
               || convrelay_session_tools_unheard(s))
           && convrelay_presence(&prompt->voice_prompt,
                                 prompt->lang.len ? &prompt->lang : &s->lang,
                                 s->conf->presence_phrases,
                                 s->conf->npresence_phrases);
}


/* one utterance is sometimes reported twice */

static unsigned
convrelay_session_repeated(const convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now)
{
    convrelay_llm_message_t  *m;

    if (convrelay_session_prompt_waits(s) && s->pause->newest
        && convrelay_str_equal(text, &s->pause->prompt))
    {
        return 1;
    }

    m = s->history.last;

    return now < convrelay_session_ms(s, s->repeat_until)
           && m && m->role == CONVRELAY_LLM_USER && m->len == text->len
           && memcmp(m->text, text->data, text->len) == 0;
}
