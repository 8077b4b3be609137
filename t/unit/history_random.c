
/*
 * Copyright (C) convrelay contributors
 *
 * A history in which anything is said and done, in any order, within any
 * limits: a request can always be made of it.  No call is without its result,
 * no result without its call, no two messages of one role stand in a row, and
 * a user begins.
 */


#include <stdio.h>

#include "convrelay_history.h"
#include "convrelay_json_reader.h"
#include "convrelay_llm_api.h"
#include "tap.h"


#define ROUNDS  2000
#define STEPS   60


static unsigned test_run(unsigned seed);
static void test_step(convrelay_history_t *h);
static void test_say(convrelay_history_t *h, convrelay_llm_role_e role);
static void test_do(convrelay_history_t *h);
static convrelay_llm_message_t *test_pick(convrelay_history_t *h,
    unsigned user);
static const char *test_history(const convrelay_history_t *h);
static const char *test_request(const convrelay_history_t *h);
static const char *test_messages(const convrelay_json_value_t *root);
static const char *test_calls(const convrelay_json_value_t *list,
    const convrelay_json_value_t *calls, convrelay_json_value_t **message);


int
main(void)
{
    unsigned  i, bad;

    bad = 0;

    for (i = 0; i < ROUNDS; i++) {
        bad += test_run(i);
    }

    tap_ok(bad == 0, "%d histories of %d steps", ROUNDS, STEPS);

    return tap_done();
}


static unsigned
test_run(unsigned seed)
{
    unsigned              i;
    const char           *error;
    convrelay_history_t   h;

    srand(seed);

    memset(&h, 0, sizeof(h));

    h.max_messages = rand() % 2 ? 0 : 1 + rand() % 15;
    h.max_bytes = rand() % 2 ? 0 : 1 + rand() % 300;

    error = NULL;

    for (i = 0; i < STEPS && error == NULL; i++) {
        test_step(&h);

        error = test_history(&h);

        if (error == NULL) {
            error = test_request(&h);
        }
    }

    if (error) {
        printf("# seed %u, step %u: %s\n", seed, i, error);
    }

    convrelay_history_free(&h);

    return (error != NULL);
}


static void
test_step(convrelay_history_t *h)
{
    convrelay_llm_message_t  *m;

    switch (rand() % 12) {

    case 0:
    case 1:
    case 2:
        test_say(h, CONVRELAY_LLM_USER);
        break;

    case 3:
    case 4:
    case 5:
        test_say(h, CONVRELAY_LLM_ASSISTANT);
        break;

    case 6:
    case 7:
    case 8:
        test_do(h);
        break;

    case 9:
        m = test_pick(h, 0);

        if (m && rand() % 2) {
            convrelay_history_remove(h, m);

        } else if (m) {
            convrelay_history_set(h, m, rand() % (m->len + 1u));
        }

        break;

    case 10:
        m = test_pick(h, 1);

        if (m) {
            convrelay_history_take_back(h, m);
        }

        break;

    default:
        if (rand() % 4 == 0) {
            (void) convrelay_history_halve(h);
        }

        break;
    }
}


static void
test_say(convrelay_history_t *h, convrelay_llm_role_e role)
{
    size_t                    len;
    convrelay_llm_message_t  *m;

    len = 1 + rand() % 40;
    m = convrelay_history_message(role, len);

    memset(m->text, rand() % 5 ? 'x' : '"', len);

    convrelay_history_append(h, m, len);
}


static void
test_do(convrelay_history_t *h)
{
    char                  ids[4][16];
    size_t                i, n;
    convrelay_str_t       results[4], extra;
    convrelay_llm_call_t  calls[4];

    n = rand() % 5;

    for (i = 0; i < n; i++) {
        memset(&calls[i], 0, sizeof(convrelay_llm_call_t));

        calls[i].id.data = (u_char *) ids[i];
        calls[i].id.len = sprintf(ids[i], "%d", rand());
        calls[i].valid = rand() % 2;

        convrelay_str_set(&calls[i].name, "f");
        convrelay_str_set(&calls[i].arguments, "{\"a\":1}");
        convrelay_str_set(&results[i], "{\"ok\":true}");
    }

    convrelay_str_set(&extra, "{}");

    if (rand() % 2) {
        extra.len = 0;
    }

    if (n) {
        (void) convrelay_history_append_calls(h, 0, &extra, calls, results, n);

    } else if (h->last && h->last->role == CONVRELAY_LLM_ASSISTANT) {
        (void) convrelay_history_append_extra(h, h->last, 0, &extra);
    }
}


static convrelay_llm_message_t *
test_pick(convrelay_history_t *h, unsigned user)
{
    unsigned                  n;
    convrelay_llm_message_t  *m, *picked;

    n = 0;
    picked = NULL;

    for (m = h->first; m; m = m->next) {

        if ((m->role == CONVRELAY_LLM_USER
             || (m->role == CONVRELAY_LLM_ASSISTANT && !user))
            && rand() % ++n == 0)
        {
            picked = m;
        }
    }

    return picked;
}


/* what it says of itself */

static const char *
test_history(const convrelay_history_t *h)
{
    size_t                          len, n;
    const convrelay_llm_message_t  *m, *last;

    len = 0;
    n = 0;
    last = NULL;

    for (m = h->first; m; m = m->next) {
        len += m->len;
        n += (m->role != CONVRELAY_LLM_EXTRA);
        last = m;
    }

    return (len == h->len && n == h->nmessages && last == h->last)
           ? NULL : "its counts are wrong";
}


static const char *
test_request(const convrelay_history_t *h)
{
    size_t                     size;
    u_char                    *p, *copy;
    const char                *error;
    convrelay_json_reader_t    r;
    convrelay_llm_request_t    request;

    memset(&request, 0, sizeof(request));
    request.messages = h->first;

    size = convrelay_llm_chat.size(&request);
    p = malloc(size);

    if (convrelay_llm_chat.write(p, &request) != p + size) {
        free(p);
        return "another length than measured";
    }

    copy = NULL;

    error = (convrelay_json_read(&r, p, size, &copy) == CONVRELAY_OK)
            ? test_messages(r.values) : "not JSON";

    convrelay_json_reader_free(&r);
    free(copy);
    free(p);

    return error;
}


static const char *
test_messages(const convrelay_json_value_t *root)
{
    const char              *error;
    convrelay_str_t          role, before;
    convrelay_json_value_t  *list, *m, *calls;

    list = convrelay_json_member(root, "messages");
    convrelay_str_set(&before, "none");

    for (m = convrelay_json_element(list, NULL);
         m;
         m = convrelay_json_element(list, m))
    {
        if (convrelay_json_text(convrelay_json_member(m, "role"), &role)
            != CONVRELAY_OK)
        {
            return "no role";
        }

        if (convrelay_str_eq(&role, "tool")) {
            return "a result without its call";
        }

        if (convrelay_str_equal(&role, &before)) {
            return "two of one role";
        }

        if (convrelay_str_eq(&before, "none")
            && !convrelay_str_eq(&role, "user"))
        {
            return "a user does not begin";
        }

        before = role;

        calls = convrelay_json_member(m, "tool_calls");

        if (calls) {
            error = test_calls(list, calls, &m);

            if (error) {
                return error;
            }

            convrelay_str_set(&before, "tool");
        }
    }

    return NULL;
}


/* the results follow in order; *message: that of the calls, then the last */

static const char *
test_calls(const convrelay_json_value_t *list,
    const convrelay_json_value_t *calls, convrelay_json_value_t **message)
{
    convrelay_str_t          id, result;
    convrelay_json_value_t  *call, *next;

    for (call = convrelay_json_element(calls, NULL);
         call;
         call = convrelay_json_element(calls, call))
    {
        next = convrelay_json_element(list, *message);

        if (convrelay_json_text(convrelay_json_member(call, "id"), &id)
            != CONVRELAY_OK
            || convrelay_json_text(convrelay_json_member(next,
                                                         "tool_call_id"),
                                   &result)
               != CONVRELAY_OK
            || !convrelay_str_equal(&id, &result))
        {
            return "a call without its result";
        }

        *message = next;
    }

    return NULL;
}
