package Chaos::Part;

# What the parts have in common: cases by number, many at a time, and findings
# that say how to see them again.  A part has
#
#     $self->start            starts its servers
#     $self->case($n)         starts case $n in $self->{loop}
#     $self->idle             something else that is due, now and then
#     $self->over             no more cases are started
#     $self->finish           ends those that run still
#     $self->rest             all of them have ended: what is left?
#
# and calls $self->found($case, $what, $bytes).

use strict;
use warnings;

use Chaos::Loop;
use ConvRelay::Nginx;
use POSIX ();
use Time::HiRes qw( time );


sub new {
    my ($class, %opt) = @_;

    return bless {
        loop => Chaos::Loop->new, findings => [], count => {}, next => 0,
        at_once => 64, %opt
    }, $class;
}


# a file of this folder

sub text {
    my ($self, $name) = @_;
    my $file = ConvRelay::Nginx->root . "/t/chaos/$name";

    open my $fh, '<', $file or die "$file: $!\n";

    local $/;
    return scalar <$fh>;
}


sub found {
    my ($self, $case, $what, $bytes) = @_;

    my $at = POSIX::strftime('%H:%M:%S', localtime);

    push @{$self->{findings}}, {
        part => $self->{name}, case => $case, what => "$at $what",
        bytes => $bytes
    };

    return @{$self->{findings}};
}


# the log's lines that nothing explains belong to no case, but to the last

sub look {
    my ($self, $nginx) = @_;

    for my $line ($nginx->wrong) {
        chomp $line;
        $self->found($self->{next}, "log: $line");
    }
}


sub tick { my ($self, $name) = @_; $self->{count}{$name}++ }


# cases for so many seconds, or those that are given

sub run {
    my ($self, $seconds, @cases) = @_;
    my $loop = $self->{loop};
    my $end = time + $seconds;
    my $only = @cases;
    my $looked = 0;

    while ($only ? @cases : time < $end) {

        while ($self->busy < $self->{at_once} && ($only ? @cases : 1)) {
            my $n = $only ? shift @cases : ++$self->{next};

            $self->{next} = $n;
            $self->tick('cases');
            $self->case($n);
        }

        $loop->turn(0.05);
        $self->idle;

        if (time - $looked > 0.3) {
            $looked = time;
            $self->look($self->{nginx});
        }

        last if @{$self->{findings}} >= 5;
    }

    # a while for what was begun, although each case may take longer

    $self->{over} = 1;
    $self->over;

    my $patience = time + ($only ? 60 : 3);

    while ($self->busy && time < $patience) {
        $loop->turn(0.05);
        $self->idle;
    }

    $self->finish;
    $self->rest;
    $self->look($self->{nginx});
    $self->{over} = 0;

    return @{$self->{findings}};
}


sub busy { return $_[0]{loop}->count }


sub finish {
    my $self = shift;
    my $loop = $self->{loop};

    $loop->end($_, 'over') for values %{$loop->{conns}};
}


sub idle { }
sub over { }
sub rest { }


sub summary {
    my $self = shift;

    return join ', ', map { "$self->{count}{$_} $_" }
                      sort { ($b eq 'cases') - ($a eq 'cases') || $a cmp $b }
                      keys %{$self->{count}};
}


1;
