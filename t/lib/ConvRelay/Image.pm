package ConvRelay::Image;

# The container image without a container: what the Dockerfile copies and does
# is done to a root of this machine's programs, in namespaces of its own, in
# which the API's name leads nowhere.  All that is not in /tmp is read-only.
#
#     my $image = ConvRelay::Image->new;      skips all tests where it cannot
#     my ($said, $code) = $image->run($commands);
#
# These are commands of the shell beside the image, whose root is $image:
#
#     run A=B COMMAND         in it, as $user (0)
#     started A=B             nginx, then $master is its process, $job is this
#     mounted FILE NAME       over /etc/nginx/NAME
#     get URL...              the status of each
#     call OPTIONS            convrelay-call, to its webhook
#     lives                   is there a call?

use strict;
use warnings;

use ConvRelay::Nginx;
use Cwd ();
use Test::More ();

my $root = ConvRelay::Nginx->root;
my $build = Cwd::realpath(ConvRelay::Nginx->build);
my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';


sub new {
    my $class = shift;

    Test::More::plan(skip_all => 'needs root, for namespaces')
        if $> != 0
           || system('unshare --mount --net --pid --fork true 2>/dev/null');

    Test::More::plan(skip_all => 'needs the nginx of the Debian package')
        if $nginx =~ m{/} || !-e '/etc/nginx/mime.types'
           || !-d '/usr/lib/nginx/modules' || !-x "$build/convrelay-call";

    my $self = bless { nginx => ConvRelay::Nginx->new }, $class;

    mkdir $self->dir . '/root';

    return $self;
}


sub dir { return $_[0]{nginx}->dir }


# a file for what is mounted or called, as DIR/conf/NAME

sub write {
    my ($self, $name, $text) = @_;

    $self->{nginx}->write($name, $text);
}


sub run {
    my ($self, $commands) = @_;
    my $layout = layout();
    my $dir = $self->dir;

    $self->write('try', <<"_EOC_");
image=$dir/root
user=0
PORT=8080
TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef
export TWILIO_AUTH_TOKEN

run() {
    chroot --userspec=\$user:\$user \$image /usr/bin/env -i \\
        PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "\$@"
}

# from the outside, as "docker run -v FILE:/etc/nginx/NAME:ro"

mounted() {
    mount --bind -o ro "\$1" "\$image/etc/nginx/\$2"
}

get() {
    for url in "\$@"; do
        curl -gs -m 5 -o /dev/null -w '%{http_code}\\n' "\$url"
    done

    [ "\$(curl -gs -m 5 -o /dev/null -w '%{http_code}' "\$url")" != 000 ]
}

lives() {
    ss -Htn state established sport = :8080 | grep -q .
}

call() {
    $build/convrelay-call --public-url https://calls.example.com \\
        --connect-to ws://127.0.0.1:8080 "\$@" http://127.0.0.1:8080/twiml
}

# until it serves; nothing of nginx is there at first

started() {
    run PORT=\$PORT "\$@" entrypoint >> \$image/tmp/log 2>&1 &
    job=\$!

    for i in \$(seq 100); do
        if pgrep -f 'nginx: worker' > /dev/null; then
            master=\$(pgrep -f 'nginx: master')
            return
        fi

        kill -0 \$job 2> /dev/null || break
        sleep 0.1
    done

    cat \$image/tmp/log
}

set -e
ip link set lo up
mount --make-rprivate /
mount -t tmpfs -o mode=755 none \$image
cd \$image
mkdir -p dev etc proc run tmp usr usr/local/bin var/lib var/log/nginx modules
cp -a /etc/. etc

for name in bin sbin lib lib32 lib64 libx32; do
    [ ! -L /\$name ] || cp -a /\$name .
done

mkdir local
mount --bind /usr usr
mount --bind local usr/local
cp modules/* /usr/lib/nginx/modules 2> /dev/null || :
mount --bind modules usr/lib/nginx/modules
mount --rbind /dev dev
mount -t proc proc proc
mount --bind proc /proc 2> /dev/null || :
mount -t tmpfs -o mode=1777 none tmp
mkdir -p usr/local/bin
rm -rf etc/nginx/prompts etc/nginx/tools etc/nginx/conf.d etc/nginx/convrelay*
mkdir -p etc/nginx/conf.d
echo '127.0.0.1 localhost api.openai.com api.mistral.ai' > etc/hosts
cd $root
$layout
cd /
: > \$image/tmp/log
chmod 666 \$image/tmp/log
mount -o remount,bind,ro \$image/usr
mount -o remount,bind,ro \$image/usr/local
mount -o remount,bind,ro \$image/usr/lib/nginx/modules
mount -o remount,ro \$image
set +e
$commands
_EOC_

    # a file, as its standard output is opened again by any user

    unlink "$dir/said";
    system('umask 0; timeout -k 1 60 unshare --mount --net --pid --fork'
           . " --kill-child bash $dir/conf/try < /dev/null"
           . " >> $dir/said 2>&1");
    my $code = $? >> 8;

    return (slurp("$dir/said"), $code);
}


# the Dockerfile's last stage as commands of the shell; packages are here

sub layout {
    my $text = slurp("$root/Dockerfile") =~ s/^#.*\n//mgr =~ s/\\\n\s*/ /gr;
    my ($stage) = $text =~ /.*^FROM [^\n]*\n(.*)/ms;
    my $commands = '';

    for (split /\n/, $stage) {
        if (/^COPY --from=build (.*) (\S+)\s*$/) {
            my ($from, $to) = ($1, $2);

            $from =~ s{/build/}{$build/}g;
            $commands .= "cp $from \$image$to\n";

        } elsif (/^COPY (.*) (\S+)\s*$/) {
            my ($from, $to) = ($1, $2);

            $from = "-r $from/." if -d "$root/$from";
            $commands .= "mkdir -p \$image$to; cp $from \$image$to\n";

        } elsif (/^RUN (.*)/ && $1 !~ /\bapt-get\b/) {
            $commands .= "run sh -c '$1'\n";
        }
    }

    return $commands;
}


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}


1;
