
/*
 * Copyright (C) convrelay contributors
 */


#include "tap.h"

#include "convrelay_history.h"


#define U  CONVRELAY_LLM_USER
#define A  CONVRELAY_LLM_ASSISTANT

#define user(text)  "{\"role\":\"user\",\"content\":\"" text "\"}"
#define said(text)  "{\"role\":\"assistant\",\"content\":\"" text "\"}"


static uint64_t add(convrelay_history_t *h, convrelay_llm_role_e role,
    const char *text);
static int set(convrelay_history_t *h, uint64_t id, const char *text);
static void is(convrelay_history_t *h, const char *want, const char *name);

static void test_append(void);
static void test_replace(void);
static void test_remove(void);
static void test_messages(void);
static void test_bytes(void);
static void test_no_user(void);
static void test_one_turn(void);
static void test_size(void);
static void test_shrink(void);
static void test_too_long(void);


static uint64_t
add(convrelay_history_t *h, convrelay_llm_role_e role, const char *text)
{
    u_char           *p;
    uint64_t          id;
    convrelay_str_t   str;

    id = UINT64_MAX;

    p = tap_flush(text, strlen(text));

    str.data = p;
    str.len = strlen(text);

    if (convrelay_history_append(h, role, &str, &id) != CONVRELAY_OK) {
        tap_ok(0, "append \"%s\"", text);
    }

    tap_unflush(p, strlen(text));

    return id;
}


static int
set(convrelay_history_t *h, uint64_t id, const char *text)
{
    int               rc;
    u_char           *p;
    convrelay_str_t   str;

    p = tap_flush(text, strlen(text));

    str.data = p;
    str.len = strlen(text);

    rc = convrelay_history_replace(h, id, &str);

    tap_unflush(p, strlen(text));

    return rc;
}


/* the text, and that the entries add up to it */

static void
is(convrelay_history_t *h, const char *want, const char *name)
{
    size_t  i, len;

    tap_is(h->data, h->len, want, strlen(want), name);

    len = h->nentries ? h->nentries - 1 : 0;

    for (i = 0; i < h->nentries; i++) {
        len += h->entries[i].len;
    }

    if (len != h->len || h->len > h->size || h->nentries > h->nalloc) {
        tap_ok(0, "%s: entries of %zu bytes", name, len);
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
test_replace(void)
{
    uint64_t             u, a, b;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    u = add(&h, U, "one");
    a = add(&h, A, "two three");
    b = add(&h, U, "four");

    tap_ok(set(&h, a, "two") == CONVRELAY_OK, "replace in the middle");
    is(&h, user("one") "," said("two") "," user("four"), "it got shorter");

    tap_ok(set(&h, b, "four and five") == CONVRELAY_OK, "replace the last");
    tap_ok(set(&h, u, "zero, one") == CONVRELAY_OK, "replace the first");
    is(&h, user("zero, one") "," said("two") "," user("four and five"),
       "they got longer");

    tap_ok(set(&h, b + 1, "x") == CONVRELAY_DECLINED, "an id not given yet");
    tap_ok(set(&h, b + ((uint64_t) 1 << 32), "x") == CONVRELAY_DECLINED,
           "an id of which only the low half matches");
    is(&h, user("zero, one") "," said("two") "," user("four and five"),
       "an unknown id changes nothing");

    convrelay_history_free(&h);

    tap_ok(set(&h, u, "x") == CONVRELAY_DECLINED, "an empty history");
}


static void
test_remove(void)
{
    size_t               i;
    uint64_t             id[4];
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    id[0] = add(&h, U, "a");
    id[1] = add(&h, A, "b");
    id[2] = add(&h, U, "c");
    id[3] = add(&h, A, "d");

    tap_ok(set(&h, id[1], "") == CONVRELAY_OK, "remove in the middle");
    is(&h, user("a") "," user("c") "," said("d"), "with its comma");

    tap_ok(set(&h, id[1], "x") == CONVRELAY_DECLINED, "it is gone");
    tap_ok(set(&h, id[2], "C") == CONVRELAY_OK
           && set(&h, id[0], "A") == CONVRELAY_OK,
           "ids before and behind it are still good");
    is(&h, user("A") "," user("C") "," said("d"), "and name the same entries");

    set(&h, id[3], "");
    is(&h, user("A") "," user("C"), "remove the last");

    set(&h, id[0], "");
    is(&h, user("C"), "remove the first");

    set(&h, id[2], "");
    is(&h, "", "remove the only one");

    id[1] = add(&h, U, "e");
    tap_ok(id[1] > id[3], "ids are not used twice");
    is(&h, user("e"), "append to what was emptied");

    for (i = 0; i < 10000; i++) {
        set(&h, add(&h, U, "rejected"), "");
    }

    tap_ok(h.nentries == 1 && h.nalloc == 4 && h.size <= 256,
           "10,000 removed messages leave nothing");

    convrelay_history_free(&h);
}


static void
test_messages(void)
{
    uint64_t             first;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 4;

    first = add(&h, U, "1");
    add(&h, A, "2");
    add(&h, U, "3");
    add(&h, A, "4");
    is(&h, user("1") "," said("2") "," user("3") "," said("4"),
       "as many messages as the limit");

    add(&h, U, "5");
    is(&h, user("3") "," said("4") "," user("5"),
       "the oldest turn goes as a whole");
    tap_ok(set(&h, first, "x") == CONVRELAY_DECLINED, "with its id");

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
    size_t               one;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    one = sizeof(user("x")) - 1;
    h.max_bytes = 3 * one + 2;

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
    tap_ok(h.nentries == 1 && h.len > h.max_bytes,
           "a message over the limit stands alone");

    add(&h, A, "7");
    tap_ok(h.nentries == 2, "and is answered");

    add(&h, U, "8");
    is(&h, user("8"), "and goes with the next");

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
    uint64_t             gone;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 3;

    add(&h, U, "0");
    add(&h, A, "0");
    add(&h, U, "1");
    gone = add(&h, A, "2");
    is(&h, user("1") "," said("2"), "an older turn goes first");

    add(&h, A, "3");
    add(&h, A, "4");
    is(&h, user("1") "," said("3") "," said("4"),
       "then what was said first, never what the caller said");
    tap_ok(set(&h, gone, "x") == CONVRELAY_DECLINED, "with its id");

    h.max_bytes = sizeof(user("1") "," said("4444")) - 1;

    add(&h, A, "5");
    is(&h, user("1") "," said("5"), "as many as the bytes ask for");

    add(&h, A, "5555 5555 5555");
    is(&h, user("1") "," said("5555 5555 5555"),
       "but not what is said just now");

    for (i = 0; i < 10000; i++) {
        add(&h, A, "6");
    }

    is(&h, user("1") "," said("6"), "10,000 sayings leave the last one");
    tap_ok(h.size <= 1024, "and no memory behind");

    convrelay_history_free(&h);
}


static void
test_size(void)
{
    char                 text[301], edge[1026];
    size_t               i, bad;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    memset(text, 'x', 300);
    text[300] = '\0';

    bad = 0;

    for (i = 0; i < 2000; i++) {
        add(&h, i & 1 ? A : U, text + i % 299);

        if (h.size >= h.len + 128) {
            bad++;
        }

        if (h.nalloc > h.nentries + h.nentries / 4 + 4) {
            bad++;
        }
    }

    tap_ok(bad == 0, "never more than 128 bytes are in reserve");

    convrelay_history_free(&h);

    /* with the comma one byte more than the first step holds */

    i = 1024 - 2 * (sizeof(user("")) - 1);
    memset(edge, 'x', i);
    edge[i] = '\0';

    add(&h, U, "");
    add(&h, U, edge);
    tap_ok(h.len == 1025 && h.size >= 1025, "the comma has its place");

    convrelay_history_free(&h);

    h.max_bytes = 10000;

    for (i = 0; i < 2000; i++) {
        add(&h, i & 1 ? A : U, text + i % 299);
    }

    tap_ok(h.size <= 10000, "nor anything past the limit of bytes");
    tap_ok(h.len <= 10000 && h.len > 9000, "which is kept, and used");

    convrelay_history_free(&h);
}


static void
test_shrink(void)
{
    char                *text;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));
    h.max_messages = 2;

    text = malloc(100001);
    memset(text, 'x', 100000);
    text[100000] = '\0';

    add(&h, U, text);
    tap_ok(h.size > 100000, "a long message");

    add(&h, U, "short");
    add(&h, U, "short");
    tap_ok(h.size < 1024 && h.nentries == 2,
           "its memory goes with it");

    add(&h, U, "and on");
    is(&h, user("short") "," user("and on"), "and it goes on");

    convrelay_history_free(&h);
    free(text);
}


static void
test_too_long(void)
{
    uint64_t             id;
    convrelay_str_t      text;
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    add(&h, U, "kept");

    text.len = (size_t) CONVRELAY_HISTORY_MAX_MESSAGE + 1;
    text.data = mmap(NULL, text.len, PROT_READ,
                     MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);

    if (text.data == MAP_FAILED) {
        tap_ok(1, "too long # SKIP no address space");

    } else {
        tap_ok(convrelay_history_append(&h, U, &text, &id)
               == CONVRELAY_ERROR,
               "a message too long for an entry is refused");
        is(&h, user("kept"), "and nothing changed");

        munmap(text.data, text.len);
    }

    convrelay_history_free(&h);
}


int
main(void)
{
    test_append();
    test_replace();
    test_remove();
    test_messages();
    test_bytes();
    test_no_user();
    test_one_turn();
    test_size();
    test_shrink();
    test_too_long();

    return tap_done();
}
