
/*
 * Copyright (C) convrelay contributors
 *
 * What a page that is about to open a WebSocket needs, in JSON: where, with
 * which subprotocols, the message that it sends first, and the parts of the
 * TwiML that Twilio, whose place it takes, would have used itself.
 */


#ifndef CONVRELAY_TALK_ANSWER_H_INCLUDED
#define CONVRELAY_TALK_ANSWER_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_twiml.h"


#define CONVRELAY_TALK_ACCOUNT_SID  "ACtalk"
#define CONVRELAY_TALK_CALL_SID     "CAtalk"   /* start of it, */
#define CONVRELAY_TALK_SESSION_ID   "VXtalk"   /* and of this */
#define CONVRELAY_TALK_FROM         "client:browser"


/* texts are borrowed */

typedef struct {
    convrelay_str_t           call_sid;
    convrelay_str_t           session_id;
    const convrelay_twiml_t  *twiml;      /* its parameters, or NULL */
} convrelay_talk_setup_t;


typedef struct {
    convrelay_str_t           path;       /* before the location of the socket,
                                             or empty */
    convrelay_str_t           location;
    convrelay_str_t           ticket;
    convrelay_str_t           setup;      /* see convrelay_talk_setup() */
    uint64_t                  time;       /* seconds that a call can last */
    const convrelay_twiml_t  *twiml;      /* or NULL */
} convrelay_talk_answer_t;


/*
 * The setup message, and the whole answer; each returns its length and writes
 * it unless p is NULL.
 */
size_t convrelay_talk_setup(u_char *p, const convrelay_talk_setup_t *s);
size_t convrelay_talk_answer(u_char *p, const convrelay_talk_answer_t *a);


#endif /* CONVRELAY_TALK_ANSWER_H_INCLUDED */
