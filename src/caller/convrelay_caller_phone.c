
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's REST API, version 2010-04-01: Calls.json places a call, and
 * Calls/SID.json reads its status or ends it.  The keys come from the
 * environment, where a list of processes does not show them, and are never
 * printed.
 */


#include <getopt.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <unistd.h>

#include "convrelay_caller_help.h"
#include "convrelay_caller_http.h"
#include "convrelay_caller_phone.h"


#define CONVRELAY_CALLER_PHONE_API      "https://api.twilio.com"
#define CONVRELAY_CALLER_PHONE_TIMEOUT  30000   /* ms, of a request */
#define CONVRELAY_CALLER_PHONE_LOOK     1000    /* ms, between two of them */
#define CONVRELAY_CALLER_PHONE_LOST     10      /* of them in a row */
#define CONVRELAY_CALLER_PHONE_SID      34      /* AC..., CA...: characters */


enum {
    CONVRELAY_CALLER_PHONE_FROM = 256,
    CONVRELAY_CALLER_PHONE_TO,
    CONVRELAY_CALLER_PHONE_GET,
    CONVRELAY_CALLER_PHONE_YES,
    CONVRELAY_CALLER_PHONE_CACERT
};


typedef struct {
    convrelay_caller_print_t  *print;
    const char                *url;         /* the webhook's, for Twilio */
    const char                *from;
    const char                *to;
    const char                *cacert;      /* of the API, or NULL */
    const char                *account;     /* SID */
    const char                *api;         /* where the API is */
    convrelay_caller_pairs_t   headers;
    char                       sid[CONVRELAY_CALLER_PHONE_SID + 1];
    char                       status[32];  /* in Twilio's words */
    char                       duration[16];
    unsigned                   get:1;
    unsigned                   yes:1;
    unsigned                   ending:1;    /* was asked to hang up */
    unsigned                   tries;       /* to do so */
} convrelay_caller_phone_t;


static int convrelay_caller_phone_options(convrelay_caller_phone_t *phone,
    int argc, char *const *argv);
static int convrelay_caller_phone_check(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_number(const char *option,
    const char *number);
static int convrelay_caller_phone_keys(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_api(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_sid(const char *sid, const char *prefix);
static void convrelay_caller_phone_basic(convrelay_caller_phone_t *phone,
    const char *user, const char *password);
static int convrelay_caller_phone_ask(convrelay_caller_phone_t *phone);
static void convrelay_caller_phone_signals(void);
static int convrelay_caller_phone_place(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_follow(convrelay_caller_phone_t *phone);
static void convrelay_caller_phone_end(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_over(convrelay_caller_phone_t *phone);
static int convrelay_caller_phone_request(convrelay_caller_phone_t *phone,
    const convrelay_caller_pairs_t *form, unsigned post);
static int convrelay_caller_phone_read(convrelay_caller_phone_t *phone,
    const convrelay_caller_fetch_t *f);
static void convrelay_caller_phone_refused(const convrelay_caller_fetch_t *f,
    const cJSON *root);
static const char *convrelay_caller_phone_string(const cJSON *root,
    const char *name);
static void convrelay_caller_phone_handler(int signo);


static const struct option  convrelay_caller_phone_table[] = {
    { "from", required_argument, NULL, CONVRELAY_CALLER_PHONE_FROM },
    { "to", required_argument, NULL, CONVRELAY_CALLER_PHONE_TO },
    { "get", no_argument, NULL, CONVRELAY_CALLER_PHONE_GET },
    { "yes", no_argument, NULL, CONVRELAY_CALLER_PHONE_YES },
    { "cacert", required_argument, NULL, CONVRELAY_CALLER_PHONE_CACERT },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static volatile sig_atomic_t  convrelay_caller_phone_stop;


int
convrelay_caller_phone(int argc, char *const *argv,
    convrelay_caller_print_t *print)
{
    int                       rc;
    convrelay_caller_phone_t  phone;

    memset(&phone, 0, sizeof(convrelay_caller_phone_t));
    phone.print = print;

    rc = convrelay_caller_phone_options(&phone, argc, argv);

    if (rc == CONVRELAY_DONE) {
        return CONVRELAY_CALLER_EXIT_OK;
    }

    if (rc != CONVRELAY_OK
        || convrelay_caller_phone_check(&phone) != CONVRELAY_OK
        || convrelay_caller_phone_keys(&phone) != CONVRELAY_OK)
    {
        convrelay_caller_pairs_free(&phone.headers);
        return CONVRELAY_CALLER_EXIT_USAGE;
    }

    rc = convrelay_caller_phone_ask(&phone);

    if (rc == CONVRELAY_OK) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        convrelay_caller_phone_signals();

        rc = convrelay_caller_phone_place(&phone);

        if (rc == CONVRELAY_OK) {
            rc = convrelay_caller_phone_follow(&phone);

        } else {
            rc = CONVRELAY_CALLER_EXIT_CONNECT;
        }

        curl_global_cleanup();

    } else {
        rc = CONVRELAY_CALLER_EXIT_USAGE;
    }

    convrelay_caller_pairs_free(&phone.headers);

    return rc;
}


static int
convrelay_caller_phone_options(convrelay_caller_phone_t *phone, int argc,
    char *const *argv)
{
    int  opt;

    while ((opt = getopt_long(argc, argv, "h", convrelay_caller_phone_table,
                              NULL))
           != -1)
    {
        switch (opt) {

        case CONVRELAY_CALLER_PHONE_FROM:
            phone->from = optarg;
            break;

        case CONVRELAY_CALLER_PHONE_TO:
            phone->to = optarg;
            break;

        case CONVRELAY_CALLER_PHONE_GET:
            phone->get = 1;
            break;

        case CONVRELAY_CALLER_PHONE_YES:
            phone->yes = 1;
            break;

        case CONVRELAY_CALLER_PHONE_CACERT:
            phone->cacert = optarg;
            break;

        case 'h':
            convrelay_caller_help(stdout);
            return CONVRELAY_DONE;

        default:
            return CONVRELAY_ERROR;
        }
    }

    if (optind != argc - 1) {
        convrelay_caller_print_error("dial needs one URL, that of the TwiML "
                                     "webhook; try --help");
        return CONVRELAY_ERROR;
    }

    phone->url = argv[optind];

    return CONVRELAY_OK;
}


static int
convrelay_caller_phone_check(convrelay_caller_phone_t *phone)
{
    if (strncasecmp(phone->url, "https://", 8) != 0
        && strncasecmp(phone->url, "http://", 7) != 0)
    {
        convrelay_caller_print_error("dial needs the URL of the TwiML webhook, "
                                     "https://HOST/PATH, which Twilio "
                                     "requests: \"%s\"", phone->url);
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_phone_number("--to", phone->to) != CONVRELAY_OK
        || convrelay_caller_phone_number("--from", phone->from)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


/* E.164 */

static int
convrelay_caller_phone_number(const char *option, const char *number)
{
    size_t  len;

    if (number == NULL) {
        convrelay_caller_print_error("dial needs %s NUMBER", option);
        return CONVRELAY_ERROR;
    }

    len = strlen(number);

    if (len < 3 || len > 16 || number[0] != '+' || number[1] == '0'
        || strspn(number + 1, "0123456789") != len - 1)
    {
        convrelay_caller_print_error("%s \"%s\" is not a number with its "
                                     "country code, such as +15550100001",
                                     option, number);
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


/* the account, and its token or a pair of an API key and its secret */

static int
convrelay_caller_phone_keys(convrelay_caller_phone_t *phone)
{
    const char  *key, *secret, *token;

    phone->account = getenv("TWILIO_ACCOUNT_SID");
    token = getenv("TWILIO_AUTH_TOKEN");
    key = getenv("TWILIO_API_KEY");
    secret = getenv("TWILIO_API_SECRET");

    if (phone->account == NULL
        || convrelay_caller_phone_sid(phone->account, "AC") != CONVRELAY_OK)
    {
        convrelay_caller_print_error("TWILIO_ACCOUNT_SID %s", phone->account
                                     ? "is not an account's: AC and 32 hex "
                                       "digits"
                                     : "is not set");
        return CONVRELAY_ERROR;
    }

    if (key && key[0] && secret && secret[0]) {
        convrelay_caller_phone_basic(phone, key, secret);

    } else if ((key && key[0]) || (secret && secret[0])) {
        convrelay_caller_print_error("of TWILIO_API_KEY and TWILIO_API_SECRET, "
                                     "only one is set");
        return CONVRELAY_ERROR;

    } else if (token && token[0]) {
        convrelay_caller_phone_basic(phone, phone->account, token);

    } else {
        convrelay_caller_print_error("neither TWILIO_AUTH_TOKEN is set, nor "
                                     "TWILIO_API_KEY and TWILIO_API_SECRET");
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_phone_api(phone);
}


/* the keys do not leave the machine in the clear */

static int
convrelay_caller_phone_api(convrelay_caller_phone_t *phone)
{
    size_t       i, len;
    const char  *api;

    static const char  *local[] = {
        "http://127.0.0.1", "http://localhost", "http://[::1]"
    };

    api = getenv("CONVRELAY_CALL_API");
    phone->api = (api && api[0]) ? api : CONVRELAY_CALLER_PHONE_API;

    if (strncmp(phone->api, "https://", 8) == 0) {
        return CONVRELAY_OK;
    }

    for (i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        len = strlen(local[i]);

        if (strncmp(phone->api, local[i], len) == 0
            && (phone->api[len] == '\0' || phone->api[len] == ':'))
        {
            len += (phone->api[len] == ':');

            if (strspn(phone->api + len, "0123456789")
                == strlen(phone->api + len))
            {
                return CONVRELAY_OK;
            }
        }
    }

    convrelay_caller_print_error("CONVRELAY_CALL_API needs https://, or "
                                 "http:// on this machine");

    return CONVRELAY_ERROR;
}


static int
convrelay_caller_phone_sid(const char *sid, const char *prefix)
{
    if (strlen(sid) != CONVRELAY_CALLER_PHONE_SID
        || strncmp(sid, prefix, 2) != 0
        || strspn(sid + 2, "0123456789abcdefABCDEF")
           != CONVRELAY_CALLER_PHONE_SID - 2)
    {
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static void
convrelay_caller_phone_basic(convrelay_caller_phone_t *phone,
    const char *user, const char *password)
{
    char                    *base64;
    convrelay_caller_buf_t   b, value;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    memset(&value, 0, sizeof(convrelay_caller_buf_t));

    convrelay_caller_buf_printf(&b, "%s:%s", user, password);

    base64 = convrelay_caller_alloc(b.len / 3 * 4 + 5);
    EVP_EncodeBlock((u_char *) base64, (u_char *) b.data, (int) b.len);

    convrelay_caller_buf_printf(&value, "Basic %s", base64);
    convrelay_caller_pairs_add(&phone->headers, "Authorization", value.data);
    convrelay_caller_pairs_add(&phone->headers, "User-Agent", "convrelay-call/"
                               CONVRELAY_VERSION);

    free(base64);
    convrelay_caller_buf_free(&value);
    convrelay_caller_buf_free(&b);
}


/* CONVRELAY_OK: the call may cost money */

static int
convrelay_caller_phone_ask(convrelay_caller_phone_t *phone)
{
    char  answer[16];

    if (phone->yes) {
        return CONVRELAY_OK;
    }

    if (!isatty(STDIN_FILENO)) {
        convrelay_caller_print_error("dial asks before a call costs money, and "
                                     "standard input is not a terminal: give "
                                     "--yes");
        return CONVRELAY_ERROR;
    }

    printf("Twilio calls %s from %s, and charges the account for it. Place the "
           "call? [y/N] ", phone->to, phone->from);
    fflush(stdout);

    if (fgets(answer, sizeof(answer), stdin) == NULL
        || (strcasecmp(answer, "y\n") != 0 && strcasecmp(answer, "yes\n") != 0))
    {
        convrelay_caller_print_error("no call was placed");
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static void
convrelay_caller_phone_signals(void)
{
    struct sigaction  sa;

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = convrelay_caller_phone_handler;

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);

    signal(SIGPIPE, SIG_IGN);
}


static void
convrelay_caller_phone_handler(int signo)
{
    convrelay_caller_phone_stop = 1;
}


static int
convrelay_caller_phone_place(convrelay_caller_phone_t *phone)
{
    int                       rc;
    convrelay_caller_pairs_t  form;

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));

    convrelay_caller_pairs_add(&form, "To", phone->to);
    convrelay_caller_pairs_add(&form, "From", phone->from);
    convrelay_caller_pairs_add(&form, "Url", phone->url);
    convrelay_caller_pairs_add(&form, "Method", phone->get ? "GET" : "POST");

    rc = convrelay_caller_phone_request(phone, &form, 1);
    convrelay_caller_pairs_free(&form);

    if (rc == CONVRELAY_AGAIN) {
        convrelay_caller_print_error("it is not known whether the call was "
                                     "placed: look into Twilio's console");
    }

    if (rc != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_print_said(phone->print, "call", phone->sid);

    return CONVRELAY_OK;
}


/* to the end of the call; returns the exit code */

static int
convrelay_caller_phone_follow(convrelay_caller_phone_t *phone)
{
    int                       rc;
    char                      shown[sizeof(phone->status)];
    unsigned                  lost;
    convrelay_caller_pairs_t  none;

    memset(&none, 0, sizeof(convrelay_caller_pairs_t));

    lost = 0;
    shown[0] = '\0';

    for ( ;; ) {

        if (strcmp(shown, phone->status) != 0) {
            convrelay_caller_print_said(phone->print, "status", phone->status);
            strcpy(shown, phone->status);
        }

        if (convrelay_caller_phone_over(phone)) {
            break;
        }

        if (convrelay_caller_phone_stop && !phone->ending) {
            convrelay_caller_phone_end(phone);
            continue;
        }

        (void) poll(NULL, 0, CONVRELAY_CALLER_PHONE_LOOK);

        if (convrelay_caller_phone_stop && !phone->ending) {
            continue;
        }

        rc = convrelay_caller_phone_request(phone, &none, 0);
        lost = (rc == CONVRELAY_OK) ? 0 : lost + 1;

        if (rc == CONVRELAY_ERROR || lost == CONVRELAY_CALLER_PHONE_LOST) {
            convrelay_caller_print_error("the call %s may go on: look into "
                                         "Twilio's console", phone->sid);
            return CONVRELAY_CALLER_EXIT_BROKEN;
        }
    }

    if (phone->duration[0]) {
        convrelay_caller_print_note(phone->print, "%s s", phone->duration);
    }

    return (strcmp(phone->status, "completed") == 0)
           ? CONVRELAY_CALLER_EXIT_OK : CONVRELAY_CALLER_EXIT_FAILED;
}


/* Ctrl-C: from now on, a second one ends the program */

static void
convrelay_caller_phone_end(convrelay_caller_phone_t *phone)
{
    int                       rc;
    convrelay_caller_pairs_t  form;

    if (phone->tries == 0) {
        convrelay_caller_print_said(phone->print, "caller", "(hangs up)");
    }

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));
    convrelay_caller_pairs_add(&form, "Status", "completed");

    rc = convrelay_caller_phone_request(phone, &form, 1);
    convrelay_caller_pairs_free(&form);

    signal(SIGINT, SIG_DFL);

    /* a call that is over already cannot be ended: its status says so */

    if (rc != CONVRELAY_AGAIN || ++phone->tries == CONVRELAY_CALLER_PHONE_LOST)
    {
        phone->ending = 1;
        return;
    }

    (void) poll(NULL, 0, CONVRELAY_CALLER_PHONE_LOOK);
}


static int
convrelay_caller_phone_over(convrelay_caller_phone_t *phone)
{
    size_t  i;

    static const char  *over[] = {
        "completed", "busy", "failed", "no-answer", "canceled"
    };

    for (i = 0; i < sizeof(over) / sizeof(over[0]); i++) {

        if (strcmp(phone->status, over[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * To the call, or to the list of calls while it has no SID.  CONVRELAY_OK: its
 * status was read; CONVRELAY_AGAIN: nothing was answered, or that the server
 * has a problem; CONVRELAY_ERROR: Twilio refused.  All errors are printed.
 */

static int
convrelay_caller_phone_request(convrelay_caller_phone_t *phone,
    const convrelay_caller_pairs_t *form, unsigned post)
{
    int                       rc;
    size_t                    len;
    convrelay_caller_buf_t    url;
    convrelay_caller_fetch_t  f;

    memset(&f, 0, sizeof(convrelay_caller_fetch_t));
    memset(&url, 0, sizeof(convrelay_caller_buf_t));

    len = strlen(phone->api);
    len -= (phone->api[len - 1] == '/');

    convrelay_caller_buf_printf(&url, "%.*s/2010-04-01/Accounts/%s/Calls%s%s"
                                ".json", (int) len, phone->api, phone->account,
                                phone->sid[0] ? "/" : "", phone->sid);

    f.url = url.data;
    f.sign_url = url.data;
    f.form = form;
    f.headers = &phone->headers;
    f.cacert = phone->cacert;
    f.timeout = CONVRELAY_CALLER_PHONE_TIMEOUT;
    f.get = !post;
    f.direct = (strncmp(phone->api, "http://", 7) == 0);

    if (convrelay_caller_fetch(&f) == CONVRELAY_OK) {
        rc = convrelay_caller_phone_read(phone, &f);

    } else {
        convrelay_caller_print_error("%s: %s", phone->api, f.error);
        rc = CONVRELAY_AGAIN;
    }

    free(f.location);
    convrelay_caller_buf_free(&f.body);
    convrelay_caller_buf_free(&url);

    return rc;
}


static int
convrelay_caller_phone_read(convrelay_caller_phone_t *phone,
    const convrelay_caller_fetch_t *f)
{
    int          rc;
    cJSON       *root;
    const char  *sid, *status, *duration;

    root = cJSON_ParseWithLength(f->body.data, f->body.len);

    sid = convrelay_caller_phone_string(root, "sid");
    status = convrelay_caller_phone_string(root, "status");
    duration = convrelay_caller_phone_string(root, "duration");

    if (f->status < 200 || f->status > 299) {
        convrelay_caller_phone_refused(f, root);

        /* too many requests: this one did nothing */

        rc = (f->status >= 500 || (f->status == 429 && phone->sid[0]))
             ? CONVRELAY_AGAIN : CONVRELAY_ERROR;

    } else if (sid == NULL || status == NULL
               || convrelay_caller_phone_sid(sid, "CA") != CONVRELAY_OK)
    {
        convrelay_caller_print_error("%s answered %ld without a call in it",
                                     phone->api, f->status);
        rc = CONVRELAY_AGAIN;

    } else {
        snprintf(phone->sid, sizeof(phone->sid), "%s", sid);
        snprintf(phone->status, sizeof(phone->status), "%s", status);
        snprintf(phone->duration, sizeof(phone->duration), "%s",
                 duration ? duration : "");
        rc = CONVRELAY_OK;
    }

    cJSON_Delete(root);

    return rc;
}


/* in Twilio's words */

static void
convrelay_caller_phone_refused(const convrelay_caller_fetch_t *f,
    const cJSON *root)
{
    cJSON       *code;
    const char  *message, *more;

    code = cJSON_GetObjectItemCaseSensitive(root, "code");
    message = convrelay_caller_phone_string(root, "message");
    more = convrelay_caller_phone_string(root, "more_info");

    if (message == NULL) {
        convrelay_caller_print_error("Twilio answered %ld", f->status);
        return;
    }

    if (cJSON_IsNumber(code)) {
        convrelay_caller_print_error("Twilio answered %ld, error %.0f: %s%s%s",
                                     f->status, code->valuedouble, message,
                                     more ? " " : "", more ? more : "");

    } else {
        convrelay_caller_print_error("Twilio answered %ld: %s%s%s", f->status,
                                     message, more ? " " : "",
                                     more ? more : "");
    }
}


static const char *
convrelay_caller_phone_string(const cJSON *root, const char *name)
{
    cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(root, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}
