package Mutants::Draw;

# One-line mutants of C sources:
#
#     my @mutants = Mutants::Draw::candidates($file, $text);
#
# Each is { file, line, op, was, now, function }, with the line before and
# after.  Comments, strings, declarations, prototypes, debug lines and
# assertions are left alone.

use strict;
use warnings;

my %swap = (
    '==' => ['!='], '!=' => ['=='],
    '<'  => ['<=', '>='], '<=' => ['<'],
    '>'  => ['>=', '<='], '>=' => ['>'],
    '&&' => ['||'], '||' => ['&&'],
    '++' => ['--'], '--' => ['++'],
    '+=' => ['-='], '-=' => ['+='],
    '+'  => ['-'], '-' => ['+'],
);

my %class = (
    (map { $_ => 'compare' } qw( == != < <= > >= )),
    (map { $_ => 'logic' } qw( && || )),
    (map { $_ => 'sign' } qw( ++ -- += -= + - )),
);

my @codes = (
    [ qw( NGX_OK NGX_ERROR NGX_AGAIN NGX_DONE NGX_DECLINED ) ],
    [ qw( CONVRELAY_OK CONVRELAY_ERROR CONVRELAY_AGAIN CONVRELAY_DONE
          CONVRELAY_DECLINED ) ],
);


# comments and what strings hold become blanks, of the same length

sub blank {
    my $text = shift;

    $text =~ s{(/\*.*?\*/)|("(?:\\.|[^"\\\n])*")|('(?:\\.|[^'\\\n])+')}
              {my $s = $&;
               if (defined $3) { $s }
               elsif (defined $1) { $s =~ s/[^\n]/ /g; $s }
               else { '"' . $s =~ s/[^\n]/ /gr =~ s/^.|.$//gr . '"' }}gse;

    return $text;
}


sub candidates {
    my ($file, $text) = @_;

    my @real = split /\n/, $text, -1;
    my @bare = split /\n/, blank($text), -1;
    my (@found, $function, $table, $name, $open);

    for my $i (0 .. $#bare) {
        my $line = $bare[$i];

        if ($line =~ /^(\w+)\(/) {
            $name = $1;
        }

        if ($line eq '{') {
            $function = $name;
            $open = 1;
            next;
        }

        if ($line =~ /^[^#\s].*= \{$/) {
            $table = 1;
            next;
        }

        if ($line =~ /^\}/) {
            ($function, $table) = ();
            next;
        }

        my @new;

        if ($line =~ /^#define +\w+ +\(?(?:0x[0-9a-f]+|\d+)\)?$/) {
            @new = constants($line, qr/^#define +\w+/);

        } elsif ($line =~ /^#|^\s*$/) {
            next;

        } elsif ($table) {
            @new = constants($line);

        } elsif ($function) {
            my $before = $i - 1;

            $before-- while $before > 0 && $bare[$before] =~ /^\s*$/;

            next if debug($line, \@bare, $i);
            next if declaration($line);

            @new = (operators($line), constants($line), codes($line),
                    conditions($line, $real[$i]),
                    removed($line, $bare[$before]));
        }

        for (@new) {
            my ($op, $at, $length, $with) = @$_;
            my $now = $real[$i];

            substr $now, $at, $length, $with;

            push @found, {
                file => $file, line => $i + 1, op => $op, was => $real[$i],
                now => $now, function => $function // '',
            };
        }
    }

    return @found;
}


# a debug line, or one of the lines that it goes on in

sub debug {
    my ($line, $lines, $i) = @_;

    while ($i > 0 && $lines->[$i - 1] =~ /[^;{}:\s]\s*$/
           && $lines->[$i - 1] =~ /^\s/)
    {
        last if $lines->[$i] =~ /ngx_log_debug\d\(|assert\(/i;
        $i--;
    }

    return $lines->[$i] =~ /\b(?:ngx_log_debug\d|\w*_?assert)\(/i;
}


# types and names stand in two columns, with two blanks between

sub declaration {
    my $line = shift;

    return $line =~ /^\s+(?:(?:static|const|struct|unsigned|volatile)\ )*
                     [a-z]\w*(?:\ \w+)*\ {2,}[\*(]*\w+[^=(]*;$/x
           || $line =~ /^\s+(?:static|extern)\b/;
}


sub operators {
    my $line = shift;
    my @found;

    while ($line =~ /'(?:\\.|[^'\\])+'|->
                     |(\+\+|--|\+=|-=|==|!=|<=|>=|<<|>>|&&|\|\||[-+<>])/gx)
    {
        my $was = $1 // next;
        my ($from, $to) = ($-[1], $+[1]);

        next if !$swap{$was};

        # a sign of its own, a star's pointer, an include

        next if $was =~ /^[-+]$/
                && substr($line, 0, $from) !~ /[\w\])'"]\s*$/;
        next if $was eq '-'
                && substr($line, 0, $from) =~ /\b(?:return|case) $/;

        push @found, map { [ $class{$was}, $from, $to - $from, $_ ] }
                         @{$swap{$was}};
    }

    return @found;
}


sub constants {
    my ($line, $after) = @_;
    my @found;

    # codes() has the other one; any number but 0 is true

    return if $line =~ /^\s+return [01];$/;

    pos($line) = 0;

    if ($after && $line =~ /$after/g) {
        pos($line) = $+[0];
    }

    while ($line =~ /\b(0x[0-9a-fA-F]+|\d+)([uUlL]*)\b|'(\\?.)'/g) {

        if (defined $1) {
            my ($text, $from, $len) = ($1, $-[1], length $1);

            my $value = $text =~ /^0x/ ? hex $text : $text;
            my $write = $text =~ /^0x/ ? sub { sprintf '0x%x', shift }
                                       : sub { shift };

            next if $value > 0xffffffff;

            push @found, [ 'constant', $from, $len, $write->($value + 1) ];
            push @found, [ 'constant', $from, $len, $write->($value - 1) ]
                if $value > 0;
            next;
        }

        my ($char, $from, $len) = ($3, $-[3], length $3);

        next if $char =~ /^\\/ || $char !~ /[ -~]/;

        for my $next (ord($char) + 1, ord($char) - 1) {
            my $with = chr $next;

            next if $with !~ /[ -~]/;
            $with = "\\$with" if $with =~ /['\\]/;

            push @found, [ 'constant', $from, $len, $with ];
        }
    }

    return @found;
}


sub codes {
    my $line = shift;
    my @found;

    for my $codes (@codes) {
        my $re = join '|', @$codes;

        while ($line =~ /(?<!case )\b($re)\b/g) {
            my ($was, $from) = ($1, $-[1]);

            push @found, map { [ 'code', $from, length $was, $_ ] }
                             grep { $_ ne $was } @$codes[0 .. 2];
        }
    }

    if ($line =~ /^\s+return (0|1);$/) {
        push @found, [ 'code', $-[1], 1, 1 - $1 ];
    }

    return @found;
}


sub conditions {
    my ($line, $real) = @_;
    my @found;

    return if $line !~ /^\s+(?:\} else )?(?:if|while) \((.*)\) \{$/;

    my ($from, $len) = ($-[1], length $1);
    my $condition = substr $real, $from, $len;

    push @found, [ 'negated', $from, $len, "!($condition)" ]
        if $condition !~ /&&|\|\||[=!<>]=|[<>](?!=)/;

    push @found, [ 'unchecked', $from, $len, "($condition) && 0" ]
        if $condition =~ /\b(?:NGX|CONVRELAY)_(?:OK|ERROR|DECLINED|AGAIN)\b
                          |== NULL\b|\bfailed\b/x;

    return @found;
}


sub removed {
    my ($line, $before) = @_;

    return if $before !~ /[;{}:]\s*$/;

    my ($indent, $statement) = $line =~ /^(\s+)([^;{}]*;)$/ or return;

    # without its only way out a function has no value

    return if $statement =~ /^(?:return|goto|case|default)\b/;

    return [ 'removed', length $indent, length $statement, ';' ];
}


1;
