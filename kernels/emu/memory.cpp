// Memory of the device. New memory is poison, and poison lies around each allocation: a kernel that writes there is
// found when it has ended. Under CUEMU_WATCH pages that nobody may touch lie there, too, so that reads are found.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "emu.h"

static const size_t GUARD = 1024, PAGE = 4096;
static const unsigned char POISON = 0xCD;
struct Alloc {
  size_t bytes, room;  // room is bytes rounded up, to where the guard begins
  Ctx *ctx;
  char *map;  // pages of CUEMU_WATCH, else null
  size_t mapped;
};
std::mutex &memory_mutex = *new std::mutex;
static std::map<DP, Alloc> &allocs = *new std::map<DP, Alloc>;
static std::map<int, size_t> &used = *new std::map<int, size_t>;  // by device
static bool watched;

size_t memory_total() {
  static const size_t total = setting("CUEMU_MEM", 2l << 30);
  return total;
}
size_t memory_used(int dev) { return used[dev]; }

R memory_alloc(Ctx *ctx, DP *p, size_t n) {
  size_t &u = used[ctx->dev];
  if (n > memory_total() || u + n > memory_total()) return OOM;
  Alloc a = {n, 0, ctx, 0, 0};
  if (watched) {  // [page | front | values | page], the values up to the last page
    a.room = (n + 15) & ~(size_t)15;
    size_t pages = (a.room + PAGE - 1) / PAGE * PAGE;
    a.mapped = pages + 2 * PAGE;
    a.map = (char *)mmap(0, a.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (a.map == MAP_FAILED || mprotect(a.map + PAGE, pages, PROT_READ | PROT_WRITE)) return OOM;
    memset(a.map + PAGE, POISON, pages);
    *p = (DP)(a.map + PAGE + pages - a.room);
  } else {
    a.room = (n + 255) & ~(size_t)255;
    char *m = (char *)aligned_alloc(256, a.room + 2 * GUARD);
    if (!m) return OOM;
    memset(m, POISON, a.room + 2 * GUARD);
    *p = (DP)(m + GUARD);
  }
  allocs[*p] = a;
  u += n;
  return OK;
}

static void release(std::map<DP, Alloc>::iterator it) {
  used[it->second.ctx->dev] -= it->second.bytes;
  if (it->second.map) munmap(it->second.map, it->second.mapped);
  else free((void *)(it->first - GUARD));
  allocs.erase(it);
}

R memory_free(Ctx *ctx, DP p) {
  auto it = allocs.find(p);
  if (it == allocs.end() || it->second.ctx != ctx) return INVALID_VALUE;
  release(it);
  return OK;
}

void memory_free_all(Ctx *ctx) {
  for (auto it = allocs.begin(); it != allocs.end();) {
    auto at = it++;
    if (at->second.ctx == ctx) release(at);
  }
}

bool memory_has(Ctx *ctx, DP p, size_t n) {
  auto it = allocs.upper_bound(p);
  if (it == allocs.begin()) return false;
  --it;
  return it->second.ctx == ctx && p >= it->first && p + n <= it->first + it->second.bytes;
}

static bool poisoned(DP p, size_t n) {
  const unsigned char *at = (const unsigned char *)p;
  return !n || (at[0] == POISON && !memcmp(at, at + 1, n - 1));
}

bool memory_guards_hold(const char *kernel) {
  bool all = true;
  for (auto &e : allocs) {
    const Alloc &a = e.second;
    DP from = a.map ? (DP)a.map + PAGE : e.first - GUARD, to = e.first + a.room + (a.map ? 0 : GUARD);
    bool front = poisoned(from, e.first - from), back = poisoned(e.first + a.bytes, to - e.first - a.bytes);
    if (front && back) continue;
    fprintf(stderr, "cuemu: %s wrote %s an allocation of %zu bytes\n", kernel, front ? "behind" : "before", a.bytes);
    all = false;
  }
  return all;
}

static struct sigaction before[65];
static void on_fault(int sig, siginfo_t *info, void *context) {
  if (run_on_worker()) {
    char text[200];
    int n = sig == SIGILL ? snprintf(text, sizeof text, "cuemu: %s left the bounds of an array\n", run_name())
                          : snprintf(text, sizeof text, "cuemu: %s touched %p, which is out of bounds\n", run_name(), info->si_addr);
    if (write(2, text, n) < 0) _exit(4);
    _exit(3);
  }
  before[sig].sa_sigaction(sig, info, context);  // the Go runtime's
}

void memory_watch() {
  if (watched) return;
  watched = true;
  struct sigaction act;
  memset(&act, 0, sizeof act);
  act.sa_sigaction = on_fault;
  act.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigfillset(&act.sa_mask);
  sigaction(SIGSEGV, &act, &before[SIGSEGV]);
  sigaction(SIGBUS, &act, &before[SIGBUS]);
  sigaction(SIGILL, &act, &before[SIGILL]);  // -fsanitize=bounds
}
