// Where things of the box lie, below one root, so that a test is a folder and nothing of the machine is touched.
import { join } from 'node:path'

export interface BoxPaths {
  /** Settings and facts that the image brings. */
  readonly imageSettings: string
  readonly imageFacts: string
  /** NTP sources that the image brings, in chrony's words. */
  readonly imageTimeSources: string
  /** Root's own state. */
  readonly state: string
  readonly member: string
  readonly applied: string
  readonly code: string
  /** Written by the console, which is not trusted. */
  readonly requestedSettings: string
  readonly requestedDiagnostics: string
  readonly requestedUpdate: string
  readonly requestedUpdateUsb: string
  /** The file of an update, from a USB stick: the updater takes it. */
  readonly carriedUpdate: string
  /** A request of the console while it is being carried out. */
  readonly takenSettings: string
  /** What programs of the box report to the console. */
  readonly reports: string
  readonly settingsReport: string
  /** There if /var is a file system in memory, because the partition `data` could not be mounted (dracut's box-data.sh). */
  readonly dataFailed: string
  /** There while services have yet to take up what was written. */
  readonly unfinished: string
  readonly enrolmentReport: string
  /** Which slot of the system runs, as the guard tells. */
  readonly slotReport: string
  /** What base/refresh says of updates of the system. */
  readonly systemReport: string
  /** What the release before was like, what was found of the one on probation, and what was seen meanwhile (root's own). */
  readonly baseline: string
  readonly verdict: string
  readonly probationSamples: string
  /** The second stage of probation, which outlasts a restart of the machine. */
  readonly probation: string
  readonly configPartition: string
  readonly devices: string
  readonly networkCards: string
  /** What this system has of the network. */
  readonly networkFacts: string
  readonly networkdFolder: string
  readonly networkManagerFolder: string
  readonly timeSources: string
  /** What the member lets in, for open.nft. */
  readonly openPorts: string
  /** The HTTP proxy, or nothing, in one line: for base/packages, which reads no settings. */
  readonly proxy: string
}

export function boxPathsBelow(root: string): BoxPaths {
  const image = join(root, 'usr/lib/cyberalarm')
  const state = join(root, 'var/lib/cyberalarm-box')
  const reports = join(root, 'run/cyberalarm-box')
  return {
    imageSettings: join(image, 'image.conf'),
    imageFacts: join(image, 'image.json'),
    imageTimeSources: join(image, 'time.sources'),
    state,
    member: join(state, 'member.conf'),
    applied: join(state, 'applied.json'),
    code: join(state, 'enrolment.code'),
    requestedSettings: join(state, 'wanted/cyberalarm.conf'),
    requestedDiagnostics: join(state, 'wanted/diagnostics'),
    requestedUpdate: join(state, 'wanted/update-now'),
    requestedUpdateUsb: join(state, 'wanted/update-usb'),
    carriedUpdate: join(root, 'var/lib/cyberalarm-update-usb/update.tar'),
    takenSettings: join(state, 'taken.conf'),
    reports,
    settingsReport: join(reports, 'settings.json'),
    dataFailed: join(reports, 'data-failed'),
    unfinished: join(reports, 'apply.unfinished'),
    enrolmentReport: join(root, 'run/cyberalarm-enrol/enrolment.json'),
    slotReport: join(reports, 'slot'),
    systemReport: join(root, 'var/lib/cyberalarm-base/report.json'),
    baseline: join(root, 'run/cyberalarm-release/baseline.json'),
    verdict: join(root, 'run/cyberalarm-release/verdict'),
    probationSamples: join(root, 'run/cyberalarm-release/samples.json'),
    probation: join(root, 'var/lib/cyberalarm-releases/probation.json'),
    configPartition: join(root, 'run/cyberalarm-disk/config'),
    devices: join(root, 'dev'),
    networkCards: join(root, 'sys/class/net'),
    networkFacts: join(root, 'run/cyberalarm-network/facts'),
    networkdFolder: join(root, 'run/systemd/network'),
    networkManagerFolder: join(root, 'run/NetworkManager/system-connections'),
    timeSources: join(root, 'run/chrony-box/member.sources'),
    openPorts: join(reports, 'open.d/settings.nft'),
    proxy: join(reports, 'proxy'),
  }
}
