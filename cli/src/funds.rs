//! Whether an account can pay for what it asks, and what goes with it: a lock that answers for inputs, and a device of
//! the client's, by which workers find its store.

use crate::{depot::Depot, format_ogpu, AccountId, Balance, Client, Error, Result};
use ogpu_worker::{
	chain::{
		calls::operator::{self, DeviceSpec},
		state,
		types::{DeviceId, DeviceKind, Lock, Pin, Pinned},
		At, Call,
	},
	store::{Endpoint, Key},
};

/// Under this name clients' stores stand in the registry.
const DEVICE_NAME: &str = "a client's store";

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
	/// What it can spend without being removed.
	pub spendable: Balance,
	/// What its lock can answer for, work that shares it included.
	pub lock: Balance,
	/// What of the lock shared work binds now.
	pub shared: Balance,
}

impl Funds {
	fn new(free: Balance, lock: Option<Lock>, pins: &[Pinned]) -> Self {
		let (locked, unbonding) = lock.map_or((0, 0), |lock| {
			(lock.locked, lock.unbonding.iter().fold(0, |sum: Balance, part| sum.saturating_add(part.amount)))
		});
		let shared = pins.iter().filter(|pin| pin.pin == Pin::Shared).map(|pin| pin.amount).max().unwrap_or(0);
		let own = pins.iter().filter(|pin| pin.pin == Pin::Own).map(|pin| pin.amount);
		let own = own.fold(0, Balance::saturating_add);
		Self { spendable: free, lock: locked.saturating_sub(unbonding).saturating_sub(own), shared }
	}

	/// How much more has to be locked to answer for so much: of what is shared the largest counts.
	pub fn missing_lock(&self, bond: Balance) -> Balance {
		if bond <= self.shared {
			0
		} else {
			bond.saturating_sub(self.lock)
		}
	}
}

/// What is sent together with a request or a job.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
	pub calls: Vec<Call>,
	/// What these do and cost, in words.
	pub said: Vec<String>,
}

impl Client {
	pub async fn funds(&self) -> Result<Funds> {
		let account = self.account()?;
		self.node
			.with(async |chain| {
				let at = chain.best().await?;
				Ok(funds_of(&at, account).await?)
			})
			.await
	}

	/// What has to be sent together with something that holds `needs` of the balance and binds `bond` of the lock.
	/// Refused if there is too little; where too little is locked, `locks` says to lock what is missing.
	pub async fn prepare(&self, needs: Balance, bond: Balance, locks: bool) -> Result<Prepared> {
		let account = self.account()?;
		let depot = self.depot().await?;
		self.prepare_with(account, depot, needs, bond, locks).await
	}

	/// What has to be sent so that a store is found.
	pub async fn prepare_sharing(&self, depot: &Depot) -> Result<Prepared> {
		self.prepare_with(self.account()?, depot, 0, 0, false).await
	}

	pub(crate) async fn prepare_with(
		&self,
		account: AccountId,
		depot: &Depot,
		needs: Balance,
		bond: Balance,
		locks: bool,
	) -> Result<Prepared> {
		self.node.with(async |chain| prepare(&chain.best().await?, account, depot, needs, bond, locks).await).await
	}
}

pub(crate) async fn funds_of(at: &At, account: AccountId) -> Result<Funds, ogpu_worker::chain::Error> {
	let (record, lock, pins) = futures::try_join!(
		at.get(&state::ACCOUNTS, (account,)),
		at.get(&state::LOCKS, (account,)),
		at.get(&state::PINS, (account,)),
	)?;
	let least: Balance = at.constant("Balances", "ExistentialDeposit")?;
	let spendable = record.map_or(0, |record| {
		let frozen = record.data.frozen.saturating_sub(record.data.reserved);
		record.data.free.saturating_sub(frozen.max(least))
	});
	Ok(Funds::new(spendable, lock, &pins.unwrap_or_default()))
}

async fn prepare(
	at: &At,
	account: AccountId,
	depot: &Depot,
	mut needs: Balance,
	bond: Balance,
	locks: bool,
) -> Result<Prepared> {
	let mut prepared = Prepared::default();
	if let Some(worker) = at.get(&state::WORKERS, (account,)).await? {
		return Err(Error::NotYours { what: "this worker key".into(), owner: worker.operator, you: account });
	}
	let funds = funds_of(at, account).await?;
	let missing = funds.missing_lock(bond);
	if missing > 0 {
		// No lock may be smaller than the least.
		let least: Balance = at.constant("StakingTrustlock", "MinimumLock")?;
		let missing = missing.max(if funds.lock == 0 { least } else { 0 });
		if !locks {
			return Err(Error::LockTooSmall { missing });
		}
		needs = needs.saturating_add(missing);
		prepared.calls.push(operator::lock(missing));
		prepared.said.push(format!("locks {} OGPU, which answer for your inputs", format_ogpu(missing)));
	}
	let endpoint = depot.store().endpoint();
	let described = endpoint.to_string();
	let spec =
		DeviceSpec { kind: DeviceKind::Cpu, name: DEVICE_NAME, memory_mb: 1, endpoint: &described, worker: account };
	match device_of(at, account, &endpoint.key()).await? {
		Some((_, known)) if known == *endpoint => {}
		Some((id, _)) => {
			prepared.calls.push(operator::update_device(id, &spec));
			prepared.said.push(format!("says anew where your store is reached (device {id}): {described}"));
		}
		None => {
			let deposit: Balance = at.constant("StakingTrustlock", "DeviceDeposit")?;
			needs = needs.saturating_add(deposit);
			prepared.calls.push(operator::register_device(&spec));
			prepared.said.push(format!(
				"registers your store as a device of kind cpu, so that workers find it: a deposit of {} OGPU, which returns \
				 when you retire it",
				format_ogpu(deposit)
			));
		}
	}
	if needs > funds.spendable {
		return Err(Error::Poor { account, has: funds.spendable, needs });
	}
	Ok(prepared)
}

/// The device under which a store is registered, and where it is said to be.
async fn device_of(at: &At, account: AccountId, key: &Key) -> Result<Option<(DeviceId, Endpoint)>> {
	let operator = at.get(&state::OPERATORS, (account,)).await?;
	for id in operator.map(|operator| operator.devices).unwrap_or_default() {
		let device = at.get(&state::DEVICES, (id,)).await?;
		let endpoint = device.and_then(|device| device.endpoint()?.parse::<Endpoint>().ok());
		if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.key() == *key) {
			return Ok(Some((id, endpoint)));
		}
	}
	Ok(None)
}

#[cfg(test)]
mod tests {
	use super::*;
	use ogpu_worker::chain::types::Unbonding;

	#[test]
	fn of_what_shares_a_lock_the_largest_counts_and_what_unbonds_does_not() {
		let lock = Lock { locked: 100, unbonding: vec![Unbonding { amount: 10, free_at: 5 }] };
		let pin = |amount, pin| Pinned { work: [0; 32], amount, pin };
		let pins = [pin(30, Pin::Shared), pin(40, Pin::Shared), pin(20, Pin::Own)];
		let funds = Funds::new(7, Some(lock), &pins);
		assert_eq!(funds, Funds { spendable: 7, lock: 70, shared: 40 });
		assert_eq!(funds.missing_lock(10), 0);
		assert_eq!(funds.missing_lock(70), 0);
		assert_eq!(funds.missing_lock(71), 1);
		assert_eq!(Funds::new(0, None, &[]).missing_lock(5), 5);
	}
}
