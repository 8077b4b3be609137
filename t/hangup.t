# A caller is gone: whenever and however that happens, the LLM's connection is
# closed with it, nothing of the call is left, and the worker goes on.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Select;
use IO::Socket::INET;
use Test::More;

my $nginx = ConvRelay::Nginx->new;

# the LLM is played by this process

my $llm = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16,
                                LocalPort => $nginx->port(1), ReuseAddr => 1)
    or die "LLM: $!\n";

$nginx->http(<<'_EOC_');
    log_format  calls  '$uri $status $convrelay_turns $convrelay_tokens';
    log_format  turns  '$status';
    log_format  ends   '$convrelay_end';

    server {
        listen      127.0.0.1:%%PORT%%;
        access_log  logs/access.log calls;

        location = /ws {
            convrelay;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/v1/chat/completions;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
        }

        location = /lost {
            convrelay;
            access_log          logs/ends.log ends;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/v1/chat/completions;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
        }

        location = /status {
            access_log   off;
            stub_status;
        }
    }
_EOC_

$nginx->start;

my ($worker) = $nginx->workers;


sub event {
    my $data = 'data: {"choices":[{"delta":{"content":"' . shift . '"}}]}';

    return "$data\n\n";
}


sub chunk {
    my $data = shift;

    return sprintf "%x\r\n%s\r\n", length $data, $data;
}


my $head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
           . "Transfer-Encoding: chunked\r\n\r\n";

# what the LLM has sent when the caller goes, and the tokens in it

my @moments = (
    [ 'while the LLM thinks', '', 0 ],
    [ 'in the head of its answer', substr($head, 0, 30), 0 ],
    [ 'before the first token', $head, 0 ],
    [ 'between two tokens', $head . chunk(event('one ') . event('two ')), 2 ],
    [ 'in the middle of a chunk',
      $head . substr(chunk(event('one ') . event('two ')), 0, 70), 1 ],
    [ 'after [DONE], the body not being over',
      $head . chunk(event('one ') . "data: [DONE]\n\n"), 2 ],
);

my %ways = (
    FIN => sub { $_[0]->fin },
    RST => sub { $_[0]->rst },
    'a torn frame' => sub { $_[0]->torn },
    Close => sub { is $_[0]->hangup, 1000, "... and the Close is answered" },
);

my @lines;

for my $moment (@moments) {
    my ($when, $sent, $tokens) = @$moment;

    for my $way (sort keys %ways) {
        my $call = ConvRelay::Call->dial($nginx->port, '/ws');

        $call->setup;
        $call->prompt('Hi');

        my $turn = accept_turn();

        syswrite $turn, $sent;
        $call->tokens($tokens);

        $ways{$way}->($call);

        is ended($turn), 'closed', "$way $when: the LLM's connection closes";

        push @lines, "/ws 101 1 " . ($sent =~ /\[DONE/ ? 1 : $tokens);
    }
}

# without a turn, and before there could be one

for my $way (sort keys %ways) {
    $ways{$way}->(ConvRelay::Call->dial($nginx->port, '/ws'));
    push @lines, '/ws 101 0 0';

    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup;
    $ways{$way}->($call);
    push @lines, '/ws 101 0 0';
}

# prompt and end in one packet: the turn has begun when the end is read

my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;
$call->raw(ConvRelay::Call::frame(1, '{"type":"prompt","voicePrompt":"a",'
                                     . '"last":true}')
           . ConvRelay::Call::frame(8, pack 'n', 1000));
is $call->end, 1000, 'a prompt and a Close in one packet';
push @lines, '/ws 101 1 0';

my $turn = IO::Select->new($llm)->can_read(1) && $llm->accept;
is $turn ? ended($turn) : 'closed', 'closed', '... leave no turn behind';

# a token and the reset wait for the worker, and the token is sent first

$call = ConvRelay::Call->dial($nginx->port, '/lost');
$call->setup;
$call->prompt('Hi');

$turn = accept_turn();
syswrite $turn, $head . chunk(event('one '));
$call->tokens(1);

kill STOP => $worker;
syswrite $turn, chunk(event('two '));
$call->rst;
kill CONT => $worker;

is ended($turn), 'closed', 'RST while a token is sent: it is noticed';

ConvRelay::Nginx::wait_for(5, sub { $nginx->log('ends') });
is $nginx->log('ends'), "dropped\n", '... and is not an error of this server';

ConvRelay::Nginx::wait_for(5, sub { connections() == 1 });
is connections(), 1, 'no connection is left but the one that asks';

is join("\n", sort split /\n/, $nginx->log('access')),
   join("\n", sort @lines), 'each call has its line in the access log';

$call = ConvRelay::Call->dial($nginx->port, '/ws');
$call->setup;
$call->prompt('Hi');

$turn = accept_turn();
syswrite $turn, $head . chunk(event('fine') . "data: [DONE]\n\n")
                . "0\r\n\r\n";

is $call->answer, 'fine', 'the next call is answered';
is $call->hangup, 1000, '... and ends';
is_deeply [ $nginx->workers ], [ $worker ], '... on the same worker';

$nginx->stop;
is $nginx->status, 0, 'nginx ends well';
is_deeply [ $nginx->complaints ], [], 'and had nothing to complain of';

done_testing;


sub accept_turn {
    IO::Select->new($llm)->can_read(5) or die "no turn\n";

    my $turn = $llm->accept;
    my $request = '';

    while ($request !~ /\r\n\r\n\{.*\}\]\}$/s) {
        IO::Select->new($turn)->can_read(5) or die "no request: $request\n";
        sysread $turn, $request, 65536, length $request
            or die "half a request: $request\n";
    }

    return $turn;
}


sub ended {
    my $turn = shift;

    for ( ;; ) {
        IO::Select->new($turn)->can_read(2) or return 'open';
        sysread $turn, my $data, 65536 or return 'closed';
    }
}


sub connections {
    my $s = IO::Socket::INET->new("127.0.0.1:" . $nginx->port) or return;

    print $s "GET /status HTTP/1.0\r\n\r\n";

    local $/;
    return <$s> =~ /Active connections: (\d+)/ ? $1 : undef;
}
