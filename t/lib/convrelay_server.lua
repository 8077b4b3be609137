-- A ConversationRelay server inside nginx, for tests of the caller.  It is
-- right in all that it does, except for the one fault that a test asks for: the
-- name of a rule of "convrelay-call check", which it then breaks.
--
--     location /ws {
--         content_by_lua_block {
--             require("convrelay_server").serve(ngx.var.arg_fault)
--         }
--     }
--
-- Its answers are small talk: "count to 9" counts, "what have we said" tells
-- the history, "name trees" names some, all else is repeated.  For servers
-- written by hand:
--
--     local ws = server.accept()
--     ws:text("token", last), ws:send(opcode, payload), ws:frame()

local bit = require "bit"
local cjson = require "cjson"
local client = require "convrelay_client"

local band, bxor = bit.band, bit.bxor

local _M = {}
local mt = { __index = _M }


local function refuse(status, ...)
    ngx.status = status
    ngx.header["Sec-WebSocket-Version"] = ...
    ngx.say("no")
    ngx.exit(status)
end


local function has_token(list, token, fault)
    if fault == "case" then
        return list == token
    end

    return (list or ""):lower():find(token:lower(), 1, true)
end


-- RFC 6455, 4.2.1; the fault's own check is left out

local function check(fault, name, ok)
    return ok or fault == name
end


local function handshake(fault, headers)
    local key = headers["sec-websocket-key"]

    if not check(fault, "plain", has_token(headers.upgrade, "websocket", fault)
                                 and has_token(headers.connection, "Upgrade",
                                               fault))
    then
        return refuse(426, "13")
    end

    if not check(fault, "method", ngx.req.get_method() == "GET") then
        return refuse(405)
    end

    if not check(fault, "http10", ngx.req.http_version() == 1.1)
       or not check(fault, "key", key)
       or not check(fault, "key-size",
                    not key or #(ngx.decode_base64(key) or "") == 16)
    then
        return refuse(400)
    end

    if not check(fault, "version",
                 headers["sec-websocket-version"] == "13"
                 or not headers.upgrade)
    then
        return refuse(426, "13")
    end

    return key or ""
end


-- a signature of the handshake, docs/protocol.md, 5.3

local function signed(fault, headers)
    local token = ngx.var.relay_token

    if not token or token == "" then
        return true
    end

    local signature = headers["x-twilio-signature"]

    if not signature then
        return fault == "signature-missing"
    end

    if fault == "signature-wrong" then
        return #signature == 28
    end

    local function of(uri)
        return ngx.encode_base64(ngx.hmac_sha1(token,
                                 "wss://" .. ngx.var.http_host .. uri))
    end

    return signature == of(ngx.var.request_uri)
           or fault == "signature-other"
              and signature == of(ngx.var.request_uri .. "/other")
end


function _M.accept(fault)
    local headers = ngx.req.get_headers()
    local key = handshake(fault, headers)

    if not signed(fault, headers) then
        return refuse(403)
    end

    local accept = ngx.encode_base64(ngx.sha1_bin(key
                   .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))

    if fault == "accept" then
        accept = accept:gsub("^..", "xy")
    end

    if ngx.req.get_method() ~= "GET" then
        ngx.req.read_body()
    end

    local sock, err = ngx.req.socket(true)
    if not sock then
        ngx.log(ngx.ERR, "no socket: ", err)
        return ngx.exit(500)
    end

    sock:settimeouts(1000, 1000, 20000)
    sock:send("HTTP/1.1 101 Switching Protocols\r\n"
              .. "Upgrade: websocket\r\nConnection: upgrade\r\n"
              .. (fault == "not-offered"
                  and "Sec-WebSocket-Protocol: relay\r\n" or "")
              .. "Sec-WebSocket-Accept: " .. accept .. "\r\n\r\n")

    return setmetatable({ sock = sock, fault = fault, history = {} }, mt)
end


function _M.send(self, opcode, payload)
    return self.sock:send(client.frame{ opcode = opcode, payload = payload,
                              key = self.fault == "server-frames" and nil })
end


function _M.message(self, message)
    return self:send("text", cjson.encode(message))
end


function _M.text(self, token, last)
    return self:message{ type = "text", token = token, last = last or false }
end


function _M.close(self, code, reason)
    self.closing = true

    local payload = code and string.char(math.floor(code / 256), code % 256)
                             .. (reason or "") or ""
    self:send("close", payload)
end


local function number(bytes)
    local n = 0

    for i = 1, #bytes do
        n = n * 256 + bytes:byte(i)
    end

    return n
end


-- RFC 6455, 5: a frame, or nil and the code to close with (none: the end)

function _M.frame(self)
    local sock, fault = self.sock, self.fault
    local head = sock:receive(2)

    if not head then
        return
    end

    if fault == "torn" then
        sock:settimeouts(1000, 1000, 1)
    end

    local a, b = head:byte(1, 2)
    local f = { fin = a >= 128, opcode = band(a, 15), masked = b >= 128 }
    local len = band(b, 127)
    local control = f.opcode >= 8
    local known = f.opcode <= 2 or f.opcode >= 8 and f.opcode <= 10

    if band(a, 112) ~= 0 and fault ~= "rsv"
       or not known and fault ~= "opcode"
       or not f.masked and fault ~= "unmasked"
       or control and len > 125 and fault ~= "ping-long"
       or control and not f.fin and fault ~= "ping-fragment"
    then
        return nil, 1002
    end

    if len >= 126 then
        local bytes = sock:receive(len == 126 and 2 or 8)

        if not bytes then
            return nil, fault == "torn" and 1002
        end

        if len == 127 and bytes:byte(1) >= 128 then
            if fault == "length" then
                ngx.sleep(3)
            end

            return nil, fault ~= "length" and 1002
        end

        len = number(bytes)
    end

    if len > (fault == "large" and 16383 or 1048576) then
        if fault == "huge" then
            return
        end

        return nil, 1009
    end

    local key = f.masked and sock:receive(4) or "\0\0\0\0"
    local data = key and (len == 0 and "" or sock:receive(len))

    if not data then
        return nil, fault == "torn" and 1002
    end

    local k, out = { key:byte(1, 4) }, {}

    for i = 1, #data do
        out[i] = string.char(bxor(data:byte(i), k[(i - 1) % 4 + 1]))
    end

    f.payload = table.concat(out)

    if fault == "torn" then
        sock:settimeouts(1000, 1000, 20000)
    end

    return f
end


local utf8 = {
    "^[%z\1-\127]+", "^[\194-\223][\128-\191]",
    "^\224[\160-\191][\128-\191]", "^[\225-\236\238\239][\128-\191][\128-\191]",
    "^\237[\128-\159][\128-\191]", "^\240[\144-\191][\128-\191][\128-\191]",
    "^[\241-\243][\128-\191][\128-\191][\128-\191]",
    "^\244[\128-\143][\128-\191][\128-\191]"
}


local function is_utf8(s)
    local i = 1

    while i <= #s do
        local last

        for _, pattern in ipairs(utf8) do
            last = last or select(2, s:find(pattern, i))
        end

        if not last then
            return false
        end

        i = last + 1
    end

    return true
end


-- the next data message, or nil and a code; control frames are answered

function _M.read(self)
    local fault, message = self.fault, nil

    while true do
        local f, code = self:frame()

        if not f then
            return nil, code
        end

        if f.opcode == 9 then
            self:send("pong", fault == "ping" and "x" or f.payload)

        elseif f.opcode == 10 then
            if fault == "pong" then
                return nil, 1002
            end

        elseif f.opcode == 8 then
            return self:closed(f.payload)

        elseif f.opcode == 2 and fault ~= "binary" then
            return nil, 1003

        elseif f.opcode == 0 and not message then
            if fault ~= "continuation" then
                return nil, 1002
            end

        elseif f.opcode ~= 0 and message and fault ~= "fragments" then
            if fault ~= "interleaved" then
                return nil, 1002
            end

        else
            message = (fault == "fragments" and "" or message or "")
                      .. f.payload

            if f.fin then
                if not is_utf8(message) and fault ~= "utf8" then
                    return nil, 1007
                end

                return message
            end
        end
    end
end


-- their Close, RFC 6455, 5.5.1 and 7.4

function _M.closed(self, payload)
    local fault = self.fault
    local code = #payload >= 2 and number(payload:sub(1, 2)) or 1000
    local bad

    if #payload == 1 and fault ~= "close-short"
       or fault ~= "close-code"
          and (code < 1000 or code >= 1004 and code <= 1006
               or code >= 1015 and code < 3000 or code >= 5000)
    then
        bad = 1002

    elseif not is_utf8(payload:sub(3)) and fault ~= "close-reason" then
        bad = 1007
    end

    self.by_peer = true

    if fault == "close" or fault == "close-empty" and #payload == 0 then
        return
    end

    return nil, bad or code
end


-- what the agent says

local trees = "The first one is oak. The second one is maple."

-- tests of silence: its stage begins when the voice has ended, and each answer
-- is slower than that

local silence = 0.1
local silent = {
    silence = true, nudge = true, ["nudge-heard"] = true,
    ["nudge-caller"] = true, ["nudge-pending"] = true
}


-- tests of noise: an interruption pauses an answer, which goes on after that
-- time without words, or after "uh-huh"; "noise" is a right one

local pause = 0.4
local noisy = {
    noise = true, cough = true, ["cough-words"] = true, backchannel = true,
    ["backchannel-cut"] = true
}


function _M.pause(self, turn, heard)
    self.paused = turn
    turn.again = tonumber(heard:match("%d+"))

    ngx.thread.spawn(function()
        ngx.sleep(pause)

        if self.paused == turn and self.fault ~= "cough" then
            self.paused = nil
        end
    end)

    return true
end


-- true if that is all that the words do

function _M.listens(self, said)
    if not noisy[self.fault] or not self.running
       or not said:lower():find("^uh%-huh")
    then
        return false
    end

    if self.paused and self.fault ~= "backchannel-cut" then
        self.paused = nil
        return true
    end

    return not self.paused and self.fault ~= "backchannel"
end


function _M.nudge_later(self, always)
    self.stirs = (self.stirs or 0) + 1
    local stirs = self.stirs

    if not silent[self.fault] or self.fault == "nudge" then
        return
    end

    ngx.thread.spawn(function()
        ngx.sleep(silence)

        if (always or self.stirs == stirs) and not self.gone
           and not self.closing
        then
            self:text("Are you still there?", true)
        end
    end)
end


-- what ends a silence

function _M.stir(self)
    self.stirs = (self.stirs or 0) + 1
end


function _M.reported(self, m)
    if m.name == "agentSpeaking" and m.value == "off" then
        self:nudge_later()

    elseif m.name == "agentSpeaking"
           or m.name == "clientSpeaking" and self.fault ~= "nudge-caller"
    then
        self:stir()
    end

    return true
end


function _M.compose(self, said)
    local n = said:lower():match("count to (%d+)")
    local fault = self.fault

    if n then
        local numbers = {}

        for i = 1, n do
            numbers[i] = (i == 1 and "" or " ") .. i .. "."
        end

        return numbers
    end

    if said:lower():find("trees", 1, true) then
        return { trees:sub(1, 20), trees:sub(21) }
    end

    if said:lower():find("open on sunday", 1, true) then
        self.calling = true

        return { fault == "tool-leak" and 'hours({"day":"sunday"})'
                                      or "One moment.",
                 fault == "tool" and " I do not know." or " We are closed." }
    end

    if self.broken then
        return { "I ran into an issue." }
    end

    if said:lower():find("my word", 1, true) then
        return { "All right." }
    end

    if not said:lower():find("what have we said", 1, true) then

        -- as it is to be spoken

        if fault ~= "speech" then
            said = said:gsub("[*`]", ""):gsub("\240\159[\128-\191]+", "")
        end

        if fault ~= "pronounce" then
            said = said:gsub("nginx", "engine x")
        end

        return { "You said: ", said }
    end

    local lines = {}

    for _, turn in ipairs(self.history) do
        if turn.who ~= (self.fault == "memory-caller" and "You"
                        or self.fault == "memory-agent" and "I")
        then
            lines[#lines + 1] = turn.who .. ' said "' .. turn.text .. '".'
        end
    end

    return { table.concat(lines, " ") }
end


-- one turn, in a thread of its own; it ends where another one begins

function _M.answer(self, said)
    local fault = self.fault

    -- a call that was cut off stays in the history without a result

    self.broken = self.broken or self.calling
                  and (fault == "tool-over"
                       or fault == "tool-interrupt" and self.turn.cut)
    self.calling = false

    local tokens = self:compose(said)
    local turn = { who = "I", text = "" }

    self.turns = (self.turns or 0) + 1
    local mine = self.turns

    self.history[#self.history + 1] = { who = "You", text = said }
    self.history[#self.history + 1] = turn
    self.turn = turn
    self.running = true
    self.pending = true
    self:stir()

    if fault == "nudge-pending" then
        self:nudge_later(true)
    end

    -- a right one that has fillers, and one that has none

    if fault == "fillers" then
        ngx.thread.spawn(function()
            ngx.sleep(silence)

            if self.pending and not self.gone then
                self:text("One moment, please.", true)
            end
        end)
    end

    if silent[fault] or fault == "fillers" or fault == "filler" then
        ngx.sleep(2 * silence)
    end

    local function over()
        return self.gone or (self.closing and fault ~= "close-last")
               or self.turns ~= mine and fault ~= "prompt-over"
                  and fault ~= "one-voice" and fault ~= "cough-words"
               or turn.cut and fault ~= "interrupt"
    end

    local i, token = 0

    while i < #tokens do
        i = i + 1
        token = tokens[i]

        ngx.sleep(self.calling and i == 2 and 0.04 or 0.005)

        while self.paused == turn and not over() do
            ngx.sleep(0.005)
        end

        if over() then
            return
        end

        if turn.again then
            i = turn.again
            token = tokens[i]
            turn.again = nil
        end

        if self.calling and i == 2 then
            self.calling = false
        end

        self.pending = false

        if fault == "answer-utf8" then
            self:send("text", '{"type":"text","token":"\255","last":false}')

        elseif fault == "answer-type" then
            self:message{ type = "txt", token = token, last = false }

        else
            self:text(token)
        end

        if fault == "tool-last" and self.calling then
            self:text("", true)
        end

        turn.all = (turn.all or "") .. token
        turn.text = turn.cut and turn.text or turn.all
    end

    self.running = false

    if fault ~= "answer-last" then
        self:text("", true)
    end

    if fault == "answer-once" then
        self:text("", true)
    end

    if fault == "nudge-heard" then
        self:nudge_later(true)
    end
end


function _M.interrupted(self, heard)
    local turn, fault = self.turn, self.fault

    if fault == "interrupt-idle" and not self.running then
        return nil, 1011
    end

    if heard == "" and fault == "interrupt-older" then
        for _, old in ipairs(self.history) do
            old.text = old.who == "I" and "" or old.text
        end
    end

    if not turn or turn.cut then
        return true
    end

    if noisy[fault] and self.running then
        return self:pause(turn, heard)
    end

    turn.cut = true
    self.mute = fault == "interrupt-next"

    if self.running and fault ~= "interrupt" then
        self.running = false
        self:text("", true)
    end

    local _, last = (turn.all or ""):find(heard, 1, true)

    if fault == "interrupt-heard" then
        turn.text = turn.all

    elseif fault == "interrupt-kept" then
        turn.text = ""

    elseif heard ~= "" then
        turn.text = (turn.all or ""):sub(1, last)
    end

    return true
end


function _M.prompted(self, m)
    local said, fault = m.voicePrompt, self.fault

    if type(said) ~= "string" then
        return fault ~= "wrong-types", 1011
    end

    if self.mute or not self.setup and fault ~= "prompt-first"
       or said == "" and fault ~= "empty-prompt"
       or m.last == false and fault ~= "partial"
    then
        return true
    end

    if said == "Hello?" and self.pending and fault ~= "presence" then
        return true
    end

    if self:listens(said) then
        return true
    end

    if self.paused and fault ~= "cough-words" then
        self.paused.cut = true
        self.paused = nil
    end

    if fault == "escapes" then
        said = self.raw:match('"voicePrompt":"(.-)","') or said
    end

    ngx.thread.spawn(self.answer, self, said)
    return true
end


-- a message of Twilio's: true, or nil and the code to close with

function _M.handle(self, text)
    local fault = self.fault

    if fault == "order" and not text:find('^{"type"')
       or fault == "deep" and #text > 5000 and text:find("[[[", 1, true)
    then
        return nil, 1011
    end

    if fault == "surrogates" and text:find("\\ud800", 1, true) then
        self:send("text", '{"type":"text","token":"\237\160\128"}')
    end

    local ok, m = pcall(cjson.decode, text)

    if not ok or type(m) ~= "table" or type(m.type) ~= "string" then
        if fault == "no-error" then
            self:message{ type = "error", description = "no JSON" }
        end

        local what = not ok and "not-json"
                     or type(m) ~= "table" and "not-object"
                     or "no-type"

        return fault ~= what, 1011
    end

    self.raw = text

    if m.type == "setup" then
        if fault == "nulls" and m.callerName == cjson.null then
            return nil, 1011
        end

        return self:begin(m)
    end

    if m.type == "prompt" then
        return self:prompted(m)
    end

    if m.type == "interrupt" then
        return self:interrupted(m.utteranceUntilInterrupt or "")
    end

    if m.type == fault then
        return nil, 1011
    end

    if m.type == "info" then
        return self:reported(m)
    end

    if m.type ~= "dtmf" and m.type ~= "info" and m.type ~= "error" then
        return fault ~= "unknown-type", 1008
    end

    return true
end


-- with a secret, the TwiML's parameter "ticket" is bound to the CallSid

function _M.ticket(call_sid)
    return ngx.md5(ngx.var.relay_token .. call_sid)
end


function _M.begin(self, m)
    self.setup = true

    local token = ngx.var.relay_token

    if not token or token == "" or self.fault == "replayed"
       or m.customParameters.ticket == _M.ticket(m.callSid)
    then
        return true
    end

    return nil, 1008
end


function _M.serve(fault)
    local calls = ngx.shared.calls

    if fault == "drop" and calls:get("dropped") then
        return ngx.exit(503)
    end

    local self = _M.accept(fault)
    local text, code, ok

    repeat
        text, code = self:read()
        ok = text

        if text then
            ok, code = self:handle(text)
        end
    until not ok

    if code then
        self:close(code)
    end

    self.closing = true

    if not self.by_peer and not code and fault == "drop" then
        calls:set("dropped", true, 2)
    end

    if fault == "fin" and not code or fault == "close-tcp" and self.by_peer
       or fault == "close-last"
    then
        ngx.sleep(3)
    end

    self.gone = true
end


-- the webhook before it; its signature is that of the form, 5.1

function _M.webhook(fault)
    ngx.req.read_body()

    local form = ngx.req.get_post_args()
    local signature = ngx.req.get_headers()["x-twilio-signature"]
    local names, signed = {}, "http://" .. ngx.var.http_host
                              .. ngx.var.request_uri

    for name in pairs(form) do
        names[#names + 1] = name
    end

    table.sort(names)

    for _, name in ipairs(names) do
        signed = signed .. name .. form[name]
    end

    local right = ngx.encode_base64(ngx.hmac_sha1(ngx.var.relay_token, signed))

    if signature ~= right
       and not (fault == "webhook-missing" and not signature)
       and not (fault == "webhook-wrong" and signature)
    then
        return refuse(403)
    end

    ngx.header.content_type = fault == "twiml" and "text/html" or "text/xml"
    ngx.say('<Response><Connect><ConversationRelay',
            ' events="tokens-played speaker-events"',
            fault == "twiml-attribute" and ' greeting="Hello"' or "",
            ' url="wss://', ngx.var.http_host, "/lua?fault=", fault or "",
            '"><Parameter name="ticket" value="', _M.ticket(form.CallSid),
            '"/></ConversationRelay></Connect></Response>')
end


return _M
