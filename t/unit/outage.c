
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
static void test_kinds(void);
static void test_late(void);
static void test_slots(void);

static int failed(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t record, uint64_t began, uint64_t now, unsigned waited);
static int worked(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t began, uint64_t now);


#define READ   CONVRELAY_OUTAGE_READ
#define WRITE  CONVRELAY_OUTAGE_WRITE


static uint64_t  since, failures;


int
main(void)
{
    test_begin();
    test_records();
    test_pauses();
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

    return convrelay_outage_worked(o, &r, now, &since, &failures);
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
        1000, 2000, 4000, 8000, 16000, 30000, 30000
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

    now += 30000;

    tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_OK
           && worked(&o, READ, now, now + 1) == CONVRELAY_DONE,
           "it works again");
    tap_ok(since == 10 && failures == 8, "... after so long and so many");
    tap_ok(convrelay_outage_ask(&o, READ, now + 2) == CONVRELAY_OK
           && convrelay_outage_ask(&o, READ, now + 2) == CONVRELAY_OK,
           "... for all requests");

    tap_ok(failed(&o, READ, 1, now + 1, now + 5000, 1) == CONVRELAY_DONE
           && convrelay_outage_ask(&o, READ, now + 34999)
              == CONVRELAY_DECLINED,
           "an outage soon after it has its pauses");

    (void) worked(&o, READ, now + 35000, now + 35000);

    tap_ok(failed(&o, READ, 1, now + 96000, now + 96000, 1) == CONVRELAY_DONE
           && convrelay_outage_ask(&o, READ, now + 97000) == CONVRELAY_OK,
           "one that comes later begins with a second");

    /* it works whenever it is tried, and fails right after it */

    memset(&o, 0, sizeof(o));

    now = 10;

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        now++;

        tap_ok(failed(&o, READ, 1, now, now, 1) == CONVRELAY_DONE
               && convrelay_outage_ask(&o, READ, now + pauses[i] - 1)
                  == CONVRELAY_DECLINED,
               "one that flaps, pause %d", (int) i);

        now += pauses[i];

        tap_ok(convrelay_outage_ask(&o, READ, now) == CONVRELAY_OK
               && worked(&o, READ, now, now) == CONVRELAY_DONE,
               "... and works");
    }
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
           && since == 200 && failures == 1, "a read ends it");

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
           && since == 200 && failures == 4, "... and ends it");
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
