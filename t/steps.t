# What the README and docs/agent.md tell a newcomer to do, taken from their
# text: at most six commands from "git clone" to a spoken answer, in a clone of
# this checkout's last commit, then a changed prompt, a tool and a scenario.
#
# Packages are in place: apt-get does nothing here.  TEST_STEPS=1 runs it
# outside of "make test".

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use File::Temp ();
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw( time );

my $root = ConvRelay::Nginx->root;
my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $slow = $ENV{TEST_NGINX_SLOW} // 1;

plan skip_all => 'for the installed nginx' if $nginx =~ m{/} || $slow > 1;
plan skip_all => 'builds a clone: "make test" does it'
    if !$ENV{TEST_NGINX_ALL} && !$ENV{TEST_STEPS};
plan skip_all => 'needs git, and a checkout of it'
    if system("git -C '$root' rev-parse HEAD > /dev/null 2>&1");

alarm 600;

my $dir = File::Temp->newdir;
my $port = free_ports();
my ($pid, $out);

delete @ENV{qw( MAKEFLAGS MAKELEVEL MFLAGS B CONF MOCK NGROK_URL OPENAI_API_KEY
                TWILIO_AUTH_TOKEN )};

$ENV{PORT} = $port;
$ENV{PATH} = "$dir/bin:$ENV{PATH}";
mkdir "$dir/bin";
stub('apt-get', 'exit 0');

my ($try) = slurp("$root/README.md") =~ /^## Try it\n(.*?)^```sh\nmake serve\n/ms;
my @commands = (map({ split /\n/ } $try =~ /^```sh\n(.*?)^```/msg),
                'make serve');

# the browser is the step that is left

cmp_ok scalar(@commands) + 1, '<=', 6, 'six steps at most' or diag @commands;
is scalar(grep { /^git clone / } @commands), 1, '... one of which clones';

my ($where, $start) = ("$dir", time);
my $serve = pop @commands;

for my $command (@commands) {
    my $real = $command =~ s/URL-OF-THIS-REPOSITORY/'$root'/r;
    my $said = qx{cd '$where' && { $real
                  } 2>&1 < /dev/null && pwd > '$dir/pwd'};

    is $?, 0, $command or diag $said;
    chomp($where = slurp("$dir/pwd")) if $? == 0;
    like $said, qr/expectations held/, '... plays a call' if $command =~ /demo/;
}

my $page = serve($serve);

like http("$page"), qr{^HTTP/1\.1 200 .*<html}s, 'the page is there';
like talk('-e', 'Hello'), qr/Hello/, '... and the agent speaks';

my $took = time - $start;

diag sprintf 'from "git clone" to a spoken answer: %d s', $took;
cmp_ok $took, '<', 300, '... in less than five minutes';


# on from there, as docs/agent.md has it

my ($path) = slurp("$root/docs/agent.md")
             =~ /^## From the demo to your own\n(.*?)^## /ms;
my @sh = map { s/\\\n//r =~ /(.+)/g } $path =~ /^```sh\n(.*?)^```/msg;
my ($prompt, $tool) = $path =~ /^```nginx\n(.*?)^```/msg;
my ($scenario) = $path =~ /^```scenario\n(.*?)^```/msg;

is scalar(@sh), 4, 'its commands';
is system("cd '$where' && $sh[0]"), 0, $sh[0];

change(sub { s/^ *convrelay_system_prompt .*?";\n/$prompt/ms });
serve("$sh[2]");
like talk('--no-checks', '-e', 'Hello'), qr/Birch Dental\. Be brief/,
     'the model gets the other prompt';

change(sub { s/^(\Q$prompt\E)/$1$tool/m });
serve($sh[1]);
spew("$where/bye.txt", $scenario);

my $call = $sh[3] =~ s/:8080/:$port/gr;
my $said = qx{cd '$where' && $call 2>&1};

is $?, 0, 'the scenario passes' or diag $said;
like $said, qr/2 of 2 expectations held/, '... with what it expects';

serve();
done_testing;


# starts nginx in place of the one that runs, and returns the address of its
# page; without a command, only ends it



sub serve {
    my $command = shift;

    if ($pid) {
        kill 'TERM', -$pid;
        close $out;
    }

    return undef $pid if !$command;

    $pid = open($out, '-|') // die "fork: $!\n";

    if (!$pid) {
        setpgrp;
        open STDERR, '>&', \*STDOUT;
        chdir $where;
        exec 'sh', '-c', "exec $command" or die "exec: $!\n";
    }

    my ($text, $url) = ('');

    while (<$out>) {
        $text .= $_;
        $url = $1 if m{^ +(http://\S+/talk)$};
        last if /Ctrl-C/;
    }

    ok $url, "$command prints the address of its page" or diag $text;

    return $url;
}

END { kill 'TERM', -$pid if $pid }


sub talk {
    my @options = @_;
    my $call = "$where/build/convrelay-call";

    open my $fh, '-|', $call, '--connect-to', "ws://127.0.0.1:$port", @options,
                       "http://127.0.0.1:$port/twiml"
        or die "$call: $!\n";
    local $/;

    return scalar <$fh>;
}


sub change {
    my $code = shift;

    local $_ = slurp("$where/my.conf");
    ok $code->(), 'my.conf is changed';
    spew("$where/my.conf", $_);
}


sub http {
    my ($host, $path) = shift =~ m{^http://([^/]+)(.*)};
    my $sock = IO::Socket::INET->new(PeerAddr => $host) or return "connect: $!";

    print $sock "GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n";
    local $/;

    return scalar <$sock>;
}


sub free_ports {
    my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);

    return $sock->sockport;
}


sub stub {
    my ($name, $text) = @_;

    spew("$dir/bin/$name", "#!/bin/sh\n$text\n");
    chmod 0755, "$dir/bin/$name";
}


sub spew {
    my ($file, $text) = @_;

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
}


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}
