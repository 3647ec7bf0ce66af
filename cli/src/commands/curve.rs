//! Curves in letters, for terminals. What is plotted was said by somebody else: any number may come.

const STEPS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BAR: usize = 20;

/// Heights from 0 to `most`, each column the mean of as many losses; what is no number has none.
fn heights(losses: &[f32], columns: usize, most: usize) -> (Vec<usize>, Option<(f32, f32)>) {
	let finite: Vec<f32> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
	let share = finite.len().div_ceil(columns.max(1)).max(1);
	let means: Vec<f32> = finite.chunks(share).map(|part| part.iter().map(|x| x / part.len() as f32).sum()).collect();
	let lowest = means.iter().copied().fold(f32::INFINITY, f32::min);
	let highest = means.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	if means.is_empty() {
		return (Vec::new(), None);
	}
	let range = highest - lowest;
	let height = |mean: f32| {
		let share = if range > 0.0 && range.is_finite() { (mean - lowest) / range } else { 0.5 };
		(share * most as f32).round() as usize
	};
	(means.into_iter().map(|mean| height(mean).clamp(1, most)).collect(), Some((lowest, highest)))
}

/// One line.
pub fn line(losses: &[f32], columns: usize) -> String {
	let (heights, _) = heights(losses, columns, STEPS.len().saturating_sub(1));
	heights.iter().filter_map(|height| STEPS.get(*height)).collect()
}

/// Several rows, with the highest and the lowest value beside.
pub fn plot(losses: &[f32], rows: usize, columns: usize) -> String {
	let steps = STEPS.len().saturating_sub(1);
	let (heights, range) = heights(losses, columns, rows.saturating_mul(steps));
	let Some((lowest, highest)) = range else { return String::new() };
	let row = |row: usize| -> String {
		let below = row.saturating_mul(steps);
		let column = |height: &usize| STEPS.get(height.saturating_sub(below).min(steps)).copied().unwrap_or(' ');
		let label = match row {
			row if row.saturating_add(1) == rows => format!("{highest:10.4} "),
			0 => format!("{lowest:10.4} "),
			_ => " ".repeat(11),
		};
		format!("{label}{}", heights.iter().map(column).collect::<String>())
	};
	(0..rows).rev().map(row).collect::<Vec<_>>().join("\n")
}

/// How much is done.
pub fn bar(done: u32, all: u32) -> String {
	let filled = (u64::from(done).saturating_mul(BAR as u64)).checked_div(all.into()).unwrap_or_default();
	let filled = usize::try_from(filled).unwrap_or(BAR).min(BAR);
	format!("{}{}", "█".repeat(filled), "░".repeat(BAR.saturating_sub(filled)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn losses_that_fall_fall() {
		assert_eq!(line(&[8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], 8), "█▇▆▅▃▂▁▁");
	}

	#[test]
	fn a_plot_has_its_rows_and_says_its_range() {
		let text = plot(&[4.0, 2.0, 1.0], 3, 10);
		assert_eq!(text.lines().count(), 3);
		assert!(text.starts_with("    4.0000 █"), "{text}");
		assert!(text.lines().last().unwrap().starts_with("    1.0000 █"), "{text}");
		assert_eq!(plot(&[], 3, 10), "");
	}

	#[test]
	fn a_bar_is_never_longer_than_it_is() {
		assert_eq!(bar(0, 4), "░".repeat(20));
		assert_eq!(bar(4, 4), "█".repeat(20));
		assert_eq!(bar(9, 4), "█".repeat(20));
		assert_eq!(bar(1, 0).chars().count(), 20);
	}

	proptest! {
		#[test]
		fn any_numbers_make_a_curve(losses in prop::collection::vec(any::<f32>(), 0..600), columns in 0usize..80) {
			prop_assert!(line(&losses, columns).chars().count() <= columns.max(1));
			plot(&losses, 6, columns);
		}
	}
}
