import type { join as english } from '../en/join.ts'
import type { Translation } from '../say.ts'

/** The door: the page an invitation opens, and its troubles. */
export const join = {
  'join.title': 'Entrer',
  'join.invited': 'Vous avez une invitation aux travaux',
  'join.between': 'Pourparlers entre les parties suivantes : {parties}.',
  'join.between-mediated': 'Pourparlers entre les parties suivantes : {parties}. Médiation : {mediators}.',
  'join.place': 'Votre place',
  'join.valid': 'Validité du lien',
  'join.valid-until': 'Échéance : {moment}, sur un seul appareil',
  'join.language-note': 'Les pourparlers se tiennent dans les langues suivantes : {languages}.',
  'join.who': 'Confirmez votre identité',
  'join.not-me': 'Ce n’est pas moi',
  'join.not-me-title': 'Alors n’ouvrez pas la salle',
  'join.not-me-words':
    'Ce lien est destiné à {name}. Rien n’a été ouvert, et le lien reste valable pour cette personne. Signalez au secrétariat qu’il vous est parvenu.',
  'join.seen':
    'Les personnes présentes dans un même volet voient ce nom, votre partie et l’endroit du texte où vous êtes, mais ni votre position géographique ni votre appareil. La médiation et votre partie voient quand cette invitation a été ouverte.',
  'join.rules': 'Acceptez les règles de base',
  'join.rule.agreed': 'Rien n’est convenu tant que tout n’est pas convenu.',
  'join.rule.agreed-more': 'Toute clause peut être rouverte avant la signature.',
  'join.rule.tracks': 'La médiation décide des volets que voit chaque partie.',
  'join.rule.tracks-more': 'Vous voyez toujours qui peut lire ce que vous écrivez.',
  'join.rule.caucus': 'Votre caucus n’appartient qu’à vous.',
  'join.rule.caucus-more': 'Seule votre partie peut l’ouvrir.',
  'join.rule.record': 'Un registre est tenu.',
  'join.rule.record-more': 'Chaque mot et chaque décision y sont consignés avant d’être visibles par d’autres.',
  'join.rule.quoting': 'Ni enregistrement ni citation',
  'join.rule.quoting-more': 'des propos d’autrui hors des pourparlers, sauf consentement.',
  'join.charter': 'Lire la charte de ces pourparlers',
  'join.accept': 'J’ai lu les règles de base et je les accepte en mon nom propre.',
  'join.accept-first': 'Acceptez d’abord les règles de base : la case est juste au-dessus.',
  'join.enter': 'Entrer dans la salle',
  'join.enter-note':
    'Le lien est alors épuisé, et les personnes qui partagent un volet avec vous voient votre arrivée.',
  'join.line.testing': 'Essai de la connexion',
  'join.line.good': 'Connexion bonne',
  'join.line.blocked': 'Liaison en direct bloquée',
  'join.line.brief.testing': 'Essai',
  'join.line.brief.good': 'En ligne',
  'join.line.brief.blocked': 'Bloquée',
  'join.line.brief.unreachable': 'Hors ligne',
  'join.line.wait': 'La liaison en direct est d’abord mise à l’essai. Cela prend quelques secondes.',
  'join.entering': 'Ouverture de la salle',

  'door.used.title': 'Ce lien n’ouvre plus la salle',
  'door.used.words':
    'Il a été ouvert sur un autre appareil. Un lien ne sert qu’une fois, afin que personne n’entre à votre place.',
  'door.used.not-you':
    'Si vous ne l’avez pas ouvert vous-même, prévenez le secrétariat sans attendre. Il peut mettre fin à cette session en une seconde.',
  'door.expired.words':
    'Son délai est écoulé. Un lien n’est valable que pour un temps limité, afin qu’un lien égaré n’ouvre rien.',
  'door.unknown.title': 'Ce lien n’ouvre aucune salle',
  'door.unknown.words':
    'Il a pu être tronqué en chemin, ou remplacé par un lien plus récent. Ouvrez-le de nouveau, en entier, depuis le message reçu.',
  'door.new-link': 'Un nouveau lien vous sera remis, de vive voix ou en personne.',
  'door.unreachable.words': 'Rien n’a été ouvert, et votre lien reste valable. Vérifiez la connexion de cet appareil.',
  'door.blocked.title': 'Ce réseau laisse passer la page, mais pas la liaison en direct',
  'door.blocked.words':
    'Vous ne verriez pas les autres écrire. Rien n’a encore été ouvert, et votre lien reste valable. Remettez ces trois lignes au service technique du réseau :',
  'door.blocked.allow': 'Autoriser',
  'door.blocked.allow-what': 'les connexions WebSocket ({scheme}) vers {host}, port {port}',
  'door.blocked.not': 'Ne pas',
  'door.blocked.not-what': 'ouvrir ni retenir leur trafic chiffré',
  'door.blocked.limit': 'Délai',
  'door.blocked.limit-what': 'au moins 60 s pour une connexion silencieuse',
  'door.blocked.copy': 'Copier les trois lignes',
  'door.blocked.phone': 'Ou passez par le réseau d’un téléphone.',
} as const satisfies Translation<typeof english, 'fr'>
