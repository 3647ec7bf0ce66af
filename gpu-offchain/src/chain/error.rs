//! What can go wrong with the chain, and what to do about it.

use subxt::{
	error::{BackendError, ExtrinsicError, RpcError},
	rpcs,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// No node answers. It may do so later.
	#[error("no node can be reached: {0}")]
	Unreachable(String),
	/// A node of another network.
	#[error(
		"{url} is a node of another chain: its genesis is {found}, not {expected}. Correct `node` or `genesis` in the \
		 configuration"
	)]
	OtherChain { url: String, expected: String, found: String },
	/// The runtime of the node has not what this worker needs.
	#[error(
		"the chain's runtime does not fit this worker: {0}. Install the version of the worker that belongs to this runtime"
	)]
	Incompatible(String),
	/// There is more in one place than anybody honest puts there.
	#[error("{pallet}.{name} holds more than {most} entries")]
	TooMuch { pallet: &'static str, name: &'static str, most: usize },
	/// The node did not take a transaction.
	#[error("{call} was refused: {refusal}")]
	Refused { call: String, refusal: Refusal },
	/// A transaction was in a block, and failed there.
	#[error("{call} failed in its block: {reason}")]
	Failed { call: String, reason: String },
	/// A transaction has not come into a block. It may be sent again.
	#[error("{call} did not come into a block: {reason}")]
	Lost { call: String, reason: String },
	#[error("{0}")]
	Unexpected(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
	/// Sorts errors of the library: the connection's, or the metadata's.
	pub fn from_rpc(error: impl Into<subxt::Error>) -> Self {
		let error = error.into();
		let text = error.to_string();
		match error {
			subxt::Error::StorageError(_)
			| subxt::Error::RuntimeApiError(_)
			| subxt::Error::StorageValueError(_)
			| subxt::Error::StorageKeyError(_)
			| subxt::Error::EventsError(_)
				if !is_of_connection(&text) =>
			{
				Self::Incompatible(text)
			}
			_ => Self::Unreachable(text),
		}
	}

	/// A record that cannot be read.
	pub fn misfit(pallet: &str, name: &str, error: impl std::fmt::Display) -> Self {
		Self::Incompatible(format!("{pallet}.{name}: {error}"))
	}

	/// What came of submitting a transaction.
	pub fn from_submission(call: &str, error: ExtrinsicError) -> Self {
		match error {
			ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(
				rpcs::Error::User(refused),
			))) => Self::Refused { call: call.into(), refusal: Refusal::of(&refused) },
			ExtrinsicError::ErrorSubmittingTransaction(error) => Self::Unreachable(error.to_string()),
			other => Self::Incompatible(format!("{call}: {other}")),
		}
	}

	/// Whether the same may be tried again.
	pub fn is_temporary(&self) -> bool {
		match self {
			Self::Unreachable(_) | Self::Lost { .. } => true,
			Self::Refused { refusal, .. } => refusal.is_temporary(),
			_ => false,
		}
	}
}

/// Whether an error is not about what was asked, but about asking.
fn is_of_connection(text: &str) -> bool {
	["RPC error", "connection", "restart required", "timeout", "UnknownBlock", "State already discarded"]
		.iter()
		.any(|sign| text.contains(sign))
}

/// Why a node did not take a transaction, as `docs/errors.md` explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
	pub code: i32,
	/// The number of a `Custom error`.
	pub custom: Option<u8>,
	pub text: String,
}

impl Refusal {
	pub fn of(error: &rpcs::UserError) -> Self {
		let data = error.data.as_ref().map(|data| data.get().trim_matches('"').to_owned()).unwrap_or_default();
		let custom = data.strip_prefix("Custom error: ").and_then(|number| number.trim().parse().ok());
		let text = if data.is_empty() { error.message.clone() } else { format!("{}: {data}", error.message) };
		Self { code: error.code, custom, text }
	}

	/// What to do.
	pub fn advice(&self) -> &'static str {
		match (self.custom, self.code) {
			(Some(20), _) => "there is no device of this number, or it was retired; register it again",
			(Some(21), _) => {
				"the device belongs to another operator or to another worker key; use the key that it names"
			}
			(Some(22), _) => "the device has sent its heartbeat in this window; nothing is to be done",
			(Some(30), _) => "the request has ended; nothing can be earned there",
			(Some(31), _) => "the operator was not drawn, or has declined",
			(Some(32), _) => "the race has closed; nothing can be earned there",
			(Some(33), _) => "the operator has committed already",
			(Some(34), _) => "all that were drawn have committed",
			(Some(35), _) => "it may be known by now which leaves are audited; nothing can be earned there",
			(Some(36), _) => "the result has more leaves than the client allows",
			(Some(37), _) => "the device has declined as often as it may in an hour",
			(Some(38), _) => "look at the state of the request",
			(_, 1002) => "the transaction was made for another version of the runtime; it is made anew",
			(_, 1010) if self.text.contains("pay some fees") => {
				"the account has not enough for the fee; send it some OGPU"
			}
			(_, 1010) => "it is made anew, if it is still of use",
			(_, 1012) => "these bytes were refused lately; it is made anew",
			(_, 1013) => "the transaction waits in the node's pool already",
			(_, 1014) => "another transaction with this nonce waits in the pool",
			(_, 1016) => "the node's pool is full; it is sent again",
			_ => "see docs/errors.md",
		}
	}

	/// Whether another try may succeed.
	pub fn is_temporary(&self) -> bool {
		let is_poor = self.text.contains("pay some fees");
		self.custom.is_none() && !is_poor && matches!(self.code, 1002 | 1010 | 1012 | 1013 | 1014 | 1016)
	}

	/// Whether the account cannot pay.
	pub fn is_poverty(&self) -> bool {
		self.text.contains("pay some fees")
	}
}

impl std::fmt::Display for Refusal {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "{} {} ({})", self.code, self.text, self.advice())
	}
}
