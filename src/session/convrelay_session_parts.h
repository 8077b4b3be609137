
/*
 * Copyright (C) convrelay contributors
 *
 * Declarations that the files of the session share.
 */


#ifndef CONVRELAY_SESSION_PARTS_H_INCLUDED
#define CONVRELAY_SESSION_PARTS_H_INCLUDED


#include "convrelay_session_transcript.h"


/* of a waiting caller: with the last one, another LLM is asked as well */
#define CONVRELAY_SESSION_HELLOS      3

/* ms within which the words that caused an interruption have to come */
#define CONVRELAY_SESSION_WORDS_TIME  1500


/* maximum ms from a key to the interrupt that it causes */
#define CONVRELAY_SESSION_SETTLE_TIME  250

/* ms after which a caller who never stops talking is taken for noise */
#define CONVRELAY_SESSION_TALK_TIME   30000

/* ms of the limit of turns, which is per minute */
#define CONVRELAY_SESSION_RATE_PERIOD  60000


#define convrelay_session_later(a, b)  ((a) < (b) ? (b) : (a))


/* the reverse of convrelay_session_ms(): a time that is too late for 32 bits
   becomes the latest one */

static inline uint32_t
convrelay_session_time(const convrelay_session_t *s, uint64_t ms)
{
    if (ms == 0) {
        return 0;
    }

    ms -= s->epoch;

    return (ms < UINT32_MAX) ? ms : UINT32_MAX;
}


/* convrelay_session_state.c */

/* sets a deadline, ms from now */
void convrelay_session_wait(convrelay_session_t *s,
    convrelay_deadline_e deadline, uint64_t now, uint64_t ms);

/* enters the next state: WAITING and OPEN clear the deadline SETUP, later
   states clear all deadlines.  A running turn has to be cancelled before
   ENDING */
void convrelay_session_enter(convrelay_session_t *s,
    convrelay_session_state_e state);

/* sets a deadline, for when the call, with its earlier sessions, is ms long;
   that may be in the past */
void convrelay_session_wait_age(convrelay_session_t *s,
    convrelay_deadline_e deadline, uint64_t now, uint64_t ms);


/* convrelay_session_act.c */

/* true if a rule is configured for the trigger */
#define convrelay_session_has_rule(s, trigger)                               \
    ((s)->conf->triggers & convrelay_trigger_bit(trigger))

/* each hands out one action; the arguments are borrowed for the call */

void convrelay_session_act(convrelay_actions_t *out, convrelay_act_e type);

/* note: of a CANCEL or HEDGE_..., or NULL */
void convrelay_session_act_note(convrelay_actions_t *out,
    convrelay_act_e type, const char *note);
void convrelay_session_send(convrelay_actions_t *out,
    const convrelay_relay_out_t *message);
void convrelay_session_text(convrelay_actions_t *out,
    const convrelay_str_t *text);
void convrelay_session_text_last(convrelay_actions_t *out);

/* detail: the text of a LOG, or NULL */
void convrelay_session_note(convrelay_actions_t *out, convrelay_log_e level,
    const char *note, const convrelay_str_t *detail);

/* a whole line; kind: a constant phrase */
void convrelay_session_log(convrelay_actions_t *out, convrelay_log_e level,
    const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* sends the end that is waiting, if there is one */
void convrelay_session_send_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* close_logged(): a LOG before it gave the reason */
void convrelay_session_close(convrelay_session_t *s,
    convrelay_actions_t *out, unsigned code, const char *note);
void convrelay_session_close_logged(convrelay_session_t *s,
    convrelay_actions_t *out, unsigned code, const char *note);
void convrelay_session_no_memory(convrelay_session_t *s,
    convrelay_actions_t *out);

/* must be the last action of an event, like START */
void convrelay_session_trigger(convrelay_session_t *s,
    convrelay_trigger_e trigger, const convrelay_str_t *text,
    convrelay_actions_t *out);


/* convrelay_session_data.c */

int convrelay_session_set_lang(convrelay_session_t *s,
    const convrelay_str_t *lang);

/* CONVRELAY_OK, or CONVRELAY_ERROR without memory */
int convrelay_session_copy_setup(convrelay_session_t *s,
    const convrelay_relay_setup_t *setup);

/* the bytes of its texts, except the parameters; and a copy of them, with their
   lengths, as in setup_data and setup_lens */
size_t convrelay_session_fields_len(const convrelay_relay_setup_t *setup);
u_char *convrelay_session_copy_fields(u_char *p,
    const convrelay_relay_setup_t *setup, uint32_t *lens);


/* convrelay_session_tools_run.c */

/*
 * The LLM refused the running request.  If this was the second refusal in a
 * row, the results of tools may be the cause and would make every later request
 * fail: their texts are dropped.  CONVRELAY_OK: the prompt may be the cause;
 * CONVRELAY_DECLINED: the prompt was accepted in an earlier request of the
 * turn; CONVRELAY_ERROR: no memory.
 */
int convrelay_session_tools_refused(convrelay_session_t *s);

/* the LLM accepted the running request */
void convrelay_session_tools_accepted(convrelay_session_t *s);


/* convrelay_session_tools.c */

/* another LLM answers: drops the text that the guard still held back */
void convrelay_session_tools_retry(convrelay_session_t *s);

/*
 * A turn begins.  CONVRELAY_OK; CONVRELAY_AGAIN: it waits for tools that run;
 * CONVRELAY_ERROR: no memory.
 */
int convrelay_session_tools_begin(convrelay_session_t *s, uint64_t now);

/* the turn is over before its tools are: actions that were waiting for it are
   not performed.  Without memory the call is closed */
void convrelay_session_tools_stop(convrelay_session_t *s,
    convrelay_actions_t *out);

/* the same, and a prompt that waits for them is not answered, either */
void convrelay_session_tools_forget(convrelay_session_t *s,
    convrelay_actions_t *out);

/* true while the tools of the running turn run */
unsigned convrelay_session_tools_running(const convrelay_session_t *s);

/* true while the caller waits for an answer of which nothing was sent, and for
   which no turn runs: it waits for tools, or was interrupted while they ran */
unsigned convrelay_session_tools_unheard(const convrelay_session_t *s);

/* true while a prompt waits for tools */
unsigned convrelay_session_tools_waiting(const convrelay_session_t *s);

/* true while a turn that was interrupted as they ran is going to continue */
unsigned convrelay_session_tools_interrupted(const convrelay_session_t *s);

/* the action "skip": nothing is said this time */
void convrelay_session_tools_skip(convrelay_session_t *s);

/* true while an end waits that the caller's words would take back */
unsigned convrelay_session_tools_goodbye(const convrelay_session_t *s);

/* takes this end back; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_tools_take_back(convrelay_session_t *s);

void convrelay_session_tools_free(convrelay_session_t *s);

convrelay_tool_run_t *convrelay_session_tools_pending(
    const convrelay_session_t *s);


/* convrelay_session_filler_spoken.c */

/* when a filler that may still be heard will be over, an estimate that is never
   too early; 0: there is none */
uint64_t convrelay_session_filler_until(const convrelay_session_t *s);

/* the same, as exactly as it can be estimated; 0: by now it is over */
uint64_t convrelay_session_filler_spoken(const convrelay_session_t *s,
    uint64_t now);

/* when the next text can be heard, where it is sent now; what may be cut by it
   is */
uint64_t convrelay_session_filler_next(convrelay_session_t *s, uint64_t now);

/* the record of the answer begins again: a filler is before all of it */
void convrelay_session_filler_first(convrelay_session_t *s);


/* convrelay_session_answer.c */

/* begins the record of another answer */
void convrelay_session_answer_reset(convrelay_session_t *s,
    convrelay_answer_e state, uint64_t now);
int convrelay_session_answer_add(convrelay_session_t *s,
    const convrelay_str_t *text);

/* the same for a text that is sent in another way than it is written */
int convrelay_session_answer_add_spoken(convrelay_session_t *s,
    const convrelay_spoken_t *text);

/* the complete text as sent, borrowed, and its length */
void convrelay_session_answer_text(const convrelay_session_t *s,
    convrelay_str_t *text);
size_t convrelay_session_answer_sent(const convrelay_session_t *s);

/* how much of the answer, as it is written, was heard, where so many bytes of
   it were, as it was sent */
size_t convrelay_session_answer_written(const convrelay_session_t *s,
    size_t heard);

/* the turn is over, but the answer is still being spoken: frees the room that
   its text does not need */
void convrelay_session_answer_end(convrelay_session_t *s);

/* stores the extra of an answer that has just ended, unless its text was
   altered; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_answer_extra(convrelay_session_t *s,
    const convrelay_str_t *extra);

/*
 * Tool calls follow: the text since the last part goes into the history, and
 * the rest of the answer will be another message.  CONVRELAY_OK or
 * CONVRELAY_ERROR.
 */
int convrelay_session_answer_part(convrelay_session_t *s);

/* adds a blank between two parts, which are one text for the voice;
   CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_answer_gap(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);

/* true if there is nothing to be heard in the text */
unsigned convrelay_session_blank(const u_char *p, size_t len);

/* bytes of the whole answer, as it is written */
#define convrelay_session_answer_len(s)                                      \
    ((s)->answer.base + (s)->answer.len)

/*
 * Makes the first len bytes of the answer its message in the history.  A
 * message that the history has dropped is not restored; a blank one is not
 * stored.
 */
void convrelay_session_answer_store(convrelay_session_t *s, size_t len);

/* estimates when the answer will have been spoken; 0: it is cut, or none */
uint64_t convrelay_session_spoken_until(const convrelay_session_t *s);

/* more is said now: silence and an error message before it no longer count
   towards the answer's time */
void convrelay_session_continue(convrelay_session_t *s, uint64_t now);

/* true if the whole answer was reported as heard */
int convrelay_session_heard_all(const convrelay_session_t *s);

/* when all that was said, fillers included, will have been spoken, an estimate;
   0: it was reported as heard, or nothing was said */
uint64_t convrelay_session_unheard_until(const convrelay_session_t *s,
    uint64_t now);

/* true if the answer may be heard now: there is one, and it is neither cut nor
   paused */
unsigned convrelay_session_audible(const convrelay_session_t *s);


/* convrelay_session_filler.c */

/* the caller asks something: a turn begins, or waits for tools.  CONVRELAY_OK
   or CONVRELAY_ERROR */
int convrelay_session_filler_begin(convrelay_session_t *s, uint64_t now);

/* the caller, or the agent's voice, is heard until then */
void convrelay_session_filler_stir(convrelay_session_t *s, uint64_t until);

/* a request of the turn begins: the LLM has said nothing yet */
void convrelay_session_filler_request(convrelay_session_t *s);

/* a text without a word is sent, before the first one with a word */
void convrelay_session_filler_wordless(convrelay_session_t *s);

/* true while the caller waits for an answer that may have fillers */
unsigned convrelay_session_filler_waits(const convrelay_session_t *s);

/*
 * A tokensPlayed value.  CONVRELAY_OK: the filler's; CONVRELAY_DECLINED;
 * CONVRELAY_ERROR.  all(): CONVRELAY_OK if the filler is the last thing that
 * was said, and all of it was reported, CONVRELAY_AGAIN if not all;
 * CONVRELAY_DECLINED if something else is the last.
 */
int convrelay_session_filler_played(convrelay_session_t *s,
    const convrelay_str_t *value);
int convrelay_session_filler_all(const convrelay_session_t *s);

/* all words were heard, as reported */
void convrelay_session_filler_heard(convrelay_session_t *s, uint64_t now);

/*
 * An interrupt.  True if it has cut a filler: then *heard bytes of the answer
 * had been heard.  cut(): everything that was queued is gone; true if there was
 * a filler.
 */
unsigned convrelay_session_filler_interrupted(const convrelay_session_t *s,
    const convrelay_str_t *utterance, uint64_t now, size_t *heard);
unsigned convrelay_session_filler_cut(convrelay_session_t *s, uint64_t now);

/* over(): frees everything except the counts */
void convrelay_session_filler_over(convrelay_session_t *s);
void convrelay_session_filler_free(convrelay_session_t *s);


/* convrelay_session_words.c */

/* the caller is talking: extends the wait for the words */
void convrelay_session_words(convrelay_session_t *s, uint64_t now);

/* this wait is over; true if the caller is still talking, so that it
   continues */
unsigned convrelay_session_words_come(convrelay_session_t *s, uint64_t now);


/* convrelay_session_quiet.c */

/* the caller did something: silence is counted from now on.  since(): the call
   did something, which only moves the time from which on it is counted */
void convrelay_session_stir(convrelay_session_t *s, uint64_t now);
void convrelay_session_since(convrelay_session_t *s, uint64_t now);

/* all words were reported as heard: sends an end that waits for them */
void convrelay_session_heard(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* when the last words were heard, or will have been, an estimate; 0: none */
uint64_t convrelay_session_words_until(const convrelay_session_t *s);

/* true while nobody speaks, no file plays and no keys are entered, as far as
   is reported */
unsigned convrelay_session_is_quiet(const convrelay_session_t *s);


/* convrelay_session_fallback.c */

/* a turn begins: chooses its LLM */
void convrelay_session_llm_begin(convrelay_session_t *s, uint64_t now);

/* the LLM is asked: sets the deadline for its first words */
void convrelay_session_llm_wait(convrelay_session_t *s, uint64_t now);

/* the one that the turn asks */
#define convrelay_session_llm_asked(s)                                       \
    ((s)->llm ? &(s)->conf->fallbacks[(s)->llm - 1] : &(s)->conf->llm)

/* true where nothing but blanks is in text, which most tokens show at once */
#define convrelay_session_is_blank(text)                                     \
    ((text)->data[0] <= ' '                                                  \
     && ((text)->len == 1 || (text)->data[1] <= ' ')                         \
     && convrelay_session_blank((text)->data, (text)->len))

/* the first words of the LLM are sent */
void convrelay_session_llm_words(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the deadline of a hedge has passed */
void convrelay_session_hedge(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* a second LLM is asked, if there is one that is not */
void convrelay_session_hedge_now(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the second request is not needed any longer, if there is one; note: how it
   failed, or NULL */
void convrelay_session_hedge_drop(convrelay_session_t *s, const char *note,
    convrelay_actions_t *out);

/* the LLM has answered or failed: notes that for the next calls to ask it */
void convrelay_session_llm_answered(const convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now);

/* the i-th LLM of a turn, 0 is the first */
const convrelay_session_llm_t *convrelay_session_llm(
    const convrelay_session_t *s, unsigned i);

/* the first LLM from i on that has not failed lately; nfallbacks + 1: none */
unsigned convrelay_session_llm_after(const convrelay_session_t *s, unsigned i,
    uint64_t now);

void convrelay_session_llm_failed(const convrelay_session_llm_t *llm,
    uint64_t now);

/* the same where the caller's words may be the cause */
void convrelay_session_llm_slow(const convrelay_session_t *s,
    const convrelay_session_llm_t *llm, uint64_t now);

/* the second LLM answers from now on: HEDGE_TAKES */
void convrelay_session_hedge_takes(convrelay_session_t *s, const char *note,
    uint64_t now, convrelay_actions_t *out);


/* convrelay_session_hedge.c */

typedef struct convrelay_session_hedge_s  convrelay_session_hedge_t;

void convrelay_session_hedge_free(convrelay_session_t *s);

/*
 * Reads text of the second LLM; over: all of it was read.  Returns
 * CONVRELAY_OK: there is a word that will be spoken; CONVRELAY_DECLINED: there
 * is not, and after read(), the guard may have found a call; CONVRELAY_ERROR:
 * no memory.
 */
int convrelay_session_hedge_read(convrelay_session_t *s,
    const convrelay_str_t *text);
int convrelay_session_hedge_over(convrelay_session_t *s);

/* bytes of its text that nobody will have heard */
size_t convrelay_session_hedge_dropped(const convrelay_session_t *s);

/* it has the turn: speaks what it wrote so far, and goes on after that; over:
   after hedge_over() */
void convrelay_session_hedge_speak(convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_actions_t *out);


/* convrelay_session_say.c */

/* makes the caller's words the newest message of the history */
int convrelay_session_ask(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now);

/* the turn is over: clears its state and deadlines */
void convrelay_session_turn_over(convrelay_session_t *s);

/* ends the running turn, if any, and keeps everything that was sent of it;
   without memory the call is closed */
void convrelay_session_cancel(convrelay_session_t *s,
    convrelay_actions_t *out);

/* speaks a piece of the running answer */
void convrelay_session_speak(convrelay_session_t *s,
    const convrelay_spoken_t *text, uint64_t now, convrelay_actions_t *out);

/* true if a word is heard in text as it is spoken, where tags may be SSML */
unsigned convrelay_session_has_word(const convrelay_session_t *s,
    const convrelay_str_t *text);

/* the answer passed max_answer: LOG, and the turn is cancelled */
void convrelay_session_too_long(convrelay_session_t *s,
    convrelay_actions_t *out);

/* makes another request in the running turn */
void convrelay_session_again(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* starts a turn for the newest message, without waiting for anything */
void convrelay_session_start_now(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_speech.c */

struct convrelay_session_speech_s {
    convrelay_speech_think_t   think;
    convrelay_speech_marker_t  marker;
    convrelay_speech_t         filter;
    convrelay_pronounce_t      pronounce;
    convrelay_session_hedge_t *hedge;     /* owned, or NULL: a second LLM has
                                             not written text */
    unsigned                   moved:1;   /* another hold began */
};


/* CONVRELAY_OK, or CONVRELAY_ERROR: no memory */
int convrelay_session_speech_begin(convrelay_session_t *s);

/* another answer is to begin: forgets what was held back */
void convrelay_session_speech_drop(convrelay_session_t *s);

/* the answer is complete: the same, but a second LLM that is still asked may
   have written text */
void convrelay_session_speech_over(convrelay_session_t *s);

/* the same for all that is not the second LLM's */
void convrelay_session_speech_reset(convrelay_session_t *s);

/* filters a piece of the answer that the guard let pass, and speaks it */
void convrelay_session_speech(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* after begin: what the filter holds back has waited long enough; the answer is
   over */
void convrelay_session_speech_flush(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_speech_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the bytes of regions that were dropped from the running answer */
size_t convrelay_session_speech_dropped(const convrelay_session_t *s);

/* true if, with them, the answer is longer than max_answer */
unsigned convrelay_session_speech_full(const convrelay_session_t *s);

unsigned convrelay_session_speech_held(const convrelay_session_t *s);

/* something was spoken: notes whether it is not as the LLM wrote it */
void convrelay_session_speech_altered(convrelay_session_t *s);


/* convrelay_session_pronounce.c */

/* speaks a piece of the running answer, which the filter let pass; with
   conf->lexicon, after speech_begin(), as its words are to be spoken */
void convrelay_session_say(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* what was held back has waited long enough, or, with END, the answer is
   over */
void convrelay_session_pronounce_flush(convrelay_session_t *s,
    convrelay_pronounce_how_e how, uint64_t now, convrelay_actions_t *out);

/*
 * Any other text that is spoken, in the language of the call if lang is empty:
 * *spoken is borrowed from text or p.  To be freed with
 * convrelay_pronounce_free(p), in any case.  CONVRELAY_OK or CONVRELAY_ERROR.
 */
int convrelay_session_respell(const convrelay_session_t *s,
    convrelay_pronounce_t *p, const convrelay_str_t *text,
    const convrelay_str_t *lang, convrelay_spoken_t *spoken);


/* convrelay_session_speech_read.c */

/* a piece of the running answer, as the LLM wrote it */
void convrelay_session_speech_read(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* what is held back has waited long enough */
void convrelay_session_speech_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the answer of the LLM is over: speaks all that was held back */
void convrelay_session_speech_answered(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_guard.c */

/* speaks a piece of the answer, except calls in disguise */
void convrelay_session_tools_delta(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* the guard found a call in an answer: counts it, and logs the first one */
void convrelay_session_tools_leaked(convrelay_session_t *s,
    convrelay_actions_t *out);

/* the answer is over: passes on the text that the guard still held back */
void convrelay_session_tools_answered(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_filler_say.c */

/* sets the deadline SILENCE where a filler is to come */
void convrelay_session_filler_wait(convrelay_session_t *s);

/* it has passed: the next phrase */
void convrelay_session_filler_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* says text, which becomes the session's, before the answer goes on after its
   first at bytes; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_filler_lead(convrelay_session_t *s,
    const convrelay_str_t *text, size_t at, uint64_t now,
    convrelay_actions_t *out);

/* the caller asks whether anybody is there */
void convrelay_session_filler_hello(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_turn.c */

void convrelay_session_start(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* as turn_end(), after other LLMs, and a pause */
void convrelay_session_turn_ended(convrelay_session_t *s,
    convrelay_turn_outcome_e how, const convrelay_str_t *extra, uint64_t now,
    convrelay_actions_t *out);

/* the running turn has no more time: it failed */
void convrelay_session_turn_late(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the running turn has failed, as note says: CANCEL and turn end */
void convrelay_session_fail(convrelay_session_t *s, const char *note,
    uint64_t now, convrelay_actions_t *out);

/* CONVRELAY_OK, or CONVRELAY_DECLINED: too many turns, the call is closed */
int convrelay_session_count_turn(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the deadline TOKEN has passed */
void convrelay_session_turn_mute(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* CONVRELAY_OK: the next LLM is asked; CONVRELAY_DECLINED: there is none, or
   words were sent */
int convrelay_session_fall_back(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now, convrelay_actions_t *out);


/* convrelay_session_calls.c */

/* the caller has interrupted the turn, whose tools ran if running is set;
   unheard: it had sent nothing */
void convrelay_session_tools_interrupt(convrelay_session_t *s,
    unsigned running, unsigned unheard, uint64_t now,
    convrelay_actions_t *out);

/* continues a turn that was interrupted while its tools ran, if there is one */
void convrelay_session_tools_resume(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the deadline TOOLS has passed */
void convrelay_session_tools_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the actions of s->run were performed */
void convrelay_session_tools_acted(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_silence.c */

/* sets the deadlines SILENCE and IDLE, or clears them */
void convrelay_session_silence_wait(convrelay_session_t *s);

/* these two deadlines have passed: a TRIGGER */
void convrelay_session_silence(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_idle(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_setup.c */

void convrelay_session_setup(convrelay_session_t *s,
    const convrelay_relay_setup_t *setup, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_resume.c */

/* how an earlier session goes on: its last question is asked again, if it has
   no answer */
void convrelay_session_resume(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* true if the newest message is a question, or a result, that no answer
   follows */
unsigned convrelay_session_unanswered(const convrelay_history_t *h);

/* true if Twilio has sent again what an earlier session heard, and what is
   asked again */
unsigned convrelay_session_replayed(const convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now);


/* the pause of an answer */

/* true while nothing is sent, because an interruption may not be one */
#define convrelay_session_paused(s)  ((s)->pause && (s)->pause->waiting)

/* true while a prompt waits for the event of the interruption before it */
#define convrelay_session_prompt_waits(s)                                    \
    ((s)->pause && (s)->pause->prompt.len)

/* what the LLM's request ended with while its answer was paused */

typedef enum {
    CONVRELAY_PAUSE_RUNNING = 0,  /* it has not ended */
    CONVRELAY_PAUSE_END,          /* turn_end() */
    CONVRELAY_PAUSE_CALLS,        /* turn_calls() */
    CONVRELAY_PAUSE_LONG          /* the answer is too long: CANCEL */
} convrelay_pause_end_e;


typedef struct {
    convrelay_pause_end_e     end;
    convrelay_turn_outcome_e  how;        /* END */
    convrelay_str_t           extra;      /* END, CALLS: in block */
    convrelay_llm_call_t     *calls;      /* CALLS: in block, with their
                                             texts */
    size_t                    ncalls;
    void                     *block;      /* owned, or NULL */
} convrelay_pause_held_t;


struct convrelay_session_pause_s {
    unsigned                  waiting:1;  /* nothing is sent until the caller's
                                             words, or their absence, decide */
    unsigned                  begun:1;    /* pieces of the running answer were
                                             sent */
    unsigned                  newest:1;   /* no interruption came after the
                                             prompt that waits */
    uint32_t                  went_on;    /* answers, in the call */
    uint32_t                  heard;      /* bytes of the answer, as it was
                                             sent, that were heard */
    uint32_t                  clause;     /* where it goes on */
    uint32_t                  sent;       /* bytes that were sent; 0: nothing
                                             of the running answer was */
    uint64_t                  from;       /* ms of the clock: the interrupt */
    uint64_t                  until;      /* the same: then the answer goes
                                             on */
    uint64_t                  talk_from;  /* signs of words since then; 0: there
                                             were none */
    uint64_t                  key_at;     /* the last key; 0: none */
    convrelay_str_t           lead;       /* said before the rest; owned */
    convrelay_str_t           prompt;     /* that cut the answer, and is handled
                                             next; owned */
    convrelay_str_t           lang;       /* its, in the same block */
    convrelay_pause_held_t    held;
};


/* convrelay_session_pause.c */

/* an interrupt: true if it is not known yet whether it is one, or no memory was
   left */
unsigned convrelay_session_pause(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out);

/* the pause is over without words */
void convrelay_session_pause_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* ends a pause whose interruption was not meant, for the reason why: the answer
   goes on, if that is worth while */
void convrelay_session_pause_decide(convrelay_session_t *s, const char *why,
    uint64_t now, convrelay_actions_t *out);

/* ends a pause: the answer goes on */
void convrelay_session_pause_go_on(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* ends a pause: the answer is cut, with all that an interrupt leads to */
void convrelay_session_pause_cut(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_pause_hold.c */

/* NULL: no memory */
convrelay_session_pause_t *convrelay_session_pause_block(
    convrelay_session_t *s);

/* during a pause: the first piece of the answer has come; true if no piece is
   to be kept any longer */
void convrelay_session_pause_begin(convrelay_session_t *s);
unsigned convrelay_session_pause_full(convrelay_session_t *s,
    const convrelay_spoken_t *text, convrelay_actions_t *out);

/* during a pause, the LLM's answer is over: what it ends with is kept.
   CONVRELAY_OK or CONVRELAY_ERROR.  long(): it becomes too long */
int convrelay_session_pause_end(convrelay_session_t *s,
    convrelay_turn_outcome_e how, const convrelay_str_t *extra);
int convrelay_session_pause_calls(convrelay_session_t *s,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls, size_t n);
void convrelay_session_pause_long(convrelay_session_t *s,
    convrelay_actions_t *out);

/* another LLM answers in its place */
void convrelay_session_pause_unhold(convrelay_session_t *s);

/* what is said before the rest is copied; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_pause_lead(convrelay_session_t *s,
    const convrelay_str_t *text);

/* a prompt that cuts the answer is copied; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_pause_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now);

/* a sign that the caller is talking: extends the pause, if there is one */
void convrelay_session_pause_words(convrelay_session_t *s, uint64_t now);

/* ends a pause: the turn and its answer are cut */
void convrelay_session_pause_drop(convrelay_session_t *s,
    convrelay_actions_t *out);

/* during a pause, the socket is lost */
void convrelay_session_pause_gone(convrelay_session_t *s);

/* frees what a pause keeps; all: the counts as well */
void convrelay_session_pause_free(convrelay_session_t *s, unsigned all);


/* convrelay_session_cut.c */

/* the bytes of the audible answer that were heard; *clause: where the clause
   that was cut begins */
size_t convrelay_session_heard_until(const convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now, size_t *clause);

/* the answer becomes what was heard of it, if it is audible */
void convrelay_session_cut_answer(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now);

/* the same for any answer, of which so many bytes, as it was sent, were heard;
   running: the LLM was still writing it */
void convrelay_session_cut_at(convrelay_session_t *s, size_t heard,
    unsigned running, uint64_t now);

/* the caller ends the running turn, and what was sent will be spoken: its
   answer is cut there; before cancel() */
void convrelay_session_cut_short(convrelay_session_t *s);

/* the turn and its answer are cut: what else an interrupt leads to; running and
   unheard are as for tools_interrupt() */
void convrelay_session_interrupted(convrelay_session_t *s, unsigned running,
    unsigned unheard, uint64_t now, convrelay_actions_t *out);


/* convrelay_session_playback.c */

void convrelay_session_interrupt(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_info(convrelay_session_t *s,
    const convrelay_relay_info_t *info, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_prompt.c */

void convrelay_session_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out);

/* the one that waited for the event of an interruption */
void convrelay_session_prompt_due(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_transcript.c */

/* the socket is lost, and the last message of the running answer, of which
   heard bytes were heard, stays out of the history: keeps that part of it */
void convrelay_session_transcript_lost(convrelay_session_t *s, size_t heard);


/* convrelay_session_actions.c */

/* makes sure that s->texts is there; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_texts(convrelay_session_t *s);

/* replaces the text, owned, that was there; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_copy_text(convrelay_str_t *to,
    const convrelay_str_t *text);


/* convrelay_session_keys.c */

void convrelay_session_key(convrelay_session_t *s,
    const convrelay_str_t *digit, uint64_t now, convrelay_actions_t *out);

/* the entry of keys is over: its TRIGGER */
void convrelay_session_keys_end(convrelay_session_t *s,
    convrelay_actions_t *out);


#endif /* CONVRELAY_SESSION_PARTS_H_INCLUDED */
