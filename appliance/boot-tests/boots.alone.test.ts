// The image as members get it, started in virtual machines: from the OVA with BIOS, settings by OVF environment, while the power
// is cut again and again; and from the image to flash with EFI, settings on its FAT partition. Each has to enrol and to bring a
// message of a firewall to central. That OVA and image hold the same disk is part of the test.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { uncleanIn } from '../hygiene.ts'
import { bringsBatch } from './collecting.ts'
import { complaintsIn } from './complaints.ts'
import * as ground from './ground.ts'
import { Machine, type MachineOptions } from './machine.ts'
import { allMoments, END, momentUnit, type Report, readReport, reportUnit } from './report.ts'
import { lookInto } from './slot.ts'

const UP_SECONDS = 900
const obstacle = ground.obstacle()

t.setTimeout(60 * 60 * 1000)

if (obstacle !== undefined) t.test('the image starts', { skip: obstacle }, async () => undefined)
else {
  ground.ready()
  const central = await ground.startCentral()
  t.teardown(() => central.kill())
  const network = { centralPort: Number(new URL(central.url).port) }
  const image = ground.buildImage(central)
  const [ofOva, ofImage] = [ground.diskOfOva(image), ground.diskOfImage(image)]

  t.test('OVA and image hold the same disk, and its slot is clean', async t => {
    ground.tool('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', ofOva, ofImage)
    lookInto(t, ofOva, 'root-a', place => t.strictSame(uncleanIn(place), []))
  })

  t.test('the image to flash starts with EFI, takes its settings from the FAT partition, and wipes the code from it', async t => {
    const code = await central.makeCode()
    const disk = ground.copyOf(ofImage, 'flashed.raw')
    ground.putSettings(disk, `# as a member writes it\r\nenrolment.code = ${code}\r\nhost.name = box-flashed\r\n`)
    t.ok(holds(disk, code), 'the code is on the partition before')
    const { report } = await collects(t, 'flashed', { disk, firmware: 'efi', stick: ground.makeStick(), network }, writesDiagnostics)
    t.match(report.enrolment, /"state":"enrolled"/, 'it says so')
    t.equal(JSON.parse(report.settings).hostName, 'box-flashed')
    t.notOk(holds(disk, code), 'no byte of the code is on the disk any more')
  })

  t.test('the disk of the OVA starts with BIOS and takes its settings from the OVF environment, though the power is cut', async t => {
    const properties = { 'enrolment-code': await central.makeCode(), 'host-name': 'box-ova', 'member-networks': '198.51.100.0/24' }
    const machine = { disk: ground.copyOf(ofOva, 'ova.raw'), firmware: 'bios', cd: ground.makeOvfDisc('ova', properties), network } as const
    for (const moment of allMoments)
      await t.test(`as soon as ${moment}`, async t => {
        const started = await Machine.start({ ...machine, folder: ground.folderOf('ova'), unit: momentUnit(moment) })
        const isCut = started.says('NOW', UP_SECONDS).finally(() => started.cut())
        await t.resolves(isCut, 'the moment came, and the power went')
        t.comment(`cut after ${((performance.now() - started.startedAt) / 1000).toFixed(1)} s`)
      })
    const { report } = await collects(t, 'ova', machine)
    t.equal(JSON.parse(report.settings).hostName, 'box-ova')
    t.equal(report.hostName, 'box-ova')
  })
}

/** Starts a box and waits until a message of a firewall has come to central with a receipt; then looks at the box. */
async function collects(
  t: Test,
  name: string,
  options: Pick<MachineOptions, 'disk' | 'firmware' | 'cd' | 'stick' | 'network'>,
  meanwhile?: (t: Test, machine: Machine) => Promise<void>,
): Promise<{ report: Report }> {
  const folder = ground.folderOf(name)
  const machine = await Machine.start({ ...options, folder, unit: reportUnit })
  try {
    await machine.says('READY', UP_SECONDS)
    t.comment(`${name}: the agent answers after ${((performance.now() - machine.startedAt) / 1000).toFixed(1)} s`)
    await machine.says('ENROLLED', UP_SECONDS)
    t.ok(await bringsBatch(machine, 60), 'a batch with the message is at central')
    t.comment(`${name}: the first batch is at central after ${((performance.now() - machine.startedAt) / 1000).toFixed(1)} s`)
    const report = readReport(await machine.says(END, UP_SECONDS))
    await machine.screen(join(folder, 'screen.ppm'))
    t.equal(report.code, 'gone', 'the code that is spent is gone')
    const unit = report.enrolmentUnit.split('\n')
    t.ok(unit.length === 8 && unit.includes('ActiveState=inactive'), 'without it the enrolment rests')
    t.strictSame(unit.slice(4), unit.slice(0, 4), 'and was not started once more')
    t.equal(report.enrolmentPath, 'waiting', 'until there is another one')
    t.equal(report.failed, '', 'no unit has failed')
    t.strictSame(complaintsIn(report.journal), [], 'the journal complains of nothing')
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
  t.notMatch(text.replaceAll(ground.CENTRAL.url, ''), /10\.0\.2\.|198\.51\.100\.|203\.0\.113\./, 'and no address of the member')
}

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
