package Chaos::Loop;

# Connections that follow scripts, many at a time:
#
#     my $loop = Chaos::Loop->new;
#     my $c = $loop->connect($port, @steps);
#     $loop->listen($port, sub { my $c = shift; ... });
#     $loop->turn(0.1);                   waits so long at most
#
# Steps are
#
#     [send => $bytes]        [pause => $seconds]
#     [fin => ]               sends no more
#     [close => ], [rst => ]
#     [deaf => $seconds]      reads nothing for a while
#     [until => $code, $seconds]      waits till $code->($c) is true
#     [eof => $seconds]       waits till the peer ends it
#     [do => $code]           $code->($c) may add steps to @{$c->{script}}
#
# A connection is a hash: what came is in {in}; {how} is what ended it: "eof",
# "reset", "closed" by the script, or "timeout" with {step}, the number of the
# step that was waited in.  {on_input} and {on_end} are called with it.

use strict;
use warnings;

use Errno qw( EAGAIN EINPROGRESS EINTR );
use Fcntl qw( F_GETFL F_SETFL O_NONBLOCK );
use Socket qw( :all );
use Time::HiRes qw( time );


sub new { return bless { conns => {}, listen => {} }, shift }


sub nonblocking {
    my $fh = shift;

    fcntl $fh, F_SETFL, O_NONBLOCK | fcntl $fh, F_GETFL, 0
        or die "fcntl: $!\n";
}


sub connect {
    my ($self, $port, @script) = @_;

    socket my $fh, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
    nonblocking($fh);

    my $c = $self->add($fh, @script);

    connect $fh, pack_sockaddr_in($port, INADDR_LOOPBACK)
        or $! == EINPROGRESS or $self->end($c, 'refused');

    setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1;

    return $c;
}


sub add {
    my ($self, $fh, @script) = @_;

    my $c = {
        fh => $fh, fd => fileno $fh, loop => $self, script => [@script],
        at => 0, in => '', out => '', started => time,
    };

    return $self->{conns}{$c->{fd}} = $c;
}


sub listen {
    my ($self, $port, $accepted) = @_;

    socket my $fh, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
    setsockopt $fh, SOL_SOCKET, SO_REUSEADDR, 1;

    bind $fh, pack_sockaddr_in($port, INADDR_LOOPBACK)
        or die "port $port: $!\n";
    listen $fh, 1024 or die "listen: $!\n";
    nonblocking($fh);

    $self->{listen}{fileno $fh} = { fh => $fh, accepted => $accepted };
}


# a socket that is read by $readable->($fh)

sub watch {
    my ($self, $fh, $readable) = @_;

    nonblocking($fh);
    $self->{listen}{fileno $fh} = { fh => $fh, readable => $readable };
}


sub count { return scalar keys %{$_[0]{conns}} }


sub turn {
    my ($self, $max) = @_;
    my ($r, $w) = ('', '');
    my $now = time;

    for my $c (values %{$self->{conns}}) {
        $self->step($c, $now);
    }

    for my $c (values %{$self->{conns}}) {
        vec($r, $c->{fd}, 1) = 1 if !$c->{deaf};
        vec($w, $c->{fd}, 1) = 1 if length $c->{out};

        my $wait = ($c->{wake} // next) - $now;

        $max = $wait < 0 ? 0 : $wait if $wait < $max;
    }

    vec($r, $_, 1) = 1 for keys %{$self->{listen}};

    my $n = select $r, $w, undef, $max;

    return if !defined $n || $n <= 0;

    for my $fd (keys %{$self->{listen}}) {
        my $l = $self->{listen}{$fd};

        next if !vec $r, $fd, 1;

        if ($l->{readable}) {
            $l->{readable}->($l->{fh});
            next;
        }

        while (accept my $fh, $l->{fh}) {
            nonblocking($fh);
            setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1;
            $l->{accepted}->($self->add($fh));
        }
    }

    for my $c (values %{$self->{conns}}) {
        my $fd = $c->{fd};

        $self->write($c) if vec $w, $fd, 1;
        $self->read($c) if !$c->{how} && vec $r, $fd, 1;
    }
}


# takes the steps that need no waiting

sub step {
    my ($self, $c, $now) = @_;

    while (!$c->{how}) {
        my $step = $c->{script}[$c->{at}];

        if (!$step || length $c->{out} && $step->[0] !~ /^(?:rst|do)$/) {
            last;
        }

        my ($what, @args) = @$step;

        if ($what =~ /^(?:pause|deaf)$/) {
            $c->{wake} //= $now + $args[0];
            $c->{deaf} = $what eq 'deaf';
            last if $now < $c->{wake};
            delete @$c{qw( wake deaf )};

        } elsif ($what =~ /^(?:until|eof)$/) {
            my $seconds = $what eq 'until' ? $args[1] : $args[0];

            if ($what eq 'eof' || !$args[0]->($c)) {
                $c->{wake} //= $now + $seconds;

                if ($now >= $c->{wake}) {
                    $c->{step} = $c->{at};
                    return $self->end($c, 'timeout');
                }

                last;
            }

            delete $c->{wake};

        } elsif ($what eq 'send') {
            $c->{out} .= $args[0];
            $self->write($c);

        } elsif ($what eq 'fin') {
            shutdown $c->{fh}, 1;

        } elsif ($what eq 'do') {
            $args[0]->($c);

        } elsif ($what eq 'rst') {
            setsockopt $c->{fh}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
            return $self->end($c, 'closed');

        } elsif ($what eq 'close') {
            return $self->end($c, 'closed');

        } else {
            die "step $what\n";
        }

        $c->{at}++;
    }
}


sub write {
    my ($self, $c) = @_;
    local $SIG{PIPE} = 'IGNORE';

    my $n = syswrite $c->{fh}, $c->{out};

    if (defined $n) {
        substr $c->{out}, 0, $n, '';
        return;
    }

    return if $! == EAGAIN || $! == EINTR;

    # what came before the peer closed is read still

    $c->{out} = '';
}


sub read {
    my ($self, $c) = @_;

    my $n = sysread $c->{fh}, $c->{in}, 65536, length $c->{in};

    if (!defined $n) {
        return if $! == EAGAIN || $! == EINTR;
        return $self->end($c, 'reset');
    }

    return $self->end($c, 'eof') if $n == 0;

    $c->{on_input}->($c) if $c->{on_input};
}


sub end {
    my ($self, $c, $how) = @_;

    return if $c->{how};

    $c->{how} = $how;
    close $c->{fh};

    delete $self->{conns}{$c->{fd}};

    $c->{on_end}->($c) if $c->{on_end};
}


1;
