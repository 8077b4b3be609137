package Chaos::HTTP;

# Random requests at webhook, action and socket.  A case is one connection:
#
#     right   one request with the signature that it has to have: answered
#             with 200 and the form's value in the document, or with 101
#     wrong   its signature is missing, another's, or of something else, and
#             much else may be wrong too: never 200 with TwiML, never 101
#     free    anything at all where no signature is asked for
#
# In all of them each document is well-formed, and a call that goes on
# meanwhile does not notice.

use strict;
use warnings;

use parent 'Chaos::Part';

use Chaos::H2;
use Chaos::Nginx;
use Chaos::Random;
use Chaos::Requests;
use Chaos::XML;
use ConvRelay::Call;
use Time::HiRes qw( time );

my $token = '12345678901234567890123456789012';


sub start {
    my $self = shift;

    $self->{name} = 'http';

    my $nginx = $self->{nginx} = Chaos::Nginx->new;

    $nginx->http($self->config, 'worker_rlimit_nofile 4096;');
    $nginx->start;

    $self->{call} = ConvRelay::Call->dial($nginx->port(2), '/talk');
    $self->{call}->setup;
}


# t/chaos/http.conf and webhooks.conf, and all variables of the module

sub config {
    my $self = shift;
    my $nginx = $self->{nginx};
    my $text = $self->text('http.conf');
    my $source = ConvRelay::Nginx->root
                 . '/src/http/ngx_http_convrelay_variables.c';

    open my $fh, '<', $source or die "$source: $!\n";

    my @variables = map { /_$/ ? "${_}A" : $_ } grep { !/_env_/ }
                    (do { local $/; <$fh> }) =~ /ngx_string\("(convrelay_\w+)/g;

    my $all = join ' ', map { ("\$$_", "\$m_$_") } @variables;

    my $maps = join '', map { <<"_EOC_" } @variables;
    map \$$_ \$m_$_ {
        "~(?<x_$_>[a-z]+)"  \$x_$_;
        default  "[\$$_]";
    }
_EOC_

    my $locations = $self->text('webhooks.conf');

    s/%%ALL%%/$all/g for $text, $locations;
    s/%%TOKEN%%/$token/g, s/%%MAPS%%/$maps/ for $text;

    $nginx->write('webhooks.conf', $locations);

    return $text;
}


# a case

sub case {
    my ($self, $n) = @_;

    my $r = Chaos::Random->new($self->{seed}, 'http', $n);
    my $kind = $r->pick(qw( right right wrong wrong wrong free free ));
    my $h2 = $r->one_in(4);

    my $case = $kind eq 'right' ? $self->right($r, $h2)
                                : $self->random($r, $h2, $kind eq 'free');

    my $port = $self->{nginx}->port(($h2 ? 1 : 0) + ($kind eq 'free' ? 2 : 0));
    my @script;

    for my $piece (@{$case->{pieces}}) {
        push @script, ref $piece ? $piece : [send => $piece];
        push @script, [pause => $r->seconds(0.03)] if $r->one_in(4);
    }

    my $c = $self->{loop}->connect($port, @script, [eof => 15]);

    $c->{case} = $n;
    $c->{on_input} = $case->{on_input} if $case->{on_input};

    $c->{on_end} = sub {
        return if $c->{how} eq 'over';

        my $wrong = $c->{how} eq 'timeout'
                    ? 'nginx never closed the connection'
                    : $case->{judge}->($c->{in}, $c->{how});

        # on a machine that has much else to do, nginx's patience may end

        if ($wrong && $kind eq 'right' && time - $c->{started} > 1.9) {
            return $self->tick('late');
        }

        $self->found($n, "$kind: $wrong", join '', grep { !ref }
                                                   @{$case->{pieces}})
            if $wrong;
    };

    $self->tick($kind);
    $self->tick($h2 ? 'h2' : 'h1');
}


sub pieces {
    my ($r, $bytes) = @_;

    return [$r->one_in(2) ? $bytes : $r->cut($bytes, 5)];
}


sub right {
    my ($self, $r, $h2) = @_;
    my $q = request($r);

    while ($h2 && $q->{ws}) {
        $q = request($r);
    }

    $q->{signature} = signature($q, $token);

    return $self->right_h2($r, $q) if $h2;

    my ($head, $body) = http1($r, $q);

    return {
        pieces => pieces($r, $head . $body),
        judge => sub { judge_right($q, $q->{ws} ? $_[0] : responses($_[0])) },
        on_input => $q->{ws} && sub {
            my $c = shift;

            push @{$c->{script}}, ['rst'] if $c->{in} =~ /\r\n\r\n/;
            splice @{$c->{script}}, -2, 1 if $c->{script}[-1][0] eq 'rst';
        },
    };
}


sub right_h2 {
    my ($self, $r, $q) = @_;

    my $bytes = $Chaos::H2::preface
                . Chaos::H2::frame(Chaos::H2::SETTINGS, 0, 0, '')
                . http2($r, $q, 1);

    return {
        pieces => pieces($r, $bytes),
        on_input => \&close_at_end,
        judge => sub {
            my $stream = Chaos::H2::parse($_[0])->{1};

            return judge_right($q, $stream && {
                status => $stream->{status},
                body => unzip($stream->{data} // ''),
            });
        },
    };
}


# the streams that were opened have been answered

sub close_at_end {
    my ($c, $streams) = @_;
    my $parsed = Chaos::H2::parse($c->{in});

    return if grep { !$parsed->{$_}{end} } 1, @{$streams // []};

    $c->{script} = [['rst']];
    $c->{at} = 0;
    delete $c->{wake};
}


sub judge_right {
    my ($q, @responses) = @_;

    if ($q->{ws}) {
        return $responses[0] =~ m{^HTTP/1\.1 101 } ? ()
               : 'no 101: ' . substr $responses[0], 0, 60;
    }

    my $answer = $responses[0] or return 'no answer';

    return "status $answer->{status}" if $answer->{status} != 200;

    my $wrong = Chaos::XML::wrong($answer->{body});

    return "document: $wrong" if $wrong;

    # the value that was sent comes back, where nothing had to be mended

    return if $q->{a} !~ /^[\x20-\x7e]*\z/ || $q->{path} eq '/filters';

    my $text = $answer->{body};
    my ($a) = grep { $q->{path} =~ m{^/(?:spool|twiml|single|file)$} }
              map { Chaos::XML::decode($_) }
              $text =~ /<Parameter name="a" value="([^"]*)"/;

    return defined $a && $a ne $q->{a} ? "A is <$a>, not <$q->{a}>" : ();
}


# wrong and free ones

sub random {
    my ($self, $r, $h2, $free) = @_;
    my $n = $r->pick(1, 1, 1, 2, 4);
    my ($fragile, @bytes);

    for my $i (0 .. $n - 1) {
        my $q = request($r);

        $q = request($r) while $h2 && $q->{ws};

        if ($free) {
            loosen($r, $q);

        } else {
            $fragile |= falsify($r, $q, $token);
        }

        push @bytes, $h2 ? http2($r, $q, 1 + 2 * $i) : spoil($r, $q, $free);
    }

    my $bytes = join '', @bytes;

    $bytes = $r->mutate($bytes) if $r->one_in(3) && !$fragile;

    if ($h2) {
        $bytes .= h2_extra($r, $n) if $r->one_in(3);
        $bytes = $Chaos::H2::preface
                 . Chaos::H2::frame(Chaos::H2::SETTINGS, 0, 0, '') . $bytes;
    }

    my $pieces = pieces($r, $bytes);

    # and then it goes away, or waits

    if ($r->one_in(3)) {
        push @$pieces, [$r->pick(qw( fin close rst rst ))];
        pop @$pieces, push @$pieces, ['fin'] if $pieces->[-1][0] eq 'close'
                                                && $r->one_in(2);
    }

    splice @$pieces, $r->int(scalar @$pieces), 1 if $r->one_in(8);

    return {
        pieces => $pieces,
        judge => sub { judge_random($_[0], $h2, $free) },
        on_input => $h2 && sub {
            close_at_end($_[0], [map { 1 + 2 * $_ } 0 .. $n - 1]);
        },
    };
}


sub judge_random {
    my ($in, $h2, $free) = @_;
    my @responses = ();

    if ($h2) {
        my $streams = Chaos::H2::parse($in);

        @responses = map { {
            status => $_->{status} // 0, body => unzip($_->{data} // ''),
            cut => !$_->{end} || defined $_->{reset},
        } } grep { ref } values %$streams;

    } else {
        # HTTP/0.9 has no head

        @responses = $in =~ /^<\?xml.*>$/s ? { status => 200, body => $in }
                                           : responses($in);
    }

    for my $response (@responses) {
        return 'a socket was let in'
            if $response->{status} == 101 && !$free;

        next if $response->{body} !~ /^<\?xml/ || $response->{cut};

        return 'a document was given away' if !$free;

        my $wrong = Chaos::XML::wrong($response->{body});

        return "document: $wrong" if $wrong;
    }

    return 'TwiML was given away' if !$free && $in =~ /<Response/;

    return;
}


# What is left of the heap after more of the same is a leak.  Some kilobytes
# may be: chunks that are kept for the next call, and what libraries keep.

sub run {
    my ($self, $seconds, @cases) = @_;
    my $nginx = $self->{nginx};
    my ($worker) = $nginx->workers;

    return $self->SUPER::run($seconds, @cases) if @cases;

    $self->SUPER::run($seconds * 0.4);

    my ($before) = $nginx->heap($worker);
    my $done = $self->{next};

    $self->SUPER::run($seconds * 0.6) if !@{$self->{findings}};

    my ($after) = $nginx->heap($worker);
    my $grown = $after - $before;

    $done = $self->{next} - $done;
    $self->{count}{'bytes more'} = $grown;

    $self->found(0, "the heap has grown by $grown bytes in $done cases")
        if $grown > 16384;

    return @{$self->{findings}};
}


# the call that was there all the time

sub rest {
    my $self = shift;
    my $nginx = $self->{nginx};
    my $said = eval { $self->{call}->ask('Are you there?') } // $@;

    $self->found(0, "the call that goes on: $said") if $said ne 'Here.';

    my $left;

    ConvRelay::Nginx::wait_for(8, sub {
        $left = $nginx->connections;
        return $left == 1;
    })
    or $self->found(0, "connections left besides the call's: $left");
}


1;
