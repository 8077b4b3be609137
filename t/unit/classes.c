
/*
 * Copyright (C) convrelay contributors
 *
 * Classes of characters: each of the 256 bytes is put where one of a class is
 * expected, and those that are taken have to be the class, both ends of each
 * range included.
 */


#include "tap.h"
#include "convrelay_dotenv.h"
#include "convrelay_form.h"
#include "convrelay_heard.h"
#include "convrelay_json_reader.h"
#include "convrelay_json_tree.h"
#include "convrelay_llm_api.h"
#include "convrelay_number.h"
#include "convrelay_redact.h"
#include "convrelay_relay.h"
#include "convrelay_reply.h"
#include "convrelay_signature.h"
#include "convrelay_template.h"
#include "convrelay_ticket.h"
#include "convrelay_twiml.h"
#include "convrelay_twiml_attribute.h"
#include "convrelay_ws_handshake.h"
#include "convrelay_xml.h"


#define HEX     "0-9A-Fa-f"
#define ALPHA   "A-Za-z"
#define ALNUM   "0-9A-Za-z"

#define bytes(s)  s, sizeof(s) - 1


typedef int (*takes_pt)(const convrelay_str_t *text);


/* the byte stands for the "@" of text; a "-" first in a class is one */

typedef struct {
    const char  *name;
    takes_pt     takes;
    const char  *text;
    const char  *class;
    size_t       len;
} class_t;


static void in_class(const char *class, size_t len, u_char *set);
static int dotenv(const convrelay_str_t *text);
static int json_tree(const convrelay_str_t *text);
static int json_reader(const convrelay_str_t *text);
static int json_numeric(const convrelay_str_t *text);
static int template(const convrelay_str_t *text);
static int ws_key(const convrelay_str_t *text);
static int relay_code(const convrelay_str_t *text);
static int relay_digit(const convrelay_str_t *text);
static int relay_lang(const convrelay_str_t *text);
static int relay_tones(const convrelay_str_t *text);
static int form(const convrelay_str_t *text);
static int number(const convrelay_str_t *text);
static int tones(const convrelay_str_t *text);
static int reply(const convrelay_str_t *text);
static int reply_max(const convrelay_str_t *text);
static int token(const convrelay_str_t *text);
static int ticket(const convrelay_str_t *text);
static int twiml_name(const convrelay_str_t *text);
static int twiml_url(const convrelay_str_t *text);
static int language(const convrelay_str_t *text);
static int threshold(const convrelay_str_t *text);
static int eot_timeout(const convrelay_str_t *text);
static int elevenlabs(const convrelay_str_t *text);
static int google(const convrelay_str_t *text);
static int voice(const convrelay_str_t *text, const char *provider);
static int xml(const convrelay_str_t *text);
static int request_field(const convrelay_str_t *text);
static int heard(const convrelay_str_t *text);
static int heard_any_case(const convrelay_str_t *text);
static int word_before_key(const convrelay_str_t *text);
static int control(const convrelay_str_t *text);


static const class_t  classes[] = {
    { "a name in an env file begins with", dotenv, "@B=x",
      bytes(ALPHA "_") },
    { "... goes on with", dotenv, "A@B=x", bytes(ALNUM "_.") },

    { "a digit of a JSON escape, tree", json_tree, "\"\\u0@41\"",
      bytes(HEX) },
    { "... reader", json_reader, "\"\\u0@41\"", bytes(HEX) },
    { "the last one of it, reader", json_reader, "\"\\u004@\"", bytes(HEX) },
    { "an escape of JSON, tree", json_tree, "\"\\@\"", bytes("\"\\/bfnrt") },
    { "... reader", json_reader, "\"\\@\"", bytes("\"\\/bfnrt") },
    { "a number of JSON goes on with", json_reader, "1@1",
      bytes("0-9.eE") },
    { "... after a zero with", json_reader, "0@1", bytes(".eE") },
    { "... after a minus with", json_reader, "-@", bytes("0-9") },
    { "... after a point with", json_reader, "1.@", bytes("0-9") },
    { "... an exponent begins with", json_reader, "1e@1",
      bytes("-+0-9") },
    { "... goes on with", json_reader, "1e1@1", bytes("0-9") },
    { "a number in a string goes on with, NUL left out", json_numeric,
      "{\"n\":\"1@1\"}", bytes("\0" "0-9.") },
    { "white space of JSON", json_reader, "@[@]@", bytes(" \t\r\n") },

    { "a variable in a text", template, "$a@", bytes(ALNUM "_") },
    { "... in braces", template, "${a@}", bytes(ALNUM "_") },

    { "a Sec-WebSocket-Key", ws_key, "dGhlIHNhbXBsZSBub25j@Q==",
      bytes(ALNUM "+/") },

    { "the code of an error of Twilio's", relay_code, "code:1@",
      bytes("0-9") },
    { "a key that is pressed", relay_digit, "@", bytes("0-9*#A-D") },
    { "a tag of a language to speak", relay_lang, "e@-001",
      bytes("-" ALNUM) },
    { "keys to send", relay_tones, "1@", bytes("0-9*#w") },

    { "an escape of a form, its first digit", form, "%@1", bytes(HEX) },
    { "... its second", form, "%4@", bytes(HEX) },

    { "a telephone number", number, "+15550100@", bytes("0-9") },
    { "a telephone number begins with", number, "@15550100", bytes("+0-9") },
    { "keys after it", tones, "+15550100002,1@", bytes("0-9*#wW") },
    { "a workflow", reply, "enqueue WW0123456789abcdefABCDEF012345678@",
      bytes(HEX) },
    { "the number of reconnects", reply_max, "reconnect max=1@",
      bytes("0-9") },

    { "an auth token", token, "0123456789abcdef0123456789abcde@",
      bytes(HEX) },
    { "the time of a ticket", ticket,
      "0123456@aaaaaaaaaaaaaaaaaaaaaaaaaaaa", bytes(HEX) },

    { "the name of an attribute begins with", twiml_name, "@a",
      bytes(ALPHA) },
    { "... goes on with", twiml_name, "a@", bytes(ALNUM) },
    { "a host", twiml_url, "wss://a@b.example.com", bytes("-" ALNUM "._/?") },
    { "an IPv6 address", twiml_url, "wss://[::@]/", bytes(HEX ":.") },

    { "a language", language, "e@-US", bytes(ALPHA) },
    { "its region", language, "en-4@1", bytes("-" ALNUM) },
    { "a threshold", threshold, "0.@", bytes("5-9") },
    { "... goes on with", threshold, "0.5@", bytes("0-9") },
    { "... of 0.9 with", threshold, "0.9@", bytes("0") },
    { "a timeout", eot_timeout, "60@", bytes("0-9") },

    { "a voice of ElevenLabs", elevenlabs, "0123456789abcdefXYZ@",
      bytes(ALNUM) },
    { "... of Google, its language", google, "e@-US-Journey-O",
      bytes("a-z") },
    { "... its region", google, "en-@S-Journey-O", bytes("A-Z") },
    { "... to its end", google, "en-U@-Journey-O", bytes("A-Z") },

    { "the name of an element begins with", xml, "<@/>", bytes(ALPHA "_") },
    { "... goes on with", xml, "<a@b/>", bytes("-" ALNUM "_.:") },
    { "a reference to a character", xml, "<a>&#6@;</a>", bytes("0-9") },
    { "... in hexadecimal", xml, "<a>&#x4@;</a>", bytes(HEX) },

    { "a string of a request field", request_field, "\"a@ \"",
      bytes(" -!#-[]-\x7f") },

    { "what a word that was heard does not begin after", heard, "@a a b",
      bytes("0-9A-Zb-z") },
    { "letters that are heard in any case", heard_any_case, "-@@-",
      bytes(ALNUM "\xc0-\xff") },

    { "what a key is not looked for after", word_before_key,
      "@sk-0123456789", bytes(ALNUM) },
    { "what is a blank in a log line", control, "a@b",
      bytes("\0-\x20\x7f") }
};


int
main(void)
{
    char             shown[256 * 4 + 1], *p;
    u_char           want[256], text[64];
    unsigned         c, i, k, wrong, got;
    convrelay_str_t  s;

    for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        in_class(classes[i].class, classes[i].len, want);

        p = shown;
        wrong = 0;

        for (c = 0; c < 256; c++) {
            s.len = strlen(classes[i].text);

            for (k = 0; k < s.len; k++) {
                text[k] = classes[i].text[k];

                if (text[k] == '@') {
                    text[k] = c;
                }
            }

            s.data = tap_flush(text, s.len);
            got = !!classes[i].takes(&s);
            tap_unflush(s.data, s.len);

            if (got != want[c]) {
                p += sprintf(p, "%s%02x ", got ? "+" : "-", c);
                wrong++;
            }
        }

        if (!tap_ok(wrong == 0, "%s %s", classes[i].name, classes[i].text)) {
            printf("# taken, but not of the class (+), or not taken (-): "
                   "%s\n", shown);
        }
    }

    return tap_done();
}


static void
in_class(const char *class, size_t len, u_char *set)
{
    unsigned       c;
    const u_char  *p, *last;

    memset(set, 0, 256);

    p = (const u_char *) class;
    last = p + len;

    while (p < last) {

        if (last - p > 2 && p[1] == '-') {
            for (c = p[0]; c <= p[2]; c++) {
                set[c] = 1;
            }

            p += 3;
            continue;
        }

        set[*p++] = 1;
    }
}


static int
dotenv(const convrelay_str_t *text)
{
    convrelay_dotenv_t        env;
    convrelay_dotenv_entry_t  entry;

    convrelay_dotenv_init(&env, text->data, text->len);

    return convrelay_dotenv_next(&env, &entry) == CONVRELAY_OK
           && entry.name.len == text->len - 2;
}


static int
json_tree(const convrelay_str_t *text)
{
    int               rc;
    convrelay_json_t  json;

    rc = convrelay_json_parse(&json, text->data, text->len);
    convrelay_json_free(&json);

    return rc == CONVRELAY_OK;
}


static int
json_reader(const convrelay_str_t *text)
{
    const char  *error;

    return convrelay_json_check(text->data, text->len, &error)
           == CONVRELAY_OK;
}


static int
json_numeric(const convrelay_str_t *text)
{
    int               rc;
    double            value;
    convrelay_json_t  json;

    if (convrelay_json_parse(&json, text->data, text->len) != CONVRELAY_OK) {
        return 0;
    }

    rc = convrelay_json_number(json.root, "n", &value);
    convrelay_json_free(&json);

    return rc == CONVRELAY_OK && value != 1;
}


static int
template(const convrelay_str_t *text)
{
    convrelay_template_t       t;
    convrelay_template_part_t  part;

    memset(&t, 0, sizeof(convrelay_template_t));
    t.pos = text->data;
    t.last = text->data + text->len;

    return convrelay_template_next(&t, &part) == CONVRELAY_OK
           && part.variable && part.text.len == 2;
}


static int
ws_key(const convrelay_str_t *text)
{
    convrelay_ws_handshake_t  h;

    memset(&h, 0, sizeof(convrelay_ws_handshake_t));
    h.get = 1;
    h.http11 = 1;
    h.upgrade = 1;
    h.connection = 1;
    h.version = 1;
    h.versions = 1;
    h.keys = 1;
    h.key = *text;

    return convrelay_ws_handshake_check(&h) == 101;
}


/* a message with the text in it, which is parsed */

static int
relay(convrelay_relay_message_t *m, const char *before,
    const convrelay_str_t *text)
{
    static u_char  buf[256];

    size_t  len;

    len = sprintf((char *) buf, "%s", before);
    memcpy(buf + len, text->data, text->len);
    len += text->len;
    memcpy(buf + len, "\"}", 2);

    return convrelay_relay_parse(m, buf, len + 2) == CONVRELAY_OK;
}


static int
relay_code(const convrelay_str_t *text)
{
    int                        code;
    convrelay_relay_message_t  m;

    if (!relay(&m, "{\"type\":\"error\",\"description\":\"", text)) {
        return 0;
    }

    code = m.u.error.code;
    convrelay_relay_free(&m);

    return code >= 10 && code == 10 + text->data[text->len - 1] - '0';
}


static int
relay_digit(const convrelay_str_t *text)
{
    size_t                     len;
    convrelay_relay_message_t  m;

    if (!relay(&m, "{\"type\":\"dtmf\",\"digit\":\"", text)) {
        return 0;
    }

    len = m.u.digit.len;
    convrelay_relay_free(&m);

    return len == 1;
}


static int
relay_lang(const convrelay_str_t *text)
{
    const char             *error;
    convrelay_relay_out_t   m;

    memset(&m, 0, sizeof(convrelay_relay_out_t));
    m.type = CONVRELAY_RELAY_OUT_LANGUAGE;
    m.text = *text;

    return convrelay_relay_out_check(&m, &error) == CONVRELAY_OK;
}


static int
relay_tones(const convrelay_str_t *text)
{
    const char             *error;
    convrelay_relay_out_t   m;

    memset(&m, 0, sizeof(convrelay_relay_out_t));
    m.type = CONVRELAY_RELAY_OUT_SEND_DIGITS;
    m.text = *text;

    return convrelay_relay_out_check(&m, &error) == CONVRELAY_OK;
}


static int
form(const convrelay_str_t *text)
{
    u_char            *p;
    char               hex[3];
    convrelay_pair_t   pair;

    memcpy(hex, text->data + 1, 2);
    hex[2] = '\0';

    p = text->data;

    return convrelay_form_next(&p, text->data + text->len, &pair)
           == CONVRELAY_OK
           && pair.name.len == 1
           && pair.name.data[0] == strtoul(hex, NULL, 16);
}


static int
number(const convrelay_str_t *text)
{
    convrelay_number_t  n;

    return convrelay_number_parse(text, &n) == CONVRELAY_OK
           && n.len == text->len;
}


static int
tones(const convrelay_str_t *text)
{
    convrelay_number_t  n;

    return convrelay_number_parse(text, &n) == CONVRELAY_OK
           && n.ntones == 6;
}


static int
reply(const convrelay_str_t *text)
{
    const char         *error;
    convrelay_reply_t   r;

    return convrelay_reply_parse(text, &r, &error) == CONVRELAY_OK;
}


static int
reply_max(const convrelay_str_t *text)
{
    const char         *error;
    convrelay_reply_t   r;

    return convrelay_reply_parse(text, &r, &error) == CONVRELAY_OK
           && r.max == 10u + text->data[text->len - 1] - '0';
}


static int
token(const convrelay_str_t *text)
{
    return convrelay_signature_token(text) == CONVRELAY_TOKEN_OK;
}


static int
ticket(const convrelay_str_t *text)
{
    char                hex[9];
    convrelay_ticket_t  t;

    memcpy(hex, text->data, 8);
    hex[8] = '\0';

    return convrelay_ticket_parse(&t, text) == CONVRELAY_OK
           && t.expires == strtoul(hex, NULL, 16);
}


static int
twiml_name(const convrelay_str_t *text)
{
    return convrelay_twiml_check_name(text) == CONVRELAY_OK;
}


static int
twiml_url(const convrelay_str_t *text)
{
    const char  *error;

    return convrelay_twiml_check_url(text, &error) == CONVRELAY_OK;
}


static int
value(const char *attribute, const convrelay_str_t *text)
{
    const char       *error;
    convrelay_str_t   name;

    name.len = strlen(attribute);
    name.data = (u_char *) attribute;

    return convrelay_twiml_check_value(&name, text, &error) == CONVRELAY_OK;
}


static int
language(const convrelay_str_t *text)
{
    return value("language", text);
}


static int
threshold(const convrelay_str_t *text)
{
    return value("eotThreshold", text);
}


static int
eot_timeout(const convrelay_str_t *text)
{
    return value("speechTimeout", text);
}


/* known by what it does not go with */

static int
voice(const convrelay_str_t *text, const char *provider)
{
    convrelay_pair_t            pairs[2];
    convrelay_twiml_t           t;
    convrelay_twiml_conflict_t  c[CONVRELAY_TWIML_MAX_CONFLICTS];

    convrelay_str_set(&pairs[0].name, "voice");
    pairs[0].value = *text;
    convrelay_str_set(&pairs[1].name, "ttsProvider");
    pairs[1].value.len = strlen(provider);
    pairs[1].value.data = (u_char *) provider;

    memset(&t, 0, sizeof(convrelay_twiml_t));
    t.attributes = pairs;
    t.nattributes = 2;

    return convrelay_twiml_conflicts(&t, c) != 0;
}


static int
elevenlabs(const convrelay_str_t *text)
{
    return voice(text, "Google");
}


static int
google(const convrelay_str_t *text)
{
    return voice(text, "ElevenLabs");
}


static int
xml(const convrelay_str_t *text)
{
    const char    *error;
    const u_char  *pos;

    return convrelay_twiml_check_xml(text, &error, &pos) == CONVRELAY_OK;
}


static int
request_field(const convrelay_str_t *text)
{
    const char       *error;
    convrelay_str_t   name;

    convrelay_str_set(&name, "x");

    return convrelay_llm_check_field(&name, text, &error) == CONVRELAY_OK;
}


static int
heard(const convrelay_str_t *text)
{
    convrelay_str_t    utterance;
    convrelay_heard_t  h;

    memset(&h, 0, sizeof(convrelay_heard_t));
    convrelay_str_set(&utterance, "a");

    return convrelay_heard_interrupt(&h, text, &utterance, 0, -1) == 4;
}


static int
heard_any_case(const convrelay_str_t *text)
{
    u_char             c;
    convrelay_str_t    utterance;
    convrelay_heard_t  h;

    c = text->data[1];

    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
        c ^= 0x20;
    }

    utterance.len = 1;
    utterance.data = &c;

    memset(&h, 0, sizeof(convrelay_heard_t));

    return convrelay_heard_interrupt(&h, text, &utterance, 0, -1) == 2;
}


static int
word_before_key(const convrelay_str_t *text)
{
    char  line[64];

    convrelay_redact(line, sizeof(line), text->data, text->len);

    return strstr(line, "***") == NULL;
}


static int
control(const convrelay_str_t *text)
{
    char  line[64];

    convrelay_redact(line, sizeof(line), text->data, text->len);

    return strcmp(line, "a b") == 0;
}
