# Tickets of convrelay_talk and reloads: the memory of used ones, and the key,
# stay as they are.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;


sub configuration {
    my $more = shift // 'location = /talk { convrelay_talk /ws public; }';

    return <<"_EOC_";
    convrelay_zone        calls  256k;
    convrelay_talk_limit  2;

    server {
        listen  127.0.0.1:%%PORT_1%%;
        location / { convrelay_mock_llm answer=repeat first=0 interval=0; }
    }
    server {
        listen             127.0.0.1:%%PORT%%;
        keepalive_timeout  60s;

        location = /ws {
            convrelay;
            convrelay_auth_token  0123456789abcdef0123456789abcdef;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
            proxy_pass          http://127.0.0.1:%%PORT_1%%/;
        }
        $more
    }
_EOC_
}


sub started {
    my ($main) = @_;
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http(configuration(), $main);

    return $nginx->start;
}


# asks for a ticket on a connection that stays open: a status, and the answer

sub ask {
    my $sock = shift;

    print $sock join "\r\n", 'POST /talk HTTP/1.1', 'Host: localhost',
                             'Origin: http://localhost', 'Content-Length: 0',
                             '', '';

    my ($head, $len) = ('', 0);

    while (my $line = <$sock>) {
        last if $line eq "\r\n";
        $len = $1 if $line =~ /^Content-Length: (\d+)/i;
        $head .= $line;
    }

    read $sock, my($body), $len;

    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};

    return ($status // 'eof', $body);
}


sub connected {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => shift->port, Timeout => 5)
               or die "connect: $!\n";

    return $sock;
}


sub ticket {
    my ($status, $body) = ask(connected(shift));

    die "$status\n" if $status != 200;

    return JSON::PP::decode_json($body);
}


# a call with what was given, or the status of its refusal

sub talk {
    my ($nginx, $given) = @_;

    my $call = eval {
        ConvRelay::Call->dial($nginx->port, '/ws', headers => [
            'Origin: http://localhost', 'Sec-WebSocket-Protocol: '
                                        . join ', ', @{$given->{protocols}} ]);
    } or return $@ =~ m{^HTTP/1\.1 (\d+)} ? $1 : $@;

    $call->raw(ConvRelay::Call::frame(1, $given->{setup}));

    return $call;
}


subtest 'with a master process' => sub {
    my $nginx = started("worker_processes  2;\n");
    my ($used, $kept) = map { ticket($nginx) } 1, 2;

    my $call = talk($nginx, $used);

    is $call->ask('One?'), 'One?', 'a call';

    $nginx->hup;

    is talk($nginx, $used), 403, 'a used ticket stays used after a reload';

    my $second = talk($nginx, $kept);

    is $second->ask('Two?'), 'Two?', 'one of before it is good';
    is $call->ask('Three?'), 'Three?', 'the call of before it goes on';

    is talk($nginx, ticket($nginx))->end, 1008, 'and counts';

    $call->hangup;
    $second->hangup;
    $nginx->stop;
};


subtest 'without one, and without the page afterwards' => sub {
    my $nginx = started("master_process  off;\n");
    my $sock = connected($nginx);

    is +(ask($sock))[0], 200, 'a ticket';

    my $call = talk($nginx, ticket($nginx));

    is $call->ask('One?'), 'One?', 'a call';

    $nginx->http(configuration(''), "master_process  off;\n");
    $nginx->signal('HUP');
    ok $nginx->log_has(qr/reconfiguring/), 'a reload';

    # nginx may have closed the connection, or serve it as before

    like +(ask($sock))[0], qr/^(?:200|404|eof)$/, 'a page that was open asks';
    is $nginx->gone(1), undef, 'nginx serves on';
    ok length $call->ask('Two?'), 'so does the call';
    is $call->hangup, 1000, 'till its end';

    $nginx->signal('QUIT');
    ok defined $nginx->gone, 'and nginx till its own';
    is $nginx->status, 0, '... which is a good one';
};


done_testing;
