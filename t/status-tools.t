# What convrelay_status counts for tools: each way in which a call of one ends.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use IO::Socket::INET ();
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my $schema = '{"description":"x","parameters":{"type":"object",'
             . '"properties":{}}}';

my @uris = qw( good status page dead late slow cut );
my $tools = join '', map { "convrelay_tool  $_ '$schema' uri=/tool/$_"
                           . ($_ eq 'late' ? ' timeout=100ms' : '') . ";\n" }
            @uris;

$nginx->http(<<"_EOC_");
    convrelay_zone  calls  64k;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  first=0ms interval=0ms
                'tools=good: good {}; status: status {}; page: page {};
                       dead: dead {}; late: late {}; cut: cut {}; slow: slow {};
                       arguments: good [1]; ghost: ghost {}; say: say {}';
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            $tools
            convrelay_tool  say '$schema';
            convrelay_on    tool say say "Well.";
            proxy_pass  http://127.0.0.1:%%PORT_1%%/;
        }
        location /tool/ {
            internal;
            return  404;
        }
        location = /tool/good {
            internal;
            return  200 "done";
        }
        location = /tool/status {
            internal;
            return  503;
        }
        location = /tool/page {
            internal;
            default_type  text/html;
            return  200 "<html>Log in</html>";
        }
        location = /tool/dead {
            internal;
            proxy_pass  http://127.0.0.1:%%PORT_2%%/;
        }
        location = /tool/late {
            internal;
            proxy_pass  http://127.0.0.1:%%PORT_3%%;
        }
        location = /tool/slow {
            internal;
            proxy_read_timeout  100ms;
            proxy_pass          http://127.0.0.1:%%PORT_3%%;
        }
        location = /tool/cut {
            internal;
            proxy_pass  http://127.0.0.1:%%PORT_4%%;
        }
        location = /metrics {
            convrelay_status  public;
        }
        location = /json {
            convrelay_status  json public;
        }
    }
_EOC_

# one that never answers, and one whose answer breaks off

my ($silent, $cut) = map {
    IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1',
                          LocalPort => $nginx->port($_), ReuseAddr => 1)
        or die "listen: $!\n"
} 3, 4;

my $server = fork // die "fork: $!\n";

if ($server == 0) {
    while (my $sock = $cut->accept) {
        sysread $sock, my $request, 65536;
        print $sock "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
        close $sock;
    }
    exit;
}

$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics');


# a counter gets this value, soon

sub counts {
    my ($want, $name, %labels) = @_;
    my $got;

    $status->wait(sub {
        $got = $_[0]->value($name, location => '/ws', %labels);
        return $got eq $want;
    });

    is $got, $want, join ' ', $name, map { "$_ $labels{$_}" } sort keys %labels;
}


my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;

for (qw( good status page dead late slow cut say arguments ghost )) {
    $call->ask($_);
}

counts(1, 'tools_total', tool => 'good', outcome => 'ok');
counts(1, 'tools_total', tool => 'good', outcome => 'failed');
counts(1, 'tool_failures_total', tool => 'good', kind => 'arguments');
counts(1, 'tool_failures_total', tool => 'status', kind => 'status');
counts(1, 'tool_failures_total', tool => 'page', kind => 'web_page');
counts(1, 'tool_failures_total', tool => 'dead', kind => 'connect');
counts(1, 'tool_failures_total', tool => 'late', kind => 'timeout');
counts(1, 'tool_failures_total', tool => 'slow', kind => 'timeout');
counts(1, 'tool_failures_total', tool => 'cut', kind => 'truncated');
counts(1, 'tools_total', tool => 'say', outcome => 'ok');
counts(0, 'tool_seconds_count', tool => 'say');
counts(1, 'unknown_tools_total');

is $status->total('tools_total', outcome => 'failed'),
   $status->total('tool_failures_total'), 'kinds and outcomes are the same';
is_deeply [ grep { $_->[1]{tool} eq 'ghost' }
            $status->fits('tools_total', outcome => 'ok') ], [],
   'the LLM cannot make up labels';

my $json = ConvRelay::Status::json($nginx->port, '/json');

is $json->{locations}[0]{tools}{good}{total}{failures}{arguments}, 1,
   'JSON has them, too';
ok scalar(grep { $_->{text} =~ /^The LLM called the tool "good" with wrong / }
          @{$json->{causes}}), 'wrong arguments are a cause of their own';
ok scalar(grep { $_->{kind} eq 'unknown_tool' } @{$json->{causes}}),
   'so is a tool that does not exist';

$call->hangup;
$nginx->stop;

kill 'TERM', $server;
waitpid $server, 0;

done_testing;
