"""A ConversationRelay server in FastAPI, a peer of the benchmark.

The original's stack, written as its successor would be: nothing blocks the
event loop.  The OpenAI SDK is not packaged; httpx is what it sits upon, and
the events are parsed with json instead of into its models, which costs less.

It does: TwiML; signatures of the webhook's form and of the handshake; the
history of each call; the model's answer, streamed over kept-alive connections;
interruption in the middle of an answer, which cancels its task, closes the
connection to the model and keeps what was heard; a new prompt into an answer;
pings, fragments, UTF-8, Close (websockets).

It does not: serve TLS (uvicorn stands behind a proxy or tunnel, as the original
did), bound the history or the rate of messages, try Twilio's variants of the
signed URL.  A pong may overtake what came before its ping: websockets answers
pings ahead of the queue that the application reads.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
from contextlib import aclosing
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr

import httpx
from fastapi import FastAPI, Request, Response, WebSocket
from websockets.exceptions import ConnectionClosed

AUTH_TOKEN = os.environ.get("BENCH_AUTH_TOKEN", "").encode()
MODEL_URL = os.environ["BENCH_MODEL_URL"]
GREETING = "Hi! Ask me anything."
FAILED = "I ran into a temporary issue while generating a response."
SYSTEM_PROMPT = (
    "You are a helpful assistant. This conversation is being translated to "
    "voice, so answer carefully. When you respond, please spell out all "
    "numbers, for example twenty not 20. Do not include emojis in your "
    "responses. Do not include bullet points, asterisks, or special symbols."
)

# what sending to a caller who has hung up ends in
GONE = (ConnectionClosed, RuntimeError)

log = logging.getLogger("uvicorn.error")
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.on_event("startup")
async def startup():
    app.state.client = httpx.AsyncClient(
        timeout=httpx.Timeout(600, connect=5),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=1000,
            keepalive_expiry=60,
        ),
        headers={"Authorization": "Bearer none"},
    )


@app.on_event("shutdown")
async def shutdown():
    await app.state.client.aclose()


def signed(connection, url, form=()):
    if not AUTH_TOKEN:
        return True

    for name, values in sorted(dict(form).items()):
        for value in sorted(set(values)):
            url += name + value

    digest = hmac.new(AUTH_TOKEN, url.encode(), hashlib.sha1).digest()
    signature = connection.headers.get("x-twilio-signature", "")

    return hmac.compare_digest(base64.b64encode(digest), signature.encode())


def target(connection):
    """Host, path and query as they were requested."""
    path, query = connection.url.path, connection.url.query
    host = connection.headers.get("host", "")

    return f"{host}{path}?{query}" if query else host + path


@app.api_route("/twiml", methods=["GET", "POST"])
async def twiml(request: Request):
    form = {}

    if request.method == "POST":
        body = (await request.body()).decode("utf-8", "replace")
        form = parse_qs(body, keep_blank_values=True)

    url = f"{request.url.scheme}://{target(request)}"

    if not signed(request, url, form):
        return Response(status_code=403)

    relay = quoteattr(f"wss://{request.headers.get('host', '')}/ws")

    return Response(
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
        f"<ConversationRelay url={relay} welcomeGreeting={quoteattr(GREETING)}/>"
        "</Connect></Response>",
        media_type="text/xml",
    )


class Call:
    def __init__(self, ws):
        self.ws = ws
        self.messages = []
        self.said = []  # of the running answer
        self.spoken = None  # index of the newest answer
        self.task = None

    async def setup(self, message):
        if not self.messages:
            self.messages.append({"role": "system", "content": SYSTEM_PROMPT})

    async def prompt(self, message):
        text = message.get("voicePrompt")

        if not isinstance(text, str) or not text.strip():
            return

        if message.get("last") is False:
            return

        await self.cancel()

        self.spoken = None
        self.said = []
        self.messages.append({"role": "user", "content": text})
        self.task = asyncio.create_task(self.answer())

    async def interrupt(self, message):
        """Of the newest answer stays what was heard."""
        await self.cancel()

        heard = message.get("utteranceUntilInterrupt")

        if self.spoken is None or not isinstance(heard, str):
            return

        if not heard.strip():
            del self.messages[self.spoken]
            self.spoken = None
            return

        said = self.messages[self.spoken]["content"]
        at = said.find(heard.strip())

        if at >= 0:
            heard = said[: at + len(heard.strip())]
            self.messages[self.spoken]["content"] = heard

    async def cancel(self, say=True):
        task, self.task = self.task, None

        if task is None or task.done():
            return

        task.cancel()
        await asyncio.wait([task])

        if self.remember() and say:
            await self.text("", True)

    def remember(self):
        """What was said of an answer becomes history."""
        if self.said:
            self.spoken = len(self.messages)
            content = "".join(self.said)
            self.messages.append({"role": "assistant", "content": content})
            self.said = []
            return True

        return False

    async def answer(self):
        try:
            await self.stream()
        except GONE:
            pass  # relay() sees it, too

    async def stream(self):
        try:
            async with aclosing(deltas(self.messages)) as tokens:
                async for token in tokens:
                    self.said.append(token)
                    await self.text(token, False)

        except (httpx.HTTPError, ValueError) as e:
            log.error("the model failed: %r", e)
            self.remember()
            await self.text(FAILED, False)

        self.remember()
        await self.text("", True)

    async def text(self, token, last):
        message = {"type": "text", "token": token, "last": last}
        await self.ws.send_text(json.dumps(message))

    async def receive(self, text):
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None

        if not isinstance(message, dict):
            log.warning("no JSON object from the caller")
            return

        kind = message.get("type")

        if kind == "setup":
            await self.setup(message)
        elif not self.messages:
            log.warning("a message before setup")
        elif kind == "prompt":
            await self.prompt(message)
        elif kind == "interrupt":
            await self.interrupt(message)


async def deltas(messages):
    """The model's words as they come, to the end of the body, not to
    [DONE], so that the connection is kept."""
    body = {"model": "bench", "stream": True, "messages": messages}
    rest = b""

    async with app.state.client.stream("POST", MODEL_URL, json=body) as response:
        response.raise_for_status()

        async for data in response.aiter_bytes():
            *lines, rest = (rest + data).split(b"\n")

            for line in lines:
                if not line.startswith(b"data:"):
                    continue

                line = line[5:].strip()

                if line == b"[DONE]":
                    continue

                event = json.loads(line)

                if event.get("error"):
                    raise ValueError("error in stream")

                for choice in event.get("choices") or ():
                    token = (choice.get("delta") or {}).get("content")

                    if token:
                        yield token


@app.websocket("/ws")
async def relay(ws: WebSocket):
    if not signed(ws, "wss://" + target(ws)):
        await ws.close()  # before accept(): 403
        return

    await ws.accept()

    call = Call(ws)

    try:
        while True:
            message = await ws.receive()

            if message["type"] == "websocket.disconnect":
                break

            text = message.get("text")

            if text is None:
                await ws.close(1003)
                break

            await call.receive(text)

    except GONE:
        pass

    finally:
        await call.cancel(say=False)
