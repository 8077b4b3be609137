
/*
 * Copyright (C) convrelay contributors
 *
 * What was said and done in a call: the messages that go into the next
 * request, each in a block of its own, so that a long call leaves no holes.
 *
 * A tool call and its result are added and dropped in one step: there is never
 * a call without its result, and no result comes first.
 */


#ifndef CONVRELAY_HISTORY_H_INCLUDED
#define CONVRELAY_HISTORY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_llm_message.h"


/* zero-fill, set the limits */

typedef struct {
    size_t                    max_messages;   /* 0: no limit */
    size_t                    max_bytes;      /* of text; 0: no limit */

    convrelay_llm_message_t  *first;
    convrelay_llm_message_t  *last;
    size_t                    nmessages;
    size_t                    len;            /* of their texts, of calls and
                                                 results with all parts */
} convrelay_history_t;


/*
 * A message that is in no history yet, with room for size bytes of text; NULL
 * without memory, and for more than CONVRELAY_LLM_MAX_MESSAGE_TEXT.  Until it
 * is appended, its creator free()s it.
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
 * first in the newest turn, or, without any user message, first of all; the
 * calls after it go with it, and their results.  The newest user message and
 * the message appended always stay.
 *
 * The history owns m.  If m->pinned is set, its owner may keep using m: when
 * dropped, it is only no longer listed, and that owner free()s it.
 */
void convrelay_history_append(convrelay_history_t *h,
    convrelay_llm_message_t *m, size_t len);

/*
 * The end of an answer that calls tools: appends extra, if it is not empty,
 * the n calls, and the result of each, all in one step, with the limits of
 * append().  What the answer said is the assistant message before them, if
 * any.  With n 0 the extra alone, which belongs to that message, and goes
 * where there is none.  A result is not empty.
 *
 * CONVRELAY_OK, or CONVRELAY_ERROR without memory or for a call that is longer
 * than a message can be: nothing was appended.
 */
int convrelay_history_append_calls(convrelay_history_t *h,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls,
    const convrelay_str_t *results, size_t n);

/* m, listed, gets the first len bytes of its text; no limit is looked at */
void convrelay_history_set(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len);

/*
 * The result m gets another text, which is not empty; no limit is looked at.
 * Returns m in its new place, or NULL without memory (m is as before).
 */
convrelay_llm_message_t *convrelay_history_result(convrelay_history_t *h,
    convrelay_llm_message_t *m, const convrelay_str_t *text);

/* m, listed, a user or assistant message, is dropped, with an extra that
   belongs to nothing else */
void convrelay_history_remove(convrelay_history_t *h,
    convrelay_llm_message_t *m);

/*
 * The LLM refused the user message m, listed: it is dropped with those right
 * before it, which an API may have to send as one.  What was said and done
 * since stays.
 */
void convrelay_history_take_back(convrelay_history_t *h,
    convrelay_llm_message_t *m);

/*
 * Drops the oldest turns, whole, until half of the text is left; the newest
 * one stays in any case.  User messages that stand in a row are of one turn.
 * True if something was dropped.
 */
unsigned convrelay_history_halve(convrelay_history_t *h);

void convrelay_history_free(convrelay_history_t *h);


#endif /* CONVRELAY_HISTORY_H_INCLUDED */
