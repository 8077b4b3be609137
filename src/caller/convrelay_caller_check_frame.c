
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of frames and of closing (RFC 6455, 5 to 8).
 */


#include <sys/socket.h>
#include <time.h>

#include "convrelay_caller_check.h"


#define CONVRELAY_CALLER_CHECK_LARGE  30000  /* a length of 16 bits */


static int convrelay_caller_rule_frame(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_unmasked(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_ping_long(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_length(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_interleaved(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_fragments(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_torn(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_large(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_ping(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_pong(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_close_last(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_close_tcp(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_fin(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_drop(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);


#define convrelay_caller_bytes(s)  .data = s, .len = sizeof(s) - 1


/* data: the first byte of a frame, then its payload */

const convrelay_caller_rule_t  convrelay_caller_rules_frame[] = {

    { .name = "unmasked", .did = "a frame without a mask",
      .expected = "Close 1002", .clause = "RFC 6455, 5.1",
      .run = convrelay_caller_rule_unmasked },

    { .name = "rsv", .did = "a frame with RSV1", .expected = "Close 1002",
      .clause = "RFC 6455, 5.2", .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\xc1{}"), .code = 1002 },

    { .name = "opcode", .did = "a frame with opcode 3",
      .expected = "Close 1002", .clause = "RFC 6455, 5.2",
      .run = convrelay_caller_rule_frame, convrelay_caller_bytes("\x83{}"),
      .code = 1002 },

    { .name = "length", .did = "a length with its top bit set",
      .expected = "Close 1002 or 1009", .clause = "RFC 6455, 5.2",
      .run = convrelay_caller_rule_length },

    { .name = "ping-long", .did = "a ping of 126 bytes",
      .expected = "Close 1002", .clause = "RFC 6455, 5.5",
      .run = convrelay_caller_rule_ping_long },

    { .name = "ping-fragment", .did = "a ping without FIN",
      .expected = "Close 1002", .clause = "RFC 6455, 5.5",
      .run = convrelay_caller_rule_frame, convrelay_caller_bytes("\x09x"),
      .code = 1002 },

    { .name = "continuation", .did = "a continuation of nothing",
      .expected = "Close 1002", .clause = "RFC 6455, 5.4",
      .run = convrelay_caller_rule_frame, convrelay_caller_bytes("\x80{}"),
      .code = 1002 },

    { .name = "interleaved", .did = "a message inside a fragmented one",
      .expected = "Close 1002", .clause = "RFC 6455, 5.4",
      .run = convrelay_caller_rule_interleaved },

    { .name = "utf8", .did = "text that is not UTF-8",
      .expected = "Close 1007", .clause = "RFC 6455, 8.1",
      .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\x81{\"type\":\"\xc0\xaf\"}"), .code = 1007 },

    { .name = "binary", .did = "a binary frame", .expected = "Close 1003",
      .clause = "RFC 6455, 7.4.1", .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\x82{}"), .code = 1003 },

    { .name = "fragments", .did = "a prompt in three frames, a ping between",
      .expected = "a pong and an answer", .clause = "RFC 6455, 5.4",
      .run = convrelay_caller_rule_fragments },

    { .name = "torn", .did = "a prompt, byte by byte",
      .expected = "an answer", .clause = "RFC 6455, 5.2",
      .run = convrelay_caller_rule_torn },

    { .name = "large", .did = "a message of 30,000 bytes",
      .expected = "the call goes on", .clause = "RFC 6455, 5.2",
      .run = convrelay_caller_rule_large },

    { .name = "ping", .did = "pings of 0 and 125 bytes",
      .expected = "pongs with the same bytes", .clause = "RFC 6455, 5.5.3",
      .run = convrelay_caller_rule_ping },

    { .name = "pong", .did = "an unsolicited pong",
      .expected = "the call goes on", .clause = "RFC 6455, 5.5.3",
      .run = convrelay_caller_rule_pong },

    { .name = NULL }
};


const convrelay_caller_rule_t  convrelay_caller_rules_close[] = {

    { .name = "close", .did = "Close 1000", .expected = "Close 1000",
      .clause = "RFC 6455, 5.5.1", .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\x88\x03\xe8" "Closing websocket session"),
      .code = 1000 },

    { .name = "close-empty", .did = "Close without a code",
      .expected = "a Close", .clause = "RFC 6455, 5.5.1",
      .run = convrelay_caller_rule_frame, convrelay_caller_bytes("\x88"),
      .code = 1000 },

    { .name = "close-short", .did = "Close with one byte",
      .expected = "Close 1002", .clause = "RFC 6455, 5.5.1",
      .run = convrelay_caller_rule_frame, convrelay_caller_bytes("\x88\x03"),
      .code = 1002 },

    { .name = "close-code", .did = "Close 1005", .expected = "Close 1002",
      .clause = "RFC 6455, 7.4.1", .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\x88\x03\xed"), .code = 1002 },

    { .name = "close-reason", .did = "Close with a reason that is not UTF-8",
      .expected = "Close 1007", .clause = "RFC 6455, 5.5.1 and 8.1",
      .run = convrelay_caller_rule_frame,
      convrelay_caller_bytes("\x88\x03\xe8\xff"), .code = 1007 },

    { .name = "close-last", .did = "Close in the middle of an answer",
      .expected = "a Close and nothing after it",
      .clause = "RFC 6455, 5.5.1", .run = convrelay_caller_rule_close_last },

    { .name = "close-tcp", .did = "Close 1000",
      .expected = "the server ends the connection",
      .clause = "RFC 6455, 7.1.1", .run = convrelay_caller_rule_close_tcp },

    { .name = "fin", .did = "ended the connection without a Close",
      .expected = "the server ends it as well", .clause = "RFC 6455, 7.1.3",
      .run = convrelay_caller_rule_fin },

    { .name = "drop", .did = "a reset in the middle of an answer",
      .expected = "the next call is answered", .clause = "RFC 6455, 7.1.5",
      .run = convrelay_caller_rule_drop },

    { .name = NULL }
};


static int
convrelay_caller_rule_frame(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    unsigned  or_code;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_frame(k, (u_char) rule->data[0], rule->data + 1,
                                 rule->len - 1);

    /* the answer to a Close without a code may have a code */

    or_code = (rule->len == 1) ? CONVRELAY_WS_NO_STATUS : 0;

    return convrelay_caller_check_closed(k, rule->code, or_code);
}


static int
convrelay_caller_rule_unmasked(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_bytes(k, "\x81\x02{}", 4);

    return convrelay_caller_check_closed(k, CONVRELAY_WS_PROTOCOL_ERROR, 0);
}


static int
convrelay_caller_rule_ping_long(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    u_char  payload[CONVRELAY_WS_MAX_CONTROL + 1];

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    memset(payload, 'x', sizeof(payload));
    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_PING, payload,
                                 sizeof(payload));

    return convrelay_caller_check_closed(k, CONVRELAY_WS_PROTOCOL_ERROR, 0);
}


static int
convrelay_caller_rule_length(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    static const u_char  head[] = {
        0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 2, 1, 2, 3, 4, '{', '}'
    };

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_bytes(k, head, sizeof(head));

    return convrelay_caller_check_closed(k, CONVRELAY_WS_PROTOCOL_ERROR,
                                         CONVRELAY_WS_MESSAGE_TOO_BIG);
}


static int
convrelay_caller_rule_interleaved(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_frame(k, CONVRELAY_WS_TEXT, "{", 1);
    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_TEXT, "{}", 2);

    return convrelay_caller_check_closed(k, CONVRELAY_WS_PROTOCOL_ERROR, 0);
}


static int
convrelay_caller_rule_fragments(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    size_t       len;
    unsigned     pongs;
    const char  *text;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_prompt(&k->message, "Hello!", "en-US", 1);
    text = k->message.data;
    len = k->message.len;
    pongs = k->pongs;

    convrelay_caller_check_frame(k, CONVRELAY_WS_TEXT, text, 20);
    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_PING, "between", 7);
    convrelay_caller_check_frame(k, CONVRELAY_WS_CONTINUATION, text + 20, 1);
    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_CONTINUATION, text + 21,
                                 len - 21);

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (k->pongs == pongs) {
        return convrelay_caller_check_fail(k, "there was no pong");
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_torn(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    size_t                  i;
    u_char                  head[CONVRELAY_WS_MAX_HEADER], mask[4], *last;
    struct timespec         pause;
    convrelay_caller_buf_t  frame;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    memset(&frame, 0, sizeof(convrelay_caller_buf_t));
    memset(mask, 0x5a, sizeof(mask));
    pause.tv_sec = 0;
    pause.tv_nsec = 2000000;

    convrelay_caller_prompt(&k->message, "Hello!", "en-US", 1);
    last = convrelay_ws_header_masked(head, CONVRELAY_WS_TEXT,
                                      k->message.len, mask);
    convrelay_ws_mask((u_char *) k->message.data, k->message.len, mask, 0);
    convrelay_caller_buf_add(&frame, head, last - head);
    convrelay_caller_buf_add(&frame, k->message.data, k->message.len);

    for (i = 0; i < frame.len; i++) {
        convrelay_caller_check_bytes(k, frame.data + i, 1);
        nanosleep(&pause, NULL);
    }

    convrelay_caller_buf_free(&frame);

    return convrelay_caller_check_answer(k);
}


static int
convrelay_caller_rule_large(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char             *text;
    convrelay_str_t   value;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    text = convrelay_caller_alloc(CONVRELAY_CALLER_CHECK_LARGE);
    memset(text, 'x', CONVRELAY_CALLER_CHECK_LARGE);

    value.data = (u_char *) text;
    value.len = CONVRELAY_CALLER_CHECK_LARGE;

    convrelay_caller_info(&k->message, "check", &value);
    convrelay_caller_check_text(k, k->message.data, k->message.len);
    free(text);

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_ping(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char    payload[CONVRELAY_WS_MAX_CONTROL];
    size_t  len;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_random(payload, sizeof(payload));

    for (len = 0; len <= sizeof(payload); len += sizeof(payload)) {

        if (convrelay_caller_check_ping_with(k, payload, len) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }

        if (k->pong.len != len || memcmp(k->pong.data, payload, len) != 0) {
            return convrelay_caller_check_fail(k, "the pong had other %s",
                                               k->pong.len == len
                                               ? "bytes" : "length");
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_pong(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_frame(k, 0x80|CONVRELAY_WS_PONG, "x", 1);

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_close_last(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_check_count(k, 2) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_conn_close(&k->conn, CONVRELAY_WS_NORMAL, "");

    if (convrelay_caller_check_closed(k, CONVRELAY_WS_NORMAL, 0)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_eof(k);
}


static int
convrelay_caller_rule_close_tcp(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_conn_close(&k->conn, CONVRELAY_WS_NORMAL, "");

    if (convrelay_caller_check_closed(k, CONVRELAY_WS_NORMAL, 0)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_eof(k);
}


static int
convrelay_caller_rule_fin(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_check_ping(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    (void) shutdown(k->conn.fd, SHUT_WR);

    return convrelay_caller_check_closed(k, 0, 0);
}


static int
convrelay_caller_rule_drop(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_check_count(k, 2) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_conn_free(&k->conn, 1);

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_alive(k);
}
