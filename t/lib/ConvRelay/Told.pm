package ConvRelay::Told;

# What a model was told of its tools, by the messages of its last request,
# against what was invoked.  Each call has a key of its own, "k1", in its
# arguments, and the result of a success is {"done":"k1"}:
#
#     my $told = ConvRelay::Told->new($messages);
#     $told->open                     true while a result is still to come
#     my @faults = $told->faults(\%invoked, \%of_this_call);   by key
#     my $kinds = $told->kinds;       done, failed, cancelled, running

use strict;
use warnings;


sub new {
    my ($class, $messages) = @_;

    return bless { messages => $messages, kinds => {} }, $class;
}


sub calls {
    my $self = shift;

    return map { @{$_->{tool_calls} // []} } @{$self->{messages}};
}


# the result of what still ran comes in a call of its own, with the same
# arguments

sub open {
    my $self = shift;

    my %late = map { $_->{function}{arguments} => 1 }
               grep { $_->{id} =~ /^late_/ } $self->calls;

    my %arguments = map { $_->{id} => $_->{function}{arguments} } $self->calls;

    return scalar grep { $_->{role} eq 'tool'
                         && $_->{content} =~ /still running/
                         && !$late{$arguments{$_->{tool_call_id}}} }
                       @{$self->{messages}};
}


sub faults {
    my ($self, $invoked, $own) = @_;
    my $kinds = $self->{kinds};
    my (@faults, %calls, %told);

    for my $m (@{$self->{messages}}) {
        $calls{$_->{id}} = $_->{function} for @{$m->{tool_calls} // []};

        next if $m->{role} ne 'tool';

        my $f = delete $calls{$m->{tool_call_id}}
            or push(@faults, 'a result without a call'), next;
        my ($key) = $f->{arguments} =~ /(k\d+)/;

        if ($m->{content} =~ /still running/) {
            $told{$key} //= 0;
            $kinds->{running}++;
            next;
        }

        $told{$key}++;

        if ($m->{content} =~ /"done":"(k\d+)"/) {
            push @faults, "$key got the result of $1" if $1 ne $key;
            push @faults, "$key was never asked" if !$invoked->{$key};
            $kinds->{done}++;

        } else {
            push @faults, "$key: $m->{content}"
                if $m->{content} !~ /^\{"ok":false.*NOT done/;
            $kinds->{$m->{content} =~ /cancelled/ ? 'cancelled' : 'failed'}++;
        }
    }

    push @faults, 'a call without a result' if %calls;
    push @faults, map { "$_ was told $told{$_} times" }
                  grep { $told{$_} != 1 } sort keys %told;
    push @faults, map { "$_ was lost" }
                  grep { !exists $told{$_} } sort keys %$own;

    return @faults;
}


sub kinds { return $_[0]{kinds} }


1;
