# convrelay_prewarm: a connection to the LLM for the first prompt of a call.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use Test::More;

# the LLMs, and a log of what they are asked

my $llm = ConvRelay::Nginx->new;

$llm->write('large', 'x' x 3_000_000);

my $late = 'late' x 100;
my $servers = <<'_EOC_';
    log_format  llm  '$server_port $connection $connection_requests '
                     '$request_method $uri';
    access_log  logs/llm.log llm;

    server {
        listen  127.0.0.1:%%PORT%%;
        listen  127.0.0.1:%%PORT_1%%;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=count tokens=3;
        }

        location = /v1/models {
            return 200 "{}";
        }

        location = /missing {
            return 404 "{}";
        }

        location = /late {
            limit_rate  300;
            return 200 "%%LATE%%";
        }

        location = /large {
            alias  %%DIR%%/conf/large;
        }

        location = /endless {
            limit_rate  100;
            alias       %%DIR%%/conf/large;
        }
    }
_EOC_

$servers =~ s/%%LATE%%/$late/;

$llm->http($servers);
$llm->start;

my $nginx = ConvRelay::Nginx->new;

my @paths = qw( ws first second missing late large endless dead );
my %warm = (ws => 'llm/v1/models', first => 'llm/v1/models',
            second => 'other/v1/models', missing => 'llm/missing',
            late => 'llm/late', large => 'llm/large',
            endless => 'llm/endless', dead => 'dead/v1/models');
my $locations = '';

for (@paths) {
    my ($upstream) = $warm{$_} =~ m{^(\w+)};

    $locations .= <<"_EOC_";

        location = /$_ {
            convrelay;
            convrelay_prewarm  /warm/$_;
            proxy_pass         http://$upstream/v1/chat/completions;
        }

        location = /warm/$_ {
            internal;
            log_subrequest  on;
            access_log      logs/warm.log warm;
            proxy_pass      http://$warm{$_};
        }
_EOC_
}

$nginx->http(<<"_EOC_");
    upstream llm {
        server     127.0.0.1:@{[ $llm->port ]};
        keepalive  4;
    }

    upstream other {
        server     127.0.0.1:@{[ $llm->port(1) ]};
        keepalive  4;
    }

    upstream dead {
        server     127.0.0.1:%%PORT_9%%;
        keepalive  4;
    }

    log_format  warm  '\$uri \$status "\$http_user_agent\$http_cookie"';

    proxy_http_version  1.1;
    proxy_set_header    Connection "";

    server {
        listen     127.0.0.1:%%PORT%%;
        error_log  logs/error.log info;
$locations
    }
_EOC_

$nginx->start;

my $n = 0;

sub dial {
    my $call = ConvRelay::Call->dial($nginx->port, "/$_[0]");

    $call->setup(callSid => 'CA' . $n++, sessionId => "VX$n");

    return $call;
}

sub warmed { return $nginx->log_has(qr{^/warm/$_[0] }m, 'warm') }

sub asked {
    my ($re, $n) = @_;
    my @lines;

    ConvRelay::Nginx::wait_for($n ? 5 : 0, sub {
        @lines = grep { /$re/ } split /\n/, $llm->log('llm');
        return @lines >= ($n // 0);
    });

    return @lines;
}

# it takes three seconds, while other calls come

my $endless = dial('endless');

subtest 'one that hangs does not take the turn of another' => sub {
    my $call = dial('ws');

    is asked(qr{GET /v1/models}, 1), 1, 'another one has its own, meanwhile';
    is $call->ask('Hi'), ' 1 2 3', 'a call is answered';
    is $call->hangup, 1000, '... and ends';
    is scalar(() = $nginx->log('error') =~ m{prewarm "/warm/endless"}g), 0,
       '... and the first one still runs';
};

is $endless->hangup, 1000, 'the call that began it ends';

ok $nginx->log_has(qr{prewarm "/warm/endless" timed out, status: 200, the first prompt of a call may wait for a connection}),
   'an answer without an end is given up';

subtest 'the first prompt has a connection' => sub {
    my $call = dial('second');

    ok warmed('second'), 'a request was made';

    is $call->ask('Hi'), ' 1 2 3', 'the call is answered';

    my ($get) = asked(qr{^@{[ $llm->port(1) ]} .* GET /v1/models}, 1);
    my ($post) = asked(qr{^@{[ $llm->port(1) ]} .* POST}, 1);

    like $get, qr{^(\d+ \d+) 1 GET}, 'the request was the first one';
    like $post, qr{^\Q@{[ $get =~ m{^(\d+ \d+)} ]}\E 2 POST},
         '... and the prompt the second one of its connection';

    $call->hangup;

    $call = dial('second');

    is $call->ask('Hi'), ' 1 2 3', 'the next call is answered';
    is asked(qr{GET /v1/models}), 2, '... without another request';

    $call->hangup;
};

subtest 'another location, although its LLM has answered' => sub {
    my $call = dial('first');

    ok warmed('first'), 'a request was made';
    is asked(qr{GET /v1/models}, 3), 3, '... one';

    $call->hangup;
};

subtest 'any answer leaves a connection' => sub {
    my $call = dial('missing');

    ok warmed('missing'), 'a request was made';
    is $call->ask('Hi'), ' 1 2 3', 'the call is answered';
    $call->hangup;
};

subtest 'a hang-up does not end it' => sub {
    my $call = dial('late');

    is $call->hangup, 1000, 'the call is over';
    ok warmed('late'), '... before the answer came';
    like $nginx->log('warm'), qr{^/warm/late 200 "convrelay-"$}m,
         '... which has nothing of the caller';
};

subtest 'a long answer is not read to its end' => sub {
    my $call = dial('large');

    ok $nginx->log_has(qr{prewarm "/warm/large" .*, status: 200}),
       'it is given up';
    is $call->ask('Hi'), ' 1 2 3', 'the call is answered';
    $call->hangup;
};

subtest 'an LLM that is away' => sub {
    for (1 .. 2) {
        my $call = dial('dead');

        ok $nginx->log_has(qr{prewarm "/warm/dead" failed, status: 502}),
           'the failure is logged';

        is $call->hangup, 1000, 'the call goes on';
    }

    is scalar(() = $nginx->log('error') =~ m{prewarm "/warm/dead"}g), 1,
       '... once';
};

$nginx->stop;
$llm->stop;

is_deeply [ $nginx->complaints('crit|alert|emerg') ], [], 'no complaint';

done_testing;
