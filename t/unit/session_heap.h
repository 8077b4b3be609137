
/*
 * Copyright (C) convrelay contributors
 *
 * The heap of the session's tests.
 */


#include "convrelay_session.h"


#define HEAP_LOST  1


__attribute__((unused))
static struct {
    int                        shrunk;    /* what failed was to give back */
    const convrelay_answer_t  *answer;    /* of the call under test */
} session_heap;


#include "heap.h"


#ifndef NO_OVERRIDE

/* whether it was a block into which an answer moves to give back room */

static void
heap_lost(size_t size)
{
    const convrelay_llm_message_t  *m;

    session_heap.shrunk = 0;

    m = session_heap.answer ? session_heap.answer->message : NULL;

    if (m == NULL) {
        return;
    }

    size -= offsetof(convrelay_llm_message_t, text);

    session_heap.shrunk = size < session_heap.answer->size
                          && (size == session_heap.answer->len
                              || (m->listed && size == m->len));
}

#endif
