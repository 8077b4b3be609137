# convrelay_report: one report of a call, once it is over.  The test is the
# server that gets them, so that it decides how each delivery ends.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use ConvRelay::Status;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw( time );

my $slow = $ENV{TEST_NGINX_SLOW} // 1;
my $secret = '8f7d6c5b4a39281706f5e4d3c2b1a090';
my $receiver = ConvRelay::Receiver->new;


sub nginx {
    my (%opt) = @_;

    my $nginx = ConvRelay::Nginx->new;
    my $action = $opt{action} // '';
    my $report = $opt{report} // '/report';
    my $ws = $opt{ws} // '';
    my $zone = $opt{zone} // 'convrelay_zone  calls 1m;';
    my $status = $zone =~ /convrelay_zone/ ? 'convrelay_status  prometheus public;'
                                           : 'deny  all;';
    my $answer = $opt{answer} // 'answer=say:Fine. interval=1ms';
    my $location = $opt{location}
        // 'proxy_pass  http://127.0.0.1:' . $receiver->port . ';';

    $nginx->http(<<"_EOC_", $opt{main} // '');
    upstream llm {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    $zone

    map \$convrelay_error_code \$reply {
        default  hangup;
        64105    reconnect;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  $answer
                                'tools=book: book {"day":"tuesday"}';
        }

        location = /book {
            return  200 'Reference B7.';
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /ws {
            convrelay;
            convrelay_system_prompt  "Prompt.";
            convrelay_request_field  stream_options '{"include_usage":true}';
            convrelay_tool           book '{}' uri=/book;
            convrelay_report         $report;
            $ws
            proxy_pass               http://llm/v1/chat/completions;
        }

        location = /book {
            internal;
            proxy_pass  http://127.0.0.1:%%PORT_1%%;
        }

        location = /report {
            internal;
            $location
        }

        location = /status {
            $status
        }

        $action
    }
_EOC_

    return $nginx->start;
}


sub stop {
    my $nginx = shift;

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
}


# a call of one question

sub call {
    my ($nginx, %setup) = @_;

    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup(%setup);
    $call->prompt('Hi');
    $call->answer;

    return $call;
}


# Twilio's request after a session

sub action {
    my ($nginx, %form) = @_;

    my $uri = delete $form{uri} // '/action';
    my $body = join '&', map { "$_=$form{$_}" }
               'SessionId', 'AccountSid', 'CallSid',
               grep { !/Sid$|SessionId/ } sort keys %form;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or die "no connection: $!\n";

    print $sock join "\r\n", "POST $uri HTTP/1.1", 'Host: localhost',
        'Connection: close', 'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: ' . length $body, '', $body;

    my $all = do { local $/; <$sock> };

    return (split /\r\n\r\n/, $all, 2)[1];
}


my %ids = (AccountSid => 'AC1', CallSid => 'CA1', SessionId => 'VX1');


sub report { return JSON::PP->new->utf8->decode($_[0]{body}) }


sub delivered {
    my ($nginx, $n, $result) = @_;

    $result //= 'delivered';

    my $status = ConvRelay::Status->new($nginx->port, '/status');

    return $status->wait(sub {
        my $text = shift->read->text;

        return $text =~ /^convrelay_reports_total\{.*result="$result"\} $n$/m;
    });
}


subtest 'the report of a call' => sub {
    my $nginx = nginx();
    my $call = call($nginx, customParameters => {
        tenant => 'birch', caller => '+15550100001', "quo\"te\n" => "\x{e9}",
        convrelay_greeting => 'Hello.', Convrelay_Ticket => 'secret',
    });

    $call->interrupt('Fi');
    $call->prompt('Please book it.');
    $call->answer;

    ok !$receiver->next(0.2), 'nothing is reported while the call lives';

    is $call->hangup, 1000, '... and it ends';

    my $r = $receiver->next or return fail('there is one');
    my $report = report($r);

    is $r->{line}, 'POST /report HTTP/1.1', 'one is sent by POST';
    is $r->{headers}{'content-type'}, 'application/json', '... as JSON';
    is $r->{headers}{accept}, '*/*', '... which may be answered by anything';
    like $r->{headers}{'idempotency-key'}, qr/^[0-9a-f]{32}$/, '... with a key';
    ok !exists $r->{headers}{'x-convrelay-signature'}, '... not signed';
    $r->reply(200, '{"ok":true}');

    like delete $report->{$_}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, $_
        for 'started', 'ended';
    like delete $report->{duration_ms}, qr/^\d+$/, 'how long it took';

    my $words = delete $report->{first_word_ms};

    is @$words, 2, 'the time to the first word of each turn';
    is grep({ /^\d+$/ && $_ < 10_000 * $slow } @$words), 2, '... in ms';

    like delete $report->{tools}[0]{ms}, qr/^\d+$/, 'the time of the tool';
    cmp_ok delete $report->{tokens_in}, '>', 0, 'tokens, in';
    cmp_ok delete $report->{tokens_out}, '>', 0, '... and out';

    is_deeply $report, {
        v => 1, id => 'CA1', account => 'AC1', session => 'VX1', sessions => 1,
        reason => 'completed', end => 'hangup',
        turns => 2, interrupts => 1, failures => 0,
        from => '+15***01', to => '+15***02', direction => 'inbound',
        language => 'en-US',
        parameters => { tenant => 'birch', caller => '+15***01',
                        "quo\"te\n" => "\x{e9}" },
        tools => [ { name => 'book', outcome => 'ok' } ],
    }, 'all else';

    ok delivered($nginx, 1), 'it is counted';
    ok !$receiver->next(0.3), 'and sent once';
    stop($nginx);
};


subtest 'the transcript, the numbers, the hand-off, the language' => sub {
    my $nginx = nginx(report => '/report transcript', ws => <<'_EOC_');
convrelay_log_numbers on;
convrelay_on prompt "bye" say "Bye." end '{"reason":"bye","to":[1]}';
_EOC_

    my $call = call($nginx);

    $call->send(type => 'prompt', voicePrompt => 'Please book it.',
                lang => 'de-DE', last => JSON::PP::true);
    $call->answer;
    $call->prompt('bye');

    $call->hangup;

    my $r = $receiver->next or return fail('there is one');
    my $report = report($r);
    $r->reply(204);

    is $report->{from}, '+15550100001', 'the number of the caller';
    is $report->{to}, '+15550100002', '... and the one that was called';
    is $report->{language}, 'en-US', 'the language of the last prompt';
    is_deeply $report->{handoff}, { reason => 'bye', to => [ 1 ] },
              'the hand-off data is an object';

    my $id = $report->{messages}[3]{tool_calls}[0]{id};

    is_deeply $report->{messages}, [
        { role => 'user', content => 'Hi' },
        { role => 'assistant', content => 'Fine.' },
        { role => 'user', content => 'Please book it.' },
        { role => 'assistant', tool_calls => [ {
            id => $id, type => 'function',
            function => { name => 'book', arguments => '{"day":"tuesday"}' } } ]
        },
        { role => 'tool', tool_call_id => $id, content => 'Reference B7.' },
        { role => 'assistant', content => 'book says: Reference B7.' },
        { role => 'user', content => 'bye' },
        { role => 'assistant', content => 'Bye.' },
    ], 'the messages' or diag explain $report->{messages};

    stop($nginx);
};


# the example of the documentation, for a file whose body is after "t."

sub genuine {
    my ($nginx, $header) = @_;

    open my $file, '<', ConvRelay::Nginx->root . '/docs/reports.md' or die;
    my ($python) = do { local $/; <$file> } =~ /^```python\n(.*?)^```/ms
        or return 'no example';

    open my $out, '>', $nginx->dir . '/genuine.py' or die;
    print $out $python, <<"_EOC_";
body = open("@{[$nginx->dir]}/signed", "rb").read().split(b".", 1)[1]
print(genuine(b"$secret", "$header", body)
      and not genuine(b"$secret", "$header", body + b" ")
      and not genuine(b"$secret", "$header", body, 1e9))
_EOC_
    close $out;

    return `python3 @{[$nginx->dir]}/genuine.py` =~ s/\n//r;
}


subtest 'a hang-up in the middle of an answer' => sub {
    my $nginx = nginx(report => '/report transcript',
                      answer => '"answer=say:One two three four five six seven'
                                . ' eight nine ten" interval=200ms');
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup;
    $call->prompt('Hi');
    $call->tokens(2);
    $call->hangup;

    my $r = $receiver->next or return fail('there is one');
    my $report = report($r);
    $r->reply(200);

    is $report->{messages}[0]{content}, 'Hi', 'the question';
    like $report->{messages}[1]{content}, qr/^One.*\S/, '... and what was said';
    unlike $report->{messages}[1]{content}, qr/ten/, '... so far';
    is @{ $report->{first_word_ms} }, 1, '... which has a first word';
    stop($nginx);
};


subtest 'signed, and sent again after failures' => sub {
    my $nginx = nginx(ws => "convrelay_report_secret  $secret;");

    call($nginx)->hangup;

    my (@keys, @signatures, @bodies);

    for my $how (sub { shift->reply(500) }, sub { shift->reset },
                 sub { shift->reply(200) })
    {
        my $r = $receiver->next(15) or return fail('there is another one');

        push @keys, $r->{headers}{'idempotency-key'};
        push @signatures, $r->{headers}{'x-convrelay-signature'};
        push @bodies, $r->{body};

        my ($t, $v1) = $signatures[-1] =~ /^t=(\d+),v1=([0-9a-f]{64})$/;

        cmp_ok abs(time - $t), '<', 5 * $slow, 'the time of its signature';

        open my $file, '>', $nginx->dir . '/signed' or die;
        print $file "$t.$r->{body}";
        close $file;

        is genuine($nginx, $signatures[-1]), 'True', '... as docs/reports.md has it';

        my $hmac = `openssl dgst -sha256 -hmac $secret < @{[$nginx->dir]}/signed`;

        like $hmac, qr/\b$v1$/, 'it is signed';

        $how->($r);
    }

    is $keys[1], $keys[0], 'a second one has the same key';
    is $keys[2], $keys[0], '... and a third one';
    is $bodies[2], $bodies[0], '... and the same body';
    isnt $signatures[2], $signatures[0], '... but another signature';

    ok delivered($nginx, 1), 'it is counted once';
    unlike $nginx->log('error'), qr/was not delivered/, 'and not logged';
    $nginx->stop;
};


subtest 'what is not a delivery' => sub {
    my $nginx = nginx(report => '/report retry=0');
    my $n = 0;

    for my $how (sub { shift->reply(302, '', 'Location: /other') },
                 sub { shift->reply(404) },
                 sub { shift->send("HTTP/1.1 200 OK\r\nX-Accel") },
                 sub { shift->reset })
    {
        call($nginx)->hangup;

        my $r = $receiver->next or return fail('there is one');

        $how->($r);
        undef $r;

        ok delivered($nginx, ++$n, 'failed'), "number $n failed";
    }

    ok !$receiver->next(1.5), 'none is sent again';
    is scalar(() = $nginx->log('error')
                   =~ /report of call "CA1" was not delivered/g), 4,
       'each is logged';
    unlike $nginx->log('error'), qr/5550100/, 'without the number';

    # a CallSid that looks like a line of its own

    call($nginx, callSid => qq{CA1" was\n2026/11/30 00:00:00 [alert] sk-12345678})
        ->hangup;
    $receiver->next->reply(500);
    ok delivered($nginx, ++$n, 'failed'), 'an odd CallSid';
    unlike $nginx->log('error'), qr/^2026.11.30 00:00:00/m,
           '... does not write a line';

    ok delivered($nginx, 0), 'and not counted as delivered';
    $nginx->stop;
};


subtest 'what is one' => sub {
    my $nginx = nginx(report => '/report retry=0');

    call($nginx)->hangup;

    my $r = $receiver->next or return fail('there is one');

    $r->send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n");

    # an answer that does not end is not read to its end

    local $SIG{PIPE} = 'IGNORE';

    my $sent = 0;

    while (defined(my $m = $r->send("1000\r\n" . 'x' x 4096 . "\r\n"))) {
        $sent += $m;
        last if $sent > 64 * 1024 * 1024;
    }

    cmp_ok $sent, '<', 32 * 1024 * 1024, 'an endless answer is cut off';
    ok delivered($nginx, 1), '... and the report was delivered';

    call($nginx)->hangup;

    $r = $receiver->next or return fail('there is another one');
    $r->reply(200, 'x' x 100, 'X-Accel-Redirect: /book');
    ok delivered($nginx, 2), 'a redirect inside nginx is not followed';

    $nginx->stop;
};


my $action = <<'_EOC_';
location = /action {
    convrelay_connect_action;
    convrelay_connect_reply  $reply;
}

location = /twiml {
    convrelay_twiml  wss://localhost/ws;
}
_EOC_

subtest 'with an action webhook, its request decides' => sub {
    my $nginx = nginx(action => $action);

    call($nginx)->hangup;
    ok !$receiver->next(1.5), 'the report waits for it';

    action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 17);

    my $r = $receiver->next(3) or return fail('there is one');
    my $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( reason session_seconds sessions )} ],
              [ 'completed', 17, 1 ], 'it knows what Twilio said';

    action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 17);
    ok !$receiver->next(0.5), 'the same request again: nothing';

    # the socket drops, and Twilio does not come back

    call($nginx)->fin;
    action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64102,
           SessionDuration => 3);

    $r = $receiver->next or return fail('there is another one');
    $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( reason end error_code session_seconds )} ],
              [ 'failed', 'dropped', 64102, 3 ], 'a call that failed';

    ok $nginx->log_has(qr/client reported a failed session/), 'as logged';
    $nginx->stop;
};


subtest 'a call that is reconnected has one report' => sub {
    my $nginx = nginx(action => $action, report => '/report transcript');

    call($nginx)->fin;

    like action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64105,
                SessionDuration => 3),
         qr/<ConversationRelay.*name="convrelay_reconnects" value="1"/s,
         'it is reconnected, and the session learns it';

    ok !$receiver->next(0.5), 'there is no report of the first session';

    my $call = call($nginx, sessionId => 'VX2', customParameters => {
        convrelay_reconnects => '1' });

    # the request of the first session comes again, late

    action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64102,
           SessionDuration => 3);

    $call->prompt('Please book it.');
    $call->answer;
    $call->hangup;

    action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64102,
           SessionDuration => 3);
    ok !$receiver->next(0.5), 'nor one because of a request that is late';

    action($nginx, %ids, SessionId => 'VX2', SessionStatus => 'completed');

    my $r = $receiver->next or return fail('there is one');
    my $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( session sessions reason turns error_code partial
                             session_seconds )} ],
              [ 'VX2', 2, 'completed', 3, undef, undef, undef ],
              'one of all sessions, and Twilio has said of the last one';
    is @{ $report->{first_word_ms} }, 3, '... with all times';
    is @{ $report->{tools} }, 1, '... all tools';
    is $report->{messages}[0]{content}, 'Hi', '... all messages';
    is $report->{messages}[-1]{content}, 'book says: Reference B7.',
       '... to the last';
    is grep({ $_->{role} eq 'user' } @{ $report->{messages} }), 3, '... once';
    ok !$receiver->next(0.5), 'and no other';
    $nginx->stop;
};


subtest 'a call that may come back has one report' => sub {
    my $nginx = nginx(action => $action . <<'_EOC_');
location = /redirect {
    convrelay_connect_action;
    convrelay_connect_reply  "<Response><Redirect>/x</Redirect></Response>";
}
_EOC_

    my %ended = (SessionStatus => 'ended', CallStatus => 'in-progress');

    call($nginx)->hangup(1001);
    like action($nginx, %ids, uri => '/redirect', %ended), qr/<Redirect>/,
         'the answer is a redirect';
    ok !$receiver->next(2), '... and there is no report yet';

    call($nginx, sessionId => 'VX2')->hangup(1001);
    action($nginx, %ids, uri => '/redirect', %ended, SessionId => 'VX2');
    ok !$receiver->next(0.5), '... nor after another session';

    action($nginx, %ids, uri => '/redirect', SessionId => 'VX2',
           SessionStatus => 'failed', CallStatus => 'completed');

    my $r = $receiver->next(3) or return fail('there is one');
    my $report = report($r);
    $r->reply(200);
    is_deeply [ @$report{qw( session sessions turns )} ], [ 'VX2', 2, 2 ],
              'one of both, once the call is over, whatever the answer';

    call($nginx)->fin;
    like action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64105,
                CallStatus => 'completed'),
         qr/<ConversationRelay/, 'a call that is over is connected again';

    $r = $receiver->next(3) or return fail('... and has its report at once');
    $r->reply(200);
    is report($r)->{error_code}, 64105, '... and has its report at once';

    call($nginx)->fin;
    action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64105,
           CallStatus => 'in-progress');
    ok !$receiver->next(0.5), 'a call that is connected again';
    action($nginx, %ids, SessionId => 'VX2', SessionStatus => 'failed',
           CallStatus => 'completed');

    $r = $receiver->next(3) or return fail('... has it once it hangs up');
    $r->reply(200);
    is report($r)->{session}, 'VX1', '... has it once it hangs up';
    ok !$receiver->next(0.5), 'and no other';
    $nginx->stop;
};


my $store = 'convrelay_store_zone  kept 1m;';


# with all that could keep the end of a call from cutting its answer

subtest 'the last answer ends with what the caller heard' => sub {
    my $nginx = nginx(action => $action, report => '/report transcript',
                      zone => "convrelay_zone  calls 1m; $store",
                      answer => '"answer=say:One two three four five six seven'
                                . ' eight nine ten" interval=50ms',
                      ws => <<'_EOC_');
convrelay_resume            10s;
convrelay_interrupt_marker  " [cut]";
_EOC_

    my $n = 0;

    for my $end ('hangup', 'fin', 'paused') {

        for my $running (1, 0) {
            my $sid = 'CA' . ++$n;
            my $call = ConvRelay::Call->dial($nginx->port, '/ws');
            my $name = $end . ($running ? ', running' : ', over');

            $call->setup(callSid => $sid);
            $call->prompt('Hi');
            $running ? $call->tokens(4) : $call->answer;
            $call->send(type => 'info', name => 'tokensPlayed',
                        value => 'One two');

            $call->interrupt('One two') if $end eq 'paused';
            $end eq 'fin' ? $call->fin : $call->hangup;

            action($nginx, %ids, CallSid => $sid,
                   SessionStatus => 'completed');

            my $r = $receiver->next(5) or return fail('there is a report');
            my $report = report($r);
            $r->reply(200);

            is_deeply [ map { $_->{content} } @{ $report->{messages} } ],
                      [ 'Hi', 'One two' ], $name;
            is $report->{interrupts}, ($end eq 'paused' ? 1 : 0),
               '... and only the caller interrupts';
        }
    }

    stop($nginx);
};


subtest "Twilio's request comes before the end of the socket" => sub {
    my $nginx = nginx(action => $action, report => '/report transcript',
                      zone => "convrelay_zone  calls 1m; $store");
    my $call = call($nginx);

    $call->prompt('Cancel it.');
    action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 17);
    $call->end;

    my $r = $receiver->next(3) or return fail('there is a report, at once');
    my $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( reason end turns session_seconds )} ],
              [ 'completed', 'hangup', 2, 17 ],
              'it is that of the session, with what Twilio said';
    is $report->{messages}[2]{content}, 'Cancel it.',
       '... and what the caller said last';

    $call = call($nginx, sessionId => 'VX2', callSid => 'CA2');

    my %next = (%ids, CallSid => 'CA2', SessionId => 'VX2');

    action($nginx, %next, SessionId => 'VX1', SessionStatus => 'completed');
    action($nginx, %next, SessionStatus => 'failed', ErrorCode => 64105);
    $call->fin;
    ok !$receiver->next(1.5), 'a call that may go on is waited for';

    $call = call($nginx, sessionId => 'VX3', callSid => 'CA2');
    action($nginx, %next, SessionStatus => 'completed', SessionDuration => 1);
    $call->hangup;
    ok !$receiver->next(0.5), 'a request about an earlier session is late';
    action($nginx, %next, SessionId => 'VX3', SessionStatus => 'completed');

    $r = $receiver->next(3) or return fail('there is a report of both');
    $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( reason end sessions turns session_seconds )} ],
              [ 'completed', 'hangup', 2, 2, undef ],
              'there is a report of both';
    $nginx->stop;
};


subtest 'a second socket with the setup of a live session' => sub {
    my $nginx = nginx(zone => $store);
    my $call = call($nginx);
    my $other = ConvRelay::Call->dial($nginx->port, '/ws');

    $other->setup;
    $call->prompt('Another one.');
    is $call->answer, 'Fine.', 'the session goes on';
    $other->prompt('Hi');
    $other->answer;
    $other->fin;

    $call->prompt('Please.');
    $call->answer;
    $call->hangup;

    my $r = $receiver->next or return fail('there is a report');
    my $report = report($r);
    $r->reply(200);

    is_deeply [ @$report{qw( reason end turns sessions )} ],
              [ 'completed', 'hangup', 3, 1 ], '... and has its own report';
    ok !$receiver->next(0.5), 'the other one has none';
    $nginx->stop;
};


subtest 'none for a call that was refused, or has no CallSid' => sub {
    my $nginx = nginx(ws => 'convrelay_limit_calls $convrelay_to 1;');
    my $call = call($nginx);

    my $other = ConvRelay::Call->dial($nginx->port, '/ws');

    $other->setup(callSid => 'CA2', sessionId => 'VX2');
    is $other->end, 1008, 'a second call is one too many';

    $call->hangup;
    my $r = $receiver->next or return fail('there is one');
    $r->reply(200);
    is report($r)->{id}, 'CA1', 'the first one has a report';

    call($nginx, callSid => '')->hangup;
    ok !$receiver->next(1.5), 'no other has';
    $nginx->stop;
};


subtest 'a worker that leaves sends what it has' => sub {
    my $nginx = nginx();
    my ($old) = $nginx->workers;
    my $call = call($nginx);
    my ($new) = $nginx->hup;

    isnt $new, $old, 'there is another worker';
    $call->hangup;

    my $r = $receiver->next or return fail('there is one');

    $r->reply(500);
    $r = $receiver->next(5) or return fail('there is a second try');
    $r->reply(500);

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), 'it leaves after two tries';
    ok $nginx->log_has(qr/report of call "CA1" was not delivered: the last of 2/),
       '... and logs the failure';
    ok !$receiver->next(0.5), '... and nobody tries again';
    $nginx->stop;
};


subtest 'worker_shutdown_timeout, and a server that hangs' => sub {
    my $nginx = nginx(main => 'worker_shutdown_timeout 1s;');
    my ($old) = $nginx->workers;

    call($nginx)->hangup;

    my $r = $receiver->next or return fail('there is one');

    $nginx->hup;

    ok ConvRelay::Nginx::wait_for(6, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), 'the worker leaves';
    ok $r->closed, '... without waiting for an answer';
    ok $nginx->log_has(qr/report of call "CA1" was not delivered/),
       '... and logs that';
    $nginx->stop;
    unlike $nginx->log('error'), qr/\[alert\]|open socket/, 'nothing is left';
};


my $others = <<'_EOC_';
location = /other {
    convrelay;
    convrelay_report  /others;
    proxy_pass        http://llm/v1/chat/completions;
}

location = /others {
    internal;
    proxy_pass  http://127.0.0.1:PORT;
}
_EOC_

subtest 'a worker that leaves does not wait for long' => sub {
    my $other = ConvRelay::Receiver->new;
    my $nginx = nginx(report => '/report retry=9',
                      action => $others =~ s/PORT/$other->port/er);

    my ($old) = $nginx->workers;

    call($nginx, callSid => "CA$_")->hangup for 1 .. 20;

    my @hanging = map { $receiver->next || die "no report\n" } 1 .. 4;

    ok !$receiver->next(0.3), 'no more than 4 are sent at the same time';

    my $call = ConvRelay::Call->dial($nginx->port, '/other');

    $call->setup(callSid => 'CA21');
    $call->ask('Hi');
    $call->hangup;

    my $r = $other->next or return fail('another receiver does not wait');
    $r->reply(200);
    is report($r)->{id}, 'CA21', 'another receiver does not wait';
    $nginx->hup;

    ok ConvRelay::Nginx::wait_for(25, sub {
        $receiver->next(0.1);
        return !grep { $_ == $old } $nginx->workers;
    }), 'the worker leaves';
    is scalar(() = $nginx->log('error')
                   =~ /report of call "CA\d+" was not delivered/g), 20,
       '... and logs each report';
    $nginx->stop;
    unlike $nginx->log('error'), qr/\[alert\]|open socket/, 'nothing is left';
};


subtest 'a fast stop' => sub {
    my $nginx = nginx();

    call($nginx)->hangup;
    my $r = $receiver->next or return fail('there is one');
    call($nginx, callSid => 'CA2')->hangup;

    $nginx->signal('TERM');

    ok $nginx->log_has(qr/reports of calls not delivered: 2, because the worker/),
       'two are logged';
    $nginx->stop;
    unlike $nginx->log('error'), qr/\[alert\]|signal 11|open socket/,
           'nothing is left';
};


subtest 'at most 1000 are pending' => sub {
    my $other = ConvRelay::Receiver->new;
    my $nginx = nginx(action => "$action $others" =~ s/PORT/$other->port/er);

    for my $n (1 .. 1002) {
        my $call = ConvRelay::Call->dial($nginx->port, '/ws', nodelay => 1);

        $call->setup(callSid => "CA$n", sessionId => "VX$n");
        $call->hangup;
    }

    ok delivered($nginx, 2, 'dropped'), 'two are dropped';
    ok $nginx->log_has(qr/reports of calls dropped: 1, because 1000 are/),
       '... and logged';
    like $nginx->log('error'),
         qr{that of "convrelay_report /report" in \S+/nginx.conf:\d+},
         '... with the directive';

    my $call = ConvRelay::Call->dial($nginx->port, '/other');

    $call->setup(callSid => 'CA0', sessionId => 'VX0');
    $call->hangup;
    action($nginx, AccountSid => 'AC1', CallSid => 'CA0', SessionId => 'VX0',
           SessionStatus => 'completed', SessionDuration => 2);

    my $r = $other->next or return fail('another receiver gets its report');
    $r->reply(200);
    is report($r)->{id}, 'CA0', 'another receiver gets its report';
    ok delivered($nginx, 3, 'dropped'), '... in place of one of the many';

    # the oldest one, unless that has been sent meanwhile

    action($nginx, AccountSid => 'AC1', CallSid => $_, SessionId => s/CA/VX/r,
           SessionStatus => 'completed', SessionDuration => 2)
        for 'CA1', 'CA1000';

    my @hanging;

    while (my $r = $receiver->next(@hanging ? 0.3 : 10)) { push @hanging, $r }

    my @sent = map { report($_)->{id} } @hanging;

    is_deeply \@sent, [ 'CA1000' ], '... which is the oldest'
        if !grep { $_ eq 'CA2' } @sent;
    $nginx->signal('TERM');
    $nginx->stop;
} if $slow < 3;


done_testing;
