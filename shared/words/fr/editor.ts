import type { editor as english } from '../en/editor.ts'
import type { Translation } from '../say.ts'

/** The text itself: what is drawn in it, and what a screen reader says of it. */
export const editor = {
  'editor.label': 'Texte en négociation : {title}',
  'editor.article': 'Article {number}. {title}',
  'editor.annex': 'Annexe {number}. {title}',
  'editor.preamble': 'Préambule',
  'editor.here': '{name} est ici',
  'editor.row': 'Clause {number}, {state}',
  'editor.row-here': 'Clause {number}, {state}. Ici : {names}',
  'editor.not-sent': 'Pas encore envoyé',
  'editor.state-unsent': '{state}, pas encore envoyé',
  'editor.bracket': 'crochets, {parties} :',
  'editor.bracket-end': 'fin des crochets',
  'editor.struck': 'Supprimé par {parties}',
  'editor.disputed': 'Non accepté par {parties}',
  'editor.struck-start': 'supprimé, {parties} :',
  'editor.struck-end': 'fin du texte supprimé',
  'editor.disputed-start': 'crochets, non accepté, {parties} :',
  'editor.locked':
    'La médiation a verrouillé cette clause. Aucun mot n’en change tant qu’elle ne l’a pas déverrouillée.',
  'editor.read-only': 'Ici, vous pouvez lire, non écrire.',
  'editor.not-written': 'Ceci n’a pas pu être écrit ici.',
  'editor.pasted': {
    one: '{count} paragraphe collé se trouve dans une seule clause.',
    many: '{count} de paragraphes collés se trouvent dans une seule clause.',
    other: '{count} paragraphes collés se trouvent dans une seule clause.',
  },
  'editor.make-clauses': {
    one: 'En faire {count} clause',
    many: 'En faire {count} de clauses',
    other: 'En faire {count} clauses',
  },
  'editor.keep-one': 'Garder une seule clause',
  'editor.format-own': 'Seuls vos propres mots peuvent être mis en gras ou en italique.',
} as const satisfies Translation<typeof english, 'fr'>
