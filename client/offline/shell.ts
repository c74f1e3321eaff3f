/** Whoever waits for the room on a slow line waits for nothing else. */
const AFTER_MS = 3_000
const WORKER = '/worker.js'
/** What the server's policy for scripts lets this page make. */
const POLICY = 'parley-worker'
const RENEWED = 'parley-renewed'

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

/** Has the page's files kept on the device once the room is quiet, so that it opens without a connection. Calling the result stops. */
export function keepShell(): () => void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return () => undefined
  const timer = setTimeout(() => {
    // Without it the room works as before, but for opening without a connection.
    navigator.serviceWorker.register(trusted(WORKER), { updateViaCache: 'none' }).catch(() => undefined)
  }, AFTER_MS)
  return () => clearTimeout(timer)
}

function trusted(url: string): string {
  const policies: Policies | undefined = Reflect.get(globalThis, 'trustedTypes')
  const only = (asked: string): string => {
    if (asked !== WORKER) throw new Error('this page has one worker')
    return asked
  }
  return policies ? policies.createPolicy(POLICY, { createScriptURL: only }).createScriptURL(url) : url
}

/** Loads the page anew, once for each version of the server that turned it down. False when it did so before, to no avail. */
export function renew(): boolean {
  try {
    if (sessionStorage.getItem(RENEWED)) return false
    sessionStorage.setItem(RENEWED, 'once')
  } catch {
    return false
  }
  location.reload()
  return true
}
/** The server took this page's version. */
export function isCurrent(): void {
  try {
    sessionStorage.removeItem(RENEWED)
  } catch {
    // A browser that keeps nothing asks its person to reload.
  }
}
