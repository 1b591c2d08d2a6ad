// A machine with the units of the appliance whose agent is one line of shell that tells which release it was started from, so that only the
// guard is on trial: its scripts, units and real parts. Releases with a real agent are in probation's tests.
import type { Machine } from '../scripts/packages/test-machine.ts'
import { startBox } from './test-box-machine.ts'
import { type SignedRelease, STATE, TestReleases } from './test-releases.ts'

const AGENT = `[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=/bin/sh -c 'head -n 1 /run/cyberalarm-release/current/agent/lib/main.js > /run/ran; exec sleep infinity'
`
/** Stand for the judge, which has tests of its own: good unless the file says otherwise. */
const JUDGE = `#!/bin/sh
printf 'test-verdict\\nit was bad\\n' > /run/cyberalarm-release/verdict
[ ! -e /run/is-bad ]
`
/** Loop devices belong to the kernel that all machines share: none but those of this one. */
export const detach = `systemctl stop 'run-cyberalarm*.mount'; for each in /dev/mapper/cyberalarm-*; do
  [ -L "$each" ] && losetup -d "$(readlink "$each")" && rm "$each"
done; true`

export interface Report {
  readonly state: string
  readonly slot: string
  readonly version: string
  readonly number: number
  readonly text: string
}

export interface Guard {
  readonly machine: Machine
  readonly releases: TestReleases
  /** As at a start of the box. */
  open(): Report
  report(): Report
  /** What the agent is that was started last. */
  ran(): string
  /** Slots, parts and what is known of them, with their contents. */
  kept(): string
  /** Nothing on the disk, as on a new box. */
  clear(): void
}

export async function startGuard(t: { teardown(done: () => unknown): unknown }): Promise<Guard> {
  const { machine, folder } = await startBox(t)
  // loop devices belong to the kernel, and outlive the machine
  t.teardown(() => machine.run(['sh', '-c', detach]))
  const releases = new TestReleases(machine, folder)
  machine.sh('rm -rf /usr/lib/systemd/system/cyberalarm-agent.service* && cat > /usr/lib/systemd/system/cyberalarm-agent.service', AGENT)
  machine.sh('cd /usr/lib/cyberalarm/update && cat > judge && cp judge baseline && chmod 755 judge baseline', JUDGE)
  machine.sh('systemctl daemon-reload && systemctl start cyberalarm-switch.path')
  const report = () => JSON.parse(machine.sh('cat /run/cyberalarm-release/report.json')) as Report
  return {
    machine,
    releases,
    report,
    open: () => {
      machine.sh(
        `${detach}; rm -f /run/cyberalarm-release/?.* /run/cyberalarm-release/report.json; systemctl restart cyberalarm-release.service`,
      )
      return report()
    },
    ran: () => machine.run(['cat', '/run/ran']).out,
    kept: () => machine.sh(`cd ${STATE} && find . -type f -exec sha256sum {} + | sort -k 2`),
    clear: () => void machine.sh(`rm -rf ${STATE}/* /run/cyberalarm-damaged`),
  }
}

/** `old` runs and was good, in a; `next` is handed over. The watcher of the folder does not run: whoever tests starts `switch`. */
export function handOverBesides({ machine, releases, open, clear }: Guard, old: SignedRelease, next: SignedRelease): void {
  machine.sh('systemctl stop cyberalarm-switch.path; rm -f /run/is-bad')
  clear()
  releases.putInSlot(old, 'a')
  machine.sh(`echo a > ${STATE}/active && echo ${old.manifest.number} > ${STATE}/good`)
  open()
  releases.handOver(next)
}

/** The agent of releases that TestReleases makes. */
export const agentOf = (number: number): string => `release ${number}\n${'x'.repeat(20_000)}`

/** What the unit of the agent does when the agent has ended: it sees what the guard says of releases, and can change nothing of it. */
export const recheckAfter = (result: string): string =>
  `unshare -m sh -c 'mount --bind /run/cyberalarm-release /run/cyberalarm-release && mount -o remount,bind,ro /run/cyberalarm-release && SERVICE_RESULT=${result} /usr/lib/cyberalarm/update/recheck'`
