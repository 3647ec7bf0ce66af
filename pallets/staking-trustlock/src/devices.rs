//! Devices: what they are, what they were measured to do, and whether they are there.

use super::*;
use traits::{DeviceInfo, Record as _};

impl DeviceSpec {
	pub(crate) fn is_text(&self) -> bool {
		[self.name.as_slice(), self.endpoint.as_slice()].iter().all(|text| core::str::from_utf8(text).is_ok())
	}
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_device(operator: AccountId32, spec: DeviceSpec) -> DispatchResult {
		Self::check_spec(&operator, &spec)?;
		let id = NextDevice::<T>::get();
		NextDevice::<T>::put(id.checked_add(1).ok_or(Error::<T>::NoDeviceLeft)?);
		Operators::<T>::try_mutate(&operator, |record| {
			record.devices.try_push(id).map_err(|_| Error::<T>::TooManyDevices)
		})?;
		let deposit = T::DeviceDeposit::get();
		Self::hold(HoldReason::Deposit, &operator, deposit)?;
		let device = DeviceRecord { operator: operator.clone(), spec, measured: None, heartbeat: None, deposit };
		Devices::<T>::insert(id, device);
		Self::deposit_event(Event::DeviceRegistered { id, operator });
		Ok(())
	}

	pub(crate) fn do_update_device(operator: AccountId32, id: DeviceId, spec: DeviceSpec) -> DispatchResult {
		let mut device = Self::own_device(&operator, id)?;
		Self::check_spec(&operator, &spec)?;
		if (spec.kind, spec.memory_mb) != (device.spec.kind, device.spec.memory_mb) {
			device.measured = None;
		}
		if spec.worker != device.spec.worker {
			device.heartbeat = None;
		}
		device.spec = spec;
		Devices::<T>::insert(id, device);
		Self::deposit_event(Event::DeviceUpdated { id });
		Ok(())
	}

	pub(crate) fn do_retire_device(operator: AccountId32, id: DeviceId) -> DispatchResult {
		let device = Self::own_device(&operator, id)?;
		Devices::<T>::remove(id);
		let mut record = Operators::<T>::get(&operator);
		record.devices.retain(|device| *device != id);
		Self::put_operator(&operator, record);
		Self::release(HoldReason::Deposit, &operator, device.deposit)?;
		Self::deposit_event(Event::DeviceRetired { id, operator });
		Ok(())
	}

	pub(crate) fn do_heartbeat(sender: AccountId32, id: DeviceId) -> DispatchResult {
		let device = Self::check_heartbeat(&sender, id)?;
		Devices::<T>::insert(id, DeviceRecord { heartbeat: Some(Self::now()), ..device });
		Ok(())
	}

	/// All that can be wrong with a heartbeat.
	pub fn check_heartbeat(sender: &AccountId32, id: DeviceId) -> Result<DeviceRecord, Error<T>> {
		let device = Devices::<T>::get(id).ok_or(Error::<T>::NoDevice)?;
		ensure!(*sender == device.spec.worker || *sender == device.operator, Error::<T>::NotYourDevice);
		let last = device.heartbeat.map(Self::window);
		ensure!(last.is_none_or(|last| last < Self::window(Self::now())), Error::<T>::TooEarly);
		Ok(device)
	}

	fn check_spec(operator: &AccountId32, spec: &DeviceSpec) -> DispatchResult {
		ensure!(spec.is_text(), Error::<T>::NotText);
		Self::ensure_works_for(&spec.worker, operator)
	}

	fn own_device(operator: &AccountId32, id: DeviceId) -> Result<DeviceRecord, Error<T>> {
		let device = Devices::<T>::get(id).ok_or(Error::<T>::NoDevice)?;
		ensure!(device.operator == *operator, Error::<T>::NotYourDevice);
		Ok(device)
	}

	/// The window of heartbeats in which a block lies.
	fn window(block: BlockNumber) -> BlockNumber {
		block.checked_div(T::HeartbeatBlocks::get()).unwrap_or_default()
	}

	fn is_fresh(measured: &Measurement) -> bool {
		Self::now() <= measured.at.saturating_add(T::ScoreBlocks::get())
	}

	pub(crate) fn is_online(device: &DeviceRecord) -> bool {
		let missed = |last| Self::window(Self::now()).saturating_sub(Self::window(last));
		device.heartbeat.is_some_and(|last| missed(last) <= 1) && !Self::is_suspended(&device.operator)
	}
}

impl<T: Config> traits::Devices<AccountId32> for Pallet<T> {
	fn device(id: DeviceId) -> Option<DeviceInfo<AccountId32>> {
		let device = Devices::<T>::get(id)?;
		Some(DeviceInfo {
			is_online: Self::is_online(&device),
			operator: device.operator,
			worker: device.spec.worker,
			kind: device.spec.kind,
			memory_mb: device.spec.memory_mb,
			measured: device.measured.filter(Self::is_fresh).map(|measured| measured.work_per_block),
		})
	}

	fn next_device() -> DeviceId {
		NextDevice::<T>::get()
	}

	fn measured(id: DeviceId, work_per_block: Work) {
		let Some(device) = Devices::<T>::get(id) else { return };
		let measured = Some(Measurement { work_per_block, at: Self::now() });
		Devices::<T>::insert(id, DeviceRecord { measured, ..device });
		Self::deposit_event(Event::DeviceMeasured { id, work_per_block });
	}
}
