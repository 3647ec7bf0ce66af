//! Brings a development chain to where everybody can work. What is there already is left as it is, so that a network that
//! was kept, or a set-up that was interrupted, goes on.

use super::{
	party::{self, Party, CLIENTS, VERIFIER},
	services::Made,
};
use anyhow::{Context, Result};
use futures::future::try_join_all;
use ogpu_protocol::token::{Balance, OGPU};
use ogpu_worker::{
	chain::{
		address,
		calls::{self, client, operator},
		hex, state,
		types::{DeviceId, DeviceKind, ServiceId},
		At, Call, Chain, Sender,
	},
	keys,
	store::Store,
};
use subxt::ext::scale_value::{Composite, Value, ValueDef};

/// What stands for the work of a provider, and for the inputs of a client.
const PROVIDERS_LOCK: Balance = 10_000 * OGPU;
const CLIENTS_LOCK: Balance = 1_000 * OGPU;
/// What a provider has beside its lock, where it has nothing.
const FOR_LIVING: Balance = 1_000 * OGPU;
/// Who gives it: each has 100,000 OGPU when the chain begins, and pays so many.
const POCKETS: [&str; 2] = ["Eve//stash", "Ferdie//stash"];
const OF_POCKET: usize = 8;
/// What a worker key has for fees.
const FOR_FEES: Balance = 100 * OGPU;
/// In multiply-adds for a block: more than any machine that this runs on, so that no work is declined as too much.
const SPEED: u128 = 1_000_000_000_000;
/// A device that is this many times as fast is drawn first in almost every race.
const HASTE: u128 = 9;
/// A speed counts for a week. It is written anew when it is older than a day.
const OLD_BLOCKS: u32 = 28_800;

/// The network's numbers on the chain.
pub struct Numbers {
	/// Of the parties, in their order.
	pub devices: Vec<DeviceId>,
	/// Of what was made, in its order.
	pub services: Vec<ServiceId>,
}

impl Numbers {
	/// The services that somebody serves.
	pub fn of(&self, party: &Party, made: &[Made]) -> Vec<ServiceId> {
		let services = made.iter().zip(&self.services);
		services.filter(|(made, _)| party.serves(made.kind)).map(|(_, id)| *id).collect()
	}
}

/// Locks, keys, devices and services: each account sends what it needs in one transaction, all in one block.
pub async fn introduce(
	chain: &Chain,
	parties: &[Party],
	made: &[Made],
	width: Option<u8>,
	publisher: &Sender,
	store: &Store,
) -> Result<Numbers> {
	let at = fund(chain, parties).await?;
	let mut batches = Vec::new();
	for party in parties {
		batches.push((party.sender.clone(), of_party(chain, &at, party).await?));
	}
	batches.push((publisher.clone(), of_publisher(&at, made, width, parties, publisher, store).await?));
	for name in CLIENTS {
		let sender = Sender::new(party::key(name)?);
		let calls = lock_up(&at, &sender, CLIENTS_LOCK).await?;
		batches.push((sender, calls.into_iter().collect()));
	}
	all_at_once(chain, batches).await?;
	numbers(chain, parties, made, publisher).await
}

/// Gives those providers what they need that have nothing when the chain begins, out of pockets that nobody uses.
async fn fund(chain: &Chain, parties: &[Party]) -> Result<At> {
	let at = chain.best().await?;
	let mut calls = Vec::new();
	for party in parties {
		if at.get(&state::ACCOUNTS, (party.account(),)).await?.is_none_or(|account| account.data.free == 0) {
			calls.push(operator::transfer(&party.account(), PROVIDERS_LOCK.saturating_add(FOR_LIVING)));
		}
	}
	let mut batches = Vec::new();
	for (pocket, calls) in POCKETS.into_iter().zip(calls.chunks(OF_POCKET)) {
		batches.push((Sender::new(party::key(pocket)?), calls.to_vec()));
	}
	all_at_once(chain, batches).await?;
	Ok(chain.best().await?)
}

/// Gives the devices a speed, and has them join the services.
pub async fn equip(chain: &Chain, parties: &[Party], made: &[Made], numbers: &Numbers) -> Result<()> {
	measure(chain, parties, numbers).await?;
	let at = chain.best().await?;
	let mut batches = Vec::new();
	for (party, device) in parties.iter().zip(&numbers.devices).filter(|(party, _)| party.is_provider()) {
		batches.push((party.sender.clone(), joins(&at, *device, &numbers.of(party, made)).await?));
	}
	all_at_once(chain, batches).await
}

/// Has those who are honest serve all that is offered, so that whoever publishes a service has somebody to ask. Where one
/// may not, `told` hears why.
pub async fn serve_all(chain: &Chain, parties: &[Party], numbers: &Numbers, told: impl Fn(String)) -> Result<()> {
	let at = chain.best().await?;
	let offered = at.all(&state::SERVICES, (), 10_000).await?.into_iter().filter(|(_, service)| !service.is_retired);
	let offered: Vec<_> = offered.map(|((id,), _)| id).collect();
	let honest = |party: &Party| party.is_provider() && !party.is_dishonest();
	for (party, device) in parties.iter().zip(&numbers.devices).filter(|(party, _)| honest(party)) {
		for call in joins(&at, *device, &offered).await? {
			if let Err(error) = party.sender.send(chain, &call).await {
				told(format!("{} cannot serve what was published: {error}", party.name));
			}
		}
	}
	Ok(())
}

/// What has a device serve those services that it does not.
async fn joins(at: &At, device: DeviceId, services: &[ServiceId]) -> Result<Vec<Call>> {
	let mut calls = Vec::new();
	for service in services {
		let member = at.get(&state::MEMBERS, (*service, device)).await?;
		if member.is_none_or(|member| member.left.is_some()) {
			calls.push(operator::join(*service, device));
		}
	}
	Ok(calls)
}

async fn all_at_once(chain: &Chain, batches: Vec<(Sender, Vec<Call>)>) -> Result<()> {
	let sent = batches.into_iter().filter(|(_, calls)| !calls.is_empty()).map(|(sender, calls)| async move {
		let sent = sender.send(chain, &client::together(calls)).await.map(|_| ());
		sent.with_context(|| format!("what {} sent", address(&sender.account())))
	});
	try_join_all(sent).await?;
	Ok(())
}

async fn lock_up(at: &At, sender: &Sender, wanted: Balance) -> Result<Option<Call>> {
	let locked = at.get(&state::LOCKS, (sender.account(),)).await?.map_or(0, |lock| lock.locked);
	// What faults took is not made good.
	Ok((locked == 0).then(|| operator::lock(wanted)))
}

async fn of_party(chain: &Chain, at: &At, party: &Party) -> Result<Vec<Call>> {
	let worker = party.worker.public_key().0;
	let mut calls = Vec::new();
	if party.is_provider() {
		calls.extend(lock_up(at, &party.sender, PROVIDERS_LOCK).await?);
	}
	if at.get(&state::WORKERS, (worker,)).await?.is_none() {
		let consent = party.worker.sign(&keys::consent(&chain.genesis(), &party.account())).0;
		calls.extend([operator::authorise_worker(&worker, consent), operator::transfer(&worker, FOR_FEES)]);
	}
	calls.extend(described(at, &party.sender, party.name, &party.endpoint, worker, 16_384).await?);
	Ok(calls)
}

async fn of_publisher(
	at: &At,
	made: &[Made],
	width: Option<u8>,
	parties: &[Party],
	publisher: &Sender,
	store: &Store,
) -> Result<Vec<Call>> {
	if made.is_empty() {
		return Ok(Vec::new());
	}
	let mut calls: Vec<Call> = lock_up(at, publisher, CLIENTS_LOCK).await?.into_iter().collect();
	let endpoint = store.endpoint().to_string();
	calls.extend(described(at, publisher, "the publisher's store", &endpoint, publisher.account(), 1).await?);
	for service in made {
		if published(at, service, publisher).await?.is_none() {
			// A lot for each, up to three.
			let lots = parties.iter().filter(|party| party.serves(service.kind)).count().clamp(1, 3);
			calls.push(service.publish(width.map_or(lots as u32, u32::from)));
		}
	}
	Ok(calls)
}

/// The device of an account that its worker acts for.
async fn device_of(at: &At, sender: &Sender, worker: [u8; 32]) -> Result<Option<(DeviceId, String)>> {
	let Some(operator) = at.get(&state::OPERATORS, (sender.account(),)).await? else { return Ok(None) };
	for id in operator.devices {
		if let Some(device) = at.get(&state::DEVICES, (id,)).await?.filter(|device| device.spec.worker == worker) {
			return Ok(Some((id, device.endpoint().unwrap_or_default().to_owned())));
		}
	}
	Ok(None)
}

/// Says where a device is, unless the chain knows that.
async fn described(
	at: &At,
	sender: &Sender,
	name: &str,
	endpoint: &str,
	worker: [u8; 32],
	memory_mb: u32,
) -> Result<Option<Call>> {
	let spec = operator::DeviceSpec { kind: DeviceKind::Cpu, name, memory_mb, endpoint, worker };
	Ok(match device_of(at, sender, worker).await? {
		None => Some(operator::register_device(&spec)),
		Some((id, known)) => (known != endpoint).then(|| operator::update_device(id, &spec)),
	})
}

async fn published(at: &At, made: &Made, publisher: &Sender) -> Result<Option<ServiceId>> {
	let services = at.all(&state::SERVICES, (), 10_000).await?;
	let name = made.name();
	let is_it = services.into_iter().find(|(_, service)| {
		service.publisher == publisher.account() && service.manifest == name && !service.is_retired
	});
	Ok(is_it.map(|((id,), _)| id))
}

async fn numbers(chain: &Chain, parties: &[Party], made: &[Made], publisher: &Sender) -> Result<Numbers> {
	let at = chain.best().await?;
	let mut devices = Vec::new();
	for party in parties {
		let found = device_of(&at, &party.sender, party.worker.public_key().0).await?;
		devices.push(found.with_context(|| format!("the device of {} is not on the chain", party.name))?.0);
	}
	let mut services = Vec::new();
	for service in made {
		let found = published(&at, service, publisher).await?;
		services.push(found.with_context(|| format!("the service {} is not on the chain", service.kind))?);
	}
	Ok(Numbers { devices, services })
}

/// Writes speeds into the chain's state, which benchmarks would do within half an hour.
async fn measure(chain: &Chain, parties: &[Party], numbers: &Numbers) -> Result<()> {
	let at = chain.best().await?;
	let now = at.get(&state::NOW, ()).await?.unwrap_or_default();
	let mut items = Vec::new();
	for (party, device) in parties.iter().zip(&numbers.devices).filter(|(party, _)| party.is_provider()) {
		let known = at.get(&state::DEVICES, (*device,)).await?.and_then(|device| device.measured);
		let speed = if party.is_dishonest() { SPEED.saturating_mul(HASTE) } else { SPEED };
		if known.is_some_and(|known| known.work_per_block == speed && now.saturating_sub(known.at) < OLD_BLOCKS) {
			continue;
		}
		let measured =
			Value::named_composite([("work_per_block", Value::u128(speed)), ("at", Value::u128(now.into()))]);
		let change = |device: &mut Value| set(device, "measured", Value::unnamed_variant("Some", [measured]));
		let changed = at.changed("StakingTrustlock", "Devices", (*device,), change).await?;
		let (key, bytes) = changed.with_context(|| format!("device {device} is not on the chain"))?;
		items.push(calls::list([calls::bytes(key), calls::bytes(bytes)]));
	}
	if items.is_empty() {
		return Ok(());
	}
	let write = Call::new("System", "set_storage").with("items", calls::list(items));
	let sudo = Call::new("Sudo", "sudo").with("call", write.value());
	Sender::new(party::key(VERIFIER)?).send(chain, &sudo).await?;
	// Root's call may fail inside one that succeeds.
	let at = chain.best().await?;
	for (party, device) in parties.iter().zip(&numbers.devices).filter(|(party, _)| party.is_provider()) {
		let device = at.get(&state::DEVICES, (*device,)).await?;
		device.and_then(|device| device.measured).with_context(|| {
			format!("no speed could be written for {} on the chain {}", party.name, hex(&chain.genesis()))
		})?;
	}
	Ok(())
}

/// Puts another value in the place of a field.
fn set(record: &mut Value, name: &str, value: Value) {
	if let ValueDef::Composite(Composite::Named(fields)) = &mut record.value {
		if let Some((_, field)) = fields.iter_mut().find(|(field, _)| field == name) {
			*field = value;
		}
	}
}
