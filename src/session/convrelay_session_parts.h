
/*
 * Copyright (C) convrelay contributors
 *
 * Declarations that the files of the session share.
 */


#ifndef CONVRELAY_SESSION_PARTS_H_INCLUDED
#define CONVRELAY_SESSION_PARTS_H_INCLUDED


#include "convrelay_session.h"


/* ms in which the words that an interruption began with have to come */
#define CONVRELAY_SESSION_WORDS_TIME  1500


/* convrelay_session_state.c */

/* the deadline is in so many ms */
void convrelay_session_wait(convrelay_session_t *s,
    convrelay_deadline_e deadline, uint64_t now, uint64_t ms);

/* the next state; what is waited for goes, except for the call's time in OPEN.
   Before ENDING a running turn has to be cancelled */
void convrelay_session_enter(convrelay_session_t *s,
    convrelay_session_state_e state);


/* convrelay_session_setup.c */

void convrelay_session_setup(convrelay_session_t *s,
    const convrelay_relay_setup_t *setup, uint64_t now,
    convrelay_actions_t *out);
int convrelay_session_set_lang(convrelay_session_t *s,
    const convrelay_str_t *lang);


/* convrelay_session_silence.c */

/* the caller did something: the silence begins again */
void convrelay_session_stir(convrelay_session_t *s, uint64_t now);

/* all words were heard, as reported: an end that waits for them is sent */
void convrelay_session_heard(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* sets the deadlines SILENCE and IDLE, or clears them */
void convrelay_session_silence_wait(convrelay_session_t *s);

/* what these two bring: a TRIGGER */
void convrelay_session_silence(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_idle(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_words.c */

/* the caller is talking: what waits for the words waits longer */
void convrelay_session_words(convrelay_session_t *s, uint64_t now);

/* that wait is over; true where the caller is still talking, so that it goes
   on */
unsigned convrelay_session_words_come(convrelay_session_t *s, uint64_t now);


/* convrelay_session_playback.c */

void convrelay_session_interrupt(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_info(convrelay_session_t *s,
    const convrelay_relay_info_t *info, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_keys.c */

void convrelay_session_key(convrelay_session_t *s,
    const convrelay_str_t *digit, uint64_t now, convrelay_actions_t *out);

/* the entry of keys is over: its TRIGGER */
void convrelay_session_keys_end(convrelay_session_t *s,
    convrelay_actions_t *out);


/* convrelay_session_turn.c */

/* what the caller said becomes the newest message of the history */
int convrelay_session_ask(convrelay_session_t *s,
    const convrelay_str_t *text);

void convrelay_session_start(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the running turn has no more time: it failed */
void convrelay_session_turn_late(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the running turn has failed, as note says: CANCEL and turn end */
void convrelay_session_fail(convrelay_session_t *s, const char *note,
    uint64_t now, convrelay_actions_t *out);

/* no turn runs any more, nor its time */
void convrelay_session_turn_over(convrelay_session_t *s);

/* ends the running turn, if any, and keeps everything that was sent of it;
   without memory the call is closed */
void convrelay_session_cancel(convrelay_session_t *s,
    convrelay_actions_t *out);

/* CONVRELAY_OK, or CONVRELAY_DECLINED: one too many, the call is closed */
int convrelay_session_count_turn(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_llm.c */

/* a turn begins: chooses its LLM */
void convrelay_session_llm_begin(convrelay_session_t *s, uint64_t now);

/* the LLM is asked: its first words are waited for */
void convrelay_session_llm_wait(convrelay_session_t *s, uint64_t now);

/* its deadline has passed */
void convrelay_session_turn_mute(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* words of it are sent */
void convrelay_session_llm_words(convrelay_session_t *s, uint64_t now);

/* it has answered, or has failed: for those who may ask it next */
void convrelay_session_llm_answered(const convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now);

/* CONVRELAY_OK: the next one is asked; CONVRELAY_DECLINED: there is none, or
   words were sent */
int convrelay_session_fall_back(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now, convrelay_actions_t *out);


/* convrelay_session_tools.c */

/* another LLM answers: what the guard still held is not spoken */
void convrelay_session_tools_retry(convrelay_session_t *s);

/*
 * A turn begins.  CONVRELAY_OK; CONVRELAY_AGAIN: it waits for tools that run;
 * CONVRELAY_ERROR: no memory.
 */
int convrelay_session_tools_begin(convrelay_session_t *s, uint64_t now);

/* a piece of the answer, of which calls in disguise are not spoken */
void convrelay_session_tools_delta(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* the answer is over: what the guard still held is spoken */
void convrelay_session_tools_answered(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/*
 * The LLM refused the running request.  Where that was the second in a row,
 * results of tools may be the cause, which would then end every request to
 * come: their texts are dropped.  CONVRELAY_OK: the prompt may be the cause;
 * CONVRELAY_DECLINED: the prompt was accepted in an earlier request of the
 * turn; CONVRELAY_ERROR: no memory.
 */
int convrelay_session_tools_refused(convrelay_session_t *s);

/* the LLM accepted it */
void convrelay_session_tools_accepted(convrelay_session_t *s);

/* the turn is over before its tools are: actions that were waiting for it are
   not performed.  Without memory the call is closed */
void convrelay_session_tools_stop(convrelay_session_t *s,
    convrelay_actions_t *out);

/* the same, and a prompt that waits for them is not answered, either */
void convrelay_session_tools_forget(convrelay_session_t *s,
    convrelay_actions_t *out);

/* the caller has interrupted the turn, whose tools ran if running is set */
void convrelay_session_tools_interrupt(convrelay_session_t *s,
    unsigned running, uint64_t now, convrelay_actions_t *out);

/* true while the tools of the running turn run */
unsigned convrelay_session_tools_running(const convrelay_session_t *s);

/* its deadline has passed */
void convrelay_session_tools_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the actions of s->run were performed */
void convrelay_session_tools_acted(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* nothing is to be said this time */
void convrelay_session_tools_skip(convrelay_session_t *s);

/* true where an end waits that words of the caller take back */
unsigned convrelay_session_tools_goodbye(const convrelay_session_t *s);

/* takes it back; CONVRELAY_OK or CONVRELAY_ERROR */
int convrelay_session_tools_take_back(convrelay_session_t *s);

void convrelay_session_tools_free(convrelay_session_t *s);


/* convrelay_session_turn.c, for convrelay_session_tools.c */

/* a piece of the running answer is spoken */
void convrelay_session_say(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* another request of the running turn */
void convrelay_session_again(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* a turn for the newest message, which waits for nothing */
void convrelay_session_start_now(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


/* convrelay_session_answer.c */

/* begins the record of another answer */
void convrelay_session_answer_reset(convrelay_session_t *s,
    convrelay_answer_e state, uint64_t now);
int convrelay_session_answer_add(convrelay_session_t *s,
    const convrelay_str_t *text);
void convrelay_session_answer_text(const convrelay_session_t *s,
    convrelay_str_t *text);

/* its turn is over, it is spoken on: no more room than its text needs */
void convrelay_session_answer_end(convrelay_session_t *s);

/*
 * Calls of tools follow: what was said since the last part goes into the
 * history, and more of the answer will be another message.  CONVRELAY_OK or
 * CONVRELAY_ERROR.
 */
int convrelay_session_answer_part(convrelay_session_t *s);

/* a blank between two parts, which are one text for the voice; CONVRELAY_OK or
   CONVRELAY_ERROR */
int convrelay_session_answer_gap(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);

/* true where there is nothing to be heard in it */
unsigned convrelay_session_blank(const u_char *p, size_t len);

/* bytes of all of it */
#define convrelay_session_answer_len(s)                                      \
    ((s)->answer.base + (s)->answer.len)

/*
 * Makes the first len bytes of the answer its message in the history.  A
 * message that was trimmed away meanwhile is not restored; a blank one is not
 * stored.
 */
void convrelay_session_answer_store(convrelay_session_t *s, size_t len);

/* when the answer will have been spoken, an estimate; 0: it is cut or none */
uint64_t convrelay_session_spoken_until(const convrelay_session_t *s);

/* something more is said now: silence, and an error message, before it do not
   count towards the answer's time any longer */
void convrelay_session_continue(convrelay_session_t *s, uint64_t now);

/* true where reports say that all of the answer was heard */
int convrelay_session_heard_all(const convrelay_session_t *s);

/* true for an answer that may be heard now: there is one, and it is not cut */
unsigned convrelay_session_audible(const convrelay_session_t *s);


/* convrelay_session_act.c */

/* true where a rule is configured for the trigger */
#define convrelay_session_has_rule(s, trigger)                               \
    ((s)->conf->triggers & convrelay_trigger_bit(trigger))

/* these hand out one action each; what they take is borrowed for the call */

void convrelay_session_act(convrelay_actions_t *out, convrelay_act_e type);
void convrelay_session_send(convrelay_actions_t *out,
    const convrelay_relay_out_t *message);
void convrelay_session_text(convrelay_actions_t *out,
    const convrelay_str_t *text);
void convrelay_session_text_last(convrelay_actions_t *out);

/* detail: as of a LOG; or NULL */
void convrelay_session_note(convrelay_actions_t *out, convrelay_log_e level,
    const char *note, const convrelay_str_t *detail);

/* a whole line; kind: a constant phrase */
void convrelay_session_log(convrelay_actions_t *out, convrelay_log_e level,
    const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* sends the end that waits, if one does */
void convrelay_session_send_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* close_logged(): a line before it said why */
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


#endif /* CONVRELAY_SESSION_PARTS_H_INCLUDED */
