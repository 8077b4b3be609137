# The environment: dotenv files, the process environment, defaults, and
# $convrelay_env_NAME, which has the value.

use lib 't/lib';
use Test::Nginx::ConvRelay;

$ENV{TEST_NGINX_BINARY} //= 'nginx';

# of the process

$ENV{CONVRELAY_PROCESS} = 'process';
$ENV{CONVRELAY_EMPTY} = '';
$ENV{CONVRELAY_LINE} = "\t line \r\n";
$ENV{CONVRELAY_LINES} = "one\ntwo";
$ENV{CONVRELAY_QUOTED} = '"quoted"';
$ENV{CONVRELAY_WHITE} = " \n";
delete $ENV{$_} for qw( CONVRELAY_A CONVRELAY_B CONVRELAY_C CONVRELAY_UNSET );


# a file that only its owner can read

sub main::secret_file {
    my ($name, $text) = @_;
    my $path = "$ENV{TEST_NGINX_SERVROOT}/conf/$name";

    open my $out, '>', $path or die "$path: $!\n";
    chmod 0600, $path;
    print $out $text;
    close $out;
}


# the process environment is the master's

master_on();
run_tests();

__DATA__

=== TEST 1: dotenv files as they are written
--- http_config
convrelay_env_file  .env;
--- config
location = /t {
    return 200 "[$convrelay_env_PLAIN]
[$convrelay_env_SPACED]
[$convrelay_env_EXPORTED]
[$convrelay_env_SINGLE]
[$convrelay_env_DOUBLE]
[$convrelay_env_EQUALS]
[$convrelay_env_HASH]
[$convrelay_env_COMMENTED]
[$convrelay_env_DOLLAR]
[$convrelay_env_UTF8]
[$convrelay_env_TWICE]
";
}
--- user_files
>>> ../conf/.env
# a comment

PLAIN=value
SPACED =  with blanks in it  
export EXPORTED=exported
SINGLE='a "b" \n # $c'
DOUBLE="a\tb \"c\" \\ # d"
EQUALS=a=b==
HASH=a#b
COMMENTED=value # comment
DOLLAR=$PLAIN ${PLAIN}
LINES="one
two"
UTF8=café
TWICE=first
TWICE=last
--- request
GET /t
--- response_body eval
qq{[value]
[with blanks in it]
[exported]
[a "b" \\n # \$c]
[a\tb "c" \\ # d]
[a=b==]
[a#b]
[value]
[\$PLAIN value]
[caf\xc3\xa9]
[last]
}



=== TEST 2: files from Windows: CRLF and a byte order mark
--- http_config
convrelay_env_file  .env;
--- config
location = /t {
    return 200 "[$convrelay_env_A][$convrelay_env_B][$convrelay_env_C]";
}
--- user_files eval
[["../conf/.env", "\xef\xbb\xbfA=one\r\nB=\"two\"\r\n# comment\r\nC=three"]]
--- request
GET /t
--- response_body chop
[one][two][three]



=== TEST 3: the order: override, process, plain, default
--- http_config
convrelay_env       CONVRELAY_A default;
convrelay_env       CONVRELAY_B default;
convrelay_env       CONVRELAY_C default;
convrelay_env       CONVRELAY_D default;
convrelay_env       CONVRELAY_EMPTY default;
convrelay_env       CONVRELAY_PROCESS default;
convrelay_env_file  one.env;
convrelay_env_file  two.env;
convrelay_env_file  three.env override;
convrelay_env_file  four.env;
convrelay_env_file  none.env optional;
convrelay_env_file  none.env override optional;
--- config
location = /t {
    return 200 "A $convrelay_env_CONVRELAY_A
B $convrelay_env_CONVRELAY_B
C $convrelay_env_CONVRELAY_C
D $convrelay_env_CONVRELAY_D
E $convrelay_env_CONVRELAY_E
process $convrelay_env_CONVRELAY_PROCESS
empty $convrelay_env_CONVRELAY_EMPTY
path $convrelay_env_CONVRELAY_PATH
";
}
--- user_files
>>> ../conf/one.env
CONVRELAY_B=one
CONVRELAY_C=one
CONVRELAY_PROCESS=one
CONVRELAY_PATH=one
>>> ../conf/two.env
CONVRELAY_C=two
CONVRELAY_D=
CONVRELAY_PATH=two
>>> ../conf/three.env
CONVRELAY_PATH=three
>>> ../conf/four.env
CONVRELAY_PATH=four
CONVRELAY_E=four
--- suppress_stderr
--- request
GET /t
--- response_body
A default
B one
C one
D default
E four
process process
empty default
path three



=== TEST 4: an override file overrides the process, too, the last one wins
--- http_config
convrelay_env_file  .env.local override;
convrelay_env_file  .env.last override;
--- config
location = /t {
    return 200 "$convrelay_env_CONVRELAY_PROCESS $convrelay_env_CONVRELAY_A";
}
--- post_setup_server_root
::secret_file('.env.local', "CONVRELAY_PROCESS=local\nCONVRELAY_A=local\n");
::secret_file('.env.last', "CONVRELAY_A=last\n");
--- request
GET /t
--- response_body chop
local last
--- no_error_log
[error]
[warn]



=== TEST 5: an override file that everybody can read is warned of
--- http_config
convrelay_env_file  .env;
convrelay_env_file  .env.local override;
--- config
location = /t { return 200 $convrelay_env_KEY; }
--- user_files
>>> ../conf/.env
KEY=plain
>>> ../conf/.env.local
KEY=secret
--- suppress_stderr
--- request
GET /t
--- response_body chop
secret
--- error_log
/conf/.env.local" is world-readable, but holds secrets: run "chmod o-r" on it
--- no_error_log
/conf/.env" holds secrets
[error]



=== TEST 6: values are usable wherever nginx takes variables, in any case
--- http_config
convrelay_env_file  .env;
map $convrelay_env_MODE $mode {
    fast     rabbit;
    default  turtle;
}
log_format  env  'mode=$convrelay_env_MODE';
--- config
access_log  logs/env.log env;
location = /proxy {
    proxy_pass        http://$convrelay_env_BACKEND/echo;
    proxy_set_header  Authorization "Bearer $convrelay_env_KEY";
}
location = /echo {
    return 200 "$http_authorization";
}
location = /t {
    add_header  X-Mode $mode;

    if ($convrelay_env_mode = fast) {
        return 200 "${convrelay_env_Mode}er";
    }
}
location = /joined {
    set  $joined $convrelay_env_MODE-$convrelay_env_KEY;
    return 200 $joined;
}
--- user_files
>>> ../conf/.env
MODE=fast
KEY=sk-1
BACKEND=127.0.0.1:$TEST_NGINX_SERVER_PORT
--- request eval
["GET /proxy", "GET /t", "GET /joined"]
--- response_body eval
["Bearer sk-1", "faster", "fast-sk-1"]



=== TEST 7: the LLM's address, key, model and prompt may come from it
--- http_config
convrelay_env_file  .env;
convrelay_env       OPENAI_MODEL gpt-4o-mini;
--- config
location = /ws {
    convrelay;
    convrelay_model          $convrelay_env_OPENAI_MODEL;
    convrelay_system_prompt  "You are $convrelay_env_AGENT.";

    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  Authorization "Bearer $convrelay_env_KEY";
}
location = /twiml {
    convrelay_twiml  wss://$convrelay_env_HOST/ws;
}
--- user_files
>>> ../conf/.env
AGENT="Ann \"the voice\""
KEY=sk-2
HOST=example.ngrok.app
--- llm
location / {
    content_by_lua_block {
        local llm, cjson = require "convrelay_llm", require "cjson"
        llm.say(ngx.var.http_authorization, ", ",
                cjson.decode(llm.body()).model, ", ", llm.messages())
    }
}
--- call
local http = require "convrelay_http"
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:drop()
ngx.say(http.send(http.head{ "GET /twiml HTTP/1.1", "Host: a",
                             "Connection: close" }).body:match('url="[^"]*"'))
--- response_body
> setup
> prompt "Hi"
< "Bearer sk-2, gpt-4o-mini, system: You are Ann \"the voice\".\nuser: Hi"
> drop
url="wss://example.ngrok.app/ws"



=== TEST 8: a name that nobody sets is told, with where to put it
--- http_config
convrelay_env_file  .env optional;
--- config
location = /t { return 200 $convrelay_env_convrelay_unset; }
--- suppress_stderr
--- must_die
--- error_log
CONVRELAY_UNSET is required: the configuration uses $convrelay_env_CONVRELAY_UNSET, which is not set or empty. Put shared values in .env and secrets in .env.local ("convrelay_env_file"), set it in the environment, or give a default with "convrelay_env CONVRELAY_UNSET VALUE"



=== TEST 9: an empty value is not enough
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 $convrelay_env_KEY; }
--- user_files
>>> ../conf/.env
KEY=
--- suppress_stderr
--- must_die
--- error_log
KEY is required



=== TEST 10: an empty default is a value: the name may be missing
--- http_config
convrelay_env  CONVRELAY_UNSET "";
--- config
location = /t { return 200 "[$convrelay_env_CONVRELAY_UNSET]"; }
--- request
GET /t
--- response_body chop
[]



=== TEST 11: a required name is told before the URL that lacks it
--- config
location = /twiml {
    convrelay_twiml  wss://$convrelay_env_CONVRELAY_UNSET/ws;
}
--- suppress_stderr
--- must_die
--- error_log
CONVRELAY_UNSET is required
--- no_error_log
has no host



=== TEST 12: a file that is missing is told, unless it is optional
--- http_config
convrelay_env_file  none.env;
--- config
--- suppress_stderr
--- must_die
--- error_log eval
qr{open\(\) "[^"]+/conf/none\.env" failed \(2: No such file or directory\)}



=== TEST 13: a line that is none is told by file and number, not by content
--- http_config
convrelay_env_file  .env;
--- config
--- user_files
>>> ../conf/.env
A=1
sk secret
--- suppress_stderr
--- must_die
--- error_log
/conf/.env" line 2: no "=" after the name
--- no_error_log
secret



=== TEST 14: a parameter that is none is told
--- http_config
convrelay_env_file  .env overide;
--- config
--- suppress_stderr
--- must_die
--- error_log
invalid parameter "overide", it can be "override" or "optional"



=== TEST 15: two defaults for a name are told
--- http_config
convrelay_env  NAME a;
convrelay_env  name b;
--- config
--- suppress_stderr
--- must_die
--- error_log
"convrelay_env" directive is duplicate



=== TEST 16: a directory is not a file
--- http_config
convrelay_env_file  . override;
--- config
--- suppress_stderr
--- must_die
--- error_log
is not a regular file of at most 1048576 bytes



=== TEST 17: values are in no log and not in what nginx -T shows
--- http_config
convrelay_env_file  .env.local override;
--- config
location = /ws {
    convrelay;
    convrelay_system_prompt  "$convrelay_env_SECRET";
    proxy_pass        http://llm/v1/chat/completions;
    proxy_set_header  Authorization "Bearer $convrelay_env_SECRET";
}
location = /value { return 200 $convrelay_env_SECRET; }
--- post_setup_server_root
::secret_file('.env.local', "SECRET=sk-" . "do-not-show\n");
--- llm: answer=repeat
--- call
local http = require "convrelay_http"
local secret = http.send(http.head{ "GET /value HTTP/1.1", "Host: a",
                                    "Connection: close" }).body
local call = dial("/ws")
call:setup()
call:ask("Hi")
call:drop()

local function look(label, file, levels)
    local lines, found, debug = 0, 0

    for line in file:lines() do
        if line:match("^%d+/%d+/%d+ ") then
            debug = line:match("%[debug%]")
        end

        if not debug then
            lines = lines + 1
            found = found + (line:find(secret, 1, true) and 1 or 0)
        end
    end

    ngx.say(label, lines > 0 and " was read" or " is empty", ", found: ", found)
end

local prefix = ngx.config.prefix()

look("error.log", io.open(prefix .. "logs/error.log"))
look("access.log", io.open(prefix .. "logs/access.log"))
look("nginx -T", io.popen("$TEST_NGINX_BINARY -T -e /dev/null -p " .. prefix
                          .. " -c " .. prefix .. "conf/nginx.conf 2>&1"))
ngx.say(#secret)
--- response_body
> setup
> prompt "Hi"
< "Hi"
> drop
error.log was read, found: 0
access.log was read, found: 0
nginx -T was read, found: 0
14



=== TEST 18: files are read again on reload, the process stays
--- http_config
convrelay_env_file  .env;
--- config
location = /value {
    return 200 "$convrelay_env_KEY $convrelay_env_CONVRELAY_PROCESS";
}
--- user_files
>>> ../conf/.env
KEY=old
--- call
local ffi = require "ffi"
local http = require "convrelay_http"

ffi.cdef "int kill(int, int);"

local function value()
    return http.send(http.head{ "GET /value HTTP/1.1", "Host: a",
                                "Connection: close" }).body
end

ngx.say(value())

local file = io.open(ngx.config.prefix() .. "conf/.env", "w")
file:write("KEY=new\n")
file:close()

ngx.say(value())

local pid = io.open(ngx.config.prefix() .. "logs/nginx.pid"):read("*n")
ffi.C.kill(pid, 1)

-- the old worker answers, too, until it has been told

local now

for i = 1, 500 do
    now = value()

    if now ~= "old process" then
        break
    end

    ngx.sleep(0.02)
end

ngx.say(now)
--- timeout: 20
--- response_body
old process
old process
new process



=== TEST 19: names in values have what they have at that line
--- http_config
convrelay_env_file  one.env;
convrelay_env_file  two.env override;
--- config
location = /t {
    return 200 "[$convrelay_env_EARLIER]
[$convrelay_env_OF_PROCESS]
[$convrelay_env_QUOTES]
[$convrelay_env_SINGLE]
[$convrelay_env_DEFAULTS]
[$convrelay_env_ESCAPED]
[$convrelay_env_OVERRIDDEN]
[$convrelay_env_LATER]
[$convrelay_env_TRIMMED]
";
}
--- post_setup_server_root
::secret_file('one.env', <<'_EOC_');
HOST=api.example.com
EARLIER=https://${HOST}/v1
CONVRELAY_PROCESS=file
OF_PROCESS=${CONVRELAY_PROCESS}
QUOTES="a ${host} b"
SINGLE='${HOST}'
DEFAULTS=${CONVRELAY_UNSET:-none},${CONVRELAY_EMPTY:-empty},${HOST:-host}
ESCAPED="\${HOST} for \$5"
TRIMMED=[${CONVRELAY_LINE}]
_EOC_
::secret_file('two.env', <<'_EOC_');
CONVRELAY_PROCESS=override
OVERRIDDEN=${CONVRELAY_PROCESS}
HOST=other.example.com
LATER=${HOST}, ${EARLIER}
_EOC_
--- suppress_stderr
--- request
GET /t
--- response_body
[https://api.example.com/v1]
[process]
[a api.example.com b]
[${HOST}]
[none,empty,api.example.com]
[${HOST} for $5]
[override]
[other.example.com, https://api.example.com/v1]
[[line]]
--- no_error_log
[warn]
[error]



=== TEST 20: a name in a value that is not set is warned of, by its line
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 "[$convrelay_env_A]"; }
--- user_files
>>> ../conf/.env
B=1
A=a${CONVRELAY_UNSET}b
--- suppress_stderr
--- request
GET /t
--- response_body chop
[ab]
--- error_log
/conf/.env" line 2: a "${NAME}" that is not set is expanded to nothing
--- no_error_log
CONVRELAY_UNSET
[error]



=== TEST 21: a value that grows without end is an error
--- http_config
convrelay_env_file  .env;
--- config
--- user_files eval
[["../conf/.env", "A0=" . "x" x 1000 . "\n"
                  . CORE::join "", map { "A$_=" . ("\${A" . ($_ - 1) . "}") x 10 . "\n" }
                                 1 .. 50]]
--- suppress_stderr
--- must_die
--- error_log
/conf/.env" line 3: the value is longer than 65536 bytes



=== TEST 22: a name alone is that of the process
--- http_config
convrelay_env_file  one.env;
convrelay_env_file  two.env override;
--- config
location = /t {
    return 200 "$convrelay_env_CONVRELAY_PROCESS, $convrelay_env_CONVRELAY_LINE, $convrelay_env_CONVRELAY_A";
}
--- post_setup_server_root
::secret_file('one.env', <<'_EOC_');
CONVRELAY_LINE
CONVRELAY_A=a
_EOC_
::secret_file('two.env', <<'_EOC_');
CONVRELAY_PROCESS=file
export CONVRELAY_PROCESS   # as it is started
CONVRELAY_A
_EOC_
--- suppress_stderr
--- request
GET /t
--- response_body chop
process, line, a
--- error_log
/conf/two.env" line 3: a name without "=" that is not in the process environment is ignored
--- no_error_log
[error]



=== TEST 23: white space around a value of the process is not part of it
--- config
location = /t { return 200 "[$convrelay_env_CONVRELAY_LINE]"; }
--- request
GET /t
--- response_body chop
[line]
--- no_error_log
[warn]
[error]



=== TEST 24: a value of nothing else is empty
--- config
location = /t { return 200 "[$convrelay_env_CONVRELAY_WHITE]"; }
--- suppress_stderr
--- must_die
--- error_log
CONVRELAY_WHITE is required



=== TEST 25: so is one that is a comment
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 "[$convrelay_env_KEY]"; }
--- user_files
>>> ../conf/.env
KEY= # from the console
--- suppress_stderr
--- must_die
--- error_log
KEY is required



=== TEST 26: line ends around a value in quotes are dropped, too
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 "[$convrelay_env_A][$convrelay_env_B][$convrelay_env_C]"; }
--- user_files
>>> ../conf/.env
A="a\r\n"
B='
b
'
C=" c "
--- request
GET /t
--- response_body chop
[a][b][ c ]



=== TEST 27: quotes are kept elsewhere, and warned of
--- http_config
convrelay_env_file  .env;
convrelay_env       A "'a'";
--- config
location = /t {
    return 200 "$convrelay_env_CONVRELAY_QUOTED $convrelay_env_A $convrelay_env_B";
}
--- user_files
>>> ../conf/.env
B="'b'"
--- suppress_stderr
--- request
GET /t
--- response_body chop
"quoted" 'a' 'b'
--- error_log
CONVRELAY_QUOTED is in quotes, which are part of its value: quotes are removed only in a "convrelay_env_file"
A is in quotes, which are part of its value
--- no_error_log
B is in quotes
[error]



=== TEST 28: a line end inside a value is refused, wherever it comes from
--- config
location = /t { return 200 $convrelay_env_CONVRELAY_LINES; }
--- suppress_stderr
--- must_die
--- error_log
CONVRELAY_LINES has a control character (0x0a) in its value, which would break the header that it becomes part of
--- no_error_log
two



=== TEST 29: in a file
--- http_config
convrelay_env_file  .env;
--- config
location = /t {
    proxy_pass        http://127.0.0.1:1;
    proxy_set_header  Authorization "Bearer $convrelay_env_KEY";
}
--- user_files
>>> ../conf/.env
KEY="sk-abc\r\nX-More: 1"
--- suppress_stderr
--- must_die
--- error_log
KEY has a control character (0x0d) in its value
--- no_error_log
sk-abc



=== TEST 30: by way of another name
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 $convrelay_env_KEY; }
--- user_files
>>> ../conf/.env
KEY=a${CONVRELAY_LINES}
--- suppress_stderr
--- must_die
--- error_log
KEY has a control character (0x0a) in its value



=== TEST 31: in a default
--- http_config
convrelay_env  KEY "a\nb";
--- config
location = /t { return 200 $convrelay_env_KEY; }
--- suppress_stderr
--- must_die
--- error_log
KEY has a control character (0x0a) in its value



=== TEST 32: what the configuration does not use may have any value
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 $convrelay_env_USED; }
--- user_files
>>> ../conf/.env
PRIVATE="-----BEGIN
KEY-----"
PASSWORD=changeme
USED=tab	inside
--- request
GET /t
--- response_body eval
"tab\tinside"
--- no_error_log
[warn]
[error]



=== TEST 33: placeholders are warned of, once and by name
--- http_config
convrelay_env_file  .env;
--- config
location = /t {
    return 200 "$convrelay_env_OPENAI_API_KEY $convrelay_env_NGROK_URL $convrelay_env_openai_api_key";
}
--- user_files
>>> ../conf/.env
OPENAI_API_KEY=sk-...
NGROK_URL=YOUR-HOST
TICKET_SECRET=changeme
--- suppress_stderr
--- request
GET /t
--- response_body chop
sk-... YOUR-HOST sk-...
--- grep_error_log eval: qr/\w+ is still a placeholder, not a value/
--- grep_error_log_out
OPENAI_API_KEY is still a placeholder, not a value
NGROK_URL is still a placeholder, not a value
--- no_error_log
is world-readable
[error]



=== TEST 34: a secret in a plain file that everybody can read is warned of
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 ok; }
--- user_files
>>> ../conf/.env
NGROK_URL=example.ngrok.app
OPENAI_API_KEY=sk-1234
--- suppress_stderr
--- request
GET /t
--- response_body chop
ok
--- error_log
/conf/.env" is world-readable, but holds secrets: run "chmod o-r" on it
--- no_error_log
[error]



=== TEST 35: not if it is empty, or elsewhere
--- http_config
convrelay_env_file  .env;
--- config
location = /t { return 200 ok; }
--- user_files
>>> ../conf/.env
OPENAI_API_KEY=
TWILIO_AUTH_TOKEN= # in .env.local
CONVRELAY_PROCESS
--- suppress_stderr
--- request
GET /t
--- response_body chop
ok
--- no_error_log
is world-readable
[warn]
[error]
