// When flashing is refused, as a table over what is known of the target. Pure. All reasons are given at once.
import { bytesText } from '../../agent/lib/table.ts'
import type { DiskFacts } from './flash-facts.ts'

export type Target =
  | { readonly kind: 'absent'; readonly path: string }
  /** Neither block device nor plain file, or not what was asked for. */
  | { readonly kind: 'other'; readonly path: string; readonly what: string }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'disk'; readonly path: string; readonly disk: DiskFacts }

export interface FlashLimits {
  readonly imageBytes: number
  /** `--internal` was given. */
  readonly allowInternal: boolean
}

interface Rule {
  readonly name: string
  /** Why not, or undefined. */
  readonly refuses: (disk: DiskFacts, path: string, limits: FlashLimits) => string | undefined
}

const when = (applies: boolean, text: string): string | undefined => (applies ? text : undefined)

export const rules: readonly Rule[] = [
  {
    name: 'partition',
    refuses: ({ partOf }, path) =>
      partOf === undefined
        ? undefined
        : `${path} is a partition, but the image is for a whole disk: use /dev/${partOf} if that is the right one.`,
  },
  {
    name: 'system',
    refuses: ({ uses }, path) => {
      const parts = uses.filter(use => use.isSystem).map(use => `${use.device} ${use.what}`)
      return when(parts.length > 0, `${path} is the disk this computer runs from: ${parts.join(', ')}.`)
    },
  },
  {
    name: 'in-use',
    refuses: ({ uses }, path) => {
      const parts = uses.filter(use => !use.isSystem).map(use => `${use.device} ${use.what}`)
      return when(parts.length > 0, `${path} is in use: ${parts.join(', ')}. Unmount or stop it first.`)
    },
  },
  { name: 'empty', refuses: ({ bytes }, path) => when(bytes === 0, `${path} has no medium inserted.`) },
  {
    name: 'too-small',
    refuses: ({ bytes }, path, { imageBytes }) =>
      when(bytes > 0 && bytes < imageBytes, `${path} has ${bytesText(bytes)}, and the image needs ${bytesText(imageBytes)}.`),
  },
  {
    name: 'sectors',
    refuses: ({ sectorBytes }, path) =>
      when(sectorBytes !== 512, `${path} has ${sectorBytes}-byte sectors, but the image needs 512-byte sectors.`),
  },
  {
    name: 'write-protected',
    refuses: ({ isReadOnly }, path) => when(isReadOnly, `${path} is write-protected: check for a small switch on its side.`),
  },
  {
    name: 'internal',
    refuses: ({ isExternal }, path, { allowInternal }) =>
      when(!isExternal && !allowInternal, `${path} appears to be a built-in disk. If it is the right one, add INTERNAL=1 (--internal).`),
  },
]

export function refusalsOf(target: Target, limits: FlashLimits): readonly string[] {
  const { path } = target
  switch (target.kind) {
    case 'absent':
      return [`${path} does not exist. \`lsblk\` lists the disks of this computer.`]
    case 'other':
      return [`${path} is ${target.what}. \`lsblk\` lists the disks of this computer.`]
    case 'file':
      return target.bytes < limits.imageBytes
        ? [`${path} has ${bytesText(target.bytes)}, and the image needs ${bytesText(limits.imageBytes)}.`]
        : []
    case 'disk':
      return rules.flatMap(rule => rule.refuses(target.disk, path, limits) ?? [])
  }
}
