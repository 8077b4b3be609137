
/*
 * Copyright (C) convrelay contributors
 *
 * The guard against calls in disguise: each text whole, cut at every byte,
 * and byte by byte.
 */


#include "convrelay_tool.h"
#include "tap.h"


static void text(const char *in, const char *want);
static unsigned same(const char *in, const char *want, size_t cut,
    unsigned bytes);
static unsigned feed(convrelay_tool_guard_t *g, const char *p, size_t len,
    char *out, unsigned *leaked);
static void held_test(void);
static void sort_test(void);


static const convrelay_str_t  names[] = {
    convrelay_string("book"),
    convrelay_string("book_slot"),
    convrelay_string("check_appointment_availability"),
    convrelay_string("transfer")
};


static const convrelay_str_t  keys[] = {
    convrelay_string("day"),
    convrelay_string("gr\xc3\xb6\xc3\x9f" "e"),
    convrelay_string("name_of_the_patient_in_full")
};


static const convrelay_tool_shapes_t  shapes = { names, 4, keys, 3 };


int
main(void)
{
    text("", "");
    text("Yes, until four.", "Yes, until four.");
    text("I will book it. book", "I will book it. book");
    text("(book) the book_slot is free", "(book) the book_slot is free");
    text("5 < 6 and a {brace} { x", "5 < 6 and a {brace} { x");
    text("{\"weather\":1} is said", "{\"weather\":1} is said");
    text("a <b> <tool_cal> to=function.x", "a <b> <tool_cal> to=function.x");
    text("a notebook(x)", "a notebook(x)");
    text("transfer to sales", "transfer to sales");
    text("caf\xc3\xa9" "book(x)", "caf\xc3\xa9" "book(x)");

    text("Sure. {\"day\":\"Mon\"}", "Sure. ");
    text("{ \n \"day\" : 1}", "");
    text("{\"name\":\"book\",\"arguments\":{}}", "");
    text("{\"gr\xc3\xb6\xc3\x9f" "e\":1}", "");
    text("ok [{\"tool\":1", "ok [");
    text("a{\"name_of_the_patient_in_full\":1}", "a");
    text("Now book({\"day\":1}) then", "Now ");
    text("book(", "");
    text("functions.book_slot(1)", "functions.");
    text("I check_appointment_availability(1)", "I ");
    text("I check_appointment_availability", "I ");
    text("{\"name_of_the_patient_in_brief\":1}", "");
    text("well to=functions.book <|x", "well ");
    text("<tool_call>{}</tool_call>", "");
    text("bye<|im_end|>", "bye");
    text("<<|", "<");
    text("bookbook_slot(x) book_slot(x)", "bookbook_slot(x) ");

    text("{\"da\":1} {\"day\":1}", "{\"da\":1} ");
    text("{\"daysss\":1} {\"a\":1}", "{\"daysss\":1} {\"a\":1}");
    text("boo(x) books(x) trans", "boo(x) books(x) trans");
    text("{\"tool\":1}", "");
    text("{\"arguments\":1}", "");
    text("{\"parameters\":1}", "");
    text("{\"function\":1}", "");
    text("{\"tool_name\":1}", "");
    text("{\"tool_calls\":1}", "");
    text("{\"tool_x\":1}", "{\"tool_x\":1}");

    held_test();
    sort_test();

    return tap_done();
}


static void
text(const char *in, const char *want)
{
    size_t    i;
    unsigned  ok;

    ok = 1;

    for (i = 0; i <= strlen(in); i++) {
        ok &= same(in, want, i, 0);
    }

    ok &= same(in, want, 0, 1);

    tap_ok(ok, "\"%s\" becomes \"%s\"", in, want);
}


static unsigned
same(const char *in, const char *want, size_t cut, unsigned bytes)
{
    char                     out[256];
    size_t                   i;
    unsigned                 ok, leaked;
    convrelay_str_t          rest;
    convrelay_tool_guard_t   g;

    memset(&g, 0, sizeof(g));
    out[0] = '\0';
    leaked = 0;
    ok = 1;

    if (bytes) {

        for (i = 0; in[i]; i++) {
            ok &= feed(&g, in + i, 1, out, &leaked);
        }

    } else {
        ok &= feed(&g, in, cut, out, &leaked);
        ok &= feed(&g, in + cut, strlen(in) - cut, out, &leaked);
    }

    convrelay_tool_guard_end(&g, &rest);
    strncat(out, (char *) rest.data, rest.len);

    ok &= (leaked == g.leaked && leaked == (strcmp(in, want) != 0));

    convrelay_tool_guard_free(&g);

    if (strcmp(out, want) != 0) {
        printf("# cut at %zu: \"%s\"\n", cut, out);
        return 0;
    }

    return ok;
}


/* in memory of its own size: a read past its end is seen by a sanitizer */

static unsigned
feed(convrelay_tool_guard_t *g, const char *p, size_t len, char *out,
    unsigned *leaked)
{
    int              rc;
    u_char          *copy;
    convrelay_str_t  in, spoken;

    copy = malloc(len ? len : 1);
    memcpy(copy, p, len);

    in.data = copy;
    in.len = len;

    rc = convrelay_tool_guard_read(g, &shapes, &in, &spoken);

    if (rc == CONVRELAY_DECLINED) {

        if (*leaked) {
            printf("# leaked twice\n");
            return 0;
        }

        *leaked = 1;
    }

    strncat(out, (char *) spoken.data, spoken.len);

    free(copy);

    return rc != CONVRELAY_ERROR;
}


static void
held_test(void)
{
    char                     out[512];
    size_t                   i;
    unsigned                 ok, leaked;
    convrelay_tool_guard_t   g;

    static const char  *in =
        "{                                        \"day\":1}";

    memset(&g, 0, sizeof(g));
    out[0] = '\0';
    leaked = 0;
    ok = 1;

    for (i = 0; in[i]; i++) {
        (void) feed(&g, in + i, 1, out, &leaked);
        ok &= (g.held < CONVRELAY_TOOL_HELD);
    }

    tap_ok(ok, "fewer than %d characters are held", CONVRELAY_TOOL_HELD);
    tap_ok(!leaked && strcmp(out, in) == 0, "and spoken after them");

    convrelay_tool_guard_free(&g);
}


static void
sort_test(void)
{
    char                     call[8];
    size_t                   i;
    unsigned                 ok;
    convrelay_str_t          in, out;
    convrelay_tool_guard_t   g;
    convrelay_tool_shapes_t  sorted;

    static convrelay_str_t  list[] = {
        convrelay_string("b"), convrelay_string("ab"), convrelay_string("a"),
        convrelay_string("abc"), convrelay_string("ab"), convrelay_string("")
    };

    static const char  *want[] = { "", "a", "ab", "ab", "abc", "b" };

    convrelay_tool_shapes_sort(list, 0);
    convrelay_tool_shapes_sort(list, 6);

    ok = 1;

    for (i = 0; i < 6; i++) {
        ok &= convrelay_str_is(&list[i], want[i]);
    }

    tap_ok(ok, "a list is sorted, what begins another text before it");

    memset(&sorted, 0, sizeof(sorted));
    sorted.names = list + 1;
    sorted.nnames = 5;

    for (i = 1; i < 6; i++) {
        memset(&g, 0, sizeof(g));

        in.data = (u_char *) call;
        in.len = sprintf(call, "%s(", want[i]);

        ok &= (convrelay_tool_guard_read(&g, &sorted, &in, &out)
               == CONVRELAY_DECLINED);

        convrelay_tool_guard_free(&g);
    }

    tap_ok(ok, "and each of them is found");
}
