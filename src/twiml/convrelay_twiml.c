
/*
 * Copyright (C) convrelay contributors
 *
 * One walk over the document and one over each value serve for measuring
 * and for writing, so that the two cannot disagree.
 */


#include "convrelay_twiml.h"
#include "convrelay_utf8.h"


/* pos is NULL while the document is only measured */

typedef struct {
    u_char           *pos;
    size_t            len;
} convrelay_twiml_out_t;


#define convrelay_twiml_literal(out, text)                                   \
    convrelay_twiml_bytes(out, (const u_char *) text, sizeof(text) - 1)


static void convrelay_twiml_document(convrelay_twiml_out_t *out,
    const convrelay_twiml_t *t);
static void convrelay_twiml_children(convrelay_twiml_out_t *out,
    const convrelay_twiml_t *t);
static void convrelay_twiml_attributes(convrelay_twiml_out_t *out,
    const convrelay_pair_t *pair, size_t n);
static int convrelay_twiml_attribute(convrelay_twiml_out_t *out,
    const convrelay_str_t *name, const convrelay_str_t *value);
static void convrelay_twiml_bytes(convrelay_twiml_out_t *out,
    const u_char *data, size_t len);
static void convrelay_twiml_value(convrelay_twiml_out_t *out,
    const convrelay_str_t *value);

static size_t convrelay_xml_next(const u_char **pos, const u_char *last,
    const u_char **text);
static size_t convrelay_xml_reference(u_char ch, const u_char **text);
static const u_char *convrelay_xml_plain(const u_char *p, const u_char *last);


size_t
convrelay_twiml_size(const convrelay_twiml_t *t)
{
    convrelay_twiml_out_t  out;

    out.pos = NULL;
    out.len = 0;

    convrelay_twiml_document(&out, t);

    return out.len;
}


u_char *
convrelay_twiml_write(u_char *p, const convrelay_twiml_t *t)
{
    convrelay_twiml_out_t  out;

    out.pos = p;
    out.len = 0;

    convrelay_twiml_document(&out, t);

    return out.pos;
}


static void
convrelay_twiml_document(convrelay_twiml_out_t *out,
    const convrelay_twiml_t *t)
{
    static const convrelay_str_t  action = convrelay_string("action");
    static const convrelay_str_t  method = convrelay_string("method");

    convrelay_twiml_literal(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                                 "<Response>");

    convrelay_twiml_bytes(out, t->before.data, t->before.len);

    convrelay_twiml_literal(out, "<Connect");

    if (convrelay_twiml_attribute(out, &action, &t->action)) {
        (void) convrelay_twiml_attribute(out, &method, &t->method);
    }

    convrelay_twiml_literal(out, "><ConversationRelay url=\"");
    convrelay_twiml_value(out, &t->url);
    convrelay_twiml_literal(out, "\"");

    convrelay_twiml_attributes(out, t->attributes, t->nattributes);

    if (t->nlanguages == 0 && t->nparameters == 0 && t->inside.len == 0) {
        convrelay_twiml_literal(out, "/></Connect>");

    } else {
        convrelay_twiml_literal(out, ">");
        convrelay_twiml_children(out, t);
        convrelay_twiml_literal(out, "</ConversationRelay></Connect>");
    }

    convrelay_twiml_bytes(out, t->after.data, t->after.len);

    convrelay_twiml_literal(out, "</Response>");
}


static void
convrelay_twiml_children(convrelay_twiml_out_t *out,
    const convrelay_twiml_t *t)
{
    size_t                             i;
    const convrelay_twiml_language_t  *language;

    for (i = 0; i < t->nlanguages; i++) {
        language = &t->languages[i];

        if (convrelay_xml_escaped_len(language->code.data, language->code.len)
            == 0)
        {
            continue;
        }

        convrelay_twiml_literal(out, "<Language code=\"");
        convrelay_twiml_value(out, &language->code);
        convrelay_twiml_literal(out, "\"");

        convrelay_twiml_attributes(out, language->attributes,
                                   language->nattributes);

        convrelay_twiml_literal(out, "/>");
    }

    for (i = 0; i < t->nparameters; i++) {
        convrelay_twiml_literal(out, "<Parameter name=\"");
        convrelay_twiml_value(out, &t->parameters[i].name);
        convrelay_twiml_literal(out, "\" value=\"");
        convrelay_twiml_value(out, &t->parameters[i].value);
        convrelay_twiml_literal(out, "\"/>");
    }

    convrelay_twiml_bytes(out, t->inside.data, t->inside.len);
}


static void
convrelay_twiml_attributes(convrelay_twiml_out_t *out,
    const convrelay_pair_t *pair, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        (void) convrelay_twiml_attribute(out, &pair[i].name, &pair[i].value);
    }
}


/* whether it was written: one with an empty value is not */

static int
convrelay_twiml_attribute(convrelay_twiml_out_t *out,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    if (convrelay_xml_escaped_len(value->data, value->len) == 0) {
        return 0;
    }

    convrelay_twiml_literal(out, " ");
    convrelay_twiml_bytes(out, name->data, name->len);
    convrelay_twiml_literal(out, "=\"");
    convrelay_twiml_value(out, value);
    convrelay_twiml_literal(out, "\"");

    return 1;
}


static void
convrelay_twiml_bytes(convrelay_twiml_out_t *out, const u_char *data,
    size_t len)
{
    out->len += len;

    if (out->pos && len) {
        memcpy(out->pos, data, len);
        out->pos += len;
    }
}


static void
convrelay_twiml_value(convrelay_twiml_out_t *out,
    const convrelay_str_t *value)
{
    if (out->pos) {
        out->pos = convrelay_xml_escape(out->pos, value->data, value->len);
        return;
    }

    out->len += convrelay_xml_escaped_len(value->data, value->len);
}


int
convrelay_twiml_check_name(const convrelay_str_t *name)
{
    size_t  i;
    u_char  ch;

    if (name->len == 0) {
        return CONVRELAY_DECLINED;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (ch >= '0' && ch <= '9') {

            if (i == 0) {
                return CONVRELAY_DECLINED;
            }

            continue;
        }

        ch |= 0x20;

        if (ch < 'a' || ch > 'z') {
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}


size_t
convrelay_xml_escaped_len(const u_char *src, size_t len)
{
    size_t         n;
    const u_char  *last, *text;

    n = 0;

    if (len == 0) {
        return 0;
    }

    for (last = src + len; src < last; /* void */ ) {
        n += convrelay_xml_next(&src, last, &text);
    }

    return n;
}


u_char *
convrelay_xml_escape(u_char *dst, const u_char *src, size_t len)
{
    size_t         n;
    const u_char  *last, *text;

    if (len == 0) {
        return dst;
    }

    for (last = src + len; src < last; /* void */ ) {
        n = convrelay_xml_next(&src, last, &text);

        if (n) {
            memcpy(dst, text, n);
            dst += n;
        }
    }

    return dst;
}


/*
 * What stands for the next run of bytes, or the next character: its length,
 * 0 where the character is dropped.  *pos < last on entry.
 */

static size_t
convrelay_xml_next(const u_char **pos, const u_char *last,
    const u_char **text)
{
    uint32_t       cp;
    const u_char  *start;

    start = *pos;
    *pos = convrelay_xml_plain(start, last);

    if (*pos > start) {
        *text = start;
        return *pos - start;
    }

    if (*start < 0x80) {
        (*pos)++;
        return convrelay_xml_reference(*start, text);
    }

    cp = convrelay_utf8_decode(pos, last);

    if (cp == 0xfffd) {
        *text = (const u_char *) CONVRELAY_UTF8_REPLACEMENT;
        return sizeof(CONVRELAY_UTF8_REPLACEMENT) - 1;
    }

    if (cp == 0xfffe || cp == 0xffff) {
        return 0;
    }

    *text = start;
    return *pos - start;
}


/* XML 1.0, 2.2: of what is below 0x20, only these three are characters */

static size_t
convrelay_xml_reference(u_char ch, const u_char **text)
{
    const char  *ref;

    switch (ch) {

    case '&':
        ref = "&amp;";
        break;

    case '<':
        ref = "&lt;";
        break;

    case '>':
        ref = "&gt;";
        break;

    case '"':
        ref = "&quot;";
        break;

    case '\'':
        ref = "&apos;";
        break;

    case '\t':
        ref = "&#9;";
        break;

    case '\n':
        ref = "&#10;";
        break;

    case '\r':
        ref = "&#13;";
        break;

    default:
        return 0;
    }

    *text = (const u_char *) ref;

    return strlen(ref);
}


/* the end of the run of ASCII that needs no escape */

static const u_char *
convrelay_xml_plain(const u_char *p, const u_char *last)
{
    for ( /* void */ ; p < last; p++) {

        if (*p < 0x20
            || *p >= 0x80
            || *p == '&'
            || *p == '<'
            || *p == '>'
            || *p == '"'
            || *p == '\'')
        {
            break;
        }
    }

    return p;
}
