
/*
 * Copyright (C) convrelay contributors
 */


#include <stddef.h>
#include <stdlib.h>

#include "convrelay_history.h"


#define CONVRELAY_HISTORY_HEAD  offsetof(convrelay_llm_message_t, text)


static convrelay_llm_message_t *convrelay_history_extra(unsigned llm,
    const convrelay_str_t *extra, unsigned calls);
static convrelay_llm_message_t *convrelay_history_pack(
    convrelay_llm_role_e role, const convrelay_llm_call_t *call);
static void convrelay_history_link(convrelay_history_t *h,
    convrelay_llm_message_t *m);
static void convrelay_history_make_room(convrelay_history_t *h,
    convrelay_llm_role_e role, size_t n, size_t len);
static int convrelay_history_passed(const convrelay_history_t *h, size_t n,
    size_t len);
static void convrelay_history_over(convrelay_history_t *h, size_t n,
    size_t len);
static void convrelay_history_drop_round(convrelay_history_t *h,
    convrelay_llm_message_t *before);
static convrelay_llm_message_t *convrelay_history_extra_of(
    const convrelay_llm_message_t *m);
static void convrelay_history_drop_turn(convrelay_history_t *h,
    const convrelay_llm_message_t *next);
static convrelay_llm_message_t *convrelay_history_turn_after(
    const convrelay_llm_message_t *m);
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


/* never in place: space cut off after a message would remain as a hole */

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
    convrelay_llm_message_set(m, len);

    convrelay_history_make_room(h, m->role, 1, len);
    convrelay_history_link(h, m);
}


int
convrelay_history_append_calls(convrelay_history_t *h, unsigned llm,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls,
    const convrelay_str_t *results, size_t n)
{
    size_t                     i, len;
    convrelay_llm_call_t       call, result;
    convrelay_llm_message_t   *m, *first, **next;

    first = NULL;
    next = &first;

    if (extra->len) {
        *next = convrelay_history_extra(llm, extra, 1);
        if (*next == NULL) {
            goto failed;
        }

        next = &(*next)->next;
    }

    for (i = 0; i < n; i++) {
        call = calls[i];
        call.llm = llm;

        *next = convrelay_history_pack(CONVRELAY_LLM_CALL, &call);
        if (*next == NULL) {
            goto failed;
        }

        next = &(*next)->next;
    }

    memset(&result, 0, sizeof(convrelay_llm_call_t));

    for (i = 0; i < n; i++) {
        result.id = calls[i].id;
        result.name = calls[i].name;
        result.arguments = results[i];

        *next = convrelay_history_pack(CONVRELAY_LLM_TOOL, &result);
        if (*next == NULL) {
            goto failed;
        }

        next = &(*next)->next;
    }

    len = 0;

    for (m = first; m; m = m->next) {
        len += m->len;
    }

    convrelay_history_make_room(h, CONVRELAY_LLM_CALL, 2 * n, len);

    while (first) {
        m = first;
        first = m->next;

        convrelay_history_link(h, m);
    }

    return CONVRELAY_OK;

failed:

    while (first) {
        m = first;
        first = m->next;

        free(m);
    }

    return CONVRELAY_ERROR;
}


int
convrelay_history_append_extra(convrelay_history_t *h,
    convrelay_llm_message_t *m, unsigned llm, const convrelay_str_t *extra)
{
    size_t                    len;
    convrelay_llm_message_t  *p, *turn, *next;

    if (extra->len == 0 || h->last != m) {
        return CONVRELAY_OK;
    }

    p = convrelay_history_extra(llm, extra, 0);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    turn = h->first;

    for (next = turn; next; next = convrelay_history_turn_after(next)) {
        turn = next;
    }

    len = p->len;

    for (next = turn; next; next = next->next) {
        len += next->len;
    }

    if (h->max_bytes && len > h->max_bytes) {
        free(p);
        return CONVRELAY_OK;
    }

    while (convrelay_history_passed(h, 0, p->len) && h->first != turn) {
        convrelay_history_over(h, 0, p->len);
        convrelay_history_drop_turn(h, convrelay_history_turn_after(h->first));
    }

    convrelay_history_link(h, p);

    return CONVRELAY_OK;
}


/* calls: it belongs to calls */

static convrelay_llm_message_t *
convrelay_history_extra(unsigned llm, const convrelay_str_t *extra,
    unsigned calls)
{
    convrelay_llm_call_t  parts;

    memset(&parts, 0, sizeof(convrelay_llm_call_t));

    parts.extra = *extra;
    parts.llm = llm;
    parts.valid = calls;

    return convrelay_history_pack(CONVRELAY_LLM_EXTRA, &parts);
}


static convrelay_llm_message_t *
convrelay_history_pack(convrelay_llm_role_e role,
    const convrelay_llm_call_t *call)
{
    size_t                    size;
    convrelay_llm_message_t  *m;

    size = convrelay_llm_message_pack_size(call);

    m = convrelay_history_message(role, size);
    if (m == NULL) {
        return NULL;
    }

    convrelay_llm_message_pack(m->text, call);
    m->len = size;

    return m;
}


static void
convrelay_history_link(convrelay_history_t *h, convrelay_llm_message_t *m)
{
    if (h->last) {
        h->last->next = m;

    } else {
        h->first = m;
    }

    h->last = m;
    h->len += m->len;
    h->nmessages += (m->role != CONVRELAY_LLM_EXTRA);

    m->next = NULL;
    m->listed = 1;
}


static void
convrelay_history_make_room(convrelay_history_t *h, convrelay_llm_role_e role,
    size_t n, size_t len)
{
    convrelay_llm_message_t  *m, *turn;

    while (h->first && convrelay_history_passed(h, n, len)) {

        turn = convrelay_history_turn_after(h->first);

        if (turn || role == CONVRELAY_LLM_USER) {
            convrelay_history_over(h, n, len);
            convrelay_history_drop_turn(h, turn);
            continue;
        }

        /*
         * The newest turn alone exceeds a limit, or there is no user message
         * yet: drop its oldest part.  Actions may answer a caller who only
         * presses keys for hours, without any turn.
         */

        m = (h->first->role == CONVRELAY_LLM_USER) ? h->first : NULL;

        if (h->last == m) {
            return;
        }

        convrelay_history_over(h, n, len);
        convrelay_history_drop_round(h, m);
    }
}


/* true if n more messages with len bytes in total exceed a limit */

static int
convrelay_history_passed(const convrelay_history_t *h, size_t n, size_t len)
{
    return (h->max_messages && h->nmessages + n > h->max_messages)
           || (h->max_bytes && h->len + len > h->max_bytes);
}


/* notes which limit that is */

static void
convrelay_history_over(convrelay_history_t *h, size_t n, size_t len)
{
    if (h->max_messages && h->nmessages + n > h->max_messages) {
        h->over_messages = 1;
    }

    if (h->max_bytes && h->len + len > h->max_bytes) {
        h->over_bytes = 1;
    }
}


/* drops the messages after before (NULL: from the first): a text or calls, the
   calls that belong to the text, and their results */

static void
convrelay_history_drop_round(convrelay_history_t *h,
    convrelay_llm_message_t *before)
{
    unsigned                  results;
    convrelay_llm_message_t  *m;

    results = 0;
    m = before ? before->next : h->first;

    do {
        results |= (m->role == CONVRELAY_LLM_TOOL);

        convrelay_history_drop(h, before, m);

        m = before ? before->next : h->first;

    } while (m && (m->role == CONVRELAY_LLM_TOOL
                   || (!results && (m->role == CONVRELAY_LLM_EXTRA
                                    || m->role == CONVRELAY_LLM_CALL))));
}


/* that of the text m, not of calls; or NULL */

static convrelay_llm_message_t *
convrelay_history_extra_of(const convrelay_llm_message_t *m)
{
    convrelay_llm_call_t  parts;

    m = m->next;

    if (m == NULL || m->role != CONVRELAY_LLM_EXTRA) {
        return NULL;
    }

    convrelay_llm_message_call(m, &parts);

    return parts.valid ? NULL : (convrelay_llm_message_t *) m;
}


unsigned
convrelay_history_is_last(const convrelay_history_t *h,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_message_t  *extra;

    if (h->last == m) {
        return 1;
    }

    if (!m->listed) {
        return 0;
    }

    extra = convrelay_history_extra_of(m);

    return extra && h->last == extra;
}


/* the oldest; next is the one after it, or NULL */

static void
convrelay_history_drop_turn(convrelay_history_t *h,
    const convrelay_llm_message_t *next)
{
    do {
        convrelay_history_drop(h, NULL, h->first);
    } while (h->first != next);
}


/* the next user message, or NULL */

static convrelay_llm_message_t *
convrelay_history_turn_after(const convrelay_llm_message_t *m)
{
    m = m->next;

    while (m && m->role != CONVRELAY_LLM_USER) {
        m = m->next;
    }

    return (convrelay_llm_message_t *) m;
}


void
convrelay_history_set(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len)
{
    convrelay_llm_message_t  *extra;

    extra = convrelay_history_extra_of(m);

    if (extra) {
        convrelay_history_drop(h, m, extra);
    }

    h->len -= m->len;

    convrelay_llm_message_set(m, len);

    h->len += m->len;
}


void
convrelay_history_remove(convrelay_history_t *h, convrelay_llm_message_t *m)
{
    convrelay_llm_message_t  *before, *extra;

    before = convrelay_history_before(h, m);
    extra = convrelay_history_extra_of(m);

    convrelay_history_drop(h, before, m);

    if (extra) {
        convrelay_history_drop(h, before, extra);
    }
}


convrelay_llm_message_t *
convrelay_history_result(convrelay_history_t *h, convrelay_llm_message_t *m,
    const convrelay_str_t *text)
{
    size_t                    size;
    convrelay_llm_call_t      call;
    convrelay_llm_message_t  *p, *before;

    convrelay_llm_message_call(m, &call);

    call.arguments = *text;

    size = convrelay_llm_message_pack_size(&call);

    p = convrelay_history_message(CONVRELAY_LLM_TOOL, size);
    if (p == NULL) {
        return NULL;
    }

    convrelay_llm_message_pack(p->text, &call);

    p->len = size;
    p->next = m->next;
    p->listed = m->listed;
    p->pinned = m->pinned;

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

        h->len += p->len;
        h->len -= m->len;
    }

    free(m);

    return p;
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

    h->len -= m->len;
    h->nmessages -= (m->role != CONVRELAY_LLM_EXTRA);

    m->listed = 0;

    if (!m->pinned) {
        free(m);
    }
}


void
convrelay_history_take_back(convrelay_history_t *h,
    convrelay_llm_message_t *m)
{
    unsigned                  newest;
    convrelay_llm_message_t  *p, *before;

    before = NULL;

    for (p = h->first; p != m; p = p->next) {

        if (p->role != CONVRELAY_LLM_USER) {
            before = p;
        }
    }

    do {
        p = before ? before->next : h->first;
        newest = (p == m);

        convrelay_history_drop(h, before, p);
    } while (!newest);
}


unsigned
convrelay_history_halve(convrelay_history_t *h)
{
    size_t                    half;
    unsigned                  dropped;
    convrelay_llm_message_t  *turn;

    half = h->len / 2;
    dropped = 0;

    while (h->first && h->len > half) {
        turn = h->first;

        do {
            turn = convrelay_history_turn_after(turn);
        } while (turn && convrelay_history_before(h, turn)->role
                         == CONVRELAY_LLM_USER);

        if (turn == NULL) {
            break;
        }

        convrelay_history_drop_turn(h, turn);

        dropped = 1;
    }

    return dropped;
}


void
convrelay_history_free(convrelay_history_t *h)
{
    while (h->first) {
        convrelay_history_drop(h, NULL, h->first);
    }
}
