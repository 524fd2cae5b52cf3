import Synchronization

/// Points between 0 and 2^64 at which calls fall.
package enum TrafficPoint {
    /// Spreads evenly from the first call on: any run of n points lies within a few of n times a weight, where random
    /// ones would stray by the root of n (multiples of the golden ratio, known as Weyl's sequence).
    package static func next(_ counter: borrowing Atomic<UInt64>) -> UInt64 {
        counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    }

    /// The point of a sticky caller, by FNV-1a with a finish that lets every bit count in the upper ones.
    package static func of(_ key: some StringProtocol) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
