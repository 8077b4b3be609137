# What a server sends ends up on a terminal, in a test report or in a JSON
# document: it moves no cursor, sets no title and forges no outcome there,
# whichever way it takes.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use Digest::SHA qw( sha1_base64 );
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes ();

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};


# a title, a clear screen, the same by C1 and by a byte that is not UTF-8, DEL,
# right-to-left, an isolate

my $evil = "\e]0;owned\a\e[2J\xc2\x9b2J\x7f\r\xe2\x80\xae\xe2\x81\xa6";
my $lines = "\nok 7 - forged\nnot ok 8 - forged\xe2\x80\xa8";


sub frame {
    my ($payload, $opcode) = @_;
    my $len = length $payload;

    return chr(0x80 | ($opcode // 1))
           . ($len < 126 ? chr $len : pack 'Cn', 126, $len) . $payload;
}


# values are UTF-8 already

sub message {
    my %m = @_;

    utf8::decode($_) for values %m;

    return frame(JSON::PP->new->utf8->canonical->encode(\%m));
}


sub webhook {
    my ($status, $header, $body) = @_;

    return sub {
        syswrite $_[0], "HTTP/1.1 $status\r\n${header}Content-Length: "
                        . length($body) . "\r\nConnection: close\r\n\r\n$body";
    };
}


sub relay {
    my $frames = join '', @_;

    return sub {
        my ($sock, $request) = @_;
        my ($key) = $request =~ /^Sec-WebSocket-Key: (\S+)/m;
        my $accept = sha1_base64($key
                                 . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');

        syswrite $sock, "HTTP/1.1 101 Switching Protocols\r\n"
                        . "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        . "Sec-WebSocket-Accept: $accept=\r\n\r\n$frames";
    };
}


my $xml = $evil =~ s/[\x00-\x1f]/?/gr;

my @cases = (
    ['ws', 'nothing', relay()],
    ['ws', 'a status line', sub {
        syswrite $_[0], "HTTP/1.1 500 zebra$evil\x9b\r\n\r\n";
    }],
    ['ws', 'a file', relay(message(type => 'play',
                                   source => "zebra$evil$lines"))],
    ['ws', 'a language', relay(message(type => 'language',
                                       ttsLanguage => "zebra$evil$lines"))],
    ['ws', 'no message', relay(frame("zebra$evil$lines"))],
    ['ws', 'hand-off data', relay(message(type => 'end',
                                          handoffData => "zebra$evil$lines"))],
    ['ws', 'an answer', relay(message(type => 'text', last => 'x',
                                      token => "zebra$evil$lines"))],
    ['ws', 'the reason of a Close',
     relay(frame(pack('n', 1008) . "zebra$evil$lines", 8))],
    ['http', 'a Location',
     webhook('302 Found', "Location: http://127.0.0.1:1/zebra$evil\r\n", '')],
    ['http', 'a Content-Type',
     webhook('200 OK', "Content-Type: zebra$evil\r\n", '<Response/>')],
    ['http', 'attributes of TwiML', webhook('200 OK',
        "Content-Type: text/xml\r\n",
        qq{<Response><Connect action="zebra$xml&#10;ok 7 - forged" method="$xml">}
        . qq{<ConversationRelay url="ws://127.0.0.1:1/" voice="&#155;2J"}
        . qq{ welcomeGreeting="&#10;ok 7 - forged$xml"/></Connect>}
        . '</Response>')],
);

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
    or die "listen: $!\n";

my $port = $listen->sockport;
my $server = fork // die "fork: $!\n";

if ($server == 0) {
    $SIG{PIPE} = 'IGNORE';
    alarm 300;

    while (my $sock = $listen->accept) {
        my $request = '';

        while ($request !~ /\r\n\r\n/) {
            sysread $sock, $request, 4096, length $request or last;
        }

        my ($n) = $request =~ m{^\w+ /(\d+)} or next;

        $cases[$n][2]->($sock, $request);

        eval {
            local $SIG{ALRM} = sub { die };

            Time::HiRes::alarm(0.6);
            1 while sysread $sock, my $in, 65536;
        };

        alarm 300;
        close $sock;
    }

    POSIX::_exit(0);
}

close $listen;

my $scenario = File::Temp->new;

print $scenario <<'_EOC_';
caller: Hi
expect contains: nothing of this
_EOC_

close $scenario;

for my $n (1 .. $#cases) {
    my ($scheme, $what) = @{$cases[$n]};

    for my $options (['--color', 'never'], ['--tap'], ['--json']) {
        my $run = caller_run('-s', "$scenario", '--timeout', '300ms',
                             @$options, "$scheme://127.0.0.1:$port/$n");

        my $text = "$run->{out}$run->{err}";
        my $name = "$what, $options->[0]";

        like($text, qr/zebra/, "$name: is shown") if $options->[0] ne '--json';
        $text =~ s/\t//g if $options->[0] eq '--json';

        unlike($text, qr/[\x00-\x09\x0b-\x1f\x7f]/, "$name: no C0 control");

        ok(utf8::decode(my $decoded = $text), "$name: UTF-8");

        utf8::decode($text);

        unlike($text, qr/[\x{80}-\x{9f}\x{2028}]/, "$name: no C1 control");
        unlike($text, qr/[\x{202a}-\x{202e}\x{2066}-\x{2069}]/,
               "$name: nothing turns the line round");

        if ($options->[0] eq '--tap') {
            my @outcomes = grep { /^(?:not )?ok/ } split /\n/, $run->{out};

            is_deeply([grep { /forged/ } @outcomes], [],
                      "$name: nothing forged");
        }
    }
}

# a recording is somebody else's text as well

my $recording = File::Temp->new;

print $recording <<'_EOC_';
{"t":0,"from":"caller","message":{"type":"prompt","voicePrompt":"Hi # TODO\nok 9"}}
{"t":9,"from":"server","message":{"type":"text","token":"Ho","last":true}}
_EOC_

close $recording;

my $run = caller_run('--replay', "$recording", '--tap', '--timeout', '300ms',
                     "ws://127.0.0.1:$port/0");

kill TERM => $server;
waitpid $server, 0;

my @outcomes = grep { /^(?:not )?ok/ } split /\n/, $run->{out};

is_deeply(\@outcomes,
          ['not ok 1 - ' . "$recording:2: the same answer to \"Hi \\# TODO ok 9\""],
          'a recording forges no outcome, and excuses none');

done_testing();
