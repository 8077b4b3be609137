
-- A ConversationRelay server in Lua for nginx, a peer of the benchmark.
--
-- It does: TwiML; signatures of the webhook's form and of the handshake; the
-- history of each call; the model's answer, streamed over kept-alive
-- connections by an HTTP client of its own (chunked, one retry on a
-- connection that the model had closed meanwhile); interruption in the middle
-- of an answer, which closes the connection to the model and keeps what was
-- heard; a new prompt into an answer; with BENCH_TOOL a tool, which is asked
-- over HTTP, one after another; pings, fragments, Close; TLS.  Deltas
-- that came in one read leave in one write.
--
-- It does not: check UTF-8, close codes and the order of fragments (the
-- WebSocket library does not), bound the history or the rate of messages,
-- try Twilio's variants of the signed URL.


local cjson = require "cjson.safe"
local server = require "nginx.websocket.server"
local protocol = require "nginx.websocket.protocol"

local ngx = ngx
local sub, find, byte = string.sub, string.find, string.byte
local match, lower, format = string.match, string.lower, string.format
local concat, sort = table.concat, table.sort
local spawn, kill, wait = ngx.thread.spawn, ngx.thread.kill, ngx.thread.wait
local encode, decode = cjson.encode, cjson.decode
local build_frame = protocol.build_frame


local MAX_MESSAGE = 131072          -- bytes
local IDLE = 3600 * 1000            -- ms, of a caller who says nothing
local KEEPALIVE = 60 * 1000         -- ms, of a connection to the model

local FAILED = "I ran into a temporary issue while generating a response."
local GREETING = "Hi! Ask me anything."

local PROMPT = "You are a helpful assistant. This conversation is being "
    .. "translated to voice, so answer carefully. When you respond, please "
    .. "spell out all numbers, for example twenty not 20. Do not include "
    .. "emojis in your responses. Do not include bullet points, asterisks, "
    .. "or special symbols."

local model_host, model_port, request_head, auth_token
local tools, tool_head

local _M = {}


function _M.init(host, port)
    model_host, model_port = host, port
    auth_token = os.getenv("BENCH_AUTH_TOKEN")

    if auth_token == "" then
        auth_token = nil
    end

    if os.getenv("BENCH_TOOL") then
        tools = { { type = "function", ["function"] = {
            name = "look_up", description = "Looks up.",
            parameters = { type = "object", properties = {
                of = { type = "string" } } } } } }
    end

    tool_head = "POST /tool HTTP/1.1\r\n"
        .. "Host: " .. host .. ":" .. port .. "\r\n"
        .. "Content-Type: application/json\r\n"
        .. "Content-Length: "

    request_head = "POST /v1/chat/completions HTTP/1.1\r\n"
        .. "Host: " .. host .. ":" .. port .. "\r\n"
        .. "Content-Type: application/json\r\n"
        .. "Accept: text/event-stream\r\n"
        .. "Authorization: Bearer none\r\n"
        .. "Content-Length: "
end


-- Lua interns strings, so comparing them takes the same time for all

local function signed(url, form)
    if not auth_token then
        return true
    end

    local parts, names = { url }, {}

    for name in pairs(form) do
        names[#names + 1] = name
    end

    sort(names)

    for _, name in ipairs(names) do
        local values, last = form[name], nil

        if type(values) ~= "table" then
            values = { values }
        end

        for i = 1, #values do
            values[i] = values[i] == true and "" or values[i]
        end

        sort(values)

        for _, value in ipairs(values) do
            if value ~= last then
                parts[#parts + 1] = name
                parts[#parts + 1] = value
                last = value
            end
        end
    end

    return ngx.encode_base64(ngx.hmac_sha1(auth_token, concat(parts)))
           == ngx.var.http_x_twilio_signature
end


function _M.twiml()
    local host = ngx.var.http_host or ""
    local form = {}

    if ngx.req.get_method() == "POST" then
        ngx.req.read_body()
        form = ngx.req.get_post_args() or {}
    end

    if not signed(ngx.var.scheme .. "://" .. host .. ngx.var.request_uri,
                  form)
    then
        return ngx.exit(403)
    end

    host = host:gsub("[&<>\"]", "")

    local body = '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
        .. '<ConversationRelay url="wss://' .. host .. '/ws" '
        .. 'welcomeGreeting="' .. GREETING .. '"/></Connect></Response>'

    ngx.header["Content-Type"] = "text/xml; charset=utf-8"
    ngx.header["Content-Length"] = #body
    ngx.print(body)
end


-- Frames to the caller: the reader's and the answer's thread both write, and
-- a socket takes one writer at a time, so one finds the other's and sends them

local function write(call, frames)
    local queue = call.queue

    if queue then
        queue[#queue + 1] = frames
        return true
    end

    local sock = call.ws.sock

    call.queue = {}

    repeat
        local sent = sock:send(frames)

        if not sent then
            call.broken = true
            call.queue = nil
            return nil
        end

        queue = call.queue
        frames = queue[1] and queue
        call.queue = frames and {} or nil
    until not frames

    return true
end


local function text_frame(token, last)
    local payload = '{"type":"text","token":' .. encode(token)
                    .. (last and ',"last":true}' or ',"last":false}')

    return build_frame(true, 0x1, #payload, payload, false)
end


-- sends the request; a connection out of the pool may be closed meanwhile

local function connect(body, path_head)
    local sock = ngx.socket.tcp()

    sock:settimeouts(5000, 10000, 60000)

    local ok, err = sock:connect(model_host, model_port)

    if not ok then
        return nil, err
    end

    local reused = sock:getreusedtimes() > 0
    local line

    ok, err = sock:send{ path_head or request_head, #body, "\r\n\r\n", body }

    if ok then
        line, err = sock:receive()

        if line then
            return sock, line
        end
    end

    sock:close()

    if reused then
        return connect(body, path_head)
    end

    return nil, err
end


-- the head of the response; what is needed of it

local function receive_head(sock, line)
    local status = tonumber(match(line, "^HTTP/1%.[01] (%d%d%d)"))
    local head = { keep = find(line, "^HTTP/1%.1") and true }

    while true do
        local header, err = sock:receive()

        if not header then
            return nil, err
        end

        if header == "" then
            break
        end

        local name, value = match(header, "^([^:]+):%s*(.-)%s*$")

        if name then
            name = lower(name)

            if name == "transfer-encoding" then
                head.chunked = lower(value) == "chunked"

            elseif name == "content-length" then
                head.length = tonumber(value)

            elseif name == "connection" then
                head.keep = lower(value) ~= "close"
            end
        end
    end

    if status ~= 200 then
        return nil, "status " .. (status or "?")
    end

    if not head.chunked and not head.length then
        return nil, "not chunked"
    end

    return head
end


-- takes whole chunks off data; gives their contents, the rest, and whether
-- the last one was among them

local function dechunk(data)
    local out, n, pos = {}, 0, 1

    while true do
        local eol = find(data, "\r\n", pos, true)

        if not eol then
            break
        end

        local size = tonumber(match(data, "^%x+", pos), 16)

        if not size then
            return nil, "bad chunk"
        end

        local stop = eol + 1 + size

        if #data < stop + 2 then
            break
        end

        if size == 0 then
            return concat(out), sub(data, stop + 3), true
        end

        n = n + 1
        out[n] = sub(data, eol + 2, stop)
        pos = stop + 3
    end

    return concat(out), sub(data, pos), false
end


-- pieces of calls, by their index

local function collect(answer, pieces)
    answer.calls = answer.calls or {}

    for _, piece in ipairs(pieces) do
        local i = (tonumber(piece.index) or 0) + 1
        local made = piece["function"] or {}
        local call = answer.calls[i]

        if not call then
            call = { id = piece.id, type = "function", ["function"] = {
                     name = made.name, arguments = "" } }
            answer.calls[i] = call
        end

        call["function"].arguments = call["function"].arguments
                                     .. (made.arguments or "")
    end
end


-- whole lines of events become frames; gives the rest

local function events(call, answer, sse)
    local frames, n, pos = {}, 0, 1
    local said = answer.said

    while true do
        local eol = find(sse, "\n", pos, true)

        if not eol then
            break
        end

        if sub(sse, pos, pos + 4) == "data:" then
            local from = byte(sse, pos + 5) == 32 and pos + 6 or pos + 5
            local event = decode(sub(sse, from, eol - 1))
            local choices = type(event) == "table" and event.choices
            local choice = type(choices) == "table" and choices[1]
            local delta = type(choice) == "table" and choice.delta
            local token = type(delta) == "table" and delta.content

            if type(token) == "string" and token ~= "" then
                n = n + 1
                frames[n] = text_frame(token, false)
                said[#said + 1] = token
            end

            if type(delta) == "table" and type(delta.tool_calls) == "table"
            then
                collect(answer, delta.tool_calls)
            end

            if type(event) == "table" and event.error then
                return nil, "error in stream"
            end
        end

        pos = eol + 1
    end

    if n > 0 then
        answer.sending = true

        local ok = write(call, frames)

        answer.sending = false

        if not ok or answer.cancelled then
            return nil, "cancelled"
        end
    end

    return sub(sse, pos)
end


local function stream(call, answer)
    local sock, line = connect(encode{ model = "bench", stream = true,
                                       messages = call.messages,
                                       tools = tools })
    if not sock then
        return nil, line
    end

    local head, err = receive_head(sock, line)
    local data, sse, content, done = "", "", nil, false

    while head and not done do
        local piece

        piece, err = sock:receiveany(65536)

        if not piece then
            break
        end

        content, data, done = dechunk(data == "" and piece or data .. piece)

        if not content then
            err = data
            break
        end

        sse, err = events(call, answer,
                          sse == "" and content or sse .. content)
        if not sse then
            break
        end
    end

    if not done or not sse then
        sock:close()
        return nil, err
    end

    if head.keep and data == "" then
        sock:setkeepalive(KEEPALIVE)
    else
        sock:close()
    end

    return true
end


-- asks the tool for the result of one call

local function invoke(arguments)
    local sock, line = connect(arguments, tool_head)

    if not sock then
        return nil, line
    end

    local head, err = receive_head(sock, line)
    local body

    if head then
        body, err = sock:receive(head.length or 0)
    end

    if not body then
        sock:close()
        return nil, err
    end

    if head.keep then
        sock:setkeepalive(KEEPALIVE)
    else
        sock:close()
    end

    return body
end


-- the model's answer, and those to the results of tools that it has called

local function respond(call, answer)
    local ok, err = stream(call, answer)

    while ok and answer.calls do
        local results = {}

        for i, made in ipairs(answer.calls) do
            local result

            result, err = invoke(made["function"].arguments)
            results[i] = { role = "tool", tool_call_id = made.id,
                           content = result or '{"ok":false}' }
        end

        if answer.cancelled then
            return nil, "cancelled"
        end

        local messages = call.messages

        messages[#messages + 1] = { role = "assistant",
                                    content = concat(answer.said),
                                    tool_calls = answer.calls }

        for _, result in ipairs(results) do
            messages[#messages + 1] = result
        end

        answer.calls = nil
        answer.said = {}
        ok, err = stream(call, answer)
    end

    return ok, err
end


-- what was said of an answer becomes history

local function remember(call, answer)
    local messages = call.messages

    if call.answer == answer then
        call.answer = nil
    end

    if #answer.said > 0 then
        messages[#messages + 1] = { role = "assistant",
                                    content = concat(answer.said) }
        call.spoken = #messages
    end
end


local function run(call, answer)
    local ok, err = respond(call, answer)

    if answer.cancelled or call.broken then
        return
    end

    remember(call, answer)

    local frames = { text_frame("", true) }

    if not ok then
        ngx.log(ngx.ERR, "the model failed: ", err)
        frames = { text_frame(FAILED, false), frames[1] }
    end

    answer.sending = true
    write(call, frames)
    answer.sending = false
end


-- A thread that is killed while it reads closes the model's connection; one
-- that is just writing to the caller sees the mark and closes it itself.

local function cancel(call)
    local answer = call.answer

    if not answer then
        return
    end

    answer.cancelled = true

    if not answer.sending then
        kill(answer.thread)
        call.thread = nil
    end

    remember(call, answer)

    if #answer.said > 0 and not call.closing then
        write(call, text_frame("", true))
    end
end


local handlers = {}


function handlers.setup(call)
    if not call.messages then
        call.messages = { { role = "system", content = PROMPT } }
    end
end


function handlers.prompt(call, message)
    local text = message.voicePrompt

    if not call.messages or type(text) ~= "string" or message.last == false
       or not find(text, "%S")
    then
        return
    end

    cancel(call)

    if call.thread then
        wait(call.thread)           -- it has ended, or ends with its write
    end

    call.spoken = nil
    call.messages[#call.messages + 1] = { role = "user", content = text }

    local answer = { said = {} }

    call.answer = answer
    call.thread = spawn(run, call, answer)
    answer.thread = call.thread
end


-- of the newest answer stays what was heard; nothing heard, nothing stays

function handlers.interrupt(call, message)
    local heard = message.utteranceUntilInterrupt

    if not call.messages then
        return
    end

    cancel(call)

    local at = call.spoken

    if not at or type(heard) ~= "string" then
        return
    end

    if not find(heard, "%S") then
        table.remove(call.messages, at)
        call.spoken = nil
        return
    end

    local said = call.messages[at].content
    local _, stop = find(said, heard, 1, true)

    if stop then
        call.messages[at].content = sub(said, 1, stop)
    end
end


local function close(call, code)
    call.closing = true
    cancel(call)

    local payload = code and string.char(bit.rshift(code, 8), code % 256)
                    or ""

    write(call, build_frame(true, 0x8, #payload, payload, false))
end


local function dispatch(call, data)
    local message = decode(data)

    if type(message) ~= "table" then
        ngx.log(ngx.WARN, "no JSON object from the caller")
        return
    end

    local handler = handlers[message.type]

    if handler then
        handler(call, message)
    end
end


-- one frame; false when the call is over

local function receive(call)
    local data, kind, err = call.ws:recv_frame()

    if not data then
        if find(err, "exceeding", 1, true) then
            close(call, 1009)

        elseif not find(err, "failed", 1, true) then
            close(call, 1002)
        end

        return false
    end

    if kind == "text" or kind == "continuation" then
        local parts = call.parts

        if err == "again" or parts then
            parts = parts or { size = 0 }
            parts[#parts + 1] = data
            parts.size = parts.size + #data
            call.parts = parts

            if parts.size > MAX_MESSAGE then
                close(call, 1009)
                return false
            end

            if err == "again" then
                return true
            end

            data = concat(parts)
            call.parts = nil
        end

        dispatch(call, data)

    elseif kind == "ping" then
        write(call, build_frame(true, 0xa, #data, data, false))

    elseif kind == "binary" then
        close(call, 1003)
        return false

    elseif kind == "close" then
        close(call, err)
        return false
    end

    return not call.broken
end


function _M.websocket()
    if not signed(format("wss://%s%s", ngx.var.http_host or "",
                         ngx.var.request_uri), {})
    then
        return ngx.exit(403)
    end

    local ws, err = server:new{ timeout = IDLE,
                                max_payload_len = MAX_MESSAGE }
    if not ws then
        ngx.log(ngx.WARN, "no handshake: ", err)
        return ngx.exit(400)
    end

    local call = { ws = ws }

    repeat until not receive(call)

    call.closing = true
    cancel(call)

    return ngx.exit(444)
end


return _M
