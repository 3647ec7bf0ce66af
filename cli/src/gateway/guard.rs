use super::{Gateway, Refusal};
use crate::{Error, Result};
use axum::{
	extract::{Request, State},
	http::{header, HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
	middleware::Next,
	response::{IntoResponse, Response},
};
use std::{
	fmt, fs,
	io::{ErrorKind, Read, Write},
	os::unix::fs::PermissionsExt,
	path::Path,
	sync::Arc,
	time::Duration,
};
use subtle::ConstantTimeEq;
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::timeout,
};

/// Requests that are answered at once; others wait their turn for a while.
const AT_ONCE: usize = 16;
const TURN: Duration = Duration::from_secs(30);

const DIGITS: usize = 64;
/// With what editors add.
const MOST_FILE: u64 = 80;

/// What opens a gateway: 64 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
	/// From a file that only its owner may read; made if there is none, so that pages that know it go on after a restart.
	pub fn load(path: &Path) -> Result<Self> {
		let at = |error: std::io::Error| Error::Machine(anyhow::anyhow!("{}: {error}", path.display()));
		let file = match fs::File::open(path) {
			Ok(file) => file,
			Err(error) if error.kind() == ErrorKind::NotFound => return Self::create(path),
			Err(error) => return Err(at(error)),
		};
		if file.metadata().map_err(at)?.permissions().mode() & 0o077 != 0 {
			let path = path.display();
			return Err(Error::Invalid(format!(
				"others may read {path}, which opens the gateway: remove it for a new one"
			)));
		}
		let mut text = String::new();
		file.take(MOST_FILE).read_to_string(&mut text).map_err(at)?;
		let text = text.trim();
		if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
			let path = path.display();
			return Err(Error::Invalid(format!("{path} is no token of {DIGITS} digits: remove it for a new one")));
		}
		Ok(Self(text.into()))
	}

	fn create(path: &Path) -> Result<Self> {
		let at = |error: std::io::Error| Error::Machine(anyhow::anyhow!("{}: {error}", path.display()));
		let mut bytes = [0; DIGITS / 2];
		getrandom::fill(&mut bytes).map_err(|error| Error::Machine(anyhow::anyhow!("no random numbers: {error}")))?;
		let text = blake3::Hash::from_bytes(bytes).to_hex().to_string();
		let folder = path.parent().unwrap_or(Path::new("."));
		fs::create_dir_all(folder).map_err(at)?;
		// For its owner alone, as all such files are.
		let mut file = tempfile::NamedTempFile::new_in(folder).map_err(at)?;
		file.write_all(text.as_bytes()).map_err(at)?;
		file.persist(path).map_err(|error| at(error.error))?;
		Ok(Self(text.into()))
	}

	/// Whether whoever asks knows it. How much of a guess is right cannot be told from the time this takes.
	fn is_known(&self, headers: &HeaderMap) -> bool {
		let said = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
		said.strip_prefix(b"Bearer ").is_some_and(|said| said.ct_eq(self.0.as_bytes()).into())
	}
}

impl fmt::Display for Token {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.0)
	}
}

impl fmt::Debug for Token {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("a token")
	}
}

/// Room for those that are answered.
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
	fn default() -> Self {
		Self(Arc::new(Semaphore::new(AT_ONCE)))
	}
}

/// Held until the last byte of an answer.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

/// Lets in who knows the token, in turn. Pages of any origin may ask, and read why they are refused.
pub(super) async fn guard(State(gateway): State<Arc<Gateway>>, mut request: Request, next: Next) -> Response {
	let mut response = if request.method() == Method::OPTIONS {
		StatusCode::NO_CONTENT.into_response()
	} else {
		match admit(&gateway, request.headers()).await {
			// Whoever answers piece by piece holds it as well.
			Ok(place) => {
				request.extensions_mut().insert(place.clone());
				next.run(request).await
			}
			Err(refusal) => refusal.into_response(),
		}
	};
	const HEADERS: [(HeaderName, &str); 7] = [
		(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
		(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT, POST"),
		(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
		(header::ACCESS_CONTROL_MAX_AGE, "600"),
		(header::CACHE_CONTROL, "no-store"),
		(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
		// What is fetched was written by others: whoever opens it as a page must not run it.
		(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
	];
	for (name, value) in HEADERS {
		response.headers_mut().insert(name, HeaderValue::from_static(value));
	}
	// Browsers ask before a page from elsewhere may reach this machine.
	response.headers_mut().insert("access-control-allow-private-network", HeaderValue::from_static("true"));
	response
}

async fn admit(gateway: &Gateway, headers: &HeaderMap) -> Result<Place, Refusal> {
	if !gateway.token.is_known(headers) {
		return Err(Refusal::new(
			StatusCode::UNAUTHORIZED,
			"the header `Authorization: Bearer TOKEN` must have this gateway's token: `ogpu dashboard` prints it",
		));
	}
	let busy = || Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too much is asked at once: try again");
	let place = timeout(TURN, gateway.places.0.clone().acquire_owned()).await.map_err(|_| busy())?;
	place.map(Arc::new).map_err(|_| busy())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn saying(text: &str) -> HeaderMap {
		HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(text).unwrap())])
	}

	#[test]
	fn a_token_is_made_once_and_opens_nothing_but_as_a_whole() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("new/token");
		let token = Token::load(&path).unwrap();
		assert_eq!(Token::load(&path).unwrap(), token);
		assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
		assert!(token.is_known(&saying(&format!("Bearer {token}"))));
		let (half, _) = token.0.split_at(32);
		for wrong in [half.to_owned(), format!("Basic {token}"), format!("Bearer {half}"), format!("Bearer {token}0")] {
			assert!(!token.is_known(&saying(&wrong)), "{wrong}");
		}
		assert!(!token.is_known(&HeaderMap::new()));
		assert!(!format!("{token:?}").contains(half), "logs do not tell it");
	}

	#[test]
	fn a_token_that_others_can_read_or_that_is_none_is_refused() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("token");
		Token::load(&path).unwrap();
		fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
		assert!(Token::load(&path).unwrap_err().to_string().contains("others may read"));
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
		for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(65), &"a".repeat(1_000)] {
			fs::write(&path, wrong).unwrap();
			assert!(Token::load(&path).unwrap_err().to_string().contains("remove it"), "{wrong}");
		}
	}
}
