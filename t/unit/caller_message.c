
/*
 * Copyright (C) convrelay contributors
 *
 * Messages as Twilio writes them, and a server's as Twilio reads them.
 *
 * link: src/caller/convrelay_caller_message.c
 * link: src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_caller_message.h"


static void test_writers(void);
static void test_escapes(void);
static void test_parse(void);
static void test_error_message(void);
static void is(convrelay_caller_buf_t *b, const char *want, const char *name);


int
main(void)
{
    test_writers();
    test_escapes();
    test_parse();
    test_error_message();

    return tap_done();
}


static void
test_writers(void)
{
    convrelay_str_t           s;
    convrelay_caller_buf_t    b;
    convrelay_caller_ident_t  id;
    convrelay_caller_pairs_t  params;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    memset(&id, 0, sizeof(convrelay_caller_ident_t));
    memset(&params, 0, sizeof(convrelay_caller_pairs_t));

    strcpy(id.call_sid, "CA1");
    strcpy(id.account_sid, "AC1");
    strcpy(id.session_id, "VX1");
    id.from = "+15550100001";
    id.to = "client:\"bob\"";
    id.direction = "inbound";

    convrelay_caller_setup(&b, &id, &params);
    is(&b, "{\"type\":\"setup\",\"sessionId\":\"VX1\",\"callSid\":\"CA1\","
           "\"parentCallSid\":\"\",\"from\":\"+15550100001\","
           "\"to\":\"client:\\\"bob\\\"\",\"forwardedFrom\":\"\","
           "\"callerName\":\"\",\"direction\":\"inbound\","
           "\"callType\":\"PSTN\",\"callStatus\":\"RINGING\","
           "\"accountSid\":\"AC1\",\"customParameters\":{}}",
       "setup, in the order of its fields on the wire");

    convrelay_caller_pairs_add(&params, "a", "1");
    convrelay_caller_pairs_add(&params, "b\"", "2\n");
    id.in_progress = 1;

    convrelay_caller_setup(&b, &id, &params);
    tap_ok(strstr(b.data, "\"callStatus\":\"IN_PROGRESS\"") != NULL,
           "a later session of a call is in progress");
    tap_ok(strstr(b.data, "\"customParameters\":{\"a\":\"1\","
                          "\"b\\\"\":\"2\\n\"}}") != NULL,
           "parameters, escaped");

    convrelay_caller_prompt(&b, "Hi", "en-US", 1);
    is(&b, "{\"type\":\"prompt\",\"voicePrompt\":\"Hi\",\"lang\":\"en-US\","
           "\"last\":true}", "a prompt");

    convrelay_caller_prompt(&b, "H", "en", 0);
    is(&b, "{\"type\":\"prompt\",\"voicePrompt\":\"H\",\"lang\":\"en\","
           "\"last\":false}", "a partial one");

    s.data = (u_char *) "We are open from";
    s.len = 6;
    convrelay_caller_interrupt(&b, &s, 712);
    is(&b, "{\"type\":\"interrupt\",\"utteranceUntilInterrupt\":\"We are\","
           "\"durationUntilInterruptMs\":712}", "an interrupt");

    convrelay_caller_info(&b, "tokensPlayed", &s);
    is(&b, "{\"type\":\"info\",\"name\":\"tokensPlayed\","
           "\"value\":\"We are\"}", "an info");

    convrelay_caller_dtmf(&b, '#');
    is(&b, "{\"type\":\"dtmf\",\"digit\":\"#\"}", "a key");

    s.data = (u_char *) "{\"a\":1}";
    s.len = 7;
    convrelay_caller_error(&b, &s);
    is(&b, "{\"type\":\"error\",\"description\":\"Invalid message received, "
           "code: 64107, {\\\"a\\\":1}\"}", "an error");

    convrelay_caller_buf_free(&b);
    convrelay_caller_pairs_free(&params);
}


/* whatever a person types, the JSON is valid */

static void
test_escapes(void)
{
    unsigned                   i;
    char                       text[3];
    convrelay_str_t            got;
    convrelay_json_t           json;
    convrelay_caller_buf_t     b;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    for (i = 1; i < 128; i++) {
        text[0] = (char) i;
        text[1] = '\\';
        text[2] = '\0';

        convrelay_caller_prompt(&b, text, "en-US", 1);

        if (convrelay_json_parse(&json, (u_char *) b.data, b.len)
            != CONVRELAY_OK)
        {
            tap_ok(0, "byte %u is escaped", i);
            continue;
        }

        if (convrelay_json_string(json.root, "voicePrompt", &got)
            != CONVRELAY_OK
            || got.len != 2 || memcmp(got.data, text, 2) != 0)
        {
            tap_ok(0, "byte %u comes back", i);
        }

        convrelay_json_free(&json);
    }

    tap_ok(i == 128, "all ASCII is escaped and comes back");
    convrelay_caller_buf_free(&b);
}


static void
test_parse(void)
{
    int                         rc;
    size_t                      i, len;
    u_char                     *p;
    convrelay_caller_message_t  m;

    static const struct {
        const char                 *data;
        convrelay_caller_message_e  type;
        const char                 *value;
        unsigned                    last;
    } cases[] = {
        { "{\"type\":\"text\",\"token\":\" hi\"}",
          CONVRELAY_CALLER_MESSAGE_TEXT, " hi", 0 },
        { "{\"last\":true,\"token\":\"\",\"type\":\"text\",\"x\":[]}",
          CONVRELAY_CALLER_MESSAGE_TEXT, "", 1 },
        { "{\"type\":\"play\",\"source\":\"https://a/b\",\"loop\":1}",
          CONVRELAY_CALLER_MESSAGE_PLAY, "https://a/b", 0 },
        { "{\"type\":\"sendDigits\",\"digits\":\"1w#\"}",
          CONVRELAY_CALLER_MESSAGE_DIGITS, "1w#", 0 },
        { "{\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}",
          CONVRELAY_CALLER_MESSAGE_LANGUAGE, "es-ES", 0 },
        { "{\"type\":\"language\",\"transcriptionLanguage\":\"sv\"}",
          CONVRELAY_CALLER_MESSAGE_LANGUAGE, "sv", 0 },
        { "{\"type\":\"end\"}", CONVRELAY_CALLER_MESSAGE_END, "", 0 },
        { "{\"type\":\"end\",\"handoffData\":\"{\\\"a\\\":1}\"}",
          CONVRELAY_CALLER_MESSAGE_END, "{\"a\":1}", 0 },
        { "{\"type\":\"config\"}", CONVRELAY_CALLER_MESSAGE_OTHER, "", 0 },
        { "{\"type\":\"hints\"}", CONVRELAY_CALLER_MESSAGE_OTHER, "", 0 },

        { "", CONVRELAY_CALLER_MESSAGE_BAD, "is not JSON", 0 },
        { "x", CONVRELAY_CALLER_MESSAGE_BAD, "is not JSON", 0 },
        { "[]", CONVRELAY_CALLER_MESSAGE_BAD, "has no \"type\"", 0 },
        { "{}", CONVRELAY_CALLER_MESSAGE_BAD, "has no \"type\"", 0 },
        { "{\"type\":1}", CONVRELAY_CALLER_MESSAGE_BAD, "has no \"type\"", 0 },
        { "{\"type\":\"error\"}", CONVRELAY_CALLER_MESSAGE_BAD,
          "has an unknown \"type\"", 0 },
        { "{\"type\":\"Text\",\"token\":\"\"}", CONVRELAY_CALLER_MESSAGE_BAD,
          "has an unknown \"type\"", 0 },
        { "{\"type\":\"text\"}", CONVRELAY_CALLER_MESSAGE_BAD,
          "lacks a field, or has one of the wrong type", 0 },
        { "{\"type\":\"text\",\"token\":null}", CONVRELAY_CALLER_MESSAGE_BAD,
          "lacks a field, or has one of the wrong type", 0 },
        { "{\"type\":\"play\"}", CONVRELAY_CALLER_MESSAGE_BAD,
          "lacks a field, or has one of the wrong type", 0 },
        { "{\"type\":\"language\"}", CONVRELAY_CALLER_MESSAGE_BAD,
          "lacks a field, or has one of the wrong type", 0 },
        { "{\"type\":\"end\",\"handoffData\":{}}",
          CONVRELAY_CALLER_MESSAGE_BAD,
          "lacks a field, or has one of the wrong type", 0 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].data);
        p = tap_flush(cases[i].data, len);

        rc = convrelay_caller_message_parse(&m, p, len);

        tap_ok(rc == CONVRELAY_OK && m.type == cases[i].type
               && m.last == cases[i].last, "%s: type %d", cases[i].data,
               m.type);

        if (m.type == CONVRELAY_CALLER_MESSAGE_BAD) {
            tap_ok(m.error && strcmp(m.error, cases[i].value) == 0, "... %s",
                   m.error ? m.error : "no error");

        } else {
            tap_is_str(m.type == CONVRELAY_CALLER_MESSAGE_TEXT ? &m.token
                                                            : &m.value,
                       cases[i].value, "... its value");
        }

        convrelay_caller_message_free(&m);
        tap_unflush(p, len);
    }
}


static void
test_error_message(void)
{
    tap_ok(strcmp(convrelay_caller_error_message(64105), "Websocket ended")
           == 0, "the message of a lost connection");
    tap_ok(strcmp(convrelay_caller_error_message(64103),
                  "Internal server error")
           == 0, "that of an error at Twilio");
    tap_ok(strcmp(convrelay_caller_error_message(64999), "Session failed")
           == 0, "that of an unknown code");
}


static void
is(convrelay_caller_buf_t *b, const char *want, const char *name)
{
    tap_is(b->data, b->len, want, strlen(want), name);
}
