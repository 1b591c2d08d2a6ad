import t from 'tap'
import { hasPorts, readProtocol } from './protocols.ts'

const read = (text: string): number => readProtocol(Buffer.from(text), 0, text.length)

t.test('reads numbers and names of protocols in either case', async t => {
  t.same(['6', '17', '0', '255', 'tcp', 'UDP', 'ICMPv6', 'IPv6-ICMP', 'Gre', 'HOPOPT'].map(read), [6, 17, 0, 255, 6, 17, 58, 58, 47, 0])
})

t.test('refuses what is none', async t => {
  t.same(['', '256', '999', '1000', '-1', 'tcp/443', 'tcpp', 'unknown'].map(read), [-1, -1, -1, -1, -1, -1, -1, -1])
})

t.test('ICMP has no ports, whatever stands in their place', async t => {
  t.same([1, 58, 6, 17, -1].map(hasPorts), [false, false, true, true, true])
})
