# A page to talk to the agent: convrelay_talk, its tickets and its limits.  What
# the page itself does is tested by t/page/run.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->must_die;

    $block->set_value('http_config', ($block->http_config // '') . <<'_EOC_')
convrelay_zone  calls  256k;
_EOC_
        if !defined $block->no_zone;

    my $talk = $block->talk // 'convrelay_talk  /ws public;';
    my $ws = $block->ws // '';

    $block->set_value('config', ($block->config // '') . <<"_EOC_");
    location = /talk {
        $talk
    }
    location = /ws {
        convrelay;
        $ws
        convrelay_system_prompt  "";
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
    }
_EOC_

    $block->set_value('call', <<'_EOC_' . $block->call);
local cjson = require "cjson"
local http = require "convrelay_http"
local origin = "http://localhost"

-- asks for a ticket: the answer, or a status; changes are headers

local function post(path, changes)
    local headers = { Host = "localhost", Origin = origin,
                      Connection = "close", ["Content-Length"] = "0" }
    local lines = { "POST " .. (path or "/talk") .. " HTTP/1.1" }

    for name, value in pairs(changes or {}) do
        headers[name] = value
    end

    for name, value in pairs(headers) do
        lines[#lines + 1] = value and name .. ": " .. value or nil
    end

    local r = http.send(http.head(lines))

    return r.status == "200" and cjson.decode(r.body) or r.status, r
end

-- opens a call with protocols, those of an answer, or none

local function open(protocols, opts)
    opts = opts or {}

    local headers = { opts.origin ~= false
                      and "Origin: " .. (opts.origin or origin) or "X: y" }

    if type(protocols) == "table" then
        protocols = table.concat(protocols.protocols or protocols, ", ")
    end

    if protocols then
        headers[2] = "Sec-WebSocket-Protocol: " .. protocols
    end

    return dial(opts.path or "/ws", { headers = headers, mute = opts.mute })
end

-- how a handshake ends, and with which subprotocol

local function try(label, protocols, opts)
    opts = opts or {}
    opts.mute = true

    local call = open(protocols, opts)
    local name = call.headers["sec-websocket-protocol"]

    ngx.say(label, ": ", call.status, name and ", " .. name or "")
    call.sock:close()
end

-- a ticket with one character changed

local function changed(ticket, i)
    local ch = ticket:sub(i, i) == "A" and "B" or "A"
    return ticket:sub(1, i - 1) .. ch .. ticket:sub(i + 1)
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a page gets a ticket, and talks with it
--- signed
--- ws: convrelay_auth_token  12345;
--- llm: "answer=say:Hello."
--- call
local a = post()

ngx.say(a.url, " ", #a.protocols, " ", a.protocols[1], " ",
        a.protocols[2]:match("^ct%.[%w_-]+$") and #a.protocols[2], " ",
        a.time)

local s = cjson.decode(a.setup)

ngx.say(s.type, " ", s.accountSid, " ", s.from, " ", s.callType, " ",
        s.callSid:match("^CAtalk%x+$") and #s.callSid, " ",
        s.sessionId:match("^VXtalk%x+$") and #s.sessionId)

local call = open(a)

ngx.say(call.headers["sec-websocket-protocol"])
call:send(a.setup)
call:ask("Hi")
call:hangup()
--- response_body
/ws 2 convrelay.talk 67 600
setup ACtalk client:browser BROWSER 34 34
convrelay.talk
> prompt "Hi"
< "Hello."
> close 1000
< close 1000



=== TEST 2: no ticket, a wrong one, a used one, and none of Twilio's signatures
--- signed
--- ws: convrelay_auth_token  12345;
--- call
local a, b = post(), post()
local ticket = b.protocols[2]

try("none of both", nil)
try("no ticket", "convrelay.talk")
try("no protocol", ticket)
try("empty", "convrelay.talk, ct.")
try("short", "convrelay.talk, " .. ticket:sub(1, -2))
try("long", "convrelay.talk, " .. ticket .. "A")
try("two", "convrelay.talk, " .. ticket .. ", " .. ticket)

for _, i in ipairs{ 4, 12, 30, 50, 67 } do
    try("changed at " .. i, "convrelay.talk, " .. changed(ticket, i))
end

try("without an origin", b, { origin = false })
try("good", a)
try("used", a)
try("good", b)
try("used", b)
try("used", a)
--- response_body
none of both: 403
no ticket: 403
no protocol: 403
empty: 403
short: 403
long: 403
two: 403
changed at 4: 403
changed at 12: 403
changed at 30: 403
changed at 50: 403
changed at 67: 403
without an origin: 403
good: 101, convrelay.talk
used: 403
good: 101, convrelay.talk
used: 403
used: 403
--- error_log
client sent no "X-Twilio-Signature"
client sent handshake of "convrelay_talk" with no ticket
client sent handshake of "convrelay_talk" with a wrong ticket
client sent handshake of "convrelay_talk" with a ticket that was used



=== TEST 3: both subprotocols on lines of their own; others are not named
--- call
local a = post()
local r = http.send(http.upgrade("/ws", {
    Origin = origin,
    ["Sec-WebSocket-Protocol"] = { a.protocols[2], "chat, convrelay.talk" } }))

http.show("two lines", r, "Sec-WebSocket-Protocol")

local n = 0

for _, line in ipairs(r.lines) do
    n = n + (line:lower():find("^sec%-websocket%-protocol:") and 1 or 0)
end

ngx.say(n)

r = http.send(http.upgrade("/ws", { Origin = origin,
                                    ["Sec-WebSocket-Protocol"] = "chat" }))
http.show("chat", r, "Sec-WebSocket-Protocol")

r = http.send(http.upgrade("/ws", {
    ["Sec-WebSocket-Protocol"] = "convrelay.talk, ct.abc" }))
http.show("no browser", r, "Sec-WebSocket-Protocol")
--- response_body
two lines: 101 Sec-WebSocket-Protocol: convrelay.talk
1
chat: 101 Sec-WebSocket-Protocol: none
no browser: 101 Sec-WebSocket-Protocol: none



=== TEST 4: the first message has to be the one that the ticket is for
--- talk: convrelay_talk  /ws /twiml public;
--- config
location = /twiml {
    convrelay_twiml            wss://a.example/ws;
    convrelay_twiml_attribute  welcomeGreeting "";
    convrelay_twiml_parameter  role  guest;
}
--- call
local other = post()

local function case(label, change)
    local a = post()
    local call = open(a, { mute = true })

    call:send(change(a.setup))

    local frame = call:frame_in()

    ngx.say(label, ": ", frame and frame.opcode == "close"
            and frame.payload:byte(1) * 256 + frame.payload:byte(2) .. " "
                .. frame.payload:sub(3) or "open")
    call.sock:close()
end

case("another callSid", function() return other.setup end)
case("another caller", function(s)
    return (s:gsub("client:browser", "+15550100"))
end)
case("another parameter", function(s) return (s:gsub("guest", "admin")) end)
case("a blank more", function(s) return s .. " " end)
case("no setup", function()
    return '{"type":"prompt","voicePrompt":"Hi","last":true}'
end)
--- response_body
another callSid: 1008 not the setup of the ticket
another caller: 1008 not the setup of the ticket
another parameter: 1008 not the setup of the ticket
a blank more: 1008 not the setup of the ticket
no setup: 1008 not the setup of the ticket
--- error_log
client sent another setup message than its ticket of "convrelay_talk" is for



=== TEST 5: a ticket opens the socket of its own page's location
--- config
location = /test {
    convrelay_talk  /other public;
}
location = /second {
    convrelay_talk  /ws public;
}
location = /other {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /third {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;

    location = /talk {
        convrelay_talk  /ws public;
    }
    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- call
try("/talk to /other", post(), { path = "/other" })
try("/test to /ws", post("/test"))
try("/talk to /third", post(), { path = "/third" })
try("/talk to /ws/, of the same name", post(), { path = "/ws/x" })
try("/talk to /ws", post())
try("/second to /ws", post("/second"))
try("/test to /other", post("/test"), { path = "/other" })

local a = post()
local call = dial("/ws", { port = $TEST_NGINX_PORT_2, mute = true,
                           headers = { "Origin: " .. origin,
                               "Sec-WebSocket-Protocol: "
                               .. table.concat(a.protocols, ",") } })
ngx.say("another server: ", call.status)
call.sock:close()

try("here", a)
--- response_body
/talk to /other: 403
/test to /ws: 403
/talk to /third: 403
/talk to /ws/, of the same name: 403
/talk to /ws: 101, convrelay.talk
/second to /ws: 101, convrelay.talk
/test to /other: 101, convrelay.talk
another server: 403
here: 101, convrelay.talk
--- error_log
with a wrong ticket



=== TEST 6: only pages of this server get tickets, and use them
--- call
local function ask(host, from)
    local a = post(nil, { Host = host, Origin = from })
    ngx.say(host, ", ", from or "none", ": ",
            type(a) == "table" and "ticket" or a)
end

ask("localhost", false)
ask("localhost", "null")
ask("localhost", "http://localhost")
ask("localhost", "https://localhost")
ask("localhost", "http://localhost.evil")
ask("localhost", "http://localhost@evil.example")
ask("localhost", "http://localhost:8080")
ask("localhost:8080", "http://localhost:8080")
ask("localhost:8080", "http://localhost")
ask("a.example:80", "http://a.example")
ask("a.example", "https://a.example:443")
ask("[::1]:8080", "http://[::1]:8080")
ask("[::1]", "http://[::1]")
ask("[::1]:8080", "http://[::1]:8081")
ask("[::1]", "http://[::2]")

local function use(from)
    try(from, post(), { origin = from })
end

use("null")
use("http://localhost.evil")
use("http://localhost:8080")
use("http://localhost:80")
--- response_body
localhost, none: 403
localhost, null: 403
localhost, http://localhost: ticket
localhost, https://localhost: ticket
localhost, http://localhost.evil: 403
localhost, http://localhost@evil.example: 403
localhost, http://localhost:8080: 403
localhost:8080, http://localhost:8080: ticket
localhost:8080, http://localhost: 403
a.example:80, http://a.example: ticket
a.example, https://a.example:443: ticket
[::1]:8080, http://[::1]:8080: ticket
[::1], http://[::1]: ticket
[::1]:8080, http://[::1]:8081: 403
[::1], http://[::2]: 403
null: 403
http://localhost.evil: 403
http://localhost:8080: 403
http://localhost:80: 101, convrelay.talk
--- error_log
client asked for a ticket of "convrelay_talk" without "Origin"
client sent foreign "Origin: http://localhost.evil"



=== TEST 7: convrelay_public_url is where the page is, with the proxy's prefix
--- config
convrelay_public_url  https://voice.example/phone;
--- call
local function ask(from)
    local a = post(nil, { Origin = from })
    ngx.say(from, ": ", type(a) == "table" and a.url or a)
    return a
end

ask("http://localhost")
local a = ask("https://voice.example")

try("localhost", a)
try("voice.example", a, { origin = "https://voice.example" })
--- response_body
http://localhost: 403
https://voice.example: /phone/ws
localhost: 403
voice.example: 101, convrelay.talk
--- error_log
foreign "Origin: http://localhost", this server is "https://voice.example"



=== TEST 8: a ticket is good for 30 seconds
--- call
local a = post()

ngx.sleep(32)
try("late", a)
--- response_body
late: 403
--- error_log
client sent handshake of "convrelay_talk" with a ticket that expired
--- timeout: 40



=== TEST 9: a limit of its own, besides that of the location
--- http_config
convrelay_talk_limit  2;
--- ws: convrelay_limit_calls  all 3;
--- config
location = /more {
    convrelay_talk        /ws public;
    convrelay_talk_limit  10;
}
--- call
local calls = {}

local function add(label, path)
    local a = post(path)
    local call = open(a, { mute = true })

    call:send(a.setup)
    call:send('{"type":"info","name":"x","value":"y"}')

    local frame = call:frame_in(300)

    ngx.say(label, ": ", frame and frame.opcode == "close"
                         and frame.payload:sub(3) or "open")
    return call
end

calls[1] = add("one")
calls[2] = add("two")
add("three").sock:close()

calls[2]:hangup()
calls[3] = add("after one has gone")
calls[4] = add("by another page", "/more")
add("the limit of the location", "/more")
--- response_body
one: open
two: open
three: too many calls
after one has gone: open
by another page: open
the limit of the location: too many calls
--- error_log
(convrelay_talk_limit): limit is 2, call refused
(all): limit is 3, call refused



=== TEST 10: a time of its own, and that of the location if it is shorter
--- config
location = /short {
    convrelay_talk       /ws public;
    convrelay_talk_time  1s;
}
location = /long {
    convrelay_talk       /brief public;
    convrelay_talk_time  10m;
}
location = /brief {
    convrelay;
    convrelay_max_call_time  1s;
    convrelay_end_timeout    200ms;
    proxy_pass  http://llm/v1/chat/completions;
}
--- ws: convrelay_end_timeout  200ms;
--- call
local function case(page, path)
    local a = post(page)
    local call = open(a, { path = path, mute = true })
    local from = ngx.now()

    call:send(a.setup)

    local frame

    repeat
        frame = call:frame_in(4000)
    until not frame or frame.opcode == "close"

    ngx.update_time()
    ngx.say(page, ": ", frame and frame.payload:sub(3), " ",
            ngx.now() - from < 3)
    call.sock:close()
end

case("/short", "/ws")
case("/long", "/brief")
--- response_body
/short: call is too long true
/long: call is too long true
--- error_log
ms long, limit is 1000 ms, closing



=== TEST 11: the page: its headers, HEAD, and no other methods
--- call
local function ask(method)
    local r = http.send(http.head{ method .. " /talk HTTP/1.1", "Host: a",
                                   "Connection: close" })
    return r
end

local r = ask("GET")
local csp = r.headers["content-security-policy"]
local nonce = csp:match("script%-src 'nonce%-(%x+)'")

http.show("GET", r, "Content-Type", "Cache-Control", "Permissions-Policy",
          "X-Content-Type-Options", "Referrer-Policy",
          "Access-Control-Allow-Origin")
ngx.say((csp:gsub(nonce, "N")))
ngx.say(#nonce, " ", r.body:find("<html", 1, true) ~= nil, " ",
        r.body:find("@nonce@", 1, true) == nil, " ",
        ask("GET").headers["content-security-policy"] ~= csp)

local h = ask("HEAD")

http.show("HEAD", h, "Content-Type", "Cache-Control")
ngx.say(h.headers["content-length"] == r.headers["content-length"], " ",
        #h.body)

http.show("PUT", ask("PUT"), "Allow")
http.show("OPTIONS", ask("OPTIONS"), "Allow", "Access-Control-Allow-Origin")

local a, answer = post()

http.show("POST", answer, "Content-Type", "Cache-Control",
          "Access-Control-Allow-Origin")
--- response_body
GET: 200 Content-Type: text/html; charset=utf-8 Cache-Control: no-store Permissions-Policy: microphone=(self) X-Content-Type-Options: nosniff Referrer-Policy: no-referrer Access-Control-Allow-Origin: none
default-src 'none'; script-src 'nonce-N'; style-src 'nonce-N'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
32 true true true
HEAD: 200 Content-Type: text/html; charset=utf-8 Cache-Control: no-store
true 0
PUT: 405 Allow: GET, HEAD, POST
OPTIONS: 405 Allow: GET, HEAD, POST Access-Control-Allow-Origin: none
POST: 200 Content-Type: application/json; charset=utf-8 Cache-Control: no-store Access-Control-Allow-Origin: none



=== TEST 12: greeting, languages and parameters are those of the webhook
--- signed
--- greeting
--- talk: convrelay_talk  /ws /twiml public;
--- config
location = /twiml {
    convrelay_auth_token       12345;
    convrelay_ticket           0123456789abcdef0123456789abcdef;
    convrelay_twiml            wss://a.example/ws;
    convrelay_twiml_attribute  welcomeGreeting "Hi \"you\"!";
    convrelay_twiml_attribute  dtmfDetection true;
    convrelay_twiml_attribute  voice secret;
    convrelay_twiml_language   de-DE;
    convrelay_twiml_language   fr-FR;
    convrelay_twiml_parameter  who "$convrelay_from $convrelay_direction";
    convrelay_twiml_parameter  sid $convrelay_call_sid;
}
--- ws
convrelay_auth_token  12345;
convrelay_ticket      0123456789abcdef0123456789abcdef;
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.messages())
    }
}
--- call
local a = post()
local s = cjson.decode(a.setup)
local p = s.customParameters

ngx.say(a.attributes.welcomeGreeting, " ", a.attributes.dtmfDetection, " ",
        tostring(a.attributes.voice), " ", table.concat(a.languages, " "))
ngx.say(p.who, " ", p.sid == s.callSid)

local call = open(a)

call:send(a.setup)
call:ask("Hi")
call:hangup()
--- response_body
Hi "you"! true nil de-DE fr-FR
client:browser inbound true
> prompt "Hi"
< "user: (The call begins.)\nassistant: Hi \"you\"!\nuser: Hi"
> close 1000
< close 1000



=== TEST 13: a call by a page is not stored, and its metrics are its own
--- http_config
convrelay_store_zone  stored  256k;
log_format  short  '$convrelay_call_type $convrelay_account_sid $convrelay_end';
--- ws
convrelay_store    memory;
convrelay_ticket   0123456789abcdef0123456789abcdef;
access_log         logs/calls.log short;
--- llm: "answer=say:Hello."
--- config
location = /metrics {
    convrelay_status  public;
}
--- call
local a = post()
local call = open(a, { mute = true })

call:send(a.setup)
call:ask("Hi")
call:drop()
ngx.sleep(0.3)

local r = http.send(http.head{ "GET /metrics HTTP/1.1", "Host: a",
                               "Connection: close" })

for line in r.body:gmatch("[^\n]+") do
    if line:find("sessions_total", 1, true) and line:find('"/ws"', 1, true)
       and line:find(" 1$")
    then
        ngx.say((line:gsub('.*(kind="%w+",end="%w+").*', "%1")))
    end

    if line:find("^convrelay_store_records ") then
        ngx.say(line)
    end
end

local f = io.open("$TEST_NGINX_SERVROOT/logs/calls.log")

ngx.print(f:read("*a"))
f:close()
--- response_body
convrelay_store_records 0
kind="browser",end="dropped"
BROWSER ACtalk dropped



=== TEST 14: no log has a ticket
--- http_config
log_format  all  '$request $args $http_referer $status';
access_log  logs/all.log all;
--- log_level: info
--- call
local tickets = {}

for i = 1, 2 do
    local a = post()

    tickets[i] = a.protocols[2]:sub(4)
    try("talk", a)
    try("again", a)
end

ngx.sleep(0.2)

for _, name in ipairs{ "all.log", "error.log", "access.log" } do
    local f = io.open("$TEST_NGINX_SERVROOT/logs/" .. name)
    local text = f and f:read("*a") or ""
    local found = 0

    for _, ticket in ipairs(tickets) do
        for from = 1, #ticket - 15, 16 do
            if text:find(ticket:sub(from, from + 15), 1, true) then
                found = found + 1
            end
        end
    end

    ngx.say(name, ": ", found)
end
--- response_body
talk: 101, convrelay.talk
again: 403
talk: 101, convrelay.talk
again: 403
all.log: 0
error.log: 0
access.log: 0
--- error_log
with a ticket that was used



=== TEST 15: limits of "if" in the socket's location hold
--- ws
if ($args = short) {
    set $x 1;
}
--- call
local a = post()
local call = open(a, { path = "/ws?short", mute = true })

ngx.say(call.status)
call:send({ type = "setup", callSid = "CA1" })

local frame = call:frame_in()

ngx.say(frame.payload:sub(3))
call.sock:close()
--- response_body
101
not the setup of the ticket
--- error_log
client sent another setup message



=== TEST 16: pages with access control give tickets only to those who have it
--- talk
convrelay_talk  /ws protected;
deny  all;
--- call
local a = post()

ngx.say(a)
http.show("GET", http.send(http.head{ "GET /talk HTTP/1.1", "Host: a",
                                      "Connection: close" }))
--- response_body
403
GET: 403
--- error_log
access forbidden by rule
--- no_error_log
is called protected



=== TEST 17: only so many tickets are used in their lifetime
--- call
local refused, n = nil, 0

for i = 1, 520 do
    local a = post()
    local call = open(a, { mute = true })

    if call.status == "101" then
        n = n + 1
    else
        refused = refused or call.status
    end

    call.sock:close()
end

ngx.say(n, " ", refused)
--- response_body
512 503
--- error_log
too many pages of "convrelay_talk" open their calls, limit is 512 in 30 seconds
--- timeout: 30



=== TEST 18: what can be wrong with the directive
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  /ws; }
--- must_die
--- error_log
"convrelay_talk" must say who can talk at your expense: write "convrelay_talk /ws protected" in a location that has "auth_basic", "auth_request", or "allow" and "deny", or "convrelay_talk /ws public" for everybody in



=== TEST 19: no location
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  public; }
--- must_die
--- error_log
"convrelay_talk" has no location: write that of a "convrelay", as in "convrelay_talk /ws public" in



=== TEST 20: a URL
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  wss://a.example/ws public; }
--- must_die
--- error_log
invalid location "wss://a.example/ws" of "convrelay_talk", write the name of a location of this server, such as "/ws" in



=== TEST 21: a location that is not there
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  /wss public; }
--- must_die
--- error_log
this server has no location "/wss" with "convrelay", to which "convrelay_talk" leads; did you mean "/ws"? in



=== TEST 22: one of another server
--- http_config
convrelay_zone  calls  256k;
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;
    location = /ws { convrelay; proxy_pass http://llm/; }
}
--- config
location = /ws { proxy_pass http://llm/; }
location = /talk { convrelay_talk  /ws public; }
--- must_die
--- error_log
this server has no location "/ws" with "convrelay", to which "convrelay_talk" leads in



=== TEST 23: a webhook that is not one
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  /ws /ws public; }
--- must_die
--- error_log
this server has no location "/ws" with "convrelay_twiml", from which "convrelay_talk" takes greeting and parameters in



=== TEST 24: no zone
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  /ws public; }
--- must_die
--- error_log
"convrelay_talk" counts its calls in shared memory: add "convrelay_zone NAME SIZE" to http in



=== TEST 25: no room for another limit
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws {
    convrelay;
    convrelay_limit_calls  1 1;
    convrelay_limit_calls  2 1;
    convrelay_limit_calls  3 1;
    convrelay_limit_calls  4 1;
    convrelay_limit_calls  5 1;
    convrelay_limit_calls  6 1;
    convrelay_limit_calls  7 1;
    convrelay_limit_calls  8 1;
    proxy_pass  http://llm/;
}
location = /talk { convrelay_talk  /ws public; }
--- must_die
--- error_log
location "/ws" can have at most 7 "convrelay_limit_calls", because "convrelay_talk" adds one in



=== TEST 26: another handler
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; proxy_pass http://llm/; }
location = /talk { convrelay_talk  /ws public; proxy_pass http://llm/; }
--- must_die
--- error_log
location "/talk" has both "convrelay_talk" and another content handler: each needs its own location in



=== TEST 27: a socket
--- http_config
convrelay_zone  calls  256k;
--- config
location = /ws { convrelay; convrelay_talk  /ws public; proxy_pass http://llm/; }
--- must_die
--- error_log
location "/ws" has both "convrelay_talk" and "convrelay": each needs its own location in



=== TEST 28: "protected", and nothing that nginx sees
--- talk
convrelay_talk  /ws protected;
--- call
ngx.say(type(post()))
--- response_body
table
--- error_log
location "/talk" is called protected, but nginx sees nothing that protects it: add "auth_basic", "auth_request", or "allow" and "deny", or, if anybody may talk at your expense, write "public" in



=== TEST 29: "auth_basic off" protects nothing
--- config
location = /off {
    convrelay_talk  /ws protected;
    auth_basic      off;
}
--- call
ngx.say(type(post("/off")))
--- response_body
table
--- error_log
location "/off" is called protected, but nginx sees nothing



=== TEST 30: what protects
--- config
location = /basic {
    convrelay_talk        /ws protected;
    auth_basic            "Talk";
    auth_basic_user_file  ../html/users;
}
location = /request {
    convrelay_talk  /ws protected;
    auth_request    /allowed;
}
location = /allowed {
    internal;
    return  401;
}
location /outer {
    allow  ::1;
    deny   all;

    location = /outer/talk {
        convrelay_talk  /ws protected;
    }
}
--- user_files
>>> users
a:$apr1$nKTNvr1q$PrjQfKjjDWZ4ZZeZNFOBj1
--- call
for _, path in ipairs{ "/basic", "/request", "/outer/talk" } do
    local a = post(path)
    ngx.say(path, ": ", type(a) == "table" and "ticket" or a)
end
--- response_body
/basic: 401
/request: 401
/outer/talk: 403
--- error_log
access forbidden by rule
--- no_error_log
is called protected



=== TEST 31: the page is the one that page.html is
--- call
local f = io.popen("cd $TEST_NGINX_ROOT && util/page talk")
local made = f:read("*a")

f:close()
f = io.open("$TEST_NGINX_ROOT/src/talk/ngx_http_convrelay_talk_page.h")
ngx.say(#made > 10000 and made == f:read("*a"))
f:close()
--- response_body
true



=== TEST 32: what the webhook has in its URL is not chosen by the page
--- signed
--- talk: convrelay_talk  /ws /twiml public;
--- config
location = /twiml {
    convrelay_auth_token       12345;
    convrelay_ticket           0123456789abcdef0123456789abcdef;
    convrelay_twiml            wss://localhost/ws;
    convrelay_twiml_parameter  customer "<$arg_customer>";
}
--- ws
convrelay_auth_token  12345;
convrelay_ticket      0123456789abcdef0123456789abcdef;
--- call
ngx.say((post("/talk?customer=Eve")))
ngx.say(cjson.decode((post()).setup).customParameters.customer)
--- response_body
400
<>
--- error_log
client asked for a ticket of "convrelay_talk" with arguments in the URL
