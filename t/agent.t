# conf-examples/agent.conf, the complete receptionist, in calls of all kinds,
# t/scenarios/agent.  Only its times are shorter here.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Examples qw( certificates copy_examples );
use ConvRelay::Nginx;
use Test::More;

my $host = 'api.openai.com';
my $caller = ConvRelay::Nginx->build . '/convrelay-call';
my $slow = $ENV{TEST_NGINX_SLOW} // 1;

my %secret = (
    NGROK_URL         => 'phone.example.com',
    OPENAI_API_KEY    => 'sk-test-1234567890',
    TWILIO_AUTH_TOKEN => '0123456789abcdef0123456789abcdef',
    WORKFLOW_SID      => 'WW0123456789abcdef0123456789abcdef',
);

# scenario, and where the call goes after it

my @calls = (
    [ 'booking' ],
    [ 'person', qr/SessionStatus ended, then <Enqueue>/ ],
    [ 'key', qr/SessionStatus ended, then <Enqueue>/ ],
    [ 'other-key' ],
    [ 'silence', qr/SessionStatus ended, then <Hangup>/ ],
    [ 'quiet' ],
    [ 'hold' ],
    [ 'hello' ],
    [ 'slow' ],
    [ 'failing' ],
    [ 'second' ],
    [ 'interrupted' ],
    [ 'drop', qr/SessionStatus failed, then <Connect>/ ],
    [ 'long', qr/SessionStatus ended, then <Hangup>/ ],
);

delete @ENV{keys %secret, 'OPENAI_MODEL'};


# the API: what it does depends on what the caller has said last

my $api = ConvRelay::Nginx->new;

certificates($api, $host);

$api->http(<<"_EOC_");
    client_body_buffer_size  256k;

    map \$request_body \$fault {
        default                        none;
        '~Fail everywhere\\."\\}\\]\\}\$'  cut_before;
        '~"model":"gpt-4o-mini".*Fail once\\."\\}\\]\\}\$'  cut_before;
    }

    map \$request_body \$first {
        default                       1ms;
        '~slowly about it\\."\\}\\]\\}\$'  600ms;
    }

    # the request as JSON would look like a call of a tool

    map \$request_body \$answer {
        default                         history;
        '~have we said\\?"\\}\\]\\}\$'  rule;
    }

    server {
        listen               127.0.0.1:%%PORT%% ssl;
        ssl_certificate      $host.crt;
        ssl_certificate_key  $host.key;

        location = /v1/chat/completions {
            proxy_pass        http://127.0.0.1:%%PORT_1%%;
            proxy_buffering   off;
            proxy_set_header  X-Fault \$fault;
            proxy_set_header  X-First \$first;
            proxy_set_header  X-Answer \$answer;
        }
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=\$http_x_answer interval=1ms
                first=\$http_x_first fault=\$http_x_fault
                'tools=when are you free: free_slots {"day":"tuesday"};
                       book: book {"day":"tuesday","time":"10:00","name":"Ada"};
                       human: transfer {"reason":"a bill"};
                       hold on: skip_turn {};
                       goodbye: end_call {"reason":"done"}';
        }
    }
_EOC_

$api->start;

# a scenario that does not fail without its directive would show nothing

my %without = (
    second => [ qr/convrelay_fallback +\S+;/, '' ],
    hello  => [ qr/convrelay_dtmf/, 'convrelay_presence off; convrelay_dtmf' ],
    slow   => [ qr/convrelay_filler .*?;/s, '' ],
    hold   => [ qr/skip hold 1m/, 'skip' ],
    quiet  => [ qr/convrelay_on +silence 1 .*?;/, '' ],
    key    => [ qr/convrelay_on +dtmf 0/, 'convrelay_on dtmf 1' ],
);

for my $name (sort keys %without) {
    subtest "$name, without its directive" => sub {
        my $nginx = agent(3600 * 1000, @{$without{$name}});
        my ($code) = ring($nginx, scenario($nginx, $name),
                          '--timeout', '3s');

        is $code >> 8, 1, 'it fails';
    };
}

for my $case (@calls) {
    my ($name, $shows) = @$case;

    subtest $name => sub {
        my $nginx = agent($name eq 'long' ? 600 : 3600 * 1000);
        my ($code, $said) = ring($nginx, scenario($nginx, $name));

        is $code, 0, 'it is played through' or diag $said;
        like $said, $shows, '... to its end' if $shows;

        $nginx->stop;

        is_deeply [ $nginx->complaints('crit|alert|emerg') ], [],
                  'no complaint';

        unlike $nginx->log('access') . $nginx->log('error'),
               qr/$secret{OPENAI_API_KEY}|$secret{TWILIO_AUTH_TOKEN}/,
               'the logs keep its secrets';
    };
}

done_testing;


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}


# the example, with a longest call of so many ms, and one more change

sub agent {
    my ($max, $from, $to) = @_;
    my $nginx = ConvRelay::Nginx->new;
    my $bye = $max - 300;

    copy_examples($nginx, '127.0.0.1:' . $api->port);

    my $text = slurp($nginx->dir . '/conf/agent.conf');

    $text =~ s/(convrelay_silence +)10s 10s 20s;/$1 . time_of(300) x 3 . ';'/e
        or die 'times';
    $text =~ s/(convrelay_filler +)1s/$1 . time_of(200)/e or die 'times';
    $text =~ s/(convrelay_max_call_time +)30m;/$1 . time_of($max) . ';'/e
        or die 'times';
    $text =~ s/(call_time +)28m/$1 . time_of($bye)/e or die 'times';

    !$from or $text =~ s/$from/$to/s or die "no $from";

    $nginx->write('ca.crt', slurp($api->dir . '/conf/ca.crt'));
    $nginx->write('nginx.conf', $text);
    $nginx->write('.env.local',
                  join '', map { "$_=$secret{$_}\n" } sort keys %secret);
    chmod 0600, $nginx->dir . '/conf/.env.local';

    my ($said, $code) = $nginx->test;

    is $code, 0, '"nginx -t" takes it';
    unlike $said, qr/\[(?:warn|error|crit|alert|emerg)\]/, '... unwarned';

    $nginx->start;

    return $nginx;
}


sub time_of { return ' ' . $_[0] * $slow . 'ms' }


sub scenario {
    my ($nginx, $name) = @_;
    my $text = slurp(ConvRelay::Nginx->root . "/t/scenarios/agent/$name.txt");

    $text =~ s/^((?:wait|expect silence) )(\d+)( ms)/$1 . $2 * $slow . $3/mge;
    $nginx->write("$name.txt", $text);

    return $nginx->dir . "/conf/$name.txt";
}


# exit code and output of a call

sub ring {
    my ($nginx, $scenario, @options) = @_;

    my $out = $nginx->dir . '/logs/call';
    my $url = 'http://127.0.0.1:' . $nginx->port . '/twiml';

    my @call = ($caller, '--connect-to', 'ws://127.0.0.1:' . $nginx->port,
                '--public-url', 'https://127.0.0.1:' . $nginx->port,
                '--auth-token', $secret{TWILIO_AUTH_TOKEN}, '--pace', '1ms',
                @options, '-s', $scenario, $url);

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec @call or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    return ($?, slurp($out));
}
