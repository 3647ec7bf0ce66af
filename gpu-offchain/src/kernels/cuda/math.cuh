// Functions, as in math.rs and docs/reproducibility.md, step by step.
#pragma once
#include "numbers.cuh"

#define ROUND 12582912.0f
#define LN_2_HIGH 0.69314575f
#define LN_2_LOW 1.4286068e-6f
#define LOG2_E 1.44269504088896340736f
#define TWO_BY_PI 0.636619772367581343076f
#define INFINITE_EXP 88.72284f
#define ZERO_EXP -104.0f
#define INFINITE of_bits(0x7f800000)
#define NOTHING of_bits(0x7fc00000)
#define SMALLEST of_bits(0x00800000)
#define LARGEST of_bits(0x7f7fffff)

// Horner's scheme: coefficients from the highest power down.
template <int N>
DEVICE float polynomial(float x, const float (&coefficients)[N]) {
	float sum = coefficients[0];
#pragma unroll
	for (int i = 1; i < N; i++) sum = fused(sum, x, coefficients[i]);
	return sum;
}

DEVICE float rounded(float x) { return sub(add(x, ROUND), ROUND); }

// Two to the power of a whole number from -126 to 127.
DEVICE float exp2_whole(float whole) { return of_bits((int)((unsigned)((int)whole + 127) << 23)); }

DEVICE float exp_of(float x) {
	float bounded = greater(INFINITE_EXP > x ? x : INFINITE_EXP, ZERO_EXP);
	float whole = sub(fused(bounded, LOG2_E, ROUND), ROUND);
	float rest = fused(whole, -LN_2_HIGH, bounded);
	rest = fused(whole, -LN_2_LOW, rest);
	const float tail[] = {1.3946079e-3f, 8.369072e-3f, 4.166627e-2f, 1.6666517e-1f, 0.5f};
	float value = add(fused(mul(rest, rest), polynomial(rest, tail), rest), 1.0f);
	float half = sub(fused(whole, 0.5f, ROUND), ROUND);
	value = mul(mul(value, exp2_whole(half)), exp2_whole(sub(whole, half)));
	value = x > INFINITE_EXP ? INFINITE : value;
	value = ZERO_EXP > x ? 0.0f : value;
	return x == x ? value : x;
}

DEVICE float log_of(float x) {
	float lifted = SMALLEST > x ? mul(x, 8388608.0f) : x;
	float lift = SMALLEST > x ? 23.0f : 0.0f;
	int split = (int)((unsigned)bits_of(lifted) - 0x3f3504f3u) >> 23;
	float exponent = sub((float)split, lift);
	float f = sub(of_bits((int)((unsigned)bits_of(lifted) - ((unsigned)split << 23))), 1.0f);
	const float tail[] = {6.800567e-2f, -1.1724911e-1f, 1.1890184e-1f, -1.2396701e-1f, 1.4217924e-1f,
		-1.6668502e-1f, 2.0002237e-1f, -0.25f, 3.333331e-1f};
	float square = mul(f, f);
	float value = fused(mul(square, f), polynomial(f, tail), mul(exponent, LN_2_LOW));
	value = add(fused(square, -0.5f, value), f);
	value = fused(exponent, LN_2_HIGH, value);
	value = x > LARGEST ? x : value;
	value = x > 0.0f ? value : (0.0f > x ? NOTHING : -INFINITE);
	return x == x ? value : x;
}

DEVICE float tanh_of(float x) {
	float size = size_of(x), square = mul(x, x);
	const float tail[] = {2.2958268e-3f, -8.346965e-3f, 2.1769954e-2f, -5.3959403e-2f, 1.3333304e-1f, -3.3333334e-1f};
	float near_zero = fused(mul(size, square), polynomial(square, tail), size);
	float far = sub(1.0f, quotient(2.0f, add(exp_of(add(size, size)), 1.0f)));
	return with_sign_of(size > 0.625f ? far : near_zero, x);
}

DEVICE float sigmoid_of(float x) { return quotient(1.0f, add(exp_of(neg(x)), 1.0f)); }

DEVICE float erf_of(float x) {
	float size = size_of(x);
	const float tail[] = {-9.673591e-6f, 1.1268254e-4f, -8.484396e-4f, 5.2210535e-3f, -2.6865438e-2f, 1.1283783e-1f,
		-3.7612638e-1f, 1.1283792f};
	float near_zero = mul(polynomial(mul(x, x), tail), size);
	float bounded = 4.0f > size ? size : 4.0f;
	const float missing[] = {-7.893804e-7f, 1.2577077e-5f, -6.555634e-5f, -9.542632e-5f, 3.3403363e-3f, -2.3796681e-2f,
		1.0691055e-1f, 6.342366e-1f, 1.1291857f, -1.2176357e-4f};
	float far = sub(1.0f, exp_of(neg(polynomial(bounded, missing))));
	float value = with_sign_of(size > 1.0f ? far : near_zero, x);
	return x == x ? value : x;
}

DEVICE float sin_quarter(float x, float turns) {
	float whole = sub(fused(x, TWO_BY_PI, ROUND), ROUND);
	float rest = fused(whole, -1.5703125f, x);
	rest = fused(whole, -4.83751297e-4f, rest);
	rest = fused(whole, -7.5497899e-8f, rest);
	float square = mul(rest, rest);
	const float of_sine[] = {2.7251085e-6f, -1.9840099e-4f, 8.333332e-3f, -1.6666667e-1f};
	float sine = fused(mul(square, rest), polynomial(square, of_sine), rest);
	const float of_cosine[] = {-2.7427993e-7f, 2.4801971e-5f, -1.3888892e-3f, 4.1666668e-2f};
	float cosine = fused(mul(square, square), polynomial(square, of_cosine), fused(square, -0.5f, 1.0f));
	float quarter = add(whole, turns);
	float fours = rounded(fused(quarter, 0.25f, -0.375f));
	quarter = fused(fours, -4.0f, quarter);
	float odd = size_of(sub(quarter, 2.0f));
	float value = odd > 0.5f ? (1.5f > odd ? cosine : sine) : sine;
	return quarter > 1.5f ? neg(value) : value;
}

DEVICE float sin_of(float x) { return sin_quarter(x, 0.0f); }
DEVICE float cos_of(float x) { return sin_quarter(x, 1.0f); }
