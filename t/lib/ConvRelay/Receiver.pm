package ConvRelay::Receiver;

# The server that a location of nginx asks, played by the test itself:
#
#     my $receiver = ConvRelay::Receiver->new;
#     $receiver->port
#     my $r = $receiver->next;            the next request, or nothing
#     my $r = $receiver->next($seconds);  where none comes in this time
#     $r->{line}, $r->{head}, $r->{body}
#     $r->{headers}{'content-type'}       by names in lower case
#     $r->reply(200);                     closes the connection afterwards
#     $r->reply(200, $body, @headers);
#     $r->reset;                          by RST, without an answer
#     $r->closed                          whether nginx closes it first

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw( SOL_SOCKET SO_LINGER );
use Time::HiRes qw( time );

my $slow = $ENV{TEST_NGINX_SLOW} // 1;


sub new {
    my $class = shift;

    my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128)
        or die "no port: $!\n";

    return bless { sock => $sock }, $class;
}


sub port { return $_[0]{sock}->sockport }


sub next {
    my ($self, $seconds) = @_;

    IO::Select->new($self->{sock})->can_read(($seconds // 10) * $slow)
        or return;

    my $c = $self->{sock}->accept;
    my $data = '';

    while ($data !~ /\r\n\r\n/) {
        sysread $c, $data, 65536, length $data or die "half a request\n";
    }

    my $start = index($data, "\r\n\r\n") + 4;
    my ($length) = $data =~ /^Content-Length: (\d+)/mi;

    while (length($data) < $start + ($length // 0)) {
        sysread $c, $data, 65536, length $data or die "half a body\n";
    }

    my ($line, @headers) = split /\r\n/, substr $data, 0, $start;

    return bless {
        c => $c, line => $line, head => substr($data, 0, $start),
        body => substr($data, $start), at => time,
        headers => { map { /^(.*?): *(.*)$/ ? (lc $1 => $2) : () } @headers },
    }, 'ConvRelay::Receiver::Request';
}


package ConvRelay::Receiver::Request;


sub reply {
    my ($self, $status, $body, @headers) = @_;

    $body //= '';

    syswrite $self->{c}, join "\r\n", "HTTP/1.1 $status Word",
        'Content-Length: ' . length $body, @headers, '', $body;

    close $self->{c};
}


sub send {
    my ($self, $bytes) = @_;

    return syswrite $self->{c}, $bytes;
}


sub reset {
    my $self = shift;

    setsockopt $self->{c}, Socket::SOL_SOCKET, Socket::SO_LINGER,
               pack 'ii', 1, 0;
    close $self->{c};
}


sub closed {
    my $self = shift;

    IO::Select->new($self->{c})->can_read(10 * $slow) or return 0;

    return !sysread $self->{c}, my $data, 1;
}


1;
