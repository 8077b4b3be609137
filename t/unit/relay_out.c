
/*
 * Copyright (C) convrelay contributors
 *
 * Messages to Twilio: each is written into a place of its exact size, and
 * what Twilio would answer with 64107 is refused.
 */


#include <cjson/cJSON.h>

#include "convrelay_relay.h"
#include "tap.h"


static void written(const convrelay_relay_out_t *m, const char *want);
static void refused(const convrelay_relay_out_t *m, const char *phrase);
static void text_test(void);
static void play_test(void);
static void digits_test(void);
static void language_test(void);
static void end_test(void);
static void raw_test(void);
static void raw_one(const char *text, const char *phrase);


#define T  CONVRELAY_RELAY_TRUE
#define F  CONVRELAY_RELAY_FALSE

#define str(s)  convrelay_string(s)


int
main(void)
{
    text_test();
    play_test();
    digits_test();
    language_test();
    end_test();
    raw_test();

    return tap_done();
}


static void
text_test(void)
{
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_TEXT };

    written(&m, "{\"type\":\"text\",\"token\":\"\",\"last\":false}");

    convrelay_str_set(&m.text, "Say \"hi\"\n");
    m.last = 1;
    written(&m, "{\"type\":\"text\",\"token\":\"Say \\\"hi\\\"\\n\","
                "\"last\":true}");

    convrelay_str_set(&m.lang, "es-ES");
    m.interruptible = F;
    m.preemptible = T;
    written(&m, "{\"type\":\"text\",\"token\":\"Say \\\"hi\\\"\\n\","
                "\"last\":true,\"lang\":\"es-ES\",\"interruptible\":false,"
                "\"preemptible\":true}");

    convrelay_str_set(&m.lang, "multi");
    m.interruptible = T;
    m.preemptible = F;
    written(&m, "{\"type\":\"text\",\"token\":\"Say \\\"hi\\\"\\n\","
                "\"last\":true,\"lang\":\"multi\",\"interruptible\":true,"
                "\"preemptible\":false}");

    convrelay_str_set(&m.text, "a\xff");
    m.lang.len = 0;
    m.interruptible = 0;
    m.preemptible = 0;
    written(&m, "{\"type\":\"text\",\"token\":\"a\xef\xbf\xbd\","
                "\"last\":true}");

    convrelay_str_set(&m.lang, "en US");
    refused(&m, "is not a language");

    convrelay_str_set(&m.lang, "-en");
    refused(&m, "is not a language");

    convrelay_str_set(&m.lang, "english");
    refused(&m, "is not a language");

    convrelay_str_set(&m.lang, "multi-US");
    refused(&m, "is not a language");
}


static void
play_test(void)
{
    size_t                 i;
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_PLAY };

    static const char  *bad[] = {
        "", "hold.mp3", "ftp://a/b", "https://", "http://",
        "https://a/hold music.mp3", "https://a/\x01", "https://a/\x7f",
    };

    convrelay_str_set(&m.text, "https://a.example/hold.mp3?a=1&b=2");
    written(&m, "{\"type\":\"play\","
                "\"source\":\"https://a.example/hold.mp3?a=1&b=2\"}");

    m.looped = 1;
    written(&m, "{\"type\":\"play\","
                "\"source\":\"https://a.example/hold.mp3?a=1&b=2\","
                "\"loop\":0}");

    m.loop = 1000;
    m.preemptible = T;
    m.interruptible = T;
    written(&m, "{\"type\":\"play\","
                "\"source\":\"https://a.example/hold.mp3?a=1&b=2\","
                "\"loop\":1000,\"interruptible\":true,\"preemptible\":true}");

    m.loop = 1001;
    refused(&m, "from 0 to 1000");

    m.loop = 1;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        m.text.data = (u_char *) bad[i];
        m.text.len = strlen(bad[i]);
        refused(&m, "URL");
    }
}


static void
digits_test(void)
{
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_SEND_DIGITS };

    convrelay_str_set(&m.text, "1w234#*");
    written(&m, "{\"type\":\"sendDigits\",\"digits\":\"1w234#*\"}");

    convrelay_str_set(&m.text, "");
    refused(&m, "has characters other than digits");

    convrelay_str_set(&m.text, "12a");
    refused(&m, "has characters other than digits");

    convrelay_str_set(&m.text, "12\0");
    refused(&m, "has characters other than digits");
}


static void
language_test(void)
{
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_LANGUAGE };

    refused(&m, "has no language");

    convrelay_str_set(&m.text, "es-ES");
    written(&m, "{\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}");

    convrelay_str_set(&m.lang, "multi");
    written(&m, "{\"type\":\"language\",\"ttsLanguage\":\"es-ES\","
                "\"transcriptionLanguage\":\"multi\"}");

    m.text.len = 0;
    written(&m, "{\"type\":\"language\","
                "\"transcriptionLanguage\":\"multi\"}");

    convrelay_str_set(&m.text, "es_ES");
    refused(&m, "is not a language");
}


static void
end_test(void)
{
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_END };

    written(&m, "{\"type\":\"end\"}");

    convrelay_str_set(&m.text, "{\"reasonCode\":\"live-agent\"}");
    written(&m, "{\"type\":\"end\",\"handoffData\":"
                "\"{\\\"reasonCode\\\":\\\"live-agent\\\"}\"}");
}


static void
raw_test(void)
{
    convrelay_relay_out_t  m = { .type = CONVRELAY_RELAY_OUT_RAW };

    convrelay_str_set(&m.text, "{\"type\":\"config\",\"speechTimeout\":900}");
    written(&m, "{\"type\":\"config\",\"speechTimeout\":900}");

    raw_one("{\"type\":\"hints\",\"x\":null}", NULL);
    raw_one("{\"type\":\"text\",\"token\":\"\",\"last\":true}", NULL);
    raw_one("{\"type\":\"play\",\"source\":\"https://a/b\",\"loop\":0}", NULL);
    raw_one("{\"type\":\"language\",\"ttsLanguage\":\"de-DE\"}", NULL);
    raw_one("{\"type\":\"end\"}", NULL);

    raw_one("", "is not a JSON object");
    raw_one("{", "is not a JSON object");
    raw_one("{} x", "is not a JSON object");
    raw_one("[]", "is not a JSON object");
    raw_one("{}", "has no string \"type\"");
    raw_one("{\"type\":1}", "has no string \"type\"");
    raw_one("{\"type\":\"error\"}", "cannot have the type \"error\"");
    raw_one("{\"type\":\"a\",\"b\":\"\xff\"}", "is not UTF-8");
    raw_one("{\"type\":\"text\"}", "lacks the string");
    raw_one("{\"type\":\"text\",\"token\":null}", "lacks the string");
    raw_one("{\"type\":\"text\",\"token\":\"\",\"last\":1}", "neither");
    raw_one("{\"type\":\"text\",\"token\":\"\",\"lang\":1}", "is not a string");
    raw_one("{\"type\":\"play\",\"source\":\"a.mp3\"}", "is not a URL");
    raw_one("{\"type\":\"play\",\"source\":\"https://a/b\",\"loop\":-1}",
            "\"loop\"");
    raw_one("{\"type\":\"play\",\"source\":\"https://a/b\",\"loop\":1.5}",
            "\"loop\"");
    raw_one("{\"type\":\"sendDigits\",\"digits\":\"x\"}", "other than digits");
    raw_one("{\"type\":\"language\"}", "has no language");
    raw_one("{\"type\":\"end\",\"handoffData\":{}}", "is not a string");
}


static void
raw_one(const char *text, const char *phrase)
{
    u_char                 *copy;
    convrelay_relay_out_t   m = { .type = CONVRELAY_RELAY_OUT_RAW };

    m.text.len = strlen(text);

    copy = tap_flush(text, m.text.len);

    m.text.data = copy;

    if (phrase) {
        refused(&m, phrase);

    } else {
        written(&m, text);
    }

    tap_ok(memcmp(copy, text, m.text.len) == 0, "it is left as it was");

    tap_unflush(copy, m.text.len);
}


static void
written(const convrelay_relay_out_t *m, const char *want)
{
    size_t       size;
    cJSON       *root;
    u_char      *out, *end;
    const char  *error;

    error = "";

    tap_ok(convrelay_relay_out_check(m, &error) == CONVRELAY_OK,
           "%s: is taken %s", want, error);

    size = convrelay_relay_out_size(m);

    if (!tap_ok(size == strlen(want), "size is exact")) {
        return;
    }

    out = tap_flush(want, size);
    memset(out, 'x', size);

    end = convrelay_relay_out_write(out, m);

    tap_is(out, end - out, want, strlen(want), "what is written");

    root = cJSON_ParseWithLength((char *) out, size);
    tap_ok(cJSON_IsObject(root), "is JSON");

    cJSON_Delete(root);
    tap_unflush(out, size);
}


static void
refused(const convrelay_relay_out_t *m, const char *phrase)
{
    const char  *error;

    error = "";

    tap_ok(convrelay_relay_out_check(m, &error) == CONVRELAY_DECLINED
           && strstr(error, phrase) != NULL, "refused: %s", error);
}
