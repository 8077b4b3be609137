# Directives whose values have a range: both ends are taken, and what is next
# to an end is refused.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use Test::More;

# a line of http or of a location, with %s for the value; what it is in

my @ranges = (
    [ http => 'convrelay_max_fragments %s;', [ 0, 1000000 ], [ 1000001 ] ],
    [ http => 'convrelay_max_history_messages %s;',
      [ 0, 1000000 ], [ 1000001 ] ],
    [ http => 'convrelay_max_frame_rate %s;', [ 0, 1000000 ], [ 1000001 ] ],
    [ http => 'convrelay_max_turn_rate %s;', [ 0, 1000000 ], [ 1000001 ] ],
    [ http => 'convrelay_ping_interval %s;', [ '1ms' ], [ 0 ] ],
    [ http => 'convrelay_setup_timeout %s;', [ '1ms' ], [ 0 ] ],
    [ http => 'convrelay_send_timeout %s;', [ '1ms' ], [ 0 ] ],
    [ http => 'convrelay_max_message_size %s;', [ 1 ], [ 0 ] ],
    [ http => 'convrelay_max_output_size %s;', [ 1 ], [ 0 ] ],
    [ http => 'convrelay_max_line_size %s;', [ 1 ], [ 0 ] ],
    [ http => 'convrelay_zone a %s;', [ 32768 ], [ 32767 ] ],
    [ http => 'convrelay_ticket secret-of-tickets %s;', [ '1s', '365d', '1y' ],
      [ '0', '366d' ] ],
    [ http => 'convrelay_limit_calls $convrelay_to %s;', [ 1 ], [ 0 ] ],

    [ call => 'convrelay_dtmf max=%s;', [ 1, 64 ], [ 0, 65 ] ],
    [ call => 'convrelay_on dtmf %s say "a";',
      [ 0, 9, 'A', 'D', '*', '"#"', '0' x 64 ],
      [ '/', ':', '@', 'E', '""', '0' x 65 ] ],
    [ call => 'convrelay_on setup play https://a/ loop=%s;',
      [ 0, 1000 ], [ 1001, -1 ] ],

    [ twiml => 'convrelay_twiml_attribute speechTimeout %s;',
      [ 600, 5000, 'auto' ], [ 599, 5001 ] ],
    [ twiml => 'convrelay_twiml_attribute eotThreshold %s;',
      [ '0.5', '0.9' ], [ '0.49', '0.91' ], 'speechModel flux' ],

    [ action => 'convrelay_connect_reply "reconnect /twiml max=%s";',
      [ 1, 100 ], [ 0, 101 ] ],
);

my $nginx = ConvRelay::Nginx->new;

for my $range (@ranges) {
    my ($where, $line, $good, $bad) = @$range;

    for my $value (@$good) {
        my ($said, $code) = check($where, sprintf $line, $value);

        ok $code == 0, sprintf "$line is taken", $value or diag $said;
    }

    for my $value (@$bad) {
        my ($said, $code) = check($where, sprintf $line, $value);

        ok $code == 1 && $said =~ /\[emerg\]|\[warn\]/,
           sprintf "$line is refused", $value or diag $said;
    }
}

done_testing;


sub check {
    my ($where, $line) = @_;

    my %in = ($where => $line);
    my $zone = $line =~ /limit_calls/ ? 'convrelay_zone z 1m;' : '';

    $_ //= '' for @in{qw( http call twiml action )};

    $nginx->http(<<"_EOC_");
    $zone
    $in{http}

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            $in{call}
            proxy_pass  http://127.0.0.1:%%PORT_1%%/v1/chat/completions;
        }

        location = /twiml {
            convrelay_twiml  wss://example.com/ws;
            $in{twiml}
        }

        location = /action {
            convrelay_connect_action;
            $in{action}
        }
    }
_EOC_

    return $nginx->test;
}
