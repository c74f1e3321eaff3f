import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Figures, Looked, Redeemed } from '#shared/protocol/door.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Language } from '#shared/words/languages.ts'

/** What an invitation is for; asking consumes nothing. `unreachable`: no answer came. */
export type Asked = Looked | { state: 'unreachable' }
export type Line = 'good' | 'blocked' | 'unreachable'

export async function look(code: string): Promise<Asked> {
  const answer = await post('/api/invitations/look', { code })
  if (!answer) return { state: 'unreachable' }
  return answer.ok ? ((await answer.json()) as Looked) : { state: 'unknown' }
}

/** Opens the invitation, once; the seat's screens speak `language` from then on. The browser keeps the session in a cookie of the seat; the token itself is not touched here. */
export async function redeem(code: string, language: Language): Promise<Outcome<Redeemed, Refusal>> {
  const answer = await post('/api/invitations/redeem', { code, language })
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

/** The six figures this seat's waiting session reads aloud now; null when there are none, or no answer came. */
export async function figuresOf(process: string, seat: string): Promise<Figures | null> {
  const answer = await post(`/api/session/figures?${new URLSearchParams({ process, seat })}`, {})
  return answer?.ok ? ((await answer.json()) as Figures) : null
}
