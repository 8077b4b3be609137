-- HTTP requests as they are on the wire, for tests:
--
--     http.head{ "GET /ws HTTP/1.1", "A: b" }     head of a request
--     http.upgrade("/ws", { Origin = "x" })       a good handshake, changed;
--                                                 a header may be false, a
--                                                 list stands for several
--     local r = http.send(bytes)                  r.status, r.line, r.body,
--                                                 r.headers, r.lines
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


function _M.send(bytes, port)
    local sock = ngx.socket.tcp()
    local r = { headers = {}, lines = {}, body = "" }

    sock:settimeouts(1000, 1000, 3000)
    assert(sock:connect("127.0.0.1", port or ngx.var.server_port))
    sock:send(bytes)

    r.line = sock:receive()

    if not r.line then
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

        r.body = length and bytes:sub(1, 4) ~= "HEAD"
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


function _M.show(label, r, ...)
    local out = { label .. ":", r.status or r.line or "eof" }

    for _, name in ipairs{...} do
        out[#out + 1] = name .. ": " .. (r.headers[name:lower()] or "none")
    end

    ngx.say(table.concat(out, " "))
end


return _M
