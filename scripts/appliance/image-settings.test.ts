import t from 'tap'
import { imageSettings } from './image-settings.ts'

const URL = 'https://central.example'
const PINS = `sha256/${'A'.repeat(43)}=`

t.test('an image knows central, or leaves it to the member', async t => {
  t.match(imageSettings(URL, PINS), `\ncentral.url = ${URL}\ncentral.pins = ${PINS}\n`)
  t.notMatch(imageSettings('', ''), /central\./)
})

t.test('what no box could work with is refused before anything is built', async t => {
  for (const [url, pins, message] of [
    [URL, '', /there are no pins/],
    ['', PINS, /there is no URL/],
    ['http://central.example', PINS, /central\.url/],
    [URL, 'sha256/short', /central\.pins/],
  ] as const)
    t.throws(() => imageSettings(url, pins), { code: 'settings-wrong', message: message }, url + pins)
})
