// A stand-in for a GPU: the kernels of ../../src/kernels/cuda, compiled for CPUs. The threads of a block take turns, from
// barrier to barrier. It does what it is told on its input, and each room ends where the next page begins, so that who
// reads or writes beyond it is found out.
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#define __device__
#define __global__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct Dimensions {
	unsigned x, y, z;
};
static Dimensions threadIdx, blockIdx, blockDim, gridDim;

// Compiled without contraction, each of these is rounded once.
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline int __float_as_int(float a) {
	int bits;
	memcpy(&bits, &a, 4);
	return bits;
}
static inline float __int_as_float(int bits) {
	float a;
	memcpy(&a, &bits, 4);
	return a;
}
static void __syncthreads();

#include "../../src/kernels/cuda/repro.cu"

[[noreturn]] static void fail(const char *reason) {
	fprintf(stderr, "stand-in: %s\n", reason);
	_exit(1);
}

// --- threads ----------------------------------------------------------------------------------------------------------

static const size_t STACK = 256 << 10;
struct Thread {
	ucontext_t context;
	jmp_buf at;
	bool is_begun, is_done;
};
static std::vector<Thread *> threads;
static Thread *current;
static jmp_buf home;
static std::function<void()> work;

static void live() {
	for (;;) {
		work();
		current->is_done = true;
		if (!_setjmp(current->at)) _longjmp(home, 1);
	}
}

static void __syncthreads() {
	if (!_setjmp(current->at)) _longjmp(home, 1);
}

static void take_turn(unsigned number) {
	current = threads[number];
	threadIdx = {number, 0, 0};
	if (_setjmp(home)) return;
	if (current->is_begun) _longjmp(current->at, 1);
	current->is_begun = true;
	getcontext(&current->context);
	current->context.uc_stack.ss_sp = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	current->context.uc_stack.ss_size = STACK;
	makecontext(&current->context, live, 0);
	setcontext(&current->context);
}

static void run_block(unsigned count) {
	while (threads.size() < count) threads.push_back(new Thread());
	for (unsigned t = 0; t < count; t++) threads[t]->is_done = false;
	for (unsigned done = 0; done < count;) {
		done = 0;
		for (unsigned t = 0; t < count; t++) {
			take_turn(t);
			done += threads[t]->is_done;
		}
		if (done > 0 && done < count) fail("some threads have left before a barrier at which others wait");
	}
}

// --- kernels ----------------------------------------------------------------------------------------------------------

typedef std::function<std::function<void()>(const std::vector<uint64_t> &)> Kernel;

template <class A>
static Kernel kernel(void (*f)(A)) {
	return [f](const std::vector<uint64_t> &words) {
		if (words.size() * 8 != sizeof(A)) fail("a kernel was launched with another number of words than it has");
		A arguments;
		memcpy(&arguments, words.data(), sizeof(A));
		return [f, arguments] { f(arguments); };
	};
}

#define K(name) {#name, kernel(name)}
static const std::map<std::string, Kernel> kernels = {
	K(repro_unary), K(repro_unary_grad), K(repro_adamw), K(repro_sgd), K(repro_softmax), K(repro_softmax_grad),
	K(repro_norm), K(repro_norm_grad), K(repro_norm_stats), K(repro_norm_gain_grad), K(repro_sum_rows), K(repro_reduce),
	K(repro_cross_entropy), K(repro_cross_entropy_grad), K(repro_product_large), K(repro_product_medium),
	K(repro_product_few), K(repro_product_one), K(repro_product_limited), K(repro_embedding), K(repro_embedding_grad),
	K(repro_rope), K(repro_windows), K(repro_windows_grad), K(repro_pool), K(repro_pool_grad),
};

// --- memory -----------------------------------------------------------------------------------------------------------

static const uint64_t PAGE = 4096;
static uint64_t mapped(uint64_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE + PAGE; }

static uint64_t room(uint64_t bytes) {
	uint64_t all = mapped(bytes);
	char *start = (char *)mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED) fail("no memory");
	mprotect(start + all - PAGE, PAGE, PROT_NONE);
	return (uint64_t)(start + all - PAGE - bytes);
}

static void read_all(void *to, size_t bytes) {
	if (bytes > 0 && fread(to, 1, bytes, stdin) != bytes) _exit(0);
}

template <class T>
static T next() {
	T value;
	read_all(&value, sizeof value);
	return value;
}

int main() {
	for (;;) {
		switch (next<char>()) {
		case 'r': {
			uint64_t pointer = room(next<uint64_t>());
			fwrite(&pointer, 8, 1, stdout);
			break;
		}
		case 'f': {
			uint64_t pointer = next<uint64_t>(), bytes = next<uint64_t>();
			uint64_t start = pointer + bytes + PAGE - mapped(bytes);
			munmap((void *)start, mapped(bytes));
			break;
		}
		case 'p': {
			uint64_t pointer = next<uint64_t>();
			read_all((void *)pointer, next<uint64_t>());
			break;
		}
		case 'g': {
			uint64_t pointer = next<uint64_t>(), bytes = next<uint64_t>();
			fwrite((void *)pointer, 1, bytes, stdout);
			break;
		}
		case 'l': {
			std::string name(next<uint64_t>(), ' ');
			read_all(&name[0], name.size());
			gridDim = next<Dimensions>();
			blockDim = {next<uint32_t>(), 1, 1};
			std::vector<uint64_t> words(next<uint64_t>());
			read_all(words.data(), words.size() * 8);
			auto found = kernels.find(name);
			if (found == kernels.end()) fail("there is no such kernel");
			work = found->second(words);
			for (unsigned z = 0; z < gridDim.z; z++)
				for (unsigned y = 0; y < gridDim.y; y++)
					for (unsigned x = 0; x < gridDim.x; x++) {
						blockIdx = {x, y, z};
						run_block(blockDim.x);
					}
			break;
		}
		default: fail("not understood");
		}
		fflush(stdout);
	}
}
