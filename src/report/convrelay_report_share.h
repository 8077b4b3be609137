
/*
 * Copyright (C) convrelay contributors
 *
 * How many reports may be pending, and whose must go when there are too many:
 * those of the receiver that has most of them, so that a receiver that hangs
 * costs the others nothing.  The reports themselves are the caller's.
 */


#ifndef CONVRELAY_REPORT_SHARE_H_INCLUDED
#define CONVRELAY_REPORT_SHARE_H_INCLUDED


#include "convrelay_base.h"


typedef struct convrelay_report_share_s  convrelay_report_share_t;


/* what one receiver has; zero at first, and not moved while it has any */

struct convrelay_report_share_s {
    size_t                     n;         /* reports */
    size_t                     bytes;
    size_t                     sent;      /* of n, those in delivery, which
                                             cannot be dropped */
    size_t                     sent_bytes;

    convrelay_report_share_t  *prev;
    convrelay_report_share_t  *next;
};


typedef struct {
    size_t                     n;         /* of all shares */
    size_t                     bytes;
    size_t                     max;       /* reports, at least 1 */
    size_t                     max_bytes;
    convrelay_report_share_t  *first;     /* of those that have any */
} convrelay_report_shares_t;


/*
 * A report of len bytes comes.  CONVRELAY_OK: it may be added, once those that
 * share_most() names have been dropped; CONVRELAY_DECLINED: nothing is dropped
 * for it, since with it, its own share would be the one that has most.
 */
int convrelay_report_share_room(const convrelay_report_shares_t *all,
    const convrelay_report_share_t *own, size_t len);

/*
 * Who drops its oldest report that is not in delivery, for one of len bytes; or
 * NULL: there is room, or nothing to drop.
 */
convrelay_report_share_t *convrelay_report_share_most(
    const convrelay_report_shares_t *all, size_t len);

void convrelay_report_share_add(convrelay_report_shares_t *all,
    convrelay_report_share_t *own, size_t len);

/* it is not in delivery */
void convrelay_report_share_remove(convrelay_report_shares_t *all,
    convrelay_report_share_t *own, size_t len);

/* the delivery of one begins, and is over */
void convrelay_report_share_send(convrelay_report_share_t *own, size_t len);
void convrelay_report_share_sent(convrelay_report_share_t *own, size_t len);


#endif /* CONVRELAY_REPORT_SHARE_H_INCLUDED */
