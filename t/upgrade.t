# A new binary takes over with USR2: calls stay, and it finds what the
# configuration uses of the process environment, which nginx does not hand on
# by itself.

use strict;
use warnings;
use feature 'state';

use lib 't/lib';

use File::Temp ();

# each binary that is started writes down its environment

my $started;

BEGIN {
    my $real = $ENV{TEST_NGINX_BINARY} // 'nginx';

    $started = File::Temp->newdir;
    $ENV{TEST_NGINX_BINARY} = "$started/nginx";

    open my $fh, '>', "$started/nginx" or die "$started/nginx: $!\n";
    print $fh "#!/bin/bash\nenv -0 > $started/env.\$\$\n",
              (map { $ENV{$_} ? "export $_='$ENV{$_}'\n" : () }
                   'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'),
              "exec -a \$0 $real \"\$@\"\n";
    close $fh;

    chmod 0755, "$started/nginx";
}

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Socket::INET;
use Test::More;

my $nginx = ConvRelay::Nginx->new;

%ENV = (
    %ENV,
    MYMODEL      => 'from-env',
    Mixed_Case   => 'mixed',
    AUTH_TOKEN   => '12345',
    OVER_FILE    => 'over the file',
    UNDER_FILE   => 'under the file',
    EMPTY        => '',
    OPERATOR     => 'of the process',
    ALONE        => 'alone',
    REFERRED     => 'referred',
    UNUSED_TOKEN => 'nobody asks for it',
    IN_FILE_ONLY => 'nor for this',
);


sub configure {
    my $more = shift // '';

    $nginx->write('.env', "OVER_FILE=file\nIN_FILE_ONLY=file\nEMPTY=file\n");
    $nginx->write('.env.local',
                  "UNDER_FILE=file\nALONE\nREFERS=\${referred}\n");
    chmod 0600, $nginx->dir . '/conf/.env.local';

    $nginx->http(<<"_EOC_", "env  OPERATOR=given;\nenv  AUTH_TOKEN;\n");
    convrelay_env_file  .env;
    convrelay_env_file  .env.local override;
    convrelay_env       EMPTY default;

    convrelay_store_zone  kept 1m;
    convrelay_store       off;

    map \$uri \$in_map {
        default  \$convrelay_env_mixed_case;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=repeat;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;

        location = /ws {
            convrelay;
            convrelay_model  \$convrelay_env_MYMODEL;
            proxy_pass       http://127.0.0.1:%%PORT_1%%;
        }

        location = /kept {
            convrelay;
            convrelay_store  memory;
            convrelay_on     setup say "New.";
            convrelay_on     resume say "Again.";
            proxy_pass       http://127.0.0.1:%%PORT_1%%;
        }

        location = /signed {
            convrelay_auth_token  \$convrelay_env_AUTH_TOKEN;
            convrelay_twiml       wss://example.com/ws;
        }

        location = /env {
            return 200 "\$convrelay_env_MYMODEL, \$in_map, \$convrelay_env_OVER_FILE, \$convrelay_env_UNDER_FILE, \$convrelay_env_EMPTY, \$convrelay_env_ALONE, \$convrelay_env_REFERS, \$convrelay_env_OPERATOR\\n";
        }

        $more
    }
_EOC_
}


sub get {
    my $path = shift;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port, Timeout => 5)
        or return "no connection\n";

    print $sock "GET $path HTTP/1.0\r\n\r\n";

    my $answer = join '', <$sock>;

    $answer =~ s/.*?\r\n\r\n//s;

    return $answer;
}


# what a process was started with

sub environment {
    open my $fh, '<', "$started/env.$_[0]" or return ();
    local $/ = "\0";

    return map { chomp; /^([^=]*)=(.*)/s ? ($1 => $2) : () } <$fh>;
}


my $values = "from-env, mixed, over the file, file, default, alone, referred, ";

configure();
$nginx->start('daemon');

is get('/env'), "${values}of the process\n", 'values of the environment';

for my $n (1, 2) {
    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup;
    is $call->ask('Hi'), 'Hi', "call $n";

    my $old = $nginx->upgrade;

    ok $old, "... a new binary starts" or die $nginx->log('error');

    SKIP: {
        my %env = environment($nginx->master);

        # what valgrind's nginx starts is not what it was started by

        skip 'another binary', 1 if !%env;

        is_deeply [ map { $_ // 'none' }
                    @env{qw( MYMODEL Mixed_Case AUTH_TOKEN OVER_FILE UNDER_FILE
                             EMPTY ALONE REFERRED OPERATOR UNUSED_TOKEN
                             IN_FILE_ONLY )} ],
                  [ 'from-env', 'mixed', '12345', 'over the file',
                    'under the file', '', 'alone', 'referred', 'given', 'none',
                    'none' ],
                  '... with what is used of the environment, and no more';
    }

    kill QUIT => $old;

    ok ConvRelay::Nginx::wait_for(10, sub {
        return get('/env') eq "${values}given\n";
    }), '... and the values are the same, or what "env" gives';

    is $call->ask('Hi'), 'Hi', '... while the call goes on';
    is $call->hangup, 1000, '... to its end';

    # a binary is not upgraded beside its predecessor

    ok ConvRelay::Nginx::wait_for(10, sub {
        ConvRelay::Nginx::ended($old);
    }), '... and that of the old binary';
}

# a call outlives the upgrade in its old worker, and its record does not: the
# new binary has other shared memory

my $old;

for my $said ('New.', 'Again.', 'New.') {
    my $call = ConvRelay::Call->dial($nginx->port, '/kept');

    state $session = 0;
    $call->setup(sessionId => 'VX' . ++$session);

    is $call->answer, $said, "session $session of a call";

    if ($session == 2) {
        $old = $nginx->upgrade;
        ok $old, '... a new binary starts';
        kill QUIT => $old;
        is $call->ask('Hi'), 'Hi', '... while it goes on';
    }

    $session < 3 ? $call->fin : $call->hangup;
}

ok ConvRelay::Nginx::wait_for(10, sub { ConvRelay::Nginx::ended($old) }),
   '... to its end, and that of the old binary';

configure('location = /more { return 200 $convrelay_env_AUTH_TOKEN; }');
$nginx->hup;

is get('/more'), '12345', 'a reload of the new binary finds them, too';

$nginx->stop;
is_deeply [ $nginx->complaints ], [], 'nothing went wrong';

done_testing;
