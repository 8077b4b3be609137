# A caller that hangs up and then hardly reads has five seconds for what waits
# for it and the Close, and costs nothing meanwhile.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use IO::Select;
use IO::Socket::INET;
use Socket qw( SOL_SOCKET SO_RCVBUF );
use Test::More;
use Time::HiRes qw( sleep time );

$SIG{PIPE} = 'IGNORE';

my $slow = $ENV{TEST_NGINX_SLOW} // 1;
my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_');
    server {
        listen      127.0.0.1:%%PORT%% sndbuf=16k;
        access_log  off;

        location = /ws {
            convrelay;
            convrelay_max_frame_rate  0;
            proxy_pass                http://127.0.0.1:9/v1/chat/completions;
        }
    }
_EOC_

$nginx->start;

my ($worker) = $nginx->workers;


# where each of them stops to read, in bytes before the end: what the kernel
# holds then is too much for a write event and too little to be in the way

my $pings = 1500;
my $payload = 'p' x 20;
my $all = $pings * (2 + length $payload);
my @stops = map { $all - 500 * $_ } 2 .. 41;
my @callers = map { hang_up() } @stops;

for my $n (0 .. $#callers) {
    trickle($callers[$n], $stops[$n]);
}

my $start = time;
my $switches = switches();
my $open = IO::Select->new(@callers);

while ($open->count && time - $start < 8 * $slow) {
    sleep 0.25;

    for my $sock ($open->handles) {
        $open->remove($sock) if gone($sock);
    }
}

is $open->count, 0, 'whoever reads on or not, the end is the end';

cmp_ok switches() - $switches, '<', 1500 * $slow,
       '... and none keeps the worker busy';

$nginx->stop;
is_deeply [ $nginx->complaints ], [], 'no complaint';

done_testing;


sub frame {
    my ($opcode, $data) = @_;

    return pack('CCN', 0x80 | $opcode, 0x80 | length $data, 0) . $data;
}


sub hang_up {
    socket my $sock, Socket::PF_INET(), Socket::SOCK_STREAM(), 0
        or die "socket: $!\n";
    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, 2048 or die "rcvbuf: $!\n";
    connect $sock, Socket::pack_sockaddr_in($nginx->port,
                                            Socket::inet_aton('127.0.0.1'))
        or die "connect: $!\n";

    syswrite $sock, join "\r\n", 'GET /ws HTTP/1.1', 'Host: localhost',
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13', '', '';

    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread $sock, $head, 4096, length $head or die "handshake: $head\n";
    }

    syswrite $sock, frame(9, $payload) x $pings . frame(8, pack 'n', 1000);

    return $sock;
}


# with each read a byte comes from the caller: the server looks after both

sub trickle {
    my ($sock, $stop) = @_;

    my $read = 0;

    while ($read < $stop) {
        IO::Select->new($sock)->can_read(1) or return;

        my $n = sysread $sock, my $data, $stop - $read < 500 ? $stop - $read
                                                             : 500;
        return if !$n;

        $read += $n;
        syswrite $sock, 'x';
    }

    return;
}


# the kernel says whether the other side has closed, read or unread

sub gone {
    my $sock = shift;

    my $info = getsockopt $sock, Socket::IPPROTO_TCP(), 11;     # TCP_INFO

    return !defined $info || unpack('C', $info) != 1;           # ESTABLISHED
}


sub switches {
    open my $fh, '<', "/proc/$worker/status" or return 0;

    return (join('', <$fh>) =~ /^voluntary_ctxt_switches:\s+(\d+)/m)[0];
}
