# Workers of an old configuration: their calls go on, but they no longer do the
# periodic work of convrelay_status, which does not keep them alive, either.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;
use Time::HiRes qw( sleep time );

my $nginx = ConvRelay::Nginx->new;


sub configure {
    my $zone = shift;

    $nginx->http(<<"_EOC_", "worker_processes  1;\n");
    convrelay_zone  $zone  64k;

    server {
        listen      127.0.0.1:%%PORT%%;
        add_header  X-Worker \$pid always;

        location = /ws {
            convrelay;
            convrelay_mock_llm  answer=repeat first=0ms;
        }
        location = /json {
            convrelay_status  json public;
        }
    }
_EOC_
}


sub dial {
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->{worker} = $1 if $call->{head} =~ /^X-Worker: (\d+)/m;
    $call->setup(callSid => 'CA' . int rand 1e9);
    $call->ask('Hi');

    return $call;
}


# until it is true; a tick comes every ten seconds

sub waits {
    my ($seconds, $test) = @_;
    my $until = time + $seconds * ($ENV{TEST_NGINX_SLOW} // 1);

    while (time < $until) {
        return 1 if $test->();
        sleep 0.1;
    }

    return 0;
}


sub exits {
    my ($seconds, $call) = @_;

    return waits($seconds, sub { !kill 0, $call->{worker} });
}


configure('calls');
$nginx->start;

# its timer has most of its time left, and must not be waited for

my $call = dial();

$nginx->hup;
$call->ask('Still there?');
$call->hangup;
ok exits(5, $call), 'an old worker exits with its last call';

# each configuration has a zone of its own here, so a tick by the old worker,
# whose timer is due first, would count the old worker's call

$call = dial();
configure('others');

my $reload = time;

$nginx->hup;

my @slots;

ok waits(40, sub {
    my $json = ConvRelay::Status::json($nginx->port, '/json');

    @slots = grep { $_->{ago} < time - $reload - 0.5 } @{$json->{history}};

    return @slots >= 2;
}), 'new workers tick';

is_deeply [ map { $_->{calls} } @slots ], [ (0) x @slots ],
   '... and an old one does not';

$call->ask('Still there?');
$call->hangup;
ok exits(5, $call), '... but has gone on until its last call ended';

$nginx->stop;

done_testing;
