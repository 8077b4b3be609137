# What an LLM wants back with its answer, unread, such as a signature of its
# thoughts: "extra_content".

use lib 't/lib';
use Test::Nginx::ConvRelay;

# answers a prompt with its name, and with what stands after it as the extra;
# notes the messages that it was sent

our $llm = <<'_EOC_';
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local body = llm.body()
        local messages = body:match('"messages":(.*)}$')
        local prompt = body:match('.*"content":"([^"]*)"}%]}$') or "?"
        local extra = prompt:match("with (%w+)")

        llm.note(ngx.var.uri .. " " .. messages)

        if prompt:find("Fail") and ngx.var.uri == "/first" then
            return ngx.exit(500)
        end

        llm.stream()
        llm.token("Answer to ")
        llm.token(prompt:match("%w+") .. ".")

        if extra then
            ngx.print('data: {"choices":[{"index":0,"delta":{"content":"",',
                      '"extra_content":{"google": {"thought_signature":"',
                      extra, '\\u003d"}}}}]}\n\n')
        end

        llm.done()
    }
}
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('llm', $::llm) if !defined $block->llm;
});

run_tests();

__DATA__

=== TEST 1: it goes back with its answer, as it was, in each request
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/first;
}
--- call
local call = dial("/ws")
call:setup()
call:ask("One with QkF")
call:ask("Two")
call:ask("Three")
call:hangup()
ngx.say(require "convrelay_llm".notes(3))
--- response_body
> setup
> prompt "One with QkF"
< "Answer to One."
> prompt "Two"
< "Answer to Two."
> prompt "Three"
< "Answer to Three."
> close 1000
< close 1000
/first [{"role":"user","content":"One with QkF"}]
/first [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One.","extra_content":{"google": {"thought_signature":"QkF\u003d"}}},{"role":"user","content":"Two"}]
/first [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One.","extra_content":{"google": {"thought_signature":"QkF\u003d"}}},{"role":"user","content":"Two"},{"role":"assistant","content":"Answer to Two."},{"role":"user","content":"Three"}]



=== TEST 2: not with an answer of which the caller heard only a part
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/first;
}
--- call
local call = dial("/ws")
call:setup()
call:ask("One with QkF")
call:send{ type = "info", name = "tokensPlayed", value = "Answer to One." }
call:ask("Two with QkG")
call:send{ type = "info", name = "tokensPlayed", value = "Answer to" }
call:interrupt("Answer to", 500)
call:ask("Three")
call:hangup()
ngx.say(require "convrelay_llm".notes(3):match(".*\n(.*)$"))
--- response_body
> setup
> prompt "One with QkF"
< "Answer to One."
> prompt "Two with QkG"
< "Answer to Two."
> interrupt "Answer to"
> prompt "Three"
< "Answer to Three."
> close 1000
< close 1000
/first [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One.","extra_content":{"google": {"thought_signature":"QkF\u003d"}}},{"role":"user","content":"Two with QkG"},{"role":"assistant","content":"Answer to"},{"role":"user","content":"Three"}]



=== TEST 3: an LLM gets its own back, never that of another one
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_fallback       /backup cooldown=0;
    proxy_pass               http://llm/first;
}
location = /backup {
    internal;
    proxy_pass  http://llm/second;
}
--- call
local call = dial("/ws")
call:setup()
call:ask("One with QkF")
call:ask("Fail with QkG")
call:ask("Three")
call:hangup()
ngx.say(require "convrelay_llm".notes(4))
--- response_body
> setup
> prompt "One with QkF"
< "Answer to One."
> prompt "Fail with QkG"
< "Answer to Fail."
> prompt "Three"
< "Answer to Three."
> close 1000
< close 1000
/first [{"role":"user","content":"One with QkF"}]
/first [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One.","extra_content":{"google": {"thought_signature":"QkF\u003d"}}},{"role":"user","content":"Fail with QkG"}]
/second [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One."},{"role":"user","content":"Fail with QkG"}]
/first [{"role":"user","content":"One with QkF"},{"role":"assistant","content":"Answer to One.","extra_content":{"google": {"thought_signature":"QkF\u003d"}}},{"role":"user","content":"Fail with QkG"},{"role":"assistant","content":"Answer to Fail."},{"role":"user","content":"Three"}]
--- no_error_log
[alert]
--- error_log
LLM failed: upstream: 



=== TEST 4: with a tool, it belongs to the call
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           hours '{}' uri=/hours;
    convrelay_fallback       /backup cooldown=0;
    proxy_pass               http://llm/first;
}
location = /hours {
    internal;
    return  200 "9 to 5";
}
location = /backup {
    internal;
    proxy_pass  http://llm/second;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local body = llm.body()

        llm.note(ngx.var.uri .. " " .. body:match('"messages":(.*)}$'))
        llm.stream()

        if body:find('"Two"', 1, true) and ngx.var.uri == "/first" then
            ngx.print('data: {"error":{"message":"no"}}\n\n')

        elseif body:find('"role":"tool"', 1, true) then
            llm.token("Yes.")
            llm.done()

        else
            ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                      '{"id":"c1","type":"function","function":{"name":',
                      '"hours","arguments":"{}"},"extra_content":{"google":',
                      '{"thought_signature":"QkF"}}}],"extra_content":',
                      '{"a":1}},"finish_reason":"stop"}]}\n\n')
            llm.done()
        end
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("One")
call:ask("Two")
call:hangup()
ngx.say(require "convrelay_llm".notes(4))
--- response_body
> setup
> prompt "One"
< "Yes."
> prompt "Two"
< "Yes."
> close 1000
< close 1000
/first [{"role":"user","content":"One"}]
/first [{"role":"user","content":"One"},{"role":"assistant","content":null,"extra_content":{"a":1},"tool_calls":[{"id":"c1","type":"function","function":{"name":"hours","arguments":"{}"},"extra_content":{"google":{"thought_signature":"QkF"}}}]},{"role":"tool","tool_call_id":"c1","content":"9 to 5"}]
/first [{"role":"user","content":"One"},{"role":"assistant","content":null,"extra_content":{"a":1},"tool_calls":[{"id":"c1","type":"function","function":{"name":"hours","arguments":"{}"},"extra_content":{"google":{"thought_signature":"QkF"}}}]},{"role":"tool","tool_call_id":"c1","content":"9 to 5"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Two"}]
/second [{"role":"user","content":"One"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"hours","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"9 to 5"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Two"}]
--- no_error_log
[alert]
--- error_log
LLM failed: upstream: 
