
/*
 * Copyright (C) convrelay contributors
 *
 * A second reader of Twilio's messages and of hand-off data, over cJSON's
 * tree after a scrub: slow, and made of other parts.  What it finds in a
 * document is what the first one has to find there.
 */


#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "convrelay_handoff.h"
#include "convrelay_json_tree.h"
#include "convrelay_relay.h"


static const char *relay_differs(const u_char *data, size_t len);
static const char *relay_rc(const convrelay_json_t *json, int known, int rc);
static const char *relay_fields(const cJSON *root,
    const convrelay_relay_message_t *m);
static const char *relay_setup(const cJSON *root,
    const convrelay_relay_setup_t *setup);
static unsigned relay_prompt(const cJSON *root,
    const convrelay_relay_prompt_t *prompt);
static int64_t relay_duration(const cJSON *root);
static int relay_code(const cJSON *root);
static const char *handoff_differs(const u_char *data, size_t len);

static unsigned pair_is(const cJSON *item, const convrelay_str_t *name,
    const convrelay_str_t *value);
static unsigned text_is(const cJSON *root, const char *name,
    const convrelay_str_t *text, unsigned trim);
static unsigned str_is(const convrelay_str_t *str, const char *text);
static unsigned lax(const u_char *data, size_t len);
static size_t span(const u_char *p, size_t len);
static unsigned sound(const u_char *p, size_t len);
static size_t number(const char *p);
static u_char *relay_copy(const u_char *data, size_t len);


static unsigned  relay_messages;      /* that both of them took */


/* what differs, or NULL */

static const char *
relay_differs(const u_char *data, size_t len)
{
    int                         rc, known;
    u_char                     *copy, *same;
    const char                 *what;
    convrelay_json_t            json;
    convrelay_relay_message_t   m;

    if (lax(data, len)) {
        return NULL;
    }

    copy = relay_copy(data, len);
    same = relay_copy(data, len);

    rc = convrelay_relay_parse(&m, copy, len);
    known = convrelay_json_parse(&json, same, len);

    what = relay_rc(&json, known, rc);

    if (what == NULL && rc == CONVRELAY_OK) {
        relay_messages++;
        what = relay_fields(json.root, &m);
    }

    convrelay_relay_free(&m);
    convrelay_relay_free(&m);
    convrelay_json_free(&json);
    free(same);
    free(copy);

    return what ? what : handoff_differs(data, len);
}


static const char *
relay_rc(const convrelay_json_t *json, int known, int rc)
{
    if (known == CONVRELAY_OK
        && !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json->root,
                                                            "type")))
    {
        known = CONVRELAY_DECLINED;
    }

    return (rc == known) ? NULL : "whether it is a message";
}


static const char *
relay_fields(const cJSON *root, const convrelay_relay_message_t *m)
{
    size_t       i;
    const char  *type;

    static const char  *types[] = {
        "", "setup", "prompt", "dtmf", "interrupt", "error", "info"
    };

    type = cJSON_GetObjectItemCaseSensitive(root, "type")->valuestring;

    for (i = 6; i && strcmp(types[i], type) != 0; i--) { /* void */ }

    if (!str_is(&m->type_name, type) || m->type != i) {
        return "the type";
    }

    switch (m->type) {

    case CONVRELAY_RELAY_SETUP:
        return relay_setup(root, &m->u.setup);

    case CONVRELAY_RELAY_PROMPT:
        return relay_prompt(root, &m->u.prompt) ? NULL : "the prompt";

    case CONVRELAY_RELAY_DTMF:
        return (m->u.digit.len
                ? text_is(root, "digit", &m->u.digit, 0)
                  && m->u.digit.len == 1
                  && strchr("0123456789*#ABCD", m->u.digit.data[0])
                : !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(root,
                                                                  "digit"))
                  || strspn(cJSON_GetObjectItemCaseSensitive(root, "digit")
                            ->valuestring, "0123456789*#ABCD") != 1
                  || cJSON_GetObjectItemCaseSensitive(root, "digit")
                     ->valuestring[1])
               ? NULL : "the digit";

    case CONVRELAY_RELAY_INTERRUPT:
        return (text_is(root, "utteranceUntilInterrupt",
                        &m->u.interrupt.utterance, 1)
                && m->u.interrupt.duration == relay_duration(root))
               ? NULL : "the interrupt";

    case CONVRELAY_RELAY_ERROR:
        return (text_is(root, "description", &m->u.error.description, 0)
                && m->u.error.code == relay_code(root))
               ? NULL : "the error";

    case CONVRELAY_RELAY_INFO:
        return (text_is(root, "name", &m->u.info.name, 0)
                && text_is(root, "value", &m->u.info.value, 0))
               ? NULL : "the info";

    default: /* CONVRELAY_RELAY_UNKNOWN */
        return NULL;
    }
}


static const char *
relay_setup(const cJSON *root, const convrelay_relay_setup_t *setup)
{
    size_t                         i;
    const char                    *id;
    const cJSON                   *item, *parameters;
    convrelay_str_t                name, value;
    const convrelay_json_value_t  *v;

    static const char  *ids[] = {
        "callSid", "callControlId", "callSessionId", "callLegId"
    };

    if (!text_is(root, "parentCallSid", &setup->parent_call_sid, 0)
        || !text_is(root, "from", &setup->from, 0)
        || !text_is(root, "to", &setup->to, 0)
        || !text_is(root, "forwardedFrom", &setup->forwarded_from, 0)
        || !text_is(root, "callerName", &setup->caller_name, 0)
        || !text_is(root, "direction", &setup->direction, 0)
        || !text_is(root, "callType", &setup->call_type, 0)
        || !text_is(root, "callStatus", &setup->call_status, 0)
        || !text_is(root, "accountSid", &setup->account_sid, 0))
    {
        return "a field of the setup";
    }

    /* the first one that is there, and says something */

    for (i = 0; i < 4; i++) {
        item = cJSON_GetObjectItemCaseSensitive(root, ids[i]);
        id = cJSON_IsString(item) ? item->valuestring : "";

        if (id[i ? 0 : strspn(id, " \t\r\n")]) {
            break;
        }
    }

    if (i < 4 ? !text_is(root, ids[i], &setup->call_sid, i == 0)
              : setup->call_sid.len != 0)
    {
        return "the callSid";
    }

    item = cJSON_GetObjectItemCaseSensitive(root, "sessionId");

    if (!text_is(root, cJSON_IsString(item) && item->valuestring[0]
                       ? "sessionId" : "callSessionId",
                 &setup->session_id, 0))
    {
        return "the sessionId";
    }

    parameters = cJSON_GetObjectItemCaseSensitive(root, "customParameters");

    if (!cJSON_IsObject(parameters)) {
        return setup->parameters ? "no parameters" : NULL;
    }

    v = NULL;

    cJSON_ArrayForEach(item, parameters) {
        v = convrelay_json_name(setup->parameters, v);

        if (v == NULL) {
            return "a parameter that is missing";
        }

        if (convrelay_json_utf8((convrelay_json_value_t *) v, &name)
            != CONVRELAY_OK)
        {
            return "the name of a parameter";
        }

        if (convrelay_json_utf8((convrelay_json_value_t *) v + 1, &value)
            != CONVRELAY_OK)
        {
            value.data = v[1].data;
            value.len = v[1].len;
        }

        if (!cJSON_IsArray(item) && !cJSON_IsObject(item)
            && !pair_is(item, &name, &value))
        {
            return "a parameter";
        }
    }

    return convrelay_json_name(setup->parameters, v) ? "one parameter too many"
                                                     : NULL;
}


static unsigned
relay_prompt(const cJSON *root, const convrelay_relay_prompt_t *prompt)
{
    const cJSON  *last;

    last = cJSON_GetObjectItemCaseSensitive(root, "last");

    return text_is(root, "voicePrompt", &prompt->voice_prompt, 1)
           && text_is(root, "lang", &prompt->lang, 0)
           && prompt->last == !cJSON_IsFalse(last);
}


static int64_t
relay_duration(const cJSON *root)
{
    char         *end;
    double        ms;
    const char   *p;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(root, "durationUntilInterruptMs");
    ms = -1;

    if (cJSON_IsNumber(item)) {
        ms = item->valuedouble;

    } else if (cJSON_IsString(item)) {
        p = item->valuestring;

        if (strspn(p, "-.0123456789") == strlen(p)
            && *p && p[strlen(p) - 1] != '.')
        {
            ms = strtod(p, &end);
            ms = (*end || p[*p == '-'] == '.') ? -1 : ms;
        }
    }

    if (!(ms >= 0 && ms <= DBL_MAX)) {
        return -1;
    }

    return (ms > 86400000) ? 86400000 : (int64_t) ms;
}


static int
relay_code(const cJSON *root)
{
    char         *text, *p;
    size_t        n;
    const cJSON  *item;
    int           code;

    item = cJSON_GetObjectItemCaseSensitive(root, "description");

    if (!cJSON_IsString(item)) {
        return 0;
    }

    text = strdup(item->valuestring);
    text[strcspn(text, "{")] = '\0';

    code = 0;
    p = strstr(text, "code:");

    if (p) {
        p += 5;
        p += strspn(p, " ");
        n = strspn(p, "0123456789");
        code = (n <= 6) ? atoi(p) : 0;
        code = n ? code : 0;
    }

    free(text);

    return code;
}


static const char *
handoff_differs(const u_char *data, size_t len)
{
    int                   rc, known;
    u_char               *copy, *same;
    const char           *what;
    const cJSON          *item;
    convrelay_json_t      json;
    convrelay_pair_t      pair;
    convrelay_handoff_t   h;

    copy = relay_copy(data, len);
    same = relay_copy(data, len);

    rc = convrelay_handoff_open(&h, copy, len);
    known = convrelay_json_parse(&json, same, len);

    if (known == CONVRELAY_OK && !cJSON_IsObject(json.root)) {
        known = CONVRELAY_DECLINED;
    }

    what = (rc == known) ? NULL : "whether it is hand-off data";

    if (what == NULL && rc == CONVRELAY_OK) {

        cJSON_ArrayForEach(item, json.root) {

            if (cJSON_IsNull(item) || cJSON_IsArray(item)
                || cJSON_IsObject(item))
            {
                continue;
            }

            if (convrelay_handoff_next(&h, &pair) != CONVRELAY_OK
                || !pair_is(item, &pair.name, &pair.value))
            {
                what = "a member of the hand-off data";
                break;
            }
        }

        if (what == NULL && convrelay_handoff_next(&h, &pair) == CONVRELAY_OK)
        {
            what = "one member too many";
        }
    }

    if (rc == CONVRELAY_OK) {
        convrelay_handoff_close(&h);
    }

    convrelay_json_free(&json);
    free(same);
    free(copy);

    return what;
}


/* numbers are as they were written, so only what they stand for is looked at */

static unsigned
pair_is(const cJSON *item, const convrelay_str_t *name,
    const convrelay_str_t *value)
{
    char    *end;
    char     buf[80];
    double   d;

    if (!str_is(name, item->string)) {
        return 0;
    }

    if (cJSON_IsNumber(item)) {

        if (value->len >= sizeof(buf)) {
            return 0;
        }

        memcpy(buf, value->data, value->len);
        buf[value->len] = '\0';

        d = strtod(buf, &end);

        return *end == '\0' && number(buf) == value->len
               && memcmp(&d, &item->valuedouble, sizeof(double)) == 0;
    }

    return str_is(value, cJSON_IsString(item) ? item->valuestring
                         : cJSON_IsTrue(item) ? "true"
                         : cJSON_IsFalse(item) ? "false" : "null");
}


/* of a member that is a string, or the text is empty */

static unsigned
text_is(const cJSON *root, const char *name, const convrelay_str_t *text,
    unsigned trim)
{
    size_t        len;
    const char   *p;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(root, name);

    if (!cJSON_IsString(item)) {
        return text->len == 0;
    }

    p = item->valuestring;

    if (trim) {
        p += strspn(p, " \t\r\n");
    }

    len = strlen(p);

    while (trim && len && strchr(" \t\r\n", p[len - 1])) {
        len--;
    }

    return text->len == len && (len == 0 || memcmp(text->data, p, len) == 0);
}


static unsigned
str_is(const convrelay_str_t *str, const char *text)
{
    return str->len == strlen(text)
           && (str->len == 0 || memcmp(str->data, text, str->len) == 0);
}


/*
 * Where the two are known to differ: numbers that RFC 8259 does not know, or
 * of more than 63 characters, digits in strings likewise, names that are long
 * because of escapes and NULs, one byte after a BOM.
 */

static unsigned
lax(const u_char *data, size_t len)
{
    size_t    i, n, start;
    unsigned  string, coded;

    if (len == 4 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        return 1;
    }

    string = 0;
    coded = 0;
    start = 0;

    for (i = 0; i < len; i++) {

        coded |= (data[i] == '\\' || data[i] == '\0');

        if (data[i] == '\\' && string) {
            i++;
            continue;
        }

        if (data[i] == '"') {

            if (string && coded && i - start > 192) {
                return 1;
            }

            string = !string;
            coded = 0;
            start = i + 1;
            continue;
        }

        n = span(data + i, len - i);

        if (n && (n > 63 || (!string && !sound(data + i, n)))) {
            return 1;
        }

        i += n ? n - 1 : 0;
    }

    return 0;
}


/* how many bytes may be of a number */

static size_t
span(const u_char *p, size_t len)
{
    size_t  n;

    for (n = 0; n < len && p[n] && strchr("0123456789.+-eE", p[n]); n++) {
        /* void */
    }

    return n;
}


/* a number, or not a number, whoever reads it: the end of "true" */

static unsigned
sound(const u_char *p, size_t len)
{
    char  buf[64];

    memcpy(buf, p, len);
    buf[len] = '\0';

    return strcspn(buf, "0123456789") == len || number(buf) == len;
}


/* length of the number of RFC 8259 at p, or 0 */

static size_t
number(const char *p)
{
    size_t       n;
    const char  *start;

    start = p;

    p += (*p == '-');
    n = strspn(p, "0123456789");

    if (n == 0 || (n > 1 && *p == '0')) {
        return 0;
    }

    p += n;

    if (*p == '.') {
        n = strspn(++p, "0123456789");
        p += n;

        if (n == 0) {
            return 0;
        }
    }

    if (*p == 'e' || *p == 'E') {
        p++;
        p += (*p == '-' || *p == '+');
        n = strspn(p, "0123456789");
        p += n;

        if (n == 0) {
            return 0;
        }
    }

    return p - start;
}


/* of exactly this size, so that a byte too far is seen */

static u_char *
relay_copy(const u_char *data, size_t len)
{
    u_char  *copy;

    copy = malloc(len);

    if (len) {
        memcpy(copy, data, len);
    }

    return copy;
}
