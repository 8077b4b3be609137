
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_envelope.h"


#define CONVRELAY_ENVELOPE_MAGIC  0x43525231    /* "CRR1" */


static u_char *convrelay_envelope_put(u_char *p, uint64_t value, size_t n);
static uint64_t convrelay_envelope_get(u_char **p, size_t n);


void
convrelay_envelope_write(u_char *p, const convrelay_envelope_t *e)
{
    p = convrelay_envelope_put(p, CONVRELAY_ENVELOPE_MAGIC, 4);

    memcpy(p, &e->key, sizeof(convrelay_store_key_t));
    p += sizeof(convrelay_store_key_t);

    p = convrelay_envelope_put(p, e->machine, 8);
    p = convrelay_envelope_put(p, e->saved, 8);
    p = convrelay_envelope_put(p, e->ttl, 8);
    p = convrelay_envelope_put(p, e->ticket, 8);
    p = convrelay_envelope_put(p, e->lost, 4);

    (void) convrelay_envelope_put(p, e->text.len, 4);
}


/* the first byte is the highest one */

static u_char *
convrelay_envelope_put(u_char *p, uint64_t value, size_t n)
{
    size_t  i;

    for (i = n; i > 0; i--) {
        *p++ = (u_char) (value >> (8 * (i - 1)));
    }

    return p;
}


int
convrelay_envelope_read(convrelay_envelope_t *e, u_char *data, size_t len)
{
    u_char  *p;

    if (len < CONVRELAY_ENVELOPE_HEAD) {
        return CONVRELAY_DECLINED;
    }

    p = data;

    if (convrelay_envelope_get(&p, 4) != CONVRELAY_ENVELOPE_MAGIC) {
        return CONVRELAY_DECLINED;
    }

    memcpy(&e->key, p, sizeof(convrelay_store_key_t));
    p += sizeof(convrelay_store_key_t);

    e->machine = convrelay_envelope_get(&p, 8);
    e->saved = convrelay_envelope_get(&p, 8);
    e->ttl = convrelay_envelope_get(&p, 8);
    e->ticket = convrelay_envelope_get(&p, 8);
    e->lost = (uint32_t) convrelay_envelope_get(&p, 4);
    e->text.len = (size_t) convrelay_envelope_get(&p, 4);
    e->text.data = p;

    if (e->text.len != len - CONVRELAY_ENVELOPE_HEAD) {
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static uint64_t
convrelay_envelope_get(u_char **p, size_t n)
{
    uint64_t  value;

    value = 0;

    while (n--) {
        value = (value << 8) | *(*p)++;
    }

    return value;
}
