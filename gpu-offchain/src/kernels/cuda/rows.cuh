// What is computed of rows, as in rows.rs: sixteen threads for each, since sixteen sums are what a reduction is made of.
#pragma once
#include "math.cuh"

#define LANES 16
#define ROWS_OF_BLOCK 8

// The sixteen threads of a row.
struct Row {
	Int index;
	int lane;
	float *lanes;
};

// `shared` is of the block: sixteen numbers for each of its rows.
DEVICE Row row_of_thread(float *shared) {
	int row = threadIdx.x / LANES;
	Row r = {(Int)blockIdx.x * ROWS_OF_BLOCK + row, (int)(threadIdx.x % LANES), shared + row * LANES};
	return r;
}

DEVICE Int whole_lanes(Int width) { return (width + LANES - 1) / LANES * LANES; }

// Halves onto halves. All threads of a block take part, also those that have no row.
DEVICE float folded_sum(Row r, float value) {
	r.lanes[r.lane] = value;
	__syncthreads();
	for (int half = LANES / 2; half > 0; half /= 2) {
		if (r.lane < half) r.lanes[r.lane] = add(r.lanes[r.lane], r.lanes[r.lane + half]);
		__syncthreads();
	}
	float total = r.lanes[0];
	__syncthreads();
	return total;
}

DEVICE float folded_greatest(Row r, float value) {
	r.lanes[r.lane] = value;
	__syncthreads();
	for (int half = LANES / 2; half > 0; half /= 2) {
		if (r.lane < half) r.lanes[r.lane] = greater(r.lanes[r.lane + half], r.lanes[r.lane]);
		__syncthreads();
	}
	float most = r.lanes[0];
	__syncthreads();
	return most;
}

DEVICE float greatest(Row r, const float *x, Int width) {
	float most = -INFINITE;
	for (Int j = r.lane; j < width; j += LANES) most = greater(x[j], most);
	// Beyond the end stands -∞, which replaces nothing.
	return folded_greatest(r, most);
}

DEVICE float sum_of(Row r, const float *x, Int width) {
	float sum = 0.0f;
	for (Int j = r.lane; j < whole_lanes(width); j += LANES) sum = add(sum, j < width ? x[j] : 0.0f);
	return folded_sum(r, sum);
}

// In place: a row scaled, and made positive with sum one.
DEVICE void softmax_row(Row r, float *x, Int width, float scale) {
	for (Int j = r.lane; j < width; j += LANES) x[j] = mul(x[j], scale);
	float most = greatest(r, x, width);
	for (Int j = r.lane; j < width; j += LANES) x[j] = exp_of(sub(x[j], most));
	float total = sum_of(r, x, width);
	for (Int j = r.lane; j < width; j += LANES) x[j] = quotient(x[j], total);
}

// How far queries look: query q of a text up to `before` + q, rounded up to whole blocks of `step`, but not beyond `keys`.
struct Limits {
	Int before, step, keys;
};

DEVICE Int limit_of(Limits l, Int query) {
	Int limit = l.before + (query / l.step + 1) * l.step;
	return limit < l.keys ? limit : l.keys;
}

struct SoftmaxArgs {
	const float *x;
	float *out;
	Int rows, width;
	Real scale;
	// Of rows that are queries, `queries` for each head, the first of which has the number `first`.
	Int queries, first;
	Limits limits;
};

// `out` may be `x`.
KERNEL repro_softmax(SoftmaxArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Int width = is_row ? limit_of(a.limits, a.first + r.index % a.queries) : 0;
	float *out = a.out + (is_row ? r.index * a.width : 0);
	const float *x = a.x + (is_row ? r.index * a.width : 0);
	for (Int j = r.lane; j < width; j += LANES) out[j] = x[j];
	softmax_row(r, out, width, a.scale.value);
	if (is_row)
		for (Int j = width + r.lane; j < a.width; j += LANES) out[j] = 0.0f;
}

struct SoftmaxGradArgs {
	const float *y, *dy;
	float *out;
	Int rows, width;
	Real scale;
	Int queries, first;
	Limits limits;
};

KERNEL repro_softmax_grad(SoftmaxGradArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Int width = is_row ? limit_of(a.limits, a.first + r.index % a.queries) : 0;
	Int at = is_row ? r.index * a.width : 0;
	const float *y = a.y + at, *dy = a.dy + at;
	float sum = 0.0f;
	for (Int j = r.lane; j < whole_lanes(width); j += LANES)
		sum = fused(j < width ? y[j] : 0.0f, j < width ? dy[j] : 0.0f, sum);
	float total = folded_sum(r, sum);
	for (Int j = r.lane; j < width; j += LANES) a.out[at + j] = mul(mul(y[j], sub(dy[j], total)), a.scale.value);
}

// What is taken away from a row, and by what the rest is multiplied.
struct Normed {
	float mean, factor;
};

DEVICE Normed normed(Row r, const float *x, Int width, Int has_mean, float epsilon) {
	float count = (float)width;
	float sum = sum_of(r, x, width);
	float mean = has_mean ? quotient(sum, count) : 0.0f;
	float squares = 0.0f;
	for (Int j = r.lane; j < width; j += LANES) {
		float d = sub(x[j], mean);
		squares = fused(d, d, squares);
	}
	float variance = quotient(folded_sum(r, squares), count);
	Normed n = {mean, quotient(1.0f, root(add(variance, epsilon)))};
	return n;
}

DEVICE float level(Normed n, float x) { return mul(sub(x, n.mean), n.factor); }

struct NormArgs {
	const float *x, *gain, *bias;
	float *out;
	Int rows, width, has_mean;
	Real epsilon;
};

KERNEL repro_norm(NormArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Int at = is_row ? r.index * a.width : 0, width = is_row ? a.width : 0;
	const float *x = a.x + at;
	Normed n = normed(r, x, width, a.has_mean, a.epsilon.value);
	for (Int j = r.lane; j < width; j += LANES) {
		float y = level(n, x[j]);
		a.out[at + j] = a.bias ? fused(y, a.gain[j], a.bias[j]) : mul(y, a.gain[j]);
	}
}

struct NormGradArgs {
	const float *x, *gain, *dy;
	float *out;
	Int rows, width, has_mean;
	Real epsilon;
};

KERNEL repro_norm_grad(NormGradArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Int at = is_row ? r.index * a.width : 0, width = is_row ? a.width : 0;
	const float *x = a.x + at, *dy = a.dy + at;
	Normed n = normed(r, x, width, a.has_mean, a.epsilon.value);
	float count = (float)width;
	float along = 0.0f, flat = 0.0f;
	for (Int j = r.lane; j < whole_lanes(width); j += LANES) {
		bool is_in = j < width;
		float g = is_in ? a.gain[j] : 0.0f, d = is_in ? dy[j] : 0.0f, v = is_in ? x[j] : 0.0f;
		along = fused(mul(d, g), level(n, v), along);
		flat = fused(d, g, flat);
	}
	along = neg(quotient(folded_sum(r, along), count));
	flat = folded_sum(r, flat);
	flat = a.has_mean ? quotient(flat, count) : 0.0f;
	for (Int j = r.lane; j < width; j += LANES) {
		float straight = sub(mul(dy[j], a.gain[j]), flat);
		a.out[at + j] = mul(fused(level(n, x[j]), along, straight), n.factor);
	}
}

struct NormStatsArgs {
	const float *x;
	// Mean and factor of each row.
	float *out;
	Int rows, width, has_mean;
	Real epsilon;
};

KERNEL repro_norm_stats(NormStatsArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Normed n = normed(r, a.x + (is_row ? r.index * a.width : 0), is_row ? a.width : 0, a.has_mean, a.epsilon.value);
	if (is_row && r.lane == 0) {
		a.out[2 * r.index] = n.mean;
		a.out[2 * r.index + 1] = n.factor;
	}
}

struct NormGainGradArgs {
	const float *x, *dy, *stats;
	float *out;
	Int rows, width;
};

// A thread for each column: rows from the first to the last.
KERNEL repro_norm_gain_grad(NormGainGradArgs a) {
	Int j = place();
	if (j >= a.width) return;
	float sum = 0.0f;
	for (Int row = 0; row < a.rows; row++) {
		Normed n = {a.stats[2 * row], a.stats[2 * row + 1]};
		sum = fused(a.dy[row * a.width + j], level(n, a.x[row * a.width + j]), sum);
	}
	a.out[j] = sum;
}

struct SumRowsArgs {
	const float *x;
	float *out;
	Int rows, width;
};

KERNEL repro_sum_rows(SumRowsArgs a) {
	Int j = place();
	if (j >= a.width) return;
	float sum = 0.0f;
	for (Int row = 0; row < a.rows; row++) sum = add(sum, a.x[row * a.width + j]);
	a.out[j] = sum;
}

enum Reduction { SUM, SUM_OF_SQUARES, GREATEST };

struct ReduceArgs {
	const float *x;
	float *out;
	Int rows, width, kind;
};

KERNEL repro_reduce(ReduceArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	const float *x = a.x + (is_row ? r.index * a.width : 0);
	Int width = is_row ? a.width : 0;
	float result;
	if (a.kind == GREATEST) {
		result = greatest(r, x, width);
	} else if (a.kind == SUM) {
		result = sum_of(r, x, width);
	} else {
		float sum = 0.0f;
		for (Int j = r.lane; j < whole_lanes(width); j += LANES) {
			float v = j < width ? x[j] : 0.0f;
			sum = fused(v, v, sum);
		}
		result = folded_sum(r, sum);
	}
	if (is_row && r.lane == 0) a.out[r.index] = result;
}

struct CrossEntropyArgs {
	const float *logits;
	const unsigned *targets;
	float *out;
	Int rows, width;
};

KERNEL repro_cross_entropy(CrossEntropyArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	const float *x = a.logits + (is_row ? r.index * a.width : 0);
	Int width = is_row ? a.width : 0;
	float most = greatest(r, x, width), sum = 0.0f;
	for (Int j = r.lane; j < whole_lanes(width); j += LANES) sum = add(sum, j < width ? exp_of(sub(x[j], most)) : 0.0f);
	float total = folded_sum(r, sum);
	if (is_row && r.lane == 0) a.out[r.index] = sub(log_of(total), sub(x[a.targets[r.index]], most));
}

struct CrossEntropyGradArgs {
	const float *logits;
	const unsigned *targets;
	float *out;
	Int rows, width;
	Real scale;
};

KERNEL repro_cross_entropy_grad(CrossEntropyGradArgs a) {
	__shared__ float shared[ROWS_OF_BLOCK * LANES];
	Row r = row_of_thread(shared);
	bool is_row = r.index < a.rows;
	Int at = is_row ? r.index * a.width : 0, width = is_row ? a.width : 0;
	float *out = a.out + at;
	for (Int j = r.lane; j < width; j += LANES) out[j] = a.logits[at + j];
	softmax_row(r, out, width, 1.0f);
	Int target = is_row ? (Int)a.targets[r.index] : -1;
	for (Int j = r.lane; j < width; j += LANES) out[j] = mul(j == target ? sub(out[j], 1.0f) : out[j], a.scale.value);
}
