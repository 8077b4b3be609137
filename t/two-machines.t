# Calls that outlive their machine, for real: conf-examples/two-machines.conf
# on two machines, HAProxy in front of them, a Redis master and its replica, and
# convrelay-call as Twilio, each in a network namespace, at the addresses that
# the examples have.
#
#     make soak CALLS=1000 SEED=7
#
# kills the first machine, the Redis master and the other machine's nginx while
# calls are held; without it a machine is killed while 20 calls are held.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Examples qw( certificates );
use ConvRelay::Machines;
use ConvRelay::Nginx;
use ConvRelay::Redis;
use JSON::PP ();
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

alone(qw( haproxy redis-server redis-cli curl ));

my $soak = $ENV{SOAK_CALLS};
my $calls = $soak || 20;
my $seed = $ENV{SOAK_SEED} || 1;
my $slow = $ENV{TEST_NGINX_SLOW} // 1;

$ENV{TEST_NGINX_ALARM} = $soak ? 900 : 120;

my %secret = (
    PUBLIC_HOST       => 'voice.example.com',
    OPENAI_API_KEY    => 'sk-test-1234567890',
    TWILIO_AUTH_TOKEN => '0123456789abcdef0123456789abcdef',
    TICKET_SECRET     => 'fedcba9876543210',
    STORE_SECRET      => 'a-secret-of-the-two-machines',
    REPORT_SECRET     => 'a-secret-of-all-the-reports',
    REDIS_PASSWORD    => 'correct-horse',
);

my %address = (
    'agent-1' => '10.0.0.11', 'agent-2' => '10.0.0.12',
    'redis-1' => '10.0.0.21', 'redis-2' => '10.0.0.22',
    balancer  => '10.0.0.10',
);

my $root = ConvRelay::Nginx->root;
my %cpu = map { $_ => 0 } qw( nginx HAProxy Redis );

# the LLM and the receiver of reports: what dies is not theirs

my $api = api();

names('api.openai.com' => '10.0.0.1', 'voice.example.com' => '10.0.0.10');
trust($api->dir . '/conf/ca.crt');
machine($_, $address{$_}) for sort keys %address;

my %redis = (
    'redis-1' => redis('redis-1'),
    'redis-2' => redis('redis-2', '--replicaof', "$address{'redis-1'} 6379",
                       '--masterauth', $secret{REDIS_PASSWORD}),
);

wait_until(10, sub {
    $redis{'redis-2'}->ask('INFO', 'replication') =~ /master_link_status:up/
}, 'the replica follows its master');

my %agent = map { $_ => agent($_) } 'agent-1', 'agent-2';
my $haproxy = haproxy();

wait_until(10, sub {
    my ($said) = said('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}',
                      'https://voice.example.com/alive');
    $said eq '204';
}, 'the balancer finds a machine');


checked() if !$soak;


# what anybody could read on Redis while the calls are held

my $seen = $api->dir . '/logs/monitor';

if (!$soak) {
    background("$seen-$_", 'redis-cli', '-s', $redis{$_}->socket,
               '-a', $secret{REDIS_PASSWORD}, '--no-auth-warning', 'MONITOR')
        for keys %redis;
    wait_until(5, sub { slurp("$seen-redis-1") && slurp("$seen-redis-2") },
               'MONITOR listens');
}


# the load makes the TLS handshakes of sockets one after another, so that a
# thousand of them would be most of the gap

my $run = caller_start('load', '--json', '--calls', $calls,
                       '--rate', $soak ? 50 : 40, '--turns', $soak ? 24 : 5,
                       '--think', $soak ? '3s' : '500ms', '--numbered',
                       '--say', 'Have you any marmalade?', '--reconnect',
                       '--own-twiml', '--action-delay', $soak ? '1200ms' : '300ms',
                       '--seed', $seed, '--from', '+15550100099',
                       '--auth-token', $secret{TWILIO_AUTH_TOKEN},
                       '--i-own-this-server',
                       $soak ? ('--connect-to', 'ws://voice.example.com:80') : (),
                       'https://voice.example.com/twiml');

my $asked = asked();

wait_until(120, sub { live() == $calls && asked() >= $asked + 1.5 * $calls },
           'all calls are held');

machine_dies('agent-1', 'agent-2');

if ($soak) {
    machine_returns('agent-1');
    redis_dies('redis-1', 'redis-2');
    backend_dies('agent-2', 'agent-1');
}

$run = caller_end($run);

my $json = $run->{json} // {};

cmp_ok($json->{lost_by_server} // 0, '>=', $soak ? 1.3 * $calls : $calls / 4,
       'calls lost their sockets');
is($json->{reconnects}, $json->{lost_by_server},
   '... which were connected again');
is($json->{calls_lost}, 0, '... no call has ended');
is($json->{completed}, $calls, '... all came to their own end');
is($json->{forgotten}, 0, 'no turn was forgotten');
is($json->{answered_unasked} + $json->{asked_again}, $json->{pending},
   'each question that was pending was answered');
is($run->{code}, 0, 'nothing else was wrong') or diag($run->{out}, $run->{err});

my (%reports, $delivered, $sessions);

wait_until(90, sub { reports(); return keys %reports == $calls },
           'each call has its report')
or diag(keys(%reports) . " of $calls reports");
is(scalar(grep { keys %$_ != 1 } values %reports), 0,
   '... once, after duplicates by key are removed');
is($sessions, $calls + $json->{reconnects},
   '... with all of its sessions, at whatever machine they were')
or diag(explain(\%reports));

if (!$soak) {
    my $secret = join '|', map { quotemeta } grep { length > 10 } values %secret;

    for my $name (sort keys %redis) {
        my $monitor = slurp("$seen-$name");

        ok($monitor =~ /"SET" "call:[0-9a-f]{64}"/,
           "MONITOR shows what $name is sent");
        ok($monitor !~ /(?i:marmalade|assistant)|CA[0-9a-f]{32}|\+1\d{10}
                        |$secret/x,
           '... but no word of a call');
    }
}

my @complaints = map { $_->complaints('warn|error|crit|alert|emerg') }
                     $api, values %agent;

is_deeply([ grep { !expected($_) } @complaints ], [],
          'nobody complains of anything else');

figures() if $soak;

# with TERM: what waits for requests of calls that have ended waits in vain

$_->signal('TERM') for $api, grep { $_->{pid} } values %agent;


done_testing;


sub expected {
    my $line = shift;

    return 1 if $line =~ /a failed session, error 64105/;
    return $soak && $line =~ /"convrelay_store \/store"|exited on signal 9/;
}


# seldom, where looking costs more than what is looked at

sub wait_until {
    my ($seconds, $code, $name) = @_;

    return ok(ConvRelay::Nginx::wait_for($seconds, sub {
        return 1 if $code->();
        sleep($soak ? 0.5 : 0.05);
        return 0;
    }), $name);
}


sub slurp {
    open my $fh, '<', shift or return '';
    local $/;

    return scalar(<$fh>) // '';
}


sub api {
    my $nginx = ConvRelay::Nginx->new;

    address('10.0.0.31');
    certificates($nginx, 'api.openai.com', 'voice.example.com');

    $nginx->http(<<'_EOC_', "worker_rlimit_nofile  16384;\n", 8192);
    client_body_buffer_size  1m;
    log_format               asked '-';
    log_format               reports escape=none
                             '$http_idempotency_key $request_body';

    server {
        listen               10.0.0.1:443 ssl;
        ssl_certificate      api.openai.com.crt;
        ssl_certificate_key  api.openai.com.key;
        access_log           logs/asked.log asked;
        set                  $answer asked;

        if (-f %%DIR%%/logs/checked) {
            set  $answer history;
        }

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=$answer first=200ms interval=20ms;
        }
    }

    server {
        listen  10.0.0.31:8080;

        location = /calls {
            access_log  logs/reports.log reports;
            proxy_pass  http://10.0.0.31:8081;
        }
    }

    server {
        listen      10.0.0.31:8081;
        access_log  off;
        return      204;
    }
_EOC_

    return $nginx->start;
}


sub redis {
    my ($name, @options) = @_;
    my $redis = ConvRelay::Redis->start([ on($name, 'redis-server') ],
        $api->dir, $name, 6379, '--bind', '0.0.0.0',
        '--requirepass', $secret{REDIS_PASSWORD}, @options);

    $redis->ask('AUTH', $secret{REDIS_PASSWORD});

    return $redis;
}


# the example as it is, except for the folders of its modules

sub agent {
    my $name = shift;
    my $nginx = ConvRelay::Nginx->new(on => [ on($name), up($name) ]);
    my $build = ConvRelay::Nginx->build;

    for my $file ('two-machines.conf', map { s{.*/}{}r }
                  glob "$root/conf-examples/convrelay_*.conf")
    {
        my $text = slurp("$root/conf-examples/$file");

        $text =~ s{^load_module +modules/(\w+\.so);}{load_module $build/$1;}mg;
        $text =~ s{/var/log/nginx/}{logs/}g;
        $text =~ s{^user .*}{user root;}m;
        $nginx->write($file =~ s/^two-machines/nginx/r, $text);
    }

    $nginx->write('.env.local',
                  join '', map { "$_=$secret{$_}\n" } sort keys %secret);
    chmod 0600, $nginx->dir . '/conf/.env.local';

    return $nginx->start;
}


# the second machine was started ten days before the first one

sub up {
    return shift eq 'agent-2' ? qw( unshare --time --monotonic 864000 ) : ();
}


sub haproxy {
    my $dir = $api->dir;
    my $text = slurp("$root/conf-examples/haproxy-two-machines.cfg");
    my $pem = "$dir/conf/voice.example.com.pem";

    $api->write('voice.example.com.pem',
                join '', map { slurp("$dir/conf/voice.example.com.$_") }
                             'crt', 'key');
    $text =~ s{/etc/haproxy/certs/voice\.example\.com\.pem}{$pem};
    $text =~ s{^( *)(bind :443.*)}{$1$2\n$1bind :80}m if $soak;
    $api->write('haproxy.cfg', $text);

    my @command = ('haproxy', '-f', "$dir/conf/haproxy.cfg");
    my ($said, $code) = said(@command, '-c');

    is($code, 0, 'haproxy -c takes the example') or diag($said);
    unlike($said, qr/WARNING|ALERT/, '... without a warning');

    return background("$dir/logs/haproxy", on('balancer', @command, '-db'));
}


# the commands of docs/store.md, as they are

sub checked {
    my $text = slurp("$root/docs/store.md");
    my ($check) = $text =~ /^### Check it\n(.*?)^## /ms;
    my @commands = map { split /^\$ /m } $check =~ /^```console\n(.*?)^```/msg;

    # questions without numbers have answers, too

    $api->write('../logs/checked', '');

    local $ENV{PATH} = ConvRelay::Nginx->build . ":$ENV{PATH}";
    local $ENV{TWILIO_AUTH_TOKEN} = $secret{TWILIO_AUTH_TOKEN};
    local $ENV{REDISCLI_AUTH} = $secret{REDIS_PASSWORD};

    for my $command (grep { length } @commands) {
        my $own = $command =~ /\.env|nginx|metrics/;
        my @said;

        for my $name ($own ? sort keys %agent : 'agent-1') {
            my ($said, $code) = said(on($name, 'sh', '-c',
                                        command($name, $command)));

            is($code, 0, "$name: " . $command =~ s{\s*\\?\n\s*}{ }gr)
            or diag($said);
            push @said, $said;
        }

        is($said[0], $said[1], '... says the same on both')
            if $command =~ /sha256sum/;
        ok("@said" !~ /outcome="(?:refused|failed|timed_out)"\} [^0]/,
           '... and nothing went wrong')
            if $command =~ /store_requests/;
    }

    unlink $api->dir . '/logs/checked';

    written($_) for sort keys %agent;
}


# until the store has all that was said at this machine, as docs/operating.md
# has it

sub written {
    my $name = shift;
    my $start = time;
    my ($wait) = slurp("$root/docs/operating.md")
               =~ /^## A machine of several\n.*?^```sh\n(.*?)^```/ms;
    my ($said, $code) = said(on($name, 'timeout', $slow * 30, 'sh', '-c',
                                $wait));

    is($code, 0, "$name has written all that was said") or diag($said);
    diag(sprintf '%s: all was written %.1f s later', $name, time - $start)
        if $soak;
}


# where the files of a test are

sub command {
    my ($name, $command) = @_;
    my $dir = $agent{$name}->dir;

    $command =~ s{/etc/haproxy/}{$api->dir . '/conf/'}e;
    $command =~ s{^nginx}{nginx -p $dir -c $dir/conf/nginx.conf};

    return "cd $dir/conf && $command";
}


sub metrics {
    my $name = shift;
    my ($said) = said(on($name, 'curl', '-s', 'http://127.0.0.1:8080/metrics'));

    return $said;
}


# the sum of a metric's samples that have this label

sub metric {
    my ($name, $metric, $label) = @_;
    my $n = 0;

    for (grep { /^convrelay_$metric\b/ } split /\n/, metrics($name)) {
        $n += (split)[-1] if !defined $label || /="$label"/;
    }

    return $n;
}


sub live {
    my $n = 0;

    $n += metric($_, 'calls') for grep { $agent{$_}{pid} } keys %agent;

    return $n;
}


sub asked { return (-s $api->dir . '/logs/asked.log' // 0) / 2 }


# sessions that have found what was said before

sub resumed { return metric($_[0], 'resumes_total', 'found') }


sub pids {
    my $nginx = shift;

    return ($nginx->master, $nginx->workers);
}


# nothing that it sends arrives any more, not even that it has gone

sub machine_dies {
    my ($name, $other) = @_;
    my ($held, $before) = (metric($name, 'calls'), resumed($other));
    my $start = time;

    unplug($name);
    killed($name);
    removed($name);
    all_back($name, $other, $held, $before, $start);
}


sub killed {
    my $name = shift;
    my @pids = pids($agent{$name});

    $cpu{nginx} += cpu(@pids);
    kill KILL => @pids;
    delete $agent{$name}{pid};
    ConvRelay::Nginx::wait_for(5, sub {
        !grep { !ConvRelay::Nginx::ended($_) } @pids
    });
    waitpid $_, 0 for @pids;
}


sub all_back {
    my ($name, $other, $held, $before, $start) = @_;

    cmp_ok($held, '>', 0, "$name dies with its calls");
    wait_until(30, sub { resumed($other) >= $before + $held },
               "... which go on at $other");
    diag(sprintf '%s: %d calls are back after %.1f s', $name, $held,
         time - $start) if $soak;
}


sub machine_returns {
    my $name = shift;

    machine($name, $address{$name});
    $agent{$name}->start;
    wait_until(60, sub {
        slurp($api->dir . '/logs/haproxy') =~ /\b$name is UP/;
    }, "$name is there again, and the balancer knows it");
}


# no call notices, and the replica has all that they have in the end: until
# then, a machine must not die, which would have nothing to save to

sub redis_dies {
    my ($name, $replica) = @_;

    $cpu{Redis} += cpu($redis{$name}{pid});
    unplug($name);
    $redis{$name}->stop;
    removed($name);
    pass("$name, the master, dies");
    wait_until(60, sub { metric('agent-2', 'store_out', 'write') },
               '... which is an outage');
    $redis{$replica}->ask('REPLICAOF', 'NO', 'ONE');
    pass("... until $replica is the master");
    written($_) for sort keys %agent;
}


# the keys of each call's reports, and the sessions of each key, once

sub reports {
    my %sessions;

    %reports = ();
    $delivered = 0;

    for (split /\n/, $api->log('reports')) {
        my ($key, $body) = split ' ', $_, 2;
        my $report = JSON::PP::decode_json($body);

        next if $report->{from} !~ /99\z/;

        $reports{$report->{id}}{$key}++;
        $sessions{$key} = $report->{sessions};
        $delivered++;
    }

    $sessions = 0;
    $sessions += $_ for values %sessions;
}


# nginx alone: the balancer learns of it at once

sub backend_dies {
    my ($name, $other) = @_;
    my ($held, $before) = (metric($name, 'calls'), resumed($other));
    my $start = time;

    killed($name);
    all_back($name, $other, $held, $before, $start);
}


sub figures {
    my $gap = $json->{reconnect_us};

    $cpu{nginx} += cpu(map { pids($_) } grep { $_->{pid} } values %agent);
    $cpu{Redis} += cpu($redis{'redis-2'}{pid});
    $cpu{HAProxy} += cpu($haproxy);

    my $turns = $json->{turns};

    diag(sprintf <<'_EOC_', $calls, $turns, $json->{lost_by_server},
calls              %d, %d turns
lost sockets       %d, %d connected again, %d calls lost
lost to the new handshake, with 1.2 s of Twilio's:
                   p50 %.2f s, p99 %.2f s, max %.2f s
pending questions  %d: %d answered by themselves, %d asked again
turns forgotten    %d
reports            %d of %d calls, %d deliveries
CPU                nginx %.0f s, %.0f us a turn; Redis %.0f s; HAProxy %.0f s
_EOC_
        $json->{reconnects}, $json->{calls_lost},
        map({ $gap->{$_} / 1e6 } qw( p50 p99 max )), $json->{pending},
        $json->{answered_unasked}, $json->{asked_again}, $json->{forgotten},
        scalar keys %reports, $calls, $delivered, $cpu{nginx},
        $cpu{nginx} / $turns * 1e6, $cpu{Redis}, $cpu{HAProxy});
}
