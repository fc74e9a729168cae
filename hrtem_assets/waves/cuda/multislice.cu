// Multislice on a device: potentials of atoms, transmission, filters, propagation, crop.
//
// One thread is one pixel of one wave, or ROWS of them where atoms are added up: in a fixed order, so that results are
// the same bit for bit from run to run; there are no atomic operations, no shared memory and no barriers.
// Waves are [structure][full, vacuum][phonon][y][x], transmission functions [structure][phonon][y][x].

// pixels of a bin of atoms along x and y; known to waves/cuda/atoms.py as well
#define BIN_X 32
#define BIN_Y 16

// pixels one below the other whose phases one thread adds up; known to waves/cuda/multislice.py as well
#define ROWS 16

#define TO_FULL 1
#define TO_VACUUM 2

// Sorted by configuration, group (the particle atoms of a slice, its film atoms, those of the next slice ...), bin.
struct Atoms {
    const int* pixel_x;
    const int* pixel_y;
    const float* fraction_x;
    const float* fraction_y;
    const int* element;
    const int* starts;  // first atom of every bin, and one past the last atom
};

// Phases of single atoms, rad, [y][x], with a border of one zero; what is behind and ahead of the atom in pixels.
struct Stencils {
    const float* phases;
    const int* starts;
    const int* widths;
    const int* reach;  // [element][before x, after x, before y, after y]
    int most_before_x, most_after_x, most_before_y, most_after_y;
};

__device__ inline int floor_divide(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

__device__ inline int larger(int a, int b) { return a > b ? a : b; }

__device__ inline int smaller(int a, int b) { return a < b ? a : b; }

// Adds to the phases at ROWS pixels of a column, from y on, those of atoms begin ... end - 1, seen through one periodic
// image of the cell. What is read of an atom serves all of them, and each row of its stencil two.
__device__ inline void add_phases_of_atoms(float* sums, int x, int y, int begin, int end, const Atoms& atoms,
                                           const Stencils& stencils) {
    for (int a = begin; a < end; ++a) {
        const int element = atoms.element[a];
        const int* reach = stencils.reach + 4 * element;
        // row of the stencil at the first pixel; the first row and the last one are its border of zeros
        const int first = y - atoms.pixel_y[a] + reach[2] + 1, rows = reach[2] + reach[3] + 3;
        if (first + ROWS <= 1 || first >= rows) continue;
        const int dx = x - atoms.pixel_x[a];
        if (dx < -reach[0] || dx > reach[1] + 1) continue;
        const int width = stencils.widths[element];
        const float* s = stencils.phases + stencils.starts[element] + dx + reach[0] + 1;
        const float fx = atoms.fraction_x[a], fy = atoms.fraction_y[a];
        float above[2] = {0.0f, 0.0f};
        if (first > 0) {
            above[0] = s[(first - 1) * width];
            above[1] = s[(first - 1) * width - 1];
        }
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            const int row = first + i;
            float own[2] = {0.0f, 0.0f};
            if (row >= 0 && row < rows) {
                own[0] = s[row * width];
                own[1] = s[row * width - 1];
            }
            const float here = (1.0f - fy) * own[0] + fy * above[0];
            const float before = (1.0f - fy) * own[1] + fy * above[1];
            sums[i] += (1.0f - fx) * here + fx * before;
            above[0] = own[0];
            above[1] = own[1];
        }
    }
}

// Adds to the phases at ROWS pixels of a column those of one group's atoms. All threads of a block walk through the same
// bins along x.
__device__ inline void add_phases_of_group(float* sums, int x, int y, int first_x, int last_x, int nx, int ny,
                                           const int* starts, const Atoms& atoms, const Stencils& stencils) {
    const int bins_x = (nx + BIN_X - 1) / BIN_X;
    const int low_y = y - stencils.most_after_y - 1, high_y = y + ROWS - 1 + stencils.most_before_y;
    const int low_x = first_x - stencils.most_after_x - 1, high_x = last_x + stencils.most_before_x;
    for (int image_y = floor_divide(low_y, ny); image_y <= floor_divide(high_y, ny); ++image_y) {
        const int begin_y = larger(low_y - image_y * ny, 0) / BIN_Y;
        const int end_y = smaller(high_y - image_y * ny, ny - 1) / BIN_Y;
        for (int row = begin_y; row <= end_y; ++row) {
            for (int image_x = floor_divide(low_x, nx); image_x <= floor_divide(high_x, nx); ++image_x) {
                const int* bins = starts + row * bins_x;
                const int begin = bins[larger(low_x - image_x * nx, 0) / BIN_X];
                const int end = bins[smaller(high_x - image_x * nx, nx - 1) / BIN_X + 1];
                add_phases_of_atoms(sums, x - image_x * nx, y - image_y * ny, begin, end, atoms, stencils);
            }
        }
    }
}

#define ATOMS_AND_STENCILS                                                                                       \
    const int *pixel_x, const int *pixel_y, const float *fraction_x, const float *fraction_y, const int *element, \
        const int *starts, const float *phases, const int *stencil_starts, const int *stencil_widths,            \
        const int *reach, int most_before_x, int most_after_x, int most_before_y, int most_after_y

#define GATHERED                                                                                       \
    const Atoms atoms = {pixel_x, pixel_y, fraction_x, fraction_y, element, starts};                   \
    const Stencils stencils = {phases, stencil_starts, stencil_widths, reach,                          \
                               most_before_x, most_after_x, most_before_y, most_after_y};

#define PIXEL                                              \
    const int x = blockIdx.x * blockDim.x + threadIdx.x;   \
    const int y = blockIdx.y * blockDim.y + threadIdx.y;   \
    if (x >= nx || y >= ny) return;                        \
    const size_t pixels = (size_t)nx * ny;                 \
    const size_t pixel = (size_t)y * nx + x;

// The column of pixels that a thread has to itself.
#define COLUMN                                                    \
    const int x = blockIdx.x * blockDim.x + threadIdx.x;          \
    const int y = (blockIdx.y * blockDim.y + threadIdx.y) * ROWS; \
    if (x >= nx || y >= ny) return;                               \
    const size_t pixels = (size_t)nx * ny;                        \
    const int rows = smaller(ROWS, ny - y);

// Phases of a slice's atoms at ROWS pixels of a column, its film atoms included or not.
//
// flags[structure]: who will be multiplied by it; structures without any are left out.
// everywhere[configuration][group]: phase that a group's atoms give to the whole grid.
__device__ inline void phases_at(float* sums, int x, int y, int nx, int ny, int configuration, int slice, int slices,
                                 int with_film, const float* everywhere, const Atoms& atoms,
                                 const Stencils& stencils) {
    const int bins = ((nx + BIN_X - 1) / BIN_X) * ((ny + BIN_Y - 1) / BIN_Y);
    const int first_x = blockIdx.x * blockDim.x;
    const int last_x = smaller(first_x + blockDim.x, nx) - 1;
#pragma unroll
    for (int i = 0; i < ROWS; ++i) sums[i] = 0.0f;
    for (int film = 0; film <= with_film; ++film) {
        const size_t group = (size_t)configuration * 2 * slices + 2 * slice + film;
#pragma unroll
        for (int i = 0; i < ROWS; ++i) sums[i] += everywhere[group];
        add_phases_of_group(sums, x, y, first_x, last_x, nx, ny, atoms.starts + group * bins, atoms, stencils);
    }
}

// exp(i phase)
__device__ inline float2 turned(float phase) {
    float2 value;
    sincosf(phase, &value.y, &value.x);
    return value;
}

extern "C" __global__ void transmission_function(float2* transmission, const int* flags, const float* everywhere,
                                                 int nx, int ny, int phonons, int slice, int slices, int with_film,
                                                 ATOMS_AND_STENCILS) {
    COLUMN
    const int configuration = blockIdx.z;
    if (flags[configuration / phonons] == 0) return;
    GATHERED
    float sums[ROWS];
    phases_at(sums, x, y, nx, ny, configuration, slice, slices, with_film, everywhere, atoms, stencils);
    float2* values = transmission + configuration * pixels + (size_t)y * nx + x;
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
        if (i < rows) values[(size_t)i * nx] = turned(sums[i]);
    }
}

__device__ inline float2 product(float2 a, float2 b) {
    float2 c;
    c.x = a.x * b.x - a.y * b.y;
    c.y = a.x * b.y + a.y * b.x;
    return c;
}

__device__ inline void multiply(float2* waves, float2 factor, int flags, int structure, int phonon, int phonons,
                                size_t pixels, size_t pixel) {
    for (int half = 0; half < 2; ++half) {
        if (flags & (half == 0 ? TO_FULL : TO_VACUUM)) {
            float2* value = waves + ((size_t)(2 * structure + half) * phonons + phonon) * pixels + pixel;
            *value = product(*value, factor);
        }
    }
}

// Waves times exp(i phase), without an array of transmission functions between.
extern "C" __global__ void transmit_directly(float2* waves, const int* flags, const float* everywhere, int nx, int ny,
                                             int phonons, int slice, int slices, int with_film, ATOMS_AND_STENCILS) {
    COLUMN
    const int configuration = blockIdx.z, structure = configuration / phonons;
    if (flags[structure] == 0) return;
    GATHERED
    float sums[ROWS];
    phases_at(sums, x, y, nx, ny, configuration, slice, slices, with_film, everywhere, atoms, stencils);
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
        if (i < rows) {
            multiply(waves, turned(sums[i]), flags[structure], structure, configuration % phonons, phonons, pixels,
                     (size_t)(y + i) * nx + x);
        }
    }
}

// Waves times transmission functions, each of which is read once for the full and the vacuum wave.
extern "C" __global__ void transmit(float2* waves, const float2* transmission, const int* flags, int nx, int ny,
                                    int phonons) {
    PIXEL
    const int configuration = blockIdx.z, structure = configuration / phonons;
    if (flags[structure] == 0) return;
    multiply(waves, transmission[configuration * pixels + pixel], flags[structure], structure,
             configuration % phonons, phonons, pixels, pixel);
}

// Spectra of transmission functions times a real filter; most of it is zero and needs no reading.
extern "C" __global__ void filter_spectra(float2* spectra, const int* flags, const float* filter, int nx, int ny,
                                          int phonons, float scale) {
    PIXEL
    const int configuration = blockIdx.z;
    if (flags[configuration / phonons] == 0) return;
    const float strength = filter[pixel];
    float2 value = {0.0f, 0.0f};
    if (strength != 0.0f) {
        value = spectra[configuration * pixels + pixel];
        value.x *= strength * scale;
        value.y *= strength * scale;
    }
    spectra[configuration * pixels + pixel] = value;
}

// Spectra of waves through free space.
//
// distance[structure][full, vacuum]: which of the distances, or below zero for a wave that does not move.
// slices[distance]: in slices; the aperture enters once for each.
// along_x, along_y[distance][frequency]: the propagator's factors.
extern "C" __global__ void propagate(float2* spectra, const int* distance, const int* slices, const float* aperture,
                                     const float2* along_x, const float2* along_y, int nx, int ny, int phonons,
                                     float scale) {
    PIXEL
    const int wave = blockIdx.z;
    const int which = distance[wave / phonons];
    if (which < 0) return;
    const float once = aperture[pixel];
    float2 value = {0.0f, 0.0f};
    if (once != 0.0f) {
        const float strength = scale * (once == 1.0f ? 1.0f : powf(once, (float)slices[which]));
        const float2 factor = product(along_x[(size_t)which * nx + x], along_y[(size_t)which * ny + y]);
        value = product(spectra[wave * pixels + pixel], factor);
        value.x *= strength;
        value.y *= strength;
    }
    spectra[wave * pixels + pixel] = value;
}

// Places in a spectrum of n frequencies that make up frequency j of a spectrum of m; both ends meet at the Nyquist one.
__device__ inline int sources(int j, int m, int n, int* places) {
    const int half = (m - 1) / 2;
    places[0] = j <= half ? j : n - m + j;
    places[1] = j;
    return m < n && m % 2 == 0 && j == m / 2 ? 2 : 1;
}

// The lowest nx x ny frequencies of one half's spectra on a grid of wide_x x wide_y, times a factor.
extern "C" __global__ void crop_spectra(const float2* spectra, float2* cropped, int wide_x, int wide_y, int nx, int ny,
                                        float scale) {
    PIXEL
    const size_t wave = blockIdx.z;
    int from_x[2], from_y[2];
    const int count_x = sources(x, nx, wide_x, from_x), count_y = sources(y, ny, wide_y, from_y);
    float2 sum = {0.0f, 0.0f};
    for (int j = 0; j < count_y; ++j) {
        for (int i = 0; i < count_x; ++i) {
            const float2 value = spectra[(wave * wide_y + from_y[j]) * wide_x + from_x[i]];
            sum.x += value.x;
            sum.y += value.y;
        }
    }
    sum.x *= scale;
    sum.y *= scale;
    cropped[wave * pixels + pixel] = sum;
}
