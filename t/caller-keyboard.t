# A person at a terminal: one input line, which the agent's words do not tear,
# with editing and a history, on a screen of any width.

use strict;
use warnings;
use utf8;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use File::Temp ();
use Test::More;

BEGIN {
    plan skip_all => 'needs IO::Pty'
        if !$ENV{TEST_NGINX_ALL} && !eval { require IO::Pty };
    plan skip_all => 'needs convrelay-call'
        if !$ENV{TEST_NGINX_ALL} && !-x caller_path();
}

use ConvRelay::Terminal;

binmode Test::More->builder->$_, ':utf8'
    for qw( output failure_output todo_output );

my $nginx = ConvRelay::Nginx->new;

my $conf = <<'_EOC_';
    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_auth_token  off;
        convrelay_twiml_attribute  welcomeGreeting "Hello, caller.";

        location = /twiml {
            convrelay_twiml  wss://127.0.0.1:%%PORT%%/ws;
        }

        location = /ws {
            convrelay;
            convrelay_mock_llm  first=50ms interval=2ms;
        }

        location = /slow {
            convrelay;
            convrelay_mock_llm  first=1500ms interval=2ms;
        }

        location = /japanese {
            convrelay_twiml  wss://127.0.0.1:%%PORT%%/ws;
            convrelay_twiml_attribute
                welcomeGreeting "日本語のご案内です。ご用件をお話しください。";
        }

        location = /ends {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()

                repeat
                    local message = ws:read()
                until not message or message:find('"prompt"', 1, true)

                ws:text("Good bye, and thank you.", true)
                ws:message{ type = "end", handoffData = '{"to":"sales"}' }
                ws:read()
                ws:close(1000)
            }
        }

        location = /closes {
            content_by_lua_block {
                local ws = require("convrelay_server").accept()

                ws:read()
                ws:close(1011, "no more")
            }
        }
    }
_EOC_

utf8::encode($conf);
$nginx->lua($conf);
$nginx->start;

my $http = 'http://127.0.0.1:' . $nginx->port;
my $ws = 'ws://127.0.0.1:' . $nginx->port;
my $folder = File::Temp->newdir;


sub terminal {
    my ($args, @options) = @_;

    my $t = ConvRelay::Terminal->new(%$args);
    $t->start(caller_path(), '--plain', @options);

    return $t;
}


# what a person sees; a failure shows the screen

sub sees {
    my ($t, $pattern, $name) = @_;

    ok($t->wait_for($pattern), $name) or diag($t->text);
}


my $t = terminal({}, '--pace', '20ms', "$http/twiml");

sees($t, qr/type what the caller says; \/help lists/, 'what to do is said');
sees($t, qr/^greeting  Hel(?!.*caller\.)/m, 'the greeting appears as it is spoken');
sees($t, qr/^greeting  Hello, caller\.\ncaller$/m, '... with the input under it');

$t->type('Name three trees!');
sees($t, qr/^caller    Name three trees!$/m, 'what is typed is in the input line');
$t->type("\x7f.\r");
sees($t, qr/^caller    Name three trees\.\nagent     The first/m,
     '... can be corrected, and is said');

$t->type('and what');
sees($t, qr/agent     The .*\n\(speaks\)  and what$/,
     'typing does not tear the answer');
$t->type("\x01\eb\x05 else");
sees($t, qr/^\(speaks\)  and what else$/m, '... nor does it stop it');
$t->type("\r");
sees($t, qr/^\(waits\)   and what else$/m, 'a line waits until the agent is done');
sees($t, qr/The third one is birch\.\n +first token .*\ncaller    and what else$/m,
     '... and is said then');
sees($t, qr/\ncaller$/, '... and answered');

$t->type("\e[A\e[A");
sees($t, qr/\ncaller    Name three trees\.$/, 'the history has what was said');
$t->type("\x15");
sees($t, qr/\ncaller$/, '... and a line can be deleted');

$t->type("\e[15;7~\e[I\x1b");
$t->type("Name ten trees.\r");
sees($t, qr/agent     The first one is o/, 'keys that mean nothing do nothing');
$t->type("\x03");
sees($t, qr/\(interrupted, the caller heard "([^"]+)"\)/,
     'Ctrl-C interrupts the agent');

my ($heard) = $t->text =~ /\(interrupted, the caller heard "([^"]+)"\)/;
like($t->text =~ s/\n +/ /gr, qr/agent     \Q$heard\E ?\w{0,8} *(?:first token|\(interrupted)/,
     '... who has said what is on the screen');

sees($t, qr/\ncaller$/, '... and is quiet');
$t->type('half a li');
sees($t, qr/\ncaller    half a li$/, 'a line');
$t->type("\x03");
sees($t, qr/\ncaller$/, '... is dropped by Ctrl-C');

$t->type("/help\r");
sees($t, qr/Ctrl-C +interrupts the agent/, '/help lists the commands');
$t->type("/nope\r");
sees($t, qr/^convrelay-call: "\/nope" is not a command; \/help lists/m,
     '... and an unknown one is reported above the input');
sees($t, qr/\ncaller$/, '... which is still there');

$t->type("\x04");
is($t->finish, 0, 'Ctrl-D hangs up');
like($t->text, qr/^ended     by the caller \(Ctrl-D\), after \d+ s and 3 questions$/m,
     '... and the end says who did') or diag($t->text);
like($t->raw, qr/\e\[1;36m/, 'a terminal has colours');


# a person that is in a hurry, and an agent that is not

$t = terminal({ env => { NO_COLOR => 1 } }, '--pace', '5s', "$ws/slow");

sees($t, qr/\ncaller$/, 'without a greeting');
$t->type("Hi!\r");
sees($t, qr/\n\(thinks\)$/, 'one sees that the agent thinks');
sees($t, qr/\n\(speaks\)$/, '... and that it speaks');
$t->run(0.5);
$t->type("\r");
sees($t, qr/agent     \w+.*\n +first token/, 'Enter hears the rest at once');
$t->type("/hangup\r");
is($t->finish, 0, '/hangup ends the call');
like($t->text, qr/^ended     by the caller \(\/hangup\), after \d+ s and 1 question$/m,
     '... and the end says so') or diag($t->text);
unlike($t->raw, qr/\e\[[\d;]*m/, 'NO_COLOR is respected');

$t = terminal({ env => { NO_COLOR => '' } }, "$ws/ws");
sees($t, qr/\ncaller$/, 'an empty NO_COLOR');
$t->type("\x03");
is($t->finish, 0, 'Ctrl-C hangs up while the agent is quiet');
like($t->text, qr/^ended     by the caller \(Ctrl-C\)/m, '... and is named');
like($t->raw, qr/\e\[1m/, '... an empty one means nothing');


# the other side ends the call

$t = terminal({}, '--pace', '300ms', "$ws/ends");
sees($t, qr/\ncaller$/, 'an agent that hands over');
$t->type("Hi!\r");
is($t->finish, 0, '... ends the call');
like($t->text, qr/^agent     Good bye, and thank you\.$/m,
     '... and its last words are seen') or diag($t->text);
like($t->text, qr/^ended     by the agent, with the hand-off data \{"to":"sales"\}, after/m,
     '... as is who ended it') or diag($t->text);

$t = terminal({}, "$ws/closes");
is($t->finish, 5, 'a server that closes');
like($t->text =~ s/\n +/ /gr, qr/^ended     by the server, which closed the connection with code 1011: no more, after/m,
     '... is named, with its reason') or diag($t->text);


# narrow, wide and resized

$t = terminal({ cols => 40 }, '--pace', '3ms', "$http/japanese");
sees($t, qr/^greeting  日本語のご案内です。ご用件を\n          お話しください。\ncaller$/m,
     'wide characters are not divided');
$t->type('日本語');
sees($t, qr/\ncaller    日本語$/, '... nor where they are typed');
$t->type("\x7f\x7f木");
sees($t, qr/\ncaller    日木$/, '... and deleted');
$t->type("\x15Name four trees and say it in a line that is longer than the screen is wide.");
sees($t, qr/^caller    Name four trees and say it in\na line that is longer than the screen is\n wide\.$/m,
     'a long line has several rows');
$t->type("\r");
sees($t, qr/^caller    Name four trees and say it in\n          a line that is longer than\n          the screen is wide\.$/m,
     '... and is printed in whole words');
sees($t, qr/agent     The first one is oak\. The\n          second one is maple\. The\n          third one is birch\./m,
     '... as are answers');
sees($t, qr/\ncaller$/, 'the agent is quiet');

unlike($t->text =~ s/.*^greeting//msr, qr/^.{40}/m,
       'no text is in the last column');

$t->resize(24);
$t->type("Hello, again!");
sees($t, qr/\ncaller    Hello, again!$/, 'a resized terminal keeps the line');
$t->type("\r");
sees($t, qr/\ncaller    Hello, again!\nagent     .{1,13}\n/, '... and has the new width');
sees($t, qr/\ncaller$/, '... with the input under it');
is(scalar(() = $t->text =~ /Hello, again!/g), 1, '... once') or diag($t->text);

$t->signal('TERM');
$t->finish;
like($t->text, qr/^ended     by the caller\n\(a signal\), after/m,
     'a signal hangs up, too');


# the history's file

my %env = (CONVRELAY_CALL_HISTORY => undef, XDG_STATE_HOME => "$folder/state");

$t = terminal({ env => \%env }, '--pace', '0ms', "$ws/ws");
sees($t, qr/\ncaller$/, 'a call with a history');

for my $line ('First words.', '/dtmf 4711#', ' not this', 'Ünicode.') {
    $t->type("$line\r");
    my $printed = $line =~ s/^ |\/dtmf //gr;
    sees($t, qr/^(?:caller|keys) +\Q$printed\E$/m, "... $line");
    sees($t, qr/\ncaller$/, '... answered');
}

$t->type("\x04");
is($t->finish, 0, '... ends');

my $file = "$folder/state/convrelay-call/history";

is(sprintf('%o', (stat $file)[2] // 0), '100600', 'its file is the owner\'s alone');
is(sprintf('%o', (stat "$folder/state/convrelay-call")[2] // 0), '40700',
   '... and its folder');
is_deeply([glob "$folder/state/convrelay-call/*"], [$file], '... with nothing else');

my $history = do { local (@ARGV, $/) = $file; <> };

like($history, qr/First/, 'what was said is in it');
unlike($history, qr/4711/, '... but no keys');
unlike($history, qr/not/, '... and no line that began with a blank');

$t = terminal({ env => \%env }, "$ws/ws");
sees($t, qr/\ncaller$/, 'the next call');
$t->type("\e[A");
sees($t, qr/\ncaller    Ünicode\.$/, '... has the last line');
$t->type("\x15Fir\x12");
sees($t, qr/\ncaller    First words\.$/, '... and finds one by its beginning');
$t->type("\x15\x04");
is($t->finish, 0, '... and ends');

is(do { local (@ARGV, $/) = $file; <> }, $history, 'nothing was said, nothing is new');

unlink $file;
$env{CONVRELAY_CALL_HISTORY} = '';
$t = terminal({ env => \%env }, '--pace', '0ms', "$ws/ws");
sees($t, qr/\ncaller$/, 'without a history');
$t->type("Hi!\r");
sees($t, qr/first token.*\ncaller$/s, '... a line is said');
$t->type("\x04");
is($t->finish, 0, '... and the call ends');
ok(!-e $file, '... and nothing is written');

$env{CONVRELAY_CALL_HISTORY} = '/dev/null';
$t = terminal({ env => \%env }, '--pace', '0ms', "$ws/ws");
sees($t, qr/\ncaller$/, 'a device for a history');
$t->type("Hi!\r");
sees($t, qr/first token.*\ncaller$/s, '... a line is said');
$t->type("\x04");
$t->finish;
ok(-c '/dev/null', '... and it is still one');


# terminals that have no line, and scripts, are as they were

$t = terminal({ env => { TERM => 'dumb' } }, "$ws/ws");
sees($t, qr/type what the caller says/, 'a terminal without a cursor');
$t->type("Name three trees.\n");
sees($t, qr/agent     The first one is oak/, '... gets its answers');
$t->type("Hi!\n/hangup\n");
is($t->finish, 0, '... and hangs up');
unlike($t->raw, qr/\e\[[AJK]/, '... and is sent no movements');

my $run = caller_run(\"Hi!\n", "$ws/ws");
is($run->{code}, 0, 'a script');
unlike($run->{out}, qr/\e|type what|ended/, '... sees nothing of all that');

$nginx->stop;

done_testing();
