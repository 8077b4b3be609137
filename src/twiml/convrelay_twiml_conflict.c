
/*
 * Copyright (C) convrelay contributors
 *
 * Settings that are valid alone, but not together.
 */


#include <strings.h>

#include "convrelay_twiml_attribute.h"


/* the settings that apply to one direction and one language */

typedef struct {
    const convrelay_twiml_t           *twiml;
    const convrelay_twiml_language_t  *language;  /* NULL: the relay itself */
    convrelay_twiml_conflict_t        *conflicts;
    size_t                             n;
} convrelay_twiml_look_t;


typedef int (*convrelay_twiml_shape_pt)(const convrelay_str_t *value);


/*
 * A value that needs another one: a setting whose value is one of "words", or
 * has the shape, conflicts with another one whose value is not in "fits" (NULL:
 * not the language of the voice).  A setting that is not known yet never
 * conflicts.
 */

typedef struct {
    const char                *setting;
    convrelay_twiml_shape_pt   shape;     /* or NULL: */
    const char                *words;
    const char                *other;
    const char                *fits;
    const char                *phrase;
} convrelay_twiml_need_t;


static void convrelay_twiml_look(convrelay_twiml_look_t *look,
    const convrelay_twiml_need_t *need);
static void convrelay_twiml_look_threshold(convrelay_twiml_look_t *look);
static void convrelay_twiml_conflict(convrelay_twiml_look_t *look,
    const char *phrase);

static const convrelay_str_t *convrelay_twiml_counts(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_own(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_setting(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_model(
    const convrelay_twiml_look_t *look);
static const convrelay_str_t *convrelay_twiml_language_of(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_pair(
    const convrelay_pair_t *pair, size_t n, const char *name);

static int convrelay_twiml_one_of(const convrelay_str_t *value,
    const char *words);
static int convrelay_twiml_is_google(const convrelay_str_t *voice);
static int convrelay_twiml_is_amazon(const convrelay_str_t *voice);
static int convrelay_twiml_is_elevenlabs(const convrelay_str_t *voice);
static int convrelay_twiml_speaks(const convrelay_str_t *voice,
    const convrelay_str_t *language);
static size_t convrelay_twiml_voice_tag(const convrelay_str_t *voice,
    const u_char **tag);


static const convrelay_str_t  convrelay_twiml_unset = convrelay_string("");


/* in each table, the first row that applies is reported */

static const convrelay_twiml_need_t  convrelay_twiml_speech[] = {

    { "ttsLanguage", NULL, "multi", "ttsProvider", "ElevenLabs",
      "speech in \"multi\" needs \"ttsProvider\" \"ElevenLabs\"" },

    { "voice", convrelay_twiml_is_google, NULL, "ttsProvider", "Google",
      "\"voice\" is a Google voice, set \"ttsProvider\" to \"Google\" as "
      "well" },

    { "voice", convrelay_twiml_is_amazon, NULL, "ttsProvider", "Amazon",
      "\"voice\" is an Amazon voice, set \"ttsProvider\" to \"Amazon\" as "
      "well" },

    { "voice", convrelay_twiml_is_elevenlabs, NULL, "ttsProvider",
      "ElevenLabs",
      "\"voice\" is an ElevenLabs voice, set \"ttsProvider\" to \"ElevenLabs\" "
      "as well" },

    { "voice", convrelay_twiml_is_google, NULL, "ttsLanguage", NULL,
      "\"voice\" is not a voice of the language that is spoken" },

    { NULL, NULL, NULL, NULL, NULL, NULL }
};


static const convrelay_twiml_need_t  convrelay_twiml_recognition[] = {

    { "transcriptionLanguage", NULL, "multi", "transcriptionProvider",
      "Deepgram",
      "recognition in \"multi\" needs \"transcriptionProvider\" "
      "\"Deepgram\"" },

    { "transcriptionLanguage", NULL, "multi", "speechModel",
      "nova-3-general nova-2-general",
      "recognition in \"multi\" needs \"speechModel\" \"nova-3-general\" "
      "or \"nova-2-general\"" },

    { "speechModel", NULL, "nova-* flux*", "transcriptionProvider",
      "Deepgram",
      "\"speechModel\" is a Deepgram model, but \"transcriptionProvider\" is "
      "\"Google\"" },

    { "speechModel", NULL, "telephony", "transcriptionProvider", "Google",
      "\"speechModel\" is a Google model, but \"transcriptionProvider\" is "
      "\"Deepgram\"" },

    { NULL, NULL, NULL, NULL, NULL, NULL }
};


size_t
convrelay_twiml_conflicts(const convrelay_twiml_t *t,
    convrelay_twiml_conflict_t *c)
{
    size_t                  i;
    convrelay_twiml_look_t  look;

    look.twiml = t;
    look.language = NULL;
    look.conflicts = c;
    look.n = 0;

    convrelay_twiml_look(&look, convrelay_twiml_speech);
    convrelay_twiml_look(&look, convrelay_twiml_recognition);
    convrelay_twiml_look_threshold(&look);

    for (i = 0; i < t->nlanguages; i++) {
        look.language = &t->languages[i];

        convrelay_twiml_look(&look, convrelay_twiml_speech);
        convrelay_twiml_look(&look, convrelay_twiml_recognition);
    }

    return look.n;
}


static void
convrelay_twiml_look(convrelay_twiml_look_t *look,
    const convrelay_twiml_need_t *need)
{
    int                     applies, fits;
    const convrelay_str_t  *value, *other;

    for ( /* void */ ; need->setting; need++) {
        value = convrelay_twiml_counts(look, need->setting);
        other = convrelay_twiml_counts(look, need->other);

        if (value == NULL || value->len == 0
            || other == NULL || other->len == 0)
        {
            continue;
        }

        applies = need->shape ? need->shape(value)
                              : convrelay_twiml_one_of(value, need->words);

        fits = need->fits ? convrelay_twiml_one_of(other, need->fits)
                          : convrelay_twiml_speaks(value, other);

        if (applies && !fits) {
            convrelay_twiml_conflict(look, need->phrase);
            return;
        }
    }
}


/* one language that has the setting is enough */

static void
convrelay_twiml_look_threshold(convrelay_twiml_look_t *look)
{
    size_t                  i;
    convrelay_twiml_look_t  other;
    const convrelay_str_t  *threshold, *model, *provider;

    threshold = convrelay_twiml_own(look, "eotThreshold");

    if (threshold == NULL || threshold->len == 0) {
        return;
    }

    other = *look;

    for (i = 0; i <= look->twiml->nlanguages; i++) {

        if (i) {
            other.language = &look->twiml->languages[i - 1];
        }

        model = convrelay_twiml_own(&other, "speechModel");

        provider = convrelay_twiml_setting(&other, "transcriptionProvider");

        if (model == NULL
            || (convrelay_twiml_one_of(model, "flux*")
                && !(provider && convrelay_twiml_one_of(provider, "Google"))))
        {
            return;
        }
    }

    convrelay_twiml_conflict(look, "\"eotThreshold\" needs \"speechModel\" "
                             "\"flux\" of Deepgram");
}


static void
convrelay_twiml_conflict(convrelay_twiml_look_t *look, const char *phrase)
{
    convrelay_twiml_conflict_t  *c;

    if (look->n == CONVRELAY_TWIML_MAX_CONFLICTS) {
        return;
    }

    c = &look->conflicts[look->n++];

    c->phrase = phrase;
    c->code = look->language ? &look->language->code : NULL;
}


/*
 * The value that counts for the relay or a language.  NULL: it is not known
 * yet; empty: there is none.
 */

static const convrelay_str_t *
convrelay_twiml_counts(const convrelay_twiml_look_t *look, const char *name)
{
    const convrelay_str_t  *value;

    static const convrelay_str_t  by_default = convrelay_string("ElevenLabs");

    if (strcmp(name, "voice") == 0) {

        /* not the relay's: each provider has its own for a language */

        return convrelay_twiml_own(look, name);
    }

    if (strcmp(name, "speechModel") == 0) {
        return convrelay_twiml_model(look);
    }

    if (strstr(name, "Language")) {
        return convrelay_twiml_language_of(look, name);
    }

    value = convrelay_twiml_setting(look, name);

    return (value == &convrelay_twiml_unset
            && strcmp(name, "ttsProvider") == 0) ? &by_default : value;
}


/* the value that is set; &convrelay_twiml_unset if there is none */

static const convrelay_str_t *
convrelay_twiml_own(const convrelay_twiml_look_t *look, const char *name)
{
    if (look->language) {
        return convrelay_twiml_pair(look->language->attributes,
                                    look->language->nattributes, name);
    }

    return convrelay_twiml_pair(look->twiml->attributes,
                                look->twiml->nattributes, name);
}


static const convrelay_str_t *
convrelay_twiml_setting(const convrelay_twiml_look_t *look, const char *name)
{
    const convrelay_str_t  *value;

    value = convrelay_twiml_own(look, name);

    if (value == NULL || value->len || look->language == NULL) {
        return value;
    }

    return convrelay_twiml_pair(look->twiml->attributes,
                                look->twiml->nattributes, name);
}


/* the relay's model does not apply to another provider */

static const convrelay_str_t *
convrelay_twiml_model(const convrelay_twiml_look_t *look)
{
    if (convrelay_twiml_own(look, "transcriptionProvider")
        == &convrelay_twiml_unset)
    {
        return convrelay_twiml_setting(look, "speechModel");
    }

    return convrelay_twiml_own(look, "speechModel");
}


static const convrelay_str_t *
convrelay_twiml_language_of(const convrelay_twiml_look_t *look,
    const char *name)
{
    const convrelay_str_t  *value;

    static const convrelay_str_t  by_default = convrelay_string("en-US");

    if (look->language) {
        return look->language->code.data ? &look->language->code : NULL;
    }

    value = convrelay_twiml_own(look, name);

    if (value && value->len == 0) {
        value = convrelay_twiml_own(look, "language");
    }

    if (value && value->len == 0) {
        value = &by_default;
    }

    return value;
}


static const convrelay_str_t *
convrelay_twiml_pair(const convrelay_pair_t *pair, size_t n, const char *name)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (convrelay_str_is_nocase(&pair[i].name, name)) {
            break;
        }
    }

    if (i == n) {
        return &convrelay_twiml_unset;
    }

    if (pair[i].value.data == NULL) {
        return NULL;
    }

    return pair[i].value.len ? &pair[i].value : &convrelay_twiml_unset;
}


/*
 * Whether the value is one of the words, which are separated by spaces; a word
 * that ends in "*" is a prefix.  Some of Twilio's examples write providers in
 * lower case.
 */

static int
convrelay_twiml_one_of(const convrelay_str_t *value, const char *words)
{
    size_t           len;
    convrelay_str_t  start;

    for ( ;; ) {
        len = strcspn(words, " ");
        start = *value;

        if (words[len - 1] == '*') {
            start.len = (start.len < len - 1) ? start.len : len - 1;
        }

        if (start.len == len - (words[len - 1] == '*')
            && strncasecmp((const char *) start.data, words, start.len) == 0)
        {
            return 1;
        }

        if (words[len] == '\0') {
            return 0;
        }

        words += len + 1;
    }
}


static int
convrelay_twiml_speaks(const convrelay_str_t *voice,
    const convrelay_str_t *language)
{
    size_t         len;
    const u_char  *tag;

    len = convrelay_twiml_voice_tag(voice, &tag);

    return language->len == len && memcmp(language->data, tag, len) == 0;
}


static int
convrelay_twiml_is_google(const convrelay_str_t *voice)
{
    const u_char  *tag;

    return convrelay_twiml_voice_tag(voice, &tag) != 0;
}


/* "Joanna-Neural" */

static int
convrelay_twiml_is_amazon(const convrelay_str_t *voice)
{
    size_t  i;

    for (i = 0; i < voice->len; i++) {

        if (voice->data[i] == '-') {
            break;
        }
    }

    return i > 0
           && voice->len - i == sizeof("-Neural") - 1
           && memcmp(voice->data + i, "-Neural", voice->len - i) == 0;
}


/* an opaque id of 20 letters and digits, optionally with "-" and a model */

static int
convrelay_twiml_is_elevenlabs(const convrelay_str_t *voice)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < voice->len; i++) {
        ch = voice->data[i];

        if (!((ch >= '0' && ch <= '9')
              || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')))
        {
            break;
        }
    }

    return i == 20 && (i == voice->len || voice->data[i] == '-');
}


/* Google's are named "en-US-Journey-O", also with "Google." before it */

static size_t
convrelay_twiml_voice_tag(const convrelay_str_t *voice, const u_char **tag)
{
    size_t         n;
    const u_char  *p, *last;

    p = voice->data;
    last = p + voice->len;

    if (convrelay_str_starts_nocase(voice, "Google.")) {
        p += sizeof("Google.") - 1;
    }

    *tag = p;

    for (n = 0; p < last && *p >= 'a' && *p <= 'z'; p++) {
        n++;
    }

    if (n < 2 || n > 3 || last - p < 5 || p[0] != '-' || p[3] != '-'
        || p[1] < 'A' || p[1] > 'Z' || p[2] < 'A' || p[2] > 'Z')
    {
        return 0;
    }

    return n + 3;
}
