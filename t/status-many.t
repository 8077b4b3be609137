# More locations, and more tools, than convrelay_status has counters for: those
# that are left are counted together as "other".

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my $sid = 0;

# 255 webhooks and a socket have counters of their own

my $webhooks = join "\n", map {
    "        location = /twiml$_ { convrelay_twiml wss://localhost/ws; }"
} 1 .. 255;

$nginx->http(conf($webhooks, [ 'first', 'second' ]));

my ($said) = $nginx->test;

unlike $said, qr/\[warn\].*convrelay_status/, '256 locations have counters';

$nginx->http(conf($webhooks, [ 'first', 'second' ], <<'_EOC_' . late()));
        location = /more {
            convrelay_twiml  wss://localhost/ws;
        }
_EOC_

($said) = $nginx->test;

like $said, qr/counters for 256 locations: 2 others are counted together/,
     '258 are two more';
like $said, qr/counters for 256 tools of locations: 1 others are counted/,
     'so is the tool of one of them';

$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics');

ask('/late');
counts(1, 'turns_total', location => 'other', outcome => 'complete');
counts(1, 'tools_total', location => 'other', tool => 'other',
       outcome => 'ok');
counts(0, 'tools_total', location => '/ws', tool => 'first',
       outcome => 'ok');

ask('/ws');
counts(1, 'turns_total', location => '/ws', outcome => 'complete');
counts(1, 'tools_total', location => '/ws', tool => 'first',
       outcome => 'ok');
counts(0, 'tools_total', location => '/ws', tool => 'second',
       outcome => 'ok');
counts(1, 'tools_total', location => 'other', tool => 'other',
       outcome => 'ok');

$nginx->stop;

# tools that have none, of a location that has

$nginx = ConvRelay::Nginx->new;

$nginx->http(conf('', [ map { "t$_" } 1 .. 256 ]));
($said) = $nginx->test;
unlike $said, qr/counters for/, '256 tools have counters';

$nginx->http(conf('', [ 'first', map { "t$_" } 2 .. 256 ], late()));
($said) = $nginx->test;
like $said, qr/counters for 256 tools of locations: 1 others are counted/,
     'the next one has none';
unlike $said, qr/counters for 256 locations/, 'all locations have';

$nginx->start;
$status = ConvRelay::Status->new($nginx->port, '/metrics');

ask('/late');
counts(1, 'turns_total', location => '/late', outcome => 'complete');
counts(1, 'tools_total', location => 'other', tool => 'other',
       outcome => 'ok');

done_testing;


sub ask {
    my $path = shift;
    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $sid++;
    $call->setup(callSid => "CA$sid");
    $call->ask('first');
    $call->hangup;
}


sub counts {
    my ($want, $name, %labels) = @_;
    my $got;

    $status->wait(sub {
        $got = $_[0]->value($name, %labels);
        return $got eq $want;
    });

    is $got, $want, join ' ', $name, %labels;
}


sub late {
    return "        location = /late {\n" . socket_of('first') . "        }\n";
}


sub socket_of {
    my $none = '{"type":"object","properties":{}}';

    return join '', "            convrelay;\n", map({
        "            convrelay_tool  $_ '{\"description\":\"x\",\"parameters\":"
        . "$none}' uri=/tool;\n"
    } @_), "            proxy_pass  http://127.0.0.1:%%PORT_1%%/;\n";
}


sub conf {
    my ($before, $tools, $after) = @_;

    my $socket = socket_of(@$tools);

    $after //= '';

    return <<"_EOC_";
    convrelay_zone  calls  64k;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=repeat first=0ms interval=1ms
                                "tools=first: first {}";
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;

$before
        location = /ws {
$socket
        }
$after
        location = /tool {
            internal;
            return  200 "done";
        }
        location = /metrics {
            convrelay_status  public;
        }
    }
_EOC_
}
