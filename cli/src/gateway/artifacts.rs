//! What is put into the store, and what is fetched from it, or through it from others.

use super::{answer, guard::Place, Gateway, Refusal, SILENCE};
use crate::{home::Journal, parse_account, Artifact, Name, Result};
use axum::{
	body::Body,
	extract::{Extension, Path, RawQuery, State},
	http::{header, HeaderMap, StatusCode},
	response::{IntoResponse, Response},
};
use futures::{stream, StreamExt};
use ogpu_worker::{
	artifacts::MOST_BYTES,
	store::{Endpoint, Key},
};
use serde_json::json;
use std::{fs, io::ErrorKind, path::PathBuf, sync::Arc};
use tempfile::NamedTempFile;
use tokio::{io::AsyncWriteExt, time::timeout};

/// Nothing larger is taken from a browser.
const MOST_UPLOAD: u64 = 256 << 20;
/// Keys that may be named for an artifact, and sources that are asked for one.
const MOST_KEYS: usize = 1_000;
const MOST_SOURCES: usize = 16;

fn uploads(journal: &Journal) -> PathBuf {
	journal.folder().join("uploads")
}

/// What was on its way when the last process ended is gone.
pub(super) fn make_room_for_uploads(journal: &Journal) -> Result<()> {
	let folder = uploads(journal);
	match fs::remove_dir_all(&folder) {
		Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
		_ => {}
	}
	Ok(fs::create_dir_all(folder)?)
}

/// Takes an artifact: for all, or sealed for those whose keys are named.
pub(super) async fn put(
	State(gateway): State<Arc<Gateway>>,
	RawQuery(query): RawQuery,
	headers: HeaderMap,
	body: Body,
) -> Result<Response, Refusal> {
	let query = Query::parse(query, &["seal", "client"])?;
	let recipients = query.all("seal").map(key).collect::<Result<Vec<_>, _>>()?;
	let client = query.one("client")?.map(parse_account).transpose();
	let client = client.map_err(|error| Refusal::invalid(error.to_string()))?;
	if client.is_some() == recipients.is_empty() {
		return Err(Refusal::invalid("`client` names the account whose request is sealed, and `seal` for whom"));
	}
	if recipients.len() > MOST_KEYS {
		return Err(Refusal::invalid(format!("{} keys: at most {MOST_KEYS} can be named", recipients.len())));
	}
	let said = headers.get(header::CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse::<u64>().ok());
	if said.is_some_and(|said| said > MOST_UPLOAD) {
		return Err(too_large());
	}
	let (file, mut artifact) = receive(&gateway, body).await?;
	let store = gateway.store();
	if let Some(client) = client {
		artifact = store.seal(client, file.reopen()?, artifact.bytes, &recipients).await?;
	} else if artifact.bytes > 0 {
		let added = store.add_file(file.path()).await?;
		if added != artifact {
			return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "what came changed on the disk: try again"));
		}
		// It may have been fetched before, for whoever has the page alone.
		store.lift(&artifact).await?;
	}
	if artifact.bytes > 0 {
		gateway.depot.keep(&artifact, &artifact.hash.0).await?;
	}
	Ok(answer(&json!({ "hash": crate::hex(&artifact.hash.0), "size": artifact.bytes })))
}

fn too_large() -> Refusal {
	Refusal::new(
		StatusCode::PAYLOAD_TOO_LARGE,
		format!(
			"more than {MOST_UPLOAD} bytes are not taken from a browser: put the file there with the command line tool"
		),
	)
}

/// Writes what comes into a file, which is gone when it is dropped.
async fn receive(gateway: &Gateway, body: Body) -> Result<(NamedTempFile, Artifact), Refusal> {
	let file = NamedTempFile::new_in(uploads(&gateway.journal))?;
	let mut writer = tokio::io::BufWriter::with_capacity(1 << 20, tokio::fs::File::from_std(file.reopen()?));
	let (mut pieces, mut hasher, mut bytes) = (body.into_data_stream(), blake3::Hasher::new(), 0u64);
	while let Some(piece) = timeout(SILENCE, pieces.next()).await.map_err(|_| Refusal::silent())? {
		let piece = piece.map_err(|error| Refusal::invalid(format!("the body was cut off: {error}")))?;
		bytes = bytes.saturating_add(piece.len() as u64);
		if bytes > MOST_UPLOAD {
			return Err(too_large());
		}
		hasher.update(&piece);
		writer.write_all(&piece).await?;
	}
	writer.flush().await?;
	Ok((file, Artifact { hash: Name(*hasher.finalize().as_bytes()), bytes }))
}

/// Gives an artifact: from the store, or from whoever has it, checked on its way. What is fetched is then served to nobody
/// else from here, since it may be an answer that is for one client alone.
pub(super) async fn get(
	State(gateway): State<Arc<Gateway>>,
	Path(hash): Path<String>,
	RawQuery(query): RawQuery,
	Extension(place): Extension<Place>,
) -> Result<Response, Refusal> {
	let name = crate::parse_hash(&hash).map(Name);
	let name = name.ok_or_else(|| Refusal::invalid("an artifact is named by 64 hexadecimal digits"))?;
	let query = Query::parse(query, &["size", "from"])?;
	let size = query.one("size")?.map(str::parse::<u64>).transpose();
	let size = size.map_err(|_| Refusal::invalid("`size` is a number of bytes"))?;
	let sources: Vec<Endpoint> = query
		.all("from")
		.map(|text| text.parse().map_err(|error| Refusal::invalid(format!("`from` is no endpoint: {error}"))))
		.collect::<Result<_, _>>()?;
	if sources.len() > MOST_SOURCES {
		return Err(Refusal::invalid(format!("{} sources: at most {MOST_SOURCES} are asked", sources.len())));
	}
	let artifact = find(&gateway, name, size, &sources).await?;
	let headers = [
		(header::CONTENT_TYPE, "application/octet-stream".to_owned()),
		(header::CONTENT_LENGTH, artifact.bytes.to_string()),
	];
	if artifact.bytes == 0 {
		return Ok((headers, Body::empty()).into_response());
	}
	let pieces = gateway.store().stream(&artifact).await?;
	let pieces = stream::unfold((pieces, place), |(mut pieces, place)| async move {
		let piece = pieces.recv().await?;
		Some((piece, (pieces, place)))
	});
	Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Has an artifact in the store, whatever it takes.
async fn find(gateway: &Gateway, name: Name, size: Option<u64>, sources: &[Endpoint]) -> Result<Artifact, Refusal> {
	let store = gateway.store();
	match store.find(&name, MOST_BYTES, &[]).await {
		Ok(artifact) if size.is_none_or(|size| size == artifact.bytes) => return Ok(artifact),
		Ok(artifact) => {
			return Err(Refusal::invalid(format!("artifact {name} has {} bytes, not another number", artifact.bytes)))
		}
		Err(_) if sources.is_empty() => {
			let text = format!("artifact {name} is not here: say with `from` who has it");
			return Err(Refusal::new(StatusCode::NOT_FOUND, text));
		}
		Err(_) => {}
	}
	let artifact = match size {
		Some(bytes) => Artifact { hash: name, bytes },
		None => store.find(&name, MOST_BYTES, sources).await?,
	};
	store.restrict(&artifact, &[]).await?;
	gateway.depot.bring(&artifact, sources, &name.0).await?;
	Ok(artifact)
}

/// A transport key: 64 hexadecimal digits, 52 of its own alphabet, or the endpoint that has it.
fn key(text: &str) -> Result<Key, Refusal> {
	let wrong = |error: &dyn std::fmt::Display| Refusal::invalid(format!("`seal` is no transport key: {error}"));
	match (crate::parse_hash(text), text.contains('@')) {
		(Some(bytes), _) => Key::new(bytes).map_err(|error| wrong(&error)),
		(None, true) => Ok(text.parse::<Endpoint>().map_err(|error| wrong(&error))?.key()),
		(None, false) => text.parse().map_err(|error| wrong(&error)),
	}
}

/// What stands behind the question mark.
struct Query(Vec<(String, String)>);

impl Query {
	/// Refuses what is not known: a misspelt `seal` would make public what was meant for a few.
	fn parse(text: Option<String>, known: &[&str]) -> Result<Self, Refusal> {
		let text = text.unwrap_or_default();
		let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
		match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
			Some((name, _)) => {
				let name: String = name.chars().take(40).collect();
				Err(Refusal::invalid(format!("{name:?} means nothing here: {} can be said", known.join(" and "))))
			}
			None => Ok(Self(pairs)),
		}
	}

	fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
		self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
	}

	fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Refusal> {
		let mut all = self.all(name);
		match (all.next(), all.next()) {
			(_, Some(_)) => Err(Refusal::invalid(format!("`{name}` can be said once"))),
			(one, None) => Ok(one),
		}
	}
}
