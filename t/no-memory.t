# One allocation fails, the first of a call, then the second, and so on: the
# worker lives on, another call in it goes on, and nothing of the call is left.
#
#     prove t/no-memory.t                     some, by the seed, for 20 seconds,
#                                             60 where nginx is sanitised
#     make no-memory TIME=600 SEED=5          more of them, on both nginx
#     TEST_ONLY=call:117 prove t/no-memory.t  that one
#
# With the sanitised nginx each piece of a pool is an allocation of its own.

use strict;
use warnings;

use lib 't/lib', 't/chaos';

use Chaos::Nginx;
use ConvRelay::Call;
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'valgrind has a malloc of its own'
    if $ENV{TEST_NGINX_VALGRIND};

my $slow = $ENV{TEST_NGINX_SLOW} || 1;

# how long is waited for what always comes; then it hangs

my $patience = 20 * $slow;

# the other call's, and the one to the LLM that nginx keeps after its answer

my $connections = 2;

my $time = $ENV{TEST_TIME} || ($ENV{ASAN_OPTIONS} ? 60 : 20);
my ($only, $only_n) = split /:/, $ENV{TEST_ONLY} // '';

local $ENV{TEST_NGINX_ALARM} = 2 * $time + 120;

srand($ENV{TEST_SEED} || 1);

my $llm = ConvRelay::Nginx->new;

$llm->http(<<'_EOC_');
    keepalive_requests  100000;

    server {
        listen      127.0.0.1:%%PORT%%;
        access_log  off;

        location /     { convrelay_mock_llm answer=count tokens=3 first=0
                                            interval=0; }
        location = /known { default_type application/json;
                            return 200 '{"system":"Known.","variables":
                                         {"name":"Ann","n":17}}'; }
        location /slow { convrelay_mock_llm answer=count tokens=1000 first=0
                                            interval=2ms; }
    }
_EOC_

$llm->start;

my $nginx = Chaos::Nginx->new;

# more than is kept for output

my $long = 'x' x 3000;

$nginx->http(<<"_EOC_");
    upstream llm {
        server              127.0.0.1:@{[ $llm->port ]};
        keepalive           1;
        keepalive_requests  100000;
    }

    convrelay_zone              calls 64k;
    convrelay_limit_calls       \$server_name 4;
    convrelay_max_turn_rate     0;

    # what a request needs are many small pieces

    connection_pool_size  256;
    request_pool_size     256;

    lingering_time      500ms;
    proxy_http_version  1.1;
    proxy_set_header    Connection "";

    server {
        listen       127.0.0.1:%%PORT%%;
        server_name  localhost;

        location = /ws {
            convrelay;
            convrelay_model          "\$convrelay_from";
            convrelay_request_field  user "\$convrelay_call_sid";
            convrelay_dtmf           max=2;
            set                      \$long $long;
            convrelay_on  setup      say "Hello \$convrelay_from.";
            convrelay_on  dtmf 12    say "\$convrelay_digits\$long\$long\$long";
            convrelay_on  prompt "~slow (?<way>\\w+)"  say "Well \$way.";
            proxy_pass  http://llm/v1;
        }

        location = /slow {
            convrelay;
            proxy_pass  http://llm/slow;
        }

        location = /known {
            convrelay;
            convrelay_context    /context;
            convrelay_on  setup  say "Hello \$convrelay_context_name.";
            proxy_pass           http://llm/v1;
        }

        location = /context {
            internal;
            proxy_pass  http://llm/known;
        }

        location = /status {
            convrelay_status  public;
        }
        location = /status.json {
            convrelay_status  json public;
        }
        location = /status.html {
            convrelay_status  html public;
        }

        location = /twiml {
            convrelay_twiml            wss://example.com/ws;
            convrelay_twiml_attribute  welcomeGreeting "Hi \$convrelay_form_From";
            convrelay_twiml_parameter  a "\$convrelay_form_To";
        }

        location = /talk {
            convrelay_talk  /ws /twiml public;
        }

        location = /action {
            convrelay_connect_action;
            convrelay_connect_reply  "dial \$convrelay_handoff_number";
        }
    }
_EOC_

$nginx->start;

my ($worker) = $nginx->workers;

my %scripts = (

    # setup, a prompt and its answer, keys, an interruption, the end

    call => sub {
        my $call = dial('/ws') or return;

        $call->setup;
        $call->answer;
        $call->prompt('Hi');
        $call->answer;
        $call->send(type => 'dtmf', digit => $_) for qw( 1 2 );
        $call->answer;
        $call->send(type => 'prompt', voicePrompt => 'slow as',
                    last => JSON::PP::false);
        $call->prompt('slow as that');
        $call->answer;
        $call->hangup;
    },

    # a prompt in one piece with the setup waits for the context

    context => sub {
        my $call = dial('/known') or return;

        $call->batch({ type => 'setup', sessionId => 'VX2', callSid => 'CA2',
                       from => '+15550100001',
                       customParameters => { a => 'b' } },
                     { type => 'prompt', voicePrompt => 'Hi', lang => 'en-US',
                       last => JSON::PP::true });
        $call->answer;
        $call->answer;
        $call->hangup;
    },

    interrupt => sub {
        my $call = dial('/slow') or return;

        $call->setup;
        $call->prompt('Hi');
        $call->tokens(2);
        $call->interrupt('1');
        $call->prompt('Hi again');
        $call->tokens(2);
        $call->hangup;
    },

    gone => sub {
        my $call = dial('/slow') or return;

        $call->setup;
        $call->prompt('Hi');
        $call->tokens(2);
        $call->rst;
    },

    webhook => sub {
        post('/twiml', 'CallSid=CA1&From=%2B15550100001&To=%2B1555010000'
                       . '&x=' . 'y' x 2000);
    },

    # a page, its ticket, and a call with that

    talk => sub {
        get('/talk');

        my $text = request('POST /talk HTTP/1.0', '',
                           'Origin: http://localhost', 'Content-Length: 0');
        my ($json) = ($text // '') =~ /(\{.*\})\s*\z/s or return;
        my $given = JSON::PP::decode_json($json);

        my $call = dial('/ws', headers => [ 'Origin: http://localhost',
                              'Sec-WebSocket-Protocol: '
                              . join ', ', @{$given->{protocols}} ])
                   or return;

        $call->raw(ConvRelay::Call::frame(1, $given->{setup}));
        $call->answer;
        $call->hangup;
    },

    action => sub {
        post('/action', 'CallSid=CA1&SessionId=VX1&SessionStatus=ended&'
                        . 'HandoffData=%7B%22number%22%3A%22%2B15550100002%22'
                        . '%2C%22a%22%3A%22%FF%22%7D');
    },

    status => sub {
        get("/status$_") for '', '.json', '.html';
    },

    configuration => sub {
        my ($said) = $nginx->test;

        # it says what was wrong, in the log, too

        $nginx->wrong;

        # glibc looks up the user of "user", and insists on memory for it

        return if $said =~ /nss_database\.c:.*Assertion/;

        die "nginx -t exits with $?: $said\n" if $? != 0 && $? != 256;
    },
);

# parts of the time

my %share = (call => 0.2, talk => 0.1, context => 0.2, interrupt => 0.1, gone => 0.1,
             webhook => 0.1, action => 0.1, status => 0.05,
             configuration => 0.05);

# tries between two looks at what is left of them, and at the other call

my $batch = $only ? 1 : 8;

my @names = $only ? $only : sort keys %scripts;

# what is kept from one call to the next is there before anything is counted

for my $name (@names) {
    $scripts{$name}->() for 1 .. 2;
}

my $other = dial('/ws') or die "no call\n";

$other->setup;
$other->answer;

for my $name (@names) {
    my $script = $scripts{$name};
    my @found;

    $other->ask('Hi');
    settled();

    # how many it makes

    my $many = 1_000_000;

    $nginx->fail_at($many);
    $script->();
    settled();

    my $made = $many - $nginx->fails_in;

    $nginx->fail_at(0);

    my @order = $only_n ? $only_n : shuffled($made);
    my $end = time + $time * $share{$name};
    my $tried = 0;

    while (@order && @found < 5 && (time < $end || $only)) {
        my @n = splice @order, 0, $batch;
        my @wrong = tried($name, $connections, @n);

        $tried += @n;

        # which of them it was

        if (@wrong && @n > 1 && $wrong[-1] !~ /worker has gone/) {
            my @again = map { tried($name, $connections, $_) } @n;

            @wrong = @again if @again;
        }

        push @found, @wrong;

        last if grep { /worker has gone/ } @wrong;
    }

    ok !@found, "$name: $tried of $made allocations failed, one at a time";
    diag "$name: $tried of $made" if $ENV{TEST_TIME};
    diag "$_\n  again: TEST_ONLY=" . ($_ =~ /^(\w+:\d+)/)[0]
         . ' prove t/no-memory.t' for @found;
}

is $other->hangup, 1000, 'the other call ends';

$nginx->stop;

unlike $nginx->log('error'), qr/slow as/, 'what somebody said is in no line';

done_testing;


# what is wrong after allocations failed, one for each run of the script

sub tried {
    my ($name, $connections, @n) = @_;
    my $which = "$name:" . join '+', @n;
    my @found;

    for my $n (@n) {
        $nginx->fail_at($n);

        # the call may go any way, but it goes

        eval { $scripts{$name}->() };

        my $how = $@;

        $nginx->fail_at(0);

        push @found, "$name:$n: $how" if $how =~ /hangs|exits with/;
    }

    my $said = eval { $other->ask('Hi') } // $@;

    push @found, "$which: the other call is told \"$said\""
        if $said ne ' 1 2 3';

    my $now = settled();

    # One that is left over stays.  But if the LLM takes long for the end of an
    # answer, after its last word, nginx keeps no connection to it.

    if ($now < $connections) {
        $other->ask('Hi');
        $now = settled();
    }

    push @found, "$which: $now connections, not $connections"
        if $now != $connections;

    my ($pid) = $nginx->workers;

    return @found, "$which: the worker has gone" if ($pid // 0) != $worker;

    return @found, map { "$which: $_" } $nginx->wrong;
}


sub dial {
    my ($path, %more) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $call = eval {
        ConvRelay::Call->dial($nginx->port, $path, timeout => $patience,
                              %more);
    };

    # no memory for the handshake: an answer of HTTP, or none

    die "it hangs: $@" if !$call && $@ =~ /timeout/;

    return $call ? bless $call, 'Patient' : undef;
}


sub get { return request("GET $_[0] HTTP/1.0", '') }


sub post {
    my ($path, $body) = @_;

    return request("POST $path HTTP/1.0", $body,
                   'Content-Type: application/x-www-form-urlencoded',
                   'Content-Length: ' . length $body);
}


sub request {
    my ($line, $body, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or die "no connection\n";

    local $SIG{PIPE} = 'IGNORE';

    print {$sock} join "\r\n", $line, 'Host: localhost', @headers, '', $body;

    IO::Select->new($sock)->can_read($patience) or die "it hangs\n";

    local $/;
    return scalar <$sock>;
}


# connections of the worker, when there are no more than there should be, or
# when waiting for that was in vain

sub settled {
    my $now;

    ConvRelay::Nginx::wait_for(10, sub {
        $now = $nginx->connections;
        return $now <= $connections;
    });

    return $now;
}


sub shuffled {
    my @n = 1 .. shift;

    for my $i (reverse 1 .. $#n) {
        my $j = int rand($i + 1);

        @n[$i, $j] = @n[$j, $i];
    }

    return @n;
}


# a call that may end at any time, but is never silent

package Patient;

use parent -norequire, 'ConvRelay::Call';

my $sid;

sub setup {
    my $self = shift;

    return $self->SUPER::setup(callSid => 'CA' . ++$sid);
}


sub message {
    my $self = shift;

    die "over by $self->{how}\n" if defined $self->{how};

    my $m = $self->SUPER::message;

    die "it hangs\n" if !$m && $self->{how} eq 'timeout';

    return $m;
}
