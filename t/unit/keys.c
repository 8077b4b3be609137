
/*
 * Copyright (C) convrelay contributors
 *
 * Entries of keys, as a transcript: a digit is a key, "p" a prompt, "r" the
 * report of an entry with its end, "w" 1000 ms.  What it has to lead to:
 * "." a key that is taken, "!" the last one of an entry, "-" one that is
 * ignored, and of a report the entry; "+" where a prompt ends one; ">" before
 * a key that begins the next entry.
 */


#include "tap.h"

#include "convrelay_keys.h"


typedef struct {
    const char                   *name;
    const convrelay_keys_conf_t  *conf;
    const char                   *keys;
    const char                   *want;
} keys_t;


static void test(const keys_t *t);
static void test_wiped(void);


static const convrelay_keys_conf_t  four = { .max = 4, .terminator = '#',
                                             .pause = 3000 };
static const convrelay_keys_conf_t  two = { .max = 2, .pause = 3000 };
static const convrelay_keys_conf_t  none = { .terminator = '#' };
static const convrelay_keys_conf_t  most = { .max = CONVRELAY_KEYS_MAX,
                                             .pause = 1 };


static const keys_t  tests[] = {
    { "a terminator ends an entry, and is not of it", &four, "12#r",
      "..![12]" },
    { "a terminator alone is an entry", &four, "#r", "![#]" },
    { "so do as many keys as may be", &four, "1234r", "...![1234]" },
    { "a terminator soon after them is theirs", &four, "1234rww#r",
      "...![1234]-[]" },
    { "... later it is an entry", &four, "1234rwww#r", "...![1234]![#]" },
    { "... and only the first one is theirs", &four, "1234r##r",
      "...![1234]-![#]" },
    { "no key belongs to what is complete", &four, "12#34#r",
      "..!---[12]" },
    { "a terminator that is none is a key", &two, "1#r", ".![1#]" },
    { "keys that nobody asked for", &none, "1#r", "--[]" },
    { "a pause ends an entry", &four, "12r3r", "..[12].[3]" },
    { "a prompt without an entry", &four, "pr1p", "-[].+" },
    { "a prompt ends an entry", &four, "12pr3", "..+[12]." },
    { "... not one that is complete", &four, "12#pr", "..!-[12]" },
    { "a key after it is another entry's", &four, "12p3r4r",
      "..+>.[12].[34]" },
    { "a terminator too", &four, "12p#r3r", "..+>![12]-[#]" },
};


static void
test(const keys_t *t)
{
    char              got[128], *p;
    uint64_t          now;
    const char       *key;
    convrelay_key_e   rc;
    convrelay_keys_t  k;

    static const char  marks[] = "0-.!";

    memset(&k, 0, sizeof(k));

    p = got;
    now = 1000;

    for (key = t->keys; *key; key++) {

        switch (*key) {

        case 'w':
            now += 1000;
            break;

        case 'p':
            *p++ = convrelay_keys_prompt(&k) ? '+' : '-';
            break;

        case 'r':

            if (!k.has_next) {
                convrelay_keys_report(&k);
            }

            p += sprintf(p, "[%.*s]", (int) k.n,
                         k.n ? (char *) k.data->keys : "");
            convrelay_keys_done(&k, 1);
            break;

        default:
            rc = convrelay_keys_press(&k, t->conf, *key, now);

            if (k.has_next) {
                *p++ = '>';
            }

            *p++ = marks[rc + 1];
        }
    }

    *p = '\0';

    tap_is(got, strlen(got), t->want, strlen(t->want), t->name);

    convrelay_keys_free(&k);
}


static void
test_wiped(void)
{
    unsigned          i, left;
    convrelay_keys_t  k;

    memset(&k, 0, sizeof(k));

    for (i = 0; i < CONVRELAY_KEYS_MAX - 1; i++) {
        (void) convrelay_keys_press(&k, &most, '1', 1000);
    }

    tap_ok(k.state == CONVRELAY_KEYS_OPEN
           && convrelay_keys_press(&k, &most, '2', 1000) == CONVRELAY_KEY_LAST
           && k.n == CONVRELAY_KEYS_MAX,
           "an entry has room for %d keys", CONVRELAY_KEYS_MAX);

    convrelay_keys_report(&k);
    convrelay_keys_done(&k, 1);

    (void) convrelay_keys_press(&k, &four, '1', 1000);
    (void) convrelay_keys_prompt(&k);
    (void) convrelay_keys_press(&k, &four, '2', 1000);

    convrelay_keys_report(&k);
    convrelay_keys_done(&k, 0);

    left = 0;

    for (i = 0; i < CONVRELAY_KEYS_MAX; i++) {
        left += k.data->keys[i];
    }

    tap_ok(left == 0 && k.n == 0 && !k.has_next,
           "no key is kept where the call does not go on");

    convrelay_keys_free(&k);

    tap_ok(k.data == NULL, "and no room for one in a call that is over");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test(&tests[i]);
    }

    test_wiped();

    return tap_done();
}
