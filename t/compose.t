# compose.yaml as far as it can be tried without an engine: its files are there,
# its addresses are those of the configurations that it mounts, and these start
# in the image with the environment that it gives them.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Image;
use ConvRelay::Nginx;
use Test::More;

my $root = ConvRelay::Nginx->root;

plan skip_all => 'needs YAML::XS'
    if !eval { require YAML::XS; 1 } && !$ENV{TEST_NGINX_ALL};

my $image = ConvRelay::Image->new;
my $compose = YAML::XS::Load(slurp('compose.yaml'));
my %service = map { $_ => merged($_) } keys %{$compose->{services}};
my %address = map {
    $_ => $service{$_}{networks}{phone}{ipv4_address}
} keys %service;
my $doc = slurp('docs/container.md');
my $conf = slurp('conf-examples/two-machines.conf');
my $cfg = slurp('conf-examples/haproxy-two-machines.cfg');

is_deeply [ sort keys %service ],
          [qw( agent-1 agent-2 balancer crm redis-1 redis-2 )],
          'two agents, two Redis servers, a balancer, a receiver';

for my $name (sort keys %service) {
    for my $volume (@{$service{$name}{volumes} // []}) {
        my ($from, $to, $mode) = split /:/, $volume;

        ok -e "$root/$from" || $from eq './certs', "$name: $from is there";
        is $mode, 'ro', '... and mounted read-only';
    }

    ok $service{$name}{read_only}, "$name: its root is read-only";
    like $address{$name}, qr/^10\.0\.0\.\d+$/, '... it has an address';
}

is_deeply { map { $_ => $address{$_} } 'agent-1', 'agent-2' },
          { $cfg =~ /^ +server (\S+) ([\d.]+):8080$/mg },
          'the balancer knows the agents';

like $conf, qr/server +\Q$address{$_}\E:6379/, "the agents know $_"
    for 'redis-1', 'redis-2';
like $conf, qr/server +\Q$address{crm}\E:8080/, '... and the receiver';
like "@{$service{'redis-2'}{command}}", qr/--replicaof \Q$address{'redis-1'} /,
     'redis-2 is the replica of redis-1';


# secrets

my $environment = $service{'agent-1'}{environment};
my %file = map { $_ => 1 } @{$service{'agent-1'}{secrets}};

for my $name (unique($conf =~ /\$convrelay_env_(\w+)/g, 'OPENAI_API_KEY')) {
    my $file = lc $name;

    next if exists $environment->{$name};

    is $environment->{"${name}_FILE"}, "/run/secrets/$file",
       "$name is in a file";
    ok $file{$file} && $compose->{secrets}{$file}{file}, '... that is one';
    ok $doc =~ m{\bsecrets/$file\n}, '... and documented';
}

like slurp('.dockerignore'), qr/^$_$/m, "$_ does not get into the image"
    for 'secrets', 'certs';


# as the services are started

my ($token) = '0123456789abcdef0123456789abcdef';
my $variables = join ' ', map {
    "$_=" . ($environment->{$_} =~ /^\$\{/ ? 'calls.example.com'
             : $environment->{$_})
} sort keys %$environment;

my ($said, $code) = $image->run(<<"_EOC_");
mount -t tmpfs -o mode=755 none \$image/run
mkdir \$image/run/secrets
for name in @{[ sort keys %file ]}; do
    echo $token > \$image/run/secrets/\$name
done
mounted $root/conf-examples/two-machines.conf nginx.conf
user=$service{'agent-1'}{user}
started $variables
run entrypoint health && echo healthy
get http://127.0.0.1:8080/alive
call -e Hello > /dev/null
grep -c '"GET /ws" 101' \$image/tmp/log
_EOC_

is $said, "healthy\n204\n1\n", 'an agent starts, and takes a call';

($said, $code) = $image->run(<<"_EOC_");
mounted $root/conf-examples/compose/crm.conf conf.d/default.conf
user=$service{crm}{user}
started
run entrypoint health && echo healthy
curl -s -o /dev/null -w '%{http_code}\\n' -H 'Idempotency-Key: k1' -d '{}' \\
    http://127.0.0.1:8080/calls
grep -c 'report k1' \$image/tmp/log
_EOC_

is $said, "healthy\n204\n1\n", 'the receiver takes a report, without settings';

done_testing;


# a service with what "<<" brings to it, as it is in Compose

sub merged {
    my $service = $compose->{services}{$_[0]};

    return { %{$service->{'<<'} // {}}, %$service };
}


sub unique {
    my %found = map { $_ => 1 } @_;

    return sort keys %found;
}


sub slurp {
    open my $fh, '<', "$root/$_[0]" or die "$_[0]: $!\n";
    local $/;
    return scalar <$fh>;
}
