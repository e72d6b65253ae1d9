//go:build cuda

// Every driver symbol that gorgonia.org/cu references is defined here, so that a program links and starts without
// libcuda. A symbol is a pointer, which at first leads to "no device", and a stub that jumps through it. There are
// no prototypes, so no cuda.h is needed.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shim.h"

#define CU_SUCCESS 0
#define CU_NO_DEVICE 100

static int cu_absent(void) { return CU_NO_DEVICE; }

#if defined(__x86_64__)
#define FWD(n)                                                                         \
  __asm__(".pushsection .text\n.p2align 4\n.globl " #n "\n.type " #n ",@function\n" #n \
          ":\n\tendbr64\n\tjmp *shim_slot_" #n "(%rip)\n.size " #n ",.-" #n "\n.popsection\n");
#elif defined(__aarch64__)
#define FWD(n)                                                                                                        \
  __asm__(".pushsection .text\n.p2align 4\n.globl " #n "\n.type " #n ",%function\n" #n ":\n\tadrp x16, shim_slot_" #n \
          "\n\tldr x16, [x16, :lo12:shim_slot_" #n "]\n\tbr x16\n.size " #n ",.-" #n "\n.popsection\n");
#else
#error "cudashim: add a forwarder for this architecture"
#endif

#define HIDDEN __attribute__((visibility("hidden"), used))
#define X(n)                                      \
  HIDDEN void *shim_slot_##n = (void *)cu_absent; \
  FWD(n)
#include "cuda_syms.inc"
#undef X

static const struct sym {
  const char *name;
  void **slot;
} symbols[] = {
#define X(n) {#n, &shim_slot_##n},
#include "cuda_syms.inc"
#undef X
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int real_rc = -1;  // what the library's own cuInit said; -1 without a library
static char why[512];
static int (*real_count)(int *), (*real_version)(int *);
static const char *missing;

static void *open_library(void) {
  static const char *const names[] = {"libcuda.so.1", "libcuda.so", 0};
  const char *chosen = getenv("CUDASHIM_LIBCUDA");
  if (chosen && *chosen) {
    if (!strcmp(chosen, "none")) {
      snprintf(why, sizeof why, "switched off by CUDASHIM_LIBCUDA=none");
      return 0;
    }
    void *h = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    if (!h) snprintf(why, sizeof why, "CUDASHIM_LIBCUDA: %s", dlerror());
    return h;
  }
  for (const char *const *name = names; *name; name++) {
    void *h = dlopen(*name, RTLD_NOW | RTLD_LOCAL);
    if (h) {
      why[0] = 0;
      return h;
    }
    const char *reason = dlerror();
    if (!why[0]) snprintf(why, sizeof why, "%s", reason);  // that of the first name is the one to read
  }
  return 0;
}

// meaning says in words what cuInit can return.
static const char *meaning(int rc) {
  switch (rc) {
    case 2: return "the device has no memory left";
    case 3: return "the driver did not start";
    case 34: return "the library is a stub for linking";
    case 46: return "no device can be used now";
    case CU_NO_DEVICE: return "the driver finds no GPU";
    case 101: return "CUDA_VISIBLE_DEVICES names no GPU";
    case 802: return "the GPUs' fabric is not ready";
    case 803: return "the library is of another version than the kernel's driver";
    case 804: return "the compatibility library does not support this GPU";
    case 999: return "the kernel's driver is not loaded, or broken";
  }
  return "an error of the driver";
}

static void load(void) {
  void *h = open_library();
  if (!h) return;
  int (*init)(unsigned) = (int (*)(unsigned))dlsym(h, "cuInit");
  if (!init) {
    snprintf(why, sizeof why, "the library has no cuInit");
    return;
  }
  real_rc = init(0);
  if (real_rc != CU_SUCCESS) {
    snprintf(why, sizeof why, "cuInit returned %d: %s", real_rc, meaning(real_rc));
    return;
  }
  real_count = (int (*)(int *))dlsym(h, "cuDeviceGetCount");
  real_version = (int (*)(int *))dlsym(h, "cuDriverGetVersion");
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    void *p = dlsym(h, symbols[i].name);
    if (p) *symbols[i].slot = p;
    else if (!missing) missing = symbols[i].name;
  }
}

// cuInit must never fail: gorgonia.org/cu calls it when the program starts, and ends the process on an error.
int cuInit(unsigned flags) {
  (void)flags;
  pthread_once(&once, load);
  return CU_SUCCESS;
}

int cuDeviceGetCount(int *n) {
  *n = 0;
  cuInit(0);
  return real_count ? real_count(n) : CU_SUCCESS;
}

int cuDriverGetVersion(int *v) {
  *v = 0;
  cuInit(0);
  return real_version ? real_version(v) : CU_SUCCESS;
}

int cudashim_status(void) {
  cuInit(0);
  return real_rc;
}

const char *cudashim_why(void) {
  cuInit(0);
  return why;
}

const char *cudashim_missing(void) {
  cuInit(0);
  return missing ? missing : "";
}

int cuMemAllocHost_v2(void **, size_t);  // above

int cudashim_alloc_host(size_t bytes, void **out) { return cuMemAllocHost_v2(out, bytes); }
