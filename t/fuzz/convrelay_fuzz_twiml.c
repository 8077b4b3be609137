
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte says how the rest, cut at LF, is dealt out: attributes,
 * parameters, action.  The document has to keep its shape whatever is in it.
 */


#include <stdlib.h>

#include "convrelay_twiml.h"
#include "convrelay_twiml_attribute.h"
#include "convrelay_utf8.h"
#include "convrelay_xml.h"


#define MAX_PIECES  16
#define must(x)     if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static size_t pieces(u_char *data, size_t size, convrelay_str_t *str);
static void document(const convrelay_twiml_t *t);
static void shape(const u_char *p, const u_char *last, size_t quotes,
    size_t tags);
static size_t reference(const u_char *p, const u_char *last);
static void checks(const convrelay_str_t *str);
static void table(const convrelay_str_t *str);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char                      *copy;
    size_t                       i, n;
    convrelay_str_t              str[MAX_PIECES];
    convrelay_pair_t             attributes[MAX_PIECES];
    convrelay_pair_t             parameters[MAX_PIECES];
    convrelay_twiml_t            t;
    convrelay_twiml_conflict_t   conflicts[CONVRELAY_TWIML_MAX_CONFLICTS];

    if (size < 2) {
        return 0;
    }

    copy = malloc(size - 1);
    must(copy);
    memcpy(copy, data + 1, size - 1);

    n = pieces(copy, size - 1, str);

    memset(&t, 0, sizeof(t));

    t.attributes = attributes;
    t.parameters = parameters;
    t.url = str[0];

    for (i = 1; i < n; i++) {

        if (i == 1 && (data[0] & 1)) {
            t.action = str[i];
            continue;
        }

        if (data[0] & 2) {
            parameters[t.nparameters].name = str[i];
            parameters[t.nparameters++].value = str[n - i];
            continue;
        }

        convrelay_str_set(&attributes[t.nattributes].name, "voice");
        attributes[t.nattributes++].value = str[i];
    }

    document(&t);

    (void) convrelay_twiml_conflicts(&t, conflicts);

    for (i = 0; i < n; i++) {
        checks(&str[i]);
    }

    free(copy);

    return 0;
}


static size_t
pieces(u_char *data, size_t size, convrelay_str_t *str)
{
    size_t   n;
    u_char  *p, *end, *last;

    p = data;
    last = data + size;

    for (n = 0; n < MAX_PIECES; n++) {
        end = memchr(p, '\n', last - p);
        if (end == NULL || n == MAX_PIECES - 1) {
            end = last;
        }

        str[n].data = p;
        str[n].len = end - p;

        if (end == last) {
            return n + 1;
        }

        p = end + 1;
    }

    return n;
}


static void
document(const convrelay_twiml_t *t)
{
    u_char  *out;
    size_t   i, len, quotes, tags;

    len = convrelay_twiml_size(t);

    out = malloc(len);
    must(out);
    must(convrelay_twiml_write(out, t) == out + len);

    quotes = 6 + 4 * t->nparameters;
    tags = 6 + t->nparameters + (t->nparameters != 0);

    if (convrelay_xml_escaped_len(t->action.data, t->action.len)) {
        quotes += 2;
    }

    for (i = 0; i < t->nattributes; i++) {

        if (convrelay_xml_escaped_len(t->attributes[i].value.data,
                                      t->attributes[i].value.len))
        {
            quotes += 2;
        }
    }

    shape(out, out + len, quotes, tags);

    free(out);
}


static void
shape(const u_char *p, const u_char *last, size_t quotes, size_t tags)
{
    size_t  open, close;

    must(convrelay_utf8_valid(p, last - p) == (size_t) (last - p));

    open = 0;
    close = 0;

    for ( /* void */ ; p < last; p++) {
        must(*p >= 0x20 && *p != '\'');

        open += (*p == '<');
        close += (*p == '>');
        quotes -= (*p == '"');

        if (*p == '&') {
            must(reference(p, last));
        }
    }

    must(open == tags && close == tags && quotes == 0);
}


static size_t
reference(const u_char *p, const u_char *last)
{
    size_t  i, n;

    static const char  *known[] = {
        "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#9;", "&#10;", "&#13;"
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        n = strlen(known[i]);

        if ((size_t) (last - p) >= n && memcmp(p, known[i], n) == 0) {
            return n;
        }
    }

    return 0;
}


static void
checks(const convrelay_str_t *str)
{
    int          rc;
    u_char      *copy;
    const char  *error;

    copy = malloc(str->len);
    must(str->len == 0 || copy);

    if (str->len) {
        memcpy(copy, str->data, str->len);
    }

    rc = convrelay_twiml_check_url(&(convrelay_str_t) { str->len, copy },
                                   &error);
    must(rc == CONVRELAY_OK ? error == NULL : error != NULL);
    must(rc == CONVRELAY_DECLINED
         || (str->len > 6 && memcmp(copy, "wss://", 6) == 0));

    (void) convrelay_twiml_check_name(&(convrelay_str_t) { str->len, copy });

    table(&(convrelay_str_t) { str->len, copy });

    free(copy);
}


static void
table(const convrelay_str_t *str)
{
    size_t         i;
    const char    *error;
    const u_char  *pos;

    static const convrelay_str_t  names[] = {
        convrelay_string("language"), convrelay_string("ttsProvider"),
        convrelay_string("events"), convrelay_string("speechTimeout"),
        convrelay_string("eotThreshold"), convrelay_string("interruptible")
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        error = NULL;
        must(convrelay_twiml_check_value(&names[i], str, &error)
             == (error ? CONVRELAY_DECLINED : CONVRELAY_OK));
    }

    (void) convrelay_twiml_check_attribute(CONVRELAY_TWIML_RELAY, str, &error);
    (void) convrelay_twiml_check_action(str, &error);

    pos = NULL;

    must(convrelay_twiml_check_xml(str, &error, &pos) == CONVRELAY_OK
         || (pos >= str->data && pos <= str->data + str->len));
}
