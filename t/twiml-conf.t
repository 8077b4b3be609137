# What "nginx -t" finds in the directives of a webhook, and warns of.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# nginx says the same on stderr

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('suppress_stderr', 1);
});

run_tests();

__DATA__

=== TEST 1: an attribute in the wrong case
--- config
convrelay_twiml_attribute  welcomegreeting Hi;
--- must_die
--- error_log
"welcomegreeting" is not an attribute of <ConversationRelay>, did you mean "welcomeGreeting"?



=== TEST 2: an attribute that is misspelt
--- config
convrelay_twiml_attribute  dtmfDetecton true;
--- must_die
--- error_log
"dtmfDetecton" is not an attribute of <ConversationRelay>, did you mean "dtmfDetection"?



=== TEST 3: an attribute that is like no other
--- config
convrelay_twiml_attribute  vadSilenceMs 500;
--- must_die
--- error_log
"vadSilenceMs" is not an attribute of <ConversationRelay>; if it is newer than this module, put "unchecked" at the end



=== TEST 4: a greeting without quotes
--- config
convrelay_twiml_attribute  welcomeGreeting Hello there;
--- must_die
--- error_log
invalid parameter "there", put quotes around the value



=== TEST 5: "unchecked" does not make a name of everything
--- config
convrelay_twiml_attribute  a=b c unchecked;
--- must_die
--- error_log
"a=b" is not an attribute name



=== TEST 6: a value that is none of a fixed list
--- config
convrelay_twiml_attribute  ttsProvider Acme;
--- must_die
--- error_log
"Acme" is not a valid value of "ttsProvider", write "Google", "Amazon" or "ElevenLabs" in



=== TEST 7: a value that nginx would have taken
--- config
convrelay_twiml_attribute  dtmfDetection on;
--- must_die
--- error_log
"on" is not a valid value of "dtmfDetection", write "true" or "false" in



=== TEST 8: a list that has commas
--- config
convrelay_twiml_attribute  events "tokens-played,speaker-events";
--- must_die
--- error_log
"tokens-played,speaker-events" is not a valid value of "events", write one or more of



=== TEST 9: a number that is out of its range
--- config
convrelay_twiml_attribute  speechTimeout 500;
--- must_die
--- error_log
"500" is not a valid value of "speechTimeout", write milliseconds, from 600 to 5000, or "auto"



=== TEST 10: a locale in place of a language
--- config
convrelay_twiml_attribute  language en_US;
--- must_die
--- error_log
"en_US" is not a valid value of "language", write a language such as "en-US", or "multi"



=== TEST 11: a value of the environment
--- http_config
convrelay_env  PROVIDER Acme;
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  ttsProvider $convrelay_env_PROVIDER;
}
--- must_die
--- error_log
"Acme" is not a valid value of "ttsProvider"



=== TEST 12: a value of the environment in a language
--- http_config
convrelay_env  PROVIDER Acme;
convrelay_twiml_language  es-ES ttsProvider=$convrelay_env_PROVIDER;
--- config
location = /twiml { convrelay_twiml wss://example.com/ws; }
--- must_die
--- error_log
"Acme" is not a valid value of "ttsProvider"



=== TEST 13: a language that is none
--- config
convrelay_twiml_language  es_ES;
--- must_die
--- error_log
"es_ES" is not a valid value of "language"



=== TEST 14: a language without a code
--- config
convrelay_twiml_language  "";
--- must_die
--- error_log
"convrelay_twiml_language" directive has an empty code, write one such as "es-ES"



=== TEST 15: a language twice
--- config
convrelay_twiml_language  es-ES;
convrelay_twiml_language  es-es voice=a;
--- must_die
--- error_log
duplicate language "es-es"



=== TEST 16: an attribute of a language that only the relay has
--- config
convrelay_twiml_language  es-ES welcomeGreeting=Hola;
--- must_die
--- error_log
"welcomeGreeting" is not an attribute of <Language>; if it is newer than this module



=== TEST 17: an attribute of a language that is misspelt
--- config
convrelay_twiml_language  es-ES voise=a;
--- must_die
--- error_log
"voise" is not an attribute of <Language>, did you mean "voice"?



=== TEST 18: an attribute of a language twice
--- config
convrelay_twiml_language  es-ES voice=a voice=b;
--- must_die
--- error_log
duplicate attribute "voice"



=== TEST 19: no attribute of a language
--- config
convrelay_twiml_language  es-ES Lucia-Neural;
--- must_die
--- error_log
invalid parameter "Lucia-Neural", write NAME=VALUE, such as "voice=Lucia-Neural"



=== TEST 20: a parameter of the module's own
--- config
convrelay_twiml_parameter  convrelay_ticket a;
--- must_die
--- error_log
cannot set a name that starts with "convrelay_"



=== TEST 21: a parameter twice
--- config
convrelay_twiml_parameter  a 1;
convrelay_twiml_parameter  a 2;
--- must_die
--- error_log
duplicate parameter "a"



=== TEST 22: a parameter whose name would vary
--- config
convrelay_twiml_parameter  $arg_a 1;
--- must_die
--- error_log
cannot have a variable in the name



=== TEST 23: an action of another scheme
--- config
convrelay_twiml_action  wss://example.com/end;
--- must_die
--- error_log
the URL of "convrelay_twiml_action wss://example.com/end" has a scheme that Twilio does not request, write "https://"



=== TEST 24: an action of the environment
--- http_config
convrelay_env  HOST "a b";
--- config
location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  https://$convrelay_env_HOST/end;
}
--- must_die
--- error_log
the URL of "convrelay_twiml_action https://$convrelay_env_HOST/end" has white space



=== TEST 25: a method that Twilio does not use
--- config
convrelay_twiml_action  /end post;
--- must_die
--- error_log
invalid method "post", write "GET" or "POST"



=== TEST 26: two actions
--- config
convrelay_twiml_action  /end;
convrelay_twiml_action  /other;
--- must_die
--- error_log
"convrelay_twiml_action" directive is duplicate



=== TEST 27: raw XML that is not well-formed
--- config
convrelay_twiml_before  "<Start><Recording></Start>";
--- must_die
--- error_log
XML of "convrelay_twiml_before" closes an element that is not open, at "Start>"



=== TEST 28: an ampersand in raw XML
--- config
convrelay_twiml_inside  "<A url='https://example.com/?$arg_a&b'/>";
--- must_die
--- error_log
XML of "convrelay_twiml_inside" has a bare "&", write "&amp;", at "&b'/>"



=== TEST 29: raw XML that all comes from a variable
--- config
convrelay_twiml_before  $arg_xml;
--- must_die
--- error_log
XML of "convrelay_twiml_before" has text outside of an element, at "$"



=== TEST 30: a variable where no text can be
--- config
convrelay_twiml_before  "<$arg_verb/>";
--- must_die
--- error_log
XML of "convrelay_twiml_before" has a "<" without a name, write "&lt;", at "<$/>"



=== TEST 31: an amount in raw XML
--- config
convrelay_twiml_before  "<Say>That is $5.</Say>";
--- must_die
--- error_log
"$5" in a phrase would be a regex capture



=== TEST 32: what does not go together is told, and once
--- config
convrelay_twiml_attribute  language  multi;
location = /multi {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  language               multi;
    convrelay_twiml_attribute  ttsProvider            Google;
    convrelay_twiml_attribute  transcriptionProvider  Google;

    if ($arg_a) {
        set  $unused 1;
    }
}
location = /voice {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  voice  en-US-Journey-O;
}
location = /model {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  transcriptionProvider  Google;
    convrelay_twiml_attribute  speechModel            nova-3-general;
    convrelay_twiml_attribute  eotThreshold           0.8;
}
location = /language {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  ttsProvider  Google;
    convrelay_twiml_language   es-ES voice=en-US-Journey-O;
}
--- request
GET /voice
--- response_body_like: voice="en-US-Journey-O"
--- grep_error_log eval: qr/location "\/.*?(?= in \S*nginx.conf)/
--- grep_error_log_out
location "/multi": speech in "multi" needs "ttsProvider" "ElevenLabs", otherwise Twilio may reject the live call
location "/multi": recognition in "multi" needs "transcriptionProvider" "Deepgram", otherwise Twilio may reject the live call
location "/voice": "voice" is a Google voice, set "ttsProvider" to "Google" as well, otherwise Twilio may reject the live call
location "/model": "speechModel" is a Deepgram model, but "transcriptionProvider" is "Google", otherwise Twilio may reject the live call
location "/model": "eotThreshold" needs "speechModel" "flux" of Deepgram, otherwise Twilio may reject the live call
location "/language", language "es-ES": "voice" is not a voice of the language that is spoken, otherwise Twilio may reject the live call
--- no_error_log
[error]



=== TEST 33: no warning of what is not known yet, is "unchecked" or elsewhere
--- config
convrelay_twiml_attribute  eotThreshold  0.8;
location = /variable {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  language     multi;
    convrelay_twiml_attribute  ttsProvider  $arg_tts;
}
location = /unchecked {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  voice  en-US-Journey-O unchecked;
}
location = /flux {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  eotThreshold  0.8;
    convrelay_twiml_language   es-ES speechModel=flux;
}
--- request
GET /unchecked
--- response_body_like: voice="en-US-Journey-O"
--- no_error_log
[warn]
[error]



=== TEST 34: verbs that Twilio would never run
--- config
convrelay_twiml_after  "<Hangup/>";

location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  /end;
}
--- must_die
--- error_log
Twilio never runs the TwiML of "convrelay_twiml_after": after the session it requests "convrelay_twiml_action /end"; use only one of them, or write the verbs into "convrelay_connect_reply"



=== TEST 35: the same, by an action of the environment, in "if"
--- http_config
convrelay_env  END /end;
convrelay_twiml_action  $convrelay_env_END;
--- config
location = /twiml {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  "";

    if ($arg_a) {
        convrelay_twiml_action  $convrelay_env_END;
        convrelay_twiml_after   "<Hangup/>";
    }
}
--- must_die
--- error_log
Twilio never runs the TwiML of "convrelay_twiml_after"



=== TEST 36: raw XML after the session is checked as the other
--- config
convrelay_twiml_after  "<Say>";
--- must_die
--- error_log
XML of "convrelay_twiml_after" does not close an element, at "Say>"
