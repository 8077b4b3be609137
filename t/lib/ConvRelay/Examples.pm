package ConvRelay::Examples;

# The shipped configuration against an OpenAI API of our own.  What a test may
# not leave as it is, and nothing else: the API's address, the file of trusted
# certificates, the port, the logs, and where the modules are.

use strict;
use warnings;

use ConvRelay::Nginx;
use File::Basename qw( basename );
use Exporter 'import';

our @EXPORT_OK = qw( certificates copy_examples examples );

my $dir = ConvRelay::Nginx->root . '/conf-examples';
my $slow = $ENV{TEST_NGINX_SLOW} // 1;


sub examples {
    opendir my $dh, $dir or die "$dir: $!\n";

    return sort grep { -f "$dir/$_" } readdir $dh;
}


# into nginx's conf folder; api is where "api.openai.com:443" leads

sub copy_examples {
    my ($nginx, $api, @names) = @_;

    for my $name (@names ? @names : examples()) {
        open my $fh, '<', "$dir/$name" or die "$name: $!\n";
        my $text = do { local $/; <$fh> };

        $text =~ s/\bapi\.openai\.com:443\b/$api/g;
        $text =~ s{/etc/ssl/certs/ca-certificates\.crt}{%%DIR%%/conf/ca.crt}g;
        $text =~ s{(proxy_connect_timeout +)(\d+)s;}{$1 . $2 * $slow . 's;'}ge;
        $text =~ s/^( *listen +)8080;/${1}127.0.0.1:%%PORT%%;/mg;
        $text =~ s{^load_module +modules/ngx_http_convrelay_module.so;}
                  {%%MODULES%%}mg;

        $text =~ s{/var/log/nginx/calls}{logs/access}g;
        $text =~ s{/var/log/nginx/}{logs/}g;
        $text =~ s{^user .*\n}{}mg;

        my $build = ConvRelay::Nginx->build;

        $text =~ s{^load_module +modules/(ngx_http_convrelay_redis_module.so);}
                  {load_module $build/$1;}mg;
        $text =~ s{unix:/run/}{unix:%%DIR%%/}g;

        $nginx->write($name, $text);
    }

    mkdir $nginx->dir . '/conf/tools';

    for my $file (glob "$dir/tools/*.json") {
        open my $fh, '<', $file or die "$file: $!\n";

        $nginx->write('tools/' . basename($file),
                      do { local $/; <$fh> });
    }
}


# a CA (ca.crt), and a NAME.crt and NAME.key for each name, in nginx's conf

sub certificates {
    my ($nginx, @names) = @_;
    my $conf = $nginx->dir . '/conf';

    openssl($conf, qw( req -x509 -nodes -days 2 -newkey ec
                       -pkeyopt ec_paramgen_curve:prime256v1
                       -keyout ca.key -out ca.crt -subj ), '/CN=test CA');

    for my $name (@names) {
        $nginx->write("$name.ext", "subjectAltName=DNS:$name\n");

        openssl($conf, qw( req -new -nodes -newkey ec
                           -pkeyopt ec_paramgen_curve:prime256v1 ),
                '-keyout', "$name.key", '-out', "$name.csr", '-subj',
                "/CN=$name");

        openssl($conf, qw( x509 -req -days 2 -CA ca.crt -CAkey ca.key
                           -CAcreateserial ),
                '-in', "$name.csr", '-out', "$name.crt",
                '-extfile', "$name.ext");
    }
}


sub openssl {
    my $conf = shift;

    my $pid = open my $fh, '-|' // die "fork: $!\n";

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        chdir $conf or die "$conf: $!\n";
        exec 'openssl', @_ or die "openssl: $!\n";
    }

    my $said = join '', <$fh>;

    close $fh or die "openssl @_: $said\n";
}


1;
