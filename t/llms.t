# docs/llms.md: a call in each of its locations, as it is pasted, against a
# server with the vendor's name, certificate and format.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Call;
use ConvRelay::Examples qw( certificates copy_examples );
use ConvRelay::Nginx;
use JSON::PP ();
use Test::More;

# the format of a host; where a key is, and what else the request must have

my %hosts = (
    'api.openai.com' => [ 'none', '/v1/chat/completions',
                          'Bearer key-OPENAI_API_KEY', '',
                          { model => 'gpt-4o-mini' } ],
    'birch.openai.azure.com' => [ 'azure', '/openai/v1/chat/completions', '',
                                  'key-AZURE_API_KEY',
                                  { model => 'my-deployment' } ],
    'generativelanguage.googleapis.com' => [
        'gemini', '/v1beta/openai/chat/completions',
        'Bearer key-GEMINI_API_KEY', '',
        { model => 'gemini-2.5-flash', reasoning_effort => 'none' } ],
    'api.anthropic.com' => [ 'none', '/v1/chat/completions',
                             'Bearer key-ANTHROPIC_API_KEY', '',
                             { max_tokens => 220 } ],
    'api.groq.com' => [ 'groq', '/openai/v1/chat/completions',
                        'Bearer key-GROQ_API_KEY', '',
                        { max_completion_tokens => 220 } ],
    'openrouter.ai' => [ 'openrouter', '/api/v1/chat/completions',
                         'Bearer key-OPENROUTER_API_KEY', '', {} ],
    '127.0.0.1:8000' => [ 'vllm', '/v1/chat/completions', '', '',
                          { chat_template_kwargs => {
                                enable_thinking => JSON::PP::false } } ],
    '127.0.0.1:8081' => [ 'llamacpp', '/v1/chat/completions', '', '',
                          { max_tokens => 220 } ],
    '127.0.0.1:11434' => [ 'ollama', '/v1/chat/completions', '', '',
                           { model => 'llama3.2', max_tokens => 220 } ],
);

my @names = sort grep { !/^127/ } keys %hosts;
my @own = sort grep { /^127/ } keys %hosts;
my %port = map { $own[$_] => $_ + 1 } 0 .. $#own;

my $page = slurp(ConvRelay::Nginx->root . '/docs/llms.md');
my @blocks = $page =~ /^```nginx\n(.*?)^```$/msg;

my $api = ConvRelay::Nginx->new;

certificates($api, @names);

$api->http(<<'_EOC_' . join '', map { server($_) } sort keys %hosts);
    log_format  api  escape=none
        '["$host","$request_uri","$http_authorization","$http_api_key",'
        '$connection_requests,$request_body]';
_EOC_

$api->start;

my %seen;

for my $n (0 .. $#blocks) {
    my ($host) = $blocks[$n] =~ /^ +server +(\S+?)(?::443)?;/m;
    my $nginx = configure($blocks[$n]);

    $nginx->start;

    my $call = ConvRelay::Call->dial($nginx->port, '/ws');

    $call->setup;

    is $call->ask("Hi, $host"), "Hi, $host", "$host: a turn";
    is $call->ask('And again'), 'And again', '... another one';
    is $call->hangup, 1000, '... the end';

    my $before = $seen{$host} // 0;
    my @asked;

    ConvRelay::Nginx::wait_for(5, sub {
        @asked = grep { /Hi, \Q$host\E/ } split /\n/, $api->log('api');
        @asked == 2 * ($before + 1);
    });

    @asked = map { JSON::PP::decode_json($_) } @asked;

    my (undef, $uri, $bearer, $key, $fields) = @{$hosts{$host}};
    my ($first, $second) = @asked[-2, -1];

    is_deeply [ @{$first}[1 .. 3] ], [ $uri, $bearer, $key ],
              '... the URL and the key';
    is $first->[0], $host, '... the Host' if $host !~ /^127/;
    cmp_ok $second->[4], '>', $first->[4], '... one connection';

    is_deeply { map { $_ => $first->[5]{$_} } keys %$fields }, $fields,
              '... the fields';

    $seen{$host}++;

    $nginx->stop;

    is_deeply [ $nginx->complaints('warn|error|crit|alert|emerg') ], [],
              '... no complaint';
}

is_deeply [ sort keys %seen ], [ sort keys %hosts ], 'each is in the page';


# the last block has two; the first of them is down

my $nginx = configure($blocks[-1], 'api.openai.com');

$nginx->start;

my $call = ConvRelay::Call->dial($nginx->port, '/ws');

$call->setup;
is $call->ask('Is Groq there?'), 'Is Groq there?',
   'the fallback answers where the first LLM does not';
is $call->hangup, 1000, '... the call ends';
like $api->log('api'), qr/"api.groq.com","[^\n]*openai\/gpt-oss-120b[^\n]*Groq/,
     '... it was Groq';

$nginx->stop;
$api->stop;

done_testing;


sub server {
    my $host = shift;
    my $quirk = $hosts{$host}[0];
    my $listen = $port{$host} ? "127.0.0.1:%%PORT_$port{$host}%%"
                              : '127.0.0.1:%%PORT%% ssl';
    my $tls = $port{$host} ? '' : "server_name $host;"
              . " ssl_certificate $host.crt; ssl_certificate_key $host.key;";

    return <<"_EOC_";
    server {
        listen  $listen;
        $tls
        access_log           logs/api.log api;
        keepalive_timeout    30s;

        location / {
            convrelay_mock_llm  answer=repeat first=1ms interval=1ms
                                quirk=$quirk;
        }
    }
_EOC_
}


# only the addresses and the file of trusted certificates are ours

sub configure {
    my ($block, $down) = @_;
    my $nginx = ConvRelay::Nginx->new;

    copy_examples($nginx, '127.0.0.1:9');

    for my $name (@names) {
        my $port = $down && $name eq $down ? 1 : $api->port;

        $block =~ s/^( +server +)\Q$name\E:443;/$1 127.0.0.1:$port;/m;
    }

    for my $name (@own) {
        my $port = $api->port($port{$name});

        $block =~ s/^( +server +)\Q$name\E;/$1 127.0.0.1:$port;/m;
    }

    my $upstreams = '';

    $upstreams .= $1 while $block =~ s/^(upstream .*?^\}\n)//ms;

    $nginx->write('ca.crt', slurp($api->dir . '/conf/ca.crt'));
    $nginx->write('.env.local', join '', map { "$_=key-$_\n" }
                                         $page =~ /\$convrelay_env_(\w+)/g);
    chmod 0600, $nginx->dir . '/conf/.env.local';

    $nginx->http(<<"_EOC_");
    convrelay_env_file  .env.local;
    $upstreams
    server {
        listen                127.0.0.1:%%PORT%%;
        convrelay_auth_token  off;
        $block
    }
_EOC_

    return $nginx;
}


sub slurp {
    open my $fh, '<', shift or die "$!\n";
    local $/;
    return scalar <$fh>;
}
