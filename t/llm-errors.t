# The LLM fails: the caller hears one phrase, the log says why, the history
# stays clean and the next prompt works.

use lib 't/lib';
use Test::Nginx::ConvRelay;

# a call whose first turn meets the fault of its parameters, and whose second
# turn is told the history

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_');
    map $convrelay_turns $llm_answer {
        1        "say:One two three four five";
        default  history;
    }
    map $convrelay_turns $llm_fault {
        1        $convrelay_parameter_fault;
    }
    map $convrelay_turns $llm_status {
        1        $convrelay_parameter_status;
    }
    map $convrelay_turns $llm_port {
        1        $convrelay_parameter_port;
        default  $TEST_NGINX_LLM_PORT;
    }
_EOC_

    $block->set_value('config', <<'_EOC_') if !defined $block->config;
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        convrelay_error_message  "Sorry, $convrelay_from.";
        proxy_pass               http://127.0.0.1:$llm_port/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_read_timeout       300ms;
        proxy_set_header         Connection "";
        proxy_set_header         X-Answer $llm_answer;
        proxy_set_header         X-Fault $llm_fault;
        proxy_set_header         X-Status $llm_status;
        proxy_set_header         X-Quirk $convrelay_parameter_quirk;
        proxy_set_header         Authorization "Bearer sk-verysecretkey123";
    }
_EOC_

    $block->set_value('llm', <<'_EOC_') if !defined $block->llm;
    location / {
        convrelay_mock_llm  answer=$http_x_answer fault=$http_x_fault
                            status=$http_x_status quirk=$http_x_quirk
                            first=0 interval=2ms;
    }
_EOC_

    $block->set_value('call', <<'_EOC_' . $block->call) if defined $block->call;
    local function try(fault, params)
        local call = dial("/ws", { mute = true })

        params = params or {}
        params.fault = fault
        params.port = params.port or "$TEST_NGINX_LLM_PORT"

        call:setup{ from = "Ann", customParameters = params }
        call:prompt("Hi")
        ngx.say(fault, ": ", (call:answer()))

        if call:quiet(20) then
            call:prompt("Again?")
            ngx.say((call:answer():gsub('"role":(".-"),"content":', '%1:')))
        end

        call:hangup()
    end
_EOC_
});

run_tests();

__DATA__

=== TEST 1: nothing heard of the LLM but an HTTP error
--- call
for _, status in ipairs{ 401, 403, 404, 429, 500, 503 } do
    try("none", { status = status })
end
--- response_body eval
"none: Sorry, Ann.
[{\"user\":\"Hi\\nAgain?\"}]
" x 6
--- grep_error_log eval: qr/LLM failed: .*?(?= while (?!proc))/
--- grep_error_log_out eval
my $llm = "LLM failed: upstream: 127.0.0.1:$ENV{TEST_NGINX_LLM_PORT}";

qq{$llm, status: 401, code: "invalid_api_key", type: "invalid_request_error", message: "Incorrect API key provided: ***"
$llm, status: 403, code: "", type: "invalid_request_error", message: "The request was refused."
$llm, status: 404, code: "model_not_found", type: "invalid_request_error", message: "The model does not exist or you do not have access to it."
$llm, status: 429, code: "rate_limit_exceeded", type: "requests", message: "Rate limit reached. Please try again in 1s."
$llm, status: 500, code: "", type: "server_error", message: "The server had an error while processing your request."
$llm, status: 503, code: "server_is_overloaded", type: "service_unavailable_error", message: "The server is currently overloaded."
}
--- error_log
LLM failed: upstream: 127.0.0.1
--- no_error_log eval
[qr/\[error\].*verysecret/]



=== TEST 2: a request that the LLM refuses leaves the history
--- call
for _, status in ipairs{ 400, 413, 422 } do
    try("none", { status = status })
end
--- response_body eval
"none: Sorry, Ann.
[{\"user\":\"Again?\"}]
" x 3
--- error_log
LLM failed: upstream: 127.0.0.1



=== TEST 3: no answer, or one of the wrong kind
--- call
try("refused", { port = "$TEST_NGINX_PORT_2" })
try("stall_before")
try("cut_before")
try("empty")
try("html")
try("done_only")
--- response_body
refused: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
stall_before: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
cut_before: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
empty: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
html: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
done_only: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
--- grep_error_log eval: qr/LLM failed: .*?(?= while)/
--- grep_error_log_out eval
my $llm = "LLM failed: upstream: 127.0.0.1:";

qq{$llm$ENV{TEST_NGINX_PORT_2}, status: 502, gave no answer
$llm$ENV{TEST_NGINX_LLM_PORT}, status: 504, timed out
$llm$ENV{TEST_NGINX_LLM_PORT}, status: 502, gave no answer
$llm$ENV{TEST_NGINX_LLM_PORT}, status: 200, code: "no_answer", type: "", message: "ended before its first word"
$llm$ENV{TEST_NGINX_LLM_PORT}, status: 200, code: "html_page", type: "", message: "is an HTML page, not an answer"
$llm$ENV{TEST_NGINX_LLM_PORT}, status: 200, its answer was empty
}
--- error_log
LLM failed: upstream: 127.0.0.1



=== TEST 4: the answer breaks off in its middle: what was said is kept
--- call
try("stall_after")
try("cut")
try("cut_chunk")
try("half_close")
try("error_in_stream")
try("garbage")
--- response_body
stall_after: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
cut: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
cut_chunk: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
half_close: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
error_in_stream: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
garbage: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
--- grep_error_log eval: qr/LLM failed: .*?(?= while (?!proc))/
--- grep_error_log_out eval
my $llm = "LLM failed: upstream: 127.0.0.1:$ENV{TEST_NGINX_LLM_PORT}";

qq{$llm, status: 200, broke off in mid-answer
$llm, status: 200, broke off in mid-answer
$llm, status: 200, broke off in mid-answer
$llm, status: 200, broke off in mid-answer
$llm, status: 200, code: "", type: "server_error", message: "The server had an error while processing your request."
$llm, status: 200, code: "bad_answer", type: "", message: "is not valid JSON"
}
--- error_log
LLM failed: upstream: 127.0.0.1



=== TEST 5: an answer without its end is taken as it is
--- call
try("eof")
try("no_done")
try("no_finish")
--- response_body
eof: One two three
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
no_done: One two three four five
[{"user":"Hi"},{"assistant":"One two three four five"},{"user":"Again?"}]
no_finish: One two three four five
[{"user":"Hi"},{"assistant":"One two three four five"},{"user":"Again?"}]
--- grep_error_log eval: qr/LLM.*?(?= while)/
--- grep_error_log_out
LLM's answer ended without "[DONE]" or a finish_reason
--- error_log
[warn]
--- no_error_log
[error]



=== TEST 6: the errors of other vendors in body and stream
--- call
for _, quirk in ipairs{ "vllm", "llamacpp", "groq", "openrouter", "azure" } do
    try("none", { quirk = quirk, status = 429 })
    try("error_in_stream", { quirk = quirk })
end

try("none", { quirk = "gemini", status = 503 })
try("none", { quirk = "ollama", status = 404 })
try("error_in_stream", { quirk = "ollama" })
--- response_body eval
my $failed = 'none: Sorry, Ann.
[{"user":"Hi\nAgain?"}]
';

($failed . 'error_in_stream: One two three. Sorry, Ann.
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
') x 5 . $failed x 2 . 'error_in_stream: One two three
[{"user":"Hi"},{"assistant":"One two three"},{"user":"Again?"}]
'
--- grep_error_log eval: qr/LLM('s|.*, status:) \K.*?(?= while (?!proc))/
--- grep_error_log_out
429, code: "429", type: "requests", message: "Rate limit reached. Please try again in 1s."
200, code: "500", type: "InternalServerError", message: "Internal server error"
429, code: "429", type: "requests", message: "Rate limit reached. Please try again in 1s."
200, code: "500", type: "server_error", message: "Compute error."
429, code: "rate_limit_exceeded", type: "requests", message: "Rate limit reached. Please try again in 1s."
200, code: "tool_use_failed", type: "invalid_request_error", message: "Failed to call a function."
429, code: "429", type: "", message: "Rate limit reached. Please try again in 1s."
200, code: "502", type: "", message: "Provider disconnected"
429, code: "rate_limit_exceeded", type: "requests", message: "Rate limit reached. Please try again in 1s."
200, code: "", type: "server_error", message: "The server had an error while processing your request."
503, code: "503", type: "service_unavailable_error", message: "The server is currently overloaded."
404, code: "model_not_found", type: "invalid_request_error", message: "The model does not exist or you do not have access to it."
answer ended without "[DONE]" or a finish_reason
--- error_log
LLM failed: upstream: 127.0.0.1



=== TEST 7: errors of other shapes, redirects and answers without words say why
--- config
location = /ws {
    convrelay;
    convrelay_error_message  "Sorry.";
    proxy_pass               http://llm/v1/chat/completions;
    proxy_http_version       1.1;
    proxy_set_header         Connection "";
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local said = llm.messages():match("[%w_]+$")
        local lines = {
            code = '{"code":500,"message":"boom"}',
            detail = '{"detail":"Not authenticated"}',
            type = '{"type":"error","message":"boom"}',
            error_message = '{"choices":null,"error_message":"boom"}',
            unknown = '{"message":"My PIN is 1234."}',
            tool = '{"choices":[{"delta":{"tool_calls":[{"id":"c"}]},'
                   .. '"finish_reason":"tool_calls"}]}',
            limit = '{"choices":[{"delta":{"reasoning":"Hm."},'
                    .. '"finish_reason":"length"}],'
                    .. '"usage":{"completion_tokens":220}}',
        }

        if said == "redirect" then
            ngx.header.location = "https://llm.example.com/v2/?key=sk-secret12345"
            return ngx.exit(307)
        end

        llm.stream()
        ngx.print("data: ", lines[said], "\n\ndata: [DONE]\n\n")
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()

for _, said in ipairs{ "code", "detail", "type", "error_message", "unknown",
                       "tool", "limit", "redirect" } do
    ngx.say(said, ": ", (call:ask(said)))
    ngx.sleep(1.1)
end

call:hangup()
--- timeout: 20
--- response_body
code: Sorry.
detail: Sorry.
type: Sorry.
error_message: Sorry.
unknown: Sorry.
tool: Sorry.
limit: Sorry.
redirect: Sorry.
--- grep_error_log eval: qr/LLM failed: upstream: [^,]*, \K.*?(?= while (?!proc))/
--- grep_error_log_out
status: 200, code: "500", type: "", message: "boom"
status: 200, code: "", type: "", message: "Not authenticated"
status: 200, code: "", type: "error", message: "boom"
status: 200, code: "", type: "", message: "boom"
status: 200, its answer was empty
status: 200, its answer was empty, finish_reason: "tool_calls", it called a tool
status: 200, its answer was empty, finish_reason: "length", cut by its token limit after 220 tokens, it had reasoning only
status: 307, it redirects to "https://llm.example.com/v2/?key=***", which is not followed: write the final URL in "proxy_pass"
--- error_log
LLM failed



=== TEST 8: an empty error message: the caller hears nothing
--- config
    location = /ws {
        convrelay;
        convrelay_error_message  "";
        proxy_pass               http://llm/v1/chat/completions;
    }
--- llm: status=500
--- call
local call = dial("/ws")
call:setup()
call:prompt("Hi")
call:quiet(80 * slow)
call:hangup()
--- response_body
> setup
> prompt "Hi"
> close 1000
< close 1000
--- error_log
LLM failed: upstream: 127.0.0.1



=== TEST 9: what a vendor says is one log line of 512 bytes at most, no key
--- llm
    location / {
        content_by_lua_block {
            local llm = require "convrelay_llm"

            if llm.messages():find("Again") then
                return llm.say("fine")
            end

            ngx.status = 500
            ngx.print('{"error":{"message":"line\\r\\n[notice] 2 sk-proj-abcdef '
                      .. 'and Bearer abcdefgh, api_key=0123456789abcdef01 \\u001b[31m '
                      .. ("x "):rep(300) .. '","code":17}}')
        }
    }
--- call
try("none")
--- response_body
none: Sorry, Ann.
fine
--- grep_error_log eval: qr/LLM failed: .*?(?= while)/
--- grep_error_log_out eval
my $message = "line  [notice] 2 *** and Bearer ***, api_key=***  [31m ";

qq{LLM failed: upstream: 127.0.0.1:$ENV{TEST_NGINX_LLM_PORT}, status: 500, code: "17", type: "", message: "$message} . substr("x " x 300, 0, 511 - length $message) . qq{*"\n}
--- error_log
LLM failed



=== TEST 10: interrupting the error phrase does no harm
--- call
local call = dial("/ws", { mute = true })
call:setup{ from = "Ann", customParameters = { status = 500,
                                         port = "$TEST_NGINX_LLM_PORT" } }
call:ask("Hi")
call:interrupt("Sorry")
ngx.say((call:ask("Eh?")))
call:hangup()
--- response_body
[{"role":"user","content":"Hi\nEh?"}]
--- error_log
LLM failed



=== TEST 11: a history that outgrows the model is halved, and the turn asked again
--- llm
    location / {
        content_by_lua_block {
            local llm = require "convrelay_llm"
            local said = llm.messages()

            llm.note((said:gsub("\n", "|")))

            if #said > 80 then
                ngx.status = ngx.var.http_x_status
                ngx.print('{"error":{"message":"m","type":"t","code":'
                          .. '"context_length_exceeded"}}')
                return
            end

            llm.say("An answer.")
        }
    }
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "";
    convrelay_error_message  "Sorry.";
    proxy_pass               http://llm/v1/chat/completions;
    proxy_http_version       1.1;
    proxy_set_header         Connection "";
    proxy_set_header         X-Status $convrelay_parameter_status;
}
--- call
local llm = require "convrelay_llm"

for _, status in ipairs{ 400, 413 } do
    local call = dial("/ws", { mute = true })
    call:setup{ customParameters = { status = status } }

    for i = 1, 5 do
        ngx.say((call:ask("Question " .. i .. "?")))
    end

    ngx.say((call:ask(("x"):rep(100))))
    ngx.say((call:ask("Question 7?")))
    call:hangup()
end

ngx.say(llm.notes(20))
--- response_body eval
("An answer.\n" x 5 . "Sorry.\n" . "An answer.\n") x 2
. ("user: Question 1?
user: Question 1?|assistant: An answer.|user: Question 2?
user: Question 1?|assistant: An answer.|user: Question 2?|assistant: An answer.|user: Question 3?
user: Question 3?
user: Question 3?|assistant: An answer.|user: Question 4?
user: Question 3?|assistant: An answer.|user: Question 4?|assistant: An answer.|user: Question 5?
user: Question 5?
user: Question 5?|assistant: An answer.|user: " . "x" x 100 . "
user: " . "x" x 100 . "
user: Question 7?
") x 2
--- error_log
LLM failed
history is too long for the LLM: older half dropped, asking again



=== TEST 12: what an error repeats of a call's data and its tools is not logged
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt            "You talk to $convrelay_from.";
    convrelay_request_field  user      '"$convrelay_parameter_account"';
    convrelay_tool           find '{}' uri=/tools/find;
    proxy_pass               http://llm/v1/chat/completions;
}
location = /tools/find {
    internal;
    return 200 '{"customer":"Zuckerkandl"}';
}
--- llm
location / {
    content_by_lua_block {
        local llm = require "convrelay_llm"
        local calls = { { "find", '{"phone":"+15557654321","city":"Quito"}' } }

        if not llm.body():find('"role":"tool"', 1, true) then
            return llm.calls(calls)
        end

        ngx.status = 400
        ngx.say('{"error":{"message":"Refused value: ', llm.word,
                ' (end)"}}')
    }
}
--- call
for _, word in ipairs{ "+15557654321", "Quito", "Zuckerkandl", "+15550100001",
                       "Ann Lee", "acct_77", "+15550100003", "plain" }
do
    require "convrelay_llm".word = word
    local call = dial("/ws", { mute = true })
    call:setup{ from = "+15550100001", forwardedFrom = "+15550100003",
                callerName = "Ann Lee",
                customParameters = { account = "acct_77" } }
    call:ask("Go on")
    call:hangup()
end
--- response_body
--- error_log
message: "Refused value: *** (end)"
message: "Refused value: +*** (end)"
message: "Refused value: plain (end)"
--- no_error_log eval
map { qr/\[error\].*$_/ } "5557654321", "Quito", "Zuckerkandl", "0100001",
                           "Ann", "acct_77", "0100003"



=== TEST 13: where it would take too long to look for them, nothing is logged
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt_file  ../html/long.txt;
    proxy_pass                    http://llm/v1/chat/completions;
}
--- user_files eval
">>> long.txt\n" . ("words of a prompt " x 22000)
--- llm
location / {
    content_by_lua_block {
        ngx.status = 400
        ngx.say('{"error":{"message":"Refused value: plain","code":',
                '"rate_limit_exceeded","type":"word 4111"}}')
    }
}
--- call
local call = dial("/ws", { mute = true })
call:setup()
call:ask("Go on")
call:hangup()
--- response_body
--- error_log
code: "rate_limit_exceeded", type: "***", message: "***"
--- no_error_log eval
map { qr/\[error\].*$_/ } "plain", "4111"
