use super::Update;
use crate::{answers::RequestQuote, funds, AccountId, Balance, Client, Error, Result, OGPU};
use futures::{stream, StreamExt, TryStreamExt};
use ogpu_worker::chain::{
	calls::{client, operator},
	Call, Sender,
};
use std::str::FromStr;
use subxt_signer::{sr25519::Keypair, DeriveJunction, SecretUri};

/// Transfers in one transaction.
const TOGETHER: usize = 100;
/// Accounts that are equipped at once.
const AT_ONCE: usize = 16;
/// What a request is taken to cost in fees.
const FEES: Balance = OGPU / 50;
/// What an account needs besides: the deposit of its device, and its own least balance.
const BESIDE: Balance = 5 * OGPU;

/// From whose key those who ask are derived.
#[derive(Clone)]
pub enum Asker {
	/// Accounts that everybody knows: `//load/1` and so on.
	Development,
	/// Those under the hard path `//load//1` of this key.
	Key(Box<Keypair>),
}

/// Who asks.
pub(super) struct Accounts(Vec<Sender>);

impl Accounts {
	pub fn derive(asker: &Asker, count: u16) -> Result<Self> {
		let one = |number: u16| match asker {
			Asker::Development => {
				let uri = SecretUri::from_str(&format!("//load/{number}")).map_err(Error::invalid)?;
				Keypair::from_uri(&uri).map_err(Error::invalid)
			}
			Asker::Key(key) => Ok(key.derive([DeriveJunction::hard("load"), DeriveJunction::hard(number)])),
		};
		let senders = (1..=count).map(|number| Ok(Sender::new(one(number)?)));
		Ok(Self(senders.collect::<Result<_>>()?))
	}

	pub fn all(&self) -> &[Sender] {
		&self.0
	}

	/// Sees to it that each can ask so often: gives it what it misses, locks what answers for its inputs, and registers the
	/// store of the client as its own.
	pub async fn equip(
		&self,
		client: &Client,
		share: u32,
		quote: &RequestQuote,
		max_price: Balance,
		told: &mut impl FnMut(Update),
	) -> Result<()> {
		// What is held and bound grows with the price, and not faster.
		let dearer = max_price.checked_div(quote.leaf_price.0.max(1)).unwrap_or(1).clamp(1, 100).saturating_add(1);
		let work = quote.held().saturating_sub(quote.deposit.0).saturating_mul(dearer);
		let times = |amount: Balance| amount.saturating_mul(share.into());
		let held = times(work.saturating_add(quote.deposit.0).saturating_add(FEES));
		let bond = times(quote.client_bond.0.saturating_mul(dearer));
		let mut calls = Vec::new();
		let mut all: Balance = 0;
		for sender in &self.0 {
			let missing = missing(client, sender.account(), held, bond).await?;
			if missing > 0 {
				all = all.saturating_add(missing);
				calls.push(operator::transfer(&sender.account(), missing));
			}
		}
		let each = held.saturating_add(bond).saturating_add(BESIDE);
		told(Update::Funding { accounts: u16::try_from(self.0.len()).unwrap_or(u16::MAX), each, all });
		let (own, account) = (client.funds().await?, client.account()?);
		if own.spendable < all {
			return Err(Error::Poor { account, has: own.spendable, needs: all });
		}
		for some in calls.chunks(TOGETHER) {
			client.send(some.to_vec()).await?;
		}
		let equipping = stream::iter(self.0.iter().map(|sender| equip(client, sender, held, bond)));
		equipping.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
		Ok(())
	}
}

/// What an account lacks.
async fn missing(client: &Client, account: AccountId, held: Balance, bond: Balance) -> Result<Balance> {
	let has = client.node.with(async |chain| Ok(funds::funds_of(&chain.best().await?, account).await?)).await?;
	let needs = held.saturating_add(has.missing_lock(bond)).saturating_add(BESIDE);
	Ok(needs.saturating_sub(has.spendable))
}

async fn equip(client: &Client, sender: &Sender, held: Balance, bond: Balance) -> Result<()> {
	let depot = client.depot().await?;
	let prepared = client.prepare_with(sender.account(), depot, held, bond, true).await?;
	if prepared.calls.is_empty() {
		return Ok(());
	}
	let call: Call = client::together(prepared.calls);
	sender.send(&client.node.chain().await, &call).await?;
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn those_who_ask_are_always_the_same_and_different_from_each_other() {
		let of = |asker: &Asker| -> Vec<AccountId> {
			Accounts::derive(asker, 50).unwrap().all().iter().map(Sender::account).collect()
		};
		let key = |name: &str| Asker::Key(Box::new(Keypair::from_uri(&SecretUri::from_str(name).unwrap()).unwrap()));
		let all = [of(&Asker::Development), of(&key("//Alice")), of(&key("//Bob"))].concat();
		assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 150);
		assert_eq!(of(&Asker::Development), all[..50]);
		let first = Keypair::from_uri(&SecretUri::from_str("//load/1").unwrap()).unwrap().public_key().0;
		assert_eq!(all[0], first);
		let nested = Keypair::from_uri(&SecretUri::from_str("//Alice//load//1").unwrap()).unwrap().public_key().0;
		assert!(all[50] == nested, "as wallets derive it");
	}
}
