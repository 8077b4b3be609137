# The values of convrelay_report and convrelay_report_secret.

use lib 't/lib';
use Test::Nginx::ConvRelay;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('llm', 'answer=say:Fine.');
    $block->set_value('suppress_stderr', 1);
    $block->set_value('config', <<_EOC_);
location = /ws {
    convrelay;
    @{[$block->ws // 'convrelay_report /report;']}
    proxy_pass  http://llm/v1/chat/completions;
}
location = /report { internal; return 200; }
@{[$block->more // '']}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: all that can be written
--- http_config
convrelay_report         /outer retry=0;
convrelay_report_secret  0123456789abcdef;
--- ws
convrelay_report         /report?a=b transcript retry=100;
convrelay_report_secret  off;
--- more
location = /ws2 { convrelay; proxy_pass http://llm; }
location = /ws3 { convrelay; convrelay_report off; proxy_pass http://llm; }
location = /outer { internal; return 200; }
location = /ok { return 200; }
--- request
GET /ok
--- error_code: 200



=== TEST 2: a location that anyone can request
--- ws
convrelay_report  /open;
--- more
location = /open { return 200; }
--- must_die
--- error_log
anyone can request the location of "convrelay_report /open": add "internal;" to it



=== TEST 3: a location that is not there
--- ws
convrelay_report  /repot;
--- must_die
--- error_log
"convrelay_report /repot" is handled by "location /", which anyone can request: add "location = /repot { internal; ... }"



=== TEST 4: not a URI
--- ws
convrelay_report  http://crm/calls;
--- must_die
--- error_log
invalid URI "http://crm/calls" of "convrelay_report", write the URI of a location of this server, such as "/report", or "off"



=== TEST 5: not a number
--- ws
convrelay_report  /report retry=x;
--- must_die
--- error_log
invalid "retry=x" of "convrelay_report", write "transcript", or how often a delivery that failed is tried again, at most 100 times, as in "retry=3"



=== TEST 6: too many retries
--- ws
convrelay_report  /report retry=101;
--- must_die
--- error_log
invalid "retry=101" of "convrelay_report"



=== TEST 7: an unknown word
--- ws
convrelay_report  /report transcripts;
--- must_die
--- error_log
invalid "transcripts" of "convrelay_report"



=== TEST 8: a word twice
--- ws
convrelay_report  /report retry=1 retry=2;
--- must_die
--- error_log
retry



=== TEST 9: twice
--- ws
convrelay_report  /report;
convrelay_report  off;
--- must_die
--- error_log
"convrelay_report" directive is duplicate



=== TEST 10: not in a condition
--- ws
if ($arg_x) {
    convrelay_report  /report;
}
--- must_die
--- error_log
"convrelay_report" directive is not allowed here



=== TEST 11: an empty secret
--- ws
convrelay_report         /report;
convrelay_report_secret  "";
--- must_die
--- error_log
"convrelay_report_secret" directive has an empty secret



=== TEST 12: a secret that can be guessed, which is not shown
--- ws
convrelay_report         /report;
convrelay_report_secret  hunter2;
--- more
location = /ok { return 200; }
--- request
GET /ok
--- error_log
the secret of "convrelay_report_secret" can be guessed: write at least 16 random characters
--- no_error_log
hunter2



=== TEST 13: a secret twice
--- ws
convrelay_report_secret  0123456789abcdef;
convrelay_report_secret  off;
--- must_die
--- error_log
"convrelay_report_secret" directive is duplicate
