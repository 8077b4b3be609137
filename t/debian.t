# The examples in the places for which they are written, with the nginx.conf of
# the Debian package where they are parts: in a mount namespace of its own, in
# which the API's name leads nowhere and a certificate is ours.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Examples qw( certificates );
use ConvRelay::Nginx;
use File::Basename qw( basename );
use Test::More;

my $root = ConvRelay::Nginx->root;
my $build = ConvRelay::Nginx->build;
my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';

plan skip_all => 'needs root, for a mount namespace'
    if $> != 0 || system('unshare --mount true 2>/dev/null') != 0;

plan skip_all => 'needs the nginx of the Debian package'
    if $nginx =~ m{/} || !-e '/etc/nginx/mime.types'
       || !-d '/usr/lib/nginx/modules';

my $ours = ConvRelay::Nginx->new;
my $dir = $ours->dir . '/debian';

mkdir $dir;
certificates($ours, 'voice.example.com');

my $conf = $ours->dir . '/conf';

for my $path (glob "$root/conf-examples/*.conf") {
    my $name = basename($path);

    next if slurp($path) !~ /^events \{/m;

    my ($said, $code) = accepted("cp $root/conf-examples/$name"
                                 . ' /etc/nginx/nginx.conf');

    is $code, 0, "$name as /etc/nginx/nginx.conf" or diag $said;
    unlike $said, qr/\[(?:warn|error|crit|alert|emerg)\]/,
           '... without a warning';
}

my ($said, $code) = accepted(<<"_EOC_");
cp -r $root/conf-examples/debian/* /etc/nginx/
mkdir -p /etc/nginx/sites-enabled
ln -sf ../sites-available/convrelay /etc/nginx/sites-enabled/convrelay
mkdir -p /etc/letsencrypt/live/voice.example.com
cp $conf/voice.example.com.crt /etc/letsencrypt/live/voice.example.com/fullchain.pem
cp $conf/voice.example.com.key /etc/letsencrypt/live/voice.example.com/privkey.pem
_EOC_

is $code, 0, "the parts in conf-examples/debian, with Debian's nginx.conf"
    or diag $said;
unlike $said, qr/\[(?:warn|error|crit|alert|emerg)\]/, '... without a warning';

# they are what nginx.conf is in one piece

my $whole = words("$root/conf-examples/nginx.conf");
my $parts = words("$root/conf-examples/debian/conf.d/convrelay.conf",
                  "$root/conf-examples/debian/sites-available/convrelay");

is_deeply [ grep { !$parts->{$_} } sort keys %$whole ], [],
          'the parts have each directive of the whole';

done_testing;


# /etc, the modules and the logs are copies, in which no other process sees
# what is changed

sub accepted {
    my $prepare = shift;

    $ours->write('try', <<"_EOC_");
set -e
mount --make-rprivate /
mount -t tmpfs none $dir
mkdir $dir/etc $dir/modules $dir/log
cp -a /etc/. $dir/etc
cp $build/*.so $dir/modules
mount --bind $dir/etc /etc
mount --bind $dir/modules /usr/lib/nginx/modules
mount --bind $dir/log /var/log
mkdir -p /var/log/nginx /etc/nginx/prompts /etc/nginx/tools
rm -f /etc/nginx/modules-enabled/* /etc/nginx/conf.d/* \\
    /etc/nginx/sites-enabled/*
echo '127.0.0.1 api.openai.com api.mistral.ai' > /etc/hosts
cp $root/conf-examples/convrelay_*.conf /etc/nginx
cp $root/conf-examples/prompts/* /etc/nginx/prompts
cp $root/conf-examples/tools/* /etc/nginx/tools
cat > /etc/nginx/.env.local << END
NGROK_URL=voice.example.com
OPENAI_API_KEY=sk-test-1234567890
TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef
TICKET_SECRET=fedcba9876543210
WORKFLOW_SID=WW0123456789abcdef0123456789abcdef
PUBLIC_HOST=voice.example.com
STORE_SECRET=a-secret-of-the-two-machines
REPORT_SECRET=a-secret-of-all-the-reports
REDIS_PASSWORD=correct-horse
END
chmod 600 /etc/nginx/.env.local
$prepare
exec $nginx -t
_EOC_

    my $text = qx{unshare --mount sh $conf/try 2>&1};

    return ($text, $? >> 8);
}


# its directives; the configuration has one of each

sub words {
    my %found;

    for my $file (@_) {
        $found{$_} = 1
            for slurp($file) =~ /^[ ]*(convrelay\w*|proxy_\w+|include
                                       |log_format|access_log)\b/xmg;
    }

    delete $found{convrelay_system_prompt};

    return \%found;
}


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}
