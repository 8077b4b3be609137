# Every variable of the module in every phase, location and request that it
# was not made for, and the module's own locations reached by ways that Twilio
# does not take.  A wrong request ends itself at most.

use lib 't/lib';

use File::Temp ();
use Test::Nginx::ConvRelay;


# all that the module's table has; a prefix is given a name, A

my @variables = map { /_$/ ? "${_}A" : $_ } do {
    my $file = "$ENV{TEST_NGINX_ROOT}/src/http/ngx_http_convrelay_variables.c";

    open my $fh, '<', $file or die "$file: $!\n";
    local $/;
    <$fh> =~ /ngx_string\("(convrelay_\w+)"\)/g;
};

@variables = grep { !/^convrelay_env_/ } @variables;
die "no variables\n" if @variables < 20;

my $all = join ' ', map { "\$$_" } @variables;
my $mapped = join ' ', map { "\$m_$_" } @variables;
my $maps = join '', map { <<"_EOC_" } @variables;
map \$$_ \$m_$_ {
    "~(?<x_$_>^x+\$)"  "x is \$x_$_";
    default            "[\$$_]";
}
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('main_config', 'load_module $TEST_NGINX_BUILD/'
                                     . 'ngx_http_convrelay_http3_module.so;');

    $block->set_value('http_config', <<"_EOC_" . ($block->http_config // ''));
variables_hash_max_size  4096;
$maps
log_format  all   '%%ALL%% %%MAPPED%%';
log_format  form  '\$uri \$status <\$convrelay_form_A> <\$convrelay_handoff_a>';
_EOC_

    for my $section (qw( http_config config llm )) {
        my $text = $block->$section // next;

        $text =~ s/%%ALL%%/$all/g;
        $text =~ s/%%MAPPED%%/$mapped/g;
        $block->set_value($section, $text);
    }

    $block->set_value('call', <<'_EOC_' . $block->call);
local http = require "convrelay_http"
local form = "Content-Type: application/x-www-form-urlencoded"

local function chunk(text)
    return ("%x\r\n%s\r\n"):format(#text, text)
end

local function request(path, version, lines, body)
    table.insert(lines, 1, lines.method .. " " .. path .. version)

    return http.head(lines) .. (body or "")
end

local function log(lines)
    ngx.say(require "convrelay_llm".log("form.log", lines))
end
_EOC_
});


our ($key, $certificate) = do {
    my $dir = File::Temp::tempdir(CLEANUP => 1);

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a"
           . " -keyout $dir/key -out $dir/cert 2>/dev/null") == 0
        or die "no openssl\n";

    map { local (@ARGV, $/) = "$dir/$_"; scalar <> } qw( key cert );
};

run_tests();

__DATA__

=== TEST 1: all variables everywhere, for requests of all kinds
--- http_config
limit_conn_zone  "%%ALL%%"     zone=conns:1m;
limit_req_zone   "%%MAPPED%%"  zone=reqs:1m  rate=1000r/s;

split_clients  "%%ALL%% %%MAPPED%%"  $half {
    50%  a;
    *    b;
}

upstream back {
    hash       "%%ALL%%";
    server     127.0.0.1:$TEST_NGINX_LLM_PORT;
    server     127.0.0.1:$TEST_NGINX_LLM_PORT;
    keepalive  2;
}
--- config
large_client_header_buffers  4 2k;
client_body_buffer_size      1k;

set         $copy  "%%ALL%%";
access_log  logs/all.log  all;
access_log  logs/some.log  all  if=$m_convrelay_form_A;
access_log  $TEST_NGINX_SERVROOT/logs/half-$half.log  all;
add_header  X-All  "%%ALL%% %%MAPPED%% $copy"  always;
limit_conn  conns  100;
limit_req   zone=reqs  burst=1000;

location = /return {
    if ($m_convrelay_form_A = "no") {
        return  404;
    }

    return  200  "%%ALL%%";
}
location = /file {
    try_files  /index.html  =404;
}
location = /proxy {
    proxy_pass        http://back/;
    proxy_set_header  X-All  "%%ALL%%";
}
location = /unread {
    proxy_pass               http://back/;
    proxy_request_buffering  off;
    proxy_http_version       1.1;
}
location = /mirror {
    mirror      /mirrored;
    mirror      /ws;
    proxy_pass  http://back/;
}
location = /mirrored {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  all  "%%ALL%%";
}
location = /auth {
    auth_request  /twiml;
    try_files     /index.html  =404;
}
location = /auth-ws {
    auth_request  /ws;
    try_files     /index.html  =404;
}
location = /ssi {
    ssi        on;
    try_files  /ssi.html  =404;
}
location = /after {
    add_before_body  /twiml;
    add_after_body   /end;
    try_files        /index.html  =404;
}
location = /error {
    error_page  404  /twiml;
    return      404;
}
location = /error-ws {
    error_page  404 405  =  /ws;
    return      404;
}
location = /named {
    error_page  404  =  @twiml;
    return      404;
}
location = /try {
    try_files  /nothing  @twiml;
}
location = /accel {
    proxy_pass  http://back/accel;
}
location = /accel-ws {
    proxy_pass  http://back/accel-ws;
}
location = /post {
    post_action  /ws;
    return       200  "posted";
}
location = /post-twiml {
    post_action  /twiml;
    try_files    /index.html  =404;
}
location = /limited {
    limit_except  GET {
        deny  all;
    }

    try_files  /index.html  =404;
}
location @twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  all  "%%ALL%% %%MAPPED%%";
}
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  all  "%%ALL%% %%MAPPED%%";
    convrelay_twiml_inside     "<Parameter name='b' value='$m_convrelay_from'/>";
}
location = /end {
    convrelay_connect_action;
    convrelay_connect_reply  say  "%%ALL%% %%MAPPED%%";
}
location = /ws {
    convrelay;
    convrelay_model  "%%ALL%% %%MAPPED%%";
    proxy_pass       http://back/;
}
--- llm
location / {
    return  200  "fine";
}
location = /accel {
    add_header  X-Accel-Redirect  /twiml;
    return      200;
}
location = /accel-ws {
    add_header  X-Accel-Redirect  /ws;
    return      200;
}
--- user_files
>>> index.html
a file
>>> ssi.html
<!--# include virtual="/twiml?A=b" -->
<!--# include virtual="/end" -->
<!--# include virtual="/ws" -->
<!--# echo var="convrelay_form_A" -->
--- call
local paths = {
    "return", "file", "proxy", "unread", "mirror", "auth", "auth-ws", "ssi",
    "after", "error", "error-ws", "named", "try", "accel", "accel-ws", "post",
    "post-twiml", "limited", "twiml", "end", "ws", "nowhere"
}

local close, host = "Connection: close", "Host: a"
local chunked = "Transfer-Encoding: chunked"
local big = "A=" .. ("x"):rep(3000)

local function all(path)
    return {
        request(path, " HTTP/1.1", { method = "GET", host, close }),
        request(path .. "?A=xxx&HandoffData=%7B%22a%22:1%7D", " HTTP/1.1",
                { method = "GET", host, close }),
        request(path, " HTTP/1.1", { method = "HEAD", host, close }),
        request(path, " HTTP/1.0", { method = "GET" }),
        "GET " .. path .. "\r\n",
        request(path, " HTTP/1.1", { method = "POST", host, close }),
        request(path, " HTTP/1.1", { method = "POST", host, close, form,
                                     "Content-Length: 0" }),
        request(path, " HTTP/1.0", { method = "POST", form,
                                     "Content-Length: 3" }, "A=b"),
        request(path, " HTTP/1.1", { method = "POST", host, close, form,
                                     chunked }, chunk("A=b") .. chunk("")),
        request(path, " HTTP/1.1", { method = "POST", host, close, form,
                                     chunked }, chunk(big) .. chunk("")),
        request(path, " HTTP/1.1", { method = "POST", host, close, form,
                                     "Content-Length: " .. #big }, big),
        request(path, " HTTP/1.1", { method = "PUT", host, close, form,
                                     "Content-Length: 3" }, "A=b"),
        request(path, " HTTP/1.1", { method = "DELETE", host, close }),
        http.upgrade(path, { Connection = "Upgrade, close" }),
    }
end

for _, path in ipairs(paths) do
    local out = {}

    for _, bytes in ipairs(all("/" .. path)) do
        local r = http.send(bytes)

        out[#out + 1] = r.status or r.line and "0.9" or "-"
    end

    ngx.say(path, " ", table.concat(out, " "))
end

local wrong = {
    "GET / HTTP/1.1\r\n\r\n", "POST /twiml HTTP/1.1\r\nHost\r\n\r\n",
    "\r\n\22\3\1\0\1\1\r\n\r\n", "POST /twiml?A=b HTTP/9.9\r\n\r\n",
    "POST /twiml HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    "POST /twiml HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        .. "Content-Length: 2\r\n\r\nA=b",
    "GET /" .. ("x"):rep(5000) .. " HTTP/1.1\r\n\r\n",
    "POST /twiml HTTP/1.1\r\nX: " .. ("x"):rep(5000) .. "\r\n\r\n",
    "POST /twiml HTTP/1.1\r\nHost: a\r\n" .. form .. "\r\n" .. close .. "\r\n"
        .. chunked .. "\r\n\r\n3\r\nA=b\r\nzz\r\n",
    "POST /proxy HTTP/1.1\r\nHost: a\r\n" .. form .. "\r\n" .. close .. "\r\n"
        .. chunked .. "\r\n\r\n3\r\nA=b\r\nzz\r\n",
    "POST /twiml HTTP/1.1\r\nHost: a\r\n" .. form .. "\r\n" .. close .. "\r\n"
        .. "Content-Length: 2000000\r\n\r\nA=b",
}

local out = {}

for _, bytes in ipairs(wrong) do
    out[#out + 1] = http.send(bytes).status or "-"
end

ngx.say("wrong ", table.concat(out, " "))
--- response_body
return 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
file 200 200 200 200 0.9 405 405 405 405 405 405 405 405 200
proxy 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
unread 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
mirror 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
auth 200 200 200 200 0.9 405 405 405 405 405 405 405 405 200
auth-ws 403 403 403 403 0.9 403 403 403 403 403 403 403 403 403
ssi 200 200 200 200 0.9 405 405 405 405 405 405 405 405 200
after 200 200 200 200 0.9 405 405 405 405 405 405 405 405 200
error 404 404 404 404 0.9 404 404 404 404 404 404 404 404 404
error-ws 426 426 405 400 0.9 426 426 400 426 426 426 426 426 101
named 200 200 200 200 0.9 200 200 200 200 200 200 405 405 200
try 200 200 200 200 0.9 200 200 200 200 200 200 405 405 200
accel 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
accel-ws 426 426 405 400 0.9 426 426 400 426 426 426 426 426 101
post 200 200 200 200 0.9 200 200 200 200 200 200 200 200 200
post-twiml 200 200 200 200 0.9 405 405 405 405 405 405 405 405 200
limited 200 200 200 200 0.9 403 403 403 403 403 403 403 403 200
twiml 200 200 200 200 0.9 200 200 200 200 200 200 405 405 200
end 200 200 200 200 0.9 200 200 200 200 200 200 405 405 200
ws 426 426 405 400 0.9 405 405 405 405 405 405 405 405 101
nowhere 404 404 404 404 0.9 404 404 404 404 404 404 405 405 404
wrong 400 400 400 505 400 400 414 400 400 400 413
--- no_error_log
[alert]
[crit]



=== TEST 2: a form whose file nginx has closed is none any more
--- config
client_body_buffer_size  1k;

location = /other {
    access_log  logs/form.log  form;
    proxy_pass  http://llm/;
}
--- llm
location / {
    return  200  fine;
}
--- call
local body = "A=b&B=" .. ("x"):rep(3000)

for _, framing in ipairs{ "Content-Length: " .. #body,
                          "Transfer-Encoding: chunked" }
do
    ngx.say(http.send(request("/other", " HTTP/1.1",
        { method = "POST", "Host: a", "Connection: close", form, framing },
        framing:find("chunked") and chunk(body) .. chunk("") or body)).body)
end

log(2)
--- response_body
fine
fine
/other 200 <-> <->
/other 200 <-> <->
--- no_error_log
[crit]
[error]



=== TEST 3: a form larger than a webhook's may be is none
--- config
location = /other {
    access_log        logs/form.log  form;
    proxy_pass        http://llm/;
    proxy_set_header  X-A  $convrelay_form_A;
    proxy_set_header  X-B  $convrelay_handoff_b;
}
--- llm
client_max_body_size  32m;

location / {
    return  200  "<$http_x_a>";
}
--- call
for _, size in ipairs{ 65536, 65537, 16 * 1024 * 1024 } do
    local body = "A=b&HandoffData=%7B%22b%22:1%7D"

    body = body .. ("&"):rep(size - #body)

    ngx.say(http.send(request("/other", " HTTP/1.1",
        { method = "POST", "Host: a", "Connection: close", form,
          "Content-Length: " .. size }, body)).body)
end

log(3)
--- response_body
<b>
<>
<>
/other 200 <b> <->
/other 200 <-> <->
/other 200 <-> <->
--- error_log
client sent a form of 65537 bytes, limit for variables is 65536
client sent a form of 16777216 bytes, limit for variables is 65536
--- no_error_log
[crit]



=== TEST 4: a form that was read in part is none
--- config
location = /other {
    access_log               logs/form.log  form;
    proxy_pass               http://llm/;
    proxy_http_version       1.1;
    proxy_request_buffering  off;
    proxy_set_header         X-A  $convrelay_form_A;
}
location = /read {
    access_log  logs/form.log  form;
    proxy_pass  http://llm/;
}
--- llm
location / {
    return  200  "<$http_x_a>";
}
--- call
local head = { method = "POST", "Host: a", "Connection: close", form,
               "Content-Length: 12" }

ngx.say(http.send{ request("/other", " HTTP/1.1", head, "A=123"),
                   "456&B=b" }.body)

-- it breaks off

for _, framing in ipairs{ "Content-Length: 12", "Transfer-Encoding: chunked" }
do
    local sock = ngx.socket.tcp()

    sock:connect("127.0.0.1", ngx.var.server_port)
    sock:send(request("/read", " HTTP/1.1",
        { method = "POST", "Host: a", "Connection: close", form, framing },
        framing:find("chunked") and chunk("A=123") or "A=123"))
    ngx.sleep(0.05)
    sock:close()
end

log(3)
--- response_body
<>
/other 200 <-> <->
/read 400 <-> <->
/read 400 <-> <->
--- no_error_log
[crit]
[error]



=== TEST 5: HTTP/2, and requests as HTTP/3 makes them
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2  http2;
    listen  127.0.0.1:$TEST_NGINX_PORT_3;

    client_body_buffer_size  1k;
    access_log               logs/form.log  form;
    access_log               logs/all.log   all;
    add_header               X-All  "%%ALL%% %%MAPPED%%"  always;

    location = /other {
        proxy_pass  http://llm/;
    }
    location = /twiml {
        convrelay_twiml            wss://example.com/ws;
        convrelay_twiml_parameter  all  "%%ALL%% A=$convrelay_form_A";
    }
    location = /end {
        convrelay_connect_action;
        convrelay_connect_reply  say  "%%ALL%% A=$convrelay_form_A";
    }
    location = /ws {
        convrelay;
        convrelay_model  "%%ALL%% %%MAPPED%%";
        proxy_pass       http://llm/;
    }
}
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_4;

    convrelay_http3;

    client_body_buffer_size  1k;
    access_log               logs/form.log  form;
    access_log               logs/all.log   all;
    add_header               X-All  "%%ALL%% %%MAPPED%%"  always;

    location = /other {
        proxy_pass  http://llm/;
    }
    location = /twiml {
        convrelay_twiml            wss://example.com/ws;
        convrelay_twiml_parameter  all  "%%ALL%% A=$convrelay_form_A";
    }
    location = /end {
        convrelay_connect_action;
        convrelay_connect_reply  say  "%%ALL%% A=$convrelay_form_A";
    }
    location = /ws {
        convrelay;
        convrelay_model  "%%ALL%% %%MAPPED%%";
        proxy_pass       http://llm/;
    }
}
--- config
--- llm
location / {
    return  200  fine;
}
--- call
local big = ("x"):rep(3000)
local ways = { { "" }, { "A=b" }, { "A=b", "" }, { "A=", "b", "" },
               { "B=", big, "&A=b" } }

local function show(path, bodies)
    for i, body in ipairs(bodies) do
        bodies[i] = body:match("A=([^<\"]*)") or body:match("fine") or "other"
    end

    ngx.say(path, ": ", table.concat(bodies, " "))
end

for _, path in ipairs{ "/other", "/twiml", "/end", "/ws" } do
    local h2, h3 = {}, {}

    for _, pieces in ipairs(ways) do
        h2[#h2 + 1] = http.h2(path, pieces, $TEST_NGINX_PORT_2)

        local body = ""

        for _, piece in ipairs(pieces) do
            body = body .. (piece ~= "" and chunk(piece) or "")
        end

        h3[#h3 + 1] = http.send(request(path, " HTTP/1.1",
            { method = "POST", "Host: a", "Connection: close", form,
              "Transfer-Encoding: chunked" }, body .. chunk("")),
            $TEST_NGINX_PORT_4).body
    end

    h3[#h3 + 1] = http.send(http.upgrade(path,
        { Connection = "Upgrade, close" }), $TEST_NGINX_PORT_4).body

    show(path, h2)
    show(path, h3)
end
--- response_body
/other: fine fine fine fine fine
/other: fine fine fine fine fine fine
/twiml:  b b b b
/twiml:  b b b b 
/end:  b b b b
/end:  b b b b 
/ws: other other other other other
/ws: other other other other other other
--- no_error_log
[crit]
--- error_log
client sent invalid websocket handshake: in a version of HTTP other than 1.1; a proxy in front has to use HTTP/1.1 and to pass "Upgrade" and "Connection"



=== TEST 6: a certificate is chosen before there is a request
--- http_config
map "%%MAPPED%%" $certificate {
    default  $TEST_NGINX_SERVROOT/html/cert.pem;
}
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2  ssl;

    ssl_certificate      $certificate;
    ssl_certificate_key  $TEST_NGINX_SERVROOT/html/key.pem;

    location = /all {
        return  200  "%%ALL%%";
    }
}
--- config
--- user_files eval
">>> cert.pem
" . $main::certificate . ">>> key.pem
" . $main::key
--- call
for i = 1, 2 do
    local sock = ngx.socket.tcp()

    sock:connect("127.0.0.1", $TEST_NGINX_PORT_2)
    sock:sslhandshake(nil, nil, false)
    sock:send("GET /all HTTP/1.0\r\n\r\n")
    ngx.say((sock:receive()))
    sock:close()
end
--- response_body
HTTP/1.1 200 OK
HTTP/1.1 200 OK
--- no_error_log
[crit]
[error]
