// A unit that a test hands into the box, and what it says: nobody can log in to look.
export const END = 'REPORT-END'

/** Sections of the report: each a command of the box. */
const sections = {
  uptime: 'cat /proc/uptime',
  failed: 'systemctl --failed --no-legend --plain',
  listening: 'ss -lntuH',
  status: '/usr/lib/cyberalarm/bin/cyberalarm status --json',
  enrolment: 'cat /run/cyberalarm-enrol/enrolment.json',
  code: 'test -e /var/lib/cyberalarm-box/enrolment.code && echo there || echo gone',
  hostName: 'cat /proc/sys/kernel/hostname',
  settings: 'cat /run/cyberalarm-box/settings.json',
  security: 'systemd-analyze security --no-pager | grep cyberalarm',
  disk: 'df -B1 --output=size,avail /var | tail -1',
  grubenv:
    'dd if=/run/cyberalarm-disk/boot bs=512 count=1 status=none skip=$(($(grep -o "grubenv=[0-9]*" /proc/cmdline | cut -d= -f2) / 512)) | head -n 4',
  journal: 'journalctl -b -p warning -n 80 --no-pager -o cat',
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

/** Says `READY` when the agent answers, and reports when the enrolment is through, or after two minutes without. */
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
    'n=0; until grep -q enrolled /run/cyberalarm-enrol/enrolment.json 2>/dev/null || test $$n -gt 120; do sleep 1; n=$$((n + 1)); done',
    'echo ENROLLED',
    'n=0; until test "$$(systemctl show -P SubState cyberalarm-guard)" = exited || test $$n -gt 120; do sleep 1; n=$$((n + 1)); done',
    ...Object.entries(sections).map(([name, command]) => `echo "SECTION ${name}"; ${command.replaceAll('$', '$$$$')} 2>&1`),
    `echo ${END}`,
  ].join('; ')}'
`,
}

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
