/// Two settings that are fine alone and wrong together.
struct Contradiction {
  /// The key to point at.
  let key: String
  /// All keys that take part, `key` included.
  let involved: [String]
  /// What is wrong; follows the key's name.
  let text: String
}

extension Configuration {
  var contradictions: [Contradiction] {
    var found: [Contradiction] = []
    if depth.minMeters >= depth.maxMeters {
      found.append(
        Contradiction(
          key: "depth.max_m", involved: ["depth.max_m", "depth.min_m"],
          text: "is \(depth.maxMeters) m; it must be above depth.min_m, which is \(depth.minMeters) m"))
    }
    if model.threads > 0, !model.pinnedCores.isEmpty, model.pinnedCores.count < model.threads {
      found.append(
        Contradiction(
          key: "model.pinned_cores", involved: ["model.pinned_cores", "model.threads"],
          text: "names \(model.pinnedCores.count) cores for \(model.threads) threads (model.threads)"))
    }
    return found + canContradictions + sparseContradictions + endpointContradictions
  }

  private var endpointContradictions: [Contradiction] {
    var found: [Contradiction] = []
    var seen: [Int: String] = [:]
    for (key, setting) in publish.tcpEndpoints {
      guard let endpoint = setting.endpoint else { continue }
      if !endpoint.isLoopback, !publish.allowInsecure {
        found.append(
          Contradiction(
            key: key, involved: [key, "publish.allow_insecure"],
            text: """
              is \(endpoint), which other machines can reach without a password; use tcp://127.0.0.1:\
              \(endpoint.port), or set publish.allow_insecure = true
              """))
      }
      if let other = seen[endpoint.port] {
        found.append(
          Contradiction(
            key: key, involved: [key, other], text: "has port \(endpoint.port), which \(other) has already"))
      }
      seen[endpoint.port] = key
    }
    return found
  }
}

extension Configuration.Publish {
  /// The TCP addresses by the keys that set them.
  var tcpEndpoints: [(key: String, setting: TCPEndpointSetting)] {
    [
      ("publish.stream_tcp", streamTCP), ("publish.latest_tcp", latestTCP), ("publish.status_tcp", statusTCP),
    ]
  }
}
