import MechaCore

extension Console {
    /// Shows data in the format that was asked for; `table` is only made when it is.
    func show(_ data: JSON, as format: OutputFormat, table: () -> String) throws {
        switch format {
        case .table: self.data(table())
        case .json: self.data(data.prettyText)
        case .yaml: self.data(try data.yamlText())
        }
    }
}
