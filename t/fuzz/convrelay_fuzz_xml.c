
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte chooses a document or content, with a byte for values or
 * without.  What is read is written down in a plain form; read again, that
 * has to come out the same.
 */


#include <stdlib.h>

#include "convrelay_xml.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    const convrelay_str_t  *xml;
    size_t                  depth;
    unsigned                open:1;         /* a tag has no ">" yet */
    size_t                  len;
    u_char                 *data;           /* what was written */
} plain_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static int run(const convrelay_str_t *xml, unsigned document, u_char value,
    plain_t *p);
static void handler(convrelay_xml_t *x, convrelay_xml_event_e event,
    const convrelay_str_t *name, const convrelay_str_t *value);
static void put(plain_t *p, const void *data, size_t len);
static void put_value(plain_t *p, const convrelay_str_t *value,
    convrelay_xml_event_e event);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char           value;
    plain_t          first, second;
    unsigned         document;
    convrelay_str_t  xml, again;

    if (size == 0) {
        return 0;
    }

    document = data[0] & 1;
    value = (data[0] & 2) ? 0x01 : 0;

    xml.len = size - 1;
    xml.data = malloc(size - 1);
    must(xml.data || size == 1);

    if (size > 1) {
        memcpy(xml.data, data + 1, size - 1);
    }

    if (run(&xml, document, value, &first) == CONVRELAY_OK && value == 0) {
        again.data = first.data;
        again.len = first.len;

        must(run(&again, document, 0, &second) == CONVRELAY_OK);
        must(first.len == second.len
             && (first.len == 0
                 || memcmp(first.data, second.data, first.len) == 0));

        free(second.data);
    }

    free(first.data);
    free(xml.data);

    return 0;
}


static int
run(const convrelay_str_t *xml, unsigned document, u_char value, plain_t *p)
{
    int              rc;
    convrelay_xml_t  x;

    memset(&x, 0, sizeof(convrelay_xml_t));
    memset(p, 0, sizeof(plain_t));

    p->xml = xml;
    x.document = document;
    x.value = value;
    x.handler = handler;
    x.data = p;

    rc = convrelay_xml_read(&x, xml);

    must(x.pos >= xml->data && (size_t) (x.pos - xml->data) <= xml->len);

    if (rc == CONVRELAY_OK) {
        must(x.error == NULL && p->depth == 0 && !p->open);
        must(x.pos == x.last);

    } else {
        must(rc == CONVRELAY_DECLINED && x.error && x.error[0]);
    }

    return rc;
}


static void
handler(convrelay_xml_t *x, convrelay_xml_event_e event,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    plain_t  *p = x->data;

    must(!name || (name->data >= p->xml->data && name->len
                   && name->data + name->len <= p->xml->data + p->xml->len));
    must(!value || (value->data >= p->xml->data
                    && value->data + value->len
                       <= p->xml->data + p->xml->len));

    if (event != CONVRELAY_XML_ATTRIBUTE && p->open) {
        put(p, ">", 1);
        p->open = 0;
    }

    switch (event) {

    case CONVRELAY_XML_OPEN:
        put(p, "<", 1);
        put(p, name->data, name->len);
        p->open = 1;
        p->depth++;
        break;

    case CONVRELAY_XML_ATTRIBUTE:
        must(p->open);
        put(p, " ", 1);
        put(p, name->data, name->len);
        put(p, "=\"", 2);
        put_value(p, value, event);
        put(p, "\"", 1);
        break;

    case CONVRELAY_XML_CLOSE:
        must(p->depth);
        put(p, "</", 2);
        put(p, name->data, name->len);
        put(p, ">", 1);
        p->depth--;
        break;

    case CONVRELAY_XML_TEXT:
    case CONVRELAY_XML_CDATA:
        must(p->depth);
        put_value(p, value, event);
        break;
    }
}


static void
put(plain_t *p, const void *data, size_t len)
{
    p->data = realloc(p->data, p->len + len + 1);
    must(p->data);

    if (len) {
        memcpy(p->data + p->len, data, len);
    }

    p->len += len;
}


/* a value is never longer than it is written */

static void
put_value(plain_t *p, const convrelay_str_t *value,
    convrelay_xml_event_e event)
{
    size_t   len;
    u_char  *text, *escaped;

    text = malloc(value->len);
    must(text || value->len == 0);
    len = value->len;

    if (event != CONVRELAY_XML_CDATA) {
        len = convrelay_xml_unescape(text, value,
                                     event == CONVRELAY_XML_ATTRIBUTE) - text;
        must(len <= value->len);

    } else if (len) {
        memcpy(text, value->data, len);
    }

    escaped = malloc(convrelay_xml_escaped_len(text, len));
    must(convrelay_xml_escape(escaped, text, len)
         == escaped + convrelay_xml_escaped_len(text, len));
    put(p, escaped, convrelay_xml_escaped_len(text, len));

    free(escaped);
    free(text);
}
