# Calls with everything on, at the same time: tools, silence, presence, fillers,
# fallbacks with a hedge, the filter of speech, pronunciations, LLMs that fail in
# every way, callers who interrupt, cough, say "uh-huh" and hang up, and a
# reload.  Each prompt is answered once, by one voice; each invocation of a tool
# is counted where it arrives; nothing is left afterwards.
#
#     make manners-load CALLS=200 SEED=5    on both nginx

use strict;
use warnings;

use lib 't/lib', 't/chaos';

use Chaos::Nginx;
use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Told;
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'valgrind is too slow for it' if $ENV{TEST_NGINX_VALGRIND};

my $calls = $ENV{TEST_CALLS} || 60;
my $seed = $ENV{TEST_SEED} || 1;
my $slow = $ENV{TEST_NGINX_SLOW} // 1;

srand $seed;
diag "seed $seed" if $ENV{TEST_CALLS};

local $ENV{TEST_NGINX_ALARM} = 180 + 2 * $calls;
local $SIG{PIPE} = 'IGNORE';


# The LLMs and the tools.  A token is "pPROMPT.aREQUEST.NUMBER nginx ", where the
# last word is pronounced in another way, and the last token is
# "pPROMPT.aREQUEST.end.": a caller sees who speaks.  "asked", "called" and
# "invoked" have a line for each request, call and invocation.

my $other = ConvRelay::Nginx->new;

$other->lua(<<"_EOC_");
    init_worker_by_lua_block {
        math.randomseed($seed)

        function note(name, ...)
            local file = io.open(ngx.config.prefix() .. "logs/" .. name, "a")
            file:write(table.concat({ ... }, " "), "\\n")
            file:close()
        end

        requests = 0
        keys = 0
    }

    server {
        listen                    127.0.0.1:%%PORT%%;
        keepalive_requests        100000;
        client_body_buffer_size   1m;
        client_max_body_size      1m;
        lua_check_client_abort    off;

        location /llm/ {
            content_by_lua_file  conf/llm.lua;
        }

        location = /models {
            content_by_lua_block {
                note("prewarmed")
                ngx.print("{}")
            }
        }

        location = /tool {
            content_by_lua_block {
                local key = ngx.var.http_x_key
                local how = math.random(10)

                note("invoked", ngx.var.http_x_call, key)
                ngx.sleep(math.random() * 0.4)

                if how == 1 then
                    ngx.status = 500
                    return ngx.print("broken")
                elseif how == 2 then
                    return ngx.exit(444)
                end

                ngx.header.content_type = "application/json"
                ngx.print('{"done":"', key, '"}')
            }
        }
    }
_EOC_

$other->write('llm.lua', <<'_EOC_');
local cjson = require "cjson"
local llm = require "convrelay_llm"

local sid = ngx.var.http_x_call
local body = llm.body()
local request = cjson.decode(body)
local messages = request.messages
local last = messages[#messages]
local prompt, results = "none", 0

for _, m in ipairs(messages) do
    if m.role == "user" then
        prompt = m.content:match("(%w+)[^%w]*$") or "none"
        results = 0
    elseif m.role == "tool" then
        results = results + 1
    end
end

requests = requests + 1

local number = requests
local id = "p" .. prompt .. ".a" .. number .. "."

if last.role == "user" and last.content:find("check") then
    note("checks", sid, body)
    return llm.say(id .. "1 nginx ", id .. "end.")
end

note("asked", sid, ngx.var.uri, prompt, results, number)

local function words(n, pause)
    for i = 1, n do
        llm.token(id .. i .. " **nginx** ")
        if pause then
            ngx.sleep(math.random() * pause)
        end
    end
end

local function finish(reason)
    ngx.print('data: {"choices":[{"index":0,"delta":{},"finish_reason":"',
              reason, '"}]}\n\n')
end

local function answer(pause)
    llm.stream()
    words(math.random(6), pause)
    llm.token(id .. "end.")
    llm.done()
end

local function failure()
    ngx.print('data: {"error":{"message":"overloaded","code":"busy"}}\n\n')
end

local ways = {
    slow     = function() ngx.sleep(math.random() * 0.5) answer() end,
    dribble  = function() answer(0.4) end,
    dead     = function() ngx.sleep(1.5) answer() end,
    hang     = function() llm.stream() ngx.flush(true) ngx.sleep(1.5) end,
    empty    = function() llm.stream() llm.done() end,
    blank    = function() llm.say(" ", "\n") end,
    filtered = function() llm.stream() finish("content_filter") end,
    censored = function() llm.stream() words(2) finish("content_filter") end,
    failed   = function() llm.stream() failure() end,
    broken   = function() llm.stream() words(2) failure() end,
    busy     = function() ngx.status = 429 ngx.print("{}") end,
    down     = function() ngx.exit(500) end,
    gone     = function() ngx.exit(444) end,
    cut      = function() llm.stream() words(2) ngx.exit(444) end,
    silent   = function() llm.stream() words(1) ngx.sleep(1) end,

    reasoning = function()
        llm.stream()
        for i = 1, 5 do
            ngx.print('data: {"choices":[{"index":0,"delta":',
                      '{"reasoning_content":"hm"}}]}\n\n')
            ngx.flush(true)
            ngx.sleep(0.05)
        end
        llm.done()
    end,

    comments = function()
        llm.stream()
        for i = 1, 12 do
            ngx.print(": wait\n\n")
            ngx.flush(true)
            ngx.sleep(0.05)
        end
        answer()
    end,

    calls = function(pause)
        local names = { "look", "book", "short" }
        local list = {}

        for i = 1, math.random(2) do
            keys = keys + 1
            local key = "k" .. keys
            note("called", sid, key, number)
            list[i] = { names[math.random(#names)],
                        '{"key":"' .. key .. '"}', key }
        end

        if math.random(2) == 1 then
            list.text = id .. "1 nginx "
        end

        if pause then
            ngx.sleep(math.random() * 0.3)
        end

        llm.calls(list)
    end,
}

local names = {}

for name in pairs(ways) do
    names[#names + 1] = name
end

table.sort(names)

local luck = math.random(100)

if luck <= 35 then
    return answer()
end

-- two LLMs that are about as fast as each other

if luck <= 60 then
    ngx.sleep(0.05 + math.random() * 0.1)
    return answer(0.1)
end

local how = names[math.random(#names)]

if how ~= "calls" and math.random(4) == 1 then
    how = "calls"
end

if how == "calls" and (request.tool_choice == "none" or results > 3) then
    return answer()
end

ways[how](math.random(2) == 1)
_EOC_

$other->start;

my $nginx = Chaos::Nginx->new;

$nginx->http(<<"_EOC_", 'worker_rlimit_nofile 8192;', 4096);
    convrelay_zone  calls 1m;
    log_format      figures '\$convrelay_fallbacks \$convrelay_hedges_won '
                            '\$convrelay_fillers \$convrelay_nudges';

    upstream other {
        server             127.0.0.1:@{[ $other->port ]};
        keepalive          16;
        keepalive_timeout  300ms;
    }

    server {
        listen  127.0.0.1:%%PORT%%;

        proxy_http_version   1.1;
        proxy_set_header     Connection "";
        proxy_set_header     X-Call \$convrelay_call_sid;
        proxy_set_header     X-Key \$convrelay_value_key;
        proxy_next_upstream  off;

        convrelay_first_token_timeout  250ms;
        convrelay_token_timeout        250ms;

        location = /ws {
            access_log  logs/figures.log figures;

            convrelay;
            convrelay_error_message         "Sorry.";
            convrelay_max_turn_rate         0;
            convrelay_tool_wait             100ms;
            convrelay_max_history_messages  0;
            convrelay_max_history_size      0;

            convrelay_tool  look  '{}' uri=/tool on_interrupt=cancel;
            convrelay_tool  book  '{}' uri=/tool "filler=Booking.";
            convrelay_tool  short '{}' uri=/tool timeout=100ms;

            convrelay_fallback  /second hedge=80ms cooldown=150ms;
            convrelay_fallback  \@third cooldown=150ms;
            convrelay_filler    50ms again=100ms "Hm." "Still looking."
                                "I am afraid that this takes longer.";

            convrelay_speech_filter     on;
            convrelay_pronounce         nginx        "engine x";
            convrelay_pronounce         "nginx unit" "engine x unit";
            convrelay_pronounce         afraid       "a frayed";
            convrelay_prewarm           /prewarm;
            convrelay_resume            150ms "As I was saying,";
            convrelay_backchannel       uh-huh;
            convrelay_interrupt_marker  " [cut off]";

            convrelay_end_timeout    300ms;
            convrelay_silence        200ms 200ms 400ms;
            convrelay_on  silence 1  say "Are you there?";
            convrelay_on  silence 2  say "Take your time.";
            convrelay_on  silence 3  say "Goodbye."
                                     end '{"reason":"silence"}';

            convrelay_on  llm_empty           say "Pardon?";
            convrelay_on  llm_filtered        say "Not that.";
            convrelay_on  llm_failed count=2  say "Failed again.";

            proxy_pass  http://other/llm/first;
        }

        location = /prewarm {
            internal;
            proxy_pass  http://other/models;
        }

        location = /status {
            convrelay_status  public;
        }

        location = /second {
            internal;
            proxy_pass  http://other/llm/second;
        }

        location \@third {
            rewrite     ^ /llm/third break;
            proxy_pass  http://other;
        }

        location = /tool {
            internal;
            proxy_pass  http://other/tool;
        }
    }
_EOC_

$nginx->start;


# What a call may hear.

my %failure = map { $_ => 1 } 'Sorry.', 'Pardon?', 'Not that.',
                              'Failed again.';
my %filler = map { $_ => 1 } 'Hm.', 'Still looking.', 'Booking.',
    'I am a frayed that this takes longer.';
my %nudge = map { $_ => 1 } 'Are you there?', 'Take your time.', 'Goodbye.';

my (@wrong, %count, @audited, %joined, %notes);
my ($sids, $prompts) = (0, 0);


sub wrong {
    my ($c, $what) = @_;

    push @wrong, "$c->{sid}: $what: " . join ' | ', grep { defined }
        @{$c->{log}}[-30 .. -1]
        if !$c->{wrong}++;
}


sub dial {
    my $sid = 'CA' . ++$sids;
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup(callSid => $sid);

    # a polite caller never interrupts

    return { call => $call, sid => $sid, polite => rand(2) < 1,
             reports => rand(4) < 3, steps => 3 + int rand 5,
             log => [(undef) x 30], heard => '', pending => '', text => '',
             state => 'free', at => time + rand 0.3 };
}


# a message and a ping in one packet: after the pong, nothing comes that was
# said before the server saw the message

sub mark {
    my ($c, $state, $prompt, %message) = @_;
    my $json = JSON::PP->new->canonical->encode(\%message);

    push @{$c->{marks}}, [ 'm' . ++$c->{mark}, $state, $prompt ];
    $c->{may_cut} = 1 if $state ne 'speaks';
    $c->{call}->raw(ConvRelay::Call::frame(1, $json)
                    . ConvRelay::Call::frame(9, "m$c->{mark}"));
}


sub inform {
    my ($c, $name, $value) = @_;

    push @{$c->{log}}, "> $name $value";
    $c->{call}->send(type => 'info', name => $name, value => $value);
}


sub ask {
    my ($c, $verb) = @_;
    my $n = ++$prompts;

    push @{$c->{asked}}, $n;
    push @{$c->{log}}, "> $verb $n";

    mark($c, asked => $n, type => 'prompt', voicePrompt => "$verb $n",
         lang => 'en-US', last => JSON::PP::true);

    # those before it may be answered until the server has seen it

    $c->{late} = $c->{hellos};
    $c->{hellos} = 0;
    $c->{state} = 'waits';
    $c->{until} = time + 10 * $slow;
}


sub hello {
    my $c = shift;

    push @{$c->{log}}, '> Hello?';
    $c->{call}->prompt('Hello?');
    $c->{hellos}++;
    $c->{may_cut} = 1;
}


# in the middle of an answer, which does not end it

sub listens {
    my $c = shift;

    return if !$c->{voice} || @{$c->{marks} // []} || !$c->{reports};

    $count{backchannels}++;
    inform($c, agentSpeaking => 'on');
    push @{$c->{log}}, '> uh-huh';
    $c->{call}->prompt('Uh-huh.');
}


sub leave {
    my ($c, $how) = @_;

    push @{$c->{log}}, "> $how";
    $c->{state} = 'gone';
    $c->{until} = time + 10 * $slow;
    delete $c->{at};

    $how eq 'hangup' ? $c->{call}->raw(ConvRelay::Call::frame(8, "\x03\xe8"))
                     : $c->{call}->$how;
    $c->{over} = 1 if $how ne 'hangup';
}


# the next thing that the caller does, and what is done in the course of it

sub step {
    my $c = shift;
    my $how = (qw( ask ask ask hello hello silence speaks
                   barge barge cut noise over hangup mute
                   listens listens ))[rand 16];

    return ask($c, 'check') if $c->{steps}-- <= 0;

    $how = 'ask' if $c->{polite} && $how =~ /barge|cut|noise|over/;
    $how = 'silence' if $how eq 'mute' && !$c->{reports};
    $count{$how}++;

    if ($how eq 'silence') {
        $c->{at} = time + rand 1.2;
        return;
    }

    # until the agent has said goodbye

    if ($how eq 'mute') {
        $c->{state} = 'mute';
        $c->{until} = time + 10 * $slow;
        delete $c->{at};
        return;
    }

    if ($how eq 'speaks') {
        push @{$c->{log}}, '> speaks';
        mark($c, 'speaks', undef, type => 'info', name => 'clientSpeaking',
             value => 'on');
        $c->{state} = 'speaks';
        $c->{plan} = [ [ 0.3 + rand 0.3, 'spoken' ] ];

    } else {
        ask($c, 'Do');
        $c->{plan} = $how eq 'ask' ? []
                   : $how eq 'hello' ? [ map { [ $_ * (0.03 + rand 0.1),
                                                 'hello' ] } 1 .. 3 ]
                   : [ [ rand 0.5, $how ] ];
    }

    $_->[0] += time for @{$c->{plan}};
    $c->{at} = @{$c->{plan}} ? $c->{plan}[0][0] : undef;
}


sub act {
    my $c = shift;

    return step($c) if $c->{state} eq 'free';

    my $next = shift @{$c->{plan} // []};
    my $how = $next ? $next->[1] : '';

    # these two want to be heard in the middle of an answer

    if ($how =~ /listens|noise/ && !$c->{voice} && ++$next->[2] < 50) {
        $next->[0] = time + 0.02;
        unshift @{$c->{plan}}, $next;
    }

    $c->{at} = @{$c->{plan} // []} ? $c->{plan}[0][0] : undef;

    return if $how =~ /listens|noise/ && !$c->{voice};

    if ($how eq 'hello') {
        hello($c);

    } elsif ($how eq 'spoken') {
        inform($c, clientSpeaking => 'off');
        ask($c, 'Do');

    } elsif ($how eq 'listens') {
        listens($c);

    } elsif ($how eq 'over') {
        ask($c, 'Do');

    } elsif ($how =~ /barge|cut|noise/) {
        my $said = $how ne 'noise' ? $c->{heard} : $c->{answer} // '';
        my $heard = substr $said, 0, rand 1 + length $said;

        # so much of it is not heard that it goes on

        $heard = substr $heard, 0, length($said) / 3 if $how eq 'noise';

        push @{$c->{log}}, "> interrupt $heard";
        mark($c, 'cut', undef, type => 'interrupt',
             utteranceUntilInterrupt => $heard,
             durationUntilInterruptMs => 65 * length $heard);

        return ask($c, 'Do') if $how eq 'barge';

        $c->{state} = 'free';
        $c->{at} = time + rand 2;

    } elsif ($how eq 'hangup') {
        leave($c, (qw( hangup fin rst torn ))[rand 4]);
    }
}


sub hears {
    my ($c, $m) = @_;

    return pong($c, $m) if $m->{type} eq 'pong';

    my $busy = $c->{pending} =~ /asked|speaks/;
    my $text = $m->{token} // '';

    push @{$c->{log}}, $m->{type} eq 'text' ? $text . ($m->{last} ? '/' : '')
                                            : $m->{type};

    if ($m->{type} eq 'end') {
        $count{ends}++;
        wrong($c, 'an end without a goodbye') if !$c->{goodbye};
        return leave($c, 'hangup');
    }

    if ($filler{$text}) {
        $count{fillers}++;
        $c->{filled} = 1;
        wrong($c, 'a filler, and nothing is pending') if !$c->{pending};
        return;
    }

    if ($nudge{$text}) {
        $count{nudges}++;
        wrong($c, 'a nudge while work is pending') if $busy;
        wrong($c, 'a nudge in an answer') if $c->{voice};
        $c->{goodbye} = $text eq 'Goodbye.';
        reports($c);
        return;
    }

    # an answer that was interrupted goes on, unless words followed

    if ($text eq 'As I was saying,') {
        $count{resumed}++;
        wrong($c, 'it goes on, and was not interrupted')
            if !$c->{paused};
        rest_of($c);
        $c->{resumes} = 1;

        # its earlier parts, those before calls, may be said again

        my $of = $c->{of};

        $c->{again} = { map { $_ => 1 } grep { $of->{$_} eq $c->{latest} }
                            keys %$of };
        return;
    }

    $c->{heard} .= $text;

    if ($failure{$text}) {
        rest_of($c);
        $count{$text}++;
        $c->{complete} = 1;
        $c->{ready} = 0;

    } else {

        # the filter moves blanks and points from one message to the next, and
        # a word may wait for what follows it

        $c->{text} .= $text;
        $c->{text} =~ s/^\s*engine x\b// if $c->{resumes};

        while ($c->{text}
               =~ s/^\s*p(\w+)\.a(\d+)\.(?:(\d+) engine x\b|(end)\.)//)
        {
            token($c, $1, $2, $3 // $4);
        }
    }

    $c->{answer} .= $text;

    if ($m->{last}) {
        rest_of($c);
        delete $c->{voice};
        complete($c) if delete $c->{complete};
    }
}


# the text of an answer is over: all of it was tokens, except where the caller
# has cut one; a token that has begun counts

sub rest_of {
    my $c = shift;

    begun($c) if $c->{may_cut};

    $c->{text} =~ s/^\s*e[ngi ]*$// if $c->{may_cut} && $c->{resumes};

    wrong($c, "strange words: $c->{text}") if $c->{text} =~ /\w/;

    $c->{text} = '';
    $c->{resumes} = 0;
    $c->{may_cut} = 0 if !@{$c->{marks} // []};
}


sub begun {
    my $c = shift;

    token($c, $1, $2, $3 // $4)
        if $c->{text}
           =~ s/^\s*p(\w+)\.a(\d+)\.(?:(\d+)\s*(?:e[ngi ]*)?|(end))$//;
}


# what is said from here on is said after the server saw that

sub pong {
    my ($c, $m) = @_;
    my $mark = shift @{$c->{marks}};

    return wrong($c, 'a strange pong') if $mark->[0] ne $m->{data};

    # a caller who is speaking ends a pause later, and nothing else

    if ($mark->[1] ne 'speaks') {
        begun($c);
        $c->{paused} = $mark->[1] eq 'cut';
        $c->{again} = {};
        $c->{resumes} = 0;
    }

    $c->{pending} = $mark->[1];
    $c->{prompt} = $mark->[2];
    $c->{completed} = 0;
    $c->{late} = 0;
    $c->{old}{$_} = 1 for grep { $mark->[1] ne 'speaks'
                                 || $_ ne ($c->{voice} // '') }
                              keys %{$c->{said}};

    push @{$c->{log}}, "($mark->[1])";
}


sub token {
    my ($c, $prompt, $voice, $n) = @_;
    my $before = $c->{said}{$voice} // 0;

    $c->{tokens}{"p$prompt.a$voice.$n"}++;

    # it goes on from the beginning of the clause that was cut

    my $again = $before && delete $c->{again}{$voice};

    $c->{resumes} = 0;
    $c->{of}{$voice} = $c->{latest} = $prompt;

    if ($again && ($n eq 'end' || $n <= $before + 1)) {
        delete $c->{old}{$voice};
        $before = $c->{said}{$voice} = $n - 1 if $n ne 'end';
        $c->{filled} = 0;
    }

    wrong($c, "a$voice goes on after it was cut") if $c->{old}{$voice};
    wrong($c, "a$voice: $n after $before")
        if $n ne 'end' && $n != $before + 1;
    wrong($c, "p$prompt is answered again")
        if $c->{answered}{$prompt} && $prompt ne "Hello";
    wrong($c, "p$prompt is not what was asked")
        if $c->{pending} =~ /asked|cut/ && $prompt ne 'Hello'
           && defined $c->{prompt} && $prompt ne $c->{prompt};

    if (!$before && !$again) {

        # another voice: the one before it has called a tool, if it is not over

        $c->{answer} = $c->{text};
        $c->{old}{$_} = 1 for keys %{$c->{said}};
        $joined{$c->{voice}} = $c if $c->{voice};

    } elsif ($c->{filled}) {
        wrong($c, "a filler in the words of a$voice");
    }

    $c->{said}{$voice}++;
    $c->{voice} = $voice;
    $c->{filled} = 0;

    if ($n eq 'end') {
        $count{answers}++;
        $c->{complete} = 1;
        $c->{ended} = $prompt;
        $c->{ready} = 1;
    }
}


# all that was said has been played

sub reports {
    my $c = shift;

    return if !$c->{reports};

    inform($c, agentSpeaking => 'on');
    inform($c, agentSpeaking => 'off');
}


sub complete {
    my $c = shift;

    wrong($c, 'two answers')
        if $c->{completed}++ && !$c->{hellos} && !$c->{late}
           && $c->{pending} ne 'cut';

    if (defined $c->{ended}) {
        $c->{answered}{delete $c->{ended}} = 1;
    }

    reports($c);

    return if $c->{state} ne 'waits' || @{$c->{marks}};

    # a late "Hello?" may have become a prompt

    $c->{pending} = $c->{hellos} ? 'hello' : '';

    return if $c->{plan} && grep { $_->[1] eq 'hangup' } @{$c->{plan}};

    $c->{state} = 'free';
    $c->{plan} = [];
    $c->{at} = time + rand 0.6;

    audit($c) if $c->{steps} < 0 && $c->{ready};
}


# the history of a call, once none of its tools runs any more

sub audit {
    my $c = shift;

    lines('checks');

    my $body = $notes{$c->{sid}} or return wrong($c, 'no check came');
    my $messages = JSON::PP::decode_json($body)->{messages};
    my $told = ConvRelay::Told->new($messages);

    return if $told->open;

    push @audited, [ $c, $messages, $told ];
    leave($c, 'hangup');
}


# the lines of a file of the LLM that are new; the last check of each call

my %offset;

sub lines {
    my $name = shift;
    my @lines;

    open my $fh, '<', $other->dir . "/logs/$name" or return;
    seek $fh, $offset{$name} // 0, 0;

    while (<$fh>) {
        last if !/\n\z/;

        $offset{$name} += length;
        chomp;
        push @lines, $_;
    }

    if ($name eq 'checks') {
        %notes = (%notes, map { split / /, $_, 2 } @lines);
    }

    return @lines;
}


# so many calls at the same time, until all are over

sub wave {
    my ($n, $reload) = @_;
    my $start = time;
    my @calls = map { dial() } 1 .. $n;

    while (@calls) {
        my $now = time;
        my $next = $now + 0.1;

        if ($reload && $now - $start > 1.5) {
            $reload = 0;
            kill HUP => $nginx->master;
            $count{reloads}++;
        }

        for my $c (grep { defined $_->{at} } @calls) {
            act($c) if $c->{at} <= $now;
            $next = $c->{at} if defined $c->{at} && $c->{at} < $next;
        }

        for my $c (grep { $_->{until} && $_->{until} < $now
                          && $_->{state} =~ /waits|gone|mute/ } @calls)
        {
            wrong($c, $c->{state} eq 'waits' ? 'no answer'
                      : $c->{state} eq 'mute' ? 'no goodbye'
                                              : 'it does not close');
            close $c->{call}{sock};
            $c->{over} = 1;
        }

        @calls = grep { !$_->{over} } @calls;

        my %by = map { fileno($_->{call}{sock}) => $_ } @calls;
        my $wait = $next - time;

        for my $fh (IO::Select->new(map { $_->{call}{sock} } @calls)
                              ->can_read($wait > 0 ? $wait : 0))
        {
            my $c = $by{fileno $fh};

            for my $m ($c->{call}->arrived) {
                hears($c, $m);
            }

            my $how = $c->{call}{how};

            if (defined $how && !$c->{over}) {
                wrong($c, "it ends with $how")
                    if $c->{state} ne 'gone' || $how ne '1000';
                close $fh;
                $c->{over} = 1;
            }
        }

        @calls = grep { !$_->{over} } @calls;
    }
}


# once all is closed: what the worker holds of the heap

sub rest {
    my $left;

    ConvRelay::Nginx::wait_for(8, sub {
        $left = $nginx->connections;
        return !$left;
    });

    is $left, 0, 'no connection is left';

    my $sum = 0;

    $sum += ($nginx->heap($_))[0] for $nginx->workers;

    return $sum;
}


sub status {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or die "status: $!\n";

    print $sock "GET /status HTTP/1.0\r\n\r\n";
    local $/;

    return scalar <$sock>;
}


my $wave = int $calls * 0.4;

wave($wave);
my $before = rest();

wave($wave);
my $grown = rest() - $before;

cmp_ok $grown, '<', 65536, "the heap has grown by $grown bytes";

wave($calls - 2 * $wave, 1);
rest();

is_deeply \@wrong, [], "$sids calls, $prompts prompts";


my $status = status();


# what the LLMs and the tools saw

my (%asked, %caller, %invoked, %of, @faults);

for (lines('asked')) {
    my ($sid, $uri, $prompt, $results, $request) = split;

    next if $prompt !~ /^\d/;

    push @faults, "$sid: $uri was asked twice for $prompt"
        if $asked{"$sid $uri $prompt $results"}++;
}

for (lines('called')) {
    my ($sid, $key, $voice) = split;

    $caller{$voice} = 1;
}

push @faults, map { "$joined{$_}{sid}: another voice goes on with a$_" }
              grep { !$caller{$_} } sort keys %joined;

for (lines('invoked')) {
    my ($sid, $key) = split;

    push @faults, "$key ran again" if $invoked{$key}++;
    $of{$sid}{$key} = 1;
}

for (@audited) {
    my ($c, $messages, $told) = @$_;
    my $sid = $c->{sid};
    my %seen;

    push @faults, map { "$sid: $_" } $told->faults(\%invoked, $of{$sid} // {});

    for my $m (grep { $_->{role} eq 'assistant' } @$messages) {
        my $said = $m->{content} // '';

        $seen{$_}++ for $said =~ /p\w+\.a\d+\.(?:\d+|end)/g;

        push @faults, "$sid: \"$_\" is in the history"
            for grep { index($said, $_) >= 0 } keys %failure, keys %filler,
                     'engine x', '**', 'As I was saying,';

        $count{markers}++ if $said =~ /\[cut off\]$/;
        push @faults, "$sid: a marker in the middle: $said"
            if $said =~ /\[cut off\](?!\n|$)/;
    }

    push @faults, "$sid: \"uh-huh\" is in the history"
        if grep { $_->{role} eq 'user' && $_->{content} =~ /uh-huh/i }
           @$messages;

    my $heard = join ' ', map { $_->{content} =~ /(?:Do|check) (\d+)/g }
                          grep { $_->{role} eq 'user' } @$messages;

    push @faults, "$sid: $heard in place of @{$c->{asked}}"
        if $heard ne join ' ', @{$c->{asked}};

    push @faults, map { "$sid: $_ is in the history $seen{$_} times" }
                  grep { $seen{$_} > ($c->{tokens}{$_} ? 1 : 0) }
                  sort keys %seen;

    # not what answers the last check

    my $last = $c->{asked}[-1];

    push @faults, map { "$sid: $_ is not in the history" }
                  grep { !$seen{$_} && !/^p$last\./ } sort keys %{$c->{tokens}}
        if $c->{polite};
}

is_deeply \@faults, [], keys(%invoked) . ' invocations, each once, each told';
cmp_ok scalar(@audited), '>', $calls / 4, @audited . ' calls to their end';

# the figures of the log are those of what was heard

my %figures;

for (split /\n/, $nginx->log('figures')) {
    my @n = split;

    $figures{$_} += shift @n for qw( fallbacks hedges fillers nudges );
}

for my $what (sort keys %figures) {
    cmp_ok $figures{$what}, '>', 0, "... $figures{$what} $what";
    cmp_ok $figures{$what}, '>=', $count{$what}, '... no more were heard'
        if $count{$what};
}

for my $what ('answers', $calls < 100 ? () : ('ends', 'resumed', 'markers',
                                              'backchannels', keys %failure)) {
    cmp_ok $count{$what} // 0, '>', 0, '... ' . ($count{$what} // 0)
                                       . " $what";
}

cmp_ok scalar(lines('prewarmed')), '>', 0, '... a connection was ready';

my ($ignored) = $status =~ /^convrelay_backchannels_total\S* (\d+)/m;

is $ignored, $count{backchannels} // 0, "... $ignored times \"uh-huh\"";

$nginx->stop;

my $failure = qr/ (?:failed|sent no word|fell silent|takes too long)/;

is_deeply [ grep { !/\bLLM(?:'s (?:first|next) word)?$failure/
                   && !/\btool (?:"\w+" (?:timed|got|broke) |(?:"\w+" )?failed)/
                   && !/ upstream (?:prematurely|timed out)/ }
            $nginx->complaints ], [], 'nothing to complain of';

diag explain [ \%count, \%figures ] if $ENV{TEST_CALLS};

done_testing;
