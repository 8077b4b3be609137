
/*
 * Copyright (C) convrelay contributors
 *
 * A record as it leaves the machine: the text, and what other machines must
 * know of it.  Numbers are written in the same way on all machines.
 */


#ifndef CONVRELAY_ENVELOPE_H_INCLUDED
#define CONVRELAY_ENVELOPE_H_INCLUDED


#include "convrelay_store.h"


#define CONVRELAY_ENVELOPE_HEAD  76     /* bytes */


typedef struct {
    convrelay_store_key_t    key;         /* its name: a hash of the tenant,
                                             the AccountSid and the CallSid */
    uint64_t                 machine;     /* whose memory it was copied from */
    uint64_t                 saved;       /* when, in ms since 1970 */
    uint64_t                 ttl;         /* ms that it lives from then on */
    uint64_t                 ticket;
    uint32_t                 lost;
    convrelay_str_t          text;
} convrelay_envelope_t;


/* writes what comes before the text, CONVRELAY_ENVELOPE_HEAD bytes */
void convrelay_envelope_write(u_char *p, const convrelay_envelope_t *e);

/*
 * Reads one; e->text is in data.
 *
 *     CONVRELAY_OK
 *     CONVRELAY_DECLINED  it is not one, or one of another version
 */
int convrelay_envelope_read(convrelay_envelope_t *e, u_char *data,
    size_t len);


#endif /* CONVRELAY_ENVELOPE_H_INCLUDED */
