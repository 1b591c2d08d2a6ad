// What the update of the base asks for and says, with this machine's own apt, on a machine with a real systemd, through a proxy that
// looks at every command line while it is asked.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { Repository } from './boot-tests/repository.ts'
import { bootEnvironment, startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)
const PASSWORD = 'proxy-pass-word'
const PROXY = 3128

t.test('updates of the base through a proxy', { skip: reason ?? false }, async t => {
  const { machine, folder } = await startBox(t)
  const repository = new Repository(join(folder, 'repository'))
  // a package that every Debian has
  repository.publish({ name: 'base-files', version: '9999', architecture: 'amd64' })
  machine.sh(
    'mkdir -p /usr/lib/sysimage/dpkg /run/cyberalarm-base && rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/* && cat > /etc/apt/sources.list.d/test.sources',
    repository.sources('http://packages.test/debian/'),
  )
  machine.sh(`umask 077; echo http://member:${PASSWORD}@127.0.0.1:${PROXY} > /run/cyberalarm-box/proxy`)
  const packages = (...words: string[]) => machine.run(['/usr/lib/cyberalarm/base/packages', ...words])

  await t.test('the password is on no command line, and in no file that others can read', async t => {
    const proxy = await startProxy(t, machine.network, join(folder, 'repository/served'))
    const { code, out, error } = packages('look')
    t.equal(code, 0, error)
    t.match(out, /^base-files /m, 'what is newer is found')
    const seen = await proxy.seen()
    t.ok(seen.length > 0 && seen.every(({ isAllowed }) => isAllowed), 'the proxy was asked, with the password')
    t.strictSame(
      seen.flatMap(({ exposed }) => exposed),
      [],
    )
    t.equal(machine.sh(`find /run /var/lib/cyberalarm-base /tmp -type f -perm /077 -exec grep -l '${PASSWORD}' {} + || true`), '')
  })

  await t.test('a server that cannot be reached is named with its port, on the console and for the helpdesk', async t => {
    machine.sh('rm /run/cyberalarm-box/proxy; echo 127.0.0.1 packages.test >> /etc/hosts')
    const { code } = machine.run(['env', ...bootEnvironment.split(' '), '/usr/lib/cyberalarm/base/refresh'])
    t.not(code, 0)
    const report = JSON.parse(machine.sh('cat /var/lib/cyberalarm-base/report.json'))
    t.match(report, {
      state: 'failed',
      slot: 'b',
      text: /^while asking packages\.test:80 for newer packages: Could not connect to packages\.test:80 /,
    })
    machine.sh(`umask 077; echo http://member:${PASSWORD}@127.0.0.1:${PROXY} > /run/cyberalarm-box/proxy`)
    machine.run(['env', ...bootEnvironment.split(' '), '/usr/lib/cyberalarm/base/refresh'])
    const { text } = JSON.parse(machine.sh('cat /var/lib/cyberalarm-base/report.json'))
    t.match(text, /127\.0\.0\.1:3128/)
    t.notMatch(text, PASSWORD)
    machine.sh("echo 'E: Could not connect to http://member:pass/word@proxy.test:3128' > /run/cyberalarm-base/look.log")
    t.equal(packages('fault').out, ': Could not connect to http://proxy.test:3128\n', 'nor one with a slash in it')
  })

  await t.test('servers of both families', async t => {
    machine.sh(
      'mkdir -p /usr/lib/sysimage/rpm /etc/yum.repos.d && rmdir /usr/lib/sysimage/dpkg && cat > /etc/yum.repos.d/test.repo',
      '[a]\n#baseurl=http://old.example/\nmetalink=https://mirrors.example/metalink?repo=a\nbaseurl=http://user@mirror.example:8080/9\n',
    )
    t.equal(packages('servers').out, 'mirror.example:8080, mirrors.example:443\n')
  })
})

interface Seen {
  readonly isAllowed: boolean
  readonly exposed: readonly string[]
}

async function startProxy(t: { teardown(done: () => unknown): unknown }, inside: readonly string[], served: string) {
  const program = `
const { createServer } = require('node:http'), { readFileSync, readdirSync } = require('node:fs'), { basename, join } = require('node:path')
const read = path => { try { return readFileSync(path, 'latin1') } catch { return '' } }
createServer((request, response) => {
  const exposed = readdirSync('/proc').filter(id => /^\\d+$/.test(id)).map(id => read('/proc/' + id + '/cmdline').replaceAll('\\0', ' ')).filter(line => line.includes(${JSON.stringify(PASSWORD)}) && !line.includes('createServer'))
  const isAllowed = request.headers['proxy-authorization'] === 'Basic ' + Buffer.from('member:${PASSWORD}').toString('base64')
  console.log(JSON.stringify({ isAllowed, exposed }))
  const bytes = isAllowed ? read(join(${JSON.stringify(served)}, basename(request.url))) : ''
  response.writeHead(isAllowed ? bytes === '' ? 404 : 200 : 407, { 'proxy-authenticate': 'Basic realm=x' }).end(bytes, 'latin1')
}).listen(${PROXY}, '127.0.0.1', () => console.log('ready'))`
  const [command, ...words] = [...inside, 'env', '-u', 'NODE_OPTIONS', process.execPath, '-e', program]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  let text = ''
  child.stdout.on('data', chunk => (text += chunk))
  while (!text.includes('ready')) await once(child.stdout, 'data')
  return {
    /** What it saw; it has ended then. */
    seen: async (): Promise<Seen[]> => {
      const closed = once(child, 'close')
      child.kill()
      await closed
      return text.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Seen] : []))
    },
  }
}
