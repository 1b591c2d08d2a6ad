// One read that is whole: read(2) may give less than it was asked for.
import type { FileHandle } from 'node:fs/promises'

/** Reads `length` bytes at `position` into the start of `into`, and gives that part of it; throws `endsAt(byte)` at the end of the file. */
export async function readAt(
  file: FileHandle,
  into: Buffer,
  position: number,
  length: number,
  endsAt: (byte: number) => Error,
): Promise<Buffer> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(into, done, length - done, position + done)
    if (bytesRead === 0) throw endsAt(position + done)
    done += bytesRead
  }
  return into.subarray(0, length)
}
