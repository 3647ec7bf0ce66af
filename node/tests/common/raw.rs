//! What a stranger's program sends to a node, which need not be what any library would.

use super::{Node, PATIENCE};
use anyhow::{bail, Context, Result};
use serde_json::Value;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpSocket, TcpStream},
	time::timeout,
};

impl Node {
	/// Where its RPC listens, or its peers are taken.
	pub fn rpc_address(&self) -> &str {
		self.url.trim_start_matches("ws://")
	}

	/// What it has in memory, in MiB.
	pub fn memory_mib(&self) -> Result<u64> {
		let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
		let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("Linux tells it")?;
		let kib: u64 = line.split_whitespace().next().context("a number")?.parse()?;
		Ok(kib / 1024)
	}

	/// Posts these bytes, and returns the status and the body of the answer.
	pub async fn post(&self, body: &[u8]) -> Result<(u16, Vec<u8>)> {
		let head = format!(
			"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
			body.len()
		);
		self.exchange(&[head.as_bytes(), body].concat()).await
	}

	/// Sends these bytes, and reads an answer of HTTP until its end.
	pub async fn exchange(&self, bytes: &[u8]) -> Result<(u16, Vec<u8>)> {
		let work = async {
			let mut stream = TcpStream::connect(self.rpc_address()).await?;
			let (mut reader, mut writer) = stream.split();
			let mut answer = Vec::new();
			// Whoever sends too much may be cut off before the end, and yet has an answer.
			let (_, read) = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
			if let Err(error) = read {
				anyhow::ensure!(!answer.is_empty(), "no answer: {error}");
			}
			let text = String::from_utf8_lossy(answer.get(..12.min(answer.len())).unwrap_or_default()).into_owned();
			let status = text.split(' ').nth(1).with_context(|| format!("an answer of HTTP, not {text:?}"))?.parse()?;
			let end = answer.windows(4).position(|window| window == b"\r\n\r\n").context("a head")?;
			Ok((status, answer.split_off(end + 4)))
		};
		timeout(PATIENCE, work).await.context("no answer in time")?
	}

	/// Posts text that should be JSON-RPC, and reads an answer that must be.
	pub async fn ask(&self, body: &str) -> Result<Value> {
		let (_, answer) = self.post(body.as_bytes()).await?;
		serde_json::from_slice(&answer)
			.with_context(|| format!("the answer must be JSON: {:?}", String::from_utf8_lossy(&answer)))
	}
}

/// A WebSocket whose owner reads when it likes, or never.
pub struct Socket(TcpStream);

impl Socket {
	/// With a buffer of a few KiB, so that what is not read stays with the node.
	pub async fn open(node: &Node) -> Result<Self> {
		let socket = TcpSocket::new_v4()?;
		socket.set_recv_buffer_size(4096)?;
		let mut stream = socket.connect(node.rpc_address().parse()?).await?;
		let hello = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
			Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
		stream.write_all(hello.as_bytes()).await?;
		let mut head = Vec::new();
		while !head.ends_with(b"\r\n\r\n") && head.len() < 4096 {
			match timeout(PATIENCE, stream.read_u8()).await? {
				Ok(byte) => head.push(byte),
				Err(error) => bail!("refused: {error}"),
			}
		}
		anyhow::ensure!(head.starts_with(b"HTTP/1.1 101"), "refused: {}", String::from_utf8_lossy(&head));
		Ok(Self(stream))
	}

	pub async fn send(&mut self, text: &str) -> Result<()> {
		self.frame(0x81, text.as_bytes()).await
	}

	/// A frame with this first byte, masked with zeros.
	pub async fn frame(&mut self, first: u8, body: &[u8]) -> Result<()> {
		let mut frame = vec![first];
		match u16::try_from(body.len()) {
			Ok(length) if length < 126 => frame.push(0x80 | u8::try_from(length)?),
			Ok(length) => {
				frame.push(0x80 | 126);
				frame.extend(length.to_be_bytes());
			}
			Err(_) => {
				frame.push(0x80 | 127);
				frame.extend(u64::try_from(body.len())?.to_be_bytes());
			}
		}
		frame.extend([0; 4]);
		frame.extend(body);
		self.raw(&frame).await
	}

	pub async fn raw(&mut self, bytes: &[u8]) -> Result<()> {
		timeout(PATIENCE, self.0.write_all(bytes)).await.context("nobody reads")??;
		Ok(())
	}

	/// The text of the next frame that has one; none if the connection has ended, even in the middle of a frame.
	pub async fn next(&mut self) -> Result<Option<String>> {
		loop {
			let frame = timeout(PATIENCE, self.read()).await.context("nothing comes")?;
			match frame {
				Ok((1 | 2, body)) => return Ok(Some(String::from_utf8(body)?)),
				Ok((8, _)) | Err(_) => return Ok(None),
				Ok(_) => {}
			}
		}
	}

	/// The kind of the next frame, and what is in it.
	async fn read(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
		let kind = self.0.read_u8().await? & 0x0f;
		let length = match self.0.read_u8().await? & 0x7f {
			126 => self.0.read_u16().await?.into(),
			127 => self.0.read_u64().await?,
			short => short.into(),
		};
		let mut body = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
		self.0.read_exact(&mut body).await?;
		Ok((kind, body))
	}
}
