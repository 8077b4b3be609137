
/*
 * Copyright (C) convrelay contributors
 *
 * An API of an LLM: writes its requests and reads its events.
 */


#ifndef CONVRELAY_LLM_API_H_INCLUDED
#define CONVRELAY_LLM_API_H_INCLUDED


#include "convrelay_llm_message.h"
#include "convrelay_llm_stream.h"


/*
 * Words of the user to put before a conversation that the assistant begins, for
 * APIs and models that refuse such a conversation.
 */

#define CONVRELAY_LLM_BEGIN  "(The call begins.)"


/* a request; strings that are empty are left out */

typedef struct {
    convrelay_str_t                 model;
    const convrelay_pair_t         *fields;       /* name: text; value: JSON */
    size_t                          nfields;
    convrelay_str_t                 system;       /* prompt, text */
    convrelay_str_t                 tools;        /* JSON, as the API wants
                                                     it: written at start */
    convrelay_str_t                 tool_choice;  /* JSON; replaces a field of
                                                     that name */
    const convrelay_llm_message_t  *messages;     /* or NULL */
    convrelay_str_t                 marker;       /* text: a message that was
                                                     cut ends with it; or
                                                     empty */
    unsigned                        llm;  /* number of the one that is asked: it
                                             gets its own extras back */
} convrelay_llm_request_t;


struct convrelay_llm_api_s {
    convrelay_str_t  name;

    /* size() is the exact length of what write() writes; write() returns the
       end */
    size_t         (*size)(const convrelay_llm_request_t *r);
    u_char        *(*write)(u_char *p, const convrelay_llm_request_t *r);

    /*
     * Reads one event or, if type is NULL, a document in place of the stream.
     * type is the event's name in the stream, or empty.  raw is its bytes, with
     * strings decoded or not; their number is reported for an error without a
     * message.  The text is borrowed from raw or from s.
     *
     * Returns CONVRELAY_OK with a text, else CONVRELAY_AGAIN; s->failed may
     * have been set.
     */
    int            (*event)(convrelay_llm_stream_t *s,
                            const convrelay_str_t *type,
                            const convrelay_json_value_t *root,
                            const convrelay_str_t *raw,
                            convrelay_str_t *text);
};


/* OpenAI's chat completions, which most servers speak */
extern const convrelay_llm_api_t  convrelay_llm_chat;


/* convrelay_llm_chat_request.c */

size_t convrelay_llm_chat_size(const convrelay_llm_request_t *r);
u_char *convrelay_llm_chat_write(u_char *p, const convrelay_llm_request_t *r);


/*
 * Checks the JSON of one request field, in which placeholders have replaced the
 * variables, and its name ("model", "messages" and "stream" are refused).
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error.
 * The data is left as it is.
 */
int convrelay_llm_check_field(const convrelay_str_t *name,
    const convrelay_str_t *json, const char **error);

/* whether a string of json has a control character, which the readers here
   accept but servers do not (RFC 8259, section 7) */
unsigned convrelay_llm_raw_control(const convrelay_str_t *json);


#endif /* CONVRELAY_LLM_API_H_INCLUDED */
