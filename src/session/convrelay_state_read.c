
/*
 * Copyright (C) convrelay contributors
 *
 * Reads the state of a session.  Everything is read and checked first; only
 * then does the session change, in steps that cannot fail.
 */


#include <stdlib.h>

#include "convrelay_state_parts.h"


#define CONVRELAY_STATE_MAX_VARIABLES  1024

/* ms, the maximum age of a call */
#define CONVRELAY_STATE_MAX_AGE        CONVRELAY_SESSION_MAX_PAST


static int convrelay_state_document(convrelay_state_in_t *in,
    const convrelay_json_value_t *root);
static unsigned convrelay_state_is_foreign(convrelay_state_in_t *in);
static void convrelay_state_texts(convrelay_state_in_t *in);
static convrelay_str_t convrelay_state_phone_of(convrelay_state_in_t *in,
    convrelay_json_value_t *value);
static void convrelay_state_numbers(convrelay_state_in_t *in);
static void convrelay_state_wall(convrelay_state_in_t *in);
static int convrelay_state_lang(convrelay_state_in_t *in);
static int convrelay_state_latencies(convrelay_state_in_t *in);
static int convrelay_state_values(convrelay_state_in_t *in);
static size_t convrelay_state_measure(convrelay_state_in_t *in,
    const convrelay_json_value_t *object, size_t max, size_t *n);
static unsigned convrelay_state_is_new(const convrelay_state_in_t *in,
    const convrelay_str_t *name);
static u_char *convrelay_state_copy(u_char *p, convrelay_pair_t *pair,
    const convrelay_pair_t *from);
static int convrelay_state_filler(convrelay_state_in_t *in);
static void convrelay_state_take(convrelay_state_in_t *in,
    convrelay_session_t *s);
static void convrelay_state_take_values(convrelay_state_in_t *in,
    convrelay_session_t *s);
static void convrelay_state_take_times(convrelay_state_in_t *in,
    convrelay_session_t *s);
static void convrelay_state_free(convrelay_state_in_t *in);


#define convrelay_state_field(name)                                          \
    { convrelay_string(#name), offsetof(convrelay_state_members_t, name) }


static const convrelay_json_field_t  convrelay_state_fields[] = {
    convrelay_state_field(v),
    convrelay_state_field(saved),
    convrelay_state_field(clock),
    convrelay_state_field(clock_id),
    convrelay_state_field(llms),
    convrelay_state_field(account),
    convrelay_state_field(call),
    convrelay_state_field(session),
    convrelay_state_field(sessions),
    convrelay_state_field(started),
    convrelay_state_field(from),
    convrelay_state_field(to),
    convrelay_state_field(direction),
    convrelay_state_field(lang),
    convrelay_state_field(turns),
    convrelay_state_field(interrupts),
    convrelay_state_field(tool_calls),
    convrelay_state_field(tool_failures),
    convrelay_state_field(tokens),
    convrelay_state_field(input_tokens),
    convrelay_state_field(output_tokens),
    convrelay_state_field(leaks),
    convrelay_state_field(hedges_won),
    convrelay_state_field(failures),
    convrelay_state_field(call_time),
    convrelay_state_field(fillers),
    convrelay_state_field(next_filler),
    convrelay_state_field(rate),
    convrelay_state_field(rate_at),
    convrelay_state_field(latency),
    convrelay_state_field(parameters),
    convrelay_state_field(variables),
    convrelay_state_field(late),
    convrelay_state_field(refused),
    convrelay_state_field(once),
    convrelay_state_field(keys),
    convrelay_state_field(runs),
    convrelay_state_field(turn),
    convrelay_state_field(lost),
    convrelay_state_field(spoken),
    convrelay_state_field(again),
    convrelay_state_field(messages),
    convrelay_json_no_field
};


int
convrelay_state_read(convrelay_session_t *s, u_char *data, size_t len,
    const convrelay_state_conf_t *conf, uint64_t now, const char **error)
{
    int                      rc;
    u_char                  *copy;
    convrelay_state_in_t     in;
    convrelay_json_reader_t  r;

    if (len > CONVRELAY_STATE_MAX_LEN) {
        *error = "is too long";
        return CONVRELAY_DECLINED;
    }

    memset(&in, 0, sizeof(convrelay_state_in_t));

    in.s = s;
    in.conf = conf;
    in.now = now;

    copy = NULL;
    rc = convrelay_json_read(&r, data, len, &copy);

    if (rc == CONVRELAY_DECLINED) {
        in.error = "is not JSON";

    } else if (rc == CONVRELAY_OK) {
        rc = convrelay_state_document(&in, r.values);
    }

    if (rc == CONVRELAY_OK && in.error) {
        rc = CONVRELAY_DECLINED;
    }

    if (rc == CONVRELAY_OK && conf->wait && in.nopen) {
        rc = CONVRELAY_AGAIN;
    }

    if (rc == CONVRELAY_OK) {
        convrelay_state_take(&in, s);
    }

    convrelay_state_free(&in);
    convrelay_json_reader_free(&r);
    free(copy);

    *error = in.error;

    return rc;
}


static int
convrelay_state_document(convrelay_state_in_t *in,
    const convrelay_json_value_t *root)
{
    uint64_t  version;

    if (root->type != CONVRELAY_JSON_OBJECT) {
        in->error = "is not a JSON object";
        return CONVRELAY_DECLINED;
    }

    convrelay_json_members(root, convrelay_state_fields, &in->m);

    version = convrelay_state_get(in, in->m.v, UINT32_MAX);

    if (version != CONVRELAY_STATE_VERSION) {
        in->error = (version > CONVRELAY_STATE_VERSION)
                    ? "is of a newer version"
                    : version ? "is of an older version" : "has no version";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_state_is_foreign(in)) {
        return CONVRELAY_DECLINED;
    }

    convrelay_state_texts(in);
    convrelay_state_numbers(in);

    if (in->error) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_state_lang(in) != CONVRELAY_OK
        || convrelay_state_latencies(in) != CONVRELAY_OK
        || convrelay_state_read_tools(in) != CONVRELAY_OK
        || convrelay_state_read_messages(in) != CONVRELAY_OK
        || convrelay_state_filler(in) != CONVRELAY_OK
        || convrelay_state_values(in) != CONVRELAY_OK)
    {
        return in->error ? CONVRELAY_DECLINED : CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static unsigned
convrelay_state_is_foreign(convrelay_state_in_t *in)
{
    convrelay_str_t          account, call, session;
    convrelay_relay_setup_t  setup;

    account = convrelay_state_string_of(in, in->m.account);
    call = convrelay_state_string_of(in, in->m.call);
    session = convrelay_state_string_of(in, in->m.session);

    if (in->error) {
        return 1;
    }

    convrelay_session_get_setup(in->s, &setup);

    if (call.len == 0 || !convrelay_str_equal(&call, &setup.call_sid)
        || !convrelay_str_equal(&account, &setup.account_sid))
    {
        in->error = "is of another call";

    } else if (!in->conf->lost
               && convrelay_str_equal(&session, &setup.session_id))
    {
        in->error = "is of the same session";
    }

    return in->error != NULL;
}


/* what a session that began without a setup message cannot know */

static void
convrelay_state_texts(convrelay_state_in_t *in)
{
    convrelay_session_get_setup(in->s, &in->setup);

    if (in->s->bare) {
        in->setup.session_id = convrelay_state_string_of(in, in->m.session);
        in->setup.direction = convrelay_state_string_of(in, in->m.direction);
        in->setup.from = convrelay_state_phone_of(in, in->m.from);
        in->setup.to = convrelay_state_phone_of(in, in->m.to);
    }
}


/* empty if it was masked */

static convrelay_str_t
convrelay_state_phone_of(convrelay_state_in_t *in,
    convrelay_json_value_t *value)
{
    convrelay_str_t  text;

    text = convrelay_state_string_of(in, value);

    if (text.len && memchr(text.data, '*', text.len)) {
        convrelay_str_null(&text);
    }

    return text;
}


static void
convrelay_state_numbers(convrelay_state_in_t *in)
{
    uint64_t              sessions, ask_until, drop;
    convrelay_session_t  *to;

    to = &in->to;

    to->turns = convrelay_state_get(in, in->m.turns, UINT32_MAX);
    to->interrupts = convrelay_state_get(in, in->m.interrupts, UINT32_MAX);
    to->tool_calls = convrelay_state_get(in, in->m.tool_calls, UINT32_MAX);
    to->tool_failures = convrelay_state_get(in, in->m.tool_failures,
                                            UINT32_MAX);
    to->tokens = convrelay_state_get(in, in->m.tokens, UINT32_MAX);
    to->leaks = convrelay_state_get(in, in->m.leaks, UINT32_MAX);
    to->hedges_won = convrelay_state_get(in, in->m.hedges_won, UINT32_MAX);
    to->failures = convrelay_state_get(in, in->m.failures, 255);

    sessions = convrelay_state_get(in, in->m.sessions,
                                   CONVRELAY_STATE_MAX_NUMBER);
    to->resumed = (sessions < 255) ? sessions : 255;

    to->input_tokens = convrelay_state_get(in, in->m.input_tokens,
                                           CONVRELAY_STATE_MAX_NUMBER);
    to->output_tokens = convrelay_state_get(in, in->m.output_tokens,
                                            CONVRELAY_STATE_MAX_NUMBER);
    to->turn_rate.level = convrelay_state_get(in, in->m.rate,
                                              CONVRELAY_STATE_MAX_NUMBER);

    in->started = convrelay_state_get(in, in->m.started,
                                      CONVRELAY_STATE_MAX_NUMBER);
    in->rate_at = convrelay_state_get(in, in->m.rate_at,
                                      CONVRELAY_STATE_MAX_NUMBER);
    in->call_time = convrelay_state_get(in, in->m.call_time,
                                        CONVRELAY_STATE_MAX_NUMBER);
    in->fillers = convrelay_state_get(in, in->m.fillers, UINT32_MAX);
    in->next_filler = convrelay_state_get(in, in->m.next_filler, UINT32_MAX);
    in->nlate = convrelay_state_get(in, in->m.late,
                                    CONVRELAY_STATE_MAX_NUMBER);
    in->refused = convrelay_state_flag(in, in->m.refused);

    convrelay_state_wall(in);

    if (to->resumed == 0 || in->m.saved == NULL || in->m.started == NULL) {
        in->error = "is not complete";
    }

    /* a question, or an answer that was being spoken */

    ask_until = CONVRELAY_STATE_ASK_TIME
                + convrelay_state_get(in, in->m.saved,
                                      CONVRELAY_STATE_MAX_NUMBER);

    drop = (in->wall > CONVRELAY_STATE_DROP_TIME)
           ? in->wall - CONVRELAY_STATE_DROP_TIME : 0;

    in->lost = convrelay_state_flag(in, in->m.lost);

    if (convrelay_state_get(in, in->m.spoken, CONVRELAY_STATE_MAX_NUMBER)
        > drop)
    {
        in->cut = 1;
        in->lost = 1;
    }

    in->recent = (in->wall <= ask_until);
    in->rounds = convrelay_state_get(in, in->m.again, UINT32_MAX);

    if (in->m.turn) {
        in->lost = 1;
        in->asked = in->recent;
        in->rounds = convrelay_state_get(in,
                          convrelay_json_member(in->m.turn, "rounds"),
                          UINT32_MAX);
        in->rescue = convrelay_state_flag(in,
                          convrelay_json_member(in->m.turn, "rescue"));

        if (in->rounds == 0) {
            in->error = "has a wrong turn";
        }
    }
}


/* the time that has passed is counted by the clock, if the writer had the same
   one: the wall clock may have been set meanwhile.  Another machine's began at
   another time. */

static void
convrelay_state_wall(convrelay_state_in_t *in)
{
    uint64_t  saved, clock;

    in->wall = in->conf->wall;

    if (in->conf->clock == 0
        || convrelay_state_get(in, in->m.clock_id, UINT32_MAX)
           != in->conf->clock)
    {
        return;
    }

    saved = convrelay_state_get(in, in->m.saved, CONVRELAY_STATE_MAX_NUMBER);
    clock = convrelay_state_get(in, in->m.clock, CONVRELAY_STATE_MAX_NUMBER);

    in->wall = saved + (in->now > clock ? in->now - clock : 0);
}


static int
convrelay_state_lang(convrelay_state_in_t *in)
{
    convrelay_str_t  lang;

    lang = convrelay_state_string_of(in, in->m.lang);

    if (lang.len > CONVRELAY_SESSION_MAX_LANG) {
        in->error = "has a wrong language";
    }

    if (in->error) {
        return CONVRELAY_DECLINED;
    }

    if (lang.len == 0) {
        return CONVRELAY_OK;
    }

    in->to.lang.data = malloc(lang.len);
    if (in->to.lang.data == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(in->to.lang.data, lang.data, lang.len);
    in->to.lang.len = lang.len;

    return CONVRELAY_OK;
}


static int
convrelay_state_latencies(convrelay_state_in_t *in)
{
    convrelay_latency_t     *l;
    convrelay_json_value_t  *samples, *v;

    if (in->m.latency == NULL) {
        return CONVRELAY_OK;
    }

    samples = convrelay_json_member(in->m.latency, "samples");

    /* values without values in them, at least one */

    if (samples == NULL || samples->type != CONVRELAY_JSON_ARRAY
        || samples->size < 2 || samples->size > CONVRELAY_LATENCY_SAMPLES + 1)
    {
        in->error = "has wrong times of answers";
        return CONVRELAY_DECLINED;
    }

    l = convrelay_latency_create(samples->size - 1);
    if (l == NULL) {
        return CONVRELAY_ERROR;
    }

    in->to.latency = l;

    l->max = convrelay_state_get(in, convrelay_json_member(in->m.latency,
                                                           "max"),
                                 UINT32_MAX);
    l->every = convrelay_state_get(in, convrelay_json_member(in->m.latency,
                                                             "every"),
                                   UINT16_MAX);
    l->skipped = convrelay_state_get(in, convrelay_json_member(in->m.latency,
                                                               "skipped"),
                                     UINT16_MAX);

    if (l->every == 0 || l->skipped >= l->every) {
        in->error = "has wrong times of answers";
        return CONVRELAY_DECLINED;
    }

    for (v = convrelay_json_element(samples, NULL); v;
         v = convrelay_json_element(samples, v))
    {
        l->samples[l->n++] = convrelay_state_get(in, v, UINT16_MAX);
    }

    return in->error ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


/*
 * The parameters that the setup does not have, and the variables, in the blocks
 * that they share with the parameters of the setup.
 */

static int
convrelay_state_values(convrelay_state_in_t *in)
{
    u_char                     *p, *texts;
    size_t                      i, n, nvars, len, size, old;
    convrelay_pair_t            pair;
    convrelay_json_value_t     *name;
    const convrelay_session_t  *s;

    s = in->s;

    len = convrelay_state_measure(in, in->m.parameters,
                                  CONVRELAY_SESSION_MAX_PARAMETERS, &n);
    size = convrelay_state_measure(in, in->m.variables,
                                   CONVRELAY_STATE_MAX_VARIABLES, &nvars);

    if (in->error) {
        return CONVRELAY_DECLINED;
    }

    if (n == 0 && nvars == 0 && !s->bare) {
        return CONVRELAY_OK;
    }

    old = convrelay_session_fields_len(&in->setup);

    for (i = 0; i < s->nparameters; i++) {
        old += s->parameters[i].name.len + s->parameters[i].value.len;
    }

    in->setup_data = malloc(old + len + 1);
    in->pairs = malloc((s->nparameters + n + nvars) * sizeof(convrelay_pair_t)
                       + size + 1);

    if (in->setup_data == NULL || in->pairs == NULL) {
        return CONVRELAY_ERROR;
    }

    p = convrelay_session_copy_fields(in->setup_data, &in->setup, in->lens);

    for (i = 0; i < s->nparameters; i++) {
        p = convrelay_state_copy(p, &in->pairs[i], &s->parameters[i]);
    }

    in->npairs = s->nparameters;

    for (name = convrelay_json_name(in->m.parameters, NULL);
         name && in->npairs < CONVRELAY_SESSION_MAX_PARAMETERS;
         name = convrelay_json_name(in->m.parameters, name))
    {
        (void) convrelay_json_utf8(name, &pair.name);
        (void) convrelay_json_utf8(name + 1, &pair.value);

        if (convrelay_state_is_new(in, &pair.name)) {
            p = convrelay_state_copy(p, &in->pairs[in->npairs++], &pair);
        }
    }

    texts = (u_char *) &in->pairs[s->nparameters + n + nvars];

    for (name = convrelay_json_name(in->m.variables, NULL); name;
         name = convrelay_json_name(in->m.variables, name))
    {
        (void) convrelay_json_utf8(name, &pair.name);
        (void) convrelay_json_utf8(name + 1, &pair.value);

        texts = convrelay_state_copy(texts,
                                     &in->pairs[in->npairs + in->nvariables++],
                                     &pair);
    }

    return CONVRELAY_OK;
}


/* the bytes of an object's texts, at most; *n: how many members it has */

static size_t
convrelay_state_measure(convrelay_state_in_t *in,
    const convrelay_json_value_t *object, size_t max, size_t *n)
{
    size_t                   len;
    convrelay_json_value_t  *name;

    len = 0;
    *n = 0;

    if (object && object->type != CONVRELAY_JSON_OBJECT) {
        in->error = "has wrong parameters";
        return 0;
    }

    for (name = convrelay_json_name(object, NULL); name;
         name = convrelay_json_name(object, name))
    {
        if (name[1].type != CONVRELAY_JSON_STRING || ++*n > max) {
            in->error = "has wrong parameters";
            return 0;
        }

        len += name->len + name[1].len;
    }

    return len;
}


/* a parameter that the setup does not have, and that is not the module's */

static unsigned
convrelay_state_is_new(const convrelay_state_in_t *in,
    const convrelay_str_t *name)
{
    return !convrelay_str_starts_nocase(name, "convrelay_")
           && convrelay_session_parameter(in->s, name->data, name->len)
              == NULL;
}


static u_char *
convrelay_state_copy(u_char *p, convrelay_pair_t *pair,
    const convrelay_pair_t *from)
{
    pair->name.data = p;
    pair->name.len = from->name.len;
    p = convrelay_str_copy(p, &from->name);

    pair->value.data = p;
    pair->value.len = from->value.len;

    return convrelay_str_copy(p, &from->value);
}


static int
convrelay_state_filler(convrelay_state_in_t *in)
{
    if ((in->fillers == 0 && in->next_filler == 0)
        || in->s->conf->filler == NULL)
    {
        return CONVRELAY_OK;
    }

    in->filler = calloc(1, sizeof(convrelay_session_filler_t));
    if (in->filler == NULL) {
        return CONVRELAY_ERROR;
    }

    in->filler->total = in->fillers;
    in->filler->next = in->next_filler;

    return CONVRELAY_OK;
}


static void
convrelay_state_take(convrelay_state_in_t *in, convrelay_session_t *s)
{
    const convrelay_session_t  *to;

    to = &in->to;

    /* the greeting of this session is not spoken, or is spoken again */

    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_NONE, 0);
    convrelay_history_free(&s->history);

    s->history.first = in->history.first;
    s->history.last = in->history.last;
    s->history.nmessages = in->history.nmessages;
    s->history.len = in->history.len;

    memset(&in->history, 0, sizeof(convrelay_history_t));

    s->turns = to->turns;
    s->interrupts = to->interrupts;
    s->tool_calls = to->tool_calls;
    s->tool_failures = to->tool_failures + in->nopen;
    s->tokens = to->tokens;
    s->input_tokens = to->input_tokens;
    s->output_tokens = to->output_tokens;
    s->leaks = to->leaks;
    s->hedges_won = to->hedges_won;
    s->failures = to->failures;

    s->latency = to->latency;
    s->lang = to->lang;
    if (in->tools) {
        in->tools->nlate = in->nlate;
    }

    s->tools = in->tools;
    s->filler = in->filler;

    in->to.latency = NULL;
    in->to.lang.data = NULL;
    in->tools = NULL;
    in->filler = NULL;

    s->resumed = to->resumed;
    s->resume_lost = in->lost;
    s->ask_again = in->asked;
    s->rescue = in->asked && in->rescue;

    convrelay_state_take_values(in, s);
    convrelay_state_take_times(in, s);
}


static void
convrelay_state_take_values(convrelay_state_in_t *in, convrelay_session_t *s)
{
    if (in->pairs == NULL) {
        return;
    }

    free(s->setup_data);
    free(s->parameters);

    memcpy(s->setup_lens, in->lens, sizeof(in->lens));

    s->setup_data = in->setup_data;
    s->parameters = in->pairs;
    s->nparameters = in->npairs;
    s->nvariables = in->nvariables;

    in->setup_data = NULL;
    in->pairs = NULL;
}


/* times of the clock may be before it began to count: they are never compared,
   only subtracted */

static void
convrelay_state_take_times(convrelay_state_in_t *in, convrelay_session_t *s)
{
    uint64_t                         age, wall, level;
    const convrelay_session_conf_t  *conf;

    conf = s->conf;
    wall = in->wall;

    age = (wall > in->started) ? wall - in->started : 0;

    if (age > CONVRELAY_STATE_MAX_AGE) {
        age = CONVRELAY_STATE_MAX_AGE;
    }

    s->began = in->now - age;

    s->turn_rate.level = in->to.turn_rate.level;

    /* of a higher limit: the next turn is not too many */

    level = (uint64_t) conf->max_turn_rate * CONVRELAY_SESSION_RATE_PERIOD;

    if (level && s->turn_rate.level > level) {
        s->turn_rate.level = level - CONVRELAY_SESSION_RATE_PERIOD;
    }

    s->turn_rate.at = in->now - ((wall > in->rate_at) ? wall - in->rate_at
                                                       : 0);

    if (conf->max_call_time) {
        convrelay_session_wait_age(s, CONVRELAY_DEADLINE_CALL, in->now,
                                   conf->max_call_time);
    }

    s->deadlines[CONVRELAY_DEADLINE_CALL_TIME] = 0;

    while (s->call_time < conf->ncall_times
           && conf->call_times[s->call_time].ms <= in->call_time)
    {
        s->call_time++;
    }

    if (s->call_time < conf->ncall_times) {
        convrelay_session_wait_age(s, CONVRELAY_DEADLINE_CALL_TIME, in->now,
                                   conf->call_times[s->call_time].ms);
    }
}


static void
convrelay_state_free(convrelay_state_in_t *in)
{
    convrelay_session_t  rest;

    convrelay_history_free(&in->history);

    /* tools are a session's */

    memset(&rest, 0, sizeof(convrelay_session_t));

    rest.tools = in->tools;
    convrelay_session_tools_free(&rest);

    free(in->filler);
    free(in->setup_data);
    free(in->pairs);
    free(in->to.lang.data);
    free(in->to.latency);
}


/* what was read is broken: 0, and nothing else of it counts */

uint64_t
convrelay_state_get(convrelay_state_in_t *in,
    const convrelay_json_value_t *value, uint64_t max)
{
    size_t    i;
    uint64_t  n;

    if (value == NULL) {
        return 0;
    }

    n = 0;

    for (i = 0; i < value->len; i++) {

        if (value->type != CONVRELAY_JSON_NUMBER
            || !convrelay_is_digit(value->data[i]))
        {
            in->error = "has a wrong number";
            return 0;
        }

        n = n * 10 + (value->data[i] - '0');

        if (n > max) {
            in->error = "has a wrong number";
            return 0;
        }
    }

    return n;
}


unsigned
convrelay_state_flag(convrelay_state_in_t *in,
    const convrelay_json_value_t *value)
{
    unsigned  flag;

    flag = 0;

    if (value && convrelay_json_value_bool(value, &flag) != CONVRELAY_OK) {
        in->error = "has a wrong flag";
    }

    return flag;
}


convrelay_str_t
convrelay_state_string_of(convrelay_state_in_t *in,
    convrelay_json_value_t *value)
{
    convrelay_str_t  text;

    convrelay_str_null(&text);

    if (value && convrelay_json_utf8(value, &text) != CONVRELAY_OK) {
        in->error = "has a wrong text";
    }

    return text;
}
