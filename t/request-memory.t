# A request costs what it sends, whatever it repeats: what nginx keeps of any
# other request as long, and no more.
#
# Every byte of nginx's heap is counted, by t/lib/malloc_count.c.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw( sleep );

plan skip_all => 'sanitizers and valgrind have a malloc of their own'
    if $ENV{ASAN_OPTIONS} || $ENV{TEST_NGINX_VALGRIND};

my $nginx = ConvRelay::Nginx->new;
my $counts = $nginx->dir . '/malloc';

$nginx->http(<<'_EOC_');
    server {
        listen                   127.0.0.1:%%PORT%%;
        client_body_buffer_size  64k;

        location = /ws {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%/v1/chat/completions;
        }

        location = /signed {
            convrelay;
            convrelay_auth_token  12345;
            proxy_pass  http://127.0.0.1:%%PORT_1%%/v1/chat/completions;
        }

        location = /twiml {
            convrelay_twiml       wss://voice.example.com/ws;
            convrelay_auth_token  12345 67890;
        }

        location = /variable {
            return  200 "$convrelay_form_z\n";
        }
    }
_EOC_

my $so = $nginx->dir . '/malloc_count.so';
my $src = ConvRelay::Nginx->root . '/t/lib/malloc_count.c';

system(qw( cc -O1 -shared -fPIC -o ), $so, $src) == 0
    or die "cannot compile $src\n";

{
    local $ENV{LD_PRELOAD} = $so;
    local $ENV{MALLOC_COUNT} = $counts;

    $nginx->start;
}


# bytes of the heap, when it has come to rest

sub heap {
    my ($last, $same) = ('', 0);

    while ($same < 5) {
        open my $fh, '<:raw', $counts or die "$counts: $!\n";
        sysread $fh, my $now, 8;

        $same = $now eq $last ? $same + 1 : 0;
        $last = $now;
        sleep 0.02;
    }

    return unpack 'q', $last;
}


# what a worker may keep for the next call, or give back, at any time

my $spare = 8192;


# what the server keeps of a request once it has answered; and its status

sub kept {
    my $bytes = shift;

    my $before = heap();
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port, Timeout => 5)
        or die "cannot connect: $!\n";

    my $left = $bytes;

    while (length $left) {
        my $n = syswrite $sock, $left or die "cannot send: $!\n";
        substr $left, 0, $n, '';
    }

    sysread $sock, my $head, 65536 or die "no answer\n";

    my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
    my $size = heap() - $before;

    close $sock;
    ConvRelay::Nginx::wait_for(5, sub { heap() <= $before + $spare })
        or die "the request was not freed\n";

    return ($size, $status);
}


# a handshake with $n more lines of 30 bytes each; what comes after its end
# makes the server linger, with all that it has of the request

sub handshake {
    my ($path, $n, $name) = @_;

    my $line = "$name: ";

    $line .= 'a' x (30 - length $line);

    return join("\r\n", "GET $path HTTP/1.1", 'Host: localhost',
                'Connection: close, Upgrade', 'Upgrade: websocket',
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
                'Sec-WebSocket-Version: 13', ($line) x $n, '', '')
           . ('x' x 100);
}


kept(handshake('/signed', 1, 'X-Other'));

# nginx keeps a copy of each name, so the other one is as long

sub costs_no_more {
    my ($path, $name, $wanted) = @_;

    my ($other) = kept(handshake($path, 900, 'X' x length $name));
    my ($size, $status) = kept(handshake($path, 900, $name));

    is $status, $wanted, "900 lines of $name are answered $wanted";
    cmp_ok $size, '<=', $other + $spare, '... and cost no more than others';
    note "$size bytes, others $other";
}


subtest 'a handshake that is refused' => sub {
    my %status = (Upgrade => 403, Connection => 403,
                  'X-Twilio-Signature' => 403,
                  'Sec-WebSocket-Key' => 400, 'Sec-WebSocket-Version' => 400);

    costs_no_more('/signed', $_, $status{$_}) for sort keys %status;
};


subtest 'a handshake that is let in' => sub {
    costs_no_more('/ws', $_, 101)
        for qw( Upgrade Connection X-Twilio-Signature );
};


# a refused form, or a handshake's arguments

my $wrong = 'A' x 27 . '=';

sub form {
    my $body = shift;

    return join("\r\n", 'POST /twiml HTTP/1.1', 'Host: localhost',
                'Connection: close', "X-Twilio-Signature: $wrong",
                'Content-Type: application/x-www-form-urlencoded',
                'Content-Length: ' . length $body, '', '')
           . $body . 'x' x 100;
}


sub arguments {
    my ($path, $args) = @_;

    return handshake("$path?$args", 1, 'X-Twilio-Signature');
}


subtest 'a form that is refused' => sub {
    my ($other, $status) = kept(form('a' x 65536));

    is $status, 403, 'one parameter of 64 kB is answered 403';
    note "$other bytes";

    for my $n (500, 501, 32768) {
        my $pair = 'a' x (65536 / $n - 1) . '&';
        my ($size, $status) = kept(form($pair x $n));
        my $pairs = 32 * ($n > 500 ? 1 : $n);

        is $status, $n > 500 ? 413 : 403, "$n parameters are answered";
        cmp_ok $size, '<=', $other + $pairs + $spare, '... and cost their pairs';
        note "$size bytes";
    }
};


subtest 'arguments of a handshake, and of a request with variables' => sub {
    for my $path ('/signed', '/ws', '/variable') {
        my ($other) = kept(arguments($path, 'a' x 7000));
        my ($size) = kept(arguments($path, 'a&' x 3500));

        cmp_ok $size, '<=', $other + $spare, "3500 of $path cost no more";
        note "$size bytes, others $other";
    }
};


$nginx->stop;
is_deeply [ $nginx->complaints('crit|alert|emerg') ], [], 'no complaint';

done_testing;
