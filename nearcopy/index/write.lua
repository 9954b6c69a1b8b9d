-- Put or delete one document: everything, or nothing.
--
-- KEYS[1]  the bucket of ids that the id falls into
-- ARGV[1]  the partition's tag            ARGV[2]  the generation that the postings are meant for
-- ARGV[3]  digest of the id (12 bytes)    ARGV[4]  the id itself, for the log
-- ARGV[5]  digest of the new content (8), or '' to delete
-- ARGV[6]  digest of the content that this write replaces (8), or '' where there is none
-- ARGV[7]  'commit', or 'postings' to write a part of a large document's postings ahead of it
-- ARGV[8]  number given to a large document by its first part, or ''
-- ARGV[9]  the document, compressed
-- ARGV[10] postings of the document to add:    page letter (1), band and page (4), bucket hash (2), repeated
-- ARGV[11] postings of the document to remove: likewise
-- ARGV[12] paragraphs to add: exact page, base and delta (4 + 4), hash (6), then ARGV[14] times
--          band and page (4), bucket hash (2)
-- ARGV[13] paragraphs to remove: exact page, base and delta (4 + 4), hash (6)
-- ARGV[14] bands
-- ARGV[15] documents or paragraphs a bucket may hold, give or take what one page grows by between counts
--
-- Returns {'created'|'replaced'|'unchanged'|'deleted'|'written', number},
-- {'exists', content digest} or {'gone'} where ARGV[6] is not what is stored,
-- {'moved'} where another generation is live, {'full'} where the numbers have run out.

local tag, generation, bands, cap = ARGV[1], ARGV[2], tonumber(ARGV[14]), tonumber(ARGV[15])
local pages, MAX, CROWDED = tag .. generation, 16777215, 4096
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

-- Buckets that hold as much as they may; each is counted anew whenever its page has grown by CROWDED bytes.
local crowds = call('SCARD', pages .. 'c') > 0

local function add(key, hash, number)
  if crowds and call('SISMEMBER', pages .. 'c', key .. hash) == 1 then return end
  local length, width = call('APPEND', key, hash .. number), #hash + 3
  if length % CROWDED < width and length > CROWDED then
    local page, count = call('GET', key), 0
    for at = 1, #page, width do
      if sub(page, at, at + #hash - 1) == hash then count = count + 1 end
    end
    if count >= cap then call('SADD', pages .. 'c', key .. hash) end
  end
end

local function remove(key, record)
  local page = call('GET', key)
  local at = page and locate(page, record, #record)
  if at then call('SETRANGE', key, at - 1, string.rep('\0', #record)) end
end

local function exact(base, delta, hash)
  for _, key in ipairs({pages .. 'x' .. base, pages .. 'X' .. delta}) do
    local page = call('GET', key)
    local at = page and locate(page, hash, 9)
    if at then return sub(page, at + 6, at + 8) end
  end
end

local function owners(letter, paragraph)
  local n = number3(paragraph)
  return pages .. letter .. '\0' .. bytes3(floor(n / 64)), char(n % 64)
end

if call('GET', tag .. 'g') ~= generation then return {'moved'} end
local last = tonumber(call('HGET', pages .. 'n', 'p') or 0)
if last + #ARGV[12] / (14 + 6 * bands) > MAX then return {'full'} end

local deleting, committing = ARGV[5] == '', ARGV[7] == 'commit'
local current = call('HGET', KEYS[1], ARGV[3])
if committing then
  if current and sub(current, 4) == ARGV[5] then return {'unchanged', number3(current)} end
  if current and sub(current, 4) ~= ARGV[6] then return {'exists', sub(current, 4)} end
  if not current and ARGV[6] ~= '' then return {'gone'} end
end

local number
if current then
  number = sub(current, 1, 3)
elseif ARGV[8] ~= '' then
  number = bytes3(tonumber(ARGV[8]))
else
  local n = call('HINCRBY', tag .. 'n', 'd', 1)
  if n > MAX then return {'full'} end
  number = bytes3(n)
end

for at = 1, #ARGV[10], 7 do
  add(pages .. sub(ARGV[10], at, at + 4), sub(ARGV[10], at + 5, at + 6), number)
end

local stride, added = 14 + 6 * bands, ARGV[12]
for at = 1, #added, stride do
  local base, delta, hash = sub(added, at, at + 3), sub(added, at + 4, at + 7), sub(added, at + 8, at + 13)
  local paragraph = exact(base, delta, hash)
  if not paragraph then
    last = call('HINCRBY', pages .. 'n', 'p', 1)
    paragraph = bytes3(last)
    call('APPEND', pages .. 'X' .. delta, hash .. paragraph)
    for posting = at + 14, at + stride - 1, 6 do
      add(pages .. 'P' .. sub(added, posting, posting + 3), sub(added, posting + 4, posting + 5), paragraph)
    end
  end
  local key, low = owners('O', paragraph)
  add(key, low, number)
end

if not committing then return {'written', number3(number)} end

for at = 1, #ARGV[11], 7 do
  remove(pages .. sub(ARGV[11], at, at + 4), sub(ARGV[11], at + 5, at + 6) .. number)
end
for at = 1, #ARGV[13], 14 do
  local paragraph = exact(sub(ARGV[13], at, at + 3), sub(ARGV[13], at + 4, at + 7), sub(ARGV[13], at + 8, at + 13))
  if paragraph then
    for _, letter in ipairs({'o', 'O'}) do
      local key, low = owners(letter, paragraph)
      remove(key, low .. number)
    end
  end
end

if deleting then
  call('DEL', tag .. 't' .. number)
  call('HDEL', KEYS[1], ARGV[3])
  call('HINCRBY', tag .. 'n', 'c', -1)
  call('XADD', tag .. 'log', '*', 'd', ARGV[4])
  return {'deleted', number3(number)}
end
call('SET', tag .. 't' .. number, ARGV[9])
call('HSET', KEYS[1], ARGV[3], number .. ARGV[5])
call('XADD', tag .. 'log', '*', 'p', ARGV[4])
if current then return {'replaced', number3(number)} end
call('HINCRBY', tag .. 'n', 'c', 1)
return {'created', number3(number)}
