# What a caller had to wait for, in the access log of a call and of each of its
# requests, and in the metrics.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;

my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_');
    convrelay_zone  calls 64k;

    log_format  figures  '$uri sound=$convrelay_first_sound '
                         'word=$convrelay_first_token '
                         'gap=$convrelay_longest_gap '
                         'fillers=$convrelay_fillers '
                         'hedges=$convrelay_hedges_won '
                         'fallbacks=$convrelay_fallbacks '
                         'nudges=$convrelay_nudges';
    access_log  logs/figures.log figures;
    log_subrequest  on;

    # the one in parallel, the one after a failure, and a slow one

    server {
        listen      127.0.0.1:%%PORT_1%%;
        access_log  off;

        location = /slow {
            convrelay_mock_llm  answer=say:Slow. first=250ms;
        }
        location = /dead {
            convrelay_mock_llm  fault=stall_before;
        }
        location = /down {
            return  500;
        }
        location = /gap {
            convrelay_mock_llm  answer=count tokens=3 first=20ms
                                interval=150ms;
        }
    }

    server {
        listen              127.0.0.1:%%PORT%%;
        proxy_http_version  1.1;
        proxy_set_header    Connection "";

        location = /plain {
            convrelay;
            proxy_pass  http://127.0.0.1:%%PORT_1%%/gap;
        }

        location = /filler {
            convrelay;
            convrelay_filler  100ms "One moment.";
            proxy_pass        http://127.0.0.1:%%PORT_1%%/slow;
        }

        location = /mute {
            convrelay;
            convrelay_error_message  "";
            proxy_pass               http://127.0.0.1:%%PORT_1%%/down;
        }

        location = /nudge {
            convrelay;
            convrelay_silence       100ms 100ms;
            convrelay_on silence 1  say "Hm?";
            proxy_pass              http://127.0.0.1:%%PORT_1%%/slow;
        }

        location = /failure {
            convrelay;
            convrelay_fallback  /quick;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/down;
        }

        location = /won {
            convrelay;
            convrelay_fallback  /quick hedge=100ms;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/dead;
        }

        location = /lost {
            convrelay;
            convrelay_fallback  /never hedge=100ms;
            proxy_pass          http://127.0.0.1:%%PORT_1%%/slow;
        }

        location = /quick {
            internal;
            convrelay_mock_llm  answer=say:Quick. first=0;
        }

        location = /never {
            internal;
            convrelay_mock_llm  fault=stall_before;
        }

        location = /metrics {
            access_log        off;
            convrelay_status  public;
        }
    }
_EOC_

$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics');


# a call with so many texts, and the figures of its line and of its requests

sub call {
    my ($path, $texts) = @_;
    my $call = ConvRelay::Call->dial($nginx->port, $path);
    my $before = () = $nginx->log('figures') =~ /\n/g;

    $call->setup(callSid => "CA$path");
    $call->prompt('Hi');

    my @heard = map { $call->answer } 1 .. $texts // 1;

    $call->hangup;

    # where the location is asked before the caller hangs up, its name comes
    # twice

    my $own = @heard ? 2 : 1;
    my @lines;

    ConvRelay::Nginx::wait_for(5, sub {
        @lines = split /\n/, $nginx->log('figures');
        splice @lines, 0, $before;

        return $own <= grep { /^$path / } @lines;
    })
    or diag "no line of $path";

    $status->read;

    return (join('|', @heard), map { figures($_) } reverse @lines);
}


sub figures {
    my ($uri, @pairs) = split ' ', shift;

    return { uri => $uri, map { split /=/, $_, 2 } @pairs };
}


sub metric {
    my ($name, @labels) = @_;

    return $status->value($name, @labels) // 0;
}


my ($heard, $own, @turns) = call('/plain');

is $heard, ' 1 2 3', 'an answer with pauses';
cmp_ok $own->{gap}, '>=', 140, "... the longest gap: $own->{gap}";
is $own->{sound}, $own->{word}, '... its first word is the first sound';
is "@$own{qw( fillers hedges fallbacks nudges )}", '0 0 0 0',
   '... and nothing else';
is_deeply \@turns, [ $own ], '... the line of its turn is the same';

($heard, $own) = call('/mute', 0);

is "$own->{sound} $own->{word}", '- -', 'a call in which nothing is said';

($heard, $own) = call('/filler', 2);

is $heard, 'One moment.|Slow.', 'a filler';
cmp_ok $own->{sound}, '<', $own->{word},
       "... is a sound ($own->{sound}), and no answer ($own->{word})";
cmp_ok $own->{word}, '>=', 240, '... which comes later';
is $own->{fillers}, 1, '... it is counted';
is metric('fillers_total', location => '/filler'), 1, '... twice';

($heard, $own) = call('/nudge', 2);

is $heard, 'Slow.|Hm?', 'a nudge';
is $own->{nudges}, 1, '... is counted';
is metric('nudges_total', location => '/nudge'), 1, '... twice';

($heard, $own) = call('/failure');

is $heard, 'Quick.', 'a fallback after a failure';
is "@$own{qw( hedges fallbacks )}", '0 1', '... is counted';
is metric('fallbacks_total', location => '/failure', asked => 'after'), 1,
   '... twice';
is metric('fallbacks_total', location => '/failure', asked => 'parallel'), 0,
   '... as what it is';

($heard, $own, @turns) = call('/won');

is $heard, 'Quick.', 'a fallback in parallel, which is faster';
is "@$own{qw( hedges fallbacks )}", '1 1', '... is counted';
is metric('fallbacks_total', location => '/won', asked => 'parallel'), 1,
   '... twice';
is metric('hedges_won_total', location => '/won'), 1, '... with its success';
cmp_ok $own->{word}, '>=', 90, "... its word is late: $own->{word}";
is join(' ', sort map { "$_->{uri} $_->{hedges}" } @turns), '/quick 1 /won 1',
   '... each of both has its line';

($heard, $own) = call('/lost');

is $heard, 'Slow.', 'one that is slower';
is "@$own{qw( hedges fallbacks )}", '0 1', '... is counted';
is metric('fallbacks_total', location => '/lost', asked => 'parallel'), 1,
   '... twice';
is metric('hedges_won_total', location => '/lost'), 0, '... without success';

$nginx->stop;

is_deeply [ grep { !/LLM failed/ } $nginx->complaints ], [],
          'nothing to complain of';

done_testing;
