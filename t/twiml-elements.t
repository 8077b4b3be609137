# What a webhook's document can hold: attributes, languages, parameters, the
# action, raw children.  Test::Nginx::ConvRelay has each of them parsed.

use lib 't/lib';
use Test::Nginx::ConvRelay;

our $head = '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
            . '<ConversationRelay url="wss://example.com/ws" '
            . 'welcomeGreeting="Hi." events="tokens-played"';
our $tail = '</ConversationRelay></Connect></Response>';

run_tests();

__DATA__

=== TEST 1: every attribute
--- config
location = /twiml {
    convrelay_twiml  wss://example.com/ws;

    convrelay_twiml_attribute  welcomeGreeting               "Good day!";
    convrelay_twiml_attribute  welcomeGreetingInterruptible  speech;
    convrelay_twiml_attribute  language                      en-GB;
    convrelay_twiml_attribute  ttsLanguage                   de-DE;
    convrelay_twiml_attribute  transcriptionLanguage         multi;
    convrelay_twiml_attribute  ttsProvider                   ElevenLabs;
    convrelay_twiml_attribute  voice                         UgBBYS2sOqTuMpoF3BR0;
    convrelay_twiml_attribute  transcriptionProvider         Deepgram;
    convrelay_twiml_attribute  speechModel                   nova-3-general;
    convrelay_twiml_attribute  interruptible                 any;
    convrelay_twiml_attribute  interruptSensitivity          medium;
    convrelay_twiml_attribute  ignoreBackchannel             true;
    convrelay_twiml_attribute  reportInputDuringAgentSpeech  dtmf;
    convrelay_twiml_attribute  preemptible                   false;
    convrelay_twiml_attribute  dtmfDetection                 true;
    convrelay_twiml_attribute  partialPrompts                false;
    convrelay_twiml_attribute  speechTimeout                 1200;
    convrelay_twiml_attribute  deepgramSmartFormat           false;
    convrelay_twiml_attribute  profanityFilter               true;
    convrelay_twiml_attribute  hints                         "Birch, Twilio";
    convrelay_twiml_attribute  elevenlabsTextNormalization   on;
    convrelay_twiml_attribute  events  "tokens-played speaker-events";
    convrelay_twiml_attribute  debug                         debugging;
    convrelay_twiml_attribute  intelligenceService           GA1;
    convrelay_twiml_attribute  conversationConfiguration     c1;
    convrelay_twiml_attribute  backgroundNoiseReduction      a;
    convrelay_twiml_attribute  applicationReconnect          true;
    convrelay_twiml_attribute  echoPromptFiltering           true;
}
location = /flux {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  "";
    convrelay_twiml_attribute  events           "";
    convrelay_twiml_attribute  speechModel      flux;
    convrelay_twiml_attribute  eotThreshold     0.7;
}
--- request eval
["GET /twiml", "GET /flux"]
--- response_body eval
my $head = '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
           . '<ConversationRelay url="wss://example.com/ws" ';
[$head . 'welcomeGreeting="Good day!" welcomeGreetingInterruptible="speech" '
 . 'language="en-GB" ttsLanguage="de-DE" transcriptionLanguage="multi" '
 . 'ttsProvider="ElevenLabs" voice="UgBBYS2sOqTuMpoF3BR0" '
 . 'transcriptionProvider="Deepgram" speechModel="nova-3-general" '
 . 'interruptible="any" interruptSensitivity="medium" '
 . 'ignoreBackchannel="true" reportInputDuringAgentSpeech="dtmf" '
 . 'preemptible="false" dtmfDetection="true" partialPrompts="false" '
 . 'speechTimeout="1200" deepgramSmartFormat="false" profanityFilter="true" '
 . 'hints="Birch, Twilio" elevenlabsTextNormalization="on" '
 . 'events="tokens-played speaker-events" debug="debugging" '
 . 'intelligenceService="GA1" conversationConfiguration="c1" '
 . 'backgroundNoiseReduction="a" applicationReconnect="true" '
 . 'echoPromptFiltering="true"/></Connect></Response>',
 $head . 'speechModel="flux" eotThreshold="0.7"/></Connect></Response>']
--- no_error_log
[error]
[warn]



=== TEST 2: an attribute that is newer than the module, a value that is
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  Hi.;
    convrelay_twiml_attribute  events           tokens-played;
    convrelay_twiml_attribute  mood             $arg_mood unchecked;
    convrelay_twiml_attribute  ttsProvider      Acme unchecked;
}
--- request
GET /twiml?mood=<good>
--- response_body eval
qq{$::head mood="&lt;good&gt;" ttsProvider="Acme"/></Connect></Response>}



=== TEST 3: languages, in order; what is empty is left out
--- config
convrelay_twiml_attribute  welcomeGreeting  Hi.;
convrelay_twiml_attribute  events           tokens-played;
location = /twiml {
    convrelay_twiml           wss://example.com/ws;
    convrelay_twiml_language  es-ES  ttsProvider=Amazon voice=Lucia-Neural
                                     transcriptionProvider=Google
                                     speechModel=telephony;
    convrelay_twiml_language  de-DE  voice=$arg_voice;
    convrelay_twiml_language  $arg_language "voice=a=b&c";
    convrelay_twiml_language  fr-FR  tempo=slow unchecked;
    convrelay_twiml_language  multi;
}
--- request eval
["GET /twiml", "GET /twiml?voice=x%22&language=pt-BR"]
--- response_body eval
my $es = '<Language code="es-ES" ttsProvider="Amazon" voice="Lucia-Neural" '
         . 'transcriptionProvider="Google" speechModel="telephony"/>';
my $fr = '<Language code="fr-FR" tempo="slow"/><Language code="multi"/>';

[qq{$::head>$es<Language code="de-DE"/>$fr$::tail},
 qq{$::head>$es<Language code="de-DE" voice="x%22"/>}
 . qq{<Language code="pt-BR" voice="a=b&amp;c"/>$fr$::tail}]



=== TEST 4: parameters, of the request, too
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  Hi.;
    convrelay_twiml_attribute  events           tokens-played;
    convrelay_twiml_parameter  tenant           birch;
    convrelay_twiml_parameter  "a \"name\""     "<$convrelay_form_From>";
    convrelay_twiml_parameter  empty            "";
}
--- request
POST /twiml
From=%2B1555&To=%22
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- response_body eval
qq{$::head><Parameter name="tenant" value="birch"/>}
. q{<Parameter name="a &quot;name&quot;" value="&lt;+1555&gt;"/>}
. qq{<Parameter name="empty" value=""/>$::tail}



=== TEST 5: parameters come back in a call; the ticket is one of its own
--- config
convrelay_ticket  secret-of-tickets;
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  tenant birch;
}
location = /ws {
    convrelay;
    convrelay_model  $convrelay_parameter_tenant;
    proxy_pass       http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        llm.say(cjson.decode(llm.body()).model)
    }
}
--- call
local http = require "convrelay_http"
local sid = "CA00000000000000000000000000000001"

local r = http.send(http.head{ "GET /twiml?CallSid=" .. sid .. " HTTP/1.1",
                               "Host: a", "Connection: close" })
local parameters, names = {}, {}

for name, value in r.body:gmatch('<Parameter name="(.-)" value="(.-)"/>') do
    parameters[name] = value
    names[#names + 1] = name
end

ngx.say(table.concat(names, " "))

local call = dial("/ws")
call:setup({ callSid = sid, customParameters = parameters })
call:ask("Hi")
call:hangup()
--- response_body
tenant convrelay_ticket
> setup
> prompt "Hi"
< "birch"
> close 1000
< close 1000



=== TEST 6: the action, absolute or relative, with a method or without
--- config
convrelay_twiml_action  /end;
location = /inherited {
    convrelay_twiml  wss://example.com/ws;
}
location = /own {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  https://example.com/end?a=1&to=$arg_to GET;
}
location = /none {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  "";
}
location = /variable {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  $arg_to POST;
}
--- request eval
["GET /inherited", "GET /own?to=<", "GET /none", "GET /variable?to=end",
 "GET /variable"]
--- response_body_like eval
[qr{<Response><Connect action="/end"><C},
 qr{<Connect action="https://example.com/end\?a=1&amp;to=&lt;" method="GET"><C},
 qr{<Response><Connect><C},
 qr{<Connect action="end" method="POST"><C},
 qr{<Response><Connect><C}]



=== TEST 7: raw children; what variables give is text in them
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  welcomeGreeting  Hi.;
    convrelay_twiml_attribute  events           tokens-played;

    convrelay_twiml_before  '<Start><Recording
        recordingStatusCallback="https://example.com/rec?a=1&amp;n=$arg_n"
        /></Start>';
    convrelay_twiml_before  "<Say>Hello $arg_n &amp; ${arg_m}!</Say>";
    convrelay_twiml_inside  "<Failover of='tts' a='$arg_n'><!-- b --></Failover>";
    convrelay_twiml_parameter  tenant birch;
}
--- request
GET /twiml?n=<'"&>&m=
--- response_body eval
my ($head) = $::head =~ /<Connect>(.*)/;

qq{<?xml version="1.0" encoding="UTF-8"?><Response><Start><Recording\n}
. q{        recordingStatusCallback="https://example.com/rec?a=1&amp;n=}
. qq{&lt;&apos;&quot;"\n        /></Start><Say>Hello &lt;&apos;&quot; &amp; }
. qq{!</Say><Connect>$head><Parameter name="tenant" value="birch"/>}
. qq{<Failover of='tts' a='&lt;&apos;&quot;'><!-- b --></Failover>$::tail}



=== TEST 8: each kind is inherited as a whole, and by itself
--- http_config
convrelay_twiml_language   es-ES;
convrelay_twiml_language   fr-FR;
convrelay_twiml_parameter  level  http;
convrelay_twiml_before     "<Say>http</Say>";
convrelay_twiml_inside     "<Failover/>";
--- config
convrelay_twiml_before     "<Say>server</Say>";
location = /all {
    convrelay_twiml  wss://example.com/ws;
}
location = /own {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_language   de-DE;
    convrelay_twiml_parameter  level location;
    convrelay_twiml_inside     "";

    if ($arg_if) {
        convrelay_twiml_parameter  level if;
        convrelay_twiml_before     "";
    }
}
--- request eval
["GET /all", "GET /own", "GET /own?if=1"]
--- response_body_like eval
[qr{<Response><Say>server</Say><Connect><C[^>]*><Language code="es-ES"/>}
 . qr{<Language code="fr-FR"/><Parameter name="level" value="http"/>}
 . qr{<Failover/></C},
 qr{<Response><Say>server</Say><Connect><C[^>]*><Language code="de-DE"/>}
 . qr{<Parameter name="level" value="location"/></C},
 qr{<Response><Connect><C[^>]*><Language code="de-DE"/>}
 . qr{<Parameter name="level" value="if"/></C}]



=== TEST 9: nothing that a request sends can break the document
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws?$arg_v;
    convrelay_twiml_action     $arg_v;
    convrelay_twiml_attribute  welcomeGreeting  $arg_v;
    convrelay_twiml_language   de-DE voice=$arg_v;
    convrelay_twiml_language   $arg_v;
    convrelay_twiml_parameter  p     $convrelay_form_v;
    convrelay_twiml_before     "<Say a='$arg_v'>$convrelay_form_v</Say>";
    convrelay_twiml_inside     "<A b=\"$convrelay_form_v\">$arg_v</A>";
}
--- request eval
[map { "GET /twiml?v=$_" } '<>&\'"', ']]>', '%00%01%1f%0b', '%ff%fe%c3',
 '--><!--', '%ef%bf%bf', '%0d%0a%09', "'/><Hangup/><a%20b='", "&amp;", ""]
--- response_body_like eval
[(qr{^<\?xml .*</Response>$}) x 10]
--- no_error_log
[crit]



=== TEST 10: a value that is wrong at run time passes, and is logged
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  ttsProvider    $arg_tts;
    convrelay_twiml_attribute  dtmfDetection  $arg_dtmf;
    convrelay_twiml_attribute  newer          $arg_newer unchecked;
    convrelay_twiml_attribute  voice          $arg_newer;
    convrelay_twiml_language   $arg_code;
}
--- request
GET /twiml?tts=Acme&dtmf=yes&newer=1&code=en_US
--- response_body_like chop
ttsProvider="Acme" dtmfDetection="yes" newer="1" voice="1" .*code="en_US"/>
--- grep_error_log eval: qr/invalid value .*?(?=, client)/
--- grep_error_log_out
invalid value of "ttsProvider", write "Google", "Amazon" or "ElevenLabs"
invalid value of "dtmfDetection", write "true" or "false"
invalid value of "language", write a language such as "en-US", or "multi"
--- error_log
invalid value of "ttsProvider", write "Google", "Amazon" or "ElevenLabs"



=== TEST 11: nothing is told of values that are right
--- config
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_attribute  ttsProvider    $arg_tts;
    convrelay_twiml_attribute  dtmfDetection  $arg_dtmf;
    convrelay_twiml_attribute  newer          $arg_newer unchecked;
    convrelay_twiml_attribute  voice          $arg_newer;
    convrelay_twiml_language   $arg_code;
}
--- request
GET /twiml?tts=google&dtmf=true&code=en-US
--- response_body_like chop
ttsProvider="google" dtmfDetection="true" [^>]*><Language code="en-US"/>
--- no_error_log
[error]
[warn]



=== TEST 12: verbs after the session, where no action comes first
--- config
convrelay_twiml_after   "<Say>Goodbye $arg_n.</Say>";
convrelay_twiml_after   "<Hangup/>";
location = /twiml {
    convrelay_twiml  wss://example.com/ws;
}
location = /none {
    convrelay_twiml        wss://example.com/ws;
    convrelay_twiml_after  "";
}
location = /action {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  $arg_action;
}
location = /empty {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_action  "";
}
location = /both {
    convrelay_twiml         wss://example.com/ws;
    convrelay_twiml_after   "";
    convrelay_twiml_action  /end;
}
--- request eval
["GET /twiml?n=<Ann>", "GET /none", "GET /action", "GET /action?action=/end",
 "GET /empty", "GET /both"]
--- response_body_like eval
[qr{</Connect><Say>Goodbye &lt;Ann&gt;\.</Say><Hangup/></Response>$},
 qr{</Connect></Response>$},
 qr{<Connect><Con.*</Connect><Say>Goodbye \.</Say><Hangup/></Response>$},
 qr{<Connect action="/end"><Con.*</Connect><Say>Goodbye \.</Say>},
 qr{<Connect><Con.*</Connect><Say>Goodbye \.</Say><Hangup/></Response>$},
 qr{<Connect action="/end"><Con.*</Connect></Response>$}]
