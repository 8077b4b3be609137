
/*
 * Copyright (C) convrelay contributors
 *
 * Declarations that the files of tools share.
 */


#ifndef CONVRELAY_SESSION_TOOLS_H_INCLUDED
#define CONVRELAY_SESSION_TOOLS_H_INCLUDED


#include "convrelay_session_parts.h"


/* successes that are remembered for "once" */
#define CONVRELAY_SESSION_MAX_ONCE   32

/* different calls whose successes are counted, for their keys */
#define CONVRELAY_SESSION_MAX_KEYS   1024


/* calls with equal arguments, and how often they succeeded */

typedef struct {
    u_char                    digest[CONVRELAY_TOOL_DIGEST];
    uint64_t                  n;
} convrelay_session_key_t;


typedef struct {
    u_char                    digest[CONVRELAY_TOOL_DIGEST];
    convrelay_str_t           result;     /* owned */
    unsigned                  undone:1;   /* result is the location's; the
                                             actions were taken back */
} convrelay_session_once_t;


struct convrelay_session_tools_s {
    convrelay_tool_run_t     *runs;       /* in the order of their calls */
    unsigned                  rounds;     /* requests of the turn so far */

    unsigned                  round:1;    /* the running turn waits for them */
    unsigned                  waiting:1;  /* a prompt waits for them */
    unsigned                  resume:1;   /* the interrupted turn continues
                                             after its wait */
    unsigned                  unheard:1;  /* and had sent nothing */
    unsigned                  skip:1;     /* nothing is said once they have all
                                             ended */
    unsigned                  retried:1;  /* the request of this turn, after a
                                             leak */
    unsigned                  leak_logged:1;
    unsigned                  refused:1;  /* the newest request */
    unsigned                  goodbye_done:1;     /* its location was asked,
                                             and succeeded */
    const char               *failure;    /* of the actions of s->run */

    convrelay_tool_guard_t    guard;      /* of the running request's text */

    convrelay_llm_message_t  *settled;    /* the newest result; only right
                                             after it */
    convrelay_llm_message_t  *goodbye;    /* pinned: the result of the tool
                                             that ends the call, or NULL */
    u_char                    goodbye_digest[CONVRELAY_TOOL_DIGEST];
    uint64_t                  talk_from;  /* ms of the clock: since then, the
                                             caller's words extend the wait for
                                             them; 0: they do not */
    uint64_t                  talk_at;    /* the newest sign of words */
    uint32_t                  call_until; /* its deadline before that */
    uint32_t                  time_until; /* and that of the next call_time */

    convrelay_session_key_t  *keys;
    size_t                    nkeys;
    size_t                    next_key;   /* that is replaced by another */
    convrelay_session_once_t *once;       /* owned; most calls have none */
    unsigned                  nresults;
    unsigned                  next_once;  /* the same as next_key */
    uint64_t                  nlate;      /* for their ids */
};


/* the text of a second LLM, while two are asked: the stages of its way, and
   what they passed on */

struct convrelay_session_hedge_s {
    convrelay_speech_think_t   think;
    convrelay_speech_marker_t  marker;
    convrelay_tool_guard_t     guard;
    convrelay_speech_t         filter;
    u_char                    *text;      /* owned */
    size_t                     len;
    size_t                     size;
};


/* convrelay_session_tools_run.c */

/*
 * Takes one call of an answer.  Returns a run, which the session owns, or NULL
 * and a malloc'ed result, whose data is NULL if there is no memory.
 */
convrelay_tool_run_t *convrelay_session_tools_call(convrelay_session_t *s,
    const convrelay_llm_call_t *call, convrelay_str_t *result,
    convrelay_actions_t *out);

/* reports a TOOL_ENDS */
void convrelay_session_tools_ends(size_t tool, convrelay_tool_ends_e how,
    convrelay_actions_t *out);

/* the newest n messages of the history are the results of runs, of which some
   may be NULL */
void convrelay_session_tools_pin(convrelay_session_t *s,
    convrelay_tool_run_t **runs, size_t n);

/*
 * The result of a run, and of the runs that waited for it, is known: they are
 * freed, and s->tools->settled is the result's message in the history.
 * CONVRELAY_OK or CONVRELAY_ERROR.
 */
int convrelay_session_tools_settle(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok);

/* takes a success back; with located, the location's result stays, and only the
   actions have to be performed again */
void convrelay_session_tools_undo(convrelay_session_t *s,
    const u_char *digest, unsigned located);

/*
 * The location of a late run has succeeded.  If a call of the newest answer
 * waits for it and has actions, that call takes over and the run is freed.
 * Returns that call's run, or NULL: there is none.
 */
convrelay_tool_run_t *convrelay_session_tools_inherit(convrelay_session_t *s,
    convrelay_tool_run_t *run);

/* frees a run */
void convrelay_session_tools_unlink(convrelay_session_t *s,
    convrelay_tool_run_t *run);

/* the place of the next result that is remembered, still empty: of
   CONVRELAY_SESSION_MAX_ONCE results, the oldest is forgotten; NULL: no memory.
   It is valid until the next call */
convrelay_session_once_t *convrelay_session_tools_once(
    convrelay_session_tools_t *t);

/* gives m, which may be NULL, back to the history */
void convrelay_session_tools_unpin(convrelay_llm_message_t *m);


#endif /* CONVRELAY_SESSION_TOOLS_H_INCLUDED */
