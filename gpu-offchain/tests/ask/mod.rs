//! Clients ask what became of their works, and others try to hear it.

use super::{fetch, noise, rogue, Place};
use codec::Encode;
use ogpu_protocol::commitment::{Outcome, Place as Committing};
use ogpu_worker::{
	artifacts::Artifact,
	job::blake2,
	store::{Answer, Committed, Denial, Desk, Endpoint, Error, Progress, Store},
};
use std::sync::Arc;
use subxt_signer::sr25519::{dev, Keypair};

const GENESIS: [u8; 32] = [1; 32];
const TASK: [u8; 32] = [2; 32];
const PROVIDER: [u8; 32] = [3; 32];
const SALT: [u8; 32] = [4; 32];

/// Knows one work of one client.
struct OneWork {
	client: [u8; 32],
	answer: Answer,
}

impl Desk for OneWork {
	fn answer(&self, task: &[u8; 32], account: &[u8; 32]) -> Result<Answer, Denial> {
		match (*task == TASK, *account == self.client) {
			(false, _) => Err(Denial::Unknown),
			(true, false) => Err(Denial::NotYours),
			(true, true) => Ok(self.answer.clone()),
		}
	}
}

/// What the chain has, and what opens it.
fn committed(output: &Artifact) -> (Committed, [u8; 32]) {
	let outcome = Outcome { root: [5; 32], output: output.hash.0 };
	let commitment = Committing { task: TASK, round: 0, account: PROVIDER }.commit(blake2, &outcome, &SALT);
	let Outcome { root, output: hash } = outcome;
	(Committed { task: TASK, leaves: 4, root, output: hash, bytes: output.bytes, salt: SALT }, commitment)
}

fn open_desk(store: &Store, client: &Keypair, answer: Answer) {
	store.open_desk(GENESIS, Arc::new(OneWork { client: client.public_key().0, answer }));
}

fn denial(asked: Result<Answer, Error>) -> Denial {
	match asked.unwrap_err() {
		Error::Denied { denial, .. } => denial,
		other => panic!("{other}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_at_once_what_was_committed_to_and_fetches_it_and_nobody_else_does() {
	let place = Place::new();
	let (provider, client, stranger) =
		(place.open("provider").await, place.open("client").await, place.open("stranger").await);
	let (alice, bob) = (dev::alice(), dev::bob());
	let ask = async |store: &Store, task: [u8; 32], key: &Keypair, genesis: [u8; 32]| {
		store.ask(provider.endpoint(), &task, key, &genesis).await
	};
	assert_eq!(denial(ask(&client, TASK, &alice, GENESIS).await), Denial::Unknown, "it has no desk");

	let bytes = noise(100_000, 1);
	let output = provider.add(bytes.clone()).await.unwrap();
	provider.restrict(&output, &[client.key()]).await.unwrap();
	let losses = vec![2.5, 1.25];
	let running = Answer { committed: vec![], progress: Some(Progress { done: 2, leaves: 4, losses }) };
	open_desk(&provider, &alice, running.clone());
	assert_eq!(ask(&client, TASK, &alice, GENESIS).await.unwrap(), running);

	let (result, commitment) = committed(&output);
	open_desk(&provider, &alice, Answer { committed: vec![result], ..running });
	let answer = ask(&client, TASK, &alice, GENESIS).await.unwrap();
	assert_eq!(answer.committed, [result]);
	let told = answer.committed[0];
	assert!(told.opens(&PROVIDER, &commitment), "it is what the chain has");
	assert!(!told.opens(&[9; 32], &commitment), "another provider's commitment is another one");
	assert!(!Committed { output: [9; 32], ..told }.opens(&PROVIDER, &commitment));
	assert!(!Committed { salt: [9; 32], ..told }.opens(&PROVIDER, &commitment));
	fetch(&client, &told.artifact(), &[&provider]).await.unwrap();
	assert_eq!(client.get(&told.artifact()).await.unwrap(), bytes);

	assert_eq!(denial(ask(&stranger, TASK, &bob, GENESIS).await), Denial::NotYours);
	assert_eq!(denial(ask(&client, [7; 32], &alice, GENESIS).await), Denial::Unknown);
	assert_eq!(denial(ask(&client, TASK, &alice, [7; 32]).await), Denial::Unsigned, "signed for another chain");
	assert!(fetch(&stranger, &told.artifact(), &[&provider]).await.is_err());
	assert!(matches!(provider.ask(provider.endpoint(), &TASK, &alice, &GENESIS).await, Err(Error::Invalid(_))));
}

/// What is signed to ask about the task, from one end to the other.
fn message(asked: &Endpoint, asking: &[u8; 32]) -> Vec<u8> {
	[b"ogpu/result-ask1".as_slice(), &GENESIS, &TASK, asked.key().bytes(), asking].concat()
}

/// A question of this account as it goes over the wire.
fn question(key: &Keypair, asked: &Endpoint, asking: &[u8; 32]) -> Vec<u8> {
	[TASK.as_slice(), &key.public_key().0, &key.sign(&message(asked, asking)).0].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_in_a_browser_signs_wrapped_bytes_and_is_answered() {
	let place = Place::new();
	let (provider, client, other) =
		(place.open("provider").await, place.open("client").await, place.open("other").await);
	let alice = dev::alice();
	open_desk(&provider, &alice, Answer::default());
	let wrap = |message: &[u8]| [b"<Bytes>".as_slice(), message, b"</Bytes>"].concat();
	let message = message(provider.endpoint(), client.key().bytes());
	let account = alice.public_key().0;
	let ask = async |store: &Store, signed: &[u8]| {
		store.ask_signed(provider.endpoint(), &TASK, &account, &alice.sign(signed).0).await
	};
	assert_eq!(ask(&client, &wrap(&message)).await.unwrap(), Answer::default());
	assert_eq!(ask(&client, &message).await.unwrap(), Answer::default());
	for wrong in [wrap(&wrap(&message)), wrap(b""), [b"<Bytes>".as_slice(), &message].concat()] {
		assert_eq!(denial(ask(&client, &wrong).await), Denial::Unsigned);
	}
	assert_eq!(denial(ask(&other, &wrap(&message)).await), Denial::Unsigned, "signed for another store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_overheard_or_is_none_gets_nothing() {
	let place = Place::new();
	let (provider, client, other) =
		(place.open("provider").await, place.open("client").await, place.open("other").await);
	let alice = dev::alice();
	open_desk(&provider, &alice, Answer::default());
	let refused = Err::<Answer, _>(Denial::Unsigned).encode();
	let asker = rogue::Asker::new(provider.endpoint()).await;
	let own = question(&alice, provider.endpoint(), &asker.key);
	assert_eq!(asker.ask(&own).await, Some(Ok::<_, Denial>(Answer::default()).encode()), "so it is asked");
	for overheard in [
		question(&alice, provider.endpoint(), client.key().bytes()),
		question(&alice, other.endpoint(), &asker.key),
		[&own[..64], &[0; 64]].concat(),
		[&own[..32], &dev::bob().public_key().0, &own[64..]].concat(),
		[&[8; 32], &own[32..]].concat(),
	] {
		assert_eq!(asker.ask(&overheard).await, Some(refused.clone()));
	}
	for nothing in [&own[..127], &[own.as_slice(), &[0]].concat(), &[], &vec![0; 1 << 20]] {
		let asker = rogue::Asker::new(provider.endpoint()).await;
		assert_eq!(asker.ask(nothing).await, None, "{} bytes", nothing.len());
	}
	let asker = rogue::Asker::new(provider.endpoint()).await;
	let own = question(&alice, provider.endpoint(), &asker.key);
	let mut answers = 0;
	while asker.ask(&own).await.is_some() {
		answers += 1;
	}
	assert_eq!(answers, 16, "whoever has more questions calls again");
	assert!(provider.usage().refused >= 9);
	client.ask(provider.endpoint(), &TASK, &alice, &GENESIS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_end_or_sense_are_given_up() {
	let place = Place::new();
	let client = place.open("client").await;
	let many = Answer { committed: vec![committed(&Artifact::of(b"")).0; 300], progress: None };
	let losses = Progress { losses: vec![0.0; 513], ..Progress::default() };
	let long = Answer { committed: vec![], progress: Some(losses) };
	let told = |answer: Answer| Some(Ok::<_, Denial>(answer).encode());
	for (answer, reason) in [
		(Some(vec![9; 100]), "another form"),
		(Some(vec![]), "another form"),
		(Some([told(Answer::default()).unwrap(), vec![0]].concat()), "another form"),
		// A list that says of itself that it has a billion results.
		(Some(vec![0, 3, 0, 0, 0, 64]), "another form"),
		(Some(vec![0; 1 << 20]), "cut off"),
		(told(many), "more than there can be"),
		(told(long), "more than there can be"),
		(None, "does not answer"),
	] {
		let oracle = rogue::Oracle::new(answer).await;
		let error = client.ask(&oracle.endpoint, &TASK, &dev::alice(), &GENESIS).await.unwrap_err();
		assert!(matches!(&error, Error::Unanswered { .. }) && error.to_string().contains(reason), "{reason}: {error}");
	}
	let store = place.open("a store that is gone").await;
	let gone = store.endpoint().clone();
	store.close().await;
	let error = client.ask(&gone, &TASK, &dev::alice(), &GENESIS).await.unwrap_err();
	assert!(matches!(error, Error::Unanswered { .. }), "{error}");
}
