
/*
 * Copyright (C) convrelay contributors
 *
 * The fillers of a call, for the files that say them and that know how long
 * they are heard.
 */


#ifndef CONVRELAY_SESSION_FILLER_H_INCLUDED
#define CONVRELAY_SESSION_FILLER_H_INCLUDED


#include "convrelay_session_parts.h"


struct convrelay_session_filler_s {
    unsigned                 total;       /* in the call */
    unsigned                 said;        /* in the turn, skipped ones
                                             included */
    unsigned                 next;        /* phrase */
    unsigned                 queued:1;    /* it may be being heard */
    unsigned                 preemptible:1;
    uint64_t                 since;       /* ms: the caller was heard last */
    uint32_t                 tokens;      /* s->tokens as the request began */
    uint64_t                 until;       /* ms: it is over, an estimate */
    uint64_t                 end;         /* the same, never too early, or as
                                             it was reported */
    size_t                   at;          /* bytes of the answer before it */
    convrelay_heard_t        heard;       /* of text */
    convrelay_str_t          text;        /* the last one, owned */
    convrelay_str_t          phrase;      /* the next one, owned */
};


/* true if a filler or the error message is heard, or the filler was heard just
   now, and it is a question; an estimate */
unsigned convrelay_session_phrase_asks(const convrelay_session_t *s,
    uint64_t now);


#endif /* CONVRELAY_SESSION_FILLER_H_INCLUDED */
