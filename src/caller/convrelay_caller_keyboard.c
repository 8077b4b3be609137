
/*
 * Copyright (C) convrelay contributors
 *
 * What a person types.  At a terminal there is an input line, and the words of
 * the agent appear as they are spoken: what is to be read was heard.  Typing
 * does not interrupt, Ctrl-C does.
 */


#include <signal.h>
#include <unistd.h>

#include "convrelay_caller_run.h"


static void convrelay_caller_keyboard_line(convrelay_caller_t *call);
static void convrelay_caller_keyboard_read(convrelay_caller_t *call);
static int convrelay_caller_keyboard_quiet(convrelay_caller_t *call);
static void convrelay_caller_keyboard_hang_up(convrelay_caller_t *call,
    const char *by);
static void convrelay_caller_keyboard_interrupt(convrelay_caller_t *call);
static void convrelay_caller_keyboard_label(convrelay_caller_t *call);
static void convrelay_caller_keyboard_over(convrelay_caller_t *call,
    convrelay_caller_buf_t *b);
static void convrelay_caller_typed(convrelay_caller_t *call, const char *line);
static void convrelay_caller_typed_step(convrelay_caller_t *call,
    const char *line, const char *step, size_t len);
static void convrelay_caller_keyboard_help(convrelay_caller_t *call);
static void convrelay_caller_keyboard_handler(int signo);


static volatile sig_atomic_t  convrelay_caller_interrupted;
static volatile sig_atomic_t  convrelay_caller_terminated;
static volatile sig_atomic_t  convrelay_caller_resized;
static volatile sig_atomic_t  convrelay_caller_resumed;


/* at a keyboard, Ctrl-C interrupts the agent */

void
convrelay_caller_keyboard_signals(convrelay_caller_t *call)
{
    size_t            i;
    struct sigaction  sa;

    static const int  editing[] = {
        SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT
    };

    signal(SIGPIPE, SIG_IGN);

    if (!call->options->terminal) {
        return;
    }

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = convrelay_caller_keyboard_handler;
    sigaction(SIGINT, &sa, NULL);

    /* the terminal is given back in any case */

    for (i = 0; call->options->editing
                && i < sizeof(editing) / sizeof(editing[0]); i++)
    {
        sigaction(editing[i], &sa, NULL);
    }
}


static void
convrelay_caller_keyboard_handler(int signo)
{
    switch (signo) {

    case SIGINT:
        convrelay_caller_interrupted = 1;
        break;

    case SIGWINCH:
        convrelay_caller_resized = 1;
        break;

    case SIGCONT:
        convrelay_caller_resumed = 1;
        break;

    default:
        convrelay_caller_terminated = 1;
        break;
    }
}


void
convrelay_caller_keyboard_open(convrelay_caller_t *call)
{
    if (!call->options->terminal) {
        return;
    }

    convrelay_caller_print_note(call->print, "type what the caller says; "
                                "/help lists what else there is");

    if (!call->options->editing || call->line) {
        return;
    }

    call->opened_at = convrelay_caller_now();
    call->line = convrelay_caller_line_open(call->print);

    if (call->line == NULL) {
        call->options->editing = 0;
        return;
    }

    convrelay_caller_keyboard_label(call);
}


/* the input belongs to the line, once there is one */

int
convrelay_caller_keyboard_waits(const convrelay_caller_t *call)
{
    return call->options->keyboard && !call->eof
           && (!call->options->editing || call->line);
}


int
convrelay_caller_keyboard_gave_up(convrelay_caller_t *call)
{
    return call->options->terminal
           && (convrelay_caller_interrupted || convrelay_caller_terminated);
}


void
convrelay_caller_keyboard(convrelay_caller_t *call)
{
    if (call->line) {
        convrelay_caller_keyboard_line(call);

    } else {
        convrelay_caller_keyboard_read(call);
    }
}


static void
convrelay_caller_keyboard_line(convrelay_caller_t *call)
{
    int          rc;
    const char  *text;

    for ( ;; ) {
        rc = convrelay_caller_line_read(call->line, &text);

        if (rc == CONVRELAY_AGAIN) {
            return;
        }

        if (rc == CONVRELAY_DONE) {
            call->eof = 1;
            convrelay_caller_keyboard_hang_up(call, "Ctrl-D");
            return;
        }

        convrelay_caller_typed(call, text);
    }
}


static void
convrelay_caller_keyboard_read(convrelay_caller_t *call)
{
    char     *p, *end;
    ssize_t   n;

    static char    line[8192];
    static size_t  len;

    n = read(0, line + len, sizeof(line) - 1 - len);

    if (n <= 0) {
        call->eof = 1;
        n = 0;

        if (len) {
            line[len++] = '\n';
        }
    }

    len += n;
    line[len] = '\0';

    for (p = line; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        *end = '\0';
        convrelay_caller_typed(call, p);
    }

    len -= p - line;
    memmove(line, p, len);

    if (len == sizeof(line) - 1) {
        len = 0;
    }
}


void
convrelay_caller_keyboard_events(convrelay_caller_t *call)
{
    if (convrelay_caller_interrupted) {
        convrelay_caller_interrupted = 0;
        convrelay_caller_keyboard_interrupt(call);
    }

    if (call->line == NULL) {
        return;
    }

    if (convrelay_caller_terminated) {
        convrelay_caller_terminated = 0;
        convrelay_caller_keyboard_hang_up(call, "a signal");
    }

    if (convrelay_caller_resumed) {
        convrelay_caller_resumed = 0;
        convrelay_caller_resized = 0;
        convrelay_caller_line_resume(call->line);
    }

    if (convrelay_caller_resized) {
        convrelay_caller_resized = 0;
        convrelay_caller_line_resize(call->line);
    }

    convrelay_caller_keyboard_label(call);
}


static void
convrelay_caller_keyboard_interrupt(convrelay_caller_t *call)
{
    if (!convrelay_caller_keyboard_quiet(call)) {
        convrelay_caller_barge_in(call);
        convrelay_caller_client_speaks(call, 0);
        return;
    }

    if (call->line && convrelay_caller_line_drop(call->line) == CONVRELAY_OK) {
        return;
    }

    convrelay_caller_keyboard_hang_up(call, "Ctrl-C");
}


static int
convrelay_caller_keyboard_quiet(convrelay_caller_t *call)
{
    return convrelay_caller_voice_done(&call->voice)
           && convrelay_caller_answered(call);
}


static void
convrelay_caller_keyboard_hang_up(convrelay_caller_t *call, const char *by)
{
    if (!call->hung_up) {
        call->hung_up_by = by;
    }

    convrelay_caller_hang_up(call);
}


/* the agent's turn can be seen in front of the input */

static void
convrelay_caller_keyboard_label(convrelay_caller_t *call)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (convrelay_caller_keyboard_quiet(call)) {
        convrelay_caller_line_label(call->line, "caller", 0);

    } else if (turn->asked && turn->tokens == 0 && !turn->interrupted) {
        convrelay_caller_line_label(call->line, "(thinks)", 1);

    } else {
        convrelay_caller_line_label(call->line, "(speaks)", 1);
    }
}


void
convrelay_caller_keyboard_close(convrelay_caller_t *call)
{
    convrelay_caller_buf_t  b;

    if (call->line == NULL) {
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_keyboard_over(call, &b);

    convrelay_caller_buf_printf(&b, ", after %lld s and %u question%s",
                                (long long) ((convrelay_caller_now()
                                              - call->opened_at) / 1000),
                                call->turns, call->turns == 1 ? "" : "s");

    convrelay_caller_print_said(call->print, "ended", b.data);
    convrelay_caller_buf_free(&b);

    convrelay_caller_line_close(call->line);
    call->line = NULL;
}


static void
convrelay_caller_keyboard_over(convrelay_caller_t *call,
    convrelay_caller_buf_t *b)
{
    convrelay_caller_conn_t  *c;

    c = &call->conn;

    if (call->dropped) {
        convrelay_caller_buf_str(b, "by a lost connection (/drop), which "
                                    "nothing opened again");

    } else if (call->hung_up) {
        convrelay_caller_buf_printf(b, "by the caller (%s)", call->hung_up_by
                                    ? call->hung_up_by : "/hangup");

    } else if (call->ended) {
        convrelay_caller_buf_str(b, "by the agent");

        if (call->handoff.len) {
            convrelay_caller_buf_printf(b, ", with the hand-off data %s",
                                        call->handoff.data);
        }

    } else if (c->error[0]) {
        convrelay_caller_buf_printf(b, "by a lost connection: %s", c->error);

    } else if (c->close_received) {
        convrelay_caller_buf_printf(b, "by the server, which closed the "
                                    "connection with code %u%s%s", c->code,
                                    c->reason[0] ? ": " : "", c->reason);

    } else {
        convrelay_caller_buf_str(b, "by the server, which closed the "
                                    "connection without a Close");
    }
}


static void
convrelay_caller_typed(convrelay_caller_t *call, const char *line)
{
    convrelay_caller_buf_t  b;

    line += strspn(line, " \t");

    if (*line == '\0') {
        convrelay_caller_hear_out(call);
        return;
    }

    if (strcmp(line, "/help") == 0) {
        convrelay_caller_keyboard_help(call);
        return;
    }

    /* what waits to be said is not waited for */

    if (call->line && strcmp(line, "/hangup") == 0) {
        convrelay_caller_keyboard_hang_up(call, "/hangup");
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    if (strncmp(line, "/dtmf ", 6) == 0) {
        convrelay_caller_buf_printf(&b, "dtmf: %s", line + 6);

    } else if (*line == '/') {
        convrelay_caller_buf_str(&b, line + 1);

    } else {

        if (call->line && !convrelay_caller_keyboard_quiet(call)) {
            convrelay_caller_print_said(call->print, "(waits)", line);
        }

        convrelay_caller_buf_printf(&b, "caller: %s", line);
    }

    convrelay_caller_typed_step(call, line, b.data, b.len);
    convrelay_caller_buf_free(&b);
}


static void
convrelay_caller_typed_step(convrelay_caller_t *call, const char *line,
    const char *step, size_t len)
{
    convrelay_caller_scenario_t  *s;

    s = call->scenario;

    if (convrelay_caller_scenario_line(s, step, len, s->n + 1)
        != CONVRELAY_ERROR)
    {
        return;
    }

    if (*line == '/') {
        convrelay_caller_print_error("\"%s\" is not a command; /help lists "
                                     "them", line);

    } else {
        convrelay_caller_print_error("%s", s->error);
    }
}


static void
convrelay_caller_keyboard_help(convrelay_caller_t *call)
{
    size_t  i;

    static const char  *lines[] = {
        "TEXT              the caller says it, once the agent has finished",
        "Enter alone       hears the rest of an answer at once",
        "Ctrl-C            interrupts the agent; while it is quiet, drops what",
        "                  was typed, or hangs up",
        "/dtmf 12#         presses keys",
        "/hangup, Ctrl-D   ends the call",
        "/drop             loses the connection; the action may connect again",
        "/STEP             any step of a scenario, such as /wait 2 s",
        "Up, Ctrl-R        a line typed before, one that begins like this one",
        NULL
    };

    for (i = 0; lines[i]; i++) {
        convrelay_caller_print_note(call->print, "%s", lines[i]);
    }
}
