# A webhook that Twilio repeats, because an answer was late or lost, has no
# second effect: with its I-Twilio-Idempotency-Token or without, one after the
# other or at once.  The answers need not be the same.

use lib 't/lib';
use Test::Nginx::ConvRelay;

workers(2);
master_on();
log_level('notice');

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_');
    convrelay_zone  calls 1m;
_EOC_

    $block->set_value('config', <<'_EOC_');
    convrelay_ticket  secret-of-tickets;

    location = /twiml {
        convrelay_twiml         wss://example.com/ws;
        convrelay_twiml_action  /end;
    }
    location = /end {
        convrelay_connect_action;
        convrelay_connect_reply  "reconnect max=2";
    }
    location = /ws {
        convrelay;
        convrelay_limit_calls  $convrelay_account_sid 2;
        proxy_pass             http://llm/v1/chat/completions;
    }
_EOC_

    $block->set_value('llm', 'answer=repeat');

    $block->set_value('call', <<'_EOC_' . $block->call);
local http = require "convrelay_http"

-- the tickets of a webhook and its repetitions, and its action; all of them
-- are on their way at the same time

local function webhook(uri, form, repeats, token)
    local threads, tickets, action = {}, {}, nil

    for i = 1, repeats do
        threads[i] = ngx.thread.spawn(http.form, "POST", uri, form,
            token and "I-Twilio-Idempotency-Token: " .. token or "X: y")
    end

    for i = 1, repeats do
        local ok, r = ngx.thread.wait(threads[i])
        local url = r.body:match('action="([^"]*)"')

        tickets[i] = r.body:match('name="convrelay_ticket" value="([^"]+)"')
        action = action or url

        if url ~= action then
            ngx.say("another action: ", url)
        end
    end

    return tickets, action
end

-- a socket with one of them; quiet where it is let in

local function socket(label, ticket, session)
    local call = dial("/ws", { mute = true })

    call:setup{ sessionId = session,
                customParameters = { convrelay_ticket = ticket } }
    call:prompt("Hi")

    local f = call:frame_in()

    if f and f.opcode == "close" then
        ngx.say(label, ": ", f.payload:byte(1) * 256 + f.payload:byte(2), " ",
                f.payload:sub(3))
        call.sock:close()
        return nil
    end

    call:answer()
    ngx.say(label, ": in")

    return call
end

local sid = "CA00000000000000000000000000000001"
local start = { CallSid = sid, CallStatus = "ringing" }

local function over(session)
    return { CallSid = sid, CallStatus = "in-progress", SessionId = session,
             SessionStatus = "failed", ErrorCode = "64105" }
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a call has one socket, whatever answer of its webhook that is from
--- call
for _, token in ipairs{ false, "a-token" } do
    local tickets = webhook("/twiml", start, 3, token)

    local call = socket("the second answer", tickets[2], "VX1")

    socket("the first", tickets[1], "VX2")
    socket("the third", tickets[3], "VX3")

    local late = webhook("/twiml", start, 1, token)

    socket("one that was repeated later", late[1], "VX4")

    call.mute = false
    call:ask("Still there?")
    call:hangup()
    ngx.sleep(0.1)
end
--- response_body
the second answer: in
the first: 1008 too many calls
the third: 1008 too many calls
one that was repeated later: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
the second answer: in
the first: 1008 too many calls
the third: 1008 too many calls
one that was repeated later: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
--- error_log
already has a live socket



=== TEST 2: a socket is replaced once, however often its end is reported
--- call
for _, token in ipairs{ false, "a-token" } do
    local first = socket("first", webhook("/twiml", start, 1)[1], "VX1")
    local tickets, action = webhook("/end", over("VX1"), 3, token)

    ngx.say(action)

    local call = socket("its next session", tickets[3], "VX2")
    local f = first:frame_in(2000)

    ngx.say("first: ", f and f.payload:sub(3))
    first.sock:close()

    socket("again", tickets[1], "VX3")
    socket("again", tickets[2], "VX4")
    socket("repeated later",
           webhook("/end", over("VX1"), 1, token)[1], "VX5")

    call.mute = false
    call:ask("Still there?")
    call:hangup()
    ngx.sleep(0.1)
end
--- response_body
first: in
/end?convrelay_reconnects=1
its next session: in
first: replaced
again: 1008 too many calls
again: 1008 too many calls
repeated later: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
first: in
/end?convrelay_reconnects=1
its next session: in
first: replaced
again: 1008 too many calls
again: 1008 too many calls
repeated later: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
--- error_log
session was reconnected, closing its old socket
already has a live socket



=== TEST 3: reconnects are counted once, however often each is asked for
--- call
for _, token in ipairs{ false, "a-token" } do
    local action = "/end"

    for n = 1, 4 do
        local _, next = webhook(action, over("VX" .. n), 5, token)

        ngx.say(next or "hung up")
        action = next or action
    end
end
--- response_body
/end?convrelay_reconnects=1
/end?convrelay_reconnects=2
hung up
hung up
/end?convrelay_reconnects=1
/end?convrelay_reconnects=2
hung up
hung up
--- error_log
reconnect limit of 2 reached, hanging up



=== TEST 4: a call counts once in convrelay_limit_calls
--- call
local tickets = webhook("/twiml", start, 2)
local calls = { socket("first", tickets[1], "VX1") }

socket("first, again", tickets[2], "VX2")

local again = webhook("/end", over("VX1"), 2)

calls[2] = socket("its next session", again[1], "VX3")
socket("its next session, again", again[2], "VX4")

for n = 2, 3 do
    local other = ("CA%032d"):format(n)
    local call = dial("/ws", { mute = true })

    call:setup{
        callSid = other, sessionId = "VY" .. n,
        customParameters = { convrelay_ticket = webhook("/twiml",
                                 { CallSid = other }, 2)[2] }
    }
    call:prompt("Hi")

    local f = call:frame_in()

    ngx.say("another call: ", f.opcode == "close" and f.payload:sub(3) or "in")
    calls[#calls + 1] = call
end
--- response_body
first: in
first, again: 1008 too many calls
its next session: in
its next session, again: 1008 too many calls
another call: in
another call: too many calls
--- error_log
already has a live socket
