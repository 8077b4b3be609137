package ConvRelay::Heap;

# Every byte of a server's heap, by t/lib/malloc_count.c:
#
#     my $heap = ConvRelay::Heap->new($nginx);    a ConvRelay::Nginx
#     $heap->start;                               starts it, counted
#     my ($bytes, $pieces) = $heap->counts;       once they have come to rest
#     my $n = $heap->trims;                       calls of malloc_trim() so far
#
# Sanitizers and valgrind have a malloc of their own.

use strict;
use warnings;

use ConvRelay::Nginx;
use Time::HiRes qw( sleep );


sub new {
    my ($class, $nginx) = @_;

    return bless { nginx => $nginx, counts => $nginx->dir . '/malloc' },
           $class;
}


sub start {
    my $self = shift;
    my $so = $self->{nginx}->dir . '/malloc_count.so';
    my $src = ConvRelay::Nginx->root . '/t/lib/malloc_count.c';

    system(qw( cc -O1 -shared -fPIC -o ), $so, $src) == 0
        or die "cannot compile $src\n";

    local $ENV{LD_PRELOAD} = $so;
    local $ENV{MALLOC_COUNT} = $self->{counts};

    $self->{nginx}->start;
}


sub counts {
    my $self = shift;
    my ($last, $same) = ('', 0);

    while ($same < 5) {
        open my $fh, '<:raw', $self->{counts} or die "$self->{counts}: $!\n";
        sysread $fh, my $now, 16;

        $same = $now eq $last ? $same + 1 : 0;
        $last = $now;
        sleep 0.02;
    }

    return unpack 'q2', $last;
}


sub trims {
    my $self = shift;

    open my $fh, '<:raw', $self->{counts} or die "$self->{counts}: $!\n";
    sysread $fh, my $now, 24;

    return (unpack 'q3', $now)[2];
}

1;
