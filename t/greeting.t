# What Twilio says first is known to the model.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', sprintf <<'_EOC_', $block->on // '');
    location = /twiml {
        convrelay_twiml            wss://voice.example.com/ws;
        convrelay_twiml_attribute  welcomeGreeting "Hi, $arg_name! Ask me.";
    }

    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
        %s
    }
_EOC_

    $block->set_value('greeting', '');
    $block->set_value('llm', <<'_EOC_');
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        llm.say(llm.messages())
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: the TwiML carries the greeting as a parameter
--- request
GET /twiml?name=Joe
--- response_body chomp
<?xml version="1.0" encoding="UTF-8"?><Response><Connect><ConversationRelay url="wss://voice.example.com/ws" welcomeGreeting="Hi, Joe! Ask me." events="tokens-played"><Parameter name="convrelay_greeting" value="Hi, Joe! Ask me."/></ConversationRelay></Connect></Response>



=== TEST 2: not with convrelay_greeting_history off
--- http_config
convrelay_greeting_history  off;
--- request
GET /twiml?name=Joe
--- response_body chomp
<?xml version="1.0" encoding="UTF-8"?><Response><Connect><ConversationRelay url="wss://voice.example.com/ws" welcomeGreeting="Hi, Joe! Ask me." events="tokens-played"/></Connect></Response>



=== TEST 3: and not one of more than 2048 bytes
--- request eval
"GET /twiml?name=" . "x" x 2040
--- response_body_unlike
Parameter



=== TEST 4: it is the first message of the model
--- call
local call = dial("/ws")
call:setup{ customParameters = { convrelay_greeting = "Hi! Ask me." } }
call:ask("Who are you?")
call:hangup()
--- response_body
> setup
> prompt "Who are you?"
< "user: (The call begins.)\nassistant: Hi! Ask me.\nuser: Who are you?"
> close 1000
< close 1000



=== TEST 5: as far as it was heard
--- call
local call = dial("/ws")
call:setup{ customParameters = {
    convrelay_greeting = "Hi! I am Birch. Ask me anything."
} }
call:send{ type = "info", name = "tokensPlayed", value = "Hi!" }
call:send{ type = "info", name = "tokensPlayed", value = "I am" }
call:interrupt("I am", 300)
call:ask("Yes?")
call:hangup()
--- response_body
> setup
> interrupt "I am"
> prompt "Yes?"
< "user: (The call begins.)\nassistant: Hi! I am\nuser: Yes?"
> close 1000
< close 1000



=== TEST 6: not with convrelay_greeting_history off, whatever the TwiML carries
--- on
convrelay_greeting_history  off;
--- call
local call = dial("/ws")
call:setup{ customParameters = { convrelay_greeting = "Hi! Ask me." } }
call:ask("Who are you?")
call:hangup()
--- response_body
> setup
> prompt "Who are you?"
< "user: Who are you?"
> close 1000
< close 1000
