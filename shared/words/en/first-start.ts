/** The page of the first start, on loopback only. */
export const firstStart = {
  'first.title': 'First start, Parley',
  'first.bar': 'First start',
  'first.sample': 'Sample process',
  'first.running': 'The room is running. Kept on this disk, no network needed',
  'first.only-here': 'This page exists on this machine only',
  'first.only-here-words':
    'Whoever sits at this machine can open any seat. Other machines get no answer here, and a process of your own never has this page.',
  'first.label': 'Where this page can be seen',
  'first.about': 'A fictional process with {parties} and {seats}. Open two or three seats next to each other.',
  'first.parties': { one: '{count} party', other: '{count} parties' },
  'first.seats': { one: '{count} seat', other: '{count} seats' },
  'first.open': 'Open',
  'first.open-seat': 'Open {name}, {role}, in a new tab',
  'first.apart':
    'Each seat opens in a tab of its own. Several seats in one browser stay apart and do not sign each other out.',
  'first.blocked': 'The browser kept the new tab closed. Allow it for this page, or follow this link:',
  'first.try': 'What to try',
  'first.try-1': 'Two parties, one clause',
  'first.try-1-words':
    'Open {one} and {other}. Type in clause 5.2 from both at once: each insertion stands in its own bracket.',
  'first.try-2': 'Open a track, then close it',
  'first.try-2-words':
    'As {mediator}, let {party} read the plenary text, watch it arrive for {person}, then withdraw it.',
  'first.try-3': 'Look for what is hidden',
  'first.try-3-words':
    'As {one}, write in your caucus. Then look for those words from a seat of any other party, the mediators included.',
  'first.own': 'Your own talks',
  'first.own-words': 'Write a process file, then let the room make one invitation for each seat.',
  'first.own-sample': 'The sample is one to start from: {file}',
  'first.unreachable.title': 'The room cannot be reached',
  'first.unreachable.words': 'The server does not answer. Start it again with npm start, then reload this page.',
  'first.loading': 'Looking for the sample process',
} as const
