
/*
 * Copyright (C) convrelay contributors
 */


#include <malloc.h>

#include "tap.h"
#include "written.h"


#define U  CONVRELAY_LLM_USER
#define A  CONVRELAY_LLM_ASSISTANT

#define user(text)  "{\"role\":\"user\",\"content\":\"" text "\"}"
#define extra(text)  "{\"role\":\"extra\",\"content\":\"" text "\"}"
#define call(id)     "{\"role\":\"call\",\"id\":\"" id                     \
                     "\",\"name\":\"f\",\"content\":\"{}\"}"
#define tool(id)     "{\"role\":\"tool\",\"id\":\"" id                     \
                     "\",\"name\":\"f\",\"content\":\"ok\"}"
#define said(text)  "{\"role\":\"assistant\",\"content\":\"" text "\"}"


static int calls(convrelay_history_t *h, const char *ids, const char *extra);
static void append_extra(convrelay_history_t *h, convrelay_llm_message_t *m,
    const char *extra);
static convrelay_llm_message_t *add(convrelay_history_t *h,
    convrelay_llm_role_e role, const char *text);
static void set(convrelay_history_t *h, convrelay_llm_message_t *m,
    const char *text);
static void is(convrelay_history_t *h, const char *want, const char *name);

static void test_append(void);
static void test_set(void);
static void test_remove(void);
static void test_move(void);
static void test_held(void);
static void test_messages(void);
static void test_bytes(void);
static void test_calls(void);
static void test_calls_room(void);
static void test_extra(void);
static void test_extra_room(void);
static void test_take_back(void);
static void test_halve(void);
static void test_no_user(void);
static void test_one_turn(void);
static void test_memory(void);
static void test_too_long(void);


static convrelay_llm_message_t *
add(convrelay_history_t *h, convrelay_llm_role_e role, const char *text)
{
    convrelay_llm_message_t  *m;

    m = convrelay_history_message(role, strlen(text));
    memcpy(m->text, text, strlen(text));

    convrelay_history_append(h, m, strlen(text));

    return m;
}


static void
set(convrelay_history_t *h, convrelay_llm_message_t *m, const char *text)
{
    memcpy(m->text, text, strlen(text));

    convrelay_history_set(h, m, strlen(text));
}


/* the text, and that all that is known of it is true */

static void
is(convrelay_history_t *h, const char *want, const char *name)
{
    size_t                    n, len, text;
    u_char                   *json;
    convrelay_llm_message_t  *m, *last;

    json = written(h, &len);

    tap_is(json, len, want, strlen(want), name);

    free(json);

    n = 0;
    text = 0;
    last = NULL;

    for (m = h->first; m; m = m->next) {
        n += (m->listed && m->role != CONVRELAY_LLM_EXTRA);
        text += m->len;
        last = m;
    }

    if (text != h->len || n != h->nmessages || last != h->last) {
        tap_ok(0, "%s: %u messages, %zu bytes", name, h->nmessages, h->len);
    }
}


static void
test_append(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    is(&h, "", "an empty history is empty text");

    add(&h, U, "Hi \"you\"");
    is(&h, user("Hi \\\"you\\\""), "one message, escaped, without a comma");

    add(&h, A, "Hello.\n");
    is(&h, user("Hi \\\"you\\\"") "," said("Hello.\\n"),
       "two messages are joined with a comma");

    convrelay_history_free(&h);

    is(&h, "", "a freed history is empty");

    add(&h, U, "Again");
    is(&h, user("Again"), "and can be used again");

    convrelay_history_free(&h);
}


static void
test_set(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *u, *a, *b;

    memset(&h, 0, sizeof(h));

    u = add(&h, U, "one");
    a = add(&h, A, "two three");
    b = add(&h, U, "four \"and five\"");

    set(&h, a, "two");
    is(&h, user("one") "," said("two") "," user("four \\\"and five\\\""),
       "one in the middle gets shorter");

    convrelay_history_set(&h, b, 4);
    is(&h, user("one") "," said("two") "," user("four"),
       "the last gets shorter, and has no escape any more");

    convrelay_history_set(&h, b, 15);
    set(&h, u, "\n\n\n");
    is(&h, user("\\n\\n\\n") "," said("two") ","
       user("four \\\"and five\\\""),
       "what is after its end comes back; all of the first is escaped");

    convrelay_history_free(&h);
}


static void
test_remove(void)
{
    size_t                    i;
    convrelay_history_t       h;
    convrelay_llm_message_t  *m[4];

    memset(&h, 0, sizeof(h));

    m[0] = add(&h, U, "a");
    m[1] = add(&h, A, "b");
    m[2] = add(&h, U, "c");
    m[3] = add(&h, A, "d\n");

    convrelay_history_remove(&h, m[1]);
    is(&h, user("a") "," user("c") "," said("d\\n"),
       "remove in the middle, with its comma");

    set(&h, m[2], "C");
    set(&h, m[0], "A");
    is(&h, user("A") "," user("C") "," said("d\\n"),
       "others are where they were");

    convrelay_history_remove(&h, m[3]);
    is(&h, user("A") "," user("C"), "remove the last");

    convrelay_history_remove(&h, m[0]);
    is(&h, user("C"), "remove the first");

    convrelay_history_remove(&h, m[2]);
    is(&h, "", "remove the only one");

    add(&h, U, "e");
    is(&h, user("e"), "append to what was emptied");

    for (i = 0; i < 10000; i++) {
        convrelay_history_remove(&h, add(&h, U, "rejected"));
    }

    is(&h, user("e"), "10,000 removed messages leave nothing");

    convrelay_history_free(&h);
}


/* wherever it is */

static void
test_move(void)
{
    size_t                    i;
    convrelay_history_t       h;
    convrelay_llm_message_t  *m[3];

    memset(&h, 0, sizeof(h));

    m[0] = add(&h, U, "a");
    m[1] = add(&h, A, "b");
    m[2] = add(&h, U, "c");

    for (i = 0; i < 3; i++) {
        m[i] = convrelay_history_move(&h, m[i], 1, 100000);

        is(&h, user("a") "," said("b") "," user("c"), "a block that moves");

        memset(m[i]->text + 1, 'x', 99999);
    }

    for (i = 0; i < 3; i++) {
        convrelay_history_set(&h, m[i], 3);
        m[i] = convrelay_history_move(&h, m[i], 3, 3);
    }

    is(&h, user("axx") "," said("bxx") "," user("cxx"),
       "they have room, and give it back");

    m[0] = convrelay_history_message(A, 1);
    m[0] = convrelay_history_move(&h, m[0], 0, 4);
    memcpy(m[0]->text, "free", 4);
    is(&h, user("axx") "," said("bxx") "," user("cxx"),
       "one that is not listed yet");

    convrelay_history_append(&h, m[0], 4);
    is(&h, user("axx") "," said("bxx") "," user("cxx") "," said("free"),
       "and is then");

    convrelay_history_free(&h);
}


/* what somebody else holds outlives the history */

static void
test_held(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *a, *b, *c;

    memset(&h, 0, sizeof(h));
    h.max_messages = 2;

    add(&h, U, "1");
    a = add(&h, A, "2");
    a->pinned = 1;
    tap_ok(a->listed, "a held message is listed");

    add(&h, U, "3");
    is(&h, user("3"), "it is dropped as any other");
    tap_ok(!a->listed && memcmp(a->text, "2", 1) == 0,
           "who held it still has it, and is told");
    free(a);

    b = add(&h, A, "4");
    b->pinned = 1;
    convrelay_history_remove(&h, b);
    is(&h, user("3"), "the same where it is removed");
    tap_ok(!b->listed && memcmp(b->text, "4", 1) == 0, "it is there");
    free(b);

    c = add(&h, A, "5");
    c->pinned = 1;
    convrelay_history_free(&h);
    tap_ok(!c->listed && memcmp(c->text, "5", 1) == 0,
           "and where all are freed");
    free(c);
}


static void
test_messages(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 4;

    add(&h, U, "1");
    add(&h, A, "2");
    add(&h, U, "3");
    add(&h, A, "4");
    is(&h, user("1") "," said("2") "," user("3") "," said("4"),
       "as many messages as the limit");

    add(&h, U, "5");
    is(&h, user("3") "," said("4") "," user("5"),
       "the oldest turn goes as a whole");

    add(&h, U, "6");
    add(&h, U, "7");
    is(&h, user("5") "," user("6") "," user("7"),
       "unanswered prompts are turns too");

    convrelay_history_free(&h);

    h.max_messages = 1;

    add(&h, U, "1");
    add(&h, A, "2");
    is(&h, user("1") "," said("2"),
       "the newest user message stays, past the limit as well");

    add(&h, U, "3");
    is(&h, user("3"), "what is older goes");

    convrelay_history_free(&h);
}


static void
test_bytes(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    h.max_bytes = 3;

    add(&h, U, "1");
    add(&h, U, "2");
    add(&h, U, "3");
    is(&h, user("1") "," user("2") "," user("3"), "exactly the limit");

    add(&h, U, "4");
    is(&h, user("2") "," user("3") "," user("4"),
       "one goes for one that comes");

    add(&h, U, "55");
    is(&h, user("4") "," user("55"), "two go for one byte more");

    add(&h, U, "666666666666666666666666666666666666666666666666666"
               "666666666666666666666666666666666666666666666666666");
    tap_ok(h.over_bytes && !h.over_messages, "it is known which limit it was");

    tap_ok(h.nmessages == 1 && h.len > h.max_bytes,
           "a message over the limit stands alone");

    add(&h, A, "7");
    tap_ok(h.nmessages == 2, "and is answered");

    add(&h, U, "8");
    is(&h, user("8"), "and goes with the next");

    convrelay_history_free(&h);
}


/* each letter of ids is one */

static int
calls(convrelay_history_t *h, const char *ids, const char *extra)
{
    size_t                i, n;
    convrelay_str_t       results[8], str;
    convrelay_llm_call_t  list[8];

    n = strlen(ids);

    for (i = 0; i < n; i++) {
        memset(&list[i], 0, sizeof(convrelay_llm_call_t));

        list[i].id.data = (u_char *) &ids[i];
        list[i].id.len = 1;

        convrelay_str_set(&list[i].name, "f");
        convrelay_str_set(&list[i].arguments, "{}");
        convrelay_str_set(&results[i], "ok");
    }

    str.data = (u_char *) extra;
    str.len = strlen(extra);

    return convrelay_history_append_calls(h, 0, &str, list, results, n);
}


static void
append_extra(convrelay_history_t *h, convrelay_llm_message_t *m,
    const char *extra)
{
    convrelay_str_t  str;

    str.data = (u_char *) extra;
    str.len = strlen(extra);

    tap_ok(convrelay_history_append_extra(h, m, 0, &str) == CONVRELAY_OK,
           "extra %s", extra);
}


static void
test_calls(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));

    add(&h, U, "1");
    m = add(&h, A, "2");
    calls(&h, "ab", "");
    add(&h, A, "3");
    is(&h, user("1") "," said("2") "," call("a") "," call("b") ","
       tool("a") "," tool("b") "," said("3"),
       "calls and their results come together");

    convrelay_history_remove(&h, m);
    is(&h, user("1") "," call("a") "," call("b") "," tool("a") ","
       tool("b") "," said("3"), "what was said before them may go");

    m = add(&h, A, "4");
    calls(&h, "c", "x");
    convrelay_history_set(&h, m, 0);
    convrelay_history_remove(&h, m);
    is(&h, user("1") "," call("a") "," call("b") "," tool("a") ","
       tool("b") "," said("3") "," extra("x") "," call("c") "," tool("c"),
       "their extra stays with them");

    convrelay_history_free(&h);
}


/* it belongs to the text before it */

static void
test_extra(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *m, *other;

    memset(&h, 0, sizeof(h));

    add(&h, U, "1");
    m = add(&h, A, "2");
    append_extra(&h, m, "");
    is(&h, user("1") "," said("2"), "one that is empty");

    append_extra(&h, m, "x");
    is(&h, user("1") "," said("2") "," extra("x"), "an answer and its extra");
    tap_ok(h.nmessages == 2, "it is not a message of its own");
    tap_ok(convrelay_history_is_last(&h, m), "the answer is the last message");

    other = add(&h, A, "3");
    tap_ok(!convrelay_history_is_last(&h, m), "it is no longer");
    tap_ok(convrelay_history_is_last(&h, other), "another one is");

    append_extra(&h, m, "y");
    is(&h, user("1") "," said("2") "," extra("x") "," said("3"),
       "an extra that comes too late");

    convrelay_history_set(&h, m, 1);
    is(&h, user("1") "," said("2") "," said("3"),
       "it goes when the text changes");

    append_extra(&h, other, "y");
    convrelay_history_remove(&h, other);
    is(&h, user("1") "," said("2"), "it goes with its message");

    append_extra(&h, m, "z");
    calls(&h, "a", "x");
    convrelay_history_set(&h, m, 1);
    is(&h, user("1") "," said("2") "," extra("x") "," call("a") ","
           tool("a"),
       "it is not that of the calls after it");

    convrelay_history_free(&h);
}


static void
test_extra_room(void)
{
    size_t                    size;
    convrelay_history_t       h;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));

    h.max_messages = 1;

    add(&h, U, "1");
    m = add(&h, A, "2");
    append_extra(&h, m, "x");
    is(&h, user("1") "," said("2") "," extra("x"),
       "the limit of messages is not for extras");

    size = h.len - 2;

    convrelay_history_free(&h);

    h.max_messages = 0;
    h.max_bytes = 6 + size;

    add(&h, U, "1");
    m = add(&h, A, "2");
    append_extra(&h, m, "x");
    add(&h, U, "3");
    add(&h, A, "4");
    add(&h, U, "5");
    m = add(&h, A, "6");
    is(&h, user("1") "," said("2") "," extra("x") "," user("3") ","
       said("4") "," user("5") "," said("6"), "a full history");

    append_extra(&h, m, "y");
    is(&h, user("3") "," said("4") "," user("5") "," said("6") "," extra("y"),
       "the oldest turn goes for an extra");

    add(&h, U, "7");
    m = add(&h, A, "8");
    append_extra(&h, m, "12345");
    is(&h, user("7") "," said("8") "," extra("12345"), "both oldest");

    add(&h, U, "9");
    m = add(&h, A, "a");
    append_extra(&h, m, "123456");
    is(&h, user("9") "," said("a"), "no room beside its own turn");

    convrelay_history_free(&h);
}


/* what has a call has its result, whatever goes */

static void
test_calls_room(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 7;

    add(&h, A, "0");
    add(&h, U, "1");
    add(&h, A, "2");
    calls(&h, "ab", "");
    add(&h, A, "3");
    is(&h, user("1") "," said("2") "," call("a") "," call("b") ","
       tool("a") "," tool("b") "," said("3"), "what came before goes");

    add(&h, U, "4");
    add(&h, A, "5");
    is(&h, user("4") "," said("5"), "a turn goes with all its calls");

    calls(&h, "az", "x");
    add(&h, A, "6");
    calls(&h, "b", "");
    is(&h, user("4") "," said("6") "," call("b") "," tool("b"),
       "in one turn what was said first, with its calls");

    calls(&h, "c", "");
    calls(&h, "d", "");
    is(&h, user("4") "," call("c") "," tool("c") "," call("d") ","
       tool("d"), "one round goes after the other");

    calls(&h, "e", "");
    is(&h, user("4") "," call("c") "," tool("c") "," call("d") "," tool("d")
       "," call("e") "," tool("e"), "as many as there may be");

    calls(&h, "efghi", "");
    is(&h, user("4") "," call("e") "," call("f") "," call("g") "," call("h")
       "," call("i") "," tool("e") "," tool("f") "," tool("g") "," tool("h")
       "," tool("i"), "but not what was done just now");

    add(&h, U, "7");
    is(&h, user("7"), "a new turn makes room");

    convrelay_history_free(&h);
}


/* what an LLM refused */

static void
test_take_back(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));

    add(&h, U, "1");
    add(&h, A, "2");
    add(&h, U, "3");
    m = add(&h, U, "4");
    convrelay_history_take_back(&h, m);
    is(&h, user("1") "," said("2"), "prompts that are sent as one");

    m = add(&h, U, "3");
    add(&h, A, "4");
    calls(&h, "ab", "x");
    add(&h, A, "5");
    calls(&h, "c", "");
    convrelay_history_take_back(&h, m);
    is(&h, user("1") "," said("2") "," said("4") "," extra("x") ","
           call("a") "," call("b") "," tool("a") "," tool("b") ","
           said("5") "," call("c") "," tool("c"),
       "what was said and done since stays");

    convrelay_history_free(&h);

    m = add(&h, U, "1");
    convrelay_history_take_back(&h, m);
    is(&h, "", "the only one");

    add(&h, U, "2");
    is(&h, user("2"), "and on");

    convrelay_history_free(&h);
}


static void
test_halve(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    tap_ok(!convrelay_history_halve(&h), "an empty one has no half");

    add(&h, A, "0");
    add(&h, U, "1");
    calls(&h, "a", "");
    add(&h, A, "2");
    add(&h, U, "3");
    add(&h, A, "4");
    add(&h, U, "5");
    add(&h, U, "6");

    tap_ok(convrelay_history_halve(&h), "something goes");
    is(&h, user("3") "," said("4") "," user("5") "," user("6"),
       "whole turns, with their calls");

    tap_ok(convrelay_history_halve(&h), "something goes");
    is(&h, user("5") "," user("6"), "as much as is half");

    tap_ok(!convrelay_history_halve(&h), "nothing goes");
    is(&h, user("5") "," user("6"), "of the newest turn");

    add(&h, A, "a long answer");
    add(&h, U, "7");

    tap_ok(convrelay_history_halve(&h), "something goes");
    is(&h, user("7"), "up to the newest turn");

    convrelay_history_free(&h);
}


static void
test_no_user(void)
{
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 2;

    add(&h, A, "greeting");
    add(&h, A, "more");
    add(&h, A, "and more");
    is(&h, said("more") "," said("and more"),
       "without a user message there is a limit, too");

    add(&h, U, "1");
    is(&h, user("1"), "what came before the first user message goes first");

    convrelay_history_free(&h);
}


/* keys are answered by actions: no user message for hours */

static void
test_one_turn(void)
{
    int                  i;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 3;

    add(&h, U, "0");
    add(&h, A, "0");
    add(&h, U, "1");
    add(&h, A, "2");
    is(&h, user("1") "," said("2"), "an older turn goes first");

    add(&h, A, "3");
    add(&h, A, "4");
    is(&h, user("1") "," said("3") "," said("4"),
       "then what was said first, never what the caller said");

    h.max_bytes = 5;

    add(&h, A, "5555");
    is(&h, user("1") "," said("5555"), "as many as the bytes ask for");

    add(&h, A, "5555 5555 5555");
    is(&h, user("1") "," said("5555 5555 5555"),
       "but not what is said just now");

    for (i = 0; i < 10000; i++) {
        add(&h, A, "6");
    }

    is(&h, user("1") "," said("6") "," said("6"),
       "10,000 sayings leave as many as there may be");

    convrelay_history_free(&h);
}


/* a block's own size, which malloc() keeps in front of it, included */

static void
test_memory(void)
{
    char                      text[301];
    size_t                    i, most, taken, len;
    convrelay_history_t       h;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));
    memset(text, 'x', 300);
    text[300] = '\0';

    for (i = 0; i < 1000; i++) {
        add(&h, i & 1 ? A : U, text + i % 299);
    }

    taken = 0;

    for (m = h.first; m; m = m->next) {
        taken += malloc_usable_size(m) + sizeof(size_t);
    }

    free(written(&h, &len));

    tap_ok(taken <= len, "1,000 messages take no more than their JSON");

    convrelay_history_free(&h);

    h.max_bytes = 10000;
    most = 0;

    for (i = 0; i < 2000; i++) {
        add(&h, i & 1 ? A : U, text + i % 299);

        if (h.len > most) {
            most = h.len;
        }
    }

    tap_ok(most <= 10000 && h.len > 9000,
           "the limit of bytes is kept, and used");

    convrelay_history_free(&h);
}


static void
test_too_long(void)
{
    convrelay_history_t       h;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));

    tap_ok(convrelay_history_message(U, CONVRELAY_LLM_MAX_MESSAGE_TEXT + 1)
           == NULL, "a text that a message cannot count is refused");

    m = add(&h, U, "kept");

    tap_ok(convrelay_history_move(&h, m, 4,
                                  CONVRELAY_LLM_MAX_MESSAGE_TEXT + 1)
           == NULL, "as is room for it");
    is(&h, user("kept"), "and nothing changed");

    convrelay_history_free(&h);
}


int
main(void)
{
    test_append();
    test_set();
    test_remove();
    test_move();
    test_held();
    test_messages();
    test_bytes();
    test_calls();
    test_calls_room();
    test_extra();
    test_extra_room();
    test_take_back();
    test_halve();
    test_no_user();
    test_one_turn();
    test_memory();
    test_too_long();

    return tap_done();
}
