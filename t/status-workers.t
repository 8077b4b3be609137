# The figures of convrelay_status across workers, reloads, killed workers and
# three hundred locations.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Socket qw( IPPROTO_TCP TCP_NODELAY );
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my $sid = 0;


sub configure {
    my ($locations, %opt) = @_;
    my $tools = $opt{tools} // '';
    my $llm = $opt{llm} // 'convrelay_mock_llm  answer=repeat first=0ms;';

    my $more = join '', map { <<"_EOC_" } @$locations;
        location = $_ {
            convrelay;
            $tools
            $llm
        }
_EOC_

    my $status = $opt{off} ? '' : <<'_EOC_';
        location = /metrics {
            convrelay_status  public;
        }
        location = /tool {
            internal;
            return  200;
        }
        location @second {
            proxy_pass  http://127.0.0.1:1;
        }
        location @third {
            proxy_pass  http://127.0.0.1:2;
        }
_EOC_

    my $zone = $opt{zone} // '1m';

    $nginx->http(<<"_EOC_", "worker_processes  2;\n");
    convrelay_zone  calls  $zone;

    server {
        listen       127.0.0.1:%%PORT%%;
        server_name  a.example;
        add_header   X-Worker \$pid always;
        $more
        $status
    }
_EOC_
}


sub dial {
    my $path = shift;
    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $sid++;
    $call->{worker} = $1 if $call->{head} =~ /^X-Worker: (\d+)/m;
    $call->{sock}->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    $call->setup(callSid => "CA$sid");
    $call->ask('Hi');

    return $call;
}


# calls, at least one of them in each of two workers

sub calls_of_both {
    my @calls;
    my %workers;

    while (@calls < 200 && keys %workers < 2) {
        push @calls, dial('/ws');
        $workers{$calls[-1]{worker}}++;
    }

    is keys %workers, 2, @calls . ' calls, in two workers';

    return @calls;
}


configure([ '/ws', '/other' ]);
$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics');
my @calls = calls_of_both();
my $n = @calls;

for (1 .. 8) {
    $status->read;

    is $status->total('calls'), $n, 'whoever is asked knows all calls'
        if $_ == 1 || $status->total('calls') != $n;
    is $status->total('turns_total', outcome => 'complete'), $n, '... turns'
        if $_ == 1 || $status->total('turns_total') != $n;
}

# a worker is killed

my $victim = $calls[-1]{worker};
my @left = grep { $_->{worker} ne $victim } @calls;

kill 'KILL', $victim;

ok $status->wait(sub { $_[0]->total('calls') == @left }),
   'the calls of a worker that was killed are gone: ' . $status->total('calls');
is $status->total('turns_total', outcome => 'complete'), $n,
   '... what they had done is not';

$_->ask('Hi') for @left;
ok $status->wait(sub { $_[0]->total('turns_total') == $n + @left }),
   '... and the others go on';

# reloads

my $turns = $n + @left;

$nginx->hup;
$status->read;

is $status->total('turns_total'), $turns, 'a reload keeps all';
is $status->total('calls', worker => 'draining'), @left,
   '... and calls, which drain';

my $call = dial('/ws');

is $status->read->total('calls', worker => 'active'), 1, '... beside new ones';
is $status->total('calls'), @left + 1, '... together';
$call->hangup;

configure([ '/new', '/ws' ]);
$nginx->hup;
$status->read;

is $status->value('turns_total', location => '/ws', outcome => 'complete'),
   $turns + 1, 'other locations beside it change nothing';
is $status->fits('turns_total', location => '/other'), 0,
   'one that is gone is not shown';

configure([ '/new' ]);
$nginx->hup;
$status->read;

is $status->value('turns_total', location => '/new', outcome => 'complete'), 0,
   'nothing was counted here';
is $status->total('calls', location => 'other', worker => 'draining'), @left,
   'calls of a location that is gone are "other"';

configure([ '/ws' ]);
$nginx->hup;

is $status->read->value('turns_total', location => '/ws',
                        outcome => 'complete'), $turns + 1,
   'it comes back with what it had';

# another LLM has counters of its own, and the first one keeps its own

my $asked = $status->value('llm_seconds_count', location => '/ws',
                           upstream => 'variable');

configure([ '/ws' ], llm => 'proxy_pass  http://127.0.0.1:1/;');
$nginx->hup;
$status->read;

is $status->value('llm_seconds_count', location => '/ws',
                  upstream => '127.0.0.1:1'), 0, 'another LLM starts at 0';
ok !$status->fits('llm_seconds_count', location => '/ws',
                  upstream => 'variable'), '... and is the only one';

configure([ '/ws' ]);
$nginx->hup;

is $status->read->value('llm_seconds_count', location => '/ws',
                        upstream => 'variable'), $asked,
   'the first one comes back with what it had';
ok $asked > @left, "... $asked requests";

# a reload that fails makes no call one that drains

$call = dial('/ws');
configure([ '/ws' ], zone => '1m;  listen');
$nginx->signal('HUP');
ok $nginx->log_has(qr/\[emerg\]/), 'a reload fails';
is $status->read->total('calls', worker => 'active'), 1, 'the call is active';
$call->hangup;
$_->hangup for @left;

# without it nothing is counted, and nothing is wrong

configure([ '/ws' ], off => 1);
$nginx->hup;
$call = dial('/ws');
$call->hangup;

configure([ '/ws' ]);
$nginx->hup;

is $status->read->total('turns_total'), 0, 'a new zone starts at 0';

# more locations than there are blocks

configure([ '/ws', map { "/$_" } 1 .. 299 ]);
$nginx->hup;
$status->read;

ok $nginx->log_has(qr/\[warn\].* has counters for 256 locations: 44 others are /),
   'there are too many locations, and the log says so';

is $status->fits('turns_total', outcome => 'complete'), 257,
   'those that have counters, and "other"';

for my $path (map { "/$_" } 1 .. 299) {
    my $call = dial($path);
    $call->hangup;
}

ok $status->wait(sub {
    $_[0]->total('sessions_total', end => 'hangup') == 299
}), 'each of 300 locations takes calls';

is $status->value('turns_total', location => 'other', outcome => 'complete'),
   44, '... and some are counted together';
is $status->value('turns_total', location => '/100', outcome => 'complete'),
   1, '... others alone';

is $status->value('llm_seconds_count', location => 'other',
                  upstream => 'other'), 44, '... and so are their LLMs';
is $status->value('llm_seconds_count', location => '/100',
                  upstream => 'variable'), 1, '... others alone';

# more LLMs than there are blocks for them

configure([ map { "/$_" } 1 .. 180 ],
          tools => "convrelay_fallback \@second;\n"
                   . 'convrelay_fallback @third;');
$nginx->hup;
$nginx->hup;              # those of 300 locations may be reused only now
$status->read;

ok $nginx->log_has(qr/ has counters for 512 LLMs of locations: 28 others are /),
   'there are too many LLMs, and the log says so';
is $status->fits('llm_requests_total', connection => 'new'), 513,
   'those that have counters, and "other"';

# more tools than there are blocks for them

my $schema = '{"description":"x","parameters":{"type":"object",'
             . '"properties":{}}}';
my $tools = join '', map { "convrelay_tool  t$_ '$schema' uri=/tool;\n" }
            1 .. 90;

configure([ '/ws', '/1', '/2' ], tools => "$tools\n");
$nginx->hup;
$status->read;

ok $nginx->log_has(qr/ has counters for 256 tools of locations: 14 others are /),
   'there are too many tools, and the log says so';
is $status->fits('tools_total', outcome => 'ok'), 257,
   'those that have counters, and "other"';
is $status->value('tools_total', location => 'other', tool => 'other',
                  outcome => 'ok'), 0, '... of which nothing was asked';

my $warnings = () = $nginx->log('error') =~ /has counters for 256 locations/g;

is $warnings, 1, 'it is logged once';

$nginx->stop;

is_deeply [ grep { !/killed|exited on signal|unknown|\[emerg\]|convrelay_zone/ }
            $nginx->complaints ], [], 'nothing else went wrong';

done_testing;
