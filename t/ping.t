# Ping and pong, RFC 6455 sections 5.5.2 and 5.5.3.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: a ping is answered with its payload
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws", { mute = true })

for _, payload in ipairs{ "", "a", "\0\255\128 any bytes", ("x"):rep(125) } do
    call:raw(frame{ opcode = "ping", payload = payload })
    local f = call:read(1)[1]
    ngx.say(f.opcode, " ", #f.payload, " ", f.payload == payload)
end

call:raw(frame{ opcode = "pong", payload = "nobody asked" })
ngx.say(call:quiet(50))
call:hangup()
--- response_body
pong 0 true
pong 1 true
pong 13 true
pong 125 true
true



=== TEST 2: pings are answered before setup and while an answer runs
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=count tokens=3 first=0 interval=100ms
--- call
local call = dial("/ws")
call:raw(frame{ opcode = "ping", payload = "before setup" })
call:read(1)
call:setup()
call:prompt("Count")
call:read(1)
call:raw(frame{ opcode = "ping", payload = "while it speaks" })
call:read(4)
call:hangup()
--- response_body
< pong before setup
> setup
> prompt "Count"
< " 1"
< pong while it speaks
< " 2"
< " 3"
< "" last
> close 1000
< close 1000



=== TEST 3: an idle call is pinged every convrelay_ping_interval
--- config
location = /ws {
    convrelay;
    convrelay_ping_interval  100ms;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws")
call:setup()

ngx.update_time()
local start = ngx.now()

for i = 1, 3 do
    call:read(1)
    call:raw(frame{ opcode = "pong" })
end

ngx.update_time()

local time = ngx.now() - start
ngx.say(time > 0.25 / slow and time < slow and "in time" or time)

call.mute = true
call:hangup()
--- response_body
> setup
< ping
< ping
< ping
in time



=== TEST 4: who answers two pings with nothing at all is gone
--- config
location = /ws {
    convrelay;
    convrelay_ping_interval  100ms;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local call = dial("/ws")
call:setup()
call:read(3)
--- response_body
> setup
< ping
< ping
< eof
--- error_log
client sent nothing, not even a pong after 2 pings



=== TEST 5: by default it is not pinged that often, timeouts of HTTP are off
--- config
keepalive_timeout      100ms;
client_header_timeout  100ms;
client_body_timeout    100ms;
send_timeout           100ms;
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
local call = dial("/ws")
call:setup()
call:quiet(300)
call:ask("Still there?")
call:hangup()
--- response_body
> setup
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
