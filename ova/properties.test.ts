// What a member types while deploying has to be a setting that the box knows.
import t from 'tap'
import { settingsTable } from '../agent/settings/table.ts'
import { boxProperties, ovfKey, settingOfKey } from './properties.ts'

/** Settings of the box itself, which first boot reads; all others are the agent's. */
const ofTheBox = ['enrolment.code', 'host.name', 'network.address', 'network.gateway', 'network.dns', 'time.servers']

t.test('every property is a setting, and its key turns back into it', t => {
  for (const { setting } of boxProperties) {
    t.ok(ofTheBox.includes(setting) || Object.hasOwn(settingsTable, setting), `${setting} is known`)
    t.match(ovfKey(setting), /^[a-z][A-Za-z-]*$/, 'no dot and no colon in a key')
    t.equal(settingOfKey(ovfKey(setting)), setting)
  }
  t.equal(settingOfKey('central-pins'), undefined, 'what the image brings is not asked for')
  t.equal(new Set(boxProperties.map(property => ovfKey(property.setting))).size, boxProperties.length)
  t.end()
})

t.test('nothing has to be filled in, and no default is a password', t => {
  for (const { setting, default: value, label, description, maxLength } of boxProperties) {
    t.equal(value, '', `${setting} may be left empty`)
    t.ok(label.length > 3 && description.length > 10 && maxLength > 0)
  }
  t.strictSame(
    boxProperties.filter(property => property.secret).map(property => property.setting),
    ['enrolment.code'],
  )
  t.end()
})

t.test('rows of one category stand together', t => {
  const order = boxProperties.map(property => property.category).filter((category, i, all) => category !== all[i - 1])
  t.equal(new Set(order).size, order.length)
  t.end()
})
