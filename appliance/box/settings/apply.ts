// `cyberalarm-box apply`: takes up what a member set, whichever way it came, and has the box follow. Run at each boot before the
// network, and when the console requests something. It may be cut off anywhere: what was accepted is durable before a source is
// wiped, and the next run ends in the same state. What fails is reported, and the rest is done all the same: a box must come up.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Fault, fault, faultOf } from '../../../agent/errors.ts'
import { removeIfThere, writeDurable } from '../../../agent/lib/durable-file.ts'
import { withoutSecrets } from '../../../agent/lib/redact.ts'
import { pathsBelow } from '../../../agent/paths.ts'
import { readCards } from '../network/cards.ts'
import { networkBackends } from '../network/index.ts'
import { writeOpenPorts } from '../network/open-ports.ts'
import { planNetwork } from '../network/plan.ts'
import { writeNetwork } from '../network/write.ts'
import { type BoxPaths, boxPathsBelow } from '../paths.ts'
import { toolsBelow } from '../tools.ts'
import { activate } from './activate.ts'
import { type Choice, choose } from './choose.ts'
import { renderAgentSettings, renderKept, renderTimeSources } from './render-settings.ts'
import { settingsSources } from './sources/index.ts'
import { type Reading, refusal, type SettingsSource } from './sources/source.ts'
import {
  keepApplied,
  keepMember,
  readApplied,
  readIfThere,
  readImageFacts,
  readImageSettings,
  readKept,
  type SettingsReport,
  writeIfOther,
} from './state-files.ts'

export interface ApplyOptions {
  readonly root: string
  readonly now: () => number
  print(text: string): void
}

const dataLost = fault('data-lost', 'The data partition cannot be mounted; the code was not used.')

/** Gives 0, or 1 if something failed that is not a fault of the settings. Throws, with nothing touched, on what is no box of ours. */
export async function apply({ root, now, print }: ApplyOptions): Promise<number> {
  const paths = boxPathsBelow(root)
  const facts = readImageFacts(paths.imageFacts)
  const run = toolsBelow(root)
  const notices: Fault[] = []
  let failures = 0
  const attempt = async <T>(what: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await what()
    } catch (error) {
      failures++
      notices.push(faultOf(error))
      return undefined
    }
  }

  for (const folder of [paths.state, paths.reports]) mkdirSync(folder, { recursive: true, mode: 0o755 })
  const sources = settingsSources(run, paths)
  const readings = []
  for (const source of sources) {
    readings.push({ name: source.name, reading: await readOrRefuse(source) })
  }
  const isDataLost = existsSync(paths.dataFailed)
  if (isDataLost) notices.push(dataLost)
  const before = await attempt(() => readApplied(paths.applied))
  notices.push(...(before?.faults ?? []))
  const chosen = choose(readings, before?.applied ?? {})
  // a code would be spent for an identity that is gone at the next start
  const choice: Choice = isDataLost ? { ...chosen, code: '', wipe: [] } : chosen

  const isKept = await attempt(() => keep(choice, paths))
  if (isKept !== undefined)
    for (const text of choice.wipe) {
      const why = (await attempt(() => text.wipe())) ?? ''
      if (why !== '') notices.push(fault('code-not-wiped', why))
    }
  const [consoleSource] = sources
  await attempt(() => consoleSource.clear())

  const kept = (await attempt(() => readKept(paths.member))) ?? { parsed: readKept('').parsed, faults: [] }
  const { values, stated } = choice.settings ?? kept.parsed
  if (choice.settings === undefined) notices.push(...kept.faults)

  const image = await attempt(() => readImageSettings(paths.imageSettings))
  notices.push(...(image?.faults ?? []).map(({ text }) => fault('settings-wrong', text)))
  const backend = networkBackends[facts.network]
  const plan = planNetwork((await attempt(() => readCards(paths.networkCards))) ?? [], values)
  const { hostName } = plan

  // a run that was ended between writing and telling left this behind: then everything is told again
  const isUnfinished = existsSync(paths.unfinished)
  await attempt(() => writeFileSync(paths.unfinished, ''))
  const changed = {
    network: await attempt(() => writeNetwork(backend, plan, networkFolder(paths, facts.network))),
    agent: await attempt(() => put(pathsBelow(root).settings, renderAgentSettings(image?.stated ?? new Map(), stated), 0o640)),
    time: await attempt(() => put(paths.timeSources, renderTimeSources(values, readIfThere(paths.imageTimeSources) ?? ''), 0o644)),
    openPorts: await attempt(() => writeOpenPorts(paths.openPorts, values['network.open'])),
    code: choice.code !== '',
  }
  const all = { network: true, agent: true, time: true, openPorts: true, code: true }
  // a name and a password for the proxy may be in it
  await attempt(() => put(paths.proxy, `${values['uplink.proxy'] || (image?.values['uplink.proxy'] ?? '')}\n`, 0o600))
  const inactive = (await attempt(() => activate(run, { changed: isUnfinished ? all : changed, backend, plan, hostName }))) ?? []
  notices.push(...inactive.map(text => fault('unexpected', text)))
  await attempt(() => removeIfThere(paths.unfinished))

  const report: SettingsReport = {
    at: new Date(now()).toISOString(),
    sources: choice.reports,
    hostName,
    network: { cards: plan.cards, card: plan.card ?? null, addresses: plan.addresses, gateways: plan.gateways, dns: plan.dns },
    timeServers: values['time.servers'],
    isDataLost,
    notices: notices.map(notice => ({ ...notice, detail: withoutSecrets(notice.detail) })),
  }
  await attempt(() => writeDurable(paths.settingsReport, `${JSON.stringify(report)}\n`, { mode: 0o644 }))
  for (const { name, state, faults } of report.sources) print([`${name}: ${state}`, ...faults.map(({ text }) => text)].join('\n  '))
  for (const { code, detail, advice } of report.notices) print(`${detail} [${code}]\n  ${advice}`)
  return failures === 0 ? 0 : 1
}

/** What lies on a disc or a stick is a stranger's: that it cannot be read is a fault of that source, and nothing to be tried again. */
async function readOrRefuse(source: SettingsSource): Promise<Reading> {
  try {
    return await source.read()
  } catch (error) {
    return refusal(`${source.name}: could not be read: ${faultOf(error).detail}`)
  }
}

/** Makes a choice durable. The code first, for once the settings are there a source counts as read. */
function keep(choice: Choice, paths: BoxPaths): true {
  if (choice.code !== '') writeDurable(paths.code, `${choice.code}\n`, { mode: 0o600 })
  if (choice.settings !== undefined) keepMember(paths.member, renderKept(choice.settings.stated))
  keepApplied(paths.applied, choice.applied)
  return true
}

const networkFolder = (paths: BoxPaths, backend: keyof typeof networkBackends): string =>
  ({ networkd: paths.networkdFolder, networkmanager: paths.networkManagerFolder })[backend]

function put(path: string, text: string, mode: number): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  return writeIfOther(path, text, mode)
}
