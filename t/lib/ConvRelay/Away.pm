package ConvRelay::Away;

# nginx with convrelay_store /store, beside ConvRelay::Store:
#
#     my $nginx = away(redis($redis), secret => ..., timeout => ...,
#                      and what ConvRelay::Store::nginx() takes);
#     my $nginx = away(location => '...', http => '...', load => '...');
#     my $call = caller_of($nginx, ...);  a session that Twilio has signed
#     dead($nginx);                       the whole nginx is killed
#     lines($nginx)                       of the error log, from "warn" on, and
#                                         those of the store from "notice" on
#     written($nginx, 3)                  so many changes have arrived
#     settled($nginx)                     ... and nothing follows
#     requests($nginx, 'put', 'done')     how many of them

#     my $fake = fake(PORT);              an HTTP server that keeps what it is
#                                         sent, and does wrong what it is told:
#     $fake->mode('mixed')                it answers with another record
#     $fake->mode('hold-GET')             ... only when the mode changes
#     $fake->mode('hold-GET-3')           ... from its third GET on
#     $fake->mode('500-PUT')              ... some with a status
#     $fake->mode('500-PUT-9000')         ... those that are longer than that
#     $fake->mode('slow-PUT')             ... all of them a second each
#     $fake->asked('GET')                 how often
#     away(proxy(PORT))                   ... is the store
#     $fake->stop, $fake->again           without its records

#     away(lua($redis))                   Lua, where has_lua()

use strict;
use warnings;

use ConvRelay::Nginx;
use ConvRelay::Redis;
use ConvRelay::Store;
use Exporter qw( import );
use IO::Socket::INET;

my $token = '0123456789abcdef' x 2;

our @EXPORT = qw( away away_options redis redis_tls fake proxy https dav memc
                  memcached lua has_lua written settled requests caller_of dead
                  lines token );


sub redis {
    my $redis = shift;
    my $socket = $redis->socket;

    return (
        load => 'load_module ' . ConvRelay::Nginx->build
                . "/ngx_http_convrelay_redis_module.so;\n",
        http => "upstream calls {\n    server  unix:$socket fail_timeout=1s;\n"
                . "    keepalive  16;\n}\n",
        location => 'convrelay_redis_pass  calls;'
                    . ' convrelay_redis_key  call:$convrelay_store_key;'
                    . ' convrelay_redis_ttl  $convrelay_store_ttl;',
    );
}


# on the sixth port of an nginx, whose folder has the certificates

sub redis_tls {
    my ($dir, $name, $auth) = @_;
    my $port = $dir->port(6);

    return (
        load => 'load_module ' . ConvRelay::Nginx->build
                . "/ngx_http_convrelay_redis_module.so;\n",
        http => "upstream calls {\n    server  127.0.0.1:$port;\n"
                . "    keepalive  16;\n}\n",
        location => 'convrelay_redis_pass  calls;'
                    . ' convrelay_redis_key  call:$convrelay_store_key;'
                    . ' convrelay_redis_ttl  $convrelay_store_ttl;'
                    . " convrelay_redis_auth  $auth;"
                    . ' convrelay_redis_ssl  on;'
                    . " convrelay_redis_ssl_name  $name;"
                    . ' convrelay_redis_ssl_trusted_certificate  '
                    . $dir->dir . '/conf/ca.crt;',
    );
}


sub proxy {
    my $port = shift;

    return (
        http => "upstream calls {\n    server  127.0.0.1:$port;\n"
                . "    keepalive  16;\n}\n",
        location => 'proxy_pass  http://calls/calls/$convrelay_store_key;'
                    . ' proxy_set_header  X-TTL $convrelay_store_ttl;',
    );
}


# dav() over TLS; $ca: that is trusted

sub https {
    my ($dir, $ca) = @_;
    my %store = proxy($dir->port(7));

    $store{location} =~ s{http://}{https://};
    $store{location} .= ' proxy_ssl_verify  on;'
                        . ' proxy_ssl_name  store.internal;'
                        . ' proxy_ssl_trusted_certificate  ' . $dir->dir
                        . "/conf/$ca;";

    return %store;
}


# nginx itself, with the WebDAV module, on the third port of the first one, and
# with TLS on the seventh

sub dav {
    my $nginx = shift;
    my $dir = $nginx->dir;

    mkdir "$dir/dav";

    return "server {\n    listen  127.0.0.1:" . $nginx->port(3) . ";\n"
           . '    listen  127.0.0.1:' . $nginx->port(7) . " ssl;\n"
           . "    ssl_certificate      $dir/conf/store.internal.crt;\n"
           . "    ssl_certificate_key  $dir/conf/store.internal.key;\n"
           . "    root  $dir/dav;\n    location /calls/ {\n"
           . "        dav_methods  PUT DELETE;\n"
           . "        create_full_put_path  on;\n"
           . "        client_body_temp_path  $dir/dav-temp;\n    }\n}\n";
}


# memc_pass of Debian's module

sub memc {
    my $port = shift;

    return (
        load => 'load_module '
                . "/usr/lib/nginx/modules/ngx_http_memc_module.so;\n",
        http => "upstream calls {\n    server  127.0.0.1:$port;\n"
                . "    keepalive  16;\n}\n",
        location => 'set $memc_key $convrelay_store_key;'
                    . ' set $memc_exptime $convrelay_store_ttl;'
                    . ' memc_pass  calls;',
    );
}


sub memcached {
    my $port = shift;

    return ConvRelay::Redis::spawn(sub {
        exec 'memcached', '-u', 'nobody', '-l', '127.0.0.1', '-p', $port;
    });
}


# as docs/store.md has it

sub lua {
    my $redis = shift;
    my $socket = $redis->socket;

    open my $fh, '<', ConvRelay::Nginx->root . '/docs/store.md'
        or die "store.md: $!\n";
    local $/;

    my ($location) = <$fh> =~ /^( +content_by_lua_block .*?)^\}/ms;

    $location =~ s/"10\.0\.0\.21", 6379/"unix:$socket"/
        or die "docs/store.md has another address\n";

    return (
        load => join('', map { "load_module /usr/lib/nginx/modules/$_.so;\n" }
                         'ndk_http_module', 'ngx_http_lua_module'),
        location => $location,
    );
}


sub has_lua {
    return -e '/usr/lib/nginx/modules/ngx_http_lua_module.so'
        && -e '/usr/share/lua/5.1/nginx/redis.lua';
}


sub fake {
    my $port = shift;

    return bless({ port => $port }, 'ConvRelay::Away::Fake')->again;
}


sub away_options {
    my %opt = @_;

    my $secret = $opt{secret} // '"a secret of the two machines"';
    my $timeout = $opt{timeout} // '5s';
    my $location = delete $opt{location};
    my $http = delete $opt{http} // '';
    my $load = delete $opt{load} // '';
    my $more = delete $opt{more} // '';

    return (
        %opt,
        ws     => "convrelay_auth_token  $token;\n"
                  . "convrelay_public_url  https://localhost;\n"
                  . ($opt{ws} // ''),
        main   => $load . ($opt{main} // ''),
        zone   => "variables_hash_max_size  2048;\n"
                  . "variables_hash_bucket_size  128;\n"
                  . "$http\nconvrelay_store_zone  calls 1m;\n"
                  . "convrelay_store  /store;\n"
                  . "convrelay_store_secret  $secret;\n"
                  . "convrelay_store_timeout  $timeout;\n$more\n",
        server => "location = /store { internal; $location }\n"
                  . ($opt{server} // ''),
    );
}


sub away { return nginx(away_options(@_)) }


sub token { return $token }


sub caller_of {
    my ($nginx, %opt) = @_;

    return session($nginx, sign => $token, %opt);
}


sub dead {
    my $nginx = shift;
    my @workers = $nginx->workers;

    $nginx->signal('KILL');
    kill KILL => @workers;

    return ConvRelay::Nginx::wait_for(5, sub {
        !grep { kill 0 => $_ } @workers;
    });
}


# lines that an operator would look at

sub lines {
    my $nginx = shift;

    return grep { /\[(?:emerg|alert|crit|error|warn)\]/
                  || /\[notice\].*"convrelay_store /
                  || /runtime error:|Sanitizer/ }
           split /^/, $nginx->log('error') . $nginx->log('out');
}


sub requests {
    my ($nginx, $kind, $outcome) = @_;

    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $nginx->port) or return;

    print $c "GET /status HTTP/1.0\r\n\r\n";
    local $/;

    my $n = 0;

    for (grep { /^convrelay_store_requests_total\{/ } split /\n/, <$c>) {
        $n += (split)[-1] if /kind="$kind"/ && /outcome="$outcome"/;
    }

    return $n;
}


sub written {
    my ($nginx, $n) = @_;

    return ConvRelay::Nginx::wait_for(5, sub {
        requests($nginx, 'put', 'done') >= $n;
    });
}


# the last turns are written, too

sub settled {
    my $nginx = shift;

    return ConvRelay::Nginx::wait_for(5, sub {
        my $n = requests($nginx, 'put', 'done');
        select undef, undef, undef, 0.1;
        return $n && $n == requests($nginx, 'put', 'done');
    });
}


package ConvRelay::Away::Fake;

use IO::Socket::INET;
use IO::Select;
use POSIX ();
use Time::HiRes qw( sleep );


sub again {
    my $self = shift;

    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$self->{port}",
                                       Listen => 64, ReuseAddr => 1)
        or die "$self->{port}: $!\n";

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {

        # the sockets of calls, which would stay open

        POSIX::close($_) for grep { $_ != fileno $listen } 3 .. 255;
        serve($listen);
        POSIX::_exit(0);
    }

    return $self;
}


sub stop {
    my $self = shift;
    my $pid = delete $self->{pid} or return;

    local $?;
    kill KILL => $pid;
    waitpid $pid, 0;
}


sub mode { return $_[0]->say("POST /mode/$_[1]") }

# what it has: their number, or the requests that it has had

sub records { return $_[0]->say('POST /records') }
sub asked   { return $_[0]->say('POST /asked/' . ($_[1] // '')) }


sub say {
    my ($self, $request) = @_;

    my $c = IO::Socket::INET->new("127.0.0.1:$self->{port}") or return;

    print $c "$request HTTP/1.1\r\nHost: x\r\n\r\n";

    my $head = '';
    sysread $c, $head, 4096, length $head or last
        while $head !~ /\r\n\r\n.+\n\z/s;

    return $head =~ /\r\n\r\n(.*)\n/s ? $1 : undef;
}


sub serve {
    my $listen = shift;
    my $select = IO::Select->new($listen);
    my (%in, %records, @held);
    my $mode = 'good';
    my %asked;

    $SIG{PIPE} = 'IGNORE';

    for ( ;; ) {
        for my $c ($select->can_read) {
            if ($c == $listen) {
                my $new = $listen->accept;

                $in{$new} = '';
                $select->add($new);
                next;
            }

            if (!sysread $c, $in{$c}, 65536, length $in{$c}) {
                $select->remove($c);
                delete $in{$c};
                close $c;
                next;
            }

            while ($in{$c} =~ /^(\w+) (\S+) (.*?)\r\n\r\n/s) {
                my ($method, $uri, $head, $n) = ($1, $2, $3, $+[0]);
                my ($len) = $head =~ /^Content-Length: (\d+)/mi;

                last if length($in{$c}) < $n + ($len // 0);

                my $body = substr $in{$c}, $n, $len // 0;

                $in{$c} = substr $in{$c}, $n + ($len // 0);

                if ($method eq 'POST') {
                    $mode = $1 if $uri =~ m{^/mode/(.*)};
                    reply($c, 200, $uri eq '/records' ? keys(%records) . "\n"
                                   : $uri =~ m{^/asked/(\w*)}
                                     ? ($asked{$1} // 0) . "\n" : "ok\n");

                    @held = grep { !answer($_->[0], $mode, @$_[1 .. 3],
                                           \%records) } @held
                        if $uri =~ m{^/mode/};
                    next;
                }

                $asked{$_}++ for '', $method;

                my $now = $mode =~ /^hold-$method-(\d+)$/
                    && $asked{$method} >= $1 ? "hold-$method" : $mode;

                push @held, [ $c, $method, $uri, $body ]
                    if !answer($c, $now, $method, $uri, $body, \%records);
            }
        }
    }
}


# false: not yet

sub answer {
    my ($c, $mode, $method, $uri, $body, $records) = @_;

    return 0 if $mode eq "hold-$method";

    respond(@_);

    return 1;
}


sub respond {
    my ($c, $mode, $method, $uri, $body, $records) = @_;

    return if $mode eq 'mute';

    sleep 1 if $mode eq "slow-$method";

    return reply($c, $1, "no\n")
        if $mode =~ /^(\d+)-$method(?:-(\d+))?$/ && length $body >= ($2 // 0);
    return reply($c, $1, "no\n") if $mode =~ /^(\d+)$/;
    return shutdown $c, 2 if $mode eq 'closed';

    return syswrite $c, "HTTP/1.1 200 OK\r\n"
                        . qq({"role":"user","content":"My PIN is 4711"})
                        . "\0: x\r\n\r\n" if $mode eq 'words';

    if ($method eq 'PUT') {
        $records->{$uri} = $body;
        return reply($c, 201, '');
    }

    if ($method eq 'DELETE') {
        return reply($c, delete $records->{$uri} ? 204 : 404, '');
    }

    my $record = $records->{$uri};

    ($record) = map { $records->{$_} } grep { $_ ne $uri } keys %$records
        if $mode eq 'mixed';

    return reply($c, 404, "none\n") if !defined $record;

    if ($mode eq 'cut') {
        syswrite $c, "HTTP/1.1 200 OK\r\nContent-Length: "
                     . length($record) . "\r\n\r\n"
                     . substr $record, 0, length($record) / 2;
        return shutdown $c, 2;
    }

    $record = substr $record, 0, length($record) - 1 if $mode eq 'short';
    $record = 'x' x 3_000_000 if $mode eq 'huge';
    $record = '' if $mode eq 'empty';
    $record = "CRR1 but not really" if $mode eq 'other';
    substr($record, 40, 1) ^= "\1" if $mode eq 'changed';

    reply($c, 200, $record);
}


sub reply {
    my ($c, $status, $body) = @_;

    my $data = "HTTP/1.1 $status OK\r\n"
               . ($status == 204 ? '' : 'Content-Length: ' . length($body)
                                        . "\r\n") . "\r\n$body";

    for (my $sent = 0; $sent < length $data; ) {
        my $n = syswrite $c, $data, length($data) - $sent, $sent or return;
        $sent += $n;
    }
}


sub DESTROY { $_[0]->stop }


1;
