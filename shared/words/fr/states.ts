import type { states as english } from '../en/states.ts'
import type { Translation } from '../say.ts'

/** Loading, empty, offline, closed and the other states of every screen. */
export const states = {
  'state.loading': 'Ouverture : {track}',
  'state.loading-slow': 'Ouverture : {track}. La connexion est lente.',
  'state.entering': 'Ouverture de la salle',
  'state.entering-slow': 'Ouverture de la salle. La connexion est lente.',
  'state.empty.title': 'Rien n’a encore été écrit ici',
  'state.empty.words': 'Le texte s’affiche ici dès que la médiation en ouvre un dans ce volet.',
  'state.empty.edit': 'Commencez par un premier article.',
  'state.empty.add-article': 'Ajouter le premier article',
  'state.no-tracks.title': 'Aucun volet ne vous est encore ouvert',
  'state.no-tracks.words': 'La médiation ouvre les volets. Ils apparaissent ici d’eux-mêmes, sans recharger la page.',

  'saved.at': 'Enregistré à {clock}',
  'saved.nothing': 'Tout est enregistré',
  'saved.saving': 'Enregistrement',
  'saved.not-sent': {
    one: '{count} modification pas encore envoyée',
    many: '{count} de modifications pas encore envoyées',
    other: '{count} modifications pas encore envoyées',
  },
  'saved.not-saving': 'Pas d’enregistrement',
  'connection.good': 'Connexion bonne',
  'connection.joining': 'Connexion en cours',
  'connection.waiting': 'Hors ligne',
  'connection.ended': 'Déconnecté',
  'connection.both': '{saved}. {connection}',

  'offline.title': 'Vous êtes hors ligne.',
  'offline.kept': {
    one: 'Vous êtes hors ligne. {count} modification est gardée sur cette page.',
    many: 'Vous êtes hors ligne. {count} de modifications sont gardées sur cette page.',
    other: 'Vous êtes hors ligne. {count} modifications sont gardées sur cette page.',
  },
  'offline.words':
    'Vous pouvez continuer à écrire. Gardez cette page ouverte : l’envoi se fera à votre retour en ligne. Les décisions exigent la connexion.',
  'offline.kept-device': {
    one: 'Vous êtes hors ligne. {count} modification est conservée sur cet appareil.',
    many: 'Vous êtes hors ligne. {count} de modifications sont conservées sur cet appareil.',
    other: 'Vous êtes hors ligne. {count} modifications sont conservées sur cet appareil.',
  },
  'offline.words-device':
    'Vous pouvez continuer à écrire. Le texte reste sur cet appareil et part dès que cette page est ouverte et que vous êtes de nouveau en ligne. Les décisions exigent la connexion.',
  'offline.copy': 'Vous êtes hors ligne. Voici la copie conservée sur cet appareil, telle qu’elle était : {moment}.',
  'offline.not-here':
    'Ce texte n’est pas conservé sur cet appareil. Il s’ouvrira ici dès que vous serez de nouveau en ligne.',
  'offline.read-copy': 'Lire la copie conservée : {moment}',
  'offline.may-keep': 'Une copie est conservée sur cet appareil',
  'offline.read': 'Vous pouvez continuer à lire. Ce que d’autres écrivent s’affichera à votre retour en ligne.',
  'offline.try': 'Essayer maintenant',
  'back.title': {
    one: 'De nouveau en ligne. D’autres ont modifié {count} clause entre-temps.',
    many: 'De nouveau en ligne. D’autres ont modifié {count} de clauses entre-temps.',
    other: 'De nouveau en ligne. D’autres ont modifié {count} clauses entre-temps.',
  },
  'back.words': 'Vos mots et les leurs subsistent.',
  'not-saving.title': 'Rien n’est enregistré.',
  'not-saving.disk-full':
    'Le disque du serveur est plein. Vos mots restent sur cette page jusqu’à ce qu’il les prenne : gardez-la ouverte. Appelez le secrétariat.',
  'not-saving.read-only':
    'Le serveur lit mais n’écrit pas. Vos mots restent sur cette page jusqu’à ce qu’il les prenne : gardez-la ouverte. Appelez le secrétariat.',
  'not-saving.unavailable':
    'Le registre du serveur ne répond pas. Vos mots restent sur cette page jusqu’à ce qu’il les prenne : gardez-la ouverte.',

  'reading-only.title': 'Vous pouvez lire, non écrire.',
  'reading-only.words': 'La médiation décide qui écrit dans ce volet.',
  'reading-only.comment-title': 'Vous pouvez lire et commenter, non modifier le texte.',
  'reading-only.lowered':
    'La médiation a ramené votre accès au niveau « {level} » à {clock}. Ce que vous avez écrit reste.',
  'track-paused.title': 'La médiation a suspendu ce volet.',
  'track-paused.words': 'Vous pouvez le lire. L’écriture reprendra lorsqu’elle l’annoncera.',
  'track-closed.title': 'La médiation a clos ce volet.',
  'track-closed.words': 'Vous pouvez le lire. On n’y écrit plus rien.',

  'refused.title': 'Ceci n’a pas été accueilli.',
  'refused.kept': 'Vos mots sont gardés : copiez-les d’ici.',
  'refused.dismiss': 'J’en ai pris connaissance',
  'refused.copy': 'Copier mes mots',

  'closed.bar': 'Vous ne voyez plus ce volet',
  'closed.title': 'À {clock}, la médiation vous a fermé ce volet : {track}',
  'closed.words': 'Ce que vous avez écrit reste au registre. La copie de cet appareil a été effacée.',
  'closed.unsent':
    'Ces mots n’étaient pas encore partis. Ils ne sont qu’à vous ; copiez-les au besoin, car ils disparaissent quand vous quittez cette page.',
  'closed.copy': 'Copier mes mots',
  'closed.back': 'Revenir à : {track}',

  'ended.bar': 'Vous n’êtes pas dans la salle',
  'ended.title': 'Il a été mis fin à votre session',
  'ended.words': 'Cette page a été effacée. Si vous ne vous y attendiez pas, appelez le secrétariat.',
  'ended.signed-out.title': 'Vous avez quitté la salle',
  'ended.signed-out.words':
    'Cet appareil ne garde plus rien des pourparlers. Une nouvelle invitation ouvre la salle à nouveau.',
  'ended.nothing.title': 'Cette adresse n’ouvre rien sur cet appareil',
  'ended.nothing.words':
    'La salle reconnaît une personne à l’invitation qu’elle a ouverte. Ouvrez la vôtre sur cet appareil, ou appelez le secrétariat pour en obtenir une nouvelle.',
  'outdated.title': 'Rechargez une fois pour continuer à écrire',
  'outdated.words': 'La salle a été renouvelée. Cette page utilise encore la version précédente.',
  'outdated.unsent': 'Ces mots n’étaient pas encore partis. Copiez-les d’abord, car ils disparaissent avec cette page.',

  'confirm.bar': 'Votre délégation n’a pas encore confirmé cet appareil',
  'confirm.title': 'Quand votre délégation vous appelle, lisez-lui ce code',
  'confirm.code-wait': 'Votre code arrive dans un instant.',
  'confirm.advice':
    'Un nouveau code toutes les deux minutes. De vive voix, à une personne dont vous reconnaissez la voix. Ne le donnez à personne par écrit.',
  'confirm.sees': 'Vous voyez les volets que la médiation voit aussi.',
  'confirm.caucus': 'Votre caucus s’ouvrira une fois la confirmation donnée.',
  'confirm.go-on': 'Aller aux textes ouverts',
  'confirm.code-label': 'Code à six chiffres : {figures}',
  'confirm.band': 'Votre délégation n’a pas encore confirmé cet appareil.',
  'confirm.band-words': 'Votre caucus reste fermé jusque-là.',
  'confirm.band-reads': 'Jusque-là, vous ne faites que lire et commenter, et votre caucus reste fermé.',
  'confirm.show': 'Afficher mon code',

  'charter.bar': 'Seule la réponse de votre partie s’affiche ici',
  'charter.bar-mediators': 'Seule l’équipe de médiation voit qui a accepté',
  'charter.title': 'La charte attend d’être acceptée',
  'charter.words':
    'Vous êtes dans la salle. Les textes s’ouvrent quand le chef ou la suppléance de chaque délégation a accepté la charte.',
  'charter.accepted': 'Acceptée',
  'charter.not-answered': 'Sans réponse',
  'charter.text': 'La charte',
  'charter.accept': 'Accepter la charte pour {party}',
  'charter.accept-note': 'Cela engage {party} sur ces mots exacts. La médiation en est avisée.',
  'charter.not-binding': 'Le chef ou la suppléance de votre délégation l’accepte pour vous toutes et tous.',
  'charter.by-itself': 'Cette page change d’elle-même. Inutile d’attendre ici.',
  'charter.your-party': 'Votre partie a accepté.',
  'charter.open-now': 'Ouvrir les pourparlers',
} as const satisfies Translation<typeof english, 'fr'>
