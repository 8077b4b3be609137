# Words that are spoken in another way than they are written.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: whole words, the longest, across tokens; the history has the original
--- speech
--- on
convrelay_pronounce  nginx        "engine x";
convrelay_pronounce  Acme         "ack me";
convrelay_pronounce  "Acme Corp"  "ack me corporation";
convrelay_pronounce  IT           "eye tee"  case;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if llm.messages():find("What$") then
            llm.say("Is it ", "ng", "inx? **N", "GINX** at Ac", "me", " Cor",
                    "p, in IT", ", not nginxes, Acme", "'s or acme Corporal")
        else
            llm.say((llm.messages():gsub("(%w)(%w+)", "%1_%2")))
        end
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("What")
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "What"
< "Is it engine x? engine x at ack me corporation, in eye tee, not nginxes, ack me's or ack me Corporal"
> prompt "Eh?"
< "u ser: W hat. a ssistant: I s i t n ginx? N GINX a t A cme C orp, i n I T, n ot n ginxes, A cme's o r a cme C orporal. u ser: E h?"
> close 1000
< close 1000



=== TEST 2: what the caller heard is found in what was spoken
--- on
convrelay_pronounce  nginx  "engine x";
convrelay_pronounce  user   "you sir";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        if llm.messages():find("What$") then
            llm.say("We use nginx, nginx", " and nginx.")
        else
            llm.say((llm.messages():gsub("nginx", "ng-inx")))
        end
    }
}
--- call
local call = dial("/ws")
call:setup()
call:ask("What")
call:interrupt("We use engine x, engine")
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "What"
< "We use engine x, engine x and engine x."
> interrupt "We use engine x, engine"
> prompt "Eh?"
< "you sir: What\nassistant: We use ng-inx, ng-inx\nyou sir: Eh?"
> close 1000
< close 1000



=== TEST 3: languages
--- on
convrelay_pronounce  route  "root"   lang=en-GB;
convrelay_pronounce  route  "rowt"   lang=en;
convrelay_pronounce  route  "rutte"  lang=de;
convrelay_pronounce  Jan    "yahn"   lang=de;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("Jan, the route ", "is")
    }
}
--- call
local call = dial("/ws")
call:setup()
for _, lang in ipairs{ "en-US", "en-GB", "de-AT", "fr-FR" } do
    call:say('> prompt in ' .. lang)
    call:send{ type = "prompt", voicePrompt = "Go " .. lang, lang = lang,
               last = true }
    call:answer()
end
call:hangup()
--- response_body
> setup
> prompt in en-US
< "Jan, the rowt is"
> prompt in en-GB
< "Jan, the root is"
> prompt in de-AT
< "yahn, the rutte is"
> prompt in fr-FR
< "Jan, the route is"
> close 1000
< close 1000



=== TEST 4: phrases of the configuration are spoken in the same way
--- on
convrelay_pronounce      Acme  "ack me";
convrelay_error_message  "Acme is sorry.";
convrelay_on             prompt "Hello"  say "Welcome to Acme.";
convrelay_filler         100ms "Acme is looking.";
--- llm
location / {
    content_by_lua_block {
        ngx.sleep(0.5)
        ngx.exit(500)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(3)
call:prompt("Hello")
call:read(1)
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "ack me is looking." last
< "ack me is sorry."
< "" last
> prompt "Hello"
< "Welcome to ack me." last
> close 1000
< close 1000
--- no_error_log
[alert]
--- error_log
LLM failed



=== TEST 5: tags of SSML pass, and what they say is left alone
--- on
convrelay_speech_filter  ssml;
convrelay_pronounce      time   "thyme";
convrelay_pronounce      nginx  "<phoneme alphabet='ipa' ph='x'>nginx</phoneme>";
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("<break ti", "me=\"1s\"/> The time <sub ali", "as=\"time\">time",
                "</sub> time nginx")
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
< "<break time=\"1s\"\/> The thyme <sub alias=\"time\">time<\/sub> thyme <phoneme alphabet='ipa' ph='x'>nginx<\/phoneme>"
> close 1000
< close 1000



=== TEST 6: a file of words, without the filter; it takes the place of others
--- http_config
convrelay_pronounce  one "first";
convrelay_pronounce  two "second";
--- on
convrelay_speech_filter   off;
convrelay_pronounce       two "too";
convrelay_pronounce_file  words.txt;
}
location = /other {
--- user_files eval
[["../conf/words.txt", "# some words\r\n\r\nnginx  \"engine x\";\r\n"
                       . "'Acme Corp' 'ack me' lang=en;\n"
                       . "caf\xc3\xa9 \"ka fay\"\n    lang=en-US case;\n"
                       . "\"a;b\" ab;  three drei; # and more\n"]]
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("*one* two, three a;b", " nginx caf\xc3\xa9", " Acme Corp")
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
< "*one* too, drei ab engine x ka fay ack me"
> close 1000
< close 1000



=== TEST 7: words of http are those of a location without any
--- http_config
convrelay_pronounce  one "first";
--- on
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say("one, two")
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
< "first, two"
> close 1000
< close 1000



=== TEST 8: a word twice
--- on
convrelay_pronounce  nginx "engine x";
convrelay_pronounce  nginx "engine x" lang=en;
convrelay_pronounce  NGINX "n g i n x" lang=EN;
--- must_die
--- error_log eval
qr{word "NGINX" is duplicate, it is also in \S+nginx\.conf:\d+ in \S+nginx\.conf:\d+}



=== TEST 9: a word twice, in a file
--- on
convrelay_pronounce       nginx "engine x";
convrelay_pronounce_file  words.txt;
--- user_files
>>> ../conf/words.txt
a b;

nginx "n g i n x";
--- must_die
--- error_log eval
qr{word "nginx" is duplicate, it is also in \S+nginx\.conf:\d+ in \S+words\.txt:3}



=== TEST 10: a line of a file that is wrong
--- on
convrelay_pronounce_file  words.txt;
--- user_files
>>> ../conf/words.txt
a b;
nginx engine x;
--- must_die
--- error_log eval
qr{invalid parameter "x", it must be "lang=\.\.\." or "case"; put words with blanks in quotes in \S+words\.txt:2}



=== TEST 11: another one
--- on
convrelay_pronounce_file  words.txt;
--- user_files
>>> ../conf/words.txt
a b;

nginx;
--- must_die
--- error_log eval
qr{invalid number of arguments for the word "nginx", write a line such as: nginx "engine x" lang=en; in \S+words\.txt:3}



=== TEST 12: a file without an end
--- on
convrelay_pronounce_file  words.txt;
--- user_files
>>> ../conf/words.txt
a b
--- must_die
--- error_log eval
qr{unexpected end of file, expecting ";" or "\}" in \S+words\.txt:}



=== TEST 13: a byte order mark
--- on
convrelay_pronounce_file  words.txt;
--- user_files eval
[["../conf/words.txt", "\xef\xbb\xbfa b;\n"]]
--- must_die
--- error_log eval
qr{file "\S+words\.txt" begins with a byte order mark, save it as UTF-8 without one in \S+nginx\.conf:}



=== TEST 14: no file
--- on
convrelay_pronounce_file  nowhere.txt;
--- must_die
--- error_log eval
qr{file "\S+nowhere\.txt" was not found in \S+nginx\.conf:}



=== TEST 15: no regular file
--- on
convrelay_pronounce_file  .;
--- must_die
--- error_log
is not a regular file of at most 4194304 bytes
"convrelay_pronounce_file" cannot read
name a text file that has lines such as: nginx "engine x" lang=en; in



=== TEST 16: an empty word
--- on
convrelay_pronounce  "" "engine x";
--- must_die
--- error_log eval
qr{WORD "" is empty in \S+nginx\.conf:}



=== TEST 17: nothing to say
--- on
convrelay_pronounce  nginx "";
--- must_die
--- error_log
SPOKEN "" is empty



=== TEST 18: a word that is too long, in a file
--- on
convrelay_pronounce_file  words.txt;
--- user_files eval
[["../conf/words.txt", ("a" x 128) . " b;\n" . ("b" x 129) . " c;\n"]]
--- must_die
--- error_log eval
qr{WORD "b+" is longer than 128 bytes in \S+words\.txt:2}



=== TEST 19: a variable
--- on
convrelay_pronounce  nginx "$name";
--- must_die
--- error_log
SPOKEN "$name" has a variable, which is not evaluated here: write what is to be spoken



=== TEST 20: a language that is none
--- on
convrelay_pronounce  nginx "engine x" lang=e;
--- must_die
--- error_log
lang "e" is not a language such as "en" or "en-GB"



=== TEST 21: an empty language
--- on
convrelay_pronounce  nginx "engine x" lang=;
--- must_die
--- error_log
invalid parameter "lang=", write a language such as "lang=en"



=== TEST 22: a parameter twice
--- on
convrelay_pronounce  nginx "engine x" case case;
--- must_die
--- error_log
duplicate parameter "case"



=== TEST 23: not UTF-8
--- on eval
"convrelay_pronounce  \"ngin\xff\" b;"
--- must_die
--- error_log
is not UTF-8, or has control characters



=== TEST 24: a file that includes another one
--- on
convrelay_pronounce_file  words.txt;
--- user_files
>>> ../conf/words.txt
nginx "engine x";
include other.txt;
--- must_die
--- error_log
a file of words cannot include "other.txt": write another "convrelay_pronounce_file"
words.txt:2



=== TEST 25: but a word that is called so
--- on
convrelay_pronounce  include "in clude";
--- call
local call = dial("/ws")
call:hangup()
--- response_body
> close 1000
< close 1000
