# Random tests of a live nginx, in short; t/chaos says what is random in them.
#
#     make chaos TIME=600                 all parts, on both nginx
#     make chaos TIME=60 PART=http SEED=5
#     make chaos PART=http SEED=5 CASE=17 what was found, again
#
# A seed repeats what is sent, not when.  So what is found becomes a test of
# its own.  Without SEED the tests here have one that never changes.

use strict;
use warnings;

use lib 't/lib', 't/chaos';

use File::Temp ();
use Test::More;

plan skip_all => 'valgrind is too slow for it' if $ENV{TEST_NGINX_VALGRIND};

my %share = (http => 0.3, calls => 0.5, conf => 0.2);

my $time = $ENV{CHAOS_TIME} || 20;
my $seed = $ENV{CHAOS_SEED} || 1;
my @parts = split ' ', $ENV{CHAOS_PART} || 'http calls conf';
my @cases = split ' ', $ENV{CHAOS_CASE} || '';

diag "seed $seed" if $ENV{CHAOS_TIME};

my $sum = 0;

$sum += $share{$_} // die "no part $_\n" for @parts;

$ENV{TEST_NGINX_ALARM} = $time * 2 + 300;
$SIG{PIPE} = 'IGNORE';

for my $name (@parts) {
    my $class = 'Chaos::' . ($name eq 'http' ? 'HTTP' : ucfirst $name);

    eval "require $class" or die $@;

    my $part = $class->new(seed => $seed);

    my @findings = eval {
        $part->start;
        $part->run($time * $share{$name} / $sum, @cases);
    };

    @findings = $part->found(0, "it broke off: $@") if $@;

    ok !@findings, "$name: " . $part->summary;
    diag "$name: " . $part->summary if $ENV{CHAOS_TIME};

    for my $f (@findings) {
        diag "$f->{what}\n  make chaos SEED=$seed PART=$f->{part} "
             . "CASE=$f->{case}";
        keep($f) if defined $f->{bytes};
    }
}

done_testing;


# the bytes of a case, in a file that stays

sub keep {
    my $f = shift;
    my $name = File::Spec->tmpdir . "/chaos-$f->{part}-$seed-$f->{case}";

    open my $fh, '>:raw', $name or return;
    print $fh $f->{bytes};
    diag "  its bytes: $name";
}
