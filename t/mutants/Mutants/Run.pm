package Mutants::Run;

# Programs, and files as strings.

use strict;
use warnings;

use Exporter 'import';
use POSIX ();

our @EXPORT_OK = qw( run quiet slurp spew within );


# true where it exits with 0; its output is discarded

sub run { return within({}, {}, @_) }


# what it said

sub quiet {
    my @command = @_;

    my $pid = open my $fh, '-|' // die "fork: $!\n";

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }

    my $said = join '', <$fh>;

    close $fh;
    return $said;
}


# a process group of its own, within limits: wall and cpu in seconds, the latter
# of each of its processes, memory in kilobytes of address space.  Where other
# work runs beside it, only cpu is a fair one.

sub within {
    my ($limits, $env, @command) = @_;

    my $wall = $limits->{wall};
    my @ulimit;

    push @ulimit, "ulimit -t $limits->{cpu}" if $limits->{cpu};
    push @ulimit, "ulimit -v $limits->{memory}" if $limits->{memory};

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $ENV{MUTANTS_LOG} // '/dev/null';
        open STDERR, '>&', \*STDOUT;

        @ENV{keys %$env} = values %$env;

        @command = ('sh', '-c', join('; ', @ulimit, 'exec "$@"'), 'sh',
                    @command) if @ulimit;

        exec @command or POSIX::_exit(127);
    }

    my $late;

    local $SIG{ALRM} = sub { $late = 1; kill KILL => -$pid };

    alarm $wall if $wall;

    1 while waitpid($pid, 0) == -1 && $!{EINTR};

    my $status = $?;

    alarm 0;

    # its children

    kill KILL => -$pid;

    return !$late && $status == 0;
}


sub slurp {
    my $name = shift;

    open my $fh, '<:raw', $name or die "$name: $!\n";
    local $/;

    return scalar(<$fh>) // '';
}


sub spew {
    my ($name, $text) = @_;

    open my $fh, '>:raw', $name or die "$name: $!\n";
    print $fh $text;
    close $fh or die "$name: $!\n";
}


1;
