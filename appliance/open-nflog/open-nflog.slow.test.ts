import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { whyNoNamespace } from '../../agent/node-netfilter-log/test-support.ts'
import { temporaryFolder } from '../../agent/testing/harness.ts'
import { buildManager, inNamespace, openNflogProgram as program, withoutCapabilities } from './test-support.ts'

const skip = whyNoNamespace() ?? false
const manager = skip === false ? buildManager(t) : ''
/** What the kernel's table says of each group: group, portid, waiting, copy mode, copy range, timeout, references. */
const table = 'cat /proc/self/net/netfilter/nfnetlink_log'

/** The lines of a run, with spaces made one and process ids made N. */
const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map(line =>
      line
        .trim()
        .replace(/ +/g, ' ')
        .replace(/service is \d+/, 'service is N'),
    )
/** Group, copy mode, copy range and timeout of each line of the table. */
const rows = (text: string): string[] =>
  lines(text).flatMap(line => /^(\d+) \d+ \d+ (\d+ \d+ \d+) \d+$/.exec(line)?.slice(1).join(' ') ?? [])
const stores = [
  'received FDSTOREREMOVE=1 FDNAME=nflog',
  'received FDSTORE=1 FDNAME=nflog FDPOLL=0, with a descriptor',
  'received BARRIER=1, with a descriptor',
]

t.test('refuses groups that are none, and opens nothing', { skip }, async t => {
  const many = Array.from({ length: 33 }, (_, i) => String(i))
  for (const args of [
    [],
    ['x'],
    [''],
    ['-1'],
    ['+1'],
    ['65536'],
    ['1e1'],
    ['0x10'],
    ['514 '],
    ['000514'],
    ['514', '514'],
    ['514,515'],
    many,
  ]) {
    const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8', env: { NOTIFY_SOCKET: '@none' } })
    t.equal(status, 2, args.join(' '))
    t.match(stderr, /^open-nflog: name 1 to 32 different groups .*\n$/)
    t.equal(stdout, '')
  }
})

t.test('names what is missing around it', { skip }, async t => {
  t.match(inNamespace(`env -u NOTIFY_SOCKET ${program} 514; echo $?`), /there is no NOTIFY_SOCKET.*NotifyAccess=exec\n1\n/)
  for (const address of ['@nobody', '/nowhere/notify', 'vsock:2:1', `/${'x'.repeat(108)}`])
    t.match(inNamespace(`NOTIFY_SOCKET=${address} ${program} 514; echo $?; ${table}`), /cannot talk to systemd: .*\n1\n$/, address)
  const bare = withoutCapabilities.join(' ')
  t.match(inNamespace(`NOTIFY_SOCKET=@nobody ${bare} ${program} 514; echo $?`), /cannot listen without CAP_NET_ADMIN: .*\n1\n$/)
  const output = inNamespace(`${manager} @systemd 0 ${program} 514 -- ${table}`)
  t.match(
    output,
    /systemd did not keep the socket: the unit needs FileDescriptorStoreMax=1\nbefore ended with 1\nservice is \d+, without a socket\n$/,
  )
})

t.test('stores one socket, set as the agent would, and it stays when the program has ended', { skip }, async t => {
  for (const address of ['@systemd', join(temporaryFolder(t), 'notify')]) {
    const output = inNamespace(`${manager} ${address} 1 ${program} 514 65535 0 -- ${table}`)
    t.same(lines(output).slice(0, 5), [...stores, 'before ended with 0', 'service is N, with a socket'])
    t.same(rows(output), ['0 2 96 10', '514 2 96 10', '65535 2 96 10'])
  }
})

t.test('leaves a stored socket alone while the groups are the same', { skip }, async t => {
  const output = inNamespace(`${manager} @systemd 1 sh -ec '${program} 514; ${table}; ${program} 514; ${table}' -- true`)
  t.same(
    lines(output).filter(line => line.startsWith('received')),
    stores,
  )
  t.match(output, /\nopen-nflog: the groups have their listener already\n/)
  const [first, second] = lines(output).filter(line => line.startsWith('514'))
  t.equal(first, second, 'it is the same socket')
})

t.test('when the groups change, the stored socket goes first', { skip }, async t => {
  for (const [before, after] of [
    ['514', '514 515'],
    ['514', '600'],
    ['514 515', '--anew 515'],
  ]) {
    const output = inNamespace(`${manager} @systemd 1 sh -ec '${program} ${before}; ${program} ${after}' -- ${table}`)
    t.same(
      lines(output).filter(line => line.startsWith('received')),
      [...stores, ...stores],
    )
    t.match(output, /before ended with 0\nservice is \d+, with a socket/)
    t.same(
      rows(output).map(row => row.split(' ')[0]),
      after.replace('--anew ', '').split(' '),
    )
  }
})

t.test('leaves nothing with systemd when there are no groups any more', { skip }, async t => {
  const output = inNamespace(`${manager} @systemd 1 sh -ec '${program} 514; ${program} --anew' -- ${table}`)
  t.match(output, /before ended with 0\nservice is \d+, without a socket/)
  t.same(rows(output), [])
})

t.test('takes no group from another program, and keeps none of the others then', { skip }, async t => {
  const inner = `${manager} @inner 1 ${program} 514 515 -- ${table}`
  const output = inNamespace(`${manager} @outer 1 ${program} 515 -- ${inner}`)
  t.match(output, /cannot listen: another program has one of the groups: .*\nbefore ended with 1\nservice is \d+, without a socket/)
  t.same(rows(output), ['515 2 96 10'])
  const all = inNamespace(`${manager} @outer 1 ${program} 515 -- ${manager} @inner 1 ${program} 515 -- true`)
  t.match(all, /the groups have their listener already\nbefore ended with 0\nservice is \d+, without a socket\n$/, 'which the agent tells')
})
