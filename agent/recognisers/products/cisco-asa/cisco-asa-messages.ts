// The messages of Cisco ASA, FTD, PIX and FWSM by number: how each one names its ends, and what it says happened.
// Source: 'Cisco Secure Firewall ASA Series Syslog Messages' and 'Cisco Secure Firewall Threat Defense Syslog Messages',
// cisco.com; the numbers of PIX 6 and FWSM from their guides. A number that is not here is read by its words, if it has
// two ends between known words, and ignored if not.
import { Action, Protocol } from '../../../event.ts'
import { ascii } from '../../../lib/bytes.ts'

export const Shape = {
  ignored: 0,
  /** An end behind one word, the other behind another word that follows. */
  pair: 1,
  /** The same, and `outbound` says that the second one began. */
  built: 2,
  /** The same, and nothing says which one began. */
  teardown: 13,
  /** The two words stand in any order, and the first one is looked for from the right. */
  apart: 3,
  /** The source behind the words with which the text begins: a name that someone chose follows. */
  opening: 15,
  /** `end -> end` and `end ==> end`. */
  arrow: 4,
  /** `end to end`, with nothing before the first. */
  before: 5,
  /** `faddr end gaddr end laddr end`. */
  foreign: 6,
  /** `end Accessed URL end:url`. */
  url: 7,
  /** A peer of a VPN: `IP = address`, `IP <address>`. */
  peer: 8,
  /** The same where the user's name stands on both sides of it. */
  onePeer: 16,
  /** `Local:address:port Remote:address:port`. */
  local: 9,
  /** `Host address is attacking`. */
  host: 10,
  /** Firepower's `Key: value, Key: value`. */
  fields: 11,
  /**
   * An ICMP error that was refused, and behind it the packet that it is about. That packet's ends and ports are the
   * connection's: whoever answers a probe with an ICMP error is not the one who probed.
   */
  quoted: 14,
  /** Whatever fits, for numbers not listed. */
  any: 12,
} as const

/** The action is said by a word of the message: denied, permitted, dropping, resetting. */
export const STATED = -1

export interface Recipe {
  readonly shape: number
  readonly action: number
  /** The words, with their blanks, in front of source and destination; empty if there is no such end. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  /** The source's word without its blanks. */
  readonly word: Uint8Array
  /** Where the message means one without naming it; -1 mostly. */
  readonly protocol: number
}

const recipe = (shape: number, action: number, source = ' from ', destination = ' to ', protocol = -1): Recipe => ({
  shape,
  action,
  source: ascii(source),
  destination: ascii(destination),
  word: ascii(source.trim()),
  protocol,
})

const { allow, deny, drop, end, detect, loginFailed, other } = Action
const { icmp, icmp6, tcp } = Protocol
const { pair, built, teardown, quoted, apart, opening, arrow, before, foreign, url, peer, onePeer, local, host } = Shape

/** One line a way of saying it; `600-699` in the comments are Cisco's classes of messages. */
const rows: readonly (readonly [Recipe, ...(readonly number[])])[] = [
  // 106: access lists and what the stateful engine refuses
  [recipe(pair, deny), 106001, 106006, 106007, 106012, 106015, 106016, 106017, 106019, 106020, 106021, 106022],
  [recipe(pair, deny, ' src ', ' dst '), 106010, 106011, 106023],
  // of frames that are no IP: hardware addresses
  [recipe(apart, deny, ' src ', ' dst '), 106027],
  [recipe(pair, deny, ' src ', ' dst ', icmp), 106014],
  [recipe(pair, deny, ' src ', ' dest '), 106002],
  [recipe(pair, deny, ' src ', ' dest ', icmp), 106018],
  [recipe(pair, deny, ' from ', ' to ', icmp), 106013, 313004],
  [recipe(arrow, STATED, '', ' -> '), 106100, 106102, 106103],
  [recipe(arrow, drop, '', ' ==> '), 401004],
  [recipe(pair, STATED), 108003, 108004, 108005, 108006, 108007],
  // 109, 113, 6051: who logged in, and who could not
  [recipe(apart, allow), 109005, 109007],
  [recipe(apart, loginFailed), 109006, 109008, 109033, 109034],
  [recipe(apart, deny), 109024, 109025],
  [recipe(pair, deny), 113042],
  [recipe(opening, deny, ' User at ', ''), 109017],
  [recipe(pair, other), 109001, 109002, 109010, 109023, 109028],
  [recipe(apart, loginFailed, 'user IP = ', 'server = '), 113005, 113015, 113016, 113017],
  [recipe(pair, loginFailed), 605004],
  [recipe(pair, allow), 605005],
  [recipe(opening, loginFailed, ' User authentication failed: IP ', ''), 611102],
  [recipe(opening, allow, ' User authentication succeeded: IP ', ''), 611101],
  [recipe(apart, loginFailed, '(from ', ''), 308001],
  [recipe(apart, loginFailed, ' IP ', ''), 772003, 772004],
  [recipe(peer, loginFailed), 716039],
  [recipe(peer, loginFailed), 713167],
  [recipe(onePeer, loginFailed), 713198],
  [recipe(peer, other), 113034],
  [recipe(pair, deny), 307001, 315001, 609003],
  [recipe(pair, allow), 307002, 307003, 315002, 606001, 606003],
  [recipe(pair, end, ' from ', ''), 315011],
  [recipe(pair, end), 606002, 606004],
  [recipe(apart, allow, ' Addr ', ''), 734001],
  [recipe(apart, deny, ' Addr ', ''), 734002],
  // 110, 209, 210, 212: no way, fragments, failover, SNMP
  [recipe(pair, other), 110002, 110003, 210007],
  [recipe(pair, drop, ' src ', ' dest '), 209003, 209004],
  // the guide prints it without ends
  [recipe(apart, drop, ' src ', ' dest '), 209005],
  [recipe(pair, drop), 212006],
  // 201, 407, 419: limits and odd beginnings
  [recipe(pair, detect, ' for ', ' ', tcp), 201003],
  [recipe(pair, drop), 201010, 201011, 201012, 201013],
  [recipe(before, detect, '', ' to ', tcp), 407002],
  [recipe(pair, deny, ' local-host ', ''), 407001],
  [recipe(pair, detect), 419002],
  // 302, 303, 304: sessions
  [recipe(built, allow, ' for ', ' to '), 302013, 302015, 302034],
  [recipe(built, allow), 302017],
  [recipe(pair, allow, ' for ', ' to '), 302022, 302024, 302026],
  [recipe(teardown, end, ' for ', ' to '), 302014, 302016, 302023, 302025, 302027, 302035, 302036],
  [recipe(teardown, end), 302018],
  [recipe(pair, allow), 302303, 302305],
  [recipe(pair, end), 302304, 302306],
  [recipe(foreign, allow), 302001, 302005, 302009, 302012, 302033],
  [recipe(foreign, end), 302002, 302006],
  [recipe(foreign, allow, '', '', icmp), 302020],
  [recipe(foreign, end, '', '', icmp), 302021],
  [recipe(pair, allow, ' foreign_address ', ' local_address '), 302003, 302004],
  [recipe(pair, allow), 303002],
  // behind the command that the client sent
  [recipe(apart, STATED), 303004, 303005],
  [recipe(url, allow), 304001],
  [recipe(apart, deny, ' SRC ', ' DEST '), 304002],
  // 305: translations; their second address is what the first one is mapped to
  [recipe(pair, drop, ' src ', ' dst '), 305005, 305006],
  [recipe(pair, deny, ' src ', ' dst '), 305013],
  [recipe(pair, other), 305009, 305010, 305011, 305012],
  // 313, 500: what is malformed
  [recipe(pair, deny, ' from ', ' on ', icmp), 313001],
  [recipe(pair, deny, ' from ', ' on ', icmp6), 313008],
  [recipe(pair, deny, ' source ', ' destination ', icmp), 313003],
  [recipe(quoted, deny, ' src ', ' dst ', icmp), 313005],
  [recipe(pair, deny, ' for ', ' to ', icmp), 313009],
  [recipe(pair, drop), 500003, 500004],
  [recipe(pair, other, ' src ', ' dest '), 500001, 500002],
  // 338, 400, 733: the reputation filter, the built-in IDS, threat detection
  [recipe(pair, detect), 338001, 338002, 338003, 338004, 338201, 338202, 338301],
  [recipe(pair, drop), 338005, 338006, 338007, 338008, 338203, 338204],
  [recipe(pair, allow), 338101, 338102, 338103, 338104],
  [recipe(pair, detect), ...Array.from({ length: 52 }, (_, signature) => 400000 + signature)],
  [recipe(host, detect), 733101, 733102, 733104, 733105, 733200, 733201],
  // 402 and 6023: IPsec
  [recipe(pair, drop), 402114, 402115, 402116, 402117, 402118, 402119, 402120, 402148],
  [recipe(pair, allow, ' between ', ' and '), 602303],
  [recipe(pair, end, ' between ', ' and '), 602304],
  // 405-434: inspection engines, and the modules beside them
  [recipe(pair, detect, ' from ', ''), 405001],
  [recipe(apart, detect, ' between host ', ''), 405003],
  [recipe(before, drop), 406001, 406002, 420001],
  [recipe(pair, drop), 410001, 416001, 419001, 421001, 431001, 431002, 507001, 507003],
  [recipe(pair, STATED), 410003, 410004, 415001, 415002, 415003, 415004, 415005, 415006, 415007, 415008, 415009, 415010],
  [recipe(pair, STATED), 415011, 415012, 415013, 415014, 415015, 415016, 415017, 415018, 415019, 415020],
  [recipe(pair, STATED), 420002, 420003, 423001, 423002, 423003, 423004, 423005, 429002, 429003, 434002, 434003, 607002, 607003],
  [recipe(pair, deny), 418001, 509001],
  [recipe(apart, deny, ' denied: ', ' '), 424001],
  [recipe(pair, other), 419003, 421002, 421005, 421007, 434001, 434004],
  [recipe(apart, other, ' to ', ' for '), 607001, 608001],
  // 710: to the box itself
  [recipe(pair, STATED), 710001, 710002, 710003, 710005, 710006, 710007],
  [recipe(pair, deny), 710004],
  // 609, 7xx: hosts, tunnels, TLS
  [recipe(pair, other, ' local-host ', ''), 609001, 609002],
  [recipe(peer, allow), 113039, 716001, 722022, 722033, 722034],
  [recipe(peer, end), 113019, 716002, 722023, 722028, 722032, 722037],
  [recipe(peer, deny), 113030, 113033, 113038],
  [recipe(apart, allow, ' Connection from ', ' IP '), 716059],
  [recipe(local, other), 750001, 750002, 750003, 750006, 750007, 750008, 751002, 751006, 751008, 751011, 751014, 751025],
  [recipe(pair, other, ' client ', ' to '), 725001, 725002, 725003, 725006, 725016],
  [recipe(pair, end, ' client ', ' to '), 725007],
  [recipe(pair, other), 805001, 805002, 805003],
  [recipe(Shape.fields, allow), 430002, 430003],
  [recipe(Shape.fields, detect), 430001, 430005],
  [recipe(Shape.fields, other), 430004],
]

const recipes: ReadonlyMap<number, Recipe> = new Map(rows.flatMap(([how, ...ids]) => ids.map(id => [id, how] as const)))

/** Classes (the first three digits) about the box itself: failover, configuration, routing, hardware, certificates, addresses given out. */
const ownClasses = [
  '101 102 103 104 105 107 111 112 114 115 120 199 208 211 213 214 215 216 217 218 219 311 315 316 317 318 319 320 321 322',
  '323 324 325 326 327 328 329 331 332 333 334 335 336 337 339 340 341 342 403 404 408 409 411 412 413 414 417 425 426 427',
  '444 445 446 447 448 450 502 503 504 505 506 520 603 604 611 612 613 614 615 616 617 618 620 621 622 623 701 702 703 709',
  '711 714 715 717 718 719 720 721 730 731 732 735 736 737 739 741 742 743 746 747 748 752 755 761 762 763 764 765 766 767',
  '768 769 770 771 772 774 775 776 777 778 779 780 802 803 804 810 815 820 850',
]
const isOwnClass = new Uint8Array(1000)
for (const line of ownClasses) for (const name of line.split(' ')) isOwnClass[Number(name)] = 1

const ignored = recipe(Shape.ignored, other)
const unlistedPeer = recipe(peer, other)
const unlisted = recipe(Shape.any, STATED)
/** Classes whose messages begin with the group, the user and the address of a VPN's peer. */
const peerClasses: ReadonlySet<number> = new Set([113, 713, 716, 722, 751])

/** How to read the message with this number. */
export function recipeFor(id: number): Recipe {
  const listed = recipes.get(id)
  if (listed !== undefined) return listed
  const family = Math.floor(id / 1000)
  if (isOwnClass[family] === 1) return ignored
  return peerClasses.has(family) ? unlistedPeer : unlisted
}

/** What is tried for numbers not listed. */
export const unlistedPairs: readonly Recipe[] = [
  recipe(pair, STATED, ' src ', ' dst '),
  recipe(pair, STATED),
  recipe(pair, STATED, ' for ', ' to '),
]
