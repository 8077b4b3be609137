# Reloads and shutdowns while a tool works, or while the context of a call is
# awaited.  The test is the server that they ask, so that it sees each request
# and decides when it is answered.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use IO::Select;
use IO::Socket::INET;
use Test::More;

my $crm = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
    or die "no port: $!\n";
my $crm_port = $crm->sockport;

my $slow = $ENV{TEST_NGINX_SLOW} // 1;


sub nginx {
    my ($main, $times) = @_;

    my $nginx = ConvRelay::Nginx->new;

    $times //= 'timeout=30s';

    $nginx->http(<<"_EOC_", $main);
    upstream llm {
        server     127.0.0.1:%%PORT_1%%;
        keepalive  4;
    }

    server {
        listen  127.0.0.1:%%PORT_1%%;

        location / {
            convrelay_mock_llm  answer=history interval=1ms
                                'tools=book: book {"day":"tuesday"}';
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /ws {
            convrelay;
            convrelay_system_prompt  "Prompt.";
            convrelay_tool           book '{}' uri=/book $times;
            proxy_pass               http://llm/v1/chat/completions;
        }

        location = /context {
            convrelay;
            convrelay_system_prompt  "Prompt.";
            convrelay_context        /crm $times;
            proxy_pass               http://llm/v1/chat/completions;
        }

        location ~ ^/(book|crm)\$ {
            internal;
            proxy_pass  http://127.0.0.1:$crm_port;
        }
    }
_EOC_

    return $nginx->start;
}


# the next request: its connection and body; nothing, where none comes

sub asked {
    my $seconds = shift // 10;

    IO::Select->new($crm)->can_read($seconds * $slow) or return;

    my $c = $crm->accept;
    my $data = '';

    while ($data !~ /\r\n\r\n/) {
        sysread $c, $data, 4096, length $data or die "half a request\n";
    }

    my ($length) = $data =~ /^Content-Length: (\d+)/mi;

    while (length($data) < index($data, "\r\n\r\n") + 4 + $length) {
        sysread $c, $data, 4096, length $data or die "half a body\n";
    }

    return ($c, $data =~ /\r\n\r\n(.*)/s);
}


sub reply {
    my ($c, $body) = @_;

    syswrite $c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                 . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


# whether nginx has closed the connection of a request

sub closed {
    my $c = shift;

    IO::Select->new($c)->can_read(10 * $slow) or return 0;

    return !sysread $c, my $data, 1;
}


sub dial {
    my ($nginx, $path) = @_;

    my $call = ConvRelay::Call->dial($nginx->port, $path);

    $call->setup;

    return $call;
}


subtest 'a reload while a tool works: it is asked once, and its turn ends' =>
sub {
    my $nginx = nginx();
    my ($old) = $nginx->workers;
    my $call = dial($nginx, '/ws');

    $call->prompt('Please book it.');

    my ($c, $body) = asked();

    is $body, '{"day":"tuesday"}', 'the tool is asked';

    my ($new) = $nginx->hup;

    isnt $new, $old, '... and there is another worker';

    reply($c, 'Reference B7.');

    like $call->answer, qr/Reference B7\./, 'the model gets the result';
    ok !asked(0.3), '... and the tool was asked once';

    $call->prompt('And book it again.');
    ($c) = asked();
    reply($c, 'Reference B8.');

    like $call->answer, qr/Reference B8\./, 'another turn of that call';
    ok !asked(0.3), '... asks once more';

    is $call->hangup, 1000, 'the call ends';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), '... and its worker with it';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
};


subtest 'a hang-up after a reload: the worker stays for the tool' => sub {
    my $nginx = nginx();
    my ($old) = $nginx->workers;
    my $call = dial($nginx, '/ws');

    $call->prompt('Please book it.');

    my ($c) = asked();

    $nginx->hup;

    is $call->hangup, 1000, 'the call ends while the tool works';
    ok !IO::Select->new($c)->can_read(0.5), '... which goes on';

    ok scalar(grep { $_ == $old } $nginx->workers), '... with its worker';

    reply($c, 'Reference B7.');

    ok closed($c), 'the answer is read to its end';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), '... and the worker goes';

    ok !asked(0.1), 'it was asked once';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
};


subtest 'worker_shutdown_timeout while a tool works' => sub {
    my $nginx = nginx('worker_shutdown_timeout  500ms;');
    my ($old) = $nginx->workers;
    my $call = dial($nginx, '/ws');
    my $gone = dial($nginx, '/ws');

    $_->prompt('Please book it.') for $call, $gone;

    my ($one) = asked();
    my ($two) = asked();

    is $gone->hangup, 1000, 'one of two calls is over';

    $nginx->hup;

    is $call->end, 1001, 'the other one hears "going away"';
    ok closed($one), 'the request of one tool is closed';
    ok closed($two), '... and of the other';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), 'the worker goes';

    ok !asked(0.3), 'each was asked once';

    $nginx->stop;

    my @complaints = grep { !/tool "book" timed out/ } $nginx->complaints;

    is_deeply \@complaints, [], 'only the tools are complained of';
    ok $nginx->log_has(qr/tool "book" timed out after the end of its call/),
       '... and they are';
};


subtest 'a reload while the context is awaited' => sub {
    my $nginx = nginx();
    my ($old) = $nginx->workers;
    my $call = dial($nginx, '/context');

    $call->prompt('Hi');

    my ($c, $body) = asked();

    like $body, qr/^\{"callSid":/, 'the context is asked for';

    my ($new) = $nginx->hup;

    isnt $new, $old, '... and there is another worker';

    reply($c, 'A regular.');

    like $call->answer, qr/"Prompt\.\\n\\nA regular\."/, 'the call begins with it';
    ok !asked(0.1), '... and it was asked for once';
    is $call->hangup, 1000, 'the call ends';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), '... and its worker with it';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
};


subtest 'worker_shutdown_timeout while the context is awaited' => sub {
    my $nginx = nginx('worker_shutdown_timeout  500ms;');
    my ($old) = $nginx->workers;
    my $call = dial($nginx, '/context');

    $call->prompt('Hi');

    my ($c) = asked();

    $nginx->hup;

    is $call->end, 1001, 'the caller hears "going away"';
    ok closed($c), 'the request is closed';

    ok ConvRelay::Nginx::wait_for(5, sub {
        return !grep { $_ == $old } $nginx->workers;
    }), 'the worker goes';

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
};


done_testing;
