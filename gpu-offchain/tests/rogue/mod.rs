//! Peers that do not play by the rules.

use bytes::Bytes;
use iroh::{
	endpoint::{presets, Connection, VarInt},
	EndpointAddr, RelayMode,
};
use iroh_blobs::{
	get::fsm::{self, ConnectedNext},
	protocol::{ChunkRangesSeq, GetRequest, PushRequest, Request, ALPN},
	provider::{events::EventSender, handle_get, StreamPair},
	store::mem::MemStore,
	util::SendStream,
	Hash,
};
use ogpu_worker::{
	artifacts::Artifact,
	store::{Endpoint, Key},
};
use std::{
	io,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::Duration,
};

/// What a source does with what it should send.
#[derive(Clone, Copy, Debug)]
pub enum Trick {
	/// Changes the byte there.
	Flip(u64),
	/// Claims another size.
	Size(u64),
	/// Goes away after so many bytes.
	Cut(u64),
	/// Says nothing more after so many bytes.
	Hang(u64),
	/// Sends little by little.
	Drip,
	/// Has nothing.
	Nothing,
}

/// The protocols by which clients ask what became of their works, and recipients for keys.
const QUESTIONS: &[u8] = b"ogpu/result/1";
const KEYS: &[u8] = b"ogpu/key/1";

async fn bind() -> iroh::Endpoint {
	let builder = iroh::Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled);
	let protocols = [ALPN, QUESTIONS, KEYS].map(<[u8]>::to_vec).to_vec();
	let builder = builder.alpns(protocols).clear_ip_transports().bind_addr("127.0.0.1:0").unwrap();
	builder.bind().await.unwrap()
}

/// A source with a trick.
pub struct Rogue {
	pub endpoint: Endpoint,
	task: tokio::task::JoinHandle<()>,
}

impl Drop for Rogue {
	fn drop(&mut self) {
		self.task.abort();
	}
}

impl Rogue {
	pub async fn new(bytes: &[u8], trick: Trick) -> Self {
		let store = MemStore::new();
		if !matches!(trick, Trick::Nothing) {
			store.add_slice(bytes).await.unwrap();
		}
		let transport = bind().await;
		let key = Key::new(*transport.id().as_bytes()).unwrap();
		let endpoint = Endpoint::new(key, transport.bound_sockets(), None).unwrap();
		let task = tokio::spawn(async move {
			let given = Arc::<AtomicU64>::default();
			while let Some(incoming) = transport.accept().await {
				let (store, given) = (store.clone(), given.clone());
				tokio::spawn(async move {
					let Ok(accepting) = incoming.accept() else { return };
					let Ok(connection) = accepting.await else { return };
					while let Ok((send, mut receive)) = connection.accept_bi().await {
						let (connection, store, given) = (connection.clone(), store.clone(), given.clone());
						tokio::spawn(async move {
							let Ok((Request::Get(request), _)) = Request::read_async(&mut receive).await else {
								return;
							};
							let writer = Tricky { inner: send, connection, trick, sent: 0, given };
							let pair = StreamPair::new(0, receive, writer, EventSender::DEFAULT);
							handle_get(pair, store.into(), request).await.ok();
						});
					}
				});
			}
		});
		Self { endpoint, task }
	}
}

struct Tricky {
	inner: iroh::endpoint::SendStream,
	connection: Connection,
	trick: Trick,
	/// In this answer, and in all.
	sent: u64,
	given: Arc<AtomicU64>,
}

impl Tricky {
	async fn changed(&mut self, bytes: &[u8]) -> Vec<u8> {
		let mut bytes = bytes.to_vec();
		let length = bytes.len() as u64;
		let is_first = self.sent == 0;
		self.sent += length;
		let begin = self.given.fetch_add(length, Ordering::SeqCst);
		let given = begin + length;
		match self.trick {
			Trick::Flip(at) if (begin..given).contains(&at) => bytes[(at - begin) as usize] ^= 1,
			Trick::Size(size) if is_first => bytes.copy_from_slice(&size.to_le_bytes()),
			Trick::Cut(after) if given > after => self.connection.close(0u32.into(), b"good night"),
			Trick::Hang(after) if given > after => std::future::pending().await,
			Trick::Drip => tokio::time::sleep(Duration::from_millis(if length > 64 { 250 } else { 0 })).await,
			_ => {}
		}
		bytes
	}
}

impl SendStream for Tricky {
	async fn send_bytes(&mut self, bytes: Bytes) -> io::Result<()> {
		let bytes = self.changed(&bytes).await;
		self.inner.send_bytes(bytes.into()).await
	}

	async fn send(&mut self, buffer: &[u8]) -> io::Result<()> {
		let bytes = self.changed(buffer).await;
		SendStream::send(&mut self.inner, &bytes).await
	}

	async fn sync(&mut self) -> io::Result<()> {
		SendStream::sync(&mut self.inner).await
	}

	fn reset(&mut self, code: VarInt) -> io::Result<()> {
		SendStream::reset(&mut self.inner, code)
	}

	async fn stopped(&mut self) -> io::Result<Option<VarInt>> {
		SendStream::stopped(&mut self.inner).await
	}

	fn id(&self) -> u64 {
		SendStream::id(&self.inner)
	}
}

fn dial(to: &Endpoint) -> EndpointAddr {
	let id = iroh::PublicKey::from_bytes(to.key().bytes()).unwrap();
	to.addresses().iter().fold(EndpointAddr::new(id), |dial, address| dial.with_ip_addr(*address))
}

/// Asks for an artifact as a list of hashes, and for what is in it.
pub async fn asks_for_a_list(of: &Endpoint, list: &Artifact) -> String {
	let transport = bind().await;
	let connection = transport.connect(dial(of), ALPN).await.unwrap();
	let request = GetRequest::new(Hash::from(list.hash.0), ChunkRangesSeq::all());
	let connected = fsm::start(connection, request, Default::default()).next().await.unwrap();
	match connected.next().await {
		Ok(ConnectedNext::StartRoot(root)) => match root.next().next().await {
			Ok(_) => "served".into(),
			Err(error) => format!("refused: {error:#}"),
		},
		Ok(_) => "something else".into(),
		Err(error) => format!("refused: {error:#}"),
	}
}

/// Tries to put something into the store.
pub async fn pushes(to: &Endpoint) -> String {
	let transport = bind().await;
	let connection = transport.connect(dial(to), ALPN).await.unwrap();
	let store = MemStore::new();
	let tag = store.add_slice(vec![1; 100_000]).await.unwrap();
	let request = PushRequest::new(tag.hash, ChunkRangesSeq::root());
	// It is told that the bytes are not wanted, or at the latest that nothing more will be read.
	let pushed = store.remote().execute_push(connection.clone(), request).await;
	let asked = fsm::start(connection, GetRequest::blob(tag.hash), Default::default()).next().await.unwrap();
	let ConnectedNext::StartRoot(root) = asked.next().await.unwrap() else { panic!("a blob has a root") };
	match root.next().next().await {
		Err(_) => format!("refused: {pushed:?}"),
		Ok(_) => "it was taken".into(),
	}
}

/// Asks for everything, many times, and reads nothing.
pub struct Greedy {
	_transport: iroh::Endpoint,
	connections: Vec<Connection>,
	_answers: Vec<ConnectedNext>,
}

impl Greedy {
	/// So many connections, on each of them as many requests as it is allowed.
	pub async fn new(of: &Endpoint, artifact: &Artifact, connections: usize) -> Self {
		let transport = bind().await;
		let mut greedy = Self { _transport: transport.clone(), connections: Vec::new(), _answers: Vec::new() };
		for _ in 0..connections {
			let connection = transport.connect(dial(of), ALPN).await.unwrap();
			loop {
				let request = GetRequest::blob(Hash::from(artifact.hash.0));
				let start = fsm::start(connection.clone(), request, Default::default());
				let opened = tokio::time::timeout(Duration::from_millis(300), start.next()).await;
				let Ok(Ok(opened)) = opened else { break };
				let Ok(asked) = opened.next().await else { break };
				greedy._answers.push(asked);
			}
			greedy.connections.push(connection);
		}
		greedy
	}

	/// Waits until all connections but the first so many are closed, and says how many requests were taken.
	pub async fn is_left_with(&self, connections: usize) -> usize {
		for connection in self.connections.iter().skip(connections) {
			connection.closed().await;
		}
		assert!(self.connections.iter().take(connections).all(|connection| connection.close_reason().is_none()));
		self._answers.len()
	}
}

/// Asks what it likes.
pub struct Asker {
	pub key: [u8; 32],
	connection: Connection,
	_transport: iroh::Endpoint,
}

impl Asker {
	pub async fn new(to: &Endpoint) -> Self {
		Self::by(QUESTIONS, to).await
	}

	pub async fn of_keys(to: &Endpoint) -> Self {
		Self::by(KEYS, to).await
	}

	async fn by(protocol: &[u8], to: &Endpoint) -> Self {
		let transport = bind().await;
		let mut dial = EndpointAddr::new(iroh::PublicKey::from_bytes(to.key().bytes()).unwrap());
		for address in to.addresses() {
			dial = dial.with_ip_addr(*address);
		}
		let connection = transport.connect(dial, protocol).await.unwrap();
		Self { key: *transport.id().as_bytes(), connection, _transport: transport }
	}

	/// What is answered, unless the line is cut.
	pub async fn ask(&self, bytes: &[u8]) -> Option<Vec<u8>> {
		let (mut writer, mut reader) = self.connection.open_bi().await.ok()?;
		// Whoever is not listened to may learn that while it talks.
		let _ = writer.write_all(bytes).await;
		let _ = writer.finish();
		reader.read_to_end(1 << 16).await.ok()
	}
}

/// Answers each question in the same way, or never.
pub struct Oracle {
	pub endpoint: Endpoint,
	task: tokio::task::JoinHandle<()>,
}

impl Drop for Oracle {
	fn drop(&mut self) {
		self.task.abort();
	}
}

impl Oracle {
	pub async fn new(answer: Option<Vec<u8>>) -> Self {
		let transport = bind().await;
		let key = Key::new(*transport.id().as_bytes()).unwrap();
		let endpoint = Endpoint::new(key, transport.bound_sockets(), None).unwrap();
		let task = tokio::spawn(async move {
			while let Some(incoming) = transport.accept().await {
				let Ok(connection) = incoming.accept().unwrap().await else { continue };
				let Ok((mut writer, _reader)) = connection.accept_bi().await else { continue };
				match &answer {
					Some(answer) => {
						let _ = writer.write_all(answer).await;
						let _ = writer.finish();
						connection.closed().await;
					}
					None => {
						connection.closed().await;
					}
				}
			}
		});
		Self { endpoint, task }
	}
}
