# What an operator has to see is in the error log at nginx's default level,
# "error": calls that a proxy in front breaks, calls that are refused, limits
# that end a call or an answer.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('log_level', 'error');

    $block->set_value('config', ($block->config // '') . <<"_EOC_");
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    @{[$block->limits // '']}
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a proxy that does not pass "Upgrade"
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT; }
}
--- call
local http = require "convrelay_http"
local sock = ngx.socket.tcp()
sock:connect("127.0.0.1", $TEST_NGINX_PORT_2)
sock:send(http.upgrade("/ws"))
ngx.say(sock:receive():match("%d%d%d"))
--- response_body
426
--- error_log
[error]
client sent invalid websocket handshake: without "websocket" in "Upgrade"; a proxy in front has to use HTTP/1.1 and to pass "Upgrade" and "Connection"



=== TEST 2: a proxy that passes it in HTTP/1.0
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;
    location / {
        proxy_http_version  1.0;
        proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
        proxy_set_header    Upgrade $http_upgrade;
        proxy_set_header    Connection upgrade;
    }
}
--- call
local http = require "convrelay_http"
local sock = ngx.socket.tcp()
sock:connect("127.0.0.1", $TEST_NGINX_PORT_2)
sock:send(http.upgrade("/ws"))
ngx.say(sock:receive():match("%d%d%d"))
--- response_body
400
--- error_log
[error]
client sent invalid websocket handshake: in a version of HTTP other than 1.1; a proxy in front



=== TEST 3: a second socket, and too many calls
--- http_config
convrelay_zone  calls 1m;
--- limits
convrelay_limit_calls  $convrelay_account_sid 1;
--- call
local function try(fields)
    local call = dial("/ws", { mute = true })
    call:setup(fields)
    return call
end

local first = try{ callSid = "CA1", accountSid = "AC1" }
ngx.sleep(0.1 * slow)
local second = try{ callSid = "CA1", accountSid = "AC1", sessionId = "VX2" }
local third = try{ callSid = "CA3", accountSid = "AC1", sessionId = "VX3" }
second:read(1)
third:read(1)
ngx.say("over")
--- response_body_like: over
--- error_log
[error]
call "CA1" already has a live socket: second one refused
($convrelay_account_sid): limit is 1, call refused



=== TEST 4: too many messages, and one that is too large
--- limits
convrelay_max_frame_rate    1;
convrelay_max_message_size  1k;
--- call
local call = dial("/ws", { mute = true })
call:setup()
for i = 1, 20 do
    call:send{ type = "x" }
end
call:read(1)

call = dial("/ws", { mute = true })
call:setup()
call:send{ type = "x", data = ("x"):rep(1024) }
call:read(1)
ngx.say("over")
--- response_body_like: over
--- error_log
[error]
client sends too fast: 
client sent a message that is too large: 



=== TEST 5: a call that is too long, and an answer
--- limits
convrelay_max_call_time    300ms;
convrelay_max_answer_size  10;
--- llm: "answer=say:This is longer than ten bytes."
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:read(1)
--- response_body_like: close 1000 call is too long
--- error_log
[error]
limit is 300 ms, closing
convrelay: answer is too long



=== TEST 6: an error that Twilio reports in a call, and at its end
--- config
location = /end { convrelay_connect_action; }
--- call
local call = dial("/ws")
call:setup()
call:send{ type = "error", description = "Invalid message 64107" }
call:hangup()
ngx.location.capture("/end?SessionStatus=failed&ErrorCode=64105")
ngx.say("over")
--- response_body_like: over
--- error_log
[error]
convrelay: client reported an error
client reported a failed session, error 64105



=== TEST 7: an attribute whose value Twilio refuses
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  ttsProvider $arg_tts;
}
--- request
GET /twiml?tts=Acme
--- response_body_like: Acme
--- error_log
[error]
invalid value of "ttsProvider"
