
/*
 * Copyright (C) convrelay contributors
 *
 * One exchange with Redis or Valkey: a command of GET, SET and DEL, the
 * commands that are sent before it, and what their replies mean.
 *
 *     [AUTH | RESET]  [SELECT]  ECHO  GET | SET | DEL
 *
 * A connection is kept between exchanges, and others use it too, so each
 * exchange brings its own state: nothing depends on what was sent before.
 * ECHO is for the one fault that would be worse than an error: a connection
 * with a reply too many gives everybody the reply of somebody else.  Its
 * argument is new in each exchange, so a reply that was not asked for can
 * never be taken for ours.
 */


#ifndef CONVRELAY_RESP_REDIS_H_INCLUDED
#define CONVRELAY_RESP_REDIS_H_INCLUDED


#include "convrelay_resp.h"


#define CONVRELAY_REDIS_MARK  16


typedef enum {
    CONVRELAY_REDIS_GET = 0,
    CONVRELAY_REDIS_SET,
    CONVRELAY_REDIS_DEL
} convrelay_redis_verb_e;


typedef struct {
    convrelay_str_t          user;           /* empty: that of the server */
    convrelay_str_t          password;       /* empty: no AUTH */
    convrelay_str_t          key;
    uint64_t                 size;           /* bytes of the value of SET */
    int64_t                  ttl;            /* ms, of SET; 0: without */
    int                      db;             /* -1: no SELECT */
    unsigned                 verb:2;         /* convrelay_redis_verb_e */
    unsigned                 reset:1;        /* RESET instead of AUTH */
    u_char                   mark[CONVRELAY_REDIS_MARK];
} convrelay_redis_command_t;


typedef enum {
    CONVRELAY_REDIS_NOTHING = 0,
    CONVRELAY_REDIS_VALUE,                   /* of GET: convrelay_redis_value()
                                                reads it */
    CONVRELAY_REDIS_MISSING,                 /* GET or DEL: no such key */
    CONVRELAY_REDIS_DONE,                    /* SET or DEL */
    CONVRELAY_REDIS_REFUSED                  /* an error: see refusal */
} convrelay_redis_outcome_e;


typedef struct {
    convrelay_str_t          word;           /* how the reply begins */
    convrelay_str_t          reason;         /* for the log: what is wrong, and
                                                what to do */
    unsigned                 next:1;         /* another server could do it */
} convrelay_redis_refusal_t;


typedef struct {
    convrelay_resp_t         resp;
    u_char                   mark[CONVRELAY_REDIS_MARK];
    size_t                   marked;         /* bytes of it that were read */
    int64_t                  length;         /* of VALUE, in bytes */
    const convrelay_redis_refusal_t  *refusal;
    const char              *asked;          /* what was refused, such as
                                                "SELECT" */
    const char              *error;          /* see convrelay_resp_t */
    unsigned                 verb:2;
    unsigned                 outcome:3;
    unsigned                 step:3;
    unsigned                 auth:1;
    unsigned                 reset:1;
    unsigned                 select:1;
    unsigned                 echoing:1;
    unsigned                 complete:1;     /* all replies were read to their
                                                end */
} convrelay_redis_reply_t;


/* bytes that convrelay_redis_write_login() and _write() need at most */
size_t convrelay_redis_size(const convrelay_redis_command_t *cmd);

/*
 * Both write to p and return the end: first AUTH or RESET, and SELECT, where
 * they are needed, then the others; the value of a SET and
 * convrelay_redis_write_end() follow.  Keys, users and passwords are
 * sent with their lengths, so their bytes can be anything.
 */
u_char *convrelay_redis_write_login(u_char *p,
    const convrelay_redis_command_t *cmd);
u_char *convrelay_redis_write(u_char *p, const convrelay_redis_command_t *cmd);

/* bytes that convrelay_redis_write_end() needs at most */

#define CONVRELAY_REDIS_MAX_END  64

/* writes what follows the value of a SET */
u_char *convrelay_redis_write_end(u_char *p,
    const convrelay_redis_command_t *cmd);

/* expects the replies to these commands */
void convrelay_redis_expect(convrelay_redis_reply_t *reply,
    const convrelay_redis_command_t *cmd);

/*
 * True once AUTH or RESET, and SELECT, were accepted, or if they are not sent:
 * Redis executes what follows one that it refuses, so on a new connection
 * convrelay_redis_write() has to wait for it.
 */
int convrelay_redis_logged_in(const convrelay_redis_reply_t *reply);

/*
 * Reads replies from *p to last; *p is then after what was read.
 *
 * OK     the outcome is known; if it is VALUE, its bytes follow
 * AGAIN  all was read, and more is needed
 * ERROR  these are not the replies: error says why, and *p is anywhere
 */
int convrelay_redis_read(convrelay_redis_reply_t *reply, u_char **p,
    u_char *last);

/* reads the bytes of VALUE: see convrelay_resp_bulk() */
int convrelay_redis_value(convrelay_redis_reply_t *reply, u_char **p,
    u_char *last, convrelay_str_t *part);

/*
 * What an error says, by how it begins; never NULL.  The reply itself is not
 * for the log: it can quote a key or a value.
 */
const convrelay_redis_refusal_t *convrelay_redis_refusal(
    const convrelay_str_t *text);


#endif /* CONVRELAY_RESP_REDIS_H_INCLUDED */
