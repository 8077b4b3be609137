
/*
 * Copyright (C) convrelay contributors
 *
 * One walk over a value serves for measuring and for writing, so that the
 * two cannot disagree.
 */


#include "convrelay_utf8.h"
#include "convrelay_xml.h"


static size_t convrelay_xml_next(const u_char **pos, const u_char *last,
    const u_char **text);
static size_t convrelay_xml_reference(u_char ch, const u_char **text);
static const u_char *convrelay_xml_plain(const u_char *p, const u_char *last);


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
 * The replacement for the next run of bytes, or for the next character: returns
 * its length, 0 if the character is dropped.  *pos < last on entry.
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
