import type { RefusalSentences } from '../refusal-sentences.ts'

/** Why the room says no: the fact, then the next step. */
export const refusals: RefusalSentences = {
  'no-such-thing': () => 'Ceci n’est pas dans la salle, ou n’y est plus. Revenez à la liste des volets.',
  'not-your-role': () =>
    'Ceci relève d’une autre fonction. Adressez-vous à la médiation ou à votre chef de délégation.',
  'level-too-low': ({ needed }, { level }) =>
    needed === 'read'
      ? 'Vous ne voyez pas ce volet. Vous pouvez vous adresser à la médiation.'
      : `Votre accès ne va pas jusque-là : il faut le niveau « ${level(needed)} ». Vous pouvez vous adresser à la médiation.`,
  'not-your-bracket': () => 'Seule une partie qui maintient ces crochets peut les lever. Vous pouvez les commenter.',
  'not-your-words': () => 'Ces mots sont ceux d’une autre partie. Vous pouvez proposer à côté.',
  'consent-missing': ({ parties }, { party, list }) =>
    parties.length > 0
      ? `Le consentement manque encore de la part de : ${list(parties.map(party))}.`
      : 'Le consentement manque encore. Il faut celui de chaque partie habilitée à proposer.',
  stale: () => 'Les mots ont changé pendant votre lecture. Lisez-les en leur état actuel, puis décidez à nouveau.',
  'clause-locked': () => 'La médiation a verrouillé cette clause. Demandez-lui de la déverrouiller.',
  'clause-not-clean': () => 'Cette clause contient encore des crochets. Réglez-les d’abord.',
  'mandate-ended': ({ at }, { moment }) =>
    `Votre mandat d’engager votre partie a pris fin à la date suivante : ${moment(at)}.`,
  'talks-not-open': () =>
    'Les pourparlers ne sont pas encore ouverts. Les textes s’ouvrent une fois la charte acceptée.',
  'charter-changed': () => 'La charte n’est plus celle que vous avez lue. Relisez-la, puis acceptez-la.',
  'charter-not-accepted': () =>
    'Votre partie n’a pas encore accepté la charte. Votre chef de délégation peut l’accepter.',
  'track-not-open': () => 'La médiation a suspendu ou clos ce volet. Vous pouvez le lire.',
  'round-begun': () =>
    'Une délégation a proposé ou accepté quelque chose. L’ordre des parties reste désormais tel qu’il est.',
  'seat-not-standing': () =>
    'Cette personne ne siège pas en ce moment. Rétablissez d’abord son siège, ou remplacez la personne.',
  'not-yours-to-open': () => 'Seuls leurs propres membres ouvrent un caucus ou un canal discret.',
  'nothing-to-change': () => 'Il en est déjà comme vous le demandez.',
  'already-exists': () => 'Ceci existe déjà.',
  'too-late': ({ due }, { moment }) => `L’échéance est passée : ${moment(due)}.`,
  malformed: () => 'La salle n’a pas pu lire cette demande. Rechargez la page et réessayez.',
  'too-large': ({ limit }, { number }) => `C’est trop long : au plus ${number(limit)} caractères partent en une fois.`,
  'too-fast': ({ retryAfterMs }, { number }) =>
    `Cela faisait beaucoup de demandes à la fois. Réessayez dans ${number(Math.max(1, Math.ceil(retryAfterMs / 1000)))} s.`,
  renewed: () => 'Le texte a été renouvelé. Vos mots y sont reportés.',
  'unknown-dependency': () => 'Cette page a pris du retard. Elle le rattrape ; vos mots sont gardés.',
  'bad-update': () => 'La salle n’a pas accueilli ces mots. Ils sont gardés pour que vous les copiiez.',
  lane: () => 'Cette page a pris du retard. Elle le rattrape ; vos mots sont gardés.',
  'text-held': () => 'La médiation modifie ce texte. Vos mots y entrent juste après.',
  'not-saved': ({ reason }) =>
    reason === 'disk-full'
      ? 'Rien n’est enregistré : le disque du serveur est plein. Les écrans du secrétariat l’en avisent ; appelez-le.'
      : 'Rien n’est enregistré pour l’instant. Vos mots sont gardés sur cette page : laissez-la ouverte. Appelez le secrétariat.',
  'outdated-client': () => 'La salle a été renouvelée. Rechargez la page une fois pour continuer.',
  'session-ended': () =>
    'Il a été mis fin à cette session. Appelez le secrétariat pour obtenir une nouvelle invitation.',
  'not-confirmed': () => 'Votre délégation n’a pas encore confirmé cet appareil. Attendez son appel.',
  'invitation-used': () => 'Cette invitation a déjà été ouverte. Appelez le secrétariat pour en obtenir une nouvelle.',
  'invitation-expired': () => 'Cette invitation est échue. Appelez le secrétariat pour en obtenir une nouvelle.',
  'invitation-unknown': () => 'Ce lien n’ouvre pas la salle. Vérifiez qu’il est complet, ou appelez le secrétariat.',
  'file-refused': () => 'Ce fichier ne peut pas servir ici. Rien n’en a été gardé.',
  draining: () => 'La salle est en cours de renouvellement. Cette page revient d’elle-même.',
  unanswered: () => 'La connexion a été coupée avant la réponse. Vérifiez si la demande a abouti avant de réessayer.',
}
