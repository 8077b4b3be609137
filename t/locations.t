# The check at start finds the location of a path that nginx itself chooses:
# the longest prefix, exact names, regular expressions, nested ones.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use IO::Socket::INET ();
use Test::More;

my $nginx = ConvRelay::Nginx->new;

my @trees = (
    [ [ '/' ], qw( /a /ab ) ],
    [ [ '/a' ], qw( /a /b /ab /a/b ) ],
    [ [ '= /a' ], qw( /a /ab /a/ ) ],
    [ [ '= /a', '/a' ], qw( /a /ab /b ) ],
    [ [ '/b', '= /a', '/c', '= /d', '/dd' ],
      qw( /a /b /c /d /dd /ddd /bb /cc /e /1 ) ],
    [ [ '/', '/abc', '/abd', '/ab', '/b', '= /abc', '/abcd/e' ],
      qw( /a /ab /abc /abca /abcd /abcd/e /abd /abe /b /c ) ],
    [ [ '/p/', '/q' ], qw( /p /p/ /p/a /q /q/ /pa ) ],
    [ [ '/p/', '= /p/' ], qw( /p /p/ /p/a ) ],
    [ [ '/', '~ ^/r\d', '~* ^/R', '^~ /r1/n' ],
      qw( /r1 /r2/a /r /rr /r1/n /r1/no /s ) ],
    [ [ '~ ^/r' ], qw( /r /s ) ],
    [ [ '/o { /o/i; = /o/e; ~ x\z; /o/d/ }', '~ ^/o/r', '/' ],
      qw( /o /o/i /o/ii /o/e /o/ee /o/x /o/r /o/rx /o/d /o/d/ /x ) ],
    [ [ '^~ /o { /o/i; }', '~ ^/o/' ], qw( /o /o/i /o/a ) ],
    [ [ '~ ^/o { ~ y\z }' ], qw( /o /o/i /o/y /y ) ],
);

my $names = 'server { listen 127.0.0.1:%%PORT_1%%; return 200 "name:$http_name"; }';

$nginx->http(join "\n", $names, map { server($_, $trees[$_][0]) } 0 .. $#trees);
$nginx->start;

my @chosen;

for my $n (0 .. $#trees) {
    my (undef, @paths) = @{ $trees[$n] };

    push @chosen, { map { $_ => chosen($n, $_) } @paths };
}

$nginx->stop;

# nginx -t names a location that anyone can request

for my $n (0 .. $#trees) {
    my ($locations, @paths) = @{ $trees[$n] };
    my %found;

    for my $path (@paths) {
        $nginx->http(server($n, $locations, <<"_EOC_"));
        location = /ws {
            convrelay;
            convrelay_fallback  $path;
            proxy_pass          http://127.0.0.1:%%PORT_1%%;
        }
_EOC_

        my ($said) = $nginx->test;

        $found{$path} = $said =~ /anyone can request "location (.*?)"/ ? $1
                      : $said =~ /no location of this server/ ? 'none'
                      : $said;
    }

    is_deeply \%found, $chosen[$n], join ' ', @$locations;
}

done_testing;


# the name of the location that answers, or none, as for a redirect

sub chosen {
    my ($n, $path) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port)
        or die "no connection\n";

    print {$sock} "GET $path HTTP/1.0\r\nHost: t$n\r\n\r\n";

    local $/;

    return <$sock> =~ /^name:(.*)/m ? $1 : 'none';
}


# "NAME { NAME; NAME }" for nested ones

sub server {
    my ($n, $locations, $text) = @_;

    for (@$locations) {
        my ($outer, $inner) = /^(.*?)(?: \{ (.*) \})?$/;

        $text .= block($outer, map { block($_) } split /; */, $inner // '');
    }

    return <<"_EOC_";
    server {
        listen       127.0.0.1:%%PORT%%;
        server_name  t$n;
$text
    }
_EOC_
}


sub block {
    my ($name, @nested) = @_;

    # as messages name it

    my $bare = $name =~ s/^(?:=|~\*?|\^~) //r;

    return <<"_EOC_";
        location $name {
            proxy_pass        http://127.0.0.1:%%PORT_1%%;
            proxy_set_header  Name $bare;
@nested
        }
_EOC_
}
