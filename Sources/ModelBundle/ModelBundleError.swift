public import Inference
public import Quantities
public import TensorFiles

/// Why a model cannot be used.
public enum ModelBundleError: ReportableError, Equatable {
  /// Neither a bundle folder nor an `.onnx` file is at the path.
  case notFound(path: String)
  case unreadable(path: String, reason: String)
  /// `bundle.json` is no JSON, or a key is missing, unknown or of the wrong kind.
  case badManifest(path: String, reason: String)
  case unsupportedFormat(path: String, found: Int, supported: Int)
  case missingFile(path: String)
  /// A file that `bundle.json` does not list.
  case strayFile(path: String)
  case wrongHash(path: String, expected: String, found: String)
  case inference(path: String, InferenceError)
  /// The graphs do not have the inputs and outputs a depth model needs.
  case badGraph(path: String, reason: String)
  /// The completion network or another tensor file is not what it should be.
  case tensors(TensorFileError)
  /// A prior bank holds what no bank can.
  case bank(path: String, reason: String)
  /// A prior bank was made for another model; each is told by architecture and hash.
  case foreignBank(path: String, madeFor: String, model: String)
  /// Two banks that are to become one do not mean the same by their references.
  case unlikeBanks(first: String, second: String, difference: String)
  /// The disk is full, or the folder is not to be written to; what was there before still is.
  case unwritable(path: String, reason: String)
  /// Range points were to be used by a model without completion network.
  case noCompletion(path: String)
  case size(path: String, asked: ImageSize, reason: String)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .notFound(let path):
      "model: \(path) is neither a bundle folder (with bundle.json) nor an .onnx file. Set model.path."
    case .unreadable(let path, let reason): "model: \(path) cannot be read: \(reason)"
    case .badManifest(let path, let reason):
      "model: \(path): \(reason). docs/bundle.md lists the keys; export the bundle again."
    case .unsupportedFormat(let path, let found, let supported):
      "model: \(path) has format_version \(found); this program reads \(supported). Export the bundle again."
    case .missingFile(let path): "model: \(path) is missing. Copy the whole bundle folder again."
    case .strayFile(let path):
      "model: \(path) is not listed in bundle.json, so nothing vouches for it. Remove it or export again."
    case .wrongHash(let path, let expected, let found):
      "model: \(path) has SHA-256 \(found.prefix(16))…, bundle.json says \(expected.prefix(16))…: the file was "
        + "changed or damaged. Copy the bundle again or export it anew."
    case .inference(let path, let error): "model: \(path): \(error.description)"
    case .badGraph(let path, let reason): "model: \(path): \(reason)"
    case .tensors(let error): "model: \(error.description)"
    case .bank(let path, let reason):
      "prior bank: \(path) \(reason). Copy it again, or build it anew (docs/bundle.md)."
    case .foreignBank(let path, let madeFor, let model):
      "prior bank: \(path) was made for \(madeFor); the model is \(model). Use a bank of this model, or project "
        + "its reference set for it: python -m depthtrain.priors project --bundle BUNDLE --references FILE --out BANK."
    case .unlikeBanks(let first, let second, let difference):
      "prior banks: \(first) and \(second) differ in \(difference). Only banks of one model can be joined; project "
        + "their reference sets for it (python -m depthtrain.priors project)."
    case .unwritable(let path, let reason):
      "\(path) cannot be written: \(reason). Nothing was changed; make room or choose another place."
    case .noCompletion(let path):
      "model: \(path) has no completion network (san.safetensors), so it cannot use range points. Train one with "
        + "[losses] completion > 0, or leave the points out."
    case .size(let path, let asked, let reason): "model: \(path) cannot run at \(asked): \(reason)"
    }
  }
}
