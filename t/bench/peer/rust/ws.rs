//! WebSocket, RFC 6455: the upgrade, frames in and out.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::invalid;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

pub const MAX_MESSAGE: usize = 131_072;

pub const REFUSED: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_HEAD: usize = 16_384;
const READ: usize = 16_384;

/// Appends what there is to read; an end is an error.
pub fn fill<'a, S>(io: &'a mut S, into: &'a mut Vec<u8>) -> Fill<'a, S> {
    Fill { io, into }
}

pub struct Fill<'a, S> {
    io: &'a mut S,
    into: &'a mut Vec<u8>,
}

impl<S: AsyncRead + Unpin> Future for Fill<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut space = [MaybeUninit::uninit(); READ];
        let mut buf = ReadBuf::uninit(&mut space);

        if Pin::new(&mut *this.io).poll_read(cx, &mut buf)?.is_pending() {
            return Poll::Pending;
        }

        if buf.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }

        this.into.extend_from_slice(buf.filled());
        Poll::Ready(Ok(()))
    }
}

/// Takes the request off the input and answers it with 101.
pub async fn upgrade<S>(io: &mut S, inbox: &mut Vec<u8>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        fill(io, inbox).await?;

        if let Some((len, answer)) = accept(inbox)? {
            inbox.drain(..len);
            return io.write_all(answer.as_bytes()).await;
        }

        if inbox.len() > MAX_HEAD {
            return Err(invalid("a head without its end"));
        }
    }
}

fn accept(input: &[u8]) -> io::Result<Option<(usize, String)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);

    let len = match request.parse(input) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(invalid("a bad request")),
    };

    let value = |name: &str| {
        request
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case(name))
            .map_or(&b""[..], |h| h.value)
    };

    let path = request.path.unwrap_or("").split('?').next();
    let key = value("Sec-WebSocket-Key");

    if request.version != Some(1)
        || request.method != Some("GET")
        || path != Some("/ws")
        || !has_word(value("Upgrade"), "websocket")
        || !has_word(value("Connection"), "upgrade")
        || value("Sec-WebSocket-Version") != b"13"
        || base64::decode(key).map_or(true, |k| k.len() != 16)
    {
        return Err(invalid("not a WebSocket of ours"));
    }

    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let accept = base64::encode(hash);

    Ok(Some((
        len,
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        ),
    )))
}

fn has_word(value: &[u8], word: &str) -> bool {
    value
        .split(|&b| b == b',')
        .filter_map(|w| std::str::from_utf8(w).ok())
        .any(|w| w.trim().eq_ignore_ascii_case(word))
}

pub struct Frame {
    pub fin: bool,
    pub opcode: u8,
    pub payload: Range<usize>,
}

/// Finds the first frame of the input and unmasks it where it lies; `None`
/// where it is not all there, the code of a Close where it breaks a rule.
pub fn frame(input: &mut [u8]) -> Result<Option<Frame>, u16> {
    if input.len() < 2 {
        return Ok(None);
    }

    let fin = input[0] & 0x80 != 0;
    let opcode = input[0] & 0x0f;

    if input[0] & 0x70 != 0 || input[1] & 0x80 == 0 || matches!(opcode, 3..=7 | 11..=15) {
        return Err(1002);
    }

    let (size, head) = match input[1] & 0x7f {
        126 if input.len() < 4 => return Ok(None),
        126 => (u16::from_be_bytes([input[2], input[3]]) as u64, 4),
        127 if input.len() < 10 => return Ok(None),
        127 => (u64::from_be_bytes(input[2..10].try_into().unwrap()), 10),
        n => (n as u64, 2),
    };

    if (head == 4 && size < 126) || (head == 10 && (size < 65_536 || size >> 63 != 0)) {
        return Err(1002);
    }

    if opcode >= CLOSE && (!fin || size > 125) {
        return Err(1002);
    }

    if size > MAX_MESSAGE as u64 {
        return Err(1009);
    }

    let start = head + 4;
    let end = start + size as usize;

    if input.len() < end {
        return Ok(None);
    }

    let (front, data) = input.split_at_mut(start);
    let mask: [u8; 4] = front[head..].try_into().unwrap();

    for part in data[..end - start].chunks_mut(4) {
        for (byte, key) in part.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }

    Ok(Some(Frame {
        fin,
        opcode,
        payload: start..end,
    }))
}

/// Adds a frame whose payload is what `write` writes.
pub fn put<F>(out: &mut Vec<u8>, opcode: u8, write: F)
where
    F: FnOnce(&mut Vec<u8>),
{
    let start = out.len();

    out.extend_from_slice(&[0x80 | opcode, 0]);
    write(out);

    let len = out.len() - start - 2;

    if len < 126 {
        out[start + 1] = len as u8;
    } else if len < 65_536 {
        out[start + 1] = 126;
        out.splice(start + 2..start + 2, (len as u16).to_be_bytes());
    } else {
        out[start + 1] = 127;
        out.splice(start + 2..start + 2, (len as u64).to_be_bytes());
    }
}

pub fn put_close(out: &mut Vec<u8>, code: Option<u16>) {
    put(out, CLOSE, |out| {
        if let Some(code) = code {
            out.extend_from_slice(&code.to_be_bytes());
        }
    });
}

/// The code to answer a Close with.
pub fn close_code(payload: &[u8]) -> Option<u16> {
    match *payload {
        [] => None,
        [_] => Some(1002),
        [a, b, ref reason @ ..] => match u16::from_be_bytes([a, b]) {
            1000..=1003 | 1007..=1014 | 3000..=4999 if std::str::from_utf8(reason).is_err() => {
                Some(1007)
            }
            code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Some(code),
            _ => Some(1002),
        },
    }
}
