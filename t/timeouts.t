# Limits of time and rate: a call that never starts, lasts too long, waits
# for an answer too long, sends or asks too fast, or does not read.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<"_EOC_" . ($block->config // ''));
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        convrelay_error_message  "Sorry.";
        @{[$block->limits // '']}
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
    }
_EOC_

    $block->set_value('call', <<'_EOC_' . $block->call) if $block->call;
local function took(f)
    ngx.update_time()
    local start = ngx.now()
    f()
    ngx.update_time()
    return (ngx.now() - start) * 1000
end

local function between(low, high, ms)
    return ms >= low and ms <= high and "in time" or ms
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a socket that sends no setup message is closed
--- limits: convrelay_setup_timeout 200ms;
--- call
local call

ngx.say(between(180, 1500, took(function()
    call = dial("/ws")
    call:read(2)
end)))

call:drop()
--- response_body
< close 1008 no setup message
< eof
in time
> drop
--- error_log eval
qr/client sent no setup message for 2\d\d ms, limit is 200 ms, closing/
--- no_error_log
[error]



=== TEST 2: pings, prompts and half a message are not a setup message
--- limits: convrelay_setup_timeout 300ms;
--- llm: answer=repeat
--- call
local call = dial("/ws", { mute = true })

call:prompt("Hi")
call:raw(frame{ payload = '{"type":', fin = false })

for i = 1, 3 do
    call:raw(frame{ opcode = "ping" })
    call:read(1)
    ngx.sleep(0.05)
end

call.mute = false
call:read(2)
--- response_body
< close 1008 no setup message
< eof
--- error_log
no setup message



=== TEST 3: once a call is set up, there is no hurry
--- limits: convrelay_setup_timeout 100ms;
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:setup()
call:quiet(250)
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hi"
> close 1000
< close 1000



=== TEST 4: a call ends after convrelay_max_call_time, also amid an answer
--- limits: convrelay_max_call_time 300ms;
--- llm: answer=count tokens=100 first=0 interval=50ms
--- call
local call

ngx.say(between(280, 1500, took(function()
    call = dial("/ws", { mute = true })
    call:setup()
    call:prompt("Count")

    repeat
        local f = call:frame_in()
    until not f or f.opcode == "close"

    call.mute = false
    call:read(1)
end)))
--- response_body
< eof
in time
--- error_log eval
qr/\[error\] .*call is 3\d\d ms long, limit is 300 ms, closing/



=== TEST 5: the Close of a call that is too long says so
--- limits: convrelay_max_call_time 100ms;
--- call
local call = dial("/ws")
call:setup()
call:read(2)
--- response_body
> setup
< close 1000 call is too long
< eof
--- error_log
limit is 100 ms, closing



=== TEST 6: an LLM that does not begin is waited for until max_answer_time
--- limits: convrelay_max_answer_time 200ms;
--- llm: fault=stall_before
--- call
local call = dial("/ws")
call:setup()
ngx.say(between(180, 1500, took(function() call:ask("Hi") end)))
ngx.say(between(180, 1500, took(function() call:ask("Again") end)))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
in time
> prompt "Again"
< "Sorry."
in time
> close 1000
< close 1000
--- error_log
LLM's answer exceeded "convrelay_max_answer_time", limit is 200 ms



=== TEST 7: an LLM that stops amid its answer, too; what it said is kept
--- limits: convrelay_max_answer_time 300ms;
--- llm
location / {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "One, ", "two, ", "three.", hold = 2 }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:tokens()
call:say(require "convrelay_llm".notes(1))
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Count"
< "One, "
< "two, "
< "Sorry."
< "" last
closed
> prompt "Eh?"
< "user: Count\nassistant: One, two, \nuser: Eh?"
> close 1000
< close 1000
--- error_log
LLM's answer exceeded "convrelay_max_answer_time", limit is 300 ms



=== TEST 8: an answer of many tokens has no more time than one of few
--- limits: convrelay_max_answer_time 300ms;
--- llm: answer=count tokens=1000 first=0 interval=20ms
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Count")
local tokens = call:tokens()
ngx.say(#tokens > 3 and #tokens < 40, " ", tokens[#tokens - 1])
call:drop()
--- response_body
true Sorry.
--- error_log
exceeded "convrelay_max_answer_time", limit is 300 ms



=== TEST 9: an answer within its time is not disturbed, nor is a quiet call
--- limits: convrelay_max_answer_time 400ms;
--- llm: answer=count tokens=3 first=0 interval=20ms
--- call
local call = dial("/ws")
call:setup()

for i = 1, 3 do
    call:ask("Count")
    call:quiet(200)
end

call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1 2 3"
> prompt "Count"
< " 1 2 3"
> prompt "Count"
< " 1 2 3"
> close 1000
< close 1000



=== TEST 10: an interrupted answer takes its deadline with it
--- limits: convrelay_max_answer_time 300ms;
--- llm: answer=count tokens=10 first=0 interval=50ms
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(1)
call:interrupt("1")
call:read(1)
call:quiet(400)
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1"
> interrupt "1"
< "" last
> close 1000
< close 1000



=== TEST 11: ten seconds' worth of messages may come at once, not one more
--- limits: convrelay_max_frame_rate 10;
--- call
for _, f in ipairs{ { opcode = "ping" }, { opcode = "pong" },
                    { payload = "{}" }, { payload = "" } }
do
    local call = dial("/ws", { mute = true })
    call:raw(frame(f):rep(100))
    ngx.say(f.opcode or f.payload, ": ", call:quiet(30) or "answers")
    call:drop()

    call = dial("/ws", { mute = true })
    call:raw(frame(f):rep(110))

    repeat
        local got = call:frame_in()

        if not got or got.opcode == "close" then
            ngx.say(got and got.payload:sub(3))
            got = nil
        end
    until not got

    call:drop()
end
--- response_body
ping: answers
too many messages
pong: true
too many messages
{}: true
too many messages
: true
too many messages
--- error_log
client sends too fast: 101 messages ahead, limit is 10 per second, closing



=== TEST 12: messages at the rate are never too many
--- limits: convrelay_max_frame_rate 50;
--- call
local call = dial("/ws", { mute = true })
call:raw(frame{ opcode = "pong" }:rep(500))

for i = 1, 10 do
    ngx.sleep(0.05)
    call:raw(frame{ opcode = "pong" }:rep(2))
end

call:raw(frame{ opcode = "ping" })
call.mute = false
call:read(1)
call:hangup()
--- response_body
< pong
> close 1000
< close 1000



=== TEST 13: what came after the flood is not looked at
--- limits: convrelay_max_frame_rate 1;
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:raw(frame{ payload = '{"type":"setup"}' }
         .. frame{ opcode = "pong" }:rep(10)
         .. frame{ payload = '{"type":"prompt","voicePrompt":"Hi"}' })
call:read(2)
--- response_body
< close 1008 too many messages
< eof
--- error_log
limit is 1 per second



=== TEST 14: with a rate of zero a caller may send as it likes
--- limits: convrelay_max_frame_rate 0;
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:raw(frame{ opcode = "pong" }:rep(5000))
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hi"
> close 1000
< close 1000



=== TEST 15: a minute's worth of turns may come at once, not one more
--- limits: convrelay_max_turn_rate 5;
--- llm: answer=repeat
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 5 do
    call:ask("Hi")
end

call.mute = false
call:prompt("One more")
call:read(2)

-- some of them are answered already, when the others come

call = dial("/ws", { mute = true })
call:setup()

for i = 1, 20 do
    call:prompt("Hi " .. i)
end

repeat
    local f = call:frame_in()
until not f or f.opcode == "close" and ngx.say(f.payload:sub(3))
--- response_body
> prompt "One more"
< close 1008 too many turns
< eof
too many turns
--- error_log
client sends too fast: 6 turns ahead, limit is 5 per minute, closing



=== TEST 16: keys that the model is told are turns, those that actions answer not
--- limits
convrelay_max_turn_rate  1;
convrelay_dtmf           max=1;
convrelay_on             dtmf 1        say "One.";
--- llm: answer=say:fine
--- call
local call = dial("/ws")
call:setup()

for i = 1, 3 do
    call:dtmf("1")
    call:answer()
    ngx.sleep(0.6)
end

call:dtmf("2")
call:answer()
ngx.sleep(0.6)
call:dtmf("3")
call:read(1)
--- response_body
> setup
> dtmf 1
< "One."
> dtmf 1
< "One."
> dtmf 1
< "One."
> dtmf 2
< "fine"
> dtmf 3
< close 1008 too many turns
--- error_log
client sends too fast: 



=== TEST 17: a prompt that an action answers is a turn
--- limits
convrelay_max_turn_rate  3;
convrelay_on             prompt ~*hello  say "Hello.";
convrelay_on             prompt bye      say "$convrelay_digits";
--- llm: answer=say:fine
--- call
local call = dial("/ws")
call:setup()
call:ask("Hello")
call:prompt("Bye")
call:ask("Who are you?")
call:prompt("Hello")
call:read(1)
--- response_body
> setup
> prompt "Hello"
< "Hello."
> prompt "Bye"
> prompt "Who are you?"
< "fine"
> prompt "Hello"
< close 1008 too many turns
--- error_log
client sends too fast: 4 turns ahead, limit is 3 per minute, closing



=== TEST 18: sixty turns a minute are the default
--- llm: answer=say:fine first=0 interval=0
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 60 do
    call:ask("Hi")
end

local f

repeat
    call:prompt("One more")
    f = call:frame_in()
until not f or f.opcode == "close"

ngx.say(f and f.payload:sub(3))
--- response_body
too many turns
--- error_log
61 turns ahead, limit is 60 per minute



=== TEST 19: with a rate of zero a caller may ask as it likes
--- limits: convrelay_max_turn_rate 0;
--- llm: answer=say:fine first=0 interval=0
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 100 do
    call:ask("Hi")
end

call.mute = false
call:ask("One more")
call:hangup()
--- response_body
> prompt "One more"
< "fine"
> close 1000
< close 1000



=== TEST 20: a caller that does not read is told once that its call is over
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 sndbuf=8k;

    location = /ws {
        convrelay;
        convrelay_max_call_time      600ms;
        convrelay_send_timeout       1h;
        convrelay_max_output_size    100m;
        convrelay_max_answer_size    100m;
        convrelay_max_response_size  100m;
        proxy_pass                   http://llm/v1/chat/completions;
    }
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.messages()
        llm.stream()

        for i = 1, 200 do
            llm.token(("x"):rep(60000))
            ngx.sleep(0)
        end
    }
}
--- call
local llm = require "convrelay_llm"
local call = dial("/ws", { mute = true, port = $TEST_NGINX_PORT_2 })
call:setup()
call:prompt("Hi")
ngx.sleep(1.2)

local _, lines = llm.log("error.log", 1):gsub("ms long, limit is 600", "")
ngx.say("told ", lines, " time")
call:drop()
--- response_body
told 1 time
--- error_log
limit is 600 ms, closing



=== TEST 21: a call and an answer may last as long as they like
--- limits
convrelay_max_call_time    0;
convrelay_max_answer_time  0;
--- llm: answer=count tokens=3 first=0 interval=100ms
--- call
local call = dial("/ws")
call:setup()
call:ask("Count")
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1 2 3"
> close 1000
< close 1000



=== TEST 22: convrelay_ping_interval 0 is refused
--- config
convrelay_ping_interval  0;
--- must_die
--- error_log
"convrelay_ping_interval" directive cannot be zero



=== TEST 23: convrelay_setup_timeout 0 is refused
--- config
convrelay_setup_timeout  0;
--- must_die
--- error_log
"convrelay_setup_timeout" directive cannot be zero



=== TEST 24: convrelay_send_timeout 0 is refused
--- config
convrelay_send_timeout  0;
--- must_die
--- error_log
"convrelay_send_timeout" directive cannot be zero



=== TEST 25: a time that is none is refused
--- config
convrelay_max_call_time  long;
--- must_die
--- error_log
"convrelay_max_call_time" directive invalid value



=== TEST 26: a rate below zero is refused
--- config
convrelay_max_frame_rate  -1;
--- must_die
--- error_log
invalid number



=== TEST 27: a rate of turns that is none is refused
--- config
convrelay_max_turn_rate  off;
--- must_die
--- error_log
"convrelay_max_turn_rate" directive invalid number
