import Glibc
import Quantities

/// Lets the votes speak for all pixels.
///
/// Texture is not where the pixels are: a bare floor fills a third of the image and offers few patches, and a network
/// errs differently on floor and walls, near and far. Each pixel of a coarse grid is spoken for by the votes that
/// are nearest in the image and in distance, so that their median is that of the image.
enum VoteShares {
  private static let columns = 16
  private static let rows = 12
  /// Votes that share a pixel.
  private static let speakers = 3
  /// Distances that count alike: shares of the image's width and height, and a difference of ln(depth). A floor and a
  /// row of walls reach across the image, and change from top to bottom.
  private static let unit = SIMD3<Float>(0.3, 0.15, 0.3)

  /// Fills in `share`.
  /// - Parameters:
  ///   - size: of the image whose pixels are the votes' places.
  ///   - farthest: pixels beyond it are left out, network units.
  static func fill(
    _ votes: UnsafeMutableBufferPointer<ScaleVote>, size: ImageSize, depth: NetworkDepth, farthest: Float
  ) {
    for index in votes.indices { votes[index].share = 0 }
    let scale = 1 / (unit * SIMD3(Float(size.width), Float(size.height), 1))
    for row in 0..<rows {
      let y = (2 * row + 1) * size.height / (2 * rows)
      for column in 0..<columns {
        let x = (2 * column + 1) * size.width / (2 * columns)
        guard let inverse = depth.inverse(x, y), inverse * farthest > 1 else { continue }
        give(votes, SIMD3(Float(x), Float(y), -logf(inverse)), scale)
      }
    }
  }

  /// Divides one pixel among the votes nearest to it.
  private static func give(
    _ votes: UnsafeMutableBufferPointer<ScaleVote>, _ pixel: SIMD3<Float>, _ scale: SIMD3<Float>
  ) {
    var nearest = InlineArray<3, Int>(repeating: -1)
    var distances = InlineArray<3, Float>(repeating: .infinity)
    for index in votes.indices {
      let vote = votes[index]
      let away = (SIMD3(vote.place, vote.logDepth) - pixel) * scale
      let distance = (away * away).sum()
      guard distance < distances[speakers - 1] else { continue }
      var place = speakers - 1
      while place > 0, distances[place - 1] > distance {
        distances[place] = distances[place - 1]
        nearest[place] = nearest[place - 1]
        place -= 1
      }
      distances[place] = distance
      nearest[place] = index
    }
    var worth: Float = 0
    for place in 0..<speakers where nearest[place] >= 0 { worth += votes[nearest[place]].worth }
    for place in 0..<speakers where nearest[place] >= 0 {
      votes[nearest[place]].share += votes[nearest[place]].worth / worth
    }
  }
}
