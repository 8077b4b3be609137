
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_twiml_attribute.h"
#include "tap.h"


#define RELAY     CONVRELAY_TWIML_RELAY
#define LANGUAGE  CONVRELAY_TWIML_LANGUAGE
#define LATER     { 0, NULL }
#define PAIRS     6

/* one row of a table of documents; a name of NULL ends it */

#define pair(n, v)  { convrelay_string(n), convrelay_string(v) }
#define later(n)    { convrelay_string(n), LATER }


static void name_test(void);
static void name(convrelay_twiml_element_e element, const char *text,
    const char *want);
static void value_test(void);
static void value(const char *name, const char *text, const char *want);
static void action_test(void);
static void conflict_test(void);
static size_t count(const convrelay_pair_t *pair);


int
main(void)
{
    name_test();
    value_test();
    action_test();
    conflict_test();

    return tap_done();
}


/* docs/protocol.md, 1.4, without "url" */

static const char  *names[] = {
    "welcomeGreeting", "welcomeGreetingInterruptible", "language",
    "ttsLanguage", "transcriptionLanguage", "ttsProvider", "voice",
    "transcriptionProvider", "speechModel", "interruptible",
    "interruptSensitivity", "ignoreBackchannel",
    "reportInputDuringAgentSpeech", "preemptible", "dtmfDetection",
    "partialPrompts", "speechTimeout", "eotThreshold", "deepgramSmartFormat",
    "profanityFilter", "hints", "elevenlabsTextNormalization", "events",
    "debug", "intelligenceService", "conversationConfiguration",
    "backgroundNoiseReduction", "applicationReconnect", "echoPromptFiltering",
    "turnDetection"
};


static void
name_test(void)
{
    char    text[64], *p;
    size_t  i, j;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name(RELAY, names[i], "ok");

        strcpy(text, names[i]);

        for (p = text; *p; p++) {
            *p |= 0x20;
        }

        if (strcmp(text, names[i]) != 0) {
            name(RELAY, text, names[i]);
        }

        for (p = text; *p; p++) {
            *p &= 0x5f;
        }

        name(RELAY, text, names[i]);

        /* a letter that is missing, one that is too much */

        for (j = 0; j < strlen(names[i]); j++) {
            memcpy(text, names[i], j);
            strcpy(text + j, names[i] + j + 1);
            name(RELAY, text, names[i]);
        }

        strcpy(text, names[i]);
        strcat(text, "s");
        name(RELAY, text, names[i]);
    }

    name(LANGUAGE, "ttsProvider", "ok");
    name(LANGUAGE, "voice", "ok");
    name(LANGUAGE, "transcriptionProvider", "ok");
    name(LANGUAGE, "speechModel", "ok");
    name(LANGUAGE, "Voice", "voice");
    name(LANGUAGE, "speechmodel", "speechModel");
    name(LANGUAGE, "code", NULL);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], "ttsProvider") != 0
            && strcmp(names[i], "voice") != 0
            && strcmp(names[i], "transcriptionProvider") != 0
            && strcmp(names[i], "speechModel") != 0)
        {
            name(LANGUAGE, names[i], NULL);
        }
    }

    name(RELAY, "", NULL);
    name(RELAY, "a", NULL);
    name(RELAY, "code", NULL);
    name(RELAY, "url", NULL);
    name(RELAY, "xyz", NULL);
    name(RELAY, "vadSilenceMs", NULL);
    name(RELAY, "interruptable", "interruptible");
    name(RELAY, "dtmfDetecton", "dtmfDetection");
    name(RELAY, "event", "events");
    name(RELAY, "myHints", "hints");
    name(RELAY, "xxvoice", "voice");
    name(RELAY, "voicexx", "voice");
    name(RELAY, "elevenLabsTextNormalization", "elevenlabsTextNormalization");
    name(RELAY, "ttsProvidre", "ttsProvider");
    name(RELAY, "welcomeGreeting\xff", "welcomeGreeting");
    name(RELAY, "aVeryLongNameThatNoAttributeOfTwilioHasToday", NULL);
    name(RELAY, "aVeryLongNameThatNoAttributeOfTwilioHasX", NULL);
}


/* want is "ok", a hint, or NULL: no hint */

static void
name(convrelay_twiml_element_e element, const char *text, const char *want)
{
    int              rc;
    const char      *hint;
    convrelay_str_t  str;

    hint = "unset";

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);

    rc = convrelay_twiml_check_attribute(element, &str, &hint);

    if (want && strcmp(want, "ok") == 0) {
        tap_ok(rc == CONVRELAY_OK, "name: \"%s\" is known", text);

    } else if (!tap_ok(rc == CONVRELAY_DECLINED
                       && (want ? hint && strcmp(hint, want) == 0
                                : hint == NULL),
                       "name: \"%s\" is not, hint: %s", text,
                       want ? want : "none"))
    {
        printf("# %s\n", hint ? hint : "none");
    }

    tap_unflush(str.data, str.len);
}


static void
value_test(void)
{
    size_t  i, j;

    static const char  *bools[] = {
        "ignoreBackchannel", "preemptible", "dtmfDetection",
        "partialPrompts", "deepgramSmartFormat", "profanityFilter",
        "applicationReconnect", "echoPromptFiltering"
    };

    static const char  *texts[] = {
        "welcomeGreeting", "voice", "speechModel", "hints",
        "intelligenceService", "conversationConfiguration",
        "backgroundNoiseReduction", "turnDetection", "notKnown"
    };

    static const char  *inputs[] = {
        "interruptible", "welcomeGreetingInterruptible",
        "reportInputDuringAgentSpeech"
    };

    static const char  *inputs_values[] = { "none", "dtmf", "speech", "any" };

    static const char  *languages[] = {
        "language", "ttsLanguage", "transcriptionLanguage"
    };

    static const char  *tags[] = {
        "multi", "en", "en-US", "en-us", "es-419", "cmn-Hans-CN", "sr-Latn-RS",
        "yue-Hant-HK", "de-1996"
    };

    static const char  *bad_tags[] = {
        "e", "en_US", "-en", "en-", "en--US", "1n-US", "en US", " en", "en ",
        "abcdefghi", "en-abcdefghi", "en-U$", "e-US",
        "english", "germ", "german-DE", "multi-US", "\xc3\xb1", "-", "en-U\n"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value(names[i], "", NULL);
    }

    for (i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
        value(bools[i], "true", NULL);
        value(bools[i], "false", NULL);
        value(bools[i], "True", "write \"true\" or \"false\"");
        value(bools[i], "on", "write \"true\" or \"false\"");
        value(bools[i], "1", "write \"true\" or \"false\"");
        value(bools[i], "true ", "write \"true\" or \"false\"");
        value(bools[i], "true false", "write \"true\" or \"false\"");
        value(bools[i], "tru", "write \"true\" or \"false\"");
        value(bools[i], "truefalse", "write \"true\" or \"false\"");
    }

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        value(texts[i], "any <text> \xff", NULL);
    }

    for (i = 0; i < 3; i++) {

        for (j = 0; j < 4; j++) {
            value(inputs[i], inputs_values[j], NULL);
        }

        value(inputs[i], "Any", "\"speech\" or \"any\"");
        value(inputs[i], "all", "\"speech\" or \"any\"");
        value(inputs[i], "dtmf speech", "\"speech\" or \"any\"");

        for (j = 0; j < sizeof(tags) / sizeof(tags[0]); j++) {
            value(languages[i], tags[j], NULL);
        }

        for (j = 0; j < sizeof(bad_tags) / sizeof(bad_tags[0]); j++) {
            value(languages[i], bad_tags[j], "such as \"en-US\"");
        }
    }

    value("interruptible", "true", NULL);
    value("welcomeGreetingInterruptible", "false", NULL);
    value("reportInputDuringAgentSpeech", "true", "\"speech\" or \"any\"");

    value("interruptSensitivity", "low", NULL);
    value("interruptSensitivity", "medium", NULL);
    value("interruptSensitivity", "high", NULL);
    value("interruptSensitivity", "mid", "\"medium\" or \"high\"");

    value("elevenlabsTextNormalization", "on", NULL);
    value("elevenlabsTextNormalization", "auto", NULL);
    value("elevenlabsTextNormalization", "off", NULL);
    value("elevenlabsTextNormalization", "true", "\"auto\" or \"off\"");

    value("ttsProvider", "Google", NULL);
    value("ttsProvider", "amazon", NULL);
    value("ttsProvider", "ELEVENLABS", NULL);
    value("ttsProvider", "Deepgram", "write \"Google\", \"Amazon\"");
    value("ttsProvider", "Eleven Labs", "write \"Google\", \"Amazon\"");
    value("transcriptionProvider", "Deepgram", NULL);
    value("transcriptionProvider", "google", NULL);
    value("transcriptionProvider", "Amazon", "write \"Deepgram\"");

    value("events", "tokens-played", NULL);
    value("events", "speaker-events tokens-played config-updated", NULL);
    value("events", "  tokens-played  speaker-events ", NULL);
    value("events", "tokens-played,speaker-events", "separated by spaces");
    value("events", "tokens_played", "separated by spaces");
    value("events", "debugging", "separated by spaces");
    value("events", "tokens-playe", "separated by spaces");
    value("debug", "debugging speaker-events tokens-played", NULL);
    value("debug", "true", "\"debugging\"");
    value("debug", "config-updated", "\"debugging\"");

    value("speechTimeout", "auto", NULL);
    value("speechTimeout", "600", NULL);
    value("speechTimeout", "5000", NULL);
    value("speechTimeout", "599", "from 600 to 5000");
    value("speechTimeout", "5001", "from 600 to 5000");
    value("speechTimeout", "1s", "from 600 to 5000");
    value("speechTimeout", "-600", "from 600 to 5000");
    value("speechTimeout", "4294967900", "from 600 to 5000");
    value("speechTimeout", "600.", "from 600 to 5000");
    value("speechTimeout", "Auto", "from 600 to 5000");

    value("eotThreshold", "0.5", NULL);
    value("eotThreshold", "0.75", NULL);
    value("eotThreshold", "0.9", NULL);
    value("eotThreshold", "0.900", NULL);
    value("eotThreshold", ".8", NULL);
    value("eotThreshold", "0.49", "from 0.5 to 0.9");
    value("eotThreshold", "0.91", "from 0.5 to 0.9");
    value("eotThreshold", "0.901", "from 0.5 to 0.9");
    value("eotThreshold", "1", "from 0.5 to 0.9");
    value("eotThreshold", "1.0", "from 0.5 to 0.9");
    value("eotThreshold", "0", "from 0.5 to 0.9");
    value("eotThreshold", "0.", "from 0.5 to 0.9");
    value("eotThreshold", ".", "from 0.5 to 0.9");
    value("eotThreshold", "0,8", "from 0.5 to 0.9");
    value("eotThreshold", "0.8x", "from 0.5 to 0.9");
    value("eotThreshold", "0.x", "from 0.5 to 0.9");
}


static void
value(const char *name, const char *text, const char *want)
{
    int              rc;
    const char      *error;
    convrelay_str_t  n, v;

    error = NULL;

    n.len = strlen(name);
    n.data = (u_char *) name;
    v.len = strlen(text);
    v.data = tap_flush(text, v.len);

    rc = convrelay_twiml_check_value(&n, &v, &error);

    if (want == NULL) {
        tap_ok(rc == CONVRELAY_OK, "value: %s=\"%s\"", name, text);

    } else if (!tap_ok(rc == CONVRELAY_DECLINED && error
                       && strstr(error, want),
                       "value: %s=\"%s\", %s", name, text, want))
    {
        printf("# %s\n", error ? error : "no error");
    }

    tap_unflush(v.data, v.len);
}


static void
action_test(void)
{
    int              rc;
    size_t           i;
    const char      *error;
    convrelay_str_t  url;

    static const struct {
        const char  *url;
        const char  *error;
    } urls[] = {
        { "", NULL },
        { "/end", NULL },
        { "end", NULL },
        { "../end?a=1&b=2", NULL },
        { "https://voice.example.com/end", NULL },
        { "HTTP://voice.example.com/end", NULL },
        { "/end?at=12:30", NULL },
        { "?u=ftp://a", NULL },
        { "end#a:b", NULL },
        { "wss://voice.example.com/ws", "scheme" },
        { "javascript:alert(1)", "scheme" },
        { "voice.example.com:8443/end", "scheme" },
        { ":a", "scheme" },
        { "/a b", "white space" },
        { "/end\n", "white space" },
        { "/end\x7f", "white space" }
    };

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        url.len = strlen(urls[i].url);
        url.data = tap_flush(urls[i].url, url.len);
        error = NULL;

        rc = convrelay_twiml_check_action(&url, &error);

        tap_ok(urls[i].error
                   ? rc == CONVRELAY_DECLINED
                     && strstr(error, urls[i].error) != NULL
                   : rc == CONVRELAY_OK,
               "action: \"%s\"", urls[i].url);

        tap_unflush(url.data, url.len);
    }
}


typedef struct {
    const char        *title;
    convrelay_pair_t   relay[PAIRS];
    convrelay_str_t    code;
    convrelay_pair_t   language[PAIRS];
    const char        *want[3];     /* a part of each phrase */
} conflict_case_t;


static const conflict_case_t  conflicts[] = {

    { "nothing", { pair("hints", "a") }, LATER, {}, { NULL } },

    { "what goes together",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "de-DE-Chirp3-HD-Aoede"),
        pair("transcriptionProvider", "google"),
        pair("speechModel", "telephony") },
      convrelay_string("multi"),
      { pair("ttsProvider", "ElevenLabs"),
        pair("voice", "UgBBYS2sOqTuMpoF3BR0-flash_v2-1.0_0.5_0.5"),
        pair("transcriptionProvider", "Deepgram"),
        pair("speechModel", "nova-3-general") },
      { NULL } },

    { "multi and Google",
      { pair("language", "multi"), pair("ttsProvider", "Google"),
        pair("transcriptionProvider", "Google") }, LATER, {},
      { "\"ttsProvider\" \"ElevenLabs\"",
        "\"transcriptionProvider\" \"Deepgram\"" } },

    { "multi for speech only",
      { pair("ttsLanguage", "multi"), pair("ttsProvider", "Amazon"),
        pair("transcriptionProvider", "Google") }, LATER, {},
      { "\"ttsProvider\" \"ElevenLabs\"" } },

    { "multi overridden for speech",
      { pair("language", "multi"), pair("ttsLanguage", "en-US"),
        pair("ttsProvider", "Google") }, LATER, {}, { NULL } },

    { "multi with defaults",
      { pair("language", "multi") }, LATER, {}, { NULL } },

    { "multi and a model",
      { pair("language", "multi"), pair("speechModel", "flux") }, LATER, {},
      { "\"nova-3-general\" or \"nova-2-general\"" } },

    { "multi and one of its models",
      { pair("language", "multi"), pair("speechModel", "nova-2-general") },
      LATER, {}, { NULL } },

    { "a model of Deepgram, recognition of Google",
      { pair("transcriptionProvider", "Google"),
        pair("speechModel", "nova-3-general") }, LATER, {},
      { "\"speechModel\" is a Deepgram model" } },

    { "a model of Google, recognition of Deepgram",
      { pair("transcriptionProvider", "deepgram"),
        pair("speechModel", "telephony") }, LATER, {},
      { "\"speechModel\" is a Google model" } },

    { "a model without a provider: it depends on the account",
      { pair("speechModel", "telephony") }, LATER, {}, { NULL } },

    { "eotThreshold without flux",
      { pair("eotThreshold", "0.8") }, LATER, {}, { "\"eotThreshold\"" } },

    { "eotThreshold with another model",
      { pair("eotThreshold", "0.8"), pair("speechModel", "nova-3-general") },
      LATER, {}, { "\"eotThreshold\"" } },

    { "eotThreshold, flux, and Google",
      { pair("eotThreshold", "0.8"), pair("speechModel", "flux"),
        pair("transcriptionProvider", "Google") }, LATER, {},
      { "\"speechModel\" is a Deepgram model", "\"eotThreshold\"" } },

    { "eotThreshold with flux",
      { pair("eotThreshold", "0.8"), pair("speechModel", "flux") },
      LATER, {}, { NULL } },

    { "eotThreshold with flux in a language",
      { pair("eotThreshold", "0.8") }, convrelay_string("es-ES"),
      { pair("speechModel", "flux") }, { NULL } },

    { "eotThreshold that is empty, or not known yet",
      { pair("eotThreshold", "") }, LATER, {}, { NULL } },

    { "eotThreshold not known yet",
      { later("eotThreshold") }, LATER, {}, { NULL } },

    { "a voice of Google by default",
      { pair("voice", "en-US-Journey-O") }, LATER, {},
      { "\"voice\" is a Google voice" } },

    { "a voice of Google with its prefix",
      { pair("voice", "Google.en-US-Neural2-F"),
        pair("ttsProvider", "Amazon") }, LATER, {},
      { "\"voice\" is a Google voice" } },

    { "a voice of Amazon by default",
      { pair("voice", "Joanna-Neural") }, LATER, {},
      { "\"voice\" is an Amazon voice" } },

    { "a voice of ElevenLabs and another provider",
      { pair("voice", "UgBBYS2sOqTuMpoF3BR0"),
        pair("ttsProvider", "Google") }, LATER, {},
      { "\"voice\" is an ElevenLabs voice" } },

    { "a voice of Google that is as long as one of ElevenLabs",
      { pair("voice", "en-US-Chirp3-HD-Puck"),
        pair("ttsProvider", "Google") }, LATER, {}, { NULL } },

    { "a voice that is longer by a letter",
      { pair("voice", "UgBBYS2sOqTuMpoF3BR0x"),
        pair("ttsProvider", "Google") }, LATER, {}, { NULL } },

    { "a voice whose language has three letters",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "cmn-CN-Wavenet-A") }, LATER, {},
      { "\"voice\" is not a voice of the language" } },

    { "the same in its language",
      { pair("language", "cmn-CN"), pair("ttsProvider", "Google"),
        pair("voice", "cmn-CN-Wavenet-A") }, LATER, {}, { NULL } },

    { "a voice whose language would have one letter",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "e-US-Wavenet-A") }, LATER, {}, { NULL } },

    { "a voice whose language would have four letters",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "engl-US-Wavenet-A") }, LATER, {}, { NULL } },

    { "a voice without a \"-\" before its region",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "en+US-Wavenet-A") }, LATER, {}, { NULL } },

    { "a voice without a \"-\" after its region",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "en-USA-Wavenet-A") }, LATER, {}, { NULL } },

    { "the shortest name of a voice",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "en-US-A") }, LATER, {},
      { "\"voice\" is not a voice of the language" } },

    { "less than that",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "en-US-") }, LATER, {}, { NULL } },

    { "a voice of ElevenLabs by default",
      { pair("voice", "UgBBYS2sOqTuMpoF3BR0") }, LATER, {}, { NULL } },

    { "voices that do not tell whose they are",
      { pair("voice", "Polly.Amy"), pair("ttsProvider", "Google") }, LATER,
      {}, { NULL } },

    { "a voice of another language",
      { pair("language", "de-DE"), pair("ttsProvider", "Google"),
        pair("voice", "en-US-Journey-O") }, LATER, {},
      { "\"voice\" is not a voice of the language" } },

    { "a voice of another language than the default",
      { pair("ttsProvider", "Google"), pair("voice", "de-DE-Journey-O") },
      LATER, {}, { "\"voice\" is not a voice of the language" } },

    { "a voice for ttsLanguage",
      { pair("language", "en-US"), pair("ttsLanguage", "de-DE"),
        pair("ttsProvider", "Google"), pair("voice", "de-DE-Journey-O") },
      LATER, {}, { NULL } },

    { "a language inherits providers",
      { pair("ttsProvider", "Google"),
        pair("transcriptionProvider", "Google") },
      convrelay_string("multi"), {},
      { "\"ttsProvider\" \"ElevenLabs\"",
        "\"transcriptionProvider\" \"Deepgram\"" } },

    { "a language with a provider of its own does not inherit the model",
      { pair("transcriptionProvider", "Deepgram"),
        pair("speechModel", "nova-3-general") },
      convrelay_string("es-ES"), { pair("transcriptionProvider", "Google") },
      { NULL } },

    { "a language inherits the provider of its model",
      { pair("transcriptionProvider", "Google") },
      convrelay_string("es-ES"), { pair("speechModel", "nova-3-general") },
      { "\"speechModel\" is a Deepgram model" } },

    { "a language and the voice of another",
      { pair("ttsProvider", "Google") },
      convrelay_string("es-ES"), { pair("voice", "en-US-Journey-O") },
      { "\"voice\" is not a voice of the language" } },

    { "a language that is not known yet",
      { pair("ttsProvider", "Google") },
      LATER, { pair("voice", "en-US-Journey-O") }, { NULL } },

    { "values that are not known yet",
      { later("ttsProvider"), later("transcriptionProvider"),
        pair("voice", "Joanna-Neural"), pair("speechModel", "telephony"),
        pair("language", "multi") }, LATER, {},
      { "\"nova-3-general\" or \"nova-2-general\"" } },

    { "a language and a model not known yet",
      { later("language"), later("speechModel"), pair("eotThreshold", "0.8"),
        pair("ttsProvider", "Google"), pair("voice", "en-US-Journey-O"),
        pair("transcriptionProvider", "Google") }, LATER, {}, { NULL } }
};


static void
conflict_test(void)
{
    size_t                       i, j, n;
    convrelay_twiml_t            t;
    const conflict_case_t       *c;
    convrelay_twiml_conflict_t   found[CONVRELAY_TWIML_MAX_CONFLICTS];
    convrelay_twiml_language_t   languages[20];

    for (i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
        c = &conflicts[i];

        memset(&t, 0, sizeof(t));

        t.attributes = c->relay;
        t.nattributes = count(c->relay);

        languages[0].code = c->code;
        languages[0].attributes = c->language;
        languages[0].nattributes = count(c->language);

        t.languages = languages;
        t.nlanguages = (c->code.len || languages[0].nattributes);

        n = convrelay_twiml_conflicts(&t, found);

        for (j = 0; c->want[j]; j++) {
            tap_ok(j < n && strstr(found[j].phrase, c->want[j])
                   && (found[j].code == &languages[0].code
                       || (found[j].code == NULL && c->code.len == 0)),
                   "conflict: %s, %s", c->title, c->want[j]);
        }

        if (!tap_ok(n == j, "conflict: %s, no more", c->title)) {

            for (j = 0; j < n; j++) {
                printf("# %s\n", found[j].phrase);
            }
        }
    }

    /* no room for all of them */

    c = &conflicts[2];

    t.attributes = c->relay;
    t.nattributes = count(c->relay);
    t.languages = languages;
    t.nlanguages = 20;

    for (i = 0; i < 20; i++) {
        convrelay_str_set(&languages[i].code, "multi");
        languages[i].attributes = NULL;
        languages[i].nattributes = 0;
    }

    tap_ok(convrelay_twiml_conflicts(&t, found)
           == CONVRELAY_TWIML_MAX_CONFLICTS, "conflict: too many");
}


static size_t
count(const convrelay_pair_t *pair)
{
    size_t  n;

    for (n = 0; n < PAIRS && pair[n].name.len; n++) { /* void */ }

    return n;
}
