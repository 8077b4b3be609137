package ConvRelay::Caller;

# Runs convrelay-call:
#
#     my $run = caller_run('--tap', '-e', 'Hi', $url);
#     $run->{code}, $run->{out}, $run->{err}      exit code, what it printed
#     $run->{json}                                decoded, with --json
#
# A first argument that is a hash is added to its environment; one that is a
# reference to a string is what it reads from standard input.
#
# A sanitizer's report, a signal or more than 60 seconds (TEST_NGINX_ALARM sets
# another limit) fail the test that runs it, by the code.

use strict;
use warnings;

use Cwd ();
use Exporter qw( import );
use File::Basename ();
use File::Temp ();
use JSON::PP ();
use POSIX ();

our @EXPORT = qw( caller_run caller_start caller_end caller_path );

my $root = Cwd::realpath(File::Basename::dirname(__FILE__) . '/../../..');
my $build = $ENV{TEST_NGINX_BUILD} // "$root/build";


sub caller_path { return "$build/convrelay-call" }


sub caller_run { return caller_end(caller_start(@_)) }


# in two steps, for several at once

sub caller_start {
    my %env = ref $_[0] eq 'HASH' ? %{ shift @_ } : ();
    my @args = @_;
    my ($out, $err, $in) = map { File::Temp->new } 1 .. 3;

    if (ref $args[0]) {
        print $in ${ shift @args };
        close $in;
    }

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', "$in";
        open STDOUT, '>&', $out;
        open STDERR, '>&', $err;

        # nothing of the environment decides what it says

        delete @ENV{qw( TWILIO_AUTH_TOKEN NO_COLOR http_proxy https_proxy )};
        @ENV{keys %env} = values %env;

        # the caller frees all that it takes, unlike nginx's tests

        if ($ENV{ASAN_OPTIONS}) {
            $ENV{ASAN_OPTIONS} =~ s/detect_leaks=0/detect_leaks=1/;
            $ENV{ASAN_OPTIONS} =~ s/:log_path=[^:]*//;
        }

        alarm(($ENV{TEST_NGINX_ALARM} // 60) * ($ENV{TEST_NGINX_SLOW} // 1));
        exec caller_path(), @args or POSIX::_exit(127);
    }

    return { pid => $pid, args => \@args, in => $in, files => [$out, $err] };
}


sub caller_end {
    my $started = shift;

    waitpid $started->{pid}, 0;

    my %run = (code => $? & 127 ? 'signal ' . ($? & 127) : $? >> 8);

    @run{qw( out err )} = map { slurp("$_") } @{$started->{files}};

    if ("$run{out}$run{err}" =~ /Sanitizer|runtime error:/) {
        $run{code} = "sanitizer report: $run{err}";
    }

    if (grep { $_ eq '--json' } @{$started->{args}}) {
        $run{json} = eval { JSON::PP->new->utf8->decode($run{out}) };
    }

    return \%run;
}


sub slurp {
    open my $fh, '<', shift or return '';
    local $/;

    return scalar(<$fh>) // '';
}


1;
