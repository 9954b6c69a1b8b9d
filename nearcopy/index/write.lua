-- Put or delete one document: everything, or nothing.
--
-- KEYS[1]  the bucket of ids that the id falls into
-- ARGV[1]  the partition's tag            ARGV[2]  the generation that the postings are meant for
-- ARGV[3]  digest of the id (12 bytes)    ARGV[4]  the id itself, for the log
-- ARGV[5]  digest of the new content (8), or '' to delete
-- ARGV[6]  digest of the content that this write replaces (8), or '' where there is none
-- ARGV[7]  'commit', or 'ahead' to learn the numbers of some of a large document's paragraphs for the commit:
--          those of ARGV[11] are added where they are new, and no document holds them before the commit
-- ARGV[8]  the document, compressed
-- ARGV[9]  postings of the document to add: page letter (1), band and page (4), bucket hash (2), context (2),
--          which only fingerprints have; repeated
-- ARGV[10] postings of the document to remove: likewise
-- ARGV[11] paragraphs to add and to hold: exact page, base and delta (4 + 4), hash (6), then ARGV[14] times
--          band and page (4), bucket hash (2)
-- ARGV[12] paragraphs to let go: exact page, base and delta (4 + 4), hash (6)
-- ARGV[13] numbers (3) of more paragraphs to hold, and ARGV[16] to let go
-- ARGV[14] bands
-- ARGV[15] documents or paragraphs a bucket may hold, give or take what one page grows by between counts
-- ARGV[17] 'beside' for a generation that a rebuild makes ready: it must not be live, and nothing is logged
--
-- Returns {'created'|'replaced'|'unchanged'|'deleted', number}, {'ahead', numbers} for ARGV[11], else [12],
-- {'exists', content digest} or {'gone'} where ARGV[6] is not what is stored,
-- {'held'} where a generation is just being published: try again,
-- {'moved'} where another generation is live (or, beside it, this one), {'full'} where the numbers have run out.

local tag, generation, bands, cap = ARGV[1], ARGV[2], tonumber(ARGV[14]), tonumber(ARGV[15])
local pages, stride = tag .. generation, 14 + 6 * bands
local MAX, CROWDED, NONE = 16777215, 4096, '\0\0\0'
local call, sub, find, char, floor = redis.call, string.sub, string.find, string.char, math.floor

local function bytes3(n)
  return char(floor(n / 65536), floor(n / 256) % 256, n % 256)
end

local function number3(s)
  local a, b, c = string.byte(s, 1, 3)
  return a * 65536 + b * 256 + c
end

-- Where a record that begins with `head` stands in a page, or nil.
local function locate(page, head, width)
  local from = 1
  while true do
    local at = find(page, head, from, true)
    if not at then return nil end
    if (at - 1) % width == 0 then return at end
    from = at + 1
  end
end

-- How many live records of a bucket a page has.
local function count(page, hash, width)
  local found = 0
  for at = 1, #page, width do
    if sub(page, at, at + #hash - 1) == hash and sub(page, at + width - 3, at + width - 1) ~= NONE then
      found = found + 1
    end
  end
  return found
end

-- Buckets that hold as much as they may; each is counted anew whenever its page has grown by CROWDED bytes.
local crowded = pages .. 'c'
local crowds = call('SCARD', crowded) > 0

-- A record is the bucket's hash and the rest: a number, and before that the context of a fingerprint.
local function add(key, hash, rest)
  if crowds and call('SISMEMBER', crowded, key .. hash) == 1 then return end
  local length, width = call('APPEND', key, hash .. rest), #hash + #rest
  if length % CROWDED < width and length > CROWDED and count(call('GET', key), hash, width) >= cap then
    call('SADD', crowded, key .. hash)
  end
end

local last_key, last_page

local function remove(key, hash, rest)
  -- Neighbouring paragraphs share a page: what was removed from it since it was read is never looked for again.
  if key ~= last_key then last_key, last_page = key, call('GET', key) end
  local page, width = last_page, #hash + #rest
  local at = page and locate(page, hash .. rest, width)
  if not at then return end
  call('SETRANGE', key, at - 1, string.rep('\0', width))
  if crowds and call('SISMEMBER', crowded, key .. hash) == 1 and count(page, hash, width) <= cap then
    call('SREM', crowded, key .. hash)
  end
end

local function exact(base, delta, hash)
  for _, key in ipairs({pages .. 'x' .. base, pages .. 'X' .. delta}) do
    local page = call('GET', key)
    local at = page and locate(page, hash, 9)
    if at then return sub(page, at + 6, at + 8) end
  end
end

-- The paragraph's number; it gets one, and its postings, where it is new.
local function paragraph_at(at)
  local rows = ARGV[11]
  local delta, hash = sub(rows, at + 4, at + 7), sub(rows, at + 8, at + 13)
  local known = exact(sub(rows, at, at + 3), delta, hash)
  if known then return known end
  local number = bytes3(call('HINCRBY', pages .. 'n', 'p', 1))
  call('APPEND', pages .. 'X' .. delta, hash .. number)
  for posting = at + 14, at + stride - 1, 6 do
    add(pages .. 'P' .. sub(rows, posting, posting + 3), sub(rows, posting + 4, posting + 5), number)
  end
  return number
end

-- The page of the documents that hold a paragraph, and the paragraph's place in it.
local function owners(letter, paragraph)
  local n = number3(paragraph)
  return pages .. letter .. '\0' .. bytes3(floor(n / 64)), char(n % 64)
end

local function hold(paragraph, document)
  local key, low = owners('O', paragraph)
  add(key, low, document)
end

-- Calls `act` with the number of each paragraph of ARGV[12], all of which are in the index.
local function each_let_go(act)
  local rows = ARGV[12]
  for at = 1, #rows, 14 do
    local number = exact(sub(rows, at, at + 3), sub(rows, at + 4, at + 7), sub(rows, at + 8, at + 13))
    if number then act(number) end
  end
end

local function let_go(numbers, document)
  for _, letter in ipairs({'o', 'O'}) do
    for at = 1, #numbers, 3 do
      local key, low = owners(letter, sub(numbers, at, at + 2))
      remove(key, low, document)
    end
  end
end

local beside = ARGV[17] == 'beside'

-- Nobody needs the log while no generation but the live one lacks what it tells of.
local function log(kind, unchanged)
  if beside then return end
  -- Clusters, where they are kept, are made right by whoever reads them next.
  if not unchanged and call('EXISTS', tag .. 'y') == 1 then
    call('ZADD', tag .. 'y', call('ZINCRBY', tag .. 'y', 1, ''), ARGV[4])
  end
  if call('EXISTS', tag .. 'at') == 1 then call('XADD', tag .. 'log', '*', kind, ARGV[4])
  else call('XADD', tag .. 'log', 'MAXLEN', '~', 100, '*', kind, ARGV[4]) end
end

if (call('GET', tag .. 'g') == generation) == beside then return {'moved'} end

local full = tonumber(call('HGET', pages .. 'n', 'p') or 0) + #ARGV[11] / stride > MAX
if not (ARGV[9] == '' and ARGV[11] == '' and ARGV[13] == '') then call('SETNX', pages .. 'w', 1) end
if ARGV[7] == 'ahead' then
  if full then return {'full'} end
  local numbers = {}
  for at = 1, #ARGV[11], stride do numbers[#numbers + 1] = paragraph_at(at) end
  each_let_go(function(known) numbers[#numbers + 1] = known end)
  return {'ahead', table.concat(numbers)}
end

if not beside and call('EXISTS', tag .. 'hold') == 1 then return {'held'} end

local deleting, current = ARGV[5] == '', call('HGET', KEYS[1], ARGV[3])
if current and sub(current, 4) == ARGV[5] then
  -- Logged as well: a rebuild under way from an archive without it must keep what was put since it began.
  log('p', true)
  return {'unchanged', number3(current)}
end
if current and sub(current, 4) ~= ARGV[6] then return {'exists', sub(current, 4)} end
if not current and ARGV[6] ~= '' then return {'gone'} end
if full then return {'full'} end

local number
if current then
  number = sub(current, 1, 3)
else
  local n = call('HINCRBY', pages .. 'n', 'd', 1)
  if n > MAX then return {'full'} end
  number = bytes3(n)
end

-- A delete frees memory first: after that first write Redis carries it through, even one that is full.
if deleting then
  call('DEL', pages .. 't' .. number)
  call('HDEL', KEYS[1], ARGV[3])
  call('HINCRBY', pages .. 'n', 'c', -1)
else
  call('SET', pages .. 't' .. number, ARGV[8])
  call('HSET', KEYS[1], ARGV[3], number .. ARGV[5])
  if not current then call('HINCRBY', pages .. 'n', 'c', 1) end
end
log(deleting and 'd' or 'p')

-- Calls `act` with the page, the bucket's hash and the rest of the record of each posting of the document.
local function each_posting(rows, act)
  for at = 1, #rows, 9 do
    local fingerprint = sub(rows, at, at):upper() == 'F'
    local rest = fingerprint and sub(rows, at + 7, at + 8) .. number or number
    act(pages .. sub(rows, at, at + 4), sub(rows, at + 5, at + 6), rest)
  end
end

each_posting(ARGV[10], remove)
each_let_go(function(known) let_go(known, number) end)
let_go(ARGV[16], number)
each_posting(ARGV[9], add)
for at = 1, #ARGV[11], stride do hold(paragraph_at(at), number) end
for at = 1, #ARGV[13], 3 do hold(sub(ARGV[13], at, at + 2), number) end

return {deleting and 'deleted' or current and 'replaced' or 'created', number3(number)}
