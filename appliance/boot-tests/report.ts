// A unit that a test hands into the box, and what it says: nobody can log in to look.
export const END = 'REPORT-END'

/** Sections of the report: each a command of the box. */
const sections = {
  uptime: 'cat /proc/uptime',
  failed: 'systemctl --failed --no-legend --plain',
  listening: 'ss -lntuH',
  status: '/usr/lib/cyberalarm/agent/bin/cyberalarm status --json',
  enrolment: 'cat /run/cyberalarm-enrol/enrolment.json',
  code: 'test -e /var/lib/cyberalarm-box/enrolment.code && echo there || echo gone',
  hostName: 'cat /proc/sys/kernel/hostname',
  settings: 'cat /run/cyberalarm-box/settings.json',
  security: 'systemd-analyze security --no-pager | grep cyberalarm',
  disk: 'df -B1 --output=size,avail /var | tail -1',
  grubenv:
    'dd if=/run/cyberalarm-disk/boot bs=512 count=1 status=none skip=$(($(grep -o "grubenv=[0-9]*" /proc/cmdline | cut -d= -f2) / 512)) | head -n 4',
  // twice, with a while between
  enrolmentUnit:
    'show() { systemctl show -p ActiveState -p NRestarts -p InvocationID -p ExecMainStartTimestampMonotonic cyberalarm-enrol; }; show; sleep 15; show',
  enrolmentPath: 'systemctl show -P SubState cyberalarm-enrol.path',
  journal: 'journalctl -q -b -p warning -n 80 --no-pager -o short',
} as const

export type Report = Readonly<Record<keyof typeof sections, string>>

/** Says `BARE` when the base is up: all that is meant to run has been started. */
export const bareUnit = {
  name: 'bare.service',
  text: `[Unit]
After=systemd-user-sessions.service systemd-networkd.service chrony.service systemd-logind.service
[Service]
Type=oneshot
StandardOutput=file:/dev/ttyS0
ExecStart=/bin/echo BARE
`,
}

/** Asks again each second, for two minutes; what is not so by then stands in the report. */
const until = (condition: string): string => `n=0; until ${condition} || test $$n -gt 120; do sleep 1; n=$$((n + 1)); done`
const STATUS = '/usr/lib/cyberalarm/agent/bin/cyberalarm status --json'

/** Says `READY` when the agent answers, `ENROLLED` when it has an identity, from this start or one before, and then reports. */
export const reportUnit = {
  name: 'report.service',
  text: `[Unit]
Description=What a test wants to know
After=cyberalarm-agent.service
[Service]
Type=oneshot
StandardOutput=file:/dev/ttyS0
StandardError=inherit
ExecStart=/bin/sh -c '${[
    'until test -S /run/cyberalarm/status.sock; do sleep 0.5; done',
    'echo READY',
    until('test -s /var/lib/cyberalarm/identity.json'),
    'echo ENROLLED',
    // the test sends a message now
    until(`${STATUS} | grep -q "lastReceiptAt[^n]*20"`),
    until('test ! -e /var/lib/cyberalarm-box/enrolment.code'),
    until('test "$$(systemctl show -P SubState cyberalarm-guard)" = exited'),
    ...Object.entries(sections).map(([name, command]) => `echo "SECTION ${name}"; ${command.replaceAll('$', '$$$$')} 2>&1`),
    `echo ${END}`,
  ].join('; ')}'
`,
}

/** Moments of a start at which a test may cut the power, each by what there is from then on. */
const moments = {
  'the partition data grows': '-L /run/systemd/units/invocation:cyberalarm-grow.service',
  'settings were taken up': '-e /run/cyberalarm-box/settings.json',
  'enrolment begins': '-L /run/systemd/units/invocation:cyberalarm-enrol.service',
  'there is an identity': '-s /var/lib/cyberalarm/identity.json',
} as const
export type Moment = keyof typeof moments
export const allMoments = Object.keys(moments) as Moment[]

/** Says `NOW` at a moment of the start. */
export const momentUnit = (moment: Moment) => ({
  name: 'moment.service',
  text: `[Unit]
DefaultDependencies=no
[Service]
StandardOutput=file:/dev/ttyS0
ExecStart=/bin/sh -c 'until test ${moments[moment]}; do sleep 0.1; done; echo NOW'
`,
})

export function readReport(serial: string): Report {
  const names = Object.keys(sections) as (keyof typeof sections)[]
  const text = serial.replaceAll('\r', '')
  return Object.fromEntries(
    names.map(name => {
      const from = text.lastIndexOf(`SECTION ${name}\n`)
      const body = from < 0 ? '' : text.slice(from + `SECTION ${name}\n`.length)
      const to = body.search(/^(SECTION |REPORT-END)/m)
      return [name, (to < 0 ? body : body.slice(0, to)).trim()]
    }),
  ) as Report
}
