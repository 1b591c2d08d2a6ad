// Makes the OVA: one tar of descriptor, manifest and disk, in this order, because vSphere reads it from front to back while
// it is deployed from a URL. The manifest is `SHA256(name)= hex`, spelled as vSphere reads it; nothing is signed, as a
// certificate from an unknown issuer makes vSphere warn more than none. Same disk, same time stated: same bytes.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { formatOvf, type GuestName, type Hardware, hardware, type Product } from './ovf.ts'
import { formatTarHeader, padding, tarEnd } from './tar.ts'
import { writeVmdk } from './vmdk.ts'

export interface OvaRequest {
  readonly rawPath: string
  readonly ovaPath: string
  readonly product: Product
  readonly guest: GuestName
  /** Seconds since 1970, of everything inside: the caller's SOURCE_DATE_EPOCH. */
  readonly modified: number
  readonly level?: number
  readonly progress?: (doneBytes: number, allBytes: number) => void
  readonly machine?: Hardware
}

export interface OvaResult {
  readonly ovaBytes: number
  readonly sha256: string
  readonly diskBytes: number
  readonly populatedBytes: number
}

/** Writes the OVA as a draft and then under its name, so that a name always stands for a whole file. */
export async function makeOva(request: OvaRequest): Promise<OvaResult> {
  const { rawPath, ovaPath, product, guest, modified, machine = hardware } = request
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(product.id)) throw new Error(`'${product.id}' can't name a virtual machine`)
  const diskPath = `${ovaPath}.disk.draft`
  const draftPath = `${ovaPath}.draft`
  try {
    const fileName = `${product.id}-disk1.vmdk`
    const { fileBytes, capacityBytes, populatedBytes } = await writeVmdk(rawPath, diskPath, {
      extentName: fileName,
      ...(request.level === undefined ? {} : { level: request.level }),
      ...(request.progress === undefined ? {} : { progress: request.progress }),
    })
    const ovf = Buffer.from(formatOvf(product, guest, { fileName, fileBytes, capacityBytes, populatedBytes }, machine))
    const manifest = Buffer.from(
      manifestLine(`${product.id}.ovf`, createHash('sha256').update(ovf).digest('hex')) + manifestLine(fileName, await hashOf(diskPath)),
    )
    const whole = createHash('sha256')
    let ovaBytes = 0
    await using out = await open(draftPath, 'w')
    const append = async (bytes: Buffer): Promise<void> => {
      whole.update(bytes)
      ovaBytes += bytes.length
      await out.writeFile(bytes)
    }
    for (const [name, bytes] of [
      [`${product.id}.ovf`, ovf],
      [`${product.id}.mf`, manifest],
    ] as const) {
      await append(formatTarHeader({ name, bytes: bytes.length, modified }))
      await append(bytes)
      await append(padding(bytes.length))
    }
    await append(formatTarHeader({ name: fileName, bytes: fileBytes, modified }))
    for await (const chunk of createReadStream(diskPath, { highWaterMark: 1 << 20 })) await append(chunk as Buffer)
    await append(tarEnd(ovaBytes))
    await out.sync()
    await rename(draftPath, ovaPath)
    return { ovaBytes, sha256: whole.digest('hex'), diskBytes: fileBytes, populatedBytes }
  } finally {
    await rm(diskPath, { force: true })
    await rm(draftPath, { force: true })
  }
}

/** DSP0243 1.1.1 §5.1 allows no space in front of the bracket; vSphere refuses `SHA256 (name) = hex`, as sha256sum --tag writes it. */
export const manifestLine = (name: string, sha256: string): string => `SHA256(${basename(name)})= ${sha256}\n`

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
