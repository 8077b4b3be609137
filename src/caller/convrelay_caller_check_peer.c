
/*
 * Copyright (C) convrelay contributors
 */


#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>

#include "convrelay_caller_check.h"


#define CONVRELAY_CALLER_CHECK_INPUT  65536


static int convrelay_caller_check_poll(convrelay_caller_check_t *k,
    int64_t until);
static int convrelay_caller_check_message(convrelay_caller_check_t *k,
    const convrelay_str_t *data);
static void convrelay_caller_check_learn(convrelay_caller_check_t *k);
static int convrelay_caller_check_over(convrelay_caller_check_t *k);
static int convrelay_caller_check_wait(convrelay_caller_check_t *k,
    unsigned silent);


int
convrelay_caller_check_dial(convrelay_caller_check_t *k)
{
    convrelay_caller_forget(k->call);
    k->call->code = CONVRELAY_CALLER_EXIT_OK;

    if (convrelay_caller_dial(k->call) != CONVRELAY_OK
        || convrelay_caller_aim(k->call) != CONVRELAY_OK)
    {
        return convrelay_caller_check_fail(k, "no relay was named");
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_connect(convrelay_caller_check_t *k)
{
    int                     rc;
    int64_t                 until;
    convrelay_ws_message_t  m;

    convrelay_caller_check_hang_up(k);

    k->tokens = 0;
    k->lasts = 0;
    until = convrelay_caller_now() + k->timeout;

    rc = convrelay_caller_conn_open(&k->conn, &k->call->target);

    while (rc != CONVRELAY_ERROR
           && k->conn.state != CONVRELAY_CALLER_CONN_OPEN)
    {
        if (convrelay_caller_check_poll(k, until) != CONVRELAY_OK) {
            return convrelay_caller_check_fail(k, "no answer to the handshake "
                                               "in time");
        }

        rc = convrelay_caller_conn_read(&k->conn, k->input,
                                        CONVRELAY_CALLER_CHECK_INPUT, &m);
    }

    if (rc == CONVRELAY_ERROR) {
        return convrelay_caller_check_fail(k, "%s", k->conn.error);
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_open(convrelay_caller_check_t *k)
{
    if (convrelay_caller_check_dial(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_connect(k);
}


int
convrelay_caller_check_call(convrelay_caller_check_t *k)
{
    if (convrelay_caller_check_open(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_setup(k);

    return CONVRELAY_OK;
}


/* with a Close if possible: the next call needs the server */

void
convrelay_caller_check_hang_up(convrelay_caller_check_t *k)
{
    if (k->conn.state == CONVRELAY_CALLER_CONN_OPEN && !k->conn.close_sent) {
        convrelay_caller_conn_close(&k->conn, CONVRELAY_WS_NORMAL, "");
    }

    convrelay_caller_conn_free(&k->conn, 0);
    memset(&k->conn, 0, sizeof(convrelay_caller_conn_t));
    k->conn.fd = -1;
}


void
convrelay_caller_check_setup(convrelay_caller_check_t *k)
{
    convrelay_caller_setup(&k->message, &k->call->ident,
                           &k->call->twiml.parameters);
    convrelay_caller_check_text(k, k->message.data, k->message.len);
}


void
convrelay_caller_check_say(convrelay_caller_check_t *k, const char *text)
{
    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    k->lasts = 0;
    k->said_at = convrelay_caller_now();

    convrelay_caller_prompt(&k->message, text, "en-US", 1);
    convrelay_caller_check_text(k, k->message.data, k->message.len);
}


int
convrelay_caller_check_say_over(convrelay_caller_check_t *k, const char *text)
{
    convrelay_caller_check_say(k, text);
    k->said_at = 0;

    if (convrelay_caller_check_ping(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    k->lasts = 0;

    return CONVRELAY_OK;
}


void
convrelay_caller_check_text(convrelay_caller_check_t *k, const char *text,
    size_t len)
{
    convrelay_caller_conn_send(&k->conn, CONVRELAY_WS_TEXT, text, len);
}


void
convrelay_caller_check_frame(convrelay_caller_check_t *k, unsigned first,
    const void *data, size_t len)
{
    convrelay_caller_check_queue(k, first, data, len);
    (void) convrelay_caller_conn_flush(&k->conn);
}


void
convrelay_caller_check_queue(convrelay_caller_check_t *k, unsigned first,
    const void *data, size_t len)
{
    u_char   mask[4], head[CONVRELAY_WS_MAX_HEADER], *last;
    size_t   start;

    convrelay_caller_random(mask, sizeof(mask));

    last = convrelay_ws_header_masked(head, CONVRELAY_WS_TEXT, len, mask);
    head[0] = first;

    convrelay_caller_buf_add(&k->conn.out, head, last - head);
    start = k->conn.out.len;
    convrelay_caller_buf_add(&k->conn.out, data, len);
    convrelay_ws_mask((u_char *) k->conn.out.data + start, len, mask, 0);
}


void
convrelay_caller_check_bytes(convrelay_caller_check_t *k, const void *data,
    size_t len)
{
    convrelay_caller_buf_add(&k->conn.out, data, len);
    (void) convrelay_caller_conn_flush(&k->conn);
}


/* CONVRELAY_OK: the socket is ready; CONVRELAY_AGAIN: time is up */

static int
convrelay_caller_check_poll(convrelay_caller_check_t *k, int64_t until)
{
    int            n;
    int64_t        left;
    struct pollfd  pfd;

    for ( ;; ) {
        left = until - convrelay_caller_now();

        if (left < 0 || k->conn.fd == -1) {
            return CONVRELAY_AGAIN;
        }

        pfd.fd = k->conn.fd;
        pfd.events = POLLIN;

        if (convrelay_caller_conn_writes(&k->conn)) {
            pfd.events |= POLLOUT;
        }

        n = poll(&pfd, 1, (int) left + 1);

        if (n == 1) {
            return CONVRELAY_OK;
        }

        if (n == -1 && errno != EINTR) {
            return CONVRELAY_AGAIN;
        }
    }
}


int
convrelay_caller_check_next(convrelay_caller_check_t *k, int64_t until)
{
    int                     rc;
    convrelay_ws_message_t  m;

    for ( ;; ) {
        rc = convrelay_caller_conn_read(&k->conn, k->input,
                                        CONVRELAY_CALLER_CHECK_INPUT, &m);

        if (rc == CONVRELAY_DONE || rc == CONVRELAY_ERROR) {
            return convrelay_caller_check_over(k);
        }

        if (rc == CONVRELAY_OK) {
            break;
        }

        if (convrelay_caller_check_poll(k, until) != CONVRELAY_OK) {
            return CONVRELAY_AGAIN;
        }
    }

    if (m.opcode == CONVRELAY_WS_PONG) {
        k->pongs++;
        convrelay_caller_buf_reset(&k->pong);
        convrelay_caller_buf_add(&k->pong, m.data.data, m.data.len);
        return CONVRELAY_OK;
    }

    if (m.opcode == CONVRELAY_WS_TEXT) {
        return convrelay_caller_check_message(k, &m.data);
    }

    return convrelay_caller_check_fail(k, "the server sent a binary frame");
}


static int
convrelay_caller_check_message(convrelay_caller_check_t *k,
    const convrelay_str_t *data)
{
    int                         rc;
    char                       *copy;
    convrelay_caller_message_t  m;

    copy = convrelay_caller_strndup((char *) data->data, data->len);
    rc = convrelay_caller_message_parse(&m, data->data, data->len);

    if (rc != CONVRELAY_OK) {
        free(copy);
        return convrelay_caller_check_fail(k, "no memory");
    }

    if (m.type == CONVRELAY_CALLER_MESSAGE_BAD) {
        rc = convrelay_caller_check_fail(k, "the server sent a message that %s "
                                         "(64107): %.100s", m.error, copy);

    } else if (m.type == CONVRELAY_CALLER_MESSAGE_END) {
        rc = convrelay_caller_check_fail(k, "the server ended the session");

    } else if (m.type == CONVRELAY_CALLER_MESSAGE_TEXT) {
        k->tokens += (m.token.len != 0);
        k->lasts += m.last;
        convrelay_caller_buf_add(&k->answer, m.token.data, m.token.len);
        convrelay_caller_check_learn(k);
    }

    convrelay_caller_message_free(&m);
    free(copy);

    return rc;
}


/* the silence must be longer than the time that the agent thinks */

static void
convrelay_caller_check_learn(convrelay_caller_check_t *k)
{
    int64_t  quiet;

    if (k->said_at == 0) {
        return;
    }

    quiet = 2 * (convrelay_caller_now() - k->said_at) + 50;
    k->said_at = 0;

    if (quiet > CONVRELAY_CALLER_CHECK_MAX_QUIET) {
        quiet = CONVRELAY_CALLER_CHECK_MAX_QUIET;
    }

    if (quiet > k->quiet) {
        k->quiet = quiet;
    }
}


static int
convrelay_caller_check_over(convrelay_caller_check_t *k)
{
    if (k->conn.error[0]) {
        return convrelay_caller_check_fail(k, "%s", k->conn.error);
    }

    if (k->conn.close_received) {
        return convrelay_caller_check_fail(k, "the server closed with %u%s%s",
                                           k->conn.code,
                                           k->conn.reason[0] ? ", " : "",
                                           k->conn.reason);
    }

    return convrelay_caller_check_fail(k, "the server dropped the connection");
}


int
convrelay_caller_check_answer(convrelay_caller_check_t *k)
{
    int      rc;
    int64_t  until;

    until = convrelay_caller_now() + k->timeout;

    while (k->lasts == 0) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "no %s within %lld ms",
                                               k->tokens ? "last:true"
                                                       : "answer",
                                               (long long) k->timeout);
        }
    }

    if (k->tokens == 0) {
        return convrelay_caller_check_fail(k, "the answer had no text");
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_say_word(convrelay_caller_check_t *k, const char *word)
{
    int      rc;
    int64_t  until;

    until = convrelay_caller_now() + k->timeout;

    while (!convrelay_caller_check_word(k->answer.data, word)) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "\"%.80s\" is not in "
                                               "\"%.80s\"", word,
                                               k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_alive(convrelay_caller_check_t *k)
{
    convrelay_caller_check_say(k, "Hello!");

    return convrelay_caller_check_answer(k);
}


int
convrelay_caller_check_ping(convrelay_caller_check_t *k)
{
    return convrelay_caller_check_ping_with(k, "check", 5);
}


int
convrelay_caller_check_ping_with(convrelay_caller_check_t *k, const void *data,
    size_t len)
{
    int       rc;
    int64_t   until;
    unsigned  pongs;

    pongs = k->pongs;
    until = convrelay_caller_now() + k->patience;

    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_PING, data, len);

    while (k->pongs == pongs) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "no pong within %lld ms",
                                               (long long) k->patience);
        }
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_quiet(convrelay_caller_check_t *k)
{
    return convrelay_caller_check_wait(k, 1);
}


int
convrelay_caller_check_rest(convrelay_caller_check_t *k)
{
    return convrelay_caller_check_wait(k, 0);
}


static int
convrelay_caller_check_wait(convrelay_caller_check_t *k, unsigned silent)
{
    int      rc;
    int64_t  until;

    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    k->said_at = 0;

    if (convrelay_caller_check_ping(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    until = convrelay_caller_now() + k->quiet;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK);

    if (rc == CONVRELAY_ERROR) {
        return rc;
    }

    if (silent && k->tokens) {
        return convrelay_caller_check_fail(k, "it was answered: \"%.80s\"",
                                           k->answer.data);
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_closed(convrelay_caller_check_t *k, unsigned code,
    unsigned or_code)
{
    int      rc;
    int64_t  until;

    until = convrelay_caller_now() + k->patience;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK);

    if (rc == CONVRELAY_AGAIN) {
        return convrelay_caller_check_fail(k, "no Close within %lld ms",
                                           (long long) k->patience);
    }

    if (k->conn.error[0] || k->conn.state != CONVRELAY_CALLER_CONN_CLOSED) {
        return CONVRELAY_ERROR;
    }

    if (code == 0
        || (k->conn.close_received
            && (k->conn.code == code || k->conn.code == or_code)))
    {
        return CONVRELAY_OK;
    }

    return convrelay_caller_check_over(k);
}


int
convrelay_caller_check_eof(convrelay_caller_check_t *k)
{
    int      n;
    size_t   extra;
    int64_t  until;

    extra = k->conn.last - k->conn.pos;
    until = convrelay_caller_now() + k->patience;

    for ( ;; ) {
        n = convrelay_caller_conn_drop(&k->conn, k->input,
                                       CONVRELAY_CALLER_CHECK_INPUT);

        if (n > 0) {
            extra += n;
            continue;
        }

        if (n != CONVRELAY_AGAIN) {
            break;
        }

        if (convrelay_caller_check_poll(k, until) != CONVRELAY_OK) {
            break;
        }
    }

    if (extra) {
        return convrelay_caller_check_fail(k, "%zu bytes came after the Close",
                                           extra);
    }

    if (n == CONVRELAY_AGAIN) {
        return convrelay_caller_check_fail(k, "the connection was still there "
                                           "%lld ms after the Close",
                                           (long long) k->patience);
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_check_fail(convrelay_caller_check_t *k, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(k->got, sizeof(k->got), fmt, args);
    va_end(args);

    return CONVRELAY_ERROR;
}


const char *
convrelay_caller_check_word(const char *text, const char *word)
{
    size_t       len;
    const char  *p;

    len = strlen(word);

    for (p = text; *p; p++) {

        if (strncasecmp(p, word, len) == 0) {
            return p;
        }
    }

    return NULL;
}


const char *
convrelay_caller_check_number(const char *text, unsigned number)
{
    char        *end;
    const char  *p;

    for (p = text; *p; p = end) {
        end = (char *) p + 1;

        if (isdigit((u_char) *p) && strtoul(p, &end, 10) == number) {
            return p;
        }
    }

    return NULL;
}
