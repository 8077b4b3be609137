
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_message.h"


static void convrelay_caller_message_type(convrelay_caller_message_t *m,
    const convrelay_str_t *type);
static void convrelay_caller_json_string(convrelay_caller_buf_t *b,
    const void *value, size_t len);
static void convrelay_caller_json_text(convrelay_caller_buf_t *b,
    const char *name, const char *value);


void
convrelay_caller_setup(convrelay_caller_buf_t *b,
    const convrelay_caller_ident_t *id, const convrelay_caller_pairs_t *params)
{
    size_t  i;

    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_str(b, "{\"type\":\"setup\",");

    convrelay_caller_json_text(b, "sessionId", id->session_id);
    convrelay_caller_json_text(b, "callSid", id->call_sid);
    convrelay_caller_json_text(b, "parentCallSid", "");
    convrelay_caller_json_text(b, "from", id->from);
    convrelay_caller_json_text(b, "to", id->to);
    convrelay_caller_json_text(b, "forwardedFrom", "");
    convrelay_caller_json_text(b, "callerName", "");
    convrelay_caller_json_text(b, "direction", id->direction);
    convrelay_caller_json_text(b, "callType", "PSTN");
    convrelay_caller_json_text(b, "callStatus",
                               id->in_progress ? "IN_PROGRESS" : "RINGING");
    convrelay_caller_json_text(b, "accountSid", id->account_sid);

    convrelay_caller_buf_str(b, "\"customParameters\":{");

    for (i = 0; i < params->n; i++) {

        if (i) {
            convrelay_caller_buf_str(b, ",");
        }

        convrelay_caller_json_string(b, params->elts[i].name,
                                     strlen(params->elts[i].name));
        convrelay_caller_buf_str(b, ":");
        convrelay_caller_json_string(b, params->elts[i].value,
                                     strlen(params->elts[i].value));
    }

    convrelay_caller_buf_str(b, "}}");
}


void
convrelay_caller_prompt(convrelay_caller_buf_t *b, const char *text,
    const char *lang, unsigned last)
{
    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_str(b, "{\"type\":\"prompt\",");
    convrelay_caller_json_text(b, "voicePrompt", text);
    convrelay_caller_json_text(b, "lang", lang);
    convrelay_caller_buf_printf(b, "\"last\":%s}", last ? "true" : "false");
}


void
convrelay_caller_interrupt(convrelay_caller_buf_t *b,
    const convrelay_str_t *utterance, int64_t duration)
{
    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_str(b, "{\"type\":\"interrupt\",");
    convrelay_caller_json_member(b, "utteranceUntilInterrupt", utterance->data,
                                 utterance->len);
    convrelay_caller_buf_printf(b, ",\"durationUntilInterruptMs\":%lld}",
                                (long long) duration);
}


void
convrelay_caller_dtmf(convrelay_caller_buf_t *b, char digit)
{
    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_printf(b, "{\"type\":\"dtmf\",\"digit\":\"%c\"}",
                                digit);
}


void
convrelay_caller_info(convrelay_caller_buf_t *b, const char *name,
    const convrelay_str_t *value)
{
    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_printf(b, "{\"type\":\"info\",\"name\":\"%s\",", name);
    convrelay_caller_json_member(b, "value", value->data, value->len);
    convrelay_caller_buf_str(b, "}");
}


void
convrelay_caller_error(convrelay_caller_buf_t *b,
    const convrelay_str_t *message)
{
    convrelay_caller_buf_t  text;

    memset(&text, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_str(&text, "Invalid message received, code: 64107, ");
    convrelay_caller_buf_add(&text, message->data, message->len);

    convrelay_caller_buf_reset(b);
    convrelay_caller_buf_str(b, "{\"type\":\"error\",");
    convrelay_caller_json_member(b, "description", text.data, text.len);
    convrelay_caller_buf_str(b, "}");

    convrelay_caller_buf_free(&text);
}


void
convrelay_caller_json_member(convrelay_caller_buf_t *b, const char *name,
    const void *value, size_t len)
{
    convrelay_caller_buf_printf(b, "\"%s\":", name);
    convrelay_caller_json_string(b, value, len);
}


static void
convrelay_caller_json_text(convrelay_caller_buf_t *b, const char *name,
    const char *value)
{
    convrelay_caller_json_member(b, name, value, strlen(value));
    convrelay_caller_buf_str(b, ",");
}


static void
convrelay_caller_json_string(convrelay_caller_buf_t *b, const void *value,
    size_t len)
{
    size_t   n;
    u_char  *escaped;

    n = convrelay_json_escaped_len(value, len);
    escaped = convrelay_caller_alloc(n);
    (void) convrelay_json_escape(escaped, value, len);

    convrelay_caller_buf_str(b, "\"");
    convrelay_caller_buf_add(b, escaped, n);
    convrelay_caller_buf_str(b, "\"");

    free(escaped);
}


int
convrelay_caller_message_parse(convrelay_caller_message_t *m, u_char *data,
    size_t len)
{
    int              rc;
    convrelay_str_t  type;

    memset(m, 0, sizeof(convrelay_caller_message_t));

    rc = convrelay_json_parse(&m->json, data, len);

    if (rc == CONVRELAY_ERROR) {
        return CONVRELAY_ERROR;
    }

    if (rc != CONVRELAY_OK) {
        m->error = "is not JSON";
        return CONVRELAY_OK;
    }

    if (convrelay_json_string(m->json.root, "type", &type) != CONVRELAY_OK) {
        m->error = "has no \"type\"";
        return CONVRELAY_OK;
    }

    convrelay_caller_message_type(m, &type);

    return CONVRELAY_OK;
}


static void
convrelay_caller_message_type(convrelay_caller_message_t *m,
    const convrelay_str_t *type)
{
    int           rc;
    const cJSON  *root;

    root = m->json.root;
    rc = CONVRELAY_OK;

    if (convrelay_str_eq(type, "text")) {
        m->type = CONVRELAY_CALLER_MESSAGE_TEXT;
        rc = convrelay_json_string(root, "token", &m->token);
        (void) convrelay_json_bool(root, "last", &m->last);

    } else if (convrelay_str_eq(type, "play")) {
        m->type = CONVRELAY_CALLER_MESSAGE_PLAY;
        rc = convrelay_json_string(root, "source", &m->value);

    } else if (convrelay_str_eq(type, "sendDigits")) {
        m->type = CONVRELAY_CALLER_MESSAGE_DIGITS;
        rc = convrelay_json_string(root, "digits", &m->value);

    } else if (convrelay_str_eq(type, "language")) {
        m->type = CONVRELAY_CALLER_MESSAGE_LANGUAGE;
        rc = convrelay_json_string(root, "ttsLanguage", &m->value);

        if (rc != CONVRELAY_OK) {
            rc = convrelay_json_string(root, "transcriptionLanguage",
                                       &m->value);
        }

    } else if (convrelay_str_eq(type, "end")) {
        m->type = CONVRELAY_CALLER_MESSAGE_END;
        (void) convrelay_json_string(root, "handoffData", &m->value);

        if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root,
                                                            "handoffData")))
        {
            rc = CONVRELAY_DECLINED;
        }

    } else if (convrelay_str_eq(type, "config")
               || convrelay_str_eq(type, "hints"))
    {
        m->type = CONVRELAY_CALLER_MESSAGE_OTHER;

    } else {
        m->error = "has an unknown \"type\"";
    }

    if (rc != CONVRELAY_OK) {
        m->type = CONVRELAY_CALLER_MESSAGE_BAD;
        m->error = "lacks a field, or has one of the wrong type";
    }
}


void
convrelay_caller_message_free(convrelay_caller_message_t *m)
{
    convrelay_json_free(&m->json);
}


/* the texts vary at Twilio: only the code is safe to branch on */

const char *
convrelay_caller_error_message(unsigned code)
{
    switch (code) {

    case 39001:
        return "Network connection to WebSocket server failed";

    case 64101:
        return "Invalid parameter value";

    case 64102:
        return "Unable to connect to WebSocket URL";

    case 64103:
        return "Internal server error";

    case 64104:
        return "Maximum call duration reached";

    case 64105:
        return "Websocket ended";

    case 64106:
        return "Invalid argument when setting up media";

    case 64107:
        return "Invalid message received";

    case 64108:
        return "RTP timeout";

    case 64109:
        return "Concurrency limit reached";

    case 64110:
        return "Account has not opted in";

    case 64114:
        return "Recognition provider connection error";

    default:
        return "Session failed";
    }
}
