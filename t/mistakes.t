# What people write by mistake, and what they are told: by "nginx -t" where it
# is known when nginx starts, else in the error log, at its default level.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# "site" is a file of its own, so that its lines have known numbers.  A block
# with "says" starts, and its error log has just these lines of ours; "level"
# is that of the error log.

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);

    if (defined $block->site) {
        $block->set_value('user_files', ">>> ../conf/site.conf\n"
                                        . $block->site);
        $block->set_value('config', "include site.conf;\n"
                                    . ($block->config // ''));
    }

    $block->set_value('config', $block->config // '');

    if (defined $block->says) {
        $block->set_value('grep_error_log',
                          qr/\[(?:warn|error)\] [0-9#]+: (?:\*\d+ )?\K.*?(?=, client: |$)/);
        $block->set_value('grep_error_log_out', $block->says);
        $block->set_value('no_error_log', '[crit]');
    }

    if (defined $block->says && !defined $block->call) {
        $block->set_value('config', $block->config
                                    . 'location = /t { return 204; }');
        $block->set_value('request', 'GET /t');
        $block->set_value('error_code', 204);
        $block->set_value('log_level', 'warn');
    }
});

run_tests();

__DATA__

=== TEST 1: a switch for a token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  on;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"on" is not an auth token: write the account's auth token \(32 hex digits\), or "convrelay_auth_token off" to check no signatures in \S+/site.conf:2$}



=== TEST 2: "off" in another case
--- signed
--- site
location = /twiml {
    convrelay_auth_token  OFF;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"OFF" is not an auth token: write the account's auth token (32 hex digits), or "convrelay_auth_token off"



=== TEST 3: a switch of the environment
--- signed
--- http_config
convrelay_env  TWILIO_AUTH_TOKEN off;
--- site
convrelay_auth_token  $convrelay_env_TWILIO_AUTH_TOKEN;

location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"off" is not an auth token: .* in \S+/site.conf:1$}



=== TEST 4: the Account SID for the token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  AC00000000000000000000000000000000;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_auth_token" is the Account SID: the auth token (32 hex digits) is below it in the console



=== TEST 5: an API key for the token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  SK00000000000000000000000000000000;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_auth_token" is the SID of an API key: Twilio signs with the account's auth token (32 hex digits)



=== TEST 6: a token that Twilio has never made is a warning, once, without it
--- signed
--- http_config
convrelay_auth_token  "0123456789abcdef" 0123456789abcdef0123456789abcdef;
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
location = /end {
    convrelay_connect_action;
}
--- says eval
qr{\A"convrelay_auth_token" does not look like a Twilio auth token \(32 hex digits\): with a wrong one every request gets 403 in \S+nginx.conf:\d+\n\z}



=== TEST 7: right tokens, and none, are not warned of
--- signed
--- site
convrelay_auth_token  0123456789abcdef0123456789abcdef
                      FEDCBA9876543210FEDCBA9876543210;
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
location = /off {
    convrelay_auth_token  off;
    convrelay_twiml       wss://example.com/ws;
}
location = /variable {
    convrelay_auth_token  $arg_token;
    convrelay_twiml       wss://example.com/ws;
}
--- says



=== TEST 8: a socket URL that no location takes
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/websocket;
}
--- says eval
qr{\Ano location with "convrelay" matches "/websocket", to which "convrelay_twiml wss://example\.com/websocket" sends calls; did you mean "/ws"\? in \S+/site\.conf:6\n\z}




=== TEST 9: a slash too many
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws/;
}
--- says eval
qr{\Ano location with "convrelay" matches "/ws/", to which "convrelay_twiml wss://example\.com/ws/" sends calls; did you mean "/ws"\? in \S+/site\.conf:6\n\z}




=== TEST 10: no path
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com;
}
--- says eval
qr{\Ano location with "convrelay" matches "/", to which "convrelay_twiml wss://example\.com" sends calls; did you mean "/ws"\? in \S+/site\.conf:6\n\z}




=== TEST 11: a location that redirects
--- site
location /ws/ {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- says eval
qr{\Ano location with "convrelay" matches "/ws", to which "convrelay_twiml wss://example\.com/ws" sends calls; did you mean "/ws/"\? in \S+/site\.conf:6\n\z}




=== TEST 12: a location that is another one
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location /two {
    proxy_pass  http://llm;
}
location = /one {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/two;
}
--- says eval
qr{\Ano location with "convrelay" matches "/two", to which "convrelay_twiml wss://example\.com/two" sends calls in \S+/site\.conf:13\n\z}




=== TEST 13: a path in the variable for the host
--- http_config
convrelay_env  NGROK_URL example.com/twiml;
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://$convrelay_env_NGROK_URL/ws;
}
--- says eval
qr{\ANGROK_URL is "example\.com/twiml": write the host alone, "convrelay_twiml wss://\$convrelay_env_NGROK_URL/ws" already has the path in \S+/site\.conf:6\n\z}




=== TEST 14: an action that no location answers
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  /end?a=b#rc=2;
}
--- says eval
qr{\Ano location answers "/end", which Twilio requests for "convrelay_twiml_action /end\?a=b#rc=2": add "location = /end \{ convrelay_connect_action; \}" in \S+/site\.conf:7\n\z}




=== TEST 15: an absolute action, and one relative to the webhook
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /a/twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  https://example.com/end POST;
}
location = /b/twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  end;
}
--- says eval
qr{\Ano location answers "/end", which Twilio requests for "convrelay_twiml_action https://example\.com/end": add "location = /end \{ convrelay_connect_action; \}" in \S+/site\.conf:7\nno location answers "/b/end", which Twilio requests for "convrelay_twiml_action end": add "location = /b/end \{ convrelay_connect_action; \}" in \S+/site\.conf:11\n\z}




=== TEST 16: a socket for an action
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  /ws;
}
--- says eval
qr{\Ano location answers "/ws", which Twilio requests for "convrelay_twiml_action /ws".* in \S+/site\.conf:7\n\z}




=== TEST 17: tickets in the socket only
--- site
location = /ws {
    convrelay;
    convrelay_ticket  secret-of-tickets;
    proxy_pass        http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- says eval
qr{\Alocation "/ws" asks for tickets, but "/twiml", which sends calls there, gives none: every call is closed; set "convrelay_ticket" in both in \S+/site\.conf:3\n\z}




=== TEST 18: tickets in the webhook only
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml   wss://example.com/ws;
    convrelay_ticket  secret-of-tickets;
}
--- says eval
qr{\Alocation "/twiml" gives tickets, but "/ws", to which it sends calls, does not ask for them, so they protect nothing; set "convrelay_ticket" in both in \S+/site\.conf:7\n\z}




=== TEST 19: two secrets for tickets
--- site
location = /ws {
    convrelay;
    convrelay_ticket  one-secret-of-tickets;
    proxy_pass        http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml   wss://example.com/ws;
    convrelay_ticket  two-secret-of-tickets;
}
--- says eval
qr{\Alocation "/ws" has a different ticket secret than "/twiml", which sends calls there: every call is closed; set the same "convrelay_ticket" in both in \S+/site\.conf:3\n\z}




=== TEST 20: tickets on one side, by a URL that is not known
--- site
location = /ws {
    convrelay;
    convrelay_ticket  secret-of-tickets;
    proxy_pass        http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://$host/ws;
}
--- says eval
qr{\Alocation "/ws" asks for tickets, but "/twiml", which sends calls there, gives none.* in \S+/site\.conf:3\n\z}




=== TEST 21: the other side, by a URL that is not known
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml   wss://$host/ws;
    convrelay_ticket  secret-of-tickets;
}
--- says eval
qr{\Alocation "/twiml" gives tickets, but "/ws", to which it sends calls, does not ask.* in \S+/site\.conf:7\n\z}




=== TEST 22: keys that Twilio does not report
--- site
location = /ws {
    convrelay;
    convrelay_dtmf  on;
    proxy_pass      http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- says eval
qr{\Alocation "/ws" waits for keys, but Twilio reports them only with "convrelay_twiml_attribute dtmfDetection true" in "/twiml", which sends calls there in \S+/site\.conf:3\n\z}




=== TEST 23: actions for keys that Twilio does not report
--- site
convrelay_on  setup   say "Press 1.";
convrelay_on  dtmf 1  end;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml            wss://$host/ws;
    convrelay_twiml_attribute  dtmfDetection false;
}
--- says eval
qr{\Alocation "/ws" waits for keys, but Twilio reports them only with.* in \S+/site\.conf:2\n\z}




=== TEST 24: a public URL that ends in the path of the webhook
--- site
convrelay_auth_token  0123456789abcdef0123456789abcdef;
convrelay_public_url  https://voice.example.com/twiml/;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml  wss://$host/ws;
}
location = /other/twiml {
    convrelay_twiml  wss://$host/ws;
}
--- says eval
qr{\A"convrelay_public_url https://voice\.example\.com/twiml/" ends in the path of location "/twiml": write the scheme, the host, and only the prefix that a proxy removes, such as "https://voice\.example\.com" in \S+/site\.conf:2\n\z}




=== TEST 25: what is right, or cannot be known, is not warned of
--- site
convrelay_auth_token  0123456789abcdef0123456789abcdef;
convrelay_ticket      secret-of-tickets;
convrelay_dtmf        on;

convrelay_twiml_attribute  dtmfDetection true;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location /prefix/ {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    location ~ /nested/\w+$ {
        convrelay;
        convrelay_mock_llm;
    }
}
location ~ ^/regex/(?<who>\w+)$ {
    convrelay;
    convrelay_mock_llm;
}
location /moved {
    rewrite  ^ /ws last;
}
location = /end { convrelay_connect_action; }
location = /dir/end { convrelay_connect_action; }
location /app { proxy_pass http://llm; }
location = /a1 { convrelay_twiml wss://example.com/ws; convrelay_twiml_action /end; }
location = /a2 { convrelay_twiml wss://example.com:8443/prefix/any; convrelay_twiml_action https://example.com/app/end; }
location = /a3 { convrelay_twiml wss://example.com/prefix/nested/x; convrelay_twiml_action ""; }
location = /a4 { convrelay_twiml wss://example.com/regex/ann; convrelay_twiml_action /a1; }
location = /a5 { convrelay_twiml wss://example.com/moved/x; convrelay_twiml_action /moved; }
location = /a6 { convrelay_twiml wss://example.com/%77s; convrelay_twiml_action /file.xml GET; }
location = /a7 { convrelay_twiml wss://$host/none; convrelay_twiml_action $arg_a; }
location = /dir/twiml { convrelay_twiml wss://example.com/ws; convrelay_twiml_action end; }
location /a8 { convrelay_twiml wss://example.com/ws; convrelay_twiml_action end; }
location = /a9 { convrelay_twiml wss://example.com/ws; convrelay_twiml_attribute dtmfDetection $arg_a; }
--- says




=== TEST 26: another host is another server's business
--- site
server_name  voice.example.com *.voice.example.com .example.net www.example.* ~^v\d+$;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /1 { convrelay_twiml wss://other.example.com/nowhere; convrelay_twiml_action https://other.example.com/nowhere; }
location = /2 { convrelay_twiml wss://VOICE.example.com/2; }
location = /3 { convrelay_twiml wss://a.voice.example.com/3; }
location = /4 { convrelay_twiml wss://example.net/4; }
location = /5 { convrelay_twiml wss://a.example.net/5; }
location = /6 { convrelay_twiml wss://www.example.org/6; }
location = /7 { convrelay_twiml wss://v7/7; }
location = /8 { convrelay_twiml wss://v7x/8; }
--- says eval
qr{\Ano location with "convrelay" matches "/2", to which "convrelay_twiml wss://VOICE\.example\.com/2" sends calls; did you mean "/ws"\? in \S+/site\.conf:8\nno location with "convrelay" matches "/3", to which "convrelay_twiml wss://a\.voice\.example\.com/3" sends calls; did you mean "/ws"\? in \S+/site\.conf:9\nno location with "convrelay" matches "/4", to which "convrelay_twiml wss://example\.net/4" sends calls; did you mean "/ws"\? in \S+/site\.conf:10\nno location with "convrelay" matches "/5", to which "convrelay_twiml wss://a\.example\.net/5" sends calls; did you mean "/ws"\? in \S+/site\.conf:11\nno location with "convrelay" matches "/6", to which "convrelay_twiml wss://www\.example\.org/6" sends calls; did you mean "/ws"\? in \S+/site\.conf:12\nno location with "convrelay" matches "/7", to which "convrelay_twiml wss://v7/7" sends calls; did you mean "/ws"\? in \S+/site\.conf:13\n\z}




=== TEST 27: behind a proxy that removes a prefix
--- site
server_name           inside.example.com;
convrelay_public_url  https://voice.example.com/phone/;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /1 { convrelay_twiml wss://voice.example.com/phone/ws; convrelay_twiml_action /end; }
location = /2 { convrelay_twiml wss://voice.example.com/ws; convrelay_twiml_action https://voice.example.com/phone/1; }
location = /3 { convrelay_twiml wss://voice.example.com/phone/w; }
location = /4 { convrelay_twiml wss://voice.example.com/phones/w; convrelay_twiml_action /phone/end; }
--- says eval
qr{\Ano location with "convrelay" matches "/w", to which "convrelay_twiml wss://voice\.example\.com/phone/w" sends calls; did you mean "/ws"\? in \S+/site\.conf:10\nno location answers "/end", which Twilio requests for "convrelay_twiml_action /phone/end".* in \S+/site\.conf:11\n\z}




=== TEST 28: a server without calls sends them elsewhere
--- site
location = /twiml {
    convrelay_twiml         wss://example.com/nowhere;
    convrelay_twiml_action  /nowhere;
    convrelay_ticket        secret-of-tickets;
}
--- says



=== TEST 29: error pages, which turns do not have
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    error_page  502 503 = /fallback;
}
location = /two {
    convrelay;
    proxy_pass              http://llm/v1/chat/completions;
    proxy_intercept_errors  on;
}
--- says eval
qr{\A"error_page" of location "/ws" has no effect on turns: when the LLM fails, the caller hears "convrelay_error_message"; for another server, use "proxy_next_upstream" and a "backup", or "convrelay_fallback" in \S+/site\.conf:2\n"proxy_intercept_errors" of location "/two" has no effect on turns.* in \S+/site\.conf:7\n\z}



=== TEST 30: error pages of a refused handshake, and those of the server
--- site
error_page              500 502 503 504 /50x.html;
proxy_intercept_errors  on;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /two {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    error_page  403 503 /refused.html;
}
--- says



=== TEST 31: functions that are not supported
--- site
convrelay_request_field  tools '[{"type": "x_search"}, {"type": "function", "function": {"name": "a"}}]';

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /two {
    convrelay;
    proxy_pass               http://llm/v1/chat/completions;
    convrelay_request_field  functions '[{"name": "a"}]';
}
location = /three {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- says eval
qr{\Afunctions in "convrelay_request_field tools" are not supported: if the LLM calls one, the caller gets no answer; remove them in \S+/site\.conf:1\nfunctions in "convrelay_request_field functions" are.* in \S+/site\.conf:10\n\z}



=== TEST 32: tools that the server of the LLM runs itself, or a variable hides
--- site
location = /ws {
    convrelay;
    proxy_pass               http://llm/v1/chat/completions;
    convrelay_request_field  tools '[{"type": "web_search"}]';
}
location = /two {
    convrelay;
    proxy_pass               http://llm/v1/chat/completions;
    convrelay_request_field  tools $arg_tools;
}
--- says



=== TEST 33: a call of a tool that nothing handles, alone and after words
--- site
location = /ws {
    convrelay;
    proxy_pass               http://llm/v1/chat/completions;
    convrelay_request_field  tools $arg_tools;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local asked = llm.messages()
        local call = { delta = { tool_calls = { { index = 0, id = "a",
            type = "function", ["function"] = { name = "f",
                                                arguments = "{}" } } } } }
        llm.stream()
        if asked:find("talk") then
            llm.token("Wait.")
        end
        ngx.print("data: ", require "cjson".encode{ choices = { call } },
                  '\n\ndata: {"choices":[{"delta":{},',
                  '"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n')
    }
}
--- call
local call = dial("/ws?tools=%5B%7B%22type%22:%22function%22,%22function%22:%7B%22name%22:%22f%22%7D%7D%5D")
call:setup()
call:ask("Hi")
call:hangup()
call = dial("/ws?tools=%5B%7B%22type%22:%22function%22,%22function%22:%7B%22name%22:%22f%22%7D%7D%5D")
call:setup()
call:ask("talk")
call:hangup()
--- response_body_like: Wait.
--- says eval
qr{\ALLM called a tool, which is not handled: remove "tools" from what "convrelay_request_field" sends.*\nLLM failed: .*, its answer was empty, .*it called a tool.*\nLLM called a tool, which is not handled: remove "tools".*\n\z}



=== TEST 34: a listener that accepts only HTTP/2
--- skip_nginx: 1: >= 1.25.1
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 http2;

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- says eval
qr{\Alocation "/ws" is on "listen 127\.0\.0\.1:\d+ http2" without "ssl", which accepts only HTTP/2: Twilio cannot connect, remove "http2" in \S+/nginx\.conf:\d+\n\z}
