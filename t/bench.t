# The benchmark in its short form: that it works, that no server loses a token
# in it, and that it would notice.  Nothing is timed here.

use strict;
use warnings;

use File::Basename ();
use File::Temp ();
use JSON::PP ();
use Test::More;

my $build = $ENV{TEST_NGINX_BUILD} // 'build';

plan skip_all => 'sanitizers and valgrind say nothing about speed'
    if $ENV{ASAN_OPTIONS} || $ENV{TEST_NGINX_VALGRIND};
plan skip_all => 'needs make bench-build'
    if !-x "$build/bench/floor" && !$ENV{TEST_NGINX_ALL};

local $ENV{BENCH_BUILD} = $build;

my $dir = File::Temp::tempdir('convrelay-test-XXXXXX', TMPDIR => 1,
                              CLEANUP => 1);


sub bench {
    my $output = `t/bench/run --quick --json $dir/result.json @_ 2>&1`;
    my $code = $? >> 8;

    open my $fh, '<', "$dir/result.json" or die "no result: $output";

    return $code, $output, JSON::PP::decode_json(do { local $/; <$fh> });
}


my ($code, $output, $result) = bench();

for my $run (@{$result->{runs}}) {
    my $of = $run->{result};

    is $of->{code}, 0, "$run->{scenario}, $run->{server}"
        or diag $of->{first_fault};
}

is $code, 0, 'the whole of it' or diag $output;

my %did = map { ("$_->{scenario} $_->{server}" => $_->{result}) }
          @{$result->{runs}};

cmp_ok $did{"load $_"}{tokens}, '>', 0, "tokens came under load, $_"
    for qw( convrelay everything );
cmp_ok $did{'load convrelay'}{cpu_us_per_token}, '>', 0, 'and cost CPU';
cmp_ok $did{'interrupt convrelay'}{interrupts}, '>', 0, 'interrupts were sent';
is $did{'interrupt convrelay'}{not_closed}, 0, 'and closed the connection';
cmp_ok $did{'connect convrelay'}{calls}, '>', 0, 'calls came and went';
cmp_ok $did{'tool convrelay'}{turns}, '>', 0, 'tools were called';
cmp_ok $did{'tool convrelay'}{$_}, '>', 0, "... $_"
    for qw( tool_p50_ms result_p50_ms );
cmp_ok $did{'twiml convrelay'}{webhooks}, '>', 0, 'webhooks were answered';
is $did{'many convrelay'}{calls_closed}, 400, 'many calls lived to their end';

# some 20 KiB, most of them OpenSSL's, and 16 more with a buffer for sending

my $private = $did{'tls_private convrelay'}{private_kib_per_call};

cmp_ok $private, '>', 10, 'an idle call behind TLS has memory of its own';
cmp_ok $private, '<', 28, 'but no buffer for sending';
note sprintf '%.1f KiB', $private;


# servers that are wrong

{
    local $ENV{BENCH_CONVRELAY} = 'convrelay_max_answer_size 50;';

    ($code, $output, $result) = bench('--servers convrelay --scenarios load');

    is $code, 1, 'a server that loses tokens fails the run';
    cmp_ok $result->{runs}[0]{result}{tokens_lost}, '>', 0,
           'and they are counted';
    like $output, qr/^FAULT  convrelay, load, round 1: an answer ended after/m,
         'and the first one is named';

    $ENV{BENCH_CONVRELAY} = 'convrelay_max_history_messages 2;';

    ($code, $output, $result) = bench('--servers convrelay --scenarios turn');

    is $code, 1, 'so does one that forgets';
    cmp_ok $result->{runs}[0]{result}{histories_wrong}, '>', 0,
           'which is counted, too';

    $ENV{BENCH_CONVRELAY} = 'convrelay_ticket another-secret-of-the-bench;';

    ($code) = bench('--servers everything --scenarios load');

    is $code, 1, 'and one that does not take the tickets of its calls';
}


done_testing;
