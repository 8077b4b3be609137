
/*
 * Copyright (C) convrelay contributors
 *
 * What is counted, where it lies, and how it is shown.
 */


#include <setjmp.h>
#include <signal.h>

#include "convrelay_metric_report.h"
#include "tap.h"


static void test_table(void);
static void test_histogram(void);
static void test_blocks(void);
static void test_reuse(void);
static void test_zero(void);
static void test_half(void);
static void fault(int signo);
static void test_versions(void);
static void test_recent(void);
static void test_slots(void);
static void test_llms(void);
static void test_tools(void);
static void test_names(void);
static void test_prometheus(void);
static void test_json(void);
static void test_causes(void);
static void test_many_causes(void);

static convrelay_metric_store_t *store(void);
static convrelay_metric_id_t name(unsigned n);
static convrelay_metric_report_t report(void);
static int has(const char *text, const char *part);
static char *prometheus(const convrelay_metric_report_t *r);
static char *json(const convrelay_metric_report_t *r);
static const char *cause(const char *kind);


static convrelay_metric_t           words[CONVRELAY_METRIC_N];
static convrelay_metric_t           recent[CONVRELAY_METRIC_N];
static convrelay_metric_location_t  location;
static convrelay_metric_zone_t      zone;
static convrelay_metric_slot_t      slot;
static sigjmp_buf                   faulted;


int
main(void)
{
    test_table();
    test_histogram();
    test_blocks();
    test_reuse();
    test_zero();
    test_half();
    test_versions();
    test_recent();
    test_slots();
    test_llms();
    test_tools();
    test_names();
    test_prometheus();
    test_json();
    test_causes();
    test_many_causes();

    return tap_done();
}


/* each word has one line, and each line is well formed */

static void
test_table(void)
{
    char                            seen[CONVRELAY_METRIC_N];
    unsigned                        i, n;
    const convrelay_metric_line_t  *line, *family;

    memset(seen, 0, sizeof(seen));
    family = NULL;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name) {
            family = line;
            n = strlen(line->name);

            tap_ok(line->help[strlen(line->help) - 1] == '.'
                   && strcmp(line->name + n - (line->bounds ? 8 : 6),
                             line->bounds ? "_seconds" : "_total") == 0,
                   "%s is named and explained", line->name);

            if (line->bounds == NULL) {
                continue;
            }

            for (i = 0; i <= CONVRELAY_METRIC_BUCKETS; i++) {
                seen[line->index + i]++;
            }

            continue;
        }

        seen[line->index]++;

        if (!family || !family->label != !line->value) {
            tap_ok(0, "word %u has a label's value", line->index);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_N && seen[i] == 1; i++) { /* void */ }

    tap_ok(i == CONVRELAY_METRIC_N, "%u words, each has one line", i);

    tap_ok(convrelay_metric_twilio(64107) == CONVRELAY_METRIC_TWILIO_64107,
           "a code of Twilio's");
    tap_ok(convrelay_metric_twilio(0) == CONVRELAY_METRIC_TWILIO_OTHER
           && convrelay_metric_twilio(-1) == CONVRELAY_METRIC_TWILIO_OTHER
           && convrelay_metric_twilio(5) == CONVRELAY_METRIC_TWILIO_OTHER,
           "and any other number");
}


static void
test_histogram(void)
{
    unsigned            i;
    convrelay_metric_t  w[CONVRELAY_METRIC_N];
    const unsigned      h = CONVRELAY_METRIC_FIRST_WORD;

    memset(w, 0, sizeof(w));

    tap_ok(convrelay_metric_percentile(w, h, 50) == 0, "nothing is 0");

    tap_ok(convrelay_metric_bucket(&convrelay_metric_seconds, 0) == 0
           && convrelay_metric_bucket(&convrelay_metric_seconds, 10) == 0
           && convrelay_metric_bucket(&convrelay_metric_seconds, 11) == 1
           && convrelay_metric_bucket(&convrelay_metric_seconds, 81920) == 13
           && convrelay_metric_bucket(&convrelay_metric_seconds, 81921) == 14
           && convrelay_metric_bucket(&convrelay_metric_seconds, UINT64_MAX)
              == 14,
           "a bound belongs to its bucket");

    for (i = 0; i < 90; i++) {
        convrelay_metric_time(w, h, 500);
    }

    for (i = 0; i < 10; i++) {
        convrelay_metric_time(w, h, 2000);
    }

    tap_ok(convrelay_metric_count(w, h) == 100, "a hundred times");
    tap_ok(w[h + CONVRELAY_METRIC_BUCKETS] == 65000, "and their sum");

    tap_ok(convrelay_metric_percentile(w, h, 50) > 320
           && convrelay_metric_percentile(w, h, 50) <= 640, "the median");
    tap_ok(convrelay_metric_percentile(w, h, 90) == 640, "nine of ten");
    tap_ok(convrelay_metric_percentile(w, h, 95) > 1280
           && convrelay_metric_percentile(w, h, 95) <= 2560, "the worst");

    convrelay_metric_time(w, h, 1000000);

    tap_ok(convrelay_metric_percentile(w, h, 100) == 81920,
           "past the last bound it is that bound");

    convrelay_metric_time(w, CONVRELAY_METRIC_SESSION_SECONDS, 45000);

    tap_ok(w[CONVRELAY_METRIC_SESSION_SECONDS + 2] == 1,
           "sessions have bounds of their own");
}


static void
test_blocks(void)
{
    unsigned                   i, n;
    convrelay_metric_id_t      id;
    convrelay_metric_store_t  *s;

    s = store();

    tap_ok(convrelay_metric_store_begin(s) == 1, "the first configuration");

    id = name(1);
    n = convrelay_metric_store_block(s, &id);

    tap_ok(n > 0, "a location has a block");
    tap_ok(convrelay_metric_store_block(s, &id) == n, "its own");

    convrelay_metric_add(s->blocks[n].words, CONVRELAY_METRIC_TOKENS, 7);

    for (i = 2; i < CONVRELAY_METRIC_BLOCKS; i++) {
        id = name(i);

        if (convrelay_metric_store_block(s, &id) == 0) {
            break;
        }
    }

    tap_ok(i == CONVRELAY_METRIC_BLOCKS, "so have %u others", i - 2);

    id = name(i);
    tap_ok(convrelay_metric_store_block(s, &id) == 0, "one more has none");

    convrelay_metric_store_begin(s);

    id = name(1);
    tap_ok(convrelay_metric_store_block(s, &id) == n
           && s->blocks[n].words[CONVRELAY_METRIC_TOKENS] == 7,
           "a reload goes on with the same numbers");

    free(s);
}


/* blocks of locations that are gone */

static void
test_reuse(void)
{
    unsigned                   i;
    convrelay_metric_id_t      id;
    convrelay_metric_store_t  *s;

    s = store();
    convrelay_metric_store_begin(s);

    for (i = 1; i < CONVRELAY_METRIC_BLOCKS; i++) {
        id = name(i);
        (void) convrelay_metric_store_block(s, &id);
    }

    s->blocks[1].words[CONVRELAY_METRIC_TOKENS] = 5;

    convrelay_metric_store_begin(s);

    id = name(1000);
    tap_ok(convrelay_metric_store_block(s, &id) == 0,
           "workers may still count in what the last configuration had");

    for (i = 3; i < CONVRELAY_METRIC_BLOCKS; i++) {
        id = name(i);
        (void) convrelay_metric_store_block(s, &id);
    }

    convrelay_metric_store_begin(s);

    id = name(1000);
    tap_ok(convrelay_metric_store_block(s, &id) == 1
           && s->blocks[1].words[CONVRELAY_METRIC_TOKENS] == 0,
           "the next one but one takes it, from 0 on");

    id = name(1001);
    tap_ok(convrelay_metric_store_block(s, &id) == 2, "and the other one");

    id = name(1002);
    tap_ok(convrelay_metric_store_block(s, &id) == 0, "no more");

    free(s);
}


/* a name whose hash is that of an unused block */

static void
test_zero(void)
{
    unsigned                   n;
    convrelay_metric_id_t      id;
    convrelay_metric_store_t  *s;

    s = store();
    convrelay_metric_store_begin(s);

    memset(&id, 0, sizeof(convrelay_metric_id_t));
    n = convrelay_metric_store_block(s, &id);

    id = name(1);
    tap_ok(n == 1 && convrelay_metric_store_block(s, &id) == 2,
           "a hash of zeros has a block of its own");

    free(s);
}


/* the worker is killed while it writes a slot that was in use before */

static void
test_half(void)
{
    u_char                    *p, *blocks;
    unsigned                   i;
    const size_t               page = sysconf(_SC_PAGESIZE);
    const size_t               size = (sizeof(convrelay_metric_store_t)
                                       + page - 1) / page * page;
    struct sigaction           sa, old;
    convrelay_metric_slot_t   *slots;
    convrelay_metric_store_t  *s;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);
    slots = malloc(CONVRELAY_METRIC_SLOTS * sizeof(convrelay_metric_slot_t));

    if (p == MAP_FAILED || slots == NULL) {
        tap_ok(0, "memory");
        return;
    }

    s = convrelay_metric_store_create(p, 0);

    for (i = 1; i <= CONVRELAY_METRIC_SLOTS; i++) {
        convrelay_metric_store_tick(s, i * 10000, 1);
    }

    i = convrelay_metric_store_slots(s, slots);

    /* the blocks are read when the slot is taken */

    sigemptyset(&sa.sa_mask);
    sa.sa_flags = 0;
    sa.sa_handler = fault;
    sigaction(SIGSEGV, &sa, &old);

    blocks = p + ((u_char *) s->blocks - p + page) / page * page;

    if (sigsetjmp(faulted, 1) == 0) {
        (void) mprotect(blocks, p + size - blocks, PROT_NONE);
        convrelay_metric_store_tick(s, (i + 1) * 10000, 1);
        tap_ok(0, "the worker lives on");
    }

    (void) mprotect(p, size, PROT_READ|PROT_WRITE);
    sigaction(SIGSEGV, &old, NULL);

    tap_ok(i == CONVRELAY_METRIC_SLOTS
           && convrelay_metric_store_slots(s, slots) == i - 1
           && slots[0].at == 20000,
           "half a slot is not shown");

    free(slots);
    munmap(p, size);
}


static void
fault(int signo)
{
    siglongjmp(faulted, signo);
}


static void
test_versions(void)
{
    convrelay_metric_store_t  *s;

    s = store();

    tap_ok(convrelay_metric_store_open(s, sizeof(*s)) == s, "it is opened");
    tap_ok(convrelay_metric_store_open(s, sizeof(*s) - 1) == NULL,
           "not in less memory");
    tap_ok(convrelay_metric_store_open(NULL, sizeof(*s)) == NULL,
           "not without any");

    s->layout++;
    tap_ok(convrelay_metric_store_open(s, sizeof(*s)) == NULL,
           "not with other counters");

    s->layout--;
    s->magic++;
    tap_ok(convrelay_metric_store_open(s, sizeof(*s)) == NULL,
           "not another thing");

    free(s);
}


static void
test_recent(void)
{
    uint64_t                   now;
    unsigned                   n;
    convrelay_metric_t         w[CONVRELAY_METRIC_N], r[CONVRELAY_METRIC_N];
    convrelay_metric_id_t      id;
    convrelay_metric_store_t  *s;

    s = store();
    convrelay_metric_store_begin(s);

    id = name(1);
    n = convrelay_metric_store_block(s, &id);

    s->blocks[n].words[CONVRELAY_METRIC_TOKENS] = 3;

    tap_ok(convrelay_metric_store_read(s, n, 3000, w, r) == 2000
           && w[CONVRELAY_METRIC_TOKENS] == 3
           && r[CONVRELAY_METRIC_TOKENS] == 3,
           "at first, lately is since the start");

    now = s->copied[s->newest] + CONVRELAY_METRIC_COPY_TIME;

    convrelay_metric_store_tick(s, now - 1, 1);
    tap_ok(s->copied[s->newest] != now - 1, "a copy is not made early");

    convrelay_metric_store_tick(s, now, 1);
    tap_ok(s->copied[s->newest] == now, "but as soon as it is due");

    free(s);

    s = store();
    convrelay_metric_store_begin(s);

    n = convrelay_metric_store_block(s, &id);

    s->blocks[n].words[CONVRELAY_METRIC_TOKENS] = 3;

    tap_ok(convrelay_metric_store_due(s, 1000), "a tick is due at once");
    tap_ok(!convrelay_metric_store_due(s, 1000), "for one only");
    tap_ok(!convrelay_metric_store_due(s, 10999), "the next one is not yet");

    for (now = 11000; now <= 400000; now += 10000) {

        if (convrelay_metric_store_due(s, now)) {
            convrelay_metric_store_tick(s, now, 1);
        }

        if (now == 301000) {
            s->blocks[n].words[CONVRELAY_METRIC_TOKENS] = 10;
        }
    }

    now = convrelay_metric_store_read(s, n, 400000, w, r);

    tap_ok(now >= CONVRELAY_METRIC_COPY_TIME
           && now <= 2 * CONVRELAY_METRIC_COPY_TIME
                     + CONVRELAY_METRIC_SLOT_TIME,
           "lately is the last %lu s", (unsigned long) now / 1000);

    tap_ok(w[CONVRELAY_METRIC_TOKENS] == 10 && r[CONVRELAY_METRIC_TOKENS] == 7,
           "what was before does not count");

    for ( /* void */ ; now <= 800000; now += 10000) {

        if (convrelay_metric_store_due(s, now)) {
            convrelay_metric_store_tick(s, now, 1);
        }
    }

    (void) convrelay_metric_store_read(s, n, 800000, w, r);

    tap_ok(r[CONVRELAY_METRIC_TOKENS] == 0, "and is forgotten at last");

    free(s);
}


static void
test_slots(void)
{
    unsigned                   i, n;
    convrelay_metric_slot_t   *slots;
    convrelay_metric_store_t  *s;

    s = store();
    slots = malloc(CONVRELAY_METRIC_SLOTS * sizeof(convrelay_metric_slot_t));

    tap_ok(convrelay_metric_store_slots(s, slots) == 0, "no history at first");

    for (i = 1; i <= 100; i++) {
        s->blocks[0].words[CONVRELAY_METRIC_TOKENS] = i;
        convrelay_metric_store_tick(s, i * 10000, i);
    }

    n = convrelay_metric_store_slots(s, slots);

    tap_ok(n == CONVRELAY_METRIC_SLOTS && slots[0].at == 410000
           && slots[n - 1].at == 1000000 && slots[n - 1].calls == 100
           && slots[n - 1].words[CONVRELAY_METRIC_TOKENS] == 100,
           "the last %u, oldest first", n);

    /* one that a killed worker was writing */

    s->slots[0].at = 0;

    tap_ok(convrelay_metric_store_slots(s, slots)
           == CONVRELAY_METRIC_SLOTS - 1, "half a slot is left out");

    free(slots);
    free(s);
}


/* their blocks have the last words of the table; the ring has them summed up */

static void
test_llms(void)
{
    uint64_t                    now;
    unsigned                    i, n;
    convrelay_metric_t          w[CONVRELAY_METRIC_LLM_N];
    convrelay_metric_t          lately[CONVRELAY_METRIC_LLM_N];
    convrelay_metric_id_t       id;
    convrelay_metric_slot_t    *slots;
    convrelay_metric_store_t   *s;

    const unsigned  key = CONVRELAY_METRIC_LLM_KEY - CONVRELAY_METRIC_LLM;
    const unsigned  last = CONVRELAY_METRIC_LLM_N - 1;

    s = store();
    slots = malloc(CONVRELAY_METRIC_SLOTS * sizeof(convrelay_metric_slot_t));
    convrelay_metric_store_begin(s);

    for (i = 1; i < CONVRELAY_METRIC_LLMS; i++) {
        id = name(i);

        if (convrelay_metric_store_llm(s, &id) != i) {
            break;
        }
    }

    tap_ok(i == CONVRELAY_METRIC_LLMS, "%u LLMs have a block", i - 1);

    id = name(i);
    tap_ok(convrelay_metric_store_llm(s, &id) == 0, "one more has none");

    id = name(7);
    n = convrelay_metric_store_llm(s, &id);
    tap_ok(n == 7 && convrelay_metric_store_block(s, &id) == 1
           && convrelay_metric_store_tool(s, &id) == 1,
           "a location and a tool of that name have others");

    convrelay_metric_add(s->llms[n].words, key, 2);
    convrelay_metric_add(s->llms[n].words, last, 3);
    convrelay_metric_add(s->llms[0].words, key, 4);
    convrelay_metric_time(s->llms[n].words, CONVRELAY_METRIC_LLM_SECONDS
                                            - CONVRELAY_METRIC_LLM, 1500);
    s->blocks[1].words[CONVRELAY_METRIC_LLM - 1] = 5;

    for (now = 11000; now <= 400000; now += 10000) {
        convrelay_metric_store_tick(s, now, 1);
    }

    convrelay_metric_add(s->llms[n].words, key, 1);

    (void) convrelay_metric_store_read_llm(s, n, now, w, lately);

    tap_ok(w[key] == 3 && w[last] == 3
           && convrelay_metric_count(w, CONVRELAY_METRIC_LLM_SECONDS
                                        - CONVRELAY_METRIC_LLM) == 1,
           "what was counted");
    tap_ok(lately[key] == 1 && lately[last] == 0, "and what lately");

    i = convrelay_metric_store_slots(s, slots) - 1;

    tap_ok(slots[i].words[CONVRELAY_METRIC_LLM_KEY] == 6
           && slots[i].words[CONVRELAY_METRIC_N - 1] == 3
           && slots[i].words[CONVRELAY_METRIC_LLM - 1] == 5,
           "the ring has all of them");

    free(slots);
    free(s);
}


/* they have blocks of their own, and two copies like those of locations */

static void
test_tools(void)
{
    char                       *text;
    uint64_t                    now;
    unsigned                    i, n;
    convrelay_metric_t          w[CONVRELAY_METRIC_TOOL_N];
    convrelay_metric_t          lately[CONVRELAY_METRIC_TOOL_N];
    convrelay_metric_id_t       id;
    convrelay_metric_part_t     tools[2];
    convrelay_metric_store_t   *s;
    convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];
    convrelay_metric_report_t   r;

    s = store();
    convrelay_metric_store_begin(s);

    for (i = 1; i < CONVRELAY_METRIC_TOOLS; i++) {
        id = name(i);

        if (convrelay_metric_store_tool(s, &id) != i) {
            break;
        }
    }

    tap_ok(i == CONVRELAY_METRIC_TOOLS, "%u tools have a block", i - 1);

    id = name(i);
    tap_ok(convrelay_metric_store_tool(s, &id) == 0, "one more has none");

    id = name(7);
    n = convrelay_metric_store_tool(s, &id);
    tap_ok(n == 7 && convrelay_metric_store_block(s, &id) == 1,
           "a location of that name has another");

    convrelay_metric_add(s->tools[n].words, CONVRELAY_METRIC_TOOL_STATUS, 2);
    convrelay_metric_time(s->tools[n].words, CONVRELAY_METRIC_TOOL_SECONDS,
                          1500);

    for (now = 11000; now <= 400000; now += 10000) {
        convrelay_metric_store_tick(s, now, 1);
    }

    convrelay_metric_add(s->tools[n].words, CONVRELAY_METRIC_TOOL_OK, 1);

    (void) convrelay_metric_store_read_tool(s, n, now, w, lately);

    tap_ok(w[CONVRELAY_METRIC_TOOL_STATUS] == 2
           && w[CONVRELAY_METRIC_TOOL_OK] == 1
           && convrelay_metric_count(w, CONVRELAY_METRIC_TOOL_SECONDS) == 1,
           "what was counted");
    tap_ok(lately[CONVRELAY_METRIC_TOOL_STATUS] == 0
           && lately[CONVRELAY_METRIC_TOOL_OK] == 1,
           "and what was counted lately");

    r = report();

    convrelay_str_set(&tools[0].name, "book");
    tools[0].location = &location;
    tools[0].words = w;
    tools[0].recent = w;
    convrelay_str_set(&tools[1].name, "other");
    tools[1].location = &location;
    tools[1].words = lately;
    tools[1].recent = lately;

    r.tools = tools;
    r.ntools = 2;

    text = prometheus(&r);

    tap_ok(has(text, "\n# TYPE convrelay_tools_total counter\n"
                     "convrelay_tools_total{server=\"a.example\","
                     "location=\"/ws\",tool=\"book\",outcome=\"ok\"} 1\n"
                     "convrelay_tools_total{server=\"a.example\","
                     "location=\"/ws\",tool=\"book\",outcome=\"failed\"} 2\n"
                     "convrelay_tools_total{server=\"a.example\","
                     "location=\"/ws\",tool=\"other\",outcome=\"ok\"} 1\n"),
           "tools are shown by name");
    tap_ok(has(text, "\nconvrelay_tool_seconds_bucket{server=\"a.example\","
                     "location=\"/ws\",tool=\"book\",le=\"2.56\"} 1\n")
           && has(text, "\nconvrelay_tool_seconds_sum{server=\"a.example\","
                        "location=\"/ws\",tool=\"book\"} 1.500\n"),
           "with their times");

    free(text);

    text = json(&r);

    tap_ok(has(text, "\"tools\":{\n\"book\":{\"total\":{\"ok\":1,\"failed\":2,"
                     "\"failures\":{\"status\":2,\"timeout\":0,"
                     "\"connect\":0,\"truncated\":0,\"web_page\":0,"
                     "\"arguments\":0,\"busy\":0,\"action\":0,\"other\":0},"
                     "\"seconds\":[0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,1.500]},"
                     "\"recent\":{"), "and in JSON");

    free(text);

    n = convrelay_metric_causes(&r, causes);

    tap_ok(n == 1 && strcmp(causes[0].text,
                            "The tool \"book\" failed in 2 of 3 requests to "
                            "it. The error log has the status of its answer "
                            "(location \"/ws\" of a.example).") == 0,
           "one that fails is named");

    free(s);
}


static void
test_names(void)
{
    size_t           i, len;
    u_char           buf[64];
    convrelay_str_t  name;

    static const struct {
        const char  *name;
        const char  *shown;
    } names[] = {
        { "", "" },
        { "/ws", "/ws" },
        { "~ ^/\xc3\xa9$", "~ ^/\xc3\xa9$" },
        { "/caf\xe9/", "/caf\\xE9/" },
        { "\xff\xfe", "\\xFF\\xFE" },
        { "/\xe2\x82", "/\\xE2\\x82" },
        { "\xed\xa0\x80 ", "\\xED\\xA0\\x80 " }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name.data = (u_char *) names[i].name;
        name.len = strlen(names[i].name);

        len = convrelay_metric_printable(NULL, &name);

        tap_ok(len == strlen(names[i].shown)
               && convrelay_metric_printable(buf, &name) == len
               && memcmp(buf, names[i].shown, len) == 0,
               "a name of %u bytes is shown", (unsigned) name.len);
    }
}


static void
test_prometheus(void)
{
    char                       *text;
    u_char                      odd[] = "~ ^/a\"\\\n$";
    convrelay_metric_away_t     away;
    convrelay_metric_report_t   r;

    r = report();

    words[CONVRELAY_METRIC_TURN_FAILED] = 4;
    words[CONVRELAY_METRIC_TOKENS] = 12345;
    convrelay_metric_time(words, CONVRELAY_METRIC_FIRST_WORD, 15);
    convrelay_metric_time(words, CONVRELAY_METRIC_FIRST_WORD, 100000);
    location.calls[CONVRELAY_METRIC_SPEAKING][CONVRELAY_METRIC_DRAINING] = 2;

    text = prometheus(&r);

    tap_ok(has(text, "\nconvrelay_turns_total{server=\"a.example\","
                     "location=\"/ws\",outcome=\"failed\"} 4\n"), "a counter");
    tap_ok(has(text, "\nconvrelay_turns_total{server=\"a.example\","
                     "location=\"/ws\",outcome=\"empty\"} 0\n"), "a zero");
    tap_ok(has(text, "\nconvrelay_tokens_total{server=\"a.example\","
                     "location=\"/ws\"} 12345\n"), "one without a label");
    tap_ok(has(text, "\n# HELP convrelay_tokens_total Pieces of answers that "
                     "were sent to callers.\n"
                     "# TYPE convrelay_tokens_total counter\n"), "its head");
    tap_ok(has(text, "location=\"/ws\",le=\"0.01\"} 0\n"), "a bucket");
    tap_ok(has(text, "first_word_seconds_bucket{server=\"a.example\","
                     "location=\"/ws\",le=\"0.02\"} 1\n"), "the next one");
    tap_ok(has(text, "first_word_seconds_bucket{server=\"a.example\","
                     "location=\"/ws\",le=\"+Inf\"} 2\n"), "the last one");
    tap_ok(has(text, "first_word_seconds_sum{server=\"a.example\","
                     "location=\"/ws\"} 100.015\n"), "the sum, in seconds");
    tap_ok(has(text, "first_word_seconds_count{server=\"a.example\","
                     "location=\"/ws\"} 2\n"), "how many");
    tap_ok(has(text, "\nconvrelay_calls{server=\"a.example\",location=\"/ws\","
                     "state=\"speaking\",worker=\"draining\"} 2\n"), "a gauge");
    tap_ok(has(text, "\nconvrelay_zone_bytes{zone=\"calls\",state=\"used\"} "
                     "300\n"), "a zone");
    tap_ok(has(text, "\nconvrelay_build_info{version=\"1.2\",nginx=\"3.4\"} "
                     "1\n"), "the versions");
    tap_ok(!has(text, "webhooks_total{"), "no series of a webhook");
    tap_ok(!has(text, "convrelay_store_records")
           && !has(text, "convrelay_store_evicted")
           && !has(text, "convrelay_store_out{")
           && !has(text, "convrelay_store_pending{"),
           "none of a store, without one");

    free(text);

    r.has_store = 1;
    r.records = 7;
    r.evicted = 2;

    text = prometheus(&r);

    tap_ok(has(text, "# TYPE convrelay_store_records gauge\n"
                     "convrelay_store_records 7\n"), "records of a store");
    tap_ok(has(text, "# TYPE convrelay_store_evicted_total counter\n"
                     "convrelay_store_evicted_total 2\n"), "and evicted ones");
    tap_ok(!has(text, "convrelay_store_out{"), "in memory, it is never out");

    free(text);

    convrelay_str_set(&away.server, "a.\"example");
    convrelay_str_set(&away.uri, "/store");
    away.out[CONVRELAY_METRIC_AWAY_READ] = 1;
    away.out[CONVRELAY_METRIC_AWAY_WRITE] = 0;
    away.pending = 12;
    r.aways = &away;
    r.naways = 1;

    text = prometheus(&r);

    tap_ok(has(text, "# TYPE convrelay_store_out gauge\n"
                     "convrelay_store_out{server=\"a.\\\"example\","
                     "store=\"/store\",kind=\"read\"} 1\n"
                     "convrelay_store_out{server=\"a.\\\"example\","
                     "store=\"/store\",kind=\"write\"} 0\n"),
           "in a location, it can be");
    tap_ok(has(text, "# TYPE convrelay_store_pending gauge\n"
                     "convrelay_store_pending{server=\"a.\\\"example\","
                     "store=\"/store\"} 12\n"),
           "... and lack changes");

    free(text);

    location.location.data = odd;
    location.location.len = sizeof(odd) - 1;
    location.call = 0;
    location.twiml = 1;

    text = prometheus(&r);

    tap_ok(has(text, "\nconvrelay_webhooks_total{server=\"a.example\","
                     "location=\"~ ^/a\\\"\\\\\\n$\",kind=\"twiml\","
                     "status=\"403\"} 0\n"),
           "a name is escaped");
    tap_ok(!has(text, "turns_total{") && !has(text, "\nconvrelay_calls{")
           && !has(text, "_bucket{"), "a webhook has no series of calls");
    tap_ok(has(text, "refused_total{"), "and some are of both");
    tap_ok(!has(text, "kind=\"action\""), "it is not an action");

    free(text);
}


static void
test_json(void)
{
    char                       *text;
    convrelay_metric_report_t   r;

    r = report();

    words[CONVRELAY_METRIC_TURN_FAILED] = 4;
    recent[CONVRELAY_METRIC_TURN_FAILED] = 1;
    words[CONVRELAY_METRIC_TOKENS] = 12345;
    convrelay_metric_time(words, CONVRELAY_METRIC_FIRST_WORD, 15);
    location.calls[CONVRELAY_METRIC_SPEAKING][CONVRELAY_METRIC_DRAINING] = 2;
    slot.at = 1000;
    slot.calls = 3;

    text = json(&r);

    tap_ok(text[0] == '{' && strcmp(text + strlen(text) - 2, "}\n") == 0,
           "an object");
    tap_ok(has(text, "\"server\":\"a.example\",\"location\":\"/ws\""), "names");
    tap_ok(has(text, "\"speaking\":2,\"parting\":0,\"draining\":2}"), "calls");
    tap_ok(has(text, "\"turns_total\":{\"complete\":0,\"empty\":0,"
                     "\"truncated\":0,\"failed\":4"), "a family");
    tap_ok(has(text, "\"truncated\":0,\"failed\":1"), "what is recent");
    tap_ok(has(text, "\"first_word_seconds\":"
                     "[0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0.015]"), "a histogram");
    tap_ok(has(text, "\"tokens_total\":12345"), "one without a label");
    tap_ok(has(text, "\"zones\":[{\"zone\":\"calls\",\"size\":1000,"
                     "\"used\":300}],\"bounds\""), "zones");
    tap_ok(has(text, "{\"ago\":9,\"calls\":3,\"total\":{"
                     "\"sessions_total\":{\"phone\":{\"hangup\":0"),
           "the history");
    tap_ok(has(text, "\"causes\":[\n{\"kind\":\"x\",\"level\":\"trouble\","
                     "\"text\":\"a \\\"b\\\"\"}]"), "a cause");

    free(text);
}


static void
test_causes(void)
{
    const char  *text;

    (void) report();
    tap_ok(cause(NULL) == NULL, "all is well");

    (void) report();
    recent[CONVRELAY_METRIC_TURN_COMPLETE] = 3;
    recent[CONVRELAY_METRIC_TURN_FAILED] = 2;
    recent[CONVRELAY_METRIC_LLM_KEY] = 2;

    text = cause("llm_key");
    tap_ok(text && has(text, "refused the API key in 2 of 5 turns")
           && has(text, "(location \"/ws\" of a.example)."), "%s",
           text ? text : "a wrong key");

    (void) report();
    recent[CONVRELAY_METRIC_REFUSED_SIGNATURE] = 6;
    recent[CONVRELAY_METRIC_WEBHOOK_403] = 6;
    recent[CONVRELAY_METRIC_WEBHOOK_2XX] = 1;

    text = cause("signature");
    tap_ok(text && has(text, "6 of 7 requests had no valid "
                             "X-Twilio-Signature")
           && has(text, "convrelay_auth_token"), "%s",
           text ? text : "a wrong token");

    (void) report();
    convrelay_metric_time(recent, CONVRELAY_METRIC_FIRST_WORD, 200);
    convrelay_metric_time(recent, CONVRELAY_METRIC_FIRST_WORD, 3000);

    tap_ok(cause("llm_slow") == NULL, "one slow answer is not news");

    convrelay_metric_time(recent, CONVRELAY_METRIC_FIRST_WORD, 3000);
    convrelay_metric_time(recent, CONVRELAY_METRIC_LLM_FIRST_BYTE, 90);

    text = cause("llm_slow");
    tap_ok(text && has(text, "The LLM is slow")
           && has(text, "in 2 of 3 turns") && has(text, "response begins"),
           "%s", text ? text : "a slow LLM");

    (void) report();
    recent[CONVRELAY_METRIC_LIMIT_FRAME_RATE] = 2;
    recent[CONVRELAY_METRIC_SESSION_TOO_FAST] = 2;
    recent[CONVRELAY_METRIC_SESSION_HANGUP] = 1;

    text = cause("flood");
    tap_ok(text && has(text, "flood") && has(text, "2 of 3 sessions"), "%s",
           text ? text : "a flood");

    (void) report();
    recent[CONVRELAY_METRIC_REFUSED_LIMIT_CALLS] = 9;

    text = cause("limit_calls");
    tap_ok(text && has(text, "convrelay_limit_calls"), "%s",
           text ? text : "too many calls");

    (void) report();
    recent[CONVRELAY_METRIC_TWILIO_64107] = 2;

    text = cause("twilio");
    tap_ok(text && has(text, "error 64107 2 times"), "%s",
           text ? text : "Twilio");
}


static void
test_many_causes(void)
{
    u_char                    *html;
    size_t                     len;
    unsigned                   i, n;
    convrelay_metric_cause_t   causes[CONVRELAY_METRIC_MAX_CAUSES];
    convrelay_metric_report_t  r;

    r = report();

    for (i = 0; i < CONVRELAY_METRIC_N; i++) {
        recent[i] = i % 7 + 1;
    }

    location.location.len = 3;
    location.location.data = (u_char *) "/<&";

    n = convrelay_metric_causes(&r, causes);

    tap_ok(n == CONVRELAY_METRIC_MAX_CAUSES, "no more than %u", n);

    for (i = 1; i < n && causes[i].level <= causes[i - 1].level; i++) {
        /* void */
    }

    tap_ok(i == n, "the worst ones first");

    len = convrelay_metric_html(NULL, causes, n);
    html = malloc(len + 1);

    tap_ok(convrelay_metric_html(html, causes, n) == len, "as long as said");
    html[len] = '\0';

    tap_ok(has((char *) html, "/&lt;&amp;&quot;"), "HTML is escaped");

    free(html);
}


static convrelay_metric_store_t *
store(void)
{
    void  *mem;

    mem = malloc(sizeof(convrelay_metric_store_t));
    memset(mem, 0xa5, sizeof(convrelay_metric_store_t));

    return convrelay_metric_store_create(mem, 1000);
}


static convrelay_metric_id_t
name(unsigned n)
{
    convrelay_metric_id_t  id;

    id.word[0] = n;
    id.word[1] = ~ (uint64_t) n;

    return id;
}


/* of one location in which nothing has happened */

static convrelay_metric_report_t
report(void)
{
    convrelay_metric_report_t  r;

    memset(&r, 0, sizeof(r));
    memset(&location, 0, sizeof(location));
    memset(words, 0, sizeof(words));
    memset(recent, 0, sizeof(recent));
    memset(&slot, 0, sizeof(slot));

    convrelay_str_set(&location.server, "a.example");
    convrelay_str_set(&location.location, "/ws");
    location.call = 1;
    location.words = words;
    location.recent = recent;

    convrelay_str_set(&zone.name, "calls");
    zone.size = 1000;
    zone.used = 300;

    r.version = "1.2";
    r.nginx = "3.4";
    r.now = 10000;
    r.window = 60000;
    r.locations = &location;
    r.nlocations = 1;
    r.zones = &zone;
    r.nzones = 1;
    r.slots = &slot;
    r.nslots = 1;

    return r;
}


static int
has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}


static char *
prometheus(const convrelay_metric_report_t *r)
{
    size_t  len;
    char   *text;

    len = convrelay_metric_prometheus(NULL, r);
    text = malloc(len + 1);

    tap_ok(convrelay_metric_prometheus((u_char *) text, r) == len,
           "%zu bytes, as said", len);
    text[len] = '\0';

    return text;
}


static char *
json(const convrelay_metric_report_t *r)
{
    size_t                    len;
    char                     *text;
    convrelay_metric_cause_t  c;

    c.kind = "x";
    c.level = CONVRELAY_METRIC_TROUBLE;
    c.location = &location;
    strcpy(c.text, "a \"b\"");

    len = convrelay_metric_json(NULL, r, &c, 1);
    text = malloc(len + 1);

    tap_ok(convrelay_metric_json((u_char *) text, r, &c, 1) == len,
           "%zu bytes, as said", len);
    text[len] = '\0';

    return text;
}


/* the sentence about it; NULL: the first one of any kind, or none */

static const char *
cause(const char *kind)
{
    unsigned                          i, n;
    convrelay_metric_report_t         r;
    static convrelay_metric_cause_t   causes[CONVRELAY_METRIC_MAX_CAUSES];

    memset(&r, 0, sizeof(r));

    r.locations = &location;
    r.nlocations = 1;

    n = convrelay_metric_causes(&r, causes);

    for (i = 0; i < n; i++) {

        if (kind == NULL || strcmp(causes[i].kind, kind) == 0) {
            return causes[i].text;
        }
    }

    return NULL;
}
