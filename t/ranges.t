# Directives whose values have a range: both ends are taken without a word, and
# what is next to an end is refused.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use Test::More;

# what it is in, a line with %s for the value, those that are taken, those that
# are refused, and "warn" if they are only warned of

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
    [ call => 'convrelay_dtmf terminator=%s;',
      [ 0, 9, 'A', 'D', '*', '#', 'off' ],
      [ '/', ':', '@', 'E', '', 11 ] ],
    [ call => 'convrelay_dtmf pause=%s;', [ '1ms' ], [ 0 ] ],
    [ call => 'convrelay_dtmf max=3; convrelay_on dtmf %s end;',
      [ 1, 123, 'default' ], [ 1234 ] ],
    [ call => 'convrelay_on setup play https://a/ loop=%s;',
      [ 0, 1000 ], [ 1001, -1 ] ],
    [ call => 'convrelay_on setup hold %s;', [ '1ms' ], [ 0 ] ],
    [ call => 'convrelay_on llm_failed count=%s say a;',
      [ 1, 255 ], [ 0, 256 ] ],
    [ call => 'convrelay_on call_time %s say a;', [ '1ms' ], [ 0 ] ],
    [ call => 'convrelay_silence %s;',
      [ '1ms', '1s ' x 20 ], [ 0, '1s ' x 21 ] ],
    [ call => 'convrelay_silence ' . '1s ' x 20
              . '; convrelay_on silence %s say a;',
      [ 1, 20 ], [ 0, 21 ] ],
    [ call => 'convrelay_filler %s a;', [ '1ms' ], [ 0 ] ],
    [ call => 'convrelay_filler 1s again=%s a;', [ '1ms' ], [ 0 ] ],
    [ call => 'convrelay_filler 1s max=%s a;', [ 1, 10 ], [ 0, 11 ] ],
    [ call => 'convrelay_filler 1s %s;', [ 'a ' x 32 ], [ 'a ' x 33 ] ],
    [ call => 'convrelay_tool a \'{}\' uri=%s;',
      [ '/a', '/a?b=c' ], [ '/', 'a' ] ],
    [ call => 'convrelay_tool a \'{}\' uri=/a timeout=%s;',
      [ '1ms' ], [ 0 ] ],
    [ call => '%s', [ tools(20) ], [ tools(21) ], 'warn' ],
    [ call => 'convrelay_max_tool_rounds %s;', [ 1, 128 ], [ 0, 129 ] ],
    [ call => 'convrelay_max_tool_calls %s;', [ 1, 128 ], [ 0, 129 ] ],
    [ call => 'convrelay_max_tool_arguments %s;', [ 1 ], [ 0 ] ],
    [ call => 'convrelay_max_tool_result %s;', [ 1024 ], [ 1023 ] ],

    [ twiml => 'convrelay_twiml_attribute speechTimeout %s;',
      [ 600, 5000, 'auto' ], [ 599, 5001 ] ],
    [ twiml => 'convrelay_twiml_attribute transcriptionProvider Deepgram;'
               . ' convrelay_twiml_attribute speechModel flux;'
               . ' convrelay_twiml_attribute eotThreshold %s;',
      [ '0.5', '0.9' ], [ '0.49', '0.91' ] ],

    [ action => 'convrelay_connect_reply "reconnect /twiml max=%s";',
      [ 1, 100 ], [ 0, 101 ] ],
);

my $nginx = ConvRelay::Nginx->new;

for my $range (@ranges) {
    my ($where, $line, $good, $bad, $how) = @$range;

    $how //= 'emerg';

    for my $value (@$good) {
        my ($said, $code) = check($where, sprintf $line, $value);

        ok $code == 0 && $said !~ /\[warn\]/, sprintf "$line is taken", $value
            or diag $said;
    }

    for my $value (@$bad) {
        my ($said, $code) = check($where, sprintf $line, $value);

        ok $code == ($how eq 'emerg') && $said =~ /\[$how\]/,
           sprintf "$line is refused", $value or diag $said;
    }
}

done_testing;


# so many tools

sub tools {
    return join ' ', map { "convrelay_tool t$_ '{}' uri=/a;" } 1 .. shift;
}


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

        location = /a { internal; return 200; }

        location = /twiml {
            convrelay_twiml            wss://example.com/ws;
            convrelay_twiml_attribute  dtmfDetection true;
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
