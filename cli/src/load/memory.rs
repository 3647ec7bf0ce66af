use crate::client::is_here;
use std::{fs, path::PathBuf};

/// The memory of a node on this machine, as Linux tells it.
pub(super) struct Memory(PathBuf);

impl Memory {
	/// Of whoever listens where the node is asked. `None` if that is elsewhere, or is not told.
	pub fn of_node(url: &str) -> Option<Self> {
		if !is_here(url) {
			return None;
		}
		let port: u16 = url.trim_end_matches('/').rsplit(':').next()?.parse().ok()?;
		let socket = format!("socket:[{}]", listening(port)?);
		for process in fs::read_dir("/proc").ok()?.flatten() {
			let files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
			let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
			if links.any(|link| link.to_str() == Some(&socket)) {
				return Some(Self(process.path().join("status")));
			}
		}
		None
	}

	/// What it has in memory now.
	pub fn bytes(&self) -> Option<u64> {
		let status = fs::read_to_string(&self.0).ok()?;
		let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
		line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1 << 10)
	}
}

/// The number of the socket that listens at a port.
fn listening(port: u16) -> Option<String> {
	const LISTENS: &str = "0A";
	let at = format!(":{port:04X}");
	for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
		for line in fs::read_to_string(table).unwrap_or_default().lines() {
			let words: Vec<&str> = line.split_whitespace().collect();
			if let [_, local, _, LISTENS, _, _, _, _, _, socket, ..] = words.as_slice() {
				if local.ends_with(&at) {
					return Some((*socket).to_owned());
				}
			}
		}
	}
	None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
	use super::*;
	use std::net::TcpListener;

	#[test]
	fn who_listens_is_found_and_weighed() {
		let listener = TcpListener::bind("127.0.0.1:0").unwrap();
		let url = format!("ws://{}", listener.local_addr().unwrap());
		let bytes = Memory::of_node(&url).unwrap().bytes().unwrap();
		assert!(bytes > 1 << 20, "{bytes}");
		drop(listener);
		assert!(Memory::of_node(&url).is_none());
		assert!(Memory::of_node("ws://example.org:9944").is_none());
	}
}
