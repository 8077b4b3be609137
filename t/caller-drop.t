# convrelay-call and connections that are lost: by a "drop", or by the server.
# What follows is what Twilio does: the action request, and a new session of the
# same call, or the end.

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
        listen  127.0.0.1:%%PORT%%;

        # what the TwiML and the action say is in the query string

        location = /twiml {
            default_type  text/xml;
            return 200 '<Response><Connect action="/$arg_action?ws=$arg_ws&amp;next=$arg_next">
                        <ConversationRelay url="wss://calls.example.com/$arg_ws"
                        welcomeGreeting="Hello."><Parameter name="tenant"
                        value="one"/></ConversationRelay></Connect></Response>';
        }

        location = /no-action {
            default_type  text/xml;
            return 200 '<Response><Connect><ConversationRelay
                        url="wss://calls.example.com/ws"/></Connect></Response>';
        }

        location = /again {
            content_by_lua_block {
                ngx.req.read_body()
                local form = ngx.req.get_post_args()

                ngx.shared.calls:rpush("actions", table.concat({
                    form.SessionStatus, form.CallStatus, form.ErrorCode or "-",
                    form.ErrorMessage or "-", form.CallSid, form.SessionId,
                    form.SessionDuration }, "|"))

                local next = ngx.var.arg_next

                if next == "" then
                    next = ngx.var.arg_ws
                end

                ngx.header.content_type = "text/xml"
                ngx.print('<Response><Connect action="/again?ws='
                          .. next .. '&amp;next=' .. next
                          .. '"><ConversationRelay url="wss://calls.example.com/'
                          .. next
                          .. '" welcomeGreeting="Hello again.">'
                          .. '<Parameter name="tenant" value="two"/>'
                          .. '</ConversationRelay></Connect></Response>')
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

        location = /hangup {
            default_type  text/xml;
            return 200 '<Response><Hangup/></Response>';
        }

        location = /empty {
            default_type  text/xml;
            return 200 '<Response/>';
        }

        location = /dial {
            default_type  text/xml;
            return 200 '<Response><Dial>+15550100003</Dial></Response>';
        }

        location = /torn {
            default_type  text/xml;
            return 200 '<Response><Connect>';
        }

        location = /fails {
            return 500;
        }

        location = /refuses {
            return 403;
        }

        # says who called, with what, and goes on

        location = /ws {
            content_by_lua_block {
                local cjson = require "cjson"
                local ws = require("convrelay_server").accept()
                local setup

                while true do
                    local message = ws:read()

                    if not message then
                        break
                    end

                    message = cjson.decode(message)

                    if message.type == "setup" then
                        setup = message

                    elseif message.type == "prompt" then
                        ws:text(table.concat({ setup.callSid, setup.sessionId,
                                               setup.callStatus,
                                               setup.customParameters.tenant,
                                               message.voicePrompt }, "|"),
                                true)
                    end
                end

                ws:close(1000)
            }
        }

        # breaks off in its first answer, and knows the question after it

        location ~ ^/forgets-nothing(-(?<code>\d+))?$ {
            content_by_lua_block {
                local cjson = require "cjson"
                local ws = require("convrelay_server").accept()
                local calls = ngx.shared.calls
                local id = cjson.decode(ws:read()).callSid
                local question = calls:get(id)

                if question then
                    ws:text("Now: " .. question, true)
                end

                repeat
                    local message = ws:read()

                    if message and message:find('"prompt"', 1, true) then
                        message = cjson.decode(message).voicePrompt

                        if question then
                            ws:text("Yes: " .. message, true)

                        else
                            calls:set(id, message)
                            ws:text("Let me ", false)

                            if ngx.var.code == "1006" then
                                return

                            elseif (ngx.var.code or "") ~= "" then
                                ws:close(tonumber(ngx.var.code), "bye")
                                return
                            end
                        end
                    end
                until not message

                ws:close(1000)
            }
        }

        location ~ ^/closes-(?<code>\d+)$ {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()
                ws:read()

                if ngx.var.code ~= "1006" then
                    ws:close(tonumber(ngx.var.code), "so long")
                end
            }
        }

        location = /wrong-frames {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()
                ws:read()
                ws:send(3, "")
                ws:read()
            }
        }
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        convrelay_auth_token  secret;

        location = /twiml {
            convrelay_twiml         wss://calls.example.com/ws;
            convrelay_twiml_action  /end;
        }

        location = /end {
            convrelay_connect_action;
            convrelay_connect_reply  reconnect;
        }

        location = /ws {
            convrelay;
            convrelay_mock_llm  interval=1ms;
        }
    }
_EOC_

$nginx->start;

my $port = $nginx->port;
my $http = "http://127.0.0.1:$port";
my @to = ('--connect-to', "ws://127.0.0.1:$port", '--timeout', '5s');


sub actions {
    my @actions = map { [split /\|/] } split /\n/, `curl -s $http/actions`;

    return \@actions;
}


sub play {
    my ($scenario, @args) = @_;

    return caller_run(\$scenario, '-s', '-', @to, @args);
}


sub diagnose {
    my $run = shift;

    return diag("exit $run->{code}\n$run->{out}\n$run->{err}");
}


# a drop, and the session after it

my $run = play(<<'_EOC_', "$http/twiml?action=again&ws=ws");
expect greeting contains: Hello.
caller: first
expect matches: ^CA[0-9a-f]{32}\|VX[0-9a-f]{32}\|(RINGING|IN_PROGRESS)\|one\|first$
expect contains: ${callSid}
drop
expect greeting contains: Hello again.
caller: second
expect matches: ^${callSid}\|VX[0-9a-f]{32}\|IN_PROGRESS\|two\|second$
hangup
_EOC_

is($run->{code}, 0, 'the scenario goes on in a new session') or diagnose($run);
is($run->{err}, '', '... without a warning');
like($run->{out}, qr/SessionStatus failed, then <Connect>/, '... and says so');

my ($drop, $end, @more) = @{actions()};
my @sids = $run->{out} =~ /(VX[0-9a-f]{32})/g;

is("@$drop[0 .. 3]", 'failed in-progress 64105 Websocket ended',
   'the action request after a drop');
is("@$end[0 .. 3]", 'completed completed - -', '... and after the hangup');
is($drop->[4], $end->[4], '... of the same call');
is($drop->[5], $sids[0], '... with the first session');
is($end->[5], $sids[-1], '... and the second one');
isnt($sids[0], $sids[-1], '... which has another SessionId');
is(@more, 0, '... and no other request');


# its code

$run = play("drop\nhangup\n", '--drop-code', 64103,
            "$http/twiml?action=again&ws=ws");
is($run->{code}, 0, 'a drop with another code') or diagnose($run);

is(join(' ', @{actions()->[0]}[0 .. 3]),
   'failed in-progress 64103 Internal server error',
   '... and the message that belongs to it');

for my $code ('6410', '064105', 'none', '64105x') {
    $run = play("drop\n", '--drop-code', $code, "$http/twiml?action=again");
    is($run->{code}, 2, "--drop-code $code is a mistake");
    like($run->{err}, qr/^convrelay-call: "$code" is not an error code of/,
         '... that is named');
}


# it is signed, and takes the time that Twilio takes

$run = caller_run(\"caller: Hi\ndrop\ncaller: Hi\nexpect contains: Hello\n", '-s',
                  '-', '--auth-token', 'secret', '--connect-to',
                  'ws://127.0.0.1:' . $nginx->port(1), '--timeout', '5s',
                  'http://127.0.0.1:' . $nginx->port(1) . '/twiml');
is($run->{code}, 0, 'an action that wants a signature') or diagnose($run);

$run = play("drop\nhangup\n", '--action-delay', '300ms', '--json',
            "$http/twiml?action=again&ws=ws");
is($run->{json}{sessions}, 2, 'a drop with a delay leads to a second session')
or diagnose($run);
is(scalar @{actions()}, 2, '... and to two requests');


# without an action, and where it leads to no session

my @ends = (
    ['no-action?action=none', 'there is no <Connect action>'],
    ['twiml?action=hangup', 'the call ends'],
    ['twiml?action=empty', 'the call ends'],
    ['twiml?action=dial', 'the call leaves the agent'],
);

for my $case (@ends) {
    my ($path, $says) = @$case;

    $run = play("caller: first\ndrop\n", "$http/$path&ws=ws");
    is($run->{code}, 0, "$path: a drop is the end of the call")
    or diagnose($run);
    like($run->{out}, qr/\Q$says\E/, '... which is said');

    $run = play("caller: first\ndrop\ncaller: second\n", "$http/$path&ws=ws");
    is($run->{code}, 1, '... so that a later step fails');
    like($run->{out}, qr/-:3: caller: second: the call ended at line 2$/m,
         '... and says why');
}


# an action that is wrong

my @wrong = (
    ['action=fails&ws=ws', 3, qr/the server answered 500 \(Twilio alert 11200\)/],
    ['action=nowhere&ws=ws', 3, qr/the server answered 404/],
    ['action=torn&ws=ws', 3, qr/the TwiML /],
    ['action=again&ws=ws&next=refuses', 4, qr/answered "403/],
    ['action=again&ws=closes-1011', 5,
     qr/8 sessions in a row ended before anything was said/],
);

for my $case (@wrong) {
    my ($query, $code, $says) = @$case;

    $run = play("drop\nwait 10 s\ncaller: Hi\nhangup\n", '--reconnect',
                "$http/twiml?$query");
    is($run->{code}, $code, "$query ends the call") or diagnose($run);
    like($run->{err}, qr/^convrelay-call: [^\n]*$says/m, '... and is reported');
}

actions();


# a connection that the server loses

for my $code (1001, 1011, 1006) {
    my $url = "$http/twiml?action=again&ws=closes-$code&next=ws";

    $run = play("caller: second\nexpect contains: |two|second\n", $url);
    is($run->{code}, 5, "the server closes with $code: the call is broken");
    like($run->{err}, qr/the server closed the connection in the middle/,
         '... which is reported');
    is(scalar @{actions()}, 2, '... and Twilio requests the action');

    $run = play("expect close $code\ncaller: second\n"
                . "expect contains: |two|second\n",
                '--reconnect', '--drop-code', 64103, $url);
    is($run->{code}, 0, "... unless it may be connected again")
    or diagnose($run);
    is($run->{err}, '', '... which is not an error');
    is(join(' ', @{actions()->[0]}[0, 2]), 'failed 64105',
       '... the code being that of a lost connection');

    $run = play("caller: What now?\nexpect matches: ^Now: What now\\?\$\n"
                . "caller: And then?\nexpect matches: ^Yes: And then\\?\$\n",
                '--reconnect',
                "$http/twiml?action=again&ws=forgets-nothing-$code");
    is($run->{code}, 0, '... and the question is pending until it is answered')
    or diagnose($run);
    like($run->{out}, qr/\(the server lost the connection: $code/,
         '... the loss being said');

    $run = play("caller: first\n", '--reconnect',
                "$http/twiml?action=hangup&ws=closes-$code");
    is($run->{code}, 5, '... but it is broken if the action does not connect');
    like($run->{err}, qr/the server closed the connection in the middle/,
         '... which is reported');
    actions();
}

$run = play("caller: first\n", '--reconnect',
            "$http/twiml?action=again&ws=wrong-frames&next=ws");
is($run->{code}, 5, 'wrong frames are not a lost connection') or diagnose($run);
actions();


# the question that is lost

my $again = "$http/twiml?action=again&ws=forgets-nothing";

$run = play(<<'_EOC_', $again);
caller: What now?
drop
wait for answer
expect matches: ^Now: What now\?$
caller: And then?
expect matches: ^Yes: And then\?$
_EOC_

is($run->{code}, 0, 'a server that remembers answers what was pending')
or diagnose($run);

$run = play("caller: What now?\ndrop\nhangup\n", $again);
is($run->{code}, 0, '... which need not be waited for') or diagnose($run);

$run = play("caller: What now?\ndrop\n", '--no-checks', $again);
is($run->{code}, 0, '... at the end of a scenario either') or diagnose($run);

$run = play("caller: What now?\nwait 20 ms\ndrop\ncaller: And then?\n", $again);
is($run->{code}, 0, '... or before the next question') or diagnose($run);

$run = play("caller: What now?\ndrop\nwait for answer\n", '--timeout', '500ms',
            "$http/twiml?action=again&ws=forgets-nothing&next=closes-1000");
isnt($run->{code}, 0, 'a server that forgets it fails such a step');

$run = caller_run('-e', 'What now?', @to, '--reconnect', '--timeout', '500ms',
                  "$http/twiml?action=again&ws=forgets-nothing-1001&next=ws");
is($run->{code}, 1, 'the call fails if no session does') or diagnose($run);
like($run->{err}, qr/no answer within 500 ms/, '... and says so');
actions();


# typed

$run = caller_run(\"first\n/drop\nsecond\n", @to, "$http/twiml?action=again&ws=ws");
is($run->{code}, 0, '/drop at the keyboard') or diagnose($run);
like($run->{out}, qr/first.*failed, then <Connect>.*\|two\|second/s,
     '... and the call goes on');
is(scalar @{actions()}, 2, '... after the action request');

$nginx->stop;

done_testing();
