
/*
 * Copyright (C) convrelay contributors
 *
 * One call of a load.  A ping follows every interrupt and every prompt that
 * is said into an answer: tokens before its pong belong to the old answer,
 * tokens after the pong of an interrupt are stray ones.
 */


#include "convrelay_caller_load.h"


#define CONVRELAY_CALLER_LOAD_TEXT        4000     /* bytes kept of an answer */
#define CONVRELAY_CALLER_LOAD_LAST_WAIT   1000000  /* us, for a last:true */
#define CONVRELAY_CALLER_LOAD_CLOSE_WAIT  5000000  /* us, for a Close */
#define CONVRELAY_CALLER_LOAD_ACT_WAIT    600000   /* us, into a turn at most */
#define CONVRELAY_CALLER_LOAD_ACT_TOKENS  12
#define CONVRELAY_CALLER_LOAD_AGAIN       5000000  /* us, before a question is
                                                      asked again */


static void convrelay_caller_load_setup(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_setup_again(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_prompt(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_ask(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_say(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_plan(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_fresh(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_message(convrelay_caller_load_call_t *c,
    u_char *data, size_t len);
static void convrelay_caller_load_token(convrelay_caller_load_call_t *c,
    const convrelay_str_t *token);
static void convrelay_caller_load_last(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_answered(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_judge(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_act(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_cut(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_tear(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_pong(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_next(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_send(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_ping(convrelay_caller_load_call_t *c);


void
convrelay_caller_load_begin(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_t  *load;

    load = c->load;

    c->state = CONVRELAY_CALLER_LOAD_CONNECT;
    c->start_at = load->now;

    load->started++;
    load->live++;

    if (load->live > load->peak) {
        load->peak = load->live;
    }

    if (load->options->own_twiml) {
        c->state = CONVRELAY_CALLER_LOAD_TWIML;
        convrelay_caller_load_ask_twiml(c);
        return;
    }

    if (convrelay_caller_conn_open(&c->conn, &load->dial->target)
        == CONVRELAY_ERROR)
    {
        convrelay_caller_load_fail(c, c->conn.error);
        return;
    }

    convrelay_caller_load_watch(c);
    convrelay_caller_load_timer(c, load->dial->options->timeout * 1000);
}


void
convrelay_caller_load_event(convrelay_caller_load_call_t *c)
{
    int                     rc;
    convrelay_ws_message_t  m;

    while (c->state != CONVRELAY_CALLER_LOAD_DONE
           && c->state != CONVRELAY_CALLER_LOAD_LOST
           && c->state != CONVRELAY_CALLER_LOAD_OVER)
    {
        rc = convrelay_caller_conn_read(&c->conn, c->load->input, 65536, &m);

        if (rc == CONVRELAY_AGAIN) {
            convrelay_caller_load_watch(c);
            return;
        }

        if (rc == CONVRELAY_ERROR) {

            if (c->again && !c->first
                && c->state == CONVRELAY_CALLER_LOAD_CONNECT)
            {
                convrelay_caller_load_gone(c, c->conn.error);

            } else {
                convrelay_caller_load_fail(c, c->conn.error);
            }

            return;
        }

        if (rc == CONVRELAY_DONE) {

            if (c->state == CONVRELAY_CALLER_LOAD_CLOSE) {
                convrelay_caller_load_over(c);

            } else if (c->load->dial->options->reconnect) {
                convrelay_caller_load_lose(c, 0);

            } else {
                convrelay_caller_load_fail(c, c->conn.code == 1006
                    ? "the server dropped the connection"
                    : "the server closed the call");
            }

            return;
        }

        switch (m.opcode) {

        case 0:
            convrelay_caller_load_setup(c);
            break;

        case CONVRELAY_WS_TEXT:
            convrelay_caller_load_message(c, m.data.data, m.data.len);
            break;

        case CONVRELAY_WS_PONG:
            convrelay_caller_load_pong(c);
            break;

        default:
            c->load->bad++;
            break;
        }
    }
}


/* the timer has expired: what each state was waiting for */

void
convrelay_caller_load_due(convrelay_caller_load_call_t *c)
{
    switch (c->state) {

    case CONVRELAY_CALLER_LOAD_IDLE:
    case CONVRELAY_CALLER_LOAD_TWIML:
    case CONVRELAY_CALLER_LOAD_OVER:
    case CONVRELAY_CALLER_LOAD_DONE:
        break;

    case CONVRELAY_CALLER_LOAD_CONNECT:
        convrelay_caller_load_fail(c, "no WebSocket in time");
        break;

    case CONVRELAY_CALLER_LOAD_LOST:
        convrelay_caller_load_action(c);
        break;

    case CONVRELAY_CALLER_LOAD_THINK:
        convrelay_caller_load_prompt(c);
        break;

    case CONVRELAY_CALLER_LOAD_ANSWER:

        if (c->act && c->act_at && c->load->now >= c->act_at) {
            convrelay_caller_load_act(c);
            break;
        }

        if (c->pending && c->tokens == 0) {
            c->load->asked_again++;
            convrelay_caller_load_ask(c);
            break;
        }

        convrelay_caller_load_fail(c, c->tokens ? "an answer never ended"
                                              : "no answer in time");
        break;

    case CONVRELAY_CALLER_LOAD_HEARD:
        convrelay_caller_load_act(c);
        break;

    case CONVRELAY_CALLER_LOAD_CUT:

        if (!c->ponged) {
            convrelay_caller_load_fail(c, "no pong in time");
            break;
        }

        c->load->unclosed++;
        c->open = 0;
        convrelay_caller_load_next(c);
        break;

    case CONVRELAY_CALLER_LOAD_CLOSE:
        convrelay_caller_load_fail(c, "no Close in time");
        break;
    }

    if (c->state != CONVRELAY_CALLER_LOAD_DONE) {
        convrelay_caller_load_watch(c);
    }
}


static void
convrelay_caller_load_setup(convrelay_caller_load_call_t *c)
{
    convrelay_caller_t       *call, *dial;
    convrelay_caller_ident_t  ident;

    dial = c->load->dial;

    if (c->again && !c->first) {
        convrelay_caller_load_setup_again(c);
        return;
    }

    convrelay_histogram_add(&c->load->connect,
                            convrelay_caller_now_us() - c->start_at);

    if (c->first) {
        c->first = 0;
        call = &c->again->call;
        memcpy(c->session_id, call->ident.session_id, sizeof(c->session_id));
        convrelay_caller_setup(&c->load->message, &call->ident,
                               &call->twiml.parameters);
        convrelay_caller_load_send(c);
        convrelay_caller_load_next(c);
        return;
    }

    ident = dial->ident;

    convrelay_caller_sid(c->call_sid, "CA");
    convrelay_caller_sid(c->session_id, "VX");
    memcpy(ident.call_sid, c->call_sid, sizeof(ident.call_sid));
    memcpy(ident.session_id, c->session_id, sizeof(ident.session_id));

    convrelay_caller_setup(&c->load->message, &ident, &dial->twiml.parameters);
    convrelay_caller_load_send(c);
    convrelay_caller_load_next(c);
}


/* a server that remembers the call answers what was pending, unasked */

static void
convrelay_caller_load_setup_again(convrelay_caller_load_call_t *c)
{
    convrelay_caller_t       *call;
    convrelay_caller_load_t  *load;

    load = c->load;
    call = &c->again->call;

    load->reconnects++;
    convrelay_histogram_add(&load->back,
                            convrelay_caller_now_us() - c->lost_at);

    call->begun_at = convrelay_caller_now();
    convrelay_caller_setup(&load->message, &call->ident,
                           &call->twiml.parameters);
    convrelay_caller_load_send(c);

    convrelay_caller_load_fresh(c);

    if (c->pending) {
        c->state = CONVRELAY_CALLER_LOAD_ANSWER;
        convrelay_caller_load_timer(c, CONVRELAY_CALLER_LOAD_AGAIN);
        return;
    }

    c->unasked = 1;
    convrelay_caller_load_next(c);
}


static void
convrelay_caller_load_prompt(convrelay_caller_load_call_t *c)
{
    c->turns++;
    c->load->turns++;

    convrelay_caller_load_ask(c);

    convrelay_caller_load_plan(c);

    if (c->act_at) {
        convrelay_caller_load_timer(c, c->act_at - c->load->now);
    }
}


/* an answer that is being repeated is talked over */

static void
convrelay_caller_load_ask(convrelay_caller_load_call_t *c)
{
    unsigned                  over;
    convrelay_caller_load_t  *load;

    load = c->load;
    over = c->unasked && c->open;

    convrelay_caller_load_fresh(c);

    c->state = CONVRELAY_CALLER_LOAD_ANSWER;
    c->asked_at = load->now;
    c->pending = 0;
    c->unasked = 0;

    convrelay_caller_load_say(c);

    if (over) {
        c->over = 1;
        c->renewed = 0;
        c->sequence.words = 1;
        convrelay_caller_load_ping(c);
    }

    convrelay_caller_load_timer(c, load->dial->options->timeout * 1000);
}


static void
convrelay_caller_load_say(convrelay_caller_load_call_t *c)
{
    convrelay_caller_buf_t    b;
    convrelay_caller_load_t  *load;

    load = c->load;

    if (!load->options->numbered) {
        convrelay_caller_prompt(&load->message, load->options->say, "en-US", 1);
        convrelay_caller_load_send(c);
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_printf(&b, "%u. %s", c->turns, load->options->say);
    convrelay_caller_prompt(&load->message, b.data, "en-US", 1);
    convrelay_caller_load_send(c);
    convrelay_caller_buf_free(&b);
}


/* decides at random what happens in this turn */

static void
convrelay_caller_load_plan(convrelay_caller_load_call_t *c)
{
    double                    dice;
    convrelay_caller_load_t  *load;

    load = c->load;

    c->act = CONVRELAY_CALLER_ACT_NONE;
    c->act_tokens = 0;
    c->act_at = 0;

    dice = convrelay_caller_load_random(load, 1000000) / 10000.0;

    if (dice < load->options->hangup) {
        c->act = CONVRELAY_CALLER_ACT_CLOSE + convrelay_caller_load_random(load,
                                                                           4);

    } else if (dice < load->options->hangup + load->options->interrupt) {
        c->act = CONVRELAY_CALLER_ACT_INTERRUPT;

    } else if (dice < load->options->hangup + load->options->interrupt
                      + load->options->over)
    {
        c->act = CONVRELAY_CALLER_ACT_OVER;

    } else if (dice < load->options->hangup + load->options->interrupt
                      + load->options->over + load->options->drop)
    {
        c->act = CONVRELAY_CALLER_ACT_DROP;

    } else {
        return;
    }

    if (convrelay_caller_load_random(load, 2)) {
        c->act_tokens = 1 + convrelay_caller_load_random(load,
                                              CONVRELAY_CALLER_LOAD_ACT_TOKENS);
        return;
    }

    c->act_at = load->now + 1
                + convrelay_caller_load_random(load,
                                               CONVRELAY_CALLER_LOAD_ACT_WAIT);
}


static void
convrelay_caller_load_fresh(convrelay_caller_load_call_t *c)
{
    memset(&c->sequence, 0, sizeof(convrelay_caller_sequence_t));
    convrelay_caller_buf_reset(&c->text);

    c->tokens = 0;
    c->first_at = 0;
    c->token_at = 0;
    c->open = 0;
}


static void
convrelay_caller_load_message(convrelay_caller_load_call_t *c, u_char *data,
    size_t len)
{
    convrelay_caller_message_t  m;

    if (convrelay_caller_message_parse(&m, data, len) != CONVRELAY_OK) {
        c->load->bad++;
        return;
    }

    switch (m.type) {

    case CONVRELAY_CALLER_MESSAGE_TEXT:

        if (m.token.len) {
            convrelay_caller_load_token(c, &m.token);
        }

        if (m.last) {
            convrelay_caller_load_last(c);
        }

        break;

    case CONVRELAY_CALLER_MESSAGE_BAD:
        c->load->bad++;
        break;

    case CONVRELAY_CALLER_MESSAGE_END:
        c->ended = 1;
        c->state = CONVRELAY_CALLER_LOAD_CLOSE;
        convrelay_caller_conn_close(&c->conn, CONVRELAY_WS_NORMAL, "");
        convrelay_caller_load_timer(c, CONVRELAY_CALLER_LOAD_CLOSE_WAIT);
        break;

    default:
        break;
    }

    convrelay_caller_message_free(&m);

    if (c->state == CONVRELAY_CALLER_LOAD_ANSWER && c->act && c->act_tokens
        && c->tokens >= c->act_tokens)
    {
        convrelay_caller_load_act(c);
    }
}


static void
convrelay_caller_load_token(convrelay_caller_load_call_t *c,
    const convrelay_str_t *token)
{
    char                      number[24];
    int64_t                   now;
    uint64_t                  stamp;
    convrelay_caller_load_t  *load;

    load = c->load;
    now = convrelay_caller_now_us();
    load->tokens++;
    c->session_tokens++;

    if (c->state == CONVRELAY_CALLER_LOAD_CLOSE) {
        return;
    }

    if (c->state == CONVRELAY_CALLER_LOAD_THINK && c->unasked) {
        load->repeated += !c->open;
        c->open = 1;
        return;
    }

    if (c->state == CONVRELAY_CALLER_LOAD_THINK
        || (c->state == CONVRELAY_CALLER_LOAD_CUT && c->ponged)
        || c->state == CONVRELAY_CALLER_LOAD_HEARD)
    {
        load->stray++;
        return;
    }

    if (c->state == CONVRELAY_CALLER_LOAD_CUT || (c->over && !c->renewed)) {
        load->flight++;

    } else if (c->first_at == 0) {
        c->first_at = now;

        if (c->pending) {
            convrelay_caller_load_timer(c, load->dial->options->timeout * 1000);

        } else {
            convrelay_histogram_add(&load->first, now - c->asked_at);
        }

    } else {
        convrelay_histogram_add(&load->gap, now - c->token_at);
    }

    c->open = 1;
    c->tokens++;
    c->token_at = now;

    if (c->text.len < CONVRELAY_CALLER_LOAD_TEXT) {
        convrelay_caller_buf_add(&c->text, token->data, token->len);
    }

    convrelay_caller_sequence_read(&c->sequence, load->options->numbered
                                   ? &load->memory : &load->order, token->data,
                                   token->len);

    if (token->len < sizeof(number)) {
        memcpy(number, token->data, token->len);
        number[token->len] = '\0';
        stamp = strtoull(number, NULL, 10);

        if (stamp > 1000000000 && (int64_t) stamp <= now) {
            convrelay_histogram_add(&load->delay, now - (int64_t) stamp);
        }
    }
}


static void
convrelay_caller_load_last(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_t  *load;

    load = c->load;

    convrelay_caller_sequence_end(&c->sequence, load->options->numbered
                                  ? &load->memory : &load->order);

    if (c->state == CONVRELAY_CALLER_LOAD_THINK && c->unasked) {
        c->open = 0;
        return;
    }

    if (!c->open
        && (c->state == CONVRELAY_CALLER_LOAD_THINK
            || c->state == CONVRELAY_CALLER_LOAD_HEARD
            || (c->state == CONVRELAY_CALLER_LOAD_CUT && c->tokens)))
    {
        load->extra++;
        return;
    }

    c->open = 0;

    if (c->over && !c->renewed) {

        /* a server with a built-in LLM can answer before the pong */

        convrelay_caller_load_fresh(c);
        c->renewed = 1;
        return;
    }

    if (c->state == CONVRELAY_CALLER_LOAD_CUT && c->ponged) {
        convrelay_caller_load_next(c);
        return;
    }

    if (c->state != CONVRELAY_CALLER_LOAD_ANSWER) {
        return;
    }

    convrelay_caller_load_answered(c);
}


static void
convrelay_caller_load_answered(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_t  *load;

    load = c->load;
    load->answers++;
    load->resumed += c->pending;
    c->pending = 0;
    convrelay_caller_load_judge(c);

    if (c->sequence.words) {
        load->unordered++;

    } else if (load->options->numbered) {

        if (c->sequence.last != c->turns) {
            load->forgotten++;
        }

    } else if (load->length == 0) {
        load->length = c->sequence.count;

    } else if (c->sequence.count < load->length) {
        load->order.lost += load->length - c->sequence.count;

    } else if (c->sequence.count > load->length) {
        load->order.doubled += c->sequence.count - load->length;
    }

    if (c->act == CONVRELAY_CALLER_ACT_NONE) {
        convrelay_caller_load_next(c);
        return;
    }

    /* the voice is still speaking: the act comes at its time */

    c->state = CONVRELAY_CALLER_LOAD_HEARD;
    convrelay_caller_load_timer(c, c->act_at > load->now
                                 ? c->act_at - load->now : 1);
}


static void
convrelay_caller_load_judge(convrelay_caller_load_call_t *c)
{
    size_t                           i;
    convrelay_str_t                  answer;
    const convrelay_caller_pairs_t  *fail_on;

    if (c->text.len == 0) {
        return;
    }

    answer.data = (u_char *) c->text.data;
    answer.len = c->text.len;
    convrelay_str_trim(&answer);

    c->load->excuses += convrelay_str_is(&answer, CONVRELAY_CALLER_EXCUSE);

    fail_on = &c->load->dial->options->fail_on;

    for (i = 0; i < fail_on->n; i++) {

        if (strstr(c->text.data, fail_on->elts[i].name)) {
            c->load->unwanted++;
            break;
        }
    }
}


static void
convrelay_caller_load_act(convrelay_caller_load_call_t *c)
{
    convrelay_caller_act_e    act;
    convrelay_caller_load_t  *load;

    load = c->load;
    act = c->act;
    c->act = CONVRELAY_CALLER_ACT_NONE;

    switch (act) {

    case CONVRELAY_CALLER_ACT_NONE:
        return;

    case CONVRELAY_CALLER_ACT_INTERRUPT:
        convrelay_caller_load_cut(c);
        return;

    case CONVRELAY_CALLER_ACT_OVER:

        if (c->state == CONVRELAY_CALLER_LOAD_HEARD) {
            convrelay_caller_load_next(c);
            return;
        }

        load->overs++;
        load->turns++;
        c->over = 1;
        c->renewed = 0;
        c->asked_at = load->now;
        convrelay_caller_prompt(&load->message, load->options->say, "en-US", 1);
        convrelay_caller_load_send(c);
        convrelay_caller_load_ping(c);
        convrelay_caller_load_timer(c, load->dial->options->timeout * 1000);
        return;

    case CONVRELAY_CALLER_ACT_DROP:

        if (c->state == CONVRELAY_CALLER_LOAD_HEARD) {
            c->state = CONVRELAY_CALLER_LOAD_THINK;
        }

        convrelay_caller_load_lose(c, 1);
        return;

    case CONVRELAY_CALLER_ACT_CLOSE:
        load->hung_up++;
        c->state = CONVRELAY_CALLER_LOAD_CLOSE;
        convrelay_caller_conn_close(&c->conn, CONVRELAY_WS_NORMAL,
                                    "Closing websocket session");
        convrelay_caller_load_timer(c, CONVRELAY_CALLER_LOAD_CLOSE_WAIT);
        return;

    case CONVRELAY_CALLER_ACT_TORN:
        convrelay_caller_load_tear(c);
        /* fall through */

    case CONVRELAY_CALLER_ACT_FIN:
    case CONVRELAY_CALLER_ACT_RST:
        load->hung_up++;
        convrelay_caller_load_end(c, act != CONVRELAY_CALLER_ACT_FIN);
        return;
    }
}


/* heard is a random prefix of the answer, cut between characters */

static void
convrelay_caller_load_cut(convrelay_caller_load_call_t *c)
{
    convrelay_str_t           heard;
    convrelay_caller_load_t  *load;

    load = c->load;
    load->interrupts++;

    heard.data = (u_char *) c->text.data;
    heard.len = convrelay_caller_load_random(load, c->text.len + 1);

    while (heard.len && heard.len < c->text.len
           && (heard.data[heard.len] & 0xc0) == 0x80)
    {
        heard.len--;
    }

    convrelay_str_trim(&heard);

    if (heard.len && load->dial->twiml.tokens_played) {
        convrelay_caller_info(&load->message, "tokensPlayed", &heard);
        convrelay_caller_load_send(c);
    }

    convrelay_caller_interrupt(&load->message, &heard, heard.len * 65);
    convrelay_caller_load_send(c);
    convrelay_caller_load_ping(c);

    c->state = CONVRELAY_CALLER_LOAD_CUT;
    c->cut_at = convrelay_caller_now_us();
    convrelay_caller_load_timer(c, load->dial->options->timeout * 1000);
}


static void
convrelay_caller_load_tear(convrelay_caller_load_call_t *c)
{
    size_t                    before, half;
    convrelay_caller_conn_t  *conn;

    conn = &c->conn;

    if (convrelay_caller_conn_writes(conn)) {
        return;
    }

    convrelay_caller_prompt(&c->load->message, c->load->options->say, "en-US",
                            1);
    before = c->load->message.len;
    half = 1 + convrelay_caller_load_random(c->load, before);

    convrelay_caller_conn_send_part(conn, CONVRELAY_WS_TEXT,
                                    c->load->message.data, before, half);
}


static void
convrelay_caller_load_pong(convrelay_caller_load_call_t *c)
{
    if (c->over) {
        c->over = 0;

        if (c->renewed) {
            return;
        }

        if (c->open) {
            c->load->unclosed++;
        }

        convrelay_caller_sequence_end(&c->sequence, &c->load->order);
        convrelay_caller_load_fresh(c);
        return;
    }

    if (c->state != CONVRELAY_CALLER_LOAD_CUT || c->ponged) {
        return;
    }

    c->ponged = 1;
    convrelay_histogram_add(&c->load->cut,
                            convrelay_caller_now_us() - c->cut_at);

    convrelay_caller_sequence_end(&c->sequence, &c->load->order);

    if (c->open) {
        convrelay_caller_load_timer(c, CONVRELAY_CALLER_LOAD_LAST_WAIT);
        return;
    }

    convrelay_caller_load_next(c);
}


/* the turn is over: think, or hang up after the last one */

static void
convrelay_caller_load_next(convrelay_caller_load_call_t *c)
{
    int64_t                   think;
    convrelay_caller_load_t  *load;

    load = c->load;
    c->ponged = 0;

    if (c->turns >= load->options->turns) {
        load->completed++;
        c->state = CONVRELAY_CALLER_LOAD_CLOSE;
        convrelay_caller_conn_close(&c->conn, CONVRELAY_WS_NORMAL,
                                    "Closing websocket session");
        convrelay_caller_load_timer(c, CONVRELAY_CALLER_LOAD_CLOSE_WAIT);
        return;
    }

    think = load->options->think * 1000;
    c->state = CONVRELAY_CALLER_LOAD_THINK;
    convrelay_caller_load_timer(c, 1 + think / 2
                                 + convrelay_caller_load_random(load,
                                                                think + 1));
}


static void
convrelay_caller_load_send(convrelay_caller_load_call_t *c)
{
    convrelay_caller_conn_send(&c->conn, CONVRELAY_WS_TEXT,
                               c->load->message.data, c->load->message.len);
}


static void
convrelay_caller_load_ping(convrelay_caller_load_call_t *c)
{
    c->ponged = 0;
    convrelay_caller_conn_send(&c->conn, CONVRELAY_WS_PING, "cut", 3);
}
