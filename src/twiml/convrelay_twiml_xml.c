
/*
 * Copyright (C) convrelay contributors
 *
 * A check of XML that is put into the document by hand.  It accepts what XML
 * 1.0 calls the content of an element, with the limits told in the header.
 */


#define _GNU_SOURCE
#include "convrelay_twiml.h"
#include "convrelay_utf8.h"


#define CONVRELAY_TWIML_MAX_ATTRIBUTES  64


typedef struct {
    const u_char     *pos;
    const u_char     *last;
    const char       *error;
    convrelay_str_t   open[CONVRELAY_TWIML_MAX_DEPTH];      /* names */
    size_t            depth;
} convrelay_twiml_xml_t;


static int convrelay_twiml_xml_content(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_markup(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_section(convrelay_twiml_xml_t *x,
    size_t prefix, const char *end);
static int convrelay_twiml_xml_open(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_attribute(convrelay_twiml_xml_t *x,
    convrelay_str_t *seen, size_t n);
static int convrelay_twiml_xml_close(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_text(convrelay_twiml_xml_t *x, u_char end);
static int convrelay_twiml_xml_char(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_reference(convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_number(convrelay_twiml_xml_t *x,
    const u_char *p, const u_char *end);

static int convrelay_twiml_xml_starts(const convrelay_twiml_xml_t *x,
    const char *what);
static size_t convrelay_twiml_xml_space(convrelay_twiml_xml_t *x);
static size_t convrelay_twiml_xml_name(const convrelay_twiml_xml_t *x);
static int convrelay_twiml_xml_is_char(uint32_t cp);
static int convrelay_twiml_xml_is_space(u_char ch);
static int convrelay_twiml_xml_fail(convrelay_twiml_xml_t *x,
    const char *error);


int
convrelay_twiml_check_xml(const convrelay_str_t *xml, const char **error,
    const u_char **pos)
{
    size_t                 valid;
    convrelay_twiml_xml_t  x;

    if (xml->len == 0) {
        return CONVRELAY_OK;
    }

    memset(&x, 0, sizeof(convrelay_twiml_xml_t));

    x.pos = xml->data;
    x.last = xml->data + xml->len;

    valid = convrelay_utf8_valid(xml->data, xml->len);

    if (valid != xml->len) {
        x.pos += valid;
        (void) convrelay_twiml_xml_fail(&x, "is not valid UTF-8");

    } else if (convrelay_twiml_xml_content(&x) == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    *error = x.error;
    *pos = x.pos;

    return CONVRELAY_DECLINED;
}


static int
convrelay_twiml_xml_content(convrelay_twiml_xml_t *x)
{
    int  rc;

    while (x->pos < x->last) {

        rc = (*x->pos == '<') ? convrelay_twiml_xml_markup(x)
                              : convrelay_twiml_xml_text(x, '<');
        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }

    if (x->depth) {
        x->pos = x->open[x->depth - 1].data;
        return convrelay_twiml_xml_fail(x, "does not close an element");
    }

    return CONVRELAY_OK;
}


static int
convrelay_twiml_xml_markup(convrelay_twiml_xml_t *x)
{
    if (convrelay_twiml_xml_starts(x, "</")) {
        return convrelay_twiml_xml_close(x);
    }

    if (convrelay_twiml_xml_starts(x, "<!--")) {
        return convrelay_twiml_xml_section(x, 4, "--");
    }

    if (convrelay_twiml_xml_starts(x, "<![CDATA[") && x->depth) {
        return convrelay_twiml_xml_section(x, 9, "]]>");
    }

    if (convrelay_twiml_xml_starts(x, "<!")
        || convrelay_twiml_xml_starts(x, "<?"))
    {
        return convrelay_twiml_xml_fail(x, "has a declaration or an "
                                        "instruction, write elements only");
    }

    return convrelay_twiml_xml_open(x);
}


/* a comment, which ends at its first "--", or CDATA: no values in there */

static int
convrelay_twiml_xml_section(convrelay_twiml_xml_t *x, size_t prefix,
    const char *end)
{
    const u_char  *p, *start;

    start = x->pos;
    x->pos += prefix;

    p = memmem(x->pos, x->last - x->pos, end, strlen(end));

    if (p == NULL) {
        x->pos = start;
        return convrelay_twiml_xml_fail(x, "does not close a comment or a "
                                        "CDATA section");
    }

    while (x->pos < p) {

        if (*x->pos == CONVRELAY_TWIML_VALUE) {
            return convrelay_twiml_xml_fail(x, "has a variable in a comment "
                                            "or a CDATA section");
        }

        if (convrelay_twiml_xml_char(x) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    x->pos += strlen(end);

    if (*end == ']') {
        return CONVRELAY_OK;
    }

    if (!convrelay_twiml_xml_starts(x, ">")) {
        return convrelay_twiml_xml_fail(x, "has a \"--\" in a comment");
    }

    x->pos++;

    return CONVRELAY_OK;
}


static int
convrelay_twiml_xml_open(convrelay_twiml_xml_t *x)
{
    size_t           n, len, space;
    convrelay_str_t  name, seen[CONVRELAY_TWIML_MAX_ATTRIBUTES];

    x->pos++;
    len = convrelay_twiml_xml_name(x);

    if (len == 0) {
        x->pos--;
        return convrelay_twiml_xml_fail(x, "has a \"<\" without a name, "
                                        "write \"&lt;\"");
    }

    name.len = len;
    name.data = (u_char *) x->pos;
    x->pos += len;

    for (n = 0; n < CONVRELAY_TWIML_MAX_ATTRIBUTES; n++) {

        space = convrelay_twiml_xml_space(x);

        if (convrelay_twiml_xml_starts(x, "/>")) {
            x->pos += 2;
            return CONVRELAY_OK;
        }

        if (convrelay_twiml_xml_starts(x, ">")) {

            if (x->depth == CONVRELAY_TWIML_MAX_DEPTH) {
                return convrelay_twiml_xml_fail(x, "is nested too deep");
            }

            x->pos++;
            x->open[x->depth++] = name;
            return CONVRELAY_OK;
        }

        if (space == 0 || x->pos == x->last) {
            return convrelay_twiml_xml_fail(x, "does not end a tag with "
                                            "\">\"");
        }

        if (convrelay_twiml_xml_attribute(x, seen, n) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return convrelay_twiml_xml_fail(x, "has too many attributes");
}


static int
convrelay_twiml_xml_attribute(convrelay_twiml_xml_t *x, convrelay_str_t *seen,
    size_t n)
{
    size_t  i, len;
    u_char  quote;

    len = convrelay_twiml_xml_name(x);

    if (len == 0) {
        return convrelay_twiml_xml_fail(x, "has a bad name of an attribute");
    }

    for (i = 0; i < n; i++) {

        if (seen[i].len == len && memcmp(seen[i].data, x->pos, len) == 0) {
            return convrelay_twiml_xml_fail(x, "has an attribute twice");
        }
    }

    seen[n].len = len;
    seen[n].data = (u_char *) x->pos;
    x->pos += len;

    (void) convrelay_twiml_xml_space(x);

    if (!convrelay_twiml_xml_starts(x, "=")) {
        return convrelay_twiml_xml_fail(x, "has an attribute without a "
                                        "value");
    }

    x->pos++;
    (void) convrelay_twiml_xml_space(x);

    if (!convrelay_twiml_xml_starts(x, "\"")
        && !convrelay_twiml_xml_starts(x, "'"))
    {
        return convrelay_twiml_xml_fail(x, "has a value without quotes");
    }

    quote = *x->pos++;

    if (convrelay_twiml_xml_text(x, quote) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (x->pos == x->last) {
        return convrelay_twiml_xml_fail(x, "does not close a quote");
    }

    x->pos++;

    return CONVRELAY_OK;
}


static int
convrelay_twiml_xml_close(convrelay_twiml_xml_t *x)
{
    size_t                  len;
    const convrelay_str_t  *open;

    x->pos += 2;
    len = convrelay_twiml_xml_name(x);
    open = x->depth ? &x->open[x->depth - 1] : NULL;

    if (open == NULL || open->len != len
        || memcmp(open->data, x->pos, len) != 0)
    {
        return convrelay_twiml_xml_fail(x, "closes an element that is not "
                                        "open");
    }

    x->pos += len;
    (void) convrelay_twiml_xml_space(x);

    if (!convrelay_twiml_xml_starts(x, ">")) {
        return convrelay_twiml_xml_fail(x, "does not end a tag with \">\"");
    }

    x->pos++;
    x->depth--;

    return CONVRELAY_OK;
}


/* up to end, which is "<" for text and the quote for an attribute's value */

static int
convrelay_twiml_xml_text(convrelay_twiml_xml_t *x, u_char end)
{
    int  rc;

    while (x->pos < x->last && *x->pos != end) {

        if (x->depth == 0 && end == '<'
            && !convrelay_twiml_xml_is_space(*x->pos))
        {
            return convrelay_twiml_xml_fail(x, "has text outside of an "
                                            "element");
        }

        if (*x->pos == '<') {
            return convrelay_twiml_xml_fail(x, "has a \"<\" in a value, write "
                                            "\"&lt;\"");
        }

        if (end == '<' && convrelay_twiml_xml_starts(x, "]]>")) {
            return convrelay_twiml_xml_fail(x, "has a \"]]>\", write "
                                            "\"]]&gt;\"");
        }

        if (*x->pos == CONVRELAY_TWIML_VALUE) {
            x->pos++;
            continue;
        }

        rc = (*x->pos == '&') ? convrelay_twiml_xml_reference(x)
                              : convrelay_twiml_xml_char(x);
        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_twiml_xml_char(convrelay_twiml_xml_t *x)
{
    const u_char  *p;

    p = x->pos;

    if (!convrelay_twiml_xml_is_char(convrelay_utf8_decode(&p, x->last))) {
        return convrelay_twiml_xml_fail(x, "has a character that XML does "
                                        "not have");
    }

    x->pos = p;

    return CONVRELAY_OK;
}


static int
convrelay_twiml_xml_reference(convrelay_twiml_xml_t *x)
{
    size_t         i, len;
    const u_char  *p, *end;

    static const char  *entities[] = { "amp", "lt", "gt", "quot", "apos" };

    p = x->pos + 1;
    end = memchr(p, ';', x->last - p);

    if (end == NULL || end - p > 10) {
        return convrelay_twiml_xml_fail(x, "has a bare \"&\", write "
                                        "\"&amp;\"");
    }

    if (*p == '#') {
        return convrelay_twiml_xml_number(x, p + 1, end);
    }

    len = end - p;

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {

        if (strlen(entities[i]) == len && memcmp(entities[i], p, len) == 0) {
            x->pos = end + 1;
            return CONVRELAY_OK;
        }
    }

    return convrelay_twiml_xml_fail(x, "has an unknown entity, or a bare "
                                    "\"&\": write \"&amp;\"");
}


/* at most nine digits */

static int
convrelay_twiml_xml_number(convrelay_twiml_xml_t *x, const u_char *p,
    const u_char *end)
{
    uint64_t  cp, digit, base;

    cp = 0;
    base = 10;

    if (p < end && *p == 'x') {
        base = 16;
        p++;
    }

    if (p == end) {
        goto failed;
    }

    for ( /* void */ ; p < end; p++) {

        if (*p >= '0' && *p <= '9') {
            digit = *p - '0';

        } else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f') {
            digit = (*p | 0x20) - 'a' + 10;

        } else {
            goto failed;
        }

        if (digit >= base) {
            goto failed;
        }

        cp = cp * base + digit;
    }

    if (cp > 0x10ffff || !convrelay_twiml_xml_is_char(cp)) {
        goto failed;
    }

    x->pos = end + 1;

    return CONVRELAY_OK;

failed:

    return convrelay_twiml_xml_fail(x, "has a bad character reference");
}


static int
convrelay_twiml_xml_starts(const convrelay_twiml_xml_t *x, const char *what)
{
    size_t  len;

    len = strlen(what);

    return (size_t) (x->last - x->pos) >= len
           && memcmp(x->pos, what, len) == 0;
}


static size_t
convrelay_twiml_xml_space(convrelay_twiml_xml_t *x)
{
    const u_char  *start;

    start = x->pos;

    while (x->pos < x->last && convrelay_twiml_xml_is_space(*x->pos)) {
        x->pos++;
    }

    return x->pos - start;
}


/* TwiML's names are ASCII, which is stricter than XML */

static size_t
convrelay_twiml_xml_name(const convrelay_twiml_xml_t *x)
{
    u_char         ch;
    const u_char  *p;

    for (p = x->pos; p < x->last; p++) {
        ch = *p | 0x20;

        if ((ch >= 'a' && ch <= 'z') || *p == '_') {
            continue;
        }

        if (p > x->pos
            && ((*p >= '0' && *p <= '9')
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
convrelay_twiml_xml_is_char(uint32_t cp)
{
    if (cp < 0x20) {
        return cp == 9 || cp == 10 || cp == 13;
    }

    return (cp < 0xd800 || cp > 0xdfff) && cp != 0xfffe && cp != 0xffff;
}


static int
convrelay_twiml_xml_is_space(u_char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}


static int
convrelay_twiml_xml_fail(convrelay_twiml_xml_t *x, const char *error)
{
    x->error = error;

    return CONVRELAY_ERROR;
}
