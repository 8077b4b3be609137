
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte says whether the rest is JSON.
 */


#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_template.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void alone(const convrelay_str_t *text);
static void number(u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char                     *copy, *end;
    unsigned                    variable;
    convrelay_template_t        t;
    convrelay_template_part_t   part;

    if (size == 0) {
        return 0;
    }

    copy = malloc(size);
    must(copy);
    memcpy(copy, data + 1, size - 1);

    memset(&t, 0, sizeof(convrelay_template_t));

    t.pos = copy;
    t.last = copy + size - 1;
    t.json = data[0] & 1;

    end = copy;
    variable = 1;

    while (convrelay_template_next(&t, &part) == CONVRELAY_OK) {
        must(part.text.len);
        must(part.text.data >= end);

        end = part.text.data + part.text.len;
        must(end <= t.pos && t.pos <= t.last);

        /* literal parts are as long as can be, and hold no variable */

        must(part.variable || variable);
        variable = part.variable;

        if (!part.variable && !t.json) {
            must(end == t.pos);
            alone(&part.text);
        }

        must(t.json || !part.quoted);
    }

    must(t.pos == t.last);

    number(copy, size - 1);

    free(copy);

    return 0;
}


static void
alone(const convrelay_str_t *text)
{
    convrelay_template_t        t;
    convrelay_template_part_t   part;

    memset(&t, 0, sizeof(convrelay_template_t));

    t.pos = text->data;
    t.last = text->data + text->len;

    must(convrelay_template_next(&t, &part) == CONVRELAY_OK);
    must(!part.variable && part.text.len == text->len);
    must(convrelay_template_next(&t, &part) == CONVRELAY_DONE);
}


/* what is taken for a literal is one value of JSON */

static void
number(u_char *data, size_t size)
{
    u_char                   *copy;
    convrelay_str_t           text;
    convrelay_json_reader_t   r;

    text.data = data;
    text.len = size;

    if (!convrelay_json_is_literal(&text)) {
        return;
    }

    copy = NULL;

    must(convrelay_json_read(&r, data, size, &copy) == CONVRELAY_OK);
    must(r.nvalues == 1 && r.values[0].len == size);

    convrelay_json_reader_free(&r);
    free(copy);
}
