
/*
 * Copyright (C) convrelay contributors
 *
 * Commands to Redis, and what is made of the bytes that come back: whole, in
 * pieces of all sizes, and next to a page that cannot be read.
 */


#include "convrelay_resp_redis.h"
#include "tap.h"


/*
 * What comes of the replies: "value [TEXT]", "missing", "done",
 * "refused COMMAND: REASON" with "next" or "stay", "wrong: ERROR", "more".
 * "+N" after it are bytes that were not read; "open" that a reply is missing.
 */

typedef struct {
    const char  *name;
    unsigned     verb;
    unsigned     before;
    const char  *input;
    const char  *want;
} test_t;

enum { AUTH = 1, RESET = 2, SELECT = 4 };

#define GET  CONVRELAY_REDIS_GET
#define SET  CONVRELAY_REDIS_SET
#define DEL  CONVRELAY_REDIS_DEL

#define MARK  "0123456789abcdef"
#define ECHO  "$16\r\n" MARK "\r\n"
#define K     "0123456789012345678901234567890123456789012345678901234567890123"


static void test_commands(void);
static void test_command(convrelay_redis_command_t *cmd, const char *want,
    const char *end, const char *name);
static void test_run(const test_t *t, size_t step);
static void test_login(void);
static void test_limits(void);
static void test_refusals(void);
static void command(convrelay_redis_command_t *cmd, unsigned verb,
    unsigned before);


static const test_t  tests[] = {
    { "a value", GET, 0, ECHO "$5\r\nhello\r\n", "value [hello]" },
    { "an empty one", GET, 0, ECHO "$0\r\n\r\n", "value []" },
    { "one like a reply", GET, 0, ECHO "$8\r\n$-1\r\n+OK\r\n",
      "value [$-1\r\n+OK]" },
    { "none", GET, 0, ECHO "$-1\r\n", "missing" },
    { "written", SET, 0, ECHO "+OK\r\n", "done" },
    { "deleted", DEL, 0, ECHO ":1\r\n", "done" },
    { "not there", DEL, 0, ECHO ":0\r\n", "missing" },

    { "after AUTH", GET, AUTH, "+OK\r\n" ECHO "$1\r\na\r\n", "value [a]" },
    { "after RESET", GET, RESET, "+RESET\r\n" ECHO "$1\r\na\r\n",
      "value [a]" },
    { "after SELECT", SET, SELECT, "+OK\r\n" ECHO "+OK\r\n", "done" },
    { "after both", DEL, AUTH|SELECT, "+OK\r\n+OK\r\n" ECHO ":1\r\n",
      "done" },

    { "nothing yet", GET, 0, "", "more" },
    { "no reply yet", GET, 0, ECHO, "more" },
    { "half a mark", GET, 0, "$16\r\n0123", "more" },
    { "half a line", SET, 0, ECHO "+O", "more" },
    { "a line without LF", SET, 0, ECHO "+OK\r", "more" },
    { "half a value", GET, 0, ECHO "$5\r\nhel", "value [hel] open" },
    { "a value without CRLF", GET, 0, ECHO "$5\r\nhello",
      "value [hello] open" },
    { "a value without LF", GET, 0, ECHO "$5\r\nhello\r",
      "value [hello] open" },
    { "no value yet", GET, 0, ECHO "$5\r\n", "value [] open" },

    { "more after a value", GET, 0, ECHO "$1\r\na\r\n+OK\r\n",
      "value [a] +5" },
    { "more after nil", GET, 0, ECHO "$-1\r\n+", "missing +1" },
    { "more after OK", SET, 0, ECHO "+OK\r\n$1\r\n", "done +4" },

    { "another mark", GET, 0, "$16\r\n0123456789abcdeF\r\n$1\r\na\r\n",
      "wrong: the reply of another request" },
    { "a value for the mark", GET, 0, "$5\r\nhello\r\n" ECHO,
      "wrong: the reply of another request" },
    { "one of the same length", GET, 0, "$16\r\n{\"secret\":\"it\"}\r\n" ECHO,
      "wrong: the reply of another request" },
    { "nil for the mark", GET, 0, "$-1\r\n" ECHO,
      "wrong: the reply of another request" },
    { "OK for the mark", GET, 0, "+OK\r\n" ECHO "$1\r\na\r\n",
      "wrong: the reply of another request" },
    { "a value for AUTH", GET, AUTH, "$1\r\na\r\n+OK\r\n" ECHO,
      "wrong: the reply of another request" },
    { "another OK", GET, AUTH, "+OK\r\n+OK\r\n" ECHO,
      "wrong: the reply of another request" },
    { "OK for RESET", GET, RESET, "+OK\r\n" ECHO,
      "wrong: the reply of another request" },
    { "QUEUED for SELECT", GET, SELECT, "+QUEUED\r\n" ECHO,
      "wrong: the reply of another request" },
    { "a mark without its end", GET, 0, "$16\r\n" MARK "xx",
      "wrong: a value without its end" },

    { "OK for a value", GET, 0, ECHO "+OK\r\n",
      "wrong: the reply of another command" },
    { "a number for a value", GET, 0, ECHO ":1\r\n",
      "wrong: the reply of another command" },
    { "a value for OK", SET, 0, ECHO "$2\r\nOK\r\n",
      "wrong: the reply of another command" },
    { "nil for OK", SET, 0, ECHO "$-1\r\n",
      "wrong: the reply of another command" },
    { "QUEUED for OK", SET, 0, ECHO "+QUEUED\r\n",
      "wrong: the reply of another command" },
    { "OK for a number", DEL, 0, ECHO "+OK\r\n",
      "wrong: the reply of another command" },
    { "2 of 1", DEL, 0, ECHO ":2\r\n",
      "wrong: the reply of another command" },
    { "less than none", DEL, 0, ECHO ":-1\r\n",
      "wrong: the reply of another command" },

    { "HTTP", GET, 0, "HTTP/1.1 400 Bad Request\r\n",
      "wrong: an unknown type of reply" },
    { "an array", GET, 0, ECHO "*1\r\n", "wrong: an unknown type of reply" },
    { "RESP3", GET, 0, ECHO "_\r\n", "wrong: an unknown type of reply" },
    { "an empty line", GET, 0, "\r\n", "wrong: an unknown type of reply" },
    { "LF alone", SET, 0, ECHO "+OK\n", "wrong: a line without its end" },
    { "CR alone", SET, 0, ECHO "+O\rK\r\n", "wrong: a line without its end" },
    { "no length", GET, 0, ECHO "$\r\n", "wrong: a number that is wrong" },
    { "a sign alone", GET, 0, ECHO "$-\r\n", "wrong: a number that is wrong" },
    { "a plus", GET, 0, ECHO "$+1\r\n", "wrong: a number that is wrong" },
    { "a blank", DEL, 0, ECHO ": 1\r\n", "wrong: a number that is wrong" },
    { "hex", DEL, 0, ECHO ":0x1\r\n", "wrong: a number that is wrong" },
    { "a length below nil", GET, 0, ECHO "$-2\r\n",
      "wrong: a number that is wrong" },
    { "the longest value", GET, 0, ECHO "$536870912\r\n", "value [] open" },
    { "a longer one", GET, 0, ECHO "$536870913\r\n",
      "wrong: a value of more than 512 MB" },
    { "63 bits", GET, 0, ECHO "$9223372036854775807\r\n",
      "wrong: a value of more than 512 MB" },
    { "64 bits", GET, 0, ECHO "$9223372036854775808\r\n",
      "wrong: a number that is wrong" },
    { "a long zero", DEL, 0, ECHO ":00000000000000000001\r\n", "done" },
    { "a longer zero", DEL, 0, ECHO ":000000000000000000001\r\n",
      "wrong: a number that is wrong" },
    { "a value that is too long", GET, 0, ECHO "$1\r\nab\r\n",
      "wrong: a value without its end" },
    { "a value without its LF", GET, 0, ECHO "$1\r\na\r\r",
      "wrong: a value without its end" },

    { "a replica", SET, 0, ECHO "-READONLY You can't write against a read "
      "only replica.\r\n", "refused SET: READONLY: it is a replica, next" },
    { "a full server", GET, 0, "-ERR max number of clients reached\r\n",
      "refused ECHO: ERR: it has as many clients as its maxclients allows, "
      "next open" },
    { "a wrong password", GET, AUTH, "-WRONGPASS invalid username-password "
      "pair or user is disabled.\r\n-NOAUTH x\r\n-NOAUTH x\r\n",
      "refused AUTH: WRONGPASS: it does not know this user with this "
      "password, see \"convrelay_redis_auth\", stay open +22" },
    { "a wrong database", GET, SELECT, "-ERR DB index is out of range\r\n",
      "refused SELECT: ERR: it has no such database, see "
      "\"convrelay_redis_db\", stay open" },
    { "an error that quotes", GET, 0, ECHO "-ERR secret\r\n",
      "refused GET: ERR, stay" },
    { "an error without a word", GET, 0, ECHO "-\r\n",
      "refused GET: an error of an unknown kind, stay" },
    { "a longer word", GET, 0, ECHO "-READONLYX\r\n",
      "refused GET: an error of an unknown kind, stay" },
    { "a long error", GET, 0, ECHO "-LOADING " K K K "\r\n",
      "refused GET: LOADING: it is still reading its data, next" }
};


int
main(void)
{
    size_t    step;
    unsigned  i;

    test_commands();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_run(&tests[i], 0);

        for (step = 1; step < 24; step++) {
            test_run(&tests[i], step);
        }
    }

    test_login();
    test_limits();
    test_refusals();

    return tap_done();
}


static void
command(convrelay_redis_command_t *cmd, unsigned verb, unsigned before)
{
    memset(cmd, 0, sizeof(convrelay_redis_command_t));

    cmd->verb = verb;
    cmd->db = (before & SELECT) ? 3 : -1;
    cmd->reset = (before & RESET) != 0;

    convrelay_str_set(&cmd->key, "k");
    memcpy(cmd->mark, MARK, CONVRELAY_REDIS_MARK);

    if (before & AUTH) {
        convrelay_str_set(&cmd->password, "pw");
    }
}


static void
test_commands(void)
{
    convrelay_redis_command_t  cmd;

#define ASK  "*2\r\n$4\r\nECHO\r\n" ECHO

    command(&cmd, GET, 0);
    test_command(&cmd, ASK "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", NULL, "GET");

    command(&cmd, DEL, RESET);
    test_command(&cmd, "*1\r\n$5\r\nRESET\r\n" ASK
                 "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n", NULL, "RESET, DEL");

    command(&cmd, SET, AUTH|RESET|SELECT);
    cmd.size = 65536;
    test_command(&cmd, "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n"
                 "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n" ASK
                 "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$65536\r\n", "\r\n",
                 "AUTH, SELECT, SET");

    convrelay_str_set(&cmd.user, "us er");
    convrelay_str_set(&cmd.password, "\r\nFLUSHALL\r\n");
    convrelay_str_set(&cmd.key, "a b\r\nGET c\r\n");
    cmd.ttl = 300000;
    cmd.size = 0;
    cmd.db = 0;
    test_command(&cmd, "*3\r\n$4\r\nAUTH\r\n$5\r\nus er\r\n"
                 "$12\r\n\r\nFLUSHALL\r\n\r\n"
                 "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" ASK
                 "*5\r\n$3\r\nSET\r\n$12\r\na b\r\nGET c\r\n\r\n$0\r\n",
                 "\r\n$2\r\nPX\r\n$6\r\n300000\r\n",
                 "AUTH with a user, SET with a time, bytes of all kinds");

    cmd.ttl = INT64_MAX;
    cmd.db = INT32_MAX;
    cmd.size = UINT64_MAX;
    convrelay_str_set(&cmd.user, K);
    convrelay_str_set(&cmd.password, K);
    convrelay_str_set(&cmd.key, K);
    test_command(&cmd, "*3\r\n$4\r\nAUTH\r\n$64\r\n" K "\r\n$64\r\n" K "\r\n"
                 "*2\r\n$6\r\nSELECT\r\n$10\r\n2147483647\r\n" ASK
                 "*5\r\n$3\r\nSET\r\n$64\r\n" K "\r\n"
                 "$18446744073709551615\r\n",
                 "\r\n$2\r\nPX\r\n$19\r\n9223372036854775807\r\n",
                 "the longest numbers");
}


static void
test_command(convrelay_redis_command_t *cmd, const char *want,
    const char *end, const char *name)
{
    u_char  *out, *last, room[CONVRELAY_REDIS_MAX_END];
    size_t   size;

    size = convrelay_redis_size(cmd);
    out = malloc(size);

    last = convrelay_redis_write_login(out, cmd);
    last = convrelay_redis_write(last, cmd);

    tap_ok((size_t) (last - out) <= size, "%s: %zu of %zu bytes", name,
           (size_t) (last - out), size);
    tap_is(out, last - out, want, strlen(want), name);

    free(out);

    if (end) {
        last = convrelay_redis_write_end(room, cmd);
        tap_is(room, last - room, end, strlen(end), "  its end");
    }
}


/* step: bytes of a read, 0 for all at once */

static void
test_run(const test_t *t, size_t step)
{
    int                         rc;
    char                        name[128], out[512];
    size_t                      len, n, off;
    u_char                     *in, *p, *last;
    convrelay_str_t             part;
    convrelay_redis_reply_t     reply;
    convrelay_redis_command_t   cmd;

    command(&cmd, t->verb, t->before);
    convrelay_redis_expect(&reply, &cmd);

    len = strlen(t->input);
    rc = CONVRELAY_AGAIN;
    out[0] = '\0';
    off = 0;

    while (off < len && rc == CONVRELAY_AGAIN) {
        n = (step == 0 || len - off < step) ? len - off : step;

        /* what was read is gone, and so is what follows */

        in = tap_flush(t->input + off, n);
        p = in;
        last = in + n;

        if (!reply.outcome) {
            rc = convrelay_redis_read(&reply, &p, last);
        }

        if (reply.outcome == CONVRELAY_REDIS_VALUE) {

            if (out[0] == '\0') {
                strcpy(out, "value [");
            }

            rc = convrelay_redis_value(&reply, &p, last, &part);
            strncat(out, (char *) part.data, part.len);
        }

        off += p - in;
        tap_unflush(in, n);
    }

    if (rc == CONVRELAY_ERROR) {
        snprintf(out, sizeof(out), "wrong: %s", reply.error);
        len = off;

        tap_ok(!reply.complete, "%s: not kept", t->name);

        rc = convrelay_redis_read(&reply, &p, p);
        tap_ok(rc == CONVRELAY_ERROR, "%s: stays wrong", t->name);

    } else switch (reply.outcome) {

    case CONVRELAY_REDIS_VALUE:
        strcat(out, "]");
        break;

    case CONVRELAY_REDIS_MISSING:
        strcpy(out, "missing");
        break;

    case CONVRELAY_REDIS_DONE:
        strcpy(out, "done");
        break;

    case CONVRELAY_REDIS_REFUSED:
        snprintf(out, sizeof(out), "refused %s: %s, %s", reply.asked,
                 (char *) reply.refusal->reason.data,
                 reply.refusal->next ? "next" : "stay");
        break;

    default:
        strcpy(out, "more");
    }

    if (reply.outcome && !reply.complete && rc != CONVRELAY_ERROR) {
        strcat(out, " open");
    }

    if (off < len) {
        sprintf(out + strlen(out), " +%zu", len - off);
    }

    snprintf(name, sizeof(name), "%s, %zu", t->name, step);
    tap_is(out, strlen(out), t->want, strlen(t->want), name);
}


/* how many bytes of the replies the command waits for */

static void
test_login(void)
{
    u_char                     *p, *in;
    size_t                      i, n;
    convrelay_redis_reply_t     reply;
    convrelay_redis_command_t   cmd;

    static const struct {
        unsigned                before;
        size_t                  bytes;
        const char             *input;
    } logins[] = {
        { 0, 0, ECHO },
        { AUTH, 5, "+OK\r\n" ECHO },
        { RESET, 8, "+RESET\r\n" ECHO },
        { SELECT, 5, "+OK\r\n" ECHO },
        { AUTH|SELECT, 10, "+OK\r\n+OK\r\n" ECHO },
        { AUTH, 99, "-WRONGPASS x\r\n" ECHO },
        { AUTH|SELECT, 99, "+OK\r\n-ERR x\r\n" ECHO },
    };

    for (i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        command(&cmd, SET, logins[i].before);
        convrelay_redis_expect(&reply, &cmd);

        for (n = 0; !convrelay_redis_logged_in(&reply); n++) {

            if (logins[i].input[n] == '\0'
                || reply.outcome != CONVRELAY_REDIS_NOTHING)
            {
                n = 99;
                break;
            }

            in = tap_flush(logins[i].input + n, 1);
            p = in;
            (void) convrelay_redis_read(&reply, &p, in + 1);
            tap_unflush(in, 1);
        }

        tap_ok(n == logins[i].bytes, "login %zu: the command waits for %zu",
               i, n);
    }
}


static void
test_limits(void)
{
    int                         rc;
    size_t                      i;
    u_char                     *p, ch;
    convrelay_resp_t            r;
    convrelay_str_t             text, part;

    memset(&r, 0, sizeof(r));
    ch = '-';

    for (i = 0; i <= CONVRELAY_RESP_MAX_LINE; i++) {
        p = &ch;
        rc = convrelay_resp_line(&r, &p, p + 1);
        ch = 'x';

        if (rc != CONVRELAY_AGAIN) {
            break;
        }
    }

    tap_ok(i == CONVRELAY_RESP_MAX_LINE + 1, "the longest line");

    convrelay_resp_text(&r, &text);
    tap_ok(text.len == CONVRELAY_RESP_KEPT, "only its beginning is kept");

    p = &ch;
    tap_ok(convrelay_resp_line(&r, &p, p + 1) == CONVRELAY_ERROR
           && strcmp(r.error, "a line that is too long") == 0,
           "a longer one");

    p = &ch;
    tap_ok(convrelay_resp_line(&r, &p, p + 1) == CONVRELAY_ERROR
           && convrelay_resp_line(&r, &p, p) == CONVRELAY_ERROR
           && convrelay_resp_bulk(&r, &p, p, &part) == CONVRELAY_ERROR,
           "nothing goes on after an error");

    memset(&r, 0, sizeof(r));
    p = (u_char *) "+OK\r\n+OK\r\n";

    tap_ok(convrelay_resp_line(&r, &p, p + 10) == CONVRELAY_OK
           && strcmp((char *) p, "+OK\r\n") == 0, "one reply is read");
    tap_ok(convrelay_resp_line(&r, &p, p + 5) == CONVRELAY_ERROR,
           "not two with one reader");

    memset(&r, 0, sizeof(r));
    p = (u_char *) ":-9223372036854775807\r\n";

    tap_ok(convrelay_resp_line(&r, &p, p + 23) == CONVRELAY_OK
           && r.number == -INT64_MAX, "the least number");
}


/* every line of the server's is told by how it begins */

static void
test_refusals(void)
{
    unsigned                          i;
    convrelay_str_t                   text;
    const convrelay_redis_refusal_t  *refusal;

    static const struct {
        const char  *line;
        const char  *begins;
        unsigned     next;
    } lines[] = {
        { "READONLY You can't write against a read only replica.",
          "READONLY: ", 1 },
        { "LOADING Redis is loading the dataset in memory", "LOADING: ", 1 },
        { "MASTERDOWN Link with MASTER is down and replica-serve-stale-data"
          " is set to 'no'.", "MASTERDOWN: ", 1 },
        { "NOREPLICAS Not enough good replicas to write.", "NOREPLICAS: ", 1 },
        { "CLUSTERDOWN The cluster is down", "CLUSTERDOWN: ", 1 },
        { "TRYAGAIN Multiple keys request during rehashing of slot",
          "TRYAGAIN: ", 1 },
        { "BUSY Redis is busy running a script.", "BUSY: ", 1 },
        { "ERR max number of clients reached", "ERR: it has as many", 1 },
        { "MOVED 3999 127.0.0.1:6381", "MOVED: ", 0 },
        { "ASK 3999 127.0.0.1:6381", "ASK: ", 0 },
        { "NOAUTH Authentication required.", "NOAUTH: ", 0 },
        { "WRONGPASS invalid username-password pair or user is disabled.",
          "WRONGPASS: ", 0 },
        { "ERR AUTH <password> called without any password configured for"
          " the default user.", "ERR: it has no password", 0 },
        { "ERR Client sent AUTH, but no password is set",
          "ERR: it has no password", 0 },
        { "ERR invalid password", "ERR: it does not know this password", 0 },
        { "NOPERM this user has no permissions to run the 'get' command",
          "NOPERM: ", 0 },
        { "DENIED Redis is running in protected mode", "DENIED: ", 0 },
        { "OOM command not allowed when used memory > 'maxmemory'.",
          "OOM: ", 0 },
        { "MISCONF Redis is configured to save RDB snapshots", "MISCONF: ",
          0 },
        { "WRONGTYPE Operation against a key", "WRONGTYPE: ", 0 },
        { "ERR DB index is out of range", "ERR: it has no such database", 0 },
        { "ERR SELECT is not allowed in cluster mode", "ERR: a cluster", 0 },
        { "ERR invalid expire time in 'set' command", "ERR: it cannot keep",
          0 },
        { "ERR unknown command 'GET', with args beginning with: 'k' ",
          "ERR: it does not know", 0 },
        { "ERR Protocol error: invalid bulk length", "ERR: the value", 0 },
        { "ERR", "ERR", 0 },
        { "ERRX", "an error", 0 },
        { "secret", "an error", 0 },
        { "", "an error", 0 }
    };

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        text.data = (u_char *) lines[i].line;
        text.len = strlen(lines[i].line);

        if (text.len > CONVRELAY_RESP_KEPT) {
            text.len = CONVRELAY_RESP_KEPT;
        }

        refusal = convrelay_redis_refusal(&text);

        tap_ok(convrelay_str_starts(&refusal->reason, lines[i].begins)
               && refusal->next == lines[i].next, "\"%s\"", lines[i].line);
    }
}
