# DNS that is down when nginx starts: with the name in an upstream, nginx does
# not start, and no site of it is served; with the name in a variable it does,
# and the calls are answered once DNS is back.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Socket::INET;
use Test::More;

my $name = 'llm.invalid';
my $error = 'I ran into a temporary issue while generating a response.';


# answers each question with 127.0.0.1

sub name_server {
    my $port = shift;

    my $socket = IO::Socket::INET->new(Proto => 'udp', LocalPort => $port,
                                       LocalAddr => '127.0.0.1')
        or die "udp port $port: $!\n";

    my $pid = fork // die "fork: $!\n";

    return $pid if $pid;

    while (defined(my $from = recv $socket, my $query, 512, 0)) {
        my ($question) = substr($query, 12) =~ /^((?:[^\0].*?)?\0.{4})/s
            or next;
        my $a = unpack('n', substr $question, -4) == 1;

        send $socket, substr($query, 0, 2)
                      . pack('n5', 0x8180, 1, $a, 0, 0) . $question
                      . ($a ? pack 'n3Nn C4', 0xc00c, 1, 1, 1, 4, 127, 0, 0, 1
                            : ''), 0, $from;
    }

    POSIX::_exit(0);
}


sub configure {
    my ($nginx, $upstream, $llm) = @_;

    $nginx->http(<<"_EOC_");
    $upstream

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=repeat;
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            proxy_http_version  1.1;
            $llm
        }

        location = /other {
            return 200 "another site\\n";
        }
    }
_EOC_
}


sub get {
    my ($nginx, $path) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $nginx->port)
        or return 'refused';

    print $socket "GET $path HTTP/1.0\r\n\r\n";

    return join '', <$socket>;
}


my $nginx = ConvRelay::Nginx->new;

configure($nginx, "upstream openai {\n server $name:%%PORT_1%%;\n }",
          'proxy_pass  http://openai/v1/chat/completions;');

my ($said, $code) = $nginx->test;

is $code, 1, 'a name in an upstream: nginx does not start';
like $said, qr/\[emerg\].* host not found in upstream "$name:/,
     '... and says why';

# what docs/how-it-works.md has, with http for https and a port

configure($nginx, <<"_EOC_", <<"_EOC_");
    map "" \$llm_host {
        default  $name;
    }
_EOC_
            resolver    127.0.0.1:%%PORT_2%% valid=30s ipv6=off;
            resolver_timeout  1s;
            proxy_pass  http://\$llm_host:%%PORT_1%%/v1/chat/completions;
_EOC_

$nginx->start;

like get($nginx, '/other'), qr/another site/,
     'a name in a variable: nginx starts, and other sites are served';

my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;
is $call->ask('Hi'), $error, '... a call hears the error message';

my $dns = name_server($nginx->port(2));

ok ConvRelay::Nginx::wait_for(10, sub { $call->ask('Hi') eq 'Hi' }),
   '... and the LLM, once DNS is back, without a reload';

is $call->hangup, 1000, 'the call ends';

kill TERM => $dns;
waitpid $dns, 0;

$nginx->stop;

like $nginx->log('error'), qr/\[error\].* $name could not be resolved/,
     'the log says what was wrong';
is_deeply [ grep { !/could not be resolved|host not found|LLM|failed \(111/ }
            $nginx->complaints ], [], 'and nothing else';

done_testing;
