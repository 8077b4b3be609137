
/*
 * Copyright (C) convrelay contributors
 *
 * Lines of Sec-WebSocket-Protocol, and the ticket in them.
 */


#include <stdlib.h>

#include "convrelay_talk.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t                   i, n;
    u_char                  *text, again[CONVRELAY_TALK_TICKET_LEN];
    convrelay_str_t          line;
    convrelay_talk_offer_t   o;
    convrelay_talk_ticket_t  t;

    static const u_char           key[CONVRELAY_TALK_KEY_LEN];
    static const convrelay_str_t  place = convrelay_string("/talk");

    text = malloc(size);
    must(size == 0 || text);

    if (size) {
        memcpy(text, data, size);
    }

    memset(&o, 0, sizeof(o));

    for (i = 0; i <= size; i += n + 1) {
        line.data = text + i;

        for (n = 0; i + n < size && text[i + n] != '\n'; n++) { /* void */ }

        line.len = n;

        convrelay_talk_offer(&o, &line);
    }

    if (o.tickets == 0) {
        must(o.ticket.data == NULL);
        free(text);
        return 0;
    }

    must(o.ticket.data >= text + sizeof(CONVRELAY_TALK_PREFIX) - 1);
    must(o.ticket.data + o.ticket.len <= text + size);
    must(memchr(o.ticket.data, ',', o.ticket.len) == NULL);

    if (convrelay_talk_ticket_read(&t, &o.ticket) == CONVRELAY_OK) {

        /* each ticket is written in one way */

        must(convrelay_talk_ticket_write(again, &t)
             == again + sizeof(again));
        must(memcmp(again, o.ticket.data, sizeof(again)) == 0);

        must(!convrelay_talk_ticket_valid(&t, key, &place));

        convrelay_talk_ticket_sign(&t, key, &place);
        must(convrelay_talk_ticket_valid(&t, key, &place));
    }

    free(text);

    return 0;
}
