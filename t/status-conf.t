# The directive convrelay_status.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', 'convrelay_zone  calls  64k;')
        if !defined $block->http_config;
});

run_tests();

__DATA__

=== TEST 1: it must say who can see it
--- config
location = /status { convrelay_status; }
--- must_die
--- error_log
"convrelay_status" must say who can see it: write "convrelay_status prometheus protected" in a location that has "allow" and "deny", "auth_basic" or the like, or "convrelay_status prometheus public"



=== TEST 2: a format alone does not say that
--- config
location = /status { convrelay_status json; }
--- must_die
--- error_log
"convrelay_status" must say who can see it: write "convrelay_status json protected" in a location that has "allow" and "deny", "auth_basic" or the like, or "convrelay_status json public"



=== TEST 3: a format that there is not
--- config
location = /status { convrelay_status xml public; }
--- must_die
--- error_log
invalid format "xml" of "convrelay_status", write "prometheus", "json" or "html"



=== TEST 4: the two in the wrong order
--- config
location = /status { convrelay_status public json; }
--- must_die
--- error_log
invalid format "public" of "convrelay_status", write "prometheus", "json" or "html"



=== TEST 5: it counts the calls of a zone
--- http_config
--- config
location = /status { convrelay_status public; }
--- must_die
--- error_log
"convrelay_status" counts live calls in shared memory: add "convrelay_zone NAME SIZE" to http in 



=== TEST 6: a location of its own
--- config
location = /status {
    convrelay_status  public;
    convrelay_mock_llm;
}
--- must_die
--- error_log
location "/status" has both "convrelay_status" and another content handler: each needs its own location



=== TEST 7: neither that of a call
--- config
location = /status {
    convrelay_status  public;
    convrelay;
    convrelay_mock_llm;
}
--- must_die
--- error_log
location "/status" has both "convrelay_status" and "convrelay": each needs its own location



=== TEST 8: nor that of a webhook
--- config
location = /status {
    convrelay_status  public;
    convrelay_twiml   wss://example.com/ws;
}
--- must_die
--- error_log
each needs its own location



=== TEST 9: twice
--- config
location = /status {
    convrelay_status  public;
    convrelay_status  json public;
}
--- must_die
--- error_log
"convrelay_status" directive is duplicate



=== TEST 10: access rules of nginx hold
--- config
location = /status {
    convrelay_status  protected;
    deny  all;
}
--- request
GET /status
--- error_code: 403
--- error_log
access forbidden by rule



=== TEST 11: also in a block of limit_except
--- config
location = /status {
    convrelay_status  json protected;
    limit_except GET { deny all; }
}
--- request
GET /status
--- response_headers
Content-Type: application/json; charset=utf-8
Cache-Control: no-store
--- response_body_like: ^\{"version":"
