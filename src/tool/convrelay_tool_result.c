
/*
 * Copyright (C) convrelay contributors
 *
 * Makes the result for the LLM from a tool's answer.  A failure says that
 * nothing was done, and is never the bare body of an error: LLMs mistake such
 * a body for a success.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_tool.h"
#include "convrelay_utf8.h"


#define CONVRELAY_TOOL_CUT                                                   \
    "\n[cut: only the first part of %s%llu bytes]"
#define CONVRELAY_TOOL_NOTE  80      /* bytes of it at most */


static u_char *convrelay_tool_success(const convrelay_tool_answer_t *answer,
    size_t max, size_t *len);
static u_char *convrelay_tool_unanswered(
    const convrelay_tool_answer_t *answer, size_t *len);
static u_char *convrelay_tool_refused(const convrelay_tool_answer_t *answer,
    size_t *len);
static u_char *convrelay_tool_status(unsigned status, const char *phrase,
    const convrelay_str_t *text, size_t *len);
static unsigned convrelay_tool_is_html(
    const convrelay_tool_answer_t *answer);
static unsigned convrelay_tool_is_binary(const convrelay_str_t *body);
static void convrelay_tool_whole(convrelay_str_t *text);
static u_char *convrelay_tool_mend(const convrelay_str_t *text, size_t max,
    size_t *len, unsigned *cut);
static u_char *convrelay_tool_copy(const convrelay_str_t *text, size_t *len);


const convrelay_str_t  convrelay_tool_done = convrelay_string("{\"ok\":true}");

const convrelay_str_t  convrelay_tool_running = convrelay_string(
    "{\"status\":\"still running\",\"note\":\"It is not done yet. Do not call "
    "it again and do not make up a result.\"}");

const convrelay_str_t  convrelay_tool_cancelled = convrelay_string(
    "{\"ok\":false,\"error\":\"NOT done: cancelled by the caller before it "
    "finished\"}");

const convrelay_str_t  convrelay_tool_taken_back = convrelay_string(
    "{\"ok\":false,\"error\":\"NOT done: the caller went on talking, so the "
    "call goes on\"}");

const convrelay_str_t  convrelay_tool_unsure = convrelay_string(
    "{\"ok\":false,\"error\":\"MAY have been done: the line was cut, check "
    "before doing it again\"}");


static const convrelay_str_t  convrelay_tool_answered = convrelay_string(
    "{\"note\":\"The tool was called and has answered, but the answer is not "
    "available any more. Do not make it up.\"}");

static const convrelay_str_t  convrelay_tool_failed = convrelay_string(
    "{\"ok\":false,\"error\":\"NOT done, or not known to be done\"}");


u_char *
convrelay_tool_result(const convrelay_tool_answer_t *answer, size_t max,
    size_t *len, unsigned *ok)
{
    *ok = 0;

    if (answer->end != CONVRELAY_TOOL_ANSWERED) {
        return convrelay_tool_unanswered(answer, len);
    }

    if (answer->status < 200 || answer->status > 299) {
        return convrelay_tool_refused(answer, len);
    }

    if (convrelay_tool_is_html(answer)) {
        return convrelay_tool_status(answer->status,
                                     "NOT known to be done: the answer is a "
                                     "web page", NULL, len);
    }

    *ok = 1;

    return convrelay_tool_success(answer, max, len);
}


static u_char *
convrelay_tool_success(const convrelay_tool_answer_t *answer, size_t max,
    size_t *len)
{
    int              n;
    char             note[CONVRELAY_TOOL_NOTE];
    u_char          *p;
    uint64_t         length;
    unsigned         cut, part;
    convrelay_str_t  body;

    static const convrelay_str_t  binary =
        convrelay_string("{\"ok\":true,\"note\":\"the answer is not text\"}");

    body = answer->body;
    part = (answer->length > body.len);
    length = part ? answer->length : body.len;

    convrelay_str_trim(&body);

    if (body.len == 0) {
        return convrelay_tool_copy(&convrelay_tool_done, len);
    }

    if (convrelay_tool_is_binary(&body)) {
        return convrelay_tool_copy(&binary, len);
    }

    if (part) {
        convrelay_tool_whole(&body);
    }

    p = convrelay_tool_mend(&body, max, len, &cut);

    if (p == NULL || (!cut && !part)) {
        return p;
    }

    free(p);

    n = snprintf(note, sizeof(note), CONVRELAY_TOOL_CUT,
                 answer->more ? "more than " : "",
                 (unsigned long long) length);

    p = convrelay_tool_mend(&body, max - n, len, &cut);

    if (p) {
        memcpy(p + *len, note, n);
        *len += n;
    }

    return p;
}


static u_char *
convrelay_tool_unanswered(const convrelay_tool_answer_t *answer, size_t *len)
{
    char  phrase[96];

    switch (answer->end) {

    case CONVRELAY_TOOL_TIMED_OUT:
        (void) snprintf(phrase, sizeof(phrase),
                        "NOT done: there was no answer within %u second%s",
                        answer->seconds, (answer->seconds == 1) ? "" : "s");

        return convrelay_tool_status(504, phrase, NULL, len);

    case CONVRELAY_TOOL_BROKE_OFF:
        return convrelay_tool_status(502, "NOT done: the answer broke off",
                                     NULL, len);

    default: /* CONVRELAY_TOOL_NO_ANSWER */
        return convrelay_tool_status(502, "NOT done: the service cannot be "
                                     "reached", NULL, len);
    }
}


static u_char *
convrelay_tool_refused(const convrelay_tool_answer_t *answer, size_t *len)
{
    size_t           n;
    u_char          *p, *mended;
    unsigned         cut;
    const char      *phrase;
    convrelay_str_t  body;

    phrase = (answer->status == 404) ? "NOT done: not found"
             : (answer->status == 429) ? "NOT done: too many requests"
             : (answer->status >= 400 && answer->status < 500)
               ? "NOT done: the service refused it"
             : (answer->status >= 500) ? "NOT done: the service failed"
             : (answer->status >= 300) ? "NOT done: the service sent a redirect"
             : "NOT done: the service gave no result";

    body = answer->body;

    convrelay_str_trim(&body);

    if (answer->status < 400 || answer->status > 499 || body.len == 0
        || convrelay_tool_is_html(answer) || convrelay_tool_is_binary(&body))
    {
        return convrelay_tool_status(answer->status, phrase, NULL, len);
    }

    if (body.len > CONVRELAY_TOOL_MAX_BODY) {
        body.len = CONVRELAY_TOOL_MAX_BODY;
        convrelay_tool_whole(&body);
    }

    mended = convrelay_tool_mend(&body, 4 * CONVRELAY_TOOL_MAX_BODY, &n,
                                 &cut);
    if (mended == NULL) {
        return NULL;
    }

    body.data = mended;
    body.len = n;

    p = convrelay_tool_status(answer->status, phrase, &body, len);

    free(mended);

    return p;
}


static u_char *
convrelay_tool_status(unsigned status, const char *phrase,
    const convrelay_str_t *text, size_t *len)
{
    int      n;
    size_t   size;
    u_char  *p, *last;

    size = sizeof("{\"ok\":false,\"status\":4294967295,\"error\":\": \"}")
           + strlen(phrase)
           + (text ? convrelay_json_escaped_len(text->data, text->len) : 0);

    p = malloc(size);
    if (p == NULL) {
        return NULL;
    }

    n = snprintf((char *) p, size, "{\"ok\":false,\"status\":%u,\"error\":"
                 "\"%s", status, phrase);
    last = p + n;

    if (text && text->len) {
        *last++ = ':';
        *last++ = ' ';
        last = convrelay_json_escape(last, text->data, text->len);
    }

    *last++ = '"';
    *last++ = '}';

    *len = last - p;

    return p;
}


u_char *
convrelay_tool_failure(const char *phrase, const convrelay_str_t *text,
    const char *end, size_t *len)
{
    u_char           *p, *last;
    convrelay_str_t   str;

    static const convrelay_str_t  head =
        convrelay_string("{\"ok\":false,\"error\":\"NOT done: ");

    p = malloc(head.len + (phrase ? 6 * strlen(phrase) : 0)
               + (text->len ? convrelay_json_escaped_len(text->data, text->len)
                            : 0)
               + (end ? 6 * strlen(end) : 0) + 2);
    if (p == NULL) {
        return NULL;
    }

    last = convrelay_str_copy(p, &head);

    if (phrase) {
        str.data = (u_char *) phrase;
        str.len = strlen(phrase);
        last = convrelay_json_escape(last, str.data, str.len);
    }

    if (text->len) {
        last = convrelay_json_escape(last, text->data, text->len);
    }

    if (end) {
        str.data = (u_char *) end;
        str.len = strlen(end);
        last = convrelay_json_escape(last, str.data, str.len);
    }

    *last++ = '"';
    *last++ = '}';

    *len = last - p;

    return p;
}


u_char *
convrelay_tool_repeated(const convrelay_str_t *result, size_t *len)
{
    u_char           *p, *last;
    unsigned          json;
    const char       *error;
    convrelay_str_t   text, rest;

    static const convrelay_str_t  head =
        convrelay_string("{\"repeated\":true");
    static const convrelay_str_t  member = convrelay_string(",\"result\":");

    json = (convrelay_json_check(result->data, result->len, &error)
            == CONVRELAY_OK);

    text = *result;

    /* a byte order mark is valid only at the beginning of a document */

    if (json && text.len > 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    p = malloc(head.len + member.len
               + convrelay_json_escaped_len(result->data, result->len)
               + result->len + 3);
    if (p == NULL) {
        return NULL;
    }

    last = convrelay_str_copy(p, &head);

    if (json && text.len && text.data[0] == '{') {

        rest.data = text.data + 1;
        rest.len = text.len - 1;

        while (rest.len && convrelay_json_blank(*rest.data)) {
            rest.data++;
            rest.len--;
        }

        if (*rest.data != '}') {
            *last++ = ',';
        }

        last = convrelay_str_copy(last, &rest);

    } else {
        last = convrelay_str_copy(last, &member);

        if (json) {
            last = convrelay_str_copy(last, &text);

        } else {
            *last++ = '"';
            last = convrelay_json_escape(last, result->data, result->len);
            *last++ = '"';
        }

        *last++ = '}';
    }

    *len = last - p;

    return p;
}


static unsigned
convrelay_tool_is_html(const convrelay_tool_answer_t *answer)
{
    convrelay_str_t  body;

    if (convrelay_str_starts_nocase(&answer->type, "text/html")
        || convrelay_str_starts_nocase(&answer->type,
                                       "application/xhtml+xml"))
    {
        return 1;
    }

    body = answer->body;

    convrelay_str_trim(&body);

    return convrelay_str_starts_nocase(&body, "<!doctype html")
           || convrelay_str_starts_nocase(&body, "<html");
}


/* a text may contain a few control characters; an image has hundreds */

static unsigned
convrelay_tool_is_binary(const convrelay_str_t *body)
{
    u_char  c;
    size_t  i, n;

    n = 0;

    for (i = 0; i < body->len; i++) {
        c = body->data[i];

        if (c < ' ' && !convrelay_is_space(c) && c != '\f' && c != 0x1b) {
            n++;
        }
    }

    return n > 4 && n > body->len / 32;
}


/* drops a character that was cut at the end of the text */

static void
convrelay_tool_whole(convrelay_str_t *text)
{
    u_char  c;
    size_t  n, need;

    for (n = 1; n <= 3 && n <= text->len; n++) {
        c = text->data[text->len - n];

        if ((c & 0xc0) == 0x80) {
            continue;
        }

        need = (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : (c >= 0xc0) ? 2 : 1;

        if (need > n) {
            text->len -= n;
        }

        return;
    }
}


/* a mended copy of at most max bytes, with room for a note after it */

static u_char *
convrelay_tool_mend(const convrelay_str_t *text, size_t max, size_t *len,
    unsigned *cut)
{
    size_t   size;
    u_char  *p;

    size = convrelay_tool_mend_size(text);

    if (size > max) {
        size = max;
    }

    p = malloc(size + CONVRELAY_TOOL_NOTE);
    if (p == NULL) {
        return NULL;
    }

    *len = convrelay_tool_mend_write(p, size, text, cut) - p;

    return p;
}


u_char *
convrelay_tool_mend_write(u_char *p, size_t max, const convrelay_str_t *text,
    unsigned *cut)
{
    u_char         c[5], *dst, *end, *next;
    uint32_t       cp;
    const u_char  *src, *last;

    dst = p;
    end = p + max;
    src = text->data;
    last = text->data + text->len;
    *cut = 0;

    while (src < last) {

        cp = convrelay_utf8_decode(&src, last);
        next = c;

        if (cp == 0x7f || (cp < ' ' && !convrelay_is_space(cp))) {
            cp = ' ';

        } else if (cp == '|' && dst > p && dst[-1] == '<') {
            *next++ = ' ';
        }

        next = convrelay_utf8_encode(next, cp);

        if (next - c > end - dst) {
            *cut = 1;
            break;
        }

        memcpy(dst, c, next - c);
        dst += next - c;
    }

    return dst;
}


convrelay_str_t
convrelay_tool_withheld(const convrelay_str_t *result)
{
    size_t  i;

    static const convrelay_str_t  *const constants[] = {
        &convrelay_tool_done, &convrelay_tool_running,
        &convrelay_tool_cancelled, &convrelay_tool_taken_back,
        &convrelay_tool_unsure
    };

    for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {

        if (convrelay_str_equal(result, constants[i])) {
            return *result;
        }
    }

    return convrelay_str_starts(result, "{\"ok\":false")
           ? convrelay_tool_failed : convrelay_tool_answered;
}


static u_char *
convrelay_tool_copy(const convrelay_str_t *text, size_t *len)
{
    u_char  *p;

    p = malloc(text->len);

    if (p) {
        memcpy(p, text->data, text->len);
        *len = text->len;
    }

    return p;
}
