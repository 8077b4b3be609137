# Requests of ours to other locations, src/fetch, by the module of t/fetch: a
# location is run by URI, below a shadow main request, and its answer comes to
# a sink.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;
    my ($main, $asks) = ($block->main_config // '', $block->asks);

    $block->set_value('main_config', $main
                      . 'load_module $TEST_NGINX_BUILD/'
                      . 'ngx_http_convrelay_fetch_test_module.so;');

    return if !defined $asks;

    # each line is a location and what convrelay_fetch_test has there

    my ($config, @names) = '';

    for (grep { /\S/ } split /\n/, $asks) {
        my ($name, $args) = /^(\S+?):\s+(.*)$/ or die "$_\n";

        push @names, $name;
        $config .= "location = /ask/$name { convrelay_fetch_test $args; }\n";
    }

    my $list = join ', ', map { "\"$_\"" } @names;

    $block->set_value('config', $block->config . $config . <<"_EOC_");
location = /t {
    content_by_lua_block {
        local http = require "convrelay_http"

        for _, name in ipairs{ $list } do
            local r = http.send("GET /ask/" .. name
                                .. " HTTP/1.0\\r\\nHost: a\\r\\n"
                                .. "X-Secret: s\\r\\nCookie: a=b\\r\\n\\r\\n")
            ngx.print(name, ": ", r.body ~= "" and r.body or r.line, "")
        end
    }
}
_EOC_
    $block->set_value('request', 'GET /t');
});

run_tests();

__DATA__

=== TEST 1: answers of nginx's own: text, nothing, an error, a redirect
--- config
location = /text    { internal; return 200 "hello"; }
location = /empty   { internal; return 200 ""; }
location = /created { internal; return 201; }
location = /nothing { internal; return 204; }
location = /gone    { internal; return 410 "gone"; }
location = /broken  { internal; return 500; }
location = /away    { internal; return 302 /text; }
location = /close   { internal; return 444; }
--- asks
text: /text
empty: /empty
created: /created
nothing: /nothing
gone: /gone
broken: /broken max=9999
away: /away
close: /close
missing: /missing
--- response_body_like
text: 200 was answered: hello
empty: 200 was answered: 
created: 201 was answered: 
nothing: 204 was answered: 
gone: 410 was answered: gone
broken: 500 was answered: <html>(?s:.*?)</html>\r?\n?
away: 302 was answered: <html>(?s:.*?)</html>\r?\n?
close: 0 got no answer: 
missing: 404 was answered: <html>(?s:.*)
--- no_error_log
[alert]
[crit]



=== TEST 2: an upstream: the method, the body and our headers, none of the client's
--- config
proxy_set_header  Connection close;
location = /echo { internal; proxy_pass http://llm; }
location = /get  { internal; proxy_pass http://llm/other; }
--- llm
location / {
    content_by_lua_block {
        ngx.req.read_body()
        local h = ngx.req.get_headers()
        local names = {}
        for name in pairs(h) do names[#names + 1] = name end
        table.sort(names)
        ngx.print(ngx.var.request_method, " ", ngx.var.request_uri, " ",
                  ngx.req.get_body_data() or "no body", " ",
                  table.concat(names, " "))
    }
}
--- asks
post: /echo body=hello
args: /echo?a=b&c=%20d body=
get: /get get
--- response_body
post: 200 was answered: POST /echo hello accept-encoding connection content-length content-type host user-agent
args: 200 was answered: POST /echo?a=b&c=%20d no body accept-encoding connection content-length content-type host user-agent
get: 200 was answered: GET /other no body accept-encoding connection host user-agent
--- no_error_log
[error]



=== TEST 3: a location's own phases: rewrite, try_files, error_page, named ones
--- config
location = /rewrite  { internal; rewrite ^ /target last; }
location = /set      { internal; set $x there; return 200 "set $x"; }
location = /tried    { internal; try_files /no-such-file @named; }
location = /paged    { internal; error_page 404 = /target; return 404; }
location = /named    { internal; error_page 404 = @named; return 404; }
location = /passed   { internal; error_page 404 /target; return 404; }
location = /upstream { internal; error_page 502 = @named;
                       proxy_pass http://127.0.0.1:$TEST_NGINX_PORT_2; }
location = /target   { internal; return 200 "target $uri"; }
location @named      { return 200 "named"; }
--- asks
rewrite: /rewrite
set: /set
tried: /tried
paged: /paged
named: /named
passed: /passed
upstream: /upstream
--- response_body
rewrite: 200 was answered: target /target
set: 200 was answered: set there
tried: 200 was answered: named
paged: 200 was answered: target /target
named: 200 was answered: named
passed: 404 was answered: target /target
upstream: 200 was answered: named
--- error_log
Connection refused
--- no_error_log
[alert]
[crit]



=== TEST 4: the access phase is not run, so "internal" is the protection
--- config
location = /basic { internal; auth_basic "x"; auth_basic_user_file /no;
                    return 200 "in"; }
location = /deny  { internal; deny all; content_by_lua_block { ngx.print("in") } }
--- asks
basic: /basic
deny: /deny
--- response_body
basic: 200 was answered: in
deny: 200 was answered: in
--- no_error_log
[error]



=== TEST 5: limit_req delays a fetch, not its client, and refuses it; limit_conn
--- http_config
limit_req_zone   $server_name  zone=slow:64k   rate=5r/s;
limit_req_zone   $server_name  zone=one:64k    rate=1r/m;
limit_conn_zone  $server_name  zone=conn:64k;
--- config
location = /slow { internal; limit_req zone=slow burst=5;
                   proxy_pass http://llm/; }
location = /one  { internal; limit_req zone=one; proxy_pass http://llm/; }
location = /conn { internal; limit_conn conn 1; proxy_pass http://llm/; }
--- llm
location / { return 200 "fine"; }
--- asks
slow: /slow n=3
one: /one
again: /one max=9999
conn: /conn n=3
short: /slow n=3 timeout=50
--- response_body_like
slow: 3 was answered
one: 200 was answered: fine
again: 503 was answered: <html>(?s:.*?)</html>\r?\n?
conn: 3 was answered
short: 3 timed out
--- error_log
limiting requests, excess
--- no_error_log
[alert]
[crit]



=== TEST 6: an upstream that refuses, breaks off, is slow, or never ends
--- http_config
lua_http10_buffering  off;
upstream both {
    server  127.0.0.1:$TEST_NGINX_PORT_2;
    server  127.0.0.1:$TEST_NGINX_LLM_PORT  backup;
}
--- config
location = /refused { internal; error_page 502 /page;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_PORT_2; }
location = /page    { internal; return 200 "page"; }
location = /next    { internal; proxy_pass http://both/text; }
location = /cut     { internal; proxy_pass http://llm; }
location = /slow    { internal; proxy_pass http://llm; }
location = /late    { internal; proxy_read_timeout 100ms;
                      proxy_pass http://llm/slow; }
location = /endless { internal; proxy_pass http://llm; }
location = /gzip    { internal; proxy_pass http://llm; }
--- llm
location = /text { return 200 "fine"; }
location = /cut {
    content_by_lua_block {
        ngx.header.content_length = 100
        ngx.print("half")
        ngx.flush(true)
        ngx.exit(444)
    }
}
location = /slow { content_by_lua_block { ngx.sleep(3) ngx.print("late") } }
location = /endless {
    content_by_lua_block {
        for i = 1, 100000 do
            if not ngx.print(("x"):rep(1000)) or not ngx.flush(true) then
                return
            end
        end
    }
}
location = /gzip {
    content_by_lua_block {
        ngx.header.content_encoding = "gzip"
        ngx.print("no gzip")
    }
}
--- asks
refused: /refused
next: /next
cut: /cut stream
cut-buffered: /cut
slow: /slow timeout=100
late: /late max=9999
endless: /endless max=50000 stream
endless-buffered: /endless max=50000
endless-late: /endless timeout=150 stream
gzip: /gzip
--- response_body_like
refused: 502 was answered: page
next: 200 was answered: fine
cut: 200 got an answer that broke off: half
cut-buffered: 200 got an answer that broke off: half
slow: 0 timed out: 
late: 504 was answered: <html>(?s:.*?)</html>\r?\n?
endless: 200 got an answer that is too large: \d+ bytes
endless-buffered: 200 got an answer that is too large: \d+ bytes
endless-late: 200 timed out: \d+ bytes
gzip: 200 got an answer with a Content-Encoding: 
--- error_log
Connection refused
--- no_error_log
[alert]
[crit]



=== TEST 7: files, by GET: small, of a megabyte, none; by POST
--- user_files eval
[[ 'small.txt' => 'small' ], [ 'empty.txt' => '' ],
 [ 'big.txt' => 'x' x 1048576 ]]
--- config
location /files/ { internal; alias html/; }
--- asks
small: /files/small.txt get
empty: /files/empty.txt get
big: /files/big.txt get
limited: /files/big.txt get max=100000
missing: /files/missing.txt get max=9999
posted: /files/small.txt body=a max=9999
--- response_body_like
small: 200 was answered: small
empty: 200 was answered: 
big: 200 was answered: 1048576 bytes
limited: 200 got an answer that is too large: \d+ bytes
missing: 404 was answered: <html>(?s:.*?)</html>\r?\n?
posted: 405 was answered: <html>(?s:.*?)</html>\r?\n?
--- error_log
No such file or directory
--- no_error_log
[alert]
[crit]



=== TEST 8: a cache, filled and read; a response that was spooled to a file
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache  keys_zone=c:64k;
--- config
location = /cached { internal; proxy_cache c; proxy_cache_valid 1m;
                     proxy_pass http://llm/; }
location = /big    { internal; proxy_buffers 2 4k; proxy_busy_buffers_size 4k;
                     proxy_pass http://llm; }
--- llm
location / {
    content_by_lua_block {
        served = (served or 0) + 1
        ngx.print("answer ", served)
    }
}
location = /big { content_by_lua_block { ngx.print(("y"):rep(300000)) } }
--- asks
miss: /cached get
hit: /cached get
hits: /cached get n=20
big: /big
--- response_body
miss: 200 was answered: answer 1
hit: 200 was answered: answer 1
hits: 20 was answered
big: 200 was answered: 300000 bytes
--- no_error_log
[error]



=== TEST 9: the location's response filters do not see the answer
--- config
location = /filtered { internal; sub_filter hello bye; sub_filter_types *;
                       gzip on; gzip_min_length 1; gzip_types *;
                       addition_types *; limit_rate 1;
                       default_type text/html; return 200 "hello"; }
--- asks
filtered: /filtered
--- response_body
filtered: 200 was answered: hello
--- no_error_log
[error]



=== TEST 10: X-Accel-Redirect is not followed, X-Accel-Limit-Rate not obeyed
--- config
location = /there   { internal; proxy_pass http://llm; }
location = /named   { internal; proxy_pass http://llm; }
location = /slow    { internal; proxy_pass http://llm; }
location = /all     { internal; proxy_pass http://llm; }
location = /secret  { internal; return 200 "secret"; }
location = /proxied { internal; proxy_pass http://llm/text; }
location @secret    { return 200 "secret"; }
--- llm
location = /there {
    add_header X-Accel-Redirect $arg_to;
    return 200 "asked for";
}
location = /named {
    add_header X-Accel-Redirect @secret;
    return 200 "asked for";
}
location = /slow {
    add_header X-Accel-Limit-Rate 1;
    return 200 "quick";
}
location = /all {
    add_header X-Accel-Limit-Rate 1;
    add_header X-Accel-Buffering $arg_buffering;
    add_header X-Accel-Charset utf-16;
    add_header X-Accel-Expires 60;
    return 200 "all of it is taken, at once and as it is";
}
location = /text { return 200 "text"; }
--- asks
there: /there?to=/secret
proxied: /there?to=/proxied
named: /named
slow: /slow
buffered: /all?buffering=yes
unbuffered: /all?buffering=no
--- response_body
there: 0 was redirected by X-Accel-Redirect: 
proxied: 0 was redirected by X-Accel-Redirect: 
named: 0 was redirected by X-Accel-Redirect: 
slow: 200 was answered: quick
buffered: 200 was answered: all of it is taken, at once and as it is
unbuffered: 200 was answered: all of it is taken, at once and as it is
--- no_error_log
[alert]
[crit]



=== TEST 11: Lua, with waits, sockets and a subrequest of its own
--- config
location = /lua {
    internal;
    content_by_lua_block {
        ngx.req.read_body()
        ngx.sleep(0.05)
        ngx.say("1 ", ngx.req.get_body_data())
        ngx.sleep(0.05)
        local sock = ngx.socket.tcp()
        assert(sock:connect("127.0.0.1", $TEST_NGINX_LLM_PORT))
        sock:send("GET / HTTP/1.0\r\n\r\n")
        ngx.print(sock:receive("*a"):match("fine"), " ")
        ngx.print(ngx.location.capture("/inner").body)
    }
}
location = /inner { internal; return 200 "inner"; }
location = /fails { internal; content_by_lua_block { error("no") } }
location = /exits { internal; content_by_lua_block { ngx.exit(403) } }
--- llm
location / { return 200 "fine"; }
--- asks
lua: /lua body=hello
fails: /fails max=9999
exits: /exits max=9999
slow: /lua body=x timeout=20
--- response_body_like
lua: 200 was answered: 1 hello
fine inner
fails: 500 was answered: <html>(?s:.*?)</html>\r?\n?
exits: 403 was answered: <html>(?s:.*?)</html>\r?\n?
slow: 0 timed out: 
--- error_log
lua entry thread aborted
--- no_error_log
[alert]
[crit]



=== TEST 12: SSI in the location writes nothing to anybody
--- config
location = /ssi { internal; ssi on; ssi_types *; default_type text/html;
                  return 200 'a<!--#include virtual="/inner" -->b'; }
location = /inner { return 200 "inner"; }
--- asks
ssi: /ssi
--- response_body
ssi: 200 was answered: a<!--#include virtual="/inner" -->b
--- no_error_log
[error]



=== TEST 13: cancelled at each moment
--- http_config
lua_http10_buffering  off;
--- config
location = /text  { internal; proxy_pass http://llm; }
location = /slow  { internal; proxy_pass http://llm; }
location = /here  { internal; return 200 "here"; }
--- llm
location = /text { return 200 "fine"; }
location = /slow { content_by_lua_block {
    ngx.print("a") ngx.flush(true) ngx.sleep(1) ngx.print("b") } }
--- asks
start: /slow cancel=start n=20
header: /slow cancel=header stream n=20
data: /slow cancel=data stream n=20
later: /slow cancel=30 stream n=5
early: /here cancel=start n=20
inside: /here cancel=header n=20
last: /text cancel=data n=20
--- response_body
start: 20 cancelled
header: 20 cancelled
data: 20 cancelled
later: 5 cancelled
early: 20 cancelled
inside: 20 cancelled
last: 20 cancelled
--- no_error_log
[error]
[alert]



=== TEST 14: it outlives its client, and needs none
--- http_config
upstream hashed {
    ip_hash;
    server  127.0.0.1:$TEST_NGINX_LLM_PORT;
    server  127.0.0.1:$TEST_NGINX_PORT_3;
}
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_3;
    return  200 "by turns";
}
--- config
location = /hash { internal; proxy_pass http://hashed; }
location = /slow { internal; proxy_pass http://llm; }
location = /here { internal; return 200 "$remote_addr $server_addr $host"; }
--- llm
location = /slow { content_by_lua_block { ngx.sleep(0.1) ngx.print("later") } }
location = /hash { return 200 "by address"; }
--- asks
hashed: /hash
hashed-again: /hash
hashed-alone: /hash alone
detached: /slow detach
alone: /here alone
slow-alone: /slow alone
gone: /slow alone detach
here: /here
--- response_body
hashed: 200 was answered: by address
hashed-again: 200 was answered: by address
hashed-alone: 200 was answered: by address
detached: started
alone: 200 was answered: 127.0.0.1 127.0.0.1 localhost
slow-alone: 200 was answered: later
gone: started
here: 200 was answered: 127.0.0.1 127.0.0.1 a
--- wait: 0.3
--- error_log
fetch: 200 was answered: later
--- no_error_log
[error]
[alert]



=== TEST 15: connections of an upstream are kept
--- http_config
upstream kept {
    server     127.0.0.1:$TEST_NGINX_LLM_PORT;
    keepalive  2;
}
--- config
location = /kept { internal; proxy_http_version 1.1;
                   proxy_set_header Connection "";
                   proxy_pass http://kept/; }
--- llm
location / {
    return 200 "request $connection_requests";
}
--- asks
first: /kept
many: /kept n=50
last: /kept
--- response_body
first: 200 was answered: request 1
many: 50 was answered
last: 200 was answered: request 52
--- no_error_log
[error]



=== TEST 16: FastCGI, with the length of the body, and a negative answer of it
--- config
location = /fcgi {
    internal;
    fastcgi_pass   127.0.0.1:$TEST_NGINX_PORT_3;
    fastcgi_param  HTTP_HOST       a;
    fastcgi_param  REQUEST_METHOD  $request_method;
    fastcgi_param  CONTENT_LENGTH  $content_length;
    fastcgi_param  CONTENT_TYPE    $content_type;
}
--- tcp_listen: $TEST_NGINX_PORT_3
--- tcp_query_len: 240
--- tcp_reply eval
sub {
    my $query = shift;
    my ($method) = $query =~ /REQUEST_METHOD(\w+)/;
    my ($length) = $query =~ /CONTENT_LENGTH(\d)/;
    my ($type) = $query =~ m{CONTENT_TYPE(text/plain)};
    my $text = "Status: 404 No\r\nContent-Type: text/plain\r\n\r\n"
               . ($query =~ /REQUEST_METHODPOST/ ? 'POST' : $method)
               . " $length $type";
    my $padding = -length($text) % 8;

    return pack('CCnnCC', 1, 6, 1, length $text, $padding, 0) . $text
           . "\0" x $padding . pack('CCnnCC', 1, 6, 1, 0, 0, 0)
           . pack('CCnnCC', 1, 3, 1, 8, 0, 0) . "\0" x 8;
}
--- asks
fcgi: /fcgi body=hello
--- response_body
fcgi: 404 was answered: POST 5 text/plain
--- no_error_log
[error]



=== TEST 17: njs, with a subrequest and a wait
--- main_config
load_module $TEST_NGINX_MODULES/ngx_http_js_module.so;
--- http_config
js_import  main from $TEST_NGINX_SERVROOT/html/main.js;
--- user_files
>>> main.js
async function answer(r) {
    const inner = await r.subrequest('/inner');
    r.return(200, r.method + ' ' + r.requestText + ' ' + inner.responseText);
}

function fails(r) {
    throw new Error('no');
}

export default { answer, fails };
--- config
location = /js    { internal; js_content main.answer; }
location = /fails { internal; js_content main.fails; }
location = /inner { internal; return 200 "inner"; }
--- asks
js: /js body=hello
fails: /fails max=9999
--- response_body_like
js: 200 was answered: POST hello inner
fails: 500 was answered: <html>(?s:.*)
--- error_log
js exception
--- no_error_log
[alert]
[crit]



=== TEST 18: an upstream that speaks HTTP/1.0, whose answer ends with its connection
--- config
location = /old { internal; proxy_http_version 1.0; proxy_pass http://llm; }
location = /new { internal; proxy_http_version 1.1; proxy_pass http://llm; }
--- llm
location / {
    content_by_lua_block {
        require "convrelay_llm".raw("HTTP/1.0 200 OK\r\n\r\n",
                                    ngx.var.server_protocol, " was asked")
    }
}
--- asks
old: /old body=hello
new: /new body=hello
--- response_body
old: 200 was answered: HTTP/1.0 was asked
new: 200 was answered: HTTP/1.1 was asked
--- no_error_log
[error]
