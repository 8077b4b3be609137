# A turn has one outcome, however often the LLM is asked in it.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my $none = '{"type":"object","properties":{}}';

my $tools = join '', map {
    "            convrelay_tool  $_ '{\"description\":\"x\",\"parameters\":$none}'"
    . ($_ eq 'skip' ? '' : " uri=/tools/$_") . ";\n"
} qw( quick slow skip );

my $rules = join '; ', 'quick: quick {}', 'slow: slow {}', 'skip: skip {}',
                       '!leak: quick {}';

$nginx->http(<<"_EOC_");
    convrelay_zone  calls  64k;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            if (\$content_length ~ "^[2-9]...\$") {
                return  413;
            }

            convrelay_mock_llm  answer=repeat first=10ms interval=1ms
                                "tools=$rules";
        }
        location = /slow {
            convrelay_mock_llm  answer=repeat first=400ms;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;

        location = /ws {
            convrelay;
$tools
            convrelay_on tool   skip  skip;
            convrelay_tool_wait 300ms;
            convrelay_request_field  stream_options '{"include_usage": true}';
            proxy_pass          http://127.0.0.1:%%PORT_1%%/;
        }
        location = /gone {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_2%%/;
        }
        location = /tools/quick {
            internal;
            return  200 "done";
        }
        location = /tools/slow {
            internal;
            proxy_set_body  '{"model":"m","messages":[{"role":"user","content":"x"}]}';
            proxy_pass      http://127.0.0.1:%%PORT_1%%/slow;
        }
        location = /metrics {
            convrelay_status  public;
        }
    }
_EOC_

$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics');
my $sid = 0;
my $turns = 0;
my $path = '/ws';


sub dial {
    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $sid++;
    $call->setup(callSid => "CA$sid");

    return $call;
}


# one more turn, which has ended like this; and no other

sub one_more {
    my ($outcome, $what) = @_;
    my $before = $status->{samples}
                 ? $status->value('turns_total', location => $path,
                                  outcome => $outcome) : 0;

    $turns++;

    ok $status->wait(sub {
        $_[0]->value('turns_total', location => $path, outcome => $outcome)
        > $before
    }), "$what: $outcome";

    is $status->total('turns_total', location => $path), $turns,
       '... counted once';
    is $status->value('turn_seconds_count', location => $path), $turns,
       '... with a time';
}


# how long the turns took from then on

sub seconds {
    return $status->value('turn_seconds_sum', location => $path);
}


my $call = dial();

$call->ask('Hi');
one_more('complete', 'one request');

$call->ask('quick');
one_more('complete', 'a tool and its result');
is $status->value('tool_rounds_total', location => '/ws'), 1, '... a round';

# the history is halved, and the LLM asked again

for (1 .. 3) {
    $call->ask('x' x 100);
    one_more('complete', 'a long prompt');
}

my $failures = $status->value('llm_failures_total', location => '/ws',
                              kind => 'rejected');
my $words = $status->value('first_word_seconds_count', location => '/ws');
my $sounds = $status->value('first_sound_seconds_count', location => '/ws');

$call->ask('y' x 700);
one_more('complete', 'a history that is too long, and half of it');

is $status->value('llm_failures_total', location => '/ws',
                  kind => 'rejected'), $failures + 1,
   '... with one request that failed';
is $status->value('first_word_seconds_count', location => '/ws'), $words + 1,
   '... and a first word';
is $status->value('first_sound_seconds_count', location => '/ws'), $sounds + 1,
   '... and a first sound';

$call->hangup;

# a call in the text

$call = dial();
$words = $status->value('first_word_seconds_count', location => '/ws');

$call->prompt('leak');
one_more('empty', 'a call that the LLM writes into its text, twice');
is $status->value('first_word_seconds_count', location => '/ws'), $words,
   '... which is not a word';

# an interruption that nothing follows

my $before = seconds();

$call->prompt('slow');
ok $status->wait(sub { $_[0]->total('tool_rounds_total') == 2 }), 'tools run';
$call->interrupt('');
one_more('complete', 'a turn that went on after an interruption');
cmp_ok seconds() - $before, '>', 0.2, '... with all of its time';

# and one that another prompt follows

$call->prompt('slow');
ok $status->wait(sub { $_[0]->total('tool_rounds_total') == 3 }), 'tools run';
$call->interrupt('');
$call->prompt('Never mind');
one_more('interrupted', 'a turn that was interrupted for good');
one_more('complete', 'and the next one');

# a tool ends the turn, without another request

$before = seconds();
$call->prompt('skip');
one_more('complete', 'a turn that is skipped');
cmp_ok seconds() - $before, '>', 0, '... did not take no time';

# only the last one of a packet is asked

$call->batch(map { { type => 'prompt', voicePrompt => "Hi $_",
                     last => JSON::PP::true } } 1 .. 3);
$turns += 2;
one_more('complete', 'three prompts at once');
is $status->value('turns_total', location => '/ws', outcome => 'superseded'),
   2, '... two of them were not asked';

# also while an answer is being spoken

my $other = dial();

$other->prompt('word ' x 100);
isnt $other->tokens(1), '', 'an answer has begun';
$other->batch({ type => 'interrupt', utteranceUntilInterrupt => 'word',
                durationUntilInterruptMs => 100 },
              map { { type => 'prompt', voicePrompt => "Hi $_",
                      last => JSON::PP::true } } 1, 2);

$turns += 2;
one_more('complete', 'an interruption and two prompts at once');
is_deeply [ map { $status->value('turns_total', location => '/ws',
                                 outcome => $_) } qw( interrupted superseded ) ],
          [ 2, 3 ], '... one answer was cut, one prompt was not asked';
$other->hangup;

# a call that ends while it waits for tools

$call->prompt('slow');
ok $status->wait(sub { $_[0]->total('tool_rounds_total') == 5 }), 'tools run';
$call->rst;
one_more('abandoned', 'a call that is gone');

$path = '/gone';
$turns = 0;
$call = dial();
$call->ask('Hi');
one_more('failed', 'an LLM that is not there');
$call->hangup;

$status->wait(sub { $_[0]->total('calls') == 0 });
is $status->total('turns_total', location => '/gone'), 1, 'and no more';

$nginx->stop;

done_testing;
