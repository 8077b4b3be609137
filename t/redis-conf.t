# Mistakes in the directives for Redis, and what "nginx -t" says to them.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);
    $block->set_value('main_config', 'load_module $TEST_NGINX_BUILD/'
                      . 'ngx_http_convrelay_redis_module.so;');

    if (defined $block->location) {
        $block->set_value('config', "location /kv/ {\n" . $block->location
                                    . "}\n" . ($block->config // ''));
    }
});

run_tests();

__DATA__

=== TEST 1: no key
--- location
convrelay_redis_pass  127.0.0.1;
--- must_die
--- error_log
"convrelay_redis_pass" needs a key, for example "convrelay_redis_key $uri;"



=== TEST 2: a scheme
--- location
convrelay_redis_pass  redis://127.0.0.1:6379;
convrelay_redis_key   a;
--- must_die
--- error_log
"convrelay_redis_pass redis://127.0.0.1:6379": write an upstream, "host:port" or "unix:/path", without a scheme; TLS is "convrelay_redis_ssl on"



=== TEST 3: two of them
--- location
convrelay_redis_pass  127.0.0.1;
convrelay_redis_pass  127.0.0.1;
--- must_die
--- error_log
"convrelay_redis_pass" directive is duplicate



=== TEST 4: a time to live that is not a time
--- location
convrelay_redis_pass  127.0.0.1;
convrelay_redis_key   a;
convrelay_redis_ttl   soon;
--- must_die
--- error_log
"convrelay_redis_ttl soon": write a time of at least 1ms, such as "300" (seconds) or "5m", or "off"



=== TEST 5: a time to live of nothing
--- location
convrelay_redis_ttl  0;
--- must_die
--- error_log
"convrelay_redis_ttl 0": write a time of at least 1ms



=== TEST 6: an empty password
--- location
convrelay_redis_auth  agent "";
--- must_die
--- error_log
"convrelay_redis_auth" has an empty parameter: write "convrelay_redis_auth [USER] PASSWORD;", or "off"



=== TEST 7: too many parameters
--- location
convrelay_redis_auth  a b c;
--- must_die
--- error_log
invalid number of arguments in "convrelay_redis_auth" directive



=== TEST 8: a database by name
--- location
convrelay_redis_db  calls;
--- must_die
--- error_log
"convrelay_redis_db calls": write a number, such as "1"



=== TEST 9: TLS without a CA
--- location
convrelay_redis_pass  127.0.0.1;
convrelay_redis_key   a;
convrelay_redis_ssl   on;
--- must_die
--- error_log
"convrelay_redis_ssl on" verifies the server: give the CA with "convrelay_redis_ssl_trusted_certificate FILE;"



=== TEST 10: a certificate without its key
--- location
convrelay_redis_pass             127.0.0.1;
convrelay_redis_key              a;
convrelay_redis_ssl              on;
convrelay_redis_ssl_verify       off;
convrelay_redis_ssl_certificate  a.crt;
--- must_die
--- error_log
"convrelay_redis_ssl_certificate" and "convrelay_redis_ssl_certificate_key" need each other



=== TEST 11: connections that are shared, and TLS that is not
--- http_config
upstream calls { server 127.0.0.1:6379; }
--- location
convrelay_redis_pass  calls;
convrelay_redis_key   a;
--- config
location /tls/ {
    convrelay_redis_pass        calls;
    convrelay_redis_key         a;
    convrelay_redis_ssl         on;
    convrelay_redis_ssl_verify  off;
}
--- must_die
--- error_log
two locations with "convrelay_redis_pass calls" have different "convrelay_redis_ssl..." settings, but share its connections: write an "upstream" for each



=== TEST 12: two names
--- http_config
upstream calls { server 127.0.0.1:6379; }
convrelay_redis_ssl         on;
convrelay_redis_ssl_verify  off;
--- location
convrelay_redis_pass      calls;
convrelay_redis_key       a;
convrelay_redis_ssl_name  one;
--- config
location /two/ {
    convrelay_redis_pass      calls;
    convrelay_redis_key       a;
    convrelay_redis_ssl_name  two;
}
--- must_die
--- error_log
two locations with "convrelay_redis_pass calls" have different



=== TEST 13: a condition that is not one
--- location
convrelay_redis_next_upstream  http_502;
--- must_die
--- error_log
invalid value "http_502"



=== TEST 14: a buffer that is too small
--- location
convrelay_redis_pass         127.0.0.1;
convrelay_redis_key          a;
convrelay_redis_buffer_size  0;
--- must_die
--- error_log
"convrelay_redis_buffer_size" is too small: write at least "1k"



=== TEST 15: what can be said once for all, and taken back
--- http_config
upstream calls { server 127.0.0.1:6379; }
convrelay_redis_ssl         on;
convrelay_redis_ssl_verify  off;
convrelay_redis_auth        agent secret;
convrelay_redis_ttl         5m;
convrelay_redis_db          1;
convrelay_redis_key         a;
--- location
convrelay_redis_pass  calls;
--- config
location /two/ {
    convrelay_redis_pass  calls;
    convrelay_redis_auth  off;
    convrelay_redis_ttl   off;
}
location /plain/ {
    convrelay_redis_pass  127.0.0.1;
    convrelay_redis_ssl   off;
}
location = /t { return 200 "started\n"; }
--- request
GET /t
--- response_body
started
