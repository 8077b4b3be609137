
/*
 * Copyright (C) convrelay contributors
 */


#include <stddef.h>
#include <stdlib.h>

#include "convrelay_history.h"


#define CONVRELAY_HISTORY_HEAD  offsetof(convrelay_llm_message_t, text)


static void convrelay_history_make_room(convrelay_history_t *h,
    convrelay_llm_role_e role, size_t len);
static int convrelay_history_passed(const convrelay_history_t *h, size_t len);
static convrelay_llm_message_t *convrelay_history_next_turn(
    const convrelay_history_t *h);
static convrelay_llm_message_t *convrelay_history_before(
    const convrelay_history_t *h, const convrelay_llm_message_t *m);
static void convrelay_history_drop(convrelay_history_t *h,
    convrelay_llm_message_t *before, convrelay_llm_message_t *m);


convrelay_llm_message_t *
convrelay_history_message(convrelay_llm_role_e role, size_t size)
{
    convrelay_llm_message_t  *m;

    if (size > CONVRELAY_LLM_MAX_MESSAGE_TEXT) {
        return NULL;
    }

    m = malloc(CONVRELAY_HISTORY_HEAD + size);
    if (m == NULL) {
        return NULL;
    }

    memset(m, 0, CONVRELAY_HISTORY_HEAD);
    m->role = role;

    return m;
}


/* never in place: what is cut off after a message is a hole that stays */

convrelay_llm_message_t *
convrelay_history_move(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len, size_t size)
{
    convrelay_llm_message_t  *p, *before;

    p = convrelay_history_message(m->role, size);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, m, CONVRELAY_HISTORY_HEAD + len);

    if (m->listed) {
        before = convrelay_history_before(h, m);

        if (before) {
            before->next = p;

        } else {
            h->first = p;
        }

        if (h->last == m) {
            h->last = p;
        }
    }

    free(m);

    return p;
}


void
convrelay_history_append(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len)
{
    size_t  json;

    convrelay_llm_message_set(m, len);

    json = convrelay_llm_message_json_len(m);

    convrelay_history_make_room(h, m->role, json);

    if (h->last) {
        h->last->next = m;
        h->len++;

    } else {
        h->first = m;
    }

    h->last = m;
    h->len += json;
    h->nmessages++;

    m->next = NULL;
    m->listed = 1;
}


static void
convrelay_history_make_room(convrelay_history_t *h, convrelay_llm_role_e role,
    size_t len)
{
    convrelay_llm_message_t  *m, *turn;

    while (h->first && convrelay_history_passed(h, len)) {

        turn = convrelay_history_next_turn(h);

        if (turn || role == CONVRELAY_LLM_USER) {

            do {
                convrelay_history_drop(h, NULL, h->first);
            } while (h->first != turn);

            continue;
        }

        /*
         * The newest turn alone passes a limit, or there is no user message
         * yet: what was said first goes.  A caller who only presses keys is
         * answered by actions for hours, and no turn ever begins.
         */

        m = (h->first->role == CONVRELAY_LLM_USER) ? h->first : NULL;

        if (h->last == m) {
            return;
        }

        convrelay_history_drop(h, m, m ? m->next : h->first);
    }
}


/* true where another message of len bytes is too much */

static int
convrelay_history_passed(const convrelay_history_t *h, size_t len)
{
    return (h->max_messages && h->nmessages + 1 > h->max_messages)
           || (h->max_bytes && h->len + 1 + len > h->max_bytes);
}


/* the second oldest turn, or NULL */

static convrelay_llm_message_t *
convrelay_history_next_turn(const convrelay_history_t *h)
{
    convrelay_llm_message_t  *m;

    m = h->first->next;

    while (m && m->role != CONVRELAY_LLM_USER) {
        m = m->next;
    }

    return m;
}


void
convrelay_history_set(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len)
{
    h->len -= convrelay_llm_message_json_len(m);

    convrelay_llm_message_set(m, len);

    h->len += convrelay_llm_message_json_len(m);
}


void
convrelay_history_remove(convrelay_history_t *h, convrelay_llm_message_t *m)
{
    convrelay_history_drop(h, convrelay_history_before(h, m), m);
}


static convrelay_llm_message_t *
convrelay_history_before(const convrelay_history_t *h,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_message_t  *p;

    if (m == h->first) {
        return NULL;
    }

    for (p = h->first; p->next != m; p = p->next) { /* void */ }

    return p;
}


static void
convrelay_history_drop(convrelay_history_t *h,
    convrelay_llm_message_t *before, convrelay_llm_message_t *m)
{
    if (before) {
        before->next = m->next;

    } else {
        h->first = m->next;
    }

    if (h->last == m) {
        h->last = before;
    }

    h->len -= convrelay_llm_message_json_len(m);
    h->nmessages--;

    /* one comma goes with it, except the last one, which has none */

    if (h->nmessages) {
        h->len--;
    }

    m->listed = 0;

    if (!m->pinned) {
        free(m);
    }
}


void
convrelay_history_free(convrelay_history_t *h)
{
    while (h->first) {
        convrelay_history_drop(h, NULL, h->first);
    }
}
