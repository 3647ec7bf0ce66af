use super::{Gateway, Refusal, BASE};
use axum::{
	extract::Request,
	http::{header, uri::Authority, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::get,
	Router,
};
use serde_json::{json, Value};
use std::{
	net::IpAddr,
	path::{Path, PathBuf},
	sync::Arc,
};

/// No file of a page is larger.
const MOST_FILE: u64 = 64 << 20;

/// What pages may do: nothing but what this one does. Nodes and gateways can be anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
	img-src 'self' blob: data:; font-src 'self'; manifest-src 'self'; connect-src 'self' ws: wss: http: https:; \
	worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and what it is told.
#[derive(Clone, Debug, Default)]
pub struct Site {
	/// The folder of the page, as it was built.
	pub page: Option<PathBuf>,
	/// The WebSocket address of a node.
	pub node: String,
	/// What its chain calls itself.
	pub chain: String,
	/// The raw spec of the chain, for a light client.
	pub spec: Option<String>,
}

impl Site {
	/// The page and the gateway. Only who calls this machine by its own name is told the token: a page of another origin
	/// that has its own name resolve to this machine is not.
	pub fn router(self, gateway: &Arc<Gateway>) -> Router {
		let config = self.config(gateway).to_string();
		let spec = self.spec.map(Arc::<str>::from);
		let page = self.page.map(Arc::<Path>::from);
		let own = Router::new()
			.route("/config.json", get(async move |headers: HeaderMap| told(&headers, config)))
			.route("/chain.json", get(async move || chain(spec)))
			.fallback(async move |method: Method, uri: Uri| file(page.as_deref(), &method, uri.path()).await)
			.layer(middleware::from_fn(guard));
		Router::new().nest(BASE, gateway.router()).merge(own)
	}

	fn config(&self, gateway: &Gateway) -> Value {
		let mut config = json!({
			"node": self.node, "gateway": BASE, "token": gateway.token().to_string(), "chain": self.chain,
		});
		if let (Some(fields), Some(_)) = (config.as_object_mut(), &self.spec) {
			fields.insert("spec".into(), "/chain.json".into());
		}
		config
	}
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
	([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// For pages of this origin alone.
fn told(headers: &HeaderMap, config: String) -> Response {
	let said = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
	let host = headers.get(header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
	let is_own = said("origin").is_none_or(|origin| origin == [b"http://", host].concat())
		&& said("sec-fetch-site").is_none_or(|site| matches!(site, b"same-origin" | b"none"));
	if is_own {
		typed("application/json", config)
	} else {
		Refusal::new(StatusCode::FORBIDDEN, "only a page from here is told that").into_response()
	}
}

fn chain(spec: Option<Arc<str>>) -> Response {
	match spec {
		Some(spec) => typed("application/json", spec.to_string()),
		None => Refusal::new(
			StatusCode::NOT_FOUND,
			"the spec of this node's chain is not known here: give its raw form with `ogpu dashboard --spec FILE`",
		)
		.into_response(),
	}
}

/// Refuses who calls this machine by a name that is not its own, and says to browsers what the page may do.
async fn guard(request: Request, next: Next) -> Response {
	let mut response = if is_own_name(request.headers()) {
		next.run(request).await
	} else {
		let text =
			"this is served to this machine alone: call it localhost or 127.0.0.1, through a tunnel from elsewhere";
		Refusal::new(StatusCode::MISDIRECTED_REQUEST, text).into_response()
	};
	const HEADERS: [(HeaderName, &str); 5] = [
		(header::CONTENT_SECURITY_POLICY, POLICY),
		(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
		(header::REFERRER_POLICY, "no-referrer"),
		(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
		(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
	];
	for (name, value) in HEADERS {
		response.headers_mut().insert(name, HeaderValue::from_static(value));
	}
	response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
	response
}

fn is_own_name(headers: &HeaderMap) -> bool {
	let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
	host.is_some_and(|host| {
		let name = host.host().trim_start_matches('[').trim_end_matches(']');
		name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
	})
}

/// A file of the page. Where there is none of that name, and the name is not that of a file, it is a place in the page.
async fn file(page: Option<&Path>, method: &Method, path: &str) -> Response {
	let absent = |text: &str| Refusal::new(StatusCode::NOT_FOUND, text).into_response();
	if !matches!(*method, Method::GET | Method::HEAD) {
		return Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "pages can only be read").into_response();
	}
	let Some(page) = page else {
		return absent(
			"the page is not here: build it in the repository with `make dashboard`, or say where it is with --page or \
			 OGPU_DASHBOARD, and start again. The gateway answers under /api/v1",
		);
	};
	let path = path.trim_start_matches('/');
	let is_place = !path.rsplit('/').next().unwrap_or_default().contains('.');
	let path = if is_place { "index.html" } else { path };
	let Some(bytes) = read(page, path).await else { return absent("the page has no such file") };
	let mut response = typed(kind(path), bytes);
	// The names of assets change with what is in them.
	let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
	response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
	response
}

/// The bytes of a file in that folder, and of no other.
async fn read(page: &Path, path: &str) -> Option<Vec<u8>> {
	let is_plain = |part: &str| {
		let mut letters = part.bytes();
		!part.starts_with('.') && letters.all(|byte| byte.is_ascii_alphanumeric() || b"._-+@~".contains(&byte))
	};
	if !path.split('/').all(|part| !part.is_empty() && is_plain(part)) {
		return None;
	}
	let page = tokio::fs::canonicalize(page).await.ok()?;
	let file = tokio::fs::canonicalize(page.join(path)).await.ok()?;
	// A link may lead out of it.
	let about = tokio::fs::metadata(&file).await.ok()?;
	if !file.starts_with(&page) || !about.is_file() || about.len() > MOST_FILE {
		return None;
	}
	tokio::fs::read(&file).await.ok()
}

fn kind(path: &str) -> &'static str {
	match path.rsplit('.').next().unwrap_or_default() {
		"html" => "text/html; charset=utf-8",
		"js" | "mjs" => "text/javascript; charset=utf-8",
		"css" => "text/css; charset=utf-8",
		"json" | "map" => "application/json",
		"webmanifest" => "application/manifest+json",
		"wasm" => "application/wasm",
		"svg" => "image/svg+xml",
		"png" => "image/png",
		"jpg" | "jpeg" => "image/jpeg",
		"webp" => "image/webp",
		"ico" => "image/x-icon",
		"woff2" => "font/woff2",
		"txt" => "text/plain; charset=utf-8",
		_ => "application/octet-stream",
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn only_names_of_this_machine_are_its_own() {
		let saying = |host: &str| HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]);
		for own in ["localhost", "LOCALHOST:9955", "127.0.0.1:1", "127.1.2.3", "[::1]:9955"] {
			assert!(is_own_name(&saying(own)), "{own}");
		}
		for other in
			["example.org", "localhost.example.org:9955", "10.0.0.1", "127.0.0.1.example.org", "", "a b", "[::2]"]
		{
			assert!(!is_own_name(&saying(other)), "{other}");
		}
		assert!(!is_own_name(&HeaderMap::new()));
	}

	#[tokio::test]
	async fn nothing_is_read_outside_the_folder_of_the_page() {
		let folder = tempfile::tempdir().unwrap();
		let page = folder.path().join("dist");
		std::fs::create_dir_all(page.join("assets")).unwrap();
		std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
		std::fs::write(page.join("assets/a.js"), "script").unwrap();
		std::fs::write(page.join(".env"), "secret").unwrap();
		std::os::unix::fs::symlink(folder.path().join("secret.txt"), page.join("link.txt")).unwrap();
		assert_eq!(read(&page, "assets/a.js").await.as_deref(), Some(b"script".as_slice()));
		for wrong in [
			"../secret.txt",
			"assets/../../secret.txt",
			"assets/..%2f..%2fsecret.txt",
			"//secret.txt",
			".env",
			"link.txt",
			"assets",
			"a\\..\\secret.txt",
			"secret.txt\0.js",
			&folder.path().join("secret.txt").display().to_string(),
		] {
			assert_eq!(read(&page, wrong).await, None, "{wrong}");
		}
	}
}
