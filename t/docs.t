# The docs: links lead somewhere, JSON is JSON, words are spelled right, and each
# configuration is one that nginx accepts.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Examples qw( certificates copy_examples );
use ConvRelay::Nginx;
use File::Basename qw( dirname );
use JSON::PP ();
use Test::More;

my $root = ConvRelay::Nginx->root;
my @pages = map { s{^\Q$root\E/}{}r }
            glob "$root/{README,CONTRIBUTING,CHANGELOG}.md $root/docs/*.md";

my %text = map { $_ => slurp($_) } @pages;
my %anchors = map { $_ => { map { $_ => 1 } anchors($text{$_}) } } @pages;

# a map or an upstream that another block of the page has, or the reader's own

my %maps = (
    reply  => 'map "" $reply { default hangup; }',
    again  => 'map "" $again { default hangup; }',
    bridge => 'map "" $bridge { default ""; }',
    tenant => 'map "" $tenant { default birch; }',

    connection_upgrade => 'map $http_upgrade $connection_upgrade { "" ""; }',
);

my %upstreams = (
    openai => 'include convrelay_openai_upstream.conf;',
    crm    => 'upstream crm { server 127.0.0.1:9; }',
);


# Debian's modules, where they are installed

my $memc = '/usr/lib/nginx/modules/ngx_http_memc_module.so';
my @lua = map { "/usr/lib/nginx/modules/$_.so" }
          'ndk_http_module', 'ngx_http_lua_module';


for my $page (@pages) {
    my @wrong = wrong_links($page);

    is "@wrong", '', "$page: its links lead somewhere";

    $text{'README.md'} =~ /\(\Q$page\E[#)]/ or $page eq 'README.md'
        or fail "$page: the README does not name it";
}

cmp_ok scalar(split /\n/, $text{'README.md'}), '<', 250,
       'the README is not long';

my $authority = ConvRelay::Nginx->new;
certificates($authority, 'own');
my ($ca, $own) = map { slurp($authority->dir . "/conf/$_") } 'ca.crt', 'own.crt';
$own .= slurp($authority->dir . '/conf/own.key');

my $n = 0;

for my $page (@pages) {
    for my $block (blocks($text{$page}, 'json')) {
        ok eval { JSON::PP->new->utf8->decode($block->{text}); 1 },
           "$page:$block->{line}: JSON" or diag $@;
    }

    for my $block (blocks($text{$page}, 'nginx')) {
        next if $block->{text} =~ /\bmemc_pass\b/ && !-e $memc;
        next if $block->{text} =~ /_by_lua_block\b/ && !-e $lua[1];

        my ($said, $code) = accepted($block->{text});

        is $code, 0, "$page:$block->{line}: nginx accepts it" or diag $said;

        $n++;
    }
}

cmp_ok $n, '>=', 30, 'there are configurations';

# what docs/comparison.md says is what was measured

{
    my %measured = rows('docs/performance.md');
    my %said = rows('docs/comparison.md');
    my @names = ('convrelay', 'FastAPI', 'Node', 'nginx, Lua', 'Go');

    for (['CPU per token at 8,300/s, µs', 'CPU per token at 8,300 tokens/s, µs'],
         ['added delay p99, ms'],
         ['memory per idle call, KiB', 'memory per idle call (with TLS), KiB'],
         ['interrupt to closed upstream, ms'])
    {
        my ($row, $other) = @$_;
        my $measured = $measured{$other // $row};
        my %at = map { $measured{''}[$_] =~ s/^\[(\w+)\].*/$1/r => $_ }
                 0 .. $#{$measured{''}};
        my @said = @{$said{$row}}[0 .. 3];

        is join(', ', @said),
           join(', ', map { $measured->[$at{$_}] =~ s/ \(.*//r } @names),
           "docs/comparison.md: $row";
    }
}

# the test that docs/testing.md shows, with the mock as it is there

{
    my $nginx = ConvRelay::Nginx->new;
    my ($text) = map { $_->{text} } blocks($text{'docs/testing.md'}, 'nginx');
    my ($test) = map { $_->{text} } blocks($text{'docs/testing.md'}, 'scenario');

    mkdir $nginx->dir . '/conf/tools';
    opening_hours($nginx);

    $nginx->http("server { listen 127.0.0.1:%%PORT%%; convrelay_auth_token off;"
                 . " $text }");
    $nginx->start;
    $nginx->write('hours.txt', $test);

    my $call = ConvRelay::Nginx->build . '/convrelay-call --pace 5ms --tap -s '
               . $nginx->dir . '/conf/hours.txt ws://127.0.0.1:'
               . $nginx->port . '/ws';
    my $said = qx{$call 2>&1};

    is $?, 0, 'the test of docs/testing.md passes' or diag $said;
    like $said, qr/^1\.\.3$/m, '... with its three expectations';

    $nginx->stop;
}

SKIP: {
    my $codespell = grep { -x "$_/codespell" } split /:/, $ENV{PATH};

    skip 'codespell is not installed', 1 if !$codespell;

    # Spanish in an example

    my @files = (@pages, map { s{^\Q$root\E/}{}r }
                  glob "$root/conf-examples/*.conf $root/src/caller/*.1");
    my $said = join '', qx{cd '$root' && codespell -L momento @files 2>&1};

    is $said, '', 'nothing is misspelled';
}

done_testing;


# the code blocks of a language, as they are pasted

sub blocks {
    my ($text, $language) = @_;
    my ($line, $block, @found) = (0);

    for (split /^/, $text) {
        $line++;

        if ($block) {
            if (/^\s*```\s*$/) {
                my ($blanks) = $block->{text} =~ /^( *)/;

                $block->{text} =~ s/^$blanks//mg;
                push @found, $block if $block->{language} eq $language;

                undef $block;
                next;
            }

            $block->{text} .= $_;

        } elsif (/^\s*```(\w*)\s*$/) {
            $block = { language => $1, line => $line + 1, text => '' };
        }
    }

    return @found;
}


sub anchors {
    my $text = shift =~ s/^\s*```.*?^\s*```\s*$//gmsr;

    return map { lc =~ s/[^\w\- ]//gr =~ tr/ /-/r } $text =~ /^#+ (.*)$/mg;
}


sub wrong_links {
    my $page = shift;
    my $dir = dirname($page);
    my $text = $text{$page} =~ s/^\s*```.*?^\s*```\s*$//gmsr =~ s/(`+).*?\1//gr;
    my @wrong;

    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^[a-z]+:/;

        my ($file, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $target = $file eq '' ? $page
                   : $dir eq '.' ? $file : "$dir/$file";

        1 while $target =~ s{[^/]+/\.\./}{};

        push @wrong, $link
            if !-e "$root/$target"
               || defined $anchor && !$anchors{$target}{$anchor};
    }

    return @wrong;
}


# Where a block is not a whole configuration, "map" and what else belongs into
# http goes there, "proxy_pass" and "resolver" into a location of its own, and
# the rest into the server.  "..." stands for what the reader has.

sub accepted {
    my $text = shift;
    my $nginx = ConvRelay::Nginx->new;

    $text =~ s/^(\s*)\.\.\.\n/$1proxy_pass https:\/\/openai\/v1;\n/mg
        if $text !~ /proxy_pass\s+https/;
    $text =~ s/^\s*\.\.\.\n//mg;
    $text =~ s/\bapi\.mistral\.ai\b/127.0.0.1/g;
    $text =~ s/^( +server +)[\w.-]+:/${1}127.0.0.1:/mg;

    copy_examples($nginx, '127.0.0.1:9');

    my $conf = $nginx->dir . '/conf';

    mkdir "$conf/prompts";
    mkdir "$conf/modules";

    $nginx->write("prompts/$_.txt", "You are an agent.\n")
        for qw( agent birch harbour );

    my ($words) = grep { $_->{text} =~ /products/ }
                  blocks($text{'docs/reference.md'}, '');

    $nginx->write('words.txt', $words->{text});
    $nginx->write('ca.crt', $ca);
    $nginx->write('redis-ca.crt', $ca);
    opening_hours($nginx);
    $nginx->write('.env', "NGROK_URL=voice.example.com\n");
    $nginx->write('.env.local', join '', map { "$_=secret0123456789\n" }
                                         grep { $_ ne 'NGROK_URL' }
                                         $text =~ /\$convrelay_env_(\w+)/g);
    chmod 0600, "$conf/.env.local";

    $text =~ s{/etc/letsencrypt/live/\S+\.pem}{own.pem}g;
    $text =~ s/^( *listen +)\d+ ssl/$1 127.0.0.1:%%PORT_1%% ssl/mg;
    $nginx->write('own.pem', $own);

    if ($text =~ /^http \{/m) {
        my $redis = $text =~ s/^load_module .*redis_module.so;\n//m;

        $text =~ s/^load_module .*\n//mg;
        $text = 'load_module ' . ConvRelay::Nginx->build
                . "/ngx_http_convrelay_redis_module.so;\n$text" if $redis;
        $text =~ s/^( *listen +)(?:[\d.]+:)?\d+;/$1 127.0.0.1:%%PORT%%;/mg;
        $text = "events { }\n$text" if $text !~ /^events/m;

        $nginx->write('nginx.conf', "%%MODULES%%\n$text");

        return $nginx->test;
    }

    my ($http, $server, $location) = ('', '', '');

    for my $directive (directives($text)) {
        my ($name) = $directive =~ /^\s*(?:#.*\n|\s)*([\w]+)/ or next;

        $name =~ /^(?:map|upstream|server|log_format|convrelay_(?:store_)?zone|
                      convrelay_env\w*)$/x ? $http .= $directive
      : $name =~ /^(?:proxy_pass|resolver\w*)$/ ? $location .= $directive
      : ($server .= $directive);
    }

    for my $name (sort keys %maps) {
        $http .= "$maps{$name}\n"
            if $text =~ /\$$name\b/ && $http !~ /^map \S+ \$$name /m;
    }

    for my $name (sort keys %upstreams) {
        $http .= "$upstreams{$name}\n"
            if $text =~ m{://$name/} || $name eq 'openai';
    }

    $http .= "convrelay_zone calls 4m;\n" if $text =~ /convrelay_status/;
    $http .= "convrelay_env_file .env;\nconvrelay_env_file .env.local;\n";

    $server .= "location = $1 { internal; }\n"
        if $server =~ m{ uri=(\S+)} && $server !~ /^location = \Q$1\E /m;

    $location = "location = /own { $location }\n" if $location ne '';

    $server .= "location = /other { convrelay;"
               . " proxy_pass https://openai/v1/chat/completions; }\n"
        if $server !~ /^\s+convrelay;/m;

    my $main = join '', map { "load_module $_;\n" }
               $text =~ /\bmemc_pass\b/ ? $memc
             : $text =~ /_by_lua_block\b/ ? @lua : ();

    $nginx->http(<<"_EOC_", $main);
$http
server {
    listen                127.0.0.1:%%PORT%%;
    convrelay_auth_token  0123456789abcdef0123456789abcdef;

$server
$location
}
_EOC_

    return $nginx->test;
}


# the first table that has a row of each name: its other cells; '' is its head

sub rows {
    my %rows;

    for ($text{$_[0]} =~ /^\|(.*)\|$/mg) {
        my ($name, @cells) = map { s/^ +| +$//gr } split /\|/;

        $rows{$name} //= \@cells if @cells > 4;
    }

    return %rows;
}


# the definition in docs/tools.md

sub opening_hours {
    my $nginx = shift;

    $nginx->write('tools/opening_hours.json',
                  (blocks($text{'docs/tools.md'}, 'json'))[0]{text});
}


# each with its block and the comments in front of it

sub directives {
    my $text = shift;
    my @found;

    push @found, $1
        while $text =~ /\G((?:\s|\#.*\n)*
                          (?:[^;{}"'\#\s]|"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|\s)+
                          (?:;|(\{(?:[^{}"'\#]|\#.*|"[^"]*"|'[^']*'|(?2))*\}))
                          (?:[ ]*\#.*)?\n?)/xgc;

    $text =~ /\G(?:\s|#.*\n?)*\z/
        or push @found, substr($text, pos($text) // 0) . ' # not understood';

    return @found;
}


sub slurp {
    my $file = shift;

    $file = "$root/$file" if $file !~ m{^/};

    open my $fh, '<', $file or die "$file: $!\n";
    local $/;

    return scalar <$fh>;
}
