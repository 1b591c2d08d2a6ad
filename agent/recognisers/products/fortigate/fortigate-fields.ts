// The fields of a FortiOS message that matter here, and what one message said in them.
import { Action, DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { END, Pairs, Span } from '../../tokenisers/pairs.ts'
import { readProtocol } from '../../tokenisers/protocols.ts'
import { SplitTime } from '../../tokenisers/split-time.ts'
import { NO_WORD } from '../../tokenisers/words.ts'
import { Kind, kinds, remoteBegan, utmActions } from './fortigate-words.ts'

const Field = {
  date: 1,
  time: 2,
  tz: 3,
  eventtime: 4,
  type: 5,
  subtype: 6,
  action: 7,
  status: 8,
  utmaction: 9,
  srcip: 10,
  srcport: 11,
  dstip: 12,
  dstport: 13,
  proto: 14,
  sentbyte: 15,
  rcvdbyte: 16,
  sentpkt: 17,
  rcvdpkt: 18,
  policyid: 19,
  attackid: 20,
  count: 21,
  remip: 22,
  remport: 23,
  locip: 24,
  locport: 25,
  init: 26,
  ui: 27,
} as const

/** FortiOS 4 had other names, and VoIP messages kept some of them. */
const keys = {
  ...Field,
  src: Field.srcip,
  src_port: Field.srcport,
  dst: Field.dstip,
  dst_port: Field.dstport,
  sent: Field.sentbyte,
  rcvd: Field.rcvdbyte,
  sent_pkt: Field.sentpkt,
  rcvd_pkt: Field.rcvdpkt,
  policy_id: Field.policyid,
  attack_id: Field.attackid,
  dir: Field.init,
  role: Field.init,
}
const blanks = new Pairs(keys)
const commas = new Pairs(keys, { separator: ',' })

/** What the fields of one message said, where it can't be written into the event at once. Reused. */
export class Said {
  kind: number = Kind.inspection
  isDetection = false
  isUtmBlocked = false
  readonly action = new Span()
  readonly status = new Span()
  /** Where an administrator sits: `https(203.0.113.7)`. */
  readonly ui = new Span()
  readonly time = new SplitTime()
  readonly epoch = new Span()
  sentBytes = -1
  receivedBytes = -1
  sentPackets = -1
  receivedPackets = -1
  attack = -1
  count = -1
  /** The two ends of a tunnel, and which began. */
  readonly remote = new Uint32Array(4)
  readonly local = new Uint32Array(4)
  hasRemote = false
  hasLocal = false
  remotePort = -1
  localPort = -1
  isRemoteFirst = false

  clear(): void {
    this.kind = Kind.inspection
    this.isDetection = this.isUtmBlocked = this.hasRemote = this.hasLocal = this.isRemoteFirst = false
    this.action.clear()
    this.status.clear()
    this.ui.clear()
    this.time.clear()
    this.epoch.clear()
    this.attack = this.count = this.remotePort = this.localPort = -1
    this.sentBytes = this.receivedBytes = this.sentPackets = this.receivedPackets = -1
  }
}

/** Walks the message from `at` and puts its fields into `event` and `said`. */
export function collect(bytes: Uint8Array, at: number, end: number, isCsv: boolean, event: EventRecord, said: Said): void {
  const pairs = isCsv ? commas : blanks
  pairs.begin(bytes, at, end)
  for (let field = pairs.next(); field !== END; field = pairs.next()) {
    switch (field) {
      case Field.date:
        pairs.keep(said.time.date)
        break
      case Field.time:
        pairs.keep(said.time.time)
        break
      case Field.tz:
        pairs.keep(said.time.zone)
        break
      case Field.eventtime:
        pairs.keep(said.epoch)
        break
      case Field.type: {
        const kind = kinds.find(bytes, pairs.start, pairs.end)
        if (kind === Kind.detection) said.isDetection = true
        else if (kind !== NO_WORD) said.kind = kind
        break
      }
      case Field.subtype:
        if (kinds.find(bytes, pairs.start, pairs.end) === Kind.detection) said.isDetection = true
        break
      case Field.action:
        pairs.keep(said.action)
        break
      case Field.status:
        pairs.keep(said.status)
        break
      case Field.utmaction: {
        const utm = utmActions.find(bytes, pairs.start, pairs.end)
        said.isUtmBlocked = utm === Action.deny || utm === Action.drop || utm === Action.reset
        break
      }
      case Field.srcip:
        if (!event.hasSource) event.hasSource = pairs.address(event.words, SOURCE)
        break
      case Field.srcport:
        if (event.sourcePort < 0) event.sourcePort = pairs.port()
        break
      case Field.dstip:
        if (!event.hasDestination) event.hasDestination = pairs.address(event.words, DESTINATION)
        break
      case Field.dstport:
        if (event.destinationPort < 0) event.destinationPort = pairs.port()
        break
      case Field.proto:
        if (event.protocol < 0) event.protocol = readProtocol(bytes, pairs.start, pairs.end)
        break
      case Field.sentbyte:
        said.sentBytes = pairs.decimal()
        break
      case Field.rcvdbyte:
        said.receivedBytes = pairs.decimal()
        break
      case Field.sentpkt:
        said.sentPackets = pairs.decimal()
        break
      case Field.rcvdpkt:
        said.receivedPackets = pairs.decimal()
        break
      case Field.policyid:
        if (event.rule < 0) event.rule = pairs.identifier()
        break
      case Field.attackid:
        if (said.attack < 0) said.attack = pairs.identifier()
        break
      case Field.count:
        said.count = pairs.identifier()
        break
      case Field.remip:
        said.hasRemote = pairs.address(said.remote, 0)
        break
      case Field.remport:
        said.remotePort = pairs.port()
        break
      case Field.locip:
        said.hasLocal = pairs.address(said.local, 0)
        break
      case Field.locport:
        said.localPort = pairs.port()
        break
      case Field.init:
        if (remoteBegan.find(bytes, pairs.start, pairs.end) !== NO_WORD) said.isRemoteFirst = true
        break
      case Field.ui:
        pairs.keep(said.ui)
        break
    }
  }
}
