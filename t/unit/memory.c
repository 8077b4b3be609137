
/*
 * Copyright (C) convrelay contributors
 *
 * Functions that allocate, with each of their allocations failing: they say so
 * with the code of their contract, and nothing is left.
 */


#include "convrelay_handoff.h"
#include "convrelay_history.h"
#include "convrelay_json_tree.h"
#include "convrelay_llm_api.h"
#include "convrelay_playback.h"
#include "convrelay_relay.h"
#include "convrelay_sse.h"
#include "convrelay_utf8.h"
#include "heap.h"
#include "tap.h"


#define str(s)  (convrelay_str_t) convrelay_string(s)

#define ONES                                                                 \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"     \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"


typedef struct {
    const char  *name;
    int        (*run)(void);       /* CONVRELAY_OK, or what it returned */
    int          failed;           /* what it returns without memory */
    int          rest;             /* the same, of all but the first */
} memory_t;


static void test(const memory_t *m);
static int repair(void);
static int tree(void);
static int tree_of_text(void);
static int message(void);
static int setup(void);
static int raw(void);
static int raw_repaired(void);
static int handoff(void);
static int field(void);
static int tones(void);
static int tones_again(void);
static int text(void);
static int move(void);
static int extra(void);
static int calls(void);
static int result(void);
static int full_line(void);
static int long_line(void);
static int lines(size_t first, size_t second);


static const memory_t  tests[] = {
    { "a repaired text", repair, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a tree of a repaired text", tree, CONVRELAY_ERROR,
      CONVRELAY_DECLINED },
    { "a tree", tree_of_text, CONVRELAY_DECLINED, CONVRELAY_DECLINED },
    { "a message of Twilio's", message, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a setup message", setup, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a raw message", raw, CONVRELAY_DECLINED, CONVRELAY_DECLINED },
    { "one to be repaired", raw_repaired, CONVRELAY_DECLINED,
      CONVRELAY_DECLINED },
    { "hand-off data", handoff, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a field of requests", field, CONVRELAY_DECLINED, CONVRELAY_DECLINED },
    { "keys that are sent", tones, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "other keys after them", tones_again, CONVRELAY_ERROR,
      CONVRELAY_ERROR },
    { "a text of the history", text, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a text that moves", move, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "an extra", extra, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "two calls with an extra", calls, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "the result of a call", result, CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a line of an event after one that fills its buffer", full_line,
      CONVRELAY_ERROR, CONVRELAY_ERROR },
    { "a long line of an event", long_line, CONVRELAY_ERROR, CONVRELAY_ERROR }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test(&tests[i]);
    }

    return tap_done();
}


static void
test(const memory_t *m)
{
    int       rc;
    long      n, live;
    unsigned  bad;

    bad = 0;

    for (n = 0; /* void */ ; n++) {
        live = heap.live;
        heap.failed = 0;
        heap.countdown = n;

        rc = m->run();

        heap.armed = 0;
        heap.countdown = -1;

        if (heap.live != live) {
            printf("# allocation %ld: %ld blocks are left\n", n,
                   heap.live - live);
            bad++;
        }

        if (!heap.failed) {
            break;
        }

        if (rc != (n ? m->rest : m->failed)) {
            printf("# allocation %ld: %d\n", n, rc);
            bad++;
        }
    }

#ifdef NO_OVERRIDE
    tap_ok(bad == 0, "%s", m->name);
#else
    tap_ok(bad == 0 && n > 0, "%s, each of %ld allocations fails", m->name,
           n);
#endif
}


static int
repair(void)
{
    size_t   len;
    u_char  *p;

    len = 3;

    heap.armed = 1;
    p = convrelay_utf8_repair((u_char *) "a\xff" "b", &len, 1);
    heap.armed = 0;

    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    free(p);

    return CONVRELAY_OK;
}


static int
tree(void)
{
    int               rc;
    u_char            data[] = "{\"a\":\"\xff\"}";
    convrelay_json_t  json;

    heap.armed = 1;
    rc = convrelay_json_parse(&json, data, sizeof(data) - 1);
    heap.armed = 0;

    convrelay_json_free(&json);

    return rc;
}


static int
tree_of_text(void)
{
    int               rc;
    u_char            data[] = "{\"a\":\"b\"}";
    convrelay_json_t  json;

    heap.armed = 1;
    rc = convrelay_json_parse(&json, data, sizeof(data) - 1);
    heap.armed = 0;

    convrelay_json_free(&json);

    return rc;
}


static int
message(void)
{
    int                        rc;
    u_char                     data[] = "{\"type\":\"prompt\",\"voicePrompt\":"
                                        "\"a\xff\",\"last\":true}";
    convrelay_relay_message_t  m;

    heap.armed = 1;
    rc = convrelay_relay_parse(&m, data, sizeof(data) - 1);
    heap.armed = 0;

    if (rc == CONVRELAY_OK) {
        convrelay_relay_free(&m);
    }

    return rc;
}


/* more values than lie on the stack */

static int
setup(void)
{
    int                        rc;
    size_t                     len;
    unsigned                   i;
    convrelay_relay_message_t  m;
    static char                data[4096];

    len = sprintf(data, "{\"type\":\"setup\",\"callSid\":\"CA1\","
                        "\"customParameters\":{\"a\":1");

    for (i = 0; i < 200; i++) {
        len += sprintf(data + len, ",\"p%u\":%u", i, i);
    }

    len += sprintf(data + len, "}}");

    heap.armed = 1;
    rc = convrelay_relay_parse(&m, (u_char *) data, len);
    heap.armed = 0;

    if (rc == CONVRELAY_OK) {
        convrelay_relay_free(&m);
    }

    return rc;
}


static int
raw(void)
{
    int                    rc;
    const char            *error;
    convrelay_relay_out_t  m;

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_OUT_RAW;
    m.text = str("{\"type\":\"x\",\"b\":[" ONES ONES ONES "1]}");

    heap.armed = 1;
    rc = convrelay_relay_out_check(&m, &error);
    heap.armed = 0;

    return rc;
}


static int
raw_repaired(void)
{
    int                    rc;
    const char            *error;
    convrelay_relay_out_t  m;

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_OUT_RAW;
    m.text = str("{\"type\":\"\xff\"}");

    heap.armed = 1;
    rc = convrelay_relay_out_check(&m, &error);
    heap.armed = 0;

    return rc;
}


/* more values than lie on the stack */

static int
handoff(void)
{
    int                  rc;
    u_char               data[] = "{\"a\":\"\xff\",\"b\":[" ONES ONES ONES
                                  "1]}";
    convrelay_handoff_t  h;

    heap.armed = 1;
    rc = convrelay_handoff_open(&h, data, sizeof(data) - 1);
    heap.armed = 0;

    if (rc == CONVRELAY_OK) {
        convrelay_handoff_close(&h);
    }

    return rc;
}


/* more values than lie on the stack */

static int
field(void)
{
    int              rc;
    size_t           i;
    const char      *error;
    convrelay_str_t  name, json;
    static u_char    list[1001];

    for (i = 0; i < 1000; i += 2) {
        list[i] = i ? ',' : '[';
        list[i + 1] = '1';
    }

    list[1000] = ']';

    name = str("x");
    json.data = list;
    json.len = sizeof(list);

    heap.armed = 1;
    rc = convrelay_llm_check_field(&name, &json, &error);
    heap.armed = 0;

    return rc;
}


static int
tones(void)
{
    int                    rc;
    convrelay_str_t        digits;
    convrelay_playback_t   p;

    memset(&p, 0, sizeof(p));
    digits = str("1w2");

    heap.armed = 1;
    rc = convrelay_playback_tones(&p, &digits, 1);
    heap.armed = 0;

    convrelay_playback_free(&p);

    return rc;
}


static int
tones_again(void)
{
    int                    rc;
    convrelay_str_t        digits;
    convrelay_playback_t   p;

    memset(&p, 0, sizeof(p));
    digits = str("1");

    (void) convrelay_playback_tones(&p, &digits, 1);

    digits = str("2");

    heap.armed = 1;
    rc = convrelay_playback_tones(&p, &digits, 1);
    heap.armed = 0;

    convrelay_playback_free(&p);

    return rc;
}


static int
text(void)
{
    convrelay_llm_message_t  *m;

    heap.armed = 1;
    m = convrelay_history_message(CONVRELAY_LLM_USER, 10);
    heap.armed = 0;

    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    free(m);

    return CONVRELAY_OK;
}


static int
move(void)
{
    int                       rc;
    convrelay_history_t       h;
    convrelay_llm_message_t  *m, *p;

    memset(&h, 0, sizeof(h));

    m = convrelay_history_message(CONVRELAY_LLM_USER, 10);
    memcpy(m->text, "0123456789", 10);
    convrelay_history_append(&h, m, 10);

    heap.armed = 1;
    p = convrelay_history_move(&h, m, 10, 20);
    heap.armed = 0;

    rc = (p == NULL) ? CONVRELAY_ERROR : CONVRELAY_OK;

    /* it is where it was, or in its new place */

    if (h.first != (p ? p : m) || h.first != h.last || h.len != 10
        || memcmp(h.first->text, "0123456789", 10) != 0)
    {
        rc = -100;
    }

    convrelay_history_free(&h);

    return rc;
}


static int
extra(void)
{
    int                      rc;
    convrelay_str_t          json;
    convrelay_history_t      h;
    convrelay_llm_message_t *m;

    memset(&h, 0, sizeof(h));

    m = convrelay_history_message(CONVRELAY_LLM_ASSISTANT, 1);
    m->text[0] = 'a';
    convrelay_history_append(&h, m, 1);

    json = str("{\"a\":1}");

    heap.armed = 1;
    rc = convrelay_history_append_extra(&h, m, 0, &json);
    heap.armed = 0;

    if (h.nmessages != 1 || (h.last == m) != (rc != CONVRELAY_OK)) {
        rc = -100;
    }

    convrelay_history_free(&h);

    return rc;
}


static int
calls(void)
{
    int                   rc;
    convrelay_str_t       json, results[2];
    convrelay_history_t   h;
    convrelay_llm_call_t  list[2];

    memset(&h, 0, sizeof(h));
    memset(list, 0, sizeof(list));

    json = str("{\"a\":1}");

    list[0].id = str("c1");
    list[0].name = str("f");
    list[0].arguments = str("{}");
    list[1] = list[0];
    list[1].id = str("c2");

    results[0] = str("one");
    results[1] = str("two");

    heap.armed = 1;
    rc = convrelay_history_append_calls(&h, 0, &json, list, results, 2);
    heap.armed = 0;

    if (h.nmessages != (rc == CONVRELAY_OK ? 4 : 0)
        || (rc != CONVRELAY_OK && (h.len || h.first || h.last)))
    {
        rc = -100;
    }

    convrelay_history_free(&h);

    return rc;
}


static int
result(void)
{
    int                       rc;
    convrelay_str_t           none = convrelay_null_string, text;
    convrelay_history_t       h;
    convrelay_llm_call_t      call;
    convrelay_llm_message_t  *m;

    memset(&h, 0, sizeof(h));
    memset(&call, 0, sizeof(call));

    call.id = str("c1");
    call.name = str("f");
    call.arguments = str("{}");
    text = str("running");

    (void) convrelay_history_append_calls(&h, 0, &none, &call, &text, 1);

    text = str("done");

    heap.armed = 1;
    m = convrelay_history_result(&h, h.last, &text);
    heap.armed = 0;

    rc = m ? CONVRELAY_OK : CONVRELAY_ERROR;

    convrelay_llm_message_call(h.last, &call);

    if (h.nmessages != 2
        || !convrelay_str_is(&call.arguments, m ? "done" : "running"))
    {
        rc = -100;
    }

    convrelay_history_free(&h);

    return rc;
}


static int
full_line(void)
{
    return lines(1024, 10);
}


static int
long_line(void)
{
    return lines(10, 3000);
}


/* an event of two lines of data, as long as said */

static int
lines(size_t first, size_t second)
{
    int                     rc;
    u_char                 *p, *last;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    static u_char  data[4096];

    memset(&s, 0, sizeof(s));
    s.max_line = sizeof(data);

    p = data;
    last = data + sprintf((char *) data, "data:%0*d\ndata:%0*d\n\n",
                          (int) first, 0, (int) second, 0);

    heap.armed = 1;
    rc = convrelay_sse_read(&s, &p, last, &ev);
    heap.armed = 0;

    if (rc == CONVRELAY_OK && ev.data.len != first + 1 + second) {
        rc = -100;
    }

    convrelay_sse_free(&s);

    return rc;
}
