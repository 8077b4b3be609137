
/*
 * Copyright (C) convrelay contributors
 *
 * A ping follows each interrupt: tokens that come before its pong may have
 * been under way, tokens that come after it were sent too late.  In the same
 * way a ping after a prompt that is said into an answer separates the old
 * answer from the new one.
 */


#include "convrelay_caller_run.h"


#define CONVRELAY_CALLER_MAX_BAD    10      /* then Twilio closes */
#define CONVRELAY_CALLER_BEYOND     8       /* bytes not heard */
#define CONVRELAY_CALLER_LAST_WAIT  300     /* ms, for a late last:true */


static void convrelay_caller_text(convrelay_caller_t *call,
    convrelay_caller_message_t *m);
static void convrelay_caller_bad(convrelay_caller_t *call,
    const convrelay_str_t *raw, const char *error);
static void convrelay_caller_turn_reset(convrelay_caller_t *call);
static void convrelay_caller_turn_again(convrelay_caller_t *call);
static void convrelay_caller_report(convrelay_caller_t *call, const char *name,
    const convrelay_str_t *value);
static void convrelay_caller_report_word(convrelay_caller_t *call,
    const char *name, const char *value);
static void convrelay_caller_show(convrelay_caller_t *call);
static void convrelay_caller_remember(convrelay_caller_t *call);
static void convrelay_caller_turn_judge(convrelay_caller_t *call);
static void convrelay_caller_turn_json(convrelay_caller_t *call);


void
convrelay_caller_begin(convrelay_caller_t *call)
{
    call->begun_at = call->now;

    if (call->redial) {
        call->redial = 0;
        convrelay_caller_voice_reset(&call->voice);
        call->voice.last = 1;
        return;
    }

    convrelay_caller_setup(&call->message, &call->ident,
                           &call->twiml.parameters);
    convrelay_caller_send(call);

    convrelay_caller_voice_reset(&call->voice);

    if (call->twiml.greeting && call->twiml.greeting[0]) {
        if (call->line) {
            call->greeting = 1;

        } else {
            convrelay_caller_print_said(call->print, "greeting",
                                        call->twiml.greeting);
        }

        convrelay_caller_voice_add(&call->voice, call->now,
                                   call->twiml.greeting,
                                   strlen(call->twiml.greeting));
    }

    call->voice.last = 1;
}


void
convrelay_caller_receive(convrelay_caller_t *call, u_char *data, size_t len)
{
    int                         rc;
    convrelay_str_t             raw;
    convrelay_caller_message_t  m;

    raw.data = (u_char *) convrelay_caller_strndup((char *) data, len);
    raw.len = len;

    convrelay_caller_record(call->options->record, call->now - call->begun_at,
                            "server", data, len);

    rc = convrelay_caller_message_parse(&m, data, len);

    if (rc != CONVRELAY_OK) {
        free(raw.data);
        return;
    }

    if (m.type != CONVRELAY_CALLER_MESSAGE_BAD) {
        call->bad = 0;
    }

    switch (m.type) {

    case CONVRELAY_CALLER_MESSAGE_BAD:
        convrelay_caller_bad(call, &raw, m.error);
        break;

    case CONVRELAY_CALLER_MESSAGE_TEXT:
        convrelay_caller_text(call, &m);
        break;

    case CONVRELAY_CALLER_MESSAGE_PLAY:
        convrelay_caller_print_note(call->print, "(plays %.*s)",
                                    (int) m.value.len, (char *) m.value.data);
        break;

    case CONVRELAY_CALLER_MESSAGE_DIGITS:
        convrelay_caller_print_note(call->print, "(sends digits)");
        break;

    case CONVRELAY_CALLER_MESSAGE_LANGUAGE:
        convrelay_caller_print_note(call->print, "(language %.*s)",
                                    (int) m.value.len, (char *) m.value.data);
        break;

    case CONVRELAY_CALLER_MESSAGE_END:
        call->ended = 1;
        convrelay_caller_hear_out(call);
        convrelay_caller_buf_reset(&call->handoff);
        convrelay_caller_buf_add(&call->handoff, m.value.data, m.value.len);
        convrelay_caller_note_turn(call);
        convrelay_caller_print_note(call->print, "(the server ends the session"
                                    "%s%s)", m.value.len ? ": " : "",
                                    call->handoff.data);
        convrelay_caller_conn_close(&call->conn, CONVRELAY_WS_NORMAL,
                                    "Closing websocket session");
        break;

    case CONVRELAY_CALLER_MESSAGE_OTHER:
        break;
    }

    convrelay_caller_message_free(&m);
    free(raw.data);
}


static void
convrelay_caller_text(convrelay_caller_t *call, convrelay_caller_message_t *m)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (turn->over && turn->pong_at == 0) {
        turn->flight += (m->token.len != 0);
        turn->owed &= !m->last;
        return;
    }

    if (turn->owed && m->last && m->token.len == 0 && turn->tokens == 0) {
        turn->owed = 0;
        return;
    }

    if (m->token.len) {
        call->text_at = call->now;
        call->texts++;

        if (turn->again) {
            convrelay_caller_turn_again(call);
        }

        if (turn->interrupted && turn->pong_at && !turn->open
            && call->now > turn->pong_at + CONVRELAY_CALLER_LAST_WAIT)
        {
            /* the answer was over long ago: these are words of its own */

            convrelay_caller_turn_reset(call);
            turn->asked = 0;
        }

        if (turn->interrupted && turn->pong_at) {
            turn->stray++;
            call->stray++;

        } else if (turn->interrupted) {
            turn->flight++;
        }

        if (turn->first_at == 0) {
            turn->first_at = call->now;
        }

        if (turn->done && !turn->interrupted) {
            turn->done = 0;
            turn->noted = 0;
            call->voice.last = 0;
        }

        if (turn->tokens == 0 && !turn->interrupted) {
            convrelay_caller_hear_out(call);
            convrelay_caller_voice_reset(&call->voice);
            call->greeting = 0;
        }

        turn->open = 1;
        turn->tokens++;

        convrelay_caller_buf_add(&turn->answer, m->token.data, m->token.len);
        convrelay_caller_voice_add(&call->voice, call->now, m->token.data,
                                   m->token.len);

        if (call->line == NULL) {
            convrelay_caller_print_token(call->print, "agent", &m->token);
        }
    }

    if (!m->last) {
        return;
    }

    turn->open = 0;

    if (!turn->done) {
        turn->done = 1;
        turn->end_at = call->now;
        call->voice.last = 1;

        /* at an input line the words come first, at the voice's pace */

        if (call->line == NULL || convrelay_caller_voice_done(&call->voice)) {
            convrelay_caller_note_turn(call);
        }
    }
}


/* does what Twilio does with a message that it cannot use */

static void
convrelay_caller_bad(convrelay_caller_t *call, const convrelay_str_t *raw,
    const char *error)
{
    convrelay_caller_print_note(call->print, "(a message that Twilio would "
                                "reject %s: %.*s)", error,
                                (int) (raw->len > 200 ? 200 : raw->len),
                                (char *) raw->data);

    convrelay_caller_error(&call->message, raw);
    convrelay_caller_send(call);

    if (++call->bad == CONVRELAY_CALLER_MAX_BAD) {
        convrelay_caller_conn_close(&call->conn, CONVRELAY_WS_INVALID_PAYLOAD,
                                    "Too many consecutive malformed "
                                    "messages.");
        snprintf(call->conn.error, sizeof(call->conn.error),
                 "%d messages in a row that Twilio would reject, closed "
                 "with 1007", CONVRELAY_CALLER_MAX_BAD);
    }
}


void
convrelay_caller_say(convrelay_caller_t *call, const char *text)
{
    unsigned                  over, owed;
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;
    over = turn->asked && !turn->done && !turn->interrupted && !turn->again;
    owed = turn->open && !turn->done;

    convrelay_caller_voice_finish(&call->voice, call->now);
    call->voice.last = 1;
    convrelay_caller_speak(call);
    convrelay_caller_note_turn(call);

    convrelay_caller_turn_reset(call);
    convrelay_caller_buf_str(&turn->prompt, text);

    turn->asked = 1;
    turn->over = over;
    turn->owed = owed;
    call->turns++;

    convrelay_caller_print_said(call->print, "caller", text);

    convrelay_caller_client_speaks(call, 1);
    convrelay_caller_client_speaks(call, 0);

    convrelay_caller_prompt(&call->message, text, call->twiml.language
                            ? call->twiml.language : "en-US", 1);
    turn->asked_at = convrelay_caller_now();
    convrelay_caller_send(call);

    if (over) {
        convrelay_caller_conn_send(&call->conn, CONVRELAY_WS_PING, "prompt",
                                   sizeof("prompt") - 1);
    }
}


static void
convrelay_caller_turn_reset(convrelay_caller_t *call)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    convrelay_caller_buf_reset(&turn->prompt);
    convrelay_caller_buf_reset(&turn->answer);

    turn->first_at = 0;
    turn->end_at = 0;
    turn->interrupted_at = 0;
    turn->pong_at = 0;
    turn->tokens = 0;
    turn->flight = 0;
    turn->stray = 0;
    turn->open = 0;
    turn->done = 0;
    turn->interrupted = 0;
    turn->over = 0;
    turn->owed = 0;
    turn->noted = 0;
    turn->again = 0;
    turn->dropped = 0;

    convrelay_caller_voice_reset(&call->voice);
    call->greeting = 0;
}


/* in a new session the question is answered from the start */

static void
convrelay_caller_turn_again(convrelay_caller_t *call)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    convrelay_caller_buf_reset(&turn->answer);

    turn->first_at = 0;
    turn->tokens = 0;
    turn->noted = 0;
    turn->again = 0;
    turn->dropped = 0;
}


void
convrelay_caller_partial(convrelay_caller_t *call, const char *text)
{
    convrelay_caller_client_speaks(call, 1);

    convrelay_caller_prompt(&call->message, text, call->twiml.language
                            ? call->twiml.language : "en-US", 0);
    convrelay_caller_send(call);
    convrelay_caller_print_said(call->print, "(partial)", text);
}


/* the turn and its answer stay what they are */

void
convrelay_caller_presence(convrelay_caller_t *call, const char *text)
{
    convrelay_caller_print_said(call->print, "caller", text);

    convrelay_caller_client_speaks(call, 1);
    convrelay_caller_client_speaks(call, 0);

    convrelay_caller_prompt(&call->message, text, call->twiml.language
                            ? call->twiml.language : "en-US", 1);
    convrelay_caller_send(call);
}


void
convrelay_caller_client_speaks(convrelay_caller_t *call, unsigned on)
{
    if (call->client_speaking == on) {
        return;
    }

    call->client_speaking = on;

    convrelay_caller_report_word(call, "clientSpeaking", on ? "on" : "off");
}


void
convrelay_caller_press(convrelay_caller_t *call, const char *digits)
{
    cJSON       *keys;
    const char  *p;

    convrelay_caller_print_said(call->print, "keys", digits);

    if (call->print->json) {
        keys = cJSON_GetObjectItem(call->print->root, "keys");

        if (keys == NULL) {
            keys = cJSON_AddArrayToObject(call->print->root, "keys");
        }

        cJSON_AddItemToArray(keys, cJSON_CreateString(digits));
    }

    for (p = digits; *p; p++) {
        convrelay_caller_dtmf(&call->message, *p);
        convrelay_caller_send(call);
    }
}


/* in Twilio's order: tokensPlayed, then interrupt */

void
convrelay_caller_barge_in(convrelay_caller_t *call)
{
    int64_t                   duration;
    convrelay_str_t           fragment;
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    convrelay_caller_speak(call);
    convrelay_caller_remember(call);
    convrelay_caller_voice_cut(&call->voice, call->now, &fragment, &duration);

    convrelay_caller_client_speaks(call, 1);

    if (call->twiml.tokens_played && fragment.len) {
        convrelay_caller_report(call, "tokensPlayed", &fragment);
    }

    convrelay_caller_interrupt(&call->message, &fragment, duration);
    convrelay_caller_send(call);

    convrelay_caller_conn_send(&call->conn, CONVRELAY_WS_PING, "interrupt",
                               sizeof("interrupt") - 1);

    if (call->speaking) {
        call->speaking = 0;
        convrelay_caller_report_word(call, "agentSpeaking", "off");
    }

    turn->interrupted = 1;
    turn->interrupted_at = call->now;
    turn->pong_at = 0;

    convrelay_caller_note_turn(call);
    convrelay_caller_print_note(call->print, "(interrupted, the caller heard "
                                "\"%s\")", call->heard.data);
}


/* a message of a recording */

void
convrelay_caller_raw(convrelay_caller_t *call, const char *message,
    unsigned interrupt)
{
    int64_t                   duration;
    convrelay_str_t           fragment;
    convrelay_caller_turn_t  *turn;

    convrelay_caller_buf_reset(&call->message);
    convrelay_caller_buf_str(&call->message, message);
    convrelay_caller_send(call);

    if (!interrupt) {
        return;
    }

    turn = &call->turn;

    convrelay_caller_remember(call);
    convrelay_caller_voice_cut(&call->voice, call->now, &fragment, &duration);
    convrelay_caller_conn_send(&call->conn, CONVRELAY_WS_PING, "interrupt",
                               sizeof("interrupt") - 1);

    turn->interrupted = 1;
    turn->interrupted_at = call->now;
    turn->pong_at = 0;

    convrelay_caller_note_turn(call);
    convrelay_caller_print_note(call->print, "(interrupted: %s)", message);
}


/* keeps what was heard and, for ${beyond}, a little that was not */

static void
convrelay_caller_remember(convrelay_caller_t *call)
{
    size_t                     len;
    convrelay_str_t            heard;
    convrelay_caller_voice_t  *v;

    v = &call->voice;

    heard.data = (u_char *) v->text.data;
    heard.len = v->spoken;
    convrelay_str_trim(&heard);

    convrelay_caller_buf_reset(&call->heard);
    convrelay_caller_buf_add(&call->heard, heard.data, heard.len);

    len = v->spoken + CONVRELAY_CALLER_BEYOND;

    if (len > v->text.len) {
        len = v->text.len;
    }

    while (len < v->text.len && (v->text.data[len] & 0xc0) == 0x80) {
        len++;
    }

    heard.len = (u_char *) v->text.data + len - heard.data;
    convrelay_str_trim(&heard);

    convrelay_caller_buf_reset(&call->beyond);

    if (heard.len > call->heard.len) {
        convrelay_caller_buf_add(&call->beyond, heard.data, heard.len);
    }
}


/* lets the voice speak until now and reports what it said */

void
convrelay_caller_speak(convrelay_caller_t *call)
{
    convrelay_str_t  clause;

    convrelay_caller_voice_advance(&call->voice, call->now);

    if (call->line) {
        convrelay_caller_show(call);
    }

    if (call->voice.spoken && !call->speaking && !call->voice.silent
        && call->voice.clause < call->voice.text.len)
    {
        call->speaking = 1;
        convrelay_caller_report_word(call, "agentSpeaking", "on");
    }

    while (convrelay_caller_voice_clause(&call->voice, &clause)
           == CONVRELAY_OK)
    {
        if (call->twiml.tokens_played && !call->options->replay) {
            convrelay_caller_report(call, "tokensPlayed", &clause);
        }
    }

    if (call->speaking && convrelay_caller_voice_done(&call->voice)) {
        call->speaking = 0;
        convrelay_caller_report_word(call, "agentSpeaking", "off");
    }
}


/* at an input line, text appears as it is spoken */

static void
convrelay_caller_show(convrelay_caller_t *call)
{
    convrelay_str_t            spoken;
    convrelay_caller_voice_t  *v;

    v = &call->voice;

    if (v->shown < v->spoken) {
        spoken.data = (u_char *) v->text.data + v->shown;
        spoken.len = v->spoken - v->shown;
        v->shown = v->spoken;

        convrelay_caller_print_token(call->print,
                                     call->greeting ? "greeting" : "agent",
                                     &spoken);
    }

    if (convrelay_caller_voice_done(v) && call->turn.done) {
        convrelay_caller_note_turn(call);
    }
}


/* at an input line: the words that have arrived are spoken, and so shown */

void
convrelay_caller_hear_out(convrelay_caller_t *call)
{
    if (call->line == NULL || call->voice.silent) {
        return;
    }

    convrelay_caller_voice_finish(&call->voice, call->now);
    convrelay_caller_speak(call);
}


void
convrelay_caller_pong(convrelay_caller_t *call)
{
    if ((call->turn.interrupted || call->turn.over)
        && call->turn.pong_at == 0)
    {
        call->turn.pong_at = call->now;
    }
}


int
convrelay_caller_answered(convrelay_caller_t *call)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (call->over || (!turn->asked && !turn->open && !turn->interrupted)) {
        return 1;
    }

    if (!turn->interrupted) {
        return turn->done;
    }

    if (turn->pong_at == 0) {
        return 0;
    }

    if (!turn->open) {
        return 1;
    }

    call->wake = turn->pong_at + CONVRELAY_CALLER_LAST_WAIT;

    return call->now >= call->wake;
}


void
convrelay_caller_hang_up(convrelay_caller_t *call)
{
    if (call->over || call->hung_up) {
        return;
    }

    call->hung_up = 1;
    convrelay_caller_note_turn(call);
    convrelay_caller_print_said(call->print, "caller", "(hangs up)");
    convrelay_caller_record_close(call->options->record,
                                  convrelay_caller_now() - call->begun_at,
                                  "caller", CONVRELAY_WS_NORMAL);
    convrelay_caller_conn_close(&call->conn, CONVRELAY_WS_NORMAL,
                                "Closing websocket session");
}


/* the server has closed the connection */

void
convrelay_caller_closed(convrelay_caller_t *call)
{
    convrelay_caller_record_close(call->options->record,
                                  call->now - call->begun_at, "server",
                                  call->conn.code);
}


void
convrelay_caller_send(convrelay_caller_t *call)
{
    if (call->conn.state == CONVRELAY_CALLER_CONN_OPEN
        && !call->conn.close_sent)
    {
        convrelay_caller_record(call->options->record,
                                convrelay_caller_now() - call->begun_at,
                                "caller", call->message.data,
                                call->message.len);
    }

    convrelay_caller_conn_send(&call->conn, CONVRELAY_WS_TEXT,
                               call->message.data, call->message.len);
}


static void
convrelay_caller_report(convrelay_caller_t *call, const char *name,
    const convrelay_str_t *value)
{
    convrelay_caller_info(&call->message, name, value);
    convrelay_caller_send(call);
}


static void
convrelay_caller_report_word(convrelay_caller_t *call, const char *name,
    const char *value)
{
    convrelay_str_t  s;

    if (!call->twiml.speaker_events || call->options->replay) {
        return;
    }

    s.data = (u_char *) value;
    s.len = strlen(value);

    convrelay_caller_report(call, name, &s);
}


/* the dim line after an answer, once */

void
convrelay_caller_note_turn(convrelay_caller_t *call)
{
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (turn->noted || (!turn->asked && turn->tokens == 0)) {
        return;
    }

    if (turn->tokens == 0 && !turn->done && !turn->interrupted) {
        return;
    }

    turn->noted = 1;
    convrelay_caller_turn_json(call);
    convrelay_caller_turn_judge(call);

    if (turn->tokens == 0) {
        convrelay_caller_print_note(call->print, "no token");
        return;
    }

    if (!turn->asked) {
        convrelay_caller_print_note(call->print, "%u tokens, not asked for",
                                    turn->tokens);
        return;
    }

    convrelay_caller_print_note(call->print,
        "first token %lld ms, %u token%s, %s %lld ms",
        (long long) (turn->first_at - turn->asked_at), turn->tokens,
        turn->tokens == 1 ? "" : "s",
        turn->end_at ? "total" : "cut off after",
        (long long) ((turn->end_at ? turn->end_at : call->now)
                     - turn->asked_at));
}


static void
convrelay_caller_turn_judge(convrelay_caller_t *call)
{
    size_t                     i;
    convrelay_str_t            answer;
    convrelay_caller_buf_t     text;
    convrelay_caller_turn_t   *turn;
    convrelay_caller_pairs_t  *fail_on;

    turn = &call->turn;
    fail_on = &call->options->fail_on;

    if (turn->tokens == 0) {
        return;
    }

    answer.data = (u_char *) turn->answer.data;
    answer.len = turn->answer.len;
    convrelay_str_trim(&answer);

    call->answers++;
    call->excuses += convrelay_str_is(&answer, CONVRELAY_CALLER_EXCUSE);

    for (i = 0; i < fail_on->n && !call->options->no_checks; i++) {

        if (strstr(turn->answer.data, fail_on->elts[i].name) == NULL) {
            continue;
        }

        memset(&text, 0, sizeof(convrelay_caller_buf_t));
        convrelay_caller_buf_printf(&text, "no answer with \"%s\" in it",
                                    fail_on->elts[i].name);
        convrelay_caller_print_check(call->print, call->scenario->name, 0,
                                     text.data, 0, turn->answer.data);
        convrelay_caller_buf_free(&text);
    }
}


static void
convrelay_caller_turn_json(convrelay_caller_t *call)
{
    cJSON                    *node;
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (!call->print->json) {
        return;
    }

    node = cJSON_CreateObject();

    if (turn->asked) {
        cJSON_AddStringToObject(node, "prompt", turn->prompt.data);
    }

    cJSON_AddStringToObject(node, "answer", turn->answer.data
                                            ? turn->answer.data : "");
    cJSON_AddNumberToObject(node, "tokens", turn->tokens);

    if (turn->asked && turn->first_at) {
        cJSON_AddNumberToObject(node, "first_token_ms",
                                turn->first_at - turn->asked_at);
    }

    if (turn->asked && turn->end_at) {
        cJSON_AddNumberToObject(node, "total_ms",
                                turn->end_at - turn->asked_at);
    }

    cJSON_AddBoolToObject(node, "interrupted", turn->interrupted);

    if (turn->interrupted) {
        cJSON_AddStringToObject(node, "heard", call->heard.data);
    }

    cJSON_AddItemToArray(cJSON_GetObjectItem(call->print->root, "turns"),
                         node);
}
