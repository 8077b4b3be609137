
/*
 * Copyright (C) convrelay contributors
 *
 * What was said in a call: the chat messages that go into the next request,
 * each in a block of its own, so that a long call leaves no holes behind.
 */


#ifndef CONVRELAY_HISTORY_H_INCLUDED
#define CONVRELAY_HISTORY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_llm_body.h"


/* zero-fill, set the limits */

typedef struct {
    size_t                    max_messages;   /* 0: no limit */
    size_t                    max_bytes;      /* of JSON; 0: no limit */

    convrelay_llm_message_t  *first;
    convrelay_llm_message_t  *last;
    size_t                    nmessages;
    size_t                    len;            /* of their JSON, joined with
                                                 commas */
} convrelay_history_t;


/*
 * A message that is in no history yet, with room for size bytes of text;
 * NULL without memory, and for more than CONVRELAY_LLM_MAX_MESSAGE_TEXT.
 * It is free()d by who made it until it is appended.
 */
convrelay_llm_message_t *convrelay_history_message(convrelay_llm_role_e role,
    size_t size);

/*
 * Moves m, wherever it is, into another block with room for size bytes, and of
 * its text the first len, no less than a listed one's; m is freed.  NULL as
 * above (m is as before).
 */
convrelay_llm_message_t *convrelay_history_move(convrelay_history_t *h,
    convrelay_llm_message_t *m, size_t len, size_t size);

/*
 * Appends m with the first len bytes of its text and, while a limit is
 * passed, drops the oldest turns, whole (a user message and what follows it
 * up to the next user message), then, for an assistant message, what was said
 * first in the newest turn, or, without any user message, first of all.  The
 * newest user message and the message appended always stay.  The limit of
 * bytes is one of JSON, commas included.
 *
 * The history owns m.  Where m->pinned is set, who set it may go on using m:
 * dropped, it is only no longer listed, and free()d by who held it.
 */
void convrelay_history_append(convrelay_history_t *h,
    convrelay_llm_message_t *m, size_t len);

/* m, listed, gets the first len bytes of its text; no limit is looked at */
void convrelay_history_set(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len);

/* m, listed, is dropped */
void convrelay_history_remove(convrelay_history_t *h,
    convrelay_llm_message_t *m);

void convrelay_history_free(convrelay_history_t *h);


#endif /* CONVRELAY_HISTORY_H_INCLUDED */
