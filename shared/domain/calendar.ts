import { type Instant, instant } from '../ids.ts'

const WRITTEN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The instant of a date and time with its zone, as in `2027-03-01T12:00:00Z` or `...T12:00+02:00`. Null when it is none. */
export function parseInstant(text: string): Instant | null {
  const found = WRITTEN.exec(text)
  if (!found) return null
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as Six
  const ms = Number((found[7] ?? '0').padEnd(3, '0'))
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0)
  const offset = offsetMinutes(found[8] ?? 'Z')
  if (year < 1970 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59 || offset === null) return null
  const minutes = (daysBefore(year, month, day) * 24 + hour) * 60 + minute - offset
  return instant(minutes * 60_000 + second * 1000 + ms)
}
type Six = [year: number, month: number, day: number, hour: number, minute: number, second: number]

function offsetMinutes(zone: string): number | null {
  if (zone === 'Z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))]
  if (hours > 14 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** Days from 1 January 1970 to a date of the Gregorian calendar. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const monthsFromMarch = (month + 9) % 12
  const dayOfYear = Math.floor((153 * monthsFromMarch + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}
