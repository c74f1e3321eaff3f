/** Raise on any change of a frame; the client tells an older page to reload before anything is bound. */
export const PROTOCOL = 4
/** The oldest client this server still speaks with. */
export const PROTOCOL_FLOOR = 4
/** The shape of leaves and formats. A client with another schema is never bound to a text. */
export const SCHEMA = 1
/** What each version changed, and the digest of the files that define it (`test/contract/protocol.test.ts` computes it). */
export const HISTORY: Record<number, { changed: string; digest: string }> = {
  1: { changed: 'the first', digest: '40fcf6ba9ef78003' },
  2: {
    changed: 'watching without being there; who was last where; who is here, in a preview',
    digest: 'de54145d47b14171',
  },
  3: { changed: 'joining a bracket may name the words one consents to', digest: 'b242e901f98c72aa' },
  4: {
    changed:
      'words typed on have a short form; the language of one’s screens; words for a text that has none, files beside a text; seats, tracks, notices and the order of parties from the desk',
    digest: 'e0e35d50e03236bd',
  },
}
