// Moving numbers: embeddings, rotation by position, windows of convolutions, pools. As in gather.rs.
#pragma once
#include "numbers.cuh"

struct EmbeddingArgs {
	const float *table;
	const unsigned *ids;
	float *out;
	Int count, width;
};

KERNEL repro_embedding(EmbeddingArgs a) {
	Int i = place();
	if (i < a.count * a.width) a.out[i] = a.table[a.ids[i / a.width] * a.width + i % a.width];
}

struct EmbeddingGradArgs {
	const float *dy;
	// Positions by their ids, of an id the first one first; where each id's begin, one more than there are; the ids.
	const unsigned *positions, *starts, *ids;
	float *out;
	Int count, width;
};

KERNEL repro_embedding_grad(EmbeddingGradArgs a) {
	Int i = place();
	if (i >= a.count * a.width) return;
	Int id = i / a.width, j = i % a.width;
	float sum = 0.0f;
	for (unsigned p = a.starts[id]; p < a.starts[id + 1]; p++) sum = add(sum, a.dy[a.positions[p] * a.width + j]);
	a.out[a.ids[id] * a.width + j] = sum;
}

struct RopeArgs {
	const float *x, *angles;
	float *out;
	Int positions, width, head_width, rotated, is_inverse;
};

KERNEL repro_rope(RopeArgs a) {
	Int i = place();
	if (i >= a.positions * a.width) return;
	Int position = i / a.width, column = i % a.width, half = a.head_width / 2;
	if (column >= a.rotated * a.head_width) {
		a.out[i] = a.x[i];
		return;
	}
	Int in_head = column % a.head_width, pair = in_head % half;
	float cosine = a.angles[position * a.head_width + pair], sine = a.angles[position * a.head_width + half + pair];
	if (a.is_inverse) sine = neg(sine);
	if (in_head < half)
		a.out[i] = sub(mul(a.x[i], cosine), mul(a.x[i + half], sine));
	else
		a.out[i] = add(mul(a.x[i], cosine), mul(a.x[i - half], sine));
}

struct WindowsArgs {
	const float *from;
	float *to;
	Int images, channels, height, width, kernel_height, kernel_width, stride, padding, out_height, out_width;
};

// Images to their windows: of each image a row for each number of a window, a column for each pixel that comes out.
KERNEL repro_windows(WindowsArgs a) {
	Int i = place(), pixels = a.out_height * a.out_width, size = a.channels * a.kernel_height * a.kernel_width;
	if (i >= a.images * size * pixels) return;
	Int pixel = i % pixels, number = i / pixels % size, image = i / pixels / size;
	Int kx = number % a.kernel_width, ky = number / a.kernel_width % a.kernel_height;
	Int channel = number / a.kernel_width / a.kernel_height;
	Int row = pixel / a.out_width * a.stride + ky - a.padding, column = pixel % a.out_width * a.stride + kx - a.padding;
	bool is_in = row >= 0 && row < a.height && column >= 0 && column < a.width;
	a.to[i] = is_in ? a.from[((image * a.channels + channel) * a.height + row) * a.width + column] : 0.0f;
}

// Back: each pixel of an image is the sum of its places in windows, in the order of a window's numbers.
KERNEL repro_windows_grad(WindowsArgs a) {
	Int i = place(), pixels = a.out_height * a.out_width;
	if (i >= a.images * a.channels * a.height * a.width) return;
	Int column = i % a.width, row = i / a.width % a.height, channel = i / a.width / a.height % a.channels;
	Int image = i / a.width / a.height / a.channels;
	const float *of_image = a.from + image * a.channels * a.kernel_height * a.kernel_width * pixels;
	float sum = 0.0f;
	for (Int ky = 0; ky < a.kernel_height; ky++)
		for (Int kx = 0; kx < a.kernel_width; kx++) {
			Int y = row + a.padding - ky, x = column + a.padding - kx;
			if (y < 0 || x < 0 || y % a.stride != 0 || x % a.stride != 0) continue;
			y /= a.stride;
			x /= a.stride;
			if (y >= a.out_height || x >= a.out_width) continue;
			Int number = (channel * a.kernel_height + ky) * a.kernel_width + kx;
			sum = add(sum, of_image[number * pixels + y * a.out_width + x]);
		}
	a.to[i] = sum;
}

struct PoolArgs {
	const float *x, *dy;
	float *out;
	// Images times channels.
	Int planes, height, width, side;
};

// The greatest number of a window: the first one, replaced by each that is greater.
DEVICE Int winner(const float *x, Int width, Int top, Int left, Int side) {
	Int best = top * width + left;
	for (Int y = top; y < top + side; y++)
		for (Int z = left; z < left + side; z++)
			if (x[y * width + z] > x[best]) best = y * width + z;
	return best;
}

KERNEL repro_pool(PoolArgs a) {
	Int i = place(), height = a.height / a.side, width = a.width / a.side;
	if (i >= a.planes * height * width) return;
	const float *x = a.x + i / (height * width) * a.height * a.width;
	a.out[i] = x[winner(x, a.width, i / width % height * a.side, i % width * a.side, a.side)];
}

// To where the greatest number came from. `out` is zero before.
KERNEL repro_pool_grad(PoolArgs a) {
	Int i = place(), height = a.height / a.side, width = a.width / a.side;
	if (i >= a.planes * height * width) return;
	Int plane = i / (height * width) * a.height * a.width;
	const float *x = a.x + plane;
	a.out[plane + winner(x, a.width, i / width % height * a.side, i % width * a.side, a.side)] = a.dy[i];
}
