# A socket that stalls late in a call: what it was sent long ago does not count
# as output that waits for it.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use Test::More;
use Time::HiRes qw( sleep );

my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_');
    server {
        listen      127.0.0.1:%%PORT_1%%;
        access_log  off;

        location / {
            convrelay_mock_llm  answer=count tokens=1000 first=0 interval=0;
        }
    }

    server {
        listen      127.0.0.1:%%PORT%% sndbuf=4k;
        access_log  off;

        location = /ws {
            convrelay;
            convrelay_max_turn_rate    0;
            convrelay_max_output_size  64k;
            proxy_pass                 http://127.0.0.1:%%PORT_1%%;
        }
    }
_EOC_

$nginx->start;

# some 52 kB a turn, more than the buffers take, read when it is late

my $call = ConvRelay::Call->dial($nginx->port, '/ws', rcvbuf => 4096);
my $want = join '', map { " $_" } 1 .. 1000;

$call->setup;

for my $turn (1 .. 8) {
    $call->prompt('Hi');
    sleep 0.3;

    is eval { $call->answer } // $@, $want, "answer $turn is read late, whole";
}

is $call->hangup, 1000, 'the call ends';
unlike $nginx->log('error'), qr/client does not read/, 'nothing was too much';

$nginx->stop;

done_testing;
