// Functions of single numbers, their gradients, and the steps of optimisers: as in pointwise.rs.
#pragma once
#include "math.cuh"

#define SQRT_HALF 0.707106781186547524400844362104849039f
#define GELU 0.7978846f
#define GELU_CUBE 0.044715f
#define DENSITY 0.3989423f
#define ERF_SLOPE 1.12837916709551257389615890312154517f

// In the order of `Unary::ALL`.
enum Unary { EXP, LOG, SQRT, SIN, COS, TANH, ERF, SIGMOID, RELU, SILU, GELU_ERF, GELU_TANH };

DEVICE float gelu_tanh(float x) {
	float cube = mul(mul(x, x), x);
	return tanh_of(mul(fused(cube, GELU_CUBE, x), GELU));
}

DEVICE float normal_share(float x) { return mul(add(erf_of(mul(x, SQRT_HALF)), 1.0f), 0.5f); }

DEVICE float value_of(Int kind, float x) {
	switch (kind) {
	case EXP: return exp_of(x);
	case LOG: return log_of(x);
	case SQRT: return root(x);
	case SIN: return sin_of(x);
	case COS: return cos_of(x);
	case TANH: return tanh_of(x);
	case ERF: return erf_of(x);
	case SIGMOID: return sigmoid_of(x);
	case RELU: return x == x ? greater(x, 0.0f) : x;
	case SILU: return quotient(x, add(exp_of(neg(x)), 1.0f));
	case GELU_ERF: return mul(x, normal_share(x));
	default: return mul(mul(x, 0.5f), add(gelu_tanh(x), 1.0f));
	}
}

DEVICE float slope_of(Int kind, float x) {
	switch (kind) {
	case EXP: return exp_of(x);
	case LOG: return quotient(1.0f, x);
	case SQRT: return quotient(0.5f, root(x));
	case SIN: return cos_of(x);
	case COS: return neg(sin_of(x));
	case TANH: {
		float y = tanh_of(x);
		return fused(neg(y), y, 1.0f);
	}
	case ERF: return mul(exp_of(neg(mul(x, x))), ERF_SLOPE);
	case SIGMOID: {
		float y = sigmoid_of(x);
		return mul(y, sub(1.0f, y));
	}
	case RELU: return x > 0.0f ? 1.0f : 0.0f;
	case SILU: {
		float y = sigmoid_of(x);
		return mul(y, fused(x, sub(1.0f, y), 1.0f));
	}
	case GELU_ERF: {
		float density = mul(exp_of(mul(mul(x, x), -0.5f)), DENSITY);
		return fused(x, density, normal_share(x));
	}
	default: {
		float t = gelu_tanh(x);
		float inner = mul(fused(mul(x, x), 3.0f * GELU_CUBE, 1.0f), GELU);
		float bend = mul(mul(mul(x, 0.5f), fused(neg(t), t, 1.0f)), inner);
		return fused(add(t, 1.0f), 0.5f, bend);
	}
	}
}

struct UnaryArgs {
	const float *x;
	float *out;
	Int count, kind;
};

KERNEL repro_unary(UnaryArgs a) {
	Int i = place();
	if (i < a.count) a.out[i] = value_of(a.kind, a.x[i]);
}

struct UnaryGradArgs {
	const float *x, *dy;
	float *out;
	Int count, kind;
};

KERNEL repro_unary_grad(UnaryGradArgs a) {
	Int i = place();
	if (i < a.count) a.out[i] = mul(a.dy[i], slope_of(a.kind, a.x[i]));
}

struct AdamWArgs {
	const float *state, *grad;
	float *out;
	Int count;
	Real beta1, rest1, beta2, rest2, correction1, correction2, epsilon, minus_rate, keep;
};

KERNEL repro_adamw(AdamWArgs a) {
	Int i = place(), n = a.count;
	if (i >= n) return;
	float g = a.grad[i];
	float m = fused(a.state[n + i], a.beta1.value, mul(g, a.rest1.value));
	float v = fused(a.state[2 * n + i], a.beta2.value, mul(mul(g, g), a.rest2.value));
	float size = add(root(quotient(v, a.correction2.value)), a.epsilon.value);
	float direction = quotient(quotient(m, a.correction1.value), size);
	a.out[i] = fused(direction, a.minus_rate.value, mul(a.state[i], a.keep.value));
	a.out[n + i] = m;
	a.out[2 * n + i] = v;
}

struct SgdArgs {
	const float *state, *grad;
	float *out;
	Int count;
	Real momentum, minus_rate, keep;
};

KERNEL repro_sgd(SgdArgs a) {
	Int i = place(), n = a.count;
	if (i >= n) return;
	float m = fused(a.state[n + i], a.momentum.value, a.grad[i]);
	a.out[i] = fused(m, a.minus_rate.value, mul(a.state[i], a.keep.value));
	a.out[n + i] = m;
}
