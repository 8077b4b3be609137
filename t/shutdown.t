# nginx goes while calls are on: QUIT lets them end, worker_shutdown_timeout
# says so to those that do not, TERM does not wait.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use Test::More;

# the LLM stays

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_');
    server {
        listen  127.0.0.1:%%PORT%%;

        location / {
            convrelay_mock_llm  answer=count tokens=5 interval=20ms;
        }

        location = /endless {
            convrelay_mock_llm  answer=count tokens=1000 interval=20ms;
        }
    }
_EOC_

$llm->start;

my $conf = <<"_EOC_";
    upstream llm {
        server     127.0.0.1:@{[ $llm->port ]};
        keepalive  4;
    }

    log_format  calls  '\$uri \$status \$convrelay_turns';

    server {
        listen              127.0.0.1:%%PORT%%;
        access_log          logs/calls.log calls;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /ws {
            convrelay;
            proxy_pass  http://llm/v1/chat/completions;
        }

        location = /endless {
            convrelay;
            proxy_pass  http://llm/endless;
        }

        location = /same {
            convrelay;
            convrelay_mock_llm  answer=count tokens=1000 interval=20ms;
        }
    }
_EOC_


sub nginx {
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http($conf, shift);

    return $nginx->start;
}


sub dial {
    my ($nginx, $path) = @_;

    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $call->setup;

    return $call;
}


subtest 'QUIT: calls go on till they end, no new ones are taken' => sub {
    my $nginx = nginx();
    my $call = dial($nginx, '/ws');
    my $idle = dial($nginx, '/ws');

    $call->prompt('Count');
    is $call->tokens(2), ' 1 2', 'an answer has begun';

    $nginx->signal('QUIT');

    is $call->answer, ' 3 4 5', '... it is spoken to its end';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !ConvRelay::Call->dial($nginx->port, '/ws');
    }), 'nobody listens any more';

    is $call->ask('Again'), ' 1 2 3 4 5', 'the call goes on';
    is $call->hangup, 1000, '... and ends';
    is $nginx->gone(0.3), undef, 'nginx waits for the other one';
    is $idle->hangup, 1000, 'which ends too';

    ok defined $nginx->gone, 'then nginx goes';
    is $nginx->status, 0, '... and well';
    is_deeply [ $nginx->complaints ], [], '... without a complaint';
};


subtest 'worker_shutdown_timeout: what is left hears "going away"' => sub {
    my $nginx = nginx('worker_shutdown_timeout  500ms;');

    my %calls = map { $_ => dial($nginx, $_) } '/ws', '/endless', '/same';
    my $early = ConvRelay::Call->dial($nginx->port, '/ws');

    for my $path ('/endless', '/same') {
        $calls{$path}->prompt('Count');
        is $calls{$path}->tokens(2), ' 1 2', "$path: an answer has begun";
    }

    $nginx->signal('QUIT');

    cmp_ok $nginx->gone // 0, '>', 0.4, 'nginx goes when the time is over';
    is $nginx->status, 0, '... and well';

    for my $path (sort keys %calls) {
        is $calls{$path}->end, 1001, "$path: closed with 1001";
        is $calls{$path}{reason}, 'server is shutting down', '... and why';
        is +($calls{$path}->read_frame)[0], 'eof', '... and that was all';
    }

    is $early->end, 1001, 'a call before its setup, too';

    is join(' ', sort split /\n/, $nginx->log('calls')),
       '/endless 101 1 /same 101 1 /ws 101 0 /ws 101 0',
       'each call has its line in the access log';
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'the same for the old worker of a reload' => sub {
    my $nginx = nginx('worker_shutdown_timeout  500ms;');
    my $call = dial($nginx, '/endless');

    $call->prompt('Count');
    is $call->tokens(2), ' 1 2', 'an answer has begun';

    $nginx->hup;

    my $new = dial($nginx, '/ws');

    is $call->end, 1001, '... it is closed with 1001';
    is $new->ask('Count'), ' 1 2 3 4 5', 'a new call is not';
    is $new->hangup, 1000, '... and ends when it likes';

    ok ConvRelay::Nginx::wait_for(5, sub { $nginx->workers == 1 }),
       'one worker is left';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'TERM: at once' => sub {
    my $nginx = nginx();

    my @calls = map { dial($nginx, $_) } '/ws', '/endless', '/same';

    for my $call (@calls[1, 2]) {
        $call->prompt('Count');
        is $call->tokens(2), ' 1 2', 'an answer has begun';
    }

    $nginx->signal('TERM');

    ok defined $nginx->gone(3), 'nginx goes';
    is $nginx->status, 0, '... and well';
    like $_->end, qr/^(?:eof|reset)$/, 'a call is dropped' for @calls;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'TERM while a QUIT waits' => sub {
    my $nginx = nginx();
    my $call = dial($nginx, '/ws');

    $nginx->signal('QUIT');
    is $nginx->gone(0.3), undef, 'nginx waits for the call';
    is $call->ask('Count'), ' 1 2 3 4 5', '... which is answered';

    $nginx->signal('TERM');
    ok defined $nginx->gone(3), 'nginx goes';

    # nginx says that of every connection

    is_deeply [ grep { !/open socket #\d+ left|aborting/ }
                $nginx->complaints ], [], '... without another complaint';
};


done_testing;
