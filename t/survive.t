# Calls outlive their workers: one is killed each second, while calls are held
# that come back as they do at Twilio.  No call ends, and no agent forgets a
# question that was answered; a report of each call arrives.
#
#     make survive TIME=60 CALLS=200 SEED=7
#
# Each prompt has a number; the mock answers with the numbers of all questions
# whose answers it was sent, so that a question that is missing is a turn that
# was forgotten.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $seconds = $ENV{SURVIVE_TIME} || 10;
my $calls = $ENV{SURVIVE_CALLS} || 20;
my $seed = $ENV{SURVIVE_SEED} || 1;

$ENV{TEST_NGINX_ALARM} = $seconds * 3 + 120;

srand $seed;

# the LLM is another process: what dies is the agent alone

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_', "worker_processes  1;\n", 2048);
    client_body_buffer_size  1m;
    log_format               reports '$http_idempotency_key';

    server {
        listen  127.0.0.1:%%PORT%%;

        location / {
            convrelay_mock_llm  answer=asked first=300ms interval=30ms;
        }

        location = /report {
            access_log  logs/reports.log reports;
            return      204;
        }
    }
_EOC_

$llm->start;

my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<"_EOC_", "worker_processes  4;\n", 2048);
    convrelay_zone        calls 4m;
    convrelay_store_zone  conversations 16m;

    map \$convrelay_session_status \$reply {
        default  hangup;
        failed   "reconnect max=99";
    }

    upstream llm {
        server     127.0.0.1:@{[ $llm->port ]};
        keepalive  16;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_auth_token    secret;
        convrelay_max_turn_rate 0;

        location = /twiml {
            convrelay_twiml         wss://calls.example.com/ws;
            convrelay_twiml_action  /end;
        }

        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  \$reply;
        }

        location = /report {
            internal;
            proxy_pass  http://llm;
        }

        location = /ws {
            convrelay;
            convrelay_report    /report;
            proxy_pass          http://llm/v1/chat/completions;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
        }
    }
_EOC_

$nginx->start;

my $port = $nginx->port;

# as many turns as fit into the time; the last ones come after the last kill

my $think = 1000;
my $turns = int($seconds * 1000 / ($think + 800)) + 2;

my $run = caller_start('load', '--json', '--calls', $calls, '--rate',
                       $calls / 2, '--turns', $turns, '--think', "${think}ms",
                       '--numbered', '--reconnect', '--action-delay', '1200ms',
                       '--seed', $seed, '--auth-token', 'secret',
                       '--connect-to', "ws://127.0.0.1:$port",
                       "http://127.0.0.1:$port/twiml");

my ($killed, $next) = (0, time + 2);
my $end = time + $seconds;

while (time < $end) {
    sleep(($next - time > 0) ? $next - time : 0);
    $next += 1;

    my @workers = $nginx->serving;

    next if !@workers;
    kill KILL => $workers[rand @workers] and $killed++;
}

$run = caller_end($run);

my $json = $run->{json} // {};

diag("killed $killed; $json->{verdict}; lost $json->{lost_by_server}, pending"
     . " $json->{pending}, unasked $json->{answered_unasked}, again"
     . " $json->{asked_again}, repeated $json->{answers_repeated}; gap p50"
     . " $json->{reconnect_us}{p50} p99 $json->{reconnect_us}{p99} us")
    if $ENV{SURVIVE_TIME};

cmp_ok($killed, '>=', $seconds - 3, 'a worker was killed each second');
cmp_ok($json->{lost_by_server}, '>', 0, '... with calls');
is($json->{reconnects}, $json->{lost_by_server}, '... which were connected again');
is($json->{calls_lost}, 0, '... none has ended');
is($json->{completed}, $calls, '... all came to their own end');
is($json->{forgotten}, 0, 'no turn was forgotten');
is($json->{answered_unasked} + $json->{asked_again}, $json->{pending},
   'each question that was pending was answered');
is($run->{code}, 0, 'nothing else was wrong')
or diag($run->{out}, $run->{err});

my %reports;

ok(ConvRelay::Nginx::wait_for(20, sub {
    %reports = map { $_ => 1 } split /\n/, $llm->log('reports');
    return keys %reports == $calls;
}), 'each call has its report')
or diag(scalar(keys %reports) . " of $calls reports");

# nginx says that of each worker that is killed

is_deeply([ grep { !/exited on signal 9|error 64105|shared memory zone/ }
            $nginx->complaints ], [], 'nginx has no other complaint');

$nginx->stop;
$llm->stop;

done_testing;
