// The commands of the makers as one table. Private keys are named by the path of their file, so that a stick is in the machine for
// as long as it signs and no longer; the public halves are files that may lie anywhere.
import { join } from 'node:path'
import { UsageError, wholeNumber } from '../../agent/lib/command-line.ts'
import type { Command as CommandLine, Options, Values } from '../../agent/lib/command-table.ts'
import { parseManifest } from '../../agent/update/manifest.ts'
import { promote, publish, releaseOf, setPaused, usualWaves } from './channels.ts'
import { exportForImages } from './for-images.ts'
import { makeKey, readPublicKey, readSigningKey } from './key-files.ts'
import { sumOf, writeOffline } from './offline.ts'
import { rehearse } from './rehearsal.ts'
import { addRelease } from './releases.ts'
import { Repository, type RoleName, roleNames, type Signed } from './repository.ts'
import { show } from './show.ts'
import { initialise, renew, replaceKey } from './trust.ts'
import { readNamed } from './words.ts'

interface Command<O extends Options = Options> extends CommandLine<O> {
  run(values: Values<O>): Promise<void> | void
}
const command = <const O extends Options>(row: Command<O>): Command => row

const repository = { value: 'DIR', help: 'the repository: what central serves', required: true } as const
const keys = { value: 'FILES', help: 'private keys that sign, between commas', required: true } as const
const channel = { value: 'NAME', help: 'the channel, for example stable', required: true } as const
const files = (list: string) => list.split(',').filter(name => name !== '')
const signing = (list: string) => files(list).map(readSigningKey)
const publicKeys = (list: string) => files(list).map(readPublicKey)
const typed = 'node scripts/updates.ts'

export const commands: readonly Command[] = [
  command({
    name: 'keys',
    summary: 'make keys, each a private NAME.pem and a public NAME.pub',
    help: `Each holder makes the keys root and targets on an encrypted stick of their own, on a machine without a network.
Two of three holders sign; no stick holds the keys of two. The server makes channels, snapshot and timestamp.
A key is never written over.`,
    example: `${typed} keys --folder /media/anna --names root,targets\n${typed} keys --folder online --names channels,snapshot,timestamp`,
    options: {
      folder: { value: 'DIR', help: 'where they lie; made if need be', required: true },
      names: { value: 'NAMES', help: 'names of the keys, between commas', required: true },
    },
    run: ({ folder, names }) => {
      if (files(names).length === 0) throw new UsageError('--names names no key: --names root,targets')
      for (const name of files(names)) {
        makeKey(folder, name)
        console.log(`${folder}/${name}.pem: private, stays here. ${folder}/${name}.pub: public, for everybody.`)
      }
    },
  }),
  command({
    name: 'init',
    summary: 'make root 1 and an empty list of releases',
    help: `Takes the public keys of three holders for root and for targets, and one for each other role; signs with the private
keys of two holders. metadata/1.root.json is the root of trust that images carry.
development: another root, for images of developers; whatever it signs ends after 30 days. An environment never changes.`,
    example: `${typed} init --repository repo --environment production --root a/root.pub,b/root.pub,c/root.pub \\
  --targets a/targets.pub,b/targets.pub,c/targets.pub --channels online/channels.pub --snapshot online/snapshot.pub \\
  --timestamp online/timestamp.pub --keys a/root.pem,b/root.pem,a/targets.pem,b/targets.pem`,
    options: {
      repository,
      environment: { value: 'NAME', help: 'production or development', required: true },
      root: { value: 'FILES', help: 'three public keys', required: true },
      targets: { value: 'FILES', help: 'three public keys', required: true },
      channels: { value: 'FILE', help: 'public key', required: true },
      snapshot: { value: 'FILE', help: 'public key', required: true },
      timestamp: { value: 'FILE', help: 'public key', required: true },
      keys,
    },
    run: values => {
      const { environment } = values
      if (environment !== 'production' && environment !== 'development') throw new Error('--environment is production or development')
      const holders = Object.fromEntries(roleNames.map(role => [role, publicKeys(values[role])])) as Record<
        RoleName,
        ReturnType<typeof publicKeys>
      >
      initialise(new Repository(values.repository), environment, holders, signing(values.keys), Date.now())
      const root = join(values.repository, 'metadata/1.root.json')
      console.log(`${root}: the root of trust. SHA-256, to be compared aloud:\n${sumOf(root)}`)
    },
  }),
  command({
    name: 'release',
    summary: 'sign a release and take its parts into the repository',
    help: `Two holders sign, each with the key targets: the manifest, so that the box can check it at each start, and the list
of all files. Boxes see nothing of it before \`promote\` and \`publish\`.`,
    example: `${typed} release --repository repo --manifest build/parts/manifest --parts build/parts/parts --keys a/targets.pem,b/targets.pem`,
    options: {
      repository,
      manifest: { value: 'FILE', help: 'the manifest (docs/updates.md)', required: true },
      parts: { value: 'DIR', help: 'folder with ROOT-HASH.img for each part', required: true },
      keys,
    },
    run: values => {
      const manifest = parseManifest(readNamed(values.manifest))
      addRelease(new Repository(values.repository), manifest, values.parts, signing(values.keys), Date.now())
      console.log(`Release ${manifest.number} (${manifest.version}) is signed. Next: \`promote\` it to a channel.`)
    },
  }),
  command({
    name: 'promote',
    summary: 'offer a release on a channel',
    help: `A release that was good on one channel goes to the next: --from. In waves: a hundredth of the boxes within 4 hours,
a tenth within a day, half within 3 days, all within 6; --at-once for all boxes now. Then \`publish\`.`,
    example: `${typed} promote --repository repo --from candidate --channel stable --keys online/channels.pem`,
    options: {
      repository,
      channel,
      from: { value: 'NAME', help: 'the channel whose release it is' },
      release: { value: 'NUMBER', help: 'the number of the release, in place of --from' },
      'not-before': { value: 'TIME', help: 'no box before this, for example 2026-12-01T02:00:00Z; without it, now' },
      'min-from': { value: 'NUMBER', help: 'boxes with an older release take another one first', default: '0' },
      'at-once': { help: 'no waves' },
      keys,
    },
    run: values => {
      const of = new Repository(values.repository)
      const { from, release, 'not-before': begins } = values
      if ((from === undefined) === (release === undefined)) throw new Error('give --from or --release')
      const number = from === undefined ? wholeNumber('release', release ?? '', 1, 999_999_999) : releaseOf(of, from)
      const notBefore = begins === undefined ? Date.now() : Date.parse(begins)
      if (Number.isNaN(notBefore) || (begins !== undefined && !/^20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(begins)))
        throw new UsageError(`--not-before is a time in UTC such as 2026-12-01T02:00:00Z, not '${begins}'`)
      const minFrom = wholeNumber('min-from', values['min-from'], 0, 999_999_999)
      const waves = values['at-once'] ? [] : usualWaves
      promote(of, { channel: values.channel, release: number, notBefore, waves, minFrom }, signing(values.keys), Date.now())
      const when = `from ${new Date(notBefore).toISOString()} on, ${values['at-once'] ? 'all boxes at once' : 'in waves over six days'}`
      console.log(`Channel ${values.channel} offers release ${number}, ${when}. Next: \`publish\`, or nobody learns of it.`)
    },
  }),
  ...[true, false].map(isPaused =>
    command({
      name: isPaused ? 'pause' : 'resume',
      summary: isPaused ? 'let no further box take the release of a channel' : 'take a pause back',
      help: isPaused
        ? 'For when a release turns out to be bad. Boxes that have it keep it. Then `publish`, or nobody learns of it.'
        : 'Waves go on as if there had been no pause. Then `publish`.',
      example: `${typed} ${isPaused ? 'pause' : 'resume'} --repository repo --channel stable --keys online/channels.pem`,
      options: { repository, channel, keys },
      run: values => {
        setPaused(new Repository(values.repository), values.channel, isPaused, signing(values.keys), Date.now())
        console.log(`Channel ${values.channel} is ${isPaused ? 'paused' : 'resumed'}. Next: \`publish\`, or nobody learns of it.`)
      },
    }),
  ),
  command({
    name: 'publish',
    summary: 'show boxes what was signed; to be run each day as well',
    help: `Signs snapshot and timestamp, on the server. The timestamp ends after 3 days, so that nobody can hold back what is new
without boxes noticing: run it each day from a timer.`,
    example: `${typed} publish --repository repo --keys online/snapshot.pem,online/timestamp.pem`,
    options: { repository, keys },
    run: values => {
      const of = new Repository(values.repository)
      publish(of, signing(values.keys), Date.now())
      console.log(`Published. Boxes believe it until ${of.read<Signed>('timestamp').expires}: publish again each day.`)
    },
  }),
  command({
    name: 'revoke',
    summary: 'take a key from a role, and give the role another one',
    help: `root, targets, snapshot, timestamp: a new root, signed with two root keys that had a say before and two that have it now.
targets: also all releases and their list, signed again with two keys targets that are good.
channels: the list of releases, with two keys targets; then \`renew --role channels\` with the new key.
Then \`publish\`. Rotating a root key is the same with --role root.`,
    example: `${typed} revoke --repository repo --role targets --key a/targets.pub --by d/targets.pub --keys b/root.pem,c/root.pem,b/targets.pem,d/targets.pem`,
    options: {
      repository,
      role: { value: 'ROLE', help: 'root, targets, channels, snapshot or timestamp', required: true },
      key: { value: 'FILE', help: 'public half of the key that goes', required: true },
      by: { value: 'FILE', help: 'public half of the key that comes', required: true },
      keys,
    },
    run: values => {
      const role = roleNames.find(name => name === values.role)
      if (role === undefined) throw new Error(`there is no role '${values.role}'`)
      const [old, fresh] = [readPublicKey(values.key), readPublicKey(values.by)]
      replaceKey(new Repository(values.repository), role, old, fresh, signing(values.keys), Date.now())
      const next = role === 'channels' ? '`renew --role channels` with the new key, then `publish`' : '`publish`'
      console.log(`${values.key} signs ${role} no more, ${values.by} does. Next, at once: ${next}.`)
    },
  }),
  command({
    name: 'renew',
    summary: 'sign a role again for another term',
    help: `A month before the end that \`show\` tells, or after one of its keys was revoked. root and targets: two holders.
A new root is seen by boxes at once, the others after \`publish\`.`,
    example: `${typed} renew --repository repo --role root --keys a/root.pem,c/root.pem`,
    options: { repository, role: { value: 'ROLE', help: 'root, targets or channels', required: true }, keys },
    run: values => {
      const { role } = values
      if (role !== 'root' && role !== 'targets' && role !== 'channels') throw new Error(`'${role}' is not root, targets or channels`)
      const of = new Repository(values.repository)
      renew(of, role, signing(values.keys), Date.now())
      console.log(`${role} is signed until ${of.read<Signed>(role).expires}.${role === 'root' ? '' : ' Next: `publish`.'}`)
    },
  }),
  command({
    name: 'offline',
    summary: 'write what a channel offers into one file, for boxes that reach no central',
    help: `Holds what is published and nothing else, so that no key is needed. Boxes take it until its timestamp ends, three
days after \`publish\`: make it on the day it is carried. On a USB stick (FAT32) it is called cyberalarm-update.tar.`,
    example: `${typed} offline --repository repo --channel stable --out cyberalarm-update.tar`,
    options: { repository, channel, out: { value: 'FILE', help: 'written anew', required: true } },
    run: ({ repository: folder, channel: name, out }) => {
      const until = writeOffline(new Repository(folder), name, out)
      console.log(`${out}: boxes take it until ${until}\nSHA-256 ${sumOf(out)}`)
    },
  }),
  command({
    name: 'for-images',
    summary: 'write what images carry: the root of trust, and the keys of releases',
    help: `Writes update-root.json and keys/1.pem to keys/3.pem, public halves all, for /usr/lib/cyberalarm of an image. Make it
anew after a key was revoked. Keys of developers are refused without --development, so that no image for members trusts them.`,
    example: `${typed} for-images --repository repo --folder build/trust`,
    options: {
      repository,
      folder: { value: 'DIR', help: 'where they lie; made if need be', required: true },
      development: { help: 'an image for developers, from a repository of development keys' },
    },
    run: values => {
      exportForImages(new Repository(values.repository), values.folder, !values.development)
      console.log(`${values.folder}: update-root.json and keys/, for \`make appliance\` with UPDATE_TRUST=${values.folder}`)
    },
  }),
  command({
    name: 'show',
    summary: 'show roles, ends of validity, releases and channels',
    help: 'What ends within a quarter of its time is marked with !.',
    example: `${typed} show --repository repo`,
    options: { repository },
    run: values => console.log(show(new Repository(values.repository), Date.now())),
  }),
  command({
    name: 'rehearsal',
    summary: 'do all of it in a folder that is thrown away',
    help: 'With a real central and the client of a box. Ends with 1 if the box does not say what it has to.',
    example: `${typed} rehearsal`,
    options: {},
    run: () => rehearse(line => console.log(line)),
  }),
]
