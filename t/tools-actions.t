# Tools with actions: the shipped definitions, and a location before them.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $tools = '$TEST_NGINX_ROOT/conf-examples/tools';

    $block->set_value('config', <<_EOC_);
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool     send_digits      $tools/send_digits.json;
    convrelay_on tool  send_digits      send_digits \$convrelay_value_digits;
    convrelay_tool     switch_language  $tools/switch_language.json;
    convrelay_on tool  switch_language  language \$convrelay_value_language;
    convrelay_tool     skip_turn        $tools/skip_turn.json;
    convrelay_on tool  skip_turn        skip;
    convrelay_tool     transfer         $tools/transfer.json uri=/tools/transfer;
    convrelay_on tool  transfer
                       say "To \$convrelay_result_to_whom, line \$convrelay_result_line."
                       end '{"reason":"\$convrelay_value_reason","line":"\$convrelay_result_line"}';
    proxy_pass         http://llm/v1/chat/completions;
}
location = /tools/transfer {
    internal;
    default_type  application/json;
    if (\$convrelay_value_reason = "nobody") {
        return  404 '{"to-whom":"nobody"}';
    }
    return  200 '{"to-whom":"Ann","line":7,"more":{"a":1}}';
}
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.agent(setmetatable({}, { __index = function(_, text)
            local name, arguments = text:match("^!(%S+) (.*)")
            return name and { { name, arguments } }
        end }))
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: keys: only lawful characters are sent, else the model is told
--- call
local call = dial("/ws")
call:setup()
call:prompt('!send_digits {"digits":"12w#"}')
call:read(1)
call:answer()
call:prompt('!send_digits {"digits":"12; drop"}')
call:answer()
call:hangup()
--- response_body
> setup
> prompt "!send_digits {\"digits\":\"12w#\"}"
< {"type":"sendDigits","digits":"12w#"}
< "{\"ok\":true}"
> prompt "!send_digits {\"digits\":\"12; drop\"}"
< "{\"ok\":false,\"error\":\"NOT done: \\\"send_digits\\\" has characters other than digits, \\\"*\\\", \\\"#\\\" and \\\"w\\\" (a half-second pause)\"}"
> close 1000
< close 1000
--- error_log
it is not sent



=== TEST 2: another language, and a turn without a word
--- call
local call = dial("/ws")
call:setup()
call:prompt('!switch_language {"language":"es-ES"}')
call:read(1)
call:answer()
call:prompt('!skip_turn {}')
call:quiet(300)
call:ask("Hello")
call:hangup()
--- response_body
> setup
> prompt "!switch_language {\"language\":\"es-ES\"}"
< {"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"es-ES"}
< "{\"ok\":true}"
> prompt "!skip_turn {}"
> prompt "Hello"
< "What?"
> close 1000
< close 1000



=== TEST 3: a location first: its actions have the members of its result
--- call
local call = dial("/ws")
call:setup()
call:prompt('!transfer {"reason":"a \\"bill\\""}')
call:read(3)
call:hangup()
--- response_body
> setup
> prompt "!transfer {\"reason\":\"a \\\"bill\\\"\"}"
< "To Ann, line 7."
< "" last
< {"type":"end","handoffData":"{\"reason\":\"a \\\"bill\\\"\",\"line\":\"7\"}"}
> close 1000
< close 1000



=== TEST 4: a location that fails: no action is performed
--- call
local call = dial("/ws")
call:setup()
call:prompt('!transfer {"reason":"nobody"}')
call:answer()
call:hangup()
--- response_body
> setup
> prompt "!transfer {\"reason\":\"nobody\"}"
< "{\"ok\":false,\"status\":404,\"error\":\"NOT done: not found: {\\\"to-whom\\\":\\\"nobody\\\"}\"}"
> close 1000
< close 1000
--- error_log
tool "transfer" failed, status: 404



=== TEST 5: what a vendor adds to a call goes back with it, unread
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local body = llm.body()
        if body:find('"role":"tool"', 1, true) then
            llm.note(body:match('"extra_content":%b{}'))
            return llm.say("Done.")
        end
        llm.stream()
        ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                  '{"id":"a","type":"function","function":{"name":"transfer",',
                  '"arguments":"{\\"reason\\":\\"nobody\\"}"},"extra_content":',
                  '{"google": {"thought_signature":"QkF\\u003d"}}}]},',
                  '"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("Hi")
call:answer()
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
"extra_content":{"google": {"thought_signature":"QkF\u003d"}}
--- error_log
tool "transfer" failed, status: 404
