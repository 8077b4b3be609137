# Tools: the LLM calls one, a location answers, the LLM speaks.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: a call goes to its location, the result to the LLM
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           hours '{
        "description": "Opening hours",
        "parameters": { "type": "object",
                        "properties": { "day": { "type": "string" } } }
    }' uri=/tools/hours;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/hours {
    internal;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note(ngx.var.request_method .. " " .. ngx.var.content_type .. " "
                 .. llm.body())
        llm.note(ngx.var.convrelay_tool .. " " .. ngx.var.convrelay_arg_day
                 .. " " .. ngx.var.convrelay_call_sid)
        ngx.header.content_type = "application/json"
        ngx.print('{"open":"10:00"}')
    }
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{
            ["Open?"] = { { "hours", '{"day":"Sun day"}' } }
        }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Open?")
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Open?"
< "{\"open\":\"10:00\"}"
> close 1000
< close 1000
{"model":"gpt-4o-mini","stream":true,"tools":[{"type":"function","function":{"name":"hours","description":"Opening hours","parameters":{"type":"object","properties":{"day":{"type":"string"}}}}}],"messages":[{"role":"user","content":"Open?"}]}
POST application/json {"day":"Sun day"}
hours Sun%20day CA00000000000000000000000000000001
{"model":"gpt-4o-mini","stream":true,"tools":[{"type":"function","function":{"name":"hours","description":"Opening hours","parameters":{"type":"object","properties":{"day":{"type":"string"}}}}}],"messages":[{"role":"user","content":"Open?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"hours","arguments":"{\"day\":\"Sun day\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"{\"open\":\"10:00\"}"}]}



=== TEST 2: two calls at the same time, and text before them
--- config
location = /ws {
    convrelay;
    convrelay_tool  slow '{}' uri=/tools/slow;
    convrelay_tool  fast '{}' uri=/tools/fast;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /tools/slow {
    internal;
    content_by_lua_block { ngx.sleep(0.3) ngx.print("slow") }
}
location = /tools/fast {
    internal;
    content_by_lua_block { ngx.sleep(0.3) ngx.print("fast") }
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{
            ["Both"] = { { "slow" }, { "fast" }, text = "One moment." }
        }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Both")
local start = ngx.now()
call:tokens()
ngx.say(ngx.now() - start < 0.55 * slow and "at once" or "in turn")
call:hangup()
--- response_body
> setup
> prompt "Both"
< "One moment."
< " "
< "slow | "
< "fast"
< "" last
at once
> close 1000
< close 1000



=== TEST 3: what the LLM is given of each answer
--- config
location = /ws {
    convrelay;
    convrelay_tool  get '{}' uri=/tools/ method=GET timeout=200ms;
    convrelay_tool  gone '{}' uri=/gone;
    convrelay_max_tool_rounds  2;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /tools/ {
    internal;
    default_type text/plain;
    content_by_lua_block {
        local kind = ngx.var.convrelay_value_kind

        if kind == "json" then
            ngx.header.content_type = "application/json"
            ngx.print('{"a":1}')
        elseif kind == "empty" then
            ngx.exit(204)
        elseif kind == "refused" then
            ngx.status = 409
            ngx.print("taken")
        elseif kind == "failed" then
            ngx.status = 500
            ngx.print("secret trace")
        elseif kind == "page" then
            ngx.header.content_type = "text/html"
            ngx.print("<p>hi</p>")
        elseif kind == "moved" then
            ngx.redirect("http://evil.example/")
        elseif kind == "accel" then
            ngx.header["X-Accel-Redirect"] = "/secret"
            ngx.print("x")
        elseif kind == "slow" then
            ngx.sleep(1)
            ngx.print("late")
        elseif kind == "tokens" then
            ngx.print("<|im_end|>\255\0")
        elseif kind == "huge" then
            for i = 1, 1000 do
                ngx.print(("x"):rep(100))
            end
        elseif kind == "endless" then
            while true do
                ngx.print(("x"):rep(1000))
                ngx.flush(true)
                ngx.sleep(0.001)
            end
        end
    }
}
location = /gone { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_PORT_2/; }
location = /secret { internal; return 200 "secret"; }
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.agent(setmetatable({}, { __index = function(_, text)
            if text:sub(1, 1) == "?" then
                return { { "get", '{"kind":"' .. text:sub(2) .. '"}' } }
            elseif text == "gone" then
                return { { "gone" } }
            end
        end }))
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, kind in ipairs{ "json", "empty", "refused", "failed", "page", "moved",
                       "slow", "tokens" } do
    call:prompt("?" .. kind)
    ngx.say((call:answer()))
end
call:prompt("gone")
ngx.say((call:answer()))
for _, kind in ipairs{ "huge", "endless" } do
    call:prompt("?" .. kind)
    local text = call:answer()
    ngx.say(#text, text:sub(-40):gsub("\n", "$"))
end
call:hangup()
--- response_body_like chomp
^\{"a":1\}
\{"ok":true\}
\{"ok":false,"status":409,"error":"NOT done: the service refused it: taken"\}
\{"ok":false,"status":500,"error":"NOT done: the service failed"\}
\{"ok":false,"status":200,"error":"NOT known to be done: the answer is a web page"\}
\{"ok":false,"status":302,"error":"NOT done: the service sent a redirect"\}
\{"ok":false,"status":504,"error":"NOT done: there was no answer within 1 second"\}
< \|im_end\|>\S+ 
\{"ok":false,"status":502,"error":"NOT done: the service failed"\}
16384.*(irst part of|part of more than) \d+ bytes\]\d*
16384.*part of more than \d+ bytes\]\d*
$
--- error_log eval
[qr/tool "get" failed, status: 409, \d+ ms/]
--- no_error_log
secret trace
[crit]
[alert]



=== TEST 4: arguments in URLs stay where they are
--- config
location = /ws {
    convrelay;
    convrelay_tool  get '{"parameters":{"type":"object","properties":{"the-day":{"type":"string"}}}}' uri=/tools/get method=GET;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /tools/get {
    internal;
    include           $TEST_NGINX_ROOT/conf-examples/convrelay_tool.conf;
    proxy_set_header  X-Day $convrelay_value_the_day;
    proxy_pass        http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm/$convrelay_arg_the_day;
}
location /crm/ {
    content_by_lua_block {
        ngx.print(ngx.var.request_method, " ", ngx.var.request_uri, " ",
                  ngx.req.get_headers()["X-Day"], " ",
                  ngx.req.get_headers()["X-Twilio-Signature"] or "-", " ",
                  ngx.req.get_headers()["Authorization"] or "-")
    }
}
--- llm
location / {
    content_by_lua_block {
        local cjson = require "cjson"
        require "convrelay_llm".agent(setmetatable({}, { __index =
            function(_, text)
                if text:sub(1, 1) == "!" then
                    return { { "get", cjson.encode{ ["the-day"] =
                               cjson.decode('"' .. text:sub(2) .. '"') } } }
                end
            end }))
    }
}
--- call
local call = dial("/ws", { headers = { "Authorization: Basic Y2FsbGVy" } })
call.mute = true
call:setup()
for _, day in ipairs{ "Mon", "a b&c=d?e#f", "../../admin", "a/..", "%2e%2e/",
                      "\\r\\nX-Evil: 1", "http://evil/" } do
    call:prompt("!" .. day)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
GET /crm/Mon Mon - -
GET /crm/a%20b%26c%3Dd%3Fe%23f a b&c=d?e#f - -
GET /crm/%252E%252E%2F%252E%252E%2Fadmin ../../admin - -
GET /crm/a%2F%252E%252E a/.. - -
GET /crm/%252e%252e%2F %2e%2e/ - -
GET /crm/%0D%0AX-Evil%3A%201 X-Evil: 1 - -
GET /crm/http%3A%2F%2Fevil%2F http://evil/ - -



=== TEST 5: what is not a call of a tool is answered, and the last round is the end
--- config
location = /ws {
    convrelay;
    convrelay_tool             get '{}' uri=/tools/get;
    convrelay_max_tool_rounds  3;
    convrelay_error_message    "Sorry.";
    proxy_pass                 http://llm/v1/chat/completions;
}
location = /tools/get { internal; return 200 "again"; }
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local cjson = require "cjson"
        local request = cjson.decode(llm.body())
        local last = request.messages[#request.messages]
        llm.note((request.tool_choice or "auto") .. " "
                 .. (last.role == "tool" and last.content or "-"))
        if last.content == "Loop" or last.content == "again" then
            return llm.calls{ { "get" } }
        end
        llm.agent{
            ["Fake"] = { { "fake" } },
            ["List"] = { { "get", "[1]" } },
            ["Broken"] = { { "get", '{"a":' } },
            ["Nothing"] = { { "get", "" } }
        }
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, text in ipairs{ "Fake", "List", "Broken", "Loop" } do
    call:prompt(text)
    ngx.say((call:answer()))
end
call:hangup()
for line in require "convrelay_llm".notes():gmatch("[^\n]+") do
    if line:sub(1, 1) ~= "{" then
        ngx.say(line)
    end
end
--- response_body
{"ok":false,"error":"NOT done: there is no tool \"fake\"; the tools are: get"}
{"ok":false,"error":"NOT done: the arguments are not a JSON object"}
{"ok":false,"error":"NOT done: the arguments are not valid JSON"}
Sorry.
auto -
auto {"ok":false,"error":"NOT done: there is no tool \"fake\"; the tools are: get"}
auto -
auto {"ok":false,"error":"NOT done: the arguments are not a JSON object"}
auto -
auto {"ok":false,"error":"NOT done: the arguments are not valid JSON"}
auto -
auto again
none again
--- error_log
LLM calls tools in the last request of a turn, which are not run



=== TEST 6: what the service's headers ask of nginx is not done
--- config
location = /ws {
    convrelay;
    convrelay_tool  get '{}' uri=/tools/get;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /tools/get {
    internal;
    proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm/get;
}
location = /secret { internal; return 200 "secret"; }
location /crm/ {
    content_by_lua_block {
        ngx.header["X-Accel-Redirect"] = "/secret"
        ngx.header["X-Accel-Limit-Rate"] = "1"
        ngx.print("mine")
    }
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{ ["Get"] = { { "get" } } }
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Get")
ngx.say((call:answer()))
call:hangup()
--- response_body
mine
--- no_error_log
[error]



=== TEST 7: calls that are written as text are not spoken: names and parameters
--- config
location = /ws {
    convrelay;
    convrelay_tool  first '{"parameters":{"properties":{"day":{},"hour":{}}}}' uri=/tools/get;
    convrelay_tool  get '{"parameters":{"properties":{"city":{}}}}' uri=/tools/get;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /tools/get { internal; return 200 "mine"; }
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local cjson = require "cjson"
        local messages = cjson.decode(llm.body()).messages
        llm.say(messages[#messages].content)
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()
for _, text in ipairs{ 'Sure. {"town": 1}', 'Sure. {"day": 1}',
                       'Sure. {"hour": 1}', 'Sure. {"city": 1}',
                       'Sure. first(1)', 'Sure. get(1)', 'Sure. got(1)' } do
    call:prompt(text)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
Sure. {"town": 1}
Sure. 
Sure. 
Sure. 
Sure. 
Sure. 
Sure. got(1)
--- error_log
LLM wrote a tool call into its text, which is not spoken



=== TEST 8: a call that breaks off is a failure, not one that nobody expected
--- config
location = /ws {
    convrelay;
    convrelay_error_message  "Sorry.";
    convrelay_tool           hours '{}' uri=/tools/hours;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/hours { internal; return 200 "mine"; }
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.stream()
        ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":[',
                  '{"index":0,"id":"c1","type":"function","function":',
                  '{"name":"hours","arguments":"{"}}]}}]}\n\n')
        ngx.flush(true)
        ngx.exit(444)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Open?")
call:hangup()
--- response_body
> setup
> prompt "Open?"
< "Sorry."
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 
--- no_error_log
which is not handled
[alert]



=== TEST 9: what an action of a tool lacks is in the tool's result
--- config
location = /ws {
    convrelay;
    convrelay_tool  press '{}';
    convrelay_on    tool press send_digits "$convrelay_value_keys";
    proxy_pass      http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".agent{
            ["Press nothing"] = { { "press", '{}' } },
            ["Press one"]     = { { "press", '{"keys":"one"}' } }
        }
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup()
for _, text in ipairs{ "Press nothing", "Press one" } do
    call:prompt(text)
    ngx.say((call:answer()))
end
call:hangup()
--- response_body
{"ok":false,"error":"NOT done: \"send_digits\" has no digits"}
{"ok":false,"error":"NOT done: \"send_digits\" has characters other than digits, \"*\", \"#\" and \"w\" (a half-second pause)"}
--- error_log
"send_digits" of "convrelay_on tool" has characters other than digits
