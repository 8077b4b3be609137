
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_http.h"
#include "convrelay_caller_sign.h"


static struct curl_slist *convrelay_caller_fetch_headers(
    const convrelay_caller_fetch_t *f, const char *sign_url);
static struct curl_slist *convrelay_caller_fetch_header(
    struct curl_slist *list, const char *name, const char *value);
static void convrelay_caller_fetch_encode(convrelay_caller_buf_t *b,
    const convrelay_caller_pairs_t *form);
static size_t convrelay_caller_fetch_body(char *data, size_t size, size_t n,
    void *arg);


int
convrelay_caller_fetch(convrelay_caller_fetch_t *f)
{
    if (convrelay_caller_fetch_start(f) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_fetch_end(f, curl_easy_perform(f->curl));
}


int
convrelay_caller_fetch_start(convrelay_caller_fetch_t *f)
{
    CURL                   *curl;
    convrelay_caller_buf_t  url, sign;

    memset(&url, 0, sizeof(convrelay_caller_buf_t));
    memset(&sign, 0, sizeof(convrelay_caller_buf_t));
    memset(&f->post, 0, sizeof(convrelay_caller_buf_t));
    memset(&f->body, 0, sizeof(convrelay_caller_buf_t));

    curl = curl_easy_init();

    if (curl == NULL) {
        snprintf(f->error, sizeof(f->error), "libcurl failed");
        return CONVRELAY_ERROR;
    }

    f->errbuf[0] = '\0';
    convrelay_caller_buf_reset(&f->body);
    convrelay_caller_fetch_encode(&f->post, f->form);
    convrelay_caller_buf_add(&url, f->url, strcspn(f->url, "#"));
    convrelay_caller_buf_str(&sign, f->sign_url);

    if (f->get && f->post.len) {
        convrelay_caller_buf_printf(&sign, "%c%s",
                                    strchr(sign.data, '?') ? '&' : '?',
                                    f->post.data);
        convrelay_caller_buf_printf(&url, "%c%s",
                                    strchr(url.data, '?') ? '&' : '?',
                                    f->post.data);
    }

    f->curl = curl;
    f->list = convrelay_caller_fetch_headers(f, sign.data);

    if (!f->get) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->post.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long) f->post.len);
    }

    curl_easy_setopt(curl, CURLOPT_URL, url.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, f->list);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "TwilioProxy/1.1");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) f->timeout);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, f->errbuf);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, convrelay_caller_fetch_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);

    if (f->direct) {
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }

    convrelay_caller_tls(curl, f->insecure, f->cacert);

    convrelay_caller_buf_free(&url);
    convrelay_caller_buf_free(&sign);

    return CONVRELAY_OK;
}


int
convrelay_caller_fetch_end(convrelay_caller_fetch_t *f, CURLcode rc)
{
    char        *type, *location;
    curl_off_t   time;

    if (rc == CURLE_OK) {
        type = NULL;
        location = NULL;
        time = 0;
        curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->status);
        curl_easy_getinfo(f->curl, CURLINFO_CONTENT_TYPE, &type);
        curl_easy_getinfo(f->curl, CURLINFO_TOTAL_TIME_T, &time);
        curl_easy_getinfo(f->curl, CURLINFO_REDIRECT_URL, &location);
        snprintf(f->type, sizeof(f->type), "%s", type ? type : "");
        f->time = time / 1000;
        f->location = location ? convrelay_caller_strdup(location) : NULL;

    } else {
        snprintf(f->error, sizeof(f->error), "%s%s",
                 f->errbuf[0] ? f->errbuf : curl_easy_strerror(rc),
                 convrelay_caller_tls_hint(rc, f->errbuf));
    }

    curl_slist_free_all(f->list);
    curl_easy_cleanup(f->curl);
    convrelay_caller_buf_free(&f->post);
    f->curl = NULL;
    f->list = NULL;

    return (rc == CURLE_OK) ? CONVRELAY_OK : CONVRELAY_ERROR;
}


void
convrelay_caller_tls(CURL *curl, unsigned insecure, const char *cacert)
{
    if (cacert) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, cacert);
    }

    if (insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}


const char *
convrelay_caller_tls_hint(CURLcode rc, const char *error)
{
    if (rc == CURLE_PEER_FAILED_VERIFICATION) {
        return "; --cacert FILE trusts it, --insecure does not verify it";
    }

    if (rc == CURLE_SSL_CONNECT_ERROR && strstr(error, "wrong version number"))
    {
        return "; the server does not speak TLS";
    }

    return "";
}


/* those of --header replace the caller's own of that name */

static struct curl_slist *
convrelay_caller_fetch_headers(const convrelay_caller_fetch_t *f,
    const char *sign_url)
{
    char               *signature;
    size_t              i;
    struct curl_slist  *list;

    list = NULL;

    if (!convrelay_caller_pairs_has(f->headers, "Accept")) {
        list = convrelay_caller_fetch_header(list, "Accept", "*/*");
    }

    if (f->host && !convrelay_caller_pairs_has(f->headers, "Host")) {
        list = convrelay_caller_fetch_header(list, "Host", f->host);
    }

    if (f->token
        && !convrelay_caller_pairs_has(f->headers, "X-Twilio-Signature"))
    {
        signature = convrelay_caller_sign(f->token, sign_url,
                                          f->get ? NULL : f->form);
        list = convrelay_caller_fetch_header(list, "X-Twilio-Signature",
                                             signature);
        free(signature);
    }

    for (i = 0; i < f->headers->n; i++) {
        list = convrelay_caller_fetch_header(list, f->headers->elts[i].name,
                                             f->headers->elts[i].value);
    }

    return list;
}


/* without a value libcurl leaves its own header of that name out */

static struct curl_slist *
convrelay_caller_fetch_header(struct curl_slist *list, const char *name,
    const char *value)
{
    convrelay_caller_buf_t  b;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_printf(&b, "%s:%s%s", name, value[0] ? " " : "",
                                value);
    list = curl_slist_append(list, b.data);
    convrelay_caller_buf_free(&b);

    return list;
}


static void
convrelay_caller_fetch_encode(convrelay_caller_buf_t *b,
    const convrelay_caller_pairs_t *form)
{
    size_t        i;
    const char   *p, *end;
    const char  **side, *sides[2];

    convrelay_caller_buf_reset(b);

    for (i = 0; i < form->n; i++) {
        sides[0] = form->elts[i].name;
        sides[1] = form->elts[i].value;

        for (side = sides; side < sides + 2; side++) {

            if (side == sides + 1) {
                convrelay_caller_buf_str(b, "=");

            } else if (i) {
                convrelay_caller_buf_str(b, "&");
            }

            end = *side + strlen(*side);

            for (p = *side; p < end; p++) {

                if ((*p >= '0' && *p <= '9') || strchr("-_.", *p)
                    || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
                {
                    convrelay_caller_buf_add(b, p, 1);
                    continue;
                }

                convrelay_caller_buf_printf(b, "%%%02X", (u_char) *p);
            }
        }
    }
}


static size_t
convrelay_caller_fetch_body(char *data, size_t size, size_t n, void *arg)
{
    convrelay_caller_fetch_t  *f = arg;

    if (f->body.len + size * n > CONVRELAY_CALLER_MAX_TWIML) {
        return 0;
    }

    convrelay_caller_buf_add(&f->body, data, size * n);

    return size * n;
}
