# The webhook "A call comes in": convrelay_twiml.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: one directive is a whole webhook, with greeting and events
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- request
GET /twiml
--- response_headers
Content-Type: text/xml; charset=utf-8
Content-Length: 243
--- response_body chop
<?xml version="1.0" encoding="UTF-8"?><Response><Connect><ConversationRelay url="wss://example.com/ws" welcomeGreeting="Hi! I am a voice assistant powered by Twilio and Open A I . Ask me anything!" events="tokens-played"/></Connect></Response>



=== TEST 2: GET, HEAD and POST are served, other methods are not allowed
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- call
local http = require "convrelay_http"
local body

for _, method in ipairs{ "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS",
                         "PATCH" }
do
    local lines = { method .. " /twiml HTTP/1.1", "Host: a",
                    "Connection: close" }

    if method:sub(1, 1) == "P" then
        lines[#lines + 1] = "Content-Length: 3"
    end

    local r = http.send(http.head(lines)
                        .. (method:sub(1, 1) == "P" and "a=b" or ""))

    body = body or r.body
    http.show(method, r, "Allow")

    if r.status == "200" then
        ngx.say(r.headers["content-type"], "; ",
                tonumber(r.headers["content-length"]) == #body, "; ",
                r.body == body and "same" or #r.body)
    end
end
--- response_body
GET: 200 Allow: none
text/xml; charset=utf-8; true; same
HEAD: 200 Allow: none
text/xml; charset=utf-8; true; 0
POST: 200 Allow: none
text/xml; charset=utf-8; true; same
PUT: 405 Allow: GET, HEAD, POST
DELETE: 405 Allow: GET, HEAD, POST
OPTIONS: 405 Allow: GET, HEAD, POST
PATCH: 405 Allow: GET, HEAD, POST



=== TEST 3: every value is escaped
--- config
location = /twiml {
    convrelay_twiml            "wss://example.com/ws?a=1&b='2'";
    convrelay_twiml_attribute  welcomeGreeting  "<Hi> & \"welcome\" to Ann's";
    convrelay_twiml_attribute  voice            "tab	end";
    convrelay_twiml_attribute  hints            "one
two";
}
--- request
GET /twiml
--- response_body chop
<?xml version="1.0" encoding="UTF-8"?><Response><Connect><ConversationRelay url="wss://example.com/ws?a=1&amp;b=&apos;2&apos;" welcomeGreeting="&lt;Hi&gt; &amp; &quot;welcome&quot; to Ann&apos;s" voice="tab&#9;end" hints="one&#10;two" events="tokens-played"/></Connect></Response>



=== TEST 4: nothing that a request sends can break the document
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "$convrelay_form_g";
}
--- call
local http = require "convrelay_http"

local function greet(value)
    local r = http.send(http.head{ "GET /twiml?g=" .. value .. " HTTP/1.1",
                                   "Host: a", "Connection: close" })

    ngx.say(value, ": ", r.body:match('welcomeGreeting="([^"]*)"') or "none",
            #r.body == tonumber(r.headers["content-length"]) and "" or "!")
end

greet("%3Ca%20b=%22c%22%3E%26%27")
greet("%00a%01b%1fc%0b")
greet("%09%0a%0d")
greet("%ff%fe")
greet("caf%C3%A9")
greet("caf%C3")
greet("%ED%A0%80")
greet("%EF%BF%BE%EF%BF%BF")
greet("%F0%9F%98%80")
greet("]]%3E--")
greet("%")
greet("%00")
--- response_body
%3Ca%20b=%22c%22%3E%26%27: &lt;a b=&quot;c&quot;&gt;&amp;&apos;
%00a%01b%1fc%0b:  a b c 
%09%0a%0d:    
%ff%fe: ��
caf%C3%A9: café
caf%C3: caf�
%ED%A0%80: ���
%EF%BF%BE%EF%BF%BF: none
%F0%9F%98%80: 😀
]]%3E--: ]]&gt;--
%: %
%00:  



=== TEST 5: an attribute that is empty is left out, events can be replaced
--- config
location = /silent {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "";
    convrelay_twiml_attribute  events           "tokens-played speaker-events";
    convrelay_twiml_attribute  language         $arg_language;
}
location = /none {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  $arg_none;
    convrelay_twiml_attribute  events           "";
}
--- request eval
["GET /silent", "GET /silent?language=de-DE", "GET /none"]
--- response_body eval
my ($head, $tail) = ('<?xml version="1.0" encoding="UTF-8"?><Response>'
                     . '<Connect><ConversationRelay url="wss://example.com/ws"',
                     '/></Connect></Response>');
["$head events=\"tokens-played speaker-events\"$tail",
 "$head events=\"tokens-played speaker-events\" language=\"de-DE\"$tail",
 "$head$tail"]



=== TEST 6: a map on the number that was called chooses attributes
--- http_config
map $convrelay_form_To $greeting {
    +15550000001  "Hello from the shop.";
    +15550000002  "Hello from the garage.";
    default       "Hello.";
}
map $convrelay_form_to $voice {
    +15550000001  Polly.Amy;
}
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws/$convrelay_form_CallSid;
    convrelay_twiml_attribute  welcomeGreeting  $greeting;
    convrelay_twiml_attribute  voice            $voice;
    convrelay_twiml_attribute  events           "";
}
--- call
local http = require "convrelay_http"

local function show(label, r)
    ngx.say(label, ": ", r.body:match("<ConversationRelay (.-)/>"))
end

local function post(body, kind)
    return http.send(http.head{
        "POST /twiml?To=%2B15550000002 HTTP/1.1", "Host: a",
        "Connection: close", "Content-Length: " .. #body,
        "Content-Type: " .. (kind or "application/x-www-form-urlencoded")
    } .. body)
end

local function get(args)
    return http.send(http.head{ "GET /twiml" .. args .. " HTTP/1.1", "Host: a",
                                "Connection: close" })
end

show("POST", post("CallSid=CA1&To=%2B15550000001&From=%2B1555"))
show("charset", post("CallSid=CA2&To=%2B15550000001",
                     "Application/X-WWW-Form-Urlencoded; charset=UTF-8"))
show("JSON", post('{"To":"+15550000001"}', "application/json"))
show("nothing", post(""))
show("first of two", post("To=%2B15550000002&To=%2B15550000001"))
show("GET", get("?To=%2B15550000001&CallSid=CA3"))
show("GET, no arguments", get(""))
--- response_body
POST: url="wss://example.com/ws/CA1" welcomeGreeting="Hello from the shop." voice="Polly.Amy"
charset: url="wss://example.com/ws/CA2" welcomeGreeting="Hello from the shop." voice="Polly.Amy"
JSON: url="wss://example.com/ws/" welcomeGreeting="Hello."
nothing: url="wss://example.com/ws/" welcomeGreeting="Hello."
first of two: url="wss://example.com/ws/" welcomeGreeting="Hello from the garage."
GET: url="wss://example.com/ws/CA3" welcomeGreeting="Hello from the shop." voice="Polly.Amy"
GET, no arguments: url="wss://example.com/ws/" welcomeGreeting="Hello."



=== TEST 7: the body may come in pieces, in chunks, or lie in a file
--- config
client_body_buffer_size  64;
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "$convrelay_form_Last";
}
location = /file {
    client_body_in_file_only   clean;
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "$convrelay_form_Last";
}
--- call
local http = require "convrelay_http"
local body = "First=" .. ("x"):rep(3000) .. "&Last=from+the+end"
local chunks = body:gsub((".?"):rep(100), function(s)
    return #s > 0 and ("%x\r\n%s\r\n"):format(#s, s) or ""
end)

for _, path in ipairs{ "/twiml", "/file" } do
    for _, kind in ipairs{ "Content-Length: " .. #body,
                           "Transfer-Encoding: chunked" }
    do
        local r = http.send(http.head{
            "POST " .. path .. " HTTP/1.1", "Host: a", "Connection: close",
            "Content-Type: application/x-www-form-urlencoded", kind
        } .. (kind:sub(1, 1) == "C" and body or chunks .. "0\r\n\r\n"))

        ngx.say(path, " ", kind:match("^[^:]*"), ": ",
                r.body:match('welcomeGreeting="([^"]*)"') or r.line)
    end
end
--- response_body
/twiml Content-Length: from the end
/twiml Transfer-Encoding: from the end
/file Content-Length: from the end
/file Transfer-Encoding: from the end
--- error_log
a client request body is buffered to a temporary file
--- no_error_log
[error]



=== TEST 8: a form of more than 64k or 500 parameters is refused
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- call
local http = require "convrelay_http"

local function post(n, chunked)
    local head = { "POST /twiml HTTP/1.1", "Host: a", "Connection: close",
                   "Content-Type: application/x-www-form-urlencoded" }
    local body = "a=" .. ("x"):rep(n - 2)

    if chunked then
        head[#head + 1] = "Transfer-Encoding: chunked"
        body = ("%x\r\n%s\r\n0\r\n\r\n"):format(n, body)

    else
        head[#head + 1] = "Content-Length: " .. n
    end

    http.show(n .. (chunked and " chunked" or ""),
              http.send(http.head(head) .. body))
end

post(65536)
post(65537)
post(65536, true)
post(65537, true)

for _, method in ipairs{ "POST", "GET" } do
    http.show(method .. " 500", http.form(method, "/twiml",
                                          ("&a&b=c&"):rep(250)))
    http.show(method .. " 501", http.form(method, "/twiml",
                                          ("&a&b=c&"):rep(250) .. "d"))
end
--- response_body
65536: 200
65537: 413
65536 chunked: 200
65537 chunked: 413
POST 500: 200
POST 501: 413
GET 500: 200
GET 501: 413
--- error_log
client sent a form with 501 parameters, limit is 500



=== TEST 9: a URL that is wrong at run time is a 500 and one line in the log
--- config
location = /twiml {
    convrelay_twiml  wss://$arg_host/ws;
}
--- call
local http = require "convrelay_http"

for _, host in ipairs{ "example.com:8443", "[::1]:1", "", "https://a", "a:0",
                       "user@a", "a_%20" }
do
    http.show(host, http.send(http.head{
        "GET /twiml?host=" .. host .. " HTTP/1.1", "Host: a",
        "Connection: close" }))
end
--- response_body
example.com:8443: 200
[::1]:1: 200
: 500
https://a: 500
a:0: 500
user@a: 500
a_%20: 500
--- grep_error_log eval: qr/the URL of .*?(?=, client)/
--- grep_error_log_out
the URL of "convrelay_twiml wss://$arg_host/ws" has no host, put one after "wss://" (a variable there may be empty)
the URL of "convrelay_twiml wss://$arg_host/ws" has a scheme inside the host, drop the "https://"
the URL of "convrelay_twiml wss://$arg_host/ws" has a bad port, write ":" and a number from 1 to 65535, or none
the URL of "convrelay_twiml wss://$arg_host/ws" has user information in it, drop the "@" and what is before it
the URL of "convrelay_twiml wss://$arg_host/ws" has a character in the host that host names do not have, write letters, digits, "-" and "."
--- error_log
[error]



=== TEST 10: stock filters and headers work with it
--- config
charset  iso-8859-1;
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
    add_header       X-Node a;
    gzip             on;
    gzip_types       text/xml;
    gzip_min_length  1;
}
--- request
GET /twiml
--- more_headers
Accept-Encoding: gzip
--- response_headers
Content-Type: text/xml; charset=utf-8
Content-Encoding: gzip
X-Node: a



=== TEST 11: a webhook inside another request: SSI, an internal redirect
--- config
location = /page.txt {
    ssi        on;
    ssi_types  *;
}
location = /moved {
    rewrite  ^ /twiml last;
}
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "$convrelay_form_g";
}
--- user_files
>>> page.txt
[<!--# include virtual="/twiml" -->]
--- call
local http = require "convrelay_http"

for _, path in ipairs{ "/page.txt?g=a", "/moved?g=b" } do
    local r = http.send(http.head{ "GET " .. path .. " HTTP/1.1", "Host: a",
                                   "Connection: close" })

    ngx.say(r.status, " ", r.body:match('welcomeGreeting="(.-)"'))
end
--- response_body
200 a
200 b



=== TEST 12: "if" and "limit_except" blocks of the location work
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting "Hello.";

    if ($arg_lang = de) {
        convrelay_twiml_attribute  welcomeGreeting "Hallo.";
    }

    if ($arg_set) {
        set  $unused 1;
    }
}
location = /closed {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting "Closed.";

    limit_except POST {
        deny  all;
    }
}
location = /open {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting "Open.";

    limit_except POST {
        allow  all;
    }
}
--- call
local http = require "convrelay_http"

for _, line in ipairs{ "GET /twiml", "GET /twiml?lang=de", "GET /twiml?set=1",
                       "POST /closed", "GET /closed", "POST /open",
                       "GET /open" }
do
    local r = http.send(http.head{ line .. " HTTP/1.1", "Host: a",
                                   "Connection: close" })

    ngx.say(line, ": ", r.status, " ",
            r.body:match('welcomeGreeting="(.-)"') or "")
end
--- response_body
GET /twiml: 200 Hello.
GET /twiml?lang=de: 200 Hallo.
GET /twiml?set=1: 200 Hello.
POST /closed: 200 Closed.
GET /closed: 403 
POST /open: 200 Open.
GET /open: 200 Open.
--- error_log
access forbidden by rule



=== TEST 13: a copy of another request, without its body, is harmless
--- config
location = /t {
    mirror               /twiml;
    mirror_request_body  off;
    proxy_pass           http://llm/;
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- llm
location / {
    return  200 fine;
}
--- request
POST /t
From=%2B15550001111
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- response_body chomp
fine
--- no_error_log
[error]
[alert]
