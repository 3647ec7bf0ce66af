//! Puts the node together: database, network, block import, authoring, finality, RPC.

use crate::{
	cli::Cli,
	rpc::{self, GrandpaSources, RpcSources},
};
use futures::{FutureExt, StreamExt};
use ogpu_runtime::apis::RuntimeApi;
use polkadot_sdk::*;
use sc_chain_spec::{BuildGenesisBlock, GenesisBlockBuilder};
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_babe::{BabeBlockImport, BabeLink, SlotProportion};
use sc_consensus_grandpa::{GrandpaBlockImport, GrandpaPruningFilter, LinkHalf};
use sc_executor::{HeapAllocStrategy, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_network::{config::NetworkBackendType, Event, NetworkBackend, NetworkEventStream};
use sc_service::{error::Error as ServiceError, Configuration, PartialComponents, TaskManager, WarpSyncConfig};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::BabeCreateInherentDataProviders;
use sp_runtime::traits::Block as _;
use std::{path::Path, sync::Arc, time::Duration};

/// Blocks as the node handles them: what is inside a transaction is the runtime's business.
pub type Block = sp_runtime::generic::Block<ogpu_runtime::Header, sp_runtime::OpaqueExtrinsic>;
/// The host functions are extended in benchmark builds only.
#[cfg(not(feature = "runtime-benchmarks"))]
type HostFunctions = sp_io::SubstrateHostFunctions;
#[cfg(feature = "runtime-benchmarks")]
type HostFunctions = (sp_io::SubstrateHostFunctions, frame_benchmarking::benchmarking::HostFunctions);

type Executor = sc_executor::WasmExecutor<HostFunctions>;
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, Executor>;
pub type FullBackend = sc_service::TFullBackend<Block>;
type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
type FinalityImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type Import =
	BabeBlockImport<Block, FullClient, FinalityImport, BabeCreateInherentDataProviders<Block>, FullSelectChain>;
pub type GrandpaLink = LinkHalf<Block, FullClient, FullSelectChain>;

/// How often a justification is kept for light clients and warp sync, in blocks.
const JUSTIFICATION_PERIOD_BLOCKS: u32 = 512;

/// What consensus needs beyond the partial components.
pub struct Consensus {
	block_import: Import,
	grandpa_link: GrandpaLink,
	babe_link: BabeLink<Block>,
	grandpa: GrandpaSources,
	babe_worker: sc_consensus_babe::BabeWorkerHandle<Block>,
	telemetry: Option<Telemetry>,
}

pub type Partial = PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	TransactionPoolHandle<Block, FullClient>,
	Consensus,
>;

/// What executes runtimes. It takes seconds to compile one, so what was compiled is kept.
fn executor(config: &Configuration, kept_in: Option<&Path>) -> Result<Executor, ServiceError> {
	let beside = || config.base_path.config_dir(config.chain_spec.id()).join("runtimes");
	let folder = std::path::absolute(kept_in.map_or_else(beside, Path::to_path_buf))?;
	let heap = config
		.executor
		.default_heap_pages
		.map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| HeapAllocStrategy::Static { extra_pages: pages as _ });
	Ok(Executor::builder()
		.with_execution_method(config.executor.wasm_method)
		.with_onchain_heap_alloc_strategy(heap)
		.with_offchain_heap_alloc_strategy(heap)
		.with_max_runtime_instances(config.executor.max_runtime_instances)
		.with_runtime_cache_size(config.executor.runtime_cache_size)
		.with_cache_path(folder)
		.build())
}

/// The parts that commands on an existing database share with a running node.
pub fn new_partial(config: &Configuration, wasm_cache: Option<&Path>) -> Result<Partial, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let has_database = config.database.path().is_some_and(|path| path.exists());
	let executor = executor(config, wasm_cache)?;
	// Blocks that carry a justification survive pruning, or nobody could warp-sync from this node.
	let (client, backend, keystore_container, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
		config,
		telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
		executor.clone(),
		vec![Arc::new(GrandpaPruningFilter)],
	)?;
	let client = Arc::new(client);
	if has_database {
		refuse_other_genesis(config, &client, backend.clone(), executor)?;
	}
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD_BLOCKS,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(Telemetry::handle),
	)?;
	let babe_config = sc_consensus_babe::configuration(&*client)?;
	let slot_duration = babe_config.slot_duration();
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		grandpa_import.clone(),
		client.clone(),
		Arc::new(move |_, _| async move { Ok(slot_and_time(slot_duration)) }) as BabeCreateInherentDataProviders<Block>,
		select_chain.clone(),
		OffchainTransactionPoolFactory::new(transaction_pool.clone()),
	)?;
	let (import_queue, babe_worker) = sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
		link: babe_link.clone(),
		block_import: block_import.clone(),
		justification_import: Some(Box::new(grandpa_import)),
		client: client.clone(),
		slot_duration,
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
	})?;

	let grandpa = GrandpaSources::new(&grandpa_link, backend.clone());
	Ok(PartialComponents {
		client,
		backend,
		task_manager,
		keystore_container,
		select_chain,
		import_queue,
		transaction_pool,
		other: Consensus { block_import, grandpa_link, babe_link, grandpa, babe_worker, telemetry },
	})
}

/// The database goes by the id of the spec, so two specs with one id would share it, and the older would win in silence.
fn refuse_other_genesis(
	config: &Configuration,
	client: &FullClient,
	backend: Arc<FullBackend>,
	executor: Executor,
) -> Result<(), ServiceError> {
	let storage = config.chain_spec.as_storage_builder();
	let (genesis, _) =
		GenesisBlockBuilder::<Block, _, _>::new(storage, true, backend, executor)?.build_genesis_block()?;
	let (of_spec, of_database) = (genesis.hash(), client.chain_info().genesis_hash);
	if of_spec != of_database {
		return Err(ServiceError::Other(format!(
			"the database is of another chain: its genesis is {of_database:?}, that of the spec is {of_spec:?}; check --chain \
			 and --base-path, nothing was changed"
		)));
	}
	Ok(())
}

fn slot_and_time(
	slot_duration: sp_consensus_babe::SlotDuration,
) -> (sp_consensus_babe::inherents::InherentDataProvider, sp_timestamp::InherentDataProvider) {
	let time = sp_timestamp::InherentDataProvider::from_system_time();
	let slot =
		sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(*time, slot_duration);
	(slot, time)
}

/// Starts a node on the network backend that the configuration names.
pub fn new_full(config: Configuration, cli: Cli) -> Result<TaskManager, ServiceError> {
	match config.network.network_backend {
		NetworkBackendType::Litep2p => start::<sc_network::Litep2pNetworkBackend>(config, cli),
		NetworkBackendType::Libp2p => {
			start::<sc_network::NetworkWorker<Block, <Block as sp_runtime::traits::Block>::Hash>>(config, cli)
		}
	}
}

fn start<Network>(config: Configuration, cli: Cli) -> Result<TaskManager, ServiceError>
where
	Network: NetworkBackend<Block, <Block as sp_runtime::traits::Block>::Hash>,
{
	let PartialComponents {
		client,
		backend,
		mut task_manager,
		keystore_container,
		select_chain,
		import_queue,
		transaction_pool,
		other: Consensus { block_import, grandpa_link, babe_link, grandpa, babe_worker, mut telemetry },
	} = new_partial(&config, cli.wasm_cache.as_deref())?;

	let role = config.role;
	let node_name = config.network.node_name.clone();
	let force_authoring = config.force_authoring;
	let disable_grandpa = config.disable_grandpa;
	let publish_non_global_ips = config.network.allow_non_globals_in_dht;
	let public_addresses = config.network.public_addresses.clone();
	let network_state_path = config.network.net_config_path.clone();
	let database_path = config.database.path().map(|path| path.to_path_buf());
	let prometheus_registry = config.prometheus_registry().cloned();

	let metrics = Network::register_notification_metrics(prometheus_registry.as_ref());
	let mut net_config = sc_network::config::FullNetworkConfiguration::<_, _, Network>::new(
		&config.network,
		prometheus_registry.clone(),
	);
	let genesis_hash =
		client.block_hash(0)?.ok_or("the database holds no genesis block; purge the chain and sync it anew")?;
	let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_protocol_config, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, Network>(
		grandpa_protocol.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(grandpa_protocol_config);

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(grandpa.history.clone())),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
			runtime_api_provider: client.clone(),
			is_validator: role.is_authority(),
			keystore: Some(keystore_container.keystore()),
			offchain_db: backend.offchain_storage(),
			transaction_pool: Some(OffchainTransactionPoolFactory::new(transaction_pool.clone())),
			network_provider: Arc::new(network.clone()),
			// Only to report equivocations: the runtime has no business with the web.
			enable_http_requests: false,
			custom_extensions: |_| vec![],
		})?;
		task_manager.spawn_handle().spawn(
			"offchain-workers-runner",
			"offchain-worker",
			workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
		);
	}

	let rpc_builder = {
		let (client, pool) = (client.clone(), transaction_pool.clone());
		let (select_chain, keystore) = (select_chain.clone(), keystore_container.keystore());
		let (grandpa, chain_spec) = (grandpa.clone(), config.chain_spec.cloned_box());
		move |executor| {
			let sources = RpcSources {
				client: client.clone(),
				pool: pool.clone(),
				select_chain: select_chain.clone(),
				chain_spec: chain_spec.cloned_box(),
				keystore: keystore.clone(),
				babe: babe_worker.clone(),
				grandpa: grandpa.clone(),
			};
			rpc::create(sources, executor).map_err(Into::into)
		}
	};
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		backend: backend.clone(),
		client: client.clone(),
		keystore: keystore_container.keystore(),
		network: network.clone(),
		sync_service: sync_service.clone(),
		rpc_builder: Box::new(rpc_builder),
		transaction_pool: transaction_pool.clone(),
		task_manager: &mut task_manager,
		system_rpc_tx,
		tx_handler_controller,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let spawner = task_manager.spawn_handle();
	let essential = task_manager.spawn_essential_handle();
	if let Some(path) = database_path {
		sc_storage_monitor::StorageMonitorService::try_spawn(cli.storage_monitor, path, &essential)
			.map_err(|error| ServiceError::Application(error.into()))?;
	}

	if role.is_authority() {
		let proposer = sc_basic_authorship::ProposerFactory::new(
			spawner.clone(),
			client.clone(),
			transaction_pool.clone(),
			prometheus_registry.as_ref(),
			telemetry.as_ref().map(Telemetry::handle),
		);
		let slot_duration = babe_link.config().slot_duration();
		let inherents_client = client.clone();
		let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
			keystore: keystore_container.keystore(),
			client: client.clone(),
			select_chain,
			env: proposer,
			block_import,
			sync_oracle: sync_service.clone(),
			justification_sync_link: sync_service.clone(),
			create_inherent_data_providers: move |_parent, ()| {
				let finality = crate::finality::InherentDataProvider(inherents_client.chain_info().finalized_number);
				async move {
					let (slot, time) = slot_and_time(slot_duration);
					Ok((slot, time, finality))
				}
			},
			force_authoring,
			// Authors slow down while finality lags, so that a long fork does not grow without bound.
			backoff_authoring_blocks: Some(sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default()),
			babe_link,
			block_proposal_slot_portion: SlotProportion::new(0.5),
			max_block_proposal_slot_portion: None,
			telemetry: telemetry.as_ref().map(Telemetry::handle),
		})?;
		essential.spawn_blocking("babe-proposer", Some("block-authoring"), babe);

		let dht_events = network.event_stream("authority-discovery").filter_map(|event| async move {
			if let Event::Dht(event) = event {
				Some(event)
			} else {
				None
			}
		});
		let (worker, _service) = sc_authority_discovery::new_worker_and_service_with_config(
			sc_authority_discovery::WorkerConfig {
				publish_non_global_ips,
				public_addresses,
				strict_record_validation: true,
				persisted_cache_directory: network_state_path,
				..Default::default()
			},
			client.clone(),
			Arc::new(network.clone()),
			Box::pin(dht_events),
			sc_authority_discovery::Role::PublishAndDiscover(keystore_container.keystore()),
			prometheus_registry.clone(),
			spawner,
		);
		task_manager.spawn_handle().spawn("authority-discovery-worker", Some("networking"), worker.run());
	}

	if !disable_grandpa {
		// Full nodes take part as observers that check every vote, so that they can finalise without being asked.
		let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: Duration::from_millis(333),
				justification_generation_period: JUSTIFICATION_PERIOD_BLOCKS,
				name: Some(node_name),
				observer_enabled: false,
				keystore: role.is_authority().then(|| keystore_container.keystore()),
				local_role: role,
				telemetry: telemetry.as_ref().map(Telemetry::handle),
				protocol_name: grandpa_protocol,
			},
			link: grandpa_link,
			network,
			sync: sync_service,
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry,
			shared_voter_state: grandpa.voter_state,
			telemetry: telemetry.as_ref().map(Telemetry::handle),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
		})?;
		essential.spawn_blocking("grandpa-voter", None, voter);
	}

	Ok(task_manager)
}
