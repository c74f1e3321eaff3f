import type { firstStart as english } from '../en/first-start.ts'
import type { Translation } from '../say.ts'

/** The page of the first start, on loopback only. */
export const firstStart = {
  'first.title': 'Premier démarrage, Parley',
  'first.bar': 'Premier démarrage',
  'first.sample': 'Processus d’exemple',
  'first.running': 'La salle fonctionne. Tout est gardé sur ce disque, sans réseau',
  'first.only-here': 'Cette page n’existe que sur cette machine',
  'first.only-here-words':
    'Quiconque est devant cette machine peut ouvrir n’importe quel siège. Les autres machines n’obtiennent ici aucune réponse, et vos propres processus n’ont jamais cette page.',
  'first.label': 'Où cette page est visible',
  'first.about': 'Un processus fictif : {parties}, {seats}. Ouvrez deux ou trois sièges côte à côte.',
  'first.parties': { one: '{count} partie', many: '{count} de parties', other: '{count} parties' },
  'first.seats': { one: '{count} siège', many: '{count} de sièges', other: '{count} sièges' },
  'first.open': 'Ouvrir',
  'first.open-seat': 'Ouvrir dans un nouvel onglet : {name}, {role}',
  'first.apart':
    'Chaque siège s’ouvre dans son propre onglet. Plusieurs sièges dans un même navigateur restent séparés, et aucun n’en déconnecte un autre.',
  'first.blocked': 'Le navigateur n’a pas ouvert le nouvel onglet. Autorisez-le pour cette page, ou suivez ce lien :',
  'first.try': 'À essayer',
  'first.try-1': 'Deux parties, une clause',
  'first.try-1-words':
    'Ouvrez {one} et {other}. Écrivez en même temps dans la clause 5.2 : chaque ajout se place entre ses propres crochets.',
  'first.try-2': 'Ouvrir un volet, puis le fermer',
  'first.try-2-words':
    'Au siège de {mediator}, laissez {party} lire le texte de la plénière, voyez-le arriver chez {person}, puis retirez-le.',
  'first.try-3': 'Chercher ce qui est masqué',
  'first.try-3-words':
    'Au siège de {one}, écrivez dans votre caucus. Cherchez ensuite ces mots depuis un siège d’une autre partie, médiation comprise.',
  'first.own': 'Vos propres pourparlers',
  'first.own-words': 'Rédigez un fichier de processus, puis faites établir par la salle une invitation par siège.',
  'first.own-sample': 'L’exemple peut servir de point de départ : {file}',
  'first.unreachable.title': 'La salle est injoignable',
  'first.unreachable.words': 'Le serveur ne répond pas. Relancez-le avec npm start, puis rechargez cette page.',
  'first.loading': 'Recherche du processus d’exemple',
} as const satisfies Translation<typeof english, 'fr'>
