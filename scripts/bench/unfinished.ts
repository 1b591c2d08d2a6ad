// Processes that are to be ended if the benchmark is ended before they are: each by its own id, and nothing else.
const unfinished = new Set<number>()

/** Remembers a process until what is returned is called. */
export function rememberProcess(pid: number | undefined): () => void {
  if (pid === undefined) return () => undefined
  unfinished.add(pid)
  return () => unfinished.delete(pid)
}

export function endUnfinished(): void {
  for (const pid of unfinished)
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // it ended by itself just before
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  unfinished.clear()
}
