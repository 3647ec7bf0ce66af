//! Sealed artifacts: who opens them, who is let in, and what others get.

use super::{fetch, noise, rogue, Place};
use codec::Encode;
use ogpu_worker::{
	artifacts::Artifact,
	store::{Endpoint, Error, Key, Store},
};
use std::{fs, io::Cursor, os::unix::fs::PermissionsExt};

const CLIENT: [u8; 32] = [3; 32];

async fn seal(store: &Store, plain: &[u8], recipients: &[Key]) -> Artifact {
	store.seal(CLIENT, Cursor::new(plain.to_vec()), plain.len() as u64, recipients).await.unwrap()
}

/// What this store makes of a sealed artifact that it has, with the key that it has or is given by these.
async fn opened(store: &Store, sealed: &Artifact, sources: &[&Store]) -> Result<Vec<u8>, Error> {
	let sources: Vec<_> = sources.iter().map(|source| source.endpoint().clone()).collect();
	let folder = tempfile::tempdir().unwrap();
	let key = store.content_key(sealed, &sources).await?;
	let plain = store.open_sealed(sealed, &key, folder.path()).await?;
	let path = folder.path().join(plain.hash.to_string());
	assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	let bytes = fs::read(path).unwrap();
	assert_eq!(plain, Artifact::of(&bytes));
	assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half opened is left");
	Ok(bytes)
}

/// Who refused, and why.
fn refusals(opened: Result<Vec<u8>, Error>) -> Vec<String> {
	match opened.unwrap_err() {
		Error::Locked { refusals, .. } => refusals.into_iter().map(|refusal| refusal.reason).collect(),
		other => panic!("{other}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_read_by_those_who_may_be_drawn_and_by_who_checks_and_by_nobody_else() {
	let place = Place::new();
	let (client, device, auditor, stranger) = (
		place.open("client").await,
		place.open("device").await,
		place.open("auditor").await,
		place.open("stranger").await,
	);
	let plain = noise(200_000, 13);
	let sealed = seal(&client, &plain, &[device.key()]).await;
	assert_eq!(client.sealed_for(&sealed).await.unwrap(), Some(CLIENT));
	assert_eq!(client.sealed_for(&client.add(plain.clone()).await.unwrap()).await.unwrap(), None);
	assert_eq!(client.sealed_for(&client.add(b"OGPU".to_vec()).await.unwrap()).await.unwrap(), None);

	assert!(fetch(&stranger, &sealed, &[&client]).await.is_err(), "not even in its sealed form");
	fetch(&device, &sealed, &[&client]).await.unwrap();
	for store in [&client, &device] {
		assert_eq!(opened(store, &sealed, &[]).await.unwrap(), plain);
	}

	// Whoever gets it in spite of that can read nothing of it.
	let bytes = client.get(&sealed).await.unwrap();
	assert_eq!(stranger.add(bytes).await.unwrap(), sealed);
	let locked = opened(&stranger, &sealed, &[&client, &device, &auditor]).await;
	assert_eq!(refusals(locked), ["does not let us in"; 3]);
	assert_eq!(refusals(opened(&stranger, &sealed, &[&stranger]).await), [""; 0]);

	// Its provider lets in who was drawn to check: the client need not be there any more.
	device.restrict(&sealed, &[auditor.key()]).await.unwrap();
	client.close().await;
	fetch(&auditor, &sealed, &[&device]).await.unwrap();
	assert_eq!(opened(&auditor, &sealed, &[&stranger, &device]).await.unwrap(), plain);
	let locked = opened(&stranger, &sealed, &[&auditor, &device]).await;
	assert_eq!(refusals(locked), ["does not let us in"; 2], "who checks lets in nobody by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_box_for_want_of_room_asks_the_client() {
	let place = Place::new();
	let (client, last) = (place.open("client").await, place.open("last").await);
	let many: Vec<_> = (0..255).map(|_| ogpu_worker::store::Secret::generate().key()).collect();
	// Devices of one worker have one key, and one box.
	let few: Vec<_> = many[..200].iter().chain(&many[..200]).copied().chain([last.key()]).collect();
	let sealed = seal(&client, b"for few", &few).await;
	fetch(&last, &sealed, &[&client]).await.unwrap();
	assert_eq!(opened(&last, &sealed, &[]).await.unwrap(), b"for few");
	let recipients: Vec<_> = many.into_iter().chain([last.key()]).collect();
	let sealed = seal(&client, b"", &recipients).await;
	fetch(&last, &sealed, &[&client]).await.unwrap();
	assert_eq!(refusals(opened(&last, &sealed, &[]).await), [""; 0]);
	assert_eq!(opened(&last, &sealed, &[&client]).await.unwrap(), b"");
	// It lets in others as those do who have a box.
	let auditor = place.open("auditor").await;
	last.restrict(&sealed, &[auditor.key()]).await.unwrap();
	client.close().await;
	fetch(&auditor, &sealed, &[&last]).await.unwrap();
	assert_eq!(opened(&auditor, &sealed, &[&last]).await.unwrap(), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_do_not_fit_and_inputs_that_nobody_can_open_are_told_apart() {
	let place = Place::new();
	let (client, worker) = (place.open("client").await, place.open("worker").await);
	let sealed = seal(&client, b"a question", &[]).await;
	let bytes = client.get(&sealed).await.unwrap();
	worker.add(bytes.clone()).await.unwrap();
	for (answer, reason) in [
		(Some(Some([7u8; 32]).encode()), "gives another key"),
		(Some(vec![1, 2, 3]), "gives another key"),
		(Some(vec![]), "gives another key"),
		(Some(None::<[u8; 32]>.encode()), "does not let us in"),
		(Some(vec![0; 34]), "cut off"),
		(None, "does not answer"),
	] {
		let oracle = rogue::Oracle::new(answer).await;
		let error = worker.content_key(&sealed, std::slice::from_ref(&oracle.endpoint)).await.unwrap_err();
		assert!(matches!(&error, Error::Locked { .. }) && error.to_string().contains(reason), "{reason}: {error}");
	}
	// With the right key, what is broken is broken for everybody: that is the client's fault.
	let mut broken = bytes;
	*broken.last_mut().unwrap() ^= 1;
	let broken = client.add(broken).await.unwrap();
	let error = opened(&client, &broken, &[]).await.unwrap_err();
	assert!(matches!(error, Error::Sealed(_)), "{error}");
	let cut = client.add(b"OGPUbox1".to_vec()).await.unwrap();
	assert!(matches!(client.sealed_for(&cut).await, Err(Error::Sealed(_))));
	assert!(matches!(client.content_key(&cut, &[]).await, Err(Error::Sealed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_for_a_key_is_cut_off_and_nobody_learns_what_is_here() {
	let place = Place::new();
	let client = place.open("client").await;
	let asker = async |of: &Endpoint| rogue::Asker::of_keys(of).await;
	let sealed = seal(&client, b"a question", &[]).await;
	let plain = client.add(b"no secret".to_vec()).await.unwrap();
	let stranger = asker(client.endpoint()).await;
	let nothing = Some(None::<[u8; 32]>.encode());
	for name in [sealed.hash, plain.hash, Artifact::of(b"is not here").hash] {
		assert_eq!(stranger.ask(&name.0).await, nothing);
	}
	client.restrict(&plain, &[Key::new(stranger.key).unwrap()]).await.unwrap();
	assert_eq!(stranger.ask(&plain.hash.0).await, nothing, "it has no key");
	client.restrict(&sealed, &[Key::new(stranger.key).unwrap()]).await.unwrap();
	assert_eq!(stranger.ask(&sealed.hash.0).await.map(|answer| answer.len()), Some(33));
	for bytes in [0, 31, 33, 1 << 20] {
		let asker = asker(client.endpoint()).await;
		assert_eq!(asker.ask(&vec![0; bytes]).await, None, "{bytes} bytes");
	}
}
