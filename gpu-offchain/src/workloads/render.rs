//! Rendered pictures: paths of light through spheres and meshes. A leaf is a tile of a frame; there is nothing to hand
//! on. All arithmetic is single additions, multiplications, divisions and square roots of fp32 in the order written
//! here, and random numbers are a function of frame, pixel, path and place: a tile has the same bits anywhere.

use super::Shape;
use crate::{
	artifacts::{Artifact, Store},
	error::{ensure, Error, Result},
	job::{FromOpenings, Piece, Run, Workload},
	kernels::random::Random,
	limits,
};
use ogpu_protocol::cost::{Leaf, LeafCost};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Render {
	pub seed: u64,
	/// A [`Scene`] in JSON.
	pub scene: Artifact,
	/// Of a frame, in pixels.
	pub width: u32,
	pub height: u32,
	/// Side of a tile.
	pub tile: u32,
	/// The cameras of the scene that are used, from the first on: each makes a frame.
	pub frames: u32,
	/// Paths of a pixel.
	pub samples: u32,
	/// Rays of a path, at most.
	pub rays: u32,
	/// Nodes of the scene's tree that a ray visits, at most: then it is taken to have hit what is nearest so far.
	pub visits: u32,
}

/// Three numbers: a place, a direction or a colour.
type Vector = [f32; 3];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
	pub cameras: Vec<Camera>,
	pub materials: Vec<Material>,
	#[serde(default)]
	pub spheres: Vec<Sphere>,
	#[serde(default)]
	pub meshes: Vec<Mesh>,
	#[serde(default)]
	pub lights: Vec<Light>,
	/// Light from below and above, where a ray hits nothing.
	#[serde(default)]
	pub sky: [Vector; 2],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
	pub from: Vector,
	pub to: Vector,
	pub up: Vector,
	/// Height of the picture at distance one.
	pub view: f32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Material {
	Diffuse { colour: Vector },
	Metal { colour: Vector, roughness: f32 },
	Glass { index: f32 },
	Glowing { colour: Vector },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sphere {
	pub centre: Vector,
	pub radius: f32,
	pub material: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
	pub vertices: Vec<Vector>,
	pub triangles: Vec<[u32; 3]>,
	pub material: u32,
}

/// A point that shines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Light {
	pub at: Vector,
	pub colour: Vector,
}

fn each(a: Vector, b: Vector, f: impl Fn(f32, f32) -> f32) -> Vector {
	let ([a0, a1, a2], [b0, b1, b2]) = (a, b);
	[f(a0, b0), f(a1, b1), f(a2, b2)]
}

fn add(a: Vector, b: Vector) -> Vector {
	each(a, b, |a, b| a + b)
}

fn sub(a: Vector, b: Vector) -> Vector {
	each(a, b, |a, b| a - b)
}

fn mul(a: Vector, b: Vector) -> Vector {
	each(a, b, |a, b| a * b)
}

fn scale(a: Vector, by: f32) -> Vector {
	a.map(|a| a * by)
}

fn dot(a: Vector, b: Vector) -> f32 {
	let [x, y, z] = mul(a, b);
	x + y + z
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
	[b * z - c * y, c * x - a * z, a * y - b * x]
}

/// Of length one. Of no length, some direction.
fn unit(a: Vector) -> Vector {
	let length = dot(a, a).sqrt();
	if length > 0.0 {
		a.map(|a| a / length)
	} else {
		[0.0, 1.0, 0.0]
	}
}

/// The smaller, or the second where one is no number.
fn least(a: f32, b: f32) -> f32 {
	if a < b {
		a
	} else {
		b
	}
}

/// The greater, or the second where one is no number.
fn most(a: f32, b: f32) -> f32 {
	if a > b {
		a
	} else {
		b
	}
}

/// What a ray can hit.
#[derive(Clone, Copy, Debug)]
enum Body {
	Sphere { centre: Vector, radius: f32 },
	Triangle { corner: Vector, edges: [Vector; 2] },
}

#[derive(Clone, Copy, Debug)]
struct Thing {
	body: Body,
	material: u32,
}

#[derive(Clone, Copy, Debug)]
struct Ray {
	from: Vector,
	to: Vector,
}

/// Nearer hits are the surface that a ray leaves.
const NEAREST: f32 = 1e-4;

impl Thing {
	fn bounds(&self) -> [Vector; 2] {
		match self.body {
			Body::Sphere { centre, radius } => [centre.map(|c| c - radius), centre.map(|c| c + radius)],
			Body::Triangle { corner, edges: [a, b] } => {
				let (a, b) = (add(corner, a), add(corner, b));
				[each(each(corner, a, least), b, least), each(each(corner, a, most), b, most)]
			}
		}
	}

	/// How far along the ray it is hit, nearer than `limit`.
	fn hit(&self, ray: &Ray, limit: f32) -> Option<f32> {
		let within = |distance: f32| (distance > NEAREST && distance < limit).then_some(distance);
		match self.body {
			Body::Sphere { centre, radius } => {
				let offset = sub(ray.from, centre);
				let (half, rest) = (dot(offset, ray.to), dot(offset, offset) - radius * radius);
				let inside = half * half - rest;
				let root = (inside > 0.0).then(|| inside.sqrt())?;
				within(-half - root).or_else(|| within(-half + root))
			}
			Body::Triangle { corner, edges: [a, b] } => {
				let across = cross(ray.to, b);
				let size = dot(a, across);
				let offset = sub(ray.from, corner);
				let u = dot(offset, across) / size;
				let turned = cross(offset, a);
				let v = dot(ray.to, turned) / size;
				let is_inside = size != 0.0 && u >= 0.0 && v >= 0.0 && u + v <= 1.0;
				is_inside.then(|| dot(b, turned) / size).and_then(within)
			}
		}
	}

	/// Away from the inside.
	fn normal(&self, at: Vector) -> Vector {
		match self.body {
			Body::Sphere { centre, .. } => unit(sub(at, centre)),
			Body::Triangle { edges: [a, b], .. } => unit(cross(a, b)),
		}
	}
}

/// A box around things: a few of them, or two other boxes.
#[derive(Clone, Debug)]
struct Node {
	bounds: [Vector; 2],
	/// First thing and how many; none of an inner node.
	things: [u32; 2],
	children: [u32; 2],
}

/// Boxes in boxes, cut at the middle thing along the longest side.
struct Tree {
	nodes: Vec<Node>,
	things: Vec<Thing>,
}

impl Tree {
	fn new(things: Vec<Thing>) -> Self {
		let mut tree = Self { nodes: Vec::new(), things };
		let mut order: Vec<u32> = (0u32..).take(tree.things.len()).collect();
		if !order.is_empty() {
			let mut sorted = Vec::new();
			tree.build(&mut order, &mut sorted);
			tree.things = sorted;
		}
		tree
	}

	fn thing(&self, index: u32) -> Option<&Thing> {
		self.things.get(index as usize)
	}

	fn build(&mut self, order: &mut [u32], sorted: &mut Vec<Thing>) -> u32 {
		let nothing = [[f32::INFINITY; 3], [f32::NEG_INFINITY; 3]];
		let bounds = order
			.iter()
			.filter_map(|index| self.thing(*index))
			.map(Thing::bounds)
			.fold(nothing, |[low, high], [from, to]| [each(low, from, least), each(high, to, most)]);
		let number = self.nodes.len();
		let first = sorted.len() as u32;
		self.nodes.push(Node { bounds, things: [first, 0], children: [0, 0] });
		let things;
		let mut children = [0, 0];
		if order.len() <= 2 {
			sorted.extend(order.iter().filter_map(|index| self.thing(*index)).copied());
			things = [first, order.len() as u32];
		} else {
			let [x, y, z] = sub(bounds[1], bounds[0]);
			let axis = if x >= y && x >= z {
				0
			} else if y >= z {
				1
			} else {
				2
			};
			let middle = |index: &u32| {
				let [low, high] = self.thing(*index).map(Thing::bounds).unwrap_or_default();
				add(low, high).get(axis).copied().unwrap_or_default()
			};
			order.sort_by(|a, b| middle(a).total_cmp(&middle(b)).then(a.cmp(b)));
			let (left, right) = order.split_at_mut(order.len() / 2);
			children = [self.build(left, sorted), self.build(right, sorted)];
			things = [first, 0];
		}
		if let Some(node) = self.nodes.get_mut(number) {
			(node.things, node.children) = (things, children);
		}
		number as u32
	}

	/// The nearest thing within `limit`, having visited at most so many nodes.
	fn nearest(&self, ray: &Ray, limit: f32, visits: u32) -> Option<(f32, &Thing)> {
		let inverse = ray.to.map(|to| 1.0 / to);
		let mut found: Option<(f32, &Thing)> = None;
		// Halving so few things never nests deeper.
		let mut stack = [0u32; 64];
		let mut height = usize::from(!self.nodes.is_empty());
		for _ in 0..visits {
			let Some(top) = height.checked_sub(1) else { break };
			height = top;
			let Some(node) = stack.get(top).and_then(|index| self.nodes.get(*index as usize)) else { break };
			let limit = found.map_or(limit, |(distance, _)| distance);
			let [low, high] = node.bounds.map(|bound| mul(sub(bound, ray.from), inverse));
			let ([x0, y0, z0], [x1, y1, z1]) = (each(low, high, least), each(low, high, most));
			let (enter, leave) = (most(x0, most(y0, z0)), least(x1, least(y1, z1)));
			// Where one is no number, because a ray runs in the plane of a side, it is not ruled out.
			if enter > leave || leave < 0.0 || enter > limit {
				continue;
			}
			let [first, count] = node.things;
			for index in first..first.saturating_add(count) {
				let limit = found.map_or(limit, |(distance, _)| distance);
				if let Some((distance, thing)) =
					self.thing(index).and_then(|thing| Some((thing.hit(ray, limit)?, thing)))
				{
					found = Some((distance, thing));
				}
			}
			if count == 0 {
				for child in node.children {
					if let Some(place) = stack.get_mut(height) {
						*place = child;
						height = height.saturating_add(1);
					}
				}
			}
		}
		found
	}
}

/// Random numbers of one path, one after the other.
struct Dice {
	random: Random,
	place: u64,
}

impl Dice {
	fn roll(&mut self) -> f32 {
		self.place = self.place.wrapping_add(1);
		self.random.uniform(self.place)
	}

	/// Within the ball of radius one: the first of some tries that is.
	fn in_ball(&mut self) -> Vector {
		for _ in 0..16 {
			let at = [self.roll(), self.roll(), self.roll()].map(|x| x * 2.0 - 1.0);
			let square = dot(at, at);
			if square < 1.0 && square > 1e-6 {
				return at;
			}
		}
		[0.0, 1.0, 0.0]
	}
}

/// Rendering that is ready to run.
pub struct Rendering {
	render: Render,
	scene: Scene,
	tree: Tree,
	/// Which pixels a random number is for must fit below the path.
	bytes: u64,
}

/// A scene is not larger.
const SCENE_BYTES: u64 = 256 << 20;
/// Things in a scene.
const THINGS: usize = 1 << 22;

impl Scene {
	/// Refuses what no ray may meet.
	fn check(&self) -> Result<()> {
		limits::within("cameras", self.cameras.len(), 1, 1 << 16)?;
		limits::within("lights", self.lights.len(), 0, 64)?;
		let triangles = self.meshes.iter().map(|mesh| mesh.triangles.len()).fold(0, usize::saturating_add);
		limits::within("spheres and triangles", triangles.saturating_add(self.spheres.len()), 0, THINGS)?;
		let is_known = |material: u32| (material as usize) < self.materials.len();
		ensure(self.spheres.iter().all(|sphere| is_known(sphere.material)), "a sphere of no material")?;
		ensure(self.meshes.iter().all(|mesh| is_known(mesh.material)), "a mesh of no material")?;
		let is_small = |value: &f32| value.abs() <= 1e6;
		let places = self.cameras.iter().flat_map(|camera| [camera.from, camera.to, camera.up]);
		let places = places.chain(self.lights.iter().flat_map(|light| [light.at, light.colour]));
		let places = places.chain(self.spheres.iter().map(|sphere| sphere.centre)).chain(self.sky);
		let mut places = places.chain(self.meshes.iter().flat_map(|mesh| mesh.vertices.iter().copied()));
		ensure(places.all(|place| place.iter().all(is_small)), "places and colours must be within a million")?;
		ensure(self.spheres.iter().all(|sphere| is_small(&sphere.radius)), "a sphere larger than a million")?;
		ensure(self.cameras.iter().all(|camera| is_small(&camera.view)), "a camera that sees too much")?;
		let is_possible = |material: &Material| match material {
			Material::Diffuse { colour } => colour.iter().all(|c| (0.0..=1.0).contains(c)),
			Material::Metal { colour, roughness } => colour.iter().chain([roughness]).all(|c| (0.0..=1.0).contains(c)),
			Material::Glass { index } => (1.0..=10.0).contains(index),
			Material::Glowing { colour } => colour.iter().all(is_small),
		};
		ensure(self.materials.iter().all(is_possible), "a material that gives more light than it gets")
	}

	fn things(&self) -> Result<Vec<Thing>> {
		let mut things: Vec<_> = self
			.spheres
			.iter()
			.map(|sphere| Thing {
				body: Body::Sphere { centre: sphere.centre, radius: sphere.radius },
				material: sphere.material,
			})
			.collect();
		for mesh in &self.meshes {
			for triangle in &mesh.triangles {
				let [a, b, c] = triangle.map(|vertex| mesh.vertices.get(vertex as usize).copied());
				let (Some(a), Some(b), Some(c)) = (a, b, c) else {
					return Err(Error::invalid("a triangle of no vertices"));
				};
				let body = Body::Triangle { corner: a, edges: [sub(b, a), sub(c, a)] };
				things.push(Thing { body, material: mesh.material });
			}
		}
		Ok(things)
	}
}

impl Rendering {
	pub fn new(render: &Render, store: &dyn Store) -> Result<Self> {
		limits::within("width", render.width, 1, 1 << 14)?;
		limits::within("height", render.height, 1, 1 << 14)?;
		limits::within("tile", render.tile, 1, 1 << 12)?;
		limits::within("samples", render.samples, 1, 1 << 16)?;
		limits::within("rays", render.rays, 1, 64)?;
		limits::within("visits", render.visits, 1, 1 << 16)?;
		limits::within("bytes of a scene", render.scene.bytes, 2, SCENE_BYTES)?;
		// A vertex of a few bytes becomes a thing with its box.
		limits::memory(render.scene.bytes.saturating_mul(20))?;
		let scene: Scene = serde_json::from_slice(&store.get(&render.scene)?).map_err(Error::invalid)?;
		scene.check()?;
		limits::within("frames", render.frames as usize, 1, scene.cameras.len())?;
		let tree = Tree::new(scene.things()?);
		Ok(Self { render: render.clone(), scene, tree, bytes: render.scene.bytes })
	}

	pub fn shape(&self) -> Shape {
		Shape { leaves: self.most_leaves(), leaf: self.cost(0), memory_bytes: self.bytes.saturating_mul(20) }
	}

	fn tiles(&self) -> [u32; 2] {
		[self.render.width.div_ceil(self.render.tile), self.render.height.div_ceil(self.render.tile)]
	}

	/// What a path from the eye brings back.
	fn trace(&self, mut ray: Ray, dice: &mut Dice) -> Vector {
		let (mut light, mut share) = ([0.0; 3], [1.0; 3]);
		for _ in 0..self.render.rays {
			let Some((distance, thing)) = self.tree.nearest(&ray, f32::INFINITY, self.render.visits) else {
				let [_, height, _] = ray.to;
				let up = (height + 1.0) * 0.5;
				let [below, above] = self.scene.sky;
				return add(light, mul(share, add(scale(below, 1.0 - up), scale(above, up))));
			};
			let at = add(ray.from, scale(ray.to, distance));
			let outwards = thing.normal(at);
			let is_outside = dot(outwards, ray.to) < 0.0;
			let normal = if is_outside { outwards } else { scale(outwards, -1.0) };
			let Some(material) = self.scene.materials.get(thing.material as usize) else { return light };
			let to = match material {
				Material::Glowing { colour } => return add(light, mul(share, *colour)),
				Material::Diffuse { colour } => {
					share = mul(share, *colour);
					light = add(light, mul(share, self.direct(at, normal)));
					unit(add(normal, unit(dice.in_ball())))
				}
				Material::Metal { colour, roughness } => {
					share = mul(share, *colour);
					let mirrored = sub(ray.to, scale(normal, 2.0 * dot(ray.to, normal)));
					let to = unit(add(mirrored, scale(dice.in_ball(), *roughness)));
					if dot(to, normal) <= 0.0 {
						return light;
					}
					to
				}
				Material::Glass { index } => {
					let ratio = if is_outside { 1.0 / index } else { *index };
					let cosine = least(-dot(ray.to, normal), 1.0);
					let square = 1.0 - ratio * ratio * (1.0 - cosine * cosine);
					let edge = (1.0 - index) / (1.0 + index);
					let (edge, rest) = (edge * edge, 1.0 - cosine);
					let mirrored = edge + (1.0 - edge) * (rest * rest * rest * rest * rest);
					// Always rolled, so that a path's numbers do not shift.
					let roll = dice.roll();
					if square < 0.0 || roll < mirrored {
						unit(sub(ray.to, scale(normal, 2.0 * dot(ray.to, normal))))
					} else {
						unit(add(scale(ray.to, ratio), scale(normal, ratio * cosine - square.sqrt())))
					}
				}
			};
			ray = Ray { from: at, to };
		}
		light
	}

	/// What the points that shine give to a matt place.
	fn direct(&self, at: Vector, normal: Vector) -> Vector {
		let mut light = [0.0; 3];
		for source in &self.scene.lights {
			let way = sub(source.at, at);
			let square = dot(way, way);
			let to = unit(way);
			let facing = dot(to, normal);
			if facing > 0.0 && square > 0.0 {
				let distance = square.sqrt();
				if self.tree.nearest(&Ray { from: at, to }, distance, self.render.visits).is_none() {
					light = add(light, scale(source.colour, facing / (square * std::f32::consts::PI)));
				}
			}
		}
		light
	}

	/// A pixel: the mean of its paths, as three bytes, brightened by a square root.
	fn pixel(&self, frame: u32, camera: &Camera, x: u32, y: u32) -> [u8; 3] {
		let ahead = unit(sub(camera.to, camera.from));
		let right = unit(cross(ahead, camera.up));
		let up = cross(right, ahead);
		let (width, height) = (self.render.width as f32, self.render.height as f32);
		let number = u64::from(y).wrapping_mul(self.render.width.into()).wrapping_add(x.into());
		let stream = (u64::from(frame) << 32).wrapping_add(number);
		let random = Random::new(self.render.seed, stream);
		let mut sum = [0.0; 3];
		for sample in 0..self.render.samples {
			let mut dice = Dice { random, place: u64::from(sample) << 20 };
			let across = ((x as f32 + dice.roll()) - width * 0.5) / height * camera.view;
			let along = (height * 0.5 - (y as f32 + dice.roll())) / height * camera.view;
			let to = unit(add(ahead, add(scale(right, across), scale(up, along))));
			sum = add(sum, self.trace(Ray { from: camera.from, to }, &mut dice));
		}
		sum.map(|sum| {
			let bright = most((sum / self.render.samples as f32).sqrt(), 0.0);
			(least(bright, 1.0) * 255.0 + 0.5) as u8
		})
	}
}

impl Render {
	/// Columns and rows of a tile.
	fn tile(&self, index: u32) -> [std::ops::Range<u32>; 2] {
		let across = self.width.div_ceil(self.tile);
		let column = index.checked_rem(across).unwrap_or_default().saturating_mul(self.tile);
		let row = index.checked_div(across).unwrap_or_default().saturating_mul(self.tile);
		let range = |from: u32, most: u32| from..from.saturating_add(self.tile).min(most);
		[range(column, self.width), range(row, self.height)]
	}

	/// The picture of a frame, out of the tiles that the output is: three bytes for each pixel, row by row.
	pub fn picture(&self, output: &[u8], frame: u32) -> Option<Vec<u8>> {
		let bytes = (self.width as usize).checked_mul(self.height as usize)?.checked_mul(3)?;
		let mut rest = output.get(bytes.checked_mul(frame as usize)?..)?;
		let mut picture = vec![0; bytes];
		let tiles = self.width.div_ceil(self.tile).checked_mul(self.height.div_ceil(self.tile))?;
		for tile in 0..tiles {
			let [columns, rows] = self.tile(tile);
			for row in rows {
				let (line, after) = rest.split_at_checked(columns.len().checked_mul(3)?)?;
				rest = after;
				let start = (row as usize).checked_mul(self.width as usize)?.checked_add(columns.start as usize)?;
				let place = start.checked_mul(3)?;
				picture.get_mut(place..place.checked_add(line.len())?)?.copy_from_slice(line);
			}
		}
		Some(picture)
	}

	/// The same as a PNG file.
	pub fn png(&self, output: &[u8], frame: u32) -> Result<Vec<u8>> {
		let picture = self.picture(output, frame).ok_or_else(|| Error::invalid("the output has no such frame"))?;
		let mut file = Vec::new();
		let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
		encoder.set_color(png::ColorType::Rgb);
		encoder.set_depth(png::BitDepth::Eight);
		let mut writer = encoder.write_header().map_err(Error::invalid)?;
		writer.write_image_data(&picture).map_err(Error::invalid)?;
		writer.finish().map_err(Error::invalid)?;
		Ok(file)
	}
}

impl Workload for Rendering {
	fn most_leaves(&self) -> u32 {
		let [across, down] = self.tiles();
		across.saturating_mul(down).saturating_mul(self.render.frames)
	}

	fn cost(&self, _: u32) -> LeafCost {
		let shadows = u32::try_from(self.scene.lights.len()).unwrap_or(u32::MAX).saturating_add(1);
		Leaf::Rendered {
			pixels: self.render.tile.saturating_mul(self.render.tile),
			samples: self.render.samples,
			rays: self.render.rays.saturating_mul(shadows),
			visits: self.render.visits,
			scene_bytes: self.bytes,
		}
		.cost()
	}

	fn recompute(&self, leaf: u32, _: &[u8], _: Option<&[u8]>) -> Result<Piece> {
		let [across, down] = self.tiles();
		let of_frame = across.saturating_mul(down);
		let frame = leaf.checked_div(of_frame).filter(|frame| *frame < self.render.frames);
		let frame = frame.ok_or_else(|| Error::invalid("no such leaf"))?;
		let camera = self.scene.cameras.get(frame as usize).ok_or_else(|| Error::invalid("no such camera"))?;
		let [columns, rows] = self.render.tile(leaf.checked_rem(of_frame).unwrap_or_default());
		let lines: Vec<Vec<u8>> = rows
			.into_par_iter()
			.map(|y| columns.clone().flat_map(|x| self.pixel(frame, camera, x, y)).collect())
			.collect();
		Ok(Piece { output: lines.concat(), is_last: leaf.saturating_add(1) == self.most_leaves(), ..Piece::default() })
	}

	fn start<'a>(&'a self, leaf: u32, _: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(FromOpenings::boxed(self, leaf, opening))
	}
}
