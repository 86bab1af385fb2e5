public import PriorFusion
import TensorFiles

extension PriorBankFile {
  /// A whole tensor in memory.
  func memory(of tensor: String) throws(ModelBundleError) -> BankMemory {
    guard let entry = handle.header.entries[tensor] else {
      preconditionFailure("an opened bank has all tensors")
    }
    return try BankMemory(byteCount: entry.bytes.count) { (buffer) throws(ModelBundleError) in
      try handle.file.read(from: entry.bytes.lowerBound, into: buffer)
    }
  }

  /// A whole tensor as values of its type, or as bytes.
  func values<Value: BitwiseCopyable>(
    of tensor: String, as type: Value.Type
  ) throws(ModelBundleError) -> [Value] {
    try memory(of: tensor).array(of: type)
  }

  /// Whether two banks hold the same bytes under one name.
  func agrees(with other: PriorBankFile, on tensor: String) throws(ModelBundleError) -> Bool {
    try values(of: tensor, as: UInt8.self) == other.values(of: tensor, as: UInt8.self)
  }

  /// The references' disparities, in order.
  /// - Throws: `.unreadable`.
  public func disparities() throws(ModelBundleError) -> [Float] {
    try values(of: "disparity", as: Float.self)
  }

  /// The query side alone, which does not grow with the bank.
  /// - Throws: `.unreadable`.
  public func querySide() throws(ModelBundleError) -> PriorBank.QuerySide {
    try PriorBank.QuerySide { (tensor) throws(ModelBundleError) in try values(of: tensor, as: Float.self) }
  }
}

extension PriorBank.QuerySide {
  /// - Parameter floats: a tensor by its name in the file.
  init<Failure: Error>(_ floats: (String) throws(Failure) -> [Float]) throws(Failure) {
    self.init(
      pixelWeight: try floats("query_pixel.weight"), pixelBias: try floats("query_pixel.bias"),
      headsWeight: try floats("query_heads.weight"), headsBias: try floats("query_heads.bias"),
      outputWeight: try floats("heads_output.weight"), outputBias: try floats("heads_output.bias"),
      compress: try floats("compress.weight"))
  }
}
