
/*
 * Copyright (C) convrelay contributors
 *
 * The calls of one run: each -s is one, and what -e says belongs to the one
 * before it.
 */


#ifndef CONVRELAY_CALLER_PLAYS_H_INCLUDED
#define CONVRELAY_CALLER_PLAYS_H_INCLUDED


#include "convrelay_caller_scenario.h"


/* zero-fill to start */

typedef struct {
    size_t                        n;
    convrelay_caller_scenario_t  *elts;
} convrelay_caller_plays_t;


/*
 * A call by a file of steps ("-" is standard input), by a recording, and by
 * a text that the caller says.
 *
 * All return CONVRELAY_OK, or CONVRELAY_ERROR, the error printed.
 */
int convrelay_caller_plays_file(convrelay_caller_plays_t *plays,
    const char *file);
int convrelay_caller_plays_recording(convrelay_caller_plays_t *plays,
    const char *file, unsigned fast, unsigned compare);
int convrelay_caller_plays_say(convrelay_caller_plays_t *plays,
    const char *text);

/* a call without steps, for the keyboard */
convrelay_caller_scenario_t *convrelay_caller_plays_add(
    convrelay_caller_plays_t *plays);

/* the mistakes that can be known before a call; variables are of --set */
int convrelay_caller_plays_check(convrelay_caller_plays_t *plays,
    const convrelay_caller_pairs_t *variables);

void convrelay_caller_plays_free(convrelay_caller_plays_t *plays);


#endif /* CONVRELAY_CALLER_PLAYS_H_INCLUDED */
