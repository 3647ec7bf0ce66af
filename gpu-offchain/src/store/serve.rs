//! Peers are answered: what they may have, no more at once than this machine can bear, and nobody for ever.

use super::{ask, hash, private, Counters, Error, Key, Result, Secret, Settings, Store};
use crate::artifacts::Name;
use iroh::{
	endpoint::{presets, Connection, Incoming, IncomingAddr, MtuDiscoveryConfig, QuicTransportConfig, VarInt},
	RelayMode,
};
use iroh_blobs::{
	protocol::{Request, ALPN, ERR_LIMIT, ERR_PERMISSION},
	provider::{self, events::EventSender, StreamPair},
	util::SendStream,
};
use std::{
	collections::HashMap,
	future::Future,
	hash::Hash,
	io,
	net::{IpAddr, Ipv6Addr},
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex,
	},
	time::Duration,
};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	task::JoinSet,
	time::{sleep_until, timeout, Instant},
};

/// What peers may take together and each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	/// Connections at once, and of them with one key, and from one address (of IPv6: one network of 64 bits).
	pub connections: usize,
	pub connections_per_key: usize,
	pub connections_per_address: usize,
	/// Requests that are answered at once, and of them for one key; more wait their turn.
	pub requests: usize,
	pub requests_per_key: usize,
	/// What all answers together may send; no limit if there is none.
	pub bytes_per_second: Option<u64>,
	/// Whoever takes less is dropped: a slow reader holds a place that others want.
	pub least_bytes_per_second: u64,
	/// How long a peer may be silent: in the handshake, in a request, in an answer, and between requests.
	pub silence: Duration,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			connections: 128,
			connections_per_key: 4,
			connections_per_address: 32,
			requests: 64,
			requests_per_key: 16,
			bytes_per_second: None,
			least_bytes_per_second: 4 << 10,
			silence: Duration::from_secs(20),
		}
	}
}

/// Requests that a connection may have open.
const STREAMS: u32 = 16;

/// Bytes in flight to one peer, which are in memory until it has them.
const SEND_WINDOW: u64 = 4 << 20;

/// Bytes of requests from one peer that are in memory.
const RECEIVE_WINDOW: u32 = 256 << 10;

/// Ranges in one request: we ask for one, or for what was left between others.
const MOST_RANGES: usize = 4096;

/// How long a peer is watched before its pace counts.
const PACE_AFTER: Duration = Duration::from_secs(20);

/// The socket, its identity, and what QUIC may use.
pub(super) async fn bind(settings: &Settings, secret: &Secret) -> Result<iroh::Endpoint> {
	let relay = match &settings.relay {
		None => RelayMode::Disabled,
		Some(relay) => RelayMode::custom([relay.parse().map_err(Error::machine)?]),
	};
	let at = |error: String| Error::machine(format_args!("{} cannot be listened at: {error}", settings.listen));
	let mut builder = iroh::Endpoint::builder(presets::Minimal)
		.secret_key(secret.0.clone())
		.alpns([ALPN, ask::ALPN, private::ALPN].map(<[u8]>::to_vec).to_vec())
		.relay_mode(relay)
		.transport_config(
			transport()
				.max_concurrent_bidi_streams(STREAMS.into())
				.send_window(SEND_WINDOW)
				.stream_receive_window((RECEIVE_WINDOW / 4).into())
				.receive_window(RECEIVE_WINDOW.into())
				.build(),
		)
		.clear_ip_transports()
		.bind_addr(settings.listen)
		.map_err(|error| at(format!("{error:#}")))?;
	for address in &settings.announce {
		builder = builder.external_addr(*address);
	}
	builder.bind().await.map_err(|error| at(format!("{error:#}")))
}

/// What both ends of our connections have in common.
pub(super) fn transport() -> iroh::endpoint::QuicTransportConfigBuilder {
	let mut packets = MtuDiscoveryConfig::default();
	// As large as the transport takes them: whether the path does is found by trying.
	packets.upper_bound(1472);
	QuicTransportConfig::builder()
		.max_concurrent_uni_streams(0u32.into())
		.datagram_receive_buffer_size(None)
		.mtu_discovery_config(Some(packets))
}

/// How many of something each key or address has.
struct Share<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One of a share, until it is dropped.
struct Place<K: Hash + Eq>(Arc<Mutex<HashMap<K, usize>>>, K);

impl<K: Hash + Eq + Clone> Share<K> {
	fn new() -> Self {
		Self(Arc::default())
	}

	fn take(&self, key: K, most: usize) -> Option<Place<K>> {
		let mut taken = self.0.lock().ok()?;
		let count = taken.entry(key.clone()).or_default();
		if *count >= most {
			return None;
		}
		*count = count.saturating_add(1);
		Some(Place(self.0.clone(), key))
	}
}

impl<K: Hash + Eq> Drop for Place<K> {
	fn drop(&mut self) {
		if let Ok(mut taken) = self.0.lock() {
			if let Some(count) = taken.get_mut(&self.1) {
				*count = count.saturating_sub(1);
				if *count == 0 {
					taken.remove(&self.1);
				}
			}
		}
	}
}

/// What all connections share.
pub(super) struct Server {
	pub(super) limits: Limits,
	requests: Arc<Semaphore>,
	of_key: Mutex<HashMap<Key, std::sync::Weak<Semaphore>>>,
	pace: Option<Pace>,
	pub(super) counters: Arc<Counters>,
}

/// Accepts connections as long as there is a store.
pub(super) fn serve(store: &Store, limits: Limits) -> impl Future<Output = ()> {
	let weak = Arc::downgrade(&store.0);
	let transport = store.0.transport.clone();
	let server = Arc::new(Server {
		limits,
		requests: Arc::new(Semaphore::new(limits.requests)),
		of_key: Mutex::default(),
		pace: limits.bytes_per_second.map(Pace::new),
		counters: store.0.counters.clone(),
	});
	async move {
		let (all, of_address, of_key) =
			(Arc::new(Semaphore::new(limits.connections)), Share::<IpAddr>::new(), Share::<Key>::new());
		let of_key = Arc::new(of_key);
		let mut connections = JoinSet::new();
		while let Some(incoming) = transport.accept().await {
			while connections.try_join_next().is_some() {}
			let Ok(place) = all.clone().try_acquire_owned() else {
				incoming.refuse();
				continue;
			};
			// Under load, whoever does not prove its address gets no work out of us.
			let is_busy = all.available_permits() < limits.connections / 2;
			if is_busy && !incoming.remote_addr_validated() {
				incoming.retry().ok();
				continue;
			}
			let address = match network(&incoming) {
				Some(network) => match of_address.take(network, limits.connections_per_address) {
					Some(address) => Some(address),
					None => {
						incoming.refuse();
						continue;
					}
				},
				None => None,
			};
			let (server, weak, of_key) = (server.clone(), weak.clone(), of_key.clone());
			connections.spawn(async move {
				let _places = (place, address);
				let accepted = timeout(limits.silence, async { incoming.accept().ok()?.await.ok() }).await;
				let Ok(Some(connection)) = accepted else { return };
				let key = Key::of(&connection.remote_id());
				let Some(_place) = of_key.take(key, limits.connections_per_key) else {
					connection.close(ERR_LIMIT, b"too many connections with this key");
					return;
				};
				let Some(inner) = weak.upgrade() else { return };
				let blobs = inner.blobs.clone().into();
				drop(inner);
				server.counters.peers.fetch_add(1, Ordering::Relaxed);
				match connection.alpn() {
					ask::ALPN => server.clone().inform(connection, key, weak).await,
					private::ALPN => server.clone().let_in(connection, key, weak).await,
					_ => server.clone().answer(connection, key, Connected { blobs, store: weak }).await,
				}
				server.counters.peers.fetch_sub(1, Ordering::Relaxed);
			});
		}
	}
}

/// What counts as one peer by address. Relayed peers have none: their key must do.
fn network(incoming: &Incoming) -> Option<IpAddr> {
	match incoming.remote_addr() {
		IncomingAddr::Ip(address) => Some(match address.ip().to_canonical() {
			IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
			ip => ip,
		}),
		_ => None,
	}
}

/// The store of a connection, which does not keep it open.
#[derive(Clone)]
struct Connected {
	blobs: iroh_blobs::api::Store,
	store: std::sync::Weak<super::Inner>,
}

impl Server {
	/// Takes requests until the peer goes, or has asked for nothing for too long.
	async fn answer(self: Arc<Self>, connection: Connection, key: Key, store: Connected) {
		let mut requests = JoinSet::new();
		loop {
			let accepted = tokio::select! {
				Some(_) = requests.join_next() => continue,
				accepted = timeout(self.limits.silence, connection.accept_bi()) => accepted,
			};
			match accepted {
				Ok(Ok((writer, reader))) => {
					let (server, store) = (self.clone(), store.clone());
					requests.spawn(server.request(key, reader, writer, store));
				}
				Ok(Err(_)) => return,
				Err(_) if requests.is_empty() => return connection.close(0u32.into(), b"no request for too long"),
				Err(_) => {}
			}
		}
	}

	async fn request(
		self: Arc<Self>,
		key: Key,
		mut reader: iroh::endpoint::RecvStream,
		mut writer: iroh::endpoint::SendStream,
		store: Connected,
	) {
		let read = timeout(self.limits.silence, Request::read_async(&mut reader)).await;
		let Ok(Ok((Request::Get(request), _))) = read else {
			// We neither take artifacts that are pushed, nor tell what we have.
			return self.refuse(&mut writer, ERR_PERMISSION);
		};
		// Only the artifact itself: a list of hashes in it would lead around what is restricted.
		let ranges = match request.ranges.as_single() {
			Some((0, ranges)) if ranges.boundaries().len() <= MOST_RANGES => ranges,
			_ => return self.refuse(&mut writer, ERR_PERMISSION),
		};
		let name = Name(*request.hash.as_bytes());
		let is_allowed = store.store.upgrade().is_some_and(|inner| Store(inner).ledger().allows(&name, &key));
		if ranges.is_empty() || !is_allowed {
			tracing::debug!(%key, %name, "refused");
			return self.refuse(&mut writer, ERR_PERMISSION);
		}
		let Some(_turn) = self.turn(key).await else { return };
		let id = reader.id().index();
		let writer = Paced { inner: writer, server: self.clone(), since: Instant::now(), sent: 0 };
		let pair = StreamPair::new(id, reader, writer, EventSender::DEFAULT);
		debug_assert_eq!(hash(&name), request.hash);
		if let Err(error) = provider::handle_get(pair, store.blobs, request).await {
			tracing::debug!(%key, %name, "not served: {error:#}");
		}
	}

	fn refuse(&self, writer: &mut iroh::endpoint::SendStream, code: VarInt) {
		self.counters.refused.fetch_add(1, Ordering::Relaxed);
		writer.reset(code).ok();
	}

	/// Waits for a turn among the requests of this key, then among all.
	pub(super) async fn turn(&self, key: Key) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
		let of_key = {
			let mut of_key = self.of_key.lock().ok()?;
			match of_key.get(&key).and_then(std::sync::Weak::upgrade) {
				Some(semaphore) => semaphore,
				None => {
					of_key.retain(|_, semaphore| semaphore.strong_count() > 0);
					let semaphore = Arc::new(Semaphore::new(self.limits.requests_per_key));
					of_key.insert(key, Arc::downgrade(&semaphore));
					semaphore
				}
			}
		};
		let own = of_key.acquire_owned().await.ok()?;
		Some((own, self.requests.clone().acquire_owned().await.ok()?))
	}
}

/// A limit on the bytes of all answers: each piece waits until those before it have had their time.
struct Pace {
	bytes_per_second: u64,
	begin: Instant,
	/// Microseconds after `begin` at which the next piece may go.
	next: AtomicU64,
}

impl Pace {
	fn new(bytes_per_second: u64) -> Self {
		Self { bytes_per_second: bytes_per_second.max(1), begin: Instant::now(), next: AtomicU64::new(0) }
	}

	async fn wait(&self, bytes: u64) {
		let now = self.begin.elapsed().as_micros() as u64;
		let cost = bytes.saturating_mul(1_000_000).checked_div(self.bytes_per_second).unwrap_or_default();
		let place = |next: u64| next.max(now);
		let before = self
			.next
			.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |next| Some(place(next).saturating_add(cost)))
			.unwrap_or_default();
		let wait = place(before).saturating_sub(now);
		if let Some(at) = Instant::now().checked_add(Duration::from_micros(wait)) {
			sleep_until(at).await;
		}
	}
}

/// An answer that is counted, kept to the pace of all, and given up where nobody reads it.
struct Paced {
	inner: iroh::endpoint::SendStream,
	server: Arc<Server>,
	since: Instant,
	sent: u64,
}

impl Paced {
	async fn sent(&mut self, bytes: usize, result: Option<io::Result<()>>) -> io::Result<()> {
		let limits = &self.server.limits;
		result.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))??;
		let bytes = bytes as u64;
		self.sent = self.sent.saturating_add(bytes);
		self.server.counters.served.fetch_add(bytes, Ordering::Relaxed);
		let elapsed = self.since.elapsed();
		let due = elapsed.as_secs().saturating_mul(limits.least_bytes_per_second);
		if elapsed > PACE_AFTER && self.sent < due && self.server.pace.is_none() {
			return Err(io::ErrorKind::TimedOut.into());
		}
		if let Some(pace) = &self.server.pace {
			pace.wait(bytes).await;
		}
		Ok(())
	}
}

impl SendStream for Paced {
	async fn send_bytes(&mut self, bytes: bytes::Bytes) -> io::Result<()> {
		let length = bytes.len();
		let result = timeout(self.server.limits.silence, self.inner.send_bytes(bytes)).await.ok();
		self.sent(length, result).await
	}

	async fn send(&mut self, buffer: &[u8]) -> io::Result<()> {
		let result = timeout(self.server.limits.silence, SendStream::send(&mut self.inner, buffer)).await.ok();
		self.sent(buffer.len(), result).await
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
