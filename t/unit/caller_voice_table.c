
/*
 * Copyright (C) convrelay contributors
 *
 * The cases of voice.txt, which the page of convrelay_talk has to pass as well.
 *
 * link: src/caller/convrelay_caller_voice.c
 * link: src/caller/convrelay_caller_util.c
 */


#include <stdlib.h>

#include "tap.h"

#include "convrelay_caller_voice.h"


#define CASES  20      /* at least */


static int check(convrelay_caller_voice_t *v, char *line);
static int played(convrelay_caller_voice_t *v, const char *want);
static int cut(convrelay_caller_voice_t *v, char *line);
static int same(const convrelay_str_t *s, const char *want);
static char *quoted(char *line);


int
main(void)
{
    char                      line[256], name[256];
    FILE                     *file;
    unsigned                  n, lines;
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    name[0] = '\0';

    file = fopen("t/unit/voice.txt", "r");
    tap_ok(file != NULL, "there are cases");

    n = 0;

    for (lines = 1; file && fgets(line, sizeof(line), file); lines++) {
        line[strcspn(line, "\n")] = '\0';

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }

        if (line[0] == '=') {
            convrelay_caller_voice_free(&v);
            memset(&v, 0, sizeof(convrelay_caller_voice_t));
            convrelay_caller_voice_reset(&v);
            strcpy(name, line + 2);
            n++;
            continue;
        }

        if (!check(&v, line)) {
            tap_ok(0, "%s, line %u: %s", name, lines, line);
        }
    }

    tap_ok(n >= CASES, "%u cases", n);

    convrelay_caller_voice_free(&v);

    if (file) {
        fclose(file);
    }

    return tap_done();
}


/* does what a line says, or compares; 0: it is not so */

static int
check(convrelay_caller_voice_t *v, char *line)
{
    char       *text, word[16];
    int         k;
    long        a, b;
    int64_t     due;

    a = -1;
    b = -1;
    k = sscanf(line, "%15s %ld %ld", word, &a, &b);

    if (strcmp(line, "last") == 0) {
        v->last = 1;
        return 1;
    }

    if (strcmp(line, "reset") == 0) {
        convrelay_caller_voice_reset(v);
        return 1;
    }

    if (strcmp(line, "done") == 0) {
        return convrelay_caller_voice_done(v);
    }

    if (strcmp(line, "not done") == 0) {
        return !convrelay_caller_voice_done(v);
    }

    due = convrelay_caller_voice_due(v);

    if (strcmp(line, "due none") == 0) {
        return due == -1;
    }

    if (strcmp(word, "played") == 0) {
        return played(v, quoted(line));
    }

    if (k < 2) {
        return 0;
    }

    if (strcmp(word, "pace") == 0) {
        v->pace = a;

    } else if (strcmp(word, "start") == 0) {
        v->start = a;

    } else if (strcmp(word, "at") == 0) {
        convrelay_caller_voice_advance(v, a);

    } else if (strcmp(word, "finish") == 0) {
        convrelay_caller_voice_finish(v, a);

    } else if (strcmp(word, "spoken") == 0) {
        return v->chars == (size_t) a;

    } else if (strcmp(word, "due") == 0) {
        return due == a;

    } else if (strcmp(word, "end") == 0) {
        return convrelay_caller_clause(v->text.data, v->text.len, a, v->last)
               == (size_t) b;

    } else if (strcmp(word, "cut") == 0) {
        return cut(v, line);

    } else if (strcmp(word, "add") == 0) {
        text = quoted(line);

        if (text == NULL) {
            return 0;
        }

        convrelay_caller_voice_add(v, a, text, strlen(text));

    } else {
        return 0;
    }

    return 1;
}


/* want: NULL: none */

static int
played(convrelay_caller_voice_t *v, const char *want)
{
    convrelay_str_t  clause;

    if (convrelay_caller_voice_clause(v, &clause) != CONVRELAY_OK) {
        return want == NULL;
    }

    return want && same(&clause, want);
}


static int
cut(convrelay_caller_voice_t *v, char *line)
{
    char             *want;
    long              now, ms;
    int64_t           duration;
    convrelay_str_t   fragment;

    now = strtol(line + sizeof("cut"), NULL, 10);
    ms = strtol(strrchr(line, ' '), NULL, 10);
    want = quoted(line);

    convrelay_caller_voice_cut(v, now, &fragment, &duration);

    return want && same(&fragment, want) && duration == ms;
}


static int
same(const convrelay_str_t *s, const char *want)
{
    return s->len == strlen(want)
           && (s->len == 0 || memcmp(s->data, want, s->len) == 0);
}


/* the text in quotes, made of what stands for it in place; or NULL */

static char *
quoted(char *line)
{
    char  *p, *q, *start;

    start = strchr(line, '"');

    if (start == NULL) {
        return NULL;
    }

    start++;
    q = start;

    for (p = start; *p && *p != '"'; p++) {

        if (*p == '\\') {
            p++;
            *q++ = (*p == 'n') ? '\n' : (*p == 't') ? '\t' : *p;
            continue;
        }

        *q++ = *p;
    }

    *q = '\0';

    return start;
}
