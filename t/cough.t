# A cough interrupts an answer, which goes on if no words follow.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# the LLM says the second half of its answer once the test says "go"

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', <<'_EOC_' . ($block->http_config // ''));
init_worker_by_lua_block {
    function hold()
        while not package.loaded.go do
            ngx.sleep(0.005)
        end

        package.loaded.go = nil
    end

    function go() package.loaded.go = true end
}
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if said:find("Eh%?$") then
            return llm.say(said)
        end

        ngx.on_abort(function()
            llm.note("closed")
            ngx.exit(499)
        end)

        llm.stream()
        llm.token("We are open today, ")
        llm.token("and on Saturday ")
        hold()
        llm.token("until noon. ")
        llm.done()
    }
}
_EOC_

    $block->set_value('config', sprintf <<'_EOC_', $block->on);
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
    %s
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: nothing follows: the answer goes on from the clause that was cut
--- on
convrelay_resume  100ms "As I was saying,";
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:interrupt("and on Sat")
go()
call:read(3)
call:say(#require "convrelay_llm".notes(1))
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> interrupt "and on Sat"
< "As I was saying," last
< "and on Saturday until noon. "
< "" last
0
> prompt "Eh?"
< "user: Hi\nassistant: We are open today, and on Saturday until noon. \nuser: Eh?"
> close 1000
< close 1000
--- error_log eval
qr/answer goes on 1\d\d ms after an interruption: no words followed/



=== TEST 2: words follow: it is cut, and its upstream closed
--- on
convrelay_resume  10s;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:interrupt("and on Sat")
call:quiet(50)
call:prompt("Eh?")
call:read(1)
call:say(require "convrelay_llm".notes(1))
call:read(2)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> interrupt "and on Sat"
> prompt "Eh?"
< "" last
closed
< "user: Hi\nassistant: We are open today, and on Sat\nuser: Eh?"
< "" last
> close 1000
< close 1000
--- error_log eval
qr/answer is cut \d+ ms after the interruption/



=== TEST 3: the same without the directive, or with "off": at once
--- http_config
--- on
convrelay_resume  off;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:interrupt("and on Sat")
call:read(1)
call:say(require "convrelay_llm".notes(1))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> interrupt "and on Sat"
< "" last
closed
> close 1000
< close 1000



=== TEST 4: they are counted, by call and for all; the phrase has variables
--- http_config
convrelay_zone  calls 1m;
log_format      calls '$convrelay_interrupts $convrelay_resumed_answers $convrelay_outcome';
map $convrelay_lang $lead {
    volatile;
    default  "";
    ~^es     "Como decía,";
}
--- on
convrelay_resume  50ms $lead;
access_log        logs/calls.log calls;
}
location = /status {
    convrelay_status  public;
--- call
for _, lang in ipairs{ "en-US", "es-ES" } do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:send{ type = "prompt", voicePrompt = "Hi", lang = lang, last = true }
    call:read(2)
    call:interrupt("We are open today, and on Sat")
    ngx.say(call:frame_in().payload)
    go()
    call:answer()
    call:hangup()
end

ngx.say(require "convrelay_llm".log("calls.log", 2))
ngx.say(ngx.location.capture("/status").body:match("\nconvrelay_resumed_answers_total[^\n]*"))
--- response_body
{"type":"text","token":"We are open today, and on Saturday ","last":false}
{"type":"text","token":"Como decía,","last":true,"preemptible":false}
1 1 complete
1 1 complete

convrelay_resumed_answers_total{server="localhost",location="/ws"} 2



=== TEST 5: "uh-huh" does not end an answer, with an interruption or without
--- http_config
convrelay_zone  calls 1m;
--- on
convrelay_resume       10s;
convrelay_backchannel  uh-huh "i see";
}
location = /status {
    convrelay_status  public;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:prompt("I see.")
call:interrupt("and on Sat")
call:prompt("Uh-huh!")
call:read(1)
go()
call:read(2)
call:ask("Eh?")
call:hangup()

ngx.say(ngx.location.capture("/status").body:match("\nconvrelay_backchannels_total[^\n]*"))
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> prompt "I see."
> interrupt "and on Sat"
> prompt "Uh-huh!"
< "and on Saturday "
< "until noon. "
< "" last
> prompt "Eh?"
< "user: Hi\nassistant: We are open today, and on Saturday until noon. \nuser: Eh?"
> close 1000
< close 1000

convrelay_backchannels_total{server="localhost",location="/ws"} 2



=== TEST 6: the LLM is told what was cut, and does not say so itself
--- http_config
--- on
convrelay_interrupt_marker  " [interrupted by the caller]";
convrelay_speech_filter     off;
--- llm
location / {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        llm.note(said)

        if said:find("Eh%?$") then
            return llm.say("Until noon [interrup", "ted by the caller] then.")
        end

        ngx.on_abort(function()
            ngx.exit(499)
        end)

        llm.stream()
        llm.token("We are open today, ")
        llm.token("and on Saturday ")
        hold()
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:interrupt("and on Sat")
call:read(1)
call:ask("Eh?")
call:ask("Eh?")
call:hangup()
call:say(require "convrelay_llm".notes(3))
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> interrupt "and on Sat"
< "" last
> prompt "Eh?"
< "Until noon then."
> prompt "Eh?"
< "Until noon then."
> close 1000
< close 1000
user: Hi
user: Hi
assistant: We are open today, and on Sat [interrupted by the caller]
user: Eh?
user: Hi
assistant: We are open today, and on Sat [interrupted by the caller]
user: Eh?
assistant: Until noon then.
user: Eh?
--- error_log
LLM wrote the marker of an interruption into its text, which is not spoken



=== TEST 7: a short answer to a question that it cuts is asked once the rule has spoken
--- on
convrelay_resume       500ms;
convrelay_backchannel  ok;
convrelay_on           interrupt say "I am listening.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if said:find("Ok%.$") then
            return llm.say(said)
        end

        llm.say("Shall I book that table for you and the others?")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:interrupt("Shall I book")
call:prompt("Ok.")
call:read(3)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Shall I book that table for you and the others?"
> interrupt "Shall I book"
> prompt "Ok."
< "I am listening." last
< "user: Hi\nassistant: Shall I book\nI am listening.\nuser: Ok."
< "" last
> close 1000
< close 1000



=== TEST 8: a location has none of it where it says so
--- http_config
convrelay_resume            10s;
convrelay_backchannel       uh-huh;
convrelay_interrupt_marker  " [interrupted by the caller]";
--- on
convrelay_resume            off;
convrelay_backchannel       off;
convrelay_interrupt_marker  off;
--- llm
location / {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if said:find("huh%.$") then
            return llm.say(said)
        end

        ngx.on_abort(function()
            ngx.exit(499)
        end)

        llm.stream()
        llm.token("We are open today, ")
        llm.token("and on Saturday ")
        hold()
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:prompt("Uh-huh.")
call:read(3)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We are open today, "
< "and on Saturday "
> prompt "Uh-huh."
< "" last
< "user: Hi\nassistant: We are open today, and on Saturday \nuser: Uh-huh."
< "" last
> close 1000
< close 1000
