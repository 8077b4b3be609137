# convrelay_drain: a worker that is told to go hands its calls over between two
# turns, and those that are left when their time is over.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Caller;
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use Test::More;
use Time::HiRes qw( time );

# the server of a tool

my $crm = ConvRelay::Receiver->new;

# the LLM stays

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_');
    server {
        listen  127.0.0.1:%%PORT%%;

        location / {
            convrelay_mock_llm  answer=count tokens=5 first=0ms interval=20ms;
        }

        location = /endless {
            convrelay_mock_llm  answer=count tokens=1000 first=0ms
                                interval=20ms;
        }

        location = /mute {
            convrelay_mock_llm  first=600s;
        }

        location = /tools {
            convrelay_mock_llm  answer=say:Fine. 'tools=book: book {}';
        }
    }
_EOC_

$llm->start;

my $conf = <<"_EOC_";
    upstream llm {
        server     127.0.0.1:@{[ $llm->port ]};
        keepalive  4;
    }

    log_format  calls  '\$uri \$convrelay_end \$convrelay_turns';

    convrelay_zone  calls  1m;

    server {
        listen               127.0.0.1:%%PORT%%;
        access_log           logs/calls.log calls;
        error_log            logs/error.log info;
        proxy_http_version   1.1;
        proxy_set_header     Connection "";
        convrelay_drain      60s;
        convrelay_auth_token  off;

        location = /ws {
            convrelay;
            convrelay_dtmf      max=4 pause=2s;
            convrelay_on dtmf default  say "Thank you.";
            proxy_pass          http://llm/v1/chat/completions;
        }

        location = /short {
            convrelay;
            convrelay_drain     2s;
            proxy_pass          http://llm/endless;
        }

        location = /mute {
            convrelay;
            convrelay_drain     3s;
            proxy_pass          http://llm/mute;
        }

        location = /tool {
            convrelay;
            convrelay_tool      book '{}' uri=/book timeout=20s;
            proxy_pass          http://llm/tools;
        }

        location = /book {
            internal;
            proxy_pass          http://127.0.0.1:@{[ $crm->port ]};
        }

        location = /ends {
            convrelay;
            convrelay_on prompt "bye"  say "Thank you very much for your call."
                                       end;
            proxy_pass          http://llm/v1/chat/completions;
        }

        location = /stays {
            convrelay;
            convrelay_drain     off;
            proxy_pass          http://llm/v1/chat/completions;
        }

        location = /twiml {
            convrelay_twiml         wss://calls.example.com/ws;
            convrelay_twiml_action  /end;
        }

        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  reconnect;
        }

        location = /metrics {
            convrelay_status  prometheus public;
        }
    }
_EOC_


sub nginx {
    my ($main, $http) = @_;
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http(($http // '') . $conf, $main);

    return $nginx->start;
}


my $n = 0;

sub dial {
    my ($nginx, $path) = @_;

    my $call = ConvRelay::Call->dial($nginx->port, $path // '/ws');

    $call->setup(callSid => 'CA' . $n++, sessionId => "VX$n");

    return $call;
}


sub closed {
    my $call = shift;
    my $how = $call->end;

    $call->fin;
    return $how;
}


sub info {
    my ($call, $name, $value) = @_;

    return $call->send(type => 'info', name => $name, value => $value);
}


# a call with a turn that is over and was heard

sub idle {
    my $call = dial(@_);

    is $call->ask('Count'), ' 1 2 3 4 5', 'a turn';
    info($call, tokensPlayed => '1 2 3 4 5');

    return $call;
}


subtest 'a reload: calls go between two turns' => sub {
    my $nginx = nginx();

    my $idle = idle($nginx);
    my $stays = idle($nginx, '/stays');
    my $talk = dial($nginx);
    my $greeting = dial($nginx);
    my $speaks = idle($nginx);
    my $keys = idle($nginx);

    $talk->prompt('Count');
    is $talk->tokens(2), ' 1 2', 'an answer has begun';
    info($talk, agentSpeaking => 'on');
    info($speaks, clientSpeaking => 'on');
    $keys->send(type => 'dtmf', digit => '1');

    $nginx->hup;

    is $idle->end, 1001, 'an idle call is closed';
    is $idle->{reason}, 'server is shutting down', '... and why';
    is $keys->answer, 'Thank you.', 'keys that are entered are waited for';
    is closed($keys), 1001, '... before the call is closed';

    is $talk->answer, ' 3 4 5', 'an answer is given to its end';
    ok $talk->quiet(2.5), '... and spoken to its end';
    is +($idle->read_frame)[0], 'eof', 'the idle call had nothing else';
    $idle->fin;
    info($talk, agentSpeaking => 'off');
    is closed($talk), 1001, '... before the call is closed';

    ok $speaks->quiet(0.1), 'a caller who speaks is not cut off';
    info($speaks, clientSpeaking => 'off');
    is $speaks->ask('Count'), ' 1 2 3 4 5', '... and is answered';
    info($speaks, tokensPlayed => '1 2 3 4 5');
    is closed($speaks), 1001, '... and then closed';

    ok $greeting->quiet(0.1), 'a call that has just begun stays';
    is $greeting->ask('Count'), ' 1 2 3 4 5', '... for its first turn';
    info($greeting, tokensPlayed => '1 2 3 4 5');
    is closed($greeting), 1001, '... and is closed after it';

    is $stays->ask('Count'), ' 1 2 3 4 5', 'a call without the directive stays';
    is $stays->hangup, 1000, '... until its end';

    ok ConvRelay::Nginx::wait_for(10, sub { $nginx->workers == 1 }),
       'then the old worker goes';

    is join(' ', sort split /\n/, $nginx->log('calls')),
       '/stays hangup 2 /ws drained 1 /ws drained 1 /ws drained 1'
       . ' /ws drained 1 /ws drained 2',
       'the access log says what became of them';

    ok $nginx->log_has(qr/\[notice\] .*is going, handing over 5 calls/),
       'the error log does, too';
    is_deeply [ $nginx->log('error')
                =~ /\[info\] .*is going, closing the call (\w+)/g ],
              [ ('between') x 5 ], '... once for each call';

    like scalar(`curl -s http://127.0.0.1:@{[ $nginx->port ]}/metrics`),
         qr/sessions_total\{[^}]*location="\/ws"[^}]*end="drained"[^}]*\} 5$/m,
         '... and the metrics';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'the time is over' => sub {
    my $nginx = nginx();

    my $short = dial($nginx, '/short');
    my $mute = dial($nginx, '/mute');
    my $long = dial($nginx, '/ws');

    $short->prompt('Count');
    is $short->tokens(2), ' 1 2', 'an answer has begun';
    $mute->prompt('Hi');

    my $start = time;

    $nginx->hup;

    is closed($short), 1001, 'in mid-answer, after 2s';
    cmp_ok time - $start, '>=', 2, '... not before';
    is closed($mute), 1001, 'before the first word, after 3s';
    cmp_ok time - $start, '>=', 3, '... not before';
    is $mute->{reason}, 'server is shutting down', '... and why';

    ok $long->quiet(0.2), 'a call with more time stays';
    is $long->ask('Count'), ' 1 2 3 4 5', '... and goes on';
    is $long->hangup, 1000, '... until it hangs up';

    ok $nginx->log_has(qr/is going, closing the call after convrelay_drain/),
       'the error log says so';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'a tool runs, an end waits' => sub {
    my $nginx = nginx();
    my $tool = dial($nginx, '/tool');
    my $ends = dial($nginx, '/ends');

    $tool->prompt('Please book it.');
    my $r = $crm->next or return fail('a tool runs');

    is $ends->ask('bye'), 'Thank you very much for your call.', 'the last words';
    $nginx->hup;

    my $m = $ends->message // {};

    is $m->{type}, 'end', '... are heard before the call ends';
    is $ends->hangup, 1000, '... as it was told to';

    ok $tool->quiet(1), 'a call whose tool runs stays';
    $r->reply(200, 'Done.');
    is $tool->answer, 'book says: Done.', '... to give the answer';
    info($tool, tokensPlayed => 'book says: Done.');
    is closed($tool), 1001, '... and is closed after it';

    $nginx->stop;
    like $nginx->log('calls'), qr{^/ends ended }m, 'the access log says so';
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'many calls: not all at once' => sub {
    my $nginx = nginx();
    my (%end, @pending);

    my @calls = map { dial($nginx) } 1 .. 100;

    $_->prompt('Count') for @calls;
    is scalar(grep { $_->answer eq ' 1 2 3 4 5' } @calls), 100, 'calls';
    info($_, agentSpeaking => 'on') for @calls;
    info($_, agentSpeaking => 'off') for @calls;

    # all have been idle for long enough

    ok $calls[-1]->quiet(2), '... that are idle';

    my $start = time;

    $nginx->hup;

    my $select = IO::Select->new(map { $_->{sock} } @calls);
    my %of = map { $_->{sock} => $_ } @calls;

    while ($select->count) {
        my @ready = $select->can_read(10) or last;

        for my $sock (@ready) {
            $of{$sock}->arrived;
            next if !defined $of{$sock}{how};
            $end{time()}++;
            $select->remove($sock);
            $of{$sock}->fin;
        }
    }

    my @times = sort { $a <=> $b } keys %end;

    is scalar(grep { ($_->{how} // '') eq '1001' } @calls), 100, 'all are closed';

    # five in each twentieth of a second

    cmp_ok $times[-1] - $times[0], '>', 0.25, '... one after the other';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'worker_shutdown_timeout is shorter' => sub {
    my $nginx = nginx('worker_shutdown_timeout  500ms;');

    my $short = dial($nginx, '/short');

    $short->prompt('Count');
    is $short->tokens(2), ' 1 2', 'an answer has begun';

    $nginx->hup;

    is closed($short), 1001, 'it counts';
    ok $nginx->log_has(qr{^/short shutdown 1$}m, 'calls'), '... and says so';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


subtest 'QUIT: there is nobody to hand over to' => sub {
    my $nginx = nginx();
    my $idle = idle($nginx);

    $nginx->signal('QUIT');

    is closed($idle), 1001, 'an idle call is closed';
    ok defined $nginx->gone, '... and nginx goes';
    is $nginx->status, 0, '... and well';
    is_deeply [ $nginx->complaints ], [], 'no complaint';
};


SKIP: {
    skip 'needs convrelay-call', 1
        if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

    subtest 'a caller comes back to the new worker' => sub {
        my $nginx = nginx('', 'convrelay_store_zone  conversations 1m;');
        my $url = 'http://127.0.0.1:' . $nginx->port . '/twiml';

        my $run = caller_start(\<<'_EOC_', '-s', '-', '--reconnect', '--json',
caller: Count
expect contains: 5
expect close 1001
caller: Again
expect contains: 5
hangup
_EOC_
                               '--pace', '1ms', '--connect-to',
                               'ws://127.0.0.1:' . $nginx->port, $url);

        ok ConvRelay::Nginx::wait_for(10, sub {
            return `curl -s http://127.0.0.1:@{[ $nginx->port ]}/metrics`
                   =~ /turns_total\{[^}]*outcome="complete"[^}]*\} 1$/m;
        }), 'a call has been answered';

        $nginx->hup;
        $run = caller_end($run);

        is $run->{code}, 0, 'it is closed, connected again, and answered'
        or diag($run->{out}, $run->{err});
        is $run->{json}{sessions}, 2, '... in a second session';

        $nginx->stop;
        is_deeply [ $nginx->complaints ], [], 'no complaint';
        like $nginx->log('error'),
             qr/\[info\] .*error 64105, which convrelay_drain has closed/,
             '... since it is known that the call was handed over';
    };
}


# nginx -t

my %server = (
    'no action' => [ 'location = /twiml { convrelay_twiml wss://localhost/ws; }',
        qr{because "/twiml", which sends them there, has no "convrelay_twiml_act} ],
    'an action that hangs up' => [
        'location = /twiml { convrelay_twiml wss://localhost/ws;
                             convrelay_twiml_action /end; }
         location = /end { convrelay_connect_action; }',
        qr{because "/end", which Twilio requests then, does not connect them ag} ],
    'an action that dials' => [
        'location = /twiml { convrelay_twiml wss://localhost/ws;
                             convrelay_twiml_action /end; }
         location = /end { convrelay_connect_action;
                           convrelay_connect_reply "dial +15550100003"; }',
        qr/"\/end", which Twilio requests then, does not connect/ ],
    'an action that connects' => [
        'location = /twiml { convrelay_twiml wss://localhost/ws;
                             convrelay_twiml_action /end; }
         location = /end { convrelay_connect_action;
                           convrelay_connect_reply "reconnect max=9"; }' ],
    'an action with a variable' => [
        'location = /twiml { convrelay_twiml wss://localhost/ws;
                             convrelay_twiml_action /end; }
         location = /end { convrelay_connect_action;
                           convrelay_connect_reply $arg_reply; }' ],
    'an action elsewhere' => [
        'location = /twiml { convrelay_twiml wss://localhost/ws;
                             convrelay_twiml_action https://example.com/end; }'
        ],
    'no webhook' => [ '' ],
);

for my $what (sort keys %server) {
    my ($locations, $says) = @{$server{$what}};
    my $nginx = ConvRelay::Nginx->new;

    for my $drain ('1m', 'off') {
        $nginx->http(<<"_EOC_");
    server {
        listen                127.0.0.1:%%PORT%%;
        server_name           localhost;
        convrelay_auth_token  off;
        convrelay_drain       $drain;

        location = /ws {
            convrelay;
            convrelay_mock_llm;
        }

        $locations
    }
_EOC_

        my ($out) = $nginx->test;

        if ($says && $drain ne 'off') {
            like $out, qr/warn.*"convrelay_drain" of location "\/ws" ends calls/,
                 "$what: a warning";
            like $out, $says, '... that says why';

        } else {
            unlike $out, qr/drain/, "$what, $drain: no warning";
        }
    }
}

# values that are wrong

my %wrong = (
    'convrelay_drain  0;' => qr/invalid time "0" in "convrelay_drain", write how/,
    'convrelay_drain  soon;' => qr/invalid time "soon" in "convrelay_drain", write/,
    'convrelay_drain  off; convrelay_drain  1m;' =>
        qr/"convrelay_drain" directive is duplicate/,
    'convrelay_drain;' => qr/invalid number of arguments in "convrelay_drain"/,
    'convrelay_drain  1m 2m;' =>
        qr/invalid number of arguments in "convrelay_drain"/,
);

for my $directive (sort keys %wrong) {
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http($directive);

    my ($out, $code) = $nginx->test;

    is $code, 1, "$directive is a mistake";
    like $out, $wrong{$directive}, '... that is explained';
}

$llm->stop;

done_testing;
