# What a reload makes of the live calls in convrelay_zone.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Memory;
use ConvRelay::Nginx;
use Test::More;

my $nginx = ConvRelay::Nginx->new;


sub configure {
    my $zone = shift;

    $nginx->http(<<"_EOC_");
    $zone

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=repeat;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;

        location = /ws {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%;
        }
    }
_EOC_
}


sub dial {
    my $sid = shift;
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup(callSid => $sid);
    $call->raw(ConvRelay::Call::frame(9, ''));

    my ($opcode, $payload) = $call->read_frame;

    return $opcode eq '10' ? $call : defined $payload ? unpack 'n', $payload
                                                      : $opcode;
}


# the warnings of the last reload

my $read = 0;

sub warnings_of {
    my $log = $nginx->log('error');
    my $new = substr $log, $read;

    $read = length $log;

    return join "\n", $new =~ /\[warn\] \d+#\d+: (.*live calls.*)/g;
}


sub reload {
    configure(@_);
    $nginx->hup;

    return warnings_of();
}


configure('convrelay_zone  calls  64k;');
$nginx->start;

my @calls = map { dial("CA$_") } 1 .. 3;

is grep({ ref } @calls), 3, 'three calls';
is reload('convrelay_zone  calls  64k;'), '', 'a reload of the same zone';
is dial('CA1'), 1008, '... in which they are counted';

is reload('convrelay_zone  calls  128k;'),
   'convrelay_zone "calls" of 65536 bytes was replaced by an empty one with 3 '
   . 'live calls: they are no longer counted, and a second socket '
   . 'can be opened for each of them', 'another size is warned of';

my $second = dial('CA1');

ok ref $second, '... since there is a second socket';
is $calls[0]->ask('Hi'), 'Hi', '... beside the first one';

is reload('convrelay_zone  others  128k;'),
   'convrelay_zone "calls" of 131072 bytes was replaced by an empty one with 1 '
   . 'live calls: they are no longer counted, and a second socket '
   . 'can be opened for each of them', 'so is another name';

my $third = dial('CA3');

is reload(''),
   'convrelay_zone "others" of 131072 bytes was removed with 1 live calls: '
   . 'they are no longer counted, and a second socket can be opened for each of them',
   '... and no zone at all';

is reload('convrelay_zone  others  128k;'), '', 'there is nothing to lose';
is reload('convrelay_zone  others  256k;'), '', 'nor where no call is live';

is $_->hangup, 1000, 'a call goes on' for @calls, $second, $third;

# memory that another version of the module has laid out

reload('convrelay_zone  calls  36k;');

my $call = dial('CA1');
my $memory = ConvRelay::Memory->new($nginx->master, 36864);
my $magic = $memory->read($memory->zone, 4);

$memory->write($memory->zone, "\xff" . substr $magic, 1);

$nginx->signal('HUP');

ok $nginx->log_has(qr/\[emerg\].* convrelay_zone "calls" was created by another /),
   'what another version has laid out is not used';
is $call->ask('Hi'), 'Hi', '... nginx goes on with the old configuration';
is dial('CA1'), 1008, '... and its zone';

is reload('convrelay_zone  calls  40k;'), '', '... until there is another one';
is $call->hangup, 1000, 'the call has noticed nothing';

# the figure of docs/reference.md

reload('convrelay_zone  calls  1m;');

$memory = ConvRelay::Memory->new($nginx->master, 1048576);

my $n = unpack 'L', $memory->read($memory->zone + 48, 4);

ok $n > 3700 && $n < 3750, "a megabyte holds $n calls";

$nginx->stop;
is_deeply [ grep { !/another version|already has a live socket/ }
            $nginx->complaints ], [],
          'nothing else went wrong';

done_testing;
