# An LLM that is slow, dead or dribbles: only what can be heard counts.

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
});

run_tests();

__DATA__

=== TEST 1: a header is not a word
--- limits: convrelay_first_token_timeout 100ms;
--- llm: fault=stall_after at_token=0 first=0
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM sent no word within "convrelay_first_token_timeout", limit is 100 ms
LLM failed: upstream: 127.0.0.1:
status: 200, sent no word in time



=== TEST 2: comments that keep the connection alive are none either
--- limits: convrelay_first_token_timeout 100ms;
--- llm: fault=keepalive at_token=0 first=0
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM sent no word within "convrelay_first_token_timeout", limit is 100 ms



=== TEST 3: nor is reasoning
--- limits: convrelay_first_token_timeout 100ms;
--- llm: fault=reasoning at_token=0 first=0
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM sent no word within "convrelay_first_token_timeout", limit is 100 ms



=== TEST 4: an answer that stalls: its sentence is ended, and the phrase follows
--- limits: convrelay_token_timeout 100ms;
--- llm: answer=count tokens=9 fault=keepalive at_token=2 first=0 interval=0
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:tokens()
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1"
< " 2"
< ". "
< "Sorry."
< "" last
> close 1000
< close 1000
--- error_log
LLM fell silent for longer than "convrelay_token_timeout", limit is 100 ms
status: 200, fell silent in mid-answer



=== TEST 5: or the actions of llm_failed
--- limits
convrelay_token_timeout      100ms;
convrelay_on llm_failed      say "One moment." say "Goodbye." end;
--- llm: answer=count tokens=9 fault=reasoning at_token=2 first=0 interval=0
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(5)
call:drop()
--- response_body
> setup
> prompt "Count"
< " 1"
< " 2"
< "" last
< "One moment." last
< "Goodbye." last
> drop
--- error_log
fell silent in mid-answer



=== TEST 6: a slow answer is not a silent one
--- limits
convrelay_first_token_timeout  10s;
convrelay_token_timeout        200ms;
--- llm: answer=count tokens=6 first=0 interval=60ms
--- call
local call = dial("/ws")
call:setup()
call:ask("Count")
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1 2 3 4 5 6"
> close 1000
< close 1000



=== TEST 7: the first word may take longer than the others
--- limits
convrelay_first_token_timeout  10s;
convrelay_token_timeout        100ms;
--- llm: answer=count tokens=2 first=250ms interval=0
--- call
local call = dial("/ws")
call:setup()
call:ask("Count")
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1 2"
> close 1000
< close 1000



=== TEST 8: without limits nothing is waited for
--- limits
convrelay_first_token_timeout  0;
convrelay_token_timeout        0;
--- llm: answer=count tokens=2 fault=keepalive at_token=1 first=150ms
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read()
ngx.say("quiet: ", call:quiet(250))
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1"
quiet: true
> close 1000
< close 1000



=== TEST 9: it is counted over all servers that are tried
--- http_config
upstream both {
    server  127.0.0.1:$TEST_NGINX_PORT_2 max_fails=0;
    server  127.0.0.1:$TEST_NGINX_PORT_3 max_fails=0;
}
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;
    listen  127.0.0.1:$TEST_NGINX_PORT_3;
    location / { convrelay_mock_llm fault=stall_before; }
}
--- config
location = /two {
    convrelay;
    convrelay_error_message        "Sorry.";
    convrelay_first_token_timeout  180ms;
    proxy_read_timeout             100ms;
    proxy_next_upstream            timeout non_idempotent;
    proxy_pass                     http://both/v1/chat/completions;
}
--- call
local call = dial("/two")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM sent no word within "convrelay_first_token_timeout", limit is 180 ms



=== TEST 10: a long call of a tool is work
--- limits
convrelay_first_token_timeout  10s;
convrelay_token_timeout        200ms;
convrelay_tool book '{"parameters":{"type":"object","properties":{"day":{"type":"string"}}}}';
convrelay_on tool book         say "It is booked." skip;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"

        local function part(json)
            ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                      json, ']},"finish_reason":null}]}\n\n')
            ngx.flush(true)
            ngx.sleep(0.06)
        end

        llm.stream()
        part('{"index":0,"id":"c1","type":"function","function":'
             .. '{"name":"book","arguments":"{\\"day\\":\\""}}')

        for i = 1, 6 do
            part('{"index":0,"function":{"arguments":"Mon"}}')
        end

        part('{"index":0,"function":{"arguments":"\\"}"}}')
        ngx.print('data: {"choices":[{"index":0,"delta":{},"finish_reason":',
                  '"tool_calls"}]}\n\ndata: [DONE]\n\n')
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Book")
call:hangup()
--- response_body
> setup
> prompt "Book"
< "It is booked."
> close 1000
< close 1000
