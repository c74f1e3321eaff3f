import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { readConfig, type Trust } from '#server/config.ts'
import { addressOf, neighbourhoodOf } from '#server/http/address.ts'

const trusting = (setting?: string): Trust => {
  const config = readConfig(setting === undefined ? {} : { TRUST_PROXY: setting })
  if (!config.ok) throw new Error(config.refusal.join('\n'))
  return config.value.trust
}
const request = (remoteAddress: string, forwarded?: string) =>
  ({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage

describe('where a request comes from', () => {
  const FORGED = '6.6.6.6'
  test.each<[string, string | undefined, string, string | undefined, string]>([
    ['nobody is trusted', undefined, '10.0.0.1', '198.51.100.7', '10.0.0.1'],
    ['nobody is trusted, over IPv6', undefined, '::ffff:10.0.0.1', undefined, '10.0.0.1'],
    ['one proxy', '1', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['one proxy and a forged address', '1', '10.0.0.1', `${FORGED}, 198.51.100.7`, '198.51.100.7'],
    [
      'two proxies and forged addresses',
      '2',
      '10.0.0.1',
      `${FORGED}, ${FORGED}, 198.51.100.7, 10.0.0.2`,
      '198.51.100.7',
    ],
    ['one proxy that says nothing', '1', '10.0.0.1', undefined, '10.0.0.1'],
    ['one proxy that says nonsense', '1', '10.0.0.1', `${FORGED}, unknown`, '10.0.0.1'],
    ['a port and brackets', '1', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['a port', '1', '10.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['a listed proxy', '10.0.0.0/8', '10.0.0.1', `${FORGED}, 198.51.100.7`, '198.51.100.7'],
    ['two listed proxies', '10.0.0.1,10.0.0.2', '10.0.0.1', `${FORGED}, 198.51.100.7, 10.0.0.2`, '198.51.100.7'],
    ['a connection past the proxy', '10.0.0.1', '192.0.2.9', FORGED, '192.0.2.9'],
    ['a listed IPv6 proxy', 'fd00::/8', 'fd00::1', '198.51.100.7', '198.51.100.7'],
    ['a list that only proxies are in', '10.0.0.0/8', '10.0.0.1', '10.0.0.9', '10.0.0.9'],
  ])('G8 %s', (_name, setting, remote, forwarded, address) => {
    expect(addressOf(request(remote, forwarded), trusting(setting))).toBe(address)
  })

  test('G8 limits count an IPv4 address, and the whole network of an IPv6 subscriber, as one', () => {
    expect(neighbourhoodOf('198.51.100.7')).toBe('198.51.100.7')
    const networks = ['2001:db8:1:2::7', '2001:db8:1:2:ffff::1', '2001:0db8:1:2:3:4:5:6'].map(neighbourhoodOf)
    expect(new Set(networks)).toEqual(new Set(['2001:db8:1:2::/64']))
    expect(neighbourhoodOf('2001:db8:1:3::7')).not.toBe(networks[0])
    expect(neighbourhoodOf('::1')).toBe('0:0:0:0::/64')
    expect(neighbourhoodOf('')).toBe('')
  })

  test.each(['yes', '-1', '10', '1,2', '10.0.0.0/33', '10.0.0.0/8/8', 'proxy.example', ''])(
    'G8 O1 TRUST_PROXY %s is none, or not understood',
    (setting) => {
      const config = readConfig({ TRUST_PROXY: setting })
      expect(config.ok ? config.value.trust : config.refusal[0]).toEqual(
        setting === '' ? { proxies: 'none' } : expect.stringMatching(/^TRUST_PROXY: /),
      )
    },
  )
})
