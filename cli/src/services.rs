//! Publishing a model as a service.

use crate::{funds::Prepared, work::Work, Client, Error, Result, ServiceId};
use ogpu_protocol::{class::Class, token::Balance};
use ogpu_worker::{
	chain::{
		calls::client::{self, Delivery, ServiceTerms},
		types::{DeviceKind, LeafShape, Needs},
	},
	workloads::Shape,
};
use subxt::ext::scale_decode::DecodeAsType;

/// What the chain says of a new service.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Published {
	service: ServiceId,
}

/// What a publisher wants besides what the manifest says.
#[derive(Clone, Debug)]
pub struct Listing {
	/// The lowest price of a leaf.
	pub floor: Balance,
	pub class: Class,
	/// Lots of a race.
	pub width: u32,
	pub delivery: Delivery,
	/// Only devices of this kind.
	pub device: Option<DeviceKind>,
}

impl Listing {
	fn terms(&self, shape: &Shape) -> ServiceTerms {
		ServiceTerms {
			floor: self.floor,
			class: self.class,
			capability: 0,
			width: self.width,
			delivery: self.delivery,
			needs: Needs {
				kind: self.device.clone(),
				memory_mb: u32::try_from(shape.memory_bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX),
				work_per_block: 0,
			},
			reputation_billionths: 0,
		}
	}
}

impl Client {
	/// What has to be sent to publish, or what is missing: the deposit, and the registration of the store.
	pub async fn prepare_publication(&self) -> Result<(Balance, Prepared)> {
		let deposit: Balance =
			self.node.with(async |chain| Ok(chain.best().await?.constant("ContinuousPool", "ServiceDeposit")?)).await?;
		Ok((deposit, self.prepare(deposit, 0, false).await?))
	}

	/// Publishes a service whose artifacts are in the store. They are to be served until members have them.
	pub async fn publish(
		&self,
		work: &Work,
		shape: &Shape,
		listing: &Listing,
		prepared: Prepared,
	) -> Result<ServiceId> {
		if !work.manifest.is_service() {
			return Err(Error::invalid(
				"this manifest is no service: one of `generate` without prompts, or of `embed` without texts, is",
			));
		}
		let leaf = LeafShape {
			work: shape.leaf.work,
			recompute_work: shape.leaf.recompute_work,
			fetched_bytes: shape.leaf.fetched_bytes,
		};
		let mut calls = prepared.calls;
		calls.push(client::publish_service(work.hash(), &leaf, &listing.terms(shape)));
		let sent = self.send(calls).await?;
		Ok(sent.event::<Published>("ContinuousPool", "ServicePublished")?.service)
	}
}
