import type { Party, Seat, Secretariat } from '#shared/domain/process.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'

/** What an invitation is for; asking consumes nothing. `unreachable`: no answer came. */
export type Looked =
  | { state: 'unreachable' }
  | { state: 'unknown' }
  | { state: 'used' | 'expired'; process: { title: string }; secretariat: Secretariat }
  | Invitation
export interface Invitation {
  state: 'open'
  until: number
  process: { id: string; title: string; languages: string[] }
  seat: Pick<Seat, 'id' | 'name' | 'role'>
  party: Party
  /** Those that this seat will see in the room. */
  parties: (Party & { slot: number })[]
  charter: { text: string; decisionRule: string }
  secretariat: Secretariat
  confined: boolean
}
export interface Redeemed {
  seat: string
  party: string
  process: string
  /** Six figures to be read aloud to one's delegation. */
  figures?: string
}
export type Line = 'good' | 'blocked' | 'unreachable'

export async function look(code: string): Promise<Looked> {
  const answer = await post('/api/invitations/look', { code })
  if (!answer) return { state: 'unreachable' }
  return answer.ok ? ((await answer.json()) as Looked) : { state: 'unknown' }
}

/** Opens the invitation, once. The browser keeps the session in a cookie of the seat; the token itself is not touched here. */
export async function redeem(code: string): Promise<Outcome<Redeemed, Refusal>> {
  const answer = await post('/api/invitations/redeem', { code })
  if (!answer) return refuse({ code: 'unanswered' })
  const body: unknown = await answer.json().catch(() => null)
  if (answer.ok) return ok(body as Redeemed)
  return refuse(isRefusal(body) ? body : { code: 'unanswered' })
}

const isRefusal = (body: unknown): body is Refusal => typeof body === 'object' && body !== null && 'code' in body

/** Ends this browser's session of the seat. False when the room could not be reached. */
export async function signOut(process: string, seat: string): Promise<boolean> {
  const asked = new URLSearchParams({ process, seat })
  try {
    const answer = await fetch(`/api/session?${asked}`, { method: 'DELETE' })
    return answer.ok || answer.status === 401
  } catch {
    return false
  }
}

const LINE_MS = 8_000

/**
 * Opens the live line as the room would and hangs up: a network may let pages through and not this. Nothing is redeemed
 * and nobody is told. Unreachable: not even the page's own server answers.
 */
export async function testLine(): Promise<Line> {
  if (await handshake()) return 'good'
  try {
    await fetch('/healthz', { cache: 'no-store' })
    return 'blocked'
  } catch {
    return 'unreachable'
  }
}

function handshake(): Promise<boolean> {
  const url = new URL('/socket.io/?EIO=4&transport=websocket', location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return new Promise((done) => {
    const socket = new WebSocket(url)
    const timer = setTimeout(() => end(false), LINE_MS)
    const end = (good: boolean) => {
      clearTimeout(timer)
      socket.onmessage = socket.onclose = socket.onerror = null
      socket.close()
      done(good)
    }
    // The server speaks first: one open packet.
    socket.onmessage = () => end(true)
    socket.onclose = socket.onerror = () => end(false)
  })
}

async function post(address: string, body: object): Promise<Response | null> {
  try {
    return await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    return null
  }
}

const figuresKey = (process: string, seat: string): string => `parley-figures-${process}-${seat}`

/** Keeps the six figures for this tab only, until the device is confirmed. */
export function keepFigures({ process, seat, figures }: Redeemed): void {
  if (figures) sessionStorage.setItem(figuresKey(process, seat), figures)
}
export const keptFigures = (process: string, seat: string): string | null =>
  sessionStorage.getItem(figuresKey(process, seat))
export const forgetFigures = (process: string, seat: string): void =>
  sessionStorage.removeItem(figuresKey(process, seat))
