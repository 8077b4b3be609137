
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_share.h"


unsigned
convrelay_share_may(const convrelay_shares_t *all,
    const convrelay_share_t *own)
{
    return all->used < all->max && own->used < all->max - all->used;
}


void
convrelay_share_take(convrelay_shares_t *all, convrelay_share_t *own)
{
    all->used++;
    own->used++;
}


void
convrelay_share_give(convrelay_shares_t *all, convrelay_share_t *own)
{
    all->used--;
    own->used--;
}
