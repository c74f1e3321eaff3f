import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addressOf, isLoopback, readConfig } from '#server/config.ts'

describe('the environment', () => {
  test('O1 nothing set is a room on this machine, kept in ./data', () => {
    expect(readConfig({})).toEqual({
      ok: true,
      value: {
        port: 8080,
        host: '127.0.0.1',
        folder: resolve('data'),
        publicUrl: null,
        redisUrl: null,
        logLevel: 'info',
        sample: true,
        language: 'en',
        trust: { proxies: 'none' },
      },
    })
  })

  test('O1 an empty value is as good as none', () => {
    expect(readConfig({ PORT: '', PUBLIC_URL: '' })).toEqual(readConfig({}))
  })

  test('O1 every wrong value is named at once, each with its variable', () => {
    const read = readConfig({
      PORT: '80800',
      HOST: 'not a host',
      PUBLIC_URL: 'talks.example.org',
      REDIS_URL: 'http://x',
      LOG_LEVEL: 'loud',
      PARLEY_SAMPLE: 'perhaps',
    })
    expect(read.ok).toBe(false)
    const names = read.ok ? [] : read.refusal.map((sentence) => sentence.split(':')[0])
    expect(names.sort()).toEqual(['HOST', 'LOG_LEVEL', 'PARLEY_SAMPLE', 'PORT', 'PUBLIC_URL', 'REDIS_URL'])
  })

  test.each(['1e3', '-1', '65536', '80 ', '0x50'])('O1 PORT %s is no port', (port) => {
    expect(readConfig({ PORT: port }).ok).toBe(false)
  })

  test.each([
    'ftp://talks.example.org',
    'https://talks.example.org/room',
    'https://user:secret@talks.example.org',
    'https://talks.example.org/?a',
    'https://',
  ])('O1 PUBLIC_URL %s is refused', (url) => {
    expect(readConfig({ PUBLIC_URL: url }).ok).toBe(false)
  })

  test('O1 REDIS_URL is one address or several with commas between, each of a Redis', () => {
    const urlOf = (url: string) => {
      const read = readConfig({ REDIS_URL: url })
      return read.ok ? read.value.redisUrl : read.refusal
    }
    expect(urlOf('redis://a:6379, rediss://:secret@b')).toBe('redis://a:6379,rediss://:secret@b')
    for (const wrong of ['redis://a,', 'redis://a,http://b', 'redis://a b', ','])
      expect(urlOf(wrong)).toEqual([expect.stringContaining('REDIS_URL')])
  })

  test('O1 the address is PUBLIC_URL without its slash, else host and port', () => {
    const published = readConfig({ PUBLIC_URL: 'https://talks.example.org/' })
    const local = readConfig({ HOST: '0.0.0.0' })
    const six = readConfig({ HOST: '::1' })
    if (!published.ok || !local.ok || !six.ok) throw new Error('refused')
    expect(addressOf(published.value, 8080)).toBe('https://talks.example.org')
    expect(addressOf(local.value, 9090)).toBe('http://127.0.0.1:9090')
    expect(addressOf(six.value, 9090)).toBe('http://[::1]:9090')
  })

  test('O1 only this machine is loopback', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '10.0.0.1', '127.0.0.1.example.org', 'localhost.example.org', ''].some(isLoopback)).toBe(false)
  })
})
