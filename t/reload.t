# A reload in the middle of calls: they stay with the worker that has them,
# which goes on working for them and ends with the last one.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use Test::More;

my $nginx = ConvRelay::Nginx->new;


sub configure {
    my $name = shift;

    $nginx->http(<<"_EOC_");
    upstream llm {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=history;
        }

        location = /slow {
            convrelay_mock_llm  answer=count tokens=20 interval=25ms;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        add_header          X-Worker \$pid always;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /ws {
            convrelay;
            convrelay_system_prompt  "$name prompt";
            proxy_pass               http://llm/v1/chat/completions;
        }

        location = /idle {
            convrelay;
            convrelay_system_prompt  "$name prompt";
            convrelay_ping_interval  1s;
            proxy_pass               http://llm/v1/chat/completions;
        }

        location = /slow {
            convrelay;
            proxy_pass  http://llm/slow;
        }
    }
_EOC_
}


sub dial {
    my $path = shift;

    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $call->{worker} = $1 if $call->{head} =~ /^X-Worker: (\d+)/m;
    $call->setup(callSid => "CA-$path");

    return $call;
}


configure('old');
$nginx->start;

my ($old) = $nginx->workers;

my $idle = dial('/idle');
my $talk = dial('/slow');

is $talk->{worker}, $old, 'a call is on the first worker';

$talk->prompt('Count');
is $talk->tokens(3), ' 1 2 3', '... where it is being answered';

configure('new');

my ($new) = $nginx->hup;

isnt $new, $old, 'after a reload there is another worker';

is $talk->answer, ' ' . join(' ', 4 .. 20), 'the running answer loses nothing';

# an idle call has nothing but its ping timer to keep the worker

ok $idle->quiet(2.5), 'an idle call says nothing';
cmp_ok $idle->{pings}, '>=', 2, '... but ping';

like $idle->ask('Hi'), qr/old prompt/,
     '... it is answered, by the configuration that it began with';

$talk->prompt('Again');
is $talk->answer, ' ' . join(' ', 1 .. 20), '... and another turn is answered';

my $call = dial('/ws');

is $call->{worker}, $new, 'a new call goes to the new worker';
like $call->ask('Hi'), qr/new prompt/, '... and has its configuration';

is $talk->hangup, 1000, 'one call ends';
$idle->quiet(0.3);

ok scalar(grep({ $_ == $old } $nginx->workers)),
   '... the other one keeps its worker';

is $idle->hangup, 1000, 'the other one ends';

ok ConvRelay::Nginx::wait_for(5, sub {
    return !grep { $_ == $old } $nginx->workers;
}), '... and its worker with it';

like $call->ask('Hi again'), qr/new prompt/, 'the new call has noticed nothing';

# reloads upon reloads: each worker has its own call

my @calls = $call;

for (1 .. 3) {
    $nginx->hup;
    push @calls, dial('/ws');
}

my %workers = map { $_->{worker} => 1 } @calls;

is keys %workers, 4, 'three more reloads: four calls on four workers';
is scalar(grep { $_->ask('Hi') =~ /prompt/ } @calls), 4, '... all answered';
is scalar(grep { $_->hangup eq '1000' } @calls), 4, '... all hung up';

ok ConvRelay::Nginx::wait_for(5, sub { $nginx->workers == 1 }),
   '... and one worker is left';

$nginx->stop;
is $nginx->status, 0, 'nginx ends well';
is_deeply [ $nginx->complaints ], [], 'and had nothing to complain of';


# LLMs that fail are left alone, by the location that asks them: a server of the
# same name that comes before another one changes nothing

sub server {
    my ($port, $llm) = @_;

    return <<"_EOC_";
    server {
        listen  127.0.0.1:%%PORT_${port}%%;

        location /ws {
            convrelay;
            convrelay_fallback  \@backup cooldown=10m;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/$llm;
        }

        location = /ws {
            convrelay;
            convrelay_fallback  \@backup cooldown=10m;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/up;
        }

        location \@backup {
            proxy_pass  http://127.0.0.1:%%PORT_1%%;
        }
    }
_EOC_
}


sub servers {
    $nginx->http(<<'_EOC_' . join '', @_);
    convrelay_zone  calls 1m;

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=say:backup;
        }

        location /up {
            convrelay_mock_llm  answer=say:first;
        }

        location /down {
            convrelay_mock_llm  status=503;
        }
    }
_EOC_
}


# which LLM answered, and how often the first one was asked

sub answered {
    my ($port, $path) = @_;

    my $before = () = $nginx->log('access') =~ m{"POST /(?:up|down) }g;
    my $call = ConvRelay::Call->dial($nginx->port($port), $path);

    $call->setup(callSid => "CA$port$path");

    my $by = $call->ask('Hi');

    $call->hangup;

    my $after = () = $nginx->log('access') =~ m{"POST /(?:up|down) }g;

    return $by . ' ' . ($after - $before);
}


$nginx = ConvRelay::Nginx->new;

servers(server(2, 'down'));
$nginx->start;

is answered(2, '/ws/a'), 'backup 1', 'an LLM fails';
is answered(2, '/ws/a'), 'backup 1', '... twice';
is answered(2, '/ws/a'), 'backup 0', '... and is left alone';
is answered(2, '/ws'), 'first 1', '... by a location, not by one of its name';

servers(server(3, 'up'), server(2, 'down'));
$nginx->hup;

is answered(3, '/ws/a'), 'first 1', 'a server that comes before it asks its own';
is answered(2, '/ws/a'), 'backup 0', '... and that LLM is left alone still';

$nginx->stop;

done_testing;
