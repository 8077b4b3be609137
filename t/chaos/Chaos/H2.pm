package Chaos::H2;

# HTTP/2 on the wire, as far as requests need it:
#
#     Chaos::H2::frame($type, $flags, $stream, $payload)
#     Chaos::H2::headers(name => value, ...)      a block of literals
#     my $streams = Chaos::H2::parse($bytes);     { 1 => { status, data, end } }

use strict;
use warnings;

use constant {
    DATA => 0, HEADERS => 1, PRIORITY => 2, RST_STREAM => 3, SETTINGS => 4,
    PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9,

    END_STREAM => 1, END_HEADERS => 4, PADDED => 8,
};

our $preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

my %indexed = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
               14 => 500);


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return pack('CnCCN', length($payload) >> 16, length($payload) & 65535,
                $type, $flags, $stream)
           . $payload;
}


# RFC 7541, 5.1, with a prefix of 7 bits

sub integer {
    my $n = shift;

    return chr $n if $n < 127;

    my $out = chr 127;

    for ($n -= 127; $n > 127; $n >>= 7) {
        $out .= chr($n & 127 | 128);
    }

    return $out . chr $n;
}


sub headers {
    my $out = '';

    while (my ($name, $value) = splice @_, 0, 2) {
        $out .= "\0" . integer(length $name) . $name
                . integer(length $value) . $value;
    }

    return $out;
}


# a status is a header of the static table, or its name is

sub status {
    my $block = shift;

    # a table's size may come first

    $block =~ s/^[\x20-\x3f]//;

    return $indexed{ord($1) & 127} if $block =~ /^([\x88-\x8e])/;
    return $1 if $block =~ /^[\x08\x18\x48]\x03(\d{3})/s;

    return 0;
}


sub parse {
    my $bytes = shift;
    my %streams;
    my $at = 0;

    while (length $bytes >= $at + 9) {
        my ($high, $low, $type, $flags, $n) = unpack 'CnCCN',
                                              substr $bytes, $at, 9;
        my $len = $high << 16 | $low;

        last if length $bytes < $at + 9 + $len;

        my $payload = substr $bytes, $at + 9, $len;

        $at += 9 + $len;

        if ($type == DATA) {
            $streams{$n}{data} .= $payload;
            $streams{$n}{end} = 1 if $flags & END_STREAM;

        } elsif ($type == HEADERS) {
            $streams{$n}{status} //= status($payload);
            $streams{$n}{end} = 1 if $flags & END_STREAM;

        } elsif ($type == RST_STREAM) {
            $streams{$n}{reset} = unpack 'N', $payload;
            $streams{$n}{end} = 1;

        } elsif ($type == GOAWAY) {
            $streams{goaway} = unpack 'x4N', $payload;
        }
    }

    return \%streams;
}


1;
