
/*
 * Copyright (C) convrelay contributors
 *
 * One phone call as a pure state machine: events in, actions out.  It knows
 * no sockets, no nginx and no clock: time enters with each event, in
 * milliseconds of any monotonic clock.
 */


#ifndef CONVRELAY_SESSION_H_INCLUDED
#define CONVRELAY_SESSION_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_rate.h"
#include "convrelay_relay.h"
#include "convrelay_history.h"
#include "convrelay_heard.h"
#include "convrelay_playback.h"
#include "convrelay_latency.h"
#include "convrelay_pronounce.h"
#include "convrelay_session_conf.h"


#define CONVRELAY_SESSION_MAX_PARAMETERS  64
#define CONVRELAY_SESSION_SETUP_FIELDS    11    /* texts of a setup */
#define CONVRELAY_SESSION_NONCE           16    /* bytes of its nonce */
#define CONVRELAY_SESSION_MAX_DETAIL      32    /* bytes of a LOG's text */
#define CONVRELAY_SESSION_MAX_GREETING    2048  /* bytes */
#define CONVRELAY_SESSION_MAX_LANG        35    /* bytes; RFC 5646, 4.4.1 */

/* ms: no session is longer than 20 days, whose call began 10 days before it at
   most, and which waits for 14 days.  Twilio ends a call after 24 hours */
#define CONVRELAY_SESSION_MAX_TIME        1728000000
#define CONVRELAY_SESSION_MAX_PAST        864000000
#define CONVRELAY_SESSION_MAX_WAIT        1209600000

/* the custom parameter that carries the greeting */
#define CONVRELAY_SESSION_GREETING        "convrelay_greeting"


typedef enum {
    CONVRELAY_ACT_SETUP = 1,      /* setup came: get_setup() has its data */
    CONVRELAY_ACT_RESTORE,        /* look for the state of an earlier session
                                     of the call, then restored() */
    CONVRELAY_ACT_CONTEXT,        /* fetch the context of the call, then
                                     context_end() */
    CONVRELAY_ACT_CANCEL,         /* end the running turn, now: all that was
                                     asked for it */
    CONVRELAY_ACT_TEXT,           /* send text as a "text" message */
    CONVRELAY_ACT_START,          /* run a turn over s->history */
    CONVRELAY_ACT_HEDGE,          /* ask the LLM s->hedge the same, while the
                                     turn's own request goes on */
    CONVRELAY_ACT_HEDGE_END,      /* end that second request, now */
    CONVRELAY_ACT_HEDGE_TAKES,    /* it is the turn's own from now on; end the
                                     other one, now, if it still runs */
    CONVRELAY_ACT_CLOSE,          /* close the call with code */
    CONVRELAY_ACT_LOG,            /* note is worth a log line */
    CONVRELAY_ACT_SEND,           /* send message */
    CONVRELAY_ACT_TOOL,           /* ask the location of run; where that
                                     fails, run->failed is set */
    CONVRELAY_ACT_TOOL_CANCEL,    /* run is going to be freed: end its
                                     request */
    CONVRELAY_ACT_TOOL_ENDS,      /* only to be counted: a call of a tool ends
                                     without its location: code is how */
    CONVRELAY_ACT_FILLER,         /* hand phrase number code, or that of the
                                     tool of run, to phrase() */
    CONVRELAY_ACT_GO_ON,          /* a paused answer goes on: hand the words
                                     that come first, if any, to lead() */
    CONVRELAY_ACT_BACKCHANNEL,    /* only to be counted: such a prompt is
                                     ignored */
    CONVRELAY_ACT_TRIGGER         /* code happened: perform the actions
                                     configured for it */
} convrelay_act_e;


/* the occasions of convrelay_on rules; the docs call them events */

typedef enum {
    CONVRELAY_TRIGGER_NONE = 0,
    CONVRELAY_TRIGGER_SETUP,
    CONVRELAY_TRIGGER_DTMF,       /* keys were entered: digits() */
    CONVRELAY_TRIGGER_PROMPT,     /* text was said; it is in the history */
    CONVRELAY_TRIGGER_ERROR,      /* Twilio rejected a message */
    CONVRELAY_TRIGGER_LLM_FAILED,
    CONVRELAY_TRIGGER_CALL_TOO_LONG,
    CONVRELAY_TRIGGER_TOOL,       /* the LLM calls the tool of s->run, whose
                                     name is text */
    CONVRELAY_TRIGGER_INTERRUPT,
    CONVRELAY_TRIGGER_SILENCE,    /* text is the stage, "1" is the first */
    CONVRELAY_TRIGGER_CALL_TIME,  /* text is the time, as it is configured */
    CONVRELAY_TRIGGER_LLM_EMPTY,
    CONVRELAY_TRIGGER_LLM_FILTERED,
    CONVRELAY_TRIGGER_RESUME      /* in place of SETUP, where an earlier session
                                     of the call goes on */
} convrelay_trigger_e;


#define convrelay_trigger_bit(trigger)  (1u << (trigger))


typedef enum {
    CONVRELAY_LOG_INFO = 0,
    CONVRELAY_LOG_WARN,
    CONVRELAY_LOG_ERR
} convrelay_log_e;


/* how a call of a tool ends without a location */

typedef enum {
    CONVRELAY_TOOL_ACTED = 0,     /* all actions are done */
    CONVRELAY_TOOL_NOT_ACTED,     /* one could not be done */
    CONVRELAY_TOOL_UNKNOWN,       /* there is no such tool */
    CONVRELAY_TOOL_ARGUMENTS,     /* they are wrong */
    CONVRELAY_TOOL_BUSY,          /* too many are running */
    CONVRELAY_TOOL_UNSTARTED      /* its location could not be asked */
} convrelay_tool_ends_e;


typedef struct convrelay_tool_run_s  convrelay_tool_run_t;
typedef struct convrelay_state_conf_s  convrelay_state_conf_t;


typedef struct {
    convrelay_act_e               type;
    unsigned                      last:1; /* TEXT */
    unsigned                      logged:1;       /* CLOSE: a LOG before it
                                             said why */
    unsigned                      code;   /* CLOSE; TRIGGER: which; FILLER;
                                             TOOL_ENDS */
    size_t                        tool;   /* TOOL_ENDS: which of the
                                             configuration's, unless it is
                                             UNKNOWN */
    convrelay_log_e               level;  /* LOG */
    const char                   *note;   /* LOG and CLOSE: a constant phrase;
                                             CANCEL, HEDGE_...: how what is
                                             ended failed, after "LLM failed: ",
                                             or NULL */
    convrelay_str_t               text;   /* TEXT; TRIGGER: the prompt, the
                                             stage, the time; LOG: a
                                             public detail such as a type
                                             name, or empty */
    convrelay_str_t               line;   /* LOG: the line to log instead of
                                             note and text, or empty */
    const convrelay_relay_out_t  *message;    /* SEND */
    convrelay_tool_run_t         *run;    /* TOOL, TOOL_CANCEL; FILLER: or
                                             NULL */
} convrelay_action_t;


/*
 * Receives the actions of an event.  act() is called for each of them while the
 * event is handled, in the order in which they must be performed.  Actions are
 * not stored, so an event can have any number of them.  An action and the data
 * that it points to are borrowed for the call.
 *
 * START, HEDGE, TRIGGER, RESTORE and CONTEXT are the last action of an event:
 * for them, act() may call the session again with the result.  During FILLER it
 * may call phrase(), during GO_ON lead().  For the other actions it must not.
 */

typedef struct convrelay_actions_s  convrelay_actions_t;

typedef void (*convrelay_act_pt)(convrelay_actions_t *out,
    const convrelay_action_t *a);

struct convrelay_actions_s {
    convrelay_act_pt         act;
    void                    *data;        /* of the caller */
};


/* how a turn ended, as far as the glue knows */

typedef enum {
    CONVRELAY_TURN_COMPLETE = 0,
    CONVRELAY_TURN_EMPTY,         /* complete, nothing to say */
    CONVRELAY_TURN_TRUNCATED,     /* text, then a clean end without "done" */
    CONVRELAY_TURN_FAILED,        /* failed, before or after some text */
    CONVRELAY_TURN_REJECTED,      /* FAILED, and the LLM rejected the request:
                                     its prompt is removed from the history,
                                     unless calls were made for it */
    CONVRELAY_TURN_TOO_LONG,      /* the LLM refused the request because the
                                     history is too long for it */
    CONVRELAY_TURN_FILTERED,      /* stopped by a content filter, before or
                                     after some text */
    CONVRELAY_TURN_PROMPT_FILTERED        /* REJECTED, by a content filter */
} convrelay_turn_outcome_e;


/* the activities of a call, see convrelay_session_activity() */

typedef enum {
    CONVRELAY_ACTIVITY_GREETING = 0,      /* no prompt came yet */
    CONVRELAY_ACTIVITY_LISTENING,
    CONVRELAY_ACTIVITY_THINKING,          /* a turn has sent nothing yet */
    CONVRELAY_ACTIVITY_SPEAKING,
    CONVRELAY_ACTIVITY_PARTING            /* it is about to end */
} convrelay_activity_e;


/* the state of the call; it goes back (to OPEN) only if a goodbye is taken
   back */

typedef enum {
    CONVRELAY_SESSION_NEW = 0,    /* no setup message yet */
    CONVRELAY_SESSION_WAITING,    /* it came, and the state of an earlier
                                     session, or the context, is awaited */
    CONVRELAY_SESSION_OPEN,       /* the conversation */
    CONVRELAY_SESSION_ENDING,     /* an end waits for the last words */
    CONVRELAY_SESSION_ENDED,      /* it was sent: Twilio closes the call */
    CONVRELAY_SESSION_GONE,       /* the socket is lost: only results of tools
                                     are taken */
    CONVRELAY_SESSION_CLOSED      /* there are no more actions */
} convrelay_session_state_e;


/* the deadlines of a call; convrelay_session_clock() says what each leads to */

typedef enum {
    CONVRELAY_DEADLINE_SETUP = 0, /* NEW: no setup message came */
    CONVRELAY_DEADLINE_CALL,      /* NEW, WAITING, OPEN: the call is too
                                     long */
    CONVRELAY_DEADLINE_ANSWER,    /* OPEN: the running turn takes too long */
    CONVRELAY_DEADLINE_TOKEN,     /* OPEN: the LLM says nothing */
    CONVRELAY_DEADLINE_HEDGE,     /* OPEN: another LLM is asked, too; or that
                                     one says nothing */
    CONVRELAY_DEADLINE_SPEECH,    /* OPEN: text that the filter holds back is
                                     spoken */
    CONVRELAY_DEADLINE_TOOLS,     /* OPEN: a prompt stops waiting for tools, or
                                     an interrupted turn continues */
    CONVRELAY_DEADLINE_KEYS,      /* OPEN: the entry of keys is over */
    CONVRELAY_DEADLINE_SILENCE,   /* OPEN: the next stage of the silence, or,
                                     while the caller waits for an answer, the
                                     next filler; or a paused answer goes on */
    CONVRELAY_DEADLINE_IDLE,      /* OPEN: nothing came from the caller */
    CONVRELAY_DEADLINE_CALL_TIME, /* OPEN: a time of the call, an event */
    CONVRELAY_DEADLINE_END,       /* ENDING: no longer wait for the last
                                     words */
    CONVRELAY_DEADLINE_CLOSE,     /* ENDED: Twilio should have closed */
    CONVRELAY_DEADLINES           /* how many there are */
} convrelay_deadline_e;

/*
 * A deadline is a line above, a convrelay_session_wait() where it is set, and a
 * case of convrelay_session_clock(), which clears it first.  It ends with the
 * conversation: ENDING, ENDED and CLOSED clear all deadlines.  If several are
 * due, the earliest comes first, and among equal ones the first in the list.
 */


/* in OPEN: the turn to the LLM */

typedef enum {
    CONVRELAY_TURN_IDLE = 0,      /* none runs */
    CONVRELAY_TURN_ASKED,         /* running, no text was sent yet */
    CONVRELAY_TURN_SPEAKING       /* running, some text was sent */
} convrelay_turn_e;


typedef enum {
    CONVRELAY_ANSWER_NONE = 0,
    CONVRELAY_ANSWER_RUNNING,     /* its turn runs */
    CONVRELAY_ANSWER_ENDED,       /* generated; it may still be spoken */
    CONVRELAY_ANSWER_PAUSED,      /* interrupted, and it may go on: nothing is
                                     sent until that is decided */
    CONVRELAY_ANSWER_CUT          /* interrupted; what was heard is known */
} convrelay_answer_e;


/*
 * The current answer: the one that is being spoken, as far as is known.  It is
 * kept until the first piece of the next one, which may be an error message.
 * Its message holds the text as it was written, which is the text as sent
 * except for words that are pronounced in another way; the history may have
 * only a part of it.  Lengths are of the text as written, except in heard.
 * The message is pinned only while the answer can still be cut.  The greeting
 * and the words of actions are answers, too.  An answer that follows another
 * one continues it, if the caller said nothing in between.
 */

typedef struct {
    convrelay_llm_message_t *message;     /* pinned */
    size_t                   from;        /* in the answer */
    size_t                   len;
    size_t                   stored;
} convrelay_answer_part_t;


/*
 * With tools, an answer has parts: the texts before each of its calls, which
 * are messages of their own.  And words of it can be pronounced in another way
 * than they are written.  The complete text as sent is then here.
 */

typedef struct {
    convrelay_answer_part_t *parts;       /* owned */
    u_char                  *text;        /* owned */
    convrelay_replaced_t    *words;       /* owned */
    uint32_t                 nparts;
    uint32_t                 len;         /* of text */
    uint32_t                 size;        /* for which text has room */
    uint32_t                 nwords;
    uint32_t                 words_size;  /* for which words has room */
} convrelay_answer_whole_t;


typedef struct {
    convrelay_answer_e       state;
    unsigned                 error_spoken:1;      /* after it, the error
                                             message */
    unsigned                 altered:1;   /* message is not the LLM's text
                                             alone, or not all of it */
    unsigned                 lost:1;      /* CUT: by the loss of the socket */
    unsigned                 asked:1;     /* it is that of a turn */
    unsigned                 cut:1;       /* the caller has ended it early */
    unsigned                 invites:1;   /* it has words of INTERRUPT's rule */
    unsigned                 went_on:2;   /* times, after an interruption */
    convrelay_llm_message_t *message;     /* or NULL: nothing was sent since
                                             the last part */
    uint32_t                 len;         /* bytes of text that were sent */
    uint32_t                 size;        /* for which there is room */
    uint32_t                 stored;      /* of them, stored in the history,
                                             which may have dropped them since;
                                             0: never any */
    uint32_t                 unstored;    /* at the end: spoken, and kept out
                                             of the history */
    uint32_t                 base;        /* bytes of the answer before
                                             message */
    convrelay_heard_t        heard;
    convrelay_answer_whole_t  *whole;     /* owned; or NULL: it has no parts,
                                             and was sent as it is written: its
                                             text is that of message */
    uint32_t                 started;     /* when its first piece left, as for
                                             convrelay_session_ms() */
    uint32_t                 fixed;       /* bytes that cannot be spoken again:
                                             in another voice, before a file */
} convrelay_answer_t;


/*
 * A tool call that is not settled: its location is working, or its actions have
 * to be performed.  Its result in the history says that it is still running.
 */

struct convrelay_tool_run_s {
    convrelay_tool_run_t    *next;
    const convrelay_session_tool_t  *tool;
    size_t                   index;       /* of tool in the configuration */
    convrelay_tool_run_t    *same;        /* that runs for it, too; or NULL */
    convrelay_llm_message_t *message;     /* its result in the history, pinned,
                                             which may have dropped it */
    convrelay_llm_call_t     call;        /* in block, without its id */
    convrelay_tool_arguments_t  arguments;        /* those of call */
    convrelay_str_t          result;      /* of its location, owned, until its
                                             actions were performed */
    void                    *data;        /* the glue's */
    unsigned                 acts:1;      /* its actions are to be performed */
    unsigned                 late:1;      /* the LLM was told that it is still
                                             running */
    unsigned                 failed:1;    /* the glue could not do it */
    u_char                   key[CONVRELAY_TOOL_KEY];
    u_char                   block[];
};


typedef struct convrelay_session_texts_s  convrelay_session_texts_t;
typedef struct convrelay_session_tools_s  convrelay_session_tools_t;
typedef struct convrelay_session_filler_s  convrelay_session_filler_t;
typedef struct convrelay_session_speech_s  convrelay_session_speech_t;
typedef struct convrelay_session_pause_s  convrelay_session_pause_t;


/* the silence of the caller; its times are those of convrelay_session_ms() */

typedef struct {
    unsigned                 stage:8;     /* stages that are over */
    unsigned                 client_speaking:1;   /* as reported */
    uint32_t                 heard_at;    /* the last words, as reported; 0:
                                             there are later ones */
    uint32_t                 since;       /* last sign of the caller, or start
                                             of a stage */
    uint32_t                 idle_since;  /* the last final prompt or key */
    uint32_t                 hold_until;  /* not counted before it */
} convrelay_silence_t;


typedef struct {
    const convrelay_session_conf_t  *conf;        /* may be exchanged for one
                                                     that differs in texts */

    convrelay_session_state_e  state;
    convrelay_turn_e         turn;
    uint64_t                 epoch;       /* ms of the clock, MAX_PAST before
                                             the session began */
    uint32_t                 deadlines[CONVRELAY_DEADLINES];  /* as for
                                             convrelay_session_ms(); 0: not
                                             waited for */

    unsigned                 turn_again:1;        /* with half a history */
    unsigned                 rescue:1;    /* the turn was asked for because the
                                             one before it failed */
    unsigned                 unknown_logged:1;    /* an unknown type */
    unsigned                 think_logged:1;      /* reasoning was spoken */
    unsigned                 marker_logged:1;     /* the LLM wrote the marker */
    unsigned                 useful:1;    /* the LLM has sent words, or a part
                                             of a call, since it was asked */
    unsigned                 words:1;     /* words of an LLM were sent in this
                                             turn */
    unsigned                 llm:4;       /* that is asked; 0: the first one,
                                             else a fallback */
    unsigned                 excused:1;   /* it was not the LLM's fault that it
                                             failed */
    unsigned                 slow:1;      /* it failed by taking too long */
    unsigned                 hedge:4;     /* that is asked, too; 0: none is */
    unsigned                 tried:4;     /* the last one that this turn asked,
                                             in their order */
    unsigned                 spared:1;    /* the first one can still be asked:
                                             it failed lately, or was slower */
    unsigned                 hellos:2;    /* of the caller, who waits */
    unsigned                 failures:8;  /* turns that failed, one after the
                                             other; at most 255 */
    unsigned                 restoring:1; /* WAITING for an earlier state */
    unsigned                 ask_again:1; /* the newest question is that of an
                                             earlier session, whose answer was
                                             lost */
    unsigned                 resume_lost:1;       /* an answer, or a part of
                                             it, was lost between sessions */
    unsigned                 bare:1;      /* no setup message came first; NEW:
                                             it is awaited a little longer */
    unsigned                 question_cut:1;      /* by an interruption, and no
                                             prompt, key or question of another
                                             event came since */
    convrelay_trigger_e      trigger;     /* that is being performed */

    /* copies of the first setup's fields, one after the other, and of its
       parameters; empty until then.  Parameters that are neither text nor
       number nor bool, and those past CONVRELAY_SESSION_MAX_PARAMETERS, are
       left out; numbers and bools are as JSON writes them */
    uint32_t                 setup_lens[CONVRELAY_SESSION_SETUP_FIELDS];
    uint8_t                  nparameters;
    uint8_t                  resumed;     /* earlier sessions of the call; at
                                             most 255 */
    uint16_t                 nvariables;  /* of the context */
    u_char                  *setup_data;  /* owned */
    convrelay_pair_t        *parameters;  /* owned, their texts in there; after
                                             them the variables, whose texts
                                             are in the same block */

    convrelay_str_t          lang;        /* of the last final prompt, or of
                                             a later switch, owned; empty
                                             where it was too long for one */

    convrelay_history_t      history;     /* without the system prompt */
    convrelay_llm_message_t *prompt;      /* the prompt of the running turn; it
                                             stays in the history while the turn
                                             runs */
    convrelay_answer_t       answer;
    convrelay_silence_t      silence;
    uint32_t                 call_time;   /* the next of conf->call_times */

    convrelay_session_texts_t  *texts;    /* owned, or NULL: no action had
                                             one */
    convrelay_keys_t         keys;        /* that the caller pressed */
    convrelay_playback_t     playback;    /* of what is not the answer */

    convrelay_session_tools_t  *tools;    /* owned, or NULL: no turn began, or
                                             there are no tools */
    convrelay_tool_run_t    *run;         /* whose actions are performed */
    convrelay_session_filler_t  *filler;  /* owned, or NULL: no turn began, or
                                             there are no fillers */
    convrelay_session_speech_t  *speech;  /* owned, or NULL: no text of an
                                             answer came, or it is not
                                             filtered */
    convrelay_session_pause_t  *pause;    /* owned, or NULL: nothing was paused,
                                             and no key pressed */

    /* as for convrelay_session_ms() */
    uint32_t                 error_ignored_until; /* as a trigger */
    uint32_t                 repeat_until;        /* the last final prompt may
                                                     be repeated: nothing was
                                                     said since */
    uint32_t                 asked_at;    /* the last turn began */
    int32_t                  first_token; /* ms from asked_at to the first
                                             word of the LLM; -1: none, or an
                                             action spoke before it */
    convrelay_rate_t         turn_rate;
    uint32_t                 leaks;       /* answers with a call in their
                                             text */
    uint32_t                 hedges_won;  /* answers of a second LLM that was
                                             faster */
    uint32_t                 turns;
    uint32_t                 interrupts;
    uint32_t                 tool_calls;  /* of the LLM, those that were not
                                             run included */
    uint32_t                 tool_failures;       /* of them, all that did not
                                             succeed */
    uint32_t                 tokens;      /* pieces of the model's text that
                                             were sent */
    uint64_t                 input_tokens;        /* of all turns, as far as the
                                             LLM says; 0: it never did */
    uint64_t                 output_tokens;
    convrelay_latency_t     *latency;     /* of all turns that have one;
                                             owned */
    uint32_t                 version;     /* grows with all that an earlier
                                             state does not have, except pieces
                                             of a running answer, and reports of
                                             the speech that is heard */
    uint32_t                 began;       /* ms of the clock: the first session
                                             of the call did */
} convrelay_session_t;


/*
 * A time that a session keeps has 32 bits: ms since its epoch, 0: none.  This
 * is enough for MAX_PAST, MAX_TIME and MAX_WAIT, one after the other.  ms()
 * returns it in ms of the clock; until() does so for a deadline.
 */
#define convrelay_session_ms(s, time)                                        \
    ((time) ? (s)->epoch + (time) : 0)

#define convrelay_session_until(s, deadline)                                 \
    convrelay_session_ms(s, (s)->deadlines[deadline])

/* the longest time that the call may take, in ms */
#define convrelay_session_max_time(s)                                        \
    ((s)->conf->max_call_time ? (s)->conf->max_call_time                     \
                              : CONVRELAY_SESSION_MAX_TIME)

/* zero-fills; conf is borrowed; the call begins now */
void convrelay_session_init(convrelay_session_t *s,
    const convrelay_session_conf_t *conf, uint64_t now);
void convrelay_session_free(convrelay_session_t *s);

/*
 * The call is over, and nothing more is done.  Frees everything except the data
 * for log lines: the setup with its parameters, the language, the counts.
 */
void convrelay_session_over(convrelay_session_t *s);

/*
 * The events.  Each hands its actions, if any, to out.  An event that gets no
 * memory ends in CLOSE 1011.  After a CLOSE, events have no actions, and no
 * turn runs: the glue ends a running turn with the call.
 *
 * message: one parsed message from Twilio.
 *
 *   setup      first: SETUP, and the TRIGGER; the greeting in its parameters
 *              becomes the first answer.  With a context, CONTEXT comes
 *              instead of the TRIGGER, and messages do nothing until
 *              context_end().  With a store, RESTORE comes instead of both,
 *              and messages do nothing until restored().  Again, same callSid:
 *              LOG.  Another callSid: CLOSE 1008.  Without a callSid: accepted
 *              (it is empty), and there is no RESTORE.
 *   prompt     before setup: LOG.  Without a letter or digit, last:false,
 *              or the same again within a second, with nothing said in
 *              between: nothing.  One that only asks whether anybody is
 *              there, while an answer is pending of which nothing was sent:
 *              a filler, if there are any, and a turn whose tools were
 *              interrupted goes on.  Three words at most, of
 *              conf->backchannels, during an answer that is not a question:
 *              BACKCHANNEL, and it goes on.  Else a
 *              running turn is cancelled (CANCEL, and TEXT "" last where it
 *              had sent text; what was sent is stored), the prompt is
 *              appended to the history; START, or TRIGGER.
 *   interrupt  before setup: LOG.  A running turn is cancelled as above,
 *              except one that has sent nothing and waits for no tool, where
 *              a filler was cut;
 *              the current answer in the history becomes what was heard,
 *              also where it was complete; nothing heard: its entry goes.
 *              Where the running turn had sent nothing yet, that is the
 *              answer before it.  Older turns are never touched, and an
 *              answer is cut only once.
 *              With a rule for it, the TRIGGER.
 *              With conf->pause, an answer that can go on is only paused:
 *              nothing is sent.  A prompt, keys or actions cut it, and all of
 *              the above happens; without them, or signs of words, after
 *              conf->pause: GO_ON, and TEXT from the clause that was cut.
 *   info       tokensPlayed extends the part that was heard; it or
 *              agentSpeaking tells when the last words before an end were
 *              heard.
 *              clientSpeaking: the caller is not silent.
 *   dtmf       Keys are collected; a terminator, max keys or a pause end the
 *              entry: TRIGGER.  If the key may have cut an answer, the
 *              TRIGGER waits for the interrupt, which comes after the key.
 *              A terminator after max keys belongs to their entry, if it comes
 *              within the pause.  A prompt ends the entry like a pause: the
 *              TRIGGER comes with the next clock, or with a key before that,
 *              which begins another entry; its actions leave the turn of the
 *              prompt alone.
 *   error      LOG of its code, and the TRIGGER, at most every five seconds.
 *   unknown    LOG, once a call.
 *
 * After the action "end", prompts and keys are ignored.  A prompt, or keys that
 * the LLM is asked about, that exceed max_turn_rate: CLOSE 1008.
 */
void convrelay_session_message(convrelay_session_t *s,
    const convrelay_relay_message_t *m, uint64_t now,
    convrelay_actions_t *out);

/*
 * The socket is one that Twilio has opened again, and its first message is not
 * setup.  begin(): the peer has proved which call this is, and the events of
 * setup follow, with these sids alone; all the rest comes from the state of the
 * earlier session.  await_setup(): nothing says which call it is.  Where
 * no setup comes within two seconds, LOG, and the same with empty sids and the
 * nonce.  A setup that comes later: LOG.  Both do nothing unless the session is
 * NEW; await_setup() does nothing without memory.
 */
void convrelay_session_begin(convrelay_session_t *s,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid,
    uint64_t now, convrelay_actions_t *out);
void convrelay_session_await_setup(convrelay_session_t *s,
    const convrelay_str_t *nonce, uint64_t now);

/*
 * The earlier session of the call, if there is one.  data is its state, or
 * NULL: nothing was found.  It is changed.
 *
 * Where it cannot be taken, LOG: the session is a new one, and CONTEXT or the
 * TRIGGER of setup comes.  Otherwise it goes on.  This session's greeting is
 * left out of the history.  The TRIGGER of resume takes the place of that of
 * setup.  A question without an answer is asked again, START, after the actions
 * for the TRIGGER, unless they ask another one or end the call; what they say
 * before it stays out of the history.  A tool that was started, and has no
 * result, is given one: that it may have been done.
 *
 * CONVRELAY_AGAIN, with conf->wait: there is such a tool, and nothing happened;
 * the session still waits.  CONVRELAY_OK: anything else.
 */
int convrelay_session_restored(convrelay_session_t *s, u_char *data,
    size_t len, const convrelay_state_conf_t *conf, uint64_t now,
    convrelay_actions_t *out);

/*
 * The socket is lost, and the state will be written once more: what the caller
 * has heard of the last answer is worked out.  From then on events have no
 * actions, except that tool_end() still adds a result, which changes the
 * version; without memory for it, CLOSE.
 */
void convrelay_session_gone(convrelay_session_t *s, uint64_t now);

/*
 * The context of a call.  set_variables() copies those of the answer; it comes
 * before context_end(), at most once, and there are at most UINT16_MAX; OK, or
 * ERROR: no memory.  They replace those of an earlier session, which stay if
 * there are none.  context_end(): the location has answered or failed; the call
 * begins: the TRIGGER of setup, or goes on, see restored().
 */
int convrelay_session_set_variables(convrelay_session_t *s,
    const convrelay_pair_t *variables, size_t n);
void convrelay_session_context_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the value for a variable's name, found by convrelay_pair_find(), or NULL */
#define convrelay_session_variable(s, name)                                  \
    convrelay_pair_find((s)->parameters + (s)->nparameters,                  \
                        (s)->nvariables, name)

/*
 * The setup as a JSON object, for the request to that location: the members
 * that are not empty, by Twilio's names, and "customParameters", except the
 * one named without, in upper or lower case.  size() returns the exact length.
 */
size_t convrelay_session_setup_size(const convrelay_session_t *s,
    const char *without);
u_char *convrelay_session_setup_write(u_char *p, const convrelay_session_t *s,
    const char *without);

/*
 * delta: a piece of the running answer, non-empty.  TEXT, not last.  If no turn
 * is running: nothing.  The answer passes max_answer: TEXT with the characters
 * that still fit, if any; CANCEL, TEXT "" last, LOG; what was sent is stored.
 * With conf->speech, TEXT is what the filter makes of it, and may be missing,
 * or come with a later piece or with SPEECH.  Reasoning, and code that is left
 * out, counts towards max_answer; where there was nothing else: LOG, then as
 * turn end, FAILED.  With conf->lexicon, the last words may come later, too;
 * neither the text as it is written nor as it is sent passes max_answer.
 */
void convrelay_session_delta(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/*
 * Before turn end: the LLM failed in a way that a caller can bring about, or
 * could not be asked, so that this does not count against it for other callers.
 */
void convrelay_session_llm_excuse(convrelay_session_t *s);

/* the LLM has sent a part of a tool call: it is working, although no text
   comes */
void convrelay_session_call_part(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* the LLM of HEDGE has sent text, or, where text is NULL, a part of a call; or
   its answer is complete.  True: it has the turn, HEDGE_TAKES, and its text is
   spoken; the rest are deltas.  HEDGE_END: none of it will be. */
int convrelay_session_hedge_won(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
int convrelay_session_hedge_ended(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/* it could not be asked, so a fallback may still be; or it is over without one,
   and how is EMPTY where that does not count against it */
void convrelay_session_hedge_missed(convrelay_session_t *s);
void convrelay_session_hedge_end(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now);

/*
 * turn end: the running turn is over (never called for a cancelled one).  extra
 * is opaque JSON of the answer, or empty.  With COMPLETE and TRUNCATED it is
 * stored after the answer, to go back with it while that is as the LLM wrote
 * it: an interruption that cuts it, words of actions that are joined to it, and
 * a call in disguise that was left out of it end that.  No vendor is known to
 * need the extra of an answer without calls, and none says that it accepts one
 * with another text.
 * TOO_LONG: the older half of the history goes, whole turns, and the LLM is
 * asked once more: LOG, START.  Where that was done before in the turn, or
 * something was said, or there is nothing but this turn: as REJECTED.  COMPLETE
 * and TRUNCATED: the answer is stored, TEXT "" last; without any text they
 * count as EMPTY.  EMPTY, FAILED, REJECTED: what was said is stored, the error
 * message is spoken after it (TEXT, then TEXT "" last) and kept out of the
 * history.  Where it is configured empty, TEXT "" last comes only after some
 * text.  With a rule for llm_failed, that TRIGGER replaces the error message,
 * once so many turns failed in a row.  FILTERED is as EMPTY, and each may have
 * a TRIGGER of its own that comes first; PROMPT_FILTERED has that of FILTERED.
 * While no word of the turn was sent, and there is a fallback after the LLM
 * that failed, START comes instead of all that, for s->llm.  An answer of
 * nothing but white space is not stored.
 */
void convrelay_session_turn_end(convrelay_session_t *s,
    convrelay_turn_outcome_e how, const convrelay_str_t *extra, uint64_t now,
    convrelay_actions_t *out);

/*
 * turn calls: the LLM's answer is complete and calls tools; extra is as for
 * turn end, and always goes back with the calls.  The turn goes on: TOOL for
 * each
 * that is to be run, TRIGGER for each that has actions, and once all are
 * settled START.  What the answer said, the calls and results are in the
 * history at once; a result that is not known yet says "still running" there
 * until it is, or until a request has told the LLM so: then the real one comes
 * as a call and a result of its own.
 *
 *   interrupt  while tools run: no request is made, unless neither a prompt
 *              nor keys follow it within 1.5 s, or, as far as interim prompts
 *              and clientSpeaking report the caller's speech, within 1.5 s
 *              after its end, 30 s at most
 *   prompt     while tools run: START waits for them, conf->tool_wait at most
 *   goodbye    an "end" of a tool without hand-off data is taken back by a
 *              prompt that comes before it was sent; it waits for one as above
 *
 * In the last of conf->max_tool_rounds requests calls are ignored: as
 * turn_end() with COMPLETE and without extra.  The calls are borrowed for the
 * time of the call.
 */
void convrelay_session_turn_calls(convrelay_session_t *s,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls, size_t n,
    uint64_t now, convrelay_actions_t *out);

/*
 * tool end: the location of a run that TOOL named has answered; result is
 * what the LLM is given.  The run may be freed.  Not after TOOL_CANCEL, and
 * not after a CLOSE.
 */
void convrelay_session_tool_end(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok,
    uint64_t now, convrelay_actions_t *out);

/* an action of the TRIGGER's tool could not be done: why, a phrase, becomes
   its result.  Before trigger_done() */
void convrelay_session_tool_failed(convrelay_session_t *s, const char *why);

/* true if the next request is the last one of its turn */
unsigned convrelay_session_last_round(const convrelay_session_t *s);

/*
 * deadline() returns the earliest deadline, or 0; it may change with every
 * event.  Of deltas, only the first one after a START, and one whose text the
 * filter holds back, move it closer; others, and parts of calls, move it away.
 * clock() handles one deadline that is due:
 *
 *   SETUP   CLOSE 1008; or see await_setup()
 *   CALL    TRIGGER, or, also while the context is awaited, CLOSE 1000
 *   ANSWER  CANCEL with a note, then as turn end, FAILED
 *   TOKEN   the same; or HEDGE_TAKES
 *   HEDGE   HEDGE; or HEDGE_END with a note
 *   SPEECH  TEXT
 *   KEYS    TRIGGER
 *   SILENCE TRIGGER, of the stage that begins; or a filler, if there is one
 *           to say: SEND; or GO_ON
 *   IDLE    LOG, and the TRIGGER of the last stage
 *   CALL_TIME       TRIGGER
 *   END     SEND of the end
 *   CLOSE   CLOSE 1000
 *
 * Before the deadline it does nothing.
 */
uint64_t convrelay_session_deadline(convrelay_session_t *s);
void convrelay_session_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);

/*
 * Performs an action: m has passed convrelay_relay_out_check() and is borrowed
 * for the call.  The actions for a TRIGGER come between the TRIGGER and the
 * next event, and trigger_done() ends them.  If nothing is configured for this
 * prompt or these digits, only trigger_declined() is called: the prompt goes to
 * the LLM, or, for digits, a text that is not empty, as a message of the
 * caller.
 *
 *   text      is spoken and goes into the history; while a turn runs, it
 *             becomes part of the turn's answer.  The words of llm_failed stay
 *             out of the history.
 *   language  sets s->lang
 *   end       is sent when the last words were heard: as reported by
 *             tokensPlayed (which reports sent keys as well), by agentSpeaking
 *             off or by an interrupt, or as estimated, never later than
 *             end_timeout.  Twilio then closes; if it does not, CLOSE 1000
 *             after ten seconds.
 *
 * Actions take the place of a turn, except those of error and setup.  The event
 * call_too_long always leads to an end.
 */
void convrelay_session_perform(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out);
void convrelay_session_trigger_done(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
void convrelay_session_trigger_declined(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);

/* the keys of a DTMF trigger, borrowed until it is done; otherwise, those of an
   entry that is still open */
convrelay_str_t convrelay_session_digits(const convrelay_session_t *s);

/*
 * Actions that send nothing.  hold(): silence is not counted for ms, or until
 * the caller speaks or presses a key.  ask_later(): when the trigger's actions
 * are done, a turn begins with text as a message of the caller; the last of
 * several counts.
 */
void convrelay_session_hold(convrelay_session_t *s, uint64_t ms, uint64_t now);
void convrelay_session_ask_later(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);

/*
 * The phrase that a FILLER asked for, copied; one without a word, or the same
 * again, is skipped.  True if it is going to be said.  A filler is a text of
 * its own, never part of the answer or of the history.
 */
unsigned convrelay_session_phrase(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);

/* how many fillers were said */
unsigned convrelay_session_fillers(const convrelay_session_t *s);

/* the words that a GO_ON asked for, copied: spoken as a filler is, if there is
   a word in them */
void convrelay_session_lead(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);

/* how often an answer went on after an interruption */
unsigned convrelay_session_went_on(const convrelay_session_t *s);

/*
 * The current activity of the call.  For SPEAKING, *until is the estimated time
 * in ms of its end, or UINT64_MAX while more text may come; otherwise 0.
 */
convrelay_activity_e convrelay_session_activity(const convrelay_session_t *s,
    uint64_t *until);

/*
 * True between two turns, when the call can go on with another socket without
 * anything being lost: at least one turn is over, its words were heard, the
 * caller neither speaks nor presses keys, nor did so in the last 1.5 s; no tool
 * runs, and no end waits.
 */
int convrelay_session_between_turns(const convrelay_session_t *s,
    uint64_t now);

/* the first setup, borrowed, without its parameters; empty until it comes */
void convrelay_session_get_setup(const convrelay_session_t *s,
    convrelay_relay_setup_t *setup);

/* true while the last turn can still make requests: it runs, or was interrupted
   while its tools ran and continues if nothing follows */
int convrelay_session_turn_open(const convrelay_session_t *s);

/* true if some text of the running turn was sent, or will be at its end */
int convrelay_session_turn_said(const convrelay_session_t *s);

/* value of a custom parameter, ASCII case of name ignored; NULL: none */
const convrelay_str_t *convrelay_session_parameter(
    const convrelay_session_t *s, const u_char *name, size_t len);

#endif /* CONVRELAY_SESSION_H_INCLUDED */
