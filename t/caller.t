# convrelay-call, the telephone: scenarios against the module and its mock,
# recordings, loads, and what it says of servers that are wrong.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use File::Temp ();
use JSON::PP ();
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $nginx = ConvRelay::Nginx->new;
my $root = $nginx->root;

# agents, with the mock as their LLM

my %llm = (
    '/ws' => "interval=4ms 'tools=open: opening_hours/2 {}'",
    '/count' => 'answer=count tokens=40 interval=4ms',
    '/spoken' => 'answer=count tokens=40 interval=4ms',
    '/refuses' => 'status=503', '/breaks' => 'fault=cut at_token=4',
    '/history' => 'answer=history',
);

my $llms = join '', map {
    "location = $_ { convrelay_mock_llm  first=20ms $llm{$_}; }\n"
} sort keys %llm;

# one of them has a tool, and one filters what is spoken

my %tools = ('/ws' => "convrelay_tool opening_hours '{}' uri=/hours;",
             '/spoken' => 'convrelay_speech_filter on;');

my $agents = join '', map { <<"_EOC_" } sort keys %llm;
        location = $_ {
            convrelay;
            @{[ $tools{$_} // '' ]}
            convrelay_system_prompt
                "tenant \$convrelay_parameter_tenant, called \$convrelay_to";
            proxy_pass          http://mock$_;
            proxy_http_version  1.1;
            proxy_set_header    Connection "";
        }
_EOC_

$nginx->lua(<<"_EOC_" . <<'_EOC_');
    upstream mock {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  8;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;
        $llms
    }

    server {
        listen               127.0.0.1:%%PORT_2%% ssl;
        ssl_certificate      %%DIR%%/conf/tls.pem;
        ssl_certificate_key  %%DIR%%/conf/tls.pem;

        convrelay_auth_token  off;

        location = /twiml {
            convrelay_twiml  wss://127.0.0.1:%%PORT_2%%/ws;
        }

        location = /ws {
            convrelay;
            convrelay_mock_llm  interval=1ms;
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;
        $agents
_EOC_

        convrelay_twiml_attribute  welcomeGreeting "Hello, caller.";
        convrelay_twiml_attribute  language $convrelay_form_Lang;

        # agents that a caller waits for, or that wait for the caller

        location = /slow {
            convrelay;
            convrelay_mock_llm  first=200ms interval=1ms;
        }

        location = /restarts {
            convrelay;
            convrelay_presence  off;
            convrelay_mock_llm  first=200ms interval=1ms;
        }

        location = /nudge {
            convrelay_twiml            wss://127.0.0.1:%%PORT%%/nudge/ws;
            convrelay_twiml_attribute  events "speaker-events tokens-played";
            convrelay_twiml_attribute  welcomeGreeting "Hello, caller.";
        }

        location = /nudge/ws {
            convrelay;
            convrelay_silence       280ms;
            convrelay_on silence 1  say "Are you still there?";
            convrelay_mock_llm      first=20ms interval=1ms;
        }

        location = /hours {
            internal;
            return 200 "We are closed.";
        }

        location = /twiml {
            convrelay_twiml  wss://calls.example.com/ws;
        }

        location = /signed {
            convrelay_auth_token  secret;
            convrelay_ticket      hush-of-tickets;
            convrelay_twiml       wss://127.0.0.1:%%PORT%%/signed/ws;
        }

        location = /signed/ws {
            convrelay_auth_token  secret;
            convrelay_ticket      hush-of-tickets;
            convrelay;
            convrelay_mock_llm    interval=1ms;
        }

        location = /relay {
            convrelay_auth_token  secret;
            convrelay;
            convrelay_mock_llm    interval=1ms;
        }

        # the agent that hands over, and what it leads to

        location = /handoff {
            default_type  text/xml;
            return 200 '<Response><Connect action="/action"><ConversationRelay
                        url="wss://calls.example.com/agent"/></Connect></Response>';
        }

        location = /agent {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()

                repeat
                    local message = ws:read()
                until not message or message:find('"prompt"', 1, true)

                ws:text("One moment.", true)
                ws:message{ type = "end",
                            handoffData = '{"reason":"live-agent"}' }
                ws:read()
                ws:close(1000)
            }
        }

        location = /action {
            content_by_lua_block {
                ngx.req.read_body()
                local form = ngx.req.get_post_args()
                local calls = ngx.shared.calls

                calls:rpush("actions", form.SessionStatus .. " "
                            .. form.CallStatus .. " "
                            .. (form.HandoffData or "-") .. " "
                            .. (form.ErrorCode or "-"))

                ngx.header.content_type = "text/xml"
                ngx.say(form.SessionStatus == "ended"
                        and '<Response><Connect action="/action">'
                            .. '<ConversationRelay '
                            .. 'url="wss://calls.example.com/ws"/>'
                            .. '</Connect></Response>'
                        or "<Response><Hangup/></Response>")
            }
        }

        location = /actions {
            content_by_lua_block {
                local calls = ngx.shared.calls

                for i = 1, calls:llen("actions") do
                    ngx.say(calls:lpop("actions"))
                end
            }
        }

        # what the webhook and the relay are sent

        location = /headers {
            access_by_lua_block {
                ngx.shared.calls:rpush("headers", ngx.req.raw_header())
            }

            convrelay_auth_token  off;
            convrelay_twiml       wss://calls.example.com/headers/ws;
        }

        location = /headers/ws {
            access_by_lua_block {
                ngx.shared.calls:rpush("headers", ngx.req.raw_header())
            }

            convrelay_auth_token  off;
            convrelay;
            convrelay_mock_llm    interval=1ms;
        }

        location = /sent {
            content_by_lua_block {
                local calls = ngx.shared.calls

                for i = 1, calls:llen("headers") do
                    ngx.print(calls:lpop("headers"))
                end
            }
        }

        location = /drops {
            default_type  text/xml;
            return 200 '<Response><Connect action="/action"><ConversationRelay
                        url="wss://calls.example.com/cut"/></Connect></Response>';
        }

        location = /cut {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()

                ws:read()
                ws:text("One ")
            }
        }

        # TwiML that Twilio would not like, or not take

        location = /odd {
            default_type  text/xml;
            return 200 '<Response><Connect><ConversationRelay
                        url="https://calls.example.com/ws" interruptable="any"
                        speechTimeout="10"/></Connect></Response>';
        }

        # redirects: one that ends well, and those that do not

        location = /moved {
            content_by_lua_block {
                ngx.header.location = "http://127.0.0.1:" .. ngx.var.server_port
                                      .. "/arrived?" .. ngx.var.arg_status
                ngx.exit(tonumber(ngx.var.arg_status))
            }
        }

        location = /arrived {
            content_by_lua_block {
                ngx.req.read_body()
                ngx.shared.calls:rpush("arrived", ngx.req.get_method() .. " "
                                       .. ngx.var.args .. " "
                                       .. (ngx.req.get_post_args().From or "-"))

                ngx.header.content_type = "text/xml"
                ngx.print('<Response><Connect action="end">'
                          .. '<ConversationRelay '
                          .. 'url="wss://calls.example.com/ws"/></Connect>'
                          .. '</Response>')
            }
        }

        location = /end {
            return 307 /deep/down;
        }

        location = /deep/down {
            default_type  text/xml;
            return 200 '<Response/>';
        }

        location = /arrivals {
            content_by_lua_block {
                local calls = ngx.shared.calls

                for i = 1, calls:llen("arrived") do
                    ngx.say(calls:lpop("arrived"))
                end
            }
        }

        location = /around {
            return 302 /around;
        }

        location = /nowhere {
            content_by_lua_block {
                ngx.status = 302
                ngx.say("somewhere else")
            }
        }

        location = /elsewhere {
            return 302 ftp://127.0.0.1/;
        }

        location = /to-signed {
            return 302 $arg_scheme://$http_host/signed/elsewhere;
        }

        location = /signed/elsewhere {
            convrelay_auth_token  secret;
            convrelay_twiml       wss://127.0.0.1:%%PORT%%/relay;
        }

        location = /dial {
            default_type  text/xml;
            return 200 '<Response><Say>Hi</Say><Dial/></Response>';
        }

        location = /torn {
            default_type  text/xml;
            return 200 '<Response><Connect>';
        }

        location = /failing {
            return 500;
        }

        location = /lua {
            content_by_lua_block {
                require("convrelay_server").serve(ngx.var.arg_fault)
            }
        }

        # numbered answers that lack a number, have one twice, or go on

        location = /numbers {
            content_by_lua_block {
                local server = require "convrelay_server"
                local fault = ngx.var.arg_fault

                function server.compose()
                    local tokens = {}

                    for i = 1, 30 do
                        local n = fault == "swapped" and (i == 9 and 10
                                                          or i == 10 and 9)
                                  or i

                        if not (fault == "lost" and i == 7) then
                            tokens[#tokens + 1] = " " .. n
                        end

                        if fault == "doubled" and i == 7 then
                            tokens[#tokens + 1] = " " .. n
                        end
                    end

                    return tokens
                end

                server.serve(fault)
            }
        }
    }
_EOC_

my $pem = $nginx->dir . '/conf/tls.pem';

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a"
       . " -addext subjectAltName=IP:127.0.0.1 -keyout $pem -out $pem.crt"
       . " 2> /dev/null && cat $pem.crt >> $pem") == 0
    or die "no openssl\n";

$nginx->start;

my $port = $nginx->port;
my $http = "http://127.0.0.1:$port";
my $ws = "ws://127.0.0.1:$port";
my @to = ('--connect-to', "ws://127.0.0.1:$port", '--timeout', '5s');


sub diagnose {
    my $run = shift;

    return diag("exit $run->{code}\n$run->{out}\n$run->{err}");
}


# the scenarios that the project ships

my @scenarios = (
    ['demo', '/twiml', '--form', 'Lang=es-ES', '--pace', '8ms'],
    ['interruption', '/ws', '--pace', '8ms'],
    ['interruption', '/ws', '--pace', '0ms'],
    ['keypad', '/ws'],
    ['silence', '/twiml'],
    ['presence', '/slow'],
    ['nudge', '/nudge', '--pace', '8ms'],
    ['failing-llm', '/refuses'],
    ['failing-llm', '/breaks'],
    ['handoff', '/handoff'],
    ['parameters', '/history'],
);

for my $case (@scenarios) {
    my ($name, $path, @args) = @$case;

    # the agent of the demo greets with its own words

    my $text = ConvRelay::Caller::slurp("$root/t/scenarios/$name.txt");

    $text =~ s/voice assistant/Hello, caller./;

    my $url = exists $llm{$path} || $path eq '/slow' ? "$ws$path"
                                                     : "$http$path";
    my $run = caller_run(\$text, '--tap', '-s', '-', @to, @args, $url);

    ok($run->{code} eq '0' && $run->{out} =~ /^1\.\.\d+$/m,
       "scenario $name against $path @args")
    or diagnose($run);

    is($run->{err}, '', '... without a warning');
}

# the second session of the call above ended, too

is(`curl -s $http/actions`, <<'_EOC_', 'what the action URL received');
ended in-progress {"reason":"live-agent"} -
completed completed - -
_EOC_

my $run = caller_run('-e', 'Hi', @to, "$http/drops");

is($run->{code}, 5, 'a connection that breaks off');
is($run->{err}, "convrelay-call: the server closed the connection in the"
                . " middle of the call, without a Close\n",
   '... is reported in one line');
is(`curl -s $http/actions`, "failed in-progress - 64105\n",
   '... and to the action URL');


# expectations that do not hold

$run = caller_run(\<<'_EOC_', '--tap', '--pace', '1ms', '-s', '-', @to, "$http/twiml");
expect greeting contains: Good morning
caller: Name three trees.
expect contains: palm
expect not contains: oak
expect matches: ^[Oo]ak$
expect first token under 0 ms
expect no token after interrupt
expect contains: ${heard}
interrupt after 100 characters
expect silence 10 ms
_EOC_

is($run->{code}, 1, 'a failed expectation gives exit code 1');
is(join(' ', $run->{out} =~ /^((?:not )?ok \d+)/mg),
   'not ok 1 not ok 2 not ok 3 not ok 4 not ok 5 not ok 6 not ok 7 '
   . 'not ok 8 ok 9', '... and "not ok" lines')
or diagnose($run);
like($run->{out}, qr/^#   the greeting is "Hello, caller\."$/m,
     '... with the reason');

$run = caller_run('--tap', '-s', "$root/t/scenarios/interruption.txt", @to,
                  "$ws/lua?fault=interrupt");
is($run->{code}, 1, 'a server that ignores interruptions fails the scenario');
like($run->{out}, qr/^not ok \d+ - .*no token after interrupt$/m,
     '... at the right line');


# what machines read

$run = caller_run('--json', '-e', 'Name three trees.', @to, "$http/twiml");
is($run->{code}, 0, '--json');
is($run->{json}{exit}, 0, '... has the exit code');
is($run->{json}{turns}[0]{prompt}, 'Name three trees.', '... the prompt');
like($run->{json}{turns}[0]{answer}, qr/birch/, '... the answer');
ok($run->{json}{turns}[0]{tokens} > 5
   && defined $run->{json}{turns}[0]{first_token_ms}, '... and figures');

$run = caller_run(\"caller: Hi\nexpect contains: x\"y\n", '--json', '-s', '-',
                  @to, "$http/twiml");
is($run->{code}, 1, '--json with a failed expectation');
is_deeply([ @{$run->{json}{checks}[0]}{qw( line step )} ],
          [ 2, 'expect contains: x"y' ], '... names the line');

$run = caller_run('--json', '-e', 'Hi', @to, "$http/failing");
is($run->{json}{exit}, 3, '--json without a call');


ok($run->{json}{callSid} && $run->{json}{from} eq '+15550100001'
   && !defined $run->{json}{greeting}, '... and who called');

$run = caller_run(\"caller: Hi\ndtmf: 12#\ndtmf: 3\nhangup\n", '--json', '-s',
                  '-', @to, "$http/twiml");
is($run->{json}{greeting}, 'Hello, caller.', '... the greeting');
is_deeply($run->{json}{keys}, [ '12#', '3' ], '... the keys');
is_deeply($run->{json}{close}, { by => 'caller', code => 1000 },
          '... and who closed the call');

$run = caller_run('--json', '-e', 'A person, please.', @to, "$http/handoff");
is($run->{json}{handoff}, '{"reason":"live-agent"}', '... and the hand-off data');


# green only when something was held

my $dir = File::Temp->newdir;
my $excuse = 'I ran into a temporary issue while generating a response.';

sub scenario {
    my ($name, $text) = @_;

    open my $fh, '>', "$dir/$name" or die "$dir/$name: $!\n";
    print $fh $text;
    close $fh;

    return ('-s', "$dir/$name");
}

$run = caller_run('-e', 'Hi', '-e', 'Hello', "$ws/refuses");
is($run->{code}, 1, 'an agent that has nothing but its error message');
like($run->{out}, qr/^ +FAILED  an answer that is not "\Q$excuse\E": there was/m,
     '... fails, and says why');

$run = caller_run('--tap', '-e', 'Hi', "$ws/refuses");
like($run->{out}, qr/^not ok 1 - an answer that is not ".*^1\.\.1$/ms,
     '... in TAP as well');

for my $case (['--fail-on', ''], ['--fail-on', 'palm'], ['--no-checks'],
              [scenario('expects', "caller: Hi\nexpect contains: issue\n")],
              [scenario('matches', "caller: Hi\nexpect matches: temp.*issue\n")])
{
    $run = caller_run(@$case, '-e', 'Hi', "$ws/refuses");
    is($run->{code}, 0, "... passes with @$case") or diagnose($run);
}

$run = caller_run(scenario('other', "caller: Hi\nexpect contains: a\n"
                                    . "expect not contains: palm\n"),
                  "$ws/breaks");
is($run->{code}, 0, '... and where other words were spoken') or diagnose($run);

$run = caller_run('--fail-on', 'palm', '--fail-on', 'birch', '-e',
                  'Name three trees.', "$ws/ws");
is($run->{code}, 1, '--fail-on with a text that is in an answer');
like($run->{out}, qr/FAILED  no answer with "birch" in it: The first/, '... names it');

for my $case ([$dir, 'is a directory'], ['empty', 'has no step', ''],
              ['comments', 'has no step', "# nothing\n\n"],
              ['sets', 'has no step', "set A: b\n"],
              ['bom', 'is UTF-16, save it as UTF-8', "\xff\xfec\0"],
              ['unknown', 'line 2 has ${nope}, which is not set',
               "caller: Hi\nexpect contains: \${nope}\n"],
              ['regex', 'line 1 has an invalid POSIX extended expression',
               "expect matches: ([\n"],
              ['late', 'line 3 comes after "hangup"',
               "caller: Hi\nhangup\ncaller: Hello\n"],
              ['unit', 'line 1 has a time without a unit, write "5 ms" or',
               "wait 5\n"],
              ['typo', 'line 1 is not a step: "Caller: Hi"; did you mean'
                       . ' "caller: Hi"?', "Caller: Hi\n"])
{
    my ($file, $says, $text) = @$case;
    my @scenario = defined $text ? scenario($file, $text) : ('-s', "$file");

    $run = caller_run(@scenario, "$ws/ws");
    is($run->{code}, 2, "a scenario that $says");
    like($run->{err}, qr/^convrelay-call: \Q$scenario[1]: $says\E[^\n]*\n\z/,
         '... is refused in one line');
    is($run->{out}, '', '... before the call');
}

$run = caller_run(scenario('some', "\xef\xbb\xbfcaller: \${SAID}  # a comment\n"),
                  '--set', 'SAID=Name three trees.', "$ws/ws");
is($run->{code}, 0, 'a scenario without expectations') or diagnose($run);
like($run->{out}, qr/^caller    Name three trees\.$/m,
     '... with a byte order mark and a comment after a step');
like($run->{out}, qr/^0 expectations: nothing was judged$/m, '... which is reported');

# a tool that was called, and those that were not

$run = caller_run(scenario('tool', "caller: Are you open?\n"
                                   . "expect tool opening_hours\n"
                                   . "expect contains: closed\n"), "$ws/ws");
is($run->{code}, 0, 'a tool was called') or diagnose($run);

$run = caller_run(scenario('no-tool', <<'_EOC_'), '-q', "$ws/ws");
caller: Are you open?
expect tool hours
expect tool opening_hour
expect tool opening_hours
caller: Hello
expect tool opening_hours
_EOC_
is($run->{code}, 1, 'tools that were not called');
is(join(' ', $run->{out} =~ /^ +FAILED .*no-tool:(\d+): expect tool/mg), '2 3 6',
   '... fail with file and line') or diagnose($run);
like($run->{out}, qr/"hours says: " is not in the answer "opening_hours says: /,
     '... and with the answer');


# an agent that restarts its answer, and one that does not ask

$run = caller_run('-q', '-s', "$root/t/scenarios/presence.txt", "$ws/restarts");
is($run->{code}, 1, 'an agent that a "Hello?" restarts');
like($run->{out}, qr/FAILED  \S+presence\.txt:7: expect contains: marigold/,
     '... fails with file and line') or diagnose($run);

$run = caller_run('-q', '-s', "$root/t/scenarios/nudge.txt", '--pace', '1ms',
                  "$ws/slow");
is($run->{code}, 1, 'an agent that bears silence');
like($run->{out}, qr/FAILED  \S+nudge\.txt:9: expect speech within 3 s: not a/,
     '... fails with file and line') or diagnose($run);

$run = caller_run(scenario('too-late', "caller: Hi\nwait for answer\n"
                                       . "presence: Hello?\n"), "$ws/slow");
is($run->{code}, 1, 'a "Hello?" when no answer is pending');
like($run->{out}, qr/too-late:3: presence: Hello\?: no answer is pending/,
     '... fails with the reason') or diagnose($run);


# what Twilio reports of both voices, in its order

$run = caller_run(scenario('order', <<'_EOC_'), '--pace', '8ms', '--record',
caller: Name three trees.
interrupt after 12 characters
partial: Sto
caller: Stop.
_EOC_
                  "$dir/order.jsonl", @to, "$http/nudge");
is($run->{code}, 0, 'a call with all events') or diagnose($run);

my @sent = map { my $m = JSON::PP::decode_json($_)->{message};
                 !$m ? () : $m->{type} eq 'info' ? "$m->{name} $m->{value}"
                 : $m->{type} eq 'prompt' ? $m->{last} ? 'prompt' : 'partial'
                 : $m->{type} }
           grep { /"from":"caller"/ }
           split /\n/, ConvRelay::Caller::slurp("$dir/order.jsonl");

is(join(', ', @sent[0 .. 15]),
   'setup, agentSpeaking on, tokensPlayed Hello,, tokensPlayed  caller.,'
   . ' agentSpeaking off,'
   . ' clientSpeaking on, clientSpeaking off, prompt, agentSpeaking on,'
   . ' clientSpeaking on, tokensPlayed The first on, interrupt,'
   . ' agentSpeaking off, partial, clientSpeaking off, prompt', '... sends them as Twilio does');


# what the manual and the docs show is understood, line by line

my ($page) = ConvRelay::Caller::slurp("$root/src/caller/convrelay-call.1")
    =~ /^\.SH SCENARIOS\n.*?^\.RS\n(.*?)^\.RE\n/ms;
my ($docs) = ConvRelay::Caller::slurp("$root/docs/convrelay-call.md")
    =~ /^```\n(# trees\.txt: .*?)^```\n/ms;

for my $line (grep { /\S/ } split /\n/, "$page$docs") {
    $run = caller_run(scenario('line', "wait 0 ms\n$line\n"),
                      "ws://127.0.0.1:@{[ $nginx->port(9) ]}/");
    is($run->{code}, 4, "a step of the manual: $line") or diagnose($run);
}

$run = caller_run(scenario('trees.txt', $docs =~ s/Ask me/Hello/r
                                        =~ s/ anything//r), @to, '--pace',
                  '8ms', "$http/twiml");
is($run->{code}, 0, 'the scenario of the docs') or diagnose($run);
like($run->{out}, qr/^5 of 5 expectations held$/m, '... holds');

# several scenarios are several calls

my @several = (scenario('a.txt', "caller: Name three trees.\n"
                                 . "expect contains: birch\nhangup\n"),
               scenario('b.txt', "caller: Hello!\n\nexpect contains: pizza\n"));

$run = caller_run(@several, "$ws/ws");
is($run->{code}, 1, 'two scenarios are two calls');
like($run->{out}, qr{^ +FAILED  \Q$dir\E/b\.txt:3: expect contains: pizza}m,
     '... a failure names file and line');
is(scalar(() = $run->{out} =~ /connected to/g), 2, '... each has its own');

$run = caller_run('--tap', @several, "$ws/ws");
like($run->{out}, qr{^ok 1 - \Q$dir\E/a\.txt:2: .*^not ok 2 - \Q$dir\E/b\.txt:3: .*^1\.\.2$}ms,
     '... in one TAP report');

$run = caller_run('--json', @several, '-e', 'Name three trees.', "$ws/ws");
is(scalar(@{$run->{json}{calls}}), 2, '... and in one JSON document');
is_deeply([ map { "$_->{file} " . scalar @{$_->{turns}} }
            @{$run->{json}{calls}} ], [ "$dir/a.txt 1", "$dir/b.txt 2" ],
          '... with the files, and --say in the last one');
is($run->{json}{exit}, 1, '... and one exit code');

$run = caller_run('--tap', @several[0, 1], @several[0, 1], "$ws/none");
is($run->{code}, 4, 'two calls that do not come about');
like($run->{out}, qr{^not ok 1 - \Q$dir\E/a\.txt: the call\n\#   exit code 4\n}m,
     '... are failures in TAP');

$run = caller_run('--record', "$dir/none", @several, "$ws/ws");
is($run->{code}, 2, 'they are not recorded into one file');

$run = caller_run(scenario('drop', "caller: Hi\ndrop\ncaller: Hello\n"), "$ws/ws");
is($run->{code}, 1, 'a step after the end of the call');
like($run->{out}, qr/drop:3: caller: Hello: the call ended at line 2$/m,
     '... says since when');


# record, and replay


$run = caller_run(\<<'_EOC_', '--record', "$dir/call", '--pace', '5ms', '-s', '-',
caller: Name ten cities.
interrupt after 31 characters
caller: What have we said so far?
dtmf: 5
caller: Name three trees.
wait for answer
caller: Count to 200.
wait 60 ms
caller over: Hello!
hangup
_EOC_
                  @to, "$http/twiml");
is($run->{code}, 0, '--record') or diagnose($run);

my @lines = split /\n/, ConvRelay::Caller::slurp("$dir/call");
my @frames = map { JSON::PP->new->utf8->decode($_) } @lines;

is($frames[0]{message}{type}, 'setup', '... begins with setup');
is($frames[-1]{close}, 1000, '... ends with Close');
ok(!(grep { $frames[$_]{t} < $frames[$_ - 1]{t} } 1 .. $#frames),
   '... in the order of time');

my ($answer) = map { $_->{message}{token} } grep {
    $_->{from} eq 'server' && ($_->{message}{token} // '') =~ /birch/
} @frames;
ok(defined $answer, '... contains the tokens');

for my $how ([], ['--fast']) {
    $run = caller_run('--tap', '--replay', "$dir/call", @$how, @to,
                      "$http/twiml");
    is($run->{code}, 0, "--replay @$how") or diagnose($run);
    cmp_ok(scalar(() = $run->{out} =~ /^ok/mg), '==', 4,
           '... compares all answers that had begun');
    like($run->{out}, qr/^ok 1 - \Q$dir\E\/call:\d+: the same answer/m,
         '... and names file and line');
}

# a recording that a server wrote, and one without the server's side

my $written = join "\n", map {
    my $frame = JSON::PP->new->utf8->decode($_);

    JSON::PP->new->utf8->encode({
        t => '2026-01-02T03:04:05Z', ms => $frame->{t} + 1e12,
        dir => $frame->{from} eq 'caller' ? 'in' : 'out',
        exists $frame->{close} ? (close => $frame->{close})
                               : (frame => $frame->{message})
    })
} @lines;

scenario('server', $written);
$run = caller_run('--tap', '--replay', "$dir/server", '--fast', @to,
                  "$http/twiml");
is($run->{code}, 0, '--replay of "dir" and "frame"') or diagnose($run);
cmp_ok(scalar(() = $run->{out} =~ /^ok/mg), '==', 4, '... compares the same');

scenario('half', join "\n", grep { !/"from":"server"/ } @lines);
$run = caller_run('--replay', "$dir/half", '--fast', @to, "$http/twiml");
is($run->{code}, 2, '--replay of a recording without answers');
like($run->{err}, qr/half: has no answer from the server, so there is nothing to/,
     '... is refused');

$run = caller_run('--replay', "$dir/half", '--fast', '--no-checks', @to,
                  "$http/twiml");
is($run->{code}, 0, '... unless nothing is judged') or diagnose($run);

for my $case (['void', 'is empty', ''], ['odd', 'has no message', "{}\n"],
              ['torn', 'line 1 is not JSON', "{\n"])
{
    scenario(@$case[0, 2]);
    $run = caller_run('--replay', "$dir/$case->[0]", @to, "$http/twiml");
    is($run->{code}, 2, "a recording that $case->[1]");
    like($run->{err}, qr/$case->[0]: \Q$case->[1]\E/, '... is refused');
}

my $other = ConvRelay::Caller::slurp("$dir/call");
$other =~ s/birch/palm!/g;

open my $fh, '>', "$dir/other" or die;
print $fh $other;
close $fh;

$run = caller_run('--tap', '--replay', "$dir/other", '--fast', @to,
                  "$http/twiml");
is($run->{code}, 1, '--replay of another answer fails');
like($run->{out}, qr/^#   from byte \d+ on it was ".*palm!.*" and is ".*birch/m,
     '... and shows where they differ');

open $fh, '>', "$dir/elsewhere" or die;
print $fh <<'_EOC_';
{"t":0,"from":"caller","message":{"type":"setup","customParameters":{"a":"b"}}}
{"t":100,"from":"caller","message":{"type":"prompt","voicePrompt":"Hello"}}
{"t":200,"from":"server","message":{"type":"text","token":"Hello! How can I help you today?","last":true}}
_EOC_
close $fh;

$run = caller_run('--replay', "$dir/elsewhere", @to, "$ws/ws");
is($run->{code}, 0, '--replay of a recording made elsewhere') or diagnose($run);


# signatures, and tickets that are made for one call

$run = caller_run('--auth-token', 'secret', '--plain', '--record',
                  "$dir/signed", '-e', 'Hi', "$http/signed");
is($run->{code}, 0, 'a call with a ticket') or diagnose($run);

$run = caller_run('--auth-token', 'secret', '--plain', '--fast', '--replay',
                  "$dir/signed", "$http/signed");
is($run->{code}, 0, '... is replayed with a new one') or diagnose($run);

$run = caller_run('--auth-token', 'secret', '-e', 'Hi', '--plain',
                  '--timeout', '5s', "$http/signed");
is($run->{code}, 0, '--auth-token signs webhook and handshake')
or diagnose($run);

$run = caller_run('--auth-token', 'other', '-e', 'Hi', "$http/signed");
is($run->{code}, 3, '... with another one there is no TwiML');
is($run->{err}, "convrelay-call: POST $http/signed: the server answered 403"
                . " (Twilio alert 11200); it was signed for \"$http/signed\","
                . " see \"X-Twilio-Signature\" in the server's error log\n",
   '... and why');

$run = caller_run('-e', 'Hi', "$http/signed");
is($run->{code}, 3, '... nor without one');
is($run->{err}, "convrelay-call: POST $http/signed: the server answered 403"
                . " (Twilio alert 11200); it was not signed: that needs"
                . " --auth-token or TWILIO_AUTH_TOKEN\n", '... and why');

# a tunnel's part: the public host as Host, the local one as the address

for my $public ('https://voice.example.com', 'https://voice.example.com/') {
    $run = caller_run('--auth-token', 'secret', '-e', 'Hi', @to,
                      '--public-url', $public, "$http/signed");
    is($run->{code}, 0, "--public-url $public: signed, and said as Host")
    or diagnose($run);

    $run = caller_run('--auth-token', 'secret', '-e', 'Hi',
                      '--public-url', $public, "$ws/relay");
    is($run->{code}, 0, '... the same for a relay') or diagnose($run);
}

$run = caller_run('--auth-token', 'secret', '-e', 'Hi', '--plain',
                  '--public-url', 'https://voice.example.com',
                  "$http/to-signed?scheme=https");
is($run->{code}, 0, '... a redirect to the public URL goes to the local server')
or diagnose($run);
like($run->{out}, qr{GET https://voice\.example\.com/signed/elsewhere: 200},
     '... by its public name');

for my $case (['voice.example.com', 'has no scheme'],
              ['https://voice.example.com/?a', 'has a query or a fragment'])
{
    $run = caller_run('--public-url', $case->[0], "$http/twiml");
    is($run->{code}, 2, "--public-url $case->[0] is refused");
    like($run->{err}, qr/^convrelay-call: --public-url "[^"]+" $case->[1]/,
         '... and why');
}

$run = caller_run('--auth-token', 'secret', '-e', 'Hi', "$ws/relay");
is($run->{code}, 0, '... the same for a relay URL, which Twilio calls wss')
or diagnose($run);

$run = caller_run('-e', 'Hi', "$ws/relay");
is($run->{code}, 4, '... and without it no WebSocket');
is($run->{err}, "convrelay-call: $ws/relay: the server answered"
                . " \"403 Forbidden\" to the WebSocket handshake\n",
   '... which is reported');


# TLS

my $tls = '127.0.0.1:' . $nginx->port(2);

$run = caller_run('-e', 'Hi', '--cacert', $pem, "https://$tls/twiml");
is($run->{code}, 0, '--cacert trusts a certificate') or diagnose($run);

$run = caller_run('-e', 'Hi', '--insecure', "https://$tls/twiml");
is($run->{code}, 0, '--insecure does not look at it') or diagnose($run);

for my $case ([3, "https://$tls/twiml", '; --cacert FILE trusts it,'
                                        . ' --insecure does not verify it'],
              [4, "wss://$tls/ws", '; --cacert FILE trusts it, --insecure does'
                                   . ' not verify it'],
              [3, "https://127.0.0.1:$port/twiml",
               '; the server does not speak TLS'],
              [4, "wss://127.0.0.1:$port/ws", "127.0.0.1:$port does not speak"
               . " TLS: write ws://127.0.0.1:$port, or --plain"],
              [4, "$http/twiml", "127.0.0.1:$port does not speak TLS: write"
               . " --connect-to ws://127.0.0.1:$port, or --plain",
               '--connect-to', "127.0.0.1:$port"])
{
    my ($code, $url, $says, @args) = @$case;

    $run = caller_run('-e', 'Hi', @args, $url);
    is($run->{code}, $code, "@args $url");
    like($run->{err}, qr/^convrelay-call: [^\n]*\Q$says\E\n\z/, "... $says");
}


# headers, those of the webhook's request first

sub sent {
    my $name = shift;

    return join '; ', `curl -s $http/sent` =~ /^((?:$name):[^\r\n]*)/img;
}

$run = caller_run('-e', 'Hi', @to, "$http/headers");
is($run->{code}, 0, 'a call without --header') or diagnose($run);
is(sent('Accept|User-Agent|Upgrade|Origin'),
   'User-Agent: TwilioProxy/1.1; Accept: */*; '
   . 'Upgrade: websocket; User-Agent: Jetty/11.0.24',
   '... sends what Twilio sends');

$run = caller_run('-e', 'Hi', @to, '--header', 'Origin: https://calls.example.com',
                  '--header', 'X-One: 1', '--header', 'x-one:2',
                  '--header', 'accept:', '--header', 'user-agent: mine',
                  '--header', 'Pragma:', "$http/headers");
is($run->{code}, 0, '--header') or diagnose($run);
is(sent('Origin|X-One|Accept|User-Agent|Pragma|Cache-Control'),
   'Origin: https://calls.example.com; X-One: 1; x-one: 2; user-agent: mine; '
   . 'Cache-Control: no-cache; Origin: https://calls.example.com; X-One: 1; '
   . 'x-one: 2; user-agent: mine',
   '... reaches webhook and relay, replaces headers and removes them');

$run = caller_run('-e', 'Hi', @to, '--header', 'Origin: https://a.example',
                  "$http/headers");
is($run->{code}, 4, 'a page of another host gets no WebSocket');
like($run->{err}, qr/answered "403 Forbidden" to the WebSocket handshake/,
     '... which is reported');

for my $header ('Origin', ': x', 'Or igin: x', "Origin: a\r\nX: y") {
    $run = caller_run('--header', $header, "$http/headers");
    is($run->{code}, 2, '--header that is not one');
    like($run->{err}, $header =~ /\r/
         ? qr/^convrelay-call: header "Origin" has a control character/
         : qr/^convrelay-call: "\Q$header\E" is not a header, write "NAME: VALUE"$/,
         '... is refused');
}


# redirects, as Twilio follows them

for my $status (301, 302, 303, 307) {
    $run = caller_run('-e', 'Hi', @to, "$http/moved?status=$status");
    is($run->{code}, 0, "$status is followed") or diagnose($run);
    like($run->{out}, qr{redirected to http://127\.0\.0\.1:$port/arrived},
         '... which is reported');
    is(`curl -s $http/arrivals`, ($status == 307 ? 'POST' : 'GET')
       . " $status " . ($status == 307 ? '+15550100001' : '-') . "\n",
       '... ' . ($status == 307 ? 'by POST' : 'by GET, without the form'));
}

for my $case (['/moved?status=308', 'answered 308, which Twilio does not'
                                    . ' follow (Twilio alert 11216)'],
              ['/nowhere', 'answered 302 without a "Location" (Twilio alert'
                           . ' 11216)'],
              ['/around', 'more than 10 redirects (Twilio alert 11215)'],
              ['/elsewhere', 'URL "ftp://127.0.0.1/" has a scheme other than'])
{
    $run = caller_run('-e', 'Hi', @to, "$http$case->[0]");
    is($run->{code}, 3, "$case->[0] is not followed");
    like($run->{err}, qr/^convrelay-call: [^\n]*\Q$case->[1]\E[^\n]*\n\z/,
         '... and why');
}

$run = caller_run('-e', 'Hi', '--auth-token', 'secret', '--plain', '--timeout',
                  '5s', "$http/to-signed?scheme=http");
is($run->{code}, 0, 'a redirected request is signed for its own URL')
or diagnose($run);


# TwiML as Twilio would see it

$run = caller_run('-e', 'Hi', @to, "$http/odd");
like($run->{err}, qr/attribute "interruptable" of .* did you mean "interruptible"\?/,
     'an unknown attribute is reported');
like($run->{err}, qr/speechTimeout="10" of <ConversationRelay> is not valid/, '... a bad value');
like($run->{err}, qr/64102/, '... a wrong scheme');
is($run->{code}, 4, '... and the relay cannot be reached');

for my $case (['/dial', 'the TwiML has no <ConversationRelay> in a <Connect>,'
                        . ' but <Say> <Dial>'],
              ['/torn', "POST $http/torn: the TwiML"],
              ['/failing', "POST $http/failing: the server answered 500"
                           . ' (Twilio alert 11200)'])
{
    $run = caller_run('-e', 'Hi', @to, "$http$case->[0]");
    is($run->{code}, 3, "$case->[0] is not usable TwiML");
    like($run->{err}, qr/^convrelay-call: \Q$case->[1]\E[^\n]*\n\z/,
         '... reported in one line');
}

$run = caller_run('--get', '-e', 'Hi', @to, "$http/twiml");
is($run->{code}, 0, '--get requests the TwiML by GET');


# options

for my $case (['there is no URL'], ['there are two URLs', "$ws/", "$ws/"],
              ['is not a time', '--timeout', 'soon', $ws],
              ['has no unit, write 5ms or 5s', '--timeout', '5', $ws],
              ['is not NAME=VALUE', '--form', 'x', $ws],
              ['belongs to "load"', '--calls', '3', $ws],
              ['is not a number from 1', 'load', '--calls', '0', $ws],
              ['No such file', '-s', "$dir/none", $ws],
              ['no scheme', '-e', 'Hi', 'calls.example.com'],
              ['load takes no scenario', 'load', '-s',
               "$root/t/scenarios/demo.txt", $ws])
{
    my ($says, @args) = @$case;

    $run = caller_run(@args);
    is($run->{code}, $says eq 'no scheme' ? 3 : 2, "wrong options: @args");
    like($run->{err}, qr/^[^\n]*\Q$says\E[^\n]*\n\z/, "... $says");
    is($run->{out}, '', '... and nothing else');
}

$run = caller_run(\"caller Hi\n", '-s', '-', $ws);
is($run->{code}, 2, 'a mistake in a scenario');
is($run->{err}, "convrelay-call: -: line 1 is not a step: \"caller Hi\"; did"
                . " you mean \"caller: Hi\"?\n", '... is reported with its line');

for my $option ('--help', '--version') {
    $run = caller_run($option);
    is($run->{code}, 0, $option);
    is(scalar(grep { length > 80 } split /\n/, $run->{out}), 0,
       '... fits a terminal');
    unlike($run->{out}, qr/\x1b/, '... without colour');
}


# load

my @load = ('load', '--calls', '50', '--rate', '100', '--turns', '2',
            '--think', '50ms', '--seed', '7', '--timeout', '5s');

$run = caller_run(@load, '--interrupt', '20%', '--talk-over', '10%',
                  '--hangup', '5%', '--tokens', '40', "$ws/count");
is($run->{code}, 0, 'a load of 50 calls') or diagnose($run);
like($run->{out}, qr/^calls +50 started/m, '... which were held');
like($run->{out}, qr/^lost 0, doubled 0, reordered 0, stray after an interrupt 0,$/m,
     '... without a token lost');
like($run->{out}, qr/^first token +\d+ +[\d.]+/m, '... with percentiles');
is($run->{err}, '', '... and no progress without a terminal');

like($run->{out}, qr/\n\nok: 50 calls, \d+ turns, \d+ tokens, nothing lost\n\z/,
     '... and a verdict at its end');

$run = caller_run(@load, '--json', '--tokens', '40', @to,
                  "$ws/count");
is($run->{code}, 0, 'a load with --json') or diagnose($run);
is_deeply([ @{$run->{json}}{qw( calls completed tokens lost stray exit )} ],
          [ 50, 50, 4000, 0, 0, 0 ], '... counts all tokens');
is($run->{json}{verdict}, 'ok: 50 calls, 100 turns, 4000 tokens, nothing lost',
   '... with the verdict');
ok(!exists $run->{json}{added_delay_us}, '... and no figure without a value');

$run = caller_run(@load, '--json', @to, "$ws/spoken");
is($run->{code}, 0, 'a load with the filter of speech') or diagnose($run);
is_deeply([ @{$run->{json}}{qw( calls completed lost stray exit )} ],
          [ 50, 50, 0, 0, 0 ], '... loses nothing');

$run = caller_run('load', '--calls', '3', '--think', '10ms', "$ws/refuses");
is($run->{code}, 1, 'a load in which every answer is the error message');
like($run->{out}, qr/\nFAILED: every answer was "\Q$excuse\E"\n\z/,
     '... fails, and its verdict says so');

$run = caller_run('load', '--calls', '3', '--turns', '1', '--fail-on', 'birch',
                  '-e', 'Name three trees.', "$ws/ws");
is($run->{code}, 1, 'a load with --fail-on');
like($run->{out}, qr/\nFAILED: 3 answers with what --fail-on names\n\z/,
     '... counts the answers');

$run = caller_run('load', '--calls', '3', '--turns', '1', '--fail-on', '',
                  "$ws/refuses");
is($run->{code}, 0, '... and an empty one allows the error message')
or diagnose($run);

for my $case (['lost', 'lost'], ['doubled', 'doubled'],
              ['swapped', 'reordered'],
              ['interrupt', 'stray', '--interrupt', '100'],
              ['answer-once', 'closed_twice'],
              ['prompt-over', 'not_numbered', '--talk-over', '100', '-e', 'x'])
{
    my ($fault, $figure, @args) = @$case;

    $run = caller_run('load', '--calls', '4', '--rate', '50', '--turns', '2',
                      '--think', '20ms', '--seed', '3', '--json', '--tokens',
                      '30', '--timeout', '3s', @args,
                      "$ws/numbers?fault=$fault");
    is($run->{code}, 1, "a load fails where the server has the fault $fault")
    or diagnose($run);
    cmp_ok($run->{json}{$figure}, '>', 0, "... it counts as $figure")
        if $fault ne 'prompt-over';
}

$run = caller_run('load', '--calls', '3', '--think', '10ms',
                  "$ws/numbers?fault=none", '--tokens', '30', '--json');
is($run->{code}, 0, 'the same server without a fault passes')
or diagnose($run);

# the keyboard, at a terminal, which "script" is, without an input line

my $typed = `{ sleep 1; printf 'Name three trees.\\n'; sleep 2; printf 'Hello!\\n/help\\n/nope\\n'; \\
    sleep 1; printf '/hangup\\n'; sleep 1; } | TERM=dumb script -qec \\
    "@{[ caller_path() ]} --color never $ws/ws" /dev/null 2>&1`;

like($typed, qr/type what the caller says; \/help lists/,
     'the keyboard says what to do');
like($typed, qr/The third one is birch\./, '... a line is answered');
unlike($typed, qr/interrupted/, '... and the next one does not interrupt it');
like($typed, qr/Ctrl-C +interrupts the agent/, '... /help lists the commands');
like($typed, qr/"\/nope" is not a command; \/help lists them/,
     '... and an unknown one is reported');
like($typed, qr/caller +\(hangs up\)/, '... /hangup ends the call');


# on a terminal of 60 columns

my $progress = `script -qec "stty cols 60; @{[ caller_path() ]} load --calls 6 \\
    --rate 3 --turns 1 --tokens 40 $ws/count" /dev/null < /dev/null 2>&1`;
my @progress = map { s/\e\[K//r } grep { /\e\[K *\d+ s  / }
               split /[\r\n]/, $progress;

cmp_ok(scalar @progress, '>', 1, 'a load shows its progress on a terminal')
or diag($progress);
is(scalar(grep { length > 59 } @progress), 0, '... in one line of it')
or diag("@progress");

$run = caller_run('load', '--calls', '3', '--rate', '50', "$ws/none");
is($run->{code}, 4, 'a load that does not get through');
like($run->{out}, qr/3 x the server answered "404 Not Found"/,
     '... says why, and how often');

for my $url ('ws://192.0.2.1:9/', 'ws://calls.invalid/') {
    $run = caller_run('load', $url);
    is($run->{code}, 2, "no load on $url");
    like($run->{err}, qr/is not on this machine; .*--i-own-this-server/,
         '... without the owner\'s word');
}


is(join('', grep { !/status 503|prematurely closed|refused/ }
        $nginx->complaints('crit|alert|emerg')), '', 'nginx has no complaints');

done_testing();
