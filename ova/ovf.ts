// The OVF descriptor as text, from the hardware, the properties and the facts of the disk. It is OVF 1.1 (DMTF DSP0243 and
// its schema DSP8023) as ESXi 6.7 U2 and later take it: every namespace declared, children of rasd: and vssd: in the schema's
// order (alphabetical), sizes in plain bytes, and only devices that ESXi has. Pure: same arguments, same text.
import hardwareTable from './hardware.json' with { type: 'json' }
import { type BoxProperty, boxProperties, ovfKey } from './properties.ts'
import { element, formatXml, type XmlElement } from './xml.ts'

export type GuestName = keyof typeof hardwareTable.guests
export type Hardware = Omit<typeof hardwareTable, 'comment'>
export const hardware: Hardware = hardwareTable

export const namespaces = {
  ovf: 'http://schemas.dmtf.org/ovf/envelope/1',
  rasd: 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData',
  vmw: 'http://www.vmware.com/schema/ovf',
  vssd: 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
} as const
export const STREAM_OPTIMIZED = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized'
const TRANSPORT = 'com.vmware.guestInfo iso'

export interface Product {
  /** Names the virtual machine and the files: lower-case letters, digits and dashes. */
  readonly id: string
  readonly name: string
  readonly vendor: string
  readonly version: string
  readonly url?: string
}

export interface DiskFacts {
  readonly fileName: string
  readonly fileBytes: number
  readonly capacityBytes: number
  /** What is not zero, in whole grains. */
  readonly populatedBytes: number
}

/** CIM ResourceType numbers (CIM_ResourceAllocationSettingData). */
export const ResourceType = { cpu: 3, memory: 4, ide: 5, scsi: 6, network: 10, cd: 15, disk: 17, video: 24 } as const

export function formatOvf(
  product: Product,
  guest: GuestName,
  disk: DiskFacts,
  machine: Hardware = hardware,
  properties: readonly BoxProperty[] = boxProperties,
): string {
  if (disk.capacityBytes !== machine.diskMiB * 1048576)
    throw new Error(`the disk is ${disk.capacityBytes} bytes, but hardware.json says ${machine.diskMiB} MiB`)
  const declared = Object.entries(namespaces).map(([prefix, name]) => [`xmlns:${prefix}`, name])
  return formatXml(
    element('Envelope', { xmlns: namespaces.ovf, ...Object.fromEntries(declared) }, [
      element('References', {}, [element('File', { 'ovf:href': disk.fileName, 'ovf:id': 'file1', 'ovf:size': disk.fileBytes })]),
      element('DiskSection', {}, [
        element('Info', {}, 'The virtual disk'),
        element('Disk', {
          'ovf:capacity': disk.capacityBytes,
          'ovf:capacityAllocationUnits': 'byte',
          'ovf:diskId': 'vmdisk1',
          'ovf:fileRef': 'file1',
          'ovf:format': STREAM_OPTIMIZED,
          'ovf:populatedSize': disk.populatedBytes,
        }),
      ]),
      element('NetworkSection', {}, [
        element('Info', {}, 'The networks that the virtual machine needs'),
        element('Network', { 'ovf:name': machine.network }, [
          element('Description', {}, 'Where your firewalls reach this box and this box reaches the internet on port 443'),
        ]),
      ]),
      element('VirtualSystem', { 'ovf:id': product.id }, [
        element('Info', {}, 'A virtual machine'),
        element('Name', {}, product.name),
        element('OperatingSystemSection', { 'ovf:id': machine.guests[guest].cimId, 'vmw:osType': machine.guests[guest].vmware }, [
          element('Info', {}, 'The kind of installed guest operating system'),
        ]),
        hardwareSection(product, machine),
        productSection(product, properties),
      ]),
    ]),
  )
}

function hardwareSection(product: Product, machine: Hardware): XmlElement {
  return element('VirtualHardwareSection', { 'ovf:transport': TRANSPORT }, [
    element('Info', {}, 'The virtual hardware'),
    element('System', {}, [
      element('vssd:ElementName', {}, 'Virtual Hardware Family'),
      element('vssd:InstanceID', {}, '0'),
      element('vssd:VirtualSystemIdentifier', {}, product.id),
      element('vssd:VirtualSystemType', {}, machine.hardwareVersion),
    ]),
    item(1, ResourceType.cpu, `${machine.cpus} virtual CPUs`, { AllocationUnits: 'hertz * 10^6', VirtualQuantity: machine.cpus }),
    item(2, ResourceType.memory, `${machine.memoryMiB} MiB of memory`, {
      AllocationUnits: 'byte * 2^20',
      VirtualQuantity: machine.memoryMiB,
    }),
    item(3, ResourceType.scsi, 'SCSI controller 0', { Address: 0, ResourceSubType: machine.diskController }),
    // The `iso` transport hands the properties over on a CD, and ESXi and vcsim put CD drives on IDE in every hardware version.
    item(4, ResourceType.ide, 'IDE controller 0', { Address: 0 }),
    item(5, ResourceType.disk, 'Hard disk 1', { AddressOnParent: 0, HostResource: 'ovf:/disk/vmdisk1', Parent: 3 }),
    item(6, ResourceType.network, 'Network adapter 1', {
      AddressOnParent: 7,
      AutomaticAllocation: 'true',
      Connection: machine.network,
      ResourceSubType: machine.networkCard,
    }),
    item(
      7,
      ResourceType.cd,
      'CD/DVD drive 1',
      { AddressOnParent: 0, AutomaticAllocation: 'false', Parent: 4, ResourceSubType: 'vmware.cdrom.remotepassthrough' },
      false,
    ),
    item(8, ResourceType.video, 'Video card', { AutomaticAllocation: 'false' }, false),
    config('firmware', machine.firmware),
    config('bootOptions.efiSecureBootEnabled', 'false'),
    config('powerOpInfo.powerOffType', 'soft'),
    config('powerOpInfo.resetType', 'soft'),
    // The box keeps its own time; a jump by the host would put wrong times into events.
    config('tools.syncTimeWithHost', 'false'),
    config('tools.toolsUpgradePolicy', 'manual'),
  ])
}

/** The schema requires rasd: children in alphabetical order (CIM_ResourceAllocationSettingData.xsd). */
function item(id: number, type: number, name: string, more: Readonly<Record<string, string | number>>, required = true): XmlElement {
  const children = Object.entries({ ...more, ElementName: name, InstanceID: id, ResourceType: type })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => element(`rasd:${key}`, {}, String(value)))
  return element('Item', required ? {} : { 'ovf:required': 'false' }, children)
}

const config = (key: string, value: string): XmlElement =>
  element('vmw:Config', { 'ovf:required': 'false', 'vmw:key': key, 'vmw:value': value })

function productSection(product: Product, properties: readonly BoxProperty[]): XmlElement {
  const described = properties.flatMap((property, i) => {
    const row = element(
      'Property',
      {
        'ovf:key': ovfKey(property.setting),
        'ovf:type': 'string',
        'ovf:qualifiers': `MaxLen(${property.maxLength})`,
        'ovf:userConfigurable': 'true',
        'ovf:value': property.default,
        ...(property.secret ? { 'ovf:password': 'true' } : {}),
      },
      [element('Label', {}, property.label), element('Description', {}, property.description)],
    )
    return property.category === properties[i - 1]?.category ? [row] : [element('Category', {}, property.category), row]
  })
  return element('ProductSection', {}, [
    element('Info', {}, 'What is installed, and what can be set before the first start'),
    element('Product', {}, product.name),
    element('Vendor', {}, product.vendor),
    element('Version', {}, product.version),
    ...(product.url === undefined ? [] : [element('ProductUrl', {}, product.url)]),
    ...described,
  ])
}
