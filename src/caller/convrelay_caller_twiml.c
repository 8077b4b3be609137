
/*
 * Copyright (C) convrelay contributors
 */


#include <strings.h>

#include "convrelay_twiml.h"

#include "convrelay_caller_twiml.h"
#include "convrelay_caller_xml.h"


/*
 * Attributes of <ConversationRelay> (section 1.4 of the protocol notes).
 * values is a list of words, "number LOW HIGH [WORD]", or NULL for any text;
 * a leading "+" says that several words may be given.
 */

typedef struct {
    const char  *name;
    const char  *values;
} convrelay_caller_twiml_attribute_t;


static void convrelay_caller_twiml_verbs(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *root);
static int convrelay_caller_twiml_connect(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static int convrelay_caller_twiml_relay(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static void convrelay_caller_twiml_children(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static void convrelay_caller_twiml_check(convrelay_caller_twiml_t *t,
    const char *name, const char *value);
static int convrelay_caller_twiml_value(const char *values, const char *value);
static char *convrelay_caller_twiml_copy(const convrelay_caller_pairs_t *pairs,
    const char *name);


static const convrelay_caller_twiml_attribute_t
    convrelay_caller_attributes[] =
{
    { "url", NULL },
    { "welcomeGreeting", NULL },
    { "welcomeGreetingInterruptible", "none dtmf speech any true false" },
    { "language", NULL },
    { "ttsLanguage", NULL },
    { "transcriptionLanguage", NULL },
    { "ttsProvider", "Google Amazon ElevenLabs" },
    { "voice", NULL },
    { "transcriptionProvider", "Deepgram Google" },
    { "speechModel", NULL },
    { "interruptible", "none dtmf speech any true false" },
    { "interruptSensitivity", "low medium high" },
    { "ignoreBackchannel", "true false" },
    { "reportInputDuringAgentSpeech", "none dtmf speech any true false" },
    { "preemptible", "true false" },
    { "dtmfDetection", "true false" },
    { "partialPrompts", "true false" },
    { "speechTimeout", "number 600 5000 auto" },
    { "eotThreshold", "number 0.5 0.9" },
    { "deepgramSmartFormat", "true false" },
    { "profanityFilter", "true false" },
    { "hints", NULL },
    { "elevenlabsTextNormalization", "on auto off" },
    { "events", "+speaker-events tokens-played config-updated" },
    { "debug", "+debugging speaker-events tokens-played" },
    { "intelligenceService", NULL },
    { "conversationConfiguration", NULL },
    { "backgroundNoiseReduction", NULL },
    { "applicationReconnect", "true false" },
    { "echoPromptFiltering", "true false" },
    { NULL, NULL }
};


int
convrelay_caller_twiml_parse(convrelay_caller_twiml_t *t, const char *data,
    size_t len)
{
    int                      rc;
    char                    *error;
    convrelay_caller_xml_t  *root, *node;

    memset(t, 0, sizeof(convrelay_caller_twiml_t));

    root = convrelay_caller_xml_parse(data, len, &error);

    if (root == NULL) {
        t->error = error;
        return CONVRELAY_ERROR;
    }

    rc = CONVRELAY_OK;

    if (strcmp(root->name, "Response") != 0) {
        t->error = convrelay_caller_strdup("has no <Response> as its root");
        rc = CONVRELAY_ERROR;
        goto done;
    }

    convrelay_caller_twiml_verbs(t, root);

    for (node = root->children; node; node = node->next) {

        if (strcmp(node->name, "Connect") == 0) {
            rc = convrelay_caller_twiml_connect(t, node);
            break;
        }

        if (strcmp(node->name, "Hangup") == 0) {
            break;
        }
    }

    t->hangup = (node == NULL || strcmp(node->name, "Hangup") == 0);

done:

    convrelay_caller_xml_free(root);

    return rc;
}


void
convrelay_caller_twiml_free(convrelay_caller_twiml_t *t)
{
    free(t->url);
    free(t->greeting);
    free(t->language);
    free(t->action);
    free(t->method);
    free(t->verbs);
    free(t->error);

    convrelay_caller_pairs_free(&t->attributes);
    convrelay_caller_pairs_free(&t->parameters);
    convrelay_caller_buf_free(&t->warnings);

    memset(t, 0, sizeof(convrelay_caller_twiml_t));
}


static void
convrelay_caller_twiml_verbs(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *root)
{
    convrelay_caller_buf_t   b;
    convrelay_caller_xml_t  *node;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(&b);

    for (node = root->children; node; node = node->next) {
        convrelay_caller_buf_printf(&b, "%s<%s>", b.len ? " " : "", node->name);
    }

    t->verbs = b.data;
}


static int
convrelay_caller_twiml_connect(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node)
{
    size_t                   i;
    const char              *name;
    convrelay_caller_xml_t  *noun;

    t->action = convrelay_caller_twiml_copy(&node->attributes, "action");
    t->method = convrelay_caller_twiml_copy(&node->attributes, "method");

    for (i = 0; i < node->attributes.n; i++) {
        name = node->attributes.elts[i].name;

        if (strcmp(name, "action") != 0 && strcmp(name, "method") != 0) {
            convrelay_caller_buf_printf(&t->warnings,
                "<Connect> has the unknown attribute \"%s\"\n", name);
        }
    }

    if (t->method
        && strcmp(t->method, "GET") != 0 && strcmp(t->method, "POST") != 0)
    {
        convrelay_caller_buf_printf(&t->warnings,
            "<Connect> has the method \"%s\", Twilio takes GET and POST\n",
            t->method);
    }

    noun = node->children;

    if (noun == NULL || strcmp(noun->name, "ConversationRelay") != 0) {
        return CONVRELAY_OK;
    }

    if (noun->next) {
        convrelay_caller_buf_printf(&t->warnings,
            "<Connect> has <%s> besides <ConversationRelay>, Twilio takes "
            "one noun\n", noun->next->name);
    }

    return convrelay_caller_twiml_relay(t, noun);
}


static int
convrelay_caller_twiml_relay(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node)
{
    size_t                    i;
    const char               *events, *debug, *error;
    convrelay_str_t           url;
    convrelay_caller_pair_t  *attr;

    t->connect = 1;

    for (i = 0; i < node->attributes.n; i++) {
        attr = &node->attributes.elts[i];
        convrelay_caller_pairs_add(&t->attributes, attr->name, attr->value);
        convrelay_caller_twiml_check(t, attr->name, attr->value);
    }

    t->url = convrelay_caller_twiml_copy(&t->attributes, "url");
    t->language = convrelay_caller_twiml_copy(&t->attributes, "language");
    t->greeting = convrelay_caller_twiml_copy(&t->attributes,
                                              "welcomeGreeting");

    events = convrelay_caller_pairs_get(&t->attributes, "events");
    debug = convrelay_caller_pairs_get(&t->attributes, "debug");

    t->tokens_played = convrelay_caller_has_word(events, "tokens-played")
                       || convrelay_caller_has_word(debug, "tokens-played");
    t->speaker_events = convrelay_caller_has_word(events, "speaker-events")
                        || convrelay_caller_has_word(debug, "speaker-events");

    convrelay_caller_twiml_children(t, node);

    if (t->url == NULL || t->url[0] == '\0') {
        t->error = convrelay_caller_strdup("has a <ConversationRelay> without "
                                           "url");
        return CONVRELAY_ERROR;
    }

    url.data = (u_char *) t->url;
    url.len = strlen(t->url);

    if (convrelay_twiml_check_url(&url, &error) != CONVRELAY_OK) {
        convrelay_caller_buf_printf(&t->warnings,
            "url \"%s\" %s (Twilio error 64102)\n", t->url, error);
    }

    return CONVRELAY_OK;
}


static void
convrelay_caller_twiml_children(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node)
{
    const char              *name, *value;
    convrelay_caller_xml_t  *child;

    for (child = node->children; child; child = child->next) {

        if (strcmp(child->name, "Parameter") == 0) {
            name = convrelay_caller_pairs_get(&child->attributes, "name");
            value = convrelay_caller_pairs_get(&child->attributes, "value");

            if (name == NULL || value == NULL) {
                convrelay_caller_buf_str(&t->warnings,
                    "a <Parameter> lacks its name or its value\n");
                continue;
            }

            convrelay_caller_pairs_set(&t->parameters, name, strlen(name),
                                       value);
            continue;
        }

        if (strcmp(child->name, "Language") == 0) {

            if (convrelay_caller_pairs_get(&child->attributes, "code")
                == NULL)
            {
                convrelay_caller_buf_str(&t->warnings,
                    "a <Language> lacks its code\n");
            }

            continue;
        }

        if (strcmp(child->name, "Failover") != 0) {
            convrelay_caller_buf_printf(&t->warnings,
                "<ConversationRelay> has the unknown child <%s>\n",
                child->name);
        }
    }
}


static void
convrelay_caller_twiml_check(convrelay_caller_twiml_t *t, const char *name,
    const char *value)
{
    const convrelay_caller_twiml_attribute_t  *a;

    for (a = convrelay_caller_attributes; a->name; a++) {

        if (strcasecmp(a->name, name) != 0) {
            continue;
        }

        if (strcmp(a->name, name) != 0) {
            convrelay_caller_buf_printf(&t->warnings,
                "attribute \"%s\" is not known to Twilio, it is spelt "
                "\"%s\"\n", name, a->name);
            return;
        }

        if (a->values && !convrelay_caller_twiml_value(a->values, value)) {
            convrelay_caller_buf_printf(&t->warnings,
                "attribute %s=\"%s\" is not one of: %s\n", name, value,
                a->values + (a->values[0] == '+'));
        }

        return;
    }

    convrelay_caller_buf_printf(&t->warnings,
        "attribute \"%s\" is not known to Twilio, which ignores it "
        "silently\n", name);
}


static int
convrelay_caller_twiml_value(const char *values, const char *value)
{
    char         *end, word[64];
    size_t        len;
    double        number, low, high;
    const char   *p;

    if (strncmp(values, "number ", 7) == 0) {
        low = strtod(values + 7, &end);
        high = strtod(end, &end);
        p = end + strspn(end, " ");

        if (*p && strcmp(p, value) == 0) {
            return 1;
        }

        number = strtod(value, &end);

        return end != value && *end == '\0' && number >= low
               && number <= high;
    }

    if (values[0] != '+') {
        return convrelay_caller_has_word(values, value)
               && strchr(value, ' ') == NULL;
    }

    for (p = value; *p; p += len) {
        p += strspn(p, " ");
        len = strcspn(p, " ");

        if (len == 0) {
            break;
        }

        if (len >= sizeof(word)) {
            return 0;
        }

        memcpy(word, p, len);
        word[len] = '\0';

        if (!convrelay_caller_has_word(values + 1, word)) {
            return 0;
        }
    }

    return 1;
}


int
convrelay_caller_has_word(const char *list, const char *word)
{
    size_t       len, n;
    const char  *p;

    if (list == NULL) {
        return 0;
    }

    n = strlen(word);

    for (p = list; *p; p += len) {
        p += strspn(p, " ");
        len = strcspn(p, " ");

        if (len && len == n && strncasecmp(p, word, n) == 0) {
            return 1;
        }
    }

    return 0;
}


static char *
convrelay_caller_twiml_copy(const convrelay_caller_pairs_t *pairs,
    const char *name)
{
    const char  *value;

    value = convrelay_caller_pairs_get(pairs, name);

    return value ? convrelay_caller_strdup(value) : NULL;
}
