//! A call: what the caller says, and what it hears.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time;

use crate::model::{Answer, Message, Pool};
use crate::ws::{self, fill};

const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const FAILED: &str = "I ran into a temporary issue while generating a response.";

const SYSTEM_PROMPT: &str = "You are a helpful assistant. This conversation is \
    being translated to voice, so answer carefully. When you respond, please \
    spell out all numbers, for example twenty not 20. Do not include emojis in \
    your responses. Do not include bullet points, asterisks, or special symbols.";

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(rename = "voicePrompt", default)]
    prompt: String,
    #[serde(default = "yes")]
    last: bool,
    #[serde(rename = "utteranceUntilInterrupt", default)]
    heard: String,
}

fn yes() -> bool {
    true
}

#[derive(Serialize)]
struct Outgoing<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    token: &'a str,
    last: bool,
}

pub struct Call<S> {
    io: S,
    pool: Arc<Pool>,
    inbox: Vec<u8>,
    fragments: Option<Vec<u8>>,
    out: Vec<u8>,
    messages: Vec<Message>,
    /// the newest answer, if an interrupt may still shorten it
    spoken: Option<usize>,
    answer: Option<Box<Answer>>,
    said: String,
    closed: bool,
}

impl<S> Call<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub fn new(io: S, inbox: Vec<u8>, pool: Arc<Pool>) -> Self {
        Call {
            io,
            pool,
            inbox,
            fragments: None,
            out: Vec::new(),
            messages: Vec::new(),
            spoken: None,
            answer: None,
            said: String::new(),
            closed: false,
        }
    }

    pub async fn run(mut self) -> io::Result<()> {
        self.frames();

        loop {
            if !self.out.is_empty() {
                time::timeout(SEND_TIMEOUT, async {
                    self.io.write_all(&self.out).await?;
                    self.io.flush().await
                })
                .await??;
            }

            if self.closed {
                return self.io.shutdown().await;
            }

            self.out.clear();

            match &mut self.answer {
                None => {
                    self.out = Vec::new();
                    fill(&mut self.io, &mut self.inbox).await?;
                    self.frames();
                }
                Some(answer) => tokio::select! {
                    biased;
                    result = fill(&mut self.io, &mut self.inbox) => {
                        result?;
                        self.frames();
                    }
                    result = answer.next(&self.pool) => self.texts(result),
                },
            }
        }
    }

    fn frames(&mut self) {
        let mut inbox = std::mem::take(&mut self.inbox);
        let mut at = 0;

        while !self.closed {
            match ws::frame(&mut inbox[at..]) {
                Ok(Some(frame)) => {
                    let payload = at + frame.payload.start..at + frame.payload.end;
                    at = payload.end;
                    self.frame(frame.fin, frame.opcode, &inbox[payload]);
                }
                Ok(None) => break,
                Err(code) => self.close(Some(code)),
            }
        }

        if at < inbox.len() {
            inbox.drain(..at);
            self.inbox = inbox;
        }
    }

    fn frame(&mut self, fin: bool, opcode: u8, payload: &[u8]) {
        match opcode {
            ws::PING => ws::put(&mut self.out, ws::PONG, |out| {
                out.extend_from_slice(payload)
            }),
            ws::PONG => (),
            ws::CLOSE => self.close(ws::close_code(payload)),
            ws::BINARY => self.close(Some(1003)),
            ws::TEXT if self.fragments.is_some() => self.close(Some(1002)),
            ws::TEXT if fin => self.message(payload),
            ws::TEXT => self.fragments = Some(payload.to_vec()),
            _ => match self.fragments.take() {
                None => self.close(Some(1002)),
                Some(whole) if whole.len() + payload.len() > ws::MAX_MESSAGE => {
                    self.close(Some(1009))
                }
                Some(mut whole) => {
                    whole.extend_from_slice(payload);

                    if fin {
                        self.message(&whole);
                    } else {
                        self.fragments = Some(whole);
                    }
                }
            },
        }
    }

    fn message(&mut self, payload: &[u8]) {
        let text = match std::str::from_utf8(payload) {
            Ok(text) => text,
            Err(_) => return self.close(Some(1007)),
        };

        let message: Incoming = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(e) => return eprintln!("bad message: {e}"),
        };

        match &*message.kind {
            "setup" if self.messages.is_empty() => self.messages.push(Message {
                role: "system",
                content: Cow::Borrowed(SYSTEM_PROMPT),
            }),
            _ if self.messages.is_empty() => (),
            "prompt" if message.last => self.prompt(message.prompt),
            "interrupt" => self.interrupt(message.heard.trim()),
            _ => (),
        }
    }

    fn prompt(&mut self, mut text: String) {
        if text.trim().is_empty() {
            return;
        }

        self.stop(true);
        self.spoken = None;

        text.shrink_to_fit();
        self.messages.push(Message {
            role: "user",
            content: Cow::Owned(text),
        });

        self.answer = Some(Box::new(Answer::new(&self.pool, &self.messages)));
    }

    /// Keeps of the newest answer what was heard.
    fn interrupt(&mut self, heard: &str) {
        self.stop(true);

        let at = match self.spoken {
            Some(at) => at,
            None => return,
        };

        if heard.is_empty() {
            self.messages.remove(at);
            self.spoken = None;
            return;
        }

        let content = self.messages[at].content.to_mut();

        if let Some(start) = content.find(heard) {
            content.truncate(start + heard.len());
            content.shrink_to_fit();
        }
    }

    /// Ends a running answer; what was said of it is stored.
    fn stop(&mut self, say: bool) {
        if self.answer.take().is_some() && !self.said.is_empty() {
            self.store();

            if say {
                put_text(&mut self.out, "", true);
            }
        }
    }

    fn store(&mut self) {
        if self.said.is_empty() {
            return;
        }

        self.said.shrink_to_fit();
        self.spoken = Some(self.messages.len());
        self.messages.push(Message {
            role: "assistant",
            content: Cow::Owned(std::mem::take(&mut self.said)),
        });
    }

    /// What was read in one go is said in one go.
    fn texts(&mut self, result: io::Result<()>) {
        let (answer, said, out) = match &mut self.answer {
            Some(answer) => (answer, &mut self.said, &mut self.out),
            None => return,
        };

        let result = result.and_then(|()| {
            answer.texts(|text| {
                said.push_str(text);
                put_text(out, text, false);
            })
        });

        match result {
            Ok(false) => return,
            Ok(true) => {
                if let Some(answer) = self.answer.take() {
                    answer.done(&self.pool);
                }
            }
            Err(e) => {
                eprintln!("the model failed: {e}");
                self.answer = None;
                put_text(&mut self.out, FAILED, false);
            }
        }

        self.store();
        put_text(&mut self.out, "", true);
    }

    fn close(&mut self, code: Option<u16>) {
        self.stop(false);
        ws::put_close(&mut self.out, code);
        self.closed = true;
    }
}

fn put_text(out: &mut Vec<u8>, token: &str, last: bool) {
    ws::put(out, ws::TEXT, |out| {
        serde_json::to_writer(
            out,
            &Outgoing {
                kind: "text",
                token,
                last,
            },
        )
        .expect("strings are JSON");
    });
}
