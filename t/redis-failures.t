# What goes wrong between nginx and Redis or Valkey: servers that are killed,
# promoted and restarted under load, and servers that say what they should not.
# No request is ever answered with the reply of another one.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use ConvRelay::Redis;
use POSIX ();
use Test::More;
use Time::HiRes qw( sleep time );

my $slow = $ENV{TEST_NGINX_SLOW} // 1;
my $load = 'load_module ' . ConvRelay::Nginx->build
           . '/ngx_http_convrelay_redis_module.so;';

subtest 'a server that is wrong' => \&wrong;

for my $server (ConvRelay::Redis::servers()) {
    my ($name, $binary) = @$server;

    subtest $name => sub {
        plan skip_all => "$name is not installed" if !$binary;
        real($binary);
    };
}

done_testing;


# %M is the mark; a value of "N" is the number of the connection

sub wrong {
    my $ok = "%M\$1\r\na\r\n";
    my $other = qr/redis sent the reply of another request/;

    # each: the method, what is said, the status, the log, and whether the
    # connection is kept

    my %says = (
        value     => [ GET => [ $ok ], 200, undef, 1 ],
        nil       => [ GET => [ "%M\$-1\r\n" ], 404, undef, 1 ],
        written   => [ PUT => [ "%M+OK\r\n" ], 204, undef, 1 ],
        deleted   => [ DELETE => [ "%M:1\r\n" ], 204, undef, 1 ],
        pieces    => [ GET => [ "\$1", "6\r\n%m", "\r", "\n\$3", "\r\nab",
                                "c\r", "\n" ], 200, undef, 1 ],

        extra     => [ GET => [ "$ok\$1\r\nb\r\n" ], 502,
                       qr/redis sent more than the replies/ ],
        also      => [ GET => [ "%M\$-1\r\n+OK\r\n" ], 502,
                       qr/redis sent more than the replies/ ],
        twice     => [ PUT => [ "%M+OK\r\n+OK\r\n" ], 502,
                       qr/redis sent more than the replies/ ],
        mixed     => [ GET => [ "\$5\r\nother\r\n$ok" ], 502, $other ],
        swapped   => [ GET => [ "\$1\r\na\r\n%M" ], 502, $other ],
        unmarked  => [ GET => [ "\$1\r\na\r\n" ], 502, $other ],
        marked    => [ GET => [ "\$16\r\n{\"call\":\"CA00\"}\r\n$ok" ], 502,
                       $other ],
        command   => [ GET => [ "%M+OK\r\n" ], 502,
                       qr/redis sent the reply of another command/ ],
        http      => [ GET => [ "HTTP/1.1 400 Bad Request\r\n\r\n" ], 502,
                       qr/redis sent an unknown type of reply/ ],
        huge      => [ GET => [ "%M\$536870913\r\n" ], 502,
                       qr/redis sent a value of more than 512 MB/ ],
        overflow  => [ GET => [ "%M\$18446744073709551617\r\n" ], 502,
                       qr/redis sent a number that is wrong/ ],
        line      => [ GET => [ '-' . 'x' x 5000 ], 502,
                       qr/redis sent a line that is too long/ ],
        longer    => [ GET => [ "%M\$3\r\nabcd\r\n" ], 502,
                       qr/redis sent more than the replies/ ],

        # what has been sent to the client stays sent

        last      => [ GET => [ "%M\$3\r\nabc", "\r\n+OK\r\n" ], 200,
                       qr/redis sent more than the replies/ ],
        unended   => [ GET => [ "%M\$3\r\nab", "cdef" ], 'cut 2',
                       qr/redis sent a value without its end/ ],
        cut       => [ GET => [ "%M\$10\r\nabc", 'close' ], 'cut 3',
                       qr/upstream prematurely closed connection/ ],
        cut_head  => [ GET => [ "%M\$10", 'close' ], 502,
                       qr/upstream prematurely closed connection/ ],
        cut_mark  => [ GET => [ "\$16\r\n0", 'close' ], 502,
                       qr/redis sent the reply of another request|closed/ ],
        silent    => [ GET => [ ], 504, qr/upstream timed out/ ],

        # later, when nobody waits; and when somebody else does

        late      => [ GET => [ $ok, "+OK\r\n" ], 200 ],
        stray     => [ GET => [ $ok ], 200, undef, 1 ],

        replica   => [ PUT => [ "%M-READONLY You can't write\r\n" ], 502,
                       qr/\[error\].*redis refused SET: READONLY: it is a/ ],
        moved     => [ GET => [ "%M-MOVED 3999 127.0.0.1:6381\r\n" ], 502,
                       qr/refused GET: MOVED: .*put a cluster proxy/, 1 ],
        ask       => [ GET => [ "%M-ASK 3999 127.0.0.1:6381\r\n" ], 502,
                       qr/refused GET: ASK: .*put a cluster proxy/, 1 ],
        oom       => [ PUT => [ "%M-OOM command not allowed\r\n" ], 502,
                       qr/refused SET: OOM: /, 1 ],
        misconf   => [ PUT => [ "%M-MISCONF Redis is configured\r\n" ], 502,
                       qr/refused SET: MISCONF: /, 1 ],
        quote     => [ GET => [ "%M-ERR unknown command 'GET', with args "
                                . "beginning with: 'quoted-key' \r\n" ], 502,
                       qr/refused GET: ERR: it does not know this command/,
                       1 ],
        first     => [ GET => [ "-NOAUTH x\r\n" ], 502,
                       qr/refused ECHO: NOAUTH: / ],
        refused   => [ GET => [ "-NOAUTH quoted-key\r\n-NOAUTH x\r\n" ], 502,
                       qr/refused ECHO: NOAUTH: / ],
    );

    my $nginx = ConvRelay::Nginx->new;

    my $code = sub {
        my ($key, $mark, $n, $say, $bytes) = @_;

        if ($key eq 'n') {
            return $say->("$mark\$" . length($n) . "\r\n$n\r\n");
        }

        if ($key eq 'early') {

            # there is more of the command to come

            $say->("$mark+OK\r\n");
            sleep 0.3;
            return 'more';
        }

        my $says = $says{$key} or return $say->($mark . "\$-1\r\n");
        my @said = @{ $says->[1] };
        my ($m) = $mark =~ /^\$16\r\n(.*)\r\n/;

        s/%M/$mark/, s/%m/$m/ for @said;

        my $how = @said && $said[-1] eq 'close' ? pop @said : '';

        $say->(@said);

        # the next one on this connection finds a reply that nobody asked for

        return $key eq 'stray' ? 'stray' : $how;
    };

    ConvRelay::Redis::fake($nginx->port(1), $code);

    $nginx->http(<<'_EOC_', $load);
    client_max_body_size     9m;
    client_body_buffer_size  9m;

    upstream fake {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  1;
    }

    upstream twice {
        server  127.0.0.1:%%PORT_1%% max_fails=0;
        server  127.0.0.1:%%PORT_1%% max_fails=0;
    }

    convrelay_redis_read_timeout           300ms;
    convrelay_redis_next_upstream_timeout  100ms;

    server {
        listen  127.0.0.1:%%PORT%%;

        location ~ ^/fake/(.*) {
            convrelay_redis_pass  fake;
            convrelay_redis_key   $1;
        }

        location ~ ^/once/(.*) {
            convrelay_redis_pass  twice;
            convrelay_redis_key   $1;
        }

        location ~ ^/twice/(.*) {
            convrelay_redis_pass                   twice;
            convrelay_redis_key                    $1;
            convrelay_redis_next_upstream_timeout  0;
        }
    }
_EOC_
    $nginx->start;

    my $ask = ConvRelay::Redis::client($nginx->port);
    my $n = sub { ($ask->(GET => '/fake/n'))[1] };
    my $kept = $n->();

    for my $key (sort keys %says) {
        my ($method, undef, $status, $log, $keep) = @{ $says{$key} };
        my $before = length $nginx->log('error');

        is $ask->($method => "/fake/$key", $method eq 'PUT' ? 'v' : undef),
           $status, "$key: $status";

        ConvRelay::Redis::wait_for(sub {
            substr($nginx->log('error'), $before) =~ $log
        }, 5) ? pass '... is logged' : fail '... is logged' if $log;

        sleep 0.05 * $slow if $key eq 'late';

        if ($key eq 'stray') {
            is $ask->(GET => '/fake/value'), 502, '... is not another\'s';
            like substr($nginx->log('error'), $before), $other, '... logged';
            $keep = 0;
        }

        my $now = $n->();

        ok $keep ? $now == $kept : $now > $kept,
           $keep ? '... the connection is kept' : '... and it is closed';
        $kept = $now;
    }

    for ([ once => 1 ], [ twice => 2 ]) {
        my ($location, $tries) = @$_;
        my $before = length $nginx->log('error');

        is $ask->(GET => "/$location/silent"), 504,
           "a server that says nothing, /$location";
        is scalar(() = substr($nginx->log('error'), $before)
                  =~ /upstream timed out/g), $tries,
           '... is asked as long as an outer level says';
    }

    is $ask->(PUT => '/fake/early', 'x' x 8_000_000), 502,
       'a reply to half of a command';
    ok $nginx->log_has(qr/redis sent a reply before it had the command/),
       '... is logged';

    unlike $nginx->log('error'), qr/quoted-key/, 'errors are not quoted';
    is scalar($nginx->complaints('crit|alert|emerg')), 0, 'nothing worse';
    $nginx->stop;
    is $nginx->status, 0, 'nginx ends';
}


sub real {
    my $binary = shift;
    my $nginx = ConvRelay::Nginx->new;
    my $dir = $nginx->dir;

    my @redis = map {
        ConvRelay::Redis->start($binary, $dir, $_, $nginx->port($_))
    } 1, 2;

    $redis[1]->ask('REPLICAOF', '127.0.0.1', $nginx->port(1));
    ok ConvRelay::Redis::wait_for(sub {
        $redis[1]->ask('INFO', 'replication') =~ /master_link_status:up/
    }), 'a master and its replica';

    my $words = join '|', qw( READONLY LOADING MASTERDOWN NOREPLICAS
                              CLUSTERDOWN TRYAGAIN BUSY ERR );

    ConvRelay::Redis::fake($nginx->port(3), sub {
        my ($key, $mark, $n, $say) = @_;
        my ($word) = $key =~ /^next:($words)$/;

        return $say->("$mark\$-1\r\n") if $key eq 'next:nil';

        $say->($mark . '-' . ($word // 'OOM')
               . ($word && $word eq 'ERR' ? ' max number of clients' : '')
               . " x\r\n");
    });

    $nginx->http(<<"_EOC_", $load);
    client_max_body_size  1m;

    # the replica is asked first

    upstream pair {
        server     127.0.0.1:%%PORT_2%% fail_timeout=1s;
        server     127.0.0.1:%%PORT_1%% fail_timeout=1s;
        keepalive  8;
    }

    upstream one {
        server     unix:$dir/1/s;
        keepalive  8;
    }

    upstream next {
        server     127.0.0.1:%%PORT_3%% max_fails=0;
        server     127.0.0.1:%%PORT_1%% backup;
        keepalive  8;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_redis_connect_timeout  500ms;
        convrelay_redis_read_timeout     500ms;

        location /pair/ {
            convrelay_redis_pass  pair;
            convrelay_redis_key   \$uri;
        }

        location /one/ {
            convrelay_redis_pass  one;
            convrelay_redis_key   \$uri;
        }

        location ~ ^/next/(.*) {
            client_body_buffer_size  1k;
            convrelay_redis_pass     next;
            convrelay_redis_key      next:\$1;
            convrelay_redis_ttl      60;
        }

        location ~ ^/stay/(.*) {
            convrelay_redis_pass           next;
            convrelay_redis_key            next:\$1;
            convrelay_redis_next_upstream  error timeout;
        }

        location ~ ^/look/(.*) {
            convrelay_redis_pass           next;
            convrelay_redis_key            next:\$1;
            convrelay_redis_next_upstream  not_found;
        }
    }
_EOC_
    $nginx->start;

    my $ask = ConvRelay::Redis::client($nginx->port);

    # a server that cannot do it now: the next one gets all of the command

    my $value = join '', map { chr($_ & 255) } 1 .. 100_000;

    for my $word (split /\|/, $words) {
        is $ask->(PUT => "/next/$word", $value), 204, "$word: the next one";
        ok $redis[0]->ask('GET', "next:$word") eq $value,
           '... has all of the value';
        ok $redis[0]->ask('PTTL', "next:$word") > 0, '... and its time';
        is $ask->(GET => "/stay/$word"), 502, '... unless it is not to';
    }

    is $ask->(PUT => '/next/OOM', $value), 502, 'others stay';

    $redis[0]->ask('SET', 'next:nil', 'there');

    is $ask->(GET => '/stay/nil'), 404, 'a key that one server has not';
    is +($ask->(GET => '/look/nil'))[1], 'there', '... "not_found"';
    is $ask->(GET => '/look/OOM'), 502, '... and nothing else';
    like $nginx->log('error'), qr/\[warn\].*refused SET: READONLY/,
         'a replica is not an error while there is a master';

    # connections that the server closes, under load

    my $run = load($nginx->port, '/one/', 0.6, sub {
        for (1 .. 20) {
            sleep 0.02 * $slow;
            $redis[0]->ask(qw( CLIENT KILL TYPE normal SKIPME yes ));
        }
    });

    is $run->{wrong}, 0, "CLIENT KILL: $run->{ok} requests, none wrong";
    ok $run->{failed} < 0.05 * $run->{ok}, "... $run->{failed} failed";

    # a restart

    my ($down, $up);

    $run = load($nginx->port, '/one/', 0.8, sub {
        sleep 0.2 * $slow;
        $down = time;
        $redis[0]->stop;
        sleep 0.2 * $slow;
        $redis[0]->again;
        $up = time;
    });

    is $run->{wrong}, 0, "a restart: $run->{ok} requests, none wrong";
    ok $run->{failed} > 0, '... some failed';
    is scalar(grep { $_ < $down || $_ > $up + 0.1 * $slow }
                   @{ $run->{times} }), 0, '... only while it was down';

    # a master that dies, and its replica; nginx counts fail_timeout in whole
    # seconds, so that one of them ends in the second one

    ConvRelay::Redis::wait_for(sub {
        $redis[1]->ask('INFO', 'replication') =~ /master_link_status:up/
    });

    $run = load($nginx->port, '/pair/', 3, sub {
        sleep 0.2 * $slow;
        $down = time;
        $redis[0]->stop;
        sleep 0.2 * $slow;
        $redis[1]->ask('REPLICAOF', 'NO', 'ONE');
        $up = time;
    });

    is $run->{wrong}, 0, "a failover: $run->{ok} requests, none wrong";
    is scalar(grep { $_ < $down || $_ > $up + 2 + 0.3 * $slow }
                   @{ $run->{times} }), 0, '... served again in fail_timeout';
    ok $run->{last} > $up + 1, '... to the end';

    # a server that starts has no socket for a moment

    my @worse = grep { !/connect\(\) to unix:\S+ failed \(2: No such file/ }
                     $nginx->complaints('crit|alert|emerg');

    is "@worse", '', 'nothing worse';
    $nginx->stop;
    is $nginx->status, 0, 'nginx ends';
}


# Clients that write and read keys of their own for so many seconds, while
# $code runs.  Each value begins with its key, so that a reply of another
# request is noticed.  What failed, and when; the time of the last success.

sub load {
    my ($port, $path, $seconds, $code) = @_;
    my %sum = (ok => 0, failed => 0, wrong => 0, times => [], last => 0);
    my $end = time + $seconds * $slow;
    my @from;

    for my $client (1 .. 4) {
        pipe my $out, my $in or die "pipe: $!\n";

        my $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            client($port, "$path$client", $end, $in);
            close $in;
            POSIX::_exit(0);
        }

        push @from, [ $pid, $out ];
    }

    $code->();

    for (@from) {
        my ($pid, $out) = @$_;

        while (my $line = <$out>) {
            my ($what, $n) = split ' ', $line;

            if ($what eq 'failed') {
                $sum{failed}++;
                push @{ $sum{times} }, $n;

            } elsif ($what eq 'last') {
                $sum{last} = $n if $n > $sum{last};

            } else {
                $sum{$what} += $n;
            }
        }

        waitpid $pid, 0;
    }

    return \%sum;
}


sub client {
    my ($port, $name, $end, $in) = @_;
    my $ask = ConvRelay::Redis::client($port);
    my ($ok, $wrong, $last) = (0, 0, 0);

    for (my $i = 0; time < $end; $i++) {
        my $key = "$name/" . $i % 10;
        my $status = $ask->(PUT => $key, "$key $i");

        print {$in} "failed ", time, "\n" if $status != 204;
        $ok++ if $status == 204;

        ($status, my $value) = $ask->(GET => $key);

        if ($status eq '200') {
            $value =~ /^\Q$key\E \d+\z/ ? $ok++ : $wrong++;
            $last = time;

        } elsif ($status ne '404') {
            print {$in} "failed ", time, "\n";
        }
    }

    print {$in} "ok $ok\nwrong $wrong\nlast $last\n";
}
