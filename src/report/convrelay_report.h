
/*
 * Copyright (C) convrelay contributors
 *
 * The report of a call, as JSON, once the call is over.  A call can have
 * several sessions, in several workers: the report is collected in parts, which
 * can be stored as one text and read back by any worker.
 */


#ifndef CONVRELAY_REPORT_H_INCLUDED
#define CONVRELAY_REPORT_H_INCLUDED


#include "convrelay_session_transcript.h"


#define CONVRELAY_REPORT_MAX_LIST      16384    /* bytes of words or tools */
#define CONVRELAY_REPORT_MAX_MESSAGES  921600   /* bytes; all else is small */
#define CONVRELAY_REPORT_KEY           32       /* bytes, hex digits */


/* how the call ended */

typedef enum {
    CONVRELAY_REPORT_COMPLETED = 0,   /* the caller hung up */
    CONVRELAY_REPORT_ENDED,           /* the agent ended it */
    CONVRELAY_REPORT_FAILED           /* it broke, and did not come back */
} convrelay_report_reason_e;


/* stored as they are; times in ms since 1970, or 0 */

typedef struct {
    uint64_t                 started;     /* the first session */
    uint64_t                 ended;       /* the last one; 0: it has not */
    uint64_t                 tokens_in;
    uint64_t                 tokens_out;
    uint32_t                 sessions;
    uint32_t                 turns;
    uint32_t                 interrupts;
    uint32_t                 failures;    /* turns that failed */
    uint32_t                 reason;      /* convrelay_report_reason_e */
    uint32_t                 end;         /* of the last session, as the caller
                                             of these functions counts */
    uint32_t                 code;        /* Twilio's error code; 0: none */
    uint32_t                 seconds;     /* of the last session, by Twilio,
                                             and 1; 0: it is not known */
    uint32_t                 partial;     /* 1: there may be other sessions, of
                                             which nothing is known */
} convrelay_report_figures_t;


/* the texts; those with a "," are JSON that is written as it is */

typedef enum {
    CONVRELAY_REPORT_CALL = 0,        /* CallSid */
    CONVRELAY_REPORT_ACCOUNT,
    CONVRELAY_REPORT_SESSION,         /* SessionId of the last session */
    CONVRELAY_REPORT_MEMBERS,         /* "," members of the object */
    CONVRELAY_REPORT_WORDS,           /* "," numbers */
    CONVRELAY_REPORT_TOOLS,           /* "," objects */
    CONVRELAY_REPORT_MESSAGES,        /* "," objects */
    CONVRELAY_REPORT_TEXTS            /* how many there are */
} convrelay_report_text_e;


typedef struct {
    convrelay_report_figures_t  figures;
    convrelay_str_t             texts[CONVRELAY_REPORT_TEXTS];
} convrelay_report_t;


/*
 * A text that grows.  Zero-fill to start.  If there is no memory, failed is
 * set, and nothing more is appended.
 */

typedef struct {
    u_char                  *data;        /* malloc'ed */
    size_t                   len;
    size_t                   size;
    unsigned                 failed:1;
} convrelay_report_out_t;


void convrelay_report_put(convrelay_report_out_t *out, const void *data,
    size_t len);
void convrelay_report_free(convrelay_report_out_t *out);

/* append to the lists, unless those are as long as they may be */
void convrelay_report_word(convrelay_report_out_t *words, uint64_t ms);
void convrelay_report_tool(convrelay_report_out_t *tools,
    const convrelay_str_t *name, uint64_t ms, const char *outcome);

/*
 * Appends the members that come from a session: its numbers, its parameters
 * except those of this module ("convrelay_..."), its language, its hand-off
 * data.  Unless numbers is set, phone numbers keep only their ends, also where
 * a parameter has the same value.
 */
void convrelay_report_members(convrelay_report_out_t *out,
    const convrelay_session_t *s, unsigned numbers);

/* appends the messages of a history, and what the transcript t of its session
   changes of it; the newest ones as far as they fit into max bytes of JSON:
   those before them are left out, whole turns */
void convrelay_report_messages(convrelay_report_out_t *out,
    const convrelay_history_t *history, const convrelay_transcript_t *t,
    size_t max);

/* appends messages that an earlier session has written, as above */
void convrelay_report_earlier(convrelay_report_out_t *out,
    const convrelay_str_t *messages, size_t max);

/* appends the report; end: the word for figures.end; messages: with them */
void convrelay_report_body(convrelay_report_out_t *out,
    const convrelay_report_t *report, const char *end, unsigned messages);

/*
 * The report as one text, for a store: pack() appends it; unpack() borrows
 * from it: CONVRELAY_OK, or CONVRELAY_DECLINED: it is not one.
 */
void convrelay_report_pack(convrelay_report_out_t *out,
    const convrelay_report_t *report);
int convrelay_report_unpack(convrelay_report_t *report,
    const convrelay_str_t *text);

/* the key that all deliveries of a report have, CONVRELAY_REPORT_KEY bytes: of
   the call or, if it is partial, of its session */
void convrelay_report_key(u_char *key, const convrelay_report_t *report);


#endif /* CONVRELAY_REPORT_H_INCLUDED */
