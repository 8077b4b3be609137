
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's request for TwiML, and the answer to it.
 */


#include "convrelay_caller_http.h"
#include "convrelay_caller_run.h"


#define CONVRELAY_CALLER_WEBHOOK  15000     /* ms */


static void convrelay_caller_warn(convrelay_caller_t *call,
    const convrelay_caller_fetch_t *f);


int
convrelay_caller_webhook(convrelay_caller_t *call, const char *url,
    const char *method, convrelay_caller_pairs_t *form)
{
    int                       rc;
    const char               *error;
    convrelay_caller_url_t    u;
    convrelay_caller_buf_t    sign;
    convrelay_caller_fetch_t  f;

    memset(&f, 0, sizeof(convrelay_caller_fetch_t));
    memset(&sign, 0, sizeof(convrelay_caller_buf_t));

    if (convrelay_caller_url_parse(&u, url, &error) != CONVRELAY_OK) {
        convrelay_caller_print_error("URL \"%s\" %s", url, error);
        return CONVRELAY_ERROR;
    }

    if (call->options->public_url) {
        convrelay_caller_buf_printf(&sign, "%s%s", call->options->public_url,
                                    u.target);
        f.sign_url = sign.data;
    }

    convrelay_caller_url_free(&u);

    f.url = url;
    f.form = form;
    f.token = call->options->auth_token;
    f.headers = &call->options->headers;
    f.get = (strcmp(method, "GET") == 0);
    f.insecure = call->options->insecure;
    f.timeout = CONVRELAY_CALLER_WEBHOOK;

    rc = convrelay_caller_fetch(&f);

    if (rc != CONVRELAY_OK) {
        convrelay_caller_print_error("%s %s: %s", method, url, f.error);
        goto done;
    }

    if (f.status != 200) {
        convrelay_caller_print_error("%s %s: the server answered %ld (Twilio "
                                     "alert 11200)", method, url, f.status);
        rc = CONVRELAY_ERROR;
        goto done;
    }

    convrelay_caller_twiml_free(&call->twiml);
    rc = convrelay_caller_twiml_parse(&call->twiml, f.body.data, f.body.len);

    if (rc != CONVRELAY_OK) {
        convrelay_caller_print_error("%s %s: the TwiML %s", method, url,
                                     call->twiml.error);
        goto done;
    }

    convrelay_caller_print_note(call->print, "%s %s: %ld, %zu bytes of TwiML "
                                "in %lld ms", method, url, f.status,
                                f.body.len, (long long) f.time);

    convrelay_caller_warn(call, &f);

done:

    convrelay_caller_buf_free(&f.body);
    convrelay_caller_buf_free(&sign);

    return rc;
}


static void
convrelay_caller_warn(convrelay_caller_t *call,
    const convrelay_caller_fetch_t *f)
{
    char  *line, *next;

    if (strncmp(f->type, "text/xml", 8) != 0
        && strncmp(f->type, "application/xml", 15) != 0)
    {
        convrelay_caller_buf_printf(&call->twiml.warnings,
                                    "the TwiML comes as \"%s\", not as "
                                    "text/xml\n", f->type);
    }

    if (call->options->no_warnings) {
        return;
    }

    for (line = call->twiml.warnings.data; line && *line; line = next + 1) {
        next = strchr(line, '\n');
        convrelay_caller_print_error("warning: %.*s", (int) (next - line),
                                     line);
    }
}


long
convrelay_caller_knock(convrelay_caller_t *call, const char *token)
{
    convrelay_caller_pairs_t  form;
    convrelay_caller_fetch_t  f;

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));
    memset(&f, 0, sizeof(convrelay_caller_fetch_t));

    convrelay_caller_form(call, &form, NULL);

    f.url = call->options->url;
    f.form = &form;
    f.token = token;
    f.headers = &call->options->headers;
    f.get = call->options->get;
    f.insecure = call->options->insecure;
    f.timeout = CONVRELAY_CALLER_WEBHOOK;

    (void) convrelay_caller_fetch(&f);

    convrelay_caller_buf_free(&f.body);
    convrelay_caller_pairs_free(&form);

    return f.status;
}
