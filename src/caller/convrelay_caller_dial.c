
/*
 * Copyright (C) convrelay contributors
 *
 * Before and after the WebSocket: which URL is asked for TwiML, with which
 * fields, where the TwiML leads, and <Connect action>.
 */


#include <poll.h>
#include <strings.h>

#include "convrelay_caller_run.h"


static void convrelay_caller_form_end(convrelay_caller_t *call,
    convrelay_caller_pairs_t *form, const char *status);
static void convrelay_caller_direct(convrelay_caller_t *call);
static void convrelay_caller_seal(convrelay_caller_t *call);
static void convrelay_caller_parameters(convrelay_caller_t *call);
static void convrelay_caller_merge(convrelay_caller_pairs_t *pairs,
    const convrelay_caller_pairs_t *more);


int
convrelay_caller_dial(convrelay_caller_t *call)
{
    int                          rc;
    convrelay_caller_pairs_t     form;
    convrelay_caller_options_t  *options;

    options = call->options;

    convrelay_caller_sid(call->ident.call_sid, "CA");
    convrelay_caller_sid(call->ident.account_sid, "AC");

    call->ident.from = options->from;
    call->ident.to = options->to;
    call->ident.direction = "inbound";

    if (strncasecmp(options->url, "ws://", 5) == 0
        || strncasecmp(options->url, "wss://", 6) == 0)
    {
        convrelay_caller_direct(call);
        return CONVRELAY_OK;
    }

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));
    convrelay_caller_form(call, &form, NULL);

    rc = convrelay_caller_webhook(call, options->url,
                                  options->get ? "GET" : "POST", &form);

    convrelay_caller_pairs_free(&form);

    if (rc == CONVRELAY_OK && !call->twiml.connect) {
        convrelay_caller_print_error("the TwiML has no <ConversationRelay> in "
                                     "a <Connect>, but %s",
                                     call->twiml.verbs[0] ? call->twiml.verbs
                                                        : "nothing");
        rc = CONVRELAY_ERROR;
    }

    if (rc != CONVRELAY_OK) {
        call->code = CONVRELAY_CALLER_EXIT_WEBHOOK;
    }

    return rc;
}


/* Twilio's form fields, and those of an action request after a session */

void
convrelay_caller_form(convrelay_caller_t *call, convrelay_caller_pairs_t *form,
    const char *status)
{
    char    name[32];
    size_t  i, j;

    static const char  *ends[] = { "From", "Caller", "To", "Called" };
    static const char  *geo[] = { "City", "State", "Zip", "Country" };

    convrelay_caller_pairs_free(form);

    convrelay_caller_pairs_add(form, "CallSid", call->ident.call_sid);
    convrelay_caller_pairs_add(form, "AccountSid", call->ident.account_sid);
    convrelay_caller_pairs_add(form, "From", call->ident.from);
    convrelay_caller_pairs_add(form, "Caller", call->ident.from);
    convrelay_caller_pairs_add(form, "To", call->ident.to);
    convrelay_caller_pairs_add(form, "Called", call->ident.to);
    convrelay_caller_pairs_add(form, "CallStatus", status == NULL ? "ringing"
                               : strcmp(status, "completed") == 0
                               ? "completed" : "in-progress");
    convrelay_caller_pairs_add(form, "Direction", call->ident.direction);
    convrelay_caller_pairs_add(form, "ApiVersion", "2010-04-01");

    for (i = 0; i < 4; i++) {

        for (j = 0; j < 4; j++) {
            snprintf(name, sizeof(name), "%s%s", ends[i], geo[j]);
            convrelay_caller_pairs_add(form, name, j == 3 ? "US" : "");
        }
    }

    convrelay_caller_merge(form, &call->options->form);

    if (status) {
        convrelay_caller_form_end(call, form, status);
    }
}


static void
convrelay_caller_form_end(convrelay_caller_t *call,
    convrelay_caller_pairs_t *form, const char *status)
{
    char      duration[24], number[12];
    unsigned  code;

    snprintf(duration, sizeof(duration), "%lld",
             (long long) ((call->now - call->begun_at) / 1000));

    convrelay_caller_pairs_add(form, "SessionId", call->ident.session_id);
    convrelay_caller_pairs_add(form, "SessionStatus", status);
    convrelay_caller_pairs_add(form, "SessionDuration", duration);

    if (call->ended && call->handoff.len) {
        convrelay_caller_pairs_add(form, "HandoffData", call->handoff.data);
    }

    if (strcmp(status, "failed") == 0) {
        code = call->dropped ? call->options->drop_code
                             : CONVRELAY_CALLER_SOCKET_ENDED;
        snprintf(number, sizeof(number), "%u", code);

        convrelay_caller_pairs_add(form, "ErrorCode", number);
        convrelay_caller_pairs_add(form, "ErrorMessage",
                                   convrelay_caller_error_message(code));
    }
}


/* a relay URL instead of a webhook acts as TwiML with just this URL */

static void
convrelay_caller_direct(convrelay_caller_t *call)
{
    call->direct = 1;
    call->twiml.connect = 1;
    call->twiml.tokens_played = 1;
    call->twiml.url = convrelay_caller_strdup(call->options->url);
    call->twiml.verbs = convrelay_caller_strdup("");
}


/* finds the address of the relay, and prepares the handshake */

int
convrelay_caller_aim(convrelay_caller_t *call)
{
    size_t                   i;
    const char              *error;
    convrelay_caller_url_t   u;

    convrelay_caller_target_free(&call->target);

    if (!call->redial) {
        convrelay_caller_sid(call->ident.session_id, "VX");
    }

    if (call->scenario) {
        convrelay_caller_parameters(call);
    }

    convrelay_caller_merge(&call->twiml.parameters, &call->options->parameters);

    if (convrelay_caller_target_init(&call->target, call->twiml.url,
                                     call->options->connect_to,
                                     call->options->plain, &error)
        != CONVRELAY_OK)
    {
        convrelay_caller_print_error("relay URL \"%s\"%s%s %s",
                                     call->twiml.url,
                                     call->options->connect_to
                                     ? " or --connect-to " : "",
                                     call->options->connect_to
                                     ? call->options->connect_to : "", error);
        call->code = CONVRELAY_CALLER_EXIT_CONNECT;
        return CONVRELAY_ERROR;
    }

    call->target.insecure = call->options->insecure;
    call->target.cacert = call->options->cacert;
    call->target.timeout = call->options->timeout;

    convrelay_caller_target_resolve(&call->target);

    if (call->direct && call->options->public_url
        && convrelay_caller_url_parse(&u, call->options->public_url, &error)
           == CONVRELAY_OK)
    {
        call->target.authority = convrelay_caller_strdup(u.authority);
        convrelay_caller_url_free(&u);
    }

    for (i = 0; i < call->options->headers.n; i++) {
        convrelay_caller_pairs_add(&call->target.headers,
                                   call->options->headers.elts[i].name,
                                   call->options->headers.elts[i].value);
    }

    if (call->options->auth_token) {
        convrelay_caller_seal(call);
    }

    return CONVRELAY_OK;
}


static void
convrelay_caller_seal(convrelay_caller_t *call)
{
    convrelay_caller_buf_t  url;

    memset(&url, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_relay_url(call, &url);

    call->target.signature = convrelay_caller_sign(call->options->auth_token,
                                                   url.data, NULL);
    convrelay_caller_buf_free(&url);
}


/* Twilio signs a relay URL as wss://, whatever the tunnel makes of it */

void
convrelay_caller_relay_url(const convrelay_caller_t *call,
    convrelay_caller_buf_t *url)
{
    size_t       len;
    const char  *public_url;

    public_url = call->direct ? call->options->public_url : NULL;

    if (public_url) {
        public_url = strstr(public_url, "://");
        len = strlen(public_url);

        if (public_url[len - 1] == '/') {
            len--;
        }

        convrelay_caller_buf_printf(url, "wss%.*s%s", (int) len, public_url,
                                    call->target.parsed.target);

    } else if (!call->target.parsed.tls) {
        convrelay_caller_buf_printf(url, "wss%s",
                                    strstr(call->twiml.url, "://"));

    } else {
        convrelay_caller_buf_str(url, call->twiml.url);
    }
}


/*
 * From a recording, only those that the TwiML does not have: the TwiML's own,
 * such as tickets, are made for this call.
 */

static void
convrelay_caller_parameters(convrelay_caller_t *call)
{
    size_t                     i;
    convrelay_caller_pair_t   *param;
    convrelay_caller_pairs_t  *params;

    params = &call->scenario->parameters;

    for (i = 0; i < params->n; i++) {
        param = &params->elts[i];

        if (call->options->replay
            && convrelay_caller_pairs_get(&call->twiml.parameters, param->name))
        {
            continue;
        }

        convrelay_caller_pairs_set(&call->twiml.parameters, param->name,
                                   strlen(param->name), param->value);
    }
}


int
convrelay_caller_action(convrelay_caller_t *call)
{
    int                       rc;
    char                     *url, *method;
    const char               *status;
    convrelay_caller_pairs_t  form;

    if (call->redial) {
        return CONVRELAY_OK;
    }

    if (call->twiml.action == NULL) {

        if (call->dropped || call->broken) {
            convrelay_caller_print_note(call->print, "(the call ends: there is "
                                        "no <Connect action>)");
        }

        return CONVRELAY_DONE;
    }

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));

    if (call->dropped) {
        status = "failed";

    } else {
        status = call->hung_up ? "completed" : call->ended ? "ended"
                                                           : "failed";
    }

    url = convrelay_caller_url_resolve(call->base, call->twiml.action);
    method = convrelay_caller_strdup(call->twiml.method ? call->twiml.method
                                                      : "POST");
    convrelay_caller_form(call, &form, status);

    if (strcmp(status, "failed") == 0) {
        (void) poll(NULL, 0, (int) call->options->action_delay);
    }

    rc = url ? convrelay_caller_webhook(call, url, method, &form)
             : CONVRELAY_ERROR;

    if (rc != CONVRELAY_OK) {
        call->code = CONVRELAY_CALLER_EXIT_WEBHOOK;

    } else {
        convrelay_caller_print_note(call->print, "action: SessionStatus %s, "
                                    "then %s", status, call->twiml.verbs[0]
                                    ? call->twiml.verbs : "nothing more");

        if (call->hung_up && !call->dropped) {
            rc = CONVRELAY_DONE;

        } else if (!call->twiml.connect) {
            convrelay_caller_print_note(call->print,
                                        call->twiml.verbs[0] == '\0'
                                        || strcmp(call->twiml.verbs, "<Hangup>")
                                           == 0
                                        ? "(the call ends)"
                                        : "(the call leaves the agent)");
            rc = CONVRELAY_DONE;
        }
    }

    call->ident.in_progress = 1;

    convrelay_caller_pairs_free(&form);
    free(method);
    free(url);

    return rc;
}


int
convrelay_caller_between(const convrelay_caller_t *call)
{
    return call->over && !call->last
           && (call->redial || call->twiml.action != NULL)
           && (call->dropped
               || (call->options->reconnect && !call->hung_up && !call->ended
                   && call->conn.error[0] == '\0'));
}


static void
convrelay_caller_merge(convrelay_caller_pairs_t *pairs,
    const convrelay_caller_pairs_t *more)
{
    size_t  i;

    for (i = 0; i < more->n; i++) {
        convrelay_caller_pairs_set(pairs, more->elts[i].name,
                                   strlen(more->elts[i].name),
                                   more->elts[i].value);
    }
}


void
convrelay_caller_forget(convrelay_caller_t *call)
{
    convrelay_caller_target_free(&call->target);
    convrelay_caller_twiml_free(&call->twiml);
    free(call->base);
    call->base = NULL;
}
