
/*
 * Copyright (C) convrelay contributors
 *
 * What random models of calls need to go on in another session: the state that
 * one leaves, the session that takes it, and all actions in short.
 *
 * The includer's call_t has out, s, conf, now, sessions and log, and bad().
 */


#ifndef CONVRELAY_SESSION_MODEL_STATE_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_STATE_H_INCLUDED


#define WALL  1700000000000


static void begin(call_t *c);
static u_char *state_of(const call_t *c, size_t *len);
static int take(call_t *c, u_char *state, size_t len, unsigned wait);
static unsigned same_state(const call_t *c, const call_t *r);
static void log_action(call_t *c, const convrelay_action_t *a);
static void log_bytes(call_t *c, const void *data, size_t len);


/* a session of the call, up to its RESTORE or CONTEXT */

static void
begin(call_t *c)
{
    char                       session[16];
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    convrelay_session_init(&c->s, &c->conf, c->now);

    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.session_id.data = (u_char *) session;
    m.u.setup.session_id.len = sprintf(session, "VX%u", ++c->sessions);
    convrelay_str_set(&m.u.setup.account_sid, "AC1");
    convrelay_str_set(&m.u.setup.call_sid, "CA1");

    convrelay_session_message(&c->s, &m, c->now, &c->out);
}


static u_char *
state_of(const call_t *c, size_t *len)
{
    size_t                  size;
    u_char                 *p;
    const char             *error;
    convrelay_state_conf_t  conf = { .wall = WALL + c->now };

    size = convrelay_state_size(&c->s, &conf);
    p = malloc(size + 1);

    *len = convrelay_state_write(p, &c->s, &conf, c->now) - p;

    if (*len > size || *len == 0 || conf.cut
        || convrelay_json_check(p, *len, &error) != CONVRELAY_OK)
    {
        bad((call_t *) c, "no state");
    }

    return p;
}


/* it is changed while it is read */

static int
take(call_t *c, u_char *state, size_t len, unsigned wait)
{
    int                     rc;
    u_char                 *p;
    convrelay_state_conf_t  conf = { .wall = WALL + c->now };

    conf.wait = wait;

    p = malloc(len);
    memcpy(p, state, len);

    rc = convrelay_session_restored(&c->s, p, len, &conf, c->now, &c->out);

    free(p);

    return rc;
}


/* all but which session it is */

static unsigned
same_state(const call_t *c, const call_t *r)
{
    u_char    *p, *q;
    size_t     m, n;
    unsigned   same;
    char      *from, *with;

    p = state_of(c, &m);
    q = state_of(r, &n);

    p[m] = '\0';
    q[n] = '\0';

    from = strstr((char *) p, ",\"started\":");
    with = strstr((char *) q, ",\"started\":");

    same = (from && with && strcmp(from, with) == 0);

    if (!same) {
        printf("# %s\n# %s\n", from, with);
    }

    free(p);
    free(q);

    return same;
}


static void
log_action(call_t *c, const convrelay_action_t *a)
{
    u_char  *p;
    size_t   size;

    log_bytes(c, &a->type, sizeof(a->type));
    log_bytes(c, &a->code, sizeof(a->code));
    log_bytes(c, &a->tool, sizeof(a->tool));
    log_bytes(c, a->text.data, a->text.len);
    log_bytes(c, a->line.data, a->line.len);

    if (a->note) {
        log_bytes(c, a->note, strlen(a->note));
    }

    if (a->run) {
        log_bytes(c, a->run->key, CONVRELAY_TOOL_KEY);
    }

    if (a->message) {
        size = convrelay_relay_out_size(a->message);
        p = malloc(size);
        convrelay_relay_out_write(p, a->message);
        log_bytes(c, p, size);
        free(p);
    }
}


/* FNV-1a */

static void
log_bytes(call_t *c, const void *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        c->log = (c->log ^ ((const u_char *) data)[i]) * 1099511628211u;
    }

    c->log++;
}


#endif /* CONVRELAY_SESSION_MODEL_STATE_H_INCLUDED */
