import t from 'tap'
import { RequestsInFlight } from './requests-in-flight.ts'

t.test('one device cannot take all the places, and all devices cannot take more than there are', async t => {
  const inFlight = new RequestsInFlight({ perDevice: 2, total: 3 })
  const leave = inFlight.enter('a')
  inFlight.enter('a')
  t.throws(() => inFlight.enter('a'), { code: 'device-busy', retryAfterSeconds: 1 })
  inFlight.enter('b')
  t.throws(() => inFlight.enter('c'), { code: 'central-busy', retryAfterSeconds: 5 })
  leave()
  t.doesNotThrow(() => inFlight.enter('c'))
})
