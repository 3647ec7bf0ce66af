#!/usr/bin/env bash
# Builds the engine for CUDA, on any machine, with or without a GPU: fetches NVIDIA's compiler and libraries as Python
# packages into a cache outside of the checkout (1.5 GB, once), compiles the kernels, checks that the compiler has put
# nothing into them that the kernel set forbids, and links the worker.
#
#   scripts/cuda.sh         all of it
#   scripts/cuda.sh --ptx   the kernels alone, and the check: a minute
#
# CUDA_COMPUTE_CAP says for which devices: 80 by default, which newer ones run as well. CUDA_PATH, if it is set, names a
# CUDA toolkit to use instead of fetching one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
die() {
	printf 'cuda: error: %s\n' "$*" >&2
	exit 1
}
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}

# Of release 13.0: drivers of the 580 line refuse what newer compilers write.
packages=(nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96
	nvidia-cuda-cccl==13.0.85 nvidia-cublas==13.0.2.14 nvidia-cuda-nvrtc==13.0.88 nvidia-curand==10.4.0.35)
if [ -z "${CUDA_PATH:-}" ]; then
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ogpu/cuda-13.0
	if [ ! -e "$cache/complete" ]; then
		echo "cuda: fetching NVIDIA's compiler and libraries into $cache"
		rm -rf "$cache"
		mkdir -p "$cache"
		python3 -m pip install --quiet --no-deps --target "$cache" "${packages[@]}" ||
			die "the packages could not be fetched; install CUDA 13.0 by hand and name it with CUDA_PATH"
		touch "$cache/complete"
	fi
	CUDA_PATH=$cache/nvidia/cu13
	# Linkers look for names without versions, and for the driver's library, which is where a GPU is.
	mkdir -p "$CUDA_PATH/lib64"
	for library in "$CUDA_PATH"/lib/*.so.*; do
		name=$(basename "$library")
		ln -sf "$library" "$CUDA_PATH/lib64/${name%%.so.*}.so"
		ln -sf "$library" "$CUDA_PATH/lib64/$name"
	done
fi
[ -x "$CUDA_PATH/bin/nvcc" ] || die "there is no $CUDA_PATH/bin/nvcc"
export CUDA_PATH CUDA_HOME=$CUDA_PATH CUDA_TOOLKIT_ROOT_DIR=$CUDA_PATH NVCC=$CUDA_PATH/bin/nvcc PATH="$CUDA_PATH/bin:$PATH"

# --- the kernels -----------------------------------------------------------------------------------------------------

build=${CARGO_TARGET_DIR:-target}/cuda
mkdir -p "$build"
echo "cuda: compiling the kernels for sm_$CUDA_COMPUTE_CAP"
# As gpu-offchain/build.rs does.
nvcc --ptx -O3 --std=c++17 --fmad=false --ftz=false --prec-div=true --prec-sqrt=true \
	-arch="compute_$CUDA_COMPUTE_CAP" -o "$build/repro.ptx" gpu-offchain/src/kernels/cuda/repro.cu
# Every multiply-add must be one that the source asks for, and no operation may depend on the order of threads.
if grep -nE '\.approx|\.ftz|^[[:space:]]*(atom|red)\.|\bmad\.(rn|rz|rm|rp)\.f|\.full\.f32|wmma|mma\.sync' "$build/repro.ptx"; then
	die "the compiled kernels have operations that the kernel set forbids, see above"
fi
for op in add sub mul div sqrt; do
	if grep -nE "^[[:space:]]*(@%p[0-9]+ )?$op\.(f32|f64)" "$build/repro.ptx" | grep -v "$op\.rn\."; then
		die "$op without a rounding in the compiled kernels may be contracted, see above"
	fi
done
echo "cuda: $(grep -c '^\.visible \.entry' "$build/repro.ptx") kernels, $(grep -c 'fma\.rn\.f32' "$build/repro.ptx") fused multiply-adds, nothing forbidden"
[ "${1:-}" != --ptx ] || exit 0

# --- the worker ------------------------------------------------------------------------------------------------------

# The driver's library is only where a GPU is. To link, a stand-in with all its names does, under the same name.
stubs=$build/stubs
mkdir -p "$stubs"
grep -ohE '\bcu[A-Z][A-Za-z0-9_]*\b' "$CUDA_PATH/include/cuda.h" "$CUDA_PATH/include/cudaTypedefs.h" 2>/dev/null | sort -u |
	sed 's/.*/int &(void) { return 100; }/' | cc -shared -fPIC -w -x c - -o "$stubs/libcuda.so" -Wl,-soname,libcuda.so.1
ln -sf libcuda.so "$stubs/libcuda.so.1"
echo "cuda: building the worker"
LIBRARY_PATH="$stubs:$CUDA_PATH/lib64:${LIBRARY_PATH:-}" \
	cargo build --release --locked -p ogpu-worker --no-default-features --features cuda
cp "${CARGO_TARGET_DIR:-target}/release/ogpu-worker" "$build/ogpu-worker"
worker=$build/ogpu-worker
if ldconfig -p | grep -q 'libcuda\.so\.1'; then
	"$worker" selftest --device cuda
else
	# The stand-in says that there is no GPU, and so must the worker.
	message=$(LD_LIBRARY_PATH=$stubs "$worker" selftest --device cuda 2>&1) && die "a self-test without a GPU passed"
	echo "cuda: no GPU here, the worker says: $message"
fi
echo "cuda: built $worker; where there is a GPU: $worker selftest --device cuda"
