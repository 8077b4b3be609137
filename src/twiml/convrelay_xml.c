
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE
#include "convrelay_utf8.h"
#include "convrelay_xml.h"


#define CONVRELAY_XML_BOM          "\xef\xbb\xbf"
#define CONVRELAY_XML_MAX_ENTITY   10          /* "#x10ffff", with zeros */


static int convrelay_xml_content(convrelay_xml_t *x);
static int convrelay_xml_markup(convrelay_xml_t *x);
static int convrelay_xml_comment(convrelay_xml_t *x);
static int convrelay_xml_instruction(convrelay_xml_t *x);
static int convrelay_xml_cdata(convrelay_xml_t *x);
static int convrelay_xml_section(convrelay_xml_t *x, size_t prefix,
    const char *end, const char *error);
static int convrelay_xml_element(convrelay_xml_t *x);
static int convrelay_xml_attribute(convrelay_xml_t *x, convrelay_str_t *seen,
    size_t n);
static int convrelay_xml_close(convrelay_xml_t *x);
static int convrelay_xml_text(convrelay_xml_t *x);
static int convrelay_xml_value(convrelay_xml_t *x, u_char end,
    convrelay_str_t *value);
static int convrelay_xml_char(convrelay_xml_t *x);
static int convrelay_xml_reference(convrelay_xml_t *x);

static size_t convrelay_xml_entity(const u_char *p, const u_char *last,
    uint32_t *cp, const char **error);
static int convrelay_xml_number(const u_char *p, const u_char *end,
    uint32_t *cp);
static int convrelay_xml_starts(const convrelay_xml_t *x, const char *what);
static size_t convrelay_xml_space(convrelay_xml_t *x);
static size_t convrelay_xml_name(const convrelay_xml_t *x);
static int convrelay_xml_is_char(uint32_t cp);
static void convrelay_xml_event(convrelay_xml_t *x,
    convrelay_xml_event_e event, const convrelay_str_t *name,
    const convrelay_str_t *value);
static int convrelay_xml_fail(convrelay_xml_t *x, const char *error);


int
convrelay_xml_read(convrelay_xml_t *x, const convrelay_str_t *xml)
{
    int     rc;
    size_t  valid;

    x->pos = xml->data;
    x->first = xml->data;
    x->last = xml->len ? xml->data + xml->len : xml->data;
    x->error = NULL;
    x->root = 0;
    x->depth = 0;

    valid = xml->len ? convrelay_utf8_valid(xml->data, xml->len) : 0;

    if (valid != xml->len) {
        x->pos += valid;
        rc = convrelay_xml_fail(x, "is not valid UTF-8");

    } else {
        rc = convrelay_xml_content(x);
    }

    return (rc == CONVRELAY_OK) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_xml_content(convrelay_xml_t *x)
{
    int  rc;

    if (x->document && convrelay_xml_starts(x, CONVRELAY_XML_BOM)) {
        x->pos += sizeof(CONVRELAY_XML_BOM) - 1;
        x->first = x->pos;
    }

    while (x->pos < x->last) {

        rc = (*x->pos == '<') ? convrelay_xml_markup(x)
                              : convrelay_xml_text(x);
        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }

    if (x->depth) {
        x->pos = x->open[x->depth - 1].data;
        return convrelay_xml_fail(x, "does not close an element");
    }

    if (x->document && !x->root) {
        return convrelay_xml_fail(x, "has no element");
    }

    return CONVRELAY_OK;
}


static int
convrelay_xml_markup(convrelay_xml_t *x)
{
    if (convrelay_xml_starts(x, "</")) {
        return convrelay_xml_close(x);
    }

    if (convrelay_xml_starts(x, "<!--")) {
        return convrelay_xml_comment(x);
    }

    if (convrelay_xml_starts(x, "<![CDATA[") && x->depth) {
        return convrelay_xml_cdata(x);
    }

    if (convrelay_xml_starts(x, "<?") && x->document) {
        return convrelay_xml_instruction(x);
    }

    if (convrelay_xml_starts(x, "<!") || convrelay_xml_starts(x, "<?")) {
        return convrelay_xml_fail(x, x->document
                                  ? "has a declaration (\"<!...>\"), write "
                                    "elements only"
                                  : "has a declaration or an instruction, "
                                    "write elements only");
    }

    return convrelay_xml_element(x);
}


/* ends at its first "--" */

static int
convrelay_xml_comment(convrelay_xml_t *x)
{
    int  rc;

    rc = convrelay_xml_section(x, sizeof("<!--") - 1, "--",
                               "does not close a comment");

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (!convrelay_xml_starts(x, ">")) {
        return convrelay_xml_fail(x, "has a \"--\" in a comment");
    }

    x->pos++;

    return CONVRELAY_OK;
}


static int
convrelay_xml_instruction(convrelay_xml_t *x)
{
    const u_char  *start;

    start = x->pos;
    x->pos += sizeof("<?") - 1;

    if (convrelay_xml_name(x) == 0) {
        x->pos = start;
        return convrelay_xml_fail(x, "has a \"<?\" without a name");
    }

    if (convrelay_xml_name(x) == 3
        && memcmp(x->pos, "xml", 3) == 0
        && start != x->first)
    {
        x->pos = start;
        return convrelay_xml_fail(x, "has an XML declaration that is not at "
                                  "its very beginning");
    }

    x->pos = start;

    return convrelay_xml_section(x, sizeof("<?") - 1, "?>",
                                 "does not close a \"<?\"");
}


static int
convrelay_xml_cdata(convrelay_xml_t *x)
{
    int              rc;
    convrelay_str_t  text;

    text.data = (u_char *) x->pos + sizeof("<![CDATA[") - 1;

    rc = convrelay_xml_section(x, sizeof("<![CDATA[") - 1, "]]>",
                               "does not close a CDATA section");

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    text.len = x->pos - (sizeof("]]>") - 1) - text.data;
    convrelay_xml_event(x, CONVRELAY_XML_CDATA, NULL, &text);

    return CONVRELAY_OK;
}


/* skips up to and past end; no variable is allowed there */

static int
convrelay_xml_section(convrelay_xml_t *x, size_t prefix, const char *end,
    const char *error)
{
    const u_char  *p, *start;

    start = x->pos;
    x->pos += prefix;

    p = memmem(x->pos, x->last - x->pos, end, strlen(end));

    if (p == NULL) {
        x->pos = start;
        return convrelay_xml_fail(x, error);
    }

    while (x->pos < p) {

        if (x->value && *x->pos == x->value) {
            return convrelay_xml_fail(x, "has a variable in a comment or a "
                                      "CDATA section");
        }

        if (convrelay_xml_char(x) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    x->pos += strlen(end);

    return CONVRELAY_OK;
}


static int
convrelay_xml_element(convrelay_xml_t *x)
{
    size_t           n, space;
    convrelay_str_t  name, seen[CONVRELAY_XML_MAX_ATTRIBUTES];

    if (x->document && x->root && x->depth == 0) {
        return convrelay_xml_fail(x, "has a second root element");
    }

    x->pos++;

    name.data = (u_char *) x->pos;
    name.len = convrelay_xml_name(x);

    if (name.len == 0) {
        x->pos--;
        return convrelay_xml_fail(x, "has a \"<\" without a name, write "
                                  "\"&lt;\"");
    }

    x->pos += name.len;
    x->root = 1;

    convrelay_xml_event(x, CONVRELAY_XML_OPEN, &name, NULL);

    for (n = 0; n < CONVRELAY_XML_MAX_ATTRIBUTES; n++) {

        space = convrelay_xml_space(x);

        if (convrelay_xml_starts(x, "/>")) {
            x->pos += 2;
            convrelay_xml_event(x, CONVRELAY_XML_CLOSE, &name, NULL);
            return CONVRELAY_OK;
        }

        if (convrelay_xml_starts(x, ">")) {

            if (x->depth == CONVRELAY_XML_MAX_DEPTH) {
                return convrelay_xml_fail(x, "is nested too deep");
            }

            x->pos++;
            x->open[x->depth++] = name;
            return CONVRELAY_OK;
        }

        if (space == 0 || x->pos == x->last) {
            return convrelay_xml_fail(x, "does not end a tag with \">\"");
        }

        if (convrelay_xml_attribute(x, seen, n) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return convrelay_xml_fail(x, "has too many attributes");
}


static int
convrelay_xml_attribute(convrelay_xml_t *x, convrelay_str_t *seen, size_t n)
{
    size_t           i;
    u_char           quote;
    convrelay_str_t  value, *name;

    name = &seen[n];
    name->data = (u_char *) x->pos;
    name->len = convrelay_xml_name(x);

    if (name->len == 0) {
        return convrelay_xml_fail(x, "has an invalid attribute name");
    }

    for (i = 0; i < n; i++) {

        if (convrelay_str_equal(&seen[i], name)) {
            return convrelay_xml_fail(x, "has a duplicate attribute");
        }
    }

    x->pos += name->len;

    (void) convrelay_xml_space(x);

    if (!convrelay_xml_starts(x, "=")) {
        return convrelay_xml_fail(x, "has an attribute without a value");
    }

    x->pos++;
    (void) convrelay_xml_space(x);

    if (!convrelay_xml_starts(x, "\"") && !convrelay_xml_starts(x, "'")) {
        return convrelay_xml_fail(x, "has a value without quotes");
    }

    quote = *x->pos++;

    if (convrelay_xml_value(x, quote, &value) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (x->pos == x->last) {
        return convrelay_xml_fail(x, "does not close a quote");
    }

    x->pos++;

    convrelay_xml_event(x, CONVRELAY_XML_ATTRIBUTE, name, &value);

    return CONVRELAY_OK;
}


static int
convrelay_xml_close(convrelay_xml_t *x)
{
    convrelay_str_t   name;

    x->pos += 2;

    name.data = (u_char *) x->pos;
    name.len = convrelay_xml_name(x);

    if (x->depth == 0 || !convrelay_str_equal(&x->open[x->depth - 1], &name)) {
        return convrelay_xml_fail(x, "closes an element that is not open");
    }

    x->pos += name.len;
    (void) convrelay_xml_space(x);

    if (!convrelay_xml_starts(x, ">")) {
        return convrelay_xml_fail(x, "does not end a tag with \">\"");
    }

    x->pos++;
    x->depth--;

    convrelay_xml_event(x, CONVRELAY_XML_CLOSE, &name, NULL);

    return CONVRELAY_OK;
}


static int
convrelay_xml_text(convrelay_xml_t *x)
{
    convrelay_str_t  text;

    if (x->depth == 0) {
        (void) convrelay_xml_space(x);

        if (x->pos < x->last && *x->pos != '<') {
            return convrelay_xml_fail(x, "has text outside of an element");
        }

        return CONVRELAY_OK;
    }

    if (convrelay_xml_value(x, '<', &text) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_xml_event(x, CONVRELAY_XML_TEXT, NULL, &text);

    return CONVRELAY_OK;
}


/* reads up to end: "<" for text, and the quote for an attribute */

static int
convrelay_xml_value(convrelay_xml_t *x, u_char end, convrelay_str_t *value)
{
    int  rc;

    value->data = (u_char *) x->pos;

    while (x->pos < x->last && *x->pos != end) {

        if (*x->pos == '<') {
            return convrelay_xml_fail(x, "has a \"<\" in a value, write "
                                      "\"&lt;\"");
        }

        if (end == '<' && convrelay_xml_starts(x, "]]>")) {
            return convrelay_xml_fail(x, "has a \"]]>\", write \"]]&gt;\"");
        }

        if (x->value && *x->pos == x->value) {
            x->pos++;
            continue;
        }

        rc = (*x->pos == '&') ? convrelay_xml_reference(x)
                              : convrelay_xml_char(x);
        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }

    value->len = x->pos - value->data;

    return CONVRELAY_OK;
}


static int
convrelay_xml_char(convrelay_xml_t *x)
{
    const u_char  *p;

    p = x->pos;

    if (!convrelay_xml_is_char(convrelay_utf8_decode(&p, x->last))) {
        return convrelay_xml_fail(x, "has a character that XML does not allow");
    }

    x->pos = p;

    return CONVRELAY_OK;
}


static int
convrelay_xml_reference(convrelay_xml_t *x)
{
    size_t       len;
    uint32_t     cp;
    const char  *error;

    len = convrelay_xml_entity(x->pos, x->last, &cp, &error);

    if (len == 0) {
        return convrelay_xml_fail(x, error);
    }

    x->pos += len;

    return CONVRELAY_OK;
}


u_char *
convrelay_xml_unescape(u_char *dst, const convrelay_str_t *value,
    unsigned attribute)
{
    size_t         len;
    uint32_t       cp;
    const char    *error;
    const u_char  *p, *last;

    last = value->data + value->len;

    for (p = value->data; p < last; p += len) {

        len = (*p == '&') ? convrelay_xml_entity(p, last, &cp, &error) : 0;

        if (len) {
            dst = convrelay_utf8_encode(dst, cp);
            continue;
        }

        len = (last - p > 1 && p[0] == '\r' && p[1] == '\n') ? 2 : 1;

        if (attribute && convrelay_is_space(*p)) {
            *dst++ = ' ';

        } else {
            *dst++ = (*p == '\r') ? '\n' : *p;
        }
    }

    return dst;
}


/* the length of the reference at p, or 0 with a phrase */

static size_t
convrelay_xml_entity(const u_char *p, const u_char *last, uint32_t *cp,
    const char **error)
{
    size_t           i;
    const u_char    *end;
    convrelay_str_t  name;

    static const struct {
        const char  *name;
        u_char       ch;
    } entities[] = {
        { "amp", '&' },
        { "lt", '<' },
        { "gt", '>' },
        { "quot", '"' },
        { "apos", '\'' }
    };

    name.data = (u_char *) p + 1;
    end = memchr(name.data, ';', last - name.data);

    if (end == NULL || end - name.data > CONVRELAY_XML_MAX_ENTITY) {
        *error = "has a bare \"&\", write \"&amp;\"";
        return 0;
    }

    name.len = end - name.data;

    if (*name.data == '#') {

        if (convrelay_xml_number(name.data + 1, end, cp) != CONVRELAY_OK) {
            *error = "has a bad character reference";
            return 0;
        }

        return end + 1 - p;
    }

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {

        if (convrelay_str_is(&name, entities[i].name)) {
            *cp = entities[i].ch;
            return end + 1 - p;
        }
    }

    *error = "has an unknown entity, or a bare \"&\": write \"&amp;\"";

    return 0;
}


/* at most nine digits */

static int
convrelay_xml_number(const u_char *p, const u_char *end, uint32_t *cp)
{
    uint64_t  n, digit, base;

    n = 0;
    base = 10;

    if (p < end && *p == 'x') {
        base = 16;
        p++;
    }

    if (p == end) {
        return CONVRELAY_DECLINED;
    }

    for ( /* void */ ; p < end; p++) {

        if (convrelay_is_digit(*p)) {
            digit = *p - '0';

        } else if (convrelay_is_alpha(*p)) {
            digit = (*p | 0x20) - 'a' + 10;

        } else {
            return CONVRELAY_DECLINED;
        }

        if (digit >= base) {
            return CONVRELAY_DECLINED;
        }

        n = n * base + digit;
    }

    if (n > 0x10ffff || !convrelay_xml_is_char(n)) {
        return CONVRELAY_DECLINED;
    }

    *cp = n;

    return CONVRELAY_OK;
}


static int
convrelay_xml_starts(const convrelay_xml_t *x, const char *what)
{
    convrelay_str_t  rest;

    rest.data = (u_char *) x->pos;
    rest.len = x->last - x->pos;

    return convrelay_str_starts(&rest, what);
}


static size_t
convrelay_xml_space(convrelay_xml_t *x)
{
    const u_char  *start;

    start = x->pos;

    while (x->pos < x->last && convrelay_is_space(*x->pos)) {
        x->pos++;
    }

    return x->pos - start;
}


/* TwiML's names are ASCII, which is stricter than XML */

static size_t
convrelay_xml_name(const convrelay_xml_t *x)
{
    const u_char  *p;

    for (p = x->pos; p < x->last; p++) {

        if (convrelay_is_alpha(*p) || *p == '_') {
            continue;
        }

        if (p > x->pos
            && (convrelay_is_digit(*p)
                || *p == '-' || *p == '.' || *p == ':'))
        {
            continue;
        }

        break;
    }

    return p - x->pos;
}


/* XML 1.0, 2.2 */

static int
convrelay_xml_is_char(uint32_t cp)
{
    if (cp < 0x20) {
        return cp == 9 || cp == 10 || cp == 13;
    }

    return (cp < 0xd800 || cp > 0xdfff) && cp != 0xfffe && cp != 0xffff;
}


static void
convrelay_xml_event(convrelay_xml_t *x, convrelay_xml_event_e event,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    if (x->handler) {
        x->handler(x, event, name, value);
    }
}


static int
convrelay_xml_fail(convrelay_xml_t *x, const char *error)
{
    x->error = error;

    return CONVRELAY_ERROR;
}
