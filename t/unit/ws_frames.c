
/*
 * Copyright (C) convrelay contributors
 *
 * Frames and messages, RFC 6455, clause by clause.
 *
 * Each case is read whole and byte by byte.  The input of a case that ends in
 * an error ends with the byte at fault: the reader has to notice there, and
 * not before.
 */


#include "ws_transcript.h"


typedef struct {
    const char *name;
    const char *in;
    size_t      len;
    const char *want;
} frames_case_t;


static void
check(const limits_t *limits, const char *name, const void *in, size_t len,
    const char *expected)
{
    char    title[256];
    size_t  done;

    run(limits, in, len, len);
    tap_is(got.data, got.len, expected, strlen(expected), name);

    done = run(limits, in, len, 1);
    snprintf(title, sizeof(title), "%s, byte by byte", name);
    tap_is(got.data, got.len, expected, strlen(expected), title);

    if (done != len) {
        tap_ok(0, "%s: seen after %zu bytes of %zu", name, done, len);
    }
}


static const frames_case_t  frames_cases[] = {

    /* 5.1, 5.2 */

    { "5.1 an unmasked client frame fails the connection with 1002",
      bytes("\x81\x05"),
      "error 1002 an unmasked frame" },

    { "5.1 an unmasked ping fails as well",
      bytes("\x89\x00"),
      "error 1002 an unmasked frame" },

    { "5.2 an empty text frame is a message",
      bytes("\x81\x80" M),
      "text " },

    { "5.2 RSV1 without an extension fails with 1002",
      bytes("\xc1"),
      "error 1002 a frame with reserved bits" },

    { "5.2 RSV2 without an extension fails with 1002",
      bytes("\xa1"),
      "error 1002 a frame with reserved bits" },

    { "5.2 RSV3 without an extension fails with 1002",
      bytes("\x91"),
      "error 1002 a frame with reserved bits" },

    { "5.2 RSV1 in a control frame fails with 1002",
      bytes("\xc9"),
      "error 1002 a frame with reserved bits" },

    { "5.2 RSV1 in a continuation fails with 1002",
      bytes("\x01\x81" M "a" "\x40"),
      "error 1002 a frame with reserved bits" },

    { "5.2 a frame after good ones is checked like the first",
      bytes("\x81\x82" M "ok" "\x89\x80" M "\xf1"),
      "text ok; ping ; error 1002 a frame with reserved bits" },

    { "5.2 125 bytes fit the first length",
      bytes("\x82\xfd" M BYTES_125),
      "binary " BYTES_125 },

    { "5.2 126 bytes need 16 bits of length",
      bytes("\x82\xfe\x00\x7e" M BYTES_125 "x"),
      "binary " BYTES_125 "x" },

    { "5.2 16 bits for 125 bytes are not minimal, 1002",
      bytes("\x82\xfe\x00\x7d"),
      "error 1002 a frame length that is not minimal" },

    { "5.2 16 bits for no bytes are not minimal, 1002",
      bytes("\x82\xfe\x00\x00"),
      "error 1002 a frame length that is not minimal" },

    { "5.2 64 bits for 65535 bytes are not minimal, 1002",
      bytes("\x82\xff\0\0\0\0\0\0\xff\xff"),
      "error 1002 a frame length that is not minimal" },

    { "5.2 64 bits for 5 bytes are not minimal, 1002",
      bytes("\x81\xff\0\0\0\0\0\0\0\x05"),
      "error 1002 a frame length that is not minimal" },

    { "5.2 the top bit of a 64-bit length must be 0, 1002",
      bytes("\x82\xff\x80\0\0\0\0\x01\0\0"),
      "error 1002 a frame length with the top bit set" },

    { "5.2 all bits of a 64-bit length set, 1002",
      bytes("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
      "error 1002 a frame length with the top bit set" },

    { "5.2 a frame of 2^63-1 bytes may begin when there is no limit",
      bytes("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" M "some"),
      "" },

    /* 5.3, 5.7 */

    { "5.3 the mask is taken from the data, 5.7's masked Hello",
      bytes("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
      "text Hello" },

    { "5.3 each frame has a mask of its own",
      bytes("\x01\x83\x01\x02\x03\x04" "IgO"
            "\x80\x82\x10\x20\x30\x40" "|O"),
      "text HeLlo" },

    { "5.7 a masked pong with Hello",
      bytes("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
      "pong Hello" },

    /* 5.4 */

    { "5.4 a message of two fragments",
      bytes("\x01\x83" M "Hel" "\x80\x82" M "lo"),
      "text Hello" },

    { "5.4 a binary message of three fragments",
      bytes("\x02\x81" M "a" "\x00\x81" M "\xff" "\x80\x81" M "\x00"),
      "binary a\\xff\\x00" },

    { "5.4 fragments may be empty",
      bytes("\x01\x80" M "\x00\x80" M "\x00\x82" M "Hi" "\x00\x80" M
            "\x80\x80" M),
      "text Hi" },

    { "5.4 all fragments may be empty",
      bytes("\x02\x80" M "\x00\x80" M "\x80\x80" M),
      "binary " },

    { "5.4 only the last fragment has bytes",
      bytes("\x01\x80" M "\x80\x82" M "Hi"),
      "text Hi" },

    { "5.4 control frames may be injected into a fragmented message",
      bytes("\x01\x82" M "ab" "\x89\x84" M "ping" "\x00\x81" M "c"
            "\x8a\x80" M "\x89\x81" M "q" "\x80\x81" M "d"),
      "ping ping; pong ; ping q; text abcd" },

    { "5.4 a continuation as the first frame fails with 1002",
      bytes("\x80"),
      "error 1002 a continuation without a message" },

    { "5.4 a continuation without FIN as the first frame fails with 1002",
      bytes("\x00"),
      "error 1002 a continuation without a message" },

    { "5.4 a continuation after a whole message fails with 1002",
      bytes("\x81\x81" M "a" "\x80"),
      "text a; error 1002 a continuation without a message" },

    { "5.4 a continuation after the last fragment fails with 1002",
      bytes("\x01\x81" M "a" "\x80\x81" M "b" "\x00"),
      "text ab; error 1002 a continuation without a message" },

    { "5.4 a text frame within a message fails with 1002",
      bytes("\x01\x81" M "a" "\x81"),
      "error 1002 a message within a message" },

    { "5.4 a binary fragment within a text message fails with 1002",
      bytes("\x01\x81" M "a" "\x02"),
      "error 1002 a message within a message" },

    { "5.4 a text frame after an empty fragment fails with 1002",
      bytes("\x02\x80" M "\x89\x80" M "\x01"),
      "ping ; error 1002 a message within a message" },

    /* 5.5 */

    { "5.5 a fragmented close fails with 1002",
      bytes("\x08"),
      "error 1002 a fragmented control frame" },

    { "5.5 a fragmented ping fails with 1002",
      bytes("\x09"),
      "error 1002 a fragmented control frame" },

    { "5.5 a fragmented pong fails with 1002",
      bytes("\x0a"),
      "error 1002 a fragmented control frame" },

    { "5.5 a control frame may have 125 bytes",
      bytes("\x89\xfd" M BYTES_125),
      "ping " BYTES_125 },

    { "5.5 a ping of 126 bytes fails with 1002",
      bytes("\x89\xfe"),
      "error 1002 a control frame longer than 125 bytes" },

    { "5.5 a pong with a 64-bit length fails with 1002",
      bytes("\x8a\xff"),
      "error 1002 a control frame longer than 125 bytes" },

    { "5.5 a close of 126 bytes fails with 1002",
      bytes("\x88\xfe"),
      "error 1002 a control frame longer than 125 bytes" },

    { "5.5.1 a close without a body has no status, 7.1.5",
      bytes("\x88\x80" M),
      "close 1005 " },

    { "5.5.1 a close of one byte fails with 1002",
      bytes("\x88\x81"),
      "error 1002 a close frame of one byte" },

    { "5.5.1 a close with a code",
      bytes("\x88\x82" M "\x03\xe8"),
      "close 1000 " },

    { "5.5.1 a close with a code and a reason, 7.1.6",
      bytes("\x88\x85" M "\x03\xe9" "bye"),
      "close 1001 bye" },

    { "5.5.1 a close may have a reason of 123 bytes",
      bytes("\x88\xfd" M "\x03\xe8" FIFTY FIFTY TEN TEN "012"),
      "close 1000 " FIFTY FIFTY TEN TEN "012" },

    { "5.5.1 a reason that is not UTF-8 fails with 1007",
      bytes("\x88\x86" M "\x03\xe8" "a\xc0\xaf!"),
      "error 1007 a close reason that is not UTF-8" },

    { "5.5.1 a reason that ends within a character fails with 1007",
      bytes("\x88\x85" M "\x03\xe8" "a\xe2\x82"),
      "error 1007 a close reason that is not UTF-8" },

    { "5.5.1 a wrong code is told before a wrong reason",
      bytes("\x88\x83" M "\x03\xee" "\xff"),
      "error 1002 an invalid close code (1006)" },

    { "5.5.1 a close may come within a message",
      bytes("\x01\x82" M "ab" "\x88\x82" M "\x03\xe8"),
      "close 1000 " },

    { "5.5.1 a reason does not disturb the text it interrupts",
      bytes("\x01\x81" M "\xc3" "\x88\x84" M "\x03\xe8" "\xc3\xa9"),
      "close 1000 \\xc3\\xa9" },

    { "1.4 what comes after a close is dropped",
      bytes("\x88\x82" M "\x03\xe8" "\x81\x81" M "a" "\xff\xff\xff"),
      "close 1000 " },

    { "5.5.2 a ping may be empty",
      bytes("\x89\x80" M),
      "ping " },

    { "5.5.2 a ping carries any bytes",
      bytes("\x89\x83" M "\x00\xff\xc3"),
      "ping \\x00\\xff\\xc3" },

    { "5.5.3 an unsolicited pong is not an error",
      bytes("\x8a\x81" M "x" "\x81\x81" M "y"),
      "pong x; text y" },

    /* 5.6, 6.2 */

    { "5.6 binary data is any bytes",
      bytes("\x82\x84" M "\xff\x00\xc3\x28"),
      "binary \\xff\\x00\\xc3(" },

    { "5.6 text may hold NUL",
      bytes("\x81\x83" M "a\0b"),
      "text a\\x00b" },

    { "6.2 many frames in one piece keep their order",
      bytes("\x81\x81" M "1" "\x82\x81" M "2" "\x89\x81" M "3"
            "\x01\x81" M "4" "\x8a\x81" M "5" "\x80\x81" M "6"
            "\x81\x80" M "\x81\x81" M "7" "\x88\x80" M),
      "text 1; binary 2; ping 3; pong 5; text 46; text ; text 7; "
      "close 1005 " },

    { "6.2 a message that has not ended is not given",
      bytes("\x81\x83" M "ab"),
      "" },

    /* 8.1 */

    { "8.1 text of one to four bytes a character",
      bytes("\x81\x8a" M "$\xc2\xa2\xe2\x82\xac\xf0\x90\x8d\x88"),
      "text $\\xc2\\xa2\\xe2\\x82\\xac\\xf0\\x90\\x8d\\x88" },

    { "8.1 a character may be split between fragments",
      bytes("\x01\x82" M "a\xf0" "\x00\x81" M "\x9f" "\x00\x80" M
            "\x80\x82" M "\x98\x80"),
      "text a\\xf0\\x9f\\x98\\x80" },

    { "8.1 a ping may come within a character",
      bytes("\x01\x81" M "\xe2" "\x89\x82" M "\xff\xe2"
            "\x80\x82" M "\x82\xac"),
      "ping \\xff\\xe2; text \\xe2\\x82\\xac" },

    { "8.1 U+10FFFF and a noncharacter are valid",
      bytes("\x81\x87" M "\xf4\x8f\xbf\xbf\xef\xbf\xbe"),
      "text \\xf4\\x8f\\xbf\\xbf\\xef\\xbf\\xbe" },

    { "8.1 a byte that never occurs fails in mid-frame with 1007",
      bytes("\x81\x8a" M "ab\xff"),
      "error 1007 text that is not UTF-8" },

    { "8.1 an overlong form fails at its first byte",
      bytes("\x81\x8a" M "\xc0"),
      "error 1007 text that is not UTF-8" },

    { "8.1 an overlong form of three bytes fails at its second",
      bytes("\x81\x8a" M "\xe0\x9f"),
      "error 1007 text that is not UTF-8" },

    { "8.1 a surrogate fails at its second byte",
      bytes("\x81\x8a" M "\xed\xa0"),
      "error 1007 text that is not UTF-8" },

    { "8.1 above U+10FFFF fails at the second byte, Autobahn 6.4.1",
      bytes("\x01\x94" M "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
            "\xf4\x90"),
      "error 1007 text that is not UTF-8" },

    { "8.1 a continuation byte alone fails",
      bytes("\x81\x81" M "\x80"),
      "error 1007 text that is not UTF-8" },

    { "8.1 a bad fragment fails before the message ends",
      bytes("\x01\x82" M "ok" "\x00\x8a" M "\xc3\x28"),
      "error 1007 text that is not UTF-8" },

    { "8.1 a character broken off by the next fragment fails",
      bytes("\x01\x81" M "\xc3" "\x80\x82" M "a"),
      "error 1007 text that is not UTF-8" },

    { "8.1 text that ends within a character fails at FIN with 1007",
      bytes("\x81\x82" M "a\xc3"),
      "error 1007 text that ends within a character" },

    { "8.1 an empty last fragment does not complete a character",
      bytes("\x01\x82" M "a\xc3" "\x80\x80" M),
      "error 1007 text that ends within a character" },

    { "8.1 a binary message's bytes do not leak into the next text",
      bytes("\x82\x81" M "\xc3" "\x81\x81" M "a"),
      "binary \\xc3; text a" }
};


static void
opcodes(void)
{
    u_char    in[2];
    char      name[128];
    unsigned  opcode;

    for (opcode = 0; opcode < 16; opcode++) {

        if (opcode <= 2 || (opcode >= 8 && opcode <= 10)) {
            continue;
        }

        in[0] = (u_char) (0x80 | opcode);
        snprintf(name, sizeof(name),
                 "5.2 the reserved opcode %x fails with 1002", opcode);
        check(&no_limits, name, in, 1,
              "error 1002 a frame with an unknown opcode");

        in[0] = (u_char) opcode;
        snprintf(name, sizeof(name),
                 "5.2 the reserved opcode %x without FIN, too", opcode);
        check(&no_limits, name, in, 1,
              "error 1002 a frame with an unknown opcode");
    }
}


static void
lengths(void)
{
    size_t         i, len;
    char           name[128];
    u_char        *in, *p;
    static size_t  sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };

    in = malloc(CHUNK);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        len = sizes[i];

        p = convrelay_ws_header_masked(in, CONVRELAY_WS_TEXT, len,
                                       (u_char *) "abcd");
        memset(p, '*', len);

        want.len = 0;
        note_message(&want, CONVRELAY_WS_TEXT, 0, p, len);

        convrelay_ws_mask(p, len, (u_char *) "abcd", 0);

        snprintf(name, sizeof(name), "5.2 a text frame of %zu bytes", len);
        check(&no_limits, name, in, p + len - in, want.data);
    }

    free(in);
}


static void
close_codes(void)
{
    u_char    in[8];
    char      name[128], error[64];
    unsigned  i, code;

    static unsigned  valid[] = {
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
        1014, 3000, 3999, 4000, 4999
    };

    static unsigned  invalid[] = {
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
        65535
    };

    memcpy(in, "\x88\x82" M, 6);

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        code = valid[i];
        in[6] = (u_char) (code >> 8);
        in[7] = (u_char) code;

        want.len = 0;
        note_message(&want, CONVRELAY_WS_CLOSE, code, NULL, 0);

        snprintf(name, sizeof(name), "7.4 the code %u may be received", code);
        check(&no_limits, name, in, 8, want.data);
    }

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        code = invalid[i];
        in[6] = (u_char) (code >> 8);
        in[7] = (u_char) code;

        snprintf(name, sizeof(name), "7.4 the code %u fails with 1002", code);
        snprintf(error, sizeof(error), "error 1002 an invalid close code (%u)",
                 code);
        check(&no_limits, name, in, 8, code ? error
                                    : "error 1002 an invalid close code");
    }
}


static void
limits(void)
{
    limits_t  l;

    memset(&l, 0, sizeof(l));
    l.max_message = 5;

    check(&l, "10.4 a message of exactly the limit is read",
          bytes("\x81\x85" M "Hello"), "text Hello");

    check(&l, "10.4 a message over the limit fails with 1009 by its header",
          bytes("\x81\x86"), "error 1009 a message that is too large (6)");

    check(&l, "10.4 the announced length counts, 2^63-1",
          bytes("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"),
          "error 1009 a message that is too large (9223372036854775807)");

    check(&l, "10.4 fragments add up to the limit",
          bytes("\x01\x83" M "Hel" "\x80\x82" M "lo" "\x81\x81" M "!"),
          "text Hello; text !");

    check(&l, "10.4 fragments over the limit fail by the last one's header",
          bytes("\x01\x83" M "Hel" "\x00\x82" M "lo" "\x80\x81"),
          "error 1009 a message that is too large (6)");

    check(&l, "10.4 a huge fragment does not overflow the sum",
          bytes("\x02\x83" M "Hel" "\x00\xff\x7f\xff\xff\xff\xff\xff\xff\xff"),
          "error 1009 a message that is too large (9223372036854775810)");

    check(&l, "10.4 control frames do not count",
          bytes("\x01\x83" M "Hel" "\x89\x86" M "longer" "\x80\x82" M "lo"),
          "ping longer; text Hello");

    check(&l, "5.2 a length that is not minimal is 1002, not 1009",
          bytes("\x82\xff\0\0\0\0\0\0\0\xff"),
          "error 1002 a frame length that is not minimal");

    memset(&l, 0, sizeof(l));
    l.max_fragments = 2;

    check(&l, "10.4 as many fragments as allowed, in each message",
          bytes("\x01\x81" M "a" "\x89\x80" M "\x80\x81" M "b"
                "\x01\x81" M "c" "\x80\x81" M "d"),
          "ping ; text ab; text cd");

    check(&l, "10.4 one fragment more fails with 1009",
          bytes("\x01\x81" M "a" "\x00\x80" M "\x80"),
          "error 1009 a message with too many fragments (3)");

    memset(&l, 0, sizeof(l));
    l.unmasked = 1;

    check(&l, "5.1 a client reads unmasked frames, 5.7's Hello",
          bytes("\x81\x05Hello"), "text Hello");

    check(&l, "5.7 a fragmented unmasked text",
          bytes("\x01\x03Hel\x80\x02lo"), "text Hello");

    check(&l, "5.7 an unmasked ping with Hello",
          bytes("\x89\x05Hello"), "ping Hello");

    check(&l, "5.1 a client reads an empty frame at the end of the input",
          bytes("\x82\x01x\x81\x00"), "binary x; text ");

    check(&l, "5.1 a masked server frame fails the client's connection",
          bytes("\x81\x85"), "error 1002 a masked frame");
}


/* values after an error, the state after it, and freeing */

static void
states(void)
{
    convrelay_ws_reader_t  r;

    start(&r, &no_limits);
    r.max_message = 100;
    feed(&r, bytes("\x01\x82" M "ab" "\x80\xff\0\0\0\0\0\x01\0\0"), &got);
    tap_ok(r.value == 65538, "7.1.7 the error tells the size of the message");
    tap_ok(r.buf == NULL, "7.1.7 a failed reader owns nothing");

    got.len = 0;
    feed(&r, bytes("\x81\x81" M "a"), &got);
    tap_is(got.data, got.len,
           bytes("error 1009 a message that is too large (65538)"),
           "7.1.7 a failed reader gives the same error again");

    start(&r, &no_limits);
    feed(&r, bytes("\x88\x82" M "\x07\xd0"), &got);
    tap_ok(r.value == 2000, "7.4 the error tells the code");

    start(&r, &no_limits);
    feed(&r, bytes("\x01\x82" M "ab"), &got);
    tap_ok(r.buf != NULL, "a message in progress is kept");
    feed(&r, bytes("\x80\x81" M "c" "\x81"), &got);
    tap_is(got.data, got.len, bytes("text abc"), "and given");
    tap_ok(r.buf == NULL, "it is freed by the next call");
    feed(&r, bytes("\x81" M "d"), &got);
    tap_is(got.data, got.len, bytes("text abc; text d"), "and so it goes on");

    start(&r, &no_limits);
    feed(&r, bytes("\x01\x82" M "ab" "\x80\x84" M "c\xc3"), &got);
    convrelay_ws_reader_free(&r);
    tap_ok(r.buf == NULL, "a message in progress can be freed");
    feed(&r, bytes("\x81\x81" M "e"), &got);
    tap_is(got.data, got.len, bytes("text e"), "the reader starts afresh");

    start(&r, &no_limits);
    feed(&r, bytes("\x01\x82" M "ab" "\x88\x80" M), &got);
    tap_ok(r.buf == NULL, "a message cut short by a close is freed");
}


static void
copies(void)
{
    u_char                  *p, *in, *last;
    convrelay_ws_reader_t    r;
    convrelay_ws_message_t   m;

    start(&r, &no_limits);

    in = tap_flush(bytes("\x81\x85" M "Hello" "\x89\x81" M "x"));
    last = in + 18;
    p = in;

    convrelay_ws_read(&r, &p, last, &m);
    tap_ok(m.data.data == in + 6 && p == in + 11 && r.buf == NULL,
           "a whole data frame is not copied");

    convrelay_ws_read(&r, &p, last, &m);
    tap_ok(m.data.data == in + 17 && p == last,
           "a whole control frame is not copied");

    tap_ok(convrelay_ws_read(&r, &p, last, &m) == CONVRELAY_AGAIN,
           "no input is AGAIN");

    tap_unflush(in, 18);
}


int
main(void)
{
    size_t                i;
    const frames_case_t  *c;

    open_chunk();

    for (i = 0; i < sizeof(frames_cases) / sizeof(frames_cases[0]); i++) {
        c = &frames_cases[i];
        check(&no_limits, c->name, c->in, c->len, c->want);
    }

    opcodes();
    lengths();
    close_codes();
    limits();
    states();
    copies();

    close_chunk();

    return tap_done();
}
