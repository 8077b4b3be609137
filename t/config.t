# What "nginx -t" finds, and how directives are inherited.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# nginx says the same on stderr

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);
});

run_tests();

__DATA__

=== TEST 1: a convrelay location needs an LLM
--- config
location = /ws { convrelay; }
--- must_die
--- error_log
location "/ws" has "convrelay", but no LLM: add "proxy_pass https://host/v1/chat/completions"



=== TEST 2: a root is none
--- config
location = /ws {
    convrelay;
    root  html;
}
--- must_die
--- error_log
location "/ws" has "convrelay", but no LLM



=== TEST 3: an LLM in an "if" block is not enough
--- config
location = /ws {
    convrelay;
    if ($arg_a) { convrelay_mock_llm; }
}
--- must_die
--- error_log
location "/ws" has "convrelay", but no LLM



=== TEST 4: a webhook and a call need a location each
--- config
location = /ws {
    convrelay;
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log
location "/ws" has both "convrelay_twiml" and "convrelay": each needs its own location



=== TEST 5: also in the other order and with an LLM
--- config
location = /ws {
    convrelay_twiml  wss://example.com/ws;
    proxy_pass       http://llm/v1/chat/completions;
    convrelay;
}
--- must_die
--- error_log
location "/ws" has both "convrelay_twiml" and "convrelay": each needs



=== TEST 6: a webhook and another content handler need one each, too
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
    proxy_pass       http://llm/v1/chat/completions;
}
--- must_die
--- error_log
location "/twiml" has both "convrelay_twiml" and another content handler: each needs its own location



=== TEST 7: convrelay belongs in a location
--- http_config
convrelay;
--- config
--- must_die
--- error_log
"convrelay" directive is not allowed here



=== TEST 8: convrelay twice
--- config
location = /ws {
    convrelay;
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"convrelay" directive is duplicate



=== TEST 9: a value twice
--- config
location = /ws {
    convrelay_model  a;
    convrelay_model  b;
}
--- must_die
--- error_log
"convrelay_model" directive is duplicate



=== TEST 10: two system prompts
--- config
location = /ws {
    convrelay_system_prompt  a;
    convrelay_system_prompt  b;
}
--- must_die
--- error_log
"convrelay_system_prompt" directive is duplicate



=== TEST 11: an interval twice
--- config
convrelay_ping_interval  1s;
convrelay_ping_interval  2s;
--- must_die
--- error_log
"convrelay_ping_interval" directive is duplicate



=== TEST 12: an interval of nothing
--- config
convrelay_ping_interval  0;
--- must_die
--- error_log
"convrelay_ping_interval" directive cannot be zero



=== TEST 13: a number that is out of bounds
--- config
convrelay_max_fragments  1000001;
--- must_die
--- error_log
value must be between 0 and 1000000



=== TEST 14: a dollar amount in a system prompt
--- config
convrelay_system_prompt  "A pizza is $5.";
--- must_die
--- error_log
"$5" in a phrase would be a regex capture, not an amount: write it in words, or put a prompt into a file that "convrelay_system_prompt_file" names



=== TEST 15: a dollar amount in a greeting
--- config
convrelay_twiml_attribute  welcomeGreeting "Only $99!";
--- must_die
--- error_log
"$9" in a phrase would be a regex capture



=== TEST 16: a dollar amount in an error message
--- config
convrelay_error_message  "That costs $1.";
--- must_die
--- error_log
"$1" in a phrase would be a regex capture



=== TEST 17: a variable that nobody knows
--- config
convrelay_model  $modle;
--- must_die
--- error_log
unknown "modle" variable



=== TEST 18: a name that is none of an attribute
--- config
convrelay_twiml_attribute  "welcome greeting" Hi;
--- must_die
--- error_log
"welcome greeting" is not an attribute name, write one such as "welcomeGreeting"



=== TEST 19: nor is this one
--- config
convrelay_twiml_attribute  a=b Hi;
--- must_die
--- error_log
"a=b" is not an attribute name



=== TEST 20: the URL is not an attribute to be set
--- config
convrelay_twiml_attribute  url wss://example.com;
--- must_die
--- error_log
"convrelay_twiml_attribute" directive cannot set "url", "convrelay_twiml" does



=== TEST 21: an attribute twice
--- config
convrelay_twiml_attribute  voice a;
convrelay_twiml_attribute  voice b;
--- must_die
--- error_log
duplicate attribute "voice"



=== TEST 22: a URL with two schemes, as from the environment
--- http_config
convrelay_env  NGROK_URL https://example.ngrok.app;
--- config
location = /twiml { convrelay_twiml wss://$convrelay_env_NGROK_URL/ws; }
--- must_die
--- error_log
the URL of "convrelay_twiml wss://$convrelay_env_NGROK_URL/ws" has a scheme inside the host, drop the "https://"



=== TEST 23: a URL with the scheme of plain websockets
--- config
location = /twiml { convrelay_twiml ws://example.com/ws; }
--- must_die
--- error_log
starts with "ws://", write "wss://": Twilio connects with TLS only



=== TEST 24: a URL of HTTP
--- config
location = /twiml { convrelay_twiml https://example.com/ws; }
--- must_die
--- error_log
starts with "https://", write "wss://" instead



=== TEST 25: a URL without a scheme
--- config
location = /twiml { convrelay_twiml example.com/ws; }
--- must_die
--- error_log
does not start with "wss://", put it in front of the host



=== TEST 26: a URL with a port that is none
--- config
location = /twiml { convrelay_twiml wss://example.com:65536/ws; }
--- must_die
--- error_log
has a bad port, write ":" and a number from 1 to 65535, or none



=== TEST 27: two URLs
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_twiml" directive is duplicate



=== TEST 28: a request field that is not JSON
--- config
convrelay_request_field  stop [a];
--- must_die
--- error_log
request field "stop" is not valid JSON



=== TEST 29: a request field of two values
--- config
convrelay_request_field  temperature "0.5, \"n\": 2";
--- must_die
--- error_log
request field "temperature" has bytes after its end



=== TEST 30: variables are values, not names or commas
--- config
convrelay_request_field  metadata "{$arg_a: 1}";
--- must_die
--- error_log
request field "metadata" is not valid JSON



=== TEST 31: a request field that is the module's own
--- config
convrelay_request_field  messages [];
--- must_die
--- error_log
request field "messages" is a field that convrelay sends itself



=== TEST 32: the stream is the module's own, too
--- config
convrelay_request_field  stream false;
--- must_die
--- error_log
request field "stream" is a field that convrelay sends itself



=== TEST 33: a model has a directive
--- config
convrelay_request_field  model "\"a\"";
--- must_die
--- error_log
request field "model" is a field that convrelay sends itself



=== TEST 34: a request field twice
--- config
convrelay_request_field  temperature 0.5;
convrelay_request_field  temperature 1;
--- must_die
--- error_log
duplicate request field "temperature"



=== TEST 35: a system prompt and a file of it
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt       "You are Ann.";
    convrelay_system_prompt_file  ann.txt;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"convrelay_system_prompt" and "convrelay_system_prompt_file" are mutually exclusive



=== TEST 36: a prompt file that is missing
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt_file  none.txt;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log eval
qr{system prompt file "[^"]+/conf/none\.txt" \(2: No such file or directory\)}



=== TEST 37: a prompt file that is not UTF-8
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt_file  latin.txt;
    proxy_pass  http://llm/v1/chat/completions;
}
--- user_files eval
[["../conf/latin.txt", "Sag \"gr\xfc\xdf dich\"."]]
--- must_die
--- error_log eval
qr{system prompt file "[^"]+/conf/latin\.txt" is not UTF-8 at byte 7}



=== TEST 38: a cache
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=cache:1m;
proxy_cache       cache;
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"proxy_cache" cannot be used in location "/ws" with "convrelay": answers differ each time, write "proxy_cache off"



=== TEST 39: a cache of another upstream
--- http_config
scgi_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=cache:1m;
--- config
location = /ws {
    convrelay;
    scgi_pass   127.0.0.1:1;
    scgi_cache  cache;
}
--- must_die
--- error_log
"scgi_cache" cannot be used in location "/ws" with "convrelay": answers differ each time, write "scgi_cache off"



=== TEST 40: a cache of an upstream that is not used does no harm
--- http_config
scgi_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=cache:1m;
scgi_cache       cache;
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=say:fine
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "fine"
> close 1000
< close 1000



=== TEST 41: a post_action
--- config
location = /ws {
    convrelay;
    proxy_pass   http://llm/v1/chat/completions;
    post_action  /done;
}
--- must_die
--- error_log
"post_action" cannot be used in location "/ws" with "convrelay"



=== TEST 42: without "convrelay;" a location is an open proxy, which is told
--- config
location = /model { convrelay_model a; proxy_pass http://llm/v1; }
location = /prompt { convrelay_system_prompt a; convrelay_mock_llm; }
location = /field { convrelay_request_field n 1; proxy_pass http://llm/v1; }
location = /error { convrelay_error_message a; proxy_pass http://llm/v1; }
location = /auth { convrelay_auth_token a; proxy_pass http://llm/v1; }
location = /time { convrelay_max_call_time 1h; proxy_pass http://llm/v1; }
location = /context { convrelay_context /x; proxy_pass http://llm/v1; }
location = /drain { convrelay_drain 1m; proxy_pass http://llm/v1; }
location = /fallback { convrelay_fallback /fields; proxy_pass http://llm/v1; }
location = /filler { convrelay_filler 1s a; proxy_pass http://llm/v1; }
location = /calls { convrelay_limit_calls $remote_addr 9; proxy_pass http://llm/v1; }
location = /resume { convrelay_resume 1s; proxy_pass http://llm/v1; }
location = /noise { convrelay_backchannel ok; proxy_pass http://llm/v1; }
location = /marker { convrelay_interrupt_marker ...; proxy_pass http://llm/v1; }
location = /prewarm { convrelay_prewarm /x; proxy_pass http://llm/v1; }
location = /silence { convrelay_silence 1s; proxy_pass http://llm/v1; }
location = /presence { convrelay_presence a; proxy_pass http://llm/v1; }
location = /tool { convrelay_tool a '{}' uri=/x; proxy_pass http://llm/v1; }
location = /says { convrelay_pronounce a b; proxy_pass http://llm/v1; }
location = /report { convrelay_report /x; proxy_pass http://llm/v1; }
location = /speech { convrelay_speech_filter on; proxy_pass http://llm/v1; }
location = /ticket { convrelay_ticket secret-of-tickets 1m; proxy_pass http://llm/v1; }
location = /x { return 200 ok; }
--- request
GET /x
--- response_body chop
ok
--- grep_error_log eval: qr/location .*?(?= in)/
--- grep_error_log_out
location "/model" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/prompt" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/field" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/error" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/auth" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/time" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/context" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/drain" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/fallback" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/filler" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/calls" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/resume" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/noise" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/marker" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/prewarm" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/silence" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/presence" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/tool" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/says" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/report" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/speech" has convrelay directives, but not "convrelay;": anybody can use its LLM
location "/ticket" has convrelay directives, but not "convrelay;": anybody can use its LLM
--- error_log
[warn]
--- no_error_log
[error]



=== TEST 43: what is in order is not warned of
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=cache:1m;
proxy_cache       cache;
convrelay_model   large;
--- config
convrelay_system_prompt  "You are Ann.";
location = /ws {
    convrelay;
    convrelay_error_message  "Sorry.";
    proxy_pass   http://llm/v1/chat/completions;
    proxy_cache  off;

    if ($arg_fast) {
        convrelay_model  small;
    }
}
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
    convrelay_model  unused;
}
location /other/ {
    proxy_pass  http://llm;
}
location = /x {
    convrelay_model  unused;
    return  200 ok;
}
--- request
GET /x
--- response_body chop
ok
--- no_error_log
[error]
[warn]



=== TEST 44: values are inherited from http and server, a location replaces them
--- http_config
convrelay_model          http;
convrelay_system_prompt  "http";
convrelay_request_field  n 1;
--- config
convrelay_system_prompt_file  server.txt;
location = /http {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /own {
    convrelay;
    convrelay_model          location;
    convrelay_system_prompt  "location";
    convrelay_request_field  top_p 0.5;
    proxy_pass  http://llm/v1/chat/completions;

    if ($arg_if) {
        convrelay_model  if;
    }
}
--- user_files
>>> ../conf/server.txt
server
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        local body = cjson.decode(llm.body())
        llm.say(body.model, " ", tostring(body.n), " ", tostring(body.top_p),
                " ", body.messages[1].content)
    }
}
--- call
for _, path in ipairs{ "/http", "/own", "/own?if=1" } do
    local call = dial(path)
    call:setup()
    call:ask("Hi")
    call:drop()
end
--- response_body
> setup
> prompt "Hi"
< "http 1 nil server"
> drop
> setup
> prompt "Hi"
< "location nil 0.5 location"
> drop
> setup
> prompt "Hi"
< "if nil 0.5 location"
> drop



=== TEST 45: attributes are inherited as a whole
--- http_config
convrelay_twiml_attribute  welcomeGreeting "http";
convrelay_twiml_attribute  language        de-DE;
--- config
location = /all {
    convrelay_twiml  wss://example.com/ws;
}
location = /own {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting "own";
}
--- request eval
["GET /all", "GET /own"]
--- response_body_like eval
[qr/ welcomeGreeting="http" language="de-DE" events="tokens-played"\/>/,
 qr/ url="wss:\/\/example.com\/ws" welcomeGreeting="own" events="tokens-pl/]



=== TEST 46: nested locations do not inherit convrelay, nor convrelay_twiml
--- config
location /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;

    location /ws/plain {
        return  200 plain;
    }

    location /ws/nested {
        convrelay;
        convrelay_mock_llm  answer=count tokens=1;
    }
}
location /twiml {
    convrelay_twiml  wss://example.com/ws;

    location /twiml/plain {
        return  200 plain;
    }

    location /twiml/file {
    }
}
--- llm: answer=repeat
--- call
local http = require "convrelay_http"

for _, path in ipairs{ "/ws", "/ws/nested" } do
    local call = dial(path)
    call:setup()
    call:ask("Hi")
    call:drop()
end

for _, path in ipairs{ "/ws/plain", "/twiml", "/twiml/plain", "/twiml/file" } do
    http.show(path, http.send(http.upgrade(path, {
        Connection = "Upgrade, close" })))
end
--- response_body
> setup
> prompt "Hi"
< "Hi"
> drop
> setup
> prompt "Hi"
< " 1"
> drop
/ws/plain: 200
/twiml: 200
/twiml/plain: 200
/twiml/file: 404
--- error_log
No such file or directory



=== TEST 47: long names of maps, and no warning that nginx's hash is too small
--- http_config eval
CORE::join "", map { "map \$uri \$the_tenants_own_name_for_this_$_ { default 1; }\n" }
         "a" .. "z";
--- config
location = /one { return 200 "$the_tenants_own_name_for_this_z"; }
--- request
GET /one
--- response_body: 1
--- no_error_log
could not build
