# Filters of other modules, loaded before this one or after it: they may do
# what they like to HTTP responses, a call stays as it is.

use lib 't/lib';
use Test::Nginx::ConvRelay;

my @ours = split ' ', $ENV{TEST_NGINX_LOAD_MODULES};


sub main::module {
    my $so = "$ENV{TEST_NGINX_MODULES}/ngx_http_$_[0]_module.so";

    return -e $so ? $so : undef;
}


# a block with "modules" runs twice: they are loaded before ours, and after

my $blocks = do { local $/; <DATA> };
my $twice = '';

for my $block (split /^(?==== )/m, $blocks) {
    my ($names) = $block =~ /^--- modules:[ ]*(.*)/m;

    if (!defined $names) {
        $twice .= $block;
        next;
    }

    my @missing = grep { !main::module($_) } split ' ', $names;
    my $skip = @missing ? "--- SKIP\n" : '';

    for my $order ('before', 'after') {
        (my $copy = $block)
            =~ s/^=== (.*)\n/=== $1, loaded $order\n$skip--- order: $order\n/;

        $twice .= $copy;
    }

    # where all packages of a test run are installed, none may be missing

    die "no module: @missing\n" if @missing && $ENV{TEST_NGINX_ALL};

    print "# not tested, no module here: @missing\n" if @missing;
}

close DATA;
open DATA, '<', \$twice or die "$!\n";


add_block_preprocessor(sub {
    my $block = shift;

    my @theirs = grep { defined } map { main::module($_) }
                 split ' ', $block->modules // '';
    my $before = ($block->order // '') eq 'before';

    my @rest = defined $block->no_lua ? grep { !/_lua_/ } @ours : @ours;

    $ENV{TEST_NGINX_LOAD_MODULES} = $Test::Nginx::Util::LoadModules
        = join ' ', $before ? (@theirs, @rest) : (@rest, @theirs);

    $block->set_value('config', <<"_EOC_" . ($block->config // ''));
    location = /ws {
        convrelay;
        convrelay_system_prompt  "";
        @{[$block->filter // '']}
        proxy_pass               http://llm/v1/chat/completions;
        proxy_http_version       1.1;
        proxy_set_header         Connection "";
    }
_EOC_

    return if defined $block->no_lua || defined $block->call;

    $block->set_value('llm', <<'_EOC_');
    location / {
        lua_check_client_abort  on;
        content_by_lua_block {
            local llm = require "convrelay_llm"
            local said = llm.messages()

            if said:find("Count$") then
                llm.talk{ "one ", "two ", "three", hold = 2, pause = 0.001 }

            elseif said:find("History$") then
                llm.say(said)

            else
                llm.say("Hello, <b>world", "</b> <!--# echo var=a -->é")
            end
        }
    }
_EOC_

    $block->set_value('call', <<'_EOC_');
local call = dial("/ws", {
    headers = { "Accept-Encoding: br, gzip", "Accept: */*" }
})

for _, name in ipairs{ "upgrade", "connection", "content-encoding",
                       "content-length", "transfer-encoding" }
do
    if call.headers and call.headers[name] then
        ngx.say(name, ": ", call.headers[name])
    end
end

call:setup()
call:prompt("Hi")
call:tokens()
call:prompt("Count")
call:read(2)
call:interrupt("one")
call:read(1)
call:say(require "convrelay_llm".notes(1))
call:ask("History")
call:hangup()
_EOC_

    $block->set_value('response_body', <<'_EOC_');
upgrade: websocket
connection: upgrade
> setup
> prompt "Hi"
< "Hello, <b>world"
< "<\/b> <!--# echo var=a -->é"
< "" last
> prompt "Count"
< "one "
< "two "
> interrupt "one"
< "" last
closed
> prompt "History"
< "user: Hi\nassistant: Hello, <b>world<\/b> <!--# echo var=a -->é\nuser: Count\nassistant: one\nuser: History"
> close 1000
< close 1000
_EOC_
});

run_tests();

__DATA__

=== TEST 1: compression of nginx
--- filter
gzip               on;
gzip_types         *;
gzip_min_length    0;
gzip_proxied       any;
gzip_http_version  1.0;
gunzip             on;



=== TEST 2: substitutions and server side includes of nginx
--- filter
sub_filter        world  WORLD;
sub_filter        data:  DATA:;
sub_filter_types  *;
sub_filter_once   off;
ssi               on;
ssi_types         *;



=== TEST 3: headers, character sets and user ids of nginx
--- filter
add_header      X-Added   $convrelay_call_sid always;
add_trailer     X-Trailer yes;
expires         1h;
etag            on;
charset         windows-1251;
source_charset  utf-8;
charset_types   *;
override_charset on;
userid          on;
userid_name     uid;
--- http_config
charset_map  windows-1251 utf-8 { E0 D0B0; E9 D0B9; }



=== TEST 4: a body before and a body after
--- filter
add_before_body  /added;
add_after_body   /added;
addition_types   *;
--- config
location = /added { return 200 added; }



=== TEST 5: a response that is to be slow, sliced or mirrored
--- filter
limit_rate        10;
limit_rate_after  1;
slice             10;
mirror            /mirror;
postpone_output   100000;
--- config
location = /mirror { return 200; }



=== TEST 6: headers-more
--- modules: headers_more_filter
--- filter
more_set_headers          "X-More: yes" "Content-Type: text/html";
more_set_headers          -s 200 "Content-Length: 1";
more_clear_headers        Server Date Transfer-Encoding;
more_set_input_headers    "X-In: yes";
more_clear_input_headers  Accept;



=== TEST 7: subs_filter
--- modules: subs_filter
--- filter
subs_filter        world  WORLD;
subs_filter        data:  DATA: i;
subs_filter_types  *;



=== TEST 8: brotli
--- modules: brotli_filter
--- filter
brotli             on;
brotli_types       *;
brotli_min_length  0;



=== TEST 9: echo
--- modules: echo
--- filter
echo_before_body  before;
echo_after_body   after;



=== TEST 10: filters in Lua
--- filter
header_filter_by_lua_block {
    ngx.header["X-Lua"] = "yes"
    ngx.header.content_length = nil
}
body_filter_by_lua_block {
    ngx.arg[1] = ngx.arg[1]:upper()
}
log_by_lua_block {
    local status = ngx.status
}



=== TEST 11: filters in JavaScript
--- modules: js
--- config
js_import  filter from filter.js;
--- user_files
>>> ../conf/filter.js
export default {
    header: function (r) { r.headersOut["X-Js"] = "yes"; },
    body: function (r, data, flags) { r.sendBuffer("JS", flags); }
};
--- filter
js_header_filter  filter.header;
js_body_filter    filter.body;



=== TEST 12: ModSecurity, in an nginx without Lua, whose names it shares
--- modules: modsecurity
--- no_lua
--- filter
modsecurity  on;
modsecurity_rules '
    SecRuleEngine            On
    SecRequestBodyAccess     On
    SecResponseBodyAccess    On
    SecResponseBodyMimeType  text/event-stream text/plain
    SecRule RESPONSE_BODY    "@contains Hello" "id:1,phase:4,deny,status:403"
    SecRule REQUEST_BODY     "@contains user"  "id:2,phase:2,deny,status:403"
';
--- llm: "answer=say:Hello, world." first=0 interval=100ms
--- raw_request eval
[::ws_handshake('/ws') . ::ws_frame(payload => '{"type":"setup"}')
 . ::ws_frame(payload => '{"type":"prompt","voicePrompt":"Hi"}'),
 ::ws_close(1000)]
--- raw_request_middle_delay: 0.6
--- raw_response_headers_like: ^HTTP/1\.1 101 Switching Protocols\r
--- response_body eval
CORE::join "", (map { chr(0x81) . chr(length) . $_ }
                    '{"type":"text","token":"Hello,","last":false}',
                    '{"type":"text","token":" world.","last":false}',
                    '{"type":"text","token":"","last":true}'),
               "\x88\x02\x03\xe8"
--- error_code: 101



=== TEST 13: srcache
--- modules: srcache_filter
--- filter
srcache_fetch     GET   /cache;
srcache_store     PUT   /cache;
srcache_methods   GET POST;
--- config
location = /cache { return 404; }



=== TEST 14: a filter for images, which waits for one, is told from a failure
--- modules: image_filter
--- filter
image_filter  test;
--- call
dial("/ws")
--- response_body
< HTTP/1.1 500 Internal Server Error
--- error_log
a filter holds back the websocket handshake
--- no_error_log
[alert]



=== TEST 15: XSLT
--- modules: xslt_filter
--- filter
xslt_types  *;



=== TEST 16: all of them, only loaded
--- modules: headers_more_filter subs_filter brotli_filter echo js srcache_filter
