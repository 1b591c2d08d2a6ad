// Deploys the OVA with tools of others: virt-v2v reads it as a source, and VMware's own client deploys it by URL into a
// vCenter in memory. Where a tool is missing the test says how to get it and is left out.
import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { makeOva } from './ova.ts'
import { hardware } from './ovf.ts'
import { boxProperties, ovfKey } from './properties.ts'
import { DISK_MIB, MIB, MODIFIED, machine, makeRawDisk, product, serveFile } from './test-support.ts'

const run = promisify(execFile)
const folder = t.testdir()
const rawPath = join(folder, 'disk.raw')
const ovaPath = join(folder, 'cyberalarm.ova')
await makeRawDisk(rawPath)
const { diskBytes, ovaBytes } = await makeOva({ rawPath, ovaPath, product, guest: 'debian', modified: MODIFIED, machine })
const starts = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  )

const v2v = (await starts('virt-v2v', '--version')) ? false : 'virt-v2v is not installed (Debian: virt-v2v)'
t.test('virt-v2v reads it as a source', { skip: v2v }, async t => {
  const { stdout } = await run('virt-v2v', ['-i', 'ova', ovaPath, '-o', 'null', '--print-source'])
  t.match(stdout, /source name: CyberAlarm\n/)
  t.match(stdout, new RegExp(`memory: ${hardware.memoryMiB * MIB} \\(bytes\\)`))
  t.match(stdout, new RegExp(`nr vCPUs: ${hardware.cpus}\n`))
  t.match(stdout, /firmware: uefi/)
  t.match(stdout, /disks:\n[\s\S]*\[scsi\]/)
  t.match(stdout, /Bridge "VM Network" \[vmxnet3\]/)
})

const built = resolve(import.meta.dirname, '../build/vsphere')
const vsphere = (await starts('vsphere', 'version')) ? 'vsphere' : built
const missing = (await starts(vsphere, 'version')) ? false : 'needs Go: go build -C ova/vsphere -o ../../build/vsphere .'

/** A vCenter in memory, until the test ends, and a client of it. */
async function startVsphere(t: Test): Promise<(...args: string[]) => Promise<string>> {
  const simulator = spawn(vsphere, ['simulate'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => simulator.stdin.end())
  const url = await new Promise<string>(done => createInterface(simulator.stdout).once('line', done))
  const env = { PATH: process.env.PATH, HOME: folder, GOVC_URL: url, GOVC_INSECURE: '1', GOVC_PERSIST_SESSION: 'false' }
  return async (...args) => (await run(vsphere, args, { env, maxBuffer: 1 << 24 })).stdout
}

t.test('vSphere deploys it by URL, with its hardware and its properties', { skip: missing }, async t => {
  const served = await serveFile(ovaPath)
  t.teardown(served.close)
  const govc = await startVsphere(t)

  const spec = JSON.parse(await govc('import.spec', served.url))
  t.strictSame(
    spec.PropertyMapping.map((property: { Key: string }) => property.Key),
    boxProperties.map(property => ovfKey(property.setting)),
    'all properties are asked for',
  )
  t.strictSame(
    spec.NetworkMapping.map((network: { Name: string }) => network.Name),
    [hardware.network],
  )
  spec.PropertyMapping.find((property: { Key: string }) => property.Key === 'member-networks').Value = '198.51.100.0/24'
  const options = join(folder, 'options.json')
  await writeFile(options, JSON.stringify(spec))
  // Without -m: the simulator's lease knows SHA-1 only. The library below verifies the manifest.
  await govc('import.ova', '-name', 'box', '-options', options, served.url)
  t.ok(served.requests.includes('GET /cyberalarm.ova'), `the server was asked: ${served.requests.join(', ')}`)

  const [machineThere] = JSON.parse(await govc('vm.info', '-json', 'box')).virtualMachines
  const { config } = machineThere
  t.equal(config.version, hardware.hardwareVersion)
  t.equal(config.guestId, hardware.guests.debian.vmware)
  t.equal(config.hardware.numCPU, hardware.cpus)
  t.equal(config.hardware.memoryMB, hardware.memoryMiB)
  const { devices } = JSON.parse(await govc('device.info', '-json', '-vm', 'box'))
  const types = devices.map((device: { type: string }) => device.type)
  for (const type of ['ParaVirtualSCSIController', 'VirtualVmxnet3', 'VirtualCdrom'])
    t.ok(types.includes(type), `${type}: ${types.join(', ')}`)
  t.equal(devices.find((device: { type: string }) => device.type === 'VirtualDisk')?.capacityInKB, DISK_MIB * 1024)
  const property = config.vAppConfig.property.find((one: { id: string }) => one.id === 'member-networks')
  t.equal(property.value, '198.51.100.0/24')
  t.equal(property.userConfigurable, true)
})

t.test('a content library verifies its manifest, pulls it by URL, and deploys it', { skip: missing }, async t => {
  const served = await serveFile(ovaPath)
  t.teardown(served.close)
  const govc = await startVsphere(t)
  await govc('library.create', 'verified')
  await govc('library.import', '-m', 'verified', served.url)
  const [item] = JSON.parse(await govc('library.info', '-json', 'verified/cyberalarm'))
  t.equal(item.type, 'ovf')
  await govc('library.deploy', 'verified/cyberalarm', 'box')
  t.match(await govc('vm.info', 'box'), /Name: +box\n/)
  await govc('library.create', 'pulled')
  await govc('library.import', '-pull', 'pulled', served.url)
  t.ok(served.requests.includes('HEAD /cyberalarm.ova'), `the server was asked: ${served.requests.join(', ')}`)
})

t.test('the web server of the tests does what vSphere asks of one', async t => {
  const served = await serveFile(ovaPath)
  t.teardown(served.close)
  const head = await fetch(served.url, { method: 'HEAD' })
  t.strictSame([head.status, head.headers.get('content-length'), head.headers.get('accept-ranges')], [200, String(ovaBytes), 'bytes'])
  const part = await fetch(served.url, { headers: { range: 'bytes=257-262' } })
  t.strictSame(
    [part.status, (await part.text()).slice(0, 5), part.headers.get('content-range')],
    [206, 'ustar', `bytes 257-262/${ovaBytes}`],
  )
  t.equal((await fetch(served.url, { headers: { range: `bytes=${ovaBytes}-` } })).status, 416)
  t.ok(diskBytes < ovaBytes)
})
