# The test harness itself: the Lua client against a WebSocket written in Lua.

use lib 't/lib';
use Test::Nginx::ConvRelay;

run_tests();

__DATA__

=== TEST 1: a call is printed as a transcript
--- config
location = /ws {
    content_by_lua_block {
        local req = ngx.req.socket(true)
        local client = require "convrelay_client"
        local function text(s)
            req:send(client.frame{ payload = s, key = false })
        end

        req:send("HTTP/1.1 101 Switching Protocols\r\n"
                 .. "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                 .. "\r\n")
        text('{"type":"text","token":"Good ","last":false}')
        text('{"type":"text","token":"day.","last":false}')
        text('{"type":"text","token":"","last":true}')
        text('{"type":"text","token":"one","last":false}')
        text('{"type":"text","token":"two","last":true}')
        text('{"type":"other"}')
        text(("x"):rep(130))
        req:send(client.frame{ opcode = "ping", payload = "p", key = false })
        req:send(client.frame{ opcode = "close", payload = "\3\233bye",
                               key = false })
        ngx.sleep(0.2)
    }
}
--- call
local call = dial("/ws")
call:setup()
call:answer()
call:tokens()
call:read(3)
call:finish()
--- response_body eval
"> setup
< \"Good day.\"
< \"one\"
< \"two\" last
< {\"type\":\"other\"}
< " . "x" x 130 . "
< ping p
< close 1001 bye
"



=== TEST 2: masked frames from a server, its end and its silence are told
--- config
location = /ws {
    content_by_lua_block {
        local req = ngx.req.socket(true)
        local client = require "convrelay_client"

        req:send("HTTP/1.1 101 Switching Protocols\r\n"
                 .. "Sec-WebSocket-Accept: no\r\n\r\n")
        ngx.sleep(0.2)

        if ngx.var.arg_masked then
            req:send(client.frame{ payload = "x" })
        end
    }
}
--- call
local call = dial("/ws?masked=1")
call:quiet(50)
call:read()
call = dial("/ws")
call:read(1, 50)
call:read()
call = dial("/none")
--- response_body
bad Sec-WebSocket-Accept
< masked frame from the server
bad Sec-WebSocket-Accept
< timeout
< eof
< HTTP/1.1 404 Not Found
--- error_log
No such file or directory



=== TEST 3: Lua and Perl write the same frames
--- config
location = /x { return 200 ok; }
--- call
local function hex(s)
    return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

ngx.say(hex(frame{ payload = "Hello" }))
ngx.say(hex(frame{ opcode = "ping", fin = false, rsv = 4, key = false }))
ngx.say(hex(frame{ opcode = 2, length_bytes = 8, length = 1 }))
ngx.say(hex(frame{ payload = ("x"):rep(200) }):sub(1, 18))
ngx.say(hex(frame{ opcode = "close", payload = "\3\232" }))
--- response_body eval
unpack("H*", ::ws_frame(payload => "Hello")) . "\n"
. unpack("H*", ::ws_frame(opcode => "ping", fin => 0, rsv => 4,
                          mask => undef)) . "\n"
. unpack("H*", ::ws_frame(opcode => 2, length_bytes => 8, length => 1)) . "\n"
. unpack("H*", substr(::ws_frame(payload => "x" x 200), 0, 9)) . "\n"
. unpack("H*", ::ws_close(1000)) . "\n"
