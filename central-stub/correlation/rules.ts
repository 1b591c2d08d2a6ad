// What central finds, as a table: one row a rule. The numbers are those of Zeek (15 ports, 25 hosts), CrowdSec (6 failed logins in
// a day) and others, as docs/decisions/0034 lists them. The SQL that proves a rule is in prove-scans.ts and prove-attempts.ts.

export const ruleKeys = [
  'vertical',
  'horizontal',
  'random',
  'slow',
  'guessing',
  'spraying',
  'exploit',
  'detected-inside',
  'got-in',
] as const
export type RuleKey = (typeof ruleKeys)[number]

/** The thresholds, all in one place. */
export const limits = {
  /** Ports of one address, in this hour of the clock and the one before. */
  verticalPorts: 15,
  /** The same if one of them was allowed or detected. */
  verticalPortsBesideOpen: 8,
  /** Refused ports right beside an allowed one: nobody tries 3388, 3387 and 3386 who wants 3389. */
  neighbours: 3,
  /** How far from the allowed port they may be. */
  neighbourDistance: 8,
  /** Addresses asked for one port, in the same two hours. */
  horizontalTargets: 25,
  /** Pairs of address and port, in the same two hours. */
  randomPairs: 25,
  slowPorts: 15,
  slowTargets: 10,
  slowDays: 3,
  /** Days that a slow scan may take. */
  slowWindowDays: 30,
  guesses: 10,
  guessesInDay: 6,
  /** Hours over which the guesses of a day must be spread. */
  guessesSpreadHours: 4,
  sprayedMembers: 5,
  /** Failed logins at one member in an hour; more of them are guessing. */
  sprayedPerHour: 5,
  /** Failed logins that make an allowed connection one that got in. */
  triesBeforeGettingIn: 5,
  /** Hours in which it does so. */
  gettingInHours: 24,
  /** Seconds after a scan from which an allowed connection is not a part of it. */
  cameBackSeconds: 600,
} as const

export interface Rule {
  readonly key: RuleKey
  readonly title: string
  /** What has to be seen, in words. */
  readonly fires: string
  /** What its number counts. */
  readonly unit: string
  /** Techniques of MITRE ATT&CK. */
  readonly techniques: readonly string[]
  /** What a member should do about it. */
  readonly advice: string
}

export const rules: Readonly<Record<RuleKey, Rule>> = {
  vertical: {
    key: 'vertical',
    title: 'scan of the ports of one address',
    fires: `${limits.verticalPorts} ports of one address within two hours of the clock; ${limits.verticalPortsBesideOpen} if one was open; ${limits.neighbours} refused right beside one that was allowed`,
    unit: 'ports',
    techniques: ['T1046', 'T1595.001'],
    advice: 'Close the ports that need not be open. If one was allowed, check that it is meant to be, and who used it.',
  },
  horizontal: {
    key: 'horizontal',
    title: 'search for one service at many addresses',
    fires: `one port of ${limits.horizontalTargets} addresses within two hours of the clock`,
    unit: 'addresses',
    techniques: ['T1595.001'],
    advice: 'Nothing, if you do not offer this service. If you do, install its updates and let only known addresses use it.',
  },
  random: {
    key: 'random',
    title: 'scan of many addresses and ports',
    fires: `${limits.randomPairs} pairs of address and port within two hours of the clock, and neither of the two above`,
    unit: 'pairs of address and port',
    techniques: ['T1595.001'],
    advice: 'Nothing, if all of it was refused. Check that every port that answers is meant to be open.',
  },
  slow: {
    key: 'slow',
    title: 'slow scan',
    fires: `${limits.slowPorts} ports or ${limits.slowTargets} addresses on ${limits.slowDays} days of ${limits.slowWindowDays}, never many at once`,
    unit: 'ports or addresses',
    techniques: ['T1595.001'],
    advice: 'Somebody takes care not to be noticed. Block the source, and look at what it asked for.',
  },
  guessing: {
    key: 'guessing',
    title: 'guessing of passwords',
    fires: `${limits.guesses} failed logins at one member within two hours of the clock, or ${limits.guessesInDay} in a day over ${limits.guessesSpreadHours} hours`,
    unit: 'failed logins',
    techniques: ['T1110.001'],
    advice: 'Let only known addresses log in there, use keys or a second factor, and block the source.',
  },
  spraying: {
    key: 'spraying',
    title: 'a few passwords tried at many members',
    fires: `failed logins at ${limits.sprayedMembers} members in a day, at most ${limits.sprayedPerHour} an hour at each`,
    unit: 'members',
    techniques: ['T1110.003'],
    advice: 'Use a second factor for every login from outside; a lock after many failures does not stop this. Block the source.',
  },
  exploit: {
    key: 'exploit',
    title: 'a known attack was detected',
    fires: 'any detection of your firewall whose source is outside',
    unit: 'detections',
    techniques: ['T1190'],
    advice: 'Look the signature up at your firewall, install the updates of the service it concerns, and check its log of that time.',
  },
  'detected-inside': {
    key: 'detected-inside',
    title: 'something harmful was detected at a device of yours',
    fires: 'any detection of your firewall whose source is inside',
    unit: 'detections',
    techniques: ['T1071'],
    advice: 'Find the device (on the box: cyberalarm who), take it off the network and examine it.',
  },
  'got-in': {
    key: 'got-in',
    title: 'a connection was allowed after attempts',
    fires: `an allowed connection to an administration port within ${limits.gettingInHours} hours of ${limits.triesBeforeGettingIn} failed logins or of a scan from the same source`,
    unit: 'allowed connections',
    techniques: ['T1078'],
    advice: 'Check at once whether this was one of you. If not: end the session, change the passwords, and keep the logs.',
  },
}
