# A prompt becomes a request to the LLM, its answer is spoken.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: the conversation goes out, the answer comes back and is kept
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "Be brief.";
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"

        llm.note(llm.body())
        llm.say("Fine", ", ", "thanks.")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("How are you?")
call:tokens()
call:ask(' "Good"\\\n ')
call:hangup()
ngx.say(require "convrelay_llm".notes())
--- response_body
> setup
> prompt "How are you?"
< "Fine"
< ", "
< "thanks."
< "" last
> prompt " \"Good\"\\\n "
< "Fine, thanks."
> close 1000
< close 1000
{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"How are you?"}]}
{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"How are you?"},{"role":"assistant","content":"Fine, thanks."},{"role":"user","content":"\"Good\"\\"}]}



=== TEST 2: the LLM gets the URI of proxy_pass and no header of the caller
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions?api-version=1;
    proxy_http_version       1.1;
    proxy_set_header         Connection "";
    proxy_set_header         Host api.example.com;
    proxy_set_header         Authorization "Bearer sk-operator";
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.request(), llm.body())
    }
}
--- call
local call = dial("/ws?token=secret", { headers = {
    "X-Twilio-Signature: c2lnbmF0dXJl", "Authorization: Basic Y2FsbGVy",
    "Cookie: a=b", "Origin: https://localhost", "X-Api-Key: caller",
    "Sec-WebSocket-Protocol: chat", "Accept: text/html", "Range: bytes=0-1",
    "User-Agent: TwilioProxy/1.1", "If-None-Match: x"
} })
call.mute = true
call:setup()
call:prompt("Hi")
ngx.print((call:answer()))
call:hangup()
--- response_body chomp
POST /v1/chat/completions?api-version=1 HTTP/1.1
Host: api.example.com
Authorization: Bearer sk-operator
Content-Length: 81
Content-Type: application/json
Accept: text/event-stream, application/json
Accept-Encoding: identity
User-Agent: convrelay

{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}



=== TEST 3: request fields stand beside model and messages
--- config
location = /ws {
    convrelay;
    convrelay_model          "gpt \"$convrelay_parameter_size\"";
    convrelay_system_prompt  "";
    convrelay_request_field  temperature 0.5;
    convrelay_request_field  stop '["x", "y"]';
    convrelay_request_field  metadata '{"caller": "$convrelay_from"}';
    convrelay_request_field  max_completion_tokens $convrelay_parameter_max;
    convrelay_request_field  user $convrelay_parameter_user;
    convrelay_request_field  lang $convrelay_lang;
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.body())
    }
}
--- call
local call = dial("/ws")
call.mute = true
call:setup{ customParameters = { size = 'a"b', max = "300", user = "Ann" } }
ngx.say((call:ask("Hi")))
call:hangup()
--- response_body
{"model":"gpt \"a\"b\"","stream":true,"temperature":0.5,"stop":["x", "y"],"metadata":{"caller": "+15550100001"},"max_completion_tokens":300,"user":"Ann","lang":"en-US","messages":[{"role":"user","content":"Hi"}]}



=== TEST 4: a caller's parameter cannot inject into a request field
--- config
location = /ws {
    convrelay;
    convrelay_model          $convrelay_parameter_x;
    convrelay_system_prompt  "x: $convrelay_parameter_x";
    convrelay_request_field  quoted '{"a": "<$convrelay_parameter_x>"}';
    convrelay_request_field  bare '[$convrelay_parameter_x, 1]';
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        local body = cjson.decode(llm.body())
        local names = {}

        for name in pairs(body) do
            names[#names + 1] = name
        end

        table.sort(names)

        llm.say(table.concat(names, " "), "|", body.model, "|",
                body.quoted.a, "|", type(body.bare[1]), "|",
                tostring(body.bare[1]), "|", tostring(#body.bare), "|",
                llm.messages())
    }
}
--- call
local function try(x)
    local call = dial("/ws")
    call.mute = true
    call:setup{ customParameters = { x = x } }
    ngx.say((call:ask("Hi")))
    call:hangup()
end

try('"},"evil":{"b":"')
try('0],"evil":[0')
try('\\')
try('$convrelay_from')
try('1e5')
try('-1.5')
try('true')
try('01')
--- response_body
bare messages model quoted stream|"},"evil":{"b":"|<"},"evil":{"b":">|string|"},"evil":{"b":"|2|system: x: "},"evil":{"b":"
user: Hi
bare messages model quoted stream|0],"evil":[0|<0],"evil":[0>|string|0],"evil":[0|2|system: x: 0],"evil":[0
user: Hi
bare messages model quoted stream|\|<\>|string|\|2|system: x: \
user: Hi
bare messages model quoted stream|$convrelay_from|<$convrelay_from>|string|$convrelay_from|2|system: x: $convrelay_from
user: Hi
bare messages model quoted stream|1e5|<1e5>|string|1e5|2|system: x: 1e5
user: Hi
bare messages model quoted stream|-1.5|<-1.5>|number|-1.5|2|system: x: -1.5
user: Hi
bare messages model quoted stream|true|<true>|boolean|true|2|system: x: true
user: Hi
bare messages model quoted stream|01|<01>|string|01|2|system: x: 01
user: Hi



=== TEST 5: system prompt: a default, a file, and a file chosen by a map
--- http_config
map $convrelay_to $persona {
    +1       bob;
    +2       broken;
    +3       missing;
    default  ann;
}
--- config
location = /default {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /file {
    convrelay;
    convrelay_system_prompt_file  ../html/ann.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
location = /map {
    convrelay;
    convrelay_system_prompt_file  ../html/$persona.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
location = /full {
    convrelay;
    convrelay_system_prompt_file  $document_root/$persona.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
location = /directory {
    convrelay;
    convrelay_system_prompt_file  ../html/$convrelay_parameter_none;
    proxy_pass                    http://llm/v1/chat/completions;
}
--- user_files eval
">>> ann.txt\n\xef\xbb\xbfYou sell tea, \$5 a pound.\n\n\"Really\" {now}.\n\n"
. ">>> bob.txt\nYou are Bob.\r\n>>> broken.txt\nbad \xff\n"
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.messages())
    }
}
--- call
local function try(path, to)
    local call = dial(path)
    call.mute = true
    call:setup{ to = to }
    call:prompt("Hi")
    call.mute = false
    call:answer()
    call:drop()
end

try("/default")
try("/file")
try("/map", "+1")
try("/map", "+9")
try("/full", "+1")
try("/map", "+2")
try("/map", "+3")
try("/directory")
--- response_body
< "system: You are a helpful assistant on the phone. What you say is turned into speech, so answer with care and keep it short. Spell out all numbers, for example twenty and not 20. Do not use emoji, bullet points, asterisks or other special symbols.\nuser: Hi"
> drop
< "system: You sell tea, $5 a pound.\n\n\"Really\" {now}.\nuser: Hi"
> drop
< "system: You are Bob.\nuser: Hi"
> drop
< "system: You sell tea, $5 a pound.\n\n\"Really\" {now}.\nuser: Hi"
> drop
< "system: You are Bob.\nuser: Hi"
> drop
< "" close 1011 no system prompt
> drop
< "" close 1011 no system prompt
> drop
< "" close 1011 no system prompt
> drop
--- error_log eval
[q{"../html/$persona.txt" is not UTF-8 at byte 4},
 qr/system prompt file "[^"]*\$persona.txt" \(2: No such file/,
 qr/\[error\].*parameter_none" is not a regular file of at most/]
--- no_error_log
missing.txt
[emerg]



=== TEST 6: partial prompts, empty ones and repeated ones are not answered
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
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
call:setup()
call:prompt("How", false)
call:prompt("How is", false)
call:prompt("")
call:prompt(" \n\t ")
call:prompt("... ?!")
call:send('{"type":"prompt"}')
call:send('{"type":"prompt","voicePrompt":null,"last":true}')
call:send('{"type":"prompt","voicePrompt":["x"],"last":true}')
call:quiet(60)
call:prompt("How is it?")
call:ask("How is it?")
call:quiet(60)
call:hangup()
--- response_body
> setup
> prompt "How" ...
> prompt "How is" ...
> prompt ""
> prompt " \n\t "
> prompt "... ?!"
> prompt "How is it?"
> prompt "How is it?"
< "user: How is it?"
> close 1000
< close 1000



=== TEST 7: a new prompt cancels the answer and keeps what was said of it
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    lua_check_client_abort  on;
    lua_http10_buffering    off;

    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if said:find("again") then
            llm.say(said)
            return
        end

        ngx.on_abort(function()
            llm.note("closed")
            ngx.exit(499)
        end)

        llm.stream()

        for i = 1, 1000 do
            llm.token(" " .. i)

            if i > 2 then
                ngx.sleep(0.3)
            end
        end
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(3)
call:prompt("Count again")
call:read(3)
call:quiet(50)
ngx.say(require "convrelay_llm".notes(1))
call:hangup()
--- response_body
> setup
> prompt "Count"
< " 1"
< " 2"
< " 3"
> prompt "Count again"
< "" last
< "user: Count\nassistant:  1 2 3\nuser: Count again"
< "" last
closed
> close 1000
< close 1000



=== TEST 8: a prompt before the first token of an answer leaves nothing of it
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if not said:find("three") then
            ngx.sleep(1)
        end

        llm.say(said)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("one")
call:prompt("two")
call:ask("three")
call:quiet(50)
call:hangup()
--- response_body
> setup
> prompt "one"
> prompt "two"
> prompt "three"
< "user: one\ntwo\nthree"
> close 1000
< close 1000



=== TEST 9: proxy_pass without a path is said once the LLM has refused it
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm;
}

location = /v1/chat/completions {
    convrelay;
    proxy_pass  http://llm;
}
--- llm
location / {
    return 404;
}

location = /v1/chat/completions {
    convrelay_mock_llm first=0 interval=0 answer=repeat;
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()

call = dial("/v1/chat/completions")
call:setup()
call:ask("Same name.")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "I ran into a temporary issue while generating a response."
> close 1000
< close 1000
> setup
> prompt "Same name."
< "Same name."
> close 1000
< close 1000
--- error_log
the LLM was sent "/ws", the name of the location, as its URI: "proxy_pass" has no path, write the whole URL of the LLM
--- no_error_log
the LLM was sent "/v1/chat/completions"



=== TEST 10: a prompt of any length and all characters survives
--- config
location = /ws {
    convrelay;
    convrelay_max_message_size  128k;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        local messages = cjson.decode(llm.body()).messages

        llm.say(messages[#messages].content)
    }
}
--- call
local call = dial("/ws", { mute = true })
local all = { "é€😀<>&\"\\/" }

for i = 1, 31 do
    all[#all + 1] = string.char(i)
end

local text = table.concat(all) .. ("word "):rep(12000) .. "end"

call:setup()
ngx.say(call:ask(text) == text)
ngx.say(call:ask(text .. "!") == text .. "!")
call:hangup()
--- response_body
true
true



=== TEST 11: one request field twice
--- config
location = /ws {
    convrelay;
    convrelay_request_field  a 1;
    convrelay_request_field  a 2;
    proxy_pass               http://llm/v1/chat/completions;
}
--- must_die
--- error_log
duplicate request field "a"



=== TEST 12: a request field that is not JSON
--- config
location = /ws {
    convrelay;
    convrelay_request_field  a "{x: 1}";
    proxy_pass               http://llm/v1/chat/completions;
}
--- must_die
--- error_log
request field "a"



=== TEST 13: a request field that is ours
--- config
location = /ws {
    convrelay;
    convrelay_request_field  messages "[]";
    proxy_pass               http://llm/v1/chat/completions;
}
--- must_die
--- error_log
request field "messages"



=== TEST 14: a digit after "$" in a phrase
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "Tea is $5 a pound.";
    proxy_pass               http://llm/v1/chat/completions;
}
--- must_die
--- error_log
convrelay_system_prompt_file



=== TEST 15: a system prompt file that does not exist
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt_file  none.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
--- must_die
--- error_log
conf/none.txt" (2: No such file or directory)



=== TEST 16: a system prompt and a file of it
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt       "x";
    convrelay_system_prompt_file  none.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"convrelay_system_prompt" and "convrelay_system_prompt_file" are mutually exclusive
