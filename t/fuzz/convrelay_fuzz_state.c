
/*
 * Copyright (C) convrelay contributors
 *
 * The state of an earlier session of a call.  The first byte picks how it is
 * read; the rest is the text, in which the head of a state that fits may be
 * left out.  What is taken is written, read and written once more, which gives
 * the same text.  The history is one that every LLM accepts, and a turn can
 * follow.  What is not taken leaves a new session.
 */


#include <stdlib.h>
#include <stdio.h>

#include "convrelay_state.h"
#include "convrelay_session_tools.h"


#define must(x)  if (!(x)) abort()

#define NOW      1000
#define WALL     1700000100000

#define HEAD     "{\"v\":2,\"saved\":1700000099000,\"account\":\"AC1\","     \
                 "\"call\":\"CA1\",\"session\":\"VX1\",\"sessions\":1,"      \
                 "\"started\":1700000000000,"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void begin(convrelay_session_t *s, const char *session,
    unsigned choice);
static unsigned take(convrelay_session_t *s, const u_char *data, size_t size,
    unsigned wait);
static u_char *written(const convrelay_session_t *s, size_t *len, size_t max);
static char *after_head(u_char *text, size_t len);
static void history(const convrelay_session_t *s);
static void use(convrelay_session_t *s);
static void history_of_turn(const convrelay_session_t *s);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);


static unsigned             started, closed, logged;
static convrelay_actions_t  out = { act, NULL };

static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 }
};

static const convrelay_session_time_t  times[] = {
    { 60000, convrelay_string("1m") },
    { 120000, convrelay_string("2m") }
};

static const convrelay_session_filler_conf_t  filler = {
    .time = 1000, .again = 1000, .max = 1, .nphrases = 1
};

static const convrelay_session_llm_t   fallbacks[2];

static const convrelay_session_conf_t  confs[] = {
    { .error_message = convrelay_string("Sorry."), .store = 1,
      .greeting = 1, .tools = tools, .ntools = 2, .max_tool_rounds = 3,
      .call_times = times, .ncall_times = 2, .filler = &filler,
      .fallbacks = fallbacks, .nfallbacks = 2, .max_call_time = 600000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_CALL_TIME) },
    { .error_message = convrelay_string("Sorry."), .store = 1,
      .max_history_messages = 4, .max_history_bytes = 200 }
};


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char               *text, *again;
    size_t                len, n;
    unsigned              choice, has_head;
    convrelay_session_t   s, other;

    if (size == 0) {
        return 0;
    }

    choice = data[0];
    has_head = (choice >> 2) & 1;
    data++;
    size--;

    text = malloc(sizeof(HEAD) + size);
    must(text);

    memcpy(text, HEAD, sizeof(HEAD));
    len = has_head ? sizeof(HEAD) - 1 : 0;

    if (size) {
        memcpy(text + len, data, size);
    }

    len += size;

    begin(&s, "VX2", choice);

    if (!take(&s, text, len, choice & 2)) {
        must(closed || s.state == CONVRELAY_SESSION_WAITING || logged);
        must(s.resumed == 0 && s.tools == NULL && s.turns == 0
             && s.lang.len == 0 && !s.ask_again);

        if (s.state == CONVRELAY_SESSION_WAITING) {
            (void) convrelay_session_restored(&s, NULL, 0, NULL, NOW, &out);
        }

        free(text);
        use(&s);
        convrelay_session_free(&s);

        return 0;
    }

    free(text);

    history(&s);

    text = written(&s, &len, 0);

    begin(&other, "VX3", choice);
    must(take(&other, text, len, 0));
    must(other.resumed == s.resumed + (s.resumed < 255));
    history(&other);

    again = written(&other, &n, 0);

    must(strcmp(after_head(text, len), after_head(again, n)) == 0);

    free(again);

    /* a part of it can be read as well */

    again = written(&s, &n, 1 + len * (choice >> 3) / 32);

    if (again) {
        convrelay_session_free(&other);
        begin(&other, "VX3", choice);
        must(take(&other, again, n, 0));
        history(&other);
        free(again);
    }

    free(text);

    use(&s);
    use(&other);

    convrelay_session_free(&s);
    convrelay_session_free(&other);

    return 0;
}


static void
begin(convrelay_session_t *s, const char *session, unsigned choice)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.session_id.data = (u_char *) session;
    m.u.setup.session_id.len = strlen(session);
    convrelay_str_set(&m.u.setup.account_sid, "AC1");
    convrelay_str_set(&m.u.setup.call_sid, "CA1");

    started = 0;
    closed = 0;
    logged = 0;

    convrelay_session_init(s, &confs[choice & 1], NOW);
    convrelay_session_message(s, &m, NOW, &out);

    must(s->state == CONVRELAY_SESSION_WAITING);
}


/* true if it was taken */

static unsigned
take(convrelay_session_t *s, const u_char *data, size_t size, unsigned wait)
{
    int                     rc;
    u_char                 *copy;
    convrelay_state_conf_t  conf = { .wall = WALL };

    conf.wait = (wait != 0);

    copy = malloc(size ? size : 1);
    must(copy);

    memcpy(copy, data, size);

    rc = convrelay_session_restored(s, copy, size, &conf, NOW, &out);

    /* nothing of it is in the text */

    memset(copy, 'x', size);
    free(copy);

    must(rc == CONVRELAY_OK || (rc == CONVRELAY_AGAIN && conf.wait));
    must((rc == CONVRELAY_AGAIN) == (s->state == CONVRELAY_SESSION_WAITING));
    must(started == s->ask_again);

    return s->resumed != 0;
}


/* free() it; NULL: there is no room for it */

static u_char *
written(const convrelay_session_t *s, size_t *len, size_t max)
{
    size_t                  size;
    u_char                 *p;
    const char             *error;
    convrelay_state_conf_t  conf = { .wall = WALL };

    conf.max = max;

    size = convrelay_state_size(s, &conf);

    must(size <= max || max == 0);
    must(size || (max && conf.cut));

    if (size == 0) {
        return NULL;
    }

    p = malloc(size + 1);
    must(p);

    *len = convrelay_state_write(p, s, &conf, NOW) - p;

    must(*len && *len <= size);
    must(convrelay_json_check(p, *len, &error) == CONVRELAY_OK);

    p[*len] = '\0';

    return p;
}


/* which session it is comes first */

static char *
after_head(u_char *text, size_t len)
{
    char  *p;

    must(strlen((char *) text) == len);

    p = strstr((char *) text, ",\"started\":");
    must(p);

    return p;
}


static void
history(const convrelay_session_t *s)
{
    size_t                          n, len;
    unsigned                        ncalls, nresults;
    convrelay_llm_call_t            call, result;
    const convrelay_llm_message_t  *m, *first, *last;

    n = 0;
    len = 0;
    last = NULL;

    for (m = s->history.first; m; m = m->next) {
        must(m->listed && !m->pinned);
        must(m->len);

        if (m->role == CONVRELAY_LLM_EXTRA) {
            convrelay_llm_message_call(m, &call);

            must(call.valid ? m->next && m->next->role == CONVRELAY_LLM_CALL
                            : last && last->role == CONVRELAY_LLM_ASSISTANT);
        }

        n += (m->role != CONVRELAY_LLM_EXTRA);
        len += m->len;
        last = m;
    }

    must(n == s->history.nmessages && len == s->history.len
         && last == s->history.last);

    for (m = s->history.first; m; /* void */ ) {
        must(m->role != CONVRELAY_LLM_TOOL);

        if (m->role != CONVRELAY_LLM_CALL) {
            m = m->next;
            continue;
        }

        first = m;

        for (ncalls = 0; m && m->role == CONVRELAY_LLM_CALL; m = m->next) {
            ncalls++;
        }

        for (nresults = 0; m && m->role == CONVRELAY_LLM_TOOL; m = m->next) {
            convrelay_llm_message_call(first, &call);
            convrelay_llm_message_call(m, &result);

            must(nresults++ < ncalls && result.arguments.len);
            must(convrelay_str_equal(&call.id, &result.id));
            must(convrelay_str_equal(&call.name, &result.name));

            first = first->next;
        }

        must(nresults == ncalls);
    }
}


/* a turn, a tool, an answer, an interrupt, times of the call */

static void
use(convrelay_session_t *s)
{
    unsigned                   i;
    convrelay_str_t            text;
    convrelay_llm_call_t       call;
    convrelay_relay_message_t  m;

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    if (s->trigger) {
        convrelay_session_trigger_done(s, NOW, &out);
    }

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");

    started = 0;
    convrelay_session_message(s, &m, NOW + 6000, &out);
    must(started);

    memset(&call, 0, sizeof(call));
    convrelay_str_set(&call.id, "c1");
    convrelay_str_set(&call.name, "pay");
    convrelay_str_set(&call.arguments, "{}");
    call.valid = 1;

    convrelay_session_turn_calls(s, &call.extra, &call, 1, NOW + 7000, &out);

    if (s->tools && s->tools->runs) {
        convrelay_str_set(&text, "done");
        convrelay_session_tool_end(s, s->tools->runs, &text, 1, NOW + 8000,
                                   &out);
    }

    convrelay_str_set(&text, "Hello there.");
    convrelay_session_delta(s, &text, NOW + 9000, &out);
    convrelay_session_turn_end(s, CONVRELAY_TURN_COMPLETE, &call.extra,
                               NOW + 9000, &out);
    history_of_turn(s);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INTERRUPT;
    m.u.interrupt.duration = -1;
    convrelay_str_set(&m.u.interrupt.utterance, "Hello");
    convrelay_session_message(s, &m, NOW + 9500, &out);

    for (i = 0; i < 4; i++) {
        convrelay_session_clock(s, NOW + 10000 + i, &out);

        if (s->trigger) {
            convrelay_session_trigger_done(s, NOW + 10000 + i, &out);
        }
    }
}


static void
history_of_turn(const convrelay_session_t *s)
{
    const convrelay_llm_message_t  *m;

    for (m = s->history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_USER && m->len == 2
            && memcmp(m->text, "Hi", 2) == 0)
        {
            return;
        }
    }

    abort();
}


static void
act(convrelay_actions_t *o, const convrelay_action_t *a)
{
    must(!closed);

    started |= (a->type == CONVRELAY_ACT_START);
    closed |= (a->type == CONVRELAY_ACT_CLOSE);
    logged |= (a->type == CONVRELAY_ACT_LOG);
}
