//! Which device computes. The bits of `repro-1` are the same on each.

use crate::error::{Error, Result};
use candle_core::Device;
use std::{fmt, str::FromStr};

/// A device, by its name: `cpu`, `cuda`, `cuda:1`, `metal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceName {
	#[default]
	Cpu,
	/// The GPU of this number.
	Cuda(usize),
	Metal,
}

impl fmt::Display for DeviceName {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Cpu => f.write_str("cpu"),
			Self::Cuda(number) => write!(f, "cuda:{number}"),
			Self::Metal => f.write_str("metal"),
		}
	}
}

impl FromStr for DeviceName {
	type Err = Error;

	fn from_str(name: &str) -> Result<Self> {
		match name {
			"cpu" => Ok(Self::Cpu),
			"cuda" => Ok(Self::Cuda(0)),
			"metal" => Ok(Self::Metal),
			_ => {
				let number = name.strip_prefix("cuda:").and_then(|number| number.parse().ok());
				number.map(Self::Cuda).ok_or_else(|| {
					Error::invalid(format_args!("there is no device `{name}`: say cpu, cuda, cuda:1 or metal"))
				})
			}
		}
	}
}

impl DeviceName {
	/// Makes the device ready, or says why it cannot be.
	pub fn open(self) -> Result<Device> {
		match self {
			Self::Cpu => Ok(Device::Cpu),
			#[cfg(feature = "cuda")]
			Self::Cuda(number) => {
				let device = Device::new_cuda(number)
					.map_err(|error| anyhow::anyhow!("the GPU {self} cannot be used: {error}"))?;
				Ok(device)
			}
			#[cfg(not(feature = "cuda"))]
			Self::Cuda(_) => Err(Error::Machine(anyhow::anyhow!(
				"this worker was built for CPUs alone: build it with `--features cuda` (scripts/cuda.sh)"
			))),
			Self::Metal => Err(Error::Machine(anyhow::anyhow!(
				"the kernel set repro-1 has no kernels for Metal yet: use --device cpu, which has the same bits"
			))),
		}
	}
}
