# The opening handshake, RFC 6455 section 4.2, and who gets past it.

use lib 't/lib';
use Test::Nginx::ConvRelay;

our $certificate = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 \\
    -subj /CN=a -keyout - -out - 2>/dev/null`;

run_tests();

__DATA__

=== TEST 1: a handshake is answered with 101 and the key's digest, no more
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
local r = http.send(http.upgrade("/ws"))
ngx.say(r.line)
for _, line in ipairs(r.lines) do
    if not line:match("^Date:") and not line:match("^Server:") then
        ngx.say(line)
    end
end
--- response_body
HTTP/1.1 101 Switching Protocols
Connection: upgrade
Upgrade: websocket
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=



=== TEST 2: tokens come in lists, on several lines, in any case
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
local function try(label, headers)
    http.show(label, http.send(http.upgrade("/ws", headers)),
              "Sec-WebSocket-Accept")
end

try("case", { Upgrade = "WebSocket", Connection = "UPGRADE" })
try("list", { Upgrade = "h2c,\twebsocket", Connection = "keep-alive, Upgrade" })
try("lines", { Upgrade = { "h2c", "websocket" },
               Connection = { "keep-alive", "close", "upgrade" } })
try("empty members", { Connection = ", ,upgrade,", Upgrade = ",websocket ," })
try("key of another", { ["Sec-WebSocket-Key"] = "x3JJHMbDL1EzLkh9GBhXDw==" })
try("blanks", { ["Sec-WebSocket-Key"] = " dGhlIHNhbXBsZSBub25jZQ==\t",
                ["Sec-WebSocket-Version"] = " 13\t" })
--- response_body
case: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
list: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
lines: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
empty members: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
key of another: 101 Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=
blanks: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=



=== TEST 3: what asks for no websocket of version 13 is told to upgrade
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
local function try(label, headers)
    http.show(label, http.send(http.upgrade("/ws", headers)), "Upgrade",
              "Sec-WebSocket-Version", "Connection", "Content-Length")
end

local version = "Sec-WebSocket-Version"

try("no upgrade", { Upgrade = false })
try("no connection", { Connection = false })
try("a browser", { Upgrade = false, Connection = "keep-alive",
                   ["Sec-WebSocket-Key"] = false, [version] = false })
try("another protocol", { Upgrade = "h2c" })
try("half a token", { Upgrade = "websocket2", Connection = "Upgrade, close" })
try("token in two", { Connection = "Up, grade, close" })
try("no version", { [version] = false, Connection = "Upgrade, close" })
try("version 8", { [version] = "8", Connection = "Upgrade, close" })
try("version 013", { [version] = "013", Connection = "Upgrade, close" })
--- response_body
no upgrade: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: keep-alive Content-Length: 0
no connection: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: keep-alive Content-Length: 0
a browser: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: keep-alive Content-Length: 0
another protocol: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: keep-alive Content-Length: 0
half a token: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: close Content-Length: 0
token in two: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: close Content-Length: 0
no version: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: close Content-Length: 0
version 8: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: close Content-Length: 0
version 013: 426 Upgrade: websocket Sec-WebSocket-Version: 13 Connection: close Content-Length: 0
--- error_log
client sent invalid websocket handshake: without "websocket" in "Upgrade"
client sent invalid websocket handshake: without "upgrade" in "Connection"
client sent invalid websocket handshake: without "13" in "Sec-WebSocket-Version"
--- no_error_log
[warn]



=== TEST 4: a key that is missing, sent twice or wrong is a bad request
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
local function try(label, key)
    http.show(label, http.send(http.upgrade("/ws", {
        ["Sec-WebSocket-Key"] = key, Connection = "Upgrade, close"
    })), "Sec-WebSocket-Accept")
end

local key = "dGhlIHNhbXBsZSBub25jZQ=="

try("none", false)
try("empty", "")
try("twice", { key, key })
try("list", key .. ", " .. key)
try("15 bytes", "dGhlIHNhbXBsZSBub25j")
try("17 bytes", "dGhlIHNhbXBsZSBub25jZQAA")
try("no padding", "dGhlIHNhbXBsZSBub25jZQ")
try("no base64", "dGhlIHNhbXBsZSBub25j-_==")

for _, versions in ipairs{ { "13", "8" }, { "13", "13" }, { "8", "13" } } do
    http.show("versions", http.send(http.upgrade("/ws", {
        ["Sec-WebSocket-Version"] = versions, Connection = "Upgrade, close"
    })), "Sec-WebSocket-Accept")
end
--- response_body
none: 400 Sec-WebSocket-Accept: none
empty: 400 Sec-WebSocket-Accept: none
twice: 400 Sec-WebSocket-Accept: none
list: 400 Sec-WebSocket-Accept: none
15 bytes: 400 Sec-WebSocket-Accept: none
17 bytes: 400 Sec-WebSocket-Accept: none
no padding: 400 Sec-WebSocket-Accept: none
no base64: 400 Sec-WebSocket-Accept: none
versions: 400 Sec-WebSocket-Accept: none
versions: 400 Sec-WebSocket-Accept: none
versions: 400 Sec-WebSocket-Accept: none
--- error_log
client sent invalid websocket handshake: without "Sec-WebSocket-Key"
client sent invalid websocket handshake: with more than one "Sec-WebSocket-Key"
client sent invalid websocket handshake: with an invalid "Sec-WebSocket-Key"
client sent invalid websocket handshake: with more than one "Sec-WebSocket-Version"
--- no_error_log
[error]



=== TEST 5: other methods, old versions of HTTP and bodies are refused
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
local function try(line, headers, body)
    headers = headers or {}
    headers.Connection = "Upgrade, close"
    http.show(line, http.send(http.upgrade("/ws", headers, line)
                              .. (body or "")), "Allow")
end

try("POST /ws HTTP/1.1")
try("HEAD /ws HTTP/1.1")
try("OPTIONS /ws HTTP/1.1")
try("DELETE /ws HTTP/1.1")
try("POST /ws HTTP/1.1", { ["Content-Length"] = 2 }, "{}")
try("GET /ws HTTP/1.0")
try("GET /ws HTTP/1.1", { ["Content-Length"] = 2 }, "{}")
try("GET /ws HTTP/1.1", { ["Transfer-Encoding"] = "chunked" }, "0\r\n\r\n")
try("GET /ws HTTP/1.1", { ["Content-Length"] = 0 })
--- response_body
POST /ws HTTP/1.1: 405 Allow: GET
HEAD /ws HTTP/1.1: 405 Allow: GET
OPTIONS /ws HTTP/1.1: 405 Allow: GET
DELETE /ws HTTP/1.1: 405 Allow: GET
POST /ws HTTP/1.1: 405 Allow: GET
GET /ws HTTP/1.0: 400 Allow: none
GET /ws HTTP/1.1: 400 Allow: none
GET /ws HTTP/1.1: 400 Allow: none
GET /ws HTTP/1.1: 101 Allow: none
--- error_log
client sent invalid websocket handshake: with a method other than GET
client sent invalid websocket handshake: in a version of HTTP other than 1.1
client sent invalid websocket handshake: with a request body



=== TEST 6: HTTP/2 has no Upgrade, so the request is a bad one
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 http2;

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- config
--- call
local function literal(name, value)
    return "\0" .. string.char(#name) .. name .. string.char(#value) .. value
end

local function h2(type, flags, stream, payload)
    return "\0\0" .. string.char(#payload, type, flags, 0, 0, 0, stream)
           .. payload
end

local sock = ngx.socket.tcp()
sock:settimeout(3000)
sock:connect("127.0.0.1", $TEST_NGINX_PORT_2)

-- HPACK: ":method: GET", ":scheme: http", ":path: /ws", ":authority: a"

sock:send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" .. h2(4, 0, 0, "")
          .. h2(1, 5, 1, "\130\134\4\3/ws\1\1a"
                .. literal("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
                .. literal("sec-websocket-version", "13")))

for i = 1, 9 do
    local head = assert(sock:receive(9))
    local payload = sock:receive(head:byte(2) * 256 + head:byte(3))

    if head:byte(4) == 1 then
        ngx.say(payload:byte() == 0x8c and ":status: 400" or "another status")
        break
    end
end
--- response_body
:status: 400
--- error_log
client sent invalid websocket handshake: in a version of HTTP other than 1.1



=== TEST 7: extensions and subprotocols may be offered, none is accepted
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local http = require "convrelay_http"
http.show("offered", http.send(http.upgrade("/ws", {
    ["Sec-WebSocket-Extensions"] = "permessage-deflate; client_max_window_bits",
    ["Sec-WebSocket-Protocol"] = "chat, superchat",
    Origin = "https://localhost",
})), "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions",
     "Sec-WebSocket-Protocol")
--- response_body
offered: 101 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= Sec-WebSocket-Extensions: none Sec-WebSocket-Protocol: none



=== TEST 8: add_header and expires do not get in the way of a handshake
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    add_header  X-Node a always;
    expires     1h;
    gzip        on;
    gzip_types  *;
    sub_filter  a b;
    sub_filter_types  *;
    chunked_transfer_encoding  on;
}
--- call
local http = require "convrelay_http"
http.show("good", http.send(http.upgrade("/ws")), "X-Node",
          "Transfer-Encoding", "Content-Encoding")
http.show("bad", http.send(http.upgrade("/ws", { Upgrade = false })), "X-Node")
local call = dial("/ws", { headers = { "Accept-Encoding: gzip" } })
call:setup()
call:ask("a b")
call:drop()
--- llm: answer=repeat
--- response_body
good: 101 X-Node: a Transfer-Encoding: none Content-Encoding: none
bad: 426 X-Node: a
> setup
> prompt "a b"
< "a b"
> drop
--- error_log
client sent invalid websocket handshake: without "websocket" in "Upgrade"; a proxy in front has to use HTTP/1.1 and to pass "Upgrade" and "Connection"



=== TEST 9: frames that come with the handshake are not lost
--- config
client_header_buffer_size  1k;
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat first=0 interval=0
--- call
local function prompt(text)
    return frame{ payload = '{"type":"setup"}' }
           .. frame{ payload = '{"type":"prompt","voicePrompt":"' .. text
                               .. '"}' }
end

ngx.say("in the header's buffer:")
local call = dial("/ws", { early = prompt("Hi") })
call:answer()
call:hangup()

ngx.say("more than the buffer holds:")
call = dial("/ws", { early = prompt(("x"):rep(5000)), mute = true })
ngx.say(#call:answer())
call:drop()

ngx.say("after a large header:")
call = dial("/ws", { early = prompt("Hi"),
                     headers = { "Cookie: " .. ("c"):rep(3000) } })
call:answer()
call:drop()

ngx.say("a part of one:")
local bytes = prompt("Hi")
call = dial("/ws", { early = bytes:sub(1, 25) })
call:raw(bytes:sub(26))
call:answer()
call:drop()

ngx.say("a close:")
call = dial("/ws", { early = frame{ opcode = "close", payload = "\3\232" } })
call.closing = true
call:finish()
--- response_body
in the header's buffer:
< "Hi"
> close 1000
< close 1000
more than the buffer holds:
5000
after a large header:
< "Hi"
> drop
a part of one:
< "Hi"
> drop
a close:
< close 1000



=== TEST 10: a subrequest gets 403 and never reaches the LLM
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /auth.txt {
    auth_request  /ws;
}
location = /mirror.txt {
    mirror  /ws;
}
location = /ssi.txt {
    ssi        on;
    ssi_types  *;
}
location = /after.txt {
    add_after_body  /ws;
    addition_types  *;
}
location = /capture {
    content_by_lua_block {
        ngx.req.read_body()
        ngx.say(ngx.location.capture("/ws", { method = ngx.HTTP_POST,
                                              body = "{}" }).status)
    }
}
--- user_files
>>> auth.txt
auth
>>> mirror.txt
mirror
>>> ssi.txt
ssi <!--# include virtual="/ws" -->
>>> after.txt
after
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("the LLM was reached")
        llm.say("Hello.")
    }
}
--- call
local http, llm = require "convrelay_http", require "convrelay_llm"

for _, name in ipairs{ "auth.txt", "mirror.txt", "ssi.txt", "after.txt",
                       "capture" }
do
    local line = "GET /" .. name .. " HTTP/1.1"

    for _, head in ipairs{
        http.upgrade("", { Connection = "Upgrade, close" }, line),
        http.head{ line, "Host: a", "Connection: close" }
    } do
        local r = http.send(head)
        ngx.say("/", name, " ", r.status,
                r.body:match("403") and " forbidden" or "",
                r.body:match("Hello") and " answered" or "")
    end
end

ngx.say("notes: ", llm.notes(0))

local call = dial("/ws")
call:setup()
call:ask("Hi")
call:drop()
ngx.say("notes: ", llm.notes(1))
--- response_body
/auth.txt 403 forbidden
/auth.txt 403 forbidden
/mirror.txt 200
/mirror.txt 200
/ssi.txt 200 forbidden
/ssi.txt 200 forbidden
/after.txt 200 forbidden
/after.txt 200 forbidden
/capture 200 forbidden
/capture 200 forbidden
notes: 
> setup
> prompt "Hi"
< "Hello."
> drop
notes: the LLM was reached
--- error_log
subrequest to a location with "convrelay" refused
--- no_error_log
[crit]



=== TEST 11: "if" blocks of the location work and let nobody past us
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    if ($arg_lang = de) {
        convrelay_system_prompt  "Deutsch.";
    }

    if ($arg_lang = fr) {
        set  $unused 1;
    }

    if ($arg_lang = xx) {
        return 444;
    }

    convrelay_system_prompt  "English.";
}
--- llm: answer=history
--- call
local http = require "convrelay_http"

for _, lang in ipairs{ "en", "de", "fr" } do
    local call = dial("/ws?lang=" .. lang, { mute = true })
    call:setup()
    ngx.say(lang, " ", call:ask("Hi"):match('"content":"(.-)"'))
    call:drop()

    http.show("POST", http.send(http.head{
        "POST /ws?lang=" .. lang .. " HTTP/1.1", "Host: a",
        "Content-Length: 2", "Connection: close", "", "{}"
    }))
end

dial("/ws?lang=xx")
--- response_body
en English.
POST: 405
de Deutsch.
POST: 405
fr English.
POST: 405
< eof



=== TEST 12: an "if" block may have an LLM of its own
--- config
location = /ws {
    convrelay;
    convrelay_mock_llm  answer=repeat;

    if ($arg_count) {
        convrelay_mock_llm  answer=count tokens=2;
    }
}
--- call
local http = require "convrelay_http"

for _, path in ipairs{ "/ws", "/ws?count=1" } do
    local call = dial(path)
    call:setup()
    call:ask("Hi")
    call:drop()

    http.show("POST", http.send(http.head{
        "POST " .. path .. " HTTP/1.1", "Host: a", "Connection: close"
    }))
end
--- response_body
> setup
> prompt "Hi"
< "Hi"
> drop
POST: 405
> setup
> prompt "Hi"
< " 1 2"
> drop
POST: 405



=== TEST 13: "limit_except" blocks work and let nobody past us
--- config
location = /open {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    limit_except GET {
        allow all;
    }
}
location = /closed {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    limit_except GET {
        deny all;
    }
}
location = /other {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    limit_except POST {
        allow all;
    }
}
location = /both {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    if ($arg_x) {
        set  $unused 1;
    }

    limit_except GET {
        allow all;
    }
}
location = /mock {
    convrelay;
    convrelay_mock_llm;

    limit_except POST {
        allow all;
    }
}
--- llm: answer=repeat
--- call
local http = require "convrelay_http"

for _, path in ipairs{ "/open", "/closed", "/other", "/both?x=1", "/mock" } do
    local call = dial(path)
    call:setup()
    call:ask((path:gsub("%W", " ")))
    call:drop()

    http.show("POST", http.send(http.head{
        "POST " .. path .. " HTTP/1.1", "Host: a", "Content-Length: 2",
        "Connection: close", "", "{}"
    }))
end
--- response_body
> setup
> prompt " open"
< "open"
> drop
POST: 405
> setup
> prompt " closed"
< "closed"
> drop
POST: 403
> setup
> prompt " other"
< "other"
> drop
POST: 405
> setup
> prompt " both x 1"
< "both x 1"
> drop
POST: 405
> setup
> prompt " mock"
< "You said: mock"
> drop
POST: 405
--- error_log
access forbidden by rule



=== TEST 14: access rules and redirects come before the handshake
--- config
location = /denied {
    deny        all;
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /moved {
    rewrite     ^ /ws last;
}
location = /found {
    try_files   /none /ws;
}
location = /lost {
    error_page  404 = /ws;
    return      404;
}
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call
dial("/denied")

for _, path in ipairs{ "/moved", "/found", "/lost" } do
    local call = dial(path)
    call:setup()
    call:ask((path:gsub("%W", " ")))
    call:drop()
end
--- response_body
< HTTP/1.1 403 Forbidden
> setup
> prompt " moved"
< "moved"
> drop
> setup
> prompt " found"
< "found"
> drop
> setup
> prompt " lost"
< "lost"
> drop
--- error_log
access forbidden by rule



=== TEST 15: the head of a 101 leaves at once, whatever its length
--- http_config
header_filter_by_lua_block {
    ngx.header["X-Long"] = ngx.var.arg_long
                           and ("x"):rep(tonumber(ngx.var.arg_long))
}
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /none {
    convrelay;
    proxy_pass       http://llm/v1/chat/completions;
    postpone_output  0;
}
location = /one {
    convrelay;
    proxy_pass       http://llm/v1/chat/completions;
    postpone_output  1;
}
--- llm: answer=repeat
--- call
for _, uri in ipairs{ "/ws?long=1", "/ws?long=1200", "/ws?long=1300",
                      "/ws?long=5000", "/none?long=1", "/one?long=1" }
do
    local call = dial(uri, { mute = true })

    call:setup()
    ngx.say(#call.headers["x-long"], " ", (call:ask("Hi")))
    call.sock:close()
end
--- response_body
1 Hi
1200 Hi
1300 Hi
5000 Hi
1 Hi
1 Hi



=== TEST 16: what the socket does not take of a head leaves before any frame
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 sndbuf=4k;
    listen  127.0.0.1:$TEST_NGINX_PORT_3 sndbuf=4k ssl;

    ssl_certificate      ../html/cert.pem;
    ssl_certificate_key  ../html/cert.pem;

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;

        header_filter_by_lua_block {
            ngx.header["X-Long"] = ("x"):rep(1000000)
        }
    }
}
--- config
--- user_files eval
">>> cert.pem\n" . $::certificate
--- llm: answer=repeat first=0 interval=0
--- call
local early = frame{ payload = '{"type":"setup"}' }
              .. frame{ payload = '{"type":"prompt","voicePrompt":"Hi"}' }

for _, opts in ipairs{ { port = $TEST_NGINX_PORT_2 },
                       { port = $TEST_NGINX_PORT_3, tls = true } }
do
    opts.early = early
    opts.wait = 0.2
    opts.timeout = 10000

    local call = dial("/ws", opts)

    ngx.say(#call.headers["x-long"])
    call:answer()
    call:ask("Still there?")
    call:hangup()
end
--- response_body
1000000
< "Hi"
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000
1000000
< "Hi"
> prompt "Still there?"
< "Still there?"
> close 1000
< close 1000



=== TEST 17: a socket that is an error page answers with its own status
--- config
location = /plain {
    error_page  404 /ws;
    return      404;
}
location = /other {
    error_page  404 =503 /ws;
    return      404;
}
location = /named {
    error_page  418 = @ws;
    return      418;
}
location = /upstream {
    proxy_intercept_errors  on;
    proxy_pass              http://llm/nothing;
    error_page              404 /ws;
}
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location @ws {
    convrelay;
    convrelay_mock_llm  answer=repeat;
}
--- llm
location / {
    convrelay_mock_llm  answer=repeat;
}
location = /nothing {
    add_header  X-Nothing yes always;
    return      404;
}
--- call
local http = require "convrelay_http"

for _, path in ipairs{ "/plain", "/other", "/named", "/upstream" } do
    local call = dial(path)

    ngx.say(path, " ", call.status, " ", call.headers["content-length"],
            " ", call.headers["content-type"])
    call.mute = true
    call:setup()
    ngx.say((call:ask("Hi")))
    call.sock:close()

    http.show("not a handshake", http.send(http.upgrade(path,
        { Upgrade = false, Connection = "Upgrade, close" })), "Upgrade")
    http.show("a bad one", http.send(http.upgrade(path,
        { ["Sec-WebSocket-Key"] = "x", Connection = "Upgrade, close" })))
end
--- response_body
/plain 101 nil nil
Hi
not a handshake: 426 Upgrade: websocket
a bad one: 400
/other 101 nil nil
Hi
not a handshake: 426 Upgrade: websocket
a bad one: 400
/named 101 nil nil
Hi
not a handshake: 426 Upgrade: websocket
a bad one: 400
/upstream 101 nil nil
Hi
not a handshake: 426 Upgrade: websocket
a bad one: 400
--- error_log
client sent invalid websocket handshake: without "websocket" in "Upgrade"; a proxy in front has to use HTTP/1.1 and to pass "Upgrade" and "Connection"
