package ConvRelay::Redis;

# Redis or Valkey, never the system's, for the tests of the redis module:
#
#     my $redis = ConvRelay::Redis->start($binary, $dir, 'a', PORT or 0,
#                                         OPTION...);
#                                         the binary can be a command that
#                                         becomes it: [ COMMAND..., $binary ]
#     $redis->socket                      unix socket, always there
#     my $reply = $redis->ask('SET', 'k', 'v');       undef for nil; dies of
#                                                     an error
#     $redis->stop, $redis->again         the same server, without its data
#
# and servers that are wrong on purpose, one process each:
#
#     my $fake = ConvRelay::Redis::fake(PORT, sub {
#         my ($key, $mark, $n, $say, $bytes) = @_;     ...
#     });
#
# The code is called for each command on key $key, which comes on the $n-th
# connection.  It answers by $say->(BYTES, ...), with a pause between each of
# them.  If it returns "close" the connection is closed; "more", the command is
# not complete; "stray", the next one gets a reply too many.
#
# A client of nginx, on one connection while it is kept:
#
#     my $http = ConvRelay::Redis::client(PORT);
#     my ($status, $body, $head) = $http->(METHOD, URI, BODY or undef, HEADER);
#     my $status = $http->(...);              "cut BYTES" for a body that is
#                                             shorter than its length
#
# ConvRelay::Redis::servers() are the binaries to test with, as [name, path];
# the path is undef for one that is not installed.

use strict;
use warnings;

use IO::Socket::INET ();
use IO::Socket::UNIX ();
use POSIX ();
use Time::HiRes qw( sleep time );

my $slow = $ENV{TEST_NGINX_SLOW} // 1;
my %children;


sub servers {
    return map {
        my $name = $_;
        [ $name, grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}),
                             '/usr/bin', '/usr/local/bin' ]
    } 'redis-server', 'valkey-server';
}


sub start {
    my ($class, $binary, $dir, $name, $port, @options) = @_;

    my $self = bless { binary => $binary, dir => "$dir/$name", owner => $$,
                       port => $port, options => \@options }, $class;

    mkdir $self->{dir} or die "$self->{dir}: $!\n";

    return $self->again;
}


sub socket { return "$_[0]{dir}/s" }


sub again {
    my $self = shift;
    my @command = ref $self->{binary} ? @{ $self->{binary} } : $self->{binary};

    $self->{pid} = spawn(sub {
        open STDOUT, '>>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec @command, '--port', $self->{port}, '--bind', '127.0.0.1',
             '--unixsocket', $self->socket, '--dir', $self->{dir},
             '--save', '', '--appendonly', 'no', '--daemonize', 'no',
             '--repl-diskless-sync-delay', 0, @{ $self->{options} };
    });

    delete $self->{sock};
    wait_for(sub { eval { $self->ask('PING') } || $@ =~ /^NOAUTH/ })
    or die "@command did not start, see $self->{dir}/log\n";

    return $self;
}


sub spawn {
    my $code = shift;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        POSIX::close($_) for 3 .. 63;
        $code->();
        POSIX::_exit(127);
    }

    $children{$pid} = $$;

    return $pid;
}


sub wait_for {
    my ($code, $seconds) = @_;
    my $end = time + ($seconds // 10) * $slow;

    until ($code->()) {
        return if time > $end;
        sleep 0.005;
    }

    return 1;
}


sub ask {
    my ($self, @args) = @_;

    $self->{sock} //= IO::Socket::UNIX->new(Peer => $self->socket)
        or die "$self->{dir}/s: $!\n";

    print { $self->{sock} } '*' . @args . "\r\n",
                            map { '$' . length($_) . "\r\n$_\r\n" } @args;
    $self->{sock}->flush;

    return $self->reply;
}


sub reply {
    my $self = shift;

    local $/ = "\r\n";

    my $line = readline $self->{sock};

    if (!defined $line) {
        delete $self->{sock};
        die "the server is gone\n";
    }

    my ($type, $rest) = $line =~ /^(.)(.*)\r\n/s;

    die "$rest\n" if $type eq '-';
    return $rest if $type =~ /[+:]/;
    return if $rest < 0;
    return [ map { $self->reply } 1 .. $rest ] if $type eq '*';

    read $self->{sock}, my $value, $rest + 2;

    return substr $value, 0, $rest;
}


sub stop {
    my $self = shift;

    delete $self->{sock};
    end($self->{pid});
}


sub end {
    my $pid = shift;

    return if !delete $children{$pid};

    kill KILL => $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my $self = shift;

    local ($?, $!, $@);

    end($self->{pid}) if $self->{owner} == $$;
}


sub client {
    my $port = shift;
    my $sock;

    return sub {
        my ($method, $uri, $body, $header) = @_;

        my $request = "$method $uri HTTP/1.1\r\nHost: localhost\r\n"
                      . (defined $header ? "$header\r\n"
                         : defined $body ? 'Content-Length: '
                                           . length($body) . "\r\n"
                         : '') . "\r\n" . ($body // '');

        local $SIG{PIPE} = 'IGNORE';
        local $/ = "\r\n\r\n";

        my $head;

        # nginx may have closed what was kept

        for (1 .. 2) {
            $sock //= IO::Socket::INET->new("127.0.0.1:$port") or return 0;

            # in one piece: the second would wait for the first one's ACK

            for (my $n = 0, my $sent = 0; $sent < length $request; $sent += $n)
            {
                $n = syswrite $sock, $request, length($request), $sent or last;
            }

            $head = readline $sock;
            last if defined $head;
            undef $sock;
        }

        my ($status) = ($head // '') =~ m{^HTTP/1.1 (\d+)} or return 0;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;

        $length = 0 if $method eq 'HEAD' || $status == 204;
        $body = '';

        if (defined $length) {
            while (length $body < $length) {
                last if !read $sock, $body, $length - length $body,
                              length $body;
            }

        } elsif ($head =~ /^Transfer-Encoding: chunked/mi) {
            local $/ = "\r\n";

            while ((my $n = hex((readline($sock) // '') =~ s/\s+\z//r || 0))) {
                read $sock, $body, $n, length $body;
                readline $sock;
            }

            readline $sock;
        }

        undef $sock if $head =~ /^Connection: close/mi
                       || length $body < ($length // 0);
        $status = 'cut ' . length $body if length $body < ($length // 0);

        return wantarray ? ($status, $body, $head) : $status;
    };
}


# a process for all of its connections, so that it knows how many there were

sub fake {
    my ($port, $code) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
                                       Listen => 16, ReuseAddr => 1)
        or die "$port: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid) {
        $children{$pid} = $$;
        return $pid;
    }

    my (%in, %n, $n);

    $SIG{PIPE} = 'IGNORE';

    for ( ;; ) {
        my $set = '';

        vec($set, fileno $_, 1) = 1 for $listen, map { $_->[0] } values %in;
        select $set, undef, undef, undef;

        if (vec $set, fileno $listen, 1) {
            my $sock = $listen->accept;

            $in{fileno $sock} = [ $sock, '', ++$n ];
        }

        for my $c (values %in) {
            my $sock = $c->[0];

            next if !vec $set, fileno $sock, 1;

            my $fd = fileno $sock;

            if (!sysread $sock, $c->[1], 65536, length $c->[1]) {
                delete $in{$fd};
                next;
            }

            my ($mark, $key) = $c->[1] =~ /ECHO\r\n\$16\r\n(.{16})\r\n
                        .*\r\n(?:GET|SET|DEL)\r\n\$\d+\r\n(\S+)\r\n/sx
                or next;

            syswrite $sock, "\$5\r\nstray\r\n" if $c->[3];

            my $say = sub {
                for my $bytes (@_) {
                    sleep 0.02 if $bytes ne $_[0];
                    syswrite $sock, $bytes;
                }
            };

            my $how = $code->($key, "\$16\r\n$mark\r\n", $c->[2], $say,
                              $c->[1]) // '';

            $c->[1] = '' if $how ne 'more';
            $c->[3] = $how eq 'stray';

            if ($how eq 'close') {
                close $sock;
                delete $in{$fd};
            }
        }
    }
}


END {
    my $code = $?;

    for (grep { $children{$_} == $$ } keys %children) {
        kill KILL => $_;
        waitpid $_, 0;
    }

    $? = $code;
}


1;
