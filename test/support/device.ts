import type { Page } from 'playwright-core'

/** What a browser keeps on its device for the page's origin, and what the page holds in memory. */

/** The tracks of which a copy is stored, and those with words that did not go out. */
export function storedTracks(page: Page): Promise<{ texts: string[]; unsent: string[] }> {
  return page.evaluate(async () => {
    const found: { texts: string[]; unsent: string[] } = { texts: [], unsent: [] }
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((done, failed) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => done(request.result)
        request.onerror = () => failed(request.error)
      })
      for (const store of ['texts', 'unsent'] as const) {
        if (!database.objectStoreNames.contains(store)) continue
        const keys = await new Promise<IDBValidKey[]>((done, failed) => {
          const request = database.transaction(store).objectStore(store).getAllKeys()
          request.onsuccess = () => done(request.result)
          request.onerror = () => failed(request.error)
        })
        found[store].push(...keys.map(String))
      }
      database.close()
    }
    return found
  })
}

/** The databases there are: none where nothing is kept. */
export const databasesOf = (page: Page): Promise<number> =>
  page.evaluate(async () => (await indexedDB.databases()).length)

/** Where `word` is found: IndexedDB, Cache storage, local and session storage, the page itself. */
export function foundOnDevice(page: Page, word: string): Promise<string[]> {
  return page.evaluate(async (asked) => {
    const found = new Set<string>()
    const read = (where: string, value: unknown): void => {
      if (typeof value === 'string' && value.includes(asked)) found.add(where)
      else if (ArrayBuffer.isView(value)) read(where, new TextDecoder('utf-8').decode(value))
      else if (value instanceof ArrayBuffer) read(where, new Uint8Array(value))
      else if (value && typeof value === 'object')
        for (const [key, part] of Object.entries(value)) {
          read(where, key)
          read(where, part)
        }
    }
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((done, failed) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => done(request.result)
        request.onerror = () => failed(request.error)
      })
      for (const store of database.objectStoreNames) {
        const all = await new Promise<unknown[]>((done, failed) => {
          const request = database.transaction(store).objectStore(store).getAll()
          request.onsuccess = () => done(request.result)
          request.onerror = () => failed(request.error)
        })
        read(`IndexedDB ${store}`, all)
      }
      database.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        read('Cache storage', request.url)
        read('Cache storage', await (await cache.match(request))?.text())
      }
    }
    read('localStorage', { ...localStorage })
    read('sessionStorage', { ...sessionStorage })
    read('the page', document.documentElement.outerHTML)
    for (const field of document.querySelectorAll('textarea, input')) read('a field', Reflect.get(field, 'value'))
    return [...found]
  }, word)
}

/** The addresses in Cache storage. */
export const cachedAddresses = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)))
    const requests = await Promise.all(caches_.map((cache) => cache.keys()))
    return requests.flat().map(({ url }) => new URL(url).pathname)
  })

/** Whether the word is anywhere in the page's own memory, after it was tidied: strings, and bytes of words as one letter each. */
export async function isInMemory(page: Page, word: string): Promise<boolean> {
  const session = await page.context().newCDPSession(page)
  try {
    await session.send('HeapProfiler.enable')
    await session.send('HeapProfiler.collectGarbage')
    let snapshot = ''
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      snapshot += chunk
    })
    await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
    return snapshot.includes(word)
  } finally {
    await session.detach()
  }
}

/** Resolves when the service worker holds the page's files and answers for it. */
export async function shellKept(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    const { active } = await navigator.serviceWorker.ready
    return active?.state === 'activated' && navigator.serviceWorker.controller !== null
  })
}
