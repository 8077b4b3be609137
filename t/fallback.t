# The LLM fails, and others are asked in its place: convrelay_fallback.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# the LLM has the fault of the call's parameter; the one of "/backup" repeats
# what it was asked

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->config;

    $block->set_value('http_config', <<'_EOC_' . ($block->http_config // ''));
    server {
        listen  127.0.0.1:$TEST_NGINX_PORT_3;
        location / {
            content_by_lua_block {
                local llm = require "convrelay_llm"
                local request = require "cjson".decode(llm.body())
                llm.say(request.model, " ", tostring(request.temperature),
                        " ", ngx.var.uri, "\n", llm.messages())
            }
        }
    }
_EOC_

    $block->set_value('config', sprintf <<'_EOC_', $block->on // 'convrelay_fallback /backup;', $block->read_timeout // '100ms', $block->locations // '');
    location = /ws {
        convrelay;
        convrelay_system_prompt  "Be kind.";
        convrelay_error_message  "Sorry.";
        convrelay_model          first;
        %s
        proxy_pass               http://127.0.0.1:$convrelay_parameter_port/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_read_timeout       %s;
        proxy_set_header         Connection "";
        proxy_set_header         X-Fault $convrelay_parameter_fault;
        proxy_set_header         X-Status $convrelay_parameter_status;
        proxy_set_header         X-Finish $convrelay_parameter_finish;
    }
    location = /backup {
        internal;
        convrelay_model          second;
        convrelay_request_field  temperature 0.5;
        proxy_pass               http://127.0.0.1:$TEST_NGINX_PORT_3/v1/other;
        proxy_set_header         Connection "";
    }
    %s
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
    location / {
        convrelay_mock_llm  answer=count tokens=5 fault=$http_x_fault
                            status=$http_x_status finish=$http_x_finish
                            first=0 interval=2ms at_token=0;
    }
_EOC_

    $block->set_value('call', <<'_EOC_' . $block->call) if defined $block->call;
    local function try(fault, params)
        local call = dial("/ws", { mute = true })

        params = params or {}
        params.fault = fault
        params.port = params.port or "$TEST_NGINX_LLM_PORT"

        call:setup{ customParameters = params }
        call:prompt("Hi")

        ngx.say(fault, " ", params.status or "", ": ", (call:answer()))

        call:hangup()
    end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: another LLM, with its own model and fields, and the call's prompt and history
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_2" } }
call:ask("Hi")
call:ask("Well?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi"
> prompt "Well?"
< "second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi\nassistant: second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi\nuser: Well?"
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 2: it is asked whatever has failed
--- on
convrelay_fallback             /backup cooldown=0;
convrelay_first_token_timeout  100ms;
--- call
for _, status in ipairs{ 400, 401, 404, 429, 500, 503 } do
    try("none", { status = status })
end

for _, fault in ipairs{ "stall_before", "stall_after", "keepalive",
                        "reasoning", "cut_before", "cut", "eof", "empty",
                        "html", "done_only", "error_in_stream", "garbage" }
do
    try(fault)
end

try("none", { port = "$TEST_NGINX_PORT_2" })
--- response_body eval
my $all = "second 0.5 /v1/other\nsystem: Be kind.\nuser: Hi\n";

CORE::join '', (map { "none $_: $all" } 400, 401, 404, 429, 500, 503),
         (map { "$_ : $all" } qw( stall_before stall_after keepalive reasoning
                                  cut_before cut eof empty html done_only
                                  error_in_stream garbage )),
         "none : $all"
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 3: not after a word
--- llm: answer=count tokens=5 fault=cut at_token=2 first=0 interval=0
--- call
try("")
--- response_body
 :  1 2. Sorry.
--- error_log
broke off in mid-answer



=== TEST 4: nor without the directive
--- on
--- call
try("none", { status = 500 })
--- response_body
none 500: Sorry.
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 5: in their order, up to one that answers; a named location, and a handler of nginx itself
--- on
convrelay_fallback  @dead cooldown=0;
convrelay_fallback  /silent cooldown=0;
convrelay_fallback  @mock;
convrelay_fallback  /backup;
--- locations
location @dead {
    convrelay_first_token_timeout  100ms;
    proxy_pass  http://127.0.0.1:$TEST_NGINX_PORT_2;
}
location /silent {
    internal;
    convrelay_first_token_timeout  100ms;
    convrelay_mock_llm  fault=keepalive at_token=0;
}
location @mock {
    convrelay_mock_llm  answer=history first=0 interval=0;
}
--- call
try("none", { status = 500 })
--- response_body
none 500: [{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}]
--- error_log eval
[qr/LLM failed: upstream: 127.0.0.1:\d+, status: 500/,
 qr/LLM sent no word within "convrelay_first_token_timeout", limit is 100 ms/]



=== TEST 6: all of them fail: one phrase, and the next turn begins again
--- on
convrelay_fallback  @dead;
--- locations
location @dead {
    proxy_pass  http://127.0.0.1:$TEST_NGINX_PORT_2;
}
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_4" } }
call:ask("Hi")
call:ask("Well?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> prompt "Well?"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 7: or the actions of llm_failed, once
--- on
convrelay_fallback  @dead;
convrelay_on llm_failed  say "One moment." end;
--- locations
location @dead {
    proxy_pass  http://127.0.0.1:$TEST_NGINX_PORT_2;
}
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_4" } }
call:prompt("Hi")
call:read()
call:interrupt("One")
call:read()
call:drop()
--- response_body
> setup
> prompt "Hi"
< "One moment." last
> interrupt "One"
< {"type":"end"}
> drop
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 8: after two failures an LLM is left alone for its cooldown
--- on
convrelay_fallback  /backup;
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".note("asked")
        ngx.exit(500)
    }
}
--- call
for i = 1, 4 do
    try("none")
end

ngx.say(require "convrelay_llm".notes())
--- response_body eval
"none : second 0.5 /v1/other\nsystem: Be kind.\nuser: Hi\n" x 4
. "asked\nasked\n"
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 9: and asked again after it
--- on
convrelay_fallback  /backup cooldown=100ms;
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".note("asked")
        ngx.exit(500)
    }
}
--- call
for i = 1, 3 do
    try("none")
end

ngx.sleep(0.15)
try("none")
ngx.say(require "convrelay_llm".notes())
--- response_body eval
"none : second 0.5 /v1/other\nsystem: Be kind.\nuser: Hi\n" x 4
. "asked\nasked\nasked\n"
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 10: workers count together, in shared memory
--- http_config
convrelay_zone  calls 64k;
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".note("asked")
        ngx.exit(500)
    }
}
--- call
for i = 1, 4 do
    try("none")
end

ngx.say(require "convrelay_llm".notes())
--- response_body eval
"none : second 0.5 /v1/other\nsystem: Be kind.\nuser: Hi\n" x 4
. "asked\nasked\n"
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 11: tools are the call's, whoever answers
--- on
convrelay_fallback  /agent;
convrelay_tool      hours '{}' uri=/hours;
--- locations
location = /hours { internal; content_by_lua_block { ngx.print("9 to 5") } }
location = /agent {
    internal;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_PORT_4/v1/chat/completions;
    proxy_set_header    Connection "";
}
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_4;
    location / {
        content_by_lua_block {
            require "convrelay_llm".agent{ Hi = { { "hours" } } }
        }
    }
}
--- call
try("none", { status = 500 })
--- response_body
none 500: 9 to 5
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 12: an interruption while a fallback is asked
--- on
convrelay_fallback  @slow;
--- locations
location @slow {
    convrelay_mock_llm  fault=stall_before;
}
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_2" } }
call:prompt("Hi")
ngx.sleep(0.05)
call:interrupt("")
ngx.say("quiet: ", call:quiet(50))
call:hangup()
--- response_body
> setup
> prompt "Hi"
> interrupt ""
quiet: true
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 13: "off" below a server that has one
--- config
convrelay_fallback /backup;
location = /ws {
    convrelay;
    convrelay_fallback       off;
    convrelay_error_message  "Sorry.";
    proxy_pass               http://llm/v1/chat/completions;
    if ($arg_with) {
        convrelay_model  other;
    }
}
location = /with {
    convrelay;
    convrelay_error_message  "Sorry.";
    proxy_pass               http://llm/v1/chat/completions;
    if ($arg_if) {
        convrelay_model  other;
    }
}
location = /backup {
    internal;
    convrelay_mock_llm  answer=say:Yes. first=0;
}
--- llm: status=500
--- call
for _, uri in ipairs{ "/ws", "/with", "/with?if=1" } do
    local call = dial(uri, { mute = true })
    call:setup()
    call:prompt("Hi")
    ngx.say((call:answer()))
    call:hangup()
end
--- response_body
Sorry.
Yes.
Yes.
--- error_log
LLM failed: upstream: 127.0.0.1:



=== TEST 14: what a caller can talk an LLM into does not take it from others
--- on
convrelay_fallback           /backup;
convrelay_tool               run '{}' uri=/run;
convrelay_max_response_size  100k;
--- locations
location = /run { internal; return 200 ok; }
--- llm
location / {
    content_by_lua_block {
        local calls = {}
        local llm = require "convrelay_llm"
        local said = llm.messages():match("user: (%a+)[^:]*$")
        llm.note("asked")

        if said == "calls" then
            for i = 1, 17 do
                calls[i] = { "run", '{"n":' .. i .. '}' }
            end
            llm.calls(calls)

        elseif said == "argument" then
            llm.calls{ { "run", '{"x":"' .. ("x"):rep(70000) .. '"}' } }

        elseif said == "filter" then
            ngx.print('data: {"choices":[{"index":0,"delta":{},',
                      '"finish_reason":"content_filter"}]}\n\n')

        elseif said == "thought" then
            ngx.print((": thinking\n"):rep(20000))
            llm.say("well")

        else
            llm.say("fine")
        end
    }
}
--- call
for _, what in ipairs{ "calls", "argument", "filter", "thought" } do
    for i = 1, 2 do
        local call = dial("/ws", { mute = true })
        call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
        call:prompt(what)
        call:answer()
        call:hangup()
    end

    local call = dial("/ws", { mute = true })
    call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
    call:prompt("hello")
    ngx.say(what, ": ", (call:answer()))
    call:hangup()
end
--- response_body
calls: fine
argument: fine
filter: fine
thought: fine
--- error_log
too many tool calls



=== TEST 15: nor does an answer that takes too long, once it has begun
--- config
location = /ws {
    convrelay;
    convrelay_error_message    "Sorry.";
    convrelay_fallback         /backup;
    convrelay_max_answer_time  150ms;
    proxy_pass                 http://llm/v1/chat/completions;
}
location = /backup {
    internal;
    proxy_pass                 http://llm/backup;
}
--- llm
location = /backup {
    content_by_lua_block { require "convrelay_llm".say("backup") }
}
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if llm.messages():find("long") then
            llm.token("word")
            ngx.sleep(2)
        else
            llm.say("first")
        end
    }
}
--- call
for i = 1, 3 do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:prompt(i < 3 and "long" or "hello")
    ngx.say((call:answer()))
    call:hangup()
end
--- response_body
word. Sorry.
word. Sorry.
first
--- error_log
answer exceeded



=== TEST 16: a second LLM is asked in parallel, and is faster
--- read_timeout: 10s
--- on
convrelay_fallback  /backup hedge=100ms;
--- llm: fault=keepalive at_token=0 first=0
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:ask("Hi")
call:ask("Well?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi"
> prompt "Well?"
< "second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi\nassistant: second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi\nuser: Well?"
> close 1000
< close 1000



=== TEST 17: the one that is slower is closed before its first word, whichever it is
--- read_timeout: 10s
--- on
convrelay_fallback  /slow hedge=60ms;
--- locations
location = /slow {
    internal;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_PORT_4/slow;
}
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_4;
    location / {
        lua_check_client_abort  on;
        content_by_lua_block {
            local llm = require "convrelay_llm"
            llm.note("asked " .. ngx.var.uri)
            ngx.on_abort(function()
                llm.note("closed " .. ngx.var.uri)
                ngx.exit(499)
            end)
            llm.stream()
            ngx.flush(true)
            ngx.sleep(tonumber(ngx.var.uri == "/slow" and 3 or 0.2))
            llm.token("First.")
            llm.done()
        }
    }
}
--- llm
location / { proxy_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_PORT_4/first/; }
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:ask("Hi")
ngx.sleep(0.05)
call:say((require "convrelay_llm".notes()))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "First."
asked /first/v1/chat/completions
asked /slow
closed /slow
> close 1000
< close 1000



=== TEST 18: an LLM that answers in time is the only one
--- read_timeout: 10s
--- on
convrelay_fallback  /never hedge=2s;
--- locations
location = /never {
    internal;
    proxy_pass  http://127.0.0.1:$TEST_NGINX_PORT_4;
}
--- llm: answer=count tokens=3 first=100ms interval=10ms
--- call
try("")
--- response_body
 :  1 2 3



=== TEST 19: the first one fails while the second is asked, and the other way round
--- read_timeout: 10s
--- on
convrelay_fallback  /second hedge=60ms cooldown=0;
--- locations
location = /second {
    internal;
    convrelay_mock_llm  answer=$convrelay_parameter_answer status=$convrelay_parameter_second
                        first=200ms interval=0;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.sleep(0.12)
        if ngx.var.http_x_status == "500" then
            return ngx.exit(500)
        end
        ngx.sleep(0.15)
        llm.say("First.")
    }
}
--- call
try("", { status = "500", answer = "say:Second.", second = 200 })
try("", { status = "200", answer = "say:Second.", second = 503 })
try("", { status = "500", answer = "say:Second.", second = 503 })
--- response_body
 500: Second.
 200: First.
 500: Sorry.
--- error_log
LLM failed: upstream: 



=== TEST 20: an interruption, a prompt, the end of the call: both are closed
--- read_timeout: 10s
--- on
convrelay_fallback  /second hedge=50ms;
--- locations
location = /second {
    internal;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_PORT_4/second;
}
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_4;
    location / {
        lua_check_client_abort  on;
        content_by_lua_block {
            local llm = require "convrelay_llm"
            ngx.on_abort(function()
                llm.note("closed")
                ngx.exit(499)
            end)
            llm.stream()
            ngx.flush(true)
            ngx.sleep(3)
        }
    }
}
--- call
local call = dial("/ws", { mute = true })
local llm = require "convrelay_llm"

call:setup{ customParameters = { port = "$TEST_NGINX_PORT_4" } }
call:prompt("Hi")
call:quiet(120)
call:interrupt("")
call:quiet(30)
call:prompt("Hi")
call:quiet(120)
call:prompt("Well?")
call:quiet(120)
call:drop()
ngx.sleep(0.05)

local _, n = llm.notes():gsub("closed", "")
ngx.say(n)
--- response_body
6



=== TEST 21: the third hello asks another LLM
--- read_timeout: 10s
--- on
convrelay_fallback  /backup;
--- llm: fault=keepalive at_token=0 first=0
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:prompt("Hi")
call:prompt("Hello?")
call:prompt("Are you there?")
ngx.say("quiet: ", call:quiet(100))
call:ask("Hello?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
> prompt "Hello?"
> prompt "Are you there?"
quiet: true
> prompt "Hello?"
< "second 0.5 \/v1\/other\nsystem: Be kind.\nuser: Hi"
> close 1000
< close 1000



=== TEST 22: an answer without a word has an event of its own, after the fallback
--- on
convrelay_fallback  @mute cooldown=0;
convrelay_on llm_empty     say "Pardon?";
convrelay_on llm_failed    say "Failed.";
--- locations
location @mute {
    convrelay_mock_llm  answer=say:x at_token=0 fault=$convrelay_parameter_mute status=$convrelay_parameter_second
                        first=0;
}
--- llm: status=500
--- call
try("", { mute = "done_only" })
try("", { second = 429 })
--- response_body
 : Pardon?
 : Failed.
--- error_log
LLM failed: upstream: 



=== TEST 23: so has one that a filter has stopped, before or after some words
--- on
convrelay_on llm_empty     say "Pardon?";
convrelay_on llm_filtered  say "Not that.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()

        if ngx.var.http_x_fault == "words" then
            llm.token("One could")
        end

        ngx.print('data: {"choices":[{"index":0,"delta":{},',
                  '"finish_reason":"content_filter"}]}\n\n')
    }
}
--- call
for _, fault in ipairs{ "none", "words" } do
    local call = dial("/ws")
    call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT",
                                     fault = fault } }
    call:prompt("Hi")
    call:read(fault == "words" and 3 or 1)
    call:drop()
end
--- response_body
> setup
> prompt "Hi"
< "Not that." last
> drop
> setup
> prompt "Hi"
< "One could"
< "" last
< "Not that." last
> drop
--- error_log
content_filter



=== TEST 24: without them, what an operator had before
--- on
convrelay_on llm_failed    say "Failed.";
--- llm: fault=done_only first=0
--- call
try("")
--- response_body
 : Failed.
--- error_log
its answer was empty



=== TEST 25: three failures in a row, and the words of none are the model's
--- on
convrelay_on llm_failed          say "One moment.";
convrelay_on llm_failed count=3  say "Goodbye.";
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_2" } }

for i = 1, 4 do
    call:prompt("Hi " .. i)
    call:read()
end

call:hangup()
--- response_body
> setup
> prompt "Hi 1"
< "One moment." last
> prompt "Hi 2"
< "One moment." last
> prompt "Hi 3"
< "Goodbye." last
> prompt "Hi 4"
< "Goodbye." last
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 



=== TEST 26: below the number, the error message
--- on
convrelay_on llm_failed count=2  say "Goodbye.";
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_PORT_2" } }
call:ask("Hi")
call:prompt("Well")
call:read()
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> prompt "Well"
< "Goodbye." last
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 



=== TEST 27: figures for the access log
--- read_timeout: 10s
--- on
log_subrequest      on;
access_log          logs/figures.log figures;
convrelay_fallback  /count hedge=50ms;
--- locations
location = /count {
    internal;
    log_subrequest      on;
    access_log          logs/figures.log figures;
    convrelay_mock_llm  answer=count tokens=3 first=0 interval=120ms;
}
--- http_config
log_format  figures  '$convrelay_fallbacks $convrelay_hedges_won $convrelay_nudges '
                     'gap $convrelay_longest_gap sound $convrelay_first_sound';
--- llm: fault=stall_before
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:ask("Count")
call:hangup()
ngx.sleep(0.1)

for line in io.lines("$TEST_NGINX_SERVROOT/logs/figures.log") do
    ngx.say((line:gsub("%f[%d]1[2-9]%d%f[%D]", "120s")
                 :gsub("sound %d%d+", "sound some")))
end
--- response_body
> setup
> prompt "Count"
< " 1 2 3"
> close 1000
< close 1000
1 1 0 gap 0 sound some
1 1 0 gap 120s sound some
1 1 0 gap 120s sound some



=== TEST 28: a second LLM that lost has said nothing, whatever blanks came
--- read_timeout: 10s
--- on
convrelay_fallback  /never hedge=50ms;
--- locations
location = /never {
    internal;
    convrelay_mock_llm  first=60s;
}
location = /metrics {
    convrelay_status  public;
}
--- http_config
convrelay_zone  calls 64k;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        ngx.flush(true)
        ngx.sleep(0.15)
        llm.token("\n")
        ngx.sleep(0.15)
        llm.token("First.")
        llm.done()
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:prompt("Hi")
call:answer()
call:hangup()
ngx.sleep(0.1)

local http = require "convrelay_http"
local text = http.send("GET /metrics HTTP/1.0\r\n\r\n").body
local sum = tonumber(text:match('first_word_seconds_sum{[^}]*location="/ws"[^}]*} (%S+)'))

ngx.say("words: ", text:match('first_word_seconds_count{[^}]*location="/ws"[^}]*} (%S+)'))
ngx.say("tokens: ", text:match('relay_tokens_total{[^}]*location="/ws"[^}]*} (%S+)'))
ngx.say("seconds: ", sum and sum < 60 * slow)
--- response_body
words: 1
tokens: 2
seconds: true



=== TEST 29: a prompt that a filter refuses has the event of an answer, and is taken back
--- on
convrelay_on llm_filtered  say "Not that.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if not said:find("bomb") then
            return llm.say(said)
        end

        ngx.status = 400
        ngx.header.content_type = "application/json"
        ngx.print('{"error":{"message":"The response was filtered due to the ',
                  'prompt triggering the content management policy.",',
                  '"type":null,"param":"prompt","code":"content_filter",',
                  '"status":400,"innererror":{"code":',
                  '"ResponsibleAIPolicyViolation"}}}')
    }
}
--- call
local call = dial("/ws")
call:setup{ customParameters = { port = "$TEST_NGINX_LLM_PORT" } }
call:prompt("A bomb")
call:read()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "A bomb"
< "Not that." last
> prompt "Hi"
< "system: Be kind.\nuser: Hi"
> close 1000
< close 1000
--- error_log
content_filter



=== TEST 30: one caller's slow questions do not take an LLM from others
--- on
convrelay_fallback  /backup;
convrelay_first_token_timeout 60ms;
--- read_timeout: 10s
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note(ngx.var.http_x_status)
        ngx.sleep(ngx.var.http_x_status == "slow" and 0.2 or 0)
        llm.say("First.")
    }
}
--- call
local function from(number, kind)
    local call = dial("/ws", { mute = true })
    call:setup{ from = number,
                customParameters = { status = kind,
                                     port = "$TEST_NGINX_LLM_PORT" } }
    call:prompt("Hi")
    local answer = call:answer()
    call:hangup()
    ngx.say(number, " ", kind, ": ", answer:match("^%w+"))
end

from("+1", "slow")
from("+1", "slow")
from("+1", "slow")
ngx.say(require "convrelay_llm".notes())
from("+2", "fast")
from("+1", "slow")
from("+2", "slow")
from("+3", "fast")
--- response_body
+1 slow: second
+1 slow: second
+1 slow: second
slow
slow
+2 fast: First
+1 slow: second
+2 slow: second
+3 fast: second
--- error_log
sent no word in time



=== TEST 31: a second LLM that writes code first, and one whose only word waits
--- read_timeout: 10s
--- on
convrelay_fallback  /second hedge=50ms;
--- speech
--- locations
location = /second {
    internal;
    proxy_pass  http://127.0.0.1:$TEST_NGINX_LLM_PORT/$convrelay_parameter_fault;
}
--- llm
location /v1 {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        ngx.flush(true)
        ngx.sleep(0.3)
        llm.token("First.")
        llm.done()
    }
}
location = /code {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        llm.token("```\n")
        llm.token("say(1)\n")
        ngx.flush(true)
        ngx.sleep(0.6)
        llm.token("```\nSecond.")
        llm.done()
    }
}
location = /held {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        llm.token("[Second")
        llm.done()
    }
}
--- call
try("code")
try("held")
--- response_body
code : First.
held : Second
