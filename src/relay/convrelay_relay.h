
/*
 * Copyright (C) convrelay contributors
 *
 * The messages of Twilio's ConversationRelay WebSocket, both directions.
 */


#ifndef CONVRELAY_RELAY_H_INCLUDED
#define CONVRELAY_RELAY_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_json_reader.h"


/* default limit for a message from Twilio, in bytes: enough for a setup with
   many parameters; all other messages have a few hundred bytes */
#define CONVRELAY_RELAY_MAX_MESSAGE  32768


typedef enum {
    CONVRELAY_RELAY_UNKNOWN = 0,
    CONVRELAY_RELAY_SETUP,
    CONVRELAY_RELAY_PROMPT,
    CONVRELAY_RELAY_DTMF,
    CONVRELAY_RELAY_INTERRUPT,
    CONVRELAY_RELAY_ERROR,
    CONVRELAY_RELAY_INFO
} convrelay_relay_type_e;


/*
 * Any field may be missing, and is empty then (len 0).  Telnyx has other names
 * for two: its callControlId, which is also the CallSid of its webhook (or else
 * callSessionId, or callLegId), replaces a missing callSid, and callSessionId
 * replaces a missing sessionId.
 */

typedef struct {
    convrelay_str_t          session_id;
    convrelay_str_t          call_sid;
    convrelay_str_t          parent_call_sid;
    convrelay_str_t          from;
    convrelay_str_t          to;
    convrelay_str_t          forwarded_from;
    convrelay_str_t          caller_name;
    convrelay_str_t          direction;
    convrelay_str_t          call_type;
    convrelay_str_t          call_status;
    convrelay_str_t          account_sid;
    convrelay_str_t          nonce;       /* not of the message: random bytes
                                             that are added to one without
                                             call_sid and session_id, to tell
                                             the call from others */
    convrelay_json_value_t  *parameters;  /* customParameters, an object, or
                                             NULL */
} convrelay_relay_setup_t;


typedef struct {
    convrelay_str_t          voice_prompt;
    convrelay_str_t          lang;
    unsigned                 last:1;      /* true where it is missing */
} convrelay_relay_prompt_t;


typedef struct {
    convrelay_str_t          utterance;   /* utteranceUntilInterrupt */
    int64_t                  duration;    /* durationUntilInterruptMs, or -1 */
} convrelay_relay_interrupt_t;


typedef struct {
    convrelay_str_t          description;
    int                      code;        /* found in it, or 0 */
} convrelay_relay_error_t;


typedef struct {
    convrelay_str_t          name;
    convrelay_str_t          value;
} convrelay_relay_info_t;


typedef struct {
    convrelay_relay_type_e   type;
    convrelay_str_t          type_name;
    const char              *error;       /* a phrase, after DECLINED */

    union {
        convrelay_relay_setup_t      setup;
        convrelay_relay_prompt_t     prompt;
        convrelay_relay_interrupt_t  interrupt;
        convrelay_relay_error_t      error;
        convrelay_relay_info_t       info;
        convrelay_str_t              digit;
    } u;

    u_char                  *copy;        /* of the message, repaired; or
                                             NULL */
    convrelay_json_reader_t  json;
} convrelay_relay_message_t;


typedef enum {
    CONVRELAY_RELAY_OUT_TEXT = 0,
    CONVRELAY_RELAY_OUT_PLAY,
    CONVRELAY_RELAY_OUT_SEND_DIGITS,
    CONVRELAY_RELAY_OUT_LANGUAGE,
    CONVRELAY_RELAY_OUT_END,
    CONVRELAY_RELAY_OUT_RAW,
    CONVRELAY_RELAY_OUT_SKIP      /* no message: nothing is to be said */
} convrelay_relay_out_e;


/* a field that is left out unless it is set */

typedef enum {
    CONVRELAY_RELAY_UNSET = 0,
    CONVRELAY_RELAY_FALSE,
    CONVRELAY_RELAY_TRUE
} convrelay_relay_flag_e;


#define CONVRELAY_RELAY_MAX_LOOP  1000


/* a message to Twilio (docs/protocol.md, 3); zero-fill */

typedef struct {
    convrelay_relay_out_e    type;
    convrelay_str_t          text;        /* token, source, digits,
                                             ttsLanguage, handoffData, or the
                                             raw JSON object */
    convrelay_str_t          lang;        /* TEXT: lang; LANGUAGE:
                                             transcriptionLanguage */
    unsigned                 loop;        /* PLAY */
    unsigned                 looped:1;    /* loop is said */
    unsigned                 last:1;      /* TEXT */
    unsigned                 interruptible:2;     /* TEXT and PLAY: a */
    unsigned                 preemptible:2;       /* convrelay_relay_flag_e */
} convrelay_relay_out_t;


/*
 * Parses one text message (docs/protocol.md, 2.1 to 2.6).  data may be changed,
 * and has to stay until convrelay_relay_free(): the strings of *m lie in it, or
 * in m->copy if data was not valid UTF-8.  A field that is null or of a wrong
 * type counts as missing, and the first of duplicate fields counts; unknown
 * fields are ignored; voicePrompt, callSid and utteranceUntilInterrupt are
 * trimmed.  A digit is one of 0-9, *, # and A-D, or empty.
 *
 * Returns CONVRELAY_OK, also for an unknown type (CONVRELAY_RELAY_UNKNOWN);
 * CONVRELAY_DECLINED if it is not a JSON object with a string "type"
 * (m->error); CONVRELAY_ERROR: no memory.  convrelay_relay_free() must be
 * called after CONVRELAY_OK and is harmless otherwise.
 */
int convrelay_relay_parse(convrelay_relay_message_t *m, u_char *data,
    size_t len);
void convrelay_relay_free(convrelay_relay_message_t *m);

/*
 * {"type":"text","token":"...","last":false} (docs/protocol.md, 3.1).  size()
 * is the exact length of what write() writes; write() returns the end of it.
 */
size_t convrelay_relay_text_size(const convrelay_str_t *token, unsigned last);
u_char *convrelay_relay_text_write(u_char *p, const convrelay_str_t *token,
    unsigned last);

/*
 * The same for any of these messages.  check() says whether Twilio accepts a
 * message, that is, does not answer with 64107; only a message that passed may
 * be written.
 *
 * CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error that says what to
 * write; a raw message is parsed, and does not count as JSON if there is no
 * memory.
 */
int convrelay_relay_out_check(const convrelay_relay_out_t *m,
    const char **error);
size_t convrelay_relay_out_size(const convrelay_relay_out_t *m);
u_char *convrelay_relay_out_write(u_char *p, const convrelay_relay_out_t *m);


#endif /* CONVRELAY_RELAY_H_INCLUDED */
