import t from 'tap'
import { gatewayOf } from './workload.ts'

/** The beginning of a message of each format of the workload, in the order of their gateways. */
const heads = {
  sshd: '<38>Nov 20 12:00:00 bastion sshd[4711]: Failed password for root from 203.0.113.7 port 40000 ssh2',
  fortigate: '<189>date=2026-11-20 time=12:00:00 devname="FG-EDGE" devid="FG100E0000000001" logid="0000000013" type="traffic"',
  'cisco-asa': '<164>Nov 20 12:00:00 edge-asa : %ASA-4-106023: Deny tcp src outside:203.0.113.7/40000 dst inside:198.51.100.10/22',
  paloalto: '<14>Nov 20 12:00:00 pa-edge 1,2026/11/20 12:00:00,001234567890,TRAFFIC,drop,2561,2026/11/20 12:00:00,203.0.113.7',
  pfsense: '<134>Nov 20 12:00:00 filterlog[61234]: 4,,,1000000103,igb0,match,block,in,4,0x0,,244,1,0,none,6,tcp,44,203.0.113.7',
  sonicwall: '<134>id=firewall sn=0017C5000001 time="2026-11-20 12:00:00 UTC" fw=198.51.100.1 pri=6 c=64 m=36 msg="TCP packet dropped"',
  netfilter: '<4>Nov 20 12:00:00 gw kernel: [1.5] [DROP]IN=eth0 OUT= MAC= SRC=203.0.113.7 DST=198.51.100.10 LEN=44 PROTO=TCP SPT=1 DPT=22',
  'sophos-xg':
    '<30>device="SFW" date=2026-11-20 time=12:00:00 timezone="GMT" device_name="XGS116" log_type="Firewall" log_subtype="Denied"',
}

t.test('every format comes from a gateway of its own', async t => {
  t.same(Object.values(heads).map(gatewayOf), [11, 12, 13, 14, 15, 16, 17, 18])
})
