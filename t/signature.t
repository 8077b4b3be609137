# X-Twilio-Signature: who does not know the auth token is refused.

use lib 't/lib';
use Test::Nginx::ConvRelay;

use Digest::SHA qw( hmac_sha1_base64 sha256_hex );


# what Twilio does: sign($url, [ name => value, ... ], $token)

sub sign {
    my ($url, $pairs, $token) = @_;
    my (@pairs, %seen);

    for (my $i = 0; $i < @{$pairs // []}; $i += 2) {
        push @pairs, [ @$pairs[$i, $i + 1] ];
    }

    @pairs = grep { !$seen{"$$_[0]\0$$_[1]"}++ }
             sort { $$a[0] cmp $$b[0] || $$a[1] cmp $$b[1] } @pairs;

    return hmac_sha1_base64($url . join('', map { @$_ } @pairs),
                            $token // '12345') . '=';
}


sub form {
    my @out;

    while (my ($name, $value) = splice @_, 0, 2) {
        s/([^\w.-])/sprintf '%%%02X', ord $1/ge for $name, $value;
        push @out, "$name=$value";
    }

    return join '&', @out;
}


sub get {
    my ($uri, $host, $sig, @more) = @_;

    return head("GET $uri HTTP/1.1", $host, $sig, @more);
}


sub post {
    my ($uri, $host, $sig, $body, $type, @more) = @_;

    $body = form(@$body) if ref $body;
    $type //= 'application/x-www-form-urlencoded';

    return head("POST $uri HTTP/1.1", $host, $sig, "Content-Type: $type",
                'Content-Length: ' . length $body, @more) . $body;
}


sub head {
    my ($line, $host, $sig, @more) = @_;

    push @more, "X-Twilio-Signature: $sig" if defined $sig;

    return join "\r\n", $line, "Host: $host", 'Connection: close', @more,
                '', '';
}


sub ws {
    my ($uri, $host, $sig, @more) = @_;
    my $bytes = ws_handshake($uri, @more, defined $sig
                             ? "X-Twilio-Signature: $sig" : ());

    return $bytes =~ s/Host: localhost/Host: $host/r;
}


# Lua that sends requests and prints "name: status" of each

sub requests {
    my $out = "local http = require 'convrelay_http'\n";

    while (my ($name, $bytes) = splice @_, 0, 2) {
        $out .= "http.show('$name', http.send(" . lua($bytes) . "))\n";
    }

    return $out;
}


# a string in Lua; nginx reads blocks of at most 4096 bytes

sub lua {
    my $bytes = shift;

    if ($bytes =~ /(.{1,8}?)\g{1}{49,}/s) {
        my ($before, $part, $all, $after) = ($`, $1, $&, $');

        return lua($before) . ' .. (' . lua($part) . '):rep('
               . length($all) / length($part) . ') .. ' . lua($after);
    }

    $bytes =~ s/([^\w &=+-])/sprintf '\\%03d', ord $1/ge;

    return "'$bytes'";
}


# each request as it is, and with another signature

sub requests_and_wrong {
    my @out;

    while (my ($name, $bytes) = splice @_, 0, 2) {
        push @out, $name => $bytes,
             "$name, one bit less"
                 => $bytes =~ s/(X-Twilio-Signature: )(.)/$1 . ($2 ^ "\1")/er;
    }

    return requests(@out);
}


sub accepted_and_refused {
    my $status = shift;

    return join '', map { "$_: $status\n$_, one bit less: 403\n" } @_;
}


our @call = (
    CallSid => 'CA1234567890ABCDE', Caller => '+14158675309',
    Digits => '1234', From => '+14158675309', To => '+18005551212'
);

our @webhook = (
    CallSid => 'CA00000000000000000000000000000001',
    AccountSid => 'AC00000000000000000000000000000000',
    From => '+15550100001', To => '+15550100002', CallStatus => 'ringing',
    Direction => 'inbound', ApiVersion => '2010-04-01'
);

our $json = '{"property": "value", "boolean": true}';

# a certificate for a listener with TLS

sub certificate {
    return <<`_EOC_`;
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \\
    -keyout - -out - 2>/dev/null
_EOC_
}


run_tests();

__DATA__

=== TEST 1: the vectors of Twilio's libraries are accepted
--- signed
--- config
convrelay_auth_token  12345;

location = /myapp.php {
    convrelay_twiml  wss://mycompany.com/ws;
}
--- call eval
my $uri = '/myapp.php?foo=1&bar=2';
my $host = 'mycompany.com';
my $hash = 'bodySHA256=' . ::sha256_hex($::json);

::requests_and_wrong(
    A => ::post($uri, $host, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', \@::call),
    B => ::post($uri, $host, 'IK+Dwps556ElfBT0I3Rgjkr1wJU=',
                [ Sid => 'CA123', SidAccount => 'AC123', Digits => 5678,
                  Digits => 1234, Digits => 1234 ]),
    C => ::post($uri, "$host:1234", 'Zmvh+3yNM1Phv2jhDCwEM3q5ebU=', \@::call),
    D => ::post($uri, "$host:443", 'kvajT1Ptam85bY51eRf/AJRuM3w=', \@::call),
    E => ::post($uri, "$host:80", '0ZXoZLH/DfblKGATFgpif+LLRf4=', \@::call),
    F => ::post("$uri&$hash", $host, 'a9nBmqA0ju/hNViExpshrM61xv4=', $::json,
                'application/json'),
    G => ::post("/myapp.php?$hash", $host, 'y77kIzt2vzLz71DgmJGsen2scGs=',
                $::json, 'application/json'),
    G2 => ::post("$uri&bodySHA256=" . ::sha256_hex('{}'), "$host:443",
                 'Ldidvp12m26NI7eqEvxnEpkd9Hc=', '{}', 'application/json'),
    H => ::get($uri, $host, 'zYQTYrRWXE7LtzbG4PfP7/bkkGo='),
    I => ::post('/myapp.php', $host, '1xaxFBvyzXYvWplzNOSs28HWO94=', \@::call),
    J => ::post($uri, $host, 'dCPiR4WtQ6QFN6pJh81CtlCcWLQ=',
                'Message=Hello+%26+goodbye%21+%40%23%24%25%5E%2A%28%29'
                . '&From=%2B1+%28415%29+867-5309'
                . '&Special=unicode%3A+%C3%B1%C3%A1%C3%A9%C3%AD%C3%B3%C3%BA'),
    K => ::post($uri, $host, '9HHp/OqQMEwdrVebHDdA/+tqjX8=',
                [ Digits => '', @::call[0, 1], EmptyParam => '' ]),
    L => ::post($uri, $host, 'jDK7WKT8wiNrwggd4ceTv4e1MJ4=',
                [ callSid => 'lowercase', CallSid => 'uppercase',
                  CALLSID => 'allcaps' ]),
    M => ::post($uri, $host, 'vOEb5UThFn24KEfnOFLQY2AE5FY=',
                [ @::call, ReasonConferenceEnded => 'test',
                  Reason => 'Participant' ]),
    N => ::post('/myapp.php?foo=hello%20world&bar=test%2Bvalue', $host,
                'er2tvAP1Wx+iuTTE2BPgvEaN1cs=', \@::call),
    Q => ::post($uri, $host, 'NBdBDr/T/lgjI+tlgpXjKZQZs/k=',
                [ property => 'value', boolean => 'true' ]),
    R => ::post($uri, $host, 'enveUe73ZTVLAekHxez3Qx6JuuQ=',
                [ Zebra => 'last', Alpha => 'first', Beta => 'second',
                  Gamma => 'third' ]),
)
--- response_body eval
::accepted_and_refused(200, qw( A B C D E F G G2 H I J K L M N Q R ))
--- error_log
client sent wrong "X-Twilio-Signature" for "https://mycompany.com/myapp.php"



=== TEST 2: a webhook by POST, by GET, and of the end of a call
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location = /action {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
my $host = 'voice.example.com';
my $args = 'CallSid=CA00000000000000000000000000000001&From=%2B15550100001';

::requests_and_wrong(
    T1 => ::post('/twiml', $host, 'ddwIRMTWZFVwK1GV+eHWrdhjU+g=', \@::webhook),
    T2 => ::get("/twiml?$args", $host, 'SidzaPVIX9N1EtNL9CVJjRn3hoc='),
    X1 => ::post('/action', $host, 'NzV99Emy3bLCq9jHYTJP+GhJHwg=',
                 [ AccountSid => 'AC00000000000000000000000000000000',
                   CallSid => 'CA00000000000000000000000000000001',
                   CallStatus => 'in-progress', Direction => 'inbound',
                   SessionId => 'VX00000000000000000000000000000001',
                   SessionStatus => 'ended', SessionDuration => 42,
                   HandoffData => '{"reasonCode":"live-agent-handoff"}' ]),
)
--- response_body eval
::accepted_and_refused(200, qw( T1 T2 X1 ))
--- error_log
client sent wrong "X-Twilio-Signature" for "https://voice.example.com/twiml" and its arguments,



=== TEST 3: a handshake is signed as "wss", with or without port and slash
--- signed
--- config
convrelay_auth_token  12345;

location = / {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}

location /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
my $host = 'voice.example.com';
my $query = '/ws?token=abc123&foo=bar';

my %w = (
    W1 => 'LmFyXn27n8HDev4KdDwfsgkrc9Y=', W2 => 'LuF9lJIqmrvK0uVD+4zgTF+OP8Q=',
    W3 => 'fTRv0ysNWUJj1ViLRDejuUOcA7w=', W4 => 'W1Ytz3AvLDaBNIQZYru+BzcVgXc=',
    W5 => 'HbTtEI8pvTak61DpTS/wsLOWoMk=', W6 => 'TTxL9TRRWbPgKyo+nB0lAqVoga8=',
    W7 => 'dgQshAGScgXXKCEYkOrnvrF2Zs0=', W8 => 'BybX+nuNOHeufac37pOxMPnverI=',
    W9 => 'pq3K4Pe9KK53F62p8hyI3w9rtKQ='
);

::requests_and_wrong(
    W1 => ::ws('/ws', $host, $w{W1}),
    W2 => ::ws('/ws', $host, $w{W2}),
    'W1 with port' => ::ws('/ws', "$host:443", $w{W1}),
    W3 => ::ws('/ws/', $host, $w{W3}),
    W4 => ::ws('/', $host, $w{W4}),
    W5 => ::ws('/', $host, $w{W5}),
    W7 => ::ws('/ws', "$host:8443", $w{W7}),
    W8 => ::ws($query, $host, $w{W8}),
)
. ::requests(
    W6 => ::ws('/ws', $host, $w{W6}),
    http => ::ws('/ws', $host, ::sign("http://$host/ws")),
    ws => ::ws('/ws', $host, ::sign("ws://$host/ws")),
    path => ::ws('/ws', $host, $w{W3}),
    host => ::ws('/ws', 'voice.example.org', $w{W1}),
    port => ::ws('/ws', $host, $w{W7}),
    query => ::ws($query, $host, $w{W1}),
    value => ::ws('/ws?token=abc124&foo=bar', $host, $w{W8}),
    order => ::ws('/ws?foo=bar&token=abc123', $host, $w{W8}),
    'query as a form' => ::ws($query, $host, $w{W9}),
)
--- response_body eval
::accepted_and_refused(101, 'W1', 'W2', 'W1 with port', 'W3', 'W4', 'W5',
                       'W7', 'W8')
. "W6: 403
http: 403
ws: 403
path: 403
host: 403
port: 403
query: 403
value: 403
order: 403
query as a form: 403
"
--- error_log
client sent wrong "X-Twilio-Signature" for "wss://voice.example.com/ws",
client sent wrong "X-Twilio-Signature" for "wss://voice.example.com/ws" and its arguments, which may be signed in another way: use "convrelay_twiml_parameter",



=== TEST 4: the signature of one socket does not open another
--- signed
--- config
convrelay_auth_token  12345;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}

location = /ws2 {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
my $sig = ::sign('wss://h/ws2');

::requests(map { $_ => ::ws($_, 'h', $sig) }
           qw( /ws2 /ws /ws?2= /ws?2 /ws?=2 /ws?2=& /ws?%32 /ws2? ))
--- response_body
/ws2: 101
/ws: 403
/ws?2=: 403
/ws?2: 403
/ws?=2: 403
/ws?2=&: 403
/ws?%32: 403
/ws2?: 403
--- error_log
client sent wrong "X-Twilio-Signature" for "wss://h/ws"



=== TEST 5: arguments of a socket's URL may be signed otherwise, says nginx -t
--- signed
--- config
location = /signed {
    convrelay_auth_token  12345;
    convrelay_twiml       wss://voice.example.com/ws?a=b;
}

location = /open {
    convrelay_auth_token  off;
    convrelay_twiml       wss://voice.example.com/ws?c=d;
}
--- request
GET /open
--- response_body_like: wss://voice.example.com/ws[?]c=d
--- grep_error_log eval: qr/the URL of .*?has arguments/
--- grep_error_log_out
the URL of "convrelay_twiml wss://voice.example.com/ws?a=b" has arguments
--- error_log
which may be signed in a way that is not accepted: use "convrelay_twiml_parameter"



=== TEST 6: convrelay_public_url is what Twilio was told, whatever Host says
--- signed
--- http_config
convrelay_env  PUBLIC_HOST voice.example.com;

map $arg_customer $base {
    default  https://$arg_customer.example.com;
}
--- config
convrelay_auth_token  12345;

location /plain/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://voice.example.com;
}

location /slash/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://voice.example.com/;
}

location /prefix/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://voice.example.com/behind/a/proxy/;
}

location /port/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://voice.example.com:8443;
}

location /http/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  http://voice.example.com;
}

location /user/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://user:pass@voice.example.com;
}

location /env/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  https://$convrelay_env_PUBLIC_HOST;
}

location /map/ {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_public_url  $base;
}

location /ws {
    convrelay;
    convrelay_public_url  https://voice.example.com:8443/behind;
    proxy_pass            http://llm/v1/chat/completions;
}
--- call eval
my $try = sub {
    my ($uri, $signed) = @_;
    return ::post($uri, 'internal:81', ::sign($signed, \@::webhook), \@::webhook);
};

my $ws = sub {
    my ($uri, $signed) = @_;
    return ::ws($uri, 'internal:81', ::sign($signed));
};

my $base = 'https://voice.example.com';

::requests(
    plain => $try->('/plain/t', "$base/plain/t"),
    'written with port' => $try->('/plain/t', "$base:443/plain/t"),
    slash => $try->('/slash/t', "$base/slash/t"),
    prefix => $try->('/prefix/t?a=1', "$base/behind/a/proxy/prefix/t?a=1"),
    port => $try->('/port/t', "$base:8443/port/t"),
    http => $try->('/http/t', 'http://voice.example.com/http/t'),
    user => $try->('/user/t', 'https://user:pass@voice.example.com/user/t'),
    env => $try->('/env/t', "$base/env/t"),
    map => $try->('/map/t?customer=a',
                  'https://a.example.com/map/t?customer=a'),
    ws => $ws->('/ws?a=%41', 'wss://voice.example.com:8443/behind/ws?a=%41'),
    'Host' => $try->('/plain/t', 'https://internal:81/plain/t'),
    'another scheme' => $try->('/plain/t', 'http://voice.example.com/plain/t'),
    'https for http' => $try->('/http/t', "$base/http/t"),
    'no prefix' => $try->('/prefix/t?a=1', "$base/prefix/t?a=1"),
    'another port' => $try->('/port/t', "$base:443/port/t"),
    'ws without prefix' => $ws->('/ws', 'wss://voice.example.com:8443/ws'),
    'ws by Host' => $ws->('/ws', 'wss://internal:81/ws'),
)
--- response_body
plain: 200
written with port: 200
slash: 200
prefix: 200
port: 200
http: 200
user: 200
env: 200
map: 200
ws: 101
Host: 403
another scheme: 403
https for http: 403
no prefix: 403
another port: 403
ws without prefix: 403
ws by Host: 403
--- error_log
for "https://voice.example.com/plain/t",
for "http://voice.example.com/http/t",
for "https://voice.example.com/behind/a/proxy/prefix/t" and its arguments,
for "https://voice.example.com:8443/port/t",
for "wss://voice.example.com:8443/behind/ws",



=== TEST 7: forwarded headers are nobody's word, Host is
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
my $sig = 'ddwIRMTWZFVwK1GV+eHWrdhjU+g=';
my $ws = 'LmFyXn27n8HDev4KdDwfsgkrc9Y=';

my @forwarded = (
    'X-Forwarded-Proto: https', 'X-Forwarded-Host: voice.example.com',
    'X-Forwarded-Port: 443', 'X-Original-Host: voice.example.com',
    'Forwarded: host=voice.example.com;proto=https'
);

my @elsewhere = (
    'X-Forwarded-Proto: gopher', 'X-Forwarded-Host: example.org',
    'X-Forwarded-Port: 70', 'X-Forwarded-Prefix: /x',
    'Forwarded: host=example.org;proto=gopher'
);

::requests(
    'in their name' => ::post('/twiml', 'example.org', $sig, \@::webhook, undef,
                              @forwarded),
    'against it' => ::post('/twiml', 'voice.example.com', $sig, \@::webhook,
                           undef, @elsewhere),
    'handshake in their name' => ::ws('/ws', 'example.org', $ws, @forwarded),
    'handshake against it' => ::ws('/ws', 'voice.example.com', $ws,
                                   @elsewhere),
)
--- response_body
in their name: 403
against it: 200
handshake in their name: 403
handshake against it: 101
--- error_log
client sent wrong "X-Twilio-Signature" for "https://example.org/twiml",



=== TEST 8: a connection with TLS is never signed as "http", a plain one may be
--- signed
--- user_files eval
">>> cert.pem\n" . ::certificate()
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2 ssl;

    ssl_certificate      ../html/cert.pem;
    ssl_certificate_key  ../html/cert.pem;

    convrelay_auth_token  12345;

    location = /twiml {
        convrelay_twiml  wss://voice.example.com/ws;
    }

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location /tls/ {
    proxy_pass          https://127.0.0.1:$TEST_NGINX_PORT_2/;
    proxy_http_version  1.1;
    proxy_set_header    Host $http_host;
    proxy_set_header    Upgrade $http_upgrade;
    proxy_set_header    Connection $http_connection;
}
--- call eval
my $https = ::sign('https://voice.example.com/twiml', \@::webhook);
my $http = ::sign('http://voice.example.com/twiml', \@::webhook);
my $wss = ::sign('wss://voice.example.com/ws');
my $ws = ::sign('ws://voice.example.com/ws');

my $host = 'voice.example.com';

::requests(
    'TLS, https' => ::post('/tls/twiml', $host, $https, \@::webhook),
    'TLS, http' => ::post('/tls/twiml', $host, $http, \@::webhook),
    'TLS, wss' => ::ws('/tls/ws', $host, $wss),
    'TLS, ws' => ::ws('/tls/ws', $host, $ws),
    'plain, https' => ::post('/twiml', $host, $https, \@::webhook),
    'plain, http' => ::post('/twiml', $host, $http, \@::webhook),
)
--- response_body
TLS, https: 200
TLS, http: 403
TLS, wss: 101
TLS, ws: 403
plain, https: 200
plain, http: 200
--- error_log
client sent wrong "X-Twilio-Signature" for "https://voice.example.com/twiml",



=== TEST 9: the signature is that of the original URL, where another was made
--- signed
--- config
convrelay_auth_token  12345;

location = /hook {
    rewrite  ^  /twiml?extra=1 last;
}

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location /behind/ {
    proxy_pass        http://127.0.0.1:$TEST_NGINX_SERVER_PORT/;
    proxy_set_header  Host voice.example.com;
}
--- call eval
my $host = 'voice.example.com';
my $url = "https://$host";

::requests(
    rewrite => ::post('/hook?a=%62', $host,
                      ::sign("$url/hook?a=%62", \@::webhook), \@::webhook),
    'as rewritten' => ::post('/hook?a=%62', $host,
                             ::sign("$url/twiml?extra=1&a=%62", \@::webhook),
                             \@::webhook),
    'escaped path' => ::post('/%74wiml', $host,
                             ::sign("$url/%74wiml", \@::webhook), \@::webhook),
    'slashes' => ::post('//twiml', $host, ::sign("$url//twiml", \@::webhook),
                        \@::webhook),
    'Host of the proxy' => ::post('/behind/twiml', 'x',
                                  ::sign("$url/twiml", \@::webhook),
                                  \@::webhook),
    'absolute' => ::post("http://$host/twiml", $host,
                         ::sign("$url/twiml", \@::webhook), \@::webhook),
)
--- response_body
rewrite: 200
as rewritten: 403
escaped path: 200
slashes: 200
Host of the proxy: 200
absolute: 200
--- error_log
client sent wrong "X-Twilio-Signature" for "https://voice.example.com/hook" and its arguments,



=== TEST 10: a target that names a host is signed for that one, not for Host
--- signed
--- http_config
server {
    listen       127.0.0.1:$TEST_NGINX_PORT_2 default_server;
    server_name  a.example;

    convrelay_auth_token  12345;

    location = /twiml {
        convrelay_twiml  wss://a.example/ws;
    }

    location = / {
        convrelay_twiml  wss://a.example/ws;
    }

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}

server {
    listen       127.0.0.1:$TEST_NGINX_PORT_2;
    server_name  b.example;

    convrelay_auth_token  12345;

    location = /twiml {
        convrelay_twiml  wss://b.example/ws;
    }

    location = /ws {
        convrelay;
        proxy_pass  http://llm/v1/chat/completions;
    }
}
--- config
--- call eval
my @out;

for my $try (
    [ '/twiml', 'a.example', 'a.example/twiml' ],
    [ 'http://a.example/twiml', 'a.example', 'a.example/twiml' ],
    [ 'http://a.example/twiml', 'b.example', 'a.example/twiml' ],
    [ 'http://b.example/twiml', 'a.example', 'a.example/twiml' ],
    [ 'http://b.example/twiml', 'a.example', 'b.example/twiml' ],
    [ 'https://b.example:443/twiml', 'a.example', 'b.example/twiml' ],
    [ 'http://a.example:81/twiml', 'a.example:82', 'a.example:81/twiml' ],
    [ 'http://a.example:81/twiml', 'a.example:82', 'a.example:82/twiml' ],
    [ 'http://A.example/twiml', 'a.example', 'A.example/twiml' ],
    [ 'http://[::1]:81/twiml', 'a.example', '[::1]:81/twiml' ],
    [ 'http://a.example?x=:1', 'b.example', 'a.example/?x=:1' ],
    [ 'http://a.example:81?x=:1', 'b.example', 'a.example:81?x=:1' ],
    [ 'http://a.example:81', 'b.example', 'a.example:81/' ],
) {
    my ($target, $host, $signed) = @$try;

    push @out, "$target, $host, $signed"
               => ::get($target, $host, ::sign("https://$signed"));
}

for my $try ([ 'b.example', 'a.example/ws' ], [ 'a.example', 'b.example/ws' ])
{
    push @out, "socket, $$try[0], $$try[1]"
               => ::ws('http://b.example/ws', $$try[0],
                       ::sign("wss://$$try[1]"));
}

::requests(@out) =~ s/(\x27)\)\)$/$1, \$TEST_NGINX_PORT_2))/gmr
--- response_body
/twiml, a.example, a.example/twiml: 200
http://a.example/twiml, a.example, a.example/twiml: 200
http://a.example/twiml, b.example, a.example/twiml: 200
http://b.example/twiml, a.example, a.example/twiml: 403
http://b.example/twiml, a.example, b.example/twiml: 200
https://b.example:443/twiml, a.example, b.example/twiml: 200
http://a.example:81/twiml, a.example:82, a.example:81/twiml: 200
http://a.example:81/twiml, a.example:82, a.example:82/twiml: 403
http://A.example/twiml, a.example, A.example/twiml: 200
http://[::1]:81/twiml, a.example, [::1]:81/twiml: 200
http://a.example?x=:1, b.example, a.example/?x=:1: 200
http://a.example:81?x=:1, b.example, a.example:81?x=:1: 200
http://a.example:81, b.example, a.example:81/: 200
socket, b.example, a.example/ws: 403
socket, a.example, b.example/ws: 101
--- error_log
client sent wrong "X-Twilio-Signature" for "https://b.example/twiml",
client sent wrong "X-Twilio-Signature" for "https://a.example:81/twiml",
client sent wrong "X-Twilio-Signature" for "wss://b.example/ws",



=== TEST 11: HTTP/3 has its host instead of a header, and never is plain
--- signed
--- main_config
load_module  $TEST_NGINX_BUILD/ngx_http_convrelay_http3_module.so;
--- http_config
server {
    listen  127.0.0.1:$TEST_NGINX_PORT_2;

    convrelay_http3;
    convrelay_auth_token  12345;

    location = /twiml {
        convrelay_twiml  wss://voice.example.com/ws;
    }
}
--- config
--- call eval
my $host = 'voice.example.com';
my $try = sub {
    my ($host, $url) = @_;
    return ::post('/twiml', $host, ::sign($url, \@::webhook), \@::webhook);
};

::requests(
    https => $try->($host, "https://$host/twiml"),
    port => $try->("$host:8443", "https://$host:8443/twiml"),
    'another port' => $try->("$host:8443", "https://$host:8444/twiml"),
    http => $try->($host, "http://$host/twiml"),
    host => $try->($host, 'https://voice.example.org/twiml'),
) =~ s/(\x27)\)\)$/$1, \$TEST_NGINX_PORT_2))/gmr
--- response_body
https: 200
port: 200
another port: 403
http: 403
host: 403
--- error_log
client sent wrong "X-Twilio-Signature" for "https://voice.example.com/twiml",
client sent wrong "X-Twilio-Signature" for "https://voice.example.com:8443/twiml",



=== TEST 12: two tokens are accepted while they rotate, and nobody else's
--- signed
--- http_config
convrelay_env  TOKEN 12345;
convrelay_env  OLD_TOKEN "";
--- config
location = /both {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_auth_token  12345 "the one before, longer than 64 bytes, the block of SHA-1, or so";
}

location = /env {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_auth_token  $convrelay_env_TOKEN $convrelay_env_OLD_TOKEN;
}

location = /first {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_auth_token  $convrelay_env_OLD_TOKEN $convrelay_env_TOKEN;
}

location = /inner {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_auth_token  off;
}

location = /ws {
    convrelay;
    convrelay_auth_token  other 12345;
    proxy_pass            http://llm/v1/chat/completions;
}

convrelay_auth_token  outer;

location = /outer {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
my $old = 'the one before, longer than 64 bytes, the block of SHA-1, or so';

my $try = sub {
    my ($uri, $token) = @_;
    return ::get($uri, 'h', ::sign("https://h$uri", undef, $token));
};

::requests(
    both => $try->('/both', '12345'),
    'the old one' => $try->('/both', $old),
    'a new one' => $try->('/both', '123456'),
    'joined' => $try->('/both', "12345 $old"),
    env => $try->('/env', '12345'),
    'an empty one' => $try->('/env', ''),
    first => $try->('/first', '12345'),
    'an empty first one' => $try->('/first', ''),
    outer => $try->('/outer', 'outer'),
    'inner off' => $try->('/inner', 'whatever'),
    'second of ws' => ::ws('/ws', 'h', ::sign('wss://h/ws')),
    'first of ws' => ::ws('/ws', 'h', ::sign('wss://h/ws', undef, 'other')),
    'outer at ws' => ::ws('/ws', 'h', ::sign('wss://h/ws', undef, 'outer')),
)
--- response_body
both: 200
the old one: 200
a new one: 403
joined: 403
env: 200
an empty one: 403
first: 200
an empty first one: 403
outer: 200
inner off: 200
second of ws: 101
first of ws: 101
outer at ws: 403
--- error_log
client sent wrong "X-Twilio-Signature" for "https://h/both",



=== TEST 13: a token chosen by map, which knows none for others
--- signed
--- http_config
map $arg_account $token {
    AC1  one;
    AC2  two;
}
--- config
location = /twiml {
    convrelay_twiml       wss://voice.example.com/ws;
    convrelay_auth_token  $token;
}
--- call eval
my $try = sub {
    my ($uri, $token) = @_;
    return ::get($uri, 'h', ::sign("https://h$uri", undef, $token));
};

::requests(
    AC1 => $try->('/twiml?account=AC1', 'one'),
    AC2 => $try->('/twiml?account=AC2', 'two'),
    'token of another' => $try->('/twiml?account=AC2', 'one'),
    nobody => $try->('/twiml?account=AC3', ''),
)
--- response_body
AC1: 200
AC2: 200
token of another: 403
nobody: 403
--- error_log
for "https://h/twiml" and its arguments, and "convrelay_auth_token" is empty,



=== TEST 14: nothing sent is 403, too, and the log tells the URL but no secret
--- signed
--- log_level: info
--- config
access_log            off;
convrelay_auth_token  5up3r5ecr3t;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
::requests(
    'no header' => ::post('/twiml', 'h', undef, \@::webhook),
    'empty header' => ::post('/twiml', 'h', '', \@::webhook),
    'short' => ::post('/twiml', 'h', 'AAAA', \@::webhook),
    'long' => ::post('/twiml', 'h', 'B' x 900, \@::webhook),
    'ws, no header' => ::ws('/ws', 'h'),
    'ws, another token' => ::ws('/ws', 'h', 'KVQmJ6PCPcM9tp0H/RKEvVdnYLk='),
    'no host' => "POST /twiml HTTP/1.0\r\nContent-Length: 0\r\n"
                 . "X-Twilio-Signature: AAAA\r\n\r\n",
)
--- response_body
no header: 403
empty header: 403
short: 403
long: 403
ws, no header: 403
ws, another token: 403
no host: 403
--- error_log
client sent no "X-Twilio-Signature" for "https://h/twiml",
client sent wrong "X-Twilio-Signature" for "https://h/twiml",
client sent no "X-Twilio-Signature" for "wss://h/ws",
client sent wrong "X-Twilio-Signature" for "/twiml",
--- no_error_log
5up3r5ecr3t
KVQmJ6PCPcM9tp0H
AAAA
BBBB
+15550100001
[crit]
[alert]
[emerg]



=== TEST 15: the log has one line for a refused request, without arguments
--- signed
--- log_level: info
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- request
GET /twiml?From=secret
--- more_headers
Host: h
--- error_code: 403
--- response_body_like: 403 Forbidden
--- grep_error_log eval
qr/client sent .*?, client/
--- grep_error_log_out
client sent no "X-Twilio-Signature" for "https://h/twiml" and its arguments, client
--- error_log
client sent no



=== TEST 16: a form is signed, pair by pair
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
my $sig = 'ddwIRMTWZFVwK1GV+eHWrdhjU+g=';
my $host = 'voice.example.com';
my $form = 'application/x-www-form-urlencoded';

my $try = sub {
    my ($body, $type) = @_;
    return ::post('/twiml', $host, $sig, $body, $type);
};

my %changed = (@::webhook, From => '+15550100003');

::requests(
    'as signed' => $try->(\@::webhook),
    'another order' => $try->([ @::webhook[8 .. 13, 0 .. 7] ]),
    'one twice' => $try->([ @::webhook, @::webhook[0, 1] ]),
    'charset' => $try->(\@::webhook, "$form; charset=UTF-8"),
    'type in capitals' => $try->(\@::webhook, uc $form),
    'another caller' => $try->([ %changed ]),
    'one more' => $try->([ @::webhook, Digits => '1' ]),
    'one less' => $try->([ @::webhook[2 .. 13] ]),
    'second value' => $try->([ @::webhook, From => '+15550100003' ]),
    'another type' => $try->(\@::webhook, 'text/plain'),
    'a longer type' => $try->(\@::webhook, $form . 'ish'),
    'no body' => $try->(''),
    'by GET' => ::get('/twiml?' . ::form(@::webhook), $host, $sig),
    'arguments added' => ::post('/twiml?a=b', $host, $sig, \@::webhook),
    'arguments for a form' => ::post(
        '/twiml?' . ::form(@::webhook), $host,
        ::sign("https://$host/twiml?" . ::form(@::webhook)), \@::webhook),
)
--- response_body
as signed: 200
another order: 200
one twice: 200
charset: 200
type in capitals: 200
another caller: 403
one more: 403
one less: 403
second value: 403
another type: 403
a longer type: 403
no body: 403
by GET: 403
arguments added: 403
arguments for a form: 403
--- error_log
client sent wrong "X-Twilio-Signature" for "https://voice.example.com/twiml",



=== TEST 17: any other body is signed by its hash
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
my $try = sub {
    my ($hash, $body) = @_;
    my $uri = "/twiml?bodySHA256=$hash";
    return ::post($uri, 'h', ::sign("https://h$uri"), $body,
                  'application/json');
};

::requests(
    right => $try->(::sha256_hex($::json), $::json),
    capitals => $try->(uc ::sha256_hex($::json), $::json),
    empty => $try->(::sha256_hex(''), ''),
    'another body' => $try->(::sha256_hex($::json), $::json . ' '),
    'no body' => $try->(::sha256_hex($::json), ''),
    'no hash' => $try->('', $::json),
    'half a hash' => $try->(substr(::sha256_hex($::json), 0, 32), $::json),
    'another hash' => ::post('/twiml?bodySHA256=' . ::sha256_hex('{}'), 'h',
                             ::sign('https://h/twiml?bodySHA256='
                                    . ::sha256_hex($::json)), '{}',
                             'application/json'),
)
--- response_body
right: 200
capitals: 200
empty: 200
another body: 403
no body: 403
no hash: 403
half a hash: 403
another hash: 403
--- error_log
client sent a body that does not match its "bodySHA256",
client sent wrong "X-Twilio-Signature" for "https://h/twiml" and its arguments,



=== TEST 18: a body is the same in a file, and in pieces
--- signed
--- config
convrelay_auth_token  12345;

location = /file {
    convrelay_twiml           wss://voice.example.com/ws;
    client_body_in_file_only  clean;
}

location = /small {
    convrelay_twiml          wss://voice.example.com/ws;
    client_body_buffer_size  1k;
}
--- call eval
my @long = (@::webhook, Notes => 'long ' x 4000);
my $body = ::form(@long);

my $chunks = CORE::join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
             $body =~ /(.{1,1500})/sg;

my $chunked = sub {
    my $sig = shift;
    return ::head('POST /small HTTP/1.1', 'h', $sig,
                  'Content-Type: application/x-www-form-urlencoded',
                  'Transfer-Encoding: chunked') . "${chunks}0\r\n\r\n";
};

my $hash = '/file?bodySHA256=' . ::sha256_hex($::json);

::requests_and_wrong(
    file => ::post('/file', 'h', ::sign('https://h/file', \@::webhook),
                   \@::webhook),
    'long, in a file' => ::post('/file', 'h',
                                ::sign('https://h/file', \@long), \@long),
    long => ::post('/small', 'h', ::sign('https://h/small', \@long), \@long),
    chunked => $chunked->(::sign('https://h/small', \@long)),
    hash => ::post($hash, 'h', ::sign("https://h$hash"), $::json, 'text/json'),
)
--- response_body eval
::accepted_and_refused(200, 'file', 'long, in a file', 'long', 'chunked',
                       'hash')
--- error_log
client sent wrong "X-Twilio-Signature" for "https://h/small",



=== TEST 19: a form has at most 500 parameters, and half a signature reads none
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
my @many = ((a => 1, b => 2) x 250);
my $sig = ::sign('https://h/twiml', \@many);

::requests_and_wrong(
    '500 parameters' => ::post('/twiml', 'h', $sig, \@many),
)
. ::requests(
    '501' => ::post('/twiml', 'h', $sig, [ @many, a => 1 ]),
    '501, not signed' => ::post('/twiml', 'h', undef, [ @many, a => 1 ]),
    '501, half signed' => ::post('/twiml', 'h', 'AAAA', [ @many, a => 1 ]),
)
--- response_body eval
::accepted_and_refused(200, '500 parameters')
. "501: 413
501, not signed: 403
501, half signed: 403
"
--- error_log
client sent a form with 501 parameters, limit is 500



=== TEST 20: a HEAD request is signed as a GET is
--- signed
--- config
convrelay_auth_token  12345;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
::requests(
    signed => ::head('HEAD /twiml?a=b HTTP/1.1', 'h',
                     ::sign('https://h/twiml?a=b')),
    'not signed' => ::head('HEAD /twiml?a=b HTTP/1.1', 'h'),
)
--- response_body
signed: 200
not signed: 403
--- error_log
client sent no



=== TEST 21: with "off" nobody has to sign, and a signature is not looked at
--- signed
--- config
convrelay_auth_token  off;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- call eval
::requests(
    GET => ::get('/twiml', 'h'),
    POST => ::post('/twiml', 'h', undef, \@::webhook),
    wrong => ::post('/twiml', 'h', 'AAAA', \@::webhook),
    hash => ::post('/twiml?bodySHA256=00', 'h', undef, '{}', 'text/json'),
    ws => ::ws('/ws', 'h'),
)
--- response_body
GET: 200
POST: 200
wrong: 200
hash: 200
ws: 101



=== TEST 22: a signed call is a call
--- signed
--- config
convrelay_auth_token  12345;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- llm: answer=repeat
--- call eval
my $sig = ::sign('wss://localhost/ws');

qq{
    local call = dial("/ws", { headers = { "X-Twilio-Signature: $sig" } })
    call:setup()
    call:ask("Hi")
    call:hangup()
}
--- response_body
> setup
> prompt "Hi"
< "Hi"
> close 1000
< close 1000



=== TEST 23: a webhook that anybody could call is refused by nginx -t
--- signed
--- config
location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
location "/twiml" would let anybody in: add "convrelay_auth_token $convrelay_env_TWILIO_AUTH_TOKEN" to check Twilio's signatures, or "convrelay_auth_token off"



=== TEST 24: a WebSocket that anybody could call is refused by nginx -t
--- signed
--- config
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
location "/ws" would let anybody in



=== TEST 25: a token that is not set is missed
--- signed
--- config
convrelay_auth_token  $convrelay_env_NO_SUCH_TOKEN;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
NO_SUCH_TOKEN



=== TEST 26: a token that is empty is missed
--- signed
--- http_config
convrelay_env  TOKEN "";
--- config
convrelay_auth_token  $convrelay_env_TOKEN "";

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
"convrelay_auth_token" is empty, which would let nobody in: give it the account's auth token, or write "off"



=== TEST 27: "off" stands alone
--- config
convrelay_auth_token  off 12345;
--- must_die
--- error_log
"convrelay_auth_token" directive takes no other parameter with "off"



=== TEST 28: "off" is not a second token
--- config
convrelay_auth_token  12345 off;
--- must_die
--- error_log
"convrelay_auth_token" directive takes no other parameter with "off"



=== TEST 29: three tokens are one too many
--- config
convrelay_auth_token  one two three;
--- must_die
--- error_log
invalid number of arguments in "convrelay_auth_token" directive



=== TEST 30: tokens are given once a level
--- config
convrelay_auth_token  one;
convrelay_auth_token  two;
--- must_die
--- error_log
"convrelay_auth_token" directive is duplicate



=== TEST 31: a public URL without its scheme is refused
--- signed
--- config
convrelay_auth_token  12345;
convrelay_public_url  voice.example.com;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
the value "voice.example.com" of "convrelay_public_url" is not a URL such as "https://voice.example.com"



=== TEST 32: a public URL is that of the webhook, also for the WebSocket
--- signed
--- config
location = /ws {
    convrelay;
    convrelay_auth_token  12345;
    convrelay_public_url  wss://voice.example.com;

    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
the value "wss://voice.example.com" of "convrelay_public_url" is not a URL such as



=== TEST 33: a public URL has a host
--- signed
--- config
convrelay_auth_token  12345;
convrelay_public_url  https://:8443/phone;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
the value "https://:8443/phone" of "convrelay_public_url" is not a URL such as



=== TEST 34: and a port that is one
--- signed
--- config
convrelay_auth_token  12345;
convrelay_public_url  https://voice.example.com:https;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
the value "https://voice.example.com:https" of "convrelay_public_url" is not a



=== TEST 35: a public URL that is not one is refused where nobody has to sign, too
--- config
location = /ws {
    convrelay;
    convrelay_public_url  voice.example.com;

    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log
the value "voice.example.com" of "convrelay_public_url" is not a URL such as



=== TEST 36: a public URL has no arguments
--- signed
--- http_config
convrelay_env  BASE https://voice.example.com/?a=b;
--- config
convrelay_auth_token  12345;
convrelay_public_url  $convrelay_env_BASE;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- must_die
--- error_log
the value "https://voice.example.com/?a=b" of "convrelay_public_url" is not a URL



=== TEST 37: a public URL that turns out to be none is our failure
--- signed
--- config
convrelay_auth_token  12345;
convrelay_public_url  $arg_base;

location = /twiml {
    convrelay_twiml  wss://voice.example.com/ws;
}
--- call eval
::requests(
    empty => ::get('/twiml', 'h', ::sign('https://h/twiml')),
    path => ::get('/twiml?base=https:///x', 'h', ''),
    URL => ::get('/twiml?base=https://x', 'h',
                 ::sign('https://x/twiml?base=https://x')),
)
--- response_body
empty: 500
path: 500
URL: 200
--- error_log
the value "" of "convrelay_public_url" is not a URL
