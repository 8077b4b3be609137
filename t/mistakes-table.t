# The table of mistakes, t/mistakes.txt: each is refused or warned of by
# "nginx -t", in words that say what to write, and name the line, or has a reason
# to pass.

use strict;
use warnings;

use File::Spec ();
use File::Temp ();
use Test::More;


my $build = $ENV{TEST_NGINX_BUILD} // 'build';
my $binary = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $module = File::Spec->rel2abs("$build/ngx_http_convrelay_module.so");

my $dir = File::Temp::tempdir(CLEANUP => 1);
my $conf = "$dir/conf";

my $llm = 'proxy_pass http://127.0.0.1/v1/chat/completions;';

mkdir $_ or die "$_: $!" for $conf, "$dir/logs";

save('latin1.txt', "caf\xe9");

my ($n, $line) = (0, 0);

open my $table, '<', 't/mistakes.txt' or die "t/mistakes.txt: $!";

# new memory is never zero, so that what a directive left unset is seen

local $ENV{MALLOC_PERTURB_} = 0x41;

while (my $row = <$table>) {
    $line++;
    chomp $row;

    next if $row eq '' || $row =~ /^#/;

    my ($place, $text, $outcome, $says, @more) = split / \| /, $row;

    if (!defined $says || @more || $outcome !~ /^(?:error|warn|ok)$/) {
        fail("line $line is not a row: $row");
        next;
    }

    save('nginx.conf', configuration($place, $text));

    my $output = `$binary -t -p $dir -c conf/nginx.conf 2>&1`;
    my $failed = $?;

    $output =~ s/\Q$dir\E/./g;

    my @said = grep { /\[(?:emerg|alert|crit|error|warn)\]/
                      && !/the "user" directive makes sense only/ }
                    split /\n/, $output;

    my $got = $failed ? 'error' : @said ? 'warn' : 'ok';
    my $name = "line $line: $place: $text";

    $n++;

    if ($got ne $outcome) {
        is($got, $outcome, $name) or diag $output;
        next;
    }

    if ($outcome eq 'ok') {
        ok(length $says, "$name, since it $says");
        next;
    }

    my $re = join '.*', map { quotemeta } split / \.\.\. /, $says;

    like("@said", qr/$re/s, $name);

    is(elsewhere($place, $text, @said), '', "... in line $line");

    unlike("@said", qr/\(1: Operation not permitted\)/,
           '... and blames no system call');

    next if $outcome ne 'error';

    # of a file that cannot be used, the reason comes first

    is(scalar(grep { /\[emerg\]/ } @said),
       $text =~ m{^convrelay_(?:system_prompt_file[ ]\S+|env_file[ ]/
                                |connect_reply[ ]file=/);$}x ? 2 : 1,
       '... once');
}

cmp_ok($n, '>=', 380, "$n mistakes");

done_testing;


sub configuration {
    my ($place, $text) = @_;

    my %in = map { $_ => '' } qw( http server ws twiml end );
    my $auth = 'convrelay_auth_token off;';
    my ($env, $key, $locations) = ('', '');

    $auth = '' if $place eq 'unsigned' || $text =~ /convrelay_auth_token/;

    if ($place eq 'env' || $place eq 'readable') {
        save('.env', "$text\n");
        chmod $place eq 'env' ? 0600 : 0644, "$conf/.env" or die "chmod: $!";

        $env = 'convrelay_env_file .env;';
        $key = 'proxy_set_header Authorization '
               . '"Bearer $convrelay_env_OPENAI_API_KEY";';

    } elsif (exists $in{$place}) {
        $in{$place} = $text;

    } elsif ($place !~ /^(?:site|whole|unsigned)$/) {
        die "t/mistakes.txt has an unknown place: $place\n";
    }

    my $ws = "location = /ws { convrelay; $llm $key\n$in{ws}\n}\n";

    if ($place eq 'site') {
        $locations = $text;

    } elsif ($place eq 'whole') {
        $locations = $ws . $text;

    } else {
        $locations = $ws . <<"_EOC_";
location = /twiml { convrelay_twiml wss://example.com/ws;
$in{twiml}
}
location = /end { convrelay_connect_action;
$in{end}
}
$in{server}
_EOC_
    }

    return <<"_EOC_";
load_module $module;
pid $dir/nginx.pid;
events {}
http {
proxy_cache_path $dir/cache keys_zone=c:1m;
$auth
$env
$in{http}
server {
listen unix:$dir/socket;
$locations
}
}
_EOC_
}


# what names a line other than that of the mistake, or of its location

sub elsewhere {
    my ($place, $text, @said) = @_;

    $text = 'convrelay_env_file' if $place =~ /^(?:env|readable)$/;

    $text = 'location = /ws { convrelay;' if $place eq 'unsigned';

    my ($before) = slurp('nginx.conf') =~ /\A(.*?)^\Q$text\E/ms;
    my $at = 1 + $before =~ tr/\n//;
    my %known = map { $_ => 1 } $at, $place =~ /^(?:ws|twiml|end)$/ ? $at - 1
                                                                    : ();

    return join "\n", grep { m{ in \./conf/nginx\.conf:(\d+)} && !$known{$1} }
                           @said;
}


sub slurp {
    my $file = shift;

    open my $fh, '<', "$conf/$file" or die "$conf/$file: $!";
    local $/;

    return scalar <$fh>;
}


sub save {
    my ($name, $content) = @_;

    unlink "$conf/$name";

    open my $file, '>:raw', "$conf/$name" or die "$conf/$name: $!";
    print {$file} $content;
    close $file or die "$conf/$name: $!";
}
