// Numbers: each operation by its name, rounded once, so that no compiler may contract two of them.
#pragma once

#define DEVICE static __device__ __forceinline__
// All kernels take one structure, whose members have eight bytes each. The host fills it word by word.
#define KERNEL extern "C" __global__ void

typedef long long Int;

// A number among the words.
struct Real {
	float value;
	int unused;
};

DEVICE float add(float a, float b) { return __fadd_rn(a, b); }
DEVICE float sub(float a, float b) { return __fsub_rn(a, b); }
DEVICE float mul(float a, float b) { return __fmul_rn(a, b); }
DEVICE float quotient(float a, float b) { return __fdiv_rn(a, b); }
DEVICE float root(float a) { return __fsqrt_rn(a); }
// a · b + c, rounded once.
DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DEVICE float neg(float a) { return __fsub_rn(-0.0f, a); }
// The second one where either is no number, and of -0 and 0.
DEVICE float greater(float a, float b) { return a > b ? a : b; }

DEVICE int bits_of(float a) { return __float_as_int(a); }
DEVICE float of_bits(int a) { return __int_as_float(a); }
DEVICE float size_of(float a) { return of_bits(bits_of(a) & 0x7fffffff); }
DEVICE float with_sign_of(float a, float sign) {
	return of_bits((bits_of(a) & 0x7fffffff) | (int)((unsigned)bits_of(sign) & 0x80000000u));
}

// The number of this thread among all.
DEVICE Int place() { return (Int)blockIdx.x * blockDim.x + threadIdx.x; }
