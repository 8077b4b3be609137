package Chaos::Requests;

# HTTP requests, structured and on the wire:
#
#     my $q = request($r);            a request as Twilio makes it
#     $q->{signature} = signature($q, $token);
#     falsify($r, $q, $token)         with a signature that is not its own
#     loosen($r, $q)                  with anything that a form can be
#     my ($head, $body) = http1($r, $q);
#     my $frames = http2($r, $q, $stream);
#     spoil($r, $q, $free)            HTTP/1 with what must not be in it
#     my @responses = responses($bytes);
#
# $r is a Chaos::Random.

use strict;
use warnings;

use Chaos::H2;
use Digest::SHA qw( hmac_sha1_base64 );
use Exporter qw( import );
use IO::Uncompress::Gunzip ();

our @EXPORT = qw( request signature falsify loosen http1 http2 spoil
                  h2_extra unzip responses );

our @webhooks = qw( /twiml /spool /file /single /filters /if /public/twiml
                    /raw );
our @actions = qw( /end /say /xml /task );
our @sockets = qw( /ws /ws-public );

my $type = 'application/x-www-form-urlencoded';

my @names = qw( CallSid AccountSid From To Direction CallStatus ApiVersion
                Caller SessionId SessionStatus SessionDuration ErrorCode
                ErrorMessage Greeting Lang B Body );


sub encode {
    my ($r, $text) = @_;

    $text =~ s{([^A-Z0-9_.-])}{
        my $ch = $1;
        my $plain = $ch =~ /[a-z]/ ? !$r->one_in(20)
                                   : $ch eq ' ' && $r->one_in(2);

        $plain ? $ch =~ tr/ /+/r
               : sprintf $r->pick('%%%02x', '%%%02X'), ord $ch;
    }ge;

    return $text;
}


sub form_text {
    my ($r, $form) = @_;

    return join '&', map { encode($r, $_->[0]) . '=' . encode($r, $_->[1]) }
                     @$form;
}


sub form {
    my $r = shift;
    my @form = (['A', $r->one_in(3) ? $r->text($r->int(12))
                                    : $r->plain($r->between(1, 9))]);

    for my $name ($r->shuffle(@names)) {
        last if $r->one_in(8);
        push @form, [$name, $r->text($r->int(6))];
    }

    push @form, [Reply => reply($r)] if $r->one_in(2);
    push @form, [HandoffData => handoff($r)] if $r->one_in(3);

    return [$r->shuffle(@form)];
}


sub reply {
    my $r = shift;

    return $r->pick('hangup', '', 'reconnect', 'reconnect /twiml max=3',
                    'dial +15550100001', 'dial ' . $r->text(3),
                    'enqueue WW0123456789abcdef0123456789abcdef',
                    'say ' . $r->text(8), $r->text(5),
                    '<Response><Say>' . $r->text(3) . '</Say></Response>',
                    '<Response/>', '<Response>', 'reconnect ' . $r->text(2));
}


sub handoff {
    my ($r, $depth) = @_;

    my $json = $r->pick('{"a":1}', '{"a":"' . $r->text(4) . '"}',
                        '{"a":true,"reason-code":"x","b":{"c":[1,2]}}',
                        '[' x $r->size(3000), $r->text(6), '{"a":"\ud800"}',
                        '{' . ('"a":1,' x $r->size(500)) . '"b":2}');

    return $r->one_in(4) ? $r->mutate($json) : $json;
}


# what a request is signed as: the URL, and a form's names and values

sub signature {
    my ($q, $key) = @_;

    my $text = $q->{base} . $q->{target};

    if ($q->{method} eq 'POST' && $q->{form}) {
        $text .= join '', map { $_->[0] . $_->[1] }
                          sort { $a->[0] cmp $b->[0] || $a->[1] cmp $b->[1] }
                          @{$q->{form}};
    }

    return hmac_sha1_base64($text, $key) . '=';
}


sub request {
    my ($r, $signed) = @_;

    my $ws = $r->one_in(5);
    my $path = $r->pick($ws ? @sockets : (@webhooks, @actions));

    my $q = {
        ws => $ws, path => $path, target => $path,
        method => $ws || $r->one_in(4) ? 'GET' : 'POST',
        host => $r->pick('voice.example.com', 'voice.example.com:8443',
                         'localhost', '127.0.0.1', '[::1]:80', 'a'),
        headers => [], type => $type,
    };

    $q->{base} = $ws ? 'wss://' . $q->{host}
                     : $r->pick('https://', 'http://') . $q->{host};

    $q->{base} = 'https://pub.example.com/a' if $path eq '/public/twiml';
    $q->{base} = 'wss://pub.example.com' if $path eq '/ws-public';

    my $form = form($r);

    if ($q->{method} eq 'POST') {
        $q->{form} = $form;
        $q->{type} = $r->pick($type, "$type; charset=UTF-8",
                              "$type;charset=utf-8", uc $type);

    } elsif (!$ws) {
        @$form = grep { length $_->[1] < 500 } @$form;
        $q->{target} .= '?' . form_text($r, $form);
    }

    if ($q->{method} eq 'POST' && $r->one_in(4)) {
        $q->{target} .= '?a=' . encode($r, $r->text(2));
    }

    ($q->{a}) = map { $_->[1] } grep { $_->[0] eq 'A' } @$form;

    push @{$q->{headers}}, ['Accept-Encoding', 'gzip'] if $r->one_in(4);

    for (1 .. $r->size(30)) {
        push @{$q->{headers}}, ['X-' . $r->word, $r->plain(2)];
    }

    return $q;
}


sub handshake_headers {
    my $r = shift;

    return ['Upgrade', $r->pick('websocket', 'WebSocket')],
           ['Connection', $r->pick('Upgrade', 'keep-alive, Upgrade')],
           ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
           ['Sec-WebSocket-Version', '13'];
}


sub chunked {
    my ($r, $body) = @_;

    my $out = join '', map {
        my $size = sprintf $r->pick('%x', '%X', '%04x'), length $_;

        $size .= $r->pick(';a=b', ';x', ' ') if $r->one_in(8);
        length $_ ? "$size\r\n$_\r\n" : ();
    } $r->cut($body, 6);

    return $out . "0\r\n" . ($r->one_in(6) ? "X-Trailer: a\r\n" : '') . "\r\n";
}


# HTTP/1: the head and the body

sub http1 {
    my ($r, $q) = @_;

    my @headers = @{$q->{headers}};
    my $body = '';

    if ($q->{form} || defined $q->{body}) {
        $body = $q->{body} // form_text($r, $q->{form});
        push @headers, ['Content-Type', $q->{type}] if $q->{type};

        $q->{framing} //= $r->pick('length', 'chunked');

        if ($q->{framing} eq 'length') {
            push @headers, ['Content-Length', length $body];

        } else {
            push @headers, ['Transfer-Encoding', 'chunked'];
            $body = chunked($r, $body);
        }
    }

    push @headers, handshake_headers($r) if $q->{ws};
    push @headers, ['Connection', 'close'] if !$q->{ws} && !$r->one_in(6);
    push @headers, ['X-Twilio-Signature', $q->{signature}]
        if defined $q->{signature};

    @headers = $r->shuffle(@headers);
    unshift @headers, ['Host', $q->{host}] if defined $q->{host};

    my $head = "$q->{method} $q->{target} " . ($q->{version} // 'HTTP/1.1');

    $head .= "\r\n$_->[0]:" . ($r->one_in(9) ? '' : ' ') . $_->[1]
        for @headers;

    return ("$head\r\n\r\n", $body);
}


# HTTP/2: a stream's frames

sub http2 {
    my ($r, $q, $n) = @_;

    my $body = $q->{body} // ($q->{form} ? form_text($r, $q->{form}) : undef);
    my @headers = map { (lc $_->[0], $_->[1]) } @{$q->{headers}};
    my $last = defined $body ? 0 : Chaos::H2::END_STREAM;
    my $out = '';

    push @headers, 'content-type', $q->{type} if defined $body && $q->{type};
    push @headers, 'content-length', length $body
        if defined $body && $r->one_in(2);
    push @headers, 'x-twilio-signature', $q->{signature}
        if defined $q->{signature};

    my @blocks = $r->cut(Chaos::H2::headers(
        ':method' => $q->{method}, ':scheme' => $r->pick('http', 'https'),
        ':path' => $q->{target},
        defined $q->{host} ? (':authority' => $q->{host}) : (),
        @headers), $r->pick(1, 1, 4));

    for my $i (0 .. $#blocks) {
        $out .= Chaos::H2::frame($i ? Chaos::H2::CONTINUATION
                                    : Chaos::H2::HEADERS,
                                 ($i ? 0 : $last)
                                 | ($i == $#blocks ? Chaos::H2::END_HEADERS
                                                   : 0),
                                 $n, $blocks[$i]);
    }

    return $out if !defined $body;

    my @pieces = $r->cut($body, 5);

    splice @pieces, $r->int(scalar @pieces), 0, '' if $r->one_in(4);
    push @pieces, '' if $r->one_in(2);

    for my $i (0 .. $#pieces) {
        my $flags = $i == $#pieces ? Chaos::H2::END_STREAM : 0;
        my $pad = $r->one_in(4) ? $r->int(30) : undef;

        # a frame has 16384 bytes at most

        for my $part (length $pieces[$i] ? unpack '(a16000)*', $pieces[$i]
                                         : '')
        {
            my $more = length $part == 16000 && length $pieces[$i] > 16000;

            $out .= Chaos::H2::frame(Chaos::H2::DATA,
                        ($more ? 0 : $flags)
                        | (defined $pad ? Chaos::H2::PADDED : 0), $n,
                        defined $pad ? chr($pad) . $part . "\0" x $pad
                                     : $part);
        }
    }

    return $out;
}


# A signature that is not the request's.  True where it is that of another
# request, which this one could become by chance.

sub falsify {
    my ($r, $q, $token) = @_;

    my $what = $r->int(9);

    if ($what == 0) {
        $q->{signature} = undef;

    } elsif ($what == 1) {
        $q->{signature} = $r->pick('', ' ', 'x', '=' x 28, 'A' x 27 . '=',
                                   $r->bytes(20), 'x' x $r->size(3000));
        $q->{signature} =~ s/[\0\r\n]/x/g;

    } elsif ($what == 2) {
        $q->{signature} = signature($q, $r->pick('', 'x', "$token ", 'wrong',
                                                 substr $token, 1));

    } elsif ($what == 3) {
        $q->{signature} = signature({ %$q, target => "$q->{target}x" },
                                    $token);

    } elsif ($what == 4) {
        $q->{signature} = signature({ %$q, base => 'https://other' }, $token);

    } elsif ($what == 5) {
        $q->{signature} = signature($q, $token);
        substr $q->{signature}, $r->int(27), 1, '-';
    }

    return 0 if $what <= 2 || $what == 5;
    return 1 if $what <= 4;

    if ($q->{form}) {
        $q->{signature} = signature($q, $token);

        # what comes after it was signed

        # the same pair twice would be signed as one

        if ($what == 6) {
            push @{$q->{form}}, [$r->pick('A', 'CallSid', 'x'),
                                 '=' . $r->word];

        } elsif ($what == 7) {
            $q->{type} = $r->pick('text/plain', '', 'application/json',
                                  'multipart/form-data; boundary=x',
                                  "${type}x");

        } else {
            $q->{method} = $r->pick('PUT', 'GET', 'DELETE', 'PATCH');
        }

    } else {
        $q->{signature} = signature($q, $token);
        $q->{target} .= $r->pick('/', '?x', '&A=b', '%20', 'x');
    }

    return 1;
}


# anything that a form and a head can be

sub loosen {
    my ($r, $q) = @_;

    $q->{target} = $r->pick(qw( /other /logged /unread /mirror /auth /error
                                /index )) . '?A=' . encode($r, $r->text(3))
        if !$q->{ws} && $r->one_in(4);

    $q->{method} = $r->pick(qw( HEAD PUT OPTIONS DELETE GET POST POST ))
        if $r->one_in(5);

    $q->{type} = $r->pick($type, "$type; charset=iso-8859-1", $type . ';',
                          'text/plain', '', "$type\t;x", $r->plain(1))
        if $r->one_in(3);

    if ($q->{form} && $r->one_in(3)) {
        push @{$q->{form}}, map { [$r->pick(@names), $r->text(2)] }
                            1 .. $r->size(800);

    } elsif ($q->{form} && $r->one_in(3)) {
        $q->{body} = $r->pick('&' x $r->size(70000), '=' x $r->size(5000),
                              'A=%' . $r->text(3), "A=b\0&A=c", 'A',
                              'A=' . 'x' x $r->size(66000), $r->bytes(300),
                              ('A=b&' x $r->size(9000)), "\xff\xfe&\xc0=%zz",
                              '%41=%00%0a', 'A[]=1&A[a]=2', 'HandoffData='
                              . encode($r, handoff($r)));
    }
}


# HTTP/1 with what must not be in it

sub spoil {
    my ($r, $q, $free) = @_;

    if ($r->one_in(8)) {
        push @{$q->{headers}}, map { ["X-$_", 'x' x $r->int(20)] }
                               1 .. $r->size(900);
    }

    if ($r->one_in(8)) {
        my $name = $r->pick('Upgrade', 'Connection', 'Host', 'Cookie',
                            'X-Twilio-Signature', 'Sec-WebSocket-Key',
                            'Content-Type', 'X-Forwarded-For', 'Expect',
                            'Content-Length', 'Transfer-Encoding', 'Range',
                            'If-Match', 'If-Modified-Since', 'TE');

        push @{$q->{headers}}, map {
            [$name, $r->pick('a', 'websocket', '5', '100-continue', 'chunked',
                             'bytes=0-5', '*', 'close', 'x' x $r->size(900))]
        } 1 .. $r->size(200);
    }

    if ($free && $r->one_in(6)) {
        $q->{target} = 'http://' . $r->pick('other', $q->{host} // 'a', '', ':')
                       . $q->{target};
    }

    $q->{version} = $r->pick('HTTP/1.0', 'HTTP/1.1', '', 'HTTP/0.9', 'HTTP/2.0',
                             'http/1.1', 'HTTP/1.1 x')
        if $r->one_in(8);

    delete $q->{host} if $r->one_in(12);

    my ($head, $body) = http1($r, $q);

    $body = substr $body, 0, $r->int(1 + length $body) if $r->one_in(8);
    $body .= $r->bytes($r->int(30)) if $r->one_in(12);

    return $head . $body;
}


sub h2_extra {
    my ($r, $n) = @_;

    return join '', map {
        Chaos::H2::frame($r->int(12), $r->pick(0, 1, 4, 5, 8, 255),
                         $r->pick(0, 1, 3, 2 * $n + 1, 2, 0x7fffffff),
                         $r->bytes($r->pick(0, 4, 5, 8, 20)))
    } 1 .. $r->size(20);
}


sub unzip {
    my $body = shift;

    IO::Uncompress::Gunzip::gunzip(\$body => \my $plain)
        if $body =~ /^\x1f\x8b/;

    return $plain // $body;
}


# HTTP/1 responses, as far as they came

sub responses {
    my $bytes = shift;
    my @responses;

    while ($bytes =~ s{^HTTP/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n}
                      {})
    {
        my ($status, $head) = ($1, $2);

        next if $status == 100;

        my %response = (status => $status, head => $head, body => '');

        if ($head =~ /^Content-Length: (\d+)/mi) {

            # a response to HEAD has none, and what follows is another, or a
            # document where the request after it was of HTTP/0.9

            my $n = $1;
            my $next = $head =~ m{^Content-Type: text/xml}mi
                       ? qr{^HTTP/1\.} : qr{^(?:HTTP/1\.|<\?xml)};

            $response{body} = substr $bytes, 0, $n, ''
                if length $bytes >= $n && $bytes !~ $next;

        } elsif ($head =~ /^Transfer-Encoding: chunked/mi) {
            while ($bytes =~ s/^([0-9a-f]+)\r\n//) {
                my $n = hex $1;

                $response{body} .= substr $bytes, 0, $n, '';
                $bytes =~ s/^\r\n//;
                last if !$n;
            }

            $response{cut} = 1 if $bytes !~ m{^(?:HTTP/1\.|$)};
        }

        $response{body} = unzip($response{body});

        push @responses, \%response;
    }

    return @responses;
}


1;
