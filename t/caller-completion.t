# Options of convrelay-call: --help, the manual page, the completion of bash and
# the program itself know the same ones.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $root = ConvRelay::Nginx->root;
my $file = "$root/src/caller/convrelay-call.bash";

my @commands = sort qw( load check dial );


sub slurp { return do { local (@ARGV, $/) = shift; <> } }

sub options { return { map { $_ => 1 } $_[0] =~ /(?<![\w-])--([a-z][a-z-]*)/g } }


# what Tab offers after these words; the last one is the one to complete

sub offers {
    my @words = @_;

    shift @words;

    open my $bash, '-|', 'bash', '-c', <<'_EOC_', $file, caller_path(), @words
. "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_convrelay_call "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ "${#COMPREPLY[@]}" = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
_EOC_
        or die "bash: $!\n";

    chomp(my @offers = <$bash>);

    return @offers;
}


my $page = slurp("$root/src/caller/convrelay-call.1") =~ s/\\-/-/gr;
my $source = join '', map { slurp($_) } glob "$root/src/caller/*.c";

my %known = (
    'the program'     => { map { $_ => 1 }
                           $source =~ /^ *\{ "([a-z-]+)", (?:no|required)_arg/mg },
    '--help'          => options(caller_run('--help')->{out}),
    'the manual page' => options($page),
    'completion'      => { map { s/^--//r => 1 }
                           map { offers('convrelay-call', $_, '--') }
                           '', @commands },
);

cmp_ok(scalar keys %{$known{'the program'}}, '>', 50, 'the program has options');

for my $where (sort keys %known) {
    is(join(' ', sort keys %{$known{$where}}),
       join(' ', sort keys %{$known{'the program'}}),
       "options that $where knows");
}

is_deeply([sort(offers('convrelay-call', ''))], \@commands, 'commands');
is_deeply([offers('convrelay-call', 'lo')], ['load'], '... by their beginning');
is_deeply([offers('convrelay-call', 'load', '--nu')], ['--numbered'],
          'an option of load');
is_deeply([offers('convrelay-call', 'check', '--nu')], [], '... is not check\'s');
is_deeply([offers('convrelay-call', '--color', 'a')], ['always'], 'a value');
is_deeply([offers('convrelay-call', '--say', '--')], [], '... of one\'s own');
is_deeply([offers('convrelay-call', '-s', "$root/src/caller/convrelay-call.b")],
          [$file], 'a file');
is_deeply([offers('convrelay-call', 'check', '--rule', 'close-rea')],
          ['close-reason'], 'a rule');

done_testing();
