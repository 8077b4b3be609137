# The shipped includes: one verified TLS connection to the LLM for turn after
# turn, call after call.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Examples qw( certificates copy_examples );
use ConvRelay::Nginx;
use Fcntl qw( F_SETFL O_NONBLOCK );
use IO::Socket::INET;
use Socket qw( PF_INET SOCK_STREAM INADDR_LOOPBACK pack_sockaddr_in );
use Test::More;

my $host = 'api.openai.com';
my $phrase = 'I ran into a temporary issue while generating a response.';


# the API, and its log of connections

my $api = ConvRelay::Nginx->new;

certificates($api, $host, 'api.example.com');

$api->http(<<"_EOC_");
    log_format  tls  '\$connection \$connection_requests \$ssl_server_name '
                     '\$http_host \$server_protocol \$status '
                     '\$http_authorization';
    access_log  logs/tls.log tls;

    ssl_certificate      $host.crt;
    ssl_certificate_key  $host.key;

    server {
        listen  127.0.0.1:%%PORT%% ssl;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=count tokens=3;
        }
    }

    # it closes each connection when the second request comes

    server {
        listen  127.0.0.1:%%PORT_1%% ssl;

        location = /v1/chat/completions {
            if (\$connection_requests = 2) {
                return 444;
            }

            convrelay_mock_llm  answer=count tokens=3;
        }
    }

    # it breaks off the second answer of each connection

    map \$connection_requests \$fault {
        2        cut;
        default  none;
    }

    server {
        listen  127.0.0.1:%%PORT_2%% ssl;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=count tokens=3 at_token=2
                                fault=\$fault;
        }
    }

    server {
        listen               127.0.0.1:%%PORT_3%% ssl;
        ssl_certificate      api.example.com.crt;
        ssl_certificate_key  api.example.com.key;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=count tokens=3;
        }
    }

    server {
        listen  127.0.0.1:%%PORT_4%%;

        location / {
            convrelay_mock_llm  answer=count tokens=3;
        }
    }
_EOC_

$api->start;


# nginx with the includes, in front of one of the servers above

sub nginx {
    my ($port, $ca, $upstream) = @_;

    $upstream //= '    include  convrelay_openai_upstream.conf;';

    my $nginx = ConvRelay::Nginx->new;

    copy_examples($nginx, '127.0.0.1:' . $api->port($port),
                  'convrelay_llm.conf', 'convrelay_openai.conf',
                  'convrelay_openai_upstream.conf');

    $nginx->http("$upstream\n" . <<'_EOC_');

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;

            proxy_pass        https://openai/v1/chat/completions;
            proxy_set_header  Authorization "Bearer secret-key";
            include           convrelay_openai.conf;
        }
    }
_EOC_

    if (!defined $ca) {
        open my $fh, '<', $api->dir . '/conf/ca.crt' or die "ca.crt: $!\n";
        $ca = join '', <$fh>;
    }

    $nginx->write('ca.crt', $ca);

    return $nginx->start;
}


sub dial {
    my $call = ConvRelay::Call->dial(shift->port, '/ws');

    $call->setup;

    return $call;
}


# what the API has logged since it was asked last

my $seen = 0;

sub requests {
    my $n = shift;
    my @lines;

    ConvRelay::Nginx::wait_for(3, sub {
        @lines = split /\n/, $api->log('tls');
        return @lines >= $seen + $n;
    });

    splice @lines, 0, $seen;
    $seen += @lines;

    return map { [ split ] } @lines;
}


subtest 'calls, one after the other, share one connection' => sub {
    my $nginx = nginx(0);

    for my $n (1 .. 3) {
        my $call = dial($nginx);

        is $call->ask("Hi $_"), ' 1 2 3', "call $n, turn $_" for 1 .. 3;
        is $call->hangup, 1000, "call $n ends";
    }

    my @requests = requests(9);
    my %connections = map { $_->[0] => 1 } @requests;

    is @requests, 9, 'nine turns';
    is keys %connections, 1, '... on one connection';
    is join(' ', map { $_->[1] } @requests), '1 2 3 4 5 6 7 8 9', '... each';

    is "@{$requests[0]}[2 .. 7]", "$host $host HTTP/1.1 200 Bearer secret-key",
       'it has SNI, Host, HTTP/1.1 and the key';

    $nginx->stop;
    is_deeply [ $nginx->complaints('warn|error|crit|alert|emerg') ], [],
              'no complaint';
};


subtest 'an interrupted turn costs its connection, the next one is new' => sub {
    my $nginx = nginx(0);
    my $call = dial($nginx);

    $call->prompt('Hi');
    $call->interrupt('');
    is $call->ask('Hi'), ' 1 2 3', 'the next turn is answered';
    is $call->ask('Hi'), ' 1 2 3', '... and the one after it';

    my @requests = requests(2);

    is $requests[-1][1], 2, 'these two share a connection';
    is $call->hangup, 1000, 'the call ends';
    is_deeply [ $nginx->complaints ], [], 'no complaint';

    $nginx->stop;
    requests(0);
};


subtest 'a kept connection is gone: the turn is sent once more' => sub {
    my $nginx = nginx(1);
    my $call = dial($nginx);

    is $call->ask("Hi $_"), ' 1 2 3', "turn $_ is answered" for 1 .. 3;
    is $call->hangup, 1000, 'the call ends';

    is join(' ', map { "$_->[1]:$_->[5]" } requests(5)),
       '1:200 2:444 1:200 2:444 1:200',
       'the old connection failed, a new one answered, twice';

    is_deeply [ grep { !/upstream prematurely closed connection while/ }
                $nginx->complaints ], [], 'no other complaint';
};


subtest 'an answer that had begun is never asked for again' => sub {
    my $nginx = nginx(2);
    my $call = dial($nginx);

    is $call->ask('Hi'), ' 1 2 3', 'a turn is answered';
    is $call->ask('Hi'), " 1 2. $phrase", 'the next one breaks off';
    is $call->ask('Hi'), ' 1 2 3', 'the one after it is answered';
    is $call->hangup, 1000, 'the call ends';

    is join(' ', map { $_->[1] } requests(3)), '1 2 1', 'three requests';
};


subtest 'an address that does not answer: the next one is asked' => sub {
    my $dead = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                                     LocalPort => 0)
        or die "listen: $!\n";

    my @waiting;

    # a queue that is full drops every SYN

    for (1 .. 6) {
        socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
        fcntl $socket, F_SETFL, O_NONBLOCK or die "fcntl: $!\n";
        connect $socket, pack_sockaddr_in($dead->sockport, INADDR_LOOPBACK);
        push @waiting, $socket;
    }

    my $nginx = nginx(0, undef, <<"_EOC_");
    upstream openai {
        server     127.0.0.1:@{[ $dead->sockport ]};
        server     127.0.0.1:@{[ $api->port ]} backup;
        keepalive  4;
    }
_EOC_

    my $call = dial($nginx);

    is $call->ask('Hi'), ' 1 2 3', 'the turn is answered';
    is $call->hangup, 1000, 'the call ends';
    is requests(1), 1, '... by the second one';
};


subtest 'an answer that is slow is not asked for twice' => sub {
    my ($include) = ConvRelay::Nginx->root
                    . '/conf-examples/convrelay_llm.conf';

    open my $fh, '<', $include or die "$include: $!\n";
    my %seconds = join('', <$fh>) =~ /^(proxy_\w+)\s+(\d+)s;/mg;

    cmp_ok $seconds{proxy_next_upstream_timeout}, '<',
           $seconds{proxy_read_timeout}, 'the include gives up before';
};


# no request, and so no key, may reach a server that is not the right one

for my $wrong (
    [ 'of another name', qr/does not match "$host"/, 3 ],
    [ 'of a CA that nobody knows', qr/certificate verify error/, 0, 1 ],
) {
    my ($what, $line, $port, $ca) = @$wrong;

    subtest "a certificate $what: the caller hears the error phrase" => sub {
        my $other;

        if ($ca) {
            my $stranger = ConvRelay::Nginx->new;

            certificates($stranger);
            open my $fh, '<', $stranger->dir . '/conf/ca.crt' or die;
            $other = join '', <$fh>;
        }

        my $nginx = nginx($port, $other);
        my $call = dial($nginx);

        is $call->ask('Hi'), $phrase, 'the error phrase is spoken';
        is $call->hangup, 1000, 'the call ends';

        ok $nginx->log_has($line), 'the log says why';
        like $nginx->log('error'), qr/LLM failed: upstream: 127\.0\.0\.1:\d+/,
             '... and who';
        unlike $nginx->log('error'), qr/secret-key/, '... without the key';

        is requests(0), 0, 'nothing was sent there';
    };
}


# a pool of all locations, one of each location, and, from 1.29.7 on, the one
# of each location that an upstream has by itself

my %pools = ('keepalive 4;' => 1);

if (ConvRelay::Nginx::version() >= 1029007) {
    %pools = (%pools, 'keepalive 4 local;' => 2, '' => 2);
}

for my $keepalive (sort keys %pools) {

    subtest "an upstream with \"$keepalive\": turns share connections" => sub {
        my $nginx = ConvRelay::Nginx->new;
        my $port = $api->port(4);

        $nginx->http(<<"_EOC_");
    upstream llm {
        server  127.0.0.1:$port;
        $keepalive
    }

    proxy_http_version  1.1;
    proxy_set_header    Connection "";

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            proxy_pass  http://llm/v1/chat/completions;
        }

        location = /other {
            convrelay;
            proxy_pass  http://llm/other;
        }
    }
_EOC_

        $nginx->start;

        my @calls = map { ConvRelay::Call->dial($nginx->port, $_) }
                    '/ws', '/other';

        for my $call (@calls) {
            $call->setup;
            $call->ask("Hi $_") for 1 .. 3;
            is $call->hangup, 1000, 'the call ends';
        }

        my @requests = requests(6);
        my %connections = map { $_->[0] => 1 } @requests;

        is @requests, 6, 'six turns';
        is keys %connections, $pools{$keepalive}, '... on as many connections '
                                                  . 'as there are pools';

        is_deeply [ $nginx->complaints ], [], 'no complaint';
    };
}


done_testing;
