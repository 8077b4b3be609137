
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_spent.h"


#define CONVRELAY_SPENT_MAGIC  0x54616c31        /* "Tal1" */


convrelay_spent_t *
convrelay_spent_create(void *mem, const u_char *key)
{
    convrelay_spent_t *s = mem;

    memset(s, 0, sizeof(convrelay_spent_t));

    s->magic = CONVRELAY_SPENT_MAGIC;
    s->size = sizeof(convrelay_spent_t);

    memcpy(s->key, key, CONVRELAY_SPENT_KEY_LEN);

    return s;
}


convrelay_spent_t *
convrelay_spent_open(void *mem, size_t size)
{
    convrelay_spent_t *s = mem;

    if (s == NULL || size < sizeof(convrelay_spent_t)
        || s->magic != CONVRELAY_SPENT_MAGIC
        || s->size != sizeof(convrelay_spent_t))
    {
        return NULL;
    }

    return s;
}


int
convrelay_spent_add(convrelay_spent_t *s, const u_char *nonce,
    uint32_t expires, uint32_t now)
{
    size_t                    i;
    convrelay_spent_entry_t  *e, *unused;

    unused = NULL;

    for (i = 0; i < CONVRELAY_SPENT_MAX; i++) {
        e = &s->entries[i];

        if (e->expires < now || e->expires == 0) {

            if (unused == NULL) {
                unused = e;
            }

            continue;
        }

        if (memcmp(e->nonce, nonce, CONVRELAY_SPENT_NONCE_LEN) == 0) {
            return CONVRELAY_DECLINED;
        }
    }

    if (unused == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(unused->nonce, nonce, CONVRELAY_SPENT_NONCE_LEN);

    __atomic_store_n(&unused->expires, expires, __ATOMIC_RELEASE);

    return CONVRELAY_OK;
}
