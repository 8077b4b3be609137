
/*
 * Copyright (C) convrelay contributors
 *
 * Everything said and done in a call, independent of any API: an API's writer
 * makes its messages from this.
 */


#ifndef CONVRELAY_LLM_MESSAGE_H_INCLUDED
#define CONVRELAY_LLM_MESSAGE_H_INCLUDED


#include "convrelay_base.h"


/*
 * The assistant's turn is a text, then an extra, then calls; each of them may
 * be missing.  The results follow the calls in the same order.
 *
 * An extra is what an LLM wants back with its answer, unread, such as a
 * signature of its thoughts.  Only the LLM that wrote it can read it, and
 * others may reject it.  It vouches for the answer as it was: an answer that
 * calls tools must have it; one without calls may go back without it, and does
 * so if its text is no longer the same.
 */

typedef enum {
    CONVRELAY_LLM_SYSTEM = 0,
    CONVRELAY_LLM_USER,
    CONVRELAY_LLM_ASSISTANT,
    CONVRELAY_LLM_EXTRA,          /* opaque JSON of the assistant's answer */
    CONVRELAY_LLM_CALL,           /* the assistant calls a tool */
    CONVRELAY_LLM_TOOL            /* the result of a call */
} convrelay_llm_role_e;


#define CONVRELAY_LLM_MAX_MESSAGE_TEXT  0x1ffffff     /* bytes */


/*
 * A message.  Its text is kept as it was said: most texts need no escapes, so
 * writing one means copying it.  The history has its bits here as well: a call
 * has hundreds of messages, and each is one block.  Extras, calls and results
 * have their parts in the text, see message_call().
 */

typedef struct convrelay_llm_message_s  convrelay_llm_message_t;

struct convrelay_llm_message_s {
    convrelay_llm_message_t  *next;
    unsigned                  len:25;     /* bytes of text */
    unsigned                  role:3;     /* convrelay_llm_role_e */
    unsigned                  cut:1;      /* the caller interrupted it, and
                                             heard only this much: the LLM is
                                             told, see the request's marker */
    unsigned                  plain:1;    /* its JSON is the text itself */
    unsigned                  listed:1;   /* it is in a history */
    unsigned                  pinned:1;   /* and has another user */
    u_char                    text[];
};


/* a tool call of an answer */

typedef struct {
    convrelay_str_t           id;
    convrelay_str_t           name;
    convrelay_str_t           arguments;  /* as the model wrote them */
    convrelay_str_t           extra;      /* opaque JSON, which goes back with
                                             the call; or empty */
    unsigned                  llm:31;     /* number of the LLM that wrote it, to
                                             which alone extra goes back */
    unsigned                  valid:1;    /* the arguments are a JSON object;
                                             others are sent back as {}, for
                                             some servers parse them */
} convrelay_llm_call_t;


/* limits m to the first len bytes of its text: sets m->len and m->plain */
void convrelay_llm_message_set(convrelay_llm_message_t *m, size_t len);

/*
 * Make the text of a message that is a call, a result or an extra:
 * message_pack() writes pack_size() bytes.  A result has the call's id and
 * name, and its own text in place of the arguments.  An extra has only extra,
 * llm, and valid, which is set if it belongs to the calls after it.
 */
size_t convrelay_llm_message_pack_size(const convrelay_llm_call_t *call);
void convrelay_llm_message_pack(u_char *p, const convrelay_llm_call_t *call);

/* the parts of such a message, borrowed from m */
void convrelay_llm_message_call(const convrelay_llm_message_t *m,
    convrelay_llm_call_t *call);


#endif /* CONVRELAY_LLM_MESSAGE_H_INCLUDED */
