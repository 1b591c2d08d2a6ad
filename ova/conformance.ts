// Reads an OVA from front to back, as vSphere does, and reports every fault that OVAs had in the field: a list of codes and
// details, empty for an OVA that deploys. Memory is bounded whatever the archive claims; nothing is unpacked to disk.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Cursor, type Source } from './cursor.ts'
import { examineDescriptor } from './descriptor-rules.ts'
import { type DiskReport, examineDisk } from './disk-check.ts'
import { describeFault, type Fault, type FaultCode, fault } from './faults.ts'
import { BLOCK, padding, readTarHeader } from './tar.ts'

const MAX_ENTRIES = 16
/** Descriptor and manifest; ours have some kB. */
const MAX_TEXT_BYTES = 1 << 20

interface Entry {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly text: string
  readonly disk: DiskReport | undefined
}

/** Every fault of the OVA. */
export async function examineOva(source: Source): Promise<Fault[]> {
  const { entries, faults } = await readEntries(source)
  const addFault = (code: FaultCode, text: string): void => void faults.push(fault(code, text))
  const descriptor = entries.find(entry => entry.name.endsWith('.ovf'))
  const manifest = entries.find(entry => entry.name.endsWith('.mf'))
  if (descriptor === undefined) {
    addFault('tar-order', 'there is no descriptor (.ovf)')
    return faults
  }
  const report = examineDescriptor(descriptor.text)
  faults.push(...report.faults)
  const base = descriptor.name.slice(0, -4)
  if (manifest !== undefined && manifest.name !== `${base}.mf`)
    addFault('tar-name', `the manifest of ${descriptor.name} is called ${manifest.name}`)
  const due = [descriptor.name, ...(manifest === undefined ? [] : [manifest.name]), ...report.files.map(file => file.name)]
  const known = entries.map(entry => entry.name).filter(name => due.includes(name))
  if (known.join() !== due.filter(name => known.includes(name)).join()) addFault('tar-order', `it is ${known.join(', ')}`)
  for (const { name } of entries) if (name.endsWith('.cert')) addFault('not-signed', name)
  const extra = entries.map(entry => entry.name).filter(name => !name.endsWith('.cert') && !due.includes(name))
  if (extra.length > 0) addFault('tar-extra', extra.join(', '))
  for (const { name, bytes, capacityBytes } of report.files) {
    const entry = entries.find(one => one.name === name)
    if (entry === undefined) {
      addFault('reference-dangling', `file ${name} is not in the archive`)
      continue
    }
    if (bytes !== entry.bytes) addFault('file-size', `ovf:size of ${name} is ${bytes}, it has ${entry.bytes} bytes`)
    if (entry.disk !== undefined && capacityBytes !== entry.disk.capacityBytes)
      addFault('disk-capacity', `ovf:capacity of ${name} is ${capacityBytes} bytes, the disk says ${entry.disk.capacityBytes}`)
  }
  if (manifest === undefined) addFault('manifest-missing', `there is no ${base}.mf`)
  else
    manifestFaults(
      manifest.text,
      entries.filter(entry => due.includes(entry.name) && entry !== manifest),
      addFault,
    )
  return faults
}

/** The same for a file, as lines for people. */
export async function examineOvaFile(path: string): Promise<{ readonly faults: readonly Fault[]; readonly lines: readonly string[] }> {
  await using file = await open(path, 'r')
  const bytes = (await file.stat()).size
  const read = async (position: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, (await file.read(buffer, 0, length, position)).bytesRead)
  }
  const faults = await examineOva({ bytes, read })
  return { faults, lines: faults.map(describeFault) }
}

async function readEntries(source: Source): Promise<{ readonly entries: Entry[]; readonly faults: Fault[] }> {
  const entries: Entry[] = []
  const faults: Fault[] = []
  const stop = (code: FaultCode, text: string) => ({ entries, faults: [...faults, fault(code, text)] })
  for (let at = 0; ; ) {
    const block = await source.read(at, BLOCK)
    if (block.length < BLOCK) return stop('tar-damaged', 'the archive ends without two empty blocks')
    const header = readTarHeader(block)
    if (header.kind === 'end') {
      const rest = await source.read(at, 20480)
      const whole = rest.length >= 2 * BLOCK && at + rest.length === source.bytes && rest.every(byte => byte === 0)
      return whole ? { entries, faults } : stop('tar-damaged', 'the archive does not end in two empty blocks and nothing else')
    }
    if (header.kind === 'unfit') return stop(header.code, header.why)
    const { name, bytes } = header.entry
    if (!header.ustar) faults.push(fault('tar-format', `the header of ${name} is not ustar`))
    if (name.includes('/') || entries.some(entry => entry.name === name))
      faults.push(fault('tar-name', `"${name}" has a folder, or stands twice`))
    if (entries.length >= MAX_ENTRIES) return stop('tar-extra', `there are more than ${MAX_ENTRIES} files`)
    at += BLOCK
    if (at + bytes > source.bytes) return stop('tar-damaged', `the archive ends inside ${name}`)
    const hash = createHash('sha256')
    const cursor = new Cursor(source, at, at + bytes, chunk => void hash.update(chunk))
    const isText = !name.endsWith('.vmdk') && bytes <= MAX_TEXT_BYTES
    const text = isText ? ((await cursor.take(bytes))?.toString('utf8') ?? '') : ''
    const disk = name.endsWith('.vmdk') ? await examineDisk(cursor, name) : undefined
    await cursor.drain()
    faults.push(...(disk?.faults ?? []))
    entries.push({ name, bytes, sha256: hash.digest('hex'), text, disk })
    at += bytes + padding(bytes).length
  }
}

function manifestFaults(text: string, entries: readonly Entry[], addFault: (code: FaultCode, text: string) => void): void {
  const seen = new Set<string>()
  if (!text.endsWith('\n')) addFault('manifest-spelling', 'the last line has no line feed')
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const [, algorithm, name, digest] = /^([A-Za-z0-9-]+)\(([^()]+)\)= ([0-9a-f]+)$/.exec(line) ?? []
    if (algorithm === undefined) {
      addFault('manifest-spelling', JSON.stringify(line.slice(0, 120)))
      continue
    }
    const entry = entries.find(one => one.name === name)
    if (entry === undefined || seen.has(name)) addFault('manifest-entry', `${name} is not in the archive, or stands twice`)
    seen.add(name)
    if (algorithm !== 'SHA256') addFault('manifest-algorithm', algorithm)
    else if (entry !== undefined && digest !== entry.sha256) addFault('manifest-digest', name)
  }
  for (const { name } of entries) if (!seen.has(name)) addFault('manifest-entry', `${name} has no line`)
}
