import t from 'tap'
import { aimOf, judge, letterOf } from './judge.ts'

const DAY_MS = 86_400_000
const basis = { letter: 'A', members: 1, networks: 1, isProven: false, isAllowed: false } as const

t.test(
  'refused packets alone never give more than the third grade, and a consequence only from many members in different networks',
  async t => {
    for (const members of [1, 4, 5, 100])
      for (const networks of [1, 2, 3, 50]) {
        const { grade, consequence, handshake } = judge({ ...basis, members, networks })
        const isSpread = members >= 5 && networks >= 3
        t.same({ grade, consequence, handshake }, { grade: isSpread ? 'A3' : 'A4', consequence: isSpread, handshake: false })
      }
  },
)

t.test('a handshake counts by how many members in different networks saw it', async t => {
  const grades = [1, 2, 3].map(number => judge({ ...basis, members: number, networks: number, isProven: true }))
  t.match(grades, [
    { grade: 'A3', confidence: 50, consequence: true },
    { grade: 'A2', confidence: 70 },
    { grade: 'A1', confidence: 90 },
  ])
  t.match(judge({ ...basis, members: 3, networks: 1, isProven: true }), { grade: 'A3' }, 'three members of one network are one')
})

t.test('an allowed connection is a handshake, but some firewalls log it at the first packet: alone it has no consequence', async t => {
  t.match(judge({ ...basis, isAllowed: true }), { handshake: true, consequence: false })
})

t.test('a box is worth what its clock, its products and its age are', async t => {
  t.equal(letterOf({ clock: 1, isProductKnown: true, ageMs: DAY_MS }), 'A')
  t.equal(letterOf({ clock: 2, isProductKnown: true, ageMs: DAY_MS }), 'B')
  t.equal(letterOf({ clock: 0, isProductKnown: true, ageMs: DAY_MS }), 'B')
  t.equal(letterOf({ clock: 1, isProductKnown: false, ageMs: DAY_MS }), 'C')
  t.equal(letterOf({ clock: 1, isProductKnown: true, ageMs: DAY_MS - 1 }), 'F')
})

t.test('below fifty members nobody can tell noise from aimed', async t => {
  t.equal(aimOf({ members: 49, heard: 49, amount: 1000, isAttempt: false }), 'too-few-members')
  t.equal(aimOf({ members: 5, heard: 50, amount: 1000, isAttempt: false }), 'noise')
  t.equal(aimOf({ members: 9, heard: 1000, amount: 1000, isAttempt: false }), 'unclear', 'less than one in a hundred')
  t.equal(aimOf({ members: 2, heard: 50, amount: 15, isAttempt: false }), 'aimed')
  t.equal(aimOf({ members: 2, heard: 50, amount: 5, isAttempt: true }), 'aimed')
  t.equal(aimOf({ members: 2, heard: 50, amount: 5, isAttempt: false }), 'unclear')
})
