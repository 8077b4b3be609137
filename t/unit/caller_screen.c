
/*
 * Copyright (C) convrelay contributors
 *
 * Text above an input line: rows of whole words, on a terminal of any width.
 *
 * link: src/caller/convrelay_caller_screen.c
 * link: src/caller/convrelay_caller_util.c
 */


#include <locale.h>

#include "tap.h"

#include "convrelay_caller_screen.h"


static void test_rows(void);
static void test_styles(void);
static void test_resize(void);
static void test_input(void);


int
main(void)
{
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        printf("1..0 # SKIP no locale C.UTF-8\n");
        return 0;
    }

    test_rows();
    test_styles();
    test_resize();
    test_input();

    return tap_done();
}


/*
 * What stays of the output once each row that may grow is drawn again.  bytes:
 * in steps of a character, which is what a voice speaks.
 */

static void
screen(convrelay_caller_screen_t *s, convrelay_caller_buf_t *b,
    const char *text, unsigned bytes)
{
    char                    *up;
    size_t                   len, n;
    u_char                  *p;
    const char              *again = "\033[A\r\033[J";
    convrelay_caller_buf_t   out;

    while (*text) {
        len = strlen(text);

        if (bytes) {
            for (n = 1; (text[n] & 0xc0) == 0x80; n++) { /* void */ }

            if (*text == '\033') {
                n = strcspn(text, "m") + 1;
            }

            len = n;
        }

        p = tap_flush(text, len);
        memset(&out, 0, sizeof(convrelay_caller_buf_t));
        convrelay_caller_screen_write(s, &out, (char *) p, len);
        tap_unflush(p, len);

        if (out.len >= strlen(again)
            && memcmp(out.data, again, strlen(again)) == 0)
        {
            b->data[b->len - 2] = '\0';
            up = strrchr(b->data, '\n');
            b->len = up ? (size_t) (up + 1 - b->data) : 0;
            b->data[b->len] = '\0';
            convrelay_caller_buf_str(b, out.data + strlen(again));

        } else if (out.len) {
            convrelay_caller_buf_str(b, out.data);
        }

        convrelay_caller_buf_free(&out);
        text += len;
    }
}


static void
rows(size_t cols, size_t indent, const char *text, const char *want,
    const char *name)
{
    unsigned                   bytes;
    convrelay_caller_buf_t     b;
    convrelay_caller_screen_t  s;

    for (bytes = 0; bytes < 2; bytes++) {
        memset(&s, 0, sizeof(convrelay_caller_screen_t));
        memset(&b, 0, sizeof(convrelay_caller_buf_t));

        convrelay_caller_buf_reset(&b);
        s.cols = cols;
        s.indent = indent;

        screen(&s, &b, text, bytes);
        tap_is(b.data, b.len, want, strlen(want), name);

        convrelay_caller_screen_free(&s);
        convrelay_caller_buf_free(&b);
    }
}


static void
test_rows(void)
{
    rows(20, 2, "One two.", "One two.\r\n", "a row that may grow");
    rows(20, 2, "One\ntwo\n\n", "One\r\ntwo\r\n\r\n", "rows that have ended");
    rows(10, 2, "abc defgh", "abc defgh\r\n", "a row but the last column");
    rows(10, 2, "abc defghi", "abc \r\n  defghi\r\n", "a word too long");
    rows(10, 2, "abc defgh i", "abc defgh\r\n  i\r\n", "a blank at the edge");
    rows(10, 2, "abc defgh  \n", "abc defgh\r\n", "... and nothing after it");
    rows(10, 2, "abcdefghijklm", "abcdefghi\r\n  jklm\r\n",
         "a word of more than a row");
    rows(10, 4, "    abcdefg", "    abcde\r\nfg\r\n",
         "blanks in front do not divide, and a narrow row has none");
    rows(10, 2, "日本語日本", "日本語日\r\n  本\r\n",
         "wide characters, at any place");
    rows(10, 2, "a日本語日本", "a日本語日\r\n  本\r\n", "... an odd one");
    rows(10, 2, "ab cd日本語", "ab cd日本\r\n  語\r\n", "... after a word");
    rows(6, 0, "e\xcc\x81" "a e\xcc\x81" "bcd",
         "e\xcc\x81" "a \r\ne\xcc\x81" "bcd\r\n", "accents take no room");
    rows(1, 0, "abc", "ab\r\nc\r\n", "no width at all");
}


static void
test_styles(void)
{
    rows(10, 2, "\033[1mabc\033[0m def", "\033[1mabc\033[0m def\r\n",
         "a style takes no room");
    rows(10, 2, "\033[2mabc defghi\033[0m\n",
         "\033[2mabc \033[0m\r\n  \033[2mdefghi\033[0m\r\n",
         "a style goes on in the next row, not in what is under it");
    rows(10, 2, "\033[2mabc", "\033[2mabc\033[0m\r\n",
         "... nor while the row may grow");
}


static void
test_resize(void)
{
    convrelay_caller_buf_t     b;
    convrelay_caller_screen_t  s;

    memset(&s, 0, sizeof(convrelay_caller_screen_t));
    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    convrelay_caller_buf_reset(&b);
    s.cols = 20;
    s.indent = 2;

    screen(&s, &b, "One two three", 0);
    convrelay_caller_screen_resize(&s, 10);
    screen(&s, &b, "four five", 0);

    tap_is(b.data, b.len, "One two three\r\n  four \r\n  five\r\n", 32,
           "after a new width the row goes on in another one");

    convrelay_caller_screen_clear(&s);
    convrelay_caller_buf_reset(&b);
    screen(&s, &b, "!", 0);

    tap_is(b.data, b.len, "  five!\r\n", 9,
           "on a cleared screen it is drawn where the cursor is");

    convrelay_caller_screen_free(&s);
    convrelay_caller_buf_free(&b);
}


static void
test_input(void)
{
    tap_ok(convrelay_caller_screen_row(10, 4, L"", 0) == 0, "no input");
    tap_ok(convrelay_caller_screen_row(10, 4, L"abcde", 5) == 0, "a row");
    tap_ok(convrelay_caller_screen_row(10, 4, L"abcdef", 6) == 1, "a full row");
    tap_ok(convrelay_caller_screen_row(10, 4, L"abcdefghijklmnop", 16) == 2,
           "two of them");
    tap_ok(convrelay_caller_screen_row(10, 5, L"日本語", 3) == 1,
           "a wide character is not divided");
    tap_ok(convrelay_caller_screen_row(10, 25, L"", 0) == 2, "a long prompt");
}
