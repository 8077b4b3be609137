-- An LLM for tests, as a content handler:
--
--     llm.say(text, ...)           a whole answer, its tokens as given
--     llm.stream(), llm.token(s), llm.done()     the same by hand
--     llm.talk{ tokens, hold = n, pause = seconds, closed = "note" }
--                                  an answer that stops after n tokens and
--                                  notes it when the connection closes; to
--                                  the prompt "Eh?" it tells the history
--     llm.agent{ [prompt] = calls or text or function }
--                                  answers a prompt with calls of tools, each
--                                  { "name", "arguments", "id" }, or a text;
--                                  tells the results that it was given; text
--                                  in calls is said before them
--     llm.calls(calls)             the calls alone
--     llm.request()                head of the request as it came
--     llm.body()                   its body
--     llm.messages()               "system: ...", "user: ..." line by line
--     llm.note(s), llm.notes()     what it saw, for the test to ask
--     llm.raw(...)                 any bytes in place of an HTTP response

local cjson = require "cjson"

local _M = {}
local notes = {}


function _M.event(text, finish)
    return 'data: {"choices":[{"index":0,"delta":'
           .. (text and '{"content":' .. cjson.encode(text) .. "}" or "{}")
           .. ',"finish_reason":' .. (finish and '"stop"' or "null")
           .. "}]}\n\n"
end


function _M.stream()
    ngx.header.content_type = "text/event-stream"
end


function _M.token(text)
    ngx.print(_M.event(text))
    ngx.flush(true)
end


function _M.done()
    ngx.print(_M.event(nil, true), "data: [DONE]\n\n")
end


function _M.say(...)
    _M.stream()

    for _, text in ipairs{...} do
        _M.token(text)
    end

    _M.done()
end


function _M.talk(tokens)
    local said = _M.messages()

    if said:find("Eh%?$") then
        return _M.say(said)
    end

    ngx.on_abort(function()
        _M.note(tokens.closed or "closed")
        ngx.exit(499)
    end)

    _M.stream()

    for i = 1, #tokens + 1 do

        if tokens.hold == i - 1 then
            ngx.sleep(3)
        end

        if tokens[i] then
            _M.token(tokens[i])
            ngx.sleep(tokens.pause or 0)
        end
    end

    _M.done()
end


function _M.calls(calls)
    local list = {}

    _M.stream()

    if calls.text then
        _M.token(calls.text)
    end

    for i, call in ipairs(calls) do
        list[i] = {
            index = i - 1, id = call[3] or "call_" .. i, type = "function",
            ["function"] = { name = call[1], arguments = call[2] or "{}" }
        }
    end

    ngx.print('data: {"choices":[{"index":0,"delta":{"tool_calls":',
              cjson.encode(list), '},"finish_reason":null}]}\n\n',
              'data: {"choices":[{"index":0,"delta":{},"finish_reason":',
              '"tool_calls"}]}\n\ndata: [DONE]\n\n')
end


function _M.agent(rules)
    local body = _M.body()
    local request = cjson.decode(body)
    local messages = request.messages
    local last = messages[#messages]
    local results = {}

    _M.note(body)

    if last.role == "tool" then

        for i = #messages, 1, -1 do
            if messages[i].role ~= "tool" then
                break
            end

            table.insert(results, 1, messages[i].content)
        end

        local rule = rules[table.concat(results, " | ")]

        if not rule then
            return _M.say(table.concat(results, " | "))
        end

        last.content = table.concat(results, " | ")
    end

    local rule = rules[last.content] or "What?"

    if type(rule) == "function" then
        return rule(request)
    end

    if type(rule) == "string" then
        return _M.say(rule)
    end

    _M.calls(rule)
end


function _M.request()
    return (ngx.req.raw_header():gsub("\r\n", "\n"))
end


function _M.body()
    ngx.req.read_body()

    local data = ngx.req.get_body_data()

    if data then
        return data
    end

    local name = ngx.req.get_body_file()
    local file = name and io.open(name, "rb")

    data = file and file:read("*a") or ""

    if file then
        file:close()
    end

    return data
end


function _M.messages()
    local out = {}

    for i, message in ipairs(cjson.decode(_M.body()).messages) do
        out[i] = message.role .. ": " .. message.content
    end

    return table.concat(out, "\n")
end


function _M.note(text)
    notes[#notes + 1] = text
end


-- waits for at least n of them

function _M.notes(n)
    local all

    for i = 1, 100 do
        if #notes >= (n or 0) then
            break
        end

        ngx.sleep(0.01)
    end

    all, notes = notes, {}

    return table.concat(all, "\n")
end


function _M.raw(...)
    _M.body()

    local sock = ngx.req.socket(true)

    sock:send{...}

    return sock
end


-- lines of a file in logs/, once it has n of them

function _M.log(name, n)
    local path = ngx.config.prefix() .. "logs/" .. name
    local lines

    for i = 1, 100 do
        lines = {}

        local file = io.open(path)

        for line in file and file:lines() or function() end do
            lines[#lines + 1] = line
        end

        if file then
            file:close()
        end

        if #lines >= n then
            break
        end

        ngx.sleep(0.01)
    end

    return table.concat(lines, "\n")
end


return _M
