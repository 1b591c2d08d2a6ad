// What a unit tells systemd (sd_notify(3)), through the native addon, for Node.js has no datagrams over Unix sockets. Without the addon,
// or where no systemd started the program, nothing is told, and nothing goes wrong: each call says whether it was heard.

export interface ServiceManager {
  /** Sends lines `NAME=value`, with a descriptor if one is given. False if nobody takes it; why not is reported once. */
  notify(text: string, fd?: number): boolean
  /** Waits, 5 s at most, until all that was sent has been read: only then may a program end or a name be used again. False as above. */
  barrier(): boolean
}

/** What the package node-netfilter-log offers, as far as it is used here. */
export interface NativeNotify {
  notify(text: string, fd?: number): boolean
  notifyBarrier(): boolean
}

/** `native` is undefined where the addon could not be loaded. `tell` hears of the first fault. */
export function serviceManager(native: NativeNotify | undefined, tell: (fault: string) => void): ServiceManager {
  let isTold = false
  const heard = (call: () => boolean): boolean => {
    try {
      return call()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!isTold) tell(`systemd cannot be told how the service is: ${reason}`)
      isTold = true
      return false
    }
  }
  return {
    notify: (text, fd) => native !== undefined && heard(() => native.notify(text, fd)),
    barrier: () => native !== undefined && heard(() => native.notifyBarrier()),
  }
}

/** The addon's part, or undefined. */
export async function loadNativeNotify(): Promise<NativeNotify | undefined> {
  try {
    return await import('node-netfilter-log')
  } catch {
    return undefined // that it is missing is reported by those who receive with it
  }
}
