# The live calls of all workers: one socket for a CallSid, and as many calls
# of a key as convrelay_limit_calls says; a call that is dialed again.

use lib 't/lib';
use Test::Nginx::ConvRelay;

workers(2);
worker_connections(1024);
master_on();
log_level('notice');

# a session starts, and goes on when Twilio has said that it is over

our $redial = <<'_EOC_';
    location = /twiml {
        convrelay_ticket        secret-of-tickets;
        convrelay_twiml         wss://example.com/ws;
        convrelay_twiml_action  /end;
    }
    location = /end {
        convrelay_connect_action;
        convrelay_connect_reply  reconnect;
    }
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->must_die;

    my $zone = $block->zone // 'convrelay_zone  calls  1m;';

    $block->set_value('http_config', $zone . ($block->http_config // ''));

    $block->set_value('config', ($block->config // '') . <<"_EOC_");
    location = /ws {
        convrelay;
        @{[$block->limits // '']}
        proxy_pass          http://llm/v1/chat/completions;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";
        add_header          X-Pid \$pid always;
    }
_EOC_

    $block->set_value('llm', $block->llm // 'answer=repeat');

    $block->set_value('call', <<'_EOC_' . $block->call);
local llm = require "convrelay_llm"

local function setup(fields, opts)
    local call = dial("/ws", opts)
    call.mute = true
    call:setup(fields)

    return call
end

-- is a call with these fields let in?

local kept = {}

local function try(label, fields, opts)
    local call = setup(fields, opts)
    call:prompt("Hi")

    local f = call:frame_in()

    if f and f.opcode == "close" then
        ngx.say(label, ": ", f.payload:byte(1) * 256 + f.payload:byte(2), " ",
                f.payload:sub(3))
        return call
    end

    call:answer()
    ngx.say(label, ": in")
    kept[#kept + 1] = call

    return call
end

local function sid(n)
    return ("CA%032d"):format(n)
end

-- the ticket of a new call, or of one whose session is over

local function ticket(over, call)
    local r = require "convrelay_http".form("POST", over and "/end" or "/twiml",
        { CallSid = call or sid(1), SessionId = over,
          SessionStatus = over and "failed" })

    return { convrelay_ticket = r.body:match(
                 'name="convrelay_ticket" value="([^"]+)"') }
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a second socket of a live call is closed, whatever the worker
--- call
local first = try("first", { callSid = sid(1) })

for i = 1, 6 do
    try("second", { callSid = sid(1) })
end

try("another call", { callSid = sid(2) })

first.mute = false
first:ask("Still there?")
first:hangup()
--- response_body
first: in
second: 1008 too many calls
second: 1008 too many calls
second: 1008 too many calls
second: 1008 too many calls
second: 1008 too many calls
second: 1008 too many calls
another call: in
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
--- error_log
[error]
call "CA00000000000000000000000000000001" already has a live socket: second one refused



=== TEST 2: hung up or dropped, in whatever way, the call may come again
--- limits: convrelay_max_message_size 1k;
--- call
for _, how in ipairs{ "hangup", "drop", "invalid", "too large" } do
    local call = try(how, { callSid = sid(1) })

    if how == "invalid" then
        call:raw(frame{ key = false })

    elseif how == "too large" then
        call:raw(frame{ length = 100000 })

    else
        call[how](call)
    end

    if how == "invalid" or how == "too large" then
        call:read(1)
    end

    ngx.sleep(0.05)
end

try("last", { callSid = sid(1) })
--- response_body
hangup: in
drop: in
invalid: in
too large: in
last: in
--- error_log
client sent a message that is too large: 100000, closing with 1009



=== TEST 3: calls are counted by what is known at setup
--- limits
convrelay_limit_calls  $convrelay_account_sid  3;
convrelay_limit_calls  $convrelay_to           2;
--- call
try("two of a number", { callSid = sid(1), to = "+15550100011" })
try("two of a number", { callSid = sid(2), to = "+15550100011" })
try("a third one", { callSid = sid(3), to = "+15550100011" })
try("other number", { callSid = sid(4), to = "+15550100012" })
try("a fourth one of the account",
    { callSid = sid(5), to = "+15550100012" })
try("other account", { callSid = sid(6), to = "+15550100012",
                       accountSid = "AC2" })

kept[1]:hangup()
ngx.sleep(0.02)

try("one hung up", { callSid = sid(3), to = "+15550100011" })
--- response_body
two of a number: in
two of a number: in
a third one: 1008 too many calls
other number: in
a fourth one of the account: 1008 too many calls
other account: in
one hung up: in
--- error_log
[error]
too many calls for "+15***11" ($convrelay_to): limit is 2, call refused
too many calls for "AC0***01" ($convrelay_account_sid): limit is 3, call refused
--- no_error_log
+15550100011
AC0000



=== TEST 4: a call that was refused is not counted
--- limits
convrelay_limit_calls  $convrelay_account_sid  2;
convrelay_limit_calls  $convrelay_to           1;
--- call
try("first", { callSid = sid(1), to = "+15550100011" })

for i = 2, 5 do
    try("refused", { callSid = sid(i), to = "+15550100011" })
end

ngx.sleep(0.02)
try("second of the account", { callSid = sid(2), to = "+15550100012" })
--- response_body
first: in
refused: 1008 too many calls
refused: 1008 too many calls
refused: 1008 too many calls
refused: 1008 too many calls
second of the account: in
--- error_log
too many calls for "+15***11" ($convrelay_to): limit is 1, call refused



=== TEST 5: equal values of different keys are counted apart
--- limits
convrelay_limit_calls  $convrelay_from  1;
convrelay_limit_calls  $convrelay_to    1;
--- call
try("one calls two", { callSid = sid(1), from = "+15550100001",
                       to = "+15550100002" })
try("two calls one", { callSid = sid(2), from = "+15550100002",
                       to = "+15550100001" })
try("one calls three", { callSid = sid(3), from = "+15550100001",
                         to = "+15550100003" })
--- response_body
one calls two: in
two calls one: in
one calls three: 1008 too many calls
--- error_log
too many calls for "+15***01" ($convrelay_from)



=== TEST 6: an empty key is not counted, nor an empty CallSid
--- http_config
map $convrelay_parameter_tier $free {
    default  "";
    free     $convrelay_from;
}
--- limits: convrelay_limit_calls $free 1;
--- call
for i = 1, 3 do
    try("no CallSid", { callSid = "" })
end

for i = 1, 2 do
    try("paid", { callSid = sid(i), customParameters = { tier = "paid" } })
end

for i = 11, 12 do
    try("free", { callSid = sid(i), customParameters = { tier = "free" } })
end
--- response_body
no CallSid: in
no CallSid: in
no CallSid: in
paid: in
paid: in
free: in
free: 1008 too many calls
--- error_log
too many calls for "+15***01" ($free): limit is 1



=== TEST 7: numbers are in the log only with convrelay_log_numbers on
--- limits
convrelay_limit_calls  $convrelay_from  1;
convrelay_log_numbers  on;
--- call
try("first", { callSid = sid(1) })
try("second", { callSid = sid(2) })
--- response_body
first: in
second: 1008 too many calls
--- error_log
too many calls for "+15550100001" ($convrelay_from): limit is 1, call refused



=== TEST 8: a short value is masked whole, and no value breaks a line
--- limits: convrelay_limit_calls $convrelay_from 1;
--- call
for i, from in ipairs{ "911", "x\ny\27[1mevil", "éééé" } do
    try("first", { callSid = sid(i), from = from })
    try("second", { callSid = sid(10 + i), from = from })
end

try("first", { callSid = "a\nb \27[1m" .. ("c"):rep(90) })
try("second", { callSid = "a\nb \27[1m" .. ("c"):rep(90) })
--- response_body
first: in
second: 1008 too many calls
first: in
second: 1008 too many calls
first: in
second: 1008 too many calls
first: in
second: 1008 too many calls
--- error_log eval
["calls for \"***\" (\$convrelay_from)",
 "calls for \"x y***il\" (\$convrelay_from)",
 qr/call "a b  \[1mc{56}" already has a live socket/]
--- no_error_log
evil



=== TEST 9: a value of any length is counted
--- limits: convrelay_limit_calls $convrelay_caller_name 1;
--- call
local long = ("n"):rep(5000)

try("long sid", { callSid = long, callerName = "a" })
try("the same", { callSid = long, callerName = "b" })
try("another", { callSid = long .. "n", callerName = "c" })
try("long key", { callSid = sid(1), callerName = long })
try("the same", { callSid = sid(2), callerName = long })
try("another", { callSid = sid(3), callerName = long .. "n" })
--- response_body
long sid: in
the same: 1008 too many calls
another: in
long key: in
the same: 1008 too many calls
another: in
--- error_log
call "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" already has a live socket: second one refused



=== TEST 10: without a zone sockets are not counted
--- zone: #
--- call
try("first", { callSid = sid(1) })
try("second", { callSid = sid(1) })
--- response_body
first: in
second: in



=== TEST 11: calls of all locations count together
--- limits: convrelay_limit_calls $convrelay_to 2;
--- config
location = /other {
    convrelay;
    convrelay_limit_calls  $convrelay_to 2;
    proxy_pass             http://llm/v1/chat/completions;
}
--- call
local other = dial("/other")
other:setup{ callSid = sid(1) }
other:ask("Hi")
try("second", { callSid = sid(2) })
try("third", { callSid = sid(3) })
try("the same call", { callSid = sid(1) })
--- response_body
> setup
> prompt "Hi"
< "Hi"
second: in
third: 1008 too many calls
the same call: 1008 too many calls
--- error_log
limit is 2



=== TEST 12: a zone that is full refuses, says so, and lives on
--- zone: convrelay_zone  calls  32k;
--- timeout: 20
--- call
local n, refused = 0

for i = 1, 600 do
    local call = dial("/ws", { mute = true })

    call:setup{ callSid = sid(i) }
    call:raw(frame{ opcode = "ping" })

    local f = call:frame_in()

    if f.opcode == "close" then
        ngx.say(f.payload:sub(3))
        break
    end

    kept[#kept + 1] = call
end

ngx.say(#kept > 10 and "many calls" or #kept)

for _, call in ipairs(kept) do
    call:drop()
end

ngx.sleep(0.1)

for i = 1, 10 do
    try("again", { callSid = sid(1000 + i) }, { mute = true })
end
--- response_body
too many calls
many calls
again: in
again: in
again: in
again: in
again: in
again: in
again: in
again: in
again: in
again: in
--- error_log
[error]
convrelay_zone "calls" is full, its size is 32768: call refused



=== TEST 13: the calls of the old workers are counted after a reload
--- limits: convrelay_limit_calls $convrelay_to 2;
--- timeout: 10
--- call
local first = try("before", { callSid = sid(1) })
local file = io.open(ngx.config.prefix() .. "logs/nginx.pid")

os.execute("kill -HUP " .. file:read("*n"))
file:close()

for i = 1, 100 do
    local _, n = llm.log("error.log", 1):gsub("gracefully shutting down", "")

    if n == 2 then
        break
    end

    ngx.sleep(0.05)
end

local call = try("the same call", { callSid = sid(1) })
ngx.say("in a new worker: ", call.headers["x-pid"] ~= first.headers["x-pid"])
try("second", { callSid = sid(2) })
try("third", { callSid = sid(3) })

first.mute = false
first:ask("Still there?")
first:hangup()
ngx.sleep(0.05)

try("the same call", { callSid = sid(1) })
--- response_body
before: in
the same call: 1008 too many calls
in a new worker: true
second: in
third: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
the same call: in
--- error_log
limit is 2



=== TEST 14: the calls of a worker that was killed are forgotten
--- zone: convrelay_zone calls 32k;
--- limits: convrelay_limit_calls $convrelay_to 1;
--- timeout: 10
--- call
local prefix, me = ngx.config.prefix(), tostring(ngx.worker.pid())

local function line(name)
    local file = io.open(name)
    local text = file and file:read("*a")

    if file then
        file:close()
    end

    return text
end

-- a call in the other worker, one number after the other; and all that the
-- zone takes

local theirs, mine = {}, {}

for i = 1, 600 do
    local call = setup({ callSid = sid(i), to = "+1555" .. i })
    call:raw(frame{ opcode = "ping" })

    if call:frame_in().opcode == "close" then
        break
    end

    local calls = call.headers["x-pid"] == me and mine or theirs
    calls[#calls + 1] = { call, i }
end

local call, n = unpack(theirs[1])
local other = call.headers["x-pid"]

try("before", { callSid = sid(n), to = "+1" })
try("before", { callSid = sid(1000), to = "+1555" .. n })
try("before", { callSid = sid(1000), to = "+1" })

-- a child of our master, and of nobody else

local master = line(prefix .. "logs/nginx.pid"):match("%d+")

if line("/proc/" .. other .. "/stat"):match("^%d+ %b() %a (%d+)") == master
then
    os.execute("kill -9 " .. other)
end

for i = 1, 100 do
    local log = llm.log("error.log", 1)
    local _, started = log:gsub("start worker process %d", "")

    if started == 3 then
        break
    end

    ngx.sleep(0.02)
end

ngx.sleep(0.1)

for i = 1, 3 do
    try("other calls", { callSid = sid(2000 + i), to = "+2" .. i })
end

try("the same call", { callSid = sid(n), to = "+1" })
try("the same number", { callSid = sid(1000), to = "+1555" .. n })

local alive = 0

for _, c in ipairs(mine) do
    c[1]:raw(frame{ opcode = "ping" })
    alive = alive + (c[1]:frame_in() and 1 or 0)
end

ngx.say("alive: ", alive == #mine)
--- response_body
before: 1008 too many calls
before: 1008 too many calls
before: 1008 too many calls
other calls: in
other calls: in
other calls: in
the same call: in
the same number: in
alive: true
--- error_log
convrelay_zone "calls" is full
exited on signal 9
--- no_error_log eval
["[emerg]"]



=== TEST 15: what Twilio says is over is replaced, whatever its worker
--- limits: convrelay_ticket  secret-of-tickets;
--- config eval: $::redial
--- timeout: 15
--- call
local calls = { setup({ sessionId = "VX0", customParameters = ticket() }) }
local same, other = 0, 0

-- until the new socket was in the same worker and in another one

repeat
    local n = #calls
    local call = setup{ sessionId = "VX" .. n,
                        customParameters = ticket("VX" .. n - 1) }

    local f = calls[n]:frame_in(1500)
    local where = call.headers["x-pid"] == calls[n].headers["x-pid"]

    same = same + (where and 1 or 0)
    other = other + (where and 0 or 1)
    calls[n + 1] = call

    if not f or f.payload:sub(3) ~= "replaced" then
        ngx.say("not replaced: ", f and f.payload)
    end

    if n == 1 then
        ngx.say("the old one: ", f.payload:byte(1) * 256 + f.payload:byte(2))
    end

    calls[n]:drop()
until same > 0 and other > 0 or #calls == 40

ngx.say("in the same worker: ", same > 0, ", in another one: ", other > 0)

local call = calls[#calls]
call.mute = false
call:ask("Still there?")
call:hangup()
ngx.sleep(0.05)

try("and it takes its entry along", { customParameters = ticket() })
--- response_body
the old one: 1008
in the same worker: true, in another one: true
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
and it takes its entry along: in
--- error_log
session was reconnected, closing its old socket
--- no_error_log
live socket
secret-of-tickets



=== TEST 16: nothing else replaces a live socket
--- limits: convrelay_ticket  secret-of-tickets;
--- config eval: $::redial
--- call
local first, again = ticket(), ticket("VX0")
local live

try("first", { sessionId = "VX0", customParameters = first })
try("its setup again", { sessionId = "VX0", customParameters = first })
try("its ticket", { sessionId = "VX1", customParameters = first })
try("a new ticket", { sessionId = "VX1", customParameters = ticket() })
try("another session", { sessionId = "VX1", customParameters = ticket("VX9") })
try("none", { sessionId = "VX1" })

local t = again.convrelay_ticket

for label, value in pairs{ ["no session"] = t:sub(1, 36),
                           ["half a session"] = t:sub(1, -2),
                           ["more session"] = t .. "0",
                           ["a long session"] = t .. ("0"):rep(64),
                           ["its own session"] = first.convrelay_ticket
                                                 .. "VX0" }
do
    local call = dial("/ws", { mute = true })
    call:setup{ sessionId = "VX1",
                customParameters = { convrelay_ticket = value } }

    local f = call:frame_in()

    if f.payload:sub(3) ~= "no valid ticket" then
        ngx.say(label, ": ", f.payload)
    end

    call:drop()
end

try("another call", { callSid = sid(2), sessionId = "VX1",
                      customParameters = again })
live = try("dialed again", { sessionId = "VX1", customParameters = again })
try("its setup again", { sessionId = "VX1", customParameters = again })
try("its ticket", { sessionId = "VX2", customParameters = again })
try("as the old one", { sessionId = "VX0", customParameters = again })
try("the old setup", { sessionId = "VX0", customParameters = first })

live.mute = false
live:ask("Still there?")
live:hangup()
--- response_body
first: in
its setup again: 1008 too many calls
its ticket: 1008 too many calls
a new ticket: 1008 too many calls
another session: 1008 too many calls
none: 1008 no valid ticket
another call: 1008 no valid ticket
dialed again: in
its setup again: 1008 too many calls
its ticket: 1008 too many calls
as the old one: 1008 too many calls
the old setup: 1008 too many calls
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
--- error_log
call "CA00000000000000000000000000000001" already has a live socket



=== TEST 17: a call that is dialed again counts once, and only if it is let in
--- limits
convrelay_ticket       secret-of-tickets;
convrelay_limit_calls  $convrelay_account_sid  2;
convrelay_limit_calls  $convrelay_to           1;
--- config eval: $::redial
--- call
try("first", { sessionId = "VX0", to = "+1", customParameters = ticket() })

for i = 1, 4 do
    try("dialed again", { sessionId = "VX" .. i, to = "+1",
                          customParameters = ticket("VX" .. i - 1) })
end

local function other(label, n, to)
    return try(label, { callSid = sid(n), to = to,
                        customParameters = ticket(nil, sid(n)) })
end

other("same number", 2, "+1")

local call = other("other number", 3, "+2")

-- where the new one finds no room, the old one stays

try("dialed again", { sessionId = "VX5", to = "+2",
                      customParameters = ticket("VX4") })
kept[5].mute = false
kept[5]:ask("Still there?")
call:hangup()
ngx.sleep(0.05)

try("dialed again", { sessionId = "VX5", to = "+2",
                      customParameters = ticket("VX4") })
other("its old number", 4, "+1")
other("too many of the account", 5, "+3")
--- response_body
first: in
dialed again: in
dialed again: in
dialed again: in
dialed again: in
same number: 1008 too many calls
other number: in
dialed again: 1008 too many calls
> prompt "Still there?"
< "Still there?"
dialed again: in
its old number: in
too many of the account: 1008 too many calls
--- error_log
limit is 1, call refused
limit is 2, call refused



=== TEST 18: the answer of a socket that is replaced is broken off
--- limits
convrelay_ticket  secret-of-tickets;
log_subrequest    on;
access_log        logs/turns.log turns;
--- http_config
log_format  turns  '$status';
--- config eval: $::redial
--- llm: answer=count tokens=1000 first=0 interval=10ms
--- call
for i = 0, 6, 2 do
    local old = setup{ callSid = sid(i), sessionId = "VX0",
                       customParameters = ticket(nil, sid(i)) }
    old:prompt("Count")
    old:frame_in()

    local new = setup{ callSid = sid(i), sessionId = "VX1",
                       customParameters = ticket("VX0", sid(i)) }
    local ok, f = 0

    repeat
        f = old:frame_in(1500)
    until not f or f.opcode == "close"

    ngx.say(f and f.payload:sub(3))
    old:drop()
    new:hangup()
end

local _, n = require "convrelay_llm".log("turns.log", 12):gsub("499", "")
ngx.say(n)
--- response_body
replaced
replaced
replaced
replaced
4
--- error_log
client reported a failed session, error -1



=== TEST 19: an old socket that hangs up leaves the new one its entry
--- limits
convrelay_ticket       secret-of-tickets;
convrelay_limit_calls  $convrelay_to  1;
--- config eval: $::redial
--- call
for i = 1, 6 do
    local old = setup{ callSid = sid(i), sessionId = "VX0", to = "+" .. i,
                       customParameters = ticket(nil, sid(i)) }
    old:raw(frame{ opcode = "ping" })
    old:frame_in()

    local new = setup{ callSid = sid(i), sessionId = "VX1", to = "+" .. i,
                       customParameters = ticket("VX0", sid(i)) }
    new:raw(frame{ opcode = "ping" })
    new:frame_in()

    old:drop()
    ngx.sleep(0.03)

    try("one more", { callSid = sid(i), sessionId = "VX2", to = "+" .. i,
                      customParameters = ticket(nil, sid(i)) })
    try("the number", { callSid = sid(i + 10), to = "+" .. i,
                        customParameters = ticket(nil, sid(i + 10)) })
end
--- response_body eval
"one more: 1008 too many calls
the number: 1008 too many calls
" x 6
--- error_log
client reported a failed session, error -1



=== TEST 20: a call counts once, however often a limit names it
--- limits
convrelay_limit_calls  $convrelay_to  2;
convrelay_limit_calls  $convrelay_to  3;
convrelay_limit_calls  $convrelay_to  2;
--- call
for i = 1, 3 do
    try("call " .. i, { callSid = sid(i) })
end
--- response_body
call 1: in
call 2: in
call 3: 1008 too many calls
--- error_log
limit is 2, call refused



=== TEST 21: eight limits, all of them at work
--- limits
convrelay_limit_calls  $convrelay_parameter_a  1;
convrelay_limit_calls  $convrelay_parameter_b  1;
convrelay_limit_calls  $convrelay_parameter_c  1;
convrelay_limit_calls  $convrelay_parameter_d  1;
convrelay_limit_calls  $convrelay_parameter_e  1;
convrelay_limit_calls  $convrelay_parameter_f  1;
convrelay_limit_calls  $convrelay_parameter_g  1;
convrelay_limit_calls  $convrelay_parameter_h  1;
--- call
local function all(n)
    local t = {}

    for name in ("abcdefgh"):gmatch(".") do
        t[name] = name .. n
    end

    return t
end

try("all", { callSid = sid(1), customParameters = all(1) })

for name in ("abcdefgh"):gmatch(".") do
    local t = all(2)
    t[name] = name .. 1
    try(name, { callSid = sid(2), customParameters = t })
end

try("others", { callSid = sid(2), customParameters = all(2) })
--- response_body
all: in
a: 1008 too many calls
b: 1008 too many calls
c: 1008 too many calls
d: 1008 too many calls
e: 1008 too many calls
f: 1008 too many calls
g: 1008 too many calls
h: 1008 too many calls
others: in
--- error_log
too many calls for "***" ($convrelay_parameter_a): limit is 1, call refused



=== TEST 22: there are no nine
--- config
location = /ws {
    convrelay;
    convrelay_limit_calls  $convrelay_to 1;
    convrelay_limit_calls  $convrelay_to 2;
    convrelay_limit_calls  $convrelay_to 3;
    convrelay_limit_calls  $convrelay_to 4;
    convrelay_limit_calls  $convrelay_to 5;
    convrelay_limit_calls  $convrelay_to 6;
    convrelay_limit_calls  $convrelay_to 7;
    convrelay_limit_calls  $convrelay_to 8;
    convrelay_limit_calls  $convrelay_to 9;
    proxy_pass             http://llm/v1/chat/completions;
}
--- must_die
--- error_log
a location can have at most 8 "convrelay_limit_calls" directives



=== TEST 23: convrelay_limit_calls needs a zone
--- config
location = /ws {
    convrelay;
    convrelay_limit_calls  $convrelay_to 2;
    proxy_pass             http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"convrelay_limit_calls" needs shared memory: add "convrelay_zone NAME SIZE" to http



=== TEST 24: at least one call is allowed
--- config
convrelay_limit_calls  $convrelay_to  0;
--- must_die
--- error_log
invalid number of calls "0", write at least 1



=== TEST 25: a number of calls is a number
--- config
convrelay_limit_calls  $convrelay_to  many;
--- must_die
--- error_log
invalid number of calls "many", write at least 1



=== TEST 26: a zone has a size
--- http_config
convrelay_zone  calls  big;
--- must_die
--- error_log
invalid zone size "big", write a size of at least 32768, such as "1m"



=== TEST 27: a zone that is too small is refused
--- http_config
convrelay_zone  calls  8k;
--- must_die
--- error_log
invalid zone size "8k", write a size of at least 32768, such as "1m"



=== TEST 28: there is one zone
--- http_config
convrelay_zone  a  1m;
convrelay_zone  b  1m;
--- must_die
--- error_log
"convrelay_zone" directive is duplicate



=== TEST 29: a zone that another module has is refused
--- http_config
limit_conn_zone  $binary_remote_addr  zone=a:1m;
convrelay_zone   a  1m;
--- must_die
--- error_log
the shared memory zone "a" is already declared for a different use
