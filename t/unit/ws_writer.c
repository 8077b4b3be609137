
/*
 * Copyright (C) convrelay contributors
 *
 * Frames that are written: RFC 6455, clause by clause.
 */


#include "tap.h"
#include "ws_bytes.h"

#include "convrelay_ws.h"


int
main(void)
{
    size_t           i, len;
    u_char           out[160], *p, *in, masked[40];
    unsigned         offset, ok;
    convrelay_str_t  reason;

    static const u_char  mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

    p = convrelay_ws_header(out, CONVRELAY_WS_TEXT, 5);
    tap_is(out, p - out, bytes("\x81\x05"), "5.2 a header of 2 bytes");

    p = convrelay_ws_header(out, CONVRELAY_WS_PING, 0);
    tap_is(out, p - out, bytes("\x89\x00"), "5.2 a header for no bytes");

    p = convrelay_ws_header(out, CONVRELAY_WS_BINARY, 125);
    tap_is(out, p - out, bytes("\x82\x7d"), "5.2 a header for 125 bytes");

    p = convrelay_ws_header(out, CONVRELAY_WS_BINARY, 126);
    tap_is(out, p - out, bytes("\x82\x7e\0\x7e"), "5.2 a header of 4 bytes");

    p = convrelay_ws_header(out, CONVRELAY_WS_BINARY, 256);
    tap_is(out, p - out, bytes("\x82\x7e\x01\0"), "5.7 256 bytes unmasked");

    p = convrelay_ws_header(out, CONVRELAY_WS_TEXT, 65535);
    tap_is(out, p - out, bytes("\x81\x7e\xff\xff"),
           "5.2 a header for 65535 bytes");

    p = convrelay_ws_header(out, CONVRELAY_WS_BINARY, 65536);
    tap_is(out, p - out, bytes("\x82\x7f\0\0\0\0\0\1\0\0"), "5.7 64 KiB");

    p = convrelay_ws_header(out, CONVRELAY_WS_TEXT, 0x0123456789abcdefu);
    tap_is(out, p - out, bytes("\x81\x7f\x01\x23\x45\x67\x89\xab\xcd\xef"),
           "5.2 a length is in network byte order");

    p = convrelay_ws_header_masked(out, CONVRELAY_WS_TEXT, 5, mask);
    memcpy(p, "Hello", 5);
    convrelay_ws_mask(p, 5, mask, 0);
    tap_is(out, p + 5 - out,
           bytes("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
           "5.7 a masked text with Hello");

    p = convrelay_ws_header_masked(out, CONVRELAY_WS_TEXT, 300, mask);
    tap_is(out, p - out, bytes("\x81\xfe\x01\x2c\x37\xfa\x21\x3d"),
           "5.2 a masked header of 8 bytes");

    p = convrelay_ws_header_masked(out, CONVRELAY_WS_TEXT, 65536, mask);
    tap_is(out, p - out,
           bytes("\x81\xff\0\0\0\0\0\1\0\0\x37\xfa\x21\x3d"),
           "5.2 a masked header of 14 bytes");

    ok = 1;

    for (offset = 0; offset < 9; offset++) {
        for (len = 0; len <= sizeof(masked); len++) {

            for (i = 0; i < len; i++) {
                masked[i] = (u_char) (i * 7) ^ mask[(offset + i) % 4];
            }

            in = tap_flush(masked, len);
            convrelay_ws_mask(in, len, mask, 0x7ffffffffffffff0u + offset);

            for (i = 0; i < len; i++) {
                ok &= (in[i] == (u_char) (i * 7));
            }

            tap_unflush(in, len);
        }
    }

    tap_ok(ok, "5.3 masks any length at any offset");

    p = convrelay_ws_close_payload(out, 1000, NULL);
    tap_is(out, p - out, bytes("\x03\xe8"), "5.5.1 a close without reason");

    convrelay_str_set(&reason, "bye");
    p = convrelay_ws_close_payload(out, 1011, &reason);
    tap_is(out, p - out, bytes("\x03\xf3" "bye"), "5.5.1 with a reason");

    p = convrelay_ws_close_payload(out, CONVRELAY_WS_NO_STATUS, &reason);
    tap_ok(p == out, "7.4.1 no status is never sent");

    convrelay_str_set(&reason, BYTES_125);
    p = convrelay_ws_close_payload(out, 1000, &reason);
    tap_is(out, p - out, bytes("\x03\xe8" FIFTY FIFTY TEN TEN "012"),
           "5.5 a reason is cut to 125 bytes in all");

    convrelay_str_set(&reason, FIFTY FIFTY TEN TEN "01" "\xe2\x82\xac" "x");
    p = convrelay_ws_close_payload(out, 1000, &reason);
    tap_is(out, p - out, bytes("\x03\xe8" FIFTY FIFTY TEN TEN "01"),
           "5.5.1 and between characters");

    convrelay_str_set(&reason, FIFTY FIFTY TEN TEN "\xe2\x82\xac");
    p = convrelay_ws_close_payload(out, 1000, &reason);
    tap_is(out, p - out,
           bytes("\x03\xe8" FIFTY FIFTY TEN TEN "\xe2\x82\xac"),
           "5.5.1 a character that just fits stays");

    convrelay_str_set(&reason, "a\xff" "b");
    p = convrelay_ws_close_payload(out, 1000, &reason);
    tap_is(out, p - out, bytes("\x03\xe8" "a"),
           "8.1 a reason is sent as far as it is UTF-8");

    return tap_done();
}
