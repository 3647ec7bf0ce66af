// The kernel set repro-1 for GPUs: with the bits of the kernels for CPUs, as docs/reproducibility.md has them.
#include "gather.cuh"
#include "matmul.cuh"
#include "pointwise.cuh"
#include "rows.cuh"
