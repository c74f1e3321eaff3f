/** IndexedDB with promises: as much of it as the seat's store needs. */

export const STORES = ['about', 'texts', 'unsent'] as const
export type StoreName = (typeof STORES)[number]

/** `make`: whether it is made when it is not there; else null. */
export function openDatabase(name: string, make: boolean): Promise<IDBDatabase | null> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    let isAbsent = false
    request.onupgradeneeded = () => {
      isAbsent = !make
      // A database whose making is given up does not come to be.
      if (isAbsent) request.transaction?.abort()
      else for (const store of STORES) request.result.createObjectStore(store)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => (isAbsent ? resolve(null) : reject(request.error))
    request.onblocked = () => reject(new Error(`${name} is held open`))
  })
}

/** Resolves when nothing of it is left. Pages that have it open are told to let go. */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

/** One transaction: all of `work` or none of it, durable when it resolves. */
export function write(
  database: IDBDatabase,
  work: (store: (name: StoreName) => IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORES, 'readwrite', { durability: 'strict' })
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the device took nothing'))
    work((name) => transaction.objectStore(name))
  })
}

/** What stands under the key; null when nothing does. */
export function read(database: IDBDatabase, store: StoreName, key: string): Promise<unknown> {
  return asked(database, store, (from) => from.get(key), null)
}
export function readAll(database: IDBDatabase, store: StoreName): Promise<unknown[]> {
  return asked<unknown[]>(database, store, (from) => from.getAll(), [])
}
function asked<T>(
  database: IDBDatabase,
  store: StoreName,
  ask: (store: IDBObjectStore) => IDBRequest,
  absent: T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = ask(database.transaction(store).objectStore(store))
    request.onsuccess = () => resolve(request.result ?? absent)
    request.onerror = () => reject(request.error)
  })
}
