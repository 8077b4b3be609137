
/*
 * Copyright (C) convrelay contributors
 *
 * Everything said and done in a call: the messages that go into the next
 * request, each in a block of its own, so that a long call leaves no holes.
 *
 * A tool call and its result are added and dropped together: there is never a
 * call without its result, and a result never comes first.
 */


#ifndef CONVRELAY_HISTORY_H_INCLUDED
#define CONVRELAY_HISTORY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_llm_message.h"


/* zero-fill, set the limits */

typedef struct {
    uint32_t                  max_messages;   /* 0: no limit */
    unsigned                  nmessages:30;   /* extras do not count */
    unsigned                  over_messages:1;        /* something was dropped
                                                 because of this limit, ever */
    unsigned                  over_bytes:1;   /* because of the other one */
    size_t                    max_bytes;      /* of text; 0: no limit */

    convrelay_llm_message_t  *first;
    convrelay_llm_message_t  *last;
    size_t                    len;            /* of their texts; of calls and
                                                 results, all parts */
} convrelay_history_t;


/*
 * Creates a message that is in no history yet, with room for size bytes of
 * text.  NULL: no memory, or more than CONVRELAY_LLM_MAX_MESSAGE_TEXT.  Until
 * it is appended, its creator free()s it.
 */
convrelay_llm_message_t *convrelay_history_message(convrelay_llm_role_e role,
    size_t size);

/*
 * Moves m, listed or not, into another block with room for size bytes, with the
 * first len bytes of its text; if m is listed, len must not be less than its
 * length.  m is freed.  NULL as above (m is as before).
 */
convrelay_llm_message_t *convrelay_history_move(convrelay_history_t *h,
    convrelay_llm_message_t *m, size_t len, size_t size);

/*
 * Appends m with the first len bytes of its text.  While a limit is exceeded,
 * drops the oldest turns, each whole (a user message and everything up to the
 * next user message).  Then, if m is an assistant message, drops the oldest
 * text of the newest turn or, without any user message, of the history; the
 * calls after that text and their results go with it.  The newest user message
 * and the appended message always stay.
 *
 * The history owns m.  If m->pinned is set, its owner may keep using m: when
 * dropped, it is only no longer listed, and that owner free()s it.
 */
void convrelay_history_append(convrelay_history_t *h,
    convrelay_llm_message_t *m, size_t len);

/*
 * The end of an answer that calls tools: appends extra, if it is not empty,
 * the n calls, at least one, and the result of each, all in one step, with the
 * limits of append().  The answer's text, if any, is the assistant message
 * before them.  llm is the number of the LLM that wrote it.  A result is not
 * empty.
 *
 * CONVRELAY_OK, or CONVRELAY_ERROR: no memory, or a call is longer than a
 * message can be; nothing was appended.
 */
int convrelay_history_append_calls(convrelay_history_t *h, unsigned llm,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls,
    const convrelay_str_t *results, size_t n);

/*
 * The end of an answer without calls: appends extra, if it is not empty and the
 * assistant message m is the last message.  It is dropped with m, and when the
 * text of m changes.  While the limit of bytes is exceeded, drops the oldest
 * turns; an extra for which the newest turn leaves no room is left out.
 *
 * CONVRELAY_OK, or CONVRELAY_ERROR: no memory.
 */
int convrelay_history_append_extra(convrelay_history_t *h,
    convrelay_llm_message_t *m, unsigned llm, const convrelay_str_t *extra);

/* true if nothing was appended after m, except its extra */
unsigned convrelay_history_is_last(const convrelay_history_t *h,
    const convrelay_llm_message_t *m);

/* limits m, which is listed, to the first len bytes of its text, which may have
   become longer; checks no limit */
void convrelay_history_set(convrelay_history_t *h, convrelay_llm_message_t *m,
    size_t len);

/*
 * Gives the result m another text, which is not empty; checks no limit.
 * Returns m in its new place, or NULL: no memory (m is as before).
 */
convrelay_llm_message_t *convrelay_history_result(convrelay_history_t *h,
    convrelay_llm_message_t *m, const convrelay_str_t *text);

/* drops m, a listed user or assistant message, with its extra; that of calls
   stays with them */
void convrelay_history_remove(convrelay_history_t *h,
    convrelay_llm_message_t *m);

/*
 * The LLM refused the user message m, which is listed: drops it with the user
 * messages right before it, because an API may have to send them as one.
 * Everything said and done since stays.
 */
void convrelay_history_take_back(convrelay_history_t *h,
    convrelay_llm_message_t *m);

/*
 * Drops the oldest turns, each whole, until half of the text is left; the
 * newest turn always stays.  Consecutive user messages belong to one turn.
 * True if something was dropped.
 */
unsigned convrelay_history_halve(convrelay_history_t *h);

void convrelay_history_free(convrelay_history_t *h);


#endif /* CONVRELAY_HISTORY_H_INCLUDED */
