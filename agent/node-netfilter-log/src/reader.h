// A thread that receives from one socket into a ring of buffers and hands whole buffers to JavaScript.
//
//   socket --receive--> buffer being filled --publish--> ready queue --next()--> JavaScript --next()--> free stack
//
// - The buffers are made once. Nothing is allocated, and no object is made, for a message or for a batch.
// - Back-pressure: while no buffer is free the thread does not receive, so the kernel's socket buffer fills and the
//   kernel drops and counts. Nothing is dropped here.
// - What was received is held for up to `linger`, so that one wake-up of JavaScript serves many messages; a full buffer goes
//   up at once. After the socket was drained the thread leaves it alone for a while, `rest`: long when little comes,
//   short when much does, and never so long that a burst could fill the kernel's buffer. A silent socket costs nothing.
#pragma once
#define NAPI_VERSION 8
#include "nflog-socket.h"
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BATCHES_MAX 64
#define ENTRY_WORDS 8

enum counter { BATCHES, DATAGRAMS, BYTES, OVERRUNS, TRUNCATED, FOREIGN, WAITS, COUNTERS };
enum { STOP_DRAIN = 1, STOP_NOW = 2 };
enum filled { DRAINED = 0, FULL = 1 }; // or a negative errno: the socket is of no more use

struct batch {
  uint8_t *bytes;
  uint32_t *index;    // ENTRY_WORDS a datagram; UDP only
  uint32_t *lengths;  // [bytes used, datagrams], where JavaScript reads them
  uint32_t used, count;
};

// The ring's bytes live until both the reader and the last JavaScript view of them are gone.
struct memory {
  atomic_int owners;
  _Alignas(64) uint8_t bytes[];
};

struct reader {
  // what the kind of socket is
  int (*fill)(struct reader *, struct batch *); // receives until drained or full
  void (*quiesce)(struct reader *);             // asks the kernel to send what it still holds, and no more
  void *own;                                    // malloc'ed state of the kind, freed with the reader
  int fd;
  _Atomic uint64_t counters[COUNTERS];
  // the ring
  struct memory *memory;
  struct batch batches[BATCHES_MAX];
  uint32_t batch_count, batch_bytes, entries;
  pthread_mutex_t lock;
  pthread_cond_t freed;
  int free_stack[BATCHES_MAX], free_count; // the last freed is the warmest in the cache
  int ready[BATCHES_MAX], ready_first, ready_count;
  int taken;        // by JavaScript, or -1
  bool notified;    // JavaScript was notified, and has not yet found the queue empty
  bool ended;
  int end_errno;
  double end_drops; // the last value of kernel_drops
  atomic_int stop;  // 0, STOP_DRAIN or STOP_NOW
  struct timespec drain_until;
  // the thread
  uint32_t linger_us, rest_max_us;
  int wake;
  bool running;
  bool is_over;     // time to drain is up: `fill` receives no more, and hands up what it holds already
  pthread_t thread;
  napi_env env;
  napi_threadsafe_function notify;
};

struct ring_options {
  uint32_t batch_count, batch_bytes, entries, linger_us;
};

static inline void count(struct reader *r, enum counter which, uint64_t by) {
  atomic_fetch_add_explicit(&r->counters[which], by, memory_order_relaxed);
}

static inline size_t stride_of(const struct reader *r) { return r->batch_bytes + (size_t)r->entries * ENTRY_WORDS * 4; }
// Batches, each its bytes and then its index; behind them the lengths.
static inline size_t memory_size(const struct reader *r) { return (stride_of(r) + 8) * r->batch_count; }

// NULL if there is no memory. The reader owns `fd` and `own` once they are put in.
struct reader *reader_new(const struct ring_options *options);
// Gives back everything, for a reader without a thread.
void reader_free(struct reader *r);
void memory_release(struct memory *memory);
// What the kernel dropped at this socket since it was made: the number that SO_RXQ_OVFL would send along with datagrams,
// and that /proc/net/udp and /proc/net/netlink show (sk_drops). -1 if it is not known.
double kernel_drops(const struct reader *r);
int start_thread(struct reader *r); // an errno, or 0
void stop_reader(struct reader *r, int how, uint32_t drain_ms);
void join_reader(struct reader *r);

// Starts the thread. Whatever the outcome the reader is no longer the caller's.
napi_value reader_start(napi_env env, struct reader *r, napi_value on_ready, const char *name, int receive_buffer);
// Step and errno in one number, which index.js makes an error of.
napi_value failed(napi_env env, enum step step, int error);
// Reads a Uint32Array of that length; false with a TypeError pending otherwise.
bool words_argument(napi_env env, napi_value value, size_t length, const uint32_t **words);

napi_value open_nflog(napi_env env, napi_callback_info info);
napi_value open_udp(napi_env env, napi_callback_info info);
