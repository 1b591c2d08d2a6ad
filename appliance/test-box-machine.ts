// A machine in namespaces with the appliance's own files and a real systemd: its units and scripts as they are shipped, above this
// machine's base. It has no disk of its own: the boot loader's memory is a file, and a network card is a folder.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Machine, startMachine, whyNoMachine } from '../scripts/packages/test-machine.ts'

const rootfs = join(import.meta.dirname, 'rootfs')
const release = join(import.meta.dirname, '../build/release')
export const BOOT = '/run/cyberalarm-disk/boot'
const CMDLINE = '/run/test-cmdline'
/** For scripts that ask the boot loader's memory. */
export const bootEnvironment = `CYBERALARM_BOOT=${BOOT} CYBERALARM_CMDLINE=${CMDLINE}`

export const whyNoBox = (): string | undefined =>
  whyNoMachine() ?? (existsSync(join(release, 'bin/open-nflog')) ? undefined : 'build/release does not exist: run make release')

export interface TestBox {
  readonly machine: Machine
  /** Seen as /packages. */
  readonly folder: string
  /** Settings of the agent, as `apply` leaves them. */
  settings(text: string): void
  /** More text for a unit. */
  dropIn(unit: string, text: string): void
  /** The slot that runs from now on. */
  runs(slot: string): void
}

export async function startBox(t: { teardown(done: () => unknown): unknown }): Promise<TestBox> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-box-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const lib = join(folder, 'lib')
  cpSync(join(rootfs, 'usr/lib/cyberalarm'), join(lib, 'cyberalarm'), { recursive: true })
  cpSync(release, join(lib, 'cyberalarm'), { recursive: true })
  for (const name of ['sysusers.d', 'tmpfiles.d', 'systemd/system'])
    cpSync(join(rootfs, 'usr/lib', name), join(lib, name), { recursive: true })
  writeFileSync(join(lib, 'cyberalarm/image.json'), '{"version":"1.0.0","base":"debian-13","network":"networkd"}\n')
  writeFileSync(join(lib, 'cyberalarm/image.conf'), '')
  mkdirSync(join(folder, 'given'))
  const machine = await startMachine(folder)
  t.teardown(machine.close)
  machine.sh(
    [
      'cp -a /packages/lib/. /usr/lib/ && chown -R root:root /usr/lib/cyberalarm',
      'systemd-sysusers cyberalarm.conf',
      // chrony is not here
      'systemd-tmpfiles --create cyberalarm.conf box.conf || true',
      'ln -sfn /var/lib/cyberalarm-box/etc /etc/cyberalarm',
      'mkdir -p /run/cyberalarm-disk /var/lib/cyberalarm-base',
      `{ printf '# GRUB Environment Block\\nslot=a\\nunconfirmed=\\ntrial=\\n'; printf '%1024s' '' | tr ' ' '#'; } | head -c 1024 > ${BOOT}`,
      'systemctl daemon-reload',
    ].join('\n'),
  )
  const runs = (slot: string) => void machine.sh(`echo "cyberalarm.slot=${slot} cyberalarm.grubenv=0" > ${CMDLINE}`)
  runs('a')
  const dropIn = (unit: string, text: string) =>
    void machine.sh(
      `mkdir -p /etc/systemd/system/${unit}.d && cat > /etc/systemd/system/${unit}.d/test.conf && systemctl daemon-reload`,
      text,
    )
  const settings = (text: string) =>
    void machine.sh('cd /etc/cyberalarm && cat > cyberalarm.conf && chgrp cyberalarm cyberalarm.conf && chmod 640 cyberalarm.conf', text)
  return { machine, folder, settings, dropIn, runs }
}
