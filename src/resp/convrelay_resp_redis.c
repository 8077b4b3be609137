
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_resp_redis.h"


/* an array's or a string's head: type, number, CRLF */

#define CONVRELAY_REDIS_HEAD  (1 + CONVRELAY_RESP_MAX_NUMBER + 2)


enum {
    st_auth = 0,
    st_select,
    st_echo,
    st_command
};


static u_char *convrelay_redis_head(u_char *p, char type, uint64_t n);
static u_char *convrelay_redis_arg(u_char *p, const convrelay_str_t *arg);
static u_char *convrelay_redis_word(u_char *p, const char *word);
static u_char *convrelay_redis_number(u_char *p, uint64_t n);
static u_char *convrelay_redis_digits(u_char *p, uint64_t n);

static void convrelay_redis_begin(convrelay_redis_reply_t *reply,
    unsigned step);
static int convrelay_redis_echo(convrelay_redis_reply_t *reply, u_char **p,
    u_char *last);
static int convrelay_redis_prepared(convrelay_redis_reply_t *reply);
static int convrelay_redis_answer(convrelay_redis_reply_t *reply);
static const char *convrelay_redis_asked(convrelay_redis_reply_t *reply);
static int convrelay_redis_fail(convrelay_redis_reply_t *reply,
    const char *error);


#define next_server(word, reason)                                            \
    { convrelay_string(word), convrelay_string(reason), 1 }

#define refused(word, reason)                                                \
    { convrelay_string(word), convrelay_string(reason), 0 }


static const convrelay_redis_refusal_t  convrelay_redis_refusals[] = {

    next_server("READONLY", "READONLY: it is a replica"),
    next_server("LOADING", "LOADING: it is still reading its data"),
    next_server("MASTERDOWN", "MASTERDOWN: it is a replica without its master"),
    next_server("NOREPLICAS", "NOREPLICAS: it is a master without enough"
                " replicas"),
    next_server("CLUSTERDOWN", "CLUSTERDOWN: its cluster is not complete"),
    next_server("TRYAGAIN", "TRYAGAIN: its cluster is being rearranged"),
    next_server("BUSY", "BUSY: it is running a script"),
    next_server("ERR max number of clients", "ERR: it has as many clients as"
                " its maxclients allows"),

    refused("MOVED", "MOVED: it is a node of a cluster, and keys are on"
            " several; put a cluster proxy in front of it"),
    refused("ASK", "ASK: it is a node of a cluster, and keys are on several;"
            " put a cluster proxy in front of it"),
    refused("NOAUTH", "NOAUTH: it wants a password, see"
            " \"convrelay_redis_auth\""),
    refused("WRONGPASS", "WRONGPASS: it does not know this user with this"
            " password, see \"convrelay_redis_auth\""),
    refused("ERR AUTH <password> called", "ERR: it has no password, see"
            " \"convrelay_redis_auth\""),
    refused("ERR Client sent AUTH,", "ERR: it has no password, see"
            " \"convrelay_redis_auth\""),
    refused("ERR invalid password", "ERR: it does not know this password, see"
            " \"convrelay_redis_auth\""),
    refused("NOPERM", "NOPERM: the ACL of its user does not allow this; the"
            " commands are AUTH, SELECT, ECHO, GET, SET and DEL"),
    refused("DENIED", "DENIED: it is in protected mode, which refuses other"
            " machines; it needs a password or an address to listen on"),
    refused("OOM", "OOM: it has used its maxmemory"),
    refused("MISCONF", "MISCONF: it cannot write its data to disk, so it"
            " refuses changes"),
    refused("WRONGTYPE", "WRONGTYPE: the key is there, and is not a string"),
    refused("ERR DB index", "ERR: it has no such database, see"
            " \"convrelay_redis_db\""),
    refused("ERR SELECT is not allowed", "ERR: a cluster has only database 0,"
            " see \"convrelay_redis_db\""),
    refused("ERR invalid expire", "ERR: it cannot keep a key that long, see"
            " \"convrelay_redis_ttl\""),
    refused("ERR unknown command", "ERR: it does not know this command"),
    refused("ERR Protocol error:", "ERR: the value is longer than its"
            " proto-max-bulk-len"),
    refused("ERR", "ERR"),

    refused("", "an error of an unknown kind")
};


size_t
convrelay_redis_size(const convrelay_redis_command_t *cmd)
{
    /* AUTH or RESET, SELECT, ECHO, and the command: 4 arrays, 13 strings */

    return (4 + 13) * (CONVRELAY_REDIS_HEAD + 2)
           + sizeof("AUTHSELECTECHOSET") + CONVRELAY_RESP_MAX_NUMBER
           + CONVRELAY_REDIS_MARK
           + cmd->user.len + cmd->password.len + cmd->key.len;
}


u_char *
convrelay_redis_write_login(u_char *p, const convrelay_redis_command_t *cmd)
{
    if (cmd->password.len) {
        p = convrelay_redis_head(p, '*', cmd->user.len ? 3 : 2);
        p = convrelay_redis_word(p, "AUTH");

        if (cmd->user.len) {
            p = convrelay_redis_arg(p, &cmd->user);
        }

        p = convrelay_redis_arg(p, &cmd->password);

    } else if (cmd->reset) {
        p = convrelay_redis_head(p, '*', 1);
        p = convrelay_redis_word(p, "RESET");
    }

    if (cmd->db >= 0) {
        p = convrelay_redis_head(p, '*', 2);
        p = convrelay_redis_word(p, "SELECT");
        p = convrelay_redis_number(p, cmd->db);
    }

    return p;
}


u_char *
convrelay_redis_write(u_char *p, const convrelay_redis_command_t *cmd)
{
    convrelay_str_t  mark;

    static const char  *verbs[] = { "GET", "SET", "DEL" };

    mark.data = (u_char *) cmd->mark;
    mark.len = CONVRELAY_REDIS_MARK;

    p = convrelay_redis_head(p, '*', 2);
    p = convrelay_redis_word(p, "ECHO");
    p = convrelay_redis_arg(p, &mark);

    p = convrelay_redis_head(p, '*', cmd->verb != CONVRELAY_REDIS_SET ? 2
                                     : cmd->ttl ? 5 : 3);
    p = convrelay_redis_word(p, verbs[cmd->verb]);
    p = convrelay_redis_arg(p, &cmd->key);

    if (cmd->verb == CONVRELAY_REDIS_SET) {
        p = convrelay_redis_head(p, '$', cmd->size);
    }

    return p;
}


u_char *
convrelay_redis_write_end(u_char *p, const convrelay_redis_command_t *cmd)
{
    *p++ = '\r';
    *p++ = '\n';

    if (cmd->ttl) {
        p = convrelay_redis_word(p, "PX");
        p = convrelay_redis_number(p, cmd->ttl);
    }

    return p;
}


static u_char *
convrelay_redis_head(u_char *p, char type, uint64_t n)
{
    *p++ = type;
    p = convrelay_redis_digits(p, n);

    *p++ = '\r';
    *p++ = '\n';

    return p;
}


static u_char *
convrelay_redis_arg(u_char *p, const convrelay_str_t *arg)
{
    p = convrelay_redis_head(p, '$', arg->len);
    p = convrelay_str_copy(p, arg);

    *p++ = '\r';
    *p++ = '\n';

    return p;
}


static u_char *
convrelay_redis_word(u_char *p, const char *word)
{
    convrelay_str_t  arg;

    arg.data = (u_char *) word;
    arg.len = strlen(word);

    return convrelay_redis_arg(p, &arg);
}


static u_char *
convrelay_redis_number(u_char *p, uint64_t n)
{
    u_char           digits[CONVRELAY_RESP_MAX_NUMBER];
    convrelay_str_t  arg;

    arg.data = digits;
    arg.len = convrelay_redis_digits(digits, n) - digits;

    return convrelay_redis_arg(p, &arg);
}


static u_char *
convrelay_redis_digits(u_char *p, uint64_t n)
{
    u_char  *last, digits[CONVRELAY_RESP_MAX_NUMBER];

    last = digits + CONVRELAY_RESP_MAX_NUMBER;

    do {
        *--last = '0' + n % 10;
        n /= 10;
    } while (n);

    memcpy(p, last, digits + CONVRELAY_RESP_MAX_NUMBER - last);

    return p + (digits + CONVRELAY_RESP_MAX_NUMBER - last);
}


void
convrelay_redis_expect(convrelay_redis_reply_t *reply,
    const convrelay_redis_command_t *cmd)
{
    memset(reply, 0, sizeof(convrelay_redis_reply_t));

    reply->verb = cmd->verb;
    reply->auth = cmd->password.len != 0;
    reply->reset = !reply->auth && cmd->reset;
    reply->select = cmd->db >= 0;

    memcpy(reply->mark, cmd->mark, CONVRELAY_REDIS_MARK);

    convrelay_redis_begin(reply, st_auth);
}


static void
convrelay_redis_begin(convrelay_redis_reply_t *reply, unsigned step)
{
    if (step == st_auth && !reply->auth && !reply->reset) {
        step = st_select;
    }

    if (step == st_select && !reply->select) {
        step = st_echo;
    }

    reply->step = step;
    memset(&reply->resp, 0, sizeof(convrelay_resp_t));
}


int
convrelay_redis_logged_in(const convrelay_redis_reply_t *reply)
{
    return reply->step >= st_echo;
}


int
convrelay_redis_read(convrelay_redis_reply_t *reply, u_char **p, u_char *last)
{
    int  rc;

    for ( ;; ) {

        if (reply->error) {
            return CONVRELAY_ERROR;
        }

        if (reply->outcome) {
            return CONVRELAY_OK;
        }

        if (reply->echoing) {
            rc = convrelay_redis_echo(reply, p, last);

            if (rc != CONVRELAY_OK) {
                return rc;
            }

            continue;
        }

        rc = convrelay_resp_line(&reply->resp, p, last);

        if (rc == CONVRELAY_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        if (rc == CONVRELAY_ERROR) {
            return convrelay_redis_fail(reply, reply->resp.error);
        }

        if (reply->resp.type == CONVRELAY_RESP_ERROR) {
            convrelay_str_t  text;

            convrelay_resp_text(&reply->resp, &text);

            reply->asked = convrelay_redis_asked(reply);
            reply->refusal = convrelay_redis_refusal(&text);
            reply->outcome = CONVRELAY_REDIS_REFUSED;
            reply->complete = reply->step == st_command;

            return CONVRELAY_OK;
        }

        rc = reply->step == st_command ? convrelay_redis_answer(reply)
                                       : convrelay_redis_prepared(reply);

        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }
}


/* the reply to a command before ours: no error */

static int
convrelay_redis_prepared(convrelay_redis_reply_t *reply)
{
    convrelay_str_t  text;

    if (reply->step == st_echo) {

        if (reply->resp.type != CONVRELAY_RESP_BULK
            || reply->resp.number != CONVRELAY_REDIS_MARK)
        {
            return convrelay_redis_fail(reply, "the reply of another request");
        }

        reply->echoing = 1;
        return CONVRELAY_OK;
    }

    convrelay_resp_text(&reply->resp, &text);

    if (reply->resp.type != CONVRELAY_RESP_SIMPLE
        || !convrelay_str_is(&text, reply->step == st_auth && reply->reset
                                    ? "RESET" : "OK"))
    {
        return convrelay_redis_fail(reply, "the reply of another request");
    }

    convrelay_redis_begin(reply, reply->step + 1);

    return CONVRELAY_OK;
}


static int
convrelay_redis_echo(convrelay_redis_reply_t *reply, u_char **p, u_char *last)
{
    int              rc;
    convrelay_str_t  part;

    rc = convrelay_resp_bulk(&reply->resp, p, last, &part);

    if (part.len && memcmp(reply->mark + reply->marked, part.data, part.len)) {
        return convrelay_redis_fail(reply, "the reply of another request");
    }

    reply->marked += part.len;

    if (rc == CONVRELAY_ERROR) {
        return convrelay_redis_fail(reply, reply->resp.error);
    }

    if (rc == CONVRELAY_OK) {
        reply->echoing = 0;
        convrelay_redis_begin(reply, st_command);
    }

    return rc;
}


/* the reply to our command: no error */

static int
convrelay_redis_answer(convrelay_redis_reply_t *reply)
{
    convrelay_str_t  text;

    reply->complete = 1;

    switch (reply->verb) {

    case CONVRELAY_REDIS_GET:

        if (reply->resp.type == CONVRELAY_RESP_NIL) {
            reply->outcome = CONVRELAY_REDIS_MISSING;
            return CONVRELAY_OK;
        }

        if (reply->resp.type == CONVRELAY_RESP_BULK) {
            reply->complete = 0;
            reply->length = reply->resp.number;
            reply->outcome = CONVRELAY_REDIS_VALUE;
            return CONVRELAY_OK;
        }

        break;

    case CONVRELAY_REDIS_SET:
        convrelay_resp_text(&reply->resp, &text);

        if (reply->resp.type == CONVRELAY_RESP_SIMPLE
            && convrelay_str_is(&text, "OK"))
        {
            reply->outcome = CONVRELAY_REDIS_DONE;
            return CONVRELAY_OK;
        }

        break;

    default: /* CONVRELAY_REDIS_DEL */

        if (reply->resp.type == CONVRELAY_RESP_INTEGER
            && (reply->resp.number == 0 || reply->resp.number == 1))
        {
            reply->outcome = reply->resp.number ? CONVRELAY_REDIS_DONE
                                                : CONVRELAY_REDIS_MISSING;
            return CONVRELAY_OK;
        }

        break;
    }

    return convrelay_redis_fail(reply, "the reply of another command");
}


int
convrelay_redis_value(convrelay_redis_reply_t *reply, u_char **p, u_char *last,
    convrelay_str_t *part)
{
    int  rc;

    rc = convrelay_resp_bulk(&reply->resp, p, last, part);

    if (rc == CONVRELAY_OK) {
        reply->complete = 1;
    }

    if (rc == CONVRELAY_ERROR) {
        return convrelay_redis_fail(reply, reply->resp.error);
    }

    return rc;
}


const convrelay_redis_refusal_t *
convrelay_redis_refusal(const convrelay_str_t *text)
{
    const convrelay_str_t            *word;
    const convrelay_redis_refusal_t  *refusal;

    /* the last one is for all */

    for (refusal = convrelay_redis_refusals; /* void */ ; refusal++) {
        word = &refusal->word;

        if (word->len == 0
            || (text->len >= word->len
                && memcmp(text->data, word->data, word->len) == 0
                && (text->len == word->len || text->data[word->len] == ' ')))
        {
            return refusal;
        }
    }
}


static const char *
convrelay_redis_asked(convrelay_redis_reply_t *reply)
{
    static const char  *verbs[] = { "GET", "SET", "DEL" };

    switch (reply->step) {

    case st_auth:
        return reply->auth ? "AUTH" : "RESET";

    case st_select:
        return "SELECT";

    case st_echo:
        return "ECHO";

    default:
        return verbs[reply->verb];
    }
}


static int
convrelay_redis_fail(convrelay_redis_reply_t *reply, const char *error)
{
    reply->error = error;
    reply->complete = 0;

    return CONVRELAY_ERROR;
}
