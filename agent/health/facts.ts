// What is known of the agent at one moment, as plain data: findings and the status are made of it and of nothing else.
// Times are ms since 1970; 0 or undefined is never.
import type { Fault } from '../errors.ts'
import type { CanaryStatus, InputStatus, ProcessStatus, Receipt, UpdateFacts } from './status-schema.ts'

export interface GatewayFacts {
  readonly number: number
  readonly address: string
  readonly product: string | undefined
  readonly messages: number
  /** Messages that a recogniser could read: events and known others. */
  readonly parsed: number
  readonly messagesPerSecond: number
  readonly lastMessageAtMs: number
  /** Its clock less ours; NaN until a message stated a time. */
  readonly clockOffsetMs: number
  /** Since when it has a number; 0 where that is not known. */
  readonly sinceMs: number
  /** Messages of the last 10 minutes, and those of them that could be read. */
  readonly recent: { readonly messages: number; readonly parsed: number }
  /** The longest silence that is usual for it at this hour; undefined until that is known. */
  readonly usualSilenceMs: number | undefined
}

/** What the system says, read from /proc and /sys. Undefined is not known: no check passes for that. */
export interface MachineFacts {
  /** Of the disk with the data: free blocks and free inodes; inodes are undefined where the file system has no fixed number. */
  readonly disk: { readonly freePercent: number; readonly freeInodesPercent: number | undefined } | undefined
  readonly isReadOnly: boolean | undefined
  readonly diskErrors: number | undefined
  readonly memoryAvailablePercent: number | undefined
  /** PSI, `some avg60`. */
  readonly memoryWaitPercent: number | undefined
  readonly memoryKills: number | undefined
  readonly hottestCelsius: number | undefined
}

/** What the guard of releases says of the last update. */
export interface ReleaseFacts {
  readonly state: 'factory' | 'good' | 'trial' | 'taken-back' | 'refused' | 'waiting' | 'unknown'
  readonly slot: 'none' | 'factory' | 'a' | 'b'
  readonly atMs: number
  readonly text: string
}

/** What the agent shows of itself (watchdog.ts). */
export interface DataPathFacts {
  /** Whether systemd restarts it when it shows nothing. */
  readonly isWatched: boolean
  /** The sources through which it sends itself marked messages. */
  readonly ways: readonly string[]
  /** When one of them was last shown to be read; undefined is never. */
  readonly ageMs: number | undefined
  /** What it did not show when it looked last. */
  readonly fault: Fault | undefined
  /** When it was last restarted for that; 0 is never. */
  readonly restartedAtMs: number
}

export interface SourceFacts {
  readonly name: string
  readonly address: string
  readonly counters: Readonly<Record<string, number>>
  /** Whether its connections outlive a restart of the agent; absent where there are none. */
  readonly keepsConnections?: boolean | undefined
}

export interface Facts {
  readonly now: number
  readonly version: string
  readonly startedAtMs: number
  readonly process: ProcessStatus
  readonly canary: CanaryStatus
  readonly dataPath: DataPathFacts
  /** Why settings that changed are not in use. */
  readonly settingsFault: Fault | undefined
  /** Settings that a newer release wrote and this one does not know. */
  readonly settingsNotices: readonly string[]
  readonly central: { readonly url: string; readonly pinCount: number }
  readonly identity: {
    readonly device: string | undefined
    readonly certificateUntilMs: number | undefined
    /** Why the identity file cannot be used. */
    readonly fault: Fault | undefined
  }
  readonly uplink: {
    readonly lastReceiptAtMs: number
    readonly lastReceipt: Receipt | undefined
    /** Since when batches wait and no receipt came; 0 while none waits. */
    readonly waitingSinceMs: number
    readonly bytesSent: number
    /** What went wrong last, since when it is this, and when it was tried last. */
    readonly failure: (Fault & { readonly sinceMs: number; readonly atMs: number }) | undefined
    readonly retryAtMs: number
    /** When central last took a batch or a report. */
    readonly lastAnswerAtMs: number
    /** Why no report gets through, and since when; nothing else may be waiting to be sent. */
    readonly reportFailure: (Fault & { readonly sinceMs: number }) | undefined
    /** Our clock less central's, as far as it is certain; undefined until central answered. */
    readonly clockErrorMs: number | undefined
  }
  readonly queue: {
    readonly batches: number
    readonly bytes: number
    readonly quotaBytes: number
    /** Since when its oldest batch waits; 0 while it is empty, undefined where that is not known. */
    readonly oldestAtMs: number | undefined
  }
  /** Undefined where there are no updates. */
  readonly update: UpdateFacts | undefined
  /** The machine is updated by its packages. */
  readonly isPackage: boolean
  /** Why the disk does not take what has to be kept. */
  readonly diskFault: Fault | undefined
  readonly ledger: { readonly tornBytes: number; readonly damage: readonly string[] }
  /** What was wrong with other files that the agent keeps. */
  readonly storedFaults: readonly Fault[]
  /** What was wrong with files of the spool: the first things that were said, and how many there were. One file may be said twice. */
  readonly spoolDamage: { readonly told: readonly string[]; readonly count: number }
  /** TCP and TLS connections of the last 10 minutes that were refused, because all places were taken. */
  readonly connectionsRefused: number
  /** When the release was made; undefined in a checkout. */
  readonly releaseMadeAtMs: number | undefined
  readonly clock: { readonly jumps: number; readonly lastJumpMs: number }
  readonly wasStoppedCleanly: boolean
  readonly gateways: readonly GatewayFacts[]
  /** Those known from before that have not sent anything since the agent started. */
  readonly missing: readonly GatewayFacts[]
  readonly accounting: readonly InputStatus[]
  readonly sources: readonly SourceFacts[]
  /** Why sources could not be opened. */
  readonly sourceFaults: readonly Fault[]
  readonly products: readonly { readonly product: string; readonly claimed: number; readonly unreadable: number }[]
  readonly refused: Readonly<Record<string, number>>
  readonly unreadableShapes: readonly { readonly shape: string; readonly count: number }[]
  /** Blocked sources that the triage had to forget because there were more than its table holds. */
  readonly forgottenSources: number
  /** Of the last 10 minutes, or since the agent started: messages, those that were refused for their form, and those that the kernel dropped. */
  readonly recent: { readonly received: number; readonly refused: number; readonly kernelLost: number }
  /** The longest stall in each of the last 5 minutes. */
  readonly stallsMs: readonly number[]
  /** Events shed within 24 hours. */
  readonly shedToday: number
  /** Starts after a kill or a crash within 24 hours. */
  readonly uncleanStarts: number
  /** When the certificate for syslog over TLS ends; undefined where there is none. */
  readonly tlsCertificateUntilMs: number | undefined
  readonly machine: MachineFacts
  readonly release: ReleaseFacts | undefined
  /** Messages that made the agent itself fail, and the last reason. */
  readonly readingFaults: { readonly count: number; readonly last: string }
}
