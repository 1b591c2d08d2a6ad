// Where things lie. Everything is below one root, so that a test or a demo is a folder and nothing of the machine is touched.
import { join } from 'node:path'

export interface Paths {
  readonly settings: string
  readonly data: string
  readonly run: string
  readonly identity: string
  readonly pseudonymKey: string
  readonly gateways: string
  readonly spool: string
  readonly ledger: string
  /** The open batch while it fills, for the case that the power is cut. */
  readonly openBatch: string
  readonly tls: string
  /** What was verified of the metadata of updates. */
  readonly updateMetadata: string
  /** The folder of the updater, which has a user of its own. */
  readonly updates: string
  /** How far the box is with updates, for whoever shows it. */
  readonly updateState: string
  /** Held by the one `cyberalarm update` that runs. */
  readonly updateLock: string
  /** The root of trust for updates, which comes with the installation. */
  readonly updateRoot: string
  /** The program that changes to another release; there is none on a Linux server, where packages do. */
  readonly updateSwitch: string
  /** The release that runs, a link, and what came of the last one that was handed over. */
  readonly currentRelease: string
  readonly releaseReport: string
  /** Unix socket on which a running agent tells how it is. */
  readonly statusSocket: string
  /** The same in Prometheus' text format, by HTTP. */
  readonly metricsSocket: string
  /** What health has learned of gateways. */
  readonly health: string
  /** What the system is: lines such as `number 12`. */
  readonly system: string
  /** What the system says of itself; `host` has files of /proc that the sandbox of the unit hides. */
  readonly machine: { readonly proc: string; readonly sys: string; readonly host: string }
  /** When the watchdog restarted the agent last. */
  readonly watchdogRestart: string
  /** When the kernel killed the agent for want of memory, a line each. */
  readonly memoryKills: string
}

export function pathsBelow(root: string): Paths {
  const data = join(root, 'var/lib/cyberalarm')
  const run = join(root, 'run/cyberalarm')
  return {
    settings: join(root, 'etc/cyberalarm/cyberalarm.conf'),
    data,
    run,
    identity: join(data, 'identity.json'),
    pseudonymKey: join(data, 'pseudonym.key'),
    gateways: join(data, 'gateways.json'),
    spool: join(data, 'spool'),
    ledger: join(data, 'ledger'),
    openBatch: join(data, 'open-batch.json'),
    tls: join(data, 'tls'),
    updateMetadata: join(root, 'var/lib/cyberalarm-update/metadata.json'),
    updates: join(root, 'var/lib/cyberalarm-update'),
    updateState: join(root, 'var/lib/cyberalarm-update/state.json'),
    updateLock: join(root, 'var/lib/cyberalarm-update/lock'),
    updateRoot: join(root, 'usr/lib/cyberalarm/update-root.json'),
    updateSwitch: join(root, 'usr/lib/cyberalarm/update/switch'),
    currentRelease: join(root, 'run/cyberalarm-release/current'),
    releaseReport: join(root, 'run/cyberalarm-release/report.json'),
    statusSocket: join(run, 'status.sock'),
    metricsSocket: join(run, 'metrics.sock'),
    health: join(data, 'health.json'),
    system: join(root, 'usr/lib/cyberalarm/system'),
    machine: { proc: join(root, 'proc'), sys: join(root, 'sys'), host: join(root, 'run/cyberalarm-host') },
    watchdogRestart: join(run, 'watchdog-restart'),
    memoryKills: join(run, 'memory-kills'),
  }
}
