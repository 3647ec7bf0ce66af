//! The token's units and its address format.

/// The smallest unit is 10⁻¹⁸ OGPU, as on Ethereum.
pub type Balance = u128;

pub const SYMBOL: &str = "OGPU";
pub const DECIMALS: u8 = 18;

/// The network's number in the [SS58 registry](https://github.com/paritytech/ss58-registry): addresses begin with it.
pub const SS58_PREFIX: u16 = 1071;

pub const OGPU: Balance = 1_000_000_000_000_000_000;
pub const MILLI_OGPU: Balance = OGPU / 1_000;
pub const MICRO_OGPU: Balance = MILLI_OGPU / 1_000;

/// No more than this will ever exist.
pub const CAP: Balance = 21_000_000 * OGPU;

/// What one vote in an election weighs. Votes are `u64`, and the cap in the smallest unit overflows that, so a balance
/// is divided by this factor first.
pub const VOTE_UNIT: Balance = 2_000_000;

const _: () = assert!(
	CAP / VOTE_UNIT <= u64::MAX as u128,
	"the whole supply must fit into one vote"
);
const _: () = assert!(
	OGPU == 10u128.pow(DECIMALS as u32),
	"OGPU is the unit of the decimals that wallets show"
);
