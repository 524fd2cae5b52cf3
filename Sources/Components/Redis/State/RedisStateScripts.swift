/// The steps of the state store that have to be atomic. The layout is Dapr's (section 8.2 of the Dapr
/// surface): a hash per key with `data`, `version` (decimal, from 1) and, for what was written with
/// first-write concurrency, `first-write`.
///
/// What a write expects of the stored version is one argument: empty for nothing, `absent`, or the
/// version itself.
enum RedisStateScripts {
    /// Expectation for keys that must not exist yet.
    static let absent = "absent"

    /// KEYS: key. ARGV: expectation, data, seconds to live or empty, `1` to mark as first-write.
    /// Answers the new version, or 0 when the expectation does not hold. A value of another type (a
    /// plain string from elsewhere) counts as present without a version, and is replaced.
    static let set = RedisScript(
        """
        local key, expected, ttl = KEYS[1], ARGV[1], ARGV[3]
        local version = redis.pcall('HGET', key, 'version')
        local foreign = type(version) == 'table'
        if expected ~= '' then
          if expected == 'absent' then
            if version then return 0 end
          elseif version ~= expected then
            return 0
          end
        end
        if foreign then redis.call('DEL', key) end
        local next = foreign and 1 or (tonumber(version) or 0) + 1
        local text = string.format('%.0f', next)
        if ARGV[4] == '1' then
          redis.call('HSET', key, 'data', ARGV[2], 'version', text, 'first-write', '0')
        else
          redis.call('HSET', key, 'data', ARGV[2], 'version', text)
        end
        if ttl ~= '' then redis.call('EXPIRE', key, ttl) elseif version then redis.call('PERSIST', key) end
        return next
        """)

    /// KEYS: key. ARGV: version. Answers 0 when the key does not have that version, else 1.
    static let delete = RedisScript(
        """
        if redis.pcall('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """)

    /// Arguments per operation of ``transact``.
    static let argumentsPerOperation = 5

    /// KEYS: one per operation. ARGV: five per operation, `set` or `delete` and the four of ``set``.
    /// Looks first whether every expectation holds, each as the operations before it leave the key, and
    /// only then writes. Answers 0, or the number of the first operation that may not happen.
    static let transact = RedisScript(
        """
        local versions, foreign, planned = {}, {}, {}
        for i, key in ipairs(KEYS) do
          local kind, expected = ARGV[i * 5 - 4], ARGV[i * 5 - 3]
          local version = versions[key]
          if version == nil then
            version = redis.pcall('HGET', key, 'version')
            if type(version) == 'table' then
              foreign[key] = true
              version = '0'
            end
          end
          if expected == 'absent' then
            if version then return i end
          elseif expected ~= '' and (version ~= expected or foreign[key]) then
            return i
          end
          if kind == 'set' then
            planned[i] = string.format('%.0f', (tonumber(version) or 0) + 1)
            versions[key] = planned[i]
          else
            versions[key] = false
          end
        end
        for i, key in ipairs(KEYS) do
          if foreign[key] then
            redis.call('DEL', key)
            foreign[key] = nil
          end
          if planned[i] then
            local data, ttl = ARGV[i * 5 - 2], ARGV[i * 5 - 1]
            if ARGV[i * 5] == '1' then
              redis.call('HSET', key, 'data', data, 'version', planned[i], 'first-write', '0')
            else
              redis.call('HSET', key, 'data', data, 'version', planned[i])
            end
            if ttl ~= '' then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
          else
            redis.call('DEL', key)
          end
        end
        return 0
        """)
}
