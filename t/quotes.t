# What nginx itself quotes in its lines about a request is hidden where it may be
# what somebody said or pressed, or what a tool was given or returned.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Socket::INET;
use Test::More;

my $nginx = ConvRelay::Nginx->new;
my $dir = $nginx->dir;

# gives up at once, as a bad pattern does in time

my $gives_up = '(*LIMIT_MATCH=1)^(a+)+$';
my $map = $gives_up;
my $keys = '(*LIMIT_MATCH=1)^(7+)+$';
my $maps = 1;

# nginx shows the name of a pattern of "map" from memory that it has freed

($maps, $map, $keys) = (0, 'none', 'none') if $ENV{ASAN_OPTIONS};

$nginx->http(<<"_EOC_");
    map \$what                          \$map_said    { "~$map" 1; }
    map \$convrelay_digits              \$map_digits  { "~$keys" 1; }
    map \$convrelay_arg_x               \$map_arg     { "~$map" 1; }
    map \$convrelay_result_a            \$map_result  { "~$map" 1; }
    map \$convrelay_form_SpeechResult   \$map_form    { "~$map" 1; }
    map \$convrelay_handoff_reason      \$map_reason  { "~$map" 1; }

    # a chain of logs, and what is written to each

    error_log  logs/second.log  info;

    server {
        listen       127.0.0.1:%%PORT%%;
        error_log    logs/error.log  info;
        error_log    logs/second.log info;
        rewrite_log  on;

        location = /ws {
            convrelay;
            convrelay_dtmf  max=8;
            convrelay_on    dtmf default  say "Keys\$map_digits.";
            convrelay_on    prompt "~^Map (?<what>.+)"  say "Map\$map_said.";
            convrelay_on    tool result  say "Result\$map_result.";
            convrelay_tool  map     '{}' uri=/map;
            convrelay_tool  if      '{}' uri=/if;
            convrelay_tool  file    '{}' uri=/file;
            convrelay_tool  loop    '{}' uri=/loop;
            convrelay_tool  header  '{}' uri=/header;
            convrelay_tool  url     '{}' uri=/url;
            convrelay_tool  result  '{}' uri=/result;
            mirror          /twiml;
            proxy_pass      http://127.0.0.1:%%PORT%%/v1/chat/completions;
        }

        location = /map    { internal; return 200 "ok\$map_arg"; }
        location = /result { internal; return 200 '{"a":"aa swordfish"}'; }
        location = /file   { internal; alias $dir/files/\$convrelay_arg_x.txt; }
        location = /loop   { internal; root $dir/loops;
                             try_files /\$convrelay_value_x =404; }
        location = /url    { internal; proxy_pass \$convrelay_arg_x; }
        location = /header { internal; proxy_pass http://127.0.0.1:%%PORT%%/odd; }

        location = /if {
            internal;
            if (\$convrelay_arg_x ~ "fish") { set \$a 1; }
            if (\$convrelay_arg_x ~ "$gives_up") { return 204; }
            return 200 ok;
        }

        location = /odd {
            add_header  X "1\\nswordfish is spoken: 2";
            return      200 ok;
        }

        location = /v1/chat/completions {
            convrelay_mock_llm  answer=say:Fine.
                'tools=use map: map {"x":"aa swordfish"};
                       use if: if {"x":"aa swordfish"};
                       use file: file {"x":"aa swordfish"};
                       use loop: loop {"x":"aa swordfish"};
                       use header: header {"x":"aa swordfish"};
                       use url: url {"x":"aa swordfish"};
                       use result: result {}';
        }

        location = /twiml {
            convrelay_twiml            wss://example.com/ws;
            convrelay_twiml_parameter  a "form\$map_form";
        }

        location = /action {
            convrelay_connect_action;
            convrelay_connect_reply  "say Reason\$map_reason.";
        }
    }
_EOC_

mkdir "$dir/loops";
symlink 'aa swordfish', "$dir/loops/aa swordfish" or die "symlink: $!\n";

$nginx->start;

my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;

is $call->ask('Map aa swordfish'), 'Map.', 'a word that a rule matched';
is quoted(), $maps, '... is hidden where "map" gives up';

$call->send(type => 'dtmf', digit => '7') for 1 .. 8;
is $call->answer, 'Keys.', 'keys';
is quoted(), 2 * $maps, '... and so they are';

like $call->ask('use map'), qr/map says: ok/, "a tool's argument in \"map\"";
is quoted(), 3 * $maps, '... is hidden';

like $call->ask('use if'), qr/says/, '... in "if"';
is quoted(), 3 * $maps + 1, '... is hidden';

like $call->ask('use file'), qr/says/, '... in the path of a file';
ok $nginx->log_has(qr/open\(\) "\*\*\*" failed \(2: /), '... is hidden';

like $call->ask('use loop'), qr/says/, '... in a path that leads nowhere';
ok $nginx->log_has(qr/\[crit\].* stat\(\) "\*\*\*" failed/), '... is hidden';

like $call->ask('use header'), qr/says/, 'words where a header should be';
ok $nginx->log_has(qr/upstream sent invalid header: "\*\*\*" while/),
   '... are hidden';

like $call->ask('use url'), qr/says/, 'an argument where a URL should be';
ok $nginx->log_has(qr/invalid URL prefix in "\*\*\*"/), '... is hidden';

like $call->ask('use result'), qr/Result\./, 'a result of a tool';
is quoted(), 4 * $maps + 1, '... is hidden';

is $call->hangup, 1000, 'the call ends';

my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $nginx->port);

# on one connection: the log of the connection is the old one between requests

like post('/twiml', 'CallSid=CA1&SpeechResult=aa+swordfish'), qr/"form"/,
     'what was said before the session';
is quoted(), 5 * $maps + 1, '... is hidden';
like post('/action', 'CallSid=CA1&HandoffData=%7B%22reason%22%3A%22aa%20'
                     . 'swordfish%22%7D'), qr/Reason\./, 'hand-off data';
is quoted(), 6 * $maps + 1, '... are hidden';
like post('/nothing', 'x'), qr/404/, 'a path of the client';
ok $nginx->log_has(qr/open\(\) "\S+\/nothing" failed/), '... is shown';

$nginx->stop;

unlike $nginx->log($_), qr/swordfish|7777/, "none of it is in $_.log"
    for qw( error second );

is quoted('second'), quoted(), 'the other log has the same lines';
like $nginx->log('error'), qr/"fish" matches "\*\*\*"/, 'rewrite_log';

done_testing;


# lines about patterns that gave up

sub quoted {
    my $log = shift // 'error';

    return scalar(() = $nginx->log($log)
                       =~ /failed: -\d+ on "\*{3}" using "/g);
}


sub post {
    my ($path, $body) = @_;

    print {$sock} "POST $path HTTP/1.1\r\nHost: localhost\r\n"
                  . "Content-Type: application/x-www-form-urlencoded\r\n"
                  . 'Content-Length: ' . length($body) . "\r\n\r\n$body";

    my $answer = '';

    while ($answer !~ /\r\n\r\n.*>\s*\z/s) {
        sysread $sock, $answer, 65536, length $answer or last;
    }

    return $answer;
}
