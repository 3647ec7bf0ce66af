// The product of matrices. Each element is one chain over k from the first to the last, in one thread: tiles only
// change when a step is done, never its place in the chain.
#pragma once
#include "numbers.cuh"

// Where element (row, column) is: row · rows + column · columns.
struct Strides {
	Int rows, columns;
};

// From matrix to matrix of a batch, which counts in two digits: outer and inner.
struct Jumps {
	Int outer, inner;
};

struct ProductArgs {
	const float *a, *b;
	float *c;
	Int m, n, k;
	Strides of_a, of_b, of_c;
	Int batch, inner;
	Jumps jumps_a, jumps_b, jumps_c;
	// Upon what is in c.
	Int is_more;
	// Row r is summed from k = (r - from_before) cut down to a multiple of from_step, up to k = until_before plus r + 1
	// rounded up to a multiple of until_step: a position's sum stops where it may not look further.
	Int from_before, from_step, until_before, until_step;
};

DEVICE Int first_k(const ProductArgs &p, Int row) {
	Int over = row - p.from_before;
	return over > 0 ? over / p.from_step * p.from_step : 0;
}

DEVICE Int last_k(const ProductArgs &p, Int row) {
	Int last = p.until_before + (row / p.until_step + 1) * p.until_step;
	return last < p.k ? last : p.k;
}

// The place in a tile of number i of thread t's numbers: four side by side, then as many further on.
template <int SIDE, int EACH>
DEVICE int own(int t, int i) {
	const int together = EACH < 4 ? EACH : 4;
	return i / together * (SIDE / (EACH / together)) + t * together + i % together;
}

// How a thread reads its numbers of a tile: the first one, and from each to the next.
struct Reader {
	const float *from;
	Int jump;
	int across, step, across_jump, step_jump;
};

// Neighbours in memory are read by neighbours.
template <int SIDE, int DEPTH, int THREADS>
DEVICE Reader reader(const float *from, Int across_stride, Int step_stride) {
	const int t = threadIdx.x;
	Reader r;
	bool is_by_step = step_stride <= across_stride;
	r.across = is_by_step ? t / DEPTH : t % SIDE;
	r.step = is_by_step ? t % DEPTH : t / SIDE;
	r.across_jump = is_by_step ? THREADS / DEPTH : 0;
	r.step_jump = is_by_step ? 0 : THREADS / SIDE;
	r.jump = r.across_jump * across_stride + r.step_jump * step_stride;
	r.from = from + r.across * across_stride + r.step * step_stride;
	return r;
}

// A block makes BM × BN elements, DEPTH steps at a time; a thread TM × TN of them. Only where IS_LIMITED do rows have
// limits of their own.
template <int BM, int BN, int DEPTH, int TM, int TN, bool IS_LIMITED>
DEVICE void product(const ProductArgs &p, float *shared) {
	const int ACROSS = BN / TN, THREADS = (BM / TM) * ACROSS;
	const int OF_A = BM * DEPTH / THREADS, OF_B = BN * DEPTH / THREADS;
	// Rows of tiles have four numbers more, so that columns lie in other banks and four can be read at once.
	const int WIDE_A = BM + 4, WIDE_B = BN + 4;
	const int tx = threadIdx.x % ACROSS, ty = threadIdx.x / ACROSS;
	const Int top = (Int)blockIdx.y * BM, left = (Int)blockIdx.x * BN;
	const Int bottom = top + BM < p.m ? top + BM - 1 : p.m - 1;
	const Int first = IS_LIMITED ? first_k(p, top) : 0, first_of_all = IS_LIMITED ? first_k(p, bottom) : 0;
	const Int last_of_all = IS_LIMITED ? last_k(p, top) : p.k, last = IS_LIMITED ? last_k(p, bottom) : p.k;
	// Within the matrix.
	const int rows = p.m - top < BM ? (int)(p.m - top) : BM, columns = p.n - left < BN ? (int)(p.n - left) : BN;

	for (Int batch = blockIdx.z; batch < p.batch; batch += gridDim.z) {
		const Int outer = batch / p.inner, inner = batch % p.inner;
		const float *a = p.a + outer * p.jumps_a.outer + inner * p.jumps_a.inner + top * p.of_a.rows;
		const float *b = p.b + outer * p.jumps_b.outer + inner * p.jumps_b.inner + left * p.of_b.columns;
		float *c = p.c + outer * p.jumps_c.outer + inner * p.jumps_c.inner + top * p.of_c.rows + left * p.of_c.columns;
		Reader read_a = reader<BM, DEPTH, THREADS>(a, p.of_a.rows, p.of_a.columns);
		Reader read_b = reader<BN, DEPTH, THREADS>(b, p.of_b.columns, p.of_b.rows);
		float sums[TM][TN];
#pragma unroll
		for (int i = 0; i < TM; i++)
#pragma unroll
			for (int j = 0; j < TN; j++) {
				int row = own<BM, TM>(ty, i), column = own<BN, TN>(tx, j);
				bool is_in = p.is_more && row < rows && column < columns;
				sums[i][j] = is_in ? c[row * p.of_c.rows + column * p.of_c.columns] : 0.0f;
			}

		// What comes next is read while the last is worked on.
		float next_a[OF_A], next_b[OF_B];
		Int k = first / DEPTH * DEPTH;
		read_a.from += k * p.of_a.columns;
		read_b.from += k * p.of_b.rows;
		int left_k = (int)(last - k < DEPTH ? last - k : DEPTH);
		float *tile_a = shared, *tile_b = shared + DEPTH * WIDE_A;
		float *other_a = tile_b + DEPTH * WIDE_B, *other_b = other_a + DEPTH * WIDE_A;
		// The first round only reads.
		for (Int now = k - DEPTH;; now += DEPTH) {
			const int steps = left_k;
			if (now >= k) {
#pragma unroll
				for (int i = 0; i < OF_A; i++)
					tile_a[(read_a.step + i * read_a.step_jump) * WIDE_A + read_a.across + i * read_a.across_jump] = next_a[i];
#pragma unroll
				for (int i = 0; i < OF_B; i++)
					tile_b[(read_b.step + i * read_b.step_jump) * WIDE_B + read_b.across + i * read_b.across_jump] = next_b[i];
				// The other tiles are free: whoever read them has passed here once more since.
				__syncthreads();
			}
			const Int next = now + DEPTH;
			left_k = (int)(last - next < DEPTH ? last - next : DEPTH);
			if (left_k > 0) {
#pragma unroll
				for (int i = 0; i < OF_A; i++) {
					bool is_in = read_a.across + i * read_a.across_jump < rows && read_a.step + i * read_a.step_jump < left_k;
					next_a[i] = is_in ? read_a.from[i * read_a.jump] : 0.0f;
				}
#pragma unroll
				for (int i = 0; i < OF_B; i++) {
					bool is_in = read_b.across + i * read_b.across_jump < columns && read_b.step + i * read_b.step_jump < left_k;
					next_b[i] = is_in ? read_b.from[i * read_b.jump] : 0.0f;
				}
				read_a.from += DEPTH * p.of_a.columns;
				read_b.from += DEPTH * p.of_b.rows;
			}
			if (now < k) {
				if (left_k <= 0) break;
				continue;
			}
			const bool is_whole = steps == DEPTH && (!IS_LIMITED || (now >= first_of_all && next <= last_of_all));
			if (is_whole) {
#pragma unroll
				for (int step = 0; step < DEPTH; step++) {
					float of_a[TM], of_b[TN];
#pragma unroll
					for (int i = 0; i < TM; i++) of_a[i] = tile_a[step * WIDE_A + own<BM, TM>(ty, i)];
#pragma unroll
					for (int j = 0; j < TN; j++) of_b[j] = tile_b[step * WIDE_B + own<BN, TN>(tx, j)];
#pragma unroll
					for (int i = 0; i < TM; i++)
#pragma unroll
						for (int j = 0; j < TN; j++) sums[i][j] = fused(of_a[i], of_b[j], sums[i][j]);
				}
			} else {
#pragma unroll 1
				for (int step = 0; step < steps; step++) {
#pragma unroll
					for (int i = 0; i < TM; i++) {
						Int row = top + own<BM, TM>(ty, i);
						bool is_in = !IS_LIMITED || (now + step >= first_k(p, row) && now + step < last_k(p, row));
						float of_a = tile_a[step * WIDE_A + own<BM, TM>(ty, i)];
#pragma unroll
						for (int j = 0; j < TN; j++) {
							float sum = fused(of_a, tile_b[step * WIDE_B + own<BN, TN>(tx, j)], sums[i][j]);
							sums[i][j] = is_in ? sum : sums[i][j];
						}
					}
				}
			}
			if (left_k <= 0) break;
			float *t = tile_a;
			tile_a = other_a;
			other_a = t;
			t = tile_b;
			tile_b = other_b;
			other_b = t;
		}
		// Before the next matrix comes into tiles that may still be read.
		__syncthreads();
#pragma unroll
		for (int i = 0; i < TM; i++)
#pragma unroll
			for (int j = 0; j < TN; j++) {
				int row = own<BM, TM>(ty, i), column = own<BN, TN>(tx, j);
				if (row < rows && column < columns) c[row * p.of_c.rows + column * p.of_c.columns] = sums[i][j];
			}
	}
}

#define PRODUCT(NAME, BM, BN, DEPTH, TM, TN, IS_LIMITED)                  \
	KERNEL __launch_bounds__((BM / TM) * (BN / TN), 2) repro_##NAME(ProductArgs p) { \
		__shared__ __align__(16) float shared[2 * DEPTH * (BM + BN + 8)];      \
		product<BM, BN, DEPTH, TM, TN, IS_LIMITED>(p, shared);                \
	}

// Much, some, few rows, and one: shapes of the same work.
PRODUCT(product_large, 128, 128, 16, 8, 8, false)
PRODUCT(product_medium, 64, 64, 16, 4, 4, false)
PRODUCT(product_few, 16, 64, 32, 4, 1, false)
PRODUCT(product_one, 4, 64, 64, 1, 1, false)
PRODUCT(product_limited, 64, 64, 16, 4, 4, true)
