# Tools and interruptions: nothing is lost, nothing is done twice.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', <<'_EOC_') if !defined $block->config;
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           book '{}' uri=/tools/book;
    convrelay_tool           look '{}' uri=/tools/look on_interrupt=cancel;
    convrelay_tool           bye  '{}';
    convrelay_tool           over '{}';
    convrelay_on tool bye    end;
    convrelay_on tool over   end '{"to":"$convrelay_value_to"}';
    convrelay_tool_wait      300ms;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/book {
    internal;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.body()
        ngx.sleep(tonumber(ngx.var.convrelay_value_time))
        llm.note("booked " .. ngx.var.convrelay_call_sid)
        ngx.print("booked")
    }
}
location = /tools/look {
    internal;
    content_by_lua_block {
        ngx.sleep(1)
        require "convrelay_llm".note("looked")
        ngx.print("looked")
    }
}
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local cjson = require "cjson"
        local out = {}

        for i, m in ipairs(cjson.decode(llm.body()).messages) do
            out[i] = m.role:sub(1, 1)
                     .. (m.content ~= cjson.null and ":" .. m.content or "")
                     .. (m.tool_calls and ":" .. #m.tool_calls or "")
        end

        llm.note(table.concat(out, " "))
        llm.agent{
            ["Book"] = { { "book", '{"time":0.6}' }, text = "Moment please." },
            ["Quick"] = { { "book", '{"time":0.1}' }, text = "Moment please." },
            ["Look"] = { { "look" }, text = "Moment please." },
            ["Bye"] = { { "bye" }, text = "Goodbye and thanks." },
            ["Person"] = { { "over", '{"to":"a \\"b\\""}' } },
            booked = "It is booked.", More = "Yes?", Hello = "Still at it.",
            looked = "Found."
        }
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a barge-in while a tool runs; the prompt gets its result
--- call
local call = dial("/ws")
call:setup()
call:prompt("Quick")
call:read(1)
call:interrupt("Moment")
call:prompt("More")
call:read(2)
call:hangup()
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    ngx.say((line:gsub("^{.*", "-")))
end
--- response_body
> setup
> prompt "Quick"
< "Moment please."
> interrupt "Moment"
> prompt "More"
< "" last
< "Yes?"
> close 1000
< "" last
< close 1000
u:Quick
-
booked CA00000000000000000000000000000001
u:Quick a:Moment:1 t:booked u:More
-



=== TEST 2: nothing follows the barge-in: the turn goes on
--- call
local call = dial("/ws")
call:setup()
call:prompt("Quick")
call:read(1)
call:interrupt("Moment")
call:read(1)
call:tokens(4000)
call:hangup()
--- response_body
> setup
> prompt "Quick"
< "Moment please."
> interrupt "Moment"
< "" last
< "It is booked."
< "" last
> close 1000
< close 1000



=== TEST 3: a prompt waits, then it is answered; the result comes later
--- call
local call = dial("/ws")
call:setup()
call:prompt("Book")
call:read(1)
call:prompt("Hello")
call:read(1)
call:tokens()
ngx.sleep(0.6 * slow)
call:ask("More")
call:hangup()
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    ngx.say((line:gsub("^{.*", "-"):gsub("{.-}", "{}")))
end
--- response_body
> setup
> prompt "Book"
< "Moment please."
> prompt "Hello"
< "" last
< "Still at it."
< "" last
> prompt "More"
< "Yes?"
> close 1000
< close 1000
u:Book
-
u:Book a:Moment please.:1 t:{} u:Hello
-
booked CA00000000000000000000000000000001
u:Book a:Moment please.:1 t:{} u:Hello a:Still at it.:1 t:booked u:More
-



=== TEST 4: a look-up is closed by an interruption
--- call
local call = dial("/ws")
call:setup()
call:prompt("Look")
call:read(1)
call:interrupt("Moment")
call:prompt("More")
call:read(1)
call:tokens()
ngx.sleep(1.1)
call:hangup()
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    ngx.say((line:gsub("^{.*", "-")))
end
--- response_body
> setup
> prompt "Look"
< "Moment please."
> interrupt "Moment"
> prompt "More"
< "" last
< "Yes?"
< "" last
> close 1000
< close 1000
u:Look
-
u:Look a:Moment:1 t:{"ok":false,"error":"NOT done: cancelled by the caller before it finished"} u:More
-



=== TEST 5: the caller hangs up: the booking is done, once
--- call
local call = dial("/ws")
call:setup()
call:prompt("Book")
call:read(1)
call:hangup()
ngx.sleep(0.8 * slow)
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    ngx.say((line:gsub("^{.*", "-")))
end
--- response_body
> setup
> prompt "Book"
< "Moment please."
> close 1000
< close 1000
u:Book
-
booked CA00000000000000000000000000000001



=== TEST 6: the socket is lost: the same
--- call
local call = dial("/ws")
call:setup()
call:prompt("Book")
call:read(1)
call:drop()
ngx.sleep(0.8 * slow)
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    ngx.say((line:gsub("^{.*", "-")))
end
--- response_body
> setup
> prompt "Book"
< "Moment please."
> drop
u:Book
-
booked CA00000000000000000000000000000001



=== TEST 7: a goodbye is taken back by words
--- call
local call = dial("/ws")
call:setup()
call:prompt("Bye")
call:read(2)
call:interrupt("Goodbye")
call:ask("More")
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Goodbye and thanks."
< "" last
> interrupt "Goodbye"
> prompt "More"
< "Yes?"
> close 1000
< close 1000



=== TEST 8: a transfer has its hand-off data, escaped
--- call
local call = dial("/ws")
call:setup()
call:prompt("Person")
call:read(1)
call:hangup()
--- response_body
> setup
> prompt "Person"
< {"type":"end","handoffData":"{\"to\":\"a \\\"b\\\"\"}"}
> close 1000
< close 1000



=== TEST 9: however often the caller asks, at most 16 locations work for a call
--- config
location = /ws {
    convrelay;
    convrelay_tool       book '{}' uri=/tools/book;
    convrelay_tool_wait  0;
    proxy_pass           http://llm/v1/chat/completions;
}
location = /tools/book {
    internal;
    content_by_lua_block {
        require "convrelay_llm".note("asked")
        ngx.sleep(1)
        ngx.print("booked ", ngx.var.convrelay_value_n)
    }
}
--- llm
location / {
    content_by_lua_block {
        local list = {}
        local llm = require "convrelay_llm"
        llm.agent(setmetatable({}, { __index = function(_, text)
            if #text > 1 then
                return
            end
            for i = 1, 9 do
                list[i] = { "book", '{"n":"' .. text .. i .. '"}' }
            end
            return list
        end }))
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
local llm = require "convrelay_llm"
local function asked(n)
    local all = llm.notes(n)
    ngx.say(select(2, all:gsub("asked\n?", "")), " asked, ",
            select(2, all:gsub("too many tools are running", "")), " refused")
end
call:prompt("a")
asked(1 + 9)
call:prompt("b")
asked(1 + 7)
call:answer()
asked(1)
call:prompt("c")
call:answer()
asked(1 + 9)
call:hangup()
--- response_body
9 asked, 0 refused
7 asked, 0 refused
0 asked, 2 refused
9 asked, 4 refused



=== TEST 10: what a variable of the call was stays, for a tool that outlives it
--- http_config
map  ""  $said { default "$convrelay_lang, $convrelay_turns, $convrelay_tokens"; }
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           book '{}' uri=/tools/book;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/book {
    internal;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.body()
        ngx.sleep(0.3)
        llm.note("said: " .. ngx.var.said)
        ngx.print("booked")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Book")
call:read(1)
call:hangup()
ngx.sleep(0.5 * slow)
ngx.say((require "convrelay_llm".notes():match("said: [^\n]*")))
--- response_body
said: en-US, 1, 1
