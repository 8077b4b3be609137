
/*
 * Copyright (C) convrelay contributors
 *
 * The chat-completions request body.
 */


#ifndef CONVRELAY_LLM_BODY_H_INCLUDED
#define CONVRELAY_LLM_BODY_H_INCLUDED


#include "convrelay_base.h"


typedef enum {
    CONVRELAY_LLM_SYSTEM = 0,
    CONVRELAY_LLM_USER,
    CONVRELAY_LLM_ASSISTANT
} convrelay_llm_role_e;


#define CONVRELAY_LLM_MAX_MESSAGE_TEXT  0x7ffffff     /* bytes */


/*
 * A chat message.  Its text is kept as it was said: most of what is said
 * needs no escape, so that writing it is copying it.  The bits of whoever
 * keeps it are here, too: a call has hundreds of messages, and each is one
 * block.
 */

typedef struct convrelay_llm_message_s  convrelay_llm_message_t;

struct convrelay_llm_message_s {
    convrelay_llm_message_t  *next;
    unsigned                  len:27;     /* bytes of text */
    unsigned                  role:2;     /* convrelay_llm_role_e */
    unsigned                  plain:1;    /* its JSON is the text itself */
    unsigned                  listed:1;   /* it is in a history */
    unsigned                  pinned:1;   /* and somebody else has it, too */
    u_char                    text[];
};


/*
 * One member of "messages": {"role":"user","content":"..."}.  size() is the
 * exact length of what write() writes; the text is escaped by base's JSON
 * writer.
 */
size_t convrelay_llm_message_size(convrelay_llm_role_e role,
    const convrelay_str_t *text);
u_char *convrelay_llm_message_write(u_char *p, convrelay_llm_role_e role,
    const convrelay_str_t *text);

/* m gets the first len bytes of its text: sets m->len and m->plain */
void convrelay_llm_message_set(convrelay_llm_message_t *m, size_t len);

/* length of the JSON of m, and the writer of m and all that follow it, which
   it joins with commas */
size_t convrelay_llm_message_json_len(const convrelay_llm_message_t *m);
u_char *convrelay_llm_messages_write(u_char *p,
    const convrelay_llm_message_t *m);


/* the whole body; system and messages may be missing */

typedef struct {
    convrelay_str_t                 model;        /* text, escaped here */
    const convrelay_pair_t         *fields;       /* name: text; value: JSON */
    size_t                          nfields;
    convrelay_str_t                 system;       /* written messages */
    const convrelay_llm_message_t  *messages;
    size_t                          messages_len; /* of their JSON, commas
                                                     included */
} convrelay_llm_body_t;


/*
 * {"model":...,"stream":true,<fields>,"messages":[...]}; an empty model is
 * left out.  size() is the exact length of what write() writes.
 */
size_t convrelay_llm_body_size(const convrelay_llm_body_t *b);
u_char *convrelay_llm_body_write(u_char *p, const convrelay_llm_body_t *b);

/*
 * Checks the JSON of one request field, with what stands for variables
 * already filled in, and its name (no "model", "messages" or "stream").
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error.
 * The data is left as it is.
 */
int convrelay_llm_check_field(const convrelay_str_t *name,
    const convrelay_str_t *json, const char **error);


#endif /* CONVRELAY_LLM_BODY_H_INCLUDED */
