# From a checkout to a build: odd folders, and packages that are missing.  What
# needs a bare machine is in .ci/fresh.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Nginx;
use Cwd ();
use File::Copy qw( copy );
use File::Temp ();
use POSIX ();
use Test::More;

my $root = ConvRelay::Nginx::root();
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

stub('dpkg-query', 'echo installed');

is_deeply [ run({ PATH => "$dir/bin" }, "$root/util/deps", 'build') ], [ '', 0 ],
          'with all of them, there is nothing to say';


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
