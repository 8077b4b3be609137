
/*
 * Copyright (C) convrelay contributors
 *
 * Messages to Twilio.
 */


#include "convrelay_relay.h"


#define CONVRELAY_RELAY_TEXT   "{\"type\":\"text\",\"token\":\""
#define CONVRELAY_RELAY_MORE   "\",\"last\":false}"
#define CONVRELAY_RELAY_LAST   "\",\"last\":true}"


size_t
convrelay_relay_text_size(const convrelay_str_t *token, unsigned last)
{
    size_t  size;

    size = sizeof(CONVRELAY_RELAY_TEXT) - 1;

    if (token->len) {
        size += convrelay_json_escaped_len(token->data, token->len);
    }

    if (last) {
        return size + sizeof(CONVRELAY_RELAY_LAST) - 1;
    }

    return size + sizeof(CONVRELAY_RELAY_MORE) - 1;
}


u_char *
convrelay_relay_text_write(u_char *p, const convrelay_str_t *token,
    unsigned last)
{
    memcpy(p, CONVRELAY_RELAY_TEXT, sizeof(CONVRELAY_RELAY_TEXT) - 1);
    p += sizeof(CONVRELAY_RELAY_TEXT) - 1;

    if (token->len) {
        p = convrelay_json_escape(p, token->data, token->len);
    }

    if (last) {
        memcpy(p, CONVRELAY_RELAY_LAST, sizeof(CONVRELAY_RELAY_LAST) - 1);
        return p + sizeof(CONVRELAY_RELAY_LAST) - 1;
    }

    memcpy(p, CONVRELAY_RELAY_MORE, sizeof(CONVRELAY_RELAY_MORE) - 1);
    return p + sizeof(CONVRELAY_RELAY_MORE) - 1;
}
