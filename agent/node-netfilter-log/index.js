// Whole buffers of what one socket received, delivered by a thread of its own. Arguments are checked here.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

const native = createRequire(import.meta.url)('./build/nflog.node')

export const ENTRY_WORDS = 8
export const Entry = Object.freeze({ offset: 0, length: 1, port: 2, address: 4 })

const KIB = 1024
const MIB = 1024 * KIB
const GROUPS_MAX = 32
const NOTIFICATION_MAX = 1024
/** How long batches are delivered before other events have their turn. */
const TURN_MS = 5
/** Same order as `enum step` in reader.h. */
const steps = ['open a socket', 'set the options of a socket', 'bind', 'listen to the groups', 'use that descriptor', 'start a thread']
const counters = ['batches', 'datagrams', 'bytes', 'overruns', 'truncated', 'foreign', 'waits']
const NOTHING_READY = -1

function wrong(Kind, code, text) {
  return Object.assign(new Kind(text), { code })
}

function whole(options, name, byDefault, min, max) {
  const value = options[name] === undefined ? byDefault : options[name]
  if (typeof value !== 'number') throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be a number, and is ${kindOf(value)}`)
  if (!Number.isInteger(value) || value < min || value > max)
    throw wrong(RangeError, 'ERR_OUT_OF_RANGE', `${name} must be a whole number from ${min} to ${max}, and is ${value}`)
  return value
}

const kindOf = value => (value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`)

function checkFunctions(options) {
  if (typeof options !== 'object' || options === null)
    throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `options must be an object, and is ${kindOf(options)}`)
  if (typeof options.onBatch !== 'function')
    throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `onBatch must be a function, and is ${kindOf(options.onBatch)}`)
  if (options.onError !== undefined && typeof options.onError !== 'function')
    throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `onError must be a function, and is ${kindOf(options.onError)}`)
}

export function openNflog(options) {
  checkFunctions(options)
  const { groups } = options
  if (!Array.isArray(groups)) throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `groups must be an array, and is ${kindOf(groups)}`)
  if (groups.length < 1 || groups.length > GROUPS_MAX || new Set(groups).size !== groups.length)
    throw wrong(RangeError, 'ERR_OUT_OF_RANGE', `groups must be 1 to ${GROUPS_MAX} different numbers`)
  const list = new Uint32Array(GROUPS_MAX)
  for (let i = 0; i < groups.length; i++) list[i] = whole({ group: groups[i] ?? null }, 'group', null, 0, 65535)
  const { fd } = options
  const ring = { buffers: whole(options, 'buffers', 8, 2, 64), bufferBytes: multipleOf4(options, 512 * KIB, 320 * KIB), entries: 0 }
  const numbers = Uint32Array.of(
    whole(options, 'copyRange', 128, 0, 65535),
    whole(options, 'queueThreshold', 128, 1, 65535),
    whole(options, 'timeoutCentiseconds', 10, 1, 6000),
    whole(options, 'kernelBufferBytes', 32 * KIB - 512, 4 * KIB, 128 * KIB),
    whole(options, 'receiveBufferBytes', 16 * MIB, 4 * KIB, 1024 * MIB),
    ring.buffers,
    ring.bufferBytes,
    whole(options, 'lingerMicroseconds', 40_000, 0, 100_000),
    groups.length,
    fd === undefined ? 0 : whole(options, 'fd', null, 0, 0x7ffffffe) + 1,
  )
  const names = `NFLOG ${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')}`
  const what = fd === undefined ? names : `${names} on descriptor ${fd}`
  return start(
    what,
    onReady => native.openNflog(numbers, list, onReady),
    ring,
    options,
    (batch, length) => options.onBatch(batch.bytes, length),
  )
}

export function openUdp(options) {
  checkFunctions(options)
  const { address = '', fd, reusePort = false } = options
  if (typeof address !== 'string') throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `address must be a string, and is ${kindOf(address)}`)
  if ((fd === undefined) === (address === '')) throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', 'either address and port or fd must be given')
  const ring = {
    buffers: whole(options, 'buffers', 8, 2, 64),
    bufferBytes: multipleOf4(options, 512 * KIB, 64 * KIB),
    entries: whole(options, 'entries', 4096, 1, 1 << 20),
  }
  const numbers = Uint32Array.of(
    fd === undefined ? 0 : whole(options, 'fd', null, 0, 0x7ffffffe) + 1,
    fd === undefined ? whole(options, 'port', null, 0, 65535) : 0,
    reusePort === true ? 1 : 0,
    whole(options, 'receiveBufferBytes', 16 * MIB, 4 * KIB, 1024 * MIB),
    ring.buffers,
    ring.bufferBytes,
    ring.entries,
    whole(options, 'lingerMicroseconds', 40_000, 0, 100_000),
  )
  const what = fd === undefined ? `${address.includes(':') ? `[${address}]` : address}:${options.port}` : `descriptor ${fd}`
  return start(
    what,
    onReady => native.openUdp(numbers, address, onReady),
    ring,
    options,
    (batch, _length, count) => options.onBatch(batch.bytes, batch.index, count),
  )
}

export function unreadBytes(fd) {
  const bytes = native.unreadBytes(whole({ fd }, 'fd', undefined, 0, 0x7fffffff))
  return bytes < 0 ? null : bytes
}

export function notify(text, fd) {
  if (typeof text !== 'string') throw wrong(TypeError, 'ERR_INVALID_ARG_TYPE', `text must be a string, and is ${kindOf(text)}`)
  if (text === '' || text.includes('\0') || Buffer.byteLength(text) > NOTIFICATION_MAX)
    throw wrong(RangeError, 'ERR_OUT_OF_RANGE', `text must be 1 to ${NOTIFICATION_MAX} bytes without NUL`)
  const errno = native.notify(text, fd === undefined ? -1 : whole({ fd }, 'fd', null, 0, 0x7fffffff))
  return isTaken(errno, 'notify the service manager')
}

export function notifyBarrier() {
  return isTaken(native.barrier(), 'wait for the service manager')
}

/** False if there is no service manager. */
function isTaken(errno, what) {
  if (errno === 0) return true
  const code = getSystemErrorName(-errno)
  if (code === 'EDESTADDRREQ') return false
  throw Object.assign(new Error(`${code}: cannot ${what}`), { code, errno: -errno })
}

function multipleOf4(options, byDefault, min) {
  return whole(options, 'bufferBytes', byDefault, min, 64 * MIB) & ~3
}

function systemError(what, returned, groups) {
  const errno = returned % 4096
  const step = Math.floor(returned / 4096)
  let code = getSystemErrorName(-errno)
  let advice = ''
  if (steps[step] === 'listen to the groups' && code === 'EPERM' && groups.length > 0) {
    // the kernel returns EPERM as well for a group that another socket is bound to (nfulnl_recv_config)
    const taken = takenGroups().filter(group => groups.includes(group))
    if (taken.length > 0) code = 'EBUSY'
    advice = taken.length > 0 ? `: another program listens to ${taken.join(', ')}` : ': it takes CAP_NET_ADMIN in this network namespace'
  }
  return Object.assign(new Error(`${code}: cannot ${steps[step]} for ${what}${advice}`), { code, errno: -errno })
}

/** Groups that some socket of this network namespace is bound to; none if we may not know. The first column is the group. */
function takenGroups() {
  try {
    return readFileSync('/proc/net/netfilter/nfnetlink_log', 'latin1')
      .trim()
      .split('\n')
      .map(line => Number.parseInt(line, 10))
  } catch {
    // the file is for root only: then the missing capability is the reason
    return []
  }
}

/** Views of the batches in the ring's memory, in the layout of reader_new. */
function viewsOf(memory, { buffers, bufferBytes, entries }) {
  const indexWords = entries * ENTRY_WORDS
  const stride = bufferBytes + indexWords * 4
  return {
    batches: Array.from({ length: buffers }, (_, i) => ({
      bytes: new Uint8Array(memory, i * stride, bufferBytes),
      index: new Uint32Array(memory, i * stride + bufferBytes, indexWords),
    })),
    lengths: new Uint32Array(memory, buffers * stride, buffers * 2),
  }
}

/** Node only warns of what is thrown in a call from another thread. */
function raise(error) {
  setImmediate(() => {
    throw error
  })
}

function start(what, open, ring, options, deliver) {
  const ended = Promise.withResolvers()
  const opened = open(drain)
  if (typeof opened === 'number') throw systemError(what, opened, options.groups ?? [])
  const { handle, memory, receiveBuffer } = opened
  const { batches, lengths } = viewsOf(memory, ring)

  function drain() {
    const turnEnds = performance.now() + TURN_MS
    for (;;) {
      const number = native.next(handle)
      if (number === NOTHING_READY) return
      if (number < 0) return end()
      try {
        deliver(batches[number], lengths[2 * number], lengths[2 * number + 1])
      } catch (error) {
        raise(error) // an error of the callback costs this batch only
      }
      if (performance.now() > turnEnds) {
        // others have their turn before the next batch
        setImmediate(drain)
        return
      }
    }
  }

  function end() {
    const errno = native.destroy(handle)
    ended.resolve()
    if (errno === 0) return
    const error = Object.assign(new Error(`${getSystemErrorName(-errno)}: cannot receive from ${what}`), {
      code: getSystemErrorName(-errno),
      errno: -errno,
    })
    if (options.onError === undefined) raise(error)
    else options.onError(error)
  }

  const numbers = new Float64Array(counters.length + 1)
  return {
    receiveBufferBytes: receiveBuffer,
    ...(opened.port === undefined ? {} : { address: opened.address, port: opened.port }),
    statistics() {
      native.statistics(handle, numbers)
      const drops = numbers[counters.length]
      return { ...Object.fromEntries(counters.map((name, i) => [name, numbers[i]])), kernelDrops: drops < 0 ? null : drops }
    },
    close(drainMilliseconds = 0) {
      native.stop(handle, whole({ drainMilliseconds }, 'drainMilliseconds', 0, 0, 60_000))
      return ended.promise
    },
  }
}
