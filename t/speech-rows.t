# The table of the filter, t/unit/speech.c, played by a caller: nginx, its calls
# and its connection to the LLM are in between.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

my @rows = rows();

cmp_ok(scalar(@rows), '>', 150, 'there are ' . @rows . ' rows');
is(scalar(grep { $_->{name} =~ /^46 / } @rows) > 0, 1,
   '... some of which need tools');

my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_');
    server {
        listen  127.0.0.1:%%PORT%%;

        convrelay_model          test;
        convrelay_error_message  "Nothing.";
        convrelay_max_turn_rate  0;

        location = /on {
            convrelay;
            convrelay_speech_filter  on;
            convrelay_mock_llm       answer=script first=0 interval=0;
        }

        location = /ssml {
            convrelay;
            convrelay_speech_filter  ssml;
            convrelay_mock_llm       answer=script first=0 interval=0;
        }

        location = /off {
            convrelay;
            convrelay_speech_filter  off;
            convrelay_mock_llm       answer=script first=0 interval=0;
        }
    }
_EOC_

$nginx->start;

# leaks of tool calls are found only where there are tools; dialects of LLMs
# have reasoning at the beginning, which goes first, whatever the filter is

for my $mode (qw( on ssml off )) {
    my $scenario = '';
    my $n = 0;

    for my $row (@rows) {
        next if $row->{name} =~ /^46 / || $mode eq 'off' && $row->{name} =~ /^43 /;

        my $spoken = $mode eq 'off' ? $row->{text}
                     : $mode eq 'ssml' ? $row->{ssml} // $row->{english}
                     : $row->{english};

        $spoken = 'Nothing.' if $spoken eq '';
        $n++;

        $scenario .= "caller: Row $n: " . script($row->{text}) . "\n"
                     . "wait for answer\n"
                     . 'expect matches: ^' . regex($spoken) . "\$\n";
    }

    my $file = $nginx->dir . "/$mode.txt";

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $scenario;
    close $fh;

    my $run = caller_run('-s', $file, 'ws://127.0.0.1:' . $nginx->port
                                      . "/$mode");

    is $run->{code}, 0, "$n rows, $mode" or diag("$run->{out}\n$run->{err}");
}

$nginx->stop;

done_testing;


# name, text, and what it becomes; NULL is undef

sub rows {
    open my $fh, '<', 't/unit/speech.c' or die "t/unit/speech.c: $!\n";

    my $source = do { local $/; <$fh> };

    my ($table) = $source =~ /^static const test_row_t  rows\[\] = \{(.*?)^\};/ms
        or die "t/unit/speech.c has no rows\n";

    $table =~ s{/\*.*?\*/}{}gs;

    my (@rows, @fields);

    while ($table =~ /\G(?:(\s+|,|\{)|NULL()|((?:"(?:[^"\\]|\\.)*"\s*)+)|(\}))/gc) {
        if (defined $2) {
            push @fields, undef;

        } elsif (defined $3) {
            push @fields, unquote($3);

        } elsif (defined $4) {
            my %row;

            @row{qw( name text english other ssml )} = @fields;
            push @rows, \%row;
            @fields = ();
        }
    }

    my $rest = substr $table, pos($table) // 0;

    die "not a row: $rest\n" if $rest =~ /\S/;

    return @rows;
}


sub unquote {
    my %signs = (n => "\n", t => "\t", r => "\r", a => "\a");

    return join '', map {
        s{\\(x[0-9a-fA-F]+|.)}
         {my $c = $1; $c =~ /^x(.+)/ ? chr hex $1 : $signs{$c} // $c}ger
    } shift =~ /"((?:[^"\\]|\\.)*)"/gs;
}


# as the stand-in for the LLM reads it

sub script {
    my $text = shift;

    $text =~ s/\\/\\\\/g;
    $text =~ s/([\x00-\x1f\x7f]|^ | $)/sprintf '\\x%02x', ord $1/ge;

    return $text;
}


sub regex {
    my $text = shift;

    $text =~ s/([\\^\$.|?*+(){}\[\]])/\\$1/g;
    $text =~ s/[\x00-\x1f\x7f]/./g;
    $text =~ s/^ | $/[ ]/g;

    return $text;
}
