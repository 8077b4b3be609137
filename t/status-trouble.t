# Troubles that operators know: convrelay_status names the cause, and so do
# the figures and the log.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;

my $token = '0123456789abcdef0123456789abcdef';
my $nginx;
my $sid = 0;


# nginx with a location "/ws" that has these directives, and an LLM like this

sub start {
    my ($ws, $llm, $twiml, $more) = @_;

    $twiml //= '';
    $more //= '';
    $llm = "convrelay_mock_llm  answer=repeat $llm;" if $llm !~ /;/;
    $nginx = ConvRelay::Nginx->new;

    $nginx->http(<<"_EOC_");
    convrelay_zone  calls  64k;

    log_format  calls  'turns=\$convrelay_turns outcome=\$convrelay_outcome '
                       'tools=\$convrelay_tool_calls/\$convrelay_tool_failures '
                       'failures=\$convrelay_failures end=\$convrelay_end '
                       'max=\$convrelay_first_token_max';
    access_log  logs/calls.log calls;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            $llm
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        server_name         voice.example.com;
        proxy_http_version  1.1;

        location = /ws {
            convrelay;
            $ws
            proxy_pass  http://127.0.0.1:%%PORT_1%%/;
        }
        location = /twiml {
            $twiml
            convrelay_twiml  wss://voice.example.com/ws;
        }
        location = /metrics {
            convrelay_status  public;
        }
        location = /json {
            convrelay_status  json public;
        }
        location = /page {
            convrelay_status  html public;
        }
        $more
    }
_EOC_

    $nginx->start;
}


sub dial {
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $sid++;
    $call->setup(callSid => "CA$sid");

    return $call;
}


sub counted {
    my ($want, $name, @labels) = @_;
    my $status = ConvRelay::Status->new($nginx->port, '/metrics');

    ok $status->wait(sub { $_[0]->total($name, @labels) >= $want }),
       "$name @labels";
}


# the first cause is of this kind and says this

sub cause {
    my ($kind, $text) = @_;
    my $json = ConvRelay::Status::json($nginx->port, '/json');
    my $first = $json->{causes}[0] // { kind => 'none', text => '' };

    is $first->{kind}, $kind, "the first cause is $kind";
    is $first->{level}, 'trouble', '... a trouble';
    like $first->{text}, $text, '... in words';

    my (undef, $page) = ConvRelay::Status::get($nginx->port, '/page');
    my ($on_top) = $page =~ m{<ul[^>]*>\s*<li\ class="trouble">
                              <b>Trouble:</b>\ (.*?)</li>}x;

    $on_top =~ s/&quot;/"/g if defined $on_top;
    is $on_top, $first->{text}, '... and it is on top of the page';
}


start('', 'first=0ms');

my $call = dial();
$call->ask('Hi') for 1 .. 3;
$call->hangup;

counted(1, 'sessions_total', end => 'hangup');
is_deeply ConvRelay::Status::json($nginx->port, '/json')->{causes}, [],
          'all is well, and nothing else is said';
$nginx->stop;


# the LLM is slow

start('', 'first=1400ms');

$call = dial();
$call->ask('Hi') for 1 .. 2;
$call->hangup;

counted(2, 'first_word_seconds_count');
cause('llm_slow',
      qr{^The\ LLM\ is\ slow:\ the\ first\ word\ came\ after\ more\ than
         \ 1\.28\ s\ in\ 2\ of\ 2\ turns,
         .*\(location\ "/ws"\ of\ voice\.example\.com\)\.$}x);
ok $nginx->log_has(qr/turns=2 .* end=hangup max=1[4-9]\d\d$/m, 'calls'),
   'and the log says so';
$nginx->stop;


# its key is wrong

start('', 'status=401');

$call = dial();
$call->ask('Hi');
$call->hangup;

counted(1, 'llm_failures_total', kind => 'key');
cause('llm_key', qr{^The LLM refused the API key in 1 of 1 turn });
ok $nginx->log_has(qr/LLM failed: upstream: .*, status: 401, /),
   'and the log says so';
$nginx->stop;


# Twilio signs with another token

start('', '', "convrelay_auth_token  $token;");

ConvRelay::Status::get($nginx->port, '/twiml', 'GET',
                       'X-Twilio-Signature: 0123456789012345678901234567')
    for 1 .. 3;

counted(3, 'refused_total', reason => 'signature', location => '/twiml');
cause('signature', qr{^3\ of\ 3\ requests\ had\ no\ valid\ X-Twilio-Signature
                      .*convrelay_auth_token}x);
ok $nginx->log_has(qr/client sent wrong "X-Twilio-Signature" for /),
   'and the log says so';
$nginx->stop;


# a tool fails

start('convrelay_tool  book \'{"description":"Books.","parameters":'
      . '{"type":"object","properties":{}}}\' uri=/book;', <<'_LLM_', '', <<'_EOC_');
            default_type  text/event-stream;

            # the second request has the tool's result in it

            if ($content_length ~ "^[1-4]..$") {
                return  200 'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"book","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n';
            }

            return  200 'data: {"choices":[{"index":0,"delta":{"content":"Sorry."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
_LLM_
        location = /book {
            internal;
            return  500;
        }
_EOC_

$call = dial();
$call->ask('Book it');

counted(1, 'tools_total', tool => 'book', outcome => 'failed');
counted(1, 'tool_seconds_count', tool => 'book');
cause('tool', qr{^The tool "book" failed in 1 of 1 request to it\. });
ok $nginx->log_has(qr/tool "book" failed, status: 500/),
   'and the log says so';
$call->hangup;
counted(1, 'turns_total', outcome => 'complete');
ok $nginx->log_has(qr/outcome=complete tools=1\/1 failures=0 end=hangup/,
                   'calls'), '... so does the line of the call';
$nginx->stop;


# callers that flood

start('convrelay_max_frame_rate  2;', 'first=0ms');

$call = dial();
$call->batch(map { { type => 'info', name => 'x', value => 'y' } } 1 .. 40);
is $call->end, 1008, 'a flood is ended';

counted(1, 'limits_total', limit => 'frame_rate');
cause('flood', qr{^Callers flood the server: 1 of 1 session });
ok $nginx->log_has(qr/client sends too fast/), 'and the log says so';
$nginx->stop;


# more calls than convrelay_limit_calls lets in

start('convrelay_limit_calls  $convrelay_to 1;', 'first=0ms');

$call = dial();
$call->ask('Hi');
is dial()->end, 1008, 'one too many';

counted(1, 'refused_total', reason => 'limit_calls');
cause('limit_calls', qr{^Too many calls at the same time: 1 });
ok $nginx->log_has(qr/too many calls /), 'and the log says so';
$nginx->stop;

done_testing;
