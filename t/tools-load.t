# Calls with random tools, failures, interruptions and hang-ups, at the same
# time: each invocation is counted where it arrives, none is lost or made twice,
# and the model's history at the end of a call has the true result of each.
#
#     make tools-load CALLS=200 SEED=5    on both nginx

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Told;
use JSON::PP ();
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'valgrind is too slow for it' if $ENV{TEST_NGINX_VALGRIND};

my $calls = $ENV{TEST_CALLS} || 20;
my $seed = $ENV{TEST_SEED} || 1;

srand $seed;
diag "seed $seed" if $ENV{TEST_CALLS};

local $ENV{TEST_NGINX_ALARM} = 120 + $calls;
local $SIG{PIPE} = 'IGNORE';


# The LLM and the services.  A call has its key in its arguments; "invoked" has
# a line for each that arrived.

my $other = ConvRelay::Nginx->new;

$other->lua(<<"_EOC_");
    log_format  key \$arg_key;

    init_worker_by_lua_block {
        math.randomseed($seed)

        function note(name, ...)
            local file = io.open(ngx.config.prefix() .. "logs/" .. name, "a")
            file:write(table.concat({ ... }, " "), "\\n")
            file:close()
        end
    }

    server {
        listen                    127.0.0.1:%%PORT%%;
        keepalive_requests        100000;
        client_body_buffer_size   1m;
        client_max_body_size      1m;
        lua_check_client_abort    off;

        location = /llm {
            content_by_lua_block {
                local cjson = require "cjson"
                local llm = require "convrelay_llm"
                local sid = ngx.var.http_x_call
                local body = llm.body()
                local request = cjson.decode(body)
                local messages = request.messages
                local last = messages[#messages]

                if last.role == "user" and last.content:find("check") then
                    note("checks", sid, body)
                    return llm.say("checked")
                end

                if request.tool_choice == "none"
                   or (last.role == "tool" and math.random(3) > 1)
                then
                    return llm.say("It is", " done.")
                end

                local names = { "look", "book", "tell", "short", "none" }
                local list = { text = math.random(2) == 1 and "Let me see." }

                for i = 1, math.random(3) do
                    n = (n or 0) + 1
                    local key = "k" .. n
                    note("called", sid, key)
                    list[i] = { names[math.random(#names)],
                                '{"key":"' .. key .. '"}', key }
                end

                if list.text == false then
                    list.text = nil
                end

                llm.calls(list)
            }
        }

        location = /tool {
            content_by_lua_block {
                local llm = require "convrelay_llm"
                local cjson = require "cjson"
                local key = ngx.var.http_x_key
                note("invoked", ngx.var.http_x_call, key)

                local how = math.random(10)
                ngx.sleep(math.random() * 0.4)

                if how == 1 then
                    ngx.status = 500
                    return ngx.print("broken")
                elseif how == 2 then
                    ngx.status = 409
                    return ngx.print("taken")
                elseif how == 3 then
                    return ngx.exit(444)
                end

                ngx.header.content_type = "application/json"
                ngx.print('{"done":"', key, '"}')
            }
        }
    }
_EOC_

$other->start;

my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<"_EOC_", 'worker_rlimit_nofile 8192;', 4096);
    upstream other {
        server     127.0.0.1:@{[ $other->port ]};
        keepalive  16;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        proxy_http_version   1.1;
        proxy_set_header     Connection "";
        proxy_set_header     X-Call \$convrelay_call_sid;
        proxy_next_upstream  off;

        location = /ws {
            convrelay;
            convrelay_max_turn_rate         0;
            convrelay_tool_wait             100ms;
            convrelay_max_history_messages  0;
            convrelay_max_history_size      0;
            convrelay_tool     look  '{}' uri=/tool on_interrupt=cancel;
            convrelay_tool     book  '{}' uri=/tool;
            convrelay_tool     tell  '{}' uri=/tool once;
            convrelay_on tool  tell  say "Told." say "Really.";
            convrelay_tool     short '{}' uri=/tool timeout=100ms;
            proxy_pass  http://other/llm;
        }

        location = /tool {
            internal;
            proxy_set_header  X-Key \$convrelay_value_key;
            proxy_set_header  X-Call \$convrelay_call_sid;
            proxy_pass        http://other/tool;
        }
    }
_EOC_

$nginx->start;


# all calls at the same time, each event at its own

my (@events, %call, %gone);

for my $n (1 .. $calls) {
    my $sid = "CA$n";
    my $at = rand 1;

    push @events, [ $at, $sid, 'dial' ];

    for (1 .. 3 + rand 6) {
        $at += 0.1 + rand 0.7;
        push @events, [ $at, $sid, ('prompt') x 3, ('interrupt') x 2,
                        'partial' ] ;
        $events[-1] = [ $at, $sid, $events[-1][2 + rand 6] ];
    }

    push @events, [ $at + rand 0.5, $sid, (qw( hangup fin rst torn ))[rand 4] ]
        if rand(3) < 1;
}

my $start = time;

for my $e (sort { $a->[0] <=> $b->[0] } @events) {
    my ($at, $sid, $what) = @$e;
    my $late = time - $start;

    sleep $at - $late if $at > $late;

    if ($what eq 'dial') {
        $call{$sid} = ConvRelay::Call->dial($nginx->port, '/ws');
        $call{$sid}->setup(callSid => $sid);

    } elsif ($what eq 'prompt') {
        $call{$sid}->prompt('Do ' . ++$gone{n});

    } elsif ($what eq 'partial') {
        $call{$sid}->send(type => 'prompt', voicePrompt => 'Do',
                          last => JSON::PP::false);

    } elsif ($what eq 'interrupt') {
        $call{$sid}->interrupt('Let me');

    } else {
        my $call = delete $call{$sid};

        $what eq 'hangup' ? $call->raw(ConvRelay::Call::frame(8, "\x03\xe8"))
                          : $call->$what;
        $gone{$sid} = $call;
    }
}


sub lines {
    my $name = shift;

    open my $fh, '<', $other->dir . "/logs/$name" or return;

    return map { chomp; $_ } <$fh>;
}


# the rest ask for all that was done, once nothing runs any more

my %history;

for (1 .. 20) {
    sleep 1;

    my @open = grep { !$history{$_} } sort keys %call or last;

    $call{$_}->prompt('check ' . ++$gone{n}) for @open;

    for my $sid (@open) {
        my $text = '';

        $text .= $call{$sid}->answer until $text =~ /checked|</;

        die "$sid: $text\n" if $text =~ /</;
    }

    my %last = map { split / /, $_, 2 } lines('checks');

    for my $sid (@open) {
        my $messages = JSON::PP::decode_json($last{$sid})->{messages};
        my $told = ConvRelay::Told->new($messages);

        $history{$sid} = $told if !$told->open;
    }
}

is scalar(keys %history), scalar(keys %call),
   scalar(keys %call) . ' calls came to rest';

my (%invoked, %of, @wrong, %kinds);

for (lines('invoked')) {
    my ($sid, $key) = split;

    $invoked{$key}++;
    $of{$sid}{$key} = 1;
}

push @wrong, map { "$_ ran $invoked{$_} times" }
             grep { $invoked{$_} > 1 } sort keys %invoked;

for my $sid (sort keys %history) {
    my $told = $history{$sid};

    push @wrong, map { "$sid: $_" } $told->faults(\%invoked, $of{$sid} // {});

    $kinds{$_} += $told->kinds->{$_} for keys %{$told->kinds};
}

is_deeply \@wrong, [], keys(%invoked) . ' invocations, each once, each told';
cmp_ok scalar(keys %invoked), '>', $calls, '... enough of them';

for my $kind ($calls < 100 ? qw( done failed )
                           : qw( done failed cancelled running ))
{
    cmp_ok $kinds{$kind} // 0, '>', 0, '... ' . ($kinds{$kind} // 0) . " $kind";
}

is scalar(grep { $_->hangup ne '1000' } values %call), 0, 'all hang up';

$nginx->stop;
is $nginx->status, 0, 'nginx ends well';
is_deeply [ grep { !/\btool (?:"\w+" (?:timed|got|broke) |(?:"\w+" )?failed)/
                   && !/ upstream (?:prematurely|timed out)/ }
            $nginx->complaints ], [], 'and has nothing to complain of';

done_testing;
