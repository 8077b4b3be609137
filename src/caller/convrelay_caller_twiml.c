
/*
 * Copyright (C) convrelay contributors
 */


#include <strings.h>

#include "convrelay_twiml.h"
#include "convrelay_twiml_attribute.h"

#include "convrelay_caller_twiml.h"
#include "convrelay_caller_xml.h"


/* what TwiML has in the form in which its settings are checked together */

typedef struct {
    convrelay_twiml_t            twiml;
    convrelay_pair_t            *attributes;
    convrelay_twiml_language_t  *languages;
} convrelay_caller_settings_t;


static void convrelay_caller_twiml_verbs(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *root);
static int convrelay_caller_twiml_connect(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static int convrelay_caller_twiml_relay(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static void convrelay_caller_twiml_children(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static void convrelay_caller_twiml_language(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static void convrelay_caller_twiml_check(convrelay_caller_twiml_t *t,
    const convrelay_caller_xml_t *node, const char *other);
static void convrelay_caller_twiml_conflicts(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node);
static convrelay_pair_t *convrelay_caller_twiml_pairs(
    const convrelay_caller_pairs_t *pairs);
static char *convrelay_caller_twiml_copy(const convrelay_caller_pairs_t *pairs,
    const char *name);
static void convrelay_caller_twiml_str(convrelay_str_t *str, const char *s);


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
    const char              *name, *error;
    convrelay_str_t          action;
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

    if (t->action) {
        convrelay_caller_twiml_str(&action, t->action);

        if (convrelay_twiml_check_action(&action, &error) != CONVRELAY_OK) {
            convrelay_caller_buf_printf(&t->warnings,
                "action=\"%s\" of <Connect> %s\n", t->action, error);
        }
    }

    if (t->method
        && strcmp(t->method, "GET") != 0 && strcmp(t->method, "POST") != 0)
    {
        convrelay_caller_buf_printf(&t->warnings,
            "<Connect> has the method \"%s\", Twilio accepts GET and POST\n",
            t->method);
    }

    noun = node->children;

    if (noun == NULL || strcmp(noun->name, "ConversationRelay") != 0) {
        return CONVRELAY_OK;
    }

    if (noun->next) {
        convrelay_caller_buf_printf(&t->warnings,
            "<Connect> has <%s> besides <ConversationRelay>, Twilio accepts "
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
    }

    convrelay_caller_twiml_check(t, node, "url");
    convrelay_caller_twiml_conflicts(t, node);

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

    convrelay_caller_twiml_str(&url, t->url);

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
            convrelay_caller_twiml_language(t, child);
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
convrelay_caller_twiml_language(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node)
{
    const char       *code, *error;
    convrelay_str_t   name, value;

    convrelay_caller_twiml_check(t, node, "code");

    code = convrelay_caller_pairs_get(&node->attributes, "code");

    if (code == NULL || code[0] == '\0') {
        convrelay_caller_buf_str(&t->warnings,
                                 "a <Language> lacks its code\n");
        return;
    }

    convrelay_str_set(&name, "language");
    convrelay_caller_twiml_str(&value, code);

    if (convrelay_twiml_check_value(&name, &value, &error) != CONVRELAY_OK) {
        convrelay_caller_buf_printf(&t->warnings,
            "code=\"%s\" of a <Language> is not valid: %s\n", code, error);
    }
}


/* the attributes of a relay or a language; other is one beside the table */

static void
convrelay_caller_twiml_check(convrelay_caller_twiml_t *t,
    const convrelay_caller_xml_t *node, const char *other)
{
    size_t                      i;
    const char                 *hint, *error;
    convrelay_str_t             name, value;
    convrelay_caller_pair_t    *attr;
    convrelay_twiml_element_e   element;

    element = (strcmp(node->name, "Language") == 0)
              ? CONVRELAY_TWIML_LANGUAGE : CONVRELAY_TWIML_RELAY;

    for (i = 0; i < node->attributes.n; i++) {
        attr = &node->attributes.elts[i];

        if (strcmp(attr->name, other) == 0) {
            continue;
        }

        convrelay_caller_twiml_str(&name, attr->name);
        convrelay_caller_twiml_str(&value, attr->value);

        if (convrelay_twiml_check_attribute(element, &name, &hint)
            != CONVRELAY_OK)
        {
            convrelay_caller_buf_printf(&t->warnings,
                "attribute \"%s\" of <%s> is not known to Twilio, which "
                "ignores it%s%s%s\n", attr->name, node->name,
                hint ? "; did you mean \"" : "", hint ? hint : "",
                hint ? "\"?" : "");
            continue;
        }

        if (convrelay_twiml_check_value(&name, &value, &error)
            != CONVRELAY_OK)
        {
            convrelay_caller_buf_printf(&t->warnings,
                "%s=\"%s\" of <%s> is not valid: %s\n", attr->name,
                attr->value, node->name, error);
        }
    }
}


/* settings that are valid alone, but not together (64101, 64106) */

static void
convrelay_caller_twiml_conflicts(convrelay_caller_twiml_t *t,
    convrelay_caller_xml_t *node)
{
    size_t                        i, n;
    convrelay_caller_xml_t       *child;
    convrelay_twiml_language_t   *language;
    convrelay_caller_settings_t   s;
    convrelay_twiml_conflict_t    c[CONVRELAY_TWIML_MAX_CONFLICTS];

    memset(&s, 0, sizeof(convrelay_caller_settings_t));

    n = 0;

    for (child = node->children; child; child = child->next) {
        n += (strcmp(child->name, "Language") == 0);
    }

    s.attributes = convrelay_caller_twiml_pairs(&node->attributes);
    s.languages = convrelay_caller_alloc(n
                                         * sizeof(convrelay_twiml_language_t));

    s.twiml.attributes = s.attributes;
    s.twiml.nattributes = node->attributes.n;
    s.twiml.languages = s.languages;

    for (child = node->children; child; child = child->next) {

        if (strcmp(child->name, "Language") == 0) {
            language = &s.languages[s.twiml.nlanguages++];
            language->attributes =
                            convrelay_caller_twiml_pairs(&child->attributes);
            language->nattributes = child->attributes.n;
            convrelay_caller_twiml_str(&language->code,
                       convrelay_caller_pairs_get(&child->attributes, "code"));
        }
    }

    n = convrelay_twiml_conflicts(&s.twiml, c);

    for (i = 0; i < n; i++) {

        if (c[i].code) {
            convrelay_caller_buf_printf(&t->warnings, "<Language> \"%.*s\": ",
                                        (int) c[i].code->len,
                                        (char *) c[i].code->data);
        }

        convrelay_caller_buf_printf(&t->warnings, "%s, otherwise Twilio may "
                                                  "reject the live call "
                                                  "(64101, 64106)\n",
                                    c[i].phrase);
    }

    for (i = 0; i < s.twiml.nlanguages; i++) {
        free((void *) s.languages[i].attributes);
    }

    free(s.languages);
    free(s.attributes);
}


static convrelay_pair_t *
convrelay_caller_twiml_pairs(const convrelay_caller_pairs_t *pairs)
{
    size_t             i;
    convrelay_pair_t  *copy;

    copy = convrelay_caller_alloc(pairs->n * sizeof(convrelay_pair_t));

    for (i = 0; i < pairs->n; i++) {
        convrelay_caller_twiml_str(&copy[i].name, pairs->elts[i].name);
        convrelay_caller_twiml_str(&copy[i].value, pairs->elts[i].value);
    }

    return copy;
}


static void
convrelay_caller_twiml_str(convrelay_str_t *str, const char *s)
{
    str->data = (u_char *) (s ? s : "");
    str->len = strlen((char *) str->data);
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
