package ConvRelay::Terminal;

# Runs a program at a terminal, and knows what is on its screen:
#
#     my $t = ConvRelay::Terminal->new(cols => 60, rows => 20, env => {...});
#     $t->start('convrelay-call', $url);
#     $t->type("Hello\r");
#     $t->wait_for(qr/agent .*Hi/);       # on the screen; dies after 15 s
#     $t->screen                          # rows, without blanks at their end
#     $t->text                            # what scrolled off and the screen,
#                                         # without empty rows at the end
#     $t->resize(40);
#     $t->finish                          # the exit code
#
# It knows the sequences that libedit and convrelay-call send to an xterm, and
# dies of any other.

use strict;
use warnings;

use Encode ();
use IO::Pty;
use POSIX ();
use Time::HiRes qw( time );


sub new {
    my ($class, %args) = @_;
    my $self = bless {
        cols => 80, rows => 24, env => {}, %args, raw => '', rest => '',
        bytes => '', gone => [], x => 0, y => 0,
    }, $class;

    $self->{cells} = [map { [] } 1 .. $self->{rows}];

    return $self;
}


sub start {
    my ($self, @command) = @_;
    my $pty = $self->{pty} = IO::Pty->new;
    my $slave = $pty->slave;

    $slave->set_winsize($self->{rows}, $self->{cols});
    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        $pty->make_slave_controlling_terminal;
        close $pty;

        open STDIN, '<&', $slave;
        open STDOUT, '>&', $slave;
        open STDERR, '>&', $slave;

        delete @ENV{qw( TWILIO_AUTH_TOKEN NO_COLOR LC_ALL LC_CTYPE LANG
                        XDG_STATE_HOME http_proxy https_proxy )};
        @ENV{qw( TERM CONVRELAY_CALL_HISTORY )} = ('xterm', '');

        for my $name (keys %{$self->{env}}) {
            my $value = $self->{env}{$name};
            defined $value ? ($ENV{$name} = $value) : delete $ENV{$name};
        }

        if ($ENV{ASAN_OPTIONS}) {
            $ENV{ASAN_OPTIONS} =~ s/:log_path=[^:]*//;
        }

        alarm(60 * ($ENV{TEST_NGINX_SLOW} // 1));
        exec @command or POSIX::_exit(127);
    }

    $pty->close_slave;

    return $self;
}


sub type {
    my ($self, $keys) = @_;

    utf8::encode($keys) if utf8::is_utf8($keys);
    syswrite $self->{pty}, $keys;
}


sub resize {
    my ($self, $cols) = @_;

    $self->{cols} = $cols;
    $self->{pty}->set_winsize($self->{rows}, $cols);
    kill WINCH => $self->{pid};
}


sub signal { kill $_[1] => $_[0]{pid} }


# reads for so many seconds, or until the program has ended; true: it has not

sub run {
    my ($self, $seconds) = @_;
    my $until = time + $seconds;

    while ((my $left = $until - time) > 0) {
        vec(my $in = '', fileno $self->{pty}, 1) = 1;

        select $in, undef, undef, $left or next;
        sysread $self->{pty}, my $bytes, 65536 or return 0;

        $self->feed($bytes);
        return 1 if $self->{until} && $self->text =~ $self->{until};
    }

    return 1;
}


sub wait_for {
    my ($self, $pattern) = @_;

    return 1 if $self->text =~ $pattern;

    local $self->{until} = $pattern;

    $self->run(15 * ($ENV{TEST_NGINX_SLOW} // 1));

    return $self->text =~ $pattern ? 1 : 0;
}


sub finish {
    my $self = shift;

    $self->run(15 * ($ENV{TEST_NGINX_SLOW} // 1));
    kill KILL => $self->{pid} if waitpid($self->{pid}, POSIX::WNOHANG()) == 0
                                 and !$self->ended;

    return $self->{code} // ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8);
}


sub ended {
    my $self = shift;

    for (1 .. 50) {
        my $pid = waitpid $self->{pid}, POSIX::WNOHANG();

        if ($pid != 0) {
            $self->{code} = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
            return 1;
        }

        select undef, undef, undef, 0.1;
    }

    $self->{code} = 'did not end';

    return 0;
}


sub screen {
    my $self = shift;

    return map { join('', map { $_ // ' ' } @$_) =~ s/ +$//r }
           @{$self->{cells}};
}


sub text {
    my $self = shift;

    return join("\n", @{$self->{gone}}, $self->screen) =~ s/\n+\z//r;
}


sub raw { return $_[0]{bytes} }


sub feed {
    my ($self, $bytes) = @_;

    $self->{bytes} .= $bytes;
    $self->{rest} .= $bytes;

    my $text = Encode::decode('UTF-8', $self->{rest}, Encode::FB_QUIET);

    $self->{pending} .= $text;

    local $_ = delete $self->{pending};

    while (length) {

        if (s/^\r//) {
            $self->{x} = 0;

        } elsif (s/^\n//) {
            $self->down;

        } elsif (s/^\x08//) {
            $self->{x} = $self->{cols} - 1 if $self->{x} >= $self->{cols};
            $self->{x}-- if $self->{x};

        } elsif (s/^\a//) {
            # a bell

        } elsif (s/^\e\[([\d;?]*)([A-Za-z@])//) {
            $self->control($1, $2);

        } elsif (/^\e(?:\[[\d;?]*)?$/) {
            $self->{pending} = $_;
            last;

        } elsif (s/^([^\x00-\x1f\x7f])//) {
            $self->put($1);

        } else {
            die 'unknown to the terminal: ',
                s/([^ -~])/sprintf '\\x%02x', ord $1/ger, "\n";
        }
    }

    $self->{pending} //= '';
}


sub width {
    my $ch = shift;

    return 0 if $ch =~ /^\p{Mn}/;
    return 2 if $ch =~ /^(?:\p{EastAsianWidth=Wide}|\p{EastAsianWidth=F})/;
    return 1;
}


sub put {
    my ($self, $ch) = @_;
    my $width = width($ch);

    if ($width == 0) {
        my $x = $self->{x} ? $self->{x} - 1 : 0;
        $x-- if $x && ($self->{cells}[$self->{y}][$x] // ' ') eq '';
        $self->{cells}[$self->{y}][$x] .= $ch;
        return;
    }

    if ($self->{x} + $width > $self->{cols}) {
        $self->{x} = 0;
        $self->down;
    }

    $self->{cells}[$self->{y}][$self->{x}] = $ch;
    $self->{cells}[$self->{y}][$self->{x} + 1] = '' if $width == 2;
    $self->{x} += $width;
}


sub down {
    my $self = shift;

    if ($self->{y} < $self->{rows} - 1) {
        $self->{y}++;
        return;
    }

    push @{$self->{gone}}, ($self->screen)[0];
    shift @{$self->{cells}};
    push @{$self->{cells}}, [];
}


sub control {
    my ($self, $args, $name) = @_;
    my ($n) = $args =~ /^(\d+)/;
    my $row = $self->{cells}[$self->{y}];
    my $by = $n || 1;

    $self->{x} = $self->{cols} - 1
        if $self->{x} >= $self->{cols} && $name =~ /[CDJK]/;

    if ($name eq 'A') {
        $self->{y} = $self->{y} < $by ? 0 : $self->{y} - $by;

    } elsif ($name eq 'B') {
        $self->{y} += $by;
        $self->{y} = $self->{rows} - 1 if $self->{y} >= $self->{rows};

    } elsif ($name eq 'C') {
        $self->{x} += $by;
        $self->{x} = $self->{cols} - 1 if $self->{x} >= $self->{cols};

    } elsif ($name eq 'D') {
        $self->{x} = $self->{x} < $by ? 0 : $self->{x} - $by;

    } elsif ($name eq 'G') {
        $self->{x} = $by - 1;

    } elsif ($name eq 'H') {
        @$self{qw( x y )} = (0, 0);

    } elsif ($name eq 'J') {
        my $from = ($n // 0) == 2 ? 0 : $self->{y} + 1;

        $#$row = $self->{x} - 1 if $#$row >= $self->{x};
        $self->{cells}[$_] = [] for $from .. $self->{rows} - 1;

    } elsif ($name eq 'K') {
        $#$row = $self->{x} - 1 if $#$row >= $self->{x};

    } elsif ($name eq 'P') {
        splice @$row, $self->{x}, $by if $self->{x} < @$row;

    } elsif ($name eq '@') {
        push @$row, ' ' while @$row < $self->{x};
        splice @$row, $self->{x}, 0, (' ') x $by;

    } elsif ($name !~ /^[mhl]$/) {
        die "unknown to the terminal: CSI $args $name\n";
    }
}


sub DESTROY {
    my $self = shift;

    kill KILL => $self->{pid} if $self->{pid} && !defined $self->{code};
}


1;
