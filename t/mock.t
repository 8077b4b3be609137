# The mock of an LLM server, on its own: what it says, how it fails.

use lib 't/lib';
use Test::Nginx::ConvRelay;

sub post {
    my ($path, $content, $stream) = @_;

    $stream //= 'true';

    return qq(POST $path\n{"model":"m","stream":$stream,)
           . qq("messages":[{"role":"user","content":"$content"}]});
}

run_tests();

__DATA__

=== TEST 1: an answer is streamed as OpenAI streams it
--- config
location = /v1 { convrelay_mock_llm  first=1ms interval=1ms; }
--- request
POST /v1
{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]}
--- response_headers
Content-Type: text/event-stream; charset=utf-8
--- response_body_like eval
qr/\A
data:\ \{"id":"chatcmpl-\w+","object":"chat\.completion\.chunk",
"created":\d+,"model":"m",.*
"delta":\{"role":"assistant","content":"","refusal":null\}.*\n\n
data:.*"delta":\{"content":"Hello!"\},"logprobs":null,"finish_reason":null.*\n\n
data:.*"delta":\{"content":"\ How"\}(?s:.*)
data:.*"delta":\{\},"logprobs":null,"finish_reason":"stop".*\n\n
data:\ \[DONE\]\n\n\z/x



=== TEST 2: usage is sent if requested, and null until then
--- config
location = /v1 { convrelay_mock_llm  answer=repeat first=0 interval=0; }
--- request
POST /v1
{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"messages":[{"role":"user","content":"one two"}]}
--- response_body_like eval
qr/\A(?:data: .*"finish_reason":(?:null|"stop")\}\],"usage":null\}\n\n){4}
data:\ .*"choices":\[\],"usage":\{"prompt_tokens":6,
"completion_tokens":2,"total_tokens":8,.*\n\n
data:\ \[DONE\]\n\n\z/x



=== TEST 3: without stream the answer is one completion
--- config
location = /v1 { convrelay_mock_llm  first=0; }
--- request
POST /v1
{"model":"gpt \"4\"","messages":[{"role":"user","content":"Name two trees"}]}
--- response_headers
Content-Type: application/json
--- response_body_like eval
qr/"object":"chat\.completion",.*"model":"gpt\ \\"4\\"",.*
"content":"The\ first\ one\ is\ oak\.\ The\ second\ one\ is\ maple\.".*
"finish_reason":"stop"/x



=== TEST 4: the history is read back as words
--- config
location = /v1 { convrelay_mock_llm  first=0; }
--- request
POST /v1
{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},{"role":"user","content":"What have we said?"}]}
--- response_body_like: "content":"You said \\"Hi\\"\. I said \\"Yes\?\\"\."



=== TEST 5: the history is read back as JSON
--- config
location = /v1 { convrelay_mock_llm  answer=history first=0; }
--- request
POST /v1
{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}
--- response_body_like: "content":"\[\{\\"role\\":\\"system\\",\\"content\\":\\"s\\"\},\{\\"role\\":\\"user\\",\\"content\\":\\"a\\"\}\]"



=== TEST 6: numbers are counted for load tests
--- config
location = /v1 { convrelay_mock_llm  answer=count tokens=$arg_n first=0; }
--- request
POST /v1?n=4
{"model":"m","messages":[{"role":"user","content":"a"}]}
--- response_body_like: "content":" 1 2 3 4",



=== TEST 7: a text from the configuration is said, text in parts is heard
--- config
location = /say { convrelay_mock_llm  "answer=say:Grüße, 😀" first=0; }
location = /v1 { convrelay_mock_llm  answer=repeat first=0; }
--- request eval
[ ::post("/say", "a", "false"),
  qq(POST /v1\n{"model":"m","messages":[{"role":"user","content":)
  . qq([{"type":"text","text":"a "},{"type":"text","text":"b"}]}]}) ]
--- response_body_like eval
[ qr/"content":"Gr\xc3\xbc\xc3\x9fe, \xf0\x9f\x98\x80"/,
  qr/"content":"a b"/ ]



=== TEST 8: a limit of tokens cuts the answer, and is reported
--- config
location = /v1 { convrelay_mock_llm  answer=repeat tokens=3 first=0; }
--- request eval
[ ::post("/v1", "a b c d", "false"),
  ::post("/v1", "a b c d", 'false,"max_tokens":2') ]
--- response_body_like eval
[ qr/"content":"a b c",.*"finish_reason":"length"/,
  qr/"content":"a b",.*"finish_reason":"length"/ ]



=== TEST 9: bad requests are refused as OpenAI refuses them
--- config
location = /v1 { convrelay_mock_llm; }
--- request eval
[ "GET /v1",
  "POST /v1",
  "POST /v1\n{",
  "POST /v1\n[]",
  qq{POST /v1\n{"messages":[{"role":"user","content":"a"}]}},
  qq{POST /v1\n{"model":"m"}},
  qq{POST /v1\n{"model":"m","messages":[]}},
  qq{POST /v1\n{"model":"m","messages":[{"content":"a"}]}},
  qq{POST /v1\n{"model":"m","messages":[{"role":"x","content":"a"}]}},
  qq{POST /v1\n{"model":"m","messages":[{"role":"user"}]}},
  qq{POST /v1\n{"model":"m","stream":1,"messages":[]}} ]
--- error_code eval
[ 405, (400) x 10 ]
--- response_body_like eval
[ qr/"code":"method_not_supported"/,
  (qr/"message":"We could not parse the JSON body/) x 2,
  qr/"message":"The JSON body of your request must be an object/,
  qr/"message":"you must provide a model parameter"/,
  qr/"param":"messages","code":"missing_required_parameter"/,
  qr/"param":"messages","code":"empty_array"/,
  qr/"param":"messages\[0\]\.role","code":"missing_required_parameter"/,
  qr/"param":"messages\[0\]\.role","code":"invalid_value"/,
  qr/"param":"messages\[0\]\.content","code":"missing_required_parameter"/,
  qr/"param":"stream","code":"invalid_type"/ ]



=== TEST 10: a status can be requested, 401 shows the key
--- config
location = /v1 { convrelay_mock_llm  status=$http_x_mock_status; }
--- more_headers eval
[ "X-Mock-Status: 401\nAuthorization: Bearer sk-secret",
  "X-Mock-Status: 429" ]
--- request eval
[ "POST /v1", "POST /v1" ]
--- error_code eval
[ 401, 429 ]
--- response_headers eval
[ "!Retry-After", "Retry-After: 1" ]
--- response_body_like eval
[ qr/"message":"Incorrect API key provided: sk-secret\.",.*"invalid_api_key"/,
  qr/"type":"requests","param":null,"code":"rate_limit_exceeded"/ ]



=== TEST 11: a body that does not fit in memory is read from its file
--- config
location = /v1 {
    client_body_in_file_only  clean;
    convrelay_mock_llm        answer=repeat first=0;
}
--- request
POST /v1
{"model":"m","messages":[{"role":"user","content":"from a file"}]}
--- response_body_like: "content":"from a file"



=== TEST 12: replies that are not a stream
--- config
location = /v1 { convrelay_mock_llm  fault=$arg_fault first=0; }
--- request eval
[ map { ::post("/v1?fault=$_", "Hi") }
      qw( html json empty ) ]
--- response_headers eval
[ "Content-Type: text/html", "Content-Type: application/json",
  "Content-Length: 0" ]
--- response_body_like eval
[ qr/\A<html>/, qr/\A\{"id".*"content":"Hello! How/, qr/\A\z/ ]



=== TEST 13: streams that end in other ways
--- config
location = /v1 {
    convrelay_mock_llm  answer=repeat fault=$arg_fault at_token=1 first=0
                        interval=0;
}
--- request eval
[ map { ::post("/v1?fault=$_", "a b") }
      qw( eof error_in_stream garbage no_done no_finish done_only ) ]
--- response_body_like eval
[ qr/\A[^\n]+"role"[^\n]+\n\n[^\n]+"content":"a"[^\n]+\n\n\z/,
  qr/"content":"a"[^\n]+\n\ndata: \{"error":[^\n]+\n\n\z/,
  qr/"a"[^\n]+\n\n[^\n]+"content":\n\n[^\n]+" b".*"stop".*\[DONE\]\n\n\z/s,
  qr/"finish_reason":"stop"[^\n]+\n\n\z/,
  qr/" b"\}[^\n]+null[^\n]+\n\ndata: \[DONE\]\n\n\z/,
  qr/\Adata: \[DONE\]\n\n\z/ ]



=== TEST 14: a connection cut in mid-answer
--- config
location = /v1 {
    convrelay_mock_llm  answer=count fault=$arg_fault at_token=1 first=0;
}
location = /t {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1?$args;
    proxy_http_version  1.1;
}
--- request
POST /t?fault=cut_chunk
{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}
--- ignore_response
--- error_log
upstream prematurely closed connection while



=== TEST 15: a connection cut before the answer
--- config
location = /v1 { convrelay_mock_llm  fault=cut_before first=0; }
location = /t {
    proxy_pass  http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1;
}
--- request
POST /t
{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}
--- error_code: 502
--- error_log
upstream prematurely closed connection while reading response header



=== TEST 16: silence before and during the answer
--- config
location = /v1 {
    convrelay_mock_llm  fault=$arg_fault at_token=0 first=0;
}
location = /t {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1?$args;
    proxy_read_timeout  200ms;
}
--- request
POST /t?fault=stall_before
{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}
--- error_code: 504
--- error_log
upstream timed out



=== TEST 17: a client that goes away ends the answer
--- config
location = /v1 {
    convrelay_mock_llm  fault=stall_after at_token=1 first=0;
}
--- request
POST /v1
{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}
--- abort
--- timeout: 300ms
--- ignore_response
--- wait: 0.2
--- error_log
client prematurely closed connection
--- no_error_log
[error]



=== TEST 18: torn packets yield the same stream
--- config
location = /v1 {
    convrelay_mock_llm  answer=repeat fault=$arg_fault first=0 interval=0;
}
--- request eval
[ map { ::post("/v1?fault=$_", "\xc3\xbc \xf0\x9f\x98\x80") } qw( tear bytewise ) ]
--- response_body_like eval
[ (qr/"content":"\xc3\xbc".*"content":" \xf0\x9f\x98\x80".*\[DONE\]\n\n\z/s)
  x 2 ]



=== TEST 19: an answer takes no more memory than on the wire
--- config
location = /v1 {
    limit_rate          64k;
    convrelay_mock_llm  answer=count tokens=1000 first=0 interval=0;
}
--- request
POST /v1
{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}
--- timeout: 10s
--- response_body_like: " 1"(?s:.*)" 1000"(?s:.*)\[DONE\]



=== TEST 20: the formats of other servers
--- config
location = /v1 {
    convrelay_mock_llm  answer=repeat quirk=$arg_quirk first=0 interval=0;
}
--- request eval
[ map { ::post("/v1?quirk=$_", "a b") }
      qw( azure vllm llamacpp ollama groq openrouter gemini crlf comments
          bom ) ]
--- response_body_like eval
[ qr/\Adata: \{"id":"".*"prompt_filter_results".*"stop".*"finish_reason":null,"content_filter_results"/s,
  qr/"content":" b"\},"logprobs":null,"finish_reason":"stop","stop_reason"/,
  qr/\A:\n\ndata: \{"choices":.*"content":null/,
  qr/"reasoning":.*"role":"assistant","content":"a"/s,
  qr/"x_groq":\{"id".*"stop"\}\],"x_groq":\{"id":"req_mock","usage":/s,
  qr/\A: OPENROUTER PROCESSING\n\n.*"stop".*"stop".*"usage"/s,
  qr/"content":"a b","role":"assistant"\},"finish_reason":"stop"/,
  qr/\Adata: .*\r\n\r\n.*\r\n\r\ndata: \[DONE\]\r\n\r\n\z/s,
  qr/\A:\n\n.*event: ping\n\n.*\ndata\n\nid: 7\ndata: \[DONE\]\n\n\z/s,
  qr/\A\xef\xbb\xbfdata: / ]



=== TEST 21: errors of other servers, as a status and in the stream
--- config
location = /status { convrelay_mock_llm  quirk=$arg_quirk status=429; }
location = /v1 {
    convrelay_mock_llm  quirk=$arg_quirk fault=error_in_stream first=0
                        interval=0;
}
--- request eval
[ "POST /status?quirk=gemini",
  "POST /status?quirk=openrouter",
  map { ::post("/v1?quirk=$_", "a") }
      qw( vllm llamacpp groq ) ]
--- error_code eval
[ 429, 429, 200, 200, 200 ]
--- response_body_like eval
[ qr/\A\[\{"error":\{"code":429,/,
  qr/"code":429\},"user_id"/,
  qr/data: \{"error":.*"code":500\}\}\n\ndata: \[DONE\]\n\n\z/,
  qr/data: \{"error":\{"code":500,.*\}\}\n\n\z/,
  qr/event: error\ndata: \{"error":.*"tool_use_failed".*\n\n\z/ ]



=== TEST 22: an invalid value is an error of the request
--- config
location = /v1 { convrelay_mock_llm  fault=$arg_fault; }
--- request
POST /v1?fault=flood
--- error_code: 500
--- error_log
invalid value "flood" of "fault" in "convrelay_mock_llm"



=== TEST 23: an invalid constant fails the configuration
--- config
location = /v1 { convrelay_mock_llm  fault=flood; }
--- must_die
--- error_log
invalid value "flood" of "fault"



=== TEST 24: a parameter that does not exist
--- config
location = /v1 { convrelay_mock_llm  speed=1; }
--- must_die
--- error_log
invalid parameter "speed=1"



=== TEST 25: a parameter given twice
--- config
location = /v1 { convrelay_mock_llm  first=1s first=2s; }
--- must_die
--- error_log
duplicate parameter "first=2s"



=== TEST 26: the directive given twice
--- config
location = /v1 { convrelay_mock_llm; convrelay_mock_llm; }
--- must_die
--- error_log
"convrelay_mock_llm" directive is duplicate



=== TEST 27: a tool is called by rule, two at the same time
--- config
location = /v1 {
    convrelay_mock_llm  first=1ms interval=1ms
        'tools=hours: get {"q":"$uri"}; book: book {"n":1; human: person {}';
}
--- request
POST /v1
{"model":"m","stream":true,"tools":[],"messages":[{"role":"user","content":"Hours, and a BOOK"}]}
--- response_body_like eval
qr/"tool_calls":\[\{"index":0,"id":"call_0","type":"function",
"function":\{"name":"get","arguments":"\{\\"q\\":\\"\/v1\\"\}"\}\}\]\},
"finish_reason":null.*\n\n
data:.*"tool_calls":\[\{"index":1,"id":"call_1","type":"function",
"function":\{"name":"book","arguments":"\{\\"n\\":1"\}\}\]\},
"finish_reason":null.*\n\n
data:.*"finish_reason":"tool_calls"(?s:.*)\[DONE\]/x



=== TEST 28: a call as text, and other texts like one
--- config
location = /v1 {
    convrelay_mock_llm  first=0 interval=0
        'tools=!hours: get {"q":1};
               !tag: <tool_call> {"name":"get"}';
}
--- request eval
[ map { qq(POST /v1\n{"model":"m","stream":false,"tools":[],)
        . qq("messages":[{"role":"user","content":"$_"}]}) } qw( hours tag ) ]
--- response_body_like eval
[ qr/"content":"get\(\{\\"q\\":1\}\)","refusal":null\},.*"stop"/,
  qr/"content":"<tool_call> \{\\"name\\":\\"get\\"\}","refusal":null\}/ ]



=== TEST 29: results are read aloud with their tools; no call where none may be
--- config
location = /v1 {
    convrelay_mock_llm  first=0 interval=0 'tools=hours: get {}';
}
--- request eval
['POST /v1
{"model":"m","stream":false,"tools":[],"messages":[{"role":"user","content":"hours"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","function":{"name":"get"}},{"id":"b","function":{"name":"book"}},{"id":"c"}]},{"role":"tool","tool_call_id":"b","content":"ten"},{"role":"tool","tool_call_id":"c","content":"six"},{"role":"tool","tool_call_id":"a","content":"one"}]}',
'POST /v1
{"model":"m","stream":true,"tool_choice":"none","tools":[],"messages":[{"role":"user","content":"hours"}]}',
'POST /v1
{"model":"m","stream":true,"messages":[{"role":"user","content":"hours"}]}']
--- response_body_like eval
['"content":"book says: ten a tool says: six get says: one"',
 '\A(?!(?s:.*)tool_calls)', '\A(?!(?s:.*)tool_calls)']



=== TEST 30: arguments in pieces of characters, the name before them
--- config
location = /v1 {
    convrelay_mock_llm  first=0 interval=0
        'tools=three: get/3 {"é":1}; all: get/all "é"; none: get/2;
               one: get/1 {}';
}
--- request eval
[ map { qq(POST /v1\n{"model":"m","stream":true,"tools":[],)
        . qq("messages":[{"role":"user","content":"$_"}]}) }
  qw( three all none one ) ]
--- response_body_like eval
my $name = '"index":0,"id":"call_0","type":"function",'
           . '"function":\{"name":"get","arguments":""\}\}';

[ map { my $pieces = $_;
        "\\A(?!.*\"index\":0,\"id\".*\"index\":0,\"id\")(?s:.*)$name.*\\n\\n"
        . CORE::join('', map { 'data:.*\[\{"index":0,"function":\{"arguments":"'
                         . quotemeta . '"\}\}\]\},"finish_reason":null.*\n\n'
                       } @$pieces)
        . 'data:.*"finish_reason":"tool_calls"' }
  [ '{\"', "\xc3\xa9\\\"", ':1}' ], [ '\"', "\xc3\xa9", '\"' ], [ ],
  [ '{}' ] ]



=== TEST 31: words before a call, and no call after them
--- config
location = /v1 {
    convrelay_mock_llm  first=0 interval=0
        'tools=hours: "One moment." get {}; canned: "We are open."';
}
--- request eval
[ map { qq(POST /v1\n{"model":"m","stream":true,"tools":[],)
        . qq("messages":[{"role":"user","content":"$_"}]}) }
  qw( hours canned ) ]
--- response_body_like eval
[ qr/\A(?!(?s:.*)tool_calls(?s:.*)"content":"\ )(?s:.*)"content":"One".*\n\n
     data:.*"content":"\ moment\.".*\n\ndata:.*"tool_calls":(?s:.*)
     "finish_reason":"tool_calls"/x,
  qr/\A(?!(?s:.*)tool_calls)(?s:.*)" open\."(?s:.*)"finish_reason":"stop"/ ]



=== TEST 32: a call in a completion that is not streamed
--- config
location = /v1 {
    convrelay_mock_llm  first=0 'tools=hours: get/all {"a":"b"}; book: book';
}
--- request
POST /v1
{"model":"m","tools":[],"messages":[{"role":"user","content":"hours, book"}]}
--- response_body_like eval
qr/"content":null,"tool_calls":\[\{"index":0,"id":"call_0","type":"function",
"function":\{"name":"get","arguments":"\{\\"a\\":\\"b\\"\}"\}\},
\{"index":1,"id":"call_1","type":"function","function":\{"name":"book",
"arguments":""\}\}\],"refusal":null\},"logprobs":null,
"finish_reason":"tool_calls"\}/x



=== TEST 33: faults and limits in the middle of a call
--- config
location = /v1 {
    convrelay_mock_llm  first=0 interval=0 fault=$arg_fault at_token=2
                        tokens=$arg_tokens 'tools=hours: get/all {"a":1}';
}
--- request eval
[ map { qq(POST /v1?$_\n{"model":"m","stream":true,"tools":[],)
        . qq("messages":[{"role":"user","content":"hours"}]}) }
  qw( fault=error_in_stream tokens=3 ) ]
--- response_body_like eval
[ qr/"arguments":"\{"\}\}\]\},"finish_reason":null\}\]\}\n\n
     data:\ \{"error"/x,
  qr/"arguments":"\\""\}\}\]\},"finish_reason":null\}\]\}\n\n
     data:.*"finish_reason":"length"/x ]



=== TEST 34: long arguments, and more rules than fit into an event
--- config eval
"location = /v1 {
    convrelay_mock_llm  first=0 interval=0
        'tools=" . CORE::join('', map { "a:t$_;" } 1 .. 120) . "';
}
location = /long {
    convrelay_mock_llm  first=0 interval=0 'tools=a:get " . '"' x 900 . "';
}"
--- request eval
[ map { qq(POST $_\n{"model":"m","stream":true,"tools":[],)
        . qq("messages":[{"role":"user","content":"a"}]}) }
  qw( /v1 /long ) ]
--- response_body_like eval
[ qr/"name":"t1"(?s:.*)"index":119,(?s:.*)"name":"t120"(?s:.*)\[DONE\]/,
  qr/"name":"get","arguments":"(?:\\"){384}"(?s:.*)"(?:\\"){384}"(?s:.*)
     "(?:\\"){132}"\}\}(?s:.*)\[DONE\]/x ]



=== TEST 35: calls without results and results without calls are refused
--- config
location = /v1 {
    convrelay_mock_llm  first=0;
}
--- request eval
my $user = '{"role":"user","content":"a"}';
my $calls = '{"role":"assistant","content":null,"tool_calls":[{"id":"a"},{"id":"b"}]}';
my ($a, $b) = map { qq({"role":"tool","tool_call_id":"$_","content":"1"}) }
                  qw( a b );

[ map { qq(POST /v1\n{"model":"m","messages":[$_]}) }
  "$user,$calls,$a,$user", "$user,$calls", "$user,$calls,$a,$user,$b",
  "$user,$a", "$a,$user", $a, "$user,$calls,$b,$a,$a,$user" ]
--- error_code eval
[400, 400, 400, 400, 400, 400, 200]
--- response_body_like eval
[ ("'tool_calls' must be followed by tool messages") x 3,
  ("Messages with role 'tool' must be a response") x 3, '"finish_reason"' ]



=== TEST 36: the numbers of questions, those that are answered, and the last one
--- config
location = /v1 { convrelay_mock_llm  answer=asked first=0; }
--- request
POST /v1
{"model":"m","messages":[{"role":"system","content":"9"},{"role":"user","content":"1. a"},{"role":"assistant","content":" 1"},{"role":"user","content":"2. a"},{"role":"user","content":"3. a"},{"role":"assistant","content":" 3"},{"role":"user","content":"3. a"},{"role":"assistant","content":" 3"},{"role":"user","content":"4. a"}]}
--- response_body_like: "content":" 1 3 4",
