
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_rate.h"


int
convrelay_rate_add(convrelay_rate_t *r, const convrelay_rate_limit_t *limit,
    uint64_t now)
{
    uint64_t  leaked;

    leaked = (now - r->at) * limit->number;

    r->at = now;
    r->level = ((r->level > leaked) ? r->level - leaked : 0) + limit->period;

    return (r->level <= (uint64_t) limit->burst * limit->period)
           ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


unsigned
convrelay_rate_ahead(const convrelay_rate_t *r,
    const convrelay_rate_limit_t *limit)
{
    return (r->level + limit->period - 1) / limit->period;
}
