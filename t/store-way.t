# The ways back to a call whose socket was lost: the action of <Connect>, a new
# <Connect>, a socket that Twilio opens again by itself.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Store;
use ConvRelay::Call;
use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;


my @way = (answer => 'repeat', ws => <<'_EOC_', server => <<'_SERVER_',
convrelay_ticket  secret-of-all-tickets 1s;
convrelay_on      dtmf 9 end;
_EOC_
location = /twiml {
    convrelay_ticket           secret-of-all-tickets 1s;
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  applicationReconnect true;
}

location = /action {
    convrelay_ticket         secret-of-all-tickets 1s;
    convrelay_connect_action;
    convrelay_connect_reply  $reply;
}
_SERVER_
           zone => <<'_EOC_');
convrelay_store_zone  calls 1m;

map $convrelay_error_code $reply {
    default                       hangup;
    ~^(64103|64105|64108|64114)$  reconnect;
    1                             "say Goodbye.";
    2                             "<Response><Redirect>/twiml</Redirect></Response>";
    3                             "dial +15550100003";
}
_EOC_


# the TwiML of a call, and the ticket in it

sub ticket {
    my ($twiml) = @_;

    my ($ticket) = ($twiml // '') =~ /"convrelay_ticket" value="([^"]+)"/;

    return $ticket ? (customParameters => { convrelay_ticket => $ticket }) : ();
}


sub twiml { return post($_[0], '/twiml', CallSid => 'CA1') }


sub action {
    my ($nginx, $call, $code, $status, $of_call) = @_;

    return post($nginx, '/action', CallSid => 'CA1', AccountSid => 'AC1',
                SessionId => $call->{session},
                SessionStatus => $status // 'failed',
                CallStatus => $of_call // 'in-progress',
                ErrorCode => $code);
}


subtest 'failed, the action, another <Connect>' => sub {
    my $nginx = nginx(@way);
    my $call = session($nginx, ticket(twiml($nginx)));

    is $call->ask('One?'), 'One?', 'a call';
    $call->fin;
    ok over($nginx, 1), '... whose socket is lost';

    my @ticket = ticket(action($nginx, $call, 64105));
    is scalar @ticket, 2, 'the action leads to a new session';
    is records($nginx), 1, '... and the record stays';

    $call = session($nginx, @ticket);
    $call->ask('Two?');
    like request($nginx), qr/One\?.*One\?.*Two\?/, '... which goes on';

    is $call->hangup, 1000, 'the end';
    $nginx->stop;
};


subtest 'the record goes with the reply of the action' => sub {
    my $nginx = nginx(@way);
    my $n = 0;

    for my $case ([ 64102, qr/<Hangup/, 0 ], [ 1, qr/Goodbye/, 0 ],
                  [ 3, qr/<Dial/, 0 ], [ 64114, qr/<Connect/, 1 ])
    {
        my ($code, $document, $kept) = @$case;
        my $call = session($nginx, ticket(twiml($nginx)));

        $call->ask('One?');
        $call->fin;
        ok over($nginx, ++$n), "$code: the socket is lost";
        is records($nginx), 1, '... the record is there';
        like action($nginx, $call, $code), $document, '... the reply';
        is records($nginx), $kept, '... it is ' . ($kept ? 'kept' : 'removed');
    }

    $nginx->stop;
};


subtest 'an "end" of ours, to be continued' => sub {
    my $nginx = nginx(@way);

    for my $case ([ 64105, 1 ], [ 0, 0 ]) {
        my ($code, $kept) = @$case;
        my $call = session($nginx, ticket(twiml($nginx)));

        $call->ask('One?');
        $call->send(type => 'dtmf', digit => '9');
        is $call->message->{type}, 'end', 'the session ends';
        is $call->hangup, 1000, '... and Twilio closes the socket';
        is records($nginx), 1, '... the record stays';

        my @ticket = ticket(action($nginx, $call, $code, 'ended'));

        is records($nginx), $kept, '... until the action has decided';

        if ($kept) {
            $call = session($nginx, @ticket);
            $call->ask('Two?');
            like request($nginx), qr/One\?.*One\?.*Two\?/, 'the call goes on';
            $call->hangup;
        }
    }

    $nginx->stop;
};


# the action's ticket names the session whose socket is still open

subtest 'a session that was replaced writes nothing, and erases nothing' =>
sub {
    my $nginx = nginx(@way);
    my $old = session($nginx, ticket(twiml($nginx)));

    $old->ask('One?');

    my $call = session($nginx, ticket(action($nginx, $old, 64105)));

    is $old->end, 1008, 'the old socket is closed';
    ok over($nginx, 1), '...';
    is $call->ask('Two?'), 'Two?', 'the new one goes on';
    like request($nginx), qr/One\?.*Two\?/, '... with the history';

    $call->rst;
    ok over($nginx, 2), '... and is lost';

    my $next = session($nginx, ticket(action($nginx, $call, 64105)));
    $next->ask('Three?');
    like request($nginx), qr/One\?.*Two\?.*Three\?/, 'a third one knows both';
    $next->hangup;

    $nginx->stop;
};


subtest 'the ticket of a lost session is good beyond its lifetime, once' =>
sub {
    my $nginx = nginx(@way);
    my @ticket = ticket(twiml($nginx));
    my $call = session($nginx, @ticket);

    $call->ask('One?');

    # the lifetime is a second

    ok $call->quiet(2.2), 'the ticket expires';

    is session($nginx, @ticket)->end, 1008, 'no second session with it';
    is $call->ask('Two?'), 'Two?', '... while the first one lives';

    $call->fin;
    ok over($nginx, 2), 'the socket is lost';

    my $other = session($nginx, ticket(post($nginx, '/twiml',
                                            CallSid => 'CA2')),
                        callSid => 'CA2');

    $call = session($nginx, @ticket);
    $call->ask('Three?');
    like request($nginx), qr/One\?.*Two\?.*Three\?/, 'the call goes on';

    is session($nginx, @ticket)->end, 1008, 'the ticket is not good again';

    $call->hangup;
    ok over($nginx, 4), 'the caller hangs up';
    is session($nginx, @ticket)->end, 1008, '... nor after the call';

    $other->hangup;
    $nginx->stop;
};


subtest 'a caller who has hung up, whatever the reply is' => sub {
    my $nginx = nginx(@way);
    my $n = 0;

    for my $status ([ 'completed', 'completed' ], [ 'failed', 'completed' ],
                    [ 'failed', 'canceled' ])
    {
        my $call = session($nginx, ticket(twiml($nginx)));

        $call->ask('One?');
        $call->fin;
        ok over($nginx, ++$n), 'the close frame is lost with the socket';

        like action($nginx, $call, 64105, @$status), qr/<Connect/, 'the reply';
        is records($nginx), 0, "... but the call is over: @$status";
    }

    $nginx->stop;
};


subtest 'a call that is over does not come back by its old socket' => sub {
    my $nginx = nginx(@way);
    my $call = session($nginx, ticket(twiml($nginx)));

    $call->ask('One?');
    like action($nginx, $call, 64102), qr/<Hangup/, 'the action ends the call';
    is records($nginx), 0, '... and its record';

    $call->prompt('Is anybody there?');
    is $call->end, 1008, 'the old socket is closed';
    ok over($nginx, 1), '...';
    is records($nginx), 0, '... and nothing is stored';

    $nginx->stop;
};


# while the next session waits for a tool of the last one, nothing is written

subtest 'an expired ticket opens one socket, also during a pause' => sub {
    my %way = @way;

    $way{ws} .= q(convrelay_tool book '{}' uri=/book timeout=30s;);

    my $nginx = nginx(%way, alone => 1);
    my @ticket = ticket(twiml($nginx));
    my $call = session($nginx, @ticket);

    $call->prompt('Please book it.');
    my $c = asked();

    ok $call->quiet(2.2), 'the ticket expires';
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    my $next = session($nginx, @ticket);
    ok $next->quiet(0.3), 'the next session waits';
    is session($nginx, @ticket)->end, 1008, '... and is the only one';

    $next->fin;
    ok over($nginx, 3), 'it is lost, too';

    $next = session($nginx, @ticket);
    ok $next->quiet(0.3), 'another one takes its place';
    reply($c, 'Reference B7.');
    like $next->answer, qr/Reference B7/, '... and has the result';

    $next->hangup;
    $nginx->stop;
};


# the old socket is in another worker, which has not noticed yet

subtest 'a session that has lost the call asks no tool' => sub {
    my %way = @way;

    $way{ws} .= q(convrelay_tool book '{}' uri=/book timeout=30s;);

    my $nginx = nginx(%way, main => "worker_processes  2;\n");
    my $old = session($nginx, first => '600ms', ticket(twiml($nginx)));

    $old->prompt('Please book it.');
    ok ConvRelay::Nginx::wait_for(5, sub { metric($nginx, 'prompts_total') }),
       'a question';

    my @ticket = ticket(action($nginx, $old, 64105));
    my $call;

    # a socket in the other worker

    for (1 .. 50) {
        $call = ConvRelay::Call->dial($nginx->port, '/ws?interval=1ms'
                                                    . '&first=0ms');
        last if $call->{head} !~ /X-Worker: $old->{worker}\b/;
    }

    $call->setup(sessionId => 'VX-new', @ticket);

    reply(asked(), 'Reference B7.');
    like $call->answer, qr/Reference B7/, 'the new session asks the tool';
    ok !asked(1), '... and the old one does not';
    is $old->end, 1008, '... but is closed';

    $call->hangup;
    $nginx->stop;
};



# the next session waits: in the same worker, and in another one

subtest 'a session that is replaced hands in the results of its tools' => sub {
    my %way = @way;

    $way{ws} .= q(convrelay_tool book '{}' uri=/book timeout=30s;);

    for my $case ([ 1, 'gone' ], [ 2, 'gone' ], [ 2, 'closing' ]) {
        my ($workers, $how) = @$case;
        my $nginx = nginx(%way, main => "worker_processes  $workers;\n");
        my $old = session($nginx, ticket(twiml($nginx)));

        $old->prompt('Please book it.');
        my $c = asked();

        my @ticket = ticket(action($nginx, $old, 64105));
        my $call;

        for (1 .. 50) {
            $call = ConvRelay::Call->dial($nginx->port, '/ws?interval=1ms'
                                                        . '&first=0ms');
            last if $workers == 1
                    || $call->{head} !~ /X-Worker: $old->{worker}\b/;
        }

        $call->setup(sessionId => 'VX-new', @ticket);

        if ($how eq 'gone') {
            is $old->end, 1008, "$workers workers: the old session is closed";

        } else {
            ok ConvRelay::Nginx::wait_for(5, sub {
                $nginx->log_has(qr/reconnected, closing its old socket/) }),
               "$workers workers: the old session knows that it is replaced";
        }

        ok $call->quiet(0.3), "... and the new one waits, the old one is $how";
        reply($c, 'Reference B7.');

        like $call->answer, qr/Reference B7/, '... for the result';
        ok !asked(0.3), '... and does not ask the tool again';

        is $old->end, 1008, '... before the old socket is gone'
            if $how eq 'closing';

        $call->hangup;
        $nginx->stop;
    }
};


# applicationReconnect, and a first message that is not setup

my %redial = @way;

my $calls = <<'_EOC_';
    convrelay_system_prompt  "Resumed $convrelay_resumed, $convrelay_parameter_tenant.";
    convrelay_tool           book '{}' uri=/book timeout=30s;
    proxy_pass               http://llm/v1/chat/completions;
_EOC_

$redial{server} =~ s{(wss://example.com/ws)}{$1/\$convrelay_call_path};
$redial{server} .= <<"_EOC_";
location /ws/ {
    convrelay;
    convrelay_auth_token  secret;
    convrelay_ticket      secret-of-all-tickets 1s;
$calls
}

location /told/ {
    convrelay;
    convrelay_auth_token  secret;
    convrelay_ticket      secret-of-all-tickets 1s;
    convrelay_context     /context;
$calls
}

location /unsigned/ {
    convrelay;
    convrelay_ticket  secret-of-all-tickets 1s;
$calls
}

location = /context {
    internal;
    return 200 '{"prompt":"A regular."}';
}

location /open/ {
    convrelay;
$calls
}
_EOC_


# the path that the TwiML has, and a call on it, with a setup

sub way {
    my ($nginx, $twiml, $location) = @_;

    $twiml //= post($nginx, '/twiml', CallSid => 'CA1', AccountSid => 'AC1');

    my ($path) = $twiml =~ m{url="wss://example.com(/ws/[^"]+)"} or return;
    my ($param, $with) = ticket($twiml);

    $path =~ s/ws/$location/ if $location;

    return ($path, session($nginx, path => $path, sign => 'secret',
                           $param => { %$with, tenant => 'birch' }));
}


sub redial {
    my ($nginx, $path, $first) = @_;

    return ConvRelay::Call->dial($nginx->port,
                                 "$path?interval=1ms&first="
                                 . ($first // '0ms'), sign => 'secret');
}


subtest 'a socket that Twilio opens again, and no setup' => sub {
    my $nginx = nginx(%redial);
    my ($path, $call) = way($nginx);

    like $path, qr{^/ws/CA1\.AC1\.[0-9a-f]{16}$}, 'the URL names the call';
    is $call->ask('One?'), 'One?', 'a call';

    my $other = redial($nginx, $path);
    $other->prompt('Two?');
    is $other->end, 1008, 'no second socket while it lives';

    ok $call->quiet(2.2), 'the ticket expires';

    my $id = $call->{session};

    for my $n (1, 2) {
        $call->fin;
        ok over($nginx, $n), "the socket is lost, $n";

        $call = redial($nginx, $path);
        is $call->ask("Two $n?"), "Two $n?", '... the call goes on';
        like request($nginx), qr/Resumed $n, birch\..*One\?.*Two $n\?/,
             '... with its history and parameters';
    }

    $call->setup(sessionId => 'VX1');
    is $call->ask('Three?'), 'Three?', 'a setup may come later';

    (my $wrong = $path) =~ s/.$/x/;
    $wrong =~ tr/x/0/ if $path !~ /0$/;
    $wrong =~ tr/x/1/;

    $call->fin;
    ok over($nginx, 3), 'it is lost again';

    $other = redial($nginx, $wrong);
    $other->prompt('Four?');
    is $other->end, 1008, 'another ticket does not continue it';

    $other = redial($nginx, $path =~ s/CA1/CA2/r);
    $other->prompt('Four?');
    is $other->end, 1008, '... nor does it continue another call';

    $call = redial($nginx, $path);
    is $call->ask('Four?'), 'Four?', '... but its own';
    is $call->hangup, 1000, 'the caller hangs up';
    ok over($nginx, 4), '...';

    $other = redial($nginx, $path);
    $other->prompt('Five?');
    is $other->end, 1008, '... and the call is over';

    is scalar(() = $nginx->log('calls') =~ /^$id /mg), 4,
       'the sessions have one SessionId';

    $nginx->stop;
};


# the network fails silently: nginx has not noticed that the socket is lost

subtest 'a session without setup can be replaced' => sub {
    my $nginx = nginx(%redial);
    my ($path, $old) = way($nginx);

    $old->ask('One?');
    $old->fin;
    ok over($nginx, 1), 'the first socket is lost';

    my $call = redial($nginx, $path);
    is $call->ask('Two?'), 'Two?', 'the second one goes on without setup';

    my (undef, $next) = way($nginx, action($nginx, $old, 64105));
    is $call->end, 1008, '... and is closed by a session that the action begins';
    $next->ask('Three?');
    like request($nginx), qr/One\?.*Two\?.*Three\?/, '... which goes on';
    $next->hangup;

    $nginx->stop;
};


subtest 'what Twilio sends again is answered once' => sub {
    my $nginx = nginx(%redial);
    my ($path, $call) = way($nginx);

    $call->ask('One?');

    for my $replay ('Two?', 'Three?') {
        my $asked = ($replay eq 'Two?') ? 'Two?' : 'Other?';

        $call->fin;
        ok over($nginx, $replay eq 'Two?' ? 1 : 3), 'lost';
        $call = redial($nginx, $path, '300ms');
        $call->prompt($asked);
        ok $call->quiet(0.1), "$asked is pending";
        $call->fin;
        ok over($nginx, $replay eq 'Two?' ? 2 : 4), '... and lost';

        my $n = () = $nginx->log('llm') =~ /^/mg;

        $call = redial($nginx, $path, '100ms');
        $call->batch(map { { type => 'prompt', voicePrompt => $_,
                             lang => 'en-US', last => JSON::PP::true } }
                         $asked, $replay ne $asked ? $replay : ());

        like $call->answer, qr/\Q$replay\E$/, '... the last question is answered';
        ok $call->quiet(0.2), '... once';

        is request($nginx) =~ s/\Q$replay\E//gr =~ tr/?// > 0, 1, '...';
        my $times = () = request($nginx) =~ /\Q$asked\E/g;
        is $times, 1, '... and the question is in the history once';
    }

    $call->hangup;
    $nginx->stop;
};


subtest 'the first message outlasts a pause' => sub {
    my $nginx = nginx(%redial);
    my ($path, $call) = way($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    $call->fin;
    ok over($nginx, 1), 'the socket is lost while a tool works';

    $call = redial($nginx, $path);
    $call->batch({ type => 'prompt', voicePrompt => 'How is it going?',
                   lang => 'en-US', last => JSON::PP::true },
                 { type => 'prompt', voicePrompt => 'And where?',
                   lang => 'en-US', last => JSON::PP::true });
    ok $call->quiet(0.3), 'the session waits';
    reply($c, 'Reference B7.');
    is $call->answer, "How is it going?\nAnd where?",
       '... and answers all that came';
    like request($nginx), qr/Reference B7.*How is it going/,
         '... and has the result, and the question';
    $call->hangup;
    ok over($nginx, 2), 'the end';

    # the context of a call

    ($path, $call) = way($nginx, undef, 'told');
    $call->ask('One?');
    $call->fin;
    ok over($nginx, 3), 'a call with a context is lost';

    $call = redial($nginx, $path);
    $call->ask('Two?');
    like request($nginx), qr/A regular.*One\?.*Two\?/,
         '... and asked for again before the first message is handled';
    $call->hangup;

    quiet_end($nginx);
};


subtest 'nothing is believed that is not proved' => sub {
    my $nginx = nginx(%redial);
    my $call = session($nginx, path => '/open/CA1.AC1');

    $call->ask('One?');
    $call->fin;
    ok over($nginx, 1), 'a call of a location without a signature or ticket';

    $call = redial($nginx, '/open/CA1.AC1');
    $call->prompt('Two?');
    ok $call->quiet(0.3), '... is not continued by its URL';
    $call->setup(sessionId => 'VX-2');
    $call->ask('Three?');
    like request($nginx), qr/One\?.*Three\?/, '... but by a setup';
    $call->hangup;
    ok over($nginx, 2), '...';

    # what stands in the access log must not let anybody in

    (my $path, $call) = way($nginx, undef, 'unsigned');
    $call->ask('Four?');
    $call->fin;
    ok over($nginx, 3), 'the same with a ticket and without a signature';

    $call = redial($nginx, $path);
    $call->prompt('Five?');
    $call->prompt('Six?');
    ok $call->quiet(0.3), '... its path continues nothing';

    my $n = () = $nginx->log('error') =~ /its URL was not signed.*write/g;
    is $n, 2, '... which is logged once for each socket';
    $call->fin;

    $nginx->stop;
};


subtest 'convrelay-call: drop and reconnect' => sub {
    plan skip_all => 'needs convrelay-call' if !-x caller_path();

    my $nginx = nginx(answer => 'repeat', server => <<"_EOC_");
convrelay_auth_token  secret;

location = /twiml {
    convrelay_twiml            wss://example.com\$arg_at/\$convrelay_call_path;
    convrelay_twiml_attribute  applicationReconnect true;
    convrelay_twiml_action     /end;
}

location = /nameless {
    convrelay_twiml  wss://example.com/ws/;
}

location = /end {
    convrelay_connect_action;
}

location /ws/ {
    convrelay;
$calls
}
_EOC_

    my @to = ('--connect-to', 'ws://127.0.0.1:' . $nginx->port, '--auth-token',
              'secret', '--timeout', '10s');
    my $http = 'http://127.0.0.1:' . $nginx->port;

    my $run = caller_run(\("caller: One?\nwait for answer\ndrop and reconnect\n"
                            . "caller: Two?\nexpect contains: Two?\n"),
                         '-s', '-', @to, "$http/twiml?at=/ws");
    is $run->{code}, 0, 'the call goes on' or diag $run->{out}, $run->{err};
    like request($nginx), qr/Resumed 1.*One\?.*Two\?/, '... with its history';

    $run = caller_run(\("caller: One?\nwait for answer\ndrop and reconnect\n"
                         . "caller: Lost\nwait 2300 ms\n"
                         . "caller over: Two?\nexpect contains: Two?\n"),
                      '-s', '-', @to, "$http/nameless");
    is $run->{code}, 0, 'a call that nothing names begins without its history'
        or diag $run->{out}, $run->{err};
    like request($nginx), qr/Resumed 0, \.(?!.*One).*Two\?/, '...';

    my $n = () = $nginx->log('error') =~ /names no call: the call begins/g;
    is $n, 1, '... which is logged once';

    $nginx->stop;
};


done_testing();
