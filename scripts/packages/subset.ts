// What of the box's files goes into a package for a member's own machine. Pure.
import { renderTemplate } from '../../agent/settings/render-template.ts'

/** Lines of a sysusers file that make the agent's own user, that of the updater where there is one, and nobody else. */
export function agentUsers(text: string, hasUpdater = false): string {
  return keep(text, words => words[0] === 'u' && (words[1] === 'cyberalarm' || (hasUpdater && words[1] === 'cyberalarm-update')))
}

/**
 * Lines of a tmpfiles file about folders of the agent. The settings are for it and root alone, as keys of the member may lie beside
 * them. systemd before 253 does not make /run in the agent's root by itself, and then fails to close it (NoExecPaths=).
 */
export function agentFolders(text: string, hasUpdater = false): string {
  const own = keep(
    text,
    words =>
      /^\/run\/cyberalarm-(root|release)(\/.*)?$|^\/var\/lib\/cyberalarm$/.test(words[1]) ||
      (hasUpdater && words[1] === '/var/lib/cyberalarm-update'),
  )
  const lines = [
    ...own.trimEnd().split('\n'),
    'd /run/cyberalarm-root/run 0755 root root',
    'd /etc/cyberalarm 0750 root cyberalarm',
    'z /etc/cyberalarm/cyberalarm.conf 0640 root cyberalarm',
  ]
  return `${[...new Set(lines)].join('\n')}\n`
}

function keep(text: string, isWanted: (words: readonly string[]) => boolean): string {
  const lines = text.split('\n').filter(line => !line.startsWith('#') && isWanted(line.split(/\s+/)))
  if (lines.length === 0) throw new Error('nothing of the agent is in the file')
  return `${lines.join('\n')}\n`
}

/** The settings file as it is installed: with the central that the release is for, or with the lines to fill in. */
export function settingsFile(central: { readonly url: string; readonly pins: readonly string[] } | undefined): string {
  return renderTemplate('server', central === undefined ? {} : { 'central.url': central.url, 'central.pins': central.pins.join(' ') })
}
