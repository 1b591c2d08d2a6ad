import t from 'tap'
import { defaultRoutes } from './default-routes.ts'

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const four = (to: string, mask: string, flags = '0003') => `${head}eth0\t${to}\t010200C0\t${flags}\t0\t0\t1024\t${mask}\t0\t0\t0\n`
const six = (length: string, flags = '00450003', card = 'eth0') =>
  `${'0'.repeat(32)} ${length} ${'0'.repeat(32)} 00 fe800000000000000000000000000001 00000400 00000001 00000000 ${flags}     ${card}\n`

t.test('a way out is a route to everywhere that is used', async t => {
  t.strictSame(defaultRoutes(four('00000000', '00000000'), six('00')), [4, 6])
  t.strictSame(defaultRoutes(four('000200C0', '00FFFFFF'), six('40')), [], 'a route to the own network is none')
  t.strictSame(defaultRoutes(four('00000000', '000000F0'), ''), [], 'nor half of everywhere')
  t.strictSame(defaultRoutes(four('00000000', '00000000', '0203'), six('00', '00200200', 'lo')), [], 'nor one that only says no')
  t.strictSame(defaultRoutes('', ''), [])
  t.strictSame(defaultRoutes(head, 'nonsense\n'), [])
})
