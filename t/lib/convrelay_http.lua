-- HTTP requests as they are on the wire, for tests:
--
--     http.head{ "GET /ws HTTP/1.1", "A: b" }     head of a request
--     http.upgrade("/ws", { Origin = "x" })       a good handshake, changed;
--                                                 a header may be false, a
--                                                 list stands for several
--     local r = http.send(bytes)                  r.status, r.line, r.body,
--                                                 r.headers, r.lines; a list
--                                                 is sent piece by piece
--     local text = http.h2(path, { "A=b", "" })   the response's DATA, after
--                                                 a form in as many frames
--     local r = http.form("POST", "/a", { To = "b" }, "X: y")
--                                                 a webhook's request; the
--                                                 form may be a string
--     http.show(label, r, "Allow", ...)           "label: 405 Allow: GET"
--
-- The response is read to its end, so requests close the connection, or to
-- the end of a head that says 101.

local _M = {}

local handshake = {
    { "Host", "localhost" },
    { "Upgrade", "websocket" },
    { "Connection", "Upgrade" },
    { "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==" },
    { "Sec-WebSocket-Version", "13" },
}


function _M.head(lines)
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end


function _M.upgrade(path, headers, line)
    local lines = { line or "GET " .. path .. " HTTP/1.1" }
    local more = {}

    local function add(name, value)
        for _, v in ipairs(type(value) == "table" and value or { value }) do
            lines[#lines + 1] = v and name .. ": " .. v or nil
        end
    end

    for name, value in pairs(headers or {}) do
        more[name] = value
    end

    for _, h in ipairs(handshake) do
        add(h[1], more[h[1]] == nil and h[2] or more[h[1]])
        more[h[1]] = nil
    end

    for name, value in pairs(more) do
        add(name, value)
    end

    return _M.head(lines)
end


local function send_pieces(sock, pieces)
    for i, piece in ipairs(pieces) do
        if i > 1 then
            ngx.sleep(0.05)
        end

        sock:send(piece)
    end
end


function _M.send(bytes, port)
    local sock = ngx.socket.tcp()
    local r = { headers = {}, lines = {}, body = "" }
    local pieces = type(bytes) == "table" and bytes or { bytes }

    sock:settimeouts(1000, 1000, 3000)
    assert(sock:connect("127.0.0.1", port or ngx.var.server_port))
    send_pieces(sock, pieces)

    local line, _, rest = sock:receive()

    r.line = line or rest ~= "" and rest or nil

    if not line then
        return r
    end

    r.status = r.line:match("^HTTP/1%.1 (%d+)")

    for line in function() return sock:receive() end do
        local name, value = line:match("^([^:]+):%s*(.*)$")

        if not name then
            break
        end

        r.lines[#r.lines + 1] = line
        r.headers[name:lower()] = value
    end

    if r.status ~= "101" then
        local length = tonumber(r.headers["content-length"])

        r.body = length and pieces[1]:sub(1, 4) ~= "HEAD"
                 and sock:receive(length) or sock:receive("*a") or ""
    end

    sock:close()

    return r
end


function _M.form(method, uri, form, ...)
    local lines = { "", "Host: localhost", "Connection: close", ... }
    local args = type(form) == "table" and ngx.encode_args(form) or form or ""
    local body = ""

    if method == "POST" then
        lines[#lines + 1] = "Content-Type: application/x-www-form-urlencoded"
        lines[#lines + 1] = "Content-Length: " .. #args
        body = args

    elseif args ~= "" then
        uri = uri .. (uri:find("?", 1, true) and "&" or "?") .. args
    end

    lines[1] = method .. " " .. uri .. " HTTP/1.1"

    return _M.send(_M.head(lines) .. body)
end


-- HTTP/2 without TLS, each header a literal that no table keeps

local function h2_frame(kind, flags, stream, payload)
    return string.char(0, math.floor(#payload / 256), #payload % 256, kind,
                       flags, 0, 0, 0, stream) .. payload
end


local function h2_headers(list)
    local out = {}

    for i = 1, #list, 2 do
        out[#out + 1] = "\0" .. string.char(#list[i]) .. list[i]
                        .. string.char(#list[i + 1]) .. list[i + 1]
    end

    return table.concat(out)
end


function _M.h2(path, pieces, port, ...)
    local sock = ngx.socket.tcp()
    local body = {}

    local out = { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                  .. h2_frame(4, 0, 0, "")
                  .. h2_frame(1, 4, 1, h2_headers{
                         ":method", "POST", ":scheme", "http", ":path", path,
                         ":authority", "a", "content-type",
                         "application/x-www-form-urlencoded", ...
                     }) }

    for i, piece in ipairs(pieces) do
        out[#out + 1] = h2_frame(0, i == #pieces and 1 or 0, 1, piece)
    end

    sock:settimeouts(1000, 1000, 3000)
    assert(sock:connect("127.0.0.1", port))
    send_pieces(sock, out)

    while true do
        local head = sock:receive(9)

        if not head then
            return nil
        end

        local a, b, c, kind, flags = head:byte(1, 5)
        local payload = sock:receive(a * 65536 + b * 256 + c)

        if kind == 0 then
            body[#body + 1] = payload
        end

        if (kind == 0 or kind == 1) and flags % 2 == 1 then
            sock:close()
            return table.concat(body)
        end
    end
end


function _M.show(label, r, ...)
    local out = { label .. ":", r.status or r.line or "eof" }

    for _, name in ipairs{...} do
        out[#out + 1] = name .. ": " .. (r.headers[name:lower()] or "none")
    end

    ngx.say(table.concat(out, " "))
end


return _M
