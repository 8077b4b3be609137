# The end of a session, once the last words were heard.

use lib 't/lib';
use Test::Nginx::ConvRelay;

on_calls();

run_tests();

__DATA__

=== TEST 1: nothing is being said: at once, with hand-off data
--- on
convrelay_on  prompt "operator"  end '{"reason":"$convrelay_lang"}';
--- call
local call = dial("/ws")
call:setup()
call:prompt("Operator!")
call:read(1, 200 * slow)
call:hangup()
--- response_body
> setup
> prompt "Operator!"
< {"type":"end","handoffData":"{\"reason\":\"en-US\"}"}
> close 1000
< close 1000



=== TEST 2: else by an estimate, and nothing is answered any more
--- on
convrelay_on  prompt "bye"  say "Bye!" end;
--- call
local call = dial("/ws")
call:setup()
call:ask("Bye")
call:prompt("Wait")
call:quiet(450)
call:read(1, 400)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Bye!"
> prompt "Wait"
< {"type":"end"}
> close 1000
< close 1000



=== TEST 3: by the last tokensPlayed
--- on
convrelay_on  prompt "bye"  say "Goodbye. It was nice to talk to you." end;
--- call
local call = dial("/ws")
call:setup()
call:ask("Bye")
call:send{ type = "info", name = "tokensPlayed", value = "Goodbye." }
call:quiet(100)
call:send{ type = "info", name = "tokensPlayed",
           value = " It was nice to talk to you." }
call:read(1, 200)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Goodbye. It was nice to talk to you."
< {"type":"end"}
> close 1000
< close 1000



=== TEST 4: by agentSpeaking off
--- on
convrelay_on  prompt "bye"  say "Bye." end;
--- call
local call = dial("/ws")
call:setup()
call:ask("Bye")
call:send{ type = "info", name = "agentSpeaking", value = "on" }
call:quiet(300)
call:send{ type = "info", name = "agentSpeaking", value = "off" }
call:read(1, 200)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Bye."
< {"type":"end"}
> close 1000
< close 1000



=== TEST 5: by an interrupt of the last words
--- on
convrelay_on  prompt "bye"  say "Goodbye. It was nice to talk to you." end;
--- call
local call = dial("/ws")
call:setup()
call:ask("Bye")
call:interrupt("Goodbye.")
call:read(1, 200)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Goodbye. It was nice to talk to you."
> interrupt "Goodbye."
< {"type":"end"}
> close 1000
< close 1000



=== TEST 6: never later than convrelay_end_timeout
--- on
convrelay_end_timeout  200ms;
convrelay_on           prompt "bye"
                       say "Goodbye. It was nice to talk to you." end;
--- call
local call = dial("/ws")
call:setup()
call:ask("Bye")
call:quiet(100)
call:read(1, 300)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Goodbye. It was nice to talk to you."
< {"type":"end"}
> close 1000
< close 1000



=== TEST 7: an LLM that failed can end in a hand-off
--- on
convrelay_on  llm_failed  say "Sorry." end '{"reason":"llm"}';
--- llm
return 503;
--- call
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:read()
call:hangup()
--- response_body
> setup
> prompt "Hi"
< "Sorry."
< {"type":"end","handoffData":"{\"reason\":\"llm\"}"}
> close 1000
< close 1000
--- error_log
LLM failed



=== TEST 8: what was said cannot add to hand-off data in JSON
--- on
convrelay_on  prompt "~*my name is (?<name>.+)"
              end '{"name":"$name","lang":"$convrelay_lang","vip":$name}';
--- call
local call = dial("/ws")
call:setup()
call:send{ type = "prompt", last = true, lang = 'e","vip":"yes',
           voicePrompt = 'My name is Joe","vip":"yes' }
call:read()
call:hangup()
--- response_body
> setup
< {"type":"end","handoffData":"{\"name\":\"Joe\\\",\\\"vip\\\":\\\"yes\",\"lang\":\"e\\\",\\\"vip\\\":\\\"yes\",\"vip\":\"Joe\\\",\\\"vip\\\":\\\"yes\"}"}
> close 1000
< close 1000



=== TEST 9: hand-off data that begin as JSON and are none
--- on
convrelay_on  setup  end '{"reason":"$convrelay_lang}';
--- must_die
--- error_log
"end" has hand-off data that begins with "{" but is not valid JSON



=== TEST 10: keys that were sent are reported, and the end comes with them
--- on
convrelay_on  prompt  bye  say "Goodbye." send_digits 1w2# end;
--- call
local call = dial("/ws")
call:setup()
call:prompt("Bye")
call:read(2)
call:send{ type = "info", name = "tokensPlayed", value = "Goodbye." }
call:quiet(300)
call:send{ type = "info", name = "tokensPlayed", value = "12#" }

local at = ngx.now()
call:read()
ngx.update_time()
ngx.say(ngx.now() - at < 0.5 * slow)
call:hangup()
--- response_body
> setup
> prompt "Bye"
< "Goodbye." last
< {"type":"sendDigits","digits":"1w2#"}
< {"type":"end"}
true
> close 1000
< close 1000
