# Everything that grows has a limit.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<"_EOC_");
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        convrelay_error_message  "Sorry.";
        @{[$block->limits // '']}
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
    }
_EOC_

    $block->set_value('llm', <<'_EOC_' . ($block->llm // '') . '}}');
    location / {
        lua_check_client_abort  on;
        content_by_lua_block {
            local llm = require "convrelay_llm"
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a message of convrelay_max_message_size, and of a byte more
--- limits: convrelay_max_message_size 100;
--- llm
llm.say("fine")
--- call
local function message(len)
    local head, tail = '{"type":"prompt","voicePrompt":"', '"}'
    return head .. ("x"):rep(len - #head - #tail) .. tail
end

local function try(...)
    local call = dial("/ws")
    call:send('{"type":"setup"}')

    for _, f in ipairs{...} do
        call:raw(frame(f))
    end

    call:answer()

    if not call:quiet(20) then
        call:drop()
        return
    end

    call:hangup()
end

try({ payload = message(100) })
try({ payload = message(101) })
try({ payload = message(100):sub(1, 60), fin = false },
    { payload = message(100):sub(61), opcode = 0 })
try({ payload = message(101):sub(1, 60), fin = false },
    { payload = message(101):sub(61), opcode = 0 })
try({ payload = "", length = 2^40 })
--- response_body
< "fine"
> close 1000
< close 1000
< "" close 1009 a message that is too large
< eof
> drop
< "fine"
> close 1000
< close 1000
< "" close 1009 a message that is too large
< eof
> drop
< "" close 1009 a message that is too large
< eof
> drop
--- error_log
client sent a message that is too large



=== TEST 2: a message in convrelay_max_fragments pieces, and in one more
--- limits: convrelay_max_fragments 3;
--- llm
llm.say("fine")
--- call
for n = 3, 4 do
    local text = '{"type":"prompt","voicePrompt":"Hi"}'
    local call = dial("/ws")
    call:send('{"type":"setup"}')
    call:raw(frame{ payload = text, fin = false })

    for i = 2, n do
        call:raw(frame{ payload = "", opcode = 0, fin = i == n })
    end

    call:answer()
    call:drop()
end
--- response_body
< "fine"
> drop
< "" close 1009 a message with too many fragments
> drop
--- error_log
client sent a message with too many fragments



=== TEST 3: an answer is cut at convrelay_max_answer_size, in whole characters
--- limits: convrelay_max_answer_size 10;
--- llm
local said = llm.messages()

if said:find("?", 1, true) then
    llm.note(said)
    llm.say("ok")
    return
end

llm.talk{ "1234567", "8éé", " more", " and more", hold = 3 }
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:tokens()
call:quiet(50)
call:say(require "convrelay_llm".notes(1))
call:ask("Eh?")
call:say(require "convrelay_llm".notes(1))
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "1234567"
< "8é"
< "" last
closed
> prompt "Eh?"
< "ok"
user: Hi
assistant: 12345678é
user: Eh?
> close 1000
< close 1000
--- error_log
convrelay: answer is too long



=== TEST 4: a line and a document over convrelay_max_line_size fail the turn
--- limits: convrelay_max_line_size 1k;
--- llm
local how = llm.messages():match("%w+$")

if how == "line" then
    llm.say("One. ", ("x"):rep(1100))

elseif how == "document" then
    ngx.say('{"choices":[{"message":{"content":"' .. ("x"):rep(1100) .. '"}}]}')

else
    llm.say(("x"):rep(900))
end
--- call
local call = dial("/ws")
call:setup()
call:ask("line")
ngx.sleep(1.1)                            -- a line in the log for each
call:ask("document")
call.mute = true
ngx.say(#call:ask("fits"))
call:hangup()
--- response_body
> setup
> prompt "line"
< "One. Sorry."
> prompt "document"
< "Sorry."
900
--- error_log
code: "too_large", type: "", message: "has a line that is too long"
code: "too_large", type: "", message: "is a document that is too long"



=== TEST 5: the oldest turns go where the history passes its limits
--- limits
convrelay_max_history_messages  4;
--- llm
local said = llm.messages()

llm.note((said:gsub("\n", "|")))
llm.say("answer to " .. said:match("%w+$"))
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, text in ipairs{ "one", "two", "three", "four" } do
    call:ask(text)
end

call:hangup()
ngx.say(require "convrelay_llm".notes(4))
--- response_body
user: one
user: one|assistant: answer to one|user: two
user: two|assistant: answer to two|user: three
user: three|assistant: answer to three|user: four



=== TEST 6: the same by bytes; the newest prompt always stays
--- limits
convrelay_max_history_size  107;
--- llm
local said = llm.messages()

llm.note((said:gsub("\n", "|")))
llm.say("ok")
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:ask("one")
call:ask("two")
call:ask(("x"):rep(100))
call:ask(("y"):rep(300))
call:ask("three")
call:hangup()
ngx.say(require "convrelay_llm".notes(5))
--- response_body eval
"user: one
user: one|assistant: ok|user: two
user: two|assistant: ok|user: " . "x" x 100 . "
user: " . "y" x 300 . "
user: three
"



=== TEST 7: a caller that does not read is closed
--- limits
convrelay_max_output_size  64k;
convrelay_max_answer_size  100m;
convrelay_max_response_size  100m;
--- llm
llm.messages()

ngx.on_abort(function()
    llm.note("closed")
    ngx.exit(499)
end)

llm.stream()

for i = 1, 200 do
    llm.token(("x"):rep(60000))
    ngx.sleep(0)
end
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Hi")
ngx.say(require "convrelay_llm".notes(1))
call:drop()
--- response_body
closed
--- error_log
client does not read:
limit is 65536



=== TEST 8: a caller that reads too slowly is closed
--- limits
convrelay_send_timeout     200ms;
convrelay_max_output_size  100m;
convrelay_max_answer_size  100m;
convrelay_max_response_size  100m;
--- llm
llm.messages()

ngx.on_abort(function()
    llm.note("closed")
    ngx.exit(499)
end)

llm.stream()

for i = 1, 200 do
    llm.token(("x"):rep(60000))
    ngx.sleep(0)
end

ngx.sleep(3)
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Hi")
ngx.say(require "convrelay_llm".notes(1))
call:drop()
--- response_body
closed
--- error_log
client timed out
--- no_error_log
[error]



=== TEST 9: bytes that are not text end at convrelay_max_response_size
--- limits: convrelay_max_response_size 10k;
--- llm
if llm.messages():find("?", 1, true) then
    llm.say("ok")
    return
end

ngx.on_abort(function()
    llm.note("closed")
    ngx.exit(499)
end)

llm.stream()
llm.token("Well")

for i = 1, 2000 do
    ngx.print(": ", ("x"):rep(1000), "\n\n")
    ngx.flush(true)
    ngx.sleep(0.001)
end
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
ngx.say(require "convrelay_llm".notes(1))
call:ask("Eh?")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Well. Sorry."
closed
> prompt "Eh?"
< "ok"
> close 1000
< close 1000
--- error_log
LLM's answer exceeded
bytes, limit is 10240
sent too much



=== TEST 10: bytes that are in no body at all end there, too
--- limits: convrelay_max_response_size 10k;
--- llm
local kind = llm.messages():match("%w+$")
local hi = llm.event("Hi")
local sock, piece, err, sent

ngx.on_abort(function()
    llm.note(kind .. " cut")
    ngx.exit(499)
end)

sock = llm.raw(kind == "interim" and "" or "HTTP/1.1 200 OK\r\n"
               .. "Content-Type: text/event-stream\r\n"
               .. "Transfer-Encoding: chunked\r\n\r\n"
               .. ("%x\r\n%s\r\n"):format(#hi, hi))

piece = ("x"):rep(65536)

if kind == "extension" then
    sock:send("1;")

elseif kind == "trailer" then
    sock:send("0\r\nX-Trailer: ")

elseif kind == "interim" then
    piece = ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"):rep(1000)

else
    sock:send("e\r\ndata: [DONE]\n\n\r\n")
    piece = "10000\r\n:" .. piece:sub(2) .. "\r\n"
end

sent = 0

while not err and sent < 64 * 1024 * 1024 do
    sent, err = sent + #piece, select(2, sock:send(piece))
end

llm.note(kind .. (err and " cut" or " sent 64 MB"))
ngx.exit(444)
--- call
for _, kind in ipairs{ "extension", "trailer", "interim", "after" } do
    local call = dial("/ws", { mute = true })
    call:setup()
    call.mute = false
    call:ask(kind)
    ngx.say(require "convrelay_llm".notes(1))
    call:drop()
end
--- response_body
> prompt "extension"
< "Hi. Sorry."
extension cut
> drop
> prompt "trailer"
< "Hi. Sorry."
trailer cut
> drop
> prompt "interim"
< "Sorry."
interim cut
> drop
> prompt "after"
< "Hi"
after cut
> drop
--- error_log
LLM's answer exceeded
bytes, limit is 10240
sent too much
--- grep_error_log eval: qr/bytes, limit is \d+/
--- grep_error_log_out
bytes, limit is 10240
bytes, limit is 10240
bytes, limit is 10240



=== TEST 11: convrelay_max_message_size 0 is refused
--- limits: convrelay_max_message_size 0;
--- must_die
--- error_log
"convrelay_max_message_size" directive cannot be zero, write a size such as "128k"



=== TEST 12: convrelay_max_output_size 0 is refused
--- limits: convrelay_max_output_size 0;
--- must_die
--- error_log
"convrelay_max_output_size" directive cannot be zero, write a size such as "128k"



=== TEST 13: convrelay_max_line_size 0 is refused
--- limits: convrelay_max_line_size 0;
--- must_die
--- error_log
"convrelay_max_line_size" directive cannot be zero, write a size such as "128k"



=== TEST 14: limits of an answer and of the history that are 0 are none
--- limits
convrelay_max_answer_size       0;
convrelay_max_history_size      0;
convrelay_max_history_messages  0;
--- llm
local said = llm.messages()

llm.note((said:gsub("x+", function(x) return #x end):gsub("\n", "|")))
llm.say(("x"):rep(150000))
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, text in ipairs{ "one", "two", "three" } do
    call:ask(text)
end

call:hangup()
ngx.say(require "convrelay_llm".notes(3))
--- response_body
user: one
user: one|assistant: 150000|user: two
user: one|assistant: 150000|user: two|assistant: 150000|user: three



=== TEST 15: a setup with all its parameters fits by default, and no more does
--- llm
llm.say("fine")
--- call
local function setup(len)
    local parts = {}

    for i = 1, 64 do
        parts[i] = ('"p%02d":"%s"'):format(i, ("x"):rep(490))
    end

    local text = '{"type":"setup","callSid":"CA1","customParameters":{'
                 .. table.concat(parts, ",") .. '}}'

    return text .. (" "):rep(len - #text)
end

for _, len in ipairs{ 32 * 1024, 32 * 1024 + 1 } do
    local call = dial("/ws", { mute = true })
    call:send(setup(len))
    call:prompt("Hi")
    call.mute = false
    call:answer()
    call:drop()
end
--- response_body
< "fine"
> drop
< "" close 1009 a message that is too large
> drop
--- error_log
client sent a message that is too large
