
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_ticket.h"


static u_char *convrelay_ticket_hex(u_char *p, uint32_t value, unsigned digits);


int
convrelay_ticket_parse(convrelay_ticket_t *t, const convrelay_str_t *text)
{
    size_t    i;
    u_char    ch;
    uint32_t  expires;

    if (text->len < CONVRELAY_TICKET_TIME_LEN + CONVRELAY_SIGNATURE_LEN
        || text->len > CONVRELAY_TICKET_TIME_LEN + CONVRELAY_SIGNATURE_LEN
                       + CONVRELAY_TICKET_MAX_SESSION)
    {
        return CONVRELAY_DECLINED;
    }

    expires = 0;

    for (i = 0; i < CONVRELAY_TICKET_TIME_LEN; i++) {
        ch = text->data[i];

        if (convrelay_is_digit(ch)) {
            expires = expires * 16 + (ch - '0');
            continue;
        }

        ch |= 0x20;

        if (ch < 'a' || ch > 'f') {
            return CONVRELAY_DECLINED;
        }

        expires = expires * 16 + (ch - 'a' + 10);
    }

    t->expires = expires;

    t->mac.len = CONVRELAY_SIGNATURE_LEN;
    t->mac.data = text->data + CONVRELAY_TICKET_TIME_LEN;

    t->session.data = t->mac.data + t->mac.len;
    t->session.len = text->data + text->len - t->session.data;

    return CONVRELAY_OK;
}


size_t
convrelay_ticket_size(const convrelay_ticket_t *t)
{
    return CONVRELAY_TICKET_TIME_LEN + t->mac.len + t->session.len;
}


u_char *
convrelay_ticket_write(u_char *p, const convrelay_ticket_t *t)
{
    p = convrelay_ticket_hex(p, t->expires, CONVRELAY_TICKET_TIME_LEN);
    p = convrelay_str_copy(p, &t->mac);

    return convrelay_str_copy(p, &t->session);
}


size_t
convrelay_ticket_input_size(const convrelay_ticket_t *t,
    const convrelay_str_t *sid)
{
    return (t->session.len ? 3 + t->session.len : 0)
           + CONVRELAY_TICKET_TIME_LEN + sid->len;
}


u_char *
convrelay_ticket_input_write(u_char *p, const convrelay_ticket_t *t,
    const convrelay_str_t *sid)
{
    if (t->session.len) {
        *p++ = '=';
        p = convrelay_ticket_hex(p, t->session.len, 2);
        p = convrelay_str_copy(p, &t->session);
    }

    p = convrelay_ticket_hex(p, t->expires, CONVRELAY_TICKET_TIME_LEN);

    return convrelay_str_copy(p, sid);
}


static u_char *
convrelay_ticket_hex(u_char *p, uint32_t value, unsigned digits)
{
    static const u_char  hex[] = "0123456789abcdef";

    while (digits) {
        *p++ = hex[(value >> (4 * --digits)) & 0xf];
    }

    return p;
}
