# What is said and done at certain moments: convrelay_on.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: setup: something is said, and the model knows
--- on
convrelay_on  setup  say "This call is recorded.";
--- call
local call = dial("/ws")
call:setup()
call:read()
call:ask("Hi")
call:hangup()
--- response_body
> setup
< "This call is recorded." last
> prompt "Hi"
< "user: (The call begins.)\nassistant: This call is recorded.\nuser: Hi"
> close 1000
< close 1000



=== TEST 2: all actions, in their order, with variables
--- on
convrelay_on  setup  say "Hello, $convrelay_from." lang=en-GB
                         interruptible=off preemptible=on
                     play https://a.example/$convrelay_call_sid.mp3 loop=2
                         interruptible=on
                     send_digits 1w#
                     language es-ES
                     language $convrelay_direction en-US
                     send '{"type":"config","who":"$convrelay_from"}'
                     end '{"to":"$convrelay_to"}';
--- call
local call = dial("/ws")
call:setup{ direction = "fr-FR" }
call:read(6)
call:hangup()
--- response_body
> setup
< "Hello, +15550100001." last
< {"type":"play","source":"https://a.example/CA00000000000000000000000000000001.mp3","loop":2,"interruptible":true}
< {"type":"sendDigits","digits":"1w#"}
< {"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"es-ES"}
< {"type":"language","ttsLanguage":"fr-FR","transcriptionLanguage":"en-US"}
< {"type":"config","who":"+15550100001"}
> close 1000
< close 1000



=== TEST 3: what say sends with options
--- on
convrelay_on  setup  say "One moment." lang=en-GB interruptible=off
                         preemptible=on;
--- call
local call = dial("/ws", { mute = true })
call:setup()
ngx.say(call:frame_in().payload)
call:hangup()
--- response_body
{"type":"text","token":"One moment.","last":true,"lang":"en-GB","interruptible":false,"preemptible":true}



=== TEST 4: lines of one event add up
--- on
convrelay_on  setup  say "One.";
convrelay_on  setup  say "Two.";
--- call
local call = dial("/ws")
call:setup()
call:read(2)
call:ask("Hi")
call:hangup()
--- response_body
> setup
< "One." last
< "Two." last
> prompt "Hi"
< "user: (The call begins.)\nassistant: One. Two.\nuser: Hi"
> close 1000
< close 1000



=== TEST 5: prompt: words in any case take the model's place; the first match counts
--- on
convrelay_on  prompt "OPERATOR"       say "I'll put you through.";
convrelay_on  prompt "put me"         say "Where?";
convrelay_on  prompt ~*^(yes|no)\.?$  say "I see.";
convrelay_on  prompt ~^Bye            say "Goodbye.";
--- call
local call = dial("/ws")
call:setup()
call:ask("Put me through to an operator, please.")
call:ask("YES.")
call:ask("bye")
call:ask("Bye")
call:hangup()
--- response_body
> setup
> prompt "Put me through to an operator, please."
< "I'll put you through."
> prompt "YES."
< "I see."
> prompt "bye"
< "user: Put me through to an operator, please.\nassistant: I'll put you through.\nuser: YES.\nassistant: I see.\nuser: bye"
> prompt "Bye"
< "Goodbye."
> close 1000
< close 1000



=== TEST 6: named captures of a prompt are variables
--- on
convrelay_on  prompt "~*extension (?<extension>\d+)"
                     send_digits $extension say "Extension $extension.";
--- call
local call = dial("/ws")
call:setup()
call:prompt("Extension 42, please")
call:read(2)
call:hangup()
--- response_body
> setup
> prompt "Extension 42, please"
< {"type":"sendDigits","digits":"42"}
< "Extension 42." last
> close 1000
< close 1000



=== TEST 7: an empty value is not sent, a wrong one neither, and is told
--- on
convrelay_on  setup  say "$convrelay_parameter_none"
                     play $convrelay_parameter_none
                     play $convrelay_parameter_music
                     say "Hello.";
--- call
local call = dial("/ws")
call:setup{ customParameters = { music = "secret.mp3" } }
call:read()
call:hangup()
--- response_body
> setup
< "Hello." last
> close 1000
< close 1000
--- error_log
"play" of "convrelay_on setup" is not a URL, write one such as "https://host/hold.mp3": it is not sent
--- no_error_log eval
qr/\[error\].*secret/



=== TEST 8: error: Twilio refused a message; at most every five seconds
--- on
convrelay_on  error  say "Excuse me.";
--- call
local call = dial("/ws")
call:setup()
for i = 1, 2 do
    call:send{ type = "error",
               description = 'Invalid message received, code: 64107, {"a":1}' }
end
call:read()
call:quiet(100)
call:hangup()
--- response_body
> setup
< "Excuse me." last
> close 1000
< close 1000
--- error_log
convrelay: client reported an error: "64107"
--- no_error_log
{"a":1}



=== TEST 9: llm_failed takes the place of convrelay_error_message, and leaves no trace
--- on
convrelay_on  llm_failed  play https://a.example/sorry.mp3 say "Try later.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()
        if said:find("first$") then
            return ngx.exit(500)
        end
        llm.say(said)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("first")
call:read(2)
call:ask("second")
call:hangup()
--- response_body
> setup
> prompt "first"
< {"type":"play","source":"https://a.example/sorry.mp3"}
< "Try later." last
> prompt "second"
< "user: first\nsecond"
> close 1000
< close 1000
--- error_log
LLM failed



=== TEST 10: call_too_long: a last word, then the end
--- on
convrelay_max_call_time  300ms;
convrelay_on  call_too_long  say "Bye";
--- call
local call = dial("/ws")
call:setup()
call:read(2)
call:hangup()
--- response_body
> setup
< "Bye" last
< {"type":"end"}
> close 1000
< close 1000
--- error_log
limit is 300 ms, closing



=== TEST 11: an outer level's actions are inherited as a whole, or not at all
--- http_config
convrelay_on  setup  say "One.";
--- on
--- call
local call = dial("/ws")
call:setup()
call:read()
call:hangup()
--- response_body
> setup
< "One." last
> close 1000
< close 1000



=== TEST 12: and replaced by any of an inner level
--- http_config
convrelay_on  setup  say "One.";
--- on
convrelay_on  error  say "Two.";
--- call
local call = dial("/ws")
call:setup()
call:quiet(100)
call:hangup()
--- response_body
> setup
> close 1000
< close 1000



=== TEST 13: an event leaves no memory in the call, whatever its values
--- on
convrelay_on  prompt ~(?<word>\w+)  say "You said $word, $convrelay_from.";
convrelay_max_turn_rate  0;
--- call
local call = dial("/ws", { mute = true })
call:setup()
for i = 1, 200 do
    call:prompt("word" .. i)
    local text = call:answer()
    if text ~= "You said word" .. i .. ", +15550100001." then
        ngx.say(text)
    end
end
call:hangup()
ngx.say("done")
--- response_body
done



=== TEST 14: an unknown event
--- on
convrelay_on  hangup  say "x";
--- must_die
--- error_log
unknown event "hangup", write "setup", "resume", "dtmf DIGITS", "prompt MATCH", "interrupt", "silence STAGE", "call_time TIME", "error", "llm_failed", "llm_empty", "llm_filtered", "call_too_long" or "tool NAME"



=== TEST 15: an unknown action
--- on
convrelay_on  setup  speak "x";
--- must_die
--- error_log
unknown action "speak", write "say TEXT", "play URL", "send_digits DIGITS", "language CODE", "end", "send JSON", "hold TIME" or "ask TEXT"



=== TEST 16: no action
--- on
convrelay_on  prompt "x";
--- must_die
--- error_log
has no action, write "say TEXT"



=== TEST 17: an action without its value
--- on
convrelay_on  setup  say;
--- must_die
--- error_log
"say" needs a value



=== TEST 18: something after an end
--- on
convrelay_on  setup  end "x" say "y";
--- must_die
--- error_log
"say" after "end": nothing can follow "end"



=== TEST 19: a message that Twilio would refuse
--- on
convrelay_on  setup  play hold.mp3;
--- must_die
--- error_log
"play" of "convrelay_on setup" is not a URL, write one such as "https://host/hold.mp3"



=== TEST 20: digits that are none
--- on
convrelay_on  setup  send_digits 12a;
--- must_die
--- error_log
"send_digits" of "convrelay_on setup" has characters other than digits



=== TEST 21: raw JSON that is none
--- on
convrelay_on  setup  send '{"type":"text"}';
--- must_die
--- error_log
"send" lacks the string that its type requires



=== TEST 22: an option with a wrong value
--- on
convrelay_on  setup  say "x" interruptible=yes;
--- must_die
--- error_log
invalid "interruptible=yes", write



=== TEST 23: a regular expression that is none
--- on
convrelay_on  prompt "~*(" say "x";
--- must_die
--- error_log
pcre



=== TEST 24: an amount in a phrase
--- on
convrelay_on  setup  say "That is $5.";
--- must_die
--- error_log
"$5" in a phrase would be a regex capture



=== TEST 25: a regular expression that gives up costs neither call nor privacy
--- on
convrelay_on  prompt "~^(.+ )+[0-9]$"  say "x";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

for i = 1, 3 do
    call:prompt(("tea and cake "):rep(1000))
    call:answer()
end

call.mute = false
call:hangup()
--- response_body
> close 1000
< close 1000
--- grep_error_log eval: qr/"convrelay_on prompt.*?for this call/
--- grep_error_log_out
"convrelay_on prompt ~^(.+ )+[0-9]$" gave up on a prompt of 1024 bytes, PCRE error -47: treated as no match, not logged again for this call
--- no_error_log
tea and cake
[alert]



=== TEST 26: a regular expression gives up after 20000 steps, whatever it says
--- on
convrelay_on  prompt "~^(?:(a+)+b|a*c)"  say "The second.";
convrelay_on  prompt "~(*UTF)(*LIMIT_MATCH=9000000)^(?:(e+)+b|e*c)"  say "It.";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("aaaac")
call:ask("aaaaaaaaaaaaaaaac")
call:ask("eeeec")
call:ask("eeeeeeeeeeeeeeeec")
call:hangup()
--- response_body
> setup
> prompt "aaaac"
< "The second."
> prompt "aaaaaaaaaaaaaaaac"
< "Fine."
> prompt "eeeec"
< "It."
> prompt "eeeeeeeeeeeeeeeec"
< "Fine."
> close 1000
< close 1000
--- error_log
gave up on a prompt of 17 bytes
--- no_error_log
[alert]



=== TEST 27: matches are looked for in the first 1024 bytes of a prompt
--- on
convrelay_on  prompt "~(*UTF)q$"  say "A whole character.";
convrelay_on  prompt "~x5"        say "Pattern.";
convrelay_on  prompt "phrase"     say "Phrase.";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local function try(n, text)
    local call = dial("/ws", { mute = true })
    call:setup()
    call:prompt(("y"):rep(n) .. text)
    call.mute = false
    call:answer()
    call.mute = true
    call:hangup()
end

try(1022, "x5yyy")
try(1023, "x5")
try(1018, "Phrase of mine")
try(1019, "Phrase")
try(1021, "qé")
try(1022, "qé")
try(1022, "é")
--- response_body
< "Pattern."
< "Fine."
< "Phrase."
< "Fine."
< "Fine."
< "A whole character."
< "Fine."



=== TEST 28: upper and lower case of every script
--- on
convrelay_on  prompt  "человек"           say "word";
convrelay_on  prompt  "ÉLÈVE"             say "accents";
convrelay_on  prompt  "σίσυφος"           say "final sigma";
convrelay_on  prompt  ~*^помощь\b         say "regex";
convrelay_on  prompt  ~\bMás\b            say "class";
convrelay_on  prompt  "~*(?<who>\w+) ruft an" say "named $who";
--- llm: answer=say:model
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, said in ipairs{ "Человек, пожалуйста.", "Un élève.", "ΣΊΣΥΦΟΣ",
                       "ПОМОЩЬ!", "ПОМОЩЬЮ", "¡Más!", "Demás", "más",
                       "JÜRGEN RUFT AN", "eleve" } do
    call:prompt(said)
    ngx.say(said, ": ", (call:answer()))
end
--- response_body
Человек, пожалуйста.: word
Un élève.: accents
ΣΊΣΥΦΟΣ: final sigma
ПОМОЩЬ!: regex
ПОМОЩЬЮ: model
¡Más!: class
Demás: model
más: model
JÜRGEN RUFT AN: named JÜRGEN
eleve: model



=== TEST 29: a match that is not UTF-8
--- on eval
"convrelay_on  prompt  \"\xe9l\xe8ve\" say \"x\";\n"
--- must_die
--- error_log
the match of "prompt" is not UTF-8, so it can never match



=== TEST 30: ... counted over all places where a match could begin
--- on
convrelay_on  prompt "~[a-z ]+z$"       say "The first.";
convrelay_on  prompt "~no|(?i:MAYBE)$"  say "The second.";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local call = dial("/ws", { mute = true })

local function try(text)
    call:prompt(text)
    call.mute = false
    call:answer()
    call.mute = true
end

call:setup()
try(("y "):rep(40) .. "z")
try(("y"):rep(998) .. "z!")
try(("y "):rep(500) .. "z")
try(("y "):rep(500) .. "no")
try(("Y"):rep(1000) .. " maybe")
call:hangup()
--- response_body
< "The first."
< "Fine."
< "The first."
< "The second."
< "The second."
--- error_log
"convrelay_on prompt ~[a-z ]+z$" gave up on a prompt of 1000 bytes
--- no_error_log
[alert]



=== TEST 31: a group that the pattern does not close, or closes twice
--- on
convrelay_on  prompt "~yes)|(no"  say "It.";
--- must_die
--- error_log
unmatched closing parenthesis
--- no_error_log
[alert]



=== TEST 32: a rule of the http level is checked, even if no location uses it
--- http_config
convrelay_on  setup  play hold.mp3;
--- config
location = /none { return 204; }
--- must_die
--- error_log
"play" of "convrelay_on setup" is not a URL, write one such as "https://host/hold.mp3"



=== TEST 33: rules of other moments are passed over
--- on
convrelay_on  setup           say "Welcome.";
convrelay_on  error           say "An error.";
convrelay_on  llm_failed      say "It failed.";
convrelay_on  prompt "~help"  say "Help.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("fine")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:read()
call:ask("Hi")
call:ask("help")
call:hangup()
--- response_body
> setup
< "Welcome." last
> prompt "Hi"
< "fine"
> prompt "help"
< "Help."
> close 1000
< close 1000



=== TEST 34: an end that would not wait for the answer
--- on
convrelay_on setup ask "Say goodbye." end;
--- must_die
--- error_log
"end" after "ask": the call would end before the LLM has answered



=== TEST 35: a regular expression that begins with a group, or with options
--- on
convrelay_on  prompt "~(*pla:o(n)e|t)[ot]\w+ way"      say "Ahead.";
convrelay_on  prompt "~(*CRLF)(*UTF)(*nlb:un)done$"     say "Behind.";
convrelay_on  prompt "~*(*LIMIT_MATCH=1000)(*CRLF)HALT" say "Options.";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("there is one way")
call:ask("am I done")
call:ask("come undone")
call:ask("please halt")
call:hangup()
--- response_body
> setup
> prompt "there is one way"
< "Ahead."
> prompt "am I done"
< "Behind."
> prompt "come undone"
< "Fine."
> prompt "please halt"
< "Options."
> close 1000
< close 1000



=== TEST 36: one that ends in a comment, or in a quotation that is open
--- on
convrelay_on  prompt "~*(?x) \b human \b  # a person"  say "Comment.";
convrelay_on  prompt "~(*CR)(?x) \b agent \b  # too"    say "Another.";
convrelay_on  prompt "~\Qwell (or not"                 say "Quoted.";
convrelay_on  prompt "~\Qback\slash\\"                 say "Slash.";
convrelay_on  prompt "~(?x) \Q# 1"                     say "Both.";
convrelay_on  prompt "~#end"                           say "None.";
--- llm
location / {
    content_by_lua_block { require("convrelay_llm").say("Fine.") }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("A human, please")
call:ask("an agent")
call:ask("well (or not)")
call:ask("well or not")
call:ask("back\\slash\\")
call:ask("the # 1")
call:ask("the #end")
call:hangup()
--- response_body
> setup
> prompt "A human, please"
< "Comment."
> prompt "an agent"
< "Another."
> prompt "well (or not)"
< "Quoted."
> prompt "well or not"
< "Fine."
> prompt "back\\slash\\"
< "Slash."
> prompt "the # 1"
< "Both."
> prompt "the #end"
< "None."
> close 1000
< close 1000



=== TEST 37: where nothing can end the comment
--- on
convrelay_on  prompt "~(*NUL)(?x)human # a person"  say "It.";
--- must_die
--- error_log
"~(*NUL)(?x)human # a person" must not end in a comment: leave it out, or write "\#" for the character
--- no_error_log
[alert]



=== TEST 38: a rule that asks again after a failure does so once for each prompt
--- on
convrelay_on  llm_failed  ask "Try again.";
convrelay_error_message   "Sorry.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note((llm.messages():match("[^\n]*$")))
        ngx.exit(500)
    }
}
--- call
local llm = require "convrelay_llm"
local call = dial("/ws")
call:setup()
call:ask("Hi")
ngx.say(llm.notes(2))
call:ask("Ho")
ngx.say(llm.notes(2))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
user: Hi
Try again.
> prompt "Ho"
< "Sorry."
Ho
Try again.
> close 1000
< close 1000
--- error_log
LLM failed



=== TEST 39: a verb at the beginning of an expression is a part of it
--- on
convrelay_on  prompt "~(*FAIL)|(*COMMIT)human"  say "It.";
convrelay_on  prompt "~(*CRLF)(*F)|robot"       say "Robot.";
--- call
local call = dial("/ws")
call:setup()
call:ask("human")
call:ask("robot")
call:hangup()
--- response_body
> setup
> prompt "human"
< "It."
> prompt "robot"
< "Robot."
> close 1000
< close 1000
