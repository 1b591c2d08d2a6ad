// The appliance's own network. A Linux server has one already, and these are not for it.
import * as z from 'zod'
import { interfaceFault } from '../address-rules.ts'
import { parseOpenPort } from '../open-port.ts'
import type { Setting } from '../setting.ts'
import { address, isAddress, list, namePattern } from '../shapes.ts'

export const DEFAULT_HOST_NAME = 'cyberalarm'

const interfaceAddress = z.string().superRefine((text, context) => {
  const fault = interfaceFault(text)
  if (fault !== '') context.addIssue(fault)
})

export const network = {
  'host.name': {
    scope: 'box',
    category: 'network',
    label: 'Host name',
    help: `Host name (default ${DEFAULT_HOST_NAME}): letters, digits and dashes.`,
    example: 'fw-logs',
    holdsNames: true,
    default: '',
    shape: z.union([
      z.literal(''),
      z.string().max(63, 'must be 63 letters or fewer').regex(namePattern, 'must be letters, digits and dashes'),
    ]),
    maxLength: 63,
    forms: ['ovf', 'partition'],
    console: { form: 'network', position: 6 },
  },
  'network.address': {
    scope: 'box',
    category: 'network',
    label: 'IP addresses',
    help: 'Static IP addresses with prefix length, separated by commas.',
    whenEmpty: 'automatic (DHCP, router advertisements)',
    example: '192.0.2.10/24',
    default: '',
    shape: list(interfaceAddress, 8),
    maxLength: 255,
    forms: ['ovf', 'partition'],
    console: { form: 'network', position: 1, isFixedOnly: true },
  },
  'network.gateway': {
    scope: 'box',
    category: 'network',
    label: 'Default gateways',
    help: 'One for IPv4, one for IPv6, or both, separated by a comma. Only with a static IP address.',
    whenEmpty: 'automatic (DHCP, router advertisements)',
    example: '192.0.2.1',
    default: '',
    shape: list(address('must be an address such as 192.0.2.1'), 2),
    maxLength: 128,
    forms: ['ovf', 'partition'],
    console: { form: 'network', position: 2, isFixedOnly: true },
  },
  'network.dns': {
    scope: 'box',
    category: 'network',
    label: 'DNS servers',
    help: 'IP addresses of DNS servers, separated by commas.',
    whenEmpty: 'automatic (DHCP)',
    example: '192.0.2.53',
    default: '',
    shape: list(address('must be addresses such as 192.0.2.53'), 4),
    maxLength: 255,
    forms: ['ovf', 'partition'],
    console: { form: 'network', position: 3 },
  },
  'network.open': {
    scope: 'box',
    category: 'network',
    label: 'Open ports',
    help: 'Connections that are allowed to this box and are not reported, for example those of your own vulnerability scanner: protocol, port and the network they come from, separated by commas.',
    whenEmpty: 'everything but syslog is dropped and reported',
    example: 'tcp/22@192.0.2.0/24',
    default: '',
    shape: list(
      z.string().refine(text => parseOpenPort(text) !== undefined, 'must be protocol, port and network such as tcp/22@192.0.2.0/24'),
      32,
    ),
    maxLength: 1024,
    forms: ['partition'],
  },
  'time.servers': {
    scope: 'box',
    category: 'network',
    label: 'NTP servers',
    help: 'Names or IP addresses of NTP servers, separated by commas.',
    whenEmpty: 'public NTP servers on the internet',
    example: 'ntp.example',
    holdsNames: true,
    default: '',
    shape: list(
      z.string().refine(text => isAddress(text) || namePattern.test(text), 'must be names or addresses of NTP servers'),
      8,
    ),
    maxLength: 255,
    forms: ['ovf', 'partition'],
    console: { form: 'network', position: 4 },
  },
} as const satisfies Readonly<Record<string, Setting>>
