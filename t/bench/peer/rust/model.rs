//! The model: one request and its answer, and the connections that are kept.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use memchr::memchr;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::invalid;
use crate::ws::fill;

const MAX_HEAD: usize = 16_384;
const MAX_LINE: usize = 262_144;
const MAX_KEPT: usize = 4096;

#[derive(Serialize)]
pub struct Message {
    pub role: &'static str,
    pub content: Cow<'static, str>,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'static str,
    stream: bool,
    messages: &'a [Message],
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

/// A text with nothing escaped in it is not copied, which an `Option<Cow>`
/// would be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Connections without a request, all alike.
pub struct Pool {
    address: SocketAddr,
    kept: Mutex<Vec<TcpStream>>,
}

impl Pool {
    pub fn new(address: SocketAddr) -> Self {
        Pool {
            address,
            kept: Mutex::new(Vec::new()),
        }
    }

    /// One that the model has neither closed nor written to.
    fn take(&self) -> Option<TcpStream> {
        let mut kept = self.kept.lock().unwrap();

        while let Some(io) = kept.pop() {
            match io.try_read(&mut [0]) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Some(io),
                _ => continue,
            }
        }

        None
    }

    fn keep(&self, io: TcpStream) {
        let mut kept = self.kept.lock().unwrap();

        if kept.len() < MAX_KEPT {
            kept.push(io);
        }
    }
}

enum State {
    Head,
    Size,
    Data(usize),
    DataEnd,
    Trailer,
    End,
}

/// A request and what came of its answer.  Dropped, it closes its connection.
pub struct Answer {
    io: Option<TcpStream>,
    kept: bool,
    keep_alive: bool,
    state: State,
    request: Vec<u8>,
    sent: usize,
    input: Vec<u8>,
    line: Vec<u8>,
}

impl Answer {
    pub fn new(pool: &Pool, messages: &[Message]) -> Self {
        let io = pool.take();

        Answer {
            kept: io.is_some(),
            keep_alive: true,
            io,
            state: State::Head,
            request: request(pool.address, messages),
            sent: 0,
            input: Vec::new(),
            line: Vec::new(),
        }
    }

    /// Sends what is to be sent and reads what there is.  It may be dropped at
    /// any time, and called again.
    pub async fn next(&mut self, pool: &Pool) -> io::Result<()> {
        loop {
            match self.exchange(pool).await {
                // a kept connection that the model closed meanwhile
                Err(_) if self.kept && self.input.is_empty() && !self.request.is_empty() => {
                    self.io = None;
                    self.kept = false;
                    self.sent = 0;
                }
                result => return result,
            }
        }
    }

    async fn exchange(&mut self, pool: &Pool) -> io::Result<()> {
        let io = match &mut self.io {
            Some(io) => io,
            none => {
                let io = TcpStream::connect(pool.address).await?;
                io.set_nodelay(true)?;
                none.insert(io)
            }
        };

        while self.sent < self.request.len() {
            self.sent += io.write(&self.request[self.sent..]).await?;
        }

        fill(io, &mut self.input).await
    }

    /// Passes each text that has come; returns whether that was the end.
    pub fn texts<F>(&mut self, mut text: F) -> io::Result<bool>
    where
        F: FnMut(&str),
    {
        let mut input = std::mem::take(&mut self.input);
        let mut at = 0;

        while let Some(n) = self.step(&input[at..], &mut text)? {
            at += n;
        }

        if at == input.len() {
            input.clear();
        } else {
            input.drain(..at);
        }

        self.input = input;
        Ok(matches!(self.state, State::End))
    }

    /// Takes one thing off the input, and returns its length; `None` where
    /// more is needed.
    fn step<F>(&mut self, input: &[u8], text: &mut F) -> io::Result<Option<usize>>
    where
        F: FnMut(&str),
    {
        match self.state {
            State::Head => self.head(input),
            State::Size => match line(input)? {
                Some(line) => {
                    self.state = match size(line)? {
                        0 => State::Trailer,
                        n => State::Data(n),
                    };
                    Ok(Some(line.len() + 2))
                }
                None => Ok(None),
            },
            State::Data(left) => {
                let n = left.min(input.len());

                if n == 0 {
                    return Ok(None);
                }

                self.lines(&input[..n], text)?;
                self.state = match left - n {
                    0 => State::DataEnd,
                    left => State::Data(left),
                };
                Ok(Some(n))
            }
            State::DataEnd => match line(input)? {
                Some(b"") => {
                    self.state = State::Size;
                    Ok(Some(2))
                }
                Some(_) => Err(invalid("a chunk is longer than its size")),
                None => Ok(None),
            },
            State::Trailer => match line(input)? {
                Some(b"") => {
                    self.state = State::End;
                    Ok(Some(2))
                }
                Some(line) => Ok(Some(line.len() + 2)),
                None => Ok(None),
            },
            State::End => Ok(None),
        }
    }

    fn head(&mut self, input: &[u8]) -> io::Result<Option<usize>> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);

        let len = match response.parse(input) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if input.len() < MAX_HEAD => return Ok(None),
            _ => return Err(invalid("a bad head")),
        };

        if response.code != Some(200) {
            return Err(invalid("a status that is not 200"));
        }

        let mut chunked = false;

        for header in response.headers.iter() {
            if header.name.eq_ignore_ascii_case("Transfer-Encoding") {
                chunked = header.value.eq_ignore_ascii_case(b"chunked");
            } else if header.name.eq_ignore_ascii_case("Connection") {
                self.keep_alive = !header.value.eq_ignore_ascii_case(b"close");
            }
        }

        if !chunked {
            return Err(invalid("a stream that is not chunked"));
        }

        self.request = Vec::new();
        self.sent = 0;
        self.state = State::Size;
        Ok(Some(len))
    }

    /// A line that ends in a later chunk is kept until then.
    fn lines<F>(&mut self, mut data: &[u8], text: &mut F) -> io::Result<()>
    where
        F: FnMut(&str),
    {
        while let Some(end) = memchr(b'\n', data) {
            if self.line.is_empty() {
                event(&data[..end], text)?;
            } else {
                self.line.extend_from_slice(&data[..end]);
                event(&self.line, text)?;
                self.line.clear();
            }

            data = &data[end + 1..];
        }

        if self.line.len() + data.len() > MAX_LINE {
            return Err(invalid("an event is too long"));
        }

        self.line.extend_from_slice(data);
        Ok(())
    }

    /// The connection of an answer that came to its end is kept.
    pub fn done(self, pool: &Pool) {
        match self.io {
            Some(io) if self.keep_alive && self.input.is_empty() => pool.keep(io),
            _ => (),
        }
    }
}

fn request(address: SocketAddr, messages: &[Message]) -> Vec<u8> {
    let body = serde_json::to_vec(&Request {
        model: "bench",
        stream: true,
        messages,
    })
    .expect("strings are JSON");

    let mut request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/json\r\nAccept: text/event-stream\r\n\
         Authorization: Bearer none\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();

    request.extend_from_slice(&body);
    request
}

fn event<F>(line: &[u8], text: &mut F) -> io::Result<()>
where
    F: FnMut(&str),
{
    let data = match line.strip_prefix(b"data:") {
        Some(data) => data,
        None => return Ok(()),
    };

    if data.strip_prefix(b" ").unwrap_or(data).starts_with(b"[DONE]") {
        return Ok(());
    }

    let chunk: Chunk = serde_json::from_slice(data)?;

    if chunk.error.is_some() {
        return Err(invalid("an error in the stream"));
    }

    if let Some(Text(content)) = chunk.choices.into_iter().next().and_then(|c| c.delta.content) {
        if !content.is_empty() {
            text(&content);
        }
    }

    Ok(())
}

/// The first line of the input without its CR LF; `None` where it has no end.
fn line(input: &[u8]) -> io::Result<Option<&[u8]>> {
    match memchr(b'\n', input) {
        Some(end) if end > 0 && input[end - 1] == b'\r' => Ok(Some(&input[..end - 1])),
        Some(_) => Err(invalid("a line without CR")),
        None if input.len() > MAX_HEAD => Err(invalid("a line without its end")),
        None => Ok(None),
    }
}

fn size(line: &[u8]) -> io::Result<usize> {
    let digits = line.split(|&b| b == b';').next().unwrap_or(b"");

    std::str::from_utf8(digits)
        .ok()
        .and_then(|text| usize::from_str_radix(text.trim(), 16).ok())
        .ok_or_else(|| invalid("a bad size of a chunk"))
}
