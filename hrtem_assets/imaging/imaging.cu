// Images on a device: defocus, intensities, shot noise, smoothing. One thread is one pixel of one wave or image.

#define PIXEL                                              \
    const int x = blockIdx.x * blockDim.x + threadIdx.x;   \
    const int y = blockIdx.y * blockDim.y + threadIdx.y;   \
    if (x >= nx || y >= ny) return;                        \
    const size_t pixel = (size_t)y * nx + x;

__device__ inline float2 product(float2 a, float2 b) {
    float2 c;
    c.x = a.x * b.x - a.y * b.y;
    c.y = a.x * b.y + a.y * b.x;
    return c;
}

// Spectra[wave][ky][kx] times along_y[ky] along_x[kx].
extern "C" __global__ void defocus(const float2* spectra, const float2* along_x, const float2* along_y,
                                   float2* defocused, int nx, int ny) {
    PIXEL
    const size_t place = (size_t)blockIdx.z * nx * ny + pixel;
    defocused[place] = product(spectra[place], product(along_y[y], along_x[x]));
}

// Adds weight |wave|^2 of all waves to an image.
extern "C" __global__ void add_intensities(const float2* waves, float* image, int nx, int ny, int count, float weight) {
    PIXEL
    float sum = 0.0f;
    for (int w = 0; w < count; ++w) {
        const float2 value = waves[(size_t)w * nx * ny + pixel];
        sum += value.x * value.x + value.y * value.y;
    }
    image[pixel] += weight * sum;
}

// Poisson numbers by tabulated inversion, as imaging/poisson.py has them, from two uniform numbers per pixel.
//
// cumulative[step][k]: probability of k or less at a mean of step / steps_per_unit; width entries.
// guide[step][level]: where to start for each level of probability.
extern "C" __global__ void poisson_counts(const float* intensity, float dose, const double* uniform,
                                          const double* cumulative, const unsigned short* guide, int width,
                                          int steps_per_unit, int guides, unsigned short* counts, int nx, int ny) {
    PIXEL
    const double mean = (double)(intensity[pixel] * dose);
    const int step = (int)(mean * steps_per_unit);
    const double u = uniform[2 * pixel], v = uniform[2 * pixel + 1];
    int k = guide[(size_t)step * guides + (int)(u * guides)];
    while (u >= cumulative[(size_t)step * width + k]) ++k;
    const double rest = mean - (double)step / steps_per_unit;
    double p = 1.0;
    for (int term = 7; term > 0; --term) p = 1.0 - rest / term * p;
    double total = p;
    int extra = 0;
    while (v >= total && extra < 16) {
        ++extra;
        p *= rest / extra;
        total += p;
    }
    counts[pixel] = (unsigned short)(k + extra);
}

// Symmetric weights along one axis, in double precision; beyond the edge the nearest pixel goes on.
//
// weights[0] is the middle one, weights[i] those at distance i. The sum runs from the outside to the inside.
extern "C" __global__ void smooth(const float* image, float* smoothed, const double* weights, int radius, int along_y,
                                  int nx, int ny) {
    PIXEL
    const int place = along_y ? y : x, last = (along_y ? ny : nx) - 1;
    const size_t stride = along_y ? nx : 1;
    const float* line = image + pixel - place * stride;
    double sum = line[place * stride] * weights[0];
    for (int i = radius; i > 0; --i) {
        const int before = place - i < 0 ? 0 : place - i, after = place + i > last ? last : place + i;
        sum += ((double)line[before * stride] + (double)line[after * stride]) * weights[i];
    }
    smoothed[pixel] = (float)sum;
}
