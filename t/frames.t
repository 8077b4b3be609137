# Frames and messages, RFC 6455 sections 5, 6 and 8.1, and what a call does
# about those that are wrong.  The unit tests have every case; here is what
# comes of them on a socket.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: lengths of 7, 16 and 64 bits
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt     "";
    convrelay_max_message_size  128k;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm
location / {
    client_max_body_size  0;
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        local messages = cjson.decode(llm.body()).messages
        llm.say(tostring(#messages[#messages].content))
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

local head, tail = '{"type":"prompt","voicePrompt":"', '"}'

for _, len in ipairs{ 125, 126, 127, 65535, 65536, 131072 } do
    local text = head .. ("x"):rep(len - #head - #tail) .. tail
    call:raw(frame{ payload = text })
    ngx.say(#text, " ", len - #head - #tail == tonumber((call:answer())))
end

call:hangup()
--- response_body
125 true
126 true
127 true
65535 true
65536 true
131072 true



=== TEST 2: messages in fragments, with pings and empty fragments in between
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:setup()
call:raw(frame{ payload = '{"type":"prompt","voicePrompt":"caf\195', fin = false })
call:raw(frame{ opcode = "ping", payload = "one" })
call:raw(frame{ opcode = "continuation", payload = "", fin = false })
call:raw(frame{ opcode = "pong", payload = "unasked" })
call:raw(frame{ opcode = "continuation", payload = '\169 au', fin = false })
call:raw(frame{ opcode = "ping", payload = "" })
call:raw(frame{ opcode = "continuation", payload = ' lait"}' })
call:read(2)
call:answer()
call:hangup()
--- response_body
> setup
< pong one
< pong
< "café au lait"
> close 1000
< close 1000



=== TEST 3: bytes may come one by one
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
local bytes = frame{ payload = '{"type":"setup"}' }
              .. frame{ opcode = "ping", payload = "p" }
              .. frame{ payload = '{"type":"prompt",', fin = false }
              .. frame{ opcode = "continuation", length_bytes = 0,
                        payload = '"voicePrompt":"slowly"}' }
              .. frame{ opcode = "close", payload = "\3\232" }

call.sock:setoption("tcp-nodelay", true)

for i = 1, #bytes - 8 do
    call:raw(bytes:sub(i, i))
    ngx.sleep(0.0005)
end

call:read(1)
call:answer()

for i = #bytes - 7, #bytes do
    call:raw(bytes:sub(i, i))
end

call.closing = true
call:finish()
--- response_body
< pong p
< "slowly"
< close 1000



=== TEST 4: several frames in one segment, the rest of one in the next
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
local bytes = frame{ payload = '{"type":"setup"}' }
              .. frame{ opcode = "ping", payload = "1" }
              .. frame{ payload = '{"type":"info"}' }
              .. frame{ opcode = "ping", payload = "2" }
              .. frame{ payload = '{"type":"prompt","voicePrompt":"a b"}' }
              .. frame{ opcode = "ping", payload = "3" }
local cut = #bytes - 3

call:raw(bytes:sub(1, cut))
call:read(2)
call:answer()
call:raw(bytes:sub(cut + 1) .. frame{ opcode = "ping", payload = "4" })
call:read(2)
call:drop()
--- response_body
< pong 1
< pong 2
< "a b"
< pong 3
< pong 4
> drop



=== TEST 5: what breaks the protocol ends the call, with the code and why
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local function try(label, ...)
    local call = dial("/ws", { early = frame{ payload = '{"type":"setup"}' } })
    ngx.print(label, " ")
    call:raw(table.concat{...})
    call:finish()
end

local text = '{"type":"info"}'

try("unmasked:", frame{ payload = text, key = false })
try("RSV1:", frame{ payload = text, rsv = 4 })
try("RSV3 of a ping:", frame{ opcode = "ping", rsv = 1 })
try("opcode 3:", frame{ opcode = 3, payload = text })
try("opcode 11:", frame{ opcode = 11 })
try("a lone continuation:", frame{ opcode = "continuation", payload = text })
try("text in a message:", frame{ payload = "{", fin = false },
    frame{ payload = "}" })
try("a ping in fragments:", frame{ opcode = "ping", fin = false })
try("a ping of 126 bytes:", frame{ opcode = "ping", payload = ("p"):rep(126) })
try("16 bits for 15 bytes:", frame{ payload = text, length_bytes = 2 })
try("64 bits for 15 bytes:", frame{ payload = text, length_bytes = 8 })
--- response_body
unmasked: < close 1002 an unmasked frame
RSV1: < close 1002 a frame with reserved bits
RSV3 of a ping: < close 1002 a frame with reserved bits
opcode 3: < close 1002 a frame with an unknown opcode
opcode 11: < close 1002 a frame with an unknown opcode
a lone continuation: < close 1002 a continuation without a message
text in a message: < close 1002 a message within a message
a ping in fragments: < close 1002 a fragmented control frame
a ping of 126 bytes: < close 1002 a control frame longer than 125 bytes
16 bits for 15 bytes: < close 1002 a frame length that is not minimal
64 bits for 15 bytes: < close 1002 a frame length that is not minimal
--- error_log
client sent an unmasked frame, closing with 1002
--- no_error_log
[error]
[warn]



=== TEST 6: text that is not UTF-8 ends the call with 1007, at once
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local function try(label, ...)
    local call = dial("/ws")
    ngx.print(label, " ")
    call:raw(table.concat{...})
    call:finish()
end

try("Latin-1:", frame{ payload = '{"type":"info","name":"caf\233"}' })
try("overlong:", frame{ payload = "\192\175" })
try("a surrogate:", frame{ payload = "\237\160\128" })
try("cut at the end:", frame{ payload = "\226\130" })
try("in mid-message:", frame{ payload = "\255", fin = false })
try("in mid-frame:", frame{ payload = ("\255"):rep(9), length = 1000,
                            length_bytes = 2 })
try("over two frames:", frame{ payload = "\226", fin = false },
    frame{ opcode = "continuation", payload = "\40\161" })
--- response_body
Latin-1: < close 1007 text that is not UTF-8
overlong: < close 1007 text that is not UTF-8
a surrogate: < close 1007 text that is not UTF-8
cut at the end: < close 1007 text that ends within a character
in mid-message: < close 1007 text that is not UTF-8
in mid-frame: < close 1007 text that is not UTF-8
over two frames: < close 1007 text that is not UTF-8
--- error_log
client sent text that is not UTF-8, closing with 1007
--- no_error_log
[error]



=== TEST 7: binary messages end the call with 1003
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws")
call:setup()
call:raw(frame{ opcode = "binary", payload = '{"type":"info"}' })
call:finish()
--- response_body
> setup
< close 1003 text messages only
--- error_log
client sent binary message
--- no_error_log
[error]



=== TEST 8: too much ends the call with 1009, by what was announced
--- config
location = /ws {
    convrelay;
    convrelay_max_message_size  1k;
    convrelay_max_fragments     3;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local function try(label, ...)
    local call = dial("/ws")
    ngx.print(label, " ")
    call:raw(table.concat{...})
    call:finish()
end

local function more(payload, fin)
    return frame{ opcode = "continuation", payload = payload, fin = fin }
end

try("1025 bytes:", frame{ payload = "x", length = 1025, length_bytes = 2 })
try("1 EB:", frame{ payload = "x", length = 2^60, length_bytes = 8 })
try("in pieces:", frame{ payload = ("x"):rep(1000), fin = false },
    more(("x"):rep(25)))
try("4 fragments:", frame{ payload = "x", fin = false }, more("x", false),
    more("x", false), more("x", true))

local call = dial("/ws")
call:raw(frame{ payload = (" "):rep(1024) })
call:raw(frame{ payload = " ", fin = false } .. more(" ", false) .. more(" "))
call:raw(frame{ opcode = "ping", payload = "both are allowed" })
call:read(1)
call:drop()
--- response_body
1025 bytes: < close 1009 a message that is too large
1 EB: < close 1009 a message that is too large
in pieces: < close 1009 a message that is too large
4 fragments: < close 1009 a message with too many fragments
< pong both are allowed
> drop
--- error_log
client sent a message that is too large: 1025, closing with 1009



=== TEST 9: what is not a message of Twilio's is ignored, the call goes on
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:setup()

for _, text in ipairs{ "", "no JSON", '{"type":', "[]", "null", "42", '"type"',
                       "{}", '{"type":1}', '{"type":"prompt"} more',
                       ("["):rep(3000) }
do
    call:raw(frame{ payload = text })
end

call:ask("still here")
call:hangup()
--- response_body
> setup
> prompt "still here"
< "still here"
> close 1000
< close 1000
--- error_log
client sent message that is not valid JSON, ignored
convrelay: client sent invalid message (lines left out: 10)
--- no_error_log
[error]



=== TEST 10: thousands of tiny frames do not hold up another call
--- config
location = /ws {
    convrelay;
    convrelay_max_frame_rate  0;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat first=0 interval=0
--- call
local flood = dial("/ws", { mute = true })
local call = dial("/ws")
call:setup()
flood:raw((frame{ opcode = "pong", payload = "" }):rep(100000))
call:ask("Hi")
flood:raw(frame{ opcode = "ping", payload = "flood" })
flood.mute = nil
flood:read(1)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hi"
< pong flood
> close 1000
< close 1000
