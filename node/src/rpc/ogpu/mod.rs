//! The network's own methods, thin over what the runtime answers.

mod receipt;
mod view;

use super::{account::Named, FinalityHistory};
use crate::service::{Block, FullClient};
use futures::{stream, FutureExt, StreamExt};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, types::ErrorObjectOwned, PendingSubscriptionSink};
use ogpu_continuous_pool::{runtime_api::PoolApi, ServiceId};
use ogpu_protocol::receipt::Receipt;
use ogpu_result_validation::runtime_api::ValidationApi;
use ogpu_runtime::Hash;
use ogpu_staking_trustlock::runtime_api::TrustApi;
use ogpu_token::runtime_api::TokenApi;
use ogpu_training_auction::runtime_api::AuctionApi;
use polkadot_sdk::*;
use sc_client_api::BlockchainEvents;
use sc_rpc::{
	utils::{BoundedVecDeque, PendingSubscription},
	SubscriptionTaskExecutor,
};
use serde::Serialize;
use sp_api::{ApiError, ApiExt, ApiRef, ProvideRuntimeApi, RuntimeApiInfo};
use sp_runtime::DispatchError;
use std::sync::Arc;
use view::{After, Asked, Provider, Quoted, Request, Services, Supply, Task, Tasks};

/// The codes of refusals, from the table in `docs/errors.md`.
const UNKNOWN_BLOCK: i32 = 9001;
const NO_STATE: i32 = 9002;
const NO_FUNCTION: i32 = 9003;
const RUNTIME_FAILED: i32 = 9004;
const UNKNOWN_TASK: i32 = 9005;
const WOULD_BE_REFUSED: i32 = 9006;
const TOO_MANY: i32 = 9007;

/// Of so many devices it is said whether they may be bid with.
const MOST_DEVICES: usize = 1_000;

/// A reader that is so many messages behind is dropped.
const MOST_BEHIND: usize = 16;

#[rpc(server)]
pub trait OgpuApi {
	/// The token's supply in this block, or in the best one.
	#[method(name = "ogpu_supply", blocking)]
	fn supply(&self, at: Option<Hash>) -> RpcResult<Answer<Supply>>;

	/// Where a job, a request or a validation stands, what comes next, and who has to do it.
	#[method(name = "ogpu_task", blocking)]
	fn task(&self, name: Hash, at: Option<Hash>) -> RpcResult<Answer<Task>>;

	/// The open jobs and requests of a client or a provider, page by page.
	#[method(name = "ogpu_tasks", blocking)]
	fn tasks(&self, of: Named, after: Option<After>, at: Option<Hash>) -> RpcResult<Answer<Tasks>>;

	/// What stands about an operator: its lock, its devices, its reputation and why.
	#[method(name = "ogpu_provider", blocking)]
	fn provider(&self, operator: Named, at: Option<Hash>) -> RpcResult<Answer<Provider>>;

	/// Services by their numbers, from this one on, and what they cost now.
	#[method(name = "ogpu_services", blocking)]
	fn services(&self, first: Option<ServiceId>, at: Option<Hash>) -> RpcResult<Answer<Services>>;

	/// What a request or a job would cost, and who could do it.
	#[method(name = "ogpu_quote", blocking)]
	fn quote(&self, asked: Asked, at: Option<Hash>) -> RpcResult<Answer<Quoted>>;

	/// Proves what is recorded of a validation that has ended, or of those of a job, to readers who trust the set of
	/// authorities with this number, or else the first.
	#[method(name = "ogpu_receipt", blocking)]
	fn receipt(&self, name: Hash, since: Option<u64>) -> RpcResult<Receipt>;

	/// Says where a job, a request or a validation stands, whenever that changes with a new best block, until it has
	/// ended.
	#[subscription(name = "ogpu_subscribeTask" => "ogpu_taskChanged", unsubscribe = "ogpu_unsubscribeTask", item = Answer<Told>)]
	fn subscribe_task(&self, name: Hash);
}

/// An answer, and the block whose state it is about.
#[derive(Clone, Debug, Serialize)]
pub struct Answer<T> {
	block: Hash,
	#[serde(flatten)]
	answer: T,
}

#[derive(Clone)]
pub struct Ogpu {
	client: Arc<FullClient>,
	history: Arc<FinalityHistory>,
	executor: SubscriptionTaskExecutor,
}

type Api<'a> = ApiRef<'a, <FullClient as ProvideRuntimeApi<Block>>::Api>;

impl Ogpu {
	pub fn new(client: Arc<FullClient>, history: Arc<FinalityHistory>, executor: SubscriptionTaskExecutor) -> Self {
		Self { client, history, executor }
	}

	/// Asks the runtime of this block, or of the best one, if it has such an API.
	fn ask<A: RuntimeApiInfo + ?Sized, R>(
		&self,
		at: Option<Hash>,
		ask: impl FnOnce(Api<'_>, Hash) -> Result<R, ApiError>,
	) -> RpcResult<Answer<R>> {
		let block = at.unwrap_or_else(|| self.client.chain_info().best_hash);
		let unreadable =
			|error: String| refusal(NO_STATE, format!("the state of block {block:?} is not here: {error}"));
		let header = self.client.header(block).map_err(|error| unreadable(error.to_string()))?;
		if header.is_none() {
			return Err(refusal(UNKNOWN_BLOCK, format!("this node knows no block {block:?}")));
		}
		let api = self.client.runtime_api();
		if !api.has_api::<A>(block).map_err(|error| unreadable(error.to_string()))? {
			return Err(refusal(NO_FUNCTION, format!("the runtime of block {block:?} has no such function")));
		}
		let failed =
			|error: ApiError| refusal(RUNTIME_FAILED, format!("the runtime of block {block:?} failed: {error}"));
		Ok(Answer { block, answer: ask(api, block).map_err(failed)? })
	}

	/// What a name stands for in a block: a job, a request, or a validation; those that have ended come last.
	fn look(&self, name: Hash, at: Option<Hash>) -> RpcResult<Answer<Option<Task>>> {
		self.ask::<dyn ValidationApi<Block>, _>(at, |api, block| {
			if let Some(job) = AuctionApi::status(&*api, block, name)? {
				return Ok(Some(Task::Job(job.into())));
			}
			let validation = ValidationApi::status(&*api, block, name)?;
			if let Some(request) = PoolApi::status(&*api, block, name)? {
				return Ok(Some(Task::Request(Request::new(request, validation))));
			}
			// What has ended is told as such, also while the chain is still removing it.
			if let Some(record) = api.record(block, name)? {
				return Ok(Some(Task::Ended(record.into())));
			}
			Ok(validation.map(|validation| Task::Validation(validation.into())))
		})
	}
}

impl OgpuApiServer for Ogpu {
	fn supply(&self, at: Option<Hash>) -> RpcResult<Answer<Supply>> {
		self.ask::<dyn TokenApi<Block>, _>(at, |api, block| Ok(api.supply(block)?.into()))
	}

	fn task(&self, name: Hash, at: Option<Hash>) -> RpcResult<Answer<Task>> {
		let Answer { block, answer } = self.look(name, at)?;
		let answer = answer.ok_or_else(|| unknown_task(name, block))?;
		Ok(Answer { block, answer })
	}

	fn tasks(&self, Named(of): Named, after: Option<After>, at: Option<Hash>) -> RpcResult<Answer<Tasks>> {
		let After { jobs, requests } = after.unwrap_or_default();
		self.ask::<dyn PoolApi<Block>, _>(at, |api, block| {
			let jobs = api.jobs_of(block, of.clone(), jobs)?.into();
			let requests = api.requests_of(block, of, requests)?.into();
			Ok(Tasks { jobs, requests })
		})
	}

	fn provider(&self, Named(operator): Named, at: Option<Hash>) -> RpcResult<Answer<Provider>> {
		self.ask::<dyn TrustApi<Block>, _>(at, |api, block| Ok(TrustApi::status(&*api, block, operator)?.into()))
	}

	fn services(&self, first: Option<ServiceId>, at: Option<Hash>) -> RpcResult<Answer<Services>> {
		self.ask::<dyn PoolApi<Block>, _>(at, |api, block| {
			let services = api.services_from(block, first.unwrap_or_default())?;
			Ok(Services { services: services.into_iter().map(Into::into).collect() })
		})
	}

	fn quote(&self, asked: Asked, at: Option<Hash>) -> RpcResult<Answer<Quoted>> {
		let Answer { block, answer } = match asked {
			Asked::Request(asked) => self.ask::<dyn PoolApi<Block>, _>(at, |api, block| {
				let quote = PoolApi::quote(&*api, block, asked.service, asked.client.clone(), asked.order())?;
				Ok(quote.map(Into::into))
			}),
			Asked::Job(asked) if asked.devices.len() > MOST_DEVICES => {
				Err(refusal(TOO_MANY, format!("more than {MOST_DEVICES} devices: ask for fewer at a time")))
			}
			Asked::Job(asked) => self.ask::<dyn AuctionApi<Block>, _>(at, |api, block| {
				let (client, spec) = (asked.client.clone(), asked.spec());
				let quote = AuctionApi::quote(&*api, block, client.clone(), spec.clone(), asked.ceiling)?;
				let devices = api.eligible(block, client, spec, asked.ceiling, asked.devices.clone())?;
				Ok(quote.and_then(|quote| Ok(Quoted::job(quote, devices?))))
			}),
		}?;
		let refused =
			|error: DispatchError| refusal(WOULD_BE_REFUSED, format!("the chain would refuse it: {}", reason(error)));
		Ok(Answer { block, answer: answer.map_err(refused)? })
	}

	fn receipt(&self, name: Hash, since: Option<u64>) -> RpcResult<Receipt> {
		receipt::of(&self.client, &self.history, name, since)
	}

	fn subscribe_task(&self, pending: PendingSubscriptionSink, name: Hash) {
		let ogpu = self.clone();
		let best = ogpu
			.client
			.import_notification_stream()
			.filter_map(|block| futures::future::ready(block.is_new_best.then_some(block.hash)));
		let now = stream::once(futures::future::ready(ogpu.client.chain_info().best_hash));
		// One look in each block; told is what differs from before, and what has ended is told once.
		let told = now.chain(best).scan((None, false), move |(before, is_over), block| {
			if *is_over {
				return futures::future::ready(None);
			}
			let answer = ogpu.look(name, Some(block)).ok();
			let said = answer.filter(|answer| Some(&answer.answer) != before.as_ref()).map(|answer| {
				*is_over = matches!(answer.answer, None | Some(Task::Ended(_)));
				*before = Some(answer.answer.clone());
				Answer { block: answer.block, answer: Told { task: answer.answer } }
			});
			futures::future::ready(Some(said))
		});
		let told = told.filter_map(futures::future::ready).boxed();
		let send = PendingSubscription::from(pending).pipe_from_stream(told, BoundedVecDeque::new(MOST_BEHIND));
		self.executor.spawn("ogpu-task", Some("rpc"), send.boxed());
	}
}

/// What a subscriber is told: `null` if there is no such task, or nothing is left of it.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
	task: Option<Task>,
}

fn unknown_task(name: Hash, block: Hash) -> ErrorObjectOwned {
	let reason = format!(
		"in block {block:?} no job, request or validation is called {name:?}; it may have ended long ago, see the events \
		 of its blocks"
	);
	refusal(UNKNOWN_TASK, reason)
}

/// What the runtime calls an error, and in which pallet.
fn reason(error: DispatchError) -> String {
	use codec::Decode;
	use ogpu_runtime::RuntimeError;
	match error {
		DispatchError::Module(error) => {
			let encoded = [&[error.index], error.error.as_slice()].concat();
			RuntimeError::decode(&mut encoded.as_slice())
				.map_or_else(|_| format!("{error:?}"), |known| format!("{known:?}"))
		}
		other => <&'static str>::from(other).to_string(),
	}
}

fn refusal(code: i32, reason: String) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code, reason, None::<()>)
}
