
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_json_tree.h"

#include "convrelay_caller_message.h"
#include "convrelay_caller_record.h"


typedef struct {
    convrelay_caller_scenario_t  *scenario;
    convrelay_caller_buf_t        prompt;     /* of this turn */
    convrelay_caller_buf_t        answer;     /* as it was recorded */
    double                        begun;      /* the time of its first line */
    unsigned                      line;
    unsigned                      messages;   /* of either side */
    unsigned                      answers;    /* the server's */
    unsigned                      fast:1;
    unsigned                      compare:1;
    unsigned                      timed:1;    /* begun is known */
    unsigned                      asked:1;
    unsigned                      cut:1;      /* or it was interrupted */
    unsigned                      closed:1;   /* its last:true came */
    unsigned                      hung_up:1;
} convrelay_caller_replay_t;


static int convrelay_caller_replay_line(convrelay_caller_replay_t *r,
    const char *data, size_t len);
static void convrelay_caller_replay_message(convrelay_caller_replay_t *r,
    const cJSON *root);
static double convrelay_caller_replay_time(convrelay_caller_replay_t *r,
    const cJSON *root);
static void convrelay_caller_replay_server(convrelay_caller_replay_t *r,
    const cJSON *message);
static void convrelay_caller_replay_caller(convrelay_caller_replay_t *r,
    const cJSON *message, double t);
static void convrelay_caller_replay_setup(convrelay_caller_replay_t *r,
    const cJSON *message);
static void convrelay_caller_replay_answer(convrelay_caller_replay_t *r);
static void convrelay_caller_replay_step(convrelay_caller_replay_t *r,
    convrelay_caller_step_e type, int64_t number, const char *text,
    const char *source);


void
convrelay_caller_record(FILE *file, int64_t t, const char *from,
    const void *message, size_t len)
{
    u_char                 *copy;
    convrelay_json_t        json;
    convrelay_caller_buf_t  b;

    if (file == NULL) {
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_printf(&b, "{\"t\":%lld,\"from\":\"%s\",",
                                (long long) t, from);

    copy = (u_char *) convrelay_caller_strndup(message, len);

    /* a message is a part of a line, where no byte ends it */

    if (memchr(message, '\n', len) == NULL
        && memchr(message, '\0', len) == NULL
        && convrelay_json_parse(&json, copy, len) == CONVRELAY_OK)
    {
        convrelay_json_free(&json);
        convrelay_caller_buf_str(&b, "\"message\":");
        convrelay_caller_buf_add(&b, message, len);

    } else {
        convrelay_caller_json_member(&b, "text", message, len);
    }

    fprintf(file, "%s}\n", b.data);
    fflush(file);

    convrelay_caller_buf_free(&b);
    free(copy);
}


void
convrelay_caller_record_close(FILE *file, int64_t t, const char *from,
    unsigned code)
{
    if (file) {
        fprintf(file, "{\"t\":%lld,\"from\":\"%s\",\"close\":%u}\n",
                (long long) t, from, code);
        fflush(file);
    }
}


int
convrelay_caller_replay(convrelay_caller_scenario_t *s, const char *data,
    size_t len, unsigned fast, unsigned compare)
{
    int                        rc;
    size_t                     n;
    const char                *p, *last, *end, *error;
    convrelay_caller_replay_t  r;

    memset(&r, 0, sizeof(convrelay_caller_replay_t));
    convrelay_caller_buf_reset(&r.answer);

    r.scenario = s;
    r.fast = fast;
    r.compare = compare;
    rc = CONVRELAY_OK;
    last = data + len;
    p = data;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    for ( /* void */ ; rc == CONVRELAY_OK && p < last; p += n + 1) {
        end = memchr(p, '\n', last - p);
        n = end ? (size_t) (end - p) : (size_t) (last - p);
        r.line++;

        if (n) {
            rc = convrelay_caller_replay_line(&r, p, n);
        }
    }

    if (rc == CONVRELAY_OK && !r.hung_up) {
        convrelay_caller_replay_answer(&r);
    }

    convrelay_caller_buf_free(&r.prompt);
    convrelay_caller_buf_free(&r.answer);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (r.line == 0) {
        error = "is empty";

    } else if (r.messages == 0) {
        error = "has no message: a line needs \"from\" and \"message\", or "
                "\"dir\" and \"frame\"";

    } else if (s->n == 0) {
        error = "has nothing that the caller says or does";

    } else if (compare && r.answers == 0) {
        error = "has no answer from the server, so there is nothing to compare "
                "(--no-checks plays it anyway)";

    } else {
        return CONVRELAY_OK;
    }

    snprintf(s->error, sizeof(s->error), "%s", error);

    return CONVRELAY_ERROR;
}


static int
convrelay_caller_replay_line(convrelay_caller_replay_t *r, const char *data,
    size_t len)
{
    u_char            *copy;
    convrelay_json_t   json;

    copy = (u_char *) convrelay_caller_strndup(data, len);

    if (convrelay_json_parse(&json, copy, len) != CONVRELAY_OK) {
        snprintf(r->scenario->error, sizeof(r->scenario->error),
                 "line %u is not JSON", r->line);
        free(copy);
        return CONVRELAY_ERROR;
    }

    convrelay_caller_replay_message(r, json.root);

    convrelay_json_free(&json);
    free(copy);

    return CONVRELAY_OK;
}


static void
convrelay_caller_replay_message(convrelay_caller_replay_t *r,
    const cJSON *root)
{
    double            t;
    unsigned          caller;
    const cJSON      *message;
    convrelay_str_t   from;

    if (convrelay_json_string(root, "from", &from) != CONVRELAY_OK
        && convrelay_json_string(root, "dir", &from) != CONVRELAY_OK)
    {
        return;
    }

    caller = convrelay_str_eq(&from, "caller") || convrelay_str_eq(&from, "in");

    if (!caller && !convrelay_str_eq(&from, "server")
        && !convrelay_str_eq(&from, "out"))
    {
        return;
    }

    t = convrelay_caller_replay_time(r, root);
    message = cJSON_GetObjectItemCaseSensitive(root, "message");

    if (message == NULL) {
        message = cJSON_GetObjectItemCaseSensitive(root, "frame");
    }

    if (cJSON_IsObject(message)) {
        r->messages++;

        if (caller) {
            convrelay_caller_replay_caller(r, message, t);

        } else {
            convrelay_caller_replay_server(r, message);
        }

        return;
    }

    if (caller && !r->hung_up
        && cJSON_GetObjectItemCaseSensitive(root, "close"))
    {
        convrelay_caller_replay_answer(r);
        convrelay_caller_replay_step(r, CONVRELAY_CALLER_WAIT_UNTIL, t, NULL,
                                     "close");
        convrelay_caller_replay_step(r, CONVRELAY_CALLER_HANGUP, -1, NULL,
                                     "close");
        r->hung_up = 1;
    }
}


/* ms since the first line, whatever clock the recording has */

static double
convrelay_caller_replay_time(convrelay_caller_replay_t *r, const cJSON *root)
{
    double  t;

    t = r->begun;

    if (convrelay_json_number(root, "ms", &t) != CONVRELAY_OK) {
        (void) convrelay_json_number(root, "t", &t);
    }

    if (!r->timed) {
        r->begun = t;
        r->timed = 1;
    }

    t -= r->begun;

    return (t > 0 && t < 1e9) ? t : 0;
}


static void
convrelay_caller_replay_server(convrelay_caller_replay_t *r,
    const cJSON *message)
{
    unsigned         last;
    convrelay_str_t  type, token;

    if (convrelay_json_string(message, "type", &type) != CONVRELAY_OK
        || !convrelay_str_eq(&type, "text"))
    {
        return;
    }

    if (convrelay_json_string(message, "token", &token) == CONVRELAY_OK) {
        convrelay_caller_buf_add(&r->answer, token.data, token.len);
        r->answers += (token.len != 0);
    }

    last = 0;
    (void) convrelay_json_bool(message, "last", &last);

    r->closed |= last;
}


static void
convrelay_caller_replay_caller(convrelay_caller_replay_t *r,
    const cJSON *message, double t)
{
    char             *text;
    size_t            said;
    unsigned          last, over;
    convrelay_str_t   type, prompt;

    if (convrelay_json_string(message, "type", &type) != CONVRELAY_OK) {
        return;
    }

    if (convrelay_str_eq(&type, "setup")) {
        convrelay_caller_replay_setup(r, message);
        return;
    }

    last = 1;
    (void) convrelay_json_bool(message, "last", &last);

    if (convrelay_str_eq(&type, "prompt") && last
        && convrelay_json_string(message, "voicePrompt", &prompt)
           == CONVRELAY_OK)
    {
        /* it cut off the answer that was being sent */

        said = r->answer.len;
        over = r->asked && !r->closed && !r->cut
               && (r->compare || r->answers);

        convrelay_caller_replay_step(r, CONVRELAY_CALLER_WAIT_UNTIL, t, NULL,
                                     "prompt");

        if (r->fast && over) {
            convrelay_caller_replay_step(r, CONVRELAY_CALLER_WAIT_BYTES, said,
                                         NULL, "prompt");
        }

        convrelay_caller_replay_answer(r);
        convrelay_caller_replay_step(r, r->fast && !over
                                      ? CONVRELAY_CALLER_SAY
                                      : CONVRELAY_CALLER_SAY_OVER,
                                     -1, (char *) prompt.data,
                                     (char *) prompt.data);
        convrelay_caller_buf_reset(&r->prompt);
        convrelay_caller_buf_printf(&r->prompt, "the same answer to \"%s\"",
                                    (char *) prompt.data);
        r->asked = 1;
        return;
    }

    text = cJSON_PrintUnformatted(message);

    if (text == NULL) {
        return;
    }

    convrelay_caller_replay_step(r, CONVRELAY_CALLER_WAIT_UNTIL, t, NULL, text);
    convrelay_caller_replay_step(r, convrelay_str_eq(&type, "interrupt")
                                  ? CONVRELAY_CALLER_RAW_INTERRUPT
                                  : CONVRELAY_CALLER_RAW,
                                 r->answer.len, text, text);
    cJSON_free(text);

    if (convrelay_str_eq(&type, "interrupt")) {
        r->cut = 1;
    }
}


static void
convrelay_caller_replay_setup(convrelay_caller_replay_t *r,
    const cJSON *message)
{
    const cJSON  *params, *p;

    params = cJSON_GetObjectItemCaseSensitive(message, "customParameters");

    cJSON_ArrayForEach(p, params) {

        if (cJSON_IsString(p)) {
            convrelay_caller_pairs_set(&r->scenario->parameters, p->string,
                                       strlen(p->string), p->valuestring);
        }
    }
}


/*
 * Expects the recorded answer to the last prompt.  Where an interruption cuts
 * an answer off is chance, so only the part that both have must be equal.
 */

static void
convrelay_caller_replay_answer(convrelay_caller_replay_t *r)
{
    if (r->asked && (r->answer.len || r->closed)) {
        convrelay_caller_replay_step(r, r->closed && !r->cut
                                      ? CONVRELAY_CALLER_EXPECT_SAME
                                      : CONVRELAY_CALLER_EXPECT_SAME_START,
                                     -1, r->answer.data, r->prompt.data);
    }

    convrelay_caller_buf_reset(&r->answer);
    r->cut = 0;
    r->closed = 0;
    r->asked = 0;
}


static void
convrelay_caller_replay_step(convrelay_caller_replay_t *r,
    convrelay_caller_step_e type, int64_t number, const char *text,
    const char *source)
{
    convrelay_caller_step_t  *step;

    if (r->fast && type == CONVRELAY_CALLER_WAIT_UNTIL) {
        return;
    }

    step = convrelay_caller_scenario_add(r->scenario);
    step->type = type;
    step->line = r->line;
    step->number = number;
    step->verbatim = 1;
    step->text = text ? convrelay_caller_strdup(text) : NULL;
    step->source = convrelay_caller_strdup(source);
}
