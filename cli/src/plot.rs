//! Plots, as SVG: the same bytes for the same figures.

use anyhow::{Context, Result};
pub use plotters::prelude::SeriesLabelPosition;
use plotters::prelude::*;
use std::{fs, ops::Range, path::Path};

pub struct Line {
	pub name: String,
	pub points: Vec<(f64, f64)>,
	pub is_dashed: bool,
}

/// Lines with axes.
pub struct Chart {
	pub lines: Vec<Line>,
	/// What an axis shows, and from where to where.
	pub x: (&'static str, Range<f64>),
	pub y: (&'static str, Range<f64>),
	/// Whether powers of ten are equally far apart on the y axis.
	pub is_logarithmic: bool,
	/// Where the lines leave room.
	pub legend: SeriesLabelPosition,
}

/// Colours that can be read on white and on dark pages: the plot has no background of its own.
const GREY: RGBColor = RGBColor(0x76, 0x76, 0x76);
const COLOURS: [RGBColor; 4] =
	[RGBColor(0x22, 0x77, 0xdd), RGBColor(0xcc, 0x66, 0x00), RGBColor(0x1a, 0x8a, 0x4a), RGBColor(0xaa, 0x44, 0xaa)];

impl Chart {
	pub fn write(&self, file: &Path) -> Result<()> {
		fs::write(file, self.svg()?).with_context(|| format!("cannot write {}", file.display()))
	}

	fn height(&self, value: f64) -> f64 {
		if self.is_logarithmic {
			value.log10()
		} else {
			value
		}
	}

	/// Points are whole pixels, so it is large.
	fn svg(&self) -> Result<String> {
		let text = ("sans-serif", 26, &GREY);
		let number = |value: &f64| ((value * 100.0).round() / 100.0).to_string();
		let power = |value: &f64| format!("1e{value:.0}");
		let (low, high) = (self.height(self.y.1.start), self.height(self.y.1.end));

		let mut svg = String::new();
		{
			let area = SVGBackend::with_string(&mut svg, (1600, 900)).into_drawing_area();
			let mut chart = ChartBuilder::on(&area)
				.margin(30)
				.x_label_area_size(90)
				.y_label_area_size(120)
				.build_cartesian_2d(self.x.1.clone(), low..high)?;
			chart
				.configure_mesh()
				.light_line_style(TRANSPARENT)
				.bold_line_style(GREY.mix(0.3))
				.axis_style(GREY)
				.label_style(text)
				.x_desc(self.x.0)
				.y_desc(self.y.0)
				.x_label_formatter(&number)
				.y_label_formatter(if self.is_logarithmic { &power } else { &number })
				.draw()?;
			for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
				let style = colour.stroke_width(4);
				let points: Vec<_> = line
					.points
					.iter()
					.map(|(x, y)| (*x, self.height(*y)))
					.filter(|(_, y)| (low..=high).contains(y))
					.collect();
				let drawn = if line.is_dashed {
					chart.draw_series(DashedLineSeries::new(points, 12, 10, style))?
				} else {
					chart.draw_series(LineSeries::new(points, style))?
				};
				drawn
					.label(line.name.as_str())
					.legend(move |(x, y)| PathElement::new([(x, y), (x.saturating_add(40), y)], style));
			}
			chart
				.configure_series_labels()
				.position(self.legend.clone())
				.legend_area_size(60)
				.label_font(text)
				.draw()?;
			area.present()?;
		}
		Ok(svg)
	}
}
