
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE
#include "convrelay_reply.h"
#include "convrelay_xml.h"


#define CONVRELAY_REPLY_MAX_PIECES  7

#define CONVRELAY_REPLY_SID_LEN     34          /* "WW", 32 hex digits */


typedef struct {
    convrelay_str_t     name;
    convrelay_reply_e   kind;
    int               (*parse)(convrelay_reply_t *reply, const char **error);
} convrelay_reply_word_t;


/* of the document: literal text, or text to be escaped */

typedef struct {
    convrelay_str_t     text;
    unsigned            escape;
} convrelay_reply_piece_t;


static int convrelay_reply_hangup(convrelay_reply_t *reply,
    const char **error);
static int convrelay_reply_dial(convrelay_reply_t *reply, const char **error);
static int convrelay_reply_enqueue(convrelay_reply_t *reply,
    const char **error);
static int convrelay_reply_reconnect(convrelay_reply_t *reply,
    const char **error);
static int convrelay_reply_say(convrelay_reply_t *reply, const char **error);
static int convrelay_reply_twiml(convrelay_reply_t *reply,
    const char **error);

static const convrelay_reply_word_t *convrelay_reply_find(
    const convrelay_str_t *word);
static int convrelay_reply_max(const convrelay_str_t *word, unsigned *max);
static size_t convrelay_reply_scheme(const convrelay_str_t *address,
    const char *scheme);
static void convrelay_reply_word(convrelay_str_t *rest,
    convrelay_str_t *word);

static size_t convrelay_reply_pieces(const convrelay_reply_t *reply,
    const convrelay_str_t *task, convrelay_reply_piece_t *piece);
static size_t convrelay_reply_number(const convrelay_reply_t *reply,
    convrelay_reply_piece_t *piece);
static size_t convrelay_reply_address(const convrelay_str_t *address,
    convrelay_reply_piece_t *piece);
static void convrelay_reply_literal(convrelay_reply_piece_t *piece,
    const char *text);
static void convrelay_reply_text(convrelay_reply_piece_t *piece,
    const u_char *data, size_t len);


static const convrelay_reply_word_t  convrelay_reply_words[] = {

    { convrelay_string("hangup"), CONVRELAY_REPLY_HANGUP,
      convrelay_reply_hangup },

    { convrelay_string("dial"), CONVRELAY_REPLY_DIAL,
      convrelay_reply_dial },

    { convrelay_string("enqueue"), CONVRELAY_REPLY_ENQUEUE,
      convrelay_reply_enqueue },

    { convrelay_string("reconnect"), CONVRELAY_REPLY_RECONNECT,
      convrelay_reply_reconnect },

    { convrelay_string("say"), CONVRELAY_REPLY_SAY,
      convrelay_reply_say },

    { convrelay_null_string, CONVRELAY_REPLY_HANGUP, NULL }
};


static const char  convrelay_reply_usage[] =
    "is not a reply, write \"hangup\", \"dial NUMBER\", \"enqueue WORKFLOW\", "
    "\"reconnect [LOCATION] [max=N]\", \"say PHRASE\" or a whole "
    "\"<Response>\"";


int
convrelay_reply_parse(const convrelay_str_t *text, convrelay_reply_t *reply,
    const char **error)
{
    convrelay_str_t                word;
    const convrelay_reply_word_t  *w;

    reply->kind = CONVRELAY_REPLY_HANGUP;
    reply->text = *text;
    reply->max = 0;
    reply->number.len = 0;

    convrelay_str_trim(&reply->text);

    if (reply->text.len == 0) {
        return CONVRELAY_OK;
    }

    if (reply->text.data[0] == '<') {
        reply->kind = CONVRELAY_REPLY_TWIML;
        return convrelay_reply_twiml(reply, error);
    }

    convrelay_reply_word(&reply->text, &word);

    w = convrelay_reply_find(&word);

    if (w == NULL) {
        *error = convrelay_reply_usage;
        return CONVRELAY_DECLINED;
    }

    reply->kind = w->kind;

    return w->parse(reply, error);
}


int
convrelay_reply_check_start(const convrelay_str_t *start, const char **error)
{
    convrelay_str_t                text, word;
    const convrelay_reply_word_t  *w;

    text = *start;

    while (text.len && convrelay_is_space(text.data[0])) {
        text.len--;
        text.data++;
    }

    if (text.len == 0 || text.data[0] == '<') {
        return CONVRELAY_OK;
    }

    word = text;

    while (word.len && !convrelay_is_space(word.data[word.len - 1])) {
        word.len--;
    }

    /* the only word may continue */

    if (word.len == 0) {

        for (w = convrelay_reply_words; w->name.len; w++) {

            if (w->name.len >= text.len
                && memcmp(w->name.data, text.data, text.len) == 0)
            {
                return CONVRELAY_OK;
            }
        }

    } else {
        convrelay_reply_word(&text, &word);

        w = convrelay_reply_find(&word);

        if (w && w->kind != CONVRELAY_REPLY_HANGUP) {
            return CONVRELAY_OK;
        }
    }

    *error = convrelay_reply_usage;

    return CONVRELAY_DECLINED;
}


static const convrelay_reply_word_t *
convrelay_reply_find(const convrelay_str_t *word)
{
    const convrelay_reply_word_t  *w;

    for (w = convrelay_reply_words; w->name.len; w++) {

        if (convrelay_str_equal(&w->name, word)) {
            return w;
        }
    }

    return NULL;
}


static int
convrelay_reply_hangup(convrelay_reply_t *reply, const char **error)
{
    if (reply->text.len) {
        *error = "has something after \"hangup\"";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_reply_dial(convrelay_reply_t *reply, const char **error)
{
    size_t           len;
    convrelay_str_t  address, word;

    address = reply->text;

    len = convrelay_reply_scheme(&address, "sip:");

    if (len == 0) {
        len = convrelay_reply_scheme(&address, "sips:");
    }

    if (len == 0) {
        len = convrelay_reply_scheme(&address, "client:");
    }

    if (len) {
        convrelay_reply_word(&address, &word);

        if (word.len > len && address.len == 0) {
            return CONVRELAY_OK;
        }

    } else if (convrelay_number_parse(&address, &reply->number)
               == CONVRELAY_OK)
    {
        return CONVRELAY_OK;
    }

    *error = "has no number to dial, write \"dial +15550100002\", "
             "\"dial +15550100002 ext 12\", \"dial sip:...\" or "
             "\"dial client:...\"";

    return CONVRELAY_DECLINED;
}


static int
convrelay_reply_enqueue(convrelay_reply_t *reply, const char **error)
{
    u_char   ch;
    size_t   i;

    if (reply->text.len != CONVRELAY_REPLY_SID_LEN
        || memcmp(reply->text.data, "WW", 2) != 0)
    {
        goto declined;
    }

    for (i = 2; i < reply->text.len; i++) {
        ch = reply->text.data[i];

        if (!convrelay_is_digit(ch)
            && ((ch | 0x20) < 'a' || (ch | 0x20) > 'f'))
        {
            goto declined;
        }
    }

    return CONVRELAY_OK;

declined:

    *error = "has no workflow, write \"enqueue WW...\", with the SID of a "
             "workflow: \"WW\" and 32 hex digits";

    return CONVRELAY_DECLINED;
}


static int
convrelay_reply_reconnect(convrelay_reply_t *reply, const char **error)
{
    convrelay_str_t  rest, word;

    rest = reply->text;
    reply->text.len = 0;

    while (rest.len) {
        convrelay_reply_word(&rest, &word);

        if (convrelay_reply_scheme(&word, "max=")) {

            if (reply->max
                || convrelay_reply_max(&word, &reply->max) != CONVRELAY_OK)
            {
                *error = "has an invalid \"max=\", write a number from 1 to "
                         "100";
                return CONVRELAY_DECLINED;
            }

            continue;
        }

        if (reply->text.len) {
            *error = "has more than one location, write "
                     "\"reconnect [LOCATION] [max=N]\"";
            return CONVRELAY_DECLINED;
        }

        reply->text = word;
    }

    if (reply->max == 0) {
        reply->max = CONVRELAY_REPLY_RECONNECTS;
    }

    return CONVRELAY_OK;
}


/* the number after "max=" */

static int
convrelay_reply_max(const convrelay_str_t *word, unsigned *max)
{
    size_t    i;
    unsigned  n;

    n = 0;

    for (i = sizeof("max=") - 1; i < word->len; i++) {

        if (word->data[i] < '0' || word->data[i] > '9') {
            return CONVRELAY_DECLINED;
        }

        n = n * 10 + (word->data[i] - '0');

        if (n > CONVRELAY_REPLY_MAX_RECONNECTS) {
            return CONVRELAY_DECLINED;
        }
    }

    *max = n;

    return n ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_reply_say(convrelay_reply_t *reply, const char **error)
{
    if (convrelay_xml_escaped_len(reply->text.data, reply->text.len) == 0) {
        *error = "has no phrase, write \"say PHRASE\"";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_reply_twiml(convrelay_reply_t *reply, const char **error)
{
    const u_char     *end, *pos;
    convrelay_str_t  *text;

    text = &reply->text;

    if (convrelay_reply_scheme(text, "<?xml ")) {

        end = memmem(text->data, text->len, "?>", 2);

        if (end) {
            text->len -= end + 2 - text->data;
            text->data = (u_char *) end + 2;
        }

        convrelay_str_trim(text);
    }

    if (convrelay_twiml_check_xml(text, error, &pos) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_reply_check_root(text, error);
}


/*
 * There is one <Response>: its first end tag, or the end of its only tag, is
 * the end of the text.
 */

int
convrelay_reply_check_root(const convrelay_str_t *xml, const char **error)
{
    size_t         len;
    u_char         ch;
    const u_char  *end, *last;

    static const char  close[] = "</Response>";

    len = convrelay_reply_scheme(xml, "<Response");
    last = xml->data + xml->len;
    end = NULL;

    if (len && len < xml->len) {
        ch = xml->data[len];

        if (ch == '>' || ch == '/' || convrelay_is_space(ch)) {
            end = memmem(xml->data, xml->len, close, sizeof(close) - 1);

            if (end) {
                end += sizeof(close) - 1;

            } else {
                end = memchr(xml->data, '>', xml->len);
                end = end ? end + 1 : NULL;
            }
        }
    }

    if (end != last) {
        *error = "is not TwiML, write one \"<Response>...</Response>\"";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


/* the length of what text begins with, or 0 */

static size_t
convrelay_reply_scheme(const convrelay_str_t *text, const char *scheme)
{
    size_t  len;

    len = strlen(scheme);

    if (text->len < len || memcmp(text->data, scheme, len) != 0) {
        return 0;
    }

    return len;
}


/* takes the next word off rest, with the space after it */

static void
convrelay_reply_word(convrelay_str_t *rest, convrelay_str_t *word)
{
    word->len = 0;
    word->data = rest->data;

    while (word->len < rest->len
           && !convrelay_is_space(word->data[word->len]))
    {
        word->len++;
    }

    rest->len -= word->len;
    rest->data += word->len;

    convrelay_str_trim(rest);
}


size_t
convrelay_reply_size(const convrelay_reply_t *reply,
    const convrelay_str_t *task)
{
    size_t                    i, n, size;
    convrelay_reply_piece_t   piece[CONVRELAY_REPLY_MAX_PIECES];

    n = convrelay_reply_pieces(reply, task, piece);
    size = 0;

    for (i = 0; i < n; i++) {
        size += piece[i].escape
                    ? convrelay_xml_escaped_len(piece[i].text.data,
                                                piece[i].text.len)
                    : piece[i].text.len;
    }

    return size;
}


u_char *
convrelay_reply_write(u_char *p, const convrelay_reply_t *reply,
    const convrelay_str_t *task)
{
    size_t                    i, n;
    convrelay_reply_piece_t   piece[CONVRELAY_REPLY_MAX_PIECES];

    n = convrelay_reply_pieces(reply, task, piece);

    for (i = 0; i < n; i++) {

        if (piece[i].escape) {
            p = convrelay_xml_escape(p, piece[i].text.data,
                                     piece[i].text.len);
            continue;
        }

        memcpy(p, piece[i].text.data, piece[i].text.len);
        p += piece[i].text.len;
    }

    return p;
}


static size_t
convrelay_reply_pieces(const convrelay_reply_t *reply,
    const convrelay_str_t *task, convrelay_reply_piece_t *piece)
{
    size_t       n;
    const char  *end;

    n = 0;

    convrelay_reply_literal(&piece[n++],
                            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");

    switch (reply->kind) {

    case CONVRELAY_REPLY_DIAL:
        n += reply->number.len
                 ? convrelay_reply_number(reply, &piece[n])
                 : convrelay_reply_address(&reply->text, &piece[n]);
        end = "</Dial></Response>";
        break;

    case CONVRELAY_REPLY_ENQUEUE:
        convrelay_reply_literal(&piece[n++],
                                "<Response><Enqueue workflowSid=\"");
        convrelay_reply_text(&piece[n++], reply->text.data, reply->text.len);
        end = "\"/></Response>";

        if (task->len) {
            convrelay_reply_literal(&piece[n++], "\"><Task>");
            convrelay_reply_text(&piece[n++], task->data, task->len);
            end = "</Task></Enqueue></Response>";
        }

        break;

    case CONVRELAY_REPLY_SAY:
        convrelay_reply_literal(&piece[n++], "<Response><Say>");
        convrelay_reply_text(&piece[n++], reply->text.data, reply->text.len);
        end = "</Say></Response>";
        break;

    case CONVRELAY_REPLY_TWIML:
        convrelay_reply_text(&piece[n], reply->text.data, reply->text.len);
        piece[n++].escape = 0;
        end = "";
        break;

    default: /* CONVRELAY_REPLY_HANGUP, CONVRELAY_REPLY_RECONNECT */
        end = "<Response><Hangup/></Response>";
        break;
    }

    convrelay_reply_literal(&piece[n++], end);

    return n;
}


/* a plain number needs no element of its own */

static size_t
convrelay_reply_number(const convrelay_reply_t *reply,
    convrelay_reply_piece_t *piece)
{
    size_t                     n;
    const convrelay_number_t  *number;

    number = &reply->number;
    n = 0;

    if (number->ntones == 0) {
        convrelay_reply_literal(&piece[n++], "<Response><Dial>");
        convrelay_reply_text(&piece[n++], number->digits, number->len);

        return n;
    }

    convrelay_reply_literal(&piece[n++],
                            "<Response><Dial><Number sendDigits=\"");
    convrelay_reply_text(&piece[n++], number->tones, number->ntones);
    convrelay_reply_literal(&piece[n++], "\">");
    convrelay_reply_text(&piece[n++], number->digits, number->len);
    convrelay_reply_literal(&piece[n++], "</Number>");

    return n;
}


static size_t
convrelay_reply_address(const convrelay_str_t *address,
    convrelay_reply_piece_t *piece)
{
    size_t  len;

    len = convrelay_reply_scheme(address, "client:");

    convrelay_reply_literal(&piece[0],
                            len ? "<Response><Dial><Client>"
                                : "<Response><Dial><Sip>");
    convrelay_reply_text(&piece[1], address->data + len, address->len - len);
    convrelay_reply_literal(&piece[2], len ? "</Client>" : "</Sip>");

    return 3;
}


static void
convrelay_reply_literal(convrelay_reply_piece_t *piece, const char *text)
{
    piece->text.len = strlen(text);
    piece->text.data = (u_char *) text;
    piece->escape = 0;
}


static void
convrelay_reply_text(convrelay_reply_piece_t *piece, const u_char *data,
    size_t len)
{
    piece->text.len = len;
    piece->text.data = (u_char *) data;
    piece->escape = 1;
}
