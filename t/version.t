# The version: written once, and the same wherever it is read.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use HTTP::Tiny;
use Test::More;

my $root = ConvRelay::Nginx::root();
my $build = ConvRelay::Nginx::build();
my $version = read_file('src/base/convrelay_base.h')
              =~ /^#define CONVRELAY_VERSION\s+"([^"]+)"$/m ? $1 : '';

like $version, qr/\A\d+\.\d+\.\d+\z/, "the header has it: $version";

my $nginx = ConvRelay::Nginx->new;
my @name = map { "ngx_http_convrelay_${_}module" } '', 'mock_', 'redis_';
my ($without) = `@{[ConvRelay::Nginx::binary()]} -v 2>&1` =~ m{(nginx/\S+)};

my $http = <<"_EOC_";
    convrelay_zone  calls  1m;
    log_format      version  'v=\$convrelay_version u=\$convrelay_url_version';
    access_log      logs/access.log  version;

    server {
        listen  127.0.0.1:%%PORT%%;

        location / { return 200 "\$convrelay_version"; }
        location = /metrics { convrelay_status  prometheus  public; }
        location = /json    { convrelay_status  json  public; }
    }
_EOC_

my $redis = "load_module  $build/$name[2].so;";

sub said { return scalar(() = $nginx->log('error') =~ /\[notice\] .*: $_[0] /g) }


# nginx

$nginx->http($http, "worker_processes  2;\n");

my ($test, $code) = $nginx->test;

is $code, 0, '"nginx -t"' or diag $test;
unlike $test, qr/\Q$version/, '... says nothing of it';
is said($name[0]), 0, '... nor does the log';

$nginx->start;

is get('/'), $version, '$convrelay_version';
like get('/metrics'), qr/^convrelay_build_info\{version="\Q$version\E",.*\} 1$/m,
     'convrelay_build_info';
like get('/json'), qr/^\{"version":"\Q$version\E"/, 'and in JSON';
ok $nginx->log_has(qr/^v=\Q$version\E u=\Q$version\E$/m, 'access'),
   '... and the access log, also encoded';

my $line = qr/\[notice\] \d+#\d+: \Q$name[0] $version, built for $without\E$/m;

ok $nginx->log_has($line), 'the log has it when nginx starts';
is said($name[0]), 1, '... once, for the master and two workers';
is said($name[1]), 1, '... and a line for the mock';

$nginx->http($http, "worker_processes  2;\n$redis");
$nginx->hup;

is said($name[0]), 1, 'a reload, which goes on with the loaded module, is silent';
is said($name[1]), 1, '... for the mock';
ok $nginx->log_has(qr/\Q$name[2] $version, built for/),
   '... but a module that it adds has its line';

$nginx->hup;

is said($name[2]), 1, '... once';

is_deeply [ $nginx->complaints ], [], 'no errors in the log';
$nginx->stop;


# the rest

is `$build/convrelay-call --version`, "convrelay-call $version\n",
   'convrelay-call --version';
like read_file('CHANGELOG.md'), qr/\A# Changes\n\n## \Q$version\E\n/,
     'the changelog begins with it';

like read_file('debian/changelog'), qr/\Aconvrelay \(\Q$version\E-\d+\) unstable;/,
     '... and that of the packages';

my @other;

for my $file (grep { -f && !/\.png\z/ }
              map { glob "$root/$_" } '*', 'docs/*', 'conf-examples/*',
                  'conf-examples/*/*', 'util/*', '.ci/*', 'debian/*')
{
    my $name = substr $file, length "$root/";

    push @other, map { "$name: $_" } grep { !/ \Q$version\E\z/ }
        read_file($name) =~ /(convrelay[\w-]* v?\d+\.\d+\.\d+)/g;
}

is_deeply \@other, [], 'no text names another';

done_testing;


sub get {
    my $r = HTTP::Tiny->new(timeout => 5)
            ->get('http://127.0.0.1:' . $nginx->port . shift);

    return $r->{content};
}


sub read_file {
    my ($name) = @_;

    open my $fh, '<', "$root/$name" or die "$name: $!\n";
    local $/;

    return scalar <$fh>;
}
