# What people write by mistake, and what they are told: by "nginx -t" where it
# is known when nginx starts, else in the error log, at its default level.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# "site" is a file of its own, so that its lines have known numbers.  A block
# with "says" starts, and its error log has just these lines of ours; "level"
# is that of the error log.

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);

    if (defined $block->site) {
        $block->set_value('user_files', ">>> ../conf/site.conf\n"
                                        . $block->site);
        $block->set_value('config', "include site.conf;\n"
                                    . ($block->config // ''));
    }

    $block->set_value('config', $block->config // '');

    if (defined $block->says) {
        $block->set_value('grep_error_log',
                          qr/\[(?:warn|error)\] [0-9#]+: (?:\*\d+ )?\K.*?(?=, client: |$)/);
        $block->set_value('grep_error_log_out', $block->says);
        $block->set_value('no_error_log', '[crit]');
    }

    if (defined $block->says && !defined $block->call) {
        $block->set_value('config', $block->config
                                    . 'location = /t { return 204; }');
        $block->set_value('request', 'GET /t');
        $block->set_value('error_code', 204);
        $block->set_value('log_level', 'warn');
    }
});

run_tests();

__DATA__

=== TEST 1: a switch for a token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  on;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"on" is not an auth token: write the account's auth token \(32 hex digits\), or "convrelay_auth_token off" to check no signatures in \S+/site.conf:2$}



=== TEST 2: "off" in another case
--- signed
--- site
location = /twiml {
    convrelay_auth_token  OFF;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"OFF" is not an auth token: write the account's auth token (32 hex digits), or "convrelay_auth_token off"



=== TEST 3: a switch of the environment
--- signed
--- http_config
convrelay_env  TWILIO_AUTH_TOKEN off;
--- site
convrelay_auth_token  $convrelay_env_TWILIO_AUTH_TOKEN;

location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"off" is not an auth token: .* in \S+/site.conf:1$}



=== TEST 4: the Account SID for the token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  AC00000000000000000000000000000000;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_auth_token" is the Account SID: the auth token (32 hex digits) is below it in the console



=== TEST 5: an API key for the token
--- signed
--- site
location = /twiml {
    convrelay_auth_token  SK00000000000000000000000000000000;
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log
"convrelay_auth_token" is the SID of an API key: Twilio signs with the account's auth token (32 hex digits)



=== TEST 6: a token that Twilio has never made is a warning, once, without it
--- signed
--- http_config
convrelay_auth_token  "0123456789abcdef" 0123456789abcdef0123456789abcdef;
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
location = /end {
    convrelay_connect_action;
}
--- says eval
qr{\A"convrelay_auth_token" does not look like an auth token of Twilio's \(32 hex digits\): with a wrong one every request gets 403 in \S+nginx.conf:\d+\n\z}



=== TEST 7: right tokens, and none, are not warned of
--- signed
--- site
convrelay_auth_token  0123456789abcdef0123456789abcdef
                      FEDCBA9876543210FEDCBA9876543210;
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
location = /off {
    convrelay_auth_token  off;
    convrelay_twiml       wss://example.com/ws;
}
location = /variable {
    convrelay_auth_token  $arg_token;
    convrelay_twiml       wss://example.com/ws;
}
--- says
