import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension GuestFile {
    /// Bytes that one call reads or writes at most; guests ask again.
    static let chunkBytesAtMost = 1 << 20
    /// Entries of a folder that a guest can see.
    private static let entriesAtMost = 100_000

    struct Entry: Sendable {
        var name: String
        var kind: GuestFileState.Kind
        var number: UInt64
    }

    /// Empty at the end of the file.
    func read(_ count: Int, at offset: UInt64) throws(GuestFileError) -> ByteBuffer {
        guard !isFolder else { throw GuestFileError(EISDIR) }
        guard access.reads else { throw GuestFileError(EBADF) }
        guard let offset = off_t(exactly: offset) else { throw GuestFileError(EINVAL) }
        var buffer = ByteBuffer()
        var failure: GuestFileError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, min(count, Self.chunkBytesAtMost))) { bytes in
            let read = pread(descriptor, bytes.baseAddress, min(count, Self.chunkBytesAtMost), offset)
            if read < 0 { failure = .last }
            return max(0, read)
        }
        if let failure { throw failure }
        return buffer
    }

    /// Answers how many bytes were written.
    ///
    /// - Parameter offset: nil appends.
    func write(_ bytes: ByteBuffer, at offset: UInt64?) throws(GuestFileError) -> Int {
        guard !isFolder else { throw GuestFileError(EISDIR) }
        guard access.writes || access.appends else { throw GuestFileError(EBADF) }
        let slice = bytes.getSlice(at: bytes.readerIndex, length: min(bytes.readableBytes, Self.chunkBytesAtMost)) ?? ByteBuffer()
        guard let position = off_t(exactly: offset ?? 0) else { throw GuestFileError(EFBIG) }
        let written = slice.withUnsafeReadableBytes { bytes in
            offset == nil
                ? appended(bytes) : pwrite(descriptor, bytes.baseAddress, bytes.count, position)
        }
        guard written >= 0 else { throw .last }
        return written
    }

    private func appended(_ bytes: UnsafeRawBufferPointer) -> Int {
        if access.appends {
            #if canImport(Glibc)
            return Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            #elseif canImport(Musl)
            return Musl.write(descriptor, bytes.baseAddress, bytes.count)
            #else
            return Darwin.write(descriptor, bytes.baseAddress, bytes.count)
            #endif
        }
        var state = stat()
        guard fstat(descriptor, &state) == 0 else { return -1 }
        return pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(state.st_size))
    }

    func state() throws(GuestFileError) -> GuestFileState {
        var state = stat()
        guard fstat(descriptor, &state) == 0 else { throw .last }
        return GuestFileState(state)
    }

    func setSize(_ bytes: UInt64) throws(GuestFileError) {
        guard access.writes || access.appends else { throw GuestFileError(EBADF) }
        guard let size = off_t(exactly: bytes) else { throw GuestFileError(EFBIG) }
        guard ftruncate(descriptor, size) == 0 else { throw .last }
    }

    func setTimes(_ times: GuestFileTimes) throws(GuestFileError) {
        guard isWritable else { throw GuestFileError(EROFS) }
        var values = times.values
        guard futimens(descriptor, &values) == 0 else { throw .last }
    }

    func sync() throws(GuestFileError) { guard fsync(descriptor) == 0 else { throw .last } }

    /// Without `.` and `..`, by name.
    func entries() throws(GuestFileError) -> [Entry] {
        guard isFolder else { throw GuestFileError(ENOTDIR) }
        // A stream of its own: reading moves it, and it closes what it reads.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .last }
        guard let folder = fdopendir(copy) else {
            let error = GuestFileError.last
            close(copy)
            throw error
        }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let entry = readdir(folder), entries.count < Self.entriesAtMost {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            entries.append(Entry(name: name, kind: .init(entry: entry.pointee.d_type), number: UInt64(entry.pointee.d_ino)))
        }
        return entries.sorted { $0.name < $1.name }
    }
}
