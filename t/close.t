# How calls end, RFC 6455 section 7.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: a close is answered with its code, then the connection ends
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
for _, code in ipairs{ 1000, 1001, 1008, 1011, 3000, 4999 } do
    local call = dial("/ws")
    call:setup()
    call:hangup(code, "bye")
end
--- response_body
> setup
> close 1000
< close 1000
> setup
> close 1001
< close 1001
> setup
> close 1008
< close 1008
> setup
> close 1011
< close 1011
> setup
> close 3000
< close 3000
> setup
> close 4999
< close 4999



=== TEST 2: a close without a code is answered without one
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws")
call:raw(frame{ opcode = "close" })
call.closing = true
call:finish()
--- response_body
< close



=== TEST 3: close frames that must not be sent are answered with 1002 or 1007
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local function try(label, payload)
    local call = dial("/ws")
    ngx.print(label, " ")
    call:raw(frame{ opcode = "close", payload = payload })
    call.closing = true
    call:finish()
end

local function code(n)
    return string.char(math.floor(n / 256), n % 256)
end

try("one byte:", "\3")

for _, n in ipairs{ 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 } do
    try(n .. ":", code(n))
end

try("a reason that is not UTF-8:", code(1000) .. "\255")
try("a reason cut short:", code(1000) .. "\226\130")
--- response_body
one byte: < close 1002 a close frame of one byte
0: < close 1002 an invalid close code
999: < close 1002 an invalid close code
1004: < close 1002 an invalid close code
1005: < close 1002 an invalid close code
1006: < close 1002 an invalid close code
1015: < close 1002 an invalid close code
1016: < close 1002 an invalid close code
2999: < close 1002 an invalid close code
5000: < close 1002 an invalid close code
65535: < close 1002 an invalid close code
a reason that is not UTF-8: < close 1007 a close reason that is not UTF-8
a reason cut short: < close 1007 a close reason that is not UTF-8
--- error_log
client sent an invalid close code: 1005, closing with 1002
--- no_error_log
[error]



=== TEST 4: frames after a close are ignored
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("the LLM was reached")
        llm.say("Hello.")
    }
}
--- call
local llm = require "convrelay_llm"
local close = frame{ opcode = "close", payload = "\3\232" }
local prompt = frame{ payload = '{"type":"prompt","voicePrompt":"Hi"}' }

local call = dial("/ws")
call:setup()
call:raw(close .. prompt .. frame{ opcode = "ping" } .. close .. "garbage")
call.closing = true
call:finish()

call = dial("/ws")
call:setup()
call:raw(frame{ opcode = 3 } .. prompt .. frame{ opcode = "ping" })
call:raw(prompt)
call:finish()

ngx.sleep(0.05)
ngx.say("notes: ", llm.notes(0))
--- response_body
> setup
< close 1000
> setup
< close 1002 a frame with an unknown opcode
notes: 



=== TEST 5: a close in mid-message and in mid-answer ends both
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=count tokens=50 first=0 interval=20ms
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(1)
call:raw(frame{ payload = '{"type":"prompt"', fin = false })
call.mute = true
call:hangup()
ngx.say("gone")
--- response_body
> setup
> prompt "Count"
< " 1"
gone
--- error_log
convrelay peer close code:1000
--- no_error_log
[error]



=== TEST 6: without a close frame the end is logged, and all is freed
--- http_config
log_format  call  '$status $request_completion';
--- config
location = /ws {
    convrelay;
    access_log  logs/call.log call;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=count tokens=50 first=0 interval=20ms
--- call
local llm = require "convrelay_llm"

for _, torn in ipairs{ "", "\129", frame{ payload = "{" }:sub(1, 4),
                       frame{ payload = ("x"):rep(99) }:sub(1, 50) }
do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:prompt("Count")
    call:read(1)
    call:raw(torn)
    call:drop()
end

ngx.say(llm.log("call.log", 4))
--- response_body
101 
101 
101 
101 
--- grep_error_log: client closed connection without a close frame
--- grep_error_log_out
client closed connection without a close frame
client closed connection without a close frame
client closed connection without a close frame
client closed connection without a close frame
--- error_log
client closed connection without a close frame
--- no_error_log
[error]
[alert]



=== TEST 7: a half-closed connection ends the call, too
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- raw_request eval
::ws_handshake("/ws") . ::ws_frame(payload => '{"type":"setup"}')
--- shutdown: 1
--- raw_response_headers_like: ^HTTP/1\.1 101 Switching Protocols\r
--- error_code: 101
--- ignore_response_body
--- error_log
client closed connection without a close frame
--- no_error_log
[error]



=== TEST 8: a caller that ignores our close is not waited for
--- config
lingering_timeout  100ms;
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws")
call:raw(frame{ opcode = 3 })
call:read(1)
call:raw(("x"):rep(1000))
call:read(1, 1000)
--- response_body
< close 1002 a frame with an unknown opcode
< eof
