// Real tools on a real FAT file system in a file.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { boxFolder, hasMtools, makeDevice, makeFat, plugIn } from '../test-stick.ts'
import { updateFromStick } from './update-from-stick.ts'
import { UPDATE_FILE, updateReportSchema } from './update-report.ts'

const skip = hasMtools ? false : 'mtools are not installed'
const carried = (root: string) => join(root, 'var/lib/cyberalarm-update-usb/update.tar')
const reportOf = (root: string) =>
  updateReportSchema.parse(JSON.parse(readFileSync(join(root, 'run/cyberalarm-box/update-usb.json'), 'utf8')))

async function run(root: string): Promise<number> {
  const request = join(root, 'var/lib/cyberalarm-box/wanted/update-usb')
  writeFileSync(request, '')
  const code = await updateFromStick({ root, signal: new AbortController().signal, print: () => undefined, waitMs: 0 })
  if (existsSync(request)) throw new Error('the request is still there')
  return code
}

function putOn(device: string, name: string, text: string): void {
  const from = join(t.testdir(), 'file')
  writeFileSync(from, text)
  execFileSync('/usr/bin/mcopy', ['-i', device, from, `::${name}`], { env: { MTOOLSRC: '/dev/null' } })
}

t.test(
  'the file is where the updater takes it, also from a stick that is write-protected, and replaces an older one',
  { skip },
  async t => {
    const root = boxFolder(t)
    plugIn(root, 'sdb', { readOnly: true })
    putOn(makeFat(root, 'sdb'), UPDATE_FILE, 'the file')
    mkdirSync(join(carried(root), '..'), { recursive: true })
    writeFileSync(carried(root), 'an older one')
    t.equal(await run(root), 0)
    t.equal(readFileSync(carried(root), 'utf8'), 'the file')
    t.match(reportOf(root), { state: 'done' })
  },
)

t.test('without a stick, without the file, and on a stick of another format, the box says so', { skip }, async t => {
  const root = boxFolder(t)
  const refused = async (code: string) => {
    t.equal(await run(root), 1)
    t.match(reportOf(root), { state: 'failed', failure: { code } })
    t.notOk(existsSync(carried(root)))
  }
  await refused('stick-missing')
  plugIn(root, 'sdb')
  makeDevice(root, 'sdb', Buffer.alloc(512))
  await refused('stick-format-wrong')
  const device = makeFat(root, 'sdb')
  putOn(device, 'other.tar', 'x')
  await refused('stick-file-missing')
})
