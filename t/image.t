# The container image, as ConvRelay::Image makes it: its entrypoint and its
# configuration, with a root that is read-only, as root and as any other user.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Image;
use ConvRelay::Nginx;
use File::Basename qw( basename );
use Test::More;

my $root = ConvRelay::Nginx->root;
my $image = ConvRelay::Image->new;
my $dir = $image->dir;

my $names = 'NGROK_URL=calls.example.com OPENAI_API_KEY=sk-1234567890'
            . ' TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef';

$image->write('hold.txt', "wait 4 s\nhangup\n");


# what is missing

my ($said, $code) = $image->run('run entrypoint');

is $code, 1, 'without names in the environment it does not start';
is $said, join('', map { "$_ is not set, start the container with -e $_=...\n" }
                   qw( NGROK_URL OPENAI_API_KEY TWILIO_AUTH_TOKEN )),
   '... and says all that are missing';

($said, $code) = $image->run("run $names PORT=http entrypoint");

is $code, 1, 'a port is a number';
is $said, "PORT is \"http\", write a number such as 8080\n", '... it says so';

($said, $code) = $image->run("umount \$image/tmp; run $names entrypoint");

is $code, 1, 'a read-only container needs /tmp';
is $said, "cannot write to /tmp/nginx, start a read-only container with\n"
          . "--tmpfs /tmp\n", '... it says so';


# arguments

for my $user (0, 12345) {
    for my $arguments ('nginx -t', '-t', 'nginx -t -q', "-t -g 'daemon on;'",
                       '-c /etc/nginx/nginx.conf -t')
    {
        ($said, $code) = $image->run("user=$user; run $names entrypoint $arguments");

        is $code, 0, "user $user: $arguments" or diag $said;
        is $said =~ s/^nginx: .* (?:is ok|is successful)\n//mgr, '',
           '... without a warning';
    }

    ($said, $code) = $image->run("user=$user; run entrypoint -v");

    is $code, 0, "user $user: -v needs no names";
    like $said, qr/^nginx version: /, '... and says the version';

    ($said, $code) = $image->run("user=$user; run entrypoint sh -c 'id -u'");

    is "$said$code", "$user\n0", "user $user: any other command";
}

($said, $code) = $image->run("run $names entrypoint -T");

is $code, 0, '-T shows the configuration' or diag $said;
like $said, qr/^load_module .*redis/m, '... with the module for Redis';
unlike $said, qr/sk-123|0123456789abcdef/, '... without secrets';


# it runs

for my $user (0, 12345) {
    ($said, $code) = $image->run(<<"_EOC_");
user=$user
started $names
run entrypoint health && echo healthy
get http://127.0.0.1:8080/health http://[::1]:8080/health
get http://127.0.0.1:8080/twiml
call -s $dir/conf/hold.txt > /dev/null && echo held
ps -o user= -p \$(pgrep -f 'nginx: worker') | sort | uniq -c | tr -s ' '
cat /proc/\$(pgrep -f 'nginx: worker' | head -n 1)/environ \\
    | tr '\\0' '\\n' | grep -c 'sk-\\|0123456789'
kill -QUIT \$master
wait \$job
echo "status \$?"
cat \$image/tmp/log
_EOC_

    my $n = qx{nproc} + 0;
    my $who = $user ? 12345 : 'www-data';

    like $said, qr/\Ahealthy\n200\n200\n403\nheld\n $n $who\n0\nstatus 0\n/,
         "user $user: answers, by IPv6 too, holds a call, ends by itself";
    like $said, qr/"POST \/twiml" 200 .*"GET \/ws" 101/s,
         "user $user: ... logs to the output";
    unlike $said, qr/sk-123|0123456789ab|\[(?:warn|alert|emerg|crit)\]/,
           "user $user: ... without keys, and without complaints";
}


# health

($said, $code) = $image->run(<<"_EOC_");
run entrypoint health || echo none
started $names
call -s $dir/conf/hold.txt > /dev/null & caller=\$!
until grep -q resumed= \$image/tmp/log || lives; do sleep 0.05; done
kill -QUIT \$master
while get http://127.0.0.1:8080/health > /dev/null; do sleep 0.05; done
run entrypoint health && echo drains
wait \$caller && echo held
wait \$job
run entrypoint health || echo none

started $names
kill -HUP \$master
sleep 0.5
run entrypoint health && echo reloaded
kill -STOP \$(pgrep -f 'nginx: worker')
run entrypoint health || echo hangs
kill -CONT \$(pgrep -f 'nginx: worker')
run entrypoint health && echo healthy
_EOC_

is $said, "none\ndrains\nheld\nnone\nreloaded\nhangs\nhealthy\n",
   'it is well while calls end, not if nothing answers';

for (['127.0.0.1:8090', '127.0.0.1:8090', '[::1]:8090'],
     ['[::1]:8090', '[::1]:8090', '127.0.0.1:8090'],
     ['[::]:8090', '[::1]:8090', '127.0.0.1:8090'])
{
    my ($port, $one, $other) = @$_;

    ($said, $code) = $image->run(<<"_EOC_");
export PORT=$port
started $names
run PORT=$port entrypoint health && echo healthy
get http://$one/health http://$other/health
_EOC_

    is $said, "healthy\n200\n000\n", "PORT=$port";
}

($said, $code) = $image->run(<<"_EOC_");
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
started $names
run entrypoint health && echo healthy
get http://127.0.0.1:8080/health http://[::1]:8080/health
_EOC_

is $said, "healthy\n200\n000\n", 'a machine without IPv6';


# secrets in files

my $files = <<'_EOC_';
mkdir $image/tmp/secrets
echo sk-of-a-file > $image/tmp/secrets/key
echo gpt-of-a-file > $image/tmp/secrets/model
echo fedcba9876543210fedcba9876543210 > $image/tmp/secrets/token
_EOC_

($said, $code) = $image->run(<<"_EOC_");
$files
started NGROK_URL=calls.example.com \\
    OPENAI_API_KEY_FILE=/tmp/secrets/key \\
    TWILIO_AUTH_TOKEN_FILE=/tmp/secrets/token SSL_CERT_FILE=/none
TWILIO_AUTH_TOKEN=fedcba9876543210fedcba9876543210 call -e Hello > /dev/null
grep -c '"GET /ws" 101' \$image/tmp/log
_EOC_

is $said, "1\n", 'secrets come from files, too';

($said, $code) = $image->run(<<"_EOC_");
$files
run $names OPENAI_MODEL_FILE=/tmp/secrets/model entrypoint nginx -t -q
run $names OPENAI_API_KEY_FILE=/tmp/secrets/key entrypoint -t
run TWILIO_AUTH_TOKEN_FILE=/tmp/secrets/none entrypoint -t
_EOC_

is $said, "both OPENAI_API_KEY and OPENAI_API_KEY_FILE are set\n"
          . "TWILIO_AUTH_TOKEN_FILE is \"/tmp/secrets/none\", which cannot be"
          . " read\n", '... if they can be read, and once';


# configurations in the place of its own

my @whole = grep { slurp($_) =~ /^events \{/m } glob "$root/conf-examples/*.conf";

cmp_ok scalar(@whole), '>=', 6, 'there are examples';

for my $user (0, 12345) {
    my $all = join "\n", map {
        'mounted ' . $_ . " nginx.conf; run $names"
        . ' TICKET_SECRET=fedcba9876543210 PUBLIC_HOST=calls.example.com'
        . ' STORE_SECRET=a-secret-of-the-two-machines'
        . ' REPORT_SECRET=a-secret-of-all-the-reports'
        . ' WORKFLOW_SID=WW0123456789abcdef0123456789abcdef'
        . ' REDIS_PASSWORD=correct-horse entrypoint nginx -t -q'
        . ' && echo ' . basename($_)
    } @whole;

    # some listen on a socket in /run

    ($said, $code) = $image->run("mount -t tmpfs -o mode=1777 none \$image/run\n"
                           . "user=$user\n$all");
    $said =~ s/^\S+ \S+ \[warn\] \S+ the "user" directive .*\n//mg if $user;
    $said =~ s/^.* \[notice\] .*\n//mg;

    is $said, join('', map { basename($_) . "\n" } @whole),
       "user $user: each example is accepted as nginx.conf";
}

$image->write('extra.conf', 'server { listen 8081; return 200 "extra\n"; }');
$image->write('own.conf', 'server { listen 8080; return 404; }');
$image->write('broken.conf', 'server { listen 8080; return 500; }');

($said, $code) = $image->run(<<"_EOC_");
mkdir \$image/tmp/conf.d
cp $dir/conf/own.conf \$image/tmp/conf.d
mounted $root/conf-examples/image/default.conf conf.d/default.conf
mounted \$image/tmp/conf.d conf.d
user=12345
started
run entrypoint health && echo healthy
cp $dir/conf/extra.conf $dir/conf/broken.conf \$image/tmp/conf.d
rm \$image/tmp/conf.d/own.conf
kill -HUP \$master
until get http://127.0.0.1:8081/ > /dev/null; do sleep 0.05; done
get http://127.0.0.1:8081/
sleep 0.5
run entrypoint health || echo unwell
_EOC_

is $said, "healthy\n200\nunwell\n", 'a folder as conf.d needs no names';

# as the package has it: with a user, and its process id in /run

($said, $code) = $image->run(<<"_EOC_");
mounted /etc/nginx/nginx.conf nginx.conf
mount -t tmpfs -o mode=1777 none \$image/run
cp $dir/conf/own.conf \$image/tmp
mounted \$image/tmp/own.conf conf.d/default.conf
started
run entrypoint health && echo healthy
ls \$image/run
_EOC_

is $said, "healthy\nnginx.pid\n", "Debian's nginx.conf, with its own pid";

done_testing;


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}
