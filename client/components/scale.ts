import type { IconName } from './icons.ts'

/** How few people see something. The darker, the fewer. */
export type Scale = 'sealed' | 'own' | 'channel' | 'group' | 'table'

export const SCALE_ICONS: Record<Scale, IconName> = {
  sealed: 'seal',
  own: 'delegation',
  channel: 'channel',
  group: 'group',
  table: 'table',
}
