
/*
 * Copyright (C) convrelay contributors
 */


#include <errno.h>
#include <poll.h>

#include "convrelay_caller_run.h"


#define CONVRELAY_CALLER_INPUT        65536
#define CONVRELAY_CALLER_CLOSE_WAIT   2000      /* ms, for the peer's Close */
#define CONVRELAY_CALLER_SESSIONS     8         /* in a row, with nothing in
                                                   them */


static int convrelay_caller_session(convrelay_caller_t *call);
static void convrelay_caller_renew(convrelay_caller_t *call);
static int convrelay_caller_connect(convrelay_caller_t *call);
static int convrelay_caller_talk(convrelay_caller_t *call);
static int convrelay_caller_wait(convrelay_caller_t *call, int64_t until);
static int convrelay_caller_input(convrelay_caller_t *call);
static void convrelay_caller_finish(convrelay_caller_t *call);
static int convrelay_caller_broken(convrelay_caller_t *call);
static void convrelay_caller_break(convrelay_caller_t *call);
static void convrelay_caller_judge(convrelay_caller_t *call);
static void convrelay_caller_call_json(convrelay_caller_t *call);


int
convrelay_caller_run(convrelay_caller_options_t *options,
    convrelay_caller_scenario_t *scenario, convrelay_caller_print_t *print)
{
    int                  rc;
    unsigned             failed;
    convrelay_caller_t  *call;

    failed = print->failed;
    call = convrelay_caller_alloc(sizeof(convrelay_caller_t));

    call->options = options;
    call->scenario = scenario;
    call->print = print;
    call->voice.pace = options->pace;
    call->voice.start = options->pace ? CONVRELAY_CALLER_VOICE_START : 0;
    call->conn.fd = -1;

    convrelay_caller_buf_reset(&call->heard);
    convrelay_caller_buf_reset(&call->beyond);

    rc = convrelay_caller_dial(call);

    convrelay_caller_keyboard_signals(call);

    while (rc == CONVRELAY_OK) {
        rc = convrelay_caller_session(call);

        if (rc == CONVRELAY_OK) {
            rc = convrelay_caller_action(call);
        }

        if (rc == CONVRELAY_OK && call->idle == CONVRELAY_CALLER_SESSIONS) {
            convrelay_caller_print_error("%u sessions in a row ended before "
                                         "anything was said, and the action "
                                         "connects again: giving up",
                                         call->idle);
            call->code = CONVRELAY_CALLER_EXIT_BROKEN;
            rc = CONVRELAY_DONE;
        }

        if (rc != CONVRELAY_OK && call->broken) {
            convrelay_caller_break(call);
        }
    }

    call->last = 1;

    /* what a person has typed and the call did not wait for was not asked */

    if (call->line) {
        call->step = call->scenario->n;
    }

    if (call->code != CONVRELAY_CALLER_EXIT_WEBHOOK
        && call->code != CONVRELAY_CALLER_EXIT_CONNECT)
    {
        call->over = 1;
        (void) convrelay_caller_steps(call);
    }

    convrelay_caller_keyboard_close(call);
    convrelay_caller_judge(call);

    if (call->code == CONVRELAY_CALLER_EXIT_OK && print->failed > failed) {
        call->code = CONVRELAY_CALLER_EXIT_FAILED;
    }

    convrelay_caller_call_json(call);
    rc = call->code;

    convrelay_caller_conn_free(&call->conn, 0);
    convrelay_caller_forget(call);
    convrelay_caller_voice_free(&call->voice);
    convrelay_caller_buf_free(&call->turn.prompt);
    convrelay_caller_buf_free(&call->turn.answer);
    convrelay_caller_buf_free(&call->message);
    convrelay_caller_buf_free(&call->heard);
    convrelay_caller_buf_free(&call->beyond);
    convrelay_caller_buf_free(&call->handoff);
    free(call);

    return rc;
}


static int
convrelay_caller_session(convrelay_caller_t *call)
{
    int       rc;
    size_t    step;
    unsigned  texts;

    convrelay_caller_renew(call);
    convrelay_caller_conn_free(&call->conn, 0);

    if (convrelay_caller_aim(call) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_connect(call) != CONVRELAY_OK) {
        convrelay_caller_print_error("%s: %s", call->twiml.url,
                                     call->conn.error);
        call->code = CONVRELAY_CALLER_EXIT_CONNECT;
        return CONVRELAY_ERROR;
    }

    step = call->step;
    texts = call->texts;
    call->sessions++;

    rc = convrelay_caller_talk(call);

    call->idle = (call->step == step && call->texts == texts) ? call->idle + 1
                                                              : 0;

    return rc;
}


/* forgets what belongs to a session, not to the call */

static void
convrelay_caller_renew(convrelay_caller_t *call)
{
    unsigned                  dropped;
    convrelay_caller_turn_t  *turn;

    /* of the options, --reconnect alone expects the answer all the same */

    dropped = call->dropped || !convrelay_caller_between(call);

    call->over = 0;
    call->ended = 0;
    call->hung_up = 0;
    call->dropped = 0;
    call->broken = 0;
    call->speaking = 0;
    call->client_speaking = 0;
    call->ended_at = 0;
    call->bad = 0;

    turn = &call->turn;

    turn->open = 0;
    turn->over = 0;
    turn->owed = 0;
    turn->again = 0;
    turn->dropped = 0;

    if (!turn->asked) {
        return;
    }

    if (turn->done || turn->interrupted) {
        turn->interrupted = 0;
        turn->done = 1;
        return;
    }

    /* a server that remembers the call answers without being asked again */

    turn->again = 1;
    turn->dropped = dropped;
}


static int
convrelay_caller_connect(convrelay_caller_t *call)
{
    int      rc;
    int64_t  until, begun;

    begun = convrelay_caller_now();
    until = begun + call->options->timeout;

    if (convrelay_caller_conn_open(&call->conn, &call->target)
        == CONVRELAY_ERROR)
    {
        return CONVRELAY_ERROR;
    }

    for ( ;; ) {
        rc = convrelay_caller_wait(call, until);

        if (rc == CONVRELAY_ERROR) {
            return CONVRELAY_ERROR;
        }

        if (convrelay_caller_keyboard_gave_up(call)) {
            snprintf(call->conn.error, sizeof(call->conn.error),
                     "given up before there was a WebSocket");
            return CONVRELAY_ERROR;
        }

        if (call->conn.state == CONVRELAY_CALLER_CONN_OPEN) {
            break;
        }

        if (call->now >= until) {
            snprintf(call->conn.error, sizeof(call->conn.error),
                     "no WebSocket within %lld ms",
                     (long long) call->options->timeout);
            return CONVRELAY_ERROR;
        }
    }

    convrelay_caller_print_note(call->print, "connected to %s%s%s%s%s%s in "
                                "%lld ms", call->twiml.url,
                                call->target.host ? " at " : "",
                                call->target.host ? call->target.host : "",
                                call->target.host ? ":" : "",
                                call->target.host ? call->target.port : "",
                                call->target.parsed.tls && !call->target.tls
                                ? ", in the clear" : "",
                                (long long) (call->now - begun));

    return CONVRELAY_OK;
}


/* from setup to Close; CONVRELAY_OK however it went */

static int
convrelay_caller_talk(convrelay_caller_t *call)
{
    int      rc;
    int64_t  until, closing;

    closing = 0;
    call->now = convrelay_caller_now();
    convrelay_caller_keyboard_open(call);
    convrelay_caller_begin(call);

    while (!call->over) {
        call->now = convrelay_caller_now();

        convrelay_caller_keyboard_events(call);
        convrelay_caller_speak(call);
        rc = (call->hung_up || call->conn.close_sent)
             ? CONVRELAY_AGAIN : convrelay_caller_steps(call);

        if (call->over) {
            break;
        }

        if (rc == CONVRELAY_DONE
            && (!call->options->keyboard || call->eof))
        {
            convrelay_caller_finish(call);
        }

        if (call->conn.close_sent && closing == 0) {
            closing = call->now + CONVRELAY_CALLER_CLOSE_WAIT;
        }

        if (closing && call->now >= closing) {
            break;
        }

        until = closing ? closing : call->now + 1000;

        if (call->wake > call->now && call->wake < until) {
            until = call->wake;
        }

        if (convrelay_caller_voice_due(&call->voice) > 0
            && convrelay_caller_voice_due(&call->voice) < until)
        {
            until = convrelay_caller_voice_due(&call->voice);
        }

        rc = convrelay_caller_wait(call, until);

        if (rc == CONVRELAY_DONE || rc == CONVRELAY_ERROR) {
            break;
        }
    }

    call->over = 1;
    call->now = convrelay_caller_now();

    if (!call->hung_up) {
        convrelay_caller_hear_out(call);
    }

    convrelay_caller_note_turn(call);

    if (convrelay_caller_broken(call)) {

        if (convrelay_caller_between(call)) {
            call->broken = 1;
            convrelay_caller_print_note(call->print, "(the server lost the "
                                        "connection: %u%s%s)", call->conn.code,
                                        call->conn.reason[0] ? " " : "",
                                        call->conn.reason);

        } else {
            convrelay_caller_break(call);
        }
    }

    (void) convrelay_caller_steps(call);

    return CONVRELAY_OK;
}


/* nothing is left to say: waits for the last answer, or gives up */

static void
convrelay_caller_finish(convrelay_caller_t *call)
{
    if (!convrelay_caller_answered(call) && !call->turn.dropped) {

        if (call->now <= call->turn.asked_at + call->options->timeout) {
            return;
        }

        if (!call->options->no_checks) {
            convrelay_caller_print_error("no answer within %lld ms",
                                         (long long) call->options->timeout);
            call->code = CONVRELAY_CALLER_EXIT_FAILED;
        }
    }

    convrelay_caller_hang_up(call);
}


/* a server must end a call with "end" (error 64105 otherwise) */

static int
convrelay_caller_broken(convrelay_caller_t *call)
{
    convrelay_caller_step_e  type;

    if (call->conn.error[0]) {
        return 1;
    }

    if (call->ended || call->hung_up) {
        return 0;
    }

    if (call->step < call->scenario->n) {
        type = call->scenario->steps[call->step].type;

        if (type == CONVRELAY_CALLER_EXPECT_CLOSE
            || type == CONVRELAY_CALLER_EXPECT_ENDS)
        {
            return 0;
        }
    }

    return 1;
}


static void
convrelay_caller_break(convrelay_caller_t *call)
{
    convrelay_caller_conn_t  *c;

    c = &call->conn;
    call->code = CONVRELAY_CALLER_EXIT_BROKEN;

    if (c->error[0]) {
        convrelay_caller_print_error("%s", c->error);

    } else if (c->close_received) {
        convrelay_caller_print_error("the server closed the connection in the "
                                     "middle of the call, with code %u%s%s%s",
                                     c->code, c->reason[0] ? " and \"" : "",
                                     c->reason, c->reason[0] ? "\"" : "");

    } else {
        convrelay_caller_print_error("the server closed the connection in the "
                                     "middle of the call, without a Close");
    }
}


/* a call fails if every answer in it was the error message */

static void
convrelay_caller_judge(convrelay_caller_t *call)
{
    convrelay_caller_options_t  *options;

    options = call->options;

    if (call->answers == 0 || call->excuses < call->answers || call->excused
        || options->fail_on_set || options->no_checks || options->replay
        || options->keyboard)
    {
        return;
    }

    convrelay_caller_print_check(call->print, call->scenario->name, 0,
                                 "an answer that is not \""
                                 CONVRELAY_CALLER_EXCUSE "\"", 0,
                                 "there was no other; --fail-on '' allows it");
}


static void
convrelay_caller_call_json(convrelay_caller_t *call)
{
    cJSON  *root, *node;

    root = call->print->root;

    if (!call->print->json || root == NULL) {
        return;
    }

    cJSON_AddStringToObject(root, "callSid", call->ident.call_sid);
    cJSON_AddStringToObject(root, "from", call->ident.from);
    cJSON_AddStringToObject(root, "to", call->ident.to);
    cJSON_AddNumberToObject(root, "sessions", call->sessions);

    if (call->twiml.greeting) {
        cJSON_AddStringToObject(root, "greeting", call->twiml.greeting);
    }

    if (call->handoff.len) {
        cJSON_AddStringToObject(root, "handoff", call->handoff.data);
    }

    if (call->conn.code) {
        node = cJSON_AddObjectToObject(root, "close");
        cJSON_AddStringToObject(node, "by", call->hung_up || call->ended
                                ? "caller" : "server");
        cJSON_AddNumberToObject(node, "code", call->conn.code);

        if (call->conn.reason[0]) {
            cJSON_AddStringToObject(node, "reason", call->conn.reason);
        }
    }
}


static int
convrelay_caller_wait(convrelay_caller_t *call, int64_t until)
{
    int            n, rc;
    int64_t        timeout;
    struct pollfd  pfd[2];

    pfd[0].fd = call->conn.fd;
    pfd[0].events = POLLIN;
    pfd[0].revents = 0;
    pfd[1].fd = convrelay_caller_keyboard_waits(call) ? 0 : -1;
    pfd[1].events = POLLIN;
    pfd[1].revents = 0;

    /* frames that came with the response to the handshake */

    if (call->conn.pos < call->conn.last) {
        call->now = convrelay_caller_now();
        return convrelay_caller_input(call);
    }

    if (convrelay_caller_conn_writes(&call->conn)) {
        pfd[0].events |= POLLOUT;
    }

    timeout = until - convrelay_caller_now();
    n = poll(pfd, 2, timeout > 0 ? (int) timeout : 0);
    call->now = convrelay_caller_now();

    if (n == -1 && errno != EINTR) {
        return CONVRELAY_ERROR;
    }

    if (n <= 0) {
        return CONVRELAY_AGAIN;
    }

    rc = CONVRELAY_AGAIN;

    if (pfd[0].revents) {
        rc = convrelay_caller_input(call);
    }

    if (pfd[1].revents) {
        convrelay_caller_keyboard(call);
    }

    return rc;
}


static int
convrelay_caller_input(convrelay_caller_t *call)
{
    int                     rc;
    convrelay_ws_message_t  m;

    static u_char  buf[CONVRELAY_CALLER_INPUT];

    for ( ;; ) {
        rc = convrelay_caller_conn_read(&call->conn, buf, sizeof(buf), &m);

        if (rc == CONVRELAY_ERROR || rc == CONVRELAY_DONE) {
            call->over = 1;
            convrelay_caller_closed(call);
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        if (m.opcode == 0) {
            return CONVRELAY_OK;
        }

        if (m.opcode == CONVRELAY_WS_TEXT) {
            convrelay_caller_receive(call, m.data.data, m.data.len);

        } else if (m.opcode == CONVRELAY_WS_PONG) {
            convrelay_caller_pong(call);

        } else if (m.opcode == CONVRELAY_WS_BINARY) {
            convrelay_caller_print_note(call->print, "(a binary frame, which "
                                        "Twilio rejects)");
        }
    }
}
