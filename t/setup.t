# The setup message: what it tells is there for nginx's variables.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: fields of setup are variables for the LLM and the access log
--- http_config
log_format  call  '$status $convrelay_call_sid $convrelay_session_id '
                  '$convrelay_account_sid $convrelay_from $convrelay_to '
                  '$convrelay_direction "$convrelay_parameter_plan"';
--- config
location = /ws {
    convrelay;
    convrelay_request_field  user "$convrelay_from";

    access_log        logs/call.log call;
    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  X-Call "$convrelay_call_sid $convrelay_session_id";
    proxy_set_header  X-Numbers "$convrelay_from $convrelay_to";
    proxy_set_header  X-More "$convrelay_account_sid $convrelay_direction";
    proxy_set_header  X-Plan $convrelay_parameter_plan;
}
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        local h = ngx.req.get_headers()

        llm.say(h.x_call, "; ", h.x_numbers, "; ", h.x_more, "; ", h.x_plan,
                "; ", cjson.decode(llm.body()).user)
    }
}
--- call
local call = dial("/ws")
call:setup{ callSid = "CA1", sessionId = "VX1", accountSid = "AC1",
            from = "+15550001111", to = "+15550002222",
            customParameters = { plan = "gold" } }
call:ask("Hi")
call:hangup()
ngx.say(require "convrelay_llm".log("call.log", 1))
--- response_body
> setup
> prompt "Hi"
< "CA1 VX1; +15550001111 +15550002222; AC1 inbound; gold; +15550001111"
> close 1000
< close 1000
101 CA1 VX1 AC1 +15550001111 +15550002222 inbound "gold"



=== TEST 2: less usual fields are variables, too, missing and null ones empty
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt
        "$convrelay_parent_call_sid|$convrelay_forwarded_from|$convrelay_caller_name|$convrelay_call_type|$convrelay_call_status|$convrelay_parameter_none|";

    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=history
--- call
local function try(message)
    local call = dial("/ws")
    call:send(message)
    call.mute = true
    ngx.say(call:ask("Hi"):match('"content":"(.-)"'))
    call:hangup()
end

try('{"type":"setup","parentCallSid":"CA0","forwardedFrom":"+1555",'
    .. '"callerName":"Ann","callType":"PSTN","callStatus":"RINGING"}')
try('{"type":"setup","parentCallSid":null,"forwardedFrom":5,'
    .. '"callerName":{},"callType":[],"customParameters":null,"new":[1]}')
try('{"type":"setup"}')
--- response_body
CA0|+1555|Ann|PSTN|RINGING||
||||||
||||||



=== TEST 3: a map chooses by the number that was called
--- http_config
map $convrelay_to $greeter {
    +15550000001  "You are Ann.";
    +15550000002  "You are Bob.";
    default       "You are nobody.";
}
map $convrelay_to $model {
    +15550000001  large;
    default       small;
}
--- config
location = /ws {
    convrelay;
    convrelay_model          $model;
    convrelay_system_prompt  $greeter;

    proxy_pass  http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        llm.say(cjson.decode(llm.body()).model, ": ", llm.messages())
    }
}
--- call
for i = 1, 3 do
    local call = dial("/ws")
    call:setup{ to = "+1555000000" .. i }
    call:ask("Hi")
    call:drop()
end
--- response_body
> setup
> prompt "Hi"
< "large: system: You are Ann.\nuser: Hi"
> drop
> setup
> prompt "Hi"
< "small: system: You are Bob.\nuser: Hi"
> drop
> setup
> prompt "Hi"
< "small: system: You are nobody.\nuser: Hi"
> drop



=== TEST 4: a map evaluated before setup is evaluated again, "set" stays
--- http_config
map $convrelay_to $who {
    ""       unknown;
    default  "number $convrelay_to";
}
map $convrelay_to $warning {
    ""       "You do not know the number.";
    default  "";
}
--- config
location = /ws {
    set  $at_handshake "$who: $warning";

    convrelay;
    convrelay_system_prompt  "$who, $at_handshake, $arg_shop.$warning";

    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=history
--- call
local call = dial("/ws?shop=a")
call:setup{ to = "+1555" }
call:ask("Hi")
call:drop()
--- response_body
> setup
> prompt "Hi"
< "[{\"role\":\"system\",\"content\":\"number +1555, unknown: You do not know the number., a.\"},{\"role\":\"user\",\"content\":\"Hi\"}]"
> drop



=== TEST 5: custom parameters: text, numbers and bools, case ignored
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "$convrelay_parameter_text|$convrelay_parameter_number|$convrelay_parameter_float|$convrelay_parameter_yes|$convrelay_parameter_list|$convrelay_parameter_null|";

    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=history
--- call
local call = dial("/ws")
call:send('{"type":"setup","customParameters":{"Text":"caf\\u00e9 \\"x\\"",'
          .. '"number":42,"float":1.5,"yes":true,"list":[1],"null":null}}')
call:ask("Hi")
call:drop()
--- response_body
> prompt "Hi"
< "[{\"role\":\"system\",\"content\":\"café \\\"x\\\"|42|1.5|true|||\"},{\"role\":\"user\",\"content\":\"Hi\"}]"
> drop



=== TEST 6: a prompt and an interrupt before setup are ignored
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:prompt("too early")
call:interrupt("too early")
call:quiet(50)
call:setup()
call:ask("in time")
call:hangup()
--- response_body
> prompt "too early"
> interrupt "too early"
> setup
> prompt "in time"
< "in time"
> close 1000
< close 1000
--- error_log
convrelay: client sent prompt before setup
convrelay: client sent interrupt before setup
--- no_error_log
[error]



=== TEST 7: setup again for the same call is ignored, the first one counts
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "$convrelay_from";
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.messages())
    }
}
--- call
local call = dial("/ws")
call:setup{ callSid = "CA1", from = "+1" }
call:ask("one")
call:setup{ callSid = "CA1", from = "+2" }
call:ask("two")
call:hangup()
--- response_body
> setup
> prompt "one"
< "system: +1\nuser: one"
> setup
> prompt "two"
< "system: +1\nuser: one\nassistant: system: +1\nuser: one\nuser: two"
> close 1000
< close 1000
--- error_log
convrelay: client sent setup again
--- no_error_log
[error]



=== TEST 8: setup of another call closes this one
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=count interval=1s
--- call
local call = dial("/ws")
call:setup{ callSid = "CA1" }
call:prompt("Hi")
call:read(1)
call:setup{ callSid = "CA2" }
call:finish()
--- response_body
> setup
> prompt "Hi"
< " 1"
> setup
< close 1008 client sent setup of another call
--- error_log
convrelay: client sent setup of another call
--- no_error_log
[error]



=== TEST 9: setup may come with the handshake
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws", {
    early = frame{ payload = '{"type":"setup","callSid":"CA1"}' }
            .. frame{ payload = '{"type":"prompt","voicePrompt":"Hi"}' }
})
call:answer()
call:hangup()
--- response_body
< "Hi"
> close 1000
< close 1000



=== TEST 10: nothing in setup can end a header of the request, or a log line
--- http_config
log_format  told  escape=none '$status [$convrelay_from]';
--- config
location = /ws {
    convrelay;
    access_log        logs/told.log told;
    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  X-From $convrelay_from;
    proxy_set_header  X-Plan $convrelay_parameter_plan;
    proxy_set_header  X-Lang $convrelay_lang;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local h = ngx.req.get_headers()

        llm.say("[", h.x_from, "] [", h.x_plan, "] [", h.x_lang, "] ",
                h.x_more or "no more")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup{ callSid = "CA1", from = "+1\r\nX-More: yes\r\n\r\nGET",
            customParameters = { plan = "a\27[1m\127\nX-More: yes" } }
call:send{ type = "prompt", voicePrompt = "Hi", lang = "en\nX-More: yes" }
call.mute = false
call:answer()
call:hangup()
ngx.say(require "convrelay_llm".log("told.log", 1))
--- response_body
< "[+1  X-More: yes    GET] [a [1m  X-More: yes] [en X-More: yes] no more"
> close 1000
< close 1000
101 [+1  X-More: yes    GET]



=== TEST 11: "_" in a variable's name stands for "-", "." and blank, the exact name first
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "$convrelay_parameter_order_id|$convrelay_parameter_first_name|$convrelay_parameter_a_b|$convrelay_parameter_x_y|$convrelay_parameter_convrelay_ticket|";

    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=history
--- call
local call = dial("/ws")
call:send('{"type":"setup","customParameters":{"order-id":"12",'
          .. '"first name":"Ann","a.b":"dot","a_b":"exact","x+y":"none"}}')
call:ask("Hi")
call:drop()
--- response_body
> prompt "Hi"
< "[{\"role\":\"system\",\"content\":\"12|Ann|exact|||\"},{\"role\":\"user\",\"content\":\"Hi\"}]"
> drop



=== TEST 12: an error line about the LLM has nothing of it in the URI
--- config
location = /ws {
    convrelay;
    proxy_pass  http://127.0.0.1:1/$convrelay_from/$convrelay_caller_name/v1;
}
location = /fixed {
    convrelay;
    proxy_pass  http://127.0.0.1:1/v1/chat/completions;
}
--- call
for _, path in ipairs{ "/ws", "/fixed" } do
    local call = dial(path, { mute = true })
    call:setup{ from = "+15550001111", callerName = "Ann Somebody" }
    call:ask("Hi")
    call:hangup()
end
--- response_body
--- error_log eval
my $connect = 'connect\(\) failed .* request: "GET';
(qr{$connect /ws HTTP/1\.1", host: "localhost[^"]*", subrequest: "/ws", upstream: "http://127\.0\.0\.1:1"$},
 qr{$connect /fixed HTTP/1\.1", .*upstream: "http://127\.0\.0\.1:1/v1/chat/completions"$})
--- no_error_log eval
map { qr/\[error\].*$_/ } "0001111", "Somebody"



=== TEST 13: what a caller chooses stays in its place in a URL
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/$convrelay_url_from/$convrelay_url_caller_name/$convrelay_url_parameter_p?a=$convrelay_URL_parameter_p&b=$convrelay_url_url_to&c=$convrelay_url_none;
}
location = /raw {
    convrelay;
    proxy_pass  http://llm/$convrelay_caller_name;
}
--- llm
location / {
    content_by_lua_block {
        require("convrelay_llm").talk{ "[", ngx.var.request_uri, "]" }
    }
}
--- call
local call = dial("/ws")
call:setup{ from = "sip:a@b;c?d/../e", to = "+1 2", callerName = "Ann B\r\nHost: x",
            customParameters = { p = ".." } }
call:ask("Hi")
call:drop()
for _, name in ipairs{ "Ann", "Ann HTTP/1.1", "Ann B" } do
    call = dial("/raw", { mute = true })
    call:setup{ callerName = name }
    call:ask("Hi")
    call:drop()
end
--- response_body
> setup
> prompt "Hi"
< "[\/sip%3Aa%40b%3Bc%3Fd%2F%252E%252E%2Fe\/Ann%20B%20%20Host%3A%20x\/%252E%252E?a=%252E%252E&b=%252B1%25202&c=]"
> drop
--- error_log
location "/raw" sends a request with a blank in its URI, which comes from a variable: write "$convrelay_url_NAME"
