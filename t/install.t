# From a checkout to files in their places: odd folders, what is missing, "make
# install" and "make uninstall".  What needs a bare machine is in .ci/fresh.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use Cwd ();
use File::Copy qw( copy );
use File::Find qw( find );
use File::Temp ();
use POSIX ();
use Test::More;

my $root = ConvRelay::Nginx::root();
my $build = ConvRelay::Nginx::build();
my $dir = Cwd::realpath(File::Temp->newdir(CLEANUP => 0));

delete @ENV{qw( MAKEFLAGS MAKELEVEL DESTDIR PREFIX )};


# the folder of the checkout

for my $name (' ', "'", '"', '$', '$HOME', '#', ',', ';', ':', '&', '|', '(', ')',
              '{', '%', '=', '*', '?', '[', '<', '!', '^', '`', '\\')
{
    my ($said, $code) = make_in("a${name}b", 'help');

    is $code, 2, "in a folder with $name, make fails";
    like $said, qr/\A[^\n]+ the build cannot work in [^\n]+ because of [^\n]+\n\z/,
         '... in one line';
}

for my $name ('a-b', 'a.b_c+d@e~f', "a\xc3\xbcb") {
    my ($said, $code) = make_in($name, 'help');

    is $code, 0, "... but not in $name";
    like $said, qr/^demo /m, '... where it says what it can';
}


# packages that are missing, without root and sudo

mkdir "$dir/bin";
symlink(which($_), "$dir/bin/$_") for qw( sh dirname grep );

stub('id', 'echo 1000');
stub('apt-get', 'exit 1');
stub('dpkg-query', 'case "$*" in *libssl-dev) ;; *) echo installed ;; esac');

for my $time ('at first', 'again') {
    my ($said, $code) = run({ PATH => "$dir/bin" }, "$root/util/deps", 'build');

    is $code, 1, "not root, $time";
    is $said, "$root/util/deps: neither root nor sudo, as root do:"
              . " apt-get install --no-install-recommends libssl-dev\n",
       '... one line says what to do';
}

my ($said, $code);

stub('dpkg-query', 'echo installed');

is_deeply [ run({ PATH => "$dir/bin" }, "$root/util/deps", 'build') ], [ '', 0 ],
          'with all of them, there is nothing to say';

unlink "$dir/bin/apt-get" or die "$!\n";

($said, $code) = run({ PATH => "$dir/bin" }, "$root/util/deps", 'lintian');

is $code, 1, 'without apt-get';
is $said, "$root/util/deps: no apt-get here, please use the container"
          . " (docs/container.md), or install what Debian calls: lintian\n",
   '... one line says what else there is';


# make install

my %where = (B => $build, DESTDIR => "$dir/dest");
my @names = map { "ngx_http_convrelay${_}_module.so" } '', '_mock', '_redis';
my @conf = qw( convrelay_llm.conf convrelay_openai.conf
               convrelay_openai_upstream.conf convrelay_tool.conf
               prompts/agent.txt );

my @all = ((map { "/etc/nginx/$_" } @conf),
           '/usr/local/bin/convrelay-call',
           (map { "/usr/local/lib/nginx/modules/$_" } @names),
           '/usr/local/share/bash-completion/completions/convrelay-call',
           '/usr/local/share/man/man1/convrelay-call.1');

for my $time ('installed', 'installed again') {
    is_deeply [ run(\%where, "$root/util/install") ], [ '', 0 ], $time;
    is_deeply [ files("$dir/dest") ], [ sort @all ], '... all is in its place';
}

my $nginx = ConvRelay::Nginx->new;

$nginx->write('nginx.conf', join '',
    (map { "load_module  $dir/dest/usr/local/lib/nginx/modules/$_;\n" } @names),
    "error_log  logs/error.log;\nevents { }\nhttp { access_log off; }\n");

($said, $code) = $nginx->test;
is $code, 0, '... and nginx loads the modules' or diag $said;

append("$dir/dest/etc/nginx/convrelay_llm.conf", "# mine\n");

($said, $code) = run(\%where, "$root/util/install");
is $code, 0, 'installed over an include that was changed';
is $said, "left $dir/dest/etc/nginx/convrelay_llm.conf as it is;"
          . " conf-examples/convrelay_llm.conf differs\n", '... which stays';

($said, $code) = run({}, 'make', '-s', '-C', $root, 'uninstall',
                     "DESTDIR=$dir/dest");
is $code, 0, 'make uninstall' or diag $said;
is $said, "left $dir/dest/etc/nginx/convrelay_llm.conf, which was changed\n",
   '... says what it leaves';
is_deeply [ files("$dir/dest") ], [ '/etc/nginx/convrelay_llm.conf' ],
          '... and that is all';
ok !-e "$dir/dest/usr/local/lib/nginx", '... with the folder of the modules';
ok !-e "$dir/dest/usr/local/share/bash-completion", '... and of completions';

is_deeply [ run(\%where, "$root/util/install", '--remove') ],
          [ "left $dir/dest/etc/nginx/convrelay_llm.conf, which was changed\n", 0 ],
          'a second time is fine';

%where = (B => $build, PREFIX => "$dir/opt", CONFDIR => "$dir/conf",
          MODULES => 'convrelay');

stub('dpkg-query', 'exit 1');
$where{PATH} = "$dir/bin:$ENV{PATH}";

($said, $code) = run(\%where, "$root/util/install");
is $said, "at the top of nginx.conf:"
          . " load_module $dir/opt/lib/nginx/modules/$names[0];\n",
   'without DESTDIR, it says what to write';
is_deeply [ grep { /\.so\z/ } files("$dir/opt") ],
          [ "/lib/nginx/modules/$names[0]" ], '... for the modules that were built';

stub('dpkg-query', 'echo "libnginx-mod-http-convrelay: $2"');

($said, $code) = run(\%where, "$root/util/install", '--remove');
is $code, 1, 'what a package has installed';
like $said, qr/\A[^\n]+ is of the package libnginx-mod-http-convrelay: [^\n]+\n\z/,
     '... stays';
ok -e "$dir/opt/lib/nginx/modules/$names[0]", '... indeed';

SKIP: {
    my $locked = $> ? '/usr' : "$dir/locked";

    mkdir $locked, 0755;
    chmod 0755, $dir;

    skip 'the tree is not readable by all', 2
        if $> == 0 && (run({ AS => 65534 }, 'test', '-r',
                           "$root/util/install"))[1] != 0;

    ($said, $code) = run({ PREFIX => $locked, AS => 65534 },
                         "$root/util/install");
    is $code, 1, 'a folder that is not writable';
    is $said, "$root/util/install: $locked is not writable: do it as root, or give"
              . " PREFIX= and CONFDIR=\n", '... is named';
}

system 'rm', '-rf', $dir;
done_testing;


sub make_in {
    my ($name, @args) = @_;

    mkdir "$dir/$name" or die "$dir/$name: $!\n";
    copy("$root/Makefile", "$dir/$name/Makefile") or die "copy: $!\n";
    copy("$root/config", "$dir/$name/config") or die "copy: $!\n";
    chdir "$dir/$name" or die "$dir/$name: $!\n";

    my @result = run({}, 'make', '--no-print-directory', @args);

    chdir $root;

    return @result;
}


# what a command says, and its exit code; AS is a user, if this is root

sub run {
    my ($env, @command) = @_;

    my $pid = open my $fh, '-|' // die "fork: $!\n";

    if ($pid == 0) {
        my %env = %$env;
        my $user = delete $env{AS};

        @ENV{keys %env} = values %env;
        open STDERR, '>&', \*STDOUT;

        if ($user && $> == 0) {
            POSIX::setgid($user);
            POSIX::setuid($user);
        }

        exec { $command[0] } @command or POSIX::_exit(127);
    }

    my $said = join '', <$fh>;
    close $fh;

    return ($said, $? >> 8);
}


sub stub {
    my ($name, $script) = @_;

    open my $fh, '>', "$dir/bin/$name" or die "$name: $!\n";
    print $fh "#!/bin/sh\n$script\n";
    close $fh;
    chmod 0755, "$dir/bin/$name";
}


sub which {
    my $name = shift;
    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};

    return $path;
}


sub append {
    my ($name, $text) = @_;

    open my $fh, '>>', $name or die "$name: $!\n";
    print $fh $text;
    close $fh;
}


sub files {
    my $top = shift;
    my @found;

    find(sub { push @found, substr $File::Find::name, length $top if -f }, $top);

    return sort @found;
}
