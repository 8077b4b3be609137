
/*
 * Copyright (C) convrelay contributors
 *
 * What Twilio and the model say, in the shapes of the wire.
 */


#define _GNU_SOURCE

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "convrelay_signature.h"
#include "convrelay_ticket.h"
#include "convrelay_ws_handshake.h"

#include "bench.h"


#define BENCH_PAD        12           /* content and obfuscation, together */
#define BENCH_PROMPT     60           /* bytes */
#define BENCH_HISTORIES  256
#define BENCH_FIELDS     32

#define BENCH_EVENT_HEAD                                                     \
    "data: {\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","              \
    "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"           \
    "\"model\":\"gpt-4o-mini-2024-07-18\","                                  \
    "\"system_fingerprint\":\"fp_560af6e559\","                              \
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\""

#define BENCH_EVENT_TAIL                                                     \
    "\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\""


static u_char *bench_text_put(u_char *p, const char *text);
static u_char *bench_text_digits(u_char *p, unsigned n);
static u_char *bench_text_filler(u_char *p, u_char *last);
static u_char *bench_text_words(u_char *p, unsigned turn, unsigned index);
static u_char *bench_text_chunk(u_char *p, const char *event);
static const char *bench_text_history(unsigned turn);
static size_t bench_text_fields(convrelay_pair_t *pairs, char *sid,
    char *from);
static u_char *bench_text_escape(u_char *p, const convrelay_str_t *s);
static u_char *bench_text_ticket(u_char *p, const char *sid);
static void bench_text_mac(const char *key, const convrelay_str_t *input,
    u_char *mac);
static void bench_text_sid(char *sid, const char *prefix);


/* OpenAI makes its events of one length with it */

static const char  bench_text_random[] = "k3Vx9QpLm2Zt7RwYb5NcHs8DfGj4KqTa";


size_t
bench_text_head(u_char *buf)
{
    u_char  *p;

    p = bench_text_put(buf, "HTTP/1.1 200 OK\r\n"
        "Date: Sat, 22 Nov 2025 10:00:00 GMT\r\n"
        "Content-Type: text/event-stream; charset=utf-8\r\n"
        "Transfer-Encoding: chunked\r\n"
        "Connection: keep-alive\r\n"
        "access-control-expose-headers: X-Request-ID\r\n"
        "openai-organization: birch\r\n"
        "openai-processing-ms: 187\r\n"
        "openai-version: 2020-10-01\r\n"
        "x-ratelimit-limit-requests: 30000\r\n"
        "x-ratelimit-remaining-requests: 29999\r\n"
        "x-request-id: req_2f6b0a5c9d3e4718a6b2c1d0e9f8a7b6\r\n"
        "strict-transport-security: max-age=31536000\r\n"
        "cf-cache-status: DYNAMIC\r\n"
        "Server: cloudflare\r\n"
        "CF-RAY: 9a2b3c4d5e6f7a8b-FRA\r\n"
        "\r\n");

    p = bench_text_chunk(p, "data: {"
        "\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","
        "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"system_fingerprint\":\"fp_560af6e559\","
        "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
        "\"content\":\"\",\"refusal\":null},\"logprobs\":null,"
        "\"finish_reason\":null}],\"obfuscation\":\"pLm2Zt7\"}\n\n");

    return p - buf;
}


/* an HTTP chunk of its own; all have one length, except a longer text */

size_t
bench_text_token(u_char *buf, unsigned n)
{
    size_t   len;
    u_char  *p, *content;

    static const char  hex[] = "0123456789abcdef";

    p = memcpy(buf + 5, BENCH_EVENT_HEAD, sizeof(BENCH_EVENT_HEAD) - 1);
    p += sizeof(BENCH_EVENT_HEAD) - 1;

    content = p;
    *p++ = ' ';
    *p++ = 'w';
    p = bench_text_digits(p, n);

    if (n == 0 && bench.options.text) {
        p = bench_text_filler(p, content + bench.options.text);
    }

    len = p - content;
    p = memcpy(p, BENCH_EVENT_TAIL, sizeof(BENCH_EVENT_TAIL) - 1);
    p += sizeof(BENCH_EVENT_TAIL) - 1;

    len = len < BENCH_PAD ? BENCH_PAD - len : 1;
    p = memcpy(p, bench_text_random + n % 16, len);
    p += len;

    p = memcpy(p, "\"}\n\n\r\n", 6);
    p += 6;

    len = p - buf - 7;
    buf[0] = hex[len >> 8 & 15];
    buf[1] = hex[len >> 4 & 15];
    buf[2] = hex[len & 15];
    buf[3] = '\r';
    buf[4] = '\n';

    return p - buf;
}


size_t
bench_text_finish(u_char *buf)
{
    u_char  *p;

    p = bench_text_chunk(buf, "data: {"
        "\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","
        "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"system_fingerprint\":\"fp_560af6e559\","
        "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
        "\"finish_reason\":\"stop\"}],\"obfuscation\":\"Zt\"}\n\n");

    p = bench_text_chunk(p, "data: [DONE]\n\n");
    p = bench_text_put(p, "0\r\n\r\n");

    return p - buf;
}


/* the arguments name the call, so that the tool also knows whose it is */

size_t
bench_text_call(bench_call_t *c, u_char *buf)
{
    char     event[BENCH_MAX_EVENT / 2];
    u_char  *p;

    p = buf + bench_text_head(buf);

    snprintf(event, sizeof(event), "data: {"
        "\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","
        "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
        "\"id\":\"call_c%ut%u\",\"type\":\"function\",\"function\":"
        "{\"name\":\"look_up\",\"arguments\":\"\"}}]},\"logprobs\":null,"
        "\"finish_reason\":null}]}\n\n", c->index, c->turn);
    p = bench_text_chunk(p, event);

    snprintf(event, sizeof(event), "data: {"
        "\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","
        "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
        "\"function\":{\"arguments\":\"{\\\"of\\\":\\\"[c%u t%u]\\\"}\"}}]},"
        "\"logprobs\":null,\"finish_reason\":null}]}\n\n",
        c->index, c->turn);
    p = bench_text_chunk(p, event);

    p = bench_text_chunk(p, "data: {"
        "\"id\":\"chatcmpl-BqWc8mTz0hKxR4uLdN7yVeJfPs2Aa\","
        "\"object\":\"chat.completion.chunk\",\"created\":1763800000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
        "\"finish_reason\":\"tool_calls\"}]}\n\n");

    p = bench_text_chunk(p, "data: [DONE]\n\n");
    p = bench_text_put(p, "0\r\n\r\n");

    return p - buf;
}


size_t
bench_text_result(u_char *buf)
{
    return bench_text_put(buf, "HTTP/1.1 200 OK\r\n"
                          "Content-Type: application/json\r\n"
                          "Content-Length: 23\r\n"
                          "Connection: keep-alive\r\n"
                          "\r\n"
                          "{\"free\":[\"nine\",\"ten\"]}")
           - buf;
}


static u_char *
bench_text_chunk(u_char *p, const char *event)
{
    return p + sprintf((char *) p, "%zx\r\n%s\r\n", strlen(event), event);
}


static u_char *
bench_text_put(u_char *p, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);

    return p + len;
}


static u_char *
bench_text_digits(u_char *p, unsigned n)
{
    u_char  *q, digits[10];

    q = digits + 10;

    do {
        *--q = '0' + n % 10;
        n /= 10;
    } while (n);

    memcpy(p, q, digits + 10 - q);

    return p + (digits + 10 - q);
}


static u_char *
bench_text_filler(u_char *p, u_char *last)
{
    size_t  i;

    static const char  text[] = " and if it should rain before the shop is "
        "open, where might one stay until then, or is there no such place";

    for (i = 0; p < last; p++) {
        *p = text[i];
        i = (i + 1) % (sizeof(text) - 1);
    }

    return p;
}


/* by its head the model knows whose request it has */

static u_char *
bench_text_words(u_char *p, unsigned turn, unsigned index)
{
    u_char  *start;

    start = p;
    p += sprintf((char *) p, "[c%u t%u]", index, turn);

    return bench_text_filler(p, start + BENCH_PROMPT);
}


size_t
bench_text_upgrade(bench_call_t *c, u_char *buf)
{
    size_t    i;
    u_char    key[16];
    uint64_t  x;

    for (i = 0; i < 16; i++) {
        x = bench.random * 6364136223846793005ULL + 1442695040888963407;
        bench.random = x;
        key[i] = x >> 56;
    }

    EVP_EncodeBlock((u_char *) c->key, key, 16);

    return sprintf((char *) buf, "GET /ws HTTP/1.1\r\n"
                   "Host: " BENCH_HOST "\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: %s\r\n"
                   "Sec-WebSocket-Version: 13\r\n"
                   "User-Agent: Jetty/11.0.24\r\n"
                   "Accept-Encoding: gzip\r\n"
                   "Pragma: no-cache\r\n"
                   "Cache-Control: no-cache\r\n"
                   "X-Twilio-Signature: %s\r\n"
                   "x-amzn-bedrock-agentcore-runtime-custom-twilio-signature:"
                   " %s\r\n"
                   "\r\n", c->key, bench.signature, bench.signature);
}


int
bench_text_accepts(bench_call_t *c, const u_char *head, size_t len)
{
    char    text[BENCH_KEY_LEN + sizeof(CONVRELAY_WS_GUID)];
    u_char  md[SHA_DIGEST_LENGTH], accept[CONVRELAY_WS_ACCEPT_LEN + 1];

    if (len < 16 || memcmp(head, "HTTP/1.1 101", 12) != 0) {
        return CONVRELAY_DECLINED;
    }

    sprintf(text, "%s%s", c->key, CONVRELAY_WS_GUID);
    SHA1((u_char *) text, strlen(text), md);
    EVP_EncodeBlock(accept, md, SHA_DIGEST_LENGTH);

    return memmem(head, len, accept, CONVRELAY_WS_ACCEPT_LEN)
           ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


size_t
bench_text_setup(bench_call_t *c, u_char *buf)
{
    char     session[35], call[35];
    u_char  *p;

    bench_text_sid(session, "VX");
    bench_text_sid(call, "CA");

    p = buf;
    p += sprintf((char *) p, "{\"type\":\"setup\",\"sessionId\":\"%s\","
                 "\"callSid\":\"%s\",\"parentCallSid\":\"\","
                 "\"from\":\"+1555%07u\",\"to\":\"+15550100002\","
                 "\"forwardedFrom\":\"\",\"callerName\":\"\","
                 "\"direction\":\"inbound\",\"callType\":\"PSTN\","
                 "\"callStatus\":\"RINGING\",\"accountSid\":"
                 "\"AC00000000000000000000000000000001\","
                 "\"customParameters\":{", session, call, c->index);

    if (bench.options.ticket) {
        p = bench_text_put(p, "\"convrelay_ticket\":\"");
        p = bench_text_ticket(p, call);
        *p++ = '"';
    }

    p = bench_text_put(p, "}}");

    return p - buf;
}


/* what the webhook would have given the call */

static u_char *
bench_text_ticket(u_char *p, const char *sid)
{
    u_char              mac[CONVRELAY_SIGNATURE_LEN + 1], buf[256];
    convrelay_str_t     call, input;
    convrelay_ticket_t  ticket;

    memset(&ticket, 0, sizeof(convrelay_ticket_t));
    ticket.expires = time(NULL) + 60;

    call.data = (u_char *) sid;
    call.len = strlen(sid);

    input.data = buf;
    input.len = convrelay_ticket_input_size(&ticket, &call);
    (void) convrelay_ticket_input_write(buf, &ticket, &call);

    bench_text_mac(bench.options.ticket, &input, mac);

    ticket.mac.data = mac;
    ticket.mac.len = CONVRELAY_SIGNATURE_LEN;

    return convrelay_ticket_write(p, &ticket);
}


size_t
bench_text_prompt(bench_call_t *c, u_char *buf)
{
    u_char  *p;

    p = bench_text_put(buf, "{\"type\":\"prompt\",\"voicePrompt\":\"");
    p = bench_text_words(p, c->turn, c->index);
    p = bench_text_put(p, "\",\"lang\":\"en-US\",\"last\":true}");

    return p - buf;
}


u_char *
bench_text_request(bench_call_t *c, size_t *len)
{
    u_char      *p, *request, prompt[BENCH_PROMPT + 64];
    size_t       size;
    const char  *history;

    p = bench_text_put(prompt, "{\"role\":\"user\",\"content\":\"");
    p = bench_text_words(p, c->turn, c->index);
    p = bench_text_put(p, "\"}]}");
    *p = '\0';

    history = bench_text_history(c->turn - 1);
    size = strlen(history) + (p - prompt);

    request = bench_alloc(size + 512);
    *len = sprintf((char *) request, "POST /v1/chat/completions HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%d\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %zu\r\n"
                   "\r\n%s%s", bench.options.model_port, size, history,
                   prompt);

    return request;
}


/* a body up to what is asked now, made once for each number of turns */

static const char *
bench_text_history(unsigned turn)
{
    u_char    *p;
    size_t     size;
    unsigned   i, j;

    static char  *histories[BENCH_HISTORIES];

    if (turn >= BENCH_HISTORIES) {
        turn = BENCH_HISTORIES - 1;
    }

    if (histories[turn]) {
        return histories[turn];
    }

    size = 256 + turn * (BENCH_PROMPT + bench.options.text
                         + 6 * bench.options.tokens + 128);
    histories[turn] = bench_alloc(size);

    p = bench_text_put((u_char *) histories[turn], "{\"model\":\"bench\","
                       "\"stream\":true,\"messages\":[{\"role\":\"system\","
                       "\"content\":\"You are a helpful assistant on the "
                       "phone.\"},");

    for (i = 1; i <= turn; i++) {
        p = bench_text_put(p, "{\"role\":\"user\",\"content\":\"");
        p = bench_text_words(p, i, 0);
        p = bench_text_put(p, "\"},{\"role\":\"assistant\",\"content\":\"");
        p = bench_text_filler(p, p + bench.options.text);

        for (j = 0; j < bench.options.tokens; j++) {
            p += sprintf((char *) p, " w%u", j);
        }

        p = bench_text_put(p, "\"},");
    }

    return histories[turn];
}


size_t
bench_text_webhook(bench_call_t *c, u_char *buf)
{
    char              *signature, sid[35], from[16];
    u_char            *p, body[BENCH_MAX_EVENT / 2];
    size_t             i, n;
    convrelay_pair_t   pairs[BENCH_FIELDS];

    bench_text_sid(sid, "CA");
    sprintf(from, "+1555%07u", c->index);

    n = bench_text_fields(pairs, sid, from);
    p = body;

    for (i = 0; i < n; i++) {
        p = bench_text_escape(p, &pairs[i].name);
        *p++ = '=';
        p = bench_text_escape(p, &pairs[i].value);
        *p++ = '&';
    }

    *--p = '\0';

    signature = bench_text_sign(bench.options.tls
                                ? "https://" BENCH_HOST "/twiml"
                                : "http://" BENCH_HOST "/twiml", pairs, n);

    n = sprintf((char *) buf, "POST /twiml HTTP/1.1\r\n"
                "Host: " BENCH_HOST "\r\n"
                "Content-Type: application/x-www-form-urlencoded; "
                "charset=UTF-8\r\n"
                "Content-Length: %zu\r\n"
                "User-Agent: TwilioProxy/1.1\r\n"
                "Accept: */*\r\n"
                "I-Twilio-Idempotency-Token: %s\r\n"
                "X-Twilio-Signature: %s\r\n"
                "\r\n%s", (size_t) (p - body), sid, signature, body);

    free(signature);

    return n;
}


static size_t
bench_text_fields(convrelay_pair_t *pairs, char *sid, char *from)
{
    size_t  i;

    static char  *names[] = {
        "CallSid", "AccountSid", "From", "Caller", "To", "Called",
        "CallStatus", "Direction", "ApiVersion", "FromCity", "FromState",
        "FromZip", "FromCountry", "CallerCity", "CallerState", "CallerZip",
        "CallerCountry", "ToCity", "ToState", "ToZip", "ToCountry",
        "CalledCity", "CalledState", "CalledZip", "CalledCountry",
        "StirVerstat", "CallToken", NULL
    };

    static char  *values[] = {
        NULL, "AC00000000000000000000000000000001", NULL, NULL,
        "+15550100002", "+15550100002", "ringing", "inbound", "2010-04-01",
        "PORT HURON", "MI", "48060", "US", "PORT HURON", "MI", "48060", "US",
        "", "", "", "US", "", "", "", "US", "TN-Validation-Passed-C",
        "{\"parentCallInfoToken\":\"eyJhbGciOiJFUzI1NiJ9.eyJjYWxsU2lk\","
        "\"identityHeaderTokens\":[]}"
    };

    for (i = 0; names[i]; i++) {
        pairs[i].name.data = (u_char *) names[i];
        pairs[i].name.len = strlen(names[i]);
        pairs[i].value.data = (u_char *) (values[i] ? values[i]
                                                    : i == 0 ? sid : from);
        pairs[i].value.len = strlen((char *) pairs[i].value.data);
    }

    return i;
}


static u_char *
bench_text_escape(u_char *p, const convrelay_str_t *s)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if ((ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z')
            || (ch >= 'a' && ch <= 'z') || ch == '-' || ch == '.')
        {
            *p++ = ch;

        } else if (ch == ' ') {
            *p++ = '+';

        } else {
            p += sprintf((char *) p, "%%%02X", ch);
        }
    }

    return p;
}


char *
bench_text_sign(const char *url, convrelay_pair_t *pairs, size_t n)
{
    char                   *signature;
    u_char                 *buf;
    convrelay_str_t         s, input;
    convrelay_signature_t   sig;

    s.data = (u_char *) url;
    s.len = strlen(url);

    convrelay_signature_init(&sig, &s, pairs, n);

    buf = bench_alloc(convrelay_signature_size(&sig));
    (void) convrelay_signature_next(&sig, buf, &input);

    signature = bench_alloc(CONVRELAY_SIGNATURE_LEN + 1);
    bench_text_mac(bench.options.token, &input, (u_char *) signature);

    free(buf);

    return signature;
}


/* in base64, with a NUL */

static void
bench_text_mac(const char *key, const convrelay_str_t *input, u_char *mac)
{
    u_char    md[EVP_MAX_MD_SIZE];
    unsigned  len;

    HMAC(EVP_sha1(), key, strlen(key), input->data, input->len, md, &len);
    EVP_EncodeBlock(mac, md, len);
}


/* no two runs have the same */

static void
bench_text_sid(char *sid, const char *prefix)
{
    static uint64_t  run, number;

    if (run == 0) {
        run = bench_clock();
    }

    sprintf(sid, "%s%016llx%016llx", prefix, (unsigned long long) run,
            (unsigned long long) ++number);
}
