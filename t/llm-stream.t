# The answer as a stream: what vendors send, how it travels, when it is said.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<'_EOC_' . ($block->config // ''));
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
        proxy_set_header         X-Quirk $convrelay_parameter_quirk;
        proxy_set_header         X-Fault $convrelay_parameter_fault;
    }
_EOC_

    $block->set_value('llm', <<'_EOC_' . $block->llm . '}}') if $block->llm;
    location / {
        lua_check_client_abort  on;
        content_by_lua_block {
            local llm = require "convrelay_llm"
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
    location / {
        convrelay_mock_llm  answer=repeat first=0 interval=1ms
                            quirk=$http_x_quirk fault=$http_x_fault;
    }
_EOC_
});

run_tests();

__DATA__

=== TEST 1: the text of every vendor comes out, from near and from afar
--- config
location = /near {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_mock_llm       answer=repeat first=0 interval=1ms
                             quirk=$convrelay_parameter_quirk;
}
--- call
local text = 'Déjà vu, "😀" \\ <b>\n\tone two three four.'

for _, path in ipairs{ "/ws", "/near" } do
    for _, quirk in ipairs{ "none", "azure", "vllm", "llamacpp", "ollama",
                            "groq", "openrouter", "gemini", "crlf",
                            "comments", "bom" }
    do
        local call = dial(path, { mute = true })
        call:setup{ customParameters = { quirk = quirk } }

        local one, n = call:ask(text)
        local two = call:ask("Again.")

        if one ~= text or two ~= "Again." or n < 3 then
            ngx.say(path, " ", quirk, ": ", one, " ", two, " ", n)
        end

        call:hangup()
    end
end

ngx.say("done")
--- response_body
done



=== TEST 2: however the bytes are cut, the same comes out
--- config
location = /near {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_mock_llm       answer=repeat first=0 interval=1ms
                             fault=$convrelay_parameter_fault;
}
--- call
local text = 'Déjà vu, "😀" \\ <b>.'

for _, path in ipairs{ "/ws", "/near" } do
    for _, fault in ipairs{ "tear", "bytewise", "json", "no_done",
                            "no_finish" }
    do
        local call = dial(path, { mute = true })
        call:setup{ customParameters = { fault = fault } }
        ngx.say(path, " ", fault, ": ", call:ask(text) == text)
        call:hangup()
    end
end
--- response_body
/ws tear: true
/ws bytewise: true
/ws json: true
/ws no_done: true
/ws no_finish: true
/near tear: true
/near bytewise: true
/near json: true
/near no_done: true
/near no_finish: true



=== TEST 3: a token is sent on before the next one comes, proxy_buffering on
--- llm
llm.stream()

for i = 1, 5 do
    llm.go = nil
    llm.token(" " .. i)

    for j = 1, 300 do
        if llm.go then
            break
        end

        ngx.sleep(0.005)
    end
end

llm.note("done")
llm.done()
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call:setup()
call:prompt("Hi")

for i = 1, 5 do
    call:read()
    call:say(llm.notes())
    llm.go = true
end

call:answer()
call:say(llm.notes(1))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< " 1"

< " 2"

< " 3"

< " 4"

< " 5"

< ""
done
> close 1000
< close 1000



=== TEST 4: each delta is a message, even when they come in one piece
--- llm
local body = llm.event("Hi") .. llm.event("") .. llm.event(" there")
             .. llm.event(".") .. llm.event(nil, true) .. "data: [DONE]\n\n"
             .. llm.event("not said")

llm.raw("HTTP/1.1 200 OK\r\nContent-Length: ", #body, "\r\n\r\n", body)
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:tokens()
call:quiet(50)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hi"
< " there"
< "."
< "" last
> close 1000
< close 1000



=== TEST 5: body by length, in chunks, up to the end of the connection
--- llm
local how = llm.messages():match("(%w+)$")
local head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
local body = llm.event(how) .. llm.event(nil, true) .. "data: [DONE]\n\n"

if how == "length" then
    llm.raw(head, "Content-Length: ", #body, "\r\n\r\n", body)

elseif how == "chunks" then
    local sock = llm.raw(head, "Transfer-Encoding: chunked\r\n\r\n")

    for c in body:gmatch(".") do
        sock:send("1;x=\"y\"\r\n" .. c .. "\r\n")
    end

    sock:send("0\r\nX-Trailer: x\r\n\r\n")

elseif how == "close" then
    llm.raw(head, "Connection: close\r\n\r\n", body)
    ngx.exit(444)

else
    llm.raw("HTTP/1.0 200 OK\r\n\r\n", body)
    ngx.exit(444)
end
--- call
local call = dial("/ws")
call:setup()

for _, how in ipairs{ "length", "chunks", "close", "http10", "length" } do
    call:ask(how)
end

call:hangup()
--- response_body
> setup
> prompt "length"
< "length"
> prompt "chunks"
< "chunks"
> prompt "close"
< "close"
> prompt "http10"
< "http10"
> prompt "length"
< "length"
> close 1000
< close 1000



=== TEST 6: [DONE] ends the turn, be the connection kept open or not
--- llm
llm.messages()

ngx.on_abort(function()
    llm.note("closed")
    ngx.exit(499)
end)

llm.stream()
llm.token("Hello.")
llm.done()
ngx.flush(true)
ngx.sleep(3)
--- call
local call = dial("/ws")
local start = ngx.now()
call:setup()
call:ask("Hi")
call:ask("Hello?")
ngx.update_time()
call:say(ngx.now() - start < 0.9 * slow)
call:quiet(1)
ngx.sleep(0.5)
call:say(require "convrelay_llm".notes(2))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hello."
> prompt "Hello?"
< "Hello."
true
closed
closed
> close 1000
< close 1000



=== TEST 7: a finished answer ends without [DONE], one that goes on does not
--- llm
local said = llm.messages():match("%w+$")

local function chunk(text, finish)
    ngx.print(llm.event(text, finish))
    ngx.flush(true)
end

llm.stream()

if said == "silence" then
    chunk("Hello.")
    chunk(nil, true)
    ngx.print('data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n')
    ngx.flush(true)
    ngx.sleep(3)

elseif said == "first" then
    chunk("", true)
    ngx.sleep(0.7)
    chunk("Late.")
    llm.done()

else
    chunk("In ", true)
    ngx.sleep(0.1)
    chunk("each.", true)
    ngx.sleep(0.7)
    chunk(" And on.", true)
    llm.done()
end
--- call
local call = dial("/ws")
call:setup()
ngx.update_time()
local start = ngx.now()
call:ask("silence")
ngx.update_time()
local took = ngx.now() - start
call:say(took > 0.4 and took < 1.2 * slow)
call:ask("first")
call:ask("each")
call:hangup()
--- response_body
> setup
> prompt "silence"
< "Hello."
true
> prompt "first"
< "Late."
> prompt "each"
< "In each. And on."
> close 1000
< close 1000



=== TEST 8: of two that [DONE] has ended and the LLM has not, the older is cut
--- llm
local n = #llm.messages():gsub("[^\n]", "") / 2 + 1

ngx.on_abort(function()
    llm.note("closed " .. n)
    ngx.exit(499)
end)

llm.stream()
llm.token("Hello.")
llm.done()
ngx.flush(true)
ngx.sleep(3)
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call:setup()
ngx.update_time()
local start = ngx.now()
call:ask("Hi")
call:ask("Hello?")
call:ask("Hello?")
call:say(llm.notes(2))
ngx.update_time()
call:say(ngx.now() - start < 0.9 * slow)
ngx.sleep(0.5 * slow)
call:say(llm.notes(1))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hello."
> prompt "Hello?"
< "Hello."
> prompt "Hello?"
< "Hello."
closed 1
closed 2
true
closed 3
> close 1000
< close 1000



=== TEST 9: heart beats and what is said twice are not spoken, words are
--- llm
local said = llm.messages():match("%w+$")

llm.stream()

if said == "beats" then
    ngx.print("data: null\n\n", llm.event("Hel"), "event: ping\ndata: ping\n\n",
              'data: ""\n\ndata: []\n\n', llm.event("lo."))
    llm.done()

elseif said == "whole" then
    ngx.print(llm.event("Hel"), llm.event("lo.", true),
              'data: {"object":"chat.completion","choices":[{"message":'
              .. '{"content":"Hello."},"finish_reason":"stop"}]}\n\n')
    llm.done()

else
    ngx.print('data: {"choices":[{"delta":{"refusal":"I cannot."},'
              .. '"finish_reason":"content_filter"}]}\n\n')
    llm.done()
end
--- call
local call = dial("/ws")
call:setup()
call:ask("beats")
call:ask("whole")
call:ask("refused")
call:hangup()
--- response_body
> setup
> prompt "beats"
< "Hello."
> prompt "whole"
< "Hello."
> prompt "refused"
< "I cannot."
> close 1000
< close 1000
--- grep_error_log eval: qr/LLM sent events that are not JSON objects, skipped/
--- grep_error_log_out
LLM sent events that are not JSON objects, skipped
--- no_error_log
[error]



=== TEST 10: turns share a connection, except for one that was broken off
--- llm
local connection = ngx.var.connection

if llm.messages():match("stop$") then
    llm.talk{ "Never", hold = 1 }
else
    llm.say(connection, "/", ngx.var.connection_requests)
end
--- call
local call = dial("/ws", { mute = true })
local a, b, c, d
call:setup()
a = call:ask("1"):match("%d+")
b = call:ask("2"):match("%d+")
call:prompt("stop")
call:read()
call:interrupt("")
call:read()
c = call:ask("3"):match("%d+")
d = call:ask("4"):match("%d+")
call:hangup()
ngx.say(a == b, " ", b == c, " ", c == d)
--- response_body
true false true



=== TEST 11: X-Accel headers of an LLM do nothing
--- config
location = /secret {
    internal;
    return 200 "secret";
}
--- llm
ngx.header.x_accel_redirect = "/secret"
ngx.header.x_accel_buffering = "yes"
ngx.header.x_accel_limit_rate = "1"
ngx.header.x_accel_charset = "utf-16"
ngx.header.x_accel_expires = "100"
ngx.header.set_cookie = "a=b"
ngx.header.refresh = "1; url=/secret"
llm.say("Nothing ", "happens. ", ("x"):rep(100))
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:ask("Hello?")
call:hangup()
--- response_body eval
"> setup
> prompt \"Hi\"
< \"Nothing happens. " . "x" x 100 . "\"
> prompt \"Hello?\"
< \"Nothing happens. " . "x" x 100 . "\"
> close 1000
< close 1000
"
--- no_error_log
internal redirect
[error]



=== TEST 12: error pages of the location stay out of a call
--- config
location = /pages {
    error_page               500 302 =200 /secret;
    proxy_intercept_errors   on;
    convrelay;
    convrelay_error_message  "Sorry.";
    proxy_pass               http://llm/v1/chat/completions;
}
location = /gone {
    error_page               502 =200 /secret;
    convrelay;
    convrelay_error_message  "Sorry.";
    proxy_pass               http://127.0.0.1:$TEST_NGINX_PORT_2/v1/chat;
}
location = /secret {
    content_by_lua_block { require("convrelay_llm").say("secret") }
}
--- llm
if llm.messages():find("away") then
    ngx.header.location = "/secret"
    ngx.exit(302)
end

ngx.status = 500
ngx.say('{"error":{"message":"Out of order."}}')
--- call
local call = dial("/pages")
call:setup()
call:ask("Hi")
ngx.sleep(1.1)                            -- a line in the log for each
call:ask("Go away")
call:hangup()
call = dial("/gone")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
> prompt "Go away"
< "Sorry."
> close 1000
< close 1000
> setup
> prompt "Hi"
< "Sorry."
> close 1000
< close 1000
--- error_log
Out of order.
status: 302
status: 502



=== TEST 13: a compressed answer fails clearly
--- llm
ngx.header.content_encoding = "gzip"
llm.say("not gzip at all")
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:ask("Hello?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "I ran into a temporary issue while generating a response."
> prompt "Hello?"
< "I ran into a temporary issue while generating a response."
> close 1000
< close 1000
--- error_log
status: 200, it sent a Content-Encoding that was not requested



=== TEST 14: the caller's text filters and the like do not touch the answer
--- config
location = /filters {
    sub_filter         one two;
    sub_filter_types   *;
    gzip               on;
    gzip_types         *;
    gzip_min_length    1;
    charset            utf-8;
    limit_rate         1k;
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass         http://llm/v1/chat/completions;
}
--- llm
llm.say("one ", "two ", "three")
--- call
local call = dial("/filters", { headers = { "Accept-Encoding: gzip" } })
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "one two three"
> close 1000
< close 1000



=== TEST 15: HTTP/1.0 to the LLM works, and is logged once
--- config
location = /old {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
    proxy_http_version       1.0;
}
--- llm
llm.say(llm.request():find("HTTP/1.0", 1, true) and "old" or "new")
--- call
for i = 1, 2 do
    local call = dial("/old")
    call:setup()
    call:ask("Hi")
    call:drop()
end
--- response_body
> setup
> prompt "Hi"
< "old"
> drop
> setup
> prompt "Hi"
< "old"
> drop
--- grep_error_log eval: qr/requests to the LLM of location ".old" are HTTP.1.0/
--- grep_error_log_out
requests to the LLM of location "/old" are HTTP/1.0
--- error_log
[error]
