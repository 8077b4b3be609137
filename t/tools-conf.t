# Tools: what nginx -t finds.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', <<_EOC_);
location = /ws {
    convrelay;
    @{[$block->ws // '']}
    proxy_pass  http://llm/v1/chat/completions;
}
location = /tools/a { internal; return 200; }
location = /open { return 200; }
location = /tools/other { internal; return 200; }
@{[$block->more // '']}
_EOC_

    $block->set_value('request', 'GET /open') if !defined $block->must_die;
});

run_tests();

__DATA__

=== TEST 1: all parameters
--- ws
convrelay_tool a '{"parameters":{"properties":{"$ref":{"pattern":"^$1"}}}}' uri=/tools/a?x=1 method=GET timeout=40s once on_interrupt=cancel;
convrelay_tool b '{}' uri=/tools/other on_interrupt=finish method=POST;
convrelay_tool c '{}';
convrelay_on tool c skip;
convrelay_max_tool_rounds 1;
convrelay_max_tool_calls 2;
convrelay_max_tool_arguments 1k;
convrelay_max_tool_result 1k;
convrelay_tool_wait 0;



=== TEST 2: a bad name
--- ws
convrelay_tool "a b" '{}' uri=/tools/a;
--- must_die
--- error_log
invalid name of a tool "a b", write 1 to 64 letters, digits, "_" and "-"



=== TEST 3: the same name twice
--- ws
convrelay_tool a '{}' uri=/tools/a;
convrelay_tool a '{}' uri=/tools/a;
--- must_die
--- error_log
duplicate tool "a"



=== TEST 4: a definition that is not one
--- ws
convrelay_tool a '{"parametres":{}}' uri=/tools/a;
--- must_die
--- error_log
definition of the tool "a" has the unknown member "parametres"



=== TEST 5: a file that is not there
--- ws
convrelay_tool a tools/a.json uri=/tools/a;
--- must_die
--- error_log
there is no file
begins with "{" in /



=== TEST 6: a location that is not there
--- ws
convrelay_tool a '{}' uri=/tools/b;
--- must_die
--- error_log
"uri=/tools/b" of the tool "a" is handled by "location /", which anyone can request: add "location = /tools/b { internal; ... }"



=== TEST 7: a location that anyone can request
--- ws
convrelay_tool a '{}' uri=/open;
--- must_die
--- error_log
anyone can request the location of "uri=/open" of the tool "a": add "internal;" to it



=== TEST 8: a named location
--- ws
convrelay_tool a '{}' uri=@named;
--- must_die
--- error_log
invalid "uri=@named" of the tool "a", write the URI of a location of this server, such as "uri=/tools/a"



=== TEST 9: a tool that does nothing
--- ws
convrelay_tool a '{}';
--- must_die
--- error_log
the tool "a" does nothing, add "uri=" with a location, or "convrelay_on tool a" with an action



=== TEST 10: a rule for a tool that is not there
--- ws
convrelay_tool a '{}' uri=/tools/a;
convrelay_on tool b end;
--- must_die
--- error_log
"convrelay_on tool b": there is no "convrelay_tool b"



=== TEST 11: skip is for tools
--- ws
convrelay_on setup skip;
--- must_die
--- error_log
"skip" is an action of "convrelay_on tool" only



=== TEST 12: a bad parameter
--- ws
convrelay_tool a '{}' uri=/tools/a timeout=0;
--- must_die
--- error_log
invalid "timeout=0" of the tool "a"



=== TEST 13: a URI that is none
--- ws
convrelay_tool a '{}' uri=http://crm/;
--- must_die
--- error_log
invalid "uri=http://crm/" of the tool "a", write the URI of a location of this server



=== TEST 14: strict and its rules
--- ws
convrelay_tool a '{"strict":true,"parameters":{"type":"object"}}' uri=/tools/a;
--- error_log
definition of the tool "a": it is "strict", and "parameters" lacks "additionalProperties":false



=== TEST 15: a limit that is too small
--- ws
convrelay_max_tool_result 100;
--- must_die
--- error_log
is too small, write at least "1k"



=== TEST 16: many tools
--- ws eval
CORE::join "\n", map { "convrelay_tool t$_ '{}' uri=/tools/a;" } 1 .. 21
--- error_log
21 tools: with more than 20 an LLM begins to choose the wrong ones



=== TEST 17: a file, and OpenAI's own wrapping
--- user_files
>>> ../conf/a.json
{"type":"function","function":{"name":"a","description":"d","parameters":{}}}
--- ws
convrelay_tool a a.json uri=/tools/a;



=== TEST 18: the model is asked after a tool anyway
--- ws
convrelay_tool a '{}';
convrelay_on tool a ask "What now?";
--- must_die
--- error_log
"ask" is not an action of "convrelay_on tool": the LLM is asked afterwards anyway



=== TEST 19: tools belong to a location as a whole, not to a condition
--- ws
if ($arg_x) {
    convrelay_tool a '{}' uri=/tools/a;
}
--- must_die
--- error_log
"convrelay_tool" directive is not allowed here



=== TEST 20: a condition keeps the tools of its location
--- ws
convrelay_tool a '{}' uri=/tools/a;
if ($arg_x) {
    convrelay_on tool a say "Done.";
}



=== TEST 21: "rewrite" and "set" of the server do not hide a location that is open
--- ws
convrelay_tool a '{}' uri=/open;
--- more
set $x 1;
--- must_die
--- error_log
anyone can request the location of "uri=/open" of the tool "a": add "internal;" to it



=== TEST 22: but a rewrite may change a URI that has no location
--- ws
convrelay_tool a '{}' uri=/nowhere;
--- more
rewrite ^/nowhere /tools/a last;
--- error_log
no location of this server matches "uri=/nowhere" of the tool "a", unless a "rewrite" of the server changes it
