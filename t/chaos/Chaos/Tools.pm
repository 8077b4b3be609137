package Chaos::Tools;

# What an LLM does with tools, right and wrong, and the service that they are:
#
#     my $plan = Chaos::Tools::plan($seed, $n, $k);
#     my @steps = Chaos::Tools::answer($seed, $n, $k, $request);
#     my ($text, $heard) = Chaos::Tools::expected($seed, $n);
#     my @steps = Chaos::Tools::serve($seed, $c, $name, $head, $body);
#
# $k counts the requests of the turn $n: what it asks for is decided by the two
# alone, so that a caller knows what it may hear.  Which tools, and their
# arguments, is nobody else's business.

use strict;
use warnings;

use Chaos::Asked;
use Chaos::Random;
use Time::HiRes qw( time );

# a directive's default

use constant ROUNDS => 4;

# How calls are written, and what is heard of an answer that has them: "all" of
# its text and what the next has to say, or "any".

my %forms = (
    whole => 'all', split => 'all', plain => 'all', from_one => 'all',
    one_index => 'all', together => 'all', no_finish => 'all', stop => 'all',
    object => 'all', legacy => 'all', same_id => 'all',

    json => 'any', leak => 'any', length => 'any', filter => 'any',
    cut => 'any', many => 'any', nameless => 'any', after => 'any',
);

my @good = grep { $forms{$_} eq 'all' } sort keys %forms;
my @forms = sort keys %forms;

# In the LLM's process: keys of invocations, and the ids of a phone call's

my (%keys, %invoked, %rejected);


# what the LLM does when it is asked for the ($k + 1)th time in a turn

sub plan {
    my ($seed, $n, $k) = @_;
    my $r = Chaos::Random->new($seed, 'tools', $n, $k);

    # one in twelve never comes to an end by itself

    my $endless = Chaos::Random->new($seed, 'endless', $n)->one_in(12);

    return { final => 1 } if !$endless && $r->one_in($k ? 2 : 4)
                             || $k >= 2 * ROUNDS;

    my $form = $r->pick((@good) x 2, @forms);

    return {
        form => $form, heard => $forms{$form},
        text => $r->one_in(2) ? "$n.$k: " . $r->plain($r->between(1, 6))
                                . $r->pick('.', '...', '') : '',
    };
}


# all that is said in a turn

sub expected {
    my ($seed, $n) = @_;
    my $text = '';

    for my $k (0 .. ROUNDS - 1) {
        my $plan = plan($seed, $n, $k);

        # where nothing of it came, it may be asked for once more by nginx

        if ($plan->{final}) {
            my ($way, $heard) = Chaos::LLM::way($seed, $n);

            return ($text, 'any') if $heard eq 'any' || $way eq 'half';

            return ($text . Chaos::LLM::text($seed, $n), $heard);
        }

        # the last one may call nobody

        return ($text, 'any') if $plan->{heard} eq 'any' || $k == ROUNDS - 1;

        $text .= $plan->{text};
    }
}


# the calls of an answer: pairs of a name and arguments

sub calls {
    my ($r, $n, $k, $request) = @_;

    my @names = $request =~ /"function":\{"name":"([\w-]+)"/g;
    my $many = $r->pick(1, 1, 1, 2, 2, 3, 8);
    my @calls;

    for my $i (1 .. $many) {
        my $name = $r->one_in(12) ? $r->pick('nosuch', 'look_', 'x' x 64)
                                  : $r->pick(@names ? @names : 'nosuch');

        # an "id" is the call's own; those of files have other names

        my $id = $name eq 'page' ? $r->int(8) : "$n.$k-$i";
        my $more = $r->pick('', '', ',"digits":"1w2#"', ',"lang":"de-DE"',
                            ',"x":{"y":[1,2.0,null]}', ',"x":"../..?a=b#c"',
                            ',"x":"\\r\\nEvil: 1"', ',"digits":5,"lang":true',
                            ',"x":"' . 'long ' x $r->size(800) . '"');

        push @calls, [ $name, $r->one_in(12)
            ? $r->pick('', 'null', '[1]', '"a"', '{"id":', '{"id":1,"id":2}',
                       '{id:1}', '{}}', '[' x 300, "{\"x\":\"\x80\"}",
                       '{"x":"\\ud800"}', '{}', '5')
            : "{\"id\":\"$id\"$more}" ];
    }

    # the same once more

    push @calls, ($r->pick(@calls)) x $r->pick(1, 1, 2) if $r->one_in(4);

    return @calls;
}


sub delta {
    my ($delta, $finish) = @_;

    $finish = defined $finish ? "\"$finish\"" : 'null';

    return "data: {\"choices\":[{\"index\":0,\"delta\":$delta,"
           . "\"finish_reason\":$finish}]}\n\n";
}


sub call {
    my ($r, $index, $id, $name, $arguments) = @_;

    my @members = (
        defined $index ? "\"index\":$index" : (),
        defined $id ? "\"id\":\"$id\"" : (),
        '"type":"function"',
        '"function":{' . join(',', (defined $name ? "\"name\":\"$name\"" : ()),
                              "\"arguments\":$arguments") . '}',
    );

    return '{' . join(',', @members) . '}';
}


# a JSON string of bytes, some of which may be no UTF-8

sub string {
    my $text = shift;

    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;

    return "\"$text\"";
}


sub events {
    my ($r, $form, $text, @calls) = @_;
    my @pieces;

    push @pieces, delta('{"role":"assistant","content":'
                        . $r->pick('null', '""') . '}') if $r->one_in(3);

    push @pieces, map { delta('{"content":' . string($_) . '}') }
                  $r->cut($text, 4) if $text ne '';

    my $first = $form eq 'from_one' ? 1 : 0;

    for my $i (0 .. $#calls) {
        my ($name, $arguments) = @{$calls[$i]};
        my $index = $form eq 'plain' ? undef
                    : $form eq 'one_index' ? 0 : $i + $first;
        my $id = $form eq 'same_id' ? 'call_x'
                 : $form eq 'plain' && $r->one_in(2) ? undef
                 : "call_$i" . $r->int(100_000);

        $name = '' if $form eq 'nameless' && $r->one_in(2);

        if ($form eq 'legacy' && !$i) {
            push @pieces, delta('{"function_call":{"name":"' . $name
                                . '","arguments":' . string($arguments)
                                . '}}');

        } elsif ($form eq 'object' && $arguments =~ /^\{"id.*\}$/) {
            push @pieces, delta('{"tool_calls":['
                                . call($r, $index, $id, $name, $arguments)
                                . ']}');

        } elsif ($form =~ /^(?:split|cut|length)$/) {
            my @parts = $r->cut($arguments, 8);

            for my $at (0 .. $#parts) {
                push @pieces, delta('{"tool_calls":['
                                    . call($r, $index, $at ? undef : $id,
                                           $at ? undef : $name,
                                           string($parts[$at])) . ']}');
            }

        } else {
            push @pieces, delta('{"tool_calls":['
                                . call($r, $index, $id, $name,
                                       string($arguments)) . ']}');
        }
    }

    # entries of one list

    if ($form eq 'together') {
        my $all = join '', @pieces;

        $all =~ s/\]\},"finish_reason":null\}\]\}\n\n(?#
                 )data:\ \{"choices":\[\{"index":0,"delta":(?#
                 )\{"tool_calls":\[/,/gx;
        @pieces = $all;
    }

    push @pieces, delta('{"content":' . string($r->plain(3)) . '}')
        if $form eq 'after';

    if ($form eq 'cut') {
        my $all = join '', @pieces;

        return substr $all, 0, $r->int(length $all);
    }

    my $finish = $form eq 'length' ? 'length'
                 : $form eq 'filter' ? 'content_filter'
                 : $form eq 'stop' ? 'stop'
                 : $form eq 'legacy' ? 'function_call' : 'tool_calls';

    push @pieces, delta('{}', $finish) if $form ne 'no_finish';
    push @pieces, "data: [DONE]\n\n" if $form eq 'no_finish' || !$r->one_in(4);

    return join '', @pieces;
}


# calls in the text

sub leak {
    my ($r, $text, @calls) = @_;
    my ($name, $arguments) = @{$calls[0]};

    return Chaos::Tools::delta('{"content":' . string(
               $text . $r->pick("$name($arguments)", $arguments,
                                "<tool_call>$arguments</tool_call>",
                                "to=functions.$name $arguments", "<|tool|>",
                                "{\"name\":\"$name\",\"arguments\":$arguments}")
           ) . '}', 'stop') . "data: [DONE]\n\n";
}


sub document {
    my ($r, $text, @calls) = @_;
    my $i = 0;

    return '{"choices":[{"message":{"role":"assistant","content":'
           . ($text ne '' ? string($text) : 'null') . ',"tool_calls":['
           . join(',', map { call($r, undef, 'call_' . $i++, $_->[0],
                                  string($_->[1])) } @calls)
           . ']},"finish_reason":"tool_calls"}]}';
}


sub answer {
    my ($seed, $n, $k, $request) = @_;

    my $plan = plan($seed, $n, $k);
    my $r = Chaos::Random->new($seed, 'calls', $n, $k);

    # in the last round most are obedient

    return Chaos::LLM::answer($seed, $n)
        if $plan->{final} || $request =~ /"tool_choice":"none"/
                             && !$r->one_in(3);

    my @calls = calls($r, $n, $k, $request);
    my ($form, $text) = @$plan{qw( form text )};

    push @calls, ($calls[0]) x 20 if $form eq 'many';

    my $body = $form eq 'leak' ? leak($r, $text, @calls)
               : $form eq 'json' ? document($r, $text, @calls)
               : events($r, $form, $text, @calls);

    return (Chaos::LLM::sent($r, Chaos::LLM::head('200 OK', $form eq 'cut'
                ? 'Connection: close' : 'Content-Length: ' . length $body)
                . $body),
            $form eq 'cut' ? ['close'] : ());
}


# A tool's request: what it is answered with, by chance.  It is wrong where an
# invocation that was answered, or that may still be, is made once more.

sub serve {
    my ($seed, $name, $head, $body, $found) = @_;

    my ($key) = $head =~ /^X-Key: (\S+)/mi;
    my ($id) = $head =~ /^X-Id: (\S+)/mi;
    my ($sid) = $head =~ /^X-Call: (\S+)/mi;

    my $r = Chaos::Random->new($seed, 'serve', $key // rand,
                               $keys{$key // ''} ? rand : 0);

    return Chaos::LLM::answer($seed, rand) if !defined $key;

    my $before = $keys{$key};

    $found->("the tool $name is asked for $id once more, $before->{how}")
        if $before && $name !~ /^(?:look|short)$/
           && ($before->{done} || time - $before->{at} < 0.5);

    my $what = $r->one_in(2) ? 0 : $r->int(14);

    $keys{$key} = { at => time, done => $what <= 2, how => "after $what" };
    $invoked{$sid}{$id} = time if defined $sid && defined $id;

    # nginx leaves out a header for which it has no memory

    my $json = '{' . (defined $id ? "\"id\":\"$id\"," : '') . '"text":"'
               . $r->plain(3) . '"}';

    return service($r, $seed, $what, $json);
}


# What is known of a call, or whatever.  It is JSON, or words.

sub known {
    my ($seed, $n) = @_;
    my $r = Chaos::Random->new($seed, 'known', $n);

    my $text = $r->pick(
        "{\"system\":\"It is the call CA$n.\",\"variables\":"
        . "{\"id\":\"$n\",\"name\":" . string($r->text(3)) . '}}',
        "{\"variables\":{\"id\":$n,\"a\":true,\"b\":1.5,\"c\":null}}",
        '{"variables":{' . join(',', map { "\"$_\":$_" } 1 .. $r->size(200))
        . '}}',
        '{"system":' . string($r->text($r->size(900))) . '}', '{}', '[]', '{',
        '{"variables":{"id":{}}}', '{"system":5}', "{\"system\":\"\xff\"}",
    );

    return service($r, $seed, $r->one_in(2) ? $r->int(3) : $r->int(14), $text);
}


sub service {
    my ($r, $seed, $what, $json) = @_;

    my $good = Chaos::LLM::head('200 OK', 'Content-Length: ' . length $json)
               . $json;

    $good =~ s{text/event-stream}{application/json};

    my $status = sub {
        my $text = shift;

        return [send => Chaos::LLM::head(shift, 'Location: /tools',
                                         'Content-Length: ' . length $text)
                        . $text];
    };

    return $what == 0 ? [send => $good]
           : $what == 1 ? ([pause => $r->seconds(0.4)], [send => $good])
           : $what == 2 ? Chaos::LLM::sent($r, $good)
           : $what == 3 ? $status->($json, $r->pick('404 No', '409 Taken',
                                                    '429 Slow', '302 Found'))
           : $what == 4 ? $status->('', $r->pick('500 No', '503 No', '400 Bad'))
           : $what == 5 ? [send => "HTTP/1.1 204 No\r\n\r\n"]
           : $what == 6 ? [$r->pick(qw( close rst fin ))]
           : $what == 7 ? ([send => substr $good, 0, length($good) - 5],
                           ['close'])
           : $what == 8 ? ([pause => 4], ['close'])
           : $what == 9 ? $status->('x' x $r->size(70_000), '200 OK')
           : $what == 10 ? $status->('<!DOCTYPE html><p>', '200 OK')
           : $what == 11 ? ([pause => $r->seconds(3)], [send => $good])
           : $what == 12 ? $status->($r->bytes(60) . $r->text(60), '200 OK')
           : Chaos::LLM::answer($seed, rand);
}


# Each call that was run is in its phone call's history, or it was an answer
# that nobody heard.  $head and $body are of a request to the LLM.

sub unknown {
    my ($head, $body) = @_;

    my ($sid) = $head =~ /^X-Call: (\S+)/mi or return;
    my $invoked = $invoked{$sid} or return;

    return if $rejected{$sid};

    my $ids = Chaos::Asked::ids($body);

    # one second: who sent it first may be read last

    return grep { !$ids->{$_} && time - $invoked->{$_} > 1 } keys %$invoked;
}


# Half of the history may be dropped now.

sub rejected {
    my ($sid) = $_[0] =~ /^X-Call: (\S+)/mi or return;

    $rejected{$sid} = 1;
}


1;
