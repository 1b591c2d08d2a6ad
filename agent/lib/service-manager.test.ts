import t from 'tap'
import { loadNativeNotify, serviceManager } from './service-manager.ts'

t.test('without the addon and without systemd nothing is told, and nothing fails', async t => {
  const faults: string[] = []
  const without = serviceManager(undefined, fault => faults.push(fault))
  t.same([without.notify('READY=1'), without.barrier()], [false, false])
  delete process.env.NOTIFY_SOCKET
  const alone = serviceManager(await loadNativeNotify(), fault => faults.push(fault))
  t.same([alone.notify('READY=1', 0), alone.barrier()], [false, false])
  t.same(faults, [])
})

t.test('a systemd that does not answer is reported once, with the reason', async t => {
  const faults: string[] = []
  process.env.NOTIFY_SOCKET = '/tmp/ca-no-such-manager'
  t.teardown(() => delete process.env.NOTIFY_SOCKET)
  const native = await loadNativeNotify()
  t.not(native, undefined, 'the addon is built')
  const manager = serviceManager(native, fault => faults.push(fault))
  t.same([manager.notify('READY=1'), manager.notify('READY=1'), manager.barrier()], [false, false, false])
  t.match(faults, ['systemd cannot be told how the service is: ENOENT: cannot notify the service manager'])
  t.equal(faults.length, 1)
})
