# "convrelay-call check": the module holds every rule, and so does a server
# written in Lua; with one fault in it, the rule of that name fails.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $nginx = ConvRelay::Nginx->new;

$nginx->lua(<<'_EOC_');
    convrelay_zone  live 1m;

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_auth_token     secret;
        convrelay_ticket         another-secret-of-tickets;
        convrelay_speech_filter  on;

        location = /twiml {
            convrelay_twiml  wss://127.0.0.1:%%PORT%%/ws;
        }

        location = /ws {
            convrelay;
            convrelay_tool      hours '{}' uri=/hours;
            convrelay_mock_llm  first=20ms interval=5ms
                'tools=open on sunday: "One moment." hours/2 {}';
        }

        location = /hours {
            internal;
            return 200 "We are closed.";
        }

        location = /absent {
            convrelay_auth_token  off;
            convrelay_ticket      off;
            convrelay;
            convrelay_presence    off;
            convrelay_mock_llm    first=60ms interval=1ms;
        }

        # an agent that does not bear silence, and is slower than it

        location = /quiet {
            convrelay_twiml            wss://127.0.0.1:%%PORT%%/quiet/ws;
            convrelay_twiml_attribute  events "speaker-events tokens-played";
        }

        location = /quiet/ws {
            convrelay;
            convrelay_silence       150ms;
            convrelay_on silence 1  say "Are you still there?";
            convrelay_mock_llm      first=250ms interval=1ms;
        }

        # an agent that fills the time in which it thinks

        location = /waits {
            convrelay_auth_token  off;
            convrelay_ticket      off;
            convrelay;
            convrelay_filler      100ms "One moment, please.";
            convrelay_mock_llm    first=250ms interval=1ms;
        }

        # an agent that does not stop for a cough

        location = /deaf {
            convrelay_auth_token  off;
            convrelay_ticket      off;
            convrelay;
            convrelay_resume      400ms "As I was saying,";
            convrelay_backchannel uh-huh;
            convrelay_mock_llm    first=20ms interval=5ms;
        }

        # without the filter, and with a word that is pronounced

        location = /marks {
            convrelay_auth_token     off;
            convrelay_ticket         off;
            convrelay;
            convrelay_speech_filter  off;
            convrelay_pronounce      nginx "engine x";
            convrelay_mock_llm       first=20ms interval=1ms;
        }

        location = /open {
            convrelay_auth_token  off;
            convrelay_ticket      off;
            convrelay;
            convrelay_mock_llm    first=120ms interval=10ms;
        }

        # a server in Lua, and the webhook before it

        location = /lua {
            set $relay_token secret;

            content_by_lua_block {
                require("convrelay_server").serve(ngx.var.arg_fault)
            }
        }

        location = /webhook {
            set $relay_token secret;

            content_by_lua_block {
                require("convrelay_server").webhook(ngx.var.arg_fault)
            }
        }
    }
_EOC_

$nginx->start;

my $port = $nginx->port;
my $http = "http://127.0.0.1:$port";
my @signed = ('--auth-token', 'secret', '--plain');
my @tool = ('--tool', 'Are you open on Sunday?=closed');


sub check { return caller_run('check', @_) }


sub diagnose {
    my $run = shift;

    return diag("exit $run->{code}\n$run->{out}\n$run->{err}");
}


# the names, so that none is left out below

my $list = check('--list');
my %untried = map { $_ => 1 } $list->{out} =~ /^  (\S+) /mg;
my $rules = keys %untried;

is($list->{code}, 0, 'check --list');
cmp_ok($rules, '>', 50, "... names $rules rules");


# those of silence are tried with an agent that has stages of it

my @silence = $list->{out} =~ /^  (nudge\S*) /mg;
my @nudges = ('--silence', '150ms', map { ('--rule', $_) } @silence);

# whole lists take their time, most of it waiting: they run side by side

my $module = caller_start('check', '--tap', @signed, @tool, "$http/twiml");
my $lua = caller_start('check', '--tap', @signed, @tool, "$http/webhook");
my $open = caller_start('check', "ws://127.0.0.1:$port/open");
my $faulty = caller_start('check', '--tap', @signed,
                          "$http/webhook?fault=close-reason");
my $skip = caller_start('check', @signed, '--skip', 'close-reason', '-q',
                        "$http/webhook?fault=close-reason");


# right servers

for my $case (['the module', $module], ['a server in Lua', $lua]) {
    my ($what, $started) = @$case;
    my $run = caller_end($started);

    is($run->{code}, 0, "$what holds all rules") or diagnose($run);
    like($run->{out}, qr/^1\.\.$rules$/m, '... each of which was tried');
    is(join(' ', $run->{out} =~ /^ok \d+ - (\S+): .*# SKIP no --silence$/mg),
       join(' ', @silence), '... except those of silence');
    unlike($run->{out},
           qr/^not ok
              |\#\ SKIP\ (?!no\ --(?:silence|filler|pronounce|resume
                                 |backchannel)$)/mx,
           '... and holds');
    is($run->{err}, '', '... without a warning');
}

my $run = caller_end($open);

is($run->{code}, 0, 'a relay without webhook and signatures')
or diagnose($run);
like($run->{out}, qr/^  skipped  signature-wrong .*: no --auth-token$/m,
     '... skips what it cannot try');
like($run->{out}, qr/^(\d+) of \1 rules hold, 22 skipped$/m,
     '... which the summary counts');


for my $case (['the module', "$http/quiet"],
              ['a server in Lua', "$http/webhook?fault=silence"])
{
    my ($what, $url) = @$case;

    $run = check('--tap', @signed, @nudges, $url);
    is($run->{code}, 0, "$what bears silence as it should") or diagnose($run);
    unlike($run->{out}, qr/^not ok|# SKIP/m, '... and every rule was tried')
    or diagnose($run);
}

$run = check('--rule', 'nudge-pending', '--silence', '5s', @signed,
             "$http/twiml");
like($run->{out}, qr/skipped .*: the answer came within --silence$/m,
     'an answer that is too fast proves nothing');


for my $case (['the module', "ws://127.0.0.1:$port/waits"],
              ['a server in Lua', "$http/webhook?fault=fillers"])
{
    my ($what, $url) = @$case;

    $run = check('--tap', @signed, '--rule', 'filler', '--filler', '100ms',
                 $url);
    is($run->{code}, 0, "$what has fillers") or diagnose($run);
    unlike($run->{out}, qr/^not ok|# SKIP/m, '... and that was tried')
    or diagnose($run);
}

$run = check('--rule', 'filler', '--filler', '100ms',
             "ws://127.0.0.1:$port/open");
is($run->{code}, 1, 'without convrelay_filler, nothing is heard for so long')
or diagnose($run);


for my $case (['the module', "ws://127.0.0.1:$port/marks"],
              ['a server in Lua', "$http/webhook"])
{
    my ($what, $url) = @$case;

    $run = check('--tap', @signed, '--rule', 'pronounce',
                 '--pronounce', 'nginx=engine x', $url);
    is($run->{code}, 0, "$what pronounces a word") or diagnose($run);
    unlike($run->{out}, qr/^not ok|# SKIP/m, '... and that was tried')
    or diagnose($run);
}

$run = check('--rule', 'pronounce', '--pronounce', 'nginx=engine x',
             "ws://127.0.0.1:$port/open");
is($run->{code}, 1, 'without convrelay_pronounce, it is as it is written')
or diagnose($run);

# long answers, side by side

my @noise = ('--resume', '400ms', '--backchannel', 'Uh-huh.',
             map { ('--rule', $_) } qw( cough cough-words backchannel
                                        backchannel-cut ));
my @deaf = (['the module', "ws://127.0.0.1:$port/deaf"],
            ['a server in Lua', "$http/webhook?fault=noise"]);

for my $case (map { [$_, caller_start('check', '--tap', @signed, @noise,
                                      $_->[1])] } @deaf)
{
    my ($what) = @{$case->[0]};

    $run = caller_end($case->[1]);
    is($run->{code}, 0, "$what knows noise") or diagnose($run);
    unlike($run->{out}, qr/^not ok|# SKIP/m, '... and that was tried')
    or diagnose($run);
}

$run = check('--json', '--timeout', '1s', @noise, "ws://127.0.0.1:$port/open");
is(join(' ', map { "$_->{rule} $_->{result}" } @{$run->{json}{rules}}),
   'cough failed cough-words ok backchannel failed backchannel-cut failed',
   'without convrelay_resume and convrelay_backchannel, it does not')
or diagnose($run);


$run = check('--rule', 'speech', "ws://127.0.0.1:$port/marks");
is($run->{code}, 1, 'without convrelay_speech_filter, marks are read')
or diagnose($run);
like($run->{out}, qr/: "\*" is in "/, '... and are shown');


# a fault shows in its own rule alone

$run = caller_end($faulty);
is($run->{code}, 1, 'a server with one fault');
is(join(' ', $run->{out} =~ /^not ok \d+ - ([^:]+):/mg), 'close-reason',
   '... fails one rule') or diagnose($run);
like($run->{out}, qr/^#   the server closed with 1000$/m,
     '... and reports how');

$run = caller_end($skip);
is($run->{code}, 0, '--skip skips a rule') or diagnose($run);
is($run->{out}, "\n" . ($rules - 16) . ' of ' . ($rules - 16)
                . " rules hold, 16 skipped\n", '... and -q what holds');


# the module without a directive is wrong as well

$run = check('--rule', 'presence', "ws://127.0.0.1:$port/absent");
is($run->{code}, 1, 'without convrelay_presence, "Hello?" gets the answer')
or diagnose($run);


# wrong ones

my @faults = (
    (map { [$_, $_] } grep { $_ ne 'answer' } sort keys %untried),

    # further ways to break a rule

    ['answer-utf8', 'answer'], ['answer-type', 'answer'],
    ['answer-last', 'answer'], ['server-frames', 'answer'],
    ['twiml-attribute', 'twiml'],
);

while (my @batch = splice @faults, 0, 10) {
    my @runs = map {
        caller_start('check', '--json', '--rule', $_->[1], '--timeout', '1s',
                     @signed, @tool, '--silence', '100ms',
                     '--filler', '100ms', '--pronounce', 'nginx=engine x',
                     '--resume', '400ms', '--backchannel', 'Uh-huh.',
                     "$http/webhook?fault=$_->[0]")
    } @batch;

    for my $case (@batch) {
        my ($fault, $rule) = @$case;

        $run = caller_end(shift @runs);

        my ($result) = @{$run->{json}{rules} // []};

        utf8::encode($result->{got} //= 'no');

        ok($run->{code} eq '1' && $result->{rule} eq $rule
           && $result->{result} eq 'failed' && $run->{json}{failed} == 1,
           "a server with the fault $fault fails: "
           . $result->{got})
        or diagnose($run);

        delete $untried{$rule};
    }
}

is(join(' ', keys %untried), '', 'every rule was broken by a server');


$run = check(@signed, "$http/webhook?fault=close-reason", '--rule',
             'close-reason', '--rule', 'close');
is($run->{out}, <<'_EOC_', 'what a person reads');
Closing
  ok       close              Close 1000 -> Close 1000 (RFC 6455, 5.5.1)
  FAILED   close-reason       Close with a reason that is not UTF-8 -> Close 1007 (RFC 6455, 5.5.1 and 8.1): the server closed with 1000

1 of 2 rules hold
_EOC_


# where there is nothing to check

for my $case ([3, "$http/none", 'the server answered 404'],
              [4, "ws://127.0.0.1:$port/none", '404 Not Found'],
              [4, 'ws://127.0.0.1:' . $nginx->port(9) . '/', 'refused'],
              [2, '--rule', 'nothing', "$http/none", 'there is no rule'],
              [2, '--tool', 'Hello=', "$http/none", 'is not "PROMPT=TEXT"'],
              [2, '--pronounce', 'a', "$http/none", 'is not "WORD=SPOKEN"'],
              [2, '--silence', '10', "$http/none", 'has no unit'],
              [2, '-s', $0, "$http/none", 'is not a step'],
              [2, '--record', '/dev/null', "$http/none", 'single call'])
{
    my ($code, @args) = @$case;
    my $says = pop @args;

    $run = check(@args);
    is($run->{code}, $code, "check @args");
    like($run->{err}, qr/^[^\n]*\Q$says\E[^\n]*\n\z/, "... $says");
}

done_testing();
