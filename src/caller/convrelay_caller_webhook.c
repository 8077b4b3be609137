
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's request for TwiML, and the answer to it.
 */


#include <strings.h>

#include "convrelay_caller_http.h"
#include "convrelay_caller_run.h"


#define CONVRELAY_CALLER_WEBHOOK    15000     /* ms */


static int convrelay_caller_request(convrelay_caller_t *call,
    convrelay_caller_fetch_t *f, convrelay_caller_route_t *r, const char *url);
static int convrelay_caller_route(convrelay_caller_t *call,
    convrelay_caller_route_t *r, const char *url);
static int convrelay_caller_same_server(const convrelay_caller_url_t *a,
    const convrelay_caller_url_t *b);
static int convrelay_caller_redirect(convrelay_caller_t *call,
    convrelay_caller_fetch_t *f, const char *url, unsigned hops);
static int convrelay_caller_refused(convrelay_caller_fetch_t *f,
    const convrelay_caller_route_t *r, const char *url);
static void convrelay_caller_warn(convrelay_caller_t *call,
    const convrelay_caller_fetch_t *f);


int
convrelay_caller_webhook(convrelay_caller_t *call, const char *url,
    const char *method, convrelay_caller_pairs_t *form)
{
    int                       rc;
    char                     *next;
    unsigned                  hops;
    convrelay_caller_fetch_t  f;
    convrelay_caller_route_t  r;

    memset(&f, 0, sizeof(convrelay_caller_fetch_t));
    memset(&r, 0, sizeof(convrelay_caller_route_t));

    next = convrelay_caller_strdup(url);
    f.form = form;
    f.get = (strcmp(method, "GET") == 0);

    for (hops = 1; /* void */ ; hops++) {
        rc = convrelay_caller_request(call, &f, &r, next);

        if (rc != CONVRELAY_OK || f.status / 100 != 3) {
            break;
        }

        rc = convrelay_caller_redirect(call, &f, next, hops);

        if (rc != CONVRELAY_OK) {
            break;
        }

        free(next);
        next = f.location;
        f.location = NULL;
    }

    if (rc == CONVRELAY_OK && f.status / 100 != 2) {
        rc = convrelay_caller_refused(&f, &r, next);
    }

    if (rc != CONVRELAY_OK) {
        goto done;
    }

    convrelay_caller_twiml_free(&call->twiml);
    rc = convrelay_caller_twiml_parse(&call->twiml, f.body.data, f.body.len);

    if (rc != CONVRELAY_OK) {
        convrelay_caller_print_error("%s %s: the TwiML %s", f.method, next,
                                     call->twiml.error);
        goto done;
    }

    convrelay_caller_print_note(call->print, "%s %s: %ld, %zu bytes of TwiML "
                                "in %lld ms", f.method, next, f.status,
                                f.body.len, (long long) f.time);

    convrelay_caller_warn(call, &f);

    free(call->base);
    call->base = next;
    next = NULL;

done:

    convrelay_caller_buf_free(&f.body);
    convrelay_caller_unroute(&r);
    free(f.location);
    free(next);

    return rc;
}


/* any HTTP answer is CONVRELAY_OK; no answer is printed */

static int
convrelay_caller_request(convrelay_caller_t *call, convrelay_caller_fetch_t *f,
    convrelay_caller_route_t *r, const char *url)
{
    int  rc;

    rc = convrelay_caller_prepare(call, f, r, url);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    rc = convrelay_caller_fetch(f);

    if (rc != CONVRELAY_OK) {
        convrelay_caller_print_error("%s %s: %s", f->method, url, f->error);
    }

    return rc;
}


int
convrelay_caller_prepare(convrelay_caller_t *call, convrelay_caller_fetch_t *f,
    convrelay_caller_route_t *r, const char *url)
{
    convrelay_caller_buf_free(&f->body);
    free(f->location);
    f->location = NULL;

    f->method = f->get ? "GET" : "POST";

    if (convrelay_caller_route(call, r, url) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    f->url = r->url.data;
    f->sign_url = r->sign.data;
    f->host = r->host.len ? r->host.data : NULL;
    f->token = call->options->auth_token;
    f->headers = &call->options->headers;
    f->insecure = call->options->insecure;
    f->cacert = call->options->cacert;
    f->timeout = CONVRELAY_CALLER_WEBHOOK;

    return CONVRELAY_OK;
}


/*
 * Plays the tunnel of --public-url in front of the server on the command
 * line: requests to that server name the public host and are signed for the
 * public URL, and requests to the public URL go to that server.
 */

static int
convrelay_caller_route(convrelay_caller_t *call, convrelay_caller_route_t *r,
    const char *url)
{
    int                      rc;
    size_t                   prefix;
    const char              *error;
    convrelay_caller_url_t   u, own, public;

    memset(&own, 0, sizeof(convrelay_caller_url_t));
    memset(&public, 0, sizeof(convrelay_caller_url_t));

    rc = convrelay_caller_url_parse(&u, url, &error);

    if (rc == CONVRELAY_OK && u.websocket) {
        error = "has a scheme other than http and https";
        rc = CONVRELAY_ERROR;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_caller_print_error("URL \"%s\" %s", url, error);
        convrelay_caller_url_free(&u);
        return CONVRELAY_ERROR;
    }

    convrelay_caller_unroute(r);
    convrelay_caller_buf_printf(&r->url, "%s://%s%s", u.scheme, u.authority,
                                u.target);
    convrelay_caller_buf_str(&r->sign, r->url.data);

    if (call->options->public_url == NULL
        || convrelay_caller_url_parse(&own, call->options->url, &error)
           != CONVRELAY_OK
        || convrelay_caller_url_parse(&public, call->options->public_url,
                                      &error)
           != CONVRELAY_OK)
    {
        goto done;
    }

    /* its path is a prefix of all others; "/" alone is none */

    prefix = strlen(public.target);

    if (public.target[prefix - 1] == '/') {
        public.target[--prefix] = '\0';
    }

    if (convrelay_caller_same_server(&u, &own)) {
        convrelay_caller_buf_reset(&r->sign);
        convrelay_caller_buf_printf(&r->sign, "%s://%s%s%s", public.scheme,
                                    public.authority, public.target, u.target);
        convrelay_caller_buf_str(&r->host, public.authority);

    } else if (convrelay_caller_same_server(&u, &public)
               && strncmp(u.target, public.target, prefix) == 0
               && u.target[prefix] == '/')
    {
        convrelay_caller_buf_reset(&r->url);
        convrelay_caller_buf_printf(&r->url, "%s://%s%s", own.scheme,
                                    own.authority, u.target + prefix);
        convrelay_caller_buf_str(&r->host, public.authority);
    }

done:

    convrelay_caller_url_free(&u);
    convrelay_caller_url_free(&own);
    convrelay_caller_url_free(&public);

    return CONVRELAY_OK;
}


static int
convrelay_caller_same_server(const convrelay_caller_url_t *a,
    const convrelay_caller_url_t *b)
{
    return a->tls == b->tls && strcasecmp(a->host, b->host) == 0
           && strcmp(a->port, b->port) == 0;
}


void
convrelay_caller_unroute(convrelay_caller_route_t *r)
{
    convrelay_caller_buf_free(&r->url);
    convrelay_caller_buf_free(&r->sign);
    convrelay_caller_buf_free(&r->host);
}


/*
 * Twilio follows these four and no other; by GET, and then without the form,
 * except for 307.
 */

static int
convrelay_caller_redirect(convrelay_caller_t *call,
    convrelay_caller_fetch_t *f, const char *url, unsigned hops)
{
    unsigned  dropped;

    static const convrelay_caller_pairs_t  none;

    if (f->status != 301 && f->status != 302 && f->status != 303
        && f->status != 307)
    {
        convrelay_caller_print_error("%s %s: the server answered %ld, which "
                                     "Twilio does not follow (Twilio alert "
                                     "11216)", f->method, url, f->status);
        return CONVRELAY_ERROR;
    }

    if (f->location == NULL) {
        convrelay_caller_print_error("%s %s: the server answered %ld without "
                                     "a \"Location\" (Twilio alert 11216)",
                                     f->method, url, f->status);
        return CONVRELAY_ERROR;
    }

    if (hops > CONVRELAY_CALLER_REDIRECTS) {
        convrelay_caller_print_error("%s %s: more than %u redirects (Twilio "
                                     "alert 11215)", f->method, url,
                                     CONVRELAY_CALLER_REDIRECTS);
        return CONVRELAY_ERROR;
    }

    dropped = (!f->get && f->status != 307);

    convrelay_caller_print_note(call->print, "%s %s: %ld, redirected to %s%s; "
                                             "it took %lld ms",
                                f->method, url, f->status, f->location,
                                dropped ? " by GET, without the form" : "",
                                (long long) f->time);

    if (f->get || dropped) {
        f->get = 1;
        f->form = &none;
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_refused(convrelay_caller_fetch_t *f,
    const convrelay_caller_route_t *r, const char *url)
{
    convrelay_caller_buf_t  b;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(&b);

    if (f->status == 403 && f->token) {
        convrelay_caller_buf_printf(&b, "; it was signed for \"%s\", see "
                                    "\"X-Twilio-Signature\" in the server's "
                                    "error log", r->sign.data);

    } else if (f->status == 403) {
        convrelay_caller_buf_str(&b, "; it was not signed: that needs "
                                     "--auth-token or TWILIO_AUTH_TOKEN");
    }

    convrelay_caller_print_error("%s %s: the server answered %ld (Twilio "
                                 "alert 11200)%s", f->method, url, f->status,
                                 b.data);
    convrelay_caller_buf_free(&b);

    return CONVRELAY_ERROR;
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
                                    "the TwiML has the type \"%s\", not "
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
    convrelay_caller_route_t  r;

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));
    memset(&f, 0, sizeof(convrelay_caller_fetch_t));
    memset(&r, 0, sizeof(convrelay_caller_route_t));

    if (convrelay_caller_route(call, &r, call->options->url) != CONVRELAY_OK) {
        return 0;
    }

    convrelay_caller_form(call, &form, NULL);

    f.url = r.url.data;
    f.sign_url = r.sign.data;
    f.host = r.host.len ? r.host.data : NULL;
    f.form = &form;
    f.token = token;
    f.headers = &call->options->headers;
    f.get = call->options->get;
    f.insecure = call->options->insecure;
    f.cacert = call->options->cacert;
    f.timeout = CONVRELAY_CALLER_WEBHOOK;

    (void) convrelay_caller_fetch(&f);

    convrelay_caller_buf_free(&f.body);
    convrelay_caller_pairs_free(&form);
    convrelay_caller_unroute(&r);
    free(f.location);

    return f.status;
}
