package Chaos::Callers;

# What the callers of Chaos::Calls do, each of its kind, in steps.

use strict;
use warnings;

use parent 'Chaos::Part';

use Chaos::Frames;
use Chaos::LLM;
use Chaos::Tools;
use JSON::PP ();

# where not all that is said is the model's

my $loose = qr{^/(?:mock|rules|error)$};


sub is_loose { return $_[0] =~ $loose }


# the steps of a caller that behaves

sub polite {
    my ($self, $call, $head) = @_;
    my $r = $call->{r};
    my $turns = $call->{kind} eq 'steady' ? $r->between(5, 30)
                                          : $r->between(1, 6);

    my @steps = (
        [send => $head],
        [until => sub { $call->{status} }, 20],
        [send => Chaos::Frames::json(Chaos::Frames::setup($r, $call->{n}))],
    );

    # "Welcome", "In." and "Hello"

    push @steps, [until => sub { @{$call->{heard}} }, 20]
        if $call->{path} =~ m{^/(?:rules|seats|known)$};

    my $last = [do => sub {
        $self->once($call);
        $call->{leaving} = 1;
    }];

    # once the load is over it says no more

    my $go_on = [do => sub {
        my $c = shift;

        $c->{at}++ while $self->{over} && $c->{script}[$c->{at} + 1] != $last;
    }];

    for my $turn (1 .. $turns) {
        push @steps, $go_on, $self->turn($call, $call->{n} * 100 + $turn);
        push @steps, [pause => $r->seconds(0.3)] if $r->one_in(3);
    }

    return (@steps, $last,
            $r->pick([send => Chaos::Frames::frame(8, pack 'n', 1000)],
                     [send => Chaos::Frames::frame(8, pack 'n', 1000)],
                     ['close'], ['rst'], ['fin']),
            [eof => 20]);
}


sub turn {
    my ($self, $call, $n) = @_;
    my $r = $call->{r};
    my $again = $r->one_in(4) && !is_loose($call->{path});

    my @n = map {
        $self->number($n + 50 * $_, $again || $call->{kind} eq 'steady')
    } 0 .. ($again ? 1 : 0);

    # it is talked over, at times after an interrupt

    my @steps;

    push @steps, $self->ask($call, $n[0]), [pause => $r->seconds(0.1)]
        if $again;

    push @steps, [send => Chaos::Frames::json({
        type => 'interrupt', durationUntilInterruptMs => $r->int(900),
        utteranceUntilInterrupt => "$n[0]: " . $r->word,
    })] if $again && $r->one_in(2);

    return (@steps, $self->ask($call, $n[-1], $again ? $n[0] : ()),
            [until => sub { $self->answered($call) },
             $self->{failing} ? 12 : 30]);
}


# a number for which the model behaves, or any

sub number {
    my ($self, $n, $good) = @_;

    while ($good && !$self->behaves($n)) {
        $n += 10_000_000;
    }

    return $n;
}


# does it behave, whether it has tools or not?

sub behaves {
    my ($self, $n) = @_;

    return (Chaos::LLM::way($self->{seed}, $n))[1] eq 'all'
           && (Chaos::Tools::expected($self->{seed}, $n))[1] eq 'all';
}


sub ask {
    my ($self, $call, $n, $before) = @_;
    my ($way) = Chaos::LLM::way($self->{seed}, $n);

    return [do => sub {
        $self->once($call) if !$before;
        $call->{asked} = { n => $n, way => $way, before => $before,
                           from => scalar @{$call->{heard}} };
    }], [send => Chaos::Frames::json({
        type => 'prompt', voicePrompt => "case $n", lang => 'en-US',
        last => JSON::PP::true,
    })];
}


# has the last prompt its answer, whatever came of the one before?

sub answered {
    my ($self, $call) = @_;
    my $asked = $call->{asked};
    my @heard = @{$call->{heard}}[$asked->{from} .. $#{$call->{heard}}];

    # where an allocation fails, an apology is all there is

    return scalar @heard if !$asked->{before} || $self->{failing};

    return scalar grep { /^$asked->{n}\w?[:.]/ } @heard;
}


# one prompt has one answer, that is, one "last", and then nothing is open

sub once {
    my ($self, $call) = @_;
    my $asked = $call->{asked} // return;
    my $of = "case $asked->{n}, $call->{path}, $asked->{way}";

    return if is_loose($call->{path}) || $call->{lenient} || $self->{failing};

    $self->found($call->{n}, "the answer to $of goes on: <$call->{segment}>")
        if $call->{segment} ne '';

    my $answers = @{$call->{heard}} - $asked->{from};

    $self->found($call->{n}, "$answers answers to $of: "
                             . join ' | ', @{$call->{heard}}[$asked->{from}
                                               .. $#{$call->{heard}}])
        if $answers > 1 && !$asked->{before};
}


# the steps of a caller of whom Twilio tells all it can

sub lively {
    my ($self, $call, $head) = @_;
    my $r = $call->{r};

    my @steps = (
        [send => $head],
        [until => sub { $call->{status} }, 20],
        [send => Chaos::Frames::json(Chaos::Frames::setup($r, $call->{n}))],
    );

    for my $i (1 .. $r->between(2, 25)) {
        my $n = $call->{n} * 100 + $i;

        push @steps, [do => sub {
            my $c = shift;

            $c->{out} .= Chaos::Frames::json($self->event($r, $call, $n));
        }];
        push @steps, [pause => $r->seconds($r->pick(0.02, 0.2, 0.6, 1.5))]
            if !$r->one_in(4);
        push @steps, [pause => $r->seconds(3)] if $r->one_in(8);
    }

    return (@steps, [do => sub { $call->{leaving} = 1 }],
            $r->pick([send => Chaos::Frames::frame(8, pack 'n', 1000)],
                     ['close'], ['rst'], ['fin']),
            [eof => 20]);
}


sub event {
    my ($self, $r, $call, $n) = @_;
    my $heard = @{$call->{heard}} ? $r->pick(@{$call->{heard}}) : '';

    # no message is longer than 32 KB

    utf8::decode($heard);
    $heard = substr $heard, 0, 3000;

    my $part = substr $heard, 0, $r->int(1 + length $heard);

    utf8::encode($_) for $heard, $part;

    return $r->pick(
        (Chaos::Frames::words($r, $n)) x 5,
        { type => 'interrupt', durationUntilInterruptMs => $r->int(900),
          utteranceUntilInterrupt => $part },
        { type => 'dtmf', digit => $r->pick(1, 2, 2, 3, '#', '*') },
        { type => 'info', name => 'clientSpeaking',
          value => $r->pick(qw( on off off )) },
        { type => 'info', name => 'agentSpeaking',
          value => $r->pick(qw( on off off )) },
        { type => 'info', name => 'tokensPlayed', value => $heard },
    );
}


# who is asked to go goes

sub goodbye {
    my ($self, $c) = @_;
    my $call = $c->{call};

    $self->tick('goodbyes');
    $call->{leaving} = 1;

    $c->{script} = [[send => Chaos::Frames::frame(8, pack 'n', 1000)],
                    [eof => 20]];
    $c->{at} = 0;
    delete @$c{qw( wake deaf )};
}


1;
