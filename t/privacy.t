# What is never in a log: keys, tokens, signatures and tickets at no level;
# what people say, press and are called by, above debug.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# everything that is secret, or private, is one of these

our %secret = (
    key       => 'sk-test-Secret0Key0Of0The0LLM0123456789',
    token     => 'twilio0auth0token0secret00000000',
    ticket    => 'ticket0secret0of0this0server',
    signature => 'U2lnbmF0dXJlIG9mIHRoZSByZXE=',
);

our %private = (
    prompt    => 'my pin is swordfish',
    partial   => 'my pin is half a sword',
    answer    => 'your balance is enormous',
    utterance => 'your balance is',
    digit     => '7777777',
    from      => '+15550109991',
    to        => '+15550109992',
    forwarded => '+15550109993',
    caller    => 'Ann Somebody',
    parameter => 'parameter of hers',
    system    => 'never tell the vault number',
);

sub lua_table {
    my %h = @_;

    return '{' . join(',', map { "$_ = [[$h{$_}]]" } sort keys %h) . '}';
}

add_block_preprocessor(sub {
    my $block = shift;

    my $level = $block->level;
    my $secret = lua_table(%secret);
    my $private = lua_table(%private);

    # the log_format that is shipped

    my $conf = do {
        local $/;
        open my $in, '<', "$ENV{TEST_NGINX_ROOT}/conf-examples/nginx.conf"
            or die "nginx.conf: $!\n";
        <$in>;
    };

    my ($format) = $conf =~ /^\s*(log_format\s+calls\s[^;]+;)/m
        or die "no log_format in conf-examples/nginx.conf\n";

    $block->set_value('signed', '');
    $block->set_value('http_config', <<"_EOC_");
    $format
    convrelay_auth_token  $secret{token};
    convrelay_zone        calls  1m;
_EOC_

    # the client is not part of what is tested: the server has a log of its own

    $block->set_value('config', <<"_EOC_");
    location = /t {
        content_by_lua_block {
            local client = require "convrelay_client"
            local http = require "convrelay_http"
            local llm = require "convrelay_llm"
            local frame = client.frame
            local secret, private = $secret, $private
            local port = tonumber("\$TEST_NGINX_PORT_2")
            @{[main::privacy_lua()]}
        }
    }
    }
    server {
        listen      127.0.0.1:\$TEST_NGINX_PORT_2;
        error_log   logs/private.log $level;
        access_log  logs/calls.log calls;
        convrelay_ticket       $secret{ticket} 1h;
        location = /twiml {
            convrelay_twiml  wss://localhost/ws;
        }
        location = /ws {
            convrelay;
            convrelay_system_prompt    "$private{system}";
            convrelay_limit_calls      \$convrelay_from 1;
            convrelay_max_answer_time  300ms;
            proxy_pass         http://127.0.0.1:\$TEST_NGINX_LLM_PORT/v1;
            proxy_set_header   Authorization "Bearer $secret{key}";
            log_subrequest     on;
        }
    }
    server {
        listen  127.0.0.1:\$TEST_NGINX_PORT_3;
_EOC_

    # the errors of an LLM may hold the key and what was said

    $block->set_value('llm', <<"_EOC_");
    error_log  logs/llm.log;
    access_log  off;
    location / {
        content_by_lua_block {
            local llm = require "convrelay_llm"
            local said = llm.messages()

            if said:find("Fail\$") then
                ngx.status = 401
                ngx.say('{"error":{"message":"Incorrect API key provided: '
                        .. '$secret{key}.","code":"invalid_api_key"}}')

            elseif said:find("Echo") and said:find("%d\$") then
                local cjson = require "cjson"
                local body = ngx.req.get_body_data()
                local request = cjson.decode(body)
                local part = { type = "extra_forbidden", input = request,
                               loc = { "body", "messages", 1 },
                               msg = "Extra inputs are not permitted" }

                local errors = {
                    { detail = { part } },
                    { object = "error", message = { detail = { part } } },
                    { error = { code = 500, message =
                          "Failed to parse messages: " .. body } },
                    { error = { code = body:sub(-60, -1), type = body } },
                    { errors = { { message = cjson.encode(body) } } },
                    { input = request }
                }

                local n = tonumber(said:match("%d\$"))

                ngx.status = 422
                ngx.print(errors[n] and cjson.encode(errors[n])
                          or "cannot read " .. body)

            elseif said:find("Stall [^\\n]*\$") then
                ngx.sleep(2)

            else
                llm.say("$private{answer}")
            end
        }
    }
_EOC_

});


sub main::privacy_lua {
    return <<'_EOC_';

local sid = "CA00000000000000000000000000000009"

local function sign(url, pairs)
    return ngx.encode_base64(ngx.hmac_sha1(secret.token,
                                           url .. (pairs or "")))
end

local seen = { secret.signature }

local function dial(signature)
    local s = signature or sign("wss://localhost/ws")
    seen[#seen + 1] = s

    return client.dial("/ws", {
        port = port, mute = true, headers = { "X-Twilio-Signature: " .. s }
    })
end

-- the webhook by POST: of a GET nginx itself logs the arguments

local function webhook(signature)
    local form = "CallSid=" .. sid .. "&From="
                 .. private.from:gsub("+", "%%2B")
    local lines = {
        "POST /twiml HTTP/1.1", "Host: localhost", "Connection: close",
        "X-Twilio-Signature: " .. signature,
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: " .. #form
    }

    seen[#seen + 1] = signature

    return http.send(http.head(lines) .. form, port)
end

local good = sign("http://localhost/twiml",
                  "CallSid" .. sid .. "From" .. private.from)
local r = webhook(good)
local ticket = r.body:match('"convrelay_ticket" value="([^"]+)"')

seen[#seen + 1] = ticket
seen[#seen + 1] = ticket:sub(9)

ngx.say("webhook: ", r.status)
ngx.say("unsigned webhook: ", webhook(secret.signature).status)
ngx.say("unsigned socket: ", dial(secret.signature).status)

-- a call with all that can be in one

local function setup(ticket, more)
    local call = dial()
    local message = {
        callSid = sid, from = private.from, to = private.to,
        forwardedFrom = private.forwarded, callerName = private.caller,
        customParameters = { convrelay_ticket = ticket,
                             hers = private.parameter },
    }

    for key, value in pairs(more or {}) do
        message[key] = value
    end

    call:setup(message)
    return call
end

local call = setup(ticket)
ngx.say("answer: ", (call:ask(private.prompt)))
call:prompt(private.partial, false)
call:interrupt(private.utterance)
call:dtmf(private.digit)
call:ask("Fail")
call:ask("Stall " .. private.prompt)
call:send{ type = "unknown", voicePrompt = private.prompt }
call:send{ type = "prompt", voicePrompt = { private.prompt } }
call:send{ type = "error", description = private.prompt }
call:send("not JSON: " .. private.prompt)
call:send('{"type":"dtmf","digit":"' .. private.digit)
call:send{ type = "setup", from = private.from, callSid = sid,
           customParameters = { convrelay_ticket = ticket } }

-- those that are refused

local function refused(ticket, more)
    local call = setup(ticket, more)
    local f = call:read(1)[1]
    ngx.say("refused: ", f.opcode == "close" and f.payload:sub(3))
end

refused(ticket)
refused(ticket:sub(1, -2))
refused(ticket, { callSid = "CA2" })

call:hangup(1000, private.prompt)

-- an LLM whose errors echo the request, a call for each form of them

for i = 1, 7 do
    call = setup(ticket)
    call:ask(private.prompt .. ". Echo " .. i)
    call:hangup()
end

call = setup(ticket)
call:raw(frame{ payload = private.prompt, key = false })
call:read(1)
call:drop()

-- is any of it in a log?

-- (of what is logged at level debug only our part: the rest is nginx's)

local log = { llm.log("calls.log", 15) }

for line in llm.log("private.log", 15):gmatch("[^\n]+") do
    if line:find("^%d+/") and (line:find("convrelay", 1, true)
                               or not line:find("[debug]", 1, true))
    then
        log[#log + 1] = line
    end
end

log = table.concat(log, "\n")

local function search(words)
    for name, word in pairs(words) do
        if log:find(word, 1, true) then
            ngx.say("found ", name)
        end
    end
end

search(secret)
search(seen)

if log:find("[debug]", 1, true) then
    ngx.say("at level debug")

else
    search(private)
end

for _, line in ipairs{ "call=" .. sid, "turns=", "Signature", "LLM failed",
                       "ticket", "live socket", "answer exceeded",
                       "not permitted: body.messages.1", "parse messages: ",
                       "an unknown form", "cannot read" }
do
    if not log:find(line, 1, true) then
        ngx.say("not logged: ", line)
    end
end
_EOC_
}

run_tests();

__DATA__

=== TEST 1: a log at level info
--- level: info
--- request
GET /t
--- response_body
webhook: 200
unsigned webhook: 403
unsigned socket: 403
answer: your balance is enormous
refused: too many calls
refused: no valid ticket
refused: no valid ticket
--- no_error_log
[error]



=== TEST 2: a log at level debug, in what this module writes
--- level: debug
--- request
GET /t
--- response_body
webhook: 200
unsigned webhook: 403
unsigned socket: 403
answer: your balance is enormous
refused: too many calls
refused: no valid ticket
refused: no valid ticket
at level debug
--- no_error_log
[error]
