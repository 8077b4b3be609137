# convrelay-call load, with connections that are lost: the calls go on where the
# action leads, all at the same time, and the report accounts for them.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $nginx = ConvRelay::Nginx->new;

$nginx->lua(<<'_EOC_');
    server {
        listen  127.0.0.1:%%PORT_1%%;

        location = /count {
            convrelay_mock_llm  answer=count tokens=20 first=20ms interval=5ms;
        }

        location = /asked {
            convrelay_mock_llm  answer=asked first=20ms interval=5ms;
        }
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_auth_token  secret;
        proxy_http_version    1.1;

        location = /twiml {
            convrelay_twiml         wss://calls.example.com/ws;
            convrelay_twiml_action  /end;
        }

        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  "reconnect /twiml max=99";
        }

        location = /ws {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%/count;
        }

        location = /asked {
            convrelay_twiml         wss://calls.example.com/asked/ws;
            convrelay_twiml_action  /asked/end;
        }

        location = /asked/end {
            convrelay_connect_action;
            convrelay_connect_reply  "reconnect /asked max=99";
        }

        location = /asked/ws {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%/asked;
        }

        # each call needs TwiML of its own

        location = /ticket {
            convrelay_twiml         wss://calls.example.com/ticket/ws;
            convrelay_twiml_action  /ticket/end;
            convrelay_ticket        secret-of-all-tickets;
        }

        location = /ticket/end {
            convrelay_connect_action;
            convrelay_connect_reply  "reconnect /ticket max=99";
            convrelay_ticket         secret-of-all-tickets;
        }

        location = /ticket/ws {
            convrelay;
            convrelay_ticket  secret-of-all-tickets;
            proxy_pass        http://127.0.0.1:%%PORT_1%%/count;
        }

        # the first request is that of the load itself

        location = /once {
            default_type  text/xml;
            content_by_lua_block {
                local n = ngx.shared.calls:incr(ngx.var.arg_then, 1, 0)

                if n == 1 then
                    ngx.say('<Response><Connect><ConversationRelay ',
                            'url="wss://calls.example.com/plain"/>',
                            '</Connect></Response>')

                elseif ngx.var.arg_then == "fails" then
                    ngx.exit(500)

                elseif ngx.var.arg_then == "hangup" then
                    ngx.say("<Response><Hangup/></Response>")

                elseif ngx.var.arg_then == "torn" then
                    ngx.say("<Response><Connect>")

                elseif ngx.var.arg_then == "resets" then
                    ngx.exit(444)

                elseif ngx.var.arg_then == "invalid" then
                    ngx.say('<Response><Connect><ConversationRelay ',
                            'url="wss://"/></Connect></Response>')

                elseif ngx.var.arg_then == "refuses" then
                    ngx.say('<Response><Connect><ConversationRelay ',
                            'url="wss://calls.example.com/none"/>',
                            '</Connect></Response>')
                end
            }
        }

        # actions that do not connect again, by their name

        location = /other {
            default_type  text/xml;
            return 200 '<Response><Connect action="/$arg_action"
                        ><ConversationRelay url="wss://calls.example.com/plain"
                        /></Connect></Response>';
        }

        location = /plain {
            convrelay;
            proxy_pass        http://127.0.0.1:%%PORT_1%%/count;
        }

        location = /hangup {
            convrelay_connect_action;
        }

        location = /fails {
            return 500;
        }

        location = /torn {
            default_type  text/xml;
            return 200 '<Response><Connect>';
        }

        location = /resets {
            return 444;
        }

        location = /around {
            return 302 /around;
        }

        location = /moved {
            return 307 /moved/there;
        }

        location = /moved/there {
            default_type  text/xml;
            return 200 '<Response><Connect action="/moved"><ConversationRelay
                        url="wss://calls.example.com/plain"
                        /></Connect></Response>';
        }

        location = /refuses {
            default_type  text/xml;
            return 200 '<Response><Connect action="/refuses"><ConversationRelay
                        url="wss://calls.example.com/none"
                        /></Connect></Response>';
        }

        # a socket that goes at once, again and again

        location = /goes {
            default_type  text/xml;
            return 200 '<Response><Connect action="/goes"><ConversationRelay
                        url="wss://calls.example.com/goes/ws"
                        /></Connect></Response>';
        }

        location = /goes/ws {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()
                ws:read()
                ws:close(1001, "so long")
            }
        }
    }
_EOC_

$nginx->start;

my $port = $nginx->port;
my @load = ('load', '--json', '--calls', '20', '--rate', '200', '--turns', '2',
            '--think', '20ms', '--tokens', '20', '--seed', '7',
            '--auth-token', 'secret', '--connect-to', "ws://127.0.0.1:$port");


sub load {
    my ($path, @args) = @_;

    return caller_run(@load, @args, "http://127.0.0.1:$port$path");
}


sub diagnose {
    my $run = shift;

    return diag("exit $run->{code}\n$run->{out}\n$run->{err}");
}


# every turn drops, and nothing is lost but what was pending

my $run = load('/twiml', '--drop', '100%');
my $json = $run->{json};

is($run->{code}, 0, 'connections are dropped, and the calls go on')
or diagnose($run);
is($run->{err} =~ s/^ *\d+ s .*\n//gmr, '', '... without a warning');

# a question that is asked again has its turn already

is($json->{drops}, 40, '... once in each turn');
is($json->{reconnects}, 40, '... each connected again');
is($json->{calls_lost}, 0, '... no call is lost');
is($json->{completed}, 20, '... all come to their end');
is($json->{reconnect_us}{n}, 40, '... the gap is measured');
cmp_ok($json->{pending}, '>', 0, '... some in mid-answer');
is($json->{asked_again}, $json->{pending},
   '... which a server that remembers nothing is asked again');
is($json->{answered_unasked}, 0, '... since it does not answer by itself');
is($json->{lost}, 0, '... and no token of another answer is missing');

$run = caller_run(grep({ $_ ne '--json' } @load), '--drop', '100%',
                  '--action-delay', '200ms', '--turns', '1',
                  "http://127.0.0.1:$port/twiml");
is($run->{code}, 0, 'the same with a delay, as text') or diagnose($run);
like($run->{out}, qr/^lost +20 dropped, 0 by the server; 20 reconnected, 0 calls/m,
     '... says what was lost');
like($run->{out}, qr/^lost to back +20 +(2\d\d|[3-9]\d\d|\d{4,})\./m,
     '... and the gap, which has the delay in it');


# the action is requested at the end of a call, too

$run = load('/twiml', '--drop', '100%', '--turns', '1');
is($run->{code}, 0, 'calls end') or diagnose($run);

my @actions = $nginx->log('access') =~ m{"POST /end}g;

is(scalar @actions, 40 + 20 + 20 + 20 + 20 + 20,
   '... and each session has had its action request');


# beside all that follows: some of its calls wait for seconds

my $tickets = caller_start(@load, '--own-twiml', '--drop', '50%',
                           "http://127.0.0.1:$port/ticket");

# what the agent remembers

$run = load('/asked', '--numbered', '--turns', '5');
is($run->{code}, 0, 'an agent that remembers all questions') or diagnose($run);
is($run->{json}{forgotten}, 0, '... has forgotten none');

$run = load('/asked', '--numbered', '--turns', '3', '--drop', '100%');
is($run->{code}, 1, 'one that forgets them with its connection');
cmp_ok($run->{json}{forgotten}, '>', 0, '... is found out');
like($run->{json}{verdict}, qr/FAILED: \d+ questions forgotten/, '... and named');

$run = load('/asked', '--numbered', '--interrupt', '10%');
is($run->{code}, 2, '--numbered does not go with --interrupt');


# no way back

my %gone = (
    '/other?action=hangup' => 'the action did not connect a call again',
    '/other?action=fails' => 'the action answered 500',
    '/other?action=torn' => "the action's answer is not TwiML",
    '/other?action=resets' => 'action: ',
    '/other?action=around' => 'the action answered 302',
    '/other?action=refuses' => 'answered "404',
);

for my $path (sort keys %gone) {
    $run = load($path, '--drop', '100%', '--turns', '1');
    $json = $run->{json};

    isnt($run->{code}, 0, "$path does not lead back");
    is($json->{calls_lost}, 20, '... each call is lost') or diagnose($run);
    is($json->{failed}, 20, '... and has failed');
    like(join(' ', keys %{$json->{errors}}), qr/$gone{$path}/, '... as reported');
}

$run = load('/other?action=moved', '--drop', '100%', '--turns', '1');
is($run->{code}, 0, 'a redirect is followed') or diagnose($run);
is($run->{json}{reconnects}, 20, '... to the new session');


# TwiML of its own for each call

$run = caller_end($tickets);
is($run->{code}, 0, 'with TwiML of its own, each call has its ticket')
or diagnose($run);
is($run->{json}{completed}, 20, '... all come to their end');
is($run->{json}{connect_us}{n}, 20, '... each has a first session');
cmp_ok($run->{json}{reconnects}, '>', 0, '... and more after it');
is($run->{json}{reconnects}, $run->{json}{drops}, '... one for each loss');

@actions = $nginx->log('access') =~ m{"POST /ticket HTTP}g;
is(scalar @actions, 1 + 20, '... and each has requested its TwiML');

$run = load('/ticket');
isnt($run->{code}, 0, "a ticket of another call's TwiML is refused");

my %refused = (
    fails   => 'the webhook answered 500',
    hangup  => 'the webhook did not connect a call',
    torn    => "the webhook's answer is not TwiML",
    resets  => 'webhook: ',
    invalid => 'the webhook has an invalid relay URL',
    refuses => 'answered "404',
);

for my $then (sort keys %refused) {
    $run = load("/once?then=$then", '--own-twiml', '--reconnect');
    $json = $run->{json};

    isnt($run->{code}, 0, "a webhook that $then connects no call");
    is($json->{failed}, 20, '... each has failed') or diagnose($run);
    is($json->{calls_lost}, 0, '... none was lost: it never began');
    like(join(' ', keys %{$json->{errors}}), qr/$refused{$then}/,
         '... as reported');
}

$run = caller_run(@load, '--own-twiml', "ws://127.0.0.1:$port/plain");
is($run->{code}, 2, 'without a webhook there is nothing to request');
like($run->{err}, qr/--own-twiml needs the URL of a webhook/, '... as it says');


# what the server loses

$run = load('/goes');
is($run->{code}, 5, 'a server that closes has broken the call');
is($run->{json}{calls_lost}, 0, '... which is not followed');

$run = load('/goes', '--reconnect');
is($run->{json}{calls_lost}, 20, 'with --reconnect it is') or diagnose($run);
is($run->{json}{reconnects}, 640, '... many times');
like(join(' ', keys %{$run->{json}{errors}}),
     qr/ended before anything was said/, '... and reported');

$nginx->stop;

done_testing();
