package Chaos::Conf;

# Random configurations through "nginx -t".  A case is one: a good one, to
# which directives of the module with random arguments were added, and from
# which lines were taken, doubled or spoiled.  nginx must say yes, or no and
# why; some of those that pass are started, and get a few requests.

use strict;
use warnings;

use parent 'Chaos::Part';

use Chaos::Frames;
use Chaos::Random;
use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Socket::INET ();
use POSIX ();
use Time::HiRes qw( sleep time );

use constant { SLOTS => 3, STARTED => 6 };

my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';

my (@directives, @words, %examples);


sub start {
    my $self = shift;

    $self->{name} = 'conf';
    $self->{passed} = 0;

    read_source();

    for (1 .. SLOTS) {
        my $slot = ConvRelay::Nginx->new;

        $slot->write('.env', "NAME=value\nTOKEN=12345\n");
        $slot->write('prompt.txt', "Be kind.\n");
        $slot->write('tool.json', '{"description":"Books.","parameters":'
                                  . '{"type":"object"}}');
        push @{$self->{free}}, $slot;
    }
}


# the directives and where they may stand, and all short words of the source

sub read_source {
    my $root = ConvRelay::Nginx->root;
    my %seen;

    for my $file ("$root/ngx_http_convrelay_module.c",
                  glob "$root/src/{call,check,fetch,http,mock,status,tool,"
                       . 'twiml,webhook}/*.c')
    {
        open my $fh, '<', $file or die "$file: $!\n";
        my $text = do { local $/; <$fh> };

        while ($text =~ /ngx_string\("(convrelay\w*)"\),\s*([A-Z_0-9|\s]+),/g)
        {
            my ($name, $flags) = ($1, $2);

            next if $flags !~ /CONF/;

            my $inner = $flags =~ /CONVRELAY_CONF/ ? 'MAIN SRV LOC LIF' : '';

            push @directives, {
                name => $name,
                flags => "$flags $inner",
                places => [ grep { "$flags $inner" =~ $_->[1] }
                            [http => qr/MAIN/], [server => qr/SRV/],
                            [location => qr/LOC/], [if => qr/LIF/] ],
            };
        }

        $seen{$1} = 1 while $text =~ /"([A-Za-z][\w.:#*+\/-]{0,28}=?)"/g;
    }

    @words = sort keys %seen;

    # as somebody wrote them, right or wrong on purpose

    for my $file (glob "$root/{README.md,docs/*.md,t/*.t,conf-examples/*.conf}")
    {
        open my $fh, '<', $file or die "$file: $!\n";
        my $text = do { local $/; <$fh> };

        while ($text =~ /^\s*((convrelay_\w+)\s+
                          (?:[^;{}`|'"]|'[^']*'|"[^"]*"){1,300}?;)/xmg)
        {
            push @{$examples{$2}}, $1 if $1 !~ /\$TEST|%%|\\?\@[^a-z]/;
        }
    }

    die "no directives\n" if @directives < 30 || @words < 100;
}


# What directives with a form of their own take, mostly right.  The places that
# they name are there in most configurations.

my @tools = qw( book look );
my @times = qw( 1s 100ms 1ms 5m 0 off 10h );

my %forms = (
    convrelay_tool => sub {
        my $r = shift;

        return ($r->pick(@tools, 'say', $r->plain(1), $r->text(1), 'x' x 65),
                $r->pick("'{}'", "'{}'", 'tool.json', definition($r),
                         "'{\"a\":1'",
                         'prompt.txt', '.env'),
                map { $r->pick('uri=/tool/book', 'uri=/tool/book',
                               'uri=/tool/look', 'uri=/ws', 'uri=@third',
                               'uri=/nosuch', 'uri=', 'uri=/tool/$host',
                               'method=GET', 'method=PUT', 'once', 'once=on',
                               'timeout=' . $r->pick(@times), 'timeout=',
                               'on_interrupt=cancel', 'on_interrupt=x',
                               'filler=off', 'filler=Wait $convrelay_value_a.',
                               'filler=', 'filler=' . $r->text(3)) }
                1 .. $r->int(5));
    },

    convrelay_on => sub {
        my $r = shift;

        return ($r->pick('setup', 'interrupt', 'error', 'llm_empty',
                         'llm_filtered', 'llm_failed', 'call_too_long',
                         'dtmf 12', 'dtmf default', 'prompt ~a(?<b>c)',
                         'prompt hold', 'silence 1', 'silence 2', 'silence 9',
                         'silence x', 'call_time 1s', 'call_time 0',
                         'llm_failed count=2', 'llm_failed count=0',
                         'llm_failed count=256', 'llm_empty count=2',
                         'tool say', 'tool book', 'tool nosuch', 'tool'),
                map { $r->pick('say "A $convrelay_value_a."', 'say', 'end',
                               'play https://a/b loop=0', 'hold 1s', 'hold',
                               'ask "Say $convrelay_result_a."', 'skip',
                               'send_digits 1w2#', 'send_digits x',
                               'language de-DE', 'language $convrelay_arg_a',
                               'end "{\"a\":\"$convrelay_lang\"}"',
                               'send "{\"type\":\"config\"}"', 'send x',
                               'say a interruptible=off lang=de-DE',
                               'say a preemptible=x', "end '{'") }
                1 .. $r->between(1, $r->pick(1, 3)));
    },

    convrelay_context => sub {
        my $r = shift;

        return ($r->pick('/tool/book', '/tool/book?a=b', '/nosuch', '@third',
                         'off', '/ws', '/tool/$host', "''", 'x'),
                $r->one_in(2) ? 'timeout=' . $r->pick(@times, '', 'x') : '');
    },

    convrelay_silence => sub {
        my $r = shift;

        return map { $r->pick(@times) } 1 .. $r->between(1, $r->pick(3, 40));
    },

    convrelay_max_idle_time => sub { return $_[0]->pick(@times) },
    convrelay_tool_wait => sub { return $_[0]->pick(@times) },

    convrelay_presence => sub {
        my $r = shift;

        return map { $r->pick('hello', '"are you there"', 'off', "''",
                              '$host', quote($r, $r->text(3))) }
               1 .. $r->between(1, 4);
    },

    convrelay_filler => sub {
        my $r = shift;

        return ($r->pick(@times), $r->pick('', '', 'again=1s', 'again=0',
                                           'max=3', 'max=11', 'max=0'),
                map { $r->pick('"One moment."', 'Wait', '"$convrelay_lang"',
                               "''", quote($r, $r->text(9))) }
                1 .. $r->int(4));
    },

    convrelay_fallback => sub {
        my $r = shift;

        return ($r->pick('/backup', '/backup', '@third', '@third', '@nosuch',
                         '/ws', '/nosuch', 'off', '/tool/book', '$host'),
                map { $r->pick('hedge=1s', 'hedge=0', 'hedge=', 'hedge=x',
                               'cooldown=' . $r->pick(@times)) }
                1 .. $r->int(3));
    },

    convrelay_status => sub {
        my $r = shift;

        return map { $r->pick(qw( public protected json html prometheus x )) }
               1 .. $r->pick(1, 1, 2, 2, 3);
    },
);


sub definition {
    my $r = shift;

    my $parameters = $r->pick('{"type":"object","properties":{"a":{}}}', '{}',
                              '{"type":"string"}', '[]', '5',
                              '{"type":"object","properties":{"a":{"type":'
                              . '"string"}},"required":["b"]}',
                              '{"a":' x 100 . '1' . '}' x 100);

    my $text = '{' . join(',', map { $r->pick(
        '"description":"Books a table."', "\"parameters\":$parameters",
        '"strict":true', '"strict":1', '"name":"book"', '"x":null',
        '"description":5', '"description":"' . $r->plain($r->size(900)) . '"',
    ) } 1 .. $r->int(4)) . '}';

    $text = "{\"type\":\"function\",\"function\":$text}" if $r->one_in(6);
    $text = $r->mutate($text) if $r->one_in(6);

    return quote($r, $text);
}


# one argument

sub value {
    my $r = shift;

    return $r->pick(
        sub { $r->pick(@words) },
        sub { $r->pick(@words) },
        sub { $r->pick(qw( 0 1 5 10 60 -1 1s 5s 100ms 2m 1h 1y 10s5 0s 1k 32k
                           1m 16m 1g 99999999999999999999 2147483648 4294967296
                           off on x 1.5 12 * ), '#') },
        sub { $r->pick('', '$convrelay_from', '$convrelay_env_NAME', '$1', '$',
                       '${', '${x', '$convrelay_env_', '$nosuch', 'a$',
                       '$convrelay_parameter_a b', '$host', '$convrelay_lang',
                       '$convrelay_env_MISSING', '$$', '$convrelay_form_A') },
        sub { $r->pick('wss://voice.example.com/ws', 'ws://a', 'wss://',
                       'https://voice.example.com', 'wss://a:99999/x', 'a/b',
                       'wss://[::1]/', 'wss://a/x?y', '/end#rc=2', '/end',
                       'wss://$host/ws', 'wss://a b/', 'http://127.0.0.1:1/',
                       'prompt.txt', '.env', '/dev/null', '/', '/nonexistent',
                       'p$convrelay_to.txt') },
        sub { $r->pick('{"a":1}', '{', '"$host"', 'null', '[1,', '{"a":$host}',
                       '"a', '5', 'true', '{"a":{"b":[1,2,{}]}}', '$host',
                       '[' x 200) },
        sub { $r->pick('<Say>a</Say>', '<', '<a b="$host"/>', '</a>', '&amp;',
                       '<Response/>', '<Response><Say>$host</Say></Response>',
                       '<a>' x 200, '<!-- a -->', '<a b=c>', "<a>\x01</a>",
                       '<Connect/>', '&#0;', '<a a="1" a="2"/>') },
        sub { $r->pick('~seven', '~*(', '~(?<n>\\d+)', '~', '12', '*#', 'abc',
                       '~' . 'a' x 300, '~[', 'setup', 'prompt') },
        sub { join '=', $r->pick(@words),
                        $r->pick(@words, '', '5', '1s', '$host') },
        sub { $r->text($r->int(8)) },
        sub { $r->pick('x', "\xff", '$host ', "\xc3\xa9") x $r->size(4500) },
    )->();
}


sub quote {
    my ($r, $text) = @_;

    return $text if $text =~ m{^[\w./:\$=*-]+$} && !$r->one_in(4);

    $text =~ s/\0//g;

    my $mark = $r->pick('"', "'");

    $text =~ s/([\\$mark])/\\$1/g;

    return $mark . $text . $mark;
}


sub directive {
    my ($r, $place) = @_;

    my @fit = grep { grep { $_->[0] eq $place } @{$_->{places}} } @directives;
    my $d = $r->pick($r->one_in(20) || !@fit ? @directives : @fit);
    my $examples = $examples{$d->{name}};

    if ($examples && $r->one_in(2)) {
        my $line = $r->pick(@$examples);

        return $r->one_in(12) ? $r->mutate($line) : $line;
    }

    my $form = $forms{$d->{name}};

    return join(' ', $d->{name}, grep { $_ ne '' } $form->($r)) . ';'
        if $form && !$r->one_in(4);

    # of the kind that it takes

    my $fit = $d->{name} =~ /time|interval/ ? [qw( 1s 100ms 5m 2h 1ms )]
              : $d->{name} =~ /_size/ ? [qw( 1 100 2k 64k 1m )]
              : $d->{name} =~ /_(?:max|rate)/ ? [qw( 1 2 30 1000 )]
              : $d->{name} =~ /greeting_history|log_numbers/ ? [qw( on off )]
              : undef;

    return "$d->{name} " . $r->pick(@$fit) . ';' if $fit && !$r->one_in(5);

    my $n = $d->{flags} =~ /NOARGS/ ? 0
            : $d->{flags} =~ /TAKE(\d+)/ ? $r->pick(split //, $1)
            : $r->between(1, 5);

    $n = $r->int(9) if $r->one_in(12);

    return join(' ', $d->{name}, map { quote($r, value($r)) } 1 .. $n) . ';';
}


sub directives {
    my ($r, $place) = @_;

    # in most there is one or none, so that it may be right

    return map { directive($r, $place) }
           1 .. $r->pick($r->{many} ? (0, 0, 0, 1, 1, 2) : ((0) x 11, 1));
}


# lines, each a directive or the start or end of a block

sub lines {
    my $r = shift;

    $r->{many} = $r->one_in(3);

    return (
        '%%MODULES%%', 'error_log logs/error.log info;',
        'events { worker_connections 64; }', 'http {',
        'access_log off;',
        'convrelay_auth_token ' . $r->pick('off;', 'off;', 'a;', 'a b;',
                                           '$convrelay_env_TOKEN;'),
        $r->one_in(9) ? () : 'convrelay_env_file .env;',
        $r->one_in(20) ? () : 'convrelay_zone calls 1m;',
        'map $convrelay_session_status $reply {', 'default hangup;',
        'ended "say a";', '}',
        directives($r, 'http'),
        'server {', 'listen 127.0.0.1:%%PORT%%;',
        directives($r, 'server'),
        'location = /ws {', 'convrelay;',
        'proxy_pass http://127.0.0.1:%%PORT_1%%/v1;',
        features($r),
        directives($r, 'location'),
        block($r, 'if ($arg_a) {', 'if'),
        block($r, 'limit_except GET {', 'if'),
        '}',
        'location = /mock {', 'convrelay;',
        'convrelay_mock_llm first=0 interval=0 "tools=seven: book {\"a\":1}; '
        . '12: look {}; seven: say {\"a\":\"b\"}";',
        features($r),
        directives($r, 'location'), '}',
        map({ $r->one_in(20) ? () : ("location $_ {",
              $r->one_in(20) ? () : /^\@/ ? () : 'internal;',
              /backup|third/
              ? 'proxy_pass http://127.0.0.1:%%PORT_1%%;'
              : 'return 200 "{\"a\":\"$convrelay_value_a\"}";',
              $r->one_in(3) ? directives($r, 'location') : (), '}') }
            '= /backup', '@third', '= /tool/book', '= /tool/look'),
        'location = /status {',
        'convrelay_status ' . $r->pick(qw( prometheus json html ))
        . ($r->one_in(30) ? ';' : ' public;'), '}',
        'location /twiml {', 'convrelay_twiml wss://voice.example.com/ws;',
        directives($r, 'location'),
        block($r, 'if ($arg_a) {', 'if'),
        block($r, 'location /twiml/a {', 'location'),
        '}',
        'location = /end {', 'convrelay_connect_action;',
        $r->one_in(2) ? 'convrelay_connect_reply $reply;' : (),
        directives($r, 'location'), '}',
        block($r, 'location / {', 'location'),
        '}', '}',
    );
}


# tools and more, that belong together

sub features {
    my $r = shift;

    return map { $r->one_in(3) ? @$_ : () }
        [ "convrelay_tool book '{}' uri=/tool/book;",
          'convrelay_tool look tool.json uri=/tool/look once;',
          "convrelay_tool say '{}';",
          'convrelay_on tool say say "A $convrelay_value_a.";',
          'convrelay_on tool look say "B $convrelay_result_a." end;' ],
        [ 'convrelay_silence 50ms 50ms;', 'convrelay_max_idle_time 1s;',
          'convrelay_on silence 1 ask "Silence.";',
          'convrelay_on silence 2 say "Bye." end;' ],
        [ 'convrelay_fallback @third hedge=10ms cooldown=1s;',
          'convrelay_fallback /backup;' ],
        [ 'convrelay_filler 10ms "One moment.";' ],
        [ 'convrelay_context /tool/book timeout=1s;' ],
        [ 'convrelay_presence "are you there";' ];
}


sub block {
    my ($r, $head, $place) = @_;

    return $r->one_in(3) ? ($head, directives($r, $place), '}') : ();
}


sub config {
    my $r = shift;
    my @lines = lines($r);

    while ($r->one_in(8)) {
        my $n = $r->between(5, $#lines);
        my $line = $lines[$n];

        next if $line =~ /[{}]$/;

        splice @lines, $n, $r->int(2), $r->pick($line, $r->mutate($line), ());
    }

    return join("\n", @lines) . "\n";
}


# nginx -t, some at a time

sub busy { return SLOTS - @{$_[0]{free}} }


sub run {
    my ($self, @args) = @_;

    $self->{at_once} = SLOTS;

    return $self->SUPER::run(@args);
}


sub case {
    my ($self, $n) = @_;

    my $r = Chaos::Random->new($self->{seed}, 'conf', $n);
    my $slot = shift @{$self->{free}};
    my $text = config($r);

    $slot->write('nginx.conf', $text);

    my $out = $slot->dir . '/said';
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;

        exec $nginx, '-t', $slot->options or POSIX::_exit(127);
    }

    $self->{running}{$pid} = {
        slot => $slot, out => $out, n => $n, r => $r, text => $text,
        started => time,
    };
}


sub idle {
    my $self = shift;

    sleep 0.005;

    for my $pid (keys %{$self->{running}}) {
        my $run = $self->{running}{$pid};

        if (time - $run->{started} > 20) {
            kill KILL => $pid;
        }

        next if waitpid($pid, 1) <= 0;

        delete $self->{running}{$pid};
        $self->judge($run, $?);
        push @{$self->{free}}, $run->{slot};
    }
}


sub judge {
    my ($self, $run, $status) = @_;

    open my $fh, '<', $run->{out} or die "$run->{out}: $!\n";
    my $said = do { local $/; <$fh> } // '';

    my $wrong = $said =~ /runtime error:|Sanitizer/ ? "a report: $said"
                : $status & 127 ? 'ended by signal ' . ($status & 127)
                : $status == 0 ? $said !~ /is successful/ && 'no "successful"'
                : $status == 1 << 8 ? why($said)
                : 'exit code ' . ($status >> 8) . ": $said";

    $self->found($run->{n}, $wrong, $run->{text}) if $wrong;
    $self->tick($status == 0 ? 'passed' : 'refused');

    if ($status == 0 && $run->{r}->one_in(STARTED)) {
        $self->tick('started');

        my $what = eval { serve($run->{slot}); 1 } ? undef : $@;

        $self->found($run->{n}, "started: $what", $run->{text}) if $what;
    }
}


# an error has a text that somebody can use

sub why {
    my $said = shift;
    my ($error) = $said =~ /\[emerg\] (.*)/;

    return "refused without a word: $said" if !defined $error;
    return "refused, but why: $error"
        if $error =~ /\(null\)|^\s*in / || length $error < 15;

    return;
}


# a call and some requests; their answers do not matter

sub serve {
    my $slot = shift;

    delete @$slot{qw( pid status )};
    unlink $slot->dir . '/logs/error.log';

    $slot->start;

    for my $path ('/twiml', '/end', '/twiml/a', '/', '/ws', '/mock?a=b',
                  '/status', '/tool/book', '/backup')
    {
        ask($slot, "GET $path?A=b&SessionStatus=ended HTTP/1.1\r\nHost: a\r\n"
                   . "Connection: close\r\n\r\n");
        ask($slot, "POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n"
                   . "Content-Type: application/x-www-form-urlencoded\r\n"
                   . "Connection: close\r\n\r\nA=b&CallSid=CA1&To=1");
    }

    for my $path ('/mock', '/ws') {
        my $call = eval { ConvRelay::Call->dial($slot->port, $path,
                                                timeout => 2) }
            or next;

        $call->setup;
        $call->raw(Chaos::Frames::json($_))
            for map({ { type => 'prompt', voicePrompt => $_, lang => 'en-US',
                        last => JSON::PP::true } } 'seven 12', 'seven'),
                map({ { type => 'dtmf', digit => $_ } } 1, 2, '#'),
                { type => 'interrupt', utteranceUntilInterrupt => 'a',
                  durationUntilInterruptMs => 5 };

        eval { local $call->{until} = time + 0.3; $call->message for 1 .. 9 };
        $call->fin;
    }

    $slot->stop;

    my @wrong = $slot->complaints('alert|emerg|crit');

    push @wrong, grep { /exited (?:on signal|with code [1-9])/ }
                 split /^/, $slot->log('error');

    die @wrong if @wrong;
    die 'it did not end well: ' . ($slot->status // 'not at all') . "\n"
        if ($slot->status // 1) != 0;
}


sub ask {
    my ($slot, $bytes) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', Timeout => 3,
                                     PeerPort => $slot->port)
        or die "nobody listens\n";

    syswrite $sock, $bytes;

    my $end = time + 3;
    my $said = '';

    while (IO::Select->new($sock)->can_read($end - time)) {
        sysread $sock, $said, 65536, length $said or last;
    }

    die "no answer to $bytes" if $said eq '';
}


sub finish {
    my $self = shift;

    kill KILL => keys %{$self->{running}};
    waitpid $_, 0 for keys %{$self->{running}};
}


# there is no log but of those that are started

sub look { }


1;
