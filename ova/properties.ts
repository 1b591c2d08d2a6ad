// What a member can set while the box is being deployed, as one table. Each row is a setting of the box by the name it has
// in `cyberalarm.conf`; in OVF a key may contain neither dot nor colon (DSP0243 1.1.1 §9.5), so dots become dashes there.
// Everything may be left empty: the box then takes DHCP, and asks for the code on its console.

export interface BoxProperty {
  /** The name in `cyberalarm.conf`. */
  readonly setting: string
  readonly category: string
  readonly label: string
  readonly description: string
  readonly default: string
  /** Shown as dots, and not shown again in the settings of the virtual machine. */
  readonly secret: boolean
  readonly maxLength: number
}

const row = (setting: string, category: string, label: string, description: string, maxLength: number, secret = false): BoxProperty => ({
  setting,
  category,
  label,
  description,
  default: '',
  secret,
  maxLength,
})

const ENROLMENT = '1. Enrolment'
const MEMBER = '2. What is yours'
const NETWORK = '3. Network of this box (leave all empty for DHCP)'

export const boxProperties: readonly BoxProperty[] = [
  row(
    'enrolment.code',
    ENROLMENT,
    'Enrolment code',
    'The single-use code you were given. Left empty, the console of the virtual machine asks for it.',
    40,
    true,
  ),
  row(
    'uplink.proxy',
    ENROLMENT,
    'HTTP proxy',
    'Only where the box has no direct way out on port 443, e.g. http://proxy.example:3128. The proxy must allow CONNECT.',
    255,
  ),
  row(
    'member.networks',
    MEMBER,
    'Your public networks',
    'Any number, with prefix length, separated by commas, e.g. 198.51.100.0/24, 2001:db8:1::/48. Private ranges are known without being named.',
    4096,
  ),
  row('host.name', NETWORK, 'Host name', 'How the box calls itself. Left empty: cyberalarm.', 63),
  row(
    'network.address',
    NETWORK,
    'Addresses',
    'Fixed addresses with prefix length, separated by commas, e.g. 192.0.2.10/24. Left empty, DHCP and router advertisements are used.',
    255,
  ),
  row('network.gateway', NETWORK, 'Gateways', 'One for IPv4, one for IPv6, or both, separated by a comma, e.g. 192.0.2.1.', 128),
  row('network.dns', NETWORK, 'DNS servers', 'Separated by commas. Left empty, those of DHCP are used.', 255),
  row(
    'time.servers',
    NETWORK,
    'Time servers',
    'NTP servers, separated by commas. Left empty, those that the image names, on the internet.',
    255,
  ),
]

/** `member.networks` is `member-networks` in OVF. No name of a setting has a dash, so it can be turned back. */
export const ovfKey = (setting: string): string => setting.replaceAll('.', '-')
export const settingOfKey = (key: string): string | undefined => boxProperties.find(property => ovfKey(property.setting) === key)?.setting
