
/*
 * Copyright (C) convrelay contributors
 *
 * Messages from Twilio.  Only "type" has to be there: each other field may
 * be missing, null or of a wrong type, which is one and the same here, so
 * that what Twilio adds or drops tomorrow costs no call.
 */


#include "convrelay_relay.h"


/* the longest call that Twilio allows, 24 hours */
#define CONVRELAY_RELAY_MAX_DURATION  86400000

/* no error code of Twilio has more digits */
#define CONVRELAY_RELAY_CODE_DIGITS   6


typedef struct {
    convrelay_str_t          name;
    convrelay_relay_type_e   type;
} convrelay_relay_name_t;


typedef struct {
    const char              *name;
    size_t                   offset;
} convrelay_relay_field_t;


static convrelay_relay_type_e convrelay_relay_type(
    const convrelay_str_t *name);
static void convrelay_relay_setup(convrelay_relay_setup_t *setup,
    const cJSON *root);
static void convrelay_relay_prompt(convrelay_relay_prompt_t *prompt,
    const cJSON *root);
static void convrelay_relay_digit(convrelay_str_t *digit, const cJSON *root);
static void convrelay_relay_interrupt(convrelay_relay_interrupt_t *interrupt,
    const cJSON *root);
static void convrelay_relay_error(convrelay_relay_error_t *error,
    const cJSON *root);
static int convrelay_relay_error_code(const convrelay_str_t *description);


static const convrelay_relay_name_t  convrelay_relay_names[] = {

    { convrelay_string("info"), CONVRELAY_RELAY_INFO },
    { convrelay_string("prompt"), CONVRELAY_RELAY_PROMPT },
    { convrelay_string("interrupt"), CONVRELAY_RELAY_INTERRUPT },
    { convrelay_string("dtmf"), CONVRELAY_RELAY_DTMF },
    { convrelay_string("setup"), CONVRELAY_RELAY_SETUP },
    { convrelay_string("error"), CONVRELAY_RELAY_ERROR },

    { convrelay_null_string, CONVRELAY_RELAY_UNKNOWN }
};


static const convrelay_relay_field_t  convrelay_relay_setup_fields[] = {

    { "sessionId", offsetof(convrelay_relay_setup_t, session_id) },
    { "callSid", offsetof(convrelay_relay_setup_t, call_sid) },
    { "parentCallSid", offsetof(convrelay_relay_setup_t, parent_call_sid) },
    { "from", offsetof(convrelay_relay_setup_t, from) },
    { "to", offsetof(convrelay_relay_setup_t, to) },
    { "forwardedFrom", offsetof(convrelay_relay_setup_t, forwarded_from) },
    { "callerName", offsetof(convrelay_relay_setup_t, caller_name) },
    { "direction", offsetof(convrelay_relay_setup_t, direction) },
    { "callType", offsetof(convrelay_relay_setup_t, call_type) },
    { "callStatus", offsetof(convrelay_relay_setup_t, call_status) },
    { "accountSid", offsetof(convrelay_relay_setup_t, account_sid) },

    { NULL, 0 }
};


/* the first one that is there counts */

static const convrelay_relay_field_t  convrelay_relay_telnyx_fields[] = {

    { "callControlId", offsetof(convrelay_relay_setup_t, call_sid) },
    { "callSessionId", offsetof(convrelay_relay_setup_t, call_sid) },
    { "callLegId", offsetof(convrelay_relay_setup_t, call_sid) },
    { "callSessionId", offsetof(convrelay_relay_setup_t, session_id) },

    { NULL, 0 }
};


int
convrelay_relay_parse(convrelay_relay_message_t *m, u_char *data, size_t len)
{
    int           rc;
    const cJSON  *root;

    memset(m, 0, sizeof(convrelay_relay_message_t));

    rc = convrelay_json_parse(&m->json, data, len);

    if (rc != CONVRELAY_OK) {
        m->error = m->json.error;
        return rc;
    }

    root = m->json.root;

    if (!cJSON_IsObject(root)) {
        convrelay_relay_free(m);
        m->error = "is not a JSON object";
        return CONVRELAY_DECLINED;
    }

    rc = convrelay_json_string(root, "type", &m->type_name);

    if (rc != CONVRELAY_OK) {
        convrelay_relay_free(m);
        m->error = "has no string \"type\"";
        return CONVRELAY_DECLINED;
    }

    m->type = convrelay_relay_type(&m->type_name);

    switch (m->type) {

    case CONVRELAY_RELAY_SETUP:
        convrelay_relay_setup(&m->u.setup, root);
        break;

    case CONVRELAY_RELAY_PROMPT:
        convrelay_relay_prompt(&m->u.prompt, root);
        break;

    case CONVRELAY_RELAY_DTMF:
        convrelay_relay_digit(&m->u.digit, root);
        break;

    case CONVRELAY_RELAY_INTERRUPT:
        convrelay_relay_interrupt(&m->u.interrupt, root);
        break;

    case CONVRELAY_RELAY_ERROR:
        convrelay_relay_error(&m->u.error, root);
        break;

    case CONVRELAY_RELAY_INFO:
        (void) convrelay_json_string(root, "name", &m->u.info.name);
        (void) convrelay_json_string(root, "value", &m->u.info.value);
        break;

    case CONVRELAY_RELAY_UNKNOWN:
        break;
    }

    return CONVRELAY_OK;
}


void
convrelay_relay_free(convrelay_relay_message_t *m)
{
    convrelay_json_free(&m->json);
    memset(m, 0, sizeof(convrelay_relay_message_t));
}


static convrelay_relay_type_e
convrelay_relay_type(const convrelay_str_t *name)
{
    const convrelay_relay_name_t  *known;

    for (known = convrelay_relay_names; known->name.len; known++) {

        if (convrelay_str_equal(&known->name, name)) {
            return known->type;
        }
    }

    return CONVRELAY_RELAY_UNKNOWN;
}


static void
convrelay_relay_setup(convrelay_relay_setup_t *setup, const cJSON *root)
{
    const cJSON                    *parameters;
    convrelay_str_t                *value;
    const convrelay_relay_field_t  *field;

    for (field = convrelay_relay_setup_fields; field->name; field++) {
        value = (convrelay_str_t *) ((u_char *) setup + field->offset);
        (void) convrelay_json_string(root, field->name, value);
    }

    convrelay_str_trim(&setup->call_sid);

    for (field = convrelay_relay_telnyx_fields; field->name; field++) {
        value = (convrelay_str_t *) ((u_char *) setup + field->offset);

        if (value->len == 0) {
            (void) convrelay_json_string(root, field->name, value);
        }
    }

    parameters = cJSON_GetObjectItemCaseSensitive(root, "customParameters");

    if (cJSON_IsObject(parameters)) {
        setup->parameters = parameters;
    }
}


static void
convrelay_relay_prompt(convrelay_relay_prompt_t *prompt, const cJSON *root)
{
    unsigned  last;

    last = 1;

    (void) convrelay_json_string(root, "voicePrompt", &prompt->voice_prompt);
    (void) convrelay_json_string(root, "lang", &prompt->lang);
    (void) convrelay_json_bool(root, "last", &last);

    convrelay_str_trim(&prompt->voice_prompt);

    prompt->last = (last != 0);
}


static void
convrelay_relay_digit(convrelay_str_t *digit, const cJSON *root)
{
    (void) convrelay_json_string(root, "digit", digit);

    if (digit->len != 1
        || digit->data[0] == '\0'
        || strchr("0123456789*#ABCD", digit->data[0]) == NULL)
    {
        digit->len = 0;
    }
}


static void
convrelay_relay_interrupt(convrelay_relay_interrupt_t *interrupt,
    const cJSON *root)
{
    double  ms;

    (void) convrelay_json_string(root, "utteranceUntilInterrupt",
                                 &interrupt->utterance);

    convrelay_str_trim(&interrupt->utterance);

    ms = -1;

    (void) convrelay_json_number(root, "durationUntilInterruptMs", &ms);

    /* written so that NaN counts as missing */

    if (!(ms >= 0)) {
        interrupt->duration = -1;

    } else if (ms > CONVRELAY_RELAY_MAX_DURATION) {
        interrupt->duration = CONVRELAY_RELAY_MAX_DURATION;

    } else {
        interrupt->duration = (int64_t) ms;
    }
}


static void
convrelay_relay_error(convrelay_relay_error_t *error, const cJSON *root)
{
    (void) convrelay_json_string(root, "description", &error->description);

    error->code = convrelay_relay_error_code(&error->description);
}


/*
 * "Invalid message received, code: 64107, {...}".  The frame that follows is
 * ours and repeats what the model said, so the search ends at its brace.
 */

static int
convrelay_relay_error_code(const convrelay_str_t *description)
{
    int     code, digits;
    u_char  *p, *last;

    if (description->len == 0) {
        return 0;
    }

    p = description->data;
    last = memchr(p, '{', description->len);
    if (last == NULL) {
        last = p + description->len;
    }

    for ( ;; ) {

        if (last - p < (ptrdiff_t) sizeof("code:") - 1) {
            return 0;
        }

        if (memcmp(p, "code:", sizeof("code:") - 1) == 0) {
            break;
        }

        p++;
    }

    p += sizeof("code:") - 1;

    while (p < last && *p == ' ') {
        p++;
    }

    code = 0;

    for (digits = 0; p < last && *p >= '0' && *p <= '9'; p++) {

        if (++digits > CONVRELAY_RELAY_CODE_DIGITS) {
            return 0;
        }

        code = code * 10 + (*p - '0');
    }

    return code;
}
