# Two tenants of one nginx.  A setup message names its call, and nobody signs it:
# a tenant that knows the SIDs of another one's call must not reach the call.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use Digest::SHA qw( hmac_sha1_base64 );
use IO::Socket::INET;
use JSON::PP ();
use Test::More;

my $receiver = ConvRelay::Receiver->new;

my %token = (
    a => '1a2b3c4d5e6f718293a4b5c6d7e8f901',
    b => '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    new => '99887766554433221100ffeeddccbbaa',
);


# a server, of a tenant: a letter, its tokens, and what else it has

sub server {
    my ($name, $tokens, $more) = @_;

    my $port = $receiver->port;
    my $ws = <<"_EOC_";
            convrelay;
            convrelay_report          /report transcript;
            proxy_pass                http://llm/v1/chat/completions;
_EOC_

    $more //= <<'_EOC_';
        location = /action {
            convrelay_connect_action;
            convrelay_connect_reply  $reply;
        }
_EOC_

    return <<"_EOC_";
    server {
        listen                127.0.0.1:%%PORT%%;
        server_name           $name.example;
        convrelay_public_url  https://$name.example;
        convrelay_auth_token  $tokens;
        proxy_http_version    1.1;
        proxy_set_header      Connection "";
        access_log            logs/calls.log call;

        location = /ws {
$ws        }

        location = /es {
$ws        }

        location = /report {
            internal;
            proxy_pass  http://127.0.0.1:$port/$name;
        }

$more
    }
_EOC_
}


sub configure {
    my ($nginx, $store, @servers) = @_;

    $store = $store ? 'convrelay_store_zone  calls 1m;' : '';

    $nginx->http(<<"_EOC_" . join '', @servers);
    $store
    convrelay_zone  seats 256k;
    log_format  call  '\$convrelay_session_id';

    map \$convrelay_error_code \$reply {
        default  hangup;
        1        '<Response><Redirect>/twiml</Redirect></Response>';
    }

    upstream llm {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=history interval=1ms;
        }

        location = /status {
            convrelay_status  prometheus public;
        }
    }
_EOC_
}


my $sessions = 0;
my $port = 0;


# a session of the same call, whoever opens it

sub session {
    my ($nginx, $name, $token, $path) = @_;

    $path //= '/ws';

    my $call = ConvRelay::Call->dial($nginx->port($port), $path,
        host => "$name.example", !$token ? () : (headers => [
            'X-Twilio-Signature: '
            . hmac_sha1_base64("wss://$name.example$path", $token) . '=' ]));

    $call->{session} = 'VX' . ++$sessions;
    $call->setup(sessionId => $call->{session});

    return $call;
}


# its socket is lost, and the worker has noticed

sub lose {
    my ($nginx, $call) = @_;

    $call->rst;

    ok(ConvRelay::Nginx::wait_for(5, sub {
           $nginx->log('calls') =~ /^$call->{session}$/m }), 'a lost socket');
}


# Twilio's request after a session

sub action {
    my ($nginx, $name, $token, $session, $code, %more) = @_;

    my %form = (AccountSid => 'AC1', CallSid => 'CA1', SessionId => $session,
                SessionStatus => 'failed', ErrorCode => $code, %more);
    my $form = join '&', map { "$_=$form{$_}" } keys %form;
    my $signature = hmac_sha1_base64("https://$name.example/action"
                        . join('', map { $_ . $form{$_} } sort keys %form),
                        $token) . '=';

    return request($nginx->port($port), join "\r\n", 'POST /action HTTP/1.0',
                   "Host: $name.example", "X-Twilio-Signature: $signature",
                   'Content-Type: application/x-www-form-urlencoded',
                   'Content-Length: ' . length $form, '', $form);
}


sub request {
    my ($port, $request) = @_;

    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        or return '';

    print $c $request;
    local $/;

    return <$c> // '';
}


sub records {
    my $nginx = shift;

    return request($nginx->port(1), "GET /status HTTP/1.0\r\n\r\n")
           =~ /^convrelay_store_records (\d+)/m ? $1 : 'no figure';
}


# what people said, as the LLM was sent it

sub said {
    my ($call, $text) = @_;

    return map { $_->{content} } grep { $_->{role} eq 'user' }
           @{ JSON::PP->new->decode($call->ask($text)) };
}


# the next report, and where it went

sub report {
    my $request = $receiver->next or return ('none', {});

    $request->reply(200);

    return ((split m{[ /]}, $request->{line})[2],
            JSON::PP->new->decode($request->{body}));
}


sub quiet_end {
    my $nginx = shift;

    $nginx->stop;

    is_deeply [ grep { !/client reported a failed|second one refused/ }
                     $nginx->complaints ], [], 'nothing is complained of';

    unlike $nginx->log('error'), qr/$token{a}|$token{b}|$token{new}/,
           'no token is logged';
}


subtest 'with a store' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 1, map { server($_, $token{$_}) } qw( a b ));
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});

    is_deeply [ said($call, 'My PIN is 4711.') ], [ 'My PIN is 4711.' ],
              'a call of one tenant';

    my $other = session($nginx, 'b', $token{b});

    is_deeply [ said($other, 'What did I say?') ], [ 'What did I say?' ],
              'the other one names it, and learns nothing';

    is_deeply [ said($call, 'And now?') ], [ 'My PIN is 4711.', 'And now?' ],
              '... and the call goes on';

    like action($nginx, 'b', $token{b}, $call->{session}, 2), qr/<Hangup/,
         "the other one's action";
    is_deeply [ (said($call, 'Still?'))[0] ], [ 'My PIN is 4711.' ],
              '... ends nothing';

    lose($nginx, $call);
    $call = session($nginx, 'a', $token{a}, '/es');

    is_deeply [ (said($call, 'Hello?'))[0] ], [ 'My PIN is 4711.' ],
              'another location of the tenant has the call';

    is $other->hangup, 1000, 'the other one ends its own';
    is $call->hangup, 1000, 'the end';

    action($nginx, 'b', $token{b}, $other->{session}, 2);
    action($nginx, 'a', $token{a}, $call->{session}, 2);

    my %reports = map { my ($to, $report) = report(); ($to => $report) } 1 .. 2;

    is $reports{'a'}{sessions}, 2, 'its report counts both sessions';
    is $reports{'a'}{messages}[0]{content}, 'My PIN is 4711.', '...';
    is $reports{'b'}{sessions}, 1, 'the other one has its own';
    unlike(JSON::PP->new->encode($reports{'b'}), qr/4711/,
           '... without the words of the call');
    is records($nginx), 2, 'only the reports that are done are stored';

    quiet_end($nginx);
};


subtest 'a report without a store' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 0, map { server($_, $token{$_}) } qw( a b ));
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('My PIN is 4711.');
    is $call->hangup, 1000, 'a call of one tenant';

    my $other = session($nginx, 'b', $token{b});
    $other->ask('What did I say?');
    is $other->hangup, 1000, 'the other one names it';

    action($nginx, 'b', $token{b}, $call->{session}, 64101);
    action($nginx, 'b', $token{b}, $other->{session}, 64102);

    my ($to, $report) = report();

    is $to, 'b', "the other one's report is its own";
    is $report->{sessions}, 1, '...';
    unlike(JSON::PP->new->encode($report), qr/4711/, '...');

    action($nginx, 'a', $token{a}, $call->{session}, 64103);

    ($to, $report) = report();

    is $to, 'a', 'the report of the call';
    is $report->{error_code}, 64103, '... is decided by its own tenant';
    is $report->{messages}[0]{content}, 'My PIN is 4711.', '...';

    quiet_end($nginx);
};


subtest 'an auth token is rotated in mid-call' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 1, server('a', $token{a}));
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('One?');

    configure($nginx, 1, server('a', "$token{new} $token{a}"));
    $nginx->hup;

    is session($nginx, 'a', $token{new})->end, 1008,
       'it has one socket in any case';

    lose($nginx, $call);

    $call = session($nginx, 'a', $token{new});
    is_deeply [ said($call, 'Two?') ], [ 'One?', 'Two?' ],
              'a record of before is found';
    is records($nginx), 3, '... and has a new name: it, the report, and what '
                           . 'keeps the old worker from sending that';

    configure($nginx, 1, server('a', $token{new}));
    $nginx->hup;
    lose($nginx, $call);

    $call = session($nginx, 'a', $token{new});
    is_deeply [ said($call, 'Three?') ], [ 'One?', 'Two?', 'Three?' ],
              '... also without the old token';

    is $call->hangup, 1000, 'the end';
    action($nginx, 'a', $token{new}, $call->{session}, 2);

    my ($to, $report) = report();

    is $report->{sessions}, 3, 'one report of all sessions';
    is $receiver->next(0.5), undef, '... and no other';

    quiet_end($nginx);
};


subtest 'the action of before a rotation' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 1, server('a', $token{a}));
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('One?');

    configure($nginx, 1, server('a', "$token{new} $token{a}"));
    $nginx->hup;
    lose($nginx, $call);

    action($nginx, 'a', $token{new}, $call->{session}, 64109);

    my ($to, $report) = report();

    is $report->{error_code}, 64109, 'the report is decided';
    is records($nginx), 1, '... and the record is removed';

    quiet_end($nginx);
};


subtest 'two servers of the same name' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $second = server('a', $token{b}) =~ s/%%PORT%%/%%PORT_2%%/r
                                        =~ s{/a;}{/second;}r;

    configure($nginx, 1, server('a', $token{a}), $second);
    $nginx->start;

    $port = 2;
    my $call = session($nginx, 'a', $token{b});
    $call->ask('My PIN is 4711.');
    $nginx->hup;
    lose($nginx, $call);

    # a new worker finds the report in the store

    action($nginx, 'a', $token{b}, $call->{session}, 2);
    $port = 0;

    my ($to, $report) = report();

    is $to, 'second', 'a report goes to the receiver of its own server';
    is $report->{error_code}, 2, '...';

    quiet_end($nginx);
};


# nginx reads the files of conf.d in the order of their names

subtest 'another tenant comes before one, on another address' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $own = server('a', $token{a});
    my $other = server('a', $token{b}) =~ s/127.0.0.1:%%PORT%%/127.0.0.2:%%PORT%%/r
                                       =~ s{/a;}{/second;}r;

    configure($nginx, 1, $own);
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('My PIN is 4711.');
    lose($nginx, $call);

    configure($nginx, 1, $other, $own);
    $nginx->hup;

    # a new worker finds the report in the store

    action($nginx, 'a', $token{a}, $call->{session}, 2);

    is +(report())[0], 'a', 'a report goes to the receiver of its own server';

    quiet_end($nginx);
};


# nginx warns of the name, and serves both by the others

subtest 'another tenant with the same first name and socket' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my ($own, $other) = map { server($_->[0], $token{$_->[0]})
        =~ s/(127.0.0.1:%%PORT%%;)/$1 listen $_->[1]:%%PORT_2%%;/r
        =~ s/server_name +/server_name _ /r } [ 'a', '127.0.0.1' ],
                                              [ 'b', '127.0.0.2' ];

    configure($nginx, 1, $own);
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('My PIN is 4711.');
    lose($nginx, $call);

    configure($nginx, 1, $other, $own);
    $nginx->hup;

    # a new worker finds the report in the store

    action($nginx, 'a', $token{a}, $call->{session}, 2);

    is +(report())[0], 'a', 'a report goes to the receiver of its own tenant';

    $nginx->stop;
};


subtest 'a server that is changed while a report waits' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 1, server('b', $token{b}), server('a', $token{a}));
    $nginx->start;

    # another name comes first, and another socket

    my $call = session($nginx, 'a', $token{a});
    $call->ask('One?');
    lose($nginx, $call);

    configure($nginx, 1, server('b', $token{b}),
              server('a', $token{a})
              =~ s/listen/listen 127.0.0.1:%%PORT_2%%; listen/r
              =~ s/server_name +/server_name www.a.example /r);
    $nginx->hup;
    action($nginx, 'a', $token{a}, $call->{session}, 2);

    is +(report())[0], 'a', 'with other names and sockets it gets its report';

    $nginx->stop;

    # it has no reports any more, and one waits for another session

    my $goes_on = <<'_EOC_';
        location = /action {
            convrelay_connect_action;
            convrelay_connect_reply  <Response><Redirect>/</Redirect></Response>;
        }
_EOC_

    configure($nginx, 1, server('b', $token{b}),
              server('a', $token{a}, $goes_on));
    $nginx->start;

    $call = session($nginx, 'a', $token{a});
    $call->ask('Two?');
    lose($nginx, $call);
    action($nginx, 'a', $token{a}, $call->{session}, 2);

    configure($nginx, 1, server('b', $token{b}),
              server('a', $token{a}, $goes_on) =~ s/convrelay_report .*//gr);
    $nginx->hup;

    ok ConvRelay::Nginx::wait_for(10, sub {
           $nginx->log_has(qr/\[error\].*report of a call was dropped: its/) }),
       'without a receiver, it is dropped, which is logged';
    is $receiver->next(0), undef, '... and goes to nobody else';

    $nginx->stop;
    is scalar(() = $nginx->log('error') =~ /report of a call was dropped/g), 1,
       '... once';
};


subtest 'the location that takes a report has no transcripts' => sub {
    my $nginx = ConvRelay::Nginx->new;

    configure($nginx, 1, server('a', $token{a}));
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('My PIN is 4711.');
    lose($nginx, $call);

    # "/ws" has no reports any more, and "/es" is the only one that has

    my $changed = server('a', $token{a}) =~ s/convrelay_report .*//r
                                         =~ s{/report transcript}{/report}r;

    configure($nginx, 1, $changed);
    $nginx->hup;
    action($nginx, 'a', $token{a}, $call->{session}, 2);

    my ($who, $report) = report();

    is $who, 'a', 'it takes the report';
    ok !exists $report->{messages}, '... without what was said';

    $nginx->stop;
};


# the servers have one name, and only their addresses tell them apart

subtest 'a server without a secret is removed' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $goes_on = <<'_EOC_';
        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  <Response><Redirect>/</Redirect></Response>;
        }
_EOC_
    my $own = server('a', 'off', $goes_on);
    my $other = server('b', 'off', '')
                =~ s/127.0.0.1:%%PORT%%/127.0.0.2:%%PORT%%/r
                =~ s/server_name +b/server_name a/r;

    configure($nginx, 1, $own, $other);
    $nginx->start;

    my $call = session($nginx, 'a');
    $call->ask('My PIN is 4711.');
    lose($nginx, $call);

    my $form = "AccountSid=AC1&CallSid=CA1&SessionId=$call->{session}"
               . '&SessionStatus=failed&ErrorCode=2';

    request($nginx->port, join "\r\n", 'POST /end HTTP/1.0',
            'Host: a.example',
            'Content-Type: application/x-www-form-urlencoded',
            'Content-Length: ' . length $form, '', $form);

    configure($nginx, 1, $other);
    $nginx->hup;

    ok ConvRelay::Nginx::wait_for(10, sub {
           $nginx->log_has(qr/report of a call was dropped: its location/) }),
       'its report is dropped';
    is $receiver->next(0), undef, '... and goes to nobody else';

    $nginx->stop;
};


subtest 'two locations of one name, and a block of "if"' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $port_of = $receiver->port;
    my $both = server('a', $token{a})
               =~ s{(        location = /ws \{\n)}{<<"_EOC_" . $1 . <<'_EOC_'}er;
        location /ws {
            convrelay;
            convrelay_report  /second transcript;
            proxy_pass        http://llm/v1/chat/completions;
        }

        location = /second {
            internal;
            proxy_pass  http://127.0.0.1:$port_of/second;
        }

_EOC_
            if ($http_upgrade) {
                convrelay_max_call_time  1h;
            }

_EOC_

    configure($nginx, 1, $both);
    $nginx->start;

    my $call = session($nginx, 'a', $token{a});
    $call->ask('My PIN is 4711.');
    $nginx->hup;
    lose($nginx, $call);

    # a new worker finds the report in the store

    action($nginx, 'a', $token{a}, $call->{session}, 2);

    is +(report())[0], 'a', 'a report goes to the receiver of its own location';

    quiet_end($nginx);
};


subtest 'without a token' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $end = <<"_EOC_";
        convrelay_ticket      of-this-server-alone-a;

        location = /action {
            convrelay_auth_token     $token{a};
            convrelay_connect_action;
        }
_EOC_
    my $open = $end =~ s/^ +convrelay_ticket.*//r;

    configure($nginx, 1, server('a', 'off', $open), server('b', 'off', ''));
    $nginx->start;

    my $call = session($nginx, 'a');
    $call->ask('My PIN is 4711.');

    is_deeply [ said(session($nginx, 'b'), 'What?') ], [ 'What?' ],
              'another server has other calls';

    lose($nginx, $call);
    $call = session($nginx, 'a', undef, '/es');

    is_deeply [ (said($call, 'Hello?'))[0] ], [ 'My PIN is 4711.' ],
              'another location has the same ones';

    lose($nginx, $call);

    my $records = records($nginx);

    action($nginx, 'a', $token{a}, $call->{session}, 2);
    is records($nginx), $records - 1, '... and a signed action reaches them';

    $nginx->stop;
};


done_testing;
