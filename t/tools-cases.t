# Tools: what servers, callers and models do to them, each as a phone call.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', <<_EOC_) if !defined $block->config;
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           look '{}' uri=/tools/look;
    convrelay_tool           book '{}' uri=/tools/book;
    @{[$block->ws // '']}
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/look {
    internal;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local body = llm.body()
        llm.note("asked " .. (#body > 100 and #body or body))
        if body:find("slow") then
            repeat ngx.sleep(0.005) until llm.go
        end
        ngx.print("found")
    }
}
location = /tools/book {
    internal;
    content_by_lua_block {
        ngx.status = 500
        ngx.print("secret")
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a call that a token limit cuts is not run
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        llm.token("One moment.")
        ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                  '{"index":0,"id":"a","type":"function","function":',
                  '{"name":"look","arguments":"{}"}}]},',
                  '"finish_reason":null}]}\n\n',
                  'data: {"choices":[{"index":0,"delta":{},',
                  '"finish_reason":"length"}]}\n\ndata: [DONE]\n\n')
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:quiet(300)
call:hangup()
ngx.print(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "One moment."
> close 1000
< close 1000
--- error_log
LLM's answer was cut by its token limit with a tool call in it, which is not run



=== TEST 2: one of two calls fails: the model is given both results, in order
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local messages = require "cjson".decode(llm.body()).messages
        if messages[#messages].role ~= "tool" then
            return llm.calls{ { "book", "{}", "b" }, { "look", "{}", "l" } }
        end
        local out = {}
        for i, m in ipairs(messages) do
            out[i] = m.role .. " " .. (m.tool_call_id or "")
                     .. " " .. (type(m.content) == "string" and m.content
                                or #m.tool_calls)
        end
        llm.say(table.concat(out, "|"))
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("Hi")
ngx.say((call:answer():gsub("|", "\n")))
call:hangup()
--- response_body
user  Hi
assistant  2
tool b {"ok":false,"status":500,"error":"NOT done: the service failed"}
tool l found
--- error_log
tool "book" failed, status: 500
--- no_error_log
secret



=== TEST 3: four requests a turn, where nothing is configured
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local choice = llm.body():match('"tool_choice":"([^"]*)"') or "auto"
        llm.note(choice)
        if choice == "none" then
            return llm.say("Enough.")
        end
        llm.calls{ { "look" } }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "Enough."
> close 1000
< close 1000
auto
asked {}
auto
asked {}
auto
asked {}
none



=== TEST 4: long arguments arrive whole; longer ones are refused
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local messages = require "cjson".decode(llm.body()).messages
        local last = messages[#messages]
        if last.role == "tool" then
            return llm.say(last.content)
        end
        local args = '{\\"x\\":\\"' .. ("y"):rep(last.content) .. '\\"}'
        local entry = '"id":"a","type":"function","function":'
                      .. '{"name":"look","arguments":""}'
        llm.stream()
        repeat
            ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                      '{"index":0,', entry, '}]},"finish_reason":null}]}\n\n')
            entry = '"function":{"arguments":"' .. args:sub(1, 4010) .. '"}'
            args = args:sub(4011)
        until entry:find('":""', 1, true)
        ngx.print('data: {"choices":[{"index":0,"delta":{},"finish_reason":',
                  '"tool_calls"}]}\n\ndata: [DONE]\n\n')
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, n in ipairs{ 1000, 65000, 66000 } do
    call:prompt(tostring(n))
    ngx.say((call:answer()))
    ngx.say("(", require "convrelay_llm".notes(), ")")
end
call:hangup()
--- response_body
found
(asked 1008)
found
(asked 65008)
I ran into a temporary issue while generating a response.
()
--- error_log
has tool calls that are too long



=== TEST 5: a NUL and percent signs in an argument change no request
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           get '{}' uri=/tools/get method=GET;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/get {
    internal;
    include           $TEST_NGINX_ROOT/conf-examples/convrelay_tool.conf;
    proxy_set_header  X-Day "$convrelay_value_day";
    proxy_pass        http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm/$convrelay_arg_day/slots?d=$convrelay_arg_day;
}
location /crm/ {
    content_by_lua_block {
        ngx.print(ngx.var.request_uri, " ", ngx.var.http_x_day or "-", " ",
                  ngx.var.http_x_evil or "-")
    }
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent(setmetatable({}, { __index =
            function(_, text)
                if text:sub(1, 1) == "!" then
                    return { { "get", '{"day":"' .. text:sub(2) .. '"}' } }
                end
            end }))
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, day in ipairs{ "a\\u0000b", "%0d%0aX-Evil: 1", "?x=1", "#x",
                      "\\u000d\\u000aX-Evil: 1" } do
    call:prompt("!" .. day)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
/crm/ab/slots?d=ab ab -
/crm/%250d%250aX-Evil%3A%201/slots?d=%250d%250aX-Evil%3A%201 %0d%0aX-Evil: 1 -
/crm/%3Fx%3D1/slots?d=%3Fx%3D1 ?x=1 -
/crm/%23x/slots?d=%23x #x -
/crm/%0D%0AX-Evil%3A%201/slots?d=%0D%0AX-Evil%3A%201 X-Evil: 1 -



=== TEST 6: a barge-in before the call is complete: it is not run
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if llm.body():find("Stop", 1, true) then
            return llm.say("Yes?")
        end
        llm.stream()
        llm.token("One moment, please.")
        ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                  '{"index":0,"id":"a","type":"function","function":',
                  '{"name":"look","arguments":"{}"}}]},',
                  '"finish_reason":null}]}\n\n')
        ngx.flush(true)
        ngx.sleep(2)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(1)
call:interrupt("One")
call:read(1)
call:ask("Stop")
call:hangup()
ngx.print(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "One moment, please."
> interrupt "One"
< "" last
> prompt "Stop"
< "Yes?"
> close 1000
< close 1000



=== TEST 7: a barge-in into the answer after a tool keeps the call and its result
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local messages = require "cjson".decode(llm.body()).messages
        local last = messages[#messages]
        if last.content == "Hi" then
            return llm.calls{ { "look" } }
        end
        if last.role == "tool" then
            llm.stream()
            llm.token("It is found.")
            ngx.flush(true)
            ngx.sleep(2)
            return
        end
        local out = {}
        for i, m in ipairs(messages) do
            out[i] = m.role .. ":" .. (type(m.content) == "string" and m.content
                                       or #m.tool_calls)
        end
        llm.say(table.concat(out, " "))
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(1)
call:interrupt("It is")
call:read(1)
call:quiet(200)
call:ask("And now?")
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "It is found."
> interrupt "It is"
< "" last
> prompt "And now?"
< "user:Hi assistant:1 tool:found assistant:It is user:And now?"
> close 1000
< close 1000
asked {}



=== TEST 8: the caller's silence is not counted while a tool works
--- ws
convrelay_silence     250ms;
convrelay_on silence  1 say "Are you there?";
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{ Hi = { { "look", '{"slow":1}' } } }
    }
}
--- call
local llm = require "convrelay_llm"
llm.go = false
local call = dial("/ws")
call:setup()
call:prompt("Hi")
llm.notes(2)
call:quiet(700)
llm.go = true
call:answer()
call:read(1)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "found"
< "Are you there?" last
> close 1000
< close 1000



=== TEST 9: what looks like a call in the text of an answer is not spoken
--- ws
convrelay_tool  keyed '{"parameters":{"properties":{"a":{}}}}' uri=/tools/look;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local messages = require "cjson".decode(llm.body()).messages
        llm.stream()
        for c in messages[#messages].content:gmatch(".") do
            llm.token(c)
        end
        llm.done()
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, text in ipairs{ 'Well. {"a":1}', 'Well. book({"day":1})',
                       'Well. book a table' } do
    call:prompt(text)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
Well. 
Well. 
Well. book a table
--- error_log
LLM wrote a tool call into its text, which is not spoken



=== TEST 10: an error line about a tool has none of its arguments in the URI
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           look '{}' uri=/tools/look;
    convrelay_tool           book '{}' uri=/tools/book;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/look {
    internal;
    rewrite     ^ /users/$convrelay_arg_tel/$convrelay_arg_name? break;
    proxy_pass  http://127.0.0.1:1;
}
location /tools/ {
    internal;
    error_page  502 = @other;
    proxy_pass  http://127.0.0.1:1/users/$convrelay_arg_tel;
}
location @other {
    rewrite     ^ /others/$convrelay_arg_name? break;
    proxy_pass  http://127.0.0.1:1;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local messages = require "cjson".decode(llm.body()).messages
        local args = '{"tel":"+15157654321","name":"Ann Somebody"}'
        if messages[#messages].role ~= "tool" then
            return llm.calls{ { "book", args, "b" }, { "look", args, "l" } }
        end
        llm.say("Done")
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("Hi")
ngx.say((call:answer()))
call:hangup()
--- response_body
Done
--- error_log eval
my $connect = 'connect\(\) failed .* subrequest:';
(qr{$connect "/tools/look", upstream: "http://127\.0\.0\.1:1"$},
 qr{$connect "/tools/book", upstream: "http://127\.0\.0\.1:1"$})
--- no_error_log eval
map { qr/\[error\].*$_/ } "57654321", "Somebody"
