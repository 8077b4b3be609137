
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE
#include "convrelay_utf8.h"

#include "convrelay_caller_xml.h"


typedef struct {
    const char              *p;
    const char              *last;
    const char              *start;
    const char              *error;
    convrelay_caller_xml_t  *root;
    convrelay_caller_xml_t  *current;
    unsigned                 depth;
} convrelay_caller_xml_reader_t;


static int convrelay_caller_xml_document(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_markup(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_open(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_attribute(convrelay_caller_xml_reader_t *r,
    convrelay_caller_xml_t *node);
static int convrelay_caller_xml_close(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_text(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_skip(convrelay_caller_xml_reader_t *r,
    size_t prefix, const char *end, const char *error);
static int convrelay_caller_xml_cdata(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_reference(convrelay_caller_xml_reader_t *r,
    convrelay_caller_buf_t *b);
static int convrelay_caller_xml_number(convrelay_caller_xml_reader_t *r,
    const char *p, const char *end, convrelay_caller_buf_t *b);

static const char *convrelay_caller_xml_find(convrelay_caller_xml_reader_t *r,
    const char *what);
static int convrelay_caller_xml_starts(convrelay_caller_xml_reader_t *r,
    const char *what);
static size_t convrelay_caller_xml_name(convrelay_caller_xml_reader_t *r);
static void convrelay_caller_xml_space(convrelay_caller_xml_reader_t *r);
static int convrelay_caller_xml_is_space(char ch);
static int convrelay_caller_xml_fail(convrelay_caller_xml_reader_t *r,
    const char *error);


convrelay_caller_xml_t *
convrelay_caller_xml_parse(const char *data, size_t len, char **error)
{
    unsigned                       line;
    const char                    *p;
    convrelay_caller_buf_t         b;
    convrelay_caller_xml_reader_t  r;

    memset(&r, 0, sizeof(convrelay_caller_xml_reader_t));
    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    r.start = data;
    r.p = data;
    r.last = data + len;
    *error = NULL;

    if (convrelay_utf8_valid((const u_char *) data, len) != len) {
        r.p = data + convrelay_utf8_valid((const u_char *) data, len);
        convrelay_caller_xml_fail(&r, "is not valid UTF-8");

    } else if (convrelay_caller_xml_document(&r) == CONVRELAY_OK) {
        return r.root;
    }

    line = 1;

    for (p = data; p < r.p; p++) {
        line += (*p == '\n');
    }

    convrelay_caller_buf_printf(&b, "%s (line %u)", r.error, line);
    *error = b.data;

    convrelay_caller_xml_free(r.root);

    return NULL;
}


void
convrelay_caller_xml_free(convrelay_caller_xml_t *root)
{
    convrelay_caller_xml_t  *node, *next;

    if (root == NULL) {
        return;
    }

    for (node = root->children; node; node = next) {
        next = node->next;
        convrelay_caller_xml_free(node);
    }

    convrelay_caller_pairs_free(&root->attributes);
    convrelay_caller_buf_free(&root->text);
    free(root->name);
    free(root);
}


static int
convrelay_caller_xml_document(convrelay_caller_xml_reader_t *r)
{
    if (convrelay_caller_xml_starts(r, "\xef\xbb\xbf")) {
        r->p += 3;
    }

    while (r->p < r->last) {

        if (*r->p == '<') {

            if (convrelay_caller_xml_markup(r) != CONVRELAY_OK) {
                return CONVRELAY_ERROR;
            }

            continue;
        }

        if (convrelay_caller_xml_text(r) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    if (r->current) {
        return convrelay_caller_xml_fail(r, "ends inside an element");
    }

    if (r->root == NULL) {
        return convrelay_caller_xml_fail(r, "holds no element");
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_xml_markup(convrelay_caller_xml_reader_t *r)
{
    if (convrelay_caller_xml_starts(r, "<!--")) {
        return convrelay_caller_xml_skip(r, 4, "-->", "has an open comment");
    }

    if (convrelay_caller_xml_starts(r, "<?xml")
        && r->p != r->start
        && !(r->p == r->start + 3 && *r->start == '\xef'))
    {
        return convrelay_caller_xml_fail(r, "has an XML declaration that is "
                                         "not at its very beginning");
    }

    if (convrelay_caller_xml_starts(r, "<?")) {
        return convrelay_caller_xml_skip(r, 2, "?>", "has an open <? ... ?>");
    }

    if (convrelay_caller_xml_starts(r, "<![CDATA[")) {
        return convrelay_caller_xml_cdata(r);
    }

    if (convrelay_caller_xml_starts(r, "<!")) {
        return convrelay_caller_xml_fail(r, "has a declaration (<!...>)");
    }

    if (convrelay_caller_xml_starts(r, "</")) {
        return convrelay_caller_xml_close(r);
    }

    return convrelay_caller_xml_open(r);
}


static int
convrelay_caller_xml_open(convrelay_caller_xml_reader_t *r)
{
    size_t                   len;
    const char              *p;
    convrelay_caller_xml_t  *node;

    if (r->current == NULL && r->root) {
        return convrelay_caller_xml_fail(r, "has a second root element");
    }

    if (r->depth == CONVRELAY_CALLER_XML_MAX_DEPTH) {
        return convrelay_caller_xml_fail(r, "is nested too deep");
    }

    r->p++;
    len = convrelay_caller_xml_name(r);

    if (len == 0) {
        return convrelay_caller_xml_fail(r, "has a \"<\" without a name");
    }

    node = convrelay_caller_alloc(sizeof(convrelay_caller_xml_t));
    node->name = convrelay_caller_strndup(r->p, len);
    node->parent = r->current;
    node->line = 1;

    for (p = r->start; p < r->p; p++) {
        node->line += (*p == '\n');
    }

    if (r->current == NULL) {
        r->root = node;

    } else if (r->current->children == NULL) {
        r->current->children = node;

    } else {
        r->current->last_child->next = node;
    }

    if (r->current) {
        r->current->last_child = node;
    }

    r->p += len;

    for ( ;; ) {
        p = r->p;
        convrelay_caller_xml_space(r);

        if (convrelay_caller_xml_starts(r, "/>")) {
            r->p += 2;
            return CONVRELAY_OK;
        }

        if (convrelay_caller_xml_starts(r, ">")) {
            r->p++;
            r->depth++;
            r->current = node;
            return CONVRELAY_OK;
        }

        if (r->p == p) {
            return convrelay_caller_xml_fail(r, "has a bad tag");
        }

        if (convrelay_caller_xml_attribute(r, node) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }
}


static int
convrelay_caller_xml_attribute(convrelay_caller_xml_reader_t *r,
    convrelay_caller_xml_t *node)
{
    int                     rc;
    char                   *name, quote;
    size_t                  len;
    convrelay_caller_buf_t  value;

    len = convrelay_caller_xml_name(r);

    if (len == 0) {
        return convrelay_caller_xml_fail(r, "has a bad attribute name");
    }

    name = convrelay_caller_strndup(r->p, len);
    memset(&value, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(&value);
    r->p += len;
    rc = CONVRELAY_ERROR;

    convrelay_caller_xml_space(r);

    if (!convrelay_caller_xml_starts(r, "=")) {
        convrelay_caller_xml_fail(r, "has an attribute without a value");
        goto done;
    }

    r->p++;
    convrelay_caller_xml_space(r);

    if (r->p == r->last || (*r->p != '"' && *r->p != '\'')) {
        convrelay_caller_xml_fail(r, "has an attribute value without quotes");
        goto done;
    }

    if (convrelay_caller_pairs_get(&node->attributes, name)) {
        convrelay_caller_xml_fail(r, "has the same attribute twice");
        goto done;
    }

    quote = *r->p++;

    while (r->p < r->last && *r->p != quote) {

        if (*r->p == '<') {
            convrelay_caller_xml_fail(r, "has a \"<\" in an attribute value");
            goto done;
        }

        if (*r->p == '&') {

            if (convrelay_caller_xml_reference(r, &value) != CONVRELAY_OK) {
                goto done;
            }

            continue;
        }

        if (convrelay_caller_xml_is_space(*r->p)) {
            convrelay_caller_buf_add(&value, " ", 1);
            r->p++;
            continue;
        }

        if ((u_char) *r->p < 0x20) {
            convrelay_caller_xml_fail(r, "has a control character");
            goto done;
        }

        convrelay_caller_buf_add(&value, r->p++, 1);
    }

    if (r->p == r->last) {
        convrelay_caller_xml_fail(r, "ends inside an attribute");
        goto done;
    }

    r->p++;
    convrelay_caller_pairs_add(&node->attributes, name, value.data);
    rc = CONVRELAY_OK;

done:

    convrelay_caller_buf_free(&value);
    free(name);

    return rc;
}


static int
convrelay_caller_xml_close(convrelay_caller_xml_reader_t *r)
{
    size_t  len;

    r->p += 2;
    len = convrelay_caller_xml_name(r);

    if (r->current == NULL
        || strlen(r->current->name) != len
        || memcmp(r->current->name, r->p, len) != 0)
    {
        return convrelay_caller_xml_fail(r, "closes an element that is not "
                                         "open");
    }

    r->p += len;
    convrelay_caller_xml_space(r);

    if (!convrelay_caller_xml_starts(r, ">")) {
        return convrelay_caller_xml_fail(r, "has a bad closing tag");
    }

    r->p++;
    r->depth--;
    r->current = r->current->parent;

    return CONVRELAY_OK;
}


static int
convrelay_caller_xml_text(convrelay_caller_xml_reader_t *r)
{
    while (r->p < r->last && *r->p != '<') {

        if (r->current == NULL && !convrelay_caller_xml_is_space(*r->p)) {
            return convrelay_caller_xml_fail(r, "has text outside its root "
                                             "element");
        }

        if ((u_char) *r->p < 0x20 && !convrelay_caller_xml_is_space(*r->p)) {
            return convrelay_caller_xml_fail(r, "has a control character");
        }

        if (r->current == NULL) {
            r->p++;
            continue;
        }

        if (*r->p == '&') {

            if (convrelay_caller_xml_reference(r, &r->current->text)
                != CONVRELAY_OK)
            {
                return CONVRELAY_ERROR;
            }

            continue;
        }

        convrelay_caller_buf_add(&r->current->text, r->p++, 1);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_xml_skip(convrelay_caller_xml_reader_t *r, size_t prefix,
    const char *end, const char *error)
{
    const char  *p, *start;

    start = r->p;
    r->p += prefix;
    p = convrelay_caller_xml_find(r, end);

    if (p == NULL) {
        r->p = start;
        return convrelay_caller_xml_fail(r, error);
    }

    r->p = p + strlen(end);

    return CONVRELAY_OK;
}


static int
convrelay_caller_xml_cdata(convrelay_caller_xml_reader_t *r)
{
    const char  *p;

    if (r->current == NULL) {
        return convrelay_caller_xml_fail(r, "has text outside its root "
                                            "element");
    }

    p = convrelay_caller_xml_find(r, "]]>");

    if (p == NULL) {
        return convrelay_caller_xml_fail(r, "has an open CDATA section");
    }

    r->p += sizeof("<![CDATA[") - 1;
    convrelay_caller_buf_add(&r->current->text, r->p, p - r->p);
    r->p = p + 3;

    return CONVRELAY_OK;
}


static int
convrelay_caller_xml_reference(convrelay_caller_xml_reader_t *r,
    convrelay_caller_buf_t *b)
{
    size_t       i, len;
    const char  *p, *end;

    static const struct {
        const char  *name;
        const char  *value;
    } entities[] = {
        { "amp", "&" },
        { "lt", "<" },
        { "gt", ">" },
        { "quot", "\"" },
        { "apos", "'" }
    };

    p = r->p + 1;
    end = memchr(p, ';', r->last - p);

    if (end == NULL || end == p || end - p > 10) {
        return convrelay_caller_xml_fail(r, "has a bare \"&\"");
    }

    if (*p == '#') {
        return convrelay_caller_xml_number(r, p + 1, end, b);
    }

    len = end - p;

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {

        if (strlen(entities[i].name) == len
            && memcmp(entities[i].name, p, len) == 0)
        {
            convrelay_caller_buf_str(b, entities[i].value);
            r->p = end + 1;
            return CONVRELAY_OK;
        }
    }

    return convrelay_caller_xml_fail(r, "has an unknown entity");
}


/* "&#N;" and "&#xN;", of a character that XML 1.0 allows (section 2.2) */

static int
convrelay_caller_xml_number(convrelay_caller_xml_reader_t *r, const char *p,
    const char *end, convrelay_caller_buf_t *b)
{
    u_char     utf8[4];
    uint32_t   cp, digit, base;

    cp = 0;
    base = 10;

    if (p < end && *p == 'x') {
        base = 16;
        p++;
    }

    if (p == end) {
        return convrelay_caller_xml_fail(r, "has a bad character reference");
    }

    for (/* void */; p < end; p++) {

        if (*p >= '0' && *p <= '9') {
            digit = *p - '0';

        } else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f') {
            digit = (*p | 0x20) - 'a' + 10;

        } else {
            digit = 16;
        }

        if (digit >= base) {
            return convrelay_caller_xml_fail(r, "has a bad character "
                                             "reference");
        }

        cp = cp * base + digit;

        if (cp > 0x10ffff) {
            return convrelay_caller_xml_fail(r, "has a character reference "
                                             "beyond U+10FFFF");
        }
    }

    if ((cp < 0x20 && cp != 9 && cp != 10 && cp != 13)
        || (cp >= 0xd800 && cp <= 0xdfff)
        || cp == 0xfffe || cp == 0xffff)
    {
        return convrelay_caller_xml_fail(r, "has a reference to a character "
                                         "that XML does not allow");
    }

    convrelay_caller_buf_add(b, utf8, convrelay_utf8_encode(utf8, cp) - utf8);
    r->p = end + 1;

    return CONVRELAY_OK;
}


static const char *
convrelay_caller_xml_find(convrelay_caller_xml_reader_t *r, const char *what)
{
    return memmem(r->p, r->last - r->p, what, strlen(what));
}


static int
convrelay_caller_xml_starts(convrelay_caller_xml_reader_t *r, const char *what)
{
    size_t  len;

    len = strlen(what);

    return (size_t) (r->last - r->p) >= len && memcmp(r->p, what, len) == 0;
}


static size_t
convrelay_caller_xml_name(convrelay_caller_xml_reader_t *r)
{
    const char  *p;

    for (p = r->p; p < r->last; p++) {

        if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') {
            continue;
        }

        if (*p == '_' || *p == ':' || (*p & 0x80)) {
            continue;
        }

        if (p > r->p
            && ((*p >= '0' && *p <= '9') || *p == '-' || *p == '.'))
        {
            continue;
        }

        break;
    }

    return p - r->p;
}


static void
convrelay_caller_xml_space(convrelay_caller_xml_reader_t *r)
{
    while (r->p < r->last && convrelay_caller_xml_is_space(*r->p)) {
        r->p++;
    }
}


static int
convrelay_caller_xml_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}


static int
convrelay_caller_xml_fail(convrelay_caller_xml_reader_t *r, const char *error)
{
    r->error = error;

    return CONVRELAY_ERROR;
}
