// MechaSQLite (L2): everything that lives in SQLite files. Engine/ is a thin layer over the C library
// and the worker that runs it on threads of its own with group commit; State/ is the state store,
// PubSub/ the broker. Name resolution uses the engine. It may import MechaCore, MechaWire (event loops),
// CSQLite, NIOCore, NIOPosix (pipes) and Logging.

import MechaCore

/// The components of this module.
public enum SQLiteComponents {
    public static let all: [ComponentDescriptor] = [SQLiteStateStore.descriptor, SQLitePubSub.descriptor]
}
