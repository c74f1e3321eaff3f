import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'

/** Serves the built client, as its build compressed it. */
export type ClientFiles = (request: IncomingMessage, response: ServerResponse) => void

const PAGE = /^\/(?:$|join\/?$|r\/[\w-]{1,40}\/[\w-]{1,40}\/?$)/
/** The manifest stands beside the seat's room, which is what an installed app opens. */
const MANIFEST = /^\/r\/[\w-]{1,40}\/[\w-]{1,40}(\/app\.webmanifest)$/
const OF_PAGES = [
  'Content-Security-Policy',
  'Cross-Origin-Opener-Policy',
  'Permissions-Policy',
  'Referrer-Policy',
  'X-Frame-Options',
]
/** Named after their content by the build, so they never change. */
const FOREVER = 'public, max-age=31536000, immutable'

/** A server without a built client is a whole server: only its pages say that they are not built. */
export function clientFiles(folder: string): ClientFiles {
  let files: ReturnType<typeof sirv> | null = null
  return (request, response) => {
    if (!files && existsSync(join(folder, 'index.html'))) files = serve(folder)
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (PAGE.test(path)) request.url = pageOf(folder, path)
    request.url = MANIFEST.exec(path)?.[1] ?? request.url ?? path
    if (files) files(request, response, () => void nothing(folder, request, response))
    else plain(response, 503, 'The client is not built yet: npm run build.')
  }
}

function serve(folder: string): ReturnType<typeof sirv> {
  return sirv(folder, {
    // Looks each file up when it is asked for: a file remembered from before a newer build ends the process when it is read.
    dev: true,
    etag: true,
    brotli: true,
    gzip: true,
    setHeaders(response, path) {
      const isAsset = path.startsWith('/assets/')
      response.setHeader('Cache-Control', isAsset ? FOREVER : 'no-cache')
      // They say how a page is to be used; on every file of it they would be a tenth of a first load.
      if (isAsset) for (const name of OF_PAGES) response.removeHeader(name)
      response.setHeader('Vary', 'Accept-Encoding')
    },
  })
}

/** The joining page and a room's are pages of their own when the build has them; all others are one. */
function pageOf(folder: string, path: string): string {
  const own = path.startsWith('/join')
    ? ['/join.html', '/join/index.html']
    : path.startsWith('/r/')
      ? ['/room.html']
      : []
  return own.find((page) => existsSync(join(folder, page))) ?? '/index.html'
}

/** To a person, the page that says so and whom to call. */
async function nothing(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = request.headers.accept?.includes('text/html')
    ? await readFile(join(folder, 'index.html')).catch(() => null)
    : null
  if (!page) return plain(response, 404, 'There is nothing at this address.')
  response.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(page)
}

function plain(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`${sentence}\n`)
}
