# Workers that are killed with calls in mid-answer: each call goes on, and none
# forgets a turn.  (Each instruction of a change of the store:
# t/unit/store_kill.c.)

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Store;
use ConvRelay::Nginx;
use Test::More;

my $ncalls = $ENV{TEST_STORE_CALLS} // 30;
my $rounds = $ENV{TEST_STORE_ROUNDS} // 4;

# the LLM is another nginx: its workers live

my $llm = nginx();
my $nginx = nginx(answer => 'repeat', llm => $llm->port(1),
                  main => "worker_processes  2;\n");
my $interval = '150ms';

my @calls = map { session($nginx, callSid => "CA$_", interval => $interval) }
                1 .. $ncalls;
my ($lost, $wrong, $forgotten) = (0, 0, 0);


sub killed {
    my $pid = shift;

    kill KILL => $pid;

    return ConvRelay::Nginx::wait_for(10, sub {
        !grep({ $_ == $pid } $nginx->children) && $nginx->workers == 2;
    });
}


for my $round (1 .. $rounds) {
    $calls[$_ - 1]->prompt("Call $_ asks question $round of many.")
        for 1 .. $ncalls;

    # the first words have come

    $_->{words} = $_->tokens(2) for @calls;

    my @workers = $nginx->workers;
    my $pid = $workers[rand @workers];

    ok killed($pid), "round $round: a worker is killed, and replaced";

    for my $n (1 .. $ncalls) {
        my $call = $calls[$n - 1];

        if ($call->{worker} == $pid) {
            $lost++;
            $call->end;
            $call = session($nginx, callSid => "CA$n", interval => $interval);
            $calls[$n - 1] = $call;
            $call->{words} = '';
        }
    }

    for my $n (1 .. $ncalls) {
        my $answer = $calls[$n - 1]{words} . $calls[$n - 1]->answer;

        $wrong++ if $answer ne "Call $n asks question $round of many.";
    }
}

cmp_ok $lost, '>', 0, "$lost sockets were lost";
is $wrong, 0, 'each question was answered';

# the request of a call that has most of its questions

my %known;

for my $request (split /\n/, $llm->log('llm')) {
    my ($n) = $request =~ /"Call (\d+) asks/ or next;
    my %questions = map { $_ => 1 }
                    $request =~ /"user","content":"Call $n asks question (\d+) /g;

    $known{$n} = keys %questions if keys %questions > ($known{$n} // 0);
}

$forgotten = grep { ($known{$_} // 0) != $rounds } 1 .. $ncalls;

is $forgotten, 0, 'no call has forgotten a turn';
is records($nginx), $ncalls, 'each call is stored';

is metric($nginx, 'resumes_total', 'found'), $lost, 'all were found';
is metric($nginx, 'resumes_total', 'declined'), 0, '... and could be used';

$_->hangup for @calls;

ok ConvRelay::Nginx::wait_for(10, sub { records($nginx) == 0 }),
   'nothing is left after the hang-ups';

is_deeply [ grep { !/exited on signal 9/ }
                 $nginx->complaints('error|crit|alert|emerg') ], [],
          'nothing else is complained of';

$nginx->stop;
$llm->stop;

done_testing();
