package ConvRelay::Together;

# Subtests that wait most of their time, at the same time: each in a process of
# its own, with what it opens; their results come in this order.
#
#     together('name' => sub { ... }, ...);

use strict;
use warnings;

use Exporter qw( import );
use File::Temp ();
use POSIX ();
use Test::More;

our @EXPORT = qw( together );


sub together {
    my @running;

    while (my ($name, $code) = splice @_, 0, 2) {
        my $file = File::Temp->new;
        my $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            begin($code, $file->filename);
        }

        push @running, [ $name, $file, $pid ];
    }

    for (@running) {
        my ($name, $file, $pid) = @$_;

        waitpid $pid, 0;

        my $status = $?;

        subtest $name => sub { replay($file->filename, $status) };
    }
}


sub begin {
    my ($code, $name) = @_;
    my $builder = Test::More->builder;

    open my $out, '>', $name or POSIX::_exit(1);
    $out->autoflush;

    $builder->reset;
    $builder->$_($out) for qw( output failure_output todo_output );

    eval { $code->() };
    $builder->ok(0, "died: $@") if $@;
    $builder->done_testing;

    POSIX::_exit($builder->is_passing ? 0 : 1);
}


sub replay {
    my ($name, $status) = @_;

    open my $in, '<', $name or return fail("no output: $!");

    while (<$in>) {
        chomp;

        if (/^(not )?ok \d+(?: - (.*))?/) {
            ok !$1, $2;

        } elsif (/^# (.*)/) {
            diag $1;
        }
    }

    is $status, 0, '... to its end' if $status;
    done_testing;
}


1;
