# What the access log can tell of a call and of its turns.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', ($block->http_config // '') . <<'_EOC_');
    log_format  calls  '$request_method $uri $status turns=$convrelay_turns '
                       'interrupts=$convrelay_interrupts '
                       'tokens=$convrelay_tokens $convrelay_call_sid '
                       '"$upstream_status"';
    log_format  times  '$status $request_time';
    log_format  first  '$status $convrelay_first_token '
                       '$convrelay_first_token_median '
                       '$convrelay_first_token_max';
    log_format  fields '$uri $convrelay_call_sid/$convrelay_session_id/'
                       '$convrelay_account_sid/$convrelay_parent_call_sid/'
                       '$convrelay_from/$convrelay_to/'
                       '$convrelay_forwarded_from/$convrelay_caller_name/'
                       '$convrelay_direction/$convrelay_call_type/'
                       '$convrelay_call_status/$convrelay_turns';
    log_format  none   '$convrelay_call_sid $convrelay_session_id '
                       '$convrelay_account_sid $convrelay_parent_call_sid '
                       '$convrelay_from $convrelay_to '
                       '$convrelay_forwarded_from $convrelay_caller_name '
                       '$convrelay_direction $convrelay_call_type '
                       '$convrelay_call_status $convrelay_lang '
                       '$convrelay_digits $convrelay_turns '
                       '$convrelay_interrupts $convrelay_tokens '
                       '$convrelay_tool_calls $convrelay_tool_failures '
                       '$convrelay_input_tokens $convrelay_output_tokens '
                       '$convrelay_first_token '
                       '$convrelay_first_token_median '
                       '$convrelay_first_token_max $convrelay_tool '
                       '$convrelay_tool_key $convrelay_parameter_x '
                       '$convrelay_context_x $convrelay_form_x '
                       '$convrelay_call_path $convrelay_session_status '
                       '$convrelay_session_duration $convrelay_error_code '
                       '$convrelay_handoff_data $convrelay_handoff_x '
                       '$convrelay_end $convrelay_outcome '
                       '$convrelay_failures $convrelay_fillers '
                       '$convrelay_fallbacks $convrelay_hedges_won '
                       '$convrelay_nudges $convrelay_longest_gap '
                       '$convrelay_resumed $convrelay_resume_lost '
                       '$convrelay_resumed_answers $convrelay_first_sound '
                       '$convrelay_arg_x $convrelay_value_x '
                       '$convrelay_result_x';
_EOC_
});

run_tests();

__DATA__

=== TEST 1: one line a call: 101, turns, interrupts and tokens
--- config
location = /ws {
    convrelay;
    access_log          logs/calls.log calls;
    proxy_pass          http://llm/v1/chat/completions;
    proxy_http_version  1.1;
    proxy_set_header    Connection "";
}
--- llm
location / {
    content_by_lua_block {
        require("convrelay_llm").talk{ "One ", "two ", "three.", hold = 3 }
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup{ callSid = "CA1" }
call:prompt("Hi")
call:read(3)
call:interrupt("One")
call:read(1)
call:prompt("again")
call:read(3)
call:prompt("Eh?")
call:read(3)
call:interrupt("One")
call:hangup()

call = dial("/ws", { mute = true })
call:setup{ callSid = "CA2" }
call:drop()

call = dial("/ws", { mute = true })
call:drop()

ngx.say(require "convrelay_llm".log("calls.log", 3))
--- response_body
GET /ws 101 turns=3 interrupts=2 tokens=7 CA1 "-"
GET /ws 101 turns=0 interrupts=0 tokens=0 CA2 "-"
GET /ws 101 turns=0 interrupts=0 tokens=0  "-"



=== TEST 2: with log_subrequest one line a turn, with its upstream
--- config
location = /ws {
    convrelay;
    log_subrequest      on;
    access_log          logs/calls.log calls;
    proxy_pass          http://llm/v1/chat/completions;
    proxy_http_version  1.1;
    proxy_set_header    Connection "";
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local what = llm.messages():match("%w+$")

        if what == "fail" then
            ngx.exit(500)

        elseif what == "drop" then
            ngx.exit(444)

        elseif what == "hold" then
            llm.talk{ "One", hold = 1 }

        else
            llm.say("Fine")
        end
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup{ callSid = "CA1" }
call:ask("Hi")
call:ask("fail")
call:ask("drop")
call:prompt("hold")
call:read(1)
call:interrupt("One")
call:read(1)
call:prompt("hold")
call:read(1)
call:hangup()

ngx.say(require "convrelay_llm".log("calls.log", 6))
--- response_body
POST /ws 200 turns=1 interrupts=0 tokens=1 CA1 "200"
POST /ws 500 turns=2 interrupts=0 tokens=1 CA1 "500"
POST /ws 502 turns=3 interrupts=0 tokens=1 CA1 "502"
POST /ws 499 turns=4 interrupts=1 tokens=2 CA1 "200"
POST /ws 499 turns=5 interrupts=1 tokens=3 CA1 "200"
GET /ws 101 turns=5 interrupts=1 tokens=3 CA1 "-"
--- error_log
LLM failed



=== TEST 3: the duration of a call is its request time, that of a turn its own
--- config
location = /ws {
    convrelay;
    log_subrequest  on;
    access_log      logs/times.log times;
    proxy_pass      http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        ngx.sleep(0.1)
        require("convrelay_llm").say("Fine")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()
ngx.sleep(0.15)
call:ask("Hi")
ngx.sleep(0.15)
call:hangup()

local log = require "convrelay_llm".log("times.log", 2)
local turn, whole = log:match("^200 (%S+).*\n101 (%S+)")
ngx.say(turn >= "0.1", " ", whole - turn >= 0.29)
--- response_body
true true



=== TEST 4: outside of a call the variables are empty, and "-" in a log
--- config
location = /none {
    access_log  logs/none.log none;
    return 200 "[$convrelay_call_sid][$convrelay_turns][$convrelay_parameter_x]";
}
--- call
local http = require "convrelay_http"

ngx.say(http.form("GET", "/none", {}).body)

local words, dashes = 0, 0

for word in require("convrelay_llm").log("none.log", 1):gmatch("%S+") do
    words = words + 1
    dashes = dashes + (word == "-" and 1 or 0)
end

ngx.say(words, " ", dashes)
--- response_body
[][][]
49 49



=== TEST 5: the lines of a call's webhooks have its fields, too
--- config
access_log  logs/fields.log fields;
location = /twiml {
    convrelay_twiml            wss://example.com/ws;
    convrelay_twiml_parameter  caller "$convrelay_from";
}
location = /end {
    convrelay_connect_action;
}
location = /other {
    return 200;
}
--- call
local http = require "convrelay_http"

local fields = { CallSid = "CA1", SessionId = "VX1", AccountSid = "AC1",
                 ParentCallSid = "CA0", From = "+1", To = "+2",
                 ForwardedFrom = "+3", CallerName = "Ann\nLee",
                 Direction = "inbound", CallType = "x", CallStatus = "ringing" }

for _, path in ipairs{ "/twiml", "/end", "/other" } do
    http.form("GET", path, fields)
end

local r = http.form("POST", "/twiml", { CallSid = "CA2", From = "+4" })
ngx.say(r.body:match("<Parameter.*/>"))
http.form("POST", "/twiml", {})

ngx.say(require "convrelay_llm".log("fields.log", 5))
--- response_body
<Parameter name="caller" value="+4"/>
/twiml CA1/VX1/AC1/CA0/+1/+2/+3/Ann Lee/inbound/-/-/-
/end CA1/VX1/AC1/CA0/+1/+2/+3/Ann Lee/inbound/-/-/-
/other -/-/-/-/-/-/-/-/-/-/-/-
/twiml CA2/-/-/-/+4/-/-/-/-/-/-/-
/twiml -/-/-/-/-/-/-/-/-/-/-/-



=== TEST 6: the time to the first token: of a turn, and at the end of a call
--- config
location = /ws {
    convrelay;
    log_subrequest  on;
    access_log      logs/first.log first;
    proxy_pass      http://llm/v1/chat/completions;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages():match("user: (%S+)$")

        if said == "fail" then
            ngx.exit(500)
        end

        ngx.sleep(tonumber(said) / 1000)
        llm.say("Fine")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, said in ipairs{ "50", "400", "150", "fail" } do
    call:ask(said)
end

call:hangup()

call = dial("/ws", { mute = true })
call:setup()
call:hangup()

-- within the pace of the machine

local function about(ms, want)
    ms = tonumber(ms)
    return ms and ms >= want - 2 and ms < want + 100 * slow and want or ms
end

for line in require "convrelay_llm".log("first.log", 6):gmatch("[^\n]+") do
    local status, last, median, max = line:match("(%S+) (%S+) (%S+) (%S+)")

    for _, want in ipairs{ 50, 150, 400 } do
        last = about(last, want)
        median = about(median, want)
        max = about(max, want)
    end

    ngx.say(status, " ", last or "-", " ", median or "-", " ", max or "-")
end
--- response_body
200 50 50 50
200 400 50 400
200 150 150 400
500 - 150 400
101 - 150 400
101 - - -
--- error_log
LLM failed



=== TEST 7: in a turn, captures and arguments are those of the handshake
--- config
location ~ ^/ws/(\w+)$ {
    convrelay;
    convrelay_system_prompt  "You are $area.";
    convrelay_model          "$1-$arg_who";
    proxy_pass               http://llm/v1/$1/chat;
    proxy_set_header         X-Args "$1 $area $args $query_string $arg_who $1";
    proxy_set_header         X-Http "$http_x_secret|$cookie_a|";
}

location = /static {
    convrelay;
    convrelay_model   "m$1$is_args$args";
    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  X-Args "[$1] $arg_who";
}

location = /plain {
    return 200 "$args|$arg_who|$is_args\n";
}
--- http_config
map $convrelay_from $area {
    ~^\+(\d)  area-$1;
    default    nowhere;
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"

        llm.note(ngx.var.request_uri .. " " .. llm.body():match('^{"model":"(.-)"')
                 .. " (" .. (ngx.var.http_x_args or "") .. ")"
                 .. (ngx.var.http_x_http or ""))
        llm.say("ok")
    }
}
--- call
local llm = require "convrelay_llm"

for _, path in ipairs{ "/ws/acme?who=ann&x=%20", "/static?who=bob", "/static" } do
    local call = dial(path, { mute = true })
    call:setup()
    call:ask("one")
    call:ask("two")
    call:hangup()
    ngx.say(llm.notes(2))
end

local plain = ngx.location.capture("/plain", { args = "who=eve" })
ngx.print(plain.body)
--- response_body
/v1/acme/chat acme-ann (acme area-1 who=ann&x=%20 who=ann&x=%20 ann acme)||
/v1/acme/chat acme-ann (acme area-1 who=ann&x=%20 who=ann&x=%20 ann acme)||
/v1/chat/completions m?who=bob ([] bob)
/v1/chat/completions m?who=bob ([] bob)
/v1/chat/completions m ([])
/v1/chat/completions m ([])
who=eve|eve|?



=== TEST 8: the LLM's counts are those of all turns, or empty
--- http_config
log_format  usage  '$convrelay_call_sid in=$convrelay_input_tokens '
                   'out=$convrelay_output_tokens';
--- config
location = /ws {
    convrelay;
    access_log               logs/usage.log usage;
    convrelay_request_field  stream_options '{"include_usage":true}';
    proxy_pass               http://llm/v1/chat/completions;
    proxy_http_version       1.1;
    proxy_set_header         Connection "";
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages()

        if not said:find("count") then
            return llm.say("ok")
        end

        llm.stream()
        llm.token("Well.")

        ngx.print('data: {"choices":[{"delta":{},"finish_reason":"stop"}],',
                  '"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n',
                  'data: {"choices":[],"usage":{"prompt_tokens":40,',
                  '"completion_tokens":6,"total_tokens":46}}\n\n',
                  "data: [DONE]\n\n")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup{ callSid = "CA1" }
call:ask("count")
call:ask("count again")
call:hangup()

call = dial("/ws", { mute = true })
call:setup{ callSid = "CA2" }
call:ask("Hi")
call:hangup()

ngx.say(require "convrelay_llm".log("usage.log", 2))
--- response_body
CA1 in=80 out=12
CA2 in=- out=-
