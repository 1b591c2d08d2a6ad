// Text under a checksum, so that no byte that a disk changed is taken for what was written. CRC-32 finds every change of up to
// 32 neighbouring bits, and any two; it is against disks, not against people (the ledger's chain of hashes is).
// JSON stays JSON: the sum is the last member of the object, over the text before it. Other text has it in a last line, which
// is a comment in settings and passed over in PEM (RFC 7468 2). Text without a sum is of an older version, and is taken as it is.
import { crc32 } from 'node:zlib'

export const sumOf = (data: string | Uint8Array): string => crc32(data).toString(16).padStart(8, '0')

const member = /,"sum":"([0-9a-f]{8})"\}$/
const memberLength = ',"sum":"01234567"}'.length
const line = /(?:^|\n)# sum: ([0-9a-f]{8})\n$/
const lineLength = '# sum: 01234567\n'.length

/** An object of at least one member as one line of JSON with its sum. */
export function encodeSummed(value: object): string {
  const open = JSON.stringify(value).slice(0, -1)
  return `${open},"sum":"${sumOf(open)}"}`
}

/** The object that the line says, without its sum; undefined if it is not JSON or not what was written. */
export function decodeSummed(text: string): unknown {
  const stated = member.exec(text.slice(-memberLength))?.[1]
  const open = text.slice(0, -memberLength)
  if (stated !== undefined && sumOf(open) !== stated) return undefined
  try {
    return JSON.parse(stated === undefined ? text : `${open}}`)
  } catch {
    return undefined // not JSON, which means the same as JSON that was changed
  }
}

/** True if the line has a sum, and it is right: then a program wrote it so, whatever it may mean. */
export const isSummed = (text: string): boolean => member.exec(text.slice(-memberLength))?.[1] === sumOf(text.slice(0, -memberLength))

/** True of a last line in which one letter is another than in a line with a sum. */
const isNearlySum = (last: string): boolean =>
  last.length === lineLength && [...last].filter((letter, i) => !(i < 7 ? '# sum: '[i] === letter : /[0-9a-f\n]/.test(letter))).length <= 1

/** Text, which ends with a line feed, with a last line for its sum. */
export const withSumLine = (text: string): string => `${text}# sum: ${sumOf(text)}\n`

/** The text without that line; undefined if it is not what was written. */
export function withoutSumLine(text: string): string | undefined {
  const stated = line.exec(text)?.[1]
  if (stated === undefined) return /# sum:/.test(text) || isNearlySum(text.slice(-lineLength)) ? undefined : text
  const body = text.slice(0, -lineLength)
  return sumOf(body) === stated ? body : undefined
}
