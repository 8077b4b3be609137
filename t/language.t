# The language of a call.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: $convrelay_lang is that of the last prompt, and follows a switch
--- on
convrelay_on  prompt "espa"  language es-ES say "Hola. ($convrelay_lang)";
convrelay_on  dtmf 9         say "$convrelay_lang";
--- call
local call = dial("/ws")
call:setup()
call:dtmf("9")
call:quiet(50)
call:prompt("Please")
call:answer()
call:dtmf("9")
call:read()
call:prompt("En espanol")
call:read(2)
call:hangup()
--- response_body
> setup
> dtmf 9
> prompt "Please"
< "user: Please"
> dtmf 9
< "en-US" last
> prompt "En espanol"
< {"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"es-ES"}
< "Hola. (es-ES)" last
> close 1000
< close 1000



=== TEST 2: a map that was used at setup keeps its value, or is volatile
--- http_config
map $convrelay_lang $kept {
    default  $convrelay_lang;
}
map $convrelay_lang $now {
    volatile;
    default  $convrelay_lang;
}
--- on
convrelay_error_message      "Sorry. ($kept) ($now)";
convrelay_on  prompt "espa"  language es-ES say "Hola. ($kept) ($now)";
convrelay_on  dtmf 9         say "($kept) ($now)";
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:ask("Please")
call.mute = false
call:dtmf("9")
call:read()
call:prompt("En espanol")
call:read(2)
call:drop()
--- response_body
> dtmf 9
< "() (en-US)" last
> prompt "En espanol"
< {"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"es-ES"}
< "Hola. () (es-ES)" last
> drop



=== TEST 3: two languages: the first is spoken, the second is understood
--- on
convrelay_on  setup  language de-DE multi say "Hallo. ($convrelay_lang)";
--- call
local call = dial("/ws")
call:setup()
call:read(2)
call:hangup()
--- response_body
> setup
< {"type":"language","ttsLanguage":"de-DE","transcriptionLanguage":"multi"}
< "Hallo. (multi)" last
> close 1000
< close 1000



=== TEST 4: a language that is none
--- on
convrelay_on  setup  language en_US;
--- must_die
--- error_log
"language" of "convrelay_on setup" is not a language, write one such as "en-US"



=== TEST 5: the setup of Telnyx is understood with the same configuration
--- on
convrelay_on  setup  say "$convrelay_call_sid $convrelay_session_id";
--- call
local call = dial("/ws")
ngx.say("> setup")
call:send{ type = "setup", callControlId = "v3:aa", callSessionId = "cc",
           callLegId = "dd", from = "+15550100001", to = "+15550100002",
           callStatus = "active" }
call:read()
call:ask("Hi")
call:hangup()
--- response_body
> setup
< "v3:aa cc" last
> prompt "Hi"
< "user: (The call begins.)\nassistant: v3:aa cc\nuser: Hi"
> close 1000
< close 1000
