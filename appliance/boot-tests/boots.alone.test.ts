// The image as members get it, started in virtual machines: from the OVA with BIOS and with EFI, settings by OVF environment;
// and from the image to flash, settings on its FAT partition. Each has to enrol and to bring a message of a firewall to central.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { uncleanIn } from '../hygiene.ts'
import { bringsBatch } from './collecting.ts'
import * as ground from './ground.ts'
import { Machine, type MachineOptions } from './machine.ts'
import { bareUnit, END, type Report, readReport, reportUnit } from './report.ts'
import { lookInto } from './slot.ts'

const UP_SECONDS = 900
const CUTS = 10
const obstacle = ground.obstacle()

t.setTimeout(60 * 60 * 1000)

if (obstacle !== undefined) t.test('the image starts', { skip: obstacle }, async () => undefined)
else {
  ground.ready()
  const central = await ground.startCentral()
  t.teardown(() => central.kill())
  const image = ground.buildImage(central)

  t.test('the slot of the image is clean', async t => {
    lookInto(t, ground.diskOfOva(image), 'root-a', place => t.strictSame(uncleanIn(place), []))
  })

  t.test('how long the same disk takes with nothing of ours', async t => {
    const disk = ground.copyOf(join(ground.folder, 'from-ova.raw'), 'bare.raw')
    const machine = await Machine.start({ disk, folder: ground.folderOf('bare'), firmware: 'bios', unit: bareUnit, without: ourUnits() })
    await machine.says('BARE', UP_SECONDS)
    t.comment(`bare: up after ${((performance.now() - machine.startedAt) / 1000).toFixed(1)} s`)
    t.notMatch(machine.serial, 'READY')
    await machine.cut()
  })

  t.test('the disk of the OVA starts with BIOS, takes its settings from the OVF environment, and collects', t => fromOva(t, 'bios'))

  t.test('it does with EFI', t => fromOva(t, 'efi'))

  t.test('the image to flash takes its settings from the FAT partition, and wipes the code from it', async t => {
    const code = await central.makeCode()
    const disk = ground.copyOf(ground.diskOfImage(image), 'flashed.raw')
    ground.putSettings(disk, `# as a member writes it\r\nenrolment.code = ${code}\r\nhost.name = box-flashed\r\n`)
    t.ok(holds(disk, code), 'the code is on the partition before')
    const { report } = await collects(t, 'flashed', { disk, firmware: 'bios', stick: ground.makeStick() }, writesDiagnostics)
    t.equal(JSON.parse(report.settings).hostName, 'box-flashed')
    t.notOk(holds(disk, code), 'no byte of the code is on the disk any more')
  })

  t.test(`the power is cut ${CUTS} times while a box starts for the first time, and it comes up all the same`, async t => {
    const cd = ground.makeOvfDisc('cut', { 'enrolment-code': await central.makeCode() })
    const disk = ground.copyOf(join(ground.folder, 'from-ova.raw'), 'cut.raw')
    const seconds: number[] = []
    for (let cut = 0; cut < CUTS; cut++) {
      const machine = await Machine.start({ disk, folder: ground.folderOf('cut'), firmware: 'bios', cd })
      seconds.push(8 + Math.random() * 72)
      await sleep(seconds[cut] * 1000)
      await machine.cut()
    }
    t.comment(`cut after ${seconds.map(one => one.toFixed(1)).join(', ')} s`)
    await collects(t, 'cut', { disk, firmware: 'bios', cd })
  })

  async function fromOva(t: Test, firmware: 'bios' | 'efi'): Promise<void> {
    const properties = { 'enrolment-code': await central.makeCode(), 'host-name': `box-${firmware}`, 'member-networks': '198.51.100.0/24' }
    const cd = ground.makeOvfDisc(firmware, properties)
    const disk = ground.copyOf(join(ground.folder, 'from-ova.raw'), `${firmware}.raw`)
    const { report } = await collects(t, firmware, { disk, firmware, cd })
    t.equal(JSON.parse(report.settings).hostName, `box-${firmware}`)
    t.equal(report.hostName, `box-${firmware}`)
  }
}

/** Starts a box and waits until a message of a firewall has come to central with a receipt; then looks at the box. */
async function collects(
  t: Test,
  name: string,
  options: Pick<MachineOptions, 'disk' | 'firmware' | 'cd' | 'stick'>,
  meanwhile?: (t: Test, machine: Machine) => Promise<void>,
): Promise<{ report: Report }> {
  const folder = ground.folderOf(name)
  const machine = await Machine.start({ ...options, folder, syslog: ground.syslog, unit: reportUnit })
  try {
    await machine.says('READY', UP_SECONDS)
    t.comment(`${name}: the agent answers after ${((performance.now() - machine.startedAt) / 1000).toFixed(1)} s`)
    await machine.says('ENROLLED', UP_SECONDS)
    t.ok(await bringsBatch(60), 'a batch with the message is at central')
    t.comment(`${name}: the first batch is at central after ${((performance.now() - machine.startedAt) / 1000).toFixed(1)} s`)
    const report = readReport(await machine.says(END, UP_SECONDS))
    await machine.screen(join(folder, 'screen.ppm'))
    t.match(report.enrolment, /"state":"enrolled"/, 'it is enrolled')
    t.comment(`the code that is spent: ${report.code}`)
    t.equal(report.failed, '', 'no unit has failed')
    t.strictSame(strangePorts(report.listening), [], 'no port is open but syslog')
    t.match(JSON.parse(report.status), { central: { lastReceiptAt: String } }, 'the receipt came')
    t.ok(Number(report.disk.split(/\s+/)[0]) > 3.4e9, 'the partition `data` has taken the rest of the disk')
    t.match(report.grubenv, /^unconfirmed=$/m, 'the start was confirmed to the boot loader')
    for (const line of report.security.split('\n')) t.comment(line.trim())
    t.comment(report.journal)
    await meanwhile?.(t, machine)
    await machine.shutDown(90)
    return { report }
  } catch (error) {
    await machine.screen(join(folder, 'failed.ppm')).catch(() => undefined)
    await machine.cut()
    throw error
  }
}

/** What the helpdesk asks for: D on the console, and a stick. */
async function writesDiagnostics(t: Test, machine: Machine): Promise<void> {
  await machine.press('d')
  await sleep(2000)
  await machine.press('ret')
  const text = await ground.waitForDiagnostics(90)
  await machine.screen(join(ground.folderOf('flashed'), 'diagnostics.ppm'))
  t.match(text, /"cyberalarm-agent\.service"/, 'the stick holds the state of the units')
  // central's own is known to everybody
  t.notMatch(text.replaceAll('https://10.0.2.2:', ''), /10\.0\.2\.|198\.51\.100\.|203\.0\.113\./, 'and no address of the member')
}

const ourUnits = (): string[] => readdirSync(join(import.meta.dirname, '../rootfs/usr/lib/systemd/system'))

/** What listens besides syslog (514, 6514) and the answers to the box's own DHCP (68, 546). */
const strangePorts = (listening: string): string[] =>
  listening.split('\n').filter(line => {
    const port = /^\S+\s+\S+\s+\S+\s+\S+\s+\S*?:(\d+)\s/.exec(line)?.[1]
    return port === undefined || !['514', '6514', '68', '546'].includes(port)
  })

/** Whether the code is anywhere on the FAT partition, with or without its dashes. */
function holds(disk: string, code: string): boolean {
  const { offset, bytes } = ground.partition(disk, 'config')
  const piece = join(ground.folder, 'config.part')
  ground.tool('dd', `if=${disk}`, `of=${piece}`, 'bs=512', `skip=${offset / 512}`, `count=${bytes / 512}`, 'status=none')
  const text = readFileSync(piece, 'latin1')
  return text.includes(code) || text.includes(code.replaceAll('-', ''))
}
