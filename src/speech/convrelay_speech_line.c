
/*
 * Copyright (C) convrelay contributors
 *
 * How lines begin: headings, lists, quotes, tables, lines of marks, the name of
 * the one who speaks; and blocks of code.
 */


#include "convrelay_speech_parts.h"


static const u_char *convrelay_speech_hash_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_mark_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_tilde_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_table_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_number_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_bullet_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_task(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_role(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_item(convrelay_speech_t *s,
    const u_char *p);
static const u_char *convrelay_speech_open_fence(convrelay_speech_t *s,
    const u_char *p, const u_char *end);


const u_char *
convrelay_speech_line(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    u_char  c;

    c = *w->p;

    switch (c) {

    case '#':
        return convrelay_speech_hash_line(s, w);

    case '-':
    case '*':
    case '+':
    case '_':
    case '=':
        return convrelay_speech_mark_line(s, w);

    case '~':
        return convrelay_speech_tilde_line(s, w);

    case '>':
        convrelay_speech_drop(s);
        return w->p + 1;

    case '|':
        return convrelay_speech_table_line(s, w);

    case '[':
        return s->item ? convrelay_speech_task(s, w) : w->p;
    }

    if (convrelay_is_digit(c)) {
        return convrelay_speech_number_line(s, w);
    }

    if (c >= 0x80) {
        return convrelay_speech_bullet_line(s, w);
    }

    if (!s->said && convrelay_is_alpha(c)) {
        return convrelay_speech_role(s, w);
    }

    return w->p;
}


static const u_char *
convrelay_speech_hash_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    uint32_t       next;
    const u_char  *p;

    for (p = w->p; p < w->last && *p == '#'; p++) { /* void */ }

    next = convrelay_speech_next(w, p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (p - w->p > 6
        || (next != CONVRELAY_SPEECH_NONE && !convrelay_is_space(next)))
    {
        return w->p;
    }

    s->heading = 1;

    return convrelay_speech_item(s, p);
}


/* a rule, such as "---" or "* * *"; or a bullet */

static const u_char *
convrelay_speech_mark_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    u_char         c;
    size_t         n;
    uint32_t       next;
    const u_char  *p;

    n = 0;
    c = *w->p;

    for (p = w->p; p < w->last; p++) {

        if (*p == c || (c == '+' && (*p == '-' || *p == '='))) {
            n++;

        } else if (!convrelay_speech_is_blank(*p)) {
            break;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    if (n >= 3 && (p == w->last || convrelay_speech_is_line(*p))) {
        convrelay_speech_drop(s);
        s->region = CONVRELAY_SPEECH_RULE;
        s->dropped += p - w->p;

        return p;
    }

    if (c == '_' || c == '=') {
        return w->p;
    }

    next = convrelay_speech_next(w, w->p + 1);

    if (next == CONVRELAY_SPEECH_NONE || !convrelay_is_space(next)) {
        return w->p;
    }

    return convrelay_speech_item(s, w->p + 1);
}


static const u_char *
convrelay_speech_tilde_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last && *p == '~'; p++) { /* void */ }

    if (p == w->last && !w->full) {
        return NULL;
    }

    return (p - w->p < 3) ? w->p : convrelay_speech_open_fence(s, w->p, p);
}


/* a row of a table, or the line between its head and its body */

static const u_char *
convrelay_speech_table_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last; p++) {

        if (*p != '|' && *p != ':' && *p != '-' && *p != '=' && *p != '+'
            && !convrelay_speech_is_blank(*p))
        {
            break;
        }
    }

    if (p == w->last && !w->full) {
        return NULL;
    }

    convrelay_speech_drop(s);

    if (p == w->last || convrelay_speech_is_line(*p)) {
        s->region = CONVRELAY_SPEECH_RULE;
        s->dropped += p - w->p;

        return p;
    }

    s->table = 1;

    return convrelay_speech_item(s, w->p + 1);
}


/* "1. Oak": the number is kept */

static const u_char *
convrelay_speech_number_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    uint32_t       next;
    const u_char  *p;

    for (p = w->p; p < w->last && p - w->p < 4; p++) {

        if (!convrelay_is_digit(*p)) {
            break;
        }
    }

    next = convrelay_speech_next(w, p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (p - w->p > 3 || (next != '.' && next != ')')) {
        return w->p;
    }

    next = convrelay_speech_next(w, ++p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (next == CONVRELAY_SPEECH_NONE || !convrelay_speech_is_blank(next)) {
        return w->p;
    }

    convrelay_speech_put(s, w->p, p - w->p);
    s->item = 1;

    return p;
}


static const u_char *
convrelay_speech_bullet_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    uint32_t  cp, next;

    cp = convrelay_speech_next(w, w->p);

    switch (cp) {

    case CONVRELAY_SPEECH_MORE:
        return NULL;

    case 0x2022:
    case 0x2023:
    case 0x2043:
    case 0x25aa:
    case 0x25b8:
    case 0x25ba:
    case 0x25cb:
    case 0x25cf:
    case 0x25e6:
        return convrelay_speech_item(s, w->p + 3);

    case 0x2013:
    case 0x2014:
        next = convrelay_speech_next(w, w->p + 3);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }

        return convrelay_speech_is_blank(next)
               ? convrelay_speech_item(s, w->p + 3) : w->p;
    }

    return w->p;
}


/* "[x]" after a bullet */

static const u_char *
convrelay_speech_task(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    int          rc;
    unsigned     i;
    const char  *text;

    static const char  *tasks[] = { "[ ] ", "[x] " };

    for (i = 0; i < 2; i++) {
        text = tasks[i];
        rc = convrelay_speech_match(w, w->p, text);

        if (rc == 0) {
            return NULL;
        }

        if (rc == 1) {
            return convrelay_speech_item(s, w->p + 4);
        }
    }

    return w->p;
}


/* "Assistant:" at the beginning of the answer */

static const u_char *
convrelay_speech_role(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    int       rc;
    unsigned  i, more;

    static const char  *roles[] = { "assistant:", "ai:", "bot:" };

    more = 0;

    for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        rc = convrelay_speech_match(w, w->p, roles[i]);

        if (rc == 1) {
            convrelay_speech_drop(s);
            return w->p + strlen(roles[i]);
        }

        more |= (rc == 0);
    }

    return more ? NULL : w->p;
}


/* the line is one of its own, although it may not end as one; p: after its
   mark */

static const u_char *
convrelay_speech_item(convrelay_speech_t *s, const u_char *p)
{
    convrelay_speech_drop(s);
    s->item = 1;

    return p;
}


/* runs of "`" */

const u_char *
convrelay_speech_ticks(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    size_t         n;
    const u_char  *p, *q;

    for (p = w->p; p < w->last && *p == '`'; p++) { /* void */ }

    if (p == w->last && !w->full) {
        return NULL;
    }

    n = p - w->p;

    if (n < 3 || s->ticks) {
        s->ticks = 0;
        convrelay_speech_drop(s);

        return p;
    }

    /* the name of a language ends with its line; code in a line has no end of
       line in it */

    for (q = p; q < w->last && q - p < CONVRELAY_SPEECH_SHORT; q++) {

        if (convrelay_speech_is_line(*q)) {
            return convrelay_speech_open_fence(s, w->p, p);
        }

        if (*q == '`') {
            s->ticks = 1;
            convrelay_speech_drop(s);

            return p;
        }
    }

    if (q == w->last && !w->full) {
        return NULL;
    }

    if (s->bol) {
        return convrelay_speech_open_fence(s, w->p, p);
    }

    convrelay_speech_drop(s);

    return p;
}


static const u_char *
convrelay_speech_open_fence(convrelay_speech_t *s, const u_char *p,
    const u_char *end)
{
    s->region = CONVRELAY_SPEECH_FENCE;
    s->closer = *p;
    s->run = (end - p < 255) ? end - p : 255;
    s->count = 0;
    s->dropped += end - p;

    convrelay_speech_drop(s);

    return end;
}


/* up to a run of the marks that began it, wherever in a line */

const u_char *
convrelay_speech_fence(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last; p++) {

        if (*p != s->closer) {
            s->count = 0;

        } else if (++s->count == s->run) {
            s->region = CONVRELAY_SPEECH_TEXT;

            if (!s->bol) {
                convrelay_speech_newline(s);
            }

            p++;
            break;
        }
    }

    s->dropped += p - w->p;

    return p;
}


/* the rest of a line of marks */

const u_char *
convrelay_speech_rule(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last; p++) {

        if (*p == 0 || strchr("-*_=+|: \t", *p) == NULL) {
            s->region = CONVRELAY_SPEECH_TEXT;
            break;
        }
    }

    s->dropped += p - w->p;

    return p;
}
