package Mutants::Pure;

# Judges mutants of the pure rooms: the unit tests that link the file, the
# nearest first, then the same under sanitizers with leak detection and a
# pattern in variables that are not set (.ci/valgrind sees those), then the
# fuzzers that link it.
#
#     my $judge = Mutants::Pure->new(root => $copy, build => $dir, ...);
#     $judge->prepare(@files);
#     my ($verdict, $by) = $judge->judge($mutant, $worker);
#
# A failure of a test that measures times counts when it happens twice and the
# test passes without the mutant, so that other work on the machine catches
# nothing.
#
# A verdict is "caught", "survived", "same" (the compiler's output does not
# differ) or "broken" (it does not compile).

use strict;
use warnings;

use File::Path ();
use Mutants::Run qw( run quiet slurp spew within );
use Time::HiRes qw( time );

my @libs = qw( -lcjson -lcrypto );

my %stage = (
    plain => {
        cc => [ qw( gcc -std=gnu11 -g0 -O2 -w ) ],
    },
    asan => {
        cc => [ qw( gcc -std=gnu11 -g -O1 -w -fno-sanitize-recover=undefined ),
                '-fsanitize=address,undefined',
                '-ftrivial-auto-var-init=pattern' ],
    },
    fuzz => {
        cc => [ qw( clang -std=gnu11 -g -O1 -w ),
                '-fno-sanitize-recover=undefined',
                '-fsanitize=fuzzer-no-link,address,undefined',
                '-ftrivial-auto-var-init=pattern' ],
        link => [ qw( -fsanitize=fuzzer ) ],
    },
);


sub new {
    my ($class, %self) = @_;

    my $self = bless \%self, $class;

    $self->{incs} = [ map { "-I$self->{root}/src/$_" } @{$self->{rooms}},
                      'caller' ];

    return $self;
}


sub prepare {
    my $self = shift;

    for my $name (@{$self->{stages}}) {
        $self->archive($name);
        $self->programs($name);
    }
}


# all objects of a stage, those that are newer than their sources left alone

sub archive {
    my ($self, $name) = @_;

    my $stage = $stage{$name};
    my $dir = "$self->{build}/$name";
    my @objs;

    File::Path::make_path($dir);

    my $headers = newest(glob "$self->{root}/src/*/*.h $self->{root}/t/*/*.h");

    $self->{headers} = $headers;

    for my $src (map { glob "$self->{root}/src/$_/*.c" } @{$self->{rooms}}) {
        my ($base) = $src =~ m{([^/]+)\.c$};
        my $obj = "$dir/$base.o";

        push @objs, $obj;

        next if fresh($obj, $headers, $src);

        run(@{$stage->{cc}}, @{$self->{incs}}, '-c', '-o', $obj, $src)
            or die "$src does not compile\n";
    }

    unlink "$dir/all.a";
    run('ar', 'rcs', "$dir/all.a", @objs) or die "ar failed\n";
}


sub newest {
    my ($last) = sort { $b <=> $a } map { (stat)[9] } @_;

    return $last // 0;
}


sub fresh {
    my ($obj, $headers, @srcs) = @_;

    return -e $obj && (stat $obj)[9] > newest(@srcs)
           && (stat $obj)[9] > $headers;
}


# the objects of all programs of a stage, and which members each of them links

sub programs {
    my ($self, $name) = @_;

    my $stage = $stage{$name};
    my $dir = "$self->{build}/$name";
    my $of = $name eq 'fuzz' ? 'fuzz' : 'unit';

    for my $src (glob "$self->{root}/t/$of/*.c") {
        my ($base) = $src =~ m{([^/]+)\.c$};

        next if $base =~ /^caller_/;

        my $text = slurp($src);
        my @included = map { /"(\w+\.c)"/ } $text =~ /^#include ".*"$/mg;
        my $obj = "$dir/$base.test.o";

        my $fresh = fresh($obj, $self->{headers}, $src);

        if (!$fresh) {
            run(@{$stage->{cc}}, @{$self->{incs}}, "-I$self->{root}/t/unit",
                "-I$self->{root}/t/fuzz", '-c', '-o', $obj, $src)
                or die "$src does not compile\n";
        }

        my $trace = quiet(@{$stage->{cc}}, @{$stage->{link} // []},
                          '-Wl,--trace,--trace', '-o', "$dir/$base.bin", $obj,
                          "$dir/all.a", @libs);

        my %links = map { $_ => 1 } $trace =~ /all\.a\)(\w+)\.o$/mg;

        $links{s/\.c$//r} = 2 for @included;

        $self->{programs}{$name}{$base} = {
            obj => $obj, src => $src, links => \%links,
            timed => scalar($text =~ /\bclock_gettime\(/),
        };

        -e "$dir/$base.bin" or die "$src does not link: $trace";

        # a test that fails as it is judges nothing

        if (!$fresh || !-e "$dir/$base.seconds") {
            my $start = time;

            if (!$self->passes_as_it_is($name, $base)) {
                print "not a judge, it fails as it is: $name $base\n";
                delete $self->{programs}{$name}{$base};
                next;
            }

            spew("$dir/$base.seconds", time - $start);
        }

        $self->{seconds}{$name}{$base} = slurp("$dir/$base.seconds");
    }
}


# nearest first: those with the file's name, then those that link little

sub nearest {
    my ($self, $name, $member) = @_;

    my $programs = $self->{programs}{$name};
    my @words = grep { $_ ne 'convrelay' } split /_/, $member;
    my %near;

    for my $base (keys %$programs) {
        next if !$programs->{$base}{links}{$member};

        my $common = grep { $base =~ /(?:^|_)\Q$_\E/ } @words;

        $near{$base} = [ -$common, scalar keys %{$programs->{$base}{links}} ];
    }

    for my $base (keys %near) {
        $near{$base}[1] += 20 * $self->{seconds}{$name}{$base};
    }

    return sort {
        $near{$a}[0] <=> $near{$b}[0] || $near{$a}[1] <=> $near{$b}[1]
        || $a cmp $b
    } keys %near;
}


sub judge {
    my ($self, $mutant, $worker) = @_;

    my $dir = "$self->{build}/work.$worker";
    my ($member) = $mutant->{file} =~ m{([^/]+)\.c$};

    File::Path::remove_tree($dir);
    File::Path::make_path("$dir/now");

    my $text = slurp("$self->{root}/$mutant->{file}");

    my @lines = split /\n/, $text, -1;

    die "$mutant->{file} has changed\n"
        if $lines[$mutant->{line} - 1] ne $mutant->{was};

    $lines[$mutant->{line} - 1] = $mutant->{now};
    spew("$dir/now/$member.c", join "\n", @lines);

    run(@{$stage{plain}{cc}}, @{$self->{incs}}, '-S',
        '-o', "$dir/now.s", "$dir/now/$member.c")
        or return 'broken';

    $self->{was}{$member} //= $self->assembly($mutant->{file}, "$dir/was.s");

    return 'same' if $self->{was}{$member} eq slurp("$dir/now.s");

    for my $name (@{$self->{stages}}) {
        my $by = $self->stage($name, $member, $dir);

        return ('caught', $by) if $by;
    }

    return 'survived';
}


sub assembly {
    my ($self, $file, $to) = @_;

    run(@{$stage{plain}{cc}}, @{$self->{incs}}, '-S', '-o', $to,
        "$self->{root}/$file")
        or die "$file does not compile\n";

    return slurp($to);
}


sub stage {
    my ($self, $name, $member, $dir) = @_;

    my $stage = $stage{$name};
    my $obj = "$dir/$name.o";

    my @near = $self->nearest($name, $member) or return;

    run(@{$stage->{cc}}, @{$self->{incs}}, '-c', '-o', $obj,
        "$dir/now/$member.c")
        or return;

    for my $base (@near) {
        my $program = $self->{programs}{$name}{$base};
        my $test = $program->{obj};
        my @with = $obj;

        # a test that includes the file itself

        if ($program->{links}{$member} == 2) {
            $test = "$dir/test.o";
            @with = ();

            run(@{$stage->{cc}}, "-I$dir/now", @{$self->{incs}},
                "-I$self->{root}/t/unit", '-c', '-o', $test, $program->{src})
                or next;
        }

        run(@{$stage->{cc}}, @{$stage->{link} // []}, '-o', "$dir/bin", $test,
            @with, "$self->{build}/$name/all.a", @libs)
            or next;

        return "$name $base"
            if !$self->passes($name, $base, "$dir/bin", $dir)
               && (!$program->{timed}
                   || (!$self->passes($name, $base, "$dir/bin", $dir)
                       && $self->passes_as_it_is($name, $base)));
    }

    return;
}


# without the mutant; one that measures times may have lost its turn

sub passes_as_it_is {
    my ($self, $name, $base) = @_;

    my $dir = "$self->{build}/$name";
    my $tries = $self->{programs}{$name}{$base}{timed} ? 3 : 1;

    for (1 .. $tries) {
        return 1 if $self->passes($name, $base, "$dir/$base.bin", $dir);
    }

    return;
}


sub passes {
    my ($self, $name, $base, $bin, $dir) = @_;

    my %env = (ASAN_OPTIONS => 'detect_leaks=1:detect_odr_violation=0');
    my @args;

    # the bounds of times are those of the code without sanitizers

    $env{TEST_NGINX_SLOW} = 2 if $name ne 'plain';

    if ($name eq 'fuzz') {
        mkdir "$dir/corpus";
        @args = ('-seed=1', "-max_total_time=$self->{fuzz_time}",
                 '-timeout=30', '-rss_limit_mb=2048', '-max_len=8192',
                 "-artifact_prefix=$dir/", "$dir/corpus",
                 grep { -d } "$self->{root}/t/fuzz/corpus/$base");
    }

    # a program that waits for something uses no time of the processor

    my $known = $self->{seconds}{$name}{$base};
    my $cpu = int(defined $known ? 15 + 5 * $known : 600);

    my %limits = (cpu => $cpu, wall => 20 * $cpu);

    $limits{memory} = 2 << 20 if $name eq 'plain';

    my $ok = within(\%limits, \%env, $bin, @args);

    File::Path::remove_tree("$dir/corpus");

    return $ok;
}


1;
