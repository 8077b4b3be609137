# The filter of speech: what an LLM writes becomes what can be read aloud.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

# all but the first: the filter's own setting is in "on"

add_block_preprocessor(sub { $_[0]->set_value('speech', '') });

run_tests();

__DATA__

=== TEST 1: on by default, across tokens, and the history has what was said
--- on
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "## Hou", "rs\n", "- **Mon", "\xe2\x80\x93", "Fri**: 9",
                  "\xe2\x80\x93", "17\n", "- See [our pa", "ge](http", "s://x/)",
                  " \xf0\x9f\x98\x80", "!\n" }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("When")
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "When"
< "Hours. Mon to Fri: 9 to 17. See our page!"
> prompt "Eh?"
< "user: When. assistant: Hours. Mon to Fri: 9 to 17. See our page! user: Eh?"
> close 1000
< close 1000



=== TEST 2: "off" is what the model said, byte by byte
--- on
convrelay_speech_filter  off;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "* **B", "** & `c`\n", " \n<thinking>a",
                  "</thinking></s> \xe2\x80\xa6 " }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "* **B** & `c`\n \n<thinking>a<\/thinking><\/s> … "
> close 1000
< close 1000



=== TEST 3: SSML passes where it is wanted
--- on
convrelay_speech_filter  ssml;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("Yes<br", "eak time=\"1s\"/> & <b>no", "</b>.")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Yes<break time=\"1s\"\/> and no."
> close 1000
< close 1000



=== TEST 4: signs are words in English only, also after a switch of the language
--- on
convrelay_on  prompt "espa"  language es-ES ask "Please go on.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("**A** & B", " < *5*, ", "#1")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:say('> prompt "Hallo"')
call:send{ type = "prompt", voicePrompt = "Hallo", lang = "de-DE", last = true }
call:answer()
call:ask("Hi")
call:prompt("En espanol")
call:read(1)
call:answer()
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "A and B less than 5, number 1"
> prompt "Hallo"
< "A & B < 5, #1"
> prompt "Hi"
< "A and B less than 5, number 1"
> prompt "En espanol"
< {"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"es-ES"}
< "A & B < 5, #1"
> close 1000
< close 1000



=== TEST 5: an interruption drops what is held back
--- on
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "We are ", "open, see [our", hold = 2 }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:interrupt("We are")
call:read(1)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We are"
< " open, see"
> interrupt "We are"
< "" last
> prompt "Eh?"
< "user: Hi. assistant: We are. user: Eh?"
> close 1000
< close 1000



=== TEST 6: text is held back for 300 ms at most, although nothing follows
--- on
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ "See [our", " page", "](x)", hold = 2 }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2, 2500)
call:answer(5000 * slow)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "See"
< " our page"
< ""
> close 1000
< close 1000
--- timeout: 20



=== TEST 7: a call in code is found, one that was only thought of is not
--- on
convrelay_tool  book '{"parameters":{"properties":{"day":{}}}}' uri=/tools/book;
}
location = /tools/book {
    internal;
    return 200 "done";
}
location = /other {
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if llm.messages():find("think$") then
            llm.say("<think>I could bo", "ok(1).</thi", "nk>\n\n*Yes", "*.")
        else
            llm.say("So. ```json\n", "{\"na", "me\":\"book\"}\n", "```\nDone")
        end
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("think")
call:ask("leak")
call:hangup()
--- response_body
> setup
> prompt "think"
< "Yes."
> prompt "leak"
< "So."
> close 1000
< close 1000
--- error_log
LLM wrote a tool call into its text, which is not spoken



=== TEST 8: an answer of nothing but reasoning is empty
--- on
convrelay_on  llm_empty  say "*Pardon*?";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("<thinking>Hm, ", "*hm*</thin", "king>\n \n", "**")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(1)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "*Pardon*?" last
> close 1000
< close 1000



=== TEST 9: what is dropped counts towards convrelay_max_answer_size
--- on
convrelay_max_answer_size  64;
convrelay_error_message    "*Sorry*.";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.talk{ llm.messages():find("code$") and "Run: ```sh\n"
                  or "<thinking>",
                  ("x"):rep(40), ("y"):rep(40), "z", hold = 4 }
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("code")
call:ask("think")
call:hangup()
--- response_body
> setup
> prompt "code"
< "Run:"
> prompt "think"
< "*Sorry*."
> close 1000
< close 1000
--- error_log
answer is too long
answer is too long, and none of it can be spoken
--- no_error_log
[alert]



=== TEST 10: plain text passes as it is, piece by piece
--- on
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("We", " are", " open (all", " day), it's", " 24/7")
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(6)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "We"
< " are"
< " open (all"
< " day), it's"
< " 24\/7"
< "" last
> close 1000
< close 1000



=== TEST 11: another value
--- on
convrelay_speech_filter  yes;
--- must_die
--- error_log
invalid value "yes" in "convrelay_speech_filter" directive, it must be "on", "off" or "ssml"



=== TEST 12: twice
--- on
convrelay_speech_filter  on;
convrelay_speech_filter  off;
--- must_die
--- error_log
"convrelay_speech_filter" directive is duplicate
