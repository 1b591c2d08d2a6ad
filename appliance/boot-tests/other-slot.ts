// Slot b of a raw disk: the system of slot a, changed by a test and sealed as base/slot.sh seals it, while no machine runs from it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, partition, tool } from './ground.ts'
import { withSlot } from './slot.ts'

const BLOCK = 4096

/** Fills slot b; `change` is given the root of the system that it will be. */
export function fillSlotB(disk: string, change: (root: string) => void): void {
  const work = mkdtempSync(join(folder, 'slot-b-'))
  const [root, image] = [join(work, 'root'), join(work, 'image')]
  try {
    withSlot(disk, 'root-a', place => void tool('cp', '-a', place, root))
    change(root)
    const { offset, bytes } = partition(disk, 'root-b')
    const hashOffset = Math.floor((bytes * 0.98) / BLOCK) * BLOCK
    tool('truncate', '-s', String(bytes), image)
    const features = '^has_journal,^resize_inode,^metadata_csum_seed'
    const system = ['-t', 'ext4', '-b', String(BLOCK), '-m', '0', '-L', 'root', '-O', features, '-E', 'root_owner=0:0']
    tool('mke2fs', '-q', '-F', ...system, '-d', root, image, String(hashOffset / BLOCK))
    const said = tool('veritysetup', 'format', `--hash-offset=${hashOffset}`, `--data-blocks=${hashOffset / BLOCK}`, image, image)
    const rootHash = /^Root hash:\s*([0-9a-f]{64})$/m.exec(said)?.[1]
    if (rootHash === undefined) throw new Error(`veritysetup gave no root hash: ${said}`)
    tool('dd', `if=${image}`, `of=${disk}`, 'bs=1M', `seek=${offset}`, 'oflag=seek_bytes', 'conv=notrunc,sparse', 'status=none')
    writeStart(disk, work, rootHash, hashOffset)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Kernel, initramfs and slot.cfg, as those of slot a. */
function writeStart(disk: string, work: string, rootHash: string, hashOffset: number): void {
  const boot = `${disk}@@${partition(disk, 'boot').offset}`
  for (const name of ['vmlinuz', 'initrd', 'slot.cfg']) tool('mcopy', '-n', '-i', boot, `::/a/${name}`, join(work, name))
  const file = join(work, 'slot.cfg')
  const text = readFileSync(file, 'utf8')
    .replace(/roothash=[0-9a-f]+/, `roothash=${rootHash}`)
    .replace(/hash-offset=[0-9]+/, `hash-offset=${hashOffset}`)
    .replaceAll('/a/', '/b/')
    .replaceAll('root-a', 'root-b')
    .replaceAll('slot=a', 'slot=b')
    .replaceAll('slot a', 'slot b')
  writeFileSync(file, text)
  for (const name of ['vmlinuz', 'initrd', 'slot.cfg']) tool('mcopy', '-o', '-i', boot, join(work, name), `::/b/${name}`)
}
