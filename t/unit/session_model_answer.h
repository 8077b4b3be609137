
/*
 * Copyright (C) convrelay contributors
 *
 * What an LLM writes, and what the caller is to hear of it.  An answer is made
 * of fragments; for each of them it is known by heart what is spoken, and what
 * the history has.  So this is not the code of the filter once more, and what
 * it says of a whole answer does not depend on how that is cut.
 *
 * A fragment begins with a word that no other one has, and clauses end where
 * fragments do, so that a report is found in one place only.
 */


#ifndef CONVRELAY_SESSION_MODEL_ANSWER_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_ANSWER_H_INCLUDED


#include <ctype.h>

#include "convrelay_speech.h"
#include "convrelay_pronounce.h"


#define MAX_TEXT     163840
#define MAX_WORDS    1024
#define MAX_PARTS    32
#define NUMBERED     5      /* bytes of the first word */
#define MARKER       "(cut off)"


/* one that is not spoken as it is written */

typedef struct {
    size_t    spoken;
    size_t    spoken_len;
    size_t    written;
    size_t    written_len;
} word_t;


/* what an answer says before it calls tools is a message of its own */

typedef struct {
    size_t    from;
    size_t    len;
    long      entry;                /* in the history, or -1 */
} part_t;


typedef struct {
    char      spoken[MAX_TEXT];     /* all that is to be said */
    char      written[MAX_TEXT];    /* as the history has it */
    char      raw[MAX_TEXT];        /* what the LLM wrote in this request */
    size_t    spoken_len;
    size_t    written_len;
    size_t    raw_len;
    size_t    fed;                  /* of raw */
    size_t    safe;                 /* here it may stop, for long or ever */
    size_t    safe_spoken;
    size_t    safe_written;
    size_t    request;              /* of spoken: where the request began */
    size_t    to;                   /* what was sent ends here */
    size_t    voice;                /* what is spoken ends here */
    size_t    clause;               /* the last report began here */
    size_t    base;                 /* of written: the message begins here */
    long      entry;                /* the message, or -1 */
    word_t    words[MAX_WORDS];
    unsigned  nwords;
    part_t    parts[MAX_PARTS];
    unsigned  nparts;
    unsigned  live:1;               /* it can be cut */
    unsigned  cut:1;                /* the caller ended it early */
    unsigned  error:1;              /* the error message is after it */
    unsigned  reported:1;
    unsigned  mixed:1;              /* actions said something in between */
    unsigned  went_on;
} answer_t;


/*
 * What is spoken for a fragment.  "\1" begins a word of the lexicon, "\2" its
 * pronunciation, which "\3" ends; "\4" and "\5" are where the marker was, with
 * and without a blank.  NULL: as with "on".  Up to "\6" it is the same even if
 * no more comes, or for so long that what waits is spoken.
 */

typedef struct {
    const char  *raw;
    const char  *off;
    const char  *on;
    const char  *ssml;
    const char  *foreign;           /* where English is not spoken */
} fragment_t;


#define NGINX     "\1nginx\2engine x\3"
#define NEW_YORK  "\1New York\2the big apple\3"


static const fragment_t  fragments[] = {
    { "w%04u red, ", "w%04u red, ", "w%04u red, ", NULL, NULL },
    { "w%04u blue and _green_.\6 ", "w%04u blue and _green_.\6 ",
      "w%04u blue and green.\6 ", NULL, NULL },
    { "w%04u is that right? ", "w%04u is that right? ",
      "w%04u is that right? ", NULL, NULL },
    { "w%04u 10:30 and 3.50 or -4, ", "w%04u 10:30 and 3.50 or -4, ",
      "w%04u 10:30 and 3.50 or -4, ", NULL, NULL },
    { "w%04u a **bold** thing, ", "w%04u a **bold** thing, ",
      "w%04u a bold thing, ", NULL, NULL },
    { "w%04u the user_id here. ", "w%04u the user_id here. ",
      "w%04u the user id here. ", NULL, NULL },
    { "w%04u caf\xc3\xa9 \xf0\x9f\x98\x80 time, ",
      "w%04u caf\xc3\xa9 \xf0\x9f\x98\x80 time, ",
      "w%04u caf\xc3\xa9 time, ", NULL, NULL },
    { "w%04u on [our page](https://x.example/a?b=(c)) there. ",
      "w%04u on [our page](https://x.example/a?b=(c)) there. ",
      "w%04u on our page there. ", NULL, NULL },
    { "w%04u now <break time=\"300ms\"/> then, ",
      "w%04u now <break time=\"300ms\"/> then, ",
      "w%04u now then, ", "w%04u now <break time=\"300ms\"/> then, ", NULL },
    { "w%04u fish & chips, ", "w%04u fish & chips, ",
      "w%04u fish and chips, ", NULL, "w%04u fish & chips, " },
    { "w%04u well <think>no **not** &amp; nginx</think>yes, ",
      "w%04u well <think>no **not** &amp; " NGINX "</think>yes, ",
      "w%04u well yes, ", NULL, NULL },
    { "w%04u use `nginx -t` now, ", "w%04u use `" NGINX " -t` now, ",
      "w%04u use " NGINX " -t now, ", NULL, NULL },
    { "w%04u New York and new ideas, ",
      "w%04u " NEW_YORK " and \1new\2nyoo\3 ideas, ",
      "w%04u " NEW_YORK " and \1new\2nyoo\3 ideas, ", NULL, NULL },
    { "w%04u nginxes or SQL\6 not sql. ",
      "w%04u nginxes or \1SQL\2sequel\3\6 not sql. ",
      "w%04u nginxes or \1SQL\2sequel\3\6 not sql. ", NULL, NULL },
    { "w%04u a **new**\6 one, ", "w%04u a **\1new\2nyoo\3**\6 one, ",
      "w%04u a \1new\2nyoo\3\6 one, ", NULL, NULL },
    { "w%04u an old " MARKER " tree, ", "w%04u an old \4tree, ",
      "w%04u an old \4tree, ", NULL, NULL },
    { "w%04u an **old" MARKER "** nginx" MARKER ", ",
      "w%04u an **old\5** " NGINX "\5, ",
      "w%04u an old\5 " NGINX "\5, ", NULL, NULL },
};

#define FRAGMENTS  (sizeof(fragments) / sizeof(fragments[0]))


static convrelay_lexicon_word_t  words[] = {
    { .word = convrelay_string("nginx"),
      .spoken = convrelay_string("engine x") },
    { .word = convrelay_string("New York"),
      .spoken = convrelay_string("the big apple") },
    { .word = convrelay_string("new"), .spoken = convrelay_string("nyoo") },
    { .word = convrelay_string("SQL"), .spoken = convrelay_string("sequel"),
      .exact = 1 },
};

static u_char  keys[4][2 * CONVRELAY_LEXICON_WORD];

static convrelay_lexicon_t  lexicon = { .words = words, .nwords = 4 };


static void
lexicon_init(void)
{
    size_t  i;

    for (i = 0; i < 4; i++) {
        words[i].number = i;
        words[i].key.data = keys[i];
        words[i].key.len = convrelay_lexicon_key(keys[i], &words[i].word)
                           - keys[i];
    }

    (void) convrelay_lexicon_sort(&lexicon);
}


static void
answer_new(answer_t *a)
{
    size_t  len;

    /* the texts are long, and not looked at */

    len = offsetof(answer_t, spoken_len);

    memset((char *) a + len, 0, sizeof(answer_t) - len);

    a->entry = -1;
}


static void
answer_chars(answer_t *a, const char *p, size_t len)
{
    if (a->spoken_len + len > MAX_TEXT || a->written_len + len > MAX_TEXT) {
        abort();
    }

    memcpy(a->spoken + a->spoken_len, p, len);
    memcpy(a->written + a->written_len, p, len);

    a->spoken_len += len;
    a->written_len += len;
}


static void
answer_word(answer_t *a, const char *written, size_t written_len,
    const char *spoken, size_t spoken_len)
{
    word_t  *word;

    if (a->nwords == MAX_WORDS) {
        abort();
    }

    word = &a->words[a->nwords++];

    word->spoken = a->spoken_len;
    word->spoken_len = spoken_len;
    word->written = a->written_len;
    word->written_len = written_len;

    memcpy(a->spoken + a->spoken_len, spoken, spoken_len);
    memcpy(a->written + a->written_len, written, written_len);

    a->spoken_len += spoken_len;
    a->written_len += written_len;
}


/* appends what is to be heard, with the marks of a fragment */

static void
answer_expect(answer_t *a, const convrelay_session_conf_t *conf, const char *p)
{
    size_t       n;
    const char  *said, *end;

    while (*p) {
        n = strcspn(p, "\1\4\5\6");

        answer_chars(a, p, n);
        p += n;

        switch (*p) {

        case '\1':
            said = strchr(p, '\2');
            end = strchr(p, '\3');

            if (conf->lexicon) {
                answer_word(a, p + 1, said - p - 1, said + 1, end - said - 1);

            } else {
                answer_chars(a, p + 1, said - p - 1);
            }

            p = end + 1;
            break;

        case '\6':
            a->safe_spoken = a->spoken_len;
            a->safe_written = a->written_len;
            p++;
            break;

        case '\4':
        case '\5':

            if (conf->spoken_marker.len == 0) {
                answer_chars(a, MARKER, strlen(MARKER));
            }

            if (conf->spoken_marker.len == 0 && *p == '\4') {
                answer_chars(a, " ", 1);
            }

            p++;
        }
    }
}


/* the LLM goes on with a fragment */

static void
answer_fragment(answer_t *a, const convrelay_session_conf_t *conf,
    unsigned english, const fragment_t *f, unsigned number)
{
    char         buf[256], *p;
    const char  *want;

    sprintf(buf, f->raw, number);

    for (p = buf; *p; p++) {

        if (*p == '\6') {
            a->safe = a->raw_len;

        } else {
            a->raw[a->raw_len++] = *p;
        }
    }

    want = f->on;

    if (conf->speech == CONVRELAY_SPEECH_OFF) {
        want = f->off;

    } else if (conf->speech == CONVRELAY_SPEECH_SSML && f->ssml) {
        want = f->ssml;

    } else if (f->foreign && !english) {
        want = f->foreign;
    }

    sprintf(buf, want, number);
    answer_expect(a, conf, buf);
}


/*
 * What the rooms themselves make of all that the LLM wrote in a request, in one
 * piece.  Returns its length.
 */

static size_t
answer_whole(answer_t *a, const convrelay_session_conf_t *conf,
    const convrelay_str_t *lang, char *buf)
{
    size_t                      len;
    char                       *text, *next;
    convrelay_str_t             in, out;
    convrelay_speech_t          filter;
    convrelay_spoken_t          spoken;
    convrelay_pronounce_t       pronounce;
    convrelay_speech_think_t    think;
    convrelay_speech_marker_t   marker;

    text = malloc(4 * MAX_TEXT);
    next = text + 2 * MAX_TEXT;

    memcpy(text, a->raw, a->raw_len);
    len = a->raw_len;

#define stage(call, flush)                                                   \
    {                                                                        \
        char  *p = next;                                                     \
                                                                             \
        in.data = (u_char *) text;                                           \
        in.len = len;                                                        \
                                                                             \
        while (in.len) {                                                     \
            call;                                                            \
            memcpy(p, out.data, out.len);                                    \
            p += out.len;                                                    \
        }                                                                    \
                                                                             \
        flush;                                                               \
        memcpy(p, out.data, out.len);                                        \
        p += out.len;                                                        \
                                                                             \
        len = p - next;                                                      \
        p = text;                                                            \
        text = next;                                                         \
        next = p;                                                            \
    }

    memset(&filter, 0, sizeof(filter));
    memset(&pronounce, 0, sizeof(pronounce));
    memset(&think, 0, sizeof(think));
    memset(&marker, 0, sizeof(marker));

    if (conf->speech != CONVRELAY_SPEECH_OFF) {
        stage(convrelay_speech_think(&think, &in, &out),
              convrelay_speech_think_flush(&think, &out));
    }

    if (conf->spoken_marker.len) {
        stage(convrelay_speech_marker(&marker, &conf->spoken_marker, &in, &out),
              convrelay_speech_marker_flush(&marker, &conf->spoken_marker,
                                            &out));
    }

    if (conf->speech != CONVRELAY_SPEECH_OFF) {
        filter.mode = conf->speech;
        filter.english = convrelay_speech_english(lang);

        stage(convrelay_speech_read(&filter, &in, &out); in.len = 0,
              convrelay_speech_end(&filter, &out));
    }

    if (conf->lexicon) {
        in.data = (u_char *) text;
        in.len = len;
        pronounce.lang = *lang;

        (void) convrelay_pronounce_read(&pronounce, conf->lexicon, &in,
                                        CONVRELAY_PRONOUNCE_END, &spoken);

        len = spoken.spoken.len;
        memcpy(buf, spoken.spoken.data, len);

    } else {
        memcpy(buf, text, len);
    }

#undef stage

    convrelay_speech_free(&filter);
    convrelay_pronounce_free(&pronounce);

    free((text < next) ? text : next);

    return len;
}


/* how much the history has of what was heard: of a word, all */

static size_t
answer_written(const answer_t *a, size_t heard)
{
    size_t         pos;
    unsigned       i;
    const word_t  *word;

    pos = heard;

    for (i = 0; i < a->nwords; i++) {
        word = &a->words[i];

        if (heard <= word->spoken) {
            break;
        }

        if (heard < word->spoken + word->spoken_len) {
            return word->written + word->written_len;
        }

        pos = word->written + word->written_len
              + heard - word->spoken - word->spoken_len;
    }

    return pos;
}


/* the LLM writes no more than that */

static void
answer_stop(answer_t *a)
{
    a->raw_len = a->safe;
    a->spoken_len = a->safe_spoken;
    a->written_len = a->safe_written;
}


/* nothing more than what was sent is left of it */

static void
answer_end(answer_t *a)
{
    a->written_len = answer_written(a, a->to);
    a->spoken_len = a->to;

    while (a->nwords && a->words[a->nwords - 1].spoken >= a->to) {
        a->nwords--;
    }
}


static unsigned
answer_has_word(const answer_t *a, size_t from, size_t to)
{
    for ( /* void */ ; from < to; from++) {

        if (isalnum((u_char) a->spoken[from])) {
            return 1;
        }
    }

    return 0;
}


static size_t
answer_skip(const answer_t *a, size_t pos)
{
    while (pos < a->spoken_len && a->spoken[pos] == ' ') {
        pos++;
    }

    return pos;
}


static size_t
answer_chars_left(const answer_t *a, size_t from)
{
    size_t  n;

    for (n = 0; from < a->spoken_len; from++) {
        n += (a->spoken[from] & 0xc0) != 0x80;
    }

    return n;
}


/* where the clause ends that begins at pos; 0: its end was not sent yet */

static size_t
answer_clause(const answer_t *a, size_t pos)
{
    for ( /* void */ ; pos + 1 < a->to; pos++) {

        if (strchr(",.?", a->spoken[pos]) && a->spoken[pos + 1] == ' ') {
            return pos + 1;
        }
    }

    return 0;
}


#endif /* CONVRELAY_SESSION_MODEL_ANSWER_H_INCLUDED */
