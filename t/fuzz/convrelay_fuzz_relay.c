
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks "last"; the rest is parsed as a message from Twilio
 * and as hand-off data, held against a tree of cJSON, and sent as a token and
 * read back.
 */


#include "relay_tree.h"

#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void message(const u_char *data, size_t size);
static void string(const convrelay_str_t *str);
static void token(const u_char *data, size_t size, unsigned last);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    unsigned  last;

    if (size == 0) {
        return 0;
    }

    last = data[0] & 1;

    must(relay_differs(data + 1, size - 1) == NULL);

    message(data + 1, size - 1);
    token(data + 1, size - 1, last);

    return 0;
}


static void
message(const u_char *data, size_t size)
{
    int                         rc;
    u_char                     *copy;
    convrelay_relay_message_t   m;

    copy = malloc(size);
    must(size == 0 || copy);

    if (size) {
        memcpy(copy, data, size);
    }

    rc = convrelay_relay_parse(&m, copy, size);

    if (rc != CONVRELAY_OK) {
        must(rc == CONVRELAY_DECLINED && m.error);
        convrelay_relay_free(&m);
        free(copy);
        return;
    }

    string(&m.type_name);

    switch (m.type) {

    case CONVRELAY_RELAY_SETUP:
        string(&m.u.setup.session_id);
        string(&m.u.setup.call_sid);
        string(&m.u.setup.parent_call_sid);
        string(&m.u.setup.from);
        string(&m.u.setup.to);
        string(&m.u.setup.forwarded_from);
        string(&m.u.setup.caller_name);
        string(&m.u.setup.direction);
        string(&m.u.setup.call_type);
        string(&m.u.setup.call_status);
        string(&m.u.setup.account_sid);
        must(m.u.setup.parameters == NULL
             || m.u.setup.parameters->type == CONVRELAY_JSON_OBJECT);
        break;

    case CONVRELAY_RELAY_PROMPT:
        string(&m.u.prompt.voice_prompt);
        string(&m.u.prompt.lang);
        break;

    case CONVRELAY_RELAY_DTMF:
        must(m.u.digit.len <= 1);
        string(&m.u.digit);
        break;

    case CONVRELAY_RELAY_INTERRUPT:
        string(&m.u.interrupt.utterance);
        must(m.u.interrupt.duration >= -1
             && m.u.interrupt.duration <= 86400000);
        break;

    case CONVRELAY_RELAY_ERROR:
        string(&m.u.error.description);
        must(m.u.error.code >= 0 && m.u.error.code <= 999999);
        break;

    case CONVRELAY_RELAY_INFO:
        string(&m.u.info.name);
        string(&m.u.info.value);
        break;

    case CONVRELAY_RELAY_UNKNOWN:
        break;
    }

    convrelay_relay_free(&m);
    convrelay_relay_free(&m);
    free(copy);
}


static void
string(const convrelay_str_t *str)
{
    if (str->len) {
        must(convrelay_utf8_valid(str->data, str->len) == str->len);
        must(memchr(str->data, '\0', str->len) == NULL);
    }
}


static void
token(const u_char *data, size_t size, unsigned last)
{
    cJSON            *root;
    size_t            len;
    u_char           *copy, *out;
    const cJSON      *item;
    convrelay_str_t   str, got;

    copy = malloc(size);
    must(size == 0 || copy);

    if (size) {
        memcpy(copy, data, size);
    }

    str.data = copy;
    str.len = size;

    len = convrelay_relay_text_size(&str, last);

    out = malloc(len);
    must(out);
    must(convrelay_relay_text_write(out, &str, last) == out + len);
    must(convrelay_utf8_valid(out, len) == len);

    root = cJSON_ParseWithLength((char *) out, len);
    must(root);

    item = cJSON_GetObjectItemCaseSensitive(root, "last");
    must(last ? cJSON_IsTrue(item) : cJSON_IsFalse(item));
    must(convrelay_json_string(root, "token", &got) == CONVRELAY_OK);

    if (size
        && memchr(copy, '\0', size) == NULL
        && convrelay_utf8_valid(copy, size) == size)
    {
        must(got.len == size && memcmp(got.data, copy, size) == 0);
    }

    cJSON_Delete(root);
    free(out);
    free(copy);
}
