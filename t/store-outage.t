# A store that is a location, which is slow, refuses requests, or is out: no
# store costs another one its reads or writes, and no record the store.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Away;
use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Receiver;
use ConvRelay::Status;
use ConvRelay::Store;
use Test::More;
use Time::HiRes qw( time );

my $dir = ConvRelay::Nginx->new;


sub until_is {
    my ($get, $expected, $name) = @_;
    my $is;

    ConvRelay::Nginx::wait_for(10, sub {
        $is = $get->() // 'nothing';
        return $is eq $expected;
    });

    return is $is, $expected, $name;
}


# the store of another tenant, for calls of /ws2; /hasty has the first one

sub two_stores {
    my %opt = @_;

    my %store = proxy($dir->port(1));
    my $more = $store{http} =~ s/calls/calls2/r;
    my $port = $dir->port(2);
    my $ws = 'convrelay; convrelay_auth_token ' . token()
             . '; convrelay_public_url https://localhost;'
             . ' convrelay_system_prompt "Resumed $convrelay_resumed,'
             . ' lost $convrelay_resume_lost.";'
             . ' proxy_pass http://llm/v1/chat/completions;';

    $more =~ s/127.0.0.1:\d+/127.0.0.1:$port/;

    return away(%store, timeout => '30s', %opt, http => $store{http} . $more,
                server => <<"_EOC_" . ($opt{server} // ''));
        location = /store2 {
            internal;
            proxy_pass  http://calls2/calls/\$convrelay_store_key;
        }

        location = /ws2 {
            convrelay_store          /store2;
            convrelay_store_timeout  1s;
            $ws
        }

        location = /hasty {
            convrelay_store_timeout  200ms;
            $ws
        }
_EOC_
}


subtest 'calls that come all at once' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '30s');
    my $fake = fake($dir->port(1));

    $fake->mode('hold-GET');

    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 40;

    until_is(sub { $fake->asked('GET') }, 40, 'the store is asked for all');
    $fake->mode('good');
    is scalar(grep { $_->ask('One?') } @calls), 40, '... and they begin';
    is requests($nginx, 'get', 'none'), 40, '... counted';
    is_deeply [ lines($nginx) ], [], 'nothing is complained of';

    $_->hangup for @calls;
    $nginx->stop;
};


subtest 'a store that does not answer, and the reads of another one' => sub {
    my $nginx = two_stores();
    my $slow = fake($dir->port(1));
    my $good = fake($dir->port(2));

    $slow->mode('hold-GET');

    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 70;

    until_is(sub { $slow->asked('GET') }, 64, 'a store has half of the reads');

    my $start = time;
    my $call = caller_of($nginx, callSid => 'CB1', path => '/ws2');

    like $call->ask('One?'), qr/One\?/, 'a call that has another store';
    cmp_ok time - $start, '<', 0.9, '... does not wait';
    is $good->asked('GET'), 1, '... since its own was asked';

    # there is no place for this one

    my $hasty = caller_of($nginx, callSid => 'CA71', path => '/hasty');

    like $hasty->ask('One?'), qr/One\?/, 'a call that could not ask goes on';
    is $slow->asked('GET'), 64, '... its read was never sent';
    is metric($nginx, 'store_outages_total', 'began'), 0,
       '... which is not an outage';

    my @lines = lines($nginx);

    is scalar @lines, 1, 'one line' or diag @lines;
    like $lines[0], qr/"convrelay_store \/store" could not be asked in time, /,
         '... says so';

    $slow->mode('good');
    is scalar(grep { $_->ask('One?') } @calls), 70, 'then all others begin';
    is requests($nginx, 'get', 'none'), 71, '... and were asked for';

    $_->hangup for @calls, $call, $hasty;
    $nginx->stop;
};


subtest 'reads for which nobody waits come after callers' => sub {
    my $report = 'location = /report { internal; return 204; }'
                 . ' location = /action { convrelay_connect_action;'
                 . ' convrelay_auth_token off; }';
    my $nginx = away(proxy($dir->port(1)), timeout => '30s',
                     ws => 'convrelay_report  /report;', server => $report);
    my $fake = fake($dir->port(1));
    my $n = 0;

    # Twilio's requests after sessions, of calls that nobody knows

    my $flood = sub {
        my $c = IO::Socket::INET->new('127.0.0.1:' . $nginx->port);
        my ($more, $in) = (shift, '');

        for (1 .. $more) {
            my $form = 'AccountSid=AC1&SessionId=VX1&SessionStatus=completed'
                       . '&CallSid=CF' . ++$n;

            print $c "POST /action HTTP/1.1\r\nHost: localhost\r\n"
                     . "Content-Type: application/x-www-form-urlencoded\r\n"
                     . 'Content-Length: ' . length($form) . "\r\n\r\n$form";

            sysread $c, $in, 4096, length $in or return
                while ($in =~ s/HTTP\/1.1 200 OK.*?\r\n\r\n//s) == 0;
        }
    };

    $fake->mode('hold-GET');
    $flood->(100);
    until_is(sub { $fake->asked('GET') }, 16, 'few of them are sent at once');

    my $call = caller_of($nginx, callSid => 'CA1');

    until_is(sub { $fake->asked('GET') }, 17, 'a caller does not wait for them');

    $flood->(950);
    is $fake->asked('GET'), 17, '... nor do more of them change that';

    $fake->mode('good');
    like $call->ask('One?'), qr/One\?/, 'the call begins';
    until_is(sub { $fake->asked('GET') }, 1002, 'the others are asked for');
    like $call->ask('Two?'), qr/Two\?/, '... the call goes on';
    is $fake->asked('GET'), 1002, '... and what was too much was dropped';
    is_deeply [ lines($nginx) ], [], 'nothing is complained of';

    $call->hangup;
    $nginx->stop;
};


subtest 'a store that is slow, and the writes of another one' => sub {
    my $nginx = two_stores();
    my $slow = fake($dir->port(1));
    my $good = fake($dir->port(2));

    $slow->mode('hold-PUT');

    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 20;

    $_->ask('One?') for @calls;
    until_is(sub { $slow->asked('PUT') }, 16, 'a store has half of the writes');

    my $call = caller_of($nginx, callSid => 'CB1', path => '/ws2');

    $call->ask('One?');
    until_is(sub { $good->records }, 1, 'that of another call is written');

    $slow->mode('good');
    until_is(sub { $slow->records }, 20, '... and in the end, all are');
    is_deeply [ lines($nginx) ], [], 'nothing is complained of';

    $_->hangup for @calls, $call;
    $nginx->stop;
};


subtest 'a store that takes records, and cannot be read' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '300ms',
                     server => 'location = /json {'
                               . ' convrelay_status json public; }');
    my $fake = fake($dir->port(1));
    my $json = sub { ConvRelay::Status::json($nginx->port, '/json') };

    is metric($nginx, 'store_out', 'read'), 0, 'a store works';

    $fake->mode('500-GET');

    my $call = caller_of($nginx, callSid => 'CA1');

    $call->ask('One?');
    until_is(sub { $fake->records }, 1, 'a call is written, and not read');
    $call->ask('Two?');
    ok written($nginx, 4), '... and is written again';
    is metric($nginx, 'store_outages_total', 'began'), 1, 'an outage has begun';
    is metric($nginx, 'store_outages_total', 'ended'), 0, '... and goes on';
    until_is(sub { $fake->asked('GET') }, 2, 'a read is tried without a caller');
    is metric($nginx, 'store_outages_total', 'ended'), 0, '... in vain';
    is metric($nginx, 'store_out', 'read'), 1, 'reads are out';
    is metric($nginx, 'store_out', 'write'), 0, '... not writes';

    my $status = $json->();
    my ($store) = @{ $status->{store}{locations} };

    is $store->{store}, '/store', 'JSON has the store';
    cmp_ok $store->{read_out_seconds}, '>', 0, '... for how long it is out';
    is $store->{write_out_seconds}, 0, '... for reads';
    is $status->{causes}[0]{kind}, 'store_out', '... which is the cause';
    like $status->{causes}[0]{text},
         qr/^The store has not answered reads for \d+ seconds?: calls that come/,
         '... in words';

    is $store->{pending}, 0, '... and what it lacks';

    my $other = caller_of($nginx, callSid => 'CA2');

    $other->ask('One?');
    is metric($nginx, 'store_skipped_total'), 1, 'a caller does not wait';

    $fake->mode('good');
    ok $nginx->log_has(qr/\[notice\].*"convrelay_store \/store" works again, /),
       'then it can be read';

    my @lines = lines($nginx);

    is scalar @lines, 2, 'two lines' or diag @lines;
    like $lines[0], qr/GET of "convrelay_store \/store" failed, status: 500, /,
         '... of an outage of reads';
    is metric($nginx, 'store_out', 'read'), 0, 'it is not out any more';
    is_deeply $json->()->{causes}, [], '... and nothing is wrong';

    $_->hangup for $call, $other;
    $nginx->stop;
};


subtest 'a store that can be read, and takes no records' => sub {
    my @nginx = map { away(proxy($dir->port(1))) } 1, 2;
    my $fake = fake($dir->port(1));
    my @calls = map { caller_of($nginx[0], callSid => "CA$_") } 1 .. 3;

    $_->ask('One?') for @calls;
    until_is(sub { $fake->records }, 3, 'three calls');
    ok settled($nginx[0]), '... and what was said';

    $fake->mode('500-PUT');

    my $call = caller_of($nginx[1], callSid => 'CA4');

    $call->ask('One?');

    my @others = map { caller_of($nginx[1], callSid => "CA$_") } 1 .. 2;

    $_->ask('Two?') for @others;
    until_is(sub { metric($nginx[1], 'store_outages_total', 'began') }, 1,
             'its outage begins');

    my @messages = messages(caller_of($nginx[1], callSid => 'CA3')
                            ->ask('Two?'));

    is $messages[1], 'user: One?', 'a caller is known all the same';

    $fake->mode('good');
    until_is(sub { $fake->records }, 4, 'all are written in the end');
    until_is(sub { metric($nginx[1], 'store_outages_total', 'ended') }, 1,
             '... and the outage is over');

    $_->hangup for @calls, @others, $call;
    $_->stop for @nginx;
};


subtest 'one record that the store does not take' => sub {
    my @nginx = map { away(proxy($dir->port(1))) } 1, 2;
    my $fake = fake($dir->port(1));
    my @calls = map { caller_of($nginx[0], callSid => "CA$_") } 1 .. 3;

    $_->ask('One?') for @calls;
    until_is(sub { $fake->records }, 3, 'three calls');

    $fake->mode('500-PUT-9000');

    my $long = caller_of($nginx[1], callSid => 'CA9');

    $long->ask('x' x 10_000);
    ok ConvRelay::Nginx::wait_for(10, sub { lines($nginx[1]) }),
       'a call is not written, again and again';

    my @others = map { caller_of($nginx[1], callSid => "CA$_") } 1 .. 3;

    is scalar(grep { (messages($_->ask('Two?')))[1] eq 'user: One?' } @others),
       3, 'the others go on at another machine';
    is metric($nginx[1], 'store_outages_total', 'began'), 0,
       'there was no outage';
    ok written($nginx[1], 3), '... and they are written';

    my @lines = lines($nginx[1]);

    is scalar @lines, 1, 'one line' or diag @lines;
    like $lines[0], qr/"convrelay_store \/store" fails again and again for one/,
         '... says that one record is refused';
    cmp_ok requests($nginx[1], 'put', 'failed'), '<', 8,
           '... which was not tried all the time';

    $fake->mode('good');
    until_is(sub { $fake->records }, 4, 'it is written when it can be');

    $_->hangup for @calls, @others, $long;
    $_->stop for @nginx;
};


subtest 'nginx leaves after an outage, and in one' => sub {
    my $fake = fake($dir->port(1));

    for my $case ([ 3, [] ],
                  [ 0, [ 'changes that "convrelay_store /store" does not have:'
                         . ' 3, because it was out when the worker had to'
                         . ' leave' ] ])
    {
        my ($records, $left) = @$case;
        my $nginx = away(proxy($dir->port(1)));
        my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 3;

        $_->ask('One?') for @calls;
        until_is(sub { $fake->records }, 3, 'three calls');
        $fake->stop;

        $_->ask('Two?') for @calls;
        until_is(sub { metric($nginx, 'store_outages_total', 'began') }, 1,
                 'an outage begins');
        until_is(sub { requests($nginx, 'put', 'failed') >= 4 ? 1 : 0 }, 1,
                 '... and goes on for two seconds more');
        $_->fin for @calls;
        ok over($nginx, 3), 'their sockets are lost';

        $fake->again if $records;
        $nginx->stop;
        $fake->again if !$records;

        is $fake->records, $records, "$records are there";
        is_deeply [ map { /(changes that .*)/ } lines($nginx) ], $left,
                  '... and what is not is logged';
        $fake->stop;
        $fake->again;
    }
};


# 15 s are the time of a store that takes nothing, and of each change by itself

subtest 'a store that is slow, and a change that comes late' => sub {
    my @fake = map { fake($dir->port($_)) } 1, 2;
    my $slow = away(proxy($dir->port(1)), timeout => '30s');
    my $receiver = ConvRelay::Receiver->new;
    my $port = $receiver->port;
    my $late = away(proxy($dir->port(2)), ws => 'convrelay_report  /report;',
                    server => 'location = /report { internal;'
                              . " proxy_pass http://127.0.0.1:$port; }");
    my @calls = map { caller_of($slow, callSid => "CA$_") } 1 .. 18;
    my $call = caller_of($late);

    until_is(sub { $fake[0]->records }, 18, 'calls of a store');
    $fake[0]->mode('slow-PUT');
    $_->ask('One?') for @calls;
    $_->fin for @calls;

    $call->ask('One?');
    $call->hangup;
    ok over($slow, 18) && over($late, 1), '... which end';

    $_->signal('QUIT') for $slow, $late;

    # the worker waits for the receiver as long as it may, and then leaves the
    # report to others

    my @tries = map { $receiver->next(15) } 1, 2;

    is scalar @tries, 2, 'a report is sent twice, and is not answered';

    ok $late->gone(20), 'a worker leaves';
    is_deeply [ lines($late) ], [], '... and the store has its last change';

    my $began = time;

    ok $slow->gone(40), 'a worker leaves';
    is_deeply [ lines($slow) ], [], '... and the store has taken all'
        or diag time - $began;
    $_->stop for @fake;
};


subtest 'worker_shutdown_timeout ends what a store does not answer' => sub {
    for my $held ('PUT', 'GET') {
        my $fake = fake($dir->port(1));
        my $nginx = away(proxy($dir->port(1)),
                         main => "worker_shutdown_timeout  300ms;\n");
        my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 20;

        $_->ask('One?') for @calls;
        until_is(sub { $fake->records }, 20, 'twenty calls');

        $fake->mode("hold-$held");

        if ($held eq 'PUT') {
            $_->ask('Two?') for @calls;
            until_is(sub { $fake->asked('PUT') >= 36 ? 1 : 0 }, 1,
                     'half of the writes wait for an answer');

        } else {
            $_->fin for @calls;
            until_is(sub { $fake->asked('GET') }, 36,
                     'what is read before a write does');
        }

        my $asked = $fake->asked;

        $nginx->signal('QUIT');
        ok $nginx->gone(3), "$held: the worker leaves in time";
        is $fake->asked, $asked, '... nothing is sent any more';

        my @lines = lines($nginx);

        is scalar @lines, 1, '... one line' or diag @lines;
        like $lines[0], qr/changes\ that\ "convrelay_store"\ may\ not\ have:
                           \ 20,\ because\ "worker_shutdown_timeout"\ was
                           \ over/x,
             '... has the number';
        is $nginx->stop, undef, '... and that is all';
        $fake->stop;
    }
};


subtest 'what a store does not have yet' => sub {
    my $nginx = two_stores(main => "worker_processes  2;\n",
                           server => 'location = /json {'
                                     . ' convrelay_status json public; }');
    my $slow = fake($dir->port(1));
    my $good = fake($dir->port(2));
    my $pending = sub { metric($nginx, 'store_pending', shift) };
    my $json = sub {
        my $status = ConvRelay::Status::json($nginx->port, '/json');

        return join ', ', map { "$_->{store} $_->{pending}" }
               sort { $a->{store} cmp $b->{store} }
               @{ $status->{store}{locations} };
    };

    is $json->(), '/store 0, /store2 0', 'it has all';

    $slow->mode('hold-PUT');

    # half of the 16 that a worker of two stores sends wait for an answer, and
    # the others to be sent; those of one call are one

    my @calls = map { caller_of($nginx, callSid => "CA$_") } 1 .. 50;

    $_->ask('One?') for @calls, @calls;
    until_is(sub { $pending->('/store') }, 50, 'all calls wait, of all workers');
    is $pending->('/store2'), 0, '... for this store';

    my $other = caller_of($nginx, callSid => 'CB1', path => '/ws2');

    $other->ask('One?');
    until_is(sub { $good->records }, 1, 'another store is written');
    until_is($json, '/store 50, /store2 0', '... and has all then');

    # a machine that has lost a worker

    my ($worker, @others) = $nginx->workers;

    kill KILL => $worker;
    ok ConvRelay::Nginx::wait_for(5, sub {
        my %workers = map { $_ => 1 } $nginx->workers;

        return keys %workers == 2 && !$workers{$worker};
    }), 'another worker';

    my $left = $pending->('/store');

    cmp_ok $left, '<', 50, 'those of one that has died are lost with it';

    $slow->mode('good');
    until_is(sub { $pending->('/store') }, 0, 'in the end it has all others');
    cmp_ok $slow->records, '>=', $left, '... which were written';

    $nginx->signal('HUP');
    $slow->mode('hold-PUT');

    my $call = caller_of($nginx, callSid => 'CA60');

    $call->ask('One?');
    until_is(sub { $pending->('/store') > 0 }, 1, 'a reload counts on');
    $slow->mode('good');
    until_is(sub { $pending->('/store') }, 0, '... down to none');

    # its last state is written after a look at what others have written

    $slow->mode('hold-GET');
    $call->fin;
    until_is(sub { $pending->('/store') }, 1, 'a change that has to wait');
    $slow->mode('good');
    until_is(sub { $pending->('/store') }, 0, '... is written');

    $_->hangup for @calls, $other;
    $nginx->stop;
};


# how often the log has each of them

sub events {
    my $lines = join '', lines(shift);
    my $began = () = $lines =~ /: until it works again, /g;
    my $ended = () = $lines =~ /works again, after /g;

    return "$began began, $ended ended";
}


subtest 'a store that comes and goes' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '300ms', server =>
                     'location = /action { convrelay_connect_action;'
                     . ' convrelay_auth_token off; }');
    my $fake = fake($dir->port(1));
    my $n = 0;
    my $caller = sub {
        my $call = caller_of($nginx, callSid => 'CA' . ++$n);

        like $call->ask('One?'), qr/One\?/, "call $n goes on";
        $call->end;
    };
    my $comes = sub {
        $fake->mode('good');
        until_is(sub { metric($nginx, 'store_out', 'read')
                       + metric($nginx, 'store_out', 'write') }, 0, '... comes');
    };
    my $goes = sub {
        $fake->mode('500-GET');
        $caller->();
        is metric($nginx, 'store_out', 'read'), 1, 'it goes';
    };

    $goes->();
    $comes->();
    is events($nginx), '1 began, 1 ended', 'it is logged at once, both';

    $goes->();
    $comes->();
    $goes->();
    is events($nginx), '2 began, 1 ended', 'what goes on is logged once';
    $comes->();

    my $start = time;

    is events($nginx), '2 began, 1 ended', '... not whenever it comes';

    my $asked = $fake->asked('GET');

    $caller->();
    cmp_ok $fake->asked('GET'), '>', $asked, '... though it is asked then';
    until_is(sub { events($nginx) }, '2 began, 2 ended',
             'it is over when all has worked for a while');
    cmp_ok time - $start, '>', 3, '... without a caller';
    is metric($nginx, 'store_outages_total', $_), 2, "$_, counted"
        for qw( began ended );

    $nginx->stop;
};


subtest 'a worker that leaves in an outage' => sub {
    my $nginx = away(proxy($dir->port(1)), timeout => '500ms');
    my $fake = fake($dir->port(1));

    $fake->mode('hold-GET');

    my $call = caller_of($nginx, callSid => 'CA1');

    $call->ask('One?');
    is metric($nginx, 'store_out', 'read'), 1, 'reads are out';
    $call->hangup;

    my ($worker) = $nginx->workers;

    kill KILL => $worker;
    ok ConvRelay::Nginx::wait_for(5, sub {
        my @workers = $nginx->workers;

        return @workers == 1 && $workers[0] != $worker;
    }), 'another worker';

    my $asked = $fake->asked('GET');

    ok ConvRelay::Nginx::wait_for(5, sub { $fake->asked('GET') > $asked + 1 }),
       '... tries reads, without a caller';

    my $start = time;

    $call = caller_of($nginx, callSid => 'CA2');
    like $call->ask('One?'), qr/One\?/, 'a call';
    cmp_ok time - $start, '<', 0.4, '... does not wait';

    $fake->mode('good');
    until_is(sub { metric($nginx, 'store_out', 'read') }, 0, 'it is back');
    until_is(sub { events($nginx) }, '1 began, 1 ended', '... and logged');

    $call->hangup;
    $nginx->stop;
};


# many tenants with servers of their own

sub tenants {
    my ($nginx, $n, $gone) = @_;
    my $servers = join '', map { <<"_EOC_" } 1 .. $n;
    server {
        listen       127.0.0.1:%%PORT%%;
        server_name  s$_.example;

        location = /ws {
            convrelay;
            convrelay_mock_llm;
        }

        location = /store {
            internal;
            proxy_pass  http://127.0.0.1:@{[ $nginx->port($_ == $gone) ]};
        }
    }
_EOC_

    $nginx->http(<<"_EOC_");
    server_names_hash_max_size  8192;

    convrelay_zone          seats 64k;
    convrelay_store_zone    calls 1m;
    convrelay_store         /store;
    convrelay_store_secret  off;

    server {
        listen  127.0.0.1:%%PORT%% default_server;

        location = /status {
            convrelay_status  public;
        }

        location / {
            return  404;
        }
    }

$servers
_EOC_

    return $nginx;
}


subtest 'each of many stores is out by itself' => sub {
    my $nginx = tenants(ConvRelay::Nginx->new, 40, 37)->start;
    my $call = ConvRelay::Call->dial($nginx->port, '/ws',
                                     host => 's37.example');

    $call->setup(callSid => 'CA1');
    $call->ask('One?');

    my $status = ConvRelay::Status->new($nginx->port, '/status');

    ok $status->wait(sub {
        $_[0]->total('store_out', server => 's37.example', kind => 'read')
    }), 'one is out';
    is $status->total('store_out', kind => 'read'), 1, '... and no other one';

    $call->hangup;
    $nginx->stop;

    my ($said, $code) = tenants(ConvRelay::Nginx->new, 513, 0)->test;

    isnt $code, 0, 'there can be too many';
    like $said, qr/\[emerg\].*"convrelay_store \/store" is one of more than 512, which differ in their server or their URI: write one server with several names/,
         '... which is said';

    ($said, $code) = tenants(ConvRelay::Nginx->new, 512, 0)->test;

    is $code, 0, 'one less is good' or diag $said;
};


done_testing;
