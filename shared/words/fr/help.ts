import type { help as english } from '../en/help.ts'
import type { Translation } from '../say.ts'

/** Help: how the room works, its terms, its shortcuts. */
export const help = {
  'help.title': 'Aide',
  'help.sees.title': 'Qui peut lire quoi',
  'help.sees.bar':
    'Le bandeau au-dessus de chaque texte dit qui le lit. Plus il est foncé, moins de personnes le lisent.',
  'help.sees.withdrawn': 'Ce qui a été lu ne peut plus ne pas l’avoir été. Fermer un volet arrête ce qui vient après.',
  'help.sees.server': 'Quiconque détient le disque du serveur peut lire ce qu’il contient.',
  'help.shortcuts.title': 'Raccourcis',
  'help.shortcuts.on': 'Utiliser les raccourcis avec Alt',
  'help.shortcuts.note':
    'Chacun d’eux a aussi un bouton ou un lien. Désactivez-les si votre navigateur ou votre lecteur d’écran emploie ces touches.',
  'help.key.audience': 'Faire lire à voix haute qui voit ceci',
  'help.key.tracks': 'Aller à la liste des volets',
  'help.key.next-clause': 'Clause suivante',
  'help.key.previous-clause': 'Clause précédente',
  'help.key.comment': 'Écrire un commentaire',
  'help.key.enter': 'Dans le texte : ouvrir les crochets au curseur ; pour qui tient la plume, scinder la clause',
  'help.key.preview': 'Au bureau : la salle telle que la voit la partie suivante',
  'help.key.level': 'Au bureau : un niveau pour la case, de masqué à modifier',
  'help.key.leave': 'Quitter le texte ou fermer ce qui est ouvert',
  'help.key.send': 'Envoyer un commentaire au cercle que nomme le bouton',
  'help.terms.title': 'Termes',
  'term.plenary': 'Plénière',
  'term.plenary.is': 'Le volet de toutes les parties à la table.',
  'term.caucus': 'Caucus',
  'term.caucus.is': 'La salle propre à une partie. Personne d’autre ne peut l’ouvrir, pas même la médiation.',
  'term.proximity': 'Canal de proximité',
  'term.proximity.is': 'Un volet entre la médiation et une seule partie.',
  'term.brackets': 'Crochets',
  'term.brackets.is': 'Des mots proposés et non convenus. Chaque passage porte le sigle de la partie qui le maintient.',
  'term.strike': 'Mots biffés',
  'term.strike.is':
    'Des mots convenus qu’une partie propose de supprimer. Ils restent jusqu’à ce que la suppression soit admise.',
  'term.holder': 'Partie qui maintient',
  'term.holder.is': 'Une partie qui propose les mots entre crochets. Elle seule peut les retirer.',
  'term.consensus': 'Consensus',
  'term.consensus.is':
    'Un passage entre crochets est intégré quand chaque partie habilitée à proposer a accepté les mêmes mots.',
  'term.ad-referendum': 'Ad referendum',
  'term.ad-referendum.is': 'Convenu sous réserve de confirmation par la capitale, jusqu’à une échéance.',
  'term.clause': 'Clause',
  'term.clause.is': 'La plus petite partie du texte sur laquelle porte un accord.',
  'term.locked': 'Verrouillée',
  'term.locked.is': 'Se dit d’une clause que la médiation a fermée à toute modification.',
  'term.charter': 'Charte',
  'term.charter.is': 'Les règles de ces pourparlers, acceptées par chaque partie avant l’ouverture des textes.',
} as const satisfies Translation<typeof english, 'fr'>
