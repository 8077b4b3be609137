package ConvRelay::Status;

# What convrelay_status shows, read as Prometheus and as a script would:
#
#     my $status = ConvRelay::Status->new($port, '/status');
#     $status->read;                               scrapes again
#     $status->value('turns_total', location => '/ws', outcome => 'failed');
#     $status->total('calls', state => 'thinking');    the sum of all that fit
#     $status->wait(sub { ... });                  until it is true
#     $status->text
#
#     ConvRelay::Status::get($port, $path, $method)    head and body
#     ConvRelay::Status::json($port, $path)            decoded

use strict;
use warnings;

use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes qw( sleep time );


sub new {
    my ($class, $port, $path) = @_;

    return bless { port => $port, path => $path }, $class;
}


sub get {
    my ($port, $path, $method, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port, Timeout => 5)
        or die "port $port: $!\n";

    $method //= 'GET';

    print $sock join "\r\n", "$method $path HTTP/1.1", 'Host: localhost',
                             'Connection: close', @headers, '', '';

    my $all = do { local $/; <$sock> };

    return split /\r\n\r\n/, $all, 2;
}


sub json {
    my (undef, $body) = get(@_);

    return JSON::PP::decode_json($body);
}


sub read {
    my $self = shift;

    my ($head, $body) = get($self->{port}, $self->{path});

    die "$head\n" if $head !~ m{^HTTP/1.1 200 };

    $self->{text} = $body;
    $self->{samples} = [];

    for (split /\n/, $body) {
        next if /^#/;

        /^convrelay_(\w+)(?:\{(.*)\})? (\S+)$/ or die "odd sample: $_\n";

        my ($name, $labels, $value) = ($1, $2 // '', $3);
        my %labels = $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g;

        push @{$self->{samples}}, [ $name, \%labels, $value ];
    }

    return $self;
}


sub text { return $_[0]{text} }


sub fits {
    my ($self, $name, %labels) = @_;

    return grep {
        my $sample = $_;

        $sample->[0] eq $name
            && !grep { ($sample->[1]{$_} // '') ne $labels{$_} } keys %labels
    } @{$self->{samples}};
}


sub value {
    my ($self, $name, @labels) = @_;
    my @fits = $self->fits($name, @labels);

    return @fits == 1 ? $fits[0][2] : @fits . ' samples';
}


sub total {
    my $self = shift;
    my $sum = 0;

    $sum += $_->[2] for $self->fits(@_);

    return $sum;
}


sub wait {
    my ($self, $test) = @_;

    my $until = time + 5 * ($ENV{TEST_NGINX_SLOW} // 1);

    while (time < $until) {
        $self->read;

        return 1 if $test->($self);

        sleep 0.05;
    }

    return 0;
}


1;
