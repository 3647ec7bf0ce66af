//! Encoded values of any type that the metadata describes: such as strangers send, at the edges of what fits, with names
//! that exist and names that do not.

use codec::{Compact, Decode, DecodeLimit, Encode};
use frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed};
use ogpu_protocol::token::{MILLI_OGPU, OGPU};
use ogpu_runtime::{AccountId, Runtime, RuntimeCall};
use polkadot_sdk::*;
use rand::{seq::SliceRandom, Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef, TypeDefPrimitive};
use sp_core::H256;
use std::collections::BTreeMap;

/// As deep as a transaction may nest calls; the same limit as the executive's.
pub const MOST_NESTED: u32 = frame_support::MAX_EXTRINSIC_DEPTH;

/// No value is longer, so that a block has room for more than one.
const MOST_BYTES: usize = 200_000;

/// What those who choose values know of the chain.
#[derive(Default)]
pub struct Lexicon {
	pub accounts: Vec<AccountId>,
	/// Hashes that name something, or once did.
	pub names: Vec<H256>,
	pub amounts: Vec<u128>,
	/// Numbers of devices, services, leaves and blocks.
	pub numbers: Vec<u128>,
}

/// What can be called, and what it takes.
pub struct Types {
	registry: PortableRegistry,
	call: u32,
	/// The index of each pallet that has calls, with the type of them.
	pallets: BTreeMap<String, (u8, u32)>,
	/// What the outside may ask, and the types of what it gives.
	functions: Vec<(String, Vec<u32>)>,
}

/// A value does not fit its type.
#[derive(Debug)]
pub struct Broken;

impl Types {
	/// Those of the runtime. Functions are those of these APIs.
	pub fn of_the_runtime(apis: &[&str]) -> Self {
		// Some constants are read from the state.
		let metadata = || Runtime::metadata_at_version(15).expect("the runtime offers it");
		let opaque = sp_io::TestExternalities::default().execute_with(metadata);
		let metadata = RuntimeMetadataPrefixed::decode(&mut opaque.as_slice()).expect("it is metadata").1;
		let RuntimeMetadata::V15(RuntimeMetadataV15 { types, apis: all, outer_enums, .. }) = metadata else {
			panic!("this version was asked for")
		};
		let call = outer_enums.call_enum_ty.id;
		let TypeDef::Variant(variants) = &types.resolve(call).expect("calls have a type").type_def else {
			panic!("calls are variants")
		};
		let pallets =
			variants.variants.iter().map(|pallet| (pallet.name.clone(), (pallet.index, pallet.fields[0].ty.id)));
		let pallets = pallets.collect();
		let functions = all.iter().filter(|api| apis.contains(&api.name.as_str())).flat_map(|api| {
			let types = |inputs: &[frame_metadata::v15::RuntimeApiMethodParamMetadata<PortableForm>]| {
				inputs.iter().map(|input| input.ty.id).collect()
			};
			api.methods.iter().map(move |method| (format!("{}_{}", api.name, method.name), types(&method.inputs)))
		});
		let functions: Vec<_> = functions.collect();
		assert!(!functions.is_empty());
		Self { registry: types, call, pallets, functions }
	}

	pub fn pallets(&self) -> impl Iterator<Item = &str> {
		self.pallets.keys().map(String::as_str)
	}

	/// A call of this pallet; none if what was chosen is too long for the call to be one.
	pub fn call_of(&self, pallet: &str, chance: &mut ChaCha8Rng, lexicon: &Lexicon) -> Option<RuntimeCall> {
		let (index, ty) = self.pallets[pallet];
		let mut encoded = vec![index];
		Chooser { types: self, chance, lexicon, nested: 0 }.value(ty, &mut encoded);
		decoded(&encoded)
	}

	/// The call with one of its parts, large or small, chosen anew.
	pub fn mutated(&self, call: &RuntimeCall, chance: &mut ChaCha8Rng, lexicon: &Lexicon) -> Option<RuntimeCall> {
		let encoded = call.encode();
		let mut chooser = Chooser { types: self, chance, lexicon, nested: 0 };
		// The call itself, its pallet and its function stay.
		let mut parts = u32::MAX;
		chooser.copy(self.call, &mut encoded.as_slice(), &mut Vec::new(), &mut parts).ok()?;
		let count = u32::MAX - parts;
		let mut target = chooser.chance.gen_range(2.min(count - 1)..count);
		let mut mutated = Vec::new();
		chooser.copy(self.call, &mut encoded.as_slice(), &mut mutated, &mut target).ok()?;
		decoded(&mutated)
	}

	/// A question to the runtime, and what it is asked with.
	pub fn question(&self, chance: &mut ChaCha8Rng, lexicon: &Lexicon) -> (&str, Vec<u8>) {
		let (name, inputs) = self.functions.choose(chance).expect("there are some");
		let mut encoded = Vec::new();
		for ty in inputs {
			Chooser { types: self, chance, lexicon, nested: MOST_NESTED }.value(*ty, &mut encoded);
		}
		(name, encoded)
	}
}

fn decoded(encoded: &[u8]) -> Option<RuntimeCall> {
	RuntimeCall::decode_all_with_depth_limit(MOST_NESTED, &mut &encoded[..]).ok()
}

struct Chooser<'a> {
	types: &'a Types,
	chance: &'a mut ChaCha8Rng,
	lexicon: &'a Lexicon,
	/// In so many calls the value is wrapped.
	nested: u32,
}

impl Chooser<'_> {
	/// Writes a value of this type.
	fn value(&mut self, ty: u32, out: &mut Vec<u8>) {
		let types = self.types;
		if ty == types.call {
			return self.inner_call(out);
		}
		let described = types.registry.resolve(ty).expect("the registry is whole");
		match described.path.segments.last().map(String::as_str) {
			Some("AccountId32") => return self.account().encode_to(out),
			Some("H256") => return self.hash().encode_to(out),
			// Other forms of addresses are refused, which need not be tried often.
			Some("MultiAddress") if self.chance.gen_ratio(15, 16) => {
				out.push(0);
				return self.account().encode_to(out);
			}
			_ => {}
		}
		match &described.type_def {
			TypeDef::Composite(composite) => self.fields(&composite.fields, out),
			TypeDef::Tuple(tuple) => tuple.fields.iter().for_each(|field| self.value(field.id, out)),
			TypeDef::Variant(variants) => {
				let Some(variant) = variants.variants.choose(self.chance) else { return };
				out.push(variant.index);
				self.fields(&variant.fields, out);
			}
			TypeDef::Array(array) => match self.is_byte(array.type_param.id) {
				true if array.len == 32 => self.hash().encode_to(out),
				_ => (0..array.len).for_each(|_| self.value(array.type_param.id, out)),
			},
			TypeDef::Sequence(sequence) => {
				let is_bytes = self.is_byte(sequence.type_param.id);
				let len = self.length(is_bytes, out.len());
				Compact(len).encode_to(out);
				(0..len).for_each(|_| self.value(sequence.type_param.id, out));
			}
			TypeDef::Compact(compact) => {
				let number = match self.width(compact.type_param.id) {
					Some(bits) => self.number(bits),
					None => 0,
				};
				Compact(number).encode_to(out);
			}
			TypeDef::BitSequence(_) => {
				let bits = self.chance.gen_range(0..64u32);
				Compact(bits).encode_to(out);
				out.extend((0..bits.div_ceil(8)).map(|_| self.chance.gen::<u8>()));
			}
			TypeDef::Primitive(primitive) => self.primitive(primitive, out),
		}
	}

	fn fields(&mut self, fields: &[Field<PortableForm>], out: &mut Vec<u8>) {
		for field in fields {
			self.value(field.ty.id, out);
		}
	}

	fn inner_call(&mut self, out: &mut Vec<u8>) {
		self.nested += 1;
		let nothing = || RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() });
		let call = (self.nested < 4 && out.len() < MOST_BYTES).then(|| {
			let (index, ty) =
				*self.types.pallets.values().collect::<Vec<_>>().choose(self.chance).expect("there are some");
			let mut encoded = vec![*index];
			self.value(*ty, &mut encoded);
			encoded
		});
		out.extend(call.unwrap_or_else(|| nothing().encode()));
		self.nested -= 1;
	}

	fn primitive(&mut self, primitive: &TypeDefPrimitive, out: &mut Vec<u8>) {
		match primitive {
			TypeDefPrimitive::Bool => out.push(self.chance.gen::<bool>().into()),
			TypeDefPrimitive::Char => u32::from(self.chance.gen::<char>()).encode_to(out),
			TypeDefPrimitive::Str => {
				let text: String =
					(0..self.length(true, out.len()).min(100)).map(|_| self.chance.gen::<char>()).collect();
				text.encode_to(out);
			}
			other => {
				let bytes = bits_of(other) as usize / 8;
				let number = self.number(bits_of(other)).to_le_bytes();
				out.extend((0..bytes).map(|place| number.get(place).copied().unwrap_or_default()));
			}
		}
	}

	/// So many items, seldom more than a bounded list takes.
	fn length(&mut self, is_bytes: bool, written: usize) -> u32 {
		match self.chance.gen_range(0..100) {
			_ if written > MOST_BYTES => 0,
			0..20 => 0,
			20..50 => 1,
			50..90 => self.chance.gen_range(2..6),
			90..98 => self.chance.gen_range(6..40),
			_ if is_bytes => *[64, 256, 4_096, 65_536, 100_000].choose(self.chance).unwrap_or(&0),
			_ => *[63, 64, 65, 128, 300].choose(self.chance).unwrap_or(&0),
		}
	}

	/// At the edges, or one that means something, or any.
	fn number(&mut self, bits: u32) -> u128 {
		let most = u128::MAX >> (128 - bits.min(128));
		let known = |numbers: &[u128], chance: &mut ChaCha8Rng| numbers.choose(chance).copied().unwrap_or_default();
		let near = |number: u128, chance: &mut ChaCha8Rng| match chance.gen_range(0..4) {
			0 => number.saturating_add(1),
			1 => number.saturating_sub(1),
			_ => number,
		};
		let number = match self.chance.gen_range(0..100) {
			0..6 => 0,
			6..12 => 1,
			12..16 => most,
			16..20 => most - 1,
			20..24 => most / 2 + self.chance.gen_range(0..2),
			24..30 => {
				let power = 1 << self.chance.gen_range(0..bits.min(128));
				near(power, self.chance)
			}
			30..40 => self.chance.gen_range(0..16),
			40..60 if bits < 128 => near(known(&self.lexicon.numbers, self.chance), self.chance),
			40..55 => near(known(&self.lexicon.amounts, self.chance), self.chance),
			55..75 if bits == 128 => self.chance.gen_range(1..3_000) * OGPU / 1_000,
			75..80 if bits == 128 => self.chance.gen_range(0..=MILLI_OGPU),
			60..80 => self.chance.gen_range(0..2_000),
			_ => self.chance.gen::<u128>() >> self.chance.gen_range(0..128),
		};
		number & most
	}

	fn account(&mut self) -> AccountId {
		match self.lexicon.accounts.choose(self.chance) {
			Some(known) if self.chance.gen_ratio(7, 8) => known.clone(),
			_ => match self.chance.gen_range(0..3) {
				0 => AccountId::new([0; 32]),
				1 => AccountId::new([255; 32]),
				_ => AccountId::new(self.chance.gen()),
			},
		}
	}

	fn hash(&mut self) -> H256 {
		match self.lexicon.names.choose(self.chance) {
			Some(known) if self.chance.gen_ratio(7, 8) => *known,
			_ => H256(self.chance.gen()),
		}
	}

	fn is_byte(&self, ty: u32) -> bool {
		self.width(ty) == Some(8)
	}

	/// The bits of a number, or of the one number inside.
	fn width(&self, ty: u32) -> Option<u32> {
		match &self.types.registry.resolve(ty)?.type_def {
			TypeDef::Primitive(primitive) => Some(bits_of(primitive)),
			TypeDef::Composite(composite) => match &composite.fields[..] {
				[only] => self.width(only.ty.id),
				_ => None,
			},
			_ => None,
		}
	}

	/// Copies an encoded value of this type; the part that has the number `target` is chosen anew. Counts down by the
	/// parts that it saw.
	fn copy(&mut self, ty: u32, input: &mut &[u8], out: &mut Vec<u8>, target: &mut u32) -> Result<(), Broken> {
		if *target == 0 {
			*target = u32::MAX;
			self.copy(ty, input, &mut Vec::new(), target)?;
			*target = u32::MAX;
			self.value(ty, out);
			return Ok(());
		}
		*target -= 1;
		match &self.types.registry.resolve(ty).ok_or(Broken)?.type_def {
			TypeDef::Composite(composite) => {
				for field in &composite.fields {
					self.copy(field.ty.id, input, out, target)?;
				}
			}
			TypeDef::Tuple(tuple) => {
				for field in &tuple.fields {
					self.copy(field.id, input, out, target)?;
				}
			}
			TypeDef::Variant(variants) => {
				let index = take(1, input, out)?[0];
				let variant = variants.variants.iter().find(|variant| variant.index == index).ok_or(Broken)?;
				for field in &variant.fields {
					self.copy(field.ty.id, input, out, target)?;
				}
			}
			TypeDef::Array(array) if self.is_byte(array.type_param.id) => {
				take(array.len as usize, input, out)?;
			}
			TypeDef::Array(array) => {
				for _ in 0..array.len {
					self.copy(array.type_param.id, input, out, target)?;
				}
			}
			TypeDef::Sequence(sequence) => {
				let Compact(len) = Compact::<u32>::decode(input).map_err(|_| Broken)?;
				Compact(len).encode_to(out);
				if self.is_byte(sequence.type_param.id) {
					take(len as usize, input, out)?;
					return Ok(());
				}
				for _ in 0..len {
					self.copy(sequence.type_param.id, input, out, target)?;
				}
			}
			TypeDef::Compact(_) => Compact::<u128>::decode(input).map_err(|_| Broken)?.encode_to(out),
			TypeDef::BitSequence(_) => {
				let Compact(bits) = Compact::<u32>::decode(input).map_err(|_| Broken)?;
				Compact(bits).encode_to(out);
				take(bits.div_ceil(8) as usize, input, out)?;
			}
			TypeDef::Primitive(TypeDefPrimitive::Str) => {
				String::decode(input).map_err(|_| Broken)?.encode_to(out);
			}
			TypeDef::Primitive(primitive) => {
				take(bits_of(primitive) as usize / 8, input, out)?;
			}
		}
		Ok(())
	}
}

/// Copies so many bytes, and returns them.
fn take<'a>(count: usize, input: &mut &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Broken> {
	let (taken, rest) = input.split_at_checked(count).ok_or(Broken)?;
	*input = rest;
	out.extend_from_slice(taken);
	Ok(taken)
}

fn bits_of(primitive: &TypeDefPrimitive) -> u32 {
	match primitive {
		TypeDefPrimitive::Bool | TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 8,
		TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 16,
		TypeDefPrimitive::U32 | TypeDefPrimitive::I32 | TypeDefPrimitive::Char => 32,
		TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 64,
		TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 128,
		TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => 256,
		TypeDefPrimitive::Str => 0,
	}
}

/// Encoded bytes with some of them changed, cut or repeated.
pub fn damaged(bytes: &[u8], chance: &mut ChaCha8Rng) -> Vec<u8> {
	let mut damaged = bytes.to_vec();
	for _ in 0..chance.gen_range(1..4) {
		let place = chance.gen_range(0..=damaged.len());
		match (chance.gen_range(0..6), damaged.get_mut(place)) {
			(0..3, Some(byte)) => *byte ^= 1 << chance.gen_range(0..8),
			(3, Some(byte)) => *byte = chance.gen(),
			(4, _) => damaged.truncate(place),
			_ => {
				let mut more = vec![0; chance.gen_range(1..40)];
				chance.fill_bytes(&mut more);
				damaged.splice(place..place, more);
			}
		}
	}
	damaged
}
