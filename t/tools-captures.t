# Captures of a regex and arguments of a request in the location of a tool, and
# in that of the context: never those of another request or call.

use lib 't/lib';
use Test::Nginx::ConvRelay;

repeat_each(2);

run_tests();

__DATA__

=== TEST 1: those of the handshake stay there
--- http_config
map "" $nothing { default ""; }
--- config
location ~ ^/ws/(.+)$ {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           run '{}' uri=/tools/run?own=1;
    convrelay_context        /tools/run?own=2;
    proxy_pass               http://llm/v1/chat/completions$nothing;
}
location = /tools/run {
    internal;
    return  200 "<$1> <$args> <$arg_key> <$arg_own>";
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.body():match('"system","content":"([^"]*)"')
        llm.agent{ Run = { { "run" } }, Hi = said }
    }
}
--- call
local one = dial("/ws/secret?key=1")
local two = dial("/ws/other?key=2")
one:setup()
two:setup{ callSid = "CA2", sessionId = "VX2" }
one:ask("Hi")
two:ask("Hi")
one:ask("Run")
two:ask("Run")
one:drop()
two:drop()
--- response_body
> setup
> setup
> prompt "Hi"
< "<> <own=2> <> <2>"
> prompt "Hi"
< "<> <own=2> <> <2>"
> prompt "Run"
< "<> <own=1> <> <1>"
> prompt "Run"
< "<> <own=1> <> <1>"
> drop
> drop



=== TEST 2: a regex keeps a pointer to the text that it matched: a tool that outlives its call has a copy of it
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_tool           session '{}' uri=/tools/session timeout=30s;
    convrelay_tool           tenant  '{}' uri=/tools/tenant timeout=30s;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/session {
    internal;
    if ($convrelay_session_id ~ "^(.+)$") {
        set $matched $1;
    }
    rewrite_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("asked")
        repeat ngx.sleep(0.005) until llm.go
        llm.note("still " .. ngx.var[1])
    }
    proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
}
location = /tools/tenant {
    internal;
    if ($convrelay_parameter_tenant ~ "^(.+)$") {
        set $matched $1;
    }
    rewrite_by_lua_block {
        local llm = require "convrelay_llm"
        llm.note("asked")
        repeat ngx.sleep(0.005) until llm.go
        llm.note("still " .. ngx.var[1])
    }
    proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/crm;
}
location = /crm { return 200; }
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local tool = llm.body():match('"user","content":"([^"]*)"')
        if tool == "session" or tool == "tenant" then
            return llm.calls{ { tool } }
        end
        llm.say("Hello.")
    }
}
--- call
local llm = require "convrelay_llm"
llm.notes()

local function setup(call, n)
    call.mute = true
    call:setup{ callSid = "CA0000000" .. n, sessionId = "VX0000000" .. n,
                customParameters = { tenant = "tenant number " .. n } }
end

for _, tool in ipairs{ "session", "tenant" } do
    llm.go = false

    local call = dial("/ws")
    setup(call, 1)
    call:prompt(tool)
    ngx.say(llm.notes(1))
    call:hangup()

    -- these calls get the memory of the one that is over

    local others = {}

    for n = 2, 5 do
        others[n] = dial("/ws")
        setup(others[n], n)
        others[n]:ask("Hi")
    end

    llm.go = true
    ngx.say(llm.notes(1))

    for n = 2, 5 do
        others[n]:hangup()
    end
end
--- response_body
asked
still VX00000001
asked
still tenant number 1
