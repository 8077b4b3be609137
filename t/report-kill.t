# Reports of calls whose worker was killed, or leaves, while there is a store:
# any other worker sends them.  The test is the server that gets them.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use ConvRelay::Status;
use ConvRelay::Together;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw( time );

my $slow = $ENV{TEST_NGINX_SLOW} // 1;
my $receiver;


sub nginx {
    my $main = shift // '';
    my $store = shift // 'convrelay_store_zone  store 1m;';
    my $ws = shift // '';
    my $more = shift // '';

    $receiver = ConvRelay::Receiver->new;

    my $nginx = ConvRelay::Nginx->new;

    $main .= "worker_processes 2;\n" if $main !~ /worker_processes/;

    $nginx->http(<<"_EOC_", $main);
    upstream llm {
        server  127.0.0.1:%%PORT_1%%;
    }

    convrelay_zone        calls 1m;
    $store

    map \$convrelay_error_code \$reply {
        default  hangup;
        64105    reconnect;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=say:Fine. interval=1ms;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /ws {
            convrelay;
            convrelay_system_prompt  "Prompt.";
            convrelay_report         /report transcript;
            $ws
            convrelay_on prompt "who" say \$pid;
            proxy_pass               http://llm/v1/chat/completions;
        }

        location = /other {
            convrelay;
            convrelay_report  /report?other transcript;
            proxy_pass        http://llm/v1/chat/completions;
        }

        $more

        location = /report {
            internal;
            proxy_pass  http://127.0.0.1:@{[$receiver->port]};
        }

        location = /action {
            convrelay_connect_action;
            convrelay_connect_reply  \$reply;
        }

        location = /redirect {
            convrelay_connect_action;
            convrelay_connect_reply  "<Response><Redirect>/x</Redirect></Response>";
        }

        location = /twiml {
            convrelay_twiml  wss://localhost/ws;
        }

        location = /status {
            convrelay_status  prometheus public;
        }
    }
_EOC_

    return $nginx->start;
}


# a call with a turn, and its worker

sub call {
    my ($nginx, %setup) = @_;

    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup(%setup);
    $call->prompt('Hi');
    $call->answer;
    $call->prompt('who');

    my $pid = $call->answer;

    # a worker that is killed right after it has sent an answer may not have
    # stored it: it has, when it answers something else

    ConvRelay::Status->new($nginx->port, '/status')->read for 1 .. 4;
    $call->quiet(0.3);

    return ($call, $pid);
}


sub killed {
    my ($nginx, $pid) = @_;

    kill KILL => $pid;

    return ConvRelay::Nginx::wait_for(5, sub {
        my @workers = $nginx->workers;

        return @workers == 2 && !grep { $_ == $pid } @workers;
    });
}


sub action {
    my ($nginx, %form) = @_;

    my $uri = delete $form{uri} // '/action';
    my $body = join '&', map { "$_=$form{$_}" } sort keys %form;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or die "no connection: $!\n";

    print $sock join "\r\n", "POST $uri HTTP/1.1", 'Host: localhost',
        'Connection: close', 'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: ' . length $body, '', $body;

    my $all = do { local $/; <$sock> };

    return (split /\r\n\r\n/, $all, 2)[1];
}


# a worker that does nothing until it is woken

sub asleep {
    my $pid = shift;

    kill STOP => $pid;
    ConvRelay::Nginx::wait_for(5, sub { proc($pid, 'stat') =~ /\) T / })
        or die "it does not stop\n";
}


sub proc {
    my ($pid, $name) = @_;

    open my $fh, '<', "/proc/$pid/$name" or die "$name: $!\n";

    return do { local $/; <$fh> };
}


# how often a worker has waited for something to happen

sub waited {
    return proc(shift, 'status') =~ /^voluntary_ctxt_switches:\s+(\d+)/m
           ? $1 : die "not known\n";
}


# calls that end at once

sub short {
    my ($nginx, $path, @numbers) = @_;

    for my $n (@numbers) {
        my $call = ConvRelay::Call->dial($nginx->port, $path, nodelay => 1);

        $call->setup(callSid => "CA$n", sessionId => "VX$n");
        $call->hangup;
    }
}


# $n sockets were lost

sub dropped {
    my ($nginx, $n) = @_;

    return ConvRelay::Status->new($nginx->port, '/status')->wait(sub {
        return shift->read->text
               =~ /^convrelay_sessions_total\{.*end="dropped"\} $n$/m;
    });
}


sub report { return JSON::PP->new->utf8->decode($_[0]{body}) }

my %ids = (AccountSid => 'AC1', CallSid => 'CA1', SessionId => 'VX1');


together(

    'killed in a call: Twilio\'s request finds the report' => sub {
        my $nginx = nginx();
        my ($call, $pid) = call($nginx);

        ok killed($nginx, $pid), 'the worker is killed';

        action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64102,
               SessionDuration => 4);

        my $r = $receiver->next(4) or return fail('there is a report');
        my $report = report($r);
        $r->reply(200);

        is_deeply [ @$report{qw( id reason end error_code session_seconds turns )} ],
                  [ 'CA1', 'failed', 'dropped', 64102, 4, 1 ], 'it is complete';
        is $report->{messages}[1]{content}, 'Fine.', '... with its messages';

        action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64102);
        ok !$receiver->next(3), 'and sent once';
        $nginx->stop;
    },

    'killed in a call, and nothing follows' => sub {
        my $nginx = nginx();
        my ($call, $pid) = call($nginx);

        ok killed($nginx, $pid), 'the worker is killed';

        my $r = $receiver->next(16) or return fail('there is a report');
        my $report = report($r);
        $r->reply(200);

        is_deeply [ @$report{qw( id reason end turns )} ],
                  [ 'CA1', 'failed', 'dropped', 1 ], 'another worker sends it';
        ok !$receiver->next(3), '... once';
        $nginx->stop;
    },

    'killed in a call that goes on' => sub {
        my $nginx = nginx();
        my ($call, $pid) = call($nginx);

        ok killed($nginx, $pid), 'the worker is killed';

        like action($nginx, %ids, SessionStatus => 'failed', ErrorCode => 64105),
             qr/<ConversationRelay/, 'the call is reconnected';

        my ($next) = call($nginx, sessionId => 'VX2');

        ok !$receiver->next(3), 'there is no report of the first session';
        is $next->hangup, 1000, 'the call ends';

        action($nginx, %ids, SessionId => 'VX2', SessionStatus => 'completed',
               SessionDuration => 9);

        my $r = $receiver->next(4) or return fail('there is a report');
        my $report = report($r);
        $r->reply(200);

        is_deeply [ @$report{qw( sessions session reason turns error_code )} ],
                  [ 2, 'VX2', 'completed', 2, undef ], 'one of both sessions';
        is scalar(grep { $_->{role} eq 'user' } @{ $report->{messages} }), 4,
           '... with all messages, once';
        is @{ $report->{first_word_ms} }, 2, '... and the times of both';
        ok !$receiver->next(3), 'and no other';
        $nginx->stop;
    },

    'killed during the delivery' => sub {
        my $nginx = nginx();
        my ($call, $pid) = call($nginx);

        $call->hangup;
        action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 2);

        my $r = $receiver->next(4) or return fail('there is a report');

        # one of the two is sending it

        ok killed($nginx, $_), 'a worker is killed' for $nginx->workers;

        my $again = $receiver->next(8) or return fail('it is sent again');

        is $again->{headers}{'idempotency-key'}, $r->{headers}{'idempotency-key'},
           'it comes again with the same key';
        is $again->{body}, $r->{body}, '... and the same body';
        $again->reply(200);
        ok !$receiver->next(4), '... and not a third time';
        $nginx->stop;
    },

    $slow < 3 ? ('1000 reports go to a worker that has as many' => sub {
        my $nginx = nginx('', 'convrelay_store_zone  store 4m;');

        ConvRelay::Nginx::wait_for(5, sub { 2 == (() = $nginx->workers) });

        my ($killed, $pid) = $nginx->workers;

        asleep($pid);
        short($nginx, '/other', 1001 .. 2000);
        kill CONT => $pid;

        asleep($killed);
        short($nginx, '/ws', 1 .. 1000);
        kill KILL => $killed;

        # the one that replaces it would take some

        ConvRelay::Nginx::wait_for(5, sub {
            my ($new) = grep { $_ != $pid && $_ != $killed } $nginx->workers;

            return $new && asleep($new);
        });

        my $before = waited($pid);

        ok ConvRelay::Nginx::wait_for(5, sub {
            my ($n, $log) = (0, $nginx->log('error'));

            $n += $1 while $log =~ /reports of calls dropped: (\d+)/g;

            return $n == 1000;
        }), 'as many as are too many are dropped';

        cmp_ok waited($pid) - $before, '>', 1000 / 16,
               'a few at a time, and then others have a turn';

        my $status = ConvRelay::Status->new($nginx->port, '/status')->read->text;

        is_deeply [ sort $status =~ /^convrelay_reports_total\{(.*"dropped"\} \d+)$/mg ],
                  [ map { qq(server="",location="/$_",result="dropped"} 500) }
                    'other', 'ws' ], 'of both directives as many';

        $nginx->signal('TERM');
        $nginx->stop;
    }) : (),

    'four receivers that hang do not hold up another one' => sub {
        my $good = ConvRelay::Receiver->new;
        my $nginx = nginx("worker_processes 1;\n", '', '', join '',
            (map { <<"_EOC_" } 1 .. 4), <<"_EOC_");
        location = /hangs$_ {
            convrelay;
            convrelay_report  /report?$_;
            proxy_pass        http://llm/v1/chat/completions;
        }

_EOC_
        location = /good {
            convrelay;
            convrelay_report  /good_report;
            proxy_pass        http://llm/v1/chat/completions;
        }

        location = /good_report {
            internal;
            proxy_pass  http://127.0.0.1:@{[$good->port]};
        }
_EOC_

        my $over = sub {
            my ($path, $n) = @_;

            short($nginx, $path, $n);
            action($nginx, AccountSid => 'AC1', CallSid => "CA$n",
                   SessionId => "VX$n", SessionStatus => 'completed');
        };

        for my $n (1 .. 4) {
            $over->("/hangs$n", 100 * $n + $_) for 1 .. 8;
        }

        my @hanging = map { $receiver->next // () } 1 .. 16;

        is @hanging, 16, 'they have all deliveries that there may be';

        $over->('/good', 1);

        my $r = $good->next(16) or return fail('the next one goes to it');
        $r->reply(200);
        pass 'the next one goes to it';

        my @more;

        while (my $r = $receiver->next(2)) { push @more, $r }

        is_deeply [ sort map { $_->{line} =~ /\?(\d)/ } @more ], [ 1 .. 4 ],
                  '... and one to each of them';

        $over->('/good', 2);

        $r = $good->next(4) or return fail('others do not wait any more');
        $r->reply(200);
        pass 'others do not wait any more';
        $nginx->signal('TERM');
        $nginx->stop;
    },

    'twenty receivers that hang leave room for another one' => sub {
        my $hanging = ConvRelay::Receiver->new;
        my $good = ConvRelay::Receiver->new;
        my $nginx = nginx("worker_processes 1;\n", '', '', join '',
            (map { <<"_EOC_" } 1 .. 20), <<"_EOC_");
        location = /hangs$_ {
            convrelay;
            convrelay_report  /hang_report?$_;
            proxy_pass        http://llm/v1/chat/completions;
        }

_EOC_
        location = /hang_report {
            internal;
            proxy_read_timeout  3s;
            proxy_pass          http://127.0.0.1:@{[$hanging->port]};
        }

        location = /good {
            convrelay;
            convrelay_report  /good_report;
            proxy_pass        http://llm/v1/chat/completions;
        }

        location = /good_report {
            internal;
            proxy_pass  http://127.0.0.1:@{[$good->port]};
        }
_EOC_

        my $over = sub {
            my ($path, $n) = @_;

            short($nginx, $path, $n);
            action($nginx, AccountSid => 'AC1', CallSid => "CA$n",
                   SessionId => "VX$n", SessionStatus => 'completed');
        };

        for my $n (1 .. 20) {
            $over->("/hangs$n", 100 * $n + $_) for 1 .. 4;
        }

        # the first ones have all, until they are known to hang

        $over->('/good', 1);
        my $r = $good->next(20) or return fail('the first one');
        $r->reply(200);

        my @late;

        for my $n (2 .. 5) {
            my $begun = time;

            $over->('/good', $n);
            $r = $good->next(20) or return fail('another one');
            $r->reply(200);
            push @late, time - $begun;
        }

        cmp_ok +(sort { $a <=> $b } @late)[1], '<', 2 * $slow,
               'its reports do not wait for them';
        $nginx->signal('TERM');
        $nginx->stop;
    },

    'two workers: the request after a session comes to either' => sub {
        my $nginx = nginx();

        for my $n (1 .. 8) {
            my ($call) = call($nginx, callSid => "CA$n", sessionId => "VX$n");

            $call->hangup;
            action($nginx, AccountSid => 'AC1', CallSid => "CA$n",
                   SessionId => "VX$n", SessionStatus => 'completed',
                   SessionDuration => $n);
        }

        my %seconds;

        for (1 .. 8) {
            my $r = $receiver->next(4) or return fail('there is a report');
            my $report = report($r);

            $seconds{$report->{id}} .= $report->{session_seconds};
            $r->reply(200);
        }

        is_deeply \%seconds, { map { ("CA$_" => $_) } 1 .. 8 },
                  'each call has its own, with what Twilio said';
        ok !$receiver->next(11), '... and only one';
        $nginx->stop;
    },

    'a worker that leaves leaves it to others' => sub {
        my $nginx = nginx();
        my ($call, $pid) = call($nginx);

        $nginx->hup;
        $call->hangup;
        action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 2);

        my $r;

        for (1, 2) {
            $r = $receiver->next(14) or return fail('it is tried');
            $r->reply(503);
        }

        $r = $receiver->next(20) or return fail('it is tried again');
        $r->reply(200);

        is report($r)->{reason}, 'completed', 'it arrives';
        ok !$receiver->next(4), '... and is not sent any more';
        unlike $nginx->log('error'), qr/was not delivered/, '... nor given up';
        $nginx->stop;
    },

    'a worker that may not stay leaves it to others' => sub {
        my $nginx = nginx("worker_shutdown_timeout 1s;\n");
        my ($call) = call($nginx);

        $call->hangup;
        action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 2);

        my $r = $receiver->next(4) or return fail('it is sent');
        $nginx->hup;
        ok $r->closed, 'the worker that sends it has to leave';

        $r = $receiver->next(14) or return fail('another one sends it');
        $r->reply(200);
        is report($r)->{reason}, 'completed', 'another one sends it';
        ok !$receiver->next(3), '... once';
        $nginx->stop;
    },

    'what is too long for the store is not left to others' => sub {
        my $nginx = nginx("worker_shutdown_timeout 1s;\n",
                          'convrelay_store_zone  store 32k;');
        my $call = ConvRelay::Call->dial($nginx->port, '/ws');

        $call->setup;
        $call->ask('word ' x 6000) for 1, 2;
        $call->hangup;
        action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 2);

        my $r = $receiver->next(14) or return fail('it is sent');
        $nginx->hup;
        ok $r->closed, 'the worker that sends it has to leave';
        ok $nginx->log_has(qr/report of call "CA1" was not delivered/),
           'it is logged';
        my $status = ConvRelay::Status->new($nginx->port, '/status');

        ok $status->wait(sub {
            return shift->read->text
                   =~ /^convrelay_reports_total\{.*result="failed"\} 1$/m;
        }), '... and counted';
        $nginx->stop;
    },

    'killed when the store has only the beginning' => sub {
        my $nginx = nginx('', 'convrelay_store_zone  store 32k;');
        my ($call, $pid) = call($nginx);

        $call->ask('word ' x 6000) for 1, 2;
        $call->quiet(0.3);

        ok killed($nginx, $pid), 'the worker is killed';
        ok !$receiver->next(14), 'no report that looks like a whole one';
        $nginx->stop;
    },

    'a transcript is not longer than a call in the store' => sub {
        my $nginx = nginx('', undef, 'convrelay_store_max_size  16k;');
        my ($call) = call($nginx);

        $call->ask("$_ " . 'word ' x 1200) for 1 .. 5;
        $call->hangup;
        action($nginx, %ids, SessionStatus => 'completed', SessionDuration => 2);

        my $r = $receiver->next(4) or return fail('there is a report');
        my $report = report($r);
        my @said = map { substr $_->{content}, 0, 1 }
                   grep { $_->{role} eq 'user' } @{ $report->{messages} };

        $r->reply(200);
        is_deeply \@said, [ 4, 5 ], 'the oldest turns are left out';
        is $report->{turns}, 6, '... but counted';
        $nginx->stop;
    },

    'without a store, a report says that it may not be all' => sub {
        my $nginx = nginx('', '');
        my (%want, %got, %keys);

        # until a call had both workers, and another one the same one twice

        for my $n (1 .. 30) {
            my ($call, $pid) = call($nginx, callSid => "CA$n");

            $call->fin;
            dropped($nginx, $n) or return fail('the socket is lost');

            my ($next, $other) = call($nginx, callSid => "CA$n",
                customParameters => { convrelay_reconnects => '1' },
                sessionId => 'VX2');

            $next->hangup;

            $want{$_} = 2 for $pid eq $other
                            ? "CA$n VX2 of 2, whole"
                            : ("CA$n VX1 of 1, partial",
                               "CA$n VX2 of 1, partial");

            last if keys %{{ map { /(whole|partial)/ ? ($1 => 1) : () }
                             keys %want }} == 2;
        }

        # each of them comes twice

        for (1 .. 2 * keys %want) {
            my $r = $receiver->next(14) or last;
            my $report = report($r);
            my $seen = $got{"$report->{id} $report->{session} of "
                            . "$report->{sessions}, "
                            . ($report->{partial} ? 'partial' : 'whole')}++;

            $keys{$r->{headers}{'idempotency-key'}}++;
            $r->reply($seen ? 200 : 500);
        }

        is_deeply \%got, \%want, 'each report says it';
        is_deeply [ grep { $_ != 2 } values %keys ], [],
                  'each has a key of its own';
        ok !$receiver->next(1), 'and no other comes';
        $nginx->stop;
    },

    'a redirect: the call may come back' => sub {
        my $nginx = nginx();
        my ($call) = call($nginx);

        $call->hangup(1001);
        like action($nginx, %ids, uri => '/redirect', SessionStatus => 'ended',
                    CallStatus => 'in-progress', SessionDuration => 2),
             qr/<Redirect>/, 'the action is answered';
        ok !$receiver->next(3), 'no report yet';

        # 8 of them, so that both workers have one

        for my $n (2 .. 9) {
            my ($next) = call($nginx, sessionId => "VX$n");

            $next->hangup(1001);
            action($nginx, %ids, uri => '/redirect', SessionId => "VX$n",
                   SessionStatus => 'ended', CallStatus => 'in-progress',
                   SessionDuration => 2);
        }

        ok !$receiver->next(3), '... nor after several sessions';

        # a session that could not begin, since the caller has gone

        action($nginx, %ids, SessionId => 'VX10', SessionStatus => 'failed',
               CallStatus => 'completed', SessionDuration => 0);

        my $r = $receiver->next(3) or return fail('there is one at the end');
        my $report = report($r);
        $r->reply(200);

        is_deeply [ @$report{qw( session sessions turns )} ], [ 'VX9', 9, 9 ],
                  'one at the end, of all sessions';
        ok !$receiver->next(3), '... once';
        $nginx->stop;
    },

);


done_testing;
