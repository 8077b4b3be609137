
/*
 * Copyright (C) convrelay contributors
 *
 * The ticket of a page: what a handshake offers, the ticket itself, what a page
 * is given, and that a ticket is used once.
 */


#include <stdlib.h>

#include "convrelay_spent.h"
#include "convrelay_talk.h"
#include "convrelay_talk_answer.h"
#include "tap.h"


static void test_offer(void);
static void test_ticket(void);
static void test_place(void);
static void test_setup(void);
static void test_answer(void);
static void test_spent(void);

static void offer(const char *line, unsigned talk, unsigned tickets,
    const char *ticket);


static const u_char  key[CONVRELAY_TALK_KEY_LEN] =
    "0123456789abcdef0123456789abcde";


int
main(void)
{
    test_offer();
    test_ticket();
    test_place();
    test_setup();
    test_answer();
    test_spent();

    return tap_done();
}


static void
test_offer(void)
{
    convrelay_str_t         line;
    convrelay_talk_offer_t  o;

    offer("convrelay.talk, ct.abc", 1, 1, "abc");
    offer("ct.abc,convrelay.talk", 1, 1, "abc");
    offer("convrelay.talk", 1, 0, "");
    offer("ct.abc", 0, 1, "abc");
    offer("ct.", 0, 1, "");
    offer("", 0, 0, "");
    offer(",", 0, 0, "");
    offer(" , ,,\tconvrelay.talk\t,", 1, 0, "");
    offer("chat, superchat", 0, 0, "");
    offer("Convrelay.Talk, CT.abc", 0, 0, "");
    offer("convrelay.talks, xct.abc", 0, 0, "");
    offer("convrelay.tal", 0, 0, "");
    offer("convrelay.talk ct.abc", 0, 0, "");
    offer("ct.a, ct.b, ct.c", 0, 2, "a");
    offer("convrelay.talk, convrelay.talk, ct.abc", 1, 1, "abc");

    memset(&o, 0, sizeof(o));

    line.data = (u_char *) "ct.abc";
    line.len = 6;
    convrelay_talk_offer(&o, &line);

    line.data = (u_char *) "convrelay.talk";
    line.len = 14;
    convrelay_talk_offer(&o, &line);

    tap_ok(o.talk && o.tickets == 1, "a list may be on two lines");
}


static void
offer(const char *line, unsigned talk, unsigned tickets, const char *ticket)
{
    convrelay_str_t         str;
    convrelay_talk_offer_t  o;

    memset(&o, 0, sizeof(o));

    str.len = strlen(line);
    str.data = tap_flush(line, str.len);

    convrelay_talk_offer(&o, &str);

    tap_ok(o.talk == talk && o.tickets == tickets, "\"%s\"", line);
    tap_is_str(&o.ticket, ticket, "its ticket");

    tap_unflush(str.data, str.len);
}


static void
test_ticket(void)
{
    size_t                   i;
    unsigned                 good;
    u_char                   text[CONVRELAY_TALK_TICKET_LEN + 1], *p;
    convrelay_str_t          place = convrelay_string("12345678/talk");
    convrelay_str_t          str;
    convrelay_talk_ticket_t  t, again;

    memset(&t, 0, sizeof(t));

    t.expires = 0x6543210f;
    memcpy(t.nonce, "nonce-------", sizeof(t.nonce));
    memcpy(t.setup, "setup-----------", sizeof(t.setup));

    convrelay_talk_ticket_sign(&t, key, &place);

    p = convrelay_talk_ticket_write(text, &t);
    tap_ok(p == text + CONVRELAY_TALK_TICKET_LEN, "64 characters");

    str.len = CONVRELAY_TALK_TICKET_LEN;
    str.data = tap_flush(text, str.len);

    tap_ok(convrelay_talk_ticket_read(&again, &str) == CONVRELAY_OK,
           "which can be read");
    tap_ok(memcmp(&again, &t, sizeof(t)) == 0, "... and are the same ticket");
    tap_ok(convrelay_talk_ticket_valid(&again, key, &place), "it is valid");

    tap_unflush(str.data, str.len);

    /* a change of any character is noticed, of which the last has no spare
       bits */

    good = 0;
    str.data = text;

    for (i = 0; i < CONVRELAY_TALK_TICKET_LEN; i++) {
        text[i] ^= 1;

        if (convrelay_talk_ticket_read(&again, &str) == CONVRELAY_OK) {
            good += convrelay_talk_ticket_valid(&again, key, &place);
        }

        text[i] ^= 1;
    }

    tap_ok(good == 0, "a changed ticket is not");

    for (i = 0; i < CONVRELAY_TALK_TICKET_LEN; i++) {
        p = memchr("+/= .%,\xff", text[i], 8);
        tap_ok(p == NULL, "a character that a header and base64url allow");
    }

    str.len--;
    tap_ok(convrelay_talk_ticket_read(&again, &str) == CONVRELAY_DECLINED,
           "one less");

    text[CONVRELAY_TALK_TICKET_LEN] = 'A';
    str.len += 2;
    tap_ok(convrelay_talk_ticket_read(&again, &str) == CONVRELAY_DECLINED,
           "one more");

    str.len = 0;
    tap_ok(convrelay_talk_ticket_read(&again, &str) == CONVRELAY_DECLINED,
           "nothing");

    str.len = CONVRELAY_TALK_TICKET_LEN;

    for (i = 0; i < 6; i++) {
        text[7] = "+/= ,\0"[i];
        tap_ok(convrelay_talk_ticket_read(&again, &str)
               == CONVRELAY_DECLINED, "a character that is none of it");
    }
}


static void
test_place(void)
{
    u_char                   other[CONVRELAY_TALK_KEY_LEN];
    convrelay_str_t          place = convrelay_string("12345678/talk");
    convrelay_str_t          there = convrelay_string("12345679/talk");
    convrelay_str_t          none = convrelay_null_string;
    convrelay_talk_ticket_t  t;

    memset(&t, 0, sizeof(t));
    convrelay_talk_ticket_sign(&t, key, &place);

    tap_ok(convrelay_talk_ticket_valid(&t, key, &place), "here");
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &there), "not there");
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &none), "not anywhere");

    memcpy(other, key, sizeof(other));
    other[31] ^= 1;
    tap_ok(!convrelay_talk_ticket_valid(&t, other, &place), "another key");

    t.expires++;
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &place), "another time");
    t.expires--;

    t.nonce[11]++;
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &place), "another nonce");
    t.nonce[11]--;

    t.setup[0]++;
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &place), "another setup");
    t.setup[0]--;

    t.mac[15]++;
    tap_ok(!convrelay_talk_ticket_valid(&t, key, &place), "another MAC");
}


static void
test_setup(void)
{
    size_t                  len;
    u_char                  buf[1024], hash[2][CONVRELAY_TALK_SETUP_LEN];
    convrelay_str_t         text;
    convrelay_pair_t        pairs[2];
    convrelay_twiml_t       twiml;
    convrelay_talk_setup_t  s;

    memset(&s, 0, sizeof(s));
    memset(&twiml, 0, sizeof(twiml));

    convrelay_str_set(&s.call_sid, "CAtalk1");
    convrelay_str_set(&s.session_id, "VXtalk1");

    len = convrelay_talk_setup(NULL, &s);
    tap_ok(convrelay_talk_setup(buf, &s) == len, "it is as long as it said");
    text.data = buf;
    text.len = len;
    tap_is_str(&text, "{\"type\":\"setup\",\"sessionId\":\"VXtalk1\","
               "\"callSid\":\"CAtalk1\",\"accountSid\":\"ACtalk\","
               "\"from\":\"client:browser\",\"to\":\"\","
               "\"direction\":\"inbound\",\"callType\":\"BROWSER\","
               "\"callStatus\":\"RINGING\",\"customParameters\":{}}",
               "without parameters");

    convrelay_talk_setup_hash(hash[0], &text);

    convrelay_str_set(&pairs[0].name, "a\"b");
    convrelay_str_set(&pairs[0].value, "x\ny");
    convrelay_str_set(&pairs[1].name, "c");
    convrelay_str_set(&pairs[1].value, "");

    twiml.parameters = pairs;
    twiml.nparameters = 2;
    s.twiml = &twiml;

    len = convrelay_talk_setup(NULL, &s);
    tap_ok(convrelay_talk_setup(buf, &s) == len, "and with them");

    text.len = sizeof("{\"a\\\"b\":\"x\\ny\",\"c\":\"\"}}") - 1;
    text.data = buf + len - text.len;
    tap_is_str(&text, "{\"a\\\"b\":\"x\\ny\",\"c\":\"\"}}",
               "which are escaped");

    text.data = buf;
    text.len = len;
    convrelay_talk_setup_hash(hash[1], &text);
    tap_ok(memcmp(hash[0], hash[1], sizeof(hash[0])) != 0,
           "another message has another hash");
}


static void
test_answer(void)
{
    size_t                      len;
    u_char                      buf[1024];
    convrelay_str_t             text;
    convrelay_pair_t            pairs[3];
    convrelay_twiml_t           twiml;
    convrelay_talk_answer_t     a;
    convrelay_twiml_language_t  languages[2];

    memset(&a, 0, sizeof(a));
    memset(&twiml, 0, sizeof(twiml));
    memset(languages, 0, sizeof(languages));

    convrelay_str_set(&a.location, "/ws");
    convrelay_str_set(&a.ticket, "abc");
    convrelay_str_set(&a.setup, "{\"a\":\"\\\"\"}");
    a.time = 600;

    len = convrelay_talk_answer(NULL, &a);
    tap_ok(convrelay_talk_answer(buf, &a) == len, "as long as it said");
    text.data = buf;
    text.len = len;
    tap_is_str(&text, "{\"url\":\"/ws\",\"protocols\":[\"convrelay.talk\","
               "\"ct.abc\"],\"setup\":\"{\\\"a\\\":\\\"\\\\\\\"\\\"}\","
               "\"time\":600,\"attributes\":{},\"languages\":[]}",
               "without TwiML");

    convrelay_str_set(&pairs[0].name, "welcomeGreeting");
    convrelay_str_set(&pairs[0].value, "Hi \"you\"");
    convrelay_str_set(&pairs[1].name, "voice");
    convrelay_str_set(&pairs[1].value, "secret");
    convrelay_str_set(&pairs[2].name, "dtmfDetection");
    convrelay_str_set(&pairs[2].value, "true");
    convrelay_str_set(&languages[0].code, "en-US");
    convrelay_str_set(&languages[1].code, "de-DE");

    twiml.attributes = pairs;
    twiml.nattributes = 3;
    twiml.languages = languages;
    twiml.nlanguages = 2;
    a.twiml = &twiml;

    convrelay_str_set(&a.path, "/phone");

    len = convrelay_talk_answer(NULL, &a);
    tap_ok(convrelay_talk_answer(buf, &a) == len, "the same with it");

    text.data = buf;
    text.len = 17;
    tap_is_str(&text, "{\"url\":\"/phone/ws", "a path before the location");

    buf[len] = '\0';
    tap_ok(strstr((char *) buf, ",\"attributes\":{\"welcomeGreeting\":"
                  "\"Hi \\\"you\\\"\",\"dtmfDetection\":\"true\"},"
                  "\"languages\":[\"en-US\",\"de-DE\"]}") != NULL,
           "what the page needs of the TwiML, and no more");
}


static void
test_spent(void)
{
    unsigned            i, bad;
    u_char              nonce[CONVRELAY_SPENT_NONCE_LEN];
    convrelay_spent_t  *s;

    s = malloc(sizeof(convrelay_spent_t));
    tap_ok(s != NULL, "memory");

    memset(s, 0xff, sizeof(convrelay_spent_t));
    tap_ok(convrelay_spent_open(s, sizeof(*s)) == NULL, "something else");

    s = convrelay_spent_create(s, key);
    tap_ok(convrelay_spent_open(s, sizeof(*s)) == s, "it is open");
    tap_ok(convrelay_spent_open(s, sizeof(*s) - 1) == NULL, "not if cut");
    tap_ok(convrelay_spent_open(NULL, 0) == NULL, "nothing");
    tap_ok(memcmp(s->key, key, sizeof(s->key)) == 0, "its key");

    memset(nonce, 0, sizeof(nonce));

    tap_ok(convrelay_spent_add(s, nonce, 130, 100) == CONVRELAY_OK,
           "a nonce of zeros, too, is used once");
    tap_ok(convrelay_spent_add(s, nonce, 130, 100) == CONVRELAY_DECLINED,
           "not twice");
    tap_ok(convrelay_spent_add(s, nonce, 130, 130) == CONVRELAY_DECLINED,
           "not in the last second of its ticket");

    bad = 0;

    for (i = 1; i < CONVRELAY_SPENT_MAX; i++) {
        nonce[0] = i;
        nonce[1] = i >> 8;
        bad += (convrelay_spent_add(s, nonce, 131, 101) != CONVRELAY_OK);
    }

    tap_ok(bad == 0, "so many can be used");

    nonce[11] = 1;
    tap_ok(convrelay_spent_add(s, nonce, 131, 101) == CONVRELAY_ERROR,
           "then there is no room");
    nonce[11] = 0;
    tap_ok(convrelay_spent_add(s, nonce, 131, 101) == CONVRELAY_DECLINED,
           "those are known then");
    nonce[11] = 1;
    tap_ok(convrelay_spent_add(s, nonce, 160, 131) == CONVRELAY_OK,
           "until the first ticket has expired");
    tap_ok(convrelay_spent_add(s, nonce, 160, 131) == CONVRELAY_DECLINED,
           "and that one is known");

    free(s);
}
