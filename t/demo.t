# The demo, as "make demo" plays it with the mock.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use IO::Socket::INET;
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/..');
my $build = $ENV{TEST_NGINX_BUILD} // "$root/build";

if (!-x "$build/convrelay-call" || $ENV{TEST_NGINX_BINARY}) {
    plan skip_all => 'for the installed nginx, with convrelay-call';
}

delete $ENV{OPENAI_API_KEY};
$ENV{B} = $build;

my $out = `$root/util/demo 2>&1`;

is($?, 0, 'the demo succeeds');
like($out, qr/12 of 12 expectations held/, 'what the caller expects holds');
like($out, qr/greeting +Hi! I am a voice assistant/, 'the default greeting');
like($out, qr/first token \d+ ms/, 'times to the first token are shown');
like($out, qr/One moment\. ?opening[_ ]hours says: We are closed on Sunday\./,
     'a tool is called, and its result is spoken');
like($out, qr/interrupted, the caller heard "The first one is Paris\./,
     'the third answer is interrupted');
like($out, qr/I said "The first one is Paris\.[^"]{0,30}"/,
     'the history holds what was heard');
ok(!-e "$build/demo/nginx.pid", 'nginx is stopped');

if (!Test::More->builder->is_passing) {
    diag($out);
}

# beside another server

my $other = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
            or die "listen: $!\n";
my $port = $other->sockport;

$ENV{NGROK_URL} = 'voice.example.com';
$ENV{TWILIO_AUTH_TOKEN} = '0123456789abcdef0123456789abcdef';

for my $listen ($port, "127.0.0.1:$port") {
    $ENV{PORT} = $listen;

    is(`$root/util/demo serve 2>&1`, "nginx cannot listen on $listen: Address"
       . " already in use. Choose another one: make serve PORT=...\n",
       "the port is taken ($listen)");
    is($? >> 8, 1, '... which is an error');
}

# the page to talk, which only this machine gets

delete @ENV{qw( NGROK_URL TWILIO_AUTH_TOKEN )};
close $other;
$ENV{PORT} = $port;

my $pid = open my $serve, '-|', "exec $root/util/demo serve 2>&1"
          or die "util/demo: $!\n";
my ($said, $talk) = ('');

while (<$serve>) {
    $said .= $_;
    $talk = $1 if m{^    http://127\.0\.0\.1:(\d+)/talk$};
    last if /Ctrl-C/;
}

like($said, qr/^nginx listens on port 127\.0\.0\.1:$port,/m,
     'without a public host it is for this machine only');
ok($talk, 'its page has an address') or diag($said);

for my $name ('127.0.0.1', 'localhost', 'evil.example') {
    is(status("http://$name:$talk"), $name =~ /evil/ ? 403 : 200,
       "a ticket for a page of $name");
}

kill 'TERM', $pid;
close $serve;

done_testing();


# of a request for a ticket by a page of that origin

sub status {
    my $origin = shift;
    my ($host) = $origin =~ m{//(.+)};
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$talk")
               or return "connect: $!";

    print $sock "POST /talk HTTP/1.1\r\nHost: $host\r\nOrigin: $origin\r\n",
                "Content-Length: 0\r\nConnection: close\r\n\r\n";

    return (<$sock> // '') =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'eof';
}
