// One message as received, with what its syslog header said. One object is reused for every message of a source.
import { Clock } from './event.ts'

export class Message {
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Where the text behind the header begins; `start` when there is no header. */
  body = 0
  /** RFC 5424 PRI, or -1. */
  priority = -1
  /** The header's own time (the relay's or the device's), ms since 1970; `clock` says what it lacks. */
  time = 0
  clock: number = Clock.absent
  /** HOSTNAME of the header; equal offsets if there is none. Never leaves the box. */
  hostStart = 0
  hostEnd = 0
  /** TAG or APP-NAME of the header, without [pid] and colon; equal offsets if there is none. */
  tagStart = 0
  tagEnd = 0
  /** The tag that a relay put in front of that one, or in front of the device's own header; equal offsets if there is none. */
  relayTagStart = 0
  relayTagEnd = 0
}
