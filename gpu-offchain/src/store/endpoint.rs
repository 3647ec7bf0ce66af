//! Who a peer is and where: what devices put into the chain's registry.

use super::error::{Error, Result};
use std::{
	fmt, fs,
	io::{ErrorKind, Read, Write},
	net::{IpAddr, SocketAddr},
	os::unix::fs::PermissionsExt,
	path::Path,
	str::FromStr,
};

/// What the chain's registry holds for an endpoint, in bytes.
pub const ENDPOINT_BYTES: usize = 128;

/// The public key by which a peer proves that it is itself, and to which private inputs are sealed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
	/// Refuses what is no point of the curve, and points to which anything encrypted is readable by anyone.
	pub fn new(bytes: [u8; 32]) -> Result<Self> {
		let point = iroh::PublicKey::from_bytes(&bytes)
			.map_err(|_| Error::invalid("these 32 bytes are no public key of a transport"))?;
		if point.as_verifying_key().is_weak() {
			return Err(Error::invalid("a public key of small order protects nothing"));
		}
		Ok(Self(bytes))
	}

	pub fn bytes(&self) -> &[u8; 32] {
		&self.0
	}

	pub(super) fn of(id: &iroh::EndpointId) -> Self {
		Self(*id.as_bytes())
	}

	pub(super) fn id(&self) -> Result<iroh::EndpointId> {
		iroh::PublicKey::from_bytes(&self.0).map_err(Error::machine)
	}

	/// The same key for encryption: the point in its X25519 form.
	pub(super) fn encryption(&self) -> Result<crypto_box::PublicKey> {
		Ok(crypto_box::PublicKey::from_bytes(self.id()?.as_verifying_key().to_montgomery().to_bytes()))
	}
}

impl fmt::Display for Key {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self.id() {
			Ok(id) => f.write_str(&id.to_z32()),
			Err(_) => Err(fmt::Error),
		}
	}
}

impl fmt::Debug for Key {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl FromStr for Key {
	type Err = Error;

	fn from_str(text: &str) -> Result<Self> {
		let point = iroh::PublicKey::from_z32(text)
			.map_err(|_| Error::invalid(format_args!("{text:?} is no transport key: 52 letters and digits")))?;
		Self::new(*point.as_bytes())
	}
}

/// The secret half of a [`Key`].
#[derive(Clone)]
pub struct Secret(pub(super) iroh::SecretKey);

impl Secret {
	/// From a file of exactly 32 bytes that only its owner may read; created if there is none.
	pub fn load(path: &Path) -> Result<Self> {
		let at = |error: std::io::Error| Error::machine(format_args!("the transport key {}: {error}", path.display()));
		match fs::File::open(path) {
			Ok(file) => {
				let mode = file.metadata().map_err(at)?.permissions().mode();
				if mode & 0o077 != 0 {
					return Err(Error::invalid(format_args!(
						"others may read the transport key {0}: `chmod 600 {0}`, or remove it for a new one",
						path.display()
					)));
				}
				let mut bytes = Vec::new();
				file.take(33).read_to_end(&mut bytes).map_err(at)?;
				let bytes: [u8; 32] = bytes.try_into().map_err(|_| {
					Error::invalid(format_args!("the transport key {} must have exactly 32 bytes", path.display()))
				})?;
				Ok(Self(bytes.into()))
			}
			Err(error) if error.kind() == ErrorKind::NotFound => {
				let secret = Self(iroh::SecretKey::generate());
				let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
				fs::create_dir_all(folder).map_err(at)?;
				// Under another name first: half a key would be refused for ever.
				let mut file = tempfile::Builder::new()
					.permissions(fs::Permissions::from_mode(0o600))
					.tempfile_in(folder)
					.map_err(at)?;
				file.write_all(&secret.0.to_bytes()).map_err(at)?;
				file.as_file().sync_all().map_err(at)?;
				match file.persist_noclobber(path) {
					Ok(_) => Ok(secret),
					// Another process was faster: its key is the key.
					Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Self::load(path),
					Err(error) => Err(at(error.error)),
				}
			}
			Err(error) => Err(at(error)),
		}
	}

	pub fn generate() -> Self {
		Self(iroh::SecretKey::generate())
	}

	pub fn key(&self) -> Key {
		Key::of(&self.0.public())
	}

	pub(super) fn encryption(&self) -> crypto_box::SecretKey {
		crypto_box::SecretKey::from_bytes(self.0.as_signing_key().to_scalar_bytes())
	}
}

impl fmt::Debug for Secret {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "the secret of {}", self.key())
	}
}

/// A peer and the addresses at which it answers: `KEY@ADDRESS,ADDRESS`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
	key: Key,
	addresses: Vec<SocketAddr>,
	relay: Option<String>,
}

impl Endpoint {
	/// Refuses what nobody could call, and what the registry would not take.
	pub fn new(key: Key, addresses: Vec<SocketAddr>, relay: Option<String>) -> Result<Self> {
		if addresses.is_empty() && relay.is_none() {
			return Err(Error::invalid("an endpoint needs an address at which it answers"));
		}
		for address in &addresses {
			let is_nobody = match address.ip() {
				IpAddr::V4(ip) => ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast(),
				IpAddr::V6(ip) => ip.is_unspecified() || ip.is_multicast(),
			};
			if is_nobody || address.port() == 0 {
				return Err(Error::invalid(format_args!("nobody can be called at {address}")));
			}
		}
		if let Some(relay) = &relay {
			let url = relay.parse::<iroh::RelayUrl>().ok().filter(|url| matches!(url.scheme(), "https" | "http"));
			if url.is_none() || relay.contains([',', '@']) {
				return Err(Error::invalid(format_args!("{relay:?} is no URL of a relay")));
			}
		}
		let endpoint = Self { key, addresses, relay };
		let length = endpoint.to_string().len();
		if length > ENDPOINT_BYTES {
			return Err(Error::invalid(format_args!(
				"an endpoint of {length} bytes: the registry takes {ENDPOINT_BYTES}, so announce fewer addresses"
			)));
		}
		Ok(endpoint)
	}

	/// With as many of these addresses as the registry takes, the first first.
	pub fn fitting(key: Key, addresses: &[SocketAddr], relay: Option<String>) -> Result<Self> {
		let mut chosen = Vec::new();
		for address in addresses {
			chosen.push(*address);
			if Self::new(key, chosen.clone(), relay.clone()).is_err() {
				chosen.pop();
			}
		}
		Self::new(key, chosen, relay)
	}

	pub fn key(&self) -> Key {
		self.key
	}

	pub fn addresses(&self) -> &[SocketAddr] {
		&self.addresses
	}

	/// How the transport calls it. Its relay counts only where relays are allowed.
	pub(super) fn dial(&self, with_relay: bool) -> Result<iroh::EndpointAddr> {
		let mut dial = iroh::EndpointAddr::new(self.key.id()?);
		for address in &self.addresses {
			dial = dial.with_ip_addr(*address);
		}
		match &self.relay {
			Some(relay) if with_relay => Ok(dial.with_relay_url(relay.parse().map_err(Error::machine)?)),
			_ => Ok(dial),
		}
	}
}

impl fmt::Display for Endpoint {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}", self.key)?;
		let addresses = self.addresses.iter().map(SocketAddr::to_string).chain(self.relay.clone());
		for (nth, address) in addresses.enumerate() {
			write!(f, "{}{address}", if nth == 0 { '@' } else { ',' })?;
		}
		Ok(())
	}
}

impl fmt::Debug for Endpoint {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl FromStr for Endpoint {
	type Err = Error;

	fn from_str(text: &str) -> Result<Self> {
		if text.len() > ENDPOINT_BYTES {
			return Err(Error::invalid(format_args!("an endpoint has at most {ENDPOINT_BYTES} bytes")));
		}
		let (key, addresses) = text
			.split_once('@')
			.ok_or_else(|| Error::invalid(format_args!("{text:?} is no endpoint: KEY@ADDRESS:PORT,...")))?;
		let (mut sockets, mut relay) = (Vec::new(), None);
		for address in addresses.split(',') {
			if address.contains("://") {
				if relay.replace(address.to_owned()).is_some() {
					return Err(Error::invalid("an endpoint has at most one relay"));
				}
			} else {
				sockets.push(address.parse().map_err(|_| {
					Error::invalid(format_args!("{address:?} is no address: 192.0.2.1:4071 or [2001:db8::1]:4071"))
				})?);
			}
		}
		Self::new(key.parse()?, sockets, relay)
	}
}

/// As the chain holds it.
impl TryFrom<&[u8]> for Endpoint {
	type Error = Error;

	fn try_from(bytes: &[u8]) -> Result<Self> {
		std::str::from_utf8(bytes).map_err(|_| Error::invalid("an endpoint is UTF-8 text"))?.parse()
	}
}
