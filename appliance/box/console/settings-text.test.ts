import t from 'tap'
import { valuesOf, withValues } from './settings-text.ts'

t.test('changes lines, adds what is missing, takes empty ones away, and leaves the rest as it is', async t => {
  const text = '# ours\nhost.name = old\nuplink.proxy = http://proxy.example:3128\n\nmember.networks = "198.51.100.0/24"\n'
  t.equal(
    withValues(text, { 'host.name': 'new', 'uplink.proxy': '', 'network.dns': '192.0.2.53', 'time.servers': '' }),
    '# ours\nhost.name = new\n\nmember.networks = "198.51.100.0/24"\nnetwork.dns = 192.0.2.53\n',
  )
  t.equal(withValues('', {}), '')
  t.equal(withValues('', { a: '1' }), 'a = 1\n')
  t.equal(withValues('a = 1\na = 2\n', { a: '3' }), 'a = 3\n')
})

t.test('reads what it wrote', async t => {
  t.same(valuesOf('\uFEFFa = 1\r\n# b = 2\r\nc="x y"\r\nnothing\n'), { a: '1', c: 'x y' })
})
