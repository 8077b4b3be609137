package ConvRelay::Machines;

# Machines of their own in a network of their own: namespaces of Linux, each
# with an address and a cable that can be pulled.
#
#     alone(@PROGRAMS)            runs the test file again in namespaces of its
#                                 own, or skips it where that cannot be done;
#                                 the file itself has the address 10.0.0.1
#     names(api => '10.0.0.1')    what these names lead to
#     trust('ca.crt')             the CA of all that is verified
#     machine('one', '10.0.0.11');
#     address('10.0.0.31')        another address of the file itself
#     my @command = on('one', 'nginx', ...);
#     my ($said, $code) = said(@command)
#     unplug('one')               what it sends from now on arrives nowhere, and
#                                 nothing arrives
#     removed('one')              ... and its sockets are gone with it
#     my $pid = background(@command)
#     my $seconds = cpu(@pids)    that they have had
#
# The processes and namespaces of the test end with it, even if it is killed.

use strict;
use warnings;

use ConvRelay::Redis;
use Exporter qw( import );
use File::Temp ();
use POSIX ();
use Test::More;

our @EXPORT = qw( alone names trust machine address on said unplug removed
                  background cpu );

my $inside = 'CONVRELAY_TEST_ALONE';
my @unshare = qw( unshare --net --mount --pid --fork --kill-child
                  --mount-proc -- );
my @files;


sub alone {
    my @programs = @_;

    if ($ENV{$inside}) {
        inside();
        return;
    }

    plan skip_all => 'namespaces are those of Linux' if $^O ne 'linux';
    plan skip_all => 'needs root, for network namespaces' if $> != 0;

    for my $program ('unshare', 'ip', @programs) {
        next if grep { -x "$_/$program" } split(/:/, $ENV{PATH}), '/usr/sbin';

        die "no $program: util/deps test\n" if $ENV{TEST_NGINX_ALL};
        plan skip_all => "$program is not installed";
    }

    # containers may forbid it, kernels may lack a part

    my ($said, $code) = said(@unshare, 'sh', '-c',
        'mount -t tmpfs tmpfs /run && ip link add br0 type bridge'
        . ' && ip netns add one'
        . ' && ip link add one type veth peer name eth0 netns one'
        . ' && ip netns exec one true');

    plan skip_all => "no namespaces here: $said" if $code != 0;

    local $ENV{$inside} = 1;

    exec @unshare, $^X, $0, @ARGV or die "unshare: $!\n";
}


# the first process ignores signals that it has no handler for

sub inside {
    $SIG{$_} = sub { exit 1 } for qw( INT TERM HUP );

    run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
    ip('link set lo up');
    ip('link add br0 type bridge');
    ip('link set br0 up');
    address('10.0.0.1');
}


sub address { ip("addr add $_[0]/24 dev br0") }


sub names {
    my %names = @_;

    over('/etc/hosts', join '', "127.0.0.1 localhost\n",
                                map { "$names{$_} $_\n" } sort keys %names);
}


sub trust {
    my $name = shift;

    open my $fh, '<', $name or die "$name: $!\n";
    local $/;
    over('/etc/ssl/certs/ca-certificates.crt', scalar <$fh>);
}


# for us alone, instead of the file that is there

sub over {
    my ($name, $text) = @_;
    my $file = File::Temp->new;

    print $file $text;
    close $file;
    chmod 0644, "$file";
    run('mount', '--bind', "$file", $name);
    push @files, $file;
}


sub machine {
    my ($name, $address) = @_;
    my $card = sprintf '02:00:%02x:%02x:%02x:%02x', split /\./, $address;

    # a machine that returns has the network card that others remember

    ip("netns add $name");
    ip("link add $name type veth peer name eth0 address $card netns $name");
    ip("link set $name master br0 up");
    run(on($name, 'ip', 'link', 'set', 'lo', 'up'));
    run(on($name, 'ip', 'addr', 'add', "$address/24", 'dev', 'eth0'));
    run(on($name, 'ip', 'link', 'set', 'eth0', 'up'));
}


sub on {
    my ($name, @command) = @_;

    return ('ip', 'netns', 'exec', $name, @command);
}


sub unplug { ip("link del $_[0]") }


sub removed { ip("netns del $_[0]") }


sub ip { run('ip', split ' ', shift) }


sub run {
    my ($said, $code) = said(@_);

    die "@_: $said\n" if $code != 0;
}


# what a command says, and its exit code

sub said {
    my @command = @_;
    my $pid = open my $fh, '-|' // die "fork: $!\n";

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }

    my $said = join '', <$fh>;

    close $fh;

    return ($said =~ s/\s+\z//r, $? >> 8 || $? & 127);
}


# its output goes into a file

sub background {
    my ($out, @command) = @_;

    return ConvRelay::Redis::spawn(sub {
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec @command;
    });
}


sub cpu {
    my $ticks = 0;

    for my $pid (@_) {
        open my $fh, '<', "/proc/$pid/stat" or next;

        my @field = split ' ', <$fh> =~ s/.*\) //r;

        $ticks += $field[11] + $field[12];
    }

    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


1;
