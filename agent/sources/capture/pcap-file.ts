// Packets of a capture file, from its bytes as they come: classic files and pcapng. Holds one record at a time, trusts no
// impossible length, and says where a file is damaged, or that it ends in the middle of a record.
// Why not the package pcap-parser 0.2.1 (2012, tried on Node 26 with captures of tcpdump and editcap): it refuses nanosecond
// files and pcapng, does not report a last record that is cut off, and trusts lengths - one record of a 210 MB file that
// claimed 2 GiB cost it 210 s of CPU and 530 MB, and it passed over all packets after it without a word.
import { Failure } from '../../errors.ts'
import { FILE_HEADER_BYTES, isClassic, openClassic } from './pcap-classic.ts'
import { CapturedPacket, type CaptureFormat, read32 } from './pcap-packet.ts'
import { ByteWindow } from './pcap-window.ts'
import { PcapngFormat, SECTION } from './pcapng.ts'

/** `push` bytes, then take packets with `next` until it says false; `finish` when there are no more bytes. */
export class CaptureReader {
  /** The packet that `next` found last, with offsets into `bytes`. */
  readonly packet = new CapturedPacket()
  private readonly window = new ByteWindow()
  private format: CaptureFormat | undefined

  get bytes(): Uint8Array {
    return this.window.bytes
  }

  push(chunk: Uint8Array): void {
    this.window.push(chunk)
  }

  /** Throws Failure 'capture-unreadable' for what is no capture, and 'capture-damaged' where nothing more can be found. */
  next(): boolean {
    this.format ??= open(this.window)
    return this.format?.next(this.window, this.packet) ?? false
  }

  /** True if the file ended where a record does. Throws Failure 'capture-unreadable' if there was not even a header. */
  finish(): boolean {
    if (this.format !== undefined) return !this.window.isMidway && !this.format.isMidway
    throw new Failure('capture-unreadable', this.window.isMidway ? 'the capture ends within its header' : 'the capture is empty')
  }
}

function open(window: ByteWindow): CaptureFormat | undefined {
  const size = window.end - window.at
  if (size < 4) return undefined
  const magic = read32(window.bytes, window.at, true)
  if (magic === SECTION) return new PcapngFormat()
  if (!isClassic(magic)) throw new Failure('capture-unreadable', 'not a capture file: unknown magic number')
  return size < FILE_HEADER_BYTES ? undefined : openClassic(window)
}
