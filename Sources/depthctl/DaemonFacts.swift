// What a command wants to know of the running daemon, if there is one.
import DepthClient
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

struct DaemonFacts {
  /// The answer to `status`.
  let status: [String: Any]

  /// Nil when no daemon answers.
  init?(_ directory: EndpointDirectory, milliseconds: Int = 1000) {
    // Without the socket's file there is nobody to wait for.
    guard Self.hasSocket(directory),
      let answer = try? DaemonControl(directory).askJSON(StatusRequest(), milliseconds: milliseconds),
      let status = try? JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any]
    else { return nil }
    self.status = status
  }

  static func hasSocket(_ directory: EndpointDirectory) -> Bool {
    FileManager.default.fileExists(atPath: directory.path + "/control.sock")
  }

  /// The configuration file the daemon runs with.
  var configuration: String? { status["configuration"] as? String }

  /// Of the frames that arrive; nil while none do.
  var frameSize: ImageSize? {
    guard let camera = status["camera"] as? [String: Any], let width = camera["width"] as? Int,
      let height = camera["height"] as? Int
    else { return nil }
    return ImageSize(width: width, height: height)
  }

  var processID: Int? { status["pid"] as? Int }

  var health: HealthMessage? {
    guard let object = status["health"],
      let data = try? JSONSerialization.data(withJSONObject: object)
    else { return nil }
    return try? JSONDecoder().decode(HealthMessage.self, from: data)
  }
}
