package ConvRelay::Nginx;

# nginx as operators run it, with a master, workers and signals, for the tests
# that Test::Nginx cannot express:
#
#     my $nginx = ConvRelay::Nginx->new;
#     $nginx->write('nginx.conf', $text);     into its conf folder
#     $nginx->http($text);                    a whole nginx.conf around it;
#                                             then directives of its main
#                                             part, worker_connections
#     $nginx->start;
#     ConvRelay::Nginx->new(on => [ ... ])    started by this command, which
#                                             becomes it: "ip netns exec NAME"
#     $nginx->hup;                            returns when new workers serve
#     $nginx->start('daemon'), $nginx->upgrade
#                                             a binary upgrade needs a daemon
#     $nginx->signal('QUIT');
#     $nginx->stop;
#
#     $nginx->port(2)         a port of its own, 0 to 9
#     $nginx->master, $nginx->workers         process ids
#     $nginx->log('access'), $nginx->log_has(qr/.../)
#
#     ConvRelay::Nginx::version()     as nginx_version, 1022001 for 1.22.1
#
# Texts may hold %%PORT%%, %%PORT_1%% to %%PORT_9%%, %%DIR%% and %%MODULES%%,
# the load_module lines.  The ports and the folder are free again at the end;
# the folder stays where a test failed.  A process that crashes fails the test
# file.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use Scalar::Util ();
use Test::More ();
use Time::HiRes qw( sleep time );

my $root = Cwd::realpath(File::Basename::dirname(__FILE__) . '/../../..');
my $build = $ENV{TEST_NGINX_BUILD} // "$root/build";
my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';

# an upgrade asks for the new binary by the name of the old, without a path

if ($nginx !~ m{/}) {
    ($nginx) = grep { -x } map { "$_/$nginx" }
               split /:/, "$ENV{PATH}:/usr/sbin";
}

# where all is slower, all that is waited for may take so many times longer

my $slow = $ENV{TEST_NGINX_SLOW} // 1;

my %running;        # weak, by folder
my $crashed = '';   # lines of the logs


sub root  { return $root }
sub build { return $build }


sub new {
    my ($class, %opt) = @_;

    my $self = bless { owner => $$, on => $opt{on} // [] }, $class;

    $self->{dir} = File::Temp::tempdir('convrelay-test-XXXXXX', TMPDIR => 1);

    Scalar::Util::weaken($running{$self->{dir}} = $self);

    $self->take_ports;

    $SIG{ALRM} = sub { die "this test hangs\n" };
    alarm(($ENV{TEST_NGINX_ALARM} // 120) * $slow);

    File::Path::make_path(map { "$self->{dir}/$_" } 'conf', 'logs');

    return $self;
}


# beside those of Test::Nginx::ConvRelay and taken in the same way: whoever
# listens on the eleventh has the other ten

sub take_ports {
    my $self = shift;

    for my $n (0 .. 90) {
        my $base = 20840 + $n * 11;
        my $lock = listen_on($base + 10) or next;

        next if grep { !listen_on($_) } $base .. $base + 9;

        @$self{qw( base lock )} = ($base, $lock);

        return;
    }

    die "no free ports between 20840 and 21840\n";
}


sub listen_on {
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                 LocalPort => shift, Listen => 1,
                                 ReuseAddr => 1);
}


sub dir    { return $_[0]{dir} }
sub port   { return $_[0]{base} + ($_[1] // 0) }
sub master { return $_[0]{pid} }


sub write {
    my ($self, $name, $text) = @_;

    my $modules = join '', map { "load_module  $build/$_.so;\n" }
        'ngx_http_convrelay_module', 'ngx_http_convrelay_mock_module';

    # a worker that is not root could not read the test's folder

    $modules .= "user  root;\n" if $> == 0;

    $text =~ s/%%MODULES%%/$modules/g;
    $text =~ s/%%DIR%%/$self->{dir}/g;
    $text =~ s/%%PORT(?:_(\d))?%%/$self->port($1)/ge;

    open my $fh, '>', "$self->{dir}/conf/$name" or die "$name: $!\n";
    print $fh $text;
    close $fh or die "$name: $!\n";
}


sub http {
    my ($self, $http, $main, $connections) = @_;

    $main //= '';
    $connections //= 1024;
    $main .= "worker_processes  1;\n" if $main !~ /^worker_processes/m;

    $self->{single} = $main =~ /^master_process\s+off;/m;

    $self->write('nginx.conf', <<"_EOC_");
%%MODULES%%
error_log         logs/error.log info;
$main

events {
    worker_connections  $connections;
}

http {
    convrelay_auth_token     off;
    convrelay_speech_filter  off;
    access_log               logs/access.log;

    $http
}
_EOC_
}


# the same with Lua in it, and the folder of the tests' own libraries

sub lua {
    my ($self, $http, $main) = @_;
    my $version = `$nginx -V 2>&1`;
    my ($modules) = $version =~ /--modules-path=(\S+)/;

    $modules //= '/usr/lib/nginx/modules';

    my $load = join '', map { "load_module  $modules/$_.so;\n" }
                        'ndk_http_module', 'ngx_http_lua_module';

    $load .= "$main\n" if defined $main;

    $self->http(<<"_EOC_", $load);
    lua_package_path       "$root/t/lib/?.lua;/usr/share/lua/5.1/?.lua;;";
    lua_socket_log_errors  off;
    lua_shared_dict        calls 1m;

    $http
_EOC_
}


sub options {
    my $self = shift;
    my $daemon = $self->{daemon} ? 'on' : 'off';

    return ('-p', "$self->{dir}/", '-c', 'conf/nginx.conf',
            '-e', "$self->{dir}/logs/error.log", '-g',
            "daemon $daemon; pid $self->{dir}/logs/nginx.pid;");
}


sub version {
    my ($major, $minor, $patch) = `$nginx -v 2>&1` =~ m{/(\d+)\.(\d+)\.(\d+)}
        or die "$nginx has no version\n";

    return $major * 1_000_000 + $minor * 1000 + $patch;
}


# what "nginx -t" says, and its exit code.  New memory is never zero, so that
# what a directive left unset is seen (glibc; the sanitised nginx does the same)

sub test {
    my $self = shift;

    my $pid = open my $fh, '-|' // die "fork: $!\n";

    if ($pid == 0) {
        $ENV{MALLOC_PERTURB_} = 0x41;
        open STDERR, '>&', \*STDOUT;
        exec $nginx, '-t', $self->options or POSIX::_exit(127);
    }

    my $said = join '', <$fh>;
    close $fh;

    return ($said, $? >> 8);
}


sub start {
    my ($self, $daemon) = @_;

    $self->{daemon} = $daemon;
    delete $self->{status};         # of an earlier start

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$self->{dir}/logs/out";
        open STDERR, '>&', \*STDOUT;

        # the plan and the locks of the test are not nginx's

        POSIX::close($_) for 3 .. 63;

        exec @{ $self->{on} }, binary(), $self->options or POSIX::_exit(127);
    }

    $self->{pid} = $pid;

    if ($daemon) {
        waitpid $pid, 0;
        wait_for(10, sub { $self->{pid} = $self->pid_file })
        or die 'nginx did not start: ', $self->log('error');
    }

    wait_for(20, sub { $self->reaped || $self->workers })
    or die "nginx did not start\n";

    die 'nginx did not start: ', $self->log('error'), $self->log('out')
        if $self->reaped;

    return $self;
}


# nginx starts a new binary by the name that it was started by

sub binary {
    my ($path) = grep { -x } $nginx =~ m{/} ? $nginx
                       : map { "$_/$nginx" } split /:/, $ENV{PATH};

    return $path // $nginx;
}


sub pid_file {
    my $self = shift;

    open my $fh, '<', "$self->{dir}/logs/nginx.pid" or return;

    return <$fh> =~ /^(\d+)/ ? $1 : undef;
}


# a new master and its workers beside the old ones; returns the pid of the old
# master, or nothing where the new one did not start

sub upgrade {
    my $self = shift;
    my $old = $self->{pid};

    kill USR2 => $old;

    wait_for(10, sub {
        my $pid = $self->pid_file;

        return if !$pid || $pid == $old || ended($pid);

        $self->{pid} = $pid;
        return scalar $self->serving;
    })
    or return;

    push @{ $self->{older} }, $old;

    return $old;
}


# a child of somebody else, which may be nobody's to wait for

sub ended {
    my $pid = shift;

    open my $fh, '<', "/proc/$pid/stat" or return 1;

    return <$fh> =~ /\) Z /;
}


sub reaped {
    my $self = shift;

    if ($self->{daemon}) {
        $self->{status} = 0 if ended($self->{pid});

    } elsif (!defined $self->{status} && waitpid($self->{pid}, 1) > 0) {
        $self->{status} = $?;
    }

    return defined $self->{status};
}


sub status { return $_[0]{status} }


# by what they hold, since a title is lost under valgrind: a worker has begun
# when it polls; till then it looks like its master

sub workers {
    my $self = shift;

    return grep { grep { /eventpoll/ } held($_) } $self->children;
}


sub children {
    my $self = shift;

    return $self->{pid} if $self->{single};

    open my $fh, '<', "/proc/$self->{pid}/task/$self->{pid}/children"
        or return;

    return split ' ', <$fh> // '';
}


# one that shuts down has closed its listening sockets

sub serving {
    my $self = shift;
    my %listening;

    open my $fh, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";

    while (<$fh>) {
        my @field = split;

        $listening{"socket:[$field[9]]"} = 1 if $field[3] eq '0A';
    }

    return grep { grep { $listening{$_} } held($_) } $self->workers;
}


sub held {
    return map { readlink // () } glob "/proc/$_[0]/fd/*";
}


# returns the workers that serve now

sub hup {
    my $self = shift;
    my %old = map { $_ => 1 } $self->workers;
    my @new;

    kill HUP => $self->{pid};

    wait_for(20, sub {
        @new = grep { !$old{$_} } $self->serving;
        return @new && !grep { $old{$_} } $self->serving;
    })
    or die 'nginx did not reload: ', $self->log('error');

    return @new;
}


sub signal {
    my ($self, $name) = @_;

    kill $name => $self->{pid};
}


# seconds till it had gone, or undef

sub gone {
    my ($self, $seconds) = @_;
    my $start = time;

    return wait_for($seconds // 10, sub { $self->reaped })
           ? time - $start : undef;
}


sub stop {
    my $self = shift;

    kill TERM => grep { !ended($_) } splice @{ $self->{older} // [] };

    return if !$self->{pid} || $self->reaped;

    kill QUIT => $self->{pid};
    return if $self->gone(3);

    kill TERM => $self->{pid};
    return if $self->gone(5);

    kill KILL => $self->workers, $self->{pid};
    $self->gone(5);
}


sub log {
    my ($self, $name) = @_;

    open my $fh, '<', "$self->{dir}/logs/" . ($name eq 'out' ? $name
                                                            : "$name.log")
        or return '';

    local $/;
    return scalar(<$fh>) // '';
}


sub log_has {
    my ($self, $re, $name) = @_;

    return wait_for(5, sub { $self->log($name // 'error') =~ $re });
}


# lines that no run may leave behind

sub complaints {
    my ($self, $level) = @_;

    $level //= 'error|crit|alert|emerg';

    return grep { /\[(?:$level)\]|runtime error:|Sanitizer/ }
           split /^/, $self->log('error') . $self->log('out');
}


sub wait_for {
    my ($seconds, $code) = @_;
    my $end = time + $seconds * $slow;

    while (time < $end) {
        return 1 if $code->();
        sleep 0.01;
    }

    return $code->();
}


sub DESTROY {
    my $self = shift;

    return if $self->{owner} != $$;

    local ($?, $!, $@);

    $self->{owner} = 0;

    $self->stop;

    # a master replaces a worker that crashed, and all goes on

    my $lines = join '', grep { /exited on signal (?!9\b|15\b)/ }
                              split /^/, $self->log('error');

    $crashed .= $lines;

    File::Path::remove_tree($self->{dir})
        if Test::More->builder->is_passing && $lines eq '';
}


END {
    my $code = $?;

    $_->DESTROY for grep { defined } values %running;

    if (length $crashed) {
        Test::More::diag("a process of nginx crashed:\n$crashed");
        $code ||= 1;
    }

    $? = $code;
}


1;
