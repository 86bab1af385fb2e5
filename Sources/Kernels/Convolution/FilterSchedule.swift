// In which order few tiles are multiplied by many filters.
internal import CKernels

/// Units of one panel of output channels and some rows of components each.
struct FilterSchedule {
  private let panels: UnsafeBufferPointer<WinogradFilters.PackedPanel>
  private let groups: Int
  /// One thread alone reads each panel's filters in one go; several have components of their own of all panels, which
  /// they then read from their own cache.
  private let isAlone: Bool

  init(_ panels: UnsafeBufferPointer<WinogradFilters.PackedPanel>, groups: Int, isAlone: Bool) {
    (self.panels, self.groups, self.isAlone) = (panels, groups, isAlone)
  }

  var count: Int { panels.count * groups }

  @inline(__always)
  func unit(_ index: Int) -> (panel: WinogradFilters.PackedPanel, group: Int) {
    isAlone
      ? (panels[index / groups], index % groups) : (panels[index % panels.count], index / panels.count)
  }

  /// Asks for a share of the filters that are transformed after a unit's: the products leave the memory idle.
  @inline(__always)
  func prefetch(after index: Int, _ place: Int, of places: Int) {
    let next = isAlone ? index / groups + 1 : index % panels.count + 1
    guard next < panels.count else { return }
    let (share, shares) = isAlone ? (index % groups * places + place, groups * places) : (place, places)
    let (taps, count) = (panels[next].taps, panels[next].tapStride * 9)
    let (start, end) = (count * share / shares, count * (share + 1) / shares)
    ck_prefetch(taps + start, end - start)
  }
}
