// The numbers that say what goes with what (docs/updates.md). A release is taken by systems from `systemMin` on, and says which formats
// of kept state it reads and writes: it reads what its successor writes, and writes what its predecessor reads (decision 0025).
import manifest from '../package.json' with { type: 'json' }

export const numbers = {
  version: manifest.version,
  number: manifest.release,
  systemMin: 1,
  reads: 2,
  writes: 1,
} as const

export const system = {
  number: 1,
  /** No release below it is run by this system, however well it is signed: raised when an old one has a hole. */
  releaseFloor: 1,
} as const

/** /usr/lib/cyberalarm/system: `reads` is that of the release which came with the system, the last to fall back to. */
export const systemText = `number ${system.number}\nrelease-floor ${system.releaseFloor}\nreads ${numbers.reads}\n`
