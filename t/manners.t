# Each behaviour of a call while somebody waits has a scenario of its name in
# t/scenarios/manners: it holds with the directive, and fails without.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

plan skip_all => 'valgrind is too slow for it' if $ENV{TEST_NGINX_VALGRIND};

my $nginx = ConvRelay::Nginx->new;
my $root = ConvRelay::Nginx->root;

# name, the LLM, the directives, and what is in their place without

my @behaviours = (
    [ 'first-token-timeout', 'fault=keepalive at_token=0 first=0',
      'convrelay_first_token_timeout 200ms;' ],

    [ 'token-timeout', 'answer=count fault=stall_after at_token=2 first=0',
      'convrelay_token_timeout 200ms;' ],

    [ 'fallback', 'status=500', 'convrelay_fallback /second;' ],

    [ 'hedge', 'fault=stall_before', 'convrelay_fallback /second hedge=100ms;',
      'convrelay_fallback /second;' ],

    [ 'cooldown', 'fault=stall_before',
      'convrelay_first_token_timeout 300ms; convrelay_fallback /second;',
      'convrelay_first_token_timeout 300ms;
       convrelay_fallback /second cooldown=0;' ],

    [ 'llm-failed-count', 'status=500',
      'convrelay_on llm_failed count=2 say "Goodbye." end;' ],

    [ 'llm-empty', 'fault=done_only first=0',
      'convrelay_on llm_empty say "Pardon?";' ],

    [ 'llm-filtered', 'answer=say:Well finish=content_filter first=0',
      'convrelay_on llm_filtered say "Not that.";' ],

    [ 'presence', 'first=150ms interval=1ms', '', 'convrelay_presence off;' ],

    [ 'presence-fallback', 'fault=stall_before',
      'convrelay_fallback /second; convrelay_first_token_timeout 10s;' ],

    [ 'presence-filler', 'first=300ms',
      'convrelay_filler 10s "One moment.";' ],

    [ 'filler', 'first=300ms', 'convrelay_filler 100ms "One moment.";' ],

    [ 'silence', 'first=0',
      'convrelay_silence 200ms 200ms;
       convrelay_on silence 1 say "Are you still there?";
       convrelay_on silence 2 say "Goodbye." end silence;' ],

    [ 'max-idle-time', 'first=0',
      'convrelay_silence 10s; convrelay_max_idle_time 300ms;
       convrelay_on silence 1 end silence;',
      'convrelay_silence 10s;
       convrelay_on silence 1 end silence;' ],

    [ 'hold', 'first=0',
      'convrelay_silence 200ms; convrelay_on silence 1 say "Hm?";
       convrelay_on prompt moment say "Sure." hold 10s;',
      'convrelay_silence 200ms; convrelay_on silence 1 say "Hm?";
       convrelay_on prompt moment say "Sure.";' ],

    [ 'call-time', 'first=0',
      'convrelay_on call_time 300ms say "We have two more minutes.";' ],

    [ 'ask', 'first=0', 'convrelay_on setup ask "Greet the caller.";' ],

    [ 'interrupt', 'answer=count tokens=40 first=0 interval=5ms',
      'convrelay_on interrupt say "Go ahead.";' ],

    [ 'resume', 'answer=count tokens=40 first=0 interval=5ms',
      'convrelay_resume 200ms;' ],

    [ 'interrupt-marker', 'answer=history first=0 interval=5ms',
      'convrelay_speech_filter off; convrelay_interrupt_marker "...";',
      'convrelay_speech_filter off;' ],

    [ 'backchannel', 'answer=count tokens=40 first=0 interval=15ms',
      'convrelay_backchannel uh-huh;' ],

    [ 'resume-backchannel', 'answer=history first=0 interval=5ms',
      'convrelay_speech_filter off;
       convrelay_resume 10s; convrelay_backchannel uh-huh;',
      'convrelay_speech_filter off; convrelay_resume 10s;' ],

    [ 'speech-filter', '"answer=say:We are **open**." first=0',
      'convrelay_speech_filter on;', 'convrelay_speech_filter off;' ],

    [ 'speech-filter-ssml',
      q('answer=say:Wait <break time="300ms"/> here.' first=0),
      'convrelay_speech_filter ssml;', 'convrelay_speech_filter on;' ],

    [ 'pronounce', '"answer=say:I am nginx." first=0',
      'convrelay_pronounce nginx "engine x";' ],

    [ 'pronounce-file', '"answer=say:I am nginx." first=0',
      'convrelay_pronounce_file words.txt;' ],
);

my $locations = '';

for my $b (@behaviours) {
    my ($name, $llm, $on, $off) = @$b;

    for my $case ([ on => $on ], [ off => $off // '' ]) {
        $locations .= <<"_EOC_";
        location = /$name/$case->[0] {
            convrelay;
            convrelay_error_message  "Sorry.";
            convrelay_mock_llm       $llm;
            $case->[1]
        }
_EOC_
    }
}

$nginx->write('words.txt', qq{nginx "engine x";\n});

# "prewarm" has an LLM that sees connections, which the mock does not

push @behaviours, [ 'prewarm' ];

my $said = 'data: {"choices":[{"index":0,"finish_reason":"stop","delta":'
           . '{"content":"Request $connection_requests."}}]}\n\n'
           . 'data: [DONE]\n\n';

$nginx->http(<<"_EOC_");
    upstream llm_on {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    upstream llm_off {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    proxy_http_version  1.1;
    proxy_set_header    Connection "";

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location = /v1/models {
            return 200 "{}";
        }

        location = /v1/chat/completions {
            default_type  text/event-stream;
            return 200 '$said';
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /twiml {
            convrelay_twiml            wss://127.0.0.1:%%PORT%%\$arg_path;
            convrelay_twiml_attribute  events "speaker-events tokens-played";
        }

        location = /prewarm/on {
            convrelay;
            convrelay_prewarm  /warm;
            proxy_pass         http://llm_on/v1/chat/completions;
        }

        location = /prewarm/off {
            convrelay;
            proxy_pass         http://llm_off/v1/chat/completions;
        }

        location = /warm {
            internal;
            proxy_pass  http://llm_on/v1/models;
        }

        location = /second {
            internal;
            convrelay_mock_llm  answer=say:Second. first=0;
        }

$locations
    }
_EOC_

$nginx->start;

opendir my $dir, "$root/t/scenarios/manners" or die "t/scenarios/manners: $!\n";

is_deeply [ sort map { "$_->[0].txt" } @behaviours ],
          [ sort grep { /\.txt$/ } readdir $dir ], 'each scenario is tried';

while (my @batch = splice @behaviours, 0, 6) {
    my @runs = map {
        my $name = $_->[0];
        my $url = 'http://127.0.0.1:' . $nginx->port . '/twiml?path=/' . $name;

        map { caller_start('--plain', '-q', '--timeout', '1500ms', '--pace',
                           '2ms', '-s',
                           "$root/t/scenarios/manners/$name.txt", "$url/$_") }
            qw( on off );
    } @batch;

    for my $b (@batch) {
        my ($on, $off) = map { caller_end($_) } splice @runs, 0, 2;

        is $on->{code}, 0, "$b->[0] holds"
        or diag $on->{out}, $on->{err};
        is $off->{code}, 1, '... and fails without its directive'
        or diag $off->{out}, $off->{err};
    }
}

$nginx->stop;

is_deeply [ grep { !/LLM|neither heard/ } $nginx->complaints ], [],
          'nothing to complain of';

done_testing;
