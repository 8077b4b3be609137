
/*
 * Copyright (C) convrelay contributors
 *
 * A call of a load that has lost its connection: the action request, and a
 * session that goes on with the call.  The same for the webhook request of a
 * call that has TwiML of its own.  The requests of all calls run at the same
 * time, on the loop that the calls run on.
 */


#include <sys/epoll.h>

#include "convrelay_caller_load.h"


#define CONVRELAY_CALLER_LOAD_REQUESTS  64      /* connections for them */
#define CONVRELAY_CALLER_LOAD_SESSIONS  32      /* in a row without a token */


static void convrelay_caller_load_again(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_ask_action(convrelay_caller_load_call_t *c,
    const char *status);
static void convrelay_caller_load_request(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_answer(convrelay_caller_load_call_t *c,
    CURLcode rc);
static unsigned convrelay_caller_load_stale(
    convrelay_caller_load_again_t *again, CURLcode rc);
static void convrelay_caller_load_connect(convrelay_caller_load_call_t *c);
static void convrelay_caller_load_nowhere(convrelay_caller_load_call_t *c,
    const char *text);
static int convrelay_caller_load_socket_handler(CURL *curl, curl_socket_t fd,
    int what, void *data, void *socket);
static int convrelay_caller_load_timer_handler(CURLM *multi, long ms,
    void *data);


int
convrelay_caller_load_http_init(convrelay_caller_load_t *load)
{
    load->multi = curl_multi_init();
    load->multi_due = INT64_MAX;

    if (load->multi == NULL) {
        return CONVRELAY_ERROR;
    }

    curl_multi_setopt(load->multi, CURLMOPT_SOCKETFUNCTION,
                      convrelay_caller_load_socket_handler);
    curl_multi_setopt(load->multi, CURLMOPT_SOCKETDATA, load);
    curl_multi_setopt(load->multi, CURLMOPT_TIMERFUNCTION,
                      convrelay_caller_load_timer_handler);
    curl_multi_setopt(load->multi, CURLMOPT_TIMERDATA, load);
    curl_multi_setopt(load->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long) CONVRELAY_CALLER_LOAD_REQUESTS);

    return CONVRELAY_OK;
}


void
convrelay_caller_load_http(convrelay_caller_load_t *load, int fd,
    unsigned events)
{
    int                            n;
    char                          *private;
    CURL                          *curl;
    CURLMsg                       *message;
    CURLcode                       rc;
    convrelay_caller_load_call_t  *c;

    if (fd == -1) {
        load->multi_due = INT64_MAX;
        curl_multi_socket_action(load->multi, CURL_SOCKET_TIMEOUT, 0, &n);

    } else {
        curl_multi_socket_action(load->multi, fd,
                                 (events & EPOLLIN ? CURL_CSELECT_IN : 0)
                                 | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                                 | (events & (EPOLLERR|EPOLLHUP)
                                    ? CURL_CSELECT_ERR : 0), &n);
    }

    for ( ;; ) {
        message = curl_multi_info_read(load->multi, &n);

        if (message == NULL) {
            return;
        }

        if (message->msg != CURLMSG_DONE) {
            continue;
        }

        curl = message->easy_handle;
        rc = message->data.result;

        curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
        curl_multi_remove_handle(load->multi, curl);

        c = (convrelay_caller_load_call_t *) private;
        convrelay_caller_load_answer(c, rc);

        if (c->state != CONVRELAY_CALLER_LOAD_DONE) {
            convrelay_caller_load_watch(c);
        }
    }
}


/* a socket's events are told from a call's by their lowest bit */

static int
convrelay_caller_load_socket_handler(CURL *curl, curl_socket_t fd, int what,
    void *data, void *socket)
{
    convrelay_caller_load_t *load = data;

    struct epoll_event  ee;

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.data.u64 = ((uint64_t) fd << 1) | 1;

    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(load->epoll, EPOLL_CTL_DEL, fd, &ee);
        return 0;
    }

    if (what != CURL_POLL_OUT) {
        ee.events |= EPOLLIN;
    }

    if (what != CURL_POLL_IN) {
        ee.events |= EPOLLOUT;
    }

    epoll_ctl(load->epoll, socket ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ee);
    curl_multi_assign(load->multi, fd, load);

    return 0;
}


static int
convrelay_caller_load_timer_handler(CURLM *multi, long ms, void *data)
{
    convrelay_caller_load_t *load = data;

    load->multi_due = (ms < 0) ? INT64_MAX : load->now + ms * 1000;

    return 0;
}


void
convrelay_caller_load_ask_twiml(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_again_t  *again;

    c->first = 1;
    c->fd = -1;
    c->conn.fd = -1;
    convrelay_caller_sid(c->call_sid, "CA");
    convrelay_caller_load_again(c);

    again = c->again;
    again->call.ident.in_progress = 0;
    again->url = convrelay_caller_strdup(c->load->dial->options->url);
    again->fetch.get = c->load->dial->options->get;

    convrelay_caller_form(&again->call, &again->form, NULL);
    again->fetch.form = &again->form;

    convrelay_caller_load_request(c);
}


void
convrelay_caller_load_lose(convrelay_caller_load_call_t *c, unsigned dropped)
{
    int64_t                         delay;
    convrelay_caller_load_t        *load;
    convrelay_caller_load_again_t  *again;

    load = c->load;

    if (dropped) {
        load->drops++;

    } else {
        load->losses++;
    }

    convrelay_caller_load_again(c);

    again = c->again;
    again->call.dropped = dropped;
    again->idle = (c->session_tokens == 0) ? again->idle + 1 : 0;

    if (c->state == CONVRELAY_CALLER_LOAD_ANSWER) {
        load->pending += !c->pending;
        c->pending = 1;

    } else if (c->state == CONVRELAY_CALLER_LOAD_CUT && c->open) {
        c->open = 0;
    }

    convrelay_caller_load_timer(c, 0);
    convrelay_caller_conn_free(&c->conn, dropped);

    c->act = CONVRELAY_CALLER_ACT_NONE;
    c->over = 0;
    c->ponged = 0;
    c->fd = -1;
    c->events = 0;
    c->lost_at = convrelay_caller_now_us();
    c->session_tokens = 0;

    if (again->idle > CONVRELAY_CALLER_LOAD_SESSIONS) {
        convrelay_caller_load_gone(c, "the sessions of a call ended before "
                                      "anything was said");
        return;
    }

    c->state = CONVRELAY_CALLER_LOAD_LOST;
    delay = load->dial->options->action_delay * 1000;
    convrelay_caller_load_timer(c, delay > 0 ? delay : 1);
}


static void
convrelay_caller_load_again(convrelay_caller_load_call_t *c)
{
    convrelay_caller_t  *call, *dial;

    if (c->again) {
        return;
    }

    c->again = convrelay_caller_alloc(sizeof(convrelay_caller_load_again_t));

    dial = c->load->dial;
    call = &c->again->call;

    call->options = dial->options;
    call->print = dial->print;
    call->ident = dial->ident;
    call->ident.in_progress = 1;
    call->begun_at = c->start_at / 1000;

    memcpy(call->ident.call_sid, c->call_sid, sizeof(c->call_sid));
    memcpy(call->ident.session_id, c->session_id, sizeof(c->session_id));
}


void
convrelay_caller_load_over(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_t   *load;
    const convrelay_caller_t  *from;

    load = c->load;
    from = (c->again && c->again->call.base) ? &c->again->call : load->dial;

    if ((!load->dial->options->reconnect && load->options->drop == 0)
        || from->twiml.action == NULL)
    {
        convrelay_caller_load_end(c, 0);
        return;
    }

    convrelay_caller_load_timer(c, 0);
    convrelay_caller_conn_free(&c->conn, 0);

    c->fd = -1;
    c->events = 0;
    c->state = CONVRELAY_CALLER_LOAD_OVER;

    convrelay_caller_load_again(c);

    c->again->call.dropped = 0;
    convrelay_caller_load_ask_action(c, c->ended ? "ended" : "completed");
}


/* the call is lost: it has no way back */

void
convrelay_caller_load_gone(convrelay_caller_load_call_t *c, const char *text)
{
    c->load->gone++;
    convrelay_caller_load_fail(c, text);
}


void
convrelay_caller_load_action(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_ask_action(c, "failed");
}


static void
convrelay_caller_load_ask_action(convrelay_caller_load_call_t *c,
    const char *status)
{
    char                           *url;
    const convrelay_caller_t       *from;
    convrelay_caller_load_again_t  *again;

    again = c->again;

    from = again->call.base ? &again->call : c->load->dial;

    if (from->twiml.action == NULL) {
        convrelay_caller_load_gone(c, "the TwiML has no action to connect a "
                                      "call again");
        return;
    }

    url = convrelay_caller_url_resolve(from->base, from->twiml.action);

    if (url == NULL) {
        convrelay_caller_load_gone(c, "the URL of the action is invalid");
        return;
    }

    again->call.now = convrelay_caller_now();
    again->hops = 0;
    again->fresh = 0;
    again->url = url;
    again->fetch.get = (from->twiml.method
                        && strcmp(from->twiml.method, "GET") == 0);

    convrelay_caller_form(&again->call, &again->form, status);
    again->fetch.form = &again->form;

    convrelay_caller_load_request(c);
}


static void
convrelay_caller_load_request(convrelay_caller_load_call_t *c)
{
    convrelay_caller_fetch_t       *f;
    convrelay_caller_load_again_t  *again;

    again = c->again;
    f = &again->fetch;

    if (convrelay_caller_prepare(&again->call, f, &again->route, again->url)
        != CONVRELAY_OK
        || convrelay_caller_fetch_start(f) != CONVRELAY_OK)
    {
        convrelay_caller_load_nowhere(c, " cannot be requested");
        return;
    }

    curl_easy_setopt(f->curl, CURLOPT_PRIVATE, c);
    curl_easy_setopt(f->curl, CURLOPT_FRESH_CONNECT, (long) again->fresh);
    curl_multi_add_handle(c->load->multi, f->curl);
}


/* redirects as convrelay_caller_webhook() follows them */

static void
convrelay_caller_load_answer(convrelay_caller_load_call_t *c, CURLcode rc)
{
    char                            text[96];
    unsigned                        stale;
    convrelay_caller_fetch_t       *f;
    convrelay_caller_load_again_t  *again;

    static const convrelay_caller_pairs_t  none;

    again = c->again;
    f = &again->fetch;
    stale = convrelay_caller_load_stale(again, rc);

    if (convrelay_caller_fetch_end(f, rc) != CONVRELAY_OK) {

        if (stale) {
            again->fresh = 1;
            convrelay_caller_load_request(c);
            return;
        }

        snprintf(text, sizeof(text), "%s: %.80s",
                 c->first ? "webhook" : "action", f->error);

        if (c->first) {
            convrelay_caller_load_fail(c, text);

        } else {
            convrelay_caller_load_gone(c, text);
        }

        return;
    }

    if ((f->status == 301 || f->status == 302 || f->status == 303
         || f->status == 307)
        && f->location && ++again->hops <= CONVRELAY_CALLER_REDIRECTS)
    {
        if (f->get || f->status != 307) {
            f->get = 1;
            f->form = &none;
        }

        free(again->url);
        again->url = f->location;
        f->location = NULL;
        convrelay_caller_load_request(c);
        return;
    }

    if (f->status / 100 != 2) {
        snprintf(text, sizeof(text), " answered %ld", f->status);
        convrelay_caller_load_nowhere(c, text);
        return;
    }

    if (c->state == CONVRELAY_CALLER_LOAD_OVER) {
        convrelay_caller_load_end(c, 0);
        return;
    }

    convrelay_caller_twiml_free(&again->call.twiml);

    if (convrelay_caller_twiml_parse(&again->call.twiml, f->body.data,
                                     f->body.len)
        != CONVRELAY_OK)
    {
        convrelay_caller_load_nowhere(c, "'s answer is not TwiML");
        return;
    }

    if (!again->call.twiml.connect) {
        convrelay_caller_load_nowhere(c, c->first
                                      ? " did not connect a call"
                                      : " did not connect a call again");
        return;
    }

    free(again->call.base);
    again->call.base = again->url;
    again->url = NULL;

    convrelay_caller_load_connect(c);
}


/*
 * The server has closed a kept connection just when it was used again: as with
 * any client, the request is sent once more on a new one.
 */

static unsigned
convrelay_caller_load_stale(convrelay_caller_load_again_t *again, CURLcode rc)
{
    long  connects;

    if (again->fresh
        || (rc != CURLE_SEND_ERROR && rc != CURLE_RECV_ERROR
            && rc != CURLE_GOT_NOTHING))
    {
        return 0;
    }

    connects = 1;
    curl_easy_getinfo(again->fetch.curl, CURLINFO_NUM_CONNECTS, &connects);

    return connects == 0;
}


static void
convrelay_caller_load_connect(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_again_t  *again;

    again = c->again;

    if (convrelay_caller_aim(&again->call) != CONVRELAY_OK) {
        convrelay_caller_load_nowhere(c, " has an invalid relay URL");
        return;
    }

    c->state = CONVRELAY_CALLER_LOAD_CONNECT;

    if (c->first) {
        c->start_at = convrelay_caller_now_us();
    }

    if (convrelay_caller_conn_open(&c->conn, &again->call.target)
        == CONVRELAY_ERROR)
    {
        if (c->first) {
            convrelay_caller_load_fail(c, c->conn.error);

        } else {
            convrelay_caller_load_gone(c, c->conn.error);
        }

        return;
    }

    convrelay_caller_load_watch(c);
    convrelay_caller_load_timer(c, c->load->dial->options->timeout * 1000);
}


static void
convrelay_caller_load_nowhere(convrelay_caller_load_call_t *c, const char *text)
{
    char  line[96];

    snprintf(line, sizeof(line), "the %s%.80s",
             c->first ? "webhook" : "action", text);

    if (c->first) {
        convrelay_caller_load_fail(c, line);

    } else {
        convrelay_caller_load_gone(c, line);
    }
}


void
convrelay_caller_load_again_free(convrelay_caller_load_call_t *c)
{
    convrelay_caller_load_again_t  *again;

    again = c->again;

    if (again == NULL) {
        return;
    }

    if (again->fetch.curl) {
        curl_multi_remove_handle(c->load->multi, again->fetch.curl);
        (void) convrelay_caller_fetch_end(&again->fetch, CURLE_OK);
    }

    convrelay_caller_unroute(&again->route);
    convrelay_caller_pairs_free(&again->form);
    convrelay_caller_buf_free(&again->fetch.body);
    convrelay_caller_forget(&again->call);
    free(again->fetch.location);
    free(again->url);
    free(again);

    c->again = NULL;
}
