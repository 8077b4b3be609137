package ConvRelay::Memory;

# The memory of a zone, as a process has it:
#
#     my $memory = ConvRelay::Memory->new($pid, $size);
#     $memory->read($offset, $length);
#     $memory->write($offset, $bytes);
#     $memory->zone;          offset of what convrelay lays out in it
#
# The size tells the zone from other shared memory, so it is one that no other
# has.

use strict;
use warnings;
no warnings "portable";


sub new {
    my ($class, $pid, $size) = @_;

    open my $maps, '<', "/proc/$pid/maps" or die "/proc/$pid/maps: $!\n";

    while (<$maps>) {
        my ($start, $end) = /^([0-9a-f]+)-([0-9a-f]+) rw-s / or next;

        next if hex($end) - hex($start) != $size;

        open my $mem, '+<:raw', "/proc/$pid/mem"
            or die "/proc/$pid/mem: $!\n";

        return bless { mem => $mem, start => hex($start), size => $size },
                     $class;
    }

    die "process $pid has no zone of $size bytes\n";
}


sub read {
    my ($self, $offset, $length) = @_;

    sysseek $self->{mem}, $self->{start} + $offset, 0 or die "seek: $!\n";
    sysread($self->{mem}, my $bytes, $length) == $length
        or die "read of $length at $offset: $!\n";

    return $bytes;
}


sub write {
    my ($self, $offset, $bytes) = @_;

    sysseek $self->{mem}, $self->{start} + $offset, 0 or die "seek: $!\n";
    syswrite($self->{mem}, $bytes) == length $bytes
        or die 'write of ' . length($bytes) . " at $offset: $!\n";
}


sub zone {
    my $self = shift;

    for (my $offset = 4096; $offset < $self->{size}; $offset += 4096) {
        return $offset
            if unpack('L', $self->read($offset, 4)) >> 8 == 0x435253;
    }

    die "nothing of convrelay in it\n";
}


1;
