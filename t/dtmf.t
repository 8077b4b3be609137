# Keys that the caller presses.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: without a directive keys are ignored
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:quiet(100)
call:ask("Hi")
call:hangup()
--- response_body
> setup
> dtmf 1
> prompt "Hi"
< "user: Hi"
> close 1000
< close 1000



=== TEST 2: a menu: each key acts at once, others are ignored
--- on
convrelay_on  dtmf 1  say "Opening hours.";
convrelay_on  dtmf *  say "Again.";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("2")
call:quiet(50)
call:dtmf("*")
call:read()
call:hangup()
--- response_body
> setup
> dtmf 2
> dtmf *
< "Again." last
> close 1000
< close 1000



=== TEST 3: default is for keys that nothing else is for
--- on
convrelay_on  dtmf default  say "There is no $convrelay_digits.";
convrelay_on  dtmf 1        say "One.";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:read()
ngx.sleep(0.5)
call:dtmf("7")
call:read()
call:hangup()
--- response_body
> setup
> dtmf 1
< "One." last
> dtmf 7
< "There is no 7." last
> close 1000
< close 1000



=== TEST 4: keys up to the terminator are one message to the model
--- on
convrelay_dtmf;
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:dtmf("2")
call:dtmf("#")
call:answer()
call:hangup()
--- response_body
> setup
> dtmf 1
> dtmf 2
> dtmf #
< "user: The caller pressed 12."
> close 1000
< close 1000



=== TEST 5: up to the maximum, with a wording of one's own
--- on
convrelay_dtmf          max=2 terminator=off;
convrelay_dtmf_message  "Code $convrelay_digits";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("#")
call:dtmf("5")
call:answer()
call:hangup()
--- response_body
> setup
> dtmf #
> dtmf 5
< "user: Code #5"
> close 1000
< close 1000



=== TEST 6: up to a pause
--- on
convrelay_dtmf  pause=150ms;
--- call
local call = dial("/ws")
call:setup()
call:dtmf("5")
call:quiet(80)
call:dtmf("6")
call:quiet(80)
call:answer()
call:hangup()
--- response_body
> setup
> dtmf 5
> dtmf 6
< "user: The caller pressed 56."
> close 1000
< close 1000



=== TEST 7: entries that an action is for do not reach the model
--- on
convrelay_dtmf;
convrelay_on  dtmf 42  say "Forty-two.";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("4")
call:dtmf("2")
call:dtmf("#")
call:read()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> dtmf 4
> dtmf 2
> dtmf #
< "Forty-two." last
> prompt "Hi"
< "user: (The call begins.)\nassistant: Forty-two.\nuser: Hi"
> close 1000
< close 1000



=== TEST 8: a key that interrupts cuts the answer first, as speech does
--- on
convrelay_on  dtmf 1  say "One.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "Hello ", "you ", "there.", hold = 2 }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:dtmf("1")
call:interrupt("Hello", 300)
call:read(2)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hello "
< "you "
> dtmf 1
> interrupt "Hello"
< "" last
< "One." last
> prompt "Eh?"
< "user: Hi\nassistant: Hello\nOne.\nuser: Eh?"
> close 1000
< close 1000



=== TEST 9: an empty message tells the model nothing
--- on
convrelay_dtmf          max=1;
convrelay_dtmf_message  "";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:quiet(100)
call:hangup()
--- response_body
> setup
> dtmf 1
> close 1000
< close 1000



=== TEST 10: keys never reach a log
--- http_config
log_format digits "digits:[$convrelay_digits]";
--- on
convrelay_dtmf  max=9;
access_log      logs/digits.log digits;
convrelay_on    dtmf 735173517  say "Thank you.";
--- call
local call = dial("/ws", { mute = true })
call:setup()
for key in ("735173517"):gmatch(".") do
    call:dtmf(key)
end
ngx.say((call:answer()))
call:hangup()
ngx.sleep(0.05)
local f = io.open(ngx.config.prefix() .. "logs/digits.log")
ngx.print(f:read("*a"))
f:close()
--- response_body
Thank you.
digits:[-]
--- no_error_log
735173517



=== TEST 11: off undoes what an outer level has
--- http_config
convrelay_dtmf  max=1;
--- on
convrelay_dtmf  off;
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:quiet(100)
call:hangup()
--- response_body
> setup
> dtmf 1
> close 1000
< close 1000



=== TEST 12: a terminator after the last key that fits is not one more entry
--- on
convrelay_dtmf  max=2;
--- call
local call = dial("/ws")
call:setup()
call:dtmf("1")
call:dtmf("2")
call:dtmf("#")
call:answer()
call:quiet(100)
call:hangup()
--- response_body
> setup
> dtmf 1
> dtmf 2
> dtmf #
< "user: The caller pressed 12."
> close 1000
< close 1000



=== TEST 13: keys before a prompt do not cut its answer later
--- on
convrelay_dtmf  pause=300ms;
convrelay_on    dtmf 1  say "One.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"

        if llm.messages():find("pressed") then
            return llm.say("Both.")
        end

        llm.stream()
        ngx.sleep(0.1)
        llm.token("It is ")
        ngx.sleep(0.5)
        llm.token("oak.")
        llm.done()
    }
}
--- call
for _, key in ipairs{ "1", "2" } do
    local call = dial("/ws")
    call:setup()
    call:dtmf(key)
    call:ask("Name a tree.")
    call:quiet(400)
    call:hangup()
end
--- response_body
> setup
> dtmf 1
> prompt "Name a tree."
< "One.It is oak."
> close 1000
< close 1000
> setup
> dtmf 2
> prompt "Name a tree."
< "Both."
> close 1000
< close 1000



=== TEST 14: digits that cannot be pressed
--- on
convrelay_on  dtmf 1x  say "x";
--- must_die
--- error_log
"1x" is not a digit string, write 1 to 64 of 0-9, "*", "#" and A-D, or "default"



=== TEST 15: an action for more digits than an entry has
--- on
convrelay_dtmf  max=2;
convrelay_on    dtmf 123  say "x";
--- must_die
--- error_log
"convrelay_on dtmf" waits for 3 digits, but "convrelay_dtmf" ends an entry after 2



=== TEST 16: parameters that are none
--- on
convrelay_dtmf  max=65;
--- must_die
--- error_log
invalid "max=65", write "terminator=#" (one key, or "off"), "max=6" (1 to 64) or "pause=3s"



=== TEST 17: an action for keys with the terminator among them
--- on
convrelay_dtmf;
convrelay_on    dtmf "#"   say "Again.";
convrelay_on    dtmf 12#   say "Twelve.";
--- must_die
--- error_log
"convrelay_on dtmf 12#" cannot be pressed: "#" is the terminator
