
/*
 * Copyright (C) convrelay contributors
 *
 * One walk over the document serves for measuring and for writing, so that
 * the two cannot disagree.
 */


#include "convrelay_twiml.h"
#include "convrelay_xml.h"


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


int
convrelay_twiml_check_xml(const convrelay_str_t *xml, const char **error,
    const u_char **pos)
{
    int              rc;
    convrelay_xml_t  x;

    memset(&x, 0, sizeof(convrelay_xml_t));
    x.value = CONVRELAY_TWIML_VALUE;

    rc = convrelay_xml_read(&x, xml);

    if (rc != CONVRELAY_OK) {
        *error = x.error;
        *pos = x.pos;
    }

    return rc;
}
