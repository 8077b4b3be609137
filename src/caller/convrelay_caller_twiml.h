
/*
 * Copyright (C) convrelay contributors
 *
 * Reads TwiML as Twilio does, and warns about what Twilio would reject.
 */


#ifndef CONVRELAY_CALLER_TWIML_H_INCLUDED
#define CONVRELAY_CALLER_TWIML_H_INCLUDED


#include "convrelay_caller.h"


/* all strings are malloc'ed; NULL: the document has no such part */

typedef struct {
    char                     *url;
    char                     *greeting;
    char                     *language;
    char                     *action;      /* of <Connect> */
    char                     *method;
    char                     *verbs;       /* under <Response>, for show */
    convrelay_caller_pairs_t  attributes;  /* of <ConversationRelay> */
    convrelay_caller_pairs_t  parameters;  /* <Parameter> */

    convrelay_caller_buf_t    warnings;    /* one a line */
    char                     *error;       /* a phrase, after ERROR */

    unsigned                  connect:1;   /* has a ConversationRelay */
    unsigned                  hangup:1;    /* <Hangup>, or nothing to do */
    unsigned                  tokens_played:1;
    unsigned                  speaker_events:1;
} convrelay_caller_twiml_t;


/*
 * Returns CONVRELAY_OK: t is filled, connect says whether there is a
 * ConversationRelay in it; CONVRELAY_ERROR: it is not TwiML, t->error says
 * why.  convrelay_caller_twiml_free() is owed in both cases.
 */
int convrelay_caller_twiml_parse(convrelay_caller_twiml_t *t, const char *data,
    size_t len);
void convrelay_caller_twiml_free(convrelay_caller_twiml_t *t);

/* one of the words in a list that is separated by blanks */
int convrelay_caller_has_word(const char *list, const char *word);


#endif /* CONVRELAY_CALLER_TWIML_H_INCLUDED */
