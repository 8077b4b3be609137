# What convrelay_status counts: each figure by something that happens.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Socket qw( IPPROTO_TCP TCP_NODELAY );
use Test::More;

my $nginx = ConvRelay::Nginx->new;

my $token = '0123456789abcdef0123456789abcdef';

$nginx->http(<<"_EOC_", "worker_processes  2;\nworker_shutdown_timeout 1s;\n");
    convrelay_zone   calls  64k;
    convrelay_setup_timeout  500ms;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location = /say {
            convrelay_mock_llm  answer=count tokens=5 first=20ms interval=30ms;
        }
        location = /slow {
            convrelay_mock_llm  answer=repeat first=60s;
        }
        location = /status {
            convrelay_mock_llm  status=\$arg_status;
        }
        location = /fault {
            convrelay_mock_llm  answer=count tokens=9 first=0ms interval=1ms
                                fault=\$arg_fault;
        }
        location = /gzip {
            add_header  Content-Encoding gzip;
            return      200 "x";
        }
    }

    upstream llm {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    upstream two {
        server     127.0.0.1:%%PORT_3%%;
        server     127.0.0.1:%%PORT_1%%;
    }

    server {
        listen  127.0.0.1:%%PORT_3%%;

        location / {
            return  500 "busy";
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        server_name         voice.example.com;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";
        proxy_buffering     on;

        location = /ws {
            convrelay;
            convrelay_request_field  stream_options '{"include_usage": true}';
            proxy_pass  http://llm/say;
        }
        location = /browser {
            convrelay;
            proxy_pass  http://llm/say;
        }
        location = /slow {
            convrelay;
            proxy_pass  http://llm/slow;
        }
        location = /late {
            convrelay;
            convrelay_max_answer_time  100ms;
            proxy_pass  http://llm/slow;
        }
        location = /silence {
            convrelay;
            convrelay_silence        200ms 60s;
            convrelay_max_idle_time  700ms;
            convrelay_on silence 1   say "Are you there?";
            convrelay_on silence 2   say "I'll hang up.";
            proxy_pass  http://llm/slow;
        }
        location = /timeout {
            convrelay;
            proxy_pass          http://llm/slow;
            proxy_read_timeout  100ms;
        }
        location = /large {
            convrelay;
            convrelay_max_response_size  100;
            proxy_pass  http://llm/say;
        }
        location = /long {
            convrelay;
            convrelay_max_answer_size  4;
            proxy_pass  http://llm/say;
        }
        location = /two {
            convrelay;
            proxy_pass           http://two/say;
            proxy_next_upstream  error http_500 non_idempotent;
        }
        location = /refused {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_2%%/;
        }
        location = /gzip {
            convrelay;
            proxy_pass  http://llm/gzip;
        }
        location = "/odd\\"<\\n\\\\\xc3\xa9" {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_2%%/;
        }
        location = "/caf\xe9" {
            convrelay;
            convrelay_mock_llm  answer=repeat first=0ms;
        }
        location = /direct {
            convrelay;
            convrelay_mock_llm  answer=repeat first=0ms;
        }
        location ~ ^/status/(?<code>\\d+)\$ {
            convrelay;
            proxy_pass  http://llm/status?status=\$code;
        }
        location ~ ^/fault/(?<code>\\w+)\$ {
            convrelay;
            proxy_pass  http://llm/fault?fault=\$code;
        }
        location = /fast {
            convrelay;
            convrelay_max_frame_rate  2;
            proxy_pass  http://llm/say;
        }
        location = /turns {
            convrelay;
            convrelay_max_turn_rate  2;
            proxy_pass  http://llm/say;
        }
        location = /forgets {
            convrelay;
            convrelay_max_history_messages  2;
            convrelay_max_history_size      12;
            proxy_pass  http://llm/say;
        }
        location = /big {
            convrelay;
            convrelay_max_message_size  2k;
            proxy_pass  http://llm/say;
        }
        location = /short {
            convrelay;
            convrelay_max_call_time  200ms;
            proxy_pass  http://llm/say;
        }
        location = /ping {
            convrelay;
            convrelay_ping_interval  100ms;
            proxy_pass  http://llm/say;
        }
        location = /end {
            convrelay;
            convrelay_on  setup end;
            proxy_pass    http://llm/say;
        }
        location = /limit {
            convrelay;
            convrelay_limit_calls  \$convrelay_to 1;
            proxy_pass  http://llm/say;
        }
        location = /ticket {
            convrelay;
            convrelay_ticket  secret-of-tickets;
            proxy_pass  http://llm/say;
        }
        location = /signed {
            convrelay;
            convrelay_auth_token  $token;
            proxy_pass  http://llm/say;
        }
        location = /phrase {
            convrelay;
            convrelay_on  llm_failed say "Sorry.";
            proxy_pass    http://127.0.0.1:%%PORT_2%%/;
        }
        location = /if {
            convrelay;
            proxy_pass  http://llm/say;

            if (\$arg_a) {
                set  \$b c;
            }
        }

        location = /first {
            convrelay;
            convrelay_fallback  \@second;
            convrelay_fallback  /third;
            proxy_pass  http://llm/status?status=503;

            if (\$arg_if) {
                proxy_pass  http://127.0.0.1:%%PORT_1%%;
            }
        }
        location \@second {
            proxy_pass  http://127.0.0.1:%%PORT_2%%;
        }
        location = /third {
            internal;
            convrelay_request_field  stream_options '{"include_usage": true}';
            proxy_pass  http://localhost:%%PORT_1%%/say;
        }
        location = /variable {
            set  \$name llm;
            convrelay;
            proxy_pass  http://\$name/say;
        }
        location = /twiml {
            convrelay_twiml  wss://voice.example.com/ws;
        }
        location = /twiml-signed {
            convrelay_auth_token  $token;
            convrelay_twiml       wss://voice.example.com/ws;
        }
        location = /action {
            convrelay_connect_action;
        }

        location = /metrics {
            convrelay_status  public;
        }
        location = /json {
            convrelay_status  json public;
        }
        location = /html {
            convrelay_status  html public;
        }
    }
_EOC_

$nginx->start;

my $sid = 0;
my $status = ConvRelay::Status->new($nginx->port, '/metrics');
my @here = (server => 'voice.example.com');


sub dial {
    my ($path, %fields) = @_;
    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $sid++;
    $call->{sock}->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    $call->setup(callSid => "CA$sid", %fields);

    return $call;
}


# a counter of a location gets this value, soon

sub counts {
    my ($want, $name, $location, %labels) = @_;
    my $got;

    $status->wait(sub {
        $got = $_[0]->value($name, @here, location => $location, %labels);
        return $got eq $want;
    });

    is $got, $want, join ' ', $name, $location, %labels;
}


my ($head, $body) = ConvRelay::Status::get($nginx->port, '/metrics');

like $head, qr{^HTTP/1.1 200 }, 'it is there';
like $head, qr{^Content-Type: text/plain; version=0.0.4; charset=utf-8\r?$}m,
     'in the format of Prometheus';
like $head, qr/^Cache-Control: no-store\r?$/m, 'not to be kept';

($head, $body) = ConvRelay::Status::get($nginx->port, '/metrics', 'HEAD');

like $head, qr{^HTTP/1.1 200 .*^Content-Length: [1-9]}ms, 'HEAD';
is $body // '', '', '... without a body';

($head) = ConvRelay::Status::get($nginx->port, '/metrics', 'POST');

like $head, qr{^HTTP/1.1 405 .*^Allow: GET, HEAD\r?$}ms, 'POST is refused';

($head) = ConvRelay::Status::get($nginx->port, '/json');
like $head, qr{^Content-Type: application/json}m, 'JSON';

SKIP: {
    skip 'no promtool here', 1
        if system('which promtool > /dev/null 2>&1') && !$ENV{TEST_NGINX_ALL};

    $status->read;

    open my $fh, '|-', 'promtool check metrics > /dev/null' or die $!;
    print $fh $status->text;

    ok close $fh, 'promtool finds nothing wrong';
}


# calls, turns, and how they end

my $call = dial('/ws');

counts(1, 'calls', '/ws', state => 'greeting', worker => 'active');

$call->ask('Hi');
$call->ask('Hi');
counts(1, 'calls', '/ws', state => 'speaking', worker => 'active');

$call->interrupt('one');
counts(1, 'calls', '/ws', state => 'listening', worker => 'active');

$call->hangup;

counts(0, 'calls', '/ws', state => 'listening', worker => 'active');
counts(1, 'sessions_total', '/ws', kind => 'phone', end => 'hangup');
counts(0, 'sessions_total', '/ws', kind => 'browser', end => 'hangup');
counts(1, 'session_seconds_count', '/ws');
counts(2, 'turns_total', '/ws', outcome => 'complete');
counts(2, 'turn_seconds_count', '/ws');
counts(2, 'first_word_seconds_count', '/ws');
counts(0, 'first_word_seconds_bucket', '/ws', le => '0.01');
counts(2, 'first_sound_seconds_count', '/ws');
counts(2, 'llm_first_byte_seconds_count', '/ws');
counts(10, 'tokens_total', '/ws');
counts(8, 'token_gap_seconds_count', '/ws');
counts(1, 'llm_requests_total', '/ws', connection => 'new');
counts(1, 'llm_requests_total', '/ws', connection => 'kept');
counts(1, 'messages_total', '/ws', type => 'setup');
counts(2, 'messages_total', '/ws', type => 'prompt');
counts(1, 'messages_total', '/ws', type => 'interrupt');
counts(2, 'prompts_total', '/ws');
counts(1, 'interrupts_total', '/ws');
counts(0, 'keys_total', '/ws');

$call = dial('/ws');
$call->send(type => 'prompt', voicePrompt => 'I', last => JSON::PP::false);
$call->send(type => 'dtmf', digit => $_) for 1 .. 3;
counts(3, 'keys_total', '/ws');
counts(3, 'messages_total', '/ws', type => 'prompt');
is $status->value('prompts_total', @here, location => '/ws'), 2,
   'a prompt that goes on is not finished';
$call->hangup;
counts(2, 'sessions_total', '/ws', kind => 'phone', end => 'hangup');

ok $status->value('token_gap_seconds_sum', @here, location => '/ws') > 0.1,
   'gaps between tokens';
ok $status->value('llm_tokens_total', @here, location => '/ws',
                  type => 'output') > 0, 'tokens that the LLM reported';

$call = dial('/slow');
$call->prompt('Hi');
counts(1, 'calls', '/slow', state => 'thinking', worker => 'active');

$call->prompt('Hi again');
counts(1, 'turns_total', '/slow', outcome => 'superseded');

$call->interrupt('');
counts(1, 'turns_total', '/slow', outcome => 'interrupted');

$call->prompt('Hi');
counts(1, 'calls', '/slow', state => 'thinking', worker => 'active');
$call->rst;
counts(1, 'turns_total', '/slow', outcome => 'abandoned');
counts(1, 'sessions_total', '/slow', kind => 'phone', end => 'dropped');
counts(0, 'first_word_seconds_count', '/slow');
counts(3, 'turn_seconds_count', '/slow');

# failures by kind

my @status = ('~ ^/status/(?<code>\\\\d+)$');
my @fault = ('~ ^/fault/(?<code>\\\\w+)$');

$_ =~ s/^~ // for @status, @fault;

sub fails {
    my ($path, $location, $kind, $outcome) = @_;
    my $call = dial($path);

    $call->ask('Hi');
    counts(1, 'llm_failures_total', $location, kind => $kind);
    counts(1, 'turns_total', $location, outcome => $outcome) if $outcome;
    $call->hangup;
}

fails('/refused', '/refused', 'connect', 'failed');
counts(1, 'first_sound_seconds_count', '/refused');
counts(0, 'first_word_seconds_count', '/refused');

fails('/timeout', '/timeout', 'timeout', 'failed');
fails('/late', '/late', 'too_slow', 'failed');
counts(1, 'limits_total', '/late', limit => 'answer_time');
fails('/large', '/large', 'too_large', 'failed');
counts(1, 'limits_total', '/large', limit => 'response_size');
fails('/gzip', '/gzip', 'encoded', 'failed');
fails('/status/401', @status, 'key', 'failed');
fails('/status/429', @status, 'rate');
fails('/status/400', @status, 'rejected', 'rejected');

$call = dial('/status/413');
$call->ask('Hi');
counts(2, 'llm_failures_total', @status, kind => 'rejected');
counts(2, 'turns_total', @status, outcome => 'rejected');
$call->hangup;

fails('/status/404', @status, 'status_4xx');
fails('/status/500', @status, 'status_5xx');
fails('/fault/error_in_stream', @fault, 'stream');
fails('/fault/cut', @fault, 'truncated');
fails('/fault/done_only', @fault, 'empty', 'empty');

$call = dial('/two');
$call->ask('Hi');
counts(2, 'llm_requests_total', '/two', connection => 'new');
counts(0, 'llm_requests_total', '/two', connection => 'kept');
counts(1, 'turns_total', '/two', outcome => 'complete');
$call->hangup;

$call = dial('/phrase');
$call->ask('Hi');
counts(1, 'first_sound_seconds_count', '/phrase');
$call->hangup;

$call = dial('/direct');
$call->ask('Hi');
counts(1, 'llm_requests_total', '/direct', connection => 'none');
$call->hangup;

$call = dial('/if?a=1');
$call->ask('Hi');
$call->hangup;
counts(1, 'turns_total', '/if', outcome => 'complete');

# each LLM under its name, however it is reached

my %llm = (first => 'llm', second => '127.0.0.1:' . $nginx->port(2),
           third => 'localhost:' . $nginx->port(1),
           if => '127.0.0.1:' . $nginx->port(1));

$call = dial('/first');
$call->ask('Hi');
$call->hangup;

counts(1, 'llm_failures_total', '/first', upstream => $llm{first},
       kind => 'status_5xx');
counts(0, 'llm_failures_total', '/first', upstream => $llm{first},
       kind => 'connect');
counts(1, 'llm_failures_total', '/first', upstream => $llm{second},
       kind => 'connect');
counts(0, 'llm_failures_total', '/first', upstream => $llm{third},
       kind => 'connect');
counts(1, 'llm_requests_total', '/first', upstream => $llm{second},
       connection => 'new');
counts(1, 'llm_requests_total', '/first', upstream => $llm{third},
       connection => 'new');
counts(1, 'llm_seconds_count', '/first', upstream => $_)
    for @llm{qw( first second third )};
counts(0, 'llm_first_byte_seconds_count', '/first', upstream => $llm{second});
counts(1, 'llm_first_byte_seconds_count', '/first', upstream => $llm{third});

ok $status->value('llm_seconds_sum', @here, upstream => $llm{third}) > 0.1
   && $status->value('llm_seconds_sum', @here, location => '/first',
                     upstream => $llm{first}) < 0.1,
   'the whole answer takes longer than a refusal';
ok $status->value('llm_tokens_total', @here, upstream => $llm{third},
                  type => 'output') > 0
   && !$status->total('llm_tokens_total', upstream => $llm{second}),
   'tokens of the one that has used them';

$call = dial('/first?if=other');
$call->ask('Hi');
$call->hangup;

counts(1, 'llm_failures_total', '/first', upstream => $llm{if},
       kind => 'status_4xx');

$call = dial('/variable');
$call->ask('Hi');
$call->hangup;

counts(1, 'llm_seconds_count', '/variable', upstream => 'variable');

# a request that nobody waits for any more

$call = dial('/slow');
$call->prompt('Hi');
counts(1, 'calls', '/slow', state => 'thinking', worker => 'active');
$call->interrupt('');
counts(4, 'llm_seconds_count', '/slow', upstream => 'llm');
$call->hangup;

# a caller who says nothing

$call = dial('/silence');
counts(2, 'nudges_total', '/silence');
counts(1, 'limits_total', '/silence', limit => 'idle_time');
$call->hangup;

# limits

$call = dial('/long');
$call->ask('Hi');
counts(1, 'limits_total', '/long', limit => 'answer_size');
counts(1, 'turns_total', '/long', outcome => 'truncated');
$call->hangup;

$call = dial('/fast');
$call->batch(map { { type => 'info', name => 'x', value => 'y' } } 1 .. 40);
counts(1, 'limits_total', '/fast', limit => 'frame_rate');
counts(1, 'sessions_total', '/fast', kind => 'phone', end => 'too_fast');

$call = dial('/turns');
$call->prompt("Hi $_") for 1 .. 6;
counts(1, 'limits_total', '/turns', limit => 'turn_rate');
counts(1, 'sessions_total', '/turns', kind => 'phone', end => 'too_fast');

$call = dial('/big');
$call->prompt('x' x 3000);
counts(1, 'limits_total', '/big', limit => 'message_size');
counts(1, 'sessions_total', '/big', kind => 'phone', end => 'protocol');

$call = dial('/short');
counts(1, 'limits_total', '/short', limit => 'call_time');
counts(1, 'sessions_total', '/short', kind => 'phone', end => 'too_long');

# what the LLM no longer knows: each once a call, however many turns

$call = dial('/forgets');
$call->ask('Hi');
counts(0, 'limits_total', '/forgets', limit => 'history_messages');
$call->ask($_) for 'Hi', 'Hi', 'What is that?', 'Hi';
counts(1, 'limits_total', '/forgets', limit => 'history_messages');
counts(1, 'limits_total', '/forgets', limit => 'history_size');
$call->hangup;

is_deeply [ sort $nginx->log('error') =~ /(history,.*?): see/g ],
          [ 'history, which exceeds 2 messages',
            'history, whose texts exceed 12 bytes' ], '... which is logged';

# how a session ends

$call = ConvRelay::Call->dial($nginx->port, '/slow');
counts(1, 'sessions_total', '/slow', kind => 'phone', end => 'no_setup');

$call = dial('/ping');
counts(1, 'sessions_total', '/ping', kind => 'phone', end => 'silent');

$call = dial('/end');
like $call->message->{type}, qr/end/, 'an end of ours';
$call->hangup;
counts(1, 'sessions_total', '/end', kind => 'phone', end => 'ended');

$call = dial('/ws');
$call->raw(ConvRelay::Call::frame(2, 'binary'));
counts(1, 'sessions_total', '/ws', kind => 'phone', end => 'protocol');

$call = dial('/ws');
$call->raw(ConvRelay::Call::frame(1, '[]'));
counts(1, 'messages_total', '/ws', type => 'invalid');
$call->send(type => 'error', description => 'Invalid, code: 64107');
counts(1, 'twilio_errors_total', '/ws', code => '64107');
counts(1, 'messages_total', '/ws', type => 'error');

# what is refused

my $second = dial('/ws', callSid => "CA$sid");
is $second->end, 1008, 'a second socket';
counts(1, 'refused_total', '/ws', reason => 'second_socket');
counts(1, 'sessions_total', '/ws', kind => 'phone', end => 'refused');
$call->hangup;

my $one = dial('/limit', to => 'x');
counts(1, 'calls', '/limit', state => 'greeting', worker => 'active');
is dial('/limit', to => 'x')->end, 1008, 'one call too many';
counts(1, 'refused_total', '/limit', reason => 'limit_calls');
$one->hangup;

dial('/ticket');
counts(1, 'refused_total', '/ticket', reason => 'ticket');

ConvRelay::Status::get($nginx->port, '/ws');
counts(1, 'refused_total', '/ws', reason => 'handshake');

my @handshake = ('Upgrade: websocket', 'Sec-WebSocket-Version: 13',
                 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');

sub handshake {
    my ($path, @more) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port);

    print $sock join "\r\n", "GET $path HTTP/1.1", 'Host: localhost',
                     'Connection: Upgrade', @handshake, @more, '', '';

    return scalar <$sock>;
}

like handshake('/ws', 'Origin: http://evil.example'), qr/ 403 /, 'a page';
counts(1, 'refused_total', '/ws', reason => 'origin');

like handshake('/browser', 'Origin: http://localhost'), qr/ 101 /,
     'a page of this server';
counts(1, 'sessions_total', '/browser', kind => 'browser', end => 'dropped');
counts(0, 'sessions_total', '/browser', kind => 'phone', end => 'dropped');

like handshake('/signed'), qr/ 403 /, 'a socket without a signature';
counts(1, 'refused_total', '/signed', reason => 'signature');

# webhooks

ConvRelay::Status::get($nginx->port, '/twiml');
counts(1, 'webhooks_total', '/twiml', kind => 'twiml', status => '2xx');

ConvRelay::Status::get($nginx->port, '/twiml', 'PUT');
counts(1, 'webhooks_total', '/twiml', status => '4xx');

ConvRelay::Status::get($nginx->port, '/twiml-signed');
counts(1, 'webhooks_total', '/twiml-signed', status => '403');
counts(1, 'refused_total', '/twiml-signed', reason => 'signature');

ConvRelay::Status::get($nginx->port,
                '/action?SessionStatus=failed&ErrorCode=64105&CallSid=CA1');
counts(1, 'webhooks_total', '/action', kind => 'action', status => '2xx');
ok !$status->fits('webhooks_total', location => '/action', kind => 'twiml'),
   'an action does not start a call';
counts(1, 'twilio_errors_total', '/action', code => '64105');

# the zone

my $size = $status->value('zone_bytes', zone => 'calls', state => 'size');

ok $size > 50000 && $size < 65536, "the zone has $size bytes";
is $status->value('zone_bytes', zone => 'calls', state => 'used'), 0,
   '... all free';

$call = dial('/ws');
$call->ask('Hi');
$status->read;
ok $status->value('zone_bytes', zone => 'calls', state => 'used') > 200,
   '... except the seat of a call';

my @calls;

for (1 .. 500) {
    my $call = dial('/ws');

    $call->raw(ConvRelay::Call::frame(9, ''));
    my ($opcode) = $call->read_frame;
    last if $opcode ne '10';

    push @calls, $call;
}

counts(1, 'refused_total', '/ws', reason => 'zone_full');
is $status->total('calls'), @calls + 1, scalar @calls . ' calls fill it';
$_->hangup for @calls;

# a name that is not UTF-8

my $latin = dial("/caf\xe9");
$latin->ask('Hi');
counts(1, 'turns_total', '/caf\\\\xE9', outcome => 'complete');
$latin->hangup;

# and one of characters that each format has to escape

my $odd = dial('/odd%22%3C%0A%5C%C3%A9');
$odd->ask('Hi');
counts(1, 'turns_total', "/odd\\\"<\\n\\\\\xc3\xa9", outcome => 'failed');
$odd->hangup;

my $odd_json = ConvRelay::Status::json($nginx->port, '/json');

is scalar(grep { $_->{location} eq "/odd\"<\n\\\x{e9}"
                 && $_->{total}{turns_total}{failed} == 1 }
          @{$odd_json->{locations}}), 1, 'JSON has its name';

my (undef, $odd_page) = ConvRelay::Status::get($nginx->port, '/html');

like $odd_page, qr{\(location &quot;/odd&quot;&lt;\n\\\xc3\xa9&quot; of },
     'so has the page';

SKIP: {
    skip 'no promtool here', 1
        if system('which promtool > /dev/null 2>&1') && !$ENV{TEST_NGINX_ALL};

    open my $fh, '|-', 'promtool check metrics > /dev/null' or die $!;
    print $fh $status->text;

    ok close $fh, 'promtool can read it';
}

ok utf8::decode(my $text = $status->text), 'all of it is UTF-8';

# two views of the same figures

my $json = ConvRelay::Status::json($nginx->port, '/json');
my ($ws) = grep { $_->{location} eq '/ws' } @{$json->{locations}};

$status->read;
is $ws->{total}{turns_total}{complete},
   $status->value('turns_total', @here, location => '/ws',
                  outcome => 'complete'), 'JSON says the same';

my ($first) = grep { $_->{location} eq '/first' } @{$json->{locations}};

is_deeply [ sort keys %{$first->{llms}} ], [ sort values %llm ],
   'JSON has the LLMs of a location';
is $first->{llms}{$llm{second}}{total}{llm_failures_total}{connect}, 2,
   '... with what was counted for each';
is_deeply [ @{$first->{total}{llm_failures_total}}
            {qw( connect status_4xx status_5xx )} ], [ 2, 1, 1 ],
   '... and together';

is $json->{version}, (split ' ', `@{[ConvRelay::Nginx::build()]}/convrelay-call --version`)[1],
   'and the version that the caller has';
is $status->value('build_info', version => $json->{version}), 1,
   '... as has Prometheus';

# a reload, while a call goes on

my $before = $status->value('turns_total', @here, location => '/ws',
                            outcome => 'complete');
$nginx->hup;

counts($before, 'turns_total', '/ws', outcome => 'complete');
is $status->total('calls', worker => 'draining'), 1,
   'the call has a worker that drains';
$call->ask('Hi');
counts($before + 1, 'turns_total', '/ws', outcome => 'complete');

# an end by worker_shutdown_timeout

counts(1, 'sessions_total', '/ws', kind => 'phone', end => 'shutdown');
is $status->total('calls'), 0, 'no calls are left';

$nginx->stop;

done_testing;
