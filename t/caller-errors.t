# convrelay-call and servers that misbehave, at each step of a call: one line
# says what was wrong, and the exit code says where.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use Digest::SHA qw( sha1_base64 );
use Errno ();
use IO::Socket::INET;
use POSIX ();
use Socket qw( SOL_SOCKET SO_LINGER );
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};


my $head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           . "Connection: Upgrade\r\n";


sub accept_key {
    my ($key) = $_[0] =~ /^Sec-WebSocket-Key: (\S+)/m;

    return sha1_base64($key . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';
}


# a right answer to the handshake, and the frames of a server after it

sub open_with {
    my $bytes = join '', @_;

    return sub {
        my ($sock, $request) = @_;
        my $accept = accept_key($request);

        syswrite $sock, "${head}Sec-WebSocket-Accept: $accept\r\n\r\n$bytes";
    };
}


sub frame {
    my ($first, $payload) = @_;
    my $len = length $payload;

    return chr($first) . ($len < 126 ? chr $len : pack 'Cn', 126, $len)
           . $payload;
}


# the same frame again and again, until the caller has gone

sub flood {
    my ($frame, $reads) = @_;
    my $bytes = $frame x 500;

    return sub {
        my $sock = $_[0];
        my $in;

        open_with()->(@_);
        $sock->blocking(0) if $reads;

        while (1) {
            my $n = syswrite $sock, $bytes;

            last if !defined $n && !$!{EAGAIN};
            substr $bytes, 0, $n, '' if $n;
            $bytes .= $frame x 500 if length $bytes < 1000;

            next if !$reads;
            $n = sysread $sock, $in, 65536;
            last if defined $n && $n == 0;
        }
    };
}


sub raw {
    my $bytes = shift;

    return sub { syswrite $_[0], $bytes };
}



my $token = frame(0x81, '{"type":"text","token":"One ","last":false}');
my $broken = qr/the server closed the connection in the middle of the call/;

# exit code, what the line says, what the server does, and whether it stays

my @cases = (
    ['closes at once', 4, qr/closed the connection during the handshake/,
     sub {}],
    ['never answers', 4, qr/no WebSocket within 400 ms/, sub {}, 1],
    ['resets', 4, qr/closed the connection during|reset/i, sub {
        setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
    }],
    ['ends in the status line', 4, qr/closed the connection during/,
     raw('HTTP/1.1 10')],
    ['ends in the header', 4, qr/closed the connection during/, raw($head)],
    ['stops in the header', 4, qr/no WebSocket within/, raw($head), 1],
    ['never ends its header', 4, qr/handshake has no end/,
     raw($head . 'X-Y: ' . 'z' x 20000), 1],
    ['does not speak HTTP', 4, qr/does not answer in HTTP\/1\.1/,
     raw("SSH-2.0-OpenSSH_9.2\r\n\r\n")],
    ['speaks HTTP/1.0', 4, qr/does not answer in HTTP\/1\.1/,
     raw("HTTP/1.0 101 Switching Protocols\r\n\r\n")],
    ['answers 200', 4, qr/answered "200 OK" to the WebSocket handshake/,
     raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    ['redirects', 4, qr/answered "302 Found"/,
     raw("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")],
    ['answers nothing but a status', 4, qr/lacks Upgrade: websocket/,
     raw("HTTP/1.1 101\r\n\r\n")],
    ['leaves Connection out', 4, qr/lacks Connection: upgrade/,
     raw("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n")],
    ['leaves the accept key out', 4, qr/Sec-WebSocket-Accept is missing/,
     raw("$head\r\n")],
    ['has a wrong accept key', 4, qr/Sec-WebSocket-Accept is wrong/,
     raw("${head}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")],
    ['accepts an extension', 4, qr/accepted Sec-WebSocket-Extensions/,
     raw("${head}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")],
    ['sends a header without a colon', 4, qr/without a colon/,
     raw("${head}nonsense\r\n\r\n")],
    ['sends zeros', 4, qr/closed the connection during/, raw("\0" x 100)],

    ['closes after the handshake', 5, $broken, open_with()],
    ['closes in an answer', 5, $broken, open_with($token)],
    ['closes in the header of a frame', 5, $broken, open_with("\x81")],
    ['closes in a frame', 5, $broken, open_with(substr $token, 0, 20)],
    ['resets in a call', 5, $broken, sub {
        open_with($token)->(@_);
        select undef, undef, undef, 0.1;
        setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
    }],
    ['closes with 1011', 5, $broken,
     open_with(frame(0x88, pack 'n', 1011))],
    ['masks its frames', 5, qr/sent a masked frame .*1002/,
     open_with("\x81\x82\1\2\3\4{}"), 1],
    ['sets RSV bits', 5, qr/sent .*1002/, open_with(frame(0xc1, '{}')), 1],
    ['sends text that is not UTF-8', 5, qr/sent .*UTF-8 .*1007/,
     open_with(frame(0x81, "\xff")), 1],
    ['closes with a bad code', 5, qr/sent .*1002/,
     open_with(frame(0x88, pack 'n', 1005)), 1],
    ['announces 2 GiB', 5, qr/sent .*1009/,
     open_with("\x81\x7f" . pack 'Q>', 2 ** 31), 1],
    ['sends ten invalid messages', 5, qr/10 messages in a row that Twilio would reject/,
     open_with(frame(0x81, '{"type":"txt"}') x 12), 1],
    ['never answers a prompt', 1, qr/no answer within 400 ms/, open_with(), 1],
    ['never ends an answer', 1, qr/no answer within 400 ms/,
     open_with($token), 1],
    ['never stops speaking', 1, qr/no answer within 400 ms/,
     flood($token, 1)],
    ['never stops pinging', 1, qr/no answer within 400 ms/,
     flood(frame(0x89, 'x' x 100), 1)],
    ['pings and does not read', 5, qr/does not read: \d+ bytes are queued/,
     flood(frame(0x89, 'x' x 125), 0)],
);

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
    or die "listen: $!\n";

my $port = $listen->sockport;
my $server = fork // die "fork: $!\n";

if ($server == 0) {
    $SIG{PIPE} = 'IGNORE';
    alarm 120;

    while (my $sock = $listen->accept) {
        my $request = '';

        while ($request !~ /\r\n\r\n/) {
            sysread $sock, $request, 4096, length $request or last;
        }

        my ($n) = $request =~ m{^\w+ /(\d+)} or next;
        my $case = $cases[$n];

        $case->[3]->($sock, $request);

        if ($case->[4]) {
            local $SIG{ALRM} = sub { die };
            eval { alarm 4; 1 while sysread $sock, my $in, 65536; };
            alarm 60;
        }

        close $sock;
    }

    POSIX::_exit(0);
}

close $listen;

for my $n (0 .. $#cases) {
    my ($what, $code, $says) = @{$cases[$n]};

    # time to fill what may wait for a server that does not read

    my $run = caller_run('-e', 'Hi',
                         '--timeout', $says =~ /bytes are queued/ ? '20s' : '400ms',
                         "ws://127.0.0.1:$port/$n");

    is($run->{code}, $code, "a server that $what")
    or diag("$run->{out}\n$run->{err}");
    like($run->{err}, qr/^convrelay-call: [^\n]*$says[^\n]*\n\z/,
         '... is reported in one line');
}


# the webhook

kill TERM => $server;
waitpid $server, 0;

my $run = caller_run('-e', 'Hi', "http://127.0.0.1:$port/twiml");
is($run->{code}, 3, 'a webhook without a server');
like($run->{err}, qr/^convrelay-call: POST [^\n]*refused|connect[^\n]*\n\z/i,
     '... is reported in one line');

$run = caller_run('-e', 'Hi', "ws://127.0.0.1:$port/");
is($run->{code}, 4, 'a relay without a server');
like($run->{err}, qr/^[^\n]*Connection refused\n\z/, '... is reported in one line');

$run = caller_run('-e', 'Hi', 'ws://relay.invalid/');
is($run->{code}, 4, 'a relay whose name is unknown');
like($run->{err}, qr/^convrelay-call: ws:[^\n]+: [^\n]+\n\z/,
     '... is reported in one line');

done_testing();
