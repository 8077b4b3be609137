
-- A ConversationRelay caller inside nginx, for tests.  It prints what it
-- sends ("> ...") and what it gets ("< ..."), so that the response body is
-- the transcript of a call.  Its WebSocket code is its own and strict, so
-- that it does not share an error with what it judges.
--
--     local call = dial("/ws")                 a handshake, 101 expected
--     local call = dial("/ws", { headers = { "A: b" }, early = frame{...} })
--     local call = dial("/ws", { port = 8443, tls = true, wait = 0.1 })
--                                              wait: before the head is read
--
--     call:setup{ callSid = "CA1" }            messages of Twilio
--     call:prompt("Hi")                        nothing is read
--     call:ask("Hi")                           prompt and answer()
--     call:interrupt("Hello", 300)
--     call:dtmf("1")
--     call:send{ type = "x" }                  any message
--     call:raw(bytes), frame{ opcode = 9 }     any bytes
--
--     call:answer()                            one line up to last:true
--     call:tokens()                            one line each up to last:true
--     call:read(n)                             n frames, one line each
--     call:quiet(ms)                           nothing comes for so long
--     call:finish()                            all up to the end
--     call:hangup(code, reason)                the close handshake
--     call:drop()                              the connection ends at once
--     call:say(...)                            a line of the test's own
--
-- Functions that read return what they read and print it, unless call.mute.


local bit  = require "bit"
local cjson = require "cjson"

local band, bor, bxor = bit.band, bit.bor, bit.bxor
local lshift, rshift = bit.lshift, bit.rshift


-- how many times longer all may take, where all is slower

local _M = { slow = 1 }
local mt = { __index = _M }

local opcodes = {
    continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10
}

local names = {}

for name, code in pairs(opcodes) do
    names[code] = name
end


local default_setup = {
    type = "setup",
    sessionId = "VX00000000000000000000000000000001",
    accountSid = "AC00000000000000000000000000000001",
    callSid = "CA00000000000000000000000000000001",
    parentCallSid = "",
    from = "+15550100001",
    to = "+15550100002",
    forwardedFrom = "",
    callType = "PSTN",
    callerName = "",
    direction = "inbound",
    callStatus = "RINGING",
    customParameters = {},
}


local function settimeouts(sock, ms)
    sock:settimeouts(1000 * _M.slow, 1000 * _M.slow, ms or 3000 * _M.slow)
end


local function u16(n)
    return string.char(band(rshift(n, 8), 255), band(n, 255))
end


local function u32(n)
    return u16(rshift(n, 16)) .. u16(n)
end


local function mask(key, data)
    local out, k = {}, { key:byte(1, 4) }

    for i = 1, #data do
        out[i] = string.char(bxor(data:byte(i), k[(i - 1) % 4 + 1]))
    end

    return table.concat(out)
end


-- every field can be wrong on purpose: opcode, fin, rsv, payload, length,
-- length_bytes (0, 2, 8), key (false: not masked)

function _M.frame(f)
    local payload = f.payload or ""
    local len = f.length or #payload
    local bytes = f.length_bytes or len < 126 and 0 or len < 65536 and 2 or 8
    local opcode = opcodes[f.opcode or "text"] or f.opcode
    local key = f.key == nil and "\1\130\3\252" or f.key
    local first = bor(f.fin == false and 0 or 128,
                      lshift(f.rsv or 0, 4), opcode)
    local bits = key and 128 or 0
    local out

    if bytes == 0 then
        out = string.char(first, bits + len)

    elseif bytes == 2 then
        out = string.char(first, bits + 126) .. u16(len)

    else
        out = string.char(first, bits + 127)
              .. u32(math.floor(len / 4294967296)) .. u32(len % 4294967296)
    end

    if key then
        return out .. key .. mask(key, payload)
    end

    return out .. payload
end


-- a JSON object with its type first, as Twilio writes it

local function encode(message)
    local keys, out = {}, {}

    for key in pairs(message) do
        if key ~= "type" then
            keys[#keys + 1] = key
        end
    end

    table.sort(keys)
    table.insert(keys, 1, message.type ~= nil and "type" or nil)

    for i, key in ipairs(keys) do
        out[i] = cjson.encode(key) .. ":" .. cjson.encode(message[key])
    end

    return "{" .. table.concat(out, ",") .. "}"
end


function _M.dial(path, opts)
    opts = opts or {}

    local sock = ngx.socket.tcp()
    local self = setmetatable({ sock = sock, mute = opts.mute }, mt)

    settimeouts(sock, opts.timeout)

    local ok, err = sock:connect(opts.host or "127.0.0.1",
                                 opts.port or ngx.var.server_port)
    if not ok then
        self:say("connect: ", err)
        return self
    end

    if opts.tls then
        assert(sock:sslhandshake(nil, nil, false))
    end

    local key = "dGhlIHNhbXBsZSBub25jZQ=="
    local lines = {
        "GET " .. path .. " HTTP/1.1", "Host: localhost",
        "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: " .. key, "Sec-WebSocket-Version: 13"
    }

    for _, line in ipairs(opts.headers or {}) do
        lines[#lines + 1] = line
    end

    sock:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (opts.early or ""))

    if opts.wait then
        ngx.sleep(opts.wait)
    end

    local status = sock:receive()
    if not status then
        self:say("< eof")
        return self
    end

    self.status = status:match("^HTTP/1%.1 (%d+)")
    self.headers = {}

    for line in function() return sock:receive() end do
        if line == "" then
            break
        end

        local name, value = line:match("^([^:]+):%s*(.*)$")
        self.headers[name:lower()] = value
    end

    if self.status ~= "101" then
        self:say("< ", status)

    elseif self.headers["sec-websocket-accept"]
           ~= "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    then
        self:say("bad Sec-WebSocket-Accept")
    end

    return self
end


function _M.say(self, ...)
    if not self.mute then
        ngx.say(...)
        ngx.flush()
    end
end


function _M.raw(self, bytes)
    local ok, err = self.sock:send(bytes)

    if not ok then
        self:say("send: ", err)
    end
end


function _M.send(self, message)
    local text = type(message) == "table" and encode(message) or message

    self:raw(_M.frame{ payload = text })
end


function _M.setup(self, fields)
    local message = {}

    for key, value in pairs(default_setup) do
        message[key] = value
    end

    for key, value in pairs(fields or {}) do
        message[key] = value
    end

    self:say("> setup")
    self:send(message)
end


function _M.prompt(self, text, last)
    self:say("> prompt ", cjson.encode(text), last == false and " ..." or "")
    self:send{ type = "prompt", voicePrompt = text, lang = "en-US",
               last = last ~= false }
end


function _M.interrupt(self, utterance, ms)
    self:say("> interrupt ", cjson.encode(utterance))
    self:send{ type = "interrupt", utteranceUntilInterrupt = utterance,
               durationUntilInterruptMs = ms or 100 }
end


function _M.dtmf(self, digit)
    self:say("> dtmf ", digit)
    self:send{ type = "dtmf", digit = digit }
end


-- returns a frame, or nil and "timeout" or "eof" (a reset is an end, too)

function _M.frame_in(self, ms)
    local sock = self.sock

    if ms then
        settimeouts(sock, ms)
    end

    local function get(n)
        if n == 0 then
            return ""
        end

        local data, err = sock:receive(n)

        if not data then
            return nil, err == "timeout" and err or "eof"
        end

        return data
    end

    local head, err = get(2)

    if ms then
        settimeouts(sock)
    end

    if not head then
        return nil, err
    end

    local a, b = head:byte(1, 2)
    local len = b
    local ext

    if b >= 128 then
        return nil, "masked frame from the server"
    end

    if band(a, 112) ~= 0 then
        return nil, "RSV bits from the server"
    end

    if len == 126 then
        ext, err = get(2)
        len = ext and ext:byte(1) * 256 + ext:byte(2)

        if len and len < 126 then
            return nil, "length not minimal"
        end

    elseif len == 127 then
        ext, err = get(8)
        len = 0

        for i = 1, ext and 8 or 0 do
            len = len * 256 + ext:byte(i)
        end

        if ext and len < 65536 then
            return nil, "length not minimal"
        end
    end

    local payload = not err and get(len)
    if not payload then
        return nil, "torn frame"
    end

    return { opcode = names[band(a, 15)] or band(a, 15), payload = payload,
             fin = a >= 128 }
end


local function decode(f)
    if f.opcode == "text" then
        local ok, message = pcall(cjson.decode, f.payload)

        if ok and type(message) == "table" and message.type == "text"
           and type(message.token) == "string"
        then
            return message
        end
    end
end


local function describe(f)
    local message = decode(f)

    if message then
        return cjson.encode(message.token) .. (message.last and " last" or "")
    end

    if f.opcode == "close" then
        if #f.payload < 2 then
            return "close"
        end

        local a, b = f.payload:byte(1, 2)
        local reason = f.payload:sub(3)

        return "close " .. a * 256 + b .. (reason ~= "" and " " or "") .. reason
    end

    if f.opcode == "text" then
        return f.payload
    end

    return f.opcode .. (f.payload ~= "" and " " or "") .. f.payload
end


function _M.read(self, n, ms)
    local frames = {}

    for i = 1, n or 1 do
        local f, err = self:frame_in(ms)

        if not f then
            self:say("< ", err)
            return frames, err
        end

        frames[i] = f
        self:say("< ", describe(f), f.fin and "" or " ...")
    end

    return frames
end


function _M.tokens(self, ms)
    local tokens = {}

    while true do
        local frames = self:read(1, ms)

        if not frames[1] then
            return tokens
        end

        local message = decode(frames[1])

        if not message then
            return tokens
        end

        tokens[#tokens + 1] = message.token

        if message.last then
            return tokens
        end
    end
end


-- the joined tokens; anything but one proper answer is shown as it is

function _M.answer(self, ms)
    local parts = {}

    while true do
        local f, err = self:frame_in(ms)
        local message = f and decode(f)

        if not message then
            self:say("< ", cjson.encode(table.concat(parts)), " ",
                     f and describe(f) or err)
            return table.concat(parts)
        end

        parts[#parts + 1] = message.token

        if message.last then
            self:say("< ", cjson.encode(table.concat(parts)))
            return table.concat(parts), #parts
        end
    end
end


function _M.ask(self, text, ms)
    self:prompt(text)
    return self:answer(ms)
end


function _M.quiet(self, ms)
    local f, err = self:frame_in(ms or 100)

    if err == "timeout" then
        return true
    end

    self:say("< ", f and describe(f) or err)
end


function _M.finish(self, ms)
    while true do
        local frames, err = self:read(1, ms)

        if err then
            return
        end

        if frames[1].opcode == "close" then
            if not self.closing then
                self:raw(_M.frame{ opcode = "close",
                                   payload = frames[1].payload:sub(1, 2) })
            end

            local f, why = self:frame_in(ms)

            if f or why ~= "eof" then
                self:say("< ", f and describe(f) or why, " after close")
            end

            self.sock:close()
            return
        end
    end
end


function _M.hangup(self, code, reason)
    code = code or 1000

    self:say("> close ", code)
    self:raw(_M.frame{ opcode = "close",
                       payload = u16(code) .. (reason or "") })
    self.closing = true
    self:finish()
end


function _M.drop(self)
    self:say("> drop")
    self.sock:close()
end


return _M
