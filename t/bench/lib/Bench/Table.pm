package Bench::Table;

# What the benchmark prints: medians, and in brackets the least and the most.

use strict;
use warnings;

use Exporter qw( import );

use Bench::Scenarios qw( median );

our @EXPORT_OK = qw( print_table print_targets );


sub print_table {
    my ($rows, $servers) = @_;

    my @lines = [ '', @$servers ];

    for my $row (@$rows) {
        push @lines, [ $row->{label}, map {
            cell($row->{values}{$_}, $row->{digits})
            . ($row->{marks}{$_} // '')
        } @$servers ];
    }

    my @width;

    for my $line (@lines) {
        for my $i (0 .. $#$line) {
            my $len = length $line->[$i];
            $width[$i] = $len if $len > ($width[$i] // 0);
        }
    }

    print "\n";

    for my $line (@lines) {
        printf '%-*s', $width[0], $line->[0];
        printf '  %*s', $width[$_], $line->[$_] for 1 .. $#$line;
        print "\n";
    }

    my $marks = join '', map { values %{$_->{marks}} } @$rows;

    print "\n" if $marks ne '';
    print "*  in some run the load side was busy for more than 85 % of its ",
          "core, or kept from it\n" if $marks =~ /\*/;
    print "~  in some run other work had that core for more than 5 % of the ",
          "time\n" if $marks =~ /~/;
    print "!  in some run the server did not come up to the rate\n"
        if $marks =~ /!/;
}


sub cell {
    my ($values, $digits) = @_;

    return '-' if !$values;

    my @numbers = grep { !/[a-z]{3}/ } @$values;

    return $values->[0] if @numbers * 2 < @$values;

    my $median = sprintf '%.*f', $digits, median(@numbers);

    return $median if @numbers == 1;

    my ($least, $most) = (sort { $a <=> $b } @numbers)[0, -1];

    return sprintf '%s (%.*f-%.*f)', $median, $digits, $least, $digits, $most;
}


sub print_targets {
    my $targets = shift;

    print "\n";

    for my $target (@$targets) {
        my $state = !defined $target->{met} ? 'not measured'
                    : $target->{met} ? 'met' : 'NOT MET';
        my $limit = ($target->{least} ? '>= ' : '<= ') . $target->{limit};

        printf "%-12s  %-46s %9s  %s\n", $state, $target->{text}, $limit,
               defined $target->{median} ? cell($target->{values}, 2) : '';
    }
}


1;
