package Chaos::LLM;

# A model that answers in every way there is, right and wrong, in a process of
# its own, with a resolver beside it:
#
#     my $llm = Chaos::LLM->start($seed, $port, $early, $dns);
#     $llm->wrong         what was wrong with requests, as [case, what]
#     $llm->stop;
#
# What it does is decided by the number in the last "case N" of a request, so
# a caller knows what it may hear:
#
#     my ($way, $heard) = Chaos::LLM::way($seed, $n);
#     my $text = Chaos::LLM::text($seed, $n);
#
# $heard is "all": the whole text; "some": as much of it as came, and maybe an
# apology; "any": whatever.  On the port $early it answers before it was asked.
# Where the header X-Which has a letter, it is another LLM, which has it after
# its numbers.  It calls tools where there are some, and is those tools itself,
# below /tool/, and what knows the callers, at /known.

use strict;
use warnings;

use Chaos::Asked;
use Chaos::Loop;
use Chaos::Random;
use Chaos::Tools;
use Errno qw( EAGAIN EINTR );
use POSIX ();
use Socket qw( :all );

our $apology = 'I ran into a temporary issue while generating a response.';

my %ways = (
    good => 'all', closed => 'all', open => 'all', twice => 'all',
    accel => 'all', slow => 'all', late_rst => 'any', interim => 'any',

    cut => 'some', rst => 'some', half => 'some', long_length => 'some',
    short_length => 'some', chunk => 'some', error_event => 'some',

    nothing => 'any', silent => 'any', head_cut => 'any', status => 'any',
    upgrade => 'any', encoded => 'any', no_http => 'any', garbage => 'any',
    endless => 'any', endless_head => 'any', endless_chunk => 'any',
    json => 'any', big_head => 'any', trickle => 'any', mutated => 'any',
);

my @names = sort keys %ways;

my $early = 0;      # answers that nobody had asked for
my %asked;          # how often, by the number of a case with tools
my %known;          # how often a call was asked about
my $report;         # a pipe to the test


sub way {
    my ($seed, $n) = @_;
    my $r = Chaos::Random->new($seed, 'way', $n);

    # every second one is simply right

    my $name = $r->one_in(2) ? 'good' : $r->pick(@names);

    return ($name, $ways{$name});
}


sub tokens {
    my ($seed, $n) = @_;
    my $r = Chaos::Random->new($seed, 'text', $n);

    my @strange = ("\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", '"', '\\',
                   "\n", '<b>', '&', "'", "\t", '.', '!', '$1', '%');

    return "$n:", map { ' ' . $r->word
                        . ($r->one_in(4) ? $r->pick(@strange) : '') }
                  1 .. $r->between(1, 14);
}


sub text { return join '', tokens(@_) }


# as JSON, in one of the ways of writing it

sub quote {
    my ($r, $text) = @_;

    utf8::decode($text);

    $text =~ s{([^\x20\x21\x23-\x5b\x5d-\x7e])}{
        my $code = ord $1;

        $code > 0xffff ? sprintf '\\u%04x\\u%04x',
                         0xd800 + ($code - 0x10000 >> 10),
                         0xdc00 + ($code - 0x10000 & 0x3ff)
        : $code < 32 || $code == 34 || $code == 92 || $r->one_in(2)
            ? sprintf '\\u%04x', $code
        : $1;
    }ge;

    utf8::encode($text);

    return "\"$text\"";
}


sub event {
    my ($r, $text, $finish) = @_;

    my $delta = defined $text ? '{"content":' . quote($r, $text) . '}' : '{}';
    my $reason = $finish ? '"stop"' : 'null';

    return ($r->one_in(8) ? ": comment\n" : '')
           . ($r->one_in(8) ? "event: message\n" : '')
           . 'data:' . ($r->one_in(6) ? '' : ' ')
           . $r->pick(qq({"id":"x","choices":[{"index":0,"delta":$delta,)
                      . qq("finish_reason":$reason}]}),
                      qq({"choices": [ { "delta" : $delta , )
                      . qq("finish_reason" : $reason } ] , "usage" : null }))
           . $r->pick("\n\n", "\n\n", "\r\n\r\n");
}


sub events {
    my ($r, $seed, $n) = @_;

    my $body = join '', map { event($r, $_) } tokens($seed, $n);

    $body .= event($r, undef, 1);
    $body .= "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n"
        if $r->one_in(4);

    return $body . ($r->one_in(5) ? '' : "data: [DONE]\n\n");
}


sub head {
    my ($status, @headers) = @_;

    return join "\r\n", "HTTP/1.1 $status", 'Content-Type: text/event-stream',
                @headers, '', '';
}


sub chunk {
    my $bytes = shift;

    return sprintf "%x\r\n%s\r\n", length $bytes, $bytes;
}


# in pieces, with time between some of them

sub sent {
    my ($r, $bytes, $pause) = @_;

    return map {
        ([send => $_], $r->one_in(3) ? [pause => $r->seconds($pause // 0.03)]
                                     : ())
    } $r->cut($bytes, 6);
}


sub chunks {
    my ($r, $body) = @_;

    return join '', map { length $_ ? chunk($_) : () } $r->cut($body, 8);
}


# The steps of an answer.  What comes after its end is sent together with it:
# later, it would be the start of an answer to somebody else, who had been
# given the connection by nginx.

my %answer = (
    good => sub {
        my ($r, $body) = @_;

        return sent($r, head('200 OK', 'Content-Length: ' . length $body)
                        . $body)
            if $r->one_in(3);

        return sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                        . chunks($r, $body)
                        . ($r->one_in(4) ? "0\r\nX: y\r\n\r\n"
                                         : "0\r\n\r\n"));
    },

    closed => sub {
        my ($r, $body) = @_;

        return (sent($r, head('200 OK', 'Connection: close') . $body),
                [$r->pick(qw( close fin ))]);
    },

    # the body stays open after the last event

    open => sub {
        my ($r, $body) = @_;

        $body .= "data: [DONE]\n\n" if $body !~ /DONE/;

        return (sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                         . chunks($r, $body)),
                [pause => 3], ['close']);
    },

    twice => sub {
        my ($r, $body) = @_;
        my $answer = head('200 OK', 'Content-Length: ' . length $body) . $body;

        return ([send => $answer . $answer]);
    },

    accel => sub {
        my ($r, $body) = @_;

        return sent($r, head('200 OK', 'Content-Length: ' . length $body,
                             $r->shuffle('X-Accel-Redirect: /secret',
                                         'X-Accel-Limit-Rate: 1',
                                         'X-Accel-Buffering: yes',
                                         'X-Accel-Expires: 60',
                                         'X-Accel-Charset: koi8-r',
                                         'Set-Cookie: a=b',
                                         'Cache-Control: max-age=60'))
                        . $body);
    },

    slow => sub {
        my ($r, $body) = @_;

        return sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                        . chunks($r, $body) . "0\r\n\r\n", 0.2);
    },

    late_rst => sub {
        my ($r, $body) = @_;

        return (sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                         . chunks($r, $body)), ['rst']);
    },

    interim => sub {
        my ($r, $body) = @_;

        return sent($r, join('', map { "HTTP/1.1 $_\r\nLink: a\r\n\r\n" }
                                 map { $r->pick('100 Continue', '103 Early') }
                                 1 .. $r->size(200))
                        . head('200 OK', 'Content-Length: ' . length $body)
                        . $body);
    },

    cut => sub {
        my ($r, $body) = @_;

        substr $body, $r->int(length $body), length $body, '';

        return (sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                         . chunks($r, $body)), [$r->pick(qw( close fin ))]);
    },

    rst => sub {
        my ($r, $body) = @_;

        substr $body, $r->int(length $body), length $body, '';

        return (sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                         . chunks($r, $body)), [pause => 0.02], ['rst']);
    },

    half => sub {
        my ($r, $body) = @_;

        substr $body, $r->int(length $body), length $body, '';

        return (['fin'], sent($r, head('200 OK') . $body));
    },

    long_length => sub {
        my ($r, $body) = @_;

        return (sent($r, head('200 OK', 'Content-Length: '
                                        . (length($body) + $r->size(9999)))
                         . substr $body, 0, $r->int(1 + length $body)),
                ['close']);
    },

    short_length => sub {
        my ($r, $body) = @_;

        return [send => head('200 OK', 'Content-Length: '
                                       . $r->int(length $body)) . $body];
    },

    chunk => sub {
        my ($r, $body) = @_;
        my @chunks = map { length $_ ? chunk($_) : () } $r->cut($body, 8);

        push @chunks, "0\r\n\r\n";

        $chunks[$r->int(scalar @chunks)] =~ s/^[0-9a-f]+/$r->pick(
            '-1', 'zz', 'f' x 16, 'f' x 40, '', '7fffffffffffffff', ' 5', '0x5',
            '5;' . 'a' x 5000)/e;

        return (sent($r, head('200 OK', 'Transfer-Encoding: chunked')
                         . join '', @chunks), ['close']);
    },

    error_event => sub {
        my ($r, $body, $seed, $n) = @_;
        my @tokens = tokens($seed, $n);
        my $stop = $r->int(scalar @tokens);

        $body = join '', map { event($r, $_) } @tokens[0 .. $stop];

        $body .= 'data: ' . $r->pick('{"error":{"message":"x","code":500}}',
                                     '{"error":"overloaded"}',
                                     '{"error":{"type":"x"}}') . "\n\n";

        return sent($r, head('200 OK', 'Content-Length: ' . length $body)
                        . $body);
    },

    nothing => sub { return [$_[0]->pick(qw( close rst fin ))] },

    silent => sub { return ([pause => 7], ['close']) },

    head_cut => sub {
        my ($r, $body) = @_;
        my $head = head('200 OK', 'Content-Length: 5');

        return ([send => substr $head, 0, $r->int(length $head)],
                [$r->pick(qw( close rst fin ))]);
    },

    status => sub {
        my ($r, $body) = @_;

        my $text = $r->pick('{"error":{"message":"no","code":"x"}}', '<html>',
                            '', $body, $r->text(20), '{"error":' x 50);

        return [send => head($r->pick('204 No', '205 No', '206 Part', '301 M',
                                      '302 Found', '304 Not', '400 Bad', '401',
                                      '404 No', '408 T', '413 Big', '422 U',
                                      '429 Slow', '500 No', '502 No', '503 No',
                                      '599 X', '600 X', '999', '000 X'),
                             'Location: http://127.0.0.1/secret',
                             'WWW-Authenticate: Basic',
                             'Content-Length: ' . length $text) . $text];
    },

    upgrade => sub {
        my ($r, $body) = @_;

        return sent($r, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n"
                        . "Connection: Upgrade\r\n\r\n" . $body);
    },

    encoded => sub {
        my ($r, $body) = @_;

        return sent($r, head('200 OK', 'Content-Encoding: '
                                       . $r->pick('gzip', 'br', 'x', 'identity',
                                                  ''),
                             'Content-Length: ' . length $body) . $body);
    },

    no_http => sub {
        my ($r, $body) = @_;

        return (sent($r, $r->pick("SSH-2.0-x\r\n", $r->bytes(300), $body,
                                  "HTTP/9.9 200 OK\r\n\r\n", "\r\n" x 100,
                                  "HTTP/1.1 200\r\n\r\n$body")), ['close']);
    },

    garbage => sub {
        my ($r, $body) = @_;

        $body = join '', map {
            $r->pick('data: ', 'data:', 'event: ', '', 'id: ', ': ')
            . $r->pick('{', '[' x $r->size(3000), '{"choices":[{"delta":',
                       '{"choices":{}}', '{"choices":[null]}', 'null', '1e999',
                       '{"choices":[{"delta":{"content":' . $r->pick(
                           '5', 'null', '[]', '"\\ud800"', '"\\udc00x"',
                           '"' . $r->text(3) . '"', '"a', '"\\u0000"') . '}}]}',
                       $r->text(10), $r->bytes(30), 'x' x $r->size(300_000),
                       '{"choices":[{"delta":{"tool_calls":[{}]}}]}')
            . $r->pick("\n\n", "\n", "\r\r", "\r\n\r\n", "\0\n", '')
        } 1 .. $r->size(60);

        return (sent($r, head('200 OK', 'Content-Length: ' . length $body)
                         . $body), $r->one_in(2) ? ['close'] : ());
    },

    # no more than some megabytes: it would be the machine that suffers

    endless => sub {
        my ($r, $body) = @_;
        my $piece = $r->pick(": x\n", event($r, 'again '), "\n", 'x' x 100,
                             "data: {}\n\n", "data: \r");

        $piece x= 1 + 65536 / length $piece;

        return ([send => head('200 OK')],
                map({ ([send => $piece], [pause => 0.02]) }
                    1 .. $r->between(1, 100)),
                ['close']);
    },

    endless_head => sub {
        my ($r) = @_;

        return ([send => "HTTP/1.1 200 OK\r\n"],
                map({ ([send => 'X-A: ' . 'x' x 1000 . "\r\n"],
                       [pause => 0.01]) } 1 .. $r->size(100)),
                ['close']);
    },

    endless_chunk => sub {
        my ($r) = @_;

        return ([send => head('200 OK', 'Transfer-Encoding: chunked') . '5;'],
                map({ ([send => 'x' x 65536], [pause => 0.02]) }
                    1 .. $r->size(60)),
                ['close']);
    },

    json => sub {
        my ($r, $body, $seed, $n) = @_;

        $body = '{"choices":[{"message":{"content":'
                . quote($r, text($seed, $n)) . '},"finish_reason":"stop"}]}';

        my $answer = head('200 OK', 'Content-Length: ' . length $body) . $body;

        $answer =~ s/event-stream/json/ if $r->one_in(2);

        return sent($r, $answer);
    },

    big_head => sub {
        my ($r, $body) = @_;

        return sent($r, head('200 OK', 'X: ' . 'x' x $r->size(20_000),
                             map({ "X-$_: y" } 1 .. $r->size(300)),
                             'Content-Length: ' . length $body) . $body);
    },

    trickle => sub {
        my ($r, $body) = @_;
        my $answer = head('200 OK', 'Content-Length: ' . length $body) . $body;

        return map { ([send => $_], [pause => 0.01]) }
               unpack '(a' . $r->between(1, 9) . ')*',
                      substr $answer, 0, 1500;
    },

    mutated => sub {
        my ($r, $body) = @_;

        return ([send => $r->mutate(head('200 OK', 'Content-Length: '
                                                   . length $body) . $body)],
                ['close']);
    },
);


sub start {
    my ($class, $seed, $port, $early, $dns) = @_;

    pipe my $wrong, $report or die "pipe: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid) {
        close $report;
        Chaos::Loop::nonblocking($wrong);

        return bless { pid => $pid, wrong => $wrong, in => '' }, $class;
    }

    # the test may have a plan and a file that are not ours

    $SIG{ALRM} = 'DEFAULT';
    $SIG{PIPE} = 'IGNORE';
    alarm 0;

    my $parent = getppid;
    my $loop = Chaos::Loop->new;

    eval {
        $loop->listen($port, sub { accepted($seed, @_) });
        $loop->listen($early, sub { early($seed, @_) });
        resolver($loop, $seed, $dns);

        $loop->turn(0.5) while getppid == $parent;
    };

    print STDERR "LLM: $@" if $@;
    POSIX::_exit(0);
}


sub stop {
    my $self = shift;

    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}


sub wrong {
    my $self = shift;
    my @wrong;

    while (sysread $self->{wrong}, $self->{in}, 65536, length $self->{in}) { }

    push @wrong, [ $1, $2 ] while $self->{in} =~ s/^(\d+) (.*)\n//;

    return @wrong;
}


# a line is written whole, or not at all

sub report {
    my ($n, $what) = @_;

    $what =~ s/[^\x20-\x7e]/?/g;
    syswrite $report, "$n " . substr($what, 0, 2000) . "\n";
}


sub accepted {
    my ($seed, $c) = @_;

    # one request at a time

    $c->{on_input} = sub {
        $c->{at} = 0 if $c->{at} >= @{$c->{script}} && request($seed, $c);
    };
}


# the next request, as soon as all of it is there

sub request {
    my ($seed, $c) = @_;

    my $head = $c->{in} =~ /^(.*?\r\n\r\n)/s ? $1 : return 0;
    my $length = $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;

    return 0 if length $c->{in} < length($head) + $length;

    my $body = substr $c->{in}, length $head, $length;

    substr $c->{in}, 0, length($head) + $length, '';

    # the body would be taken for the next request

    if ($head !~ /^GET|^Content-Length:/mi) {
        report(0, "asked wrongly: it has no length: $head");
        $c->{script} = [['rst']];

        return 1;
    }

    my @steps = $head =~ m{^\S+ /tool/(\w+)} ? serve($seed, $1, $head, $body)
                : $head =~ m{^\S+ /known} ? known($seed, $body)
                : asked($seed, $head, $body);

    $c->{script} = [@steps,
                    [do => sub { $c->{at} = -1 if request($seed, $c) }]];

    return 1;
}


# cases have a hundred prompts, and more for numbers that were passed over

sub case_of { return int((shift // 0) % 10_000_000 / 100) }


sub asked {
    my ($seed, $head, $body) = @_;

    my $n = $body =~ /.*case (\d+)/s ? $1 : 0;
    my $case = case_of($n);
    my ($which) = $head =~ /^X-Which: (\w)/mi;

    my $wrong = Chaos::Asked::is_checked(length $body)
                ? Chaos::Asked::wrong($body) : undef;

    report($case, "asked wrongly: $wrong: " . $body =~ s/.*?"messages"://sr)
        if defined $wrong;

    my @unknown = Chaos::Tools::unknown($head, $body);

    report($case, "calls that were run are not in the history: @unknown")
        if @unknown;

    # what is known of another call

    my ($call) = $head =~ /^X-Call: CA(\d+)/mi;

    report($case, "CA$call knows of CA$1: $body")
        if defined $call && $body =~ /It is the call CA(\d+)\./ && $1 ne $call;

    $n .= $which // '';

    Chaos::Tools::rejected($head) if (way($seed, $n))[0] eq 'status';

    return answer($seed, $n) if $body !~ /"tools":\[/;

    return Chaos::Tools::answer($seed, $n, $asked{$n}++, $body);
}


# what is known of a caller, once in a call

sub known {
    my ($seed, $body) = @_;
    my ($n) = $body =~ /"callSid":"CA(\d+)"/;

    $n //= 0;

    report($n, "is asked about once more: $body") if $n && $known{$n}++;

    return Chaos::Tools::known($seed, $n);
}


sub serve {
    my ($seed, $name, $head, $body) = @_;

    return Chaos::Tools::serve($seed, $name, $head, $body, sub {
        my $case = $head =~ /^X-Call: CA(\d+)/mi ? $1 : 0;

        report($case, @_);
    });
}


sub answer {
    my ($seed, $n) = @_;

    my ($way) = way($seed, $n);
    my $r = Chaos::Random->new($seed, 'answer', $n);

    return $answer{$way}->($r, events($r, $seed, $n), $seed, $n);
}


sub early {
    my ($seed, $c) = @_;

    $c->{script} = [answer($seed, ++$early)];
}


# names are looked up in as many ways

sub resolver {
    my ($loop, $seed, $port) = @_;

    socket my $fh, PF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
    bind $fh, pack_sockaddr_in($port, INADDR_LOOPBACK) or die "bind: $!\n";

    $loop->watch($fh, sub {
        while (my $from = recv $fh, my $query, 1500, 0) {
            next if length $query < 17;

            my $r = Chaos::Random->new($seed, 'dns', substr $query, 12);
            my $answer = resolve($r, $query);

            send $fh, $answer, 0, $from if defined $answer;
        }
    });
}


sub resolve {
    my ($r, $query) = @_;

    my $id = substr $query, 0, 2;
    my ($name) = substr($query, 12) =~ /^(.*?\0....)/s or return;
    my $a = "\xc0\x0c" . pack 'nnNnC4', 1, 1, 1, 4, 127, 0, 0, 1;
    my $head = sub { $id . pack 'n5', 0x8180 | $_[0], 1, $_[1], 0, 0 };

    return $r->pick(
        ($head->(0, 1) . $name . $a) x 5,
        $head->(3, 0) . $name,
        $head->(2, 0) . $name,
        $head->(0, 9) . $name . $a,
        $head->(0, 0) . $name,
        $r->mutate($head->(0, 1) . $name . $a),
        $id . $r->bytes(20),
        undef,
    );
}


1;
