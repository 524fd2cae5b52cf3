import ArgumentParser
import NIOCore

/// What a command sends: given in the command line or in a file.
struct PayloadFlags: ParsableArguments {
    @Option(name: .shortAndLong, help: "The data to send, usually JSON.")
    var data: String?

    @Option(name: [.customShort("f"), .long], help: "A file with the data; - for standard input.")
    var dataFile: String?

    /// Nil when nothing is to be sent.
    func read() throws(CommandError) -> ByteBuffer? {
        if let data, !data.isEmpty {
            if dataFile != nil { throw CommandError("Both --data and --data-file are given", hint: "give one of them") }
            return ByteBuffer(string: data)
        }
        guard let dataFile else { return nil }
        do {
            return ByteBuffer(bytes: dataFile == "-" ? try Files.read(descriptor: 0, name: "standard input") : try Files.read(dataFile))
        } catch {
            throw CommandError("Cannot read the data from '\(dataFile)': \(error.reason)")
        }
    }
}
