
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_ws_handshake.h"


static int convrelay_ws_key_valid(const convrelay_str_t *key);
static convrelay_str_t convrelay_ws_trim(convrelay_str_t s);


void
convrelay_ws_handshake_header(convrelay_ws_handshake_t *h,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    convrelay_str_t  version;

    if (convrelay_str_is_nocase(name, "upgrade")) {
        h->upgrade |= convrelay_ws_has_token(value, "websocket");

    } else if (convrelay_str_is_nocase(name, "connection")) {
        h->connection |= convrelay_ws_has_token(value, "upgrade");

    } else if (convrelay_str_is_nocase(name, "sec-websocket-version")) {

        if (h->versions == 0) {
            version = convrelay_ws_trim(*value);
            h->version = convrelay_str_eq(&version, "13");
        }

        h->versions += (h->versions < 2);

    } else if (convrelay_str_is_nocase(name, "sec-websocket-key")) {

        if (h->keys == 0) {
            h->key = *value;
        }

        h->keys += (h->keys < 2);

    } else if (convrelay_str_is_nocase(name, "origin")) {

        if (h->origins == 0) {
            h->origin = *value;
        }

        h->origins += (h->origins < 2);
    }
}


int
convrelay_ws_handshake_check(convrelay_ws_handshake_t *h)
{
    if (!h->get) {
        h->error = "with a method other than GET";
        return 405;
    }

    /* HTTP/2 has no Upgrade, so 426 would be useless there */

    if (!h->http11) {
        h->error = "in a version of HTTP other than 1.1";
        return 400;
    }

    if (!h->upgrade) {
        h->error = "without \"websocket\" in \"Upgrade\"";
        return 426;
    }

    /* without it "Upgrade" was meant for another hop, RFC 9110, 7.8 */

    if (!h->connection) {
        h->error = "without \"upgrade\" in \"Connection\"";
        return 426;
    }

    if (h->versions > 1) {
        h->error = "with more than one \"Sec-WebSocket-Version\"";
        return 400;
    }

    if (!h->version) {
        h->error = "without \"13\" in \"Sec-WebSocket-Version\"";
        return 426;
    }

    if (h->keys == 0) {
        h->error = "without \"Sec-WebSocket-Key\"";
        return 400;
    }

    if (h->keys > 1) {
        h->error = "with more than one \"Sec-WebSocket-Key\"";
        return 400;
    }

    h->key = convrelay_ws_trim(h->key);

    if (!convrelay_ws_key_valid(&h->key)) {
        h->error = "with an invalid \"Sec-WebSocket-Key\"";
        return 400;
    }

    /* its bytes would be read as frames */

    if (h->body) {
        h->error = "with a request body";
        return 400;
    }

    h->error = NULL;

    return 101;
}


int
convrelay_ws_has_token(const convrelay_str_t *list, const char *token)
{
    size_t           i, start;
    convrelay_str_t  s;

    start = 0;

    for (i = 0; i <= list->len; i++) {

        if (i < list->len && list->data[i] != ',') {
            continue;
        }

        if (i > start) {
            s.data = list->data + start;
            s.len = i - start;
            s = convrelay_ws_trim(s);

            if (s.len && convrelay_str_is_nocase(&s, token)) {
                return 1;
            }
        }

        start = i + 1;
    }

    return 0;
}


/*
 * Base64 of 16 bytes: 22 characters and "==".  The four unused bits of the
 * last character may be set: RFC 6455, 4.1 and 4.3, does not forbid it.
 */

static int
convrelay_ws_key_valid(const convrelay_str_t *key)
{
    u_char  ch;
    size_t  i;

    if (key->len != CONVRELAY_WS_KEY_LEN
        || memcmp(key->data + CONVRELAY_WS_KEY_LEN - 2, "==", 2) != 0)
    {
        return 0;
    }

    for (i = 0; i < CONVRELAY_WS_KEY_LEN - 2; i++) {
        ch = key->data[i];

        if (!((ch >= 'a' && ch <= 'z')
              || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9')
              || ch == '+'
              || ch == '/'))
        {
            return 0;
        }
    }

    return 1;
}


/* RFC 9110, 5.6.3: optional white space is SP and HTAB */

static convrelay_str_t
convrelay_ws_trim(convrelay_str_t s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }

    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) {
        s.len--;
    }

    return s;
}
