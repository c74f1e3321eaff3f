/**
 * The service worker: the page opens without a connection. It holds the built files, which are named after their content, and
 * the page that loads them; never an answer of the server's that has anything to do with the talks. Online the server's own
 * page comes first, so that no old client meets a new server; what is still old is told so by the handshake.
 */

/** Put there by the build: the files of this version, and a name that is another for every other version. */
declare const __SHELL__: { version: string; files: string[] }
/** What a worker has and a page has not. */
interface Worker {
  addEventListener(
    name: 'install' | 'activate',
    listener: (event: { waitUntil(done: Promise<unknown>): void }) => void,
  ): void
  addEventListener(
    name: 'fetch',
    listener: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
}
declare const self: Worker

const PAGE = '/index.html'
const PAGES = /^\/(?:$|join\/?$|r\/[\w-]{1,40}\/[\w-]{1,40}\/?$)/
const PREFIX = 'parley-shell-'
const SHELL = __SHELL__
const CACHE = `${PREFIX}${SHELL.version}`
/** A line on which no page came by then serves nobody: what is here opens. */
const PAGE_MS = 8_000
/** A page of the version before may still ask for its files. */
const VERSIONS_KEPT = 2

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate') {
    if (PAGES.test(pathname)) event.respondWith(page(request))
  } else if (SHELL.files.includes(pathname)) event.respondWith(file(request, pathname))
})

/** One file after the other: whoever types on the same line comes first. */
async function install(): Promise<void> {
  const cache = await caches.open(CACHE)
  for (const path of [...SHELL.files, PAGE]) {
    const known = path === PAGE ? undefined : await stored(path)
    await cache.put(path, known ?? (await fetched(path)))
  }
  await self.skipWaiting()
}
async function fetched(path: string): Promise<Response> {
  const response = await fetch(path, { credentials: 'omit', cache: path === PAGE ? 'no-cache' : 'default' })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response
}
async function activate(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(names.slice(0, Math.max(0, names.length - VERSIONS_KEPT + 1)).map((name) => caches.delete(name)))
  await self.clients.claim()
}

const stored = (path: string): Promise<Response | undefined> => caches.match(path, { ignoreVary: true })

async function file(request: Request, path: string): Promise<Response> {
  return (await stored(path)) ?? fetch(request)
}
/** The server's own page, and what is here when the server does not answer. */
async function page(request: Request): Promise<Response> {
  const asked = fetch(request)
  const late = new Promise<null>((done) => setTimeout(() => done(null), PAGE_MS))
  try {
    const answer = await Promise.race([asked, late])
    // A proxy that stands before a server that is away says so.
    if (answer && answer.status < 500) return answer
    return (await own()) ?? answer ?? (await asked)
  } catch (cause) {
    const here = await own()
    if (here) return here
    throw cause
  }
}
const own = async (): Promise<Response | undefined> => (await caches.open(CACHE)).match(PAGE, { ignoreVary: true })
