package Mutants::Glue;

# Judges mutants of the rooms that use nginx: the module is built in a copy of
# the tree, and the test files that ran the line are run on it: those that have
# rare words of the line, such as a directive's name, and those that ran little
# else.  What they do not see is tried on the sanitised nginx, as .ci/asan does:
# that sees what is read after its end, and what is left.  A failure counts
# when it happens twice and the module as it is then passes, so that other work
# on the machine catches nothing.
#
#     my $judge = Mutants::Glue->new(tree => $dir, build => $dir, tests => 24,
#                                    stages => [qw( plain asan )]);
#     $judge->prepare($jobs);
#     my ($verdict, $by) = $judge->judge($mutant, $worker);
#
# Which file runs which line is measured by gcov when a test file is new or has
# changed, and kept in coverage.json.  Lines are known by their function and
# their text, so that it stays of use while the sources change.

use strict;
use warnings;

use Digest::MD5 qw( md5_hex );
use File::Path ();
use JSON::PP ();
use Mutants::Run qw( run quiet slurp spew within );
use Time::HiRes qw( time );


# not judges: random, of speed, or of what is installed

my %never = map { $_ => 1 } qw( t/chaos.t t/bench.t t/demo.t t/memory.t );


sub new {
    my ($class, %self) = @_;

    return bless \%self, $class;
}


sub make {
    my ($self, $dir, $opt, @targets) = @_;

    my $said = quiet('make', '-s', '-C', $dir, "B=$dir/build", @$opt,
                     @targets);

    return $? == 0 ? '' : $said || 'make failed';
}


my @modules = map { "ngx_http_convrelay_$_.so" } qw( module redis_module );

# what the warnings of the build refuse does not count

my @plain = ('OPT=-O1 -g0');
my @cover = ('OPT=-O0 -g0 -w', 'SAN=--coverage');


sub prepare {
    my ($self, $jobs) = @_;

    my $map = "$self->{build}/coverage.json";

    $self->{cover} = JSON::PP->new->decode(slurp($map)) if -e $map;

    my @new = grep { !$never{$_}
                     && ($self->{cover}{tests}{$_}{sum} // '')
                        ne md5_hex(slurp($_)) } glob 't/*.t';

    $self->cover(@new) if @new;

    for my $n (0 .. $jobs - 1) {
        my $dir = "$self->{build}/glue.$n";

        $self->{copy}->($dir);

        my $failed = $self->make($dir, \@plain, 'all');

        die "$dir: $failed" if $failed;

        run('mkdir', '-p', "$dir/was");
        run('cp', (map { "$dir/build/$_" } @modules), "$dir/was/");

        $self->prepare_asan($dir) if $self->stage('asan');
    }
}


sub stage {
    my ($self, $name) = @_;

    return grep { $_ eq $name } @{$self->{stages}};
}


# each has what the first one has built

sub prepare_asan {
    my ($self, $dir) = @_;

    my ($first) = grep { -x "$_/objs/nginx" }
                  map { "$_/asan" } "$self->{build}/..",
                                    "$self->{build}/glue.0/build";

    if ($first && !-e "$dir/build/asan/version") {
        run('mkdir', '-p', "$dir/build/asan/objs");
        run('cp', "$first/objs/nginx", "$dir/build/asan/objs/");
        run('cp', "$first/version", "$dir/build/asan/");
    }

    asan($dir, '--build') or die "$dir: .ci/asan --build failed\n";
}


sub asan {
    my ($dir, @args) = @_;

    return within({ wall => 1800 }, { JOBS => 1, B => "$dir/build" },
                  'sh', '-c', "cd '$dir' && exec .ci/asan @args");
}


sub cover {
    my ($self, @tests) = @_;

    my $dir = "$self->{build}/cover";
    my $cover = $self->{cover} //= {};

    $self->{copy}->($dir);

    # a cache of objects may have written paths of another tree into them

    my $failed = do {
        local $ENV{CCACHE_DISABLE} = 1;
        $self->make($dir, \@cover, 'all');
    };

    die "$dir: $failed" if $failed;

    my @notes = split /\n/, quiet('find', "$dir/build/nginx", '-name',
                                  '*.gcno', '-path', '*/addon/*');

    # workers that are not root write there, too

    run('chmod', '-R', 'a+rwX', "$dir/build");

    my %lines;

    for my $test (@tests) {
        my $sum = md5_hex(slurp($test));

        for my $keys (map { values %$_ } values %{$cover->{lines}}) {
            delete $keys->{$test};
        }

        run('find', "$dir/build", '-name', '*.gcda', '-delete');

        my $start = time;

        within({ wall => 300 }, {}, 'sh', '-c',
                             "cd '$dir' && exec prove $test")
            or print "coverage: $test fails\n";

        my $seconds = time - $start;
        my $n = 0;

        for my $note (@notes) {
            my $data = $note =~ s/gcno$/gcda/r;

            next if !-e $data;

            for my $json (split /\n/, quiet('gcov', '--json-format',
                                            '--stdout', $data))
            {
                next if $json !~ /^\{/;

                my $report = JSON::PP->new->decode($json);

                for my $file (@{$report->{files}}) {
                    my ($name) = $file->{file} =~ m{^\Q$dir\E/(.*\.c)$}
                        or next;

                    $lines{$name} //= [ split /\n/, slurp("$dir/$name"), -1 ];

                    for my $line (@{$file->{lines}}) {
                        next if !$line->{count};

                        my $text = $lines{$name}[$line->{line_number} - 1];

                        $text =~ s/^\s+//;

                        for my $key ("$line->{function_name}: $text",
                                     $line->{function_name})
                        {
                            next if !length $key;

                            $n++ if !$cover->{lines}{$name}{$key}{$test};
                            $cover->{lines}{$name}{$key}{$test} = 1;
                        }
                    }
                }
            }
        }

        $cover->{tests}{$test} = { seconds => $seconds, lines => $n,
                                   sum => $sum };
        printf "coverage: %5d lines in %5.1f s by %s\n", $n, $seconds, $test;
    }

    spew("$self->{build}/coverage.json",
         JSON::PP->new->canonical->encode($cover));
}


sub tests {
    my ($self, $mutant) = @_;

    my $lines = $self->{cover}{lines}{$mutant->{file}} // {};
    my $text = $mutant->{was} =~ s/^\s+//r;
    my $by = $lines->{"$mutant->{function}: $text"};

    # a line that goes on has no count of its own

    $by //= $lines->{$mutant->{function}} // {};

    # a table is everybody's who runs the file

    if ($mutant->{function} eq '') {
        $by = { map { %$_ } values %$lines };
    }

    my ($base) = $mutant->{file} =~ /convrelay_(\w+)\.c$/;
    my @words = $base ? split /_/, $base : ();
    my %rank;

    for my $test (keys %$by) {
        my $known = $self->{cover}{tests}{$test} or next;
        my $named = grep { $test =~ /\b\Q$_\E\b/ } @words;

        $rank{$test} = ($known->{lines} + 200 * $known->{seconds})
                       / (1 + 3 * $named);
    }

    my @tests = sort { $rank{$a} <=> $rank{$b} } keys %rank;
    my $words = $self->words($mutant, @tests);
    my @about = sort {
        $words->{$b} <=> $words->{$a} || $rank{$a} <=> $rank{$b}
    } grep { $words->{$_} } @tests;

    # half of them by their words

    splice @about, $self->{tests} / 2 if @about > $self->{tests} / 2;

    my %about = map { $_ => 1 } @about;

    @tests = (@about, grep { !$about{$_} } @tests);

    # and those that read it

    my ($name) = $mutant->{file} =~ m{([^/]+)$};

    unshift @tests, grep { !$never{$_} && index(slurp($_), $name) >= 0 }
                         glob 't/*.t' if !length $mutant->{function};

    return @tests > $self->{tests} ? @tests[0 .. $self->{tests} - 1] : @tests;
}


# how much each test file says of the names in the line: a word that few of
# them have counts more

sub words {
    my ($self, $mutant, @tests) = @_;

    my %said;

    for my $word ($mutant->{was} =~ /[a-z][a-z0-9_]{4,}/g) {
        $word =~ s/^(?:ngx_http_)?convrelay_//;

        next if length $word < 5;

        my @with = grep { index($self->{text}{$_} //= text($_), $word) >= 0 }
                        @tests;

        $said{$_} += 1 / @with for @with;
    }

    return \%said;
}


sub text {
    my $test = shift;

    return slurp($test)
           . ($test eq 't/mistakes-table.t' ? slurp('t/mistakes.txt') : '');
}


sub judge {
    my ($self, $mutant, $worker) = @_;

    my $dir = "$self->{build}/glue.$worker";
    my $file = "$dir/$mutant->{file}";
    my $text = slurp($file);
    my @lines = split /\n/, $text, -1;

    die "$mutant->{file} has changed\n"
        if $lines[$mutant->{line} - 1] ne $mutant->{was};

    $lines[$mutant->{line} - 1] = $mutant->{now};
    $mutant->{text} = join "\n", @lines;

    spew($file, $mutant->{text});

    my @verdict = $self->build_and_test($mutant, $dir);

    spew($file, $text);

    if ($verdict[0] eq 'survived' && $self->stage('asan')) {
        @verdict = $self->sanitised($mutant, $dir, $text);
    }

    return @verdict;
}


sub build_and_test {
    my ($self, $mutant, $dir) = @_;

    return 'broken' if $self->make($dir, \@plain, 'module');

    return 'same'
        if !grep { slurp("$dir/build/$_") ne slurp("$dir/was/$_") } @modules;

    my @tests = $self->tests($mutant);

    for my $test (@tests) {
        my $limit = 30 + 4 * $self->{cover}{tests}{$test}{seconds};
        my @prove = ('sh', '-c', "cd '$dir' && exec prove $test");

        my $passes = sub { within({ wall => $limit }, {}, @prove) };

        return ('caught', $test)
            if !$passes->() && !$passes->() && as_it_is($dir, $passes);
    }

    return ('survived', @tests ? scalar(@tests) . ' files' : 'no test runs it');
}


# the first of the tests on the sanitised nginx; .ci/asan runs what fails once
# more, and builds what has changed

sub sanitised {
    my ($self, $mutant, $dir, $text) = @_;

    my @tests = $self->tests($mutant);
    my $n = @tests;

    return ('survived', 'no test runs it') if !$n;

    splice @tests, 8 if @tests > 8;

    spew("$dir/$mutant->{file}", $mutant->{text});

    my $passed = asan($dir, @tests);

    spew("$dir/$mutant->{file}", $text);

    return ('caught', '.ci/asan') if !$passed && asan($dir, @tests);

    return ('survived', "$n files");
}


# with the modules without the mutant

sub as_it_is {
    my ($dir, $passes) = @_;

    my %mutant = map { $_ => slurp("$dir/build/$_") } @modules;

    spew("$dir/build/$_", slurp("$dir/was/$_")) for @modules;

    my $ok = $passes->();

    spew("$dir/build/$_", $mutant{$_}) for @modules;

    return $ok;
}


1;
