# Every file in conf-examples as it is shipped: whole configurations are
# started and called from the webhook on, includes are part of one of them.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Examples qw( certificates copy_examples examples );
use ConvRelay::Nginx;
use ConvRelay::Redis;
use ConvRelay::Status;
use JSON::PP ();
use MIME::Base64 qw( encode_base64 );
use Test::More;

my $host = 'api.openai.com';
my $caller = ConvRelay::Nginx->build . '/convrelay-call';
my $public = 'phone.example.com';

my %secret = (
    NGROK_URL         => $public,
    OPENAI_API_KEY    => 'sk-test-1234567890',
    TWILIO_AUTH_TOKEN => '0123456789abcdef0123456789abcdef',
    TICKET_SECRET     => 'fedcba9876543210',
    WORKFLOW_SID      => 'WW0123456789abcdef0123456789abcdef',
    PUBLIC_HOST       => $public,
    STORE_SECRET      => 'a-secret-of-the-two-machines',
    REPORT_SECRET     => 'a-secret-of-all-the-reports',
    REDIS_PASSWORD    => 'correct-horse-battery',
);

# what else each is played through with, t/scenarios/examples/NAME.txt, and
# what is to be seen then

my %played = (
    'tenants.conf' => [
        [ 'tenants', '--set', 'GREETING=Birch Dental',
          '--set', 'PROMPT=dental practice' ],
        [ 'tenants', '--to', '+15550100003', '--set', 'GREETING=Harbour Books',
          '--set', 'PROMPT=bookshop' ],
        [ 'tenants', '--to', '+15550100009', '--set', 'GREETING=How can I',
          '--set', 'PROMPT=not in use' ],
    ],
    'languages.conf' => [
        [ 'languages', '--set', 'GREETING=Hello!', '--set', 'ASK=Español.',
          '--set', 'ANSWER=hablemos' ],
        [ 'languages', '--to', '+15550100003', '--set', 'GREETING=¡Hola!',
          '--set', 'ASK=In English, please', '--set', 'ANSWER=All right' ],
    ],
    'keypad.conf' => [
        [ 'keypad', qr/SessionStatus ended, then <Enqueue>/ ],
        [ 'keypad-spoken', qr/SessionStatus ended, then <Enqueue>/ ],
        [ 'keypad-drop', qr/SessionStatus failed, then <Connect>/ ],
    ],
    'appointments.conf' => [
        [ 'appointments', qr/SessionStatus ended, then <Enqueue>/ ],
        [ 'appointments-bye', '--from', '+15550100009' ],
    ],
    'telnyx.conf' => [
        [ 'telnyx' ],
    ],
);

delete @ENV{keys %secret, 'OPENAI_MODEL'};


my $api = ConvRelay::Nginx->new;

certificates($api, $host);

$api->http(<<"_EOC_");
    log_format  api  '\$request_uri \$status \$http_authorization';

    server {
        listen  127.0.0.1:%%PORT_2%%;
        return  204;
    }

    server {
        listen               127.0.0.1:%%PORT%% ssl;
        ssl_certificate      $host.crt;
        ssl_certificate_key  $host.key;
        access_log           logs/api.log api;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=history interval=1ms
                'tools=when are you free: free_slots {"day":"tuesday"};
                       book: book {"day":"tuesday","time":"10:00","name":"Ada"};
                       human: transfer {"reason":"a bill"};
                       goodbye: end_call {"reason":"done"}';
        }
    }
_EOC_

$api->start;

# for what is stored in it

my ($server) = grep { $_->[1] } ConvRelay::Redis::servers();

die "no redis-server: util/deps test\n" if !$server && $ENV{TEST_NGINX_ALL};

my $redis = $server
    && ConvRelay::Redis->start($server->[1], $api->dir, 'redis', $api->port(1),
                               '--requirepass', $secret{REDIS_PASSWORD});


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}


# a configuration whose Redis and receiver of reports are here

sub local_servers {
    my ($nginx, $name) = @_;
    my $text = slurp($nginx->dir . "/conf/$name");

    $text =~ s/\b10\.0\.0\.2[12]:6379\b/'127.0.0.1:' . $api->port(1)/ge;
    $text =~ s/\b10\.0\.0\.31:8080\b/'127.0.0.1:' . $api->port(2)/ge;

    return $text;
}


sub env_file {
    my ($nginx, %env) = @_;

    $nginx->write('.env.local',
                  join '', map { "$_=$env{$_}\n" } sort keys %env);
    chmod 0600, $nginx->dir . '/conf/.env.local';
}


my $dir = ConvRelay::Nginx->root . '/conf-examples';
my @whole = grep { slurp("$dir/$_") =~ /^events\b/m } examples();
my %included;

for my $name (@whole) {
    my $text = slurp("$dir/$name");

    $included{$1} = 1 while $text =~ /^\s*include\s+(\S+);/mg;

    subtest "$name: starts, and a call can be made" => sub {
        plan skip_all => 'redis-server is not installed'
            if !$redis && $text =~ /convrelay_redis_pass/;

        my $nginx = ConvRelay::Nginx->new;

        copy_examples($nginx, '127.0.0.1:' . $api->port);
        $nginx->write('ca.crt', slurp($api->dir . '/conf/ca.crt'));
        $nginx->write('nginx.conf', local_servers($nginx, $name));
        env_file($nginx, %secret);

        my ($said, $code) = $nginx->test;

        is $code, 0, '"nginx -t" takes it';
        unlike $said, qr/\[(?:warn|error|crit|alert|emerg)\]/,
               '... without a warning';

        call($nginx, $name);
    };

    # what its comment says has to be set is asked for by name

    for my $missing (sort keys %secret) {
        next if $text !~ /\$convrelay_env_$missing\b/;

        my %some = %secret;
        my $nginx = ConvRelay::Nginx->new;

        delete $some{$missing};

        copy_examples($nginx, '127.0.0.1:' . $api->port);
        $nginx->write('ca.crt', slurp($api->dir . '/conf/ca.crt'));
        $nginx->write('nginx.conf', local_servers($nginx, $name));
        env_file($nginx, %some);

        my ($said, $code) = $nginx->test;

        is $code, 1, "$name: without $missing it does not start";
        like $said, qr/\[emerg\].*$missing/, '... and says so by name';
        unlike $said, qr/$_/, '... and no value' for values %some;
    }
}

for my $name (keys %included) {
    $included{$_} = 1
        for slurp("$dir/$name") =~ /^\s*include\s+(\S+);/mg;
}

# t/two-machines.t sends calls through it

subtest 'haproxy-two-machines.cfg: is valid' => sub {
    my ($haproxy) = grep { -x } map { "$_/haproxy" } split /:/, $ENV{PATH};

    plan skip_all => 'haproxy is not installed'
        if !$haproxy && !$ENV{TEST_NGINX_ALL};

    my $pem = $api->dir . '/conf/pem';
    my $text = slurp("$dir/haproxy-two-machines.cfg");

    $api->write('pem', slurp($api->dir . "/conf/$host.crt")
                       . slurp($api->dir . "/conf/$host.key"));
    ok $text =~ s{/etc/haproxy/certs/voice\.example\.com\.pem}{$pem},
       'it names the certificate';
    $api->write('haproxy.cfg', $text);

    my $said = qx{haproxy -c -f '@{[ $api->dir ]}/conf/haproxy.cfg' 2>&1};

    is $?, 0, '"haproxy -c" takes it' or diag $said;
    unlike $said, qr/WARNING|ALERT/, '... without a warning';
};

for my $name (grep { !/^\.|\.cfg$/ } examples()) {
    ok $included{$name} || grep({ $_ eq $name } @whole),
       "$name: was part of a configuration that was started";
}

done_testing;


# exit code and output of a call

sub ring {
    my ($nginx, @args) = @_;

    my $url = 'http://127.0.0.1:' . $nginx->port . '/twiml';
    my $out = $nginx->dir . '/logs/call';

    my @call = ($caller, '--connect-to', 'ws://127.0.0.1:' . $nginx->port,
                '--public-url', 'https://127.0.0.1:' . $nginx->port,
                '--auth-token', $secret{TWILIO_AUTH_TOKEN}, '--pace', '1ms',
                @args, $url);

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec @call or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    return ($?, slurp($out));
}


# the path of one in which all that waits does so long enough

sub scenario {
    my ($nginx, $name) = @_;
    my $slow = $ENV{TEST_NGINX_SLOW} // 1;
    my $text = slurp(ConvRelay::Nginx->root . "/t/scenarios/examples/$name");

    $text =~ s/^(wait )(\d+)( ms)/$1 . $2 * $slow . $3/mge;
    $nginx->write($name, $text);

    return $nginx->dir . "/conf/$name";
}


sub call {
    my ($nginx, $name) = @_;

    $nginx->start;

    my ($code, $said) = ring($nginx, '--say', 'Are you there?');

    is $code, 0, 'a call is made' or diag $said;
    like $said, qr/^agent .*"user","content":"Are you there\?"/m,
         '... and answered';

    my ($line) = $api->log('api') =~ /(.*)\n\z/;

    is $line, "/v1/chat/completions 200 Bearer $secret{OPENAI_API_KEY}",
       'the API was asked with the key';

    talk($nginx) if $name eq 'talk.conf';

    for my $case (@{$played{$name} // []}) {
        my ($scenario, @args) = grep { !ref } @$case;
        my ($shows) = grep { ref } @$case;

        ($code, $said) = ring($nginx, @args, '-s',
                              scenario($nginx, "$scenario.txt"));

        is $code, 0, "it is played through: $scenario @args" or diag $said;
        like $said, $shows, '... to its end' if $shows;
    }

    $nginx->stop;

    # a scenario of keypad.conf reports one on purpose

    is_deeply [ grep { !/a failed session, error 64105/ }
                $nginx->complaints('warn|error|crit|alert|emerg') ], [],
              'no complaint';

    logged($nginx) if $name eq 'operating.conf';

    like $nginx->log('access'), qr/ turns=1 type=BROWSER end=hangup$/m,
         'the call of the page is in the access log' if $name eq 'talk.conf';

    like $nginx->log('access'), qr/GET \/ws" 101 \S+ call=CA\w+ turns=1 /,
         'the call is in the access log';

    unlike $nginx->log('access') . $nginx->log('error'),
           qr/$secret{OPENAI_API_KEY}|$secret{TWILIO_AUTH_TOKEN}|there\?/,
           '... which keeps its secrets';
}


# talks as the page of talk.conf does, with a password

sub talk {
    my $nginx = shift;
    my $port = $nginx->port;
    my $login = 'Authorization: Basic ' . encode_base64('ada:secret', '');
    my $origin = 'Origin: http://localhost';

    $nginx->write('talk.htpasswd', "ada:{PLAIN}secret\n");

    like +(ConvRelay::Status::get($port, '/talk'))[0], qr{^HTTP/1\.1 401 },
         'the page asks for a password';

    like join("\n", ConvRelay::Status::get($port, '/talk', 'GET', $login)),
         qr{^HTTP/1\.1 200 .*<title>Talk to the agent}s, '... and is there';

    like +(ConvRelay::Status::get($port, '/talk', 'POST', $origin))[0],
         qr{^HTTP/1\.1 401 }, 'as a ticket does';

    my (undef, $json) = ConvRelay::Status::get($port, '/talk', 'POST', $login,
                                               $origin);
    my $given = JSON::PP::decode_json($json);

    is $given->{attributes}{welcomeGreeting}, 'Hi! Ask me anything.',
       'it comes with the greeting';

    my $call = ConvRelay::Call->dial($port, $given->{url},
                                     headers => [ $origin,
                                         'Sec-WebSocket-Protocol: '
                                         . join ', ', @{$given->{protocols}} ]);

    $call->raw(ConvRelay::Call::frame(1, $given->{setup}));
    $call->prompt('Is anybody there?');

    like $call->answer, qr/Is anybody there\?/, 'with it one can talk';
    $call->hangup;
}


# what the lines of operating.conf say, as text and as JSON

sub logged {
    my $nginx = shift;

    like $nginx->log('access'),
         qr{"GET\ /ws"\ 101\ \S+\ call=CA\w+\ turns=1\ interrupts=0
            \ tokens=\d+\ first_token=\d+/\d+\ tools=0/0\ fillers=0
            \ fallbacks=0\ failures=0\ end=hangup\ llm=}x,
         'how the call went';

    my @lines = map { JSON::PP::decode_json($_) }
                split /\n/, slurp($nginx->dir . '/logs/access.json');

    my ($call) = grep { $_->{end} ne '' } @lines;
    my ($turn) = grep { $_->{llm_status} ne '' } @lines;

    is $call->{end}, 'hangup', 'in JSON: how it ended';
    is $call->{outcome}, 'complete', '... and its last turn';
    like $call->{first_token_max_ms}, qr/^\d+$/, '... and its first word';
    is $call->{tools} . $call->{tool_failures}, '00', '... and no tools';
    is $call->{fallbacks}, '0', '... and only the first LLM';
    is $turn->{llm_status}, 200, 'a turn has a line of its own';
    is $turn->{call}, $call->{call}, '... of the same call';
}
