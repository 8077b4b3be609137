# Phrases that are said while the caller waits for an answer.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# the LLM, and a tool, answer once the test says "go"

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', <<'_EOC_' . ($block->http_config // ''));
init_worker_by_lua_block {
    function hold()
        while not package.loaded.go do
            ngx.sleep(0.005)
        end

        package.loaded.go = nil
    end

    function go() package.loaded.go = true end
}
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        hold()

        llm.agent(setmetatable({}, { __index = function(_, text)
            if text:sub(1, 1) == "?" then
                return { text = text:match(" (.*)"), { "find",
                         '{"what":"' .. text:match("%w+") .. '"}' } }
            end

            return function(request)
                local out = {}

                for i, m in ipairs(request.messages) do
                    out[i] = m.role .. ": " .. (m.tool_calls and "calls"
                                                or m.content)
                end

                llm.say(table.concat(out, ", "))
            end
        end }))
    }
}
_EOC_

    $block->set_value('config', sprintf <<'_EOC_', $block->on);
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    proxy_pass               http://llm/v1/chat/completions;
    %s
}
location = /find {
    internal;
    content_by_lua_block {
        hold()
        ngx.print('{"found":true}')
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a slow LLM; the history knows nothing of it
--- on
convrelay_filler  100ms again=100ms max=2 "One moment, please."
                  "I am still looking, it will not take much longer.";
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Hi")
ngx.say(call:frame_in().payload)
call:interrupt("One moment")
call:prompt("Hello?")
ngx.say(call:frame_in().payload)
call:send{ type = "info", name = "agentSpeaking", value = "on" }
call:send{ type = "info", name = "agentSpeaking", value = "off" }
ngx.say("quiet: ", call:quiet(300))
go()
ngx.say((call:answer()))
call:hangup()
--- response_body
{"type":"text","token":"One moment, please.","last":true,"preemptible":false}
{"type":"text","token":"I am still looking, it will not take much longer.","last":true,"preemptible":true}
quiet: true
user: Hi



=== TEST 2: a tool's own phrase, with what it was called with, then the others
--- on
convrelay_filler  50ms again=50ms "One moment." "Still looking.";
convrelay_tool    find '{}' uri=/find "filler=Let me look for $convrelay_value_what.";
--- call
local call = dial("/ws", { mute = true })
local info = { type = "info", name = "agentSpeaking" }

local function read()
    ngx.say(call:frame_in().payload)

    for _, value in ipairs{ "on", "off" } do
        info.value = value
        call:send(info)
    end
end

call:setup()
call:prompt("?tea Right.")
read()
go()
read()
read()
go()
read()
go()
ngx.say((call:answer()))
call:hangup()
--- response_body
{"type":"text","token":"One moment.","last":true,"preemptible":false}
{"type":"text","token":"Right.","last":false}
{"type":"text","token":"Let me look for tea.","last":true,"preemptible":false}
{"type":"text","token":"Still looking.","last":true,"preemptible":false}
 user: ?tea Right., assistant: calls, tool: {"found":true}



=== TEST 3: a phrase for each language, of which one has none
--- http_config
map $convrelay_lang $moment {
    ~^es  "Un momento.";
    ~^fr  "";
}
--- on
convrelay_filler  100ms again=100ms "$moment";
--- call
for _, lang in ipairs{ "es-ES", "fr-FR", "en-US" } do
    local call = dial("/ws", { mute = true })
    call:setup()
    call:send{ type = "prompt", voicePrompt = "Hi", lang = lang, last = true }
    ngx.say(lang, ": ", lang == "es-ES" and call:frame_in().payload
                        or call:quiet(250))
    call:drop()
end
go()
--- response_body
es-ES: {"type":"text","token":"Un momento.","last":true,"preemptible":false}
fr-FR: true
en-US: true



=== TEST 4: not while the caller speaks
--- on
convrelay_filler  50ms "One moment.";
--- call
local call = dial("/ws", { mute = true })
local info = { type = "info", name = "clientSpeaking", value = "on" }
call:setup()
call:prompt("Hi")
call:send(info)
ngx.say("quiet: ", call:quiet(300))
info.value = "off"
call:send(info)
ngx.say(call:frame_in().payload)
go()
ngx.say((call:answer()))
call:hangup()
--- response_body
quiet: true
{"type":"text","token":"One moment.","last":true,"preemptible":false}
user: Hi



=== TEST 5: an interruption of one, with no words after it, loses no answer
--- on
convrelay_filler  50ms "One moment.";
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:prompt("Hi")
ngx.say(call:frame_in().payload)
call:interrupt("One mom")
call:send{ type = "info", name = "clientSpeaking", value = "off" }
go()
ngx.say((call:answer()))
call:interrupt("user")
call:prompt("And now?")
ngx.say(call:frame_in().payload)
go()
ngx.say((call:answer()))
call:hangup()
--- response_body
{"type":"text","token":"One moment.","last":true,"preemptible":false}
user: Hi
{"type":"text","token":"One moment.","last":true,"preemptible":false}
user: Hi, assistant: user, user: And now?



=== TEST 6: none where it is off, or while a tool runs that wants none
--- on
convrelay_filler  50ms "One moment.";
convrelay_tool    find '{}' uri=/find filler=off;
--- call
local call = dial("/ws", { mute = true })
call:setup()
go()
call:prompt("?tea")
ngx.say("quiet: ", call:quiet(300))
go()
ngx.say(call:frame_in().payload)
go()
ngx.say((call:answer()))
call:hangup()
--- response_body
quiet: true
{"type":"text","token":"One moment.","last":true,"preemptible":false}
user: ?tea, assistant: calls, tool: {"found":true}



=== TEST 7: they are counted, by call and for all
--- http_config
convrelay_zone  calls 1m;
log_format      calls 'fillers=$convrelay_fillers';
--- on
convrelay_filler  50ms again=50ms "One moment." "Still looking.";
access_log        logs/calls.log calls;
}
location = /off {
    convrelay;
    convrelay_filler  off;
    access_log        logs/calls.log calls;
    proxy_pass        http://llm/v1/chat/completions;
}
location = /status {
    convrelay_status  public;
--- call
for _, path in ipairs{ "/ws", "/off" } do
    local call = dial(path, { mute = true })
    call:setup()
    call:prompt("Hi")
    if path == "/ws" then
        call:read(1)
        call:interrupt("")
        call:send{ type = "info", name = "clientSpeaking", value = "off" }
        call:read(1)
    else
        ngx.say("quiet: ", call:quiet(200))
    end
    go()
    call:answer()
    call:hangup()
end

ngx.say(require "convrelay_llm".log("calls.log", 2))
ngx.say(ngx.location.capture("/status").body:match("\nconvrelay_fillers_total[^\n]*"))
--- response_body
quiet: true
fillers=2
fillers=0

convrelay_fillers_total{server="localhost",location="/ws"} 2



=== TEST 8: a tool's phrase needs the time of the others
--- on
convrelay_tool    find '{}' uri=/find "filler=Let me look.";
--- must_die
--- error_log
"filler=" of the tool "find" is never said, add "convrelay_filler 1s" with phrases, or "convrelay_filler off"
