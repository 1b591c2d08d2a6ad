// The rules of the DMTF's schemas that a descriptor of one virtual machine can break, as tables: DSP8023 1.1.1 (envelope),
// CIM_ResourceAllocationSettingData and CIM_VirtualSystemSettingData 2.22. The schemas themselves are not shipped.
import { type Fault, fault } from './faults.ts'
import { namespaces } from './ovf.ts'
import type { XmlNode } from './xml-read.ts'

const CIM_COMMON = 'http://schemas.dmtf.org/wbem/wscim/1/common'
const prefixes = new Map<string, string>([
  ...Object.entries(namespaces).map(([prefix, name]) => [name, prefix] as const),
  [CIM_COMMON, 'cim'],
])

/** `ovf:Item`, whatever prefix the document has for the namespace. */
export function shortName(name: string): string {
  const end = name.indexOf('}')
  const namespace = name.slice(1, end)
  const prefix = prefixes.get(namespace) ?? namespace
  return prefix === '' ? name.slice(end + 1) : `${prefix}:${name.slice(end + 1)}`
}

/** One place in a sequence: any of these elements, so many times. */
interface Step {
  readonly names: readonly string[]
  readonly min: number
  readonly max: number
}
interface Rule {
  readonly sequence: readonly Step[]
  /** Elements of other namespaces may follow (`xs:any namespace="##other"`). */
  readonly open: boolean
  readonly required: readonly string[]
  /** Attributes whose value has a form. */
  readonly forms: Readonly<Record<string, RegExp>>
}

const one = (...names: string[]): Step => ({ names, min: 1, max: 1 })
const maybe = (...names: string[]): Step => ({ names, min: 0, max: 1 })
const any = (...names: string[]): Step => ({ names, min: 0, max: Number.POSITIVE_INFINITY })
const rule = (
  sequence: readonly Step[],
  open: boolean,
  required: readonly string[] = [],
  forms: Readonly<Record<string, RegExp>> = {},
): Rule => ({
  sequence,
  open,
  required,
  forms,
})

const BOOLEAN = /^(true|false|1|0)$/
const UNSIGNED = /^\d{1,20}$/
const SECTIONS = [
  'AnnotationSection',
  'ProductSection',
  'NetworkSection',
  'DiskSection',
  'OperatingSystemSection',
  'EulaSection',
  'VirtualHardwareSection',
  'ResourceAllocationSection',
  'InstallSection',
  'StartupSection',
  'DeploymentOptionSection',
].map(name => `ovf:${name}`)
const info = one('ovf:Info')

/** Children of rasd: and vssd: stand in alphabetical order; `!` is required, `*` may repeat. */
const settings = (prefix: string, names: string): Step[] =>
  names.split(' ').map(word => {
    const name = `${prefix}:${word.replace(/[!*]$/, '')}`
    return word.endsWith('!') ? one(name) : word.endsWith('*') ? any(name) : maybe(name)
  })

const rules: Readonly<Record<string, Rule>> = {
  'ovf:Envelope': rule(
    [one('ovf:References'), any(...SECTIONS), one('ovf:VirtualSystem', 'ovf:VirtualSystemCollection'), any('ovf:Strings')],
    false,
  ),
  'ovf:References': rule([any('ovf:File')], true),
  'ovf:File': rule([], true, ['ovf:id', 'ovf:href'], { 'ovf:size': UNSIGNED }),
  'ovf:DiskSection': rule([info, any('ovf:Disk')], true),
  'ovf:Disk': rule([], true, ['ovf:diskId', 'ovf:capacity'], { 'ovf:capacity': UNSIGNED, 'ovf:populatedSize': UNSIGNED }),
  'ovf:NetworkSection': rule([info, any('ovf:Network')], true),
  'ovf:Network': rule([maybe('ovf:Description')], false, ['ovf:name']),
  'ovf:VirtualSystem': rule([info, maybe('ovf:Name'), any(...SECTIONS)], false, ['ovf:id']),
  'ovf:OperatingSystemSection': rule([info, maybe('ovf:Description')], true, ['ovf:id'], { 'ovf:id': /^\d{1,5}$/ }),
  'ovf:VirtualHardwareSection': rule([info, maybe('ovf:System'), any('ovf:Item')], true),
  'ovf:System': rule(
    settings(
      'vssd',
      'AutomaticRecoveryAction AutomaticShutdownAction AutomaticStartupAction AutomaticStartupActionDelay AutomaticStartupActionSequenceNumber Caption ConfigurationDataRoot ConfigurationFile ConfigurationID CreationTime Description ElementName! InstanceID! LogDataRoot Notes* RecoveryFile SnapshotDataRoot SuspendDataRoot SwapFileDataRoot VirtualSystemIdentifier VirtualSystemType',
    ),
    true,
  ),
  'ovf:Item': rule(
    settings(
      'rasd',
      'Address AddressOnParent AllocationUnits AutomaticAllocation AutomaticDeallocation Caption Connection* ConsumerVisibility Description ElementName! HostResource* InstanceID! Limit MappingBehavior OtherResourceType Parent PoolID Reservation ResourceSubType ResourceType VirtualQuantity VirtualQuantityUnits Weight',
    ),
    true,
    [],
    { 'ovf:required': BOOLEAN },
  ),
  'ovf:ProductSection': rule(
    [
      info,
      ...['Product', 'Vendor', 'Version', 'FullVersion', 'ProductUrl', 'VendorUrl', 'AppUrl'].map(name => maybe(`ovf:${name}`)),
      any('ovf:Icon'),
      any('ovf:Category', 'ovf:Property'),
    ],
    true,
  ),
  'ovf:Property': rule([maybe('ovf:Label'), maybe('ovf:Description'), any('ovf:Value')], false, ['ovf:key', 'ovf:type'], {
    'ovf:userConfigurable': BOOLEAN,
    'ovf:password': BOOLEAN,
  }),
  'ovf:AnnotationSection': rule([info, one('ovf:Annotation')], true),
  'ovf:EulaSection': rule([info, one('ovf:License')], true),
  'vmw:Config': rule([], false, ['vmw:key', 'vmw:value'], { 'ovf:required': BOOLEAN }),
}

/** Every place where the document leaves the schemas. Elements of other namespaces are not looked into. */
export function schemaFaults(node: XmlNode): Fault[] {
  const name = shortName(node.name)
  const known = rules[name]
  if (known === undefined) return []
  const faults: Fault[] = []
  const attributes = new Map([...node.attributes].map(([key, value]) => [shortName(key), value]))
  for (const key of known.required) {
    if (!attributes.has(key)) faults.push(fault('schema-attribute', `line ${node.line}: ${name} has no ${key}`))
  }
  for (const [key, form] of Object.entries(known.forms)) {
    const value = attributes.get(key)
    if (value !== undefined && !form.test(value))
      faults.push(fault('schema-attribute', `line ${node.line}: ${key} of ${name} can't be "${value}"`))
  }
  for (const key of attributes.keys()) {
    if (!key.includes(':')) faults.push(fault('schema-attribute', `line ${node.line}: ${key} of ${name} stands in no namespace`))
  }
  const wrong = sequenceFault(node, known)
  if (wrong !== undefined) faults.push(fault('schema-order', wrong))
  return [...faults, ...node.children.flatMap(schemaFaults)]
}

function sequenceFault(node: XmlNode, { sequence, open }: Rule): string | undefined {
  const parent = shortName(node.name)
  let step = 0
  let count = 0
  for (const child of node.children) {
    const name = shortName(child.name)
    const at = sequence.findIndex((one, i) => i >= step && one.names.includes(name))
    if (at < 0) {
      if (open && !name.startsWith('ovf:') && !sequence.some(one => one.names.includes(name))) {
        const due = sequence.slice(count > 0 ? step + 1 : step).find(one => one.min > 0)
        if (due === undefined) {
          step = sequence.length
          continue
        }
      }
      return `line ${child.line}: ${name} can't stand here in ${parent}`
    }
    const skipped = sequence.slice(step, at).find((one, i) => one.min > 0 && (i > 0 || count === 0))
    if (skipped !== undefined) return `line ${child.line}: ${skipped.names[0]} is missing in ${parent}`
    if (at !== step) count = 0
    step = at
    count++
    if (count > sequence[step].max) return `line ${child.line}: ${name} stands too often in ${parent}`
  }
  const missing = sequence.slice(step).find((one, i) => one.min > 0 && (i > 0 || count === 0))
  return missing === undefined ? undefined : `line ${node.line}: ${missing.names[0]} is missing in ${parent}`
}
