
/*
 * Copyright (C) convrelay contributors
 *
 * What was said in a call, kept as the JSON text that goes into the next
 * request: joined chat messages, so that a turn costs one copy.
 */


#ifndef CONVRELAY_HISTORY_H_INCLUDED
#define CONVRELAY_HISTORY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_llm_body.h"


typedef struct {
    uint32_t                 len;         /* bytes of its JSON, no comma */
    uint32_t                 role;        /* convrelay_llm_role_e */
} convrelay_history_entry_t;


/* zero-fill, set the limits */

typedef struct {
    size_t                   max_messages;        /* 0: no limit */
    size_t                   max_bytes;           /* 0: no limit */

    u_char                  *data;        /* messages joined with commas */
    size_t                   len;
    size_t                   size;
    convrelay_history_entry_t  *entries;
    size_t                   nentries;
    size_t                   nalloc;
    uint64_t                 dropped;     /* messages dropped so far: the
                                             id of entries[0] */
} convrelay_history_t;


/*
 * Appends a message and drops the oldest turns, whole (a user message and
 * what follows it up to the next user message), while a limit is passed; the
 * newest user message always stays.  *id names the entry until it is gone.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR without memory (nothing changed).
 */
int convrelay_history_append(convrelay_history_t *h,
    convrelay_llm_role_e role, const convrelay_str_t *text, uint64_t *id);

/*
 * Replaces the text of an entry; an empty text removes the entry.
 * Returns CONVRELAY_OK, CONVRELAY_DECLINED where the entry is gone already,
 * CONVRELAY_ERROR without memory (nothing changed).
 */
int convrelay_history_replace(convrelay_history_t *h, uint64_t id,
    const convrelay_str_t *text);

void convrelay_history_free(convrelay_history_t *h);


#endif /* CONVRELAY_HISTORY_H_INCLUDED */
