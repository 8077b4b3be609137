# What a tool's location can be.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    content_by_lua_block {
        require "convrelay_llm".agent(setmetatable({}, { __index =
            function(_, text)
                if text:sub(1, 1) == "?" then
                    return { { "run", '{"x":"' .. text:sub(2) .. '"}' } }
                end
            end }))
    }
}
_EOC_

    $block->set_value('config', <<_EOC_ . $block->config);
location = /ws {
    convrelay;
    convrelay_tool  run '{}' uri=/tools/run @{[$block->options // '']};
    proxy_pass      http://llm/v1/chat/completions;
}
_EOC_

    $block->set_value('call', <<'_EOC_') if !defined $block->call;
local call = dial("/ws")
call.mute = true
call:setup()
for _, x in ipairs{ "a", "b c", "a" } do
    call:prompt("?" .. x)
    ngx.say((call:answer()))
end
call:hangup()
_EOC_
});

run_tests();

__DATA__

=== TEST 1: proxy_pass, with the body as it was written
--- config
location = /tools/run {
    internal;
    include           $TEST_NGINX_ROOT/conf-examples/convrelay_tool.conf;
    proxy_set_header  Idempotency-Key $convrelay_tool_key;
    proxy_pass        http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
}
location = /crm {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.print(llm.body(), " ", #ngx.var.http_idempotency_key)
    }
}
--- response_body
{"x":"a"} 64
{"x":"b c"} 64
{"x":"a"} 64



=== TEST 2: return
--- config
location = /tools/run {
    internal;
    default_type  application/json;
    return        200 '{"got":"$convrelay_tool","x":"$convrelay_arg_x"}';
}
--- response_body
{"got":"run","x":"a"}
{"got":"run","x":"b%20c"}
{"got":"run","x":"a"}



=== TEST 3: a file, by GET
--- options: method=GET
--- user_files
>>> a.json
{"file":"a"}
>>> b.json
{"file":"b"}
--- config
location = /tools/run {
    internal;
    default_type  application/json;
    alias         $TEST_NGINX_SERVROOT/html/$convrelay_arg_x.json;
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, x in ipairs{ "a", "b", "a" } do
    call:prompt("?" .. x)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
{"file":"a"}
{"file":"b"}
{"file":"a"}



=== TEST 4: a cache, by GET: the third one is not asked again
--- options: method=GET
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=tools:1m;
--- config
location = /tools/run {
    internal;
    proxy_cache        tools;
    proxy_cache_key    $convrelay_arg_x;
    proxy_cache_valid  200 1m;
    proxy_pass         http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm/$convrelay_arg_x;
}
location /crm/ {
    content_by_lua_block {
        n = (n or 0) + 1
        ngx.print(n, " ", ngx.var.request_method, " ", ngx.var.request_uri)
    }
}
--- response_body
1 GET /crm/a
2 GET /crm/b%20c
1 GET /crm/a



=== TEST 5: limit_req that delays, and limit_req that refuses
--- http_config
limit_req_zone  $convrelay_call_sid zone=delay:1m rate=5r/s;
--- config
location = /tools/run {
    internal;
    limit_req     zone=delay burst=5;
    try_files     /none @tool;
}
location @tool { return 200 ok; }
--- response_body
ok
ok
ok



=== TEST 6: limit_req without delay
--- http_config
limit_req_zone  $convrelay_call_sid zone=nodelay:1m rate=1r/m;
--- config
location = /tools/run {
    internal;
    limit_req         zone=nodelay nodelay;
    limit_req_status  429;
    try_files         /none @tool;
}
location @tool { return 200 ok; }
--- response_body
ok
{"ok":false,"status":429,"error":"NOT done: too many requests"}
{"ok":false,"status":429,"error":"NOT done: too many requests"}
--- error_log
limiting requests



=== TEST 7: the key: another one after a success, the same after a failure
--- config
location = /tools/run {
    internal;
    content_by_lua_block {
        last = last or "-"
        local key = ngx.var.convrelay_tool_key
        local same = (key == last)
        last = key
        n = (n or 0) + 1
        ngx.status = (n == 1) and 500 or 200
        ngx.print(same and "same" or "other")
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for i = 1, 3 do
    call:prompt("?a" .. i % 1)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
{"ok":false,"status":500,"error":"NOT done: the service failed"}
same
other
--- error_log
tool "run" failed, status: 500



=== TEST 8: the key of another call is another one, whatever its setup lacks
--- config
location = /tools/run {
    internal;
    content_by_lua_block {
        keys = keys or {}
        local key = ngx.var.convrelay_tool_key
        ngx.print(keys[key] and "same" or "other")
        keys[key] = true
    }
}
--- call
local null = require "cjson".null
for i = 1, 6 do
    local call = dial("/ws")
    call.mute = true
    call:setup{
        callSid = i < 3 and "CA" .. i or null,
        sessionId = i < 5 and "VX" .. i or null,
    }
    call:prompt("?a1")
    ngx.say((call:answer()))
    call:hangup()
end
--- response_body
other
other
other
other
other
other



=== TEST 9: once: the location is asked once
--- options: once
--- config
location = /tools/run {
    internal;
    content_by_lua_block {
        n = (n or 0) + 1
        ngx.header.content_type = "application/json"
        ngx.print('{"n":', n, '}')
    }
}
--- response_body
{"n":1}
{"n":2}
{"repeated":true,"n":1}



=== TEST 10: a file of 64 GB: the rest of a result that is long enough is not read
--- options: method=GET
--- config
location = /tools/run {
    internal;
    default_type  text/plain;
    alias         $TEST_NGINX_SERVROOT/html/$convrelay_arg_x;
}
--- call
local path = ngx.config.prefix() .. "html/big"
local file = io.open(path, "w")
file:write(("word "):rep(4000))
file:seek("set", 64 * 1024 ^ 3)
file:write("end")
file:close()
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("?big")
local answer = call:answer(2000)
ngx.say(answer and answer:sub(1, 9), " ", answer and answer:sub(-26))
os.remove(path)
call:hangup()
--- response_body
word word part of 68719476739 bytes]



=== TEST 11: framing without end counts as well
--- config
location = /tools/run {
    internal;
    proxy_http_version  1.1;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/raw/$convrelay_arg_x;
}
location /raw/ {
    content_by_lua_block {
        local sock = require "convrelay_llm".raw(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
            "Transfer-Encoding: chunked\r\n\r\n",
            ngx.var.uri:find("ext") and "4;a=" or "4\r\nword\r\n0\r\n")
        local more = ngx.var.uri:find("ext") and "abcdef" or "a: b\r\n"
        for i = 1, 100 do
            if not sock:send(more:rep(4096)) then
                return
            end
        end
        ngx.sleep(20)
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, x in ipairs{ "extension", "trailers" } do
    call:prompt("?" .. x)
    ngx.say((call:answer(3000)))
end
call:hangup()
--- response_body
{"ok":false,"status":502,"error":"NOT done: the answer broke off"}
{"ok":false,"status":502,"error":"NOT done: the answer broke off"}
--- error_log
tool "run" got an answer that is too large, status: 502



=== TEST 12: framing without end, without buffers
--- config
location = /tools/run {
    internal;
    proxy_buffering     off;
    proxy_http_version  1.1;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/raw/$convrelay_arg_x;
}
location /raw/ {
    content_by_lua_block {
        local sock = require "convrelay_llm".raw(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
            "Transfer-Encoding: chunked\r\n\r\n",
            ngx.var.uri:find("ext") and "4;a=" or "4\r\nword\r\n0\r\n")
        local more = ngx.var.uri:find("ext") and "abcdef" or "a: b\r\n"
        for i = 1, 100 do
            if not sock:send(more:rep(4096)) then
                return
            end
        end
        ngx.sleep(20)
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, x in ipairs{ "extension", "trailers" } do
    call:prompt("?" .. x)
    ngx.say((call:answer(3000)))
end
call:hangup()
--- response_body
{"ok":false,"status":502,"error":"NOT done: the answer broke off"}
{"ok":false,"status":502,"error":"NOT done: the answer broke off"}
--- error_log
tool "run" got an answer that is too large, status: 502



=== TEST 13: a cache that two calls of one answer wait for
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=tools:1m;
--- config
location = /tools/run {
    internal;
    proxy_cache          tools;
    proxy_cache_key      $convrelay_tool;
    proxy_cache_lock     on;
    proxy_cache_methods  POST;
    proxy_cache_valid    200 1m;
    proxy_pass           http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
}
location = /crm {
    content_by_lua_block {
        ngx.sleep(0.1)
        n = (n or 0) + 1
        ngx.print("crm ", n)
    }
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{
            ["go"] = { { "run", '{"x":1}' }, { "run", '{"x":2}' } }
        }
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("go")
ngx.say((call:answer(3000)))
call:hangup()
--- response_body
crm 1 | crm 1



=== TEST 14: the variables of a tool, and a regex's, after the end of the call
--- http_config
log_format  tool "$convrelay_tool $convrelay_arg_x $convrelay_input_tokens";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if not said:find("Go", 1, true) then
            return llm.say("Hello", ", you.")
        end

        llm.stream()
        ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                  '{"index":0,"id":"c1","type":"function","function":',
                  '{"name":"run","arguments":"{\\"x\\":\\"b c\\"}"}}]},',
                  '"finish_reason":"tool_calls"}]}\n\ndata: {"choices":[],',
                  '"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n',
                  'data: [DONE]\n\n')
    }
}
--- config
location = /tools/run {
    internal;
    log_subrequest  on;
    access_log      $TEST_NGINX_SERVROOT/logs/tool.log tool;

    if ($convrelay_from ~ "^[+]1555(.*)") {
        set $number $1;
    }

    content_by_lua_block {
        ngx.sleep(0.3)
        local var = ngx.var
        require "convrelay_llm".note(table.concat({ var.convrelay_tool,
            var.convrelay_arg_x, var.convrelay_value_x,
            #var.convrelay_tool_key, var.convrelay_call_sid,
            var.convrelay_input_tokens, var.convrelay_output_tokens,
            var.convrelay_turns, var.number, var[1] }, " "))

        local median = var.convrelay_first_token_median:gsub("%d+", "n")
        local most = var.convrelay_first_token_max:gsub("%d+", "n")

        require "convrelay_llm".note(table.concat({
            var.convrelay_session_id, var.convrelay_account_sid,
            var.convrelay_from, var.convrelay_to, var.convrelay_direction,
            var.convrelay_lang, var.convrelay_interrupts,
            var.convrelay_tokens, var.convrelay_parameter_who,
            var.convrelay_parameter_b, median, most }, " "))
        ngx.print("ok")
    }
}
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call.mute = true
call:setup{ customParameters = { a = "1", who = "bob", b = "2" } }
call:ask("Hi")
call:interrupt("Hello")
call:send{ type = "prompt", voicePrompt = "Go", lang = "de-DE", last = true }
ngx.sleep(0.1)
call:hangup()
ngx.say(llm.notes(2))
ngx.say(llm.log("tool.log", 1))
--- response_body
run b%20c b c 64 CA00000000000000000000000000000001 7 5 2 0100001 0100001
VX00000000000000000000000000000001 AC00000000000000000000000000000001 +15550100001 +15550100002 inbound de-DE 1 2 bob 2 n n
run b%20c 7



=== TEST 15: js_content
--- main_config
load_module  /usr/lib/nginx/modules/ngx_http_js_module.so;
--- http_config
js_path    "$TEST_NGINX_SERVROOT/html";
js_import  tool.js;
--- user_files
>>> tool.js
function run(r) {
    const x = JSON.parse(r.requestText).x;

    r.headersOut['Content-Type'] = 'application/json';
    r.return(x == 'b c' ? 409 : 200,
             JSON.stringify({ x: x, tool: r.variables.convrelay_tool }));
}

export default { run };
--- config
location = /tools/run {
    internal;
    js_content  tool.run;
}
--- response_body
{"x":"a","tool":"run"}
{"ok":false,"status":409,"error":"NOT done: the service refused it: {\"x\":\"b c\",\"tool\":\"run\"}"}
{"x":"a","tool":"run"}
--- error_log
tool "run" failed, status: 409



=== TEST 16: fastcgi_pass
--- config
location = /tools/run {
    internal;
    fastcgi_param  X $convrelay_value_x;
    fastcgi_param  KEY $convrelay_tool_key;
    fastcgi_pass   127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
my $out = "Content-Type: application/json\r\n\r\n{\"booked\":1}";
pack('C2n2Cx', 1, 6, 1, length $out, 0) . $out . pack('C2n2Cx', 1, 6, 1, 0, 0)
. pack('C2n2CxNx4', 1, 3, 1, 8, 0, 0)
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("?b c")
ngx.say((call:answer()))
call:hangup()
--- response_body
{"booked":1}
