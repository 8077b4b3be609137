
/*
 * Copyright (C) convrelay contributors
 *
 * What the files share that write and read the state of a session.
 */


#ifndef CONVRELAY_STATE_PARTS_H_INCLUDED
#define CONVRELAY_STATE_PARTS_H_INCLUDED


#include "convrelay_state.h"
#include "convrelay_session_tools.h"
#include "convrelay_session_filler.h"


/* bytes of a state that is read: a text of it fits into a message */
#define CONVRELAY_STATE_MAX_LEN  (CONVRELAY_LLM_MAX_MESSAGE_TEXT / 4)

/* no count and no time exceeds it: 2^53 */
#define CONVRELAY_STATE_MAX_NUMBER  9007199254740992


/* where the text goes, and which parts of the session are in it */

typedef struct {
    u_char                         *p;      /* NULL: only len is wanted */
    size_t                          len;
    const convrelay_session_t      *s;
    const convrelay_state_conf_t   *conf;
    uint64_t                        now;
    const convrelay_llm_message_t  *first;  /* of the messages, or NULL */
    unsigned                        withheld:1;     /* results of "once" */
    unsigned                        extra:1;        /* one was written */
} convrelay_state_out_t;


typedef struct {
    convrelay_json_value_t  *v;
    convrelay_json_value_t  *saved;
    convrelay_json_value_t  *clock;
    convrelay_json_value_t  *clock_id;
    convrelay_json_value_t  *llms;
    convrelay_json_value_t  *account;
    convrelay_json_value_t  *call;
    convrelay_json_value_t  *session;
    convrelay_json_value_t  *sessions;
    convrelay_json_value_t  *started;
    convrelay_json_value_t  *from;
    convrelay_json_value_t  *to;
    convrelay_json_value_t  *direction;
    convrelay_json_value_t  *lang;
    convrelay_json_value_t  *turns;
    convrelay_json_value_t  *interrupts;
    convrelay_json_value_t  *tool_calls;
    convrelay_json_value_t  *tool_failures;
    convrelay_json_value_t  *tokens;
    convrelay_json_value_t  *input_tokens;
    convrelay_json_value_t  *output_tokens;
    convrelay_json_value_t  *leaks;
    convrelay_json_value_t  *hedges_won;
    convrelay_json_value_t  *failures;
    convrelay_json_value_t  *call_time;
    convrelay_json_value_t  *fillers;
    convrelay_json_value_t  *next_filler;
    convrelay_json_value_t  *rate;
    convrelay_json_value_t  *rate_at;
    convrelay_json_value_t  *latency;
    convrelay_json_value_t  *parameters;
    convrelay_json_value_t  *variables;
    convrelay_json_value_t  *late;
    convrelay_json_value_t  *refused;
    convrelay_json_value_t  *once;
    convrelay_json_value_t  *keys;
    convrelay_json_value_t  *runs;
    convrelay_json_value_t  *turn;
    convrelay_json_value_t  *lost;
    convrelay_json_value_t  *spoken;
    convrelay_json_value_t  *again;
    convrelay_json_value_t  *messages;
} convrelay_state_members_t;


/* what was read, until the session takes it */

typedef struct {
    const convrelay_session_t     *s;
    const convrelay_state_conf_t  *conf;
    const char                    *error;     /* a phrase, or NULL */
    uint64_t                       now;
    uint64_t                       wall;      /* now, as for the writer */

    convrelay_state_members_t      m;

    convrelay_session_t            to;        /* counts, language, latency */
    convrelay_history_t            history;
    convrelay_session_tools_t     *tools;     /* or NULL */
    convrelay_session_filler_t    *filler;    /* or NULL */
    convrelay_pair_t              *pairs;     /* of the session, or NULL */
    u_char                        *setup_data;
    convrelay_relay_setup_t        setup;     /* the texts in it */
    uint32_t                       lens[CONVRELAY_SESSION_SETUP_FIELDS];
    size_t                         npairs;
    size_t                         nvariables;

    uint64_t                       started;   /* ms since 1970 */
    uint64_t                       rate_at;   /* the same */
    uint64_t                       call_time;
    uint64_t                       fillers;
    uint64_t                       next_filler;
    uint64_t                       nlate;
    uint64_t                       rounds;
    uint32_t                       nopen;     /* tools without a result */
    unsigned                       refused:1;
    unsigned                       cut:1;     /* what was not reported as heard
                                                 is lost */
    unsigned                       dropped:1; /* some of the last text was, now
                                                 or when the caller cut it */
    unsigned                       unheard:1; /* so was the answer to the newest
                                                 question */
    unsigned                       recent:1;  /* a question may be asked
                                                 again */
    unsigned                       asked:1;   /* it is */
    unsigned                       rescue:1;
    unsigned                       lost:1;
} convrelay_state_in_t;


/* convrelay_state_put.c */

/* name is written as it is: a comma, the quoted name, a colon */

void convrelay_state_bytes(convrelay_state_out_t *w, const void *data,
    size_t len);

/* text is evaluated more than once; the length of a constant is one as well */
#define convrelay_state_put(w, text)                                         \
    convrelay_state_bytes(w, text, strlen(text))

void convrelay_state_string(convrelay_state_out_t *w,
    const convrelay_str_t *text);
void convrelay_state_number(convrelay_state_out_t *w, uint64_t n);
void convrelay_state_digest(convrelay_state_out_t *w, const u_char *digest);

/* left out if it is empty, or 0 */
void convrelay_state_member(convrelay_state_out_t *w, const char *name,
    const convrelay_str_t *value);
void convrelay_state_count(convrelay_state_out_t *w, const char *name,
    uint64_t n);

/* not left out; may be another number when it is measured */
void convrelay_state_number_of(convrelay_state_out_t *w, const char *name,
    uint64_t n);

/* time: of the clock, which may be before or after now */
void convrelay_state_time(convrelay_state_out_t *w, const char *name,
    uint64_t time);

/* masked as the conf says */
void convrelay_state_phone(convrelay_state_out_t *w, const char *name,
    const convrelay_str_t *value);


/* convrelay_state_write_messages.c */

/* from w->first on, with commas between them */
void convrelay_state_write_messages(convrelay_state_out_t *w);
void convrelay_state_write_message(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);


/* convrelay_state_write_tools.c */

void convrelay_state_write_tools(convrelay_state_out_t *w);

/* the run whose result m is, or NULL */
const convrelay_tool_run_t *convrelay_state_run(const convrelay_session_t *s,
    const convrelay_llm_message_t *m);

/* its location was asked, or is about to be, and has not answered */
unsigned convrelay_state_is_open(const convrelay_tool_run_t *run);


/* convrelay_state_read.c */

/* each returns 0, or an empty text, where there is no value; where it is wrong,
   that and in->error */
uint64_t convrelay_state_get(convrelay_state_in_t *in,
    const convrelay_json_value_t *value, uint64_t max);
unsigned convrelay_state_flag(convrelay_state_in_t *in,
    const convrelay_json_value_t *value);
convrelay_str_t convrelay_state_string_of(convrelay_state_in_t *in,
    convrelay_json_value_t *value);


/* convrelay_state_read_messages.c */

/* CONVRELAY_OK; CONVRELAY_DECLINED, with in->error; CONVRELAY_ERROR */
int convrelay_state_read_messages(convrelay_state_in_t *in);


/* convrelay_state_read_tools.c */

/* the same; the runs of tools are not read here, they are messages */
int convrelay_state_read_tools(convrelay_state_in_t *in);


#endif /* CONVRELAY_STATE_PARTS_H_INCLUDED */
