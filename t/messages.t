# Messages besides setup, prompt and interrupt, and what is none.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls('llm.talk{ "Hello." }');

run_tests();

__DATA__

=== TEST 1: dtmf and info are understood and answered by nothing
--- call
local call = dial("/ws")
call:dtmf("0")
call:setup()
call:dtmf("1")
call:dtmf("#")
call:send('{"type":"dtmf"}')
call:send('{"type":"dtmf","digit":1}')
call:send('{"type":"info","name":"clientSpeaking","value":"on"}')
call:send('{"type":"info","name":"roundTripDelayMs","value":"120"}')
call:send('{"type":"info"}')
call:quiet(50)
call:ask("Eh?")
call:hangup()
--- response_body
> dtmf 0
> setup
> dtmf 1
> dtmf #
> prompt "Eh?"
< "user: Eh?"
> close 1000
< close 1000
--- error_log
websocket
--- no_error_log
convrelay: client
[error]



=== TEST 2: an error of Twilio is logged by its code, its words are not
--- call
local call = dial("/ws")
call:setup()
call:send('{"type":"error","description":"Invalid message received, '
          .. 'code: 64107, {the secret words}"}')
call:send('{"type":"error"}')
call:quiet(50)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Eh?"
< "user: Eh?"
> close 1000
< close 1000
--- error_log
convrelay: client reported an error: "64107"
--- no_error_log
the secret words



=== TEST 3: unknown types are ignored, the first of a call is logged
--- call
local call = dial("/ws")
call:send('{"type":"one\\nline"}')
call:send('{"type":"two"}')
call:setup()
call:send('{"type":"three","token":[{}]}')
call:send('{"type":"SETUP"}')
call:send('{"type":""}')
call:quiet(50)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Eh?"
< "user: Eh?"
> close 1000
< close 1000
--- grep_error_log eval: qr/convrelay: client[^,]*?"[^"]*"/
--- grep_error_log_out
convrelay: client sent a message of unknown type: "one line"
--- error_log
message of unknown type
--- no_error_log
[warn]
[error]



=== TEST 4: what is not a message is ignored with a log line, the call goes on
--- call
local function try(...)
    local call = dial("/ws", { mute = true })
    call:setup()

    for _, text in ipairs{ ... } do
        call:send(text)
    end

    call.mute = false
    call:ask("Eh?")
    call:drop()
end

try('')
try('hello')
try('[]')
try('"setup"')
try('null')
try('{}')
try('{"type":1}')
try('{"type":null}')
try('{"type":"prompt","voicePrompt":"lost"')
try('{"type":"prompt"}{"type":"prompt"}')
try(('['):rep(30000), '', '[]')
--- response_body eval
qq{> prompt "Eh?"\n< "user: Eh?"\n> drop\n} x 11
--- grep_error_log eval: qr/client sent message that[^,]*, ignored/
--- grep_error_log_out
client sent message that is not valid JSON, ignored
client sent message that is not valid JSON, ignored
client sent message that is not a JSON object, ignored
client sent message that is not a JSON object, ignored
client sent message that is not a JSON object, ignored
client sent message that has no string "type", ignored
client sent message that has no string "type", ignored
client sent message that has no string "type", ignored
client sent message that is not valid JSON, ignored
client sent message that has bytes after its end, ignored
client sent message that is nested too deep, ignored
--- error_log
client sent message that
convrelay: client sent invalid message (lines left out: 2)
--- no_error_log
[warn]
[error]
lost



=== TEST 5: fields may be missing, null, or of a wrong type
--- call
local function try(prompt)
    local call = dial("/ws", { mute = true })
    call:send('{"type":"setup","callSid":12,"from":null,"to":[],'
              .. '"customParameters":"none","sessionId":true}')
    call:send(prompt)
    ngx.say((call:answer()))
    call:ask("Hi")
    call:send('{"type":"interrupt","utteranceUntilInterrupt":5,'
              .. '"durationUntilInterruptMs":-1e300}')
    ngx.say((call:ask("Eh?"):gsub("\n", "|")))
    call:hangup()
end

try('{"voicePrompt":"Eh?","lang":7,"last":true,"new":{"a":[]},"type":"prompt"}')
try('{"type":"prompt","voicePrompt":"Eh?","last":null}')
try('{"type":"prompt","voicePrompt":"Eh?","last":"false"}')
try('{"type":"prompt","voicePrompt":"Eh?"}')
--- response_body eval
"user: Eh?
user: Eh?|assistant: user: Eh?|user: Hi|assistant: Hello.|user: Eh?
" x 4



=== TEST 6: strings with NUL and lone surrogates are cleaned, not refused
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:send([[{"type":"prompt","voicePrompt":"a\u0000b\ud83dc"}]])
call:answer()
ngx.say((call:ask("Eh?")))
call:hangup()
--- response_body eval
"user: ab\xef\xbf\xbdc
assistant: Hello.
user: Eh?
"
