
/*
 * Copyright (C) convrelay contributors
 *
 * Whose reports are dropped when too many are pending.
 */


#include "convrelay_report_share.h"
#include "tap.h"


#define OWNERS   7
#define PENDING  40         /* of one owner, more than there may be */
#define COMERS   200000


/* the reports of an owner, the oldest first */

typedef struct {
    convrelay_report_share_t  share;
    size_t                    len[PENDING];
    unsigned                  sent[PENDING];
} owner_t;


static void few_test(void);
static void huge_test(void);
static void random_test(void);
static const char *come(convrelay_report_shares_t *all, owner_t *owners,
    unsigned n, size_t len);
static int enough(convrelay_report_shares_t *all, owner_t *owners,
    unsigned n, size_t len);
static void add(convrelay_report_shares_t *all, owner_t *owner, size_t len);
static void take(convrelay_report_shares_t *all, owner_t *owner, size_t i);
static int same(convrelay_report_shares_t *all, owner_t *owners);
static unsigned number(unsigned n);


static uint64_t  seed = 11;


int
main(void)
{
    few_test();
    huge_test();
    random_test();

    return tap_done();
}


static void
few_test(void)
{
    unsigned                   i;
    owner_t                    o[3];
    convrelay_report_shares_t  all = { 0, 0, 10, 1000, NULL };

    memset(o, 0, sizeof(o));

    for (i = 0; i < 10; i++) {
        add(&all, &o[0], 1);
    }

    tap_ok(convrelay_report_share_room(&all, &o[0].share, 1)
           == CONVRELAY_DECLINED, "an only owner drops the newcomer");
    tap_ok(convrelay_report_share_room(&all, &o[1].share, 1) == CONVRELAY_OK
           && convrelay_report_share_most(&all, 1) == &o[0].share,
           "another one is let in, at the cost of the first");

    take(&all, &o[0], 0);
    add(&all, &o[1], 1);

    for (i = 0; i < 4; i++) {
        take(&all, &o[0], 0);
        add(&all, &o[1], 1);
    }

    tap_ok(convrelay_report_share_room(&all, &o[0].share, 1)
           == CONVRELAY_DECLINED
           && convrelay_report_share_room(&all, &o[1].share, 1)
              == CONVRELAY_DECLINED, "neither of two equal ones gains");
    tap_ok(convrelay_report_share_room(&all, &o[2].share, 1) == CONVRELAY_OK,
           "a third one does");

    for (i = 0; i < 5; i++) {
        convrelay_report_share_send(&o[0].share, 1);
    }

    tap_ok(convrelay_report_share_most(&all, 1) == &o[1].share,
           "what is in delivery stays");

    for (i = 0; i < 5; i++) {
        convrelay_report_share_send(&o[1].share, 1);
    }

    tap_ok(convrelay_report_share_room(&all, &o[2].share, 1)
           == CONVRELAY_DECLINED
           && convrelay_report_share_most(&all, 1) == NULL,
           "where all are, the newcomer is dropped");

    convrelay_report_share_sent(&o[1].share, 1);

    tap_ok(convrelay_report_share_room(&all, &o[2].share, 1) == CONVRELAY_OK
           && convrelay_report_share_most(&all, 1) == &o[1].share,
           "one whose delivery has failed can go");
}


static void
huge_test(void)
{
    unsigned                   i, k;
    owner_t                    o[5];
    convrelay_report_shares_t  all = { 0, 0, 100, 1000, NULL };

    memset(o, 0, sizeof(o));

    for (i = 0; i < 4; i++) {

        for (k = 0; k < 10; k++) {
            add(&all, &o[i], 25);
        }
    }

    tap_ok(convrelay_report_share_room(&all, &o[4].share, 300)
           == CONVRELAY_DECLINED,
           "a huge report does not go before many small ones");
    tap_ok(convrelay_report_share_room(&all, &o[4].share, 200)
           == CONVRELAY_OK,
           "with a smaller one, its owner has less than the others");
    tap_ok(convrelay_report_share_room(&all, &o[4].share, 201)
           == CONVRELAY_DECLINED, "... and not with one byte more");
    tap_ok(convrelay_report_share_room(&all, &o[0].share, 25)
           == CONVRELAY_DECLINED, "nor has one that is as large as the others");

    take(&all, &o[0], 0);

    tap_ok(convrelay_report_share_room(&all, &o[0].share, 25) == CONVRELAY_OK
           && convrelay_report_share_most(&all, 25) == NULL,
           "where there is room, nothing is dropped");
    tap_ok(convrelay_report_share_room(&all, &o[4].share, 1001)
           == CONVRELAY_DECLINED, "more than there is room for at all");
}


static void
random_test(void)
{
    unsigned                   i, k, n, bad, dropped;
    owner_t                    o[OWNERS];
    const char                *wrong;
    convrelay_report_shares_t  all = { 0, 0, 30, 2000, NULL };

    memset(o, 0, sizeof(o));

    bad = 0;
    wrong = NULL;
    dropped = 0;

    for (i = 0; i < COMERS && bad == 0; i++) {

        n = number(OWNERS);

        /* 0 has far more than the others; some are huge */

        n = number(3) ? n : 0;

        wrong = come(&all, o, n, number(20) ? 1 + number(100)
                                            : 1 + number(1100));

        dropped += (wrong && wrong[0] == '-');
        bad = (wrong && wrong[0] != '-') || !same(&all, o);

        /* deliveries begin, and end; a receiver that hangs is 0 */

        n = number(OWNERS);

        if (o[n].share.n && (n || number(10) == 0)) {
            k = number(o[n].share.n);

            if (o[n].sent[k]) {
                convrelay_report_share_sent(&o[n].share, o[n].len[k]);
                o[n].sent[k] = 0;
                take(&all, &o[n], k);

            } else {
                convrelay_report_share_send(&o[n].share, o[n].len[k]);
                o[n].sent[k] = 1;
            }
        }
    }

    tap_ok(bad == 0, "random reports of %u owners: %s", OWNERS,
           bad ? wrong ? wrong : "wrong sums" : "the one with most drops one");
    tap_ok(dropped > COMERS / 10 && dropped < COMERS,
           "... often: %u of %u are dropped when they come", dropped, COMERS);
}


/* NULL, "-": it was dropped, or what is wrong */

static const char *
come(convrelay_report_shares_t *all, owner_t *owners, unsigned n, size_t len)
{
    size_t                     i, k, most, none;
    owner_t                   *owner;
    convrelay_report_share_t  *share;

    none = (all->n == all->max || all->bytes + len > all->max_bytes);

    if (convrelay_report_share_room(all, &owners[n].share, len)
        != CONVRELAY_OK)
    {
        return !none ? "dropped, though there is room"
               : enough(all, owners, n, len)
               ? "dropped, though others have enough" : "-";
    }

    if (none && !enough(all, owners, n, len)) {
        return "let in, though it would have most";
    }

    for ( ;; ) {
        share = convrelay_report_share_most(all, len);

        if (share == NULL) {
            break;
        }

        if (share == &owners[n].share) {
            return "its own one is dropped";
        }

        owner = (owner_t *) share;

        for (i = 0; i < share->n && owner->sent[i]; i++) { /* void */ }

        if (i == share->n) {
            return "there is none to drop";
        }

        most = 0;

        for (k = 0; k < OWNERS; k++) {
            most += (owners[k].share.n > owners[k].share.sent
                     && (all->n == all->max
                         ? owners[k].share.n > share->n
                         : owners[k].share.bytes > share->bytes));
        }

        if (most) {
            return "another one has more";
        }

        take(all, owner, i);
    }

    if (all->n == all->max || all->bytes + len > all->max_bytes) {
        return "no room was made";
    }

    add(all, &owners[n], len);

    return NULL;
}


/* whether the others have enough that waits, above what the owner would have */

static int
enough(convrelay_report_shares_t *all, owner_t *owners, unsigned n,
    size_t len)
{
    size_t    more, waits;
    unsigned  i, count;

    more = 0;
    count = (all->n < all->max);

    for (i = 0; i < OWNERS; i++) {
        waits = owners[i].share.bytes - owners[i].share.sent_bytes;

        if (owners[i].share.n > owners[n].share.n
            && owners[i].share.n > owners[i].share.sent)
        {
            count = 1;
        }

        if (owners[i].share.bytes > owners[n].share.bytes + len) {
            more += (owners[i].share.bytes - owners[n].share.bytes - len
                     < waits)
                    ? owners[i].share.bytes - owners[n].share.bytes - len
                    : waits;
        }
    }

    return count && all->bytes + len <= all->max_bytes + more;
}


static void
add(convrelay_report_shares_t *all, owner_t *owner, size_t len)
{
    owner->len[owner->share.n] = len;
    owner->sent[owner->share.n] = 0;

    convrelay_report_share_add(all, &owner->share, len);
}


static void
take(convrelay_report_shares_t *all, owner_t *owner, size_t i)
{
    convrelay_report_share_remove(all, &owner->share, owner->len[i]);

    for ( /* void */ ; i < owner->share.n; i++) {
        owner->len[i] = owner->len[i + 1];
        owner->sent[i] = owner->sent[i + 1];
    }
}


static int
same(convrelay_report_shares_t *all, owner_t *owners)
{
    size_t                     n, bytes, sum, listed;
    unsigned                   i, k;
    convrelay_report_share_t  *share;

    n = 0;
    sum = 0;
    listed = 0;

    for (i = 0; i < OWNERS; i++) {
        bytes = 0;

        for (k = 0; k < owners[i].share.n; k++) {
            bytes += owners[i].len[k];
        }

        if (bytes != owners[i].share.bytes) {
            return 0;
        }

        n += owners[i].share.n;
        sum += bytes;
        listed += (owners[i].share.n != 0);
    }

    for (share = all->first; share; share = share->next) {
        listed -= (share->n != 0
                   && (share->next == NULL || share->next->prev == share));
    }

    return n == all->n && sum == all->bytes && listed == 0
           && n <= all->max && sum <= all->max_bytes;
}


static unsigned
number(unsigned n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;

    return (seed >> 33) % n;
}
