package Chaos::Random;

# Random numbers that a seed repeats on any machine:
#
#     my $r = Chaos::Random->new($seed, 'http', $case);
#     $r->int(6), $r->between(1, 6), $r->one_in(3), $r->pick(@list)
#     $r->bytes(20), $r->word, $r->text(20), $r->cut($string)

use strict;
use warnings;

use Digest::MD5 ();

my @words = qw( trees oak rain Lima seven window colour the of a maybe bread
                river nine stone light );

# what escaping, parsing and copying go wrong on

my @strange = (
    '<', '>', '&', '"', "'", '&amp;', ']]>', '<!--', '%', '+', '=', ';', ',',
    '\\', '\\u0000', '\\ud800', '$', '$1', '{', '}', '[', "\r\n", "\n", "\t",
    "\0", "\x01", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
    "\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xef\xbf\xbf", "\xc0\x80",
    "\xf4\x90\x80\x80", "\xef\xbb\xbf", ' ', '  ', '..', '/', '?', '#',
);


sub new {
    my $class = shift;

    my $x = unpack 'N', Digest::MD5::md5(join "\0", @_);

    return bless { x => $x || 1 }, $class;
}


sub next {
    my $self = shift;
    my $x = $self->{x};

    $x ^= ($x << 13) & 0xffffffff;
    $x ^= $x >> 17;
    $x ^= ($x << 5) & 0xffffffff;

    return $self->{x} = $x;
}


sub int     { return $_[0]->next % $_[1] }
sub between { return $_[1] + $_[0]->next % ($_[2] - $_[1] + 1) }
sub one_in  { return $_[0]->next % $_[1] == 0 }


sub pick {
    my $self = shift;

    return $_[$self->next % @_];
}


# a part of a second

sub seconds {
    my ($self, $max) = @_;

    return $max * $self->int(1000) / 1000;
}


# mostly small, at times very large

sub size {
    my ($self, $max) = @_;

    return $self->int(1 + $self->pick(2, 20, 200, $max));
}


sub bytes {
    my ($self, $n) = @_;

    return join '', map { chr $self->int(256) } 1 .. $n;
}


sub word { return $_[0]->pick(@words) }


sub strange { return $_[0]->pick(@strange) }


# words, and between them what is strange

sub text {
    my ($self, $n) = @_;

    return join $self->pick('', ' '),
           map { $self->one_in(4) ? $self->strange : $self->word } 1 .. $n;
}


# words alone

sub plain {
    my ($self, $n) = @_;

    return join ' ', map { $self->word } 1 .. $n;
}


sub shuffle {
    my ($self, @list) = @_;

    for my $i (reverse 1 .. $#list) {
        my $n = $self->int($i + 1);

        @list[$i, $n] = @list[$n, $i];
    }

    return @list;
}


# a string in up to $max pieces

sub cut {
    my ($self, $string, $max) = @_;
    my @pieces;

    my $n = $self->between(1, $max // 5);

    while (--$n > 0 && length $string > 1) {
        push @pieces, substr $string, 0, $self->between(1, length($string) - 1),
                             '';
    }

    return (@pieces, $string);
}


# a string with some of its bytes changed, gone, doubled or moved

sub mutate {
    my ($self, $string) = @_;

    for (1 .. $self->pick(1, 1, 2, 5)) {
        my $len = length $string or return $string;
        my $at = $self->int($len);
        my $n = $self->between(1, $self->pick(1, 4, 40));

        my $what = $self->int(6);

        if ($what == 0) {
            substr $string, $at, 1, chr $self->int(256);

        } elsif ($what == 1) {
            substr $string, $at, $n, '';

        } elsif ($what == 2) {
            substr $string, $at, 0, substr $string, $at, $n;

        } elsif ($what == 3) {
            substr $string, $at, 0, $self->strange;

        } elsif ($what == 4) {
            substr $string, $at, 0, substr $string, $self->int($len), $n;

        } else {
            substr $string, $at, 1, chr(1 << $self->int(8)
                                        ^ ord substr $string, $at, 1);
        }
    }

    return $string;
}


1;
