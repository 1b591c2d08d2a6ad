import t from 'tap'
import { parseOpenPort } from './open-port.ts'

t.test('a port is opened to a network, and to nothing else', async t => {
  t.strictSame(parseOpenPort('tcp/22@192.0.2.0/24'), { transport: 'tcp', port: 22, network: '192.0.2.0/24' })
  t.strictSame(parseOpenPort('udp/161@2001:db8::/64'), { transport: 'udp', port: 161, network: '2001:db8::/64' })
  const wrong = ['tcp/22', 'tcp/0@192.0.2.0/24', 'tcp/65536@192.0.2.0/24', 'icmp/1@192.0.2.0/24', 'tcp/22@192.0.2.1', 'tcp/22@192.0.2.0/33']
  const everybody = ['tcp/22@0.0.0.0/0', 'tcp/22@::/0']
  const injected = ['tcp/22@192.0.2.0/24;accept', 'tcp/22@192.0.2.0/24\naccept', 'tcp/22 accept@192.0.2.0/24', 'tcp/22@fe80::1%eth0/64']
  for (const text of [...wrong, ...everybody, ...injected]) t.equal(parseOpenPort(text), undefined, JSON.stringify(text))
})
