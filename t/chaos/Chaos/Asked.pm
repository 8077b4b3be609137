package Chaos::Asked;

# Is a request such as an LLM accepts?  Chaos::Asked::wrong($body) says what is
# wrong with it, or nothing.  A history must hold
#
#     no two messages of one role in a row, except results of tools
#     for each tool call one result, right after it
#     the result of that call, and of no other: calls and the results of
#     Chaos::Tools have an "id"
#     the calls of one answer in a message, never those of two LLMs

use strict;
use warnings;

use JSON::PP ();

# JSON::PP is slow: larger bodies are checked more rarely

use constant ENOUGH => 6000;

my $json = JSON::PP->new->utf8;


sub is_checked {
    my $length = shift;

    return rand($length) < ENOUGH;
}


sub wrong {
    my $body = shift;
    my $root = eval { $json->decode($body) };

    return 'it is not JSON' if ref $root ne 'HASH';

    my $messages = $root->{messages};

    return 'it has no messages' if ref $messages ne 'ARRAY' || !@$messages;

    return wrong_messages(@$messages);
}


sub wrong_messages {
    my @messages = @_;
    my ($before, $n) = ('', 0);
    my %open;

    for my $m (@messages) {
        my ($role, $content) = @$m{qw( role content )};
        my $where = 'message ' . $n++;

        if (!defined $role || $role !~ /^(?:system|user|assistant|tool)$/) {
            return "$where has the role " . ($role // 'null');
        }

        return "$where is a \"$role\" after \"$before\""
            if $role eq 'system' && $n > 1
               || $role eq 'tool' && $before !~ /^(?:tool|assistant)$/
               || $role ne 'tool' && $role eq $before
               || $role eq 'assistant' && $before !~ /^(?:user|tool)$/;

        return "$where is without content"
            if (!defined $content || ref $content || $content eq '')
               && !$m->{tool_calls};

        if ($role eq 'tool') {
            my $call = delete $open{$m->{tool_call_id} // ''}
                or return "$where is the result of no call";
            my $id = id($call->{arguments});

            return "$where, of the call $id, is \"$content\""
                if defined $id && $content =~ /^\{"id":"([^"]*)"/ && $1 ne $id;

        } elsif (%open) {
            return "$where comes before the result of " . join ', ', keys %open;
        }

        $before = $role;

        next if !$m->{tool_calls};

        return "$where has calls, and is of \"$role\""
            if $role ne 'assistant' || ref $m->{tool_calls} ne 'ARRAY'
               || !@{$m->{tool_calls}};

        my $answer;

        for my $call (@{$m->{tool_calls}}) {
            my $f = $call->{function};
            my $id = $call->{id};

            return "$where has a call that is none: " . $json->encode($call)
                if !defined $id || $id eq '' || ref $f ne 'HASH'
                   || !defined $f->{name} || $f->{name} eq ''
                   || !is_object($f->{arguments});

            return "$where has the call $id twice" if $open{$id};

            $open{$id} = $f;

            my $of = answer_of($f->{arguments}) // next;

            return "$where has calls of $answer and of $of"
                if defined $answer && $answer ne $of;

            $answer = $of;
        }
    }

    return 'calls have no result: ' . join ', ', keys %open if %open;
    return "the last message is of \"$before\"" if $before !~ /^(?:user|tool)$/;

    return;
}


# Half of a surrogate pair, as an escape, is the model's own.

sub is_object {
    my $text = shift // return 0;

    $text =~ s/\\ud800/x/g;
    utf8::encode($text);

    return ref eval { $json->decode($text) } eq 'HASH';
}


# the "id" that Chaos::Tools gives a call, and the answer that it is of

sub id { return $_[0] =~ /^\{"id":"([\w.-]+)"/ ? $1 : undef }

sub answer_of { return (id($_[0]) // return) =~ /^(.*)-\d+$/ ? $1 : undef }


# the ids of all calls, each once

sub ids {
    my $body = shift;
    my %ids;

    $ids{$1} = 1 while $body =~ /\{\\"id\\":\\"([\w.-]+)\\"/g;

    return \%ids;
}


1;
