# The caller speaks while the answer is spoken.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<'_EOC_' . ($block->config // ''));
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
    }
_EOC_

    $block->set_value('llm', <<'_EOC_' . $block->llm . '}}') if $block->llm;
location / {
    lua_check_client_abort  on;
    content_by_lua_block {
        local llm = require "convrelay_llm"
_EOC_
});

run_tests();

__DATA__

=== TEST 1: an answer is cut at once, its upstream closed, the heard part kept
--- llm
llm.talk{ "One ", "two ", "three ", "four ", "five.", hold = 4 }
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(4)
call:interrupt("One two", 700)
call:read()
call:quiet(80)
call:say(require "convrelay_llm".notes(1))
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Count"
< "One "
< "two "
< "three "
< "four "
> interrupt "One two"
< "" last
closed
> prompt "Eh?"
< "user: Count\nassistant: One two\nuser: Eh?"
> close 1000
< close 1000



=== TEST 2: nothing of an answer that comes fast is sent after its end
--- llm
local tokens = { pause = 0.001 }

for i = 1, 400 do
    tokens[i] = " " .. i
end

llm.talk(tokens)
--- call
local cjson = require "cjson"

for i = 1, 4 do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:prompt("Count")
    call:read(i * 10)
    call:interrupt("1 2 3")

    local n, m = 0

    repeat
        m = cjson.decode(call:frame_in().payload)
        n = n + 1
    until m.last

    ngx.say(n < 300, " ", cjson.encode(m.token), " ", call:quiet(30))
    ngx.say((call:ask("Eh?")))
    call:hangup()
end
--- response_body eval
"true \"\" true
user: Count
assistant:  1 2 3
user: Eh?
" x 4



=== TEST 3: an answer that is complete, but still being spoken, is cut, too
--- llm
llm.talk{ "It is late. ", "It is dark. ", "Good night." }
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:interrupt("It is dark.", 2000)
call:quiet(50)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "It is late. It is dark. Good night."
> interrupt "It is dark."
> prompt "Eh?"
< "user: Hi\nassistant: It is late. It is dark.\nuser: Eh?"
> close 1000
< close 1000



=== TEST 4: what was heard is found whatever case, blanks and punctuation
--- llm
llm.talk{ "Well, it's  5 o'clock", " - or is it?", " Ask \"Ann\"." }
--- call
local function try(utterance)
    local call = dial("/ws", { mute = true })
    call:setup()
    call:ask("Hi")
    call:interrupt(utterance)
    ngx.say((call:ask("Eh?"):gsub("\n", "|")))
    call:hangup()
end

try("Well, it's  5")
try("well its 5")
try("  WELL it's\t5 o'clock. ")
try("o'clock, or")
try("Ask Ann")
--- response_body
user: Hi|assistant: Well, it's  5|user: Eh?
user: Hi|assistant: Well, it's  5|user: Eh?
user: Hi|assistant: Well, it's  5 o'clock|user: Eh?
user: Hi|assistant: Well, it's  5 o'clock - or|user: Eh?
user: Hi|assistant: Well, it's  5 o'clock - or is it? Ask "Ann|user: Eh?



=== TEST 5: tokensPlayed tells which of several matches was heard
--- llm
llm.talk{ "No. ", "No. ", "No. ", "Yes." }
--- call
local function try(played, utterance)
    local call = dial("/ws", { mute = true })
    call:setup()
    call:ask("Hi")

    for i = 1, played do
        call:send{ type = "info", name = "tokensPlayed", value = "No. " }
    end

    call:interrupt(utterance)
    ngx.say((call:ask("Eh?"):gsub("\n", "|")))
    call:hangup()
end

try(1, "No")
try(2, "No.")
try(2, "something else")
try(3, "Yes")
--- response_body
user: Hi|assistant: No. |user: Eh?
user: Hi|assistant: No. No. |user: Eh?
user: Hi|assistant: No. No. |user: Eh?
user: Hi|assistant: No. No. No. Yes|user: Eh?



=== TEST 6: an answer of which nothing was heard leaves the history
--- llm
llm.talk{ "Hello ", "there." }
--- call
local call = dial("/ws")
call:setup()
call:send{ type = "info", name = "tokensPlayed", value = "Welcome!" }
call:ask("Hi")
call:interrupt("", 0)
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hello there."
> interrupt ""
> prompt "Eh?"
< "user: Hi\nEh?"
> close 1000
< close 1000



=== TEST 7: an interrupt that says nothing keeps what was sent
--- llm
llm.talk{ "Hello ", "there.", hold = 2 }
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:send('{"type":"interrupt","utteranceUntilInterrupt":null,'
          .. '"durationUntilInterruptMs":"soon"}')
call:read()
call:send('{"type":"interrupt"}')
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Hello "
< "there."
< "" last
> prompt "Eh?"
< "user: Hi\nassistant: Hello there.\nuser: Eh?"
> close 1000
< close 1000



=== TEST 8: an interrupt of the greeting does no harm
--- llm
llm.talk{ "Hello." }
--- call
local call = dial("/ws")
call:setup()
call:interrupt("Hi! I am a voice assistant", 900)
call:interrupt("Hi! I am a voice assistant", 900)
call:quiet(50)
call:ask("Hi")
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> interrupt "Hi! I am a voice assistant"
> interrupt "Hi! I am a voice assistant"
> prompt "Hi"
< "Hello."
> prompt "Eh?"
< "user: Hi\nassistant: Hello.\nuser: Eh?"
> close 1000
< close 1000



=== TEST 9: before the first token: nothing is sent, the answer before is cut
--- llm
local last = llm.messages():match("[^:]*$")

if last == " wait" then
    llm.talk{ hold = 0 }
else
    llm.talk{ "First half. ", "Second half." }
end
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:prompt("wait")
ngx.sleep(0.05)
call:interrupt("First half.")
call:quiet(50)
call:say(require "convrelay_llm".notes(1))
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "First half. Second half."
> prompt "wait"
> interrupt "First half."
closed
> prompt "Eh?"
< "user: Hi\nassistant: First half.\nuser: wait\nEh?"
> close 1000
< close 1000



=== TEST 10: an interrupt with no prompt after it, and another one
--- llm
llm.talk{ "One. ", "Two. ", "Three.", hold = 2 }
--- call
local call = dial("/ws")
call:setup()
call:prompt("Count")
call:read(2)
call:interrupt("One.")
call:read()
call:interrupt("Two.")
call:quiet(80)
call:ask("Eh?")
call:prompt("Count")
call:read(2)
call:interrupt("One.")
call:hangup()
--- response_body
> setup
> prompt "Count"
< "One. "
< "Two. "
> interrupt "One."
< "" last
> interrupt "Two."
> prompt "Eh?"
< "user: Count\nassistant: One.\nuser: Eh?"
> prompt "Count"
< "One. "
< "Two. "
> interrupt "One."
> close 1000
< "" last
< close 1000



=== TEST 11: an older answer with the same words is not touched
--- llm
llm.talk{ "Same words here. ", "And more." }
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:ask("a")
call:ask("b")
call:interrupt("Same words")
ngx.say((call:ask("Eh?")))
call:hangup()
--- response_body
user: a
assistant: Same words here. And more.
user: b
assistant: Same words
user: Eh?



=== TEST 12: characters of several bytes and surrogate pairs stay whole
--- llm
llm.talk{ "Caf\195\169 \240\159\152\128 ", "na\195\175ve.", hold = 2 }
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:read(2)
call:send([[{"type":"interrupt",]]
          .. [["utteranceUntilInterrupt":"Caf\u00e9 \ud83d\ude00 na\u00ef"}]])
call:read()
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Café 😀 "
< "naïve."
< "" last
> prompt "Eh?"
< "user: Hi\nassistant: Café 😀 naï\nuser: Eh?"
> close 1000
< close 1000



=== TEST 13: the same with an LLM in the location itself
--- http_config
map $convrelay_turns $llm_answer {
    1        count;
    default  history;
}
--- config
location = /near {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_mock_llm       answer=$llm_answer first=0 interval=5ms tokens=600;
}
--- call
local call = dial("/near")
call:setup()
call:prompt("Count")
call:read(3)
call.mute = true
call:interrupt("1 2")
local tokens = call:tokens()
ngx.say(tokens[#tokens] == "", " ", #tokens < 500, " ", call:quiet(50))
ngx.say((call:ask("Eh?")))
call:interrupt("role")
call:prompt("Count")
call:drop()
--- response_body
> setup
> prompt "Count"
< " 1"
< " 2"
< " 3"
true true true
[{"role":"user","content":"Count"},{"role":"assistant","content":" 1 2"},{"role":"user","content":"Eh?"}]
