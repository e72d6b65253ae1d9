// What the parts of the emulator know of each other.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <map>
#include <mutex>
#include "emu_device.h"

typedef int R;  // CUresult
enum {
  OK = 0,
  INVALID_VALUE = 1,
  OOM = 2,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  UNSUPPORTED_PTX = 222,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719
};
typedef uint64_t DP;  // CUdeviceptr

// setting reads a number from the environment.
long setting(const char *name, long otherwise);

// run.cpp: threads of the device.
void run_start();
int run_workers();
// run_kernel runs all blocks; false is a barrier that not all threads reach.
bool run_kernel(const char *name, void (*fn)(void **), void **args, emu_dim3 grid, emu_dim3 block);
bool run_on_worker();    // is this thread one that runs blocks?
const char *run_name();  // the kernel that runs now

// memory.cpp: memory of the device. The callers hold memory_mutex.
struct Ctx {
  int dev;
};
extern std::mutex &memory_mutex;
R memory_alloc(Ctx *ctx, DP *p, size_t n);
R memory_free(Ctx *ctx, DP p);
void memory_free_all(Ctx *ctx);
bool memory_has(Ctx *ctx, DP p, size_t n);      // do these bytes lie in one allocation?
bool memory_guards_hold(const char *kernel);    // says which do not
size_t memory_total();
size_t memory_used(int dev);
void memory_watch();                            // names the kernel that touches what it must not
