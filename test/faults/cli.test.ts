import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parley, type Ran } from '../support/command-line.ts'
import { cleanUp, newFolder, SMALL_PROCESS, startServer } from '../support/server.ts'
import { openWire } from '../support/wire-client.ts'

afterEach(cleanUp)

const TEXT = '# Agreement on the Two Shores\n\n## The ferry\n\nThe ferry runs every day.\n\nBoth shores pay for it.\n'

/** A folder with a process file and its text beside it. */
function files(process: unknown = withTextFile(), text = TEXT): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'talks.yaml'), typeof process === 'string' ? process : stringify(process))
  writeFileSync(join(folder, 'plenary.md'), text)
  return join(folder, 'talks.yaml')
}
function withTextFile(name = 'plenary.md') {
  return { ...SMALL_PROCESS, tracks: SMALL_PROCESS.tracks.map((track) => ({ ...track, text: name })) }
}
const jsonOf = ({ out }: Ran) => JSON.parse(out)

describe('without a server', () => {
  test('O6 help names every command; what is not understood ends with 2', async () => {
    const folder = newFolder()
    const help = await parley(folder, '--help')
    expect(help.code).toBe(0)
    for (const name of ['new', 'seats', 'invite', 'confirm', 'end-session', 'backup', 'restore', 'doctor', '--json'])
      expect(help.out).toMatch(new RegExp(`^ +${name} `, 'm'))
    for (const args of [['nothing'], [], ['new'], ['invite', 'only-one'], ['--nothing'], ['constructor']]) {
      const ran = await parley(folder, ...args)
      expect([args, ran.code, ran.out]).toEqual([args, 2, ''])
      expect(ran.err).not.toBe('')
    }
  })

  test('O6 a command that needs the server says how to start it', async () => {
    const ran = await parley(newFolder(), 'seats')
    expect([ran.code, ran.out]).toEqual([1, ''])
    expect(ran.err).toMatch(/No server runs on .*npm start/)
    expect(jsonOf(await parley(newFolder(), 'seats', '--json'))).toEqual({
      problems: [expect.stringMatching(/No server/)],
    })
  })

  test('O6 the doctor looks at a folder that is not there yet', async () => {
    const ran = await parley(join(newFolder(), 'later'), 'doctor')
    expect([ran.code, ran.err]).toEqual([0, ''])
    expect(ran.out).toMatch(/^fine {2}server: not running$/m)
  })
})

describe('with a server', () => {
  test('O3 new reads the text beside the file and prints a link for each seat, once', async () => {
    const server = await startServer()
    const ran = await parley(server.folder, 'new', files(), '--json')
    expect([ran.code, ran.err]).toEqual([0, ''])
    const made = jsonOf(ran)
    expect(Object.keys(made)).toEqual(['process', 'seats'])
    expect(
      made.seats.map(({ seat, party, role, name }: Record<string, string>) => ({ id: seat, party, role, name })),
    ).toEqual(SMALL_PROCESS.seats)
    for (const { invitation } of made.seats) expect(invitation).toMatch(new RegExp(`^${server.url}/join#[\\w-]{22}$`))
    const { token } = await server.redeem(made.seats[0].invitation)
    const wire = await openWire(server.url, { token })
    const text = await wire.open('plenary')
    expect('opened' in text && Buffer.from(text.update).toString()).toContain('Both shores pay for it.')
    wire.close()

    const listed = jsonOf(await parley(server.folder, 'seats', made.process, '--json'))
    expect(listed.seats[0]).toMatchObject({ seat: 'north-head', invitation: 'none', sessions: [{ confirmed: true }] })
    expect(listed.seats[1]).toMatchObject({ seat: 'north-alternate', invitation: 'open', sessions: [] })
    const codes: string[] = made.seats.map(({ invitation }: { invitation: string }) => invitation.split('#')[1])
    for (const code of codes) expect(JSON.stringify(listed)).not.toContain(code)
    expect((await parley(server.folder, 'seats')).out).toContain('Talks of the Two Shores, 7 seats')
  })

  test('O3 invite and end-session act on the running room', async () => {
    const server = await startServer()
    const { process, codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    const wire = await openWire(server.url, { token })
    const invited = jsonOf(await parley(server.folder, 'invite', process, 'north-adviser', '--json'))
    expect(invited).toMatchObject({ process, seat: 'north-adviser' })
    expect((await server.redeem(invited.invitation.split('#')[1])).figures).toMatch(/^\d{6}$/)
    const ended = await parley(server.folder, 'end-session', process, 'north-head')
    expect([ended.code, ended.out]).toEqual([0, 'Ended: 1. Every device of it is closed.\n'])
    expect(await wire.gone).toEqual({ code: 'session-ended' })
    const unknown = await parley(server.folder, 'invite', process, 'nobody')
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('no process or seat')])
  })

  test('O3 all mistakes are named with file and line, and nothing is made', async () => {
    const server = await startServer()
    const wrong = stringify({ ...withTextFile(), languages: [], parties: 'none' }).replace(
      'secretariat:',
      'secretariats:',
    )
    const broken: [string, string, RegExp[]][] = [
      [
        'a process file of another shape',
        files(wrong),
        [/talks\.yaml:\d+: languages/, /talks\.yaml:\d+: parties/, /secretariat/],
      ],
      ['no YAML', files('title: [unclosed\nparties: }'), [/talks\.yaml:\d+: /]],
      ['a key twice', files('title: A\ntitle: B\n'), [/talks\.yaml:2: /]],
      ['a text with a mistake', files(withTextFile(), `${TEXT}\n| a | table |\n`), [/plenary\.md:9: /]],
      ['a text that is not there', files(withTextFile('missing.md')), [/missing\.md: .*cannot be read/]],
      ['a text elsewhere', files(withTextFile('../plenary.md')), [/talks\.yaml:\d+: tracks\[0\]\.text: /]],
      ['a file that is not there', join(newFolder(), 'none.yaml'), [/none\.yaml: .*cannot be read/]],
      ['an empty file', files(''), [/talks\.yaml: /]],
      ['bytes that are no text', fileOf(Buffer.from([0xff, 0xfe, 0x00])), [/not UTF-8/]],
      ['a file that is too large', fileOf(Buffer.alloc(2 * 1024 * 1024, 'a')), [/2097152 bytes/]],
      ['anchors that multiply', fileOf(Buffer.from(bomb())), [/talks\.yaml: /]],
    ]
    for (const [name, file, sentences] of broken) {
      const ran = await parley(server.folder, 'new', file)
      expect([name, ran.code, ran.out]).toEqual([name, 1, ''])
      for (const sentence of sentences) expect(ran.err, name).toMatch(sentence)
    }
    expect(await (await server.operator('/api/operator/processes', {})).json()).toEqual({ processes: [] })
  })

  test('O6 the doctor says how the server is', async () => {
    const server = await startServer()
    const ran = await parley(server.folder, 'doctor')
    expect(ran.out).toContain(`server: ready at ${server.url}`)
  })
})

function fileOf(bytes: Buffer): string {
  const path = join(newFolder(), 'talks.yaml')
  writeFileSync(path, bytes)
  return path
}

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let depth = 1; depth < 9; depth += 1) {
    const earlier = Array.from({ length: 10 }, () => `*a${depth - 1}`)
    lines.push(`a${depth}: &a${depth} [${earlier.join(', ')}]`)
  }
  return lines.join('\n')
}
