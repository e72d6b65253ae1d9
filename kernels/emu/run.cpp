// Threads of the device. Each is a fiber of a worker, which runs one block at a time; a barrier parks the fiber, and
// the worker goes on with the next one. Barriers that not all reach end the launch. A warp runs as far as it can before
// another one has its turn: what is not kept apart by a barrier of the block meets, and in two calls in a row, too.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>
#include "emu.h"

thread_local emu_thread *emu_cur;
thread_local emu_block emu_blk;

enum { NEW, RUNNABLE, AT_BAR, AT_WARP, PASSED, DONE };
static const size_t STACK = 64 << 10;
struct Warp {  // what each lane that waits has brought, and what it gets
  uint64_t val[32], got[32];
  uint32_t mask[32];
  int what[32], src[32];
};
struct Worker {
  std::vector<emu_thread> th;
  std::vector<char *> stacks;
  char *spare;  // stack of a finished fiber, parked at the end of fiber_main
  void *spare_sp;
  std::vector<Warp> warps;
  void *main_sp;
  unsigned live, atbar;
  void (*fn)(void **);
  void **args;
};
static thread_local Worker *W;
static bool order_rev;

#if defined(__x86_64__) && !defined(EMU_UCONTEXT)
extern "C" void emu_switch(void **save, void *to);
__asm__(
    ".text\n.globl emu_switch\n.hidden emu_switch\n.type emu_switch,@function\nemu_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
static void fiber_main();
static void *fiber_prepare(char *stack) {
  uintptr_t top = ((uintptr_t)stack + STACK) & ~(uintptr_t)15;
  void **s = (void **)top;
  *--s = 0;
  *--s = (void *)fiber_main;
  for (int i = 0; i < 6; i++) *--s = 0;
  return s;
}
#else
#include <ucontext.h>
struct U {
  ucontext_t c;
};
static void fiber_main();
static void emu_switch(void **save, void *to) {
  if (!*save) *save = new U;
  swapcontext(&((U *)*save)->c, &((U *)to)->c);
}
static void *fiber_prepare(char *stack) {  // the context lives at the base of the stack
  U *u = (U *)stack;
  getcontext(&u->c);
  u->c.uc_stack.ss_sp = stack + sizeof(U);
  u->c.uc_stack.ss_size = STACK - sizeof(U);
  u->c.uc_link = 0;
  makecontext(&u->c, fiber_main, 0);
  return u;
}
#endif
static inline void to_scheduler() {
  emu_thread *me = emu_cur;
  emu_switch(&me->sp, W->main_sp);
}
static void fiber_main() {
  for (;;) {
    W->fn(W->args);
    emu_cur->state = DONE;
    to_scheduler();  // may be resumed as another thread of the block
  }
}
extern "C" void emu_syncthreads() {
  emu_cur->state = AT_BAR;
  W->atbar++;
  to_scheduler();
}
extern "C" void emu_pass() {
  emu_cur->state = PASSED;
  to_scheduler();
}
extern "C" uint64_t emu_meet(int what, uint32_t mask, uint64_t v, int src) {
  unsigned lane = emu_cur->lin & 31;
  Warp &w = W->warps[emu_cur->lin >> 5];
  w.val[lane] = v;
  w.mask[lane] = mask;
  w.what[lane] = what;
  w.src[lane] = src;
  emu_cur->state = AT_WARP;
  to_scheduler();
  return w.got[lane];
}
// Lets the lanes go that thread i was waiting for, when all live ones of its mask are here.
static void release_warp(Worker &w, unsigned i, unsigned n) {
  Warp &q = w.warps[i >> 5];
  unsigned base = i & ~31u, lane = i & 31;
  uint32_t mask = q.mask[lane], live = 0;
  for (unsigned l = 0; l < 32 && base + l < n; l++) {
    if (!(mask >> l & 1) || w.th[base + l].state == DONE) continue;
    if (w.th[base + l].state != AT_WARP || q.mask[l] != mask || q.what[l] != q.what[lane]) return;
    live |= 1u << l;
  }
  uint32_t ballot = 0;
  for (unsigned l = 0; l < 32; l++)
    if ((live >> l & 1) && q.val[l]) ballot |= 1u << l;
  for (unsigned l = 0; l < 32; l++) {
    if (!(live >> l & 1)) continue;
    // Why the mixture: what a lane outside the mask would give is undefined on a device
    q.got[l] = q.what[l] == EMU_BALLOT ? ballot : live >> q.src[l] & 1 ? q.val[q.src[l]] : 0xCDCDCDCDCDCDCDCDull;
    w.th[base + l].state = RUNNABLE;
  }
}
// step runs thread i up to its next wait, if it does not wait.
static bool step(Worker &w, unsigned i, unsigned n) {
  emu_thread &t = w.th[i];
  if (t.state == NEW) {
    if (w.spare) {
      t.stack = w.spare;
      t.sp = w.spare_sp;
      w.spare = 0;
    } else {
      char *s;
      if (!w.stacks.empty()) {
        s = w.stacks.back();
        w.stacks.pop_back();
      } else s = (char *)mmap(0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      t.stack = s;
      t.sp = fiber_prepare(s);
    }
    t.state = RUNNABLE;
  }
  if (t.state != RUNNABLE) return false;
  emu_cur = &t;
  emu_switch(&w.main_sp, t.sp);
  if (t.state == AT_WARP) release_warp(w, i, n);
  if (t.state != DONE) return true;
  w.live--;
  if (!w.spare) {
    w.spare = t.stack;
    w.spare_sp = t.sp;
  } else w.stacks.push_back(t.stack);
  // a lane that has left may be the last that others waited for
  unsigned base = i & ~31u;
  for (unsigned l = base; l < base + 32 && l < n; l++)
    if (w.th[l].state == AT_WARP) release_warp(w, l, n);
  return true;
}
static bool run_block(Worker &w, unsigned n, unsigned bx, unsigned by) {
  W = &w;
  w.live = n;
  w.atbar = 0;
  if (w.th.size() < n) w.th.resize(n);
  w.warps.assign((n + 31) / 32, Warp{});
  for (unsigned i = 0; i < n; i++) {
    emu_thread &t = w.th[i];
    t.lin = i;
    t.tid = {i % bx, i / bx % by, i / (bx * by)};
    t.state = NEW;
    t.stack = 0;
  }
  unsigned warps = (n + 31) / 32;
  while (w.live) {
    bool progress = false;
    for (unsigned k = 0; k < warps; k++) {
      // CUEMU_ORDER=reverse: a second schedule shows more missing barriers
      unsigned base = 32 * (order_rev ? warps - 1 - k : k), lanes = n - base < 32 ? n - base : 32;
      for (bool moved = true; moved; progress |= moved) {
        moved = false;
        for (unsigned l = 0; l < lanes; l++) moved |= step(w, base + (order_rev ? lanes - 1 - l : l), n);
      }
    }
    bool all = w.live && w.atbar == w.live;
    if (all) w.atbar = 0;
    for (unsigned i = 0; i < n; i++)
      if (w.th[i].state == PASSED || (all && w.th[i].state == AT_BAR)) {
        w.th[i].state = RUNNABLE;
        progress = true;
      }
    if (!progress) return false;  // barrier divergence: some threads wait for ever
  }
  if (w.spare) w.stacks.push_back(w.spare);
  w.spare = 0;
  return true;
}

// ---- the workers ------------------------------------------------------------------------------
struct Launch {
  void (*fn)(void **);
  void **args;
  emu_dim3 grid, block;
  std::atomic<uint64_t> next;  // block
  std::atomic<int> left;       // workers
  std::atomic<bool> bad;
};
// Why they are never freed: the end of the process would wait for the workers that wait on them.
static std::mutex &launch_mutex = *new std::mutex;
static std::condition_variable &begun = *new std::condition_variable, &ended = *new std::condition_variable;
static Launch *current;
static uint64_t launches;
static int workers;

static void worker_main() {
  Worker w{};
  uint64_t seen = 0;
  for (;;) {
    Launch *j;
    {
      std::unique_lock<std::mutex> l(launch_mutex);
      begun.wait(l, [&] { return launches != seen; });
      seen = launches;
      j = current;
    }
    emu_dim3 g = j->grid, b = j->block;
    uint64_t total = (uint64_t)g.x * g.y * g.z;
    w.fn = j->fn;
    w.args = j->args;
    for (uint64_t i; (i = j->next++) < total && !j->bad;) {
      if (order_rev) i = total - 1 - i;
      emu_blk = {{(unsigned)(i % g.x), (unsigned)(i / g.x % g.y), (unsigned)(i / g.x / g.y)}, b, g};
      if (!run_block(w, b.x * b.y * b.z, b.x, b.y)) j->bad = true;
    }
    std::lock_guard<std::mutex> l(launch_mutex);
    if (--j->left == 0) ended.notify_all();
  }
}

int run_workers() { return workers; }

void run_start() {
  workers = (int)setting("CUEMU_THREADS", std::thread::hardware_concurrency());
  if (workers < 1) workers = 1;
  const char *order = getenv("CUEMU_ORDER");
  order_rev = order && *order == 'r';
  sigset_t most, old;  // keeps Go's signals off the stacks of fibers
  sigfillset(&most);
  sigdelset(&most, SIGSEGV);
  sigdelset(&most, SIGBUS);
  sigdelset(&most, SIGILL);
  pthread_sigmask(SIG_SETMASK, &most, &old);
  for (int i = 0; i < workers; i++) std::thread(worker_main).detach();
  pthread_sigmask(SIG_SETMASK, &old, 0);
}

static const char *running = "";
bool run_on_worker() { return W != 0; }
const char *run_name() { return running; }

bool run_kernel(const char *name, void (*fn)(void **), void **args, emu_dim3 grid, emu_dim3 block) {
  Launch j{fn, args, grid, block, {0}, {workers}, {false}};
  std::unique_lock<std::mutex> l(launch_mutex);
  running = name;
  current = &j;
  launches++;
  begun.notify_all();
  ended.wait(l, [&] { return j.left == 0; });
  return !j.bad;
}
