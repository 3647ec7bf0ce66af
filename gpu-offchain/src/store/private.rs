//! Sealed artifacts in the store: [`super::seal()`] over what it holds.

use super::{
	blocking,
	error::{Error, Result},
	folder, room,
	seal::{content_key, granted_key, seal, sealed_bytes, unseal, ContentKey},
	Key, Store,
};
use crate::artifacts::{Artifact, MOST_BYTES};
use std::{
	fs,
	io::{BufReader, BufWriter, Read, Seek, Write},
	path::Path,
};

impl Store {
	/// Seals bytes to these keys: only they can read the artifact that comes out, wherever it goes.
	pub async fn seal(&self, plain: impl Into<Vec<u8>>, recipients: &[Key]) -> Result<(Artifact, ContentKey)> {
		let plain = plain.into();
		let bytes = plain.len() as u64;
		self.seal_from(std::io::Cursor::new(plain), bytes, recipients).await
	}

	/// Seals a file without reading it into memory.
	pub async fn seal_file(&self, path: impl AsRef<Path>, recipients: &[Key]) -> Result<(Artifact, ContentKey)> {
		let path = path.as_ref();
		let at = |error: std::io::Error| Error::machine(format_args!("{}: {error}", path.display()));
		let file = fs::File::open(path).map_err(at)?;
		let bytes = file.metadata().map_err(at)?.len();
		self.seal_from(BufReader::with_capacity(1 << 20, file), bytes, recipients).await
	}

	async fn seal_from(
		&self,
		plain: impl Read + Send + 'static,
		bytes: u64,
		recipients: &[Key],
	) -> Result<(Artifact, ContentKey)> {
		let _room = self.promise(0, sealed_bytes(bytes, recipients.len())).await?;
		let (recipients, folder) = (recipients.to_vec(), self.0.folder.clone());
		let (sealed, key) = blocking(move || {
			let mut sealed = folder::passing(&folder)?;
			let key = seal(plain, bytes, &recipients, BufWriter::with_capacity(1 << 20, &mut sealed))?;
			Ok((sealed, key))
		})
		.await?;
		Ok((self.add_file(sealed.path()).await?, key))
	}

	/// Opens what was sealed to this store, or what was granted to it by a key artifact. The bytes must be those that
	/// `plain` names: whoever sealed them could have sealed others.
	pub async fn unseal(&self, sealed: &Artifact, granted: Option<&Artifact>, plain: &Artifact) -> Result<Vec<u8>> {
		let mut opened = self.opened(sealed, granted, plain).await?;
		blocking(move || {
			let mut bytes = Vec::new();
			opened.rewind()?;
			opened.read_to_end(&mut bytes)?;
			Ok(bytes)
		})
		.await
	}

	/// The same into a file, which only its owner may read. It appears when all of it is opened and right.
	pub async fn unseal_to(
		&self,
		sealed: &Artifact,
		granted: Option<&Artifact>,
		plain: &Artifact,
		path: impl AsRef<Path>,
	) -> Result<()> {
		let mut opened = self.opened(sealed, granted, plain).await?;
		let path = path.as_ref().to_owned();
		blocking(move || {
			let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
			fs::create_dir_all(folder)?;
			let mut file = tempfile::NamedTempFile::new_in(folder)?;
			opened.rewind()?;
			std::io::copy(&mut opened, &mut file)?;
			file.as_file().sync_all()?;
			file.persist(path).map_err(|error| error.error)?;
			Ok(())
		})
		.await
	}

	/// The plain bytes in a file without a name: no crash leaves them behind.
	async fn opened(&self, sealed: &Artifact, granted: Option<&Artifact>, plain: &Artifact) -> Result<fs::File> {
		let granted = match granted {
			// A key artifact is short: what is longer is none.
			Some(granted) if granted.bytes > 1 << 10 => return Err(Error::Sealed("it is no key artifact")),
			Some(granted) => Some(self.get(granted).await?),
			None => None,
		};
		if plain.bytes > MOST_BYTES {
			return Err(Error::invalid("an artifact of more than 8 GiB"));
		}
		let _room = self.promise(0, room(sealed.bytes).saturating_add(plain.bytes)).await?;
		let exported = folder::passing(&self.0.folder)?;
		self.export(sealed, exported.path()).await?;
		let (sealed, plain) = (*sealed, *plain);
		let (folder, secret) = (self.0.folder.clone(), self.0.secret.clone());
		blocking(move || {
			let mut reader = BufReader::with_capacity(1 << 20, fs::File::open(exported.path())?);
			let key = match granted {
				Some(granted) => granted_key(&granted, &sealed, &secret)?,
				None => content_key(&mut reader, &secret)?,
			};
			reader.rewind()?;
			let mut opened = Hashing { file: tempfile::tempfile_in(folder)?, hasher: blake3::Hasher::new() };
			let bytes = unseal(reader, &key, BufWriter::with_capacity(1 << 20, &mut opened))?;
			if bytes == plain.bytes && *opened.hasher.finalize().as_bytes() == plain.hash.0 {
				Ok(opened.file)
			} else {
				Err(Error::Sealed("the bytes in it are not those that were named"))
			}
		})
		.await
	}
}

/// What is written and named at once.
struct Hashing {
	file: fs::File,
	hasher: blake3::Hasher,
}

impl Write for Hashing {
	fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
		let written = self.file.write(bytes)?;
		self.hasher.update(bytes.get(..written).unwrap_or_default());
		Ok(written)
	}

	fn flush(&mut self) -> std::io::Result<()> {
		self.file.flush()
	}
}
