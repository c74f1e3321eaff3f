import type { ProcessId } from '#shared/ids.ts'

/** Every key of a process has the process as its hash tag, so that one function may touch all of them. */
export const keysOf = (process: ProcessId) => ({
  /** Hash: `seq`, `events`, `at`, `epoch`, `replid`, `epochs`, `sealed`, `chain`; `d <document>`: its head; `l <document> <client>`: its lane. */
  heads: `parley:{${process}}:heads`,
  /** Stream: `<epoch>-<seq>` to `r` (how many entries of the same append follow; with the first, its token) and `e` (the entry's bytes). */
  log: `parley:{${process}}:log`,
  /** Stream of at most one: its id is the last entry that enough replicas have. Only where replicas are waited for. */
  confirmed: `parley:{${process}}:confirmed`,
  /** Stream: `<first>-<last>` to `p`, a packed segment (`segments.ts`). */
  sealed: `parley:{${process}}:sealed`,
  /** The node that packs now. */
  turn: `parley:{${process}}:turn`,
  /** Hash: name to seq (8 bytes, big-endian) and bytes. */
  snapshots: `parley:{${process}}:snapshots`,
  /** Hash: name of an erasable object's key to its secret. */
  keys: `parley:{${process}}:keys`,
  /** Stream like `sealed`: what comes in from another log under this name, until all of it is there. */
  adopting: (name: string) => `parley:{${process}}:adopting:${name}`,
})

/** Set of every process. */
export const PROCESSES = 'parley:processes'

/** Hash: `generation`, raised whenever Redis is another than before; `replid`. Tells a master that was left behind from the one that took over. */
export const STORE = 'parley:store'

/** Another name whenever a function changes, so that nodes of two versions can run side by side. */
export const LIBRARY = 'parley3'
export const FUNCTIONS = {
  append: `${LIBRARY}_append`,
  narrowing: `${LIBRARY}_append_narrowing`,
  enter: `${LIBRARY}_enter`,
  range: `${LIBRARY}_range`,
  snapshot: `${LIBRARY}_snapshot`,
  seal: `${LIBRARY}_seal`,
  probe: `${LIBRARY}_probe`,
  mark: `${LIBRARY}_mark`,
  confirm: `${LIBRARY}_confirm`,
  generation: `${LIBRARY}_generation`,
  adopt: `${LIBRARY}_adopt`,
} as const

/**
 * What Redis runs for us. `master_replid` is another after every start of Redis and every promotion of a replica, the two moments at
 * which entries may have been lost: the first to touch a process then raises its epoch, in the same step.
 */
export const SOURCE = `#!lua name=${LIBRARY}
local function clock(given)
  if given then return given end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- The first seq of each epoch, as '1:1,2:98'. An epoch without entries is forgotten.
local function started(epochs, epoch, seq)
  local kept = ''
  for e, first in string.gmatch(epochs or '', '(%d+):(%d+)') do
    if tonumber(first) <= seq then kept = kept .. e .. ':' .. first .. ',' end
  end
  return kept .. epoch .. ':' .. (seq + 1)
end

local function current(heads, epoch, replid, seq)
  local now = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  if replid == now then return epoch end
  epoch = epoch + 1
  if tonumber(redis.call('HGET', heads, 'confirmed') or 0) > seq then redis.call('HSET', heads, 'confirmed', seq) end
  redis.call('HSET', heads, 'epoch', epoch, 'replid', now, 'epochs', started(redis.call('HGET', heads, 'epochs'), epoch, seq))
  return epoch
end

local function enter(keys)
  local h = redis.call('HMGET', keys[1], 'epoch', 'replid', 'seq', 'events', 'confirmed')
  if not h[1] then return { 0, 0, 0, 0 } end
  local seq = tonumber(h[3] or 0)
  return { current(keys[1], tonumber(h[1]), h[2], seq), seq, tonumber(h[4] or 0), math.min(seq, tonumber(h[5] or 0)) }
end

-- An append whose answer was lost: where it stands, if it was added after 'since'. What was packed meanwhile bears no tokens.
local function sought(keys, a)
  local sealed = tonumber(redis.call('HGET', keys[1], 'sealed') or 0)
  if sealed > tonumber(string.match(a.since, '-(%d+)')) then return { 'doubt' } end
  local from = '(' .. a.since
  while true do
    local page = redis.call('XRANGE', keys[2], from, '+', 'COUNT', 256)
    for _, entry in ipairs(page) do
      local token = string.match(entry[2][2], ' (.+)$')
      if token == a.token then
        local epoch, seq = string.match(entry[1], '(%d+)-(%d+)')
        local _, high, low = struct.unpack('>BI4I4', entry[2][4])
        return { 'ok', tonumber(seq), high * 4294967296 + low, tonumber(epoch) }
      end
    end
    if #page < 256 then return nil end
    from = '(' .. page[#page][1]
  end
end

local function stray(lane, state)
  local number, position, owner = 0, 0, lane.owner
  if state then
    local n, c, o = string.match(state, '(%d+) (%d+) (.+)')
    number, position, owner = tonumber(n), tonumber(c), o
  end
  local why = nil
  if owner ~= lane.owner then why = 'foreign'
  elseif lane.number < number then why = 'known'
  elseif lane.number > number or lane.clock > position then why = 'ahead'
  elseif lane.clock < position then why = 'overlap' end
  return why and { 'lane', why, number, position }
end

local function broken(a, h, events, at)
  local next = 6
  for _, document in ipairs(a.documents) do
    document.at = tonumber(h[next] or 0)
    next = next + 1
  end
  local lane = a.lane and stray(a.lane, h[next])
  if lane then return lane end
  if a.events and a.events ~= events then return { 'conflict', 'events' } end
  for _, document in ipairs(a.documents) do
    if document.at ~= document.head then return { 'conflict', 'document' } end
  end
  if a.notAfter and at > a.notAfter then return { 'too-late' } end
end

local function add(keys, a, args, epoch, seq, events, at)
  local stamp, changed, first = struct.pack('>I8', at), {}, seq + 1
  for i, e in ipairs(a.entries) do
    seq = seq + 1
    local rest = #a.entries - i
    if i == 1 then rest = rest .. ' ' .. a.token end
    local bytes = string.sub(args[i + 1], 1, 1) .. stamp .. string.sub(args[i + 1], 10)
    redis.call('XADD', keys[2], epoch .. '-' .. seq, 'r', rest, 'e', bytes)
    if e.k then events = seq end
    if e.d then changed['d ' .. e.d] = seq end
    if e.l then changed['l ' .. e.d .. ' ' .. e.l.client] = (e.l.number + 1) .. ' ' .. e.l.next .. ' ' .. e.l.owner end
  end
  local set = { 'seq', seq, 'events', events, 'at', at }
  for field, value in pairs(changed) do
    set[#set + 1] = field
    set[#set + 1] = value
    if #set > 1000 then redis.call('HSET', keys[1], unpack(set)) set = {} end
  end
  if #set > 0 then redis.call('HSET', keys[1], unpack(set)) end
  return { 'ok', first, at, epoch }
end

local function append(keys, args)
  local a = cjson.decode(args[1])
  local fields = { 'epoch', 'replid', 'seq', 'events', 'at' }
  for _, document in ipairs(a.documents) do fields[#fields + 1] = 'd ' .. document.id end
  if a.lane then fields[#fields + 1] = 'l ' .. a.lane.document .. ' ' .. a.lane.client end
  local h = redis.call('HMGET', keys[1], unpack(fields))
  local seq, events = tonumber(h[3] or 0), tonumber(h[4] or 0)
  local found = a.since and sought(keys, a)
  if found then return found end
  local epoch = current(keys[1], tonumber(h[1] or 0), h[2], seq)
  if a.epoch and a.epoch ~= epoch then return { 'epoch', epoch } end
  local at = math.max(clock(a.now), tonumber(h[5] or 0))
  return broken(a, h, events, at) or add(keys, a, args, epoch, seq, events, at)
end

-- The epoch that an entry lies in.
local function covering(epochs, seq)
  local from = 1
  for e, first in string.gmatch(epochs or '', '(%d+):(%d+)') do
    if tonumber(first) <= seq then from = e end
  end
  return from
end

-- Entries after a place, or the sealed segment that has the next one.
local function range(keys, args)
  local h = redis.call('HMGET', keys[1], 'epoch', 'seq', 'epochs', 'sealed', 'chain')
  local epoch, seq, sealed, after = tonumber(h[1] or 0), tonumber(h[2] or 0), tonumber(h[4] or 0), tonumber(args[1])
  local heads = { epoch, seq, sealed, h[5] or '' }
  if after >= seq then return { heads, false, {} } end
  if after < sealed then
    local found = redis.call('XREVRANGE', keys[3], (after + 1) .. '-18446744073709551615', '-', 'COUNT', 1)[1]
    return { heads, { found[1], found[2][2] }, {} }
  end
  local from = covering(h[3], after + 1) .. '-' .. (after + 1)
  return { heads, false, redis.call('XRANGE', keys[2], from, '+', 'COUNT', args[2]) }
end

local function snapshot(keys, args)
  if args[4] ~= '' and tonumber(args[4]) ~= enter(keys)[1] then return 0 end
  local kept = redis.call('HGET', keys[2], args[1])
  if kept and struct.unpack('>I8', kept) > tonumber(args[2]) then return 0 end
  return redis.call('HSET', keys[2], args[1], struct.pack('>I8', tonumber(args[2])) .. args[3])
end

-- Moves the oldest entries into one packed segment: expects what the packer saw.
local function seal(keys, args)
  local h = redis.call('HMGET', keys[1], 'epoch', 'sealed', 'epochs')
  redis.call('DEL', keys[4])
  local sealed, first, last = tonumber(h[2] or 0), tonumber(args[1]), tonumber(args[2])
  if tonumber(h[1]) ~= tonumber(args[3]) or sealed ~= first - 1 then return 0 end
  redis.call('XADD', keys[3], first .. '-' .. last, 'p', args[4])
  redis.call('HSET', keys[1], 'sealed', last, 'chain', args[5])
  redis.call('XTRIM', keys[2], 'MINID', '=', covering(h[3], last + 1) .. '-' .. (last + 1))
  return 1
end

-- Said by several nodes of the same entries, and not in order: the furthest stands.
local function confirm(keys, args)
  local h = redis.call('HMGET', keys[1], 'epoch', 'confirmed')
  local epoch, seq = tonumber(args[1]), tonumber(args[2])
  if tonumber(h[1] or 0) ~= epoch or tonumber(h[2] or 0) >= seq then return 0 end
  redis.call('HSET', keys[1], 'confirmed', seq)
  redis.call('XADD', keys[2], 'MAXLEN', 1, epoch .. '-' .. seq, 'c', '')
  return 1
end

local function put(key, fields)
  for from = 1, #fields, 1000 do
    redis.call('HSET', key, unpack(fields, from, math.min(from + 999, #fields)))
  end
end

-- A process from another log: its segments wait in keys[2]. Only where it has no entry.
local function adopt(keys, args)
  if redis.call('HEXISTS', keys[1], 'seq') == 1 then return 0 end
  local a = cjson.decode(args[1])
  local epoch = current(keys[1], tonumber(redis.call('HGET', keys[1], 'epoch') or 0), redis.call('HGET', keys[1], 'replid'), 0)
  redis.call('DEL', keys[3], keys[4], keys[5])
  redis.call('RENAME', keys[2], keys[3])
  redis.call('PERSIST', keys[3])
  put(keys[1], a.fields)
  for i = 2, #a.secrets, 2 do
    a.secrets[i] = string.gsub(a.secrets[i], '%x%x', function(hex) return string.char(tonumber(hex, 16)) end)
  end
  put(keys[5], a.secrets)
  redis.call('HSET', keys[1], 'seq', a.seq, 'events', a.events, 'at', a.at, 'sealed', a.seq, 'chain', a.chain)
  return epoch
end

local function mark(keys)
  redis.call('SET', keys[1], '1')
  return 1
end

local function generation(keys)
  local now = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  if redis.call('HGET', keys[1], 'replid') ~= now then
    redis.call('HSET', keys[1], 'replid', now)
    redis.call('HINCRBY', keys[1], 'generation', 1)
  end
  return tonumber(redis.call('HGET', keys[1], 'generation'))
end

redis.register_function('${FUNCTIONS.append}', append)
redis.register_function{ function_name = '${FUNCTIONS.mark}', callback = mark, flags = { 'allow-oom' } }
redis.register_function{ function_name = '${FUNCTIONS.confirm}', callback = confirm, flags = { 'allow-oom' } }
redis.register_function{ function_name = '${FUNCTIONS.generation}', callback = generation, flags = { 'allow-oom' } }
redis.register_function{ function_name = '${FUNCTIONS.narrowing}', callback = append, flags = { 'allow-oom' } }
redis.register_function{ function_name = '${FUNCTIONS.enter}', callback = enter, flags = { 'allow-oom' } }
redis.register_function{ function_name = '${FUNCTIONS.range}', callback = range, flags = { 'no-writes' } }
redis.register_function('${FUNCTIONS.snapshot}', snapshot)
redis.register_function('${FUNCTIONS.adopt}', adopt)
redis.register_function('${FUNCTIONS.seal}', seal)
redis.register_function('${FUNCTIONS.probe}', function() return 1 end)
`
