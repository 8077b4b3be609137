
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


#define CONVRELAY_HISTORY_MAX_MESSAGE  0x3fffffff   /* bytes of its JSON */


/*
 * Entries are numbered as they are appended, and found by that number: it
 * stays the same whatever is removed before or behind the entry.  A call
 * does not live to see 32 bits of numbers wrap.
 */

typedef struct {
    uint32_t                    id;
    unsigned                    len:30;   /* bytes of its JSON, no comma */
    unsigned                    role:2;   /* convrelay_llm_role_e */
} convrelay_history_entry_t;


/* zero-fill, set the limits */

typedef struct {
    size_t                      max_messages;     /* 0: no limit */
    size_t                      max_bytes;        /* 0: no limit */

    u_char                     *data;     /* messages joined with commas */
    size_t                      len;
    size_t                      size;     /* less than 128 bytes more than
                                             was needed */
    convrelay_history_entry_t  *entries;
    size_t                      nentries;
    size_t                      nalloc;
    uint32_t                    next;     /* id of the next entry */
} convrelay_history_t;


/*
 * Appends a message and, while a limit is passed, drops the oldest turns,
 * whole (a user message and what follows it up to the next user message),
 * then, for an assistant message, what was said first in the newest turn.  The
 * newest user message and the message appended always stay.  The limit of
 * bytes is one of JSON, commas included.  *id names the entry until it is
 * gone.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR without memory and for a message
 * of more than CONVRELAY_HISTORY_MAX_MESSAGE bytes (nothing changed).
 */
int convrelay_history_append(convrelay_history_t *h,
    convrelay_llm_role_e role, const convrelay_str_t *text, uint64_t *id);

/*
 * Replaces the text of an entry; an empty text removes the entry.  Neither
 * this nor a text that is no longer than before needs memory.
 * Returns CONVRELAY_OK, CONVRELAY_DECLINED where the entry is gone already,
 * CONVRELAY_ERROR as above (nothing changed).
 */
int convrelay_history_replace(convrelay_history_t *h, uint64_t id,
    const convrelay_str_t *text);

void convrelay_history_free(convrelay_history_t *h);


#endif /* CONVRELAY_HISTORY_H_INCLUDED */
