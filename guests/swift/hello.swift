// Greets whom the body names, and counts the greetings in the state store `statestore`.

@_expose(wasm, "handle") @_cdecl("handle")
public func handle() -> Int32 {
    let store = State("statestore")
    do throws(Failure) {
        let key = ("greetings" as StaticString).bytes
        var number = 0
        for digit in try store.get(key) ?? [] { number = number * 10 + Int(digit) - 0x30 }
        number += 1
        var digits: Bytes = []
        var rest = number
        while rest > 0 {
            digits.insert(UInt8(0x30 + rest % 10), at: 0)
            rest /= 10
        }
        try store.set(key, digits)

        let name = Request.body
        Response.header("content-type", ("text/plain" as StaticString).bytes)
        Response.write("Hello, ")
        if name.isEmpty { Response.write("world") } else { Response.write(name) }
        Response.write("! Greeting number ")
        Response.write(digits)
        Response.write(".\n")
        return 0
    } catch {
        return 1
    }
}
