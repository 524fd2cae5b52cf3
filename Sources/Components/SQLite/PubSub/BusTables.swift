import MechaCore

/// The tables of `pubsub.sqlite` and what is said to them.
///
/// A message's id is its topic's number in the upper bits and its place in the topic below them, so that one
/// tree holds every topic in order and needs no index. A group has a cursor for each of its topics, claims ranges
/// of messages before it, and notes in a bitmap which of a claim are done: a few rows for hundreds of messages.
/// What is delayed, or was not acknowledged, moves from its claim to a row of its own in `deferred`.
enum BusTables {
    /// Bits of a message's place in its topic; the 23 above it are the topic's number.
    static let placeBits: Int64 = 40
    /// The schema of this code; a file of a later one is refused.
    static let schema: Int64 = 1

    static func id(topic: Int64, place: Int64) -> Int64 { topic << placeBits | place }
    static func topic(of id: Int64) -> Int64 { id >> placeBits }
    static func place(of id: Int64) -> Int64 { id & (1 << placeBits - 1) }

    /// Times are milliseconds since 1970. `next` is the place of the next message, `trimmed` of the first that may
    /// still be needed. `owner` is a row of `consumers`, a process; NULL is for whoever comes first.
    private static let tables = """
        CREATE TABLE IF NOT EXISTS bus (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS topics (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next INTEGER NOT NULL DEFAULT 0, trimmed INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS messages (
            id INTEGER PRIMARY KEY, published INTEGER NOT NULL, expires INTEGER, due INTEGER, key TEXT, content_type TEXT, metadata TEXT,
            data BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS subscriptions (
            id INTEGER PRIMARY KEY, topic TEXT NOT NULL, consumer_group TEXT NOT NULL, is_pattern INTEGER NOT NULL, used INTEGER NOT NULL,
            owner INTEGER, UNIQUE (topic, consumer_group));
        CREATE TABLE IF NOT EXISTS cursors (
            subscription INTEGER NOT NULL, topic INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (subscription, topic)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS cursors_of_topic ON cursors (topic);
        CREATE TABLE IF NOT EXISTS claims (
            id INTEGER PRIMARY KEY, subscription INTEGER NOT NULL, topic INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
            done BLOB NOT NULL, attempt INTEGER NOT NULL, claimed INTEGER NOT NULL, owner INTEGER);
        CREATE TABLE IF NOT EXISTS deferred (
            message INTEGER NOT NULL, subscription INTEGER NOT NULL, due INTEGER NOT NULL, attempt INTEGER NOT NULL, delivered INTEGER,
            owner INTEGER, PRIMARY KEY (message, subscription)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS deferred_due ON deferred (subscription, due);
        CREATE TABLE IF NOT EXISTS consumers (id INTEGER PRIMARY KEY AUTOINCREMENT, wake TEXT NOT NULL, seen INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS members (
            subscription INTEGER NOT NULL, consumer INTEGER NOT NULL, PRIMARY KEY (subscription, consumer)) WITHOUT ROWID;
        INSERT OR IGNORE INTO bus VALUES ('schema', \(schema)), ('generation', 0);
        """

    /// Brings the file to what this code needs; several processes may do so at once.
    static func prepare(_ connection: SQLiteConnection, maximumFileBytes: Int) throws {
        let pageBytes = try connection.first("PRAGMA page_size") { $0.integer(0) } ?? 4_096
        // Beyond it SQLite reports a full disk, which publishers hear of as an exhausted resource.
        try connection.execute("PRAGMA max_page_count=\(max(64, Int64(maximumFileBytes) / pageBytes))")
        let isThere = try connection.first("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bus'") { $0.integer(0) } != nil
        if !isThere { try connection.withImmediateTransaction { try connection.execute(tables) } }
        // Claims are few and short-lived: an index, as earlier files have it, costs each commit a page and saves nothing.
        let hasIndex = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'claims_of_subscription'"
        if try connection.first(hasIndex, read: { $0.integer(0) }) != nil {
            try connection.execute("DROP INDEX IF EXISTS claims_of_subscription")
        }
        let found = try connection.first("SELECT value FROM bus WHERE key = 'schema'") { $0.integer(0) }
        guard found == schema else {
            throw CapabilityError(.misconfigured, "the file has message tables of version \(found ?? 0); expected \(schema)")
        }
    }

    // MARK: - Statements

    static let generation = "SELECT value FROM bus WHERE key = 'generation'"
    /// Tells all processes to read topics, subscriptions and consumers again.
    static let raiseGeneration = "UPDATE bus SET value = value + 1 WHERE key = 'generation'"

    static let topicByName = "SELECT id FROM topics WHERE name = ?1"
    static let addTopic = "INSERT INTO topics (name) VALUES (?1)"
    static let topicPlaces = "SELECT next, trimmed FROM topics WHERE id = ?1"
    static let setTopicNext = "UPDATE topics SET next = ?2 WHERE id = ?1"
    static let setTopicTrimmed = "UPDATE topics SET trimmed = ?2 WHERE id = ?1"
    static let lastRow = "SELECT last_insert_rowid()"

    static let addMessage =
        "INSERT INTO messages (id, published, expires, due, key, content_type, metadata, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    static let messagesFrom =
        "SELECT id, expires, due, key, content_type, metadata, data FROM messages WHERE id >= ?1 AND id < ?2 ORDER BY id"
    static let hasDeferred = "SELECT 1 FROM deferred WHERE message >= ?1 AND message < ?2 LIMIT 1"
    static let removeAllMessages = "DELETE FROM messages WHERE id >= ?1 AND id < ?2"
    /// Removes what nobody needs, but for single messages that are deferred.
    static let removeMessages =
        "DELETE FROM messages WHERE id >= ?1 AND id < ?2 AND NOT EXISTS (SELECT 1 FROM deferred WHERE message = messages.id)"
    static let removeMessage = "DELETE FROM messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM deferred WHERE message = ?1)"
    static let firstPublishedSince = "SELECT min(id) FROM messages WHERE id >= ?1 AND id < ?2 AND published >= ?3"

    static let subscriptionByName = "SELECT id FROM subscriptions WHERE topic = ?1 AND consumer_group = ?2"
    static let addSubscription = "INSERT INTO subscriptions (topic, consumer_group, is_pattern, used) VALUES (?1, ?2, ?3, ?4)"
    static let touchSubscription = "UPDATE subscriptions SET used = ?2 WHERE id = ?1"
    static let patterns = "SELECT id, topic FROM subscriptions WHERE is_pattern = 1"
    static let addCursor = "INSERT OR IGNORE INTO cursors (subscription, topic, next) VALUES (?1, ?2, ?3)"
    static let subscriptionsOfTopic = "SELECT subscription FROM cursors WHERE topic = ?1"
    static let allTopics = "SELECT id, name, next, trimmed FROM topics"
    static let behind =
        "SELECT c.topic, c.next, t.next, t.name FROM cursors c JOIN topics t ON t.id = c.topic WHERE c.subscription = ?1 AND c.next < t.next"
    static let setCursor = "UPDATE cursors SET next = ?3 WHERE subscription = ?1 AND topic = ?2"
    static let takeSubscription = "UPDATE subscriptions SET owner = ?2 WHERE id = ?1 AND (owner IS NULL OR owner = ?2)"
    static let releaseSubscription = "UPDATE subscriptions SET owner = NULL WHERE id = ?1 AND owner = ?2"
    /// The first place of a topic that some group may still need; NULL when it has no group.
    static let neededFrom = """
        SELECT min(min(c.next, ifnull((SELECT min(first) FROM claims k WHERE k.subscription = c.subscription AND k.topic = c.topic), c.next)))
        FROM cursors c WHERE c.topic = ?1
        """

    static let addClaim =
        "INSERT INTO claims (subscription, topic, first, count, done, attempt, claimed, owner) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)"
    static let freeClaims = """
        SELECT c.id, c.topic, c.first, c.count, c.done, c.attempt, c.claimed, t.name FROM claims c JOIN topics t ON t.id = c.topic
        WHERE c.subscription = ?1 AND c.owner IS NULL ORDER BY c.topic, c.first LIMIT ?2
        """
    static let takeClaim = "UPDATE claims SET owner = ?2 WHERE id = ?1"
    static let setClaimDone = "UPDATE claims SET done = ?3 WHERE id = ?1 AND owner = ?2"
    static let removeClaim = "DELETE FROM claims WHERE id = ?1 AND owner = ?2"

    static let `defer` = """
        INSERT INTO deferred (message, subscription, due, attempt, delivered, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (message, subscription) DO UPDATE SET due = ?3, attempt = ?4, delivered = ?5, owner = ?6
        """
    static let deferAgain =
        "UPDATE deferred SET due = ?3, attempt = ?4, delivered = ?5, owner = ?6 WHERE message = ?1 AND subscription = ?2 AND owner = ?7"
    static let removeDeferred = "DELETE FROM deferred WHERE message = ?1 AND subscription = ?2 AND owner = ?3"
    /// ?4: whether those that were handed over before are taken before their time, to keep an order.
    static let freeDeferred = """
        SELECT d.message, d.attempt, d.delivered, t.name FROM deferred d JOIN topics t ON t.id = d.message >> \(placeBits)
        WHERE d.subscription = ?1 AND d.owner IS NULL AND (d.due <= ?2 OR (?4 AND d.attempt > 0)) ORDER BY d.message LIMIT ?3
        """
    static let takeDeferred = "UPDATE deferred SET owner = ?3 WHERE message = ?1 AND subscription = ?2"
    static let nextDue = "SELECT min(due) FROM deferred WHERE subscription = ?1 AND owner IS NULL"

    static let addConsumer = "INSERT INTO consumers (wake, seen) VALUES (?1, ?2)"
    static let touchConsumer = "UPDATE consumers SET seen = ?2 WHERE id = ?1"
    static let consumers = "SELECT id, wake, seen FROM consumers WHERE id <> ?1"
    static let addMember = "INSERT OR IGNORE INTO members (subscription, consumer) VALUES (?1, ?2)"
    static let removeMember = "DELETE FROM members WHERE subscription = ?1 AND consumer = ?2"
    static let consumersOfSubscription =
        "SELECT c.id, c.wake FROM members m JOIN consumers c ON c.id = m.consumer WHERE m.subscription = ?1"
    static let touchSubscriptionsOf =
        "UPDATE subscriptions SET used = ?2 WHERE id IN (SELECT subscription FROM members WHERE consumer = ?1)"
    /// Gives up what a process leaves behind.
    static let forgetConsumer = [
        "UPDATE subscriptions SET owner = NULL WHERE owner = ?1",
        "UPDATE claims SET owner = NULL, attempt = attempt + 1 WHERE owner = ?1",
        "UPDATE deferred SET owner = NULL, attempt = attempt + 1 WHERE owner = ?1",
        "DELETE FROM members WHERE consumer = ?1",
        "DELETE FROM consumers WHERE id = ?1",
    ]
    static let unusedSubscriptions =
        "SELECT id FROM subscriptions WHERE used < ?1 AND NOT EXISTS (SELECT 1 FROM members WHERE subscription = subscriptions.id)"
    static let forgetSubscription = [
        "DELETE FROM claims WHERE subscription = ?1", "DELETE FROM deferred WHERE subscription = ?1",
        "DELETE FROM cursors WHERE subscription = ?1", "DELETE FROM subscriptions WHERE id = ?1",
    ]
}
