# A handshake with an Origin is a browser's: only a page of this server may
# open a socket.  Twilio sends none.

use lib 't/lib';
use Test::Nginx::ConvRelay;

use Digest::SHA qw( hmac_sha1_base64 );

our $certificate = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 \\
    -subj /CN=a -keyout - -out - 2>/dev/null`;

sub sign { return hmac_sha1_base64($_[0], '12345') . '=' }

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->must_die;

    # try(Host, Origin or a list of them): the status

    $block->set_value('call', <<'_EOC_' . $block->call);
local http = require "convrelay_http"

local function try(host, origin, path, port, ...)
    local headers = { Host = host, Origin = origin,
                      Connection = "Upgrade, close" }

    for _, header in ipairs{...} do
        headers[header[1]] = header[2]
    end

    local r = http.send(http.upgrade(path or "/ws", headers), port)

    ngx.say(host, ", ", type(origin) == "table" and #origin .. " of them"
                        or origin or "none", ": ", r.status)
end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: pages of the host that the handshake is for, and no others
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
try("a.example", false)
try("a.example", "https://a.example")
try("a.example", "http://a.example")
try("A.Example", "HTTPS://a.eXAMPLE")
try("a.example", "https://a.example:443")
try("a.example:443", "https://a.example")
try("a.example:80", "http://a.example")
try("localhost:8080", "http://localhost:8080")
try("[::1]:8080", "http://[::1]:8080")
try("[2001:DB8::1]", "https://[2001:db8::1]")

try("a.example", "https://b.example")
try("a.example", "null")
try("a.example", "")
try("a.example", { "https://a.example", "https://a.example" })
try("a.example", { "https://a.example", "https://b.example" })
try("a.example", "https://a.example https://b.example")
try("a.example", "https://a.example/")
try("a.example", "https://a.example.b.example")
try("a.example", "https://a.example@b.example")
try("a.example", "https://a.example:8443")
try("a.example:8443", "https://a.example")
try("a.example:443", "http://a.example")
try("localhost:8080", "http://localhost:3000")
try("localhost:8080", "http://127.0.0.1:8080")
try("[::1]:8080", "http://[::2]:8080")
try("a.example", "wss://a.example")
try("a.example", "file://a.example")
try("a.example", "chrome-extension://a.example")
--- response_body
a.example, none: 101
a.example, https://a.example: 101
a.example, http://a.example: 101
A.Example, HTTPS://a.eXAMPLE: 101
a.example, https://a.example:443: 101
a.example:443, https://a.example: 101
a.example:80, http://a.example: 101
localhost:8080, http://localhost:8080: 101
[::1]:8080, http://[::1]:8080: 101
[2001:DB8::1], https://[2001:db8::1]: 101
a.example, https://b.example: 403
a.example, null: 403
a.example, : 403
a.example, 2 of them: 403
a.example, 2 of them: 403
a.example, https://a.example https://b.example: 403
a.example, https://a.example/: 403
a.example, https://a.example.b.example: 403
a.example, https://a.example@b.example: 403
a.example, https://a.example:8443: 403
a.example:8443, https://a.example: 403
a.example:443, http://a.example: 403
localhost:8080, http://localhost:3000: 403
localhost:8080, http://127.0.0.1:8080: 403
[::1]:8080, http://[::2]:8080: 403
a.example, wss://a.example: 403
a.example, file://a.example: 403
a.example, chrome-extension://a.example: 403
--- error_log
client sent foreign "Origin: https://b.example", this server is "a.example": if that is wrong, set "convrelay_public_url"
client sent foreign "Origin: null", this server is "a.example":
client sent foreign "Origin: https://a.example", this server is "a.example:8443":



=== TEST 2: convrelay_public_url is what the host is called, whatever Host says
--- http_config
map $http_x_customer $base {
    default  https://$http_x_customer.example;
}
--- config
location = /ws {
    convrelay;
    convrelay_public_url  https://voice.example/phone;
    proxy_pass            http://llm/v1/chat/completions;
}
location = /port {
    convrelay;
    convrelay_public_url  https://u:p@voice.example:8443;
    proxy_pass            http://llm/v1/chat/completions;
}
location = /plain {
    convrelay;
    convrelay_public_url  http://voice.example;
    proxy_pass            http://llm/v1/chat/completions;
}
location = /map {
    convrelay;
    convrelay_public_url  $base;
    proxy_pass            http://llm/v1/chat/completions;
}
--- call
try("a", false)
try("a", "https://voice.example")
try("a", "https://voice.example:443")
try("a", "http://voice.example")
try("a", "http://voice.example:443")
try("a", "https://voice.example:8443")
try("a", "https://a")
try("voice.example", "https://voice.example:444")

try("a", "https://voice.example:8443", "/port")
try("a", "https://voice.example", "/port")
try("a", "http://voice.example", "/plain")
try("a", "https://voice.example", "/plain")

local c = { "X-Customer", "c" }

try("a", "https://c.example", "/map", nil, c)
try("a", "https://d.example", "/map", nil, c)
try("a", "https://c.example", "/map", nil, { "X-Customer", "/" })
try("a", false, "/map", nil, { "X-Customer", "/" })
--- response_body
a, none: 101
a, https://voice.example: 101
a, https://voice.example:443: 101
a, http://voice.example: 403
a, http://voice.example:443: 403
a, https://voice.example:8443: 403
a, https://a: 403
voice.example, https://voice.example:444: 403
a, https://voice.example:8443: 101
a, https://voice.example: 403
a, http://voice.example: 101
a, https://voice.example: 403
a, https://c.example: 101
a, https://d.example: 403
a, https://c.example: 500
a, none: 101
--- error_log
client sent foreign "Origin: http://voice.example", this server is "https://voice.example": if
client sent foreign "Origin: https://voice.example", this server is "https://voice.example:8443": if
client sent foreign "Origin: https://d.example", this server is "https://c.example": if
the value "https:///.example" of "convrelay_public_url" is not a URL



=== TEST 3: behind TLS of this nginx a page has to be of https
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 ssl;

    ssl_certificate      ../html/cert.pem;
    ssl_certificate_key  ../html/cert.pem;

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- config
--- user_files eval
">>> cert.pem\n" . $::certificate
--- call
for _, origin in ipairs{ "https://localhost", "http://localhost",
                         "https://localhost:443", "http://localhost:80" }
do
    local call = dial("/ws", { port = $TEST_NGINX_PORT_2, tls = true,
                               mute = true,
                               headers = { "Origin: " .. origin } })

    ngx.say(origin, ": ", call.status)
    call.sock:close()
end
--- response_body
https://localhost: 101
http://localhost: 403
https://localhost:443: 101
http://localhost:80: 403
--- error_log
client sent foreign "Origin: http://localhost", this server is "https://localhost":



=== TEST 4: the host of the request's target counts, as it does for nginx
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
try("a.example", "http://b.example:81", "http://b.example:81/ws")
try("a.example", "http://a.example", "http://b.example:81/ws")
--- response_body
a.example, http://b.example:81: 101
a.example, http://a.example: 403
--- error_log
client sent foreign "Origin: http://a.example", this server is "b.example:81":



=== TEST 5: neither of origin and signature stands for the other
--- signed
--- config
convrelay_auth_token  12345;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
my $sig = ::sign('wss://a.example/ws');

qq{
    local right = { "X-Twilio-Signature", "$sig" }
    local wrong = { "X-Twilio-Signature", "x$sig" }

    try("a.example", false, nil, nil, right)
    try("a.example", "https://a.example", nil, nil, right)
    try("a.example", "https://b.example", nil, nil, right)
    try("a.example", "https://a.example", nil, nil, wrong)
    try("a.example", "https://a.example")
}
--- response_body
a.example, none: 101
a.example, https://a.example: 101
a.example, https://b.example: 403
a.example, https://a.example: 403
a.example, https://a.example: 403
--- error_log
client sent foreign "Origin: https://b.example"
client sent wrong "X-Twilio-Signature"
client sent no "X-Twilio-Signature"



=== TEST 6: a foreign page reaches neither a call nor the LLM
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("the LLM was reached")
        llm.say("Hello.")
    }
}
--- call
local llm = require "convrelay_llm"

local early = frame{ payload = '{"type":"setup"}' }
              .. frame{ payload = '{"type":"prompt","voicePrompt":"Hi"}' }

local call = dial("/ws", { early = early,
                           headers = { "Origin: https://evil.example" } })
call.sock:close()

ngx.say("notes: ", llm.notes(0))

call = dial("/ws", { headers = { "Origin: http://localhost" } })
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
< HTTP/1.1 403 Forbidden
notes: 
> setup
> prompt "Hi"
< "Hello."
> close 1000
< close 1000
--- error_log
foreign "Origin: https://evil.example", this server is "localhost"



=== TEST 7: of an origin the log has 256 bytes, on one line
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call
local long = "https://" .. ("x"):rep(3000)

for _, origin in ipairs{ long, "https://a\tb\27[31m\127c" } do
    local r = http.send(http.upgrade("/ws", { Origin = origin,
                                              Connection = "Upgrade, close" }))
    ngx.say(r.status)
end
--- response_body
403
403
--- grep_error_log eval: qr/Origin: .*, this server/
--- grep_error_log_out eval
'Origin: https://' . 'x' x 248 . qq(", this server\n)
. qq(Origin: https://a b [31m c", this server\n)
--- error_log
foreign



=== TEST 8: webhooks are not sockets: a form can come from any page, a signature not
--- config
location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call
local r = http.form("POST", "/twiml", { CallSid = "CA1" },
                    "Origin: https://evil.example")
ngx.say(r.status)
--- response_body
200
