// A virtual machine for tests: QEMU without KVM, told what to do over QMP. What it is asked to say comes out of its serial
// port: the box has no login, so a unit of the test is handed in from outside, as whoever owns a hypervisor can
// (systemd.system-credentials(7): systemd.extra-unit.*).
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CENTRAL } from './ground.ts'
import { connectQmp, type Qmp } from './qmp.ts'

export interface MachineOptions {
  /** Raw disk: what is written to it stays. */
  readonly disk: string
  readonly folder: string
  readonly firmware: 'bios' | 'efi'
  /** ISO in the CD drive. */
  readonly cd?: string
  /** Raw image of a USB stick. */
  readonly stick?: string
  /** Its syslog is reached from here, and here central listens at this port. */
  readonly network?: { readonly centralPort: number }
  /** Name and text of units to be started with multi-user.target. */
  readonly unit?: { readonly name: string; readonly text: string }
  /** Units that shall not start. */
  readonly without?: readonly string[]
  /** More text for units, by their names. */
  readonly dropins?: Readonly<Record<string, string>>
}

const firmwareFile = '/usr/share/ovmf/OVMF.fd'

export class Machine {
  readonly #options: MachineOptions
  readonly #child: ChildProcess
  readonly #qmp: Qmp
  readonly #closed: Promise<unknown>
  readonly startedAt = performance.now()

  private constructor(options: MachineOptions, child: ChildProcess, qmp: Qmp, closed: Promise<unknown>) {
    this.#options = options
    this.#child = child
    this.#qmp = qmp
    this.#closed = closed
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const socket = join(options.folder, 'qmp')
    for (const name of ['qmp', 'serial.log']) rmSync(join(options.folder, name), { force: true })
    const child = spawn('qemu-system-x86_64', words(options, socket), { stdio: ['ignore', 'ignore', 'inherit'] })
    const closed = once(child, 'close')
    for (let tries = 0; !existsSync(socket); tries++) {
      if (tries > 200 || child.exitCode !== null) throw new Error('QEMU did not start')
      await sleep(50)
    }
    return new Machine(options, child, await connectQmp(socket), closed)
  }

  /** What came out of the serial port so far. */
  get serial(): string {
    const path = join(this.#options.folder, 'serial.log')
    return existsSync(path) ? readFileSync(path, 'latin1') : ''
  }

  /** Waits until the serial port has said `word`; throws after `seconds`. */
  async says(word: string, seconds: number): Promise<string> {
    const until = performance.now() + seconds * 1000
    while (!this.serial.includes(word)) {
      if (this.#child.exitCode !== null) throw new Error(`the machine ended before it said ${word}`)
      if (performance.now() > until) throw new Error(`the machine did not say ${word} within ${seconds} s:\n${this.serial.slice(-2000)}`)
      await sleep(200)
    }
    return this.serial
  }

  /** The port of this machine that leads to the guest's syslog over UDP. */
  async syslogPort(): Promise<number> {
    const told = String(await this.#qmp.ask('human-monitor-command', { 'command-line': 'info usernet' }))
    const port = /UDP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(told)?.[1]
    if (port === undefined) throw new Error(`QEMU forwards no port:\n${told}`)
    return Number(port)
  }

  /** A picture of the screen (PPM). */
  async screen(path: string): Promise<void> {
    await this.#qmp.ask('screendump', { filename: path })
  }

  /** Presses keys by QEMU's names, one after the other: `e`, `ret`, `shift-a`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#qmp.ask('send-key', { keys: key.split('-').map(data => ({ type: 'qcode', data })) })
      await sleep(150)
    }
  }

  /** As if somebody pulled the plug. */
  async cut(): Promise<void> {
    this.#child.kill('SIGKILL')
    this.#qmp.close()
    await this.#closed
  }

  /** The power button. */
  async shutDown(seconds: number): Promise<void> {
    await this.#qmp.ask('system_powerdown')
    const isOff = await Promise.race([this.#closed.then(() => true), sleep(seconds * 1000, false, { ref: false })])
    if (!isOff) {
      await this.cut()
      throw new Error(`the machine did not shut down within ${seconds} s`)
    }
  }
}

function words({ disk, folder, firmware, cd, stick, network, unit, without = [], dropins = {} }: MachineOptions, socket: string): string[] {
  const forward = network === undefined ? '' : `,hostfwd=udp:127.0.0.1:0-:514,${toCentral(network.centralPort)}`
  const drive = (id: string, file: string, kind = '') => ['-drive', `file=${file},format=raw,if=none,id=${id}${kind}`]
  return [
    ...['-machine', 'q35,accel=tcg', '-cpu', 'max', '-smp', '2', '-m', '2048', '-display', 'none', '-vga', 'std', '-no-user-config'],
    ...['-qmp', `unix:${socket},server=on,wait=off`, '-serial', `file:${join(folder, 'serial.log')}`],
    ...(firmware === 'efi' ? ['-bios', firmwareFile] : []),
    ...['-device', 'virtio-scsi-pci,id=scsi', ...drive('disk', disk), '-device', 'scsi-hd,drive=disk,bus=scsi.0,bootindex=1'],
    ...(cd === undefined ? [] : [...drive('cd', cd, ',media=cdrom,readonly=on'), '-device', 'ide-cd,drive=cd']),
    ...(stick === undefined ? [] : ['-device', 'qemu-xhci', ...drive('stick', stick), '-device', 'usb-storage,drive=stick,removable=on']),
    ...['-netdev', `user,id=net${forward}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...(unit === undefined ? [] : [...credential(`systemd.extra-unit.${unit.name}`, unit.text), ...wanted(unit.name)]),
    ...Object.entries(dropins).flatMap(([name, text]) => credential(`systemd.unit-dropin.${name}`, text)),
    ...without.flatMap(name => credential(`systemd.unit-dropin.${name}`, '[Unit]\nConditionPathExists=/never\n')),
  ]
}

/** For each connection of the guest to central a program is started, and has it as its standard input and output. */
const toCentral = (port: number): string =>
  `guestfwd=tcp:${CENTRAL.address}:${CENTRAL.port}-cmd:${process.execPath} ${join(import.meta.dirname, 'relay.ts')} ${port}`

const wanted = (name: string): string[] => credential('systemd.unit-dropin.multi-user.target', `[Unit]\nWants=${name}\n`)

const credential = (name: string, text: string): string[] => [
  '-smbios',
  `type=11,value=io.systemd.credential.binary:${name}=${Buffer.from(text).toString('base64')}`,
]
