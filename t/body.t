# The body of a webhook, however it is framed: nginx ends some bodies with a
# buffer that holds nothing, neither in memory nor in a file.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: a chunked form that stays in memory is read like any other
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "A is <$convrelay_form_A>";
}
location = /single {
    client_body_in_single_buffer  on;
    convrelay_twiml               wss://example.com/ws;
    convrelay_twiml_attribute     welcomeGreeting  "A is <$convrelay_form_A>";
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say "A is <$convrelay_form_A>";
}
--- call
local http = require "convrelay_http"

local ways = {
    { "one packet", "3\r\nA=b\r\n0\r\n\r\n" },
    { "two packets", "3\r\nA=b\r\n", "0\r\n\r\n" },
    { "cut inside a chunk", "3\r\nA", "=b\r\n0\r\n\r\n" },
    { "two chunks", "2\r\nA=\r\n1\r\nb\r\n0\r\n\r\n" },
    { "a trailer", "3\r\nA=b\r\n0\r\nX: y\r\n\r\n" },
    { "nothing", "0\r\n\r\n" },
}

for _, path in ipairs{ "/twiml", "/single", "/action" } do
    for _, way in ipairs(ways) do
        local r = http.send{
            http.head{
                "POST " .. path .. " HTTP/1.1", "Host: a",
                "Connection: close", "Transfer-Encoding: chunked",
                "Content-Type: application/x-www-form-urlencoded"
            } .. way[2], way[3]
        }

        ngx.say(path, " ", way[1], ": ",
                r.body:match("A is &lt;(.-)&gt;") or r.line or "no answer")
    end
end
--- response_body
/twiml one packet: b
/twiml two packets: b
/twiml cut inside a chunk: b
/twiml two chunks: b
/twiml a trailer: b
/twiml nothing: 
/single one packet: b
/single two packets: b
/single cut inside a chunk: b
/single two chunks: b
/single a trailer: b
/single nothing: 
/action one packet: b
/action two packets: b
/action cut inside a chunk: b
/action two chunks: b
/action a trailer: b
/action nothing: 
--- no_error_log
[error]
[alert]



=== TEST 2: an unsigned chunked form is 403 and ends nothing else
--- signed
--- config
location = /twiml {
    convrelay_auth_token  12345;
    convrelay_twiml       wss://example.com/ws;
}
location = /ws {
    convrelay_auth_token  off;
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: "answer=say:Hello."
--- call
local http = require "convrelay_http"

local call = dial("/ws")
call:setup()

ngx.say(http.send(http.head{
    "POST /twiml HTTP/1.1", "Host: a", "Connection: close",
    "Transfer-Encoding: chunked", "X-Twilio-Signature: x",
    "Content-Type: application/x-www-form-urlencoded"
} .. "3\r\nA=b\r\n0\r\n\r\n").status)

call:ask("Still there?")
call:hangup()
--- response_body
> setup
403
> prompt "Still there?"
< "Hello."
> close 1000
< close 1000
--- error_log
client sent wrong "X-Twilio-Signature"
--- no_error_log
[alert]



=== TEST 3: HTTP/2, whose last DATA frame may be empty
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 http2;

    location = /twiml {
        convrelay_twiml            wss://example.com/ws;
        convrelay_twiml_attribute  welcomeGreeting  "A is <$convrelay_form_A>";
    }
}
--- config
--- call
local http = require "convrelay_http"

local function show(label, ...)
    local body = http.h2("/twiml", ...)

    ngx.say(label, ": ", body and body:match("A is &lt;(.-)&gt;") or "no answer")
end

local port = $TEST_NGINX_PORT_2

show("end with the data", { "A=b" }, port)
show("end in a frame of its own", { "A=b", "" }, port)
show("two frames", { "A=", "b" }, port)
show("two frames and the end", { "A=", "b", "" }, port)
show("a length and the end", { "A=b", "" }, port, "content-length", "3")
show("nothing", { "" }, port)
--- response_body
end with the data: b
end in a frame of its own: b
two frames: b
two frames and the end: b
a length and the end: b
nothing: 
--- no_error_log
[error]
[alert]



=== TEST 4: a variable of the form in another location, in its log line
--- http_config
log_format  form  "A is <$convrelay_form_A>";
--- config
location = /other {
    access_log  $TEST_NGINX_SERVROOT/logs/form.log  form;
    proxy_pass  http://llm/;
}
--- llm
location / {
    return  200 fine;
}
--- call
local http = require "convrelay_http"

for _, body in ipairs{ "3\r\nA=b\r\n0\r\n\r\n", "0\r\n\r\n" } do
    ngx.say(http.send(http.head{
        "POST /other HTTP/1.1", "Host: a", "Connection: close",
        "Transfer-Encoding: chunked",
        "Content-Type: application/x-www-form-urlencoded"
    } .. body).body)
end

ngx.sleep(0.1)
ngx.print(io.open("$TEST_NGINX_SERVROOT/logs/form.log"):read("*a"))
--- response_body
fine
fine
A is <b>
A is <->
--- no_error_log
[error]
[alert]



=== TEST 5: the target of "mirror", which has the body of another request
--- config
location = /other {
    mirror      /twiml;
    proxy_pass  http://llm/;
}
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "A is <$convrelay_form_A>";
}
--- llm
location / {
    return  200 fine;
}
--- call
local http = require "convrelay_http"

ngx.say(http.send(http.head{
    "POST /other HTTP/1.1", "Host: a", "Connection: close",
    "Transfer-Encoding: chunked",
    "Content-Type: application/x-www-form-urlencoded"
} .. "3\r\nA=b\r\n0\r\n\r\n").body)
--- response_body
fine
--- no_error_log
[error]
[alert]
