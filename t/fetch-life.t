# Requests of ours, src/fetch, over a worker's life: nothing of them is left,
# a draining worker waits for them, worker_shutdown_timeout ends them, and
# where no connection is free there is none.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Heap;
use ConvRelay::Nginx;
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Test::More;
use Time::HiRes qw( sleep time );

my $modules = 'load_module ' . ConvRelay::Nginx->build
              . '/ngx_http_convrelay_fetch_test_module.so;';

my $prompt = q('body={"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]}');

my $hints = 'stream max=50000 timeout=10000';

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_');
    keepalive_requests  100000;

    server {
        listen      127.0.0.1:%%PORT%%;
        access_log  off;

        location = /text  { return 200 "fine"; }
        location = /gone  { return 410 "gone"; }
        location = /away  { add_header X-Accel-Redirect /here; return 200; }
        location = /close { return 444; }
        location = /slow  { convrelay_mock_llm tokens=1 first=700ms; }
        location = /never { convrelay_mock_llm tokens=1 first=1m; }
        location /in/     { convrelay_mock_llm tokens=1 first=1m; }
    }
_EOC_

$llm->start;


sub nginx {
    my ($main, $n, $connections) = @_;
    my $nginx = ConvRelay::Nginx->new;

    $nginx->http(<<"_EOC_", "$modules $main", $connections);
    limit_req_zone  \$server_name  zone=slow:64k  rate=5r/s;

    upstream llm {
        server              127.0.0.1:@{[ $llm->port ]};
        keepalive           2;
        keepalive_requests  100000;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location /in/     { internal; proxy_pass http://llm/; }
        location = /here  { internal; return 200 "here"; }
        location = /file  { internal; alias %%DIR%%/file; }
        location = /refused { internal; error_page 502 = /here;
                              proxy_pass http://127.0.0.1:%%PORT_9%%; }

        location \@never { proxy_pass http://llm; }
        location = /in/moved  { internal; error_page 502 = \@never;
                                proxy_pass http://127.0.0.1:%%PORT_9%%/; }
        location = /in/twice  { internal; recursive_error_pages on;
                                error_page 418 = \@again; return 418; }
        location \@again { error_page 419 = \@never; return 419; }

        location = /in/hints  { internal;
                                proxy_pass http://127.0.0.1:%%PORT_8%%/; }
        location = /in/late   { internal; error_page 502 = \@hints;
                                proxy_pass http://llm/close; }
        location \@hints { proxy_pass http://127.0.0.1:%%PORT_8%%; }
        location = /in/delayed { internal; limit_req zone=slow burst=5;
                                 proxy_pass http://127.0.0.1:%%PORT_8%%/; }

        location = /text      { convrelay_fetch_test /in/text n=$n; }
        location = /gone      { convrelay_fetch_test /in/gone n=$n; }
        location = /away      { convrelay_fetch_test /in/away n=$n; }
        location = /own       { convrelay_fetch_test /here n=$n; }
        location = /read      { convrelay_fetch_test /file get n=$n; }
        location = /none      { convrelay_fetch_test /missing n=$n; }
        location = /failed    { convrelay_fetch_test /refused n=$n; }
        location = /cancelled { convrelay_fetch_test /in/never $prompt n=$n
                                                     cancel=start; }
        location = /one       { convrelay_fetch_test /here; }
        location = /slow      { convrelay_fetch_test /in/slow $prompt detach; }
        location = /never     { convrelay_fetch_test /in/never $prompt detach
                                                     timeout=30000; }
        location = /moved     { convrelay_fetch_test /in/moved $prompt detach
                                                     timeout=30000; }
        location = /twice     { convrelay_fetch_test /in/twice $prompt detach
                                                     timeout=30000; }
        location = /hints     { convrelay_fetch_test /in/hints $hints; }
        location = /late      { convrelay_fetch_test /in/late $hints; }
        location = /delayed   { convrelay_fetch_test /in/delayed n=2 $hints; }
        location = /waiting   { convrelay_fetch_test /in/never $prompt
                                                     timeout=30000; }
    }
_EOC_

    $nginx->write('../file', "a file\n");

    return $nginx;
}


# true once the process has gone

sub gone {
    my $pid = shift;

    return ConvRelay::Nginx::wait_for(10, sub { !-e "/proc/$pid" });
}


sub get {
    my ($nginx, $uri) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or return 'no connection';

    print {$sock} "GET $uri HTTP/1.0\r\n\r\n";

    local $/;
    my ($body) = (<$sock> // '') =~ /\r\n\r\n(.*)/s;

    return $body // 'no answer';
}


SKIP: {
    skip 'sanitizers and valgrind have a malloc of their own', 1
        if $ENV{ASAN_OPTIONS} || $ENV{TEST_NGINX_VALGRIND};

    subtest '10,000 of a kind leave nothing in the heap' => sub {
        my $n = 1250;
        my $nginx = nginx('error_log logs/error.log crit;', $n);
        my $heap = ConvRelay::Heap->new($nginx);

        $heap->start;

        my %ends = (
            text => "$n was answered\n", gone => "$n was answered\n",
            away => "$n was redirected by X-Accel-Redirect\n",
            own => "$n was answered\n", read => "$n was answered\n",
            none => "$n was answered\n", failed => "$n was answered\n",
            cancelled => "$n cancelled\n"
        );

        get($nginx, "/$_") for sort keys %ends;

        my @before = $heap->counts;

        is get($nginx, "/$_"), $ends{$_}, "$n times $_" for sort keys %ends;

        is_deeply [$heap->counts], \@before, 'no byte and no piece is left';

        $nginx->stop;
    };
}


subtest 'a reload waits for those that outlive their client' => sub {
    my $nginx = nginx('', 1);

    $nginx->start;

    is get($nginx, '/slow'), "started\n", 'a slow one, nobody waits for it';

    my ($old) = $nginx->workers;

    $nginx->hup;
    is get($nginx, '/one'), "200 was answered: here\n", 'the new worker serves';

    ok $nginx->log_has(qr/\[notice\] $old#.* fetch: 200 was answered/),
       'the old one ends it';
    ok gone($old), '... and goes';

    $nginx->stop;
    is_deeply [$nginx->complaints], [], 'no complaints';
};


for my $way ('never', 'moved', 'twice') {
    my %names = (
        never => 'gets no answer',
        moved => 'gets none after an error_page',
        twice => 'gets none after two of them'
    );

    subtest "worker_shutdown_timeout ends one that $names{$way}" => sub {
        my $nginx = nginx('worker_shutdown_timeout 300ms;', 1);

        $nginx->start;

        is get($nginx, "/$way"), "started\n", 'it has begun';

        my ($old) = $nginx->workers;
        my $time = time;

        $nginx->hup;

        ok gone($old), 'the old worker goes';
        cmp_ok time - $time, '<', 5 * ($ENV{TEST_NGINX_SLOW} // 1),
               '... in time';
        ok $nginx->log_has(qr/fetch: 0 timed out/), 'its end was told';

        $nginx->stop;

        my @complaints = grep { !/Connection refused/ } $nginx->complaints;
        is_deeply \@complaints, [], 'no complaints';
    };
}


# nginx 1.29 and newer read on and on, older ones take it for the header

subtest 'interim responses are counted, whenever the upstream began' => sub {
    my $nginx = nginx('', 1);

    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5,
                                       LocalPort => $nginx->port(8),
                                       ReuseAddr => 1);
    my $hints = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" x 1000;
    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{PIPE} = 'IGNORE';

        while (my $sock = $server->accept) {
            sysread $sock, my $request, 65536;

            for (1 .. 500) {
                last if !defined syswrite $sock, $hints;
            }

            close $sock;
        }

        POSIX::_exit(0);
    }

    $nginx->start;

    for my $way ('hints', 'late', 'delayed') {
        my $time = time;

        like get($nginx, "/$way"),
             qr/^(?:2|103|500) got an answer that is too large/, "$way: it ends";
        cmp_ok time - $time, '<', 3 * ($ENV{TEST_NGINX_SLOW} // 1),
               '... in time';
    }

    $nginx->stop;

    kill 'KILL', $pid;
    waitpid $pid, 0;
};


# in Lua, which ends what it waits for when the main request is cleaned up

subtest 'one that ends closes the sockets of its location' => sub {
    my $nginx = ConvRelay::Nginx->new;
    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5,
                                       LocalPort => $nginx->port(7),
                                       ReuseAddr => 1);

    $nginx->lua(<<'_EOC_', $modules);
    server {
        listen  127.0.0.1:%%PORT%%;

        location = /part {
            internal;
            content_by_lua_block {
                local sock = ngx.socket.tcp()

                sock:settimeout(60000)
                sock:connect("127.0.0.1", %%PORT_7%%)
                sock:send("part\n")
                sock:receive()
            }
        }

        location = /parts { convrelay_fetch_test /part get timeout=300; }
    }
_EOC_

    $nginx->start;

    is get($nginx, '/parts'), "0 timed out: \n", 'it takes too long';

    my $sock = $server->accept;

    is scalar(<$sock>), "part\n", '... since it waits for another server';

    my $closed = IO::Select->new($sock);

    ok $closed->can_read(5 * ($ENV{TEST_NGINX_SLOW} // 1)),
       '... whose connection';
    is sysread($sock, my $rest, 1), 0, '... is closed at once';

    $nginx->stop;
    is_deeply [$nginx->complaints], [], 'no complaints';
};


subtest 'a client that goes takes its own with it' => sub {
    my $nginx = nginx('', 1);

    $nginx->start;

    for (1 .. 5) {
        my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                         PeerPort => $nginx->port);
        print {$sock} "GET /waiting HTTP/1.0\r\n\r\n";
        sleep 0.05;
    }

    is get($nginx, '/one'), "200 was answered: here\n", 'others go on';

    $nginx->stop;
    is_deeply [$nginx->complaints], [], 'no complaints';
};


subtest 'no connection is free' => sub {
    my $nginx = nginx('', 1, 16);

    $nginx->start;

    my @held = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                           PeerPort => $nginx->port) } 1 .. 11;

    print {$_} "GET /waiting HTTP/1.0\r\n\r\n" for @held;
    sleep 0.2;

    @held = ();
    sleep 0.1;

    is get($nginx, '/one'), "200 was answered: here\n", 'all goes on after it';

    ok $nginx->log_has(qr/16 worker_connections are not enough/),
       'it was logged';

    $nginx->stop;
};

done_testing();
