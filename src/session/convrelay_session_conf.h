
/*
 * Copyright (C) convrelay contributors
 *
 * The configuration of a call.
 */


#ifndef CONVRELAY_SESSION_CONF_H_INCLUDED
#define CONVRELAY_SESSION_CONF_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_breaker.h"
#include "convrelay_keys.h"
#include "convrelay_tool.h"
#include "convrelay_lexicon.h"
#include "convrelay_speech.h"


/* a tool as it is configured */

typedef struct {
    convrelay_str_t          name;
    unsigned                 uri:1;       /* a location is asked */
    unsigned                 actions:1;   /* there is a rule for it */
    unsigned                 once:1;      /* a success is remembered */
    unsigned                 cancel:1;    /* an interruption ends it */
    unsigned                 filler:1;    /* it has a phrase of its own, said
                                             first while it runs */
    unsigned                 mute:1;      /* no filler while it runs */
} convrelay_session_tool_t;


/* phrases that are said while the caller waits for an answer */

typedef struct {
    uint64_t                 time;        /* ms without a word */
    uint64_t                 again;       /* ms after one until the next */
    unsigned                 max;         /* in a turn */
    unsigned                 nphrases;
} convrelay_session_filler_conf_t;


/* a time in a call that is an event */

typedef struct {
    uint64_t                 ms;          /* from the start of the call */
    convrelay_str_t          name;        /* as it is configured */
} convrelay_session_time_t;


/* an LLM, as far as a call decides when to ask it */

typedef struct {
    uint64_t                 first_token_timeout; /* ms; 0: no limit */
    uint64_t                 token_timeout;       /* the same, at most
                                             CONVRELAY_SESSION_MAX_WAIT */
    uint64_t                 cooldown;    /* ms without it after failures */
    uint64_t                 id;          /* to recognise it when it has
                                             another number, at most 2^53; or
                                             0: it always has this one */
    convrelay_breaker_t    **breaker;     /* its failures; NULL: they are not
                                             counted */
} convrelay_session_llm_t;


#define CONVRELAY_SESSION_MAX_FALLBACKS  8


/* shared by all calls of a location; must outlive them */

typedef struct {
    convrelay_str_t          error_message;
    convrelay_session_llm_t  llm;         /* the first */
    const convrelay_session_llm_t  *fallbacks;    /* then these, in order */
    unsigned                 nfallbacks;
    unsigned                 failures;    /* in a row, from which on there is a
                                             rule for llm_failed; 0 is 1 */
    uint64_t                 hedge;       /* ms without a useful word, then the
                                             first fallback is asked, too; 0:
                                             it is not */
    size_t                   max_history_messages;    /* 0: no limit */
    size_t                   max_history_bytes;       /* 0: no limit */
    size_t                   max_answer;              /* bytes; 0: no limit */
    uintptr_t                speech;      /* convrelay_speech_mode_e: how the
                                             LLM's text is filtered */
    const convrelay_lexicon_t  *lexicon;  /* words that are spoken in another
                                             way; or NULL: there are none */

    uint64_t                 setup_timeout;       /* ms */
    uint64_t                 max_call_time;       /* ms, at most
                                                     CONVRELAY_SESSION_MAX_TIME,
                                                     which 0 is, too */
    uint64_t                 max_answer_time;     /* ms; 0: no limit */
    unsigned                 max_turn_rate;       /* turns a minute; 0: no
                                                     limit */

    unsigned                 triggers;    /* bits of the triggers that have a
                                             rule */
    unsigned                 greeting:1;  /* it goes into the history */
    unsigned                 store:1;     /* an earlier session of a call is
                                             looked for before it begins */
    unsigned                 context:1;   /* a location is asked what is known
                                             of a call before it begins */
    convrelay_keys_conf_t    keys;        /* for keys of the caller */
    uint64_t                 end_timeout; /* maximum ms that an end waits */

    const convrelay_session_tool_t  *tools;
    size_t                   ntools;
    convrelay_tool_shapes_t  shapes;      /* of their calls */
    unsigned                 max_tool_rounds;     /* requests of a turn, at
                                                     least 1 */
    unsigned                 max_tool_runs;       /* locations asked at the
                                                     same time; 0: no limit */
    uint64_t                 tool_wait;   /* ms that a prompt waits for tools
                                             that run */

    uint64_t                 pause;       /* ms without words after an
                                             interruption, then the answer goes
                                             on; 0: it never does.  At most
                                             CONVRELAY_SESSION_MAX_WAIT */
    const convrelay_str_t   *backchannels;        /* words that only show that
                                             the caller is listening */
    size_t                   nbackchannels;
    convrelay_str_t          marker;      /* for the LLM, a message that the
                                             caller has cut ends with it; or
                                             empty */
    convrelay_str_t          spoken_marker;       /* what is dropped where the
                                             LLM writes it; or empty */

    unsigned                 presence:1;  /* recognize prompts that only ask
                                             whether anybody is there */
    const convrelay_str_t   *presence_phrases;    /* see presence.h */
    size_t                   npresence_phrases;

    const convrelay_session_filler_conf_t  *filler;       /* or NULL: off */

    const uint64_t          *silence;     /* ms of each stage */
    unsigned                 nsilence;    /* 0: silence is not counted */
    uint64_t                 max_idle_time;       /* ms; 0: no limit */

    const convrelay_session_time_t  *call_times;  /* the earliest first */
    size_t                   ncall_times;
} convrelay_session_conf_t;


#endif /* CONVRELAY_SESSION_CONF_H_INCLUDED */
