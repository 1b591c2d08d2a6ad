// Overwrites every copy of a secret on a small device. Editors leave copies behind: the old version of a file, a file beside it
// for the case of a crash. A secret of 80 random bits does not occur by chance, so no file system has to be understood.
import { open } from 'node:fs/promises'
import { normaliseCode } from '../../../../agent/lib/typed-code.ts'
import { WIPED } from '../../../../agent/settings/rows/enrolment.ts'

const CHUNK_BYTES = 1 << 20
/** A partition for a file of settings is smaller; what is larger is not ours. */
const DEVICE_MAX_BYTES = 1 << 30

function spellings(code: string): string[] {
  const letters = normaliseCode(code) ?? code
  const grouped = (letters.match(/.{1,4}/g) ?? []).join('-')
  return [...new Set([code, letters, grouped, letters.toLowerCase(), grouped.toLowerCase()])]
}

/** Gives how many copies there were. In one byte a letter and in UTF-16. */
export async function overwriteCopies(device: string, codes: readonly string[]): Promise<number> {
  const needles = codes
    .flatMap(spellings)
    .flatMap(text => [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()])
  const longest = Math.max(0, ...needles.map(needle => needle.length))
  const file = await open(device, 'r+')
  let copies = 0
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES + longest)
    for (let at = 0; at < DEVICE_MAX_BYTES && longest > 0; at += CHUNK_BYTES) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) break
      const bytes = chunk.subarray(0, bytesRead)
      for (const needle of needles)
        for (let found = bytes.indexOf(needle); found >= 0; found = bytes.indexOf(needle, found + 1)) {
          const width = needle.length === needle.filter(byte => byte !== 0).length ? 'latin1' : 'utf16le'
          const stars = Buffer.from(WIPED.repeat(width === 'latin1' ? needle.length : needle.length / 2), width)
          await file.write(needle[0] === 0 ? stars.swap16() : stars, 0, stars.length, at + found)
          // the same bytes may be seen again in the overlap
          bytes.fill(0, found, found + needle.length)
          copies++
        }
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return copies
}
