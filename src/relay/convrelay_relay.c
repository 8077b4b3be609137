
/*
 * Copyright (C) convrelay contributors
 *
 * Messages from Twilio.  Only "type" is required: every other field may be
 * missing, null or of a wrong type, all of which count as missing, so that no
 * call is lost if Twilio adds or drops a field.
 */


#include <stdlib.h>

#include "convrelay_relay.h"


/* the longest call that Twilio allows, 24 hours */
#define CONVRELAY_RELAY_MAX_DURATION  86400000

/* none of Twilio's error codes has more digits */
#define CONVRELAY_RELAY_CODE_DIGITS   6


typedef struct {
    convrelay_str_t          name;
    convrelay_relay_type_e   type;
} convrelay_relay_name_t;


#define CONVRELAY_RELAY_SETUP_TEXTS                                          \
    (sizeof(convrelay_relay_setup_texts) / sizeof(size_t))


/* the fields used of each message, NULL if missing */

typedef struct {
    convrelay_json_value_t  *texts[11];   /* by convrelay_relay_setup_texts */
    convrelay_json_value_t  *call_control_id;
    convrelay_json_value_t  *call_session_id;
    convrelay_json_value_t  *call_leg_id;
    convrelay_json_value_t  *parameters;
} convrelay_relay_setup_values_t;


typedef struct {
    convrelay_json_value_t  *voice_prompt;
    convrelay_json_value_t  *lang;
    convrelay_json_value_t  *last;
} convrelay_relay_prompt_values_t;


typedef struct {
    convrelay_json_value_t  *utterance;
    convrelay_json_value_t  *duration;
} convrelay_relay_interrupt_values_t;


typedef struct {
    convrelay_json_value_t  *name;
    convrelay_json_value_t  *value;
} convrelay_relay_info_values_t;


static int convrelay_relay_read(convrelay_relay_message_t *m,
    const convrelay_json_value_t *root);
static convrelay_relay_type_e convrelay_relay_type(
    const convrelay_str_t *name);
static void convrelay_relay_setup(convrelay_relay_setup_t *setup,
    const convrelay_json_value_t *root);
static void convrelay_relay_prompt(convrelay_relay_prompt_t *prompt,
    const convrelay_json_value_t *root);
static void convrelay_relay_digit(convrelay_str_t *digit,
    const convrelay_json_value_t *root);
static void convrelay_relay_interrupt(convrelay_relay_interrupt_t *interrupt,
    const convrelay_json_value_t *root);
static int64_t convrelay_relay_duration(convrelay_json_value_t *value);
static void convrelay_relay_error(convrelay_relay_error_t *error,
    const convrelay_json_value_t *root);
static int convrelay_relay_error_code(const convrelay_str_t *description);
static void convrelay_relay_info(convrelay_relay_info_t *info,
    const convrelay_json_value_t *root);


static const convrelay_relay_name_t  convrelay_relay_names[] = {

    { convrelay_string("info"), CONVRELAY_RELAY_INFO },
    { convrelay_string("prompt"), CONVRELAY_RELAY_PROMPT },
    { convrelay_string("interrupt"), CONVRELAY_RELAY_INTERRUPT },
    { convrelay_string("dtmf"), CONVRELAY_RELAY_DTMF },
    { convrelay_string("setup"), CONVRELAY_RELAY_SETUP },
    { convrelay_string("error"), CONVRELAY_RELAY_ERROR },

    { convrelay_null_string, CONVRELAY_RELAY_UNKNOWN }
};


#define convrelay_relay_setup_field(name, field)                             \
    { convrelay_string(name), offsetof(convrelay_relay_setup_values_t, field) }

#define convrelay_relay_prompt_field(name, field)                            \
    { convrelay_string(name),                                                \
      offsetof(convrelay_relay_prompt_values_t, field) }

#define convrelay_relay_interrupt_field(name, field)                         \
    { convrelay_string(name),                                                \
      offsetof(convrelay_relay_interrupt_values_t, field) }

#define convrelay_relay_info_field(name, field)                              \
    { convrelay_string(name), offsetof(convrelay_relay_info_values_t, field) }


static const convrelay_json_field_t  convrelay_relay_setup_fields[] = {
    convrelay_relay_setup_field("sessionId", texts[0]),
    convrelay_relay_setup_field("callSid", texts[1]),
    convrelay_relay_setup_field("parentCallSid", texts[2]),
    convrelay_relay_setup_field("from", texts[3]),
    convrelay_relay_setup_field("to", texts[4]),
    convrelay_relay_setup_field("forwardedFrom", texts[5]),
    convrelay_relay_setup_field("callerName", texts[6]),
    convrelay_relay_setup_field("direction", texts[7]),
    convrelay_relay_setup_field("callType", texts[8]),
    convrelay_relay_setup_field("callStatus", texts[9]),
    convrelay_relay_setup_field("accountSid", texts[10]),
    convrelay_relay_setup_field("callControlId", call_control_id),
    convrelay_relay_setup_field("callSessionId", call_session_id),
    convrelay_relay_setup_field("callLegId", call_leg_id),
    convrelay_relay_setup_field("customParameters", parameters),
    convrelay_json_no_field
};


static const size_t  convrelay_relay_setup_texts[] = {
    offsetof(convrelay_relay_setup_t, session_id),
    offsetof(convrelay_relay_setup_t, call_sid),
    offsetof(convrelay_relay_setup_t, parent_call_sid),
    offsetof(convrelay_relay_setup_t, from),
    offsetof(convrelay_relay_setup_t, to),
    offsetof(convrelay_relay_setup_t, forwarded_from),
    offsetof(convrelay_relay_setup_t, caller_name),
    offsetof(convrelay_relay_setup_t, direction),
    offsetof(convrelay_relay_setup_t, call_type),
    offsetof(convrelay_relay_setup_t, call_status),
    offsetof(convrelay_relay_setup_t, account_sid)
};


static const convrelay_json_field_t  convrelay_relay_prompt_fields[] = {
    convrelay_relay_prompt_field("voicePrompt", voice_prompt),
    convrelay_relay_prompt_field("lang", lang),
    convrelay_relay_prompt_field("last", last),
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_relay_interrupt_fields[] = {
    convrelay_relay_interrupt_field("utteranceUntilInterrupt", utterance),
    convrelay_relay_interrupt_field("durationUntilInterruptMs", duration),
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_relay_info_fields[] = {
    convrelay_relay_info_field("name", name),
    convrelay_relay_info_field("value", value),
    convrelay_json_no_field
};


int
convrelay_relay_parse(convrelay_relay_message_t *m, u_char *data, size_t len)
{
    int  rc;

    memset(m, 0, offsetof(convrelay_relay_message_t, json));

    rc = convrelay_json_read(&m->json, data, len, &m->copy);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_relay_read(m, m->json.values);

    } else {
        m->error = m->json.error;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_json_reader_free(&m->json);
        free(m->copy);
        m->copy = NULL;
    }

    return rc;
}


static int
convrelay_relay_read(convrelay_relay_message_t *m,
    const convrelay_json_value_t *root)
{
    if (root->type != CONVRELAY_JSON_OBJECT) {
        m->error = "is not a JSON object";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_json_utf8(convrelay_json_member(root, "type"),
                            &m->type_name)
        != CONVRELAY_OK)
    {
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
        convrelay_relay_info(&m->u.info, root);
        break;

    case CONVRELAY_RELAY_UNKNOWN:
        break;
    }

    return CONVRELAY_OK;
}


void
convrelay_relay_free(convrelay_relay_message_t *m)
{
    convrelay_json_reader_free(&m->json);
    free(m->copy);

    memset(m, 0, offsetof(convrelay_relay_message_t, json));
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
convrelay_relay_setup(convrelay_relay_setup_t *setup,
    const convrelay_json_value_t *root)
{
    size_t                           i;
    convrelay_str_t                 *text;
    convrelay_relay_setup_values_t   v;

    convrelay_json_members(root, convrelay_relay_setup_fields, &v);

    for (i = 0; i < CONVRELAY_RELAY_SETUP_TEXTS; i++) {
        text = (convrelay_str_t *) ((u_char *) setup
                                    + convrelay_relay_setup_texts[i]);

        (void) convrelay_json_utf8(v.texts[i], text);
    }

    convrelay_str_trim(&setup->call_sid);

    if (setup->call_sid.len == 0) {
        (void) convrelay_json_utf8(v.call_control_id, &setup->call_sid);
    }

    if (setup->call_sid.len == 0) {
        (void) convrelay_json_utf8(v.call_session_id, &setup->call_sid);
    }

    if (setup->call_sid.len == 0) {
        (void) convrelay_json_utf8(v.call_leg_id, &setup->call_sid);
    }

    if (setup->session_id.len == 0) {
        (void) convrelay_json_utf8(v.call_session_id, &setup->session_id);
    }

    if (v.parameters && v.parameters->type == CONVRELAY_JSON_OBJECT) {
        setup->parameters = v.parameters;
    }
}


static void
convrelay_relay_prompt(convrelay_relay_prompt_t *prompt,
    const convrelay_json_value_t *root)
{
    unsigned                         last;
    convrelay_relay_prompt_values_t  v;

    convrelay_json_members(root, convrelay_relay_prompt_fields, &v);

    last = 1;

    (void) convrelay_json_utf8(v.voice_prompt, &prompt->voice_prompt);
    (void) convrelay_json_utf8(v.lang, &prompt->lang);
    (void) convrelay_json_value_bool(v.last, &last);

    convrelay_str_trim(&prompt->voice_prompt);

    prompt->last = last;
}


static void
convrelay_relay_digit(convrelay_str_t *digit,
    const convrelay_json_value_t *root)
{
    (void) convrelay_json_utf8(convrelay_json_member(root, "digit"), digit);

    if (digit->len != 1
        || digit->data[0] == '\0'
        || strchr("0123456789*#ABCD", digit->data[0]) == NULL)
    {
        digit->len = 0;
    }
}


static void
convrelay_relay_interrupt(convrelay_relay_interrupt_t *interrupt,
    const convrelay_json_value_t *root)
{
    convrelay_relay_interrupt_values_t  v;

    convrelay_json_members(root, convrelay_relay_interrupt_fields, &v);

    (void) convrelay_json_utf8(v.utterance, &interrupt->utterance);

    convrelay_str_trim(&interrupt->utterance);

    interrupt->duration = convrelay_relay_duration(v.duration);
}


/* a number; in old messages, a string of digits */

static int64_t
convrelay_relay_duration(convrelay_json_value_t *value)
{
    double           ms;
    convrelay_str_t  text;

    ms = -1;

    if (convrelay_json_utf8(value, &text) == CONVRELAY_OK) {
        (void) convrelay_json_decimal(text.data, text.len, &ms);

    } else {
        (void) convrelay_json_value_number(value, &ms);
    }

    if (ms < 0) {
        return -1;
    }

    return (ms > CONVRELAY_RELAY_MAX_DURATION) ? CONVRELAY_RELAY_MAX_DURATION
                                               : (int64_t) ms;
}


static void
convrelay_relay_error(convrelay_relay_error_t *error,
    const convrelay_json_value_t *root)
{
    (void) convrelay_json_utf8(convrelay_json_member(root, "description"),
                               &error->description);

    error->code = convrelay_relay_error_code(&error->description);
}


/*
 * "Invalid message received, code: 64107, {...}".  The frame that follows is
 * the rejected message and repeats the model's words, so the search ends at its
 * brace.
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


static void
convrelay_relay_info(convrelay_relay_info_t *info,
    const convrelay_json_value_t *root)
{
    convrelay_relay_info_values_t  v;

    convrelay_json_members(root, convrelay_relay_info_fields, &v);

    (void) convrelay_json_utf8(v.name, &info->name);
    (void) convrelay_json_utf8(v.value, &info->value);
}
