// Whether a box collects: what a firewall tells it comes to central.
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askAdmin } from '../../central-stub/operator/admin.ts'
import type { Stats } from '../../central-stub/operator/stats.ts'
import { folder } from './ground.ts'
import type { Machine } from './machine.ts'

/** As a Linux firewall says it; documentation addresses. */
const MESSAGE =
  '<4>Nov 21 08:00:00 fw-1 kernel: [FW-DROP] IN=eth0 OUT= MAC= SRC=203.0.113.77 DST=198.51.100.10 LEN=60 TOS=0x00 PREC=0x00 TTL=50 ' +
  'ID=1 DF PROTO=TCP SPT=40000 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0'

const batches = async (): Promise<number> => ((await askAdmin(join(folder, 'central'), { ask: 'stats' })) as Stats).batches

/** Sends a machine a message each second, for `seconds` at most; true as soon as one more batch than before is at central. */
export async function bringsBatch(machine: Machine, seconds: number): Promise<boolean> {
  const before = await batches()
  const port = await machine.syslogPort()
  const udp = createSocket('udp4')
  try {
    for (let tries = 0; tries < seconds; tries++) {
      udp.send(MESSAGE, port, '127.0.0.1')
      await sleep(1000)
      if ((await batches()) > before) return true
    }
    return false
  } finally {
    udp.close()
  }
}
