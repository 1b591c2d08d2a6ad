import t from 'tap'
import { actionNames, EventRecord } from '../../event.ts'
import { readRulePrefix } from './rule-prefix.ts'

function read(prefix: string): string {
  const event = new EventRecord()
  // a word on either side is no part of the prefix
  const bytes = Buffer.from(`DROP${prefix}REJECT`)
  readRulePrefix(bytes, 4, 4 + Buffer.byteLength(prefix), event)
  return `${actionNames[event.action]}${event.rule < 0 ? '' : ` ${event.rule}`}`
}

t.test('reads the action and the number of a rule from the prefixes of each product', async t => {
  for (const [prefix, expected] of [
    ['DROP ', 'drop'],
    ['[UFW BLOCK] ', 'deny'],
    ['Shorewall:net-fw:REJECT:', 'reject'],
    ['FINAL_REJECT: ', 'reject'],
    ['[WAN_IN-2000-D]', 'drop 2000'],
    ['[WAN_IN-default-A]', 'allow'],
    ['[LAN_IN-A-4294967295]', 'allow 4294967295'],
    ['[LAN_IN-A-4294967296]', 'allow'],
    ['[PREROUTING-DNAT-3] ', 'allow 3'],
    ['[CA-DROP] ', 'drop'],
  ])
    t.equal(read(prefix), expected, prefix)
})

t.test('the last word decides, and a part of a word is none', async t => {
  t.equal(read('filter_FWD_block_ACCEPT: '), 'allow')
  for (const prefix of ['', ' ', '[]', '[-]', 'dropbox: ', 'passage', '[a-b', 'IN']) t.equal(read(prefix), 'other', prefix)
})
