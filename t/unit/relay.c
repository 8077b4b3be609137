
/*
 * Copyright (C) convrelay contributors
 */


#include <cjson/cJSON.h>

#include "convrelay_relay.h"
#include "tap.h"


static convrelay_relay_message_t  m;


static int parse(const char *text);
static int parse_len(const char *text, size_t len);
static void done(void);

static void setup_test(void);
static void setup_variants_test(void);
static void prompt_test(void);
static void dtmf_test(void);
static void interrupt_test(void);
static void error_test(void);
static void info_test(void);
static void types_test(void);
static void declined_test(void);
static void null_fields_test(void);
static void cut_test(void);
static void text_test(void);
static u_char *room(size_t size);
static void text_one(const char *token, size_t len, unsigned last,
    const char *want, const char *name);


static u_char  *input;
static size_t   input_len;


static const char  setup_json[] =
    "{\"type\":\"setup\",\"sessionId\":\"VX01\",\"callSid\":\"CA01\","
    "\"parentCallSid\":\"\",\"from\":\"+15550100001\","
    "\"to\":\"+15550100002\",\"forwardedFrom\":\"+15550100003\","
    "\"callerName\":\"Birch\",\"direction\":\"inbound\","
    "\"callType\":\"PSTN\",\"callStatus\":\"RINGING\","
    "\"accountSid\":\"AC01\",\"customParameters\":{\"tenant\":\"birch\"}}";

/* "accountSid" second, as in Twilio's documentation, and "type" last */

static const char  setup_docs_json[] =
    "{\"sessionId\":\"VX01\",\"accountSid\":\"AC01\","
    "\"parentCallSid\":\"CA00\",\"callSid\":\"CA01\","
    "\"from\":\"client:joe\",\"to\":\"sip:a@b.example\","
    "\"forwardedFrom\":null,\"callType\":\"PSTN\",\"callerName\":\"\","
    "\"direction\":\"outbound-api\",\"callStatus\":\"IN_PROGRESS\","
    "\"applicationSid\":null,\"customParameters\":{},\"type\":\"setup\"}";

static const char  setup_telnyx_json[] =
    "{\"type\":\"setup\","
    "\"sessionId\":\"0b3a2f4e-6d0d-4a0e-9d7e-1f2a3b4c5d6e\","
    "\"callSid\":\"v3:aa\",\"callControlId\":\"v3:aa\","
    "\"callSessionId\":\"cc\",\"callLegId\":\"dd\","
    "\"from\":\"+15550100001\",\"to\":\"+15550100002\","
    "\"callStatus\":\"active\"}";


int
main(void)
{
    setup_test();
    setup_variants_test();
    prompt_test();
    dtmf_test();
    interrupt_test();
    error_test();
    info_test();
    types_test();
    declined_test();
    null_fields_test();
    cut_test();
    text_test();

    return tap_done();
}


static int
parse(const char *text)
{
    return parse_len(text, strlen(text));
}


static int
parse_len(const char *text, size_t len)
{
    memset(&m, 0xff, sizeof(m));

    input_len = len;
    input = tap_flush(text, len);

    return convrelay_relay_parse(&m, input, len);
}


static void
done(void)
{
    convrelay_relay_free(&m);
    convrelay_relay_free(&m);

    tap_unflush(input, input_len);
}


static void
setup_test(void)
{
    convrelay_str_t           tenant;
    convrelay_relay_setup_t  *s;

    tap_ok(parse(setup_json) == CONVRELAY_OK, "setup");
    tap_ok(m.type == CONVRELAY_RELAY_SETUP, "its type");
    tap_is_str(&m.type_name, "setup", "its type's name");

    s = &m.u.setup;

    tap_is_str(&s->session_id, "VX01", "sessionId");
    tap_is_str(&s->call_sid, "CA01", "callSid");
    tap_is_str(&s->parent_call_sid, "", "parentCallSid");
    tap_is_str(&s->from, "+15550100001", "from");
    tap_is_str(&s->to, "+15550100002", "to");
    tap_is_str(&s->forwarded_from, "+15550100003", "forwardedFrom");
    tap_is_str(&s->caller_name, "Birch", "callerName");
    tap_is_str(&s->direction, "inbound", "direction");
    tap_is_str(&s->call_type, "PSTN", "callType");
    tap_is_str(&s->call_status, "RINGING", "callStatus");
    tap_is_str(&s->account_sid, "AC01", "accountSid");

    tap_ok(convrelay_json_utf8(convrelay_json_member(s->parameters, "tenant"),
                               &tenant)
           == CONVRELAY_OK, "customParameters");
    tap_is_str(&tenant, "birch", "a custom parameter");

    done();

    tap_ok(parse(setup_docs_json) == CONVRELAY_OK, "setup, other order");

    tap_is_str(&s->session_id, "VX01", "sessionId, other order");
    tap_is_str(&s->call_sid, "CA01", "callSid, other order");
    tap_is_str(&s->parent_call_sid, "CA00", "parentCallSid, other order");
    tap_is_str(&s->from, "client:joe", "from a client");
    tap_is_str(&s->to, "sip:a@b.example", "to a SIP address");
    tap_is_str(&s->forwarded_from, "", "forwardedFrom of null is missing");
    tap_is_str(&s->account_sid, "AC01", "accountSid, other order");
    tap_ok(s->parameters != NULL
           && convrelay_json_name(s->parameters, NULL) == NULL,
           "empty customParameters");

    done();
}


static void
setup_variants_test(void)
{
    convrelay_relay_setup_t  *s;

    s = &m.u.setup;

    tap_ok(parse(setup_telnyx_json) == CONVRELAY_OK, "setup like Telnyx");
    tap_is_str(&s->session_id, "0b3a2f4e-6d0d-4a0e-9d7e-1f2a3b4c5d6e",
               "sessionId like Telnyx");
    tap_is_str(&s->call_status, "active", "callStatus like Telnyx");
    tap_is_str(&s->account_sid, "", "missing accountSid is empty");
    tap_ok(s->parameters == NULL, "missing customParameters are NULL");
    done();

    tap_ok(parse("{\"type\":\"setup\",\"callControlId\":\"v3:aa\","
                 "\"callSessionId\":\"cc\",\"callLegId\":\"dd\"}")
           == CONVRELAY_OK, "setup of Telnyx without callSid");
    tap_is_str(&s->call_sid, "v3:aa", "callControlId is the callSid");
    tap_is_str(&s->session_id, "cc", "callSessionId is the sessionId");
    done();

    tap_ok(parse("{\"type\":\"setup\",\"callLegId\":\"dd\"}")
           == CONVRELAY_OK, "setup of Telnyx with a leg alone");
    tap_is_str(&s->call_sid, "dd", "callLegId is the callSid");
    done();

    tap_ok(parse("{\"type\":\"setup\"}") == CONVRELAY_OK, "setup alone");
    tap_is_str(&s->call_sid, "", "missing callSid is empty");
    done();

    tap_ok(parse("{\"type\":\"setup\",\"callSid\":\" \\tCA01\\r\\n \"}")
           == CONVRELAY_OK, "setup with blanks");
    tap_is_str(&s->call_sid, "CA01", "callSid without its blanks");
    done();

    tap_ok(parse("{\"type\":\"setup\",\"callSid\":7,\"from\":{},\"to\":[],"
                 "\"sessionId\":true,\"accountSid\":1e999,"
                 "\"customParameters\":[\"a\"]}")
           == CONVRELAY_OK, "setup with wrong types");
    tap_is_str(&s->call_sid, "", "a number is missing");
    tap_is_str(&s->from, "", "an object is missing");
    tap_is_str(&s->to, "", "an array is missing");
    tap_is_str(&s->session_id, "", "a boolean is missing");
    tap_ok(s->parameters == NULL, "customParameters of an array are NULL");
    done();

    tap_ok(parse("{\"type\":\"setup\",\"customParameters\":\"x\"}")
           == CONVRELAY_OK, "setup with a string for parameters");
    tap_ok(s->parameters == NULL, "customParameters of a string are NULL");
    done();
}


static void
prompt_test(void)
{
    convrelay_relay_prompt_t  *p;

    p = &m.u.prompt;

    tap_ok(parse("{\"type\":\"prompt\",\"voicePrompt\":\"What are your "
                 "opening hours?\",\"lang\":\"en-US\",\"last\":true}")
           == CONVRELAY_OK, "prompt");
    tap_ok(m.type == CONVRELAY_RELAY_PROMPT, "its type");
    tap_is_str(&p->voice_prompt, "What are your opening hours?",
               "voicePrompt");
    tap_is_str(&p->lang, "en-US", "lang");
    tap_ok(p->last == 1, "last is true");
    done();

    tap_ok(parse("{\"last\":false,\"agentSpeaking\":\"on\",\"lang\":\"en\","
                 "\"voicePrompt\":\"  What are \\n\",\"type\":\"prompt\","
                 "\"x\":[{\"y\":null}]}")
           == CONVRELAY_OK, "partial prompt, other order, unknown fields");
    tap_is_str(&p->voice_prompt, "What are", "voicePrompt without blanks");
    tap_ok(p->last == 0, "last is false");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"voicePrompt\":\"hi\"}")
           == CONVRELAY_OK, "prompt without last");
    tap_ok(p->last == 1, "missing last is true");
    tap_is_str(&p->lang, "", "missing lang is empty");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"last\":null,\"voicePrompt\":null}")
           == CONVRELAY_OK, "prompt of nulls");
    tap_ok(p->last == 1, "last of null is true");
    tap_is_str(&p->voice_prompt, "", "voicePrompt of null is empty");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"last\":\"false\","
                 "\"voicePrompt\":[\"a\"]}")
           == CONVRELAY_OK, "prompt of wrong types");
    tap_ok(p->last == 1, "last of a string counts as missing");
    tap_is_str(&p->voice_prompt, "", "voicePrompt of an array is missing");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"voicePrompt\":\" \\t\\r\\n \"}")
           == CONVRELAY_OK, "prompt of white space");
    tap_is_str(&p->voice_prompt, "", "is empty");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"voicePrompt\":\"first\","
                 "\"voicePrompt\":\"second\"}")
           == CONVRELAY_OK, "prompt with a field twice");
    tap_is_str(&p->voice_prompt, "first", "the first counts");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"voiceprompt\":\"a\","
                 "\"VoicePrompt\":\"b\"}")
           == CONVRELAY_OK, "prompt with names in other case");
    tap_is_str(&p->voice_prompt, "", "they are unknown");
    done();

    tap_ok(parse("{\"type\":\"prompt\",\"voicePrompt\":"
                 "\"\\u00e9\\ud83d\\ude00\\ud83d \\u0000x\xff\"}")
           == CONVRELAY_OK, "prompt with odd characters");
    tap_is_str(&p->voice_prompt, "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd x"
               "\xef\xbf\xbd", "is whole and valid UTF-8");
    done();
}


static void
dtmf_test(void)
{
    int   i;
    char  text[64], want[2];

    for (i = 0; i < 16; i++) {
        want[0] = "0123456789*#ABCD"[i];
        want[1] = '\0';

        (void) snprintf(text, sizeof(text),
                        "{\"type\":\"dtmf\",\"digit\":\"%s\"}", want);

        tap_ok(parse(text) == CONVRELAY_OK
               && m.type == CONVRELAY_RELAY_DTMF, "dtmf");
        tap_is_str(&m.u.digit, want, "digit");
        done();
    }

    static const char  *odd[] = {
        "{\"type\":\"dtmf\"}",
        "{\"type\":\"dtmf\",\"digit\":\"\"}",
        "{\"type\":\"dtmf\",\"digit\":\"12\"}",
        "{\"type\":\"dtmf\",\"digit\":5}",
        "{\"type\":\"dtmf\",\"digit\":null}",
        "{\"type\":\"dtmf\",\"digit\":[\"5\"]}",
        "{\"type\":\"dtmf\",\"digit\":\"\\u00e9\"}",
        "{\"type\":\"dtmf\",\"digit\":\"a\"}",
        "{\"type\":\"dtmf\",\"digit\":\" \"}",
    };

    for (i = 0; i < (int) (sizeof(odd) / sizeof(odd[0])); i++) {
        tap_ok(parse(odd[i]) == CONVRELAY_OK
               && m.type == CONVRELAY_RELAY_DTMF
               && m.u.digit.len == 0, "no digit: %s", odd[i]);
        done();
    }
}


static void
interrupt_test(void)
{
    size_t                        i;
    char                          text[256];
    convrelay_relay_interrupt_t  *n;

    static const struct {
        const char  *ms;
        int64_t      want;
    } durations[] = {
        { "712", 712 },
        { "\"712\"", 712 },
        { "0", 0 },
        { "\"0\"", 0 },
        { "712.9", 712 },
        { "7.12e2", 712 },
        { "-0.0", 0 },
        { "-1", -1 },
        { "-5000", -1 },
        { "\"-3\"", -1 },
        { "null", -1 },
        { "true", -1 },
        { "{}", -1 },
        { "[5]", -1 },
        { "\"\"", -1 },
        { "\"soon\"", -1 },
        { "\"5 ms\"", -1 },
        { "\"0x10\"", -1 },
        { "\"nan\"", -1 },
        { "\"inf\"", -1 },
        { "86400000", 86400000 },
        { "86400001", 86400000 },
        { "1e18", 86400000 },
        { "1e300", 86400000 },
        { "99999999999999999999999999", 86400000 },
        { "1e999", -1 },
        { "-1e999", -1 },
    };

    n = &m.u.interrupt;

    tap_ok(parse("{\"type\":\"interrupt\",\"utteranceUntilInterrupt\":"
                 "\"We are open from\",\"durationUntilInterruptMs\":712}")
           == CONVRELAY_OK, "interrupt");
    tap_ok(m.type == CONVRELAY_RELAY_INTERRUPT, "its type");
    tap_is_str(&n->utterance, "We are open from", "utteranceUntilInterrupt");
    tap_ok(n->duration == 712, "durationUntilInterruptMs");
    done();

    tap_ok(parse("{\"durationUntilInterruptMs\":\"5\","
                 "\"utteranceUntilInterrupt\":\" We are \","
                 "\"type\":\"interrupt\"}")
           == CONVRELAY_OK, "interrupt, other order");
    tap_is_str(&n->utterance, "We are", "utterance without blanks");
    tap_ok(n->duration == 5, "duration from a string");
    done();

    tap_ok(parse("{\"type\":\"interrupt\",\"utteranceUntilInterrupt\":null}")
           == CONVRELAY_OK, "interrupt without anything");
    tap_is_str(&n->utterance, "", "missing utterance is empty");
    tap_ok(n->duration == -1, "missing duration is -1");
    done();

    for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        (void) snprintf(text, sizeof(text), "{\"type\":\"interrupt\","
                        "\"durationUntilInterruptMs\":%s}", durations[i].ms);

        tap_ok(parse(text) == CONVRELAY_OK
               && n->duration == durations[i].want,
               "duration %s is %lld", durations[i].ms,
               (long long) durations[i].want);
        done();
    }
}


static void
error_test(void)
{
    size_t  i;
    char    text[256];

    static const struct {
        const char  *description;
        int          code;
    } errors[] = {
        { "Invalid message received, code: 64107, "
          "{\\\"type\\\":\\\"txt\\\"}", 64107 },
        { "Invalid message received: {\\\"type\\\":\\\"txt\\\"}", 0 },
        { "code: 64107", 64107 },
        { "code:64107", 64107 },
        { "code:   64107.", 64107 },
        { "code:7", 7 },
        { "code:09", 9 },
        { "an error code:9", 9 },
        { "code: ", 0 },
        { "code:", 0 },
        { "code", 0 },
        { "cod", 0 },
        { "", 0 },
        { "code: x64107", 0 },
        { "code: 999999", 999999 },
        { "code: 1000000", 0 },
        { "code: 99999999999999999999", 0 },
        { "error code: 64101, code: 64102", 64101 },
        { "Invalid message received: {\\\"token\\\":\\\"code: 1\\\"}", 0 },
        { "{code: 5}", 0 },
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        (void) snprintf(text, sizeof(text),
                        "{\"type\":\"error\",\"description\":\"%s\"}",
                        errors[i].description);

        tap_ok(parse(text) == CONVRELAY_OK
               && m.type == CONVRELAY_RELAY_ERROR
               && m.u.error.code == errors[i].code,
               "error code %d in %s", errors[i].code, errors[i].description);
        done();
    }

    tap_ok(parse("{\"type\":\"error\",\"description\":\"code: 1\","
                 "\"name\":\"a\",\"value\":\"b\"}") == CONVRELAY_OK,
           "error with the fields of an info");
    tap_ok(m.u.error.code == 1, "has its code");
    tap_is_str(&m.u.error.description, "code: 1", "and its description");
    done();

    tap_ok(parse("{\"type\":\"error\",\"description\":64107}")
           == CONVRELAY_OK, "error without a description");
    tap_ok(m.u.error.code == 0 && m.u.error.description.len == 0, "is empty");
    done();

    tap_ok(parse("{\"type\":\"error\",\"description\":\"Invalid\"}")
           == CONVRELAY_OK, "error with a description");
    tap_is_str(&m.u.error.description, "Invalid", "description");
    done();
}


static void
info_test(void)
{
    tap_ok(parse("{\"type\":\"info\",\"name\":\"tokensPlayed\","
                 "\"value\":\" and on Saturday.\"}")
           == CONVRELAY_OK, "info");
    tap_ok(m.type == CONVRELAY_RELAY_INFO, "its type");
    tap_is_str(&m.u.info.name, "tokensPlayed", "name");
    tap_is_str(&m.u.info.value, " and on Saturday.",
               "value keeps its leading space");
    done();

    tap_ok(parse("{\"type\":\"info\",\"name\":\"agentSpeaking\","
                 "\"value\":true}")
           == CONVRELAY_OK, "info with a boolean value");
    tap_is_str(&m.u.info.value, "", "the value is missing");
    done();
}


static void
types_test(void)
{
    size_t  i;
    char    text[64];

    static const char  *unknown[] = {
        "", "Setup", "setupx", "setu", "PROMPT", "text", "end", "play",
        "\\u0000", "\xc3\xa9"
    };

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        (void) snprintf(text, sizeof(text),
                        "{\"callSid\":\"x\",\"type\":\"%s\"}", unknown[i]);

        tap_ok(parse(text) == CONVRELAY_OK
               && m.type == CONVRELAY_RELAY_UNKNOWN, "unknown type \"%s\"",
               unknown[i]);
        done();
    }

    tap_ok(parse("{\"type\":\"mark\"}") == CONVRELAY_OK, "an unknown type");
    tap_is_str(&m.type_name, "mark", "has its name");
    done();

    tap_ok(parse("{\"type\":\"dtmf\",\"type\":\"setup\"}") == CONVRELAY_OK
           && m.type == CONVRELAY_RELAY_DTMF, "type twice: the first counts");
    done();

    tap_ok(parse(" \r\n\t{ \"type\" : \"dtmf\" } \r\n") == CONVRELAY_OK
           && m.type == CONVRELAY_RELAY_DTMF, "white space around");
    done();
}


static void
declined_test(void)
{
    int     rc;
    char    deep[20000];
    size_t  i;

    static const char  *bad[] = {
        "", " ", "x", "null", "true", "5", "\"setup\"", "[]",
        "[{\"type\":\"setup\"}]", "{}", "{\"type\":null}", "{\"type\":5}",
        "{\"type\":[\"setup\"]}", "{\"type\":{}}", "{\"Type\":\"setup\"}",
        "{\"type\":\"setup\"", "{\"type\":\"setup\"}}",
        "{\"type\":\"setup\"}{\"type\":\"setup\"}", "{\"type\":\"setup\"} x",
        "{type:\"setup\"}", "{'type':'setup'}", "{\"type\":\"setup\\x\"}",
        "{\"type\":\"\\ud8\"}", "<html></html>", "\xff\xfe", "{\xff",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        rc = parse(bad[i]);
        tap_ok(rc == CONVRELAY_DECLINED && m.error != NULL
               && m.error[0] != '\0', "declined: %s", bad[i]);
        done();
    }

    (void) parse("[]");
    tap_is(m.error, strlen(m.error), "is not a JSON object", 20, "no object");
    done();

    (void) parse("{}");
    tap_is(m.error, strlen(m.error), "has no string \"type\"", 20, "no type");
    done();

    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"type\":\"setup\",\"x\":", 20);
    tap_ok(parse_len(deep, sizeof(deep)) == CONVRELAY_DECLINED,
           "nested 20,000 deep");
    done();

    tap_ok(parse_len("{\"type\":\"dtmf\"}\0", 16) == CONVRELAY_DECLINED,
           "a NUL after the end");
    done();

    tap_ok(parse_len("\0", 1) == CONVRELAY_DECLINED, "only a NUL");
    done();
}


/* each field of each message, with each type of value, does no harm */

static void
null_fields_test(void)
{
    int           bad;
    char          text[256];
    size_t        t, f, v;

    static const char  *types[] = {
        "setup", "prompt", "dtmf", "interrupt", "error", "info", "other"
    };

    static const char  *fields[] = {
        "sessionId", "callSid", "parentCallSid", "from", "to",
        "forwardedFrom", "callerName", "direction", "callType", "callStatus",
        "accountSid", "customParameters", "applicationSid", "voicePrompt",
        "lang", "last", "agentSpeaking", "digit", "utteranceUntilInterrupt",
        "durationUntilInterruptMs", "description", "name", "value"
    };

    static const char  *values[] = {
        "null", "true", "false", "0", "-1", "1e999", "\"\"", "\" \"",
        "\"x\"", "[]", "[null]", "{}", "{\"a\":{\"b\":[]}}"
    };

    bad = 0;

    for (t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        for (f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
            for (v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                (void) snprintf(text, sizeof(text),
                                "{\"%s\":%s,\"type\":\"%s\"}",
                                fields[f], values[v], types[t]);

                if (parse(text) != CONVRELAY_OK) {
                    printf("# %s\n", text);
                    bad++;
                }

                done();
            }
        }
    }

    tap_ok(bad == 0, "any value in any field is tolerated");
}


static void
cut_test(void)
{
    int     bad;
    size_t  len;

    bad = 0;

    for (len = 0; len < sizeof(setup_json) - 1; len++) {

        if (parse_len(setup_json, len) != CONVRELAY_DECLINED) {
            printf("# %zu\n", len);
            bad++;
        }

        done();
    }

    tap_ok(bad == 0, "a setup cut anywhere is declined");
}


static void
text_test(void)
{
    char    bytes[256];
    size_t  i;

    text_one("We are", 6, 0, "We are", "token");
    text_one(" open until five.", 17, 0, " open until five.",
             "leading space stays");
    text_one("", 0, 1, "", "closing message");
    text_one("", 0, 0, "", "empty token");
    text_one("a\"b\\c/d", 7, 1, "a\"b\\c/d", "quotes and slashes");
    text_one("\b\f\n\r\t\x1f\x7f", 7, 0, "\b\f\n\r\t\x1f\x7f",
             "control characters");
    text_one("\xc3\xb1 \xf0\x9f\x98\x80", 7, 0, "\xc3\xb1 \xf0\x9f\x98\x80",
             "UTF-8");
    text_one("a\xff" "b\xe2\x82", 5, 0,
             "a\xef\xbf\xbd" "b\xef\xbf\xbd", "invalid UTF-8 is replaced");

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char) i;
    }

    text_one(bytes, sizeof(bytes), 0, NULL, "all bytes");
    text_one(NULL, 0, 1, "", "null token");
}


/* a place of exactly size bytes */

static u_char *
room(size_t size)
{
    char    *zero;
    u_char  *p;

    zero = calloc(1, size + 1);
    p = tap_flush(zero, size);
    free(zero);

    return p;
}


static void
text_one(const char *token, size_t len, unsigned last, const char *want,
    const char *name)
{
    u_char           *copy, *out, *end;
    size_t            size;
    cJSON            *root;
    const cJSON      *item;
    convrelay_str_t   str;

    static const char  head[] = "{\"type\":\"text\",\"token\":\"";

    copy = tap_flush(token, len);

    str.data = token ? copy : NULL;
    str.len = len;

    size = convrelay_relay_text_size(&str, last);

    out = room(size);
    end = convrelay_relay_text_write(out, &str, last);

    tap_ok((size_t) (end - out) == size, "%s: size is exact", name);

    tap_is(out, sizeof(head) - 1, head, sizeof(head) - 1, name);

    root = cJSON_ParseWithLength((char *) out, size);

    tap_ok(root != NULL, "%s: is JSON", name);

    item = cJSON_GetObjectItemCaseSensitive(root, "last");
    tap_ok(last ? cJSON_IsTrue(item) : cJSON_IsFalse(item), "%s: last", name);

    item = cJSON_GetObjectItemCaseSensitive(root, "token");
    tap_ok(cJSON_IsString(item), "%s: has a token", name);

    if (want && cJSON_IsString(item)) {
        tap_is(item->valuestring, strlen(item->valuestring), want,
               strlen(want), name);
    }

    cJSON_Delete(root);
    tap_unflush(out, size);
    tap_unflush(copy, len);
}
