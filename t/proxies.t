# docs/proxies.md: a signed webhook and a call through each of its proxies, as
# pasted except for addresses and files.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Examples qw( certificates copy_examples );
use ConvRelay::Nginx;
use IO::Socket::INET ();
use POSIX ();
use Test::More;

my $caller = ConvRelay::Nginx->build . '/convrelay-call';
my $token = '0123456789abcdef0123456789abcdef';
my $page = slurp(ConvRelay::Nginx->root . '/docs/proxies.md');
my ($haproxy) = grep { -x } map { "$_/haproxy" }
                split /:/, "$ENV{PATH}:/usr/sbin";

my ($public, $front, $protocol, $prefix, $stripped)
    = map { my $wanted = $_; grep { /$wanted/ } blocks('nginx') }
      qr/^convrelay_public_url  https:\/\/voice.example.com;/, qr/^map/,
      qr/proxy_protocol/, qr/^convrelay_public_url  .*phone/,
      qr/^location \/phone/;

my ($http, $tcp) = blocks('haproxy');


# the machine of the calls

sub calls {
    my ($public, $socket) = @_;

    return <<"_EOC_";
    server {
        listen  127.0.0.1:%%PORT_1%%;
        convrelay_auth_token  $token;
        $public

        location = /health { return 200; }

        location = /twiml {
            convrelay_twiml            $socket;
            convrelay_twiml_attribute  welcomeGreeting "Hello!";
        }

        location = /ws {
            convrelay;
            convrelay_mock_llm  answer=repeat first=1ms interval=1ms;
        }
    }
_EOC_
}


subtest 'nginx' => sub {
    my $nginx = nginx();

    $nginx->http(at($front) . calls($public, 'wss://voice.example.com/ws'));
    $nginx->start;
    rings($nginx, 'https://voice.example.com', '/twiml');
    ends($nginx);
};


subtest 'nginx, with a path that it removes' => sub {
    my $nginx = nginx();
    my ($map) = $front =~ /^(map .*?^\})/ms;

    $nginx->http("$map\n server { listen 127.0.0.1:%%PORT%% ssl;"
                 . ' ssl_certificate voice.example.com.crt;'
                 . ' ssl_certificate_key voice.example.com.key;'
                 . at($stripped) . '}'
                 . calls($prefix, 'wss://example.com/phone/ws'));
    $nginx->start;
    rings($nginx, 'https://example.com', '/phone/twiml');
    ends($nginx);
};


SKIP: {
    skip 'haproxy is not installed', 2 if !$haproxy;

    subtest 'HAProxy' => sub {
        my $nginx = nginx();

        $nginx->http(calls($public, 'wss://voice.example.com/ws'));
        $nginx->start;

        my $pid = balance($nginx, $http, '10.0.0.2:8080', 1);

        rings($nginx, 'https://voice.example.com', '/twiml');
        kill TERM => $pid;
        waitpid $pid, 0;
        ends($nginx);
    };


    subtest 'HAProxy, PROXY protocol' => sub {
        my $nginx = nginx();

        my $server = at($protocol)
            =~ s{listen +127.0.0.1:%%PORT%%}{listen 127.0.0.1:%%PORT_1%%}r
            =~ s{10\.0\.0\.1;}{127.0.0.1;}r
            =~ s{proxy_pass +https:.*?;}
                {convrelay_mock_llm answer=repeat first=1ms interval=1ms;}sr;

        $nginx->write('.env', "TWILIO_AUTH_TOKEN=$token\nOPENAI_API_KEY=x\n");
        chmod 0600, $nginx->dir . '/conf/.env';
        $nginx->http('convrelay_env_file .env; log_format peer'
                     . ' "$remote_addr $realip_remote_port $proxy_protocol_addr'
                     . ' $proxy_protocol_port $status";'
                     . " access_log logs/peer.log peer; $server");
        $nginx->start;

        my $pid = balance($nginx, $tcp, '10.0.0.2:8443', 1);

        rings($nginx, 'https://voice.example.com', '/twiml');
        kill TERM => $pid;
        waitpid $pid, 0;
        ends($nginx);

        my ($via, $peer) = slurp($nginx->dir . '/logs/peer.log')
                           =~ /^127\.0\.0\.1 (\d+) 127\.0\.0\.1 (\d+) 101$/m;

        isnt $via, $peer, 'the port is that of the peer, not that of HAProxy';
        ok $peer, '... which was told';
    };
}

done_testing;


sub nginx {
    my $nginx = ConvRelay::Nginx->new;

    copy_examples($nginx, '127.0.0.1:9');
    certificates($nginx, 'voice.example.com');

    return $nginx;
}


# with our addresses and files

sub at {
    my $block = shift;

    for ($block) {
        s{10\.0\.0\.2:8080}{127.0.0.1:%%PORT_1%%};
        s{listen +\d+ ssl}{listen 127.0.0.1:%%PORT%% ssl};
        s{/etc/letsencrypt/live/(\S+)/fullchain\.pem}{$1.crt};
        s{/etc/letsencrypt/live/(\S+)/privkey\.pem}{$1.key};
    }

    return $block;
}


sub balance {
    my ($nginx, $text, $address, $port) = @_;
    my $conf = $nginx->dir . '/conf';

    my $to = '127.0.0.1:' . $nginx->port($port);
    my $on = '127.0.0.1:' . $nginx->port;

    $text =~ s/\Q$address\E/$to/ or die;
    $text =~ s/bind +:443/bind $on/ or die;
    $text =~ s{/etc/haproxy/}{$conf/};

    $nginx->write('voice.example.com.pem',
                  slurp("$conf/voice.example.com.crt")
                  . slurp("$conf/voice.example.com.key"));
    $nginx->write('haproxy.cfg', $text);

    my $said = qx{$haproxy -c -f $conf/haproxy.cfg 2>&1};

    is $?, 0, 'HAProxy accepts it' or diag $said;
    unlike $said, qr/WARNING|ALERT/, '... without a warning';

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$conf/../logs/haproxy.log";
        open STDERR, '>&', \*STDOUT;
        exec $haproxy, '-db', '-f', "$conf/haproxy.cfg" or POSIX::_exit(127);
    }

    ConvRelay::Nginx::wait_for(10, sub {
        IO::Socket::INET->new(PeerAddr => $on, Timeout => 1) })
        or die "no HAProxy\n";

    return $pid;
}


sub rings {
    my ($nginx, $public, $path) = @_;
    my $on = '127.0.0.1:' . $nginx->port;

    my @call = ($caller, '--insecure', '--connect-to', $on, '--public-url',
                $public, '--auth-token', $token, '--pace', '1ms', '--say',
                'Are you there?', "https://$on$path");

    my $said = qx{@{[ join ' ', map { "'$_'" } @call ]} 2>&1};

    is $?, 0, 'a call is made' or diag $said;
    like $said, qr/^agent +Are you there\?/m, '... and answered';

    $call[-1] =~ s/twiml$/twiml?x=1/;
    $call[7] =~ tr/0-9/1-90/;
    $said = qx{@{[ join ' ', map { "'$_'" } @call ]} 2>&1};

    isnt $?, 0, '... but not with another token';
}


sub ends {
    my $nginx = shift;

    $nginx->stop;

    is_deeply [ grep { !/X-Twilio-Signature/ }
                $nginx->complaints('warn|error|crit|alert|emerg') ], [],
              'no complaint';
}


sub blocks {
    my $language = shift;

    return $page =~ /^```$language\n(.*?)^```$/msg;
}


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}
