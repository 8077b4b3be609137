
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_history.h"


#define CONVRELAY_HISTORY_SPARE  2048     /* bytes that may stay when what
                                             needed them has gone */


static int convrelay_history_measure(convrelay_llm_role_e role,
    const convrelay_str_t *text, size_t *len);
static size_t convrelay_history_surplus(const convrelay_history_t *h,
    convrelay_llm_role_e role, size_t len, size_t *bytes);
static int convrelay_history_passed(const convrelay_history_t *h,
    size_t messages, size_t bytes);
static void convrelay_history_drop(convrelay_history_t *h, size_t n,
    size_t bytes);
static void convrelay_history_trim(convrelay_history_t *h, size_t len);
static void convrelay_history_remove(convrelay_history_t *h, size_t i,
    size_t pos);
static int convrelay_history_reserve(convrelay_history_t *h, size_t need);
static int convrelay_history_reserve_entry(convrelay_history_t *h);


int
convrelay_history_append(convrelay_history_t *h, convrelay_llm_role_e role,
    const convrelay_str_t *text, uint64_t *id)
{
    size_t                      n, len, need, bytes;
    u_char                     *p;
    convrelay_history_entry_t  *e;

    if (convrelay_history_measure(role, text, &len) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    n = convrelay_history_surplus(h, role, len, &bytes);

    need = h->len - bytes + len;

    if (n < h->nentries) {
        need++;
    }

    if (convrelay_history_reserve_entry(h) != CONVRELAY_OK
        || convrelay_history_reserve(h, need) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    convrelay_history_drop(h, n, bytes);

    if (role == CONVRELAY_LLM_ASSISTANT) {
        convrelay_history_trim(h, len);
    }

    p = h->data + h->len;

    if (h->nentries) {
        *p++ = ',';
    }

    p = convrelay_llm_message_write(p, role, text);

    h->len = p - h->data;

    e = &h->entries[h->nentries++];
    e->id = h->next++;
    e->len = len;
    e->role = role;

    *id = e->id;

    /* memory that a long turn needed does not stay when that turn is gone */

    if (h->size > h->len + CONVRELAY_HISTORY_SPARE) {
        p = realloc(h->data, h->len);

        if (p) {
            h->data = p;
            h->size = h->len;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_history_measure(convrelay_llm_role_e role,
    const convrelay_str_t *text, size_t *len)
{
    if (text->len > CONVRELAY_HISTORY_MAX_MESSAGE) {
        return CONVRELAY_ERROR;
    }

    *len = convrelay_llm_message_size(role, text);

    return (*len > CONVRELAY_HISTORY_MAX_MESSAGE) ? CONVRELAY_ERROR
                                                  : CONVRELAY_OK;
}


/*
 * How many of the oldest entries have to go before a message of len bytes
 * fits, and the bytes that go with them, commas included.
 */

static size_t
convrelay_history_surplus(const convrelay_history_t *h,
    convrelay_llm_role_e role, size_t len, size_t *bytes)
{
    size_t                      i, n, turn, total;
    convrelay_history_entry_t  *e;

    n = 0;
    turn = 0;
    *bytes = 0;
    total = h->len + len + (h->nentries ? 1 : 0);

    if (!convrelay_history_passed(h, h->nentries + 1, total)) {
        return 0;
    }

    e = h->entries;

    for (i = 0; i < h->nentries; i++) {

        if (i != 0 && e[i].role == CONVRELAY_LLM_USER) {
            n = i;
            *bytes = turn;

            if (!convrelay_history_passed(h, h->nentries - n + 1,
                                          total - *bytes))
            {
                return n;
            }
        }

        turn += e[i].len + 1;
    }

    if (role == CONVRELAY_LLM_USER) {
        n = h->nentries;
        *bytes = h->len;
    }

    return n;
}


static int
convrelay_history_passed(const convrelay_history_t *h, size_t messages,
    size_t bytes)
{
    return (h->max_messages && messages > h->max_messages)
           || (h->max_bytes && bytes > h->max_bytes);
}


static void
convrelay_history_drop(convrelay_history_t *h, size_t n, size_t bytes)
{
    if (n == 0) {
        return;
    }

    h->len -= bytes;
    h->nentries -= n;

    memmove(h->data, h->data + bytes, h->len);
    memmove(h->entries, h->entries + n,
            h->nentries * sizeof(convrelay_history_entry_t));
}


/*
 * The newest turn alone passes a limit, or there is no user message yet: what
 * was said first goes.  A caller who only presses keys is answered by actions
 * for hours, and no turn ever begins.
 */

static void
convrelay_history_trim(convrelay_history_t *h, size_t len)
{
    size_t  first, pos;

    first = 0;
    pos = 0;

    if (h->nentries && h->entries[0].role == CONVRELAY_LLM_USER) {
        first = 1;
        pos = h->entries[0].len + 1;
    }

    while (h->nentries > first
           && convrelay_history_passed(h, h->nentries + 1, h->len + 1 + len))
    {
        convrelay_history_remove(h, first, pos);
    }
}


int
convrelay_history_replace(convrelay_history_t *h, uint64_t id,
    const convrelay_str_t *text)
{
    size_t                      i, pos, len, tail;
    convrelay_history_entry_t  *e;

    /* what is replaced is always among the last few */

    pos = h->len;

    for (i = h->nentries; /* void */ ; i--) {

        if (i == 0) {
            return CONVRELAY_DECLINED;
        }

        e = &h->entries[i - 1];
        pos -= e->len;

        if (e->id == id) {
            break;
        }

        if (pos) {
            pos--;
        }
    }

    if (text->len == 0) {
        convrelay_history_remove(h, i - 1, pos);
        return CONVRELAY_OK;
    }

    if (convrelay_history_measure(e->role, text, &len) != CONVRELAY_OK
        || convrelay_history_reserve(h, h->len - e->len + len)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    tail = h->len - pos - e->len;

    memmove(h->data + pos + len, h->data + pos + e->len, tail);

    (void) convrelay_llm_message_write(h->data + pos, e->role, text);

    h->len = pos + len + tail;
    e->len = len;

    return CONVRELAY_OK;
}


static void
convrelay_history_remove(convrelay_history_t *h, size_t i, size_t pos)
{
    size_t  n, len;

    n = h->nentries - i - 1;
    len = h->entries[i].len;

    /* one comma goes with it: the one behind, or before the last entry */

    if (n) {
        len++;

    } else if (pos) {
        pos--;
        len++;
    }

    memmove(h->data + pos, h->data + pos + len, h->len - pos - len);
    memmove(h->entries + i, h->entries + i + 1,
            n * sizeof(convrelay_history_entry_t));

    h->len -= len;
    h->nentries--;
}


static int
convrelay_history_reserve(convrelay_history_t *h, size_t need)
{
    size_t   size;
    u_char  *p;

    if (need <= h->size) {
        return CONVRELAY_OK;
    }

    /* a turn asks for more some seconds later, a call can be idle for long */

    size = (need + 127) & ~(size_t) 127;

    if (h->max_bytes && size > h->max_bytes) {
        size = (need > h->max_bytes) ? need : h->max_bytes;
    }

    p = realloc(h->data, size);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    h->data = p;
    h->size = size;

    return CONVRELAY_OK;
}


static int
convrelay_history_reserve_entry(convrelay_history_t *h)
{
    size_t                      n;
    convrelay_history_entry_t  *e;

    if (h->nentries < h->nalloc) {
        return CONVRELAY_OK;
    }

    n = h->nalloc + (h->nalloc < 64 ? 4 : h->nalloc / 4);

    e = realloc(h->entries, n * sizeof(convrelay_history_entry_t));
    if (e == NULL) {
        return CONVRELAY_ERROR;
    }

    h->entries = e;
    h->nalloc = n;

    return CONVRELAY_OK;
}


void
convrelay_history_free(convrelay_history_t *h)
{
    free(h->data);
    free(h->entries);

    h->data = NULL;
    h->len = 0;
    h->size = 0;
    h->entries = NULL;
    h->nentries = 0;
    h->nalloc = 0;
}
