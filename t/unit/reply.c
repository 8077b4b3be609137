
/*
 * Copyright (C) convrelay contributors
 *
 * What is returned when a session is over, and the hand-off data in it.
 */


#include "convrelay_handoff.h"
#include "convrelay_reply.h"
#include "tap.h"


static void reply_test(void);
static void reply(const char *text, const char *task, const char *want);
static const char *shown(const char *text);
static void reply_is(const char *text, const char *want,
    const convrelay_reply_t *r, const char *task);
static void reconnect(const char *text, const char *location, unsigned max);
static void declined(const char *text, const char *want);
static void cut_test(const char *text);
static void start_test(void);
static void start(const char *text, const char *want);

static void handoff_test(void);
static void handoff(const char *text, const char *want);
static void task_test(void);
static void task(const char *text, unsigned json, const char *want);


#define HEAD  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define SID   "WW0123456789abcdefABCDEF0123456789"


int
main(void)
{
    reply_test();
    start_test();
    handoff_test();
    task_test();

    return tap_done();
}


static void
reply_test(void)
{
    const char         *error;
    convrelay_str_t     none = convrelay_null_string;
    convrelay_reply_t   r;

    r.kind = CONVRELAY_REPLY_DIAL;

    tap_ok(convrelay_reply_parse(&none, &r, &error) == CONVRELAY_OK
           && r.kind == CONVRELAY_REPLY_HANGUP, "no reply is a hang-up");

    reply("hangup", "", "<Response><Hangup/></Response>");
    reply(" \thangup\r\n", "", "<Response><Hangup/></Response>");
    reply("", "", "<Response><Hangup/></Response>");
    reply("  ", "", "<Response><Hangup/></Response>");

    reply("dial +15550100002", "",
          "<Response><Dial>+15550100002</Dial></Response>");
    reply("dial 110", "", "<Response><Dial>110</Dial></Response>");
    reply("dial 11", "", "<Response><Dial>11</Dial></Response>");
    reply("dial 9995550199", "",
          "<Response><Dial>9995550199</Dial></Response>");
    reply("dial +1 (555) 010-0002", "",
          "<Response><Dial>+15550100002</Dial></Response>");
    reply("dial tel:+1-555-010-0002;ext=12", "",
          "<Response><Dial><Number sendDigits=\"wwww12\">+15550100002"
          "</Number></Dial></Response>");
    reply("dial 555 0100,,1*2#", "",
          "<Response><Dial><Number sendDigits=\"wwwwwwww1*2#\">5550100"
          "</Number></Dial></Response>");
    reply("dial\tsip:a@example.com;x=\"<&", "",
          "<Response><Dial><Sip>sip:a@example.com;x=&quot;&lt;&amp;"
          "</Sip></Dial></Response>");
    reply("dial sips:a@example.com", "",
          "<Response><Dial><Sip>sips:a@example.com</Sip></Dial></Response>");
    reply("dial client:joe", "",
          "<Response><Dial><Client>joe</Client></Dial></Response>");

    reply("enqueue " SID, "",
          "<Response><Enqueue workflowSid=\"" SID "\"/></Response>");
    reply("enqueue " SID, "{\"a\":\"</Task><Dial>&'\"}",
          "<Response><Enqueue workflowSid=\"" SID "\"><Task>{&quot;a&quot;:"
          "&quot;&lt;/Task&gt;&lt;Dial&gt;&amp;&apos;&quot;}</Task></Enqueue>"
          "</Response>");

    reply("say Good bye", "", "<Response><Say>Good bye</Say></Response>");
    reply("say  a  b ", "", "<Response><Say>a  b</Say></Response>");
    reply("say </Say><Dial>1</Dial>", "",
          "<Response><Say>&lt;/Say&gt;&lt;Dial&gt;1&lt;/Dial&gt;</Say>"
          "</Response>");
    reply("say \x01\xff", "",
          "<Response><Say>\xef\xbf\xbd</Say></Response>");
    reply("say hangup", "task", "<Response><Say>hangup</Say></Response>");

    reply("<Response/>", "", "<Response/>");
    reply("<Response />", "", "<Response />");
    reply(" <Response>\n<Say a='b'>x</Say><Hangup/>\n</Response>\n", "",
          "<Response>\n<Say a='b'>x</Say><Hangup/>\n</Response>");
    reply("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>", "",
          "<Response/>");

    reconnect("reconnect", "", 3);
    reconnect("reconnect max=1", "", 1);
    reconnect("reconnect /twiml", "/twiml", 3);
    reconnect("reconnect /twiml max=100", "/twiml", 100);
    reconnect("reconnect max=07  /twiml ", "/twiml", 7);
    reconnect("reconnect @name", "@name", 3);

    declined("hangup now", "something after");
    declined("Hangup", "is not a reply");
    declined("dial+15550100002", "is not a reply");
    declined("redirect /a", "is not a reply");

    declined("dial", "has no number");
    declined("dial 1", "has no number");
    declined("dial +", "has no number");
    declined("dial +1", "has no number");
    declined("dial +155501000021555010000", "has no number");
    declined("dial ++15550100002", "has no number");
    declined("dial +15550100002</Dial>", "has no number");
    declined("dial sip:", "has no number");
    declined("dial client:", "has no number");
    declined("dial sip:a b", "has no number");
    declined("dial joe", "has no number");
    declined("dial +15550100002 or +15550100003", "has no number");

    declined("enqueue", "has no workflow");
    declined("enqueue WW123", "has no workflow");
    declined("enqueue QQ0123456789abcdef0123456789abcdef", "has no workflow");
    declined("enqueue WW0123456789abcdef0123456789abcdeg", "has no workflow");
    declined("enqueue " SID "0", "has no workflow");
    declined("enqueue " SID " x", "has no workflow");

    declined("reconnect max=0", "from 1 to 100");
    declined("reconnect max=101", "from 1 to 100");
    declined("reconnect max=", "from 1 to 100");
    declined("reconnect max=1x", "from 1 to 100");
    declined("reconnect max=-1", "from 1 to 100");
    declined("reconnect max=99999999999999999999", "from 1 to 100");
    declined("reconnect max=1 max=2", "from 1 to 100");
    declined("reconnect /a /b", "more than one");

    declined("say", "has no phrase");
    declined("say \x01", "has no phrase");

    declined("<Response>", "does not close");
    declined("<Response><Say>a & b</Say></Response>", "\"&\"");
    declined("<Say>Hi</Say>", "one \"<Response>");
    declined("<Responses/>", "one \"<Response>");
    declined("<Response/><Response/>", "one \"<Response>");
    declined("<Response></Response><Response></Response>", "one \"<Response>");
    declined("<Response></Response><Say>a</Say>", "one \"<Response>");
    declined("<Response/>text", "");
    declined("<?xml version=\"1.0\"?>", "one \"<Response>");
    declined("<?xml version=\"1.0\"", "declaration");
    declined("<!DOCTYPE a><Response/>", "declaration");
    declined("<Response>\xff</Response>", "UTF-8");

    cut_test("reconnect /twiml max=10");
    cut_test("enqueue " SID);
    cut_test("dial sips:a@example.com");
    cut_test("<?xml version='1.0'?><Response a='b'><Say>x</Say></Response>");
    cut_test("<Response/>");
}


static void
reply(const char *text, const char *task, const char *want)
{
    size_t             len;
    u_char            *p;
    const char        *error;
    convrelay_str_t    str;
    convrelay_reply_t  r;

    len = strlen(text);
    p = tap_flush(text, len);

    str.len = len;
    str.data = p;
    error = "";

    memset(&r, 0xa5, sizeof(r));

    if (tap_ok(convrelay_reply_parse(&str, &r, &error) == CONVRELAY_OK,
               "\"%s\" is a reply %s", shown(text), error))
    {
        reply_is(text, want, &r, task);
    }

    tap_unflush(p, len);
}


/* on one line of the report */

static const char *
shown(const char *text)
{
    size_t       i;

    static char  buf[128];

    for (i = 0; text[i] && i < sizeof(buf) - 1; i++) {
        buf[i] = (text[i] >= ' ' && text[i] < 0x7f) ? text[i] : '?';
    }

    buf[i] = '\0';

    return buf;
}


static void
reply_is(const char *text, const char *want, const convrelay_reply_t *r,
    const char *task)
{
    char             name[512], all[1024];
    size_t           size;
    u_char          *p, *last;
    convrelay_str_t  t;

    t.len = strlen(task);
    t.data = (u_char *) task;

    size = convrelay_reply_size(r, &t);

    p = calloc(1, size + 1);
    if (p == NULL) {
        exit(2);
    }

    last = convrelay_reply_write(p, r, &t);

    (void) snprintf(name, sizeof(name), "\"%s\", its document", shown(text));
    (void) snprintf(all, sizeof(all), "%s%s", HEAD, want);

    tap_is(p, last - p, all, strlen(all), name);
    tap_ok((size_t) (last - p) == size, "\"%s\", its size", shown(text));

    free(p);
}


static void
reconnect(const char *text, const char *location, unsigned max)
{
    const char        *error;
    convrelay_str_t    str;
    convrelay_reply_t  r;

    str.len = strlen(text);
    str.data = (u_char *) text;

    if (!tap_ok(convrelay_reply_parse(&str, &r, &error) == CONVRELAY_OK,
                "\"%s\" is a reply", text))
    {
        return;
    }

    tap_ok(r.kind == CONVRELAY_REPLY_RECONNECT && r.max == max,
           "\"%s\": %u", text, r.max);
    tap_is_str(&r.text, location, "... of the location");
}


static void
declined(const char *text, const char *want)
{
    const char        *error;
    convrelay_str_t    str;
    convrelay_reply_t  r;

    str.len = strlen(text);
    str.data = (u_char *) text;
    error = "";

    tap_ok(convrelay_reply_parse(&str, &r, &error) == CONVRELAY_DECLINED
           && strstr(error, want),
           "\"%s\" %s", shown(text), error);
}


/* every beginning, flush against the unreadable page, is taken or is not */

static void
cut_test(const char *text)
{
    int                rc;
    size_t             i, len, good;
    u_char            *p;
    const char        *error;
    convrelay_str_t    str;
    convrelay_reply_t  r;

    len = strlen(text);
    good = 0;

    for (i = 0; i <= len; i++) {
        p = tap_flush(text, i);

        str.len = i;
        str.data = p;
        error = NULL;

        rc = convrelay_reply_parse(&str, &r, &error);

        good += (rc == CONVRELAY_OK || error != NULL);

        tap_unflush(p, i);
    }

    tap_ok(good == len + 1, "\"%s\", cut anywhere", text);
}


static void
start_test(void)
{
    start("", NULL);
    start(" ", NULL);
    start("d", NULL);
    start("hang", NULL);
    start("dial", NULL);
    start("dial ", NULL);
    start(" dial +1", NULL);
    start("reconnect /", NULL);
    start("say It is ", NULL);
    start("<Resp", NULL);

    start("x", "is not a reply");
    start("dail ", "is not a reply");
    start("dialx", "is not a reply");
    start("hangup ", "is not a reply");
    start("Say ", "is not a reply");
}


static void
start(const char *text, const char *want)
{
    int              rc;
    const char      *error;
    convrelay_str_t  str;

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);
    error = "";

    rc = convrelay_reply_check_start(&str, &error);

    tap_unflush(str.data, str.len);

    tap_ok(want ? rc == CONVRELAY_DECLINED && strstr(error, want)
                : rc == CONVRELAY_OK,
           "\"%s$...\" %s", text, want ? "is not a reply" : "can be a reply");
}


static void
handoff_test(void)
{
    handoff("{}", "");
    handoff(" {\"reasonCode\":\"live-agent-handoff\"} ",
            "reasonCode=live-agent-handoff;");
    handoff("{\"a\":\"\",\"b\":1,\"c\":true,\"d\":false}",
            "a=;b=1;c=true;d=false;");
    handoff("{\"a\":null,\"b\":[1],\"c\":{\"d\":1},\"e\":\"f\"}", "e=f;");
    handoff("{\"a\":-0.5,\"b\":15550100002,\"c\":9007199254740991,\"d\":1e3}",
            "a=-0.5;b=15550100002;c=9007199254740991;d=1e3;");
    handoff("{\"a\":-12345678901234567890,\"b\":1e300,\"c\":-0,\"d\":5.00}",
            "a=-12345678901234567890;b=1e300;c=-0;d=5.00;");
    handoff("{\"\\u0061\":1,\"b\\ud800\":2,\"\\u0000\":3,\"c\":\"\xff\"}",
            "a=1;b\xef\xbf\xbd=2;=3;c=\xef\xbf\xbd;");
    handoff("{\"a\":\"\\u00f1\\ud83d\\ude00\\ud800\\u0000<\"}",
            "a=\xc3\xb1\xf0\x9f\x98\x80\xef\xbf\xbd<;");
    handoff("{\"a\":1,\"A\":2,\"\":3}", "a=1;A=2;=3;");

    handoff("", NULL);
    handoff("[1]", NULL);
    handoff("\"a\"", NULL);
    handoff("42", NULL);
    handoff("live-agent", NULL);
    handoff("{\"a\":1", NULL);
    handoff("{\"a\":1}x", NULL);
}


/* whole, and each beginning of it, which is not an object */

static void
handoff(const char *text, const char *want)
{
    int                  rc;
    char                 got[1024];
    size_t               i, n, len;
    u_char              *p;
    convrelay_pair_t     pair;
    convrelay_handoff_t  h;

    len = strlen(text);

    for (i = 0; i <= len; i++) {
        p = tap_flush(text, i);
        rc = convrelay_handoff_open(&h, p, i);

        if (i < len) {

            if (rc == CONVRELAY_OK) {
                convrelay_handoff_close(&h);
            }

            tap_unflush(p, i);
            continue;
        }

        tap_ok(rc == (want ? CONVRELAY_OK : CONVRELAY_DECLINED),
               "%s is %san object", text, want ? "" : "not ");

        n = 0;
        got[0] = '\0';

        while (rc == CONVRELAY_OK
               && convrelay_handoff_next(&h, &pair) == CONVRELAY_OK)
        {
            n += snprintf(got + n, sizeof(got) - n, "%.*s=%.*s;",
                          (int) pair.name.len, (char *) pair.name.data,
                          (int) pair.value.len, (char *) pair.value.data);
        }

        if (rc == CONVRELAY_OK) {
            convrelay_handoff_close(&h);
        }

        if (want) {
            tap_is(got, strlen(got), want, strlen(want), "... its members");
        }

        tap_unflush(p, i);
    }
}


static void
task_test(void)
{
    task("{\"a\" : 1}", 1, "{\"a\" : 1}");
    task("", 1, "");
    task("live \"agent\"", 0, "{\"handoffData\":\"live \\\"agent\\\"\"}");
    task("[1]\n\xff", 0, "{\"handoffData\":\"[1]\\n\xef\xbf\xbd\"}");
    task("", 0, "{\"handoffData\":\"\"}");
}


static void
task(const char *text, unsigned json, const char *want)
{
    size_t           size;
    u_char          *p, *last;
    convrelay_str_t  data;

    data.len = strlen(text);
    data.data = (u_char *) text;

    size = convrelay_handoff_task_size(&data, json);

    p = malloc(size + 1);
    if (p == NULL) {
        exit(2);
    }

    last = convrelay_handoff_task_write(p, &data, json);

    tap_ok((size_t) (last - p) == size, "task of \"%s\", its size",
           shown(text));
    tap_is(p, last - p, want, strlen(want), "... and text");

    free(p);
}
