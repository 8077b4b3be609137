
/*
 * Copyright (C) convrelay contributors
 *
 * Settings that are right alone, but not together.
 */


#include "convrelay_twiml_attribute.h"


/* what counts for one direction and one language */

typedef struct {
    const convrelay_twiml_t           *twiml;
    const convrelay_twiml_language_t  *language;  /* NULL: the relay itself */
    convrelay_twiml_conflict_t        *conflicts;
    size_t                             n;
} convrelay_twiml_look_t;


typedef int (*convrelay_twiml_shape_pt)(const convrelay_str_t *voice);


static void convrelay_twiml_look_speech(convrelay_twiml_look_t *look);
static void convrelay_twiml_look_voice(convrelay_twiml_look_t *look,
    const convrelay_str_t *provider, const convrelay_str_t *language);
static void convrelay_twiml_look_recognition(convrelay_twiml_look_t *look);
static void convrelay_twiml_look_model(convrelay_twiml_look_t *look,
    const convrelay_str_t *provider, const convrelay_str_t *model);
static void convrelay_twiml_look_threshold(convrelay_twiml_look_t *look);
static void convrelay_twiml_conflict(convrelay_twiml_look_t *look,
    const char *phrase);

static const convrelay_str_t *convrelay_twiml_own(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_setting(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_language_of(
    const convrelay_twiml_look_t *look, const char *name);
static const convrelay_str_t *convrelay_twiml_pair(
    const convrelay_pair_t *pair, size_t n, const char *name);

static int convrelay_twiml_is(const convrelay_str_t *value,
    const char *word);
static int convrelay_twiml_starts(const convrelay_str_t *value,
    const char *word);
static int convrelay_twiml_is_google(const convrelay_str_t *voice);
static int convrelay_twiml_is_amazon(const convrelay_str_t *voice);
static int convrelay_twiml_is_elevenlabs(const convrelay_str_t *voice);
static size_t convrelay_twiml_voice_tag(const convrelay_str_t *voice,
    const u_char **tag);


static const convrelay_str_t  convrelay_twiml_unset = convrelay_string("");


static const struct {
    const char                *provider;
    convrelay_twiml_shape_pt   shape;
    const char                *phrase;
} convrelay_twiml_voices[] = {
    { "Google", convrelay_twiml_is_google,
      "\"voice\" is one of Google, set \"ttsProvider\" to \"Google\", too" },
    { "Amazon", convrelay_twiml_is_amazon,
      "\"voice\" is one of Amazon, set \"ttsProvider\" to \"Amazon\", too" },
    { "ElevenLabs", convrelay_twiml_is_elevenlabs,
      "\"voice\" is one of ElevenLabs, set \"ttsProvider\" to "
      "\"ElevenLabs\", too" }
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

    convrelay_twiml_look_speech(&look);
    convrelay_twiml_look_recognition(&look);
    convrelay_twiml_look_threshold(&look);

    for (i = 0; i < t->nlanguages; i++) {
        look.language = &t->languages[i];

        convrelay_twiml_look_speech(&look);
        convrelay_twiml_look_recognition(&look);
    }

    return look.n;
}


static void
convrelay_twiml_look_speech(convrelay_twiml_look_t *look)
{
    const convrelay_str_t  *provider, *language;

    provider = convrelay_twiml_setting(look, "ttsProvider");
    language = convrelay_twiml_language_of(look, "ttsLanguage");

    if (convrelay_twiml_is(language, "multi")
        && provider && provider->len
        && !convrelay_twiml_is(provider, "ElevenLabs"))
    {
        convrelay_twiml_conflict(look, "speech in \"multi\" needs "
                                 "\"ttsProvider\" \"ElevenLabs\"");
        return;
    }

    convrelay_twiml_look_voice(look, provider, language);
}


/* a voice that is not set is the provider's default for the language */

static void
convrelay_twiml_look_voice(convrelay_twiml_look_t *look,
    const convrelay_str_t *provider, const convrelay_str_t *language)
{
    size_t                  i, len;
    const u_char           *tag;
    const convrelay_str_t  *voice;

    static const convrelay_str_t  by_default = convrelay_string("ElevenLabs");

    voice = convrelay_twiml_own(look, "voice");

    if (voice == NULL || voice->len == 0 || provider == NULL) {
        return;
    }

    if (provider->len == 0) {
        provider = &by_default;
    }

    for (i = 0; i < sizeof(convrelay_twiml_voices)
                    / sizeof(convrelay_twiml_voices[0]); i++)
    {
        if (convrelay_twiml_voices[i].shape(voice)
            && !convrelay_twiml_is(provider,
                                   convrelay_twiml_voices[i].provider))
        {
            convrelay_twiml_conflict(look, convrelay_twiml_voices[i].phrase);
            return;
        }
    }

    len = convrelay_twiml_voice_tag(voice, &tag);

    if (len && language
        && (language->len != len || memcmp(language->data, tag, len) != 0))
    {
        convrelay_twiml_conflict(look, "\"voice\" is one of another language "
                                 "than that of speech");
    }
}


static void
convrelay_twiml_look_recognition(convrelay_twiml_look_t *look)
{
    const convrelay_str_t  *provider, *language, *model;

    provider = convrelay_twiml_setting(look, "transcriptionProvider");
    language = convrelay_twiml_language_of(look, "transcriptionLanguage");

    /* the model of the relay does not go with another provider */

    if (convrelay_twiml_own(look, "transcriptionProvider")
        == &convrelay_twiml_unset)
    {
        model = convrelay_twiml_setting(look, "speechModel");

    } else {
        model = convrelay_twiml_own(look, "speechModel");
    }

    if (!convrelay_twiml_is(language, "multi")) {
        convrelay_twiml_look_model(look, provider, model);
        return;
    }

    if (convrelay_twiml_is(provider, "Google")) {
        convrelay_twiml_conflict(look, "recognition in \"multi\" needs "
                                 "\"transcriptionProvider\" \"Deepgram\"");
        return;
    }

    if (model && model->len
        && !convrelay_twiml_is(model, "nova-2-general")
        && !convrelay_twiml_is(model, "nova-3-general"))
    {
        convrelay_twiml_conflict(look, "recognition in \"multi\" needs "
                                 "\"speechModel\" \"nova-3-general\" or "
                                 "\"nova-2-general\"");
    }
}


static void
convrelay_twiml_look_model(convrelay_twiml_look_t *look,
    const convrelay_str_t *provider, const convrelay_str_t *model)
{
    if (convrelay_twiml_is(provider, "Google")
        && (convrelay_twiml_starts(model, "nova-")
            || convrelay_twiml_starts(model, "flux")))
    {
        convrelay_twiml_conflict(look, "\"speechModel\" is one of Deepgram, "
                                 "but \"transcriptionProvider\" is "
                                 "\"Google\"");

    } else if (convrelay_twiml_is(provider, "Deepgram")
               && convrelay_twiml_is(model, "telephony"))
    {
        convrelay_twiml_conflict(look, "\"speechModel\" is one of Google, "
                                 "but \"transcriptionProvider\" is "
                                 "\"Deepgram\"");
    }
}


/* one language that has what it needs is enough */

static void
convrelay_twiml_look_threshold(convrelay_twiml_look_t *look)
{
    size_t                  i;
    convrelay_twiml_look_t  other;
    const convrelay_str_t  *threshold, *model;

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

        if (model == NULL
            || (convrelay_twiml_starts(model, "flux")
                && !convrelay_twiml_is(
                       convrelay_twiml_setting(&other,
                                               "transcriptionProvider"),
                       "Google")))
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


/* NULL: it is not known yet; &convrelay_twiml_unset: there is none */

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

        if (convrelay_twiml_is(&pair[i].name, name)) {
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


static int
convrelay_twiml_is(const convrelay_str_t *value, const char *word)
{
    return value && convrelay_str_is_nocase(value, word);
}


/* examples of Twilio have names of providers in lower case, too */

static int
convrelay_twiml_starts(const convrelay_str_t *value, const char *word)
{
    return value && convrelay_str_starts_nocase(value, word);
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


/* an opaque id of 20 letters and digits, maybe with "-" and a model */

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

    if (convrelay_twiml_starts(voice, "Google.")) {
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
