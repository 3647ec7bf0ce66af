//! What the node answers beyond the standard methods of `sc-service`. The network's own methods are in [`ogpu`].

mod account;
mod ogpu;

use crate::service::{Block, FullBackend, FullClient, GrandpaLink};
use account::NonceApiServer;
use jsonrpsee::RpcModule;
use ogpu::{Ogpu, OgpuApiServer};
use polkadot_sdk::{
	pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer},
	sc_consensus_babe_rpc::{Babe, BabeApiServer},
	sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer},
	sc_sync_state_rpc::{SyncState, SyncStateApiServer},
	substrate_frame_rpc_system::{System, SystemApiServer},
	*,
};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{
	warp_proof::NetworkProvider, FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet,
	SharedVoterState,
};
use sc_service::ChainSpec;
use sc_transaction_pool::TransactionPoolHandle;
use sp_keystore::KeystorePtr;
use std::{error::Error, sync::Arc};

/// What the methods read.
pub struct RpcSources {
	pub client: Arc<FullClient>,
	pub pool: Arc<TransactionPoolHandle<Block, FullClient>>,
	pub select_chain: sc_consensus::LongestChain<FullBackend, Block>,
	pub chain_spec: Box<dyn ChainSpec>,
	pub keystore: KeystorePtr,
	pub babe: BabeWorkerHandle<Block>,
	pub grandpa: GrandpaSources,
}

/// The finality gadget's state, shared with the voter.
#[derive(Clone)]
pub struct GrandpaSources {
	pub voter_state: SharedVoterState,
	pub authority_set: SharedAuthoritySet<ogpu_runtime::Hash, ogpu_runtime::BlockNumber>,
	pub justifications: GrandpaJustificationStream<Block>,
	pub finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
	pub history: Arc<FinalityHistory>,
}

/// How who finalises has changed since the first block.
pub type FinalityHistory = NetworkProvider<Block, FullBackend>;

impl GrandpaSources {
	pub fn new(link: &GrandpaLink, backend: Arc<FullBackend>) -> Self {
		let authority_set = link.shared_authority_set().clone();
		Self {
			voter_state: SharedVoterState::empty(),
			justifications: link.justification_stream(),
			finality_proofs: FinalityProofProvider::new_for_service(backend.clone(), Some(authority_set.clone())),
			history: Arc::new(NetworkProvider::new(backend, authority_set.clone(), Vec::new())),
			authority_set,
		}
	}
}

pub fn create(
	sources: RpcSources,
	executor: sc_rpc::SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
	let RpcSources { client, pool, select_chain, chain_spec, keystore, babe, grandpa } = sources;
	let GrandpaSources { voter_state, authority_set, justifications, finality_proofs, history } = grandpa;
	let mut module = RpcModule::new(());
	let mut system = SystemApiServer::into_rpc(System::new(client.clone(), pool.clone()));
	for replaced in ["system_accountNextIndex", "account_nextIndex"] {
		system.remove_method(replaced);
	}
	module.merge(system)?;
	module.merge(NonceApiServer::into_rpc(System::new(client.clone(), pool)))?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Babe::new(client.clone(), babe.clone(), keystore, select_chain).into_rpc())?;
	module.merge(
		Grandpa::new(executor.clone(), authority_set.clone(), voter_state, justifications, finality_proofs).into_rpc(),
	)?;
	module.merge(SyncState::new(chain_spec, client.clone(), authority_set, babe)?.into_rpc())?;
	module.merge(Ogpu::new(client, history, executor).into_rpc())?;
	Ok(module)
}
