# The mock is a module of its own: it loads without the other one.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use File::Temp ();
use Test::More tests => 2;

my $build = ConvRelay::Nginx::build();
my $binary = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $dir = File::Temp->newdir;

mkdir "$dir/logs";

open my $fh, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!\n";
print $fh <<"_EOC_";
load_module $build/ngx_http_convrelay_mock_module.so;
pid  $dir/pid;
events { }
http {
    client_body_temp_path  $dir/body;
    proxy_temp_path        $dir/proxy;
    fastcgi_temp_path      $dir/fastcgi;
    uwsgi_temp_path        $dir/uwsgi;
    scgi_temp_path         $dir/scgi;

    server {
        listen  127.0.0.1:1;
        location / { convrelay_mock_llm; }
    }
}
_EOC_
close $fh;

my $out = `$binary -p $dir -c $dir/nginx.conf -e $dir/logs/error.log -t 2>&1`;

is $?, 0, 'nginx -t' or diag $out;
unlike $out, qr/emerg/, 'no symbol is missing';
