
/*
 * Copyright (C) convrelay contributors
 *
 * Links, images, footnotes and annotations in square brackets; URLs and
 * addresses of mail.
 */


#include "convrelay_speech_parts.h"


#define CONVRELAY_SPEECH_ANNOTATION  24   /* bytes */
#define CONVRELAY_SPEECH_LOCAL       64   /* bytes; RFC 5321, 4.5.3.1.1 */


static const u_char *convrelay_speech_matching(
    const convrelay_speech_win_t *w, unsigned *more);
static unsigned convrelay_speech_is_digits(const u_char *p,
    const u_char *last);
static unsigned convrelay_speech_is_annotation(const u_char *p,
    const u_char *last);
static const u_char *convrelay_speech_domain(const convrelay_speech_win_t *w,
    const u_char *p);
static void convrelay_speech_spell(convrelay_speech_t *s, const u_char *p,
    const u_char *last);
static unsigned convrelay_speech_ends_url(u_char c);


const u_char *
convrelay_speech_open(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    unsigned       more;
    uint32_t       next;
    const u_char  *p, *end;

    end = convrelay_speech_matching(w, &more);

    if (more) {
        return NULL;
    }

    if (end == NULL) {

        if (w->full && w->last - w->p < CONVRELAY_SPEECH_HELD
            && memchr(w->p, '\n', w->last - w->p) == NULL
            && memchr(w->p, '\r', w->last - w->p) == NULL)
        {
            /* a link of which only the text came */

            if (s->links < 7) {
                s->links++;
            }

            convrelay_speech_drop(s);

            return w->p + 1;
        }

        convrelay_speech_put(s, w->p, 1);

        return w->p + 1;
    }

    next = convrelay_speech_next(w, end + 1);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    p = w->p + 1;

    if (next != '(') {

        if (*p == '^') {
            convrelay_speech_drop(s);
            return end + 1;
        }

        if (convrelay_speech_is_digits(p, end)) {
            convrelay_speech_drop(s);

            /* "Press [1]" is not a footnote */

            if (convrelay_speech_before(s) == 0) {
                convrelay_speech_put(s, p, end - p);
            }

            return end + 1;
        }

        if (next != '[' && convrelay_speech_is_annotation(p, end)) {
            convrelay_speech_drop(s);
            return end + 1;
        }
    }

    if ((next == '(' || next == '[') && end > p && s->links < 7) {
        s->links++;
        convrelay_speech_drop(s);

        return p;
    }

    convrelay_speech_put(s, w->p, 1);

    return p;
}


/* the "]" for the "[" at the beginning of the window; NULL: there is none, or
   more has to come */

static const u_char *
convrelay_speech_matching(const convrelay_speech_win_t *w, unsigned *more)
{
    unsigned       depth;
    const u_char  *p;

    *more = 0;
    depth = 0;

    for (p = w->p; p < w->last; p++) {

        if (*p == '[') {
            depth++;

        } else if (*p == ']') {

            if (--depth == 0) {
                return p;
            }

        } else if (convrelay_speech_is_line(*p)) {
            return NULL;
        }
    }

    *more = !w->full;

    return NULL;
}


static unsigned
convrelay_speech_is_digits(const u_char *p, const u_char *last)
{
    if (p == last || last - p > 3) {
        return 0;
    }

    for ( /* void */ ; p < last; p++) {

        if (!convrelay_is_digit(*p)) {
            return 0;
        }
    }

    return 1;
}


/* "laughter", "short pause": no placeholder, such as "Your Name" */

static unsigned
convrelay_speech_is_annotation(const u_char *p, const u_char *last)
{
    if (last - p < 3 || last - p > CONVRELAY_SPEECH_ANNOTATION
        || *p < 'a' || *p > 'z')
    {
        return 0;
    }

    for ( /* void */ ; p < last; p++) {

        if ((*p < 'a' || *p > 'z') && *p != ' ' && *p != '-' && *p != '\'') {
            return 0;
        }
    }

    return 1;
}


const u_char *
convrelay_speech_close(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    uint32_t  next;

    if (s->links == 0) {
        convrelay_speech_put(s, w->p, 1);
        return w->p + 1;
    }

    next = convrelay_speech_next(w, w->p + 1);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    s->links--;
    convrelay_speech_drop(s);

    if (next != '(' && next != '[') {
        return w->p + 1;
    }

    s->region = CONVRELAY_SPEECH_TARGET;
    s->closer = (next == '(') ? ')' : ']';
    s->depth = 0;

    return w->p + 2;
}


const u_char *
convrelay_speech_target(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last; p++) {

        if (convrelay_speech_is_line(*p)) {
            s->region = CONVRELAY_SPEECH_TEXT;
            break;
        }

        if (*p == '(' && s->closer == ')' && s->depth < 255) {
            s->depth++;

        } else if (*p == s->closer && s->depth-- == 0) {
            s->region = CONVRELAY_SPEECH_TEXT;
            p++;
            break;
        }
    }

    s->dropped += p - w->p;

    return p;
}


/* an address of mail, from a character of its local part on that is not a
   letter */

const u_char *
convrelay_speech_mail(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    const u_char  *p, *end;

    for (p = w->p; p < w->last; p++) {

        if (p - w->p > CONVRELAY_SPEECH_LOCAL
            || (*p == '.' && p > w->p && p[-1] == '.'))
        {
            return w->p;
        }

        if (!convrelay_speech_is_alnum(*p) && *p != '.' && *p != '_'
            && *p != '-' && *p != '+')
        {
            break;
        }
    }

    if (p == w->last) {
        return w->full ? w->p : NULL;
    }

    if (*p != '@') {
        return w->p;
    }

    end = convrelay_speech_domain(w, p + 1);

    if (end == NULL) {
        return NULL;
    }

    if (end == p + 1) {
        return w->p;
    }

    if (s->english) {
        convrelay_speech_spell(s, w->p, end);

    } else {
        convrelay_speech_put(s, w->p, end - w->p);
    }

    return end;
}


/* the end of the domain at p, which has a dot in it; p: it is none; NULL: more
   has to come */

static const u_char *
convrelay_speech_domain(const convrelay_speech_win_t *w, const u_char *p)
{
    unsigned       dots;
    const u_char  *q;

    dots = 0;
    q = p;

    for ( ;; ) {

        if (q == w->last) {
            return w->full ? p : NULL;
        }

        if (!convrelay_speech_is_alnum(*q)) {
            return p;
        }

        while (q < w->last
               && (convrelay_speech_is_alnum(*q) || *q == '-'))
        {
            q++;
        }

        if (q == w->last) {

            if (!w->full) {
                return NULL;
            }

            break;
        }

        if (*q != '.') {
            break;
        }

        if (q + 1 == w->last) {

            if (!w->full) {
                return NULL;
            }

            break;
        }

        if (!convrelay_speech_is_alnum(q[1])) {
            break;
        }

        dots++;
        q++;
    }

    while (q[-1] == '-') {
        q--;
    }

    return dots ? q : p;
}


static void
convrelay_speech_spell(convrelay_speech_t *s, const u_char *p,
    const u_char *last)
{
    const u_char  *q;

    while (p < last) {

        switch (*p) {

        case '.':
            convrelay_speech_words(s, "dot");
            break;

        case '_':
            convrelay_speech_words(s, "underscore");
            break;

        case '-':
            convrelay_speech_words(s, "dash");
            break;

        case '+':
            convrelay_speech_words(s, "plus");
            break;

        case '@':
            convrelay_speech_words(s, "at");
            break;

        default:
            q = p;

            while (q < last
                   && (*q >= 0x80 || convrelay_speech_is_alnum(*q)))
            {
                q++;
            }

            if (q > p) {
                convrelay_speech_put(s, p, q - p);
                p = q;
                continue;
            }
        }

        p++;
    }

    s->changed = 1;
}


/* the beginning of a URL, up to the end of its host */

const u_char *
convrelay_speech_host(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    int            rc;
    unsigned       i, more;
    const u_char  *p, *host;

    static const char  *begins[] = { "https://", "http://", "www." };

    more = 0;
    host = NULL;

    for (i = 0; i < 3; i++) {
        rc = convrelay_speech_match(w, w->p, begins[i]);

        if (rc == 1) {
            host = w->p + strlen(begins[i]);
            break;
        }

        more |= (rc == 0);
    }

    if (host == NULL) {
        return more ? NULL : w->p;
    }

    for (p = host; p < w->last; p++) {

        if (*p < 0x80 && !convrelay_speech_is_alnum(*p) && *p != '.'
            && *p != '-')
        {
            break;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    if (p == w->last) {

        /* never cut a character */

        while (p > host && p[-1] >= 0x80) {
            p--;
        }
    }

    while (p > host && (p[-1] == '.' || p[-1] == '-')) {
        p--;
    }

    if (p == host) {
        return w->p;
    }

    s->region = CONVRELAY_SPEECH_URL;
    s->copy = !s->english;

    if (s->copy) {
        convrelay_speech_put(s, w->p, p - w->p);
        return p;
    }

    if (p - host > 4 && convrelay_speech_match(w, host, "www.") == 1) {
        host += 4;
    }

    convrelay_speech_spell(s, host, p);
    convrelay_speech_drop(s);

    return p;
}


/* the rest of a URL: up to a blank, and the marks before that are not of it */

const u_char *
convrelay_speech_url(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    u_char         c;
    const u_char  *p, *q;

    for (p = w->p; p < w->last; p++) {
        c = *p;

        if (convrelay_speech_ends_url(c) || (c == ']' && s->links)) {
            s->region = CONVRELAY_SPEECH_TEXT;
            break;
        }

        if (strchr(".,!?;:)'\"]*_~`", c) == NULL) {
            continue;
        }

        for (q = p; q < w->last; q++) {

            if (convrelay_speech_ends_url(*q)
                || strchr(".,!?;:)'\"]*_~`", *q) == NULL)
            {
                break;
            }
        }

        /* a decision is made at the beginning of a window only */

        if (q == w->last && (p > w->p || !w->full)) {

            if (p == w->p) {
                return NULL;
            }

            break;
        }

        if (q == w->last || convrelay_speech_ends_url(*q)) {
            s->region = CONVRELAY_SPEECH_TEXT;
            break;
        }

        p = q - 1;
    }

    if (p > w->p) {

        if (s->copy) {
            convrelay_speech_put(s, w->p, p - w->p);

        } else {
            s->dropped += p - w->p;
            s->changed = 1;
        }
    }

    return p;
}


static unsigned
convrelay_speech_ends_url(u_char c)
{
    return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '|';
}
