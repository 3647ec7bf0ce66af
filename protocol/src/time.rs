//! Time is counted in blocks.

pub type BlockNumber = u32;

/// What a block takes when every slot is filled.
pub const BLOCK_MILLIS: u64 = 3_000;

pub const MINUTES: BlockNumber = 60_000 / BLOCK_MILLIS as BlockNumber;
pub const HOURS: BlockNumber = 60 * MINUTES;
pub const DAYS: BlockNumber = 24 * HOURS;

/// Blocks of an epoch, which is a session: validators' keys and the randomness change with it.
pub const EPOCH_BLOCKS: BlockNumber = HOURS;

/// Sessions of an era: validators are elected and stakers paid once in each.
pub const SESSIONS_PER_ERA: u32 = 6;

/// Eras for which unbonding stake can still be slashed: seven days.
pub const BONDING_ERAS: u32 = 28;
