# Without a master process a reload leaves the calls, the timers and the memory of
# the old configuration in the process of the new one.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use ConvRelay::Store;
use Test::More;

my $zones = "convrelay_store_zone  calls 1m;\n";
my %conf = (zone => $zones, ws => 'convrelay_prewarm  /warm;',
            server => 'location = /warm { internal; return 200; }');


# nginx, a call in it, and a reload to another configuration

sub reloaded {
    my ($change) = @_;

    my $nginx = nginx(%conf, answer => 'repeat',
                      main => 'master_process  off;');
    my $call = session($nginx);

    is $call->ask('One?'), 'One?', 'a call';
    is records($nginx), 1, '... and its record';

    $nginx->http($change->(configuration($nginx, %conf)),
                 'master_process  off;');
    $nginx->signal('HUP');

    ok $nginx->log_has(qr/reconfiguring/), '... a reload';

    return ($nginx, $call);
}


# all timers of the module that are not a call's fire within a second

sub lives {
    my ($nginx, $call) = @_;

    is $nginx->gone(2), undef, 'nginx serves on';

    my $answer = $call->ask('Two?');

    ok length $answer, '... so does the call'
        or diag $nginx->log('error');
    is $call->hangup, 1000, '... till its end';

    is $nginx->gone(2), undef, '... and nginx after it';

    $nginx->signal('QUIT');
    ok defined $nginx->gone, '... till its own end';
    is $nginx->status, 0, '... which is a good one';
}


subtest 'the same zones' => sub {
    my ($nginx, $call) = reloaded(sub { shift });

    lives($nginx, $call);
};


subtest 'zones of another size' => sub {
    my ($nginx, $call) = reloaded(sub {
        (my $http = shift) =~ s/calls 1m;/calls 2m;/;
        $http =~ s/seats 256k;/seats 512k;/;

        return $http;
    });

    lives($nginx, $call);
};


subtest 'no zones' => sub {
    my ($nginx, $call) = reloaded(sub {
        (my $http = shift) =~ s/convrelay_(?:store_)?zone .*;//g;
        $http =~ s/convrelay_status .*;//;

        return $http;
    });

    lives($nginx, $call);
};


done_testing;
