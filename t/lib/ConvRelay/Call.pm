package ConvRelay::Call;

# A caller as Twilio is one, on a socket of its own:
#
#     my $call = ConvRelay::Call->dial($port, '/ws');     rcvbuf => BYTES,
#                                      nodelay => 1, no wait for ACKs of TCP,
#                                      host => NAME, headers => [ LINE, ... ],
#                                      sign => the auth token
#     $call->setup;
#     $call->prompt('Hi');
#     $call->batch({ type => ... }, { ... });         in one packet
#     my $text = $call->answer;        all tokens up to last:true
#     $call->tokens(2);                the next two
#     $call->quiet(0.5);               true where so long nothing but pings came
#     my @messages = $call->arrived;   what has come, after select() said so;
#                                      a pong is one of type "pong"
#     $call->interrupt('One two');
#     $call->hangup;                   the close handshake; its code
#     $call->fin, $call->rst, $call->torn
#     $call->end;                      what the server ends it with: a code,
#                                      "eof", "reset", or "timeout"
#
# Every frame is checked on the way: not masked, no RSV bit, final, UTF-8 and
# JSON; what is wrong dies.  Pings are answered and counted in {pings}.

use strict;
use warnings;

use Digest::SHA ();
use Encode ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Socket qw( IPPROTO_TCP SOL_SOCKET SO_LINGER SO_RCVBUF TCP_NODELAY );
use Time::HiRes qw( time );


my %setup = (
    type => 'setup', sessionId => 'VX1', accountSid => 'AC1',
    callSid => 'CA1', from => '+15550100001', to => '+15550100002',
    direction => 'inbound',
);


sub dial {
    my ($class, $port, $path, %opt) = @_;

    my $self = bless { in => '', pings => 0, %opt }, $class;

    $self->{timeout} //= 10 * ($ENV{TEST_NGINX_SLOW} // 1);

    $self->{sock} = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                          PeerPort => $port, Timeout => 5,
                                          Sockopts => [
        $self->{rcvbuf} ? [ SO_RCVBUF, pack 'i', $self->{rcvbuf} ] : () ])
        or return;

    setsockopt $self->{sock}, IPPROTO_TCP, TCP_NODELAY, 1 if $self->{nodelay};

    syswrite $self->{sock}, join "\r\n", "GET $path HTTP/1.1",
        'Host: ' . ($self->{host} // 'localhost'), 'Upgrade: websocket',
        'Connection: Upgrade', @{ $self->{headers} // [] },
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        $self->{sign} ? 'X-Twilio-Signature: '
                        . Digest::SHA::hmac_sha1_base64("wss://localhost$path",
                                                        $self->{sign}) . '='
                      : (), '', '';

    while ($self->{in} !~ /\r\n\r\n/) {
        my $how = $self->fill;
        die "$how in the handshake: $self->{in}\n" if $how;
    }

    ($self->{head}, $self->{in}) = split /\r\n\r\n/, $self->{in}, 2;
    die "$self->{head}\n" if $self->{head} !~ m{^HTTP/1.1 101 };

    return $self;
}


# the next bytes; what ended it, or nothing

sub fill {
    my $self = shift;
    my $timeout = $self->{until} ? $self->{until} - time : $self->{timeout};

    $timeout > 0 && IO::Select->new($self->{sock})->can_read($timeout)
        or return 'timeout';

    my $n = sysread $self->{sock}, $self->{in}, 65536, length $self->{in};

    return defined $n ? $n ? () : 'eof' : 'reset';
}


sub raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';

    return syswrite $self->{sock}, $bytes;
}


sub frame {
    my ($opcode, $payload) = @_;

    my $len = length $payload;
    my $key = "\x12\x34\xab\xcd";

    return chr(128 | $opcode)
           . ($len < 126 ? chr(128 | $len) : pack 'Cn', 254, $len)
           . $key
           . ($payload ^ substr $key x ($len / 4 + 1), 0, $len);
}


sub send {
    my ($self, %message) = @_;

    return $self->raw(frame(1, JSON::PP->new->utf8->canonical
                                       ->encode(\%message)));
}


# several messages in one packet

sub batch {
    my ($self, @messages) = @_;

    my $json = JSON::PP->new->utf8->canonical;

    return $self->raw(join '', map { frame(1, $json->encode($_)) } @messages);
}


sub setup  { my $self = shift; return $self->send(%setup, @_) }


sub prompt {
    my ($self, $text) = @_;

    return $self->send(type => 'prompt', voicePrompt => $text,
                       lang => 'en-US', last => JSON::PP::true);
}


sub interrupt {
    my ($self, $heard) = @_;

    return $self->send(type => 'interrupt',
                       utteranceUntilInterrupt => $heard,
                       durationUntilInterruptMs => 65 * length $heard);
}


# (opcode, payload), or what ended the connection

sub read_frame {
    my $self = shift;

    for ( ;; ) {
        if ($self->{in} =~ /^(.)([\x00-\x7d])/s
            || $self->{in} =~ /^(.)\x7e(..)/s)
        {
            my ($first, $len) = (ord $1, length $2 > 1 ? unpack('n', $2)
                                                       : ord $2);
            my $head = $+[2];

            if (length $self->{in} >= $head + $len) {
                die sprintf "frame starts with %02x\n", $first
                    if $first & 0x70 || !($first & 0x80);

                my $payload = substr $self->{in}, $head, $len;
                substr $self->{in}, 0, $head + $len, '';

                return ($first & 15, $payload);
            }

        } elsif ($self->{in} =~ /^..[\x80-\xff]|^.[\x7f-\xff]/s) {
            die "masked frame, or one above 64 kB\n";
        }

        my $how = $self->fill;
        return $how if $how;
    }
}


# the next message, or nothing at the end of the connection

sub message {
    my $self = shift;

    for ( ;; ) {
        my ($opcode, $payload) = $self->read_frame;

        if (!defined $payload) {
            $self->{how} = $opcode;
            return;
        }

        if ($opcode == 9) {
            $self->{pings}++;
            $self->raw(frame(10, $payload));
            next;
        }

        if ($opcode == 8) {
            $self->{how} = length $payload ? unpack 'n', $payload : 'close';
            $self->{reason} = substr $payload, 2 if length $payload > 2;
            return;
        }

        return { type => 'pong', data => $payload } if $opcode == 10;
        die "opcode $opcode\n" if $opcode != 1;

        Encode::decode('UTF-8', my $copy = $payload, Encode::FB_CROAK);

        return JSON::PP->new->utf8->decode($payload);
    }
}


# without waiting for more

sub arrived {
    my $self = shift;
    my $how = $self->fill;
    my @messages;

    local $self->{until} = 1;

    while (my $m = $self->message) {
        push @messages, $m;
    }

    if ($how) {
        $self->{how} = $how if $self->{how} eq 'timeout';

    } elsif ($self->{how} eq 'timeout') {
        delete $self->{how};
    }

    return @messages;
}


sub tokens {
    my ($self, $n) = @_;
    my $text = '';

    while ($n--) {
        my $m = $self->message or return "$text<$self->{how}>";

        $text .= $m->{token};
        last if $m->{last};
    }

    return $text;
}


sub quiet {
    my ($self, $seconds) = @_;

    local $self->{until} = time + $seconds;

    return !$self->message && delete $self->{how} eq 'timeout';
}


sub answer { return $_[0]->tokens(1_000_000_000) }


sub ask {
    my ($self, $text) = @_;

    $self->prompt($text);
    return $self->answer;
}


# waits for the end, whatever comes before it

sub end {
    my $self = shift;

    while (!defined $self->{how}) {
        $self->message;
    }

    return $self->{how};
}


sub hangup {
    my ($self, $code) = @_;

    $self->raw(frame(8, pack 'n', $code // 1000));
    my $how = $self->end;

    # the server closes first, RFC 6455, 7.1.1

    my ($after) = $self->read_frame;
    close $self->{sock};

    return $after eq 'eof' || $after eq 'reset' ? $how : "$how, then $after";
}


sub fin {
    my $self = shift;

    close $self->{sock};
}


sub rst {
    my $self = shift;

    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
    close $self->{sock};
}


# the connection ends in the middle of a frame

sub torn {
    my $self = shift;

    $self->raw(substr frame(1, '{"type":"prompt","voicePrompt":"Hi"}'), 0, 20);
    close $self->{sock};
}


1;
