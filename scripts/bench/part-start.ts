// Part `start`: how long a box takes from power on until it collects, and how long the same disk takes with nothing of ours. Builds
// the image and starts it in QEMU without KVM, so only the two beside each other say something.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bringsBatch } from '../../appliance/boot-tests/collecting.ts'
import * as boots from '../../appliance/boot-tests/ground.ts'
import { Machine } from '../../appliance/boot-tests/machine.ts'
import { bareUnit, reportUnit } from '../../appliance/boot-tests/report.ts'
import type { Part } from './context.ts'
import { figure } from './numbers.ts'

const UP_SECONDS = 900
const BATCH_SECONDS = 120

export const startPart: Part = {
  name: 'start',
  title: 'from power on until it collects',
  run: async ({ runs, results, say }) => {
    const obstacle = boots.obstacle()
    if (obstacle !== undefined) throw new Error(obstacle)
    boots.ready()
    const central = await boots.startCentral()
    const add = (name: string, title: string, machine: Machine) => {
      const seconds = (performance.now() - machine.startedAt) / 1000
      say(`  ${title}: ${figure(seconds)} s`)
      results.add(`start.${name}`, `Power on until ${title}`, 's', seconds)
    }
    try {
      const disk = boots.diskOfOva(boots.buildImage(central))
      for (let run = 0; run < runs; run++) {
        await timeBare(boots.copyOf(disk, 'bare.raw'), add)
        const cd = boots.makeOvfDisc('start', { 'enrolment-code': await central.makeCode() })
        const network = { centralPort: Number(new URL(central.url).port) }
        const copy = boots.copyOf(disk, 'start.raw')
        const machine = await Machine.start({
          disk: copy,
          folder: boots.folderOf('start'),
          firmware: 'bios',
          cd,
          network,
          unit: reportUnit,
        })
        try {
          await machine.says('READY', UP_SECONDS)
          add('agent', 'the agent answers', machine)
          await machine.says('ENROLLED', UP_SECONDS)
          if (!(await bringsBatch(machine, BATCH_SECONDS))) throw new Error('the box did not collect')
          add('batch', 'the first batch is at central', machine)
        } finally {
          await machine.cut()
        }
      }
    } finally {
      await central.kill()
    }
  },
}

async function timeBare(disk: string, add: (name: string, title: string, machine: Machine) => void): Promise<void> {
  const ours = readdirSync(join(import.meta.dirname, '../../appliance/rootfs/usr/lib/systemd/system'))
  const machine = await Machine.start({ disk, folder: boots.folderOf('bare'), firmware: 'bios', unit: bareUnit, without: ours })
  try {
    await machine.says('BARE', UP_SECONDS)
    add('bare', 'the base is up, with nothing of ours', machine)
  } finally {
    await machine.cut()
  }
}
