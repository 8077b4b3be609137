
/*
 * Copyright (C) convrelay contributors
 *
 * Frames and messages, RFC 6455 sections 5, 6, 7 and 8.1.  The reader turns
 * bytes into messages; it does no I/O of its own and never waits.
 */


#ifndef CONVRELAY_WS_H_INCLUDED
#define CONVRELAY_WS_H_INCLUDED


#include "convrelay_base.h"


/* opcodes, RFC 6455, 11.8 */

#define CONVRELAY_WS_CONTINUATION  0x0
#define CONVRELAY_WS_TEXT          0x1
#define CONVRELAY_WS_BINARY        0x2
#define CONVRELAY_WS_CLOSE         0x8
#define CONVRELAY_WS_PING          0x9
#define CONVRELAY_WS_PONG          0xa


/* status codes, RFC 6455, 7.4.1 */

#define CONVRELAY_WS_NORMAL             1000
#define CONVRELAY_WS_GOING_AWAY         1001
#define CONVRELAY_WS_PROTOCOL_ERROR     1002
#define CONVRELAY_WS_UNSUPPORTED_DATA   1003
#define CONVRELAY_WS_NO_STATUS          1005
#define CONVRELAY_WS_INVALID_PAYLOAD    1007
#define CONVRELAY_WS_POLICY_VIOLATION   1008
#define CONVRELAY_WS_MESSAGE_TOO_BIG    1009
#define CONVRELAY_WS_INTERNAL_ERROR     1011


#define CONVRELAY_WS_MAX_CONTROL        125         /* 5.5 */
#define CONVRELAY_WS_MAX_HEADER         14          /* 2 + 8 + 4 */


/*
 * Zero-fill, then set the limits and, in a client, unmasked.  Everything
 * below these belongs to the reader, except close_code, error and value, which
 * describe an error.
 */

typedef struct {
    size_t            max_message;        /* payload bytes; 0: no limit */
    unsigned          max_fragments;      /* frames a message; 0: no limit */
    u_char            unmasked;           /* read a server's frames */

    u_char            state;
    u_char            left;               /* header bytes of this state */
    u_char            opcode;             /* of the frame */
    u_char            fin;
    u_char            message;            /* opcode of the message, or 0 */
    uint16_t          close_code;         /* after CONVRELAY_ERROR */
    unsigned          fragments;          /* frames of the message */
    uint32_t          utf8;               /* of the message */
    u_char            mask[4];
    uint64_t          payload;            /* of the frame */
    uint64_t          offset;             /* payload bytes done */

    u_char           *buf;                /* message so far, malloc'ed */
    size_t            len;
    size_t            size;
    u_char           *control;            /* frame that came in pieces,
                                             malloc'ed */
    const char       *error;              /* continues "client sent " */
    uint64_t          value;              /* size or code at fault, or 0 */
} convrelay_ws_reader_t;


typedef struct {
    unsigned          opcode;     /* TEXT, BINARY, CLOSE, PING or PONG */
    unsigned          code;       /* CLOSE: its status, or NO_STATUS */
    convrelay_str_t   data;       /* payload; of a CLOSE: the reason */
} convrelay_ws_message_t;


/*
 * Reads from *pos and moves it past the bytes that were used.  The bytes
 * are unmasked in place.  A data frame that is complete in the input is not
 * copied; otherwise the message is gathered in the reader's own memory,
 * which is freed with the message.  An idle reader owns no memory.
 *
 * Returns CONVRELAY_OK: *m is a message or a control frame; its data may be
 * written to and is valid until the next call or until the input is freed.
 * CONVRELAY_AGAIN: *pos == last, more is needed.  CONVRELAY_ERROR: the
 * connection has to be failed with close_code (1002, 1007, 1009, 1011 for
 * lack of memory); nothing more can be read, the error stays.
 *
 * A message over max_message or max_fragments is refused with 1009 by the
 * header of the frame that passes the limit.  Memory grows with the bytes
 * that have arrived, never with a length that was only announced.  After a
 * CLOSE was returned, further input is dropped (1.4, 5.5.1): AGAIN.
 *
 * Checked: RSV bits and opcodes (5.2), masking (5.1), minimal lengths and
 * the top bit (5.2), control frames (5.5), fragmentation (5.4), UTF-8 of
 * text and of a close reason, in mid-frame (8.1), close codes (7.4).
 */
int convrelay_ws_read(convrelay_ws_reader_t *r, u_char **pos, u_char *last,
    convrelay_ws_message_t *m);

/*
 * Frees the reader's memory: a message that was returned, after which the
 * reader continues with the next one, or a message in progress, after which
 * the reader starts from the beginning.
 */
void convrelay_ws_reader_free(convrelay_ws_reader_t *r);

/*
 * Writes the header of an unfragmented, unmasked frame (FIN set) with len
 * bytes of payload: 2, 4 or 10 bytes.  Returns the end of what it wrote.
 */
u_char *convrelay_ws_header(u_char *p, unsigned opcode, uint64_t len);

/* the same for a client, with the mask: 6, 8 or 14 bytes */
u_char *convrelay_ws_header_masked(u_char *p, unsigned opcode, uint64_t len,
    const u_char mask[4]);

/* masks or unmasks len bytes in place; the first is at offset in the payload */
void convrelay_ws_mask(u_char *p, size_t len, const u_char mask[4],
    uint64_t offset);

/*
 * Writes a close payload: the code and as much of the reason as fits into
 * 125 bytes, cut between characters and before anything that is not UTF-8.
 * NO_STATUS, which must not be sent (7.4.1), gives an empty payload.  reason
 * may be NULL.  Returns the end of what it wrote.
 */
u_char *convrelay_ws_close_payload(u_char *p, unsigned code,
    const convrelay_str_t *reason);


#endif /* CONVRELAY_WS_H_INCLUDED */
