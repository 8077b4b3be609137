package ConvRelay::Store;

# nginx with a store of calls, an LLM, and a tool that the test itself answers:
#
#     my $nginx = nginx(zone => ..., ws => ..., server => ..., main => ...,
#                       answer => ..., llm => PORT,
#                       alone => 1);    without convrelay_zone and metrics
#     my $call = session($nginx, callSid => ..., interval => '1ms');
#                                     the next session of a call
#                                     $call->{worker} is a pid
#     over($nginx, 3)                 so many sessions have ended
#     records($nginx), metric($nginx, 'resumes_total', 'found')
#     request($nginx)                 that the LLM was sent last
#     my $c = asked(); reply($c, 'done');
#                                     a request of the tool "book"
#     post($nginx, '/twiml', CallSid => ...)
#                                     the document of a webhook

use strict;
use warnings;

use ConvRelay::Call;
use ConvRelay::Nginx;
use Exporter qw( import );
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;

our @EXPORT = qw( nginx configuration session request messages metric records
                  over asked reply post quiet_end );

my $crm = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
    or die "no port: $!\n";
my $crm_port = $crm->sockport;

my $slow = $ENV{TEST_NGINX_SLOW} // 1;


# the LLM answers with the messages that it was sent, as JSON, a piece each
# "interval" of the socket's URL

sub nginx {
    my (%opt) = @_;

    my $nginx = ConvRelay::Nginx->new;

    $nginx->http(configuration($nginx, %opt), $opt{main});

    return $nginx->start;
}


sub configuration {
    my ($nginx, %opt) = @_;

    my $zone = $opt{zone} // 'convrelay_store_zone  calls 1m;';
    my $ws = $opt{ws} // '';
    my $server = $opt{server} // '';
    my $answer = $opt{answer} // 'history';
    my $llm = $opt{llm} // '%%PORT_1%%';

    my ($seats, $status) = $opt{alone} ? ('', '')
        : ('convrelay_zone  seats 256k;', 'location = /status {'
           . ' convrelay_status  prometheus public; }');
    my $prompt = $opt{prompt}
                 // 'Resumed $convrelay_resumed, lost $convrelay_resume_lost.';

    return <<"_EOC_";
    $zone
    $seats
    convrelay_greeting_history  on;

    log_format  call  '\$convrelay_session_id \$convrelay_resumed '
                      '\$convrelay_resume_lost \$convrelay_turns '
                      '\$convrelay_end';

    upstream llm {
        server     127.0.0.1:$llm;
        keepalive  4;
    }

    log_format  request  escape=none '\$request_body';

    server {
        listen                   127.0.0.1:%%PORT_1%%;
        client_body_buffer_size  1m;
        access_log               logs/llm.log request;

        location / {
            convrelay_mock_llm  answer=\$http_x_answer
                                first=\$http_x_first
                                interval=\$http_x_interval
                                'tools=book: book {"day":"tuesday"}';
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";
        proxy_set_header    X-Answer $answer;
        proxy_set_header    X-Interval \$arg_interval;
        proxy_set_header    X-First \$arg_first;
        access_log          logs/calls.log call;
        add_header          X-Worker \$pid always;

        location = /ws {
            convrelay;
            convrelay_system_prompt  "$prompt";
            proxy_pass               http://llm/v1/chat/completions;
            $ws
        }

        location = /book {
            internal;
            proxy_pass  http://127.0.0.1:$crm_port;
        }

        $status

        $server
    }
_EOC_
}


my $sessions = 0;


# a session of the call "CA1", unless another is named

sub session {
    my ($nginx, %opt) = @_;

    my $interval = delete $opt{interval} // '1ms';
    my $first = delete $opt{first} // '0ms';
    my $path = delete $opt{path} // '/ws';
    my $sign = delete $opt{sign};

    my $call = ConvRelay::Call->dial($nginx->port,
                                     "$path?interval=$interval&first=$first",
                                     sign => $sign);

    ($call->{worker}) = $call->{head} =~ /^X-Worker: (\d+)/m;
    $call->{session} = $opt{sessionId} //= 'VX' . ++$sessions;
    $call->setup(%opt);

    return $call;
}


# the request that the LLM was sent last

sub request {
    my $nginx = shift;

    return (split /\n/, $nginx->log('llm'))[-1];
}


# what the LLM was sent, as "role: text"

sub messages {
    my $answer = shift;
    my $messages = eval { JSON::PP->new->decode($answer) };

    return "not JSON: $answer" if !$messages;

    return map {
        my $m = $_;
        "$m->{role}: " . ($m->{content}
                          // join ' ', map { $_->{function}{name} }
                                       @{ $m->{tool_calls} });
    } @$messages;
}


sub metric {
    my ($nginx, $name, $label) = @_;

    my $labels = defined $label ? qr/\{[^}]*="\Q$label\E"\}/
                                : qr/(?:\{[^}]*\})?/;

    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $nginx->port) or return;

    print $c "GET /status HTTP/1.0\r\n\r\n";
    local $/;
    my ($value) = (<$c> // '') =~ /^convrelay_\Q$name\E$labels (\S+)/m;

    return $value;
}


sub records { return metric($_[0], 'store_records') }


# the worker has noticed that a socket was lost: its line is in the log

sub over {
    my ($nginx, $n) = @_;

    return ConvRelay::Nginx::wait_for(5, sub {
        my $log = $nginx->log('calls');
        return $n <= (() = $log =~ /^VX/mg);
    });
}


# the next request of a tool

sub asked {
    my $seconds = shift // 10;

    IO::Select->new($crm)->can_read($seconds * $slow) or return;

    my $c = $crm->accept;
    my $data = '';

    while ($data !~ /\r\n\r\n/) {
        sysread $c, $data, 4096, length $data or die "half a request\n";
    }

    return $c;
}


sub reply {
    my ($c, $body) = @_;

    syswrite $c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                 . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


sub quiet_end {
    my $nginx = shift;

    $nginx->stop;
    is_deeply [ $nginx->complaints ], [], 'nothing is complained of';
}


sub post {
    my ($nginx, $uri, @form) = @_;
    my @pairs;

    while (my ($name, $value) = splice @form, 0, 2) {
        push @pairs, "$name=$value";
    }

    my $form = join '&', @pairs;

    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $nginx->port) or return;

    print $c "POST $uri HTTP/1.0\r\n"
             . "Content-Type: application/x-www-form-urlencoded\r\n"
             . 'Content-Length: ' . length($form) . "\r\n\r\n$form";

    local $/;
    my ($document) = (<$c> // '') =~ /\r\n\r\n(.*)/s;

    return $document;
}


1;
