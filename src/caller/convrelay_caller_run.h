
/*
 * Copyright (C) convrelay contributors
 *
 * One call in the foreground: by a scenario, from the keyboard, or both.
 * _dial.c and _webhook.c request TwiML, _session.c holds the call, _step.c
 * performs the steps of a scenario, _keyboard.c makes steps of what is typed,
 * _run.c waits and connects them to the socket.
 */


#ifndef CONVRELAY_CALLER_RUN_H_INCLUDED
#define CONVRELAY_CALLER_RUN_H_INCLUDED


#include "convrelay_caller.h"
#include "convrelay_caller_conn.h"
#include "convrelay_caller_http.h"
#include "convrelay_caller_line.h"
#include "convrelay_caller_message.h"
#include "convrelay_caller_print.h"
#include "convrelay_caller_record.h"
#include "convrelay_caller_scenario.h"
#include "convrelay_caller_twiml.h"
#include "convrelay_caller_voice.h"


typedef struct {
    const char               *url;
    const char               *connect_to;
    const char               *public_url;
    const char               *auth_token;
    const char               *from;
    const char               *to;
    const char               *cacert;        /* or NULL */
    FILE                     *record;        /* or NULL */
    convrelay_caller_pairs_t  form;          /* extra form fields */
    convrelay_caller_pairs_t  parameters;    /* extra custom parameters */
    convrelay_caller_pairs_t  variables;     /* --set */
    convrelay_caller_pairs_t  headers;       /* --header */
    convrelay_caller_pairs_t  fail_on;       /* --fail-on, in the names */
    int64_t                   pace;          /* ms a character */
    int64_t                   timeout;       /* ms, of any one wait */
    int64_t                   grace;         /* ms, of tokens in flight */
    int64_t                   action_delay;  /* ms, from a lost connection to
                                                the action request */
    unsigned                  drop_code;     /* ErrorCode after a "drop" */
    unsigned                  get:1;
    unsigned                  plain:1;
    unsigned                  insecure:1;
    unsigned                  listen:1;      /* hear each answer out */
    unsigned                  no_checks:1;
    unsigned                  fail_on_set:1;  /* without the preset */
    unsigned                  no_warnings:1;  /* of TwiML: they were given */
    unsigned                  reconnect:1;   /* that the server loses a
                                                connection is not a failure if
                                                the action connects again */
    unsigned                  replay:1;      /* the voice is a recording's */
    unsigned                  keyboard:1;    /* steps come from stdin too */
    unsigned                  terminal:1;    /* and stdin is a person's */
    unsigned                  editing:1;     /* who gets an input line */
} convrelay_caller_options_t;


/* one prompt and its answer; times are ms, 0 for what did not happen */

typedef struct {
    int64_t                   asked_at;
    int64_t                   first_at;
    int64_t                   end_at;
    unsigned                  tokens;
    unsigned                  flight;        /* came before the pong */
    unsigned                  stray;         /* and after it */
    unsigned                  asked:1;
    unsigned                  open:1;        /* a token came, no last yet */
    unsigned                  done:1;        /* last:true came */
    unsigned                  interrupted:1;
    unsigned                  over:1;        /* said into the last answer */
    unsigned                  owed:1;        /* that one is still open */
    unsigned                  noted:1;       /* its figures were printed */
    unsigned                  again:1;       /* lost with its connection: the
                                                answer begins once more */
    unsigned                  dropped:1;     /* by a "drop": or never */
    int64_t                   interrupted_at;
    int64_t                   pong_at;       /* interrupt or prompt was read */
    convrelay_caller_buf_t    prompt;
    convrelay_caller_buf_t    answer;
} convrelay_caller_turn_t;


typedef struct {
    convrelay_caller_options_t   *options;
    convrelay_caller_print_t     *print;
    convrelay_caller_scenario_t  *scenario;
    convrelay_caller_line_t      *line;       /* of a person, or NULL */
    const char                   *hung_up_by; /* which key or command did */
    convrelay_caller_twiml_t      twiml;
    char                         *base;       /* the URL that it came from */
    convrelay_caller_target_t     target;
    convrelay_caller_ident_t      ident;
    convrelay_caller_conn_t       conn;
    convrelay_caller_voice_t      voice;
    convrelay_caller_turn_t       turn;
    convrelay_caller_buf_t        message;    /* scratch for one */

    convrelay_caller_buf_t        heard;      /* of the last interruption */
    convrelay_caller_buf_t        beyond;
    convrelay_caller_buf_t        handoff;

    size_t                        step;
    int64_t                       step_at;    /* when the step began, or 0 */
    int64_t                       wake;       /* look again then */
    int64_t                       now;
    int64_t                       begun_at;
    int64_t                       opened_at;  /* the call, at an input line */
    int64_t                       text_at;    /* of the last token */
    unsigned                      texts;      /* tokens of the call */
    unsigned                      step_texts; /* before the step began */
    unsigned                      bad;        /* messages in a row */
    unsigned                      turns;
    unsigned                      answers;    /* with words in them */
    unsigned                      excuses;    /* of them, the error message */
    unsigned                      stray;      /* of all turns */
    unsigned                      ended_at;   /* line of the step that did */
    unsigned                      sessions;
    unsigned                      idle;       /* sessions in a row with neither
                                                 a step nor a token in them */
    int                           code;       /* exit code */

    unsigned                      direct:1;   /* the URL is a relay's */
    unsigned                      speaking:1;
    unsigned                      client_speaking:1;
    unsigned                      ended:1;    /* the server sent "end" */
    unsigned                      hung_up:1;  /* we did */
    unsigned                      dropped:1;  /* we reset the connection */
    unsigned                      redial:1;   /* dropped, and opened again as
                                                 it was, without setup */
    unsigned                      broken:1;   /* the server lost it */
    unsigned                      over:1;     /* the socket is gone */
    unsigned                      last:1;     /* no other session follows */
    unsigned                      eof:1;      /* of stdin */
    unsigned                      excused:1;  /* an error was expected */
    unsigned                      greeting:1; /* the voice speaks it */
} convrelay_caller_t;


/* one more is Twilio's alert 11215 */
#define CONVRELAY_CALLER_REDIRECTS     10

/* Twilio's ErrorCode where the connection is lost */
#define CONVRELAY_CALLER_SOCKET_ENDED  64105

/* convrelay's default for convrelay_error_message */
#define CONVRELAY_CALLER_EXCUSE                                               \
    "I ran into a temporary issue while generating a response."


/* runs one call against options->url, returns the exit code */
int convrelay_caller_run(convrelay_caller_options_t *options,
    convrelay_caller_scenario_t *scenario, convrelay_caller_print_t *print);

/*
 * Asks the webhook for TwiML; finds out from it where the WebSocket is.
 * CONVRELAY_OK, or CONVRELAY_ERROR with call->code, the error printed.
 */
int convrelay_caller_dial(convrelay_caller_t *call);
int convrelay_caller_aim(convrelay_caller_t *call);

/*
 * Requests <Connect action> when the session is over.  CONVRELAY_OK: the
 * TwiML that came back connects again; CONVRELAY_DONE, CONVRELAY_ERROR.
 */
int convrelay_caller_action(convrelay_caller_t *call);

/*
 * The session is over, but the call may go on in another one: that is what the
 * steps of the scenario wait for.
 */
int convrelay_caller_between(const convrelay_caller_t *call);

/* the form of a request; status is the session's, NULL before there is one */
void convrelay_caller_form(convrelay_caller_t *call,
    convrelay_caller_pairs_t *form, const char *status);

/*
 * Requests TwiML from url, which replaces what the call had.  CONVRELAY_OK,
 * or CONVRELAY_ERROR, the error printed.
 */
int convrelay_caller_webhook(convrelay_caller_t *call, const char *url,
    const char *method, convrelay_caller_pairs_t *form);

/* a URL on its way through --public-url; url and sign are never empty */

typedef struct {
    convrelay_caller_buf_t        url;        /* where the request goes */
    convrelay_caller_buf_t        sign;       /* what Twilio would call it */
    convrelay_caller_buf_t        host;       /* as Host, or empty: url's */
} convrelay_caller_route_t;


/*
 * Fills f in for a request of url, all but its form and method.  CONVRELAY_OK,
 * or CONVRELAY_ERROR, the error printed.  What f points to belongs to r, which
 * convrelay_caller_unroute() frees.
 */
int convrelay_caller_prepare(convrelay_caller_t *call,
    convrelay_caller_fetch_t *f, convrelay_caller_route_t *r, const char *url);
void convrelay_caller_unroute(convrelay_caller_route_t *r);

/* the relay URL as Twilio signs it */
void convrelay_caller_relay_url(const convrelay_caller_t *call,
    convrelay_caller_buf_t *url);

/*
 * Asks the webhook, signed with a token or not at all (NULL), and returns
 * its HTTP status, 0 if there was none.
 */
long convrelay_caller_knock(convrelay_caller_t *call, const char *token);

/* frees the TwiML and the target */
void convrelay_caller_forget(convrelay_caller_t *call);

/* the call: what either side says */
void convrelay_caller_begin(convrelay_caller_t *call);
void convrelay_caller_receive(convrelay_caller_t *call, u_char *data,
    size_t len);
void convrelay_caller_say(convrelay_caller_t *call, const char *text);
void convrelay_caller_partial(convrelay_caller_t *call, const char *text);
void convrelay_caller_presence(convrelay_caller_t *call, const char *text);
void convrelay_caller_client_speaks(convrelay_caller_t *call, unsigned on);
void convrelay_caller_press(convrelay_caller_t *call, const char *digits);
void convrelay_caller_barge_in(convrelay_caller_t *call);
void convrelay_caller_raw(convrelay_caller_t *call, const char *message,
    unsigned interrupt);
void convrelay_caller_speak(convrelay_caller_t *call);
void convrelay_caller_hear_out(convrelay_caller_t *call);
void convrelay_caller_pong(convrelay_caller_t *call);
void convrelay_caller_hang_up(convrelay_caller_t *call);
void convrelay_caller_closed(convrelay_caller_t *call);
void convrelay_caller_send(convrelay_caller_t *call);
void convrelay_caller_note_turn(convrelay_caller_t *call);

/* the answer is over: by its last token, an interruption, or the call */
int convrelay_caller_answered(convrelay_caller_t *call);

/*
 * The keyboard: a typed line becomes a step.  _open() is for each session,
 * and gives a person an input line; _close() says how the call ended.
 */
void convrelay_caller_keyboard_signals(convrelay_caller_t *call);
void convrelay_caller_keyboard_open(convrelay_caller_t *call);
void convrelay_caller_keyboard_close(convrelay_caller_t *call);

/* whether its input is wanted, and was Ctrl-C pressed while connecting */
int convrelay_caller_keyboard_waits(const convrelay_caller_t *call);
int convrelay_caller_keyboard_gave_up(convrelay_caller_t *call);

/* there is input; Ctrl-C or another signal may have come */
void convrelay_caller_keyboard(convrelay_caller_t *call);
void convrelay_caller_keyboard_events(convrelay_caller_t *call);

/*
 * Performs the steps that are due.  CONVRELAY_DONE: there are no more;
 * CONVRELAY_AGAIN: one is waiting, until call->wake at most if that is set.
 */
int convrelay_caller_steps(convrelay_caller_t *call);


#endif /* CONVRELAY_CALLER_RUN_H_INCLUDED */
