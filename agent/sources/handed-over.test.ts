import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { descriptorOf } from '../testing/held-sockets.ts'
import { parseHandedOver } from './handed-over.ts'

const environment = (fds: string, names: string, owner = '7') => ({ LISTEN_PID: owner, LISTEN_FDS: fds, LISTEN_FDNAMES: names })

t.test('reads which socket is for which source', async test => {
  test.same(parseHandedOver(environment('3', 'udp:tcp:tls'), 7), { udp: 3, tcp: 4, tls: 5 })
  test.same(parseHandedOver(environment('2', 'tls:udp'), 7), { tls: 3, udp: 4 })
  test.same(parseHandedOver(environment('2', 'other:tcp'), 7), { tcp: 4 })
  // what systemd keeps for us comes after the sockets that it opened
  test.same(parseHandedOver(environment('4', 'udp:tcp:tls:nflog'), 7), { udp: 3, tcp: 4, tls: 5, nflog: 6 })
  test.same(parseHandedOver(environment('1', 'nflog'), 7), { nflog: 3 })
})

t.test('connections that the agent before left come with the time since when', async test => {
  const names = 'udp:unfinished-812:connection-812:nflog:connection-9:connection-:connection-1x:unfinished'
  test.same(parseHandedOver(environment('8', names), 7), {
    udp: 3,
    nflog: 6,
    kept: [
      { kind: 'unfinished', since: 812, descriptor: 4 },
      { kind: 'connection', since: 812, descriptor: 5 },
      { kind: 'connection', since: 9, descriptor: 7 },
    ],
  })
  const many = ['tcp', ...Array.from({ length: 1100 }, () => 'connection-812')]
  test.equal(parseHandedOver(environment(String(many.length), many.join(':')), 7).kept?.length, 1100)
})

t.test('takes no socket that is meant for another process, or none', async test => {
  test.same(parseHandedOver(environment('1', 'udp', '8'), 7), {})
  test.same(parseHandedOver(environment('1', 'udp', '07'), 7), {})
  test.same(parseHandedOver({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'udp' }, 7), {})
  test.same(parseHandedOver(environment('0', ''), 7), {})
  test.same(parseHandedOver({}, 7), {})
})

t.test('refuses numbers and names that do not fit together', async test => {
  for (const wrong of [
    environment('1201', 'udp'),
    environment('-1', 'udp'),
    environment('1e1', 'udp'),
    environment('', 'udp'),
    environment('99999', 'udp'),
  ])
    test.throws(() => parseHandedOver(wrong, 7), { code: 'listen-failed' }, wrong.LISTEN_FDS)
  test.throws(() => parseHandedOver(environment('2', 'udp'), 7), { code: 'listen-failed' })
  test.throws(() => parseHandedOver({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7), { code: 'listen-failed' })
  test.throws(() => parseHandedOver(environment('2', 'udp:udp'), 7), { code: 'listen-failed' })
  test.throws(() => parseHandedOver(environment('2', 'nflog:nflog'), 7), { code: 'listen-failed' })
})

// LISTEN_PID is the child's own, which only the child knows: systemd writes it between fork and exec
const program = `
  const { parseHandedOver } = await import('./handed-over.ts')
  const { openSyslogTcp } = await import('./syslog/syslog-tcp.ts')
  const { openUdp } = await import('node-netfilter-log')
  const { openSyslogUdp } = await import('./syslog/syslog-udp.ts')
  const fds = parseHandedOver({ ...process.env, LISTEN_PID: String(process.pid) }, process.pid)
  const sink = { deliver: (bytes, start, end, peer) => console.log(peer + ' ' + Buffer.from(bytes).toString('latin1', start, end)), refuse: () => {} }
  const place = { host: '::', port: 1, sink }
  const sources = [await openSyslogUdp(openUdp, { ...place, fd: fds.udp }), await openSyslogTcp({ ...place, fd: fds.tcp })]
  console.log('listening ' + sources.map(source => source.address).join(' '))
  process.stdin.on('end', async () => { for (const source of sources) await source.close() }).resume()
`

t.test('a process listens on the sockets it was started with', async test => {
  const server = createServer()
  const socket = createSocket('udp4')
  const tcp = await descriptorOf(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  const udp = await descriptorOf(async () => {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  })
  const tcpAddress = server.address() as { port: number }
  const udpPort = socket.address().port
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'udp:tcp' },
    stdio: ['pipe', 'pipe', 'inherit', udp, tcp],
  })
  // the child has its own descriptors of both; node reads from every socket it has open, so these go
  socket.close()
  server.close()
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('no pipes')
  let said = ''
  stdout.on('data', text => {
    said += text
  })
  const says = async (text: string) => {
    while (!said.includes(text)) await once(stdout, 'data')
  }
  await says(`listening 127.0.0.1:${udpPort} 127.0.0.1:${tcpAddress.port}`)
  const sender = createSocket('udp4')
  sender.send('<1>over udp', udpPort, '127.0.0.1')
  const client = connect(tcpAddress.port, '127.0.0.1')
  client.write('<2>over tcp\n')
  await says('127.0.0.1 <1>over udp')
  await says('127.0.0.1 <2>over tcp')
  client.destroy()
  stdin.end()
  const [code] = await once(child, 'exit')
  test.equal(code, 0)
  sender.close()
})
