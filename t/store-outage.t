# A store that is a location, which is slow, refuses requests, or is out: no
# store costs another one its reads or writes, and no record the store.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Away;
use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Store;
use Test::More;
use Time::HiRes qw( time );

my $dir = ConvRelay::Nginx->new;


sub until_is {
    my ($get, $expected, $name) = @_;
    my $is;

    ConvRelay::Nginx::wait_for(5, sub {
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


done_testing;
