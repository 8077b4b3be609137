
/*
 * Copyright (C) convrelay contributors
 *
 * A session as text, so that a call can go on after its socket was lost, in
 * another process or on another machine.
 *
 * The text is one JSON object.  It has the history, the language, the counts,
 * the parameters and variables, the memory of tools, and what is not finished:
 * a question without an answer, tools without a result, an answer that is still
 * spoken.  It has no keys that are being entered, and no parameter that begins
 * with "convrelay_", such as a ticket.
 */


#ifndef CONVRELAY_STATE_H_INCLUDED
#define CONVRELAY_STATE_H_INCLUDED


#include "convrelay_session.h"


/* also grows if convrelay_tool_digest() changes: otherwise a tool that may be
   used only once in a call would be used again */
#define CONVRELAY_STATE_VERSION    2

/* ms from the loss of a socket to the setup of the next session, about */
#define CONVRELAY_STATE_DROP_TIME  1500

/* ms, the maximum age of a state whose question is still asked */
#define CONVRELAY_STATE_ASK_TIME   30000


struct convrelay_state_conf_s {
    uint64_t                 wall;        /* ms since 1970, now */
    size_t                   max;         /* bytes that are written; 0: no
                                             limit */
    uint32_t                 clock;       /* the number of the session's clock,
                                             the same for all sessions that
                                             have the same one: where the wall
                                             clock was set between two of them,
                                             it counts; 0: none is shared */
    unsigned                 numbers:1;   /* phone numbers are written whole,
                                             otherwise masked */
    unsigned                 wait:1;      /* reading is AGAIN while a tool that
                                             was started has no result */
    unsigned                 lost:1;      /* the session that has written it has
                                             no socket any more: one with the
                                             same SessionId may go on */
    unsigned                 cut:1;       /* out, of size(): the oldest turns,
                                             or results, are left out */
};


/*
 * write() writes at most size() bytes; size() must have seen the same session
 * and conf before.
 * Where the state exceeds conf->max, the oldest turns are left out, each whole,
 * and then the texts of results that are remembered for "once".  size() returns
 * 0 if there is nothing to write: the call has not begun, or has no callSid; or
 * if not even that makes it fit, with conf->cut.  Not after
 * convrelay_session_over().
 */
size_t convrelay_state_size(const convrelay_session_t *s,
    convrelay_state_conf_t *conf);
u_char *convrelay_state_write(u_char *p, const convrelay_session_t *s,
    const convrelay_state_conf_t *conf, uint64_t now);

/*
 * Takes over the state of an earlier session of the same call; s is WAITING for
 * it.  data is changed.
 *
 * CONVRELAY_OK; CONVRELAY_AGAIN: see conf->wait; CONVRELAY_DECLINED: *error is
 * a phrase such as "is not JSON", and never part of data; CONVRELAY_ERROR: no
 * memory.  s is changed after CONVRELAY_OK only.
 */
int convrelay_state_read(convrelay_session_t *s, u_char *data, size_t len,
    const convrelay_state_conf_t *conf, uint64_t now, const char **error);


#endif /* CONVRELAY_STATE_H_INCLUDED */
