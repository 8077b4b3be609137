# What the peer or the LLM can cause again and again does not fill the log.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<"_EOC_");
    location = /ws {
        convrelay;
        convrelay_system_prompt    "";
        convrelay_error_message    "Sorry.";
        convrelay_max_turn_rate    0;
        convrelay_max_answer_size  8;
        convrelay_on               prompt bad  say "No." lang=\$convrelay_lang;
        proxy_pass                 http://llm/v1/chat/completions;
        proxy_http_version         1.1;
        proxy_set_header           Connection "";
    }
_EOC_
});

run_tests();

__DATA__

=== TEST 1: messages of one kind are a line, and their number at the end
--- llm: answer=repeat
--- call
local call = dial("/ws", { mute = true })

for i = 1, 5 do
    call:prompt("Early")
    call:interrupt("Early", 10)
end

call:setup()

for i = 1, 10 do
    call:send("x")
    call:setup()
    call:send('{"type":"error","description":"Invalid, code: 64107"}')
    call:send('{"type":"mark"}')
    call:send{ type = "prompt", voicePrompt = "bad " .. i, lang = "?!" }
end

call:hangup()
ngx.say("done")
--- response_body
done
--- grep_error_log eval: qr/client sent message[^,]*|convrelay: [^,]*(?= while)|"say".*? sent/
--- grep_error_log_out
convrelay: client sent prompt before setup
convrelay: client sent interrupt before setup
client sent message that is not valid JSON
convrelay: client sent setup again
convrelay: client reported an error: "64107"
convrelay: client sent a message of unknown type: "mark"
"say" of "convrelay_on prompt" is not a language, write one such as "en-US": it is not sent
convrelay: client sent prompt before setup (lines left out: 4)
convrelay: client sent interrupt before setup (lines left out: 4)
convrelay: client sent invalid message (lines left out: 9)
convrelay: client sent setup again (lines left out: 9)
convrelay: client reported an error (lines left out: 9)
convrelay: an action was not sent (lines left out: 9)
--- error_log
it is not sent
--- no_error_log
[alert]



=== TEST 2: after a second there is another line, which says what was left out
--- llm: answer=repeat
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, n in ipairs{ 3, 1, 2 } do

    for i = 1, n do
        call:send("x")
    end

    call:ask("Hi")
    ngx.sleep(1.1)
end

call:send("x")
call:hangup()
ngx.say("done")
--- response_body
done
--- grep_error_log eval: qr/is not valid JSON, ignored[^,]*(?= while)|lines left out/
--- grep_error_log_out
is not valid JSON, ignored
is not valid JSON, ignored (lines left out before: 2)
is not valid JSON, ignored
is not valid JSON, ignored (lines left out before: 1)
--- error_log
lines left out before: 2
--- no_error_log
[error]



=== TEST 3: each call has its own lines
--- llm: answer=repeat
--- call
for i = 1, 3 do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:send("x")
    call:send("x")
    call:hangup()
end

ngx.say("done")
--- response_body
done
--- grep_error_log eval: qr/is not valid JSON|lines left out: \d+/
--- grep_error_log_out
is not valid JSON
lines left out: 1
is not valid JSON
lines left out: 1
is not valid JSON
lines left out: 1
--- error_log
is not valid JSON
--- no_error_log
[error]



=== TEST 4: answers that fail one after the other
--- llm
location / {
    content_by_lua_block {
        ngx.status = 500
        ngx.say('{"error":{"message":"Out of order."}}')
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 10 do
    call:ask("Hi")
end

call:hangup()
ngx.say("done")
--- response_body
done
--- grep_error_log eval: qr/LLM failed \(.*\)(?= while)|Out of order."/
--- grep_error_log_out
Out of order."
LLM failed (lines left out: 9)
--- error_log
convrelay: LLM failed (lines left out: 9)
--- no_error_log
[alert]



=== TEST 5: answers that are too long, cut short, or without an end
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local how = llm.messages():match("%w+$")

        if how == "long" then
            llm.say("A long answer.")

        elseif how == "length" then
            ngx.print('data: {"choices":[{"delta":{"content":"A"},'
                      .. '"finish_reason":"length"}]}\n\ndata: [DONE]\n\n')

        else
            ngx.print('data: {"choices":[{"delta":{"content":"A"}}]}\n\n')
        end
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 5 do
    call:ask("long")
    call:ask("length")
    call:ask("open")
end

call:hangup()
ngx.say("done")
--- response_body
done
--- grep_error_log eval: qr/convrelay: .*(?= while)|LLM's .*(?= while)/
--- grep_error_log_out
convrelay: answer is too long
LLM's answer was cut by its token limit
LLM's answer ended without "[DONE]" or a finish_reason
convrelay: answer is too long (lines left out: 4)
convrelay: LLM's answer was cut (lines left out: 4)
convrelay: LLM's answer has no end (lines left out: 4)
--- error_log
lines left out
