// Imports point one way. Each rule's comment is what the person who breaks it reads.

/** @param {...string} names */
const packages = (...names) => `(^|/)node_modules/(?:${names.join('|')})/`
const PACKAGE = '(^|/)node_modules/'
const SHARED_PACKAGES = packages('yjs', 'lib0', 'valibot', '@noble/hashes', 'canonicalize')

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolves',
      comment: 'The imported file or package is not there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'domain-knows-the-core-only',
      comment: 'shared/domain knows shared/text, ids, outcome, refusals and world; no package, no frame.',
      severity: 'error',
      from: { path: '^shared/domain/' },
      to: { pathNot: '^shared/(?:(?:domain|text)/|(?:ids|outcome|refusals|world)\\.ts$)' },
    },
    {
      name: 'text-knows-no-domain',
      comment: 'shared/text is below shared/domain and shared/protocol.',
      severity: 'error',
      from: { path: '^shared/text/' },
      to: { path: '^shared/(?:domain|protocol|words)/' },
    },
    {
      name: 'shared-runs-anywhere',
      comment: 'shared/ knows shared/ and five packages: yjs, lib0, valibot, @noble/hashes, canonicalize.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { pathNot: ['^shared/', SHARED_PACKAGES] },
    },
    {
      name: 'client-knows-no-server',
      comment: 'client/ and server/ meet in shared/ only.',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(?:server|test|sample|scripts)/' },
    },
    {
      name: 'server-knows-no-client',
      comment: 'client/ and server/ meet in shared/ only.',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^(?:client|test|sample|scripts)/' },
    },
    {
      name: 'room-is-framework-free',
      comment: 'client/room runs in Node too: it knows client/room, shared/, yjs, lib0 and socket.io-client.',
      severity: 'error',
      from: { path: '^client/room/' },
      to: { pathNot: ['^client/room/', '^shared/', SHARED_PACKAGES, packages('socket\\.io-client', '@socket\\.io')] },
    },
    {
      name: 'browser-has-no-node',
      comment: 'client/ is bundled for browsers.',
      severity: 'error',
      from: { path: '^client/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'components-get-props',
      comment: 'A component knows no state, no screen and no link: it gets props and sends events.',
      severity: 'error',
      from: { path: '^client/components/' },
      to: { path: '^client/(?:state|screens|room)/' },
    },
    {
      name: 'others-use-the-room-only',
      comment: 'sample/ and scripts/ use the framework-free client, nothing else of client/.',
      severity: 'error',
      from: { path: '^(?:sample|scripts)/' },
      to: { path: '^client/(?!room/)' },
    },
    {
      name: 'nothing-imports-test',
      comment: 'test/ is a leaf.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'main-alone-names-an-engine',
      comment: 'All others know the port, server/log/log.ts.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(?:main\\.ts$|log/)' },
      to: { path: '^server/log/(?:memory|sqlite|redis)' },
    },
    {
      name: 'log-is-the-lowest',
      comment: 'server/log knows shared/ and itself.',
      severity: 'error',
      from: { path: '^server/log/' },
      to: { path: '^server/(?!log/|telemetry\\.ts$)' },
    },
    {
      name: 'processes-and-documents-know-the-log',
      comment: 'server/processes and server/documents know server/log; nobody above them.',
      severity: 'error',
      from: { path: '^server/(?:processes|documents)/' },
      to: { path: '^server/(?!log/|processes/|documents/|telemetry\\.ts$)' },
    },
    {
      name: 'delivery-knows-processes-and-documents',
      comment: 'server/delivery knows the log, processes and documents; no socket, no HTTP.',
      severity: 'error',
      from: { path: '^server/delivery/' },
      to: { path: ['^server/(?:realtime|http|access|command-line)/', '^server/(?:app|main|config)\\.ts$'] },
    },
    {
      name: 'access-knows-no-edge',
      comment: 'server/access decides who a token is; the edges ask it.',
      severity: 'error',
      from: { path: '^server/access/' },
      to: { path: ['^server/(?:realtime|http|delivery|command-line)/', '^server/(?:app|main|config)\\.ts$'] },
    },
    {
      name: 'edges-are-put-together-in-app',
      comment: 'server/realtime and server/http are wired by app.ts and know neither it nor the environment.',
      severity: 'error',
      from: { path: '^server/(?:realtime|http)/' },
      to: { path: ['^server/(?:app|main)\\.ts$', '^server/command-line/'] },
    },
    {
      name: 'production-has-no-dev-packages',
      comment: 'What the server or client/room imports belongs into "dependencies".',
      severity: 'error',
      from: { path: '^(?:server|shared|client/room)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'], path: PACKAGE },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:dist|coverage|data|\\.svelte-check)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['svelte', 'browser', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.svelte', '.d.ts', '.json', '.css'],
    },
  },
}
