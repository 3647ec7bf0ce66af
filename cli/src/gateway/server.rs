use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
	rt::{TokioIo, TokioTimer},
	service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{
	net::TcpListener,
	sync::Semaphore,
	task::JoinSet,
	time::{sleep, timeout},
};

/// Connections at once; who comes then waits.
const CONNECTIONS: usize = 128;
/// For what comes before a body, which is no longer than this.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);
const MOST_HEADERS: usize = 64 << 10;
/// No connection lasts longer, whoever reads it.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// Answers as long as it is waited for.
pub async fn serve(listener: TcpListener, router: Router) {
	let places = Arc::new(Semaphore::new(CONNECTIONS));
	let mut connections = JoinSet::new();
	loop {
		while connections.try_join_next().is_some() {}
		let Ok(place) = places.clone().acquire_owned().await else { return };
		let stream = match listener.accept().await {
			Ok((stream, _)) => stream,
			// Too many files are open, say.
			Err(_) => {
				sleep(Duration::from_millis(100)).await;
				continue;
			}
		};
		let service = TowerToHyperService::new(router.clone());
		connections.spawn(async move {
			let _place = place;
			let mut server = http1::Builder::new();
			server.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(MOST_HEADERS);
			// Who cuts it off has a reason, and nobody here to tell it to.
			let _ = timeout(LIFE, server.serve_connection(TokioIo::new(stream), service)).await;
		});
	}
}
