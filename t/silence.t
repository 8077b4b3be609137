# The caller says nothing, or only "Hello?"; hold, and the limit under it;
# questions of actions; times of a call; interruptions as events.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: stages of silence, up to a goodbye
--- on
convrelay_silence       100ms 100ms 100ms;
convrelay_end_timeout   100ms;
convrelay_on silence 1  say "Are you still there?";
convrelay_on silence 2  say "Take your time.";
convrelay_on silence 3  say "Goodbye." end '{"reason":"silence"}';
--- call
local call = dial("/ws", { mute = true })
local info = { type = "info", name = "agentSpeaking" }

local function read(n)
    call.mute = false
    call:read(n)
    call.mute = true

    for _, value in ipairs{ "on", "off" } do
        info.value = value
        call:send(info)
    end
end

call:setup()
read()
read()
read(2)
call:hangup()
--- response_body
< "Are you still there?" last
< "Take your time." last
< "Goodbye." last
< {"type":"end","handoffData":"{\"reason\":\"silence\"}"}



=== TEST 2: no silence without its directive
--- on
convrelay_on silence 1  say "Are you still there?";
--- must_die
--- error_log
"convrelay_on silence 1" never happens: "convrelay_silence" has 0 stages



=== TEST 3: what the caller does begins it again, and the model knows what was said
--- on
convrelay_silence       300ms 10s;
convrelay_on silence 1  say "Hello?";
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 5 do
    call:prompt("I wa", false)
    ngx.say("quiet: ", call:quiet(100))
end

call.mute = false
call:read()
call:ask("Hi")
call:hangup()
--- response_body
quiet: true
quiet: true
quiet: true
quiet: true
quiet: true
< "Hello?" last
> prompt "Hi"
< "user: (The call begins.)\nassistant: Hello?\nuser: Hi"
> close 1000
< close 1000



=== TEST 4: hold is longer than the stages, up to the caller's next word
--- on
convrelay_silence       150ms;
convrelay_on silence 1  say "Hello?";
convrelay_on prompt "one moment"  say "Sure." hold 5s;
--- call
local call = dial("/ws")
local info = { type = "info", name = "agentSpeaking" }

call:setup()
call:read()
call:prompt("One moment")
call:read()
call.mute = true

for _, value in ipairs{ "on", "off" } do
    info.value = value
    call:send(info)
end

ngx.say("quiet: ", call:quiet(300))
call:prompt("I", false)
call.mute = false
call:read()
call:hangup()
--- response_body
> setup
< "Hello?" last
> prompt "One moment"
< "Sure." last
quiet: true
< "Hello?" last
> close 1000
< close 1000



=== TEST 5: a limit under all of it
--- on
convrelay_silence       10s 10s;
convrelay_max_idle_time  200ms;
convrelay_on silence 2  say "Goodbye." end;
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:send{ type = "info", name = "clientSpeaking", value = "on" }
call.mute = false
call:read()
call:hangup()
--- response_body
< "Goodbye." last
> close 1000
< close 1000
--- error_log
neither heard nor pressed a key



=== TEST 6: the model words the greeting
--- on
convrelay_on setup  ask "The caller $convrelay_from has just been connected.";
--- call
local call = dial("/ws")
call:setup()
call:answer()
call:hangup()
--- response_body
> setup
< "user: The caller +15550100001 has just been connected."
> close 1000
< close 1000



=== TEST 7: a time of the call is an event, before its limit
--- on
convrelay_max_call_time  400ms;
convrelay_on call_time 200ms  say "One minute left.";
convrelay_on call_time 100ms  say "Two minutes left.";
convrelay_on call_too_long    say "Goodbye.";
convrelay_end_timeout    50ms;
--- call
local call = dial("/ws", { mute = true })
call:setup()
call.mute = false
call:read(4)
call:hangup()
--- response_body
< "Two minutes left." last
< "One minute left." last
< "Goodbye." last
< {"type":"end"}
> close 1000
< close 1000
--- error_log
call is



=== TEST 8: an interruption is an event
--- on
convrelay_on setup      say "This is a long story.";
convrelay_on interrupt  say "Yes?";
--- call
local call = dial("/ws")
call:setup()
call:read()
call:interrupt("This is")
call:read()
call:ask("Hi")
call:hangup()
--- response_body
> setup
< "This is a long story." last
> interrupt "This is"
< "Yes?" last
> prompt "Hi"
< "user: (The call begins.)\nassistant: This is\nYes?\nuser: Hi"
> close 1000
< close 1000



=== TEST 9: "Hello?" does not begin a slow answer again
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.sleep(0.3)
        llm.say("It was asked: ", llm.messages())
    }
}
--- on
--- call
local call = dial("/ws")
call:setup()
call:prompt("Are you open?")
ngx.sleep(0.1)
call:prompt("Hello? Are you there?")
call:answer()
call:hangup()
--- response_body
> setup
> prompt "Are you open?"
> prompt "Hello? Are you there?"
< "It was asked: user: Are you open?"
> close 1000
< close 1000



=== TEST 10: ... unless that is off, or not one of the operator's phrases
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.sleep(0.3)
        llm.say("It was asked: ", llm.messages())
    }
}
--- http_config
convrelay_presence  "anybody home" ahoy;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Are you open?")
ngx.sleep(0.1)
call:prompt("Ahoy! Anybody home?")
call:prompt("Hello?")
call:answer()
call:hangup()
--- response_body
> setup
> prompt "Are you open?"
> prompt "Ahoy! Anybody home?"
> prompt "Hello?"
< "It was asked: user: Are you open?\nHello?"
> close 1000
< close 1000



=== TEST 11: "convrelay_presence off": every prompt counts
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.sleep(0.3)
        llm.say("It was asked: ", llm.messages())
    }
}
--- on
convrelay_presence  off;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Are you open?")
call:prompt("Hello?")
call:answer()
call:hangup()
--- response_body
> setup
> prompt "Are you open?"
> prompt "Hello?"
< "It was asked: user: Are you open?\nHello?"
> close 1000
< close 1000



=== TEST 12: a stage that is none
--- on
convrelay_silence 1s;
convrelay_on silence 01  say "x";
--- must_die
--- error_log
invalid stage "01" of "silence"



=== TEST 13: a time that is none
--- on
convrelay_silence 1s 0;
--- must_die
--- error_log
invalid time "0", write the stages as in "10s 10s 20s"



=== TEST 14: a time of a call that is past its limit
--- on
convrelay_max_call_time 1m;
convrelay_on call_time 60s  say "x";
--- must_die
--- error_log
"convrelay_on call_time 60s" never happens: "convrelay_max_call_time" is 60000 ms



=== TEST 15: a time of a call that is none
--- on
convrelay_on call_time soon  say "x";
--- must_die
--- error_log
invalid time "soon" of "call_time"



=== TEST 16: hold without a time
--- on
convrelay_on setup hold $x;
--- must_die
--- error_log
invalid time "$x" of "hold"



=== TEST 17: ask without a question
--- on
convrelay_on setup ask "";
--- must_die
--- error_log
"ask" of "convrelay_on setup" has no text



=== TEST 18: a phrase without a word
--- on
convrelay_presence "?";
--- must_die
--- error_log
"?" has no word



=== TEST 19: it begins with the end of an answer, however long the LLM may take
--- on
convrelay_first_token_timeout  1m;
convrelay_token_timeout        1m;
convrelay_silence              200ms;
convrelay_on silence 1         say "Hello?";
--- llm: answer=say:fine first=400ms interval=0
--- call
local call = dial("/ws")

call:setup()
call:ask("Hi")
call:read()
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "fine"
< "Hello?" last
> close 1000
< close 1000
