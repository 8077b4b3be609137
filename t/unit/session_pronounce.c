
/*
 * Copyright (C) convrelay contributors
 *
 * Words that are pronounced in another way than they are written, in a call:
 * the history has what was written, and reports are of what was spoken.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "words are replaced, and remembered as they are written", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We use\"\n"
      "    TEXT \"We use\"\n"
      "delta \" **ng\"\n"
      "    TEXT \" \"\n"
      "delta \"inx**\"\n"
      "delta \" at Acme\"\n"
      "    TEXT \"engine x at \"\n"
      "delta \" Corp\"\n"
      "delta \".\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"ack me corporation.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We use nginx at Acme Corp.\"\n" },

    { "an answer that differs in nothing else keeps its extra", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"nginx\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"engine x\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"nginx\"\n"
      "    extra \"{}\"\n"
      "prompt \"Hm\"\n"
      "    START\n"
      "delta \"*nginx*\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"engine x\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"nginx\"\n"
      "    extra \"{}\"\n"
      "    user \"Hm\"\n"
      "    assistant \"nginx\"\n" },

    { "a word waits for 300 ms, with the filter", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On nginx\"\n"
      "    TEXT \"On \"\n"
      "deadline\n"
      "    300\n"
      "wait 100\n"
      "delta \" [so\"\n"
      "deadline\n"
      "    200\n"
      "wait 100\n"
      "delta \"](x) Acme\"\n"
      "    TEXT \"engine x so \"\n"
      "deadline\n"
      "    100\n"
      "wait 99\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    TEXT \"ack me\"\n"
      "deadline\n"
      "    5000\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On nginx so Acme\"\n" },

    { "without the filter, too", RESPELLED_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"*ac\"\n"
      "    TEXT \"*\"\n"
      "wait 100\n"
      "delta \"m\"\n"
      "deadline\n"
      "    200\n"
      "wait 200\n"
      "clock\n"
      "    TEXT \"acm\"\n"
      "deadline\n"
      "    -1\n"
      "delta \"e acme\"\n"
      "    TEXT \"e \"\n"
      "deadline\n"
      "    300\n"
      "end complete\n"
      "    TEXT \"ack me\"\n"
      "    TEXT \"\" last\n" },

    { "what was heard is found in what was spoken", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We use nginx, Acme Corp uses nginx too\"\n"
      "    TEXT \"We use engine x, ack me corporation uses engine x too\"\n"
      "interrupt \"We use engine x, ack me corporation uses\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We use nginx, Acme Corp uses\"\n" },

    { "a word that was begun counts as a whole", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We use nginx, Acme Corp uses nginx too\"\n"
      "    TEXT \"We use engine x, ack me corporation uses engine x too\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We use engine x, ack\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We use nginx, Acme Corp\"\n" },

    { "one that was not is not in the history", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We use nginx, Acme Corp uses nginx too\"\n"
      "    TEXT \"We use engine x, ack me corporation uses engine x too\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We use\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We use\"\n" },

    { "reports of what was played are of what was spoken", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"nginx, nginx, nginx. \"\n"
      "    TEXT \"engine x, engine x, engine x.\"\n"
      "delta \"Acme. \"\n"
      "    TEXT \" ack me.\"\n"
      "end complete\n"
      "    TEXT \" \"\n"
      "    TEXT \"\" last\n"
      "played \"engine x,\"\n"
      "played \" engine x,\"\n"
      "interrupt \"engine\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"nginx, nginx, nginx\"\n" },

    { "an interruption drops the word that waits", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On nginx\"\n"
      "    TEXT \"On \"\n"
      "interrupt \"On\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    -1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On\"\n" },

    { "words before and after a tool call", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"I ask nginx\"\n"
      "    TEXT \"I ask \"\n"
      "calls \"c1 look {}\"\n"
      "    TEXT \"engine x\"\n"
      "    TOOL 1 look {}\n"
      "toolok 1 \"{}\"\n"
      "    START\n"
      "delta \"Acme said nginx is up.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"ack me said engine x is up\"\n"
      "end complete\n"
      "    TEXT \".\"\n"
      "    TEXT \"\" last\n"
      "interrupt \"I ask engine x ack me said engine\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"I ask nginx\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"{}\"\n"
      "    assistant \"Acme said nginx\"\n" },

    { "the text before a tool call is cut", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"I ask nginx and Acme.\"\n"
      "    TEXT \"I ask engine x and \"\n"
      "calls \"c1 look {}\"\n"
      "    TEXT \"ack me.\"\n"
      "    TOOL 1 look {}\n"
      "toolok 1 \"{}\"\n"
      "    START\n"
      "delta \"Yes.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"Yes\"\n"
      "end complete\n"
      "    TEXT \".\"\n"
      "    TEXT \"\" last\n"
      "interrupt \"I ask engine x and\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"I ask nginx and\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"{}\"\n" },

    { "the size of an answer is that of both texts", RESPELLED_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"nginx, nginx, nginx.\"\n"
      "    TEXT \"engine x, engine x, \"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"nginx, nginx, \"\n" },

    { "... of each piece, too", RESPELLED_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"nginx, 34567890\"\n"
      "    TEXT \"engine x, 34567890\"\n"
      "delta \" 234 nginx\"\n"
      "    TEXT \" 2\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "an answer that fails, and the words for that", RESPELLED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On nginx\"\n"
      "    TEXT \"On \"\n"
      "end failed\n"
      "    TEXT \"engine x\"\n"
      "    TEXT \". \"\n"
      "    TEXT \"so sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On nginx\"\n" },

    { "words of actions", RESPELLED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"Welcome to Acme Corp.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Welcome to ack me "
      "corporation.\",\"last\":true}\n"
      "say \"We are nginx\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"We are engine x\","
      "\"last\":true}\n"
      "done\n"
      "interrupt \"Welcome to ack me corporation. We are engine\"\n"
      "history\n"
      "    assistant \"Welcome to Acme Corp. We are nginx\"\n" },

    { "... cut before one of them", RESPELLED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"Welcome to Acme Corp.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Welcome to ack me "
      "corporation.\",\"last\":true}\n"
      "say \"We are nginx\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"We are engine x\","
      "\"last\":true}\n"
      "done\n"
      "interrupt \"Welcome to ack me corporation. We\"\n"
      "history\n"
      "    assistant \"Welcome to Acme Corp. We\"\n" },

    { "words of actions in an answer", RESPELLED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"On nginx.\"\n"
      "    TEXT \"On engine x.\"\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"Acme here.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\" ack me here.\","
      "\"last\":false}\n"
      "done\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On nginx. Acme here.\"\n" },

    { "fillers, before words and after them", RESPELLED_KEPT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One mow ment.\",\"last\":true,"
      "\"preemptible\":false}\n"
      "played \"One mow ment.\"\n"
      "delta \"On nginx.\"\n"
      "    TEXT \"On engine x.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"On engine\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On nginx\"\n" },

    { "what was heard before the socket was lost", RESPELLED_KEPT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On nginx. On nginx. On nginx.\"\n"
      "    TEXT \"On engine x. On engine x. On engine x.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"On engine x.\"\n"
      "gone\n"
      "lost 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"On nginx.\"\n" }
};


typedef struct {
    char                   sent[4096];
    size_t                 len;
} said_t;


static void random_test(void);
static void random_call(uint32_t *seed, const convrelay_str_t *text);
static void take(convrelay_actions_t *out, const convrelay_action_t *a);
static uint32_t rnd(uint32_t *seed, uint32_t n);


static unsigned  nbad, ncut, nmapped;


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    random_test();

    return tap_done();
}


/*
 * Any text of such words, in any pieces, filtered or not: what is sent is the
 * text as it is pronounced, and what stays of it after an interruption is what
 * was written for the part that was heard.
 */

static void
random_test(void)
{
    char             buf[512];
    size_t           len;
    uint32_t         seed, i, n;
    convrelay_str_t  text;

    static const char  *parts[] = {
        "nginx", "Acme", "Acme Corp", "moment", "sorry", "NGINX's", "acmes",
        "we", "use", "it", "Corp", "caf\xc3\xa9", "x, ", "so. ", " - "
    };

    static const uint32_t  nparts = sizeof(parts) / sizeof(parts[0]);

    for (i = 0; i < 2000; i++) {
        seed = i * 2654435761u + 1;

        /* not a line of a list, which the filter would change */

        len = snprintf(buf, sizeof(buf), "So");

        for (n = 2 + rnd(&seed, 24); n; n--) {
            len += snprintf(buf + len, sizeof(buf) - len, "%s%s",
                            rnd(&seed, 8) ? " " : "",
                            parts[rnd(&seed, nparts)]);
        }

        /* blanks at the end are the filter's */

        len += snprintf(buf + len, sizeof(buf) - len, " nginx so");

        text.data = (u_char *) buf;
        text.len = len;

        random_call(&seed, &text);
    }

    tap_ok(nbad == 0, "2000 answers of random words");
    tap_ok(ncut > 1000, "... %u of them cut", ncut);
    tap_ok(nmapped > 500, "... %u after a word that was replaced", nmapped);
}


static void
random_call(uint32_t *seed, const convrelay_str_t *text)
{
    size_t                     i, n, heard;
    unsigned                   bad;
    convrelay_str_t            piece, sent, none = convrelay_string("");
    convrelay_heard_t          h;
    convrelay_spoken_t         spoken;
    convrelay_actions_t        out;
    convrelay_session_t        s;
    convrelay_pronounce_t      p;
    convrelay_llm_message_t   *m;
    convrelay_session_conf_t   conf;
    convrelay_relay_message_t  message;
    static said_t              said;

    memset(&conf, 0, sizeof(conf));

    conf.lexicon = &lexicon;
    conf.speech = rnd(seed, 2) ? CONVRELAY_SPEECH_ON : CONVRELAY_SPEECH_OFF;

    said.len = 0;
    out.act = take;
    out.data = &said;

    convrelay_session_init(&s, &conf, 1000);

    memset(&message, 0, sizeof(message));
    message.type = CONVRELAY_RELAY_SETUP;
    convrelay_session_message(&s, &message, 1000, &out);

    memset(&message, 0, sizeof(message));
    message.type = CONVRELAY_RELAY_PROMPT;
    convrelay_str_set(&message.u.prompt.voice_prompt, "Hi");
    message.u.prompt.last = 1;
    convrelay_session_message(&s, &message, 1000, &out);

    for (i = 0; i < text->len; i += n) {
        n = 1 + rnd(seed, 12);
        n = (n < text->len - i) ? n : text->len - i;

        piece.data = text->data + i;
        piece.len = n;

        /* pieces are whole characters */

        while (i + piece.len < text->len
               && (text->data[i + piece.len] & 0xc0) == 0x80)
        {
            piece.len = ++n;
        }

        convrelay_session_delta(&s, &piece, 1000, &out);
    }

    convrelay_session_turn_end(&s, CONVRELAY_TURN_COMPLETE, &none, 1000, &out);

    memset(&p, 0, sizeof(p));

    bad = (convrelay_pronounce_read(&p, &lexicon, text, CONVRELAY_PRONOUNCE_END,
                                    &spoken)
           != CONVRELAY_OK);

    bad |= (spoken.spoken.len != said.len
            || memcmp(spoken.spoken.data, said.sent, said.len) != 0);

    sent.data = (u_char *) said.sent;
    sent.len = 1 + rnd(seed, said.len);

    memset(&message, 0, sizeof(message));
    message.type = CONVRELAY_RELAY_INTERRUPT;
    message.u.interrupt.utterance = sent;
    message.u.interrupt.duration = -1;

    memset(&h, 0, sizeof(h));

    heard = convrelay_heard_interrupt(&h, &spoken.spoken, &sent, 0, -1);
    heard = convrelay_spoken_written(spoken.words, spoken.nwords, heard);

    convrelay_session_message(&s, &message, 1000, &out);

    m = s.history.last;

    bad |= (m == NULL || m->role != CONVRELAY_LLM_ASSISTANT || m->len != heard
            || memcmp(m->text, text->data, heard) != 0);

    ncut += (heard < text->len);
    nmapped += (heard < text->len && spoken.nwords
                && heard >= spoken.words[0].from + spoken.words[0].len);
    nbad += bad;

    convrelay_pronounce_free(&p);
    convrelay_session_free(&s);
}


static void
take(convrelay_actions_t *out, const convrelay_action_t *a)
{
    said_t *said = out->data;

    if (a->type == CONVRELAY_ACT_TEXT && a->text.len) {
        memcpy(said->sent + said->len, a->text.data, a->text.len);
        said->len += a->text.len;
    }
}


static uint32_t
rnd(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1103515245 + 12345;

    return (*seed >> 16) % n;
}
