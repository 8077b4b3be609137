//! A ConversationRelay server in Rust, a peer of the benchmark.
//!
//! It does: the handshake; the history of each call; the model's answer,
//! streamed over kept-alive connections; interruption in the middle of an
//! answer, which closes the connection to the model and keeps what was heard;
//! a new prompt into an answer; pings, fragments, UTF-8, Close; TLS beside it.
//!
//! It does not: check signatures, make TwiML, bound the history or the rate of
//! messages, limit the time of a model.
//!
//! A call is one task, which waits for its caller and for its model.  Bytes are
//! read onto the stack, so a call that waits has no buffers.

mod call;
mod model;
mod ws;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time;
use tokio_rustls::rustls::{Certificate, PrivateKey, ServerConfig};
use tokio_rustls::TlsAcceptor;

use call::Call;
use model::Pool;

const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let text: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();

    match *text.as_slice() {
        [address, model] => accept(address, model, None).await,
        [address, model, secure, cert, key] => {
            let tls = acceptor(cert, key)?;

            tokio::try_join!(
                accept(address, model, None),
                accept(secure, model, Some(tls)),
            )
            .map(drop)
        }
        _ => {
            eprintln!("usage: peer ADDRESS MODEL [TLS_ADDRESS CERT KEY]");
            std::process::exit(2);
        }
    }
}

fn acceptor(cert: &str, key: &str) -> io::Result<TlsAcceptor> {
    let certs = rustls_pemfile::certs(&mut &std::fs::read(cert)?[..])?;
    let keys = rustls_pemfile::pkcs8_private_keys(&mut &std::fs::read(key)?[..])?;
    let key = keys.into_iter().next().ok_or_else(|| invalid("no key"))?;

    let config = ServerConfig::builder()
        .with_safe_defaults()
        .with_no_client_auth()
        .with_single_cert(certs.into_iter().map(Certificate).collect(), PrivateKey(key))
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;

    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn listen(address: &str) -> io::Result<TcpListener> {
    let address = address.parse().map_err(|_| invalid("bad address"))?;
    let socket = TcpSocket::new_v4()?;

    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

async fn accept(address: &str, model: &str, tls: Option<TlsAcceptor>) -> io::Result<()> {
    let listener = listen(address)?;
    let pool = Arc::new(Pool::new(
        model.parse().map_err(|_| invalid("bad address"))?,
    ));

    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(e) => {
                eprintln!("accept: {e}");
                time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };

        let pool = pool.clone();
        let tls = tls.clone();

        tokio::spawn(async move {
            // what goes wrong here ends the call, and only it
            let _ = match tls {
                Some(tls) => secure(stream, tls, pool).await,
                None => plain(stream, pool).await,
            };
        });
    }
}

async fn plain(stream: TcpStream, pool: Arc<Pool>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    serve(stream, pool).await
}

async fn secure(stream: TcpStream, tls: TlsAcceptor, pool: Arc<Pool>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await??;
    serve(stream, pool).await
}

async fn serve<S>(mut io: S, pool: Arc<Pool>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut inbox = Vec::new();

    match time::timeout(HEAD_TIMEOUT, ws::upgrade(&mut io, &mut inbox)).await? {
        Ok(()) => Call::new(io, inbox, pool).run().await,
        Err(e) if e.kind() == io::ErrorKind::InvalidData => {
            io.write_all(ws::REFUSED).await?;
            io.shutdown().await
        }
        Err(e) => Err(e),
    }
}

pub fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
