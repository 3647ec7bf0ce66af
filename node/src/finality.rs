//! What an author adds to its block so that the network's clock can tell whether finality keeps up.

use ogpu_protocol::time::BlockNumber;
use ogpu_runtime::clock::INHERENT_IDENTIFIER;
use polkadot_sdk::*;
use sp_inherents::{Error, InherentData, InherentIdentifier};

/// The number of the last block that this node sees final.
pub struct InherentDataProvider(pub BlockNumber);

#[async_trait::async_trait]
impl sp_inherents::InherentDataProvider for InherentDataProvider {
	async fn provide_inherent_data(&self, data: &mut InherentData) -> Result<(), Error> {
		data.put_data(INHERENT_IDENTIFIER, &self.0)
	}

	async fn try_handle_error(&self, identifier: &InherentIdentifier, _error: &[u8]) -> Option<Result<(), Error>> {
		let error = "the block says that a block is final that does not exist yet";
		(*identifier == INHERENT_IDENTIFIER).then(|| Err(Error::Application(error.into())))
	}
}
