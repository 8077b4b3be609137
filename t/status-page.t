# The page of "convrelay_status html": what is wrong stands in it, and nothing
# in it can come from, or go to, anywhere else.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Nginx;
use ConvRelay::Status;
use Test::More;

my $root = ConvRelay::Nginx->root;
my $nginx = ConvRelay::Nginx->new;

$nginx->http(<<'_EOC_', "worker_processes  2;\n");
    convrelay_zone  calls  64k;

    server {
        listen  127.0.0.1:%%PORT%%;

        location = /ws {
            convrelay;
            convrelay_mock_llm  status=401;
        }
        location = /status {
            convrelay_status  html public;
        }
    }
_EOC_

$nginx->start;


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}


my ($head, $body) = ConvRelay::Status::get($nginx->port, '/status');

like $head, qr{^Content-Type: text/html; charset=utf-8\r?$}m, 'a page';
like $head, qr/^Cache-Control: no-store\r?$/m, '... not to be kept';
like $head, qr/^X-Content-Type-Options: nosniff\r?$/m, '... of this type';
like $head, qr/^Referrer-Policy: no-referrer\r?$/m, '... without a trace';

my ($csp) = $head =~ /^Content-Security-Policy: (.*?)\r?$/m;
my ($nonce) = $csp =~ /'nonce-([0-9a-f]{32})'/;

is $csp, "default-src 'none'; script-src 'nonce-$nonce'; style-src "
         . "'nonce-$nonce'; connect-src 'self'; base-uri 'none'; form-action "
         . "'none'; frame-ancestors 'none'", 'it may use what is in it';

is_deeply [ $body =~ /<(?:script|style)\b([^>]*)>/g ],
          [ (" nonce='$nonce'") x 2 ], '... which has its nonce';

unlike $body, qr/\bon\w+\s*=\s*['"]|\bstyle\s*=\s*['"]|<(?:link|img|iframe)\b/,
       '... and nothing that is inline or elsewhere';
unlike $body =~ s{http://www\.w3\.org/2000/svg}{}gr, qr{https?://|//[a-z]},
       'no address of another server';

my ($second) = ConvRelay::Status::get($nginx->port, '/status');

unlike $second, qr/$nonce/, 'another nonce for each request';

like $body, qr{<li class="well">Nothing is wrong\.</li>}, 'all is well';
unlike $body, qr/\@(?:nonce|causes)\@/, 'no mark is left';

my ($length) = $head =~ /^Content-Length: (\d+)/m;

is length $body, $length, 'all of it';

# a trouble is on it, before all else

my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;
$call->ask('Hi');
$call->hangup;

my $until = time + 5;

while (time < $until) {
    (undef, $body) = ConvRelay::Status::get($nginx->port, '/status');
    last if $body =~ /class="trouble"/;
}

my ($first) = $body =~ m{<body>(.*?)<div id='figures'}s;

like $first, qr{<li\ class="trouble"><b>Trouble:</b>\ The\ LLM\ refused\ the\ API\ key\ in\ 1\ of\ 1
                \ turn\ .*\(location\ &quot;/ws&quot;\)\.</li>}x,
     'the cause is on top';

# the data that its script asks for

my $json = ConvRelay::Status::json($nginx->port, '/status?data');

is $json->{causes}[0]{kind}, 'llm_key', 'its data';

for (qw( sessions_total llm_failures_total first_word_seconds )) {
    ok ref $json->{locations}[0]{recent}{$_}, "... has $_";
}

is @{$json->{bounds}{seconds}}, 14, '... and the bounds';

$nginx->stop;

is slurp("$root/src/status/ngx_http_convrelay_status_page.h"),
   scalar `$root/util/page status`, 'it is the page that page.html is';

SKIP: {
    skip 'no node here', 1
        if system('which node > /dev/null 2>&1') && !$ENV{TEST_NGINX_ALL};

    my ($script) = slurp("$root/src/status/page.html")
                   =~ m{<script[^>]*>(.*)</script>}s;

    open my $fh, '>', $nginx->dir . '/page.js' or die $!;
    print $fh $script;
    close $fh;

    is system('node', '--check', $nginx->dir . '/page.js'), 0,
       'its script can be read';
}

done_testing;
