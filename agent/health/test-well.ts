// Facts of a box on which all is well.
import type { Facts } from './facts.ts'

export const DAY_MS = 86_400_000
export const now = Date.parse('2026-11-20T12:00:00Z')
export const minutesAgo = (minutes: number): number => now - minutes * 60_000
export const counts = {
  received: 5,
  merged: 0,
  dropped: {},
  droppedTotal: 0,
  ignored: 5,
  unreadable: 0,
  waiting: 0,
  spooled: 0,
  sent: 0,
  shed: 0,
}

export const nothingLost = { connectionsCut: 0, bytesCut: 0, deafSeconds: 0 }

export const asked = { kind: 'current', text: '', offered: { version: '1.3.0', number: 9 }, learntAt: null, fault: null, release: null }
export const daysAgo = (days: number): string => new Date(now - days * DAY_MS).toISOString()

/** An enrolled box on which all is well. */
export const well: Facts = {
  now,
  version: '1.2.3',
  startedAtMs: minutesAgo(90),
  process: { residentBytes: 100_000_000, cpuSeconds: 12, longestStallSinceStartMs: 1400, longestStallLastHourMs: 4 },
  canary: { nonce: null, count: 0, ageSeconds: null, own: { sentAgeSeconds: null, returnedAgeSeconds: null } },
  dataPath: { isWatched: true, ways: ['udp'], ageMs: 4000, fault: undefined, restartedAtMs: 0 },
  settingsFault: undefined,
  settingsNotices: [],
  central: { url: 'https://central.example', pinCount: 2 },
  identity: { device: '00000000-0000-4000-8000-000000000001', certificateUntilMs: now + 40 * DAY_MS, fault: undefined },
  uplink: {
    lastReceiptAtMs: minutesAgo(1),
    lastReceipt: undefined,
    waitingSinceMs: 0,
    bytesSent: 700,
    failure: undefined,
    retryAtMs: 0,
    lastAnswerAtMs: minutesAgo(1),
    reportFailure: undefined,
    clockErrorMs: 0,
  },
  queue: { batches: 0, bytes: 0, quotaBytes: 2 ** 31, oldestAtMs: 0 },
  diskFault: undefined,
  ledger: { tornBytes: 0, damage: [] },
  storedFaults: [],
  spoolDamage: { told: [], count: 0 },
  clock: { jumps: 0, lastJumpMs: 0 },
  wasStoppedCleanly: true,
  gateways: [
    {
      number: 1,
      address: '192.0.2.1',
      product: 'Fortinet FortiGate',
      messages: 4000,
      parsed: 3990,
      messagesPerSecond: 0.26,
      lastMessageAtMs: minutesAgo(1),
      clockOffsetMs: -40_040,
      sinceMs: minutesAgo(90),
      recent: { messages: 2000, parsed: 1990 },
      usualSilenceMs: 60_000,
    },
  ],
  missing: [],
  recent: { received: 2000, refused: 0, kernelLost: 0 },
  connectionsRefused: 0,
  releaseMadeAtMs: now - 20 * DAY_MS,
  stallsMs: [4, 300, 2, 0, 1],
  shedToday: 0,
  uncleanStarts: 0,
  tlsCertificateUntilMs: now + 400 * DAY_MS,
  machine: {
    disk: { freePercent: 60, freeInodesPercent: 90 },
    isReadOnly: false,
    diskErrors: 0,
    memoryAvailablePercent: 50,
    memoryWaitPercent: 0.5,
    memoryKills: 0,
    hottestCelsius: 61,
  },
  release: { state: 'good', slot: 'a', atMs: minutesAgo(60), text: '' },
  update: { ...asked, learntAt: new Date(now - 3_600_000).toISOString() },
  isPackage: false,
  accounting: [{ input: 'udp', ...counts, unaccounted: 0, kernelLost: 0, ...nothingLost }],
  sources: [{ name: 'udp', address: '[::]:514', counters: {} }],
  sourceFaults: [],
  products: [{ product: 'fortigate', claimed: 4, unreadable: 1 }],
  refused: { oversize: 0 },
  unreadableShapes: [],
  forgottenSources: 0,
  readingFaults: { count: 0, last: '' },
}
