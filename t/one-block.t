# An idle call fits into one block of its request's pool, with the pool size of
# the documentation: what does not fit costs a second one of the same size.
#
# Every byte of nginx's heap is counted, by t/lib/malloc_count.c.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Heap;
use ConvRelay::Nginx;
use Digest::SHA qw( hmac_sha1_base64 );
use Test::More;

plan skip_all => 'sanitizers and valgrind have a malloc of their own'
    if $ENV{ASAN_OPTIONS} || $ENV{TEST_NGINX_VALGRIND};

my $token = '0123456789abcdef' x 2;
my $n = 20;

# newer versions have larger requests

my $size = ConvRelay::Nginx->version < 1_023_000 ? 5888 : 6144;


# as in the benchmark, whose figures the documentation has

sub start {
    my $size = shift;
    my $nginx = ConvRelay::Nginx->new;
    my $heap = ConvRelay::Heap->new($nginx);

    $nginx->write('nginx.conf', <<"_EOC_");
%%MODULES%%
error_log         logs/error.log;
worker_processes  1;

events {
    worker_connections  1024;
}

http {
    access_log            off;
    request_pool_size     $size;
    convrelay_zone        calls 8m;
    convrelay_auth_token  $token;

    upstream model {
        server              127.0.0.1:%%PORT_1%%;
        keepalive           2048;
        keepalive_requests  1000000;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  first=0 interval=1ms;
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            convrelay_model           bench;
            convrelay_system_prompt   "You are a helpful assistant on the phone.";
            convrelay_limit_calls     \$convrelay_account_sid 20000;
            convrelay_max_turn_rate   0;
            proxy_pass                http://model/v1/chat/completions;
            proxy_http_version        1.1;
            proxy_set_header          Connection "";
            proxy_read_timeout        15s;
            proxy_buffer_size         16k;
            proxy_buffers             8 16k;
        }
    }
}
_EOC_

    $heap->start;

    return ($nginx, $heap);
}


# with a socket as Twilio opens it

sub dial {
    my ($nginx, $i) = @_;

    my $sign = hmac_sha1_base64('wss://bench.example.com/ws', $token) . '=';
    my $call = ConvRelay::Call->dial($nginx->port, '/ws',
                                     host => 'bench.example.com', headers => [
        'User-Agent: Jetty/11.0.24', 'Accept-Encoding: gzip',
        'Pragma: no-cache', 'Cache-Control: no-cache',
        "X-Twilio-Signature: $sign",
        "x-amzn-bedrock-agentcore-runtime-custom-twilio-signature: $sign" ]);

    $call->setup(sessionId => sprintf('VX%032d', $i),
                 callSid => sprintf('CA%032d', $i),
                 accountSid => sprintf('AC%032d', 1), parentCallSid => '',
                 forwardedFrom => '', callerName => '', callType => 'PSTN',
                 callStatus => 'RINGING', customParameters => {});
    $call->ask('Hello?');

    return $call;
}


# bytes and pieces of the heap that an idle call has

sub idle {
    my ($nginx, $heap) = start(shift);
    my @calls = map { dial($nginx, $_) } 1 .. 4;
    my @before = $heap->counts;

    push @calls, map { dial($nginx, $_) } 5 .. 4 + $n;

    my @after = $heap->counts;

    $_->hangup for @calls;
    $nginx->stop;

    return map { ($after[$_] - $before[$_]) / $n } 0, 1;
}


my (undef, $most) = idle(2 * $size);
my ($bytes, $pieces) = idle($size);
my (undef, $more) = idle($size - 192);

is $pieces, $most, "an idle call needs one block of $size bytes";
cmp_ok $bytes, '<', 1.5 * $size, '... and little besides';
is $more, $most + 1, 'with 192 bytes less, a second one is seen here';

done_testing;
