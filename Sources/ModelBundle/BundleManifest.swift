import Foundation
import Quantities

/// `bundle.json`, every key of it (docs/bundle.md).
struct BundleManifest: Decodable {
  static let formatVersion = 1

  struct Normalisation: Decodable {
    var mean: [Float]
    var std: [Float]
  }

  struct DisparityToDepth: Decodable {
    var minimumDepth: Double
    var maximumDepth: Double

    enum CodingKeys: String, CodingKey {
      case minimumDepth = "min_depth_m"
      case maximumDepth = "max_depth_m"
    }
  }

  struct ConfidenceCalibration: Decodable {
    var kind: String
    var a: Double
    var b: Double
  }

  var formatVersion: Int
  var name: String
  var architecture: String
  var inputSizes: [[Int]]
  var normalisation: Normalisation
  var disparityToDepth: DisparityToDepth
  var canonicalFxPixels: Double
  var initialScale: Double
  var initialScaleLogSigma: Double
  var confidence: ConfidenceCalibration
  var files: [String: String]
  /// Of bundles whose `pose.onnx` may be used for scale.
  var pose: Pose?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case formatVersion = "format_version"
    case name, architecture, normalisation, confidence, files, pose
    case inputSizes = "input_sizes"
    case disparityToDepth = "disparity_to_depth"
    case canonicalFxPixels = "canonical_fx_px"
    case initialScale = "initial_scale"
    case initialScaleLogSigma = "initial_scale_log_sigma"
  }

  /// Keys for people and for the training side; present, but of no use here.
  private static let documentary: Set<String> = ["provenance", "measured"]

  /// Keys that a bundle may have or leave out.
  private static let optional: Set<String> = ["pose"]

  /// - Throws: `.badManifest`, `.unsupportedFormat`.
  init(json: Data, path: String) throws(ModelBundleError) {
    let keys: Set<String>
    do {
      guard let object = try JSONSerialization.jsonObject(with: json) as? [String: Any] else {
        throw ModelBundleError.badManifest(path: path, reason: "not a JSON object")
      }
      keys = Set(object.keys)
      if let version = object["format_version"] as? Int, version != Self.formatVersion {
        throw ModelBundleError.unsupportedFormat(path: path, found: version, supported: Self.formatVersion)
      }
    } catch let error as ModelBundleError { throw error } catch {
      throw .badManifest(path: path, reason: "not JSON (\(error.localizedDescription))")
    }
    let wanted = Set(CodingKeys.allCases.map(\.rawValue)).union(Self.documentary)
    let unknown = keys.subtracting(wanted).sorted()
    guard unknown.isEmpty else {
      throw .badManifest(path: path, reason: "unknown key \(unknown.joined(separator: ", "))")
    }
    let missing = wanted.subtracting(keys).subtracting(Self.optional).sorted()
    guard missing.isEmpty else {
      throw .badManifest(path: path, reason: "missing key \(missing.joined(separator: ", "))")
    }
    do { self = try JSONDecoder().decode(BundleManifest.self, from: json) } catch {
      throw .badManifest(path: path, reason: Self.explain(error))
    }
    if let problem = valueProblem { throw .badManifest(path: path, reason: problem) }
  }

  /// What is wrong with the values, nil when nothing is.
  private var valueProblem: String? {
    if inputSizes.isEmpty
      || inputSizes.contains(where: { $0.count != 2 || $0.contains { $0 <= 0 || $0 % 32 != 0 } })
    {
      return "input_sizes must list [width, height] pairs in multiples of 32"
    }
    if normalisation.mean.count != 3 || normalisation.std.count != 3
      || normalisation.std.contains(where: { !($0 > 0) })
    {
      return "normalisation needs three means and three positive standard deviations"
    }
    if !(disparityToDepth.minimumDepth > 0 && disparityToDepth.maximumDepth > disparityToDepth.minimumDepth) {
      return "disparity_to_depth needs 0 < min_depth_m < max_depth_m"
    }
    if !(canonicalFxPixels > 0 && canonicalFxPixels.isFinite) { return "canonical_fx_px must be positive" }
    if !(initialScale > 0 && initialScale.isFinite && initialScaleLogSigma >= 0) {
      return "initial_scale must be positive and initial_scale_log_sigma not negative"
    }
    if confidence.kind != "log_sigma" {
      return "confidence.kind \"\(confidence.kind)\" is unknown; \"log_sigma\" is"
    }
    if pose != nil && files["pose.onnx"] == nil { return "pose is given, but files does not list pose.onnx" }
    return pose?.valueProblem
  }

  private static func explain(_ error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    switch error {
    case DecodingError.typeMismatch(let type, let context):
      return "\(place(context.codingPath)) is no \(type)"
    case DecodingError.keyNotFound(let key, let context):
      return "missing key \(place(context.codingPath + [key]))"
    case DecodingError.valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
    default: return error.localizedDescription
    }
  }
}
