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
  readonly tls: string
  /** What was verified of the metadata of updates. */
  readonly updateMetadata: string
  /** The root of trust for updates, which comes with the installation. */
  readonly updateRoot: string
  /** Unix socket on which a running agent tells how it is. */
  readonly statusSocket: string
  /** When the watchdog restarted the agent last. */
  readonly watchdogRestart: string
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
    tls: join(data, 'tls'),
    updateMetadata: join(root, 'var/lib/cyberalarm-update/metadata.json'),
    updateRoot: join(root, 'usr/lib/cyberalarm/update-root.json'),
    statusSocket: join(run, 'status.sock'),
    watchdogRestart: join(run, 'watchdog-restart'),
  }
}
