
/*
 * Copyright (C) convrelay contributors
 *
 * Recordings of a call: JSON lines, one for each message of either side, in
 * the order of the wire, t in milliseconds since the call began:
 *
 *     {"t":0,"from":"caller","message":{"type":"setup",...}}
 *     {"t":312,"from":"server","message":{"type":"text",...}}
 *     {"t":900,"from":"server","text":"not JSON"}
 *     {"t":5000,"from":"caller","close":1000}
 *
 * Other fields, and lines that are JSON without a message, are skipped.
 * Recordings of servers are read as well, which have "frame" for "message",
 * "dir" for "from" ("in" is the caller, "out" the server) and "ms" for "t":
 *
 *     {"ms":1,"dir":"in","frame":{"type":"setup",...}}
 */


#ifndef CONVRELAY_CALLER_RECORD_H_INCLUDED
#define CONVRELAY_CALLER_RECORD_H_INCLUDED


#include "convrelay_caller_scenario.h"


/* writes a line; a NULL file writes nothing */
void convrelay_caller_record(FILE *file, int64_t t, const char *from,
    const void *message, size_t len);
void convrelay_caller_record_close(FILE *file, int64_t t, const char *from,
    unsigned code);

/*
 * Makes a scenario of the caller's side, with the server's answers as what
 * is expected: at the times of the recording, or, with fast, as soon as the
 * answer before is over.  The parameters of the recorded setup become the
 * scenario's.  compare: a recording without answers is a mistake.
 *
 * CONVRELAY_OK, or CONVRELAY_ERROR with s->error.
 */
int convrelay_caller_replay(convrelay_caller_scenario_t *s, const char *data,
    size_t len, unsigned fast, unsigned compare);


#endif /* CONVRELAY_CALLER_RECORD_H_INCLUDED */
