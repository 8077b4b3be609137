
/*
 * Copyright (C) convrelay contributors
 *
 * Scenarios: what the caller says and does, and what must come back.  One
 * step per line.  "#" starts a comment at the start of a line, and between
 * white space (or at the end of a line); "\\#" stands for a "#" in a text.
 *
 *     caller: Name three trees.      say it once the last answer is over
 *     caller over: Stop that.        say it at once, into the answer
 *     partial: Name thr              an interim transcript (last:false)
 *     presence: Hello?               while waiting for the answer, which stays
 *                                      that to the last "caller" line
 *     backchannel: Uh-huh.           into the answer, or after an interrupt of
 *                                      it, which stays the same
 *     caller speaks                  clientSpeaking on; off by "caller stops",
 *                                      and by a "caller" line
 *     dtmf: 12#                      press keys
 *     interrupt after 12 characters  barge in once so much was heard,
 *     interrupt after 3 tokens         so many tokens have arrived, or
 *     interrupt after 800 ms           so long after the first of them
 *     interrupt                      barge in at once
 *     wait for answer                until its last token
 *     wait for speech                until the voice has said it all
 *     wait 500 ms
 *     hangup                         as a caller does: Close 1000
 *     drop                           as a broken network does: a reset; the
 *                                      next step waits for the session that
 *                                      the <Connect action> leads to
 *     drop and reconnect             the same, but the socket is opened again
 *                                      with the same URL, without an action
 *                                      and without a setup message, as with
 *                                      the attribute applicationReconnect
 *
 *     expect greeting contains: Hello
 *     expect contains: oak           the answer to the last "caller" line
 *     expect not contains: palm
 *     expect matches: [Oo]ak|ash     POSIX extended regular expression
 *     expect tool opening_hours      "opening_hours says: " is in it
 *     expect first token under 500 ms
 *     expect answer under 3 s
 *     expect no token after interrupt
 *     expect silence 300 ms          no token from here on, so long
 *     expect speech within 2 s       a token from here on, before that
 *     expect ends                    the server ends the session
 *     expect handoff contains: agent   and with this handoffData
 *     expect close 1000              the server closes with this code
 *
 *     set NAME: value                a default; --set NAME=VALUE wins
 *     parameter NAME: value          a custom parameter of the call
 *
 * ${NAME} stands for --set, set and the environment, in this order, and for
 * what the call itself knows: ${answer}, ${heard} (how much of the answer
 * an interruption left), ${beyond} (the same and a few characters more,
 * not heard), ${greeting}, ${callSid}, ${from}, ${to}.
 */


#ifndef CONVRELAY_CALLER_SCENARIO_H_INCLUDED
#define CONVRELAY_CALLER_SCENARIO_H_INCLUDED


#include "convrelay_caller.h"


typedef enum {
    CONVRELAY_CALLER_SAY = 0,
    CONVRELAY_CALLER_SAY_OVER,
    CONVRELAY_CALLER_PARTIAL,
    CONVRELAY_CALLER_PRESENCE,
    CONVRELAY_CALLER_BACKCHANNEL,
    CONVRELAY_CALLER_SPEAKS,
    CONVRELAY_CALLER_STOPS,
    CONVRELAY_CALLER_DTMF,
    CONVRELAY_CALLER_INTERRUPT,             /* now */
    CONVRELAY_CALLER_INTERRUPT_CHARS,
    CONVRELAY_CALLER_INTERRUPT_TOKENS,
    CONVRELAY_CALLER_INTERRUPT_MS,
    CONVRELAY_CALLER_WAIT_ANSWER,
    CONVRELAY_CALLER_WAIT_SPEECH,
    CONVRELAY_CALLER_WAIT_MS,
    CONVRELAY_CALLER_WAIT_UNTIL,            /* ms since the call began */
    CONVRELAY_CALLER_WAIT_BYTES,            /* of this answer */
    CONVRELAY_CALLER_HANGUP,
    CONVRELAY_CALLER_DROP,
    CONVRELAY_CALLER_REDIAL,
    CONVRELAY_CALLER_RAW,                   /* a message as it stands */
    CONVRELAY_CALLER_RAW_INTERRUPT,         /* number: bytes answered by then */
    CONVRELAY_CALLER_EXPECT_GREETING,
    CONVRELAY_CALLER_EXPECT_CONTAINS,
    CONVRELAY_CALLER_EXPECT_NOT_CONTAINS,
    CONVRELAY_CALLER_EXPECT_MATCHES,
    CONVRELAY_CALLER_EXPECT_SAME,
    CONVRELAY_CALLER_EXPECT_SAME_START,
    CONVRELAY_CALLER_EXPECT_TOOL,
    CONVRELAY_CALLER_EXPECT_FIRST_TOKEN,
    CONVRELAY_CALLER_EXPECT_ANSWER,
    CONVRELAY_CALLER_EXPECT_NO_TOKEN,
    CONVRELAY_CALLER_EXPECT_SILENCE,
    CONVRELAY_CALLER_EXPECT_SPEECH,
    CONVRELAY_CALLER_EXPECT_ENDS,
    CONVRELAY_CALLER_EXPECT_HANDOFF,
    CONVRELAY_CALLER_EXPECT_CLOSE,
    CONVRELAY_CALLER_SET,
    CONVRELAY_CALLER_PARAMETER
} convrelay_caller_step_e;


#define convrelay_caller_step_expects(type)                                    \
    ((type) >= CONVRELAY_CALLER_EXPECT_GREETING                                \
     && (type) <= CONVRELAY_CALLER_EXPECT_CLOSE)


/* about the end of a session */

#define convrelay_caller_step_ends(type)                                      \
    ((type) >= CONVRELAY_CALLER_EXPECT_ENDS                                    \
     && (type) <= CONVRELAY_CALLER_EXPECT_CLOSE)


typedef struct {
    convrelay_caller_step_e  type;
    unsigned                 line;        /* 0: of --say */
    int64_t                  number;      /* a count, ms, or a close code */
    char                    *source;      /* the line as written */
    char                    *text;        /* after the colon, or NULL */
    unsigned                 verbatim:1;  /* text has no variables */
} convrelay_caller_step_t;


typedef struct {
    char                     *name;        /* the file's, malloc'ed, or NULL */
    size_t                    n;
    convrelay_caller_step_t  *steps;
    convrelay_caller_pairs_t  variables;   /* of "set" lines */
    convrelay_caller_pairs_t  parameters;  /* of "parameter" lines */
    char                      error[400];  /* names the line */
} convrelay_caller_scenario_t;


typedef const char *(*convrelay_caller_lookup_pt)(void *data,
    const char *name);


/*
 * Reads a file, or one line, and adds its steps.  Zero-fill *s first.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR with s->error.  _line returns
 * CONVRELAY_DECLINED for a comment.
 */
int convrelay_caller_scenario_parse(convrelay_caller_scenario_t *s,
    const char *data, size_t len);
int convrelay_caller_scenario_line(convrelay_caller_scenario_t *s,
    const char *line, size_t len, unsigned number);

/* a step without anything in it; to be filled in before the next one */
convrelay_caller_step_t *convrelay_caller_scenario_add(
    convrelay_caller_scenario_t *s);

/*
 * Finds the mistakes that no call is needed for: a variable that is not set,
 * an expression that is not one, a step after the end of the call.  lookup
 * knows the values of --set and of the environment.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR with s->error.
 */
int convrelay_caller_scenario_check(convrelay_caller_scenario_t *s,
    convrelay_caller_lookup_pt lookup, void *data);

void convrelay_caller_scenario_free(convrelay_caller_scenario_t *s);

/*
 * Replaces each ${NAME}.  Returns the text, malloc'ed, or NULL where a name
 * is not known; it is then in *unknown, malloc'ed.
 */
char *convrelay_caller_expand(const char *text,
    convrelay_caller_lookup_pt lookup, void *data, char **unknown);


#endif /* CONVRELAY_CALLER_SCENARIO_H_INCLUDED */
