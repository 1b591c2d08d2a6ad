// Verbs as a person or a script meets them: a process with arguments, a text, and an exit code. Here on a box where nothing runs.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { pathsBelow } from '../paths.ts'
import { settingsTable } from '../settings/table.ts'
import { readFixtures } from '../testing/fixtures.ts'
import { cyberalarm, runToEnd, temporaryFolder, writeSettings } from '../testing/harness.ts'
import { verbs } from '../verbs/index.ts'

t.setTimeout(120_000)
t.jobs = 2

t.test('help teaches every verb with its options, and asking for it is no fault', async t => {
  for (const words of [[], ['--help'], ['help']]) {
    const { code, out, error } = await runToEnd(words)
    t.match({ code, error }, { code: 0, error: '' }, `cyberalarm ${words.join(' ')}`)
    for (const verb of verbs)
      t.ok(out.includes(`  ${[verb.name, ...(verb.operands ?? [])].join(' ')} `) && out.includes(verb.summary), verb.name)
  }
  for (const verb of verbs) {
    const { code, out, error } = await runToEnd([verb.name, '--help'])
    t.match({ code, error }, { code: 0, error: '' }, `${verb.name} --help`)
    t.ok(out.startsWith(`usage: ${['cyberalarm', verb.name, ...(verb.operands ?? [])].join(' ')} [options]`) && out.includes(verb.help))
    for (const option of ['root', 'json', ...Object.keys(verb.options)]) t.match(out, new RegExp(`--${option} .*\\w`), option)
  }
  t.match((await runToEnd(['help', 'enrol'])).out, /^usage: cyberalarm enrol \[options\]/)
})

t.test('a verb, option or word that is none ends with 2 and says what there is', async t => {
  const wrong: [string[], RegExp][] = [
    [['stauts'], new RegExp(`there is no verb 'stauts'; did you mean 'status'\\? \\(verbs: ${verbs.map(verb => verb.name).join(', ')}\\)`)],
    [['--json', 'status'], /the verb comes first, then '--json'/],
    [['status', '--wacth'], /there is no option '--wacth'; did you mean '--watch'\?/],
    [['status', '--watch=yes'], /--watch takes no value/],
    [['status', 'now'], /cyberalarm status takes no operand; 'now' is one too many/],
    [['enrol', 'a', 'b'], /cyberalarm enrol takes no operand; 'b' is one too many/],
    [['who'], /cyberalarm who needs PSEUDONYM/],
    [['who', 'a', 'b'], /cyberalarm who takes PSEUDONYM; 'b' is one too many/],
    [['sent', '--since'], /--since needs a value: --since TIME/],
    [['sent', '--since', '--json'], /--since needs a value: --since TIME/],
    [['sent', '--since', 'yesterday'], /'yesterday' is neither a time such as .* nor a span such as 2h/],
  ]
  for (const [words, says] of wrong) {
    const { code, out, error } = await runToEnd(words)
    t.match({ code, out }, { code: 2, out: '' }, words.join(' '))
    if (words.includes('--json'))
      t.match(JSON.parse(error), { failure: { code: 'argument-wrong', detail: says, advice: /^Run the command with --help/ } })
    else t.match(error, new RegExp(`${says.source}[^]*\\[argument-wrong\\]\\n {2}Run the command with --help`))
  }
})

t.test('version says what runs on what', async t => {
  t.match(await runToEnd(['version']), { code: 0, out: /^cyberalarm \d+\.\d+\.\d+ on Node\.js v\d+/ })
  t.match(await runToEnd(['--version']), { code: 0, out: /^cyberalarm \d/ })
  t.match(JSON.parse((await runToEnd(['version', '--json'])).out), { version: /^\d+\.\d+\.\d+$/, node: process.version })
})

t.test('settings explains each one with its value and default, and tells all faults of a file at once', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined, { 'spool.quotaMiB': '77' })
  const text = await cyberalarm(root, 'settings')
  t.equal(text.code, 0)
  for (const [name, { help }] of Object.entries(settingsTable)) t.ok(text.out.includes(name) && text.out.includes(help), name)
  t.match(text.out, /spool\.quotaMiB +77 +2048 /)
  const rows = JSON.parse((await cyberalarm(root, 'settings', '--json')).out)
  t.same(
    rows.map((row: { name: string }) => row.name),
    Object.keys(settingsTable),
  )
  t.match(rows[Object.keys(settingsTable).indexOf('spool.quotaMiB')], { value: '77', default: '2048' })

  const { settings } = pathsBelow(root)
  writeFileSync(
    settings,
    ['# ours', 'central.url = http://central.example', 'central.pin = x', 'nonsense', 'spool.quotaMiB = 0', 'spool.quotaMiB = 5', ''].join(
      '\n',
    ),
  )
  for (const verb of [['settings'], ['run'], ['status']]) {
    const { code, out, error } = await cyberalarm(root, ...verb)
    t.match({ code, out }, { code: 1, out: '' }, verb[0])
    for (const [line, fault] of [
      [2, 'must be an https:// address'],
      [3, "there is no setting 'central.pin'"],
      [4, "'nonsense' is not of the form name = value"],
      [5, 'must be 1 or more'],
      [6, "'spool.quotaMiB' was set in line 5 already"],
    ])
      t.match(error, new RegExp(`${settings.replaceAll('.', '\\.')}:${line}:.*${fault}`))
    t.match(error, /\[settings-wrong\]\n {2}Correct these lines/)
  }
  rmSync(settings)
  mkdirSync(settings)
  t.match(await cyberalarm(root, 'settings'), { code: 1, error: /\[settings-unreadable\]/ })
})

t.test('on a box where nothing runs and nothing was sent, verbs say so', async t => {
  const root = temporaryFolder(t)
  t.match(await cyberalarm(root, 'status'), {
    code: 3,
    out: /not running.*not enrolled[\s\S]*! No agent is running \[agent-not-running\]\n {4}Start the agent/,
  })
  t.match(JSON.parse((await cyberalarm(root, 'status', '--json')).out), {
    running: false,
    findings: [{ code: 'agent-not-running', severity: 'problem' }],
    device: null,
    gateways: [],
    queue: { batches: 0 },
  })
  t.match(await cyberalarm(root, 'sent'), { code: 0, out: 'nothing has left this box yet\n', error: '' })
  t.match(await cyberalarm(root, 'who', `in-${'0'.repeat(32)}`), { code: 1, error: /pseudonym-foreign/ })
  t.same(readdirSync(root), [], 'and asking leaves no trace')
})

t.test('explain says for a message of each product what would be done, for people and for programs', async t => {
  const samples = [...readFixtures()].flatMap(([product, all]) => {
    return [all.find(one => one.reading === 'event'), all.find(one => one.reading === 'ignored')].flatMap(one =>
      one ? [{ product, ...one }] : [],
    )
  })
  t.ok(samples.length > 8, `${samples.length} messages`)
  const root = temporaryFolder(t)
  writeSettings(root, undefined)
  const before = readdirSync(root, { recursive: true })
  const input = `${samples.map(({ line }) => JSON.stringify(line)).join('\n')}\n${JSON.stringify('no one knows this')}\n`
  const [json, text] = await Promise.all([
    runToEnd(['explain', '--json', '--json-lines', '--root', root], input),
    runToEnd(['explain', '--json-lines', '--root', root], input),
  ])
  t.match([json.code, text.code], [0, 0])
  const answers = json.out.trim().split('\n')
  t.equal(answers.length, samples.length + 1)
  samples.forEach(({ product, line, reading, event }, i) => {
    const answer = JSON.parse(answers[i])
    const { '@timestamp': _, ...fields } = event ?? {}
    t.equal(answer.recogniser, product, line.slice(0, 80))
    t.match(answer.verdict, reading === 'event' ? /^(send|drop)$/ : 'ignore')
    if (reading === 'event') t.match(answer.event, fields)
    else t.equal(answer.event, null)
    t.match(text.out, new RegExp(`^${answer.verdict} +${product} +${answer.reason.replace(/[^\w]/g, '.')}`, 'm'))
  })
  t.same(JSON.parse(answers[samples.length]), {
    recogniser: null,
    verdict: 'unreadable',
    reason: 'not a message of a supported product',
    event: null,
  })
  t.match(await runToEnd(['explain', '--json', '--root', root], `<4>${'x'.repeat(70_000)}`), { code: 0, out: /longer than 64 KiB/ })
  t.match(await runToEnd(['explain', '--json-lines', '--root', root], '{"not":"a string"}\n'), {
    code: 1,
    error: /must be one JSON string/,
  })
  t.same(readdirSync(root, { recursive: true }), before, 'nothing is kept')
})
