/// What looking costs, counted instead of timed, in nanoseconds of one core of a desktop processor.
///
/// Learning may take a share of the network's time. Were that share measured as it runs, no two runs of a drive would
/// look at the same frames and none could be repeated; counted, it is the same every time. The prices are from looks of
/// simulated drives with `models/lite`, in the pipeline, where a look finds its memory cold.
enum LookPrice {
  /// To keep a frame to be looked back at, for each pixel of the finest level.
  static let keptPixel = 1.0
  /// The wide search, for each pixel of the coarsest level.
  static let searchedPixel = 230.0
  /// To find one patch in the earlier frame, twice, with its part in the corrected motion and in the count of votes.
  static let patch = 4500.0
  /// To ask one block of the image.
  static let block = 3000.0
  /// One window of the ground, in a look at the camera's height, and when that searches widely.
  static let groundWindow = 4500.0
  static let searchedWindow = 2500.0
  /// The ground as the network sees it.
  static let ground = 450_000.0
  /// To measure a turn, for each pixel of the finest level that the turn meter looks at.
  static let turnPixel = 13.0
  /// To compare range points with depth, for each point.
  static let rangePoint = 20.0
}
