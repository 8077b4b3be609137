# A second LLM is asked in parallel, and the call ends, or nginx is reloaded, in
# each moment of that; what counts as a failure of the two.

use strict;
use warnings;

use lib 't/lib', 't/chaos';

use Chaos::Nginx;
use ConvRelay::Call;
use ConvRelay::Nginx;
use Test::More;
use Time::HiRes qw( sleep );

plan skip_all => 'valgrind is too slow for it' if $ENV{TEST_NGINX_VALGRIND};

local $SIG{PIPE} = 'IGNORE';


# Both LLMs: "PLAN" is the header's for it, a list of what it does: a number is
# a pause in seconds, "head", "end" or a token.  "seen" has a line for each
# request, and one for its end.

my $llm = ConvRelay::Nginx->new;

$llm->lua(<<'_EOC_');
    server {
        listen                 127.0.0.1:%%PORT%%;
        lua_check_client_abort on;

        location / {
            content_by_lua_block {
                local llm = require "convrelay_llm"
                local name = ngx.var.uri:sub(2)
                local id = name .. " " .. ngx.var.http_x_call
                local plan = ngx.var["http_x_" .. name]

                local function seen(what)
                    local file = io.open(ngx.config.prefix() .. "logs/seen.log",
                                         "a")
                    file:write(what, " ", id, "\n")
                    file:close()
                end

                ngx.on_abort(function()
                    seen("closed")
                    ngx.exit(499)
                end)

                seen("asked")

                for word in plan:gmatch("%S+") do
                    if tonumber(word) then
                        ngx.sleep(tonumber(word))
                    elseif word == "head" then
                        llm.stream()
                        ngx.flush(true)
                    elseif word == "end" then
                        llm.done()
                    else
                        llm.token(word)
                    end
                end

                seen("done")
            }
        }
    }
_EOC_

$llm->start;

my $nginx = Chaos::Nginx->new;
my $url = 'http://127.0.0.1:' . $llm->port;

$nginx->http(<<"_EOC_");
    convrelay_zone  calls 64k;

    server {
        listen                127.0.0.1:%%PORT%%;
        add_header            X-Worker \$pid always;
        proxy_http_version    1.1;
        proxy_set_header      Connection "";
        proxy_set_header      X-Call \$convrelay_call_sid;
        proxy_set_header      X-First \$convrelay_parameter_first;
        proxy_set_header      X-Second \$convrelay_parameter_second;

        location = /ws {
            convrelay;
            convrelay_error_message  "Sorry.";
            convrelay_fallback       /second hedge=60ms cooldown=0;
            proxy_pass               $url/first;
        }

        location = /second {
            internal;
            proxy_pass  $url/second;
        }

        location = /cool {
            convrelay;
            convrelay_error_message  "Sorry.";
            convrelay_fallback       /second hedge=60ms cooldown=10m;
            proxy_pass               $url/first;
        }

        location = /local {
            convrelay;
            convrelay_error_message  "Sorry.";
            convrelay_fallback       /other hedge=60ms cooldown=10m;
            proxy_pass               \$convrelay_parameter_to/first;
        }

        location = /other {
            internal;
            proxy_pass  \$convrelay_parameter_other/second;
        }
    }
_EOC_

$nginx->start;

my $calls = 0;


sub dial {
    my ($first, $second, %more) = @_;
    my $call = ConvRelay::Call->dial($nginx->port, $more{path} // '/ws');

    $call->{sid} = 'CA' . ++$calls;
    ($call->{worker}) = $call->{head} =~ /^X-Worker: (\d+)/m;

    $call->setup(callSid => $call->{sid},
                 customParameters => { first => $first, second => $second,
                                       to => $url, other => $url,
                                       %{$more{parameters} // {}} });
    $call->prompt('Hi');

    return $call;
}


# waits for a line of the LLMs

sub seen {
    my ($what, $call) = @_;

    return $llm->log_has(qr/^$what $call->{sid}$/m, 'seen');
}


# true while a request of the call does

sub runs {
    my $call = shift;
    my $seen = $llm->log('seen');
    my $asked = () = $seen =~ /^asked \w+ $call->{sid}$/mg;
    my $ended = () = $seen =~ /^(?:closed|done) \w+ $call->{sid}$/mg;

    return $asked != $ended;
}


sub closed {
    return ConvRelay::Nginx::wait_for(5, sub { !$nginx->connections });
}


# each way to go, in each moment: the LLMs, and what has to have happened

my @moments = (
    [ 'neither has sent anything',
      '3', '3', 'asked second' ],
    [ 'both have sent a header',
      'head 3', 'head 3', 'asked second' ],
    [ 'the first has sent blanks',
      'head 0.1 <>', 'head 3', 'asked second' ],
    [ 'the first one was faster',
      '0.15 Yes 3', '3', 'asked second', 'Yes' ],
    [ 'the second one was faster',
      '3', '0.05 No 3', 'asked second', 'No' ],
    [ 'both are as fast',
      '0.16 Yes 3', '0.1 No 3', 'asked second' ],
    [ 'one was faster, and has ended',
      '0.15 Yes end', '3', 'asked second', 'Yes' ],
);

for my $m (@moments) {
    my ($name, $first, $second, $what, $word) = @$m;
    my @calls = map { dial($first =~ s/<>/\n/r, $second) } 1 .. 4;
    my $heard = 0;


    for my $call (@calls) {
        seen($what, $call) or diag "$call->{sid}: never $what";
        $heard += !defined $word || $call->tokens(1) eq $word;
    }

    # to the moment at which both may speak

    sleep 0.1 if $name =~ /as fast|blanks/;

    is $calls[0]->hangup, 1000, $name;
    $calls[1]->fin;
    $calls[2]->rst;
    $calls[3]->torn;

    is $heard, 4, '... and that was heard';
    ok closed(), '... nothing is open after the calls';

    # what has no client left is noticed by the LLM in its own time

    ok ConvRelay::Nginx::wait_for(5, sub { !grep { runs($_) } @calls }),
       '... and no request was left to run';
}


# a reload while both run: the call stays, and the worker ends with it

{
    my ($old) = $nginx->workers;
    my @calls = (dial('head 0.6 First. end', 'head 3'),
                 dial('head 3', '0.5 Second. end'),
                 dial('3', '3'));

    seen('asked second', $_) for @calls;

    my ($new) = $nginx->hup;

    isnt $new, $old, 'a reload while both are asked';
    is $calls[0]->answer, 'First.', '... the first is faster';
    is $calls[1]->answer, 'Second.', '... the second is faster';

    my $call = dial('3', 'Fresh. end');

    is $call->{worker}, $new, '... new calls are with the new worker';
    is $call->answer, 'Fresh.', '... and asked in the same way';

    # once more in the old one

    $calls[1]->prompt('And on Sunday?');
    is $calls[1]->answer, 'Second.', '... the next turn of an old call';

    is $_->hangup, 1000, '... an old call ends' for @calls, $call;

    ok ConvRelay::Nginx::wait_for(5, sub {
        !grep { $_ == $old } $nginx->children;
    }), '... and the old worker with it';
    ok closed(), '... nothing is open';
}


# the first one is slow for everybody: twice, and it is not waited for

{
    for my $n (1 .. 2) {
        my $call = dial('1 First. end', 'Second. end', path => '/cool');

        is $call->answer, 'Second.', "the second one is faster, $n";
        $call->hangup;
        ok seen('closed first', $call), '... the first one is closed';
    }

    my $call = dial('First. end', 'Second. end', path => '/cool');

    is $call->answer, 'Second.', 'then only the second one is asked';
    $call->hangup;
    unlike $llm->log('seen'), qr/asked first $call->{sid}$/m,
           '... not the first';
}


# what is not the fault of an LLM does not count

{
    for my $n (1 .. 3) {
        my $call = dial('0.3 First. end', '', path => '/local',
                        parameters => { other => 'nowhere' });

        is $call->answer, 'First.', "the second one cannot be asked, $n";
        $call->hangup;
    }

    my $call = dial('1 First. end', 'Second. end', path => '/local');

    is $call->answer, 'Second.', '... it is asked again, all the same';
    $call->hangup;

    for my $n (1 .. 3) {
        my $call = dial('', 'Second. end', path => '/local',
                        parameters => { to => 'nowhere' });

        is $call->answer, 'Second.', "the first one cannot be asked, $n";
        $call->hangup;
    }

    $call = dial('First. end', '', path => '/local');

    is $call->answer, 'First.', '... it is asked again, all the same';
    $call->hangup;
}

$nginx->stop;

is_deeply [ grep { !/invalid URL prefix|LLM failed/ } $nginx->complaints ], [],
          'nothing to complain of';

done_testing;
