# Where "nginx -t" says a mistake is.  Much is checked only when all is read:
# the message still names the file and the line of the directive.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# the lines of a "site" are a file of their own, so that their numbers are known

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);

    if (defined $block->site) {
        $block->set_value('user_files', ">>> ../conf/site.conf\n"
                                        . $block->site);
        $block->set_value('config', "include site.conf;\n"
                                    . ($block->config // ''));
    }
});

run_tests();

__DATA__

=== TEST 1: a location without an LLM
--- site
location = /ws {
    root  html;
    convrelay;
}
--- must_die
--- error_log eval
qr{has "convrelay", but no LLM.* in \S+/site\.conf:3$}



=== TEST 2: a location with two handlers
--- site
location = /ws {
    convrelay_twiml  wss://example.com/ws;
    convrelay;
}
--- must_die
--- error_log eval
qr{has both "convrelay_twiml" and "convrelay".* in \S+/site\.conf:2$}



=== TEST 3: an action with another handler
--- site
location = /end {
    convrelay_connect_action;
    proxy_pass  http://llm;
}
--- must_die
--- error_log eval
qr{has both "convrelay_connect_action" and another.* in \S+/site\.conf:2$}



=== TEST 4: two prompts
--- site
location = /ws {
    convrelay_system_prompt  a;

    convrelay_system_prompt_file  b;
}
--- must_die
--- error_log eval
qr{mutually exclusive in \S+/site\.conf:4$}



=== TEST 5: a prompt file that is missing
--- site
location = /ws {
    convrelay;
    convrelay_system_prompt_file  none.txt;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log eval
qr{"convrelay_system_prompt_file none.txt" cannot be used in \S+/site\.conf:3$}



=== TEST 6: a directive of a call in a location without "convrelay"
--- site
location = /ws {
    proxy_pass  http://llm/v1/chat/completions;
    convrelay_max_call_time  1h;
}
location = /auth {
    proxy_pass  http://llm/v1/chat/completions;
    convrelay_auth_token  off;
}
--- request
GET /x
--- error_code: 404
--- error_log eval
[qr{location "/ws" has convrelay directives, but not .* in \S+/site\.conf:3$},
 qr{location "/auth" has convrelay directives, but not .* in \S+/site\.conf:7$}]



=== TEST 7: a cache
--- http_config
proxy_cache_path  $TEST_NGINX_SERVROOT/cache keys_zone=cache:1m;
--- site
location = /ws {
    convrelay;
    proxy_pass   http://llm/v1/chat/completions;
    proxy_cache  cache;
}
--- must_die
--- error_log eval
qr{"proxy_cache" cannot be used.* in \S+/site\.conf:2$}



=== TEST 8: a post_action
--- site
location = /ws {
    convrelay;
    proxy_pass   http://llm/v1/chat/completions;
    post_action  /done;
}
--- must_die
--- error_log eval
qr{"post_action" cannot be used.* in \S+/site\.conf:2$}



=== TEST 9: a URL of the environment
--- http_config
convrelay_env  HOST https://example.com;
--- site
location = /twiml {
    if ($arg_a) { }
    convrelay_twiml  wss://$convrelay_env_HOST/ws;
}
--- must_die
--- error_log eval
qr{has a scheme inside the host.* in \S+/site\.conf:3$}



=== TEST 10: a value of the environment, on an outer level
--- http_config
convrelay_env  TTS Acme;
--- site
convrelay_twiml_attribute  ttsProvider $convrelay_env_TTS;

location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"Acme" is not a valid value of "ttsProvider".* in \S+/site\.conf:1$}



=== TEST 11: an action of the environment
--- http_config
convrelay_env  END ftp://example.com/;
--- site
location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  $convrelay_env_END;
}
--- must_die
--- error_log eval
qr{has a scheme that Twilio does not request.* in \S+/site\.conf:3$}



=== TEST 12: settings that do not go together
--- site
location = /twiml {
    convrelay_twiml_attribute  voice en-US-Journey-O;
    convrelay_twiml            wss://example.com/ws;
}
--- request
GET /x
--- error_code: 404
--- error_log eval
qr{set "ttsProvider" to "Google".* in \S+/site\.conf:3$}



=== TEST 13: a reply of the environment
--- http_config
convrelay_env  REPLY redial;
--- site
location = /end {
    convrelay_connect_action;

    convrelay_connect_reply  $convrelay_env_REPLY;
}
--- must_die
--- error_log eval
qr{evaluated to a value that is not a reply.* in \S+/site\.conf:4$}



=== TEST 14: a reply that names no location
--- site
convrelay_connect_reply  reconnect /twiml;

location = /end {
    convrelay_connect_action;
}
--- must_die
--- error_log eval
qr{no location "/twiml".* in \S+/site\.conf:1$}



=== TEST 15: no decision on signatures
--- signed
--- site
location = /end {
    convrelay_connect_action;
}
--- must_die
--- error_log eval
qr{location "/end" would let anybody in.* in \S+/site\.conf:2$}



=== TEST 16: the same for a webhook
--- signed
--- site
location = /twiml {
    convrelay_ticket  a-secret-of-tickets;
    convrelay_twiml   wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{location "/twiml" would let anybody in.* in \S+/site\.conf:3$}



=== TEST 17: an empty token
--- site
location = /twiml {
    convrelay_auth_token  "";
    convrelay_twiml       wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"convrelay_auth_token" is empty.* in \S+/site\.conf:2$}



=== TEST 18: a public URL of the environment
--- http_config
convrelay_env  URL voice.example.com;
--- site
convrelay_public_url  $convrelay_env_URL;
convrelay_auth_token  0123456789abcdef0123456789abcdef;

location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{"voice.example.com" of "convrelay_public_url" is not a URL.* in \S+/site\.conf:1$}



=== TEST 19: a limit without a zone
--- site
location = /ws {
    convrelay;
    convrelay_limit_calls  $convrelay_to 1;
    proxy_pass  http://llm/v1/chat/completions;
}
--- must_die
--- error_log eval
qr{"convrelay_limit_calls" needs shared memory.* in \S+/site\.conf:3$}



=== TEST 20: an action of the environment that Twilio would refuse
--- http_config
convrelay_env  FILE hold.mp3;
--- site
location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    convrelay_on  setup play $convrelay_env_FILE;
}
--- must_die
--- error_log eval
qr{"play" of "convrelay_on setup".* in \S+/site\.conf:4$}



=== TEST 21: more digits than an entry has
--- site
convrelay_on  dtmf 1234 end;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    convrelay_dtmf  max=3;
}
--- must_die
--- error_log eval
qr{waits for 4 digits.* in \S+/site\.conf:6$}



=== TEST 22: digits that cannot be pressed
--- site
convrelay_on  dtmf 1 end;
convrelay_on  dtmf 12# end;

location = /ws {
    convrelay;
    proxy_pass  http://llm/v1/chat/completions;
    convrelay_dtmf  on;
}
--- must_die
--- error_log eval
qr{"convrelay_on dtmf 12#" cannot be pressed.* in \S+/site\.conf:2$}



=== TEST 23: verbs after a session that has an action
--- site
convrelay_twiml_action  /end;
convrelay_twiml_after   "<Hangup/>";
convrelay_twiml_after   "<Hangup/>";

location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
--- must_die
--- error_log eval
qr{Twilio never runs .* in \S+/site\.conf:2$}



=== TEST 24: arguments of a socket's URL
--- site
convrelay_auth_token  0123456789abcdef0123456789abcdef;

location = /twiml {
    convrelay_twiml  wss://example.com/ws?a=b;
}
--- request
GET /x
--- error_code: 404
--- error_log eval
qr{has arguments, which may be signed .* in \S+/site\.conf:4$}
