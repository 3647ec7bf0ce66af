//! `ogpu lock`, `ogpu unlock` and `ogpu withdraw`: what stands for your work and your inputs.

use super::{connection::Connection, wait};
use crate::{
	amount::Ogpu,
	output::{print, print_json},
};
use anyhow::{bail, ensure, Result};
use clap::Args;
use ogpu_protocol::token::Balance;
use ogpu_worker::chain::{
	address,
	calls::{number, operator},
	state,
	types::Lock,
	Call, Chain, Sender,
};
use serde::Serialize;

const PALLET: &str = "StakingTrustlock";

/// Lock tokens, which answer for what you provide, and for the inputs that you owe as a client.
///
/// They stay yours and in your account. Open work binds a part of them; unlocking the rest takes seven days.
#[derive(Debug, Args)]
pub struct LockCmd {
	/// How much more, in OGPU.
	amount: Ogpu,
	#[command(flatten)]
	sign: SignArgs,
}

/// Begin to unlock tokens: what no open work binds. It takes seven days; then withdraw.
#[derive(Debug, Args)]
pub struct UnlockCmd {
	/// How much, in OGPU.
	amount: Ogpu,
	#[command(flatten)]
	sign: SignArgs,
}

/// Take what has been unlocked for long enough.
#[derive(Debug, Args)]
pub struct WithdrawCmd {
	#[command(flatten)]
	sign: SignArgs,
}

/// Who signs, and for whom the result is printed.
#[derive(Debug, Args)]
struct SignArgs {
	#[command(flatten)]
	connection: Connection,
	/// Print JSON.
	#[arg(long)]
	json: bool,
}

/// What stands afterwards.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
	account: String,
	now: u32,
	/// All of it, what is unbonding included.
	locked: Ogpu,
	unbonding: Vec<Unbonding>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unbonding {
	amount: Ogpu,
	free_at: u32,
}

impl LockCmd {
	pub fn run(&self) -> Result<()> {
		wait(async {
			let (chain, sender) = self.sign.connection.open().await?;
			let free = chain.best().await?.get(&state::ACCOUNTS, (sender.account(),)).await?;
			let free = free.map_or(0, |account| account.data.free);
			ensure!(
				free > self.amount.0,
				"{} has {} OGPU free, and {} are to be locked; send it more, or lock less",
				address(&sender.account()),
				Ogpu(free),
				self.amount
			);
			sender.send_for_good(&chain, &operator::lock(self.amount.0)).await?;
			self.sign.tell(&chain, &sender).await
		})
	}
}

impl UnlockCmd {
	pub fn run(&self) -> Result<()> {
		wait(async {
			let (chain, sender) = self.sign.connection.open().await?;
			let at = chain.best().await?;
			let lock = at.get(&state::LOCKS, (sender.account(),)).await?;
			let (locked, bonded) = lock.map_or((0, 0), |lock| (lock.locked, bonded(&lock)));
			ensure!(
				bonded >= self.amount.0,
				"{} has {} OGPU locked, of which {} are not unbonding already; unlock no more than that",
				address(&sender.account()),
				Ogpu(locked),
				Ogpu(bonded)
			);
			let call = Call::new(PALLET, "unlock").with("amount", number(self.amount.0));
			sender.send_for_good(&chain, &call).await?;
			self.sign.tell(&chain, &sender).await
		})
	}
}

impl WithdrawCmd {
	pub fn run(&self) -> Result<()> {
		wait(async {
			let (chain, sender) = self.sign.connection.open().await?;
			let at = chain.best().await?;
			let now = at.get(&state::NOW, ()).await?.unwrap_or_default();
			let unbonding = at.get(&state::LOCKS, (sender.account(),)).await?.map_or(Vec::new(), |lock| lock.unbonding);
			match unbonding.iter().map(|part| part.free_at).min() {
				None => bail!("nothing is unbonding; begin with: ogpu unlock AMOUNT"),
				Some(first) if first > now => {
					bail!("nothing has unbonded yet; the first part is free from block {first} on, and now is {now}")
				}
				Some(_) => {}
			}
			sender.send_for_good(&chain, &Call::new(PALLET, "withdraw")).await?;
			self.sign.tell(&chain, &sender).await
		})
	}
}

/// What is not unbonding.
fn bonded(lock: &Lock) -> Balance {
	lock.unbonding.iter().fold(lock.locked, |rest, part| rest.saturating_sub(part.amount))
}

impl SignArgs {
	/// Says what stands afterwards.
	async fn tell(&self, chain: &Chain, sender: &Sender) -> Result<()> {
		let at = chain.last_final().await?;
		let account = address(&sender.account());
		let now = at.get(&state::NOW, ()).await?.unwrap_or_default();
		let lock =
			at.get(&state::LOCKS, (sender.account(),)).await?.unwrap_or(Lock { locked: 0, unbonding: Vec::new() });
		let part = |part: &ogpu_worker::chain::types::Unbonding| Unbonding {
			amount: Ogpu(part.amount),
			free_at: part.free_at,
		};
		let unbonding: Vec<_> = lock.unbonding.iter().map(part).collect();
		if self.json {
			return print_json(&Locked { account, now, locked: Ogpu(lock.locked), unbonding });
		}
		let mut text = format!("{account} has {} OGPU locked\n", Ogpu(lock.locked));
		for Unbonding { amount, free_at } in unbonding {
			text.push_str(&format!("  {amount} of it are unbonding, free from block {free_at} on; now is {now}\n"));
		}
		print(&text)
	}
}
