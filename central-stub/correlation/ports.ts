// Ports that rules look at, as SQL.

/** Not published to the Internet on purpose: shells, remote desktops, file shares, databases. As in agent/triage/rules.ts (a test compares). */
export const adminPorts: readonly number[] = [
  22, 23, 135, 139, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 8291, 9200, 27017,
]

const serverPort = (port: string) => `(${port} < 1024 OR ${port} IN (8080, 8443))`

/**
 * What a server answers to a client's port, late or to somebody who forged the client's address. Firewalls that say no TCP
 * flags let the box send these (agent/triage), and many of one server would look like a scan of many ports.
 */
export const isAnswer = `(${serverPort('source_port')} AND NOT ${serverPort('destination_port')} AND destination_port NOT IN (${adminPorts}))`
