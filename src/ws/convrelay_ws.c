
/*
 * Copyright (C) convrelay contributors
 *
 * The reader.  It takes a frame's header byte by byte, so that each fault is
 * seen as soon as its byte arrives, and the payload in whatever pieces it
 * arrives in.  A payload that arrives in one piece and is a whole message is
 * returned in place.  Any other is gathered: a message in r->buf, a control
 * frame, which may arrive between two fragments, in r->control.
 */


#include <stdlib.h>

#include "convrelay_ws.h"
#include "convrelay_utf8.h"


#define CONVRELAY_WS_FIN         0x80
#define CONVRELAY_WS_RSV         0x70
#define CONVRELAY_WS_OPCODE      0x0f
#define CONVRELAY_WS_MASK        0x80
#define CONVRELAY_WS_LENGTH      0x7f

#define CONVRELAY_WS_MIN_BUFFER  256

#define convrelay_ws_is_control(opcode)  ((opcode) & 0x8)


enum {
    convrelay_ws_st_flags = 0,
    convrelay_ws_st_length,
    convrelay_ws_st_length_16,
    convrelay_ws_st_length_64,
    convrelay_ws_st_mask,
    convrelay_ws_st_payload,
    convrelay_ws_st_closed,
    convrelay_ws_st_failed
};


static int convrelay_ws_read_header(convrelay_ws_reader_t *r, u_char **pos,
    u_char *last);
static int convrelay_ws_flags(convrelay_ws_reader_t *r, u_char ch);
static int convrelay_ws_opcode(convrelay_ws_reader_t *r);
static int convrelay_ws_length(convrelay_ws_reader_t *r, u_char ch);
static int convrelay_ws_length_done(convrelay_ws_reader_t *r);
static int convrelay_ws_read_payload(convrelay_ws_reader_t *r, u_char **pos,
    u_char *last, convrelay_ws_message_t *m);
static int convrelay_ws_data(convrelay_ws_reader_t *r, u_char *p, size_t n,
    convrelay_ws_message_t *m);
static int convrelay_ws_control(convrelay_ws_reader_t *r, u_char *p, size_t n,
    convrelay_ws_message_t *m);
static int convrelay_ws_close(convrelay_ws_reader_t *r,
    convrelay_ws_message_t *m);
static int convrelay_ws_close_code_valid(unsigned code);
static void convrelay_ws_forget(convrelay_ws_reader_t *r);
static int convrelay_ws_gather(convrelay_ws_reader_t *r, u_char *p, size_t n);
static int convrelay_ws_fail(convrelay_ws_reader_t *r, unsigned code,
    const char *error, uint64_t value);


int
convrelay_ws_read(convrelay_ws_reader_t *r, u_char **pos, u_char *last,
    convrelay_ws_message_t *m)
{
    int  rc;

    /* what was returned by the last call */

    if (r->buf && r->message == 0) {
        convrelay_ws_forget(r);
    }

    if (r->control && r->state != convrelay_ws_st_payload) {
        free(r->control);
        r->control = NULL;
    }

    if (r->state == convrelay_ws_st_failed) {
        return CONVRELAY_ERROR;
    }

    if (r->state == convrelay_ws_st_closed) {
        *pos = last;
        return CONVRELAY_AGAIN;
    }

    do {
        if (r->state != convrelay_ws_st_payload) {
            rc = convrelay_ws_read_header(r, pos, last);

            if (rc != CONVRELAY_OK) {
                return rc;
            }
        }

        rc = convrelay_ws_read_payload(r, pos, last, m);

    } while (rc == CONVRELAY_DONE);

    return rc;
}


void
convrelay_ws_reader_free(convrelay_ws_reader_t *r)
{
    if (r->message || r->state == convrelay_ws_st_payload) {
        r->state = convrelay_ws_st_flags;
    }

    convrelay_ws_forget(r);

    free(r->control);
    r->control = NULL;
}


static int
convrelay_ws_read_header(convrelay_ws_reader_t *r, u_char **pos, u_char *last)
{
    int     rc;
    u_char  ch;

    while (*pos < last) {
        ch = *(*pos)++;

        rc = CONVRELAY_OK;

        switch (r->state) {

        case convrelay_ws_st_flags:
            rc = convrelay_ws_flags(r, ch);
            break;

        case convrelay_ws_st_length:
            rc = convrelay_ws_length(r, ch);
            break;

        case convrelay_ws_st_length_16:
        case convrelay_ws_st_length_64:
            r->payload = (r->payload << 8) | ch;
            r->left--;

            if (r->left == 0) {
                rc = convrelay_ws_length_done(r);
            }

            break;

        case convrelay_ws_st_mask:
            r->mask[sizeof(r->mask) - r->left] = ch;
            r->left--;

            if (r->left == 0) {
                r->state = convrelay_ws_st_payload;
            }

            break;
        }

        if (rc != CONVRELAY_OK) {
            return rc;
        }

        if (r->state == convrelay_ws_st_payload) {
            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_AGAIN;
}


static int
convrelay_ws_flags(convrelay_ws_reader_t *r, u_char ch)
{
    /* RFC 6455, 5.2: no extension that would define them was negotiated */

    if (ch & CONVRELAY_WS_RSV) {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a frame with reserved bits", 0);
    }

    r->fin = (ch & CONVRELAY_WS_FIN) ? 1 : 0;
    r->opcode = ch & CONVRELAY_WS_OPCODE;
    r->state = convrelay_ws_st_length;

    return convrelay_ws_opcode(r);
}


static int
convrelay_ws_opcode(convrelay_ws_reader_t *r)
{
    switch (r->opcode) {

    case CONVRELAY_WS_CLOSE:
    case CONVRELAY_WS_PING:
    case CONVRELAY_WS_PONG:

        if (!r->fin) {
            return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                     "a fragmented control frame", 0);
        }

        return CONVRELAY_OK;

    case CONVRELAY_WS_TEXT:
    case CONVRELAY_WS_BINARY:

        if (r->message) {
            return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                     "a message within a message", 0);
        }

        r->message = r->opcode;
        r->fragments = 0;
        r->utf8 = 0;
        break;

    case CONVRELAY_WS_CONTINUATION:

        if (r->message == 0) {
            return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                     "a continuation without a message", 0);
        }

        break;

    default:
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a frame with an unknown opcode", 0);
    }

    r->fragments++;

    if (r->max_fragments && r->fragments > r->max_fragments) {
        return convrelay_ws_fail(r, CONVRELAY_WS_MESSAGE_TOO_BIG,
                                 "a message with too many fragments",
                                 r->fragments);
    }

    return CONVRELAY_OK;
}


static int
convrelay_ws_length(convrelay_ws_reader_t *r, u_char ch)
{
    unsigned  masked;

    masked = (ch & CONVRELAY_WS_MASK) ? 1 : 0;

    /* RFC 6455, 5.1 */

    if (!masked && !r->unmasked) {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "an unmasked frame", 0);
    }

    if (masked && r->unmasked) {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a masked frame", 0);
    }

    r->payload = ch & CONVRELAY_WS_LENGTH;

    /* RFC 6455, 5.5 */

    if (convrelay_ws_is_control(r->opcode)
        && r->payload > CONVRELAY_WS_MAX_CONTROL)
    {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a control frame longer than 125 bytes", 0);
    }

    switch (r->payload) {

    case 126:
        r->payload = 0;
        r->left = 2;
        r->state = convrelay_ws_st_length_16;
        return CONVRELAY_OK;

    case 127:
        r->payload = 0;
        r->left = 8;
        r->state = convrelay_ws_st_length_64;
        return CONVRELAY_OK;

    default:
        return convrelay_ws_length_done(r);
    }
}


static int
convrelay_ws_length_done(convrelay_ws_reader_t *r)
{
    /* RFC 6455, 5.2 */

    if ((r->state == convrelay_ws_st_length_16 && r->payload < 126)
        || (r->state == convrelay_ws_st_length_64 && r->payload < 65536))
    {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a frame length that is not minimal", 0);
    }

    if (r->payload >> 63) {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a frame length with the top bit set", 0);
    }

    /* RFC 6455, 5.5.1: a close payload starts with a code of two bytes */

    if (r->opcode == CONVRELAY_WS_CLOSE && r->payload == 1) {
        return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                 "a close frame of one byte", 0);
    }

    if (!convrelay_ws_is_control(r->opcode)
        && r->max_message
        && r->payload > r->max_message - r->len)
    {
        return convrelay_ws_fail(r, CONVRELAY_WS_MESSAGE_TOO_BIG,
                                 "a message that is too large",
                                 r->len + r->payload);
    }

    r->offset = 0;

    if (r->unmasked) {
        r->state = convrelay_ws_st_payload;
        return CONVRELAY_OK;
    }

    r->left = sizeof(r->mask);
    r->state = convrelay_ws_st_mask;

    return CONVRELAY_OK;
}


/* CONVRELAY_DONE: the frame is complete, its message is not */

static int
convrelay_ws_read_payload(convrelay_ws_reader_t *r, u_char **pos, u_char *last,
    convrelay_ws_message_t *m)
{
    size_t  n;
    u_char  *p;

    p = *pos;
    n = last - p;

    if (n > r->payload - r->offset) {
        n = (size_t) (r->payload - r->offset);
    }

    if (n == 0 && r->payload) {
        return CONVRELAY_AGAIN;
    }

    if (!r->unmasked) {
        convrelay_ws_mask(p, n, r->mask, r->offset);
    }

    *pos = p + n;

    if (convrelay_ws_is_control(r->opcode)) {
        return convrelay_ws_control(r, p, n, m);
    }

    return convrelay_ws_data(r, p, n, m);
}


static int
convrelay_ws_data(convrelay_ws_reader_t *r, u_char *p, size_t n,
    convrelay_ws_message_t *m)
{
    if (r->message == CONVRELAY_WS_TEXT
        && convrelay_utf8_check(&r->utf8, p, n) != CONVRELAY_OK)
    {
        return convrelay_ws_fail(r, CONVRELAY_WS_INVALID_PAYLOAD,
                                 "text that is not UTF-8", 0);
    }

    r->offset += n;

    if (r->fin && r->len == 0 && n == r->payload) {
        m->data.data = p;
        m->data.len = n;

    } else {
        if (convrelay_ws_gather(r, p, n) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }

        m->data.data = r->buf;
        m->data.len = r->len;
    }

    if (r->offset < r->payload) {
        return CONVRELAY_AGAIN;
    }

    r->state = convrelay_ws_st_flags;

    if (!r->fin) {
        return CONVRELAY_DONE;
    }

    if (r->utf8) {
        return convrelay_ws_fail(r, CONVRELAY_WS_INVALID_PAYLOAD,
                                 "text that ends within a character", 0);
    }

    m->opcode = r->message;
    m->code = 0;

    r->message = 0;

    return CONVRELAY_OK;
}


static int
convrelay_ws_control(convrelay_ws_reader_t *r, u_char *p, size_t n,
    convrelay_ws_message_t *m)
{
    if (n == r->payload) {
        m->data.data = p;

    } else {
        if (r->control == NULL) {
            r->control = malloc(CONVRELAY_WS_MAX_CONTROL);

            if (r->control == NULL) {
                return convrelay_ws_fail(r, CONVRELAY_WS_INTERNAL_ERROR,
                                         "more than fits into memory",
                                         CONVRELAY_WS_MAX_CONTROL);
            }
        }

        memcpy(r->control + r->offset, p, n);
        m->data.data = r->control;
    }

    r->offset += n;

    if (r->offset < r->payload) {
        return CONVRELAY_AGAIN;
    }

    r->state = convrelay_ws_st_flags;

    m->opcode = r->opcode;
    m->code = 0;
    m->data.len = (size_t) r->payload;

    if (r->opcode == CONVRELAY_WS_CLOSE) {
        return convrelay_ws_close(r, m);
    }

    return CONVRELAY_OK;
}


static int
convrelay_ws_close(convrelay_ws_reader_t *r, convrelay_ws_message_t *m)
{
    uint32_t  utf8;

    if (m->data.len == 0) {
        m->code = CONVRELAY_WS_NO_STATUS;

    } else {
        m->code = (m->data.data[0] << 8) | m->data.data[1];
        m->data.data += 2;
        m->data.len -= 2;

        if (!convrelay_ws_close_code_valid(m->code)) {
            return convrelay_ws_fail(r, CONVRELAY_WS_PROTOCOL_ERROR,
                                     "an invalid close code", m->code);
        }
    }

    utf8 = 0;

    if (convrelay_utf8_check(&utf8, m->data.data, m->data.len) != CONVRELAY_OK
        || utf8)
    {
        return convrelay_ws_fail(r, CONVRELAY_WS_INVALID_PAYLOAD,
                                 "a close reason that is not UTF-8", 0);
    }

    /* the close has cut a message short: its end will never arrive */

    convrelay_ws_forget(r);

    r->state = convrelay_ws_st_closed;

    return CONVRELAY_OK;
}


static void
convrelay_ws_forget(convrelay_ws_reader_t *r)
{
    free(r->buf);

    r->buf = NULL;
    r->len = 0;
    r->size = 0;

    r->message = 0;
}


/*
 * RFC 6455, 7.4: 1004 is reserved, 1005, 1006 and 1015 must not be sent; the
 * registry added 1012 to 1014; 3000 to 4999 are libraries' and applications'.
 */

static int
convrelay_ws_close_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003)
           || (code >= 1007 && code <= 1014)
           || (code >= 3000 && code <= 4999);
}


static int
convrelay_ws_gather(convrelay_ws_reader_t *r, u_char *p, size_t n)
{
    size_t    size;
    u_char   *buf;
    uint64_t  most;

    if (n == 0) {
        return CONVRELAY_OK;
    }

    if (r->buf == NULL || n > r->size - r->len) {
        size = (r->size > SIZE_MAX / 2) ? SIZE_MAX : r->size * 2;

        if (size < CONVRELAY_WS_MIN_BUFFER) {
            size = CONVRELAY_WS_MIN_BUFFER;
        }

        if (size - r->len < n) {
            size = r->len + n;
        }

        /* the maximum size that the message can reach */

        most = r->max_message ? r->max_message : SIZE_MAX;

        if (r->fin) {
            most = r->len + (r->payload - r->offset) + n;
        }

        if (size > most) {
            size = (size_t) most;
        }

        buf = realloc(r->buf, size);
        if (buf == NULL) {
            return convrelay_ws_fail(r, CONVRELAY_WS_INTERNAL_ERROR,
                                     "more than fits into memory", size);
        }

        r->buf = buf;
        r->size = size;
    }

    memcpy(r->buf + r->len, p, n);
    r->len += n;

    return CONVRELAY_OK;
}


static int
convrelay_ws_fail(convrelay_ws_reader_t *r, unsigned code, const char *error,
    uint64_t value)
{
    convrelay_ws_reader_free(r);

    r->state = convrelay_ws_st_failed;
    r->close_code = code;
    r->error = error;
    r->value = value;

    return CONVRELAY_ERROR;
}
