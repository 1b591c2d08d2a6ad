// What ESXi and vCenter ask of a descriptor beyond the schemas: references that lead somewhere, devices that exist, a
// hardware version in reach, properties that are shown. Pure; the facts of the files come from the caller.
import { schemaFaults, shortName } from './descriptor-schema.ts'
import { type Fault, type FaultCode, fault } from './faults.ts'
import { ResourceType, STREAM_OPTIMIZED } from './ovf.ts'
import { readXml, XmlError, type XmlNode } from './xml-read.ts'

export interface DescriptorReport {
  readonly faults: readonly Fault[]
  /** Files in the order of References. */
  readonly files: readonly { readonly name: string; readonly bytes: number | undefined; readonly capacityBytes: number | undefined }[]
}

const OLDEST_VERSION = 14
/** ESXi 6.7 U2: newer versions shut out hosts that are still in use. */
const NEWEST_VERSION = 15
const diskControllers: ReadonlyMap<number, readonly string[]> = new Map([
  [ResourceType.scsi, ['VirtualSCSI', 'lsilogic', 'lsilogicsas']],
  [20, ['vmware.sata.ahci', 'vmware.nvme.controller']],
])
/** Everything that hosts of all editions, and the tools that read OVAs, know. */
const knownTypes: readonly number[] = [1, ...Object.values(ResourceType), 20]

export function examineDescriptor(text: string): DescriptorReport {
  let root: XmlNode
  try {
    root = readXml(text)
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    return {
      faults: [fault(error.undeclaredPrefix ? 'namespace-undeclared' : 'xml-malformed', `line ${error.line}: ${error.message}`)],
      files: [],
    }
  }
  if (shortName(root.name) !== 'ovf:Envelope')
    return { faults: [fault('schema-order', `the root element is ${shortName(root.name)}`)], files: [] }
  const faults = schemaFaults(root)
  const addFault = (code: FaultCode, text: string): void => void faults.push(fault(code, text))
  const disks = all(root, 'ovf:Disk')
  const files = all(root, 'ovf:File').map(file => {
    const disk = disks.find(disk => attribute(disk, 'ovf:fileRef') === attribute(file, 'ovf:id'))
    const bytes = attribute(file, 'ovf:size')
    return {
      name: attribute(file, 'ovf:href') ?? '',
      bytes: bytes === undefined ? undefined : Number(bytes),
      capacityBytes: disk === undefined ? undefined : capacityOf(disk),
    }
  })
  for (const disk of disks) {
    const reference = attribute(disk, 'ovf:fileRef')
    if (!all(root, 'ovf:File').some(file => attribute(file, 'ovf:id') === reference))
      addFault('reference-dangling', `disk refers to file ${reference}`)
    if (attribute(disk, 'ovf:format') !== STREAM_OPTIMIZED) addFault('disk-format', `ovf:format is ${attribute(disk, 'ovf:format')}`)
  }
  for (const system of all(root, 'ovf:OperatingSystemSection')) {
    if (attribute(system, 'vmw:osType') === undefined) addFault('guest-unknown', 'vmw:osType is missing')
  }
  hardwareFaults(root, addFault)
  propertyFaults(root, addFault)
  return { faults, files }
}

type AddFault = (code: FaultCode, text: string) => void

function hardwareFaults(root: XmlNode, addFault: AddFault): void {
  const version = /^vmx-(\d{2})$/.exec(textOf(all(root, 'ovf:System')[0], 'vssd:VirtualSystemType'))
  if (version === null || Number(version[1]) < OLDEST_VERSION || Number(version[1]) > NEWEST_VERSION)
    addFault('hardware-version', `is ${version?.[0] ?? 'not stated'}, not from vmx-${OLDEST_VERSION} to vmx-${NEWEST_VERSION}`)
  if (!all(root, 'vmw:Config').some(config => attribute(config, 'vmw:key') === 'firmware'))
    addFault('firmware-unstated', 'vmw:Config firmware is missing')
  const items = all(root, 'ovf:Item').map(node => ({
    name: textOf(node, 'rasd:ElementName'),
    id: textOf(node, 'rasd:InstanceID'),
    type: Number(textOf(node, 'rasd:ResourceType') || Number.NaN),
    subType: textOf(node, 'rasd:ResourceSubType'),
    parent: textOf(node, 'rasd:Parent'),
    host: textOf(node, 'rasd:HostResource'),
    connection: textOf(node, 'rasd:Connection'),
    quantity: Number(textOf(node, 'rasd:VirtualQuantity') || Number.NaN),
    units: textOf(node, 'rasd:AllocationUnits'),
  }))
  const quantity = (type: number): number => items.find(item => item.type === type)?.quantity ?? Number.NaN
  if (!(quantity(ResourceType.cpu) >= 1)) addFault('processor-or-memory', 'no processors are stated')
  if (!(quantity(ResourceType.memory) >= 256) || items.find(item => item.type === ResourceType.memory)?.units !== 'byte * 2^20')
    addFault('processor-or-memory', 'memory is not stated in `byte * 2^20`, or is less than 256')
  for (const item of items) {
    const place = `${item.name} (item ${item.id})`
    if (items.some(other => other !== item && other.id === item.id)) addFault('reference-dangling', `${place}: its number stands twice`)
    if (!knownTypes.includes(item.type)) addFault('controller-unknown', `${place}: no host has ResourceType ${item.type}`)
    const names = diskControllers.get(item.type)
    if (names !== undefined && !names.includes(item.subType)) addFault('controller-unknown', `${place}: ResourceSubType "${item.subType}"`)
    const parent = items.find(other => other.id === item.parent)
    if (item.parent !== '' && parent === undefined) addFault('reference-dangling', `${place}: there is no parent item ${item.parent}`)
    if (item.type === ResourceType.disk) {
      if (parent === undefined || !diskControllers.has(parent.type))
        addFault('controller-unknown', `${place}: a disk belongs on SCSI, SATA or NVMe`)
      if (!all(root, 'ovf:Disk').some(disk => item.host === `ovf:/disk/${attribute(disk, 'ovf:diskId')}`))
        addFault('reference-dangling', `${place}: HostResource ${item.host}`)
    }
    if (item.type === ResourceType.network) {
      if (item.subType !== 'VmxNet3') addFault('network-card', `${place}: is ${item.subType || 'unnamed'}`)
      if (!all(root, 'ovf:Network').some(network => attribute(network, 'ovf:name') === item.connection))
        addFault('reference-dangling', `${place}: network "${item.connection}"`)
    }
  }
  for (const type of [ResourceType.disk, ResourceType.network]) {
    if (!items.some(item => item.type === type))
      addFault('controller-unknown', type === ResourceType.disk ? 'there is no disk' : 'there is no network card')
  }
  const transports = (attribute(all(root, 'ovf:VirtualHardwareSection')[0], 'ovf:transport') ?? '').split(/\s+/)
  for (const transport of ['com.vmware.guestInfo', 'iso']) {
    if (!transports.includes(transport)) addFault('transport-missing', transport)
  }
  if (transports.includes('iso') && !items.some(item => item.type === ResourceType.cd)) addFault('cd-missing', 'there is no CD drive')
}

/** DSP0243 1.1.1 §9.5.1, table 6. */
const types = ['uint8', 'sint8', 'uint16', 'sint16', 'uint32', 'sint32', 'uint64', 'sint64', 'string', 'boolean', 'real32', 'real64']

function propertyFaults(root: XmlNode, addFault: AddFault): void {
  const properties = all(root, 'ovf:Property')
  for (const property of properties) {
    const key = attribute(property, 'ovf:key') ?? ''
    if (!/^[^.:\s]+$/.test(key) || properties.filter(other => attribute(other, 'ovf:key') === key).length > 1)
      addFault('property-key', `"${key}"`)
    if (!/^(true|1)$/.test(attribute(property, 'ovf:userConfigurable') ?? '')) addFault('property-not-configurable', key)
    const type = attribute(property, 'ovf:type') ?? ''
    const qualifiers = attribute(property, 'ovf:qualifiers')
    if (!types.includes(type)) addFault('property-type', `${key}: type "${type}"`)
    if (
      qualifiers !== undefined &&
      !/^(?:(?:MinLen|MaxLen)\(\d+\)|ValueMap\{"[^"]*"(?:,\s*"[^"]*")*\})(?:,\s*(?:(?:MinLen|MaxLen)\(\d+\)|ValueMap\{.*\}))*$/.test(
        qualifiers,
      )
    )
      addFault('property-type', `${key}: qualifiers "${qualifiers}"`)
    const most = /MaxLen\((\d+)\)/.exec(qualifiers ?? '')
    if (most !== null && (attribute(property, 'ovf:value') ?? '').length > Number(most[1]))
      addFault('property-type', `${key}: the default is longer than ${most[1]}`)
  }
}

const all = (node: XmlNode, name: string): XmlNode[] => [
  ...(shortName(node.name) === name ? [node] : []),
  ...node.children.flatMap(child => all(child, name)),
]
const textOf = (node: XmlNode | undefined, name: string): string =>
  node?.children.find(child => shortName(child.name) === name)?.text.trim() ?? ''

function attribute(node: XmlNode | undefined, name: string): string | undefined {
  for (const [key, value] of node?.attributes ?? []) if (shortName(key) === name) return value
  return undefined
}

function capacityOf(disk: XmlNode): number {
  const units = /^byte(?: \* 2\^(\d\d))?$/.exec(attribute(disk, 'ovf:capacityAllocationUnits') ?? 'byte')
  return units === null ? Number.NaN : Number(attribute(disk, 'ovf:capacity')) * 2 ** Number(units[1] ?? 0)
}
