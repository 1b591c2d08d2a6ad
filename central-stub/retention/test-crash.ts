// For tests: a process that does one thing of retention's and is killed before a step of it, named by its number.
//   node test-crash.ts FOLDER NOW_MS STEP ACTION

import { createPrivateKey } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditKey, auditKeyOf } from '../audit/key.ts'
import { Life } from './test-life.ts'

export const keyIn = (folder: string): AuditKey => auditKeyOf(createPrivateKey(readFileSync(join(folder, 'audit.pem'))))

export const recalled = { member: 1, gateway: 5, rule: null, first: 0, last: 4_000_000_000 }

export async function act(life: Life, action: string): Promise<void> {
  if (action === 'recall') await life.retention.recall(recalled)
  else await life.retention.round()
}

if (import.meta.main) {
  const [folder, now, step, action] = process.argv.slice(2)
  let left = Number(step)
  const onStep = (name: string) => {
    if (left-- > 0) return
    appendFileSync(join(folder, 'died-at'), name)
    process.kill(process.pid, 'SIGKILL')
  }
  const life = await Life.begin(folder, Number(now), { key: keyIn(folder), onStep })
  await act(life, action)
  await life.stop()
}
