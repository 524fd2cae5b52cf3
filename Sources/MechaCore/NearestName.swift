/// The candidate closest to `name` by edit distance, compared without case; nil when none is close
/// enough to be a likely slip (at most a third of the letters, at least one).
public func nearestName(to name: String, among candidates: [String]) -> String? {
    let wanted = Array(name.lowercased().utf8)
    let reach = max(1, wanted.count / 3)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(wanted, Array(candidate.lowercased().utf8))
        if distance <= reach, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.candidate
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let substitution = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
