package Bench::Scenarios;

# What is run, the figures that come of it, and what they are held to.
#
#     scenarios(\%opt)            in the order of a round
#     figures(\@runs, \@servers, $openssl)
#                                 rows: label, values by server and round
#     targets(\@runs)             rows: text, measured, met

use strict;
use warnings;

use Exporter qw( import );

our @EXPORT_OK = qw( scenarios figures targets median );

my $rate = 8300;


# A name, the arguments of convrelay-bench, and where they differ: "few" for
# servers that need longer, "warm" for those that compile first, "only" for
# servers that have what it measures, "redis" for one beside the server,
# "rounds" where more of them would say nothing new, "group" to choose it by,
# "env" for the server's environment.

sub scenarios {
    my $opt = shift;

    my @all = $opt->{quick} ? quick() : full($opt->{seconds});

    $_->{group} //= $_->{name} for @all;

    return \@all;
}


sub full {
    my $seconds = shift;

    my @for = defined $seconds ? ('--seconds', $seconds) : ();
    my @warm = ('--warmup', 5);
    my @own = qw( convrelay everything );
    my @secure = qw( convrelay everything rust lua go );

    return (
        { name => 'load', warm => \@warm,
          args => [ 'load', '--rate', $rate, @for ] },
        { name => 'flat', warm => \@warm, args => [ 'flat', @for ] },
        { name => 'flat_single', group => 'flat',
          warm => \@warm, args => [ qw( flat --batch 1 ), @for ] },
        { name => 'turn', args => [ qw( turn --earlier 3 --rate 1500 ) ],
          few => [ qw( --rate 500 ) ] },
        { name => 'turn100', group => 'turn',
          args => [ qw( turn --earlier 100 --rate 500 ) ],
          few => [ qw( --rate 250 ) ] },
        stores(qw( turn --earlier 3 --rate 1500 )),
        { name => 'tool', args => [ 'tool', @for ],
          only => [ qw( convrelay lua ) ], env => { BENCH_TOOL => 1 } },
        { name => 'connect', args => [ 'connect' ],
          few => [ '--calls', 1000 ],
          only => [ qw( convrelay everything floor rust lua go node
                        fastapi ) ] },
        { name => 'interrupt', warm => \@warm,
          args => [ 'interrupt', @for ] },
        { name => 'twiml', args => [ 'twiml', @for ],
          only => [ qw( convrelay everything lua ) ] },
        { name => 'idle', args => [ 'idle' ], rounds => 2,
          few => [ '--calls', 1000 ] },
        { name => 'idle_default', group => 'idle', args => [ 'idle' ],
          rounds => 2, only => \@own, env => { BENCH_POOL_SIZE => 4096 } },
        { name => 'many', args => [ 'many' ], rounds => 2, workers => 2,
          only => [ 'convrelay' ] },
        { name => 'strace', rounds => 1, strace => 1,
          args => [ 'load', '--calls', 20, '--rate', 200, '--tokens', 1000,
                    '--seconds', 2, '--warmup', 1 ] },
        { name => 'strace_flat', group => 'strace', rounds => 1, strace => 1,
          args => [ 'flat', '--seconds', 1 ] },
        { name => 'tls_load', group => 'tls', tls => 1, rounds => 3,
          args => [ 'load', '--rate', $rate, @for ], only => \@secure },
        { name => 'tls_flat', group => 'tls', tls => 1, rounds => 3,
          args => [ 'flat', @for ], only => \@secure },
        { name => 'tls_idle', group => 'tls', tls => 1, rounds => 1,
          args => [ 'idle' ], only => \@secure },
        private(),
    );
}


# the same turns, of calls that are kept in a store

sub stores {
    my @args = @_;

    return map {
        { name => "turn_$_", group => 'store', args => \@args,
          only => [ 'convrelay' ], redis => scalar(/redis/),
          env => { BENCH_STORE => $_ } }
    } qw( memory redis redis_tls );
}


# what an idle call behind TLS takes of the worker alone, with the shipped
# example's request_pool_size and with nginx's, by TLS 1.2 and by 1.3

sub private {
    return map {
        my ($name, $pool, $protocol) = @$_;

        { name => $name, group => 'tls_private', tls => 1, rounds => 1,
          args => [ qw( idle --calls 1000 ) ],
          only => [ qw( convrelay everything ) ],
          env => { BENCH_POOL_SIZE => $pool, BENCH_TLS => $protocol } }
    }
    [ tls_private => 5888, 'TLSv1.2' ],
    [ tls_private_default => 4096, 'TLSv1.2' ],
    [ tls13_private => 5888, 'TLSv1.3' ],
    [ tls13_private_default => 4096, 'TLSv1.3' ];
}


# whether it works, and nothing is lost

sub quick {
    my @own = qw( convrelay everything );
    my @signed = qw( convrelay lua );

    return (
        { name => 'load', args => [ qw( load --calls 40 --rate 1000 --tokens
                                        20 --seconds 0.5 --warmup 0.3 ) ] },
        { name => 'flat', args => [ qw( flat --calls 8 --seconds 0.2
                                        --warmup 0.2 ) ] },
        { name => 'turn', args => [ qw( turn --earlier 10 --calls 4
                                        --rate 20 ) ] },
        stores(qw( turn --earlier 3 --calls 4 --rate 20 )),
        { name => 'tool', only => \@signed, env => { BENCH_TOOL => 1 },
          args => [ qw( tool --calls 10 --rate 100 --seconds 0.5
                        --warmup 0.3 ) ] },
        { name => 'connect', args => [ qw( connect --calls 100 ) ],
          only => [ qw( convrelay everything floor lua ) ] },
        { name => 'interrupt', args => [ qw( interrupt --calls 10 --rate 330
                                             --tokens 20 --seconds 0.5 ) ] },
        { name => 'twiml', only => [ @own, 'lua' ],
          args => [ qw( twiml --calls 50 --rate 400 --tokens 10
                        --seconds 0.5 --warmup 0.5 ) ] },
        { name => 'idle', args => [ qw( idle --calls 100 --seconds 0.1 ) ] },
        { name => 'many', workers => 2, only => [ 'convrelay' ],
          args => [ qw( many --calls 400 --streaming 40 --rate 320 --tokens 4
                        --seconds 0.5 --warmup 1.1 ) ] },
        { name => 'tls', tls => 1, only => \@own,
          args => [ qw( load --calls 20 --rate 400 --tokens 10 --seconds 0.5
                        --warmup 0.3 ) ] },
        { name => 'tls_private', tls => 1, only => [ 'convrelay' ],
          args => [ qw( idle --calls 200 --seconds 0.1 ) ] },
    );
}


# Label, digits, scenario, and the member of its result, or what makes the
# value of all results of a server in a round.

my @figures = (
    [ 'CPU per token at 8,300/s, us', 1, 'load', 'cpu_us_per_token' ],
    [ 'added delay p50, ms', 2, 'load', 'delay_p50_ms' ],
    [ 'added delay p99, ms', 2, 'load', 'delay_p99_ms' ],
    [ 'flat out, CPU per token, us', 2, 'flat', 'cpu_us_per_token' ],
    [ 'flat out, 1,000 tokens/s', 0, 'flat', \&thousands ],
    [ '  one event a write, us', 2, 'flat_single', 'cpu_us_per_token' ],
    [ 'CPU per turn at 3 earlier ones, us', 0, 'turn', \&turn ],
    [ '  with a store in memory, us', 0, 'turn_memory', \&turn ],
    [ '  with a store in Redis, us', 0, 'turn_redis', \&turn ],
    [ '  with a store in Redis over TLS, us', 0, 'turn_redis_tls', \&turn ],
    [ 'CPU per turn at 100 earlier ones, us', 0, 'turn100', \&turn ],
    [ '  more for each earlier one, us', 2, 'turn100', \&per_earlier ],
    [ 'prompt to the tool\'s request p50, ms', 2, 'tool', 'tool_p50_ms' ],
    [ 'prompt to the tool\'s request p99, ms', 2, 'tool', 'tool_p99_ms' ],
    [ 'result to the model\'s request p50, ms', 2, 'tool', 'result_p50_ms' ],
    [ 'result to the model\'s request p99, ms', 2, 'tool', 'result_p99_ms' ],
    [ 'CPU per turn with a tool, us', 0, 'tool', 'cpu_us_per_turn' ],
    [ 'CPU per connect to close, us', 0, 'connect', 'cpu_us_per_call' ],
    [ 'interrupt to model closed p50, ms', 2, 'interrupt',
      sub { cut(@_, 'cut_p50_ms') } ],
    [ 'interrupt to model closed p99, ms', 2, 'interrupt',
      sub { cut(@_, 'cut_p99_ms') } ],
    [ 'idle server, MiB', 1, 'idle', sub { $_[0]{kib_before} / 1024 } ],
    [ 'KiB per idle call', 1, 'idle', 'kib_per_call' ],
    [ '  without shared memory', 1, 'idle', 'private_kib_per_call' ],
    [ '  with nginx\'s request_pool_size', 1, 'idle_default',
      'kib_per_call' ],
    [ '  and without shared memory', 1, 'idle_default',
      'private_kib_per_call' ],
    [ 'bytes per KiB of history', 0, 'idle', 'bytes_per_kib_of_history' ],
    [ 'left after hang-up, % of it', 1, 'idle', \&left ],
    [ 'system calls per token', 2, 'strace', 'syscalls_per_token' ],
    [ 'flat out, writes per token', 2, 'strace_flat', 'writes_per_token' ],
    [ 'webhook p50, ms', 2, 'twiml', 'webhook_p50_ms' ],
    [ 'webhook p99, ms', 2, 'twiml', 'webhook_p99_ms' ],
    [ '10,000 calls, delay p99, ms', 2, 'many', 'delay_p99_ms' ],
    [ 'TLS, CPU per token at 8,300/s, us', 1, 'tls_load',
      'cpu_us_per_token' ],
    [ 'TLS, added delay p99, ms', 2, 'tls_load', 'delay_p99_ms' ],
    [ 'TLS, flat out, CPU per token, us', 2, 'tls_flat', 'cpu_us_per_token' ],
    [ 'TLS, KiB per idle call', 1, 'tls_idle', 'kib_per_call' ],
    [ 'TLS 1.2, private KiB per idle call, %OPENSSL%', 1, 'tls_private',
      'private_kib_per_call' ],
    [ '  with the default request_pool_size', 1, 'tls_private_default',
      'private_kib_per_call' ],
    [ 'TLS 1.3, private KiB per idle call, %OPENSSL%', 1, 'tls13_private',
      'private_kib_per_call' ],
    [ '  with it by TLS 1.3', 1, 'tls13_private_default',
      'private_kib_per_call' ],
);


sub figures {
    my ($runs, $servers, $openssl) = @_;

    my @rows;

    for my $figure (@figures) {
        my ($label, $digits, $scenario) = @$figure;
        my (%values, %marks);

        for my $server (@$servers) {
            my @rounds = grep { $_->{$scenario} } by_round($runs, $server);
            my @of = grep { defined } map { value($figure, $_) } @rounds;

            next if !@of;

            $values{$server} = \@of;
            $marks{$server} = marks(map { $_->{$scenario} } @rounds);
        }

        $label =~ s/%OPENSSL%/$openssl/;

        push @rows, { label => $label, digits => $digits,
                      values => \%values, marks => \%marks } if %values;
    }

    return \@rows;
}


sub value {
    my ($figure, $of) = @_;

    my ($scenario, $value) = @$figure[2, 3];
    my $result = $of->{$scenario} or return undef;

    return ref $value ? $value->($result, $of) : $result->{$value};
}


# a server's results, by scenario, in each round

sub by_round {
    my ($runs, $server) = @_;

    my @rounds;

    for my $run (grep { $_->{server} eq $server } @$runs) {
        $rounds[$run->{round} - 1]{$run->{scenario}} = $run->{result};
    }

    return map { $_ // {} } @rounds;
}


# "*": the load side was the limit; "~": it was kept from its core; "!": the
# tokens came too slowly

sub marks {
    my @results = @_;

    my $marks = '';

    $marks .= '*' if grep { $_->{load_is_limit} } @results;
    $marks .= '~' if grep { ($_->{load_waited} // 0) > 0.05 } @results;
    $marks .= '!' if grep { ($_->{tokens_per_second} // 0)
                            < 0.95 * ($_->{tokens_wanted} // 0) } @results;

    return $marks;
}


sub thousands {
    my $result = shift;

    return defined $result->{tokens_per_second}
           ? $result->{tokens_per_second} / 1000 : undef;
}


# without its token, as that costs under load

sub turn {
    my ($result, $of) = @_;

    my $turn = $result->{cpu_us_per_turn};
    my $token = $of->{load}{cpu_us_per_token};

    return defined $turn && defined $token ? $turn - $token : undef;
}


sub per_earlier {
    my ($many, $of) = @_;

    my $few = $of->{turn};

    return undef if !defined $few->{cpu_us_per_turn}
                    || !defined $many->{cpu_us_per_turn};

    return ($many->{cpu_us_per_turn} - $few->{cpu_us_per_turn})
           / ($many->{earlier} - $few->{earlier});
}


# a word where connections stayed open

sub cut {
    my ($result, $of, $member) = @_;

    return undef if !defined $result->{$member};
    return 'not closed' if $result->{not_closed} * 2 > $result->{interrupts};

    return $result->{$member};
}


sub left {
    my $idle = shift;

    return undef if !$idle->{kib_per_call};

    return 100 * $idle->{kib_after}
           / ($idle->{kib_per_call} * $idle->{calls});
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return undef if !@sorted;
    return $sorted[$#sorted / 2] if @sorted % 2;

    return ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}


# What the module is held to: a value of its own, or against another server's
# in the same round; of all rounds the median counts.  The last ones are those
# of "everything".

my @targets = (
    [ 'CPU per token, against nginx stream', 1.25,
      'CPU per token at 8,300/s, us', 'stream' ],
    [ 'CPU per token, against nginx and Lua', 0.5,
      'CPU per token at 8,300/s, us', 'lua' ],
    [ 'CPU per token, against Go', 0.5,
      'CPU per token at 8,300/s, us', 'go' ],
    [ 'flat out, one event a write, against the floor', 1.5,
      '  one event a write, us', 'floor' ],
    [ 'flat out, four events a write, against it', 1.5,
      'flat out, CPU per token, us', 'floor' ],
    [ 'CPU per turn at 3 earlier ones, us', 150,
      'CPU per turn at 3 earlier ones, us' ],
    [ 'CPU for each earlier turn, us', 1,
      '  more for each earlier one, us' ],
    [ 'KiB per idle call', 8, 'KiB per idle call' ],
    [ 'TLS 1.2, private KiB per idle call', 20.5,
      'TLS 1.2, private KiB per idle call, %OPENSSL%' ],
    [ '  with the default request_pool_size', 23,
      '  with the default request_pool_size' ],
    [ 'bytes per KiB of history', 1024, 'bytes per KiB of history' ],
    [ 'left after hang-up, %', 5, 'left after hang-up, % of it' ],
    [ 'system calls per token', 3.1, 'system calls per token' ],
    [ 'added delay p99, against nginx stream', 1.5,
      'added delay p99, ms', 'stream' ],
    [ 'webhook p99, ms', 5, 'webhook p99, ms' ],
    [ 'interrupt to model closed, against the floor', 1.5,
      'interrupt to model closed p50, ms', 'floor' ],
    [ 'CPU per connect, against nginx and Lua', 1.2,
      'CPU per connect to close, us', 'lua' ],
    map({ [ @$_[0 .. 3], 'everything' ] }
        [ 'all on: CPU per token, against Rust', 0.85,
          'CPU per token at 8,300/s, us', 'rust' ],
        [ '  against nginx stream', 1.1,
          'CPU per token at 8,300/s, us', 'stream' ],
        [ '  flat out, against Rust', 0.8,
          'flat out, CPU per token, us', 'rust' ],
        [ '  added delay p99, against Rust', 1,
          'added delay p99, ms', 'rust' ],
        [ '  interrupt to model closed, against Rust', 1.1,
          'interrupt to model closed p50, ms', 'rust' ],
        [ '  CPU per connect, against Rust', 0.9,
          'CPU per connect to close, us', 'rust' ],
        [ '  KiB per idle call', 6, 'KiB per idle call' ],
        [ '  KiB with nginx\'s request_pool_size', 8,
          '  with nginx\'s request_pool_size' ],
        [ '  TLS 1.2, private KiB per idle call', 18,
          'TLS 1.2, private KiB per idle call, %OPENSSL%' ],
        [ '  TLS 1.2, with the default request_pool_size', 21,
          '  with the default request_pool_size' ],
    ),
);


sub targets {
    my $runs = shift;

    my @convrelay = by_round($runs, 'convrelay');
    my @rows;

    for my $target (@targets) {
        my ($text, $limit, $label, $server, $own) = @$target;
        my @own = by_round($runs, $own // 'convrelay');
        my ($figure) = grep { $_->[0] eq $label } @figures;
        my @other = defined $server ? by_round($runs, $server) : ();
        my @of;

        for my $i (0 .. $#own) {
            my $is = value($figure, $own[$i]);
            my $to = defined $server ? value($figure, $other[$i] // {}) : 1;

            push @of, $is / $to if number($is) && number($to) && $to != 0;
        }

        push @rows, { text => $text, limit => $limit, values => \@of,
                      median => median(@of),
                      met => @of ? median(@of) <= $limit : undef };
    }

    return [ @rows, reads_and_writes(\@convrelay), all_calls(\@convrelay) ];
}


sub number {
    return defined $_[0] && $_[0] =~ /^-?[\d.]+(?:e[-+]?\d+)?$/;
}


# tokens that arrive in one read leave in one write

sub reads_and_writes {
    my $own = shift;

    my @of;

    for my $calls (map { $_->{strace_flat}{syscalls} // () } @$own) {
        my ($reads, $writes) = (0, 0);

        $reads += $calls->{$_} // 0 for qw( read readv recvfrom recvmsg );
        $writes += $calls->{$_} // 0 for qw( write writev sendto sendmsg );
        push @of, $writes / $reads if $reads;
    }

    return { text => 'flat out, writes for a read', limit => 1,
             values => \@of, median => median(@of),
             met => @of ? median(@of) <= 1 : undef };
}


sub all_calls {
    my $own = shift;

    my @of;

    for my $many (grep { defined } map { $_->{many} } @$own) {
        my $calls = $many->{calls_at_once} // 0;

        push @of, $many->{code} ? 0 : $calls;
    }

    return { text => 'calls at once, none lost, no turn failed', limit => 10000,
             values => \@of, median => median(@of), least => 1,
             met => @of ? !grep({ $_ < 10000 } @of) : undef };
}


1;
