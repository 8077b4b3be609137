
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of the opening handshake (RFC 6455, 4.2), and of signatures.
 */


#include "convrelay_caller_check.h"


static int convrelay_caller_rule_accepted(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_refused(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_version(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_offered(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_twiml(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_webhook(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_signature(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_replayed(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_unsigned(convrelay_caller_check_t *k);
static void convrelay_caller_rule_sign(convrelay_caller_check_t *k,
    const char *how);
static int convrelay_caller_rule_edit(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);


/* data is a part of a valid handshake, and more is what replaces it */

const convrelay_caller_rule_t  convrelay_caller_rules_handshake[] = {

    { .name = "twiml", .did = "asked the webhook",
      .expected = "200, text/xml, TwiML that Twilio takes whole",
      .clause = "Twilio, ConversationRelay noun",
      .run = convrelay_caller_rule_twiml },

    { .name = "accept", .did = "a handshake",
      .expected = "101 with the right Sec-WebSocket-Accept",
      .clause = "RFC 6455, 4.2.2", .run = convrelay_caller_rule_accepted },

    { .name = "not-offered", .did = "offered no extension, no subprotocol",
      .expected = "none is accepted",
      .clause = "RFC 6455, 4.2.2", .run = convrelay_caller_rule_offered },

    { .name = "case", .did = "Upgrade and Connection in another case",
      .expected = "101",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_accepted,
      .data = "Upgrade: websocket\r\nConnection: Upgrade\r\n",
      .more = "uPGRADE: WebSocket\r\nCONNECTION: keep-alive, upgrade\r\n" },

    { .name = "plain", .did = "a request that is not a handshake",
      .expected = "4xx",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_refused,
      .data = "Upgrade: websocket\r\nConnection: Upgrade\r\n", .more = "" },

    { .name = "method", .did = "a handshake by POST", .expected = "4xx",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_refused,
      .data = "GET ", .more = "POST " },

    { .name = "http10", .did = "a handshake in HTTP/1.0", .expected = "4xx",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_refused,
      .data = "HTTP/1.1\r\n", .more = "HTTP/1.0\r\n" },

    { .name = "key", .did = "a handshake without a key", .expected = "4xx",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_refused,
      .data = "Sec-WebSocket-Key: ", .more = "X-Key: " },

    { .name = "key-size", .did = "a key of 19 bytes", .expected = "4xx",
      .clause = "RFC 6455, 4.2.1", .run = convrelay_caller_rule_refused,
      .data = "Sec-WebSocket-Key: ", .more = "Sec-WebSocket-Key: AAAA" },

    { .name = "version", .did = "WebSocket version 12",
      .expected = "426 with Sec-WebSocket-Version: 13",
      .clause = "RFC 6455, 4.2.2 and 4.4", .run = convrelay_caller_rule_version,
      .data = "Sec-WebSocket-Version: 13",
      .more = "Sec-WebSocket-Version: 12" },

    { .name = NULL }
};


const convrelay_caller_rule_t  convrelay_caller_rules_sign[] = {

    { .name = "webhook-missing", .did = "a webhook without a signature",
      .expected = "403", .clause = "Twilio, webhook security",
      .run = convrelay_caller_rule_webhook },

    { .name = "webhook-wrong", .did = "a webhook signed with another token",
      .expected = "403", .clause = "Twilio, webhook security",
      .run = convrelay_caller_rule_webhook, .data = "another token" },

    { .name = "signature-missing", .did = "a handshake without a signature",
      .expected = "4xx, or Close 1008", .clause = "Twilio, webhook security",
      .run = convrelay_caller_rule_signature, .data = "missing" },

    { .name = "signature-wrong", .did = "a handshake signed with another "
      "token", .expected = "4xx, or Close 1008",
      .clause = "Twilio, webhook security",
      .run = convrelay_caller_rule_signature, .data = "wrong" },

    { .name = "signature-other", .did = "a handshake signed for another URL",
      .expected = "4xx, or Close 1008", .clause = "Twilio, webhook security",
      .run = convrelay_caller_rule_signature, .data = "other" },

    { .name = "replayed", .did = "a handshake repeated for another call",
      .expected = "the setup is refused",
      .clause = "signatures carry no timestamp",
      .run = convrelay_caller_rule_replayed },

    { .name = NULL }
};


static int
convrelay_caller_rule_accepted(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    return convrelay_caller_rule_edit(k, rule);
}


static int
convrelay_caller_rule_refused(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_edit(k, rule) == CONVRELAY_OK
        || k->conn.status == 101)
    {
        return convrelay_caller_check_fail(k, "it was accepted");
    }

    if (k->conn.status / 100 == 4) {
        return CONVRELAY_OK;
    }

    return CONVRELAY_ERROR;
}


static int
convrelay_caller_rule_version(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    const char  *head;

    if (convrelay_caller_rule_refused(k, rule) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    head = k->conn.response.data;

    if (k->conn.status != 426) {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(head, "\nSec-WebSocket-Version: 13\r")) {
        return convrelay_caller_check_fail(k, "426 without "
                                           "Sec-WebSocket-Version: 13");
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_offered(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_open(k) == CONVRELAY_OK
        || !convrelay_caller_check_word(k->got, "not offered"))
    {
        return CONVRELAY_OK;
    }

    return CONVRELAY_ERROR;
}


static int
convrelay_caller_rule_twiml(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char  *warnings;

    if (k->call->direct) {
        convrelay_caller_check_fail(k, "the URL is the relay's");
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_dial(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    warnings = k->call->twiml.warnings.data;

    if (warnings && warnings[0]) {
        return convrelay_caller_check_fail(k, "%.*s",
                                           (int) strcspn(warnings, "\n"),
                                           warnings);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_webhook(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    long  status;

    if (convrelay_caller_rule_unsigned(k)) {
        return CONVRELAY_DECLINED;
    }

    if (k->call->direct) {
        convrelay_caller_check_fail(k, "the URL is the relay's");
        return CONVRELAY_DECLINED;
    }

    status = convrelay_caller_knock(k->call, rule->data);

    if (status == 403) {
        return CONVRELAY_OK;
    }

    return convrelay_caller_check_fail(k, "the server answered %ld", status);
}


static int
convrelay_caller_rule_signature(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_unsigned(k)) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_dial(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_rule_sign(k, rule->data);

    if (convrelay_caller_check_connect(k) != CONVRELAY_OK) {
        return (k->conn.status / 100 == 4) ? CONVRELAY_OK : CONVRELAY_ERROR;
    }

    convrelay_caller_check_setup(k);

    return convrelay_caller_check_closed(k, CONVRELAY_WS_POLICY_VIOLATION, 0);
}


/*
 * A signature and its parameters, seen on the way, do not open another call.
 */

static int
convrelay_caller_rule_replayed(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_unsigned(k)) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_check_alive(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_sid(k->call->ident.call_sid, "CA");
    convrelay_caller_sid(k->call->ident.session_id, "VX");

    if (convrelay_caller_check_connect(k) != CONVRELAY_OK) {
        return (k->conn.status / 100 == 4) ? CONVRELAY_OK : CONVRELAY_ERROR;
    }

    convrelay_caller_check_setup(k);

    return convrelay_caller_check_closed(k, CONVRELAY_WS_POLICY_VIOLATION, 0);
}


static int
convrelay_caller_rule_unsigned(convrelay_caller_check_t *k)
{
    if (k->call->options->auth_token) {
        return 0;
    }

    convrelay_caller_check_fail(k, "no --auth-token");

    return 1;
}


static void
convrelay_caller_rule_sign(convrelay_caller_check_t *k, const char *how)
{
    const char             *token;
    convrelay_caller_buf_t  url;

    free(k->call->target.signature);
    k->call->target.signature = NULL;

    if (strcmp(how, "missing") == 0) {
        return;
    }

    memset(&url, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_relay_url(k->call, &url);

    token = "another token";

    if (strcmp(how, "other") == 0) {
        token = k->call->options->auth_token;
        convrelay_caller_buf_str(&url, "/other");
    }

    k->call->target.signature = convrelay_caller_sign(token, url.data, NULL);
    convrelay_caller_buf_free(&url);
}


static int
convrelay_caller_rule_edit(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_dial(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    k->call->target.edit = rule->data;
    k->call->target.edited = rule->more;

    return convrelay_caller_check_connect(k);
}
