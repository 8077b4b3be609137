
/*
 * Copyright (C) convrelay contributors
 *
 * What a session keeps outside its history, and the transcript of all of it.
 */


#ifndef CONVRELAY_SESSION_TRANSCRIPT_H_INCLUDED
#define CONVRELAY_SESSION_TRANSCRIPT_H_INCLUDED


#include "convrelay_session.h"


/* texts of actions and of the last answer; owned */

struct convrelay_session_texts_s {
    convrelay_str_t          question;    /* an ask of the trigger's actions */
    convrelay_str_t          handoff;     /* of the end */
    convrelay_str_t          lost;        /* heard of an answer that the loss of
                                             the socket has ended, and in no
                                             message */
};


/*
 * The history of a call that can end in the middle of an answer, as a
 * transcript has it.  It can be read in any state until session_over(), also
 * after gone() and a CLOSE; the session is not changed.  A message of the
 * history has the first transcript_len() bytes of its text; 0: it is left out.
 * The texts said and prompt follow the last message; each may be empty.
 *
 * over: the call ends now, so the answer that is being spoken ends with what
 * was heard of it: as reported, or else all that was sent.  Otherwise that is
 * so for a paused answer only; another one is there as the history has it.
 *
 * Everything is borrowed until the next event.
 */
typedef struct {
    const convrelay_answer_t  *answer;    /* that ends early, or NULL */
    size_t                   heard;       /* bytes of it, as it is written */
    convrelay_str_t          said;        /* to the caller */
    convrelay_str_t          prompt;      /* of the caller, which waits */
} convrelay_transcript_t;

void convrelay_session_transcript(const convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_transcript_t *t);
size_t convrelay_session_transcript_len(const convrelay_transcript_t *t,
    const convrelay_llm_message_t *m);


#endif /* CONVRELAY_SESSION_TRANSCRIPT_H_INCLUDED */
