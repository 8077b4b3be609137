
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_talk.h"

#include "convrelay_hmac.h"
#include "convrelay_sha256.h"


#define CONVRELAY_TALK_BYTES  (4 + CONVRELAY_TALK_NONCE_LEN                  \
                               + CONVRELAY_TALK_SETUP_LEN                    \
                               + CONVRELAY_TALK_MAC_LEN)


#if (CONVRELAY_TALK_BYTES * 4 != CONVRELAY_TALK_TICKET_LEN * 3)
#error a ticket is not as long as its parts
#endif


static void convrelay_talk_token(convrelay_talk_offer_t *o,
    convrelay_str_t token);
static u_char *convrelay_talk_bytes(u_char *p,
    const convrelay_talk_ticket_t *t);
static void convrelay_talk_mac(const convrelay_talk_ticket_t *t,
    const u_char *key, const convrelay_str_t *place, u_char *digest);


/* RFC 4648, 5 */

static const char  convrelay_talk_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


void
convrelay_talk_offer(convrelay_talk_offer_t *o, const convrelay_str_t *line)
{
    size_t           i, start;
    convrelay_str_t  token;

    start = 0;

    for (i = 0; i <= line->len; i++) {

        if (i < line->len && line->data[i] != ',') {
            continue;
        }

        if (i > start) {
            token.data = line->data + start;
            token.len = i - start;

            convrelay_str_trim(&token);
            convrelay_talk_token(o, token);
        }

        start = i + 1;
    }
}


static void
convrelay_talk_token(convrelay_talk_offer_t *o, convrelay_str_t token)
{
    if (convrelay_str_eq(&token, CONVRELAY_TALK_PROTOCOL)) {
        o->talk = 1;
        return;
    }

    if (!convrelay_str_starts(&token, CONVRELAY_TALK_PREFIX)) {
        return;
    }

    if (o->tickets == 0) {
        o->ticket.data = token.data + sizeof(CONVRELAY_TALK_PREFIX) - 1;
        o->ticket.len = token.len - (sizeof(CONVRELAY_TALK_PREFIX) - 1);
    }

    o->tickets += (o->tickets < 2);
}


int
convrelay_talk_ticket_read(convrelay_talk_ticket_t *t,
    const convrelay_str_t *text)
{
    size_t       i;
    u_char       bytes[CONVRELAY_TALK_BYTES], *p;
    uint32_t     word;
    const char  *found;

    if (text->len != CONVRELAY_TALK_TICKET_LEN) {
        return CONVRELAY_DECLINED;
    }

    p = bytes;
    word = 0;

    for (i = 0; i < text->len; i++) {

        found = memchr(convrelay_talk_alphabet, text->data[i],
                       sizeof(convrelay_talk_alphabet) - 1);

        if (found == NULL) {
            return CONVRELAY_DECLINED;
        }

        word = word << 6 | (uint32_t) (found - convrelay_talk_alphabet);

        if (i % 4 == 3) {
            *p++ = (u_char) (word >> 16);
            *p++ = (u_char) (word >> 8);
            *p++ = (u_char) word;
        }
    }

    p = bytes;

    t->expires = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
                 | (uint32_t) p[2] << 8 | p[3];
    p += 4;

    memcpy(t->nonce, p, CONVRELAY_TALK_NONCE_LEN);
    p += CONVRELAY_TALK_NONCE_LEN;

    memcpy(t->setup, p, CONVRELAY_TALK_SETUP_LEN);
    p += CONVRELAY_TALK_SETUP_LEN;

    memcpy(t->mac, p, CONVRELAY_TALK_MAC_LEN);

    return CONVRELAY_OK;
}


u_char *
convrelay_talk_ticket_write(u_char *p, const convrelay_talk_ticket_t *t)
{
    size_t    i;
    u_char    bytes[CONVRELAY_TALK_BYTES], *b;
    uint32_t  word;

    b = convrelay_talk_bytes(bytes, t);
    memcpy(b, t->mac, CONVRELAY_TALK_MAC_LEN);

    for (i = 0; i < sizeof(bytes); i += 3) {
        word = (uint32_t) bytes[i] << 16 | (uint32_t) bytes[i + 1] << 8
               | bytes[i + 2];

        *p++ = convrelay_talk_alphabet[word >> 18];
        *p++ = convrelay_talk_alphabet[word >> 12 & 0x3f];
        *p++ = convrelay_talk_alphabet[word >> 6 & 0x3f];
        *p++ = convrelay_talk_alphabet[word & 0x3f];
    }

    return p;
}


void
convrelay_talk_ticket_sign(convrelay_talk_ticket_t *t, const u_char *key,
    const convrelay_str_t *place)
{
    u_char  digest[CONVRELAY_SHA256_LEN];

    convrelay_talk_mac(t, key, place, digest);

    memcpy(t->mac, digest, CONVRELAY_TALK_MAC_LEN);
}


int
convrelay_talk_ticket_valid(const convrelay_talk_ticket_t *t,
    const u_char *key, const convrelay_str_t *place)
{
    size_t  i;
    u_char  digest[CONVRELAY_SHA256_LEN], diff;

    convrelay_talk_mac(t, key, place, digest);

    diff = 0;

    for (i = 0; i < CONVRELAY_TALK_MAC_LEN; i++) {
        diff |= digest[i] ^ t->mac[i];
    }

    return diff == 0;
}


void
convrelay_talk_setup_hash(u_char *hash, const convrelay_str_t *message)
{
    u_char              digest[CONVRELAY_SHA256_LEN];
    convrelay_sha256_t  h;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, message->data, message->len);
    convrelay_sha256_final(&h, digest);

    memcpy(hash, digest, CONVRELAY_TALK_SETUP_LEN);
}


/* all but the MAC */

static u_char *
convrelay_talk_bytes(u_char *p, const convrelay_talk_ticket_t *t)
{
    *p++ = (u_char) (t->expires >> 24);
    *p++ = (u_char) (t->expires >> 16);
    *p++ = (u_char) (t->expires >> 8);
    *p++ = (u_char) t->expires;

    memcpy(p, t->nonce, CONVRELAY_TALK_NONCE_LEN);
    p += CONVRELAY_TALK_NONCE_LEN;

    memcpy(p, t->setup, CONVRELAY_TALK_SETUP_LEN);

    return p + CONVRELAY_TALK_SETUP_LEN;
}


/* the part before the place has one length, so nothing can move between them */

static void
convrelay_talk_mac(const convrelay_talk_ticket_t *t, const u_char *key,
    const convrelay_str_t *place, u_char *digest)
{
    u_char           bytes[CONVRELAY_TALK_BYTES];
    convrelay_str_t  secret, texts[2];

    secret.data = (u_char *) key;
    secret.len = CONVRELAY_TALK_KEY_LEN;

    texts[0].data = bytes;
    texts[0].len = convrelay_talk_bytes(bytes, t) - bytes;
    texts[1] = *place;

    convrelay_hmac_sha256(&secret, texts, 2, digest);
}
