# Reloads under load, with convrelay_drain and a store: the old workers hand
# their calls over, the callers come back as they do at Twilio, and no call and
# no finished turn is lost.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

# the LLM stays

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_', '', 2048);
    client_body_buffer_size  1m;

    server {
        listen  127.0.0.1:%%PORT%%;

        location / {
            convrelay_mock_llm  answer=asked first=200ms interval=100ms;
        }
    }
_EOC_

$llm->start;

my $conf = <<"_EOC_";
    convrelay_zone        calls 1m;
    convrelay_store_zone  conversations 4m;

    upstream llm {
        server     127.0.0.1:@{[ $llm->port ]};
        keepalive  16;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_auth_token  secret;
        convrelay_drain       %%TIME%%;

        location = /twiml {
            convrelay_twiml         wss://calls.example.com/ws;
            convrelay_twiml_action  /end;
        }

        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  "reconnect max=9";
        }

        location = /ws {
            convrelay;
            proxy_pass          http://llm/v1/chat/completions;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
        }

        location = /metrics {
            convrelay_status  prometheus public;
        }
    }
_EOC_

my $calls = 30;
my $turns = 3;


# reloads after each third of the turns

sub run {
    my $time = shift;
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http($conf =~ s/%%TIME%%/$time/r, "worker_processes  2;\n");
    $nginx->start;

    my $url = 'http://127.0.0.1:' . $nginx->port;

    my $run = caller_start('load', '--json', '--calls', $calls, '--rate', 30,
                           '--turns', $turns, '--think', '2500ms', '--numbered',
                           '--reconnect', '--action-delay', '1200ms',
                           '--seed', 1, '--auth-token', 'secret',
                           '--connect-to', 'ws://127.0.0.1:' . $nginx->port,
                           "$url/twiml");

    for my $third (1, 2) {
        my $n = $calls * $turns * $third / 3;

        ok ConvRelay::Nginx::wait_for(30, sub {
            my $sum = 0;

            $sum += $1 while `curl -s $url/metrics`
                =~ /^convrelay_turns_total\{.*outcome="complete"\} (\d+)/mg;

            return $sum >= $n;
        }), "$n turns";

        $nginx->hup;
    }

    $run = caller_end($run);

    my $json = $run->{json} // {};

    is $run->{code}, 0, 'nothing is wrong' or diag($run->{out}, $run->{err});
    is $json->{completed}, $calls, 'all calls come to their own end';
    is $json->{turns}, $calls * $turns, '... with all their turns';
    is $json->{forgotten}, 0, 'no finished turn is lost';
    cmp_ok $json->{lost_by_server}, '>=', $calls, 'calls were handed over';
    is $json->{reconnects}, $json->{lost_by_server}, '... and have come back';
    is $json->{calls_lost}, 0, '... each of them';

    diag("$time: handed over $json->{lost_by_server}, pending $json->{pending},"
         . " unasked $json->{answered_unasked}, again $json->{asked_again};"
         . " gap p50 $json->{reconnect_us}{p50}"
         . " p99 $json->{reconnect_us}{p99} us") if $ENV{DRAIN_FIGURES};

    # no call is held by an old worker any more

    ok ConvRelay::Nginx::wait_for(10, sub { $nginx->workers == 2 }),
       'the old workers have gone';

    $nginx->stop;

    is_deeply [ grep { !/error 64105/ } $nginx->complaints ], [],
              'nginx has no other complaint';

    return $json;
}


subtest 'time enough: between two turns' => sub {
    my $json = run('30s');

    # a prompt can still cross a Close on the wire

    cmp_ok $json->{pending}, '<', $json->{lost_by_server} / 4,
           'hardly a question is cut off';
};


subtest 'no time: in mid-answer' => sub {
    my $json = run('100ms');

    cmp_ok $json->{pending}, '>', 0, 'questions are cut off';
    is $json->{answered_unasked} + $json->{asked_again}, $json->{pending},
       '... and answered in the next session';
};

$llm->stop;

done_testing;
