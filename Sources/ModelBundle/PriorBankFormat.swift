import PriorFusion
import TensorFiles

/// Names, shapes and order of what `priors.safetensors` holds (docs/bundle.md, "The prior bank").
enum PriorBankFormat {
  static let fileName = "priors.safetensors"
  static let format = "depthd-priors"
  static let version = "1"

  /// One row per reference, keys and values, (M, 64) each in float16 or float32, the same for all four.
  static let rows = ["key_pixel", "value_pixel", "key_heads", "value_heads"]
  /// One number per reference.
  static let columns: [(name: String, type: TensorHeader.ElementType)] = [
    ("disparity", .float32), ("trust", .float32), ("drive", .int32), ("frame", .int32), ("cell", .int32),
  ]

  /// Places among the tensors that grow with M.
  static let keyPixelTensor = 0
  static let keyHeadsTensor = 2
  static let driveTensor = rows.count + 2

  /// Sizes that the shapes of all tensors follow from.
  struct Sizes: Equatable {
    /// M.
    var references: Int
    /// C of f_s.
    var features: Int
    /// C_r of the teacher's features.
    var teacherFeatures: Int
    var storage: PriorBank.Storage
  }

  /// The tensors of a bank that grow with M, in the file's order.
  static func perReference(_ sizes: Sizes) -> [TensorHeader.Plan] {
    let stored: TensorHeader.ElementType = sizes.storage == .float16 ? .float16 : .float32
    return rows.map { .init($0, stored, [sizes.references, PriorBank.width]) }
      + columns.map { .init($0.name, $0.type, [sizes.references]) }
  }

  /// The tensors that do not, in the file's order: the query side, and the way from a teacher's features to the rows.
  static func perEncoder(_ sizes: Sizes) -> [TensorHeader.Plan] {
    let width = PriorBank.width
    return [
      .init("query_pixel.weight", .float32, [width, sizes.features]),
      .init("query_pixel.bias", .float32, [width]),
      .init("query_heads.weight", .float32, [width, sizes.features]),
      .init("query_heads.bias", .float32, [width]),
      .init("heads_output.weight", .float32, [width, width]),
      .init("heads_output.bias", .float32, [width]),
      .init("compress.weight", .float32, [sizes.features, PriorBank.compressColumns]),
    ] + rows.map { .init("reference_\($0).weight", .float32, [width, sizes.teacherFeatures]) }
  }

  /// All tensors in the file's order.
  static func tensors(_ sizes: Sizes) -> [TensorHeader.Plan] { perReference(sizes) + perEncoder(sizes) }

  /// Reads the sizes off a file and checks that it holds these tensors, in these shapes and types.
  static func sizes(of header: TensorHeader) throws(TensorFileError) -> Sizes {
    func length(_ tensor: String, _ axis: Int) -> Int {
      let shape = header.entries[tensor]?.shape ?? []
      return axis < shape.count ? shape[axis] : 0
    }
    let sizes = Sizes(
      references: length("disparity", 0), features: length("compress.weight", 0),
      teacherFeatures: length("reference_key_pixel.weight", 1),
      storage: header.entries[rows[0]]?.type == .float16 ? .float16 : .float32)
    let wanted = tensors(sizes)
    try header.requireTensors(Set(wanted.map(\.name)))
    for plan in wanted { _ = try header.entry(plan.name, [plan.type], shape: plan.shape) }
    return sizes
  }
}
