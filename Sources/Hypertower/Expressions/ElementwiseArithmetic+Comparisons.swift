/// Functions that are made of comparisons.
extension ElementwiseArithmetic {
  /// Element by element this number, or `least` if that is greater; NaN stays NaN.
  public func atLeast(_ least: Self) -> Self { .select(isLess(than: least), least, self) }

  /// Element by element this number, or `most` if that is less; NaN stays NaN.
  public func atMost(_ most: Self) -> Self { .select(most.isLess(than: self), most, self) }

  /// This number within `least` and `most`, which are in that order; NaN stays NaN.
  ///
  /// Its derivative at both bounds is 0.
  public func clamped(from least: Self, to most: Self) -> Self {
    .select(isAtMost(least), least, .select(isAtLeast(most), most, self))
  }

  /// The greater of two numbers, NaN if one of them is; equal ones have this one's derivative.
  public func maximum(_ other: Self) -> Self {
    .select(isLess(than: other), other, orNaN(of: other))
  }

  /// The lesser of two numbers, NaN if one of them is; equal ones have this one's derivative.
  public func minimum(_ other: Self) -> Self {
    .select(other.isLess(than: self), other, orNaN(of: other))
  }

  /// This number, or `other` where that is NaN.
  private func orNaN(of other: Self) -> Self { .select(other.isEqual(to: other), self, other) }

  /// The absolute value; its derivative at 0 is 1.
  public var magnitude: Self { .select(isLess(than: 0), -self, self) }

  /// 1, 0 or −1, and NaN for NaN, so that a gradient that is not a number does not go unseen; the derivative
  /// is 0.
  public var sign: Self {
    .select(
      isEqual(to: self), Self.constant(0).isLess(than: self) - isLess(than: 0), .constant(.nan))
  }

  /// 1 for a finite number, 0 for an infinite one and for NaN.
  public var isFinite: Self { (self - self).isEqual(to: 0) }

  /// 1 where this is greater than `other`, else 0.
  public func isGreater(than other: Self) -> Self { other.isLess(than: self) }

  /// 1 where this is less than `other` or equal to it, else 0.
  public func isAtMost(_ other: Self) -> Self { isLess(than: other) + isEqual(to: other) }

  /// 1 where this is greater than `other` or equal to it, else 0.
  public func isAtLeast(_ other: Self) -> Self { other.isAtMost(self) }

  /// 1 where neither this nor `other` is 0, else 0.
  public func and(_ other: Self) -> Self { .select(self, .select(other, 1, 0), 0) }

  /// 1 where this or `other` is not 0, else 0.
  public func or(_ other: Self) -> Self { .select(self, 1, .select(other, 1, 0)) }

  /// 1 where this is 0, else 0.
  public func not() -> Self { isEqual(to: 0) }
}
