
/*
 * Copyright (C) convrelay contributors
 *
 * What the mock says: small talk by a table of words, short enough to follow
 * in a test; a list is long enough to be interrupted.
 */


#include "ngx_http_convrelay_mock.h"

#include <time.h>


typedef struct {
    ngx_str_t     word;
    ngx_str_t     reply;
} ngx_http_convrelay_mock_rule_t;


typedef struct {
    ngx_str_t     word;
    char         *names[10];
} ngx_http_convrelay_mock_list_t;


static u_char *ngx_http_convrelay_mock_script(u_char *p, ngx_str_t *said);
static ngx_int_t ngx_http_convrelay_mock_last(ngx_http_request_t *r,
    const cJSON *messages, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_json(ngx_http_request_t *r,
    const cJSON *messages, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_asked(ngx_http_request_t *r,
    const cJSON *messages, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_reply(ngx_http_request_t *r,
    const cJSON *messages, ngx_str_t *said, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_recall(ngx_http_request_t *r,
    const cJSON *messages, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_list(ngx_http_request_t *r,
    ngx_str_t *said, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_mock_numbers(ngx_http_request_t *r,
    ngx_str_t *said, ngx_str_t *text);
static ngx_uint_t ngx_http_convrelay_mock_number(ngx_str_t *said);
static ngx_uint_t ngx_http_convrelay_mock_digits(ngx_str_t *said);
static ngx_uint_t ngx_http_convrelay_mock_heard(ngx_str_t *said,
    ngx_str_t *word);

static void ngx_http_convrelay_mock_stamp(ngx_http_convrelay_mock_ctx_t *ctx);
static u_char *ngx_http_convrelay_mock_word(u_char *p, u_char *last);


static ngx_str_t  ngx_http_convrelay_mock_numerals[] = {
    ngx_string("one"),
    ngx_string("two"),
    ngx_string("three"),
    ngx_string("four"),
    ngx_string("five"),
    ngx_string("six"),
    ngx_string("seven"),
    ngx_string("eight"),
    ngx_string("nine"),
    ngx_string("ten")
};


static char  *ngx_http_convrelay_mock_ordinals[] = {
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh",
    "eighth", "ninth", "tenth"
};


static ngx_http_convrelay_mock_list_t  ngx_http_convrelay_mock_lists[] = {

    { ngx_string("trees"),
      { "oak", "maple", "birch", "pine", "willow", "ash", "elm", "cedar",
        "beech", "chestnut" } },

    { ngx_string("colors"),
      { "red", "blue", "green", "yellow", "orange", "purple", "brown", "pink",
        "black", "white" } },

    { ngx_string("colours"),
      { "red", "blue", "green", "yellow", "orange", "purple", "brown", "pink",
        "black", "white" } },

    { ngx_string("animals"),
      { "cat", "dog", "horse", "cow", "sheep", "goat", "lion", "tiger", "bear",
        "otter" } },

    { ngx_string("fruits"),
      { "apple", "pear", "plum", "cherry", "orange", "banana", "grape", "fig",
        "melon", "peach" } },

    { ngx_string("cities"),
      { "Paris", "London", "Rome", "Madrid", "Berlin", "Vienna", "Prague",
        "Oslo", "Lisbon", "Athens" } },

    { ngx_null_string, { NULL } }
};


static ngx_http_convrelay_mock_rule_t  ngx_http_convrelay_mock_rules[] = {

    { ngx_string("goodbye"),
      ngx_string("Goodbye! It was nice talking to you.") },

    { ngx_string("bye"),
      ngx_string("Goodbye! It was nice talking to you.") },

    { ngx_string("thanks"),
      ngx_string("You are welcome. Is there anything else?") },

    { ngx_string("thank you"),
      ngx_string("You are welcome. Is there anything else?") },

    { ngx_string("how are you"),
      ngx_string("I am doing well, thank you. How can I help?") },

    { ngx_string("your name"),
      ngx_string("I am the practice assistant. I only know small talk.") },

    { ngx_string("hello"),
      ngx_string("Hello! How can I help you today?") },

    { ngx_string("hi"),
      ngx_string("Hello! How can I help you today?") },

    { ngx_string("good morning"),
      ngx_string("Good morning! How can I help you today?") },

    { ngx_null_string, ngx_null_string }
};


ngx_int_t
ngx_http_convrelay_mock_answer(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   said;

    rc = NGX_OK;

    switch (ctx->opts.answer) {

    case NGX_HTTP_CONVRELAY_MOCK_COUNT:

        if (ctx->limit == 0) {
            ctx->limit = 10;
        }

        return NGX_OK;

    case NGX_HTTP_CONVRELAY_MOCK_SAY:
        ctx->text = ctx->opts.say;
        break;

    case NGX_HTTP_CONVRELAY_MOCK_HISTORY:
        rc = ngx_http_convrelay_mock_json(r, messages, &ctx->text);
        break;

    case NGX_HTTP_CONVRELAY_MOCK_ASKED:
        rc = ngx_http_convrelay_mock_asked(r, messages, &ctx->text);
        break;

    default:
        rc = ngx_http_convrelay_mock_last(r, messages, &said);

        if (rc == NGX_OK && ctx->opts.answer == NGX_HTTP_CONVRELAY_MOCK_RULE) {
            rc = ngx_http_convrelay_mock_reply(r, messages, &said, &ctx->text);
            break;
        }

        if (rc != NGX_OK) {
            break;
        }

        /* copied: the JSON tree does not live as long */

        p = ngx_pnalloc(r->pool, said.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ctx->text.data = p;

        if (ctx->opts.answer == NGX_HTTP_CONVRELAY_MOCK_SCRIPT) {
            p = ngx_http_convrelay_mock_script(p, &said);

        } else {
            p = ngx_cpymem(p, said.data, said.len);
        }

        ctx->text.len = p - ctx->text.data;
    }

    ctx->pos = ctx->text.data;

    return rc;
}


/*
 * What comes after the first colon of the last line, and a blank, for a text
 * that nobody could say: \n, \t, \\ and \xHH, which is ASCII, are as in C.
 */

static u_char *
ngx_http_convrelay_mock_script(u_char *p, ngx_str_t *said)
{
    ngx_int_t   n;
    u_char     *src, *last;

    /* an earlier prompt without an answer may come with this one */

    last = said->data + said->len;

    for (src = last; src > said->data && src[-1] != '\n'; src--) {
        /* void */
    }

    src = ngx_strlchr(src, last, ':');

    if (src == NULL) {
        return p;
    }

    src++;
    src += (src < last && *src == ' ');

    while (src < last) {

        if (*src != '\\' || last - src < 2) {
            *p++ = *src++;
            continue;
        }

        n = (src[1] == 'x' && last - src >= 4) ? ngx_hextoi(src + 2, 2)
                                               : NGX_ERROR;

        if (n > 0 && n < 0x80) {
            *p++ = (u_char) n;
            src += 4;
            continue;
        }

        *p++ = (src[1] == 'n') ? '\n' : (src[1] == 't') ? '\t' : src[1];
        src += 2;
    }

    return p;
}


static ngx_int_t
ngx_http_convrelay_mock_last(ngx_http_request_t *r, const cJSON *messages,
    ngx_str_t *text)
{
    const cJSON      *message, *last;
    convrelay_str_t   role;

    last = NULL;

    for (message = messages->child; message; message = message->next) {

        if (convrelay_json_string(message, "role", &role) == CONVRELAY_OK
            && convrelay_str_eq(&role, "user"))
        {
            last = message;
        }
    }

    if (last == NULL) {
        ngx_str_null(text);
        return NGX_OK;
    }

    return ngx_http_convrelay_mock_content(r->pool, last, text);
}


static ngx_int_t
ngx_http_convrelay_mock_json(ngx_http_request_t *r, const cJSON *messages,
    ngx_str_t *text)
{
    char  *json;

    json = cJSON_PrintUnformatted(messages);
    if (json == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_strlen(json);
    text->data = ngx_pnalloc(r->pool, text->len);

    if (text->data) {
        ngx_memcpy(text->data, json, text->len);
    }

    cJSON_free(json);

    return text->data ? NGX_OK : NGX_ERROR;
}


/*
 * The numbers of the questions that it was sent, " 1 2 3", each once: those
 * that are answered, and the last one.
 */

static ngx_int_t
ngx_http_convrelay_mock_asked(ngx_http_request_t *r, const cJSON *messages,
    ngx_str_t *text)
{
    u_char           *p;
    size_t            n;
    ngx_str_t         said;
    ngx_uint_t        number, last;
    const cJSON      *message;
    convrelay_str_t   role;

    n = 1;

    for (message = messages->child; message; message = message->next) {
        n++;
    }

    p = ngx_pnalloc(r->pool, n * (NGX_INT_T_LEN + 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    number = 0;
    last = 0;

    for (message = messages->child; message; message = message->next) {

        if (convrelay_json_string(message, "role", &role) != CONVRELAY_OK) {
            continue;
        }

        if (convrelay_str_eq(&role, "user")) {

            if (ngx_http_convrelay_mock_content(r->pool, message, &said)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            number = ngx_http_convrelay_mock_digits(&said);
        }

        if (number != last
            && (convrelay_str_eq(&role, "assistant") || message->next == NULL))
        {
            p = ngx_sprintf(p, " %ui", number);
            last = number;
        }
    }

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_reply(ngx_http_request_t *r, const cJSON *messages,
    ngx_str_t *said, ngx_str_t *text)
{
    ngx_int_t                        rc;
    ngx_str_t                        lower;
    ngx_http_convrelay_mock_rule_t  *rule;

    static ngx_str_t  history = ngx_string("history");
    static ngx_str_t  recall = ngx_string("what have we said");

    lower.len = said->len;
    lower.data = ngx_pnalloc(r->pool, said->len);
    if (lower.data == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(lower.data, said->data, said->len);

    if (ngx_http_convrelay_mock_heard(&lower, &recall)
        || ngx_http_convrelay_mock_heard(&lower, &history))
    {
        return ngx_http_convrelay_mock_recall(r, messages, text);
    }

    rc = ngx_http_convrelay_mock_list(r, &lower, text);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_convrelay_mock_numbers(r, &lower, text);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    for (rule = ngx_http_convrelay_mock_rules; rule->word.len; rule++) {

        if (ngx_http_convrelay_mock_heard(&lower, &rule->word)) {
            *text = rule->reply;
            return NGX_OK;
        }
    }

    if (said->len == 0) {
        ngx_str_set(text, "I did not hear anything.");
        return NGX_OK;
    }

    text->data = ngx_pnalloc(r->pool, sizeof("You said: ") - 1 + said->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data, "You said: %V", said) - text->data;

    return NGX_OK;
}


/* all messages except the question itself */

static ngx_int_t
ngx_http_convrelay_mock_recall(ngx_http_request_t *r, const cJSON *messages,
    ngx_str_t *text)
{
    size_t            len;
    u_char           *p;
    ngx_str_t         content;
    const cJSON      *message;
    convrelay_str_t   role;

    len = 0;

    for (message = messages->child; message; message = message->next) {

        if (ngx_http_convrelay_mock_content(r->pool, message, &content)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        len += content.len + sizeof("You said \"\". ") - 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (message = messages->child; message->next; message = message->next) {

        if (convrelay_json_string(message, "role", &role) != CONVRELAY_OK
            || (!convrelay_str_eq(&role, "user")
                && !convrelay_str_eq(&role, "assistant")))
        {
            continue;
        }

        if (ngx_http_convrelay_mock_content(r->pool, message, &content)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        p = ngx_sprintf(p, "%s%s said \"%V\".", p == text->data ? "" : " ",
                        convrelay_str_eq(&role, "user") ? "You" : "I",
                        &content);
    }

    text->len = p - text->data;

    if (text->len == 0) {
        ngx_str_set(text, "We have not said anything yet.");
    }

    return NGX_OK;
}


/* "name three trees" */

static ngx_int_t
ngx_http_convrelay_mock_list(ngx_http_request_t *r, ngx_str_t *said,
    ngx_str_t *text)
{
    u_char                          *p;
    ngx_uint_t                       i, n;
    ngx_http_convrelay_mock_list_t  *list;

    static ngx_str_t  name = ngx_string("name");

    for (list = ngx_http_convrelay_mock_lists; list->word.len; list++) {

        if (ngx_http_convrelay_mock_heard(said, &list->word)) {
            break;
        }
    }

    if (list->word.len == 0) {
        return NGX_DECLINED;
    }

    n = ngx_http_convrelay_mock_number(said);

    if (n == 0) {

        if (!ngx_http_convrelay_mock_heard(said, &name)) {
            return NGX_DECLINED;
        }

        n = 3;
    }

    n = ngx_min(n, 10);

    p = ngx_pnalloc(r->pool, n * sizeof("The seventh one is chestnut. "));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, "%sThe %s one is %s.", i ? " " : "",
                        ngx_http_convrelay_mock_ordinals[i], list->names[i]);
    }

    text->len = p - text->data;

    return NGX_OK;
}


/* "count to five", and numbers that were said or keyed in */

static ngx_int_t
ngx_http_convrelay_mock_numbers(ngx_http_request_t *r, ngx_str_t *said,
    ngx_str_t *text)
{
    u_char      *p;
    ngx_uint_t   i, n;

    static ngx_str_t  count = ngx_string("count");

    if (!ngx_http_convrelay_mock_heard(said, &count)) {

        n = ngx_http_convrelay_mock_digits(said);

        if (n == 0) {
            return NGX_DECLINED;
        }

        text->data = ngx_pnalloc(r->pool, sizeof("I heard the number .")
                                          + NGX_INT64_LEN);
        if (text->data == NULL) {
            return NGX_ERROR;
        }

        text->len = ngx_sprintf(text->data, "I heard the number %ui.", n)
                    - text->data;

        return NGX_OK;
    }

    n = ngx_http_convrelay_mock_number(said);

    if (n == 0) {
        return NGX_DECLINED;
    }

    n = ngx_min(n, 1000);

    p = ngx_pnalloc(r->pool, n * sizeof("1000. "));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 1; i <= n; i++) {
        p = ngx_sprintf(p, "%s%ui.", i == 1 ? "" : " ", i);
    }

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_convrelay_mock_number(ngx_str_t *said)
{
    ngx_uint_t  i;

    for (i = 0; i < 10; i++) {

        if (ngx_http_convrelay_mock_heard(said,
                                         &ngx_http_convrelay_mock_numerals[i]))
        {
            return i + 1;
        }
    }

    return ngx_http_convrelay_mock_digits(said);
}


static ngx_uint_t
ngx_http_convrelay_mock_digits(ngx_str_t *said)
{
    u_char     *p, *start, *last;
    ngx_int_t   n;

    p = said->data;
    last = said->data + said->len;

    while (p < last && (*p < '0' || *p > '9')) {
        p++;
    }

    start = p;

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    n = ngx_atoi(start, p - start);

    return (n == NGX_ERROR) ? 0 : n;
}


/* whole words only: "hi" is not in "history" */

static ngx_uint_t
ngx_http_convrelay_mock_heard(ngx_str_t *said, ngx_str_t *word)
{
    u_char  *p, *last;

#define ngx_http_convrelay_mock_letter(c)  ((c) >= 'a' && (c) <= 'z')

    if (said->len < word->len) {
        return 0;
    }

    last = said->data + said->len;

    for (p = said->data; p + word->len <= last; p++) {

        if (ngx_memcmp(p, word->data, word->len) != 0) {
            continue;
        }

        if (p > said->data && ngx_http_convrelay_mock_letter(p[-1])) {
            continue;
        }

        if (p + word->len < last
            && ngx_http_convrelay_mock_letter(p[word->len]))
        {
            continue;
        }

        return 1;
    }

    return 0;
}


ngx_int_t
ngx_http_convrelay_mock_token(ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    if (!ngx_http_convrelay_mock_more(ctx)) {
        ngx_str_null(&ctx->content);
        return NGX_DONE;
    }

    p = ctx->pos;
    last = ctx->text.data + ctx->text.len;

    for (n = 0; p < last && n < ctx->shape->words; n++) {
        p = ngx_http_convrelay_mock_word(p, last);
    }

    ctx->content.data = ctx->pos;
    ctx->content.len = p - ctx->pos;
    ctx->pos = p;
    ctx->sent++;

    if (ctx->opts.stamp) {
        ngx_http_convrelay_mock_stamp(ctx);

    } else if (ctx->opts.answer == NGX_HTTP_CONVRELAY_MOCK_COUNT) {
        ctx->content.data = ctx->scratch;
        ctx->content.len = ngx_sprintf(ctx->scratch, " %ui", ctx->sent)
                           - ctx->scratch;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_convrelay_mock_more(ngx_http_convrelay_mock_ctx_t *ctx)
{
    if (ctx->limit && ctx->sent >= ctx->limit) {
        return 0;
    }

    return ctx->opts.answer == NGX_HTTP_CONVRELAY_MOCK_COUNT
           || ctx->pos < ctx->text.data + ctx->text.len;
}


/* a clock that a client on the same machine can also read */

static void
ngx_http_convrelay_mock_stamp(ngx_http_convrelay_mock_ctx_t *ctx)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    ctx->content.data = ctx->scratch;
    ctx->content.len = ngx_sprintf(ctx->scratch, " %uL",
                                   (uint64_t) ts.tv_sec * 1000000
                                   + ts.tv_nsec / 1000)
                       - ctx->scratch;
}


/*
 * The blanks before a word belong to it, as in real tokens, and a long word
 * is several tokens.  Characters are never split.
 */

static u_char *
ngx_http_convrelay_mock_word(u_char *p, u_char *last)
{
    u_char  *end;

    end = p + ngx_min(last - p, NGX_HTTP_CONVRELAY_MOCK_MAX_WORD);

    while (p < end && (*p == ' ' || *p == '\n')) {
        p++;
    }

    while (p < end && *p != ' ' && *p != '\n') {
        p++;
    }

    end = p + ngx_min(last - p, 3);

    while (p < end && (*p & 0xc0) == 0x80) {
        p++;
    }

    return p;
}
