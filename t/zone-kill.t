# Workers that are killed, in the middle of whatever they do to the shared
# memory of convrelay_zone: the next call finds it right.  (Each instruction
# of a change: t/unit/shm_kill.c.)

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Memory;
use ConvRelay::Nginx;
use Socket qw( IPPROTO_TCP TCP_NODELAY );
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my ($workers, $size) = (1, '36k');


sub configure {
    my ($main) = @_;

    $nginx->http(<<"_EOC_", $main // "worker_processes  $workers;\n");
    convrelay_zone  calls  $size;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=repeat;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        add_header          X-Worker \$pid always;
        proxy_http_version  1.1;

        location = /ws {
            convrelay;
            convrelay_limit_calls  \$convrelay_to 2;
            proxy_pass             http://127.0.0.1:%%PORT_1%%;
        }
    }
_EOC_
}


# a call that was let in, or the code it was closed with

sub dial {
    my ($sid, $to) = @_;
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->{worker} = $1 if $call->{head} =~ /^X-Worker: (\d+)/m;
    $call->{sock}->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    $call->setup(callSid => $sid, to => $to // $sid);
    $call->raw(ConvRelay::Call::frame(9, ''));

    my ($opcode, $payload) = $call->read_frame;

    return $opcode eq '10' ? $call : defined $payload ? unpack 'n', $payload
                                                      : $opcode;
}


sub in {
    my ($sid, $to) = @_;
    my $call = dial($sid, $to);

    return $call if !ref $call;

    $call->hangup;

    return 'in';
}


# as many as the zone takes

sub fill {
    my $name = shift;
    my @calls;

    for (1 .. 1000) {
        my $call = dial("$name$_");
        last if !ref $call;
        push @calls, $call;
    }

    return @calls;
}


# the pid of a process that is gone

sub nobody {
    my $pid = fork // die "fork: $!\n";

    POSIX::_exit(0) if $pid == 0;
    waitpid $pid, 0;

    return $pid;
}


# a process with this pid, that ends with this one; undef where the system does
# not let us have it

sub takes {
    my $pid = shift;

    pipe my $wait, my $end or die "pipe: $!\n";

    for (1 .. 50) {
        open my $last, '>', '/proc/sys/kernel/ns_last_pid' or return;
        print {$last} $pid - 1;
        close $last or return;

        my $child = fork // die "fork: $!\n";

        if ($child == 0) {
            close $end;
            sysread $wait, my $byte, 1 if $$ == $pid;
            POSIX::_exit(0);
        }

        return [ $child, $end ] if $child == $pid;

        waitpid $child, 0;
    }

    return;
}


sub killed {
    my $pid = shift;

    kill KILL => $pid;

    return ConvRelay::Nginx::wait_for(10, sub {
        !grep { $_ == $pid } $nginx->children;
    });
}


# an old worker, for which no other starts

configure();
$nginx->start;

my ($old) = $nginx->workers;
my @calls = fill('CAold');

cmp_ok @calls, '>', 100, @calls . ' calls fill a zone of 36k';

$nginx->hup;

is dial('CAnew'), 1008, 'they do so after a reload';
ok killed($old), 'their worker is killed';

# a full zone is looked through once a second

select undef, undef, undef, 1.1;

is in('CAnew'), 'in', 'a new call is let in at once';
is in('CAold7'), 'in', '... and one of theirs';

my @more = fill('CAmore');

is @more, @calls, '... and as many as before';

like $nginx->log('error'), qr/convrelay_zone "calls" is full, its size is 36864/,
     'a full zone is logged';

$_->fin for @more;
ok ConvRelay::Nginx::wait_for(5, sub { in('CAnew') eq 'in' }), 'all have ended';

# likewise the limit of a key

my ($new) = $nginx->workers;
my @two = (dial('CA1', '+1'), dial('CA2', '+1'));

is dial('CA3', '+1'), 1008, 'two calls of a number';

$nginx->hup;
ok killed($new), '... whose old worker is killed';

my $stranger = takes($new);

select undef, undef, undef, 1.1;

SKIP: {
    skip 'pids cannot be chosen here', 1 if !$stranger;
    ok kill(0, $new), '... and its pid is that of another program';
}

@two = (dial('CA1', '+1'), dial('CA2', '+1'));

is grep({ ref } @two), 2, 'two others are let in';
is dial('CA3', '+1'), 1008, '... and no third one';

is $_->hangup, 1000, '... until they have hung up' for @two;

if ($stranger) {
    close $stranger->[1];
    waitpid $stranger->[0], 0;
}

# the lock of a process that is gone, which the master knows nothing of

my $memory = ConvRelay::Memory->new(($nginx->workers)[0], 36864);

$memory->write(0, pack 'J', nobody());

is in('CA1'), 'in', 'a lock that a dead process holds is taken from it';
is unpack('J', $memory->read(0, length pack 'J', 0)), 0, '... and free again';

# a change that was never ended: nothing of the index is right

my $zone = $memory->zone;

sub word { return unpack 'L', $memory->read($zone + $_[0], 4) }
sub offset { return unpack 'Q', $memory->read($zone + $_[0], 8) }

my $call = dial('CA1', '+1');

$memory->write($zone + 16, pack 'L', 1);

for my $table (24, 64) {
    my $n = word($table + 16);

    $memory->write($zone + offset($table + 8), "\x3f" x (4 * $n));
    $memory->write($zone + $table + 32, pack 'L', 0x3f3f3f3f);
}

is dial('CA1', '+1'), 1008, 'a torn zone is repaired: one socket a CallSid';
is word(16), 0, '... and nothing is being changed';
like $nginx->log('error'), qr/\[warn\].* a process was killed while changing/,
     '... which is logged';

my $second = dial('CA2', '+1');

ok ref $second, '... two calls of a number';
is dial('CA3', '+1'), 1008, '... and no third one';
is $_->hangup, 1000, '... until they have hung up' for $call, $second;
is in('CA3', '+1'), 'in', '... and not for ever';

my @all = fill('CAall');

is @all, @calls, '... and no place is lost';

$_->fin for @all;

# workers of an older configuration, with a zone that the master has no more:
# who frees its lock?

$workers = 2;
configure();
$nginx->hup;

my %held;

for (1 .. 100) {
    my $call = dial("CAheld$_");
    next if !ref $call;

    push @{ $held{$call->{worker}} }, $call;
    last if grep({ @$_ > 1 } values %held) == 2;
}

is keys %held, 2, 'calls on two workers';

$size = '40k';
configure();
$nginx->hup;

my ($one, $two) = keys %held;

$memory = ConvRelay::Memory->new($two, 36864);
$memory->write(0, pack 'J', $one);

ok killed($one), 'one is killed while it holds the lock of their old zone';
is $held{$two}[0]->hangup, 1000, 'the other one goes on';
is unpack('J', $memory->read(0, length pack 'J', 0)), 0, '... and frees it';

ok ConvRelay::Nginx::wait_for(5, sub {
    $_->fin for @{ $held{$two} };
    return !grep { $_ == $two } $nginx->workers;
}), '... and ends with its last call';

$nginx->stop;

my @bad = grep { !/exited on signal 9|is full, its size|open socket/
                 && !/too many calls for|already has a live socket/ }
               $nginx->complaints;

is_deeply \@bad, [], 'nothing else went wrong';

done_testing;
