
/*
 * Copyright (C) convrelay contributors
 *
 * There are at most as many shares as reports, and they are looked at only
 * while the room does not suffice.
 */


#include "convrelay_report_share.h"


static int convrelay_report_share_full(const convrelay_report_shares_t *all);
static size_t convrelay_report_share_over(
    const convrelay_report_shares_t *all, size_t len);


int
convrelay_report_share_room(const convrelay_report_shares_t *all,
    const convrelay_report_share_t *own, size_t len)
{
    size_t                           over, more, waits;
    const convrelay_report_share_t  *share;

    if (convrelay_report_share_full(all)) {

        for (share = all->first; share; share = share->next) {

            if (share->n > share->sent && share->n > own->n) {
                break;
            }
        }

        if (share == NULL) {
            return CONVRELAY_DECLINED;
        }
    }

    over = convrelay_report_share_over(all, len);

    /* what the others have more than it would have must be enough: nothing is
       dropped in vain */

    for (share = all->first; over && share; share = share->next) {

        if (share->bytes <= own->bytes + len) {
            continue;
        }

        more = share->bytes - own->bytes - len;
        waits = share->bytes - share->sent_bytes;

        if (more > waits) {
            more = waits;
        }

        over -= (more < over) ? more : over;
    }

    return over ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


convrelay_report_share_t *
convrelay_report_share_most(const convrelay_report_shares_t *all, size_t len)
{
    int                        full;
    convrelay_report_share_t  *share, *most;

    full = convrelay_report_share_full(all);

    if (!full && convrelay_report_share_over(all, len) == 0) {
        return NULL;
    }

    most = NULL;

    for (share = all->first; share; share = share->next) {

        if (share->n > share->sent
            && (most == NULL
                || (full ? share->n > most->n : share->bytes > most->bytes)))
        {
            most = share;
        }
    }

    return most;
}


static int
convrelay_report_share_full(const convrelay_report_shares_t *all)
{
    return all->n >= all->max;
}


/* bytes that do not fit */

static size_t
convrelay_report_share_over(const convrelay_report_shares_t *all, size_t len)
{
    size_t  bytes;

    bytes = all->bytes + len;

    return (bytes > all->max_bytes) ? bytes - all->max_bytes : 0;
}


void
convrelay_report_share_add(convrelay_report_shares_t *all,
    convrelay_report_share_t *own, size_t len)
{
    if (own->n == 0) {
        own->prev = NULL;
        own->next = all->first;

        if (own->next) {
            own->next->prev = own;
        }

        all->first = own;
    }

    own->n++;
    own->bytes += len;

    all->n++;
    all->bytes += len;
}


void
convrelay_report_share_remove(convrelay_report_shares_t *all,
    convrelay_report_share_t *own, size_t len)
{
    own->n--;
    own->bytes -= len;

    all->n--;
    all->bytes -= len;

    if (own->n) {
        return;
    }

    if (own->next) {
        own->next->prev = own->prev;
    }

    if (own->prev) {
        own->prev->next = own->next;

    } else {
        all->first = own->next;
    }
}


void
convrelay_report_share_send(convrelay_report_share_t *own, size_t len)
{
    own->sent++;
    own->sent_bytes += len;
}


void
convrelay_report_share_sent(convrelay_report_share_t *own, size_t len)
{
    own->sent--;
    own->sent_bytes -= len;
}
