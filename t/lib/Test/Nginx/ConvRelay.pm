package Test::Nginx::ConvRelay;

# Test::Nginx for this project.  A test file is
#
#     use lib 't/lib';
#     use Test::Nginx::ConvRelay;
#
#     run_tests();
#
#     __DATA__
#
#     === TEST 1: a prompt is answered
#     --- config
#     location = /ws {
#         convrelay;
#         proxy_pass  http://llm/v1/chat/completions;
#     }
#     --- llm: "answer=say:Hello."
#     --- call
#     local call = dial("/ws")
#     call:setup()
#     call:ask("Hi")
#     call:hangup()
#     --- response_body
#     > setup
#     > prompt "Hi"
#     < "Hello."
#     > close 1000
#     < close 1000
#
# New sections:
#
#     call   Lua, run as the body of "location = /t", which is requested;
#            dial(), frame() and the rest are in t/lib/convrelay_client.lua;
#            slow is how many times longer all may take (TEST_NGINX_SLOW)
#     llm    parameters of convrelay_mock_llm, or a whole server body, or
#            "none" where tcp_listen plays the server; it listens on
#            $TEST_NGINX_LLM_PORT, which is upstream "llm"
#     signed (empty) leaves out "convrelay_auth_token off", which all other
#            blocks have on the http level
#     greeting (empty) leaves out "convrelay_greeting_history off" likewise
#     speech (empty) leaves out "convrelay_speech_filter off" likewise
#
# A file whose blocks differ in "convrelay_on" and the like calls
#
#     on_calls();        # or on_calls($llm)
#
# before run_tests(): each block then has "location = /ws" with the directives
# of its section "on", and an LLM that answers with the messages that it was
# sent, or is $llm, unless the block has a section "llm".
#
# Ports and the server root are the file's own, so that files can run at the
# same time: $TEST_NGINX_SERVER_PORT, $TEST_NGINX_LLM_PORT, and
# $TEST_NGINX_PORT_2 to _7 that nobody listens on.  $TEST_NGINX_ROOT is the
# checkout, $TEST_NGINX_BUILD where the modules are.
#
# Where TEST_NGINX_ALL is set, as by "make test", nothing may be missing for
# which a test would otherwise be skipped.
#
# Without an own no_error_log or must_die a block may log no [error], or,
# where it expects a line in error_log, no [crit], [alert] and [emerg].

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Path ();
use File::Spec ();
use IO::Socket::INET ();

my $lock;


# Ten ports are taken by listening on the last of them; that holds against
# every other test on this machine, whatever folders it sees.

sub find_ports {
    for my $n (0 .. 99) {
        my $base = 19840 + $n * 10;

        $lock = listen_on($base + 9) or next;

        return $base if !grep { !listen_on($_) } $base .. $base + 8;
    }

    die "no free ports between 19840 and 20839\n";
}


sub listen_on {
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                 LocalPort => shift, Listen => 1,
                                 ReuseAddr => 1);
}


BEGIN {
    my $here = File::Basename::dirname(__FILE__);
    my $root = Cwd::realpath("$here/../../../..");

    my $build = $ENV{TEST_NGINX_BUILD} // "$root/build";
    my $base = $ENV{TEST_NGINX_SERVER_PORT} // find_ports();

    $ENV{TEST_NGINX_ROOT} = $root;
    $ENV{TEST_NGINX_BUILD} = $build;
    $ENV{TEST_NGINX_SERVER_PORT} = $base;
    $ENV{TEST_NGINX_CLIENT_PORT} //= $base;
    $ENV{TEST_NGINX_LLM_PORT} //= $base + 1;
    $ENV{TEST_NGINX_STREAM_PORT} //= $base + 8;
    $ENV{"TEST_NGINX_PORT_$_"} //= $base + $_ for 2 .. 7;
    $ENV{TEST_NGINX_SERVROOT} //= "$build/t/servroot.$base";

    # unix sockets have 107 bytes, the last part of their path included

    if (length $ENV{TEST_NGINX_SERVROOT} > 80) {
        $ENV{TEST_NGINX_SERVROOT} = File::Spec->tmpdir
                                    . "/convrelay-test-$>/servroot.$base";
    }

    File::Path::make_path($ENV{TEST_NGINX_SERVROOT});

    my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';
    my $version = `$nginx -V 2>&1`;
    my ($modules) = $version =~ /--modules-path=(\S+)/;

    $modules //= '/usr/lib/nginx/modules';

    $ENV{TEST_NGINX_MODULES} = $modules;
    $ENV{TEST_NGINX_LOAD_MODULES} //= join ' ', grep { -e }
        "$modules/ndk_http_module.so", "$modules/ngx_http_lua_module.so",
        "$build/ngx_http_convrelay_module.so",
        "$build/ngx_http_convrelay_mock_module.so";

    $ENV{TEST_NGINX_TIMEOUT} //= 5;
}


use Test::Nginx::Socket -Base;

our @EXPORT = qw( on_calls );

# Test::Nginx would listen on every address; HUP mode needs the bare port

if (!$Test::Nginx::Util::UseHup) {
    $Test::Nginx::Util::ServerPort = "127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}";
}

Test::Nginx::Socket::no_long_string();
Test::Nginx::Socket::no_shuffle();
Test::Nginx::Socket::plan('no_plan');


sub has_module() {
    return $ENV{TEST_NGINX_LOAD_MODULES} =~ m{/\Q$_[0]\E\.so};
}


sub llm_server() {
    my $llm = shift;
    my $upstream = <<'_EOC_';
    upstream llm {
        server     127.0.0.1:$TEST_NGINX_LLM_PORT;
        keepalive  8;
    }
_EOC_

    if (($llm // '') =~ /^\s*none\s*$/) {
        return $upstream;
    }

    if ((!defined $llm || $llm !~ /[{;]/)
        && !has_module('ngx_http_convrelay_mock_module'))
    {
        return $upstream;
    }

    if (!defined $llm || $llm !~ /[{;]/) {
        my $args = $llm // '';

        $args =~ s/\s+/ /g;
        $llm = "location / { convrelay_mock_llm $args; }";
    }

    return $upstream . <<"_EOC_";
    server {
        listen  127.0.0.1:\$TEST_NGINX_LLM_PORT;
        $llm
    }
_EOC_
}


sub preamble() {
    my $block = shift;

    my $conf = llm_server($block->llm);

    # else the first turn of each block is an [error]; not where it has its own

    if (($block->http_config // '') !~ /proxy_http_version/) {
        $conf .= "    proxy_http_version  1.1;\n";
    }

    if (!defined $block->signed && has_module('ngx_http_convrelay_module')) {
        $conf .= "    convrelay_auth_token  off;\n";
    }

    if (!defined $block->greeting && has_module('ngx_http_convrelay_module'))
    {
        $conf .= "    convrelay_greeting_history  off;\n";
    }

    if (!defined $block->speech && has_module('ngx_http_convrelay_module')) {
        $conf .= "    convrelay_speech_filter  off;\n";
    }

    if (has_module('ngx_http_lua_module')) {
        $conf .= <<'_EOC_';
    lua_package_path  "$TEST_NGINX_ROOT/t/lib/?.lua;/usr/share/lua/5.1/?.lua;;";
    lua_socket_log_errors  off;
_EOC_
    }

    return $conf;
}


sub call_location() {
    my $code = shift;

    my $slow = slow();

    return <<"_EOC_";

        location = /t {
            content_by_lua_block {
                local client = require "convrelay_client"
                client.slow = $slow
                local dial, frame = client.dial, client.frame
                local slow = client.slow
                $code
            }
        }
_EOC_
}


sub on_calls() {
    my $llm = shift // 'llm.say(llm.messages())';

    Test::Nginx::Socket::add_block_preprocessor(sub {
        my $block = shift;

        $block->set_value('config', sprintf <<'_EOC_', $block->on // '');
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
        %s
    }
_EOC_

        $block->set_value('llm', <<"_EOC_") if !defined $block->llm;
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        $llm
    }
}
_EOC_
    });
}


# how many times longer all may take, where all is slower

sub slow() { return $ENV{TEST_NGINX_SLOW} // 1 }


# Test::Nginx warns of every [emerg], expected or not

my $must_die;

$SIG{__WARN__} = sub {
    warn @_ unless $must_die && $_[0] =~ /^WARNING: .*\[emerg\]/s;
};


Test::Nginx::Socket::add_block_preprocessor(sub {
    my $block = shift;

    $must_die = defined $block->must_die;

    $block->set_value('http_config',
                      preamble($block) . ($block->http_config // ''));

    $block->set_value('config', $block->config // '');

    if (defined $block->call) {
        $block->set_value('config',
                          $block->config . call_location($block->call));

        if (!defined $block->request) {
            $block->set_value('request', 'GET /t');
        }
    }

    my $delay = $block->raw_request_middle_delay;

    if (defined $delay && slow() != 1) {
        $block->set_value('raw_request_middle_delay', $delay * slow());
    }

    return if ref $block->no_error_log;

    # no line of ours is about a system call that was not allowed

    my $never = '(1: Operation not permitted)';

    $never = "[crit]\n[alert]\n[emerg]\n$never" if !$must_die;

    if (defined $block->no_error_log) {
        $never = $block->no_error_log . "\n$never";

    } elsif (!$must_die && !defined $block->error_log) {
        $never = "[error]\n$never";
    }

    $block->set_value('no_error_log', $never);
});


# each document that is a response is parsed by somebody else's parser

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, undef, undef, $dry_run) = @_;

    return if $dry_run || ($body // '') !~ /^<\?xml /;

    local $SIG{PIPE} = 'IGNORE';

    my $pid = open my $xmllint, '|-', 'xmllint', '--nonet', '--noout', '-';

    print {$xmllint} $body if $pid;

    Test::More::ok($pid && close $xmllint, $block->name . ' - is XML');
});


# What a client sends, for raw_request; everything can be wrong on purpose:
#
#     ::ws_frame(payload => '{"type":"setup"}')
#     ::ws_frame(opcode => 'ping', fin => 0, rsv => 4, mask => undef)
#     ::ws_frame(opcode => 9, length => 126, length_bytes => 8)

my %opcodes = (
    continuation => 0, text => 1, binary => 2, close => 8, ping => 9,
    pong => 10,
);


sub main::ws_frame {
    my %f = (
        opcode => 'text', fin => 1, rsv => 0, mask => "\x01\x82\x03\xfc",
        payload => '', @_
    );

    my $opcode = $opcodes{$f{opcode}} // $f{opcode};
    my $payload = $f{payload};
    my $len = $f{length} // length $payload;

    my $bytes = $f{length_bytes}
                // ($len < 126 ? 0 : $len < 65536 ? 2 : 8);

    my $out = chr($f{fin} << 7 | $f{rsv} << 4 | $opcode);
    my $bit = defined $f{mask} ? 128 : 0;

    $out .= $bytes == 0 ? chr($bit | $len)
          : $bytes == 2 ? pack('Cn', $bit | 126, $len)
          :               pack('CQ>', $bit | 127, $len);

    if (defined $f{mask}) {
        my $key = $f{mask} x (length($payload) / 4 + 1);

        $out .= $f{mask};
        $payload ^= substr $key, 0, length $payload;
    }

    return $out . $payload;
}


sub main::ws_close {
    my ($code, $reason) = @_;

    return main::ws_frame(opcode => 'close',
                          payload => pack('n', $code) . ($reason // ''));
}


# the key of RFC 6455, section 1.3; it is answered by
# Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=

sub main::ws_handshake {
    my ($path, @headers) = @_;

    return join "\r\n", "GET $path HTTP/1.1", 'Host: localhost',
                'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
                'Sec-WebSocket-Version: 13', @headers, '', '';
}


1;
