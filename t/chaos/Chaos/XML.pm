package Chaos::XML;

# Is a document well-formed XML 1.0 in UTF-8?  Chaos::XML::wrong() says what
# is not, or nothing.  It knows elements, attributes, text, comments and the
# declaration, which is all that TwiML is made of; the rest is wrong.

use strict;
use warnings;

use Encode ();


my $name = qr/[A-Za-z_:][A-Za-z0-9_:.-]*/;
my $value = qr/(?:"[^<"]*"|'[^<']*')/;
my $no_reference = qr/&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)/;


sub wrong {
    my $document = shift;

    my $text = eval {
        Encode::decode('UTF-8', my $copy = $document, Encode::FB_CROAK);
    };

    return 'not UTF-8' if !defined $text;

    return sprintf 'character U+%04X', ord $1
        if $text =~ /([^\x09\x0a\x0d\x20-\x{d7ff}\x{e000}-\x{fffd}
                       \x{10000}-\x{10ffff}])/x;

    my (@open, $root);

    $text =~ s/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*//
        or return 'no declaration';

    pos $text = 0;

    while (pos $text < length $text) {
        my $at = pos $text;

        if ($text =~ /\G<($name)((?:\s+$name\s*=\s*$value)*)\s*(\/?)>/gc) {
            my ($element, $attributes, $empty) = ($1, $2, $3);
            my %seen;

            return "a second root, at $at" if !@open && $root++;

            while ($attributes =~ /($name)\s*=\s*($value)/g) {
                return "attribute $1 twice, at $at" if $seen{$1}++;
                return "reference in $1, at $at" if !characters($2);
            }

            push @open, $element if !$empty;
            next;
        }

        if ($text =~ /\G<\/($name)\s*>/gc) {
            return "</$1> closes <" . ($open[-1] // '') . ">, at $at"
                if !@open || pop @open ne $1;
            next;
        }

        next if $text =~ /\G<!--(?:[^-]|-[^-])*-->/gc;

        if ($text =~ /\G([^<]+)/gc) {
            return "text outside, at $at" if !@open && $1 =~ /\S/;
            return "\"]]>\", at $at" if $1 =~ /\]\]>/;
            return "reference, at $at" if !characters($1);
            next;
        }

        return "markup at $at: " . substr $text, $at, 40;
    }

    return "<$open[-1]> is open" if @open;
    return 'no root' if !$root;

    return;
}


# are the references ones that XML has?

sub characters {
    my $text = shift;

    return 0 if $text =~ $no_reference;

    while ($text =~ /&#(x?)([0-9a-fA-F]+);/g) {
        my $code = $1 ? hex $2 : $2;

        return 0 if $code !~ /^\d{1,7}$/ || $code > 0x10ffff
                    || $code < 32 && $code !~ /^(?:9|10|13)$/
                    || $code >= 0xd800 && $code <= 0xdfff
                    || $code == 0xfffe || $code == 0xffff;
    }

    return 1;
}


# the text that an attribute's value or an element's text stands for

my %entity = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");

sub decode {
    my $text = shift;

    $text =~ s/&(\w+);/$entity{$1}/ge;
    $text =~ s/&#x([0-9a-fA-F]+);/chr hex $1/ge;
    $text =~ s/&#(\d+);/chr $1/ge;

    return $text;
}


1;
