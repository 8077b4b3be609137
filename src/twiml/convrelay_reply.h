
/*
 * Copyright (C) convrelay contributors
 *
 * How a call continues when its session is over: the short replies of the
 * configuration, and the TwiML that they stand for.
 */


#ifndef CONVRELAY_REPLY_H_INCLUDED
#define CONVRELAY_REPLY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_number.h"
#include "convrelay_twiml.h"


#define CONVRELAY_REPLY_RECONNECTS      3       /* where no max= is given */
#define CONVRELAY_REPLY_MAX_RECONNECTS  100


typedef enum {
    CONVRELAY_REPLY_HANGUP = 0,
    CONVRELAY_REPLY_DIAL,
    CONVRELAY_REPLY_ENQUEUE,
    CONVRELAY_REPLY_RECONNECT,
    CONVRELAY_REPLY_SAY,
    CONVRELAY_REPLY_TWIML
} convrelay_reply_e;


typedef struct {
    convrelay_reply_e   kind;
    convrelay_str_t     text;   /* number, workflow, location (may be empty),
                                   phrase, or a whole <Response> */
    unsigned            max;    /* reconnects */
    convrelay_number_t  number; /* to dial; empty for an address */
} convrelay_reply_t;


/*
 * text is one of
 *
 *     hangup                             also where it is empty
 *     dial NUMBER                        as convrelay_number_parse() reads
 *                                        it, or sip:..., client:...
 *     enqueue WORKFLOW                   "WW" and 32 hex digits
 *     reconnect [LOCATION] [max=N]
 *     say PHRASE
 *     <Response>...</Response>           well-formed; a declaration before
 *                                        it is left out
 *
 * Returns CONVRELAY_OK, with spans of text in *reply; or CONVRELAY_DECLINED
 * with a phrase in *error that says what to write.
 */
int convrelay_reply_parse(const convrelay_str_t *text,
    convrelay_reply_t *reply, const char **error);

/*
 * The same for the beginning of a text, up to the first part that is not known
 * yet: CONVRELAY_DECLINED only if no continuation can be valid.
 */
int convrelay_reply_check_start(const convrelay_str_t *start,
    const char **error);

/* checks that well-formed text is a <Response>; results as above */
int convrelay_reply_check_root(const convrelay_str_t *xml,
    const char **error);

/*
 * The document, of any reply but CONVRELAY_REPLY_RECONNECT; everything that is
 * not TwiML already is escaped.  task is the JSON of an enqueued call's task,
 * or empty.  size() is the exact length of what write() writes.
 */
size_t convrelay_reply_size(const convrelay_reply_t *reply,
    const convrelay_str_t *task);
u_char *convrelay_reply_write(u_char *p, const convrelay_reply_t *reply,
    const convrelay_str_t *task);


#endif /* CONVRELAY_REPLY_H_INCLUDED */
