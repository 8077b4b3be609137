# A store that is a location: calls go on at another nginx, whatever serves
# the location, and whatever becomes of it.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Away;
use ConvRelay::Call;
use ConvRelay::Examples qw( certificates );
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use ConvRelay::Redis;
use ConvRelay::Store;
use Digest::SHA qw( hmac_sha1_base64 );
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Test::More;
use Time::HiRes qw( time );

my $dir = ConvRelay::Nginx->new;
my ($name, $binary) = @{ (grep { $_->[1] } ConvRelay::Redis::servers())[0] };

my $redis = ConvRelay::Redis->start($binary, $dir->dir, 'a', 0);

my $memcached = -x '/usr/bin/memcached'
    && -e '/usr/lib/nginx/modules/ngx_http_memc_module.so';
my $dav = ConvRelay::Nginx->new;

certificates($dir, 'store.internal');

$dav->http(dav($dir));
$dav->start;
memcached($dir->port(2)) if $memcached;

# the same over TLS; a user that may do no more than docs/redis.md says

my @certificate = map { $dir->dir . "/conf/store.internal.$_" } 'crt', 'key';
my $closed = ConvRelay::Redis->start($binary, $dir->dir, 'closed', 0,
                                     '--tls-port', $dir->port(6),
                                     '--tls-cert-file', $certificate[0],
                                     '--tls-key-file', $certificate[1],
                                     '--tls-auth-clients', 'no');

$closed->ask(qw( ACL SETUSER agent on >secret-of-redis ~call:* resetchannels
                 -@all +auth +select +echo +get +set +del ));
$closed->ask('CONFIG', 'SET', 'requirepass', 'another one');

my %stores = (
    'Redis'         => [ redis($redis) ],
    'WebDAV'        => [ proxy($dir->port(3)) ],
    'memcached'     => $memcached ? [ memc($dir->port(2)) ]
                       : 'memcached or libnginx-mod-http-memc',
    'a plain store' => [ redis($redis), secret => 'off' ],
    'Redis, TLS'    => [ redis_tls($dir, 'store.internal',
                                   'agent secret-of-redis') ],
    'WebDAV, TLS'   => [ https($dir, 'ca.crt') ],
    'Lua'           => has_lua() ? [ lua($redis) ]
                       : 'libnginx-mod-http-lua or lua-nginx-redis',
);

for my $store (sort keys %stores) {
    subtest "$store: a call goes on at another nginx" => sub {
        plan skip_all => "$stores{$store} is not installed"
            if !ref $stores{$store};
        goes_on(@{ $stores{$store} });
    };
}


sub goes_on {
    my @nginx = map { away(@_) } 1, 2;
    my $call = caller_of($nginx[0], interval => '0ms');

    is_deeply [ messages($call->ask('One?')) ],
              [ 'system: Resumed 0, lost 0.', 'user: One?' ], 'a new call';

    # so that a record is longer than any buffer on its way

    $call->ask('x' x 9_000);
    ok written($nginx[0], 1), 'it is written';
    ok settled($nginx[0]), '... all of it';

    dead($nginx[0]);
    $call->end;

    $call = caller_of($nginx[1], interval => '0ms');

    my @messages = messages($call->ask('Two?'));

    like $messages[0], qr/^system: Resumed 1/, 'it goes on at the other one';
    is $messages[1], 'user: One?', '... with the question';
    like $messages[2], qr/^assistant: \[\{/, '... the answer';
    is length($messages[3] // ''), 9_006, '... a long one';
    is $messages[-1], 'user: Two?', '... and the next question';

    is $call->hangup, 1000, 'the caller hangs up';
    ok ConvRelay::Nginx::wait_for(5, sub {
        requests($nginx[1], 'delete', 'done') == 1
    }), '... and it is removed';

    $call = caller_of($nginx[1]);
    is +(messages($call->ask('Three?')))[1], 'user: Three?',
       'nothing is stored any more';
    $call->hangup;

    is requests($nginx[1], 'get', 'done'), 1, '... counted';
    is requests($nginx[1], 'get', 'none'), 1, '... both';
    is_deeply [ map { lines($_) } @nginx ], [], 'nothing is complained of';

    $nginx[1]->stop;
}


subtest 'HTTPS, and a certificate that nobody knows' => sub {
    my $nginx = away(https($dir, 'store.internal.crt'));
    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 3;

    for my $call (@calls) {
        is +(messages($call->ask('One?')))[1], 'user: One?', 'a call goes on';
    }

    ok $nginx->log_has(qr/\[warn\]/), '... and a line says why';

    my @lines = lines($nginx);

    is scalar @lines, 1, '... one' or diag @lines;
    like $lines[0], qr/(?:GET|PUT) of "convrelay_store \/store" failed, status: 502, upstream: 127.0.0.1:\d+, upstream SSL certificate verify error/,
         '... that the certificate is not trusted';
    is requests($nginx, $_, 'done'), 0, "... no $_ was sent" for qw( get put );

    $_->hangup for @calls;
    $nginx->stop;
};


subtest 'Lua: an outage has one line, too' => sub {
    plan skip_all => "$stores{Lua} is not installed" if !ref $stores{Lua};

    my $gone = ConvRelay::Redis->start($binary, $dir->dir, 'gone', 0);
    my $nginx = away(lua($gone));
    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 3;

    $_->ask('One?') for @calls;
    ok settled($nginx), 'calls are written';
    $gone->stop;
    $_->ask('Two?') for @calls;
    push @calls, caller_of($nginx, callSid => 'CA4');
    is +(messages($calls[-1]->ask('Two?')))[1], 'user: Two?',
       'Redis dies, and a call begins';
    ok $nginx->log_has(qr/\[warn\]/), '... and a line says why';

    my @lines = lines($nginx);

    is scalar @lines, 1, '... one' or diag @lines;
    like $lines[0], qr/(?:GET|PUT) of "convrelay_store \/store" failed, status: 502, upstream: none, connect\(\) to unix:\S+ failed /,
         '... with what was logged of it';

    $_->hangup for @calls;
    $nginx->stop;
};


subtest 'Redis: what is there' => sub {
    my $nginx = away(redis($redis));
    my $call = caller_of($nginx);

    $redis->ask('FLUSHALL');
    $call->ask('One?');
    ok written($nginx, 1), 'a call is written';

    my @keys = @{ $redis->ask('KEYS', '*') };

    is scalar @keys, 1, '... under one key';
    like $keys[0], qr/^call:[0-9a-f]{64}$/, '... which is a hash';

    my $record = $redis->ask('GET', $keys[0]);

    like $record, qr/^CR1/, '... and it is sealed';
    unlike $record, qr/One\?|CA1|AC1/, '... all of it';
    cmp_ok $redis->ask('TTL', $keys[0]), '>', 290, '... and expires';

    my $monitor = IO::Socket::UNIX->new(Peer => $redis->socket);

    syswrite $monitor, "MONITOR\r\n";
    sysread $monitor, my $seen, 100;
    $call->ask('Is it secret?');
    ok written($nginx, 3), 'more is written';
    sysread $monitor, $seen, 1_000_000;
    like $seen, qr/"SET" "call:/, '... which MONITOR shows';

    # times and numbers at random may have any three digits

    $seen =~ s/^\+[\d.]+ //mg;
    $seen =~ s/"ECHO" "[0-9a-f]+"//g;
    unlike $seen, qr/secret|CA1|AC1|555010000/, '... but no word of it';

    $call->fin;
    ok over($nginx, 1), 'its socket is lost';

    # a secret is rotated: the old one opens, the new one seals

    my %nginx = (
        new   => away(redis($redis), secret => '"the new secret of them all"'
                                               . ' "a secret of the two machines"'),
        older => away(redis($redis)),
        other => away(redis($redis), secret => '"quite another secret"'),
    );

    $call = caller_of($nginx{other});
    is +(messages($call->ask('Two?')))[1], 'user: Two?',
       'another secret does not open it';
    $call->fin;
    ok over($nginx{other}, 1), '... and what it seals';

    $call = caller_of($nginx{older});
    is +(messages($call->ask('Three?')))[1], 'user: Three?',
       '... is not opened';
    $call->fin;
    ok over($nginx{older}, 1), '...';

    $call = caller_of($nginx{new});
    is +(messages($call->ask('Four?')))[1], 'user: Three?',
       'of two secrets, the old one opens';
    $call->fin;
    ok over($nginx{new}, 1), '...';

    $call = caller_of($nginx{older}, callSid => 'CA9');
    $call->hangup;

    $_->stop for $nginx, values %nginx;
};


# what is killed on one machine, and what another one does meanwhile

subtest 'a worker is killed, nginx starts again, a reload' => sub {
    $redis->ask('FLUSHALL');

    my $nginx = away(redis($redis), main => "worker_processes  2;\n");
    my $call = caller_of($nginx);

    $call->ask('One?');
    ok settled($nginx), 'a call is written';
    kill KILL => $call->{worker};
    $call->end;
    ok ConvRelay::Nginx::wait_for(10, sub {
        !grep({ $_ == $call->{worker} } $nginx->children)
            && $nginx->workers == 2
    }), 'a worker is killed, and replaced';

    $call = caller_of($nginx);
    is +(messages($call->ask('Two?')))[1], 'user: One?', 'the call goes on';
    ok settled($nginx), '... and is written';
    ok dead($nginx), 'all of it is killed';
    $call->end;
    $nginx->start;

    $call = caller_of($nginx);

    my @messages = messages($call->ask('Three?'));

    is_deeply [ grep { /^user/ } @messages ],
              [ 'user: One?', 'user: Two?', 'user: Three?' ],
              '... and started again';

    $nginx->hup;
    $call->fin;
    ok over($nginx, 1), 'a socket is lost';

    $call = caller_of($nginx);
    @messages = messages($call->ask('Four?'));
    is scalar(grep { /^user/ } @messages), 4, 'it is reloaded';
    $call->hangup;
    ok ConvRelay::Nginx::wait_for(5, sub { !@{ $redis->ask('KEYS', '*') } }),
       'nothing is left';
    $nginx->stop;
    is_deeply [ grep { !/signal 9/ } lines($nginx) ], [],
              'nothing is complained of';
};


subtest 'a socket that was lost long before that is noticed' => sub {
    $redis->ask('FLUSHALL');

    my @nginx = map { away(redis($redis)) } 1, 2;
    my $old = caller_of($nginx[0]);

    $old->ask('One?');
    ok written($nginx[0], 1), 'a call';

    my $call = caller_of($nginx[1]);

    is +(messages($call->ask('Two?')))[1], 'user: One?',
       'it goes on at another machine';
    ok written($nginx[1], 2), '... which writes it';

    $old->fin;
    ok over($nginx[0], 1), 'then the first one learns that it has gone';
    ok ConvRelay::Nginx::wait_for(5, sub {
        requests($nginx[0], 'get', 'done') == 1
    }), '... and looks';

    ok dead($nginx[1]), 'the second one dies';
    $call->end;

    $call = caller_of($nginx[0]);

    my @messages = messages($call->ask('Three?'));

    is_deeply [ grep { /^user/ } @messages ],
              [ 'user: One?', 'user: Two?', 'user: Three?' ],
              'what was said there is known';
    $call->hangup;
    $nginx[0]->stop;
};


subtest 'a tool that works on another machine' => sub {
    my @tool = (ws => q(convrelay_tool book '{}' uri=/book timeout=30s;),
                answer => 'repeat');
    $redis->ask('FLUSHALL');

    my @nginx = map { away(redis($redis), @tool) } 1, 2;
    my $call = caller_of($nginx[0]);

    $call->prompt('Please book it.');

    my $c = asked();

    ok $c, 'the tool is asked';
    ok written($nginx[0], 1), '... which is written';
    $call->fin;
    ok over($nginx[0], 1), 'the socket is lost';

    $call = caller_of($nginx[1]);
    $call->prompt('Is it done?');
    ok ConvRelay::Nginx::wait_for(5, sub {
        requests($nginx[1], 'get', 'done') > 2
    }), 'another machine waits for it';
    reply($c, 'Reference B7.');
    isnt $call->answer, '', 'it goes on';
    like request($nginx[1]), qr/Reference B7/, '... with the result';
    ok !asked(0.2), 'it was asked once';
    $call->hangup;
    $_->stop for @nginx;
};


subtest 'a tool on another machine, and a store that gets slow' => sub {
    my @tool = (ws => q(convrelay_tool book '{}' uri=/book timeout=30s;),
                answer => 'repeat', timeout => '6s');
    my @nginx = map { away(proxy($dir->port(1)), @tool) } 1, 2;
    my $fake = fake($dir->port(1));
    my $call = caller_of($nginx[0]);

    $call->prompt('Please book it.');

    my $c = asked();

    ok $c, 'the tool is asked';
    ok written($nginx[0], 1), '... which is written';
    $call->fin;
    ok over($nginx[0], 1), 'the socket is lost';

    $fake->mode('hold-GET-' . ($fake->asked('GET') + 2));

    my $start = time;

    $call = caller_of($nginx[1]);
    $call->prompt('Is it done?');
    isnt $call->answer, '', 'the call goes on at another machine';

    my $waited = time - $start;

    cmp_ok $waited, '>', 1.9, '... which has waited for the tool';
    cmp_ok $waited, '<', 4.5, '... not for the store';
    like request($nginx[1]), qr/Please book it/, '... with its history';
    is_deeply [ lines($nginx[1]) ], [], 'nothing is complained of';

    $fake->mode('good');
    reply($c, 'Reference B7.');
    $call->hangup;
    $_->stop for @nginx;
};


# Twilio opens the socket again, with a ticket that is good for its call alone

subtest 'a ticket that has expired' => sub {
    my %ticket = (ws => "convrelay_ticket  secret-of-all-tickets 1s;\n",
        server => 'location = /twiml { convrelay_twiml'
                  . ' wss://localhost/ws; convrelay_auth_token off;'
                  . ' convrelay_ticket  secret-of-all-tickets 1s; }');
    my @nginx = map { away(redis($redis), %ticket) } 1, 2;
    my $twiml = post($nginx[0], '/twiml', CallSid => 'CA1',
                     AccountSid => 'AC1');
    my ($ticket) = $twiml =~ /name="convrelay_ticket" value="([^"]+)"/;
    my @with = (customParameters => { convrelay_ticket => $ticket });
    my $call = caller_of($nginx[0], @with);

    $redis->ask('FLUSHALL');
    $call->ask('One?');
    ok written($nginx[0], 1), 'a call';
    ok $call->quiet(2.2), 'its ticket expires';
    ok dead($nginx[0]), 'its machine dies';
    $call->end;

    $call = caller_of($nginx[1], @with, callSid => 'CA2');
    is $call->end, 1008, 'the ticket is not good for another call';

    $call = caller_of($nginx[1], @with);
    is +(messages($call->ask('Two?')))[1], 'user: One?',
       '... it is for its own, at another machine';
    $call->hangup;
    ok ConvRelay::Nginx::wait_for(5, sub { !@{ $redis->ask('KEYS', '*') } }),
       'it is over';

    $call = caller_of($nginx[1], @with);
    is $call->end, 1008, '... and so is the ticket';
    like +(lines($nginx[1]))[-1], qr/has a ticket that expired, or none, and /,
         '... which is logged';

    $nginx[1]->stop;
};


# reports: whichever machine has one sends it, with all sessions of the call

sub action {
    my ($nginx, %form) = @_;
    my $url = 'https://localhost/action'
              . join '', map { $_ . $form{$_} } sort keys %form;
    my $form = join '&', map { "$_=$form{$_}" } keys %form;
    my $c = IO::Socket::INET->new('127.0.0.1:' . $nginx->port) or return;

    print $c "POST /action HTTP/1.0\r\nX-Twilio-Signature: "
             . hmac_sha1_base64($url, token()) . "=\r\n"
             . "Content-Type: application/x-www-form-urlencoded\r\n"
             . 'Content-Length: ' . length($form) . "\r\n\r\n$form";

    local $/;
    return <$c> =~ m{^HTTP/1.1 200 };
}


subtest 'reports' => sub {
    my $receiver = ConvRelay::Receiver->new;
    my $port = $receiver->port;
    my %report = (ws => 'convrelay_report  /report transcript;', server =>
        'location = /report { internal; proxy_pass http://127.0.0.1:'
        . "$port; }");
    my %action = (ws => "$report{ws} convrelay_ping_interval  1s;",
        server => $report{server} . ' location = /action { convrelay_connect_action;'
        . ' convrelay_auth_token ' . token() . ';'
        . ' convrelay_public_url https://localhost; }');
    my @nginx = (away(redis($redis), %report), away(redis($redis), %action));

    $redis->ask('FLUSHALL');

    my $report = sub {
        my $r = $receiver->next(shift) or return {};

        $r->reply(200);

        return { %{ JSON::PP->new->decode($r->{body}) },
                 key => $r->{headers}{'idempotency-key'} };
    };

    # the session ends at one machine, and Twilio's request comes to the other

    my $call = caller_of($nginx[0]);

    $call->ask('One?');
    $call->hangup;
    ok ConvRelay::Nginx::wait_for(5, sub { @{ $redis->ask('KEYS', '*') } == 1 }),
       'a report waits';
    ok action($nginx[1], AccountSid => 'AC1', CallSid => 'CA1',
              SessionId => $call->{session}, SessionStatus => 'completed',
              SessionDuration => 7), "Twilio's request comes to another machine";

    my $r = $report->(5);

    is_deeply [ @$r{qw( id reason session_seconds turns )} ],
              [ 'CA1', 'completed', 7, 1 ], '... which sends it at once';
    is $receiver->next(1.5), undef, 'the first one does not';

    # a machine dies with its calls: one goes on, the other one has ended

    my @calls = map { caller_of($nginx[0], callSid => "CA$_") } 2, 3;

    $_->ask('One?') for @calls;
    ok written($nginx[0], 8), 'two more calls';
    select undef, undef, undef, 0.2;
    ok dead($nginx[0]), '... and the machine dies';
    $_->end for @calls;

    $call = caller_of($nginx[1], callSid => 'CA2');
    like +(messages($call->ask('Two?')))[0], qr/Resumed 1/, 'one goes on';
    $call->hangup;
    ok action($nginx[1], AccountSid => 'AC1', CallSid => 'CA2',
              SessionId => $call->{session}, SessionStatus => 'completed'),
       '... and ends';

    $r = $report->(5);

    is_deeply [ @$r{qw( id sessions turns reason )} ],
              [ 'CA2', 2, 2, 'completed' ], 'its report has both sessions';
    is scalar @{ $r->{messages} // [] }, 4, '... and what was said in them';

    ok action($nginx[1], AccountSid => 'AC1', CallSid => 'CA3',
              SessionId => $calls[1]{session}, SessionStatus => 'failed',
              ErrorCode => 64105, CallStatus => 'completed'),
       'the other one has ended';

    $r = $report->(10);

    is_deeply [ @$r{qw( id sessions turns reason error_code )} ],
              [ 'CA3', 1, 1, 'failed', 64105 ], '... and has its report';
    is $receiver->next(0.3), undef, 'nothing comes twice';

    $nginx[1]->stop;
};


# Twilio's request comes to the machine that had another session of the call, or
# before its own machine knows that the session is over

subtest 'reports: a request that comes to the wrong machine' => sub {
    my $receiver = ConvRelay::Receiver->new;
    my $port = $receiver->port;
    my %report = (ws => 'convrelay_report  /report transcript;',
        server => 'location = /report { internal; proxy_pass'
        . " http://127.0.0.1:$port; } location = /action {"
        . ' convrelay_connect_action; convrelay_auth_token ' . token() . ';'
        . ' convrelay_public_url https://localhost; }');
    my @nginx = map { away(redis($redis), %report) } 1, 2;
    my @said = (AccountSid => 'AC1', SessionStatus => 'completed',
                SessionDuration => 9);

    $redis->ask('FLUSHALL');

    my $report = sub {
        my $r = $receiver->next(shift // 8) or return {};

        $r->reply(200);

        return JSON::PP->new->decode($r->{body});
    };

    my $first = caller_of($nginx[0]);

    $first->ask('One?');
    $first->fin;
    ok over($nginx[0], 1), 'a socket is lost';

    my $call = caller_of($nginx[1]);

    like +(messages($call->ask('Two?')))[0], qr/Resumed 1/,
         'the call goes on at another machine';
    $call->hangup;
    ok over($nginx[1], 1), '... and ends there';
    ok action($nginx[0], @said, CallSid => 'CA1',
              SessionId => $call->{session}),
       "Twilio's request comes to the first one";

    my $r = $report->();

    is_deeply [ @$r{qw( id sessions turns reason )} ],
              [ 'CA1', 2, 2, 'completed' ], '... which has the whole report';
    is $receiver->next(0.5), undef, '... once';

    $call = caller_of($nginx[0], callSid => 'CA2');
    $call->ask('One?');
    ok written($nginx[0], 2), 'a call that lives';
    ok action($nginx[1], @said, CallSid => 'CA2',
              SessionId => $call->{session}),
       'the request comes before its end, and to another machine';
    $call->fin;

    $r = $report->();

    is_deeply [ @$r{qw( id reason session_seconds )} ],
              [ 'CA2', 'completed', 9 ], '... and is heard';
    is $receiver->next(0.5), undef, '... once';

    # the same, and the end is seen only after some seconds

    $call = caller_of($nginx[0], callSid => 'CA3');
    $call->ask('One?');
    ok settled($nginx[0]), 'a call that lives for some seconds more';

    for (1 .. 2) {
        ok action($nginx[1], @said, CallSid => 'CA3',
                  SessionId => $call->{session}), '... and the request comes';
    }

    is $receiver->next(3), undef, '... which waits';
    $call->ask('Two?');
    $call->fin;

    $r = $report->(15);

    is_deeply [ @$r{qw( id turns reason session_seconds )} ],
              [ 'CA3', 2, 'completed', 9 ], '... for the whole report';
    is $receiver->next(3), undef, '... once';

    # ... and the machine that had the request leaves meanwhile

    $call = caller_of($nginx[0], callSid => 'CA4');
    $call->ask('One?');
    ok settled($nginx[0]), 'another one';
    ok action($nginx[1], @said, CallSid => 'CA4',
              SessionId => $call->{session}), '... and its request';

    my $began = time;

    $nginx[1]->signal('QUIT');
    is_deeply [ @{ $report->() }{qw( id turns reason )} ],
              [ 'CA4', 1, 'completed' ], 'a machine that leaves sends it';
    ok $nginx[1]->gone, '... and has left';
    cmp_ok time - $began, '<', 8, '... at once';
    $call->hangup;

    $_->stop for @nginx;
};


subtest 'reports: not of somebody else' => sub {
    my $receiver = ConvRelay::Receiver->new;
    my $port = $receiver->port;
    my $to = 'location = /report { internal; proxy_pass'
             . " http://127.0.0.1:$port; }";
    my $first = away(redis($redis), server => $to,
                     ws => 'convrelay_report  /report transcript;');
    my $second = away(redis($redis), server => "$to location = /other {"
        . ' convrelay; convrelay_auth_token ' . 'f' x 32 . ';'
        . ' convrelay_report /report transcript;'
        . ' proxy_pass http://llm/v1/chat/completions; }'
        . ' location = /action { convrelay_connect_action;'
        . ' convrelay_auth_token ' . token() . ';'
        . ' convrelay_public_url https://localhost; }');
    my $call = caller_of($first);

    $call->ask('My PIN is 4711.');
    ok written($first, 3), 'a call';
    ok dead($first), 'its machine dies';
    $call->end;

    ok action($second, AccountSid => 'AC1', CallSid => 'CA1',
              SessionId => $call->{session}, SessionStatus => 'completed'),
       "Twilio's request comes to a machine without its location";
    ok $second->log_has(qr/\[error\].*report of a call is left to the machine that had the call: no location/),
       '... which says so';
    is $receiver->next(0.5), undef, '... and sends it to nobody else';

    action($second, AccountSid => 'AC1', CallSid => 'CA1',
           SessionId => $call->{session}, SessionStatus => 'completed')
        for 1 .. 5;
    select undef, undef, undef, 0.5;
    is scalar(() = $second->log('error') =~ /is left to the machine/g), 1,
       '... which is not said of each request';

    $second->stop;
};


# many calls in mid-answer: their machine dies, and so does the master of Redis

subtest '20 calls, the first machine and the master die' => sub {
    my $replica = ConvRelay::Redis->start($binary, $dir->dir, 'b',
                                          $dir->port(4));
    my $master = ConvRelay::Redis->start($binary, $dir->dir, 'c',
                                         $dir->port(5));
    my $receiver = ConvRelay::Receiver->new;
    my $port = $receiver->port;

    $replica->ask('REPLICAOF', '127.0.0.1', $dir->port(5));
    ok ConvRelay::Redis::wait_for(sub {
        $replica->ask('INFO', 'replication') =~ /master_link_status:up/
    }), 'a master and its replica';

    my %redis = redis($master);

    $redis{http} =~ s{server  unix:\S+}
                     {server 127.0.0.1:@{[$dir->port(5)]} fail_timeout=1s;
                      server 127.0.0.1:@{[$dir->port(4)]}};

    my @nginx = map { away(%redis, answer => 'repeat',
        ws => 'convrelay_report  /report transcript;', server =>
        'location = /report { internal; proxy_pass http://127.0.0.1:'
        . "$port; } location = /action { convrelay_connect_action;"
        . ' convrelay_auth_token ' . token() . ';'
        . ' convrelay_public_url https://localhost; }') } 1, 2;
    my @calls = map { caller_of($nginx[0], callSid => "CA$_") } 1 .. 20;

    is scalar(grep { $_->ask('Before all that?') eq 'Before all that?' }
                   @calls), 20, '20 calls';
    ok ConvRelay::Nginx::wait_for(5, sub {
        my $n = requests($nginx[0], 'put', 'done');
        select undef, undef, undef, 0.1;
        return $n >= 40 && $n == requests($nginx[0], 'put', 'done');
    }), '... are written';

    my $before = requests($nginx[0], 'put', 'done');

    $master->stop;
    $replica->ask('REPLICAOF', 'NO', 'ONE');
    is scalar(grep { $_->ask('And now?') eq 'And now?' } @calls), 20,
       'the master dies, no call notices';
    ok ConvRelay::Nginx::wait_for(15, sub {
        my $n = requests($nginx[0], 'put', 'done');
        select undef, undef, undef, 0.2;
        return $n >= $before + 40 && $n == requests($nginx[0], 'put', 'done')
            && metric($nginx[0], 'store_outages_total', 'began')
               == metric($nginx[0], 'store_outages_total', 'ended');
    }), '... and all is written to the replica';

    $_->prompt('Who was it then?') for @calls;
    ok dead($nginx[0]), 'the machine dies';
    $_->end for @calls;

    @calls = map { caller_of($nginx[1], callSid => "CA$_") } 1 .. 20;
    is scalar(grep { $_->ask('Is it over?') } @calls), 20, 'all go on';

    ok ConvRelay::Nginx::wait_for(5, sub {
        my $known = () = $nginx[1]->log('llm')
                  =~ /Before all that\?.*And now\?.*Is it over\?/g;

        return $known >= 20;
    }), '... with their history';

    for my $n (1 .. 20) {
        $calls[$n - 1]->hangup;
        action($nginx[1], AccountSid => 'AC1', CallSid => "CA$n",
               SessionId => $calls[$n - 1]{session},
               SessionStatus => 'completed');
    }

    my %reports;

    while (my $r = $receiver->next(keys %reports < 20 ? 10 : 0.2)) {
        my $report = JSON::PP->new->decode($r->{body});

        push @{ $reports{$report->{id}} }, $report->{sessions};
        $r->reply(200);
    }

    is scalar(grep { "@$_" eq '2' } values %reports), 20,
       'the report of each comes once, and has both sessions';
    ok ConvRelay::Nginx::wait_for(5, sub {
        requests($nginx[1], 'delete', 'done') == 20
    }), 'no call is left in the store';

    $nginx[1]->stop;
};


# the server of the location does wrong: the call begins without its history

{
    my $nginx = away(proxy($dir->port(1)), timeout => '300ms');
    my $other = away(proxy($dir->port(1)), timeout => '300ms');
    my $fake = fake($dir->port(1));
    my $other_call = caller_of($nginx, callSid => 'CA2');

    $other_call->ask('Of another call?');

    my $n = 1;

    for my $case ([ good => qr/^$/, 'done' ],
                  [ mixed => qr/was not sealed for its name with a secret/,
                    'refused' ],
                  [ short => qr/was not sealed/, 'refused' ],
                  [ changed => qr/was not sealed/, 'refused' ],
                  [ empty => qr/was not sealed/, 'refused' ],
                  [ other => qr/was not sealed/, 'refused' ],
                  [ huge => qr/refused|^$/, 'refused' ])
    {
        my ($mode, $log, $outcome) = @$case;
        my $before = requests($other, 'get', $outcome);

        $fake->mode('good');

        my $call = caller_of($nginx, callSid => "CA1$mode");

        $call->ask('One?');
        ok written($nginx, ++$n), "$mode: a call is written";

        $fake->mode($mode);
        $call = caller_of($other, callSid => "CA1$mode");

        my @messages = messages($call->ask('Two?'));

        is $messages[1], $mode eq 'good' ? 'user: One?' : 'user: Two?',
           $mode eq 'good' ? '... and goes on' : '... and begins afresh';
        is requests($other, 'get', $outcome), $before + 1, '... counted';
        $fake->mode('good');
        $call->hangup;
    }

    my @lines = lines($other);

    is scalar @lines, 1, 'one line' or diag @lines;
    like $lines[0], qr/"convrelay_store \/store" sent a record that was not /,
         '... says what was wrong';
    is_deeply [ grep { !/was not sealed/ } lines($nginx) ], [],
              '... and nothing else';

    $other_call->hangup;
    $_->stop for $nginx, $other;
}


subtest 'a server that mixes up what is not sealed' => sub {
    my @store = (proxy($dir->port(1)), secret => 'off');
    my @nginx = map { away(@store) } 1, 2;
    my $fake = fake($dir->port(1));
    my @calls = map { caller_of($nginx[0], callSid => "CA$_") } 1, 2;

    $_->ask('Of mine?') for @calls;
    ok written($nginx[0], 2), 'two calls';
    $fake->mode('mixed');

    my $call = caller_of($nginx[1], callSid => 'CA1');

    is_deeply [ messages($call->ask('Two?')) ],
              [ 'system: Resumed 0, lost 0.', 'user: Two?' ],
              'it gets nothing of another call';

    my @lines = lines($nginx[1]);

    is scalar @lines, 1, 'one line' or diag @lines;
    like $lines[0], qr/sent the record of another call: it is not used/,
         '... says so';

    # what nginx quotes of an answer has quotes itself

    $fake->mode('words');
    push @calls, caller_of($nginx[1], callSid => 'CA3');
    ok $nginx[1]->log_has(qr/\[warn\].*invalid header/),
       'it cannot be understood';
    unlike $nginx[1]->log('error'), qr/PIN|4711/, '... and is not logged';

    $fake->mode('good');
    $_->hangup for @calls, $call;
    $_->stop for @nginx;
};


subtest 'an outage: one line when it begins, one when it ends' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '300ms');
    my $fake = fake($dir->port(1));
    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 3;

    $_->ask('One?') for @calls;
    ok written($nginx, 3), 'all is well';

    $fake->stop;

    for my $turn (1 .. 3) {
        $_->ask('Two?') for @calls;
    }

    push @calls, map { caller_of($nginx, callSid => "CA$_") } 4 .. 9;
    is +(messages($calls[-1]->ask('Three?')))[1], 'user: Three?',
       'calls begin and go on';

    ok ConvRelay::Nginx::wait_for(5, sub { lines($nginx) }), 'a line';
    like +(lines($nginx))[0],
         qr/\[warn\].* (?:PUT|GET) of "convrelay_store \/store" failed, status: 502, upstream: 127.0.0.1:\d+, connect\(\) failed \(111: Connection refused\) while connecting to upstream: until it works again, calls go on without it/,
         '... says why';
    $_->ask('Four?') for @calls;

    $fake->again;
    ok $nginx->log_has(qr/\[notice\].*"convrelay_store \/store" works again, after \d+ ms and \d+ requests that failed/),
       'the end of it';
    ok ConvRelay::Nginx::wait_for(5, sub { $fake->records == @calls }),
       'all of them are written then';

    my @lines = lines($nginx);

    is scalar @lines, 2, 'two lines' or diag @lines;
    is metric($nginx, 'store_outages_total', $_), 1, "$_, counted"
        for qw( began ended );

    $_->hangup for @calls;
    ok ConvRelay::Nginx::wait_for(5, sub { $fake->records == 0 }),
       'nothing is left';
    is metric($nginx, 'store_dropped_total'), 0, 'no change was lost';
    $nginx->stop;
};


subtest 'a server that does not answer: one caller waits, once' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '500ms');
    my $fake = fake($dir->port(1));

    $fake->mode('mute');

    my $start = time;
    my $call = caller_of($nginx, callSid => 'CA1');

    $call->prompt('One?');
    is +(messages($call->answer))[1], 'user: One?', 'what was said meanwhile';

    my $first = time - $start;

    $start = time;
    $call = caller_of($nginx, callSid => 'CA2');
    $call->ask('Two?');

    my $second = time - $start;

    cmp_ok $first, '>=', 0.45, 'the first caller waits';
    cmp_ok $second, '<', 0.4, 'the second one does not';

    my @lines = lines($nginx);

    is scalar @lines, 1, 'one line' or diag @lines;
    like $lines[0], qr/GET of "convrelay_store \/store" timed out, status: 0, /,
         '... says so';

    undef $call;
    $fake->stop;
    $nginx->stop;
};


done_testing;
