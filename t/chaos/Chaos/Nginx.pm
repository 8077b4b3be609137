package Chaos::Nginx;

# nginx with the module, its heap in view, and signals:
#
#     my $nginx = Chaos::Nginx->new;
#     $nginx->http($text, $main);
#     $nginx->start;
#     $nginx->kill($pid, 'KILL')          a worker; it may be missed in the log
#     $nginx->upgrade                     to a new binary, which is the same
#     $nginx->fail(100)                   one allocation in 100 fails, 0: none
#     $nginx->fail_at(100)                the hundredth from now on fails
#     $nginx->fails_in                    so many are left until then
#     my ($bytes, $pieces) = $nginx->heap($pid);
#     $nginx->connections                 of all workers
#     $nginx->wrong                       new lines of its log that are wrong

use strict;
use warnings;

use parent 'ConvRelay::Nginx';

use Time::HiRes qw( sleep time );

use constant SLOTS => 4096;

my $so;


sub build_heap {
    my $root = ConvRelay::Nginx->root;
    my $dir = ConvRelay::Nginx->build . '/chaos';

    mkdir $dir;

    $so = "$dir/heap-$$.so";

    system(qw( cc -O1 -shared -fPIC -o ), $so, "$root/t/chaos/heap.c") == 0
        or die "cannot compile t/chaos/heap.c\n";
}


END { unlink $so if $so && $so =~ /-$$\.so$/ }


sub new {
    my $class = shift;
    my $self = $class->SUPER::new(@_);

    build_heap() if !$so;

    $self->{killed} = {};
    $self->{seen} = 0;
    $self->{heap} = $self->dir . '/heap';

    open my $fh, '>', $self->{heap} or die "$self->{heap}: $!\n";
    truncate $fh, SLOTS * 32;

    return $self;
}


# A daemon: a binary is upgraded only where the master is nobody's child.

sub options {
    my $self = shift;

    return map { s/daemon off; //r } $self->SUPER::options;
}


sub start { return shift->preloaded('start') }


# what "nginx -t" says, and its exit code

sub test { return shift->preloaded('test') }


sub preloaded {
    my ($self, $method) = @_;
    my $preload = $so;

    local $ENV{CHAOS_HEAP} = $self->{heap};
    local $ENV{ASAN_OPTIONS} = $ENV{ASAN_OPTIONS};

    # a sanitizer wants to be the first, and has to be the next

    if ($ENV{ASAN_OPTIONS}) {
        $ENV{ASAN_OPTIONS} .= ':verify_asan_link_order=0';
        chomp(my $asan = `cc -print-file-name=libasan.so`);
        $preload .= ":$asan";

    } else {
        delete $ENV{ASAN_OPTIONS};
    }

    # the compiler is not to have it

    local $ENV{LD_PRELOAD} = $preload;

    $method = "SUPER::$method";

    return $self->$method;
}


# what was started has gone, and its child is the master

sub workers {
    my $self = shift;

    if (!$self->{daemon} && $self->SUPER::reaped) {
        return if $self->{status} != 0;

        $self->{daemon} = read_pid($self->dir . '/logs/nginx.pid') // return;
        $self->{pid} = $self->{daemon};
        delete $self->{status};
    }

    return $self->{daemon} ? $self->SUPER::workers : ();
}


sub reaped {
    my $self = shift;

    if (!$self->{daemon}) {
        return $self->SUPER::reaped && $self->{status} != 0;
    }

    return defined $self->{status}
           || !alive($self->{pid}) && defined($self->{status} = 0);
}


# when it was started, which tells it from one that has its number later

sub alive {
    my $pid = shift;

    open my $fh, '<', "/proc/$pid/stat" or return 0;

    my ($state, @field) = split ' ', (<$fh> // '') =~ s/.*\) //sr;

    return defined $state && $state ne 'Z' && $state ne 'X' ? $field[18] : 0;
}


sub kill {
    my ($self, $pid, $signal) = @_;

    # who is killed may take a while to die

    $self->{killed}{$pid} = $signal
        if $signal ne 'QUIT' && ($self->killed($pid) // '') ne 'KILL';

    return kill $signal => $pid;
}


sub killed { return $_[0]{killed}{$_[1]} }


# all workers of all masters that were, as far as they live

sub everyone {
    my $self = shift;

    my $known = $self->{known} //= {};

    $known->{$_} = alive($_) for $self->workers;

    return grep { $known->{$_} && alive($_) == $known->{$_} } keys %$known;
}


sub upgrade {
    my $self = shift;
    my $old = $self->{pid};
    my $file = $self->dir . '/logs/nginx.pid';
    my $new;

    # while the one before is still there, a new binary takes no orders

    return if $self->{before} && alive($self->{before});

    $self->{before} = $old;
    $self->everyone;

    CORE::kill USR2 => $old;

    ConvRelay::Nginx::wait_for(20, sub {
        return -e "$file.oldbin" && ($new = read_pid($file)) && $new != $old;
    })
    or die "nginx was not upgraded\n";

    $self->{pid} = $new;

    ConvRelay::Nginx::wait_for(20, sub { $self->serving })
        or die "the new binary does not serve\n";

    CORE::kill QUIT => $old;

    return $new;
}


sub read_pid {
    open my $fh, '<', shift or return;

    return (<$fh> // '') =~ /^(\d+)/ ? $1 : undef;
}


sub fail {
    my ($self, $rate) = @_;

    open my $fh, '+<:raw', $self->{heap} or die "$self->{heap}: $!\n";
    sysseek $fh, 8, 0;
    syswrite $fh, pack 'q', $rate;

    $self->{failed} = 1 if $rate;
}


sub fail_at {
    my ($self, $n) = @_;

    open my $fh, '+<:raw', $self->{heap} or die "$self->{heap}: $!\n";
    sysseek $fh, 24, 0;
    syswrite $fh, pack 'q', $n;

    $self->{failed} = 1 if $n;
}


sub fails_in {
    my $self = shift;

    open my $fh, '<:raw', $self->{heap} or die "$self->{heap}: $!\n";
    sysseek $fh, 24, 0;
    sysread $fh, my $n, 8;

    return unpack 'q', $n;
}


sub slot {
    my ($self, $pid) = @_;

    open my $fh, '<:raw', $self->{heap} or die "$self->{heap}: $!\n";
    sysread $fh, my $all, SLOTS * 32;

    my $found;

    for my $n (1 .. SLOTS - 1) {
        my @slot = unpack 'q4', substr $all, $n * 32, 32;

        $found = \@slot if $slot[0] == $pid;
    }

    return $found;
}


# bytes and pieces, when they have come to rest

sub heap {
    my ($self, $pid) = @_;
    my ($last, $same) = ('', 0);
    my $end = time + 5;
    my $slot;

    while ($same < 5 && time < $end) {
        $slot = $self->slot($pid) or return;

        my $now = join ' ', @$slot;

        $same = $now eq $last ? $same + 1 : 0;
        $last = $now;
        sleep 0.02;
    }

    return @$slot[1, 2];
}


sub failures {
    my $self = shift;

    open my $fh, '<:raw', $self->{heap} or die "$self->{heap}: $!\n";
    sysread $fh, my $all, SLOTS * 32;

    my @words = unpack 'q*', $all;
    my $sum = 0;

    $sum += $words[$_ * 4 + 3] for 1 .. SLOTS - 1;

    return $sum;
}


# TCP connections that its workers have; stub_status counts those of workers
# that were killed, too

sub connections {
    my $self = shift;
    my %tcp;

    open my $fh, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";

    while (<$fh>) {
        my @field = split;

        $tcp{"socket:[$field[9]]"} = 1 if $field[3] ne '0A';
    }

    return scalar grep { $tcp{$_} } map { ConvRelay::Nginx::held($_) }
                                    $self->everyone;
}


# What a log may hold because of what the test did.  Each entry is a pattern,
# and a condition that gets the pid that wrote the line and what matched.

my @expected = (

    # a worker that was killed, by its number and its signal

    [ qr/worker process (\d+) exited on signal 9\b/,
      sub { ($_[0]->killed($_[2]) // '') eq 'KILL' } ],

    # nginx 1.22's of a worker that is told to go at once while it has calls

    # and of requests whose phases its modules "mirror" and "auth_request" do
    # not take up again for want of memory

    [ qr/open socket #-?\d+ left in connection \d+|#\d+: aborting/,
      sub { ($_[0]->killed($_[1]) // '') eq 'TERM' || $_[0]{failed} } ],

    # who dies may hold a lock, which nginx gives back

    [ qr/shared memory zone "\w+" was locked by (\d+)/,
      sub { ($_[0]->killed($_[2]) // '') eq 'KILL' } ],

    # allocations that were made to fail; of OpenSSL's, what it makes of them

    [ qr/(?:malloc|posix_memalign|memalign)\([\d, ]+\) failed \(12:/,
      sub { $_[0]{failed} } ],

    [ qr/(?:SSL_\w+|EVP_\w+|i2d_\w+|ngx_ssl_\w+)\(\) failed/,
      sub { $_[0]{failed} } ],

    [ qr/ignoring stale global SSL error/,
      sub { $_[0]{failed} } ],
);


# lines that came since the last time

sub wrong {
    my $self = shift;
    my @wrong;

    open my $fh, '<', $self->dir . '/logs/error.log' or return;
    seek $fh, $self->{seen}, 0;

    LINE:
    while (my $line = <$fh>) {
        last if $line !~ /\n\z/;

        $self->{seen} = tell $fh;

        if ($line =~ /exited with (?:fatal )?code [1-9]/) {
            push @wrong, $line;
            next;
        }

        next if $line !~ /\[(?:alert|emerg|crit)\] (\d+)#/
                && $line !~ /runtime error:|Sanitizer/;

        my $pid = $1;

        for my $entry (@expected) {
            my ($re, $may) = @$entry;

            next LINE if $line =~ $re && $may->($self, $pid, $1);
        }

        push @wrong, $line;
    }

    # nginx 1.22 moves pointers into a larger buffer by more than they can
    # be moved, of which its own code is told; and what listens for HTTP/2
    # without TLS does so for random requests, not for Twilio's

    push @wrong, grep { /runtime error:|Sanitizer|cannot/
                        && !m{^src/http/ngx_http_request\.c:\d+:\d+:\ runtime
                              \ error:\ pointer\ index\ expression}x
                        && !/\[warn\] location .* accepts only HTTP\/2:/ }
                 split /^/, $self->log('out');

    return @wrong;
}


sub DESTROY {
    my $self = shift;

    if ($self->{owner} && $self->{owner} == $$) {
        $self->fail(0) if -e $self->{heap};

        my @left = $self->everyone;

        $self->SUPER::DESTROY;
        CORE::kill KILL => grep { alive($_) } @left;
    }
}


1;
