// What JavaScript calls. Only index.js does, after it checked the arguments in words; here they are checked once more, so
// that nothing a caller does can crash the process.
#include "reader.h"
#include "service-manager.h"
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define NOTIFICATION_MAX 1024 // bytes

enum { NOTHING_READY = -1, ENDED = -2 };

static const napi_type_tag tag = { 0x6e6f64652d6e6574ULL, 0x66696c7465726c6fULL };

static void on_environment_exit(void *data) { join_reader(data); }

static void on_handle_gone(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct reader *r = data;
  if (r->running) { // an environment being torn down: its hook has run, or never will
    napi_remove_env_cleanup_hook(r->env, on_environment_exit, r);
    join_reader(r);
  }
  reader_free(r);
}

static void on_memory_gone(napi_env env, void *data, void *hint) {
  (void)env, (void)data;
  memory_release(hint);
}

static struct reader *reader_argument(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  void *data = NULL;
  bool is_ours = false;
  size_t given = count;
  napi_get_cb_info(env, info, &given, values, NULL, NULL);
  napi_valuetype type;
  if (given < count || napi_typeof(env, values[0], &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, values[0], &tag, &is_ours) != napi_ok || !is_ours || napi_get_value_external(env, values[0], &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "the first argument must be a handle of this addon");
    return NULL;
  }
  return data;
}

static napi_value number_value(napi_env env, double number) {
  napi_value value = NULL;
  napi_create_double(env, number, &value);
  return value;
}

// next(handle): gives the batch taken before back, and takes the next: its number, -1 none now (on_ready will be called), -2 ended.
static napi_value next(napi_env env, napi_callback_info info) {
  napi_value value;
  struct reader *r = reader_argument(env, info, 1, &value);
  if (r == NULL) return NULL;
  int result = ENDED;
  pthread_mutex_lock(&r->lock);
  if (r->taken >= 0) {
    r->free_stack[r->free_count++] = r->taken;
    r->taken = -1;
    pthread_cond_signal(&r->freed);
  }
  if (r->ready_count > 0) {
    result = r->taken = r->ready[r->ready_first];
    r->ready_first = (r->ready_first + 1) % BATCHES_MAX;
    r->ready_count--;
  } else if (!r->ended) {
    r->notified = false;
    result = NOTHING_READY;
  }
  pthread_mutex_unlock(&r->lock);
  return number_value(env, result);
}

// stop(handle, drainMs): receives what waits for at most that long, then ends.
static napi_value stop(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t drain_ms = 0;
  struct reader *r = reader_argument(env, info, 2, values);
  if (r == NULL) return NULL;
  if (napi_get_value_uint32(env, values[1], &drain_ms) != napi_ok) drain_ms = 0;
  if (r->running) stop_reader(r, STOP_DRAIN, drain_ms);
  return NULL;
}

// destroy(handle): after `next` returned -2. Returns the errno it ended with, or 0.
static napi_value destroy(napi_env env, napi_callback_info info) {
  napi_value value;
  struct reader *r = reader_argument(env, info, 1, &value);
  if (r == NULL) return NULL;
  if (r->running) {
    napi_remove_env_cleanup_hook(env, on_environment_exit, r);
    join_reader(r);
    napi_release_threadsafe_function(r->notify, napi_tsfn_release);
  }
  return number_value(env, r->end_errno);
}

// statistics(handle, Float64Array(COUNTERS + 1)): the counters, then kernel_drops.
static napi_value statistics(napi_env env, napi_callback_info info) {
  napi_value values[2];
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  struct reader *r = reader_argument(env, info, 2, values);
  if (r == NULL) return NULL;
  if (napi_get_typedarray_info(env, values[1], &type, &length, &data, NULL, NULL) != napi_ok || type != napi_float64_array ||
      length < COUNTERS + 1) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "the second argument must be a Float64Array");
    return NULL;
  }
  double *numbers = data;
  for (int i = 0; i < COUNTERS; i++) numbers[i] = (double)atomic_load_explicit(&r->counters[i], memory_order_relaxed);
  numbers[COUNTERS] = kernel_drops(r);
  return NULL;
}

// unreadBytes(fd): what has arrived at a stream socket and was not read; -1 if the descriptor is none.
static napi_value unread_bytes(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t given = 1;
  int32_t fd = -1;
  int bytes = -1;
  napi_get_cb_info(env, info, &given, &value, NULL, NULL);
  if (given < 1 || napi_get_value_int32(env, value, &fd) != napi_ok || ioctl(fd, FIONREAD, &bytes) < 0) bytes = -1;
  return number_value(env, bytes);
}

// notify(text, fd): fd -1 is none. 0 or an errno.
static napi_value notify_manager(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t given = 2, length = 0;
  int32_t fd = -1;
  char text[NOTIFICATION_MAX + 2];
  napi_get_cb_info(env, info, &given, values, NULL, NULL);
  if (given < 2 || napi_get_value_string_utf8(env, values[0], text, sizeof text, &length) != napi_ok || length > NOTIFICATION_MAX ||
      strlen(text) != length || napi_get_value_int32(env, values[1], &fd) != napi_ok)
    return number_value(env, EINVAL);
  return number_value(env, notify(text, fd));
}

// barrier(): 0 or an errno.
static napi_value wait_for_manager(napi_env env, napi_callback_info info) {
  (void)info;
  return number_value(env, barrier());
}

napi_value failed(napi_env env, enum step step, int error) { return number_value(env, step * 4096 + error); }

bool words_argument(napi_env env, napi_value value, size_t requested, const uint32_t **words) {
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok || type != napi_uint32_array || length != requested) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "options must be a Uint32Array of the right length");
    return false;
  }
  *words = data;
  return true;
}

static bool is_ring_sound(const struct reader *r) { return r->batch_count >= 2 && r->batch_count <= BATCHES_MAX && r->batch_bytes % 4 == 0; }

// { handle, memory, receiveBuffer }: the views are cut out of `memory` by index.js, at the offsets reader_new gave them.
napi_value reader_start(napi_env env, struct reader *r, napi_value on_ready, const char *name, int receive_buffer) {
  napi_value label, handle = NULL, memory, result;
  if (!is_ring_sound(r) || napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &label) != napi_ok || napi_create_object(env, &result) != napi_ok)
    goto refused;
  r->env = env;
  // the socket's buffer may not fill while the thread leaves it alone: a quarter of the time that 300,000 messages a second
  // of 1.3 kB (as the kernel counts them) take to fill it
  r->rest_max_us = receive_buffer > 0 ? (uint32_t)receive_buffer / 1600 : 0;
  if (r->rest_max_us > r->linger_us) r->rest_max_us = r->linger_us;
  atomic_fetch_add(&r->memory->owners, 1);
  if (napi_create_external_arraybuffer(env, r->memory->bytes, memory_size(r), on_memory_gone, r->memory, &memory) != napi_ok) {
    memory_release(r->memory);
    goto refused;
  }
  if (napi_create_threadsafe_function(env, on_ready, NULL, label, 0, 1, NULL, NULL, NULL, NULL, &r->notify) != napi_ok) goto refused;
  if (napi_create_external(env, r, on_handle_gone, NULL, &handle) != napi_ok || napi_type_tag_object(env, handle, &tag) != napi_ok ||
      napi_set_named_property(env, result, "handle", handle) != napi_ok || napi_set_named_property(env, result, "memory", memory) != napi_ok ||
      napi_set_named_property(env, result, "receiveBuffer", number_value(env, receive_buffer)) != napi_ok)
    goto unstarted;
  int error = start_thread(r);
  if (error == 0) {
    napi_add_env_cleanup_hook(env, on_environment_exit, r);
    return result;
  }
  napi_release_threadsafe_function(r->notify, napi_tsfn_release);
  return failed(env, STEP_THREAD, error); // the reader goes with its handle
unstarted:
  napi_release_threadsafe_function(r->notify, napi_tsfn_release);
refused:
  if (handle == NULL) reader_free(r);
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "onReady must be a function and the ring sound");
  return NULL;
}

static void export_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok) napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  export_function(env, exports, "openNflog", open_nflog);
  export_function(env, exports, "openUdp", open_udp);
  export_function(env, exports, "next", next);
  export_function(env, exports, "stop", stop);
  export_function(env, exports, "destroy", destroy);
  export_function(env, exports, "statistics", statistics);
  export_function(env, exports, "unreadBytes", unread_bytes);
  export_function(env, exports, "notify", notify_manager);
  export_function(env, exports, "barrier", wait_for_manager);
  return exports;
}
