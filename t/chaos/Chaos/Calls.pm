package Chaos::Calls;

# Random calls, and a model that does all that a model must not do, while
# nginx is reloaded and upgraded, its workers are killed, its zone is resized
# and allocations fail.  A case is one call:
#
#     talker  behaves: each of its prompts is answered, with the words of the
#             model that belong to it, and only the caller ends it
#     steady  the same, except for longer, and the model behaves, too
#     evil    sends what it likes, and goes as it likes: it is told, by a
#             Close, if it is nginx that ends it
#     lively  sends what Twilio sends, at any time, where the model has tools,
#             or more is said than its words; it goes, or is asked to
#     page    reads the status page
#
# A call may end otherwise if its worker was killed, which its header X-Pid
# tells.  Every frame is checked.

use strict;
use warnings;

use parent 'Chaos::Callers';

use Chaos::Frames;
use Chaos::LLM;
use Chaos::Nginx;
use Chaos::Page;
use Chaos::Random;
use Chaos::Tools;
use ConvRelay::Call;
use ConvRelay::Status;
use Encode ();
use JSON::PP ();
use Time::HiRes qw( sleep time );

use constant SEATS => 20;

my $json = JSON::PP->new->utf8->allow_nonref;

my @talk = qw( /plain /plain /plain /buffers /next /rules /mirror /named
               /front /llm-tls /mock /seats /error /tools /tools /tools
               /hedge /fallback /known );
my @lively = qw( /tools /acts /acts /silence /filler /filler /all /all /all
                 /hedge /known );
my @evil = (@talk, @lively, qw( /tiny /tiny /dns /early /aio ));

# Faults that are ours only where memory is not short: there, a result is lost,
# and for nginx a variable has no value.

my $short = join '|', 'is asked for .* once more', 'not in the history',
                      'it has no length', ', is "\{"id":""';

# those of the second server

my $second = qr{^/(?:tools|acts|silence|filler|all|known|hedge|fallback
                       |status.*)$}x;

# code points that Unicode keeps for nobody: UTF-8 has them, Perl's has not

my $noncharacter = qr{\xef\xb7[\x90-\xaf]|\xef\xbf[\xbe\xbf]
                      |[\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]}x;

# messages that are sent to Twilio

my %messages = map { $_ => 1 } qw( text play sendDigits language end config );


sub start {
    my $self = shift;

    $self->{name} = 'calls';
    $self->{at_once} = 40;
    $self->{calls} = {};

    # what the storm does is decided by the seed, too

    $self->{storm} = Chaos::Random->new($self->{seed}, 'storm');
    $self->{due} = time + 1;
    $self->{zone} = '1m';

    my $nginx = $self->{nginx} = Chaos::Nginx->new;
    my $front = $self->{front} = ConvRelay::Nginx->new;

    $self->{llm} = Chaos::LLM->start($self->{seed}, $nginx->port(7),
                                     $nginx->port(6), $nginx->port(5));

    $self->certificate;
    $self->write;
    $nginx->start;

    my $text = $self->text('front.conf');

    $text =~ s/%%TLS%%/$nginx->port(1)/ge;
    $text =~ s/%%LLM%%/$nginx->port(7)/ge;
    $text =~ s/%%CONF%%/$nginx->dir . '\/conf'/ge;

    $front->http($text, 'worker_rlimit_nofile 4096;');
    $front->start;
}


sub certificate {
    my $self = shift;
    my $dir = $self->{nginx}->dir . '/conf';

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a"
           . " -keyout $dir/key -out $dir/cert 2>/dev/null") == 0
        or die "no openssl\n";
}


sub write {
    my $self = shift;
    my $text = $self->text('calls.conf');

    $text =~ s/%%ZONE%%/$self->{zone}/g;
    $text =~ s/%%FRONT%%/$self->{front}->port(1)/ge;

    # a new binary is to have what the old one had

    my $main = join '', map { "env $_;\n" } qw( LD_PRELOAD CHAOS_HEAP
                                                ASAN_OPTIONS LSAN_OPTIONS
                                                UBSAN_OPTIONS );

    $self->{nginx}->http($text, "worker_rlimit_nofile 8192;\n$main");
    $self->{nginx}->write($_, $self->text($_))
        for qw( tools.conf tool.conf act.conf );
    $self->{nginx}->write("page-$_", "{\"id\":\"$_\"}") for 0 .. 5;

    # two workers

    my $file = $self->{nginx}->dir . '/conf/nginx.conf';

    open my $fh, '+<', $file or die "$file: $!\n";
    my $all = do { local $/; <$fh> };

    $all =~ s/worker_processes  1;/worker_processes  2;/;
    $all =~ s/worker_connections  1024;/worker_connections  4096;/;

    seek $fh, 0, 0;
    print $fh $all;
}


# a call

sub case {
    my ($self, $n) = @_;

    my $r = Chaos::Random->new($self->{seed}, 'calls', $n);
    my $kind = $self->{failing} ? $r->pick(qw( talker evil lively page ))
                                : $r->pick(qw( talker talker evil evil
                                               steady lively lively page ));

    return $self->page($r, $n) if $kind eq 'page';

    my $path = $kind eq 'steady' ? '/plain'
               : $kind eq 'lively' ? $r->pick(@lively)
               : $r->pick($kind eq 'evil' ? @evil : @talk);

    my $port = $path eq '/front' ? $self->{front}->port
               : $self->{nginx}->port($path =~ $second ? 2 : 0);

    my $call = {
        n => $n, kind => $kind, path => $path, r => $r, heard => [],
        segment => '', frames => [], turn => 0, started => time,
        lenient => $self->{failing},
    };

    my $target = $path eq '/front' ? '/plain' : $path;

    my $head = join "\r\n", "GET $target HTTP/1.1", 'Host: localhost',
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13', '', '';

    my @steps = $kind eq 'evil' ? Chaos::Frames::evil($r, $n, $head)
                : $kind eq 'lively' ? $self->lively($call, $head)
                : $self->polite($call, $head);

    my $c = $self->{loop}->connect($port, @steps);

    $c->{case} = $n;
    $c->{doing} = "$kind at $path";
    $c->{call} = $call;
    $c->{on_input} = sub { $self->input($c) };
    $c->{on_end} = sub { $self->ended($c) };

    $self->tick($kind);
}


# the status page

sub page {
    my ($self, $r, $n) = @_;
    my ($path, @steps) = Chaos::Page::steps($r);
    my $c = $self->{loop}->connect($self->{nginx}->port(2), @steps);

    $c->{case} = $n;
    $c->{doing} = "page at $path";
    $c->{call} = { n => $n, kind => 'page', path => $path, started => time,
                   lenient => $self->{failing} };
    $c->{on_end} = sub { $self->read_page($c) };

    $self->tick('page');
}


sub read_page {
    my ($self, $c) = @_;
    my $call = $c->{call};

    return if $call->{lenient} || $self->{failing}
              || $c->{how} =~ /^(?:closed|over)$/;

    my ($pid) = $c->{in} =~ /^X-Pid: (\d+)/m;

    my $wrong = $c->{how} eq 'eof'
                ? Chaos::Page::wrong($call->{path}, $c->{in},
                                     3 * $self->{at_once})
                : "no end, but $c->{how}";

    return if !defined $wrong || $self->was_killed($call, $pid);

    $self->found($call->{n}, "$call->{path}: $wrong", $c->{in});
}


# what comes

sub input {
    my ($self, $c) = @_;
    my $call = $c->{call};

    if (!$call->{status}) {
        return if $c->{in} !~ s{^HTTP/1\.1 (\d+)(.*?)\r\n\r\n}{}s;

        my ($status, $headers) = ($1, $2);

        $call->{status} = $status;
        ($call->{pid}) = $headers =~ /X-Pid: (\d+)/;
        ($call->{connection}) = $headers =~ /X-Connection: (\d+)/;
    }

    return if $call->{status} != 101;

    while (my ($opcode, $payload) = Chaos::Frames::next_frame(\$c->{in})) {

        if (!defined $payload) {
            return $self->found($call->{n}, "frame: $opcode");
        }

        $call->{close} = length $payload ? unpack 'n', $payload : 1005
            if $opcode == 8;

        if ($opcode == 9 && $call->{kind} eq 'evil') {

            # the third is the end, without a word

            $c->{forgiven} = 1 if ++$call->{pings} == 2;

        } elsif ($opcode == 9 && !$call->{close}) {
            $c->{out} .= Chaos::Frames::frame(10, $payload);

        } elsif ($opcode == 1) {
            $self->message($c, $payload);
        }
    }
}


sub message {
    my ($self, $c, $payload) = @_;
    my $call = $c->{call};
    my $copy = $payload =~ s/$noncharacter//gr;
    my $m = eval {
        Encode::decode('UTF-8', $copy, Encode::FB_CROAK);
        $json->decode($payload);
    };

    if (ref $m ne 'HASH' || !defined $m->{type}) {
        return $self->found($call->{n}, 'no message', $payload);
    }

    return $self->found($call->{n}, 'an unknown message', $payload)
        if !$messages{$m->{type}};

    return $self->goodbye($c)
        if $m->{type} eq 'end' && $call->{kind} eq 'lively';

    return if $m->{type} ne 'text';

    return $self->found($call->{n}, 'an odd text', $payload)
        if !defined $m->{token} || ref $m->{token} || !ref $m->{last};

    $self->tick('tokens');

    my $token = $m->{token};

    utf8::encode($token);
    $call->{segment} .= $token;

    return if !$m->{last};

    $self->said($call, $call->{segment});

    push @{$call->{heard}}, $call->{segment};
    $call->{segment} = '';
}


# What may be heard of the turn $n, if there is one: pairs of a text, and "all",
# "some" or "any"

sub expected {
    my ($self, $path, $n) = @_;
    my $seed = $self->{seed};

    return if !defined $n;

    return [Chaos::Tools::expected($seed, $n)] if $path eq '/tools';

    my @n = $path =~ m{^/(?:hedge|fallback)$} ? ($n, "${n}f", "${n}g") : $n;

    return map { [Chaos::LLM::text($seed, $_),
                  (Chaos::LLM::way($seed, $_))[1]] } @n;
}


# is this what the model said?

sub said {
    my ($self, $call, $said) = @_;
    my $asked = $call->{asked};

    $self->tick('answers');

    # what is known of a call is its own

    $self->found($call->{n}, "is told what is known of another: $said")
        if $said =~ /^Hello (\d+)\./ && $1 ne $call->{n};

    return if $call->{kind} =~ /^(?:evil|lively)$/ || !$asked
              || $call->{lenient} || $self->{failing}
              || Chaos::Callers::is_loose($call->{path});

    return if $said eq '' || $said eq 'In.';

    # a full stop and a space keep it from what was said

    my $sorry = $said =~ s/(?:\.? )?\Q$Chaos::LLM::apology\E$//;

    # it may be the end of the answer before, which the caller cut

    my @before = map { [ @$_, 'cut' ] }
                 $self->expected($call->{path}, $asked->{before} // ());
    my @expected = $self->expected($call->{path}, $asked->{n});

    for (@before, @expected) {
        my ($text, $heard, $cut) = @$_;

        # between the answers of a turn there is a space, or none

        if ($call->{path} eq '/tools') {
            $text =~ s/\s+//g;
            $said =~ s/\s+//g;
        }

        if (substr($said, 0, length $text) eq $text) {
            return if $heard eq 'any' || $said eq $text
                                         && ($heard eq 'some' || !$sorry);
        }

        next if substr($text, 0, length $said) ne $said;

        # cut only by the caller, or by the model

        return if $cut || $heard ne 'all' || $said eq '';

        return $self->found($call->{n}, "an answer was cut, $call->{path}, "
                            . "$asked->{way}: <$said>, of <$text>"
                            . ($sorry ? ' and an apology' : ''));
    }

    return if $said eq '';

    # of a model that says anything nothing is known

    return if grep { $_->[1] eq 'any' && $call->{path} ne '/tools' } @expected;

    my @texts = map { "<$_->[0]>" } @before, @expected;

    $self->found($call->{n}, "words that are not the model's, $call->{path}, "
                             . "$asked->{way}: <$said>, not @texts");
}


# what ended it

sub ended {
    my ($self, $c) = @_;
    my $call = $c->{call};
    my $wrong;

    $self->tick("end $c->{how}");

    if ($c->{how} eq 'timeout') {
        my $step = $c->{script}[$c->{step}];

        $wrong = "nothing came for the last step, at $call->{path}";
        $wrong .= ", asked for $call->{asked}{way}" if $call->{asked};
        $wrong .= ', and nginx did not close' if $step->[0] eq 'eof';

    } elsif ($call->{leaving} || $c->{forgiven}
             || $c->{how} =~ /^(?:closed|over)$/)
    {
        return;

    } elsif (!$call->{status}) {
        $wrong = 'no answer to the handshake';

    } elsif ($call->{status} != 101) {
        $wrong = "handshake: $call->{status}";
        return if $call->{kind} eq 'evil';

    } elsif ($call->{kind} eq 'evil') {
        # where TLS is another nginx's, a reset takes the word with it

        return if $call->{close} || $call->{path} eq '/front';
        $wrong = 'ended without a word';

    } else {
        return if $call->{path} eq '/seats' && ($call->{close} // 0) == 1008
                  && !@{$call->{heard}};

        $wrong = 'was ended by nginx, with '
                 . ($call->{close} // "nothing but $c->{how}")
                 . ", at $call->{path}";
    }

    return if $call->{lenient} || $self->{failing};

    # its worker was killed, or some worker was when it had none yet

    return if $self->was_killed($call, $call->{pid});

    $self->found($call->{n}, "$call->{kind}: $wrong");
}


sub was_killed {
    my ($self, $call, $pid) = @_;

    return 0 if $pid ? !$self->{nginx}->killed($pid)
                     : ($self->{last_kill} // 0) <= $call->{started} - 1;

    $self->tick('killed with their worker');

    return 1;
}


# the model has seen something, too

sub look {
    my ($self, $nginx) = @_;

    $self->SUPER::look($nginx);

    for ($self->{llm}->wrong) {
        my ($n, $what) = @$_;

        $self->found($n, $what) if !$self->{failing} || $what !~ /$short/;
    }
}


# the storm

sub idle {
    my $self = shift;
    my $nginx = $self->{nginx};
    my $r = $self->{storm};

    return if $self->{calm} || time < $self->{due};

    $self->{due} = time + 0.2 + $r->seconds(0.8);

    my $what = $self->{failing} ? 'nothing'
               : $r->pick(qw( reload reload reload resize resize reopen kill
                              kill term quit upgrade nothing ));

    return if $what eq 'nothing';

    $self->tick($what);
    $nginx->everyone;

    if ($what eq 'reload') {
        $nginx->hup;

    } elsif ($what eq 'resize') {
        $self->{zone} = $r->pick('64k', '128k', '1m', '2m');
        $self->write;
        $nginx->hup;

    } elsif ($what eq 'reopen') {
        $nginx->signal('USR1');

    } elsif ($what eq 'upgrade') {
        $nginx->upgrade or $self->{count}{upgrade}--;

    } else {
        my @workers = sort { $a <=> $b }
                      $r->one_in(3) ? $nginx->everyone : $nginx->serving;
        my $pid = $workers[$r->int(@workers || 1)] // return;

        $nginx->kill($pid, uc $what);
        $self->{last_kill} = time if $what ne 'quit';
    }
}


# calm, storm, calm; then allocations fail for a while

sub run {
    my ($self, $seconds, @cases) = @_;

    my $nginx = $self->{nginx};

    if (@cases) {
        $self->{calm} = 1;
        return $self->SUPER::run($seconds, @cases);
    }

    my $heap;

    for my $stage ([warm => 0.1], [calm => 0.2], [storm => 0.45],
                   [failing => 0.25])
    {
        my ($name, $share) = @$stage;

        $self->{calm} = $name =~ /warm|calm/;
        $self->{failing} = $name eq 'failing';
        $self->{reload} = $name ne 'warm';

        $nginx->fail($self->{storm}->between(60, 400)) if $self->{failing};

        my $done = $self->{next};

        $self->SUPER::run($seconds * $share);

        last if @{$self->{findings}};

        $heap = $self->heap if $name eq 'warm';
        $self->grown($self->{rested} - $heap, $self->{next} - $done)
            if $name eq 'calm';
    }

    return @{$self->{findings}};
}


# of all workers

sub heap {
    my $self = shift;
    my $sum = 0;

    $sum += ($self->{nginx}->heap($_))[0] for $self->{nginx}->workers;

    return $sum;
}


# some kilobytes may be kept for the next call, or by libraries

sub grown {
    my ($self, $bytes, $calls) = @_;

    $self->{count}{'bytes more'} = $bytes;

    $self->found(0, "the heap has grown by $bytes bytes in $calls calls")
        if $bytes > 65536;
}


# the evil ones go now, the others when they have their answer

sub over {
    my $self = shift;

    $self->{nginx}->fail(0) if $self->{failing};

    for my $c (values %{$self->{loop}{conns}}) {
        next if $c->{call}{kind} !~ /^(?:evil|lively)$/;

        $c->{script} = [['close']];
        $c->{at} = 0;
        delete @$c{qw( wake deaf )};
    }
}


# nothing is left, and nginx is as good as before

sub rest {
    my $self = shift;
    my $nginx = $self->{nginx};

    $self->{count}{failures} = $nginx->failures if $self->{failing};

    my $left;

    ConvRelay::Nginx::wait_for(8, sub {
        $left = $nginx->connections;
        return !$left;
    })
    or $self->{failing} or $self->found(0, "connections left: $left");

    $self->seats;
    $self->nobody;
    $self->{rested} = $self->heap if $self->{calm};

    return if !$self->{reload};

    # an old worker stays as long as it has a call

    my @old = $nginx->everyone;

    $nginx->hup;

    # those that are sanitised look for leaks when they exit, which takes long
    # if many do so at the same time

    ConvRelay::Nginx::wait_for($ENV{ASAN_OPTIONS} ? 60 : 10, sub {
        my %left = map { $_ => 1 } $nginx->everyone;

        @old = grep { $left{$_} } @old;
        return !@old;
    })
    or $self->{failing}
    or $self->found(0, "workers left: @old");

    # where an allocation failed, they may

    $nginx->kill($_, 'KILL') for @old;

    my $call = ConvRelay::Call->dial($nginx->port, '/mock');

    $call->setup(callSid => 'CAlast');

    my $said = eval { $call->ask('Are you there?') } // $@;

    $self->found(0, "a new call: $said") if $said !~ /1 2 3 4 5/;
    $call->hangup;
}


# nobody is counted any more

sub nobody {
    my $self = shift;
    my $live;

    return if $self->{failing};

    ConvRelay::Nginx::wait_for(5, sub {
        my ($head, $body) = ConvRelay::Status::get($self->{nginx}->port(2),
                                                   '/status');

        return !($live = Chaos::Page::live($body));
    })
    or $self->found(0, "live calls that are none: $live");
}


# every seat of the calls that are over is free

sub seats {
    my $self = shift;
    my (@calls, @heard);

    return if $self->{failing};

    for my $n (1 .. SEATS + 1) {
        my $call = ConvRelay::Call->dial($self->{nginx}->port, '/seats');

        $call->setup(callSid => "CAseat$n", accountSid => 'ACseat');

        my $said = eval { $call->tokens(1) } // $@;

        push @calls, $call;
        push @heard, $said;
    }

    my $in = grep { $_ eq 'In.' } @heard;

    $self->found(0, "$in calls were let in, not " . SEATS . ": @heard")
        if $in != SEATS || $heard[-1] eq 'In.';

    eval { $_->hangup } for grep { !defined $_->{how} } @calls;
}


sub DESTROY {
    my $self = shift;

    local ($?, $!, $@);

    $self->{llm}->stop if $self->{llm} && $self->{llm}{pid};
}


1;
