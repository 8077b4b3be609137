
/*
 * Copyright (C) convrelay contributors
 *
 * A list of conformance rules.  _check.c runs and reports them, _peer.c is
 * the caller that they use, and each other file has one group of them.
 * Every rule makes its own call, so that none depends on another.
 */


#ifndef CONVRELAY_CALLER_CHECK_H_INCLUDED
#define CONVRELAY_CALLER_CHECK_H_INCLUDED


#include "convrelay_caller_run.h"


/* ms: for an answer; at most for a Close; of silence; with a slow LLM */
#define CONVRELAY_CALLER_CHECK_TIMEOUT    10000
#define CONVRELAY_CALLER_CHECK_CLOSE      2000
#define CONVRELAY_CALLER_CHECK_QUIET      150
#define CONVRELAY_CALLER_CHECK_MAX_QUIET  3000

/* a prompt that any agent can follow, and the word that shows it */
#define CONVRELAY_CALLER_CHECK_ASK        "Please say the word marigold."
#define CONVRELAY_CALLER_CHECK_WORD       "marigold"

/* numbers of an answer before it is cut off, and those that were heard */
#define CONVRELAY_CALLER_CHECK_SENT       8
#define CONVRELAY_CALLER_CHECK_HEARD      4


typedef struct {
    convrelay_caller_pairs_t       only;       /* --rule; all if empty */
    convrelay_caller_pairs_t       skip;
    const char                    *say;        /* asks for numbers */
    char                          *tool_prompt;
    const char                    *tool_text;  /* in its answer, or NULL */
    int64_t                        silence;    /* ms, 0: not known */
    int64_t                        filler;     /* the same */
    char                          *word;       /* that is pronounced as the
                                                  next, or NULL */
    const char                    *spoken;
    int64_t                        resume;     /* ms, 0: not known */
    const char                    *backchannel;
} convrelay_caller_check_options_t;


typedef struct {
    convrelay_caller_check_options_t  *options;
    convrelay_caller_print_t          *print;
    convrelay_caller_print_t           mute;      /* discards output */
    convrelay_caller_t                *call;      /* TwiML, target, ids */
    convrelay_caller_conn_t            conn;
    u_char                            *input;
    convrelay_caller_buf_t             message;   /* scratch for one */
    int64_t                            timeout;   /* ms, for an answer */
    int64_t                            patience;  /* ms, for a Close, a pong */
    int64_t                            quiet;     /* ms, of silence */
    int64_t                            said_at;   /* the last prompt, or 0 */

    /* since the last prompt, or since its pong */

    convrelay_caller_buf_t          answer;
    unsigned                        tokens;
    unsigned                        lasts;

    convrelay_caller_buf_t          pong;      /* payload of the last one */
    unsigned                        pongs;

    char                            got[512];  /* why a rule does not hold */
    unsigned                        passed;
    unsigned                        failed;
    unsigned                        skipped;
} convrelay_caller_check_t;


typedef struct convrelay_caller_rule_s  convrelay_caller_rule_t;

/*
 * CONVRELAY_OK: the rule holds; CONVRELAY_ERROR: k->got says what happened
 * instead; CONVRELAY_DECLINED: it cannot be tried, k->got says why.
 */
typedef int (*convrelay_caller_rule_pt)(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);


struct convrelay_caller_rule_s {
    const char                     *name;
    const char                     *did;
    const char                     *expected;
    const char                     *clause;
    convrelay_caller_rule_pt        run;
    const char                     *data;      /* what it sends */
    const char                     *more;
    size_t                          len;       /* of data, with zeros in it */
    unsigned                        code;      /* HTTP status, close code */
};


/* a rule without a name ends each list */

extern const convrelay_caller_rule_t  convrelay_caller_rules_handshake[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_sign[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_frame[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_close[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_message[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_malformed[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_interrupt[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_talk[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_tool[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_manners[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_noise[];
extern const convrelay_caller_rule_t  convrelay_caller_rules_speech[];


/* runs the list against options->url, returns the exit code */
int convrelay_caller_check(convrelay_caller_check_options_t *check_options,
    convrelay_caller_options_t *options, convrelay_caller_print_t *print);

/* prints the list */
void convrelay_caller_check_list(FILE *out);

/* splits the argument of an option at its last "=", so that *left is allocated;
   CONVRELAY_OK, or CONVRELAY_ERROR: it has printed wrong, a format of arg */
int convrelay_caller_check_split(const char *arg, char **left,
    const char **right, const char *wrong)
    __attribute__((format(printf, 4, 0)));

/* CONVRELAY_OK if there is a rule of that name */
int convrelay_caller_check_known(const char *name);


/*
 * All below return CONVRELAY_OK, or CONVRELAY_ERROR with k->got.  _dial
 * asks the webhook and finds the target, _connect opens a socket there,
 * _open does both, and _call sends a setup on it.
 */
int convrelay_caller_check_dial(convrelay_caller_check_t *k);
int convrelay_caller_check_connect(convrelay_caller_check_t *k);
int convrelay_caller_check_open(convrelay_caller_check_t *k);
int convrelay_caller_check_call(convrelay_caller_check_t *k);
void convrelay_caller_check_hang_up(convrelay_caller_check_t *k);

void convrelay_caller_check_setup(convrelay_caller_check_t *k);
void convrelay_caller_check_say(convrelay_caller_check_t *k, const char *text);
void convrelay_caller_check_text(convrelay_caller_check_t *k, const char *text,
    size_t len);

/*
 * A masked frame; first is its first byte: FIN, RSV, opcode.  _queue leaves it
 * to be sent with the next one.
 */
void convrelay_caller_check_queue(convrelay_caller_check_t *k, unsigned first,
    const void *data, size_t len);
void convrelay_caller_check_frame(convrelay_caller_check_t *k, unsigned first,
    const void *data, size_t len);
void convrelay_caller_check_bytes(convrelay_caller_check_t *k, const void *data,
    size_t len);

/*
 * Waits for the next message, no longer than until: CONVRELAY_OK, or
 * CONVRELAY_AGAIN.  After CONVRELAY_ERROR the connection is gone, or the
 * server sent something that is not a message of the protocol.
 */
int convrelay_caller_check_next(convrelay_caller_check_t *k, int64_t until);

/* an answer up to its last:true */
int convrelay_caller_check_answer(convrelay_caller_check_t *k);

/* an answer up to a word, or a text, in any case */
int convrelay_caller_check_say_word(convrelay_caller_check_t *k,
    const char *word);

/* checks that the call goes on: a prompt is answered */
int convrelay_caller_check_alive(convrelay_caller_check_t *k);

/*
 * Says the text while an answer may be under way; tokens of that answer that
 * arrive before the prompt was read are ignored.
 */
int convrelay_caller_check_say_over(convrelay_caller_check_t *k,
    const char *text);

/* waits for a pong: everything sent before the ping has been read */
int convrelay_caller_check_ping(convrelay_caller_check_t *k);
int convrelay_caller_check_ping_with(convrelay_caller_check_t *k,
    const void *data, size_t len);

/* the same, then no token for a while; _rest lets tokens come */
int convrelay_caller_check_quiet(convrelay_caller_check_t *k);
int convrelay_caller_check_rest(convrelay_caller_check_t *k);

/* the server closes with one of the codes; 0: any, or without one */
int convrelay_caller_check_closed(convrelay_caller_check_t *k, unsigned code,
    unsigned or_code);

/* after its Close, the server sends nothing more and ends the connection */
int convrelay_caller_check_eof(convrelay_caller_check_t *k);

int convrelay_caller_check_fail(convrelay_caller_check_t *k, const char *fmt,
    ...)
    __attribute__((format(printf, 2, 3)));

/* asks for numbers and waits for n; the answer is still going on then */
int convrelay_caller_check_count(convrelay_caller_check_t *k, unsigned n);

/* asks for numbers, and interrupts when so many of them were heard; the
   interrupt has been read then */
int convrelay_caller_check_cut(convrelay_caller_check_t *k, unsigned heard);

/* finds a word, case ignored; a number that is not part of another */
const char *convrelay_caller_check_word(const char *text, const char *word);
const char *convrelay_caller_check_number(const char *text, unsigned number);


#endif /* CONVRELAY_CALLER_CHECK_H_INCLUDED */
