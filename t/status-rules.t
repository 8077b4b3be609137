# The rules for Prometheus and the dashboard in conf-examples: what they ask
# for exists.  That their queries return data is shown by "make operators".

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use ConvRelay::Status;
use JSON::PP ();
use Test::More;

my $dir = ConvRelay::Nginx->root . '/conf-examples';
my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_');
    convrelay_zone          calls  64k;
    convrelay_store_zone    conversations 64k;
    convrelay_store         /store;
    convrelay_store_secret  off;

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            convrelay_tool  book '{"description":"Books.","parameters":
                                   {"type":"object","properties":{}}}'
                            uri=/tools/book;
            convrelay_mock_llm;
        }
        location = /store {
            internal;
            return  404;
        }
        location = /tools/book {
            internal;
            return  200;
        }
        location = /twiml {
            convrelay_twiml  wss://example.com/ws;
        }
        location = /metrics {
            convrelay_status  public;
        }
    }
_EOC_

$nginx->start;

my $status = ConvRelay::Status->new($nginx->port, '/metrics')->read;
my %labels;

for (@{$status->{samples}}) {
    my ($name, $labels) = @$_;

    push @{$labels{"convrelay_$name"}{$_}}, $labels->{$_} for keys %$labels;
    $labels{"convrelay_$name"} //= {};
}

$nginx->stop;


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}


# each metric that is asked for exists, and has series with these labels

sub asks {
    my ($where, $query) = @_;

    while ($query =~ /\b(convrelay_\w+)\b(?:\{([^}]*)\})?/g) {
        my ($name, $selector) = ($1, $2 // '');

        ok exists $labels{$name}, "$where: $name" or next;

        while ($selector =~ /(\w+)(=~|!=|=)"([^"]*)"/g) {
            my ($label, $op, $value) = ($1, $2, $3);

            next if $value =~ /^\$/ || $op eq '!=';

            for my $one ($op eq '=~' ? split /\|/, $value : $value) {
                ok grep({ $_ eq $one } @{$labels{$name}{$label} // []}),
                   "$where: $name has $label $one";
            }
        }
    }
}


my @rules = sort glob "$dir/prometheus/*.rules.yml";

is @rules, 2, 'there are rules';

my $promtool = system('which promtool > /dev/null 2>&1') == 0;

for my $file (@rules) {
    my ($name) = $file =~ m{([^/]+)$};

    SKIP: {
        skip 'no promtool here', 1 if !$promtool && !$ENV{TEST_NGINX_ALL};
        is system("promtool check rules $file > /dev/null"), 0,
           "promtool has nothing against $name";
    }

    asks($name, $_) for slurp($file) =~ /^ *expr: (.*)$/mg;
}

SKIP: {
    skip 'no promtool here', 1 if !$promtool && !$ENV{TEST_NGINX_ALL};
    is system("promtool check config $dir/prometheus/prometheus.yml "
              . '> /dev/null'), 0, 'nor against prometheus.yml';
}

my $dashboard = JSON::PP::decode_json(slurp("$dir/grafana/convrelay.json"));

ok @{$dashboard->{panels}} > 9, 'a dashboard';

for my $panel (@{$dashboard->{panels}}) {
    asks($panel->{title}, $_->{expr}) for @{$panel->{targets}};
}

# and each family is on it, or in a rule

my $all = join ' ', map { slurp($_) } @rules, "$dir/grafana/convrelay.json";

for my $name (sort keys %labels) {
    next if $name =~ /_(?:sum|count|bucket)$/ || $name =~ /build_info$/;
    next if $name =~ /_(?:messages|tokens)_total$/;

    like $all, qr/\b$name\b/, "$name is shown";
}

# each figure and each of its values is explained

my $page = slurp(ConvRelay::Nginx->root . '/docs/operating.md');

for my $name (sort keys %labels) {
    my $family = $name =~ s/_(?:sum|count|bucket)$//r;

    like $page, qr/^\| `$family` /m, "operating.md explains $family";

    for my $label (grep { /^(?:end|outcome|kind|reason|state|connection)$/ }
                   keys %{$labels{$name}})
    {
        my %values = map { $_ => 1 } @{$labels{$name}{$label}};

        like $page, qr/`$_`/, "... and $label $_" for sort keys %values;
    }
}

done_testing;
