# One call, one ticket: convrelay_ticket.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->must_die;

    my $ticket = $block->ticket // 'convrelay_ticket  secret-of-tickets;';
    my $ws = $block->ticket_ws // $ticket;

    $block->set_value('config', ($block->config // '') . <<"_EOC_");
    location = /twiml {
        $ticket
        convrelay_twiml            wss://example.com/ws;
        convrelay_twiml_attribute  welcomeGreeting "";
    }
    location = /ws {
        convrelay;
        $ws
        convrelay_error_message    "Sorry.";
        proxy_pass                 http://llm/v1/chat/completions;
        proxy_http_version         1.1;
        proxy_set_header           Connection "";
    }
_EOC_

    $block->set_value('llm', $block->llm // <<'_EOC_');
    location / {
        content_by_lua_block {
            local llm = require "convrelay_llm"
            llm.note("asked")
            llm.say("fine")
        }
    }
_EOC_

    $block->set_value('call', <<'_EOC_' . $block->call);
local http = require "convrelay_http"
local sid = "CA00000000000000000000000000000001"

local function twiml(form, get)
    local headers = { "Host: a", "Connection: close" }

    if get then
        table.insert(headers, 1, "GET /twiml?" .. form .. " HTTP/1.1")
        return http.send(http.head(headers)).body
    end

    table.insert(headers, 1, "POST /twiml HTTP/1.1")
    headers[#headers + 1] = "Content-Length: " .. #form
    headers[#headers + 1] = "Content-Type: application/x-www-form-urlencoded"

    return http.send(http.head(headers) .. form).body
end

local function ticket(form, get)
    return twiml(form or "CallSid=" .. sid, get):match(
               '<Parameter name="convrelay_ticket" value="([^"]+)"/>')
end

local function made(secret, sid, expires)
    local time = ("%08x"):format(expires)
    return time .. ngx.encode_base64(ngx.hmac_sha1(secret, time .. sid))
end

local function setup(t, fields)
    local call = dial("/ws")
    local message = { customParameters = { convrelay_ticket = t } }

    for key, value in pairs(fields or {}) do
        message[key] = value
    end

    call:setup(message)
    call:prompt("Hi")

    return call
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: the webhook gives a ticket, and with it the call is answered
--- call
for _, get in ipairs{ false, true } do
    local call = setup(ticket("From=%2B15550100001&CallSid=" .. sid, get))
    call:answer()
    call:hangup()
end
--- response_body
> setup
> prompt "Hi"
< "fine"
> close 1000
< close 1000
> setup
> prompt "Hi"
< "fine"
> close 1000
< close 1000



=== TEST 2: a ticket is its time and an HMAC-SHA1, good for two minutes
--- call
ngx.update_time()
local now = ngx.time()
local t = ticket()
local expires = tonumber(t:sub(1, 8), 16)

ngx.say(expires >= now + 120 and expires <= now + 122 and "two minutes")
ngx.say(t == made("secret-of-tickets", sid, expires))
ngx.say(twiml("CallSid=" .. sid):match("<Connect>.*"))
--- response_body_like chop
^two minutes
true
<Connect><ConversationRelay url="wss://example.com/ws" events="tokens-played"><Parameter name="convrelay_ticket" value="[^"]+"/></ConversationRelay></Connect></Response>



=== TEST 3: without the right ticket nothing reaches the LLM
--- call
local good = made("secret-of-tickets", sid, ngx.time() + 60)

local function refused(label, t, fields)
    fields = fields or {}
    fields.customParameters = fields.customParameters
                              or { convrelay_ticket = t }

    local call = dial("/ws", { mute = true })
    call:setup(fields)
    call:prompt("Hi")

    local f = call:read(1)[1]
    local code = f.opcode == "close"
                 and f.payload:byte(1) * 256 + f.payload:byte(2)

    ngx.say(label, ": ", code, " ", f.payload:sub(3))
    call:drop()
end

refused("none")
refused("empty", "")
refused("no string", { 1 })
refused("a number", 12345678)
refused("not one", ("x"):rep(36))
refused("truncated", good:sub(1, -2))
refused("longer", good .. "=")
refused("another time", ("%08x"):format(ngx.time() + 61) .. good:sub(9))
refused("another end", good:sub(1, -3) .. (good:sub(-2, -2) == "A" and "E="
                                           or "A="))
refused("expired", made("secret-of-tickets", sid, ngx.time() - 2))
refused("another secret", made("ticket-secres", sid, ngx.time() + 60))
refused("another call", good, { callSid = sid:sub(1, -2) .. "2" })
refused("no call", good, { callSid = "" })
refused("its name", nil, { customParameters = { ticket = good } })

local call = setup(good)
call:answer()
call:drop()
ngx.say(require "convrelay_llm".notes(1))
--- response_body
none: 1008 no valid ticket
empty: 1008 no valid ticket
no string: 1008 no valid ticket
a number: 1008 no valid ticket
not one: 1008 no valid ticket
truncated: 1008 no valid ticket
longer: 1008 no valid ticket
another time: 1008 no valid ticket
another end: 1008 no valid ticket
expired: 1008 no valid ticket
another secret: 1008 no valid ticket
another call: 1008 no valid ticket
no call: 1008 no valid ticket
its name: 1008 no valid ticket
> setup
> prompt "Hi"
< "fine"
> drop
asked
--- error_log
client sent setup with no ticket for its call
client sent setup with wrong ticket for its call
client sent setup with an expired ticket for its call
--- no_error_log
secret-of-tickets



=== TEST 4: a ticket is good for a second call within its lifetime, not longer
--- ticket: convrelay_ticket  secret-of-tickets  1s;
--- call
local t = ticket()

for i = 1, 2 do
    local call = setup(t)
    call:answer()
    call:drop()
end

ngx.sleep(2.1)
setup(t):read(1)
--- response_body
> setup
> prompt "Hi"
< "fine"
> drop
> setup
> prompt "Hi"
< "fine"
> drop
> setup
> prompt "Hi"
< close 1008 no valid ticket
--- error_log
an expired ticket



=== TEST 5: a prompt that came with the setup message is not answered either
--- call
local call = dial("/ws", {
    early = frame{ payload = '{"type":"setup","callSid":"CA1"}' }
            .. frame{ payload = '{"type":"prompt","voicePrompt":"Hi",'
                                .. '"last":true}' }
})
call:finish()
ngx.say("asked: ", require "convrelay_llm".notes(0))
--- response_body
< close 1008 no valid ticket
asked: 
--- error_log
client sent setup with no ticket



=== TEST 6: a form without a CallSid gets no ticket, but its answer
--- call
for _, form in ipairs{ "", "CallSid=", "callsid=CA1", "From=%2B1" } do
    ngx.say(ticket(form), " ", twiml(form):match("<Connect>") or "none")
end

ngx.say(ticket("CallSid=&CallSid=" .. sid) ~= nil)
--- response_body
nil <Connect>
nil <Connect>
nil <Connect>
nil <Connect>
true
--- no_error_log
[error]
[warn]



=== TEST 7: the secret may be a variable, and has to be the same on both sides
--- http_config
map $arg_n $webhook_secret {
    default  one-secret-of-tickets;
    2        two-secret-of-tickets;
}
--- ticket: convrelay_ticket  $webhook_secret;
--- ticket_ws: convrelay_ticket  two-secret-of-tickets;
--- call
setup(ticket("n=1&CallSid=" .. sid, true)):read(1)
local call = setup(ticket("n=2&CallSid=" .. sid, true))
call:answer()
call:drop()
--- response_body
> setup
> prompt "Hi"
< close 1008 no valid ticket
> setup
> prompt "Hi"
< "fine"
> drop
--- error_log
wrong ticket



=== TEST 8: the secret of a call may depend on the call
--- http_config
map $convrelay_account_sid $account_secret {
    AC00000000000000000000000000000001  one-secret-of-tickets;
}
--- ticket: convrelay_ticket  one-secret-of-tickets;
--- ticket_ws: convrelay_ticket  $account_secret;
--- config
set $seen "$account_secret";
--- call
local call = setup(ticket())
call:answer()
call:drop()
--- response_body
> setup
> prompt "Hi"
< "fine"
> drop



=== TEST 9: a secret that turns out to be empty lets nobody in
--- ticket: convrelay_ticket  $arg_secret;
--- call
ngx.say((twiml("CallSid=" .. sid):match("%d+ [%a ]+")))
setup(made("", sid, ngx.time() + 60)):read(1)
--- response_body
500 Internal Server Error
> setup
> prompt "Hi"
< close 1008 no valid ticket
--- error_log
secret of "convrelay_ticket" is empty



=== TEST 10: a secret longer than a block of SHA-1
--- ticket eval: "convrelay_ticket  " . "0123456789" x 10 . ";"
--- call
local t = ticket()
ngx.say(t == made(("0123456789"):rep(10), sid, tonumber(t:sub(1, 8), 16)))
--- response_body
true



=== TEST 11: "off" takes back what an outer level has
--- config
convrelay_ticket  secret-of-tickets;
--- ticket: convrelay_ticket  off;
--- call
ngx.say(ticket())
local call = setup()
call:answer()
call:drop()
--- response_body
nil
> setup
> prompt "Hi"
< "fine"
> drop



=== TEST 12: a level inherits secret and lifetime
--- config
convrelay_ticket  secret-of-tickets  1h;
--- ticket: #
--- call
local t = ticket()
local left = tonumber(t:sub(1, 8), 16) - ngx.time()
ngx.say(left > 3590 and left <= 3602 and "an hour" or left)
setup():read(1)
--- response_body
an hour
> setup
> prompt "Hi"
< close 1008 no valid ticket
--- error_log
no ticket



=== TEST 13: neither ticket nor secret is ever in a log
--- http_config
log_format  all  '$request_uri $convrelay_call_sid';
--- config
access_log  logs/call.log all;
error_log   logs/call-error.log info;
--- call
local llm = require "convrelay_llm"
local t = ticket()

for _, sent in ipairs{ t, t:sub(1, -2), ("%08x"):format(1) .. t:sub(9) } do
    local call = setup(sent)
    call.mute = true
    call:read(1)
    call:drop()
end

local log = llm.log("call.log", 4) .. llm.log("call-error.log", 2)

for _, secret in ipairs{ t, t:sub(9), t:sub(9, 20), "secret-of-tickets" } do
    ngx.say(log:find(secret, 1, true))
end

ngx.say(#log > 100)
--- response_body
> setup
> prompt "Hi"
> setup
> prompt "Hi"
> setup
> prompt "Hi"
nil
nil
nil
nil
true



=== TEST 14: an empty secret is refused
--- config
convrelay_ticket  "";
--- request
GET /
--- must_die
--- error_log
"convrelay_ticket" directive has an empty secret



=== TEST 15: a lifetime that is none is refused
--- config
convrelay_ticket  secret-of-tickets  soon;
--- must_die
--- error_log
invalid lifetime "soon"



=== TEST 16: a lifetime of nothing is refused
--- config
convrelay_ticket  secret-of-tickets  0;
--- must_die
--- error_log
invalid lifetime "0", write a time from 1s to 1y, such as "2m"



=== TEST 17: a lifetime beyond what a ticket can hold is refused
--- config
convrelay_ticket  secret-of-tickets  100y;
--- must_die
--- error_log
invalid lifetime "100y", write a time from 1s to 1y, such as "2m"



=== TEST 18: the longest lifetime is one
--- config
convrelay_ticket  secret-of-tickets  1y;
--- call
ngx.say("it starts")
--- response_body
it starts



=== TEST 19: one that is a day longer is not
--- config
convrelay_ticket  secret-of-tickets  366d;
--- must_die
--- error_log
invalid lifetime "366d", write a time from 1s to 1y, such as "2m"



=== TEST 20: the shortest lifetime is one
--- config
convrelay_ticket  secret-of-tickets  1s;
--- call
ngx.say("it starts")
--- response_body
it starts



=== TEST 21: "off" has no lifetime
--- config
convrelay_ticket  off  2m;
--- must_die
--- error_log
takes no other parameter with "off"



=== TEST 22: a ticket is given once a level
--- config
convrelay_ticket  a-secret-of-tickets;
convrelay_ticket  b-secret-of-tickets;
--- must_die
--- error_log
"convrelay_ticket" directive is duplicate



=== TEST 23: a parameter of a similar name is not a ticket
--- config
--- call
local call = dial("/ws")
call:send { type = "setup", callSid = sid,
            customParameters = { ["convrelay-ticket"] = ticket() } }
call:finish()
--- response_body_like: < close 1008
--- error_log
client sent setup with no ticket for its call
