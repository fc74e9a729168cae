// As much of CUDA C as the kernels use, for a C++ compiler: every thread of every block, one after the other.
#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__
#define __device__

struct float2 {
    float x, y;
};

struct Place {
    unsigned int x, y, z;
};

static Place blockIdx, threadIdx, blockDim, gridDim;

template <class T>
const char* code() {
    using P = std::remove_const_t<std::remove_pointer_t<T>>;
    if (std::is_same_v<T, int>) return "int32 ";
    if (std::is_same_v<T, float>) return "float32 ";
    if (std::is_same_v<T, double>) return "float64 ";
    if (std::is_same_v<T, long long>) return "int64 ";
    if (std::is_pointer_v<T>) {
        if (std::is_same_v<P, float2>) return "*complex64 ";
        if (std::is_same_v<P, float>) return "*float32 ";
        if (std::is_same_v<P, double>) return "*float64 ";
        if (std::is_same_v<P, int>) return "*int32 ";
        if (std::is_same_v<P, long long>) return "*int64 ";
        if (std::is_same_v<P, unsigned short>) return "*uint16 ";
        if (std::is_same_v<P, unsigned char>) return "*uint8 ";
    }
    return "? ";
}

template <class... A>
void signature_of(void (*)(A...), char* text) {
    text[0] = 0;
    (std::strcat(text, code<A>()), ...);
}

// Threads of a device have no order: whether the last of them comes first.
static bool last_first = false;

extern "C" void run_last_first(bool choice) { last_first = choice; }

inline unsigned int nth(unsigned int i, unsigned int count) { return last_first ? count - 1 - i : i; }

template <auto kernel, class... A, std::size_t... I>
void run(void (*)(A...), Place grid, Place block, void** arguments, std::index_sequence<I...>) {
    gridDim = grid;
    blockDim = block;
    const unsigned int blocks = grid.x * grid.y * grid.z, threads = block.x * block.y * block.z;
    for (unsigned int i = 0; i < blocks; ++i) {
        const unsigned int b = nth(i, blocks);
        blockIdx = {b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y};
        for (unsigned int j = 0; j < threads; ++j) {
            const unsigned int t = nth(j, threads);
            threadIdx = {t % block.x, t / block.x % block.y, t / block.x / block.y};
            kernel(*static_cast<std::remove_reference_t<A>*>(arguments[I])...);
        }
    }
}

template <class... A>
auto counted(void (*)(A...)) {
    return std::index_sequence_for<A...>();
}

// What makes a kernel callable from outside: its signature, and a launch with arguments by address.
#define EMULATE(name)                                                                        \
    extern "C" void signature_##name(char* text) { signature_of(name, text); }               \
    extern "C" void launch_##name(Place grid, Place block, void** arguments) {               \
        run<name>(name, grid, block, arguments, counted(name));                              \
    }
