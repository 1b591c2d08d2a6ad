// What the journal of a healthy box complains of: nothing but what is said here, each with its reason. Pure.

interface Expected {
  readonly pattern: RegExp
  readonly why: string
}

/** `journalctl -o short` writes `Nov 30 14:40:01 host name[pid]: text`. */
const lineShape = /^\S+ +\d+ [\d:]+ \S+ ([^:[\s]+)(?:\[\d+\])?: (.*)$/

const expected: readonly Expected[] = [
  { pattern: /^(\.\.)?MP-BIOS bug|^tsc: |APIC calibration|^mtrr: |^amd_pstate: |^hpet: /, why: 'the processor that QEMU emulates' },
  {
    pattern: /^ata\d+\.\d+: LPM support broken|^sd \S+ Power-on|^sd[a-z]: p\d+ size/,
    why: "QEMU's drives, and a stick without a partition table",
  },
  {
    pattern:
      /^hrtimer: interrupt took|^clocksource: |^\S+: Worker \[\d+\] processing SEQNUM=\d+ is taking a long time|Time jumped|loopback network device, ignoring: Connection timed out/,
    why: 'an emulated machine that its host lets wait',
  },
  { pattern: /^pinctrl core: failed to create debugfs/, why: 'debugfs=off on our command line' },
  { pattern: /^device-mapper: core: CONFIG_IMA_DISABLE_HTABLE/, why: 'a note of the kernel about measurements that nobody reads' },
  { pattern: /system\.journal (is )?corrupted or uncleanly shut down/, why: 'the power was cut before this start' },
]

/** Lines of warnings and errors that nobody expects. */
export const complaintsIn = (journal: string): string[] =>
  journal.split('\n').filter(line => {
    const text = lineShape.exec(line)?.[2] ?? line
    return text !== '' && !expected.some(({ pattern }) => pattern.test(text))
  })
