# What the page of convrelay_talk takes for heard is what convrelay-call takes
# for it: t/unit/voice.txt, with Node.js.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/..');

if (!grep { -x "$_/node" } split /:/, $ENV{PATH}) {
    die "Node.js is not installed\n" if $ENV{TEST_NGINX_ALL};

    plan skip_all => 'Node.js is not installed';
}

my $out = `node '$root/t/page/voice.js' 2>&1`;

is $?, 0, 'the voice of the page' or diag $out;
like $out, qr/^ok - \d+ cases, \d\d+ comparisons$/m, 'all cases are compared';

done_testing;
