// The thread and the ring behind every socket of this addon; reader.h draws it.
#define _GNU_SOURCE
#include "reader.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

// At high rates the socket is looked at so often, at lower ones when about so much has come: a buffer of the ring.
#define REST_MIN_US 2000
#define REST_BYTES (128 * 1024)
// While JavaScript has not come to what it was given before.
#define REST_WHILE_BUSY(r) ((r)->rest_max_us > 0 && (r)->rest_max_us < REST_MIN_US ? (r)->rest_max_us : REST_MIN_US)

void memory_release(struct memory *memory) {
  if (memory != NULL && atomic_fetch_sub(&memory->owners, 1) == 1) free(memory);
}

struct reader *reader_new(const struct ring_options *options) {
  struct reader *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  r->batch_count = options->batch_count;
  r->batch_bytes = options->batch_bytes;
  r->entries = options->entries;
  r->linger_us = options->linger_us;
  r->fd = r->wake = r->taken = -1;
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->freed, NULL);
  r->memory = calloc(1, sizeof *r->memory + memory_size(r));
  r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (r->memory == NULL || r->wake < 0) {
    reader_free(r);
    return NULL;
  }
  atomic_init(&r->memory->owners, 1);
  uint32_t *lengths = (uint32_t *)(r->memory->bytes + stride_of(r) * r->batch_count);
  for (uint32_t i = 0; i < r->batch_count; i++) {
    uint8_t *bytes = r->memory->bytes + stride_of(r) * i;
    r->batches[i] = (struct batch){ .bytes = bytes, .index = (uint32_t *)(bytes + r->batch_bytes), .lengths = lengths + 2 * i };
    if (i > 0) r->free_stack[r->free_count++] = (int)i; // the thread begins with batch 0
  }
  return r;
}

static void give_back(struct reader *r) {
  if (r->fd >= 0) close(r->fd);
  if (r->wake >= 0) close(r->wake);
  r->fd = r->wake = -1;
  memory_release(r->memory);
  r->memory = NULL;
  free(r->own);
  r->own = NULL;
}

void reader_free(struct reader *r) {
  give_back(r);
  pthread_cond_destroy(&r->freed);
  pthread_mutex_destroy(&r->lock);
  free(r);
}

double kernel_drops(const struct reader *r) {
  enum { DROPS = 8, VARS = 9 }; // SK_MEMINFO_*, linux/sock_diag.h
  uint32_t memory[VARS] = { 0 };
  socklen_t size = sizeof memory;
  if (r->fd < 0) return r->end_drops;
  return getsockopt(r->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0 && size >= sizeof memory ? (double)memory[DROPS] : -1;
}

// ---- in the thread ----

static void notify(struct reader *r) { // with the lock held
  if (r->notified) return;
  r->notified = true;
  napi_call_threadsafe_function(r->notify, NULL, napi_tsfn_nonblocking);
}

static void publish(struct reader *r, int number) {
  struct batch *b = &r->batches[number];
  count(r, BATCHES, 1);
  pthread_mutex_lock(&r->lock);
  b->lengths[0] = b->used;
  b->lengths[1] = b->count;
  r->ready[(r->ready_first + r->ready_count++) % BATCHES_MAX] = number;
  notify(r);
  pthread_mutex_unlock(&r->lock);
}

// A free batch; waits for one. -1 if the reader was stopped meanwhile.
static int take_free(struct reader *r) {
  pthread_mutex_lock(&r->lock);
  if (r->free_count == 0) count(r, WAITS, 1);
  while (r->free_count == 0 && atomic_load(&r->stop) != STOP_NOW) pthread_cond_wait(&r->freed, &r->lock);
  int number = r->free_count == 0 ? -1 : r->free_stack[--r->free_count];
  pthread_mutex_unlock(&r->lock);
  if (number >= 0) r->batches[number].used = r->batches[number].count = 0;
  return number;
}

// Is JavaScript done with everything it was given? Then what there is may go up; else it goes on being collected.
static bool is_caught_up(struct reader *r) {
  pthread_mutex_lock(&r->lock);
  bool is = r->ready_count == 0;
  pthread_mutex_unlock(&r->lock);
  return is;
}

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t counted(const struct reader *r, enum counter which) {
  return atomic_load_explicit(&r->counters[which], memory_order_relaxed);
}

// How long the socket may be left alone after it was drained, the kernel keeping what comes: until about REST_BYTES have come,
// if it goes on as it did. 0 where less than two datagrams would come: then each is waited for.
static uint32_t rest_after(const struct reader *r, uint64_t datagrams, uint64_t bytes, uint64_t elapsed_us) {
  if (bytes == 0 || datagrams * r->rest_max_us < 2 * elapsed_us) return 0;
  uint64_t rest = elapsed_us * REST_BYTES / bytes;
  if (rest < REST_MIN_US) rest = REST_MIN_US;
  return rest < r->rest_max_us ? (uint32_t)rest : r->rest_max_us;
}

// Sleeps for `rest_us`, whatever the socket receives; if that is 0, until it receives something, or to the time `until` (0: for
// ever). A call of stop_reader ends both. Gives the time at which what is received next may have come at the earliest.
static uint64_t wait_for_more(struct reader *r, uint32_t rest_us, uint64_t now, uint64_t until) {
  struct pollfd fds[2] = { { .fd = r->wake, .events = POLLIN }, { .fd = r->fd, .events = POLLIN } };
  uint64_t us = rest_us > 0 ? rest_us : until > now ? until - now : 0, dummy;
  struct timespec time = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };
  ppoll(fds, rest_us > 0 ? 1 : 2, rest_us > 0 || until > 0 ? &time : NULL, NULL);
  if (fds[0].revents != 0 && read(r->wake, &dummy, sizeof dummy) < 0) return now; // EAGAIN: someone else's wake-up
  return rest_us > 0 ? now : now_us();
}

static bool is_drain_over(const struct reader *r) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > r->drain_until.tv_sec || (now.tv_sec == r->drain_until.tv_sec && now.tv_nsec >= r->drain_until.tv_nsec);
}

static void *run(void *argument) {
  struct reader *r = argument;
  int number = 0, result = DRAINED;
  bool is_quiet = false;
  uint64_t waited = now_us(), since = waited, due = 0, datagrams = 0, bytes = 0;
  for (;;) {
    int stop = atomic_load(&r->stop);
    if (stop == STOP_NOW) break;
    r->is_over = stop == STOP_DRAIN && is_drain_over(r);
    if (stop == STOP_DRAIN && !is_quiet) {
      if (r->quiesce != NULL) r->quiesce(r);
      is_quiet = true;
    }
    if (number < 0 && (number = take_free(r)) < 0) break;
    struct batch *b = &r->batches[number];
    if (b->count == 0) due = since + r->linger_us;
    result = r->fill(r, b);
    uint64_t now = now_us();
    if (result == FULL || (b->count > 0 && (result < 0 || (now >= due && is_caught_up(r))))) {
      publish(r, number);
      number = -1;
    }
    if (result < 0 || (result == DRAINED && is_quiet)) break;
    since = now;
    if (result == FULL) continue;
    bool is_held = number >= 0 && b->count > 0;
    uint32_t rest = rest_after(r, counted(r, DATAGRAMS) - datagrams, counted(r, BYTES) - bytes, now - waited);
    if (rest == 0 && is_held && now >= due) rest = REST_WHILE_BUSY(r);
    datagrams = counted(r, DATAGRAMS);
    bytes = counted(r, BYTES);
    waited = now;
    since = wait_for_more(r, rest, now, is_held ? due : 0);
  }
  if (number >= 0 && r->batches[number].count > 0) publish(r, number);
  pthread_mutex_lock(&r->lock);
  r->ended = true;
  r->end_errno = result < 0 ? -result : 0;
  notify(r);
  pthread_mutex_unlock(&r->lock);
  return NULL;
}

void stop_reader(struct reader *r, int how, uint32_t drain_ms) {
  pthread_mutex_lock(&r->lock);
  int now = atomic_load(&r->stop);
  if (now == 0) { // the thread reads this once `stop` is set
    clock_gettime(CLOCK_MONOTONIC, &r->drain_until);
    long nanoseconds = r->drain_until.tv_nsec + (long)(drain_ms % 1000) * 1000000;
    r->drain_until.tv_sec += drain_ms / 1000 + nanoseconds / 1000000000;
    r->drain_until.tv_nsec = nanoseconds % 1000000000;
  }
  if (how > now) atomic_store(&r->stop, how);
  pthread_cond_broadcast(&r->freed);
  pthread_mutex_unlock(&r->lock);
  uint64_t one = 1;
  if (r->wake >= 0 && write(r->wake, &one, sizeof one) < 0) return; // EAGAIN: it is awake already
}

void join_reader(struct reader *r) {
  stop_reader(r, STOP_NOW, 0);
  pthread_join(r->thread, NULL);
  r->running = false;
  r->end_drops = kernel_drops(r);
  give_back(r);
}

int start_thread(struct reader *r) {
  sigset_t all, before; // signals are for the threads of Node
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = pthread_create(&r->thread, NULL, run, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  r->running = error == 0;
  return error;
}
