# Frames through an echo, t/echo, as conformance suites see them: RFC 6455,
# sections 5 to 8.  What calls do about the same is in frames.t and close.t,
# and every case of the frame layer in t/unit/ws_frames.c.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('main_config',
                      'load_module $TEST_NGINX_BUILD/'
                      . 'ngx_http_convrelay_echo_module.so;');
});

run_tests();

__DATA__

=== TEST 1: messages of all lengths come back as what they were (5.2, 5.6)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local call = dial("/echo", { mute = true })

for _, opcode in ipairs{ "text", "binary" } do
    for _, len in ipairs{ 0, 1, 125, 126, 127, 65535, 65536, 1048576 } do
        local data = (opcode == "text" and "~" or "\254"):rep(len)

        call:raw(frame{ opcode = opcode, payload = data })

        local f = call:frame_in()

        ngx.say(f.opcode, " ", #f.payload, " ", f.payload == data)
    end
end

call:drop()
--- response_body
text 0 true
text 1 true
text 125 true
text 126 true
text 127 true
text 65535 true
text 65536 true
text 1048576 true
binary 0 true
binary 1 true
binary 125 true
binary 126 true
binary 127 true
binary 65535 true
binary 65536 true
binary 1048576 true
--- timeout: 20



=== TEST 2: bytes may come one by one (5.2)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local call = dial("/echo")
local bytes = frame{ payload = "h\195\169", fin = false }
              .. frame{ opcode = "ping", payload = "1" }
              .. frame{ opcode = "continuation", payload = "" , fin = false }
              .. frame{ opcode = "continuation", payload = "llo" }
              .. frame{ opcode = "binary", payload = ("x"):rep(126) }
              .. frame{ opcode = "close", payload = "\3\232bye" }

call.sock:setoption("tcp-nodelay", true)

for i = 1, #bytes do
    call:raw(bytes:sub(i, i))
    ngx.sleep(0.0005)
end

call.closing = true
call:finish()
--- response_body eval
"< pong 1\n< h\xc3\xa9llo\n< binary " . "x" x 126 . "\n< close 1000\n"
--- timeout: 20



=== TEST 3: fragments with pings in between, all in one segment (5.4, 5.5.2)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local call = dial("/echo", {
    early = frame{ payload = "one ", fin = false }
            .. frame{ opcode = "ping", payload = "a" }
            .. frame{ opcode = "continuation", payload = "two ", fin = false }
            .. frame{ opcode = "ping", payload = "" }
            .. frame{ opcode = "pong", payload = "unasked" }
            .. frame{ opcode = "continuation", payload = "three" }
            .. frame{ opcode = "binary", payload = "", fin = false }
            .. frame{ opcode = "ping", payload = ("p"):rep(125) }
            .. frame{ opcode = "continuation", payload = "" }
})

call:read(5)
call:hangup()
--- response_body eval
"< pong a\n< pong\n< one two three\n< pong " . "p" x 125 . "\n< binary\n"
. "> close 1000\n< close 1000\n"



=== TEST 4: a fault fails the connection, with a code (5.1, 5.2, 5.4, 5.5, 8.1)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local function try(label, ...)
    local call = dial("/echo")
    ngx.print(label, " ")
    call:raw(table.concat{...})
    call:finish()
end

try("unmasked:", frame{ payload = "x", key = false })

for rsv = 1, 7 do
    try("RSV " .. rsv .. ":", frame{ payload = "x", rsv = rsv })
end

for _, opcode in ipairs{ 3, 4, 5, 6, 7, 11, 12, 13, 14, 15 } do
    try("opcode " .. opcode .. ":", frame{ opcode = opcode })
end

try("before it:", frame{ payload = "an echo" }, frame{ opcode = 3 },
    frame{ payload = "none" })
try("a ping of 126 bytes:", frame{ opcode = "ping", payload = ("p"):rep(126) })
try("half a ping:", frame{ opcode = "ping", fin = false })
try("a lone continuation:", frame{ opcode = "continuation" })
try("text in text:", frame{ fin = false }, frame{})
try("16 bits for 125:", frame{ payload = ("x"):rep(125), length_bytes = 2 })
try("64 bits for 65535:", frame{ payload = ("x"):rep(65535),
                                 length_bytes = 8 })
try("the top bit:", frame{ length = 2^63, length_bytes = 8 })
try("UTF-8, in mid-frame:", frame{ payload = "\206\186\244\144", length = 99 })
try("UTF-8, at the end:", frame{ payload = "\206\186\225\189" })
--- response_body
unmasked: < close 1002 an unmasked frame
RSV 1: < close 1002 a frame with reserved bits
RSV 2: < close 1002 a frame with reserved bits
RSV 3: < close 1002 a frame with reserved bits
RSV 4: < close 1002 a frame with reserved bits
RSV 5: < close 1002 a frame with reserved bits
RSV 6: < close 1002 a frame with reserved bits
RSV 7: < close 1002 a frame with reserved bits
opcode 3: < close 1002 a frame with an unknown opcode
opcode 4: < close 1002 a frame with an unknown opcode
opcode 5: < close 1002 a frame with an unknown opcode
opcode 6: < close 1002 a frame with an unknown opcode
opcode 7: < close 1002 a frame with an unknown opcode
opcode 11: < close 1002 a frame with an unknown opcode
opcode 12: < close 1002 a frame with an unknown opcode
opcode 13: < close 1002 a frame with an unknown opcode
opcode 14: < close 1002 a frame with an unknown opcode
opcode 15: < close 1002 a frame with an unknown opcode
before it: < an echo
< close 1002 a frame with an unknown opcode
a ping of 126 bytes: < close 1002 a control frame longer than 125 bytes
half a ping: < close 1002 a fragmented control frame
a lone continuation: < close 1002 a continuation without a message
text in text: < close 1002 a message within a message
16 bits for 125: < close 1002 a frame length that is not minimal
64 bits for 65535: < close 1002 a frame length that is not minimal
the top bit: < close 1002 a frame length with the top bit set
UTF-8, in mid-frame: < close 1007 text that is not UTF-8
UTF-8, at the end: < close 1007 text that ends within a character
--- error_log
client sent an unmasked frame, closing with 1002
--- no_error_log
[error]
--- timeout: 20



=== TEST 5: a valid close code comes back, others are answered with 1002 (7.4)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local function valid(code)
    return code >= 1000 and code <= 1014 and not (code >= 1004 and code <= 1006)
           or code >= 3000 and code <= 4999
end

local function answer(payload)
    local call = dial("/echo", {
        early = frame{ opcode = "close", payload = payload }
    })
    local f = call:frame_in()

    call.sock:close()

    if #f.payload < 2 then
        return f.opcode .. " without a code"
    end

    return f.payload:byte(1) * 256 + f.payload:byte(2)
end

local n = 0

local function try(first, last)
    for code = first, last do
        local got = answer(string.char(math.floor(code / 256), code % 256))

        if got ~= (valid(code) and code or 1002) then
            ngx.say(code, ": ", got)
        end

        n = n + 1
    end
end

try(0, 0)
try(990, 1110)
try(2000, 2000)
try(2990, 3010)
try(4990, 5010)
try(65535, 65535)

ngx.say(n, " codes")

ngx.say("none: ", answer(""))
ngx.say("one byte: ", answer("\3"))
ngx.say("reason of 123 bytes: ", answer("\3\232" .. ("r"):rep(123)))
ngx.say("reason that is not UTF-8: ", answer("\3\232\237\160\128"))
--- response_body
166 codes
none: close without a code
one byte: 1002
reason of 123 bytes: 1000
reason that is not UTF-8: 1007
--- error_log
client sent a close frame of one byte, closing with 1002
--- no_error_log
[error]
--- timeout: 20



=== TEST 6: a client that shuts its side down still gets its echoes (7.1.1)
--- config
location = /echo {
    convrelay_echo;
}
--- raw_request eval
::ws_handshake('/echo') . ::ws_frame(payload => 'before the end')
. ::ws_frame(opcode => 'ping', payload => 'p') . ::ws_close(1000)
--- shutdown: 1
--- raw_response_headers_like: ^HTTP/1\.1 101 Switching Protocols\r
--- response_body eval
"\x81\x0ebefore the end\x8a\x01p\x88\x02\x03\xe8"
--- error_code: 101



=== TEST 7: a client that shuts its side down without a close gets no close
--- config
location = /echo {
    convrelay_echo;
}
--- raw_request eval
::ws_handshake('/echo') . ::ws_frame(payload => 'whole')
. ::ws_frame(payload => 'torn', length => 9)
--- shutdown: 1
--- raw_response_headers_like: ^HTTP/1\.1 101 Switching Protocols\r
--- response_body eval
"\x81\x05whole"
--- error_code: 101



=== TEST 8: nothing is answered after a close (5.5.1)
--- config
location = /echo {
    convrelay_echo;
}
--- call
local call = dial("/echo", {
    early = frame{ opcode = "close", payload = "\15\161" }
            .. frame{ payload = "late" } .. frame{ opcode = "ping" }
            .. frame{ opcode = "close", payload = "\3\232" } .. "garbage"
})

call.closing = true
call:finish()
--- response_body
< close 4001



=== TEST 9: a client that reads nothing at first gets all in the end
--- config
location = /echo {
    convrelay_echo  1m;
}
--- call
local call = dial("/echo", { mute = true })
local message = frame{ opcode = "binary", payload = ("x"):rep(300000) }
local n = 60

local sender = ngx.thread.spawn(function ()
    call.sock:settimeouts(1000, 10000, 10000)

    for i = 1, n do
        call:raw(message)
    end
end)

ngx.sleep(0.3)

local bytes = 0

for i = 1, n do
    bytes = bytes + #call:frame_in().payload
end

ngx.thread.wait(sender)
ngx.say(bytes)
call:drop()
--- response_body
18000000
--- timeout: 20



=== TEST 10: a client that never reads is left
--- config
location = /echo {
    convrelay_echo;
    send_timeout  100ms;
}
--- call
local call = dial("/echo", { mute = true })
local message = frame{ opcode = "binary", payload = ("x"):rep(300000) }

for i = 1, 100 do
    local sent, err = call.sock:send(message)

    if not sent then
        ngx.say("left")
        break
    end
end

call:drop()
--- response_body
left
--- error_log
client timed out
--- timeout: 20



=== TEST 11: a message may have a limit (7.4.1)
--- config
location = /echo {
    convrelay_echo  1k;
}
--- call
local call = dial("/echo", { mute = true })
call:raw(frame{ payload = ("x"):rep(1024) })
ngx.say(#call:frame_in().payload)
call.mute = nil
call:raw(frame{ payload = ("x"):rep(1025) })
call:finish()
--- response_body
1024
< close 1009 a message that is too large
--- error_log
client sent a message that is too large
--- no_error_log
[error]



=== TEST 12: what is not a handshake is refused (4.2.1)
--- config
location = /echo {
    convrelay_echo;
}
--- request
GET /echo
--- error_code: 426
--- error_log
client sent a websocket handshake without "websocket" in "Upgrade"
--- no_error_log
[error]
