# convrelay_context: what a location knows of a call before it begins.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.messages())
    }
}
_EOC_

    $block->set_value('config', <<_EOC_);
location = /ws {
    convrelay;
    convrelay_system_prompt  @{[$block->prompt // '"Prompt."']};
    convrelay_context        @{[$block->directive // '/context']};
    proxy_pass               http://llm/v1/chat/completions;
    proxy_set_header         Authorization "Bearer sk-llm";
    @{[$block->ws // '']}
}
location = /context {
    internal;
    @{[$block->context // '']}
}
@{[$block->more // '']}
_EOC_

    $block->set_value('call', <<'_EOC_') if !defined $block->call;
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("Hi")
ngx.say((call:answer()))
call:hangup()
_EOC_
});

our $certificate = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 \\
    -subj /CN=a -keyout - -out - 2>/dev/null`;

run_tests();

__DATA__

=== TEST 1: the request is the setup, without anything of the client and LLM
--- context
proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
--- directive: /context?x=$1
--- more
location = /crm {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note(llm.request():gsub("\n\n", "\n") .. llm.body())
        ngx.exit(204)
    }
}
--- call
local call = dial("/ws", { headers = { "Authorization: Basic x", "Cookie: a=b",
                                       "X-Twilio-Signature: s" } })
call.mute = true
call:setup{ callerName = "\"A\"\r\n", forwardedFrom = "+1",
            customParameters = { tenant = "b", ["a \""] = "1",
                                 Convrelay_ticket = "secret" } }
call:prompt("Hi")
call:answer()
call:hangup()
local cjson = require "cjson"
local head, json = require "convrelay_llm".notes():match("(.*)({\"callSid.*})")
head = head:gsub("127%S+", "host"):gsub("HTTP/1%.%d", "HTTP")
ngx.print((head:gsub("Length: %d+", "Length"):gsub("Connection.-\n", "")))
local body = cjson.decode(json)
ngx.say(json:sub(1, 54))
for _, name in ipairs{ "sessionId", "accountSid", "from", "to", "forwardedFrom",
                       "callerName", "direction", "callType", "callStatus",
                       "parentCallSid" } do
    ngx.say(name, ": ", cjson.encode(body[name]))
end
ngx.say(cjson.encode(body.customParameters.tenant),
        cjson.encode(body.customParameters['a "']),
        cjson.encode(body.customParameters.Convrelay_ticket))
--- response_body
POST /crm?x=$1 HTTP
Host: host
Content-Length
Content-Type: application/json
Accept: application/json, text/plain;q=0.9
Accept-Encoding: identity
User-Agent: convrelay
{"callSid":"CA00000000000000000000000000000001","sessi
sessionId: "VX00000000000000000000000000000001"
accountSid: "AC00000000000000000000000000000001"
from: "+15550100001"
to: "+15550100002"
forwardedFrom: "+1"
callerName: "\"A\"\r\n"
direction: "inbound"
callType: "PSTN"
callStatus: "RINGING"
parentCallSid: null
"b""1"null



=== TEST 2: an object: text for the prompt, and variables
--- prompt: "Prompt for $convrelay_context_name."
--- context
default_type  application/json;
return        200 '{"system":" Regular\n caller. ","variables":{"Name":"Ann\nB","last-order":17,"vip":true,"no":false,"rate":1.5e1,"gone":null},"more":[1]}';
--- ws
convrelay_on setup say "$convrelay_context_last_order $convrelay_context_VIP $convrelay_context_no $convrelay_context_rate ($convrelay_context_gone)";
--- call
local call = dial("/ws")
call:setup()
call:read(1)
call:ask("Hi")
call:hangup()
--- response_body
> setup
< "17 true false 1.5e1 ()" last
> prompt "Hi"
< "system: Prompt for Ann B.\n\nRegular\n caller.\nuser: (The call begins.)\nassistant: 17 true false 1.5e1 ()\nuser: Hi"
> close 1000
< close 1000



=== TEST 3: off, nothing is asked and the variables are empty
--- prompt: "Prompt for $convrelay_context_name."
--- directive: off
--- context
content_by_lua_block { require "convrelay_llm".note("asked") }
--- ws
convrelay_on setup say "<$convrelay_context_name>";
--- call
local call = dial("/ws")
call:setup()
call:read(1)
call:ask("Hi")
call:hangup()
ngx.print(require "convrelay_llm".notes())
--- response_body
> setup
< "<>" last
> prompt "Hi"
< "system: Prompt for .\nuser: (The call begins.)\nassistant: <>\nuser: Hi"
> close 1000
< close 1000



=== TEST 4: plain text
--- context
return  200 "\n Two lines\nof text. \n";
--- response_body
system: Prompt.

Two lines
of text.
user: Hi



=== TEST 5: text alone, where the prompt is empty
--- prompt: ""
--- context
return  200 "Text.";
--- response_body
system: Text.
user: Hi



=== TEST 6: nothing is known, which is not a failure
--- context
return  204;
--- response_body
system: Prompt.
user: Hi



=== TEST 7: an empty body is the same, whatever its type
--- context
default_type  image/png;
return        200 "\n";
--- response_body
system: Prompt.
user: Hi



=== TEST 8: control tokens and control characters do not reach the LLM
--- context
default_type  application/json;
content_by_lua_block {
    ngx.print('{"system":"a<|im_start|>b\\u0007c\\u0000d<\\u007ce\255",',
              '"variables":{"x":"<|end|>\\u0001"}}')
}
--- prompt: "Prompt $convrelay_context_x."
--- response_body eval
"system: Prompt < |end|> .\n\na< |im_start|>b cd< |e\x{ef}\x{bf}\x{bd}\nuser: Hi\n"



=== TEST 9: the caller's first words wait for it, in order
--- ws
convrelay_on setup say "First.";
--- context
content_by_lua_block {
    ngx.sleep(0.3)
    require "convrelay_llm".note("context")
    ngx.print("Text.")
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()
        llm.note("LLM")
        llm.say(said:find("Again") and "user: Hi" or said)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(1)
call:answer()
call:ask("Again")
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "First." last
< "system: Prompt.\n\nText.\nuser: (The call begins.)\nassistant: First.\nuser: Hi"
> prompt "Again"
< "user: Hi"
> close 1000
< close 1000
context
LLM
LLM
--- timeout: 10



=== TEST 10: bytes that came with the setup, and more than one read of them
--- context
content_by_lua_block {
    ngx.sleep(0.1)
    ngx.print("Text.")
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages():gsub("(x+)a", function(x)
            return #x .. " xa"
        end)
        llm.say(said)
    }
}
--- http_config
server {
    listen               127.0.0.1:$TEST_NGINX_PORT_2 ssl;
    ssl_certificate      ../html/cert.pem;
    ssl_certificate_key  ../html/cert.pem;

    location = /ws {
        convrelay;
        convrelay_system_prompt  "TLS.";
        convrelay_context        /context;
        proxy_pass               http://llm/v1/chat/completions;
    }
    location = /context {
        internal;
        content_by_lua_block {
            ngx.sleep(0.1)
            ngx.print("Text.")
        }
    }
}
--- user_files eval
">>> cert.pem\n" . $::certificate
--- call
for _, tls in ipairs{ false, true } do
    for _, n in ipairs{ 0, 100, 5000, 30000 } do
        local call = dial("/ws", tls and { port = $TEST_NGINX_PORT_2,
                                           tls = true } or {})
        call.mute = true
        local bytes = {}
        call.raw = function(_, data) bytes[#bytes + 1] = data end
        call:setup()
        call:prompt(("x"):rep(n) .. "a")
        call.raw = nil
        call:raw(table.concat(bytes))
        ngx.say(((call:answer():gsub("\n", "/"))))
        call:hangup()
    end
end
--- response_body
system: Prompt.//Text./user: a
system: Prompt.//Text./user: 100 xa
system: Prompt.//Text./user: 5000 xa
system: Prompt.//Text./user: 30000 xa
system: TLS.//Text./user: a
system: TLS.//Text./user: 100 xa
system: TLS.//Text./user: 5000 xa
system: TLS.//Text./user: 30000 xa



=== TEST 11: a failure: the call begins without it, one line is logged
--- directive: /context timeout=500ms
--- context
proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm/$convrelay_parameter_case?secret=1;
proxy_http_version  1.1;
--- more
location /crm/ {
    content_by_lua_block {
        local case = ngx.var.uri:match("[^/]+$")
        local json = "application/json"
        local answers = {
            missing = { 404, json, '{"system":"secret"}' },
            broken = { 500, json, '{"system":"secret"}' },
            moved = { 302, json, '{"system":"secret"}' },
            html = { 200, "text/html", "secret" },
            list = { 200, json, '["secret"]' },
            nonsense = { 200, json, '{"system":"secret"' },
            number = { 200, json, '{"system":17}' },
            pairs = { 200, json, '{"system":"secret","variables":["a"]}' },
            nested = { 200, json, '{"system":"secret","variables":{"a":{}}}' },
            long = { 200, "text/plain", ("secret"):rep(3000) },
            full = { 200, "text/plain", ("x"):rep(16384) },
            over = { 200, "text/plain", ("x"):rep(16385) }
        }
        if case == "slow" then
            ngx.say("secret")
            ngx.flush(true)
            ngx.sleep(2)
            return
        end
        if case == "cut" then
            return require "convrelay_llm".raw(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
                "Content-Length: 100\r\n\r\nsecret")
        end
        if case == "zipped" then
            ngx.header.content_encoding = "gzip"
        end
        if case == "accel" then
            ngx.header["X-Accel-Redirect"] = "/secret"
            return ngx.print("not redirected")
        end
        if case == "endless" then
            repeat
                ngx.print(("secret"):rep(1000))
            until not ngx.flush(true)
            return
        end
        local answer = answers[case] or { 200, "text/plain", "secret" }
        ngx.status = answer[1]
        ngx.header.content_type = answer[2]
        ngx.print(answer[3])
    }
}
location = /secret { internal; return 200 secret; }
--- call
for _, case in ipairs{ "missing", "broken", "moved", "html", "list",
                       "nonsense", "number", "pairs", "nested", "long",
                       "over", "slow", "cut", "zipped", "accel", "endless",
                       "full" } do
    local call = dial("/ws")
    call.mute = true
    call:setup{ customParameters = { case = case } }
    call:prompt("Hi")
    local said = call:answer():gsub("\n", "/")
    ngx.say(case, ": ", #said > 100 and #said or said)
    call:hangup()
end
--- response_body
missing: system: Prompt./user: Hi
broken: system: Prompt./user: Hi
moved: system: Prompt./user: Hi
html: system: Prompt./user: Hi
list: system: Prompt./user: Hi
nonsense: system: Prompt./user: Hi
number: system: Prompt./user: Hi
pairs: system: Prompt./user: Hi
nested: system: Prompt./user: Hi
long: system: Prompt./user: Hi
over: system: Prompt./user: Hi
slow: system: Prompt./user: Hi
cut: system: Prompt./user: Hi
zipped: system: Prompt./user: Hi
accel: system: Prompt.//not redirected/user: Hi
endless: system: Prompt./user: Hi
full: 16410
--- grep_error_log eval: qr/context "[^"]*" .*?, \d+ ms, the call begins without it/
--- grep_error_log_out eval
qr{^context "/context" failed, status: 404, \d+ ms, the call begins without it
context "/context" failed, status: 500, \d+ ms, the call begins without it
context "/context" failed, status: 302, \d+ ms, the call begins without it
context "/context" is neither "application/json" nor "text/plain", status: 200, \d+ ms, the call begins without it
context "/context" is not a JSON object, status: 200, \d+ ms, the call begins without it
context "/context" is not JSON, status: 200, \d+ ms, the call begins without it
context "/context" has a "system" that is not a string, status: 200, \d+ ms, the call begins without it
context "/context" has "variables" that are not an object, status: 200, \d+ ms, the call begins without it
context "/context" has a variable that is neither a string, a number nor a boolean, status: 200, \d+ ms, the call begins without it
context "/context" got an answer that is too large, status: 200, \d+ ms, the call begins without it
context "/context" got an answer that is too large, status: 200, \d+ ms, the call begins without it
context "/context" timed out, status: 200, [5-9]\d\d ms, the call begins without it
context "/context" got an answer that broke off, status: 200, \d+ ms, the call begins without it
context "/context" got an answer with a Content-Encoding, status: 200, \d+ ms, the call begins without it
context "/context" got an answer that is too large, status: 200, \d+ ms, the call begins without it
$}
--- error_log
without it
--- timeout: 20



=== TEST 12: the location cannot be reached, or has nothing
--- context
proxy_pass  http://127.0.0.1:$TEST_NGINX_PORT_7;
--- response_body
system: Prompt.
user: Hi
--- error_log eval
qr/context "\/context" failed, status: 502, \d+ ms, the call begins without it/



=== TEST 13: nothing of the answer is in the log
--- context
default_type  application/json;
return        200 '{"system":"secret one","variables":{"a":"secret two"}}';
--- log_level: info
--- no_error_log
secret
[error]
--- response_body
system: Prompt.

secret one
user: Hi



=== TEST 14: nor is a word of it, where the LLM's error repeats it
--- context
default_type  application/json;
return        200 '{"system":"Owes Edeltraud a call."}';
--- llm
location / {
    default_type  application/json;
    return        400 '{"error":{"message":"Unknown name: Edeltraud"}}';
}
--- log_level: info
--- response_body
I ran into a temporary issue while generating a response.
--- error_log
Unknown name: ***
--- no_error_log
Edeltraud



=== TEST 15: a caller who hangs up is not waited for
--- directive: /context timeout=10s
--- context
proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
--- more
location = /crm {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.on_abort(function()
            llm.note("closed")
            ngx.exit(499)
        end)
        llm.note("asked")
        ngx.sleep(9)
    }
}
--- call
local llm = require "convrelay_llm"
for _, close in ipairs{ false, true } do
    local call = dial("/ws")
    call.mute = true
    call:setup()
    call:prompt("Hi")
    ngx.say(llm.notes(1))
    if close then
        call:raw(frame{ opcode = "close", payload = "\3\232" })
    end
    call:drop()
    ngx.say(llm.notes(1))
end
--- response_body
asked
closed
asked
closed
--- log_level: info
--- grep_error_log eval: qr/client closed connection without a close frame/
--- grep_error_log_out
client closed connection without a close frame
--- no_error_log
[error]
--- timeout: 8



=== TEST 16: the longest time of a call goes on meanwhile
--- directive: /context timeout=10s
--- ws
convrelay_max_call_time  300ms;
convrelay_on call_too_long say "Too long.";
--- context
content_by_lua_block { ngx.sleep(5) }
--- call
local call = dial("/ws")
call:setup()
call:finish()
--- response_body
> setup
< close 1000 call is too long
--- error_log eval
qr/call is \d+ ms long, limit is 300 ms, closing/



=== TEST 17: a call that is closed meanwhile does not wait for it
--- directive: /context timeout=10s
--- ws
convrelay_max_call_time  300ms;
--- context
proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
--- more
location = /crm {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        ngx.on_abort(function()
            llm.note("closed")
            ngx.exit(499)
        end)
        llm.note("asked")
        ngx.sleep(9)
    }
}
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call:setup()
ngx.say(llm.notes(1))
call:read(1)
ngx.update_time()
local time = ngx.now()
call:raw(frame{ opcode = "close", payload = "\3\232" })
ngx.say(llm.notes(1))
ngx.update_time()
ngx.say(ngx.now() - time < 2 and "at once" or "late")
call.mute = true
call:drop()
--- response_body
> setup
asked
< close 1000 call is too long
closed
at once
--- error_log
limit is 300 ms, closing
--- timeout: 8



=== TEST 18: an event of the call's time comes after it
--- ws
convrelay_on call_time 100ms say "Time.";
convrelay_on setup say "Hello.";
--- context
content_by_lua_block { ngx.sleep(0.4) }
--- call
local call = dial("/ws")
call:setup()
call:read(2)
call:hangup()
--- response_body
> setup
< "Hello." last
< "Time." last
> close 1000
< close 1000



=== TEST 19: pings that cannot be answered do not end the call
--- directive: /context timeout=10s
--- ws
convrelay_ping_interval  100ms;
--- context
content_by_lua_block { ngx.sleep(0.8) ngx.print("Text.") }
--- call
local call = dial("/ws")
call.mute = true
call:setup()
call:prompt("Hi")
local pings = 0
local f
repeat
    f = call:frame_in()
    pings = pings + (f.opcode == "ping" and 1 or 0)
until f.opcode ~= "ping"
ngx.say(pings > 3, " ", f.payload)
call:drop()
--- response_body
true {"type":"text","token":"system: Prompt.\n\nText.\nuser: Hi","last":false}



=== TEST 20: where the setup is refused, nothing is asked
--- ws
convrelay_limit_calls  $convrelay_from 1;
--- http_config
convrelay_zone  calls 1m;
--- context
content_by_lua_block { require "convrelay_llm".note("asked") }
--- call
local one = dial("/ws")
one:setup()
one:ask("Hi")
local two = dial("/ws")
two:setup{ callSid = "CA2", sessionId = "VX2" }
two:finish()
one:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "Hi"
< "system: Prompt.\nuser: Hi"
> setup
< close 1008 too many calls
> close 1000
< close 1000
asked
--- error_log
too many calls



=== TEST 21: phrases, tools and fields know it, also after the call
--- context
default_type  application/json;
return        200 '{"variables":{"name":"Ann","shop":"12"}}';
--- ws
convrelay_tool           look '{}' uri=/look;
convrelay_request_field  user "\"$convrelay_context_name\"";
convrelay_silence        200ms;
convrelay_on silence     1 say "Are you there, $convrelay_context_name?";
--- more
location = /look {
    internal;
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("asked")
        ngx.sleep(0.3)
        llm.note("shop " .. ngx.var.convrelay_context_shop)
        ngx.print("shop " .. ngx.var.convrelay_context_shop)
    }
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if not llm.body():find('"user":"Ann"', 1, true) then
            return llm.say("no field")
        end
        llm.agent{ Look = { { "look" } } }
    }
}
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call:setup()
call:read(1)
call:ask("Look")
llm.notes()
call:prompt("Look")
llm.notes(2)
call:drop()
ngx.say(llm.notes(1))
--- response_body
> setup
< "Are you there, Ann?" last
> prompt "Look"
< "shop 12"
> prompt "Look"
> drop
shop 12



=== TEST 22: a map that a limit has evaluated before is evaluated again
--- http_config
map $convrelay_context_name $who {
    ""       nobody;
    ~^(A.*)  $1;
}
convrelay_zone  calls 1m;
--- ws
convrelay_limit_calls  $who 5;
--- prompt: "Prompt for $who."
--- context
default_type  application/json;
return        200 '{"variables":{"name":"Ann"}}';
--- response_body
system: Prompt for Ann.
user: Hi



=== TEST 23: a level inherits it, and replaces it or switches it off
--- directive: off
--- http_config
convrelay_context  /outer;
--- context
return  200 "Not asked.";
--- more
location = /outer { internal; return 200 "Outer."; }
location = /inner { internal; return 200 "Inner."; }
location = /ws/outer {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass  http://llm/v1/chat/completions;
}
location = /ws/inner {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_context  /inner timeout=1m;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
for _, path in ipairs{ "/ws", "/ws/outer", "/ws/inner" } do
    local call = dial(path)
    call.mute = true
    call:setup()
    call:prompt("Hi")
    ngx.say((call:answer():gsub("\n", "/")))
    call:hangup()
end
--- response_body
system: Prompt./user: Hi
system: Outer./user: Hi
system: Inner./user: Hi



=== TEST 24: a location that anyone can request
--- directive: /open
--- more
location = /open { return 200; }
--- must_die
--- error_log
anyone can request the location of "convrelay_context /open": add "internal;" to it



=== TEST 25: not in a condition, where its location would not be checked
--- ws
if ($arg_x) {
    convrelay_context  /context;
}
--- must_die
--- error_log
"convrelay_context" directive is not allowed here



=== TEST 26: a location that is not there
--- directive: /contxt?a=b
--- must_die
--- error_log
"convrelay_context /contxt" is handled by "location /", which anyone can request: add "location = /contxt { internal; ... }"



=== TEST 27: not a URI
--- directive: http://crm/context
--- must_die
--- error_log
invalid URI "http://crm/context" of "convrelay_context", write the URI of a location of this server, such as "/context", or "off"



=== TEST 28: a named location is not a URI
--- directive: @context
--- must_die
--- error_log
invalid URI "@context" of "convrelay_context"



=== TEST 29: not a time
--- directive: /context timeout=0
--- must_die
--- error_log
invalid "timeout=0" of "convrelay_context", write how long the beginning of a call may wait, as in "timeout=2s"



=== TEST 30: not an option
--- directive: /context retries=2
--- must_die
--- error_log
invalid "retries=2" of "convrelay_context"



=== TEST 31: twice
--- ws
convrelay_context off;
--- must_die
--- error_log
"convrelay_context" directive is duplicate



=== TEST 32: it belongs to a location as a whole, not to a condition
--- ws
if ($arg_x) {
    convrelay_context /context;
}
--- must_die
--- error_log
"convrelay_context" directive is not allowed here



=== TEST 33: a condition keeps the context of its location
--- prompt: "Prompt$convrelay_parameter_x."
--- context
return  200 "Text.";
--- ws
if ($arg_x) {
    set $y 1;
}
--- call
local call = dial("/ws?x=1")
call.mute = true
call:setup()
call:prompt("Hi")
ngx.say((call:answer()))
call:hangup()
--- response_body
system: Prompt.

Text.
user: Hi
