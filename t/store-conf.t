# convrelay_store_zone, convrelay_store and what goes with them: what "nginx -t"
# says.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', <<'_EOC_') if !defined $block->config;
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
_EOC_

    $block->set_value('call', 'ngx.say("up")') if !defined $block->must_die;
    $block->set_value('response_body', "up\n") if !defined $block->must_die;
});

run_tests();

__DATA__

=== TEST 1: a zone that is too small
--- http_config
convrelay_store_zone  calls 16k;
--- must_die
--- error_log
invalid zone size "16k", write a size of at least 32768, such as "64m" for about 7000 calls of 8 kilobytes each



=== TEST 2: a size that is not one
--- http_config
convrelay_store_zone  calls many;
--- must_die
--- error_log
invalid zone size "many", write a size of at least 32768



=== TEST 3: two zones
--- http_config
convrelay_store_zone  calls 1m;
convrelay_store_zone  more 1m;
--- must_die
--- error_log
"convrelay_store_zone" directive is duplicate



=== TEST 4: the name of convrelay_zone
--- http_config
convrelay_zone        calls 1m;
convrelay_store_zone  calls 1m;
--- must_die
--- error_log
the shared memory zone "calls" is already declared for a different use



=== TEST 5: the smallest zone
--- http_config
convrelay_store_zone  calls 32k;
--- no_error_log
[error]



=== TEST 6: memory without a zone
--- http_config
convrelay_store  memory;
--- must_die
--- error_log
"convrelay_store memory" needs memory: write "convrelay_store_zone calls 64m" in the "http" block



=== TEST 7: memory before its zone
--- http_config
convrelay_store       memory;
convrelay_store_zone  calls 1m;
--- no_error_log
[error]



=== TEST 8: a location without a word about the seal
--- http_config
convrelay_store_zone  calls 1m;
convrelay_store       /store;
--- must_die
--- error_log
"convrelay_store /store" needs to know how records are sealed: write "convrelay_store_secret" with a secret that all machines have, or with "off"



=== TEST 9: another word
--- http_config
convrelay_store_zone  calls 1m;
convrelay_store       redis;
--- must_die
--- error_log
invalid value "redis" of "convrelay_store", write "memory", the URI of a location of this server, such as "/store", or "off"



=== TEST 10: twice
--- http_config
convrelay_store  off;
convrelay_store  off;
--- must_die
--- error_log
"convrelay_store" directive is duplicate



=== TEST 11: no time to live
--- http_config
convrelay_store_ttl  0;
--- must_die
--- error_log
"convrelay_store_ttl" directive cannot be zero, write a time such as "30s"



=== TEST 12: no size
--- http_config
convrelay_store_max_size  0;
--- must_die
--- error_log
"convrelay_store_max_size" directive cannot be zero, write a size such as "128k"



=== TEST 13: anybody could continue a call
--- http_config
convrelay_store_zone  calls 1m;
--- error_log
[warn]
calls of location "/ws" are stored, but anybody can continue one by naming its CallSid: write "convrelay_auth_token" or "convrelay_ticket", or "convrelay_store off"



=== TEST 14: with tickets, nobody can
--- http_config
convrelay_store_zone  calls 1m;
convrelay_ticket      "0123456789abcdef";
--- no_error_log
[warn]



=== TEST 15: with signatures, nobody can
--- signed
--- http_config
convrelay_store_zone  calls 1m;
convrelay_auth_token  0123456789abcdef0123456789abcdef;
--- no_error_log
[warn]



=== TEST 16: nothing is stored
--- http_config
convrelay_store_zone  calls 1m;
--- config
location = /ws {
    convrelay;
    convrelay_store  off;
    proxy_pass       http://llm/v1/chat/completions;
}
--- no_error_log
[warn]



=== TEST 17: the event "resume" has no match
--- http_config
convrelay_store_zone  calls 1m;
--- config
location = /ws {
    convrelay;
    convrelay_on resume  "say";
    proxy_pass           http://llm/v1/chat/completions;
}
--- must_die
--- error_log
"say"



=== TEST 18: applicationReconnect, and a URL that does not name the call
--- http_config
convrelay_store_zone  calls 1m;
--- config
location = /ws {
    convrelay;
    convrelay_store  off;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  applicationReconnect true;
}
--- error_log
the URL of "convrelay_twiml wss://example.com/ws" does not name the call: after "applicationReconnect", Twilio may send no setup message, and then the call starts without its history; end the URL with "/$convrelay_call_path"



=== TEST 19: one that does, and one that does not need to
--- http_config
convrelay_store_zone  calls 1m;
--- config
location /ws {
    convrelay;
    convrelay_store  off;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_auth_token       0123456789abcdef0123456789abcdef;
    convrelay_twiml            wss://example.com/ws/${convrelay_call_path};
    convrelay_twiml_attribute  applicationReconnect true;
}
location = /other {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  applicationReconnect false;
}
--- no_error_log
does not name the call
proves nothing



=== TEST 20: one that does, without a signature
--- http_config
convrelay_store_zone  calls 1m;
--- config
location /ws {
    convrelay;
    convrelay_store  off;
    proxy_pass  http://llm/v1/chat/completions;
}
location = /twiml {
    convrelay_twiml            wss://example.com/ws/$convrelay_call_path;
    convrelay_twiml_attribute  applicationReconnect true;
}
--- error_log
names the call, which proves nothing unless it is signed: write "convrelay_auth_token" here and in the location of the socket



=== TEST 21: a location without memory
--- http_config
convrelay_store         /store;
convrelay_store_secret  off;
--- must_die
--- error_log
"convrelay_store /store" needs memory: write "convrelay_store_zone calls 64m" in the "http" block



=== TEST 22: a location that is not there
--- http_config
convrelay_store_zone    calls 1m;
convrelay_store         /store;
convrelay_store_secret  off;
--- must_die
--- error_log
"convrelay_store /store" is handled by "location /", which anyone can request: add "location = /store { internal; ... }"



=== TEST 23: a location that is open to the world
--- http_config
convrelay_store_zone    calls 1m;
convrelay_store         /store;
convrelay_store_secret  off;
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}

location = /store {
    proxy_pass  http://llm;
}
--- must_die
--- error_log
anyone can request the location of "convrelay_store /store": add "internal;" to it



=== TEST 24: an argument
--- http_config
convrelay_store_zone  calls 1m;
convrelay_store       /store?a=b;
--- must_die
--- error_log
invalid value "/store?a=b" of "convrelay_store", write "memory", the URI



=== TEST 25: an empty secret
--- http_config
convrelay_store_secret  "";
--- must_die
--- error_log
"convrelay_store_secret" directive has an empty secret



=== TEST 26: "off" beside a secret
--- http_config
convrelay_store_secret  off "a secret of machines";
--- must_die
--- error_log
"convrelay_store_secret" directive takes "off" alone, without a secret



=== TEST 27: two secrets, and twice
--- http_config
convrelay_store_secret  "a secret of machines" "an older secret of them";
convrelay_store_secret  off;
--- must_die
--- error_log
"convrelay_store_secret" directive is duplicate



=== TEST 28: a secret that differs by request
--- http_config
convrelay_store_zone    calls 1m;
convrelay_store         /store;
convrelay_store_secret  $host;
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}

location = /store {
    internal;
    proxy_pass  http://llm;
}
--- must_die
--- error_log
the secret of "convrelay_store_secret" can have no other variables than "$convrelay_env_NAME"



=== TEST 29: a secret that can be guessed
--- http_config
convrelay_store_zone    calls 1m;
convrelay_store         /store;
convrelay_store_secret  secret;
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}

location = /store {
    internal;
    proxy_pass  http://llm;
}
--- error_log
the secret of "convrelay_store_secret" can be guessed: write at least 16 random characters
--- no_error_log
[error]



=== TEST 30: no time
--- http_config
convrelay_store_timeout  0;
--- must_die
--- error_log
"convrelay_store_timeout" directive cannot be zero, write a time such as "30s"
