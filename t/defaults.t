# The reference's table of directives has the defaults that
# ngx_http_convrelay_module.c has.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/..');

my $source = slurp('ngx_http_convrelay_module.c');
my $reference = slurp('docs/reference.md');

# not a default of one directive, or one that is shown elsewhere

my %other = map { $_ => 1 } qw( CONF SYSTEM_PROMPT GREETING );

# parts of a directive, which are in the text about it

my %part = (
    DTMF_TERMINATOR => qr/terminator \(default (`.`);/,
    DTMF_MAX        => qr/after `max` keys \((\d+)\)/,
    DTMF_PAUSE      => qr/`pause` without a key \((`\w+`)\)/,
    TICKET_LIFETIME => qr/valid for \*lifetime\* \((`\w+`), from/,
);

my %known = (
    CONVRELAY_RELAY_MAX_MESSAGE => constant('src/relay/convrelay_relay.h',
                                            'CONVRELAY_RELAY_MAX_MESSAGE'),
    CONVRELAY_KEYS_MAX => constant('src/session/convrelay_keys.h',
                                   'CONVRELAY_KEYS_MAX'),
);

my $n = 0;

while ($source =~ /^#define NGX_HTTP_CONVRELAY_(\w+)((?: *\\\n|.)*)/mg) {
    my ($name, $value) = ($1, $2);

    next if $other{$name};

    $value =~ s{/\*.*?\*/}{}g;
    $value =~ s/\\\n//g;
    $value =~ s/^\s+|\s+$//g;
    $value =~ s/"\s*"//g;
    $value = $known{$value} // $value;

    my $shown = shown($name);

    is $shown, expected($name, $value), "$name is $value, as the reference says";
    $n++;
}

cmp_ok $n, '>', 30, 'there are defaults';

done_testing;


# the reference's value in the form of the source

sub shown {
    my $name = lc shift;

    return $reference =~ $part{uc $name} ? $1 =~ s/`//gr : "no $name"
        if $part{uc $name};

    my $fallback = $name =~ s/^fallback_//;

    $name = 'max_history_messages' if $name eq 'max_messages';

    my ($default) = $reference =~ /^\| `convrelay_$name`(?:[^|\\]|\\.)*\| ([^|]*) \|/m
        or return "no $name";

    return $fallback ? ($default =~ /or `(.*?)` with/)[0]
                     : ($default =~ /^`(.*?)`/)[0] // $default;
}


# the value of the source in the form of the reference

sub expected {
    my ($name, $value) = @_;

    return $1 if $value =~ /^"(.*)"$/;

    return $1 if $value =~ /^'(.)'$/;

    $value = eval $value if $value =~ /^[\d(]/;
    $value *= 1000 if $name eq 'TICKET_LIFETIME';

    return $value ? 'on' : 'off' if $name =~ /^(?:LOG_NUMBERS|GREETING_HISTORY)$/;
    return $value ? 'on' : 'off' if $name eq 'PRESENCE';

    if ($name =~ /_SIZE$|ARGUMENTS$|RESULT$/) {
        return $value % 1048576 == 0 ? $value / 1048576 . 'm'
             : $value % 1024 == 0 ? $value / 1024 . 'k' : $value;
    }

    if ($name =~ /TIME|INTERVAL|WAIT|PAUSE|TTL/) {
        return $value % 3600000 == 0 ? $value / 3600000 . 'h'
             : $value % 60000 == 0 ? $value / 60000 . 'm'
             : $value % 1000 == 0 ? $value / 1000 . 's' : $value . 'ms';
    }

    return $value;
}


sub constant {
    my ($file, $name) = @_;

    return slurp($file) =~ /^#define $name +(\d+)/m ? $1 : die "no $name\n";
}


sub slurp {
    my $file = shift;

    open my $fh, '<', "$root/$file" or die "$file: $!\n";
    local $/;

    return scalar <$fh>;
}
