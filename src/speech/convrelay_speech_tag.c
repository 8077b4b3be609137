
/*
 * Copyright (C) convrelay contributors
 *
 * HTML, SSML, the control tokens of LLMs, entities; and "<", ">" and "&" where
 * they are none of these.
 */


#include "convrelay_speech_parts.h"


static const u_char *convrelay_speech_control(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_tag(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static unsigned convrelay_speech_is_name(const u_char *p, size_t len,
    const char *const *names);
static const u_char *convrelay_speech_compare(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, u_char c, const u_char *end);
static const u_char *convrelay_speech_and(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *end);


static const char *const  convrelay_speech_ssml[] = {
    "break", "phoneme", "say-as", "sub", "emphasis", "prosody", NULL
};


/* where they begin or end, so does a line */

static const char *const  convrelay_speech_blocks[] = {
    "br", "p", "li", "ul", "ol", "tr", "div", "hr", "h1", "h2", "h3", "h4",
    "h5", "h6", "table", "blockquote", NULL
};


static const char *const  convrelay_speech_cells[] = { "td", "th", NULL };


const u_char *
convrelay_speech_less(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    uint32_t  next;

    next = convrelay_speech_next(w, w->p + 1);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (next == '|') {
        return convrelay_speech_control(s, w);
    }

    if (next < 0x80
        && (convrelay_is_alpha(next) || next == '/' || next == '!'))
    {
        return convrelay_speech_tag(s, w);
    }

    return convrelay_speech_compare(s, w, '<', w->p + 1);
}


/* "<|im_end|>" */

static const u_char *
convrelay_speech_control(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p + 2;
         p < w->last && p - w->p < CONVRELAY_SPEECH_SHORT;
         p++)
    {
        if (convrelay_is_space(*p) || *p == '<') {
            convrelay_speech_drop(s);
            return w->p + 2;
        }

        if (*p == '>') {
            convrelay_speech_drop(s);
            return p + 1;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    convrelay_speech_drop(s);

    return (p == w->last && s->ending) ? w->last : w->p + 2;
}


static const u_char *
convrelay_speech_tag(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    size_t         limit;
    unsigned       ssml, mail, blank;
    const u_char  *p, *name, *end;

    name = w->p + 1;

    if (*name == '/' || *name == '!') {
        name++;
    }

    for (end = name; end < w->last; end++) {

        if (!convrelay_speech_is_alnum(*end) && *end != '-') {
            break;
        }
    }

    if (end == w->last && !w->full) {
        return NULL;
    }

    ssml = s->mode == CONVRELAY_SPEECH_SSML
           && convrelay_speech_is_name(name, end - name,
                                       convrelay_speech_ssml);

    limit = ssml ? CONVRELAY_SPEECH_HELD : CONVRELAY_SPEECH_SHORT;
    blank = 0;
    mail = 0;

    for (p = end; p < w->last && (size_t) (p - w->p) < limit; p++) {

        if (*p == '<' || convrelay_speech_is_line(*p)) {
            convrelay_speech_drop(s);
            return w->p + 1;
        }

        if (*p == '>') {
            break;
        }

        if (*p == ' ') {
            blank = 1;

        } else if (*p == '=' && blank) {
            limit = CONVRELAY_SPEECH_HELD;

        } else if (!blank && (*p == '@' || (*p == ':' && p == end))) {

            /* "<https://...>" and an address of mail */

            mail = 1;
            break;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    if (p == w->last || *p != '>' || mail) {
        convrelay_speech_drop(s);

        return (p == w->last && s->ending && !mail) ? w->last : w->p + 1;
    }

    p++;

    if (ssml) {
        convrelay_speech_raw(s, w->p, p - w->p);
        return p;
    }

    if (convrelay_speech_is_name(name, end - name, convrelay_speech_blocks)) {
        convrelay_speech_newline(s);
        s->item = (end - name == 2 && (name[0] | 0x20) == 'l');

    } else if (convrelay_speech_is_name(name, end - name,
                                        convrelay_speech_cells))
    {
        s->comma = !s->bol;
    }

    convrelay_speech_drop(s);

    return p;
}


static unsigned
convrelay_speech_is_name(const u_char *p, size_t len,
    const char *const *names)
{
    size_t  i;

    for ( /* void */ ; *names; names++) {

        if (strlen(*names) != len) {
            continue;
        }

        for (i = 0; i < len; i++) {

            if (convrelay_lower(p[i]) != (u_char) (*names)[i]) {
                break;
            }
        }

        if (i == len) {
            return 1;
        }
    }

    return 0;
}


const u_char *
convrelay_speech_greater(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    return convrelay_speech_compare(s, w, '>', w->p + 1);
}


/* c between two values, written in a way that ends at end */

static const u_char *
convrelay_speech_compare(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, u_char c, const u_char *end)
{
    unsigned       equal;
    uint32_t       before, next;
    const u_char  *p;

    p = end;
    next = convrelay_speech_next(w, end);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    equal = (next == '=');

    if (equal) {
        next = convrelay_speech_next(w, ++end);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }
    }

    before = convrelay_speech_before(s);

    if (s->bol
        || (before && !convrelay_speech_is_number(before))
        || (!convrelay_speech_is_blank(next)
            && !convrelay_speech_is_number(next)))
    {
        if (c == '>') {
            convrelay_speech_drop(s);

        } else {
            convrelay_speech_put(s, &c, 1);
        }

        return p;
    }

    if (!s->english) {
        convrelay_speech_put(s, &c, 1);

        if (equal) {
            convrelay_speech_put(s, (u_char *) "=", 1);
        }

        return end;
    }

    if (equal) {
        convrelay_speech_words(s, c == '<' ? "at most" : "at least");

    } else {
        convrelay_speech_words(s, c == '<' ? "less than" : "greater than");
    }

    return end;
}


/* an entity, or "and" */

const u_char *
convrelay_speech_ampersand(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    size_t         len;
    unsigned       i;
    const u_char  *p;

    static const struct {
        const char  *name;
        uint32_t     cp;
    } entities[] = {
        { "amp", '&' }, { "#38", '&' }, { "#x26", '&' },
        { "lt", '<' }, { "#60", '<' },
        { "gt", '>' }, { "#62", '>' },
        { "quot", '"' }, { "#34", '"' },
        { "apos", '\'' }, { "#39", '\'' }, { "#x27", '\'' },
        { "rsquo", '\'' }, { "lsquo", '\'' },
        { "rdquo", '"' }, { "ldquo", '"' },
        { "nbsp", 0xa0 }, { "#160", 0xa0 },
        { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "hellip", 0x2026 },
        { "deg", 0xb0 }, { "times", 0xd7 }, { "divide", 0xf7 },
        { "plusmn", 0xb1 }, { "frac12", 0xbd }, { "frac14", 0xbc },
        { "frac34", 0xbe }, { "copy", 0xa9 }, { "reg", 0xae },
        { "trade", 0x2122 }, { "bull", 0x2022 }, { "rarr", 0x2192 },
        { "shy", 0xad }
    };

    for (p = w->p + 1; p < w->last && p - w->p <= 8; p++) {

        if (!convrelay_speech_is_alnum(*p) && *p != '#') {
            break;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    if (p == w->last || *p != ';') {
        return convrelay_speech_and(s, w, w->p + 1);
    }

    len = p - w->p - 1;
    p++;

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {

        if (strlen(entities[i].name) != len
            || memcmp(entities[i].name, w->p + 1, len) != 0)
        {
            continue;
        }

        s->changed = 1;

        switch (entities[i].cp) {

        case '&':
            return convrelay_speech_and(s, w, p);

        case '<':
        case '>':
            return convrelay_speech_compare(s, w, entities[i].cp, p);

        case '"':
            convrelay_speech_put_text(s, "\"");
            return p;

        case '\'':
            convrelay_speech_put_text(s, "'");
            return p;

        default:
            return convrelay_speech_sign_at(s, w, entities[i].cp, p);
        }
    }

    return convrelay_speech_and(s, w, w->p + 1);
}


/* an ampersand that ends at end; "AT&T" is a name */

static const u_char *
convrelay_speech_and(convrelay_speech_t *s, const convrelay_speech_win_t *w,
    const u_char *end)
{
    uint32_t  next;

    next = convrelay_speech_next(w, end);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (!s->english || s->bol || convrelay_speech_before(s)
        || !convrelay_speech_is_blank(next))
    {
        convrelay_speech_put(s, (u_char *) "&", 1);
        return end;
    }

    convrelay_speech_words(s, "and");

    return end;
}
