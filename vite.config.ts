import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const ROOT = import.meta.dirname
const SERVER = process.env['PARLEY_SERVER'] ?? `http://127.0.0.1:${process.env['PORT'] ?? 8080}`
const PAGES = ['index.html', 'join/index.html', 'join.html'].map((page) => join(ROOT, 'client', page))
/** Already compressed by their own format. */
const DENSE = /\.(?:woff2?|png|jpe?g|webp|avif|br|gz)$/

/** Tells the service worker which files there are, and gives every other set of them another name. */
function shell(): Plugin {
  return {
    name: 'parley-shell',
    apply: 'build',
    async generateBundle(_, bundle) {
      const files = Object.keys(bundle)
        .filter((name) => name.startsWith('assets/'))
        .sort()
      const page = await readFile(join(ROOT, 'client/index.html'), 'utf8')
      const version = createHash('sha256')
        .update(`${files.join(' ')} ${page}`)
        .digest('hex')
        .slice(0, 16)
      const worker = bundle['worker.js']
      if (worker?.type !== 'chunk') throw new Error('the build has no worker.js')
      const told = JSON.stringify({ version, files: files.map((name) => `/${name}`) })
      worker.code = worker.code.replaceAll('__SHELL__', told)
    },
  }
}

/** In a browser the room's line is the browser's own. */
function webLink(): Plugin {
  return {
    name: 'parley-web-link',
    apply: 'build',
    enforce: 'pre',
    resolveId: (source) => (source === './socket-link.ts' ? join(ROOT, 'client/room/web-link.ts') : null),
  }
}

interface Chunk {
  file: string
  imports?: string[]
  css?: string[]
}
/** What brings the words: the line first, then what shows them. The editor comes behind. */
const ROOM = ['room/index.ts', 'offline/keep.ts', 'screens/Room/RoomDoor.svelte']

/** The page of a room: as all others, and it asks at once for what a room needs, which else is found out step by step. */
async function writeRoomPage(dist: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(dist, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>
  const seen = new Set<string>()
  const links = new Set<string>()
  const need = (key: string): void => {
    const chunk = manifest[key]
    if (!chunk || seen.has(key)) return
    seen.add(key)
    for (const next of chunk.imports ?? []) need(next)
    links.add(`<link rel="modulepreload" crossorigin href="/${chunk.file}">`)
    for (const css of chunk.css ?? []) links.add(`<link rel="preload" as="style" crossorigin href="/${css}">`)
  }
  for (const key of ROOM) need(key)
  const page = await readFile(join(dist, 'index.html'), 'utf8')
  const more = [...links].filter((link) => !page.includes(link.slice(link.indexOf('href='))))
  await writeFile(join(dist, 'room.html'), page.replace('</head>', `  ${more.join('\n    ')}\n  </head>`))
}

/** Writes the page of a room, and a .br and a .gz beside every built file, so that the server compresses nothing while people wait. */
function precompressed(): Plugin {
  return {
    name: 'parley-precompressed',
    apply: 'build',
    async writeBundle({ dir }) {
      if (dir) await writeRoomPage(dir)
      const files = dir ? await readdir(dir, { recursive: true, withFileTypes: true }) : []
      const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
      await Promise.all(paths.filter((path) => !DENSE.test(path) && !path.includes('/.')).map(compress))
    },
  }
}

async function compress(path: string): Promise<void> {
  const plain = await readFile(path)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
  await writeFile(`${path}.br`, await promisify(brotliCompress)(plain, { params }))
  await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: 9 }))
}

/** Tests that compute: all cores. */
const LIGHT = { maxWorkers: '100%', sequence: { groupOrder: 1 } }
/** Tests that start processes or browsers: one file at a time, and one project after the other. */
const HEAVY = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 }

export default defineConfig({
  root: join(ROOT, 'client'),
  plugins: [webLink(), svelte({ configFile: join(ROOT, 'svelte.config.js') }), shell(), precompressed()],
  build: {
    outDir: join(ROOT, 'dist'),
    emptyOutDir: true,
    target: 'es2023',
    // The first with light-dark(): lowered, a bar that is light in the dark theme would get the dark theme's colours.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    manifest: true,
    rolldownOptions: {
      input: [...PAGES.filter((page) => existsSync(page)), join(ROOT, 'client/offline/worker.ts')],
      // A worker keeps its address; whoever asks for it gets the newest.
      output: { entryFileNames: ({ name }) => (name === 'worker' ? 'worker.js' : 'assets/[name]-[hash].js') },
    },
  },
  server: {
    proxy: {
      '/socket.io': { target: SERVER, ws: true },
      // As an object: a bare address would change the host that was asked for, and the page would be a foreign one.
      '/api': { target: SERVER },
      '/healthz': { target: SERVER },
      '/readyz': { target: SERVER },
    },
  },
  test: {
    root: ROOT,
    reporters: ['default', './test/plain-reporter.ts'],
    coverage: { include: ['shared/**', 'server/**', 'client/**'], exclude: ['**/*.d.ts', '**/*.css', '**/*.html'] },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/fuzz/**', 'test/faults/**', 'test/e2e/**'],
          ...LIGHT,
        },
      },
      {
        extends: true,
        test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 120_000, ...LIGHT },
      },
      {
        extends: true,
        test: { name: 'faults', include: ['test/faults/**/*.test.ts'], ...HEAVY, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...HEAVY, sequence: { groupOrder: 3 } },
      },
    ],
  },
})
