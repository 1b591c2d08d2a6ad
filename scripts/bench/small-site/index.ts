// What a small site costs on the wire: 10,000 suspicious events a day, one each nine seconds, from the message to the receipt of a real
// central over TLS, with a clock of its own. Prints batches a day, bytes of frames and bytes of everything an event, for a box that closes
// each batch after two seconds and for one as it is. Needs `ss` (iproute2).
import { wholeNumber } from '../../../agent/lib/command-line.ts'
import { readOptions } from '../../options.ts'
import { measureSite, siteTable } from './measure.ts'

const { hours, seed } = readOptions({
  name: 'node scripts/bench/small-site/index.ts',
  help: 'Measures what a site with 10,000 suspicious events a day costs on the wire. Ten hours take three minutes.',
  example: 'node scripts/bench/small-site/index.ts --hours 10',
  options: {
    hours: { value: 'HOURS', default: '10', help: 'how long the site is watched, 1 to 240' },
    seed: { value: 'NUMBER', default: '1', help: 'another seed, other messages' },
  },
})
const [long, from] = [wholeNumber('hours', hours, 1, 240), wholeNumber('seed', seed, 1, 2 ** 31)]
const prompt = await measureSite({ hours: long, seed: from, isPrompt: true })
const patient = await measureSite({ hours: long, seed: from, isPrompt: false })
const quiet = await measureSite({ hours: long, seed: from, isPrompt: false, logins: 0 })
console.log(siteTable(long, prompt, patient, quiet))
