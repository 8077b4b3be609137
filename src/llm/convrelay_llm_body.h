
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


/*
 * One member of "messages": {"role":"user","content":"..."}.  size() is the
 * exact length of what write() writes; the text is escaped by base's JSON
 * writer.
 */
size_t convrelay_llm_message_size(convrelay_llm_role_e role,
    const convrelay_str_t *text);
u_char *convrelay_llm_message_write(u_char *p, convrelay_llm_role_e role,
    const convrelay_str_t *text);


/*
 * The whole body.  system and history hold messages that were written
 * before (history: joined with commas), so that a turn costs one copy
 * however long the call was; either may be empty.
 */

typedef struct {
    convrelay_str_t          model;       /* text, escaped here */
    const convrelay_pair_t  *fields;      /* name: text; value: JSON */
    size_t                   nfields;
    convrelay_str_t          system;      /* written messages */
    convrelay_str_t          history;
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
