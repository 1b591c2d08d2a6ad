// systemd-networkd: one file for the card with fixed addresses, one for the others. Names of keys are of systemd.network(5).
// The root file system is read-only and has no machine-id of its own, so whatever is derived from it would change at each boot:
// DHCP servers know the box by its card instead (RFC 2132 section 9.14, RFC 8415 section 11.4).
import { automatic, isAutomatic, type NetworkBackend, type NetworkPlan } from './plan.ts'

const yes = (value: boolean): string => (value ? 'yes' : 'no')

function render(plan: NetworkPlan, match: string, isNeeded: boolean): string {
  const v4 = isAutomatic(plan, true)
  const v6 = isAutomatic(plan, false)
  const useDns = yes(plan.dns.length === 0)
  return [
    '# Written by cyberalarm-box apply at each boot and at each change of settings.',
    '[Match]',
    'Type=ether',
    match,
    '',
    '[Link]',
    `RequiredForOnline=${yes(isNeeded)}`,
    '',
    '[Network]',
    `DHCP=${v4 ? 'ipv4' : 'no'}`,
    `IPv6AcceptRA=${yes(v6)}`,
    'LLMNR=no',
    'MulticastDNS=no',
    'LLDP=no',
    ...plan.addresses.map(address => `Address=${address}`),
    ...plan.gateways.map(gateway => `Gateway=${gateway}`),
    ...plan.dns.map(server => `DNS=${server}`),
    '',
    '[DHCPv4]',
    'ClientIdentifier=mac',
    `Hostname=${plan.hostName}`,
    'UseHostname=no',
    `UseDNS=${useDns}`,
    '',
    '[DHCPv6]',
    'DUIDType=link-layer',
    'UseHostname=no',
    `UseDNS=${useDns}`,
    '',
    '[IPv6AcceptRA]',
    `UseDNS=${useDns}`,
    '',
  ].join('\n')
}

/** Cards of hardware: what has a kind is a bridge, a tunnel, a pair. */
const ANY = 'Kind=!*'

export const networkd: NetworkBackend = {
  unit: 'systemd-networkd.service',
  own: /^1[01]-cyberalarm(-others)?\.network$/,
  render: plan => {
    const first = {
      name: '10-cyberalarm.network',
      text: render(plan, plan.card === undefined ? ANY : `Name=${plan.card}`, true),
      mode: 0o644,
    }
    const others = { name: '11-cyberalarm-others.network', text: render(automatic(plan), ANY, false), mode: 0o644 }
    return plan.card === undefined ? [first] : [first, others]
  },
  // reconfigures what matches a file that changed (networkctl(1))
  reload: () => [['networkctl', 'reload']],
}
