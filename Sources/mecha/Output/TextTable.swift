/// Columns under headings, two spaces between them, each as wide as its widest entry.
struct TextTable {
    var headings: [String]
    var rows: [[String]]

    var text: String {
        let widths = headings.indices.map { column in
            ([headings] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([headings] + rows).map { row in
            row.enumerated().map { column, entry in
                column == row.count - 1 ? entry : entry + String(repeating: " ", count: widths[column] - entry.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
