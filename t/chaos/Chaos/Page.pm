package Chaos::Page;

# Requests for the status page, right and odd, and whether what comes is right:
#
#     my ($path, @steps) = Chaos::Page::steps($r);
#     my $wrong = Chaos::Page::wrong($path, $all, $calls);
#     my $live = Chaos::Page::live($body);            of Prometheus's
#
# where $calls is the number of calls that there can be at most.

use strict;
use warnings;

use Encode ();
use JSON::PP ();

my @paths = qw( /status /status /status.json /status.html );


sub steps {
    my $r = shift;

    my $path = $r->pick(@paths);
    my $method = $r->pick(qw( GET GET GET HEAD ));
    my @headers = ('Host: localhost', 'Connection: close');
    my $target = $path . ($r->one_in(4) ? '?' . $r->word : '');
    my $version = 'HTTP/1.1';
    my $odd = $r->int(16);

    if ($odd == 0) {
        $method = $r->pick(qw( POST PUT DELETE OPTIONS PATCH TRACE get ));

    } elsif ($odd == 1) {
        push @headers, 'Range: bytes=' . $r->pick('0-5', '-5', '5-', '0-0,9-9');

    } elsif ($odd == 2) {
        push @headers, 'If-None-Match: *', 'If-Modified-Since: x';

    } elsif ($odd == 3) {
        push @headers, 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
                       'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

    } elsif ($odd == 4) {
        push @headers, 'Content-Length: 5', 'Expect: 100-continue';

    } elsif ($odd == 5) {
        $version = 'HTTP/1.0';

    } elsif ($odd == 6) {
        $target .= $r->pick('/x', '/', '%00', '%2f..', ';a');

    } elsif ($odd == 7) {
        push @headers, 'Accept-Encoding: gzip', 'Accept: */*;q=0.1';
    }

    my $request = join "\r\n", "$method $target $version", @headers, '',
                               $odd == 4 ? '12345' : '';

    # it goes at once, reads slowly, or reads all

    return ($path, [send => $request],
            $r->one_in(10) ? ([pause => $r->seconds(0.01)], ['rst'])
            : $r->one_in(10) ? ([deaf => $r->seconds(1)], [eof => 20])
            : [eof => 20]);
}


sub wrong {
    my ($path, $all, $calls) = @_;

    $all =~ s{^HTTP/1\.1 100 [^\r\n]*\r\n\r\n}{};

    my ($head, $body) = split /\r\n\r\n/, $all, 2;

    return "it is not an answer: $all"
        if !defined $body || $head !~ m{^HTTP/1\.1 (\d{3}) };

    my $status = $1;

    return if $status =~ /^4/ || $body eq '';
    return "its status is $status" if $status != 200;

    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    return "it has $length bytes, not " . length $body
        if defined $length && $length != length $body;

    return 'it is not UTF-8'
        if !defined eval { Encode::decode('UTF-8', my $copy = $body,
                                          Encode::FB_CROAK) };

    return $path eq '/status' ? wrong_prometheus($body, $calls)
           : $path eq '/status.json' ? wrong_json($body, $calls)
           : wrong_html($body);
}


sub wrong_number {
    my $number = shift;

    return $number !~ /^(?:0|[1-9]\d{0,12})(?:\.\d{1,6})?$/;
}


sub wrong_prometheus {
    my ($body, $calls) = @_;
    my (%type, %seen, %bucket, %count);
    my $live = 0;

    return 'it ends in the middle' if $body !~ /\n\z/;

    for my $line (split /\n/, $body) {

        if ($line =~ /^# (HELP|TYPE) (\w+) (.+)$/) {
            return "$2 has a second $1" if $seen{"$1 $2"}++;
            $type{$2} = $3 if $1 eq 'TYPE';
            next;
        }

        $line =~ /^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\"n])*"(?:,|(?=\})))*)\})?
                  \ (\S+)$/x
            or return "an odd line: $line";

        my ($name, $labels, $value) = ($1, $2 // '', $3);

        return "a second $name of $labels" if $seen{"$name $labels"}++;
        return "an absurd number: $line" if wrong_number($value);

        my $family = $name =~ s/_(?:bucket|sum|count)$//r;

        return "no type: $line" if !$type{$name} && !$type{$family};

        $live += $value if $name eq 'convrelay_calls';

        if ($name =~ /_bucket$/) {
            $labels =~ s/,?le="[^"]*"//;

            my $series = "$family $labels";

            return "a bucket is smaller than the one before: $line"
                if $value < ($bucket{$series} // 0);

            $bucket{$series} = $value;

        } elsif ($name =~ /_count$/) {
            $count{"$family $labels"} = $value;
        }
    }

    # the one is counted after the other, by workers that do not wait

    return 'no calls' if !$seen{'TYPE convrelay_calls'};
    return "$live live calls, of $calls" if $live > $calls;

    for (keys %count) {
        return "$_: a count without buckets" if !defined $bucket{$_};
    }

    return;
}


sub wrong_json {
    my ($body, $calls) = @_;

    # JSON::PP is slow

    return 'it is cut' if $body !~ /^\{.*\}\s*\z/s;
    return if length $body > 20_000 && rand(4) > 1;

    my $root = eval { JSON::PP->new->utf8->decode($body) };

    return "it is not JSON: $@" if ref $root ne 'HASH';

    my $live = 0;

    for my $place (@{$root->{locations}}) {
        $live += $_ for values %{$place->{calls} // {}};
    }

    return "$live live calls, of $calls" if $live > 2 * $calls;

    my $wrong;

    walk($root, sub { $wrong //= $_[0] if $_[0] =~ /^-?\d+(?:\.\d+)?(?:e.*)?$/i
                                          && wrong_number($_[0]) });

    return defined $wrong ? "an absurd number: $wrong" : ();
}


sub walk {
    my ($value, $code) = @_;

    if (ref $value eq 'HASH') {
        walk($_, $code) for values %$value;

    } elsif (ref $value eq 'ARRAY') {
        walk($_, $code) for @$value;

    } elsif (defined $value) {
        $code->($value);
    }
}


sub wrong_html {
    my $body = shift;

    return 'it has no end' if $body !~ m{</html>\s*\z};
    return 'two nonces' if 1 != keys %{{ map { $_ => 1 }
                                         $body =~ /nonce='(\w+)'/g }};

    return;
}


# live calls

sub live {
    my $sum = 0;

    $sum += $1 while $_[0] =~ /^convrelay_calls\{[^}]*\} (\S+)$/mg;

    return $sum;
}


1;
