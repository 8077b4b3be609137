# What "nginx -t" cannot see, because it stands in directives of other modules,
# is logged at the first turn of a worker and location, at nginx's default
# level: a key that is sent in the clear, none at all, a wrong path.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# "proxy" is what the location has for the LLM; two turns are held.  The error
# log has just these lines of ours: "says", without what nginx adds to a line.

add_block_preprocessor(sub {
    my $block = shift;

    return if !defined $block->proxy;

    $block->set_value('config', ($block->config // '') . <<"_EOC_");
location = /ws {
    convrelay;
    @{[$block->proxy]}
}
_EOC_

    $block->set_value('call', <<'_EOC_');
for i = 1, 2 do
    local call = dial("/ws")
    call:setup()
    call:ask("Hi")
    call:hangup()
end

ngx.say("over")
_EOC_

    $block->set_value('response_body_like', qr/^over$/m);
    $block->set_value('log_level', 'error');
    $block->set_value('grep_error_log', qr/\[error\] \d+#\d+: (?:\*\d+ )?\K(?:(?!LLM failed:|connect\(\)).)*?(?= while |, client: )/);
    $block->set_value('grep_error_log_out', $block->says);
    $block->set_value('no_error_log', ['sk-secret']);
});

run_tests();

__DATA__

=== TEST 1: a key to a public address without TLS
--- proxy
proxy_pass        http://192.0.2.1/v1/chat/completions;
proxy_bind        127.0.0.1;
proxy_set_header  Authorization "Bearer sk-secret";
--- says
location "/ws" sends a key ("Authorization") to 192.0.2.1:80 without TLS, where others can read it: write "proxy_pass https://..."



=== TEST 2: the same by another header, an upstream group, and port 443
--- http_config
upstream api { server 192.0.2.1:443 max_fails=0; }
--- proxy
proxy_pass        http://api/v1/chat/completions;
proxy_bind        127.0.0.1;
proxy_set_header  api-key sk-secret;
--- says
location "/ws" sends a key ("api-key") to 192.0.2.1:443 without TLS, where others can read it: write "proxy_pass https://..."



=== TEST 3: the same by an argument, and an address of a variable
--- config
set $llm 198.51.100.7:8000;
--- proxy
proxy_pass  http://$llm/v1beta/openai/chat/completions?a=b&key=sk-secret;
proxy_bind  127.0.0.1;
--- says
location "/ws" sends a key ("key") to 198.51.100.7:8000 without TLS, where others can read it: write "proxy_pass https://..."



=== TEST 4: TLS, no key, an empty one
--- config
location = /none {
    convrelay;
    proxy_pass  http://192.0.2.1/v1/chat/completions;
    proxy_bind  127.0.0.1;
}
location = /empty {
    convrelay;
    proxy_pass        http://192.0.2.1/v1/chat/completions;
    proxy_bind        127.0.0.1;
    proxy_set_header  Authorization "Bearer $arg_none";
}
location = /tls {
    convrelay;
    proxy_pass        https://192.0.2.1/v1/chat/completions;
    proxy_bind        127.0.0.1;
    proxy_set_header  Authorization "Bearer sk-secret";
}
--- call
for _, path in ipairs{ "/none", "/empty", "/tls" } do
    local call = dial(path)
    call:setup()
    call:ask("Hi")
    call:hangup()
end
--- response_body_like: temporary issue
--- no_error_log eval
["without TLS", "HTTP/1.0"]



=== TEST 5: loopback, by address and by a socket of the file system
--- http_config
server {
    listen  unix:$TEST_NGINX_SERVROOT/llm.sock;
    location / { convrelay_mock_llm; }
}
--- config
location = /unix {
    convrelay;
    proxy_pass        http://unix:$TEST_NGINX_SERVROOT/llm.sock:/v1/chat/completions;
    proxy_set_header  Authorization "Bearer sk-secret";
}
location = /ws {
    convrelay;
    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  Authorization "Bearer sk-secret";
}
--- call
for _, path in ipairs{ "/ws", "/unix" } do
    local call = dial(path)
    call:setup()
    call:ask("Hi")
    call:hangup()
end
--- response_body_unlike: temporary issue
--- no_error_log
[error]



=== TEST 6: no key, and a 401
--- config
proxy_set_header  Authorization "Bearer sk-secret";
--- proxy
proxy_pass        http://llm/v1/chat/completions;
proxy_set_header  Connection "";
--- llm
location / { return 401; }
--- says
location "/ws" sends no key and was answered 401: add "proxy_set_header Authorization ...;" to the location itself, since one with a "proxy_set_header" of its own inherits none



=== TEST 7: an empty key, and a 403
--- proxy
proxy_pass        http://llm/v1/chat/completions;
proxy_set_header  Authorization "Bearer $arg_key";
--- llm
location / { return 403; }
--- says
location "/ws" sends an empty key ("Authorization") and was answered 403: a variable in it has no value



=== TEST 8: a key without "Bearer"
--- proxy
proxy_pass        http://llm/v1/chat/completions;
proxy_set_header  Authorization sk-secret;
--- llm
location / { return 401; }
--- says
location "/ws" sends "Authorization" without a scheme and was answered 401: write "proxy_set_header Authorization "Bearer KEY";"



=== TEST 9: a key that is wrong is the LLM's to say
--- proxy
proxy_pass        http://llm/v1/chat/completions;
proxy_set_header  Authorization "Bearer sk-secret";
--- llm
location / { return 401; }
--- says



=== TEST 10: a path that is not the LLM's
--- proxy
proxy_pass  http://llm/v1/responses?a=b;
--- llm
location / { return 404; }
--- says
LLM was asked for "/v1/responses" and answered 404: is it "/v1/chat/completions"? Write the whole URL in "proxy_pass", such as "https://host/v1/chat/completions"



=== TEST 11: a slash too many, and 405
--- proxy
proxy_pass  http://llm/v1/chat/completions/;
--- llm
location / { return 405; }
--- says
LLM was asked for "/v1/chat/completions/" and answered 405: is it "/v1/chat/completions"? Write the whole URL in "proxy_pass", such as "https://host/v1/chat/completions"



=== TEST 12: a slash alone
--- proxy
proxy_pass  http://llm/;
--- llm
location / { return 404; }
--- says
LLM was asked for "/" and answered 404: is it "/v1/chat/completions"? Write the whole URL in "proxy_pass", such as "https://host/v1/chat/completions"



=== TEST 13: no version in the path
--- proxy
proxy_pass  http://llm/chat/completions;
--- llm
location / { return 404; }
--- says
LLM was asked for "/chat/completions" and answered 404: is it "/v1/chat/completions"? Write the whole URL in "proxy_pass", such as "https://host/v1/chat/completions"



=== TEST 14: a path with variables is not logged
--- config
set $path /of/somebody;
--- proxy
proxy_pass  http://127.0.0.1:$TEST_NGINX_LLM_PORT$path;
--- llm
location / { return 404; }
--- says
LLM was asked for "a path with variables" and answered 404: is it "/v1/chat/completions"? Write the whole URL in "proxy_pass", such as "https://host/v1/chat/completions"



=== TEST 15: no path at all
--- proxy
proxy_pass  http://llm;
--- llm
location / { return 404; }
--- says
the LLM was sent "/ws", the name of the location, as its URI: "proxy_pass" has no path, write the whole URL of the LLM, such as "https://host/v1/chat/completions"
the LLM was sent "/ws", the name of the location, as its URI: "proxy_pass" has no path, write the whole URL of the LLM, such as "https://host/v1/chat/completions"



=== TEST 16: the right path of another vendor
--- proxy
proxy_pass  http://llm/openai/deployments/NAME/chat/completions?api-version=2024-10-21;
--- llm
location / { return 404; }
--- says



=== TEST 17: HTTP/1.0
--- http_config
proxy_http_version  1.0;
--- proxy
proxy_pass  http://llm/v1/chat/completions;
--- says
requests to the LLM of location "/ws" are HTTP/1.0, each on a new connection: add "proxy_http_version 1.1;" and "proxy_set_header Connection "";"
