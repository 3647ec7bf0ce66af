//! A browser at the gateway and at the page, over real HTTP, and stores behind it over real QUIC.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use axum::{
	body::Bytes,
	http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
	client::legacy::{connect::HttpConnector, Client},
	rt::TokioExecutor,
};
use ogpu::{
	gateway::{serve, Gateway, Site, BASE},
	hex,
	home::{Home, Listening},
	parse_hash, Artifact, Name,
};
use ogpu_worker::store::{Answer, Committed, Denial, Desk, Progress, Settings, Store};
use serde_json::{json, Value};
use std::{
	fs,
	io::{Read, Write},
	net::TcpStream,
	path::{Path, PathBuf},
	sync::Arc,
};
use subxt_signer::sr25519::dev;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

const GENESIS: [u8; 32] = [1; 32];

/// A gateway and a page that are served, and a browser.
struct Door {
	folder: TempDir,
	gateway: Arc<Gateway>,
	address: String,
	browser: Client<HttpConnector, Full<Bytes>>,
	server: JoinHandle<()>,
}

struct Said {
	status: StatusCode,
	headers: HeaderMap,
	body: Bytes,
}

impl Said {
	fn json(&self) -> Value {
		serde_json::from_slice(&self.body).unwrap()
	}

	/// Why it was refused.
	fn error(&self) -> String {
		self.json()["error"].as_str().unwrap().to_owned()
	}

	fn header(&self, name: &str) -> &str {
		self.headers[name].to_str().unwrap()
	}
}

impl Door {
	async fn new(site: impl FnOnce(&Path) -> Site) -> Self {
		let folder = tempfile::tempdir().unwrap();
		let home = Home::new(Some(folder.path().join("home"))).unwrap();
		let gateway = Gateway::open(&home, &GENESIS, &Listening::default(), true).await.unwrap();
		let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let address = listener.local_addr().unwrap().to_string();
		let router = site(folder.path()).router(&gateway);
		let server = tokio::spawn(serve(listener, router));
		let browser = Client::builder(TokioExecutor::new()).build_http();
		Self { folder, gateway, address, browser, server }
	}

	async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Said {
		let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
		for (name, value) in headers {
			request = request.header(*name, *value);
		}
		let answer = self.browser.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
		let (parts, body) = answer.into_parts();
		let body = body.collect().await.unwrap().to_bytes();
		Said { status: parts.status, headers: parts.headers, body }
	}

	/// At the gateway, with its token.
	async fn ask(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Said {
		let token = format!("Bearer {}", self.gateway.token());
		self.send(method, &format!("{BASE}{path}"), &[("authorization", &token)], body).await
	}

	async fn put(&self, query: &str, body: &[u8]) -> Said {
		self.ask(Method::PUT, &format!("/artifacts{query}"), body.to_vec()).await
	}

	async fn get(&self, path: &str) -> Said {
		self.ask(Method::GET, path, "").await
	}

	/// The page, not the gateway.
	async fn page(&self, path: &str) -> Said {
		self.send(Method::GET, path, &[], "").await
	}

	async fn store(&self, name: &str) -> Store {
		let mut settings = Settings::new(self.folder.path().join(name));
		settings.listen = "127.0.0.1:0".parse().unwrap();
		Store::open(settings).await.unwrap()
	}

	/// What comes back for bytes that no browser would send.
	fn raw(&self, request: &str) -> String {
		let mut stream = TcpStream::connect(&self.address).unwrap();
		stream.write_all(request.as_bytes()).unwrap();
		let mut answer = String::new();
		stream.read_to_string(&mut answer).unwrap();
		answer
	}
}

impl Drop for Door {
	fn drop(&mut self) {
		self.server.abort();
	}
}

async fn no_page() -> Door {
	Door::new(|_| Site { node: "ws://127.0.0.1:9944".into(), chain: "Test".into(), ..Site::default() }).await
}

fn noise(bytes: usize) -> Vec<u8> {
	let mut noise = vec![0; bytes];
	blake3::Hasher::new().finalize_xof().fill(&mut noise);
	noise
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nobody_learns_or_leaves_anything() {
	let door = no_page().await;
	let token = door.gateway.token().to_string();
	let wrong = [
		vec![],
		vec![("authorization", token.clone())],
		vec![("authorization", format!("Bearer {}", &token[..63]))],
		vec![("authorization", format!("Bearer {}0", &token[..63]))],
		vec![("authorization", format!("Basic {token}"))],
	];
	for headers in wrong {
		let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
		for (method, path) in [
			(Method::GET, ""),
			(Method::PUT, "/artifacts"),
			(Method::GET, &format!("/artifacts/{}", "0".repeat(64))),
			(Method::POST, "/shape"),
			(Method::POST, "/ask"),
			(Method::GET, "/nothing"),
		] {
			let said = door.send(method, &format!("{BASE}{path}"), &headers, "something").await;
			let is_guess = token.ends_with('0') && headers.iter().any(|(_, value)| value.ends_with(&token));
			assert!(said.status == StatusCode::UNAUTHORIZED || is_guess, "{path} {headers:?}");
			assert!(is_guess || said.error().contains("Bearer"), "{path}");
			assert_eq!(said.header("access-control-allow-origin"), "*", "a page elsewhere can read why");
		}
	}
	assert_eq!(door.gateway.store().usage().artifacts, 0);
	// Browsers ask first, and send no token with that.
	let asking = [("origin", "https://page.example"), ("access-control-request-method", "PUT")];
	let said = door.send(Method::OPTIONS, &format!("{BASE}/artifacts"), &asking, "").await;
	assert_eq!(said.status, StatusCode::NO_CONTENT);
	assert_eq!(said.header("access-control-allow-headers"), "authorization, content-type");
	assert_eq!(said.header("access-control-allow-private-network"), "true");
	let about = door.get("").await.json();
	assert_eq!(about["genesis"], hex(&GENESIS));
	assert_eq!(about["endpoint"], door.gateway.store().endpoint().to_string());
	assert_eq!(about["key"], hex(door.gateway.store().key().bytes()));
	assert_eq!(door.get("/nothing").await.status, StatusCode::NOT_FOUND);
	assert_eq!(door.ask(Method::POST, "/artifacts", "").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// The account of the page's user.
const CLIENT: [u8; 32] = [3; 32];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_supplies_workers_fetch_and_what_is_for_a_few_only_they_do() {
	let door = no_page().await;
	let (friend, stranger) = (door.store("friend").await, door.store("stranger").await);
	let source = [door.gateway.store().endpoint().clone()];
	let bytes = noise(1_000_000);
	let put = door.put("", &bytes).await;
	assert_eq!(put.json(), json!({ "hash": hex(&Name::of(&bytes).0), "size": 1_000_000 }));
	stranger.fetch(&Artifact::of(&bytes), &source, |_| {}).await.unwrap();
	assert_eq!(stranger.get(&Artifact::of(&bytes)).await.unwrap(), bytes);

	let private = b"[\"a question\"]";
	let client = hex(&CLIENT);
	// By any of the forms in which a key is known.
	let mut sealed = Vec::new();
	for key in [friend.key().to_string(), hex(friend.key().bytes()), friend.endpoint().to_string()] {
		let put = door.put(&format!("?client={client}&seal={key}"), private).await;
		assert_eq!(put.status, StatusCode::OK, "{:?}", put.body);
		let hash = parse_hash(put.json()["hash"].as_str().unwrap()).unwrap();
		sealed.push(Artifact { hash: Name(hash), bytes: put.json()["size"].as_u64().unwrap() });
	}
	for sealed in &sealed {
		assert_ne!(sealed.hash, Name::of(private));
		friend.fetch(sealed, &source, |_| {}).await.unwrap();
		assert_eq!(friend.sealed_for(sealed).await.unwrap(), Some(CLIENT));
		let key = friend.content_key(sealed, &[]).await.unwrap();
		let plain = friend.open_sealed(sealed, &key, door.folder.path()).await.unwrap();
		assert_eq!(plain, Artifact::of(private));
		let refused = stranger.fetch(sealed, &source, |_| {}).await.unwrap_err().to_string();
		assert!(refused.contains("refuses"), "{refused}");
	}
	// The page says for which request it was, once or more often.
	let tell = |request: &str, inputs: &Name| json!({ "request": request, "inputs": hex(&inputs.0) }).to_string();
	let request = "ab".repeat(32);
	for _ in 0..2 {
		let told = door.ask(Method::POST, "/private", tell(&request, &sealed[0].hash)).await;
		assert_eq!((told.status, told.json()), (StatusCode::OK, json!({ "open": 1 })));
	}
	for (request, inputs, status, word) in [
		("ab", sealed[0].hash, StatusCode::BAD_REQUEST, "`request`"),
		(request.as_str(), Name::of(b"elsewhere"), StatusCode::NOT_FOUND, "not here"),
		(request.as_str(), Name::of(&bytes), StatusCode::BAD_REQUEST, "for everybody"),
	] {
		let told = door.ask(Method::POST, "/private", tell(request, &inputs)).await;
		assert_eq!(told.status, status, "{word}");
		assert!(told.error().contains(word), "{}", told.error());
	}
	assert_eq!(fs::read_dir(door.folder.path().join("home/0101010101010101/gateway/uploads")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_comes_through_the_gateway_as_it_was_named_and_goes_to_nobody_else() {
	let door = no_page().await;
	let (provider, stranger) = (door.store("provider").await, door.store("stranger").await);
	let bytes = noise(3_000_000);
	let result = provider.add(bytes.clone()).await.unwrap();
	let small = provider.add(b"small".to_vec()).await.unwrap();
	provider.restrict(&result, &[door.gateway.store().key()]).await.unwrap();
	let from = provider.endpoint().to_string();
	let missing = door.get(&format!("/artifacts/{}", result.hash)).await;
	assert_eq!(missing.status, StatusCode::NOT_FOUND);
	assert!(missing.error().contains("`from`"), "{}", missing.error());
	let wrong_size = door.get(&format!("/artifacts/{}?size=2999999&from={from}", result.hash)).await;
	assert_eq!(wrong_size.status, StatusCode::BAD_GATEWAY, "{:?}", wrong_size.body);
	let named = format!("/artifacts/{}?size=3000000&from={from}", hex(&result.hash.0));
	let said = door.get(&named).await;
	assert_eq!((said.status, said.header("content-length")), (StatusCode::OK, "3000000"));
	assert_eq!(said.header("content-type"), "application/octet-stream");
	assert_eq!(said.header("x-content-type-options"), "nosniff");
	assert!(said.body == bytes);
	// Without a size, the tree of hashes says how long it is.
	let said = door.get(&format!("/artifacts/{}?from={from}", small.hash)).await;
	assert_eq!(&said.body[..], b"small");
	let source = [door.gateway.store().endpoint().clone()];
	for artifact in [result, small] {
		assert!(stranger.fetch(&artifact, &source, |_| {}).await.is_err(), "it was for one client");
	}
	// From then on it is here.
	provider.close().await;
	assert!(door.get(&named).await.body == bytes);
	let gone = door.get(&format!("/artifacts/{}?size=4&from={from}", Name::of(b"gone"))).await;
	assert_eq!(gone.status, StatusCode::BAD_GATEWAY, "{:?}", gone.body);
	let empty = door.get(&format!("/artifacts/{}", Name::of(b""))).await;
	assert_eq!((empty.status, empty.body.len()), (StatusCode::OK, 0));
	assert_eq!(door.put("", b"").await.json(), json!({ "hash": hex(&Name::of(b"").0), "size": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_said_precisely_and_leaves_nothing() {
	let door = no_page().await;
	let hash = "ab".repeat(32);
	let endpoint = door.gateway.store().endpoint().to_string();
	let many: String = (0..17).map(|_| format!("&from={endpoint}")).collect();
	for (path, word) in [
		("/artifacts/abcd".to_owned(), "64 hexadecimal digits"),
		(format!("/artifacts/{}", "g".repeat(64)), "64 hexadecimal digits"),
		("/artifacts/..%2f..%2ftoken".into(), "64 hexadecimal digits"),
		(format!("/artifacts/{hash}?size=-1"), "`size`"),
		(format!("/artifacts/{hash}?size=99999999999999999999999"), "`size`"),
		(format!("/artifacts/{hash}?size=1&size=2"), "once"),
		(format!("/artifacts/{hash}?from=somewhere"), "`from` is no endpoint"),
		(format!("/artifacts/{hash}?size=1{many}"), "at most 16"),
		(format!("/artifacts/{hash}?sise=1"), "\"sise\" means nothing here"),
		(format!("/artifacts/{hash}?size=9999999999999&from={endpoint}"), "at most"),
	] {
		let said = door.get(&path).await;
		assert_eq!(said.status, StatusCode::BAD_REQUEST, "{path}: {:?}", said.body);
		assert!(said.error().contains(word), "{path}: {}", said.error());
	}
	for (query, word) in [
		("?seal=me".to_owned(), "`seal` is no transport key"),
		(format!("?seal={endpoint}"), "`client` names the account"),
		(format!("?client={}", hex(&CLIENT)), "`client` names the account"),
		(format!("?seal={endpoint}&client=me"), "`me` is no account"),
		(format!("?seal={}", "00".repeat(32)), "small order"),
		("?saal=x".into(), "means nothing here"),
		(format!("?{}", "seal=x&".repeat(5_000)), "`seal`"),
	] {
		let said = door.put(&query, b"secret").await;
		assert_eq!(said.status, StatusCode::BAD_REQUEST, "{query:.40}");
		assert!(said.error().contains(word), "{query:.40}: {}", said.error());
	}
	let token = door.gateway.token();
	let head = format!(
		"PUT {BASE}/artifacts HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n"
	);
	let large = door.raw(&format!("{head}content-length: 268435457\r\n\r\n"));
	assert!(large.starts_with("HTTP/1.1 413") && large.contains("268435456"), "{large}");
	// Half a body, and the browser is gone.
	let mut stream = TcpStream::connect(&door.address).unwrap();
	stream.write_all(format!("{head}content-length: 100\r\n\r\nhalf").as_bytes()).unwrap();
	stream.shutdown(std::net::Shutdown::Write).unwrap();
	stream.read_to_end(&mut Vec::new()).unwrap();
	assert!(door.raw("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
	for (path, most) in [("/shape", 600_000), ("/ask", 5_000), ("/private", 5_000)] {
		let said = door.ask(Method::POST, path, vec![b' '; most]).await;
		assert_eq!(said.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
		for body in ["", "{", "[]", "{\"manifest\": 1}", "\u{0}"] {
			let said = door.ask(Method::POST, path, body).await;
			assert_eq!(said.status, StatusCode::BAD_REQUEST, "{path} {body}");
			assert!(said.error().contains("JSON"), "{path} {body}: {}", said.error());
		}
	}
	assert_eq!(door.gateway.store().usage().artifacts, 0);
}

fn example(name: &str) -> String {
	let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../gpu-offchain/examples");
	fs::read_to_string(examples.join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_is_weighed_as_the_command_line_tool_weighs_it() {
	let door = no_page().await;
	let shape = async |asked: Value| door.ask(Method::POST, "/shape", asked.to_string()).await;
	let training = shape(json!({ "manifest": example("train-text.toml") })).await.json();
	assert_eq!((&training["kind"], &training["leaves"]), (&json!("training"), &json!(4)));
	assert_eq!((&training["partLeaves"], &training["longestBlocks"]), (&json!(4), &json!(5_000)));
	let work = ogpu::work::Work::parse(example("train-text.toml").into_bytes()).unwrap();
	let weighed = work.shape(1, &ogpu_worker::artifacts::Memory::default()).unwrap();
	assert_eq!(training["leaf"]["work"], weighed.leaf.work.to_string());
	assert_eq!(training["leaf"]["fetchedBytes"], weighed.leaf.fetched_bytes.to_string());
	let parts =
		shape(json!({ "manifest": example("train-text.toml"), "parts": 2, "longestBlocks": 9_000 })).await.json();
	assert_eq!((&parts["partLeaves"], &parts["longestBlocks"]), (&json!(2), &json!(9_000)));

	let service = async |texts: u32| shape(json!({ "manifest": example("service.toml"), "texts": texts })).await.json();
	let (one, three) = (service(1).await, service(3).await);
	assert_eq!(one["kind"], "generate");
	let number = |value: &Value| value.as_str().unwrap().parse::<u128>().unwrap();
	assert!(number(&one["promptWork"]) > 0 && number(&three["promptWork"]) <= number(&three["leaf"]["recomputeWork"]));
	assert_eq!(three["leaves"].as_u64().unwrap(), one["leaves"].as_u64().unwrap() * 3);

	// What a picture weighs depends on its scene, which has to be here.
	let rendering = json!({ "manifest": example("render.toml") });
	let missing = shape(rendering.clone()).await;
	assert_eq!(missing.status, StatusCode::NOT_FOUND, "{:?}", missing.body);
	let named = ogpu::work::Work::parse(example("render.toml").into_bytes()).unwrap().named;
	assert!(missing.error().contains(&named[0].hash.to_string()), "{}", missing.error());

	for (asked, word) in [
		(json!({ "manifest": "version = 2" }), "version"),
		(json!({ "manifest": "version = 1\n[work" }), "TOML"),
		(json!({ "manifest": example("train-text.toml"), "parts": 5 }), "5 parts"),
		(json!({ "manifest": example("generate.toml") }), "neither a job nor a service"),
		(json!({ "manifest": "#".repeat(70_000) }), "at most"),
		(json!({ "manifest": example("service.toml"), "texts": -1 }), "JSON"),
	] {
		let said = shape(asked).await;
		assert_eq!(said.status, StatusCode::BAD_REQUEST, "{word}: {:?}", said.body);
		assert!(said.error().contains(word), "{word}: {}", said.error());
	}
}

/// Says the same to one client.
struct OneClient(Answer);

impl Desk for OneClient {
	fn answer(&self, _: &[u8; 32], account: &[u8; 32]) -> Result<Answer, Denial> {
		if *account == dev::alice().public_key().0 {
			Ok(self.0.clone())
		} else {
			Err(Denial::NotYours)
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_a_question_and_the_page_hears_what_was_committed_to() {
	let door = no_page().await;
	let provider = door.store("provider").await;
	let committed = Committed { task: [2; 32], leaves: 4, root: [3; 32], output: [4; 32], bytes: 5, salt: [6; 32] };
	let progress = Progress { done: 1, leaves: 4, losses: vec![2.5, f32::NAN] };
	let answer = Answer { committed: vec![committed], progress: Some(progress) };
	provider.open_desk(GENESIS, Arc::new(OneClient(answer)));
	let own = door.gateway.store().key();
	let message = [b"ogpu/result-ask1".as_slice(), &GENESIS, &[2; 32], provider.key().bytes(), own.bytes()].concat();
	let wrapped = [b"<Bytes>".as_slice(), &message, b"</Bytes>"].concat();
	let ask = async |key: &subxt_signer::sr25519::Keypair, signed: &[u8], endpoint: &str| {
		let asked = json!({
			"task": hex(&[2; 32]), "account": ogpu::address(&key.public_key().0),
			"signature": hex(&key.sign(signed).0), "endpoint": endpoint,
		});
		door.ask(Method::POST, "/ask", asked.to_string()).await
	};
	let endpoint = provider.endpoint().to_string();
	let told = ask(&dev::alice(), &wrapped, &endpoint).await;
	assert_eq!(told.status, StatusCode::OK, "{:?}", told.body);
	assert_eq!(
		told.json(),
		json!({
			"committed": [{
				"task": hex(&[2; 32]), "leaves": 4, "root": hex(&[3; 32]), "output": hex(&[4; 32]), "size": 5,
				"salt": hex(&[6; 32]),
			}],
			"progress": { "done": 1, "leaves": 4, "losses": [2.5, null] },
		})
	);
	assert_eq!(ask(&dev::alice(), &message, &endpoint).await.status, StatusCode::OK);
	let refused = ask(&dev::bob(), &wrapped, &endpoint).await;
	assert_eq!(refused.status, StatusCode::FORBIDDEN);
	assert!(refused.error().contains("only the client"), "{}", refused.error());
	assert!(ask(&dev::alice(), b"something else", &endpoint).await.error().contains("signature"));
	let idle = door.store("idle").await;
	let nothing = ask(&dev::alice(), &wrapped, &idle.endpoint().to_string()).await;
	assert_eq!((nothing.status, nothing.json()), (StatusCode::OK, json!(null)), "it works on nothing of this name");
	provider.close().await;
	assert_eq!(ask(&dev::alice(), &wrapped, &endpoint).await.status, StatusCode::BAD_GATEWAY);
	assert_eq!(ask(&dev::alice(), &wrapped, "nowhere").await.status, StatusCode::BAD_REQUEST);
	let itself = door.gateway.store().endpoint().to_string();
	assert_eq!(ask(&dev::alice(), &wrapped, &itself).await.status, StatusCode::BAD_REQUEST);
}

async fn with_page() -> Door {
	Door::new(|folder| {
		let page = folder.join("dist");
		fs::create_dir_all(page.join("assets")).unwrap();
		fs::write(page.join("index.html"), "<!doctype html>the page").unwrap();
		fs::write(page.join("assets/app-1a2b.js"), "script").unwrap();
		fs::write(folder.join("secret"), "secret").unwrap();
		let (node, chain) = ("ws://127.0.0.1:9944".into(), "Test".into());
		Site { page: Some(page), node, chain, spec: Some("{\"name\":\"Test\"}".into()) }
	})
	.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_served_strictly_and_nothing_beside_it() {
	let door = with_page().await;
	for path in ["/", "/index.html", "/provider/devices", "/?dark=1"] {
		let said = door.page(path).await;
		assert_eq!(&said.body[..], b"<!doctype html>the page", "{path}");
		assert_eq!(said.header("content-type"), "text/html; charset=utf-8");
		let policy = said.header("content-security-policy");
		assert!(
			policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"),
			"{policy}"
		);
		assert_eq!(said.header("x-content-type-options"), "nosniff");
		assert_eq!(said.header("cache-control"), "no-cache");
		assert!(!said.headers.contains_key("access-control-allow-origin"));
	}
	let script = door.page("/assets/app-1a2b.js").await;
	assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
	assert!(script.header("cache-control").contains("immutable"));
	assert_eq!(door.page("/assets/app-old.js").await.status, StatusCode::NOT_FOUND);
	assert_eq!(door.send(Method::POST, "/", &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
	for path in ["/../secret", "/assets/../../secret", "/..%2fsecret", "/%2e%2e/secret", "//etc/passwd", "/.."] {
		let answer = door.raw(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"));
		assert!(!answer.contains("root:") && !answer.ends_with("secret"), "{path}: {answer}");
	}
	assert_eq!(door.page("/chain.json").await.json()["name"], "Test");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_told_to_pages_from_here_alone() {
	let door = with_page().await;
	let config = async |headers: &[(&str, &str)]| door.send(Method::GET, "/config.json", headers, "").await;
	let expected = json!({
		"node": "ws://127.0.0.1:9944", "chain": "Test", "gateway": BASE, "spec": "/chain.json",
		"token": door.gateway.token().to_string(),
	});
	let told = config(&[]).await;
	assert_eq!((told.json(), told.header("cache-control")), (expected.clone(), "no-store"));
	let own = format!("http://{}", door.address);
	assert_eq!(config(&[("origin", &own), ("sec-fetch-site", "same-origin")]).await.json(), expected);
	for headers in [
		&[("origin", "https://evil.example")][..],
		&[("origin", "null")],
		&[("origin", "http://127.0.0.1:1")],
		&[("sec-fetch-site", "cross-site")],
		&[("sec-fetch-site", "same-site")],
	] {
		let said = config(headers).await;
		assert_eq!(said.status, StatusCode::FORBIDDEN, "{headers:?}");
		assert!(!said.headers.contains_key("access-control-allow-origin"));
	}
	// A name of somebody else's that resolves to this machine.
	for host in ["evil.example", "evil.example:9955", "localhost.evil.example", "10.1.2.3", "127.0.0.1.evil.example"] {
		for path in ["/config.json", "/", "/chain.json"] {
			let said = door.send(Method::GET, path, &[("host", host)], "").await;
			assert_eq!(said.status, StatusCode::MISDIRECTED_REQUEST, "{host}{path}");
			assert!(!String::from_utf8_lossy(&said.body).contains(&door.gateway.token().to_string()));
		}
	}
	assert_eq!(door.send(Method::GET, "/config.json", &[("host", "localhost:9955")], "").await.status, StatusCode::OK);
	let none = door.raw("GET /config.json HTTP/1.0\r\n\r\n");
	assert!(none.starts_with("HTTP/1.0 421") || none.starts_with("HTTP/1.1 421"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_page_the_gateway_stands_and_says_how_to_have_one() {
	let door = no_page().await;
	let said = door.page("/").await;
	assert_eq!(said.status, StatusCode::NOT_FOUND);
	assert!(said.error().contains("make dashboard"), "{}", said.error());
	assert_eq!(door.page("/chain.json").await.status, StatusCode::NOT_FOUND);
	assert!(door.page("/config.json").await.json().get("spec").is_none());
	assert_eq!(door.get("").await.status, StatusCode::OK);
	// A second one for the same chain would serve other artifacts.
	let home = Home::new(Some(door.folder.path().join("home"))).unwrap();
	let error = Gateway::open(&home, &GENESIS, &Listening::default(), true).await.err().unwrap().to_string();
	assert!(error.contains("open already") && error.contains("--home"), "{error}");
}
