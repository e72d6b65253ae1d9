// A libcuda.so.1 that runs kernels on the CPU: the part of the driver API that gorgonia.org/cu and we use. Everything is
// synchronous. Settings, from the environment:
//   CUEMU_THREADS     workers, each one block at a time
//   CUEMU_ORDER       "reverse": threads and blocks from the last to the first; shows other missing barriers
//   CUEMU_DEVICES     number of devices
//   CUEMU_MEM         bytes of each
//   CUEMU_DRIVER      version, as 12040
//   CUEMU_CAPABILITY  compute capability, as 70
//   CUEMU_INIT        what cuInit returns
//   CUEMU_CONTEXT     what the making of a context returns
//   CUEMU_LOSE        the launch at which the device is lost, from 1
//   CUEMU_WATCH       1: also reads out of bounds end the process, and are told
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <map>
#include <mutex>
#include <string>
#include <vector>
#include "emu.h"

long setting(const char *name, long otherwise) {
  const char *e = getenv(name);
  return e && *e ? atol(e) : otherwise;
}

struct Fn {
  std::string name;
  void (*call)(void **);
  unsigned nparam;
};
struct Mod {
  std::map<std::string, Fn> fns;
};
static std::mutex &launch_mutex = *new std::mutex;
static long launches;
static R lost = OK;
static thread_local std::vector<Ctx *> ctxs;
static Ctx *primary[64];


#define API extern "C" __attribute__((visibility("default"))) R
#define NEEDCTX                             \
  if (ctxs.empty()) return INVALID_CONTEXT; \
  if (lost) return lost
API cuInit(unsigned) {
  static std::once_flag f;
  std::call_once(f, run_start);
  return (R)setting("CUEMU_INIT", OK);
}
API cuDriverGetVersion(int *v) {
  *v = (int)setting("CUEMU_DRIVER", 12040);
  return OK;
}
API cuDeviceGetCount(int *n) {
  *n = (int)setting("CUEMU_DEVICES", 1);
  return OK;
}
API cuDeviceGet(int *d, int i) {
  *d = i;
  int n;
  cuDeviceGetCount(&n);
  return i >= 0 && i < n ? OK : INVALID_DEVICE;
}
API cuDeviceGetName(char *s, int n, int) {
  snprintf(s, n, "CPU emulation of a CUDA device");
  return OK;
}
API cuDeviceGetUuid(char *u, int d) {
  memset(u, 0xE0 + d, 16);
  return OK;
}
API cuDeviceTotalMem_v2(size_t *b, int) {
  *b = memory_total();
  return OK;
}
API cuDeviceGetAttribute(int *v, int a, int) {
  switch (a) {
    case 1:
      *v = 1024;
      break;
    case 2:
    case 3:
      *v = a == 2 ? 1024 : 1024;
      break;
    case 4:
      *v = 64;
      break;
    case 5:
      *v = 0x7fffffff;
      break;
    case 6:
    case 7:
      *v = 65535;
      break;
    case 8:
      *v = 49152;
      break;
    case 10:
      *v = 32;
      break;
    case 16:
      *v = run_workers();
      break;
    case 75:
      *v = (int)setting("CUEMU_CAPABILITY", 70) / 10;
      break;
    case 76:
      *v = (int)setting("CUEMU_CAPABILITY", 70) % 10;
      break;
    default:
      *v = 0;
  }
  return OK;
}
API cuCtxCreate_v2(Ctx **c, unsigned, int d) {
  if (setting("CUEMU_WATCH", 0)) memory_watch();
  if (setting("CUEMU_CONTEXT", OK)) return (R)setting("CUEMU_CONTEXT", OK);
  *c = new Ctx{d};
  ctxs.push_back(*c);
  return OK;
}
API cuCtxDestroy_v2(Ctx *c) {
  for (size_t i = 0; i < ctxs.size(); i++)
    if (ctxs[i] == c) {
      ctxs.erase(ctxs.begin() + i);
      break;
    }
  std::lock_guard<std::mutex> l(memory_mutex);
  memory_free_all(c);
  delete c;
  return OK;
}
API cuDevicePrimaryCtxRetain(Ctx **c, int d) {
  if (!primary[d]) primary[d] = new Ctx{d};
  *c = primary[d];
  return OK;
}
API cuDevicePrimaryCtxRelease_v2(int) { return OK; }
API cuCtxSetCurrent(Ctx *c) {
  if (!ctxs.empty()) ctxs.pop_back();
  if (c) ctxs.push_back(c);
  return OK;
}
API cuCtxGetCurrent(Ctx **c) {
  *c = ctxs.empty() ? 0 : ctxs.back();
  return OK;
}
API cuCtxPushCurrent_v2(Ctx *c) {
  ctxs.push_back(c);
  return OK;
}
API cuCtxPopCurrent_v2(Ctx **c) {
  NEEDCTX;
  if (c) *c = ctxs.back();
  ctxs.pop_back();
  return OK;
}
API cuCtxGetDevice(int *d) {
  NEEDCTX;
  *d = ctxs.back()->dev;
  return OK;
}
API cuCtxSynchronize() {
  NEEDCTX;
  return OK;
}
API cuMemGetInfo_v2(size_t *f, size_t *t) {
  NEEDCTX;
  std::lock_guard<std::mutex> l(memory_mutex);
  *f = memory_total() - memory_used(ctxs.back()->dev);
  *t = memory_total();
  return OK;
}
API cuMemAlloc_v2(DP *p, size_t n) {
  NEEDCTX;
  if (!n) return INVALID_VALUE;
  std::lock_guard<std::mutex> l(memory_mutex);
  return memory_alloc(ctxs.back(), p, n);
}
API cuMemFree_v2(DP p) {
  NEEDCTX;
  std::lock_guard<std::mutex> l(memory_mutex);
  return memory_free(ctxs.back(), p);
}
API cuMemHostAlloc(void **p, size_t n, unsigned) {
  *p = aligned_alloc(4096, (n + 4095) & ~4095ull);
  return *p ? OK : OOM;
}
API cuMemAllocHost_v2(void **p, size_t n) { return cuMemHostAlloc(p, n, 0); }
API cuMemFreeHost(void *p) {
  free(p);
  return OK;
}
#define CHK(p, n)                                                     \
  {                                                                   \
    std::lock_guard<std::mutex> l(memory_mutex);                      \
    if (!memory_has(ctxs.back(), p, n)) return INVALID_VALUE;         \
  }
API cuMemcpyHtoD_v2(DP d, const void *s, size_t n) {
  NEEDCTX;
  CHK(d, n);
  memcpy((void *)d, s, n);
  return OK;
}
API cuMemcpyDtoH_v2(void *d, DP s, size_t n) {
  NEEDCTX;
  CHK(s, n);
  memcpy(d, (void *)s, n);
  return OK;
}
API cuMemcpyDtoD_v2(DP d, DP s, size_t n) {
  NEEDCTX;
  CHK(d, n);
  CHK(s, n);
  memmove((void *)d, (void *)s, n);
  return OK;
}
API cuMemcpy(DP d, DP s, size_t n) {
  NEEDCTX;
  memmove((void *)d, (void *)s, n);
  return OK;
}
API cuMemcpyHtoDAsync_v2(DP d, const void *s, size_t n, void *) { return cuMemcpyHtoD_v2(d, s, n); }
API cuMemcpyDtoHAsync_v2(void *d, DP s, size_t n, void *) { return cuMemcpyDtoH_v2(d, s, n); }
API cuMemcpyDtoDAsync_v2(DP d, DP s, size_t n, void *) { return cuMemcpyDtoD_v2(d, s, n); }
API cuMemsetD8_v2(DP d, unsigned char v, size_t n) {
  NEEDCTX;
  CHK(d, n);
  memset((void *)d, v, n);
  return OK;
}
API cuMemsetD32_v2(DP d, unsigned v, size_t n) {
  NEEDCTX;
  CHK(d, 4 * n);
  for (size_t i = 0; i < n; i++) ((unsigned *)d)[i] = v;
  return OK;
}
API cuMemsetD8Async(DP d, unsigned char v, size_t n, void *) { return cuMemsetD8_v2(d, v, n); }
API cuMemsetD32Async(DP d, unsigned v, size_t n, void *) { return cuMemsetD32_v2(d, v, n); }
API cuStreamCreate(void **s, unsigned) {
  NEEDCTX;
  *s = malloc(1);
  return OK;
}
API cuStreamDestroy_v2(void *s) {
  free(s);
  return OK;
}
API cuStreamSynchronize(void *) {
  NEEDCTX;
  return OK;
}
API cuStreamQuery(void *) { return OK; }
API cuStreamWaitEvent(void *, void *, unsigned) { return OK; }
struct Ev {
  double t;
  bool rec;
};
API cuEventCreate(Ev **e, unsigned) {
  NEEDCTX;
  *e = new Ev();
  return OK;
}
API cuEventDestroy_v2(Ev *e) {
  delete e;
  return OK;
}
API cuEventRecord(Ev *e, void *) {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  e->t = t.tv_sec * 1e3 + t.tv_nsec / 1e6;
  e->rec = true;
  return OK;
}
API cuEventSynchronize(Ev *) { return OK; }
API cuEventQuery(Ev *e) { return e->rec ? OK : NOT_READY; }
API cuEventElapsedTime(float *ms, Ev *a, Ev *b) {
  if (!a->rec || !b->rec) return INVALID_HANDLE;
  *ms = b->t - a->t;
  return OK;
}
// A module is PTX text: take kernel names and parameter counts from its .entry directives.
API cuModuleLoadData(Mod **m, const void *image) {
  NEEDCTX;
  const char *s = (const char *)image;
  if (!strstr(s, ".version") || !strstr(s, ".target")) return INVALID_PTX;
  long open = 0;
  for (const char *p = s; *p; p++) open += (*p == '{') - (*p == '}');
  if (open) return INVALID_PTX;  // a text that was cut off
  int major = 0, minor = 0;  // PTX 6.4 came with driver 10.1, 7.0 with 11.0, 8.0 with 12.0, 9.0 with 13.0
  sscanf(strstr(s, ".version"), ".version %d.%d", &major, &minor);
  int need = major == 6 ? 9000 + (minor >= 3 ? 1000 + 10 * (minor - 3) : 10 * minor) : (major + 4) * 1000 + 10 * minor;
  if (setting("CUEMU_DRIVER", 12040) < need) return UNSUPPORTED_PTX;
  Mod *mod = new Mod;
  for (const char *p = s; (p = strstr(p, ".entry"));) {
    p += 6;
    while (*p == ' ' || *p == '\t') p++;
    const char *q = p;
    while (*q && !strchr(" \t\n(", *q)) q++;
    Fn f;
    f.name.assign(p, q);
    f.nparam = 0;
    const char *close = strchr(q, ')');
    for (const char *r = q; (r = strstr(r, ".param")) && r < close; r += 6) f.nparam++;
    f.call = (void (*)(void **))dlsym(RTLD_DEFAULT, ("emu_kernel_" + f.name).c_str());
    if (!f.call) {
      static void *self;
      if (!self) {
        Dl_info i;
        dladdr((void *)&cuModuleLoadData, &i);
        self = dlopen(i.dli_fname, RTLD_NOW | RTLD_NOLOAD);
      }
      f.call = (void (*)(void **))dlsym(self, ("emu_kernel_" + f.name).c_str());
    }
    if (!f.call) {
      fprintf(stderr, "cuemu: PTX has kernel %s, the emulator was built without it\n", f.name.c_str());
      delete mod;
      return INVALID_IMAGE;
    }
    mod->fns[f.name] = f;
    p = q;
  }
  *m = mod;
  return OK;
}
API cuModuleLoadDataEx(Mod **m, const void *i, unsigned, void *, void *) { return cuModuleLoadData(m, i); }
API cuModuleUnload(Mod *m) {
  delete m;
  return OK;
}
API cuModuleGetFunction(Fn **f, Mod *m, const char *n) {
  auto it = m->fns.find(n);
  if (it == m->fns.end()) return NOT_FOUND;
  *f = &it->second;
  return OK;
}
API cuFuncGetAttribute(int *v, int a, Fn *) {
  *v = a == 0 ? 1024 : 0;
  return OK;
}
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, Fn *, int bs, size_t) {
  *n = bs > 0 ? 2048 / bs : 0;
  return OK;
}
API cuLaunchKernel(Fn *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shmem,
                   void *, void **args, void **extra) {
  NEEDCTX;
  if (!f || extra) return INVALID_VALUE;
  if (!gx || !gy || !gz || !bx || !by || !bz || (uint64_t)bx * by * bz > 1024 || gy > 65535 || gz > 65535 || bz > 64)
    return INVALID_VALUE;
  if (shmem > 49152) return INVALID_VALUE;
  if (++launches == setting("CUEMU_LOSE", 0)) lost = ILLEGAL_ADDRESS;  // as on a GPU: every later call fails too
  if (lost) return lost;
  std::lock_guard<std::mutex> one(launch_mutex);
  if (!run_kernel(f->name.c_str(), f->call, args, {gx, gy, gz}, {bx, by, bz})) {
    fprintf(stderr, "cuemu: barrier divergence in %s\n", f->name.c_str());
    return lost = LAUNCH_FAILED;
  }
  std::lock_guard<std::mutex> l(memory_mutex);
  if (!memory_guards_hold(f->name.c_str())) return lost = ILLEGAL_ADDRESS;
  return OK;
}
