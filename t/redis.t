# A location that reads, writes and deletes keys of Redis or Valkey, against
# real servers: how they are asked, by whom, over what.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Examples qw( certificates );
use ConvRelay::Nginx;
use ConvRelay::Redis;
use IO::Socket::INET ();
use Socket qw( SO_RCVBUF );
use Test::More;
use Time::HiRes qw( sleep time );

my $load = 'load_module ' . ConvRelay::Nginx->build
           . '/ngx_http_convrelay_redis_module.so;'
           . 'load_module ' . ConvRelay::Nginx->build
           . '/ngx_http_convrelay_fetch_test_module.so;';

my %body = (
    'a byte'        => 'x',
    '16 KB'         => join('', map { chr } 0 .. 255) x 64,
    '256 KB'        => join('', map { chr($_ & 255) } 0 .. 256 * 1024 - 1),
    'nothing'       => '',
    'RESP'          => "\$-1\r\n+OK\r\n-ERR no\r\n\0",
);


for my $server (ConvRelay::Redis::servers()) {
    my ($name, $binary) = @$server;

    subtest $name => sub {
        plan skip_all => "$name is not installed" if !$binary;
        run($binary);
    };
}

done_testing;


sub run {
    my $binary = shift;

    local $ENV{REDIS_PASSWORD} = "p w\"\$1";

    my $nginx = ConvRelay::Nginx->new;
    my $dir = $nginx->dir;

    certificates($nginx, 'redis.internal', 'other.internal');

    my $redis = ConvRelay::Redis->start($binary, $dir, 'plain',
                                        $nginx->port(1));
    my $closed = ConvRelay::Redis->start($binary, $dir, 'acl',
                                         $nginx->port(2));

    $closed->ask(qw( ACL SETUSER agent on >secret ~agent:* resetchannels -@all
                     +auth +select +echo +get +set +del ));
    $closed->ask('CONFIG', 'SET', 'requirepass', $ENV{REDIS_PASSWORD});

    my @tls = ('--tls-port', $nginx->port(3), '--tls-cert-file',
               "$dir/conf/redis.internal.crt", '--tls-key-file',
               "$dir/conf/redis.internal.key", '--tls-ca-cert-file',
               "$dir/conf/ca.crt");
    my $tls = ConvRelay::Redis->start($binary, $dir, 'tls', 0, @tls,
                                      '--tls-auth-clients', 'optional');
    my $mutual = ConvRelay::Redis->start($binary, $dir, 'mutual', 0,
                                         map { $_ eq $nginx->port(3)
                                               ? $nginx->port(4) : $_ } @tls);

    $nginx->http(config($redis->socket), $load);

    my ($said, $code) = $nginx->test;

    is $code, 0, 'nginx -t' or diag $said;
    $nginx->start;

    my $ask = ConvRelay::Redis::client($nginx->port);

    # the three methods, and others

    is $ask->(GET => '/kv/a'), 404, 'a key that is not there';
    is $ask->(DELETE => '/kv/a'), 404, '... cannot be deleted';
    is $ask->(PUT => '/kv/a', 'one'), 204, 'it is written';
    is $redis->ask('GET', '/kv/a'), 'one', '... into the server';

    my ($status, $content, $head) = $ask->(GET => '/kv/a');

    is "$status $content", '200 one', '... and read';
    like $head, qr/^Content-Length: 3\r$/m, '... with its length';
    is $ask->(DELETE => '/kv/a'), 204, '... and deleted';
    is $redis->ask('GET', '/kv/a'), undef, '... in the server';
    is $ask->($_ => '/kv/a'), 405, "$_ is not allowed"
        for qw( HEAD POST PATCH OPTIONS );

    for my $what (sort keys %body) {
        for my $path ('/kv/b', '/file/b', '/tls/b', '/small/b') {
            is $ask->(PUT => $path, $body{$what}), 204, "$what to $path";

            my ($status, $content) = $ask->(GET => $path);

            is $status, 200, '... and back';
            ok $content eq $body{$what}, '... as it was';
        }

        ok $redis->ask('GET', '/kv/b') eq $body{$what}, '... in the server';
    }

    # clients that read late, and some that do not stay; nginx waits with it

    my $long = join '', map { sprintf '%015d ', $_ } 1 .. 64_000;

    $redis->ask('SET', '/kv/long', $long);

    for my $path ('/kv/long', '/small/long') {
        $redis->ask('SET', '/small/long', $long);

        my $late = get($nginx->port, $path);
        my @gone = map { get($nginx->port, $path) } 1 .. 4;

        is $ask->(GET => '/kv/a'), 404, 'others are not held up';
        sysread $_, my $some, 1000 for @gone;
        undef @gone;

        my $got = do { local $/; <$late> };

        ok substr($got, index($got, "\r\n\r\n") + 4) eq $long,
           'a client that reads late';
        is $ask->(GET => '/kv/a'), 404, '... and after those that went';
    }

    is $ask->(PUT => '/limit', 'x' x 1025), 413, 'client_max_body_size';

    is $ask->(PUT => '/kv/c', "2\r\nin\r\n6\r\npieces\r\n0\r\n\r\n",
              'Transfer-Encoding: chunked'), 204, 'a chunked body';
    is $redis->ask('GET', '/kv/c'), 'inpieces', '... is its value';

    # keys of all bytes

    my $key = "/kv/a b\r\nFLUSHALL\r\n\0\xff";
    my $uri = $key =~ s/([^\/a-zA-Z])/sprintf '%%%02x', ord $1/ger;

    $redis->ask('SET', 'stays', 1);

    # nginx refuses a zero byte in a URI, so here it is an argument

    is $ask->(PUT => '/arg?key=' . $uri, 'odd'), 204, 'a key with CR and LF';
    is $redis->ask('GET', $uri), 'odd', '... is one key';
    is $ask->(PUT => '/kv/' . ($uri =~ s/%00//r), 'odd'), 204, '... decoded';
    is $redis->ask('GET', 'stays'), 1, '... and no command';
    is $ask->(GET => '/arg'), 500, 'an empty key';
    ok $nginx->log_has(qr/"convrelay_redis_key" is empty(?! \()/), '... is logged';

    # times

    is $ask->(PUT => '/ttl/300', 'x'), 204, 'a time to live';

    my $ttl = $redis->ask('PTTL', '/ttl/300');

    ok $ttl > 295_000 && $ttl <= 300_000, '... is in seconds';
    is $ask->(PUT => '/ttl/1500ms', 'x'), 204, '... or with a unit';
    $ttl = $redis->ask('PTTL', '/ttl/1500ms');
    ok $ttl > 0 && $ttl <= 1500, '... such as ms';
    is $ask->(PUT => "/ttl/$_", 'x'), 500, "\"$_\" is not one"
        for 0, 'soon', '-1', '99999999999999999999';
    is $redis->ask('EXISTS', '/ttl/0'), 0, '... and nothing is written';
    ok $nginx->log_has(qr/"convrelay_redis_ttl" is not a time/),
       '... which is logged';
    is $redis->ask('PTTL', '/kv/b'), -1, 'without one, keys stay';

    # who asks

    is $ask->(PUT => '/default/a', 'x'), 204, 'a password';
    is $ask->(PUT => '/user/agent:a', 'x'), 204, 'a user and a password';
    is $ask->(PUT => '/user/inner/agent:a', 'x'), 204,
       '... of the location around';
    is $ask->(PUT => '/user/b', 'x'), 502, 'a user without this key';
    ok $nginx->log_has(qr/redis refused SET: NOPERM: /), '... is logged';
    is $ask->(GET => '/wrong/a'), 502, 'a wrong password';
    ok $nginx->log_has(qr/redis refused AUTH: WRONGPASS: /), '... is logged';
    is $ask->(GET => '/nobody/a'), 502, 'no password';
    ok $nginx->log_has(qr/redis refused SELECT: NOAUTH: /), '... is logged';
    is $ask->(GET => '/needless/a'), 502, 'a password that is not asked for';
    ok $nginx->log_has(qr/redis refused AUTH: .*"convrelay_redis_auth"/),
       '... is logged';
    is $ask->(GET => '/unset/a'), 500, 'a password that is empty';
    ok $nginx->log_has(qr/password of "convrelay_redis_auth" is empty/),
       '... is logged';

    # locations with several users and databases, and one upstream: Redis would
    # execute a command that comes after a wrong password as the last user

    $closed->ask('CONFIG', 'RESETSTAT');
    $closed->ask('SET', 'agent:z', 'zero');
    $closed->ask('SELECT', 3);
    $closed->ask('SET', 'agent:z', 'three');

    for (1 .. 3) {
        is(($ask->(GET => '/shared/user/agent:z'))[1], 'zero', 'database 0');
        is $ask->(DELETE => '/shared/asked/agent:z?password=no'), 502,
           'a wrong password';
        is(($ask->(GET => '/shared/user/agent:z'))[1], 'zero', '... is refused');
        is(($ask->(GET => '/shared/db/agent:z'))[1], 'three', 'database 3');
        is $ask->(GET => '/shared/user/b'), 502, 'the user of one location';
        is $ask->(GET => '/shared/db/b'), 404, '... is not that of another';
        is $ask->(GET => '/shared/nobody/agent:z'), 502, '... nor of none';
    }

    my ($many) = $closed->ask('INFO', 'stats')
                     =~ /total_connections_received:(\d+)/;

    is $many, 21, 'they share no connection';

    is $ask->(GET => '/nodb/a'), 502, 'a database that is not there';
    ok $nginx->log_has(qr/redis refused SELECT: .*"convrelay_redis_db"/),
       '... is logged';

    # TLS

    is $ask->(GET => '/tls/none'), 404, 'TLS, verified by name';
    is $ask->(GET => '/badname/a'), 502, 'another name';
    ok $nginx->log_has(qr/certificate does not match "other.internal"/),
       '... is logged';
    is $ask->(GET => '/badca/a'), 502, 'another CA';
    ok $nginx->log_has(qr/certificate verify error/), '... is logged';
    is $ask->(GET => '/unverified/a'), 404, '... unless it is not verified';
    is $ask->(GET => '/mutual/a'), 404, 'a certificate of ours';
    is $ask->(GET => '/nocert/a'), 502, '... that is missing';

    # the same connection again and again

    $ask->(GET => "$_/k") for '/kv', '/tls', '/file';
    $redis->ask('CONFIG', 'RESETSTAT');
    $tls->ask('CONFIG', 'RESETSTAT');

    for (1 .. 50) {
        $ask->(PUT => "$_/k", 'v') for '/kv', '/tls', '/file';
        $ask->(GET => "$_/k") for '/kv', '/tls', '/file';
        $ask->(DELETE => "$_/k") for '/kv', '/tls', '/file';
        $ask->(GET => "$_/k") for '/kv', '/tls', '/file';
    }

    is $redis->ask('INFO', 'stats') =~ /total_connections_received:(\d+)/
       && $1, 0, 'kept connections, 400 requests';
    is $tls->ask('INFO', 'stats') =~ /total_connections_received:(\d+)/
       && $1, 0, '... with TLS, 200 requests';

    $redis->ask('SET', 'v', 'here');

    # in the same location

    is $ask->(GET => '/if?db=1'), 200, '"if" with another key';
    is $ask->(PUT => '/except/v', 'y'), 204, '"limit_except"';

    # errors can have a page

    is +($ask->(GET => '/page/none'))[1], 'instead', 'error_page 404';
    is +($ask->(GET => '/page/agent:b'))[1], 'instead', 'error_page 502';

    # requests that are not the client's

    $redis->ask('DEL', '/own/f');
    like +($ask->(GET => '/fetch/get'))[1], qr/^404 was answered: /,
         'a fetch of nothing';
    is +($ask->(GET => '/fetch/put'))[1], "204 was answered: \n",
       'a fetch that writes';
    is $redis->ask('GET', '/own/f'), 'from a fetch', '... its body';
    is +($ask->(GET => '/fetch/get'))[1], "200 was answered: from a fetch\n",
       'a fetch that reads';
    is +($ask->(GET => '/include'))[1], '[from a fetch]', 'a subrequest';
    is +($ask->(GET => '/fetch/delete'))[1], "204 was answered: \n",
       'a fetch that deletes';
    is $redis->ask('GET', '/own/f'), undef, '... its key';

    is $ask->(PUT => '/mirrored', $body{$_}), 204, "$_ and its mirror"
        for 'a byte', '16 KB', '256 KB';
    ok ConvRelay::Redis::wait_for(sub {
        ($redis->ask('GET', '/own/mirror') // '') eq $body{'256 KB'}
    }), '... a subrequest with the same body';
    ok $redis->ask('GET', '/mirrored') eq $body{'256 KB'}, '... as the request';

    # nothing of it in the log

    my $log = $nginx->log('error');

    unlike $log, qr/\Q$ENV{REDIS_PASSWORD}\E|secret/,
           'passwords are not logged';

    # nginx's own line about the certificate that is missing

    my @worse = grep { !/alert certificate required/ }
                     $nginx->complaints('crit|alert|emerg');

    is "@worse", '', 'nothing worse';

    $nginx->stop;
    is $nginx->status, 0, 'nginx ends';

    named($nginx, $ask, $redis, $closed);

    # the example of docs/redis.md, as it is except for addresses and files

    open my $fh, '<', ConvRelay::Nginx->root . '/docs/redis.md' or die $!;
    my $docs = do { local $/; <$fh> };
    my ($example) = $docs =~ /^```nginx\n(.*?)^```/ms;
    my ($acl) = $docs =~ /^ *(ACL SETUSER .*)$/m;

    $tls->ask(split ' ', $acl);
    $tls->ask(qw( CONFIG SET requirepass x ));

    my ($port, $second) = ($nginx->port(3), $nginx->port(5));

    $example =~ s/redis-1.internal:6379/127.0.0.1:$second/;
    $example =~ s/redis-2.internal:6379/127.0.0.1:$port/;
    $example =~ s/redis-ca.crt/ca.crt/;
    $example =~ s/127.0.0.1:8080/127.0.0.1:%%PORT%%/;
    $example =~ s{modules/(ngx\S+)}{ConvRelay::Nginx->build . "/$1"}e;

    $nginx->write('nginx.conf', 'user  root; error_log  logs/error.log;'
                                . $example);
    ($said, $code) = $nginx->test;
    is $code, 0, 'docs/redis.md: nginx -t, without the other module'
        or diag $said;
    $nginx->start;

    is $ask->(PUT => '/keys/doc', 'written'), 204, '... PUT';
    is +($ask->(GET => '/keys/doc'))[1], 'written', '... GET';
    ok $tls->ask('PTTL', 'call:doc') > 290_000, '... expires';
    is $ask->(DELETE => '/keys/doc'), 204, '... DELETE';
    is $ask->(DELETE => '/keys/doc'), 404, '... once';
    $nginx->stop;
}


# Names and addresses that are known only with the request.  A variable can be
# the name of an upstream whose kept connections are those of another user, or
# are verified in another way.

sub named {
    my ($nginx, $ask, $redis, $closed) = @_;
    my $socket = $redis->socket;
    my $mute = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 9);
    my $port = $mute->sockport;
    my $slow = $nginx->port(6);

    $nginx->http(<<"_EOC_", $load);
    upstream redis   { server  unix:$socket; keepalive  4; }
    upstream closed  { server  127.0.0.1:%%PORT_2%%; keepalive  4; }
    upstream tls     { server  127.0.0.1:%%PORT_3%%; keepalive  4; }

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /to {
            convrelay_redis_pass  \$arg_to;
            convrelay_redis_key   v;
        }

        location = /user {
            convrelay_redis_pass  closed;
            convrelay_redis_key   agent:v;
            convrelay_redis_auth  agent secret;
        }

        location = /asked {
            convrelay_redis_pass  \$arg_to;
            convrelay_redis_key   agent:v;
            convrelay_redis_auth  agent \$arg_password;
        }

        location = /nodb {
            convrelay_redis_pass  \$arg_to;
            convrelay_redis_key   agent:v;
            convrelay_redis_auth  agent secret;
            convrelay_redis_db    99;
        }

        location = /mute {
            convrelay_redis_pass          127.0.0.1:$port;
            convrelay_redis_key           v;
            convrelay_redis_auth          secret;
            convrelay_redis_read_timeout  100ms;
        }

        location = /slow {
            client_max_body_size          9m;
            client_body_buffer_size       9m;
            convrelay_redis_pass          127.0.0.1:$slow;
            convrelay_redis_key           v;
            convrelay_redis_auth          secret;
            convrelay_redis_read_timeout  300ms;
        }

        location = /unverified {
            convrelay_redis_pass        tls;
            convrelay_redis_key         v;
            convrelay_redis_ssl         on;
            convrelay_redis_ssl_verify  off;
        }

        location = /verified {
            convrelay_redis_pass                     \$arg_to;
            convrelay_redis_key                      v;
            convrelay_redis_ssl                      on;
            convrelay_redis_ssl_trusted_certificate  other.internal.crt;
        }
    }
_EOC_
    $nginx->start;

    is(($ask->(GET => "/to?to=$_"))[1], 'here', "to $_")
        for 'redis', '127.0.0.1:' . $nginx->port(1), "unix:$socket";
    is $ask->(GET => '/to?to=unix:'), 500, 'to nothing';
    is $ask->(PUT => '/asked?to=redis&password=no', 'other'), 502,
       'a wrong password, where anybody may do everything';
    is $redis->ask('GET', 'agent:v'), undef, '... writes nothing';
    is $ask->(GET => '/to?to=127.0.0.1:1'), 502, 'to nobody';
    unlike $nginx->log('error'), qr/no live upstreams/, '... at one address';

    is $ask->(GET => '/mute'), 504, 'AUTH is not answered';

    ConvRelay::Redis::spawn(sub { late($slow) });
    ConvRelay::Redis::wait_for(sub {
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$slow")
    });
    is $ask->(PUT => '/slow', 'x' x 8_000_000), 204,
       'a value that takes longer than the time-out for a reply';

    for (1 .. 2) {
        is $ask->(PUT => '/user', 'mine'), 204, 'a user writes';
        is $ask->(PUT => '/asked?to=closed&password=no', 'other'), 502,
           'a wrong password, to the upstream of the user';
        is(($ask->(GET => '/user'))[1], 'mine', '... writes nothing');
        is $ask->(DELETE => '/asked?to=closed&password=no'), 502, 'another';
        is(($ask->(GET => '/user'))[1], 'mine', '... deletes nothing');
        is $ask->(PUT => '/nodb?to=closed', 'other'), 502,
           'a database that is not there';
        is(($ask->(GET => '/user'))[1], 'mine', '... is not database 0');
        is $ask->(GET => '/unverified'), 404, 'TLS that is not verified';
        is $ask->(GET => '/verified?to=tls'), 502, '... belongs to no other\'s';
    }

    $nginx->stop;

    # where all are alike, a variable costs no connection

    $nginx->http(<<"_EOC_", $load);
    upstream redis  { server  unix:$socket; keepalive  4; }

    convrelay_redis_key  v;

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /to    { convrelay_redis_pass  \$arg_to; }
        location = /here  { convrelay_redis_pass  redis; }
    }
_EOC_
    $nginx->start;
    $ask->(GET => '/here');
    $redis->ask('CONFIG', 'RESETSTAT');
    $ask->(GET => $_) for ('/here', '/to?to=redis') x 10;
    is $redis->ask('INFO', 'stats') =~ /total_connections_received:(\d+)/
       && $1, 0, 'kept connections of a name in a variable';
    $nginx->stop;
}


# a server that reads, but late

sub late {
    my $port = shift;
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
                                       Listen => 9);
    my $look = $server->accept;
    my $c = $server->accept;
    my $said = '';

    sysread $c, $said, 65536;
    syswrite $c, "+OK\r\n" x 2;
    sleep 0.6;

    while (length $said < 8_000_000 || substr($said, -2) ne "\r\n") {
        sysread $c, $said, 65536, length $said or last;
    }

    my ($mark) = $said =~ /ECHO\r\n(\$16\r\n.{16}\r\n)/;

    syswrite $c, "$mark+OK\r\n";
    sleep 1;
}


# a client that does not read, with little room for what comes

sub get {
    my ($port, $path) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                     Sockopts => [ [ SO_RCVBUF, 4096 ] ])
        or die "$port: $!\n";

    syswrite $sock, "GET $path HTTP/1.0\r\n\r\n";

    return $sock;
}


sub config {
    my $socket = shift;

    my $tls = 'convrelay_redis_ssl  on; convrelay_redis_key  $uri;';
    my $ca = 'convrelay_redis_ssl_trusted_certificate  ca.crt;';
    my $named = 'convrelay_redis_ssl_name  redis.internal;';

    return <<"_EOC_";
    client_body_buffer_size  512k;
    client_max_body_size     1m;

    upstream redis  { server  unix:$socket; keepalive  4; }
    upstream apart  { server  unix:$socket; keepalive  4; }
    upstream port   { server  127.0.0.1:%%PORT_1%%; keepalive  4; }
    upstream shared { server  127.0.0.1:%%PORT_2%%; keepalive  4; }
    upstream tls    { server  127.0.0.1:%%PORT_3%%; keepalive  4; }

    upstream badname     { server  127.0.0.1:%%PORT_3%%; }
    upstream badca       { server  127.0.0.1:%%PORT_3%%; }
    upstream unverified  { server  127.0.0.1:%%PORT_3%%; }
    upstream nocert      { server  127.0.0.1:%%PORT_4%%; }

    server {
        listen  127.0.0.1:%%PORT%%;

        location /kv/ {
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$uri;
        }

        location /file/ {
            client_body_in_file_only  clean;
            convrelay_redis_pass      port;
            convrelay_redis_key       \$uri;
        }

        location /small/ {
            client_body_buffer_size      1k;
            convrelay_redis_pass         redis;
            convrelay_redis_key          \$uri;
            convrelay_redis_buffer_size  1k;
        }

        location = /limit {
            client_max_body_size  1k;
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$uri;
        }

        location = /arg {
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$arg_key;
        }

        location ~ ^/ttl/(.*) {
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$uri;
            convrelay_redis_ttl   \$1;
        }

        location /default/ {
            convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
            convrelay_redis_key   \$uri;
            convrelay_redis_auth  \$convrelay_env_REDIS_PASSWORD;
        }

        location ~ ^/user/(.*) {
            convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
            convrelay_redis_key   \$1;
            convrelay_redis_auth  agent secret;

            location ~ ^/user/inner/(.*) {
                convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
                convrelay_redis_key   \$1;
            }
        }

        location /wrong/ {
            convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
            convrelay_redis_key   \$uri;
            convrelay_redis_auth  agent secret2;
        }

        location /nobody/ {
            convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
            convrelay_redis_key   \$uri;
        }

        location /needless/ {
            convrelay_redis_pass  apart;
            convrelay_redis_key   \$uri;
            convrelay_redis_auth  agent secret;
        }

        location /unset/ {
            convrelay_redis_pass  apart;
            convrelay_redis_key   \$uri;
            convrelay_redis_auth  "\$arg_password";
        }

        location ~ ^/shared/user/(.*) {
            convrelay_redis_pass  shared;
            convrelay_redis_key   \$1;
            convrelay_redis_auth  agent secret;
        }

        location ~ ^/shared/db/(.*) {
            convrelay_redis_pass  shared;
            convrelay_redis_key   \$1;
            convrelay_redis_auth  default \$convrelay_env_REDIS_PASSWORD;
            convrelay_redis_db    3;
        }

        location ~ ^/shared/asked/(.*) {
            convrelay_redis_pass  shared;
            convrelay_redis_key   \$1;
            convrelay_redis_auth  agent \$arg_password;
        }

        location ~ ^/shared/nobody/(.*) {
            convrelay_redis_pass  shared;
            convrelay_redis_key   \$1;
        }

        location /nodb/ {
            convrelay_redis_pass  apart;
            convrelay_redis_key   \$uri;
            convrelay_redis_db    16;
        }

        location /tls/ {
            convrelay_redis_pass  tls;
            $tls $ca $named
        }

        location /badname/ {
            convrelay_redis_pass      badname;
            convrelay_redis_ssl_name  other.internal;
            $tls $ca
        }

        location /badca/ {
            convrelay_redis_pass                     badca;
            convrelay_redis_ssl_trusted_certificate  other.internal.crt;
            $tls $named
        }

        location /unverified/ {
            convrelay_redis_pass        unverified;
            convrelay_redis_ssl_verify  off;
            $tls
        }

        location /mutual/ {
            convrelay_redis_pass                 127.0.0.1:%%PORT_4%%;
            convrelay_redis_ssl_certificate      other.internal.crt;
            convrelay_redis_ssl_certificate_key  other.internal.key;
            $tls $ca $named
        }

        location /nocert/ {
            convrelay_redis_pass  nocert;
            $tls $ca $named
        }

        location = /if {
            convrelay_redis_pass  redis;
            convrelay_redis_key   none;

            if (\$arg_db) {
                convrelay_redis_key  v;
            }
        }

        location /except/ {
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$uri;

            limit_except GET {
                allow  127.0.0.1;
                deny   all;
            }
        }

        location ~ ^/page/(.*) {
            error_page            404 502 =200 /instead;
            convrelay_redis_pass  127.0.0.1:%%PORT_2%%;
            convrelay_redis_key   \$1;
        }

        location = /instead { return 200 instead; }

        location /own/ {
            internal;
            convrelay_redis_pass  redis;
            convrelay_redis_key   \$uri;
        }

        location = /include {
            ssi           on;
            default_type  text/html;
            return        200 '[<!--# include virtual="/own/f" -->]';
        }

        location = /mirrored {
            client_body_buffer_size  8k;
            mirror                   /own/mirror;
            convrelay_redis_pass     redis;
            convrelay_redis_key      \$uri;
        }

        location = /fetch/get    { convrelay_fetch_test  /own/f get; }
        location = /fetch/delete { convrelay_fetch_test  /own/f delete; }
        location = /fetch/put {
            convrelay_fetch_test  /own/f put "body=from a fetch";
        }
    }
_EOC_
}
