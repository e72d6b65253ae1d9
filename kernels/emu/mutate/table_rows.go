package main

// rowTable is of what is done row by row before a tree: bins, derivatives, integers.
var rowTable = map[string][]edit{
	"quantize.cu": {
		{bound, "cuts of shared memory", `if (size <= NEAR) {`, `if (size <= 4 * NEAR) {`},
		{bound, "last cut", `i < size; i += blockDim.x`, `i + 2 < size; i += blockDim.x`},
		{bound, "rows", `i < n; i += (uint64_t)gridDim.x`, `i <= n; i += (uint64_t)gridDim.x`},
		{bound, "last row", `i < n; i += (uint64_t)gridDim.x`, `i + 1 < n; i += (uint64_t)gridDim.x`},
		{bound, "rows behind the first of a thread", `i += (uint64_t)gridDim.x * blockDim.x`, `i += n`},
		{bound, "level below", `v >= 0 && `, ``},
		{bound, "level above", ` && v < (double)levels`, ``},
		{bound, "level above, or as high", `v < (double)levels`, `v <= (double)levels`},
		{rule, "levels that share bins", `levels < bins ?`, `levels <= bins ?`},
		{rule, "bin of shared levels", `* (bins - 1) / levels`, `* bins / levels`},
		{rule, "a value on a cut", `cuts[bin + half - 1] < key`, `cuts[bin + half - 1] <= key`},
		{rule, "bin 0", `      bin++;
`, ``},
		{rule, "bins of two bytes", `(uint16_t)bin`, `(uint8_t)bin`},
		{rule, "missing is told", `if (lacks) *missing = 1;`, ``},
		{rule, "missing of some", `lacks |= !there;`, `lacks = !there;`},
	},
	"column.h": {
		{bound, "least", `return x >= least;`, `return x > least;`},
		{bound, "missing whole numbers", `return x >= least;`, `return true;`},
		{rule, "missing float32", `*v = (double)((const float*)values)[i];
      return *v == *v;`, `*v = (double)((const float*)values)[i];
      return true;`},
		{rule, "missing float64", `*v = ((const double*)values)[i];
      return *v == *v;`, `*v = ((const double*)values)[i];
      return true;`},
		{rule, "two zeros", `v == 0 ? 0 : v`, `v`},
		{rule, "order of negative numbers", `(uint64_t)(b >> 63) | `, ``},
		{rule, "int16", `((const int16_t*)values)[i]`, `((const uint16_t*)values)[i]`},
		{rule, "int32", `((const int32_t*)values)[i]`, `((const uint32_t*)values)[i]`},
	},
	"gradient.cu": {
		{bound, "rows", `n) {
  for (uint64_t i = global_index(); i < n;`, `n) {
  for (uint64_t i = global_index(); i <= n;`},
		{bound, "last row", `n) {
  for (uint64_t i = global_index(); i < n;`, `n) {
  for (uint64_t i = global_index(); i + 1 < n;`},
		{bound, "rows of classes", `classes);
  for (uint64_t i = global_index(); i < n;`, `classes);
  for (uint64_t i = global_index(); i <= n;`},
		{bound, "last row of classes", `classes);
  for (uint64_t i = global_index(); i < n;`, `classes);
  for (uint64_t i = global_index(); i + 1 < n;`},
		{bound, "rows behind the first of a thread", `return (uint64_t)gridDim.x * blockDim.x;`, `return (uint64_t)1 << 40;`},
		{bound, "g from above", `dg = dg > most ? most : dg;`, ``},
		{bound, "g from below", `dg < -most ? -most : dg`, `dg`},
		{bound, "h from above", `dh > most ? most : dh`, `dh`},
		{bound, "classes of the sum", `for (uint64_t k = 0; k < classes; k++) sum`, `for (uint64_t k = 0; k + 1 < classes; k++) sum`},
		{bound, "classes of the top", `for (uint64_t k = 1; k < classes; k++) top`, `for (uint64_t k = 1; k + 1 < classes; k++) top`},
		{rule, "weight 0", `    if (weight == 0) {
      g[i] = 0, h[i] = 0;
      return;
    }
    dg`, `    dg`},
		{rule, "weight of g", `    }
    dg = dg * weight;`, `    }`},
		{rule, "weight of h", `    dh = dh * weight;
  }
  if`, `  }
  if`},
		{rule, "missing response", `if (y[i] != y[i]) dg = 0, dh = 0;`, ``},
		{rule, "weight 0 where h grows", `if (weight == 0 || y[i] != y[i]) {`, `if (y[i] != y[i]) {`},
		{rule, "missing response where h grows", `if (weight == 0 || y[i] != y[i]) {`, `if (weight == 0) {`},
		{rule, "cut before the weight", `  dg = dg * weight;
  dh = dh * weight;
  dg = dg > most ? most : dg;`, `  dg = (dg > most ? most : dg) * weight;
  dh = dh * weight;`},
		{rule, "score above response", `f > y ? above`, `f >= y ? above`},
		{rule, "score below response", `f < y ? -below`, `f <= y ? -below`},
		{rule, "sides of a pinball", `yi, 1 - a, a)`, `yi, a, 1 - a)`},
		{rule, "order of p(1-p)", `store(y, w, g, h, i, p - yi, p * (1 - p));`, `store(y, w, g, h, i, p - yi, p - p * p);`},
		{rule, "order of p(1-p) of classes", `p - hit, p * (1 - p)`, `p - hit, p - p * p`},
		{rule, "no fused sum", `u * d - v * q`, `fma(u, d, -(v * q))`},
		{rule, "huber above", `d = d > a ? a : d;`, ``},
		{rule, "huber below", `d < -a ? -a : d`, `d`},
		{rule, "top of classes", `f[k][i] > top ? f[k][i] : top`, `top`},
		{rule, "order of classes", `for (uint64_t k = 0; k < classes; k++) sum += exp_exact(f[k][i] - top);`, `for (uint64_t k = classes; k-- > 0;) sum += exp_exact(f[k][i] - top);`},
		{rule, "class of the response", `y[i] == (float)k`, `(int64_t)y[i] == (int64_t)k % 2`},
	},
	"exact.h": {
		{bound, "exponent from below", `if (x < -708) x = -708;`, ``},
		{bound, "exponent from above", `if (x > 708) x = 708;`, ``},
		{rule, "fused reduction", `r = fma(k, -0x1.a39ef35793c76p-33, r);`, `r = r + k * -0x1.a39ef35793c76p-33;`},
		{rule, "fused even term", `even = fma(even, s, 0.5);`, `even = even * s + 0.5;`},
		{rule, "fused odd term", `odd = fma(odd, s, 1.0 / 6);`, `odd = odd * s + 1.0 / 6;`},
		{rule, "last even term", `even = fma(s, 1.0 / 479001600, 1.0 / 3628800);`, `even = 1.0 / 3628800;`},
		{rule, "fused last sum", `fma(odd, r, even)`, `(odd * r + even)`},
	},
	"fixed.cu": {
		{bound, "rows of weights", `if (r < rows) units[r]`, `if (r <= rows) units[r]`},
		{bound, "rows that are measured", `if (r >= rows || !in_sample`, `if (!in_sample`},
		{bound, "last chunk of a thread", `from + each < chunks ? from + each : chunks`, `from + each`},
		{bound, "chunks of a thread", `(chunks + blockDim.x - 1) / blockDim.x`, `1`},
		{bound, "chunks of the last thread", `(chunks + blockDim.x - 1) / blockDim.x`, `chunks / blockDim.x`},
		{bound, "g from below", `g >= -1 && `, ``},
		{bound, "g from above", `g <= 1 && `, ``},
		{bound, "h from below", `h >= 0 && `, ``},
		{bound, "h from above", ` && h <= 0.25f`, ``},
		{bound, "outside is told", `    *outside = true;
`, ``},
		{bound, "outside is told to all", `if (out) atomicOr(&outside, 1);`, ``},
		{bound, "rows that are listed", `bool is_in = r < rows && `, `bool is_in = `},
		{bound, "rows that get integers", `if (r < rows) quant[r] = q;`, `quant[r] = q;`},
		{rule, "order of negative numbers", `(uint32_t)((int32_t)b >> 31) | `, ``},
		{rule, "sample", `(!sample || sample[r] != 0) && `, ``},
		{rule, "weights of 0", ` && (!weight || weight[r] != 0)`, ``},
		{rule, "ties to even", `(int64_t)((v + shift) - shift)`, `(int64_t)(v < 0 ? v - 0.5 : v + 0.5)`},
		{rule, "nothing but zeros", `if (most == 0) return 1;`, ``},
		{rule, "power of two", `((b << 12) != 0)`, `1`},
		{rule, "above a power of two", `((b << 12) != 0)`, `0`},
		{rule, "draws", `(z ^ z >> 15)`, `(z ^ z >> 14)`},
		{rule, "g is not finite", `gr - gr != 0 || `, ``},
		{rule, "h is not finite", ` || hr - hr != 0`, ``},
		{rule, "greatest g of lanes", `own_g = a > own_g ? a : own_g;`, ``},
		{rule, "greatest h of lanes", `own_h = b > own_h ? b : own_h;`, ``},
		{rule, "least h of lanes", `own_least = c > own_least ? c : own_least;`, ``},
		{rule, "greatest g of a thread", `own_g = ag > own_g ? ag : own_g;`, `own_g = ag;`},
		{rule, "greatest h of a thread", `own_h = ah > own_h ? ah : own_h;`, `own_h = ah;`},
		{rule, "least h of a thread", `own_least = least > own_least ? least : own_least;`, `own_least = least;`},
		{rule, "greatest absolute g", `__float_as_uint(fabsf(gr))`, `__float_as_uint(gr > 0 ? gr : 0)`},
		{rule, "bad of lanes", `own_bad |= __shfl_down_sync(0xffffffffu, own_bad, by);`, ``},
		{rule, "start of the measure", `if (threadIdx.x == 0) count = 0, most_g = 0, most_h = 0, least_h = 0, bad = 0;`, ``},
		{rule, "empty chunks", `if (count == 0) return;`, ``},
		{rule, "bad is told", `if (bad) atomicMax(&all->bad, (uint64_t)1);`, ``},
		{rule, "lanes of a scan", `if (lane >= (uint32_t)by) sum += before;`, `if (lane > (uint32_t)by) sum += before;`},
		{rule, "own count in a scan", `return sum - v;`, `return sum;`},
		{rule, "last lane of a warp", `warps[warp] = at + own;`, `warps[warp] = at;`},
		{rule, "rows of all", `all->rows = before + sum;`, `all->rows = before;`},
		{rule, "warps before", `at += warps[warp];`, ``},
		{rule, "chunks before", `    at += n;
`, ``},
		{rule, "bits of the draw for g", `(double)(u >> 16)`, `(double)(u >> 17)`},
		{rule, "bits of the draw for h", `(double)(u & 0xFFFF)`, `(double)(u >> 16)`},
		{rule, "end of derivatives that are not finite", `if (all->bad) return;`, ``},
		{rule, "start of sums", `if (threadIdx.x < 3) sums[threadIdx.x] = 0;`, ``},
		{rule, "start of outside", `if (threadIdx.x == 0) outside = 0;`, ``},
		{rule, "sums of g over lanes", `sum_g += __shfl_down_sync`, `sum_g = __shfl_down_sync`},
		{rule, "sums of h over lanes", `sum_h += __shfl_down_sync`, `sum_h = __shfl_down_sync`},
		{rule, "sums of w over lanes", `sum_w += __shfl_down_sync`, `sum_w = __shfl_down_sync`},
		{rule, "units of weights", `sum_w += units ? units[r] : 1;`, `sum_w += 1;`},
		{rule, "sums of warps in a list", `if (warp == 0) before[lane] = scan_warp(before[lane]);`, ``},
		{rule, "a row's own place", `((1u << lane) - 1))] = `, `((2u << lane) - 1))] = `},
		{rule, "places of chunks", `places ? places[blockIdx.x] : blockIdx.x * CHUNK`, `blockIdx.x * CHUNK`},
		{rule, "outside is told to the host", `if (outside) atomicMax(&all->outside, (uint64_t)1);`, ``},
	},
}
