//! `ogpu dashboard`: the page for browsers, and the gateway to a store of artifacts. `ogpu dev` serves the same.

pub mod spec;

use crate::{
	commands::{
		connection::{NodeArgs, StoreArgs},
		live, wait,
	},
	output::print,
};
use anyhow::{ensure, Context, Result};
use clap::Args;
use ogpu::{
	client::{is_here, DEVELOPMENT},
	gateway::{serve, Gateway, Site, BASE},
	home::{Home, Listening},
};
use serde_json::{json, Value};
use std::{
	net::Ipv4Addr,
	path::{Path, PathBuf},
	sync::Arc,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Where the page is, unless it is said.
pub const PORT: u16 = 9955;
/// What every page has.
const INDEX: &str = "index.html";

/// Serve the page for browsers on this machine, and a gateway from it to a store of artifacts
///
/// Browsers cannot speak QUIC, by which artifacts travel: the gateway keeps what the page supplies, serves it to workers,
/// and fetches results. It knows no key of any account; wallets in the browser sign. Whoever has its token can use it, and
/// pages from here are told it.
#[derive(Debug, Args)]
pub struct DashboardCmd {
	/// The port, on 127.0.0.1; 0 for any free one
	#[arg(long, default_value_t = PORT)]
	port: u16,
	/// The folder of the page [default: what OGPU_DASHBOARD says, else dashboard/dist here, else share/ogpu/dashboard beside
	/// the folder of this program]
	#[arg(long, value_name = "DIR")]
	page: Option<PathBuf>,
	/// The raw spec of the node's chain, for a light client in the page [default: the one that comes with this program, if
	/// it is of that chain]
	#[arg(long, value_name = "FILE")]
	spec: Option<PathBuf>,
	#[command(flatten)]
	node: NodeArgs,
	#[command(flatten)]
	store: StoreArgs,
	/// Print one JSON object when it is ready
	#[arg(long)]
	json: bool,
}

impl DashboardCmd {
	pub fn run(&self) -> Result<()> {
		wait(async {
			let page = page(self.page.as_deref())?;
			let listener = listen(self.port).await.context("choose another one with --port, or 0 for any")?;
			let node = self.node.url();
			let chain = self.node.connect().await?;
			let is_local = is_here(&node) && chain.kind().await? == DEVELOPMENT;
			let spec = spec::of(&chain, self.spec.as_deref()).await?;
			let site = Site { page, node, chain: chain.request("system_chain", &[]).await?, spec };
			let home = Home::new(self.store.home.clone())?;
			let gateway = Gateway::open(&home, &chain.genesis(), &self.store.listening(), is_local).await?;
			let door = Door::open(listener, gateway, site)?;
			if self.json {
				let mut said = door.as_json();
				if let Some(said) = said.as_object_mut() {
					said.insert("ready".into(), true.into());
					said.insert("node".into(), self.node.url().into());
				}
				print(&format!("{said}\n"))?;
			} else {
				print(&format!("{}\nCtrl-C to stop\n", door.text()))?;
			}
			live::stop().await;
			door.close().await;
			Ok(())
		})
	}
}

/// Takes a port of this machine.
pub async fn listen(port: u16) -> Result<TcpListener> {
	TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| format!("port {port} is taken"))
}

/// The folder of the page: the one that was said, or where it may be.
pub fn page(said: Option<&Path>) -> Result<Option<PathBuf>> {
	let from_outside = || std::env::var_os("OGPU_DASHBOARD").filter(|path| !path.is_empty()).map(PathBuf::from);
	if let Some(page) = said.map(Path::to_owned).or_else(from_outside) {
		let path = page.display();
		ensure!(page.join(INDEX).is_file(), "{path} has no {INDEX}: give the folder into which the page was built");
		return Ok(Some(page.canonicalize()?));
	}
	let beside = std::env::current_exe().ok().and_then(|it| Some(it.parent()?.parent()?.join("share/ogpu/dashboard")));
	let page =
		[Some(PathBuf::from("dashboard/dist")), beside].into_iter().flatten().find(|page| page.join(INDEX).is_file());
	Ok(page.map(|page| page.canonicalize()).transpose()?)
}

/// A page and a gateway that are served.
pub struct Door {
	gateway: Arc<Gateway>,
	url: String,
	has_page: bool,
	tasks: [JoinHandle<()>; 2],
}

impl Door {
	pub fn open(listener: TcpListener, gateway: Arc<Gateway>, site: Site) -> Result<Self> {
		let url = format!("http://{}", listener.local_addr()?);
		let has_page = site.page.is_some();
		let attending = tokio::spawn(gateway.clone().attend(site.node.clone()));
		let serving = tokio::spawn(serve(listener, site.router(&gateway)));
		Ok(Self { gateway, url, has_page, tasks: [attending, serving] })
	}

	/// For people.
	pub fn text(&self) -> String {
		let Self { url, gateway, .. } = self;
		if self.has_page {
			return format!("The dashboard is at {url}/");
		}
		format!(
			"There is no dashboard here: build it with `make dashboard` in the repository, or say with --page where it is.\n\
			 The gateway answers at {url}{BASE}. A dashboard from elsewhere takes it as\n  \
			 …/#gateway={url}{BASE}&token={}",
			gateway.token()
		)
	}

	/// For scripts.
	pub fn as_json(&self) -> Value {
		let Self { url, gateway, .. } = self;
		json!({
			"page": self.has_page.then(|| format!("{url}/")),
			"gateway": format!("{url}{BASE}"),
			"token": gateway.token().to_string(),
			"endpoint": gateway.store().endpoint().to_string(),
		})
	}

	pub async fn close(self) {
		self.tasks.iter().for_each(JoinHandle::abort);
		self.gateway.close().await;
	}
}

/// The gateway of a network for development, which keeps its store in the network's folder.
pub async fn of_development(place: &Path, genesis: &ogpu::Hash, listener: TcpListener, site: Site) -> Result<Door> {
	let home = Home::new(Some(place.join("gateway")))?;
	let gateway = Gateway::open(&home, genesis, &Listening::default(), true).await?;
	Door::open(listener, gateway, site)
}
