
/*
 * Copyright (C) convrelay contributors
 *
 * Keeps the actions of one event.  A START or TRIGGER has to be the last
 * thing that an event does: the caller may feed back at once what comes of
 * it.  So the session must look then as it looks after the event.
 */


#ifndef CONVRELAY_SESSION_ACTIONS_H_INCLUDED
#define CONVRELAY_SESSION_ACTIONS_H_INCLUDED


#include "convrelay_session.h"
#include "convrelay_utf8.h"


#define LIST_SIZE  32     /* more than any event of a test has */


typedef struct {
    convrelay_actions_t        out;       /* first, see list_add() */
    const convrelay_session_t *session;   /* or NULL: its state is not looked
                                             at */
    convrelay_session_t        last;      /* as it was at a START, TRIGGER */
    unsigned                   nostart:1; /* a TOOL cannot be started */
    unsigned                   copies:1;  /* short texts that are spoken are
                                             copied */
    convrelay_session_t       *fills;     /* its fillers are phrases, or
                                             NULL */
    const char               **phrases;   /* the last one is that of tools */
    unsigned                   nphrases;
    const char                *lead;      /* of an answer that goes on, or
                                             NULL */
    unsigned                   is_last:1;
    unsigned                   wrong:1;   /* an action after it, or text that
                                             is not UTF-8 */
    unsigned                   nactions;
    convrelay_action_t         actions[LIST_SIZE];
    convrelay_relay_out_t      messages[LIST_SIZE];
    u_char                     details[LIST_SIZE]
                                      [CONVRELAY_SESSION_MAX_DETAIL];
    u_char                     lines[LIST_SIZE][256];
    u_char                     texts[LIST_SIZE][256];     /* short ones */
} list_t;


/* of an answer */
static const convrelay_str_t  no_extra = convrelay_null_string;


static void list_start(list_t *list, const convrelay_session_t *s);
static convrelay_actions_t *list_next(list_t *list);
static void list_add(convrelay_actions_t *out, const convrelay_action_t *a);
static int list_ok(const list_t *list);


static void
list_start(list_t *list, const convrelay_session_t *s)
{
    memset(list, 0, sizeof(list_t));

    list->out.act = list_add;
    list->session = s;
}


/* for the next event */

static convrelay_actions_t *
list_next(list_t *list)
{
    list->nactions = 0;
    list->is_last = 0;

    return &list->out;
}


/* texts of a LOG, and of a stage of silence, are borrowed for the call, and so
   are those that the filter of speech made, and that of a second LLM that takes
   the turn; others are there after it */

static void
list_add(convrelay_actions_t *out, const convrelay_action_t *a)
{
    list_t              *list = (list_t *) out;
    convrelay_str_t      text;
    convrelay_action_t  *copy;

    if (a->type == CONVRELAY_ACT_FILLER) {
        text.data = (u_char *) list->phrases[a->run ? list->nphrases : a->code];
        text.len = strlen((char *) text.data);

        (void) convrelay_session_phrase(list->fills, &text, out);
        return;
    }

    /* one more of those with actions, which are in the list */

    if (a->type == CONVRELAY_ACT_TOOL_ENDS && a->code == CONVRELAY_TOOL_ACTED) {
        return;
    }

    if (list->nactions == LIST_SIZE) {
        abort();
    }

    copy = &list->actions[list->nactions];
    *copy = *a;

    if (list->is_last
        || (a->text.len
            && convrelay_utf8_valid(a->text.data, a->text.len)
               != a->text.len))
    {
        list->wrong = 1;
    }

    if (a->message) {
        list->messages[list->nactions] = *a->message;
        copy->message = &list->messages[list->nactions];
    }

    if (a->type == CONVRELAY_ACT_TRIGGER
        && a->code == CONVRELAY_TRIGGER_SILENCE)
    {
        copy->text.data = list->details[list->nactions];
        memcpy(copy->text.data, a->text.data, a->text.len);
    }

    if (a->type == CONVRELAY_ACT_TEXT
        && (list->copies
            || (list->nactions
                && copy[-1].type == CONVRELAY_ACT_HEDGE_TAKES))
        && a->text.len && a->text.len <= sizeof(list->texts[0]))
    {
        copy->text.data = list->texts[list->nactions];
        memcpy(copy->text.data, a->text.data, a->text.len);
    }

    if (a->type == CONVRELAY_ACT_LOG) {

        if (a->text.len > CONVRELAY_SESSION_MAX_DETAIL) {
            list->wrong = 1;
            copy->text.len = 0;
        }

        copy->text.data = list->details[list->nactions];
        copy->line.data = list->lines[list->nactions];

        if (copy->text.len) {
            memcpy(copy->text.data, a->text.data, copy->text.len);
        }

        if (a->line.len) {
            memcpy(copy->line.data, a->line.data, a->line.len);
        }
    }

    /* one that cannot be started is gone after the event */

    if (a->type == CONVRELAY_ACT_TOOL) {
        a->run->failed = list->nostart;
        copy->run = list->nostart ? NULL : a->run;

        copy->line.data = list->lines[list->nactions];
        copy->line.len = snprintf((char *) copy->line.data,
                                  sizeof(list->lines[0]), "%.*s %.*s",
                                  (int) a->run->call.name.len,
                                  (char *) a->run->call.name.data,
                                  (int) a->run->call.arguments.len,
                                  (char *) a->run->call.arguments.data);
    }

    list->nactions++;

    if (a->type == CONVRELAY_ACT_GO_ON && list->lead) {
        text.data = (u_char *) list->lead;
        text.len = strlen(list->lead);

        convrelay_session_lead(list->fills, &text, out);
    }

    if (a->type == CONVRELAY_ACT_START || a->type == CONVRELAY_ACT_HEDGE
        || a->type == CONVRELAY_ACT_TRIGGER
        || a->type == CONVRELAY_ACT_RESTORE
        || a->type == CONVRELAY_ACT_CONTEXT)
    {
        list->is_last = 1;

        if (list->session) {
            list->last = *list->session;
        }
    }
}


/* after the event */

static int
list_ok(const list_t *list)
{
    if (list->wrong) {
        return 0;
    }

    return !list->is_last || list->session == NULL
           || memcmp(&list->last, list->session, sizeof(convrelay_session_t))
              == 0;
}


#endif /* CONVRELAY_SESSION_ACTIONS_H_INCLUDED */
