# The request that ends a session, <Connect action>: convrelay_connect_action
# answers it with how the call goes on.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    return if !defined $block->asks;

    # prints "what: the inside of <Response>" for each

    my $lua = <<'_EOC_';
local http = require "convrelay_http"

local sid = "CA00000000000000000000000000000001"

local function ask(label, uri, form, method)
    form = form or {}

    if type(form) == "table" then
        form.CallSid = form.CallSid or sid
        form.CallStatus = form.CallStatus or "in-progress"
        form.SessionId = "VX00000000000000000000000000000001"
        form.SessionDuration = form.SessionDuration or "42"
    end

    local r = http.form(method or "POST", uri, form)
    local head = '<?xml version="1.0" encoding="UTF-8"?>'
    local body = r.body

    if r.status ~= "200" then
        ngx.say(label, ": ", r.status or "eof")
        return
    end

    if body:sub(1, #head) ~= head
       or r.headers["content-type"] ~= "text/xml; charset=utf-8"
    then
        ngx.say(label, ": no TwiML")
        return
    end

    ngx.say(label, ": ", body:match("<Response>(.*)</Response>$")
                         or body:sub(#head + 1))
end
_EOC_

    $block->set_value('config',
                      $block->config . "location = /t {\n"
                      . "content_by_lua_block {\n$lua" . $block->asks
                      . "}\n}\n");
    $block->set_value('request', 'GET /t');
});

run_tests();

__DATA__

=== TEST 1: without a reply the call is hung up
--- config
location = /action {
    convrelay_connect_action;
}
--- asks
ask("completed", "/action", { SessionStatus = "completed",
                              CallStatus = "completed" })
ask("ended", "/action", { SessionStatus = "ended" })
ask("failed", "/action", { SessionStatus = "failed" })
ask("GET", "/action", { SessionStatus = "ended" }, "GET")
ask("unknown", "/action", { SessionStatus = "paused" })
ask("nothing", "/action", "")
--- response_body
completed: <Hangup/>
ended: <Hangup/>
failed: <Hangup/>
GET: <Hangup/>
unknown: <Hangup/>
nothing: <Hangup/>
--- error_log
client reported a failed session



=== TEST 2: GET, HEAD and POST are served, other methods are not allowed
--- config
location = /action {
    convrelay_connect_action;
}
--- call
local http = require "convrelay_http"

for _, method in ipairs{ "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH" } do
    local r = http.form(method, "/action")

    http.show(method, r, "Allow", "Content-Length")
end
--- response_body_like chomp
^GET: 200 Allow: none Content-Length: 68
HEAD: 200 Allow: none Content-Length: 68
POST: 200 Allow: none Content-Length: 68
PUT: 405 Allow: GET, HEAD, POST Content-Length: \d+
DELETE: 405 Allow: GET, HEAD, POST Content-Length: \d+
PATCH: 405 Allow: GET, HEAD, POST Content-Length: \d+
$



=== TEST 3: what the request says is in variables, by POST and by GET
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say $convrelay_session_status
                             $convrelay_session_duration
                             code=$convrelay_error_code
                             data=$convrelay_handoff_data
                             to=$convrelay_form_To;
}
--- asks
for _, method in ipairs{ "POST", "GET" } do
    ask(method, "/action", { SessionStatus = "completed",
                             SessionDuration = "0" }, method)
    ask(method, "/action", { SessionStatus = "ended", To = "+15550100002",
                             HandoffData = "live-agent" }, method)
    ask(method, "/action", { SessionStatus = "failed", ErrorCode = "64105",
                             ErrorMessage = "Websocket ended" }, method)
end
--- response_body
POST: <Say>completed 0 code= data= to=</Say>
POST: <Say>ended 42 code= data=live-agent to=+15550100002</Say>
POST: <Say>failed 42 code=64105 data= to=</Say>
GET: <Say>completed 0 code= data= to=</Say>
GET: <Say>ended 42 code= data=live-agent to=+15550100002</Say>
GET: <Say>failed 42 code=64105 data= to=</Say>
--- error_log
client reported a failed session, error 64105



=== TEST 4: members of a hand-off in JSON are variables
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say "[$convrelay_handoff_reason]
                             [$convrelay_handoff_reason_code]
                             [$convrelay_handoff_n] [$convrelay_handoff_big]
                             [$convrelay_handoff_yes] [$convrelay_handoff_no]
                             [$convrelay_handoff_list]";
}
--- asks
local function data(text)
    ask(text, "/action", { SessionStatus = "ended", HandoffData = text })
end

data('{"reason":"bill","reasonCode":"x","n":1.5}')
data('{"REASON":"\\u00fc","reason-code":"y","big":15550100002,"yes":true,"no":false}')
data('{"reason":null,"list":[1],"n":-0}')
data('{"Reason":"first","reason":"second"}')
data('["reason"]')
data('reason')
data('{"reason":')
data('')
--- response_body
{"reason":"bill","reasonCode":"x","n":1.5}: <Say>[bill]&#10;                             []&#10;                             [1.5] []&#10;                             [] []&#10;                             []</Say>
{"REASON":"\u00fc","reason-code":"y","big":15550100002,"yes":true,"no":false}: <Say>[ü]&#10;                             [y]&#10;                             [] [15550100002]&#10;                             [true] [false]&#10;                             []</Say>
{"reason":null,"list":[1],"n":-0}: <Say>[]&#10;                             []&#10;                             [-0] []&#10;                             [] []&#10;                             []</Say>
{"Reason":"first","reason":"second"}: <Say>[first]&#10;                             []&#10;                             [] []&#10;                             [] []&#10;                             []</Say>
["reason"]: <Say>[]&#10;                             []&#10;                             [] []&#10;                             [] []&#10;                             []</Say>
reason: <Say>[]&#10;                             []&#10;                             [] []&#10;                             [] []&#10;                             []</Say>
{"reason":: <Say>[]&#10;                             []&#10;                             [] []&#10;                             [] []&#10;                             []</Say>
: <Say>[]&#10;                             []&#10;                             [] []&#10;                             [] []&#10;                             []</Say>



=== TEST 5: a map chooses the reply by how the session ended
--- http_config
map $convrelay_session_status $reply {
    default  hangup;
    ended    $department;
    failed   "say We were cut off.";
}

map $convrelay_handoff_department $department {
    default  "enqueue WW00000000000000000000000000000001";
    sales    "dial +15550100003";
    reboot   "dial sip:desk@example.com";
    app      "dial client:joe";
    nothing  "";
}
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  $reply;
}
--- asks
ask("completed", "/action", { SessionStatus = "completed" })
ask("failed", "/action", { SessionStatus = "failed" })

for _, name in ipairs{ "billing", "sales", "reboot", "app", "nothing" } do
    ask(name, "/action", { SessionStatus = "ended",
                           HandoffData = '{"department":"' .. name .. '"}' })
end
--- response_body
completed: <Hangup/>
failed: <Say>We were cut off.</Say>
billing: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;department&quot;:&quot;billing&quot;}</Task></Enqueue>
sales: <Dial>+15550100003</Dial>
reboot: <Dial><Sip>sip:desk@example.com</Sip></Dial>
app: <Dial><Client>joe</Client></Dial>
nothing: <Hangup/>
--- error_log
failed session



=== TEST 6: a task is the hand-off as it came, and always an object of JSON
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  enqueue WW00000000000000000000000000000001;
}
--- asks
local function data(label, text)
    ask(label, "/action", { SessionStatus = "ended", HandoffData = text })
end

data("none")
data("empty", "")
data("object", '{ "a" : [1, {"b":null}] }')
data("array", '[1]')
data("text", 'call "Ann"')
--- response_body
none: <Enqueue workflowSid="WW00000000000000000000000000000001"/>
empty: <Enqueue workflowSid="WW00000000000000000000000000000001"/>
object: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{ &quot;a&quot; : [1, {&quot;b&quot;:null}] }</Task></Enqueue>
array: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;handoffData&quot;:&quot;[1]&quot;}</Task></Enqueue>
text: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;handoffData&quot;:&quot;call \&quot;Ann\&quot;&quot;}</Task></Enqueue>



=== TEST 7: nothing that is handed over becomes TwiML
--- config
location = /enqueue {
    convrelay_connect_action;
    convrelay_connect_reply  enqueue WW00000000000000000000000000000001;
}
location = /say {
    convrelay_connect_action;
    convrelay_connect_reply  say $convrelay_handoff_x;
}
location = /text {
    convrelay_connect_action;
    convrelay_connect_reply
        '<Response><Say>$convrelay_handoff_x</Say></Response>';
}
location = /attribute {
    convrelay_connect_action;
    convrelay_connect_reply
        '<Response><Dial callerId="$convrelay_handoff_x">1</Dial></Response>';
}
--- asks
local function data(x)
    for _, uri in ipairs{ "/enqueue", "/say", "/text", "/attribute" } do
        ask(uri, uri, { SessionStatus = "ended",
                        HandoffData = '{"x":"' .. x .. '"}' })
    end
end

data('</Say></Task><Dial>1</Dial>')
data([[\" '&]])
data("a\\u0001\\ufffe\255\\n")
--- response_body
/enqueue: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;x&quot;:&quot;&lt;/Say&gt;&lt;/Task&gt;&lt;Dial&gt;1&lt;/Dial&gt;&quot;}</Task></Enqueue>
/say: <Say>&lt;/Say&gt;&lt;/Task&gt;&lt;Dial&gt;1&lt;/Dial&gt;</Say>
/text: <Say>&lt;/Say&gt;&lt;/Task&gt;&lt;Dial&gt;1&lt;/Dial&gt;</Say>
/attribute: <Dial callerId="&lt;/Say&gt;&lt;/Task&gt;&lt;Dial&gt;1&lt;/Dial&gt;">1</Dial>
/enqueue: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;x&quot;:&quot;\&quot; &apos;&amp;&quot;}</Task></Enqueue>
/say: <Say>&quot; &apos;&amp;</Say>
/text: <Say>&quot; &apos;&amp;</Say>
/attribute: <Dial callerId="&quot; &apos;&amp;">1</Dial>
/enqueue: <Enqueue workflowSid="WW00000000000000000000000000000001"><Task>{&quot;x&quot;:&quot;a\u0001\ufffe�\n&quot;}</Task></Enqueue>
/say: <Say>a �</Say>
/text: <Say>a � </Say>
/attribute: <Dial callerId="a � ">1</Dial>



=== TEST 8: TwiML that comes out of a variable is not used
--- http_config
map $convrelay_handoff_x $reply {
    "bill"          '<Response><Say>Bill</Say></Response>';
    "~^to:(.*)$"    '<Response><Dial callerId="$1">1</Dial></Response>';
    "blank"         '  <Response/>';
    "~^dial"        'dial +15550100002';
    default         '<Response><Say>$convrelay_handoff_x</Say></Response>';
}
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  $reply;
}
location = /two {
    convrelay_connect_action;
    convrelay_connect_reply  $convrelay_form_a$convrelay_form_b;
}
--- asks
local function data(x)
    ask(x, "/action", { HandoffData = '{"x":"' .. x .. '"}' })
end

data("bill")
data("Hello, Ann")
data("</Say><Dial>1</Dial><Say>")
data("to:+1")
data('to:+1\\" url=\\"http://evil/')
data("blank")
data("dial")
ask("two", "/two", { a = "<Response>", b = "<Dial>evil</Dial></Response>" })
--- response_body
bill: <Hangup/>
Hello, Ann: <Hangup/>
</Say><Dial>1</Dial><Say>: <Hangup/>
to:+1: <Hangup/>
to:+1\" url=\"http://evil/: <Hangup/>
blank: <Hangup/>
dial: <Dial>+15550100002</Dial>
two: <Hangup/>
--- error_log
"convrelay_connect_reply $reply" evaluated to a value that is TwiML, which is not taken from a variable: write it in the directive itself, where variables are escaped, or name a file, as in "file=reply.xml"
if "$reply" evaluates to TwiML, it is not used and the call is hung up
--- no_error_log eval
qr/\[(?:error|crit|alert)\].*(?:evil|Ann)/



=== TEST 9: TwiML of a file is read at the start, variables in it are escaped
--- user_files
>>> reply.xml
<?xml version="1.0" encoding="UTF-8"?>
<Response><Say>$convrelay_handoff_x</Say></Response>

--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  file=$TEST_NGINX_SERVER_ROOT/html/reply.xml;
}
--- asks
local function data(x)
    ask(x, "/action", { HandoffData = '{"x":"' .. x .. '"}' })
end

data("Hello, Ann")
data("</Say><Dial>1</Dial><Say>")
--- response_body
Hello, Ann: <Say>Hello, Ann</Say>
</Say><Dial>1</Dial><Say>: <Say>&lt;/Say&gt;&lt;Dial&gt;1&lt;/Dial&gt;&lt;Say&gt;</Say>
--- no_error_log
[warn]



=== TEST 10: a value that is not a reply is logged, and the call is hung up
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  $convrelay_form_reply;
}
location = /dial {
    convrelay_connect_action;
    convrelay_connect_reply  dial $convrelay_handoff_number;
}
--- asks
for _, value in ipairs{ "redial", "dial joe", "enqueue WW1", "reconnect max=0",
                        "reconnect /nowhere", "<Response>", "<Say>a</Say>",
                        "say" }
do
    ask(value, "/action", { reply = value })
end

ask("not UTF-8", "/action", { reply = "reconnect /no\255where" })
ask("no number", "/dial")
ask("another number", "/dial", { HandoffData = '{"number":"1</Dial>"}' })
ask("a number", "/dial", { HandoffData = '{"number":15550100002}' })
ask("as people write it", "/dial",
    { HandoffData = '{"number":"+1 (555) 010-0002 ext. 12"}' })
--- response_body
redial: <Hangup/>
dial joe: <Hangup/>
enqueue WW1: <Hangup/>
reconnect max=0: <Hangup/>
reconnect /nowhere: <Hangup/>
<Response>: <Hangup/>
<Say>a</Say>: <Hangup/>
say: <Hangup/>
not UTF-8: <Hangup/>
no number: <Hangup/>
another number: <Hangup/>
a number: <Dial>15550100002</Dial>
as people write it: <Dial><Number sendDigits="wwww12">+15550100002</Number></Dial>
--- error_log
"convrelay_connect_reply $convrelay_form_reply" evaluated to a value that is not a reply, write "hangup", "dial NUMBER", "enqueue WORKFLOW", "reconnect [LOCATION] [max=N]", "say PHRASE" or a whole "<Response>"
evaluated to a value that has no number to dial
evaluated to a value that has no workflow
evaluated to a value that has an invalid "max="
"reconnect /nowhere" finds no location with "convrelay_twiml"
"reconnect /no?where" finds no location with "convrelay_twiml"
evaluated to a value that does not close an element
evaluated to a value that is not TwiML
"convrelay_connect_reply dial $convrelay_handoff_number" evaluated to a value that has no number



=== TEST 11: a session that failed is logged with its code, its text is not
--- config
location = /action {
    convrelay_connect_action;
}
--- asks
ask("failed", "/action", { SessionStatus = "failed", ErrorCode = "64105",
                           ErrorMessage = "Websocket of Ann ended" })
ask("no code", "/action", { SessionStatus = "failed", ErrorCode = "a\nb" })
--- log_level: info
--- response_body
failed: <Hangup/>
no code: <Hangup/>
--- grep_error_log eval: qr/client reported [^,]*, error -?\d+/
--- grep_error_log_out
client reported a failed session, error 64105
client reported a failed session, error -1
--- no_error_log
of Ann



=== TEST 12: reconnect is the TwiML of the call again, without the greeting
--- config
convrelay_twiml_attribute  welcomeGreeting "Hello.";

location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  tenant $convrelay_form_To;
    convrelay_twiml_action     /action;
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect;
}
--- asks
ask("twiml", "/twiml", { To = "+15550100002" })
ask("action", "/action", { SessionStatus = "failed", To = "+15550100002" })
ask("GET", "/action", { To = "+15550100002" }, "GET")
--- response_body
twiml: <Connect action="/action"><ConversationRelay url="wss://example.com/ws" welcomeGreeting="Hello." events="tokens-played"><Parameter name="tenant" value="+15550100002"/></ConversationRelay></Connect>
action: <Connect action="/action?convrelay_reconnects=1"><ConversationRelay url="wss://example.com/ws" events="tokens-played"><Parameter name="tenant" value="+15550100002"/></ConversationRelay></Connect>
GET: <Connect action="/action?convrelay_reconnects=1"><ConversationRelay url="wss://example.com/ws" events="tokens-played"><Parameter name="tenant" value="+15550100002"/></ConversationRelay></Connect>
--- error_log
failed session



=== TEST 13: reconnects of a call are counted in the action, up to the limit
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_action     /action?a=b GET;
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect max=3;
}
--- call
local http = require "convrelay_http"

for _, method in ipairs{ "POST", "GET" } do
    local uri = "/action?a=b"

    repeat
        local r = http.form(method, uri, { SessionStatus = "failed",
                                           CallSid = "CA1" })

        uri = r.body:match('<Connect action="([^"]*)" method="GET">')
        uri = uri and uri:gsub("&amp;", "&")

        ngx.say(uri or r.body:match("<Response>.*"))
    until not uri
end

for _, n in ipairs{ "2", "3", "99999999999999999999", "-1", "x", "" } do
    local r = http.form("POST", "/action?convrelay_reconnects=" .. n)

    ngx.say(n, ": ", r.body:match("reconnects=[^\"]*")
                     or r.body:match("<Response>.*"))
end
--- response_body
/action?a=b&convrelay_reconnects=1
/action?a=b&convrelay_reconnects=2
/action?a=b&convrelay_reconnects=3
<Response><Hangup/></Response>
/action?a=b&convrelay_reconnects=1
/action?a=b&convrelay_reconnects=2
/action?a=b&convrelay_reconnects=3
<Response><Hangup/></Response>
2: reconnects=3
3: <Response><Hangup/></Response>
99999999999999999999: <Response><Hangup/></Response>
-1: <Response><Hangup/></Response>
x: <Response><Hangup/></Response>
: <Response><Hangup/></Response>
--- error_log
reconnect limit of 3 reached, hanging up



=== TEST 14: the count is inserted before the fragment
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_action     $convrelay_form_action;
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect max=2;
}
--- call
local http = require "convrelay_http"

for _, action in ipairs{ "/action", "/action?", "/action?a=b", "/action?a=b&",
                         "/action#rc=2&rp=all", "/action?a=1#rc=2&rp=a?",
                         "#rc=2" }
do
    local r = http.form("POST", "/action", { SessionStatus = "failed",
                                             action = action })

    ngx.say((r.body:match('<Connect action="([^"]*)">'):gsub("&amp;", "&")))
end
--- response_body
/action?convrelay_reconnects=1
/action?convrelay_reconnects=1
/action?a=b&convrelay_reconnects=1
/action?a=b&convrelay_reconnects=1
/action?convrelay_reconnects=1#rc=2&rp=all
/action?a=1&convrelay_reconnects=1#rc=2&rp=a?
?convrelay_reconnects=1#rc=2
--- error_log
failed session



=== TEST 15: reconnect can name the location, of this server
--- config
location /one {
    convrelay_twiml            wss://example.com/prefix;
}
location = /one {
    convrelay_twiml            wss://example.com/one;
}
location = /two {
    convrelay_twiml            wss://example.com/two;
    convrelay_ticket           secret-of-tickets;
}
location ~ ^/action/(\w+)$ {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect /$1;
}
--- asks
ask("one", "/action/one")
ask("two", "/action/two")
ask("three", "/action/three")
--- response_body_like chomp
^one: <Connect><ConversationRelay url="wss://example.com/one" events="tokens-played"/></Connect>
two: <Connect><ConversationRelay url="wss://example.com/two" events="tokens-played"><Parameter name="convrelay_ticket" value="[^"]{36}VX0{31}1"/></ConversationRelay></Connect>
three: <Hangup/>
$
--- error_log
"reconnect /three" finds no location



=== TEST 16: TwiML that cannot be made again hangs up, and is not an error of HTTP
--- config
location = /twiml {
    convrelay_twiml          wss://$arg_host;
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  reconnect;
}
--- asks
ask("no host", "/action")
ask("a host", "/action?host=example.com")
--- response_body
no host: <Hangup/>
a host: <Connect><ConversationRelay url="wss://example.com" events="tokens-played"/></Connect>
--- error_log
the URL of "convrelay_twiml wss://$arg_host"



=== TEST 17: only Twilio is answered
--- signed
--- config
convrelay_auth_token  12345;
convrelay_public_url  https://voice.example.com;

location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say $convrelay_handoff_reasonCode;
}
--- call
local http = require "convrelay_http"

local form = "AccountSid=AC00000000000000000000000000000000"
             .. "&CallSid=CA00000000000000000000000000000001"
             .. "&CallStatus=in-progress&Direction=inbound"
             .. "&SessionId=VX00000000000000000000000000000001"
             .. "&SessionStatus=ended&SessionDuration=42"
             .. "&HandoffData=%7B%22reasonCode%22%3A"
             .. "%22live-agent-handoff%22%7D"

local function show(label, ...)
    local r = http.form(...)

    ngx.say(label, ": ", r.status, " ", r.body:match("<Say>.*</Say>"))
end

local header = "X-Twilio-Signature: "

show("signed", "POST", "/action", form, header .. "NzV99Emy3bLCq9jHYTJP+GhJHwg=")
show("not signed", "POST", "/action", form)
show("wrong", "POST", "/action", form, header .. "NzV99Emy3bLCq9jHYTJP+GhJHwh=")
show("other form", "POST", "/action", form .. "1",
     header .. "NzV99Emy3bLCq9jHYTJP+GhJHwg=")
show("counted down", "POST", "/action?convrelay_reconnects=0", form,
     header .. "NzV99Emy3bLCq9jHYTJP+GhJHwg=")
show("GET", "GET", "/action", form, header .. "NzV99Emy3bLCq9jHYTJP+GhJHwg=")
--- response_body
signed: 200 <Say>live-agent-handoff</Say>
not signed: 403 nil
wrong: 403 nil
other form: 403 nil
counted down: 403 nil
GET: 403 nil
--- error_log
client sent no "X-Twilio-Signature"
client sent wrong "X-Twilio-Signature"



=== TEST 18: a form has its limits, and so has the hand-off data in it
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say "$convrelay_handoff_a $convrelay_handoff_z";
}
--- asks
local data = "HandoffData=%7B%22a%22:1%7D"

ask("64k", "/action", data .. "&b=" .. ("x"):rep(65500))
ask("more", "/action", data .. "&b=" .. ("x"):rep(65520))
ask("500 parameters", "/action", data .. ("&b"):rep(499))
ask("more", "/action", data .. ("&b"):rep(500))

local function members(n)
    return 'HandoffData={"a":1,' .. ('"b":0,'):rep(n - 2) .. '"z":2}'
end

ask("500 members", "/action", members(500))
ask("more", "/action", members(501))
--- response_body
64k: <Say>1</Say>
more: 413
500 parameters: <Say>1</Say>
more: 413
500 members: <Say>1 2</Say>
more: <Say>1</Say>
--- error_log
client sent a form with 501 parameters, limit is 500



=== TEST 19: the reply is inherited, and works in "if" and "limit_except"
--- http_config
convrelay_connect_reply  say http;
--- config
location = /http {
    convrelay_connect_action;
}
location = /own {
    convrelay_connect_action;
    convrelay_connect_reply  say own;

    if ($arg_if) {
        convrelay_connect_reply  say if;
    }

    limit_except GET {
        allow  all;
    }
}
--- asks
ask("http", "/http")
ask("own", "/own", nil, "GET")
ask("if", "/own?if=1", nil, "GET")
ask("limit_except", "/own")
--- response_body
http: <Say>http</Say>
own: <Say>own</Say>
if: <Say>if</Say>
limit_except: <Say>own</Say>



=== TEST 20: variables of the request are empty elsewhere
--- config
location = /other {
    return 200 "[$convrelay_session_status][$convrelay_session_duration][$convrelay_error_code][$convrelay_handoff_data][$convrelay_handoff_a]\n";
}
--- request
GET /other
--- response_body
[][][][][]



=== TEST 21: a location without a decision on signatures does not start
--- signed
--- config
location = /action {
    convrelay_connect_action;
}
--- must_die
--- error_log
location "/action" would let anybody in: add "convrelay_auth_token $convrelay_env_TWILIO_AUTH_TOKEN"



=== TEST 22: another handler needs a location of its own
--- config
location = /action {
    convrelay_connect_action;
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log
location "/action" has both "convrelay_twiml" and another content handler



=== TEST 23: ... also that of a proxy
--- config
location = /action {
    convrelay_connect_action;
    proxy_pass  http://127.0.0.1:1;
}
--- must_die
--- error_log
location "/action" has both "convrelay_connect_action" and another content handler



=== TEST 24: an unknown reply is told with what can be written
--- config
convrelay_connect_reply  redirect /elsewhere;
--- must_die
--- error_log
"convrelay_connect_reply redirect /elsewhere" is not a reply, write "hangup", "dial NUMBER", "enqueue WORKFLOW", "reconnect [LOCATION] [max=N]", "say PHRASE" or a whole "<Response>"



=== TEST 25: ... also before a variable
--- config
convrelay_connect_reply  dail $convrelay_handoff_number;
--- must_die
--- error_log
"convrelay_connect_reply dail $convrelay_handoff_number" is not a reply



=== TEST 26: a number that cannot be dialled
--- config
convrelay_connect_reply  dial "+1 555 FLOWERS";
--- must_die
--- error_log
has no number to dial, write "dial +15550100002", "dial +15550100002 ext 12", "dial sip:..." or "dial client:..."



=== TEST 27: a workflow that is none, from the environment
--- http_config
convrelay_env  CONVRELAY_TEST_WORKFLOW WW1;
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  enqueue $convrelay_env_CONVRELAY_TEST_WORKFLOW;
}
--- must_die
--- error_log
"convrelay_connect_reply enqueue $convrelay_env_CONVRELAY_TEST_WORKFLOW" evaluated to a value that has no workflow, write "enqueue WW..."



=== TEST 28: a reconnect without end
--- config
convrelay_connect_reply  reconnect max=0;
--- must_die
--- error_log
has an invalid "max=", write a number from 1 to 100



=== TEST 29: a reconnect to nowhere
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  reconnect /twiml;
}
--- must_die
--- error_log
"convrelay_connect_reply reconnect /twiml": no location "/twiml" with "convrelay_twiml" in this server



=== TEST 30: a reconnect that could mean two
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  reconnect;
}
location = /one {
    convrelay_twiml  wss://example.com/ws;
}
location = /two {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_connect_reply reconnect": this server does not have exactly one location with "convrelay_twiml", name one, as in "reconnect /twiml"



=== TEST 31: an amount in a phrase
--- config
convrelay_connect_reply  say "That is $5.";
--- must_die
--- error_log
"$5" in a phrase would be a regex capture



=== TEST 32: TwiML that is not well-formed
--- config
convrelay_connect_reply  "<Response><Say>$arg_a</Response>";
--- must_die
--- error_log eval
qr/XML of "convrelay_connect_reply" .*, at "/



=== TEST 33: TwiML without a <Response>
--- config
convrelay_connect_reply  "<Dial>+15550100002</Dial>";
--- must_die
--- error_log
"convrelay_connect_reply <Dial>+15550100002</Dial>" is not TwiML, write one "<Response>...</Response>"



=== TEST 34: two replies
--- config
convrelay_connect_reply  hangup;
convrelay_connect_reply  hangup;
--- must_die
--- error_log
"convrelay_connect_reply" directive is duplicate



=== TEST 35: nor is the model told of a greeting that is not said again
--- greeting
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting "Hello.";
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect;
}
--- asks
ask("twiml", "/twiml")
ask("action", "/action")
--- response_body
twiml: <Connect><ConversationRelay url="wss://example.com/ws" welcomeGreeting="Hello." events="tokens-played"><Parameter name="convrelay_greeting" value="Hello."/></ConversationRelay></Connect>
action: <Connect><ConversationRelay url="wss://example.com/ws" events="tokens-played"/></Connect>



=== TEST 36: names of the form and of a hand-off that no variable can have
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  say "$convrelay_form_SipHeader_X_Account|$convrelay_handoff_reason_code|$convrelay_handoff_next_step";
}
--- asks
ask("form", "/action", { ["SipHeader_X-Account"] = "a1" })
ask("hand-off", "/action",
    { HandoffData = '{"reason-code":"dash","reason_code":"exact","next.step":1}' })
--- response_body
form: <Say>a1||</Say>
hand-off: <Say>|exact|1</Say>



=== TEST 37: a file of TwiML that is not there
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  file=none.xml;
}
--- must_die
--- error_log
none.xml" failed (2: No such file or directory)



=== TEST 38: a file that is not TwiML
--- user_files
>>> reply.xml
hangup
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  file=$TEST_NGINX_SERVER_ROOT/html/reply.xml;
}
--- must_die
--- error_log
reply.xml" is not TwiML, write one "<Response>...</Response>"



=== TEST 39: a file whose TwiML is not well-formed
--- user_files
>>> reply.xml
<Response><Say></Response>
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  file=$TEST_NGINX_SERVER_ROOT/html/reply.xml;
}
--- must_die
--- error_log
reply.xml" closes an element that is not open



=== TEST 40: a file whose name is not known at the start
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  file=$convrelay_form_x;
}
--- must_die
--- error_log
has a variable in the name: the file is read when nginx starts



=== TEST 41: TwiML of the environment
--- http_config
convrelay_env  REPLY '<Response/>';
--- config
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  $convrelay_env_REPLY;
}
--- must_die
--- error_log
evaluated to a value that is TwiML, which is not taken from a variable



=== TEST 42: a caller's name in the action is not counted
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_action     "/action?name=$convrelay_caller_name" POST;
}
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply    reconnect max=2;
}
--- call
local http = require "convrelay_http"

local uri = "/action"

repeat
    local r = http.form("POST", uri, { SessionStatus = "failed",
                                       CallSid = "CA1", CallerName =
                                       "x&convrelay_reconnects=0" })

    uri = r.body:match('<Connect action="([^"]*)"')
    uri = uri and uri:gsub("&amp;", "&")

    ngx.say(uri or r.body:match("<Response>.*"))
until not uri
--- response_body
/action?name=x&convrelay_reconnects=0&convrelay_reconnects=1
/action?name=x&convrelay_reconnects=0&convrelay_reconnects=2
<Response><Hangup/></Response>
--- no_error_log
[alert]
