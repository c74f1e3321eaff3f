import type { RefusalSentences } from '../refusal-sentences.ts'

/** Why the room says no: the fact, then the next step. */
export const refusals: RefusalSentences = {
  'no-such-thing': () => 'This is not in the room, or not any more. Go back to the list of tracks.',
  'not-your-role': () => 'This is for another role. Ask the mediators or the head of your delegation.',
  'level-too-low': ({ needed }, { level }) =>
    needed === 'read'
      ? 'You do not see this track. You can ask the mediators.'
      : `Your access does not reach this far: it needs the level “${level(needed)}”. You can ask the mediators.`,
  'not-your-bracket': () => 'Only a party that holds this bracket can lift it. You can comment on it.',
  'not-your-words': () => 'These words are another party’s. You can suggest beside them.',
  'consent-missing': ({ parties }, { party, list }) =>
    parties.length > 0
      ? `Consent is still missing from ${list(parties.map(party))}.`
      : 'Consent is still missing. It needs every party that may suggest.',
  stale: () => 'The words changed while you were reading. Read them as they stand now, then decide again.',
  'clause-locked': () => 'The mediators have locked this clause. Ask them to unlock it.',
  'clause-not-clean': () => 'This clause still has brackets. Settle them first.',
  'mandate-ended': ({ at }, { moment }) => `Your mandate to bind your party ended on ${moment(at)}.`,
  'talks-not-open': () => 'The talks have not opened yet. The texts open once the charter is accepted.',
  'charter-changed': () => 'The charter is another one than you read. Read it again, then accept it.',
  'charter-not-accepted': () => 'Your party has not accepted the charter yet. The head of delegation can accept it.',
  'track-not-open': () => 'The mediators have paused or closed this track. You can read it.',
  'round-begun': () =>
    'A delegation has proposed or agreed to something. The order of the parties stays as it is from then on.',
  'seat-not-standing': () =>
    'This person does not sit here at the moment. Restore the seat first, or replace the person.',
  'not-yours-to-open': () => 'Only its own members open a caucus or a backchannel.',
  'nothing-to-change': () => 'It already is as you ask.',
  'already-exists': () => 'It is already there.',
  'too-late': ({ due }, { moment }) => `The time for this passed on ${moment(due)}.`,
  malformed: () => 'The room could not read this request. Reload the page and try again.',
  'too-large': ({ limit }, { number }) => `This is too long: at most ${number(limit)} characters go out at once.`,
  'too-fast': ({ retryAfterMs }, { number }) =>
    `That was many requests at once. Try again in ${number(Math.max(1, Math.ceil(retryAfterMs / 1000)))} s.`,
  renewed: () => 'The text was renewed. Your words are carried over.',
  'unknown-dependency': () => 'This page fell behind. It is catching up; your words are kept.',
  'bad-update': () => 'The room did not take these words in. They are kept for you to copy.',
  lane: () => 'This page fell behind. It is catching up; your words are kept.',
  'text-held': () => 'The mediators are changing this text. Your words go in right after.',
  'not-saved': ({ reason }) =>
    reason === 'disk-full'
      ? 'Nothing is being saved: the server’s disk is full. The secretariat has been told on its own screens; call it.'
      : 'Nothing is being saved at the moment. Your words are kept on this page: keep it open. Call the secretariat.',
  'outdated-client': () => 'The room was renewed. Reload the page once to go on.',
  'session-ended': () => 'This session was ended. Call the secretariat for a new invitation.',
  'not-confirmed': () => 'Your delegation has not confirmed this device yet. Wait for its call.',
  'invitation-used': () => 'This invitation was already opened. Call the secretariat for a new one.',
  'invitation-expired': () => 'The time of this invitation has passed. Call the secretariat for a new one.',
  'invitation-unknown': () => 'This link does not open the room. Check that it is complete, or call the secretariat.',
  'file-refused': () => 'This file cannot be used here. Nothing of it was kept.',
  draining: () => 'The room is being renewed. This page comes back by itself.',
  unanswered: () => 'The connection failed before the answer came. Look whether it is there before you try again.',
}
