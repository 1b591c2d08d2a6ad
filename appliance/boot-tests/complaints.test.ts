import t from 'tap'
import { complaintsIn } from './complaints.ts'

t.test('what is expected of an emulated machine is no complaint, and all else is', async t => {
  const line = (name: string, text: string) => `Nov 30 14:40:01 box ${name}: ${text}`
  const fine = [
    line('kernel', '..MP-BIOS bug: 8254 timer not connected to IO-APIC'),
    line('kernel', 'pinctrl core: failed to create debugfs directory'),
    line('systemd-journald[300]', 'File /var/log/journal/f6/system.journal corrupted or uncleanly shut down, renaming and replacing.'),
  ]
  const wrong = [
    line('systemd[1]', 'Failed to copy os-release for propagation, ignoring: No such file or directory'),
    line('systemd-fsck[411]', 'fsck failed with exit status 8.'),
    line('systemd-fsck[411]', 'Ignoring error.'),
    'something that is no line of a journal',
  ]
  t.strictSame(complaintsIn([...fine, ...wrong, ''].join('\n')), wrong)
})
