
/*
 * Copyright (C) convrelay contributors
 *
 * The table of attributes.
 */


#include "convrelay_twiml_attribute.h"


typedef struct convrelay_twiml_kind_s  convrelay_twiml_kind_t;

typedef int (*convrelay_twiml_check_pt)(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);


struct convrelay_twiml_kind_s {
    convrelay_twiml_check_pt   check;
    const char                *words;   /* the allowed words, separated by
                                           spaces */
    const char                *error;
};


typedef struct {
    const char                    *name;
    const convrelay_twiml_kind_t  *kind;        /* NULL: any text */
    unsigned                       language;    /* <Language> has it, too */
} convrelay_twiml_rule_t;


static const convrelay_twiml_rule_t *convrelay_twiml_find(
    const convrelay_str_t *name);
static const char *convrelay_twiml_nearest(convrelay_twiml_element_e element,
    const convrelay_str_t *name);

static int convrelay_twiml_word(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);
static int convrelay_twiml_word_nocase(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);
static int convrelay_twiml_list(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);
static int convrelay_twiml_is_in(const char *words, const u_char *p,
    size_t len, unsigned nocase);
static int convrelay_twiml_tag(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);
static int convrelay_twiml_timeout(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);
static int convrelay_twiml_threshold(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value);


static const convrelay_twiml_kind_t  convrelay_twiml_bool = {
    convrelay_twiml_word, "true false",
    "write \"true\" or \"false\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_input = {
    convrelay_twiml_word, "none dtmf speech any",
    "write \"none\", \"dtmf\", \"speech\" or \"any\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_interrupt = {
    convrelay_twiml_word, "none dtmf speech any true false",
    "write \"none\", \"dtmf\", \"speech\" or \"any\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_level = {
    convrelay_twiml_word, "low medium high",
    "write \"low\", \"medium\" or \"high\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_normalization = {
    convrelay_twiml_word, "on auto off",
    "write \"on\", \"auto\" or \"off\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_tts = {
    convrelay_twiml_word_nocase, "Google Amazon ElevenLabs",
    "write \"Google\", \"Amazon\" or \"ElevenLabs\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_stt = {
    convrelay_twiml_word_nocase, "Deepgram Google",
    "write \"Deepgram\" or \"Google\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_events = {
    convrelay_twiml_list, "speaker-events tokens-played config-updated",
    "write one or more of \"speaker-events\", \"tokens-played\" and "
    "\"config-updated\", separated by spaces"
};

static const convrelay_twiml_kind_t  convrelay_twiml_debug = {
    convrelay_twiml_list, "debugging speaker-events tokens-played",
    "write one or more of \"debugging\", \"speaker-events\" and "
    "\"tokens-played\", separated by spaces"
};

static const convrelay_twiml_kind_t  convrelay_twiml_language = {
    convrelay_twiml_tag, NULL,
    "write a language such as \"en-US\", or \"multi\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_speech_timeout = {
    convrelay_twiml_timeout, NULL,
    "write milliseconds, from 600 to 5000, or \"auto\""
};

static const convrelay_twiml_kind_t  convrelay_twiml_eot_threshold = {
    convrelay_twiml_threshold, NULL,
    "write a number from 0.5 to 0.9"
};


static const convrelay_twiml_rule_t  convrelay_twiml_rules[] = {
    { "welcomeGreeting", NULL, 0 },
    { "welcomeGreetingInterruptible", &convrelay_twiml_interrupt, 0 },
    { "language", &convrelay_twiml_language, 0 },
    { "ttsLanguage", &convrelay_twiml_language, 0 },
    { "transcriptionLanguage", &convrelay_twiml_language, 0 },
    { "ttsProvider", &convrelay_twiml_tts, 1 },
    { "voice", NULL, 1 },
    { "transcriptionProvider", &convrelay_twiml_stt, 1 },
    { "speechModel", NULL, 1 },
    { "interruptible", &convrelay_twiml_interrupt, 0 },
    { "interruptSensitivity", &convrelay_twiml_level, 0 },
    { "ignoreBackchannel", &convrelay_twiml_bool, 0 },
    { "reportInputDuringAgentSpeech", &convrelay_twiml_input, 0 },
    { "preemptible", &convrelay_twiml_bool, 0 },
    { "dtmfDetection", &convrelay_twiml_bool, 0 },
    { "partialPrompts", &convrelay_twiml_bool, 0 },
    { "speechTimeout", &convrelay_twiml_speech_timeout, 0 },
    { "eotThreshold", &convrelay_twiml_eot_threshold, 0 },
    { "deepgramSmartFormat", &convrelay_twiml_bool, 0 },
    { "profanityFilter", &convrelay_twiml_bool, 0 },
    { "hints", NULL, 0 },
    { "elevenlabsTextNormalization", &convrelay_twiml_normalization, 0 },
    { "events", &convrelay_twiml_events, 0 },
    { "debug", &convrelay_twiml_debug, 0 },
    { "intelligenceService", NULL, 0 },
    { "conversationConfiguration", NULL, 0 },
    { "backgroundNoiseReduction", NULL, 0 },
    { "applicationReconnect", &convrelay_twiml_bool, 0 },
    { "echoPromptFiltering", &convrelay_twiml_bool, 0 },
    { "turnDetection", NULL, 0 }
};


#define CONVRELAY_TWIML_NRULES                                               \
    (sizeof(convrelay_twiml_rules) / sizeof(convrelay_twiml_rules[0]))


int
convrelay_twiml_check_attribute(convrelay_twiml_element_e element,
    const convrelay_str_t *name, const char **hint)
{
    const convrelay_twiml_rule_t  *rule;

    rule = convrelay_twiml_find(name);

    if (rule && (element == CONVRELAY_TWIML_RELAY || rule->language)) {
        return CONVRELAY_OK;
    }

    *hint = convrelay_twiml_nearest(element, name);

    return CONVRELAY_DECLINED;
}


int
convrelay_twiml_check_value(const convrelay_str_t *name,
    const convrelay_str_t *value, const char **error)
{
    const convrelay_twiml_rule_t  *rule;

    rule = convrelay_twiml_find(name);

    if (rule == NULL || rule->kind == NULL || value->len == 0) {
        return CONVRELAY_OK;
    }

    if (rule->kind->check(rule->kind, value) == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    *error = rule->kind->error;

    return CONVRELAY_DECLINED;
}


int
convrelay_twiml_check_action(const convrelay_str_t *url, const char **error)
{
    size_t  i, scheme;

    scheme = 0;

    for (i = 0; i < url->len; i++) {

        if (url->data[i] <= 0x20 || url->data[i] == 0x7f) {
            *error = "has white space or a control character in it";
            return CONVRELAY_DECLINED;
        }

        if (url->data[i] == ':' && scheme == 0) {
            scheme = i + 1;
        }

        /* after one of these a colon ends no scheme */

        if (scheme == 0
            && (url->data[i] == '/' || url->data[i] == '?'
                || url->data[i] == '#'))
        {
            scheme = url->len + 1;
        }
    }

    if (scheme == 0 || scheme > url->len
        || convrelay_twiml_is_in("http: https:", url->data, scheme, 1))
    {
        return CONVRELAY_OK;
    }

    *error = "has a scheme that Twilio does not request, write \"https://\"";

    return CONVRELAY_DECLINED;
}


static const convrelay_twiml_rule_t *
convrelay_twiml_find(const convrelay_str_t *name)
{
    size_t       i;
    const char  *known;

    for (i = 0; i < CONVRELAY_TWIML_NRULES; i++) {
        known = convrelay_twiml_rules[i].name;

        if (strlen(known) == name->len
            && memcmp(known, name->data, name->len) == 0)
        {
            return &convrelay_twiml_rules[i];
        }
    }

    return NULL;
}


/* the most similar name, if it is similar: one letter in four may differ */

static const char *
convrelay_twiml_nearest(convrelay_twiml_element_e element,
    const convrelay_str_t *name)
{
    size_t                         i, n, best;
    const char                    *hint;
    convrelay_str_t                known;
    const convrelay_twiml_rule_t  *rule;

    hint = NULL;
    best = name->len / 4 + 2;

    for (i = 0; i < CONVRELAY_TWIML_NRULES; i++) {
        rule = &convrelay_twiml_rules[i];

        if (element == CONVRELAY_TWIML_LANGUAGE && !rule->language) {
            continue;
        }

        known.len = strlen(rule->name);
        known.data = (u_char *) rule->name;
        n = convrelay_str_distance(&known, name);

        if (n < best && n < known.len) {
            best = n;
            hint = rule->name;
        }
    }

    return hint;
}


static int
convrelay_twiml_word(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    return convrelay_twiml_is_in(kind->words, value->data, value->len, 0)
               ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_twiml_word_nocase(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    return convrelay_twiml_is_in(kind->words, value->data, value->len, 1)
               ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_twiml_list(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    const u_char  *p, *last, *end;

    last = value->data + value->len;

    for (p = value->data; p < last; p = end) {

        if (*p == ' ') {
            end = p + 1;
            continue;
        }

        end = memchr(p, ' ', last - p);

        if (end == NULL) {
            end = last;
        }

        if (!convrelay_twiml_is_in(kind->words, p, end - p, 0)) {
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_twiml_is_in(const char *words, const u_char *p, size_t len,
    unsigned nocase)
{
    size_t  i, n;

    for ( /* void */ ; *words; words += n) {

        n = strcspn(words, " ");

        for (i = 0; n == len && i < n; i++) {

            if ((u_char) words[i] != p[i]
                && !(nocase && convrelay_lower(words[i])
                               == convrelay_lower(p[i])))
            {
                break;
            }
        }

        if (n == len && i == n) {
            return 1;
        }

        n += (words[n] == ' ');
    }

    return 0;
}


/* BCP 47, its form alone: "en-US", "cmn-Hans-CN", "es-419"; also "multi" */

static int
convrelay_twiml_tag(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    size_t  i, len;
    u_char  ch;

    len = 0;

    for (i = 0; i < value->len; i++) {
        ch = convrelay_lower(value->data[i]);

        if (ch == '-') {

            if (len < 1 || (i == len && (len < 2 || len > 3))) {
                return CONVRELAY_DECLINED;
            }

            len = 0;
            continue;
        }

        if (!(ch >= 'a' && ch <= 'z')
            && !(ch >= '0' && ch <= '9' && len != i))
        {
            return CONVRELAY_DECLINED;
        }

        if (++len > 8) {
            return CONVRELAY_DECLINED;
        }
    }

    /* RFC 5646, 2.2.1: no language has more than three letters so far */

    if (len == value->len && len > 3
        && !convrelay_str_is_nocase(value, "multi"))
    {
        return CONVRELAY_DECLINED;
    }

    return (len > (len == value->len)) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_twiml_timeout(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    size_t    i;
    unsigned  ms;

    if (convrelay_str_eq(value, "auto")) {
        return CONVRELAY_OK;
    }

    if (value->len > 4) {
        return CONVRELAY_DECLINED;
    }

    ms = 0;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return CONVRELAY_DECLINED;
        }

        ms = ms * 10 + (value->data[i] - '0');
    }

    return (ms >= 600 && ms <= 5000) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


/* "0.5" to "0.9", with or without more digits or the leading zero */

static int
convrelay_twiml_threshold(const convrelay_twiml_kind_t *kind,
    const convrelay_str_t *value)
{
    const u_char  *p, *last, *digit;

    p = value->data;
    last = p + value->len;

    if (*p == '0') {
        p++;
    }

    if (last - p < 2 || *p != '.') {
        return CONVRELAY_DECLINED;
    }

    digit = ++p;

    if (*digit < '5') {
        return CONVRELAY_DECLINED;
    }

    for ( /* void */ ; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return CONVRELAY_DECLINED;
        }

        if (*digit == '9' && p > digit && *p != '0') {
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}
