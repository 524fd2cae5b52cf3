// MechaSQLite (L2): everything that lives in SQLite files. Engine/ is a thin layer over the C library
// and the worker that runs it on threads of its own with group commit; State/ is the state store.
// Name resolution uses the engine, and later pub/sub. It may import MechaCore, CSQLite, NIOCore
// (ByteBuffer) and Logging.

import MechaCore

/// The components of this module.
public enum SQLiteComponents {
    public static let all: [ComponentDescriptor] = [SQLiteStateStore.descriptor]
}
