
/*
 * Copyright (C) convrelay contributors
 *
 * ConversationRelay's messages from Twilio's side: writes those of the caller,
 * reads those of the server.
 */


#ifndef CONVRELAY_CALLER_MESSAGE_H_INCLUDED
#define CONVRELAY_CALLER_MESSAGE_H_INCLUDED


#include "convrelay_json_tree.h"

#include "convrelay_caller.h"


typedef struct {
    char         call_sid[35];
    char         account_sid[35];
    char         session_id[35];
    const char  *from;
    const char  *to;
    const char  *direction;
    unsigned     in_progress:1;
} convrelay_caller_ident_t;


typedef enum {
    CONVRELAY_CALLER_MESSAGE_BAD = 0,       /* Twilio's error 64107 */
    CONVRELAY_CALLER_MESSAGE_TEXT,
    CONVRELAY_CALLER_MESSAGE_PLAY,
    CONVRELAY_CALLER_MESSAGE_DIGITS,
    CONVRELAY_CALLER_MESSAGE_LANGUAGE,
    CONVRELAY_CALLER_MESSAGE_END,
    CONVRELAY_CALLER_MESSAGE_OTHER          /* known, of no consequence here */
} convrelay_caller_message_e;


/* strings are borrowed from json */

typedef struct {
    convrelay_caller_message_e  type;
    convrelay_str_t             token;     /* text */
    convrelay_str_t             value;     /* source, digits, handoffData */
    unsigned                    last;
    const char                 *error;     /* a phrase, with BAD */
    convrelay_json_t            json;
} convrelay_caller_message_t;


/* each replaces the content of b with one message */
void convrelay_caller_setup(convrelay_caller_buf_t *b,
    const convrelay_caller_ident_t *id, const convrelay_caller_pairs_t *params);
void convrelay_caller_prompt(convrelay_caller_buf_t *b, const char *text,
    const char *lang, unsigned last);
void convrelay_caller_interrupt(convrelay_caller_buf_t *b,
    const convrelay_str_t *utterance, int64_t duration);
void convrelay_caller_dtmf(convrelay_caller_buf_t *b, char digit);
void convrelay_caller_info(convrelay_caller_buf_t *b, const char *name,
    const convrelay_str_t *value);
void convrelay_caller_error(convrelay_caller_buf_t *b,
    const convrelay_str_t *message);

/* "name":"value", escaped, for writers of other JSON */
void convrelay_caller_json_member(convrelay_caller_buf_t *b, const char *name,
    const void *value, size_t len);

/*
 * Reads a server's message; data may be changed.  CONVRELAY_OK, also for a
 * bad one, or CONVRELAY_ERROR without memory.  Owed after OK:
 * convrelay_caller_message_free().
 */
int convrelay_caller_message_parse(convrelay_caller_message_t *m, u_char *data,
    size_t len);
void convrelay_caller_message_free(convrelay_caller_message_t *m);

/* Twilio's ErrorMessage of a failed session, by its ErrorCode */
const char *convrelay_caller_error_message(unsigned code);


#endif /* CONVRELAY_CALLER_MESSAGE_H_INCLUDED */
