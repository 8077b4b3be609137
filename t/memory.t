# A call of any length needs no more memory than a short one, and nothing of a
# call is left when it is over.
#
#     TEST_TURNS=5000 prove t/memory.t        (1000)
#
# Every byte of nginx's heap is counted, by t/lib/malloc_count.c.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Heap;
use ConvRelay::Nginx;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw( sleep );

plan skip_all => 'sanitizers and valgrind have a malloc of their own'
    if $ENV{ASAN_OPTIONS} || $ENV{TEST_NGINX_VALGRIND};

my $turns = $ENV{TEST_TURNS} || 1000;
my $first = $turns / 2 < 500 ? $turns / 2 : 500;

local $ENV{TEST_NGINX_ALARM} = 60 + $turns / 5;

my $phrase = 'I ran into a temporary issue while generating a response.';


# which turn of ten goes wrong, and how

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_');
    keepalive_requests  100000;

    map $http_x_turn $fault {
        ~1$      cut;
        ~2$      error_in_stream;
        ~3$      html;
        default  none;
    }

    server {
        listen      127.0.0.1:%%PORT%%;
        access_log  off;

        location / {
            convrelay_mock_llm  answer=count tokens=5 at_token=2 first=0
                                interval=1ms fault=$fault;
        }

        location = /slow {
            convrelay_mock_llm  answer=count tokens=1000 first=0 interval=4ms;
        }

        location = /tools {
            convrelay_mock_llm  first=0 interval=1ms
                "tools=look: look {\"day\":\"monday\"}; book: book {}; fail: fail {}";
        }

        location = /crm {
            return  200 '{"ok":true}';
        }
    }
_EOC_

$llm->start;


my $nginx = ConvRelay::Nginx->new;
my $heap = ConvRelay::Heap->new($nginx);

$nginx->http(<<"_EOC_", 'worker_rlimit_nofile 4096;');
    upstream llm {
        server              127.0.0.1:@{[ $llm->port ]};
        keepalive           1;
        keepalive_requests  100000;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_max_history_messages  6;
        convrelay_max_frame_rate        1000;
        convrelay_max_turn_rate         0;

        proxy_http_version  1.1;
        proxy_set_header    Connection "";
        proxy_set_header    X-Turn \$convrelay_turns;

        location = /ws {
            convrelay;
            proxy_pass  http://llm/v1/chat/completions;
        }

        location = /slow {
            convrelay;
            proxy_pass  http://llm/slow;
        }

        location = /tools {
            convrelay;
            convrelay_tool  look '{}' uri=/tool/look method=GET;
            convrelay_tool  book '{}' uri=/tool/book;
            convrelay_tool  fail '{}' uri=/tool/fail;
            proxy_pass      http://llm/tools;
        }

        location = /tool/look {
            internal;
            return  200 '{"free":1}';
        }

        location = /tool/book {
            internal;
            proxy_set_header  Idempotency-Key \$convrelay_tool_key;
            proxy_pass        http://llm/crm;
        }

        location = /tool/fail {
            internal;
            return  500;
        }

        location = /open {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%;
        }

        location = /same {
            convrelay;
            convrelay_mock_llm  answer=count tokens=5 first=0 interval=1ms;
        }

        location = /events {
            convrelay;
            convrelay_dtmf      max=2;
            convrelay_on        setup  say "Welcome, \$convrelay_from.";
            convrelay_on        prompt "~(?<number>\\d+)"
                                language en-US
                                send '{"type":"config","n":"\$number"}'
                                say "I heard \$number." lang=\$convrelay_lang;
            convrelay_on        dtmf 12  say "Keys \$convrelay_digits.";
            convrelay_on        llm_failed  say "Sorry, \$convrelay_turns.";
            proxy_pass          http://llm/v1/chat/completions;
            proxy_set_header    Connection "";
            proxy_set_header    X-Turn 3;
        }
    }
_EOC_

$heap->start;

my ($worker) = $nginx->workers;


# kilobytes that only the worker has

sub resident {
    open my $fh, '<', "/proc/$worker/smaps_rollup" or return 0;

    my $sum = 0;

    while (<$fh>) {
        $sum += $1 if /^Private_(?:Clean|Dirty): +(\d+) kB/;
    }

    return $sum;
}


sub dial {
    my $call = ConvRelay::Call->dial($nginx->port, shift);

    $call->setup;

    return $call;
}


subtest "$turns turns on one call" => sub {
    my $call = dial('/ws');
    my (%said, @heap, $resident);

    for my $n (1 .. $turns) {
        $call->prompt("Hi");
        $said{$n % 10}{$call->answer}++;

        if ($n == $first) {
            @heap = $heap->counts;
            $resident = resident();
        }
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, "no byte more after turn $turns than after $first";
    is $now[1] - $heap[1], 0, '... in no piece more';

    cmp_ok resident() - $resident, '<=', 64, '... of at most 64 kB around it';

    is_deeply \%said, {
        (map { $_ => { ' 1 2 3 4 5' => $turns / 10 } } 0, 4 .. 9),
        (map { $_ => { " 1 2. $phrase" => $turns / 10 } } 1, 2),
        3 => { $phrase => $turns / 10 },
    }, 'answers and failures were as they should be';

    is $call->hangup, 1000, 'the call ends';
};


subtest "$turns turns with tools on one call" => sub {
    my $call = dial('/tools');
    my @words = ('look', 'book', 'look and book', 'book, then fail');
    my (%said, @heap);

    for my $n (1 .. $turns) {
        $call->prompt($words[$n % 4]);
        $said{$n % 4}{$call->answer}++;

        @heap = $heap->counts if $n == $first;
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, "no byte more after turn $turns than after $first";
    is $now[1] - $heap[1], 0, '... in no piece more';

    is_deeply [ map { scalar keys %{$said{$_}} } 0 .. 3 ], [ 1, 1, 1, 1 ],
              'all answers were as they should be';
    like +(keys %{$said{2}})[0], qr/look says: .*book says: /, '... of tools';

    is $call->hangup, 1000, 'the call ends';
};


# An LLM that says [DONE] after a long line with broken characters, and leaves
# the body open; to "wait" it says nothing.  It tells how many have connected.

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
                                     LocalPort => $nginx->port(1),
                                     ReuseAddr => 1)
    or die "listen: $!\n";

my $open = fork // die "fork: $!\n";

if ($open == 0) {
    my @kept;

    while (my $client = $listener->accept) {
        my $request = '';

        push @kept, $client;

        while ($request !~ /\]\}$/) {
            sysread $client, $request, 65536, length $request or last;
        }

        next if $request !~ /(?:"|\\n)Hi[^"\\]*"\}\]\}$/;

        syswrite $client, join "\r\n", 'HTTP/1.1 200 OK',
            'Content-Type: text/event-stream', '', 'data: {"choices":[{"delta":'
            . '{"content":"' . @kept . '"}}],"x":"' . "\xff" x 200_000 . qq("}\n\n)
            . "data: [DONE]\n\n";
    }

    POSIX::_exit(0);
}

close $listener;


subtest 'turns that are over, but not their requests' => sub {
    my $call = dial('/open');

    $call->ask('Hi');
    sleep 1.2;

    my @heap = $heap->counts;

    $call->ask("Hi $_") for 1 .. 10;

    my $more = ($heap->counts)[0] - $heap[0];

    cmp_ok $more, '<=', 49152, 'ten within a second need no more than one';
    note "$more bytes";

    is $call->hangup, 1000, 'the call ends';
};


subtest 'prompts that come at once' => sub {
    my $call = dial('/open');
    my $before = $call->ask('Hi');

    $call->batch(map { { type => 'prompt', voicePrompt => "wait $_" } }
                 1 .. 30);
    ok $call->quiet(0.2), 'nothing is said to thirty of them';

    $call->batch({ type => 'prompt', voicePrompt => 'wait for it' },
                 { type => 'interrupt' });
    ok $call->quiet(0.2), '... nor to one that is interrupted at once';

    is $call->ask('Hi') - $before, 2, 'the LLM was asked for the last of thirty';
    is $call->hangup, 1000, 'the call ends';
};


subtest 'a call that is over, while its connection lingers' => sub {
    my @calls = map { dial('/open') } 1 .. 10;
    my @heap = $heap->counts;

    for my $call (@calls) {
        $call->prompt("wait $_ " . 'x' x 20000) for 1 .. 4;
        $call->raw("\x01" . substr ConvRelay::Call::frame(1, 'y' x 20000), 1);
    }

    my $grown = ($heap->counts)[0] - $heap[0];

    cmp_ok $grown, '>', 10 * 80000, 'ten calls hold 80 kB each';

    for my $call (@calls) {
        $call->raw(ConvRelay::Call::frame(2, 'z'));
        is $call->end, 1002, 'a call is closed for a frame within a message';
    }

    my $left = ($heap->counts)[0] - $heap[0];

    cmp_ok $left, '<', 1024, 'nothing of it is left but their languages';
    note "$grown bytes, then $left";
};


kill 'KILL', $open;
waitpid $open, 0;


subtest 'a fifth as many that are interrupted and talked over' => sub {
    my $call = dial('/slow');
    my @heap;

    for my $n (1 .. $turns / 10) {
        $call->prompt('Hi');
        $call->tokens(1 + $n % 3);

        $call->prompt('Hi again');
        $call->answer;
        $call->tokens(1 + $n % 3);

        $call->interrupt('1 2');
        $call->answer;

        @heap = $heap->counts if $n == 9;
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, 'no byte more than after 18';
    is $now[1] - $heap[1], 0, '... in no piece more';
    is $call->hangup, 1000, 'the call ends';
};


subtest 'the same with the LLM in the location itself' => sub {
    my $call = dial('/same');
    my @heap;

    for my $n (1 .. $turns / 5) {
        $call->ask('Hi');
        @heap = $heap->counts if $n == 20;
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, 'no byte more than after 20 turns';
    is $now[1] - $heap[1], 0, '... in no piece more';
    is $call->hangup, 1000, 'the call ends';
};


subtest 'moments that have actions' => sub {
    my $call = dial('/events');
    my (%said, @heap);

    $call->answer;

    for my $n (1 .. 20) {
        $call->prompt('Number ' . ($n % 10));
        $call->message for 1 .. 2;
        $said{$call->answer}++;

        $call->send(type => 'dtmf', digit => $_) for qw( 1 2 );
        $said{$call->answer}++;

        $call->ask('Hi');

        @heap = $heap->counts if $n == 10;
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, 'no byte more than after ten of each';
    is $now[1] - $heap[1], 0, '... in no piece more';
    is $said{'Keys 12.'}, 20, 'all of them happened';
    is $call->hangup, 1000, 'the call ends';
};


subtest 'calls that come and go' => sub {
    my @ends = (sub { $_[0]->hangup }, sub { $_[0]->fin },
                sub { $_[0]->rst }, sub { $_[0]->torn });
    my (@heap, $idle, $peak);

    for my $wave (1 .. 5) {
        my @calls = map { dial($_ % 3 ? '/ws' : '/slow') } 1 .. 100;

        $idle = ($heap->counts)[0] - $heap[0] if @heap && $wave == 5;

        $_->prompt('Hi') for @calls;
        $_->tokens(1) for @calls;

        $peak = resident();

        for my $n (0 .. $#calls) {
            $ends[$n % @ends]->($calls[$n]);
        }

        @heap = $heap->counts if $wave == 1;
    }

    my @now = $heap->counts;

    is $now[0] - $heap[0], 0, 'nothing is left of the last 400 of 500';
    is $now[1] - $heap[1], 0, '... in no piece';

    my $left = resident();

    for (1 .. 50) {
        last if $left < $peak / 2;
        sleep 0.1;
        $left = resident();
    }

    cmp_ok $left, '<', $peak / 2, "of $peak kB around it the system got half";
    note "$left kB";

    my $each = int $idle / 100;

    # 512 bytes and two blocks of request_pool_size, 1 kB of the request's head

    cmp_ok $each, '<=', 10240, 'an idle call has at most 10 kB of the heap';
    note "$each bytes";
};


# that costs a worker milliseconds

subtest 'one call after the other: memory is not returned for each' => sub {
    my $before = $heap->trims;

    ok $before, 'it was for the calls before';

    for my $n (1 .. 3) {
        my $call = dial('/ws');

        is $call->hangup, 1000, "call $n ends";
        sleep 1.2;
    }

    is $heap->trims, $before, 'not again within a minute';
};


$nginx->stop;
is_deeply [ grep { !/(?:LLM|a tool|"fail") failed|upstream prematurely closed/ }
            $nginx->complaints ], [], 'no complaint but of the bad answers';

done_testing;
