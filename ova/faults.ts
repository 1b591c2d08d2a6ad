// The faults that OVAs had in the field, each with a code and with what they cause. Codes are never reused.

export const faultMeanings = {
  'tar-damaged': 'the archive ends early or has a broken header',
  'tar-format': 'only plain ustar entries are read everywhere: no pax or GNU headers, no folders, no sizes in base 256',
  'tar-order': 'vSphere reads from front to back: descriptor, manifest, disks in the order of the descriptor',
  'tar-name': 'names are flat, unique, and the manifest is named as the descriptor is',
  'tar-extra': 'a file that the descriptor does not mention',
  'not-signed': 'a certificate that vSphere does not know makes it warn more than none; ours has none',
  'manifest-missing': 'vSphere then warns of a package without integrity data',
  'manifest-spelling': 'vSphere: The provided manifest file is invalid. It reads `SHA256(name)= hex` and nothing else',
  'manifest-algorithm': 'vSphere: Invalid OVF checksum algorithm. SHA256 is what 6.5 and later all read',
  'manifest-entry': 'every file but the manifest has one line in it, and no line is without its file',
  'manifest-digest': 'the file is not what the manifest says: deployment ends with an error',
  'xml-malformed': 'the descriptor is not XML',
  'namespace-undeclared': 'ESXi: Parse error: Undeclared namespace prefix',
  'schema-order': 'DSP8023 and the CIM schemas fix which elements may stand where; ESXi and ovftool keep to them',
  'schema-attribute': 'DSP8023 requires this attribute, in the namespace of OVF and of this form',
  'reference-dangling': 'a reference to a file, disk, controller or network that is not there',
  'file-size': '`ovf:size` is used to plan and to show the transfer; a wrong one ends it',
  'disk-capacity': '`ovf:capacity` differs from what the disk itself says: ESXi refuses at the end of the transfer',
  'disk-format': 'ESXi takes stream-optimized disks and no other sparse form',
  'disk-header': 'the head of the VMDK is not the one that ESXi takes',
  'disk-descriptor': 'the text inside the VMDK contradicts its header or the virtual machine',
  'disk-stream': 'grains, tables or the end of the VMDK are not what the format requires: the import fails',
  'hardware-version': 'older hosts refuse newer versions, and version 13 and older have lost support or devices',
  'controller-unknown': 'a device that ESXi does not have, or not under this name',
  'network-card': 'only VmxNet3 has a driver in each of our guests and the speed of the host',
  'processor-or-memory': 'the virtual machine has no, or no sensible, processors or memory',
  'guest-unknown': 'without `vmw:osType` vSphere takes another guest and other defaults',
  'firmware-unstated': 'without `firmware` the virtual machine gets BIOS, or whatever the host takes',
  'transport-missing': 'properties reach the guest by com.vmware.guestInfo or iso only if the descriptor says so',
  'cd-missing': 'the `iso` transport needs a CD drive',
  'property-key': 'a key has neither dot nor colon, and stands once (DSP0243 §9.5)',
  'property-not-configurable': 'vSphere does not show a property without ovf:userConfigurable="true"',
  'property-type': 'vSphere does not know this type or qualifier, or the default does not fit',
} as const

export type FaultCode = keyof typeof faultMeanings

export interface Fault {
  readonly code: FaultCode
  /** Where, and what stands there. */
  readonly text: string
}

export const fault = (code: FaultCode, text: string): Fault => ({ code, text })
export const describeFault = ({ code, text }: Fault): string => `${code}: ${text} (${faultMeanings[code]})`
