# Calls that outlive their socket: what convrelay_store keeps of one, and what
# the session knows that takes it up again.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Store;
use ConvRelay::Call;
use ConvRelay::Nginx;
use JSON::PP ();
use Test::More;


subtest 'a socket is lost between two turns: the next one knows all' => sub {
    my $nginx = nginx();
    my $call = session($nginx);

    is_deeply [ messages($call->ask('One?')) ],
              [ 'system: Resumed 0, lost 0.', 'user: One?' ], 'a new call';

    $call->fin;
    ok over($nginx, 1), 'its socket is lost';
    is records($nginx), 1, '... and it is in the store';

    $call = session($nginx);

    my @messages = messages($call->ask('Two?'));

    like $messages[0], qr/^system: Resumed 1/, 'it goes on';
    is $messages[1], 'user: One?', '... with the question';
    like $messages[2], qr/^assistant: \[\{/, '... the answer';
    is $messages[3], 'user: Two?', '... and the next question';
    is scalar @messages, 4, '... and nothing else';

    is $call->hangup, 1000, 'the caller hangs up';
    ok over($nginx, 2), '...';
    is records($nginx), 0, '... and nothing is stored any more';

    is_deeply [ map { metric($nginx, 'resumes_total', $_) }
                    qw( found none declined ) ], [ 1, 1, 0 ], '... counted';

    quiet_end($nginx);
};


subtest 'in mid-answer: the question is asked again, unasked' => sub {
    my $nginx = nginx();
    my $call = session($nginx, interval => '300ms');

    $call->prompt('One?');
    isnt $call->tokens(2), '', 'some words are heard';
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);

    my @messages = messages($call->answer);

    is $messages[0], 'system: Resumed 1, lost 1.', 'the LLM is asked at once';
    is $messages[1], 'user: One?', '... the same';
    is scalar @messages, 2, '... and what was heard goes with the answer';

    is $call->hangup, 1000, 'the end';
    ok over($nginx, 2), '...';
    like $nginx->log('calls'), qr/^VX\d+ 1 1 \d+ hangup$/m, 'in the access log';

    quiet_end($nginx);
};


subtest 'an answer that was cut: another worker marks it for the LLM' => sub {
    my $nginx = nginx(answer => '"say:One. Two. Three. Four. Five."',
                      ws => 'convrelay_interrupt_marker " [cut off]";');
    my $call = session($nginx);
    my $worker = $call->{worker};

    $call->ask('One?');
    $call->interrupt('One. Two');
    $call->fin;
    ok over($nginx, 1), 'the socket is lost after an interruption';

    $nginx->hup;
    $call = session($nginx);
    isnt $call->{worker}, $worker, 'a new worker takes the call';
    $call->ask('And?');

    my $messages = JSON::PP::decode_json(request($nginx))->{messages};

    is_deeply [ map { $_->{content} } @$messages[1 .. $#$messages] ],
              [ 'One?', 'One. Two [cut off]', 'And?' ],
              '... and the LLM learns what the caller has cut, once';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'before the first word: the question is asked again' => sub {
    my $nginx = nginx();
    my $call = session($nginx, first => '20s');

    $call->prompt('One?');
    ok ConvRelay::Nginx::wait_for(5, sub { metric($nginx, 'prompts_total') }),
       'it came';
    $call->rst;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);

    is_deeply [ messages($call->answer) ],
              [ 'system: Resumed 1, lost 1.', 'user: One?' ], 'asked at once';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'a prompt that waits for the words of a rule: it is asked' => sub {
    my $nginx = nginx(ws => <<'_EOC_');
convrelay_resume  10s;
convrelay_on      interrupt say "I am listening.";
_EOC_
    my $call = session($nginx);

    $call->ask('One?');
    $call->batch({ type => 'interrupt', utteranceUntilInterrupt => '[{"role',
                   durationUntilInterruptMs => 100 },
                 { type => 'prompt', voicePrompt => 'Two?', lang => 'en-US',
                   last => JSON::PP::true });
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';
    like $nginx->log('calls'), qr/^VX\d+ 0 0 2 dropped$/m, '... after two turns';

    $call = session($nginx);

    my @messages = messages($call->answer);

    is $messages[-1], 'user: Two?', 'it is asked at once';
    is scalar(grep { /^user/ } @messages), 2, '... and once';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'the greeting is in the history once' => sub {
    my $nginx = nginx();
    my @greeting = (customParameters => { convrelay_greeting => 'Hello!',
                                          tenant => 'birch' });
    my $call = session($nginx, @greeting);

    is_deeply [ (messages($call->ask('One?')))[2, 3] ],
              [ 'assistant: Hello!', 'user: One?' ], 'it is there';

    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx, @greeting);

    my @messages = messages($call->ask('Two?'));

    is scalar(grep { /Hello!/ && !/\[\{/ } @messages), 1, 'it is there once';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'a reload that runs out of time' => sub {
    my $nginx = nginx(main => "worker_processes  2;\n"
                              . "worker_shutdown_timeout  300ms;\n");
    my $call = session($nginx);

    $call->ask('One?');
    $nginx->hup;

    is $call->end, 1001, 'the old worker ends the call';
    ok over($nginx, 1), '...';

    $call = session($nginx);

    is +(messages($call->ask('Two?')))[1], 'user: One?',
       'a new worker goes on with it';

    $call->hangup;
    $nginx->stop;
};


subtest 'a reload in mid-call' => sub {
    my $nginx = nginx();
    my $call = session($nginx);

    $call->ask('One?');
    $nginx->hup;
    is +(messages($call->ask('Two?')))[1], 'user: One?',
       'the old worker keeps the call';

    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    isnt $call->{worker}, undef, 'a session in a new worker';
    is +(messages($call->ask('Three?')))[3], 'user: Two?',
       '... knows what was said since';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'nginx is stopped and started' => sub {
    my $nginx = nginx();
    my $call = session($nginx);

    $call->ask('One?');
    $call->fin;
    ok over($nginx, 1), 'a call is stored';
    $nginx->stop;
    $nginx->start;

    $call = session($nginx);
    is scalar messages($call->ask('Two?')), 2, 'nothing is known';

    $call->hangup;
    $nginx->stop;
};


subtest 'keys that are being entered' => sub {
    my $nginx = nginx(answer => 'repeat', ws => 'convrelay_dtmf  on;');
    my $call = session($nginx);

    $call->ask('One?');
    $call->send(type => 'dtmf', digit => $_) for '1', '2';
    $call->send(type => 'dtmf', digit => '#');
    is $call->answer, 'The caller pressed 12.', 'an entry';
    $call->send(type => 'dtmf', digit => $_) for '3', '4';
    ok ConvRelay::Nginx::wait_for(5, sub { metric($nginx, 'keys_total') == 5 }),
       'half of another one';
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    $call->send(type => 'dtmf', digit => $_) for '5', '#';
    is $call->answer, 'The caller pressed 5.', '... and the keys with it';
    like request($nginx), qr/pressed 12/, '... but not what was said';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'another zone at a reload is empty' => sub {
    my $nginx = nginx();
    my $call = session($nginx);

    $call->ask('One?');

    $nginx->http(configuration($nginx,
                               zone => 'convrelay_store_zone  calls 2m;'));
    $nginx->hup;

    ok $nginx->log_has(qr/ convrelay_store_zone "calls" of 1048576 bytes was /
                       . 'replaced by an empty one with 1 records:'),
       'a warning';
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    is scalar messages($call->ask('Two?')), 2, 'and all with it';

    $call->hangup;

    $nginx->http(configuration($nginx, zone => ''));
    $nginx->hup;

    quiet_end($nginx);
};


subtest 'the time to live begins with the last write' => sub {
    my $nginx = nginx(ws => 'convrelay_store_ttl  1s;');
    my $call = session($nginx);

    $call->ask('One?');
    select undef, undef, undef, 2.5;
    is records($nginx), 1, 'a call lives on, if nothing is said';

    $call->fin;
    ok ConvRelay::Nginx::wait_for(10, sub { !records($nginx) }),
       'the record of a lost one is removed';

    $call = session($nginx);
    is scalar messages($call->ask('Two?')), 2, 'the call begins again';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'a record that was written after one that lives longer' => sub {
    my $nginx = nginx(ws => 'convrelay_store_ttl  1s;', server => <<'_EOC_');
location = /long {
    convrelay;
    convrelay_store_ttl  1h;
    proxy_pass           http://llm/v1/chat/completions;
}
_EOC_

    my $long = session($nginx, path => '/long', callSid => 'CA1');

    $long->ask('One?');

    for my $n (2 .. 5) {
        my $call = session($nginx, callSid => "CA$n");

        $call->ask('One?');
        $call->fin;
        ok over($nginx, $n - 1), 'a socket is lost';
    }

    ok ConvRelay::Nginx::wait_for(10, sub { records($nginx) == 1 }),
       'it is removed when it has expired';

    $long->fin;
    ok over($nginx, 5), 'the other one is lost';

    $long = session($nginx, path => '/long', callSid => 'CA1');
    is scalar messages($long->ask('Two?')), 4, '... and goes on';
    $long->hangup;

    quiet_end($nginx);
};


# the record expires in a worker that stands still; with another worker, that
# one removes it

subtest 'a worker that stood still goes on with its calls' => sub {
    for my $workers (1, 2) {
        my $nginx = nginx(main => "worker_processes  $workers;\n",
                          ws => 'convrelay_store_ttl 1s;');
        my $call = session($nginx);

        $call->ask('One?');

        kill 'STOP', $call->{worker};
        $call->quiet(2.5);
        kill 'CONT', $call->{worker};

        like $call->ask('Two?'), qr/One\?.*Two\?/, "$workers workers: it goes on";
        is records($nginx), 1, '... and is stored again';

        $call->fin;
        ok over($nginx, 1), '... for another session';
        $call = session($nginx);
        like $call->ask('Three?'), qr/One\?.*Two\?.*Three\?/, '... of the call';
        $call->hangup;
        $nginx->stop;
    }
};


subtest 'a full zone: the oldest write goes' => sub {
    my $nginx = nginx(zone => 'convrelay_store_zone  calls 32k;');
    my @calls = map { session($nginx, callSid => "CA$_") } 1 .. 40;

    $_->ask('One?') for @calls;

    cmp_ok metric($nginx, 'store_evicted_total'), '>', 10, 'some were removed';
    my $n = records($nginx);
    cmp_ok $n, '>', 10, 'others are there';

    is scalar(() = $nginx->log('error') =~ /is full: the calls/g), 1,
       'one warning';

    $_->fin for @calls;
    ok over($nginx, 40), 'all sockets are lost';

    my $call = session($nginx, callSid => 'CA1');
    is scalar messages($call->ask('Two?')), 2, 'the first is not known';
    $call->hangup;

    $call = session($nginx, callSid => 'CA40');
    is scalar messages($call->ask('Two?')), 4, 'the last one is';
    $call->hangup;

    $nginx->stop;
    is_deeply [ grep { !/is full/ } $nginx->complaints ], [], 'no more';
};


subtest 'a call that was evicted is stored again when its socket is lost' =>
sub {
    my $nginx = nginx(zone => 'convrelay_store_zone  calls 32k;');
    my @calls;

    while (!metric($nginx, 'store_evicted_total')) {
        my $call = session($nginx, callSid => 'CA' . (@calls + 1));

        $call->ask('One?');
        push @calls, $call;
    }

    # the first one was evicted; the second one is now the oldest

    $calls[$_]->fin for 0, 1;
    ok over($nginx, 2), 'two sockets are lost';

    for my $n (1, 2) {
        my $call = session($nginx, callSid => "CA$n");
        is scalar messages($call->ask('Two?')), 4, "call $n goes on";
        $call->hangup;
    }

    $_->fin for @calls[2 .. $#calls];
    $nginx->stop;
};


subtest 'only the same call goes on, in another session' => sub {
    my $nginx = nginx();
    my $call = session($nginx);

    $call->ask('One?');
    my $session = $call->{session};
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    for my $other ([ accountSid => 'AC2' ], [ callSid => 'CA2' ]) {
        $call = session($nginx, @$other);
        is scalar messages($call->ask('Two?')), 2, "$other->[1] is another";
        $call->hangup;
    }

    $call = session($nginx, sessionId => $session);
    is scalar messages($call->ask('Two?')), 4,
       'the same session goes on, too, since its socket is lost';

    $call->hangup;
    quiet_end($nginx);
};


# a setup message that is played back

subtest 'a second socket of a session that has one leaves its record alone' =>
sub {
    my $nginx = nginx(alone => 1, ws => 'convrelay_tool book \'{}\' uri=/book;',
                      answer => 'repeat');
    my $call = session($nginx);

    $call->ask('One?');

    my $second = session($nginx, sessionId => $call->{session});

    is $second->ask('Two?'), 'Two?', 'it is answered';
    unlike request($nginx), qr/One/, '... without the history';
    $second->prompt('Please book it.');
    reply(asked(), 'Reference B7.');
    like $second->answer, qr/B7/, '... also with a tool';
    ok $nginx->log_has(qr/stored state of the call is of the same session/),
       '... logged';
    is $second->hangup, 1000, '... and hangs up';
    ok over($nginx, 1), '...';

    is $call->ask('Three?'), 'Three?', 'the first one is not disturbed';
    $call->fin;
    ok over($nginx, 2), '... until its socket is lost';

    $call = session($nginx);
    $call->ask('Four?');
    like request($nginx), qr/One.*Three.*Four/, '... and goes on';

    $call->hangup;
    $nginx->stop;
};


subtest 'a caller who hangs up is forgotten, others are not' => sub {
    my $nginx = nginx();

    for my $case ([ 'code 1000', sub { $_[0]->hangup }, 0 ],
                  [ 'code 1001', sub { $_[0]->hangup(1001) }, 1 ],
                  [ 'FIN', sub { $_[0]->fin }, 1 ],
                  [ 'RST', sub { $_[0]->rst }, 1 ],
                  [ 'half a frame', sub { $_[0]->torn }, 1 ],
                  [ 'a wrong message', sub {
                      $_[0]->raw(ConvRelay::Call::frame(2, 'x'));
                      $_[0]->end;
                      $_[0]->fin }, 1 ])
    {
        my ($name, $end, $kept) = @$case;
        my $n = () = $nginx->log('calls') =~ /^VX/mg;
        my $call = session($nginx);

        $call->ask('One?');
        is records($nginx), 1, "$name: it is stored";
        $end->($call);
        ok over($nginx, $n + 1), '... it ends';
        is records($nginx), $kept, '... ' . ($kept ? 'kept' : 'removed');

        session($nginx)->hangup;
        over($nginx, $n + 2);
    }

    quiet_end($nginx);
};


my @tool = (ws => q(convrelay_tool book '{}' uri=/book timeout=30s;),
            answer => 'repeat');


subtest 'a tool that works at the drop: its result is waited for' => sub {
    my $nginx = nginx(@tool);
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    ok $c, 'the tool is asked';

    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    $call->prompt('Is it done?');

    ok $call->quiet(0.5), 'the next session waits';
    reply($c, 'Reference B7.');

    is $call->answer, 'Is it done?', '... then the LLM is asked';

    my $request = request($nginx);

    like $request, qr/book it.*"Reference B7\..*Is it done\?/,
         '... with the result, and with what was said meanwhile';
    unlike $request, qr/MAY/, '... and no doubt';
    ok !asked(0.3), 'it was asked once';

    is $call->hangup, 1000, 'the end';
    quiet_end($nginx);
};


subtest 'a tool that takes longer: the LLM is told that it may be done' => sub {
    my $nginx = nginx(@tool);
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);

    my $answer = $call->answer;

    like $answer, qr/MAY have been done/, 'it is told so';
    reply($c, 'Reference B7.');

    ok !asked(0.3), 'and it was asked once';

    $call->ask('Is it done?');
    unlike request($nginx), qr/Reference B7/,
           'a result that comes later is nobody\'s';

    is $call->hangup, 1000, 'the end';
    ok over($nginx, 2), '...';
    is records($nginx), 0, '... and it does not store the call again';

    quiet_end($nginx);
};


subtest 'a tool that works when worker_shutdown_timeout ends' => sub {
    my $nginx = nginx(@tool, main => "worker_shutdown_timeout  300ms;\n");
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();

    $nginx->hup;
    is $call->end, 1001, 'the old worker ends the call';

    $call = session($nginx);
    like $call->answer, qr/MAY have been done/, 'the LLM is told the truth';
    unlike request($nginx), qr/NOT done/, '... and nothing else';
    ok !asked(0.3), 'it was asked once';

    $call->hangup;
    $nginx->stop;
};


subtest 'a tool whose worker is killed is not asked again' => sub {
    my $nginx = nginx(@tool);
    my ($worker) = $nginx->workers;
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();

    kill KILL => $worker;
    like $call->end, qr/^(?:eof|reset)$/, 'the worker is killed';
    ok ConvRelay::Nginx::wait_for(10, sub { $nginx->workers == 1 }), '...';

    $call = session($nginx);
    like $call->answer, qr/MAY have been done/, 'the record says that it began';
    ok !asked(0.3), '... and it was asked once';

    $call->hangup;
    $nginx->stop;
};


subtest 'a hang-up while a tool works' => sub {
    my $nginx = nginx(@tool);
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    is $call->hangup, 1000, 'the caller hangs up';
    ok over($nginx, 1), '...';
    is records($nginx), 0, '... and nothing is stored';

    reply($c, 'Reference B7.');
    select undef, undef, undef, 0.3;
    is records($nginx), 0, '... after the result, either';

    quiet_end($nginx);
};


subtest 'a hang-up while the result of a tool is awaited' => sub {
    my $nginx = nginx(@tool);
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    $call->raw(ConvRelay::Call::frame(8, pack 'n', 1000));
    $call->fin;

    ok over($nginx, 2), 'the caller hangs up';
    is records($nginx), 0, '... and nothing is stored';

    reply($c, 'Reference B7.');
    select undef, undef, undef, 0.3;
    is records($nginx), 0, '... after the result, either';

    $call = session($nginx);
    $call->ask('Two?');
    unlike request($nginx), qr/book it/, 'another call begins';
    $call->hangup;

    quiet_end($nginx);
};


# the socket is not read until the result is there

subtest 'an interrupt while the result of a tool is awaited' => sub {
    my $nginx = nginx(ws => q(convrelay_tool book '{}' uri=/book timeout=30s;),
                      answer => 'repeat');
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    ok $call->quiet(0.2), 'the next session waits';
    $call->interrupt('');
    $call->prompt('Wait, what day is it?');
    ok $call->quiet(0.2), '... also when it is interrupted';

    reply($c, 'Reference B7.');
    like $call->answer, qr/what day/, 'the new question is answered';
    like request($nginx), qr/Reference B7.*what day/, '... with the result';
    ok $call->quiet(0.3), '... and only that one';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'a drop while the result of a tool is awaited' => sub {
    my $nginx = nginx(@tool);
    my $call = session($nginx);

    $call->prompt('Please book it.');
    my $c = asked();
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    ok $call->quiet(0.2), 'the next session waits';
    $call->fin;
    ok over($nginx, 2), '... and is lost as well';

    reply($c, 'Reference B7.');

    $call = session($nginx);
    like $call->answer, qr/Reference B7\./, 'the third one has the result';
    $call->hangup;

    quiet_end($nginx);
};


subtest 'what was done once is not done again' => sub {
    my $nginx = nginx(ws => q(convrelay_tool book '{}' uri=/book once;),
                      answer => 'repeat');
    my $call = session($nginx);

    $call->prompt('Please book it.');
    reply(asked(), 'Reference B7.');
    like $call->answer, qr/Reference B7\./, 'the tool is asked';

    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    like $call->ask('Please book it.'), qr/"repeated":true.*Reference B7/,
         'the next session knows the result';
    ok !asked(0.3), '... without the tool';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'actions of a session that goes on, in place of those of setup' => sub {
    my $nginx = nginx(server => <<'_EOC_', zone => <<'_HTTP_');
location = /on {
    convrelay;
    convrelay_system_prompt  "Prompt.";
    convrelay_on setup   say "Welcome.";
    convrelay_on resume  say "$bridge";
    proxy_pass               http://llm/v1/chat/completions;
}
_EOC_
convrelay_store_zone  calls 1m;

map $convrelay_resume_lost $bridge {
    default  "";
    1        "Sorry, we were cut off.";
}
_HTTP_

    my $call = session($nginx, path => '/on');

    is $call->answer, 'Welcome.', 'setup';
    ok $call->quiet(1.5), '... is heard';
    $call->fin;
    ok over($nginx, 1), 'lost between two turns';

    $call = session($nginx, path => '/on');
    unlike $call->ask('One?'), qr/cut off/, 'nothing was lost, nothing is said';

    $call->prompt('Two?');
    $call->rst;
    ok over($nginx, 2), 'lost in mid-answer';

    $call = session($nginx, path => '/on', interval => '200ms');
    is $call->tokens(1), 'Sorry, we were cut off.', 'now it is';
    $call->fin;
    ok over($nginx, 3), '...';

    $nginx->stop;
};


subtest 'a call that is too long: its oldest turns are left out' => sub {
    my $nginx = nginx(ws => 'convrelay_store_max_size  2k;',
                      answer => 'repeat');
    my $call = session($nginx);

    $call->ask("$_ " . 'x' x 200) for 1 .. 10;
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    is scalar(() = $nginx->log('error') =~ /"convrelay_store_max_size" of 2048/g),
       1, 'logged once';

    $call = session($nginx);
    $call->ask('Two?');

    my $request = request($nginx);

    like $request, qr/10 xxx/, 'the newest turns are known';
    unlike $request, qr/"1 xxx/, 'the oldest are not';

    $call->hangup;
    $nginx->stop;
};


subtest 'a call of four hundred messages' => sub {
    my $nginx = nginx(zone => 'convrelay_store_zone  calls 4m;',
                      ws => 'convrelay_max_history_messages  0;'
                            . 'convrelay_max_turn_rate  0;',
                      answer => 'repeat');
    my $call = session($nginx);

    $call->ask("Question $_ of this call.") for 1 .. 200;
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);
    $call->ask('Two?');

    my $request = request($nginx);

    is scalar(() = $request =~ /"role"/g), 402, 'it goes on with all of them';
    is_deeply [ $request =~ /"user","content":"Question (\d+) of/g ],
              [ 1 .. 200 ], '... in their order';

    $call->hangup;
    quiet_end($nginx);
};


# the seat of a call is free once nginx knows that its worker is gone

sub killed {
    my ($nginx, $call) = @_;

    kill KILL => $call->{worker};
    $call->end;

    ok ConvRelay::Nginx::wait_for(10, sub {
        !grep { $_ == $call->{worker} } $nginx->children;
    }), 'its worker is killed';
}


subtest 'a worker is killed before the first word' => sub {
    my $nginx = nginx(main => "worker_processes  2;\n");
    my $call = session($nginx, first => '20s');

    $call->prompt('One?');
    ok ConvRelay::Nginx::wait_for(5, sub { metric($nginx, 'prompts_total') }),
       'a question came';

    killed($nginx, $call);

    $call = session($nginx);

    is_deeply [ messages($call->answer) ],
              [ 'system: Resumed 1, lost 1.', 'user: One?' ], 'asked at once';

    $call->hangup;
    $nginx->stop;
};


subtest 'a worker is killed while the greeting is spoken' => sub {
    my $nginx = nginx(main => "worker_processes  2;\n");
    my @greeting = (customParameters => { convrelay_greeting => 'Hello!' });
    my $call = session($nginx, @greeting);

    killed($nginx, $call);

    $call = session($nginx, @greeting);

    my @messages = messages($call->ask('One?'));

    is scalar(grep { /Hello!/ } @messages), 1, 'it is in the history once';
    is $messages[-1], 'user: One?', '... and the call goes on';

    $call->hangup;
    $nginx->stop;
};


subtest 'with a context, which is asked for again' => sub {
    my $nginx = nginx(ws => 'convrelay_context  /context;',
                      server => <<'_EOC_');
location = /context {
    internal;
    default_type  text/plain;
    return        200 "Context, resumed $convrelay_resumed.";
}
_EOC_
    my $call = session($nginx);

    like +(messages($call->ask('One?')))[0], qr/Context, resumed 0\.$/, 'first';
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';

    $call = session($nginx);

    my @messages = messages($call->ask('Two?'));

    like $messages[0], qr/Context, resumed 1\.$/, 'then';
    is $messages[1], 'user: One?', '... with the history';

    $call->hangup;
    quiet_end($nginx);
};


subtest 'without a store, in a location or at all' => sub {
    my $nginx = nginx(ws => 'convrelay_store  off;');
    my $call = session($nginx);

    $call->ask('One?');
    $call->fin;
    ok over($nginx, 1), 'the socket is lost';
    is records($nginx), 0, 'off: nothing is stored';

    $call = session($nginx);
    is scalar messages($call->ask('Two?')), 2, '... and nothing known';
    $call->hangup;
    quiet_end($nginx);

    $nginx = nginx(zone => '');
    $call = session($nginx);
    is +(messages($call->ask('One?')))[0], 'system: Resumed 0, lost 0.',
       'no zone: the variables have values all the same';
    is records($nginx), undef, '... and nothing is counted';
    $call->hangup;
    quiet_end($nginx);
};


done_testing();
