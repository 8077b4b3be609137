
/*
 * Copyright (C) convrelay contributors
 *
 * When an outage of a service begins and ends, and when it is asked meanwhile.
 */


#include "tap.h"
#include "convrelay_outage.h"


static void test_begin(void);
static void test_records(void);
static void test_pauses(void);
static void test_flaps(void);
static void test_hold(void);
static void test_clocks(void);
static void test_kinds(void);
static void test_late(void);
static void test_slots(void);

static int failed(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t record, uint64_t began, uint64_t now, unsigned waited);
static int worked(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t began, uint64_t now);


#define READ   CONVRELAY_OUTAGE_READ
#define WRITE  CONVRELAY_OUTAGE_WRITE


static uint64_t  lasted, failures;


int
main(void)
{
    test_begin();
    test_records();
    test_pauses();
    test_flaps();
    test_hold();
    test_clocks();
    test_kinds();
    test_late();
    test_slots();

    return tap_done();
}


static int
failed(convrelay_outage_t *o, convrelay_outage_kind_e kind, uint64_t record,
    uint64_t began, uint64_t now, unsigned waited)
{
    convrelay_outage_request_t  r;

    r.kind = kind;
    r.record = record;
    r.began = began;

    return convrelay_outage_failed(o, &r, now, waited);
}


static int
worked(convrelay_outage_t *o, convrelay_outage_kind_e kind, uint64_t began,
    uint64_t now)
{
    convrelay_outage_request_t  r;

    r.kind = kind;
    r.record = 1;
    r.began = began;

    return convrelay_outage_worked(o, &r, now, &lasted, &failures);
}


static void
test_begin(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    tap_ok(convrelay_outage_ask(&o, WRITE, 1000) == CONVRELAY_OK,
           "it is asked");
    tap_ok(failed(&o, WRITE, 1, 1000, 1000, 0) == CONVRELAY_OK
           && failed(&o, WRITE, 2, 1000, 1001, 0) == CONVRELAY_OK
           && !convrelay_outage_is(&o, WRITE),
           "two failures are not an outage");
    tap_ok(worked(&o, WRITE, 1001, 1002) == CONVRELAY_OK
           && failed(&o, WRITE, 1, 1002, 1003, 0) == CONVRELAY_OK
           && failed(&o, WRITE, 2, 1002, 1003, 0) == CONVRELAY_OK,
           "... if it works in between");
    tap_ok(failed(&o, WRITE, 3, 1002, 1004, 0) == CONVRELAY_DONE,
           "three in a row are");
    tap_ok(convrelay_outage_ask(&o, WRITE, 2003) == CONVRELAY_DECLINED,
           "it is left alone for a second");
    tap_ok(convrelay_outage_ask(&o, READ, 2003) == CONVRELAY_OK,
           "... not by reads, of which none has failed");

    memset(&o, 0, sizeof(o));

    tap_ok(failed(&o, READ, 1, 1, 1000, 1) == CONVRELAY_DONE,
           "so is one, if somebody has waited");
}


/* a record that a service does not like is not an outage of it */

static void
test_records(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    tap_ok(failed(&o, WRITE, 7, 1, 1, 0) == CONVRELAY_OK
           && failed(&o, WRITE, 7, 2, 2, 0) == CONVRELAY_OK
           && failed(&o, WRITE, 7, 3, 3, 0) == CONVRELAY_OK
           && failed(&o, WRITE, 7, 4, 4, 0) == CONVRELAY_OK,
           "one record can fail as often as it wants");
    tap_ok(failed(&o, WRITE, 8, 5, 5, 0) == CONVRELAY_DONE,
           "another one as well, which is an outage");

    memset(&o, 0, sizeof(o));

    (void) failed(&o, WRITE, 7, 1, 1, 0);
    (void) failed(&o, WRITE, 8, 2, 2, 0);
    (void) worked(&o, READ, 3, 3);

    tap_ok(failed(&o, WRITE, 7, 4, 4, 0) == CONVRELAY_DONE,
           "what is read says nothing of writes");
}


static void
test_pauses(void)
{
    size_t              i;
    uint64_t            now, began;
    convrelay_outage_t  o;

    static const uint64_t  pauses[] = {
        1000, 2000, 2000, 2000, 2000
    };

    memset(&o, 0, sizeof(o));

    now = 10;
    (void) failed(&o, READ, 1, now, now, 1);

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        tap_ok(convrelay_outage_ask(&o, READ, now + pauses[i] - 1)
               == CONVRELAY_DECLINED, "pause %d", (int) i);

        now += pauses[i];

        tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_OK,
               "... is over");
        tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_DECLINED,
               "... for one request");
        began = now++;
        tap_ok(failed(&o, READ, 1, began, now, 0) == CONVRELAY_OK,
               "... which fails");
    }

    now += 2000;

    tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_OK
           && worked(&o, READ, now, now + 1) == CONVRELAY_DONE,
           "it works again");
    tap_ok(lasted == now + 1 - 10 && failures == 6,
           "... after so long and so many");
    tap_ok(convrelay_outage_ask(&o, READ, now + 2) == CONVRELAY_OK
           && convrelay_outage_ask(&o, READ, now + 2) == CONVRELAY_OK,
           "... for all requests");

    tap_ok(failed(&o, READ, 1, now + 1, now + 5000, 1) == CONVRELAY_DONE
           && convrelay_outage_ask(&o, READ, now + 8999) == CONVRELAY_DECLINED,
           "an outage soon after it has a longer pause");

    (void) worked(&o, READ, now + 9000, now + 9000);
    (void) convrelay_outage_over(&o, now + 11000, &lasted, &failures);

    tap_ok(failed(&o, READ, 1, now + 72000, now + 72000, 1) == CONVRELAY_DONE
           && convrelay_outage_ask(&o, READ, now + 73000) == CONVRELAY_OK,
           "one that comes later begins with a second");
}


/* it works whenever it is tried, and fails right after it */

static void
test_flaps(void)
{
    size_t              i;
    uint64_t            now;
    convrelay_outage_t  o;

    static const uint64_t  pauses[] = {
        1000, 2000, 4000, 8000, 16000, 30000, 30000
    };

    memset(&o, 0, sizeof(o));

    now = 10;

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        now++;

        (void) failed(&o, READ, 1, now, now, 1);
        tap_ok(convrelay_outage_ask(&o, READ, now + pauses[i] - 1)
               == CONVRELAY_DECLINED, "reads that flap, pause %d", (int) i);

        now += pauses[i];

        tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_OK,
               "... is over");
        (void) worked(&o, READ, now, now);
    }

    (void) failed(&o, READ, 1, now + 1, now + 1, 1);
    (void) failed(&o, READ, 1, now + 30001, now + 30001, 0);

    tap_ok(convrelay_outage_ask(&o, READ, now + 60000) == CONVRELAY_DECLINED
           && convrelay_outage_ask(&o, READ, now + 60001) == CONVRELAY_OK,
           "... a failure after it has the same");

    /* nobody waits for a write */

    memset(&o, 0, sizeof(o));

    now = 10;

    for (i = 0; i < 4; i++) {
        now++;

        (void) failed(&o, WRITE, 1, now, now, 0);
        (void) failed(&o, WRITE, 2, now, now, 0);
        (void) failed(&o, WRITE, 3, now, now, 0);

        now += i ? 2000 : 1000;

        tap_ok(convrelay_outage_ask(&o, WRITE, now - 1) == CONVRELAY_DECLINED
               && convrelay_outage_ask(&o, WRITE, now) == CONVRELAY_OK,
               "writes that flap, pause %d", (int) i);
        (void) worked(&o, WRITE, now, now);
    }
}


/* what flaps is one outage, which begins and ends once */

static void
test_hold(void)
{
    size_t              i;
    uint64_t            now;
    convrelay_outage_t  o;

    static const uint64_t  holds[] = {
        2000, 4000, 8000, 16000, 32000, 60000, 60000
    };

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 10, 11, 1);

    tap_ok(worked(&o, READ, 1011, 1012) == CONVRELAY_DONE
           && lasted == 1001 && failures == 1, "the first outage ends at once");

    now = 60000 + 1012;

    tap_ok(failed(&o, READ, 1, now, now, 1) == CONVRELAY_DONE
           && worked(&o, READ, now + 1, now + 2) == CONVRELAY_OK
           && o.since == now && o.back == now + 2,
           "one a minute later does not");
    tap_ok(!convrelay_outage_is(&o, READ)
           && convrelay_outage_ask(&o, READ, now + 2) == CONVRELAY_OK,
           "... though it is asked");
    tap_ok(convrelay_outage_over(&o, now + 2001, &lasted, &failures)
           == CONVRELAY_OK
           && worked(&o, READ, now + 1000, now + 2001) == CONVRELAY_OK,
           "... for two seconds");
    tap_ok(convrelay_outage_over(&o, now + 2002, &lasted, &failures)
           == CONVRELAY_DONE && lasted == 2 && failures == 1
           && o.since == 0 && o.back == 0, "... then it is over");
    tap_ok(convrelay_outage_over(&o, now + 2003, &lasted, &failures)
           == CONVRELAY_OK
           && worked(&o, READ, now + 2003, now + 2003) == CONVRELAY_OK,
           "... once");

    now += 62003;

    tap_ok(failed(&o, READ, 1, now, now, 1) == CONVRELAY_DONE
           && worked(&o, READ, now + 1, now + 1) == CONVRELAY_DONE,
           "after more than a minute, it is a first one");

    /* the writes of this one fail as soon as they have worked for a while */

    tap_ok(failed(&o, WRITE, 1, now + 2, now + 2, 1) == CONVRELAY_DONE,
           "another one");

    now += 3;

    for (i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
        tap_ok(worked(&o, WRITE, now, now) == CONVRELAY_OK
               && convrelay_outage_over(&o, now + holds[i] - 1, &lasted,
                                        &failures) == CONVRELAY_OK,
               "... which comes back, %d", (int) i);

        now += holds[i] - 1;

        tap_ok(failed(&o, WRITE, 1, now, now, 1) == CONVRELAY_OK
               && convrelay_outage_is(&o, WRITE) && o.back == 0
               && convrelay_outage_over(&o, now + 100000, &lasted, &failures)
                  == CONVRELAY_OK, "... and goes is the same one");
        now++;
    }

    tap_ok(worked(&o, WRITE, now, now) == CONVRELAY_OK
           && worked(&o, WRITE, now + 9, now + 60000) == CONVRELAY_DONE
           && failures == 8, "what works later ends it as well");

    /* the hold of one that is over for the log counts for the next one */

    now += 60000;

    tap_ok(failed(&o, WRITE, 1, now, now, 1) == CONVRELAY_DONE
           && worked(&o, WRITE, now + 1, now + 1) == CONVRELAY_OK
           && convrelay_outage_over(&o, now + 60000, &lasted, &failures)
              == CONVRELAY_OK
           && convrelay_outage_over(&o, now + 60001, &lasted, &failures)
              == CONVRELAY_DONE, "the next one soon after it lasts as long");

    /* a kind that flaps while the other one is out changes nothing */

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 10, 11, 1);
    (void) failed(&o, WRITE, 1, 10, 12, 1);
    (void) worked(&o, WRITE, 1012, 1013);
    (void) failed(&o, WRITE, 1, 1014, 1014, 1);
    (void) worked(&o, WRITE, 3015, 3015);

    tap_ok(o.hold == 0 && o.back == 0
           && worked(&o, READ, 3016, 3016) == CONVRELAY_DONE
           && failures == 3 && lasted == 3005,
           "both kinds are one outage, which ends with the last one");
}


/* that of another process may be a moment older */

static void
test_clocks(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 100, 200, 1);
    (void) worked(&o, READ, 201, 199);

    tap_ok(lasted == 0 && o.since == 0, "it came back before it went out");

    (void) failed(&o, READ, 1, 300, 300, 1);
    (void) worked(&o, READ, 301, 302);

    tap_ok(o.hold == 2000
           && convrelay_outage_over(&o, 301, &lasted, &failures)
              == CONVRELAY_OK,
           "it is not over before it came back");

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 100, 200, 1);
    (void) worked(&o, READ, 1300, 1300);
    (void) failed(&o, READ, 1, 1301, 1299, 1);

    tap_ok(convrelay_outage_ask(&o, READ, 3298) == CONVRELAY_DECLINED
           && o.hold == 2000, "out again before it came back is soon");
}


/* what answers writes does not have to answer reads */

static void
test_kinds(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 100, 200, 1);

    tap_ok(worked(&o, WRITE, 300, 300) == CONVRELAY_OK
           && convrelay_outage_is(&o, READ),
           "a read began it, and a write does not end it");
    tap_ok(convrelay_outage_ask(&o, WRITE, 300) == CONVRELAY_OK
           && convrelay_outage_ask(&o, READ, 300) == CONVRELAY_DECLINED,
           "... writes go on, reads wait");
    tap_ok(worked(&o, READ, 1200, 1300) == CONVRELAY_DONE
           && lasted == 1100 && failures == 1, "a read ends it");

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 100, 200, 1);
    (void) failed(&o, WRITE, 1, 100, 201, 0);
    (void) failed(&o, WRITE, 2, 100, 201, 0);

    tap_ok(failed(&o, WRITE, 3, 100, 201, 0) == CONVRELAY_OK
           && convrelay_outage_is(&o, WRITE),
           "both can be out, which is one outage");

    (void) convrelay_outage_ask(&o, READ, 1200);

    tap_ok(convrelay_outage_ask(&o, WRITE, 1201) == CONVRELAY_OK
           && worked(&o, WRITE, 1201, 1202) == CONVRELAY_AGAIN,
           "writes come back");
    tap_ok(convrelay_outage_ask(&o, READ, 1202) == CONVRELAY_OK
           && convrelay_outage_ask(&o, READ, 1202) == CONVRELAY_DECLINED,
           "... then a read is tried at once");
    tap_ok(worked(&o, READ, 1202, 1203) == CONVRELAY_DONE
           && lasted == 1003 && failures == 4, "... and ends it");
}


/* what was begun before the outage says nothing of it */

static void
test_late(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    (void) failed(&o, READ, 1, 100, 200, 1);

    tap_ok(worked(&o, READ, 150, 210) == CONVRELAY_OK && o.since == 200,
           "an answer of before it");
    tap_ok(failed(&o, READ, 1, 150, 300, 0) == CONVRELAY_OK
           && failed(&o, READ, 1, 200, 300, 0) == CONVRELAY_OK
           && convrelay_outage_ask(&o, READ, 1200) == CONVRELAY_OK,
           "a failure of before it does not make the pause longer");

    memset(&o, 0, sizeof(o));

    (void) worked(&o, READ, 150, 170);

    tap_ok(failed(&o, READ, 1, 100, 1100, 1) == CONVRELAY_OK,
           "one that was lost is not an outage, if a later one has worked");
    tap_ok(failed(&o, READ, 2, 151, 1151, 1) == CONVRELAY_DONE,
           "... one that was begun after it is");
}


static void
test_slots(void)
{
    size_t               i;
    convrelay_outage_t  *o;
    convrelay_outage_t   table[CONVRELAY_OUTAGES];

    memset(table, 0, sizeof(table));

    for (i = 1; i <= CONVRELAY_OUTAGES; i++) {
        o = convrelay_outage_slot(table, i, 1000 + i);
        o->failed = i;
    }

    tap_ok(convrelay_outage_slot(table, 1, 5000)->failed == 1,
           "a slot is found");

    o = convrelay_outage_slot(table, 9000, 5001);

    tap_ok(o->id == 9000 && o->failed == 0, "a full table has room");
    tap_ok(convrelay_outage_slot(table, 1, 5002)->failed == 1
           && convrelay_outage_slot(table, 3, 5002)->failed == 3,
           "... for what was used lately");
    tap_ok(convrelay_outage_slot(table, 2, 5003)->failed == 0,
           "... not for what was used longest ago");
}
