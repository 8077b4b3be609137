package Chaos::Frames;

# Frames and messages that callers send, right and wrong, and what comes back:
#
#     Chaos::Frames::frame($opcode, $payload)
#     Chaos::Frames::json({ type => 'setup', ... })   a frame of it
#     Chaos::Frames::setup($r, $n)                    a message
#     Chaos::Frames::evil($r, $n, $handshake)         the steps of a call
#     my ($opcode, $payload) = Chaos::Frames::next_frame(\$bytes);

use strict;
use warnings;

use ConvRelay::Call;
use JSON::PP ();

my $json = JSON::PP->new->latin1->canonical;


sub frame { return ConvRelay::Call::frame($_[0], "$_[1]") }

sub json { return frame(1, $json->encode(shift)) }


sub setup {
    my ($r, $n) = @_;

    return {
        type => 'setup', sessionId => "VX$n", accountSid => 'AC' . $n % 7,
        callSid => "CA$n", from => "+1555$n", to => '+15550100002',
        direction => 'inbound', customParameters => { a => 'trees' },
    };
}


# nothing: it is not all there; an opcode and no payload: what is wrong

sub next_frame {
    my $in = shift;

    return if length $$in < 2;

    my ($first, $second) = unpack 'CC', $$in;

    return sprintf 'starts with %02x', $first
        if $first & 0x70 || !($first & 0x80)
           || ($first & 15) !~ /^(?:1|8|9|10)$/;
    return 'masked' if $second & 0x80;

    my ($len, $head) = ($second, 2);

    if ($len == 126) {
        return if length $$in < 4;
        ($len, $head) = (unpack('x2n', $$in), 4);

    } elsif ($len == 127) {
        return if length $$in < 10;
        ($len, $head) = (unpack('x2Q>', $$in), 10);
    }

    return 'longer than a megabyte' if $len > 1 << 20;
    return 'a long control frame' if $first & 8 && $len > 125;
    return if length $$in < $head + $len;

    my $payload = substr $$in, $head, $len;

    substr $$in, 0, $head + $len, '';

    return ($first & 15, $payload);
}


# any JSON at all

sub value {
    my ($r, $depth) = @_;
    my $what = $r->int($depth > 3 ? 6 : 9);

    return $what == 0 ? $r->int(100_000)
           : $what == 1 ? JSON::PP::true
           : $what == 2 ? undef
           : $what <= 5 ? $r->text($r->int(5))
           : $what == 6 ? [map { value($r, $depth + 1) } 1 .. $r->int(5)]
           : { map { ($r->pick('type', 'last', 'token', $r->word)
                      => value($r, $depth + 1)) } 1 .. $r->int(5) };
}


sub prompt {
    my ($r, $n) = @_;

    return {
        type => 'prompt', lang => $r->pick('en-US', 'de-DE', $r->text(3)),
        voicePrompt => $r->pick("case $n", "case $n", "seven case $n",
                                $r->text(20), ''),
        last => $r->pick(JSON::PP::true, JSON::PP::true, JSON::PP::false),
    };
}


# what somebody says, at times not to the end

sub words {
    my ($r, $n) = @_;

    return {
        type => 'prompt', lang => $r->pick(qw( en-US de-DE )),
        voicePrompt => $r->pick(("case $n") x 6, "hold case $n", "tell", "play",
                                'Hello?', 'Are you there?', "seven case $n",
                                $r->plain(3)),
        last => $r->pick((JSON::PP::true) x 5, JSON::PP::false),
    };
}


sub message {
    my ($r, $n) = @_;

    my $m = $r->pick(
        (prompt($r, $n)) x 4,
        { type => 'interrupt', utteranceUntilInterrupt => $r->text(3),
          durationUntilInterruptMs => $r->int(9000) },
        { type => 'dtmf', digit => $r->pick(0 .. 9, '*', '#', 'x', '12') },
        { type => 'error', description => $r->text(6) },
        { type => 'info', name => 'tokensPlayed', value => $r->text(4) },
        setup($r, $n),
        { type => $r->text(1) },
        value($r, 0),
    );

    # a field has another type, is missing, or is there besides

    if (ref $m eq 'HASH' && $r->one_in(4)) {
        $m->{$r->pick(sort(keys %$m), 'x')} = value($r, 0);
    }

    delete $m->{$r->pick(sort keys %$m)}
        if ref $m eq 'HASH' && %$m && $r->one_in(8);

    my $text = $json->allow_nonref->encode($m);

    $text = $r->mutate($text) if $r->one_in(6);
    $text .= ' ' x $r->size(200_000) if $r->one_in(20);

    return $text;
}


# a message as frames, some of them such as nobody may send

sub wire {
    my ($r, $text, $opcode) = @_;
    my @pieces = $r->one_in(4) ? $r->cut($text, 9) : ($text);
    my @frames;

    for my $i (0 .. $#pieces) {
        my $frame = frame($i ? 0 : $opcode, $pieces[$i]);

        # not the last

        substr $frame, 0, 1, chr(ord($frame) & 127) if $i < $#pieces;

        push @frames, $frame;
        push @frames, frame($r->pick(9, 10), $r->bytes($r->int(9)))
            if $r->one_in(6);
    }

    return join '', @frames;
}


sub wrong_frame {
    my $r = shift;
    my $frame = frame($r->int(16), $r->bytes($r->pick(0, 5, 125, 126, 3000)));

    my $what = $r->int(6);

    if ($what == 0) {
        substr $frame, 0, 1, chr($r->int(256));

    } elsif ($what == 1) {
        substr $frame, 1, 1, chr(ord(substr $frame, 1, 1) & 127);

    } elsif ($what == 2) {
        $frame = "\x81\xff" . pack('Q>', $r->pick(5, 1 << 20, 1 << 62, ~0))
                 . "\1\2\3\4" . $r->bytes(9);

    } elsif ($what == 3) {
        $frame = "\x81\xfe\0\5\1\2\3\4" . $r->bytes(5);

    } elsif ($what == 4) {
        $frame = frame(8, $r->pick('', "\3", pack('n', $r->pick(
                     0, 999, 1000, 1004, 1005, 1006, 1015, 2999, 3000, 5000,
                     65535)) . $r->text(3)));
    }

    return $frame;
}


sub evil {
    my ($r, $n, $handshake) = @_;
    my $bytes = '';
    my @steps;

    $bytes .= frame(1, $r->one_in(10) ? message($r, $n)
                                      : $json->encode(setup($r, $n)));

    # together with the handshake, or later

    if ($r->one_in(2)) {
        push @steps, [send => $handshake],
                     [until => sub { $_[0]{call}{status} }, 20],
                     [send => $bytes];

    } else {
        push @steps, [send => $handshake . $bytes];
    }

    for my $i (1 .. $r->pick(1, 3, 10, 40)) {
        $bytes = $r->one_in(12) ? wrong_frame($r)
                 : wire($r, message($r, $n * 100 + $i),
                        $r->one_in(20) ? 2 : 1);

        $bytes = $r->mutate($bytes) if $r->one_in(30);
        $bytes x= $r->int(300) if $r->one_in(40);

        # whoever sends on after a Close may lose the answer to it

        push @steps, [do => sub { $_[0]{forgiven} = 1 }]
            if (ord($bytes) & 15) == 8;

        push @steps, map { [send => $_] } $r->cut($bytes, $r->pick(1, 1, 3));
        push @steps, [pause => $r->seconds($r->pick(0.01, 0.1, 0.5))]
            if $r->one_in(2);

        if ($r->one_in(25)) {
            push @steps, [deaf => $r->seconds(2)],
                         [do => sub { $_[0]{forgiven} = 1 }];
        }
    }

    my $forgive = [do => sub { $_[0]{forgiven} = 1 }];

    push @steps, $r->pick([send => frame(8, pack 'n', 1000)],
                          [send => frame(8, '')],
                          [send => substr frame(1, 'x' x 50), 0,
                                          $r->between(1, 30)],
                          $forgive);

    push @steps, ['fin'] if $steps[-1] == $forgive;

    return (@steps, [pause => $r->seconds(1)], [$r->pick(qw( rst close ))]);
}


1;
