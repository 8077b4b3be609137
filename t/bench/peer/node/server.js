// A ConversationRelay server in Node, a peer of the benchmark: the stack of
// Twilio's tutorial, Fastify, @fastify/websocket and OpenAI's SDK.
//
// It does: TwiML; signatures of the webhook's form and of the handshake; the
// history of each call; the model's answer, streamed over kept-alive
// connections; interruption in the middle of an answer, which aborts the
// request, closes the connection to the model and keeps what was heard; a new
// prompt into an answer; pings, fragments, UTF-8, Close (ws); TLS beside it;
// several workers (cluster).
//
// It does not: bound the history or the rate of messages, try Twilio's
// variants of the signed URL.

import cluster from 'node:cluster';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'node:querystring';
import Fastify from 'fastify';
import websocket from '@fastify/websocket';
import OpenAI from 'openai';

const [port, modelPort, dir, workers] = process.argv.slice(2);
const authToken = process.env.BENCH_AUTH_TOKEN;

const GREETING = 'Hi! Ask me anything.';
const FAILED = 'I ran into a temporary issue while generating a response.';
const SYSTEM_PROMPT =
  'You are a helpful assistant. This conversation is being translated to ' +
  'voice, so answer carefully. When you respond, please spell out all ' +
  'numbers, for example twenty not 20. Do not include emojis in your ' +
  'responses. Do not include bullet points, asterisks, or special symbols.';

const openai = new OpenAI({
  baseURL: `http://127.0.0.1:${modelPort}/v1`,
  apiKey: 'none',
});

function signed(request, url, form = {}) {
  if (!authToken) {
    return true;
  }

  let data = url;

  for (const name of Object.keys(form).sort()) {
    for (const value of [...new Set([].concat(form[name]))].sort()) {
      data += name + value;
    }
  }

  const expected = createHmac('sha1', authToken).update(data).digest('base64');
  const given = request.headers['x-twilio-signature'] ?? '';

  return given.length === expected.length
    && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function escape(text) {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

class Call {
  messages = null;
  answer = null; // the running one: { abort, said }
  spoken = null; // the newest answer in messages

  constructor(socket, log) {
    this.socket = socket;
    this.log = log;
  }

  receive(data) {
    let message;

    try {
      message = JSON.parse(data);
    } catch {
      this.log.warn('no JSON from the caller');
      return;
    }

    if (message?.type === 'setup') {
      this.messages ??= [{ role: 'system', content: SYSTEM_PROMPT }];
      return;
    }

    if (!this.messages) {
      return;
    }

    if (message?.type === 'prompt') {
      this.prompt(message);
    } else if (message?.type === 'interrupt') {
      this.interrupt(message.utteranceUntilInterrupt);
    }
  }

  prompt({ voicePrompt, last }) {
    if (typeof voicePrompt !== 'string' || !voicePrompt.trim()
        || last === false) {
      return;
    }

    this.cancel();

    this.spoken = null;
    this.messages.push({ role: 'user', content: voicePrompt });
    this.answer = { abort: new AbortController(), said: '' };
    this.run(this.answer);
  }

  // of the newest answer stays what was heard

  interrupt(heard) {
    this.cancel();

    if (!this.spoken || typeof heard !== 'string') {
      return;
    }

    heard = heard.trim();

    if (!heard) {
      this.messages.splice(this.messages.indexOf(this.spoken), 1);
      this.spoken = null;
      return;
    }

    const at = this.spoken.content.indexOf(heard);

    if (at >= 0) {
      this.spoken.content = this.spoken.content.slice(0, at + heard.length);
    }
  }

  cancel() {
    const answer = this.answer;

    if (!answer) {
      return;
    }

    answer.abort.abort();
    this.remember(answer);

    if (answer.said) {
      this.text('', true);
    }
  }

  // what was said of an answer becomes history

  remember(answer) {
    this.answer = null;

    if (answer.said) {
      this.spoken = { role: 'assistant', content: answer.said };
      this.messages.push(this.spoken);
    }
  }

  async run(answer) {
    try {
      const stream = await openai.chat.completions.create(
        { model: 'bench', stream: true, messages: this.messages },
        { signal: answer.abort.signal },
      );

      for await (const chunk of stream) {
        const token = chunk.choices[0]?.delta?.content;

        if (this.answer !== answer) {
          return;
        }

        if (token) {
          answer.said += token;
          this.text(token, false);
        }
      }
    } catch (error) {
      if (this.answer !== answer) {
        return;
      }

      this.log.error(`the model failed: ${error.message}`);
      this.remember(answer);
      this.text(FAILED, false);
      this.text('', true);
      return;
    }

    if (this.answer === answer) {
      this.remember(answer);
      this.text('', true);
    }
  }

  text(token, last) {
    if (this.socket.readyState === this.socket.OPEN) {
      this.socket.send(JSON.stringify({ type: 'text', token, last }));
    }
  }
}

async function serve(listen, https) {
  const app = Fastify({ https, logger: { level: 'warn' } });

  app.addContentTypeParser('application/x-www-form-urlencoded',
    { parseAs: 'string' }, (request, body, done) => done(null, parse(body)));

  await app.register(websocket, { options: { maxPayload: 131072 } });

  app.route({
    method: ['GET', 'POST'],
    url: '/twiml',
    handler(request, reply) {
      const url = `${request.protocol}://${request.headers.host}${request.url}`;

      if (!signed(request, url, request.body ?? {})) {
        return reply.code(403).send();
      }

      return reply.type('text/xml; charset=utf-8').send(
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>' +
        `<ConversationRelay url="wss://${escape(request.headers.host)}/ws" ` +
        `welcomeGreeting="${escape(GREETING)}"/></Connect></Response>`);
    },
  });

  app.route({
    method: 'GET',
    url: '/ws',
    preValidation(request, reply, done) {
      if (!request.ws) {
        reply.code(426).send();
      } else if (!signed(request, `wss://${request.headers.host}${request.url}`)) {
        reply.code(403).send();
      } else {
        done();
      }
    },
    handler(request, reply) {
      return reply.code(426).send();
    },
    wsHandler(socket, request) {
      const call = new Call(socket, request.log);

      socket.on('message', (data, binary) => {
        if (binary) {
          socket.close(1003);
        } else {
          call.receive(data.toString());
        }
      });
      socket.on('error', (error) => request.log.warn(error.message));
      socket.on('close', () => call.cancel());
    },
  });

  await app.listen({ host: '127.0.0.1', port: listen, backlog: 4096 });
}

if (cluster.isPrimary && Number(workers) > 1) {
  for (let i = 0; i < Number(workers); i++) {
    cluster.fork();
  }

  cluster.on('exit', () => process.exit(1));
} else {
  await serve(Number(port), null);

  if (existsSync(`${dir}/cert.pem`)) {
    await serve(Number(port) + 1, {
      cert: readFileSync(`${dir}/cert.pem`),
      key: readFileSync(`${dir}/key.pem`),
    });
  }
}
