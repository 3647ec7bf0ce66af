//! A door for browsers, which cannot speak QUIC, to a store of artifacts, and the page that goes through it:
//! `docs/gateway.md`.
//!
//! It has no account's key, and signs nothing.

mod artifacts;
mod ask;
/// Who may come in, and how many at once.
mod guard;
mod private;
/// Connections, none of them for ever.
mod server;
mod shape;
/// The page, and what it has to know.
mod site;

pub use guard::Token;
pub use server::serve;
pub use site::Site;

use crate::{
	depot::Depot,
	home::{Home, Journal, Listening},
	Error, Hash, Result,
};
use axum::{
	body::{to_bytes, Body},
	extract::State,
	http::{header, HeaderValue, StatusCode},
	middleware,
	response::{IntoResponse, Response},
	routing::{get, post, put},
	Router,
};
use ogpu_worker::store::{self, Store};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Where the gateway is, on the server of the page.
pub const BASE: &str = "/api/v1";

/// Whoever sends nothing for so long is not waited for.
const SILENCE: Duration = Duration::from_secs(30);

/// A store, and who may use it over HTTP.
pub struct Gateway {
	depot: Depot,
	journal: Journal,
	genesis: Hash,
	token: Token,
	places: guard::Places,
	private: private::Private,
}

impl Gateway {
	/// Opens the store of the gateway to a chain, in this home.
	pub async fn open(home: &Home, genesis: &Hash, listening: &Listening, is_local: bool) -> Result<Arc<Self>> {
		let journal = home.gateway(genesis);
		let depot = Depot::open_one(&journal, listening, is_local, 1).await.map_err(|error| match error {
			Error::Store(store::Error::InUse { by, .. }) => Error::Invalid(format!(
				"the gateway to this chain is open already, by {by}: stop that, or give this one another --home"
			)),
			error => error,
		})?;
		let token = Token::load(&journal.folder().join("token"))?;
		artifacts::make_room_for_uploads(&journal)?;
		let private = private::Private::load(&journal)?;
		Ok(Arc::new(Self { depot, journal, genesis: *genesis, token, places: guard::Places::default(), private }))
	}

	pub fn store(&self) -> &Store {
		self.depot.store()
	}

	/// What opens it.
	pub fn token(&self) -> &Token {
		&self.token
	}

	/// Stops serving artifacts. Nothing is lost without it.
	pub async fn close(&self) {
		self.store().close().await;
	}

	/// Everything under [`BASE`].
	fn router(self: &Arc<Self>) -> Router {
		Router::new()
			.route("/", get(about))
			.route("/artifacts", put(artifacts::put))
			.route("/artifacts/{hash}", get(artifacts::get))
			.route("/shape", post(shape::shape))
			.route("/ask", post(ask::ask))
			.route("/private", post(private::tell))
			.fallback(async || Refusal::new(StatusCode::NOT_FOUND, "there is nothing here: see docs/gateway.md"))
			.method_not_allowed_fallback(async || {
				Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method: see docs/gateway.md")
			})
			.layer(middleware::from_fn_with_state(self.clone(), guard::guard))
			.with_state(self.clone())
	}
}

/// To whom a browser talks here.
async fn about(State(gateway): State<Arc<Gateway>>) -> Response {
	answer(&json!({
		"genesis": crate::hex(&gateway.genesis),
		"endpoint": gateway.store().endpoint().to_string(),
		"key": crate::hex(gateway.store().key().bytes()),
		"version": env!("CARGO_PKG_VERSION"),
	}))
}

fn answer(value: &Value) -> Response {
	([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Reads a question in JSON, no longer than so much.
async fn question<T: DeserializeOwned>(body: Body, most: usize) -> Result<T, Refusal> {
	let read = timeout(SILENCE, to_bytes(body, most)).await.map_err(|_| Refusal::silent())?;
	let too_long = |_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {most} bytes"));
	let wrong = |error| Refusal::invalid(format!("the body is not the JSON that is expected here: {error}"));
	serde_json::from_slice(&read.map_err(too_long)?).map_err(wrong)
}

/// Why something was not done.
#[derive(Debug)]
struct Refusal {
	status: StatusCode,
	text: String,
}

impl Refusal {
	fn new(status: StatusCode, text: impl Into<String>) -> Self {
		Self { status, text: text.into() }
	}

	fn invalid(text: impl Into<String>) -> Self {
		Self::new(StatusCode::BAD_REQUEST, text)
	}

	fn silent() -> Self {
		Self::new(StatusCode::REQUEST_TIMEOUT, format!("nothing came for {} seconds", SILENCE.as_secs()))
	}
}

impl IntoResponse for Refusal {
	fn into_response(self) -> Response {
		let mut response = answer(&json!({ "error": self.text }));
		*response.status_mut() = self.status;
		if self.status == StatusCode::UNAUTHORIZED {
			response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
		}
		response
	}
}

impl From<store::Error> for Refusal {
	fn from(error: store::Error) -> Self {
		let status = match &error {
			store::Error::Invalid(_) | store::Error::Sealed(_) => StatusCode::BAD_REQUEST,
			store::Error::Missing(_) | store::Error::Damaged(_) => StatusCode::NOT_FOUND,
			store::Error::Quota { .. } | store::Error::Disk { .. } => StatusCode::INSUFFICIENT_STORAGE,
			store::Error::Denied { .. } => StatusCode::FORBIDDEN,
			store::Error::Unfetched { .. } | store::Error::Locked { .. } | store::Error::Unanswered { .. } => {
				StatusCode::BAD_GATEWAY
			}
			store::Error::InUse { .. } | store::Error::Machine(_) => StatusCode::INTERNAL_SERVER_ERROR,
		};
		Self::new(status, error.to_string())
	}
}

impl From<Error> for Refusal {
	fn from(error: Error) -> Self {
		use ogpu_worker::error::Error as Work;
		match error {
			Error::Store(error) => error.into(),
			Error::Work(Work::Missing(name)) => Self::new(
				StatusCode::NOT_FOUND,
				format!("the manifest names an artifact that is not here: put {name} here first"),
			),
			Error::Machine(error) | Error::Work(Work::Machine(error)) => {
				Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
			}
			error => Self::invalid(error.to_string()),
		}
	}
}

impl From<std::io::Error> for Refusal {
	fn from(error: std::io::Error) -> Self {
		store::Error::from(error).into()
	}
}
