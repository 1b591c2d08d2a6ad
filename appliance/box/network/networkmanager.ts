// NetworkManager: one keyfile for the card with fixed addresses, one that any other card takes. Keys are of
// nm-settings-keyfile(5). Identities are taken from the card, for the same reason as with networkd.
import { isIPv4 } from 'node:net'
import { automatic, isAutomatic, type NetworkBackend, type NetworkFile, type NetworkPlan } from './plan.ts'

function family(plan: NetworkPlan, v4: boolean): string[] {
  const ours = (address: string) => isIPv4(address.split('/')[0]) === v4
  const dns = plan.dns.filter(ours)
  return [
    `method=${isAutomatic(plan, v4) ? 'auto' : 'manual'}`,
    ...plan.addresses.filter(ours).map((address, i) => `address${i + 1}=${address}`),
    ...plan.gateways.filter(ours).map(gateway => `gateway=${gateway}`),
    ...(dns.length === 0 ? [] : [`dns=${dns.map(server => `${server};`).join('')}`]),
    // servers of one family answer for both
    `ignore-auto-dns=${plan.dns.length > 0}`,
  ]
}

function render(plan: NetworkPlan, id: string, uuid: string, priority: number): NetworkFile {
  const text = [
    '# Written by cyberalarm-box apply at each boot and at each change of settings.',
    '[connection]',
    `id=${id}`,
    `uuid=${uuid}`,
    'type=ethernet',
    ...(plan.card === undefined ? ['multi-connect=3'] : [`interface-name=${plan.card}`]),
    'autoconnect=true',
    `autoconnect-priority=${priority}`,
    'llmnr=0',
    'mdns=0',
    '',
    '[ipv4]',
    ...family(plan, true),
    'dhcp-client-id=mac',
    `dhcp-hostname=${plan.hostName}`,
    '',
    '[ipv6]',
    ...family(plan, false),
    'addr-gen-mode=eui64',
    'ip6-privacy=0',
    'dhcp-duid=ll',
    '',
  ].join('\n')
  return { name: `${id}.nmconnection`, text, mode: 0o600 }
}

export const networkManager: NetworkBackend = {
  unit: 'NetworkManager.service',
  own: /^cyberalarm(-others)?\.nmconnection$/,
  render: plan => {
    const first = render(plan, 'cyberalarm', '6c8bd1a2-0d0d-4d0e-9a39-8f8fd4c6a001', 20)
    return plan.card === undefined
      ? [first]
      : [first, render(automatic(plan), 'cyberalarm-others', '6c8bd1a2-0d0d-4d0e-9a39-8f8fd4c6a002', 10)]
  },
  // `connect` takes the best connection that fits a card now, also where another one held before (nmcli(1))
  reload: plan => [['nmcli', 'connection', 'reload'], ...plan.cards.map(card => ['nmcli', '--wait', '15', 'device', 'connect', card])],
}
